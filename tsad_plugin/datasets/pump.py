"""The pump of the public file `sensor.csv`: its reader, and a simulator of files like it."""

from __future__ import annotations

import gzip
import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, overload

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tsad_plugin.datasets import _pump
from tsad_plugin.datasets._checks import check_count
from tsad_plugin.datasets._files import PathLike, check_columns, naming, open_text, reading
from tsad_plugin.datasets._series import Series, check_forward, check_states
from tsad_plugin.forms import plural, shorten
from tsad_plugin.runs import Runs
from tsad_plugin.sources import Table

TIME, STATE = "timestamp", "machine_status"
STATES = (_pump.NORMAL, _pump.BROKEN, _pump.RECOVERING)
SENSORS = tuple(f"sensor_{i:02d}" for i in range(_pump.N_SENSORS))
SENSOR = re.compile(r"sensor_\d\d")
START = np.datetime64("2018-04-01T00:00", "s")
ROWS_AT_A_TIME = 20_000
# A failure needs room to develop, to happen and to recover from.
LEAST_PER_FAILURE = 100


@dataclass(frozen=True)
class _Part(Table):
    """Rows of a text file from one of them on."""

    first: int = 0

    def place(self, row: int) -> str:
        return super().place(self.first + row)


def read_pump(path: PathLike) -> Runs:
    r"""Read the pump sensor data: one pump over five months, minute by minute, with its failures.

    Parameters
    ----------
    path : path
        `sensor.csv`, also as `.csv.gz`: an index, `timestamp`, `sensor_00` to `sensor_51` and
        `machine_status`. Columns of sensors may be missing.

    Returns
    -------
    Runs
        One run, `pump`, of float32 values, with times as datetimes. Channels are the sensors, as
        the file names them, without units; `sensor_15`, which is empty, and any other sensor
        without a value are left out. Empty cells are gaps (NaN), some of them of weeks.
        `timestep_labels` are the column `machine_status`: `"NORMAL"`, `"BROKEN"` for the row in
        which the pump failed, `"RECOVERING"` until it ran again.

    Raises
    ------
    ValueError
        If the file cannot be read, a column is missing, a sensor holds text, a state is unknown or
        missing, or times do not go forward.

    Notes
    -----
    220,320 rows with seven failures. The file is read piece by piece, so that no more than its
    values and one piece are in memory.

    It is the "pump_sensor_data" of
    https://www.kaggle.com/datasets/nphantawee/pump-sensor-data. `make_pump` simulates one like it.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import mkdtemp
    >>> path = Path(mkdtemp()) / "sensor.csv"
    >>> rows = [f"{i},2018-04-01 00:0{i}:00,2.5,,{s}" for i, s in enumerate(["NORMAL", "BROKEN"])]
    >>> header = ",timestamp,sensor_00,sensor_15,machine_status"
    >>> _ = path.write_text("\n".join([header, *rows]))
    >>> runs = read_pump(path)
    >>> runs.channels, runs.timestep_labels[0].tolist()
    (('sensor_00',), ['NORMAL', 'BROKEN'])
    """
    names: list[str] = []
    parts: list[Series] = []
    for part in _parts(path):
        with naming(path):
            names = names or _sensors(part.frame.columns.tolist())
            parts.append(_read_part(part, names))
    with naming(path):
        times = np.concatenate([part.times for part in parts])
        if not len(times):
            raise ValueError("it has no rows: it needs at least one")
        check_forward(Table(pd.DataFrame(), Path(path)), TIME, times)
        empty = [np.isnan(part.values).all(axis=0) for part in parts]
        measured = np.flatnonzero(~np.all(empty, axis=0))
        return Runs(
            [np.concatenate([part.values[:, measured] for part in parts])],
            ids=["pump"],
            channels=[names[i] for i in measured],
            times=[times],
            timestep_labels=[np.concatenate([np.asarray(part.states) for part in parts])],
        )


def _parts(path: PathLike) -> Iterator[_Part]:
    with reading(path), open_text(path) as file:
        frames = pd.read_csv(
            file,
            index_col=False,  # else lines with a cell too many shift all columns by one
            chunksize=ROWS_AT_A_TIME,
            low_memory=False,
        )
        first = 0
        while (frame := _next(frames)) is not None:
            yield _Part(frame, Path(path), first=first)
            first += len(frame)


def _next(frames: Iterator[pd.DataFrame]) -> pd.DataFrame | None:
    with warnings.catch_warnings():
        warnings.simplefilter("error", pd.errors.ParserWarning)
        return next(frames, None)


def _sensors(columns: list[str]) -> list[str]:
    """Columns of sensors in the order of the file."""
    sensors = [name for name in columns if SENSOR.fullmatch(name)]
    check_columns([TIME, *(sensors or SENSORS), STATE], columns)
    return sensors


def _read_part(part: _Part, names: list[str]) -> Series:
    check_states(part, STATE, STATES)
    times = part.times(TIME)
    values = part.matrix(list(names), np.arange(len(part.frame))).astype(np.float32)
    return Series(times, values, part.frame[STATE].to_numpy(dtype=str))


@overload
def make_pump(
    n_timesteps: int = ...,
    n_failures: int = ...,
    *,
    random_state: int | np.random.Generator | None = ...,
    return_times: Literal[False] = ...,
) -> Runs: ...


@overload
def make_pump(
    n_timesteps: int = ...,
    n_failures: int = ...,
    *,
    random_state: int | np.random.Generator | None = ...,
    return_times: Literal[True],
) -> tuple[Runs, pd.DataFrame]: ...


def make_pump(
    n_timesteps: int = 220_320,
    n_failures: int = 7,
    *,
    random_state: int | np.random.Generator | None = 0,
    return_times: bool = False,
) -> Runs | tuple[Runs, pd.DataFrame]:
    """Simulate the pump sensor data: one long series with some failures, as `read_pump` gives it.

    Parameters
    ----------
    n_timesteps : int, default=220_320
        Timesteps of a minute; at least 100, and 100 for each failure.
    n_failures : int, default=7
        How often the pump breaks, once in each of as many equal parts of the series.
    random_state : int or numpy.random.Generator, optional, default=0
        Seed of all that is random.
    return_times : bool, default=False
        Whether to return the times of the failures as well.

    Returns
    -------
    runs : Runs
        One run, `pump`, of shape (n_timesteps, 51), float32: `sensor_00` to `sensor_51` but for
        `sensor_15`, which is empty in the file; without units. Times are datetimes from 2018-04-01
        on. `timestep_labels` are `"NORMAL"`, `"BROKEN"` (one timestep a failure) and
        `"RECOVERING"`.
    times : DataFrame
        Timestep, counted from 0, from which each failure develops (`fault_time`), in which the pump
        breaks (`failure_time`), and from which it runs normally again (`recovery_time`). Only with
        `return_times`.

    Raises
    ------
    ValueError
        If a number is no whole number or too small.

    Notes
    -----
    Sensors follow a load with a daily cycle and drift slowly, each on its own. A failure develops
    over 4 to 24 h, in which 14 sensors, others each time, leave their level more and more. Then
    the pump stands and most sensors read about 0, while some cool; after hours to days it is
    started again. In short series all this is shorter. `sensor_00`, `sensor_50` and `sensor_51`
    have long gaps, as in the file, and all have some.

    Examples
    --------
    >>> runs, times = make_pump(3000, n_failures=1, return_times=True)
    >>> runs.shape, (runs.timestep_labels[0] == "BROKEN").sum(), len(times)
    ((1, 3000, 51), np.int64(1), 1)
    """
    check_count(n_failures, "n_failures", least=0)
    check_count(n_timesteps, "n_timesteps", least=LEAST_PER_FAILURE * max(n_failures, 1))
    rng = np.random.default_rng(random_state)
    failures = _pump.failures(n_timesteps, n_failures, rng)
    runs = Runs(
        [_pump.sensors(n_timesteps, failures, rng)],
        ids=["pump"],
        channels=[name for i, name in enumerate(SENSORS) if i != _pump.EMPTY],
        times=[START + np.arange(n_timesteps) * np.timedelta64(1, "m")],
        timestep_labels=[_pump.states(n_timesteps, failures)],
    )
    columns = ["fault_time", "failure_time", "recovery_time"]
    times = pd.DataFrame(np.array(failures, dtype=np.int64).reshape(-1, 3), columns=columns)
    return (runs, times.astype("Int64")) if return_times else runs


def write_pump(runs: Runs, path: PathLike) -> None:
    """Write a pump's run as a file such as `read_pump` reads.

    Parameters
    ----------
    runs : Runs
        One run with times and `timestep_labels`, such as `make_pump` makes.
    path : path
        Name of the file, which is packed where it ends in `.gz`. A sensor of `sensor_00` to
        `sensor_51` that the run lacks becomes an empty column.

    Raises
    ------
    ValueError
        If there is not one run, it lacks times or `timestep_labels`, or a channel is none of the
        file's sensors.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import mkdtemp
    >>> path = Path(mkdtemp()) / "sensor.csv"
    >>> write_pump(make_pump(300, n_failures=1), path)
    >>> read_pump(path).shape
    (1, 300, 51)
    """
    from pyarrow import csv, table

    times, states = _check_pump(runs)
    columns: dict[str, Any] = {"": np.arange(len(times)), TIME: times.astype("datetime64[s]")}
    values = dict(zip(runs.channels, runs.arrays[0].T, strict=True))
    missing = np.full(len(times), np.nan, dtype=np.float32)
    columns |= {name: _nullable(values.get(name, missing)) for name in SENSORS}
    columns[STATE] = states
    is_packed = Path(path).name.lower().endswith(".gz")
    with gzip.open(path, "wb", compresslevel=4) if is_packed else open(path, "wb") as file:
        file.write((",".join(columns) + "\n").encode())
        options = csv.WriteOptions(include_header=False, quoting_style="none")
        csv.write_csv(table(columns), file, options)


def _check_pump(runs: Runs) -> tuple[NDArray[Any], NDArray[Any]]:
    """Times and states of the one run."""
    if len(runs) != 1:
        raise ValueError(f"the file has one pump, got {plural(len(runs), 'run')}: pass one")
    if runs.times is None or runs.timestep_labels is None:
        raise ValueError("the file has times and states: pass Runs(…, times=…, timestep_labels=…)")
    if unknown := [name for name in runs.channels if name not in SENSORS]:
        raise ValueError(
            f"the file has no column {unknown[0]!r}; its sensors: {shorten(SENSORS, quote=False)}"
        )
    return runs.times[0], runs.timestep_labels[0].astype(str)


def _nullable(values: NDArray[Any]) -> Any:
    """Values for pyarrow, which writes a cell that is missing as an empty one."""
    from pyarrow import array

    return array(np.ascontiguousarray(values), from_pandas=True)
