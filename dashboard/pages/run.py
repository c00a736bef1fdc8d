"""One run: where it left the population, in which channels, and the verdict on it."""

from __future__ import annotations

from typing import Any

import dash_mantine_components as dmc
from dash import ALL, Dash, Input, Output, State, ctx, dcc, html, no_update

from dashboard import drawing
from dashboard.components import review
from dashboard.components.courses import axis_control, channels_control, drawn, in_order
from dashboard.components.heading import head, select_text
from dashboard.components.notes import note
from dashboard.components.parts import aria, card, graph, sized
from dashboard.drawing import RunView, alone, look
from dashboard.seen import Seen, signature
from dashboard.selection import STORE, positions, selection
from dashboard.views import Views

from .url_callbacks import choose_channels

COMPARED = (
    "This run is of unusual length. The detector compares runs at the same % complete, so what "
    "follows the clock may seem early or late in it."
)


def layout(seen: Seen) -> Any:
    """The page of a run."""
    runs = alone(seen)
    axes = in_order(seen.axes(runs))
    run = look(seen, "percent" if seen.view.odd_length(seen.position) else axes[0], runs)
    return [
        head(seen),
        html.Div(
            [
                html.Div([_courses(run, axes, drawn(seen.url.channels, run.shares)), *_error(run)]),
                _aside(seen),
            ],
            className="columns",
        ),
        dcc.Store(id="run-at", data=run.opens_at),
    ]


def _courses(run: RunView, axes: list[str], channels: list[str]) -> Any:
    figure = drawing.courses(run, channels, run.opens_at)
    return card(
        "The run over the good runs",
        html.Div(
            [
                axis_control("run-axis", axes, run.axis),
                channels_control("run-channels", run.shares, channels, run.found is not None),
            ],
            className="controls",
        ),
        *([html.P(COMPARED, className="quiet")] if run.view.odd_length(run.position) else []),
        graph("run-courses", "Channels of the run over the band of good runs", figure),
        help="band",
    )


def _error(run: RunView) -> list[Any]:
    if run.found is None:
        text = "This detector scores runs as a whole; it does not tell when and in which channel."
        return [html.P(text, className="quiet")]
    return [
        card(
            "Error by channel and time (click a time)",
            graph("run-map", "Map of the error by channel and time"),
            help="error",
        ),
        card(
            "Contributions",
            graph("run-bars", "Contributions of the channels at one time"),
            help="contribution",
        ),
    ]


def _aside(seen: Seen) -> Any:
    history, causes = seen.history(), seen.views.workspace.review.causes()
    current = history[0] if history else None
    return html.Aside(
        card(
            "Verdict",
            html.Div(review.record(history), id="run-verdict", **aria(live="polite")),
            *review.panel(current, causes),
            dmc.Button(
                ["Undo", dmc.Kbd("z", size="xs", ml=6)],
                id="run-undo",
                variant="default",
            ),
        )
    )


def register(app: Dash, views: Views) -> None:
    """Add the callbacks."""
    _register_courses(app, views)
    _register_error(app, views)
    _register_time(app, views)
    _register_verdicts(app, views)
    _register_selection(app, views)
    choose_channels(app, "run-channels")


def _register_courses(app: Dash, views: Views) -> None:
    @app.callback(
        Output("run-courses", "figure"),
        Output("run-courses", "style"),
        Input("run-axis", "value"),
        Input("run-channels", "value"),
        Input("run-at", "data"),
        Input("shell-scheme", "data"),
        State("page-url", "data"),
        prevent_initial_call=True,
    )
    def draw(axis: str, channels: list[str], at: int | None, _scheme: Any, here: str) -> Any:
        """The courses, on another axis or of other channels."""
        run = look(Seen.at(views, here), axis)
        return sized(drawing.courses(run, channels or list(run.shares)[:1], at))


def _register_error(app: Dash, views: Views) -> None:
    @app.callback(
        Output("run-map", "figure"),
        Output("run-map", "style"),
        Input("run-axis", "value"),
        Input("run-at", "data"),
        Input("shell-shown", "data"),
        Input("shell-scheme", "data"),
        State("page-url", "data"),
        prevent_initial_call=True,
    )
    def draw_map(axis: str, at: int | None, _shown: Any, _scheme: Any, here: str) -> Any:
        """The error map."""
        return sized(drawing.error_map(look(Seen.at(views, here), axis), at))

    @app.callback(
        Output("run-bars", "figure"),
        Output("run-bars", "style"),
        Input("run-at", "data"),
        Input("run-axis", "value"),
        Input("shell-shown", "data"),
        Input("shell-scheme", "data"),
        State("page-url", "data"),
        prevent_initial_call=True,
    )
    def draw_bars(at: int | None, axis: str, _shown: Any, _scheme: Any, here: str) -> Any:
        """The contributions at the time that was clicked."""
        return sized(drawing.contributions_at(look(Seen.at(views, here), axis), at or 0))


def _register_time(app: Dash, views: Views) -> None:
    @app.callback(
        Output("run-at", "data"),
        Input("run-courses", "clickData"),
        State("run-axis", "value"),
        State("page-url", "data"),
        prevent_initial_call=True,
    )
    def point(clicked: dict[str, Any] | None, axis: str, here: str) -> Any:
        """Look at the time that was clicked."""
        if not clicked:
            return no_update
        return look(Seen.at(views, here), axis).nearest(float(clicked["points"][0]["x"]))

    @app.callback(
        Output("run-at", "data", allow_duplicate=True),
        Input("run-map", "clickData"),
        prevent_initial_call=True,
    )
    def point_in_map(clicked: dict[str, Any] | None) -> Any:
        """Look at the time that was clicked: a cell of the map says which is its worst."""
        return int(clicked["points"][0]["customdata"]) if clicked else no_update


def _register_verdicts(app: Dash, views: Views) -> None:
    @app.callback(
        Output("run-verdict", "children"),
        Input({"type": "run-verdict", "verdict": ALL}, "n_clicks"),
        State("run-cause", "value"),
        State("run-comment", "value"),
        State("shell-who", "value"),
        State("page-url", "data"),
        prevent_initial_call=True,
    )
    def judge(clicks: list[int | None], cause: str, comment: str, who: str, here: str) -> Any:
        """Keep a verdict."""
        if not any(clicks):  # the page has just been drawn
            return no_update
        seen = Seen.at(views, here)
        said = {"run": seen.run, "cause": cause, "comment": comment, **ctx.triggered_id}
        kept = seen.judge(said, who)
        note(f"Run {seen.run}: {kept.verdict} is kept.")
        return review.record(seen.history())

    @app.callback(
        Output("run-verdict", "children", allow_duplicate=True),
        Output("run-cause", "value"),
        Output("run-comment", "value"),
        Input("run-undo", "n_clicks"),
        State("shell-who", "value"),
        State("page-url", "data"),
        prevent_initial_call=True,
    )
    def undo(clicks: int | None, who: str, here: str) -> Any:
        """Go back to what was said before."""
        if not clicks:  # the page has just been drawn
            return no_update, no_update, no_update
        seen = Seen.at(views, here)
        now = views.workspace.review.undo(seen.view.data_set, seen.run, who=signature(who))
        note(f"Run {seen.run}: back to {now.verdict or 'no verdict'}.")
        return review.record(seen.history()), now.cause, now.comment


def _register_selection(app: Dash, views: Views) -> None:
    @app.callback(
        Output(STORE, "data", allow_duplicate=True),
        Input("run-select", "n_clicks"),
        State(STORE, "data"),
        State("page-url", "data"),
        prevent_initial_call=True,
    )
    def select(clicks: int | None, stored: dict[str, Any] | None, here: str) -> Any:
        """Select the run, or no longer."""
        if not clicks:  # the page has just been drawn
            return no_update
        seen = Seen.at(views, here)
        chosen = positions(seen, stored)
        others = [position for position in chosen if position != seen.position]
        return selection(seen, others if seen.position in chosen else [*chosen, seen.position])

    @app.callback(
        Output("run-select", "children"),
        Input(STORE, "data"),
        State("page-url", "data"),
    )
    def tell(stored: dict[str, Any] | None, here: str) -> Any:
        """Say whether the run is selected."""
        seen = Seen.at(views, here)
        return select_text(seen.position in positions(seen, stored))
