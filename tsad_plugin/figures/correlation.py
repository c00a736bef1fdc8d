"""How channels go together."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go
from numpy.typing import ArrayLike

from .maps import distinct
from .style import BLACK, MINUS, PAPER, PLUS, new_figure, plain, say_empty

MOST_WRITTEN = 12  # channels whose numbers fit into the cells
# Pixels of a channel, least and most of all of them, and of what is above and below the map.
CELL, LEAST, MOST, TOP, BOTTOM = 34, 120, 760, 8, 56


def correlation_map(
    correlation: ArrayLike, channels: Sequence[str], *, empty: str = "no channels"
) -> go.Figure:
    """Channel × channel map of correlations, from -1 (orange) over 0 (white) to 1 (blue).

    Parameters
    ----------
    correlation : array-like of shape (n_channels, n_channels)
        Correlation of each two channels; NaN where a channel never changes.
    channels : sequence of str
        Names of the channels.
    empty : str
        What the figure says where there is nothing to draw.

    Returns
    -------
    plotly.graph_objects.Figure
        Up to twelve channels the numbers stand in the cells.
    """
    values = np.asarray(correlation, dtype=np.float64)
    figure = new_figure(int(np.clip(CELL * len(values), LEAST, MOST)) + TOP + BOTTOM)
    figure.update_layout(margin={"t": TOP, "b": BOTTOM})
    if values.size == 0:
        return say_empty(figure, empty)
    names = distinct([plain(name, 22) for name in channels])
    figure.add_heatmap(
        x=names,
        y=names,
        z=values.astype(np.float32),
        zmin=-1,
        zmax=1,
        colorscale=[(0, MINUS), (0.5, PAPER), (1, PLUS)],
        colorbar={"thickness": 12, "outlinewidth": 0, "tickvals": [-1, -0.5, 0, 0.5, 1]},
        texttemplate="%{z:.2f}" if len(names) <= MOST_WRITTEN else None,
        textfont={"color": BLACK},
        hovertemplate="<b>%{y}</b> and <b>%{x}</b>: %{z:.2f}<extra></extra>",
        hoverongaps=False,
        xgap=1,
        ygap=1,
    )
    figure.update_yaxes(type="category", autorange="reversed", showgrid=False, ticks="")
    return figure.update_xaxes(type="category", showgrid=False, ticks="")
