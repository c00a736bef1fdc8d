"""Which runs count as good: what the bands are made of, of scores and of channels."""

from __future__ import annotations

from collections import Counter
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tsad_plugin.results import TINY

from .views import Standing, View

HELD_OUT, USUAL, CONFIRMED, CHOSEN, LABEL = "held-out", "usual", "confirmed", "chosen", "label:"
LEAST = 2  # runs that have a standard deviation
MOST_LABELS = 6


class Reference(NamedTuple):
    """A set of good runs.

    `positions` are those of the runs that are looked at; None stands for the runs that the model
    learned from, of which `scores` are those that were held out.
    """

    key: str
    name: str
    scores: NDArray[np.float64]
    positions: list[int] | None

    @property
    def can_scale(self) -> bool:
        """Whether the scores have a standard deviation, so that k means anything."""
        if len(self.scores) < LEAST:
            return False
        return bool(self.scores.std() > TINY * max(abs(self.scores.mean()), TINY))

    @property
    def sigma(self) -> float:
        """Standard deviation of the scores."""
        return float(self.scores.std(ddof=1))

    def threshold(self, k: float) -> float:
        """Mean + k standard deviations of the scores."""
        return float(self.scores.mean() + k * self.sigma)

    def k(self, threshold: float) -> float:
        """How many standard deviations above the mean a threshold lies."""
        return float((threshold - self.scores.mean()) / self.sigma)


def references(view: View, standing: Standing) -> list[Reference]:
    """The sets that can be chosen, at least one."""
    found = [] if len(view.calibration) < LEAST else [_held_out(view)]
    flagged = view.outliers(standing.threshold.value)
    faults = np.array([standing.verdict(run) == "fault" for run in view.names])
    confirmed = [standing.verdict(run) == "no fault" for run in view.names]
    chosen = set(standing.chosen or ())
    candidates = [
        (CHOSEN, "chosen runs", [run in chosen for run in view.names]),
        (USUAL, "runs that are no outliers", ~flagged & ~faults),
        (CONFIRMED, "runs with the verdict no fault", confirmed),
        *_labels(view),
    ]
    for key, name, mask in candidates:
        positions = np.flatnonzero(mask).tolist()
        if len(positions) >= LEAST:
            title = f"{name} ({len(positions):,})"
            found.append(Reference(key, title, view.scores[positions], positions))
    return found or [Reference(USUAL, "all runs", view.scores, list(range(len(view.names))))]


def _held_out(view: View) -> Reference:
    name = f"training runs ({len(view.calibration):,} held out)"
    return Reference(HELD_OUT, name, view.calibration, None)


def _labels(view: View) -> list[tuple[str, str, list[bool]]]:
    """A set for each label, where there are few."""
    known = Counter(str(label) for label in view.labels or () if not pd.isna(label))
    if len(known) > MOST_LABELS:
        return []
    return [
        (
            f"{LABEL}{one}",
            f"runs labelled {one}",
            [str(label) == one for label in view.labels or ()],
        )
        for one in known
    ]


def reference(view: View, standing: Standing, key: str | None) -> Reference:
    """The set of that key, or the one to begin with: what somebody chose, or the training runs."""
    by_key = {r.key: r for r in references(view, standing)}
    return next(by_key[k] for k in (key, CHOSEN, *by_key) if k in by_key)


def truth(view: View, standing: Standing) -> NDArray[np.float64]:
    """(n_runs,): 1 for a fault, 0 for none, NaN where nobody knows; a verdict outdoes a label.

    Of labels the most frequent is taken for the one of normal runs.
    """
    known = np.full(len(view.names), np.nan)
    labels = [None if label is None or pd.isna(label) else label for label in view.labels or ()]
    counted = Counter(label for label in labels if label is not None)
    if (normal := _normal(counted)) is not None:
        known = np.array([np.nan if label is None else float(label != normal) for label in labels])
    for position, run in enumerate(view.names):
        verdict = standing.verdict(run)
        if verdict is not None:
            known[position] = {"fault": 1.0, "no fault": 0.0}.get(verdict, np.nan)
    return known


def _normal(counted: Counter[Any]) -> Any:
    """The label of normal runs; None where none leads, or labels are too many to be classes."""
    if len(counted) < 2:
        return None
    (first, most), (_, second) = counted.most_common(2)
    is_clear = len(counted) <= MOST_LABELS or most > counted.total() / 2
    return first if most > second and is_clear else None


def performance(flagged: NDArray[np.bool_], known: NDArray[np.float64]) -> str:
    """Precision and recall in words, as far as it is known which runs are faulty."""
    faults, others = known == 1, known == 0
    hits, alarms = int((flagged & faults).sum()), int((flagged & others).sum())
    parts = []
    if hits + alarms:
        parts.append(f"precision {hits / (hits + alarms):.0%} ({hits} of {hits + alarms})")
    if faults.any():
        parts.append(f"recall {hits / faults.sum():.0%} ({hits} of {faults.sum()})")
    return ", ".join(parts)
