"""From rows to scores of timesteps, slice by slice."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tsad_plugin.batches import inference_size
from tsad_plugin.preprocessing import Prepared

from .inner import WindowValues
from .overlap import Overlap, pieces, window_starts, window_view
from .preparation import SeriesPreprocessor, Slice


class Scanned(NamedTuple):
    """Scores of consecutive rows.

    `values` (n, v) are contributions, or timestep scores where v is 1: NaN where nothing was
    measured, or no window covers a row. `failed` (n,) are rows in which most channels are `dead`
    (n, c). The first `n_final` rows keep what stands here, whatever rows come later.
    """

    values: NDArray[np.float64]
    failed: NDArray[np.bool_]
    dead: NDArray[np.bool_]
    n_final: int

    @property
    def scores(self) -> NDArray[np.float64]:
        """Timestep scores (n,)."""
        return self.values.sum(axis=1)


class Scan(NamedTuple):
    """How rows are scored: with which preparation, windows and smoothing, in a failure with what.

    Attributes
    ----------
    preprocessor : SeriesPreprocessor
        What prepares them.
    stride : int
        Timesteps from window to window.
    smoothing : int
        Timesteps that are averaged, the last being the one that is scored.
    failed_score : float
        Score of a row in which most channels are dead.
    """

    preprocessor: SeriesPreprocessor
    stride: int
    smoothing: int
    failed_score: float

    @property
    def margin(self) -> int | None:
        """Rows on either side that the score of a row depends on; None for all of them."""
        reach = self.preprocessor.reach_
        if reach is None:
            return None
        return reach + self.preprocessor.window_size + self.stride + self.smoothing

    def slices(self, n_rows: int, most: int) -> Iterator[tuple[int, int, int, int]]:
        """Rows to score, `start` to `stop`, and with those about them: `before` to `after`."""
        margin = self.margin
        if margin is None:
            yield 0, n_rows, 0, n_rows
            return
        for start in range(0, n_rows, most):
            stop = min(start + most, n_rows)
            yield start, stop, max(start - margin, 0), min(stop + margin, n_rows)

    def rows(
        self, rows: NDArray[Any], offset: int, values_of: WindowValues, by_channel: bool
    ) -> Scanned:
        """Score rows (n, c), the first of which has the position `offset` in its series."""
        part = self.preprocessor.slice(rows)
        values = self._over_windows(part, offset, values_of, by_channel)
        values[~part.observed.any(axis=1)] = np.nan
        values = smoothed(values, self.smoothing)
        share = part.dead[part.failed] if by_channel else np.ones((int(part.failed.sum()), 1))
        values[part.failed] = self.failed_score * share / share.sum(axis=1, keepdims=True)
        waits = self.preprocessor.window_size + self.stride - 2
        return Scanned(values, part.failed, part.dead, max(part.settled_until - waits, 0))

    def _over_windows(
        self, part: Slice, offset: int, values_of: WindowValues, by_channel: bool
    ) -> NDArray[np.float64]:
        size, n_rows = self.preprocessor.window_size, len(part.live)
        n_values = part.targets.shape[1] if by_channel else 1
        if n_rows < size:
            return np.full((n_rows, n_values), np.nan)
        regular, filling = window_starts(part.live, size, self.stride, offset)
        means = self._means(part, regular, values_of, (n_rows, n_values))
        if len(filling):
            uncovered = np.isnan(means[:, 0])
            others = self._means(part, filling, values_of, (n_rows, n_values))
            means[uncovered] = others[uncovered]
        return means

    def _means(
        self,
        part: Slice,
        starts: NDArray[np.int64],
        values_of: WindowValues,
        shape: tuple[int, int],
    ) -> NDArray[np.float64]:
        size, overlap = self.preprocessor.window_size, Overlap(*shape)
        windows = _windows(part, size)
        most = inference_size(windows.inputs.shape[1:])
        for piece in pieces(starts, self.stride, most):
            overlap.add(piece, values_of(windows.pick(piece)), self.stride)
        return overlap.means()


def _windows(part: Slice, size: int) -> Prepared:
    inputs = window_view(part.inputs, size)
    targets = inputs if part.targets is part.inputs else window_view(part.targets, size)
    observed = None if part.observed.all() else window_view(part.observed, size)
    return Prepared(inputs, targets, observed)


def smoothed(values: NDArray[np.float64], smoothing: int) -> NDArray[np.float64]:
    """(n, v) -> (n, v): mean of the last values up to each row; NaN stays, and counts for none."""
    if smoothing == 1:
        return values
    there = ~np.isnan(values)
    total = _trailing_sums(np.where(there, values, 0.0), smoothing)
    count = _trailing_sums(there.astype(np.float64), smoothing)
    with np.errstate(invalid="ignore"):
        return np.where(there, total / count, np.nan)


def _trailing_sums(values: NDArray[np.float64], size: int) -> NDArray[np.float64]:
    sums = values.copy()
    for lag in range(1, min(size, len(values))):
        sums[lag:] += values[:-lag]
    return sums
