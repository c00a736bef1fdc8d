"""Two things side by side: tables of them, and columns."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import dash_mantine_components as dmc
from dash import dcc, html

from dashboard.comparing.agreement import Agreement, best_rival, rivals
from dashboard.comparing.facts import NOTHING, facts, label_of
from dashboard.seen import Seen
from dashboard.state import COMPARE, RUN
from dashboard.wording import scoring_line
from tsad_plugin.forms import plural
from tsad_plugin.results import number

from .parts import aria

ALONE = "These are the only scores of these runs: score them by another model to compare two."
MOST_LISTED = 50  # runs on which two models disagree
MOST_OFFERED = 100  # names that a list shows before more of one is written


def head(seen: Seen, title: str) -> Any:
    """What is compared, and the way to compare the other."""
    rival = seen.url.rival
    ways = [
        _way("Two runs", seen.url.at(COMPARE, rival=None), is_here=rival is None),
        _way("Two models", _of_two_models(seen), is_here=rival is not None),
    ]
    children = [html.H1(title), html.Nav(ways, **aria(label="what is compared"))]
    return html.Div(children, className="head")


def _of_two_models(seen: Seen) -> str | None:
    """Where two models are compared; nowhere where there are no other scores of these runs."""
    rival = best_rival(seen) if seen.url.rival is None else seen.url.rival
    return None if rival is None else seen.url.at(COMPARE, rival=rival)


def _way(name: str, href: str | None, *, is_here: bool) -> Any:
    if href is None:
        return html.Span(name, className="button off", title=ALONE, **aria(disabled="true"))
    marked = aria(current="true") if is_here else {}
    return html.Span(
        dcc.Link(name, href=href, className="button" if is_here else "button plain"), **marked
    )


def choice(name: str, label: str, data: Sequence[Any], value: str | None, **more: Any) -> Any:
    """What one side is, to be chosen or found by its name."""
    return dmc.Select(
        id=name,
        label=label,
        data=data,
        value=value,
        searchable=True,
        allowDeselect=False,
        limit=MOST_OFFERED,
        nothingFoundMessage="none of that name",
        className="side",
        **more,
    )


def swap(href: str) -> Any:
    """The way to the same with A for B."""
    return dcc.Link("⇄ Swap", href=href, id="compare-swap", className="button plain")


def rival_choice(seen: Seen) -> Any:
    """Which models are compared: the one that is chosen above, and another of the same runs."""
    workspace = seen.views.workspace
    models = {model.id: model.detector for model in workspace.models()}
    data_sets = {data_set.id: data_set.name for data_set in workspace.data_sets()}
    offered = [
        {
            "value": str(s.id),
            "label": scoring_line(data_sets[s.data_set_id], models[s.model_id], s)
            + ("" if s.data_set_id == seen.view.data_set.id else f" · {plural(n, 'run')} in both"),
        }
        for s, n in rivals(seen)
    ]
    return html.Div(
        [
            choice("compare-rival", "B, beside the scoring above", offered, str(seen.url.rival)),
            swap(seen.url.at(COMPARE, scoring=seen.url.rival, rival=seen.view.scoring.id)),
        ],
        className="controls",
    )


def pair(cards: Iterable[Any]) -> Any:
    """A and B side by side."""
    return html.Div(list(cards), className="halves pair")


def facts_table(names: tuple[str, str], first: Seen, second: Seen) -> Any:
    """What is known of a run of each side; its name leads to its page."""
    sides = zip(names, (first, second), strict=True)
    links = [dcc.Link(n, href=s.url.at(RUN, other=None, rival=None)) for n, s in sides]
    return _table(
        "A and B",
        ["", *links, "A − B"],
        ([fact.name, fact.first, fact.second, fact.difference] for fact in facts(first, second)),
    )


def disagreements_table(found: Agreement) -> Any:
    """The runs that one model alone calls outliers; each leads to its courses by both."""
    view, standing = found.first.view, found.first.standing
    head = ["run", "outlier to", "score A", "rank A", "score B", "rank B", "ranks apart", "verdict"]
    rows = []
    for i in found.disagreements(MOST_LISTED):
        run, (rank_a, rank_b) = found.names[i], (int(ranks[i]) for ranks in found.ranks)
        score_a, score_b = (number(float(scores[i])) for scores in found.scores)
        row: list[Any] = [dcc.Link(run, href=found.first.url.at(COMPARE, run=run))]
        row += ["A" if found.flagged[0][i] else "B", score_a, f"{rank_a:,}", score_b, f"{rank_b:,}"]
        row += [f"{abs(rank_a - rank_b):,}", standing.verdict(run) or NOTHING]
        rows.append([*row, label_of(view, int(found.positions[0][i])) or NOTHING])
    return _table("runs on which the models disagree", [*head, "label"], rows)


def _table(label: str, head: Sequence[Any], rows: Iterable[Sequence[Any]]) -> Any:
    """A table whose first column names its rows."""
    return html.Div(
        html.Table(
            [
                html.Thead(html.Tr([html.Th(name, scope="col") for name in head])),
                html.Tbody(
                    [
                        html.Tr([html.Th(first, scope="row"), *map(html.Td, others)])
                        for first, *others in rows
                    ]
                ),
            ],
            className="facts",
        ),
        className="scrolled",
        tabIndex=0,
        role="region",
        **aria(label=label),
    )
