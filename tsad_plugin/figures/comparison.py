"""Detectors compared: who ranks where, and how sure that is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from .maps import distinct
from .style import BLACK, BLUE, NAME, NORMAL, new_figure, plain, say_empty

# Pixels of the critical-difference diagram: its axis, a bar, a name, what is around all of them.
AXIS, BAR, LINE, AROUND = 64, 13, 22, 12
ROW, ROWS_AROUND = 26, 96  # of a detector among the intervals
MOST_TICKS = 13  # ranks that are named one by one
BAR_REACHES = 0.006  # of the axis, beyond the ranks that a bar joins


def critical_difference(
    ranks: Mapping[str, float], cliques: Sequence[Sequence[str]] = ()
) -> go.Figure:
    """Critical-difference diagram [1]_: detectors on an axis of mean ranks, the best on the left.

    Parameters
    ----------
    ranks : mapping of str to float
        Mean rank of each detector; one whose rank is NaN is left out.
    cliques : sequence of sequences of str
        Detectors that cannot be told apart: a thick bar joins them.

    Returns
    -------
    plotly.graph_objects.Figure
        The better half is named on the left, the other on the right, each with its rank.

    References
    ----------
    .. [1] J. Demšar, "Statistical comparisons of classifiers over multiple data sets", JMLR 7,
       2006.
    """
    known = {name: float(rank) for name, rank in ranks.items() if np.isfinite(rank)}
    order = sorted(known, key=lambda name: known[name])
    spans = [_span(known, clique, len(order)) for clique in cliques]
    shelves = _shelves(spans)
    above, n_lines = BAR * (max(shelves, default=-1) + 2), (len(order) + 1) // 2
    depth = above + LINE * n_lines
    figure = new_figure(AXIS + depth + AROUND, "mean rank (1 is the best)")
    if len(order) < 2:
        return say_empty(figure, "fewer than two detectors can be ranked")
    sides = {"y": order[:n_lines], "y2": order[n_lines:][::-1]}
    for axis, names in sides.items():
        levels = [-(above + LINE * (i + 0.5)) for i in range(len(names))]
        _add_elbows(figure, names, levels, known, axis)
        _name_lines(figure, names, levels, known, axis, depth)
    for (low, high), shelf in zip(spans, shelves, strict=True):
        _add_bar(figure, low, high, -BAR * (shelf + 1))
    _lay_out_ranks(figure, len(order))
    return figure


def _span(ranks: Mapping[str, float], clique: Sequence[str], n_ranks: int) -> tuple[float, float]:
    found, reach = [ranks[name] for name in clique], BAR_REACHES * (n_ranks - 1)
    return min(found) - reach, max(found) + reach


def _shelves(spans: Sequence[tuple[float, float]]) -> list[int]:
    """Row of each bar: the first in which it meets no other."""
    ends: list[float] = []
    shelves = []
    for low, high in spans:
        shelf = next((i for i, end in enumerate(ends) if end < low), len(ends))
        ends[shelf : shelf + 1] = [high]
        shelves.append(shelf)
    return shelves


def _add_elbows(
    figure: go.Figure,
    names: Sequence[str],
    levels: Sequence[float],
    ranks: Mapping[str, float],
    axis: str,
) -> None:
    """From each rank down to the level of its name, and out to it."""
    edge = _limits(len(ranks))[0 if axis == "y" else 1]
    for name, level in zip(names, levels, strict=True):
        rank = ranks[name]
        figure.add_scatter(
            x=[rank, rank, edge],
            y=[0, level, level],
            yaxis=axis,
            mode="lines+markers",
            line={"color": BLACK, "width": 1.2},
            marker={**NORMAL, "size": [9, 0, 0], "opacity": 1},
            cliponaxis=False,
            showlegend=False,
            hovertemplate=f"<b>{plain(name)}</b><br>mean rank {rank:.2f}<extra></extra>",
        )


def _limits(n_ranks: int) -> tuple[float, float]:
    beyond = 0.02 * (n_ranks - 1)
    return 1 - beyond, n_ranks + beyond


def _name_lines(
    figure: go.Figure,
    names: Sequence[str],
    levels: Sequence[float],
    ranks: Mapping[str, float],
    axis: str,
    depth: float,
) -> None:
    """Names are labels of an axis, so that they have the room that they need."""
    own = {"overlaying": "y", "side": "right"} if axis == "y2" else {}
    figure.layout[f"yaxis{axis[1:]}"] = {
        **own,
        "range": [-depth, 0],
        "tickvals": list(levels),
        "ticktext": [f"<b>{plain(name, NAME)}</b>  {ranks[name]:.2f}" for name in names],
        "showgrid": False,
        "showline": False,
        "ticks": "",
        "fixedrange": True,
        "automargin": True,
        "ticklabelstandoff": 4,
    }


def _add_bar(figure: go.Figure, low: float, high: float, level: float) -> None:
    figure.add_scatter(
        x=[low, high],
        y=[level, level],
        name="not told apart",
        mode="lines",
        line={"color": BLUE, "width": 6},
        showlegend=False,
        hovertemplate="cannot be told apart<extra></extra>",
    )


def _lay_out_ranks(figure: go.Figure, n_ranks: int) -> None:
    figure.update_xaxes(
        range=_limits(n_ranks),
        side="top",
        tick0=1,
        dtick=1 if n_ranks <= MOST_TICKS else 2,
        tickangle=0,
        showgrid=False,
        fixedrange=True,
    )
    figure.update_layout(margin={"t": AXIS, "b": AROUND, "l": 20, "r": 20})


def mean_intervals(summary: pd.DataFrame, *, title: str = "mean ROC-AUC") -> go.Figure:
    """Mean of a measure of each detector with its 95 % interval, the first on top.

    Parameters
    ----------
    summary : DataFrame
        A row a detector: the mean in the first column, its interval in `low` and `high`; NaN where
        it is not known.
    title : str
        What the measure is called.

    Returns
    -------
    plotly.graph_objects.Figure
        A detector without a mean has its name, and no mark.
    """
    figure = new_figure(ROW * len(summary) + ROWS_AROUND, f"{plain(title)}, with its 95 % interval")
    means = summary.iloc[:, 0].to_numpy(dtype=np.float64)
    if not np.isfinite(means).any():
        return say_empty(figure, "nothing could be measured")
    low, high = summary.low.to_numpy(np.float64), summary.high.to_numpy(np.float64)
    figure.add_scatter(
        x=means,
        y=np.arange(len(means)),
        error_x={
            "array": high - means,
            "arrayminus": means - low,
            "color": BLACK,
            "thickness": 1.5,
        },
        mode="markers",
        marker={**NORMAL, "size": 9},
        customdata=[
            _interval_text(*row) for row in zip(summary.index, means, low, high, strict=True)
        ],
        hovertemplate="%{customdata}<extra></extra>",
        cliponaxis=False,
    )
    figure.update_yaxes(
        tickvals=list(range(len(means))),
        ticktext=distinct([plain(name, NAME) for name in summary.index]),
        range=[len(means) - 0.5, -0.5],
    )
    return figure


def _interval_text(name: Any, mean: float, low: float, high: float) -> str:
    interval = f" ({low:.3f} to {high:.3f})" if np.isfinite(low) else ""
    return f"<b>{plain(name)}</b><br>{mean:.3f}{interval}"
