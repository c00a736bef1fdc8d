"""Which runs count as good: what the bands are made of, of scores and of channels."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tsad_plugin.forms import plural
from tsad_plugin.results import TINY

from .views import Standing, View

HELD_OUT, USUAL, CONFIRMED, CHOSEN, LABEL = "held-out", "usual", "confirmed", "chosen", "label:"
LEAST = 2  # runs that have a standard deviation
MOST_LABELS = 6
TRUTH = {"fault": 1.0, "no fault": 0.0, "unsure": np.nan}  # of verdicts


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
        return (threshold - float(self.scores.mean())) / self.sigma


def references(view: View, standing: Standing) -> list[Reference]:
    """The sets that can be chosen, at least one."""
    made = (_made(view, standing, key) for key in _keys(view))
    return [one for one in made if one is not None] or [_all(view)]


def reference(view: View, standing: Standing, key: str | None) -> Reference:
    """The set of that key, or the one to begin with: what somebody chose, or the training runs."""
    keys = _keys(view)
    made = (_made(view, standing, one) for one in (key, CHOSEN, *keys) if one in keys)
    return next((one for one in made if one is not None), None) or _all(view)


def _keys(view: View) -> list[str]:
    """Keys of all sets that there might be; a set for each label, where there are few."""
    labels = view.known_labels.dropna().astype(str).unique()
    few = labels if len(labels) <= MOST_LABELS else ()
    return [HELD_OUT, *NAMED, *(f"{LABEL}{one}" for one in few)]


def _made(view: View, standing: Standing, key: str) -> Reference | None:
    """The set of that key; None where it has too few runs."""
    if key == HELD_OUT:
        return _held_out(view)
    name, mask = _named(view, standing, key)
    positions = np.flatnonzero(mask).tolist()
    if len(positions) < LEAST:
        return None
    return Reference(key, f"{name} ({len(positions):,})", view.scores[positions], positions)


def _held_out(view: View) -> Reference | None:
    if len(view.calibration) < LEAST:
        return None
    name = f"training runs ({plural(len(view.calibration), 'held-out score')})"
    return Reference(HELD_OUT, name, view.calibration, None)


def _all(view: View) -> Reference:
    return Reference(USUAL, "all runs", view.scores, list(range(len(view.names))))


def _named(view: View, standing: Standing, key: str) -> tuple[str, Any]:
    """Name of a set, and which runs are in it."""
    if key in NAMED:
        name, mask = NAMED[key]
        return name, mask(view, standing)
    label, labels = key.removeprefix(LABEL), view.known_labels
    return f"runs labelled {label}", labels.notna() & (labels.astype(str) == label)


def _chosen(view: View, standing: Standing) -> NDArray[np.bool_]:
    mask = np.zeros(len(view.names), bool)
    mask[[view.places[run] for run in standing.chosen or () if run in view.places]] = True
    return mask


def _usual(view: View, standing: Standing) -> NDArray[np.bool_]:
    return ~view.outliers(standing.threshold.value) & (standing.said != "fault")


def _confirmed(view: View, standing: Standing) -> NDArray[np.bool_]:
    return standing.said == "no fault"


NAMED: dict[str, tuple[str, Callable[[View, Standing], NDArray[np.bool_]]]] = {
    CHOSEN: ("chosen runs", _chosen),
    USUAL: ("runs that are no outliers", _usual),
    CONFIRMED: ("runs with the verdict no fault", _confirmed),
}


def truth(view: View, standing: Standing) -> NDArray[np.float64]:
    """(n_runs,): 1 for a fault, 0 for none, NaN where nobody knows; a verdict outdoes a label.

    Of labels the most frequent is taken for the one of normal runs.
    """
    labels = view.known_labels
    known = np.full(len(view.names), np.nan)
    if (normal := _normal(Counter(labels.dropna()))) is not None:
        known = np.where(labels.notna(), labels != normal, np.nan)
    for verdict, value in TRUTH.items():
        known[standing.said == verdict] = value
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
