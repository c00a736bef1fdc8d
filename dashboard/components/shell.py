"""What is around every page, and what stands there when there is no page to show."""

from __future__ import annotations

import getpass
from pathlib import Path
from typing import Any

import dash_mantine_components as dmc
from dash import dcc, html

from dashboard.state import RUNS
from dashboard.views import Views
from dashboard.wording import scoring_line

from . import notes

KEYS = [
    ("n", "next outlier"),
    ("p", "previous outlier"),
    ("t", "verdict: a true fault"),
    ("f", "verdict: no fault, a false alarm"),
    ("u", "verdict: unsure"),
    ("z", "undo the last verdict"),
    ("r", "back to the runs"),
    ("?", "these keys"),
]


def layout(workspace: str, *, known: bool) -> Any:
    """The shell of the app; `page` is where pages appear.

    `known` says that whoever comes is the user of this machine.
    """
    return dmc.MantineProvider(
        [
            dcc.Location(id="url", refresh="callback-nav"),
            notes.container(),
            html.A("Skip to the content", href="#page", className="skip"),
            _header(workspace, _user() if known else ""),
            html.Main(id="page", tabIndex="-1"),
            _keys(),
        ],
        forceColorScheme="light",
        theme={
            "primaryColor": "blue",
            "fontFamily": "inherit",
            "headings": {"fontFamily": "inherit"},
        },
    )


def _header(workspace: str, who: str) -> Any:
    return html.Header(
        [
            dcc.Link(html.Strong("tsad"), href=RUNS, className="brand"),
            html.Span(workspace, className="workspace", title="workspace"),
            dmc.Select(
                id="shell-scoring",
                className="scoring",
                data=[],
                allowDeselect=False,
                searchable=True,
                placeholder="scoring",
                attributes={"input": {"aria-label": "scoring"}},
            ),
            dmc.TextInput(
                id="shell-who",
                className="who",
                value=who,
                placeholder="your name",
                debounce=True,
                leftSection=html.Span("by", className="by"),
                persistence=True,
                persistence_type="local",
                attributes={"input": {"aria-label": "your name, kept with verdicts"}},
            ),
            dmc.Button("Keys", id="shell-help", variant="default", className="key-help"),
        ]
    )


def _user() -> str:
    """Whoever is logged in here; nobody where the system does not know."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return ""


def _keys() -> Any:
    return dmc.Modal(keys(), id="shell-keys", title="Keys", opened=False)


def keys() -> Any:
    """A table of the keys."""
    rows = [html.Tr([html.Td(dmc.Kbd(key)), html.Td(text)]) for key, text in KEYS]
    return html.Table(html.Tbody(rows))


def scorings(views: Views) -> list[dict[str, str]]:
    """The scorings to choose from, the newest first."""
    workspace = views.workspace
    found = workspace.scorings()  # what these name is there when it is asked for
    data_sets = {d.id: d.name for d in workspace.data_sets()}
    models = {m.id: m.detector for m in workspace.models()}
    return [
        {
            "value": str(s.id),
            "label": scoring_line(data_sets[s.data_set_id], models[s.model_id], s),
        }
        for s in found
    ]


def nothing_yet(workspace: Path) -> Any:
    """A page for a workspace without a scoring: what to do."""
    commands = [
        f"tsad fit batches.csv --run batch_id --workspace {workspace}",
        f"tsad score new.csv --workspace {workspace}",
    ]
    return html.Section(
        [
            html.H1("Nothing to review yet"),
            html.P(
                "This workspace holds no scored runs. Learn from a table of good runs, then "
                "score others:"
            ),
            html.Pre("\n".join(commands)),
            html.P("Reload this page when they are done."),
        ],
        className="sorry",
    )


def sorry(text: str) -> Any:
    """A page that says why there is none."""
    return html.Section(
        [
            html.H1("This cannot be shown"),
            html.P(f"{text[:1].upper()}{text[1:].rstrip('.')}."),
            html.P(dcc.Link("To the runs of the newest scoring", href=RUNS)),
        ],
        className="sorry",
        role="alert",
    )
