"""What is around every page, and what stands there when there is no page to show."""

from __future__ import annotations

import getpass
from pathlib import Path
from typing import Any

import dash_mantine_components as dmc
from dash import dcc, html

from dashboard.answers import sentence
from dashboard.selection import STORE
from dashboard.state import COMPARE, HELP, LATENT, POPULATION, RUN, RUNS, State
from dashboard.views import Views
from dashboard.wording import scoring_line

from . import notes, selection_bar
from .parts import aria
from .scheme import scheme

NAVIGATION = {
    RUNS: "Runs",
    POPULATION: "Population",
    LATENT: "Latent space",
    COMPARE: "Compare",
    HELP: "Help",
}
_BELOW = {RUNS: (RUN,)}  # pages without a link of their own
KEYS = [
    ("1 … 5", "runs, population, latent space, compare, help"),
    ("n", "next outlier"),
    ("p", "previous outlier"),
    ("t", "verdict: a true fault"),
    ("f", "verdict: no fault, a false alarm"),
    ("u", "verdict: unsure"),
    ("z", "undo the last verdict"),
    ("r", "back to the runs"),
    ("s", "select this run, or no longer"),
    ("c", "clear the selection"),
    ("d", "dark or light"),
    ("?", "these keys"),
]


def layout(workspace: str, *, known: bool) -> Any:
    """The shell of the app; `page` is where pages appear.

    `known` says that whoever comes is the user of this machine.
    """
    return dmc.MantineProvider(
        [
            dcc.Location(id="url", refresh="callback-nav"),
            dcc.Store(id="page-url"),
            dcc.Store(id=STORE, storage_type="session"),
            dcc.Store(id="shell-scheme", data=scheme()),
            dcc.Store(id="shell-shown"),  # changes once the first figure of a page is drawn
            notes.container(),
            html.A("Skip to the content", href="#page", className="skip"),
            html.Header(
                [
                    _first_line(workspace, _user() if known else ""),
                    html.Div(
                        [html.Nav(id="shell-pages", **aria(label="pages")), selection_bar.bar()]
                    ),
                ]
            ),
            html.Main(id="page", tabIndex="-1"),
            _keys(),
        ],
        id="shell-look",
        forceColorScheme=scheme(),
        theme={
            "primaryColor": "blue",
            "fontFamily": "inherit",
            "headings": {"fontFamily": "inherit"},
        },
    )


def _first_line(workspace: str, who: str) -> Any:
    return html.Div(
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
                attributes=scoring_named(""),
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
            dmc.Button("Copy link", id="shell-copy", variant="default"),
            dmc.Button(
                "◐",
                id="shell-dark",
                variant="default",
                attributes={"root": {"aria-label": "dark or light", "title": "dark or light (d)"}},
            ),
            dmc.Button("Keys", id="shell-show-keys", variant="default"),
        ]
    )


def scoring_named(label: str) -> dict[str, Any]:
    """Attributes of the field of the scoring, which may be too narrow for what it says."""
    return {"input": {"aria-label": "scoring", "title": label}}


def pages(path: str | None, url: State) -> list[Any]:
    """Links to the pages, which keep what is looked at; the page that is shown is marked."""
    here = path_of(path)
    return [
        html.Span(
            dcc.Link(name, id=f"shell-to-{number}", href=url.at(page, other=None, rival=None)),
            **(aria(current="page") if here in (page, *_BELOW.get(page, ())) else {}),
        )
        for number, (page, name) in enumerate(NAVIGATION.items(), start=1)
    ]


def path_of(path: str | None) -> str:
    """The page of a path, however it ends."""
    return (path or "").rstrip("/") or RUNS


def _user() -> str:
    """Whoever is logged in here; nobody where the system does not know."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return ""


def _keys() -> Any:
    named = aria(label="close")
    return dmc.Modal(keys(), id="shell-keys", title="Keys", opened=False, closeButtonProps=named)


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
            html.P(sentence(text)),
            html.P(dcc.Link("To the runs of the newest scoring", href=RUNS)),
        ],
        className="sorry",
        role="alert",
    )
