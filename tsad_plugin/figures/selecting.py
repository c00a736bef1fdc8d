"""What was selected in a figure, by the shape that was drawn in it."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray


def within(
    event: Mapping[str, Any] | None,
    x: ArrayLike,
    y: ArrayLike | None = None,
    *,
    log: bool = False,
) -> NDArray[np.intp]:
    """Positions of all points in a box or a lasso, whether a figure draws each of them or not.

    Parameters
    ----------
    event : mapping or None
        What plotly tells of a selection: `range` of a box, or `lassoPoints`, for x and y. None, or
        neither, is nothing selected.
    x : array-like of shape (n_points,)
        Where the points are.
    y : array-like of shape (n_points,), optional
        The same upwards; without it the box reaches from the bottom to the top.
    log : bool
        Whether the axis of y is logarithmic: lines of a lasso are straight as they are drawn.

    Returns
    -------
    ndarray of shape (n_selected,)
    """
    across = np.asarray(x, dtype=np.float64)
    up = np.zeros(len(across)) if y is None else np.asarray(y, dtype=np.float64)
    if event and event.get("range"):
        found = _between(across, event["range"]["x"])
        found &= y is None or _between(up, event["range"]["y"])
    elif event and event.get("lassoPoints") and y is not None:
        corners = np.array([event["lassoPoints"]["x"], event["lassoPoints"]["y"]], dtype=np.float64)
        if log:
            up, corners[1] = _log10(up), _log10(corners[1])
        found = _inside(across, up, corners)
    else:
        found = np.zeros(len(across), dtype=bool)
    return np.flatnonzero(found)


def _between(values: NDArray[np.float64], ends: ArrayLike) -> NDArray[np.bool_]:
    low, high = np.sort(np.asarray(ends, dtype=np.float64))
    return (values >= low) & (values <= high)


def _log10(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Logarithms, NaN where there is none."""
    return np.log10(np.where(values > 0, values, np.nan))


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
