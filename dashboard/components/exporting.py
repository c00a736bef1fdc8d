"""Where scores, verdicts and reports are taken along."""

from __future__ import annotations

from typing import Any

from dash import dcc, html

from dashboard.exporting.reports import MOST_CHOSEN, has_report
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
    """Files of all runs, and of those that are selected; a menu that a browser opens by itself."""
    return html.Details(
        [
            html.Summary("Export", id=OPEN),
            html.Div(
                [
                    html.P("All runs", className="quiet"),
                    *(_link(seen, name, path, text) for name, (path, text) in LINKS.items()),
                    html.P("Selected runs", className="quiet"),
                    html.Button("Scores and verdicts, CSV", id=SELECTED_SCORES),
                    html.Button(
                        f"Report, HTML ({MOST_CHOSEN} runs at most)",
                        id=SELECTED_REPORT,
                        disabled=not has_report(seen.view),
                    ),
                ]
            ),
            dcc.Download(id=FILE),
        ],
        className="menu",
    )


def _link(seen: Seen, name: str, path: str, text: str) -> Any:
    """A link that the browser follows by itself, not a page of ours; none to what there is not."""
    if path == REPORT and not has_report(seen.view):
        return html.A(text, id=name, className="off")
    return html.A(text, id=name, href=seen.url.at(path, run=None))


def report_link(seen: Seen) -> Any:
    """A link to the report of the run that is shown; none where there is no report."""
    if not has_report(seen.view):
        return None
    return html.A(
        "Report", id="export-run", href=seen.url.at(REPORT), title="one HTML file of this run"
    )
