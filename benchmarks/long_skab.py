"""The 34 experiments of SKAB under its protocol: one model a file, learned from 400 rows.

    python benchmarks/long_skab.py [--detectors FCAutoEncoder ...] [--window-size 10] [--k 6]

The data folder is TSAD_DATA (default ../shared/data). F1, false alarms (FAR) and misses (MAR) are
pooled over the rows after the 400th of all files, without point adjustment, ROC-AUC and AP means
over files. One setting for all files and detectors; the networks are built around PCA.
"""

import argparse
import time
from typing import Any

import numpy as np
from common import DATA
from sklearn.metrics import average_precision_score, roc_auc_score

import tsad_plugin
from tsad_plugin import KSigma, PCAReconstruction, Runs, WindowedDetector
from tsad_plugin.datasets import read_skab
from tsad_plugin.detectors import ALL

TRAINED_ON = 400
OTHERS: dict[str, Any] = {"PCAReconstruction": PCAReconstruction(), "IForest": "IForest"}
Judged = tuple[np.ndarray, np.ndarray, np.ndarray]  # scores, alarms and labels of a file


def judged(detector: WindowedDetector, files: Runs) -> list[Judged]:
    """Scores, alarms and truth of the rows that each file's model has not seen."""
    parts = []
    for rows, labels in zip(files.arrays, files.timestep_labels or (), strict=True):
        detector.fit(rows[:TRAINED_ON])
        new = rows[TRAINED_ON:]
        parts.append((detector.decision_function(new), detector.predict(new), labels[TRAINED_ON:]))
    return parts


def measures(parts: list[Judged]) -> dict[str, float]:
    """F1, FAR and MAR pooled, AUC and AP means over files."""
    alarms = np.concatenate([a for _, a, _ in parts]).astype(bool)
    truth = np.concatenate([y for *_, y in parts]).astype(bool)
    hits, misses = (alarms & truth).sum(), (~alarms & truth).sum()
    false = (alarms & ~truth).sum()
    return {
        "F1": hits / (hits + (misses + false) / 2),
        "FAR %": 100 * false / (~truth).sum(),
        "MAR %": 100 * misses / truth.sum(),
        "ROC-AUC": float(np.mean([roc_auc_score(y, s) for s, _, y in parts])),
        "AP": float(np.mean([average_precision_score(y, s) for s, _, y in parts])),
    }


def line(name: str, found: dict[str, float], seconds: float) -> str:
    digits = {"FAR %": 1, "MAR %": 1}
    values = [f"{value:.{digits.get(key, 3)}f}" for key, value in found.items()]
    return "  ".join([f"{name:20s}", *(f"{value:>8s}" for value in values), f"{seconds:5.0f} s"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--detectors", nargs="+", default=[*OTHERS, *(c.__name__ for c in ALL)])
    parser.add_argument("--window-size", type=int, default=10)
    parser.add_argument("--smoothing", type=int, default=10)
    parser.add_argument("--latent-dim", type=int, default=24)
    parser.add_argument("--k", type=float, help="of KSigma(k, robust=True, log=True)")
    arguments = parser.parse_args()
    files = read_skab(DATA / "skab")
    truth = [labels[TRAINED_ON:] for labels in files.timestep_labels or ()]
    always = [(np.ones(len(y)), np.ones(len(y)), y) for y in truth]
    print(f"{'':20s}  " + "  ".join(f"{key:>8s}" for key in measures(always)))
    print(line("always alarm", measures(always), 0))
    for name in arguments.detectors:
        inside = OTHERS.get(name) or getattr(tsad_plugin, name)(
            linear_path=True, latent_dim=arguments.latent_dim
        )
        start = time.perf_counter()
        detector = WindowedDetector(
            inside,
            arguments.window_size,
            smoothing=arguments.smoothing,
            contamination=arguments.k and KSigma(arguments.k, robust=True, log=True),
        )
        found = measures(judged(detector, files))
        print(line(name, found, time.perf_counter() - start), flush=True)


if __name__ == "__main__":
    main()
