"""The bar that says on every page which runs are selected, and where to go with them."""

from __future__ import annotations

from typing import Any

import dash_mantine_components as dmc
from dash import dcc, html

from dashboard.seen import Seen
from dashboard.state import COMPARE, POPULATION
from tsad_plugin.forms import plural

from .parts import aria

MOST_NAMED = 3


def bar() -> Any:
    """The bar, hidden as long as nothing is selected."""
    return html.Div(
        [
            html.Span(id="shell-selected", **aria(live="polite")),
            html.Span(id="shell-selected-links"),
            dmc.Button("Clear", id="shell-clear", variant="subtle", size="compact-sm"),
        ],
        id="shell-bar",
        className="selected",
        hidden=True,
    )


def said(seen: Seen, chosen: list[int]) -> str:
    """`3 runs selected: B-1, B-2, B-3`."""
    names = ", ".join(seen.view.names_at(chosen[:MOST_NAMED]))
    more = ", …" if len(chosen) > MOST_NAMED else ""
    return f"{plural(len(chosen), 'run')} selected: {names}{more}" if chosen else ""


def links(seen: Seen, chosen: list[int]) -> list[Any]:
    """What can be seen of them elsewhere."""
    found = [dcc.Link("over the population", href=seen.url.at(POPULATION, run=None))]
    if len(chosen) == 2:
        first, second = seen.view.names_at(chosen)
        found.append(
            dcc.Link("compare", href=seen.url.at(COMPARE, run=first, other=second, rival=None))
        )
    return found
