"""Runs that are fitted and judged at once, a tenth of them abnormal: what a detector then ranks.

    python benchmarks/unsorted.py

Mean ROC-AUC of `decision_scores_` over three seeds. The data folder is TSAD_DATA (default
../shared/data).
"""

from collections.abc import Iterator

import numpy as np
import pandas as pd
from common import DATA
from sklearn.metrics import roc_auc_score

from tsad_plugin import (
    CNN1DVAE,
    FCVAE,
    LSTMVAE,
    CNN1DAutoEncoder,
    FCAutoEncoder,
    LSTMAutoEncoder,
    OnRuns,
    PCAReconstruction,
    PopulationBand,
    Runs,
)
from tsad_plugin.datasets import make_fermentation, read_ucr

DETECTORS = {
    "PCAReconstruction(1)": lambda: PCAReconstruction(1),
    "PCAReconstruction()": PCAReconstruction,
    "PopulationBand()": PopulationBand,
    "OnRuns('KNN')": lambda: OnRuns("KNN"),
    "OnRuns('KNN', scaling='channel')": lambda: OnRuns("KNN", scaling="channel"),
    "FCAutoEncoder(linear_path=True, scaling='phase')": lambda: FCAutoEncoder(
        linear_path=True, scaling="phase"
    ),
    **{
        cls.__name__: cls
        for cls in (FCAutoEncoder, FCVAE, LSTMAutoEncoder, LSTMVAE, CNN1DAutoEncoder, CNN1DVAE)
    },
}


def sets() -> Iterator[tuple[str, Runs, np.ndarray]]:
    """Name, runs, and which of them are abnormal."""
    beats = read_ucr(DATA / "ecg5000" / "ECG5000_TEST.tsv.gz")
    vowels = read_ucr(DATA / "japanese_vowels" / "JapaneseVowels_TRAIN.ts.gz")
    speakers = sorted(set(vowels.labels.astype(str).tolist()))
    for seed in range(3):
        for n_runs in (15, 40, 100, 250):
            runs = make_fermentation(n_runs, faults=max(2, n_runs // 10), random_state=seed)
            yield f"fermentations, {n_runs}", runs, runs.labels != "good"
        for n_runs in (40, 200):
            yield f"ECG5000, {n_runs}", *mixed(beats, "1", n_runs * 9 // 10, n_runs // 10, seed)
        for speaker in speakers[seed::3]:
            yield "JapaneseVowels, 33", *mixed(vowels, speaker, 30, 3, seed)


def mixed(
    runs: Runs, good: str, n_good: int, n_abnormal: int, seed: int
) -> tuple[Runs, np.ndarray]:
    """Some runs of one class, and some of others."""
    rng, is_good = np.random.default_rng(seed), runs.labels.astype(str) == good
    chosen = rng.choice(np.flatnonzero(is_good), n_good, replace=False)
    others = rng.choice(np.flatnonzero(~is_good), n_abnormal, replace=False)
    return runs[np.r_[chosen, others]], np.repeat([False, True], [n_good, n_abnormal])


def main() -> None:
    rows = [
        {"set": name, "detector": each, "auc": roc_auc_score(y, make().fit(runs).decision_scores_)}
        for name, runs, y in sets()
        for each, make in DETECTORS.items()
    ]
    table = pd.DataFrame(rows).pivot_table(
        index="detector", columns="set", values="auc", sort=False
    )
    print(table.assign(mean=table.mean(axis=1)).round(3).to_string())


if __name__ == "__main__":
    main()
