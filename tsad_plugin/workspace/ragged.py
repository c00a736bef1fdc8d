"""Parquet files of runs of unequal length: a row a timestep, and a run is read without the rest."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple, Self

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import ArrayLike, NDArray

from .columns import WRITING, as_arrays, as_table, opened

ROWS = 20_000  # of a row group, which is read as a whole
VALUES = 2**21  # of a row group at most: of many channels it has fewer rows


class Ragged(NamedTuple):
    """Some runs: values of (t_i, k) each, and times of (t_i,) each where there are any."""

    values: list[NDArray[Any]]
    times: list[NDArray[Any]] | None


def slices(lengths: NDArray[np.int64], width: int) -> Iterator[slice]:
    """Slices of runs of these lengths: about as many as a row group holds, at least one run."""
    most = max(1, min(ROWS, VALUES // max(1, width)))
    groups = (np.cumsum(lengths) - 1) // most
    starts = np.flatnonzero(np.diff(groups, prepend=-1))
    return (slice(a, b) for a, b in pairwise([*starts.tolist(), len(lengths)]))


class RaggedWriter:
    """Writes runs slice by slice, each a row group; `columns` name the values of a timestep."""

    def __init__(self, path: Path, columns: Sequence[str]) -> None:
        self.path, self.columns, self.n_runs = path, columns, 0
        self._writer: pq.ParquetWriter | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        if self._writer is not None:
            self._writer.close()

    def add(self, runs: Ragged) -> None:
        """Write the next runs; those of one file have one type of values and one of times."""
        positions = np.arange(self.n_runs, self.n_runs + len(runs.values), dtype=np.int32)
        lengths = [len(values) for values in runs.values]
        columns = {"run": np.repeat(positions, lengths)}
        if runs.times is not None:
            columns["time"] = np.concatenate(runs.times)
        columns |= zip(self.columns, np.concatenate(runs.values).T, strict=True)
        self._write(as_table(columns))
        self.n_runs += len(lengths)

    def _write(self, table: pa.Table) -> None:
        if self._writer is None:
            self._writer = pq.ParquetWriter(self.path, table.schema, **WRITING)
        self._writer.write_table(table, row_group_size=max(1, table.num_rows))


def read_ragged(path: Path, positions: ArrayLike) -> Ragged:
    """Read these runs, in this order; raises Damaged where the file is not whole."""
    wanted = np.asarray(positions, dtype=np.int64)
    with opened(path) as file:
        groups = [group for group, _ in _groups(file.metadata, wanted)]
        return _runs_of(file.read_row_groups(groups), wanted)


def each_ragged(path: Path, positions: ArrayLike) -> Iterator[tuple[NDArray[np.int64], Ragged]]:
    """These runs in the order of the file, with their positions: those of a row group at a time.

    Raises Damaged where the file is not whole.
    """
    wanted = np.sort(np.asarray(positions, dtype=np.int64))
    with opened(path) as file:
        groups = list(_groups(file.metadata, wanted))
        if sum(len(held) for _, held in groups) < len(wanted):
            raise KeyError("a run")
        for group, held in groups:
            yield held, _runs_of(file.read_row_group(group), held)


def _groups(
    metadata: pq.FileMetaData, wanted: NDArray[np.int64]
) -> Iterator[tuple[int, NDArray[np.int64]]]:
    """Row groups that hold one of these runs, and which they hold; the first column is the run."""
    for group in range(metadata.num_row_groups):
        held = metadata.row_group(group).column(0).statistics
        inside = wanted[(held.min <= wanted) & (wanted <= held.max)]
        if len(inside):
            yield group, inside


def _runs_of(table: pa.Table, wanted: NDArray[np.int64]) -> Ragged:
    runs = table["run"].to_numpy()
    starts, ends = (np.searchsorted(runs, wanted, side).tolist() for side in ("left", "right"))
    if any(start == end for start, end in zip(starts, ends, strict=True)):
        raise KeyError("a run")
    return _cut(table, [slice(start, end) for start, end in zip(starts, ends, strict=True)])


def _cut(table: pa.Table, cuts: list[slice]) -> Ragged:
    arrays = as_arrays(table.drop_columns("run"))
    times = arrays.pop("time", None)
    values = np.column_stack(list(arrays.values()))
    return Ragged(
        [values[cut] for cut in cuts], None if times is None else [times[c] for c in cuts]
    )
