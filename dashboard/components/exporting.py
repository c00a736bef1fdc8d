"""Where scores, verdicts and reports are taken along."""

from __future__ import annotations

from typing import Any

import dash_mantine_components as dmc
from dash import dcc, html

from dashboard.reports import MOST_CHOSEN, has_report
from dashboard.seen import Seen
from dashboard.state import REPORT, SCORES_CSV, SCORES_PARQUET

OPEN, FILE = "export-open", "export-file"
SELECTED_SCORES, SELECTED_REPORT = "export-selected-scores", "export-selected-report"
LINKS = {  # by id: path and name
    "export-csv": (SCORES_CSV, "Scores and verdicts, CSV"),
    "export-parquet": (SCORES_PARQUET, "Scores and verdicts, Parquet"),
    "export-report": (REPORT, "Report of the outliers, HTML"),
}


def export_menu(seen: Seen) -> Any:
    """A menu: files of all runs, and of those that are selected."""
    items = [
        dmc.MenuLabel("All runs"),
        *(_link(seen, name, path, text) for name, (path, text) in LINKS.items()),
        dmc.MenuDivider(),
        dmc.MenuLabel("Selected runs"),
        dmc.MenuItem("Scores and verdicts, CSV", id=SELECTED_SCORES),
        dmc.MenuItem(
            f"Report, HTML ({MOST_CHOSEN} runs at most)",
            id=SELECTED_REPORT,
            disabled=not has_report(seen.view),
        ),
    ]
    button = dmc.Button("Export", id=OPEN, variant="default")
    menu = dmc.Menu([dmc.MenuTarget(button), dmc.MenuDropdown(items)], position="bottom-end")
    return html.Div([menu, dcc.Download(id=FILE)])


def _link(seen: Seen, name: str, path: str, text: str) -> Any:
    """A link that the browser follows by itself, not a page of ours."""
    is_off = path == REPORT and not has_report(seen.view)
    href = seen.url.at(path, run=None)
    return dmc.MenuItem(text, id=name, href=href, refresh=True, disabled=is_off)


def report_link(seen: Seen) -> Any:
    """A link to the report of the run that is shown; none where there is no report."""
    if not has_report(seen.view):
        return None
    return html.A(
        "Report", id="export-run", href=seen.url.at(REPORT), title="one HTML file of this run"
    )
