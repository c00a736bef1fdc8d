"""The web server itself: real sockets, and a real browser."""

import http.client
import json
import logging
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import dash
import dash_ag_grid
import dash_mantine_components as dmc
import plotly.graph_objects as go
import pytest
from dash import Input, Output, dcc
from html_pages import ARGUMENTS
from small_dashboard import CALLBACK, TOKEN, bare_app, click, guarded, serving, settings_of

from dashboard.serving.security import protect
from dashboard.serving.server import Server
from dashboard.serving.settings import Settings

ROOT = Path(__file__).parents[1]
LIMIT = 1000
FORMAT = "d3.format('.1f')(params.value)"


def port_of(server: Server) -> int:
    port = urlsplit(server.url).port
    assert port
    return port


def said(server: Server, request: str, body: bytes = b"") -> tuple[int, str]:
    """Status and all of the answer to what is sent as it stands; {port} is filled in."""
    sent = request.strip().replace("{port}", str(port_of(server))).replace("\n", "\r\n")
    with socket.create_connection(("127.0.0.1", port_of(server)), timeout=30) as connection:
        connection.sendall(sent.encode("latin-1") + b"\r\n\r\n" + body)
        answer = b"".join(iter(lambda: connection.recv(65536), b"")).decode("latin-1")
    return int(answer.split(" ", 2)[1]), answer


def get(server: Server, path: str = "/healthz") -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port_of(server), timeout=30)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    finally:
        connection.close()


def post_of(headers: str = "", host: str = "127.0.0.1:{port}") -> str:
    return (
        f"POST {CALLBACK} HTTP/1.1\nHost: {host}\nConnection: close\n"
        f"Content-Type: application/json\n{headers}"
    )


def chunks(body: bytes, size: int = 100) -> bytes:
    parts = [body[start : start + size] for start in range(0, len(body), size)]
    return b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in [*parts, b""])


def click_of(size: int) -> bytes:
    """A valid click of so many bytes."""
    body = json.dumps(click(2)).encode()
    return body + b" " * (size - len(body))


# --- addresses ----------------------------------------------------------------------------------


def test_it_answers_on_the_address_that_it_tells() -> None:
    with serving() as server:
        assert re.fullmatch(r"http://127\.0\.0\.1:\d+/", server.url)
        assert get(server) == get(server, "/") == 200


def test_only_loopback_listens_unless_told_otherwise() -> None:
    with serving() as server, pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.0.0.2", port_of(server)), timeout=30)


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("localhost", r"http://localhost:\d+/"),
        ("::1", r"http://\[::1\]:\d+/"),
        ("127.0.0.2", r"http://127\.0\.0\.2:\d+/"),
    ],
)
def test_the_url_names_the_host(host: str, url: str) -> None:
    server = Server(bare_app(), settings_of(host=host))
    server.close()
    assert re.fullmatch(url, server.url)


@pytest.mark.parametrize(("host", "shown"), [("0.0.0.0", "127.0.0.1"), ("127.0.0.1", "127.0.0.1")])
def test_the_url_lets_in_where_there_is_a_token(host: str, shown: str) -> None:
    with serving(host=host, token=TOKEN) as server:
        query = "?token=a+token+of+26+characters+%C3%BC"
        assert server.url == f"http://{shown}:{port_of(server)}/{query}"
        assert get(server, "/") == 401 and get(server, f"/{query}") == 303


def test_other_machines_are_not_served_without_a_token() -> None:
    with pytest.raises(ValueError, match="other machines reach the address"):
        Server(bare_app(), settings_of(host="0.0.0.0"))


def test_a_port_that_is_taken_is_named() -> None:
    with serving() as server:
        port = port_of(server)
        with pytest.raises(ValueError, match=f"port {port} of '127.0.0.1' .*in use.* with --port"):
            Server(bare_app(), settings_of(port=port))
        assert get(server) == 200
    Server(bare_app(), settings_of(port=port)).close()


def test_an_address_of_another_machine_is_named() -> None:
    with pytest.raises(ValueError, match=r"cannot listen on port 0 of '203.0.113.1' .*--host"):
        Server(bare_app(), settings_of(host="203.0.113.1", token=TOKEN))


# --- start and end ------------------------------------------------------------------------------


def test_a_closed_server_answers_no_more_and_can_be_closed_again() -> None:
    with serving() as server:
        assert get(server) == 200
        server.close()
        server.close()
    with pytest.raises(OSError, match="refused"):
        get(server)


def test_a_server_closed_before_it_runs_does_not_run() -> None:
    server = Server(bare_app(), settings_of())
    server.close()
    server.run()
    with pytest.raises(OSError, match="refused"):
        get(server)


def test_closing_ends_connections_that_wait() -> None:
    with serving() as server:
        idle = socket.create_connection(("127.0.0.1", port_of(server)), timeout=30)
        assert get(server) == 200  # the idle one was accepted before this one
    with idle:
        assert idle.recv(1) == b""


def test_closing_lets_a_request_end() -> None:
    begun, end = threading.Event(), threading.Event()

    def slow() -> str:
        begun.set()
        return "done" if end.wait(30) else "hung"

    app = guarded()
    app.server.add_url_rule("/slow", view_func=slow)
    answers: list[int] = []
    with serving(app) as server:
        asking = threading.Thread(target=lambda: answers.append(get(server, "/slow")))
        asking.start()
        assert begun.wait(30)
        server.close()
        end.set()
        asking.join(30)
    assert answers == [200]


PROGRAM = """
from small_dashboard import guarded, settings_of
from dashboard.serving.server import Server
server = Server(guarded(), settings_of())
print(server.url, flush=True)
server.run()
print("ended", flush=True)
"""


@pytest.mark.skipif(os.name != "posix", reason="sends a signal")
def test_a_keyboard_interrupt_ends_it_without_a_word() -> None:
    path = os.pathsep.join([str(ROOT), str(ROOT / "tests")])
    started = subprocess.Popen(
        [sys.executable, "-c", PROGRAM],
        env={**os.environ, "PYTHONPATH": path},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with started:
        assert started.stdout
        url = started.stdout.readline().strip()
        with socket.create_connection(("127.0.0.1", urlsplit(url).port or 0), timeout=30) as asking:
            asking.sendall(b"GET /healthz HTTP/1.0\r\n\r\n")
            assert asking.recv(100)  # it runs
        started.send_signal(signal.SIGINT)
        rest, wrong = started.communicate(timeout=60)
    assert (started.returncode, rest, wrong) == (0, "ended\n", "")


# --- requests as they stand ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        ("GET / HTTP/1.1\nHost: 127.0.0.1:{port}\nConnection: close", 200),
        ("GET / HTTP/1.1\nHost: localhost:{port}\nConnection: close", 200),
        ("GET / HTTP/1.0\nHost: 127.0.0.1:{port}", 200),
        ("GET http://evil.com/ HTTP/1.1\nHost: 127.0.0.1:{port}\nConnection: close", 200),
        ("GET / HTTP/1.0", 421),
        ("GET / HTTP/1.1\nHost: evil.com\nConnection: close", 421),
        ("GET / HTTP/1.1\nHost: evil.com:{port}\nConnection: close", 421),
        ("GET / HTTP/1.1\nHost: 127.0.0.1\nConnection: close", 421),
        ("GET / HTTP/1.1\nHost: 127.0.0.1:80\nConnection: close", 421),
        ("GET / HTTP/1.1\nHost: 127.0.0.1:{port}\nHost: evil.com\nConnection: close", 421),
        (
            "GET / HTTP/1.1\nHost: evil.com\nX-Forwarded-Host: 127.0.0.1:{port}\n"
            "X-Forwarded-Port: 80\nForwarded: host=localhost\nConnection: close",
            421,
        ),
    ],
)
def test_the_host_is_the_one_that_the_request_names(request_: str, status: int) -> None:
    with serving() as server:
        assert said(server, request_)[0] == status


@pytest.mark.parametrize(
    ("origin", "status"),
    [
        ("http://127.0.0.1:{port}", 200),
        ("http://127.0.0.1", 403),
        ("http://localhost:{port}", 403),
        ("https://127.0.0.1:{port}", 403),
        ("http://evil.com", 403),
        ("null", 403),
    ],
)
def test_a_post_comes_from_this_very_address(origin: str, status: int) -> None:
    body = click_of(500)
    headers = f"Content-Length: {len(body)}\nOrigin: {origin}\nX-Forwarded-Proto: https"
    with serving() as server:
        assert said(server, post_of(headers), body)[0] == status


@pytest.mark.parametrize(("size", "status"), [(LIMIT, 200), (LIMIT + 1, 413), (10**12, 413)])
def test_a_body_over_the_limit_is_refused_before_it_is_sent(size: int, status: int) -> None:
    with serving(largest_request=LIMIT) as server:
        body = click_of(LIMIT) if status == 200 else b""
        found, answer = said(server, post_of(f"Content-Length: {size}"), body)
        assert found == status and len(answer) < 2500
        assert get(server) == 200


@pytest.mark.parametrize(("size", "status"), [(LIMIT - 300, 200), (LIMIT + 300, 413)])
def test_a_body_in_chunks_is_refused_over_the_limit(size: int, status: int) -> None:
    with serving(largest_request=LIMIT) as server:
        found, _ = said(server, post_of("Transfer-Encoding: chunked"), chunks(click_of(size)))
        assert found == status
        assert get(server) == 200


def test_nobody_is_told_what_serves() -> None:
    with serving() as server:
        _, answer = said(server, "GET / HTTP/1.1\nHost: 127.0.0.1:{port}\nConnection: close")
        assert "\r\nServer:" not in answer and "aitress" not in answer and "erkzeug" not in answer


def test_requests_are_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    with serving() as server:
        assert get(server, "/") == 200
    assert [record for record in caplog.records if "GET" in record.getMessage()] == []


# --- in a browser -------------------------------------------------------------------------------


def app_of_every_kind() -> dash.Dash:
    """Components, figures and callbacks such as the dashboard has them."""
    app = bare_app()
    app.layout = dmc.MantineProvider(
        [
            app.layout,
            dmc.Text(id="counted"),
            dash_ag_grid.AgGrid(
                rowData=[{"run": "B-17", "score": 5.94}],
                columnDefs=[
                    {"field": "run"},
                    {
                        "field": "score",
                        "valueFormatter": {"function": "d3.format('.1f')(params.value)"},
                    },
                ],
            ),
            dcc.Graph(figure=go.Figure([go.Scatter(y=[1, 3, 2])]), id="line"),
            dcc.Graph(figure=go.Figure([go.Heatmap(z=[[1, 2], [3, 4]])]), id="map"),
        ]
    )
    count = "n => `counted ${n || 0}`"
    app.clientside_callback(count, Output("counted", "children"), Input("go", "n_clicks"))
    return app


@contextmanager
def browsing(server: Server) -> Iterator[tuple[Any, list[str]]]:
    """A page of Chromium, and a list of all that goes wrong on it."""
    from playwright.sync_api import sync_playwright

    wrong: list[str] = []
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), headless=True, args=ARGUMENTS
        )
        try:
            page = chromium.new_page()
            own = (f"http://127.0.0.1:{port_of(server)}/", "data:", "blob:")
            page.on("request", lambda r: r.url.startswith(own) or wrong.append(r.url))
            page.on("console", lambda m: wrong.append(f"console: {m.text}"))
            page.on("pageerror", lambda e: wrong.append(f"error: {e}"))
            yield page, wrong
        finally:
            chromium.close()


@pytest.mark.browser
@pytest.mark.slow
def test_a_page_works_under_its_policy_and_asks_no_other_host() -> None:
    app = app_of_every_kind()
    protect(app, settings_of(token=TOKEN), lambda: True)
    with serving(app, token=TOKEN) as server, browsing(server) as (page, wrong):
        page.goto(server.url)
        for part in ["#line .scatterlayer path", "#map .heatmaplayer image", "[role=gridcell]"]:
            page.wait_for_selector(part, state="attached", timeout=120_000)
        assert page.url == server.url.partition("?")[0]
        assert page.locator("[role=gridcell]").all_inner_texts() == ["B-17", "5.9"]
        with page.expect_response(lambda response: response.status == 500):
            page.click("#go")
        page.click("#go")
        # By its text: a function to wait for is evaluated, which the policy forbids.
        page.wait_for_selector("text=clicked 2 times")
        assert page.inner_text("#counted") == "counted 2"
        # The first click fails: what is told of it is on the console, and nothing else.
        [told] = [line for line in wrong if "error " in line]
        assert re.search(r"error [0-9a-f]{8}", told) and "swordfish" not in told
        assert not [line for line in wrong if line != told and "status of 500" not in line]


@pytest.mark.browser
@pytest.mark.slow
def test_scripts_that_are_not_the_apps_own_do_not_run(tmp_path: Path) -> None:
    (tmp_path / "a.js").write_text("window.own = 1; window.evaluated = eval('1')")
    app = guarded(assets=tmp_path)
    evil = "<script>window.evil = 1</script><footer>"
    app.index_string = app.index_string.replace("<footer>", evil)
    with serving(app) as server, browsing(server) as (page, wrong):
        page.goto(server.url)
        page.wait_for_selector("#go")
        assert page.evaluate("[window.own, window.evil, window.evaluated]") == [1, None, None]
        assert any("inline script violates" in line for line in wrong)
        assert any("unsafe-eval" in line for line in wrong)


@pytest.mark.browser
@pytest.mark.slow
def test_a_link_from_another_site_is_one_click_from_the_page() -> None:
    with serving(token=TOKEN) as server, browsing(server) as (page, _):
        page.goto(f"http://localhost:{port_of(server)}/")  # for a browser, another site
        page.evaluate(
            "url => document.body.append(Object.assign(document.createElement('a'), "
            "{href: url, id: 'link', textContent: 'link'}))",
            server.url,
        )
        page.click("#link")
        page.click("text=open the page")
        page.wait_for_selector("#go")
        assert page.url == f"http://127.0.0.1:{port_of(server)}/"


@pytest.mark.browser
@pytest.mark.slow
def test_the_token_can_be_typed() -> None:
    with serving(token=TOKEN) as server, browsing(server) as (page, _):
        page.goto(f"http://127.0.0.1:{port_of(server)}/runs?k=3")
        page.fill("[name=token]", TOKEN)
        page.click("button")
        page.wait_for_selector("#go")
        assert page.url == f"http://127.0.0.1:{port_of(server)}/runs?k=3"
        assert page.evaluate("document.cookie") == ""


@pytest.mark.parametrize(
    ("host", "said"), [("", "no address is named"), ("bücher..x", "cannot listen on port 0 of 'bü")]
)
def test_what_is_no_address_is_refused(host: str, said: str, tmp_path: Path) -> None:
    settings = Settings(tmp_path, host, 0, token="x" * 20)
    with pytest.raises(ValueError, match=said):
        Server(dash.Dash("dashboard"), settings)
