"""Smoothing, despiking and channel PCA: against loops, in pipelines, and inside detectors."""

import re
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.decomposition import PCA
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import Pipeline

from tsad_plugin.detectors import FCAutoEncoder
from tsad_plugin.runs import Runs
from tsad_plugin.steps import ChannelPCA, Despike, MovingAverage, Step

nan = np.nan
ALL_STEPS = [MovingAverage(3), Despike(), ChannelPCA(2)]
every_step = pytest.mark.parametrize("step", ALL_STEPS, ids=lambda step: type(step).__name__)


def error(text: str, kind: type[Exception] = ValueError) -> Any:
    return pytest.raises(kind, match=f"^{re.escape(text)}$")


def walks(*lengths: int, n_channels: int = 3, seed: int = 0) -> list[NDArray[Any]]:
    rng = np.random.default_rng(seed)
    return [rng.normal(size=(n, n_channels)).cumsum(0) for n in lengths]


@pytest.fixture
def runs() -> Runs:
    lengths = (20, 25, 20, 31)
    return Runs(
        walks(*lengths),
        ids=["A", "B", "C", "D"],
        channels=["T", "p", "Q"],
        units=["°C", "bar", "l/h"],
        times=[np.arange(n) / 4 for n in lengths],
        time_unit="h",
        labels=[0, 1, 0, 0],
    )


# --- what all steps share -----------------------------------------------------------------------


@every_step
def test_ids_times_and_labels_stay(step: Step, runs: Runs) -> None:
    out = clone(step).fit_transform(runs)
    assert isinstance(out, Runs)
    assert out.ids.tolist() == ["A", "B", "C", "D"]
    assert out.labels.tolist() == [0, 1, 0, 0]
    assert out.lengths.tolist() == runs.lengths.tolist()
    assert out.time_unit == "h"
    for found, times in zip(out.times, runs.times, strict=True):
        np.testing.assert_array_equal(found, times)


def test_channels_and_units_stay_unless_they_are_changed(runs: Runs) -> None:
    for step in (MovingAverage(3), Despike()):
        out = step.fit_transform(runs)
        assert out.channels == ("T", "p", "Q") and out.units == ("°C", "bar", "l/h")
    out = ChannelPCA(2).fit_transform(runs)
    assert out.channels == ("component_0", "component_1") and out.units == ("", "")
    assert runs.channels == ("T", "p", "Q")


@every_step
def test_every_run_is_mapped_by_itself(step: Step, runs: Runs) -> None:
    fitted = clone(step).fit(runs)
    together = fitted.transform(runs).arrays
    for i in range(len(runs)):
        np.testing.assert_array_equal(fitted.transform(runs[i]).arrays[0], together[i])


@every_step
def test_x_is_not_changed(step: Step) -> None:
    X = np.stack(walks(20, 20, 20))
    X[0, 3, 1], X[1, 5, 0] = nan, 1e6
    before = X.copy()
    for form in (X, list(X)):
        clone(step).fit(form).transform(form)
        np.testing.assert_array_equal(X, before)


@every_step
def test_arrays_and_lists_give_what_runs_give(step: Step) -> None:
    X = np.stack(walks(20, 20, 20))
    fitted = clone(step).fit(X)
    for form in (list(X), Runs(X), Runs(list(X))):
        found = clone(step).fit(form).transform(form)
        np.testing.assert_allclose(np.asarray(found), np.asarray(fitted.transform(X)))


@every_step
def test_a_clone_has_the_parameters_and_is_not_fitted(step: Step, runs: Runs) -> None:
    fitted = clone(step).fit(runs)
    copied = clone(fitted)
    assert copied.get_params() == step.get_params()
    with pytest.raises(NotFittedError):
        copied.transform(runs)


@every_step
def test_refitting_forgets_the_past(step: Step, runs: Runs) -> None:
    other = Runs([1000 * run[:, :2] ** 2 for run in runs.arrays])
    refitted = clone(step).fit(other).fit(runs).transform(runs)
    fresh = clone(step).fit(runs).transform(runs)
    np.testing.assert_array_equal(np.asarray(refitted), np.asarray(fresh))


@every_step
def test_other_channels_than_in_fit_are_refused(step: Step, runs: Runs) -> None:
    fitted = clone(step).fit(runs)
    text = f"X has 2 channels, {type(step).__name__} was fitted on 3: pass runs like those"
    with error(text):
        fitted.transform(walks(20, n_channels=2))


@pytest.mark.parametrize("step", [MovingAverage, Despike])
@pytest.mark.parametrize("window_size", [0, -3, 4, 2.5, "5", None])
def test_a_window_is_an_odd_number_of_timesteps(
    step: type[Any], window_size: Any, runs: Runs
) -> None:
    with error(f"window_size must be an odd positive integer, got {window_size!r}"):
        step(window_size).fit(runs)


@pytest.mark.parametrize("threshold", [0, -1.0, "10", nan])
def test_a_spike_threshold_is_positive(threshold: Any, runs: Runs) -> None:
    with error(f"threshold must be a positive number, got {threshold!r}"):
        Despike(threshold=threshold).fit(runs)


@pytest.mark.parametrize("n_components", [0, 4, 1.5, "2"])
def test_there_are_at_most_as_many_components_as_channels(n_components: Any, runs: Runs) -> None:
    text = f"n_components must be an integer from 1 to the 3 channels, got {n_components!r}"
    with error(text):
        ChannelPCA(n_components).fit(runs)


def test_channel_pca_needs_timesteps_without_gaps() -> None:
    run = np.array([[1.0, nan], [nan, 2.0], [1.0, 2.0]])
    with error("ChannelPCA needs 2 timesteps without gaps, found fewer"):
        ChannelPCA(1).fit([run])


def test_parameters_are_looked_at_in_fit_alone() -> None:
    for step in (MovingAverage("wide"), Despike(-1, "high"), ChannelPCA(-5)):
        assert clone(step).get_params() == step.get_params()


# --- moving average -----------------------------------------------------------------------------


def naive_average(run: NDArray[Any], window_size: int) -> NDArray[Any]:
    """Mean of the measured values in the window, which the ends of the run cut; gaps stay."""
    half, out = window_size // 2, np.full(run.shape, nan)
    for t, c in np.ndindex(*run.shape):
        window = run[max(0, t - half) : t + half + 1, c].tolist()
        present = [value for value in window if not np.isnan(value)]
        if not np.isnan(run[t, c]):
            out[t, c] = sum(present) / len(present)
    return out


@pytest.mark.parametrize("window_size", [1, 3, 5, 11, 51])
@pytest.mark.parametrize("gaps", [False, True])
def test_the_average_is_that_of_a_loop(window_size: int, gaps: bool) -> None:
    arrays = walks(20, 2, 33)
    if gaps:
        rng = np.random.default_rng(1)
        arrays = [np.where(rng.random(a.shape) < 0.4, nan, a) for a in arrays]
        for a in arrays:
            a[0] = 1.0
    found = MovingAverage(window_size).fit_transform(arrays).arrays
    for out, run in zip(found, arrays, strict=True):
        np.testing.assert_allclose(out, naive_average(run, window_size), rtol=1e-12, atol=1e-12)


def test_a_window_of_one_changes_nothing(runs: Runs) -> None:
    found = MovingAverage(1).fit_transform(runs).arrays
    for out, run in zip(found, runs.arrays, strict=True):
        np.testing.assert_allclose(out, run)


# --- despike ------------------------------------------------------------------------------------


def courses(n_runs: int = 10, n_timesteps: int = 60, seed: int = 0) -> list[NDArray[Any]]:
    """A wave, a ramp and a level change, with a little noise."""
    t = np.arange(n_timesteps)
    clean = np.stack([np.sin(t / 8), t / 20, np.where(t < 30, 0.0, 5.0)], axis=1)
    rng = np.random.default_rng(seed)
    return [clean + rng.normal(0, 0.05, clean.shape) for _ in range(n_runs)]


def test_planted_glitches_become_gaps_and_nothing_else_does() -> None:
    fitted = Despike().fit(courses())
    (run,) = courses(1, seed=9)
    glitches = [(5, 0), (0, 1), (6, 1), (40, 1), (41, 1), (12, 2), (59, 2)]
    for place in glitches:
        run[place] += 30
    (found,) = fitted.transform([run]).arrays
    assert sorted(map(tuple, np.argwhere(np.isnan(found)).tolist())) == sorted(glitches)
    np.testing.assert_array_equal(found[~np.isnan(found)], run[~np.isnan(found)])


def test_level_changes_and_ramps_are_left() -> None:
    for run in Despike().fit_transform(courses()).arrays:
        assert not np.isnan(run).any()


def test_a_level_change_that_no_training_run_had_is_left() -> None:
    fitted = Despike().fit(courses())
    (run,) = courses(1, seed=9)
    run[20:] += 100
    assert not np.isnan(fitted.transform([run]).arrays[0]).any()


def naive_line(part: NDArray[Any], t: int) -> float:
    """At t, the line with the median rise from value to value that halves the values."""
    pairs = zip(part[:-1].tolist(), part[1:].tolist(), strict=True)
    rises = [b - a for a, b in pairs if not np.isnan(a) and not np.isnan(b)]
    rise = np.median(rises) if rises else nan
    level = [v - rise * i for i, v in enumerate(part.tolist()) if not np.isnan(v)]
    return float(rise * t + np.median(level)) if level else nan


def naive_despike(step: Despike, run: NDArray[Any]) -> NDArray[Any]:
    half, far = step.window_size // 2, np.zeros(run.shape, dtype=bool)
    for t, c in np.ndindex(*run.shape):
        channel, from_end = run[:, c], len(run) - 1 - t
        window = channel[max(0, t - half) : t + half + 1]
        if t < half:
            usual = naive_line(channel[: step.window_size], t)
        elif from_end < half:
            usual = naive_line(channel[::-1][: step.window_size], from_end)
        else:
            measured = window[~np.isnan(window)]
            usual = np.median(measured) if len(measured) else nan
        far[t, c] = abs(channel[t] - usual) > step.threshold * step.scale_[c]
    out = run.copy()
    for t, c in np.argwhere(far).tolist():
        near = slice(max(0, t - step.window_size), t + step.window_size + 1)
        if 2 * far[near, c].sum() <= (~np.isnan(run[near, c])).sum():
            out[t, c] = nan
    return out


@pytest.mark.parametrize(("window_size", "threshold"), [(1, 4.0), (3, 4.0), (7, 10.0), (15, 2.5)])
def test_spikes_are_those_of_a_loop(window_size: int, threshold: float) -> None:
    arrays = courses()
    rng = np.random.default_rng(3)
    for run in arrays:
        run[rng.random(run.shape) < 0.03] += 5
        run[rng.random(run.shape) < 0.1] = nan
    step = Despike(window_size, threshold)
    found = step.fit_transform(arrays).arrays
    n_spikes = 0
    for out, run in zip(found, arrays, strict=True):
        np.testing.assert_array_equal(out, naive_despike(step, run))
        n_spikes += int((np.isnan(out) & ~np.isnan(run)).sum())
    assert n_spikes > 10 or window_size == 1


def test_the_scale_is_the_noise_whatever_course_it_is_on() -> None:
    step = Despike().fit(courses())
    np.testing.assert_allclose(step.scale_, 0.05, rtol=0.15)
    for c in range(3):
        bends = [
            abs(run[t - 1, c] - 2 * run[t, c] + run[t + 1, c])
            for run in courses()
            for t in range(1, len(run) - 1)
        ]
        assert step.scale_[c] == pytest.approx(1.4826 * np.median(bends) / 6**0.5)


def test_glitches_in_the_training_runs_do_not_hide_others() -> None:
    arrays = courses()
    for i, run in enumerate(arrays):
        run[3 + 5 * i] += 1e6
    found = Despike().fit_transform(arrays).arrays
    assert [np.argwhere(np.isnan(run[:, 0])).tolist() for run in found] == [
        [[3 + 5 * i]] for i in range(len(arrays))
    ]


@pytest.mark.parametrize("value", [0.0, 7.5])
def test_a_change_in_a_channel_that_never_moved_is_left_to_the_detector(value: float) -> None:
    step = Despike().fit(np.full((5, 20, 1), value))
    changed = np.full((1, 20, 1), value)
    changed[0, 10] += 1
    np.testing.assert_array_equal(np.asarray(step.transform(changed)), changed)


def test_a_channel_that_mostly_repeats_itself_is_despiked_by_its_mean_bend() -> None:
    X = np.zeros((5, 40, 1))
    X[:, 4::10] = 1.0  # a blip now and then is usual, but the median bend is 0
    step = Despike().fit(X)
    bends = [abs(run[t - 1, 0] - 2 * run[t, 0] + run[t + 1, 0]) for run in X for t in range(1, 39)]
    assert step.scale_[0] == pytest.approx(sum(bends) / len(bends) / 6**0.5)
    X[0, 15] = 100.0
    assert np.argwhere(np.isnan(np.asarray(step.transform(X)))).tolist() == [[0, 15, 0]]


def test_runs_too_short_to_tell_their_noise_are_left() -> None:
    for X in (np.array([[1.0, 100.0], [5.0, -3.0]]), [[1.0, nan, 2.0, nan, 9.0]] * 2):
        found = np.asarray(Despike().fit_transform(X))
        np.testing.assert_array_equal(found[:, :, 0], X)


@pytest.mark.parametrize("n_timesteps", [2, 3, 30])
def test_a_run_that_swings_from_one_end_to_the_other_keeps_its_values(n_timesteps: int) -> None:
    step = Despike().fit(courses())
    swinging = np.where(np.arange(n_timesteps) % 2, 1e6, 0.0)[:, None] * np.ones(3)
    (found,) = step.transform([swinging]).arrays
    assert (~np.isnan(found)).sum(axis=0).min() >= n_timesteps / 2


def test_a_run_that_swings_is_scored_by_a_detector_that_despikes() -> None:
    detector = FCAutoEncoder(steps=[Despike()], n_epochs=2).fit(courses())
    good = detector.decision_function(courses(1, seed=9))
    swinging = np.where(np.arange(60) % 2, 1e6, 0.0)[:, None] * np.ones(3)
    assert detector.decision_function([swinging])[0] > 10 * good[0]


# --- channel PCA --------------------------------------------------------------------------------


def standardised(arrays: list[NDArray[Any]]) -> NDArray[Any]:
    values = np.concatenate(arrays)
    return (values - values.mean(axis=0)) / values.std(axis=0)


def test_all_components_give_the_channels_back(runs: Runs) -> None:
    step = ChannelPCA(3).fit(runs)
    for components, run in zip(step.transform(runs).arrays, runs.arrays, strict=True):
        np.testing.assert_allclose(step.inverse_transform(components), run, atol=1e-10)


@pytest.mark.parametrize("n_components", [1, 2, 4])
def test_components_are_those_of_the_standardised_channels(n_components: int) -> None:
    arrays = [run * [1, 1000, 1e-3, 5] + [0, 1e5, 0, -3] for run in walks(30, 40, n_channels=4)]
    step = ChannelPCA(n_components).fit(arrays)
    found = np.concatenate(step.transform(arrays).arrays)
    values = standardised(arrays)
    pca = PCA(n_components).fit(values)
    expected = pca.transform(values)
    np.testing.assert_allclose(np.abs(found), np.abs(expected), atol=1e-8)
    channels = np.concatenate(arrays)
    restored = pca.inverse_transform(expected) * channels.std(axis=0) + channels.mean(axis=0)
    np.testing.assert_allclose(step.inverse_transform(found), restored, rtol=1e-8, atol=1e-8)


def test_the_inverse_takes_components_of_any_shape(runs: Runs) -> None:
    step = ChannelPCA(2).fit(runs)
    components = np.random.default_rng(0).normal(size=(4, 5, 2))
    found = step.inverse_transform(components)
    assert found.shape == (4, 5, 3)
    np.testing.assert_allclose(found[1, 2], step.inverse_transform(components[1, 2]))


def test_components_are_of_filled_gaps_and_are_learned_without_them(runs: Runs) -> None:
    arrays = [run.copy() for run in runs.arrays]
    arrays[0][5:7, 1] = nan
    step = ChannelPCA(2).fit(arrays)
    kept = np.concatenate([np.delete(arrays[0], [5, 6], axis=0), *arrays[1:]])
    np.testing.assert_allclose(step.mean_, kept.mean(axis=0))
    filled = arrays[0].copy()
    filled[5:7, 1] = np.interp([5, 6], [4, 7], arrays[0][[4, 7], 1])
    found = step.transform(arrays).arrays[0]
    np.testing.assert_allclose(found, step.transform([filled]).arrays[0])


@pytest.mark.parametrize("value", [0.0, 0.1, 1e6])
def test_a_constant_channel_does_not_explode(value: float) -> None:
    arrays = walks(30, 30)
    for run in arrays:
        run[:, 1] = value
    step = ChannelPCA(3).fit(arrays)
    changed = arrays[0].copy()
    changed[:, 1] += 0.5
    (components,) = step.transform([changed]).arrays
    assert np.abs(components).max() < 10
    np.testing.assert_allclose(step.inverse_transform(components), changed, atol=1e-8)


def test_one_channel_has_one_component() -> None:
    arrays = walks(20, 20, n_channels=1)
    found = np.concatenate(ChannelPCA(1).fit_transform(arrays).arrays)
    np.testing.assert_allclose(np.abs(found), np.abs(standardised(arrays)))


def test_the_inverse_needs_fit() -> None:
    with pytest.raises(NotFittedError):
        ChannelPCA(2).inverse_transform(np.zeros((3, 2)))


# --- in pipelines and detectors -----------------------------------------------------------------


@every_step
def test_a_step_works_in_a_pipeline_before_a_detector(step: Step, runs: Runs) -> None:
    pipeline = Pipeline([("step", clone(step)), ("clf", FCAutoEncoder(n_epochs=2))])
    pipeline.fit(runs)
    by_hand = clone(step).fit(runs)
    detector = FCAutoEncoder(n_epochs=2).fit(by_hand.transform(runs))
    expected = detector.decision_function(by_hand.transform(runs))
    np.testing.assert_array_equal(pipeline.decision_function(runs), expected)
    assert set(pipeline.predict(runs).tolist()) <= {0, 1}
    again = clone(pipeline).fit(runs)
    np.testing.assert_array_equal(again.decision_function(runs), expected)


def test_a_pipeline_of_arrays_scores_new_runs_of_other_lengths() -> None:
    pipeline = Pipeline([("smooth", MovingAverage(3)), ("clf", FCAutoEncoder(n_epochs=2))])
    pipeline.fit(np.stack(walks(*[20] * 8)))
    assert pipeline.predict(walks(15, 30)).shape == (2,)


@every_step
def test_a_detector_fits_copies_of_its_steps(step: Step, runs: Runs) -> None:
    passed = clone(step)
    detector = FCAutoEncoder(steps=[passed], n_epochs=1, length_sigma=None).fit(runs)
    assert not hasattr(passed, "n_channels_")
    assert clone(detector).get_params(deep=False)["steps"][0].get_params() == step.get_params()
    assert [run.shape for run in detector.reconstruct(runs)] == [a.shape for a in runs.arrays]
    assert [run.shape for run in detector.contributions(runs)] == [a.shape for a in runs.arrays]


def test_a_glitch_is_left_out_of_the_score_of_a_detector_that_despikes() -> None:
    good = courses(20)
    (run,) = courses(1, seed=9)
    glitch = run.copy()
    glitch[20, 0] = 1e4
    scores = {}
    for steps in ((), (Despike(),)):
        detector = FCAutoEncoder(steps=steps, n_epochs=5).fit(good)
        clean, spoilt = detector.decision_function([run, glitch])
        scores[bool(steps)] = spoilt / clean
        assert bool(detector.contributions([glitch])[0][20, 0]) != bool(steps)
    assert scores[True] == pytest.approx(1, rel=0.2)
    assert scores[False] > 10
