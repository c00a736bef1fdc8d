"""Stretches of long series, as series of their own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tsad_plugin.runs import PerTimestep, Runs

LEAST_ROWS = 2  # of a run


class Stretch(NamedTuple):
    """Rows `start` to `stop` of the series at a position."""

    position: int
    start: int
    stop: int


def normal_stretches(flags: Sequence[NDArray[np.bool_]]) -> Iterator[Stretch]:
    """Where series are normal, for long enough to be series."""
    for position, abnormal in enumerate(flags):
        edges = np.flatnonzero(np.diff(np.concatenate([[True], abnormal, [True]])))
        for start, stop in edges.reshape(-1, 2).tolist():
            if stop - start >= LEAST_ROWS:
                yield Stretch(position, start, stop)


def cut(runs: Runs, stretches: Sequence[Stretch]) -> Runs:
    """Stretches of series as series; the id of one that is not whole says which rows it is."""
    places = np.array([s.position for s in stretches], dtype=np.intp)
    arrays = runs.arrays
    taken = runs[places].with_arrays([arrays[p][a:b] for p, a, b in stretches])
    lengths = runs.lengths[places].tolist()
    names = [
        str(i) if (a, b) == (0, n) else f"{i}[{a}:{b}]"
        for i, n, (_, a, b) in zip(taken.ids.tolist(), lengths, stretches, strict=True)
    ]
    taken.ids = np.array(names, dtype=str)
    taken.times = _cut(runs.times, stretches)
    taken.timestep_labels = _cut(runs.timestep_labels, stretches)
    return taken


def _cut(values: PerTimestep, stretches: Sequence[Stretch]) -> PerTimestep:
    return None if values is None else [values[p][a:b] for p, a, b in stretches]


def of_each(runs: Runs, values: NDArray[Any]) -> list[NDArray[Any]]:
    """Values of all timesteps, cut into those of each series."""
    return np.split(values, np.cumsum(runs.lengths)[:-1])
