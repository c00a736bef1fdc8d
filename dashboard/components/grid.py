"""The grid of ranked runs: its columns and its rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import dash_ag_grid as dag
import dash_mantine_components as dmc
import pandas as pd
from dash import html

from dashboard.answers import Refused
from dashboard.seen import Seen
from dashboard.state import RUN
from dashboard.views import View
from dashboard.wording import open_outliers, when
from tsad_plugin.results import TINY
from tsad_plugin.workspace import VERDICTS

OUTLIERS, OPEN, ALL = "outliers", "open", "all"
SHOWN = {OUTLIERS: "Outliers", OPEN: "Outliers without verdict", ALL: "All runs"}


PARTS = ("verdict", "cause", "comment")  # that are written by hand
FILTERED: dict[str, Any] = {"filter": True, "suppressHeaderFilterButton": False}
# Of detectors that tell when and in which channel.
FOUND: list[dict[str, Any]] = [
    {"field": "channels", "minWidth": 104, "width": 260, **FILTERED},
    {"field": "stretch", "headerName": "When", "minWidth": 96, "width": 120},
]


def runs_list(seen: Seen, shown: str) -> list[Any]:
    """What is listed, which runs are good, and the grid."""
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
        _grid(seen.view, rows(seen, seen.threshold, shown)),
    ]


def _grid(view: View, rows: list[dict[str, Any]]) -> Any:
    """The grid; runs can be ticked, verdict, cause and comment written into it."""
    return dag.AgGrid(
        id="runs-grid",
        rowData=rows,
        columnDefs=_columns(view),
        defaultColDef={"resizable": True, "sortable": True, "filter": False, "minWidth": 64},
        columnSize="responsiveSizeToFit",
        getRowId="params.data.run",
        dashGridOptions={
            "rowSelection": {"mode": "multiRow", "enableClickSelection": False},
            "domLayout": "normal",
            "singleClickEdit": False,
            "stopEditingWhenCellsLoseFocus": True,
            "rowHeight": 34,
            "localeText": {"noRowsToShow": "no run to show"},
        },
        className="ag-theme-quartz",
        style={"height": f"{min(110 + 34 * max(len(rows), 2), 480)}px"},
    )


def _columns(view: View) -> list[dict[str, Any]]:
    right = {"type": "rightAligned"}
    written: dict[str, Any] = {"editable": True, "cellClass": "written"}
    columns: list[dict[str, Any]] = [
        {"field": "rank", "minWidth": 62, "maxWidth": 80, **right},
        {"field": "run", "cellRenderer": "RunLink", "minWidth": 118, "width": 130, **FILTERED},
        {"field": "score", "minWidth": 72, "maxWidth": 100, **right},
        {"field": "times", "headerName": "× threshold", "minWidth": 108, "maxWidth": 130, **right},
        *(FOUND if view.scoring.has_timesteps else []),
        *([{"field": "label", "minWidth": 70, **FILTERED}] if view.labels is not None else []),
        {
            "field": "verdict",
            "cellEditor": "agSelectCellEditor",  # "": who only looks chooses nothing
            "cellEditorParams": {"values": ["", *VERDICTS]},
            "minWidth": 92,
            "width": 110,
            "tooltipField": "by",
            **FILTERED,
            **written,
        },
        {"field": "cause", "minWidth": 74, "width": 130, **written},
        {"field": "comment", "minWidth": 92, "width": 160, **written},
    ]
    return [{"tooltipField": column["field"], **column} for column in columns]


def rows(seen: Seen, threshold: float | None, shown: str) -> list[dict[str, Any]]:
    """A row a run that is to be shown, the most abnormal first."""
    view, flagged = seen.view, seen.view.outliers(threshold)
    if shown == OPEN:
        positions: Sequence[int] = open_outliers(seen, threshold)
    else:
        positions = [int(i) for i in view.ranked if shown == ALL or flagged[i]]
    return [_row(seen, threshold, i) for i in positions]


def _row(seen: Seen, threshold: float | None, i: int) -> dict[str, Any]:
    view, run, score = seen.view, seen.view.names[i], float(seen.view.scores[i])
    verdict, (channels, stretch) = seen.standing.verdicts.get(run), view.found[i]
    return {
        "rank": int(view.ranks[i]),
        "run": run,
        "href": seen.url.at(RUN, run=run),
        "score": _rounded(score),
        "times": _rounded(score / threshold)
        if threshold is not None and threshold > TINY
        else None,
        "outlier": view.is_outlier(i, threshold),
        "channels": channels,
        "stretch": stretch,
        "label": "" if view.labels is None else _text(view.labels[i]),
        "verdict": "" if verdict is None else verdict.verdict or "",
        "cause": "" if verdict is None else verdict.cause,
        "comment": "" if verdict is None else verdict.comment,
        "by": "" if verdict is None else f"{verdict.who}, {when(verdict.at)}",
    }


def written_in(seen: Seen, change: Mapping[str, Any]) -> dict[str, Any]:
    """A verdict as one cell was written: all else is what holds now, whatever the grid shows."""
    run, part, value = change["data"]["run"], change["colId"], change["value"] or ""
    if part not in PARTS:
        raise Refused(f"run {run}: {part} is not written by hand")
    holds = seen.standing.verdicts.get(run)
    now = {name: getattr(holds, name, "") for name in PARTS}
    said = {**now, "run": run, part: value}
    if said["verdict"]:
        return said
    if part == "verdict":
        raise Refused(f"run {run}: a verdict is taken back by Undo on the run's page")
    raise Refused(f"run {run}: choose a verdict first; cause and comment belong to one")


def _rounded(value: float) -> float:
    """A number short enough to read; as a number it sorts."""
    return float(f"{value:.4g}")


def _text(value: Any) -> str:
    return "" if value is None or pd.isna(value) else str(value)
