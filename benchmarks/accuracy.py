"""The detectors on the development sets, with statistics.

    python benchmarks/accuracy.py [--sets ucr_oneclass ecg5000] [--jobs 2] [--out FOLDER]
    python benchmarks/accuracy.py --detectors FCAutoEncoder PCAReconstruction --set scaling=channel

The data folder is TSAD_DATA (default ../shared/data); `sets.py` says what is learned from and what
is judged. Classical detectors get rows of raw values, as PyOD's users give them; OnRuns scales
them. In the folder, results are kept as they come and used when the same is called again, and there
is a report in the end.
"""

import argparse
import os
import warnings
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pandas as pd
from common import journal, options
from pyod.models.auto_encoder import AutoEncoder
from pyod.models.base import BaseDetector
from sets import SETS, SMALL, whole

import tsad_plugin
from tsad_plugin import OnRuns, benchmark
from tsad_plugin.adapters import unfitted
from tsad_plugin.detectors import ALL
from tsad_plugin.evaluation import by_set, pairwise, summary, write_report

OURS = [*(cls.__name__ for cls in ALL), "PCAReconstruction"]
PEERS = ["PopulationBand", "OnRuns(KNN)", "OnRuns(INNE)", "PyODAutoEncoder"]
CLASSICAL = ["INNE", "GMM", "KNN", "PCA", "OCSVM", "IForest", "HBOS", "LOF", "ECOD"]


class PyODAutoEncoder(AutoEncoder):
    """PyOD's, 100 epochs, on any number of rows: with fewer than a batch its own loop fails."""

    def __init__(
        self, contamination: float = 0.1, epoch_num: int = 100, random_state: int = 42
    ) -> None:
        super().__init__(
            contamination=contamination,
            epoch_num=epoch_num,
            random_state=random_state,
            verbose=0,
        )

    def fit(self, X: Any, y: Any = None) -> Any:
        self.batch_size = min(32, len(X))
        return super().fit(X)


def detector(name: str, parameters: dict[str, Any]) -> BaseDetector:
    """`FCAutoEncoder`, `OnRuns(KNN)`, or `KNN` for PyOD's own; parameters for ours alone."""
    if name == "PyODAutoEncoder":
        return PyODAutoEncoder()
    if name.startswith("OnRuns("):
        return OnRuns(name.removeprefix("OnRuns(").removesuffix(")"), **parameters)
    if hasattr(tsad_plugin, name):
        return getattr(tsad_plugin, name)(**parameters)
    return unfitted(name)


def show(results: pd.DataFrame) -> None:
    """Each set, then means, ranks and tests: of the small sets alone, and of all."""
    table = by_set(results)
    print(table.T.round(4).to_string(), "\n")
    ucr = [name for name in table.index if name in SMALL]
    for what, names in (("ucr_oneclass", ucr), ("all sets", list(table.index))):
        if len(names) > 1:
            part = results[results.dataset.isin(names)]
            print(f"{what}: {len(names)} sets")
            means, pairs = summary(part), pairwise(part)
            print(means.round(4).to_string(), "\n")
            best = means.index[0]
            print(pairs[(pairs.a == best) | (pairs.b == best)].round(4).to_string(), "\n")


def main(arguments: Iterable[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--detectors", nargs="+", default=[*OURS, *PEERS, *CLASSICAL])
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2, 3, 4])
    parser.add_argument("--set", nargs="+", default=[], metavar="NAME=VALUE")
    parser.add_argument("--sets", nargs="+", choices=SETS, default=list(SETS))
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--out", type=Path)
    chosen = parser.parse_args(arguments)
    warnings.simplefilter("ignore")
    parameters = options(chosen.set)
    results = benchmark(
        {name: detector(name, parameters) for name in chosen.detectors},
        {name: data for what in chosen.sets for name, data in SETS[what]()},
        chosen.seeds,
        chosen.jobs,
        path=journal(chosen.out),
    )
    show(whole(results))
    if chosen.out is not None:
        write_report(whole(results), chosen.out / "report.html")


if __name__ == "__main__":
    os.environ.setdefault("PYTHONWARNINGS", "ignore")  # of the workers
    main()
