"""The six and the golden-batch band on the 13 reference batches of IndPenSim.

    python benchmarks/indpensim.py [--seeds 0 1 2] [--set n_timesteps=200]

The data folder is TSAD_DATA (default ../shared/data). The 12 manipulated variables are left out.
Each normal batch is scored by a model of the other five, faulty ones by the model of all six.
ROC-AUC over all pairs of a faulty and a normal batch, and for the five faults that override a
variable: rows between the highest timestep score and the nearest row of the fault.
"""

import argparse
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
from common import DATA, options

from tsad_plugin import MovingAverage, PopulationBand, Runs
from tsad_plugin.datasets import read_indpensim
from tsad_plugin.detectors import ALL

OVERRIDES = ("aeration", "back_pressure", "substrate_feed", "base_flow", "coolant")
NEAR = 20  # rows


def batches() -> tuple[Runs, Runs, pd.DataFrame]:
    """Normal batches, faulty batches, and the rows of the faults."""
    folder = DATA / "indpensim" / "matlab"
    runs = read_indpensim(folder, manipulated=False)
    good = runs.labels == "good"
    return runs[good], runs[~good], pd.read_csv(folder / "fault_windows.csv")


def pairs_won(detector: Any, normal: Runs, faulty: Runs) -> int:
    """Pairs of a faulty and a normal batch in which the faulty one has the higher score."""
    everyone = np.arange(len(normal))
    alone = [detector.fit(normal[everyone != i]).decision_function(normal[i])[0] for i in everyone]
    scores = detector.fit(normal).decision_function(faulty)
    return int((scores[:, None] > np.array(alone)).sum())


def distances(detector: Any, faulty: Runs, windows: pd.DataFrame) -> dict[str, int]:
    """Rows from the highest timestep score to the fault, for each override."""
    found = {}
    for run, label, scores in zip(
        faulty.ids.tolist(), faulty.labels.tolist(), detector.timestep_scores(faulty), strict=True
    ):
        row = int(np.argmax(scores)) + 1
        own = windows[windows["seed"] == int(run.removeprefix("seed"))]
        gaps = np.maximum(own["first_row_1based"] - row, row - own["last_row_1based"])
        if label in OVERRIDES:
            found[label] = int(gaps.clip(lower=0).min())
    return found


def detectors(seeds: list[int], parameters: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """All that are compared, with what tells them apart."""
    known = PopulationBand().get_params()
    for k in (2, 3):
        yield f"k={k}", PopulationBand(k, **{n: v for n, v in parameters.items() if n in known})
    for cls in ALL:
        for seed in seeds:
            yield f"seed {seed}", cls(random_state=seed, **parameters)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("--set", nargs="+", default=["n_timesteps=200"], metavar="NAME=VALUE")
    parser.add_argument("--smooth", type=int, default=25, help="rows of the moving average")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    steps = [MovingAverage(arguments.smooth)] if arguments.smooth > 1 else []
    parameters = {**options(arguments.set), "length_sigma": None, "steps": steps}
    normal, faulty, windows = batches()
    n_pairs = len(normal) * len(faulty)
    for what, detector in detectors(arguments.seeds, parameters):
        won = pairs_won(detector, normal, faulty)
        found = distances(detector, faulty, windows)
        near = sum(rows <= NEAR for rows in found.values())
        print(
            f"{type(detector).__name__:18s} {what:7s} ROC-AUC {won / n_pairs:.3f} ({won} of "
            f"{n_pairs} pairs)  near {near} of {len(found)}  {found}",
            flush=True,
        )


if __name__ == "__main__":
    main()
