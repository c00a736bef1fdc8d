"""The panel in which a verdict on a run is given, seen and undone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import dash_mantine_components as dmc
from dash import html

from dashboard.wording import verdict_line
from tsad_plugin.workspace import Verdict

BUTTONS = {
    "fault": ("True: fault", "t"),
    "no fault": ("False: no fault", "f"),
    "unsure": ("Unsure", "u"),
}


def panel(current: Verdict | None, causes: Sequence[str]) -> list[Any]:
    """Buttons, cause and comment; what was said so far is filled in."""
    return [
        html.Div([_button(verdict) for verdict in BUTTONS], className="verdicts"),
        dmc.Autocomplete(
            id="run-cause",
            label="Cause",
            data=list(causes),
            value="" if current is None else current.cause,
            placeholder="e.g. valve stuck",
            debounce=True,  # sent as the field is left: nothing that follows can be quicker
        ),
        dmc.Textarea(
            id="run-comment",
            label="Comment",
            value="" if current is None else current.comment,
            placeholder="Kept with the verdict.",
            debounce=True,
            autosize=True,
            minRows=2,
        ),
    ]


def _button(verdict: str) -> Any:
    text, key = BUTTONS[verdict]
    return dmc.Button(
        text,
        rightSection=dmc.Kbd(key, size="xs"),
        justify="space-between",
        id={"type": "run-verdict", "verdict": verdict},
        className=f"key-{key}",
        variant="outline",
    )


def record(history: Sequence[Verdict]) -> list[Any]:
    """The verdict as it stands, and all that was said before."""
    if not history:
        return [html.P("No verdict yet.", className="verdict")]
    said = history[0].verdict or "no verdict"
    rest = verdict_line(history[0]).removeprefix(said)
    now = html.P(["Verdict: ", html.Strong(said), html.Span(rest)], className="verdict")
    if len(history) == 1:
        return [now]
    earlier = [html.Li(_said(one)) for one in history[1:]]
    return [now, html.Details([html.Summary(f"{len(earlier)} earlier"), html.Ul(earlier)])]


def _said(verdict: Verdict) -> str:
    undone = "undone to " if verdict.is_undo else ""
    return f"{undone}{verdict_line(verdict)}"
