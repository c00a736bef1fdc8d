"""`read_ucr` and `load_ucr`: the formats of the UCR and UEA archives, and what they refuse."""

import doctest
import gzip
import importlib
import re
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tsad_plugin.datasets import load_ucr, read_ucr
from tsad_plugin.runs import Runs

nan = np.nan


def error(text: str) -> Any:
    """A ValueError with exactly this text."""
    return pytest.raises(ValueError, match=f"^{re.escape(text)}$")


def write(path: Path, text: str) -> Path:
    data = text.encode()
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
    return path


def labels_of(runs: Runs) -> list[Any]:
    assert runs.labels is not None
    return runs.labels.tolist()


def lines_of(path: Path) -> list[str]:
    return gzip.decompress(path.read_bytes()).decode().splitlines()


# --- .ts ----------------------------------------------------------------------------------------

HEADER = """# about the set: 1,2,3
@problemName Toy
@timeStamps false
@missing true
@univariate {univariate}
{more}@classLabel true {classes}
@data
"""


def ts(
    tmp_path: Path,
    rows: str,
    classes: str = "1 2",
    univariate: str = "true",
    more: str = "",
    name: str = "Toy_TRAIN.ts",
) -> Path:
    header = HEADER.format(classes=classes, univariate=univariate, more=more)
    return write(tmp_path / name, header + rows)


@pytest.mark.parametrize("name", ["Toy.ts", "TOY.TS", "Toy.ts.gz"])
def test_a_ts_file_of_unequal_runs_is_read(tmp_path: Path, name: str) -> None:
    runs = read_ucr(ts(tmp_path, "1,2,3:2\n4.5,-1e-3:1\n", name=name))
    assert [a.tolist() for a in runs.arrays] == [[[1], [2], [3]], [[4.5], [-0.001]]]
    assert labels_of(runs) == [2, 1] and isinstance(labels_of(runs)[0], int)
    assert runs.ids.tolist() == [0, 1] and runs.channels == ("channel_0",) and runs.times is None


def test_channels_of_a_ts_file_are_columns(tmp_path: Path) -> None:
    path = ts(tmp_path, "1,2,3:4,5,6:1\n7,8:9,10:2\n", univariate="false", more="@dimensions 2\n")
    assert [a.tolist() for a in read_ucr(path).arrays] == [
        [[1, 4], [2, 5], [3, 6]],
        [[7, 9], [8, 10]],
    ]


def test_runs_of_equal_length_are_one_array(tmp_path: Path) -> None:
    more = "@equalLength true\n@seriesLength 2\n"
    runs = read_ucr(ts(tmp_path, "1,2:1\n3,4:2\n", more=more))
    assert runs.dense is not None and runs.dense.tolist() == [[[1], [2]], [[3], [4]]]


def test_a_question_mark_is_a_gap_wherever_it_stands(tmp_path: Path) -> None:
    runs = read_ucr(ts(tmp_path, "?,2,?,4,?:1\n1, ? ,NaN,2:2\n"))
    np.testing.assert_array_equal(runs.arrays[0][:, 0], [nan, 2, nan, 4, nan])
    np.testing.assert_array_equal(runs.arrays[1][:, 0], [1, nan, nan, 2])


@pytest.mark.parametrize(
    ("classes", "labels"),
    [
        ("1 2", [2, 1]),
        ("-1 1", [1, -1]),
        ("1.0 2.0", [2, 1]),
        ("normal 2", ["2", "normal"]),
        ("1.5 2", ["2", "1.5"]),
        ("1_0 2", ["2", "1_0"]),
        ("nan inf", ["inf", "nan"]),
    ],
)
def test_labels_are_integers_where_all_are_whole_numbers(
    tmp_path: Path, classes: str, labels: list[Any]
) -> None:
    first, second = classes.split()
    found = read_ucr(ts(tmp_path, f"1,2:{second}\n3,4:{first}\n", classes=classes))
    assert labels_of(found) == labels


def test_a_ts_file_may_have_no_labels_or_a_target(tmp_path: Path) -> None:
    none = write(tmp_path / "a.ts", "@classLabel false\n@data\n1,2\n3,4\n")
    assert read_ucr(none).labels is None
    target = write(tmp_path / "b.ts", "@targetLabel true\n@data\n1,2:0.5\n3,4:7\n")
    assert labels_of(read_ucr(target)) == [0.5, 7.0]


@pytest.mark.parametrize(
    ("rows", "text"),
    [
        (
            "1,2,3:1\n4,5,6\n",
            "line 9 ends in '4,5,6', expected one of the header's classes (1, 2): the file may be "
            "cut there",
        ),
        (
            "1,2,3:3\n",
            "line 8 ends in '3', expected one of the header's classes (1, 2): the file may be cut "
            "there",
        ),
        ("1,x,3:1\n", "line 8: expected a number, found 'x'"),
        ("1,,3:1\n", "line 8: expected a number, found ''"),
        ("1\n", "line 8 holds no values, expected them before a ':' and the label"),
        ("1,2:3,4:1\n", "line 8 has 2 channels, expected 1"),
        ("1,2:3:1\n", "line 8 has channels of 1 to 2 values, expected as many in each"),
        ("", "no run after @data: the file is cut there"),
        (
            "?,?:1\n",
            "run 0, channel 'channel_0' holds only NaN: leave out that run or that channel",
        ),
    ],
)
def test_wrong_lines_of_a_ts_file_are_named(tmp_path: Path, rows: str, text: str) -> None:
    path = ts(tmp_path, rows)
    with error(f"{str(path)!r}: {text}"):
        read_ucr(path)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("@problemName x\n1,2:1\n", "no line @data: it is no whole .ts file"),
        ("1,2:1\n@data\n", "line 1: expected @…, # or @data, found '1,2:1'"),
        (
            "@timeStamps true\n@data\n(0,1),(1,2):1\n",
            "its values have times of their own (@timeStamps true): not read here",
        ),
        ("@dimensions 3\n@data\n1,2:3,4\n", "line 3 has 2 channels, expected 3"),
        ("@dimensions\n@data\n1,2:3,4\n1,2\n", "line 4 has 1 channel, expected 2"),
        (
            "@equalLength true\n@data\n1,2,3\n1,2\n",
            "line 4 has 2 timesteps, expected 3, as in the first run (@equalLength true): the file "
            "may be cut there",
        ),
        ("@targetLabel true\n@data\n1,2:high\n", "line 3: expected a number, found 'high'"),
    ],
)
def test_wrong_headers_of_a_ts_file_are_refused(tmp_path: Path, text: str, reason: str) -> None:
    path = write(tmp_path / "a.ts", text)
    with error(f"{str(path)!r}: {reason}"):
        read_ucr(path)


# --- .tsv and .txt ------------------------------------------------------------------------------


@pytest.mark.parametrize("separator", ["\t", ",", "  "])
@pytest.mark.parametrize("name", ["Toy.tsv", "Toy.txt", "Toy.tsv.gz", "Toy.txt.gz"])
def test_a_table_has_its_class_first_and_padding_last(
    tmp_path: Path, name: str, separator: str
) -> None:
    rows = [["1", "0.5", "NaN", "2", "NaN"], ["2", "1", "2", "3", "4"]]
    path = write(tmp_path / name, "\r\n".join(separator.join(row) for row in rows))
    runs = read_ucr(path)
    assert runs.lengths.tolist() == [3, 4]
    np.testing.assert_array_equal(runs.arrays[0][:, 0], [0.5, nan, 2])
    assert labels_of(runs) == [1, 2]


def test_classes_of_a_table_may_be_floats_or_text(tmp_path: Path) -> None:
    floats = write(tmp_path / "a.txt", "  1.0000000e+00  1 2\n -1.0000000e+00  3 4\n")
    assert labels_of(read_ucr(floats)) == [1, -1]
    text = write(tmp_path / "b.tsv", "good\t1\t2\n1\t3\t4\n")
    assert labels_of(read_ucr(text)) == ["good", "1"]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (
            "1\t2\t3\n\n1\t2\n",
            "line 3 has 1 field, expected 2 (values behind the class, as in the first line): the "
            "file is cut there, or of another kind",
        ),
        ("1\t2\t3\n2\t3\tx\n", "line 2: expected a number, found 'x'"),
        (
            "1\n2\n",
            "line 1 has 1 field, expected a class and at least 2 values, separated by tabs, commas "
            "or blanks",
        ),
        ("1\t2\tNaN\n1\t2\t3\n", "run 0 has 1 timestep: a run needs at least 2 (leave it out, or "
         "pass rows with n_channels='all')"),
    ],
)  # fmt: skip
def test_wrong_tables_are_refused(tmp_path: Path, text: str, reason: str) -> None:
    path = write(tmp_path / "a.tsv", text)
    with error(f"{str(path)!r}: {reason}"):
        read_ucr(path)


# --- any file -----------------------------------------------------------------------------------


def test_files_that_cannot_be_read_are_refused(tmp_path: Path) -> None:
    whole = write(tmp_path / "whole.tsv.gz", "1\t2\t3\n" * 1000).read_bytes()
    files = {
        "cut.tsv.gz": (whole[:-10], "it is no whole gzip file: pack it again, or drop .gz from the "
                       "name of plain text"),
        "plain.ts.gz": (b"@data", "it is no whole gzip file: pack it again, or drop .gz from the "
                        "name of plain text"),
        "packed.tsv": (whole, "it is not text in UTF-8: save it as such"),
        "empty.ts": (b"", "it is empty"),
        "blank.txt.gz": (gzip.compress(b" \r\n\n"), "it is empty"),
    }  # fmt: skip
    for name, (content, reason) in files.items():
        path = tmp_path / name
        path.write_bytes(content)
        with error(f"cannot read {str(path)!r}: {reason}"):
            read_ucr(path)


def test_a_folder_another_ending_and_a_missing_file_are_refused(tmp_path: Path) -> None:
    hint = "pass a file .ts, .tsv, .txt (also with .gz); for a set by its name there is load_ucr"
    for path in (tmp_path, tmp_path / "a.arff"):
        with error(f"cannot read {str(path)!r}: {hint}"):
            read_ucr(path)
    (tmp_path / "b.ts").mkdir()
    with error(f"cannot read {str(tmp_path / 'b.ts')!r}: it is a folder: pass a file"):
        read_ucr(tmp_path / "b.ts")
    with pytest.raises(ValueError, match="there is no such file: check the name and the folder"):
        read_ucr(str(tmp_path / "c.ts"))


# --- sets by their names ------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["Toy_TEST.ts.gz", "Toy/Toy_TEST.tsv", "Toy_TEST.txt"])
def test_a_set_is_found_in_a_folder(tmp_path: Path, name: str) -> None:
    (tmp_path / "Toy").mkdir()
    text = "@classLabel true 7\n@data\n1,2:7\n" if ".ts." in name else "7\t1\t2\n"
    write(tmp_path / name, text)
    runs = load_ucr("Toy", split="test", folder=tmp_path)
    assert runs.arrays[0].tolist() == [[1], [2]]
    assert labels_of(runs) == [7]
    with error(
        f"no Toy_TRAIN{{.ts,.tsv,.txt}} in {str(tmp_path)!r} or in its folder 'Toy': check the "
        "name (capital letters count) and the folder"
    ):
        load_ucr("Toy", folder=tmp_path)


class FakeDatasets:
    """In place of tslearn's class: an unequal multivariate set, and a failure."""

    def load_dataset(self, name: str) -> tuple[Any, ...]:
        if name != "Toy":
            warnings.warn(f'dataset "{name}" could not be downloaded', RuntimeWarning, stacklevel=2)
            return None, None, None, None
        train = np.arange(12.0).reshape(2, 3, 2)
        train[0, 2] = nan
        return train, np.array(["1", "2"]), train[1:] + 1, np.array(["b"])


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # tslearn asks for h5py
        datasets = importlib.import_module("tslearn.datasets")
    monkeypatch.setattr(datasets, "UCR_UEA_datasets", FakeDatasets)


@pytest.mark.usefixtures("fake")
def test_what_tslearn_loads_becomes_runs() -> None:
    train = load_ucr("Toy")
    assert [a.tolist() for a in train.arrays] == [[[0, 1], [2, 3]], [[6, 7], [8, 9], [10, 11]]]
    assert labels_of(train) == [1, 2]
    test = load_ucr("Toy", split="test")
    assert test.shape == (1, 3, 2) and labels_of(test) == ["b"]


@pytest.mark.usefixtures("fake")
def test_a_set_that_tslearn_cannot_load_is_an_error_with_its_reason() -> None:
    with error(
        "tslearn cannot load the set 'Toi' (dataset \"Toi\" could not be downloaded): check the "
        "name and the network, or pass folder= for files that you have"
    ):
        load_ucr("Toi")


def test_a_set_has_two_splits() -> None:
    with error("split must be 'train' or 'test', got 'all'"):
        load_ucr("Toy", split="all")  # type: ignore[arg-type]


# --- real files ---------------------------------------------------------------------------------


@pytest.mark.realdata
@pytest.mark.parametrize(
    ("folder", "name", "shape", "shortest"),
    [
        ("japanese_vowels", "JapaneseVowels_TRAIN", (270, 26, 12), 7),
        ("japanese_vowels", "JapaneseVowels_TEST", (370, 29, 12), 7),
        ("pickup_gesture", "PickupGestureWiimoteZ_TRAIN", (50, 361, 1), 29),
    ],
)
def test_real_ts_files_read_as_loops_read_them(
    data_dir: Path, folder: str, name: str, shape: tuple[int, int, int], shortest: int
) -> None:
    path = data_dir / folder / f"{name}.ts.gz"
    runs = read_ucr(path)
    assert runs.shape == shape and runs.lengths.min() == shortest
    expected = [line.split(":") for line in lines_of(path) if line and line[0] not in "@#"]
    assert labels_of(runs) == [int(fields[-1]) for fields in expected]
    for array, fields in zip(runs.arrays, expected, strict=True):
        for c, field in enumerate(fields[:-1]):
            assert array[:, c].tolist() == [float(value) for value in field.split(",")]


@pytest.mark.realdata
def test_ecg5000_is_read(data_dir: Path) -> None:
    path = data_dir / "ecg5000" / "ECG5000_TRAIN.tsv.gz"
    runs = read_ucr(path)
    assert runs.shape == (500, 140, 1) and runs.dense is not None
    assert [labels_of(runs).count(c) for c in range(1, 6)] == [292, 177, 10, 19, 2]
    for line, row in zip(lines_of(path), runs.dense[:, :, 0].tolist(), strict=True):
        assert row == [float(value) for value in line.split("\t")[1:]]
    found = load_ucr("ECG5000", split="test", folder=data_dir / "ecg5000")
    assert found.shape == (4500, 140, 1)


@pytest.mark.realdata
@pytest.mark.parametrize(
    ("name", "n_runs", "shortest", "longest"),
    [
        ("GesturePebbleZ1", 304, 100, 455),
        ("AllGestureWiimoteX", 1000, 2, 385),
        ("CBF", 930, 128, 128),
    ],
)
def test_padding_of_real_sets_is_cut(
    data_dir: Path, name: str, n_runs: int, shortest: int, longest: int
) -> None:
    path = data_dir / "ucr_oneclass" / f"{name}.tsv.gz"
    lengths = read_ucr(path).lengths
    assert (len(lengths), lengths.min(), lengths.max()) == (n_runs, shortest, longest)
    expected = [sum(v != "NaN" for v in line.split("\t")) - 1 for line in lines_of(path)]
    assert lengths.tolist() == expected


# --- all readers --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "module",
    ["ucr", "indpensim", "batches", "engines", "exampleco", "machines", "pump", "skab", "tep"],
)
def test_examples_run(module: str) -> None:
    found = doctest.testmod(importlib.import_module(f"tsad_plugin.datasets.{module}"))
    assert found.attempted > 0 and found.failed == 0
