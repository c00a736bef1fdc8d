"""Runs of unequal length brought to one length, and back.

tslearn is imported here, and for its loader of public data sets, alone. It resamples groups of
equal length: on a set padded with NaN it is about fifteen times slower.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

with warnings.catch_warnings():  # tslearn asks for h5py, which nothing here uses
    warnings.filterwarnings("ignore", "h5py not installed")
    from tslearn.preprocessing import TimeSeriesResampler

from .forms import blocks, fill_gaps
from .runs import Runs


def by_length(runs: Runs) -> Iterator[tuple[Any, NDArray[Any]]]:
    """Positions and stacked runs, one block of runs of equal length after another."""
    n_channels = runs.n_channels
    if runs.dense is not None:
        for block in blocks(len(runs), runs.dense.shape[1] * n_channels):
            yield block, runs.dense[block]
        return
    arrays, lengths = runs.arrays, runs.lengths
    order = np.argsort(lengths, kind="stable")
    for group in np.split(order, np.flatnonzero(np.diff(lengths[order])) + 1):
        for block in blocks(len(group), int(lengths[group[0]]) * n_channels):
            rows = group[block]
            yield rows, np.stack([arrays[i] for i in rows])


def without_gaps(group: NDArray[Any]) -> NDArray[Any]:
    """Fill the gaps of runs of one length: (b, t, c) -> (b, t, c)."""
    return np.stack([fill_gaps(run) for run in group]) if np.isnan(group.min()) else group


def flat(values: NDArray[Any]) -> NDArray[Any]:
    """(n, t, c) -> (n, t * c): a run a row, time-major."""
    return values.reshape(len(values), -1)


def resample(group: NDArray[Any], n_timesteps: int) -> NDArray[Any]:
    """Resample runs of one length linearly: (b, t, c) -> (b, n_timesteps, c)."""
    b, t, c = group.shape
    if t == n_timesteps:
        return group
    # Runs side by side as channels of one series: tslearn then has half the work.
    together = group.transpose(1, 0, 2).reshape(1, t, b * c)
    resampled = TimeSeriesResampler(sz=n_timesteps).fit_transform(together)[0]
    return resampled.reshape(n_timesteps, b, c).transpose(1, 0, 2)


def stretch(values: NDArray[Any], lengths: NDArray[Any]) -> list[NDArray[np.float64]]:
    """(n, t, c) -> list of (n_timesteps_i, c): back to the runs' own lengths."""
    stretched: list[Any] = [None] * len(values)
    for length in np.unique(lengths):
        rows = np.flatnonzero(lengths == length)
        for row, run in zip(rows, resample(values[rows], int(length)), strict=True):
            stretched[row] = run.astype(np.float64)
    return stretched
