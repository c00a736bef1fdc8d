"""A detector of timesteps, made from one of runs or rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.utils.validation import check_is_fitted

from ..contract import OutlierDetector
from ..inputs import as_series, with_channels
from ..reconstruction import CodingDetector
from ..runs import Runs
from .blocks import blocks_of, windows_of
from .inner import check_inner, fit_inner, window_values
from .preparation import SeriesPreprocessor, cleaning_summary
from .scan import Scan, Scanned

# Rows that are scored at a time.
SLICE_ROWS = 20_000


class WindowedDetector(OutlierDetector):
    def __init__(
        self,
        detector: Any = "KNN",
        window_size: int = 32,
        stride: int = 1,
        *,
        contamination: Any = None,
        despike: Any = "auto",
        steps: Sequence[Any] = (),
        smoothing: int = 1,
        held_out: float = 0.2,
        max_windows: int = 10_000,
    ) -> None:
        self.detector = detector
        self.window_size = window_size
        self.stride = stride
        self.contamination = contamination
        self.despike = despike
        self.steps = steps
        self.smoothing = smoothing
        self.held_out = held_out
        self.max_windows = max_windows

    def _check_parameters(self) -> None:
        check_inner(self.detector, self.window_size)

    def _read_training(self, X: Any) -> Runs:
        return as_series(X)

    def _read(self, X: Any) -> Runs:
        check_is_fitted(self, "preprocessor_")
        return with_channels(as_series(X), self.channels_)

    def _fit_runs(self, runs: Runs) -> None:
        self.n_channels_, self.channels_, self.units_ = runs.n_channels, runs.channels, runs.units
        blocks = blocks_of(runs, self.window_size, self.held_out)
        kept = runs.with_arrays(
            [rows[: b.kept_until] for rows, b in zip(runs.arrays, blocks, strict=True)]
        )
        self.preprocessor_ = SeriesPreprocessor(self.window_size, self.despike, self.steps)
        self.preprocessor_.fit(kept)
        windows = windows_of(self.preprocessor_, runs, blocks, self.max_windows)
        self.detector_ = fit_inner(self.detector, self.preprocessor_, windows, runs)
        unseen = [rows[b.held_out_from :] for rows, b in zip(runs.arrays, blocks, strict=True)]
        self._calibrate([rows for rows in unseen if len(rows)])

    def _calibrate(self, unseen: list[NDArray[Any]]) -> None:
        self.failed_score_ = 0.0
        found = np.concatenate([self._scan(rows, False)[0][:, 0] for rows in unseen])
        self.calibration_scores_ = found[~np.isnan(found)]
        self.usual_score_ = float(np.median(self.calibration_scores_))
        largest = float(self.calibration_scores_.max())
        self.failed_score_ = largest + (largest - self.usual_score_)

    def _scan(
        self, rows: NDArray[Any], by_channel: bool
    ) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        """Values (n, v) and failed rows (n,) of a whole series."""
        scan = self._scanner()
        parts = []
        with window_values(self.detector_, by_channel) as values_of:
            for start, stop, before, after in _slices(len(rows), scan.margin):
                part = scan.rows(rows[before:after], before, values_of, by_channel)
                inside = slice(start - before, stop - before)
                parts.append((part.values[inside], part.failed[inside]))
        values, failed = zip(*parts, strict=True)
        return np.concatenate(values), np.concatenate(failed)

    def _scanner(self) -> Scan:
        return Scan(self.preprocessor_, self.stride, self.smoothing, self.failed_score_)

    def _scores(self, runs: Runs) -> NDArray[np.float64]:
        scores = np.concatenate([self._scan(rows, False)[0][:, 0] for rows in runs.arrays])
        return np.where(np.isnan(scores), self.usual_score_, scores)

    def timestep_scores(self, X: Any) -> list[NDArray[np.float64]]:
        return [self._scan(rows, False)[0][:, 0] for rows in self._read(X).arrays]

    def contributions(self, X: Any):
        return [self._scan(rows, True)[0] for rows in self._read(X).arrays]


def _slices(n_rows: int, margin: int | None) -> Iterator[tuple[int, int, int, int]]:
    """Rows to score, `start` to `stop`, and with those about them: `before` to `after`."""
    if margin is None:
        yield 0, n_rows, 0, n_rows
        return
    for start in range(0, n_rows, SLICE_ROWS):
        stop = min(start + SLICE_ROWS, n_rows)
        yield start, stop, max(start - margin, 0), min(stop + margin, n_rows)
