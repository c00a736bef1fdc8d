"""Error scales, contributions, reductions, T² and duration against loops and formulas."""

import itertools
import math
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.covariance import LedoitWolf

from tsad_plugin.scoring import (
    CHANNEL_FLOOR,
    ERROR_SCALES,
    PHASE_FLOOR,
    REDUCTIONS,
    SCORES,
    TIMESTEP_QUANTILE,
    Duration,
    ErrorScale,
    LatentDistribution,
    Scorer,
    reduce_timesteps,
)

every_scale = pytest.mark.parametrize("error_scale", ERROR_SCALES)
with_and_without_gaps = pytest.mark.parametrize("gaps", [False, True])


def residuals(
    n_runs: int = 7, n_timesteps: int = 5, n_channels: int = 3, seed: int = 0
) -> NDArray[Any]:
    """Squared residuals (n_runs, n_timesteps, n_channels), other sizes in each channel."""
    rng = np.random.default_rng(seed)
    sizes = 10.0 ** np.arange(n_channels) * np.linspace(1, 3, n_timesteps)[:, None]
    return (sizes * rng.normal(size=(n_runs, n_timesteps, n_channels)) ** 2).astype(np.float32)


def mask(shape: tuple[int, ...], gaps: bool, share: float = 0.4) -> NDArray[np.bool_] | None:
    if not gaps:
        return None
    observed = np.random.default_rng(1).random(shape) > share
    observed[:, 1] = False  # a phase that was never measured
    observed[2] = False  # a run without any
    return observed


# --- naive oracles ------------------------------------------------------------------------------


def measured(runs: list[Any], masks: list[Any], t: int | None, c: int) -> list[float]:
    """Squared residuals of channel c, at phase t or at all of them, where they were observed."""
    return [
        float(run[phase, c])
        for run, seen in zip(runs, masks, strict=True)
        for phase in (range(len(run)) if t is None else [t])
        if seen[phase, c]
    ]


def mean_of(values: list[float]) -> float:
    return sum(values) / len(values) if values else 0.0


def naive_scale(error_scale: str, runs: list[Any], masks: list[Any], t: int, c: int) -> float:
    """Usual squared residual at phase t of channel c."""
    n_channels = runs[0].shape[1]
    overall = mean_of([mean_of(measured(runs, masks, None, k)) for k in range(n_channels)]) or 1.0
    by_channel = mean_of(measured(runs, masks, None, c))
    at_phase = measured(runs, masks, t, c)
    by_phase = mean_of(at_phase) if at_phase else by_channel
    if error_scale == "none":
        return overall
    if error_scale == "channel":
        return (by_channel + CHANNEL_FLOOR * overall) / (1 + CHANNEL_FLOOR)
    total = by_phase + PHASE_FLOOR * by_channel + CHANNEL_FLOOR * overall
    return total / (1 + PHASE_FLOOR + CHANNEL_FLOOR)


def naive_level(error_scale: str, runs: list[Any], masks: list[Any]) -> float:
    """Mean timestep score of the runs before it is made 1."""
    return mean_of(
        [
            float(score)
            for run, seen in zip(runs, masks, strict=True)
            for score, any_seen in zip(
                naive_contributions(error_scale, runs, masks, run, seen).sum(axis=1),
                seen.any(axis=1),
                strict=True,
            )
            if any_seen
        ]
    )


def naive_contributions(
    error_scale: str, learned: list[Any], masks: list[Any], run: Any, seen: Any
) -> NDArray[Any]:
    """Contributions of one run, scaled by what was learned from others, not levelled."""
    found = np.zeros(run.shape)
    for t, c in np.ndindex(*run.shape):
        if seen[t, c]:
            n_present = sum(bool(s) for s in seen[t])
            found[t, c] = run[t, c] / naive_scale(error_scale, learned, masks, t, c) / n_present
    return found


def without(items: list[Any], position: int) -> list[Any]:
    return items[:position] + items[position + 1 :]


# --- error scales -------------------------------------------------------------------------------


@every_scale
@with_and_without_gaps
def test_the_usual_size_is_that_of_a_loop(error_scale: str, gaps: bool) -> None:
    squares = residuals()
    observed = mask(squares.shape, gaps)
    masks = list(np.ones_like(squares, dtype=bool) if observed is None else observed)
    scale = ErrorScale(error_scale)
    scale.fit_contributions(squares, observed)
    level = naive_level(error_scale, list(squares), masks)
    for t, c in np.ndindex(*squares.shape[1:]):
        expected = level * naive_scale(error_scale, list(squares), masks, t, c)
        assert scale.scale_[t, c] == pytest.approx(expected, rel=1e-5)


@every_scale
@with_and_without_gaps
def test_calibration_runs_are_scaled_by_the_other_runs(error_scale: str, gaps: bool) -> None:
    squares = residuals()
    observed = mask(squares.shape, gaps)
    masks = list(np.ones_like(squares, dtype=bool) if observed is None else observed)
    found = ErrorScale(error_scale).fit_contributions(squares, observed)
    level = naive_level(error_scale, list(squares), masks)
    for i, run in enumerate(squares):
        others, other_masks = without(list(squares), i), without(masks, i)
        expected = naive_contributions(error_scale, others, other_masks, run, masks[i])
        np.testing.assert_allclose(found[i], expected / level, rtol=1e-4, atol=1e-6)


@every_scale
@with_and_without_gaps
def test_new_runs_are_scaled_by_all_calibration_runs(error_scale: str, gaps: bool) -> None:
    squares, new = residuals(), residuals(3, seed=9)
    observed, new_observed = mask(squares.shape, gaps), mask(new.shape, gaps)
    masks = list(np.ones_like(squares, dtype=bool) if observed is None else observed)
    new_masks = np.ones_like(new, dtype=bool) if new_observed is None else new_observed
    scale = ErrorScale(error_scale)
    scale.fit_contributions(squares, observed)
    found = scale.contributions(new, new_observed)
    level = naive_level(error_scale, list(squares), masks)
    for i, run in enumerate(new):
        expected = naive_contributions(error_scale, list(squares), masks, run, new_masks[i])
        np.testing.assert_allclose(found[i], expected / level, rtol=1e-4, atol=1e-6)


def test_a_unit_scale_learns_nothing() -> None:
    squares, new = residuals(), residuals(3, seed=9)
    scale = ErrorScale("unit")
    np.testing.assert_allclose(scale.fit_contributions(squares, None), squares / squares.shape[2])
    np.testing.assert_allclose(scale.contributions(new, None), new / new.shape[2])


def test_scores_are_about_one_even_where_good_runs_err_in_few_phases() -> None:
    squares = residuals(200, 40, 2)
    squares[:, ::8] *= 100
    contributions = ErrorScale("phase").fit_contributions(squares, None)
    assert contributions.sum(axis=2).mean() == pytest.approx(1, rel=0.05)


@every_scale
@with_and_without_gaps
@pytest.mark.parametrize("n_channels", [1, 3])
def test_timestep_scores_of_good_runs_are_about_one(
    error_scale: str, gaps: bool, n_channels: int
) -> None:
    rng = np.random.default_rng(0)
    sizes = np.linspace(1, 2, n_channels)
    squares = (sizes * rng.normal(size=(300, 20, n_channels)) ** 2).astype(np.float32)
    observed = rng.random(squares.shape) > 0.1 if gaps else None
    scale = ErrorScale(error_scale)
    seen = np.ones(squares.shape[:2], dtype=bool) if observed is None else observed.any(axis=2)
    for contributions in (
        scale.fit_contributions(squares, observed),
        scale.contributions(squares, observed),
    ):
        assert contributions.sum(axis=2)[seen].mean() == pytest.approx(1, rel=0.05)


@with_and_without_gaps
def test_the_unit_of_a_channel_does_not_matter(gaps: bool) -> None:
    squares = residuals()
    observed = mask(squares.shape, gaps)
    for error_scale in ERROR_SCALES:
        found = [
            ErrorScale(error_scale).fit_contributions(factor * squares, observed)
            for factor in (np.float32(1), np.float32(1e6))
        ]
        np.testing.assert_allclose(found[0], found[1], rtol=1e-4)


@every_scale
def test_nothing_is_contributed_in_a_gap(error_scale: str) -> None:
    squares = residuals()
    observed = mask(squares.shape, True)
    assert observed is not None
    scale = ErrorScale(error_scale)
    assert not scale.fit_contributions(squares, observed)[~observed].any()
    assert not scale.contributions(squares, observed)[~observed].any()
    filled = np.where(observed, squares, np.float32(1e6))
    np.testing.assert_array_equal(
        scale.contributions(filled, observed), scale.contributions(squares, observed)
    )


@every_scale
def test_a_mask_without_gaps_changes_nothing(error_scale: str) -> None:
    squares = residuals()
    full = np.ones_like(squares, dtype=bool)
    scales = ErrorScale(error_scale), ErrorScale(error_scale)
    plain, masked = (
        scale.fit_contributions(squares, observed)
        for scale, observed in zip(scales, (None, full), strict=True)
    )
    np.testing.assert_allclose(plain, masked, rtol=1e-5)
    np.testing.assert_allclose(scales[0].scale_, scales[1].scale_, rtol=1e-5)


@every_scale
@pytest.mark.parametrize(
    "squares",
    [
        np.zeros((4, 5, 2)),
        np.concatenate([np.zeros((3, 5, 2)), np.full((1, 5, 2), 1e8)]),
        np.concatenate([np.full((3, 5, 1), 1e-12), np.full((1, 5, 1), 1e8)]),
        np.concatenate([np.full((1, 5, 1), 1e8), np.full((30, 5, 1), 1e-13)]),
        np.concatenate([np.zeros((4, 5, 1)), np.full((4, 5, 1), 1e-6)], axis=2),
        np.full((2, 1, 1), 1e-20),
    ],
    ids=["perfect", "one bad", "one bad among tiny", "first bad", "perfect channel", "tiny"],
)
def test_perfect_reconstructions_do_not_explode(error_scale: str, squares: NDArray[Any]) -> None:
    squares = squares.astype(np.float32)
    scale = ErrorScale(error_scale)
    for contributions in (
        scale.fit_contributions(squares, None),
        scale.contributions(squares, None),
        scale.contributions(np.full_like(squares, 1e8), None),
    ):
        assert np.isfinite(contributions).all() and (contributions >= 0).all()
    assert (scale.scale_ > 0).all()


def test_a_phase_at_which_good_runs_agree_is_not_infinitely_strict() -> None:
    squares = residuals(50, 5, 1)
    squares[:, 2] = 0
    scale = ErrorScale("phase")
    scale.fit_contributions(squares, None)
    usual = scale.scale_[[0, 1, 3, 4]].mean()
    assert 0.1 < scale.scale_[2, 0] / usual < 1


# --- reductions ---------------------------------------------------------------------------------


def naive_reduction(scores: list[float], reduction: str | float) -> float:
    ordered = sorted(scores, reverse=True)
    if reduction == "max":
        return ordered[0] if ordered else 0.0
    share = 1.0 if reduction == "mean" else float(reduction)
    n_worst = max(1, math.ceil(round(share * len(ordered), 9)))
    return sum(ordered[:n_worst]) / n_worst if ordered else 0.0


@pytest.mark.parametrize("reduction", [*REDUCTIONS, 1e-12, 0.01, 0.1, 0.3, 0.5, 0.99, 1.0, 1])
@pytest.mark.parametrize("gaps", [False, True])
def test_timesteps_are_reduced_as_by_a_loop(reduction: str | float, gaps: bool) -> None:
    rng = np.random.default_rng(0)
    scores = rng.exponential(size=(20, 10))
    seen = np.ones(scores.shape, dtype=bool)
    if gaps:
        seen = rng.random(scores.shape) > np.linspace(0, 0.95, 20)[:, None]
        seen[3] = False
        scores = scores * seen  # nothing is contributed in a gap
    found = reduce_timesteps(scores, seen if gaps else None, reduction)
    expected = [
        naive_reduction(s[m].tolist(), reduction) for s, m in zip(scores, seen, strict=True)
    ]
    np.testing.assert_allclose(found, expected)


@pytest.mark.parametrize(("share", "n_worst"), [(0.07, 7), (0.14, 14), (0.29, 29), (0.071, 8)])
def test_a_share_of_a_hundred_timesteps_is_that_many(share: float, n_worst: int) -> None:
    scores = np.arange(100.0)[None]
    expected = sum(range(100 - n_worst, 100)) / n_worst
    assert reduce_timesteps(scores, None, share).tolist() == [expected]


# --- T² and duration ----------------------------------------------------------------------------


@pytest.mark.parametrize(("n_runs", "latent_dim"), [(50, 3), (5, 8), (3, 4), (40, 1)])
def test_t2_is_the_mahalanobis_distance_by_the_shrunk_covariance(
    n_runs: int, latent_dim: int
) -> None:
    rng = np.random.default_rng(0)
    codes = rng.normal(size=(n_runs, latent_dim)) * np.arange(1, latent_dim + 1) + 5
    new = rng.normal(size=(6, latent_dim)) + 5
    found = LatentDistribution().fit(codes).t2(new)
    covariance = LedoitWolf().fit(codes).covariance_
    mean = codes.mean(axis=0)
    for i, code in enumerate(new):
        away = code - mean
        expected = away @ np.linalg.solve(covariance, away) / latent_dim
        assert found[i] == pytest.approx(expected, rel=1e-4)


def test_t2_of_usual_codes_is_about_one() -> None:
    codes = np.random.default_rng(0).normal(size=(500, 4)) @ np.diag([1, 3, 0.5, 2])
    assert LatentDistribution().fit(codes).t2(codes).mean() == pytest.approx(1, rel=0.2)


@pytest.mark.parametrize(
    "codes",
    [
        np.zeros((10, 3)),
        np.ones((10, 3)) * [1, 2, 3],
        np.repeat(np.arange(10.0)[:, None], 3, axis=1),
        np.zeros((10, 3)) + np.arange(10.0)[:, None] * [0, 0, 1],
        np.ones((2, 3)),
        np.ones((1, 3)),
        np.full((10, 2), 1e6) + np.arange(10.0)[:, None] * [1e-3, 0],
    ],
    ids=["zeros", "constant", "rank one", "one direction", "two runs", "one run", "offset"],
)
def test_t2_of_singular_codes_is_finite(codes: NDArray[Any]) -> None:
    latent = LatentDistribution().fit(codes.astype(np.float32))
    for new in (codes, codes + 1, codes * 1e6):
        t2 = latent.t2(new.astype(np.float32))
        assert np.isfinite(t2).all() and (t2 >= 0).all()
    assert latent.t2(latent.mean_[None]).tolist() == pytest.approx([0])


def test_t2_is_float64_whatever_the_codes_are() -> None:
    codes = np.random.default_rng(0).normal(size=(10, 2)).astype(np.float32)
    assert LatentDistribution().fit(codes).t2(codes).dtype == np.float64


def test_durations_are_counted_in_standard_deviations() -> None:
    lengths = np.array([90, 100, 110, 95, 105])
    duration = Duration().fit(lengths)
    mean = sum(lengths.tolist()) / 5
    std = math.sqrt(sum((n - mean) ** 2 for n in lengths.tolist()) / 5)
    found = duration.deviations(np.array([100, 80, 130]))
    assert found.tolist() == pytest.approx([(n - mean) / std for n in (100, 80, 130)])


def test_equal_lengths_count_a_timestep_as_a_standard_deviation() -> None:
    duration = Duration().fit(np.array([50, 50, 50]))
    assert duration.deviations(np.array([50, 53, 40])).tolist() == [0, 3, -10]


# --- the score ----------------------------------------------------------------------------------


class Case:
    """A scorer fitted on residuals, codes and lengths, and new runs."""

    def __init__(self, gaps: bool = False, **choices: Any) -> None:
        rng = np.random.default_rng(5)
        self.squares, self.new = residuals(), residuals(4, seed=3)
        self.observed = mask(self.squares.shape, gaps)
        self.new_observed = mask(self.new.shape, gaps)
        self.t2, self.lengths = rng.chisquare(3, 7) / 3, rng.integers(80, 120, 7)
        self.latent = LatentDistribution().fit(rng.normal(size=(30, 3)))
        self.codes, self.new_lengths = rng.normal(size=(4, 3)), np.array([100, 50, 130, 99])
        usual = {"score": "spe", "error_scale": "phase", "reduction": "mean", "use_duration": False}
        self.choices = {**usual, **choices}
        self.scorer = Scorer(**self.choices)
        self.calibration_scores = self.scorer.fit(
            self.squares,
            self.observed,
            self.t2,
            self.lengths,
            self.latent,
            Duration().fit(self.lengths),
        )

    def scores(self) -> NDArray[Any]:
        return self.scorer.scores(self.new, self.new_observed, self.codes, self.new_lengths)

    def naive(self, contributions: NDArray[Any], observed: Any, t2: Any, lengths: Any) -> Any:
        """Parts of the score of each run."""
        mean, std = self.lengths.mean(), max(self.lengths.std(), 1.0)
        seen = np.ones(contributions.shape) if observed is None else observed
        parts: dict[str, list[float]] = {}
        if self.choices["score"] in ("spe", "both", "mahalanobis"):
            parts["spe"] = [
                naive_reduction(
                    [float(s) for s, any_seen in zip(c.sum(1), m.any(1), strict=True) if any_seen],
                    self.choices["reduction"],
                )
                for c, m in zip(contributions, seen, strict=True)
            ]
        if self.choices["score"] in ("t2", "both"):
            parts["t2"] = list(t2)
        if self.choices["use_duration"]:
            parts["duration"] = [((n - mean) / std) ** 2 for n in lengths]
        return parts


@pytest.mark.parametrize("gaps", [False, True])
@pytest.mark.parametrize(
    ("score", "use_duration", "reduction"),
    [
        *itertools.product(SCORES, [False, True], ["mean"]),
        ("both", True, "max"),
        ("spe", True, 0.4),
    ],
)
def test_the_score_is_the_root_mean_of_its_parts_by_their_calibration_means(
    score: str, use_duration: bool, reduction: Any, gaps: bool
) -> None:
    case = Case(gaps, score=score, use_duration=use_duration, reduction=reduction)
    scale = "none" if score == "mahalanobis" else "phase"
    left_out = ErrorScale(scale).fit_contributions(case.squares, case.observed)
    calibration = case.naive(left_out, case.observed, case.t2, case.lengths)
    contributions = case.scorer.contributions(case.new, case.new_observed)
    t2 = case.latent.t2(case.codes)
    new = case.naive(contributions, case.new_observed, t2, case.new_lengths)
    for parts, found in ((calibration, case.calibration_scores), (new, case.scores())):
        for i, value in enumerate(found):
            shares = [
                values[i] / (sum(calibration[name]) / 7 if len(parts) > 1 else 1)
                for name, values in parts.items()
            ]
            expected = math.sqrt(sum(shares) / len(shares))
            assert value == pytest.approx(expected, rel=1e-5)
    assert case.scores().dtype == case.calibration_scores.dtype == np.float64


@pytest.mark.parametrize("error_scale", [*ERROR_SCALES, "unit"])
def test_a_mean_is_that_of_the_contributions(error_scale: str) -> None:
    case = Case(error_scale=error_scale)
    timestep_scores = case.scorer.contributions(case.new, None).sum(axis=2, dtype=np.float64)
    np.testing.assert_allclose(
        case.scorer.spe(case.new, None), timestep_scores.mean(axis=1), rtol=1e-6
    )


def test_one_part_alone_is_not_divided_by_its_mean() -> None:
    np.testing.assert_array_equal(Case(score="t2").calibration_scores, np.sqrt(Case().t2))
    spe = Case()
    np.testing.assert_array_equal(spe.scores(), np.sqrt(spe.scorer.spe(spe.new, None)))


def test_a_part_that_is_zero_in_calibration_does_not_divide_by_zero() -> None:
    case = Case(use_duration=True)
    equal = np.full(7, 100)
    calibration = case.scorer.fit(
        case.squares, None, case.t2, equal, case.latent, Duration().fit(equal)
    )
    assert np.isfinite(calibration).all() and np.isfinite(case.scores()).all()
    assert case.scorer.component_means_["duration"] == 1.0


def test_the_level_of_bad_timesteps_is_a_quantile_of_the_calibration_timesteps() -> None:
    case = Case()
    timestep_scores = ErrorScale("phase").fit_contributions(case.squares, None).sum(axis=2)
    below = (timestep_scores < case.scorer.timestep_level_).mean()
    assert below == pytest.approx(TIMESTEP_QUANTILE, abs=2 / timestep_scores.size)


def test_permuted_channels_permute_the_contributions_and_keep_the_score() -> None:
    case, order = Case(), [2, 0, 1]
    permuted = Scorer(**case.choices)
    permuted.fit(
        case.squares[:, :, order],
        None,
        case.t2,
        case.lengths,
        case.latent,
        Duration().fit(case.lengths),
    )
    np.testing.assert_allclose(
        permuted.contributions(case.new[:, :, order], None),
        case.scorer.contributions(case.new, None)[:, :, order],
        rtol=1e-5,
    )
    scores = permuted.scores(case.new[:, :, order], None, case.codes, case.new_lengths)
    np.testing.assert_allclose(scores, case.scores(), rtol=1e-5)
