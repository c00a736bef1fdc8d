"""A threshold from labelled runs."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pyod.models.knn import KNN
from sklearn.metrics import fbeta_score
from waves import QUICK, as_matrix, mirrored

from tsad_plugin import (
    FCAutoEncoder,
    FixedThreshold,
    KSigma,
    PopulationBand,
    load,
    save,
    tune_threshold,
)


class Says:
    """A detector whose scores are what it is given."""

    def decision_function(self, X: Any) -> Any:
        return np.asarray(X, dtype=float)


def tuned(scores: Any, y: Any, beta: float = 1.0) -> float:
    return tune_threshold(Says(), scores, y, beta).threshold


def best_by_hand(scores: Any, y: Any, beta: float) -> float:
    """The largest F-measure that any threshold has."""
    cuts = [-np.inf, *sorted(scores)]
    return max(fbeta_score(y, scores > cut, beta=beta, zero_division=0) for cut in cuts)


@pytest.mark.parametrize("beta", [0.25, 1, 3.0])
@pytest.mark.parametrize("seed", range(20))
def test_no_threshold_has_a_larger_f_measure(seed: int, beta: float) -> None:
    rng = np.random.default_rng(seed)
    y = rng.permutation(np.repeat([0, 1], [20, 6]))
    scores = np.round(rng.normal(size=26) + y, 1)  # some are equal
    labels = scores > tuned(scores, y, beta)
    assert fbeta_score(y, labels, beta=beta) == pytest.approx(best_by_hand(scores, y, beta))


def test_the_threshold_lies_half_way_between_its_neighbours() -> None:
    assert tuned([1, 2, 6, 8], [0, 0, 1, 1]) == 4


def test_of_equal_f_measures_the_highest_threshold_is_taken() -> None:
    # Both of the highest two alone, and the three highest, have an F-measure of 2/3.
    assert tuned([1, 2, 3, 4], [1, 0, 0, 1]) == 3.5


def test_neighbouring_numbers_leave_room_for_a_threshold() -> None:
    scores = np.nextafter([1.0, np.nextafter(1.0, 2)], 2)
    assert (scores > tuned(scores, [0, 1])).tolist() == [False, True]


def test_a_larger_beta_finds_more_outliers() -> None:
    scores, y = [1, 2, 3, 4, 5, 6], [0, 0, 1, 0, 0, 1]
    assert tuned(scores, y, beta=0.1) == 5.5 and tuned(scores, y, beta=10) == 2.5


def test_where_all_are_outliers_but_the_highest_all_are_flagged() -> None:
    scores = [1.0, 2.0, 3.0]
    threshold = tuned(scores, [1, 1, 0], beta=2)
    assert (np.asarray(scores) > threshold).all()


def test_labels_follow_without_learning_again() -> None:
    good, known, new = as_matrix(60), as_matrix(20, seed=1), as_matrix(20, seed=2)
    known, y = np.concatenate([known, mirrored(known[:6], 1)]), np.repeat([0, 1], [20, 6])
    detector = PopulationBand().fit(good)
    relabelled = detector.with_threshold(tune_threshold(detector, known, y))
    assert relabelled.threshold_ == relabelled.contamination.threshold != detector.threshold_
    np.testing.assert_array_equal(
        relabelled.predict(new), detector.decision_function(new) > relabelled.threshold_
    )
    assert relabelled.predict(mirrored(new, 1)).mean() > 0.9 > 0.3 > relabelled.predict(new).mean()
    explained = relabelled.explain_all(new)
    assert [e.is_outlier for e in explained] == relabelled.predict(new).tolist()


def test_a_fixed_threshold_stays_whatever_the_scores() -> None:
    X = as_matrix(40)
    detector = FCAutoEncoder(**QUICK, contamination=FixedThreshold(1.25)).fit(X)
    assert detector.threshold_ == 1.25
    np.testing.assert_array_equal(detector.labels_, detector.decision_scores_ > 1.25)


def test_the_detector_is_not_changed() -> None:
    detector = PopulationBand(contamination=KSigma(3)).fit(as_matrix(40))
    before = detector.threshold_, detector.labels_.tolist()
    tune_threshold(detector, as_matrix(10), [0] * 9 + [1])
    detector.with_threshold(0.4)
    assert (detector.threshold_, detector.labels_.tolist()) == before
    assert detector.contamination.get_params() == KSigma(3).get_params()


def test_with_threshold_gives_what_fit_would_have_given() -> None:
    X = as_matrix(40)
    for contamination in (0.2, KSigma(1.5), FixedThreshold(0.9)):
        fitted = PopulationBand(contamination=contamination).fit(X)
        relabelled = PopulationBand().fit(X).with_threshold(contamination)
        assert relabelled.threshold_ == fitted.threshold_
        np.testing.assert_array_equal(relabelled.labels_, fitted.labels_)
        np.testing.assert_array_equal(relabelled.predict_proba(X), fitted.predict_proba(X))


def test_a_detector_of_pyod_is_tuned_and_takes_the_threshold() -> None:
    rows = np.random.default_rng(0).normal(size=(80, 3))
    known = np.concatenate([rows[:10], rows[:5] + 8])
    knn = KNN().fit(rows)
    thresholder = tune_threshold(knn, known, np.repeat([0, 1], [10, 5]))
    again = KNN(contamination=thresholder).fit(rows)
    assert again.threshold_ == thresholder.threshold
    assert again.predict(known).tolist() == [0] * 10 + [1] * 5


def test_a_fixed_threshold_is_saved_with_its_detector(tmp_path: Path) -> None:
    detector = PopulationBand(contamination=FixedThreshold(0.7)).fit(as_matrix(30))
    save(detector, tmp_path / "model")
    assert load(tmp_path / "model").threshold_ == 0.7


@pytest.mark.parametrize(
    ("y", "beta", "message"),
    [
        ([0, 1], 1.0, r"y has shape \(2,\) for 3 runs"),
        ([[0], [1], [1]], 1.0, r"y has shape \(3, 1\) for 3 runs"),
        ([0, 0, 0], 1.0, "y holds only 0: .*KSigma"),
        ([True, True, True], 1.0, "y holds only 1: "),
        (["good", "bad", "good"], 1.0, "y holds 'bad', 'good': pass 0 for normal"),
        ([-1, 1, 1], 1.0, "y holds -1, 1"),
        ([0, 1, np.nan], 1.0, "y has no label for run 2: leave that run out"),
        ([0, None, True], 1.0, "y has no label for run 1"),
        (np.ma.masked_equal([7, 0, 1], 7), 1.0, "y has no label for run 0"),
        ([0, 1, 1], 0, "beta must be a positive number of at most a million, got 0"),
        ([0, 1, 1], "1", "beta must be a positive number of at most a million, got '1'"),
    ],
)
def test_labels_that_tell_nothing_are_refused(y: Any, beta: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        tune_threshold(Says(), [1, 2, 3], y, beta)


@pytest.mark.parametrize("detector", ["KNN", PopulationBand, None])
def test_what_cannot_score_is_refused(detector: Any) -> None:
    with pytest.raises(ValueError, match="detector must be a fitted detector, got"):
        tune_threshold(detector, [1, 2], [0, 1])


@pytest.mark.parametrize("threshold", [np.nan, np.inf, "1", None, True])
def test_a_fixed_threshold_is_a_finite_number(threshold: Any) -> None:
    with pytest.raises(ValueError, match="threshold must be a finite number"):
        FixedThreshold(threshold).fit([1.0, 2.0])


@pytest.mark.parametrize(
    "call",
    [
        lambda: PopulationBand().fit(as_matrix(10)).with_threshold(0.9),
        lambda: PopulationBand().fit(as_matrix(10)).with_threshold("high"),
        lambda: PopulationBand().fit(as_matrix(10)).with_threshold(KNN()),
    ],
)
def test_what_is_no_threshold_is_refused(call: Callable[[], Any]) -> None:
    with pytest.raises(ValueError, match=r"contamination must be a number in \(0, 0.5\]"):
        call()
