"""The grid of ranked runs: its columns and its rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import dash_ag_grid as dag
import dash_mantine_components as dmc
from dash import html

from dashboard.answers import Refused
from dashboard.listing import ALL, OPEN, OUTLIERS, PARTS, listed
from dashboard.seen import Seen
from dashboard.views import View
from tsad_plugin.workspace import VERDICTS

SHOWN = {OUTLIERS: "Outliers", OPEN: "Outliers without verdict", ALL: "All runs"}
HEAD, ROW, HIGHEST = 110, 34, 480  # pixels
NAMED, LETTER = 44, 7.5  # pixels of a run's cell: around its name, and a letter of it

FILTERED: dict[str, Any] = {"filter": True, "suppressHeaderFilterButton": False}
NUMBERS: dict[str, Any] = {
    **FILTERED,
    "filter": "agNumberColumnFilter",
    "filterParams": {"inRangeInclusive": True},
    "type": "rightAligned",
    "valueFormatter": {"function": "inDigits(params.value)"},
}
TICKED: dict[str, Any] = {
    "colId": "tick",
    "headerName": "✓",
    "headerTooltip": "selected, on all pages; with Shift all from the last one",
    "cellRenderer": "Tick",
    "sortable": False,
    "resizable": False,
    "minWidth": 40,
    "maxWidth": 40,
}
# Of detectors that tell when and in which channel.
FOUND: list[dict[str, Any]] = [
    {"field": "channels", "minWidth": 104, "width": 260, **FILTERED},
    {"field": "stretch", "headerName": "When", "minWidth": 96, "width": 150},
]


def runs_list(seen: Seen, shown: str) -> list[Any]:
    """What is listed, what is selected, which runs are good, and the grid."""
    return [
        html.Div(
            [
                dmc.SegmentedControl(
                    id="runs-show",
                    data=[{"value": key, "label": name} for key, name in SHOWN.items()],
                    value=shown,
                ),
                dmc.Button("Select the outliers", id="runs-select", variant="default"),
                dmc.Button(
                    "The selected runs are the good ones", id="runs-choose", variant="default"
                ),
                html.Span("Double-click verdict, cause or comment to write it.", className="quiet"),
            ],
            className="controls",
        ),
        _grid(seen.view, len(listed(seen, seen.threshold, shown))),
    ]


def _grid(view: View, n_rows: int) -> Any:
    """The grid; runs can be ticked, verdict, cause and comment written into it.

    It asks for a block of rows at a time, and for the next one when that has come: answers do not
    say what they answer.
    """
    return dag.AgGrid(
        id="runs-grid",
        rowModelType="infinite",
        columnDefs=_columns(view),
        defaultColDef={"resizable": True, "sortable": True, "filter": False, "minWidth": 64},
        columnSize="responsiveSizeToFit",
        getRowId="params.data.run",
        dashGridOptions={
            "cacheBlockSize": 100,
            "maxBlocksInCache": 2,
            "maxConcurrentDatasourceRequests": 1,
            "context": {"dataSet": view.data_set.id},
            "domLayout": "normal",
            "singleClickEdit": False,
            "stopEditingWhenCellsLoseFocus": True,
            "rowHeight": ROW,
            "localeText": {
                "noRowsToShow": "no run to show",
                "noMatchingRows": "no run passes the filters",
            },
        },
        className="ag-theme-quartz",
        style={"height": f"{min(HEAD + ROW * max(n_rows, 2), HIGHEST)}px"},
    )


def _columns(view: View) -> list[dict[str, Any]]:
    # A row that has not come yet is nobody's.
    has_come = {"function": "!!params.data"}
    written: dict[str, Any] = {"editable": has_come, "cellClass": "written"}
    columns: list[dict[str, Any]] = [
        {"field": "rank", "minWidth": 62, "maxWidth": 80, "type": "rightAligned"},
        {"field": "run", "cellRenderer": "RunLink", **_fitting(view.names), **FILTERED},
        {"field": "score", "minWidth": 92, "maxWidth": 110, **NUMBERS},
        {
            "field": "times",
            "headerName": "× threshold",
            "minWidth": 130,
            "maxWidth": 140,
            **NUMBERS,
        },
        *(FOUND if view.scoring.has_timesteps else []),
        *([{"field": "label", "minWidth": 78, **FILTERED}] if view.labels is not None else []),
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
    return [TICKED, *({"tooltipField": column["field"], **column} for column in columns)]


def _fitting(names: Sequence[str]) -> dict[str, int]:
    """As wide as the longest name needs, within what leaves room for other columns."""
    longest = NAMED + round(LETTER * max(map(len, names), default=0))
    return {"minWidth": min(max(longest, 104), 240), "width": min(max(longest, 130), 360)}


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
