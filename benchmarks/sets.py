"""The development sets, by the protocols that their figures are quoted for.

ECG5000: class 1 is normal; learned from TRAIN, TEST judged. `ucr_oneclass`: the most frequent class
is normal and every other run of it learned from, thirteen sets. JapaneseVowels: each speaker in
turn is normal, nine parts of one set. fermentation: 100 good runs of the simulator; judged are 150
fresh ones and 40 with each of seven faults at each of three strengths.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
from common import DATA

from tsad_plugin import Runs
from tsad_plugin.datasets import make_fermentation, read_ucr
from tsad_plugin.datasets.fermentation import FAULTS
from tsad_plugin.evaluation import LabelledRuns

STRENGTHS = (0.25, 0.5, 1.0)
PART = " / "  # between the name of a set and of its part
SMALL = {p.name.split(".")[0]: p for p in sorted((DATA / "ucr_oneclass").glob("*.tsv.gz"))}
Named = Iterator[tuple[str, LabelledRuns]]


def ecg5000() -> Named:
    train, test = _parts("ecg5000/ECG5000_{}.tsv.gz")
    yield "ECG5000", LabelledRuns(train, test, normal=1)


def ucr_oneclass() -> Named:
    for name, path in SMALL.items():
        yield name, one_class(path)


def one_class(path: Path) -> LabelledRuns:
    runs = read_ucr(path)
    normal = np.flatnonzero(~LabelledRuns(runs).outlier)
    learned = np.isin(np.arange(len(runs)), normal[::2])
    return LabelledRuns(runs[learned], runs[~learned], normal=runs[normal[0]].labels)


def japanese_vowels() -> Named:
    train, test = _parts("japanese_vowels/JapaneseVowels_{}.ts.gz")
    for speaker in np.unique(train.labels):
        yield f"JapaneseVowels{PART}{speaker}", LabelledRuns(train, test, normal=speaker)


def fermentation() -> Named:
    good, fresh = make_fermentation(100, random_state=0), make_fermentation(150, random_state=1000)
    faulty = [
        make_fermentation(40, {fault: 40}, strength, random_state=2000)
        for fault in FAULTS
        for strength in STRENGTHS
    ]
    arrays = [array for runs in (fresh, *faulty) for array in runs.arrays]
    labels = np.repeat(["good", "faulty"], [len(fresh), len(arrays) - len(fresh)])
    test = Runs(arrays, channels=good.channels, labels=labels)
    yield "fermentation", LabelledRuns(good, test, normal="good")


SETS = {f.__name__: f for f in (ucr_oneclass, ecg5000, japanese_vowels, fermentation)}


def whole(results: pd.DataFrame) -> pd.DataFrame:
    """Rows of `benchmark` in which the parts of a set bear its name: it is one block."""
    return results.assign(dataset=results.dataset.str.split(PART).str[0])


def _parts(pattern: str) -> list[Runs]:
    return [read_ucr(DATA / pattern.format(part)) for part in ("TRAIN", "TEST")]
