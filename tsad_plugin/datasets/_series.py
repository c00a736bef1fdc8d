"""Long series: one file each, found in a folder, with a time and a known state in every row."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tsad_plugin.datasets._files import PathLike
from tsad_plugin.forms import shorten
from tsad_plugin.sources import Table


class Series(NamedTuple):
    """What one file holds."""

    times: NDArray[Any]  # (t,)
    values: NDArray[Any]  # (t, c)
    states: NDArray[Any] | None = None  # (t,), what is known of each row


def files_in(folder: PathLike, pattern: re.Pattern[str], like: str) -> list[Path]:
    """Files of a folder whose whole name fits the pattern, in the order of their numbers."""
    place = Path(folder)
    if not place.is_dir():
        raise ValueError(f"{os.fspath(folder)!r} is no folder: pass one that has files {like}")
    found = [path for path in place.iterdir() if pattern.fullmatch(path.name.lower())]
    if not found:
        raise ValueError(f"the folder {os.fspath(folder)!r} has no file {like}: pass another one")
    return in_order(found)


def in_order(paths: Iterable[Path]) -> list[Path]:
    """Paths by name, with numbers as numbers: machine_2 before machine_10."""
    return sorted(paths, key=lambda path: natural(path.name))


def natural(name: str) -> list[tuple[int, str]]:
    """Sort key of a name that ends in numbers or has them inside."""
    parts = re.findall(r"\d+|\D+", name)
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in parts]


def stem(path: Path) -> str:
    """`machine_0` of `machine_0.csv` and of `machine_0.csv.gz`."""
    return path.name.partition(".")[0]


def unique_ids(files: Sequence[Path], id_of: Callable[[Path], str]) -> list[str]:
    """Ids of the files; raises where two of them are of the same recording."""
    ids = [id_of(path) for path in files]
    for i, path in enumerate(files):
        if (first := ids.index(ids[i])) < i:
            raise ValueError(
                f"{os.fspath(files[first])!r} and {os.fspath(path)!r} are both {ids[i]!r}: keep "
                "one of them"
            )
    return ids


def take_series(
    table: Table, time: str, channels: Sequence[str], state: str | None = None
) -> Series:
    """Take times, channels and states of the rows of a table that has these columns."""
    times = table.times(time)
    check_forward(table, time, times)
    values = table.matrix(list(channels), np.arange(len(table.frame)))
    return Series(times, values, None if state is None else table.frame[state].to_numpy())


def check_forward(table: Table, name: str, times: NDArray[Any]) -> None:
    """Raise where a time is not after that of the row before."""
    back = np.flatnonzero(~(times[1:] > times[:-1])) + 1
    if len(back):
        raise ValueError(
            f"column {name!r} holds {times[back[0]]} ({table.place(back[0])}), which is not after "
            f"the row before (rows like it: {len(back)}): sort the rows, and keep one a time"
        )


def check_states(table: Table, name: str, known: Sequence[Any]) -> None:
    """Raise where a state is none of those that are known."""
    table.check_filled(name, "state")
    column = table.frame[name]
    unknown = np.flatnonzero(~column.isin(known))
    if len(unknown):
        found = column.iloc[unknown[:1]].tolist()[0]
        raise ValueError(
            f"column {name!r} holds {found!r} ({table.place(unknown[0])}), expected one of "
            f"{shorten(known, quote=False)}"
        )
