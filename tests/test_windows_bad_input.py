"""What a detector of timesteps refuses, in the words that a user reads, and what it must stand."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from pyod.models.knn import KNN
from sklearn.exceptions import NotFittedError

from tsad_plugin import (
    ChannelPCA,
    FCAutoEncoder,
    MovingAverage,
    OnRuns,
    PCAReconstruction,
    PopulationBand,
    WindowedDetector,
)

Array = NDArray[Any]
nan, inf = np.nan, np.inf


def error(text: str, kind: type[Exception] = ValueError) -> Any:
    """An error with exactly this text."""
    return pytest.raises(kind, match=f"^{re.escape(text)}$")


def waves(n: int = 400, n_channels: int = 3, seed: int = 0) -> Array:
    """(n, c): normal rows of channels that belong together."""
    rng = np.random.default_rng(seed)
    load = np.sin(np.arange(n) / 5)[:, None]
    return 5 + load * np.arange(1, n_channels + 1) + rng.normal(0, 0.1, (n, n_channels))


def detector(inside: Any = None, window_size: Any = 16, **options: Any) -> WindowedDetector:
    return WindowedDetector(
        PCAReconstruction() if inside is None else inside, window_size, **options
    )


def with_value(value: float, *position: Any, n: int = 400) -> Array:
    X = waves(n)
    X[position] = value
    return X


@pytest.fixture(scope="module")
def fitted() -> WindowedDetector:
    return detector().fit(waves())


# --- parameters ---------------------------------------------------------------------------------

BAD_PARAMETERS: dict[str, tuple[list[Any], str]] = {
    "window_size": ([1, 0, -3, True, 2.5, "auto", None], "an integer of at least 2"),
    "stride": ([0, -1, True, 1.5, "auto", None], "an integer of at least 1"),
    "smoothing": ([0, -1, False, 2.5, None], "an integer of at least 1"),
    "validation_fraction": ([0, 0.0, 1, 1.0, -0.1, nan, "auto", True], "a share in (0, 1)"),
    "max_windows": ([0, 9, 50.5, True, None], "an integer of at least 10"),
    "release": ([-0.1, 1.1, nan, "half", None, True], "a share in [0, 1]"),
    "min_duration": ([0, -1, 1.5, True, "auto"], "an integer of at least 1 or None"),
    "merge_gap": ([-1, 1.5, True, "auto"], "an integer of at least 0 or None"),
    "despike": (["yes", True, False, 7, MovingAverage()], "'auto', a Despike or None"),
    "contamination": (
        [0, 0.6, "auto", KNN(), nan],
        "a number in (0, 0.5], a thresholder or None",
    ),
}


@pytest.mark.parametrize(
    ("name", "value"),
    [(name, value) for name, (values, _) in BAD_PARAMETERS.items() for value in values],
)
def test_a_parameter_with_a_value_it_cannot_have_is_refused(name: str, value: Any) -> None:
    expected = BAD_PARAMETERS[name][1]
    with error(f"{name} must be {expected}, got {value!r}"):
        detector(**{name: value}).fit(waves())


def test_windows_must_not_leave_rows_between_them() -> None:
    detector(stride=16).fit(waves())
    with error("stride=17 would leave rows between windows of 16: use at most window_size"):
        detector(stride=17).fit(waves())


@pytest.mark.parametrize(
    ("steps", "text"),
    [
        (None, "steps must be a list of steps, got None"),
        ("pca", "steps must be a list of steps, got 'pca'"),
        ([3], "steps[0] must have fit_transform and transform, got 3"),
        (
            [ChannelPCA(2), MovingAverage()],
            "steps[0] (ChannelPCA) changes the channels: put it last",
        ),
        ([MovingAverage(4)], "window_size must be an odd positive integer, got 4"),
    ],
)
def test_steps_that_are_none_are_refused(steps: Any, text: str) -> None:
    with error(text):
        detector(steps=steps).fit(waves())


# --- the detector inside ------------------------------------------------------------------------

BAD_INSIDE: dict[str, tuple[Any, str]] = {
    "class": (KNN, "detector is a class: pass an instance, KNN()"),
    "class of ours": (
        PCAReconstruction,
        "detector is a class: pass an instance, PCAReconstruction()",
    ),
    "number": (3, "detector must be one of PyOD's, or the name of one, got 3"),
    "nothing": (None, "detector must be one of PyOD's, or the name of one, got None"),
    "unknown name": (
        "KNNN",
        "PyOD has no detector of rows that is called 'KNNN': pass an instance, or a name such as "
        "'KNN'; did you mean 'KNN'?",
    ),
    "band": (
        PopulationBand(),
        "PopulationBand takes runs itself: use it as it is, without WindowedDetector",
    ),
    "detector of runs": (
        OnRuns(),
        "OnRuns takes runs itself: use it as it is, without WindowedDetector",
    ),
    "itself": (
        WindowedDetector(),
        "WindowedDetector takes runs itself: use it as it is, without WindowedDetector",
    ),
    "T2": (
        PCAReconstruction(score="t2"),
        "PCAReconstruction has score='t2', and T² says nothing of single timesteps: use "
        "score='spe' or 'mahalanobis'",
    ),
    "SPE and T2": (
        PCAReconstruction(score="both"),
        "PCAReconstruction has score='both', and T² says nothing of single timesteps: use "
        "score='spe' or 'mahalanobis'",
    ),
    "length": (
        PCAReconstruction(n_timesteps=20),
        "PCAReconstruction has n_timesteps=20 and window_size is 16: leave n_timesteps at None",
    ),
    "steps": (
        FCAutoEncoder(steps=[MovingAverage()]),
        "FCAutoEncoder has steps: pass them to WindowedDetector, which prepares series",
    ),
    "bad parameter": (
        FCAutoEncoder(n_epochs=0),
        "n_epochs must be an integer of at least 1, got 0",
    ),
}


@pytest.mark.parametrize("name", BAD_INSIDE)
def test_a_detector_that_cannot_score_windows_is_refused(name: str) -> None:
    inside, text = BAD_INSIDE[name]
    with error(text):
        WindowedDetector(inside, 16).fit(waves())


def test_a_detector_of_runs_takes_no_detector_of_timesteps() -> None:
    with error("WindowedDetector takes runs itself: use it as it is, without OnRuns"):
        OnRuns(WindowedDetector()).fit(np.zeros((20, 24, 3)))


def test_the_length_of_windows_may_be_said_inside_too() -> None:
    assert detector(PCAReconstruction(n_timesteps=16)).fit(waves()).predict(waves()).any() in (0, 1)


# --- X ------------------------------------------------------------------------------------------

NOT_MEASURED = (
    "outside of failures and of gaps longer than that: pass series with more normal rows, or lower "
    "window_size"
)

BAD_X: dict[str, tuple[Callable[[], Any], str]] = {
    "no series": (list, "X holds no run: pass at least one"),
    "text": (lambda: "machine.csv", "X holds text ('machine.csv'): all values must be numbers"),
    "table of text": (
        lambda: np.array([["1", "2"], ["3", "4"]]),
        "X holds text ('1'): all values must be numbers",
    ),
    "text among numbers": (
        lambda: np.array([[1.0, "off"], [2.0, 3.0]], dtype=object),
        "X holds text ('off'): all values must be numbers",
    ),
    "complex numbers": (
        lambda: waves().astype(complex),
        "X holds complex128 values: all values must be real numbers",
    ),
    "a number": (
        lambda: 3.0,
        "X has 0 dimensions: pass (n_timesteps,) or (n_timesteps, n_channels)",
    ),
    "nothing": (
        lambda: None,
        "X has 0 dimensions: pass (n_timesteps,) or (n_timesteps, n_channels)",
    ),
    "infinite value": (
        lambda: with_value(inf, 5, 1),
        "run 0, channel 'channel_1' is infinite at timestep 5: replace it by NaN (a gap) or leave "
        "the run out",
    ),
    "infinite value of the second": (
        lambda: [waves(), with_value(-inf, 7, 2)],
        "run 1, channel 'channel_2' is infinite at timestep 7: replace it by NaN (a gap) or leave "
        "the run out",
    ),
    "channel of NaN": (
        lambda: with_value(nan, slice(None), 1),
        "run 0, channel 'channel_1' holds only NaN: leave out that run or that channel",
    ),
    "ragged channels": (
        lambda: [waves(), waves(n_channels=2)],
        "run 1 has 2 channels, run 0 has 3: all runs need the same channels",
    ),
}


@pytest.mark.parametrize("name", BAD_X)
def test_what_is_no_series_is_refused_by_every_method(fitted: WindowedDetector, name: str) -> None:
    make, text = BAD_X[name]
    methods = ["decision_function", "predict", "timestep_scores", "contributions", "segments"]
    for method in [*methods, "fault_time", "failure_time", "cleaning_summary"]:
        with error(text):
            getattr(fitted, method)(make())
    with error(text):
        detector().fit(make())


def test_series_with_other_channels_are_refused(fitted: WindowedDetector) -> None:
    names = "'channel_0', 'channel_1', 'channel_2'"
    for X, found in ((waves(n_channels=2), "2 channels"), (waves()[:, 0], "1 channel")):
        with error(f"X has {found}, the detector was fitted on 3: {names}"):
            fitted.segments(X)


def test_nothing_is_said_before_fit() -> None:
    methods = ["decision_function", "predict", "timestep_scores", "contributions", "segments"]
    for method in [*methods, "fault_time", "failure_time", "cleaning_summary"]:
        with pytest.raises(NotFittedError):
            getattr(detector(), method)(waves())


# --- too little to learn from -------------------------------------------------------------------


@pytest.mark.parametrize("fraction", [0.1, 0.2, 0.5, 0.9])
@pytest.mark.parametrize("score", ["spe", "mahalanobis"])
def test_as_many_rows_as_the_message_asks_for_are_enough(fraction: float, score: str) -> None:
    asked = detector(PCAReconstruction(score=score), 10, validation_fraction=fraction)
    with pytest.raises(ValueError, match=r"^the longest series has 20 rows: to learn ") as caught:
        asked.fit(waves(20))
    (needed,) = re.findall(r"it needs about (\d+)", str(caught.value))
    assert asked.fit(waves(int(needed))).threshold_ > 0
    with pytest.raises(ValueError, match="the longest series has"):
        asked.fit(waves(int(0.9 * int(needed))))


def test_too_short_series_are_refused() -> None:
    with error(
        "the longest series has 30 rows: to learn from windows of 16 and to hold out 20% of the "
        "rows it needs about 80; pass longer series, or lower window_size"
    ):
        detector().fit([waves(30), waves(20)])


GAPS: dict[str, tuple[slice, str]] = {
    "one gap": (slice(2, -2), "to learn from"),
    "nothing after two rows": (slice(2, None), "to learn from"),
    "nothing held out": (slice(-120, None), "to hold out"),
}


@pytest.mark.parametrize("name", GAPS)
@pytest.mark.parametrize("inside", [PCAReconstruction(), KNN()], ids=["pca", "knn"])
def test_training_series_of_gaps_are_refused(inside: Any, name: str) -> None:
    rows, which = GAPS[name]
    with error(f"there are no 16 rows in a row {which} {NOT_MEASURED}"):
        detector(inside).fit(with_value(nan, rows))
    beside = detector(inside).fit([waves(), with_value(nan, rows)])
    assert np.isfinite(beside.decision_scores_).all()


def test_rows_that_set_the_threshold_must_have_been_measured() -> None:
    with error(f"there are no 16 rows in a row to set the threshold with {NOT_MEASURED}"):
        detector(PCAReconstruction(score="mahalanobis")).fit(with_value(nan, slice(-30, None)))


def test_a_channel_without_a_value_to_learn_from_is_refused() -> None:
    with error(
        "channel 'channel_1' holds only NaN in the rows that are learned from, those before the "
        "ones held out: leave out that channel, or pass series in which it was measured earlier"
    ):
        detector().fit(with_value(nan, slice(None, -90), 1))


# --- what must be stood -------------------------------------------------------------------------

ODD: dict[str, Callable[[], Array]] = {
    "all constant": lambda: np.ones((400, 3)),
    "all zero": lambda: np.zeros((400, 3)),
    "one constant channel": lambda: with_value(2.0, slice(None), 1),
    "a value that is huge": lambda: with_value(1e300, 50, 1),
    "huge values": lambda: waves() * 1e300,
    "tiny values": lambda: waves() * 1e-300,
    "integers": lambda: (100 * waves()).astype(np.int64),
    "small integers": lambda: (10 * waves()).astype(np.int8),
    "float32": lambda: waves().astype(np.float32),
    "booleans": lambda: waves() > 5,
    "one channel": lambda: waves(n_channels=1),
    "a vector": lambda: waves(n_channels=1)[:, 0],
    "gaps at both ends": lambda: np.concatenate(
        [np.full((40, 3), nan), waves(), np.full((12, 3), nan)]
    ),
    "a gap in a channel": lambda: with_value(nan, slice(100, 200), 1),
    "single gaps": lambda: with_value(nan, slice(None, None, 2), 0),
}


@pytest.mark.parametrize("name", ODD)
@pytest.mark.parametrize(
    "inside",
    [PCAReconstruction(), PCAReconstruction(score="mahalanobis"), FCAutoEncoder(n_epochs=2), KNN()],
    ids=["pca", "mahalanobis", "fc", "knn"],
)
def test_odd_series_are_learned_from_and_scored(inside: Any, name: str) -> None:
    X = ODD[name]()
    before = X.copy()
    learned = detector(inside).fit(X)
    scores = learned.decision_function(X)
    assert np.isfinite(scores).all() and scores.shape == (len(X),)
    assert learned.usual_score_ <= learned.threshold_ < learned.failed_score_ < np.inf
    assert np.array_equal(learned.decision_scores_, scores)
    assert learned.predict(X).mean() < 0.3
    assert np.array_equal(X, before, equal_nan=X.dtype.kind == "f")
    learned.segments(X)


@pytest.mark.parametrize("value", [1e30, 1e300, -1e300])
@pytest.mark.parametrize("inside", [PCAReconstruction(), KNN()], ids=["pca", "knn"])
def test_huge_values_that_last_are_one_fault(inside: Any, value: float) -> None:
    learned = detector(inside, despike=None).fit(waves())
    rows = with_value(value, slice(150, 250), 1)
    assert np.isfinite(learned.decision_function(rows)).all()
    (row,) = learned.segments(rows).itertuples()
    assert row.mode == "faulty" and abs(row.start - 150) <= 16 and abs(row.end - 250) <= 16


def test_a_constant_channel_that_changes_is_seen() -> None:
    learned = detector().fit(with_value(2.0, slice(None), 1))
    rows = with_value(2.0, slice(None), 1)
    rows[200:260, 1] = 2.5
    (row,) = learned.segments(rows).itertuples()
    assert abs(row.start - 200) <= 10 and row.channels == ("channel_1",)


SCORELESS: dict[str, Array] = {
    "one row": waves(1),
    "shorter than a window": waves(15),
    "a gap but for two rows": with_value(nan, slice(2, None)),
}


@pytest.mark.parametrize("name", SCORELESS)
def test_series_without_a_score_are_usual_and_have_no_segment(
    fitted: WindowedDetector, name: str
) -> None:
    X = SCORELESS[name]
    assert np.isnan(fitted.timestep_scores(X)[0]).all()
    assert (fitted.decision_function(X) == fitted.usual_score_).all()
    assert not fitted.predict(X).any()
    assert fitted.segments(X).empty
    assert fitted.fault_time(X) == fitted.failure_time(X) == [None]
    assert np.isnan(fitted.contributions(X)[0]).all()


def test_numbers_of_any_kind_give_the_same_scores(fitted: WindowedDetector) -> None:
    rows = np.round(waves(seed=1) * 4)  # exact in all of them
    scores = fitted.decision_function(rows)
    for kind in (np.int64, np.int8, object):
        assert np.array_equal(fitted.decision_function(rows.astype(kind)), scores)
    single = fitted.decision_function(rows.astype(np.float32))
    assert np.allclose(single, scores, rtol=1e-4)
    assert np.array_equal(fitted.decision_function([rows.tolist()]), scores)
