"""Light or dark: a cookie says it, so that a page comes in the right colours from the start."""

from __future__ import annotations

from typing import Any

from flask import has_request_context, request

from tsad_plugin import figures

COOKIES = ("tsad-scheme", "tsad-system")  # what somebody chose, and what their system had last
LIGHT, DARK = "light", "dark"


def scheme() -> str:
    """The scheme of whoever asks, or that of their system; light until that is known."""
    cookies = request.cookies if has_request_context() else {}
    known = (cookies[name] for name in COOKIES if name in cookies)
    return DARK if next(known, LIGHT) == DARK else LIGHT


def dressed(figure: Any) -> Any:
    """A figure in the colours of whoever asks."""
    return figures.darkened(figure) if scheme() == DARK else figure
