"""ROC-AUC and average precision of the detectors on ECG5000 and JapaneseVowels, on defaults.

    python benchmarks/accuracy.py [--detectors FCAutoEncoder ...] [--set n_epochs=100]

The data folder is TSAD_DATA (default ../shared/data). Protocols: ECG5000, fitted on the normal runs
of TRAIN, TEST scored; JapaneseVowels, each speaker's training runs in turn, mean over speakers.
Medians over seeds, and PyOD's AutoEncoder beside them on ECG5000.
"""

import argparse
import gzip
import json
import os
import statistics
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.metrics import average_precision_score, roc_auc_score

import tsad_plugin
from tsad_plugin.base import ReconstructionDetector
from tsad_plugin.detectors import ALL

DATA = Path(os.environ.get("TSAD_DATA") or Path(__file__).parents[2] / "shared" / "data")
DETECTORS = [cls.__name__ for cls in ALL]
Split = tuple[Any, Any, np.ndarray]


def ecg5000() -> list[Split]:
    train, test = (
        pd.read_csv(DATA / "ecg5000" / f"ECG5000_{part}.tsv.gz", sep="\t", header=None).to_numpy()
        for part in ("TRAIN", "TEST")
    )
    return [(train[train[:, 0] == 1, 1:], test[:, 1:], test[:, 0] != 1)]


def japanese_vowels() -> list[Split]:
    train, speakers = _read_ts("TRAIN")
    test, truth = _read_ts("TEST")
    return [
        ([x for x, s in zip(train, speakers, strict=True) if s == speaker], test, truth != speaker)
        for speaker in np.unique(speakers)
    ]


def _read_ts(part: str) -> tuple[list[np.ndarray], np.ndarray]:
    runs, labels = [], []
    with gzip.open(DATA / "japanese_vowels" / f"JapaneseVowels_{part}.ts.gz", "rt") as file:
        for row in (line.strip() for line in file):
            if row and row[0] not in "@#":
                *channels, label = row.split(":")
                runs.append(np.array([c.split(",") for c in channels], dtype=float).T)
                labels.append(int(label))
    return runs, np.array(labels)


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
    options = {k: json.loads(v) for k, v in (item.split("=", 1) for item in arguments.set)}
    for what in arguments.sets:
        splits = {"ecg5000": ecg5000, "japanese_vowels": japanese_vowels}[what]()
        for name in arguments.detectors:
            cls: type[ReconstructionDetector] = getattr(tsad_plugin, name)
            row(name, [cls(random_state=s, **options) for s in arguments.seeds], splits, what)
        if what == "ecg5000":
            from pyod.models.auto_encoder import AutoEncoder

            peers = [AutoEncoder(random_state=s, epoch_num=100, verbose=0) for s in arguments.seeds]
            row("PyOD AutoEncoder", peers, splits, what)


if __name__ == "__main__":
    main()
