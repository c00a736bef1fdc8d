"""How all figures look: colours, template, and what keeps them small and readable.

Colours are those of Okabe and Ito (2008), which colour-blind people tell apart; what differs in
colour also differs in shape, dash or hatching, so that it survives a black-and-white printer.
A figure takes its colours from here alone: `scheme.py` knows the dark counterpart of each.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray
from plotly.colors import hex_to_rgb, sample_colorscale


def faded(colour: str, opacity: float) -> str:
    """A colour written as `#rrggbb`, for an area that what lies below shines through."""
    red, green, blue = hex_to_rgb(colour)
    return f"rgba({red}, {green}, {blue}, {opacity:.2f})"


PAPER, BLACK, GREY, LIGHT_GREY = "white", "#1a1a1a", "#6b6b6b", "#e3e3e3"
DARK_PAPER = "#1f2226"  # of the dark scheme; style.css of the dashboard has it for its cards
BLUE, SKY, GREEN, VERMILLION, AMBER = "#0072B2", "#56B4E9", "#009E73", "#D55E00", "#E69F00"
OCHRE = "#a87400"  # amber for lines: itself it is too pale on white
PALE_BLUE = "#cfe6f5"  # large areas of what is normal
# Ends of a scale through the paper's colour, on all of which text can be read.
MINUS, PLUS = "#e06a10", "#3c96d6"
# Text and hatching on cells and bars that keep their colours in the dark: these stay, too.
BLACK_ON_COLOUR, WHITE_ON_COLOUR = "#000000", "#ffffff"
SKY_AREA, GREY_AREA, AMBER_AREA = faded(SKY, 0.25), faded(GREY, 0.25), faded(AMBER, 0.18)
PAPER_AREA, NO_AREA = "rgba(255, 255, 255, 0.60)", "rgba(0, 0, 0, 0)"
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
MAX_MARKERS = 1000  # browsers draw them one by one
FEW_TICKS = 8  # for which every run has room for its number
NAME = 32  # letters of a detector or a data set
LETTER, BOLD = 6.6, 7.4  # pixels of a letter, and of one of the name of a panel

# Nothing that a button of plotly does may leave the machine.
CONFIG: dict[str, Any] = {
    "displaylogo": False,
    "showSendToCloud": False,
    "plotlyServerURL": "",
    "typesetMath": False,
    "responsive": True,
    "modeBarButtonsToRemove": ["select2d", "lasso2d", "sendChartToCloud"],
}
# Where runs can be selected.
SELECTING: dict[str, Any] = CONFIG | {"modeBarButtonsToRemove": ["sendChartToCloud"]}

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
        "colorway": [BLUE, VERMILLION, GREEN, OCHRE, GREY, BLACK],
        "paper_bgcolor": PAPER,
        "plot_bgcolor": PAPER,
        "hovermode": "closest",
        "hoverlabel": {"bgcolor": PAPER, "bordercolor": GREY, "font": {"color": BLACK}},
        "xaxis": _AXIS,
        "yaxis": _AXIS,
        "margin": {"l": 64, "r": 20, "t": 40, "b": 48},
        "legend": {
            "orientation": "h",
            "x": 0,
            "xanchor": "left",
            "y": 1,
            "yref": "container",  # of the plot it would stay where it is when the plot grows
            "yanchor": "top",
            "itemsizing": "constant",
        },
        "modebar": {"orientation": "v", "bgcolor": PAPER_AREA, "color": GREY},
    },
    data={"heatmap": [{"colorbar": {"outlinewidth": 0, "tickcolor": GREY}}]},
)


def error_colours(
    scale: str = "Cividis_r", paper: str = "#ffffff", share: float = 0.75
) -> list[tuple[float, str]]:
    """Cividis from pale to dark, so that on paper the ink shows where to look.

    It begins with a `share` of the paper, and goes by the root of the error: one gross error does
    not make all others white.
    """
    roots = np.linspace(0, 1, 17)
    colours = 255 * np.array(sample_colorscale(scale, roots, colortype="tuple"))
    mixing = share * (1 - roots[:, None]) ** 3
    mixed = colours + mixing * (np.array(hex_to_rgb(paper)) - colours)
    mixed = mixed.round().astype(int).tolist()
    return [
        (r, f"rgb({red}, {green}, {blue})")
        for r, (red, green, blue) in zip((roots**2).tolist(), mixed, strict=True)
    ]


def new_figure(height: int, x_title: str = "", y_title: str = "") -> go.Figure:
    """An empty figure in the style of all."""
    axes = {"xaxis": {"title": {"text": x_title}}, "yaxis": {"title": {"text": y_title}}}
    return go.Figure(layout={"template": TEMPLATE, "height": height, **axes})


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


def letters(width: float, note: str = "") -> int:
    """How many letters the name of a panel has in so many pixels, beside a note."""
    return int((width - (LETTER * len(f" · {note}") if note else 0)) / BOLD)


def with_unit(name: str, unit: str = "", most: int = 60) -> str:
    """`temperature (°C)`, safe to draw and so long at most; of the name a dozen letters remain."""
    unit = f" ({plain(unit, 16)})" if unit else ""
    return plain(name, int(np.clip(most - len(unit), 12, 40))) + unit


def counting(n: int) -> dict[str, Any]:
    """Ticks of an axis that counts to n: of a short one none is between two whole numbers."""
    return {"tick0": 1, "dtick": 1} if n <= FEW_TICKS else {}


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
    width, n_wider = divmod(len(values), most // 2)
    cut = n_wider * (width + 1)
    wider, others = values[:cut].reshape(-1, width + 1), values[cut:].reshape(-1, width)
    return np.unique(np.concatenate([_extremes(wider), cut + _extremes(others)]))


def _extremes(stretches: NDArray[Any]) -> NDArray[np.intp]:
    """(n, width) -> (2n,): where the lowest and the highest are, the first of a gap."""
    gaps = np.isnan(stretches)
    lowest = np.where(gaps, np.inf, stretches).argmin(axis=1)
    highest = np.where(gaps, -np.inf, stretches).argmax(axis=1)
    starts = np.arange(len(stretches)) * stretches.shape[1]
    return np.concatenate([starts + lowest, starts + highest])


def evenly(n: int, most: int) -> NDArray[np.intp]:
    """Positions of at most `most` of `n` things, the first and the last among them."""
    return np.unique(np.linspace(0, n - 1, min(n, most)).round().astype(int))
