"""`read_runs`: long and wide tables from files and DataFrames."""

import gzip
import re
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from tsad_plugin.runs import Runs
from tsad_plugin.sources import split_unit
from tsad_plugin.tables import read_runs

nan = np.nan


def error(text: str) -> Any:
    """A ValueError with exactly this text."""
    return pytest.raises(ValueError, match=f"^{re.escape(text)}$")


def warning(text: str) -> Any:
    """A UserWarning with exactly this text."""
    return pytest.warns(UserWarning, match=f"^{re.escape(text)}$")


@pytest.fixture
def runs() -> Runs:
    rng = np.random.default_rng(0)
    lengths = [4, 7, 2, 5]
    arrays = [rng.normal(size=(n, 3)) * [1, 1e-9, 1e9] for n in lengths]
    arrays[1][3, 1] = nan
    return Runs(
        arrays,
        ids=["B-2", "B-1", "b", "B-10"],
        channels=["T", "p", "pH value"],
        units=["°C", "bar", ""],
        times=[np.sort(rng.uniform(0, 100, n)) for n in lengths],
        time_unit="h",
        labels=["good", "good", "faulty", "good"],
    )


def long_frame(runs: Runs) -> pd.DataFrame:
    frame = pd.DataFrame(np.concatenate(runs.arrays), columns=list(runs.channels))
    frame.insert(0, "batch", np.repeat(runs.ids, runs.lengths))
    if runs.times is not None:
        frame.insert(1, "hours", np.concatenate(runs.times))
    if runs.labels is not None:
        frame["grade"] = np.repeat(runs.labels, runs.lengths)
    return frame


def assert_same(found: Runs, expected: Runs) -> None:
    assert repr(found) == repr(expected)
    assert (found.channels, found.units, found.time_unit) == (
        expected.channels,
        expected.units,
        expected.time_unit,
    )
    for what in ("ids", "labels"):
        np.testing.assert_array_equal(getattr(found, what), getattr(expected, what))
    for what in ("arrays", "times"):
        pairs = zip(getattr(found, what) or (), getattr(expected, what) or (), strict=True)
        for one, other in pairs:
            np.testing.assert_array_equal(one, other)
            assert one.dtype == other.dtype


def text_file(folder: Path, text: str, name: str = "runs.csv") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8", newline="")
    return path


WRITERS: dict[str, Any] = {
    "runs.csv": lambda frame, path: frame.to_csv(path, index=False),
    "RUNS.CSV": lambda frame, path: frame.to_csv(path, index=False),
    "runs.csv.gz": lambda frame, path: frame.to_csv(path, index=False),
    "runs.tsv": lambda frame, path: frame.to_csv(path, index=False, sep="\t"),
    "runs.tsv.gz": lambda frame, path: frame.to_csv(path, index=False, sep="\t"),
    "runs.txt": lambda frame, path: frame.to_csv(path, index=False, sep="\t"),
    "semicolons.csv": lambda frame, path: frame.to_csv(path, index=False, sep=";"),
    "quotes.csv": lambda frame, path: frame.to_csv(path, index=False, quoting=1),
    "byte order mark.csv": lambda frame, path: frame.to_csv(
        path, index=False, encoding="utf-8-sig"
    ),
    "windows.csv": lambda frame, path: frame.to_csv(path, index=False, lineterminator="\r\n"),
    "runs.parquet": lambda frame, path: frame.to_parquet(path),
}


# --- long tables --------------------------------------------------------------------------------

LONG: dict[str, Any] = {
    "run": "batch",
    "time": "hours",
    "label": "grade",
    "units": {"hours": "h", "T": "°C", "p": "bar"},
}


@pytest.mark.parametrize("name", WRITERS)
def test_a_long_table_comes_back_from_every_kind_of_file(
    runs: Runs, tmp_path: Path, name: str
) -> None:
    WRITERS[name](long_frame(runs), tmp_path / name)
    assert_same(read_runs(tmp_path / name, **LONG), runs)
    assert_same(read_runs(str(tmp_path / name), **LONG), runs)


def test_a_long_table_comes_back_from_a_dataframe(runs: Runs) -> None:
    frame = long_frame(runs)
    before = frame.copy()
    assert_same(read_runs(frame, **LONG), runs)
    pd.testing.assert_frame_equal(frame, before)


def test_rows_of_runs_may_be_mixed(runs: Runs) -> None:
    frame = long_frame(runs).sort_values("hours")
    found = read_runs(frame, **LONG)
    assert found.ids.tolist() == frame["batch"].drop_duplicates().tolist()
    assert_same(found[[found.ids.tolist().index(i) for i in runs.ids]], runs)


def naive(frame: pd.DataFrame) -> dict[Any, tuple[list[Any], list[Any]]]:
    """Rows and times of each run, by loops."""
    found: dict[Any, list[Any]] = {}
    for row in frame.itertuples(index=False):
        found.setdefault(row.run, []).append((row.t, [row.a, row.b]))
    return {
        run: ([values for _, values in sorted(rows)], sorted(t for t, _ in rows))
        for run, rows in found.items()
    }


@pytest.mark.parametrize("seed", range(5))
def test_a_shuffled_table_reads_as_loops_would_read_it(seed: int) -> None:
    rng = np.random.default_rng(seed)
    lengths = rng.integers(2, 20, 30)
    frame = pd.DataFrame(
        {
            "run": np.repeat(rng.permutation(30), lengths),
            "t": np.concatenate([rng.permutation(100)[:n] / 7 for n in lengths]),
            "a": rng.normal(size=lengths.sum()),
            "b": rng.integers(0, 9, lengths.sum()),
        }
    ).sample(frac=1, random_state=seed)
    with pytest.warns(UserWarning, match="have been sorted"):
        found = read_runs(frame, run="run", time="t")
    expected = naive(frame)
    assert found.ids.tolist() == list(expected)
    assert found.times is not None
    for array, times, (values, t) in zip(found.arrays, found.times, expected.values(), strict=True):
        np.testing.assert_array_equal(array, values)
        np.testing.assert_array_equal(times, t)


def test_without_a_time_rows_stay_in_order() -> None:
    frame = pd.DataFrame({"run": [7, 3, 7, 3, 7], "x": [5, 4, 3, 2, 1]})
    found = read_runs(frame, run="run")
    assert found.ids.tolist() == [7, 3] and found.times is None
    assert [a.ravel().tolist() for a in found.arrays] == [[5, 3, 1], [4, 2]]


def test_without_a_run_a_long_table_is_one_run() -> None:
    found = read_runs(pd.DataFrame({"t": [0, 1, 2], "x": [5, 6, 7]}), time="t")
    assert found.ids.tolist() == [0] and found.shape == (1, 3, 1)


def test_a_long_table_whose_ids_never_repeat_is_long_if_told_so() -> None:
    frame = pd.DataFrame({"t": [0, 1], "x": [5, 6], "y": [7, 8]})
    assert read_runs(frame, layout="long").shape == (1, 2, 3)


def test_runs_are_views_of_one_array() -> None:
    frame = pd.DataFrame({"run": [0, 0, 1, 1, 1], "x": [1.0, 2.0, 3.0, 4.0, 5.0]})
    first, second = read_runs(frame, run="run").arrays
    assert first.base is not None and first.base is second.base


def test_channels_can_be_chosen_in_any_order() -> None:
    frame = pd.DataFrame({"run": [0, 0], "a": [1, 2], "note": ["x", "y"], "b": [3, 4]})
    found = read_runs(frame, run="run", channels=["b", "a"])
    assert found.channels == ("b", "a")
    np.testing.assert_array_equal(found.arrays[0], [[3, 1], [4, 2]])
    assert read_runs(frame, run="run", channels="b").channels == ("b",)


def test_columns_with_units_that_are_no_channels_do_no_harm() -> None:
    frame = pd.DataFrame({"run": [0, 0], "a": [1, 2], "b": [3, 4]})
    assert read_runs(frame, "run", channels=["a"], units={"b": "K"}).units == ("",)
    assert read_runs(frame, "run", units={"b": "K"}).units == ("", "K")
    assert read_runs(frame, "run", units={"b": "K"}).time_unit is None


def test_truth_values_are_numbers(tmp_path: Path) -> None:
    text = "run,valve,pump\n1,True,True\n1,,False\n1,False,True\n"
    found = read_runs(text_file(tmp_path, text), run="run")
    np.testing.assert_array_equal(found.arrays[0], [[1, 1], [nan, 0], [0, 1]])


def test_float32_stays_if_all_channels_have_it() -> None:
    frame = pd.DataFrame({"run": [0, 0], "a": [1, 2], "b": [3, 4]})
    frame[["a", "b"]] = frame[["a", "b"]].astype(np.float32)
    assert read_runs(frame, run="run").arrays[0].dtype == np.float32
    assert read_runs(frame.astype({"b": float}), run="run").arrays[0].dtype == np.float64


@pytest.mark.parametrize(
    "dtype", ["Int64", "Float64", "boolean", "category", object, "double[pyarrow]"]
)
def test_columns_of_any_type_that_holds_numbers_are_channels(dtype: Any) -> None:
    frame = pd.DataFrame(
        {"run": [7, 7, 7], "x": pd.Series([1, 0, None], dtype="Int64").astype(dtype)}
    )
    np.testing.assert_array_equal(read_runs(frame, run="run").arrays[0], [[1], [0], [nan]])


def test_numbers_are_read_to_the_last_bit(tmp_path: Path) -> None:
    values = np.random.default_rng(0).normal(size=2000)
    frame = pd.DataFrame({"run": np.repeat([0, 1], 1000), "x": values})
    frame.to_csv(tmp_path / "runs.csv", index=False)
    found = read_runs(tmp_path / "runs.csv", run="run")
    np.testing.assert_array_equal(np.concatenate(found.arrays).ravel(), values)


# --- ids ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "read"),
    [
        (["1", "2"], [1, 2]),
        (["10", "-3"], [10, -3]),
        (["B-2", "B-1"], ["B-2", "B-1"]),
        (["007", "7"], ["007", "7"]),
        (["1", "2a"], ["1", "2a"]),
        (["1.0", "2.0"], ["1.0", "2.0"]),
        (["True", "False"], ["True", "False"]),
        (["2024-01-01", "2024-01-02"], ["2024-01-01", "2024-01-02"]),
        (["9" * 20, "1"], ["9" * 20, "1"]),
    ],
)
def test_ids_in_a_file_are_integers_or_text_as_written(
    tmp_path: Path, written: list[str], read: list[Any]
) -> None:
    rows = "".join(f"{i},{t},{t}\n" for i in written for t in (0, 1))
    found = read_runs(text_file(tmp_path, "run,t,x\n" + rows), run="run", time="t")
    assert found.ids.tolist() == read


@pytest.mark.parametrize(
    "ids",
    [[7, 3], ["7", "3"], [1.5, 0.5], [True, False], [pd.Timestamp(2024, 1, 1), "x"], [1, "1"]],
)
def test_ids_in_a_dataframe_stay_what_they_are(ids: list[Any]) -> None:
    frame = pd.DataFrame({"run": pd.Series(ids * 2, dtype=object), "x": [1, 2, 3, 4]})
    assert read_runs(frame, run="run").ids.tolist() == ids
    assert read_runs(frame.infer_objects(), run="run").ids.tolist() == ids


def test_ids_may_be_categories() -> None:
    frame = pd.DataFrame({"run": pd.Categorical(["b", "a", "b", "a"]), "x": [1, 2, 3, 4]})
    assert read_runs(frame, run="run").ids.tolist() == ["b", "a"]


def test_a_missing_run_id_is_an_error_that_names_the_row(tmp_path: Path) -> None:
    text = "run,t,x\nA,0,1\nA,1,2\n,0,3\nB,0,4\n,1,5\n"
    with error(
        "column 'run' has no run id (line 4; rows like it: 2): fill it in or leave the row out"
    ):
        read_runs(text_file(tmp_path, text), run="run", time="t")
    with error(
        "column 'run' has no run id (row 1; rows like it: 1): fill it in or leave the row out"
    ):
        read_runs(pd.DataFrame({"run": ["A", None, "B"], "x": [1, 2, 3]}), run="run")


# --- time ---------------------------------------------------------------------------------------


def timed(times: Any, run: Any = "A") -> pd.DataFrame:
    return pd.DataFrame({"run": run, "t": times, "x": np.arange(len(times))})


def times_of(frame: Any) -> NDArray[Any]:
    times = read_runs(frame, run="run", time="t").times
    assert times is not None
    return times[0]


def test_times_may_be_numbers() -> None:
    assert times_of(timed([1, 2, 5])).dtype == np.int64
    np.testing.assert_array_equal(times_of(timed([0.5, 1.5])), [0.5, 1.5])
    np.testing.assert_array_equal(times_of(timed(["1", "2.5"])), [1, 2.5])
    np.testing.assert_array_equal(times_of(timed(pd.array([1, 2], dtype="Int64"))), [1, 2])


@pytest.mark.parametrize(
    "times",
    [
        ["2024-01-31", "2024-01-31 08:30"],
        ["2024-01-31T00:00:00", "2024-01-31T08:30:00.000"],
        ["2024-01-31T01:00+01:00", "2024-01-31T08:30Z"],
        pd.to_datetime(["2024-01-31 00:00", "2024-01-31 08:30"]),
        pd.to_datetime(["2024-01-31 01:00", "2024-01-31 09:30"]).tz_localize("Europe/Berlin"),
        [pd.Timestamp(2024, 1, 31), pd.Timestamp(2024, 1, 31, 8, 30).to_pydatetime()],
    ],
)
def test_times_may_be_dates(times: Any, tmp_path: Path) -> None:
    expected = np.array(["2024-01-31T00:00", "2024-01-31T08:30"], dtype="M8[m]")
    for source in (timed(times), tmp_path / "runs.csv", tmp_path / "runs.parquet"):
        timed(times).to_csv(tmp_path / "runs.csv", index=False)
        timed(times).to_parquet(tmp_path / "runs.parquet")
        found = times_of(source)
        assert found.dtype.kind == "M"
        np.testing.assert_array_equal(found, expected)


def test_times_may_be_time_spans() -> None:
    found = times_of(timed(pd.to_timedelta([1, 2], unit="h")))
    np.testing.assert_array_equal(found, np.array([1, 2], dtype="m8[h]"))


@pytest.mark.parametrize(
    ("times", "text"),
    [
        (
            ["1", "2", "x"],
            "column 't' holds 'x' (line 4): a time is a number or a date such as 2024-01-31 08:30",
        ),
        (
            ["2024-01-31", "soon", "later"],
            "column 't' holds 'soon' (line 3): a time is a number or a date such as "
            "2024-01-31 08:30",
        ),
        (
            ["31/01/2024 08:30", "31/01/2024 08:31"],
            "column 't' holds '31/01/2024 08:30' (line 2): a time is a number or a date such as "
            "2024-01-31 08:30",
        ),
        (
            ["1", "", "3", ""],
            "column 't' has no time (line 3; rows like it: 2): fill it in or leave the row out",
        ),
    ],
)
def test_what_is_no_time_is_named(tmp_path: Path, times: list[str], text: str) -> None:
    rows = "".join(f"A,{t},1\n" for t in times)
    with error(text):
        read_runs(text_file(tmp_path, "run,t,x\n" + rows), run="run", time="t")


def test_unsorted_time_is_sorted_with_a_warning() -> None:
    frame = pd.DataFrame(
        {
            "run": ["A", "A", "B", "B", "B", "C", "C"],
            "t": [0, 1, 2, 0, 1, 5, 4],
            "x": [10, 11, 22, 20, 21, 35, 34],
        }
    )
    with warning(
        "the rows of 2 of 3 runs were not in the order of 't' and have been sorted; the first is "
        "run 'B'"
    ):
        found = read_runs(frame, run="run", time="t")
    assert [a.ravel().tolist() for a in found.arrays] == [[10, 11], [20, 21, 22], [34, 35]]
    assert found.times is not None
    assert [t.tolist() for t in found.times] == [[0, 1], [0, 1, 2], [4, 5]]


def test_two_rows_with_the_same_run_and_time_are_an_error(tmp_path: Path) -> None:
    text = "run,t,x\nA,0,1\nA,1,2\nB,0,3\nB,1.5,4\nB,1.5,5\nC,0,6\nB,1.5,7\n"
    with error(
        "run 'B' has a second row with 't' 1.5 (line 6; rows like it: 2): keep one row per run and "
        "time"
    ):
        read_runs(text_file(tmp_path, text), run="run", time="t")


def test_equal_dates_are_named_as_dates() -> None:
    with error(
        "run 7 has a second row with 't' 2024-01-31 08:30:00 (row 1; rows like it: 1): keep one "
        "row per run and time"
    ):
        read_runs(timed(["2024-01-31 08:30"] * 2, run=7), run="run", time="t")


def test_equal_times_are_found_in_unsorted_rows() -> None:
    with (
        pytest.warns(UserWarning, match="have been sorted"),
        error(
            "run 'A' has a second row with 't' 1 (row 2; rows like it: 1): keep one row per run "
            "and time"
        ),
    ):
        read_runs(timed([1, 0, 1]), run="run", time="t")


def test_different_runs_may_have_the_same_times() -> None:
    assert len(read_runs(timed([0, 0, 1, 1], run=["A", "B", "A", "B"]), "run", "t")) == 2
    assert len(read_runs(timed([0, 1, 1, 2], run=["A", "A", "B", "B"]), "run", "t")) == 2


# --- labels -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        ([0, 0, 1, 1], [0, 1]),
        ([True, True, False, False], [True, False]),
        (["good", "good", "bad", "bad"], ["good", "bad"]),
        ([0.5, 0.5, nan, nan], [0.5, nan]),
        (["good", "good", None, None], ["good", None]),
        (pd.array([1, 1, 0, 0], dtype="Int64"), [1, 0]),
        (pd.Categorical(["good", "good", "bad", "bad"]), ["good", "bad"]),
    ],
)
def test_the_label_of_a_run_is_that_of_its_rows(labels: Any, expected: list[Any]) -> None:
    frame = pd.DataFrame({"run": list("BBAA"), "x": [1, 2, 3, 4], "grade": labels})
    found = read_runs(frame, run="run", label="grade").labels
    np.testing.assert_array_equal(found, np.array(expected))


@pytest.mark.parametrize(
    ("labels", "found"),
    [
        (["good", "good", "bad", "good"], "2 labels in column 'grade' ('bad', 'good')"),
        ([0, 0, 1, 2], "2 labels in column 'grade' (1, 2)"),
        ([0, 0, 1, nan], "2 labels in column 'grade' (1.0, nan)"),
    ],
)
def test_two_labels_in_a_run_are_an_error(labels: list[Any], found: str) -> None:
    frame = pd.DataFrame({"run": list("BBAA"), "x": [1, 2, 3, 4], "grade": labels})
    with error(f"run 'A' has {found}: a label holds for a whole run"):
        read_runs(frame, run="run", label="grade")


# --- which columns are channels -----------------------------------------------------------------


def test_text_columns_are_left_out_with_a_warning(tmp_path: Path) -> None:
    text = "run,site,x,operator\nA,north,1,Li\nA,north,2,\nA,south,3,Ng\n"
    with warning(
        "left out of the channels: 'site' (text), 'operator' (text); channels= names the columns "
        "to take"
    ):
        found = read_runs(text_file(tmp_path, text), run="run")
    assert found.channels == ("x",)


def test_an_index_written_to_a_file_is_left_out_with_a_warning(tmp_path: Path) -> None:
    pd.DataFrame({"run": ["A", "A"], "x": [1, 2]}).to_csv(tmp_path / "runs.csv")
    with warning(
        "left out of the channels: 'Unnamed: 0' (no name in the header); channels= names the "
        "columns to take"
    ):
        found = read_runs(tmp_path / "runs.csv", run="run")
    assert found.channels == ("x",)
    assert read_runs(tmp_path / "runs.csv", "run", channels=["Unnamed: 0"]).n_channels == 1


def test_dates_are_left_out_with_a_warning() -> None:
    frame = pd.DataFrame({"run": ["A", "A"], "x": [1, 2], "when": pd.to_datetime(["2024"] * 2)})
    with warning(
        f"left out of the channels: 'when' ({frame['when'].dtype}); channels= names the columns "
        "to take"
    ):
        assert read_runs(frame, run="run").channels == ("x",)


def test_warnings_point_to_the_caller() -> None:
    wide = pd.DataFrame(np.random.default_rng(0).normal(size=(9, 2)) * [1, 1000])
    long = pd.DataFrame({"run": "A", "t": [1, 0], "x": [1, 2], "note": "x"})
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        read_runs(wide)
        read_runs(long, run="run", time="t")
    assert [Path(w.filename) for w in caught] == [Path(__file__)] * 3


@pytest.mark.parametrize(
    ("cells", "found"),
    [
        (["1", "2", "Bad", "4", "Bad"], "'Bad' (line 4)"),
        (["1,5", "2,5"], "'1,5' (line 2)"),
        (["", "", "x", "1"], "'x' (line 4)"),
    ],
)
def test_numbers_mixed_with_text_are_an_error(tmp_path: Path, cells: list[str], found: str) -> None:
    path = text_file(tmp_path, "run;x\n" + "".join(f"A;{cell}\n" for cell in cells))
    for channels in (None, ["x"]):
        with error(
            f"column 'x' holds {found}, which is no number: write numbers with a decimal point, "
            "empty the cell where nothing was measured, or leave the column out"
        ):
            read_runs(path, run="run", channels=channels)


def test_text_far_down_a_long_file_is_found(tmp_path: Path) -> None:
    names = ",".join(f"c{c}" for c in range(62))  # pandas reads a file as wide as this in parts
    rows = ("7,1.25" + ",1" * 62 + "\n") * 40_000
    path = text_file(tmp_path, f"run,x,{names}\n{rows}7,Bad\n")
    with error(
        "column 'x' holds 'Bad' (line 40002), which is no number: write numbers with a decimal "
        "point, empty the cell where nothing was measured, or leave the column out"
    ):
        read_runs(path, run="run")


def test_text_that_is_asked_for_as_a_channel_is_an_error() -> None:
    frame = pd.DataFrame({"run": ["A", "A"], "x": [1, 2], "note": [None, "x"]})
    with error(
        "column 'note' holds 'x' (row 1), which is no number: write numbers with a decimal point, "
        "empty the cell where nothing was measured, or leave the column out"
    ):
        read_runs(frame, run="run", channels=["x", "note"])


def test_lines_are_counted_as_an_editor_counts_them(tmp_path: Path) -> None:
    text = '\nrun,note,x\n\nA,"two\nlines",1\n   \nA,,2\n,,\nA,,bad\n'
    with error(
        "column 'run' has no run id (line 8; rows like it: 1): fill it in or leave the row out"
    ):
        read_runs(text_file(tmp_path, text), run="run", channels=["x"])
    packed = tmp_path / "runs.csv.gz"
    packed.write_bytes(gzip.compress(text.replace(",,\n", "A,,\n", 1).encode()))
    with error(
        "column 'x' holds 'bad' (line 9), which is no number: write numbers with a decimal point, "
        "empty the cell where nothing was measured, or leave the column out"
    ):
        read_runs(packed, run="run", channels=["x"])


@pytest.mark.parametrize(
    ("keywords", "text"),
    [
        (
            {"run": "batch"},
            "no column 'batch'; columns here: Batch ID, time_h, T,  p, x1, x2, … (8 in all); did "
            "you mean 'Batch ID'?",
        ),
        (
            {"run": "Batch ID", "time": "time"},
            "no column 'time'; columns here: Batch ID, time_h, T,  p, x1, x2, … (8 in all); did "
            "you mean 'time_h'?",
        ),
        (
            {"channels": ["T", "p"]},
            "no column 'p'; columns here: Batch ID, time_h, T,  p, x1, x2, … (8 in all); did you "
            "mean ' p'?",
        ),
        (
            {"label": "quality"},
            "no column 'quality'; columns here: Batch ID, time_h, T,  p, x1, x2, … (8 in all)",
        ),
        (
            {"units": {"t": "°C"}},
            "no column 't'; columns here: Batch ID, time_h, T,  p, x1, x2, … (8 in all); did you "
            "mean 'T'?",
        ),
    ],
)
def test_a_missing_column_is_named_with_those_there_are(
    keywords: dict[str, Any], text: str
) -> None:
    columns = ["Batch ID", "time_h", "T", " p", "x1", "x2", "x3", "x4"]
    with error(text):
        read_runs(pd.DataFrame(np.ones((3, 8)), columns=columns), **keywords)


@pytest.mark.parametrize(
    "keywords",
    [
        {"run": "a", "time": "a"},
        {"run": "a", "label": "a"},
        {"run": "a", "channels": ["a", "b"]},
        {"channels": ["b", "a", "a"]},
    ],
)
def test_a_column_has_one_role(keywords: dict[str, Any]) -> None:
    with error(
        "column 'a' is named twice: run, time, label and each channel are columns of their own"
    ):
        read_runs(pd.DataFrame({"a": [1, 2], "b": [3, 4]}), **keywords)


def test_a_table_without_channels_is_an_error() -> None:
    frame = pd.DataFrame({"run": [1, 1], "t": [0, 1]})
    for channels in (None, []):
        with error("no channels: name at least one column of numbers in channels="):
            read_runs(frame, run="run", time="t", channels=channels)


def test_errors_of_runs_name_run_and_channel() -> None:
    frame = pd.DataFrame({"run": list("AABB"), "x": [1, 2, 3, 4], "p": [1, 2, nan, nan]})
    with error("run 'B', channel 'p' holds only NaN: leave out that run or that channel"):
        read_runs(frame, run="run")


# --- wide tables --------------------------------------------------------------------------------


@pytest.fixture
def wide() -> Runs:
    rng = np.random.default_rng(0)
    arrays = [rng.normal(size=n) for n in (5, 3, 6)]
    arrays[0][2] = nan
    return Runs(arrays, ids=["c", "a", "b"], labels=[1, 0, 1])


def wide_frame(runs: Runs) -> pd.DataFrame:
    frame = pd.DataFrame(np.asarray(runs)[:, :, 0])
    frame.columns = [f"t{c}" for c in frame.columns]
    frame.insert(0, "beat", runs.ids)
    frame.insert(3, "class", runs.labels)
    return frame


@pytest.mark.parametrize("name", WRITERS)
def test_a_wide_table_comes_back_from_every_kind_of_file(
    wide: Runs, tmp_path: Path, name: str
) -> None:
    WRITERS[name](wide_frame(wide), tmp_path / name)
    assert_same(read_runs(tmp_path / name, run="beat", label="class"), wide)


def test_a_wide_table_comes_back_from_a_dataframe(wide: Runs) -> None:
    assert_same(read_runs(wide_frame(wide), run="beat", label="class"), wide)


def test_a_wide_table_needs_no_ids(wide: Runs) -> None:
    found = read_runs(wide_frame(wide).drop(columns=["beat", "class"]))
    assert found.ids.tolist() == [0, 1, 2] and found.labels is None
    assert found.lengths.tolist() == [5, 3, 6]


def test_a_wide_table_may_have_short_lines(tmp_path: Path) -> None:
    found = read_runs(text_file(tmp_path, "id,0,1,2\n7,1,2,3\n8,4,5\n"), run="id")
    assert found.ids.tolist() == [7, 8] and found.lengths.tolist() == [3, 2]


def test_timesteps_can_be_chosen() -> None:
    frame = pd.DataFrame(np.arange(8.0).reshape(2, 4))
    np.testing.assert_array_equal(read_runs(frame, channels=[1, 2])[1].arrays[0], [[5], [6]])


def test_text_in_a_wide_table_is_left_out_with_a_warning() -> None:
    frame = pd.DataFrame({"note": ["x", "y"], "t0": [1, 2], "t1": [3, 4]})
    with warning("left out of the channels: 'note' (text); channels= names the columns to take"):
        assert read_runs(frame).shape == (2, 2, 1)


def test_a_long_table_that_is_taken_for_a_wide_one_draws_a_warning() -> None:
    frame = pd.DataFrame(np.random.default_rng(0).normal(size=(20, 2)) * [1, 1000])
    with warning(
        "the table was read as wide, one row per run, but its columns differ in scale like "
        "different channels: for one row per run and timestep pass run= and time= or "
        "layout='long', for one row per run layout='wide'"
    ):
        assert read_runs(frame).shape == (20, 2, 1)
    assert read_runs(frame, layout="wide").shape == (20, 2, 1)
    assert read_runs(frame, layout="long").shape == (1, 20, 2)


def test_an_id_twice_in_a_wide_table_is_an_error() -> None:
    frame = pd.DataFrame({"run": ["A", "B", "A"], "t0": [1, 2, 3], "t1": [4, 5, 6]})
    with error(
        "run 'A' has a second row (row 2), but a wide table has one row per run: for one row per "
        "run and timestep pass layout='long'"
    ):
        read_runs(frame, run="run", layout="wide")


@pytest.mark.parametrize(
    ("keywords", "text"),
    [
        ({"layout": "tall"}, "layout must be 'auto', 'long' or 'wide', got 'tall'"),
        (
            {"layout": "wide", "time": "a"},
            "a wide table has no column of times, got time='a': leave it out, or pass "
            "layout='long' for one row per run and timestep",
        ),
        (
            {"units": {"a": "K"}},
            "units are for the columns of a long table, and this one is read as wide",
        ),
    ],
)
def test_what_does_not_fit_the_layout_is_named(keywords: dict[str, Any], text: str) -> None:
    with error(text):
        read_runs(pd.DataFrame({"a": [1, 2], "b": [3, 4]}), **keywords)


# --- files that cannot be read ------------------------------------------------------------------


def parquet_bytes(folder: Path) -> bytes:
    pd.DataFrame({"x": [1, 2]}).to_parquet(folder / "whole")
    return (folder / "whole").read_bytes()


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("runs.csv", None, "there is no such file: check the name and the folder"),
        ("runs.csv.gz", None, "there is no such file: check the name and the folder"),
        ("runs.parquet", None, "there is no such file: check the name and the folder"),
        ("runs.csv", b"", "it is empty: it needs a header and rows"),
        ("runs.csv", b" \n\n", "it is empty: it needs a header and rows"),
        ("runs.csv.gz", gzip.compress(b"", mtime=0), "it is empty: it needs a header and rows"),
        (
            "runs.csv",
            b"PK\x03\x04\x00\x00binary",
            "it holds binary data or UTF-16: save it as text in UTF-8",
        ),
        (
            "runs.csv",
            "run,x\nA,1\n".encode("utf-16"),
            "it holds binary data or UTF-16: save it as text in UTF-8",
        ),
        (
            "runs.csv",
            "run,T in °C\nA,1\n".encode("latin-1"),
            "it is not text in UTF-8: save it as such",
        ),
        (
            "runs.csv.gz",
            b"run,x\nA,1\n",
            "it is no whole gzip file: pack it again, or drop .gz from the name of plain text",
        ),
        (
            "runs.csv.gz",
            gzip.compress(b"run,x\n" + b"A,1\n" * 999, mtime=0)[:-20],
            "it is no whole gzip file: pack it again, or drop .gz from the name of plain text",
        ),
        (
            "runs.csv.gz",
            gzip.compress(b"run,x\nA,1\n", mtime=0)[:10] + b"\xff" * 30,
            "it is no whole gzip file: pack it again, or drop .gz from the name of plain text",
        ),
        (
            "runs.csv",
            b"run,x\nA,1\nA,2,3\n",
            "Expected 2 fields in line 3, saw 3: check the separators and quotes there",
        ),
        (
            "runs.csv",
            b'run,x\nA,"1\nA,2\n',
            "EOF inside string starting at row 1: check the separators and quotes there",
        ),
        (
            "runs.csv",
            b"run,x\nA,1,2\nA,3,4\n",
            "its rows have more cells than its header: name every column",
        ),
        ("runs.parquet", b"", "it is no whole Parquet file: write it again"),
        ("runs.parquet", b"run,x\nA,1\n", "it is no whole Parquet file: write it again"),
        (
            "runs.pkl",
            b"run,x\nA,1\n",
            "its name ends in '.pkl': pass .csv, .tsv or .txt (also with .gz), .parquet, or a "
            "DataFrame",
        ),
        (
            "runs.xlsx",
            None,
            "its name ends in '.xlsx': pass .csv, .tsv or .txt (also with .gz), .parquet, or a "
            "DataFrame",
        ),
        (
            "runs",
            b"run,x\nA,1\n",
            "its name ends in '': pass .csv, .tsv or .txt (also with .gz), .parquet, or a "
            "DataFrame",
        ),
    ],
)
def test_an_unreadable_file_is_named_with_the_reason(
    tmp_path: Path, name: str, content: bytes | None, reason: str
) -> None:
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    with error(f"cannot read '{path}': {reason}"):
        read_runs(path, run="run")


def test_a_parquet_file_that_was_cut_off_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "runs.parquet"
    path.write_bytes(parquet_bytes(tmp_path)[:-10])
    with error(f"cannot read '{path}': it is no whole Parquet file: write it again"):
        read_runs(path)


@pytest.mark.parametrize("name", ["runs.csv", "runs.parquet"])
def test_a_folder_is_no_file(tmp_path: Path, name: str) -> None:
    (tmp_path / name).mkdir()
    with error(f"cannot read '{tmp_path / name}': it is a folder: pass a file"):
        read_runs(tmp_path / name)


def test_a_table_without_rows_is_an_error(tmp_path: Path) -> None:
    path = text_file(tmp_path, "run,x\n")
    with error(f"'{path}' has no rows: it needs at least one"):
        read_runs(path, run="run")
    with error("the DataFrame has no rows: it needs at least one"):
        read_runs(pd.DataFrame({"run": [], "x": []}), run="run")


def test_two_columns_of_one_name_are_an_error() -> None:
    with error("the DataFrame has two columns 'x': column names must be unique"):
        read_runs(pd.DataFrame(np.ones((2, 3)), columns=["run", "x", "x"]), run="run")


@pytest.mark.parametrize("source", [np.ones((3, 4)), [1, 2], None, {"x": [1]}])
def test_anything_but_a_path_or_a_dataframe_is_an_error(source: Any) -> None:
    with error(
        f"source must be a path or a DataFrame, got {type(source).__name__}: for arrays there is "
        "as_runs"
    ):
        read_runs(source)


@pytest.mark.parametrize(
    "text",
    [
        'run;"T, in °C";p\nA;1.5;2\nA;2.5;3\n',
        "run;T, in °C;p, in bar\nA;1.5;2\nA;2.5;3\n",
        "run\tT, in °C\tp;q\nA\t1.5\t2\nA\t2.5\t3\n",
        'run,"T; a; b",p\nA,1.5,2\nA,2.5,3\n',
        "run,T,p\nA,1.5,2\nA,2.5,3",
        "run;T;p\nA;1.5;2;\nA;2.5;3;\n",
        "run;T;p, in bar\nA;1.5;2\nA;2.5;3\nB\nB;1;2",
    ],
)
def test_the_separator_is_the_one_that_every_line_has(tmp_path: Path, text: str) -> None:
    found = read_runs(text_file(tmp_path, text), run="run")
    np.testing.assert_array_equal(found.arrays[0], [[1.5, 2], [2.5, 3]])


def test_separators_in_quotes_are_none(tmp_path: Path) -> None:
    text = '"run; id; of; batch",T,p\n"A;B;C;D;E",1.5,2\n"A;B;C;D;E",2.5,3\n'
    found = read_runs(text_file(tmp_path, text), run="run; id; of; batch")
    assert found.ids.tolist() == ["A;B;C;D;E"] and found.channels == ("T", "p")


def test_the_separator_of_a_tsv_file_is_the_tab(tmp_path: Path) -> None:
    path = text_file(tmp_path, "a, b, c\trun\n1\tA\n2\tA\n", "runs.tsv")
    assert read_runs(path, run="run").channels == ("a, b, c",)


def test_a_file_of_one_column_is_one_run(tmp_path: Path) -> None:
    path = text_file(tmp_path, "x\n1\n2\n3\n")
    assert read_runs(path, layout="long").shape == (1, 3, 1)


def test_a_header_longer_than_the_sample_is_read(tmp_path: Path) -> None:
    names = [f"a long name of a timestep {c};" for c in range(5000)]
    text = ",".join(["run", *names]) + "\n" + ",".join(["A", *["1"] * 5000]) + "\n"
    assert read_runs(text_file(tmp_path, text), run="run").shape == (1, 5000, 1)


# --- real files ---------------------------------------------------------------------------------


@pytest.mark.realdata
def test_the_nylon_batches_are_read(data_dir: Path) -> None:
    runs = read_runs(data_dir / "nylon_dryer" / "nylon.csv.gz", run="batch_id")
    assert runs.ids.tolist() == list(range(1, 58)) and runs.n_channels == 10
    assert runs.lengths.sum() == 6641
    assert (runs.lengths.min(), runs.lengths.max()) == (113, 135)
    assert runs.lengths.mean() == pytest.approx(116.5, abs=0.05)
    assert np.isfinite(np.concatenate(runs.arrays)).all()


@pytest.mark.realdata
def test_the_dryer_batches_are_read(data_dir: Path) -> None:
    path = data_dir / "nylon_dryer" / "dryer.csv.gz"
    runs = read_runs(path, run="batch_id", time="ClockTime", units={"DryerTemp": "°C"})
    assert runs.ids.tolist() == list(range(1, 72)) and runs.n_channels == 10
    assert runs.lengths.sum() == 9220
    assert (runs.lengths.min(), runs.lengths.max()) == (89, 201)
    assert runs.lengths.mean() == pytest.approx(129.9, abs=0.05)
    assert runs.channels[-1] == "DryerTemp" and runs.units[-1] == "°C"


@pytest.mark.realdata
def test_the_penicillin_batches_are_read(data_dir: Path) -> None:
    path = data_dir / "indpensim" / "kaggle_subset_batches_1-10.csv.gz"
    runs = read_runs(path, run="batch_id", time="Time (h)", units={"Time (h)": "h"})
    assert runs.ids.tolist() == list(range(1, 11))
    assert runs.n_channels == 32  # 34 columns, less run and time
    assert runs.lengths.sum() == 11585
    assert (runs.lengths.min(), runs.lengths.max()) == (895, 1390)
    assert runs.times is not None and runs.time_unit == "h"
    for times in runs.times:
        np.testing.assert_allclose(np.diff(times), 0.2)


@pytest.mark.parametrize("name", ["NA", "None", "nan", "null"])
def test_a_word_for_missing_is_a_run_id_as_any_other(tmp_path: Path, name: str) -> None:
    path = tmp_path / "runs.csv"
    path.write_text(f"run,t,a\n{name},0,1\n{name},1,2\nB,0,1\nB,1,3\n", encoding="utf-8")
    assert read_runs(path, run="run", time="t").ids.tolist() == [name, "B"]


def test_spaces_around_a_run_id_do_not_make_another_run(tmp_path: Path) -> None:
    path = tmp_path / "runs.csv"
    path.write_text("run,t,a\nA,0,1\nA ,1,2\n B,0,1\nB,1,3\n", encoding="utf-8")
    assert read_runs(path, run="run", time="t").ids.tolist() == ["A", "B"]


def test_units_stand_in_the_header() -> None:
    table = pd.DataFrame(
        {"b": [1, 1, 2, 2], "t_h": [0, 1, 0, 1], "T [°C]": [1.0, 2, 3, 4], "pH": [5.0, 6, 7, 8]}
    )
    runs = read_runs(table, "b", "t_h", units="header")
    assert (runs.channels, runs.units, runs.time_unit) == (("T", "pH"), ("°C", ""), "h")
    one = read_runs(table, "b", "t_h", channels=["T [°C]"], units="header")
    assert (one.channels, one.units) == (("T",), ("°C",))
    plain = read_runs(table, "b", "t_h")
    assert (plain.channels, plain.units, plain.time_unit) == (("T [°C]", "pH"), ("", ""), None)


@pytest.mark.parametrize(
    ("name", "channel", "unit"),
    [
        ("T [°C]", "T", "°C"),
        ("T[ K ]", "T", "K"),
        ("[°C]", "[°C]", ""),
        ("a [b] c", "a [b] c", ""),
        ("x []", "x", ""),
        (7, "7", ""),
    ],
)
def test_a_unit_is_what_stands_in_brackets_at_the_end(
    name: object, channel: str, unit: str
) -> None:
    assert split_unit(name) == (channel, unit)


def test_two_columns_of_one_name_and_other_units_are_refused() -> None:
    table = pd.DataFrame({"b": [1, 1], "T [K]": [1.0, 2], "T [°C]": [1.0, 2]})
    with pytest.raises(ValueError, match="channel 'T' stands twice"):
        read_runs(table, "b", layout="long", units="header")
