"""The runs that are most like one: how far they are, and what is known of them."""

from __future__ import annotations

from collections import Counter
from typing import Any

import dash_mantine_components as dmc
from dash import dcc, html

from dashboard.exploring.nearness import Neighbours
from dashboard.seen import Seen
from dashboard.state import RUN
from tsad_plugin.forms import plural
from tsad_plugin.results import number

COLUMNS = ("run", "distance (σ)", "score", "", "verdict", "cause")


def nearest(seen: Seen, near: Neighbours) -> list[Any]:
    """The runs as a list, and what they are as a whole."""
    pairs = zip(near.positions, near.distances, strict=True)
    rows = [_row(seen, near.run, "chosen"), *(_row(seen, i, number(far)) for i, far in pairs)]
    head = html.Thead(html.Tr([html.Th(name, scope="col") for name in COLUMNS]))
    return [
        html.Div(
            [
                html.Span(neighbours_line(seen, near)),
                dmc.Button("Select these", id="latent-take", variant="default"),
            ],
            className="controls",
        ),
        html.Table([head, html.Tbody(rows)], className="nearest"),
    ]


def _row(seen: Seen, i: int, far: str) -> Any:
    run, verdict = seen.view.names[i], seen.standing.verdicts.get(seen.view.names[i])
    cells: list[Any] = [
        dcc.Link(run, href=seen.url.at(RUN, run=run)),
        far,
        number(float(seen.view.scores[i])),
        "outlier" if seen.view.is_outlier(i, seen.threshold) else "",
        "" if verdict is None else verdict.verdict,
        "" if verdict is None else verdict.cause,
    ]
    return html.Tr([html.Td(cell) for cell in cells])


def neighbours_line(seen: Seen, near: Neighbours) -> str:
    """`4 of the 10 runs nearest to B-17 are outliers; verdicts: 2 fault, 1 unsure`."""
    n = sum(seen.view.is_outlier(i, seen.threshold) for i in near.positions)
    text = _outliers_among(n, len(near.positions), f"nearest to {seen.run}")
    names = seen.view.names_at(near.positions)
    known = Counter(verdict for run in names if (verdict := seen.standing.verdict(run)))
    counted = [f"{count} {verdict}" for verdict, count in known.most_common()]
    return f"{text}; verdicts: {', '.join(counted)}" if counted else text


def _outliers_among(n: int, n_runs: int, which: str) -> str:
    if n_runs == 1:
        return f"The run {which} is {'an' if n else 'no'} outlier"
    are = "are outliers" if n > 1 else "is an outlier"
    return f"{n or 'None'} of the {plural(n_runs, 'run')} {which} {are}"
