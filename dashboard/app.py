"""The app: the shell around the pages, and which page a URL shows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import dash
from dash import ClientsideFunction, Input, Output, State, no_update

from dashboard.serving import security
from tsad_plugin.workspace import Workspace

from . import downloads
from .answers import PLACE, Refused, said
from .components import selection_bar, shell
from .components.notes import report_error
from .components.scheme import scheme
from .pages import compare, help, latent, population, run, runs
from .seen import Seen
from .selection import STORE, positions
from .serving.settings import Settings
from .state import COMPARE, HELP, LATENT, POPULATION, RUN, RUNS
from .state import State as Url
from .views import Views

INDEX = """\
<!DOCTYPE html>
<html lang="en">
    <head>{%metas%}<title>{%title%}</title>{%favicon%}{%css%}</head>
    <body>{%app_entry%}<footer>{%config%}{%scripts%}{%renderer%}</footer></body>
</html>
"""
PAGES = {
    RUNS: runs,
    RUN: run,
    POPULATION: population,
    LATENT: latent,
    COMPARE: compare,
    HELP: help,
}
PATIENCE = 5.0  # seconds that a page waits for another who writes


class _App(dash.Dash):
    """It sends even the first page, which is empty, in the colours of whoever asks."""

    def interpolate_index(self, *args: Any, **more: Any) -> str:
        html = str(super().interpolate_index(*args, **more))
        return html.replace("<html", f'<html data-mantine-color-scheme="{scheme()}"', 1)


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
    app = _App(
        __name__,
        assets_folder=str(Path(__file__).parent / "assets"),
        title="tsad",
        index_string=INDEX,
        update_title="",
        suppress_callback_exceptions=True,
        on_error=report_error,
        enable_mcp=False,
        add_log_handler=False,
        pages_folder="",
    )
    app.server.config[PLACE] = workspace.path
    # A function: who asks has light or dark pages.
    app.layout = lambda: shell.layout(workspace.path.name, known=settings.token is None)
    _register_buttons(app)
    _register_routes(app, views)
    _register_selection(app, views)
    downloads.register(app, views)
    for page in PAGES.values():
        page.register(app, views)
    security.protect(app, settings, workspace.is_alive)
    return app


def _register_buttons(app: dash.Dash) -> None:
    app.clientside_callback(
        ClientsideFunction("tsad", "open"),
        Output("shell-keys", "opened"),
        Input("shell-show-keys", "n_clicks"),
        prevent_initial_call=True,
    )
    app.clientside_callback(
        ClientsideFunction("tsad", "scheme"),
        Output("shell-scheme", "data"),
        Output("shell-look", "forceColorScheme"),
        Input("shell-dark", "n_clicks"),
        State("shell-scheme", "data"),
    )
    app.clientside_callback(
        ClientsideFunction("tsad", "shown"),
        Output("shell-shown", "data"),
        Input("page", "children"),
        prevent_initial_call=True,
    )
    app.clientside_callback(
        ClientsideFunction("tsad", "copy"),
        Output("notes", "sendNotifications"),
        Input("shell-copy", "n_clicks"),
        prevent_initial_call=True,
    )
    app.clientside_callback(
        ClientsideFunction("tsad", "clear"),
        Output(STORE, "data"),
        Input("shell-clear", "n_clicks"),
        prevent_initial_call=True,
    )


def _register_routes(app: dash.Dash, views: Views) -> None:
    @app.callback(
        Output("page", "children"),
        Output("shell-scoring", "data"),
        Output("shell-scoring", "value"),
        Output("shell-scoring", "attributes"),
        Output("page-url", "data"),
        Output("shell-pages", "children"),
        Input("url", "pathname"),
        Input("url", "search"),
    )
    def show(pathname: str, search: str) -> Any:
        """The page of a URL, and the scorings that can be chosen."""
        choices: list[dict[str, str]] = []
        url = Url()
        try:
            choices = shell.scorings(views)
            url = _settled(views, Url.of(search))
            content = page_at(views, pathname, url)
        except Exception as error:  # whatever it is, the page must not stay empty
            url, content = Url(), shell.sorry(said(error))
        value = None if url.scoring is None else str(url.scoring)
        label = next((one["label"] for one in choices if one["value"] == value), "")
        named = shell.scoring_named(label)
        return content, choices, value, named, url.at(""), shell.pages(pathname, url)

    @app.callback(
        Output("url", "href"),
        Input("shell-scoring", "value"),
        State("page-url", "data"),
        prevent_initial_call=True,
    )
    def choose(value: str | None, here: str) -> Any:
        """Go to the runs of another scoring."""
        if value is None or int(value) == Url.of(here).scoring:
            return no_update
        return Url(scoring=int(value)).at(RUNS)


def _settled(views: Views, url: Url) -> Url:
    """A URL that names its scoring: a newer one must not slip under the page."""
    return url if url.scoring is not None else url._replace(scoring=views.newest())


def page_at(views: Views, pathname: str | None, url: Url) -> Any:
    """The content of a page; an error says why there is none."""
    page = PAGES.get(shell.path_of(pathname))
    if page is None:
        raise Refused(f"there is no page {pathname!r}: go to the runs")
    if page is help:  # it needs no scoring
        return help.layout()
    if url.scoring is None:
        return shell.nothing_yet(views.workspace.path)
    return page.layout(Seen.of(views, url))


def _register_selection(app: dash.Dash, views: Views) -> None:
    @app.callback(
        Output("shell-selected", "children"),
        Output("shell-selected-links", "children"),
        Output("shell-bar", "hidden"),
        Input(STORE, "data"),
        Input("page-url", "data"),
    )
    def tell(stored: dict[str, Any] | None, here: str | None) -> Any:
        """Say which runs are selected."""
        if not stored or not here:
            return "", [], True
        seen = Seen.at(views, here)
        chosen = positions(seen, stored)
        return selection_bar.said(seen, chosen), selection_bar.links(seen, chosen), not chosen
