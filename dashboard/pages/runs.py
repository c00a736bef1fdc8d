"""Home: the scores of all runs, the outliers ranked, the threshold, and which runs are good."""

from __future__ import annotations

from typing import Any

import dash_mantine_components as dmc
from dash import ClientsideFunction, Dash, Input, Output, State, dcc, html, no_update

from dashboard import drawing
from dashboard.components.grid import ALL, OUTLIERS, SHOWN, grid, rows
from dashboard.components.notes import note
from dashboard.components.parts import aria, card, graph
from dashboard.components.threshold import chosen_threshold, kept_text, scale_of, threshold_controls
from dashboard.reference import CHOSEN, Reference, reference
from dashboard.state import RUN
from dashboard.state import State as Url
from dashboard.views import Standing, View, Views, signature
from dashboard.wording import headline, open_outliers
from tsad_plugin.forms import plural
from tsad_plugin.results import number


def layout(views: Views, url: Url) -> Any:
    """The page of a scoring."""
    view = views.of(url.scoring)
    url = url._replace(scoring=view.scoring.id)  # a newer one must not slip under this page
    standing = views.standing(view)
    good = reference(view, standing, url.good)
    threshold = standing.threshold.value
    chart = drawing.scores(view, standing, good, threshold)
    first = open_outliers(view, standing, threshold) or view.ranked
    shown = OUTLIERS if view.outliers(threshold).any() else ALL
    return [
        html.Div(
            [
                html.H1(
                    headline(view, standing, threshold), id="runs-count", **aria(live="polite")
                ),
                dcc.Link(
                    "Review the worst (n)",
                    id="run-next",
                    href=url.at(RUN, run=view.names[first[0]]),
                    className="button",
                ),
            ],
            className="head",
        ),
        threshold_controls(view, standing, good),
        html.Div(
            [
                card("Scores", graph("runs-chart", "Scores of all runs", chart), name="wide"),
                card(
                    "How scores are distributed",
                    graph(
                        "runs-histogram",
                        "Histogram of scores",
                        drawing.histogram(view, good, threshold),
                    ),
                ),
            ],
            className="charts",
        ),
        card("Runs, the most abnormal first", *_list(view, standing, shown, url)),
        dcc.Store(id="runs-scale", data=scale_of(good)),
        dcc.Store(id="runs-judged"),
        dcc.Store(id="page-url", data=url.at("")),
    ]


def _list(view: View, standing: Standing, shown: str, url: Url) -> list[Any]:
    listed = rows(view, standing, standing.threshold.value, shown, url)
    return [
        html.Div(
            [
                dmc.SegmentedControl(
                    id="runs-show",
                    data=[{"value": key, "label": name} for key, name in SHOWN.items()],
                    value=shown,
                ),
                dmc.Button(
                    "The ticked runs are the good ones", id="runs-choose", variant="default"
                ),
                html.Span("Double-click verdict, cause or comment to write it.", className="quiet"),
            ],
            className="controls",
        ),
        grid(view, listed),
    ]


def written_in(change: dict[str, Any]) -> dict[str, Any]:
    """A row of the grid as it was written; raises a ValueError where it has no verdict."""
    row = change["data"]
    if row.get("verdict"):
        return row
    if change.get("colId") == "verdict":
        raise ValueError(f"run {row['run']}: a verdict is taken back by Undo on the run's page")
    raise ValueError(f"run {row['run']}: choose a verdict first; cause and comment belong to one")


def register(app: Dash, views: Views) -> None:
    """Add the callbacks."""
    _register_threshold(app, views)
    _register_grid(app, views)
    _register_links(app, views)


def _register_threshold(app: Dash, views: Views) -> None:
    app.clientside_callback(
        ClientsideFunction("tsad", "link"),
        Output("runs-k", "value"),
        Output("runs-threshold", "value"),
        Input("runs-k", "value"),
        Input("runs-threshold", "value"),
        State("runs-scale", "data"),
        prevent_initial_call=True,
    )

    @app.callback(
        Output("runs-chart", "figure"),
        Output("runs-histogram", "figure"),
        Output("runs-count", "children"),
        Input("runs-threshold", "value"),
        Input("runs-judged", "data"),
        State("page-url", "data"),
        prevent_initial_call=True,
    )
    def move(value: Any, _judged: Any, here: str) -> Any:
        """Move the threshold in the charts, and count again."""
        view, standing, good, threshold = _now(views, here, value)
        chart = drawing.scores(view, standing, good, threshold)
        bars = drawing.histogram(view, good, threshold)
        return (
            drawing.patch(chart),
            drawing.patch(bars, traces=False),
            headline(view, standing, threshold),
        )

    @app.callback(
        Output("runs-kept", "children"),
        Input("runs-keep", "n_clicks"),
        State("runs-threshold", "value"),
        State("shell-who", "value"),
        State("page-url", "data"),
        prevent_initial_call=True,
    )
    def keep(_clicks: int, value: Any, who: str, here: str) -> Any:
        """Keep the threshold for all scorings of this model."""
        view, _, good, threshold = _now(views, here, value)
        if threshold is None:
            raise ValueError("there is no threshold to keep: write one, or move the slider")
        origin = f"k = {good.k(threshold):.2f}, {good.name}" if good.can_scale else "set by hand"
        kept = views.workspace.review.set_threshold(
            view.model, threshold, origin=origin, who=signature(who)
        )
        note(f"Threshold {number(threshold)} is kept for {view.model.detector}.")
        return kept_text(kept)


def _now(views: Views, here: str, value: Any) -> tuple[View, Standing, Reference, float | None]:
    """What a URL shows, how it stands, and the threshold that is tried."""
    url = Url.of(here)
    view = views.of(url.scoring)
    standing = views.standing(view)
    return view, standing, reference(view, standing, url.good), chosen_threshold(value)


def _register_grid(app: Dash, views: Views) -> None:
    @app.callback(
        Output("runs-grid", "rowData"),
        Input("runs-threshold", "value"),
        Input("runs-show", "value"),
        Input("runs-judged", "data"),
        State("page-url", "data"),
        prevent_initial_call=True,
    )
    def fill(value: Any, shown: str, _judged: Any, here: str) -> Any:
        """The rows that are to be shown."""
        view, standing, _, threshold = _now(views, here, value)
        return rows(view, standing, threshold, shown, Url.of(here))

    @app.callback(
        Output("runs-judged", "data"),
        Input("runs-grid", "cellValueChanged"),
        State("shell-who", "value"),
        State("page-url", "data"),
        prevent_initial_call=True,
    )
    def judge(changes: list[dict[str, Any]], who: str, here: str) -> Any:
        """Keep what was written into the grid; it shows what is kept, also of what is refused."""
        if not changes:
            return no_update
        view = views.of(Url.of(here).scoring)
        for change in changes:
            try:
                kept = views.judge(view, written_in(change), who)
                note(f"Run {kept.run}: {kept.verdict} is kept.")
            except ValueError as error:
                note(str(error), color="red")
        return changes[-1]["timestamp"]

    @app.callback(
        Output("url", "search", allow_duplicate=True),
        Input("runs-choose", "n_clicks"),
        State("runs-grid", "selectedRows"),
        State("shell-who", "value"),
        State("page-url", "data"),
        prevent_initial_call=True,
    )
    def choose(clicks: int | None, ticked: list[dict[str, Any]] | None, who: str, here: str) -> Any:
        """Take the ticked runs as the good ones."""
        if not clicks:  # the page has just been drawn
            return no_update
        url = Url.of(here)
        view = views.of(url.scoring)
        names = [row["run"] for row in ticked or ()]
        if len(names) < 2:
            raise ValueError(f"{plural(len(names), 'run')} ticked: good runs are at least 2")
        views.workspace.review.choose_good_runs(view.data_set, names, who=signature(who))
        note(f"{len(names)} good runs are kept for {view.data_set.name}.")
        return url.at("", good=CHOSEN)


def _register_links(app: Dash, views: Views) -> None:
    @app.callback(
        Output("url", "search", allow_duplicate=True),
        Input("runs-good", "value"),
        State("page-url", "data"),
        prevent_initial_call=True,
    )
    def compare(key: str, here: str) -> Any:
        """Take other runs as the good ones."""
        url = Url.of(here)
        view = views.of(url.scoring)
        now = reference(view, views.standing(view), url.good).key
        return no_update if key == now else url.at("", good=key)

    @app.callback(
        Output("url", "href", allow_duplicate=True),
        Input("runs-chart", "clickData"),
        State("page-url", "data"),
        prevent_initial_call=True,
    )
    def open_run(clicked: dict[str, Any] | None, here: str) -> Any:
        """Open the run that was clicked."""
        run = (clicked or {"points": [{}]})["points"][0].get("customdata")
        return no_update if run is None else Url.of(here).at(RUN, run=run)
