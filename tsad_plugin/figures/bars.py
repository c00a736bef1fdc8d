"""Contributions at one time, as bars."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import ArrayLike, NDArray

from .maps import distinct
from .style import BLACK, BLUE, GREY, new_figure, plain, say_empty

MOST = 15  # channels with a bar of their own
# Pixels of a bar, above them all and below.
BAR, TOP, BOTTOM = 24, 60, 52


def contribution_bars(
    contributions: ArrayLike,
    channels: Sequence[str],
    *,
    title: str = "",
    usual: ArrayLike | None = None,
    height: int | None = None,
) -> go.Figure:
    """Contributions of the channels at one time, the largest on top.

    Parameters
    ----------
    contributions : array-like of shape (n_channels,)
        Share of each channel in the score of a timestep; NaN where nothing was measured.
    channels : sequence of str
        Names of the channels.
    title : str
        What stands above, such as the time.
    usual : array-like of shape (n_channels,), optional
        Mean contributions of the run, to be marked beside them.
    height : int, optional
        Height in pixels; by default as the number of bars needs.

    Returns
    -------
    plotly.graph_objects.Figure
        A bar each for the 15 largest, one for the sum of the others; channels that were not
        measured have none. A bar has its channel's name for `customdata`.
    """
    values = np.asarray(contributions, dtype=np.float64)
    order = np.argsort(-values, kind="stable")[: np.count_nonzero(~np.isnan(values))]
    rows = [order[i : i + 1] for i in range(min(len(order), MOST))]
    if len(order) > MOST:
        rows.append(order[MOST:])
    figure = new_figure(height or BAR * max(len(rows), 3) + TOP + BOTTOM, "contribution")
    below = {"y": 1.02, "yref": "paper", "yanchor": "bottom"}  # the title
    figure.update_layout(title=_title(title), legend=below, margin={"t": TOP, "b": BOTTOM})
    if not values[order].any():
        return say_empty(figure, "no error" if len(order) else "nothing was measured")
    names = distinct([_name(row, channels) for row in rows])
    longest = _add_bars(figure, values, rows, names, channels)
    if usual is not None:
        marks = _sums(np.nan_to_num(np.asarray(usual, dtype=np.float64)), rows)
        longest = max(longest, _add_marks(figure, marks, names))
    # Beside the names shares stand clear of bars and marks.
    told = [f"{name} · {share}" for name, share in zip(names, figure.data[0].text, strict=True)]
    look = {"tickvals": names, "ticktext": told, "showgrid": False, "ticks": ""}
    figure.update_yaxes(type="category", autorange="reversed", **look)
    return figure.update_xaxes(range=[0, 1.03 * longest], nticks=6)


def _title(title: str) -> dict[str, Any]:
    place = {"x": 0, "xref": "paper", "y": 1, "yanchor": "top", "pad": {"t": 10}}
    return {"text": f"<b>{plain(title)}</b>" if title else "", "font": {"size": 13}, **place}


def _name(row: NDArray[np.intp], channels: Sequence[str]) -> str:
    if len(row) == 1:
        return plain(channels[row[0]], 22)
    return f"{len(row)} others"


def _sums(values: NDArray[np.float64], rows: Sequence[NDArray[np.intp]]) -> NDArray[np.float64]:
    return np.array([values[row].sum() for row in rows])


def _add_bars(
    figure: go.Figure,
    values: NDArray[np.float64],
    rows: Sequence[NDArray[np.intp]],
    names: Sequence[str],
    channels: Sequence[str],
) -> float:
    """Draw the bars; returns how long the longest is."""
    sums = _sums(values, rows)
    is_one = [len(row) == 1 for row in rows]
    figure.add_bar(
        x=sums,
        y=list(names),
        orientation="h",
        text=[_share(share) for share in sums / sums.sum()],
        textposition="none",
        customdata=[channels[row[0]] if one else "" for row, one in zip(rows, is_one, strict=True)],
        marker={
            "color": [BLUE if one else GREY for one in is_one],
            "pattern": {"shape": ["" if one else "/" for one in is_one]},
        },
        name="at this time",
        showlegend=False,
        hovertemplate="<b>%{y}</b>: contribution %{x:.3g} (%{text})<extra></extra>",
    )
    return float(sums.max())


def _share(share: float) -> str:
    return "<1%" if 0 < share < 0.005 else f"{share:.0%}"


def _add_marks(figure: go.Figure, marks: NDArray[np.float64], names: Sequence[str]) -> float:
    """Mark what is usual; returns where the farthest mark is."""
    figure.add_scatter(
        x=marks,
        y=list(names),
        mode="markers",
        marker={
            "color": BLACK,
            "symbol": "line-ns-open",
            "size": 7,
            "line": {"width": 2.5},
        },
        name="mean of the run",
        hovertemplate="<b>%{y}</b>: mean of the run %{x:.3g}<extra></extra>",
        showlegend=True,
    )
    return float(marks.max())
