"""Empty panels of a figure, in rows and columns."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from .style import TEMPLATE


def grid(
    heights: list[int],
    n_columns: int = 1,
    *,
    n_panels: int | None = None,
    gap: int,
    column_gap: float | None = None,
    top: int,
    bottom: int,
) -> go.Figure:
    """Rows of these heights in pixels, with room above and below; all share the axis of x.

    `n_panels` leaves the last ones of the last row out.
    """
    n = len(heights) * n_columns if n_panels is None else n_panels
    # A copy: laying panels out takes plotly longer than all that is drawn in them.
    return go.Figure(_laid_out(tuple(heights), n_columns, n, gap, column_gap, top, bottom))


@lru_cache(64)
def _laid_out(
    heights: tuple[int, ...],
    n_columns: int,
    n_panels: int,
    gap: int,
    column_gap: float | None,
    top: int,
    bottom: int,
) -> go.Figure:
    inner = sum(heights) + gap * (len(heights) - 1)
    rows: list[list[dict[str, Any] | None]] = [
        [{} if at < n_panels else None for at in range(row * n_columns, (row + 1) * n_columns)]
        for row in range(len(heights))
    ]
    figure = make_subplots(
        len(heights),
        n_columns,
        shared_xaxes="all" if n_columns > 1 else True,
        row_heights=list(heights),
        vertical_spacing=gap / inner,
        horizontal_spacing=column_gap,
        specs=rows,
    )
    return figure.update_layout(
        template=TEMPLATE, height=inner + top + bottom, margin={"t": top, "b": bottom}
    )
