"""Runs as points of a map: those that lie close together are alike."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import plotly.graph_objects as go
from numpy.typing import ArrayLike, NDArray

from .markers import RING, Markers
from .style import GREEN, NORMAL, OUTLIER, new_figure, say_empty

TOP = 68  # pixels above the map: two lines of a legend
MOST_RUNS = 700  # of a kind, of which there are more than in other charts: a lasso is to be quick
TRAINING = "training", "training run", NORMAL
NEW = {"color": GREEN, "symbol": "triangle-up", "size": 8}
NEAREST = RING | {"symbol": "square-open", "size": 15}
CHOSEN = RING | {"symbol": "star-open", "size": 22}


class Marked(NamedTuple):
    """Which runs of a map stand out, by their positions.

    Attributes
    ----------
    selected : sequence of int
        Runs to draw a ring around.
    chosen : int or None
        A run to draw a star around.
    nearest : sequence of int
        Its neighbours, each in a square.
    """

    selected: Sequence[int] = ()
    chosen: int | None = None
    nearest: Sequence[int] = ()


NONE = Marked()


def code_map(
    places: ArrayLike,
    *,
    ids: Sequence[Any],
    outlier: ArrayLike | None = None,
    scores: ArrayLike | None = None,
    training: ArrayLike | None = None,
    training_ids: Sequence[Any] | None = None,
    learned_from: bool = False,
    shares: Sequence[float] = (),
    axes: tuple[int, int] = (0, 1),
    marked: Marked = NONE,
    signs_only: bool = False,
    height: int = 520,
) -> go.Figure:
    """Runs as points on two principal axes, told apart by what is known of them.

    Parameters
    ----------
    places : array-like of shape (n_runs, n_axes)
        Where each run lies.
    ids : sequence
        Names of the runs.
    outlier : array-like of bool, shape (n_runs,), optional
        Which runs are outliers: drawn as diamonds.
    scores : array-like of shape (n_runs,), optional
        Score of each run, for the pointer to tell.
    training : array-like of shape (n_training_runs, n_axes), optional
        Runs that were learned from, where they are others than these.
    training_ids : sequence, optional
        Their names, for the pointer to tell; by default it tells none.
    learned_from : bool
        Whether the runs themselves are those that were learned from.
    shares : sequence of float
        Share of the variance of each axis, from 0 to 1; said beside its name.
    axes : tuple of int
        Which axes are drawn to the right and up, counted from 0.
    marked : Marked
        Which of them stand out.
    signs_only : bool
        Whether the traces of the runs are left empty, for a map on which they are drawn already.
    height : int
        Height in pixels.

    Returns
    -------
    plotly.graph_objects.Figure
        Traces have a `uid` and stand in one order, also where they are empty: `"training"`,
        `"normal"`, `"outlier"`, `"selected"`, `"nearest"`, `"chosen"`. A marker of the second and
        third has its run's id, as text, for `customdata`. Of more than 700 runs of a kind only
        those are kept that draw the same cloud.
    """
    points = np.asarray(places, dtype=np.float64)
    figure = new_figure(height, *(_axis_title(axis, shares) for axis in axes))
    figure.update_layout(uirevision=str(axes), dragmode="lasso", margin={"t": TOP})
    if len(points) == 0:
        return say_empty(figure, "no runs")
    if max(axes) >= points.shape[1]:
        return say_empty(figure, "the runs do not differ along this axis")
    flagged = np.zeros(len(points), bool) if outlier is None else np.asarray(outlier, bool)
    is_drawn = np.full(len(points), not signs_only)
    is_empty = training is None or signs_only
    others = np.empty((0, points.shape[1])) if is_empty else np.asarray(training)
    trained = _marks(figure, others, training_ids or [""] * len(others), axes)
    trained.add(np.ones(len(others), bool), *TRAINING, customdata=None, **_told(TRAINING))
    normal = ("normal", *TRAINING[1:]) if learned_from else ("normal", "new run", NEW)
    marks = _marks(figure, points, ids, axes, scores)
    for of, kind in ((~flagged, normal), (flagged, ("outlier", "outlier", OUTLIER))):
        marks.add(of & is_drawn, *kind, **_told(kind))
    marks.ring(marked.selected)
    chosen = [] if marked.chosen is None else [marked.chosen]
    marks.sign(marked.nearest, "nearest", "nearest runs", NEAREST)
    marks.sign(chosen, "chosen", "chosen run", CHOSEN)
    return figure.update_traces(name="chosen run", selector={"uid": "chosen"})  # one is not counted


def _axis_title(axis: int, shares: Sequence[float]) -> str:
    share = f" ({shares[axis]:.0%} of the variance)" if axis < len(shares) else ""
    return f"PC{axis + 1}{share}"


def _marks(
    figure: go.Figure,
    places: NDArray[Any],
    ids: Sequence[Any],
    axes: tuple[int, int],
    scores: ArrayLike | None = None,
) -> Markers:
    x, y = (places[:, axis] for axis in axes)
    told = None if scores is None else np.asarray(scores)
    tell = None if told is None else lambda at: [f"<br>score {s:.3g}" for s in told[at].tolist()]
    return Markers(figure, x, y, ids, tell=tell, most=MOST_RUNS)


def _told(kind: tuple[str, str, dict[str, Any]]) -> dict[str, Any]:
    """How the pointer calls runs of a kind."""
    return {"hovertemplate": f"%{{hovertext}}<extra>{kind[1]}</extra>"}
