"""Odd series are scored without a warning; what cannot be is refused by a message that helps."""

import re
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from pyod.models.knn import KNN
from pyod.models.sos import SOS
from series import LEVEL, named, normal, windowed
from sklearn.base import clone
from sklearn.preprocessing import FunctionTransformer

from tsad_plugin import (
    ChannelPCA,
    CNN1DAutoEncoder,
    Despike,
    FCAutoEncoder,
    KSigma,
    LSTMAutoEncoder,
    MovingAverage,
    OnRuns,
    PCAReconstruction,
    PopulationBand,
    WindowedDetector,
)

nan, inf = float("nan"), float("inf")


def error(text: str) -> Any:
    return pytest.raises(ValueError, match=f"^{re.escape(text)}")


# --- parameters ---------------------------------------------------------------------------------

WRONG_VALUES: dict[str, tuple[str, list[Any]]] = {
    "window_size": ("an integer of at least 2", [1, 0, -3, 20.0, "20", None, True, nan]),
    "stride": ("an integer of at least 1", [0, -1, 1.5, None, True]),
    "contamination": (
        "a number in (0, 0.5], a thresholder or None",
        [0, 0.6, nan, "auto", KSigma, KNN()],
    ),
    "smoothing": ("an integer of at least 1", [0, -1, 2.5, None]),
    "validation_fraction": ("a share in (0, 1)", [0, 1, 0.0, 1.0, -0.1, nan, None, "0.2"]),
    "max_windows": ("an integer of at least 10", [9, 0, 100.0, None]),
    "min_duration": ("an integer of at least 1 or None", [0, True, 2.5]),
    "merge_gap": ("an integer of at least 0 or None", [-1, 1.5, "none"]),
    "release": ("a share in [0, 1]", [-0.1, 1.1, nan, None]),
    "despike": ("'auto', a Despike or None", ["yes", True, False, Despike, MovingAverage(), 7]),
    "steps": ("a list of steps", [3, None, MovingAverage()]),
}


def test_every_parameter_has_wrong_values_here() -> None:
    parameters = WindowedDetector().get_params(deep=False).keys()
    assert WRONG_VALUES.keys() | {"detector"} == parameters


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        pytest.param(name, value, expected, id=f"{name}={value!r}"[:60])
        for name, (expected, values) in WRONG_VALUES.items()
        for value in values
    ],
)
def test_a_wrong_value_is_named_with_what_it_must_be(name: str, value: Any, expected: str) -> None:
    with error(f"{name} must be {expected}, got {value!r}"):
        windowed().set_params(**{name: value}).fit(normal())


def test_a_stride_beyond_the_window_is_refused() -> None:
    with error("stride=13 would leave rows between windows of 12: use at most window_size"):
        windowed(stride=13).fit(normal())


@pytest.mark.parametrize(
    ("inside", "message"),
    [
        (KNN, "detector is a class: pass an instance, KNN()"),
        (PCAReconstruction, "detector is a class: pass an instance, PCAReconstruction()"),
        (PopulationBand(), "PopulationBand takes runs itself: use it as it is, without Windowed"),
        (OnRuns(), "OnRuns takes runs itself: use it as it is, without WindowedDetector"),
        (WindowedDetector(), "WindowedDetector takes runs itself: use it as it is"),
        ("KN", "PyOD has no detector of rows that is called 'KN'"),
        ("LSTMAD", "PyOD has no detector of rows that is called 'LSTMAD'"),
        (None, "detector must be one of PyOD's, or the name of one, got None"),
        (KSigma(), "detector must be one of PyOD's, or the name of one, got KSigma()"),
        (PCAReconstruction(n_timesteps=7), "PCAReconstruction has n_timesteps=7 and window_size"),
        (PCAReconstruction(steps=[MovingAverage()]), "PCAReconstruction has steps: pass them to"),
        (PCAReconstruction(score="t2"), "PCAReconstruction has score='t2', and T² says nothing"),
        (FCAutoEncoder(score="both"), "FCAutoEncoder has score='both', and T² says nothing"),
        (PCAReconstruction(latent_dim=0), "latent_dim must be"),
        (FCAutoEncoder(n_epochs=0), "n_epochs must be an integer of at least 1, got 0"),
        (FCAutoEncoder(kernel_size=3), "kernel_size is a parameter of CNN1D detectors"),
        (KNN(n_neighbors=5000), "KNN.fit raised ValueError on 457 rows of 36 values: "),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_a_detector_that_cannot_score_windows_is_named(inside: Any, message: str) -> None:
    with error(message):
        WindowedDetector(inside, 12).fit(normal())
    with error("WindowedDetector takes runs itself"):
        OnRuns(WindowedDetector()).fit(np.zeros((5, 4)))


@pytest.mark.parametrize(
    ("steps", "message"),
    [
        ([3], "steps[0] must have fit_transform and transform, got 3"),
        ([ChannelPCA(2), MovingAverage()], "steps[0] (ChannelPCA) changes the channels: put it"),
        ([MovingAverage(4)], "window_size must be an odd positive integer, got 4"),
        ([ChannelPCA(7)], "n_components must be an integer from 1 to the 3 channels, got 7"),
        ([FunctionTransformer(np.asarray)], "the step FunctionTransformer returned ndarray: a"),
    ],
)
def test_steps_of_the_wrong_kind_are_named(steps: Any, message: str) -> None:
    with error(message):
        windowed(steps=steps).fit(normal())


def test_a_detector_that_looks_at_other_windows_is_warned_of() -> None:
    with pytest.warns(UserWarning, match="SOS scores a run by the runs that it is scored with"):
        windowed(SOS()).fit(normal(200))


@pytest.mark.parametrize(
    "options",
    [
        {"window_size": 2},
        {"window_size": 2, "detector": LSTMAutoEncoder(n_epochs=1)},
        {"window_size": 3, "detector": CNN1DAutoEncoder(n_epochs=1)},
        {"max_windows": 10},
        {"release": 0, "min_duration": 1, "merge_gap": 0, "smoothing": 1},
        {"release": 1.0, "stride": 12},
        {"validation_fraction": 0.9},
        {"detector": PCAReconstruction(latent_dim=500)},
        {"detector": PCAReconstruction(n_channels=2, use_duration=True, reduction="max")},
        {"steps": (MovingAverage(5), ChannelPCA(2))},
        {"smoothing": 10_000},
    ],
    ids=lambda options: ", ".join(options),
)
def test_extreme_values_that_are_allowed_work(options: dict[str, Any]) -> None:
    detector = clone(windowed()).set_params(**options).fit(normal(800))
    _check_answers(detector, normal(300, seed=1))


def _check_answers(detector: WindowedDetector, X: Any) -> None:
    assert np.isfinite(detector.threshold_) and np.isfinite(detector.failed_score_)
    assert np.isfinite(detector.decision_scores_).all()
    assert np.isfinite(detector.decision_function(X)).all()
    detector.predict_proba(X)
    detector.segments(X)
    detector.cleaning_summary(X)


# --- odd series ---------------------------------------------------------------------------------


def changed(rows: Any, columns: Any, values: Any) -> Any:
    def change(X: NDArray[Any]) -> NDArray[Any]:
        X = X.copy()
        X[rows, columns] = values
        return X

    return change


ODD: dict[str, Any] = {
    "integers": lambda X: np.round(100 * X).astype(int),
    "booleans": lambda X: LEVEL[:3] < X,
    "single precision": lambda X: X.astype(np.float32),
    "objects": lambda X: X.astype(object),
    "masked": lambda X: np.ma.masked_greater(X, 1.1e4),
    "another order in memory": np.asfortranarray,
    "all constant": lambda X: np.zeros_like(X) + 3,
    "one channel constant": changed(slice(None), 0, 7.0),
    "one channel of two values": changed(slice(None), 0, (np.arange(600) // 50) % 2),
    "one channel seldom measured": changed(np.arange(600) % 3 > 0, 0, nan),
    "one channel hardly measured": changed(np.arange(600) % 30 > 0, 0, nan),
    "one channel measured at first": changed(slice(2, None), 0, nan),
    "one channel missing at the end": changed(slice(440, None), 0, nan),
    "gaps at both ends": changed(np.r_[:40, 570:600], slice(None), nan),
    "a huge value": changed(100, 0, 1e300),
    "the largest values": changed(slice(100, 103), 0, [1.7e308, -1.7e308, 1.7e308]),
    "huge throughout": lambda X: X * 1e300,
    "tiny throughout": lambda X: X * 1e-300,
    "far from zero": lambda X: X + 1e9,
}


@pytest.mark.parametrize("odd", ODD)
@pytest.mark.parametrize("inside", ["PCA", "mahalanobis", "FC", "KNN"])
def test_odd_training_series_are_learned_from(odd: str, inside: str) -> None:
    detectors = {
        "PCA": PCAReconstruction(),
        "mahalanobis": PCAReconstruction(score="mahalanobis"),
        "FC": FCAutoEncoder(n_epochs=1, hidden_dims=(4,)),
        "KNN": "KNN",
    }
    detector = windowed(detectors[inside]).fit(ODD[odd](normal()))
    _check_answers(detector, ODD[odd](normal(seed=1)))


@pytest.mark.parametrize("odd", ODD)
def test_odd_series_are_scored_by_a_detector_of_usual_ones(odd: str) -> None:
    _check_answers(windowed().fit(normal()), ODD[odd](normal(seed=1)))


@pytest.mark.parametrize("inside", [None, "KNN"])
def test_one_channel_is_enough(inside: Any) -> None:
    detector = windowed(inside).fit(normal(n_channels=1))
    _check_answers(detector, normal(200, seed=1, n_channels=1))
    rows = normal(300, seed=1, n_channels=1)
    rows[200:] = 0
    assert detector.failure_time(rows) == [200]


def test_single_precision_gives_nearly_the_same_scores() -> None:
    detector, rows = windowed().fit(normal()), normal(300, seed=1)
    found = detector.decision_function(rows.astype(np.float32))
    np.testing.assert_allclose(found, detector.decision_function(rows), rtol=0.01)


def test_a_series_with_nothing_but_gaps_in_it_has_no_score_and_no_segment() -> None:
    rows = normal(300, seed=1)
    rows[np.arange(300) % 20 > 0] = nan
    detector = windowed().fit(normal())
    assert np.isnan(detector.timestep_scores(rows)[0]).all()
    assert len(detector.segments(rows)) == 0


# --- what is refused ----------------------------------------------------------------------------


def gaps(rows: Any, columns: Any = slice(None)) -> NDArray[Any]:
    return changed(rows, columns, nan)(normal())


@pytest.mark.parametrize(
    ("X", "message"),
    [
        ([], "X holds no run: pass at least one"),
        (np.zeros((0, 3)), "run 0 has 0 timesteps"),
        (np.zeros((600, 0)), "run 0 has no channel"),
        (normal(30), "the longest series has 30 rows: to learn from windows of 12 and to hold out"),
        ([normal(30), normal(20)], "the longest series has 30 rows"),
        (3.0, "X has 0 dimensions: pass (n_timesteps,) or (n_timesteps, n_channels)"),
        (np.zeros((2, 2, 2, 2)), "X has 4 dimensions"),
        ("text", "X holds text ('text')"),
        (pd.DataFrame({"a": ["on"] * 600, "b": 1.0}), "X holds text ('on')"),
        (normal() + 1j, "X holds complex128 values"),
        (changed(100, 1, inf)(normal()), "run 0, channel 'channel_1' is infinite at timestep 100"),
        ([normal(), changed(7, 0, -inf)(normal())], "run 1, channel 'channel_0' is infinite at"),
        ([normal(), normal(n_channels=2)], "run 1 has 2 channels, run 0 has 3"),
        (gaps(slice(None), 1), "run 0, channel 'channel_1' holds only NaN"),
        (gaps(slice(0, 480), 2), "channel 'channel_2' holds only NaN in the rows that are learned"),
        (gaps(slice(480, None)), "there are no 12 rows in a row to hold out"),
        (gaps(np.arange(600) % 20 > 0), "there are no 12 rows in a row to learn from"),
        (
            [pd.DataFrame(normal(), columns=list(c)) for c in ("abc", "abd")],
            "run 1 has the columns 'a', 'b', 'd', run 0 has 'a', 'b', 'c'",
        ),
        (pd.DataFrame(normal(), columns=list("aab")), "channel 'a' stands twice"),
    ],
    ids=lambda value: value[:40] if isinstance(value, str) else None,
)
def test_what_cannot_be_learned_from_is_refused(X: Any, message: str) -> None:
    with error(message):
        windowed().fit(X)


def test_rows_that_set_the_threshold_must_have_scores() -> None:
    detector = windowed(PCAReconstruction(score="mahalanobis"))
    with error("there are no 12 rows in a row to set the threshold with outside of failures and"):
        detector.fit(gaps(slice(545, None)))


@pytest.mark.parametrize(
    ("X", "message"),
    [
        (normal(n_channels=2), "X has 2 channels, the detector was fitted on 3: 'speed', 'flow'"),
        (normal(n_channels=1)[:, 0], "X has 1 channel, the detector was fitted on 3"),
        (
            pd.DataFrame(normal(), columns=["speed", "flow", "warmth"]),
            "X has the channels 'speed', 'flow', 'warmth', the detector was fitted on",
        ),
        (changed(5, 0, inf)(normal()), "run 0, channel 'channel_0' is infinite at timestep 5"),
        ([], "X holds no run: pass at least one"),
    ],
    ids=lambda value: value[:40] if isinstance(value, str) else None,
)
def test_what_cannot_be_scored_is_refused_by_every_method(X: Any, message: str) -> None:
    detector = windowed().fit(named([normal()]))
    for method in ("decision_function", "predict", "contributions", "segments", "fault_time"):
        with error(message):
            getattr(detector, method)(X)
