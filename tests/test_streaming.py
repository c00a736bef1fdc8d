"""Live use: what comes row by row is scored as the whole series is."""

import doctest
import pickle
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from sklearn.exceptions import NotFittedError

from tsad_plugin import (
    ChannelPCA,
    Despike,
    FCAutoEncoder,
    FixedThreshold,
    KSigma,
    MovingAverage,
    PCAReconstruction,
    StreamScorer,
    WindowedDetector,
    load,
    save,
)
from tsad_plugin.steps import Step
from tsad_plugin.streaming import Counts, ScoredRows, engine
from tsad_plugin.streaming import scorer as scorer_module
from tsad_plugin.windows import scan
from tsad_plugin.windows.inner import window_values

CHANNELS = ["T", "p", "flow"]
N_CHANNELS = len(CHANNELS)
SIZE = 12
STEPS: list[list[Any]] = [
    [],
    [MovingAverage(5)],
    [ChannelPCA(2)],
    [MovingAverage(3), ChannelPCA(2)],
    [Despike(5, 4.0)],
]
EMPTY = np.empty((0, N_CHANNELS))


def normal(n: int, rng: np.random.Generator) -> NDArray[Any]:
    """Rows of a machine that runs as it should (n, 3)."""
    t = np.arange(n)[:, None]
    waves = np.sin(t / (5 + 3 * np.arange(N_CHANNELS))) + 0.1 * rng.normal(size=(n, N_CHANNELS))
    return waves * [1, 100, 0.01] + [0, 5, 1]


def messy(n: int, rng: np.random.Generator) -> NDArray[Any]:
    """The same with glitches, gaps and dead channels, at the ends too."""
    x = normal(n, rng)
    for _ in range(rng.integers(0, n // 15 + 1)):
        at, length = rng.integers(n), rng.integers(1, 3)
        x[at : at + length, rng.integers(N_CHANNELS)] *= rng.choice([1e3, -1e3, 50])
    for _ in range(rng.integers(0, n // 40 + 2)):
        at, length = rng.integers(n), rng.choice([1, 2, 5, 8, 20, 41, 60])
        channels = slice(None) if rng.random() < 0.3 else rng.integers(N_CHANNELS)
        x[at : at + length, channels] = np.nan
    for _ in range(rng.integers(0, 3)):
        at, length = rng.integers(n), rng.choice([10, 20, 60])
        x[at : at + length, : rng.integers(1, N_CHANNELS + 1)] = 3.0
    if rng.random() < 0.2:
        x[: rng.integers(1, 50)] = np.nan
    if rng.random() < 0.2:
        x[-rng.integers(1, 50) :] = np.nan
    return x


def any_detector(rng: np.random.Generator) -> WindowedDetector:
    """A detector of random windows, stride, smoothing and steps."""
    detector = WindowedDetector(
        PCAReconstruction(),
        int(rng.integers(8, 41)),
        int(rng.choice([1, 3, 7])),
        steps=STEPS[rng.integers(len(STEPS))],
        smoothing=int(rng.choice([1, 5, 10])),
        max_windows=300,
    )
    return detector.fit(normal(900, rng))


def fitted(inner: Any = None, size: int = SIZE, **options: Any) -> WindowedDetector:
    inner = PCAReconstruction() if inner is None else inner
    frame = pd.DataFrame(normal(600, np.random.default_rng(0)), columns=CHANNELS)
    return WindowedDetector(inner, size, **options).fit(frame)


@pytest.fixture(scope="module")
def detector() -> WindowedDetector:
    return fitted()


@pytest.fixture
def rows() -> NDArray[Any]:
    return messy(400, np.random.default_rng(3))


@pytest.fixture(params=range(40))
def rng(request: pytest.FixtureRequest) -> np.random.Generator:
    return np.random.default_rng([7, request.param])


def same(found: NDArray[Any], expected: NDArray[Any], tolerance: float = 1e-5) -> None:
    """Equal but for the rounding of float32 (relative: scores of glitches are huge)."""
    np.testing.assert_allclose(found, expected, rtol=tolerance, atol=tolerance)


def joined(parts: list[ScoredRows]) -> ScoredRows:
    return ScoredRows(*(np.concatenate(values) for values in zip(*parts, strict=True)))


def fed(scorer: StreamScorer, chunks: Any) -> ScoredRows:
    """All final rows of a series that comes in these chunks and ends."""
    parts = [scorer.update(chunk).final for chunk in chunks]
    return joined([*parts, scorer.finish().final])


def chunks_of(rows: NDArray[Any], size: int) -> Iterator[NDArray[Any]]:
    return (rows[start : start + size] for start in range(0, len(rows), size))


def batch(detector: WindowedDetector, rows: NDArray[Any]) -> NDArray[Any]:
    return detector._timestep_scores(rows)  # which takes a channel that is all NaN, too


class Feed(NamedTuple):
    """Rows in the order in which they come, and the series that they make."""

    order: NDArray[Any]
    series: NDArray[Any]


def disordered(rows: NDArray[Any], max_delay: int, rng: np.random.Generator) -> Feed:
    """Some rows are missing, others come late."""
    kept = rng.random(len(rows)) < 0.97
    if rng.random() < 0.5:
        start = rng.integers(len(rows))
        kept[start : start + rng.integers(1, 400)] = False
    kept[0] = True
    order = np.flatnonzero(kept)
    late = rng.random(len(order)) < 0.1
    order = order[np.argsort(order + late * rng.uniform(0, max_delay, len(order)), kind="stable")]
    series = np.where(kept[:, None], rows, np.nan)[: order.max() + 1]
    return Feed(np.concatenate([[0], order[order != 0]]), series)


# ---- the numbers of the batch call


def test_slices_are_scored_as_the_whole_is(
    rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    detector, x = any_detector(rng), messy(int(rng.integers(1, 700)), rng)
    whole = [detector._scan(x, by_channel) for by_channel in (False, True)]
    monkeypatch.setattr(scan, "SLICE_ROWS", int(rng.integers(1, 200)))
    for by_channel, expected in enumerate(whole):
        found = detector._scan(x, bool(by_channel))
        same(found.values, expected.values)
        np.testing.assert_array_equal(found.failed, expected.failed)
        np.testing.assert_array_equal(found.dead, expected.dead)


def test_what_is_final_never_changes(rng: np.random.Generator) -> None:
    detector, x = any_detector(rng), messy(int(rng.integers(100, 700)), rng)
    whole, scan = detector._scan(x, False), detector._scanner()
    with window_values(detector.detector_, False) as values_of:
        for n_rows in rng.integers(1, len(x) + 1, 8):
            n_open, known = int(rng.integers(0, min(40, n_rows))), x[:n_rows].copy()
            known[n_rows - n_open :] = normal(n_open, rng)  # rows that may come to be others
            found = scan.rows(known, 0, values_of, False, n_open)
            same(found.values[: found.n_final], whole.values[: found.n_final])
            before = slice(found.n_final)
            np.testing.assert_array_equal(found.failed[before], whole.failed[before])


def test_scores_are_those_of_the_batch_call_however_rows_come(
    rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "PIECE_ROWS", int(rng.choice([1, 100, 20_000])))
    detector, x = any_detector(rng), messy(int(rng.integers(2, 700)), rng)
    max_delay, most, origin = int(rng.choice([0, 5, 40])), int(rng.integers(1, 501)), 17
    order, series = disordered(x, max_delay, rng)
    scorer, parts, seen = StreamScorer(detector, max_delay=max_delay), [], 0
    while seen < len(order):
        new = order[seen : seen + rng.integers(0, most + 1)]
        seen += len(new)
        update = scorer.update(x[new], positions=new + origin)
        parts.append(update.final)
        so_far = np.full((scorer.n_rows, N_CHANNELS), np.nan)
        so_far[order[:seen]] = x[order[:seen]]
        if len(so_far):
            same(update.provisional.scores, batch(detector, so_far)[scorer.n_final :])
    found = joined([*parts, scorer.finish().final])
    assert scorer.counts == Counts(missing=len(series) - len(order))
    assert (np.diff(found.positions) > 0).all()
    scores, failed = np.full(len(series), np.nan), np.zeros(len(series), dtype=bool)
    scores[found.positions - origin] = found.scores
    failed[found.positions - origin] = found.failed
    expected = detector._scan(series, False)
    same(scores, expected.values[:, 0])
    np.testing.assert_array_equal(failed, expected.failed)


@pytest.mark.parametrize("size", [1, 7, 100, 500])
@pytest.mark.parametrize("inner", [PCAReconstruction(), FCAutoEncoder(n_epochs=2), "KNN"])
def test_each_row_is_handed_out_once_and_in_order(inner: Any, size: int) -> None:
    detector = fitted(inner)
    x = normal(150 if size == 1 else 500, np.random.default_rng(1))
    x[100:110] = np.nan
    found = fed(StreamScorer(detector), chunks_of(x, size))
    np.testing.assert_array_equal(found.positions, np.arange(len(x)))
    [expected] = detector.timestep_scores(x)
    same(found.scores, expected, 1e-6)
    assert np.isnan(found.scores).sum() == 10
    measured = ~np.isnan(expected)
    np.testing.assert_array_equal(found.labels[measured], detector.predict(x)[measured])
    assert not found.labels[~measured].any()


def test_a_long_chunk_is_scored_piece_by_piece(
    detector: WindowedDetector, monkeypatch: pytest.MonkeyPatch, rows: NDArray[Any]
) -> None:
    monkeypatch.setattr(engine, "PIECE_ROWS", 10)
    scorer = StreamScorer(detector)
    scanned, longest = engine.Engine._scanned, []

    def watched(self: Any, state: Any) -> Any:
        longest.append(len(state.rows))
        return scanned(self, state)

    monkeypatch.setattr(engine.Engine, "_scanned", watched)
    same(fed(scorer, [np.tile(rows, (10, 1))]).scores, batch(detector, np.tile(rows, (10, 1))))
    assert max(longest) < 400


@pytest.mark.parametrize("max_delay", [0, 30])
def test_the_buffer_does_not_grow(max_delay: int, detector: WindowedDetector) -> None:
    scorer, sizes = StreamScorer(detector, max_delay=max_delay), []
    x = normal(50 * 200, np.random.default_rng(2))
    x[3000:3500, 1] = x[5000:5600] = np.nan
    for chunk in chunks_of(x, 50):
        scorer.update(chunk)
        sizes.append(len(scorer._state.rows))
    assert len(sizes) == 200
    needed = scorer._engine.margin + scorer.lag
    assert sizes[10] == sizes[-1] <= needed + 1
    assert max(sizes) <= needed + 1 + SIZE
    assert max(map(len, scorer._state[:2])) < 200


def test_the_lag_is_what_it_says(detector: WindowedDetector) -> None:
    scorer = StreamScorer(detector, max_delay=5)
    scorer.update(normal(300, np.random.default_rng(4)))
    assert (scorer.n_rows, scorer.n_final) == (300, 300 - scorer.lag)


def test_an_alarm_need_not_wait(detector: WindowedDetector) -> None:
    x = normal(300, np.random.default_rng(5))
    x[290:] += [3, 300, 0.03]
    update = StreamScorer(detector).update(x)
    assert not update.final.labels.any()
    assert update.provisional.labels[-1] == 1
    np.testing.assert_array_equal(
        update.provisional.positions, np.arange(len(update.final.scores), 300)
    )


def test_a_failure_is_told() -> None:
    detector, x = fitted(), normal(300, np.random.default_rng(6))
    x[200:] = 1.0
    scorer = StreamScorer(detector)
    update = scorer.update(x)
    assert update.provisional.failed[-1] and update.provisional.labels[-1] == 1
    failed = np.concatenate([update.final.failed, scorer.finish().final.failed])
    assert detector.failure_time(x) == [int(failed.argmax())]


# ---- missing, late and duplicate rows


def test_rows_that_are_missing_are_gaps(detector: WindowedDetector, rows: NDArray[Any]) -> None:
    kept = np.r_[0:50, 53:200, 300:400]
    scorer = StreamScorer(detector)
    parts = [scorer.update(rows[p], positions=p).final for p in np.array_split(kept, 9)]
    series = np.full_like(rows, np.nan)
    series[kept] = rows[kept]
    same(joined([*parts, scorer.finish().final]).scores, batch(detector, series))
    assert scorer.counts == Counts(missing=103)


def test_rows_without_positions_follow(detector: WindowedDetector, rows: NDArray[Any]) -> None:
    scorer = StreamScorer(detector)
    scorer.update(rows[:10], positions=np.arange(10) + 5)
    assert scorer.update(rows[10:12]).provisional.positions[-1] == 16


def test_a_jump_of_a_billion_rows_makes_no_billion_rows(
    detector: WindowedDetector, rows: NDArray[Any]
) -> None:
    scorer, far = StreamScorer(detector), 10**9
    first = scorer.update(rows).final
    jump = scorer.update(rows, positions=far + np.arange(len(rows)))
    found = joined([first, jump.final, scorer.finish().final])
    assert len(found.scores) < 100_000
    assert scorer.counts == Counts(missing=far - len(rows))
    before, after = found.positions < len(rows), found.positions >= far
    same(
        found.scores[before], batch(detector, np.r_[rows, np.full((99, N_CHANNELS), np.nan)])[:400]
    )
    expected = batch(detector, np.r_[np.full((far % 1000 + 99, N_CHANNELS), np.nan), rows])
    same(found.scores[after], expected[-len(rows) :])
    assert np.isnan(found.scores[~before & ~after]).all()


def test_a_stride_goes_on_over_a_long_gap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "PIECE_ROWS", 1)
    detector, rng = fitted(stride=7), np.random.default_rng(8)
    x, kept = normal(3000, rng), np.r_[0:200, 2500:3000]
    x[200:2500] = np.nan
    scorer = StreamScorer(detector)
    parts = [scorer.update(x[p], positions=p).final for p in np.array_split(kept, 5)]
    found = joined([*parts, scorer.finish().final])
    assert len(found.scores) < 1200
    same(found.scores, batch(detector, x)[found.positions])


def test_a_late_row_is_put_in_its_place(detector: WindowedDetector, rows: NDArray[Any]) -> None:
    scorer, order = StreamScorer(detector, max_delay=3), np.r_[0:97, 98:101, 97, 101:400]
    parts = [scorer.update(rows[p], positions=[p]).final for p in order]
    same(joined([*parts, scorer.finish().final]).scores, batch(detector, rows))
    assert scorer.counts == Counts()


def test_a_row_that_is_too_late_is_left_out(detector: WindowedDetector, rows: NDArray[Any]) -> None:
    scorer, kept = StreamScorer(detector, max_delay=3), np.r_[0:97, 98:400]
    parts = [scorer.update(rows[p], positions=[p]).final for p in np.r_[kept[:101], 97, kept[101:]]]
    series = rows.copy()
    series[97] = np.nan
    same(joined([*parts, scorer.finish().final]).scores, batch(detector, series))
    assert scorer.counts == Counts(missing=1, late=1)


def test_rows_of_one_chunk_may_be_in_any_order(
    detector: WindowedDetector, rows: NDArray[Any]
) -> None:
    order = np.random.default_rng(0).permutation(len(rows))
    scorer = StreamScorer(detector)
    parts = [scorer.update(rows[order], positions=order).final, scorer.finish().final]
    same(joined(parts).scores, batch(detector, rows))
    assert scorer.counts == Counts()


def test_of_duplicates_the_first_stays(detector: WindowedDetector, rows: NDArray[Any]) -> None:
    scorer, wrong = StreamScorer(detector, max_delay=2), np.full(N_CHANNELS, 7.0)
    parts = [
        scorer.update(np.r_[rows[:300], [wrong]], positions=np.r_[0:300, 299]),
        scorer.update([wrong, wrong], positions=[298, 290]),
        scorer.update(np.r_[[wrong], rows[300:]], positions=np.r_[299:400]),
        scorer.finish(),
    ]
    same(joined([part.final for part in parts]).scores, batch(detector, rows))
    assert scorer.counts == Counts(duplicates=4)


def test_a_row_before_the_first_is_late(detector: WindowedDetector, rows: NDArray[Any]) -> None:
    scorer = StreamScorer(detector, max_delay=50)
    scorer.update(rows[:5], positions=np.arange(5) + 100)
    scorer.update(rows[5:7], positions=[99, 3])
    assert scorer.counts == Counts(late=2)


# ---- times


@pytest.mark.parametrize(
    ("start", "step"),
    [
        (pd.Timestamp("2024-03-01 10:00"), timedelta(minutes=1)),
        (pd.Timestamp("2024-03-31 00:00", tz="Europe/Berlin"), np.timedelta64(3600, "s")),
        (np.datetime64("2024-01-01"), pd.Timedelta("1D")),
        (1.7e9, 0.1),
        (-5, 2),
    ],
)
def test_times_are_positions_on_a_grid(
    start: Any, step: Any, detector: WindowedDetector, rows: NDArray[Any]
) -> None:
    kept = np.r_[0:100, 110:400]
    jitter = np.random.default_rng(0).uniform(-0.2, 0.2, len(rows))
    jitter[0] = 0
    times = (
        [start + int(p) * step + jitter[p] * pd.Timedelta(step) for p in kept]
        if isinstance(step, (timedelta, np.timedelta64))
        else start + (kept + jitter[kept]) * step
    )
    scorer = StreamScorer(detector, step=step)
    parts = [scorer.update(rows[kept[:200]], times=times[:200]).final]
    parts += [scorer.update(rows[kept[200:]], times=times[200:]).final, scorer.finish().final]
    series = rows.copy()
    series[100:110] = np.nan
    found = joined(parts)
    same(found.scores, batch(detector, series))
    whole = scorer.times_of(found.positions)
    if isinstance(start, pd.Timestamp):
        expected = pd.date_range(start, periods=400, freq=pd.Timedelta(step))
        expected = expected.tz_convert("UTC").tz_localize(None) if start.tz else expected
        np.testing.assert_array_equal(whole, expected.to_numpy())
    elif not isinstance(start, np.datetime64):
        np.testing.assert_allclose(whole, start + np.arange(400) * step, rtol=1e-12)


def test_one_row_may_have_one_time(detector: WindowedDetector, rows: NDArray[Any]) -> None:
    scorer = StreamScorer(detector, step=timedelta(seconds=1))
    start = datetime(2024, 5, 1, tzinfo=timezone(timedelta(hours=2)))
    for second in range(30):
        scorer.update(rows[second], times=start + timedelta(seconds=second))
    assert scorer.n_rows == 30
    assert str(scorer.times_of([29])[0]).startswith("2024-04-30T22:00:29")


@pytest.mark.parametrize(
    ("step", "asked", "message"),
    [
        (1.0, {"times": [10.0, 11.4]}, "row 1 of the chunk, 11.4, is 0.40 steps off the grid that"),
        (1.0, {"times": [10.0, np.nan]}, "row 1 of the chunk has no time: leave it out"),
        (1.0, {"times": [10.0, np.inf]}, "row 1 of the chunk has no time"),
        (1.0, {"times": pd.to_datetime(["2024-01-01", "2024-01-02"])}, "pass a timedelta as step"),
        (timedelta(1), {"times": [1.0, 2.0]}, "pass a number as step of StreamScorer"),
        (timedelta(1), {"times": pd.to_datetime(["2024-01-01", None])}, "row 1 of .* has no time"),
        (1.0, {"times": [1.0]}, r"times of shape \(1,\) for 2 timesteps"),
        (1.0, {"times": ["9:00", "9:01"]}, "text for times"),
        (1e-9, {"times": [0.0, 1e9]}, "row 1 of the chunk lies at position 1000000000000000000"),
        (1.0, {}, "the scorer has a step: pass the times of the rows"),
        (1.0, {"times": [1.0, 2.0], "positions": [1, 2]}, "pass positions or times, not both"),
        (None, {"times": [1.0, 2.0]}, r"StreamScorer\(detector, step=...\)"),
        (None, {"positions": [1.0, 2.0]}, "positions must be integers, got float64"),
        (None, {"positions": [1]}, r"positions of shape \(1,\) for 2 rows: pass one a row"),
        (
            None,
            {"positions": [1, 2**60]},
            "row 1 of the chunk lies at position 1152921504606846976",
        ),
    ],
)
def test_positions_that_cannot_be_are_refused(
    step: Any, asked: dict[str, Any], message: str, detector: WindowedDetector
) -> None:
    scorer = StreamScorer(detector, step=step)
    with pytest.raises(ValueError, match=message):
        scorer.update(np.zeros((2, N_CHANNELS)), **asked)
    assert scorer.n_rows == 0


def test_there_are_no_times_where_none_came(detector: WindowedDetector) -> None:
    for scorer in (StreamScorer(detector), StreamScorer(detector, step=1.0)):
        with pytest.raises(ValueError, match="no row has come with a time"):
            scorer.times_of([0])


# ---- forms of rows


def test_a_table_has_its_channels_in_any_order(
    detector: WindowedDetector, rows: NDArray[Any]
) -> None:
    frame = pd.DataFrame(rows, columns=CHANNELS)[["flow", "T", "p"]]
    chunks = [frame[:50], frame[50:].to_numpy()[:, [1, 2, 0]]]
    same(fed(StreamScorer(detector), chunks).scores, batch(detector, rows))
    singles = (frame.iloc[i] for i in range(60))
    same(fed(StreamScorer(detector), singles).scores, batch(detector, rows[:60]))


def test_a_single_channel_comes_as_numbers() -> None:
    x = normal(700, np.random.default_rng(0))[:, 0]
    detector = WindowedDetector(PCAReconstruction(), SIZE).fit(x[:600])
    expected = batch(detector, x[600:, None])
    same(fed(StreamScorer(detector), [x[600:650], pd.Series(x[650:])]).scores, expected)
    same(fed(StreamScorer(detector), x[600:]).scores, expected)


@pytest.mark.parametrize(
    "empty", [[], EMPTY, pd.DataFrame(EMPTY, columns=CHANNELS), np.empty((0, 0))]
)
def test_an_empty_chunk_brings_nothing_new(
    empty: Any, detector: WindowedDetector, rows: NDArray[Any]
) -> None:
    scorer = StreamScorer(detector)
    nothing = scorer.update(empty)
    assert [len(part.scores) for part in nothing] == [0, 0]
    before = scorer.update(rows[:100])
    after = scorer.update(empty)
    assert len(after.final.scores) == 0
    same(after.provisional.scores, before.provisional.scores)


def test_a_chunk_may_lack_a_channel(detector: WindowedDetector, rows: NDArray[Any]) -> None:
    rows[100:150, 1] = rows[200:250] = np.nan
    same(fed(StreamScorer(detector), chunks_of(rows, 50)).scores, batch(detector, rows))


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (np.zeros((3, 2)), "the chunk has 2 channels, the detector was fitted on 3: 'T', 'p'"),
        (np.zeros(4), "the chunk has 4 channels"),
        (5.0, "the chunk has 1 channel, "),
        (np.zeros((1, 2, 3)), "the chunk has 3 dimensions: pass"),
        ([["a", "b", "c"]], "the chunk holds text .'a'.: all values must be numbers"),
        (pd.DataFrame([[1, "x", 2]], columns=CHANNELS), "the chunk holds text .'x'"),
        ([[0, 0, 0], [0, np.inf, 0]], "row 1 of the chunk, channel 'p' is infinite: replace it"),
        (
            pd.DataFrame(np.zeros((1, 3)), columns=["T", "p", "x"]),
            "X has the channels 'T', 'p', 'x'",
        ),
        (pd.DataFrame(np.zeros((1, 2)), columns=["T", "p"]), "X has 2 channels, the detector was"),
        (pd.DataFrame(np.zeros((1, 3)), columns=["T", "p", "p"]), "'p' stands twice"),
    ],
)
def test_bad_rows_are_refused_and_nothing_is_lost(
    bad: Any, message: str, detector: WindowedDetector, rows: NDArray[Any]
) -> None:
    scorer, parts = StreamScorer(detector), []
    for chunk in chunks_of(rows, 150):
        with pytest.raises(ValueError, match=message):
            scorer.update(bad)
        parts.append(scorer.update(chunk).final)
    same(joined([*parts, scorer.finish().final]).scores, batch(detector, rows))


def test_a_chunk_that_cannot_be_scored_may_come_again(
    detector: WindowedDetector, rows: NDArray[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    scorer = StreamScorer(detector)
    first = scorer.update(rows[:100]).final
    with monkeypatch.context() as patch:
        patch.setattr(engine.Engine, "_scanned", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            scorer.update(rows[100:])
    rest = [scorer.update(rows[100:]).final, scorer.finish().final]
    same(joined([first, *rest]).scores, batch(detector, rows))


def test_rows_are_not_changed(detector: WindowedDetector, rows: NDArray[Any]) -> None:
    before = rows.copy()
    StreamScorer(detector).update(rows)
    np.testing.assert_array_equal(rows, before)


# ---- the end


def test_a_series_ends_once(detector: WindowedDetector, rows: NDArray[Any]) -> None:
    scorer = StreamScorer(detector)
    scorer.update(rows)
    assert len(scorer.finish().final.scores) > 0
    assert [len(part.scores) for part in scorer.finish()] == [0, 0]
    assert scorer.n_final == scorer.n_rows == 400
    with pytest.raises(ValueError, match="the series has ended: take a new StreamScorer"):
        scorer.update(rows)


@pytest.mark.parametrize("n_rows", [0, 1, SIZE - 1, SIZE])
def test_a_series_may_be_short(n_rows: int, detector: WindowedDetector) -> None:
    x = normal(n_rows, np.random.default_rng(0))
    found = fed(StreamScorer(detector), [x])
    assert len(found.scores) == n_rows
    assert np.isfinite(found.scores).all() == (n_rows in (0, SIZE))


# ---- detectors


class Unknown(Step):
    """A step that does not say how far it reaches."""

    def _map(self, run: NDArray[Any]) -> NDArray[Any]:
        return run


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (FCAutoEncoder, "takes a fitted WindowedDetector, got FCAutoEncoder: wrap"),
        (lambda: "KNN", "takes a fitted WindowedDetector, got str"),
        (lambda: fitted(steps=[Unknown()]), "the step Unknown does not say how far it reaches"),
    ],
)
def test_what_cannot_score_a_stream_is_refused(make: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        StreamScorer(make())


def test_a_detector_must_be_fitted() -> None:
    with pytest.raises(NotFittedError):
        StreamScorer(WindowedDetector())


def test_a_detector_that_looks_at_mates_is_refused() -> None:
    with pytest.warns(UserWarning, match="ECOD scores a window by the windows that it is scored"):
        detector = fitted("ECOD")
    with pytest.raises(ValueError, match=r"ECOD scores a window by .* so no score is ever final"):
        StreamScorer(detector)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"max_delay": -1}, "max_delay must be an integer, at least 0, got -1"),
        ({"max_delay": "1"}, "max_delay must be an integer"),
        ({"max_delay": True}, "max_delay must be an integer"),
        ({"step": 0}, "step must be positive, got 0"),
        ({"step": np.inf}, "step must be positive, got inf"),
        ({"step": timedelta(0)}, "step must be positive"),
        ({"step": "1min"}, "step must be a number or a timedelta, got '1min'"),
    ],
)
def test_bad_options_are_refused(
    options: dict[str, Any], message: str, detector: WindowedDetector
) -> None:
    with pytest.raises(ValueError, match=message):
        StreamScorer(detector, **options)


def test_what_becomes_of_the_detector_later_has_no_effect(rows: NDArray[Any]) -> None:
    detector = fitted()
    scorer, expected = StreamScorer(detector), batch(detector, rows)
    detector.set_params(window_size=20, smoothing=1).fit(normal(600, np.random.default_rng(9)))
    same(fed(scorer, chunks_of(rows, 90)).scores, expected)


# ---- saved and resumed


@pytest.mark.parametrize("max_delay", [0, 10])
@pytest.mark.parametrize("step", [None, 0.5, timedelta(minutes=1)])
def test_a_resumed_stream_goes_on(
    step: Any, max_delay: int, detector: WindowedDetector, rows: NDArray[Any], tmp_path: Path
) -> None:
    scorer, path, parts = StreamScorer(detector, step=step, max_delay=max_delay), tmp_path, []
    start = pd.Timestamp("2024-01-01") if isinstance(step, timedelta) else 3.0
    for p in np.array_split(np.r_[0:100, 103:400], 13):
        asked = {"positions": p} if step is None else {"times": [start + int(i) * step for i in p]}
        parts.append(scorer.update(rows[p], **asked).final)
        scorer.save(path / "line 3.safetensors")
        scorer = StreamScorer.resume(path / "line 3.safetensors", detector)
    series = rows.copy()
    series[100:103] = np.nan
    same(joined([*parts, scorer.finish().final]).scores, batch(detector, series))
    assert scorer.counts == Counts(missing=3)
    if step is not None:
        assert scorer.times_of([5])[0] == start + 5 * step
    scorer.save(path / "end.safetensors")
    with pytest.raises(ValueError, match="the series has ended"):
        StreamScorer.resume(path / "end.safetensors", detector).update(rows)
    assert sorted(file.name for file in path.iterdir()) == ["end.safetensors", "line 3.safetensors"]


def test_a_stream_that_has_not_begun_can_be_saved(
    detector: WindowedDetector, rows: NDArray[Any], tmp_path: Path
) -> None:
    StreamScorer(detector).save(tmp_path / "s.safetensors")
    scorer = StreamScorer.resume(tmp_path / "s.safetensors", detector)
    same(fed(scorer, [rows]).scores, batch(detector, rows))


def test_the_detector_of_a_stream_is_told_from_others(
    detector: WindowedDetector, rows: NDArray[Any], tmp_path: Path
) -> None:
    path = tmp_path / "s.safetensors"
    scorer = StreamScorer(detector)
    scorer.update(rows[:300])
    scorer.save(path)
    others = [fitted(PCAReconstruction(latent_dim=2)), fitted(size=14), fitted(smoothing=3)]
    for other in others:
        with pytest.raises(ValueError, match="was scored by another detector: pass the one"):
            StreamScorer.resume(path, other)
    save(detector, tmp_path / "model")
    for again in (load(tmp_path / "model"), pickle.loads(pickle.dumps(detector))):
        assert StreamScorer.resume(path, again).n_rows == 300
    lower = detector.with_threshold(FixedThreshold(0.0))
    update = StreamScorer.resume(path, lower).update(rows[300:])
    np.testing.assert_array_equal(update.final.labels, ~np.isnan(update.final.scores))


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda path: path.unlink(), "no stream at .*: there is no such file"),
        (lambda path: path.write_bytes(path.read_bytes()[:-20]), "is damaged: start a new one"),
        (lambda path: path.write_bytes(b"x"), "is damaged"),
        (
            lambda path: path.write_bytes(path.read_bytes()[:-300] + bytes(300)),
            "its checksum is wrong",
        ),
        (
            lambda path: path.write_bytes(
                path.read_bytes().replace(b'schema\\": 1', b'schema\\": 2')
            ),
            "has schema 2, this version reads 1",
        ),
    ],
)
def test_a_damaged_file_is_refused(
    damage: Any, message: str, detector: WindowedDetector, rows: NDArray[Any], tmp_path: Path
) -> None:
    path = tmp_path / "s.safetensors"
    scorer = StreamScorer(detector)
    scorer.update(rows)
    scorer.save(path)
    damage(path)
    with pytest.raises(ValueError, match=message):
        StreamScorer.resume(path, detector)


def test_arrays_of_a_model_are_no_stream(detector: WindowedDetector, tmp_path: Path) -> None:
    save(KSigma(3).fit(np.arange(9.0)), tmp_path / "model")
    [arrays] = (tmp_path / "model").glob("*.safetensors")
    with pytest.raises(ValueError, match="is not a stream: save one with"):
        StreamScorer.resume(arrays, detector)


@pytest.mark.parametrize("name", ["s.json", "no folder/s.safetensors"])
def test_a_file_that_cannot_be_is_refused(
    name: str, detector: WindowedDetector, tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match="cannot write"):
        StreamScorer(detector).save(tmp_path / name)


def test_the_example_of_the_docstring_is_true() -> None:
    assert doctest.testmod(scorer_module) == doctest.TestResults(0, 8)
