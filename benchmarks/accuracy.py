"""ROC-AUC and average precision of the detectors on public sets, on defaults.

    python benchmarks/accuracy.py [--detectors FCAutoEncoder ...] [--set n_epochs=100]
    python benchmarks/accuracy.py --sets ucr_oneclass --detectors PCAReconstruction PopulationBand

The data folder is TSAD_DATA (default ../shared/data). Protocols: ECG5000, fitted on the normal runs
of TRAIN, TEST scored; JapaneseVowels, each speaker's training runs in turn, mean over speakers;
ucr_oneclass, the most frequent class normal and every other run of it learned from, mean over 13
sets; fermentation, 100 good runs of the simulator, mean over faults and strengths. Medians over
seeds, and PyOD's AutoEncoder beside them on ECG5000.
"""

import argparse
import statistics
import time
import warnings
from inspect import signature
from typing import Any

import numpy as np
from common import DATA, options
from sklearn.metrics import average_precision_score, roc_auc_score

import tsad_plugin
from tsad_plugin import Runs
from tsad_plugin.base import RunDetector
from tsad_plugin.datasets import make_fermentation, read_ucr
from tsad_plugin.datasets.fermentation import FAULTS
from tsad_plugin.detectors import ALL

DETECTORS = [cls.__name__ for cls in ALL]
Split = tuple[Any, Any, np.ndarray]


def ecg5000() -> list[Split]:
    train, test = (
        read_ucr(DATA / "ecg5000" / f"ECG5000_{part}.tsv.gz") for part in ("TRAIN", "TEST")
    )
    # PyOD's own detectors take no Runs.
    X, X_test = (np.asarray(runs)[:, :, 0] for runs in (train, test))
    return [(X[train.labels == 1], X_test, test.labels != 1)]


def japanese_vowels() -> list[Split]:
    train, test = (
        read_ucr(DATA / "japanese_vowels" / f"JapaneseVowels_{part}.ts.gz")
        for part in ("TRAIN", "TEST")
    )
    return [(train[train.labels == s], test, test.labels != s) for s in np.unique(train.labels)]


def ucr_oneclass() -> list[Split]:
    paths = sorted((DATA / "ucr_oneclass").glob("*.tsv.gz"))
    return [_one_class(read_ucr(path)) for path in paths]


def _one_class(runs: Runs) -> Split:
    classes, counts = np.unique(runs.labels, return_counts=True)
    is_normal = runs.labels == classes[np.argmax(counts)]
    is_learned = np.isin(np.arange(len(runs)), np.flatnonzero(is_normal)[::2])
    return runs[is_learned], runs[~is_learned], ~is_normal[~is_learned]


def fermentation() -> list[Split]:
    """Each fault at three strengths against fresh good runs."""
    good, fresh = make_fermentation(100, random_state=0), make_fermentation(150, random_state=1000)
    outlier = np.repeat([False, True], [len(fresh), 40])
    faulty = [
        make_fermentation(40, {fault: 40}, strength, random_state=2000)
        for fault in FAULTS
        for strength in (0.25, 0.5, 1.0)
    ]
    return [(good, [*fresh.arrays, *runs.arrays], outlier) for runs in faulty]


SETS = {
    "ecg5000": ecg5000,
    "japanese_vowels": japanese_vowels,
    "ucr_oneclass": ucr_oneclass,
    "fermentation": fermentation,
}


def measure(detector: Any, splits: list[Split]) -> tuple[float, float]:
    """Mean ROC-AUC and average precision."""
    results, learned = [], None
    for train, test, outlier in splits:
        if train is not learned:
            learned = train
            detector.fit(train)
        scores = detector.decision_function(test)
        results.append((roc_auc_score(outlier, scores), average_precision_score(outlier, scores)))
    auc, ap = np.mean(results, axis=0)
    return auc, ap


def of_seeds(name: str, seeds: list[int], parameters: dict[str, Any]) -> list[Any]:
    """A detector for each seed, or one where nothing is left to chance."""
    cls: type[RunDetector] = getattr(tsad_plugin, name)
    if "random_state" not in signature(cls).parameters:
        return [cls(**parameters)]
    return [cls(random_state=seed, **parameters) for seed in seeds]


def row(name: str, detectors: list[Any], splits: list[Split], what: str) -> None:
    start = time.perf_counter()
    aucs, aps = zip(*(measure(d, splits) for d in detectors), strict=True)
    n_fits = len(detectors) * len({id(train) for train, _, _ in splits})
    seconds = (time.perf_counter() - start) / n_fits
    print(
        f"{name:18s} {what:16s} ROC-AUC {statistics.median(aucs):.4f} ({min(aucs):.4f} to "
        f"{max(aucs):.4f})  AP {statistics.median(aps):.4f}  {seconds:5.1f} s a fit",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--detectors", nargs="+", default=DETECTORS)
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("--set", nargs="+", default=[], metavar="NAME=VALUE")
    parser.add_argument("--sets", nargs="+", choices=SETS, default=["ecg5000", "japanese_vowels"])
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    parameters = options(arguments.set)
    for what in arguments.sets:
        splits = SETS[what]()
        for name in arguments.detectors:
            row(name, of_seeds(name, arguments.seeds, parameters), splits, what)
        if what == "ecg5000":
            from pyod.models.auto_encoder import AutoEncoder

            peers = [AutoEncoder(random_state=s, epoch_num=100, verbose=0) for s in arguments.seeds]
            row("PyOD AutoEncoder", peers, splits, what)


if __name__ == "__main__":
    main()
