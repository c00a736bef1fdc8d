"""How scores are distributed."""

from __future__ import annotations

from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import ArrayLike, NDArray

from .score_axes import add_threshold, axis_type, finite, wants_log
from .style import BLUE, GREY, GREY_AREA, new_figure, say_empty

N_BINS = (8, 80)


def score_histogram(
    scores: ArrayLike,
    *,
    calibration: ArrayLike | None = None,
    threshold: float | None = None,
    log: bool | None = None,
    height: int = 300,
) -> go.Figure:
    """How scores are distributed: a filled shape for good runs held out, an outline for all scored.

    Parameters
    ----------
    scores : array-like of shape (n_runs,)
        Scores of runs.
    calibration : array-like of shape (n_calibration_runs,), optional
        Scores of good runs that were not trained on.
    threshold : float, optional
        Scores above it are outliers.
    log : bool, optional
        Whether the axis is logarithmic; by default as `wants_log` says.
    height : int
        Height in pixels.

    Returns
    -------
    plotly.graph_objects.Figure
        Both as shares of their runs, in the same bins; logarithmic where `score_chart` is. The
        threshold is its only shape.
    """
    new, good = finite(scores), finite(calibration)
    figure = new_figure(height, "score", "share of runs (%)").update_layout(uirevision="keep")
    if len(new) + len(good) == 0:
        return say_empty(figure, "no runs")
    log = wants_log(new, good, threshold) if log is None else log
    edges = _edges(np.concatenate([new, good]), good if len(good) else new, log)
    if len(good):
        _add_filled(figure, good, edges)
    if len(new):
        _add_outline(figure, new, edges)
    add_threshold(figure, threshold, horizontal=False)
    figure.update_xaxes(**axis_type(log))
    return figure.update_yaxes(rangemode="tozero")


def _edges(
    values: NDArray[np.float64], usual: NDArray[np.float64], log: bool
) -> NDArray[np.float64]:
    """Edges of bins for all values, so narrow that they show how the usual ones lie."""
    if log:
        return 10 ** _edges(np.log10(values), np.log10(usual), log=False)
    low, high = values.min(), values.max()
    if low == high:
        low, high = low - 0.5 * (abs(low) or 1.0), high + 0.5 * (abs(high) or 1.0)
    width = 0.5 * usual.std() or high - low
    n_bins = int(np.clip((high - low) / width, *N_BINS))
    return np.linspace(low, high, n_bins + 1)


def _shares(values: NDArray[np.float64], edges: NDArray[np.float64]) -> tuple[Any, Any]:
    inside = np.clip(values, edges[0], edges[-1])  # rounding puts the lowest outside
    counts = np.histogram(inside, edges)[0]
    return counts, 100 * counts / len(values)


def _add_filled(figure: go.Figure, values: NDArray[np.float64], edges: NDArray[np.float64]) -> None:
    counts, shares = _shares(values, edges)
    figure.add_scatter(
        x=np.repeat(edges, 2)[1:-1],
        y=np.repeat(shares, 2),
        mode="lines",
        line={"color": GREY, "width": 1},
        fill="tozeroy",
        fillcolor=GREY_AREA,
        fillpattern={"shape": "/", "size": 6, "fgcolor": GREY, "fgopacity": 0.6},
        uid="held-out",  # in the name of its hatching, too: a blank there makes it black
        name=f"good runs held out ({len(values):,})",
        text=[f"{c:,} of {len(values):,}" for c in np.repeat(counts, 2)],
        hovertemplate="held out: %{text} runs (%{y:.1f} %)<extra></extra>",
    )


def _add_outline(
    figure: go.Figure, values: NDArray[np.float64], edges: NDArray[np.float64]
) -> None:
    counts, shares = _shares(values, edges)
    closed = np.concatenate([[0.0], np.repeat(shares, 2), [0.0]])
    figure.add_scatter(
        x=np.repeat(edges, 2),
        y=closed,
        mode="lines",
        line={"color": BLUE, "width": 2.5},
        uid="new",
        name=f"scored runs ({len(values):,})",
        text=["", *[f"{c:,} of {len(values):,}" for c in np.repeat(counts, 2)], ""],
        hovertemplate="here: %{text} runs (%{y:.1f} %)<extra></extra>",
    )
