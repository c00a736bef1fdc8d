"""Home: the scores of all runs, the outliers ranked, the threshold, and which runs are good."""

from __future__ import annotations

from typing import Any

from dash import ClientsideFunction, Dash, Input, Output, State, ctx, dcc, html, no_update

from dashboard import drawing
from dashboard.answers import Refused
from dashboard.components.exporting import export_menu
from dashboard.components.grid import runs_list
from dashboard.components.notes import note
from dashboard.components.parts import aria, card, graph, sized
from dashboard.components.scheme import dressed
from dashboard.components.threshold import kept_text, read_threshold, scale_of, threshold_controls
from dashboard.listing import ALL, OUTLIERS
from dashboard.seen import Seen, signature
from dashboard.selection import STORE, positions, selected_in
from dashboard.state import RUN
from dashboard.views import Views
from dashboard.wording import headline, open_outliers
from tsad_plugin.results import number

from . import runs_grid
from .url_callbacks import choose_good, open_clicked


def layout(seen: Seen) -> Any:
    """The page of a scoring."""
    shown = OUTLIERS if seen.view.outliers(seen.threshold).any() else ALL
    return [
        html.Div(
            [
                html.H1(headline(seen, seen.threshold), id="runs-count", **aria(live="polite")),
                html.Div(
                    [
                        export_menu(seen),
                        dcc.Link(
                            "Review the worst (n)",
                            id="run-next",
                            href=_worst(seen, seen.threshold),
                            className="button",
                        ),
                    ],
                    className="actions",
                ),
            ],
            className="head",
        ),
        threshold_controls(seen),
        _charts(seen),
        card("Runs, the most abnormal first", *runs_list(seen, shown), help="rank"),
        dcc.Store(id="runs-scale", data=scale_of(seen)),
        dcc.Store(id="runs-settled"),
        dcc.Store(id="runs-decided"),
    ]


def _worst(seen: Seen, threshold: float | None) -> str:
    """Where the worst run without a verdict is; without any, the worst."""
    [first, *_] = open_outliers(seen, threshold) or seen.view.ranked
    return seen.url.at(RUN, run=seen.view.names[first])


def _charts(seen: Seen) -> Any:
    chart = drawing.scores(seen, seen.threshold)
    return html.Div(
        [
            card(
                "Scores",
                graph("runs-chart", "Scores of all runs", chart, lasso=True),
                help="score-bands",
            ),
            card(
                "How scores are distributed",
                graph("runs-histogram", "Histogram", lasso=True),
                help="histogram",
            ),
        ],
        className="charts",
    )


def register(app: Dash, views: Views) -> None:
    """Add the callbacks."""
    _register_threshold(app, views)
    _register_selection(app, views)
    _register_keeping(app, views)
    choose_good(app, views, "runs-good")
    open_clicked(app, views, "runs-chart")
    runs_grid.register(app, views)


def _register_threshold(app: Dash, views: Views) -> None:
    app.clientside_callback(
        ClientsideFunction("tsad", "link"),
        Output("runs-k", "value"),
        Output("runs-threshold", "value"),
        Output("runs-k-label", "children"),
        Input("runs-k", "value"),
        Input("runs-threshold", "value"),
        State("runs-scale", "data"),
        State("page-url", "data"),
        prevent_initial_call=True,
    )
    app.clientside_callback(
        ClientsideFunction("tsad", "settle"),
        Input("runs-threshold", "value"),
        prevent_initial_call=True,
    )

    @app.callback(
        Output("runs-chart", "figure"),
        Output("runs-count", "children"),
        Output("run-next", "href"),
        Output("runs-scale", "data"),
        Input("runs-threshold", "value"),
        Input("runs-decided", "data"),
        Input("shell-scheme", "data"),
        State(STORE, "data"),
        State("page-url", "data"),
        prevent_initial_call=True,
    )
    def move(value: Any, _decided: Any, _scheme: Any, stored: Any, here: str) -> Any:
        """Move the threshold in the chart and count again; what is decided may move bands, too."""
        seen = Seen.at(views, here)
        threshold = read_threshold(seen, value)
        chart = dressed(drawing.scores(seen, threshold, positions(seen, stored)))
        if ctx.triggered_id == "runs-threshold":
            chart = drawing.patch(chart)
        counted = headline(seen, threshold)
        return chart, counted, _worst(seen.trying(threshold), threshold), scale_of(seen)


def _register_selection(app: Dash, views: Views) -> None:
    @app.callback(
        Output("runs-chart", "figure", allow_duplicate=True),
        Output("runs-histogram", "figure", allow_duplicate=True),
        Output("runs-histogram", "style"),
        Input("shell-shown", "data"),
        Input("runs-settled", "data"),
        Input("runs-decided", "data"),
        Input("shell-scheme", "data"),
        State(STORE, "data"),
        State("runs-threshold", "value"),
        State("page-url", "data"),
        prevent_initial_call=True,
    )
    def follow(*given: Any) -> Any:
        """Once the chart is drawn, or its threshold rests: the histogram, and what is selected."""
        stored, value, here = given[-3:]
        seen = Seen.at(views, here)
        threshold, chosen = read_threshold(seen, value), positions(seen, stored)
        is_new = ctx.triggered_id == "shell-shown" and chosen
        marks = _marks(drawing.scores(seen, threshold, chosen)) if is_new else no_update
        return marks, *sized(drawing.histogram(seen, threshold, chosen))

    @app.callback(
        Output("runs-chart", "figure", allow_duplicate=True),
        Output("runs-histogram", "figure", allow_duplicate=True),
        Input(STORE, "data"),
        State("runs-threshold", "value"),
        State("page-url", "data"),
        prevent_initial_call=True,
    )
    def mark(stored: dict[str, Any] | None, value: Any, here: str) -> Any:
        """Show which runs are selected."""
        seen = Seen.at(views, here)
        threshold, chosen = read_threshold(seen, value), positions(seen, stored)
        draw = (drawing.scores, drawing.histogram)
        return [_marks(one(seen, threshold, chosen)) for one in draw]

    @app.callback(
        Output(STORE, "data", allow_duplicate=True),
        Input("runs-chart", "selectedData"),
        State("page-url", "data"),
        prevent_initial_call=True,
    )
    def lasso(drawn: dict[str, Any] | None, here: str) -> Any:
        """Select the runs in a lasso, or a box; around none it changes nothing."""
        seen = Seen.at(views, here)
        return selected_in(seen, drawing.scores_within(seen, drawn))

    @app.callback(
        Output(STORE, "data", allow_duplicate=True),
        Input("runs-histogram", "selectedData"),
        State("runs-threshold", "value"),
        State("page-url", "data"),
        prevent_initial_call=True,
    )
    def cut(drawn: dict[str, Any] | None, value: Any, here: str) -> Any:
        """Select the runs whose scores are in a range."""
        seen = Seen.at(views, here)
        found = drawing.histogram_within(seen, read_threshold(seen, value), drawn)
        return selected_in(seen, found)


def _marks(figure: Any) -> Any:
    return drawing.marks(dressed(figure))


def _register_keeping(app: Dash, views: Views) -> None:
    @app.callback(
        Output("runs-kept", "children"),
        Output("runs-decided", "data", allow_duplicate=True),
        Input("runs-keep", "n_clicks"),
        State("runs-threshold", "value"),
        State("shell-who", "value"),
        State("page-url", "data"),
        prevent_initial_call=True,
    )
    def keep(clicks: int | None, value: Any, who: str, here: str) -> Any:
        """Keep the threshold for all scorings of this model."""
        if not clicks:  # the page has just been drawn
            return no_update, no_update
        seen = Seen.at(views, here)
        threshold = read_threshold(seen, value)
        if threshold is None:
            raise Refused("there is no threshold to keep: write one, or move the slider")
        good = seen.good
        origin = f"k = {good.k(threshold):.2f}, {good.name}" if good.can_scale else "set by hand"
        kept = views.workspace.review.set_threshold(
            seen.view.model, threshold, origin=origin, who=signature(who)
        )
        note(f"Threshold {number(threshold)} is kept for {seen.view.model.detector}.")
        return kept_text(kept), f"threshold {kept.id}"
