"""Multiway PCA against loops over NumPy's SVD, and what it refuses."""

import re
from typing import Any, NamedTuple

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.decomposition import PCA
from sklearn.metrics import roc_auc_score
from waves import CHANNELS, as_matrix, as_named, mirrored, waves

from tsad_plugin import ChannelPCA, KSigma, PCAReconstruction
from tsad_plugin.folds import fixed_order
from tsad_plugin.preprocessing import PHASE_WIDENING

Array = NDArray[Any]

GOOD, NEW = as_matrix(30), as_matrix(6, seed=1)
# The same values as many short runs: more runs than values, so that the other matrix is taken.
SHORT, NEW_SHORT = GOOD.reshape(240, 3, 3), NEW.reshape(48, 3, 3)
SETS = pytest.mark.parametrize(("good", "new"), [(GOOD, NEW), (SHORT, NEW_SHORT)])
SCALINGS = pytest.mark.parametrize("scaling", ["channel", "phase", "both", "course"])


class Naive(NamedTuple):
    """Squared residuals (n, t, c), T² (n,) and codes (n, k) of runs."""

    squares: Array
    t2: Array
    codes: Array


def naive_scaled(runs: Array, good: Array, scaling: str) -> Array:
    """Runs by the mean and standard deviation of each channel, and then of each phase."""
    scaled, learned = np.empty(runs.shape), np.empty(good.shape)
    for c in range(runs.shape[2]):
        for values, out in ((runs, scaled), (good, learned)):
            out[:, :, c] = (values[:, :, c] - good[:, :, c].mean()) / good[:, :, c].std()
    if scaling != "channel":
        for t, c in np.ndindex(*runs.shape[1:]):
            widening = PHASE_WIDENING.get(scaling, 0.0)
            width = np.hypot(learned[:, t, c].std(), widening) if widening else 1.0
            scaled[:, t, c] = (scaled[:, t, c] - learned[:, t, c].mean()) / width
    return scaled


def naive(new: Array, learned: Array, k: int) -> Naive:
    """Scaled runs projected on the first k components of scaled others."""
    rows, others = new.reshape(len(new), -1), learned.reshape(len(learned), -1)
    mean = others.mean(axis=0)
    _, sizes, directions = np.linalg.svd(others - mean, full_matrices=False)
    squares, t2, codes = [], [], []
    for row in rows:
        projected, code = mean.copy(), []
        for i in range(k):
            code.append((row - mean) @ directions[i] / (sizes[i] / np.sqrt(len(others))))
            projected += (row - mean) @ directions[i] * directions[i]
        squares.append((row - projected) ** 2)
        codes.append(code)
        t2.append(sum(z**2 for z in code) / k)
    return Naive(np.reshape(squares, new.shape), np.array(t2), np.array(codes))


def naive_held_out(scaled: Array, k: int) -> tuple[Array, Array]:
    """Squared residuals and T² of each run by the components of the other folds."""
    squares, t2 = np.empty(scaled.shape), np.empty(len(scaled))
    for fold in np.array_split(fixed_order(len(scaled)), 5):
        found = naive(scaled[fold], np.delete(scaled, fold, axis=0), k)
        squares[fold], t2[fold] = found.squares, found.t2
    return squares, t2


def close(found: Any, expected: Any, rtol: float = 1e-4) -> None:
    np.testing.assert_allclose(found, expected, rtol=rtol, atol=1e-6)


# --- against the oracle -------------------------------------------------------------------------


@SETS
@SCALINGS
def test_spe_is_the_squared_residual_by_its_size_on_held_out_runs(
    good: Array, new: Array, scaling: str
) -> None:
    scaled = naive_scaled(good, good, scaling)
    usual = naive_held_out(scaled, 3)[0].mean()
    squares = naive(naive_scaled(new, good, scaling), scaled, 3).squares
    detector = PCAReconstruction(3, scaling=scaling, error_scale="none").fit(good)
    close(detector.decision_function(new), [np.sqrt(s.mean() / usual) for s in squares])
    close(np.stack(detector.contributions(new)), squares / usual / 3, rtol=1e-3)


@SETS
@SCALINGS
def test_t2_is_the_mean_of_squared_scores_by_their_variance(
    good: Array, new: Array, scaling: str
) -> None:
    scaled = naive_scaled(good, good, scaling)
    expected = naive(naive_scaled(new, good, scaling), scaled, 3)
    detector = PCAReconstruction(3, scaling=scaling, score="t2").fit(good)
    close(detector.decision_function(new), np.sqrt(expected.t2))
    close(np.abs(detector.transform(new)), np.abs(expected.codes), rtol=1e-2)
    explained = [found.latent for found in detector.explain_all(new)]
    close(explained, expected.t2)


def test_both_is_the_mean_of_the_two_by_their_usual_size() -> None:
    scaled = naive_scaled(GOOD, GOOD, "phase")
    squares, t2 = naive_held_out(scaled, 3)
    found = naive(naive_scaled(NEW, GOOD, "phase"), scaled, 3)
    # Each held-out run is scaled by the others, so that the mean of their SPE is not quite 1.
    usual = np.mean([s.mean() / np.delete(squares, i, 0).mean() for i, s in enumerate(squares)])
    spe = found.squares.mean(axis=(1, 2)) / squares.mean() / usual
    detector = PCAReconstruction(3, score="both", error_scale="none").fit(GOOD)
    close(detector.decision_function(NEW), np.sqrt((spe + found.t2 / t2.mean()) / 2))


@SETS
def test_calibration_scores_are_of_runs_held_out_in_five_folds(good: Array, new: Array) -> None:
    order = np.concatenate([np.sort(f) for f in np.array_split(fixed_order(len(good)), 5)])
    squares, t2 = naive_held_out(naive_scaled(good, good, "phase"), 3)
    within = PCAReconstruction(3, score="t2").fit(good)
    close(within.calibration_scores_, np.sqrt(t2)[order], rtol=1e-3)
    outside = PCAReconstruction(3, error_scale="none").fit(good)
    expected = [squares[i].mean() / np.delete(squares, i, axis=0).mean() for i in order]
    close(outside.calibration_scores_, np.sqrt(expected), rtol=1e-3)


def test_reconstructions_are_projections_in_units() -> None:
    scaled, new = (naive_scaled(runs, GOOD, "channel") for runs in (GOOD, NEW))
    model = PCA(3).fit(scaled.reshape(30, -1))
    rows = model.inverse_transform(model.transform(new.reshape(6, -1)))
    expected = rows.reshape(NEW.shape) * GOOD.std(axis=(0, 1)) + GOOD.mean(axis=(0, 1))
    found = np.stack(PCAReconstruction(3, scaling="channel").fit(GOOD).reconstruct(NEW))
    np.testing.assert_allclose(found / expected.std((0, 1)), expected / expected.std((0, 1)), 1e-4)


# --- how many components ------------------------------------------------------------------------


@pytest.mark.parametrize("share", [0.3, 0.8, np.float32(0.9)])
def test_a_share_takes_as_many_components_as_explain_it(share: float) -> None:
    rows = naive_scaled(GOOD, GOOD, "phase").reshape(30, -1)
    variances = np.linalg.svd(rows - rows.mean(axis=0), compute_uv=False) ** 2
    enough = [k for k in range(1, 31) if variances[:k].sum() >= share * variances.sum()]
    detector = PCAReconstruction(share).fit(GOOD)
    assert detector.pca_.n_components_ == min(enough[0], 14)
    assert detector.transform(NEW).shape == (6, min(enough[0], 14))
    close(detector.pca_.share_, (variances / variances.sum())[: min(enough[0], 14)], rtol=1e-3)


@pytest.mark.parametrize(("n_runs", "expected"), [(3, 1), (4, 1), (5, 2), (10, 4), (30, 14)])
def test_components_are_fewer_than_half_of_the_runs(n_runs: int, expected: int) -> None:
    for wanted in (100, 0.999):
        detector = PCAReconstruction(wanted).fit(GOOD[:n_runs])
        assert detector.pca_.n_components_ == expected
        assert detector.decision_scores_.min() > 0.1, "something is left of the training runs"


def test_components_are_fewer_than_the_values_of_a_run() -> None:
    rows = GOOD.reshape(-1, 3)
    for wanted, expected in ((2, 2), (3, 2), (100, 2)):
        detector = PCAReconstruction(wanted, n_channels="all").fit(rows)
        assert detector.pca_.n_components_ == expected


def test_runs_in_a_plane_have_two_components() -> None:
    rng = np.random.default_rng(0)
    plane = rng.normal(size=(2, 20))
    detector = PCAReconstruction(8, scaling="channel").fit(rng.normal(size=(40, 2)) @ plane)
    assert detector.pca_.n_components_ == 2
    assert np.isfinite(detector.decision_function(rng.normal(size=(5, 20)))).all()


def test_two_runs_are_compared_with_their_mean() -> None:
    detector = PCAReconstruction(scaling="channel").fit(GOOD[:2])
    for found in detector.reconstruct(NEW):
        np.testing.assert_allclose(found, GOOD[:2].mean(axis=0), rtol=1e-4)
    assert (detector.transform(NEW) == 0).all()
    assert len(detector.calibration_scores_) == 2


# --- what it sees -------------------------------------------------------------------------------


def test_t2_sees_what_is_unusual_within_the_plane_and_spe_what_is_outside() -> None:
    rng = np.random.default_rng(0)
    plane = np.linalg.qr(rng.normal(size=(20, 3)))[0].T
    within, outside = plane[:2], plane[2]

    def runs(n_runs: int, strength: float = 1.0) -> Array:
        return strength * rng.normal(size=(n_runs, 2)) @ within + 0.1 * rng.normal(
            size=(n_runs, 20)
        )

    good, fresh = runs(400), runs(100)
    far, beside = runs(100, strength=5), runs(100) + outside
    options: dict[str, Any] = {"latent_dim": 2, "scaling": "channel"}

    def auc(score: str, abnormal: Array) -> float:
        detector = PCAReconstruction(**options, score=score).fit(good)
        scores = [detector.decision_function(X) for X in (fresh, abnormal)]
        return roc_auc_score(np.repeat([0, 1], 100), np.concatenate(scores))

    assert auc("t2", far) > 0.9 > 0.65 > auc("spe", far)
    assert auc("spe", beside) > 0.99 > 0.65 > auc("t2", beside)
    assert auc("both", far) > 0.85 and auc("both", beside) > 0.85


def test_a_fault_is_found_in_its_channel() -> None:
    detector = PCAReconstruction(contamination=KSigma(3)).fit(as_named(waves(80)))
    good = np.stack(waves(10, seed=1))
    for channel, name in enumerate(CHANNELS):
        found = detector.explain_all(as_named(list(mirrored(good, channel))))
        assert np.mean([next(iter(f.channels)) == name for f in found]) >= 0.8
        assert np.mean([f.is_outlier for f in found]) >= 0.8


def test_channels_that_a_step_puts_together_are_scored_apart() -> None:
    detector = PCAReconstruction(steps=[ChannelPCA(2)]).fit(GOOD)
    assert detector.pca_.components_.shape[1] == 24 * 2
    assert [c.shape for c in detector.contributions(NEW)] == [(24, 3)] * 6
    assert [r.shape for r in detector.reconstruct(NEW)] == [(24, 3)] * 6


def test_rows_are_scored_column_by_column() -> None:
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(300, 1)) * [1.0, 1000.0, -2.0, 5.0] + 0.1 * rng.normal(size=(300, 4))
    detector = PCAReconstruction(1, n_channels="all").fit(rows)
    odd = rows[:20] * [1, 1, -1, 1]  # a combination that no single column shows
    assert np.median(detector.decision_function(odd)) > np.max(detector.calibration_scores_) / 2
    assert np.mean([np.argmax(c) == 2 for c in detector.contributions(odd)]) > 0.8


def test_one_column_leaves_no_component() -> None:
    detector = PCAReconstruction(n_channels="all").fit(np.arange(10.0)[:, None])
    assert np.argmax(detector.decision_function([[4.0], [30.0], [5.0]])) == 1


# --- parameters ---------------------------------------------------------------------------------


def test_the_same_runs_give_the_same_scores() -> None:
    one, other = (PCAReconstruction().fit(GOOD) for _ in range(2))
    np.testing.assert_array_equal(one.decision_scores_, other.decision_scores_)
    np.testing.assert_array_equal(one.calibration_scores_, other.calibration_scores_)


def test_every_parameter_takes_effect() -> None:
    uneven = [*waves(20, lengths=(20, 24)), *waves(1, seed=3, lengths=(60,))]
    usual = PCAReconstruction().fit(uneven).decision_scores_
    for name, value in {
        "latent_dim": 4,
        "n_timesteps": 10,
        "length_sigma": None,
        "steps": [ChannelPCA(2)],
        "scaling": "channel",
        "score": "both",
        "error_scale": "channel",
        "reduction": "max",
        "use_duration": True,
    }.items():
        scores = PCAReconstruction(**{name: value}).fit(uneven).decision_scores_
        assert not np.allclose(scores, usual), name


WIDTHS = "latent_dim must be an integer of at least 1 or a share in (0, 1)"


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"latent_dim": 0}, f"{WIDTHS}, got 0"),
        ({"latent_dim": -1}, f"{WIDTHS}, got -1"),
        ({"latent_dim": 1.0}, f"{WIDTHS}, got 1.0"),
        ({"latent_dim": 2.5}, f"{WIDTHS}, got 2.5"),
        ({"latent_dim": True}, f"{WIDTHS}, got True"),
        ({"latent_dim": None}, f"{WIDTHS}, got None"),
        ({"latent_dim": "x"}, f"{WIDTHS}, got 'x'"),
        ({"latent_dim": float("nan")}, f"{WIDTHS}, got nan"),
        ({"score": "q"}, "score must be 'spe' or 't2' or 'both' or 'mahalanobis', got 'q'"),
        (
            {"scaling": "unit"},
            "scaling must be 'channel' or 'phase' or 'both' or 'course', got 'unit'",
        ),
    ],
)
def test_what_no_model_can_have_is_refused(parameters: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        PCAReconstruction(**parameters).fit(GOOD)


@pytest.mark.parametrize("score", ["t2", "both"])
def test_t2_of_few_runs_is_refused(score: str) -> None:
    with pytest.raises(ValueError, match=f"score='{score}' needs at least 5 runs to fit, got 4"):
        PCAReconstruction(score=score).fit(GOOD[:4])


def test_t2_of_equal_runs_is_refused() -> None:
    for X, n_channels in ((GOOD[[0] * 6], None), (np.arange(10.0)[:, None], "all")):
        with pytest.raises(ValueError, match="score='t2' needs runs that differ in more than one"):
            PCAReconstruction(score="t2", n_channels=n_channels).fit(X)
