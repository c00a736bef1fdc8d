"""ROC-AUC and average precision of the detectors on ECG5000 and JapaneseVowels, on defaults.

    python benchmarks/accuracy.py [--detectors FCAutoEncoder ...] [--set n_epochs=100]

The data folder is TSAD_DATA (default ../shared/data). Protocols: ECG5000, fitted on the normal runs
of TRAIN, TEST scored; JapaneseVowels, each speaker's training runs in turn, mean over speakers.
Medians over seeds, and PyOD's AutoEncoder beside them on ECG5000.
"""

import argparse
import statistics
import time
import warnings
from typing import Any

import numpy as np
from common import DATA, options
from sklearn.metrics import average_precision_score, roc_auc_score

import tsad_plugin
from tsad_plugin.datasets import read_ucr
from tsad_plugin.detectors import ALL
from tsad_plugin.reconstruction import ReconstructionDetector

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


def measure(detector: Any, splits: list[Split]) -> tuple[float, float]:
    """Mean ROC-AUC and average precision."""
    results = []
    for train, test, outlier in splits:
        scores = detector.fit(train).decision_function(test)
        results.append((roc_auc_score(outlier, scores), average_precision_score(outlier, scores)))
    auc, ap = np.mean(results, axis=0)
    return auc, ap


def row(name: str, detectors: list[Any], splits: list[Split], what: str) -> None:
    start = time.perf_counter()
    aucs, aps = zip(*(measure(d, splits) for d in detectors), strict=True)
    seconds = (time.perf_counter() - start) / len(detectors) / len(splits)
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
    parser.add_argument("--sets", nargs="+", default=["ecg5000", "japanese_vowels"])
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    parameters = options(arguments.set)
    for what in arguments.sets:
        splits = {"ecg5000": ecg5000, "japanese_vowels": japanese_vowels}[what]()
        for name in arguments.detectors:
            cls: type[ReconstructionDetector] = getattr(tsad_plugin, name)
            row(name, [cls(random_state=s, **parameters) for s in arguments.seeds], splits, what)
        if what == "ecg5000":
            from pyod.models.auto_encoder import AutoEncoder

            peers = [AutoEncoder(random_state=s, epoch_num=100, verbose=0) for s in arguments.seeds]
            row("PyOD AutoEncoder", peers, splits, what)


if __name__ == "__main__":
    main()
