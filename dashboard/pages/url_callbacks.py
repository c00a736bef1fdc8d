"""What several pages write into the URL: a run that is opened, good runs, channels."""

from __future__ import annotations

from typing import Any

from dash import ClientsideFunction, Dash, Input, Output, State, no_update

from dashboard.seen import Seen
from dashboard.selection import clicked_run
from dashboard.state import RUN
from dashboard.views import Views


def open_clicked(app: Dash, views: Views, figure: str) -> None:
    """Let a click on a mark of a figure open its run."""

    @app.callback(
        Output("url", "href", allow_duplicate=True),
        Input(figure, "clickData"),
        State("page-url", "data"),
        prevent_initial_call=True,
    )
    def open_run(clicked: dict[str, Any] | None, here: str) -> Any:
        """Open the run that was clicked."""
        run = clicked_run(clicked)
        return no_update if run is None else Seen.at(views, here).url.at(RUN, run=run)


def choose_good(app: Dash, views: Views, field: str) -> None:
    """Let a field say which runs are the good ones."""

    @app.callback(
        Output("url", "search", allow_duplicate=True),
        Input(field, "value"),
        State("page-url", "data"),
        prevent_initial_call=True,
    )
    def choose(key: str, here: str) -> Any:
        """Take other runs as the good ones."""
        seen = Seen.at(views, here)
        return no_update if key == seen.good.key else seen.url.at("", good=key)


def choose_channels(app: Dash, field: str, own: str | None = None) -> None:
    """Let a field say which channels are drawn; `own` holds those that the page chose by itself."""
    app.clientside_callback(
        ClientsideFunction("tsad", "channels"),
        Output(field, "className"),  # of the page: when it mounts, nobody has chosen yet
        Input(field, "value"),
        State("page-url", "data"),
        *([State(own, "data")] if own else []),
        prevent_initial_call=True,
    )
