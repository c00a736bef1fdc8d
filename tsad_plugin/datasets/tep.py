"""Tennessee Eastman: a simulated chemical plant with 21 faults, in the files of R. D. Braatz."""

from __future__ import annotations

import os
import re
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tsad_plugin.datasets._files import Array, PathLike, naming, number_rows, read_lines
from tsad_plugin.datasets._series import files_in, stem, unique_ids
from tsad_plugin.runs import Runs

MEASURED_UNITS = (
    *("kscmh", "kg/h", "kg/h", "kscmh", "kscmh", "kscmh", "kPa", "%", "°C", "kscmh", "°C", "%"),
    *("kPa", "m³/h", "%", "kPa", "m³/h", "°C", "kg/h", "kW", "°C", "°C"),
    *(("mol%",) * 19),  # analyses of feed, purge and product
)
CHANNELS = (
    *(f"XMEAS({i})" for i in range(1, 42)),
    *(f"XMV({i})" for i in range(1, 12)),
)
UNITS = (*MEASURED_UNITS, *(("%",) * 11))
FILE = re.compile(r"d([01]\d|2[01])(_te)?\.dat(\.gz)?")
MINUTES = 3.0
N_CHANNELS = len(CHANNELS)
# A test file runs normally for 8 h.
FAULT_STARTS = 160


def read_tep(source: PathLike) -> Runs:
    r"""Read the Tennessee Eastman process: a simulated chemical plant, normal and with 21 faults.

    Parameters
    ----------
    source : path
        A folder of files `d00.dat` to `d21.dat` and `d00_te.dat` to `d21_te.dat`, also with `.gz`,
        or one of them. Those that are there are read.

    Returns
    -------
    Runs
        One run a file, by number, training before test; ids are the names without ending, `d00` and
        `d00_te`. 52 channels: `XMEAS(1)` to `XMEAS(41)` are measured, `XMV(1)` to `XMV(11)` are set
        by the controllers; units as in the article, pressures over that of the air. Times are in
        minutes, 3 apart. Labels are the number of the fault, 0 for none; `timestep_labels` are
        `"normal"` and `"fault"`: of `d01` to `d21` all timesteps are faulty, of their `_te` those
        from index 160 on, which is after 8 h.

    Raises
    ------
    ValueError
        If there is no such file, one cannot be read, has other than 52 columns (or, as `d00.dat`,
        52 lines of the same length) or holds text.

    Notes
    -----
    `d00.dat` is stored with a line a channel; its shape tells, and it is turned. That faults begin
    at index 160 of the test files is how the data are commonly used, and stands in none of them.

    J. J. Downs and E. F. Vogel, A plant-wide industrial process control problem, Computers &
    Chemical Engineering 17, 1993; L. H. Chiang, E. L. Russell and R. D. Braatz, Fault Detection and
    Diagnosis in Industrial Systems, Springer, 2001. The files are at
    https://github.com/camaramm/tennessee-eastman-profBraatz.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import mkdtemp
    >>> path = Path(mkdtemp()) / "d05_te.dat"
    >>> _ = path.write_text("\n".join(["0.5 " * 52] * 200))
    >>> runs = read_tep(path)
    >>> runs.shape, runs.labels.tolist(), runs.timestep_labels[0][159:161].tolist()
    ((1, 200, 52), [5], ['normal', 'fault'])
    """
    files = _files(Path(source))
    ids = unique_ids(files, lambda file: stem(file).lower())
    arrays = [_read_values(file) for file in files]
    faults = [int(name[1:3]) for name in ids]
    with naming(source):
        return Runs(
            arrays,
            ids=ids,
            channels=CHANNELS,
            units=UNITS,
            times=[MINUTES * np.arange(len(a)) for a in arrays],
            time_unit="min",
            labels=faults,
            timestep_labels=[_states(i, len(a)) for i, a in zip(ids, arrays, strict=True)],
        )


def _files(source: Path) -> list[Path]:
    if source.is_dir():
        return sorted(files_in(source, FILE, "d00.dat or d00_te.dat"), key=stem)
    if not FILE.fullmatch(source.name.lower()):
        raise ValueError(
            f"{os.fspath(source)!r} has another name than d00.dat … d21.dat, d00_te.dat … "
            "d21_te.dat, which tell the fault: give it back its name"
        )
    return [source]


def _read_values(file: Path) -> Array:
    """(t, 52): as the file stands, or turned where its lines are channels."""
    lines = read_lines(file)
    with naming(file):
        n_fields = len(lines[0][1].split())
        if n_fields == N_CHANNELS:
            return number_rows(lines, N_CHANNELS, None, "41 measured and 11 set variables")
        if len(lines) != N_CHANNELS:
            raise ValueError(
                f"line {lines[0][0]} has {n_fields} fields and there are {len(lines)} lines, "
                f"expected {N_CHANNELS} of one of them: the file is cut, or of another kind"
            )
        return number_rows(lines, n_fields, None, "as in the first line").T


def _states(name: str, n_timesteps: int) -> NDArray[np.str_]:
    start = FAULT_STARTS if name.endswith("_te") else 0
    is_faulty = (np.arange(n_timesteps) >= start) & (int(name[1:3]) > 0)
    return np.where(is_faulty, "fault", "normal")
