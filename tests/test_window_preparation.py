"""Long series made ready for windows: glitches, gaps, dead signals, and what is told of them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tsad_plugin import Despike, PCAReconstruction, Runs, WindowedDetector
from tsad_plugin.windows import Activity, Glitches, SeriesPreprocessor

Array = NDArray[Any]
nan = np.nan


def waves(n: int, seed: int = 0, n_channels: int = 4) -> Array:
    """(n, c): normal rows of channels that belong together, far from zero."""
    rng = np.random.default_rng(seed)
    t = np.arange(n)
    load = np.sin(t / 9) + 0.5 * np.sin(t / 31)
    size = np.arange(1, n_channels + 1)
    return 10 * size + load[:, None] * size + rng.normal(0, 0.1, (n, n_channels)) * size


def glitched(rows: Array, share: float, seed: int = 0) -> tuple[Array, NDArray[np.bool_]]:
    """Rows with isolated extremes, none beside another of its channel, and where they are."""
    rng = np.random.default_rng(seed)
    planted = np.zeros(rows.shape, dtype=bool)
    for channel in range(rows.shape[1]):
        slots = np.arange(1, len(rows) - 1, 2)
        chosen = rng.choice(slots, round(share * len(rows)), replace=False)
        planted[chosen, channel] = True
    signs = rng.choice([-1, 1], rows.shape) * rng.uniform(3, 20, rows.shape)
    return np.where(planted, rows * signs, rows), planted


def detector(**options: Any) -> WindowedDetector:
    return WindowedDetector(PCAReconstruction(), **options)


def prepared(train: Array, window_size: int = 16, despike: Any = None) -> SeriesPreprocessor:
    return SeriesPreprocessor(window_size, despike, []).fit(Runs([train]))


# --- glitches -----------------------------------------------------------------------------------


def test_glitches_become_gaps_and_nothing_else_does() -> None:
    train, in_train = glitched(waves(2000), 0.05)
    assert 0.15 < in_train.any(axis=1).mean() < 0.2
    step = Glitches().fit(Runs([train]))
    for rows, planted in ((train, in_train), glitched(waves(1000, 1), 0.05, 1)):
        gaps = np.isnan(step.transform(Runs([rows])).arrays[0])
        assert gaps[planted].mean() > 0.99
        assert gaps[~planted].mean() < 0.001


def test_glitches_raise_no_segment() -> None:
    train, _ = glitched(waves(2000), 0.05)
    new, planted = glitched(waves(1000, 1), 0.05, 1)
    cleaned = detector().fit(train)
    assert cleaned.segments(new).empty
    uncleaned = detector(despike=None).fit(waves(2000))
    assert uncleaned.predict(new)[planted.any(axis=1)].mean() > 0.9


def test_a_fault_among_glitches_is_found() -> None:
    fitted = detector().fit(glitched(waves(2000), 0.05)[0])
    rows = waves(1000, 1)
    rows[600:700, 2] += 15
    (row,) = fitted.segments(glitched(rows, 0.05, 1)[0]).itertuples()
    assert abs(row.start - 600) <= 10 and abs(row.end - 700) <= 12
    assert row.channels[0] == "channel_2"


@pytest.mark.parametrize("kind", ["step", "ramp", "short step"])
def test_level_shifts_and_ramps_are_no_glitches(kind: str) -> None:
    fitted = detector().fit(waves(2000))
    rows = waves(1000, 1)
    length = {"short step": 30, "step": 300, "ramp": 500}[kind]
    rows[500 : 500 + length, 1] += np.linspace(0, 400, length) if kind == "ramp" else 400.0
    assert fitted.cleaning_summary(rows)["glitches"].sum() == 0
    assert "faulty" in fitted.segments(rows)["mode"].tolist()


def pulses(n: int, seed: int, missing: tuple[int, ...] = ()) -> Array:
    """Waves of which channel 0 shows a pulse of one row every 12 rows, but for the missing."""
    rows = waves(n, seed)
    rows[:, 0] = 10 + np.random.default_rng(seed).normal(0, 0.1, n)
    beats = np.setdiff1d(np.arange(5, n, 12), missing)
    rows[beats, 0] += 30
    return rows


def test_pulses_in_a_rhythm_are_kept_and_one_that_is_missing_is_seen() -> None:
    fitted = WindowedDetector(PCAReconstruction(0.95), 48, smoothing=1).fit(pulses(2400, 0))
    missing = 5 + 12 * 50
    rows = pulses(1200, 1, (missing,))
    assert fitted.cleaning_["glitches"].sum() == 0
    assert fitted.cleaning_summary(rows)["glitches"].sum() == 0
    (contributions,) = fitted.contributions(rows)
    assert contributions.max() == contributions[missing, 0]
    assert np.flatnonzero(fitted.predict(rows)).tolist() == [missing]


def test_pulses_without_a_rhythm_are_glitches() -> None:
    train = pulses(2400, 0, tuple(range(2400)))
    train[np.random.default_rng(0).choice(2400, 100, replace=False), 0] += 30
    assert detector().fit(train).cleaning_["glitches"].iloc[0] >= 80


def test_despike_none_keeps_all_and_a_step_of_ones_own_is_used() -> None:
    rows, planted = glitched(waves(1000, 1), 0.01)
    assert detector(despike=None).fit(waves(2000)).cleaning_summary(rows)["glitches"].sum() == 0
    own = Despike(5, 12.0)
    summary = detector(despike=own).fit(waves(2000)).cleaning_summary(rows)
    gaps = np.isnan(
        Despike(5, 12.0).fit(Runs([waves(1584 - 16)])).transform(Runs([rows])).arrays[0]
    )
    assert abs(summary["glitches"].sum() - gaps.sum()) <= 0.02 * planted.sum()
    assert not hasattr(own, "scale_")  # it is copied


# --- what is told -------------------------------------------------------------------------------


def test_the_summary_counts_glitches_and_gaps_exactly() -> None:
    fitted = detector(window_size=16).fit(waves(2000))
    first, second = waves(600, 1), waves(400, 2)
    first[[50, 150, 250], 0] = 500.0
    first[300:310, 1] = nan  # filled
    first[400:440, 2] = nan  # longer than a window
    second[100:117] = nan
    second[[200, 300], 3] = nan
    runs = Runs([first, second], ids=["A", "B"], channels=["a", "b", "c", "d"])
    table = fitted.cleaning_summary(runs)
    assert table.columns.tolist() == [
        *["series", "channel", "n_timesteps", "missing", "glitches", "in_long_gaps"]
    ]
    assert [tuple(row) for row in table.drop(columns="channel").to_numpy().tolist()] == [
        ("A", 600, 0, 3, 0),
        ("A", 600, 10, 0, 0),
        ("A", 600, 40, 0, 40),
        ("A", 600, 0, 0, 0),
        ("B", 400, 17, 0, 17),
        ("B", 400, 17, 0, 17),
        ("B", 400, 17, 0, 17),
        ("B", 400, 19, 0, 17),
    ]


def test_correlation_is_that_of_the_cleaned_rows_that_are_learned_from() -> None:
    rows = waves(2000)
    rows[:, 3] = -rows[:, 0]
    fitted = detector(window_size=16).fit(
        Runs([glitched(rows, 0.01)[0]], channels=["a", "b", "c", "d"])
    )
    table = fitted.correlation_
    assert table.columns.tolist() == table.index.tolist() == ["a", "b", "c", "d"]
    assert np.allclose(table, np.corrcoef(rows[: 1600 - 16].T), atol=0.01)


# --- dead signals -------------------------------------------------------------------------------


def failed_rows(train: Array, rows: Array) -> list[int]:
    activity = Activity(16).fit([train])
    return np.flatnonzero(activity.failed(activity.dead(rows))).tolist()


@pytest.mark.parametrize("kind", ["collapsed", "frozen", "collapsed with noise"])
@pytest.mark.parametrize("end", [400, 600])
def test_dead_signals_are_failed_from_their_first_row_to_their_last(kind: str, end: int) -> None:
    rows = waves(600, 1)
    noise = np.random.default_rng(0).normal(0, 0.1, (end - 300, 4))
    dead = {"collapsed": 0.001 * noise, "frozen": rows[300], "collapsed with noise": noise}
    rows[300:end] = dead[kind]
    failed = failed_rows(waves(2000), rows)
    assert abs(failed[0] - 300) <= 1 and abs(failed[-1] - (end - 1)) <= 1
    assert failed == list(range(failed[0], failed[-1] + 1))
    fitted = detector().fit(waves(2000))
    assert fitted.failure_time(rows) == [failed[0]]
    table = fitted.segments(rows)
    assert table.loc[table["mode"] == "failed", "end"].tolist() == [failed[-1] + 1]


def test_a_short_standstill_is_no_failure() -> None:
    rows = waves(600, 1)
    rows[300:312] = rows[300]
    assert failed_rows(waves(2000), rows) == []


def test_a_channel_that_is_often_constant_in_training_tells_nothing() -> None:
    train, rows = waves(2000), waves(600, 1)
    train[::1, 0] = np.where(np.arange(2000) // 100 % 2, 0.0, train[:, 0])
    activity = Activity(16).fit([train])
    assert np.isnan(activity.limit_[:, 0]).all() and not np.isnan(activity.limit_[:, 1:]).any()
    rows[300:400, 0] = 0
    assert not activity.dead(rows).any()
    rows[300:400, 1:3] = 0  # two of the three that tell
    assert np.flatnonzero(activity.failed(activity.dead(rows)))[0] == 300


@pytest.mark.parametrize(("n_dead", "fails"), [(1, False), (3, False), (4, True), (6, True)])
def test_most_channels_must_be_dead(n_dead: int, fails: bool) -> None:
    rows = waves(600, 1, 6)
    rows[300:, :n_dead] = 0
    assert bool(failed_rows(waves(2000, 0, 6), rows)) == fails


def test_no_window_reaches_over_a_failure() -> None:
    fitted = detector(smoothing=1).fit(waves(2000))
    rows = waves(600, 1)
    broken = rows.copy()
    broken[400:450] = 0
    (scores,), (alone,) = fitted.timestep_scores(broken), fitted.timestep_scores(rows[:400])
    assert np.allclose(scores[:400], alone, equal_nan=True)
    assert np.allclose(scores[450:], fitted.timestep_scores(rows[450:])[0])
    assert (scores[400:450] == fitted.failed_score_).all()
    assert fitted.failed_score_ > fitted.threshold_ > np.nanmax(scores[:400])


def test_too_few_rows_before_a_failure_have_no_score() -> None:
    fitted = detector(window_size=32).fit(waves(2000))
    rows = waves(600, 1)
    rows[20:] = 0
    (scores,) = fitted.timestep_scores(rows)
    assert np.isnan(scores[:20]).all() and (scores[20:] == fitted.failed_score_).all()


# --- gaps ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("length", [1, 5, 16])
def test_gaps_up_to_a_window_are_filled_along_a_line(length: int) -> None:
    rows = waves(300, 1)
    gap = slice(100, 100 + length)
    rows[gap, 1] = nan
    filled, lasting = prepared(waves(2000)).fill(rows)
    line = np.linspace(rows[99, 1], rows[100 + length, 1], length + 2)[1:-1]
    assert np.allclose(filled[gap, 1], line) and not lasting.any()
    others = np.delete(filled, gap, axis=0)
    assert np.array_equal(others, np.delete(rows, gap, axis=0))


def test_longer_gaps_are_not() -> None:
    rows = waves(300, 1)
    rows[100:117, 1] = nan
    preprocessor = prepared(waves(2000))
    filled, lasting = preprocessor.fill(rows)
    assert np.flatnonzero(lasting[:, 1]).tolist() == list(range(100, 117))
    assert lasting.sum() == 17
    assert np.allclose(filled[100:117, 1], np.mean(waves(2000)[:, 1]))


@pytest.mark.parametrize(("length", "scored"), [(16, True), (17, False)])
def test_windows_go_over_short_gaps_in_all_channels_alone(length: int, scored: bool) -> None:
    fitted = detector(window_size=16, smoothing=1).fit(waves(2000))
    rows = waves(300, 1)
    rows[100 : 100 + length] = nan
    (scores,) = fitted.timestep_scores(rows)
    assert np.flatnonzero(np.isnan(scores)).tolist() == list(range(100, 100 + length))
    (alone,) = fitted.timestep_scores(rows[:100])
    assert np.allclose(scores[:84], alone[:84])
    assert np.allclose(scores[85:100], alone[85:]) != scored


def test_gaps_at_the_ends_take_the_nearest_value() -> None:
    rows = waves(300, 1)
    rows[:7, 0], rows[-9:, 2] = nan, nan
    filled, lasting = prepared(waves(2000)).fill(rows)
    assert (filled[:7, 0] == rows[7, 0]).all() and (filled[-9:, 2] == rows[-10, 2]).all()
    assert not lasting.any()


def test_a_gap_in_one_channel_leaves_the_others_scored() -> None:
    fitted = detector(window_size=16, smoothing=1).fit(waves(2000))
    rows = waves(400, 1)
    rows[100:300, 1] = nan
    (contributions,) = fitted.contributions(rows)
    assert np.isfinite(contributions).all() and (contributions[100:300, 1] == 0).all()
    rows[200:250, 3] += 40
    assert fitted.segments(rows)["channels"].tolist()[0][0] == "channel_3"
