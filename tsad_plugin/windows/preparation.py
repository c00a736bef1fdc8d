"""Long series made ready for windows: cleaned, gaps filled, scaled, and told where to look."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone

from tsad_plugin.preprocessing import Preprocessor, Scaler, check_step
from tsad_plugin.runs import Runs
from tsad_plugin.steps import Despike

from .activity import Activity
from .glitches import Glitches

# Timesteps over which a channel must move.
MOVES_WITHIN = 16


class Slice(NamedTuple):
    """Consecutive rows of a series, prepared.

    `inputs` (n, i) is what a network sees, `targets` (n, c) what its reconstruction is compared
    with (the same array unless a step changes the channels), `observed` (n, c) is False where
    nothing was measured. `dead` (n, c) are channels that no longer move, `failed` (n,) rows in
    which that holds for most of them, `live` (n,) rows that windows may take. From
    `settled_until` on, rows that are yet to come, or still open, may change what stands here.
    """

    inputs: NDArray[np.float32]
    targets: NDArray[np.float32]
    observed: NDArray[np.bool_]
    dead: NDArray[np.bool_]
    failed: NDArray[np.bool_]
    live: NDArray[np.bool_]
    settled_until: int


class SeriesPreprocessor(Preprocessor):
    """Steps, gaps and scaling of long series, of which windows are the runs of a detector.

    Everything is local: what is made of a row depends on rows within `reach_` alone, so that
    slices of a series with so many rows around them, a stream too, give what the whole gives.

    Parameters
    ----------
    window_size : int
        Timesteps of a window. Gaps up to as long are filled along a line, longer ones are gaps.
    despike : {"auto"}, Despike or None
        What finds glitches.
    steps : sequence of transformers
        Applied after it.
    """

    def __init__(self, window_size: int, despike: Any, steps: Sequence[Any]) -> None:
        first = [Glitches() if isinstance(despike, str) else clone(despike)] if despike else []
        copies = [*first, *(clone(step, safe=False) for step in steps)]
        super().__init__(window_size, copies, "channel")

    def fit(self, series: Runs) -> SeriesPreprocessor:
        """Learn from the training series."""
        self.n_timesteps_ = self.window_size = int(self.n_timesteps or 0)
        cleaned = series
        for step in self._keeping:
            cleaned = step.fit_transform(cleaned)
            check_step(step, cleaned, len(series))
        self.target_scaler_ = Scaler("channel").fit_channels(cleaned)
        self.activity_ = Activity(MOVES_WITHIN).fit(cleaned.arrays)
        n_inputs = series.n_channels
        if self._changes_channels:
            filled = cleaned.with_arrays([self.fill(rows)[0] for rows in cleaned.arrays])
            components = self.steps[-1].fit_transform(filled)
            self.input_scaler_ = Scaler("channel").fit_channels(components)
            n_inputs = components.n_channels
        self.input_shape_ = (self.window_size, n_inputs)
        self.channels_ = series.channels
        return self

    @property
    def _keeping(self) -> Sequence[Any]:
        return self.steps[:-1] if self._changes_channels else self.steps

    @property
    def reach_(self) -> int | None:
        """Rows on either side that what is made of a row depends on; None for all of them."""
        reaches = [getattr(step, "reach", None) for step in self.steps]
        known = [reach for reach in reaches if reach is not None]
        if len(known) < len(reaches):
            return None
        return sum(known) + self.activity_.window_size + self.window_size

    def slice(self, rows: NDArray[Any], n_open: int = 0) -> Slice:
        """Prepare consecutive rows (n, c), of which the last `n_open` may still change."""
        cleaned = self.clean(rows)
        filled, lasting = self.fill(cleaned)
        targets = self.target_scaler_.scale(filled[None])[0]
        inputs = targets
        if self._changes_channels:
            components = self.steps[-1].transform(_as_runs(filled, self.channels_))
            inputs = self.input_scaler_.scale(components.arrays[0][None])[0]
        dead = self.activity_.dead(cleaned)
        failed = self.activity_.failed(dead)
        return Slice(
            inputs,
            targets,
            ~np.isnan(cleaned),
            dead,
            failed,
            ~failed & ~lasting.all(axis=1),
            self._settled(np.isnan(cleaned), n_open),
        )

    def _settled(self, missing: NDArray[np.bool_], n_open: int) -> int:
        """From which row on those yet to come may change what is made of these (n, c)."""
        frontier = len(missing) - n_open - ((self.reach_ or 0) - self.window_size)
        if frontier <= 0:
            return 0
        known = missing[:frontier][::-1]
        gap = np.where(known.all(axis=0), frontier, known.argmin(axis=0))  # rows that it lasts
        return int(frontier - gap[gap <= self.window_size].max(initial=0))

    def clean(self, rows: NDArray[Any]) -> NDArray[np.float64]:
        """(n, c) -> (n, c): steps that keep the channels; NaN is a gap."""
        runs = _as_runs(rows, self.channels_)
        for step in self._keeping:
            runs = step.transform(runs)
        return runs.arrays[0]

    def fill(self, rows: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        """Fill gaps; also where they last longer than a window."""
        lasting, missing = np.zeros(rows.shape, dtype=bool), np.isnan(rows)
        if not missing.any():
            return rows, lasting
        filled = rows.copy()
        for channel in np.flatnonzero(missing.any(axis=0)):
            gap = missing[:, channel]
            before, after = _neighbours(gap)
            lasting[:, channel] = gap & (after - before > self.window_size + 1)
            short = gap & ~lasting[:, channel]
            there = np.flatnonzero(~gap)
            if short.any() and len(there):
                filled[short, channel] = np.interp(
                    np.flatnonzero(short), there, rows[there, channel]
                )
        # Where a channel is missing for long, its usual value stands in; it is left out of scores.
        return np.where(np.isnan(filled), self.target_scaler_.center_, filled), lasting


def _as_runs(rows: NDArray[Any], channels: tuple[str, ...]) -> Runs:
    """Rows as one run, unchecked: in a few rows of a series a channel may be missing."""
    return Runs([np.zeros((2, len(channels)))], channels=channels).with_arrays([rows])


def _neighbours(gap: NDArray[np.bool_]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Positions of the nearest observed rows before and after each row; -1 and n where none is."""
    n = len(gap)
    rows = np.arange(n)
    before = np.maximum.accumulate(np.where(gap, -1, rows))
    after = np.minimum.accumulate(np.where(gap, n, rows)[::-1])[::-1]
    return before, after


def check_despike(despike: Any) -> None:
    """Raise a ValueError unless `despike` says what finds glitches."""
    is_step = isinstance(despike, Despike)
    if not (despike is None or is_step or (isinstance(despike, str) and despike == "auto")):
        raise ValueError(f"despike must be 'auto', a Despike or None, got {despike!r}")
