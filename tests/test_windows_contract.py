"""PyOD's and scikit-learn's contract, with a timestep for a sample."""

import copy
import json
import pickle
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
import pytest
import torch
from pyod.models.knn import KNN
from pyod.utils import persistence
from series import INSIDE, faulty_and_gappy, fitted, named, normal, quick_network, windowed
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

from tsad_plugin import (
    Despike,
    KSigma,
    MovingAverage,
    PCAReconstruction,
    PeaksOverThreshold,
    Runs,
    WindowedDetector,
    load,
    save,
)

equal = np.testing.assert_array_equal


@pytest.mark.parametrize("name", INSIDE)
def test_answers_have_pyods_shapes_and_types(name: str) -> None:
    detector, runs = fitted(name), faulty_and_gappy()
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
    detector.predict_proba(faulty_and_gappy(), return_confidence=True)
    detector.predict_with_rejection(faulty_and_gappy(), c_r=0.1)
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
    before = detector.decision_function(faulty_and_gappy())
    with pytest.raises(ValueError, match=r"\w"):
        detector.set_params(**parameters).fit(rows)
    equal(
        detector.set_params(**windowed().get_params(deep=False)).decision_function(
            faulty_and_gappy()
        ),
        before,
    )


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


def test_parameters_that_are_set_anew_count_from_the_next_fit_on() -> None:
    detector, runs = windowed().fit(normal()), faulty_and_gappy()
    scores, segments = detector.decision_function(runs), detector.segments(runs)
    detector.set_params(window_size=30, stride=7, smoothing=1, steps=[MovingAverage()])
    detector.set_params(detector="KNN", despike=None, contamination=0.5)
    equal(detector.decision_function(runs), scores)
    pd.testing.assert_frame_equal(detector.segments(runs), segments)
    equal(detector.predict(runs), scores > detector.threshold_)


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
    one.segments(faulty_and_gappy())
    assert states() == before


@pytest.mark.parametrize("name", INSIDE)
def test_copies_give_the_exact_same_answers(name: str, tmp_path: Path) -> None:
    detector, runs = fitted(name), faulty_and_gappy()
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
    equal(
        load(tmp_path / "model").predict(faulty_and_gappy()), detector.predict(faulty_and_gappy())
    )
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
