"""IndPenSim: simulated industrial penicillin fermentations, as tables of many batches or of one."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tsad_plugin.datasets._files import (
    Array,
    Lines,
    PathLike,
    is_number,
    naming,
    number_rows,
    open_text,
    read_lines,
    reading,
)
from tsad_plugin.datasets._indpensim_table import read_table, unit_of
from tsad_plugin.forms import plural, shorten
from tsad_plugin.runs import Runs

MANIPULATED = (
    *("Fg", "RPM", "Fpaa", "Fs", "Fa", "Fb", "Fc", "Foil", "Fh", "Fw"),
    *("pressure", "Fremoved"),
)
FAULTS = (
    "good",
    "aeration",
    "back_pressure",
    "substrate_feed",
    "base_flow",
    "coolant",
    "all",
    "temperature_sensor",
    "ph_sensor",
)
"""Label of each fault number of the simulator."""

SEED = re.compile(r"seed(\d+)(?:_b(\d+))?_states\.")


def read_indpensim(path: PathLike, manipulated: bool = True) -> Runs:
    r"""Read batches of IndPenSim, an industrial penicillin fermentation simulator.

    Parameters
    ----------
    path : path
        The published table of 100 batches, `100_Batches_IndPenSim_V3.csv`, or a part of it with a
        column `batch_id`; or a folder of files `*_states.csv` of the MATLAB simulator, two header
        lines each (names, units), with the simulator's `meta.json` if there is one; or one such
        file. All `.csv` also as `.csv.gz`.
    manipulated : bool, default True
        Whether to keep the twelve variables that operators and controllers set: Fg, RPM, Fpaa, Fs,
        Fa, Fb, Fc, Foil, Fh, Fw, pressure, Fremoved. Some faults hold one of them at a constant
        value and are easy to find in it.

    Returns
    -------
    Runs
        One run a batch, times in h. Channels have the simulator's symbols, the same in both forms:
        S, DO2, P, V, Wt, pH, T, Q … The two share 22 of them.

        From the table: 30 channels, ids are the numbers of the batches, labels `"fault"` where a
        row of the batch refers to a fault, else `"good"`. Spectra and references are left out. The
        assays `…_offline` have a value about every 12 h and are NaN between.

        From the folder: 45 channels, ids such as `seed101` (`seed101_b02` for a second batch), in
        the order of the seeds. Labels by the number of the fault in `meta.json`: 0 `"good"`,
        1 `"aeration"`, 2 `"back_pressure"`, 3 `"substrate_feed"`, 4 `"base_flow"`,
        5 `"coolant"`, 6 `"all"` (these five), 7 `"temperature_sensor"`, 8 `"ph_sensor"`. A batch
        whose entry names no fault is good, as the simulator's default is none; None for a batch
        without an entry, and no labels without a `meta.json`.

    Raises
    ------
    ValueError
        If a file cannot be read, is cut, has only one header line or other columns than the first
        of its folder, holds text, names an unknown fault, or for any reason given at `read_runs`.

    Notes
    -----
    The header of the published table splits one column's name at its commas, so that all names
    behind it stand two columns too far to the right (`Batch ID` above a spectrum). The name is put
    together again here, also in copies that were written with the wrong names. The spectra, 2200
    columns of the 2.5 GB, are skipped while reading.

    S. Goldrick, A. Ştefan, D. Lovett, G. Montague and B. Lennox, The development of an industrial-
    scale fed-batch fermentation simulation, Journal of Biotechnology 193, 2015; S. Goldrick et al.,
    Modern day monitoring and control challenges outlined on an industrial-scale benchmark
    fermentation process, Computers & Chemical Engineering 130, 2019. The table is at
    https://data.mendeley.com/datasets/pdnjz7zz5x, the simulator at
    http://www.industrialpenicillinsimulation.com.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import mkdtemp
    >>> path = Path(mkdtemp()) / "batch_seed7_b01_states.csv"
    >>> rows = ["time_h,S,pH,Fg", "h,g/L,pH,L/h", "0.2,1.2,6.5,30", "0.4,1.1,6.5,30"]
    >>> _ = path.write_text("\n".join(rows))
    >>> read_indpensim(path, manipulated=False)
    Runs(1 run of 2 timesteps; channels S, pH; ids 'seed7')
    """
    place = Path(path)
    files = _state_files(place)
    runs = _read_states(files) if files else read_table(place)
    kept = [c for c in runs.channels if manipulated or c not in MANIPULATED]
    if not kept:
        raise ValueError(f"{os.fspath(path)!r} has no channels but manipulated ones: keep these")
    return runs.select(kept)


def _state_files(path: Path) -> list[Path]:
    """Files of the simulator in a folder, or the one file; none where it is a table of batches."""
    if not path.is_dir():
        return [path] if "_states." in path.name else []
    files = [p for p in path.iterdir() if p.name.endswith(("_states.csv", "_states.csv.gz"))]
    if not files:
        raise ValueError(
            f"the folder {os.fspath(path)!r} has no file *_states.csv or *_states.csv.gz: pass the "
            "simulator's folder, or the table of batches"
        )
    # A shorter id is a smaller seed.
    return sorted(files, key=lambda file: (len(_run_id(file)), _run_id(file)))


def _run_id(file: Path) -> str:
    found = SEED.search(file.name)
    return _seed_id(found[1], found[2] or 1) if found else file.name.partition("_states.")[0]


def _seed_id(seed: Any, batch: Any) -> str:
    return f"seed{seed}" + (f"_b{int(batch):02d}" if int(batch) > 1 else "")


def _read_states(files: Sequence[Path]) -> Runs:
    batches = [_read_batch(file) for file in files]
    names, units, _ = batches[0]
    for file, (other, _, _) in zip(files, batches, strict=True):
        if other != names:
            raise ValueError(
                f"{os.fspath(file)!r} has other columns than {os.fspath(files[0])!r}: "
                f"{shorten(sorted({*other} ^ {*names}), quote=False) or 'another order'}"
            )
    ids = [_run_id(file) for file in files]
    labels = _fault_names(files[0].parent / "meta.json", ids)
    with naming(files[0].parent):
        return Runs(
            [values[:, 1:] for _, _, values in batches],
            ids=ids,
            channels=names[1:],
            units=[unit_of(unit) for unit in units[1:]],
            times=[values[:, 0] for _, _, values in batches],
            time_unit=units[0],
            labels=labels,
        )


def _read_batch(file: Path) -> tuple[list[str], list[str], Array]:
    """Names and units of the columns, and (t, c) values."""
    lines = read_lines(file)
    with naming(file):
        names, units = _read_header(lines)
        return names, units, number_rows(lines[2:], len(names), ",", "as in the header")


def _read_header(lines: Lines) -> tuple[list[str], list[str]]:
    if len(lines) < 3:
        raise ValueError(
            f"{plural(len(lines), 'line')}, expected two header lines (names, units) and rows"
        )
    names, units = (text.split(",") for _, text in lines[:2])
    if names[0] != "time_h":
        raise ValueError(f"line 1 begins with {names[0][:40]!r}, expected 'time_h' and symbols")
    if len(units) != len(names) or is_number(units[0]):
        raise ValueError(
            f"line {lines[1][0]} begins with {units[0][:40]!r} and has {len(units)} fields, "
            f"expected the units of {len(names)} columns: a second header line"
        )
    return names, units


def _fault_names(meta: Path, ids: list[str]) -> NDArray[Any] | None:
    """Label of each run by the simulator's notes, where there are any."""
    if not meta.is_file():
        return None
    with naming(meta):
        try:
            with reading(meta), open_text(meta) as file:
                notes = {
                    _seed_id(note["seed"], note.get("batch_index", 1)): note.get("faults", 0)
                    for note in json.load(file)
                }
        except (KeyError, TypeError, AttributeError, json.JSONDecodeError) as error:
            raise ValueError(f"expected a list of batches with 'seed', found {error}") from None
        if unknown := [f for f in notes.values() if f not in range(len(FAULTS))]:
            raise ValueError(f"fault {unknown[0]!r}, expected a number from 0 to {len(FAULTS) - 1}")
    return np.array([FAULTS[int(notes[i])] if i in notes else None for i in ids])
