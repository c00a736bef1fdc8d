"""The population: what is normal, how the selected runs differ, which channels go together."""

from __future__ import annotations

from typing import Any

from dash import Dash, Input, Output, State, ctx, html, no_update

from dashboard.components import population_cards as cards
from dashboard.components.parts import sized
from dashboard.components.scheme import dressed
from dashboard.exploring import drawing
from dashboard.exploring.correlations import change_in_words
from dashboard.exploring.drawing import Drawn
from dashboard.exploring.summaries import STATISTICS, in_lasso, summary
from dashboard.seen import Seen
from dashboard.selection import STORE, positions, selected_in
from dashboard.views import Views

from .url_callbacks import choose_channels, choose_good, open_clicked

FIGURES = {
    "histogram": drawing.length_histogram,
    "lengths": drawing.lengths,
    "missing": drawing.missing,
    "usual": drawing.correlation_of_good,
}
CLICKED = ("bands", "numbers", "missing")  # figures whose marks open a run


def layout(seen: Seen) -> Any:
    """The page of the population of a scoring."""
    return [
        html.Div(html.H1(cards.title(seen)), className="head"),
        cards.bands(seen),
        cards.lengths(seen),
        cards.numbers(seen),
        cards.correlations(),
        cards.missing(),
    ]


def register(app: Dash, views: Views) -> None:
    """Add the callbacks."""
    _register_bands(app, views)
    _register_numbers(app, views)
    _register_correlations(app, views)
    for name in FIGURES:
        _register_figure(app, views, name)
    for name in CLICKED:
        open_clicked(app, views, f"population-{name}")
    choose_good(app, views, "population-good")
    choose_channels(app, "population-channels", own="population-own")


def _register_bands(app: Dash, views: Views) -> None:
    @app.callback(
        Output("population-bands", "figure"),
        Output("population-bands", "style"),
        Output("population-overlaid", "children"),
        Output("population-channels", "data"),
        Output("population-channels", "value"),
        Output("population-own", "data"),
        Input("population-axis", "value"),
        Input("population-channels", "value"),
        Input(STORE, "data"),
        Input("shell-scheme", "data"),
        State("population-k", "value"),
        State("page-url", "data"),
    )
    def draw(axis: str, channels: list[str], stored: Any, _scheme: Any, k: float, here: str) -> Any:
        """The bands, with the selected runs over them; their channels, if nobody has chosen any."""
        seen = Seen.at(views, here)
        selected = positions(seen, stored)
        if ctx.triggered_id is None and not selected:  # as the page came
            return (no_update,) * 6
        shares = cards.shares_over(seen, selected)
        is_own = ctx.triggered_id in (None, STORE) and not seen.url.channels
        channels = list(shares)[: cards.FIRST] if is_own else channels or list(shares)[:1]
        own = channels if is_own else no_update
        figure = sized(drawing.bands(seen, Drawn(axis, channels, k), selected))
        return *figure, cards.overlaid(seen, selected), cards.channels_offered(shares), own, own

    @app.callback(
        Output("population-bands", "figure", allow_duplicate=True),
        Input("population-k", "value"),
        State("population-axis", "value"),
        State("population-channels", "value"),
        State(STORE, "data"),
        State("page-url", "data"),
        prevent_initial_call=True,
    )
    def widen(k: float, axis: str, channels: list[str], stored: Any, here: str) -> Any:
        """The band alone, as wide as k says."""
        seen = Seen.at(views, here)
        selected = positions(seen, stored)
        drawn = Drawn(axis, channels or list(cards.shares_over(seen, selected))[:1], k)
        fitting = drawing.fitting(seen, drawn, selected)
        return drawing.moved(dressed(drawing.bands(seen, fitting, [])))


def _register_numbers(app: Dash, views: Views) -> None:
    @app.callback(
        Output("population-numbers", "figure"),
        Output("population-numbers", "style"),
        Output("population-of", "disabled"),
        Input("population-what", "value"),
        Input("population-of", "value"),
        Input(STORE, "data"),
        Input("shell-shown", "data"),
        Input("shell-scheme", "data"),
        State("page-url", "data"),
        prevent_initial_call=True,
    )
    def draw(what: str, channel: str, stored: Any, _shown: Any, _scheme: Any, here: str) -> Any:
        """One number of each run."""
        seen = Seen.at(views, here)
        figure = drawing.numbers(seen, what, channel, positions(seen, stored))
        return *sized(figure), what not in STATISTICS

    @app.callback(
        Output(STORE, "data", allow_duplicate=True),
        Input("population-numbers", "selectedData"),
        State("population-what", "value"),
        State("population-of", "value"),
        State("page-url", "data"),
        prevent_initial_call=True,
    )
    def select(selected: dict[str, Any] | None, what: str, channel: str, here: str) -> Any:
        """Select the runs that were lassoed."""
        seen = Seen.at(views, here)
        found = in_lasso(seen, selected, summary(seen, what, channel)) if selected else []
        return selected_in(seen, found)


def _register_correlations(app: Dash, views: Views) -> None:
    @app.callback(
        Output("population-unusual", "figure"),
        Output("population-unusual", "style"),
        Output("population-others", "children"),
        Output("population-change", "children"),
        Input(STORE, "data"),
        Input("shell-shown", "data"),
        Input("shell-scheme", "data"),
        State("page-url", "data"),
        prevent_initial_call=True,
    )
    def draw_others(stored: Any, _shown: Any, _scheme: Any, here: str) -> Any:
        """The same in the selected runs, or the outliers, and what changed most."""
        seen = Seen.at(views, here)
        selected = positions(seen, stored)
        figure = drawing.correlation_of_others(seen, selected)
        return *sized(figure), cards.name_of_others(seen, selected), change_in_words(seen, selected)


def _register_figure(app: Dash, views: Views, name: str) -> None:
    @app.callback(
        Output(f"population-{name}", "figure"),
        Output(f"population-{name}", "style"),
        Input("shell-shown", "data"),
        Input("shell-scheme", "data"),
        State("page-url", "data"),
        prevent_initial_call=True,
    )
    def draw(_shown: Any, _scheme: Any, here: str) -> Any:
        """A figure that nothing on the page changes."""
        return sized(FIGURES[name](Seen.at(views, here)))
