"""What went wrong is told to the log alone."""

import json
import logging
import re
from typing import Any

import pytest
from flask.testing import FlaskClient
from small_dashboard import CALLBACK, TOKEN, click, enter, guarded, post

from dashboard.answers import told


@pytest.fixture
def client() -> FlaskClient:
    return guarded().server.test_client()


def failing(path: str, error: Exception, **changes: Any) -> FlaskClient:
    app = guarded(**changes)

    def fail() -> None:
        raise error

    app.server.add_url_rule(path, view_func=fail, methods=["GET", "POST"])
    return app.server.test_client()


def name_in(caplog: pytest.LogCaptureFixture, text: str) -> str:
    """Name of the error that the log has with its traceback, and the answer without."""
    [record] = [record for record in caplog.records if record.name == "dashboard"]
    found = re.search(r"error ([0-9a-f]{8})\b", text)
    assert found is not None and found[0] in record.getMessage()
    assert record.levelno == logging.ERROR and "Traceback" in caplog.text
    assert not re.search("Traceback|swordfish|RuntimeError|File|\\.py", text)
    return found[1]


def test_an_error_in_a_page_is_told_to_the_log_alone(caplog: pytest.LogCaptureFixture) -> None:
    client = failing("/broken", RuntimeError("the password is swordfish"))
    response = client.get("/broken")
    assert response.status_code == 500 and "<h1>Internal Server Error</h1>" in response.text
    assert name_in(caplog, response.text) and "swordfish" in caplog.text


def test_an_error_in_a_callback_is_told_to_the_log_alone(
    client: FlaskClient, caplog: pytest.LogCaptureFixture
) -> None:
    response = post(client, n_clicks=1)
    assert (response.status_code, response.mimetype) == (500, "text/plain")
    name = name_in(caplog, response.text)
    assert response.text == (
        f"Something went wrong in the dashboard (error {name}). Its log has the details.\n"
    )
    assert "swordfish" in caplog.text
    assert post(client, n_clicks=2).status_code == 200


def test_an_app_may_show_an_error_in_its_own_way(caplog: pytest.LogCaptureFixture) -> None:
    app = guarded()
    app._on_error = told
    response = post(app.server.test_client(), n_clicks=1)
    assert response.status_code == 200
    name_in(caplog, response.json["response"]["said"]["children"])


def test_an_error_while_showing_an_error_is_told_to_the_log_alone(
    caplog: pytest.LogCaptureFixture,
) -> None:
    app = guarded()

    def fail(error: Exception) -> None:
        raise OSError(f"cannot show: {error}")

    app._on_error = fail
    response = post(app.server.test_client(), n_clicks=1)
    assert response.status_code == 500 and "cannot show" not in response.text
    name_in(caplog, response.text)


@pytest.mark.parametrize(
    "body",
    [
        None, {}, [], "text", 1, {"output": {}}, {"output": "said.children"},
        click(2) | {"output": "none.children"},
        click(2) | {"inputs": []},
        click(2) | {"inputs": [None]},
        click(2) | {"inputs": [{"id": "go"}]},
        click(2) | {"inputs": [[1]]},
        click(2) | {"inputs": {"id": "go", "property": "n_clicks"}},
        click(2) | {"state": [{"id": "go", "property": "n_clicks"}]},
        click(2) | {"outputs": []},
        click(2) | {"outputs": None},
        click(2) | {"changedPropIds": None},
        click(2) | {"changedPropIds": [{}]},
    ],
)  # fmt: skip
def test_what_no_page_asks_is_refused_and_no_error_in_the_log(
    client: FlaskClient, caplog: pytest.LogCaptureFixture, body: Any
) -> None:
    response = client.post(CALLBACK, data=json.dumps(body), content_type="application/json")
    assert (response.status_code, response.mimetype) == (400, "text/plain")
    assert "reload it" in response.text
    assert not [record for record in caplog.records if record.name == "dashboard"]


def test_a_body_that_is_no_json_is_refused(client: FlaskClient) -> None:
    for body, kind in [("{", "application/json"), ("{}", "text/plain"), ("", "")]:
        assert client.post(CALLBACK, data=body, content_type=kind).status_code in {400, 415}


def test_each_error_has_its_own_name(caplog: pytest.LogCaptureFixture) -> None:
    client = failing("/broken", RuntimeError("the password is swordfish"))
    names = set()
    for _ in range(20):
        caplog.clear()
        names.add(name_in(caplog, client.get("/broken").text))
    assert len(names) == 20


def test_a_path_writes_nothing_but_itself_into_the_log(caplog: pytest.LogCaptureFixture) -> None:
    client = failing("/<path:rest>/broken", RuntimeError())
    client.get("/a%0D%1B[31mERROR forged/broken?run=1")
    [record] = [record for record in caplog.records if record.name == "dashboard"]
    assert record.getMessage().endswith(r"in GET '/a\r\x1b[31mERROR forged/broken'")


def test_the_log_never_has_the_token(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    client = failing("/broken", RuntimeError(), token=TOKEN)
    enter(client)
    client.get("/broken")
    assert "Traceback" in caplog.text and TOKEN not in caplog.text


@pytest.mark.parametrize(
    ("method", "path", "status", "title"),
    [
        ("GET", "/assets/none.css", 404, "Not Found"),
        ("GET", "/_dash-component-suites/dash/none.js", 404, "Not Found"),
        ("GET", "/_dash-component-suites/none/none.js", 404, "Not Found"),
        ("POST", "/", 405, "Method Not Allowed"),
        ("DELETE", "/healthz", 405, "Method Not Allowed"),
    ],
)
def test_common_errors_have_short_pages(
    client: FlaskClient, method: str, path: str, status: int, title: str
) -> None:
    response = client.open(path, method=method)
    assert response.status_code == status and f"<h1>{title}</h1>" in response.text
    assert len(response.text) < 1200 and "egistered" not in response.text
    assert ("Allow" in response.headers) == (status == 405)


def test_tools_for_developers_are_off_whatever_the_environment_says(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    for name in ["DASH_DEBUG", "DASH_UI", "DASH_HOT_RELOAD", "DASH_PROPS_CHECK", "FLASK_DEBUG",
                 "DASH_SERVE_DEV_BUNDLES", "DASH_PRUNE_ERRORS"]:  # fmt: skip
        monkeypatch.setenv(name, "true")
    app = guarded()
    client = app.server.test_client()
    page = client.get("/").text
    assert '"ui":false' in page and '"props_check":false' in page and "hot_reload" not in page
    assert ".dev.js" not in page and not app.server.debug
    name_in(caplog, post(client, n_clicks=1).text)
