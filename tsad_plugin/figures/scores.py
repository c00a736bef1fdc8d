"""Scores of runs: one by one, and how they are distributed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from numpy.typing import ArrayLike, NDArray

from .style import (
    BLUE,
    GREY,
    GREY_AREA,
    LIMIT,
    MAX_MARKERS,
    NORMAL,
    OUTLIER,
    new_figure,
    plain,
    say_empty,
    small,
    thinned,
)

# From this multiple of the usual scores on, the highest one would press all others to the floor.
LOG_FROM = 10.0
MAX_NAMED = 25  # runs whose ids fit below the axis
SIGMAS = (3, 2, 1)
N_BINS = (8, 80)
TINY = 1e-9  # a threshold of which no score is a sensible multiple


def score_chart(
    scores: ArrayLike,
    *,
    outlier: ArrayLike | None = None,
    ids: Sequence[Any] | None = None,
    labels: Sequence[Any] | None = None,
    calibration: ArrayLike | None = None,
    threshold: float | None = None,
    height: int = 380,
) -> go.Figure:
    """Scores of all runs in their order, over mean ± 1, 2, 3 σ of the calibration scores.

    Parameters
    ----------
    scores : array-like of shape (n_runs,)
        Score of each run.
    outlier : array-like of bool, shape (n_runs,), optional
        Which runs are outliers: drawn as diamonds, with their rank beside the first ten.
    ids, labels : sequence, optional
        Name of each run, and what is known of it; shown under the pointer.
    calibration : array-like of shape (n_calibration_runs,), optional
        Scores of good runs that were not trained on; their mean and σ make the bands.
    threshold : float, optional
        Scores above it are outliers.
    height : int
        Height in pixels.

    Returns
    -------
    plotly.graph_objects.Figure
        Of more than 2,000 normal runs only those that draw the same cloud are kept. The axis is
        logarithmic where the highest score is more than ten times the usual.
    """
    values = np.asarray(scores, dtype=np.float64)
    figure = new_figure(height, "run (in the order of the data)", "score")
    if len(values) == 0:
        return say_empty(figure, "no runs")
    is_outlier = np.zeros(len(values), bool) if outlier is None else np.asarray(outlier, bool)
    good = _finite(calibration)
    log = wants_log(values, good, threshold)
    _add_bands(figure, good, len(values), min(values.min(), good.min(initial=np.inf)) if log else 0)
    names = list(range(len(values))) if ids is None else list(ids)
    texts = _hover_texts(values, names, labels, threshold)
    _add_runs(figure, values, is_outlier, texts)
    _add_threshold(figure, threshold, horizontal=True)
    figure.update_yaxes(rangemode="tozero", **axis_type(log))
    figure.update_xaxes(range=[0.5, len(values) + 0.5], showgrid=False)
    if len(values) <= MAX_NAMED and ids is not None:
        places, named = list(range(1, len(values) + 1)), [plain(name, 16) for name in names]
        figure.update_xaxes(tickvals=places, ticktext=named, title_text="run")
    return figure


def axis_type(log: bool) -> dict[str, Any]:
    """Logarithmic with 1, 2 and 5 of each decade named, or linear."""
    return {"type": "log", "dtick": "D2"} if log else {"type": "linear"}


def _finite(values: ArrayLike | None) -> NDArray[np.float64]:
    array = np.asarray([] if values is None else values, dtype=np.float64)
    return array[np.isfinite(array)]


def wants_log(
    scores: NDArray[np.float64], calibration: NDArray[np.float64], threshold: float | None
) -> bool:
    """Whether scores (n_runs,) show only on a logarithmic axis; none can below or at 0."""
    if len(scores) == 0 or min(scores.min(), calibration.min(initial=np.inf)) <= 0:
        return False
    usual = [np.median(scores), calibration.max(initial=0.0), threshold or 0.0]
    return bool(scores.max() > LOG_FROM * max(usual))


def _add_bands(figure: go.Figure, good: NDArray[np.float64], n_runs: int, floor: float) -> None:
    """Mean ± kσ of good runs; `floor` is where the axis begins."""
    if len(good) < 2:
        return
    mean, sigma, ends = good.mean(), good.std(ddof=1), [0.5, n_runs + 0.5]
    for k in SIGMAS:
        low, high = max(mean - k * sigma, floor), mean + k * sigma
        figure.add_scatter(
            x=[*ends, *ends[::-1]],
            y=[low, low, high, high],
            fill="toself",
            fillcolor=f"rgba(86, 180, 233, {0.52 - 0.14 * k:.2f})",
            line={"width": 0},
            mode="lines",
            name=f"± {k}σ",
            legendrank=1010 + k,
            hoverinfo="skip",
        )
    figure.add_scatter(
        x=ends,
        y=[mean, mean],
        mode="lines",
        line={"color": BLUE, "width": 1.5, "dash": "dot"},
        name="mean of good runs",
        legendrank=1010,
        hovertemplate="mean of good runs: %{y:.3g}<extra></extra>",
    )


def _hover_texts(
    scores: NDArray[np.float64],
    names: Sequence[Any],
    labels: Sequence[Any] | None,
    threshold: float | None,
) -> list[str]:
    has_times = threshold is not None and threshold > TINY
    times = [f" ({s / threshold:.2f} × threshold)" if has_times else "" for s in scores]
    known = [""] * len(scores) if labels is None else [_label(label) for label in labels]
    return [
        f"<b>{plain(name)}</b><br>score {score:.3g}{relative}{label}"
        for name, score, relative, label in zip(names, scores, times, known, strict=True)
    ]


def _label(label: Any) -> str:
    return "" if np.any(pd.isna(label)) else f"<br>label: {plain(label)}"


def _add_runs(
    figure: go.Figure,
    scores: NDArray[np.float64],
    is_outlier: NDArray[np.bool_],
    texts: list[str],
) -> None:
    normal, outliers = np.flatnonzero(~is_outlier), np.flatnonzero(is_outlier)
    shown = normal[thinned(scores[normal], MAX_MARKERS)]
    hidden = "" if len(shown) == len(normal) else f", {len(shown):,} of {len(normal):,} shown"
    _add_markers(figure, scores, shown, texts, f"normal run{hidden}", marker=NORMAL)
    worst = outliers[np.argsort(-scores[outliers], kind="stable")][:MAX_MARKERS]
    ranks = [str(rank) if rank <= 10 else "" for rank in range(1, len(worst) + 1)]
    _add_markers(
        figure,
        scores,
        worst,
        texts,
        "outlier, with its rank",
        marker=OUTLIER,
        text=ranks,
        mode="markers+text",
        textposition="top center",
    )


def _add_markers(
    figure: go.Figure,
    scores: NDArray[np.float64],
    at: NDArray[np.intp],
    texts: list[str],
    name: str,
    **style: Any,
) -> None:
    if len(at):
        figure.add_scatter(
            x=(at + 1).astype(np.int32),
            y=small(scores[at]),
            customdata=[texts[i] for i in at],
            hovertemplate="%{customdata}<extra></extra>",
            name=name,
            **{"mode": "markers", "cliponaxis": False, **style},
        )


def _add_threshold(figure: go.Figure, threshold: float | None, *, horizontal: bool) -> None:
    if threshold is None or not np.isfinite(threshold):
        return
    line = {"line": LIMIT, "name": f"threshold {threshold:.3g}", "showlegend": True}
    if horizontal:
        figure.add_hline(threshold, **line)
    else:
        figure.add_vline(threshold, **line)


def score_histogram(
    scores: ArrayLike,
    *,
    calibration: ArrayLike | None = None,
    threshold: float | None = None,
    height: int = 300,
) -> go.Figure:
    """How scores are distributed: a filled shape for good runs held out, an outline for new ones.

    Parameters
    ----------
    scores : array-like of shape (n_runs,)
        Scores of new runs.
    calibration : array-like of shape (n_calibration_runs,), optional
        Scores of good runs that were not trained on.
    threshold : float, optional
        Scores above it are outliers.
    height : int
        Height in pixels.

    Returns
    -------
    plotly.graph_objects.Figure
        Both as shares of their runs, in the same bins; logarithmic where `score_chart` is.
    """
    new, good = _finite(scores), _finite(calibration)
    figure = new_figure(height, "score", "share of runs (%)")
    if len(new) + len(good) == 0:
        return say_empty(figure, "no runs")
    log = wants_log(new, good, threshold)
    edges = _edges(np.concatenate([new, good]), good if len(good) else new, log)
    if len(good):
        _add_filled(figure, good, edges)
    if len(new):
        _add_outline(figure, new, edges)
    _add_threshold(figure, threshold, horizontal=False)
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
        name=f"new runs ({len(values):,})",
        text=["", *[f"{c:,} of {len(values):,}" for c in np.repeat(counts, 2)], ""],
        hovertemplate="here: %{text} runs (%{y:.1f} %)<extra></extra>",
    )
