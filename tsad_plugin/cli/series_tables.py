"""What is shown and written of long series: a line a series, tables of timesteps and segments."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from rich.table import Table

from tsad_plugin.explanation import stretch_text
from tsad_plugin.forms import shorten
from tsad_plugin.results import number, relative
from tsad_plugin.runs import Runs
from tsad_plugin.thresholds import Thresholder
from tsad_plugin.windows import WindowedDetector

from .output import grid


def cleaned_text(table: pd.DataFrame) -> str:
    """What was cleaned: glitches of each channel that has any, and gaps."""
    found = table.groupby("channel", sort=False)["glitches"].sum()
    where = [f"{channel} {n:,}" for channel, n in found[found > 0].items()]
    glitches = f"{found.sum():,}" + (f" ({shorten(where, most=12, quote=False)})" if where else "")
    return f"glitches made gaps: {glitches}; values missing: {table['missing'].sum():,}"


def overview(
    clf: WindowedDetector,
    series: Runs,
    worst: NDArray[Any],
    segments: pd.DataFrame,
    positions: Sequence[int],
) -> Table:
    """A line for each of these series: how abnormal, when it became faulty, and when it failed."""
    ids = series.ids.tolist()
    of_each = [segments[segments["series"] == ids[i]] for i in positions]
    scored = [(i, np.isfinite(worst[i])) for i in positions]
    ours = isinstance(clf.thresholder_, (float, Thresholder))
    threshold = float(clf.threshold_) if ours else float("nan")
    numbers = {
        "series": [str(ids[i]) for i in positions],
        "worst score": [number(worst[i]) if known else "–" for i, known in scored],
        "× threshold": [relative(worst[i], threshold) if known else "–" for i, known in scored],
        "segments": [str(len(found)) for found in of_each],
    }
    where = "(timestep, time)" if series.times is not None else "(timestep)"
    texts = {
        f"{what}\n{where}": [
            _first(series, i, chosen(found)) for i, found in zip(positions, of_each, strict=True)
        ]
        for what, chosen in CHOSEN.items()
    }
    return grid(numbers, texts)


def _faults(segments: pd.DataFrame) -> pd.DataFrame:
    return segments[segments["mode"] == "faulty"]


def _strongest(segments: pd.DataFrame) -> pd.DataFrame:
    """The fault with the highest score."""
    return _faults(segments).sort_values("peak_score", ascending=False, kind="stable")


def _failures(segments: pd.DataFrame) -> pd.DataFrame:
    return segments[segments["mode"] == "failed"]


# Segments of which the first is shown.
CHOSEN = {"fault": _faults, "strongest fault": _strongest, "failure": _failures}


def _first(series: Runs, position: int, segments: pd.DataFrame) -> str:
    """Where the first of these segments begins: `868, 2024-02-06T04:00:00`."""
    if segments.empty:
        return "–"
    start = int(segments["start"].iloc[0])
    if series.times is None:
        return str(start)
    times = series.times[position]
    if times.dtype.kind == "M":
        times = times.astype("datetime64[s]")  # a line is to fit a terminal
    return f"{start}, {stretch_text(start, start, times, series.time_unit)}"


def timesteps_frame(
    clf: WindowedDetector, series: Runs, scores: list[NDArray[Any]], segments: pd.DataFrame
) -> pd.DataFrame:
    """One row a timestep: score, label, and whether it lies in a segment."""
    columns: dict[str, Any] = {
        "series": np.repeat(series.ids, series.lengths),
        "timestep": np.concatenate([np.arange(n) for n in series.lengths]),
    }
    if series.times is not None:
        columns["time"] = np.concatenate(series.times)
    found = np.concatenate(scores)
    known = np.where(np.isnan(found), clf.usual_score_, found)
    modes = [np.where(np.isnan(s), "", "normal").astype(object) for s in scores]
    position = {run: i for i, run in enumerate(series.ids.tolist())}
    for segment in segments.itertuples():
        modes[position[segment.series]][segment.start : segment.end] = segment.mode
    columns |= {"score": found, "label": clf._label(known), "mode": np.concatenate(modes)}
    return pd.DataFrame(columns)


def segments_frame(series: Runs, segments: pd.DataFrame) -> pd.DataFrame:
    """One row a segment, its channels as text, and times where the table has them."""
    frame = segments.assign(channels=[", ".join(names) for names in segments["channels"]])
    return frame if series.times is not None else frame.drop(columns=["start_time", "end_time"])
