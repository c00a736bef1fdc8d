"""Means and standard deviations, block by block: in the memory of a block."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .forms import CONSTANT, blocks
from .runs import Runs


def moments(runs: Runs) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean and standard deviation of each channel; of a constant one its size is the latter."""
    largest = np.max([np.nanmax(np.abs(b), axis=1) for b in _by_channel(runs)], axis=0)
    largest = np.where(largest > 1e-307, largest, 1.0)  # the inverse of less is infinite
    size = largest.astype(np.float64)[:, None]
    mean = _mean(block / size for block in _by_channel(runs))
    std = np.sqrt(_mean(np.square(block / size - mean) for block in _by_channel(runs)))
    return (mean * size)[:, 0], (np.where(std > CONSTANT, std, 1.0) * size)[:, 0]


def std_from(values: NDArray[np.float32], mean: NDArray[np.float64]) -> NDArray[np.float64]:
    """Standard deviation of runs (n, t, c) from their mean (t, c)."""
    squares = (np.square(values[rows] - mean) for rows in blocks(len(values), mean.size))
    return np.sqrt(sum(block.sum(axis=0) for block in squares) / len(values))


def _by_channel(runs: Runs) -> Iterator[NDArray[Any]]:
    """All values, as blocks (n_channels, n) of some runs each."""
    for rows in blocks(len(runs), math.prod(runs.shape[1:])):
        values = np.concatenate(runs.arrays[rows]) if runs.dense is None else runs.dense[rows]
        yield np.ascontiguousarray(values.reshape(-1, runs.n_channels).T)


def _mean(values: Iterable[NDArray[Any]]) -> NDArray[np.float64]:
    """Blocks (n_channels, n) -> (n_channels, 1), without NaN."""
    sums = [(np.nansum(b, axis=1), np.count_nonzero(~np.isnan(b), axis=1)) for b in values]
    total, count = np.sum(sums, axis=0)
    return (total / count)[:, None]
