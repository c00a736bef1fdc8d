"""The grid of the runs page: its rows, what is written into them, what its buttons do."""

from __future__ import annotations

import secrets
from typing import Any

import numpy as np
from dash import ClientsideFunction, Dash, Input, Output, State, no_update

from dashboard.answers import Refused, said
from dashboard.components.grid import written_in
from dashboard.components.notes import note
from dashboard.components.threshold import read_threshold
from dashboard.listing import NONE, block
from dashboard.reference import CHOSEN
from dashboard.seen import Seen, signature
from dashboard.selection import STORE, positions, selection
from dashboard.views import Views
from tsad_plugin.forms import plural


def register(app: Dash, views: Views) -> None:
    """Add the callbacks."""
    _register_rows(app, views)
    _register_verdicts(app, views)
    _register_selection(app, views)
    _register_choice(app, views)


def _register_rows(app: Dash, views: Views) -> None:
    app.clientside_callback(
        ClientsideFunction("tsad", "refill"),
        Input("runs-settled", "data"),
        Input("runs-show", "value"),
        Input("runs-decided", "data"),
        prevent_initial_call=True,
    )

    @app.callback(
        Output("runs-grid", "getRowsResponse"),
        Input("runs-grid", "getRowsRequest"),
        State("runs-show", "value"),
        State("runs-threshold", "value"),
        State("page-url", "data"),
        prevent_initial_call=True,
    )
    def fill(request: dict[str, Any] | None, shown: str, value: Any, here: str) -> Any:
        """The rows that the grid asks for; without an answer it would ask for no more."""
        if request is None:  # the page has just been drawn
            return no_update
        try:
            seen = Seen.at(views, here)
            rows = block(seen, read_threshold(seen, value), shown, request)
        except Exception as error:
            note(said(error), color="red")
            rows = NONE
        return {**rows, "storeInfo": secrets.token_hex(4)}  # the same answer again is not seen


def _register_verdicts(app: Dash, views: Views) -> None:
    @app.callback(
        Output("runs-decided", "data"),
        Input("runs-grid", "cellValueChanged"),
        State("shell-who", "value"),
        State("page-url", "data"),
        prevent_initial_call=True,
    )
    def judge(changes: list[dict[str, Any]] | None, who: str, here: str) -> Any:
        """Keep what was written into the grid; it shows what is kept, also of what is refused."""
        for change in changes or ():
            seen = Seen.at(views, here)
            try:
                kept = seen.judge(written_in(seen, change), who)
                note(f"Run {kept.run}: {kept.verdict} is kept.")
            except ValueError as error:
                note(said(error), color="red")
        return changes[-1]["timestamp"] if changes else no_update


def _register_selection(app: Dash, views: Views) -> None:
    app.clientside_callback(ClientsideFunction("tsad", "tick"), Input(STORE, "data"))

    @app.callback(
        Output(STORE, "data", allow_duplicate=True),
        Input("runs-select", "n_clicks"),
        State("runs-threshold", "value"),
        State("page-url", "data"),
        prevent_initial_call=True,
    )
    def select(clicks: int | None, value: Any, here: str) -> Any:
        """Select the outliers."""
        if not clicks:  # the page has just been drawn
            return no_update
        seen = Seen.at(views, here)
        outliers = np.flatnonzero(seen.view.outliers(read_threshold(seen, value)))
        if not len(outliers):
            raise Refused("no run is an outlier: none is selected")
        return selection(seen, outliers)


def _register_choice(app: Dash, views: Views) -> None:
    @app.callback(
        Output("url", "search", allow_duplicate=True),
        Input("runs-choose", "n_clicks"),
        State(STORE, "data"),
        State("shell-who", "value"),
        State("page-url", "data"),
        prevent_initial_call=True,
    )
    def choose(clicks: int | None, stored: dict[str, Any] | None, who: str, here: str) -> Any:
        """Take the selected runs as the good ones."""
        if not clicks:  # the page has just been drawn
            return no_update
        seen = Seen.at(views, here)
        names = seen.view.names_at(positions(seen, stored))
        if len(names) < 2:
            raise Refused(f"{plural(len(names), 'run')} selected: good runs are at least 2")
        views.workspace.review.choose_good_runs(seen.view.data_set, names, who=signature(who))
        note(f"{len(names)} good runs are kept for {seen.view.data_set.name}.")
        return seen.url.at("", good=CHOSEN)
