"""Windows as views of a series, and back: from values of windows to values of timesteps."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray


def window_view(rows: NDArray[Any], window_size: int) -> NDArray[Any]:
    """(n, c) -> (n - w + 1, w, c): all windows, without a copy."""
    view = np.lib.stride_tricks.sliding_window_view(
        rows, window_size, axis=0, writeable=rows.flags.writeable
    )
    return view.transpose(0, 2, 1)


def window_starts(
    live: NDArray[np.bool_], window_size: int, stride: int, offset: int = 0
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Where windows of live rows begin, (n,) bool: every `stride` rows, and those that fill in.

    `offset` is the position of the first row in the series. The second are windows at the ends of
    live stretches, for rows that none of the first covers.
    """
    before = np.concatenate([[0], live.cumsum()])
    whole = before[window_size:] - before[:-window_size] == window_size
    possible = np.flatnonzero(whole)
    starts = possible[(possible + offset) % stride == 0]
    if stride == 1:
        return starts, possible[:0]
    first = whole & ~np.concatenate([[False], whole[:-1]])
    last = whole & ~np.concatenate([whole[1:], [False]])
    return starts, np.setdiff1d(np.flatnonzero(first | last), starts)


def pieces(starts: NDArray[np.int64], stride: int, most: int) -> Iterator[NDArray[np.int64]]:
    """Cut starts where their distance is not `stride`, and so that none is longer than `most`."""
    for piece in np.split(starts, np.flatnonzero(np.diff(starts) != stride) + 1):
        for begin in range(0, len(piece), most):
            yield piece[begin : begin + most]


class Overlap:
    """Means over all windows that cover a timestep.

    Parameters
    ----------
    n_timesteps, n_values : int
        Length of the series, and values of a timestep.
    """

    def __init__(self, n_timesteps: int, n_values: int) -> None:
        self.sums = np.zeros((n_timesteps, n_values))
        self.counts = np.zeros(n_timesteps, dtype=np.int64)

    def add(self, starts: NDArray[np.int64], values: NDArray[Any], stride: int) -> None:
        """Add windows (b, w, v) that begin at `starts`, `stride` rows one after another."""
        span = stride * (len(starts) - 1) + 1
        for position in range(values.shape[1]):
            begin = starts[0] + position
            self.sums[begin : begin + span : stride] += values[:, position]
            self.counts[begin : begin + span : stride] += 1

    def means(self) -> NDArray[np.float64]:
        """(n, v): NaN where no window came."""
        with np.errstate(invalid="ignore"):
            return self.sums / self.counts[:, None]
