"""Long series with their scores and segments: each is scored once for a whole page."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tsad_plugin.runs import Runs
from tsad_plugin.thresholds import Thresholder
from tsad_plugin.windows import WindowedDetector
from tsad_plugin.windows.scan import Scanned
from tsad_plugin.windows.tables import SEGMENT_COLUMNS

UNEXPLAINED = 0.99  # quantile of scores above which channels are compared where nothing was found

LEAST_TAIL = 100  # timesteps of a last failure that are drawn


class Found(NamedTuple):
    """What was found in one series.

    `scores` (n,) are NaN where there is none; `segments` are rows of the detector's table;
    `shares` (c,) say how telling each channel is, from 0 to 1.
    """

    scores: NDArray[np.float64]
    segments: pd.DataFrame
    shares: NDArray[np.float64]

    @property
    def n_abnormal(self) -> int:
        """Timesteps in segments."""
        return int(self.segments["n_timesteps"].sum())

    def first(self, mode: str) -> Any:
        """The first segment of a mode; None where there is none."""
        return next(self.segments[self.segments["mode"] == mode].itertuples(index=False), None)

    @property
    def strongest(self) -> Any:
        """The fault with the highest score; None where there is none."""
        faults = self.segments[self.segments["mode"] == "faulty"]
        order = faults.sort_values("peak_score", ascending=False, kind="stable")
        return next(order.itertuples(index=False), None)

    @property
    def n_worth_drawing(self) -> int:
        """Timesteps before a failure that lasts to the end, and a third as many of it.

        The rest of it shows nothing, and would press what came before to the edge.
        """
        last = self.segments.tail(1)
        if last.empty or last["mode"].item() != "failed" or last["end"].item() < len(self.scores):
            return len(self.scores)
        start = int(last["start"].item())
        return min(start + max(start // 3, LEAST_TAIL), len(self.scores))

    @property
    def states(self) -> NDArray[np.str_]:
        """State of each timestep (n,), as `figures.fleet` takes them."""
        states = np.where(np.isnan(self.scores), "no score", "normal")
        for start, end, mode in self.segments[["start", "end", "mode"]].itertuples(index=False):
            states[start:end] = mode
        return states


@dataclass(frozen=True)
class Survey:
    """Series with what a detector found in each.

    `threshold` is NaN where labels come from a foreign thresholder.
    """

    detector: WindowedDetector
    series: Runs
    found: list[Found]
    threshold: float

    @classmethod
    def of(cls, detector: WindowedDetector, X: Any) -> Self:
        """Score series and find their segments."""
        series = detector._read(X)
        surveyed = zip(detector._survey(series), series.arrays, strict=True)
        found = [_found(scanned, records, rows) for (scanned, records), rows in surveyed]
        ours = isinstance(detector.thresholder_, (float, Thresholder))
        return cls(detector, series, found, float(detector.threshold_) if ours else float("nan"))

    @cached_property
    def segments(self) -> pd.DataFrame:
        """Segments of all series."""
        tables = [found.segments for found in self.found if len(found.segments)]
        return pd.concat(tables, ignore_index=True) if tables else self.found[0].segments

    @property
    def units(self) -> tuple[str, ...]:
        """Units of the channels: an array has none, then those of the detector."""
        return self.series.units if any(self.series.units) else self.detector.units_

    @cached_property
    def cleaning(self) -> pd.DataFrame:
        """What was cleaned, a row a channel, counted over all series."""
        table = self.detector.cleaning_summary(self.series)
        counts = table[["n_timesteps", "missing", "glitches", "in_long_gaps"]]
        place = np.tile(np.arange(self.series.n_channels), len(self.series))
        return counts.groupby(place).sum().set_axis(list(self.series.channels))

    @property
    def abnormal(self) -> list[int]:
        """Positions of series with segments, the longest time abnormal first."""
        return [i for i in self.ranked if len(self.found[i].segments)]

    @cached_property
    def ranked(self) -> list[int]:
        """Positions of all series, the longest time abnormal first, then the highest score."""
        return sorted(range(len(self.found)), key=self._rank)

    def _rank(self, position: int) -> tuple[float, float]:
        found = self.found[position]
        return -found.n_abnormal, -self.highest(position)

    def highest(self, position: int) -> float:
        """The highest score of a series, NaN-free."""
        scores = self.found[position].scores
        return float(np.nan_to_num(scores, nan=-np.inf).max(initial=-np.inf))

    def count(self, mode: str) -> int:
        """How many segments are of a mode."""
        return int((self.segments["mode"] == mode).sum())


def _found(scanned: Scanned, records: list[dict[str, Any]], rows: NDArray[Any]) -> Found:
    segments = pd.DataFrame(records, columns=SEGMENT_COLUMNS)
    return Found(scanned.scores, segments, _shares(scanned, segments, rows))


def _shares(scanned: Scanned, segments: pd.DataFrame, rows: NDArray[Any]) -> NDArray[np.float64]:
    """How telling channels are (c,): by contributions, or by how far they are from what is usual.

    In faults, where there are any: in a failure all channels are telling.
    """
    scores = scanned.scores
    faulty = _rows_of(segments[segments["mode"] == "faulty"], len(rows))
    if not faulty.any() and np.isfinite(scores).any():
        faulty = scores >= np.nanquantile(scores, UNEXPLAINED)
    if not faulty.any():
        return np.full(rows.shape[1], 1 / rows.shape[1])
    by_channel = scanned.values.shape[1] == rows.shape[1] > 1
    told = np.nansum(scanned.values[faulty], axis=0) if by_channel else _shifts(rows, faulty)
    return np.asarray(told / (told.sum() or 1.0))


def _shifts(rows: NDArray[Any], faulty: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Distance of the medians (c,) of faulty rows from those of all, in interquartile ranges."""
    frame = pd.DataFrame(rows)
    spread = (frame.quantile(0.75) - frame.quantile(0.25)).replace(0, np.nan)
    return ((frame[faulty].median() - frame.median()).abs() / spread).fillna(0.0).to_numpy()


def _rows_of(segments: pd.DataFrame, n: int) -> NDArray[np.bool_]:
    inside = np.zeros(n, bool)
    for start, end in segments[["start", "end"]].itertuples(index=False):
        inside[start:end] = True
    return inside
