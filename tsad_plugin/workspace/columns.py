"""Arrays of any kind as columns of Parquet, and back as they were."""

from __future__ import annotations

import json
from datetime import date, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

KIND = b"numpy"  # what a column's metadata say of the array that it was
UNITS = ("s", "ms", "us", "ns")  # of clocks, as Arrow knows them


def as_column(name: str, values: NDArray[Any], what: str) -> tuple[pa.Field, pa.Array]:
    """An array (n,) as a column; its field says how to make the array again.

    Raises
    ------
    ValueError
        If a value is neither text nor a number nor a date; `what` names it.
    """
    if values.dtype.kind in "biufmM":
        array, kind = pa.array(_native(values)), values.dtype.str
    else:
        array, kind = _of_objects(values, what)
    return pa.field(name, array.type, metadata={KIND: kind}), array


def as_array(field: pa.Field, column: pa.ChunkedArray) -> NDArray[Any]:
    """The array that `as_column` took."""
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


def _of_objects(values: NDArray[Any], what: str) -> tuple[pa.Array, str]:
    """Text, and objects: those of one kind as they are, others as JSON."""
    found = [v.item() if isinstance(v, np.generic) else v for v in values.tolist()]
    kind = values.dtype.str if values.dtype.kind == "U" else "object"
    kinds = {type(value) for value in found} - {type(None)}
    if len(kinds) == 1 and issubclass(kinds.pop(), str | bool | int | float | date | timedelta):
        try:
            return pa.array(found), kind
        except (pa.ArrowException, OverflowError):  # an integer that takes more than 64 bits
            pass
    return pa.array([_as_json(value, what) for value in found], pa.string()), "json"


def _as_json(value: Any, what: str) -> str:
    if value is not None and type(value) not in (str, bool, int, float):
        raise ValueError(
            f"{what} {value!r} is a {type(value).__name__}: the workspace keeps text, numbers and "
            "dates, turn it into one of these"
        )
    return json.dumps(value)
