"""The folder of a data set: values of its runs, and a table of a row a run."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from tsad_plugin.forms import duplicates
from tsad_plugin.runs import Runs

from .columns import read_columns, write_columns
from .ragged import Ragged, RaggedWriter, each_ragged, read_ragged, slices
from .records import DataSet

VALUES, RUNS = "values.parquet", "runs.parquet"
FILES = {VALUES, RUNS}


class Content(NamedTuple):
    """By what runs, and each of them, are known again: names and digests."""

    names: list[str]
    digests: list[str]
    digest: str

    @classmethod
    def of(cls, runs: Runs) -> Self:
        """Digest runs; raises a ValueError where two of them have one name."""
        names = names_of(runs)
        if twice := duplicates(names):
            raise ValueError(
                f"two runs are called {twice[0]!r} as text: a workspace knows runs by their names, "
                "so each must be unique"
            )
        digests = [_digest(array) for array in runs.arrays]
        return cls(names, digests, _digest_of_all(runs, digests))


def names_of(runs: Runs) -> list[str]:
    """Names of runs: their ids as text."""
    return [str(run) for run in runs.ids.tolist()]


def _digest(values: NDArray[Any]) -> str:
    """Digest of one run's values, whatever their type, the sign of a zero or the kind of a NaN."""
    numbers = np.ascontiguousarray(values, dtype="<f8") + 0.0
    numbers[np.isnan(numbers)] = np.nan
    return hashlib.sha256(repr(numbers.shape).encode() + numbers.tobytes()).hexdigest()


def _digest_of_all(runs: Runs, digests: list[str]) -> str:
    labels = None if runs.labels is None else repr(runs.labels.tolist())
    header = [repr(runs.ids.tolist()), runs.channels, runs.units, runs.time_unit, labels]
    digest = hashlib.sha256(json.dumps([header, _dtype(runs).str, digests]).encode())
    for times in runs.times or ():
        digest.update(times.dtype.str.encode() + times.tobytes())
    return digest.hexdigest()


def _dtype(runs: Runs) -> np.dtype[Any]:
    """The type that holds all values."""
    return np.result_type(*{array.dtype for array in runs.arrays})


def described(runs: Runs) -> dict[str, Any]:
    """What the record of a data set says of its runs."""
    return {
        "n_runs": len(runs),
        "n_timesteps_total": int(runs.lengths.sum()),
        "channels": runs.channels,
        "units": runs.units,
        "time_unit": runs.time_unit,
        "has_labels": runs.labels is not None,
        "has_times": runs.times is not None,
    }


def write_runs(folder: Path, runs: Runs) -> None:
    """Write runs into an empty folder; what records hold, such as names of channels, is left out.

    Raises
    ------
    ValueError
        If an id or a label is of a kind that cannot be kept, or runs have times of unlike kinds.
    """
    labels = {} if runs.labels is None else {"label": runs.labels}
    write_columns(folder / RUNS, {"id": runs.ids, "n_timesteps": runs.lengths, **labels})
    times, dtype = _alike(runs.times), _dtype(runs)
    with RaggedWriter(folder / VALUES, [f"c{c}" for c in range(runs.n_channels)]) as writer:
        for part in slices(runs.lengths, runs.n_channels):
            values = [array.astype(dtype, copy=False) for array in runs.arrays[part]]
            writer.add(Ragged(values, None if times is None else times[part]))


def _alike(times: list[NDArray[Any]] | None) -> list[NDArray[Any]] | None:
    """Times of all runs as one type."""
    if times is None:
        return None
    dtypes = {array.dtype for array in times}
    if len({dtype.kind in "mM" and dtype.kind for dtype in dtypes}) > 1:
        found = ", ".join(sorted(map(str, dtypes)))
        raise ValueError(f"runs have times of unlike kinds ({found}): give all of them one kind")
    dtype = np.result_type(*dtypes)
    return [array.astype(dtype, copy=False) for array in times]


def read_runs(folder: Path, data_set: DataSet, positions: NDArray[np.intp]) -> Runs:
    """Read these runs, in this order; raises Damaged where the folder is not whole."""
    columns = _columns(folder, data_set)
    return _runs(data_set, columns, positions, read_ragged(folder / VALUES, positions))


def each_runs(folder: Path, data_set: DataSet, positions: NDArray[np.intp]) -> Iterator[Runs]:
    """Read these runs, some at a time, in the order of the file.

    Raises Damaged where the folder is not whole.
    """
    columns = _columns(folder, data_set)
    for held, found in each_ragged(folder / VALUES, positions):
        yield _runs(data_set, columns, held, found)


def _columns(folder: Path, data_set: DataSet) -> dict[str, NDArray[Any]]:
    return read_columns(folder / RUNS, "id", *(["label"] if data_set.has_labels else []))


def _runs(
    data_set: DataSet, columns: dict[str, NDArray[Any]], positions: NDArray[Any], found: Ragged
) -> Runs:
    values, times = found
    alike = len({len(array) for array in values}) == 1
    return Runs(
        np.stack(values) if alike else values,
        ids=columns["id"][positions],
        channels=data_set.channels,
        units=data_set.units,
        times=times,
        time_unit=data_set.time_unit,
        labels=columns["label"][positions] if data_set.has_labels else None,
    )


def read_labels(folder: Path) -> list[Any]:
    """What is known of each run; raises Damaged where the folder is not whole."""
    return read_columns(folder / RUNS, "label")["label"].tolist()


def read_lengths(folder: Path) -> NDArray[np.int64]:
    """Timesteps of each run, shape (n_runs,)."""
    return read_columns(folder / RUNS, "n_timesteps")["n_timesteps"]
