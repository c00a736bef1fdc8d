"""How channels go together, over all timesteps of all runs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tsad_plugin.forms import blocks

ROUNDING = 1e-10  # of the sum of squares: where a channel varies no more, it does not vary


def correlation(values: ArrayLike) -> NDArray[np.float64]:
    """Pearson correlation of each two channels, over the timesteps at which both were measured.

    Parameters
    ----------
    values : array-like of shape (n_runs, n_timesteps, n_channels)
        Runs of one length, such as the courses of an overview; NaN is a gap.

    Returns
    -------
    ndarray of shape (n_channels, n_channels)
        NaN where a channel does not change.

    Notes
    -----
    Timesteps of all runs count alike. Two passes, in the memory of some runs.
    """
    array = np.asanyarray(values)
    with np.errstate(all="ignore"):
        centre, size = _centre(array)
        parts = [_sums((part - centre) / size) for part in _rows(array)]
        n, sums, squares, products = np.sum(parts, axis=0)
        variance = squares - sums**2 / n  # of the channel of a row, where that of a column was, too
        variance[~(variance > ROUNDING * squares)] = np.nan
        found = (products - sums * sums.T / n) / np.sqrt(variance * variance.T)
    return np.clip(found, -1, 1)


def _centre(array: NDArray[Any]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean and range of each channel; no range of one that has one value."""
    low = np.fmin.reduce(array, axis=(0, 1)).astype(np.float64)
    size = np.fmax.reduce(array, axis=(0, 1)) - low
    sums = sum(np.nansum(part - low, axis=0) for part in _rows(array))
    n = sum(np.count_nonzero(~np.isnan(part), axis=0) for part in _rows(array))
    return low + sums / n, np.where(size > 0, size, np.nan)


def _rows(array: NDArray[Any]) -> Iterator[NDArray[Any]]:
    """All timesteps, those of some runs at a time: (n, n_channels)."""
    _, t, c = array.shape
    return (array[part].reshape(-1, c) for part in blocks(len(array), t * c))


def _sums(rows: NDArray[np.float64]) -> tuple[NDArray[np.float64], ...]:
    """Over the timesteps at which two channels were measured: number, sums, squares, products."""
    measured = ~np.isnan(rows)
    rows, measured = np.where(measured, rows, 0.0), measured.astype(np.float64)
    return measured.T @ measured, rows.T @ measured, rows.T**2 @ measured, rows.T @ rows
