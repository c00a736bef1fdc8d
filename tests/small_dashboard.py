"""A small Dash app behind the dashboard's guard."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import dash
from dash import Input, Output, html
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from dashboard.serving.security import protect
from dashboard.serving.server import Server
from dashboard.serving.settings import Settings

TOKEN = "a token of 26 characters ü"
OWN = "http://localhost"  # what Flask's test client calls itself, on port 80
CALLBACK = "/_dash-update-component"


def settings_of(**changes: Any) -> Settings:
    return Settings(**{"workspace": Path("anywhere"), "port": 0, **changes})


def bare_app(assets: Path | None = None) -> dash.Dash:
    """An app with a callback that works for an even number of clicks."""
    folder = str(assets or Path(__file__).parent / "no_assets")
    app = dash.Dash(__name__, assets_folder=folder, add_log_handler=False)
    app.layout = html.Div([html.Button("Go", id="go"), html.Div(id="said")])

    @app.callback(Output("said", "children"), Input("go", "n_clicks"))
    def say(n_clicks: int | None) -> str:
        if (n_clicks or 0) % 2:
            raise RuntimeError("the password is swordfish")
        return f"clicked {n_clicks or 0} times"

    return app


def guarded(
    is_alive: Callable[[], bool] = lambda: True, assets: Path | None = None, **changes: Any
) -> dash.Dash:
    app = bare_app(assets)
    protect(app, settings_of(**changes), is_alive)
    return app


def click(n_clicks: int) -> dict[str, Any]:
    """What a browser posts to the callback."""
    return {
        "output": "said.children",
        "outputs": {"id": "said", "property": "children"},
        "inputs": [{"id": "go", "property": "n_clicks", "value": n_clicks}],
        "changedPropIds": ["go.n_clicks"],
    }


def post(
    client: FlaskClient, headers: dict[str, str] | None = None, n_clicks: int = 2
) -> TestResponse:
    return client.post(CALLBACK, json=click(n_clicks), headers=headers)


def enter(client: FlaskClient) -> TestResponse:
    return client.get("/", query_string={"token": TOKEN})


@contextmanager
def serving(app: dash.Dash | None = None, **changes: Any) -> Iterator[Server]:
    """A real server of an app."""
    with running(Server(app or guarded(**changes), settings_of(**changes))) as server:
        yield server


@contextmanager
def running(server: Server) -> Iterator[Server]:
    """Serve in a thread; it must have ended when the block has."""
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        yield server
    finally:
        server.close()
        thread.join(timeout=30)
    assert not thread.is_alive()
