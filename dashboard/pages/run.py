"""One run: where it left the population, in which channels, and the verdict on it."""

from __future__ import annotations

from typing import Any

import dash_mantine_components as dmc
import numpy as np
from dash import ALL, Dash, Input, Output, State, ctx, dcc, html, no_update

from dashboard import drawing
from dashboard.components import review
from dashboard.components.heading import head
from dashboard.components.notes import note
from dashboard.components.parts import aria, card, graph
from dashboard.drawing import RunView
from dashboard.reference import reference
from dashboard.state import State as Url
from dashboard.views import Standing, View, Views, signature
from tsad_plugin.population import axes_of
from tsad_plugin.workspace import TimestepFindings

AXES = {"elapsed": "Elapsed time", "timestep": "Timestep", "percent": "% complete"}
DRAWN, MOST_DRAWN = 4, 12  # channels: at first, and at most


def layout(views: Views, url: Url) -> Any:
    """The page of a run."""
    view = views.of(url.scoring)
    url = url._replace(scoring=view.scoring.id)  # a newer one must not slip under this page
    standing = views.standing(view)
    position = view.position(url.run)
    axes = axes_here(views, view, position)
    run = look(views, view, standing, position, url, axes[0])
    channels = list(run.shares)[:DRAWN]
    history = views.workspace.review.history(view.data_set, view.names[position])
    return [
        head(view, standing, position, url),
        html.Div(
            [
                html.Div(
                    [_courses(run, channels, axes), *_error(run)],
                    className="main",
                ),
                _aside(views, history),
            ],
            className="columns",
        ),
        dcc.Store(id="run-at", data=_worst(run.found)),
        dcc.Store(id="page-url", data=url.at("")),
    ]


def look(
    views: Views, view: View, standing: Standing, position: int, url: Url, axis: str
) -> RunView:
    """A run and the population on an axis."""
    runs = views.workspace.read_runs(view.data_set, [position])
    good = reference(view, standing, url.good)
    band = views.good_runs(view, standing, good.positions, axis)
    found = views.workspace.read_timesteps(view.scoring, position)
    return RunView(view, position, runs, found, band, axis)


def _worst(found: TimestepFindings | None) -> int | None:
    return None if found is None else int(np.argmax(found.scores))


def axes_here(views: Views, view: View, position: int) -> list[str]:
    """Axes that both the run and the good runs have, the one to begin with first."""
    run = views.workspace.read_runs(view.data_set, [position])
    has_times = views.good_have_times(view)
    shared = [axis for axis in axes_of(run) if axis != "elapsed" or has_times]
    return sorted(shared, key=list(AXES).index)


def _courses(run: RunView, channels: list[str], axes: list[str]) -> Any:
    shares = [
        {"value": name, "label": f"{name} ({share:.0%})" if run.found else name}
        for name, share in run.shares.items()
    ]
    figure = drawing.courses(run, channels, _worst(run.found))
    return card(
        "The run over the good runs",
        html.Div(
            [
                dmc.SegmentedControl(
                    id="run-axis",
                    data=[{"value": axis, "label": AXES[axis]} for axis in axes],
                    value=run.axis,
                    attributes={"root": {"aria-label": "axis"}},
                ),
                dmc.MultiSelect(
                    id="run-channels",
                    data=shares,
                    value=channels,
                    maxValues=MOST_DRAWN,
                    searchable=True,
                    debounce=True,
                    attributes={"input": {"aria-label": "channels to draw"}},
                    placeholder="channels, by their share of the error",
                ),
            ],
            className="controls",
        ),
        graph("run-courses", "Channels of the run over the band of good runs", figure),
    )


def _error(run: RunView) -> list[Any]:
    if run.found is None:
        text = "This detector scores runs as a whole; it does not tell when and in which channel."
        return [html.P(text, className="quiet")]
    return [
        card(
            "Error by channel and time (click a time)",
            graph("run-map", "Map of the error by channel and time"),
        ),
        card("Contributions", graph("run-bars", "Contributions of the channels at one time")),
    ]


def _aside(views: Views, history: list[Any]) -> Any:
    causes = views.workspace.review.causes()
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
                className="key-z",
            ),
        )
    )


def register(app: Dash, views: Views) -> None:
    """Add the callbacks."""
    _register_figures(app, views)
    _register_verdicts(app, views)


def _seen(views: Views, here: str, axis: str) -> RunView:
    url = Url.of(here)
    view = views.of(url.scoring)
    return look(views, view, views.standing(view), view.position(url.run), url, axis)


def _register_figures(app: Dash, views: Views) -> None:
    @app.callback(
        Output("run-courses", "figure"),
        Input("run-axis", "value"),
        Input("run-channels", "value"),
        Input("run-at", "data"),
        State("page-url", "data"),
        prevent_initial_call=True,
    )
    def draw(axis: str, channels: list[str], at: int | None, here: str) -> Any:
        """The courses, on another axis or of other channels."""
        run = _seen(views, here, axis)
        return drawing.courses(run, channels or list(run.shares)[:1], at)

    @app.callback(
        Output("run-map", "figure"),
        Input("run-axis", "value"),
        Input("run-at", "data"),
        State("page-url", "data"),
    )
    def draw_map(axis: str, at: int | None, here: str) -> Any:
        """The error map."""
        return drawing.error_map(_seen(views, here, axis), at)

    @app.callback(
        Output("run-bars", "figure"),
        Input("run-at", "data"),
        Input("run-axis", "value"),
        State("page-url", "data"),
    )
    def draw_bars(at: int | None, axis: str, here: str) -> Any:
        """The contributions at the time that was clicked."""
        return no_update if at is None else drawing.contributions_at(_seen(views, here, axis), at)

    @app.callback(
        Output("run-at", "data"),
        Input("run-courses", "clickData"),
        Input("run-map", "clickData"),
        State("run-axis", "value"),
        State("page-url", "data"),
        prevent_initial_call=True,
    )
    def point(_courses: Any, _map: Any, axis: str, here: str) -> Any:
        """Look at the time that was clicked; a cell of the map says which is its worst."""
        points = (ctx.triggered[0]["value"] or {}).get("points")
        if not points:
            return no_update
        if ctx.triggered_id == "run-map":
            return int(points[0]["customdata"])
        return _seen(views, here, axis).nearest(float(points[0]["x"]))


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
        if not any(clicks):
            return no_update
        view, run = _named(views, here)
        said = {"run": run, "cause": cause, "comment": comment, **ctx.triggered_id}
        kept = views.judge(view, said, who)
        note(f"Run {run}: {kept.verdict} is kept.")
        return review.record(views.workspace.review.history(view.data_set, run))

    @app.callback(
        Output("run-verdict", "children", allow_duplicate=True),
        Output("run-cause", "value"),
        Output("run-comment", "value"),
        Input("run-undo", "n_clicks"),
        State("shell-who", "value"),
        State("page-url", "data"),
        prevent_initial_call=True,
    )
    def undo(_clicks: int, who: str, here: str) -> Any:
        """Go back to what was said before."""
        view, run = _named(views, here)
        now = views.workspace.review.undo(view.data_set, run, who=signature(who))
        note(f"Run {run}: back to {now.verdict or 'no verdict'}.")
        history = views.workspace.review.history(view.data_set, run)
        return review.record(history), now.cause, now.comment


def _named(views: Views, here: str) -> tuple[View, str]:
    url = Url.of(here)
    view = views.of(url.scoring)
    return view, view.names[view.position(url.run)]
