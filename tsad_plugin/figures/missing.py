"""Where values are missing: channel by run."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go
from numpy.typing import ArrayLike, NDArray

from .maps import LEAST_BAR, MAX_ROWS, distinct, map_height
from .style import MAX_CELLS, counting, error_colours, new_figure, plain, say_empty

EMPTY = 120  # pixels of a figure that says one line
TOP, BOTTOM = 24, 52


def missing_map(
    missing: ArrayLike,
    channels: Sequence[str],
    ids: Sequence[str],
    *,
    lengths: ArrayLike | None = None,
    x_title: str = "run (in the order of the data)",
) -> go.Figure:
    """Channel × run map of the share of values that is missing, the worst channel on top.

    Parameters
    ----------
    missing : array-like of shape (n_runs, n_channels)
        Share of the timesteps of each run without a value, from 0 to 1.
    channels : sequence of str
        Names of the channels.
    ids : sequence of str
        Names of the runs, in the order in which they are to stand.
    lengths : array-like of shape (n_runs,), optional
        Timesteps of each run, so that a long run weighs more in the share of a channel.
    x_title : str
        What that order is.

    Returns
    -------
    plotly.graph_objects.Figure
        A row says in its name which share of the channel is missing in all runs. At most 25
        channels and 200 columns: of runs that share a column the worst counts. A click
        gives back the name of that run as `customdata`.
    """
    shares = np.asarray(missing, dtype=np.float64)
    if shares.size == 0 or not (shares > 0).any():
        return say_empty(new_figure(EMPTY, plain(x_title)), "no value is missing")
    totals = np.average(shares, axis=0, weights=lengths)
    order = np.argsort(-totals, kind="stable")[:MAX_ROWS]
    runs = _worst_runs(shares[:, order])
    height = max(map_height(len(order)), LEAST_BAR)
    figure = new_figure(height + TOP + BOTTOM, plain(x_title))
    names = distinct([_row_name(channels[c], totals[c]) for c in order])
    figure.add_heatmap(
        x=_middles(len(shares), len(runs)),
        y=names,
        z=(100 * shares[runs, order]).T.astype(np.float32),
        customdata=[[ids[i] for i in row] for row in runs.T],
        hovertext=[[plain(ids[i]) for i in row] for row in runs.T],
        zmin=0,
        colorscale=error_colours(),
        colorbar={
            "thickness": 12,
            "outlinewidth": 0,
            "nticks": 4,
            "ticks": "outside",
            "title": {"text": "missing (%)", "side": "right"},
        },
        hovertemplate="<b>%{hovertext}</b><br>%{y}<br>here %{z:.3g} %<extra></extra>",
        uid="missing",
    )
    figure.update_layout(margin={"t": TOP, "b": BOTTOM})
    if len(channels) > MAX_ROWS:
        figure.update_yaxes(title_text=f"the worst {MAX_ROWS} of {len(channels)} channels")
    figure.update_xaxes(range=[0.5, len(shares) + 0.5], showgrid=False, tickformat=",d")
    figure.update_xaxes(counting(len(shares)))
    return figure.update_yaxes(type="category", autorange="reversed", showgrid=False, ticks="")


def _row_name(channel: str, share: float) -> str:
    """`feed rate 3.1 %`, safe to draw."""
    percent = f"{100 * share:.1f} %" if share >= 0.0005 or share == 0 else "&lt; 0.1 %"
    return f"{plain(channel, 22)} {percent}"


def _worst_runs(shares: NDArray[np.float64]) -> NDArray[np.intp]:
    """(n_runs, c) -> (n_columns, c): the run with the largest share of those in a column."""
    columns = np.array_split(np.arange(len(shares)), min(len(shares), MAX_CELLS))
    return np.stack([part[0] + shares[part].argmax(axis=0) for part in columns])


def _middles(n_runs: int, n_columns: int) -> NDArray[np.float64]:
    """Where the columns stand, runs being counted from 1."""
    parts = np.array_split(np.arange(1, n_runs + 1), n_columns)
    return np.array([part[[0, -1]].mean() for part in parts])
