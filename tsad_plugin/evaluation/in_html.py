"""A report on a comparison as one HTML file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tsad_plugin.figures import critical_difference, mean_intervals, set_heatmap
from tsad_plugin.forms import plural
from tsad_plugin.html_report.rendering import Chart, chart, render

from .comparison import Comparison
from .page import Page, Section
from .reading import reading
from .tables import in_order

TEMPLATE = Path(__file__).parent / "templates" / "benchmark.html"
# A ROC-AUC below a half is as bad as chance, and has its colour.
COLOURED = {"roc_auc": (0.5, 1.0)}
DARK = {"roc_auc": "0.5, as chance, or less"}


def html(page: Page) -> str:
    """The report as a page."""
    sections = [_content(section) for section in page.sections]
    content = {
        "headline": page.headline,
        "facts": page.facts,
        "sections": sections,
        "setting": page.setting,
        "data": page.data,
        "reading": reading(page.measures),
    }
    return render(TEMPLATE, content)


def _content(section: Section) -> dict[str, Any]:
    name = section.found.protocol
    return {
        "name": name,
        "title": section.title,
        "headline": section.headline,
        "measure": section.found.title,
        "dark": DARK.get(section.found.metric, "0"),
        "remarks": section.remarks,
        "summary": section.summary,
        "pairs": section.pairs,
        "failures": section.failures,
        "intervals": intervals_chart(section.found, f"chart-{name}-means"),
        "ranks": ranks_chart(section.found, f"chart-{name}-ranks"),
        "sets": sets_chart(section.found, f"chart-{name}-sets"),
    }


def intervals_chart(found: Comparison, name: str) -> Chart:
    """Means with their intervals."""
    label = f"Mean {found.title} of {plural(len(found.summary), 'detector')} with 95 % intervals"
    return chart(name, mean_intervals(found.summary, title=f"mean {found.title}"), label)


def ranks_chart(found: Comparison, name: str) -> Chart | None:
    """The critical-difference diagram, where there is something to rank."""
    if len(found.ranks) < 2:
        return None
    listed = ", ".join(f"{detector} {rank:.2f}" for detector, rank in found.ranks.items())
    return chart(
        name, critical_difference(found.ranks, found.cliques), f"Mean ranks, best first: {listed}"
    )


def sets_chart(found: Comparison, name: str) -> Chart:
    """The measure on each data set."""
    table, failed = in_order(found)
    label = f"{found.title} of {table.shape[1]} detectors on {plural(len(table), 'data set')}"
    limits = COLOURED.get(found.metric, (0.0, 1.0))
    figure = set_heatmap(table, title=found.title, failed=failed, limits=limits)
    return chart(name, figure, label)
