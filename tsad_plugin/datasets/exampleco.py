"""ExampleCo: simulated machines that work, develop a fault and fail, one file each."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from tsad_plugin.datasets._files import PathLike, check_columns, naming, read_full_table
from tsad_plugin.datasets._series import Series, files_in, in_order, stem, take_series, unique_ids
from tsad_plugin.runs import Runs
from tsad_plugin.sources import Table

SIGNALS = ("0", "1", "2", "3")
COLUMNS = ("machine", "faulty", "failed")
FILE = re.compile(r"machine_\d+\.csv(\.gz)?")


def read_exampleco(source: PathLike | Sequence[PathLike]) -> Runs:
    r"""Read machines of ExampleCo: one long series each, normal, then faulty, then failed.

    Parameters
    ----------
    source : path or sequence of paths
        A folder of files `machine_0.csv`, `machine_1.csv` … (also with `.gz`), one such file, or
        several.

    Returns
    -------
    Runs
        One run a file, by number; ids are the files' names without ending, `machine_0`. Four
        channels without units, `0` to `3`; times are datetimes. The files do not say in which
        state a machine was: see `read_exampleco_times`.

    Raises
    ------
    ValueError
        If there is no such file, one cannot be read, misses a column or a cell or holds text,
        times do not go forward, or two files are of one machine.

    Notes
    -----
    Simulated, for an exercise in data science: 20 machines of 3000 timesteps, about 8 h apart. A
    machine's signals are periodic, grow when it is faulty and fall to about 0 when it fails. Values
    beyond ±100 are errors of transmission, and no faults.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import mkdtemp
    >>> folder = Path(mkdtemp())
    >>> for machine in (10, 2):
    ...     rows = [",0,1,2,3", "2019-01-01 00:00:00,1,2,3,4", "2019-01-01 08:00:09,5,6,7,8"]
    ...     _ = (folder / f"machine_{machine}.csv").write_text("\n".join(rows))
    >>> read_exampleco(folder)
    Runs(2 runs of 2 timesteps; channels 0, 1, 2, 3; ids 'machine_2' … 'machine_10')
    """
    files = _files(source)
    ids = unique_ids(files, stem)
    read = [_read_machine(file) for file in files]
    with naming(files[0].parent):
        return Runs(
            [series.values for series in read],
            ids=ids,
            channels=SIGNALS,
            times=[series.times for series in read],
        )


def _files(source: PathLike | Sequence[PathLike]) -> list[Path]:
    if not isinstance(source, (str, os.PathLike)):
        if not source:
            raise ValueError("no file to read: pass at least one, or their folder")
        return in_order(Path(path) for path in source)
    path = Path(source)
    return files_in(path, FILE, "machine_0.csv or machine_0.csv.gz") if path.is_dir() else [path]


def _read_machine(file: Path) -> Series:
    table = read_full_table(file, SIGNALS)
    with naming(file):
        time = table.frame.columns[0]
        if time in SIGNALS:
            raise ValueError(f"its first column is {time!r}, expected the times of the rows")
        return take_series(table, time, SIGNALS)


def read_exampleco_times(path: PathLike) -> pd.DataFrame:
    r"""Read when machines became faulty and failed, as someone noted it.

    Parameters
    ----------
    path : path
        A table with the columns `machine` (a number, or a name such as `machine_0`), `faulty` and
        `failed`: rows of the machine's file, counted from 0, empty where it never was. `.csv`, also
        as `.csv.gz`.

    Returns
    -------
    DataFrame
        Columns `machine` (the id that `read_exampleco` gives it), `fault_time` and `failure_time`
        (`Int64`, missing where there is none), as `make_machines` returns them.

    Raises
    ------
    ValueError
        If the file cannot be read, a column or a machine is missing or stands twice, a cell is no
        whole number of at least 0, or a machine fails before it is faulty.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import mkdtemp
    >>> path = Path(mkdtemp()) / "reference.csv"
    >>> _ = path.write_text("machine,faulty,failed\n0,245,397\n3,,111\n")
    >>> read_exampleco_times(path)
         machine  fault_time  failure_time
    0  machine_0         245           397
    1  machine_3        <NA>           111
    """
    table = read_full_table(path, ("machine",), run="machine")
    with naming(path):
        check_columns(COLUMNS, table.frame.columns.tolist())
        faulty, failed = (_rows(table, name) for name in COLUMNS[1:])
        _check_order(table, faulty, failed)
        machines = [m if m.startswith("machine_") else f"machine_{m}" for m in _machines(table)]
    return pd.DataFrame({"machine": machines, "fault_time": faulty, "failure_time": failed})


def _machines(table: Table) -> list[str]:
    twice = np.flatnonzero(table.frame["machine"].duplicated())
    if len(twice):
        machine = table.frame["machine"].iloc[twice[0]]
        raise ValueError(f"machine {machine!r} has a second row ({table.place(twice[0])})")
    return table.frame["machine"].tolist()


def _rows(table: Table, name: str) -> Any:
    """Row numbers of a column, missing where a cell is empty."""
    values = table.matrix([name], np.arange(len(table.frame)))[:, 0]
    wrong = np.flatnonzero(~np.isnan(values) & ((values < 0) | (values % 1 != 0)))
    if len(wrong):
        raise ValueError(
            f"column {name!r} holds {values[wrong[0]]:g} ({table.place(wrong[0])}), expected a "
            "row's number, counted from 0, or nothing"
        )
    return pd.array(values, dtype="Int64")


def _check_order(table: Table, faulty: Any, failed: Any) -> None:
    wrong = np.flatnonzero((faulty > failed).to_numpy(dtype=bool, na_value=False))
    if len(wrong):
        row = wrong[0]
        raise ValueError(
            f"a machine is faulty from row {faulty[row]} on and failed before, in row "
            f"{failed[row]} ({table.place(row)})"
        )
