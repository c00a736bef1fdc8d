"""How lengths of runs are distributed, and which are so unusual that they were left out."""

from __future__ import annotations

from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import ArrayLike, NDArray

from .histogram import steps
from .limits import add_limits
from .style import BLUE, GREEN, VERMILLION, new_figure, say_empty

N_BINS = 40


def length_histogram(
    training: ArrayLike,
    *,
    trained_on: ArrayLike | None = None,
    length_sigma: float | None = 2.0,
    new: ArrayLike | None = None,
    height: int = 320,
) -> go.Figure:
    """How lengths are distributed: bars of training runs, an outline for others.

    Parameters
    ----------
    training : array-like of shape (n_training_runs,)
        Timesteps of each run that was given to `fit`.
    trained_on : array-like of bool, shape (n_training_runs,), optional
        False for those that were left out; hatched bars on top of the others.
    length_sigma : float or None
        Half width of the limits in standard deviations; None draws none.
    new : array-like of shape (n_runs,), optional
        Timesteps of other runs.
    height : int
        Height in pixels.

    Returns
    -------
    plotly.graph_objects.Figure
        Shares of the training runs and of the others, in the same bins.
    """
    lengths, others = np.asarray(training), np.asarray([] if new is None else new)
    figure = new_figure(height, "length (timesteps)", "share of runs (%)")
    if len(lengths) + len(others) == 0:
        return say_empty(figure, "no runs")
    edges = _edges(np.concatenate([lengths, others]))
    if len(lengths):
        kept = np.ones(len(lengths), bool) if trained_on is None else np.asarray(trained_on, bool)
        _add_bars(figure, edges, lengths[kept], len(lengths), "trained on", BLUE, "")
        _add_bars(figure, edges, lengths[~kept], len(lengths), "left out", VERMILLION, "/")
        mean, sigma = float(lengths.mean()), float(lengths.std())
        add_limits(figure, mean, sigma, length_sigma, horizontal=False)
    if len(others):
        _add_outline(figure, edges, others)
    figure.update_layout(barmode="stack", bargap=0, legend_traceorder="normal")
    return figure.update_yaxes(rangemode="tozero")


def _edges(lengths: NDArray[Any]) -> NDArray[np.float64]:
    """Between whole timesteps: so many a bin that there are at most `N_BINS`."""
    low, high = int(lengths.min()), int(lengths.max())
    width = -(-(high - low + 1) // N_BINS)
    return np.arange(low, high + width + 1, width).astype(np.float64) - 0.5


def _add_bars(
    figure: go.Figure,
    edges: NDArray[np.float64],
    lengths: NDArray[Any],
    n_runs: int,
    name: str,
    color: str,
    hatching: str,
) -> None:
    if len(lengths) == 0:
        return
    counts = np.histogram(lengths, edges)[0]
    figure.add_bar(
        x=(edges[:-1] + edges[1:]) / 2,
        y=100 * counts / n_runs,
        width=edges[1] - edges[0],
        marker={"color": color, "pattern": {"shape": hatching}, "line": {"width": 0}},
        name=f"{name} ({len(lengths):,})",
        uid=name.replace(" ", "-"),  # in the name of its hatching, where a blank makes it black
        text=[f"{count:,}" for count in counts],
        textposition="none",
        hovertemplate=f"about %{{x:.0f}} timesteps, {name}: %{{text}} runs (%{{y:.1f}} %)"
        "<extra></extra>",
    )


def _add_outline(figure: go.Figure, edges: NDArray[np.float64], lengths: NDArray[Any]) -> None:
    x, counts = steps(edges, np.histogram(lengths, edges)[0])
    figure.add_scatter(
        x=x,
        y=100 * counts / len(lengths),
        mode="lines",
        line={"color": GREEN, "width": 2.5},
        name=f"new runs ({len(lengths):,})",
        uid="new",
        text=[f"{count:,}" for count in counts],
        hovertemplate="new: %{text} runs (%{y:.1f} %)<extra></extra>",
    )
