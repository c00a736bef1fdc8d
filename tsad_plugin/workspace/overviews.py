"""A data set as a whole, as pages draw it: derived from its runs once, and kept in its folder."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tsad_plugin.population import AXES, Extent, Population, Tally, courses, durations
from tsad_plugin.runs import Runs

from .columns import read_columns, write_columns
from .data_sets import each_runs
from .folders import filling
from .records import DataSet

PLACE = "overview-1"  # in the folder of a data set; another layout has another number
COURSES, RUNS = "courses.npy", "runs.parquet"
N_POINTS = 100
STATISTICS = ("mean", "std", "minimum", "maximum", "missing")

Columns = dict[str, NDArray[Any]]


@dataclass(frozen=True, eq=False)
class Overview:
    """What is drawn of all runs of a data set at once.

    Attributes
    ----------
    courses : ndarray of shape (n_runs, 100, n_channels)
        Each run at 100 points from 0 to 100 %, float32, mapped from the disk; NaN in gaps.
    statistics : dict of str to ndarray of shape (n_runs, n_channels)
        `mean`, `std` (`ddof=0`), `minimum` and `maximum` of what was measured in a run, and
        `missing`, the share of its timesteps that are gaps.
    lengths : ndarray of shape (n_runs,)
        Timesteps of each run.
    starts : ndarray of shape (n_runs,) or None
        First time of each run; None where there are no times.
    durations : ndarray of shape (n_runs,) or None
        Elapsed time of each run, in `duration_unit`; None where a run has no times that go forward.
    populations : dict of str to Population
        How all runs go, on each axis.
    """

    courses: NDArray[np.float32]
    statistics: dict[str, NDArray[np.float64]]
    lengths: NDArray[np.int64]
    starts: NDArray[Any] | None
    durations: NDArray[np.float64] | None
    populations: dict[str, Population]

    @property
    def axes(self) -> tuple[str, ...]:
        """Axes on which all runs can be drawn."""
        return tuple(self.populations)

    @property
    def duration_unit(self) -> str:
        """Unit of `durations`; empty where none is known."""
        return self.populations["elapsed"].unit if "elapsed" in self.populations else ""


def read_overview(folder: Path, data_set: DataSet) -> Overview:
    """The overview that is kept, else one that is made and, if that is possible, kept.

    Raises Damaged where it has to be made, and the folder of the data set is not whole.
    """
    place = folder / PLACE
    if kept := _kept(place, data_set):
        return kept
    made = _made(folder, data_set)
    with suppress(OSError), filling(place) as part:  # no room, or another was quicker
        _write(part, made)
    return _kept(place, data_set) or made


def _kept(place: Path, data_set: DataSet) -> Overview | None:
    """What is kept; where it is not whole it is removed, since it can be made again."""
    if not place.exists():
        return None
    try:
        return _read(place, data_set)
    except Exception:  # whatever a damaged file makes of its decoder
        shutil.rmtree(place, ignore_errors=True)
        return None


def _made(folder: Path, data_set: DataSet) -> Overview:
    every = np.arange(data_set.n_runs)
    with np.errstate(over="ignore", invalid="ignore"):  # squares of the largest numbers
        return _summary(partial(each_runs, folder, data_set, every))


def _summary(blocks: Callable[[], Iterable[Runs]]) -> Overview:
    """Of runs that come block by block, twice."""
    extent = Extent.over(blocks())
    tallies = {axis: Tally(extent, axis) for axis in extent.axes}
    parts = [_of_block(runs, tallies) for runs in blocks()]
    columns = {name: np.concatenate([part.pop(name) for part in parts]) for name in [*parts[0]]}
    populations = {axis: tally.population() for axis, tally in tallies.items()}
    return _overview(columns.pop("courses"), columns, populations)


def _overview(
    courses: NDArray[np.float32], columns: Columns, populations: dict[str, Population]
) -> Overview:
    return Overview(
        courses,
        {name: columns[name] for name in STATISTICS},
        columns["lengths"],
        columns.get("starts"),
        columns.get("durations"),
        populations,
    )


def _of_block(runs: Runs, tallies: dict[str, Tally]) -> Columns:
    """A row a run; the tallies take the runs into account."""
    for tally in tallies.values():
        tally.add(runs)
    found: Columns = {
        "courses": courses(runs, N_POINTS),
        "lengths": runs.lengths,
        **_statistics(runs),
    }
    if runs.times is not None:
        found["starts"] = np.concatenate([times[:1] for times in runs.times])
    if "elapsed" in tallies:
        found["durations"] = durations(runs, tallies["elapsed"].unit)
    return found


def _statistics(runs: Runs) -> Columns:
    """Of each run and channel, gaps left out; (n_runs, n_channels)."""
    lengths = runs.lengths
    starts = np.cumsum(lengths) - lengths
    values = np.concatenate(runs.arrays).astype(np.float64)
    measured = ~np.isnan(values)
    n = np.add.reduceat(measured, starts, dtype=np.int64)
    mean = np.add.reduceat(np.where(measured, values, 0.0), starts) / n
    deviations = np.where(measured, values - np.repeat(mean, lengths, axis=0), 0.0)
    return {
        "mean": mean,
        "std": np.sqrt(np.add.reduceat(np.square(deviations), starts) / n),
        "minimum": np.fmin.reduceat(values, starts),
        "maximum": np.fmax.reduceat(values, starts),
        "missing": 1 - n / lengths[:, None],
    }


def _write(folder: Path, made: Overview) -> None:
    np.save(folder / COURSES, made.courses, allow_pickle=False)
    columns: Columns = {"lengths": made.lengths} | _apart(made.statistics)
    if made.starts is not None:
        unknown = np.full(len(made.lengths), np.nan)
        durations = unknown if made.durations is None else made.durations
        columns |= {"starts": made.starts, "durations": durations}
    write_columns(folder / RUNS, columns)
    for axis, (x, mean, std, n, unit) in made.populations.items():
        points = {"x": x, "unit": np.full(len(x), unit, dtype=object)}
        write_columns(_of_axis(folder, axis), points | _apart({"mean": mean, "std": std, "n": n}))


def _read(folder: Path, data_set: DataSet) -> Overview:
    """Raises an error of any kind where a file is missing or not whole."""
    shape = (data_set.n_runs, N_POINTS, len(data_set.channels))
    courses = np.load(folder / COURSES, mmap_mode="r", allow_pickle=False)
    clock = ("starts", "durations") if data_set.has_times else ()
    columns = _together(folder / RUNS, ("lengths", *clock), STATISTICS, shape[2])
    if (courses.shape, courses.dtype, len(columns["lengths"])) != (shape, np.float32, shape[0]):
        raise ValueError(f"courses of shape {courses.shape} for runs of {shape}")
    if not data_set.has_times or np.isnan(columns["durations"]).any():
        columns.pop("durations", None)
    axes = [axis for axis in AXES if axis != "elapsed" or "durations" in columns]
    populations = {axis: _population(_of_axis(folder, axis), shape[2]) for axis in axes}
    return _overview(courses, columns, populations)


def _population(path: Path, n_channels: int) -> Population:
    points = _together(path, ("x", "unit"), ("mean", "std", "n"), n_channels)
    return Population(**points | {"unit": points["unit"][0]})


def _of_axis(folder: Path, axis: str) -> Path:
    return folder / f"population-{axis}.parquet"


def _apart(matrices: Columns) -> Columns:
    """Matrices (n, n_channels) as columns: `mean_0`, `mean_1` and so on."""
    return {
        f"{name}_{c}": column
        for name, matrix in matrices.items()
        for c, column in enumerate(matrix.T)
    }


def _together(
    path: Path, names: Iterable[str], matrices: Iterable[str], n_channels: int
) -> Columns:
    """Columns of these names, and those that were taken apart as matrices again."""
    apart = {name: [f"{name}_{c}" for c in range(n_channels)] for name in matrices}
    columns = read_columns(path, *names, *chain(*apart.values()))
    together = {name: np.column_stack([columns.pop(n) for n in apart[name]]) for name in apart}
    return columns | together
