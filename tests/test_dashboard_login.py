"""The token that lets a browser in, and the cookie after it."""

import re

import pytest
from flask.testing import FlaskClient
from small_dashboard import CALLBACK, OWN, TOKEN, click, enter, guarded, post

from dashboard.serving import login
from dashboard.serving.login import new_token


@pytest.fixture
def locked() -> FlaskClient:
    """A client of a dashboard that asks for a token."""
    return guarded(token=TOKEN).server.test_client()


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/"), ("GET", "/run/17"), ("GET", "/_dash-layout"), ("GET", "/_dash-dependencies"),
        ("GET", "/assets/x.css"), ("GET", "/_favicon.ico"), ("POST", CALLBACK), ("HEAD", "/"),
        ("GET", "/_dash-component-suites/dash/deps/react@18.3.1.min.js"), ("OPTIONS", CALLBACK),
    ],
)  # fmt: skip
def test_nothing_is_shown_without_the_token(locked: FlaskClient, method: str, path: str) -> None:
    response = locked.open(path, method=method)
    assert response.status_code == 401
    if method != "HEAD":
        assert '<input type="password" name="token"' in response.text
        assert "Open the address that the dashboard printed" in response.text


def test_the_right_token_is_exchanged_for_a_cookie(locked: FlaskClient) -> None:
    response = enter(locked)
    assert (response.status_code, response.headers["Location"]) == (303, "/")
    cookie = response.headers["Set-Cookie"]
    assert re.fullmatch(r"tsad-80=[0-9a-f]{64}; HttpOnly; Path=/; SameSite=Strict", cookie)
    assert locked.get("/").status_code == 200
    assert post(locked, {"Origin": OWN}).status_code == 200


def test_the_address_is_kept_when_the_token_is_taken_out_of_it(locked: FlaskClient) -> None:
    query = {"token": TOKEN, "k": "3", "run": "B 17&ü"}
    response = locked.get("/run/B-17 ü?", query_string=query)
    assert response.headers["Location"] == "/run/B-17%20%C3%BC?k=3&run=B+17%26%C3%BC"


@pytest.mark.parametrize("path", ["//evil.com/", "///evil.com", "/\\evil.com", "//evil.com/%2f.."])
def test_the_way_back_leads_to_no_other_site(locked: FlaskClient, path: str) -> None:
    environ = {"PATH_INFO": path, "QUERY_STRING": f"token={login.quote(TOKEN)}"}
    response = locked.get("/", environ_overrides=environ)
    assert re.match(r"/([^/\\]|$)", response.headers["Location"])


@pytest.mark.parametrize("token", ["", "wrong", TOKEN[:-1], TOKEN + " ", "ü" * 26, "\udcff", "%ff"])
def test_a_wrong_token_is_refused_even_with_a_cookie(locked: FlaskClient, token: str) -> None:
    enter(locked)
    given = login.quote(token, errors="surrogatepass")
    response = locked.get(f"/?token={given}&run=%3Cb%3E")
    assert response.status_code == 401 and "Set-Cookie" not in response.headers
    assert "This is not the token of this dashboard" in response.text
    assert '<input type="hidden" name="run" value="&lt;b&gt;">' in response.text


@pytest.mark.parametrize("value", ["", "wrong", TOKEN, "é" * 64, "\xff\xfe", "0" * 64])
def test_a_made_up_cookie_is_refused(locked: FlaskClient, value: str) -> None:
    assert with_cookie(locked, f"tsad-80={value}".encode().decode("latin-1")) == 401


@pytest.mark.parametrize(
    ("environ", "status"),
    [
        ({"QUERY_STRING": "token=%ff"}, 401),
        ({"QUERY_STRING": "token=%ed%a0%80&%ff=%00"}, 401),
        ({"QUERY_STRING": "token=\xff"}, 400),
        ({"QUERY_STRING": "token=ü"}, 400),
        ({"HTTP_COOKIE": "tsad-80=\xff"}, 401),
        ({"HTTP_COOKIE": r'tsad-80="\377"'}, 401),
        ({"PATH_INFO": "/\xff"}, 401),
        ({"HTTP_SEC_FETCH_SITE": "\xff"}, 401),
    ],
)
def test_letters_of_no_alphabet_are_refused_without_an_error(
    locked: FlaskClient, caplog: pytest.LogCaptureFixture, environ: dict[str, str], status: int
) -> None:
    assert locked.get("/", environ_overrides=environ).status_code == status
    assert caplog.records == []


def test_a_cookie_ends_with_its_token_and_holds_for_one_port(locked: FlaskClient) -> None:
    cookie = enter(locked).headers["Set-Cookie"].partition(";")[0]
    assert with_cookie(locked, cookie) == 200
    assert with_cookie(locked, cookie.replace("-80", "-8050")) == 401
    assert with_cookie(guarded(token=new_token()).server.test_client(), cookie) == 401


def with_cookie(client: FlaskClient, cookie: str) -> int:
    """Status of a request with this cookie alone."""
    without_jar = client.application.test_client(use_cookies=False)
    return without_jar.get("/", headers={"Cookie": cookie}).status_code


def test_a_token_is_read_from_addresses_alone(locked: FlaskClient) -> None:
    response = locked.post(CALLBACK, query_string={"token": TOKEN}, json=click(2))
    assert response.status_code == 401 and "Set-Cookie" not in response.headers


def test_tokens_and_cookies_are_compared_in_constant_time(
    locked: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    compared: list[tuple[bytes, bytes]] = []

    def compare(given: bytes, right: bytes) -> bool:
        compared.append((given, right))
        return False

    monkeypatch.setattr(login.hmac, "compare_digest", compare)
    assert enter(locked).status_code == 401
    assert with_cookie(locked, "tsad-80=a") == 401
    assert compared[0] == (TOKEN.encode(), TOKEN.encode())
    assert compared[1][0] == b"a" and len(compared[1][1]) == 64


@pytest.mark.parametrize(
    ("headers", "shown"),
    [
        ({}, True),  # browsers do not tell it to plain HTTP in a network
        ({"Sec-Fetch-Site": "cross-site"}, True),
        ({"Sec-Fetch-Site": "same-origin"}, False),
        ({"Sec-Fetch-Site": "none"}, False),
    ],
)
def test_a_link_on_another_site_can_be_followed_by_who_is_logged_in(
    locked: FlaskClient, headers: dict[str, str], shown: bool
) -> None:
    page = locked.get("/run/1?k=3", headers=headers).text
    assert ('<a href="/run/1?k=3">open the page</a>' in page) == shown
