"""One number of each run, over the calendar or in the order of the data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from numpy.typing import ArrayLike, NDArray

from .limits import add_limits
from .markers import Markers
from .score_axes import axis_type, finite
from .style import (
    GREEN,
    MAX_POINTS,
    NORMAL,
    OUTLIER,
    counting,
    evenly,
    new_figure,
    plain,
    say_empty,
    small,
)
from .times import compact

SIGMAS = 3.0
LEAST, MOST = 5, 101  # runs of a rolling median


def summary_chart(
    values: ArrayLike,
    *,
    title: str,
    ids: Sequence[str],
    starts: ArrayLike | None = None,
    outlier: ArrayLike | None = None,
    selected: Sequence[int] = (),
    good: ArrayLike | None = None,
    log: bool = False,
    height: int = 380,
) -> go.Figure:
    """One number of each run over its start, with how it drifts and how good runs lie.

    Parameters
    ----------
    values : array-like of shape (n_runs,)
        The number; runs where it is NaN are left out.
    title : str
        What it is, with its unit.
    ids : sequence of str
        Names of the runs.
    starts : array-like of datetime64, shape (n_runs,), optional
        When each run started; by default they stand in the order of the data.
    outlier : array-like of bool, shape (n_runs,), optional
        Which runs are outliers: drawn as diamonds.
    selected : sequence of int
        Positions of runs to draw a ring around.
    good : array-like of shape (n_good_runs,), optional
        The same number of good runs, for mean ± 3σ.
    log : bool
        Whether the axis is logarithmic.
    height : int
        Height in pixels.

    Returns
    -------
    plotly.graph_objects.Figure
        Of more than 1,000 markers of a kind only those that draw the same cloud are kept: who asks
        what a lasso holds looks at its corners, too. Markers give back the run's name as
        `customdata`; traces have the `uid` `"normal"`, `"outlier"`, `"selected"` and `"median"`.
        The median rolls over a twentieth of the runs, at least 5 and at most 101.
    """
    numbers = np.asarray(values, dtype=np.float64)
    x_title = "run (in the order of the data)" if starts is None else "start of the run"
    figure = new_figure(height, x_title, plain(title)).update_yaxes(**axis_type(log))
    if not np.isfinite(numbers).any():
        return say_empty(figure, "no run has a value")
    x = np.arange(1, len(numbers) + 1) if starts is None else compact(np.asarray(starts))
    figure.update_xaxes(counting(len(numbers)) if starts is None else {})
    flagged = np.zeros(len(numbers), bool) if outlier is None else np.asarray(outlier, bool)
    told = f"<br>{plain(title)}: %{{y:.4g}}"
    marks = Markers(figure, x, numbers, ids, told, log=(False, log), keep=False)
    marks.add(~flagged, "normal", "normal run", NORMAL)
    marks.add(flagged, "outlier", "outlier", OUTLIER)
    marks.ring(selected)
    _add_median(figure, x, numbers)
    usual = finite(good)
    if len(usual) > 1:
        with np.errstate(over="ignore"):  # squares of the largest numbers
            mean, sigma = float(usual.mean()), float(usual.std(ddof=1))
        names = f"mean of good runs {mean:.4g}", f"good runs, mean ± {SIGMAS:g}σ"
        add_limits(figure, mean, sigma, SIGMAS, names=names)
    # What a lasso drew goes away as soon as rings show what is selected.
    shown = figure.layout.yaxis.title.text
    drawn = ",".join(map(str, selected))
    return figure.update_layout(uirevision=shown, selectionrevision=f"{shown} {drawn}")


def _add_median(figure: go.Figure, x: NDArray[Any], y: NDArray[np.float64]) -> None:
    """How the usual number drifts, where there are enough runs to tell."""
    order = np.flatnonzero(np.isfinite(y))
    order = order[np.argsort(x[order], kind="stable")]
    width = int(np.clip(len(order) // 20, LEAST, MOST)) // 2 * 2 + 1
    if len(order) < width:
        return
    rolled = pd.Series(y[order]).rolling(width, center=True, min_periods=width // 2 + 1).median()
    kept = evenly(len(order), MAX_POINTS)
    figure.add_scatter(
        x=x[order[kept]],
        y=small(rolled.to_numpy()[kept]),
        mode="lines",
        line={"color": GREEN, "width": 2.5},
        name=f"median of {width} runs",
        uid="median",
        hoverinfo="skip",
    )
