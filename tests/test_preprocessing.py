"""Gaps, resampling and scaling against loops; steps that change the channels; the population."""

import re
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from tsad_plugin.batches import Examples
from tsad_plugin.forms import fill_gaps
from tsad_plugin.inputs import as_runs
from tsad_plugin.preprocessing import (
    MAX_SCALED,
    PHASE_WIDENING,
    SCALINGS,
    Prepared,
    Preprocessor,
    Scaler,
    resample,
    stretch,
    usual_lengths,
)
from tsad_plugin.runs import Runs
from tsad_plugin.steps import ChannelPCA, Despike, MovingAverage

nan = np.nan
every_scaling = pytest.mark.parametrize("scaling", SCALINGS)


def unequal(*lengths: int, n_channels: int = 2, seed: int = 0) -> list[NDArray[Any]]:
    """Random walks, each channel at another level and scale."""
    rng = np.random.default_rng(seed)
    channels = np.arange(1, n_channels + 1)
    return [
        10.0**channels * (channels + rng.normal(size=(n, n_channels)).cumsum(0)) for n in lengths
    ]


def with_gaps(arrays: list[NDArray[Any]], share: float = 0.3, seed: int = 1) -> list[NDArray[Any]]:
    rng = np.random.default_rng(seed)
    arrays = [np.where(rng.random(a.shape) < share, nan, a) for a in arrays]
    for a in arrays:
        a[len(a) // 2] = 1.0  # no channel is empty
    return arrays


# --- naive oracles ------------------------------------------------------------------------------


def naive_fill(values: NDArray[Any]) -> list[float]:
    """One channel: each gap on the straight line between its neighbours."""
    known = [t for t in range(len(values)) if not np.isnan(values[t])]
    filled = []
    for t in range(len(values)):
        left = max((k for k in known if k <= t), default=known[0])
        right = min((k for k in known if k >= t), default=known[-1])
        share = 0.0 if left == right else (t - left) / (right - left)
        filled.append(float(values[left] + share * (values[right] - values[left])))
    return filled


def naive_resample(run: NDArray[Any], n_timesteps: int) -> NDArray[Any]:
    phases, wanted = np.linspace(0, 1, len(run)), np.linspace(0, 1, n_timesteps)
    return np.column_stack([np.interp(wanted, phases, channel) for channel in run.T])


def naive_observed(run: NDArray[Any], n_timesteps: int) -> NDArray[np.bool_]:
    """A resampled value is observed if the value nearest to it was; of two as near, if one was."""
    observed = np.empty((n_timesteps, run.shape[1]), dtype=bool)
    for i, c in np.ndindex(*observed.shape):
        place = i * (len(run) - 1) / (n_timesteps - 1)
        distances = np.abs(np.arange(len(run)) - place)
        nearest = np.flatnonzero(distances < distances.min() + 1e-9)
        observed[i, c] = not np.isnan(run[nearest, c]).all()
    return observed


def naive_moments(arrays: list[NDArray[Any]]) -> tuple[list[float], list[float]]:
    """Mean and standard deviation of every channel over all measured values."""
    means, stds = [], []
    for c in range(arrays[0].shape[1]):
        values = [v for a in arrays for v in a[:, c].tolist() if not np.isnan(v)]
        mean = sum(values) / len(values)
        means.append(mean)
        stds.append((sum((v - mean) ** 2 for v in values) / len(values)) ** 0.5)
    return means, stds


def naive_scaled(
    train: list[NDArray[Any]], new: list[NDArray[Any]], n_timesteps: int, scaling: str
) -> NDArray[Any]:
    means, stds = naive_moments(train)

    def by_channel(arrays: list[NDArray[Any]]) -> NDArray[Any]:
        filled = [np.column_stack([naive_fill(c) for c in a.T]) for a in arrays]
        return np.stack([(naive_resample(a, n_timesteps) - means) / stds for a in filled])

    values = by_channel(new)
    if scaling == "channel":
        return values
    usual = by_channel(train)
    for t, c in np.ndindex(n_timesteps, len(means)):
        widening = PHASE_WIDENING.get(scaling, 0.0)
        widened = (usual[:, t, c].std() ** 2 + widening**2) ** 0.5
        spread = widened if widening else 1.0
        values[:, t, c] = (values[:, t, c] - usual[:, t, c].mean()) / spread
    return values


# --- gaps ---------------------------------------------------------------------------------------


def test_gaps_are_filled_on_a_straight_line_and_ends_with_the_nearest_value() -> None:
    run = np.array([[nan, 1.0], [2.0, nan], [nan, nan], [5.0, 4.0], [nan, nan]])
    expected = [[2.0, 1.0], [2.0, 2.0], [3.5, 3.0], [5.0, 4.0], [5.0, 4.0]]
    np.testing.assert_allclose(fill_gaps(run), expected)


@pytest.mark.parametrize("seed", range(5))
def test_gaps_are_filled_as_a_loop_fills_them(seed: int) -> None:
    (run,) = with_gaps(unequal(20, n_channels=3, seed=seed), share=0.6, seed=seed)
    before = run.copy()
    expected = np.column_stack([naive_fill(channel) for channel in run.T])
    np.testing.assert_allclose(fill_gaps(run), expected)
    np.testing.assert_array_equal(run, before)


@pytest.mark.parametrize("n_timesteps", [5, 8, 13, 24])
def test_a_resampled_value_is_observed_if_the_nearest_value_was(n_timesteps: int) -> None:
    arrays = with_gaps(unequal(8, 13, 8, 21))
    prepared = Preprocessor(n_timesteps, (), "channel").fit_transform(Runs(arrays))
    assert prepared.observed is not None
    for found, run in zip(prepared.observed, arrays, strict=True):
        np.testing.assert_array_equal(found, naive_observed(run, n_timesteps))
    assert 0 < prepared.observed.mean() < 1


@pytest.mark.parametrize("n_timesteps", [None, 10, 40])
def test_a_channel_measured_on_every_second_timestep_is_observed(n_timesteps: int | None) -> None:
    arrays = unequal(20, 21, 24)
    for array in arrays:
        array[1::2, 0] = nan
    prepared = Preprocessor(n_timesteps, (), "channel").fit_transform(Runs(arrays))
    assert prepared.observed is not None
    assert prepared.observed[:, :, 0].mean() >= 0.4 and prepared.observed[:, :, 1:].all()


def test_a_run_of_which_no_value_is_left_is_refused() -> None:
    arrays = [np.ones((41, 1)), np.ones((41, 1)), np.full((41, 1), nan)]
    arrays[2][7] = 1.0
    text = (
        "run 2, channel 'channel_0' has no value left after resampling to 3 timesteps: "
        "raise n_timesteps, or leave that run or that channel out"
    )
    with pytest.raises(ValueError, match=f"^{re.escape(text)}$"):
        Preprocessor(3, (), "channel").fit_transform(Runs(arrays))


def test_runs_without_gaps_have_no_mask() -> None:
    assert Preprocessor(None, (), "channel").fit_transform(Runs(unequal(8, 9))).observed is None


def test_a_gap_in_one_run_leaves_the_others_observed() -> None:
    arrays = unequal(8, 8, 6)
    arrays[1][3, 0] = nan
    observed = Preprocessor(8, (), "channel").fit_transform(Runs(arrays)).observed
    assert observed is not None
    assert np.argwhere(~observed).tolist() == [[1, 3, 0]]


def test_nan_at_the_end_of_a_run_in_a_list_is_a_gap() -> None:
    arrays = unequal(8, 8, 8)
    arrays[1][6:] = nan
    runs = as_runs(arrays)
    preprocessor = Preprocessor(None, (), "channel")
    prepared = preprocessor.fit_transform(runs)
    assert runs.lengths.tolist() == [8, 8, 8]
    assert prepared.observed is not None
    assert np.argwhere(~prepared.observed.any(axis=2)).tolist() == [[1, 6], [1, 7]]
    assert [len(r) for r in preprocessor.restore(prepared.inputs, runs.lengths)] == [8, 8, 8]


# --- resampling ---------------------------------------------------------------------------------


@pytest.mark.parametrize("n_timesteps", [2, 5, 7, 30])
def test_every_run_and_channel_is_resampled_as_by_interp(n_timesteps: int) -> None:
    arrays = unequal(7, 4, 7, 2, 19, n_channels=3)
    preprocessor = Preprocessor(n_timesteps, (), "channel")
    inputs = preprocessor.fit_transform(Runs(arrays)).inputs
    assert inputs.shape == (5, n_timesteps, 3) and inputs.dtype == np.float32
    values = preprocessor.target_scaler_.unscale(inputs)
    for found, run in zip(values, arrays, strict=True):
        expected = naive_resample(run, n_timesteps)
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5 * np.abs(run).max())


def test_the_usual_length_is_the_median_of_the_training_runs() -> None:
    preprocessor = Preprocessor(None, (), "channel")
    assert preprocessor.fit_transform(Runs(unequal(4, 9, 30))).inputs.shape == (3, 9, 2)
    assert preprocessor.transform(Runs(unequal(50))).inputs.shape == (1, 9, 2)


def test_resampling_to_the_own_length_changes_nothing() -> None:
    group = np.random.default_rng(0).normal(size=(3, 9, 2))
    np.testing.assert_array_equal(resample(group, 9), group)


def test_stretching_brings_every_run_back_to_its_length() -> None:
    lengths = np.array([9, 4, 9, 25, 4])
    values = np.random.default_rng(0).normal(size=(5, 9, 2)).astype(np.float32)
    stretched = stretch(values, lengths)
    assert [len(run) for run in stretched] == lengths.tolist()
    for found, run, length in zip(stretched, values, lengths, strict=True):
        assert found.dtype == np.float64
        np.testing.assert_allclose(found, naive_resample(run, length), rtol=1e-6, atol=1e-6)


@every_scaling
def test_a_perfect_reconstruction_is_restored_to_the_runs(scaling: str) -> None:
    arrays = unequal(12, 12, 12, 12)
    preprocessor = Preprocessor(None, (), scaling)
    prepared = preprocessor.fit_transform(Runs(arrays))
    for found, run in zip(preprocessor.restore(prepared.inputs, [12] * 4), arrays, strict=True):
        np.testing.assert_allclose(found, run, rtol=1e-4, atol=1e-4 * np.abs(run).max())


@every_scaling
def test_dense_and_listed_runs_are_prepared_alike(scaling: str) -> None:
    X = np.stack(with_gaps(unequal(*[9] * 6)))
    preprocessors = [Preprocessor(n, (), scaling) for n in (7, 7)]
    dense = preprocessors[0].fit_transform(Runs(X))
    listed = preprocessors[1].fit_transform(Runs(list(X)))
    assert Runs(X).dense is not None and Runs(list(X)).dense is None
    np.testing.assert_array_equal(dense.inputs, listed.inputs)
    np.testing.assert_array_equal(dense.observed, listed.observed)


def test_more_runs_than_one_group_holds_are_all_prepared() -> None:
    X = np.random.default_rng(0).normal(size=(2100, 3, 1))
    for runs in (Runs(X), Runs(list(X))):
        inputs = Preprocessor(None, (), "channel").fit_transform(runs).inputs
        np.testing.assert_allclose(inputs, (X - X.mean()) / X.std(), rtol=1e-4, atol=1e-5)


# --- scaling ------------------------------------------------------------------------------------


@every_scaling
@pytest.mark.parametrize("gaps", [False, True])
def test_new_runs_are_scaled_by_the_statistics_of_the_training_runs(
    scaling: str, gaps: bool
) -> None:
    train, new = unequal(9, 12, 7, 9), unequal(8, 20, seed=5)
    new[0] += 1000
    if gaps:
        train, new = with_gaps(train), with_gaps(new)
    preprocessor = Preprocessor(10, (), scaling)
    fitted = preprocessor.fit_transform(Runs(train)).inputs
    np.testing.assert_allclose(
        fitted, naive_scaled(train, train, 10, scaling), rtol=1e-4, atol=1e-4
    )
    found = preprocessor.transform(Runs(new)).inputs
    np.testing.assert_allclose(found, naive_scaled(train, new, 10, scaling), rtol=1e-4, atol=1e-4)


@every_scaling
def test_training_runs_and_new_runs_are_scaled_alike(scaling: str) -> None:
    runs = Runs(with_gaps(unequal(9, 12, 7)))
    preprocessor = Preprocessor(None, (), scaling)
    fitted, again = preprocessor.fit_transform(runs), preprocessor.transform(runs)
    np.testing.assert_array_equal(fitted.inputs, again.inputs)
    np.testing.assert_array_equal(fitted.observed, again.observed)


@every_scaling
@pytest.mark.parametrize("value", [0.0, 0.1, -7.0, 1e6, 1e-300])
def test_a_constant_channel_stays_at_zero_and_its_change_is_measured_by_its_size(
    scaling: str, value: float
) -> None:
    train = unequal(9, 9, 9)
    for run in train:
        run[:, 1] = value
    preprocessor = Preprocessor(None, (), scaling)
    inputs = preprocessor.fit_transform(Runs(train)).inputs
    np.testing.assert_allclose(inputs[:, :, 1], 0, atol=1e-6)
    changed = train[0].copy()
    changed[:, 1] = 2 * value if value else 1.0
    found = preprocessor.transform(Runs([changed])).inputs[0, :, 1]
    expected = 1 / PHASE_WIDENING.get(scaling, 1.0)
    np.testing.assert_allclose(found, np.sign(value or 1) * expected, rtol=1e-5)


def test_rounding_is_not_taken_for_variation() -> None:
    rng = np.random.default_rng(0)
    train = [np.full((9, 1), 7.0) * (1 + 1e-8 * rng.normal(size=(9, 1))) for _ in range(4)]
    preprocessor = Preprocessor(None, (), "channel")
    np.testing.assert_allclose(preprocessor.fit_transform(Runs(train)).inputs, 0, atol=1e-6)
    changed = preprocessor.transform(Runs([train[0] + 0.07])).inputs
    np.testing.assert_allclose(changed, 0.01, rtol=1e-3)


@pytest.mark.parametrize("offset", [1e6, -1e6])
def test_an_offset_costs_no_digits(offset: float) -> None:
    small = unequal(9, 9, 9, n_channels=1)
    scaled = [
        Preprocessor(8, (), "channel").fit_transform(Runs([run + o for run in small])).inputs
        for o in (0.0, offset)
    ]
    np.testing.assert_allclose(scaled[0], scaled[1], atol=1e-5)


@every_scaling
def test_huge_values_are_cut_and_stay_finite(scaling: str) -> None:
    train = unequal(9, 9, 9)
    for run in train:
        run[:, 1] = 1e-300
    preprocessor = Preprocessor(None, (), scaling)
    preprocessor.fit_transform(Runs(train))
    for value in (1e30, 1e300, -1.7e308):
        inputs = preprocessor.transform(Runs([np.full((9, 2), value)])).inputs
        assert np.abs(inputs).max() == MAX_SCALED
        assert (np.sign(inputs) == np.sign(value)).all()


def test_huge_training_values_do_not_overflow() -> None:
    train = [run * 1e306 for run in unequal(9, 9, 9, n_channels=1)]
    preprocessor = Preprocessor(None, (), "channel")
    inputs = preprocessor.fit_transform(Runs(train)).inputs
    np.testing.assert_allclose(inputs.std(), 1, rtol=1e-4)
    restored = preprocessor.restore(inputs, np.array([9] * 3))
    np.testing.assert_allclose(np.stack(restored), np.stack(train), rtol=1e-3)


@every_scaling
def test_scale_and_unscale_are_inverse(scaling: str) -> None:
    scaler = Scaler(scaling)
    scaler.fit_transform(Runs(unequal(9, 9, 9, 9)), 9)
    values = np.stack(unequal(9, 9, seed=3))
    np.testing.assert_allclose(scaler.unscale(scaler.scale(values)), values, rtol=1e-4, atol=1e-2)


# --- the population -----------------------------------------------------------------------------


@every_scaling
@pytest.mark.parametrize("k", [1, 2.5])
def test_the_band_is_mean_and_k_standard_deviations_of_the_resampled_runs(
    scaling: str, k: float
) -> None:
    arrays = unequal(9, 12, 7, 9)
    preprocessor = Preprocessor(8, (), scaling)
    preprocessor.fit_transform(Runs(arrays))
    band = preprocessor.target_scaler_.band(k)
    assert band.mean.shape == band.lower.shape == band.upper.shape == (8, 2)
    resampled = [naive_resample(run, 8) for run in arrays]
    for t, c in np.ndindex(8, 2):
        values = [run[t, c] for run in resampled]
        mean = sum(values) / 4
        std = (sum((v - mean) ** 2 for v in values) / 4) ** 0.5
        found = [band.lower[t, c], band.mean[t, c], band.upper[t, c]]
        np.testing.assert_allclose(found, [mean - k * std, mean, mean + k * std], rtol=1e-4)


# --- steps --------------------------------------------------------------------------------------


def test_steps_are_fitted_in_order_on_the_training_runs_alone() -> None:
    train, new = Runs(unequal(20, 20, 20)), Runs(unequal(20, seed=9))
    steps = [Despike(), MovingAverage(3)]
    preprocessor = Preprocessor(None, steps, "channel")
    prepared = preprocessor.fit_transform(train)
    scale = steps[0].scale_.copy()
    found = preprocessor.transform(new)
    np.testing.assert_array_equal(steps[0].scale_, scale)

    first = Despike().fit(train)
    second = MovingAverage(3).fit(first.transform(train))
    plain = Preprocessor(None, (), "channel")
    expected = plain.fit_transform(second.transform(first.transform(train)))
    np.testing.assert_array_equal(prepared.inputs, expected.inputs)
    expected = plain.transform(second.transform(first.transform(new)))
    np.testing.assert_array_equal(found.inputs, expected.inputs)


@every_scaling
def test_a_step_that_changes_the_channels_changes_inputs_but_not_targets(scaling: str) -> None:
    runs = Runs(with_gaps(unequal(12, 9, 15, n_channels=4)))
    preprocessor = Preprocessor(10, [MovingAverage(3), ChannelPCA(2)], scaling)
    prepared = preprocessor.fit_transform(runs)
    assert prepared.inputs.shape == (3, 10, 2) and preprocessor.input_shape_ == (10, 2)
    smoothed = MovingAverage(3).fit_transform(runs)
    expected = Preprocessor(10, (), scaling).fit_transform(smoothed)
    np.testing.assert_array_equal(prepared.targets, expected.targets)
    np.testing.assert_array_equal(prepared.observed, expected.observed)
    again = preprocessor.transform(runs)
    np.testing.assert_array_equal(again.inputs, prepared.inputs)
    np.testing.assert_array_equal(again.targets, prepared.targets)


@every_scaling
def test_all_components_reconstructed_perfectly_are_the_channels(scaling: str) -> None:
    arrays = unequal(10, 10, 10, n_channels=3)
    preprocessor = Preprocessor(None, [ChannelPCA(3)], scaling)
    prepared = preprocessor.fit_transform(Runs(arrays))
    channels = preprocessor.to_channels(prepared.inputs)
    np.testing.assert_allclose(channels, prepared.targets, atol=1e-3)
    for found, run in zip(preprocessor.restore(prepared.inputs, [10] * 3), arrays, strict=True):
        np.testing.assert_allclose(found, run, atol=1e-3 * np.abs(run).max())


def test_what_the_components_leave_out_is_a_residual() -> None:
    rng = np.random.default_rng(0)
    common = rng.normal(size=(5, 20, 1))
    X = common + 1e-3 * rng.normal(size=(5, 20, 3))  # three channels that move as one
    preprocessor = Preprocessor(None, [ChannelPCA(1)], "channel")
    preprocessor.fit_transform(Runs(X))
    broken = X[:1].copy()
    broken[0, 5:8, 2] += 3
    prepared = preprocessor.transform(Runs(broken))
    residual = np.abs(preprocessor.to_channels(prepared.inputs) - prepared.targets)[0]
    assert residual[5:8, 2].min() > 1
    assert residual[:5].max() < 0.05 > residual[8:].max()


def test_without_such_a_step_inputs_are_targets() -> None:
    preprocessor = Preprocessor(None, [MovingAverage(3)], "channel")
    prepared = preprocessor.fit_transform(Runs(unequal(9, 9)))
    assert prepared.targets is prepared.inputs
    assert preprocessor.to_channels(prepared.inputs) is prepared.inputs


def test_a_timestep_with_a_gap_in_any_channel_has_no_weight_among_components() -> None:
    arrays = unequal(9, 9, 9, n_channels=3)
    arrays[1][4, 2] = nan
    plain = Preprocessor(None, (), "channel").fit_transform(Runs(arrays))
    assert np.argwhere(~weights_of(plain)).tolist() == [[1, 4, 2]]
    reduced = Preprocessor(None, [ChannelPCA(2)], "channel").fit_transform(Runs(arrays))
    assert weights_of(reduced).shape == reduced.inputs.shape
    assert np.argwhere(~weights_of(reduced)).tolist() == [[1, 4, 0], [1, 4, 1]]


def weights_of(prepared: Prepared) -> NDArray[Any]:
    weights = Examples(prepared, torch.device("cpu")).pick(slice(None)).weights
    assert weights is not None
    return weights.numpy()


# --- the rest -----------------------------------------------------------------------------------


@pytest.mark.parametrize("steps", [(), [ChannelPCA(2)]])
@pytest.mark.parametrize("gaps", [False, True])
def test_picked_runs_keep_what_belongs_to_them(steps: Any, gaps: bool) -> None:
    arrays = unequal(9, 12, 7, 9)
    runs = Runs(with_gaps(arrays) if gaps else arrays)
    prepared = Preprocessor(8, steps, "channel").fit_transform(runs)
    picked = prepared.pick(np.array([3, 1]))
    assert isinstance(picked, Prepared)
    np.testing.assert_array_equal(picked.inputs, prepared.inputs[[3, 1]])
    np.testing.assert_array_equal(picked.targets, prepared.targets[[3, 1]])
    assert (picked.targets is picked.inputs) == (not steps)
    if gaps:
        np.testing.assert_array_equal(picked.observed, prepared.observed[[3, 1]])
    assert (picked.observed is None) == (not gaps)


@every_scaling
@pytest.mark.parametrize("steps", [(), [Despike(), MovingAverage(3), ChannelPCA(1)]])
@pytest.mark.parametrize("n_timesteps", [9, 6])
def test_x_is_never_changed(scaling: str, steps: Any, n_timesteps: int) -> None:
    X = np.stack(with_gaps(unequal(9, 9, 9)))
    before = X.copy()
    preprocessor = Preprocessor(n_timesteps, steps, scaling)
    for runs in (Runs(X), Runs(list(X))):
        prepared = preprocessor.fit_transform(runs)
        prepared.inputs[...] = 0
        prepared.targets[...] = 0
        preprocessor.transform(runs).inputs[...] = 0
        np.testing.assert_array_equal(X, before)


def test_usual_lengths_lie_within_sigma_of_the_mean() -> None:
    lengths = np.array([100, 101, 99, 100, 102, 98, 100, 160, 40, 100])
    mean = sum(lengths) / 10
    std = (sum((n - mean) ** 2 for n in lengths) / 10) ** 0.5
    for sigma in (0.01, 1, 2, 3):
        expected = [abs(n - mean) <= sigma * std for n in lengths]
        assert usual_lengths(lengths, sigma).tolist() == expected
    assert np.flatnonzero(~usual_lengths(lengths, 2)).tolist() == [7, 8]


def test_all_lengths_are_usual_without_a_sigma_or_where_they_are_equal() -> None:
    assert usual_lengths(np.array([1, 1000, 5]), None).all()
    assert usual_lengths(np.array([7, 7, 7]), 2.0).all()
