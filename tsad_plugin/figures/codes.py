"""Runs as points of a map: those that lie close together are alike."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import plotly.graph_objects as go
from numpy.typing import ArrayLike, NDArray

from .scores import RING
from .style import GREEN, NORMAL, OUTLIER, new_figure, plain, say_empty, small

MOST_SVG = 5000  # markers, beyond which a browser draws them by WebGL
PALE = 0.15  # opacity of what is not selected
NEW = {"color": GREEN, "symbol": "triangle-up", "size": 8}
OUTLIERS = ("outlier", OUTLIER)
NEAREST = RING | {"symbol": "square-open", "size": 15}


class Parts(NamedTuple):
    """The runs of a map by the traces they stand in: positions (n,) of those in each."""

    normal: NDArray[np.intp]
    outlier: NDArray[np.intp]

    @classmethod
    def of(cls, outlier: ArrayLike) -> Parts:
        """Part runs (n_runs,) by whether they are outliers."""
        flagged = np.asarray(outlier, dtype=bool)
        return cls(np.flatnonzero(~flagged), np.flatnonzero(flagged))

    def selected(self, positions: Sequence[int] | NDArray[np.intp]) -> dict[str, Any]:
        """By trace, the places in it of runs at these positions; None where nothing is selected.

        Traces that cannot be selected are among them: they fade where others are.
        """
        if len(positions) == 0:
            return dict.fromkeys(("training", *self._fields))
        found = {uid: np.flatnonzero(np.isin(part, positions)) for uid, part in self._named()}
        return {"training": [], **{uid: places.tolist() for uid, places in found.items()}}

    def _named(self) -> Any:
        return zip(self._fields, self, strict=True)


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
    selected: Sequence[int] = (),
    chosen: int | None = None,
    nearest: Sequence[int] = (),
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
        Their names, for the pointer to tell.
    learned_from : bool
        Whether the runs themselves are those that were learned from.
    shares : sequence of float
        Share of the variance of each axis, from 0 to 1; said beside its name.
    axes : tuple of int
        Which axes are drawn to the right and up, counted from 0.
    selected : sequence of int
        Positions of runs that stand out while all others fade; where there are none, none fades.
    chosen : int, optional
        Position of a run to draw a ring around.
    nearest : sequence of int
        Positions of its neighbours, each in a square.
    height : int
        Height in pixels.

    Returns
    -------
    plotly.graph_objects.Figure
        Traces have a `uid` and stand in one order, also where they are empty: `"training"`,
        `"normal"`, `"outlier"`, `"nearest"`, `"chosen"`. A marker of the second and third has its
        run's id, as text, for `customdata`. More than 5,000 markers are drawn by WebGL.
    """
    points = np.asarray(places, dtype=np.float64)
    figure = new_figure(height, *(_axis_title(axis, shares) for axis in axes))
    figure.update_layout(uirevision=str(axes), dragmode="lasso")
    if len(points) == 0:
        return say_empty(figure, "no runs")
    if max(axes) >= points.shape[1]:
        return say_empty(figure, "the runs do not differ along this axis")
    flagged = np.zeros(len(points), bool) if outlier is None else np.asarray(outlier, bool)
    others = np.empty((0, points.shape[1])) if training is None else np.asarray(training)
    parts, told = Parts.of(flagged), _told(ids, scores)
    gl = len(points) + len(others) > MOST_SVG
    map_ = _Map(figure, list(axes), gl, parts.selected(selected))
    map_.add(others, "training", "training run", NORMAL, _told(training_ids or ()))
    normal = ("training run", NORMAL) if learned_from else ("new run", NEW)
    for uid, part, (name, marker) in zip(parts._fields, parts, (normal, OUTLIERS), strict=True):
        names = [str(ids[i]) for i in part]
        map_.add(points[part], uid, name, marker, told[part], names)
    map_.mark(points[list(nearest)], "nearest", "nearest runs", NEAREST)
    map_.mark(points[[] if chosen is None else [chosen]], "chosen", "chosen run", RING)
    return figure


def _axis_title(axis: int, shares: Sequence[float]) -> str:
    share = f" ({shares[axis]:.0%} of the variance)" if axis < len(shares) else ""
    return f"PC{axis + 1}{share}"


def _told(ids: Sequence[Any], scores: ArrayLike | None = None) -> NDArray[np.object_]:
    """What the pointer tells of runs (n,)."""
    names = (f"<b>{plain(run)}</b>" for run in ids)
    if scores is not None:
        lines = zip(names, np.asarray(scores, dtype=np.float64).tolist(), strict=True)
        names = (f"{name}<br>score {score:.3g}" for name, score in lines)
    return np.fromiter(names, dtype=object)


class _Map(NamedTuple):
    """What every trace of markers is made of."""

    figure: go.Figure
    axes: list[int]
    gl: bool
    selected: dict[str, Any]

    def add(
        self,
        points: NDArray[np.float64],
        uid: str,
        name: str,
        marker: dict[str, Any],
        told: NDArray[np.object_],
        ids: Sequence[str] | None = None,
    ) -> None:
        """Draw runs; those with ids can be selected."""
        kind = go.Scattergl if self.gl else go.Scatter
        self.figure.add_trace(
            kind(
                **self._at(points, uid),
                marker=marker,
                customdata=ids,
                hovertext=told,
                hovertemplate=f"%{{hovertext}}<extra>{name}</extra>",
                name=f"{name} ({len(points):,})",
                selectedpoints=self.selected[uid],
                selected={"marker": {"opacity": 1}},
                unselected={"marker": {"opacity": PALE}},
                showlegend=len(points) > 0,
            )
        )

    def mark(
        self, points: NDArray[np.float64], uid: str, name: str, marker: dict[str, Any]
    ) -> None:
        """Draw signs around runs; without the pointer's attention they leave clicks to these."""
        self.figure.add_scatter(
            **self._at(points, uid),
            marker=marker,
            hoverinfo="skip",
            name=name,
            unselected={"marker": {"opacity": 1}},
            showlegend=len(points) > 0,
        )

    def _at(self, points: NDArray[np.float64], uid: str) -> dict[str, Any]:
        x, y = (small(points[:, axis]) for axis in self.axes)
        return {"x": x, "y": y, "uid": uid, "mode": "markers"}
