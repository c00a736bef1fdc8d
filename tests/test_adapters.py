"""Runs as matrices, and PyOD's own detectors on runs."""

import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import test_contract
from numpy.typing import NDArray
from pyod.models.cof import COF
from pyod.models.gmm import GMM
from pyod.models.inne import INNE
from pyod.models.knn import KNN
from pyod.models.lof import LOF
from pyod.models.ocsvm import OCSVM
from pyod.models.pca import PCA
from pyod.models.sos import SOS
from pyod.models.ts_lstm import LSTMAD
from pyod.models.xgbod import XGBOD
from pyod.utils import persistence
from pythresh.thresholds.iqr import IQR
from sklearn.ensemble import IsolationForest
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GridSearchCV, StratifiedKFold, cross_val_predict
from waves import LENGTHS, as_matrix, as_named, mirrored, waves

from tsad_plugin import (
    ChannelPCA,
    FCAutoEncoder,
    KSigma,
    OnRuns,
    Runs,
    as_runs,
    from_matrix,
    load,
    save,
    to_matrix,
)
from tsad_plugin.folds import fixed_order, held_out_folds

# What the contract asks of all detectors and needs no reconstruction.
KEPT = [
    test_contract.check_fit_returns_self,
    test_contract.check_answers_have_pyods_shapes_and_types,
    test_contract.check_every_form_of_x_is_read_as_the_same_runs,
    test_contract.check_single_precision_gives_nearly_the_same_scores,
    test_contract.check_fit_never_reads_y,
    test_contract.check_a_refit_forgets_the_past,
    test_contract.check_equal_runs_train,
    test_contract.check_length_outliers_are_scored_but_not_trained_on,
    test_contract.check_abnormal_runs_score_above_good_ones,
    test_contract.check_other_levels_and_amplitudes_are_abnormal,
    test_contract.check_labels_find_the_abnormal_runs,
    test_contract.check_the_population_band_holds_the_mean,
    test_contract.check_a_number_is_pyods_percentile,
    test_contract.check_our_thresholders_learn_from_calibration_scores,
    test_contract.check_a_clone_is_not_fitted,
]


@pytest.mark.parametrize("check", KEPT, ids=lambda check: check.__name__)
def test_pyods_detectors_on_runs_keep_the_contract(check: Callable[[Any], None]) -> None:
    check(OnRuns)


def unequal(n_runs: int = 40, seed: int = 0) -> Runs:
    return as_named(waves(n_runs, seed, LENGTHS))


def by_hand(runs: Runs, n_timesteps: int) -> NDArray[Any]:
    """The matrix, value by value."""
    matrix = np.empty((len(runs), n_timesteps * runs.n_channels))
    for row, array in enumerate(runs.arrays):
        for channel, values in enumerate(array.T):
            seen = np.flatnonzero(~np.isnan(values))
            filled = np.interp(np.arange(len(values)), seen, values[seen])
            at = np.linspace(0, len(values) - 1, n_timesteps)
            resampled = np.interp(at, np.arange(len(values)), filled)
            for timestep in range(n_timesteps):
                matrix[row, timestep * runs.n_channels + channel] = resampled[timestep]
    return matrix


# --- matrices -----------------------------------------------------------------------------------


@pytest.mark.parametrize("n_timesteps", [2, 7, 24, 60])
def test_a_matrix_holds_the_resampled_runs_time_major(n_timesteps: int) -> None:
    arrays = waves(9, lengths=LENGTHS)
    arrays[2][5:9, 1] = arrays[4][:3, 0] = np.nan
    runs = as_named(arrays)
    matrix = to_matrix(runs, n_timesteps)
    assert matrix.dtype == np.float64
    np.testing.assert_allclose(matrix, by_hand(runs, n_timesteps), rtol=1e-6, atol=1e-6)


def test_a_matrix_is_as_wide_as_the_median_run() -> None:
    runs = as_runs([np.zeros((length, 2)) for length in (5, 9, 30)])
    assert to_matrix(runs).shape == (3, 18)


def test_a_detector_reads_a_matrix_as_the_runs_it_came_from() -> None:
    X = as_matrix(20)
    rows = to_matrix(X)
    np.testing.assert_array_equal(rows, X.reshape(20, -1))
    np.testing.assert_array_equal(as_runs(rows, n_channels=3).dense, X)
    np.testing.assert_array_equal(to_matrix(rows, n_channels=3), rows)


def test_runs_return_from_a_matrix_with_all_that_is_known_of_them() -> None:
    runs = unequal(10)
    back = from_matrix(to_matrix(runs, 200), runs)
    assert back.ids.tolist() == runs.ids.tolist() and back.channels == runs.channels
    assert back.times is not None and back.time_unit == "h"
    for array, found in zip(runs.arrays, back.arrays, strict=True):
        np.testing.assert_allclose(found, array, atol=0.05 * np.abs(np.diff(array, axis=0)).max())


def test_a_matrix_of_the_runs_own_length_returns_them_exactly() -> None:
    runs = as_named(waves(6))
    for array, found in zip(runs.arrays, from_matrix(to_matrix(runs), runs).arrays, strict=True):
        np.testing.assert_array_equal(found, array)


def test_neither_runs_nor_matrix_are_changed_or_shared() -> None:
    X = as_matrix(5)
    matrix = to_matrix(X)
    matrix[:] = 0
    assert X.any()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: to_matrix([]), "X holds no run"),
        (lambda: to_matrix(as_matrix(3), 0), "n_timesteps must be an integer of at least 1"),
        (lambda: to_matrix(as_matrix(3), 2.5), "n_timesteps must be an integer of at least 1"),
        (lambda: from_matrix(np.zeros((4, 6)), as_named(waves(3))), r"shape \(4, 6\) for 3 runs"),
        (lambda: from_matrix(np.zeros(6), as_named(waves(3))), r"shape \(6,\) for 3 runs"),
        (
            lambda: from_matrix(np.zeros((3, 7)), as_named(waves(3))),
            "matrix has rows of 7 values, which 3 channels do not divide",
        ),
        (lambda: from_matrix([["a"] * 3] * 3, as_named(waves(3))), "matrix holds text"),
        (lambda: from_matrix([[1, 2, np.nan]] * 3, as_matrix(3)), "holds nan in row 0, column 2"),
        (lambda: from_matrix(np.full((3, 6), np.inf), as_matrix(3)), "holds inf in row 0"),
        (lambda: from_matrix(np.zeros((3, 0)), as_matrix(3)), "matrix has no columns"),
    ],
)
def test_what_is_no_matrix_of_runs_is_refused(call: Callable[[], Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()


# --- PyOD's detectors on runs -------------------------------------------------------------------


def scaled(runs: Runs, training: Runs, n_timesteps: int) -> NDArray[Any]:
    values = np.concatenate(training.arrays)
    wide = by_hand(runs, n_timesteps).reshape(len(runs), n_timesteps, runs.n_channels)
    return ((wide - values.mean(axis=0)) / values.std(axis=0)).reshape(len(runs), -1)


def test_scores_are_the_detectors_of_the_scaled_rows() -> None:
    runs, new = unequal(), unequal(12, seed=1)
    hosted = OnRuns(KNN(), 20, length_sigma=None, scaling="channel").fit(runs)
    alone = KNN().fit(scaled(runs, runs, 20))
    np.testing.assert_allclose(hosted.decision_scores_, alone.decision_scores_, rtol=1e-4)
    expected = alone.decision_function(scaled(new, runs, 20))
    np.testing.assert_allclose(hosted.decision_function(new), expected, rtol=1e-4)


@pytest.mark.parametrize("n_runs", [23, 40, 220])
def test_calibration_scores_are_of_runs_held_out(n_runs: int) -> None:
    X = as_matrix(n_runs)
    hosted = OnRuns(KNN(n_neighbors=3)).fit(X)
    rows = hosted.preprocessor_.transform(as_runs(X)).inputs.reshape(n_runs, -1).astype(float)
    expected = []
    for fold in held_out_folds(fixed_order(n_runs), 0.1):
        others = np.array([row for i, row in enumerate(rows) if i not in fold])
        expected += KNN(n_neighbors=3).fit(others).decision_function(rows[fold]).tolist()
    np.testing.assert_allclose(hosted.calibration_scores_, expected)
    assert len(expected) == (22 if n_runs == 220 else n_runs)


@pytest.mark.parametrize(
    "detector",
    # Not HBOS, ECOD and IForest: they see columns one by one, and each value of these is usual.
    [KNN(), LOF(), PCA(), OCSVM(), INNE(random_state=0), GMM(random_state=0)],
    ids=lambda detector: type(detector).__name__,
)
def test_classical_detectors_find_faults_on_runs_of_unequal_length(detector: Any) -> None:
    good, new = unequal(80), waves(30, 1, LENGTHS)
    faulty = [mirrored(run[None], 1)[0] for run in waves(30, 2)]
    scores = OnRuns(detector).fit(good).decision_function(new + faulty)
    assert roc_auc_score(np.repeat([0, 1], 30), scores) > 0.8


def test_a_name_stands_for_pyods_detector() -> None:
    runs = unequal()
    named, made = OnRuns("KNN").fit(runs), OnRuns(KNN()).fit(runs)
    assert type(named.detector_) is KNN
    np.testing.assert_array_equal(named.decision_scores_, made.decision_scores_)


def test_the_detector_that_was_passed_stays_as_it_was() -> None:
    knn = KNN(contamination=0.3)
    hosted = OnRuns(knn, contamination=0.05).fit(unequal())
    assert not hasattr(knn, "decision_scores_") and hosted.detector is knn
    assert hosted.labels_.sum() == 2


def test_runs_of_unusual_length_are_scored_by_what_the_others_taught() -> None:
    arrays = [*waves(30, lengths=(23, 24, 25)), *waves(1, seed=5, lengths=(60,))]
    hosted = OnRuns(KNN()).fit(arrays)
    assert hosted.trained_on_.tolist() == [True] * 30 + [False]
    assert len(hosted.detector_.decision_scores_) == 30
    np.testing.assert_allclose(
        hosted.decision_scores_[30], hosted.decision_function(arrays[30:])[0], rtol=1e-6
    )


def test_the_hosted_detectors_parameters_are_searched() -> None:
    X = as_matrix(48)
    X[40:] = mirrored(X[40:], 1)
    y = np.repeat([0, 1], [40, 8])
    grid = {"detector__n_neighbors": [2, 5], "n_timesteps": [6, 24]}
    folds = StratifiedKFold(2, shuffle=True, random_state=0)
    search = GridSearchCV(OnRuns(KNN()), grid, scoring="roc_auc", cv=folds).fit(X, y)
    assert set(search.best_params_) == set(grid) and search.best_score_ > 0.5
    assert (
        search.best_estimator_.detector_.n_neighbors == search.best_params_["detector__n_neighbors"]
    )


def test_cross_validation_takes_runs() -> None:
    runs = unequal()
    scores = cross_val_predict(OnRuns(KNN()), runs, cv=3, method="decision_function")
    assert scores.shape == (40,) and np.isfinite(scores).all()


def test_steps_and_scaling_come_before_the_detector() -> None:
    runs = unequal()
    hosted = OnRuns(KNN(), 24, steps=[ChannelPCA(1)]).fit(runs)
    assert (
        hosted.detector_.n_features_in_ == 24 if hasattr(hosted.detector_, "n_features_in_") else 1
    )
    assert hosted.preprocessor_.input_shape_ == (24, 1)


@pytest.mark.parametrize("n_runs", [1, 8])
def test_thresholders_label_what_pyods_detector_scores(n_runs: int) -> None:
    faulty = mirrored(as_matrix(n_runs, seed=1), 1)
    for thresholder in (KSigma(3), IQR()):
        hosted = OnRuns(KNN(), contamination=thresholder).fit(as_matrix(60))
        assert hosted.predict(faulty).tolist() == [1] * n_runs


def test_gaps_are_filled_for_detectors_that_take_none() -> None:
    arrays = waves(30)
    arrays[3][4:8, 1] = np.nan
    assert np.isfinite(OnRuns(KNN()).fit(arrays).decision_scores_).all()


def test_rows_of_a_table_are_scored() -> None:
    rows = np.random.default_rng(0).normal(size=(60, 4)) * [1e-3, 1, 1e3, 1e6]
    rows[0, 0] = 0.02
    assert OnRuns(KNN(), n_channels="all").fit(rows).decision_scores_.argmax() == 0


def test_pickles_give_the_same_scores(tmp_path: Path) -> None:
    runs = unequal()
    hosted = OnRuns(KNN()).fit(runs)
    persistence.save(hosted, tmp_path / "model")
    saved = persistence.load(tmp_path / "model", trusted=True)
    for copy in (pickle.loads(pickle.dumps(hosted)), saved):
        np.testing.assert_array_equal(copy.decision_function(runs), hosted.decision_function(runs))


def test_save_names_the_foreign_detector_and_where_to_go(tmp_path: Path) -> None:
    message = r"OnRuns\.detector is a pyod\.models\.knn\.KNN.*pyod\.utils\.persistence"
    with pytest.raises(ValueError, match=message):
        save(OnRuns(KNN()).fit(unequal()), tmp_path / "model")
    assert not (tmp_path / "model").exists()


def test_a_named_detector_is_saved_as_long_as_it_is_not_fitted(tmp_path: Path) -> None:
    save(OnRuns("KNN", 30), tmp_path / "model")
    assert load(tmp_path / "model").get_params() == OnRuns("KNN", 30).get_params()


# --- what cannot be hosted ----------------------------------------------------------------------


class Raises(KNN):
    def decision_function(self, X: Any) -> Any:
        raise RuntimeError("out of luck")


class ScoresEachValue(KNN):
    def decision_function(self, X: Any) -> Any:
        return np.zeros(X.size)


class ScoresNaN(KNN):
    def decision_function(self, X: Any) -> Any:
        return np.full(len(X), np.nan)


class ScoresText(KNN):
    def decision_function(self, X: Any) -> Any:
        return ["high"] * len(X)


class Forgets(KNN):
    def fit(self, X: Any, y: Any = None) -> Any:
        super().fit(X)
        del self.decision_scores_
        return self

    def decision_function(self, X: Any) -> Any:
        return X.sum(axis=1)


class KeepsNothing(KNN):
    def __init__(self, n_neighbors: int) -> None:
        super().__init__(n_neighbors=n_neighbors + 1)


@pytest.mark.parametrize(
    ("detector", "message"),
    [
        (KNN, r"detector is a class: pass an instance, KNN\(\)"),
        ("KN", "no detector of rows that is called 'KN'.*did you mean 'KNN'"),
        ("LSTMAD", "no detector of rows that is called 'LSTMAD'"),
        (FCAutoEncoder(), "FCAutoEncoder takes runs itself"),
        (OnRuns(KNN()), "OnRuns takes runs itself"),
        (7, "detector must be one of PyOD's, or the name of one, got 7"),
        (IsolationForest(), "detector must be one of PyOD's.*got IsolationForest"),
        (KNN(n_neighbors=50), r"KNN\.fit raised ValueError on 40 rows of 72 values: .*n_neighbors"),
        (XGBOD(), r"XGBOD\.fit raised TypeError on 40 rows of 72 values: .*'y'"),
        (Raises(), r"Raises\.decision_function raised RuntimeError on 8 rows .*out of luck"),
        (ScoresEachValue(), "ScoresEachValue gave 576 scores for 8 runs"),
        ("LSCP", r"LSCP cannot be copied \(.*detector_list"),
        (KeepsNothing(3), "KeepsNothing cannot be copied"),
        (ScoresText(), "ScoresText gave no numbers for scores: scores holds text"),
        (Forgets(), "Forgets gave 0 scores for 40 runs"),
        ("LLMAD", "no detector of rows that is called 'LLMAD'"),
        (ScoresNaN(), "ScoresNaN gave a run the score nan"),
    ],
)
def test_a_detector_that_cannot_be_hosted_is_named(detector: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        OnRuns(detector).fit(as_matrix(40))


def test_too_few_runs_to_calibrate_are_told_so() -> None:
    with pytest.raises(
        ValueError, match=r"^calibrating, without 2 runs of 6: KNN\.fit .*pass more"
    ):
        OnRuns(KNN()).fit(as_matrix(6))


def test_a_detector_that_writes_into_its_rows_spoils_nothing() -> None:
    class Writes(KNN):
        def decision_function(self, X: Any) -> Any:
            scores = super().decision_function(X)
            X[:] = 0
            return scores

    X = as_matrix(40)
    clean, hosted = OnRuns(KNN()).fit(X), OnRuns(Writes()).fit(X)
    np.testing.assert_array_equal(hosted.calibration_scores_, clean.calibration_scores_)


@pytest.mark.parametrize("seed", [-1, 2**32, np.random.default_rng(0), "1"])
def test_a_seed_that_pyod_cannot_take_is_refused(seed: Any) -> None:
    with pytest.raises(ValueError, match="random_state must be an integer from 0 to"):
        OnRuns("INNE", random_state=seed).fit(as_matrix(40))


@pytest.mark.parametrize("detector", [SOS(), LSTMAD(window_size=3, epochs=1), COF(n_neighbors=5)])
def test_a_detector_that_looks_at_batch_mates_is_warned_of(detector: Any) -> None:
    with pytest.warns(UserWarning, match="scores a run by the runs that it is scored with"):
        OnRuns(detector).fit(as_matrix(40))


def test_a_seed_reaches_the_hosted_detector() -> None:
    X = as_matrix(40)
    one, same, other = (OnRuns("INNE", random_state=s).fit(X).decision_scores_ for s in (1, 1, 2))
    np.testing.assert_array_equal(one, same)
    assert not np.array_equal(one, other)
    assert OnRuns("KNN", random_state=1).fit(X).random_state == 1  # which takes none


def test_a_fit_that_fails_leaves_what_was_learned() -> None:
    hosted = OnRuns(KNN()).fit(as_matrix(40))
    before = hosted.decision_function(as_matrix(5))
    with pytest.raises(ValueError, match="n_neighbors"):
        hosted.set_params(detector=KNN(n_neighbors=500)).fit(as_matrix(40))
    np.testing.assert_array_equal(hosted.decision_function(as_matrix(5)), before)


def test_a_series_detector_that_needs_more_rows_is_named() -> None:
    with pytest.raises(ValueError, match="LSTMAD"):
        OnRuns(LSTMAD(window_size=60)).fit(as_matrix(40))


@pytest.mark.parametrize("name", ["KNN", "AutoEncoder", "PCA"])
def test_a_class_may_not_have_the_name_of_one_of_pyods(name: str) -> None:
    with pytest.raises(ValueError, match=f"PyOD has a detector {name}.*another name"):
        type(name, (FCAutoEncoder,), {})
