"""Arrays of any kind as columns of Parquet, and back as they were."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from .records import Damaged

KIND = b"numpy"  # what a column's metadata say of the array that it was
CURE = "restore its folder from a copy, or remove it and add what it held again"
# Compressed, but not in dictionaries: hardly two values of a timestep are equal. A checksum of each
# page tells what a disk has changed.
WRITING: dict[str, Any] = {
    "compression": "zstd",
    "use_dictionary": False,
    "write_page_checksum": True,
}
UNITS = ("s", "ms", "us", "ns")  # of clocks, as Arrow knows them


def write_columns(path: Path, columns: Mapping[str, NDArray[Any]]) -> None:
    """Write arrays (n,) by their names.

    Raises
    ------
    ValueError
        If a value is neither text nor a number nor a date.
    """
    pq.write_table(as_table(columns), path, **WRITING)


def read_columns(path: Path, *names: str) -> dict[str, NDArray[Any]]:
    """The arrays of these names, by default all; raises Damaged where the file is not whole."""
    with opened(path) as file:
        table = file.read()
        return as_arrays(table.select(list(names)) if names else table)


@contextmanager
def opened(path: Path) -> Iterator[pq.ParquetFile]:
    """A file to read and decode; raises Damaged, which says whether it is missing or not whole."""
    try:
        with pq.ParquetFile(path, page_checksum_verification=True) as file:
            yield file
    except FileNotFoundError:
        raise Damaged(f"{in_workspace(path)} is missing: {CURE}") from None
    except Exception as error:  # one bit can make anything of what says how to decode the others
        found = " ".join(f"{type(error).__name__}: {error}".split())
        found = found.replace(str(path.parent), "…")
        raise Damaged(f"{in_workspace(path)} is damaged ({found[:200]}): {CURE}") from error


def in_workspace(path: Path) -> str:
    """A file or folder of a workspace, by its place in it: browsers are told no more."""
    parts = path.parts[-3 if path.suffix else -2 :]
    return repr("/".join(parts))


def as_table(columns: Mapping[str, NDArray[Any]]) -> pa.Table:
    """Arrays as a table, whose fields say how to make the arrays again."""
    made = [_as_column(name, values) for name, values in columns.items()]
    fields = [field for field, _ in made]
    return pa.Table.from_arrays([array for _, array in made], schema=pa.schema(fields))


def as_arrays(table: pa.Table) -> dict[str, NDArray[Any]]:
    """The arrays of which a table was made."""
    return {field.name: _as_array(field, table[field.name]) for field in table.schema}


def _as_column(name: str, values: NDArray[Any]) -> tuple[pa.Field, pa.Array]:
    if values.dtype.kind in "biufmM":
        array, kind = pa.array(_native(values)), values.dtype.str
    else:
        array, kind = _of_objects(values, name)
    return pa.field(name, array.type, metadata={KIND: kind}), array


def _as_array(field: pa.Field, column: pa.ChunkedArray) -> NDArray[Any]:
    kind = field.metadata[KIND].decode()
    if kind not in ("object", "json") and kind[1] != "U":
        return column.to_numpy().astype(kind)
    values = column.to_pylist()
    values = [json.loads(value) for value in values] if kind == "json" else values
    return np.fromiter(values, object, len(values)).astype("O" if kind == "json" else kind)


def _native(values: NDArray[Any]) -> NDArray[Any]:
    """Numbers as this machine has them, clocks in a unit that Arrow knows."""
    kind, unit = values.dtype.kind, "s"
    if kind == "f" and values.dtype.itemsize > 8:
        return values.astype(np.float64)
    if kind not in "mM" or np.datetime_data(values.dtype)[0] in UNITS:
        return values.astype(values.dtype.newbyteorder("="), copy=False)
    return values.astype(f"{kind}8[{unit}]")


def _of_objects(values: NDArray[Any], name: str) -> tuple[pa.Array, str]:
    """Text, and objects: those of one kind as they are, others as JSON."""
    found = [v.item() if isinstance(v, np.generic) else v for v in values.tolist()]
    kind = values.dtype.str if values.dtype.kind == "U" else "object"
    kinds = {type(value) for value in found} - {type(None)}
    if len(kinds) == 1 and issubclass(kinds.pop(), str | bool | int | float | date | timedelta):
        try:
            return pa.array(found), kind
        except (pa.ArrowException, OverflowError):  # an integer that takes more than 64 bits
            pass
    return pa.array([_as_json(value, name) for value in found], pa.string()), "json"


def _as_json(value: Any, name: str) -> str:
    if value is not None and type(value) not in (str, bool, int, float):
        raise ValueError(
            f"{name} {value!r} is a {type(value).__name__}: the workspace keeps text, numbers and "
            "dates, turn it into one of these"
        )
    return json.dumps(value)
