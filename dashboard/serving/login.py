"""The token that lets a browser in, and the cookie that stands for it from then on."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from urllib.parse import quote, urlencode

from flask import Response, render_template_string, request
from markupsafe import Markup
from werkzeug.exceptions import Unauthorized

from dashboard.answers import page

SHORTEST = 16  # characters: a token that nobody guesses over a network
ASK = "Open the address that the dashboard printed when it was started, or give its token here."
WRONG = "This is not the token of this dashboard. It was printed when the dashboard was started."
FORM = """\
<form>
  {% for name, value in others %}<input type="hidden" name="{{ name }}" value="{{ value }}">
  {% endfor %}
  <input type="password" name="token" aria-label="Token" required autofocus>
  <button>Open</button>
</form>
{% if from_elsewhere %}
<p>Are you logged in already? Browsers hide that from links on other sites:
<a href="{{ here }}">open the page</a>.</p>
{% endif %}
"""


def new_token() -> str:
    """A token that cannot be guessed.

    Returns
    -------
    str
        43 characters, all of which a URL may have.
    """
    return secrets.token_urlsafe(32)


class Login:
    """Lets in who shows the token, or the cookie that it was exchanged for.

    Parameters
    ----------
    token : str
        What a browser must show once.
    """

    def __init__(self, token: str) -> None:
        self._token = token
        # Who finds the cookie in a browser does not learn the token from it.
        self._ticket = hmac.new(token.encode(), b"tsad dashboard", hashlib.sha256).hexdigest()

    def check(self) -> Response | None:
        """Look at the request: nothing to say, an exchange of token for cookie, or Unauthorized."""
        given = request.args.get("token") if request.method in {"GET", "HEAD"} else None
        if given is None and _same(request.cookies.get(_cookie(), ""), self._ticket):
            return None
        if given is None or not _same(given, self._token):
            raise Unauthorized(ASK if given is None else WRONG)
        return self._let_in()

    def _let_in(self) -> Response:
        response = Response(status=303, headers={"Location": _here()})
        response.set_cookie(_cookie(), self._ticket, httponly=True, samesite="Strict", path="/")
        return response


def ask_for_token(error: Unauthorized) -> Response:
    """A page that says how to get in, with a field for the token.

    Parameters
    ----------
    error : Unauthorized
        What it says.

    Returns
    -------
    Response
        With status 401.
    """
    # Not told to plain HTTP but on this machine, so that it may be from elsewhere where it is not.
    from_elsewhere = request.headers.get("Sec-Fetch-Site", "cross-site") == "cross-site"
    form = render_template_string(
        FORM, others=_others(), here=_here(), from_elsewhere=from_elsewhere
    )
    return page(error, Markup(form))


def _cookie() -> str:
    """Cookies know no ports: two dashboards on one machine need two names."""
    return f"tsad-{request.environ['SERVER_PORT']}"


def _here() -> str:
    """The URL that was asked for, without the token; always a path of this server."""
    query = urlencode(_others())
    return quote(request.path) + (f"?{query}" if query else "")


def _others() -> list[tuple[str, str]]:
    return [(name, value) for name, value in request.args.items(multi=True) if name != "token"]


def _same(given: str, right: str) -> bool:
    """Compare in a time that does not tell how much was right."""
    return hmac.compare_digest(given.encode(), right.encode())  # as text, it would refuse an ü
