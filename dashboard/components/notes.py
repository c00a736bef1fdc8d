"""Notes that appear for a while: what was kept, and what went wrong."""

from __future__ import annotations

import secrets
from typing import Any

import dash_mantine_components as dmc
from dash import no_update, set_props

from dashboard.answers import said


def container() -> Any:
    """Where notes appear; a screen reader says them."""
    return dmc.NotificationContainer(id="notes", position="bottom-left")


def note(text: str, *, color: str = "blue") -> None:
    """Show a note; called inside a callback."""
    shown = {
        "action": "show",
        "message": text,
        "color": color,
        "autoClose": 4000,
        "id": secrets.token_hex(4),
    }
    set_props("notes", {"sendNotifications": [shown]})


def report_error(error: Exception) -> Any:
    """Say what is wrong with what was asked, or give a number to find the rest by in the log."""
    note(said(error), color="red")
    return no_update
