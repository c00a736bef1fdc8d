"""The app: the shell around the pages, and which page a URL shows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import dash
from dash import ClientsideFunction, Input, Output, State, no_update

from tsad_plugin.workspace import Workspace

from . import security
from .answers import PLACE, Refused, said
from .components import shell
from .components.notes import report_error
from .pages import help, run, runs
from .seen import Seen
from .settings import Settings
from .state import HELP, RUN, RUNS
from .state import State as Url
from .views import Views

PAGES = {RUNS: runs, RUN: run, HELP: help}
PATIENCE = 5.0  # seconds that a page waits for another who writes


def create_app(settings: Settings) -> dash.Dash:
    """Make the dashboard of a workspace.

    Parameters
    ----------
    settings : Settings
        Where the workspace is and who may ask.

    Returns
    -------
    dash.Dash
        Its `server` is a WSGI application.

    Raises
    ------
    ValueError
        If there is no workspace, it is damaged or of a newer version.
    """
    workspace = Workspace(settings.workspace, patience=PATIENCE)
    views = Views(workspace)
    app = dash.Dash(
        __name__,
        assets_folder=str(Path(__file__).parent / "assets"),
        title="tsad",
        update_title="",
        suppress_callback_exceptions=True,
        on_error=report_error,
        enable_mcp=False,
        add_log_handler=False,
        pages_folder="",
    )
    app.server.config[PLACE] = workspace.path
    app.layout = shell.layout(workspace.path.name, known=settings.token is None)
    app.clientside_callback(
        ClientsideFunction("tsad", "open"),
        Output("shell-keys", "opened"),
        Input("shell-help", "n_clicks"),
        prevent_initial_call=True,
    )
    _register_routes(app, views)
    for page in PAGES.values():
        page.register(app, views)
    security.protect(app, settings, workspace.is_alive)
    return app


def _register_routes(app: dash.Dash, views: Views) -> None:
    @app.callback(
        Output("page", "children"),
        Output("shell-scoring", "data"),
        Output("shell-scoring", "value"),
        Input("url", "pathname"),
        Input("url", "search"),
    )
    def show(pathname: str, search: str) -> Any:
        """The page of a URL, and the scorings that can be chosen."""
        choices: list[dict[str, str]] = []
        try:
            choices = shell.scorings(views)
            url = Url.of(search)
            content = page_at(views, pathname, url)
        except Exception as error:  # whatever it is, the page must not stay empty
            return shell.sorry(said(error)), choices, None
        if url.scoring is None:
            return content, choices, choices[0]["value"] if choices else None
        return content, choices, str(url.scoring)

    @app.callback(
        Output("url", "href"),
        Input("shell-scoring", "value"),
        State("url", "search"),
        prevent_initial_call=True,
    )
    def choose(value: str | None, search: str) -> Any:
        """Go to the runs of another scoring."""
        try:
            present = Url.of(search).scoring
        except Refused:
            present = None
        if value is None or int(value) == (views.newest() if present is None else present):
            return no_update
        return Url(scoring=int(value)).at(RUNS)


def page_at(views: Views, pathname: str | None, url: Url) -> Any:
    """The content of a page; an error says why there is none."""
    page = PAGES.get((pathname or "").rstrip("/") or RUNS)
    if page is None:
        raise Refused(f"there is no page {pathname!r}: go to the runs")
    if page is help:  # it needs no scoring
        return help.layout()
    if views.newest() is None:
        return shell.nothing_yet(views.workspace.path)
    return page.layout(Seen.of(views, url))
