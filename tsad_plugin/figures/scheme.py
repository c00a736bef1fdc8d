"""The dark scheme: a figure with every colour of `style.py` exchanged for its counterpart."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

import numpy as np
import plotly.graph_objects as go
from plotly.colors import hex_to_rgb

from .style import (
    AMBER,
    BLACK,
    BLUE,
    DARK_PAPER,
    GREY,
    LIGHT_GREY,
    MINUS,
    OCHRE,
    PALE_BLUE,
    PAPER,
    PLUS,
    SKY,
    error_colours,
    faded,
)

# Of colours that are not here each does for both papers.
SOLID = {
    BLACK: "#e8e8e8",
    GREY: "#a3a3a3",
    LIGHT_GREY: "#3b4047",
    BLUE: "#3d97d8",
    OCHRE: AMBER,
    PALE_BLUE: "#1d3b4f",
    MINUS: "#a84a00",
    PLUS: "#006aa6",
}
_PALE_TO_DARK = [colour for _, colour in error_colours()]
_DARK_TO_PALE = [colour for _, colour in error_colours("Cividis", DARK_PAPER, 0.3)]
DARK = SOLID | {PAPER: DARK_PAPER} | dict(zip(_PALE_TO_DARK, _DARK_TO_PALE, strict=True))
# The same for areas, by red, green and blue: their opacity stays. Marks in blue stand on sky.
_SOLID_AREAS = {hex_to_rgb(light): dark for light, dark in SOLID.items()}
_AREAS = _SOLID_AREAS | {hex_to_rgb(SKY): "#2b6ea0", (255, 255, 255): DARK_PAPER}
_AREA = re.compile(r"rgba\((\d+), (\d+), (\d+), ([\d.]+)\)")


def darkened(figure: go.Figure) -> go.Figure:
    """The same figure on dark paper.

    Parameters
    ----------
    figure : plotly.graph_objects.Figure
        In the colours and the template of `tsad_plugin.figures`. It is not changed.

    Returns
    -------
    plotly.graph_objects.Figure
        A new one. Scales that go from pale to dark go from dark to pale, and what has no
        counterpart, such as text on a coloured cell, keeps its colour.
    """
    # Read as it is kept, and not checked again: with ten thousand markers both take far longer
    # than all that is done here.
    data, layout = [_exchanged(trace) for trace in figure._data], _exchanged(figure._layout)
    return go.Figure({"data": data, "layout": layout}, _validate=False)


class _Shared(list[Any]):
    """A list that copies share: plotly copies what a figure is made of, text by text."""

    def __deepcopy__(self, memo: dict[int, Any]) -> _Shared:
        return self


def _exchanged(part: dict[str, Any]) -> dict[str, Any]:
    return {key: _value(key, value) for key, value in part.items()}


def _value(key: str, value: Any) -> Any:
    """A value in the dark; what is no colour by its key stays, be it called "white"."""
    if isinstance(value, dict):
        return _exchanged(value)
    if key == "colorscale" and not isinstance(value, str):
        return [(at, _counterpart(colour)) for at, colour in value]
    if key.endswith("color") or key == "colorway":
        return _colours(value)
    if isinstance(value, list | tuple):
        is_nested = bool(value) and isinstance(value[0], dict)
        return [_exchanged(item) for item in value] if is_nested else _Shared(value)
    return value


def _colours(value: Any) -> Any:
    """One colour, or one for each mark, or numbers that a scale turns into colours."""
    if isinstance(value, np.ndarray):
        return _colours(value.tolist()) if value.dtype.kind in "OU" else value
    if isinstance(value, list | tuple):
        return [_counterpart(v) if isinstance(v, str) else v for v in value]
    return _counterpart(value) if isinstance(value, str) else value


@cache
def _counterpart(colour: str) -> str:
    area = _AREA.fullmatch(colour)
    if area is None:
        return DARK.get(colour, colour)
    *light, opacity = area.groups()
    dark = _AREAS.get(tuple(map(int, light)))
    return colour if dark is None else faded(dark, float(opacity))
