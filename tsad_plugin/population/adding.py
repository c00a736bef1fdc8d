"""How good runs go: mean and standard deviation over timesteps, elapsed time or % complete."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tsad_plugin.runs import Runs

from .axes import Extent, Floats, placing

MOST_POINTS = 400
SAME = 1e-6  # of a timestep, or of a point: what lies closer is there
LARGEST = np.finfo(np.float32).max


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
    In the memory of a few runs (Welford's updates).
    """
    return population_of(lambda: [runs], axis, most_points, unit)


def population_of(
    blocks: Callable[[], Iterable[Runs]],
    axis: str,
    most_points: int = MOST_POINTS,
    unit: str | None = None,
) -> Population:
    """`population` of runs that come block by block, twice: in the memory of a block.

    All blocks have times of one kind, as those of one file have.
    """
    extent = Extent.over(blocks())
    tally = Tally(extent, axis, most_points, unit)
    for runs in blocks():
        tally.add(runs)
    return tally.population()


class Tally:
    """Adds up runs that come block by block, none of them beyond the extent.

    Parameters
    ----------
    extent : Extent
        How far all of them reach.
    axis, most_points, unit
        As of `population`.
    """

    def __init__(
        self,
        extent: Extent,
        axis: str,
        most_points: int = MOST_POINTS,
        unit: str | None = None,
    ) -> None:
        extent.check(axis)
        self.axis, self.unit = axis, extent.unit(axis, unit)
        if most_points < 2:
            raise ValueError(f"most_points must be at least 2, got {most_points}")
        self.x = extent.points(axis, self.unit, most_points)
        self._mean, self._squares = np.zeros((2, len(self.x), extent.n_channels))
        self._n = np.zeros(self._mean.shape, dtype=np.int64)

    def add(self, runs: Runs) -> None:
        """Take runs into account."""
        for values in _sampled_runs(runs, placing(runs, self.axis, self.unit), self.x):
            reached = slice(len(values))
            _add(values, self._mean[reached], self._squares[reached], self._n[reached])

    def population(self) -> Population:
        """What the runs up to now say."""
        few = self._n < 2
        mean = np.where(few, np.nan, self._mean)
        squares = np.where(few, np.nan, self._squares)
        std = np.sqrt(squares / np.maximum(self._n - 1, 1))
        return Population(self.x, mean, std, self._n, self.unit)


def courses(runs: Runs, n_points: int) -> NDArray[np.float32]:
    """Runs from 0 to 100 %: (n_runs, n_points, n_channels).

    Interpolated as a population is; NaN where nothing near a point was measured.
    """
    x = np.linspace(0, 100, n_points)
    found = np.empty((len(runs), n_points, runs.n_channels), dtype=np.float32)
    sampled = _sampled_runs(runs, placing(runs, "percent", ""), x)
    for course, values in zip(found, sampled, strict=True):
        course[:] = np.clip(values, -LARGEST, LARGEST)  # of a single timestep: the same throughout
    return found


def _add(values: Floats, mean: Floats, squares: Floats, n: NDArray[np.int64]) -> None:
    """Take one more run (k, c) into account, in place."""
    n += ~np.isnan(values)
    with np.errstate(over="ignore"):  # squares of the largest numbers
        delta = np.nan_to_num(values - mean, copy=False)
        step = delta / np.maximum(n, 1)
        mean += step
        squares += delta * (delta - step)


def _sampled_runs(runs: Runs, places: Callable[[int], Floats], x: Floats) -> Iterator[Floats]:
    """Each run at the points up to its end."""
    half = x[-1] / (len(x) - 1) / 2 if len(x) > 1 else 0.0
    for position, run in enumerate(runs.arrays):
        yield _sampled(run, places(position), x, half * (1 + SAME))


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
