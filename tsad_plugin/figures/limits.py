"""A mean, and how far from it is usual."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go

from .style import BLACK, LIMIT


def add_limits(
    figure: go.Figure,
    mean: float,
    sigma: float,
    k: float | None,
    *,
    names: tuple[str, str] | None = None,
    horizontal: bool = True,
) -> None:
    """Draw a mean, and the lines at kσ on both sides, as shapes that the legend names."""
    named_mean, named_limits = names or (f"mean {mean:.1f}", f"mean ± {k or 0:g}σ")
    add_line = figure.add_hline if horizontal else figure.add_vline
    line = {"color": BLACK, "width": 1, "dash": "dot"}
    add_line(mean, line=line, name=named_mean, showlegend=True)
    if k is None or sigma == 0:
        return
    axis = figure.layout.yaxis if horizontal else figure.layout.xaxis
    lowest = 0.0 if axis.type == "log" else -np.inf
    for end in (mean - k * sigma, mean + k * sigma):
        if end > lowest:
            add_line(end, line=LIMIT, name=named_limits, showlegend=end > mean)
