"""Parts that several pages use."""

from __future__ import annotations

from typing import Any

from dash import dcc, html

from dashboard.state import HELP
from tsad_plugin.figures import CONFIG, SELECTING

from .scheme import dressed

_CONFIG: Any = CONFIG
_LASSO: Any = SELECTING


def aria(**values: str) -> dict[str, Any]:
    """Attributes for those who do not see the page: `aria(live="polite")`."""
    return {f"aria-{name}": value for name, value in values.items()}


def graph(name: str, label: str, figure: Any = None, *, lasso: bool = False) -> Any:
    """A figure with a name for those who do not see it; empty until a callback draws it.

    With `lasso` its markers can be selected.
    """
    given: dict[str, Any] = {} if figure is None else {"figure": dressed(figure)}
    given["style"] = {"height": "300px"} if figure is None else style_of(figure)
    return html.Div(
        dcc.Graph(id=name, config=_LASSO if lasso else _CONFIG, className="graph", **given),
        role="figure",
        **aria(label=label),
    )


def style_of(figure: Any) -> dict[str, str]:
    """The height of a figure; one that is left to its surroundings may collapse."""
    return {"height": f"{figure.layout.height}px"}


def sized(figure: Any) -> tuple[Any, dict[str, str]]:
    """A figure and its height, for the outputs `figure` and `style`."""
    return dressed(figure), style_of(figure)


def card(title: str, *children: Any, help: str | None = None) -> Any:
    """A titled part of a page; `help` is the section of the help that says what it shows."""
    heading: Any = html.H2(title)
    if help is not None:
        heading = html.Div([heading, help_link(f"what {title} means", help)], className="titled")
    return html.Section([heading, *children], className="card")


def help_link(name: str, section: str) -> Any:
    """A question mark that leads to a section of the help; `name` says what it explains.

    The script in `assets/help.js` follows it, so that the URL keeps its state.
    """
    return html.A("?", href=f"{HELP}#{section}", className="help", title=name, **aria(label=name))
