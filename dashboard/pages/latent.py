"""The latent space: which runs are alike, and what those have in common."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from typing import Any

import dash_mantine_components as dmc
from dash import ClientsideFunction, Dash, Input, Output, State, ctx, dcc, html, no_update

from dashboard.components.courses import DRAWN, MOST_DRAWN, PICKING
from dashboard.components.nearest import nearest
from dashboard.components.parts import aria, card, graph, sized
from dashboard.components.scheme import dressed
from dashboard.exploring import nearness
from dashboard.exploring.nearness import NEAREST, SELECTED
from dashboard.exploring.space import CODES, COURSES, N_AXES, sources
from dashboard.seen import Seen
from dashboard.selection import STORE, positions, selected_in, selection
from dashboard.views import Views

SOURCES = {CODES: "Codes of the detector", COURSES: "Resampled runs"}
NOTHING = {
    NEAREST: "No run is chosen: click one on the map, or take one from the list above it.",
    SELECTED: "No run is selected: draw a lasso around some on the map.",
}
MOST_OFFERED = 200  # runs in the list of a field


def layout(seen: Seen) -> Any:
    """The page of a scoring's latent space."""
    source = sources(seen)[0]
    return [
        html.Div(html.H1("Which runs are alike?"), className="head"),
        _controls(seen),
        html.Div(
            [
                html.Div([_map(seen, source), _nearest()]),
                _beside(seen),
            ],
            className="halves",
        ),
    ]


def _map(seen: Seen, source: str) -> Any:
    return card(
        "Map of the runs (click to choose one, lasso to select)",
        graph("latent-map", "Map of the runs", nearness.map_of(seen, source), lasso=True),
        html.P(id="latent-said", className="quiet"),
        dcc.Store(id="latent-again"),
        help="codes",
    )


def _nearest() -> Any:
    found = html.Div(id="latent-nearest", **aria(live="polite"))
    return card("Nearest runs", found, help="nearest")


def _controls(seen: Seen) -> Any:
    found = sources(seen)
    return html.Div(
        [
            dmc.Select(
                id="latent-run",
                label="Run",
                data=offered(seen, ""),
                value=seen.url.run,
                searchable=True,
                allowDeselect=False,
                placeholder="choose a run, or click it on the map",
                className="side",
            ),
            _source(found),
            _axis("latent-x", "To the right", 0),
            _axis("latent-y", "Upwards", 1),
        ],
        className="controls",
    )


def _source(found: Sequence[str]) -> Any:
    """What is compared: a switch where there is a choice."""
    if len(found) == 1:
        return dcc.Input(id="latent-source", type="hidden", value=found[0])
    return dmc.SegmentedControl(
        id="latent-source",
        data=[{"value": source, "label": SOURCES[source]} for source in found],
        value=found[0],
        attributes={"root": {"aria-label": "what is compared"}},
    )


def _axis(name: str, label: str, axis: int) -> Any:
    return dmc.Select(
        id=name,
        label=label,
        data=[{"value": str(i), "label": f"PC{i + 1}"} for i in range(N_AXES)],
        value=str(axis),
        allowDeselect=False,
        w=100,
    )


def _beside(seen: Seen) -> Any:
    return card(
        "Over the good runs",
        html.Div(
            [
                dmc.SegmentedControl(
                    id="latent-show",
                    data=[
                        {"value": NEAREST, "label": "Nearest runs"},
                        {"value": SELECTED, "label": "Selected runs"},
                    ],
                    value=SELECTED if nearness.chosen(seen) is None else NEAREST,
                    attributes={"root": {"aria-label": "which runs are drawn"}},
                ),
                dmc.MultiSelect(
                    id="latent-channels",
                    className="channels",
                    data=list(seen.view.data_set.channels),
                    value=[],
                    maxValues=MOST_DRAWN,
                    searchable=True,
                    debounce=PICKING,
                    attributes={"input": {"aria-label": "channels to draw"}},
                    placeholder="channels that differ most",
                ),
            ],
            className="controls",
        ),
        html.P(id="latent-apart", className="quiet", **aria(live="polite")),
        graph("latent-courses", "Courses of the runs over the band of good runs"),
        help="apart",
    )


def offered(seen: Seen, search: str) -> list[str]:
    """Runs whose name has a text in it, the most abnormal first, and the chosen one."""
    text, view, run = search.casefold().strip(), seen.view, seen.url.run
    text = "" if text == (run or "").casefold() else text
    named = (view.names[i] for i in view.ranked if text in view.names[i].casefold())
    found = list(islice(named, MOST_OFFERED))
    return found if run is None or run in found else [run, *found[: MOST_OFFERED - 1]]


def register(app: Dash, views: Views) -> None:
    """Add the callbacks."""
    _register_map(app, views)
    _register_choice(app, views)
    _register_courses(app, views)
    _register_nearest(app, views)


def _register_map(app: Dash, views: Views) -> None:
    @app.callback(
        Output("latent-map", "figure"),
        Output("latent-said", "children"),
        Input("latent-source", "value"),
        Input("latent-x", "value"),
        Input("latent-y", "value"),
        Input("page-url", "data"),
        Input(STORE, "data"),
        Input("latent-again", "data"),
        Input("shell-scheme", "data"),
    )
    def draw(source: str, x: str, y: str, here: str, stored: Any, again: Any, *_: Any) -> Any:
        """The map; where only other runs stand out, these alone."""
        seen, axes = Seen.at(views, here), (int(x), int(y))
        found, said = positions(seen, stored), nearness.explained(seen, source, axes)
        is_other = ctx.triggered_id in ("latent-source", "latent-x", "latent-y", "shell-scheme")
        figure = dressed(nearness.map_of(seen, source, axes, found, signs_only=not is_other))
        return figure if is_other else nearness.marks(figure, found, again), said

    app.clientside_callback(
        ClientsideFunction("tsad", "again"),
        Output("latent-again", "data"),
        Input("latent-map", "figure"),
        prevent_initial_call=True,
    )

    @app.callback(
        Output(STORE, "data", allow_duplicate=True),
        Output("latent-show", "value"),
        Input("latent-map", "selectedData"),
        State("latent-source", "value"),
        State("latent-x", "value"),
        State("latent-y", "value"),
        State("page-url", "data"),
        prevent_initial_call=True,
    )
    def select(selected: dict[str, Any] | None, source: str, x: str, y: str, here: str) -> Any:
        """Select the runs in the lasso."""
        seen = Seen.at(views, here)
        found = nearness.within(seen, source, (int(x), int(y)), selected)
        return selected_in(seen, found), SELECTED if found else no_update


def _register_choice(app: Dash, views: Views) -> None:
    app.clientside_callback(
        ClientsideFunction("tsad", "alike"),
        Output("latent-run", "value"),
        Output("latent-show", "value", allow_duplicate=True),
        Input("latent-map", "clickData"),
        Input("latent-run", "value"),
        State("page-url", "data"),
        prevent_initial_call=True,
    )

    @app.callback(
        Output("latent-run", "data"),
        Input("latent-run", "searchValue"),
        Input("page-url", "data"),
        prevent_initial_call=True,
    )
    def offer(search: str | None, here: str) -> Any:
        """Runs to choose from."""
        return offered(Seen.at(views, here), search or "")


def _register_courses(app: Dash, views: Views) -> None:
    @app.callback(
        Output("latent-courses", "figure"),
        Output("latent-courses", "style"),
        Output("latent-apart", "children"),
        Input("latent-show", "value"),
        Input("latent-channels", "value"),
        Input("latent-source", "value"),
        Input("page-url", "data"),
        Input(STORE, "data"),
        Input("shell-shown", "data"),
        Input("shell-scheme", "data"),
        prevent_initial_call=True,
    )
    def draw(shown: str, channels: list[str], source: str, here: str, stored: Any, *_: Any) -> Any:
        """The selected runs, or the nearest ones, over the good runs."""
        seen = Seen.at(views, here)
        runs = nearness.drawn(seen, shown, source, positions(seen, stored))
        far = nearness.apart(seen, runs)
        figure = nearness.courses(seen, runs, channels or list(far)[:DRAWN])
        return *sized(figure), nearness.differ(far, len(runs)) if runs else NOTHING[shown]


def _register_nearest(app: Dash, views: Views) -> None:
    @app.callback(
        Output("latent-nearest", "children"),
        Input("latent-source", "value"),
        Input("page-url", "data"),
    )
    def tell(source: str, here: str) -> Any:
        """The runs that are most like the chosen one."""
        seen = Seen.at(views, here)
        near = nearness.neighbours(seen, source)
        return html.P(NOTHING[NEAREST], className="quiet") if near is None else nearest(seen, near)

    @app.callback(
        Output(STORE, "data", allow_duplicate=True),
        Input("latent-take", "n_clicks"),
        State("latent-source", "value"),
        State("page-url", "data"),
        prevent_initial_call=True,
    )
    def take(clicks: int | None, source: str, here: str) -> Any:
        """Select the chosen run and the nearest ones."""
        seen = Seen.at(views, here)
        near = nearness.neighbours(seen, source)
        if not clicks or near is None:  # the list has just been drawn
            return no_update
        return selection(seen, near.all)
