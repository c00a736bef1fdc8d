"""Long series made ready: glitches, gaps, and channels that have died."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from series import LEVEL, SCALE, WINDOW, named, normal, windowed, with_glitches

from tsad_plugin import Despike, PCAReconstruction, Runs, WindowedDetector
from tsad_plugin.windows import Activity, Glitches
from tsad_plugin.windows.detector import FAILED
from tsad_plugin.windows.preparation import SeriesPreprocessor

equal = np.testing.assert_array_equal


def cleaned(rows: NDArray[Any], training: NDArray[Any]) -> NDArray[np.bool_]:
    """Where `Glitches` makes gaps."""
    found = Glitches().fit([training]).transform([rows]).arrays[0]
    equal(found[~np.isnan(found)], rows[~np.isnan(found)])
    return np.isnan(found)


# --- glitches -----------------------------------------------------------------------------------


@pytest.mark.parametrize("share", [0.01, 0.05, 0.18])
def test_glitches_are_found_all_and_nothing_else(share: float) -> None:
    training, _ = with_glitches(normal(3000, n_channels=4), share)
    rows, where = with_glitches(normal(3000, seed=1, n_channels=4), share, seed=1)
    found = cleaned(rows, training)
    assert (found & ~where).sum() == 0
    assert (where & ~found).sum() <= 0.02 * where.sum()  # several side by side


@pytest.mark.parametrize("share", [0.05, 0.18])
@pytest.mark.parametrize("window_size", [WINDOW, 32])
def test_glitches_raise_no_segment(share: float, window_size: int) -> None:
    training, _ = with_glitches(normal(3000, n_channels=4), share)
    detector = windowed(window_size=window_size).fit(training)
    for seed in range(1, 5):
        rows, _ = with_glitches(normal(3000, seed=seed, n_channels=4), share, seed)
        assert len(detector.segments(rows)) == 0


def test_level_shifts_ramps_and_stretches_of_wild_values_stay() -> None:
    training = normal(1000)
    shift, ramp, wild = (normal(400, seed=1) for _ in range(3))
    shift[200:, 0] += 20
    ramp[200:, 1] += 5 * np.linspace(0, 60, 200)
    wild[200:260, 2] += 5e4 * np.random.default_rng(0).normal(size=60)
    for rows in (shift, ramp):
        assert cleaned(rows, training).sum() <= 1
    assert not cleaned(wild, training)[208:252].any()  # at its ends it is not most of what is near


def pulsing(n_timesteps: int = 1000, seed: int = 0) -> NDArray[Any]:
    """Rows in which the first channel has a pulse of one row every twenty."""
    rows = normal(n_timesteps, seed)
    rows[::20, 0] += 30
    return rows


def test_spikes_in_a_rhythm_are_kept() -> None:
    assert not cleaned(pulsing(seed=1), pulsing()).any()
    spoilt, where = with_glitches(pulsing(seed=1), 0.02, apart=25)
    where[:, 0] = False  # there a glitch may be a pulse
    assert (cleaned(spoilt, pulsing())[:, 1:] == where[:, 1:]).all()


def test_a_pulse_that_is_missing_or_doubled_shows_in_the_scores() -> None:
    detector = windowed(PCAReconstruction(0.99), window_size=40, smoothing=1).fit(pulsing(2000))
    rows = pulsing(600, seed=1)
    usual = detector.timestep_scores(rows)[0].max()
    missing, doubled = rows.copy(), rows.copy()
    missing[300, 0] -= 30
    doubled[310, 0] += 30
    assert detector.timestep_scores(missing)[0][300] > 3 * usual
    assert detector.timestep_scores(doubled)[0][310] > 3 * usual


def test_despike_is_what_was_passed() -> None:
    rows, where = with_glitches(normal(600, seed=1), 0.02, apart=20)
    steps = {
        despike: windowed(despike=despike).fit(normal()).preprocessor_.steps
        for despike in (None, "auto")
    }
    assert steps[None] == [] and [type(s) for s in steps["auto"]] == [Glitches]
    own = windowed(despike=Despike(9, threshold=12)).fit(normal())
    assert repr(own.preprocessor_.steps) == "[Despike(threshold=12, window_size=9)]"
    assert own.cleaning_summary(rows)["glitches"].sum() == where.sum()
    kept = windowed(despike=None).fit(normal())
    assert kept.cleaning_summary(rows)["glitches"].sum() == 0
    assert kept.decision_function(rows).max() > 20 * own.decision_function(rows).max()


# --- what is told of it -------------------------------------------------------------------------


def test_the_summary_counts_glitches_and_gaps_exactly() -> None:
    one, where = with_glitches(normal(600, seed=1), 0.03, apart=16)
    other = normal(300, seed=2)
    one[100:105, 0] = one[200:260, 2] = other[:50] = np.nan
    where[100:105, 0] = where[200:260, 2] = False
    detector = windowed().fit(named([normal(), normal(700, seed=4)]))
    table = detector.cleaning_summary(named([one, other]))
    assert table["series"].tolist() == ["M-0"] * 3 + ["M-1"] * 3
    assert table["channel"].tolist() == ["speed", "flow", "heat"] * 2
    assert table["n_timesteps"].tolist() == [600] * 3 + [300] * 3
    assert table["missing"].tolist() == [5, 0, 60, 50, 50, 50]
    assert table["glitches"].tolist() == [*where.sum(axis=0), 0, 0, 0]
    assert table["in_long_gaps"].tolist() == [0, 0, 60, 50, 50, 50]
    pd.testing.assert_frame_equal(
        detector.cleaning_, detector.cleaning_summary(named([normal(), normal(700, seed=4)]))
    )


def test_correlation_is_of_the_cleaned_rows_that_were_learned_from() -> None:
    rows, _ = with_glitches(normal(), 0.05)
    detector = windowed().fit(named([rows]))
    kept = normal()[: 480 - WINDOW]
    np.testing.assert_allclose(detector.correlation_, np.corrcoef(kept.T), atol=0.02)
    assert detector.correlation_.index.tolist() == ["speed", "flow", "heat"]


def test_short_gaps_are_filled_along_lines_and_long_ones_are_not() -> None:
    rows = normal(200)
    preprocessor = SeriesPreprocessor(WINDOW, None, []).fit(Runs([rows]))
    gappy = rows.copy()
    gappy[10 : 10 + WINDOW, 0] = gappy[50 : 51 + WINDOW, 0] = gappy[:3, 1] = np.nan
    filled, lasting = preprocessor.fill(gappy)
    expected = np.zeros(rows.shape, dtype=bool)
    expected[50 : 51 + WINDOW, 0] = True
    equal(lasting, expected)
    line = np.interp(range(10, 10 + WINDOW), [9, 10 + WINDOW], rows[[9, 10 + WINDOW], 0])
    np.testing.assert_allclose(filled[10 : 10 + WINDOW, 0], line)
    assert (filled[:3, 1] == rows[3, 1]).all()
    assert (filled[lasting] == preprocessor.target_scaler_.center_[0]).all()
    equal(filled[~np.isnan(gappy)], rows[~np.isnan(gappy)])


# --- activity -----------------------------------------------------------------------------------


def detector_of(n_channels: int = 6, **options: Any) -> WindowedDetector:
    return windowed(window_size=20, **options).fit(named([normal(1000, n_channels=n_channels)]))


DEAD = {
    "collapse": lambda rows: 0.001 * SCALE * np.random.default_rng(0).normal(size=rows.shape),
    "freeze": lambda rows: np.broadcast_to(rows[0], rows.shape),
    "constant": lambda rows: np.broadcast_to(LEVEL + 40 * SCALE, rows.shape),
}


@pytest.mark.parametrize("kind", DEAD)
@pytest.mark.parametrize("start", [0, 57, 300])
def test_a_failure_lasts_from_its_first_row_to_the_recovery(kind: str, start: int) -> None:
    detector, rows = detector_of(), normal(600, seed=1, n_channels=6)
    rows[start : start + 90] = DEAD[kind](rows[start : start + 90])
    scores = detector.timestep_scores(rows)[0]
    failed = np.flatnonzero(scores == detector.failed_score_)
    assert abs(failed[0] - start) <= 1 and abs(failed[-1] - (start + 89)) <= 1
    assert len(failed) == failed[-1] - failed[0] + 1
    segments = detector.segments(rows)
    assert segments["mode"][0] == "failed" and detector.failure_time(rows) == [failed[0]]
    assert segments["start"][0] == failed[0] and segments["end"][0] == failed[-1] + 1


@pytest.mark.parametrize("inside", [PCAReconstruction(), "KNN"])
def test_failed_rows_have_a_score_above_the_threshold(inside: Any) -> None:
    detector = windowed(inside, 20).fit(normal(1000, n_channels=6))
    rows = normal(400, seed=1, n_channels=6)
    rows[200:] = 0
    scores = detector.decision_function(rows)
    assert (scores[200:] == detector.failed_score_).all()
    largest = max(detector.threshold_, detector.calibration_scores_.max())
    above = FAILED * (largest - detector.usual_score_)
    assert detector.failed_score_ == pytest.approx(detector.usual_score_ + above)
    assert detector.predict(rows)[200:].all()


def test_contributions_of_a_failure_are_on_the_dead_channels() -> None:
    detector, rows = detector_of(), normal(400, seed=1, n_channels=6)
    rows[200:, [0, 1, 3, 5]] = 0
    [found] = detector.contributions(rows)
    np.testing.assert_allclose(found[200:, [0, 1, 3, 5]], detector.failed_score_ / 4)
    assert (found[200:, [2, 4]] == 0).all()
    assert detector.segments(rows)["channels"].tolist()[-1] == ("speed", "flow", "load", "noise")


def test_rows_before_a_failure_are_scored_by_windows_that_do_not_reach_over_it() -> None:
    detector, rows = detector_of(), normal(400, seed=1, n_channels=6)
    rows[200:300] = 0
    scores = detector.timestep_scores(rows)[0]
    np.testing.assert_array_equal(scores[:200], detector.timestep_scores(rows[:200])[0])
    alone = detector_of(smoothing=1)
    np.testing.assert_allclose(
        alone.timestep_scores(rows)[0][300:], alone.timestep_scores(rows[300:])[0], rtol=1e-5
    )


@pytest.mark.parametrize("n_dead", [1, 2, 3])
def test_up_to_half_of_the_channels_may_be_dead_without_a_failure(n_dead: int) -> None:
    detector, rows = detector_of(), normal(400, seed=1, n_channels=6)
    rows[200:, :n_dead] = 0
    assert detector.failure_time(rows) == [None]
    rows[200:, :4] = 0
    assert detector.failure_time(rows) == [200]


def test_a_channel_that_is_often_constant_in_training_tells_nothing() -> None:
    training, rows = (normal(1000, seed, n_channels=3) for seed in (0, 1))
    training[::2, 0] = training[100:200, 0] = 0.0
    activity = Activity(16).fit([training])
    assert np.isnan(activity.limit_).all(axis=0).tolist() == [True, False, False]
    rows[500:, 0] = 0
    assert not activity.dead(rows)[:, 0].any()
    rows[500:, 1] = 0  # one of two that tell is not most of them
    assert not activity.failed(activity.dead(rows)).any()
    rows[500:, 2] = 0
    assert np.flatnonzero(activity.failed(activity.dead(rows))).tolist() == list(range(500, 1000))


def test_a_channel_that_is_seldom_measured_tells_nothing() -> None:
    training = normal(1000)
    training[np.arange(1000) % 3 > 0, 1] = np.nan
    activity = Activity(16).fit([training])
    assert np.isnan(activity.limit_).all(axis=0).tolist() == [False, True, False]
    assert not activity.failed(activity.dead(normal(500, seed=1))).any()


def test_ranges_and_sizes_are_those_of_loops() -> None:
    rows = normal(80)
    rows[20:29, 1] = rows[50:70, 2] = rows[[3, 7, 9], 0] = np.nan
    ranges, sizes = Activity(16)._extents(rows)
    for start in range(len(rows) - 15):
        for channel in range(3):
            values = rows[start : start + 16, channel]
            seen = values[~np.isnan(values)]
            expected = (np.ptp(seen), np.abs(seen).max()) if len(seen) >= 8 else (np.nan, np.nan)
            found = (ranges[start, channel], sizes[start, channel])
            np.testing.assert_allclose(found, expected)
    assert len(ranges) == len(sizes) == 65 and Activity(16)._extents(rows[:15]).shape == (2, 0, 3)


@pytest.mark.parametrize("window_size", [2, 3, 5, 12])
@pytest.mark.parametrize("n_channels", [1, 2])
def test_normal_rows_do_not_fail_by_chance(window_size: int, n_channels: int) -> None:
    detector = windowed(window_size=window_size).fit(normal(4000, n_channels=n_channels))
    for seed in range(1, 6):
        assert detector.failure_time(normal(4000, seed, n_channels)) == [None]


def test_gaps_are_no_failure() -> None:
    detector, rows = detector_of(), normal(400, seed=1, n_channels=6)
    rows[100:200] = np.nan
    assert detector.failure_time(rows) == [None]


def test_glitches_in_a_failure_do_not_interrupt_it() -> None:
    detector, rows = detector_of(), normal(600, seed=1, n_channels=6)
    rows[300:] = 0
    where = np.arange(305, 600, 23)
    rows[where, 2] = 1e9
    assert detector.failure_time(rows) == [300]
    assert detector.segments(rows)["mode"].tolist().count("failed") == 1
