"""Dead signals: whether channels still move, and away from zero, as they did in training."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import maximum_filter1d, minimum_filter1d

# A channel is dead where it moves, or lies from zero, by less than this share of the least in
# training.
DEAD = 0.1
LEAST_QUANTILE = 0.01
# Share of the telling channels that must be dead for the whole to have failed.
MOST = 0.5


class Activity:
    """How much each channel moves, and how far it is from zero, over a few timesteps.

    Parameters
    ----------
    window_size : int
        Number of those timesteps.
    """

    def __init__(self, window_size: int) -> None:
        self.window_size = window_size

    def fit(self, series: list[NDArray[Any]]) -> Activity:
        """Learn from cleaned training series (n_timesteps_i, n_channels) with NaN in gaps."""
        extents = np.concatenate([self._extents(rows) for rows in series], axis=1)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)  # a channel that is measured too seldom
            least = np.nanquantile(extents, LEAST_QUANTILE, axis=1)
        # Where training held nearly nothing, too, nothing can be told; NaN compares as False.
        self.limit_ = np.where(least > 0, DEAD * least, np.nan)
        return self

    def dead(self, rows: NDArray[Any]) -> NDArray[np.bool_]:
        """(n, c) cleaned -> (n, c): in stretches in which a channel has frozen or collapsed."""
        n, w = len(rows), self.window_size
        dead = np.zeros(rows.shape, dtype=bool)
        if n >= w:
            with np.errstate(invalid="ignore"):
                quiet = (self._extents(rows) < self.limit_[:, None]).any(axis=0)
            for offset in range(w):
                dead[offset : n - w + 1 + offset] |= quiet
        return dead

    def failed(self, dead: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """(n, c) -> (n,): whether most of the channels that can tell are dead."""
        telling = ~np.isnan(self.limit_).all(axis=0)
        share = dead[:, telling].sum(axis=1) / max(int(telling.sum()), 1)
        return share > MOST

    def _extents(self, rows: NDArray[Any]) -> NDArray[np.float64]:
        """Ranges, and largest sizes, in the windows that begin at each row: (2, n - w + 1, c).

        NaN where a channel has values in less than half of a window: too few to tell.
        """
        w, missing = self.window_size, np.isnan(rows)
        if len(rows) < w:
            return np.empty((2, 0, rows.shape[1]))
        options: dict[str, Any] = {"size": w, "axis": 0, "origin": -(w // 2)}
        largest = maximum_filter1d(np.where(missing, -np.inf, rows), **options)
        least = minimum_filter1d(np.where(missing, np.inf, rows), **options)
        before = np.concatenate([np.zeros((1, rows.shape[1])), (~missing).cumsum(axis=0)])
        enough = 2 * (before[w:] - before[:-w]) >= w
        with np.errstate(over="ignore", invalid="ignore"):
            extents = np.stack([largest - least, np.maximum(np.abs(largest), np.abs(least))])
        return np.where(enough, extents[:, : len(rows) - w + 1], np.nan)
