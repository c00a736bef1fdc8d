"""Who may talk to the dashboard, and what its pages may do in a browser."""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import ip_address

import dash
from flask import Flask, Response, request
from werkzeug.exceptions import (
    BadRequest,
    Forbidden,
    HTTPException,
    RequestEntityTooLarge,
    Unauthorized,
)

from dashboard.answers import answer_errors

from .calls import check_calls
from .login import SHORTEST, Login, ask_for_token
from .settings import Settings

HEALTH = "/healthz"
STATIC = ("/assets/", "/_dash-component-suites/")
SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}
LOOPBACK = ["127.0.0.1", "localhost", "::1"]
POLICY = {
    "default-src": "'self'",
    "style-src": "'self' 'unsafe-inline'",  # plotly and Mantine write style elements
    "img-src": "'self' data: blob:",
    "font-src": "'self' data:",
    "connect-src": "'self'",
    "object-src": "'none'",
    "base-uri": "'none'",
    "form-action": "'self'",
    "frame-ancestors": "'none'",
}
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}


class Misdirected(HTTPException):
    """The request names a host that is not this one."""

    code = 421
    description = "This is not the name or the port of the dashboard. Open the address it printed."


def protect(app: dash.Dash, settings: Settings, is_alive: Callable[[], bool]) -> None:
    """Guard an app: who may ask, how much, and what its pages may do in a browser.

    Parameters
    ----------
    app : dash.Dash
        The dashboard; its Flask server gets hooks, short error pages and `/healthz`.
    settings : Settings
        Address, token and limits.
    is_alive : callable
        Whether the workspace can be read.

    Raises
    ------
    ValueError
        The settings are not safe, see `check_address`.
    """
    check_address(settings)
    server: Flask = app.server
    _switch_off_tools(app)
    server.config["MAX_CONTENT_LENGTH"] = settings.largest_request
    # In front of Dash's own hook, which must not work for a request that is turned away.
    server.before_request_funcs.setdefault(None, []).insert(0, Guard(settings).check)
    check_calls(app)
    server.after_request(lambda response: _harden(response, app))
    answer_errors(server)
    server.register_error_handler(Unauthorized, ask_for_token)
    server.add_url_rule(HEALTH, "healthz", lambda: _health(is_alive()))


def check_address(settings: Settings) -> None:
    """Refuse to serve other machines without a token that cannot be guessed.

    Parameters
    ----------
    settings : Settings
        Address and token.

    Raises
    ------
    ValueError
        There is none, or it is short; or there is no such address or port.
    """
    if not settings.host:  # to a socket that would be every address
        raise ValueError("no address is named: pass one, such as 127.0.0.1")
    if not 0 <= settings.port < 2**16:
        raise ValueError(f"port must be 0 to 65535, got {settings.port}")
    if settings.token is None and not is_loopback(settings.host):
        raise ValueError(
            f"other machines reach the address '{settings.host}', and no token is set: "
            "set one, or listen on 127.0.0.1"
        )
    if settings.token is not None and len(settings.token) < SHORTEST:
        raise ValueError(
            f"the token has {len(settings.token)} characters: "
            f"give it {SHORTEST} or more, so that nobody can guess it"
        )


class Guard:
    """Turns away requests that name another host, come from another site, are large or unknown.

    Parameters
    ----------
    settings : Settings
        Address, token and limits.
    """

    def __init__(self, settings: Settings) -> None:
        self._login = Login(settings.token) if settings.token is not None else None
        self._largest = settings.largest_request
        self._any_host = _is_every_address(settings.host)
        self._hosts = {in_url(host).lower() for host in [*LOOPBACK, settings.host]}

    def check(self) -> Response | None:
        """An answer in the place of the page, an HTTPException, or nothing to say."""
        self._check_host()
        _check_origin()
        if (request.content_length or 0) > self._largest:
            raise RequestEntityTooLarge(f"A request may have at most {self._largest:,} bytes.")
        if not request.query_string.isascii():  # browsers encode it, and Werkzeug stumbles over it
            raise BadRequest("The address has letters that are not encoded.")
        return self._login.check() if self._login and request.path != HEALTH else None

    def _check_host(self) -> None:
        """A site whose name is made to point here must not become the dashboard's own."""
        # Not a word of the client's: with port 0 this alone knows which one it is.
        port = request.environ["SERVER_PORT"]
        named = request.headers.get("Host", "").lower()
        allowed = {f"{host}:{port}" for host in self._hosts}
        if not (self._any_host or named in allowed or (port == "80" and named in self._hosts)):
            raise Misdirected


def _check_origin() -> None:
    """Only the dashboard's own pages may change something."""
    if request.method in SAFE_METHODS:
        return
    own = f"{request.scheme}://{request.headers.get('Host', '').lower()}"
    # Browsers say where a request comes from, by one header or by the other.
    from_own_page = request.headers.get("Sec-Fetch-Site", "same-origin") == "same-origin"
    if request.headers.get("Origin", own) != own or not from_own_page:
        raise Forbidden("Only the dashboard's own pages may do this.")


def _harden(response: Response, app: dash.Dash) -> Response:
    scripts = " ".join(["'self'", *app.csp_hashes()])  # of the few scripts that Dash writes inline
    policy = {**POLICY, "script-src": scripts}
    response.headers.update(HEADERS)
    response.headers["Content-Security-Policy"] = "; ".join(map(" ".join, policy.items()))
    if not (request.path.startswith(STATIC) and response.status_code in {200, 304}):
        response.headers["Cache-Control"] = "no-store"
    return response


def _health(alive: bool) -> tuple[dict[str, str], int]:
    return ({"status": "ok"}, 200) if alive else ({"status": "workspace not readable"}, 503)


def _switch_off_tools(app: dash.Dash) -> None:
    """Whatever the environment's DASH_… and FLASK_… say."""
    app.server.debug = False
    app.enable_dev_tools(
        debug=False,
        dev_tools_ui=False,
        dev_tools_props_check=False,
        dev_tools_serve_dev_bundles=False,
        dev_tools_hot_reload=False,
        dev_tools_prune_errors=False,
        dev_tools_validate_callbacks=False,
    )


def in_url(host: str) -> str:
    """A host as URLs name it: IPv6 addresses in brackets."""
    return f"[{host}]" if ":" in host else host


def is_loopback(host: str) -> bool:
    """Whether an address is this machine's own, which no other reaches."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _is_every_address(host: str) -> bool:
    try:
        return ip_address(host).is_unspecified
    except ValueError:
        return False
