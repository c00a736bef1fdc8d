"""The rows of a stream that are still needed, scored again with each chunk."""

from __future__ import annotations

import copy
import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.validation import check_is_fitted

from tsad_plugin.adapters import TRIED, looks_at_mates
from tsad_plugin.windows import WindowedDetector
from tsad_plugin.windows.inner import gives_contributions, window_values
from tsad_plugin.windows.scan import Scan, Scanned

from .clock import Positions
from .state import State

# Rows that are scored at a time.
PIECE_ROWS = 20_000


class ScoredRows(NamedTuple):
    """Scores of some rows of a series, in order.

    Attributes
    ----------
    positions : ndarray of int, shape (n,)
        Where they stand in the series: 0 is its first row, or as the positions that were passed.
    scores : ndarray of shape (n,)
        As `WindowedDetector.timestep_scores`: NaN where a row has none.
    labels : ndarray of int, shape (n,)
        0 normal or without a score, 1 outlier: by the threshold of the detector.
    failed : ndarray of bool, shape (n,)
        Where most channels are dead.
    """

    positions: Positions
    scores: NDArray[np.float64]
    labels: NDArray[np.int64]
    failed: NDArray[np.bool_]


class Update(NamedTuple):
    """What is new.

    Attributes
    ----------
    final : ScoredRows
        Rows whose scores no row that is yet to come can change, each once and in order.
    provisional : ScoredRows
        The rows after them, with the scores that they would have if the series ended now.
    """

    final: ScoredRows
    provisional: ScoredRows


class Engine:
    """Scores the rows of a state, and says which are final.

    Parameters
    ----------
    detector : WindowedDetector
        A fitted one.
    max_delay : int
        How many rows may come before one that they follow.

    Attributes
    ----------
    n_open : int
        How many of the last rows may still change: the newest, and those that it may overtake.
    """

    def __init__(self, detector: Any, max_delay: int) -> None:
        _check_detector(detector)
        self.detector = copy.copy(detector)  # a fit makes the other one anew
        self.scan: Scan = detector._scanner()
        self.margin, self.max_delay = _margin(self.scan), max_delay
        self.n_open = max_delay + 1 if max_delay else 0

    @property
    def lag(self) -> int:
        """Rows after a row until its score is final, where no gap is near."""
        return int(self.scan.lag or 0) + self.n_open

    @property
    def most(self) -> int:
        """Rows of a piece: so many that one without any row leaves nothing else to be kept."""
        return max(PIECE_ROWS, 2 * self.margin + self.n_open)

    def advance(self, state: State) -> tuple[State, Update]:
        """Score what is there, and keep what will be needed."""
        scanned = self._scanned(state)
        n_final = max(state.n_final, state.start + scanned.n_final)
        update = Update(
            self._rows(state, scanned, state.n_final, n_final),
            self._rows(state, scanned, n_final, state.n_rows),
        )
        needed = min(n_final - self.margin, state.n_rows - self.n_open)
        return state._replace(n_final=n_final).kept_from(needed), update

    def _scanned(self, state: State) -> Scanned:
        if len(state.rows) == 0:
            none = np.empty(0, dtype=bool)
            return Scanned(np.empty((0, 1)), none, none[:, None], 0)
        with window_values(self.detector.detector_, by_channel=False) as values_of:
            return self.scan.rows(state.rows, state.start, values_of, False, self.n_open)

    def _rows(self, state: State, scanned: Scanned, first: int, end: int) -> ScoredRows:
        """Rows `first` to `end` (exclusive) of the series."""
        inside = slice(first - state.start, end - state.start)
        scores = scanned.values[inside, 0].copy()
        labels, measured = np.zeros(len(scores), dtype=np.int64), ~np.isnan(scores)
        if measured.any():
            labels[measured] = self.detector._label(scores[measured])
        positions = np.arange(first, end) + state.origin
        return ScoredRows(positions, scores, labels, scanned.failed[inside].copy())


def _check_detector(detector: Any) -> None:
    if not isinstance(detector, WindowedDetector):
        name = type(detector).__name__
        raise ValueError(
            f"StreamScorer takes a fitted WindowedDetector, got {name}: wrap a detector in "
            "WindowedDetector and fit that on normal series"
        )
    check_is_fitted(detector, "thresholder_")
    hosted, shape = detector.detector_, detector.preprocessor_.input_shape_
    if not gives_contributions(hosted) and looks_at_mates(hosted, _any_windows(shape)):
        raise ValueError(
            f"{type(hosted).__name__} scores a window by the windows that it is scored with, so "
            "no score is ever final: take a detector that scores each window by itself, as KNN does"
        )


def _any_windows(shape: tuple[int, ...]) -> NDArray[np.float64]:
    """A few windows (b, w * i) as flat rows."""
    return np.random.default_rng(0).normal(size=(TRIED, math.prod(shape)))


def _margin(scan: Scan) -> int:
    """Rows before one that its score depends on."""
    if scan.margin is not None:
        return scan.margin
    steps = scan.preprocessor.steps
    unknown = [type(step).__name__ for step in steps if getattr(step, "reach", None) is None]
    raise ValueError(
        f"the step {unknown[0]} does not say how far it reaches, so no score would ever be final: "
        "give its class an attribute reach, the timesteps on either side that a value is made from"
    )


def joined(parts: list[ScoredRows]) -> ScoredRows:
    """Rows one after another."""
    return ScoredRows(*(np.concatenate(values) for values in zip(*parts, strict=True)))
