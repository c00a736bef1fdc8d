"""Readers of long series: pump, ExampleCo, SKAB and TEP; what they hold and what they refuse."""

import csv
import gzip
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tsad_plugin.datasets import (
    make_pump,
    read_exampleco,
    read_exampleco_times,
    read_pump,
    read_skab,
    read_tep,
    write_pump,
)
from tsad_plugin.datasets import pump as pump_module
from tsad_plugin.datasets.skab import SENSORS
from tsad_plugin.runs import Runs

nan = np.nan
GZIP = "it is no whole gzip file: pack it again, or drop .gz from the name of plain text"
NUMBER = (
    "which is no number: write numbers with a decimal point, empty the cell where nothing was "
    "measured, or leave the column out"
)
BACK = "which is not after the row before (rows like it: 1): sort the rows, and keep one a time"


def error(text: str) -> Any:
    """A ValueError with exactly this text."""
    return pytest.raises(ValueError, match=f"^{re.escape(text)}$")


def write(path: Path, rows: Sequence[str]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    data = "\n".join([*rows, ""]).encode()
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
    return path


def text_of(path: Path) -> str:
    return gzip.decompress(path.read_bytes()).decode()


def states_of(runs: Runs) -> list[list[Any]]:
    assert runs.timestep_labels is not None
    return [states.tolist() for states in runs.timestep_labels]


def times_of(runs: Runs) -> list[list[str]]:
    assert runs.times is not None
    return [times.astype("datetime64[s]").astype(str).tolist() for times in runs.times]


# --- the pump -----------------------------------------------------------------------------------

PUMP_HEADER = ",timestamp,sensor_00,sensor_01,sensor_15,machine_status"
PUMP_ROWS = [
    PUMP_HEADER,
    "0,2018-04-01 00:00:00,2.465394,47.09201,,NORMAL",
    "1,2018-04-01 00:01:00,,47.09201,,BROKEN",
    "2,2018-04-01 00:02:00,2.444734,,,RECOVERING",
]


@pytest.mark.parametrize("name", ["sensor.csv", "sensor.csv.gz"])
def test_a_pump_is_one_run_without_its_empty_sensors(tmp_path: Path, name: str) -> None:
    runs = read_pump(write(tmp_path / name, PUMP_ROWS))
    assert runs.ids.tolist() == ["pump"] and runs.channels == ("sensor_00", "sensor_01")
    expected = np.array([[2.465394, 47.09201], [nan, 47.09201], [2.444734, nan]], dtype=np.float32)
    np.testing.assert_array_equal(runs.arrays[0], expected)
    assert runs.arrays[0].dtype == np.float32
    assert times_of(runs) == [[f"2018-04-01T00:0{i}:00" for i in range(3)]]
    assert states_of(runs) == [["NORMAL", "BROKEN", "RECOVERING"]]


@pytest.mark.parametrize("name", ["sensor.csv", "sensor.csv.gz"])
def test_a_simulated_pump_comes_back_from_its_file(tmp_path: Path, name: str) -> None:
    runs = make_pump(1500, n_failures=2)
    write_pump(runs, tmp_path / name)
    again = read_pump(tmp_path / name)
    assert again.channels == runs.channels and states_of(again) == states_of(runs)
    assert times_of(again) == times_of(runs)
    np.testing.assert_array_equal(again.arrays[0], runs.arrays[0])


def test_the_file_of_a_simulated_pump_has_the_format_of_the_public_one(tmp_path: Path) -> None:
    write_pump(make_pump(300, n_failures=1), tmp_path / "sensor.csv")
    header, *rows = csv.reader((tmp_path / "sensor.csv").read_text().splitlines())
    sensors = [f"sensor_{i:02d}" for i in range(52)]
    assert header == ["", "timestamp", *sensors, "machine_status"]
    assert [row[0] for row in rows] == [str(i) for i in range(300)]
    assert rows[61][1] == "2018-04-01 01:01:00"
    assert {row[17] for row in rows} == {""} and {row[-1] for row in rows} == {
        *("NORMAL", "BROKEN", "RECOVERING")
    }


def test_a_pump_is_the_same_read_in_pieces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "sensor.csv"
    write_pump(make_pump(300, n_failures=1), path)
    whole = read_pump(path)
    monkeypatch.setattr(pump_module, "ROWS_AT_A_TIME", 70)
    pieces = read_pump(path)
    np.testing.assert_array_equal(pieces.arrays[0], whole.arrays[0])
    assert states_of(pieces) == states_of(whole) and times_of(pieces) == times_of(whole)


@pytest.mark.parametrize("rows_at_a_time", [1, 2, 100])
@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (
            "3,2018-04-01 00:03:00,x,1,,NORMAL",
            f"column 'sensor_00' holds 'x' (line 5), {NUMBER}",
        ),
        (
            "3,2018-04-01 00:03:00,1,1,,BORKEN",
            "column 'machine_status' holds 'BORKEN' (line 5), expected one of NORMAL, BROKEN, "
            "RECOVERING",
        ),
        (
            "3,2018-04-01 00:03:00,1",
            "column 'machine_status' has no state (line 5; rows like it: 1): fill it in or leave "
            "the row out",
        ),
        (
            "3,2018-04-01 00:02:00,1,1,,NORMAL",
            f"column 'timestamp' holds 2018-04-01T00:02:00.000000 (line 5), {BACK}",
        ),
        (
            "3,soon,1,1,,NORMAL",
            "column 'timestamp' holds 'soon' (line 5): a time is a number or a date such as "
            "2024-01-31 08:30",
        ),
        (
            "3,2018-04-01 00:03:00,inf,1,,NORMAL",
            "run 'pump', channel 'sensor_00' is infinite at timestep 3: replace it by NaN (a gap) "
            "or leave the run out",
        ),
    ],
)
def test_wrong_rows_of_a_pump_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, row: str, reason: str, rows_at_a_time: int
) -> None:
    monkeypatch.setattr(pump_module, "ROWS_AT_A_TIME", rows_at_a_time)
    path = write(tmp_path / "sensor.csv", [*PUMP_ROWS, row])
    with error(f"{str(path)!r}: {reason}"):
        read_pump(path)


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        ([], "cannot read {}: it is empty: it needs a header and rows"),
        ([PUMP_HEADER], "{}: it has no rows: it needs at least one"),
        (
            ["timestamp,machine_status", "2018-04-01,NORMAL"],
            "{}: no column 'sensor_00'; columns here: timestamp, machine_status; expected: "
            f"timestamp, {', '.join(f'sensor_{i:02d}' for i in range(52))}, machine_status",
        ),
        (
            ["timestamp,sensor_00", "2018-04-01,1"],
            "{}: no column 'machine_status'; columns here: timestamp, sensor_00; expected: "
            "timestamp, sensor_00, machine_status",
        ),
    ],
)
def test_a_file_that_is_no_pump_is_refused(tmp_path: Path, rows: list[str], reason: str) -> None:
    path = tmp_path / "sensor.csv"
    path.write_text("\n".join(rows))
    with error(reason.format(repr(str(path)))):
        read_pump(path)


def test_a_row_with_a_cell_too_many_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "sensor.csv", [*PUMP_ROWS, "3,2018-04-01 00:03:00,1,1,,NORMAL,7"])
    with pytest.raises(ValueError, match=re.escape(f"cannot read {str(path)!r}: ")):
        read_pump(path)


def test_a_pump_that_is_no_whole_gzip_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "sensor.csv.gz"
    path.write_bytes(gzip.compress("\n".join(PUMP_ROWS * 50).encode())[:-9])
    with error(f"cannot read {str(path)!r}: {GZIP}"):
        read_pump(path)


def test_what_is_no_pump_is_not_written(tmp_path: Path) -> None:
    runs = make_pump(300, n_failures=1)
    assert runs.times is not None
    known: dict[str, Any] = {"times": runs.times, "timestep_labels": runs.timestep_labels}
    two = [np.ones((2, 1))] * 2
    for wrong, text in (
        (Runs(two), "the file has one pump, got 2 runs: pass one"),
        (
            Runs(runs.arrays),
            "the file has times and states: pass Runs(…, times=…, timestep_labels=…)",
        ),
        (
            Runs([a[:, :1] for a in runs.arrays], channels=["T"], **known),
            "the file has no column 'T'; its sensors: sensor_00, sensor_01, sensor_02, sensor_03, "
            "sensor_04, sensor_05, … (52 in all)",
        ),
    ):
        with error(text):
            write_pump(wrong, tmp_path / "sensor.csv")
    assert not (tmp_path / "sensor.csv").exists()


# --- ExampleCo ----------------------------------------------------------------------------------

MACHINE = [
    ",0,1,2,3",
    "2019-01-01 00:00:00.000000000,1,2,3,4",
    "2019-01-01 08:00:09.603201067,5,6,7,800.5",
]


def test_machines_are_runs_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    for name in ("machine_10.csv", "machine_2.csv.gz", "machine_0.csv"):
        write(tmp_path / name, MACHINE)
    write(tmp_path / "reference.csv", ["machine,faulty,failed"])
    runs = read_exampleco(tmp_path)
    assert runs.ids.tolist() == ["machine_0", "machine_2", "machine_10"]
    assert runs.channels == ("0", "1", "2", "3") and runs.timestep_labels is None
    assert runs.arrays[1].tolist() == [[1, 2, 3, 4], [5, 6, 7, 800.5]]
    assert times_of(runs)[2] == ["2019-01-01T00:00:00", "2019-01-01T08:00:09"]
    one = read_exampleco(tmp_path / "machine_10.csv")
    assert one.ids.tolist() == ["machine_10"]
    files = [tmp_path / "machine_10.csv", str(tmp_path / "machine_2.csv.gz")]
    assert read_exampleco(files).ids.tolist() == ["machine_2", "machine_10"]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (
            "2019-01-01 16:00:00,1,2,3",
            "column '3' has no value (line 4; rows like it: 1): fill it in or leave the row out",
        ),
        ("2019-01-01 16:00:00,1,2,3,x", f"column '3' holds 'x' (line 4), {NUMBER}"),
        (
            "2019-01-01 08:00:00,1,2,3,4",
            f"column 'Unnamed: 0' holds 2019-01-01T08:00:00.000000000 (line 4), {BACK}",
        ),
    ],
)
def test_wrong_rows_of_a_machine_are_named(tmp_path: Path, row: str, reason: str) -> None:
    path = write(tmp_path / "machine_3.csv", [*MACHINE, row])
    with error(f"{str(path)!r}: {reason}"):
        read_exampleco(path)


def test_what_is_no_machine_is_refused(tmp_path: Path) -> None:
    missing = write(tmp_path / "a" / "machine_1.csv", [",0,1,2", "2019-01-01,1,2,3"])
    with error(
        f"{str(missing)!r}: no column '3'; columns here: Unnamed: 0, 0, 1, 2; expected: 0, 1, 2, 3"
    ):
        read_exampleco(tmp_path / "a")
    timeless = write(tmp_path / "b" / "machine_1.csv", ["0,1,2,3", "1,2,3,4"])
    with error(f"{str(timeless)!r}: its first column is '0', expected the times of the rows"):
        read_exampleco(timeless)
    first, second = (write(tmp_path / "c" / f"machine_1.{e}", MACHINE) for e in ("csv", "csv.gz"))
    with error(f"{str(first)!r} and {str(second)!r} are both 'machine_1': keep one of them"):
        read_exampleco([second, first])
    with error(
        f"the folder {str(tmp_path)!r} has no file machine_0.csv or machine_0.csv.gz: pass another "
        "one"
    ):
        read_exampleco(tmp_path)
    with error("no file to read: pass at least one, or their folder"):
        read_exampleco([])
    with pytest.raises(ValueError, match="there is no such file"):
        read_exampleco(tmp_path / "machine_7.csv")


def test_noted_times_of_machines_are_read(tmp_path: Path) -> None:
    rows = ["machine,faulty,failed", "0,245,397", "machine_3,,111", "10,,"]
    times = read_exampleco_times(write(tmp_path / "reference.csv", rows))
    expected = pd.DataFrame(
        {
            "machine": ["machine_0", "machine_3", "machine_10"],
            "fault_time": pd.array([245, None, None], dtype="Int64"),
            "failure_time": pd.array([397, 111, None], dtype="Int64"),
        }
    )
    pd.testing.assert_frame_equal(times, expected, check_dtype=False)
    assert times["fault_time"].dtype == times["failure_time"].dtype == "Int64"


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (
            "1,-3,9",
            "column 'faulty' holds -3 (line 3), expected a row's number, counted from 0, or "
            "nothing",
        ),
        (
            "1,3,9.5",
            "column 'failed' holds 9.5 (line 3), expected a row's number, counted from 0, or "
            "nothing",
        ),
        ("1,soon,9", f"column 'faulty' holds 'soon' (line 3), {NUMBER}"),
        (
            "1,10,9",
            "a machine is faulty from row 10 on and failed before, in row 9 (line 3)",
        ),
        ("0,1,2", "machine '0' has a second row (line 3)"),
        (
            ",1,2",
            "column 'machine' has no value (line 3; rows like it: 1): fill it in or leave the row "
            "out",
        ),
    ],
)
def test_wrong_times_of_machines_are_named(tmp_path: Path, row: str, reason: str) -> None:
    path = write(tmp_path / "reference.csv", ["machine,faulty,failed", "0,245,397", row])
    with error(f"{str(path)!r}: {reason}"):
        read_exampleco_times(path)


def test_a_table_without_times_of_machines_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "reference.csv", ["machine,faulty", "0,1"])
    with error(
        f"{str(path)!r}: no column 'failed'; columns here: machine, faulty; expected: machine, "
        "faulty, failed"
    ):
        read_exampleco_times(path)


# --- SKAB ---------------------------------------------------------------------------------------

SKAB_HEADER = ";".join(["datetime", *SENSORS, "anomaly", "changepoint"])
SKAB_ROWS = [
    SKAB_HEADER,
    "2020-03-09 10:14:33;0.02;0.04;1.33;0.05;79.3;26.0;233.0;32.0;0.0;0.0",
    "2020-03-09 10:14:34;0.03;0.04;1.35;0.38;79.5;26.1;236.0;32.5;1.0;1.0",
]


def skab(folder: Path, *names: str) -> Path:
    for name in names:
        write(folder / name, SKAB_ROWS)
    return folder


def test_experiments_are_runs_with_the_state_of_each_row(tmp_path: Path) -> None:
    skab(tmp_path / "data", "other/1.csv", "valve1/10.csv.gz", "valve1/2.csv", "valve2/0.csv.gz")
    write(tmp_path / "data" / "valve1" / "notes.md", ["no experiment"])
    for folder in (tmp_path, tmp_path / "data"):
        runs = read_skab(folder)
        assert runs.ids.tolist() == ["valve1/2", "valve1/10", "valve2/0", "other/1"]
    assert dict(zip(runs.channels, runs.units, strict=True)) == SENSORS
    assert runs.arrays[2].tolist()[1] == [0.03, 0.04, 1.35, 0.38, 79.5, 26.1, 236.0, 32.5]
    assert states_of(runs) == [[0, 1]] * 4 and isinstance(states_of(runs)[0][0], int)
    assert times_of(runs)[0] == ["2020-03-09T10:14:33", "2020-03-09T10:14:34"]


def test_the_recording_without_a_fault_is_read_where_asked_for(tmp_path: Path) -> None:
    skab(tmp_path, "valve1/0.csv")
    with error(f"{str(tmp_path)!r} has no folder anomaly-free: leave out anomaly_free=True"):
        read_skab(tmp_path, anomaly_free=True)
    rows = [";".join(row.split(";")[:9]) for row in SKAB_ROWS]
    write(tmp_path / "anomaly-free" / "anomaly-free.csv", rows)
    assert read_skab(tmp_path).ids.tolist() == ["valve1/0"]
    runs = read_skab(tmp_path, anomaly_free=True)
    assert runs.ids.tolist() == ["valve1/0", "anomaly-free"]
    assert states_of(runs) == [[0, 1], [0, 0]]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (
            "2020-03-09 10:14:35;0.02;0.04",
            "column 'Current' has no value (line 4; rows like it: 1): fill it in or leave the row "
            "out",
        ),
        (
            "2020-03-09 10:14:35" + ";x" * 8 + ";0.0;0.0",
            f"column 'Accelerometer1RMS' holds 'x' (line 4), {NUMBER}",
        ),
        (
            "2020-03-09 10:14:35" + ";1" * 8 + ";2.0;0.0",
            "column 'anomaly' holds 2.0 (line 4), expected one of 0, 1",
        ),
        (
            "2020-03-09 10:14:34" + ";1" * 8 + ";0.0;0.0",
            f"column 'datetime' holds 2020-03-09T10:14:34.000000 (line 4), {BACK}",
        ),
    ],
)
def test_wrong_rows_of_an_experiment_are_named(tmp_path: Path, row: str, reason: str) -> None:
    path = write(tmp_path / "valve2" / "3.csv", [*SKAB_ROWS, row])
    with error(f"{str(path)!r}: {reason}"):
        read_skab(tmp_path)


def test_what_is_no_folder_of_experiments_is_refused(tmp_path: Path) -> None:
    with error(
        f"{str(tmp_path)!r} has none of the folders valve1, valve2, other: pass the folder data of "
        "SKAB"
    ):
        read_skab(tmp_path)
    (tmp_path / "valve1").mkdir()
    with error(
        f"the folder {str(tmp_path / 'valve1')!r} has no file such as 0.csv or 0.csv.gz: pass "
        "another one"
    ):
        read_skab(tmp_path)
    path = write(tmp_path / "valve1" / "0.csv", ["datetime;Current", "2020-03-09;1"])
    with error(
        f"{str(path)!r}: no column 'Accelerometer1RMS'; columns here: datetime, Current; expected: "
        f"datetime, {', '.join(SENSORS)}, anomaly"
    ):
        read_skab(tmp_path)


# --- Tennessee Eastman --------------------------------------------------------------------------


def plant(path: Path, n_timesteps: int, transposed: bool = False) -> Path:
    """Timestep t of channel c is t + c / 100."""
    values = np.arange(n_timesteps)[:, None] + np.arange(52) / 100
    rows = [
        "  " + "  ".join(f"{v:.7e}" for v in row) for row in (values.T if transposed else values)
    ]
    return write(path, rows)


def test_records_of_the_plant_are_runs_with_their_fault(tmp_path: Path) -> None:
    plant(tmp_path / "d00.dat", 70, transposed=True)
    plant(tmp_path / "d00_te.dat.gz", 165)
    plant(tmp_path / "d12.dat.gz", 60)
    plant(tmp_path / "d12_te.dat", 163)
    plant(tmp_path / "d02.dat", 52)
    write(tmp_path / "readme.dat", ["no record"])
    runs = read_tep(tmp_path)
    assert runs.ids.tolist() == ["d00", "d00_te", "d02", "d12", "d12_te"]
    assert runs.labels is not None and runs.labels.tolist() == [0, 0, 2, 12, 12]
    assert runs.lengths.tolist() == [70, 165, 52, 60, 163]
    for array in runs.arrays:
        np.testing.assert_allclose(array[:, 51], np.arange(len(array)) + 0.51)
    assert states_of(runs) == [
        ["normal"] * 70,
        ["normal"] * 165,
        ["fault"] * 52,
        ["fault"] * 60,
        ["normal"] * 160 + ["fault"] * 3,
    ]
    assert runs.channels[::51] == ("XMEAS(1)", "XMV(11)") and runs.channels[41] == "XMV(1)"
    assert runs.units[6] == "kPa" and runs.units[8] == "°C" and runs.units[-1] == "%"
    assert runs.times is not None and runs.times[0].tolist()[:3] == [0, 3, 6]
    assert runs.time_unit == "min"
    assert read_tep(tmp_path / "d12_te.dat").ids.tolist() == ["d12_te"]


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        (
            ["1 " * 52, "1 " * 51],
            "line 2 has 51 fields, expected 52 (41 measured and 11 set variables): the file is cut "
            "there, or of another kind",
        ),
        (
            ["1 " * 51] * 3,
            "line 1 has 51 fields and there are 3 lines, expected 52 of one of them: the file is "
            "cut, or of another kind",
        ),
        (
            ["1 " * 500] * 51 + ["1 " * 30],
            "line 52 has 30 fields, expected 500 (as in the first line): the file is cut there, or "
            "of another kind",
        ),
        (["1 " * 52, "1 " * 51 + "x"], "line 2: expected a number, found 'x'"),
    ],
)
def test_wrong_records_of_the_plant_are_named(tmp_path: Path, rows: list[str], reason: str) -> None:
    path = write(tmp_path / "d03.dat", rows)
    with error(f"{str(path)!r}: {reason}"):
        read_tep(tmp_path)


def test_what_is_no_record_of_the_plant_is_refused(tmp_path: Path) -> None:
    with error(f"the folder {str(tmp_path)!r} has no file d00.dat or d00_te.dat: pass another one"):
        read_tep(tmp_path)
    (tmp_path / "d01.dat").touch()
    with error(f"cannot read {str(tmp_path / 'd01.dat')!r}: it is empty"):
        read_tep(tmp_path)
    with error(
        f"{str(tmp_path / 'd22.dat')!r} has another name than d00.dat … d21.dat, d00_te.dat … "
        "d21_te.dat, which tell the fault: give it back its name"
    ):
        read_tep(tmp_path / "d22.dat")
    with pytest.raises(ValueError, match="there is no such file"):
        read_tep(tmp_path / "d05.dat")


# --- real files ---------------------------------------------------------------------------------


@pytest.mark.realdata
def test_real_machines_are_read_as_loops_read_them(data_dir: Path) -> None:
    folder = data_dir / "exampleco"
    runs = read_exampleco(folder)
    assert runs.shape == (20, 3000, 4)
    assert runs.ids.tolist() == [f"machine_{i}" for i in range(20)]
    for machine in (0, 10):
        rows = list(csv.reader(text_of(folder / f"machine_{machine}.csv.gz").splitlines()))[1:]
        np.testing.assert_array_equal(
            runs.arrays[machine], [[float(v) for v in row[1:]] for row in rows]
        )
        assert times_of(runs)[machine] == [row[0][:19].replace(" ", "T") for row in rows]


@pytest.mark.realdata
def test_real_machines_collapse_where_it_was_noted(data_dir: Path) -> None:
    runs = read_exampleco(data_dir / "exampleco")
    times = read_exampleco_times(data_dir / "exampleco" / "reference.csv")
    assert times["machine"].tolist() == runs.ids.tolist()[:10]
    assert times["fault_time"].isna().sum() == 2 and times["failure_time"].notna().all()
    for array, failure in zip(runs.arrays, times["failure_time"], strict=False):
        quiet = np.median(np.abs(array[failure + 5 :]))
        assert quiet < 0.2 * np.median(np.abs(array[: failure - 5]))


@pytest.mark.realdata
def test_real_experiments_are_read_as_loops_read_them(data_dir: Path) -> None:
    runs = read_skab(data_dir / "skab")
    assert len(runs) == 34 and runs.lengths.sum() == 37_401
    assert runs.ids.tolist()[:3] == ["valve1/0", "valve1/1", "valve1/2"]
    assert sum(map(sum, states_of(runs))) == 13_067
    for run in ("valve1/15", "other/9"):
        text = text_of(data_dir / "skab" / "data" / f"{run}.csv.gz")
        rows = list(csv.reader(text.splitlines(), delimiter=";"))[1:]
        i = runs.position(run)
        np.testing.assert_array_equal(runs.arrays[i], [[float(v) for v in r[1:9]] for r in rows])
        assert states_of(runs)[i] == [float(row[9]) for row in rows]
    whole = read_skab(data_dir / "skab", anomaly_free=True)
    assert whole.ids.tolist()[-1] == "anomaly-free" and whole.lengths[-1] == 9405


@pytest.mark.realdata
def test_real_records_of_the_plant_are_read_as_loops_read_them(data_dir: Path) -> None:
    folder = data_dir / "tep"
    runs = read_tep(folder)
    assert len(runs) == 44 and runs.lengths.tolist()[:4] == [500, 960, 480, 960]
    for run in ("d00", "d05_te"):
        rows = [line.split() for line in text_of(folder / f"{run}.dat.gz").splitlines()]
        values = np.array([[float(v) for v in row] for row in rows])
        expected = values.T if run == "d00" else values
        np.testing.assert_array_equal(runs.arrays[runs.position(run)], expected)
    # Both normal records are of one plant, though one is stored turned.
    normal, test = runs.arrays[0], runs.arrays[1]
    np.testing.assert_allclose(normal.mean(axis=0), test.mean(axis=0), rtol=0.1)
    assert states_of(runs)[3].count("fault") == 800
