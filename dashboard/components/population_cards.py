"""Cards of the population page."""

from __future__ import annotations

from typing import Any

import dash_mantine_components as dmc
from dash import dcc, html

from dashboard.exploring import drawing
from dashboard.exploring.correlations import others
from dashboard.exploring.drawing import BAND, Drawn
from dashboard.exploring.groups import common_axes, error_shares, good
from dashboard.exploring.learned import learned_scoring, left_out, training_lengths
from dashboard.exploring.summaries import SUMMARIES
from dashboard.seen import Seen
from dashboard.state import RUN
from tsad_plugin.forms import plural
from tsad_plugin.workspace import Scoring

from . import courses
from .parts import aria, card, graph
from .threshold import good_runs

FIRST = 6  # channels that are drawn at first


def title(seen: Seen) -> str:
    """`new.csv: 20 runs of 2 channels, over the 40 runs that the model learned from`."""
    view, usual = seen.view, good(seen)
    runs, channels = len(view.names), len(view.data_set.channels)
    is_learned = seen.good.positions is None and usual.data_set == view.model.data_set_id
    over = f"the {plural(len(usual), 'run')} that the model learned from"
    return (
        f"{view.data_set.name}: {plural(runs, 'run')} of {plural(channels, 'channel')}, over "
        f"{over if is_learned else plural(len(usual), 'good run')}"
    )


def bands(seen: Seen) -> Any:
    """The good runs, and what is laid over them."""
    shares, axes = shares_over(seen, []), courses.in_order(common_axes(seen))
    drawn = Drawn(axes[0], courses.drawn(seen.url.channels, shares, FIRST))
    return card(
        "How the good runs go (click a line to open its run)",
        html.Div(
            [
                good_runs(seen, "population-good"),
                courses.axis_control("population-axis", axes, drawn.axis),
                html.Div([html.Label("Band: mean ± k σ"), _slider()], className="slider"),
                courses.channels_control(
                    "population-channels", shares, list(drawn.channels), any(shares.values())
                ),
            ],
            className="controls",
        ),
        # Channels that nobody has chosen: they change with the selection.
        dcc.Store(id="population-own", data=None if seen.url.channels else drawn.channels),
        html.P(overlaid(seen, []), id="population-overlaid", className="quiet"),
        graph(
            "population-bands",
            "Channels of the selected runs over the band of good runs",
            drawing.bands(seen, drawn, []),
        ),
        help="band",
    )


def _slider() -> Any:
    return dmc.Slider(
        id="population-k",
        min=1,
        max=6,
        step=0.5,
        value=BAND,
        marks=[{"value": k, "label": str(k)} for k in range(1, 7)],
        attributes={"thumb": {"aria-label": "k of the band, standard deviations"}},
    )


def shares_over(seen: Seen, selected: list[int]) -> dict[str, float]:
    """Each channel's share of the error of what is laid over the band, else of the outliers."""
    return error_shares(seen, drawing.overlaid(seen, selected))


def channels_offered(shares: dict[str, float]) -> list[dict[str, str]]:
    """Channels to choose from."""
    return courses.offered(shares, any(shares.values()))


def overlaid(seen: Seen, selected: list[int]) -> str:
    """What is laid over the band, in words."""
    if drawing.is_crowd(seen, selected):
        count = plural(len(selected), "run")
        return f"{count} are selected, too many to tell apart: their mean ± σ over % complete."
    n = len(drawing.overlaid(seen, selected))
    return f"{plural(n, 'run')} over the band." if n else "Select runs to lay them over the band."


def lengths(seen: Seen) -> Any:
    """Lengths of runs, and which were left out of training."""
    both = [
        graph("population-histogram", "How lengths are distributed"),
        graph("population-lengths", "Lengths of the runs, one by one"),
    ]
    text = html.P(_left_out(seen), className="quiet")
    return card("Lengths", text, html.Div(both, className="halves"), help="length")


def _left_out(seen: Seen) -> list[Any]:
    learned = training_lengths(seen)
    if learned is None:
        return ["The workspace does not hold the runs that the model learned from."]
    n, names = int((~learned.trained_on).sum()), left_out(seen, learned)
    total = plural(len(learned.lengths), "run")
    if n == 0:
        return [f"The model learned from all {total}."]
    scoring = learned_scoring(seen)
    links = [piece for name in names for piece in (", ", _link(seen, scoring, name))]
    more = f" and {n - len(names)} more" if n > len(names) else ""
    limit = f"their length is beyond mean ± {learned.sigma:g}σ"
    kept = f"The model learned from {len(learned.lengths) - n:,} of {total}"
    return [f"{kept} and left out {n:,}, as {limit}: ", *links[1:], more, "."]


def _link(seen: Seen, scoring: Scoring | None, run: str) -> Any:
    """A run; a link where it was scored."""
    if scoring is None:
        return run
    return dcc.Link(run, href=seen.url.at(RUN, run=run, scoring=scoring.id))


def numbers(seen: Seen) -> Any:
    """One number of each run, which can be chosen."""
    channels = list(error_shares(seen))
    return card(
        "One number of each run (lasso to select, click to open)",
        html.Div(
            [
                dmc.Select(
                    id="population-what",
                    label="Number",
                    data=[{"value": key, "label": name} for key, name in SUMMARIES.items()],
                    value="score",
                    allowDeselect=False,
                ),
                dmc.Select(
                    id="population-of",
                    label="of the channel",
                    data=channels,
                    value=channels[0],
                    allowDeselect=False,
                    searchable=True,
                    disabled=True,
                    className="side",
                ),
            ],
            className="controls",
        ),
        graph("population-numbers", "One number of each run, over the calendar", lasso=True),
        help="summaries",
    )


def correlations() -> Any:
    """How channels go together in the good runs and in others."""
    usual = graph("population-usual", "Correlations in the good runs")
    unusual = graph("population-unusual", "Correlations in the selected runs, or the outliers")
    return card(
        "Which channels go together",
        html.P(id="population-change", **aria(live="polite")),
        html.Div(
            [
                html.Div([html.H3("Good runs"), usual]),
                html.Div([html.H3(id="population-others"), unusual]),
            ],
            className="halves",
        ),
        help="correlation",
    )


def missing() -> Any:
    """Missing values."""
    label = "Share of values missing, by channel and run"
    figure = graph("population-missing", label)
    return card("Missing values (click to open the run)", figure, help="missing")


def name_of_others(seen: Seen, selected: list[int]) -> str:
    """What stands above the correlations beside those of the good runs."""
    found = others(seen, selected)
    return "No outlier and no selection" if found is None else found.name.capitalize()
