"""Two runs side by side, or two models on the same runs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dash import Dash, Input, Output, State, ctx, html, no_update

from dashboard import drawing
from dashboard.comparing import side_by_side
from dashboard.comparing.agreement import Agreement
from dashboard.comparing.side_by_side import Sides, looked_at, names_of, rival_of, sides
from dashboard.comparing.two_runs import two_runs
from dashboard.components.comparison import (
    MOST_LISTED,
    choice,
    disagreements_table,
    facts_table,
    head,
    pair,
    rival_choice,
    swap,
)
from dashboard.components.courses import axis_control, channels_control, drawn, in_order
from dashboard.components.parts import aria, card, graph, sized
from dashboard.components.scheme import dressed
from dashboard.seen import Seen
from dashboard.selection import STORE, clicked_run, positions, selected_in
from dashboard.state import COMPARE
from dashboard.views import Views
from tsad_plugin.forms import plural

from .url_callbacks import choose_channels

OWN_SCALES = "Each model has errors, and colours of them, in units of its own."
WHOLE = "No detector here tells when and in which channel: there is no map of errors."


def layout(seen: Seen) -> Any:
    """The page of two runs, or of two models where the URL names a second scoring."""
    return _two_runs(seen) if seen.url.rival is None else _two_models(seen)


def _two_runs(seen: Seen) -> list[Any]:
    *_, why = two_runs(seen)
    first, second = sides(seen)
    names = seen.view.names
    ranked = [names[i] for i in seen.view.ranked]
    note = f"{why}. Choose others above, or select two runs on any page." if why else ""
    return [
        head(seen, f"Runs {first.run} and {second.run} side by side"),
        html.Div(
            [
                choice("compare-a", "A, left", ranked, first.run),
                swap(seen.url.at(COMPARE, run=second.run, other=first.run)),
                choice("compare-b", "B, right", ranked, second.run),
                html.Span(note, className="quiet"),
            ],
            className="controls",
        ),
        *_both(seen, first, second, has_figure=True),
    ]


def _both(seen: Seen, first: Seen, second: Seen, *, has_figure: bool) -> list[Any]:
    """A run of each side: what is known of them, their courses and their errors."""
    names = names_of(seen, first, second)
    axes = in_order(side_by_side.axes_of(first, second))
    is_odd = any(side.view.odd_length(side.position) for side in (first, second))
    both = looked_at(first, second, "percent" if is_odd else axes[0])
    channels = drawn(seen.url.channels, both.shares)
    figures = both.courses(channels) if has_figure else ()
    title = f"Run {first.run} by both models" if seen.url.rival is not None else "In short"
    return [
        card(title, facts_table(names, first, second), help="two-runs"),
        html.Div(
            [
                axis_control("compare-axis", axes, both.first.axis),
                channels_control("compare-channels", both.shares, channels, both.has_errors),
            ],
            className="controls",
        ),
        _courses(names, figures),
        *_maps(seen, both, names),
    ]


def _courses(names: tuple[str, str], figures: Sequence[Any]) -> Any:
    """The courses of both; those that are not drawn yet are drawn by a callback."""
    return pair(
        card(
            f"{name}: channels over the good runs",
            graph(f"compare-courses-{side}", f"{name}: channels over the good runs", figure),
            help="band",
        )
        for name, side, figure in zip(names, "ab", figures or (None, None), strict=True)
    )


def _maps(seen: Seen, both: Sides, names: tuple[str, str]) -> list[Any]:
    if not both.has_errors:
        return [html.P(WHOLE, className="quiet")]
    note = [] if seen.url.rival is None else [html.P(OWN_SCALES, className="quiet")]
    cards = (
        card(
            f"{name}: error by channel and time",
            graph(f"compare-map-{side}", f"{name}: map of the error by channel and time"),
            help="contribution",
        )
        for name, side in zip(names, "ab", strict=True)
    )
    return [*note, pair(cards)]


def _two_models(seen: Seen) -> list[Any]:
    other = rival_of(seen)
    found = Agreement.of(seen, other)
    known = zip(names_of(seen, seen, other), found.performances, strict=True)
    lines = [found.said, *(f"{name}: {said}" for name, said in known if said)]
    return [
        head(seen, f"{plural(len(found.names), 'run')} by {_models(seen, other)}"),
        rival_choice(seen),
        html.Div([_scores(found, lines), _disagreements(found)], className="halves"),
        *_run_by_both(seen, other, found),
    ]


def _scores(found: Agreement, lines: list[str]) -> Any:
    return card(
        "Scores by both (click a run, or draw around several to select them)",
        html.Ul([html.Li(line) for line in lines], className="said", **aria(live="polite")),
        graph(
            "compare-scatter", "Scores by both models", side_by_side.agreement(found), lasso=True
        ),
        help="models",
    )


def _models(first: Seen, second: Seen) -> str:
    return f"{first.view.model.detector} (A) and {second.view.model.detector} (B)"


def _disagreements(found: Agreement) -> Any:
    n = int((found.flagged[0] != found.flagged[1]).sum())
    if n == 0:
        text = "Both call the same runs outliers."
        return card("No run on which they disagree", html.P(text), help="models")
    first = f", the {MOST_LISTED} farthest apart in rank" if n > MOST_LISTED else ""
    title = f"{plural(n, 'run')} on which they disagree{first}"
    return card(title, disagreements_table(found), help="models")


def _run_by_both(seen: Seen, other: Seen, found: Agreement) -> list[Any]:
    if seen.url.run is None:
        return [html.P("Click a run above to see it by both models.", className="quiet")]
    if seen.url.run not in set(found.names):
        return [html.P(f"Run {seen.url.run} is not in both data sets.", className="quiet")]
    return _both(seen, seen, other, has_figure=False)


def register(app: Dash, views: Views) -> None:
    """Add the callbacks."""
    _register_choices(app, views)
    _register_figures(app, views)
    _register_scatter(app, views)
    choose_channels(app, "compare-channels")


def _register_choices(app: Dash, views: Views) -> None:
    @app.callback(
        Output("url", "search", allow_duplicate=True),
        Input("compare-a", "value"),
        Input("compare-b", "value"),
        State("page-url", "data"),
        prevent_initial_call=True,
    )
    def choose(first: str | None, second: str | None, here: str) -> Any:
        """Compare other runs."""
        seen = Seen.at(views, here)
        shown = [side.run for side in sides(seen)]
        if None in (first, second) or [first, second] == shown:
            return no_update
        return seen.url.at("", run=first, other=second)

    @app.callback(
        Output("url", "search", allow_duplicate=True),
        Input("compare-rival", "value"),
        State("page-url", "data"),
        prevent_initial_call=True,
    )
    def challenge(scoring: str | None, here: str) -> Any:
        """Compare with another model."""
        url = Seen.at(views, here).url
        return no_update if scoring in (None, str(url.rival)) else url.at("", rival=int(scoring))


def _register_figures(app: Dash, views: Views) -> None:
    @app.callback(
        Output("compare-courses-a", "figure"),
        Output("compare-courses-a", "style"),
        Output("compare-courses-b", "figure"),
        Output("compare-courses-b", "style"),
        Input("compare-axis", "value"),
        Input("compare-channels", "value"),
        Input("shell-scheme", "data"),
        State("page-url", "data"),
    )
    def draw(axis: str, channels: list[str], _scheme: Any, here: str) -> Any:
        """The courses; of two runs they are on the page when it comes."""
        seen = Seen.at(views, here)
        if ctx.triggered_id is None and seen.url.rival is None:
            return (no_update,) * 4
        both = looked_at(*sides(seen), axis)
        first, second = both.courses(channels or list(both.shares)[:1])
        return *sized(first), *sized(second)

    @app.callback(
        Output("compare-map-a", "figure"),
        Output("compare-map-a", "style"),
        Output("compare-map-b", "figure"),
        Output("compare-map-b", "style"),
        Input("compare-axis", "value"),
        Input("shell-shown", "data"),
        Input("shell-scheme", "data"),
        State("page-url", "data"),
        prevent_initial_call=True,
    )
    def draw_maps(axis: str, _shown: Any, _scheme: Any, here: str) -> Any:
        """The error maps."""
        first, second = looked_at(*sides(Seen.at(views, here)), axis).maps()
        return *sized(first), *sized(second)


def _register_scatter(app: Dash, views: Views) -> None:
    @app.callback(
        Output("compare-scatter", "figure"),
        Input(STORE, "data"),
        Input("shell-scheme", "data"),
        State("page-url", "data"),
    )
    def ring(stored: dict[str, Any] | None, _scheme: Any, here: str) -> Any:
        """Draw rings around the selected runs; in other colours all is drawn anew."""
        seen = Seen.at(views, here)
        found = Agreement.of(seen, rival_of(seen))
        figure = dressed(side_by_side.agreement(found, positions(seen, stored)))
        return figure if ctx.triggered_id == "shell-scheme" else drawing.marks(figure)

    @app.callback(
        Output(STORE, "data", allow_duplicate=True),
        Input("compare-scatter", "selectedData"),
        State("page-url", "data"),
        prevent_initial_call=True,
    )
    def select(lassoed: dict[str, Any] | None, here: str) -> Any:
        """Select the runs that were drawn around."""
        seen = Seen.at(views, here)
        return selected_in(seen, side_by_side.within(Agreement.of(seen, rival_of(seen)), lassoed))

    @app.callback(
        Output("url", "search", allow_duplicate=True),
        Input("compare-scatter", "clickData"),
        State("page-url", "data"),
        prevent_initial_call=True,
    )
    def open_run(clicked: dict[str, Any] | None, here: str) -> Any:
        """Look at the run that was clicked by both models."""
        run = clicked_run(clicked)
        return no_update if run is None else Seen.at(views, here).url.at("", run=run)
