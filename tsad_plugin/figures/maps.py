"""Maps of one run's error: which channel, when."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import ArrayLike, NDArray

from .style import MAX_CELLS, error_colours, new_figure, plain, say_empty
from .times import between, mark, number_one, shade, times_of

MAX_ROWS = 25  # channels
# Heights in pixels: of a channel, of the whole map, of the bar that explains its colours.
CELL, LEAST, LEAST_BAR = 19, 60, 110
TOP, BOTTOM = 40, 52


def error_map(
    contributions: ArrayLike,
    channels: Sequence[str],
    *,
    x: ArrayLike | None = None,
    x_title: str = "timestep",
    stretch: tuple[int, int] | None = None,
    at: Any = None,
    order: Sequence[int] | None = None,
    zmax: float | None = None,
    height: int | None = None,
) -> go.Figure:
    """Channel × time map of contributions, the worst channel on top.

    Parameters
    ----------
    contributions : array-like of shape (n_timesteps, n_channels)
        Share of each channel in the timestep scores; NaN where nothing was measured.
    channels : sequence of str
        Names of the channels.
    x, x_title, stretch, at
        As in `channel_course`.
    order : sequence of int, optional
        Channels from the top, as positions; by default the worst first. For maps side by side.
    zmax : float, optional
        Contribution that is drawn darkest; by default the largest.
    height : int, optional
        Height in pixels; by default as the number of channels needs.

    Returns
    -------
    plotly.graph_objects.Figure
        At most 25 channels and 200 columns: of timesteps that share a column the worst counts. A
        click gives back `x`, the middle of the cell's timesteps (of one timestep its own time), and
        as `customdata` the position of the timestep that counts.
    """
    values = np.asarray(contributions, dtype=np.float64)
    figure = new_figure(height or map_height(len(channels)) + TOP + BOTTOM, plain(x_title))
    if values.size == 0:
        return say_empty(figure, "no timesteps")
    times = times_of(x, len(values))
    timesteps = add_map(figure, values, channels, times, order=order, zmax=zmax)
    figure.update_traces(customdata=timesteps)
    number_one(figure, times)
    if len(channels) > MAX_ROWS:
        figure.update_yaxes(title_text=f"the worst {MAX_ROWS} of {len(channels)} channels")
    shade(figure, times, stretch, map_row=1)
    return mark(figure, at)


def map_height(n_channels: int) -> int:
    """Pixels that a map of so many channels needs."""
    return max(LEAST, CELL * min(n_channels, MAX_ROWS))


def add_map(
    figure: go.Figure,
    values: NDArray[np.float64],
    channels: Sequence[str],
    times: NDArray[Any],
    row: int | None = None,
    order: Sequence[int] | None = None,
    zmax: float | None = None,
) -> NDArray[np.int32]:
    """Draw the map of `error_map` in a figure or in a row of it; the timestep of each cell."""
    if order is None:
        order = np.argsort(-np.nan_to_num(values).sum(axis=0), kind="stable").tolist()
    order = list(order)[:MAX_ROWS]
    columns = np.array_split(np.arange(len(values)), min(len(values), MAX_CELLS))
    timesteps = np.stack([part[0] + _worst(values[part][:, order]) for part in columns])
    cells = values[timesteps, order]
    middles = np.array([part[[0, -1]].mean() for part in columns])
    names = distinct([plain(channels[c], 22) for c in order])
    place: dict[str, Any] = {} if row is None else {"row": row, "col": 1}
    figure.add_heatmap(
        x=between(times, middles),
        y=names,
        z=cells.T.astype(np.float32),
        zmin=0,
        zmax=(float(np.nanmax(cells, initial=0.0)) if zmax is None else zmax) or 1.0,
        colorscale=error_colours(),
        colorbar=_colour_bar(figure, row, len(order)),
        hovertemplate="<b>%{y}</b> at %{x}: contribution %{z:.3g}<extra></extra>",
        hoverongaps=False,
        **place,
    )
    look = {"tickvals": names, "showgrid": False, "ticks": ""}
    figure.update_yaxes(type="category", autorange="reversed", **look, **place)
    return timesteps.T.astype(np.int32)


def distinct(names: Sequence[str]) -> list[str]:
    """Number the names that stand more than once: shortened, two may be alike."""
    twice = {name for name, count in Counter(names).items() if count > 1}
    return [f"{name} {i}" if name in twice else name for i, name in enumerate(names, start=1)]


def _worst(part: NDArray[np.float64]) -> NDArray[np.intp]:
    """(t, c) -> (c,): where the largest of each channel is, anywhere where there is none."""
    return np.where(np.isnan(part), -np.inf, part).argmax(axis=0)


def _colour_bar(figure: go.Figure, row: int | None, n_rows: int) -> dict[str, Any]:
    bar: dict[str, Any] = {"thickness": 12, "outlinewidth": 0, "nticks": 4, "ticks": "outside"}
    bar |= {"exponentformat": "e"}
    if row is None:
        return {**bar, "title": {"text": "contribution", "side": "right"}}
    low, high = figure.layout[f"yaxis{row}"].domain if row > 1 else figure.layout.yaxis.domain
    if n_rows * CELL < LEAST_BAR:
        length = {"len": LEAST_BAR, "lenmode": "pixels"}
    else:
        length = {"len": high - low, "lenmode": "fraction"}
    return {**bar, **length, "y": (low + high) / 2}
