"""Whitened residuals against a Mahalanobis distance in loops, and detectors that score by them."""

import copy
import math
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.base import clone
from waves import QUICK, as_matrix, as_named, of, waves

from tsad_plugin import PCAReconstruction, PopulationBand, detectors, load, save, tune_threshold
from tsad_plugin.scoring import Duration, Scorer
from tsad_plugin.whitening import LEAST_VARIANCE, MAX_PARTS, SHRINKAGE, ErrorGaussian

DETECTORS = [*detectors.ALL, PCAReconstruction]
of_every_detector = pytest.mark.parametrize("cls", DETECTORS, ids=lambda cls: cls.__name__)
with_and_without_gaps = pytest.mark.parametrize("gaps", [False, True])

MIXING = np.array([[1.0, 0.9, 0.0], [0.0, 0.5, 0.3], [0.2, 0.0, 2.0]])


def errors(
    n_runs: int = 8, n_timesteps: int = 6, mixing: NDArray[Any] = MIXING, seed: int = 0
) -> NDArray[np.float32]:
    """Correlated errors of other sizes in each channel, (n_runs, n_timesteps, n_channels)."""
    rng = np.random.default_rng(seed)
    return (rng.normal(size=(n_runs, n_timesteps, len(mixing))) @ mixing + 0.3).astype(np.float32)


def mask(shape: tuple[int, ...], gaps: bool) -> NDArray[np.bool_] | None:
    return np.random.default_rng(1).random(shape) > 0.3 if gaps else None


def learned(found: NDArray[Any], observed: Any = None) -> ErrorGaussian:
    gaussian = ErrorGaussian()
    gaussian.fit_whiten(found.copy(), observed)
    return gaussian


# --- naive oracles ------------------------------------------------------------------------------


def naive_gaussian(found: list[Any], seen: list[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Mean, and shrunk covariance, of errors where they were measured."""
    n_channels = found[0].shape[1]
    mean, covariance = np.zeros(n_channels), np.zeros((n_channels, n_channels))
    for i, j in np.ndindex(n_channels, n_channels):
        pairs = [
            (float(vector[i]), float(vector[j]))
            for run, measured in zip(found, seen, strict=True)
            for vector, there in zip(run, measured, strict=True)
            if there[i] and there[j]
        ]
        first, second = (sum(p[k] for p in pairs) / len(pairs) for k in (0, 1))
        covariance[i, j] = sum((a - first) * (b - second) for a, b in pairs) / len(pairs)
        if i == j:
            mean[i] = first
    size = sum(covariance[i, i] for i in range(n_channels)) / n_channels
    for i, j in np.ndindex(n_channels, n_channels):
        covariance[i, j] *= 1 - SHRINKAGE
        covariance[i, j] += SHRINKAGE * size * (i == j)
    return mean, covariance


def naive_distance(vector: Any, there: Any, mean: Any, covariance: Any) -> float:
    """Squared Mahalanobis distance of an error vector, the mean standing in for a gap."""
    inverse = np.linalg.inv(covariance)
    away = [float(e - m) if ok else 0.0 for e, m, ok in zip(vector, mean, there, strict=True)]
    n = len(away)
    return sum(away[i] * inverse[i, j] * away[j] for i in range(n) for j in range(n))


# --- whitening ----------------------------------------------------------------------------------


@with_and_without_gaps
def test_squares_of_new_errors_sum_to_their_mahalanobis_distance(gaps: bool) -> None:
    known, new = errors(), errors(3, seed=7)
    observed, new_observed = mask(known.shape, gaps), mask(new.shape, gaps)
    found = np.square(learned(known, observed).whiten(new.copy(), new_observed)).sum(axis=2)
    seen = np.ones(known.shape, bool) if observed is None else observed
    new_seen = np.ones(new.shape, bool) if new_observed is None else new_observed
    mean, covariance = naive_gaussian(list(known), list(seen))
    for i, t in np.ndindex(*found.shape):
        expected = naive_distance(new[i, t], new_seen[i, t], mean, covariance)
        assert found[i, t] == pytest.approx(expected, rel=1e-4)


@with_and_without_gaps
@pytest.mark.parametrize("n_runs", [2, 8])
def test_calibration_runs_are_whitened_by_the_other_runs(n_runs: int, gaps: bool) -> None:
    known = errors(n_runs, 40)
    observed = mask(known.shape, gaps)
    found = np.square(ErrorGaussian().fit_whiten(known.copy(), observed)).sum(axis=2)
    seen = list(np.ones(known.shape, bool) if observed is None else observed)
    for i, run in enumerate(known):
        others = [other for k, other in enumerate(known) if k != i]
        other_seen = [other for k, other in enumerate(seen) if k != i]
        mean, covariance = naive_gaussian(others, other_seen)
        for t, vector in enumerate(run):
            expected = naive_distance(vector, seen[i][t], mean, covariance)
            assert found[i, t] == pytest.approx(expected, rel=1e-4)


def test_many_calibration_runs_are_whitened_in_parts() -> None:
    known = errors(2 * MAX_PARTS)
    pair = known[:2].copy()
    found = ErrorGaussian().fit_whiten(known.copy(), None)
    np.testing.assert_allclose(found[:2], learned(known[2:]).whiten(pair, None), rtol=1e-4)


def test_whitened_errors_of_good_runs_have_unit_variance_and_little_correlation() -> None:
    found = ErrorGaussian().fit_whiten(errors(200, 50), None).reshape(-1, 3)
    np.testing.assert_allclose(found.mean(axis=0), 0, atol=0.02)
    # What is missing is the shrinkage.
    np.testing.assert_allclose(np.cov(found.T), np.eye(3), atol=0.25)


def test_a_share_stays_with_the_channel_it_comes_from() -> None:
    """Of all z that sum to the distance these are the most like the errors."""
    known = errors(50, 20)
    z = learned(known).whiten(known.copy(), None).reshape(-1, 3)
    correlation = np.corrcoef(z.T, known.reshape(-1, 3).T)[:3, 3:]
    assert (correlation.argmax(axis=1) == np.arange(3)).all() and (
        correlation.diagonal() > 0.8
    ).all()


def test_uncorrelated_errors_are_counted_in_standard_deviations() -> None:
    known = errors(400, 50, np.diag([1.0, 2.0, 3.0]))
    found = learned(known).whitening_
    std = np.sqrt((1 - SHRINKAGE) * np.array([1, 4, 9]) + SHRINKAGE * 14 / 3)
    np.testing.assert_allclose(found, np.diag(1 / std), atol=0.02)


def test_an_error_in_a_gap_is_the_mean_whatever_the_value_there() -> None:
    known, new = errors(), errors(2, seed=3)
    observed = np.ones(new.shape, bool)
    observed[:, 2:4, 1] = False
    gaussian = learned(known)
    filled, mean = new.copy(), new.copy()
    filled[~observed] = 1e4
    mean[:, 2:4, 1] = gaussian.mean_[1]
    found = gaussian.whiten(filled, observed)
    np.testing.assert_allclose(found, gaussian.whiten(mean, None), rtol=1e-4, atol=1e-5)


def test_errors_against_the_correlation_are_the_rarer_ones() -> None:
    known = errors(50, 50, np.array([[1.0, 0.95], [0.0, 0.3]]))
    gaussian = learned(known)
    along, against = (
        float(np.square(gaussian.whiten(np.full((1, 1, 2), (2, second), np.float32), None)).sum())
        for second in (2, -2)
    )
    assert against > 4 * along


def test_constant_and_duplicated_channels_do_not_explode() -> None:
    known = errors(30, 20)
    known = np.concatenate([known, known[:, :, :1], np.zeros_like(known[:, :, :1])], axis=2)
    gaussian = learned(known)
    usual = known[0, 0]
    for channel in range(5):
        new = usual.copy()
        new[channel] += 1
        moved = np.square(gaussian.whiten(np.array([[new]]), None)).sum()
        assert moved < 2 * 5 / SHRINKAGE


@pytest.mark.parametrize(
    "known",
    [
        np.zeros((4, 5, 2)),
        np.full((4, 5, 2), 0.7),
        np.full((4, 5, 2), 1e-10),
        np.concatenate([np.zeros((3, 5, 2)), np.full((1, 5, 2), 1e4)]),
        np.concatenate([np.full((1, 5, 2), -1e4), np.full((30, 5, 2), 1e-7)]),
        np.zeros((1, 1, 3)),
        np.random.default_rng(0).normal(size=(2, 1, 40)),
        np.random.default_rng(0).normal(size=(9, 4, 1)),
    ],
    ids=["zero", "constant", "tiny", "one bad", "first bad", "one run", "wide", "one channel"],
)
def test_degenerate_errors_are_whitened_to_finite_ones(known: NDArray[Any]) -> None:
    known = known.astype(np.float32)
    gaussian = ErrorGaussian()
    for found in (
        gaussian.fit_whiten(known.copy(), None),
        gaussian.whiten(known.copy(), None),
        gaussian.whiten(np.full_like(known, 1e4), None),
    ):
        assert np.isfinite(np.square(found)).all()
        assert np.abs(found).max() <= 2e4 * math.sqrt(known.shape[2] / SHRINKAGE / LEAST_VARIANCE)


def test_channels_that_contradict_are_whitened_to_finite_errors() -> None:
    """Pairs measured at different times may have correlations that no three channels have."""
    known = np.random.default_rng(0).normal(size=(6, 30, 3)).astype(np.float32)
    observed = np.ones(known.shape, bool)
    for part, (gap, sign) in enumerate(((0, 1), (1, 1), (2, -1))):
        first, second = sorted({0, 1, 2} - {gap})
        observed[:, part * 10 : part * 10 + 10, gap] = False
        known[:, part * 10 : part * 10 + 10, second] = (
            sign * known[:, part * 10 : part * 10 + 10, first]
        )
    found = ErrorGaussian().fit_whiten(known, observed)
    assert np.isfinite(found).all() and np.square(found).mean() < 10


def test_channels_never_measured_together_are_taken_as_uncorrelated() -> None:
    known = errors(10, 40)
    observed = np.ones(known.shape, bool)
    observed[:, ::2, 0] = observed[:, 1::2, 1] = False
    found = learned(known, observed)
    expected = naive_gaussian([run[:, 2:] for run in known], [seen[:, 2:] for seen in observed])[0]
    assert found.mean_[2] == pytest.approx(expected[0])
    assert np.isfinite(found.whitening_).all()
    assert abs(found.whitening_[0, 1]) < 0.2 * found.whitening_[0, 0]


def test_whitening_learns_nothing_from_gaps() -> None:
    known = errors()
    observed = mask(known.shape, True)
    filled = np.where(observed, known, np.float32(100))
    np.testing.assert_array_equal(
        ErrorGaussian().fit_whiten(filled, observed), ErrorGaussian().fit_whiten(known, observed)
    )


# --- the score ----------------------------------------------------------------------------------


def test_whitened_residuals_are_scaled_by_one_number() -> None:
    squares = np.square(ErrorGaussian().fit_whiten(errors(30), None))
    lengths = np.full(30, 6)
    scorers = [Scorer("mahalanobis", scale, "mean", False) for scale in ("none", "phase")]
    scores = [
        scorer.fit(squares, None, np.zeros(30), lengths, None, Duration().fit(lengths))
        for scorer in scorers
    ]
    np.testing.assert_array_equal(*scores)
    assert len(np.unique(scorers[1].error_scale_.scale_)) == 1
    assert scorers[1].contributions(squares, None).sum(axis=2).mean() == pytest.approx(1)


def quick(cls: Any, **options: Any) -> Any:
    return cls(**of(cls, {**QUICK, **options}), score="mahalanobis")


def with_gaps(n_runs: int, seed: int = 0) -> list[NDArray[Any]]:
    runs = waves(n_runs, seed)
    for run in runs[::2]:
        run[3:7, 1] = np.nan
        run[9, :] = np.nan
    return runs


@of_every_detector
@with_and_without_gaps
def test_contributions_are_shares_of_the_timestep_scores_of_good_runs(cls: Any, gaps: bool) -> None:
    make = with_gaps if gaps else waves
    detector = quick(cls).fit(make(60))
    new = make(40, 1)
    contributions, timestep_scores = detector.contributions(new), detector.timestep_scores(new)
    for run, shares, scores in zip(new, contributions, timestep_scores, strict=True):
        assert (shares >= 0).all() and not shares[np.isnan(run)].any()
        np.testing.assert_allclose(shares.sum(axis=1), scores)
    seen = [~np.isnan(run).all(axis=1) for run in new]
    good = np.concatenate([s[m] for s, m in zip(timestep_scores, seen, strict=True)])
    assert good.mean() == pytest.approx(1, abs=0.3)
    means = [s[m].mean() for s, m in zip(timestep_scores, seen, strict=True)]
    np.testing.assert_allclose(
        detector.decision_function(new), np.sqrt(means), rtol=0.05 if gaps else 1e-4
    )
    assert np.mean(np.square(detector.calibration_scores_)) == pytest.approx(1, abs=0.2)


@of_every_detector
def test_what_the_error_scale_is_makes_no_difference(cls: Any) -> None:
    scores = [
        quick(cls, error_scale=scale).fit(waves(40)).decision_scores_
        for scale in ("none", "channel")
    ]
    np.testing.assert_array_equal(*scores)


@of_every_detector
def test_two_runs_are_enough(cls: Any) -> None:
    detector = quick(cls).fit(waves(2))
    assert np.isfinite(detector.decision_function(waves(5, 1))).all()


@of_every_detector
def test_a_model_is_saved_pickled_and_cloned_with_its_gaussian(cls: Any, tmp_path: Path) -> None:
    detector, new = quick(cls).fit(with_gaps(40)), with_gaps(9, 1)
    save(detector, tmp_path)
    for other in (load(tmp_path), pickle.loads(pickle.dumps(detector)), copy.deepcopy(detector)):
        np.testing.assert_array_equal(other.decision_function(new), detector.decision_function(new))
        assert other.explain(new) == detector.explain(new)
    again = clone(detector).fit(with_gaps(40))
    np.testing.assert_array_equal(again.decision_function(new), detector.decision_function(new))


def test_models_saved_before_there_was_a_gaussian_score_as_they_did(tmp_path: Path) -> None:
    detector = PCAReconstruction().fit(waves(30))
    assert "error_gaussian_" not in vars(detector)
    save(detector, tmp_path)
    np.testing.assert_array_equal(
        load(tmp_path).decision_function(waves(5, 1)), detector.decision_function(waves(5, 1))
    )


def test_a_detector_fitted_anew_forgets_its_gaussian() -> None:
    detector = quick(PCAReconstruction).fit(waves(30))
    assert detector.error_gaussian_.mean_.shape == (3,)
    refitted = detector.set_params(score="spe").fit(waves(30))
    expected = PCAReconstruction(**of(PCAReconstruction, QUICK)).fit(waves(30))
    np.testing.assert_array_equal(refitted.decision_scores_, expected.decision_scores_)


def coupled(n_runs: int, seed: int, sign: float = 1.0) -> NDArray[Any]:
    """Runs of two channels whose noise is nearly the same, and at last a bump in both."""
    rng = np.random.default_rng(seed)
    noise = rng.normal(size=(n_runs, 24, 1)) + 0.1 * rng.normal(size=(n_runs, 24, 2))
    runs = np.sin(np.linspace(0, 6, 24))[:, None] + 0.3 * noise
    runs[:, 12:] += [0.6, sign * 0.6] if seed else [0, 0]
    return runs


def test_errors_against_the_correlation_score_higher_than_along_it() -> None:
    good = coupled(60, 0)

    def ratio(score: str) -> float:
        detector = PCAReconstruction(1, score=score).fit(good)
        against, along = (detector.decision_function(coupled(40, 1, s)).mean() for s in (-1.0, 1.0))
        return float(against / along)

    assert ratio("mahalanobis") > 1.5
    assert ratio("spe") == pytest.approx(1, abs=0.15)


@of_every_detector
def test_duplicated_and_constant_channels_change_little(cls: Any) -> None:
    X = as_matrix(50)
    more = np.concatenate([X, X[:, :, :1], np.ones_like(X[:, :, :1])], axis=2)
    detector = quick(cls).fit(more[:40])
    assert detector.decision_function(more[40:]).max() < 3


def test_an_explanation_names_the_channel_that_left_the_others() -> None:
    detector = quick(PCAReconstruction).fit(as_named(waves(60)))
    faulty = waves(4, 1)
    faulty[2][8:14, 1] += 4000
    found = detector.explain(as_named(faulty))
    assert found.run == "B-2" and next(iter(found.channels)) == "p"
    assert 7 <= found.start <= 8 and 13 <= found.end <= 14
    assert found.latent is not None and found.residual == pytest.approx(found.score**2, rel=1e-4)


def test_the_threshold_is_tuned_as_malhotra_et_al_do() -> None:
    detector = quick(PCAReconstruction).fit(waves(60))
    known = waves(20, 1)
    for run in known[:6]:
        run[8:14, 1] += 3000
    outlier = np.arange(20) < 6
    tuned = detector.with_threshold(tune_threshold(detector, known, outlier, beta=0.1))
    np.testing.assert_array_equal(tuned.predict(known), outlier)


def test_an_unknown_score_names_those_there_are() -> None:
    text = "score must be 'spe' or 't2' or 'both' or 'mahalanobis', got 'malhotra'"
    with pytest.raises(ValueError, match=text):
        PCAReconstruction(score="malhotra").fit(waves(10))


def test_a_band_whitens_nothing() -> None:
    assert PopulationBand().fit(waves(10)).error_gaussian_ is None
