"""What is taken along: files of all runs by links, of the selected ones by buttons."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dash import ClientsideFunction, Dash, Input, Output, State, dcc, no_update
from flask import Response, request

from .answers import Refused
from .components.exporting import FILE, LINKS, OPEN, SELECTED_REPORT, SELECTED_SCORES
from .exporting.files import CSV, PARQUET, File
from .exporting.reports import report_file
from .exporting.tables import scores_file
from .seen import Seen
from .selection import STORE, positions
from .state import REPORT, SCORES_CSV, SCORES_PARQUET
from .views import Views

ROUTES: dict[str, Callable[[Seen], File]] = {
    SCORES_CSV: lambda seen: scores_file(seen, CSV),
    SCORES_PARQUET: lambda seen: scores_file(seen, PARQUET),
    REPORT: lambda seen: report_file(seen, [] if seen.url.run is None else [seen.position]),
}


def register(app: Dash, views: Views) -> None:
    """Add routes and callbacks."""
    for path, make in ROUTES.items():
        app.server.add_url_rule(path, path, _answer(views, make))
    app.clientside_callback(
        ClientsideFunction("tsad", "exports"),
        *(Output(name, "href") for name in LINKS),
        Input("page-url", "data"),
        *(State(name, "href") for name in LINKS),
        prevent_initial_call=True,
    )
    _register_buttons(app, views)


def _answer(views: Views, make: Callable[[Seen], File]) -> Callable[[], Response]:
    """What makes a file of the URL that is asked for, and names it to the browser."""

    def answer() -> Response:
        file = make(Seen.at(views, request.query_string.decode("ascii")))
        response = Response(file.content, mimetype=file.mimetype)
        response.headers["Content-Disposition"] = f'attachment; filename="{file.name}"'
        return response

    return answer


def _register_buttons(app: Dash, views: Views) -> None:
    @app.callback(
        Output(FILE, "data"),
        Input(SELECTED_SCORES, "n_clicks"),
        State(STORE, "data"),
        State("page-url", "data"),
        prevent_initial_call=True,
    )
    def take_scores(clicks: int | None, stored: dict[str, Any] | None, here: str) -> Any:
        """Scores and verdicts of the selected runs."""
        if not clicks:  # the page has just been drawn
            return no_update
        seen = Seen.at(views, here)
        return _sent(scores_file(seen, CSV, _selected(seen, stored)))

    @app.callback(
        Output(FILE, "data", allow_duplicate=True),
        Input(SELECTED_REPORT, "n_clicks"),
        State(STORE, "data"),
        State("page-url", "data"),
        running=[(Output(OPEN, "loading"), True, False)],
        prevent_initial_call=True,
    )
    def take_report(clicks: int | None, stored: dict[str, Any] | None, here: str) -> Any:
        """The report of the selected runs."""
        if not clicks:  # the page has just been drawn
            return no_update
        seen = Seen.at(views, here)
        return _sent(report_file(seen, _selected(seen, stored)))


def _selected(seen: Seen, stored: dict[str, Any] | None) -> list[int]:
    chosen = positions(seen, stored)
    if not chosen:
        raise Refused("no run is selected: draw a frame around some in a chart, then export")
    return chosen


def _sent(file: File) -> Any:
    return dcc.send_bytes(file.content, file.name, type=file.mimetype)
