"""Short answers in the place of a page; none of them tells how the server is made."""

from __future__ import annotations

import logging
import secrets

from dash.exceptions import DependencyException
from flask import Flask, Response, current_app, render_template_string, request
from werkzeug.exceptions import Conflict, HTTPException, InternalServerError, NotFound

from tsad_plugin.workspace import NotInWorkspace, WorkspaceError

logger = logging.getLogger("dashboard")
PLACE = "TSAD_WORKSPACE"  # of a server's configuration: the folder of the workspace

PAGE = """\
<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{ title }}</title>
<style>
  :root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif }
  body { margin: 15vh auto; max-width: 32rem; padding: 0 1rem }
  input, button { font: inherit; padding: .3rem .6rem }
</style>
<h1>{{ title }}</h1>
<p>{{ text }}</p>
{{ more }}
</html>
"""


def page(error: HTTPException, more: str = "") -> Response:
    """An error as a small page, or as a line of text where a callback asked.

    Parameters
    ----------
    error : HTTPException
        Its name becomes the title, its description the text.
    more : str
        What stands below; escaped where it is no `Markup`.

    Returns
    -------
    Response
        With the error's status and headers.
    """
    response = Response(status=error.code, headers=error.get_headers())
    if request.is_json:
        response.data, response.mimetype = f"{error.description}\n", "text/plain"
    else:
        words = {"title": error.name, "text": error.description, "more": more}
        response.data = render_template_string(PAGE, **words)
    return response


def answer_errors(server: Flask) -> None:
    """Answer errors with short pages; what went wrong inside is told to the log alone.

    Parameters
    ----------
    server : Flask
        The server of a dashboard.
    """
    server.register_error_handler(HTTPException, page)
    server.register_error_handler(DependencyException, lambda _: page(NotFound()))
    for unknown in (Refused, NotInWorkspace):
        server.register_error_handler(unknown, lambda error: page(NotFound(sentence(said(error)))))
    server.register_error_handler(
        WorkspaceError, lambda error: page(Conflict(sentence(said(error))))
    )
    server.register_error_handler(Exception, _unexpected)


class Refused(ValueError):
    """What a person asked for and cannot have; its text is for them."""


def said(error: Exception) -> str:
    """What to say of an error: its text where that is for people, else its name in the log."""
    if not isinstance(error, Refused | WorkspaceError):
        return told(error)
    place = current_app.config[PLACE]
    return str(error).replace(str(place), place.name)  # where it lies is told to nobody


def sentence(text: str) -> str:
    """What was said, as a sentence."""
    return f"{text[:1].upper()}{text[1:].rstrip('.')}."


def told(error: Exception) -> str:
    """Log an error with its traceback, under a name; for an app's `on_error`, too.

    Parameters
    ----------
    error : Exception
        What happened, during a request.

    Returns
    -------
    str
        What to say about it: the name, and not a word of the error itself.
    """
    name = secrets.token_hex(4)
    # The path as repr: a line break in it must not look like a line of the log.
    logger.error("error %s in %s %r", name, request.method, request.path, exc_info=error)
    return f"Something went wrong in the dashboard (error {name}). Its log has the details."


def _unexpected(error: Exception) -> Response:
    return page(InternalServerError(told(error)))
