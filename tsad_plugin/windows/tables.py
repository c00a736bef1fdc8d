"""What is told of series as tables: what was cleaned, how channels correlate, segments."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tsad_plugin.runs import Runs

from .preparation import SeriesPreprocessor
from .scan import Scanned
from .segments import Segment

SEGMENT_COLUMNS = [
    "series",
    "start",
    "end",
    "start_time",
    "end_time",
    "n_timesteps",
    "mode",
    "peak_score",
    "mean_score",
    "channels",
]
# Share of a segment's score that the channels named for it make up.
NAMED = 0.8


def segment_records(
    runs: Runs,
    position: int,
    channels: tuple[str, ...],
    scanned: Scanned,
    segments: list[Segment],
) -> list[dict[str, Any]]:
    """Rows of the table of segments for the series at `position`."""
    times = None if runs.times is None else runs.times[position]
    records = []
    for start, end, mode in segments:
        scores = scanned.scores[start:end]
        record = {
            "series": runs.ids.tolist()[position],
            "start": start,
            "end": end,
            "start_time": None if times is None else times[start],
            "end_time": None if times is None else times[end - 1],
            "n_timesteps": end - start,
            "mode": mode,
            "peak_score": float(np.nanmax(scores)),
            "mean_score": float(np.nanmean(scores)),
            "channels": _named(scanned, slice(start, end), mode, channels),
        }
        records.append(record)
    return records


def _named(scanned: Scanned, rows: slice, mode: str, channels: tuple[str, ...]) -> tuple[str, ...]:
    """Channels that show a segment, the most telling first."""
    if mode == "failed":
        dead = scanned.dead[rows].mean(axis=0)
        return tuple(channels[c] for c in np.flatnonzero(dead >= 0.5))
    if scanned.values.shape[1] != len(channels):
        return ()
    shares = np.nansum(scanned.values[rows], axis=0)
    order = np.argsort(-shares, kind="stable")
    below = np.cumsum(shares[order]) < NAMED * shares.sum()
    return tuple(channels[c] for c in order[: int(below.sum()) + 1])


def cleaning_table(series: Runs, preprocessor: SeriesPreprocessor) -> pd.DataFrame:
    """Count what cleaning finds, a row a series and channel."""
    return pd.concat(
        [
            _cleaned(preprocessor, run, rows)
            for run, rows in zip(series.ids.tolist(), series.arrays, strict=True)
        ],
        ignore_index=True,
    )


def _cleaned(preprocessor: SeriesPreprocessor, run: Any, rows: NDArray[Any]) -> pd.DataFrame:
    cleaned = preprocessor.clean(rows)
    _, lasting = preprocessor.fill(cleaned)
    missing = np.isnan(rows)
    return pd.DataFrame(
        {
            "series": run,
            "channel": preprocessor.channels_,
            "n_timesteps": len(rows),
            "missing": missing.sum(axis=0),
            "glitches": (np.isnan(cleaned) & ~missing).sum(axis=0),
            "in_long_gaps": lasting.sum(axis=0),
        }
    )


def correlation_table(series: Runs, preprocessor: SeriesPreprocessor) -> pd.DataFrame:
    """Correlation of the channels over all cleaned rows."""
    cleaned = np.concatenate([preprocessor.clean(rows) for rows in series.arrays])
    return pd.DataFrame(cleaned, columns=list(series.channels)).corr()
