"""Runs as a matrix, a run a row, and back: for everything that knows no runs."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .forms import NChannels, as_float, plural, unflatten
from .inputs import as_runs
from .resampling import by_length, flat, resample, stretch, without_gaps
from .rules import check_parameter
from .runs import Runs


def to_matrix(
    X: Any, n_timesteps: int | None = None, n_channels: NChannels = None
) -> NDArray[np.float64]:
    """Runs as rows of equal width, for everything that takes a matrix.

    Gaps are filled by linear interpolation and runs resampled; nothing is scaled.

    Parameters
    ----------
    X : array-like, list of arrays or Runs
        Runs in any form, see `as_runs`.
    n_timesteps : int, optional
        Length to which every run is resampled; by default the median length of *these* runs, so
        pass it where training and new runs must agree.
    n_channels : int or "all", optional
        How to read flat rows, see `as_runs`.

    Returns
    -------
    ndarray of shape (n_runs, n_timesteps * n_channels)
        In units, time-major: all channels of timestep 0, then of timestep 1, and so on. A detector
        of this package reads it with `n_channels`, and `from_matrix` turns it back.

    Raises
    ------
    ValueError
        If X is no set of runs, or `n_timesteps` no positive integer.
    """
    check_parameter("n_timesteps", n_timesteps)
    runs = as_runs(X, n_channels)
    width = n_timesteps or int(np.median(runs.lengths))
    values = np.empty((len(runs), width, runs.n_channels))
    for rows, group in by_length(runs):
        values[rows] = resample(without_gaps(group), width)
    return flat(values)


def from_matrix(matrix: ArrayLike, runs: Any) -> Runs:
    """Rows of `to_matrix`, or what another method made of them, as runs again.

    Parameters
    ----------
    matrix : array-like of shape (n_runs, n_timesteps * n_channels)
        One row a run, time-major.
    runs : array-like, list of arrays or Runs
        The runs that they belong to.

    Returns
    -------
    Runs
        The values at the lengths of `runs`, with their ids, channels, units, times and labels.

    Raises
    ------
    ValueError
        If there is not one row a run, the channels do not divide its width, or a value is missing.
    """
    rows, runs = as_float(matrix, "matrix"), as_runs(runs)
    if rows.ndim != 2 or len(rows) != len(runs):
        raise ValueError(
            f"matrix has shape {rows.shape} for {plural(len(runs), 'run')}: pass one row a run"
        )
    _check_complete(rows)
    values = unflatten(rows, runs.n_channels, "matrix")
    return runs.with_arrays(stretch(values, runs.lengths))


def _check_complete(rows: NDArray[Any]) -> None:
    bad = np.argwhere(~np.isfinite(rows))
    if len(bad):
        row, column = bad[0].tolist()
        raise ValueError(
            f"matrix holds {rows[row, column]} in row {row}, column {column}: fill it first, a "
            "matrix has no gaps"
        )
    if not rows.size:
        raise ValueError("matrix has no columns: pass at least one timestep of every channel")
