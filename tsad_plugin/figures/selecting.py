"""What was selected in a figure, by the shape that was drawn in it."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .score_axes import log10


def within(
    event: Mapping[str, Any] | None,
    x: ArrayLike,
    y: ArrayLike | None = None,
    *,
    log: bool = False,
    log_x: bool = False,
) -> NDArray[np.intp]:
    """Positions of all points in a box or a lasso, whether a figure draws each of them or not.

    Parameters
    ----------
    event : mapping or None
        What plotly tells of a selection: `range` of a box, or `lassoPoints`, for x and y. None, or
        neither, is nothing selected.
    x : array-like of shape (n_points,)
        Where the points are: numbers or datetimes.
    y : array-like of shape (n_points,), optional
        The same upwards; without it the whole width of the shape counts, from bottom to top.
    log, log_x : bool
        Whether the axis of y, or of x, is logarithmic: lines of a lasso are straight as they are
        drawn.

    Returns
    -------
    ndarray of shape (n_selected,)
    """
    clock = np.asarray(x).dtype.kind == "M"
    across = _numbers(x, clock)
    drawn = (event or {}).get("range") or (event or {}).get("lassoPoints")
    if not drawn:
        return np.empty(0, dtype=np.intp)
    if y is None:
        return np.flatnonzero(_between(across, _numbers(drawn["x"], clock)))
    up, corners = _numbers(y), np.array([_numbers(drawn["x"], clock), _numbers(drawn["y"])])
    if event and event.get("range"):
        return np.flatnonzero(_between(across, corners[0]) & _between(up, corners[1]))
    if log:
        up, corners[1] = log10(up), log10(corners[1])
    if log_x:
        across, corners[0] = log10(across), log10(corners[0])
    return np.flatnonzero(_inside(across, up, corners))


def _numbers(values: ArrayLike, clock: bool = False) -> NDArray[np.float64]:
    """Numbers, or microseconds of datetimes, which plotly writes out."""
    if clock:
        values = np.asarray(values, dtype="datetime64[us]")
    return np.asarray(values).astype(np.float64)


def _between(values: NDArray[np.float64], ends: ArrayLike) -> NDArray[np.bool_]:
    return (values >= np.min(ends)) & (values <= np.max(ends))


def _inside(
    x: NDArray[np.float64], y: NDArray[np.float64], corners: NDArray[np.float64]
) -> NDArray[np.bool_]:
    """Points from which a line to the right crosses an odd number of the sides of a polygon."""
    found = np.zeros(len(x), dtype=bool)
    closed = np.column_stack([corners, corners[:, 0]]).T.tolist()
    for (x0, y0), (x1, y1) in pairwise(closed):
        spans = (y0 > y) != (y1 > y)
        crossing = x0 + (x1 - x0) * (y[spans] - y0) / (y1 - y0) if spans.any() else 0.0
        found[spans] ^= x[spans] < crossing
    return found
