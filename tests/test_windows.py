"""A detector of timesteps: the forms of X, answers and thresholds."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from pyod.models.combination import average
from pyod.models.iforest import IForest
from pythresh.thresholds.iqr import IQR
from series import CHANNELS, INSIDE, faulty_and_gappy, fitted, named, normal, windowed
from sklearn.base import clone

from tsad_plugin import (
    ConformalThreshold,
    KSigma,
    PeaksOverThreshold,
    Runs,
)
from tsad_plugin.detectors import ALL
from tsad_plugin.inputs import as_series

equal = np.testing.assert_array_equal


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
    runs, detector = faulty_and_gappy(), fitted()
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
    detector, runs = fitted(), faulty_and_gappy()
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
    runs = faulty_and_gappy()
    labels = detector.predict(runs)
    equal(labels, detector.thresholder_.predict(detector.decision_function(runs)))
    assert labels[110:160].all() and labels.dtype == np.int64
    assert detector.predict(normal(1)).shape == (1,)


def test_a_threshold_can_be_changed_without_learning_again() -> None:
    detector = windowed().fit(normal())
    other = detector.with_threshold(0.1)
    assert other.labels_.sum() == 60 and detector.labels_.sum() == 0
    equal(
        other.decision_function(faulty_and_gappy()), detector.decision_function(faulty_and_gappy())
    )


# --- in PyOD's company --------------------------------------------------------------------------


def test_scores_of_several_detectors_are_combined_by_pyod() -> None:
    runs = faulty_and_gappy()
    columns: list[NDArray[Any]] = [fitted(name).decision_function(runs) for name in INSIDE]
    scores = average(np.stack([c / np.median(c) for c in columns], axis=1))
    assert scores.shape == (350,) and scores[110:160].min() > scores[:90].max()


def test_windows_and_rules_are_searched_for_by_their_names() -> None:
    detector = windowed("KNN").set_params(window_size=8, smoothing=1, release=0.2)
    assert detector.fit(normal()).preprocessor_.input_shape_ == (8, 3)


@pytest.mark.parametrize("zone", [None, "Europe/Berlin"])
def test_datetimes_that_are_the_index_of_a_table_are_its_times(zone: str | None) -> None:
    clock = pd.date_range("2026-01-01", periods=3, freq="h", tz=zone)
    table = pd.DataFrame({"T": [1.0, 2.0, 3.0]}, index=clock)
    for X in (table, [table, table]):
        times = as_series(X).times
        assert times is not None
        first = pd.Timestamp("2026-01-01", tz=zone or "UTC").tz_convert("UTC").tz_localize(None)
        assert all(pd.Timestamp(t[0]) == first and len(t) == 3 for t in times)
    assert as_series(table.reset_index(drop=True)).times is None
