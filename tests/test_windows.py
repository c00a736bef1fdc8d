"""A detector of timesteps: the forms of X, and PyOD's contract with a timestep for a sample."""

import copy
import json
import pickle
import random
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
import pytest
import torch
from numpy.typing import NDArray
from pyod.models.combination import average
from pyod.models.iforest import IForest
from pyod.models.knn import KNN
from pyod.utils import persistence
from pythresh.thresholds.iqr import IQR
from series import CHANNELS, named, normal, windowed
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

from tsad_plugin import (
    ConformalThreshold,
    Despike,
    FCAutoEncoder,
    KSigma,
    MovingAverage,
    PCAReconstruction,
    PeaksOverThreshold,
    Runs,
    WindowedDetector,
    load,
    save,
)
from tsad_plugin.detectors import ALL

equal = np.testing.assert_array_equal


def quick_network() -> FCAutoEncoder:
    return FCAutoEncoder(n_epochs=2, hidden_dims=(8,))


INSIDE: dict[str, Callable[[], Any]] = {
    "PCAReconstruction": PCAReconstruction,
    "FCAutoEncoder": quick_network,
    "KNN": KNN,
}


@cache
def fitted(name: str = "PCAReconstruction") -> WindowedDetector:
    return windowed(INSIDE[name]()).fit(named([normal(), normal(400, seed=1)]))


def new() -> Runs:
    """Two series with a step in one, and a gap in the other."""
    one, other = normal(200, seed=2), normal(150, seed=3)
    one[100:160, 1] += 10
    other[50:100] = np.nan
    return named([one, other])


# --- forms of X ---------------------------------------------------------------------------------


def test_a_table_is_one_series() -> None:
    rows = normal(seed=2)
    detector = windowed().fit(normal())
    scores = detector.timestep_scores(rows)
    assert len(scores) == 1 and scores[0].shape == (600,)
    table = pd.DataFrame(rows)
    for form in (table, [rows], (rows,), rows[None], Runs([rows]), [table], rows.astype(object)):
        equal(detector.timestep_scores(form)[0], scores[0])
    for form in (pd.DataFrame(normal()), [normal()], normal()[None], named([normal()])):
        equal(windowed().fit(form).timestep_scores(rows)[0], scores[0])


def test_a_vector_is_a_series_of_one_channel() -> None:
    rows = normal(n_channels=1)
    detector = windowed().fit(rows[:, 0])
    for form in (rows, rows[:, 0], [rows[:, 0]], pd.Series(rows[:, 0]), rows[None]):
        equal(detector.decision_function(form), detector.decision_scores_)


def test_an_array_of_three_dimensions_is_several_series_without_their_padding() -> None:
    one, other = normal(100, seed=2), normal(80, seed=3)
    padded = np.stack([one, np.pad(other, ((0, 20), (0, 0)), constant_values=np.nan)])
    scores = fitted().timestep_scores(padded)
    assert [len(s) for s in scores] == [100, 80]
    equal(np.concatenate(scores), fitted().decision_function([one, other]))


def test_channels_are_matched_by_name() -> None:
    runs, detector = new(), fitted()
    scores = detector.decision_function(runs)
    turned = runs.select(["heat", "speed", "flow"])
    tables = [pd.DataFrame(a, columns=list(runs.channels)) for a in runs.arrays]
    mixed = [tables[0][["flow", "heat", "speed"]], tables[1]]
    for form in (turned, tables, mixed):
        equal(detector.decision_function(form), scores)
    for found, expected in zip(
        detector.contributions(turned), detector.contributions(runs), strict=True
    ):
        equal(found, expected)


def test_a_data_frame_names_the_channels() -> None:
    table = pd.DataFrame(normal(), columns=list(CHANNELS[:3]))
    detector = windowed().fit(table)
    assert detector.channels_ == CHANNELS[:3] and detector.n_channels_ == 3
    assert detector.correlation_.columns.tolist() == list(CHANNELS[:3])
    equal(detector.decision_function(table[["heat", "flow", "speed"]]), detector.decision_scores_)


def test_answers_are_one_vector_a_series_after_another() -> None:
    detector, runs = fitted(), new()
    scores, masks = detector.timestep_scores(runs, return_mask=True)
    usual = detector.usual_score_
    filled = [np.where(mask, s, usual) for s, mask in zip(scores, masks, strict=True)]
    equal(detector.decision_function(runs), np.concatenate(filled))
    assert not masks[1][50:100].any() and masks[0].all()
    assert [m.dtype for m in masks] == [bool, bool]
    assert [len(c) for c in detector.contributions(runs)] == [200, 150]
    for answer in (detector.predict(runs), detector.predict_confidence(runs)):
        assert answer.shape == (350,)
    equal(detector.predict(runs), detector.decision_function(runs) > detector.threshold_)


def test_training_scores_are_of_all_rows_in_order() -> None:
    runs = named([normal(), normal(400, seed=1)])
    detector = fitted()
    assert detector.decision_scores_.shape == detector.labels_.shape == (1000,)
    assert detector.labels_.dtype == np.int64
    equal(detector.decision_function(runs), detector.decision_scores_)
    equal(detector.predict(runs), detector.labels_)


@pytest.mark.parametrize("cls", ALL, ids=lambda cls: cls.__name__)
def test_each_of_the_six_finds_a_step_in_its_channel(cls: Any) -> None:
    detector = windowed(cls(n_epochs=2, hidden_dims=(8,))).fit(normal())
    rows = normal(300, seed=1)
    rows[150:200, 1] += 20
    [contributions] = detector.contributions(rows)
    assert contributions.sum(axis=1)[160:200].min() > contributions.sum(axis=1)[:130].max()
    assert contributions[150:200].sum(axis=0).argmax() == 1


# --- the contract -------------------------------------------------------------------------------


@pytest.mark.parametrize("name", INSIDE)
def test_answers_have_pyods_shapes_and_types(name: str) -> None:
    detector, runs = fitted(name), new()
    scores = detector.decision_function(runs)
    assert scores.dtype == np.float64 and np.isfinite(scores).all()
    equal(detector.classes_, [0, 1])
    confidence = detector.predict_confidence(runs)
    for method in ("linear", "unify"):
        shares = detector.predict_proba(runs, method=method)
        assert shares.shape == (350, 2) and ((shares >= 0) & (shares <= 1)).all()
        np.testing.assert_allclose(shares.sum(axis=1), 1)
    for found in (
        detector.predict(runs, return_confidence=True),
        detector.predict_proba(runs, return_confidence=True),
    ):
        equal(found[1], confidence)
    rejected, stats = detector.predict_with_rejection(runs, return_stats=True, c_r=0.1)
    assert rejected.shape == (350,) and set(rejected.tolist()) <= {0, 1, -2} and len(stats) == 3
    assert len(detector.compute_rejection_stats()) == 3


def test_x_is_scored_once_for_all_that_pyod_makes_of_the_scores(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    detector, calls = copy.copy(fitted()), []
    scan = WindowedDetector._scan
    monkeypatch.setattr(
        WindowedDetector, "_scan", lambda *args, **kw: calls.append(1) or scan(*args, **kw)
    )
    detector.predict_proba(new(), return_confidence=True)
    detector.predict_with_rejection(new(), c_r=0.1)
    assert len(calls) == 4  # twice two series


def test_fit_returns_self_never_reads_y_and_forgets_the_past() -> None:
    rows, other = normal(), normal(400, seed=5, n_channels=2)
    detector = windowed()
    assert detector.fit(rows, y="nonsense") is detector
    detector.remembered_ = "what a fit leaves only sometimes"
    unused = windowed().fit(other)
    detector.fit(other)
    assert vars(detector).keys() == vars(unused).keys() and detector.n_channels_ == 2
    equal(detector.decision_scores_, unused.decision_scores_)


@pytest.mark.parametrize(
    ("parameters", "rows"),
    [
        ({"window_size": 1}, normal()),
        ({"stride": 99}, normal()),
        ({"contamination": KSigma(-1)}, normal()),
        ({"detector": KNN(n_neighbors=9999)}, normal()),
        ({"steps": [MovingAverage(4)]}, normal()),
        ({}, normal(30)),
        ({}, []),
    ],
)
def test_a_fit_that_fails_leaves_what_was_learned(parameters: dict[str, Any], rows: Any) -> None:
    detector = windowed().fit(normal())
    before = detector.decision_function(new())
    with pytest.raises(ValueError, match=r"\w"):
        detector.set_params(**parameters).fit(rows)
    equal(detector.set_params(**windowed().get_params(deep=False)).decision_function(new()), before)


def test_nothing_works_before_fit() -> None:
    for method in (
        "decision_function",
        "predict",
        "predict_proba",
        "timestep_scores",
        "contributions",
        "segments",
        "fault_time",
        "failure_time",
        "cleaning_summary",
    ):
        with pytest.raises(NotFittedError):
            getattr(windowed(), method)(normal())


def test_what_was_passed_stays_as_it_was() -> None:
    inside, thresholder, despike, steps = KNN(), KSigma(4), Despike(), [MovingAverage(3)]
    detector = windowed(inside, contamination=thresholder, despike=despike, steps=steps)
    detector.fit(normal())
    assert detector.detector is inside and not hasattr(inside, "decision_scores_")
    assert detector.contamination is thresholder and not hasattr(thresholder, "thresh_")
    assert not hasattr(despike, "scale_") and not hasattr(steps[0], "n_channels_")


def test_a_fitted_detector_is_copied_and_not_used() -> None:
    inside = PCAReconstruction().fit(np.random.default_rng(0).normal(size=(30, 20)))
    scores = inside.decision_scores_
    equal(
        windowed(inside).fit(normal()).decision_scores_, windowed().fit(normal()).decision_scores_
    )
    assert inside.decision_scores_ is scores and inside.n_channels_ == 1


@pytest.mark.parametrize("form", [list, named, lambda arrays: np.stack([a[:400] for a in arrays])])
def test_x_is_never_changed(form: Callable[[Any], Any]) -> None:
    arrays = [normal(), normal(400, seed=1)]
    arrays[0][50:60, 1] = np.nan
    arrays[0][100] = 1e6
    X = form(arrays)
    before = copy.deepcopy(X)
    for array in X.arrays if isinstance(X, Runs) else X:
        array.flags.writeable = False
    detector = windowed().fit(X)
    for method in ("predict", "contributions", "segments", "cleaning_summary", "fault_time"):
        getattr(detector, method)(X)
    for now, then in zip(
        *(x.arrays if isinstance(x, Runs) else x for x in (X, before)), strict=True
    ):
        equal(now, then)


def test_a_seed_gives_the_same_scores_and_global_states_are_untouched() -> None:
    def states() -> str:
        parts = [random.getstate(), np.random.get_state()[1].tolist(), torch.get_rng_state()]
        return repr([*parts, torch.get_num_threads(), np.geterr()])

    before = states()
    one, again = (windowed(quick_network()).fit(normal()) for _ in range(2))
    equal(one.decision_scores_, again.decision_scores_)
    equal(one.fit(normal()).decision_scores_, again.decision_scores_)
    other = windowed(quick_network().set_params(random_state=7)).fit(normal())
    assert not np.allclose(other.decision_scores_, one.decision_scores_)
    one.segments(new())
    assert states() == before


@pytest.mark.parametrize("name", INSIDE)
def test_copies_give_the_exact_same_answers(name: str, tmp_path: Path) -> None:
    detector, runs = fitted(name), new()
    joblib.dump(detector, tmp_path / "joblib")
    persistence.save(detector, tmp_path / "pyod")
    twins = [
        pickle.loads(pickle.dumps(detector)),
        joblib.load(tmp_path / "joblib"),
        persistence.load(tmp_path / "pyod", trusted=True),
        copy.deepcopy(detector),
    ]
    if name != "KNN":
        save(detector, tmp_path / "ours")
        twins.append(load(tmp_path / "ours"))
    for twin in twins:
        assert repr(twin) == repr(detector) and twin.threshold_ == detector.threshold_
        equal(twin.decision_function(runs), detector.decision_function(runs))
        equal(twin.predict_proba(runs), detector.predict_proba(runs))
        pd.testing.assert_frame_equal(twin.segments(runs), detector.segments(runs))
        pd.testing.assert_frame_equal(twin.cleaning_, detector.cleaning_)
        pd.testing.assert_frame_equal(twin.correlation_, detector.correlation_)
        assert (twin.channels_, twin.failed_score_) == (detector.channels_, detector.failed_score_)


def test_save_names_the_foreign_detector(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"WindowedDetector\.detector is a pyod\.models\.knn\.KNN"):
        save(fitted("KNN"), tmp_path / "model")


def test_steps_thresholds_and_glitches_are_saved(tmp_path: Path) -> None:
    detector = windowed(
        steps=[MovingAverage(3)], despike=Despike(5), contamination=PeaksOverThreshold(), stride=3
    ).fit(normal())
    save(detector, tmp_path / "model")
    equal(load(tmp_path / "model").predict(new()), detector.predict(new()))
    assert load(tmp_path / "model").get_params().keys() == detector.get_params().keys()


def test_parameters_are_json_values_or_estimators() -> None:
    detector = windowed(stride=2, contamination=KSigma(3))
    values = detector.get_params(deep=False)
    simple = {k: v for k, v in values.items() if not hasattr(v, "get_params")}
    assert values.keys() - simple.keys() == {"detector", "contamination"}
    assert json.loads(json.dumps({**simple, "steps": list(simple["steps"])}))
    twin = clone(detector.fit(normal()))
    assert not hasattr(twin, "detector_") and repr(twin) == repr(detector)
    assert detector.set_params(detector__latent_dim=0.5).detector.latent_dim == 0.5


# --- thresholds ---------------------------------------------------------------------------------


def test_a_number_is_pyods_percentile_of_all_training_scores() -> None:
    detector = windowed(contamination=0.03).fit(normal())
    assert detector.threshold_ == np.percentile(detector.decision_scores_, 97)
    assert detector.labels_.sum() == 18 == (detector.decision_scores_ > detector.threshold_).sum()


@pytest.mark.parametrize("rule", [KSigma(2), PeaksOverThreshold(), ConformalThreshold(0.05)])
def test_our_thresholders_learn_from_calibration_scores(rule: Any) -> None:
    detector = windowed(contamination=rule).fit(normal())
    assert detector.threshold_ == clone(rule).fit(detector.calibration_scores_).thresh_
    equal(detector.labels_, detector.decision_scores_ > detector.threshold_)


@pytest.mark.parametrize(
    ("name", "rule"),
    [
        ("PCAReconstruction", KSigma(5.0, robust=True, log=True)),
        ("FCAutoEncoder", KSigma(5.0, robust=True, log=True)),
        ("KNN", KSigma(8.0, robust=True)),
    ],
)
def test_the_default_threshold_is_robust_and_of_held_out_rows(name: str, rule: KSigma) -> None:
    detector = fitted(name)
    assert detector.threshold_ == rule.fit(detector.calibration_scores_).thresh_
    assert repr(detector.thresholder_) == repr(rule)


def test_scores_that_may_be_negative_have_a_default_threshold_without_logarithms() -> None:
    detector = windowed(IForest(random_state=0)).fit(normal())
    assert detector.calibration_scores_.min() < 0
    assert detector.predict(normal(400, seed=4)).mean() < 0.02


def test_a_foreign_thresholder_labels_scores() -> None:
    detector = windowed(contamination=IQR()).fit(normal())
    runs = new()
    labels = detector.predict(runs)
    equal(labels, detector.thresholder_.predict(detector.decision_function(runs)))
    assert labels[110:160].all() and labels.dtype == np.int64
    assert detector.predict(normal(1)).shape == (1,)


def test_a_threshold_can_be_changed_without_learning_again() -> None:
    detector = windowed().fit(normal())
    other = detector.with_threshold(0.1)
    assert other.labels_.sum() == 60 and detector.labels_.sum() == 0
    equal(other.decision_function(new()), detector.decision_function(new()))


# --- in PyOD's company --------------------------------------------------------------------------


def test_scores_of_several_detectors_are_combined_by_pyod() -> None:
    runs = new()
    columns: list[NDArray[Any]] = [fitted(name).decision_function(runs) for name in INSIDE]
    scores = average(np.stack([c / np.median(c) for c in columns], axis=1))
    assert scores.shape == (350,) and scores[110:160].min() > scores[:90].max()


def test_windows_and_rules_are_searched_for_by_their_names() -> None:
    detector = windowed("KNN").set_params(window_size=8, smoothing=1, release=0.2)
    assert detector.fit(normal()).preprocessor_.input_shape_ == (8, 3)
