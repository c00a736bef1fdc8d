"""What stands above a run: the run in one line, and the way to the outliers beside it."""

from __future__ import annotations

from typing import Any

import dash_mantine_components as dmc
import numpy as np
from dash import dcc, html

from dashboard.seen import Seen
from dashboard.state import RUN, RUNS
from dashboard.views import View
from dashboard.wording import run_line

from .exporting import report_link
from .parts import aria

_NORMAL = html.Span("normal", className="badge")


def head(seen: Seen) -> Any:
    """The run in words, and links to its neighbours."""
    view, threshold, position = seen.view, seen.threshold, seen.position
    is_outlier = view.is_outlier(position, threshold)
    badge = html.Span("outlier", className="badge high") if is_outlier else _NORMAL
    before, after = beside(view, threshold, position)
    return html.Div(
        [
            html.Div(
                [
                    dcc.Link("← Runs (r)", id="run-back", href=seen.url.at(RUNS, run=None)),
                    html.H1([run_line(view, position, threshold), " ", badge]),
                ]
            ),
            html.Nav(
                [
                    report_link(seen),
                    dmc.Button(select_text(False), id="run-select", variant="default"),
                    _step("run-previous", "← Previous (p)", seen, before),
                    html.Span(_place(view, threshold, position), className="quiet"),
                    _step("run-next", "Next (n) →", seen, after),
                ],
                **aria(label="outliers"),
            ),
        ],
        className="head",
    )


def select_text(is_selected: bool) -> str:
    """What the button that selects the run says."""
    return "Selected (s)" if is_selected else "Select (s)"


def beside(view: View, threshold: float | None, position: int) -> tuple[int | None, int | None]:
    """The outliers that rank before and after a run."""
    outliers = view.worst_first(view.outliers(threshold)).tolist()
    before, after = (
        int(np.searchsorted(view.ranks[outliers], view.ranks[position], side))
        for side in ("left", "right")
    )
    return (
        outliers[before - 1] if before else None,
        outliers[after] if after < len(outliers) else None,
    )


def _place(view: View, threshold: float | None, position: int) -> str:
    n, rank = int(view.outliers(threshold).sum()), view.ranks[position]
    if view.is_outlier(position, threshold) and rank <= n:
        return f"outlier {rank} of {n}"
    return f"rank {rank} of {len(view.names)}"


def _step(name: str, text: str, seen: Seen, to: int | None) -> Any:
    if to is None:
        return html.Span(text, className="button off", **aria(disabled="true"))
    return dcc.Link(
        text, id=name, href=seen.url.at(RUN, run=seen.view.names[to]), className="button"
    )
