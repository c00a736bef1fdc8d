"""The published table of 100 batches of IndPenSim, its header repaired."""

from __future__ import annotations

import csv
import re
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from tsad_plugin.datasets._files import naming, open_text, reading
from tsad_plugin.forms import duplicates, shorten
from tsad_plugin.runs import Runs
from tsad_plugin.sources import Table
from tsad_plugin.tables import read_runs

TIME = "Time (h)"
BATCHES = ("batch_id", "Batch_ref", "Batch ID")
FAULT_COLUMNS = ("Fault_ref", "Fault flag")
REFERENCES = ("Fault_ref", "Control_ref", "PAT_ref", "Batch_ref")
# The published header forgot to quote the commas in one name, which so became three.
CUT_NAME = ("1- No Raman spec", "1-Raman spec recorded", "2-PAT control(PAT_ref:PAT ref)")

SYMBOL = re.compile(r"\((\w+):(.*)\)\s*$")
IN_BRACKETS = re.compile(r"\((.+)\)\s*$")
PER = re.compile(r"(\w+) (\w+)\^\{-1\}")
UNITS = {
    "-": "",
    "pH": "",
    "RPM": "1/min",
    "hr^{-1}": "1/h",
    "L/hr": "L/h",
    "Kg": "kg",
    "kgs": "kg",
    "centPoise": "cP",
}


def unit_of(text: str) -> str:
    """`g/L` of `P(g L^{-1})`."""
    found = IN_BRACKETS.search(text)
    unit = (found[1] if found else text).strip()
    return UNITS.get(unit, PER.sub(r"\1/\2", unit))


def read_table(path: Path) -> Runs:
    """Runs of a table with the columns of the published one; a row is a timestep of a batch."""
    names, units = _read_names(path)
    with naming(path):
        batch = _check_names(names, units)
    frame = _read_columns(path, names, {*units, *FAULT_COLUMNS, TIME, batch}, batch)
    labelled = _add_labels(frame, batch)
    with naming(path):
        return read_runs(
            Table(frame, path),
            batch,
            TIME,
            channels=list(units),
            label="label" if labelled else None,
            units={**units, TIME: "h"},
        )


def _read_columns(path: Path, names: list[str], wanted: set[str], batch: str) -> pd.DataFrame:
    with reading(path), open_text(path) as file, warnings.catch_warnings():
        warnings.simplefilter("error", pd.errors.ParserWarning)
        # Text in a column of numbers is found later, and named with its line.
        warnings.simplefilter("ignore", pd.errors.DtypeWarning)
        return pd.read_csv(
            file,
            header=0,
            names=names,
            usecols=lambda name: name in wanted,
            index_col=False,
            dtype={batch: str},
            float_precision="round_trip",
        )


def _read_names(path: Path) -> tuple[list[str], dict[Any, str]]:
    """Names of all columns, symbols where they have one, and the units of the channels."""
    with reading(path), open_text(path) as file:
        header = [name.strip() for name in next(csv.reader(file), [])]
    if CUT_NAME[0] in header and CUT_NAME[2] in header:
        start, end = header.index(CUT_NAME[0]), header.index(CUT_NAME[2])
        # Rows may still have as many fields as the wrong header has names.
        header = [*header[:start], CUT_NAME[2], *header[end + 1 :], "surplus 1", "surplus 2"]
    found = {name: SYMBOL.search(name) for name in header}
    names = [match[1] if (match := found[name]) else name for name in header]
    units = {match[1]: unit_of(match[2]) for match in found.values() if match}
    return names, {symbol: unit for symbol, unit in units.items() if symbol not in REFERENCES}


def _check_names(names: list[str], units: dict[str, str]) -> str:
    """Raise unless these are the columns of a table of batches; name of the batch's column."""
    batch = next((name for name in BATCHES if name in names), None)
    if not units or TIME not in names or batch is None:
        raise ValueError(
            f"its columns are {shorten(names, quote=False) or 'none'}; expected {TIME!r}, channels "
            f"such as 'pH(pH:pH)' and the batch in one of {', '.join(BATCHES)}"
        )
    if twice := duplicates(names):
        raise ValueError(f"two columns {twice[0]!r}: column names must be unique")
    return batch


def _add_labels(frame: pd.DataFrame, batch: str) -> bool:
    """Add a column `label`, the same in all rows of a batch, where faults are noted."""
    noted = [name for name in FAULT_COLUMNS if name in frame.columns]
    faulty = (frame[noted].notna() & frame[noted].ne(0)).any(axis=1)
    frame["label"] = np.where(frame[batch].isin(frame[batch][faulty]), "fault", "good")
    return bool(noted)
