"""What stands above a run: the run in one line, and the way to the outliers beside it."""

from __future__ import annotations

from typing import Any

import dash_mantine_components as dmc
from dash import dcc, html

from dashboard.state import RUN, RUNS, State
from dashboard.views import Standing, View
from dashboard.wording import summary

from .parts import aria


def head(view: View, standing: Standing, position: int, url: State) -> Any:
    """The run in words, and links to its neighbours."""
    threshold = standing.threshold.value
    is_outlier = bool(view.outliers(threshold)[position])
    badge = dmc.Badge("outlier", color="red") if is_outlier else dmc.Badge("normal", color="gray")
    before, after = neighbours(view, threshold, position)
    return html.Div(
        [
            html.Div(
                [
                    dcc.Link("← Runs (r)", id="run-back", href=url.at(RUNS, run=None)),
                    html.H1([summary(view, position, threshold), " ", badge]),
                ]
            ),
            html.Nav(
                [
                    _step("run-previous", "← Previous (p)", url, view, before),
                    html.Span(_place(view, threshold, position), className="quiet"),
                    _step("run-next", "Next (n) →", url, view, after),
                ],
                **aria(label="outliers"),
            ),
        ],
        className="head",
    )


def neighbours(view: View, threshold: float | None, position: int) -> tuple[int | None, int | None]:
    """The outliers that rank before and after a run."""
    flagged, rank = view.outliers(threshold), view.ranks[position]
    outliers = [i for i in view.ranked if flagged[i]]
    before = [i for i in outliers if view.ranks[i] < rank]
    after = [i for i in outliers if view.ranks[i] > rank]
    return (before[-1] if before else None), (after[0] if after else None)


def _place(view: View, threshold: float | None, position: int) -> str:
    n = int(view.outliers(threshold).sum())
    is_one = view.outliers(threshold)[position]
    rank, n_runs = view.ranks[position], len(view.names)
    return f"outlier {rank} of {n}" if is_one and rank <= n else f"rank {rank} of {n_runs}"


def _step(name: str, text: str, url: State, view: View, to: int | None) -> Any:
    if to is None:
        return html.Span(text, className="button off", **aria(disabled="true"))
    return dcc.Link(text, id=name, href=url.at(RUN, run=view.names[to]), className="button")
