"""Light or dark: a cookie says it, so that a page comes in the right colours from the start."""

from __future__ import annotations

from typing import Any

from flask import has_request_context, request

from tsad_plugin import figures

COOKIE, LIGHT, DARK = "tsad-scheme", "light", "dark"


def scheme() -> str:
    """The scheme of whoever asks; light until they say otherwise."""
    asked = request.cookies.get(COOKIE) if has_request_context() else None
    return DARK if asked == DARK else LIGHT


def dressed(figure: Any) -> Any:
    """A figure in the colours of whoever asks."""
    return figures.darkened(figure) if scheme() == DARK else figure
