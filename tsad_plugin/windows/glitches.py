"""Glitches of long series: isolated extremes that no machine makes, such as errors of the line."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tsad_plugin.runs import Runs
from tsad_plugin.steps import Despike

# Values further outside the inner 80 % of the training values than this times its width are
# extreme. (A fifth of the values may be glitches, and these two quantiles are none.)
FENCE = 1.5
# Spikes at intervals that vary by less than this share of their mean come in a rhythm.
IRREGULAR = 0.5
MIN_SPIKES = 5


class Glitches(Despike):
    """`Despike` for raw records of machines: what `despike="auto"` does.

    A value is a glitch if it is a spike (`threshold` standard deviations of the channel's noise
    from the running median) and lies far outside the usual range of the channel too. A channel
    whose spikes come in a rhythm in training keeps them: they belong to it, as heartbeats do.

    Parameters
    ----------
    window_size : int, default=7
        Number of timesteps of the running median, odd; at most half of them may be glitches.
    threshold : float, default=7.0
        Distance in standard deviations of the noise. (Lower than that of `Despike`, as the noise
        is learned from records with glitches in them.)
    """

    lower_: NDArray[np.float64]
    upper_: NDArray[np.float64]

    def __init__(self, window_size: int = 7, threshold: float = 7.0) -> None:
        super().__init__(window_size, threshold)

    def _learn(self, runs: Runs) -> None:
        super()._learn(runs)
        values = np.concatenate(runs.arrays)
        low, high = np.nanquantile(values, [0.1, 0.9], axis=0)
        self.lower_, self.upper_ = low - FENCE * (high - low), high + FENCE * (high - low)
        spikes = [self._spikes(run, self.scale_) for run in runs.arrays]
        expected = [_in_rhythm([s[:, c] for s in spikes]) for c in range(runs.n_channels)]
        self.lower_[expected], self.upper_[expected] = -np.inf, np.inf

    def _spikes(self, run: NDArray[Any], scale: NDArray[np.float64]) -> NDArray[np.bool_]:
        extreme = (run < self.lower_) | (run > self.upper_)
        found = extreme.any(axis=0)
        if found.any():  # the median is only taken where there is something to find
            extreme[:, found] &= super()._spikes(run[:, found], scale[found])
        return extreme


def _in_rhythm(spikes: list[NDArray[np.bool_]]) -> bool:
    """Whether spikes, True in series of shape (n_timesteps_i,), come at regular intervals."""
    starts = [np.flatnonzero(s & ~np.r_[False, s[:-1]]) for s in spikes]
    intervals = np.concatenate([np.diff(s) for s in starts])
    enough = len(intervals) >= MIN_SPIKES - 1
    return bool(enough and intervals.std() < IRREGULAR * intervals.mean())
