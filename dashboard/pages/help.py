"""Help: what every number means and how it is made, and the keys."""

from __future__ import annotations

from typing import Any

from dash import ClientsideFunction, Dash, Input, dcc, html

from dashboard.components.parts import aria
from dashboard.components.shell import keys
from dashboard.manual import Section, manual
from dashboard.seen import Seen
from dashboard.views import Views

KEYS = ("keys", "Keys")


def layout(_seen: Seen | None = None) -> Any:
    """The page, which says the same of every scoring, and where there is none yet."""
    text = manual()
    return [
        html.Div(html.H1(text.title), className="head"),
        html.Div(
            [
                html.Nav(_contents(text.sections), className="card", **aria(label="contents")),
                html.Article(
                    [
                        dcc.Markdown(text.lead),
                        *[_section(s.slug, s.title, dcc.Markdown(s.text)) for s in text.sections],
                        _section(*KEYS, keys()),
                    ],
                    className="card",
                ),
            ],
            className="manual",
        ),
    ]


def _contents(sections: list[Section]) -> Any:
    links = [*((s.slug, s.title) for s in sections), KEYS]
    return html.Ul([html.Li(html.A(title, href=f"#{slug}")) for slug, title in links])


def _section(slug: str, title: str, content: Any) -> Any:
    """A part of the page that the hash of a URL can name, and that takes the focus then."""
    return html.Section([html.H2(title), content], id=slug, tabIndex="-1")


def register(app: Dash, _views: Views) -> None:
    """Add what scrolls to the section that the URL names."""
    app.clientside_callback(
        ClientsideFunction("tsad", "scroll"),
        Input("page", "children"),
        Input("url", "hash"),
    )
