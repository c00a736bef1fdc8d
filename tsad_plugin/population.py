"""How good runs go: mean and standard deviation over timesteps, elapsed time or % complete."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .forms import did_you_mean
from .runs import Runs

AXES = ("timestep", "elapsed", "percent")
MOST_POINTS = 400
SAME = 1e-6  # of a timestep, or of a point: what lies closer is there
SECONDS = {"s": 1.0, "min": 60.0, "h": 3600.0, "d": 86400.0}
# Seconds of the longest run up to which a unit is used; days are for all that is longer.
UP_TO = {"s": 180.0, "min": 3 * 3600.0, "h": 10 * 86400.0}

Floats = NDArray[np.float64]


class Population(NamedTuple):
    """How good runs go, at points of one axis.

    Attributes
    ----------
    x : ndarray of shape (n_points,)
        The points: timesteps, time since the first timestep, or % of the run.
    mean, std : ndarray of shape (n_points, n_channels)
        Over the runs that have a value there (`ddof=1`); NaN where fewer than two have.
    n : ndarray of shape (n_points, n_channels)
        How many runs have a value there.
    unit : str
        Unit of `x` where it is elapsed time.
    """

    x: Floats
    mean: Floats
    std: Floats
    n: NDArray[np.int64]
    unit: str = ""


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
    return AXES if _why_not_elapsed(runs) is None else ("timestep", "percent")


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
    unit = _unit(runs, _checked(runs, axis), unit)
    return _placing(runs, axis, unit)(position), _title(axis, unit)


def population(
    runs: Runs, axis: str = "timestep", most_points: int = MOST_POINTS, unit: str | None = None
) -> Population:
    """Mean, standard deviation and number of runs at points of an axis.

    Parameters
    ----------
    runs : Runs
        The good runs.
    axis : {"timestep", "elapsed", "percent"}
        Timesteps by number, time since a run's first timestep, or each run from 0 to 100 %.
    most_points : int, default=400
        Number of points where the longest run has more timesteps, at least 2.
    unit : {"s", "min", "h", "d"}, optional
        As in `axis_values`.

    Returns
    -------
    Population
        A run contributes up to its own end, by linear interpolation between two measured
        timesteps. In a gap it contributes nothing, but to the points that are nearest to a
        measured timestep: no sample falls between two points.

    Notes
    -----
    One pass over the runs, in the memory of a few (Welford's updates).
    """
    unit = _unit(runs, _checked(runs, axis), unit)
    if most_points < 2:
        raise ValueError(f"most_points must be at least 2, got {most_points}")
    placing = _placing(runs, axis, unit)
    x = _points(runs, axis, placing, most_points)
    mean, squares = np.zeros((2, len(x), runs.n_channels))
    n = np.zeros(mean.shape, dtype=np.int64)
    for values in _sampled_runs(runs, placing, x):
        reached = slice(len(values))
        _add(values, mean[reached], squares[reached], n[reached])
    few = n < 2
    mean[few] = squares[few] = np.nan
    return Population(x, mean, np.sqrt(squares / np.maximum(n - 1, 1)), n, unit)


def _add(values: Floats, mean: Floats, squares: Floats, n: NDArray[np.int64]) -> None:
    """Take one more run (k, c) into account, in place."""
    n += ~np.isnan(values)
    delta = np.nan_to_num(values - mean, copy=False)
    step = delta / np.maximum(n, 1)
    mean += step
    squares += delta * (delta - step)


def _points(runs: Runs, axis: str, placing: Callable[[int], Floats], most_points: int) -> Floats:
    longest = int(runs.lengths.max(initial=0))
    n_points = min(longest, most_points)
    if axis == "percent":
        return np.linspace(0, 100, n_points)
    if axis == "timestep":
        return np.linspace(0, max(longest - 1, 0), n_points).round()
    return np.linspace(0, max((placing(i)[-1] for i in range(len(runs))), default=0.0), n_points)


def _sampled_runs(runs: Runs, placing: Callable[[int], Floats], x: Floats) -> Iterator[Floats]:
    half = x[-1] / (len(x) - 1) / 2 if len(x) > 1 else 0.0
    for position, run in enumerate(runs.arrays):
        yield _sampled(run, placing(position), x, half * (1 + SAME))


def _sampled(run: NDArray[Any], places: Floats, x: Floats, half: float) -> Floats:
    """A run (t, c) at the points up to its end: (k, c)."""
    points = x[: np.searchsorted(x, places[-1] + half * SAME, side="right")]
    timesteps = np.interp(points, places, np.arange(len(places)))
    nearest = timesteps.round()
    timesteps = np.where(np.abs(timesteps - nearest) < SAME, nearest, timesteps)
    low, high = np.floor(timesteps).astype(int), np.ceil(timesteps).astype(int)
    weight = (timesteps - low)[:, None]
    values = run[low] + weight * (run[high] - run[low])
    missing = np.isnan(values)
    for c in np.flatnonzero(missing.any(axis=0)):
        values[missing[:, c], c] = _nearby(run[:, c], places, points[missing[:, c]], half)
    return values


def _nearby(channel: NDArray[Any], places: Floats, points: Floats, half: float) -> NDArray[Any]:
    """The nearest measured value of each point, NaN where none is so near."""
    measured = ~np.isnan(channel)
    if not measured.any():
        return np.full(len(points), np.nan)
    places, values = places[measured], channel[measured]
    right = np.searchsorted(places, points).clip(max=len(places) - 1)
    left = (right - 1).clip(0)
    is_left = np.abs(points - places[left]) <= np.abs(places[right] - points)
    nearest = np.where(is_left, left, right)
    return np.where(np.abs(places[nearest] - points) <= half, values[nearest], np.nan)


def _placing(runs: Runs, axis: str, unit: str) -> Callable[[int], Floats]:
    """What places the timesteps of each run on an axis."""
    lengths = runs.lengths
    if axis == "timestep":
        return lambda i: np.arange(lengths[i], dtype=np.float64)
    if axis == "percent":
        return lambda i: np.linspace(0, 100, lengths[i])
    times = runs.times or []
    return lambda i: _elapsed(times[i], unit)


def _elapsed(times: NDArray[Any], unit: str) -> Floats:
    since = times - times[0]
    if since.dtype.kind == "m":
        return since / np.timedelta64(1, "s") / SECONDS[unit]
    return since.astype(np.float64)


def _unit(runs: Runs, axis: str, unit: str | None) -> str:
    if axis != "elapsed":
        return ""
    times = runs.times or []
    if not any(t.dtype.kind in "mM" for t in times):
        return runs.time_unit or ""
    if unit is None:
        longest = max(float(_elapsed(t[[0, -1]], "s")[1]) for t in times)
        return next((u for u, most in UP_TO.items() if longest <= most), "d")
    if unit not in SECONDS:
        raise ValueError(f"unit must be one of {', '.join(SECONDS)}, got {unit!r}")
    return unit


def _title(axis: str, unit: str) -> str:
    titles = {"timestep": "timestep", "percent": "% complete", "elapsed": "elapsed time"}
    return titles[axis] + (f" ({unit})" if unit else "")


def _checked(runs: Runs, axis: str) -> str:
    if axis not in AXES:
        close = did_you_mean(str(axis), AXES)
        raise ValueError(f"axis must be one of {', '.join(AXES)}, got {axis!r}{close}")
    if axis == "elapsed" and (why := _why_not_elapsed(runs)):
        raise ValueError(f"no elapsed time: {why}; take the axis 'timestep' or 'percent'")
    return axis


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
