"""How all figures look: colours, template, and what keeps them small and readable.

Colours are those of Okabe and Ito (2008), which colour-blind people tell apart; what differs in
colour also differs in shape, dash or hatching, so that it survives a black-and-white printer.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray
from plotly.colors import sample_colorscale

BLACK, GREY, LIGHT_GREY = "#1a1a1a", "#6b6b6b", "#e3e3e3"
BLUE, SKY, GREEN, VERMILLION, AMBER = "#0072B2", "#56B4E9", "#009E73", "#D55E00", "#E69F00"
SKY_AREA, GREY_AREA, AMBER_AREA = (
    "rgba(86, 180, 233, 0.25)",
    "rgba(107, 107, 107, 0.25)",
    "rgba(230, 159, 0, 0.18)",
)
NORMAL = {"color": BLUE, "symbol": "circle", "size": 6}
OUTLIER = {
    "color": VERMILLION,
    "symbol": "diamond",
    "size": 11,
    "line": {"color": BLACK, "width": 1},
}
LIMIT = {"color": BLACK, "width": 1.5, "dash": "dash"}

MAX_POINTS = 400  # a line
MAX_CELLS = 200  # columns of an error map
MAX_MARKERS = 2000
NAME = 32  # letters of a detector or a data set

# Nothing that a button of plotly does may leave the machine.
CONFIG: dict[str, Any] = {
    "displaylogo": False,
    "showSendToCloud": False,
    "plotlyServerURL": "",
    "typesetMath": False,
    "responsive": True,
    "modeBarButtonsToRemove": ["select2d", "lasso2d", "sendChartToCloud"],
}

_AXIS = {
    "gridcolor": LIGHT_GREY,
    "linecolor": GREY,
    "showline": True,
    "ticks": "outside",
    "tickcolor": GREY,
    "ticklen": 4,
    "zeroline": False,
    "title": {"standoff": 8},
    "automargin": True,
}
TEMPLATE = go.layout.Template(
    layout={
        "font": {
            "family": "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, "
            "'DejaVu Sans', sans-serif",
            "size": 12,
            "color": BLACK,
        },
        "colorway": [BLUE, VERMILLION, GREEN, AMBER, SKY, GREY],
        "paper_bgcolor": "white",
        "plot_bgcolor": "white",
        "hovermode": "closest",
        "hoverlabel": {"bgcolor": "white", "bordercolor": GREY, "font": {"color": BLACK}},
        "xaxis": _AXIS,
        "yaxis": _AXIS,
        "margin": {"l": 64, "r": 20, "t": 40, "b": 48},
        "legend": {
            "orientation": "h",
            "x": 0,
            "xanchor": "left",
            "y": 1.02,
            "yanchor": "bottom",
            "itemsizing": "constant",
        },
        "modebar": {"orientation": "v", "bgcolor": "rgba(255, 255, 255, 0.6)", "color": GREY},
    }
)


def error_colours() -> list[tuple[float, str]]:
    """Cividis from pale to dark, so that on paper the ink shows where to look.

    It goes by the root of the error: one gross error does not make all others white.
    """
    roots = np.linspace(0, 1, 17)
    colours = sample_colorscale("Cividis_r", roots, colortype="tuple")
    paler = 0.75 * (1 - roots[:, None]) ** 3
    mixed = (255 * ((1 - paler) * np.array(colours) + paler)).round().astype(int).tolist()
    return [
        (r, f"rgb({red}, {green}, {blue})")
        for r, (red, green, blue) in zip((roots**2).tolist(), mixed, strict=True)
    ]


def new_figure(height: int, x_title: str = "", y_title: str = "") -> go.Figure:
    """An empty figure in the style of all."""
    figure = go.Figure()
    figure.update_layout(template=TEMPLATE, height=height)
    return figure.update_xaxes(title_text=x_title).update_yaxes(title_text=y_title)


def say_empty(figure: go.Figure, text: str) -> go.Figure:
    """Say in the middle of a figure why there is nothing to see."""
    figure.update_xaxes(visible=False).update_yaxes(visible=False)
    place = {"x": 0.5, "y": 0.5, "xref": "paper", "yref": "paper", "showarrow": False}
    return figure.add_annotation(text=text, font={"color": GREY, "size": 13}, **place)


def title_panel(figure: go.Figure, panel: int, name: str, note: str = "") -> None:
    """Name a panel of a figure above its left corner; the name is safe to draw already."""
    x, y = (figure.layout[f"{axis}{panel if panel > 1 else ''}"] for axis in ("xaxis", "yaxis"))
    figure.add_annotation(
        text=f"<b>{name}</b>" + (f" · {plain(note)}" if note else ""),
        x=x.domain[0],
        xref="paper",
        xanchor="left",
        y=y.domain[1],
        yref="paper",
        yanchor="bottom",
        yshift=1,
        showarrow=False,
    )


def plain(text: Any, most: int = 60) -> str:
    """A name as text that plotly draws as it stands, shortened: plotly reads a kind of HTML."""
    line = " ".join(str(text).split())
    line = line if len(line) <= most else f"{line[: most - 1]}…"
    return line.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def with_unit(name: str, unit: str = "") -> str:
    """`temperature (°C)`, safe to draw."""
    return f"{plain(name, 40)} ({plain(unit, 16)})" if unit else plain(name, 40)


def small(values: Any) -> NDArray[Any]:
    """Numbers in single precision, where that draws the same picture in half the bytes."""
    array = np.asarray(values, dtype=np.float64)
    finite = array[np.isfinite(array)]
    if len(finite) == 0:
        return array.astype(np.float32)
    largest = np.abs(finite).max()
    is_same = largest < 1e37 and np.ptp(finite) >= 1e-4 * largest
    return array.astype(np.float32) if is_same else array


def thinned(values: NDArray[Any], most: int = MAX_POINTS) -> NDArray[np.intp]:
    """Positions of at most `most` points that draw the line of `values` (n,) with its peaks.

    The lowest and the highest of every stretch; of one without any value its first, so that a gap
    stays a gap.
    """
    if len(values) <= most:
        return np.arange(len(values))
    edges = np.linspace(0, len(values), most // 2 + 1).astype(int)
    places = edges[:-1, None] + np.arange(np.diff(edges).max())
    inside = places < edges[1:, None]
    parts = np.where(inside, values[np.where(inside, places, 0)], np.nan)  # (n_stretches, widest)
    gaps = np.isnan(parts)
    lowest = np.where(gaps, np.inf, parts).argmin(axis=1)
    highest = np.where(gaps, -np.inf, parts).argmax(axis=1)
    return np.unique(edges[:-1] + np.stack([lowest, highest]))


def evenly(n: int, most: int) -> NDArray[np.intp]:
    """Positions of at most `most` of `n` things, the first and the last among them."""
    return np.unique(np.linspace(0, n - 1, min(n, most)).round().astype(int))
