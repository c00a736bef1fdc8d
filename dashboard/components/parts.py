"""Parts that several pages use."""

from __future__ import annotations

from typing import Any

from dash import dcc, html

from tsad_plugin.figures import CONFIG

from .scheme import dressed

_CONFIG: Any = CONFIG


def aria(**values: str) -> dict[str, Any]:
    """Attributes for those who do not see the page: `aria(live="polite")`."""
    return {f"aria-{name}": value for name, value in values.items()}


def graph(name: str, label: str, figure: Any = None) -> Any:
    """A figure with a name for those who do not see it; empty until a callback draws it."""
    given: dict[str, Any] = {} if figure is None else {"figure": dressed(figure)}
    given["style"] = {"height": "300px"} if figure is None else style_of(figure)
    return html.Div(
        dcc.Graph(id=name, config=_CONFIG, className="graph", **given),
        role="figure",
        **aria(label=label),
    )


def style_of(figure: Any) -> dict[str, str]:
    """The height of a figure; one that is left to its surroundings may collapse."""
    return {"height": f"{figure.layout.height}px"}


def sized(figure: Any) -> tuple[Any, dict[str, str]]:
    """A figure and its height, for the outputs `figure` and `style`."""
    return dressed(figure), style_of(figure)


def card(title: str, *children: Any) -> Any:
    """A titled part of a page."""
    return html.Section([html.H2(title), *children], className="card")
