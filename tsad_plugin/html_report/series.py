"""The page on long series: what stands in it, in words and numbers."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd

from tsad_plugin.explanation import stretch_text
from tsad_plugin.forms import plural, shorten
from tsad_plugin.results import number, relative
from tsad_plugin.windows.inner import gives_contributions

from .rendering import TEMPLATES, Chart, render
from .series_card import series_card
from .series_charts import correlation_chart, fleet_chart, timeline_charts
from .survey import Survey

MOST_DRAWN = 20  # series with a timeline
MOST_LISTED = 200  # rows of a table
SHOWN_WITHOUT_SEGMENT = 3
MOST_NAMED = 4  # channels in a sentence


def page(survey: Survey, now: datetime) -> str:
    """The report as HTML."""
    drawn = survey.abnormal[:MOST_DRAWN] or survey.ranked[:SHOWN_WITHOUT_SEGMENT]
    anchors = {position: f"series-{i}" for i, position in enumerate(drawn, start=1)}
    charts = timeline_charts(survey, drawn)
    content = {
        "headline": headline(survey),
        "facts": facts(survey, now),
        "fleet": fleet_chart(survey),
        "overview": overview(survey, anchors),
        "n_unlisted": max(len(survey.abnormal) - MOST_LISTED, 0),
        "has_segments": bool(survey.abnormal),
        "rows": table(survey, anchors),
        "n_hidden": max(len(survey.segments) - MOST_LISTED, 0),
        "details": [
            detail(survey, position, anchors[position], chart)
            for position, chart in zip(drawn, charts, strict=True)
        ],
        "n_not_drawn": max(len(survey.abnormal) - MOST_DRAWN, 0),
        "cleaning": cleaning(survey),
        "correlation": correlation_chart(survey),
        "card": series_card(survey),
        "window_size": survey.detector.window_size,
        "has_channels": gives_contributions(survey.detector.detector_),
    }
    return render(TEMPLATES / "series.html", content)


def headline(survey: Survey) -> str:
    """`8 of 10 series are abnormal for some time`."""
    n, n_series = len(survey.abnormal), len(survey.series)
    if n == 0:
        return f"No abnormal segment in {n_series} series"
    return f"{n} of {n_series} series {'has' if n == 1 else 'have'} abnormal segments"


def facts(survey: Survey, now: datetime) -> list[tuple[str, str, str]]:
    """Name, value and remark of what to know first."""
    lengths = survey.series.lengths
    span = f"{lengths.min():,} to " if lengths.min() < lengths.max() else ""
    threshold = "–" if np.isnan(survey.threshold) else number(survey.threshold)
    return [
        ("Series", f"{len(lengths):,}", plural(survey.series.n_channels, "channel")),
        ("Timesteps", f"{lengths.sum():,}", f"{span}{lengths.max():,} of a series"),
        ("Faulty", plural(survey.count("faulty"), "segment"), _series_of(survey, "faulty")),
        ("Failed", plural(survey.count("failed"), "segment"), _series_of(survey, "failed")),
        ("Threshold", threshold, "a score above it is abnormal"),
        ("Report of", f"{now:%Y-%m-%d}", f"{now:%H:%M %Z}"),
    ]


def _series_of(survey: Survey, mode: str) -> str:
    return f"in {sum((f.segments['mode'] == mode).any() for f in survey.found)} series"


def overview(survey: Survey, anchors: dict[int, str]) -> list[dict[str, str]]:
    """When each abnormal series became faulty and failed, in the order of the data."""
    return [
        {**_outline(survey, position), "anchor": anchors.get(position, "")}
        for position in sorted(survey.abnormal)[:MOST_LISTED]
    ]


def _outline(survey: Survey, position: int) -> dict[str, str]:
    found = survey.found[position]
    fault, strongest, failure = found.first("faulty"), found.strongest, found.first("failed")
    return {
        "series": str(survey.series.ids.tolist()[position]),
        "fault": _beginning(survey, position, fault),
        "strongest": _beginning(survey, position, strongest),
        "failure": _beginning(survey, position, failure),
        "warning": _warning(survey, position, strongest, failure),
        "peak": "–" if strongest is None else number(strongest.peak_score),
        "channels": "–" if strongest is None else channels_text(survey, strongest),
    }


def _beginning(survey: Survey, position: int, segment: Any) -> str:
    return "–" if segment is None else moment(survey, position, segment.start)


def _warning(survey: Survey, position: int, fault: Any, failure: Any) -> str:
    """How long a fault was there before the failure."""
    if fault is None or failure is None or fault.start >= failure.start:
        return "–"
    before = fault._replace(end=failure.start, n_timesteps=failure.start - fault.start)
    return duration(survey, position, before)


def table(survey: Survey, anchors: dict[int, str]) -> list[dict[str, Any]]:
    """Segments, series by series in the order of the data, as text."""
    rows: list[dict[str, Any]] = []
    for position, found in enumerate(survey.found):
        for segment in found.segments.itertuples(index=False):
            if len(rows) == MOST_LISTED:
                return rows
            rows.append({**_row(survey, position, segment), "anchor": anchors.get(position, "")})
    return rows


def _row(survey: Survey, position: int, segment: Any) -> dict[str, Any]:
    return {
        "series": segment.series,
        "mode": segment.mode,
        "start": moment(survey, position, segment.start),
        "end": moment(survey, position, segment.end - 1),
        "rows": f"timesteps {segment.start:,} to {segment.end - 1:,}",
        "duration": duration(survey, position, segment),
        "peak": number(segment.peak_score),
        "relative": relative(segment.peak_score, survey.threshold),
        "channels": channels_text(survey, segment),
    }


def moment(survey: Survey, position: int, row: int) -> str:
    """When a row was: its time where there is one, else its timestep."""
    series = survey.series
    if series.times is None:
        return f"{row:,}"
    times = series.times[position]
    if times.dtype.kind == "M":
        return str(times[row].astype("datetime64[m]")).replace("T", " ")
    return stretch_text(row, row, times, series.time_unit)


def duration(survey: Survey, position: int, segment: Any) -> str:
    """How long a segment lasts: `11 d 2 h`, `35.5 min` or `120 timesteps`."""
    series = survey.series
    if series.times is None or segment.n_timesteps < 2:
        return plural(segment.n_timesteps, "timestep")
    times = series.times[position][segment.start : segment.end]
    if times.dtype.kind not in "iufM":
        return plural(segment.n_timesteps, "timestep")
    # The last timestep lasts as long as the others do.
    lasted = (times[-1] - times[0]) / (len(times) - 1) * len(times)
    if times.dtype.kind == "M":
        return _lasting(pd.Timedelta(lasted))
    return f"{lasted:.4g} {series.time_unit or ''}".strip()


def _lasting(time: pd.Timedelta) -> str:
    """The two largest units of a time."""
    parts = time.round("s").components
    units = [(parts.days, "d"), (parts.hours, "h"), (parts.minutes, "min"), (parts.seconds, "s")]
    first = next((i for i, (count, _) in enumerate(units) if count), len(units) - 1)
    return " ".join(f"{count:,} {unit}" for count, unit in units[first : first + 2] if count)


def channels_text(survey: Survey, segment: Any) -> str:
    """Channels of a segment, or that they are all or cannot be told."""
    if len(segment.channels) == survey.series.n_channels > 1:
        return "all"
    return shorten(segment.channels, quote=False) or "–"


def detail(survey: Survey, position: int, anchor: str, chart: Chart) -> dict[str, Any]:
    """One series in words, numbers and a picture."""
    found, name = survey.found[position], survey.series.ids.tolist()[position]
    n_scored = int(np.isfinite(found.scores).sum())
    return {
        "anchor": anchor,
        "series": name,
        "sentences": [_first(survey, position, mode) for mode in ("faulty", "failed")],
        "is_abnormal": len(found.segments) > 0,
        "facts": [
            ("timesteps", f"{len(found.scores):,}"),
            ("of them abnormal", f"{found.n_abnormal / max(len(found.scores), 1):.0%}"),
            ("highest score", number(survey.highest(position)) if n_scored else "–"),
            ("without a score", f"{len(found.scores) - n_scored:,}"),
        ],
        "cut": _cut(survey, position),
        "chart": chart,
    }


def _cut(survey: Survey, position: int) -> str:
    """Where the picture ends, if before the series."""
    found = survey.found[position]
    n = found.n_worth_drawing
    return moment(survey, position, n - 1) if n < len(found.scores) else ""


def _first(survey: Survey, position: int, mode: str) -> dict[str, str]:
    """When a series was first in a mode, and what showed it."""
    segments = survey.found[position].segments
    found, first = segments[segments["mode"] == mode], survey.found[position].first(mode)
    if first is None:
        return {"mode": mode, "since": "", "rest": f"never {mode}"}
    named = shorten(first.channels, MOST_NAMED, quote=False)
    shown = f", shown by {named}" if named and mode == "faulty" else ""
    more = f"; {len(found) - 1} more {mode} segments" if len(found) > 2 else ""
    more = f"; one more {mode} segment" if len(found) == 2 else more
    strongest = survey.found[position].strongest
    if mode == "faulty" and strongest.start != first.start:
        more += f", the strongest from {moment(survey, position, strongest.start)}"
    lasts = duration(survey, position, first)
    return {
        "mode": mode,
        "since": moment(survey, position, first.start),
        "rest": f"(timestep {first.start:,}) for {lasts}{shown}{more}",
    }


def cleaning(survey: Survey) -> list[tuple[str, list[tuple[str, str]]]]:
    """What was cleaned of each channel: counts, and shares of all values."""
    return [
        (str(channel), [_with_share(int(count), int(total)) for count in counts])
        for channel, total, *counts in survey.cleaning.itertuples()
    ]


def _with_share(count: int, total: int) -> tuple[str, str]:
    share = count / total
    return f"{count:,}", "" if count == 0 else "< 0.1%" if share < 0.001 else f"{share:.1%}"
