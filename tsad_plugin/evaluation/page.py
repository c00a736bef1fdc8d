"""What a report on a comparison says, before it has a form."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pandas as pd

from tsad_plugin.forms import plural, shorten
from tsad_plugin.html_report.card import versions

from .cells import COLUMNS
from .comparison import Comparison
from .statistics import LOWER_IS_BETTER, TITLES, check_metric
from .tables import (
    Table,
    data_table,
    failures_table,
    fixed,
    interval,
    pairs_table,
    sets_table,
    setting,
    summary_table,
)

Facts = list[tuple[str, str, str]]
RANKED_BY = tuple(metric for metric in TITLES if metric not in LOWER_IS_BETTER)


@dataclass(frozen=True)
class Section:
    """What there is to say of one protocol."""

    title: str
    found: Comparison
    headline: str
    remarks: list[str]
    summary: Table
    sets: Table
    pairs: Table
    failures: Table

    @property
    def tables(self) -> list[tuple[str, Table]]:
        """Titles and tables below the summary, those that hold something."""
        titled = [
            (f"{self.found.title} on each data set", self.sets),
            ("Pairs of detectors", self.pairs),
            ("Failures", self.failures),
        ]
        return [(title, table) for title, table in titled if table.rows]


@dataclass(frozen=True)
class Page:
    """All that a report says."""

    headline: str
    facts: Facts
    sections: list[Section]
    setting: list[tuple[str, str]]
    data: Table
    measures: tuple[str, ...]


def page_of(results: pd.DataFrame, now: datetime, metric: str = "roc_auc") -> Page:
    """What a report on these results says, of detectors ranked by a measure."""
    rows = _checked(results, metric)
    sections = [
        section(Comparison(str(protocol), part, metric))
        for protocol, part in rows.groupby("protocol", sort=False)
    ]
    return Page(
        headline=sections[0].headline if len(sections) == 1 else _of_both(rows),
        facts=facts(rows, sections, now),
        sections=sections,
        setting=[*setting(rows), *[(name, version) for name, version in versions()]],
        data=data_table(rows),
        measures=tuple(name for name in TITLES if name in rows.columns),
    )


def _checked(results: Any, metric: str) -> pd.DataFrame:
    if not isinstance(results, pd.DataFrame):
        raise ValueError(
            f"results must be the DataFrame of benchmark(), got {type(results).__name__}"
        )
    missing = [name for name in COLUMNS if name not in results.columns]
    if missing:
        raise ValueError(
            f"results lack {plural(len(missing), 'column')} of benchmark()'s: {shorten(missing)}"
        )
    if results.empty:
        raise ValueError("results are empty: there is nothing to report")
    if metric not in RANKED_BY:
        raise ValueError(f"metric must be one of {', '.join(RANKED_BY)}, got {metric!r}")
    check_metric(results, metric)
    return results.assign(error=results.error.fillna(""))  # as a CSV file has them


def _of_both(rows: pd.DataFrame) -> str:
    detectors, sets = rows.detector.nunique(), rows.dataset.nunique()
    return (
        f"{plural(detectors, 'detector')} on {plural(sets, 'data set')}, by "
        f"{plural(rows.protocol.nunique(), 'protocol')}"
    )


def section(found: Comparison) -> Section:
    """Words and tables of one protocol."""
    return Section(
        title=found.protocol.capitalize(),
        found=found,
        headline=found.headline(),
        remarks=found.remarks(),
        summary=summary_table(found),
        sets=sets_table(found),
        pairs=pairs_table(found),
        failures=failures_table(found),
    )


def facts(rows: pd.DataFrame, sections: list[Section], now: datetime) -> Facts:
    """Name, value and remark of what to know first."""
    sets = rows.dataset.unique().tolist()
    failed = f"{int((rows.error != '').sum()) or 'none'} failed"
    return [
        *(_first(section, len(sections) > 1) for section in sections),
        ("Detectors", str(rows.detector.nunique()), f"{len(rows):,} fits, {failed}"),
        ("Data sets", str(len(sets)), shorten(sets, most=4, quote=False)),
        ("Report of", f"{now:%Y-%m-%d}", f"{now:%H:%M %Z}"),
    ]


def _first(section: Section, named: bool) -> tuple[str, str, str]:
    title = f"First, {section.title.lower()}" if named else "First by mean rank"
    if not section.found.ranks:
        return title, "–", "no detector has a rank"
    name = next(iter(section.found.ranks))
    row = section.found.summary.loc[name]
    value = f"{section.found.title} {fixed(row[section.found.metric])}"
    return title, str(name), f"{value}, {interval(row.low, row.high)}"
