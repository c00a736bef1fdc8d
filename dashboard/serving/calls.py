"""What a browser posts to a callback: anything else is the mistake of whoever wrote it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import dash
from flask import request
from werkzeug.exceptions import BadRequest

CALLBACK = "/_dash-update-component"


def check_calls(app: dash.Dash) -> None:
    """Refuse posts to callbacks that no page of this dashboard sends.

    Parameters
    ----------
    app : dash.Dash
        The dashboard.
    """

    def check() -> None:
        is_call = request.method == "POST" and request.path == CALLBACK
        if is_call and not _is_known(request.get_json(), app.callback_map):
            raise BadRequest("No page here asks for this. If one did, reload it: it may be old.")

    app.server.before_request(check)  # after Dash's own, which is when callbacks are known


def _is_known(body: Any, callbacks: Mapping[str, Mapping[str, Any]]) -> bool:
    match body:
        case {"output": str(output), "changedPropIds": [*changed]} if output in callbacks:
            outputs = callbacks[output]["output"]
            n_outputs = len(outputs) if isinstance(outputs, list | tuple) else None
            fits = (
                _are_parts(body.get(name, []), len(callbacks[output][name]))
                for name in ("inputs", "state")
            )
            is_whole = callbacks[output]["no_output"] or _are_parts(body.get("outputs"), n_outputs)
            return is_whole and all(fits) and all(isinstance(one, str) for one in changed)
    return False


def _are_parts(given: Any, n: int | None) -> bool:
    """Whether these are n properties of components, or one alone; a pattern is a list of them."""
    if n is None:
        return isinstance(given, dict) and given.keys() >= {"id", "property"}
    if not isinstance(given, list) or len(given) != n:
        return False
    parts = (one for part in given for one in (part if isinstance(part, list) else [part]))
    return all(_are_parts(one, None) for one in parts)
