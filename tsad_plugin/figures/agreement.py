"""Where two detectors agree: the scores of the same runs by both."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import ArrayLike, NDArray

from .markers import Markers
from .score_axes import add_threshold, axis_type
from .style import BLACK, GREEN, NORMAL, OCHRE, OUTLIER, new_figure, plain, say_empty

EDGE = {"color": BLACK, "width": 1}
ONLY_FIRST = {"color": OCHRE, "symbol": "triangle-right", "size": 11, "line": EDGE}
ONLY_SECOND = {"color": GREEN, "symbol": "triangle-up", "size": 11, "line": EDGE}


def score_agreement(
    first: ArrayLike,
    second: ArrayLike,
    *,
    outlier: tuple[ArrayLike, ArrayLike],
    ids: Sequence[Any] | None = None,
    names: tuple[str, str] = ("A", "B"),
    titles: tuple[str, str] | None = None,
    thresholds: tuple[float | None, float | None] = (None, None),
    log: tuple[bool, bool] = (False, False),
    selected: Sequence[int] = (),
    height: int = 520,
) -> go.Figure:
    """Scores of the same runs by two detectors, each of which calls some of them outliers.

    Parameters
    ----------
    first, second : array-like of shape (n_runs,)
        Scores by the one, along x, and by the other, along y.
    outlier : tuple of array-like of bool, each of shape (n_runs,)
        Which runs each of them calls outliers.
    ids : sequence, optional
        Names of the runs.
    names : tuple of str
        What the two are called in the legend.
    titles : tuple of str, optional
        What they are called along the axes; by default as in the legend.
    thresholds : tuple of float or None
        Scores above it are outliers.
    log : tuple of bool
        Which axes are logarithmic, as `wants_log` says.
    selected : sequence of int
        Positions of runs to draw a ring around.
    height : int
        Height in pixels.

    Returns
    -------
    plotly.graph_objects.Figure
        A trace each for the runs that `"neither"`, the `"first"` alone, the `"second"` alone and
        `"both"` call outliers, and `"selected"` for the rings, by `uid` and in this order, empty
        ones too. A marker has its run's id, as text, for `customdata`; of more than 1,000 runs of a
        trace only those are kept that draw the same cloud. The pointer draws a lasso: `within`
        finds all that are inside.
    """
    x, y = (np.asarray(scores, dtype=np.float64) for scores in (first, second))
    titled = [f"score by {plain(title)}" for title in titles or names]
    figure = new_figure(height, *titled).update_layout(uirevision="keep", dragmode="lasso")
    if len(x) == 0:
        return say_empty(figure, "no runs in common")
    runs = range(len(x)) if ids is None else ids
    called = plain(names[0]), plain(names[1])
    told = "".join(f"<br>{n} %{{{axis}:.4g}}" for n, axis in zip(called, "xy", strict=True))
    marks = Markers(figure, x, y, runs, told, log=log)
    for uid, name, marker, of in _groups(outlier, called):
        marks.add(of, uid, name, marker)
    marks.ring(selected)
    for threshold, name, is_horizontal in zip(thresholds, called, (False, True), strict=True):
        add_threshold(figure, threshold, horizontal=is_horizontal, of=f" of {name}")
    figure.update_xaxes(**axis_type(log[0]))
    return figure.update_yaxes(**axis_type(log[1]))


def _groups(
    outlier: tuple[ArrayLike, ArrayLike], names: tuple[str, str]
) -> list[tuple[str, str, dict[str, Any], NDArray[np.bool_]]]:
    """Runs by who calls them outliers, the most frequent first: drawn below the others."""
    a, b = (np.asarray(flags, dtype=bool) for flags in outlier)
    return [
        ("neither", "neither", NORMAL, ~a & ~b),
        ("first", f"only {names[0]}", ONLY_FIRST, a & ~b),
        ("second", f"only {names[1]}", ONLY_SECOND, ~a & b),
        ("both", "both", OUTLIER, a & b),
    ]
