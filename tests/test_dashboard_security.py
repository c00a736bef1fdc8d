"""Who may talk to the dashboard, and what its pages may do."""

import json
import re
from base64 import b64encode
from hashlib import sha256
from io import BytesIO
from pathlib import Path

import pytest
from dash import Input, Output, html
from flask.testing import FlaskClient
from small_dashboard import CALLBACK, OWN, TOKEN, bare_app, click, guarded, post, settings_of
from werkzeug.test import TestResponse

from dashboard.serving.login import new_token
from dashboard.serving.security import check_address, protect


@pytest.fixture
def client() -> FlaskClient:
    return guarded().server.test_client()


@pytest.fixture
def locked() -> FlaskClient:
    """A client of a dashboard that asks for a token."""
    return guarded(token=TOKEN).server.test_client()


def policy_of(response: TestResponse) -> dict[str, str]:
    parts = response.headers["Content-Security-Policy"].split("; ")
    return {name: rest for name, _, rest in (part.partition(" ") for part in parts)}


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.2", "::1", "localhost"])
def test_this_machine_is_served_without_a_token(host: str) -> None:
    check_address(settings_of(host=host))


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "localhost.evil.com", "*"])
def test_other_machines_are_served_with_a_token_alone(host: str) -> None:
    check_address(settings_of(host=host, token=TOKEN))
    with pytest.raises(ValueError, match="no token is set: set one, or listen on 127"):
        check_address(settings_of(host=host))
    with pytest.raises(ValueError, match="no token is set"):
        protect(bare_app(), settings_of(host=host), lambda: True)


def test_no_address_is_not_every_address() -> None:
    with pytest.raises(ValueError, match="no address is named"):
        check_address(settings_of(host="", token=TOKEN))


@pytest.mark.parametrize("port", [-1, 65536])
def test_a_port_that_does_not_exist_is_refused(port: int) -> None:
    with pytest.raises(ValueError, match=f"port must be 0 to 65535, got {port}"):
        check_address(settings_of(port=port))


@pytest.mark.parametrize("token", ["", "secret"])
def test_a_token_that_could_be_guessed_is_refused(token: str) -> None:
    with pytest.raises(ValueError, match=f"the token has {len(token)} characters: give it 16"):
        check_address(settings_of(token=token))


def test_new_tokens_are_long_and_never_the_same() -> None:
    tokens = {new_token() for _ in range(100)}
    assert len(tokens) == 100 and all(re.fullmatch(r"[\w-]{43}", token) for token in tokens)


def test_settings_in_a_log_do_not_tell_the_token() -> None:
    assert TOKEN not in repr(settings_of(token=TOKEN))


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "LOCALHOST", "[::1]", "localhost:80"])
def test_names_of_this_machine_are_answered(client: FlaskClient, host: str) -> None:
    assert client.get("/", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.com", "evil.com:80", "localhost:8050", "localhost.evil.com", "127.0.0.1.evil.com",
        "evil.com@localhost", "localhost, evil.com", "127.0.0.2", "0.0.0.0", "::1", "[::1", "", " ",
        "localhost:", "localhost:80:80", "lócalhost", "<script>",
    ],
)  # fmt: skip
@pytest.mark.parametrize("path", ["/", "/healthz", "/_dash-layout", "/assets/a.css"])
def test_another_host_is_not_answered(client: FlaskClient, host: str, path: str) -> None:
    response = client.get(path, headers={"Host": host.encode().decode("latin-1")})
    assert response.status_code == 421
    assert "not the name or the port of the dashboard" in response.text
    assert not host.strip() or f">{host}" not in response.text


def test_nothing_is_worked_on_for_a_request_that_is_turned_away() -> None:
    app = guarded()
    shown: list[int] = []
    app.layout = lambda: html.Div(len(shown), id=f"shown-{shown.append(1)}")
    shown.clear()
    client = app.server.test_client()
    client.get("/", headers={"Host": "evil.com"})
    assert shown == []
    client.get("/")
    assert shown == [1]


@pytest.mark.parametrize(
    ("host", "named", "status"),
    [
        ("192.168.1.5", "192.168.1.5:8050", 401),
        ("192.168.1.5", "localhost:8050", 401),
        ("192.168.1.5", "192.168.1.6:8050", 421),
        ("192.168.1.5", "192.168.1.5:8051", 421),
        ("192.168.1.5", "192.168.1.5", 421),
        ("Plant-PC", "plant-pc:8050", 401),
        ("fe80::2", "[fe80::2]:8050", 401),
        ("0.0.0.0", "any.name:1234", 401),
        ("::", "any.name", 401),
        ("127.0.0.2", "127.0.0.2:8050", 401),
    ],
)
def test_the_address_that_it_listens_on_is_answered(host: str, named: str, status: int) -> None:
    client = guarded(host=host, token=TOKEN).server.test_client()
    response = client.get("/", base_url="http://localhost:8050", headers={"Host": named})
    assert response.status_code == status


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": OWN},
        {"Origin": OWN, "Sec-Fetch-Site": "same-origin"},
        {"Sec-Fetch-Site": "same-origin"},
    ],
)
def test_its_own_pages_may_post(client: FlaskClient, headers: dict[str, str]) -> None:
    response = post(client, headers)
    assert response.json == {"response": {"said": {"children": "clicked 2 times"}}, "multi": True}


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.com"},
        {"Origin": "null"},
        {"Origin": ""},
        {"Origin": "https://localhost"},
        {"Origin": "http://localhost:8050"},
        {"Origin": "http://127.0.0.1"},
        {"Origin": f"{OWN}.evil.com"},
        {"Origin": f"{OWN}, http://evil.com"},
        {"Origin": "http://evil.com", "Sec-Fetch-Site": "same-origin"},
        {"Origin": OWN, "Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
    ],
)
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_other_sites_may_change_nothing(
    client: FlaskClient, headers: dict[str, str], method: str
) -> None:
    response = client.open(CALLBACK, method=method, json=click(2), headers=headers)
    assert response.status_code == 403
    assert response.text == "Only the dashboard's own pages may do this.\n"


def test_a_page_may_be_opened_from_another_site(client: FlaskClient) -> None:
    headers = {"Origin": "http://evil.com", "Sec-Fetch-Site": "cross-site"}
    assert client.get("/", headers=headers).status_code == 200


def test_other_sites_are_not_told_that_they_may_read(client: FlaskClient) -> None:
    for response in [client.get("/_dash-layout"), client.options(CALLBACK)]:
        assert not [name for name in dict(response.headers) if name.startswith("Access-Control")]


@pytest.mark.parametrize("path", [CALLBACK, "/", "/_dash-layout"])
def test_a_request_over_the_limit_is_refused(path: str) -> None:
    client = guarded(largest_request=1000).server.test_client()
    assert client.post(path, data=b"x" * 1000).status_code in {405, 415}
    response = client.post(path, data=b"x" * 1001)
    assert response.status_code == 413 and "at most 1,000 bytes" in response.text


def test_a_body_that_does_not_tell_its_size_is_not_read_past_the_limit() -> None:
    client = guarded(largest_request=1000).server.test_client()
    body = BytesIO(json.dumps({"output": "x" * 2000}).encode())
    endless = {"wsgi.input_terminated": True, "HTTP_TRANSFER_ENCODING": "chunked"}
    response = client.post(
        CALLBACK, input_stream=body, content_type="application/json", environ_overrides=endless
    )
    assert response.status_code == 400 and body.tell() == 1000


@pytest.mark.parametrize(
    "path", ["/", "/_dash-layout", "/healthz", "/assets/none.css", "/x?token="]
)
def test_every_answer_carries_the_headers(client: FlaskClient, path: str) -> None:
    headers = client.get(path).headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert "camera=()" in headers["Permissions-Policy"]
    assert headers["Cache-Control"] == "no-store"


def test_refused_requests_get_the_headers_too(locked: FlaskClient) -> None:
    for response in [locked.get("/"), locked.get("/", headers={"Host": "evil.com"})]:
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert response.headers["Cache-Control"] == "no-store"
        assert "default-src" in policy_of(response)


def test_scripts_that_nobody_wrote_here_do_not_run(client: FlaskClient) -> None:
    policy = policy_of(client.get("/"))
    assert policy["default-src"] == policy["connect-src"] == "'self'"
    none = {name for name, value in policy.items() if value == "'none'"}
    assert none == {"object-src", "base-uri", "frame-ancestors"}
    assert "unsafe" not in policy["script-src"] and "*" not in " ".join(policy.values())
    assert all(re.fullmatch(r"'self'|'sha256-.{44}'", s) for s in policy["script-src"].split())


def test_inline_scripts_of_the_page_are_those_that_may_run() -> None:
    app = bare_app()
    app.clientside_callback("n => `${n} <b>`", Output("go", "title"), Input("go", "n_clicks"))
    protect(app, settings_of(), lambda: True)
    response = app.server.test_client().get("/")
    inline = r"<script(?![^>]*(?:src=|json))[^>]*>(.*?)</script>"
    scripts = re.findall(inline, re.sub(r"<!--.*?-->", "", response.text, flags=re.S), re.S)
    hashes = {b64encode(sha256(script.encode()).digest()).decode() for script in scripts}
    allowed = " ".join(["'self'", *(f"'sha256-{hash}'" for hash in hashes)])
    assert len(hashes) == 2
    assert sorted(policy_of(response)["script-src"].split()) == sorted(allowed.split())


def test_libraries_are_kept_by_the_browser_and_data_are_not(tmp_path: Path) -> None:
    (tmp_path / "a.css").write_text("a {}")
    client = guarded(assets=tmp_path).server.test_client()
    [library] = re.findall(
        r"/_dash-component-suites/[^\"]*dash_renderer[^\"]*", client.get("/").text
    )
    assert client.get(library).headers["Cache-Control"] == "max-age=31536000"
    with client.get("/assets/a.css") as asset:
        assert asset.headers["Cache-Control"] == "no-cache"
    for path in ["/", "/_dash-layout", "/assets/b.css", "/_dash-component-suites/dash/none.js"]:
        assert client.get(path).headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("token", [None, TOKEN])
def test_health_is_told_to_anybody_and_nothing_else(token: str | None) -> None:
    well = guarded(token=token).server.test_client().get("/healthz")
    ill = guarded(lambda: False, token=token).server.test_client().get("/healthz")
    assert (well.status_code, well.json) == (200, {"status": "ok"})
    assert (ill.status_code, ill.json) == (503, {"status": "workspace not readable"})


def test_only_health_is_told_to_anybody(locked: FlaskClient) -> None:
    for path in [
        "/healthz/",
        "/healthz/x",
        "/x//healthz",
        "/x/../healthz",
        "/HEALTHZ",
        "/healthz%00",
    ]:
        assert locked.get(path).status_code in {308, 401}


@pytest.mark.parametrize(
    "path",
    [
        "/assets/../secret.txt", "/assets/..%2fsecret.txt", "/assets/%2e%2e/secret.txt",
        "/assets/..\\secret.txt", "/assets/..%5csecret.txt", "/assets/%2e%2e%2fsecret.txt",
        "/assets/etc/passwd", "/assets/a.css/../../secret.txt",
        "/assets/a.css%00", "/assets/.", "/assets/..", "/assets/C:/secret.txt",
        "/_dash-component-suites/../secret.txt", "/_dash-component-suites/..%2f..%2fsecret.txt",
        "/_dash-component-suites/dash/../secret.txt", "/_dash-component-suites/dash/dash.py",
        "/_dash-component-suites/dash/..%2f..%2fflask/app.py", "/_dash-component-suites/os/os.py",
        "/_dash-component-suites/dash/deps/..%2fdash.py",
        "/_dash-component-suites/dash/a%00.js",
        "/_dash-component-suites/dashboard/serving/settings.py",
    ],
)  # fmt: skip
def test_no_path_leads_to_another_file(tmp_path: Path, path: str) -> None:
    (tmp_path / "secret.txt").write_text("the password is swordfish")
    (tmp_path / "assets").mkdir()
    (tmp_path / "assets" / "a.css").write_text("a {}")
    client = guarded(assets=tmp_path / "assets").server.test_client()
    with client.get("/assets/a.css") as asset:
        assert asset.text == "a {}"
    response = client.get(path, follow_redirects=True)
    assert response.status_code == 404
    assert "swordfish" not in response.text and len(response.text) < 1200


@pytest.mark.parametrize("path", ["/assets//etc/passwd", "/assets/%2fetc/passwd", "/assets/"])
def test_a_path_that_names_no_file_shows_the_empty_page(client: FlaskClient, path: str) -> None:
    assert client.get(path).text.count("react-entry-point") == 1
