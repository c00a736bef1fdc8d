"""Readers of batches and engines: what the files hold, and which files they refuse."""

import csv
import gzip
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tsad_plugin.datasets import (
    read_cmapss,
    read_dryer,
    read_engine_faults,
    read_indpensim,
    read_nylon,
)
from tsad_plugin.datasets.batches import DRYER, NYLON
from tsad_plugin.datasets.engines import CAR_ENGINE, TURBOFAN
from tsad_plugin.datasets.indpensim import MANIPULATED
from tsad_plugin.runs import Runs

nan = np.nan
GZIP = "it is no whole gzip file: pack it again, or drop .gz from the name of plain text"


def error(text: str) -> Any:
    """A ValueError with exactly this text."""
    return pytest.raises(ValueError, match=f"^{re.escape(text)}$")


def write(path: Path, rows: Sequence[str]) -> Path:
    data = "\n".join([*rows, ""]).encode()
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
    return path


def table_of(path: Path) -> list[list[str]]:
    return list(csv.reader(gzip.decompress(path.read_bytes()).decode().splitlines()))


def labels_of(runs: Runs) -> list[Any]:
    assert runs.labels is not None
    return runs.labels.tolist()


def times_of(runs: Runs) -> list[list[float]]:
    assert runs.times is not None
    return [times.tolist() for times in runs.times]


# --- IndPenSim: one file a batch ----------------------------------------------------------------

NAMES = "time_h,S,pH,Fg,O2,mu_P_calc,pressure,Viscosity"
UNITS = "h,g/L,pH,L/h,O2  (%),hr^{-1},bar,centPoise"
STATES = [NAMES, UNITS, "0.2,1,6.5,30,0.2,0,0.6,4", "0.4,2,6.6,31,0.3,0,0.7,4"]


def states(folder: Path, seed: int, rows: Sequence[str] = STATES, batch: int = 1) -> Path:
    return write(folder / f"batch_seed{seed}_b{batch:02d}_states.csv.gz", rows)


def test_files_of_the_simulator_are_runs(tmp_path: Path) -> None:
    for seed in (101, 42, 7):
        states(tmp_path, seed)
    states(tmp_path, 42, [*STATES, "0.6,3,6.7,32,0.4,0,0.8,5"], batch=2)
    write(tmp_path / "notes.csv", ["no batch"])
    runs = read_indpensim(tmp_path)
    assert runs.ids.tolist() == ["seed7", "seed42", "seed101", "seed42_b02"]
    assert runs.lengths.tolist() == [2, 2, 2, 3]
    assert runs.channels == ("S", "pH", "Fg", "O2", "mu_P_calc", "pressure", "Viscosity")
    assert runs.units == ("g/L", "", "L/h", "%", "1/h", "bar", "cP")
    assert runs.arrays[0].tolist()[0] == [1, 6.5, 30, 0.2, 0, 0.6, 4]
    assert times_of(runs)[3] == [0.2, 0.4, 0.6] and runs.time_unit == "h"
    assert runs.labels is None


def test_the_simulators_notes_tell_the_faults(tmp_path: Path) -> None:
    for seed in (1, 2, 3, 4):
        states(tmp_path, seed)
    notes = [{"seed": 1, "faults": 0}, {"seed": 2, "batch_index": 1, "faults": 8}, {"seed": 4}]
    (tmp_path / "meta.json").write_text(json.dumps(notes))
    assert labels_of(read_indpensim(tmp_path)) == ["good", "ph_sensor", None, "good"]
    assert labels_of(read_indpensim(tmp_path / "batch_seed2_b01_states.csv.gz")) == ["ph_sensor"]


@pytest.mark.parametrize(
    ("notes", "reason"),
    [
        ('[{"seed": 1, "faults": 9}]', "fault 9, expected a number from 0 to 8"),
        ('[{"faults": 1}]', "expected a list of batches with 'seed', found 'seed'"),
        (
            "[",
            "expected a list of batches with 'seed', found Expecting value: line 1 column 2 (char "
            "1)",
        ),
    ],
)
def test_wrong_notes_are_refused(tmp_path: Path, notes: str, reason: str) -> None:
    states(tmp_path, 1)
    (tmp_path / "meta.json").write_text(notes)
    with error(f"{str(tmp_path / 'meta.json')!r}: {reason}"):
        read_indpensim(tmp_path)


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        (
            [NAMES, *STATES[2:]],
            "line 2 begins with '0.2' and has 8 fields, expected the units of 8 columns: a second "
            "header line",
        ),
        (
            [*STATES, "0.6,3,6.7"],
            "line 5 has 3 fields, expected 8 (as in the header): the file is cut there, or of "
            "another kind",
        ),
        ([*STATES, "0.6,3,x,3,3,3,3,3"], "line 5: expected a number, found 'x'"),
        (STATES[:2], "2 lines, expected two header lines (names, units) and rows"),
        (STATES[1:] * 2, "line 1 begins with 'h', expected 'time_h' and symbols"),
        (
            STATES[:3],
            None,
        ),
    ],
)
def test_wrong_files_of_the_simulator_are_refused(
    tmp_path: Path, rows: list[str], reason: str | None
) -> None:
    path = states(tmp_path, 1, rows)
    states(tmp_path, 2)
    text = f"{str(path)!r}: {reason}"
    if reason is None:
        text = (
            f"{str(tmp_path)!r}: run 'seed1' has 1 timestep: a run needs at least 2 (leave it out, "
            "or pass rows with n_channels='all')"
        )
    with error(text):
        read_indpensim(tmp_path)


def test_files_of_one_folder_have_the_same_columns(tmp_path: Path) -> None:
    first = states(tmp_path, 1)
    other = states(tmp_path, 2, [row.replace("Viscosity", "P") for row in STATES])
    with error(f"{str(other)!r} has other columns than {str(first)!r}: P, Viscosity"):
        read_indpensim(tmp_path)


def test_other_folders_and_cut_files_are_refused(tmp_path: Path) -> None:
    with error(
        f"the folder {str(tmp_path)!r} has no file *_states.csv or *_states.csv.gz: pass the "
        "simulator's folder, or the table of batches"
    ):
        read_indpensim(tmp_path)
    path = states(tmp_path, 1)
    path.write_bytes(path.read_bytes()[:-9])
    with error(f"cannot read {str(path)!r}: {GZIP}"):
        read_indpensim(tmp_path)


# --- IndPenSim: one table -----------------------------------------------------------------------

PROCESS = ["Time (h)", "Aeration rate(Fg:L/h)", "pH(pH:pH)", "PAA(PAA_offline:PAA (g L^{-1}))"]
FAULT, CONTROL = "Fault reference(Fault_ref:Fault ref)", "0 - R 1 - O(Control_ref:Control ref)"
CUT = ["1- No Raman spec", " 1-Raman spec recorded", "2-PAT control(PAT_ref:PAT ref)"]
PUBLISHED = [*PROCESS, FAULT, CONTROL, *CUT, "Batch reference(Batch_ref:Batch ref)", "Batch ID"]
SPECTRA = ["Fault flag", "2400", "2399", "2398"]


def published_rows(surplus: int = 0) -> list[str]:
    """Rows of the published file: two fields fewer than its header has names."""
    rows = []
    for batch in (1, 2, 91):
        for t in range(2):
            assay = ["" if t else "1.5"]
            fault, flag = str(int(batch == 91 and t == 1)), str(int(batch == 91))
            control = [fault, "0", "1", str(batch), str(batch), flag]
            row = [f"{t + 1}", f"{batch + t}", "6.5", *assay, *control, "900.5", "", "700"]
            rows.append(",".join(row + [""] * surplus))
    return rows


def subset_rows() -> list[str]:
    return [",".join([*row.split(",")[:6], row.split(",")[8]]) for row in published_rows()]


def check_table(runs: Runs) -> None:
    assert runs.ids.tolist() == [1, 2, 91] and labels_of(runs) == ["good", "good", "fault"]
    assert runs.channels == ("Fg", "pH", "PAA_offline") and runs.units == ("L/h", "", "g/L")
    assert times_of(runs) == [[1, 2]] * 3 and runs.time_unit == "h"
    for batch, array in zip((1, 2, 91), runs.arrays, strict=True):
        np.testing.assert_array_equal(array, [[batch, 6.5, 1.5], [batch + 1, 6.5, nan]])


@pytest.mark.parametrize("surplus", [0, 2])
def test_the_published_header_is_repaired(tmp_path: Path, surplus: int) -> None:
    rows = [",".join([*PUBLISHED, *SPECTRA]), *published_rows(surplus)]
    check_table(read_indpensim(write(tmp_path / "100_Batches.csv.gz", rows)))


def test_a_part_of_the_table_is_read(tmp_path: Path) -> None:
    header = ",".join([*PROCESS, FAULT, CONTROL, "batch_id"])
    path = write(tmp_path / "part.csv", [header, *subset_rows()])
    check_table(read_indpensim(path))
    assert read_indpensim(path, manipulated=False).channels == ("pH", "PAA_offline")


def test_without_a_column_of_faults_there_are_no_labels(tmp_path: Path) -> None:
    rows = ["Time (h),pH(pH:pH),batch_id", "1,6.5,3", "2,6.6,3"]
    assert read_indpensim(write(tmp_path / "part.csv", rows)).labels is None


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        (
            ["Time (h),pH(pH:pH),batch_id", "1,6.5,1", "2,6.5"],
            "column 'batch_id' has no run id (line 3; rows like it: 1): fill it in or leave the "
            "row out",
        ),
        (
            ["Time (h),pH(pH:pH),batch_id", "1,6.5,1", "2,x,1"],
            "column 'pH' holds 'x' (line 3), which is no number: write numbers with a decimal "
            "point, empty the cell where nothing was measured, or leave the column out",
        ),
        (
            ["Time (h),a(pH:pH),b(pH:pH),batch_id", "1,6.5,1,1"],
            "two columns 'pH': column names must be unique",
        ),
        (
            ["batch_id,Tag01", "1,2"],
            "its columns are batch_id, Tag01; expected 'Time (h)', channels such as 'pH(pH:pH)' "
            "and the batch in one of batch_id, Batch_ref, Batch ID",
        ),
        (
            [],
            "its columns are none; expected 'Time (h)', channels such as 'pH(pH:pH)' and the batch "
            "in one of batch_id, Batch_ref, Batch ID",
        ),
    ],
)
def test_wrong_tables_of_batches_are_refused(tmp_path: Path, rows: list[str], reason: str) -> None:
    path = write(tmp_path / "part.csv", rows)
    with error(f"{str(path)!r}: {reason}"):
        read_indpensim(path)


def test_a_table_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "part.csv.gz", ["Time (h),pH(pH:pH),batch_id", *["1,6.5,1"] * 9999])
    path.write_bytes(path.read_bytes()[:-9])
    with error(f"cannot read {str(path)!r}: {GZIP}"):
        read_indpensim(path)
    missing = str(tmp_path / "no.csv")
    with error(f"cannot read {missing!r}: there is no such file: check the name and the folder"):
        read_indpensim(missing)


def test_nothing_left_without_manipulated_variables_is_an_error(tmp_path: Path) -> None:
    path = write(tmp_path / "part.csv", ["Time (h),(Fg:L/h),batch_id", "1,6.5,3", "2,6.6,3"])
    with error(f"{str(path)!r} has no channels but manipulated ones: keep these"):
        read_indpensim(path, manipulated=False)


# --- nylon and dryer ----------------------------------------------------------------------------


def test_nylon_batches_are_read(tmp_path: Path) -> None:
    rows = [
        f"{batch}," + ",".join(str(batch * 100 + c) for c in range(10)) for batch in (2, 2, 1, 1)
    ]
    runs = read_nylon(write(tmp_path / "nylon.csv.gz", [",".join(["batch_id", *NYLON]), *rows]))
    assert runs.ids.tolist() == [2, 1] and runs.channels == NYLON
    assert runs.arrays[1].tolist() == [[100.0 + c for c in range(10)]] * 2
    assert runs.labels is None and runs.times is None


def dryer_rows() -> list[str]:
    rows = [f"{batch}" + ",0.5" * 10 + f",{t}" for batch in (1, 34) for t in (0, 1, 2)]
    return [",".join(["batch_id", *DRYER, "ClockTime"]), *rows]


def test_dryer_batches_are_read(tmp_path: Path) -> None:
    runs = read_dryer(write(tmp_path / "dryer.csv", dryer_rows()))
    assert runs.ids.tolist() == [1, 34] and labels_of(runs) == ["good", "outlier"]
    assert runs.channels == DRYER and runs.shape == (2, 3, 10) and times_of(runs) == [[0, 1, 2]] * 2


def test_files_of_other_plants_and_cut_ones_are_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "x.csv", [",".join(["batch_id", *NYLON]), "1" + ",5" * 10])
    with error(
        f"{str(path)!r}: no column 'CollectorTankLevel'; columns here: batch_id, Tag01, Tag02, "
        f"Tag03, Tag04, Tag05, … (11 in all); expected: batch_id, {', '.join(DRYER)}, ClockTime"
    ):
        read_dryer(path)
    path = write(tmp_path / "dryer.csv", [*dryer_rows(), "35,0.5,0.5"])
    with pytest.raises(ValueError, match="no column 'Tag01'; columns here: batch_id, Collector"):
        read_nylon(path)
    with error(
        f"{str(path)!r}: column 'DryerPressure' has no value (line 8; rows like it: 1): fill it in "
        "or leave the row out"
    ):
        read_dryer(path)
    packed = tmp_path / "dryer.csv.gz"
    packed.write_bytes(path.read_bytes())
    with error(f"cannot read {str(packed)!r}: {GZIP}"):
        read_dryer(packed)


# --- C-MAPSS ------------------------------------------------------------------------------------


def flights(engine: int, n_cycles: int, separator: str = " ") -> list[str]:
    return [
        separator.join([str(engine), str(cycle), *(f"{cycle}.{c:02d}" for c in range(24))]) + "  "
        for cycle in range(1, n_cycles + 1)
    ]


@pytest.mark.parametrize(("name", "separator"), [("train_x.txt", " "), ("Train_x.TXT.gz", "\t")])
def test_engines_that_ran_to_failure_have_no_life_left(
    tmp_path: Path, name: str, separator: str
) -> None:
    rows = [*flights(1, 3, separator), *flights(2, 2, separator)]
    path = tmp_path / name
    data = "\r\n".join(rows).encode()
    path.write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
    runs = read_cmapss(path)
    assert runs.ids.tolist() == [1, 2] and labels_of(runs) == [0, 0]
    assert times_of(runs) == [[1, 2, 3], [1, 2]] and runs.time_unit == "cycles"
    assert runs.channels == tuple(TURBOFAN) and runs.units == tuple(TURBOFAN.values())
    assert runs.arrays[1].tolist() == [[float(f"{n}.{c:02d}") for c in range(24)] for n in (1, 2)]


def test_life_left_comes_from_its_file_or_is_unknown(tmp_path: Path) -> None:
    path = write(tmp_path / "test_x.txt", [*flights(3, 3), *flights(1, 2)])
    assert read_cmapss(path).labels is None
    assert labels_of(read_cmapss(path, write(tmp_path / "RUL.txt", ["112 ", "98 "]))) == [112, 98]
    for rows, reason in (
        (
            ["112"],
            f"it has 1 line, expected one for each engine of {str(path)!r}, which has 2: pass the "
            "RUL file of the same set",
        ),
        (["112", "9.5"], "line 2: expected cycles as whole numbers, found 9.5"),
        (["112", "inf"], "line 2: expected cycles as whole numbers, found inf"),
        (["1e30", "9"], "line 1: expected cycles as whole numbers, found 1e+30"),
        (
            flights(1, 2),
            "line 1 has 26 fields, expected 1 (cycles that an engine had left): the file is cut "
            "there, or of another kind",
        ),
    ):
        rul = write(tmp_path / "RUL.txt", rows)
        with error(f"{str(rul)!r}: {reason}"):
            read_cmapss(path, rul)
    train = write(tmp_path / "train_x.txt", flights(1, 2))
    with error(
        f"rul= is for a test file, and the engines of {str(train)!r} ran to failure: leave it out"
    ):
        read_cmapss(train, rul)


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (
            "2 1" + " 0.5" * 23,
            "line 3 has 25 fields, expected 26 (engine, cycle, 3 settings and 21 sensors): the "
            "file is cut there, or of another kind",
        ),
        ("2 1" + " 0.5" * 23 + " x", "line 3: expected a number, found 'x'"),
        (
            "2 1.5" + " 0.5" * 24,
            "line 3: expected an engine and a cycle as whole numbers, found 2.0, 1.5",
        ),
        (
            "1 2" + " 0.5" * 24,
            "run 1 has a second row with 'cycle' 2 (row 2; rows like it: 1): keep one row per run "
            "and time",
        ),
    ],
)
def test_wrong_lines_of_engines_are_named(tmp_path: Path, row: str, reason: str) -> None:
    path = write(tmp_path / "test_x.txt", [*flights(1, 2), row])
    with error(f"{str(path)!r}: {reason}"):
        read_cmapss(path)


# --- EngineFaultDB ------------------------------------------------------------------------------

FAULT_HEADER = ",".join(["Fault", *CAR_ENGINE])


def test_rows_of_engine_faults_are_one_array(tmp_path: Path) -> None:
    values = np.random.default_rng(0).normal(size=(55_999, 14)).round(3)
    faults = np.arange(55_999) % 4
    rows = [f"{f}," + ",".join(map(str, v)) for f, v in zip(faults, values.tolist(), strict=True)]
    runs = read_engine_faults(write(tmp_path / "EngineFaultDB_Final.csv", [FAULT_HEADER, *rows]))
    assert runs.shape == (55_999, 1, 14) and runs.dense is not None
    np.testing.assert_array_equal(runs.dense[:, 0], values)
    assert labels_of(runs) == faults.tolist()
    assert dict(zip(runs.channels, runs.units, strict=True))["Consumption L/H"] == "L/h"


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("4" + ",1" * 14, "column 'Fault' holds 4 (line 3), expected one of 0, 1, 2, 3"),
        (
            "1" + ",1" * 3,
            "column 'Power' has no value (line 3; rows like it: 1): fill it in or leave the row "
            "out",
        ),
        (
            "1,x" + ",1" * 13,
            "column 'MAP' holds 'x' (line 3), which is no number: write numbers with a decimal "
            "point, empty the cell where nothing was measured, or leave the column out",
        ),
    ],
)
def test_wrong_rows_of_engine_faults_are_named(tmp_path: Path, row: str, reason: str) -> None:
    path = write(tmp_path / "EngineFaultDB_Final.csv", [FAULT_HEADER, "0" + ",1" * 14, row])
    with error(f"{str(path)!r}: {reason}"):
        read_engine_faults(path)


def test_another_table_is_no_engine_faults(tmp_path: Path) -> None:
    path = write(tmp_path / "x.csv", ["MAP,TPS,Fault", "1,2,0"])
    with error(
        f"{str(path)!r}: no column 'Force'; columns here: MAP, TPS, Fault; expected: "
        f"{', '.join(CAR_ENGINE)}, Fault"
    ):
        read_engine_faults(path)


@pytest.mark.parametrize(
    "read", [read_cmapss, read_dryer, read_engine_faults, read_indpensim, read_nylon]
)
def test_an_empty_file_is_refused_by_its_name(tmp_path: Path, read: Any) -> None:
    path = tmp_path / "train.csv"
    path.touch()
    with pytest.raises(ValueError, match=re.escape(repr(str(path)))):
        read(path)


# --- real files ---------------------------------------------------------------------------------


def same_as_naive(runs: Runs, rows: list[list[str]], run: int, columns: Sequence[int]) -> None:
    """Compare with a parse by loops: rows of a run in the order of the file."""
    expected: dict[str, list[list[float]]] = {}
    for row in rows:
        values = [float(row[c]) if row[c] else nan for c in columns]
        expected.setdefault(row[run], []).append(values)
    assert [str(i) for i in runs.ids.tolist()] == list(expected)
    for array, values in zip(runs.arrays, expected.values(), strict=True):
        np.testing.assert_array_equal(array, values)


@pytest.mark.realdata
def test_indpensims_table_is_read(data_dir: Path) -> None:
    path = data_dir / "indpensim" / "kaggle_subset_batches_1-10.csv.gz"
    runs = read_indpensim(path)
    header, *rows = table_of(path)
    same_as_naive(runs, rows, 33, range(1, 31))
    assert runs.shape == (10, 1390, 30) and runs.lengths.min() == 895
    assert labels_of(runs) == ["good"] * 10
    assert all(f"({c}:" in name for c, name in zip(runs.channels, header[1:31], strict=True))
    assert runs.arrays[0][0, runs.channels.index("T")] == 298.22
    kept = read_indpensim(path, manipulated=False)
    assert kept.n_channels == 18 and not {*MANIPULATED} & {*kept.channels}


@pytest.mark.realdata
def test_the_simulators_folder_is_read(data_dir: Path) -> None:
    folder = data_dir / "indpensim" / "matlab"
    runs = read_indpensim(folder)
    assert runs.shape == (13, 1345, 45) and runs.lengths.min() == 960
    assert labels_of(runs).count("good") == 6
    assert dict(zip(runs.ids.tolist(), labels_of(runs), strict=True))["seed205"] == "coolant"
    assert read_indpensim(folder, manipulated=False).n_channels == 33
    for run, array, times in zip(runs.ids, runs.arrays, times_of(runs), strict=True):
        rows = table_of(folder / f"batch_{run}_b01_states.csv.gz")[2:]
        np.testing.assert_array_equal(np.column_stack([times, array]), np.array(rows, dtype=float))


@pytest.mark.realdata
def test_both_forms_of_indpensim_agree_in_channels_and_units(data_dir: Path) -> None:
    folder = data_dir / "indpensim"
    table, states = (
        dict(zip(runs.channels, runs.units, strict=True))
        for runs in map(
            read_indpensim, [folder / "kaggle_subset_batches_1-10.csv.gz", folder / "matlab"]
        )
    )
    shared = table.keys() & states.keys()
    assert len(shared) == 22 and {*MANIPULATED, "S", "DO2", "T", "pH"} <= shared
    assert {c: table[c] for c in shared} == {c: states[c] for c in shared}


@pytest.mark.realdata
def test_nylon_and_dryer_batches_are_read_as_loops_read_them(data_dir: Path) -> None:
    folder = data_dir / "nylon_dryer"
    nylon, dryer = read_nylon(folder / "nylon.csv.gz"), read_dryer(folder / "dryer.csv.gz")
    same_as_naive(nylon, table_of(folder / "nylon.csv.gz")[1:], 0, range(1, 11))
    same_as_naive(dryer, table_of(folder / "dryer.csv.gz")[1:], 0, range(1, 11))
    assert nylon.shape == (57, 135, 10) and nylon.lengths.min() == 113
    assert dryer.shape == (71, 201, 10) and dryer.lengths.min() == 89
    assert [
        i for i, kind in zip(dryer.ids.tolist(), labels_of(dryer), strict=True) if kind != "good"
    ] == [34]
    assert all(times == list(range(len(times))) for times in times_of(dryer))


@pytest.mark.realdata
@pytest.mark.parametrize(
    ("name", "longest", "shortest"), [("train_FD001", 362, 128), ("test_FD001", 303, 31)]
)
def test_real_engines_are_read_as_loops_read_them(
    data_dir: Path, name: str, longest: int, shortest: int
) -> None:
    folder = data_dir / "cmapss_fd001"
    runs = read_cmapss(folder / f"{name}.txt.gz")
    text = gzip.decompress((folder / f"{name}.txt.gz").read_bytes()).decode()
    same_as_naive(runs, [line.split() for line in text.splitlines()], 0, range(2, 26))
    assert runs.shape == (100, longest, 24) and runs.lengths.min() == shortest
    assert all(times == list(range(1, len(times) + 1)) for times in times_of(runs))


@pytest.mark.realdata
def test_real_engines_have_their_life_left(data_dir: Path) -> None:
    folder = data_dir / "cmapss_fd001"
    assert labels_of(read_cmapss(folder / "train_FD001.txt.gz")) == [0] * 100
    test = read_cmapss(folder / "test_FD001.txt.gz", folder / "RUL_FD001.txt.gz")
    assert labels_of(test)[:3] == [112, 98, 69] and labels_of(test)[-1] == 20
    assert test.arrays[0][0, test.channels.index("T24")] == 643.02
