"""The places in PyOD and scikit-learn where a detector of ours stands."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
import torch
from joblib import Parallel, delayed
from numpy.typing import NDArray
from pyod.models import combination
from pyod.models.knn import KNN
from pyod.models.ts_od import TimeSeriesOD
from pyod.utils.utility import standardizer
from pythresh.thresholds.filter import FILTER
from pythresh.thresholds.iqr import IQR
from pythresh.thresholds.karch import KARCH
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GridSearchCV, StratifiedKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from waves import QUICK, TRAINED, as_matrix, as_named, mirrored, waves

from tsad_plugin import (
    FCVAE,
    CNN1DAutoEncoder,
    Despike,
    FCAutoEncoder,
    KSigma,
    LSTMAutoEncoder,
    MovingAverage,
    Runs,
)

every_detector = pytest.mark.parametrize("cls", [FCAutoEncoder, LSTMAutoEncoder, CNN1DAutoEncoder])
# What a detector is taught in a fold: enough to find a mirrored channel.
LEARNING: dict[str, Any] = {**TRAINED, "validation_fraction": 0.5}
LABELS = np.repeat([0, 1], [42, 6])


def with_faults() -> NDArray[Any]:
    """Forty-eight runs, the timesteps of the last six in another order each, (48, 24, 3)."""
    X = as_matrix(48)
    X[42:] = np.random.default_rng(0).permuted(X[42:], axis=1)
    return X


# --- scikit-learn -------------------------------------------------------------------------------


@every_detector
@pytest.mark.parametrize("y", [None, LABELS], ids=["without y", "with y"])
@pytest.mark.parametrize("method", ["decision_function", "predict_proba"])
def test_cross_val_predict_takes_runs(cls: Any, y: Any, method: str) -> None:
    runs = as_named(waves(48, lengths=(22, 24)))
    answer = cross_val_predict(cls(**QUICK), runs, y, cv=2, method=method)
    assert answer.shape == ((48, 2) if method == "predict_proba" else (48,))
    assert np.isfinite(answer).all()


def test_cross_validated_scores_find_the_faults() -> None:
    folds = StratifiedKFold(6, shuffle=True, random_state=0)
    scores = cross_val_predict(
        FCAutoEncoder(**LEARNING), with_faults(), LABELS, cv=folds, method="decision_function"
    )
    assert roc_auc_score(LABELS, scores) >= 0.95


def test_grid_search_chooses_by_roc_auc() -> None:
    search = GridSearchCV(
        FCAutoEncoder(**{**LEARNING, "n_channels": 3}),
        {"score": ["t2", "spe"]},
        scoring="roc_auc",
        cv=StratifiedKFold(2),
    )
    search.fit(with_faults().reshape(48, -1), LABELS)
    worse, better = search.cv_results_["mean_test_score"]
    assert search.best_params_["score"] == "spe" and search.best_score_ == better > worse
    assert search.best_estimator_.decision_scores_.shape == (48,)


def test_a_pipeline_takes_our_steps() -> None:
    runs = as_named(list(with_faults()))
    pipeline = make_pipeline(Despike(), MovingAverage(3), FCAutoEncoder(**QUICK)).fit(runs)
    inside = FCAutoEncoder(**QUICK, steps=[Despike(), MovingAverage(3)]).fit(runs)
    np.testing.assert_array_equal(pipeline.decision_function(runs), inside.decision_function(runs))
    assert pipeline.predict(runs).shape == (48,) and pipeline.predict_proba(runs).shape == (48, 2)
    assert pipeline.set_params(fcautoencoder__n_epochs=1)[-1].n_epochs == 1


def test_a_pipeline_takes_other_steps() -> None:
    X = with_faults().reshape(48, -1)
    pipeline = make_pipeline(FunctionTransformer(np.abs), FCAutoEncoder(**QUICK, n_channels=3))
    assert pipeline.fit(X).decision_function(X).shape == (48,)


# --- joblib -------------------------------------------------------------------------------------


# loky takes the import of torch for a leak, restarts the worker, and says so.
@pytest.mark.filterwarnings("ignore:A worker stopped while some jobs:UserWarning")
def test_workers_of_joblib_return_fitted_detectors() -> None:
    X, detectors = as_matrix(40), [FCAutoEncoder(**QUICK, random_state=s) for s in (1, 2)]
    fitted = Parallel(n_jobs=2)(delayed(detector.fit)(X) for detector in detectors)
    for detector, twin in zip(detectors, fitted, strict=True):
        np.testing.assert_array_equal(
            twin.decision_function(X), detector.fit(X).decision_function(X)
        )


# --- PyOD ---------------------------------------------------------------------------------------


def test_scores_of_several_detectors_are_combined() -> None:
    X, good = as_matrix(48), as_matrix(20, seed=1)
    new = np.concatenate([good, mirrored(good, 1)])
    detectors = [cls(**LEARNING).fit(X) for cls in (FCAutoEncoder, FCVAE)]
    train = np.column_stack([d.decision_scores_ for d in detectors])
    test = np.column_stack([d.decision_function(new) for d in detectors])
    _, standardised = standardizer(train, test)
    for combine in (combination.average, combination.maximization, combination.median):
        combined = combine(standardised)
        assert combined.dtype == np.float64
        assert roc_auc_score(np.repeat([0, 1], 20), combined) >= 0.95
    votes = combination.majority_vote(np.column_stack([d.predict(new) for d in detectors]))
    assert set(votes.tolist()) <= {0, 1}


def test_a_detector_of_ours_is_combined_with_one_of_pyod() -> None:
    X = with_faults()
    flat = X.reshape(48, -1)
    scores = [FCAutoEncoder(**LEARNING).fit(X), KNN().fit(flat)]
    standardised = standardizer(np.column_stack([d.decision_scores_ for d in scores]))
    assert roc_auc_score(LABELS, combination.average(standardised)) >= 0.9


@every_detector
def test_time_series_od_hosts_a_detector(cls: Any) -> None:
    series = np.concatenate(waves(1, lengths=(160,)) + waves(1, seed=1, lengths=(160,)))
    host = TimeSeriesOD(cls(**QUICK, n_channels=3), window_size=20, step=4).fit(series)
    assert host.decision_scores_.shape == (320,) and np.isfinite(host.decision_scores_).all()
    assert host.detector_.n_channels_ == 3 and host.detector_.preprocessor_.n_timesteps_ == 20
    assert host.predict(series[:100]).shape == (100,)


def test_windows_reach_a_hosted_detector_timestep_by_timestep() -> None:
    series = waves(1, lengths=(60,))[0]
    host = TimeSeriesOD(FCAutoEncoder(**QUICK, n_channels=3), window_size=20, step=20).fit(series)
    windows = series.reshape(3, 20, 3)
    alone = FCAutoEncoder(**QUICK).fit(windows)
    np.testing.assert_array_equal(host.detector_.decision_scores_, alone.decision_scores_)


def test_predict_with_rejection_takes_runs() -> None:
    runs = as_named(waves(40, lengths=(22, 24)))
    detector = FCAutoEncoder(**QUICK, contamination=KSigma(2)).fit(runs)
    with pytest.warns(UserWarning, match="cost of rejection"):
        labels = detector.predict_with_rejection(runs, T=3)
    kept = labels != -2
    assert kept.any()
    np.testing.assert_array_equal(labels[kept], detector.predict(runs)[kept])


@pytest.mark.parametrize("contamination", [0.1, KSigma(2), IQR()])
def test_rejection_statistics_reckon_with_the_share_of_outliers(contamination: Any) -> None:
    runs = as_named(waves(40, lengths=(22, 24)))
    detector = FCAutoEncoder(**QUICK, contamination=contamination).fit(runs)
    labels, stats = detector.predict_with_rejection(runs, return_stats=True, c_r=0.1)
    share = max(detector.labels_.sum(), 1) / 40 if contamination != 0.1 else 0.1
    alike = FCAutoEncoder(**QUICK, contamination=share).fit(runs)
    np.testing.assert_allclose(stats, alike.compute_rejection_stats(c_r=0.1))
    assert set(labels.tolist()) <= {-2, 0, 1} and detector.contamination is contamination


def test_the_deprecated_fit_predict_takes_runs() -> None:
    runs = as_named(waves(40, lengths=(22, 24)))
    detector = FCAutoEncoder(**QUICK)
    with pytest.warns(FutureWarning, match="fit_predict"):
        labels = detector.fit_predict(runs)
    np.testing.assert_array_equal(labels, detector.labels_)


# --- PyThresh -----------------------------------------------------------------------------------


@pytest.mark.parametrize("thresholder", [IQR, FILTER, KARCH])
def test_pythresh_labels_our_scores(thresholder: Any) -> None:
    X, good = as_matrix(48), as_matrix(20, seed=1)
    detector = FCAutoEncoder(**LEARNING, contamination=thresholder()).fit(X)
    oracle = thresholder().fit(detector.decision_scores_)
    np.testing.assert_array_equal(detector.labels_, oracle.labels_)
    faulty = mirrored(good, 1)
    assert detector.predict(faulty).mean() > 0.9
    for new in (good, list(good), as_named(list(faulty)), good[:1], faulty[:1]):
        n_runs = len(new)
        labels = detector.predict(new)
        assert labels.shape == (n_runs,) and set(labels.tolist()) <= {0, 1}
        if n_runs > 1:  # PyThresh itself raises on one
            np.testing.assert_array_equal(labels, oracle.predict(detector.decision_function(new)))
        assert detector.predict_proba(new).shape == (n_runs, 2)
        assert detector.predict_confidence(new).shape == (n_runs,)


def test_runs_stay_runs_in_every_fold() -> None:
    seen = []

    class Watch(FCAutoEncoder):
        def fit(self, X: Any, y: Any = None) -> Any:
            seen.append((type(X), X.channels))
            return super().fit(X, y)

    cross_val_predict(Watch(**QUICK), as_named(waves(40)), cv=2, method="decision_function")
    assert seen == [(Runs, ("T", "p", "feed"))] * 2


def test_fits_in_threads_give_the_scores_of_fits_one_after_another() -> None:
    data = waves(12)

    def fit(_: int) -> Any:
        return FCAutoEncoder(**QUICK, random_state=0).fit(data).decision_scores_

    state = torch.random.get_rng_state()
    with ThreadPoolExecutor(4) as threads:
        for scores in threads.map(fit, range(8)):
            np.testing.assert_allclose(scores, fit(0), rtol=1e-5)
    assert torch.equal(torch.random.get_rng_state(), state)
