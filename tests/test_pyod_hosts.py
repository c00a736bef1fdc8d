"""PyOD's ensembles, hosts and helpers with detectors of ours inside, on faults and real runs."""

import os
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from joblib import Parallel, delayed
from joblib.externals.loky.backend.context import get_start_method
from numpy.typing import NDArray
from pyod.models import combination
from pyod.models.embedding import EmbeddingOD
from pyod.models.feature_bagging import FeatureBagging
from pyod.models.knn import KNN
from pyod.models.lof import LOF
from pyod.models.lscp import LSCP
from pyod.models.ts_od import TimeSeriesOD
from pyod.models.xgbod import XGBOD
from pyod.utils import persistence
from pyod.utils.utility import standardizer
from pythresh.thresholds.iqr import IQR
from sklearn.base import clone
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GridSearchCV, StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from waves import QUICK, TRAINED, as_matrix, as_named, mirrored, of, waves

from tsad_plugin import (
    FCVAE,
    CNN1DAutoEncoder,
    FCAutoEncoder,
    KSigma,
    LSTMAutoEncoder,
    OnRuns,
    PCAReconstruction,
    to_matrix,
)
from tsad_plugin.datasets import make_shifted, read_cmapss, read_ucr

CODING = [FCAutoEncoder, LSTMAutoEncoder, CNN1DAutoEncoder, PCAReconstruction]
every_detector = pytest.mark.parametrize("cls", [*CODING, OnRuns])
# PyOD warns of every y, which XGBOD cannot do without.
takes_y = pytest.mark.filterwarnings(
    "ignore:y should not be presented:UserWarning:pyod.models.base"
)
# loky takes torch for a memory leak where a worker did something small before, and starts another.
starts_workers = pytest.mark.filterwarnings("ignore:A worker stopped while some jobs:UserWarning")

GOOD = as_matrix(48).reshape(48, -1)
FAULTY = np.repeat([0, 1], 20)
# Columns of an engine: volts beside revolutions, each with an offset.
SCALES = np.logspace(-3, 5, 14)


def with_faults(channel: int = 1) -> NDArray[Any]:
    """Twenty new good runs, and the same with a channel mirrored for a stretch, (40, 72)."""
    good = as_matrix(20, seed=1)
    return np.concatenate([good, mirrored(good, channel)]).reshape(40, -1)


def trained(cls: Any = FCAutoEncoder, **parameters: Any) -> Any:
    """One that reads flat rows of three channels and learns them."""
    return cls(**of(cls, {**TRAINED, "n_channels": 3, **parameters}))


def quick(cls: Any = FCAutoEncoder, **parameters: Any) -> Any:
    """One that reads flat rows of three channels."""
    return cls(**of(cls, {**QUICK, "n_channels": 3, **parameters}))


def tabular(**parameters: Any) -> FCAutoEncoder:
    """One that reads table rows."""
    return FCAutoEncoder(**{**TRAINED, "n_epochs": 20}, n_channels="all", **parameters)


def engine_rows() -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    """Good rows, and new ones with their labels: 14 columns of one scale."""
    X, y = make_shifted(400, n_channels=14, outlier_fraction=0.2, random_state=0)
    return X[y == 0][:200], X[200:], y[200:]


def in_units(rows: NDArray[Any]) -> NDArray[Any]:
    return (rows + 3) * SCALES


# --- combination --------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def score_matrix() -> NDArray[Any]:
    """Standardised scores of three of ours and three of PyOD's, (40, 6)."""
    ours = [trained(), trained(FCVAE), trained(random_state=1)]
    members = [d.fit(GOOD) for d in (*ours, KNN(), LOF(), KNN(n_neighbors=1))]
    new = with_faults()
    train = np.column_stack([d.decision_scores_ for d in members])
    return standardizer(train, np.column_stack([d.decision_function(new) for d in members]))[1]


COMBINED = {
    "average": lambda scores: scores.mean(axis=1),
    "maximization": lambda scores: scores.max(axis=1),
    "median": lambda scores: np.median(scores, axis=1),
}


@pytest.mark.parametrize("name", COMBINED)
def test_scores_are_combined(score_matrix: NDArray[Any], name: str) -> None:
    found = getattr(combination, name)(score_matrix)
    np.testing.assert_allclose(found, COMBINED[name](score_matrix))
    assert roc_auc_score(FAULTY, found) >= 0.95


@pytest.mark.parametrize("name", ["aom", "moa"])
@pytest.mark.parametrize("method", ["static", "dynamic"])
def test_scores_are_combined_in_buckets(score_matrix: NDArray[Any], name: str, method: str) -> None:
    combine = getattr(combination, name)
    found = combine(score_matrix, n_buckets=2, method=method, random_state=0)
    assert found.shape == (40,) and roc_auc_score(FAULTY, found) >= 0.95
    same = {"aom": "average", "moa": "maximization"}[name]  # where a bucket holds one detector
    np.testing.assert_allclose(combine(score_matrix, n_buckets=6), COMBINED[same](score_matrix))


def test_buckets_need_enough_detectors(score_matrix: NDArray[Any]) -> None:
    four = score_matrix[:, :4]
    with pytest.raises(ValueError, match="n_buckets is set to 5"):
        combination.aom(four)
    with pytest.raises(ValueError, match="low >= high"):
        combination.aom(four, n_buckets=2, method="dynamic", random_state=0)


def test_labels_are_put_to_the_vote() -> None:
    members = [d.fit(GOOD) for d in (trained(), trained(FCVAE), KNN())]
    votes = np.column_stack([d.predict(with_faults()) for d in members])
    np.testing.assert_array_equal(combination.majority_vote(votes), votes.sum(axis=1) >= 2)


# --- ensembles ----------------------------------------------------------------------------------


@every_detector
def test_lscp_finds_faults_with_our_detectors(cls: Any) -> None:
    members = [trained(cls), trained(cls, random_state=1), KNN()]
    host = LSCP(members, n_bins=3, random_state=0).fit(GOOD)
    assert roc_auc_score(FAULTY, host.decision_function(with_faults())) >= 0.95
    # Its members are the objects that were passed, and fitted as they are alone.
    alone = trained(cls, random_state=1).fit(GOOD).decision_scores_
    np.testing.assert_array_equal(members[1].decision_scores_, alone)


@takes_y
@every_detector
def test_xgbod_learns_from_labels_with_our_detectors(cls: Any) -> None:
    X, y = np.concatenate([GOOD, with_faults(0)]), np.concatenate([np.zeros(48, int), FAULTY])
    host = XGBOD([quick(cls), trained(FCVAE)], silent=None).fit(X, y)
    new = np.concatenate([as_matrix(20, seed=2), mirrored(as_matrix(20, seed=2), 0)])
    rows = new.reshape(40, -1)
    assert roc_auc_score(FAULTY, host.decision_function(rows)) >= 0.9
    assert set(host.predict(rows).tolist()) == {0, 1}
    # Its members see columns that were standardised one by one.
    alone = quick(cls).fit(StandardScaler().fit_transform(X))
    np.testing.assert_array_equal(host.X_train_add_[:, 0], alone.decision_scores_)


SUOD_SCRIPT = """
import numpy as np
from pyod.models.suod import SUOD
from pyod.utils.utility import standardizer
from waves import QUICK, as_matrix
from tsad_plugin import CNN1DAutoEncoder, FCAutoEncoder

def members():
    return [cls(**QUICK, n_channels=3) for cls in (FCAutoEncoder, CNN1DAutoEncoder)]

def check(n_jobs, X):
    host = SUOD(
        members(),
        n_jobs=n_jobs,
        rp_flag_global=False,
        approx_flag_global=False,
        bps_flag=False,
    ).fit(X)
    alone = [d.fit(X) for d in members()]
    train = np.column_stack([d.decision_scores_ for d in alone])
    new = np.column_stack([d.decision_function(X[::-1]) for d in alone])
    expected = standardizer(train, new)[1].mean(axis=1)
    np.testing.assert_allclose(host.decision_function(X[::-1]), expected, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(host.decision_scores_, expected[::-1], rtol=1e-4, atol=1e-6)

if __name__ == "__main__":
    for n_jobs in (1, 2):
        check(n_jobs, as_matrix(40).reshape(40, -1))
    print("all equal")
"""


@pytest.mark.slow
def test_suod_without_projection_gives_the_mean_of_plain_fits(tmp_path: Path) -> None:
    # In a process of its own: importing it sets how joblib starts processes, for good.
    script = tmp_path / "host.py"
    script.write_text(SUOD_SCRIPT)
    paths = [str(Path(__file__).parent), os.environ.get("PYTHONPATH", "")]
    before = get_start_method()
    done = subprocess.run(
        [sys.executable, str(script)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths))},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert "all equal" in done.stdout, done.stderr
    assert get_start_method() == before  # here, where the tests below use processes, too


# --- feature bagging ----------------------------------------------------------------------------


def by_hand(host: FeatureBagging, X: NDArray[Any]) -> NDArray[Any]:
    """Mean of plain fits on the columns and with the seeds that the host drew."""
    pairs = zip(host.estimators_, host.estimators_features_, strict=True)
    fits = [clone(member).fit(X[:, features]) for member, features in pairs]
    return np.mean([fit.decision_scores_ for fit in fits], axis=0)


def test_feature_bagging_of_table_rows_is_the_mean_of_plain_fits() -> None:
    train, new, y = engine_rows()
    host = FeatureBagging(tabular(), n_estimators=3, random_state=0).fit(train)
    assert len({member.random_state for member in host.estimators_}) == 3
    np.testing.assert_allclose(host.decision_scores_, by_hand(host, train))
    assert roc_auc_score(y, host.decision_function(new)) >= 0.95


@every_detector
def test_feature_bagging_runs_on_univariate_runs(cls: Any) -> None:
    X = as_matrix(40)[:, :, 0]
    host = FeatureBagging(quick(cls, n_channels=1), n_estimators=3, random_state=0).fit(X)
    np.testing.assert_allclose(host.decision_scores_, by_hand(host, X))
    assert host.predict(X).shape == (40,)
    # Sound for a fully connected network alone: timesteps are missing, and others out of order.
    assert any(len(features) < 24 for features in host.estimators_features_)
    assert any((np.diff(features) < 0).any() for features in host.estimators_features_)


def test_feature_bagging_cannot_keep_the_channels_of_flattened_runs() -> None:
    message = "rows of 71 values, which 3 channels do not divide"
    with pytest.raises(ValueError, match=message):
        FeatureBagging(trained(), n_estimators=3, random_state=0).fit(GOOD)


def test_feature_bagging_mixes_channels_where_it_can_and_misses_faults() -> None:
    new = with_faults(2)  # in the channel of the smallest values
    assert roc_auc_score(FAULTY, trained().fit(GOOD).decision_function(new)) >= 0.95
    host = FeatureBagging(trained(), n_estimators=2, max_features=36, random_state=0).fit(GOOD)
    for features in host.estimators_features_:
        assert set(np.asarray(features)[0::3] % 3) == {0, 1, 2}
    assert roc_auc_score(FAULTY, host.decision_function(new)) <= 0.6


# --- hosts --------------------------------------------------------------------------------------


resampled = partial(to_matrix, n_timesteps=20)
UNEQUAL = waves(48, lengths=(20, 24, 28))


@pytest.mark.parametrize("cls", CODING)
def test_our_codes_are_an_encoder_of_unequal_runs(cls: Any) -> None:
    encoder = quick(cls).fit(UNEQUAL)
    host = EmbeddingOD(encoder.transform, detector=KNN()).fit(UNEQUAL)
    scale = StandardScaler().fit(encoder.transform(UNEQUAL))
    alone = KNN().fit(scale.transform(encoder.transform(UNEQUAL)).astype(np.float32))
    np.testing.assert_allclose(host.decision_scores_, alone.decision_scores_)
    for new in (UNEQUAL[:5], as_named(UNEQUAL[:5])):
        assert host.predict_proba(new).shape == (5, 2) and host.predict(new).shape == (5,)
    assert host.predict_confidence(UNEQUAL[:1]).shape == (1,)


def test_nearest_neighbours_of_codes_find_runs_of_another_course() -> None:
    # Not a stretch that is wrong: the code leaves out what the network cannot reconstruct.
    good = as_matrix(20, seed=1)
    new = np.concatenate([good, good[:, ::-1]])
    encoder = FCAutoEncoder(**TRAINED).fit(as_matrix(48))
    host = EmbeddingOD(encoder.transform, detector=KNN()).fit(as_matrix(48))
    assert roc_auc_score(FAULTY, host.decision_function(new)) >= 0.95


@every_detector
def test_our_detectors_stand_behind_an_encoder(cls: Any) -> None:
    host = EmbeddingOD(resampled, detector=quick(cls)).fit(UNEQUAL)
    rows = StandardScaler().fit_transform(resampled(UNEQUAL)).astype(np.float32)
    alone = quick(cls).fit(rows)
    np.testing.assert_allclose(host.decision_scores_, alone.decision_scores_)
    assert host.predict_proba(UNEQUAL[:5]).shape == (5, 2)


# --- copies and workers -------------------------------------------------------------------------


def fitted_with_inputs() -> list[tuple[Any, Any]]:
    """Fitted detectors and hosts of detectors, each with X to score."""
    univariate, encoder = GOOD[:, ::3], quick().fit(UNEQUAL)
    bagged = FeatureBagging(quick(n_channels=1), n_estimators=2, random_state=0)
    windows = TimeSeriesOD(quick(), window_size=20, step=10).fit(np.concatenate(waves(4)))
    return [
        *((quick(cls).fit(GOOD), GOOD) for cls in (FCVAE, PCAReconstruction, OnRuns)),
        (quick(contamination=IQR()).fit(GOOD), GOOD),
        (quick(LSTMAutoEncoder, contamination=KSigma(2)).fit(GOOD), GOOD),
        (LSCP([quick(), KNN()], n_bins=2, random_state=0).fit(GOOD), GOOD),
        (bagged.fit(univariate), univariate),
        (windows, np.concatenate(waves(2, seed=1))),
        (EmbeddingOD(encoder.transform, detector=KNN()).fit(UNEQUAL), UNEQUAL[:7]),
    ]


def test_pyods_persistence_keeps_detectors_and_hosts(tmp_path: Path) -> None:
    for host, X in fitted_with_inputs():
        persistence.save(host, tmp_path / "host", metadata={"of": "runs"})
        loaded, about = persistence.load(
            tmp_path / "host", strict=True, return_metadata=True, trusted=True
        )
        assert about["model_class"].endswith(type(host).__name__)
        np.testing.assert_array_equal(loaded.labels_, host.labels_)
        if isinstance(host, LSCP):  # it draws regions anew at every call
            host.random_state, loaded.random_state = (np.random.RandomState(0) for _ in range(2))
        np.testing.assert_array_equal(loaded.decision_function(X), host.decision_function(X))
        np.testing.assert_array_equal(loaded.predict(X), host.predict(X))


@starts_workers
@pytest.mark.parametrize("backend", [pytest.param("loky", marks=pytest.mark.slow), "threading"])
def test_workers_fit_and_score(backend: str) -> None:
    members = [quick(cls, random_state=1) for cls in (*CODING, OnRuns)]
    workers = Parallel(n_jobs=2, backend=backend)
    fitted = workers(delayed(member.fit)(GOOD) for member in members)
    scores = workers(delayed(member.decision_function)(GOOD) for member in fitted)
    for member, found in zip(members, scores, strict=True):
        expected = clone(member).fit(GOOD).decision_function(GOOD)
        np.testing.assert_allclose(found, expected, rtol=1e-5)


@starts_workers
@pytest.mark.slow
def test_grid_search_in_two_processes_chooses_as_in_one() -> None:
    runs = as_named(list(with_faults().reshape(40, 24, 3)))
    one, two = (
        GridSearchCV(
            FCAutoEncoder(**TRAINED),
            {"n_epochs": [1, 60]},
            scoring="roc_auc",
            cv=StratifiedKFold(2),
            n_jobs=n_jobs,
            error_score="raise",
        ).fit(runs, FAULTY)
        for n_jobs in (1, 2)
    )
    assert one.best_params_ == two.best_params_
    np.testing.assert_allclose(
        one.cv_results_["mean_test_score"], two.cv_results_["mean_test_score"]
    )


# --- columns of very different scales -----------------------------------------------------------


def lscp(detectors: list[Any]) -> LSCP:
    members = [*detectors, KNN()]
    return LSCP(members, n_bins=len(members), random_state=0)


def bag(detectors: list[Any]) -> FeatureBagging:
    return FeatureBagging(detectors[0], n_estimators=3, random_state=0)


def alone(detectors: list[Any]) -> Any:
    return detectors[0]


@pytest.mark.parametrize("host", [alone, bag])
def test_units_of_table_rows_do_not_matter(host: Any) -> None:
    train, new, y = engine_rows()
    plain, other = (
        host([tabular()]).fit(scale(train)).decision_function(scale(new))
        for scale in (np.asarray, in_units)
    )
    np.testing.assert_allclose(other, plain, rtol=1e-3)
    assert roc_auc_score(y, other) >= 0.95


@pytest.mark.parametrize("host", [alone, bag, lscp])
def test_units_of_table_rows_do_not_matter_after_a_scaler(host: Any) -> None:
    train, new, y = engine_rows()
    members = [tabular(), tabular(random_state=1)]
    plain, other = (
        make_pipeline(StandardScaler(), host(members))
        .fit(scale(train))
        .decision_function(scale(new))
        for scale in (np.asarray, in_units)
    )
    np.testing.assert_allclose(other, plain, rtol=1e-3, atol=1e-6)
    assert roc_auc_score(y, other) >= 0.95


def test_lscp_draws_its_regions_from_unscaled_columns() -> None:
    train, new, _ = engine_rows()
    plain, other = (
        lscp([tabular(), tabular(random_state=1)]).fit(scale(train))
        for scale in (np.asarray, in_units)
    )
    ours = slice(0, 2)
    np.testing.assert_allclose(
        other.train_scores_[:, ours], plain.train_scores_[:, ours], rtol=1e-3
    )
    # Our members are untouched, but the regions and KNN are those of the column of large values.
    difference = other.decision_function(in_units(new)) - plain.decision_function(new)
    assert np.abs(difference).max() > 0.1


@takes_y
def test_units_do_not_matter_to_what_our_detectors_add_in_xgbod() -> None:
    _, X, y = engine_rows()
    plain, other = (
        XGBOD([tabular()], silent=None).fit(scale(X), y) for scale in (np.asarray, in_units)
    )
    np.testing.assert_allclose(other.X_train_add_, plain.X_train_add_, rtol=1e-3)


# --- real runs ----------------------------------------------------------------------------------


@pytest.mark.realdata
def test_heartbeats_are_told_apart_by_ensembles(data_dir: Path) -> None:
    train, test = (
        read_ucr(data_dir / "ecg5000" / f"ECG5000_{part}.tsv.gz") for part in ("TRAIN", "TEST")
    )
    X = np.asarray(train[train.labels == 1])[:, :, 0]
    new, abnormal = np.asarray(test[::10])[:, :, 0], np.asarray(test.labels)[::10] != 1
    assert X.shape == (292, 140) and new.shape == (450, 140)
    members = [d.fit(X) for d in (FCAutoEncoder(n_epochs=40), KNN(), LOF())]
    scores = np.column_stack([d.decision_function(new) for d in members])
    _, scaled = standardizer(np.column_stack([d.decision_scores_ for d in members]), scores)
    assert roc_auc_score(abnormal, combination.average(scaled)) >= 0.95
    host = LSCP([FCAutoEncoder(n_epochs=40), KNN(), LOF()], n_bins=3, random_state=0).fit(X)
    assert roc_auc_score(abnormal, host.decision_function(new)) >= 0.95


@pytest.mark.realdata
def test_worn_engines_are_told_from_new_ones_by_ensembles(data_dir: Path) -> None:
    engines = read_cmapss(data_dir / "cmapss_fd001" / "train_FD001.txt.gz").arrays
    train = np.concatenate([engine[:60] for engine in engines[:20]])
    new = np.concatenate(
        [rows for engine in engines[20:60] for rows in (engine[:10], engine[-10:])]
    )
    worn = np.tile(np.repeat([0, 1], 10), 40)
    sizes = np.abs(train).max(axis=0)
    assert train.shape[1] == 24 and sizes.max() > 1e5 * sizes[sizes > 0].min()
    detector = FCAutoEncoder(n_channels="all", n_epochs=20, latent_dim=4)
    bagged = FeatureBagging(detector, n_estimators=3, random_state=0)
    for host in (detector, bagged, make_pipeline(StandardScaler(), lscp([detector]))):
        assert roc_auc_score(worn, host.fit(train).decision_function(new)) >= 0.9
