"""Where two detectors agree: the scores of the same runs by both."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from numpy.typing import ArrayLike, NDArray

from .score_axes import add_threshold, axis_type
from .style import (
    BLACK,
    GREEN,
    MAX_MARKERS,
    NORMAL,
    OCHRE,
    OUTLIER,
    new_figure,
    plain,
    say_empty,
    small,
)

GRIDS = (150, 100, 70, 50, 31)  # cells along an axis: in the end fewer than the markers
EDGE = {"color": BLACK, "width": 1}
ONLY_FIRST = {"color": OCHRE, "symbol": "triangle-right", "size": 11, "line": EDGE}
ONLY_SECOND = {"color": GREEN, "symbol": "triangle-up", "size": 11, "line": EDGE}
RING = {"color": BLACK, "symbol": "circle-open", "size": 13, "line": {"width": 1.2}}


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
    selected: Collection[str] = (),
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
    selected : collection of str
        Ids of runs to draw a ring around.
    height : int
        Height in pixels.

    Returns
    -------
    plotly.graph_objects.Figure
        A trace each for the runs that `"neither"`, the `"first"` alone, the `"second"` alone and
        `"both"` call outliers, and `"selected"` for the rings, by `uid` and in this order, empty
        ones too. A marker has its run's id, as text, for `customdata`; of more than 1,000 runs of a
        trace those are left out that lie under others, see `stand_ins`. A lasso is what the pointer
        draws.
    """
    x, y = (np.asarray(scores, dtype=np.float64) for scores in (first, second))
    along = [f"score by {plain(title)}" for title in titles or names]
    figure = new_figure(height, *along).update_layout(uirevision="keep", dragmode="lasso")
    if len(x) == 0:
        return say_empty(figure, "no runs in common")
    runs = np.array([str(i) for i in (range(len(x)) if ids is None else ids)], dtype=object)
    called = plain(names[0]), plain(names[1])
    drawn = np.zeros(len(x), bool)
    drawn[stand_ins(x, y, outlier=outlier, log=log)] = True
    cloud = _Cloud(figure, x, y, runs, called)
    for uid, name, marker, mask in _groups(outlier, called):
        cloud.add(mask & drawn, uid, _counted(name, mask, drawn), marker=marker)
    # Without the pointer's attention rings leave it to the runs inside.
    ring = {"marker": RING, "hoverinfo": "skip", "hovertemplate": None, "hovertext": None}
    cloud.add(drawn & pd.Index(runs).isin(list(selected)), "selected", "selected", **ring)
    for threshold, name, is_horizontal in zip(thresholds, called, (False, True), strict=True):
        add_threshold(figure, threshold, horizontal=is_horizontal, of=f" of {name}")
    figure.update_xaxes(**axis_type(log[0]))
    return figure.update_yaxes(**axis_type(log[1]))


def stand_ins(
    first: ArrayLike,
    second: ArrayLike,
    *,
    outlier: tuple[ArrayLike, ArrayLike],
    log: tuple[bool, bool] = (False, False),
) -> NDArray[np.intp]:
    """Which run `score_agreement` draws for each: itself, or one beside it that hides it.

    Parameters
    ----------
    first, second, outlier, log
        As in `score_agreement`.

    Returns
    -------
    ndarray of int, shape (n_runs,)
        Positions. Who draws around a marker means all runs that it stands for.
    """
    x, y = (
        np.log(scores) if is_log else np.asarray(scores, dtype=np.float64)
        for scores, is_log in zip((first, second), log, strict=True)
    )
    found = np.arange(len(x))
    for *_, mask in _groups(outlier, ("", "")):
        at = np.flatnonzero(mask)
        found[at] = at[_first_of_cells(x[at], y[at])]
    return found


def _first_of_cells(x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.intp]:
    """For each point the first that lies in the same cell of a grid; for few points themselves."""
    if len(x) <= MAX_MARKERS:
        return np.arange(len(x))
    for n in GRIDS:
        cells = n * _cell(x, n) + _cell(y, n)
        _, first, which = np.unique(cells, return_index=True, return_inverse=True)
        if len(first) <= MAX_MARKERS:
            break
    return first[which]


def _cell(values: NDArray[np.float64], n: int) -> NDArray[np.intp]:
    span = np.ptp(values) or 1.0
    return np.minimum(n * (values - values.min()) / span, n - 1).astype(np.intp)


def _counted(name: str, mask: NDArray[np.bool_], drawn: NDArray[np.bool_]) -> str:
    n, shown = int(mask.sum()), int((mask & drawn).sum())
    return f"{name} ({n:,})" if shown == n else f"{name} ({n:,}, {shown:,} drawn)"


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


class _Cloud(NamedTuple):
    """What every trace of markers is made of; each array is of shape (n_runs,)."""

    figure: go.Figure
    x: NDArray[np.float64]
    y: NDArray[np.float64]
    ids: NDArray[np.object_]
    names: tuple[str, str]

    def add(self, mask: NDArray[np.bool_], uid: str, name: str, **style: Any) -> None:
        """Draw some of the runs."""
        scores = "<br>".join(f"{n} %{{{at}:.4g}}" for n, at in zip(self.names, "xy", strict=True))
        told = {
            "hovertext": [plain(run) for run in self.ids[mask]],
            "hovertemplate": f"<b>%{{hovertext}}</b><br>{scores}<extra></extra>",
        }
        place = {"x": small(self.x[mask]), "y": small(self.y[mask]), "customdata": self.ids[mask]}
        look = {"mode": "markers", "uid": uid, "name": name}
        self.figure.add_scatter(**look, **place, **{**told, **style})
