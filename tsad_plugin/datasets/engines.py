"""Engines: NASA's simulated turbofans, run to failure, and the rows of EngineFaultDB."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tsad_plugin.datasets._files import (
    Array,
    Lines,
    PathLike,
    naming,
    number_rows,
    read_full_table,
    read_lines,
)
from tsad_plugin.forms import plural
from tsad_plugin.runs import Runs
from tsad_plugin.tables import read_runs

# The literature gives PCNfR_dmd in rpm, and it reads 100: its unit is not sure.
TURBOFAN: dict[Any, str] = {
    "setting_1": "",
    "setting_2": "",
    "setting_3": "",
    "T2": "°R",
    "T24": "°R",
    "T30": "°R",
    "T50": "°R",
    "P2": "psia",
    "P15": "psia",
    "P30": "psia",
    "Nf": "1/min",
    "Nc": "1/min",
    "epr": "",
    "Ps30": "psia",
    "phi": "pps/psi",
    "NRf": "1/min",
    "NRc": "1/min",
    "BPR": "",
    "farB": "",
    "htBleed": "",
    "Nf_dmd": "1/min",
    "PCNfR_dmd": "",
    "W31": "lbm/s",
    "W32": "lbm/s",
}
# MAP and TPS should be kPa and %, and read 0.4 to 4.5, as volts of a sensor would.
CAR_ENGINE: dict[Any, str] = {
    "MAP": "",
    "TPS": "",
    "Force": "N",
    "Power": "kW",
    "RPM": "1/min",
    "Consumption L/H": "L/h",
    "Consumption L/100KM": "L/100 km",
    "Speed": "km/h",
    "CO": "%",
    "HC": "ppm",
    "CO2": "%",
    "O2": "%",
    "Lambda": "",
    "AFR": "",
}
FAULTS = (0, 1, 2, 3)


def read_cmapss(path: PathLike, rul: PathLike | None = None) -> Runs:
    r"""Read a file of NASA's C-MAPSS turbofan engines, one run an engine.

    Parameters
    ----------
    path : path
        `train_FD001.txt` to `train_FD004.txt` or `test_FD001.txt` to `test_FD004.txt`, also with
        `.gz`: lines of 26 numbers, separated by blanks or tabs.
    rul : path, optional
        The file `RUL_FD00x.txt` that belongs to a test file: how many cycles each of its engines
        had left.

    Returns
    -------
    Runs
        The engines with their numbers as ids, 3 settings and 21 sensors as channels, the cycle as
        time. The label is the useful life that remained at the last cycle: 0 in a file whose name
        begins with `train`, whose engines ran to failure; the numbers of `rul` for a test file;
        no labels where neither is known.

    Raises
    ------
    ValueError
        If a file cannot be read, a line has not 26 fields or holds text, an engine or a cycle is
        no whole number, `rul` has not one line for each engine or is given for a training file, or
        for any reason given at `read_runs`.

    Notes
    -----
    Several channels never change in FD001 and FD003, where all engines fly under one condition.

    A. Saxena, K. Goebel, D. Simon and N. Eklund, Damage propagation modeling for aircraft engine
    run-to-failure simulation, International Conference on Prognostics and Health Management, 2008,
    names the sensors and their units. The files are the "Turbofan Engine Degradation Simulation
    Data Set" of NASA's Prognostics Center of Excellence,
    https://www.nasa.gov/intelligent-systems-division/discovery-and-systems-health/pcoe/pcoe-data-set-repository.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import mkdtemp
    >>> path = Path(mkdtemp()) / "train_FD001.txt"
    >>> rows = [f"1 {cycle} " + "0.5 " * 24 for cycle in (1, 2, 3)]
    >>> _ = path.write_text("\n".join(rows))
    >>> runs = read_cmapss(path)
    >>> runs.shape, runs.labels.tolist(), runs.channels[:4]
    ((1, 3, 24), [0], ('setting_1', 'setting_2', 'setting_3', 'T2'))
    """
    lines = read_lines(path)
    with naming(path):
        values = number_rows(lines, 26, None, "engine, cycle, 3 settings and 21 sensors")
        _check_whole(values[:, :2], lines, "an engine and a cycle")
    frame = pd.DataFrame(values, columns=["engine", "cycle", *TURBOFAN])
    frame = frame.astype({"engine": int, "cycle": int})
    life = _remaining_life(path, rul, frame["engine"].nunique())
    if life is not None:
        frame["life"] = life[pd.factorize(frame["engine"])[0]]
    with naming(path):
        return read_runs(
            frame,
            "engine",
            "cycle",
            channels=list(TURBOFAN),
            label=None if life is None else "life",
            units={**TURBOFAN, "cycle": "cycles"},
        )


def _check_whole(values: Array, lines: Lines, what: str) -> None:
    # Beyond 2**53 a float is no exact whole number.
    is_whole = (np.abs(values) < 2**53) & (np.nan_to_num(values, posinf=0, neginf=0) % 1 == 0)
    wrong = np.flatnonzero(~is_whole.all(axis=1))
    if len(wrong):
        raise ValueError(
            f"line {lines[wrong[0]][0]}: expected {what} as whole numbers, found "
            f"{', '.join(map(str, values[wrong[0]].tolist()))}"
        )


def _remaining_life(
    path: PathLike, rul: PathLike | None, n_engines: int
) -> NDArray[np.int64] | None:
    """Cycles that each engine had left, in the order of the engines."""
    ran_to_failure = Path(path).name.lower().startswith("train")
    if rul is None:
        return np.zeros(n_engines, dtype=np.int64) if ran_to_failure else None
    if ran_to_failure:
        raise ValueError(
            f"rul= is for a test file, and the engines of {os.fspath(path)!r} ran to failure: "
            "leave it out"
        )
    lines = read_lines(rul)
    with naming(rul):
        values = number_rows(lines, 1, None, "cycles that an engine had left")
        _check_whole(values, lines, "cycles")
        if len(values) != n_engines:
            raise ValueError(
                f"it has {plural(len(values), 'line')}, expected one for each engine of "
                f"{os.fspath(path)!r}, which has {n_engines}: pass the RUL file of the same set"
            )
    return values[:, 0].astype(np.int64)


def read_engine_faults(path: PathLike) -> Runs:
    r"""Read EngineFaultDB: single rows of a petrol engine's sensors, each with its fault.

    Parameters
    ----------
    path : path
        `EngineFaultDB_Final.csv`, also as `.csv.gz`.

    Returns
    -------
    Runs
        A run of one timestep for each row, in one array, with 14 channels: a fully connected
        detector takes them. Labels are the column `Fault`: 0 none, 1 rich mixture, 2 lean mixture,
        3 low ignition voltage. No units where they are not sure: MAP, TPS.

    Raises
    ------
    ValueError
        If the file cannot be read, a column is missing, a cell is empty or holds text, or a fault
        is none of 0 to 3.

    Notes
    -----
    55,999 rows, measured on a test bench; neighbouring rows are no recording over time.

    M. Vergara, L. Ramos, N. D. Rivera-Campoverde and F. Rivas-Echeverría, EngineFaultDB: a novel
    dataset for automotive engine fault classification and baseline results, IEEE Access 11, 2023.
    The file is at https://github.com/leoxthomas/EngineFaultDB.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import mkdtemp
    >>> from tsad_plugin.datasets.engines import CAR_ENGINE
    >>> path = Path(mkdtemp()) / "EngineFaultDB_Final.csv"
    >>> rows = [f"{fault}" + ",0.5" * 14 for fault in (0, 0, 3)]
    >>> _ = path.write_text("\n".join([",".join(["Fault", *CAR_ENGINE]), *rows]))
    >>> runs = read_engine_faults(path)
    >>> runs.shape, runs.labels.tolist()
    ((3, 1, 14), [0, 0, 3])
    """
    table = read_full_table(path, (*CAR_ENGINE, "Fault"))
    with naming(path):
        values = table.matrix([*CAR_ENGINE, "Fault"], np.arange(len(table.frame)))
        faults = values[:, -1]
        unknown = np.flatnonzero(~np.isin(faults, FAULTS))
        if len(unknown):
            raise ValueError(
                f"column 'Fault' holds {faults[unknown[0]]:g} ({table.place(unknown[0])}), "
                f"expected one of {', '.join(map(str, FAULTS))}"
            )
        return Runs(
            values[:, None, :-1],
            channels=tuple(CAR_ENGINE),
            units=tuple(CAR_ENGINE.values()),
            labels=faults.astype(np.int64),
        )
