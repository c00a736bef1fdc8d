"""Where rows stand in their series: positions, given or from times."""

from __future__ import annotations

import numbers
from datetime import timedelta
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tsad_plugin.forms import as_times, plural

# A time may lie so far from the grid, in steps.
OFF_GRID = 0.25
# Beyond it floats skip integers.
MOST = 2**53

Positions = NDArray[np.int64]


class Clock(NamedTuple):
    """From times to positions and back.

    Attributes
    ----------
    step : float or int
        Time from row to row: a number, or nanoseconds.
    by_clock : bool
        Whether times are datetimes, or differences of them.
    origin : float or int, optional
        Time of the first row, as the step; None before there is one.
    kind : str
        What times are: "datetime64[ns]", "timedelta64[ns]" or "float64".
    """

    step: float
    by_clock: bool
    origin: float | None = None
    kind: str = "float64"

    @classmethod
    def of(cls, step: Any) -> Clock:
        """Check a step and make a clock of it."""
        by_clock = isinstance(step, (timedelta, np.timedelta64))
        number = isinstance(step, numbers.Real) and not isinstance(step, bool)
        if not (by_clock or number):
            raise ValueError(f"step must be a number or a timedelta, got {step!r}")
        value = pd.Timedelta(step).value if by_clock else float(step)
        if not 0 < value < np.inf:
            raise ValueError(f"step must be positive, got {step!r}")
        return cls(value, by_clock)

    def started(self, times: NDArray[Any]) -> Clock:
        """The clock with the earliest of these times as its origin."""
        return self._replace(origin=self._numbers(times).min().item(), kind=_kind(times))

    def positions(self, times: NDArray[Any]) -> Positions:
        """Rows at these times, (n,)."""
        exact = (self._numbers(times) - self.origin) / self.step
        _check(exact)
        places = np.rint(exact)
        off = np.abs(exact - places)
        if (off > OFF_GRID).any():
            row = int(np.argmax(off > OFF_GRID))
            raise ValueError(
                f"the time of row {row} of the chunk, {times[row]}, is {off[row]:.2f} steps off "
                f"the grid that began at {self.times([0])[0]}: a time may lie {OFF_GRID} steps "
                "off; pass the right step to StreamScorer, or positions instead of times"
            )
        return places.astype(np.int64)

    def times(self, positions: Any) -> NDArray[Any]:
        """Times of rows, (n,)."""
        origin = 0 if self.origin is None else self.origin
        return np.asarray(origin + np.asarray(positions) * self.step).astype(self.kind)

    def _numbers(self, times: NDArray[Any]) -> NDArray[Any]:
        if self.by_clock != (times.dtype.kind in "mM"):
            wanted = "numbers: pass a number" if self.by_clock else "datetimes: pass a timedelta"
            raise ValueError(f"times are {wanted} as step of StreamScorer")
        missing = np.flatnonzero(np.isnat(times) if self.by_clock else ~np.isfinite(times))
        if len(missing):
            raise ValueError(f"row {missing[0]} of the chunk has no time: leave it out")
        if not self.by_clock:
            return times.astype(np.float64)
        return times.astype(_kind(times)).astype(np.int64)


def _kind(times: NDArray[Any]) -> str:
    return {"M": "datetime64[ns]", "m": "timedelta64[ns]"}.get(times.dtype.kind, "float64")


def read_times(times: Any, n_rows: int) -> NDArray[Any]:
    """Times of the rows of a chunk, one for each: (n,)."""
    return as_times(np.atleast_1d(np.asarray(times)), n_rows, "the chunk")


def read_positions(positions: Any, n_rows: int) -> Positions:
    """Positions of the rows of a chunk, one for each: (n,)."""
    found = np.atleast_1d(np.asarray(positions))
    if found.shape != (n_rows,):
        raise ValueError(
            f"the chunk has positions of shape {found.shape} for {plural(n_rows, 'row')}: pass one "
            "a row"
        )
    if n_rows and found.dtype.kind not in "iu":
        raise ValueError(f"positions must be integers, got {found.dtype}")
    _check(found)
    return found.astype(np.int64)


def _check(positions: NDArray[Any]) -> None:
    far = np.flatnonzero((positions > MOST) | (positions < -MOST))
    if len(far):
        raise ValueError(
            f"row {far[0]} of the chunk lies at position {positions[far[0]]:.0f}: positions must "
            "be below 2**53, check them, or the step"
        )
