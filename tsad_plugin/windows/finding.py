"""Segments of series: what a detector of timesteps says of stretches."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from sys import float_info
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tsad_plugin.contract import OutlierDetector
from tsad_plugin.runs import Runs
from tsad_plugin.thresholds import Thresholder

from .inner import gives_contributions
from .preparation import SeriesPreprocessor
from .scan import Scanned
from .segments import Rules, Segment, find_segments
from .tables import SEGMENT_COLUMNS, segment_records


class SegmentFinder(OutlierDetector):
    """Base of a detector of timesteps: finds segments with what it scores and labels."""

    min_duration: int | None
    merge_gap: int | None
    release: float

    detector_: Any
    preprocessor_: SeriesPreprocessor
    smoothing_: int
    channels_: tuple[str, ...]
    usual_score_: float

    @abstractmethod
    def _scan(self, rows: NDArray[Any], by_channel: bool) -> Scanned:
        """Scores of a whole series (n, c), slice by slice."""

    def segments(self, X: Any) -> pd.DataFrame:
        """Stretches of series that are abnormal.

        A segment begins where scores exceed the threshold, lasts until they have fallen below the
        `release` level for more than `merge_gap` timesteps, and is dropped if it is shorter than
        `min_duration`. Timesteps whose scores are raised by windows alone that reach into it are
        cut off: it begins where they have risen to half of what they are soon after.

        Parameters
        ----------
        X : array-like, list of arrays or Runs
            One series or several, with the channels of the training series.

        Returns
        -------
        DataFrame
            A row a segment: `series` (its id), `start` and `end` (exclusive), `start_time` and
            `end_time` (of its last timestep; missing where X has no times), `n_timesteps`, `mode`
            ("faulty", or "failed" where most channels are dead), `peak_score`, `mean_score`, and
            `channels` (a tuple: those that make up four fifths of the score, the largest first;
            of a failure, those that are dead; none for PyOD's detectors).
        """
        records = [record for _, found in self._survey(self._read(X)) for record in found]
        return pd.DataFrame(records, columns=SEGMENT_COLUMNS)

    def _survey(self, runs: Runs) -> Iterator[tuple[Scanned, list[dict[str, Any]]]]:
        """Scores of each series, and the rows of the table that are about it."""
        names = runs.channels if runs.has_names else self.channels_
        for position, rows in enumerate(runs.arrays):
            scanned = self._scan(rows, by_channel=gives_contributions(self.detector_))
            found = self._find_segments(scanned)
            yield scanned, segment_records(runs, position, names, scanned, found)

    def _find_segments(self, scanned: Scanned) -> list[Segment]:
        scores = scanned.scores
        alarmed = ~np.isnan(scores)
        if alarmed.any():
            alarmed[alarmed] = self._label(scores[alarmed]).astype(bool)
        above = scores - self.usual_score_
        ours = isinstance(self.thresholder_, (float, Thresholder))
        threshold = self.threshold_ if ours else scores[alarmed].min(initial=float_info.max)
        holding = alarmed | (above > self.release * (threshold - self.usual_score_))
        return find_segments(above, alarmed, holding, scanned.failed, self._rules())

    def _first(self, mode: str, X: Any) -> list[int | None]:
        found = [
            self._find_segments(self._scan(rows, by_channel=False)) for rows in self._read(X).arrays
        ]
        return [next((s.start for s in segments if s.mode == mode), None) for segments in found]

    def _rules(self) -> Rules:
        size = self.preprocessor_.window_size
        shortest = min(16, size // 2) if self.min_duration is None else self.min_duration
        gap = size if self.merge_gap is None else self.merge_gap
        return Rules(shortest, gap, size + self.smoothing_)

    def fault_time(self, X: Any) -> list[int | None]:
        """Where the first fault of each series begins.

        Parameters
        ----------
        X : array-like, list of arrays or Runs
            One series or several, with the channels of the training series.

        Returns
        -------
        list of int or None
            The first timestep of the first faulty segment, None where there is none.
        """
        return self._first("faulty", X)

    def failure_time(self, X: Any) -> list[int | None]:
        """Where each series first fails: where most of its channels collapse or freeze.

        Parameters
        ----------
        X : array-like, list of arrays or Runs
            One series or several, with the channels of the training series.

        Returns
        -------
        list of int or None
            The first timestep of the first failed segment, None where there is none.
        """
        return self._first("failed", X)
