"""Axes on which runs are laid: timesteps, elapsed time or % complete."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import reduce
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from tsad_plugin.forms import NO_RUN, did_you_mean
from tsad_plugin.runs import Runs

AXES = ("timestep", "elapsed", "percent")
SECONDS = {"s": 1.0, "min": 60.0, "h": 3600.0, "d": 86400.0}
# Seconds of the longest run up to which a unit is used; days are for all that is longer.
UP_TO = {"s": 180.0, "min": 3 * 3600.0, "h": 10 * 86400.0}

Floats = NDArray[np.float64]


class Extent(NamedTuple):
    """How far some runs reach: what must be known of all of them before they are laid on an axis.

    Attributes
    ----------
    n_timesteps : int
        Of the longest run.
    n_channels : int
        Of each run.
    elapsed : float
        Of the longest run: seconds where times are datetimes or durations, else in their own unit.
    is_clock : bool
        Whether times are datetimes or durations.
    time_unit : str
        Unit of times that are numbers.
    why_not : str or None
        Why there is no elapsed time; None where there is.
    """

    n_timesteps: int
    n_channels: int
    elapsed: float
    is_clock: bool
    time_unit: str
    why_not: str | None

    @classmethod
    def of(cls, runs: Runs) -> Self:
        """How far runs reach."""
        times, why_not = runs.times or [], _why_not_elapsed(runs)
        is_clock = any(t.dtype.kind in "mM" for t in times)
        ends = () if why_not else (_elapsed(t[[0, -1]], "s")[1] for t in times)
        longest = float(max(ends, default=0.0))
        _, n_timesteps, n_channels = runs.shape
        return cls(n_timesteps, n_channels, longest, is_clock, runs.time_unit or "", why_not)

    @classmethod
    def over(cls, blocks: Iterable[Runs]) -> Self:
        """How far runs reach that come block by block, all with times of one kind."""
        found = [cls.of(runs) for runs in blocks]
        if not found:
            raise ValueError(NO_RUN)
        return reduce(cls._joined, found)

    def _joined(self, other: Self) -> Self:
        return self._replace(
            n_timesteps=max(self.n_timesteps, other.n_timesteps),
            elapsed=max(self.elapsed, other.elapsed),
            why_not=self.why_not or other.why_not,
        )

    @property
    def axes(self) -> tuple[str, ...]:
        """Axes on which all of the runs can be drawn."""
        return AXES if self.why_not is None else ("timestep", "percent")

    def check(self, axis: str) -> None:
        """Raise a ValueError where the runs cannot be drawn on an axis."""
        if axis not in AXES:
            close = did_you_mean(str(axis), AXES)
            raise ValueError(f"axis must be one of {', '.join(AXES)}, got {axis!r}{close}")
        if axis == "elapsed" and self.why_not:
            raise ValueError(
                f"no elapsed time: {self.why_not}; take the axis 'timestep' or 'percent'"
            )

    def unit(self, axis: str, asked: str | None) -> str:
        """Unit of an axis: what is asked for, where there is a choice."""
        if axis != "elapsed":
            return ""
        if not self.is_clock:
            return self.time_unit
        if asked is None:
            return next((u for u, most in UP_TO.items() if self.elapsed <= most), "d")
        if asked not in SECONDS:
            raise ValueError(f"unit must be one of {', '.join(SECONDS)}, got {asked!r}")
        return asked

    def points(self, axis: str, unit: str, most_points: int) -> Floats:
        """Points of an axis up to where the longest run ends."""
        n_points = min(self.n_timesteps, most_points)
        if axis == "percent":
            return np.linspace(0, 100, n_points)
        if axis == "timestep":
            return np.linspace(0, max(self.n_timesteps - 1, 0), n_points).round()
        return np.linspace(0, self.elapsed / (SECONDS[unit] if self.is_clock else 1.0), n_points)


def axes_of(runs: Runs) -> tuple[str, ...]:
    """Axes on which these runs can be drawn.

    Parameters
    ----------
    runs : Runs
        The runs.

    Returns
    -------
    tuple of str
        `AXES`, without `"elapsed"` where a run has no times, or has some that do not go forward.
    """
    return Extent.of(runs).axes


def axis_values(
    runs: Runs, position: int, axis: str, unit: str | None = None
) -> tuple[Floats, str]:
    """Where the timesteps of a run stand on an axis.

    Parameters
    ----------
    runs : Runs
        The runs.
    position : int
        Which of them.
    axis : {"timestep", "elapsed", "percent"}
        The axis.
    unit : {"s", "min", "h", "d"}, optional
        Unit of elapsed time where times are datetimes, as `Population.unit` of other runs;
        default: what suits the longest of these. Numbers keep their own, `runs.time_unit`.

    Returns
    -------
    x : ndarray of shape (n_timesteps,)
        The timesteps on that axis.
    title : str
        What the axis is, with its unit.
    """
    extent = Extent.of(runs)
    extent.check(axis)
    unit = extent.unit(axis, unit)
    return placing(runs, axis, unit)(position), axis_title(axis, unit)


def axis_title(axis: str, unit: str = "") -> str:
    """What an axis is, with the unit of elapsed time: `elapsed time (h)`."""
    titles = {"timestep": "timestep", "percent": "% complete", "elapsed": "elapsed time"}
    return titles[axis] + (f" ({unit})" if unit else "")


def placing(runs: Runs, axis: str, unit: str) -> Callable[[int], Floats]:
    """What places the timesteps of each run on an axis."""
    lengths = runs.lengths
    if axis == "timestep":
        return lambda i: np.arange(lengths[i], dtype=np.float64)
    if axis == "percent":
        return lambda i: np.linspace(0, 100, lengths[i])
    times = runs.times or []
    return lambda i: _elapsed(times[i], unit)


def durations(runs: Runs, unit: str) -> Floats:
    """Elapsed time of each run, (n_runs,)."""
    return np.array([_elapsed(times[[0, -1]], unit)[1] for times in runs.times or ()])


def _elapsed(times: NDArray[Any], unit: str) -> Floats:
    since = times - times[0]
    if since.dtype.kind == "m":
        return since / np.timedelta64(1, "s") / SECONDS[unit]
    return since.astype(np.float64)


def _why_not_elapsed(runs: Runs) -> str | None:
    """What is wrong with the times, None where nothing is."""
    if runs.times is None:
        return "the runs have no times"
    for run, times in zip(runs.ids.tolist(), runs.times, strict=True):
        if (times.dtype.kind in "mM") != (runs.times[0].dtype.kind in "mM"):
            return f"run {run!r} has times of another kind than the first run"
        if not goes_forward(times):
            return f"the times of run {run!r} do not go forward"
    return None


def goes_forward(times: NDArray[Any]) -> bool:
    """Whether times are known at every timestep, each later than the one before."""
    return bool(np.isfinite(times).all() and (times[1:] > times[:-1]).all())
