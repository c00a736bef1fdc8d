"""SKAB: experiments on a test rig, water pumped through a loop, with the abnormal rows known."""

from __future__ import annotations

import os
import re
from pathlib import Path

import numpy as np

from tsad_plugin.datasets._files import PathLike, naming, read_full_table
from tsad_plugin.datasets._series import (
    Series,
    check_states,
    files_in,
    stem,
    take_series,
    unique_ids,
)
from tsad_plugin.runs import Runs

SENSORS = {
    "Accelerometer1RMS": "g",
    "Accelerometer2RMS": "g",
    "Current": "A",
    "Pressure": "bar",
    "Temperature": "°C",
    "Thermocouple": "°C",
    "Voltage": "V",
    "Volume Flow RateRMS": "L/min",
}
FOLDERS = ("valve1", "valve2", "other")
NORMAL_FOLDER = "anomaly-free"
FILE = re.compile(r".+\.csv(\.gz)?")


def read_skab(folder: PathLike, anomaly_free: bool = False) -> Runs:
    r"""Read SKAB: a pump's test rig in 34 experiments, with the abnormal rows of each.

    Parameters
    ----------
    folder : path
        The folder `data` of the repository, or the one above it: files `.csv` or `.csv.gz` in
        `valve1`, `valve2` and `other`. Those of them that are there are read.
    anomaly_free : bool, default False
        Whether to read `anomaly-free` as well, a long recording without a fault.

    Returns
    -------
    Runs
        One run a file, in the order valve1, valve2, other, each by number; ids such as `valve1/0`.
        Eight channels: vibration of two places (g), current (A), pressure (bar), temperature of the
        engine and of the water (°C), voltage (V), flow (L/min). Times are datetimes, a second
        apart but for some gaps. `timestep_labels` is the column `anomaly`: 1 where the row is
        abnormal, else 0. With `anomaly_free` a last run `anomaly-free`, of zeros.

    Raises
    ------
    ValueError
        If the folder has none of these folders, a file cannot be read, misses a column or a cell,
        holds text or a label other than 0 and 1, or times do not go forward.

    Notes
    -----
    The column `changepoint`, where an experiment passes from one state to another, is not read.
    Abnormal rows stand at about the same place in most files: a rule that reads the clock alone
    does well on them, so compare with one.

    I. D. Katser and V. O. Kozitsin, Skoltech Anomaly Benchmark (SKAB), 2020,
    https://github.com/waico/SKAB, licence GPL-3.0.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import mkdtemp
    >>> from tsad_plugin.datasets.skab import SENSORS
    >>> folder = Path(mkdtemp())
    >>> (folder / "valve1").mkdir()
    >>> header = ";".join(["datetime", *SENSORS, "anomaly", "changepoint"])
    >>> rows = [f"2020-03-09 10:14:{s}{';0.5' * 8};{s % 2}.0;0.0" for s in (33, 34)]
    >>> _ = (folder / "valve1" / "0.csv").write_text("\n".join([header, *rows]))
    >>> runs = read_skab(folder)
    >>> runs.ids.tolist(), runs.timestep_labels[0].tolist()
    (['valve1/0'], [1, 0])
    """
    places = _folders(Path(folder), anomaly_free)
    like = "such as 0.csv or 0.csv.gz"
    files = [file for place in places for file in files_in(place, FILE, like)]
    ids = unique_ids(files, _run_id)
    read = [_read_experiment(file) for file in files]
    with naming(folder):
        return Runs(
            [series.values for series in read],
            ids=ids,
            channels=tuple(SENSORS),
            units=tuple(SENSORS.values()),
            times=[series.times for series in read],
            timestep_labels=[np.asarray(series.states) for series in read],
        )


def _folders(folder: Path, anomaly_free: bool) -> list[Path]:
    above = (folder / "data").is_dir() and not any((folder / name).is_dir() for name in FOLDERS)
    base = folder / "data" if above else folder
    wanted = [*FOLDERS, *([NORMAL_FOLDER] if anomaly_free else [])]
    found = [base / name for name in wanted if (base / name).is_dir()]
    if not any(place.name in FOLDERS for place in found):
        raise ValueError(
            f"{os.fspath(folder)!r} has none of the folders {', '.join(FOLDERS)}: pass the folder "
            "data of SKAB"
        )
    if anomaly_free and found[-1].name != NORMAL_FOLDER:
        raise ValueError(
            f"{os.fspath(folder)!r} has no folder {NORMAL_FOLDER}: leave out anomaly_free=True"
        )
    return found


def _run_id(file: Path) -> str:
    place = file.parent.name
    return place if stem(file) == place else f"{place}/{stem(file)}"


def _read_experiment(file: Path) -> Series:
    is_labelled = file.parent.name != NORMAL_FOLDER
    label = "anomaly" if is_labelled else None
    table = read_full_table(file, ("datetime", *SENSORS, *([label] if label else [])))
    with naming(file):
        if label is not None:
            check_states(table, label, (0, 1))
        times, values, states = take_series(table, "datetime", tuple(SENSORS), label)
    known = np.zeros(len(times)) if states is None else states
    return Series(times, values, known.astype(np.int64))
