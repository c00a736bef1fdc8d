"""Runs as points of a map: those that lie close together are alike."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import plotly.graph_objects as go
from numpy.typing import ArrayLike, NDArray

from .scores import RING
from .style import GREEN, NORMAL, OUTLIER, cloud, new_figure, plain, say_empty, small

TOP = 68  # pixels above the map: two lines of a legend
MOST_RUNS = 700  # of a kind: a lasso gives each of them another opacity
PALE = 0.3  # opacity of what is not selected
NEW = {"color": GREEN, "symbol": "triangle-up", "size": 8}
NEAREST = RING | {"symbol": "square-open", "size": 15}


class Marked(NamedTuple):
    """Which runs of a map stand out.

    Attributes
    ----------
    selected : sequence of int
        Positions of runs, while all others fade; where there are none, none fades.
    chosen : int or None
        Position of a run to draw a ring around.
    nearest : sequence of int
        Positions of its neighbours, each in a square.
    """

    selected: Sequence[int] = ()
    chosen: int | None = None
    nearest: Sequence[int] = ()

    def changes(
        self, places: NDArray[Any], outlier: NDArray[np.bool_], axes: tuple[int, int] = (0, 1)
    ) -> list[dict[str, Any]]:
        """What it changes of each trace of `code_map`, in their order."""
        parts = (_drawn(places, axes, of) for of in (~outlier, outlier))
        found = [np.flatnonzero(np.isin(part, self.selected)).tolist() for part in parts]
        chosen = [] if self.chosen is None else [self.chosen]
        signs = [_at(places[list(runs)], axes) for runs in (self.nearest, chosen)]
        is_any = len(self.selected) > 0
        return [{"selectedpoints": part if is_any else None} for part in ([], *found)] + signs


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
    height : int
        Height in pixels.

    Returns
    -------
    plotly.graph_objects.Figure
        Traces have a `uid` and stand in one order, also where they are empty: `"training"`,
        `"normal"`, `"outlier"`, `"nearest"`, `"chosen"`. A marker of the second and third has its
        run's id, as text, for `customdata`. Of more than 700 runs of a kind only those are kept
        that draw the same cloud.
    """
    points = np.asarray(places, dtype=np.float64)
    figure = new_figure(height, *(_axis_title(axis, shares) for axis in axes))
    figure.update_layout(uirevision=str(axes), dragmode="lasso", margin={"t": TOP})
    if len(points) == 0:
        return say_empty(figure, "no runs")
    if max(axes) >= points.shape[1]:
        return say_empty(figure, "the runs do not differ along this axis")
    flagged = np.zeros(len(points), bool) if outlier is None else np.asarray(outlier, bool)
    others = np.empty((0, points.shape[1])) if training is None else np.asarray(training)
    map_, every = _Map(figure, axes), np.ones(len(others), bool)
    map_.add(
        others, every, ("training", "training run", NORMAL), training_ids or [""] * len(others)
    )
    normal = ("normal", "training run", NORMAL) if learned_from else ("normal", "new run", NEW)
    for of, look in ((~flagged, normal), (flagged, ("outlier", "outlier", OUTLIER))):
        map_.add(points, of, look, ids, scores)
    map_.sign("nearest", "nearest runs", NEAREST)
    map_.sign("chosen", "chosen run", RING)
    for trace, change in zip(figure.data, marked.changes(points, flagged, axes), strict=True):
        trace.update(change)
    return figure


def _axis_title(axis: int, shares: Sequence[float]) -> str:
    share = f" ({shares[axis]:.0%} of the variance)" if axis < len(shares) else ""
    return f"PC{axis + 1}{share}"


def _drawn(places: NDArray[Any], axes: tuple[int, int], of: NDArray[np.bool_]) -> NDArray[np.intp]:
    """Positions of the runs of a kind (n,) that are drawn."""
    kind = np.flatnonzero(of)
    x, y = (places[kind, axis] for axis in axes)
    return kind[cloud(x, y, MOST_RUNS)]


def _at(points: NDArray[Any], axes: tuple[int, int]) -> dict[str, Any]:
    x, y = (small(points[:, axis]) for axis in axes)
    return {"x": x, "y": y}


class _Map(NamedTuple):
    """What every trace of markers is made of."""

    figure: go.Figure
    axes: tuple[int, int]

    def add(
        self,
        places: NDArray[Any],
        of: NDArray[np.bool_],
        look: tuple[str, str, dict[str, Any]],
        ids: Sequence[Any],
        scores: ArrayLike | None = None,
    ) -> None:
        """Draw runs of a kind."""
        at, (uid, name, marker) = _drawn(places, self.axes, of), look
        n = int(of.sum())
        self.figure.add_scatter(
            **_at(places[at], self.axes),
            mode="markers",
            marker=marker,
            customdata=None if uid == "training" else [str(ids[i]) for i in at],
            hovertext=_told(
                [ids[i] for i in at], None if scores is None else np.asarray(scores)[at]
            ),
            hovertemplate=f"%{{hovertext}}<extra>{name}</extra>",
            name=f"{name} ({f'{len(at):,} of ' if len(at) < n else ''}{n:,})",
            selected={"marker": {"opacity": 1}},
            unselected={"marker": {"opacity": PALE}},
            showlegend=n > 0,
            uid=uid,
        )

    def sign(self, uid: str, name: str, marker: dict[str, Any]) -> None:
        """Room for signs around runs; the pointer goes through them to these."""
        kept = {"marker": {"opacity": 1}}
        self.figure.add_scatter(
            mode="markers", marker=marker, hoverinfo="skip", name=name, unselected=kept, uid=uid
        )


def _told(ids: Sequence[Any], scores: NDArray[Any] | None) -> list[str]:
    """What the pointer tells of runs."""
    names = [f"<b>{plain(run)}</b>" for run in ids]
    if scores is None:
        return names
    return [f"{n}<br>score {s:.3g}" for n, s in zip(names, scores.tolist(), strict=True)]
