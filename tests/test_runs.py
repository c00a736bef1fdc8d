"""Runs, and every form of X that `as_runs` reads."""

import copy
import pickle
import re
from datetime import datetime
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from numpy.typing import NDArray
from pyod.models.base import BaseDetector
from sklearn.model_selection import KFold, cross_val_predict
from sklearn.utils import _safe_indexing

from tsad_plugin.inputs import as_runs
from tsad_plugin.runs import Runs

nan, inf = np.nan, np.inf
STATES = ["normal", "faulty", "faulty", "failed", "failed"]


def error(text: str) -> Any:
    """A ValueError with exactly this text."""
    return pytest.raises(ValueError, match=f"^{re.escape(text)}$")


def ragged(*lengths: int, n_channels: int = 2) -> list[NDArray[Any]]:
    """Runs whose values all differ: run, timestep and channel can be told from each."""
    return [
        1000.0 * run + 10.0 * np.arange(n)[:, None] + np.arange(n_channels)
        for run, n in enumerate(lengths)
    ]


@pytest.fixture
def runs() -> Runs:
    return Runs(
        ragged(3, 5, 4, 2),
        ids=["A", "B", "C", "D"],
        channels=["T", "p"],
        units=["°C", "bar"],
        times=[np.arange(n) / 10 for n in (3, 5, 4, 2)],
        time_unit="h",
        labels=[0, 0, 1, 0],
        timestep_labels=[STATES[:n] for n in (3, 5, 4, 2)],
    )


def known_of(runs: Runs) -> list[list[Any]]:
    assert runs.timestep_labels is not None
    return [labels.tolist() for labels in runs.timestep_labels]


def object_array(items: list[Any]) -> NDArray[Any]:
    array = np.empty(len(items), dtype=object)
    array[:] = items
    return array


def heartbeats(n_runs: int = 30) -> NDArray[Any]:
    """A sharp peak on a flat line with a little noise, each beat scaled to mean 0 and std 1."""
    rng = np.random.default_rng(0)
    phase = np.linspace(0, 1, 140)
    beat = np.exp(-(((phase - 0.3) / 0.02) ** 2)) + 0.2 * np.exp(-(((phase - 0.6) / 0.08) ** 2))
    rows = beat * rng.normal(1, 0.1, (n_runs, 1)) + rng.normal(0, 0.01, (n_runs, 140))
    return (rows - rows.mean(1, keepdims=True)) / rows.std(1, keepdims=True)


FORMS: dict[str, tuple[Any, Any]] = {
    "rows": (np.arange(12.0).reshape(3, 4), None),
    "integer rows": (np.arange(12).reshape(3, 4), None),
    "flattened rows": (np.arange(12.0).reshape(3, 4), 2),
    "tabular rows": (np.arange(12.0).reshape(3, 4), "all"),
    "padded array": (np.array([[1.0, nan, 3.0, nan], [1.0, 2.0, 3.0, 4.0]]), None),
    "three dimensions": (np.arange(24.0).reshape(3, 4, 2), None),
    "three dimensions, padded": (np.asarray(Runs(ragged(3, 5))), None),
    "list": (ragged(3, 5, 4), None),
    "list of univariate runs": ([np.arange(3.0), np.arange(5.0)], None),
    "object array": (object_array(ragged(3, 5, 4)), None),
    "DataFrame": (pd.DataFrame(np.arange(12.0).reshape(3, 4)), None),
    "DataFrame of tabular rows": (pd.DataFrame({"T": [1, 2], "p": [3.5, nan]}).iloc[:1], "all"),
    "Runs": (Runs(ragged(3, 5), ids=["A", "B"]), None),
    "list of Runs": ([Runs(ragged(3, 5), ids=["A", "B"]), Runs(ragged(4), ids=["C"])], None),
}


# --- what as_runs makes of X --------------------------------------------------------------------


def test_rows_are_univariate_runs() -> None:
    X = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    runs = as_runs(X)
    assert runs.shape == (2, 3, 1)
    np.testing.assert_array_equal(runs.arrays[1], [[4], [5], [6]])
    assert runs.ids.tolist() == [0, 1]
    assert runs.channels == ("channel_0",) and not runs.has_names


def test_a_flat_row_holds_all_channels_of_the_first_timestep_first() -> None:
    runs = as_runs(np.array([[1, 10, 2, 20, 3, 30]]), n_channels=2)
    np.testing.assert_array_equal(runs.arrays[0], [[1, 10], [2, 20], [3, 30]])


def test_flattened_runs_come_back_as_they_were() -> None:
    X = np.random.default_rng(0).normal(size=(5, 7, 3))
    np.testing.assert_array_equal(as_runs(X.reshape(5, 21), n_channels=3), X)


def test_tabular_rows_are_runs_of_one_timestep() -> None:
    runs = as_runs(np.array([[1.0, 200.0], [2.0, 300.0]]), n_channels="all")
    assert runs.shape == (2, 1, 2)
    np.testing.assert_array_equal(runs.arrays[1], [[2, 300]])


def test_columns_of_a_dataframe_name_the_channels_of_tabular_rows() -> None:
    runs = as_runs(pd.DataFrame({"T": [1, 2], 7: [3, 4]}), n_channels="all")
    assert runs.channels == ("T", "7") and runs.has_names


def test_columns_of_a_dataframe_are_timesteps_without_n_channels() -> None:
    runs = as_runs(pd.DataFrame({"t0": [1, 2], "t1": [3, 4]}))
    assert runs.shape == (2, 2, 1) and not runs.has_names


def test_three_dimensions_are_runs_timesteps_channels() -> None:
    X = np.arange(24.0).reshape(2, 4, 3)
    runs = as_runs(X)
    assert runs.shape == (2, 4, 3)
    np.testing.assert_array_equal(runs.arrays[1], X[1])


def test_trailing_timesteps_that_are_nan_in_all_channels_are_padding() -> None:
    X = np.full((3, 5, 2), nan)
    X[0, :3], X[1, :5], X[2, :4] = 1, 2, 3
    X[0, 1] = nan  # a gap
    X[2, 3, 0] = nan  # the other channel was measured
    runs = as_runs(X)
    assert runs.lengths.tolist() == [3, 5, 4]
    np.testing.assert_array_equal(runs, X[:, :5])


def test_a_leading_nan_is_a_gap() -> None:
    assert as_runs(np.array([[nan, 1.0, 2.0, nan]])).lengths.tolist() == [3]


def test_trailing_nan_in_a_list_is_a_gap_because_lists_need_no_padding() -> None:
    assert as_runs([np.array([1.0, 2.0, nan])]).lengths.tolist() == [3]


@pytest.mark.parametrize("kind", [list, tuple, object_array], ids=["list", "tuple", "object array"])
def test_runs_of_unequal_length_come_in_a_sequence(kind: Any) -> None:
    items = ragged(3, 5, 4)
    runs = as_runs(kind(items))
    assert runs.shape == (3, 5, 2)
    assert runs.lengths.tolist() == [3, 5, 4]
    assert runs.ids.tolist() == [0, 1, 2]
    for array, item in zip(runs.arrays, items, strict=True):
        np.testing.assert_array_equal(array, item)


def test_a_list_may_hold_univariate_runs() -> None:
    runs = as_runs([np.arange(3.0), [5, 6]])
    assert runs.shape == (2, 3, 1)
    np.testing.assert_array_equal(runs.arrays[1], [[5], [6]])


def test_a_list_may_hold_flattened_runs() -> None:
    runs = as_runs([[1, 10, 2, 20], [3, 30, 4, 40, 5, 50]], n_channels=2)
    np.testing.assert_array_equal(runs.arrays[0], [[1, 10], [2, 20]])
    assert runs.lengths.tolist() == [2, 3]


def test_a_list_may_hold_dataframes() -> None:
    runs = as_runs([pd.DataFrame({"T": [1, 2], "p": [3, 4]}), np.ones((3, 2))])
    np.testing.assert_array_equal(runs.arrays[0], [[1, 3], [2, 4]])


def test_runs_are_passed_on(runs: Runs) -> None:
    assert as_runs(runs) is runs
    assert as_runs(runs, n_channels=2) is runs


def test_float32_stays_float32() -> None:
    assert as_runs(np.ones((2, 3), dtype=np.float32)).arrays[0].dtype == np.float32
    assert as_runs([np.ones((2, 3), dtype=np.float32)]).arrays[0].dtype == np.float32
    assert as_runs(np.ones((2, 3, 1), dtype=np.float32)).arrays[0].dtype == np.float32


@pytest.mark.parametrize("dtype", [np.int8, np.uint64, np.bool_, np.float16, ">f4", ">f8", object])
def test_all_other_numbers_become_float64(dtype: Any) -> None:
    for array in (np.ones((2, 3)), np.ones((2, 3, 1))):
        assert as_runs(array.astype(dtype)).arrays[0].dtype == np.float64
        assert Runs(array.astype(dtype)).arrays[0].dtype == np.float64


def test_missing_values_of_any_type_are_gaps() -> None:
    frame = pd.DataFrame({"t0": [1, None], "t1": [3, 4], "t2": [5, 6]}, dtype="Int64")
    np.testing.assert_array_equal(as_runs(frame).arrays[1], [[nan], [4], [6]])
    objects = np.array([[1, None, 3], [pd.NA, 5, 6]], dtype=object)
    np.testing.assert_array_equal(as_runs(objects)[0].arrays[0], [[1], [nan], [3]])
    np.testing.assert_array_equal(as_runs(objects)[1].arrays[0], [[nan], [5], [6]])


def test_memory_is_shared_where_possible() -> None:
    X = np.ones((3, 4, 2))
    assert np.shares_memory(as_runs(X).arrays[1], X)
    assert np.shares_memory(as_runs([X[0], X[1]]).arrays[1], X)
    assert np.shares_memory(as_runs(X)[1:].arrays[0], X)


def test_runs_of_equal_length_lie_in_one_array() -> None:
    X = np.ones((3, 4, 2))
    assert as_runs(X).dense is not None
    assert as_runs(X)[[0, 2]].dense is not None
    assert as_runs([X[0], X[1, :3]]).dense is None


@pytest.mark.parametrize(("X", "n_channels"), FORMS.values(), ids=FORMS.keys())
def test_x_is_never_changed(X: Any, n_channels: Any) -> None:
    before = copy.deepcopy(X)
    runs = as_runs(X, n_channels)
    runs[:1], runs[[0]], np.asarray(runs), repr(runs), runs.select(runs.channels[:1])
    assert pickle.dumps(X) == pickle.dumps(before)


@pytest.mark.parametrize(("X", "n_channels"), FORMS.values(), ids=FORMS.keys())
def test_every_form_of_x_is_read(X: Any, n_channels: Any) -> None:
    runs = as_runs(X, n_channels)
    assert isinstance(runs, Runs)
    assert runs.shape == np.asarray(runs).shape
    assert len(runs) == len(runs.arrays) == len(runs.lengths) == len(runs.ids)


# --- the warning about tabular rows -------------------------------------------------------------

TABULAR = (
    "X was read as univariate runs, but the scales of its columns differ by more than 100 x: for "
    "rows of many channels pass n_channels='all', for flattened runs their number of channels"
)


def tabular(n_rows: int = 20) -> NDArray[Any]:
    return np.random.default_rng(0).normal(size=(n_rows, 3)) * [1, 1000, 0.1]


def test_columns_of_very_different_scale_draw_a_warning() -> None:
    with pytest.warns(UserWarning, match=f"^{re.escape(TABULAR)}$"):
        as_runs(tabular())


def test_nothing_is_said_where_the_caller_said_what_rows_are() -> None:
    as_runs(tabular(), n_channels="all")
    as_runs(tabular(), n_channels=3)
    as_runs(tabular()[:, :, None])
    as_runs(list(tabular()))


def test_heartbeats_are_no_tabular_rows() -> None:
    as_runs(heartbeats())


def test_a_constant_column_is_no_reason_to_warn() -> None:
    rows = heartbeats()
    rows[:, 0] = 0
    rows[:, 1] = 7 + 1e-9 * rows[:, 1]
    as_runs(rows)


def test_columns_that_are_all_padding_are_no_reason_to_warn() -> None:
    rows = heartbeats()
    rows[:, 100:] = nan
    assert as_runs(rows).lengths.tolist() == [100] * 30


# --- bad input ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("X", "n_channels", "text"),
    [
        ([], None, "X holds no run: pass at least one"),
        (np.empty((0, 5)), None, "X holds no run: pass at least one"),
        (np.empty(0, dtype=object), None, "X holds no run: pass at least one"),
        (Runs(ragged(3, 5))[:0], None, "X holds no run: pass at least one"),
        ([Runs(ragged(3, 5))[:0]], None, "X holds no run: pass at least one"),
        (
            5.0,
            None,
            "X has 0 dimensions: pass (n_runs, n_timesteps), (n_runs, n_timesteps, n_channels) or "
            "a list of arrays (n_timesteps_i, n_channels)",
        ),
        (
            np.ones(5),
            None,
            "X has 1 dimension: pass (n_runs, n_timesteps), (n_runs, n_timesteps, n_channels) or "
            "a list of arrays (n_timesteps_i, n_channels)",
        ),
        (
            np.ones((2, 3, 4, 5)),
            None,
            "X has 4 dimensions: pass (n_runs, n_timesteps), (n_runs, n_timesteps, n_channels) or "
            "a list of arrays (n_timesteps_i, n_channels)",
        ),
        (
            [np.ones((2, 3, 4))],
            None,
            "run 0 has 3 dimensions: pass (n_timesteps,) or (n_timesteps, n_channels)",
        ),
        (
            [1.0, 2.0],
            None,
            "run 0 has 0 dimensions: pass (n_timesteps,) or (n_timesteps, n_channels)",
        ),
        (
            [np.ones((3, 2)), np.ones((4, 3))],
            None,
            "run 1 has 3 channels, run 0 has 2: all runs need the same channels",
        ),
        (
            np.ones((2, 3, 0)),
            None,
            "run 0 has no channel: a run needs at least one",
        ),
        (np.empty((2, 0)), "all", "run 0 has no channel: a run needs at least one"),
        (
            [[[1.0, 2.0], [3.0]]],
            None,
            "run 0 is ragged: pass unequal runs as a list of arrays",
        ),
        (
            np.array([["a", "b"]]),
            None,
            "X holds text ('a'): all values must be numbers",
        ),
        (
            "runs.csv",
            None,
            "X holds text ('runs.csv'): all values must be numbers",
        ),
        (
            pd.DataFrame({"t0": [1.0], "t1": ["high"]}),
            None,
            "X holds text ('high'): all values must be numbers",
        ),
        (
            [np.ones(3), np.array([1.0, "2", 3.0], dtype=object)],
            None,
            "run 1 holds text ('2'): all values must be numbers",
        ),
        (
            {"T": [1.0, 2.0]},
            None,
            "X holds dict: all values must be numbers",
        ),
        (
            np.array([[1.0, 2.0, pd.Timestamp("2024-01-01")]], dtype=object),
            None,
            "X holds Timestamp, float: all values must be numbers",
        ),
        (
            np.array([["2024-01-01", "2024-01-02"]], dtype="M8[D]"),
            None,
            "X holds datetime64[D] values: all values must be real numbers",
        ),
        (
            np.ones((2, 3), dtype=complex),
            None,
            "X holds complex128 values: all values must be real numbers",
        ),
        (
            np.empty((1, 0), dtype="U1"),
            None,
            "X holds <U1 values: all values must be real numbers",
        ),
        (
            [np.ones(3), np.array([1.0, 2.0, inf])],
            None,
            "run 1, channel 'channel_0' is infinite at timestep 2: replace it by NaN (a gap) or "
            "leave the run out",
        ),
        (
            np.array([[1.0, inf, -inf], [1.0, 2.0, 3.0]]),
            None,
            "run 0, channel 'channel_0' is infinite at timestep 1: replace it by NaN (a gap) or "
            "leave the run out",
        ),
        (
            pd.DataFrame({"T": [1.0, 2.0], "p": [3.0, -inf]}),
            "all",
            "run 1, channel 'p' is infinite at timestep 0: replace it by NaN (a gap) or leave the "
            "run out",
        ),
        (
            np.array([[[1.0, 1.0], [1.0, 2.0]], [[1.0, nan], [2.0, nan]]]),
            None,
            "run 1, channel 'channel_1' holds only NaN: leave out that run or that channel",
        ),
        (
            np.array([[1.0, 2.0], [nan, nan]]),
            None,
            "run 1, channel 'channel_0' holds only NaN: leave out that run or that channel",
        ),
        (
            [np.ones(3), np.ones(1)],
            None,
            "run 1 has 1 timestep: a run needs at least 2 (leave it out, or pass rows with "
            "n_channels='all')",
        ),
        (
            np.array([[1.0, 2.0], [3.0, nan]]),
            None,
            "run 1 has 1 timestep: a run needs at least 2 (leave it out, or pass rows with "
            "n_channels='all')",
        ),
        (
            [[], []],
            None,
            "run 0 has 0 timesteps: a run needs at least 2 (leave it out, or pass rows with "
            "n_channels='all')",
        ),
        (
            np.ones((2, 7)),
            3,
            "X has rows of 7 values, which 3 channels do not divide: a flat row holds all channels "
            "of timestep 0, then of timestep 1, and so on",
        ),
        (
            [np.ones(6), np.ones(7)],
            3,
            "run 1 has rows of 7 values, which 3 channels do not divide: a flat row holds all "
            "channels of timestep 0, then of timestep 1, and so on",
        ),
        (np.ones((2, 7, 2)), 3, "X has 2 channels, but n_channels is 3"),
        ([np.ones((7, 2))], 3, "run 0 has 2 channels, but n_channels is 3"),
        (Runs(ragged(3, 5)), 3, "X has 2 channels, but n_channels is 3"),
        ([Runs(ragged(3, 5))], 3, "X has 2 channels, but n_channels is 3"),
        (np.ones((2, 7)), 0, "n_channels must be a positive integer, 'all' or None, got 0"),
        (np.ones((2, 7)), True, "n_channels must be a positive integer, 'all' or None, got True"),
        (np.ones((2, 7)), "al", "n_channels must be a positive integer, 'all' or None, got 'al'"),
        (np.ones((2, 7)), 2.0, "n_channels must be a positive integer, 'all' or None, got 2.0"),
    ],
)
def test_bad_input_is_named(X: Any, n_channels: Any, text: str) -> None:
    with error(text):
        as_runs(X, n_channels)


@pytest.mark.parametrize(
    ("keywords", "text"),
    [
        ({"ids": ["A"]}, "1 ids for 2 runs: pass one each"),
        ({"ids": ["A", "A"]}, "run id 'A' stands twice: each must be unique"),
        ({"ids": [7, 7]}, "run id 7 stands twice: each must be unique"),
        ({"channels": ["T"]}, "1 channel names for 2: pass one each"),
        ({"channels": ["T", "T"]}, "channel 'T' stands twice: each must be unique"),
        ({"units": ["°C"]}, "1 units for 2: pass one each"),
        ({"labels": [0, 1, 0]}, "3 labels for 2: pass one each"),
        ({"times": [np.arange(3)]}, "1 times for 2: pass one each"),
        (
            {"ids": ["A", "B"], "times": [np.arange(3), np.arange(3)]},
            "run 'B' has times of shape (3,) for 5 timesteps: pass one time a timestep",
        ),
        (
            {"ids": ["A", "B"], "times": [["8:00", "8:30", "9:00"], np.arange(5)]},
            "run 'A' has text for times ('8:00'): pass numbers or datetimes",
        ),
        (
            {"times": [np.arange(3), np.arange(5) * 1j]},
            "the time of run 1 holds complex128 values: all values must be real numbers",
        ),
        ({"labels": [[0], [1]]}, "labels must be one per run, got shape (2, 1)"),
        ({"timestep_labels": [["ok"] * 3]}, "1 timestep_labels for 2: pass one each"),
        (
            {"ids": ["A", "B"], "timestep_labels": [["ok"] * 3, ["ok"] * 4]},
            "run 'B' has timestep_labels of shape (4,) for 5 timesteps: pass one label a timestep",
        ),
        (
            {"timestep_labels": [np.zeros((3, 1)), np.zeros(5)]},
            "run 0 has timestep_labels of shape (3, 1) for 3 timesteps: pass one label a timestep",
        ),
    ],
)
def test_what_does_not_fit_the_arrays_is_named(keywords: dict[str, Any], text: str) -> None:
    with error(text):
        Runs(ragged(3, 5), **keywords)


def test_times_of_python_and_of_time_zones_become_times_of_numpy() -> None:
    zone = pd.date_range("2024-03-01 08:00", periods=3, freq="h", tz="Europe/Berlin")
    python = [datetime(2024, 3, 1, 7 + hour) for hour in range(3)]
    for times in (zone, list(zone), python, np.array(python)):
        runs = Runs([np.ones((3, 1))], times=[times])
        assert runs.times is not None and runs.times[0].dtype.kind == "M"
        assert runs.times[0].astype("datetime64[h]").astype(str).tolist() == [
            "2024-03-01T07",
            "2024-03-01T08",
            "2024-03-01T09",
        ]
    counted = Runs([np.ones((3, 1))], times=[[Decimal(1), Decimal(2), Decimal("2.5")]]).times
    assert counted is not None and counted[0].tolist() == [1.0, 2.0, 2.5]


def test_errors_name_runs_and_channels_as_the_user_does() -> None:
    arrays = ragged(3, 5)
    arrays[1][4, 1] = inf
    with error(
        "run 'B', channel 'p' is infinite at timestep 4: replace it by NaN (a gap) or leave the "
        "run out"
    ):
        Runs(arrays, ids=["A", "B"], channels=["T", "p"])


def test_values_so_large_that_their_sum_overflows_are_no_infinity() -> None:
    large = np.full((3, 1), np.finfo(float).max)
    assert Runs([large, large]).shape == (2, 3, 1)
    assert Runs(np.array([large, large])).shape == (2, 3, 1)


# --- ids ----------------------------------------------------------------------------------------


def test_ids_of_mixed_type_keep_their_type() -> None:
    assert Runs(ragged(3, 5, 4), ids=[1, "A", ("x", 2)]).ids.tolist() == [1, "A", ("x", 2)]
    assert Runs(ragged(3, 5), ids=[("x", 1), ("x", 2)]).ids.tolist() == [("x", 1), ("x", 2)]
    assert Runs(ragged(3, 5), ids=[1, "1"]).ids.tolist() == [1, "1"]


def test_position_finds_a_run_by_its_id(runs: Runs) -> None:
    assert runs.position("C") == 2
    assert runs[2:].position("D") == 1


def test_an_unknown_id_is_an_error_that_lists_ids(runs: Runs) -> None:
    with error("no run has the id 'X'; ids here: 'A', 'B', 'C', 'D'"):
        runs.position("X")
    with error("no run has the id 'X'; ids here: 0, 1, 2, 3, 4, 5, … (9 in all)"):
        Runs(ragged(*[3] * 9)).position("X")


def test_an_id_of_another_type_is_said_to_be_one(runs: Runs) -> None:
    with error("no run has the id '1' as str, but one as int; ids here: 0, 1"):
        Runs(ragged(3, 3)).position("1")
    with error("no run has the id 3 as int, but one as str; ids here: '3', '4'"):
        Runs(ragged(3, 3), ids=["3", "4"]).position(3)


# --- selecting ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("index", "ids"),
    [
        (1, "B"),
        (-1, "D"),
        (np.int64(2), "C"),
        (slice(1, 3), "BC"),
        (slice(None, None, -1), "DCBA"),
        ([2, 0], "CA"),
        (np.array([3, 3]), "DD"),
        ([True, False, False, True], "AD"),
        (np.array([False, True, False, False]), "B"),
        (pd.Series([False, False, True, True]), "CD"),
        ((np.array([0, 2]), ...), "AC"),
        ((slice(1, 2), ...), "B"),
        ([], ""),
        (slice(0), ""),
    ],
)
@pytest.mark.parametrize("equal", [False, True], ids=["unequal", "equal"])
def test_an_index_selects_runs_with_all_that_is_known_of_them(
    runs: Runs, index: Any, ids: str, equal: bool
) -> None:
    if equal:
        runs = Runs(
            np.arange(16.0).reshape(4, 2, 2),
            ids=list("ABCD"),
            channels=["T", "p"],
            units=["°C", "bar"],
            times=np.arange(8.0).reshape(4, 2),
            time_unit="h",
            labels=[0, 0, 1, 0],
            timestep_labels=np.arange(8).reshape(4, 2),
        )
    taken = runs[index]
    assert isinstance(taken, Runs)
    assert taken.ids.tolist() == list(ids)
    assert (taken.channels, taken.units, taken.time_unit) == (("T", "p"), ("°C", "bar"), "h")
    positions = [runs.position(i) for i in ids]
    assert runs.labels is not None and taken.labels is not None
    assert runs.times is not None and taken.times is not None
    assert runs.timestep_labels is not None and taken.timestep_labels is not None
    assert taken.labels.tolist() == runs.labels[positions].tolist()
    assert len(taken) == len(taken.times) == len(taken.timestep_labels) == len(positions)
    for i, position in enumerate(positions):
        np.testing.assert_array_equal(taken.arrays[i], runs.arrays[position])
        np.testing.assert_array_equal(taken.times[i], runs.times[position])
        known = runs.timestep_labels[position]
        assert taken.timestep_labels[i].tolist() == known.tolist()


def test_an_index_beyond_the_runs_is_an_index_error(runs: Runs) -> None:
    with pytest.raises(IndexError):
        runs[4]
    with pytest.raises(IndexError):
        runs[[True, False]]


@pytest.mark.parametrize("index", [(0, 1), (slice(None), slice(None), 0), (..., 0)])
def test_only_runs_can_be_selected_by_index(runs: Runs, index: Any) -> None:
    text = "Runs take one index, over runs: runs[3], runs[:5], runs[mask]"
    with pytest.raises(IndexError, match=f"^{re.escape(text)}$"):
        runs[index]


def test_iterating_gives_one_run_at_a_time(runs: Runs) -> None:
    parts = list(runs)  # type: ignore[call-overload]
    assert [part.ids.tolist() for part in parts] == [["A"], ["B"], ["C"], ["D"]]
    assert all(isinstance(part, Runs) and len(part) == 1 for part in parts)


def test_no_runs_are_runs_too(runs: Runs) -> None:
    none = runs[:0]
    assert (len(none), none.shape, none.lengths.tolist()) == (0, (0, 0, 2), [])
    assert np.asarray(none).shape == (0, 0, 2)


def test_select_takes_channels_with_their_units(runs: Runs) -> None:
    selected = runs.select(["p"])
    assert (selected.channels, selected.units, selected.shape) == (("p",), ("bar",), (4, 5, 1))
    np.testing.assert_array_equal(selected.arrays[1], runs.arrays[1][:, 1:])
    assert selected.ids.tolist() == runs.ids.tolist()
    assert selected.timestep_labels is runs.timestep_labels
    assert runs.channels == ("T", "p")


def test_other_values_of_the_same_lengths_keep_what_is_known_of_timesteps(runs: Runs) -> None:
    changed = runs.with_arrays([2 * array for array in runs.arrays])
    assert known_of(changed) == known_of(runs) and known_of(runs)[3] == ["normal", "faulty"]
    assert known_of(copy.deepcopy(runs)) == known_of(runs)


def test_labels_of_timesteps_may_be_of_any_kind() -> None:
    for labels in ([0, 1, 1], [True, False, False], ["ok", "?", "leak"]):
        kinds = labels, pd.Series(labels), np.array(labels)
        assert [known_of(Runs([np.ones((3, 1))], timestep_labels=[k])) for k in kinds] == (
            [[labels]] * 3
        )
    assert Runs([np.ones((3, 1))]).timestep_labels is None


@pytest.mark.parametrize("equal", [False, True], ids=["unequal", "equal"])
def test_select_keeps_the_order_that_was_asked_for(equal: bool) -> None:
    arrays = ragged(4, 4 if equal else 5, n_channels=3)
    runs = Runs(np.array(arrays) if equal else arrays, channels=["a", "b", "c"])
    selected = runs.select(["c", "a"])
    assert selected.channels == ("c", "a")
    np.testing.assert_array_equal(selected.arrays[1], arrays[1][:, [2, 0]])


@pytest.mark.parametrize(
    ("channels", "text"),
    [
        (["p", "q"], "no channel 'q'; channels here: 'T', 'p'"),
        ([], "select at least one channel and each once, got []"),
        (["T", "T"], "select at least one channel and each once, got ['T', 'T']"),
    ],
)
def test_a_wrong_selection_is_named(runs: Runs, channels: list[str], text: str) -> None:
    with error(text):
        runs.select(channels)


# --- joining ------------------------------------------------------------------------------------


def test_a_list_of_runs_is_joined(runs: Runs) -> None:
    joined = as_runs([runs[2:], runs[:2]])
    assert joined.ids.tolist() == ["C", "D", "A", "B"]
    assert joined.lengths.tolist() == [4, 2, 3, 5]
    assert (joined.channels, joined.units, joined.time_unit) == (("T", "p"), ("°C", "bar"), "h")
    assert joined.labels is not None and joined.labels.tolist() == [1, 0, 0, 0]
    assert joined.times is not None and [len(t) for t in joined.times] == [4, 2, 3, 5]
    assert known_of(joined) == [STATES[:4], STATES[:2], STATES[:3], STATES]


def test_iterating_and_joining_gives_the_same_runs(runs: Runs) -> None:
    joined = as_runs(list(runs))  # type: ignore[call-overload]
    np.testing.assert_array_equal(joined, runs)
    assert joined.ids.tolist() == runs.ids.tolist()


def test_joining_drops_what_only_some_runs_have() -> None:
    known = {"times": [np.arange(3)], "timestep_labels": [STATES[:3]]}
    first = Runs(ragged(3), ids=["A"], labels=[1], **known)
    joined = as_runs([first, Runs(ragged(5), ids=[7])])
    assert joined.labels is None and joined.times is None and joined.timestep_labels is None
    assert joined.ids.tolist() == ["A", 7]


def test_joining_leaves_the_parts_as_they_were(runs: Runs) -> None:
    as_runs([runs[:2], runs[2:]])
    assert runs.ids.tolist() == ["A", "B", "C", "D"] and len(runs) == 4


@pytest.mark.parametrize(
    ("first", "second", "text"),
    [
        (
            {"channels": ["T", "p"]},
            {"channels": ["T", "q"]},
            "runs with channels ('T', 'q') cannot join runs with ('T', 'p')",
        ),
        (
            {"units": ["°C", "bar"]},
            {"units": ["K", "bar"]},
            "runs in units ('K', 'bar'), time None cannot join runs in ('°C', 'bar'), None",
        ),
        (
            {"time_unit": "h"},
            {"time_unit": "s"},
            "runs in units ('', ''), time 's' cannot join runs in ('', ''), 'h'",
        ),
        ({"ids": [7]}, {"ids": [7]}, "run id 7 stands twice: each must be unique"),
    ],
)
def test_runs_that_do_not_fit_are_not_joined(
    first: dict[str, Any], second: dict[str, Any], text: str
) -> None:
    with error(text):
        as_runs([Runs(ragged(3), **{"ids": ["A"], **first}), Runs(ragged(3), **second)])


# --- printing, arrays, copies -------------------------------------------------------------------


def test_runs_say_what_they_are(runs: Runs) -> None:
    assert repr(runs) == (
        "Runs(4 runs of 2 to 5 timesteps; channels T, p; ids 'A' … 'D'; labels 0 (3), 1 (1))"
    )
    assert repr(runs[1]) == "Runs(1 run of 5 timesteps; channels T, p; ids 'B'; labels 0 (1))"
    assert repr(runs[:0]) == "Runs(no runs; channels T, p)"
    assert (
        repr(as_runs(np.ones((3, 4))))
        == "Runs(3 runs of 4 timesteps; channels channel_0; ids 0 … 2)"
    )
    assert repr(as_runs(np.ones((2, 9)), "all")) == (
        "Runs(2 runs of 1 timestep; channels channel_0, channel_1, channel_2, channel_3, "
        "channel_4, channel_5, … (9 in all); ids 0 … 1)"
    )


def test_as_an_array_shorter_runs_are_padded_with_nan() -> None:
    array = np.asarray(Runs([[1.0, 2.0, 3.0], [4.0, 5.0]]))
    np.testing.assert_array_equal(array, [[[1], [2], [3]], [[4], [5], [nan]]])
    assert np.asarray(Runs([[1.0, 2.0]]), dtype=np.float32).dtype == np.float32


def test_the_padded_array_reads_as_the_same_runs(runs: Runs) -> None:
    again = as_runs(np.asarray(runs))
    assert again.lengths.tolist() == runs.lengths.tolist()
    for array, original in zip(again.arrays, runs.arrays, strict=True):
        np.testing.assert_array_equal(array, original)


@pytest.mark.parametrize(
    "twin",
    [copy.deepcopy, copy.copy, lambda runs: pickle.loads(pickle.dumps(runs))],
    ids=["deepcopy", "copy", "pickle"],
)
def test_copies_hold_the_same(runs: Runs, twin: Any) -> None:
    other = twin(runs)
    assert repr(other) == repr(runs)
    assert vars(other).keys() == vars(runs).keys()
    np.testing.assert_array_equal(other, runs)
    for times, original in zip(other.times, runs.times or (), strict=True):
        np.testing.assert_array_equal(times, original)
    assert other.ids.tolist() == runs.ids.tolist() and other.units == runs.units


def test_a_deep_copy_shares_nothing(runs: Runs) -> None:
    other = copy.deepcopy(runs)
    assert not np.shares_memory(other.arrays[0], runs.arrays[0])


# --- scikit-learn -------------------------------------------------------------------------------


class Duration(BaseDetector):
    """Scores a run by how far its length is from the training runs' mean."""

    def __init__(self, contamination: float = 0.1) -> None:
        super().__init__(contamination=contamination)

    def fit(self, X: Any, y: Any = None) -> "Duration":
        assert isinstance(X, Runs)
        self._set_n_classes(None)
        self.mean_, self.seen_ = X.lengths.mean(), X.ids.tolist()
        self.decision_scores_ = self.decision_function(X)
        self._process_decision_scores()
        return self

    def decision_function(self, X: Any) -> NDArray[Any]:
        assert isinstance(X, Runs)
        return np.abs(X.lengths - self.mean_)


@pytest.mark.parametrize(
    ("index", "ids"),
    [
        ([2, 0], "CA"),
        (np.array([2, 0]), "CA"),
        (np.array([True, False, True, False]), "AC"),
        (slice(1, 3), "BC"),
        (np.array([0, 0, 1]), "AAB"),
    ],
)
def test_safe_indexing_of_scikit_learn_keeps_runs(runs: Runs, index: Any, ids: str) -> None:
    taken = _safe_indexing(runs, index)
    assert isinstance(taken, Runs) and taken.ids.tolist() == list(ids)


def test_cross_val_predict_of_scikit_learn_keeps_runs() -> None:
    lengths = np.random.default_rng(0).integers(5, 50, 20)
    runs = Runs(ragged(*lengths), ids=[f"B-{i}" for i in range(20)])
    folds = KFold(4, shuffle=True, random_state=0)
    scores = cross_val_predict(Duration(), runs, cv=folds, method="decision_function")
    for train, test in folds.split(runs):
        expected = np.abs(lengths[test] - lengths[train].mean())
        np.testing.assert_allclose(scores[test], expected)


def test_a_detector_sees_the_ids_of_its_fold(runs: Runs) -> None:
    (train, test), _ = KFold(2).split(runs)
    assert Duration().fit(_safe_indexing(runs, train)).seen_ == ["C", "D"]
    assert _safe_indexing(runs, test).ids.tolist() == ["A", "B"]


def test_masked_values_are_gaps() -> None:
    values = np.arange(12.0).reshape(2, 6)
    values[1, 2] = -9999
    masked = np.ma.masked_equal(values, -9999)
    for X in (masked, list(masked)):
        runs = as_runs(X)
        assert np.isnan(runs.arrays[1][2, 0]) and np.nanmin(np.asarray(runs)) == 0


def test_tensors_with_gradients_and_of_half_precision_are_read() -> None:
    values = torch.arange(12.0).reshape(2, 6)
    for X in (values.requires_grad_(), values.detach().bfloat16(), list(values)):
        np.testing.assert_array_equal(np.asarray(as_runs(X))[:, :, 0], values.detach().numpy())
