"""Words of the pages: a run in one line, outliers counted, times."""

from __future__ import annotations

from datetime import datetime

import numpy as np

from tsad_plugin.forms import plural
from tsad_plugin.results import number, relative
from tsad_plugin.workspace import Scoring, Verdict

from .reference import performance, truth
from .seen import Seen
from .views import View


def run_line(view: View, position: int, threshold: float | None) -> str:
    """`run B-17: score 5.9, 2.1 × threshold, feed rate 80% of the error at 31–42 h`."""
    row = view.table.iloc[position]
    times = relative(float(row["score"]), np.nan if threshold is None else threshold)
    parts = [f"score {number(float(row['score']))}"]
    if times != "–":
        parts.append(f"{times} × threshold")
    channels, stretch = view.found[position]
    if channels:
        at = "at time" if view.data_set.has_times and not _has_unit(stretch) else "at"
        parts.append(f"{channels} of the error {at} {stretch}")
    if view.odd_length(position):
        longer = "longer" if row["duration"] > 0 else "shorter"
        parts.append(f"{abs(row['duration']):.1f} σ {longer} than usual")
    return f"run {row['run']}: {', '.join(parts)}"


def _has_unit(stretch: str) -> bool:
    """Whether a stretch says by itself what it is measured in: in hours, or by a calendar."""
    return any(letter.isalpha() for letter in stretch)


def headline(seen: Seen, threshold: float | None) -> str:
    """`3 of 40 runs are outliers, 2 not reviewed yet; precision 100% (2 of 2)`."""
    flagged = seen.view.outliers(threshold)
    n, unreviewed = int(flagged.sum()), len(open_outliers(seen, threshold))
    verb = "is an outlier" if n == 1 else "are outliers"
    text = f"{n or 'None'} of {plural(len(flagged), 'run')} {verb if n else 'is an outlier'}"
    if unreviewed:
        text += f", {unreviewed} not reviewed yet"
    elif n:
        text += ", all reviewed"
    measured = performance(flagged, truth(seen.view, seen.standing))
    return f"{text}; {measured}" if measured else text


def open_outliers(seen: Seen, threshold: float | None) -> list[int]:
    """Positions of the outliers without a verdict, the most abnormal first."""
    is_open = seen.view.outliers(threshold) & (seen.standing.said == "")
    return seen.view.worst_first(is_open).tolist()


def when(time: datetime) -> str:
    """A time of a record, as the clock here shows it."""
    return f"{time.astimezone():%Y-%m-%d %H:%M}"


def verdict_line(verdict: Verdict) -> str:
    """`fault: valve stuck: "seen on site" (anna, 2026-03-01 08:10)`."""
    said = verdict.verdict or "no verdict"
    parts = [said, *([verdict.cause] if verdict.cause else [])]
    quoted = f" “{verdict.comment}”" if verdict.comment else ""
    return f"{' · '.join(parts)}{quoted} ({verdict.who}, {when(verdict.at)})"


def scoring_line(name: str, detector: str, scoring: Scoring) -> str:
    """`new.csv · FCAutoEncoder · 2026-03-01 08:10`."""
    return f"{name} · {detector} · {when(scoring.created)}"
