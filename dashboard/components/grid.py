"""The grid of ranked runs: its columns and its rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import dash_ag_grid as dag
import pandas as pd
from tsad_plugin.workspace import VERDICTS

from dashboard.state import RUN, State
from dashboard.views import Standing, View
from dashboard.wording import open_outliers, when
from tsad_plugin.results import TINY

OUTLIERS, OPEN, ALL = "outliers", "open", "all"
SHOWN = {OUTLIERS: "Outliers", OPEN: "Outliers without verdict", ALL: "All runs"}


def grid(view: View, rows: list[dict[str, Any]]) -> Any:
    """The grid; runs can be ticked, verdict, cause and comment written into it."""
    return dag.AgGrid(
        id="runs-grid",
        rowData=rows,
        columnDefs=_columns(view),
        defaultColDef={"resizable": True, "sortable": True, "filter": True, "minWidth": 70},
        columnSize="responsiveSizeToFit",
        getRowId="params.data.run",
        dashGridOptions={
            "rowSelection": {"mode": "multiRow", "enableClickSelection": False},
            "domLayout": "normal",
            "singleClickEdit": False,
            "stopEditingWhenCellsLoseFocus": True,
            "rowHeight": 34,
            "overlayNoRowsTemplate": "no run to show",
        },
        className="ag-theme-quartz",
        style={"height": f"{min(110 + 34 * max(len(rows), 3), 480)}px"},
    )


def _columns(view: View) -> list[dict[str, Any]]:
    right = {"type": "rightAligned", "filter": "agNumberColumnFilter"}
    is_told = view.scoring.has_timesteps
    written = {"editable": True, "cellClass": "written"}
    columns = [
        {"field": "rank", "maxWidth": 80, **right},
        {"field": "run", "cellRenderer": "RunLink", "minWidth": 90},
        {"field": "score", "maxWidth": 100, **right},
        {"field": "times", "headerName": "× threshold", "maxWidth": 120, **right},
        {"field": "outlier", "maxWidth": 100},
        *([{"field": "stretch", "headerName": "worst stretch"}] if is_told else []),
        *([{"field": "channels", "minWidth": 150}] if is_told else []),
        *([{"field": "label", "maxWidth": 110}] if view.labels is not None else []),
        {
            "field": "verdict",
            "cellEditor": "agSelectCellEditor",
            "cellEditorParams": {"values": list(VERDICTS)},
            **written,
        },
        {"field": "cause", **written},
        {"field": "comment", "minWidth": 120, **written},
        {"field": "by", "minWidth": 110},
    ]
    return [{**column, "tooltipField": column["field"]} for column in columns]


def rows(
    view: View, standing: Standing, threshold: float | None, shown: str, state: State
) -> list[dict[str, Any]]:
    """A row a run that is to be shown, the most abnormal first."""
    flagged = view.outliers(threshold)
    if shown == OPEN:
        positions: Sequence[int] = open_outliers(view, standing, threshold)
    else:
        positions = [i for i in view.ranked if shown == ALL or flagged[i]]
    return [_row(view, standing, threshold, i, bool(flagged[i]), state) for i in positions]


def _row(
    view: View,
    standing: Standing,
    threshold: float | None,
    i: int,
    is_outlier: bool,
    state: State,
) -> dict[str, Any]:
    found = view.table.iloc[i]
    run, score = view.names[i], float(view.scores[i])
    verdict = standing.verdicts.get(run)
    return {
        "rank": view.ranks[i],
        "run": run,
        "href": state.at(RUN, scoring=view.scoring.id, run=run),
        "score": _rounded(score),
        "times": _rounded(score / threshold)
        if threshold is not None and threshold > TINY
        else None,
        "outlier": "outlier" if is_outlier else "",
        "stretch": _text(found["stretch"]),
        "channels": _text(found["channels"]),
        "label": "" if view.labels is None else _text(view.labels[i]),
        "verdict": "" if verdict is None else verdict.verdict or "",
        "cause": "" if verdict is None else verdict.cause,
        "comment": "" if verdict is None else verdict.comment,
        "by": "" if verdict is None else f"{verdict.who}, {when(verdict.at)}",
    }


def _rounded(value: float) -> float:
    """A number short enough to read; as a number it sorts."""
    return float(f"{value:.4g}")


def _text(value: Any) -> str:
    return "" if value is None or pd.isna(value) else str(value)
