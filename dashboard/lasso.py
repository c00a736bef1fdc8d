"""Which points lie in a box or a lasso: figures draw some of many, but all can be selected."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def lassoed(
    selected: Mapping[str, Any] | None, x: NDArray[Any], y: Floats, *, log: bool = False
) -> NDArray[np.bool_]:
    """Which of some points lie in what was drawn in a figure.

    Parameters
    ----------
    selected : mapping or None
        A figure's `selectedData`: a box has a `range`, a lasso `lassoPoints`.
    x, y : ndarray of shape (n,)
        The points, as the figure has them; `x` may be datetimes.
    log : bool
        Whether the axis of `y` is logarithmic.

    Returns
    -------
    ndarray of bool, shape (n,)
        None of them where nothing was drawn.
    """
    drawn = selected or {}
    corners = drawn.get("lassoPoints") or _box(drawn.get("range"))
    if not corners:
        return np.zeros(len(y), bool)
    places = _number(x, x.dtype), _height(y, log)
    return _inside(*places, _number(corners["x"], x.dtype), _height(corners["y"], log))


def _box(ends: Mapping[str, Any] | None) -> dict[str, list[Any]] | None:
    if not ends:
        return None
    (left, right), (low, high) = ends["x"], ends["y"]
    return {"x": [left, right, right, left], "y": [low, low, high, high]}


def _number(values: Any, like: np.dtype[Any]) -> Floats:
    """Numbers of what is of a type; datetimes may be written out."""
    if like.kind == "M":
        return np.asarray(values, dtype="datetime64[us]").astype(np.float64)
    return np.asarray(values, dtype=np.float64)


def _height(values: Any, log: bool) -> Floats:
    heights = np.asarray(values, dtype=np.float64)
    return np.log(np.where(heights > 0, heights, np.nan)) if log else heights


def _inside(x: Floats, y: Floats, corners_x: Floats, corners_y: Floats) -> NDArray[np.bool_]:
    """Whether points lie in a polygon: a ray from them crosses its edges an odd number of times."""
    found = np.zeros(len(y), bool)
    last = zip(np.roll(corners_x, 1), np.roll(corners_y, 1), strict=True)
    for (x0, y0), x1, y1 in zip(last, corners_x, corners_y, strict=True):
        if y0 != y1:
            crosses = (y0 > y) != (y1 > y)
            found ^= crosses & (x < x0 + (y - y0) * (x1 - x0) / (y1 - y0))
    return found
