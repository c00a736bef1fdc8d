"""The worst stretch against all intervals, its channels, and the sentence."""

import datetime
import itertools
from dataclasses import asdict
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tsad_plugin.detectors import FCAutoEncoder
from tsad_plugin.explanation import (
    NAMED_SHARE,
    PEAK_SHARE,
    Evidence,
    Explanation,
    explain_run,
    leading_channels,
    stretch_text,
    worst_stretch,
)
from tsad_plugin.runs import Runs


def evidence(contributions: Any, **changes: Any) -> Evidence:
    contributions = np.asarray(contributions, dtype=float)
    usual: dict[str, Any] = {
        "run": "B-17",
        "score": 12.345,
        "threshold": 2.5,
        "is_outlier": True,
        "residual": 11.0,
        "latent": 1.2,
        "n_timesteps": len(contributions),
        "duration": 0.5,
        "contributions": contributions,
        "channels": tuple("abcdef"[: contributions.shape[1]]),
        "times": None,
        "time_unit": None,
    }
    return Evidence(**{**usual, **changes})


# --- the worst stretch --------------------------------------------------------------------------


def naive_stretch(scores: NDArray[Any], level: float) -> tuple[float, set[tuple[int, int]]]:
    """The largest sum over all intervals of what exceeds the level, and where it is reached."""
    sums = {
        (start, end): sum(float(s) - level for s in scores[start : end + 1])
        for start, end in itertools.combinations_with_replacement(range(len(scores)), 2)
    }
    largest = max(sums.values())
    return largest, {interval for interval, total in sums.items() if total > largest - 1e-9}


@pytest.mark.parametrize("seed", range(30))
@pytest.mark.parametrize("level", [0.1, 1.0, 3.0])
def test_no_interval_exceeds_the_level_by_more(seed: int, level: float) -> None:
    rng = np.random.default_rng(seed)
    scores = rng.exponential(size=rng.integers(1, 25))
    largest, intervals = naive_stretch(scores, level)
    if largest > 0:
        assert worst_stretch(scores, level) in intervals
    else:
        worst = int(np.argmax(scores))
        assert worst_stretch(scores, level) == (worst, worst)


@pytest.mark.parametrize("seed", range(10))
def test_ties_are_no_trouble(seed: int) -> None:
    scores = np.random.default_rng(seed).integers(0, 4, size=12).astype(float)
    largest, intervals = naive_stretch(scores, 2.0)
    start, end = worst_stretch(scores, 2.0)
    assert largest <= 0 or (start, end) in intervals
    assert scores[start] >= 2.0 or largest <= 0  # it begins and ends with what counts
    assert scores[end] >= 2.0 or largest <= 0


@pytest.mark.parametrize(
    ("scores", "level", "expected"),
    [
        ([0, 0, 5, 0, 0], 1, (2, 2)),
        ([5, 0, 0, 0, 0], 1, (0, 0)),
        ([0, 0, 0, 0, 5], 1, (4, 4)),
        ([5, 5, 5], 1, (0, 2)),
        ([0, 5, 0.5, 5, 0], 1, (1, 3)),  # a dip that costs less than it joins
        ([0, 2, 0, 0, 9, 0], 1, (4, 4)),  # one that costs more
        ([3, 1, 5, 0], 2, (2, 2)),  # of equal sums the shorter
        ([0.1, 0.3, 0.2], 1, (1, 1)),
        ([0, 0, 0], 1, (0, 0)),
        ([0, 0, 0], 0, (0, 0)),
        ([1, 1, 1], 1, (0, 0)),
        ([7], 1, (0, 0)),
    ],
)
def test_a_stretch_is_where_the_scores_are_high(
    scores: list[float], level: float, expected: tuple[int, int]
) -> None:
    assert worst_stretch(np.array(scores, dtype=float), level) == expected


def test_a_gross_fault_raises_the_level_to_a_share_of_its_peak() -> None:
    # The reconstruction is spoilt everywhere, and far more so at the fault.
    timesteps = np.full((20, 1), 0.9 * PEAK_SHARE * 1000)
    timesteps[8:11] = 1000
    found = explain_run(evidence(timesteps), level=1.0)
    assert (found.start, found.end) == (8, 10)
    timesteps[8:11] = 0.5
    found = explain_run(evidence(timesteps), level=1.0)
    assert (found.start, found.end) != (8, 10)


# --- channels -----------------------------------------------------------------------------------


def test_shares_are_those_of_the_worst_stretch_largest_first() -> None:
    contributions = np.zeros((10, 3))
    contributions[:, 0] = 0.5  # much in all, little in the stretch
    contributions[4:6] = [0.5, 2.0, 7.5]
    found = explain_run(evidence(contributions), level=1.0)
    assert (found.start, found.end) == (4, 5)
    assert list(found.channels) == ["c", "b", "a"]
    assert found.channels == pytest.approx({"c": 0.75, "b": 0.2, "a": 0.05})


def test_without_any_error_the_shares_are_zero() -> None:
    found = explain_run(evidence(np.zeros((5, 2))), level=1.0)
    assert found.channels == {"a": 0, "b": 0}
    assert (found.start, found.end) == (0, 0)


@pytest.mark.parametrize(
    ("shares", "named"),
    [
        ([0.9, 0.1], 1),
        ([0.5, 0.4, 0.1], 2),
        ([0.3, 0.3, 0.3, 0.1], 3),
        ([0.25] * 4, 3),  # never more than three
        ([1.0], 1),
        ([0.0, 0.0, 0.0, 0.0], 3),
        ([NAMED_SHARE, 1 - NAMED_SHARE], 1),
    ],
)
def test_channels_are_named_until_they_make_up_most_of_the_error(
    shares: list[float], named: int
) -> None:
    by_name = dict(zip("abcd", shares, strict=False))
    assert leading_channels(by_name) == dict(list(by_name.items())[:named])


def test_how_many_channels_are_named_can_be_chosen() -> None:
    assert list(leading_channels(dict.fromkeys("abcdef", 1 / 6), most=5)) == list("abcde")


# --- words --------------------------------------------------------------------------------------


HOURS = np.arange(10) / 4
DATES = np.datetime64("2024-03-01T06:00:00") + np.arange(10) * np.timedelta64(90, "s")
TICKS = np.datetime64("2024-03-01T06:00:00") + np.arange(10) * np.timedelta64(100, "ms")
NEVER = np.datetime64("NaT")


@pytest.mark.parametrize(
    ("times", "unit", "expected"),
    [
        (None, None, "timesteps 2–5"),
        (None, "h", "timesteps 2–5"),
        (HOURS, "h", "0.5–1.25 h"),
        (HOURS, None, "0.5–1.25"),
        (np.arange(10) * 60, "s", "120–300 s"),
        (DATES, None, "2024-03-01T06:03:00 – 2024-03-01T06:07:30"),
        (DATES.astype("datetime64[ns]"), "h", "2024-03-01T06:03:00 – 2024-03-01T06:07:30"),
        (TICKS, None, "2024-03-01T06:00:00.200 – 2024-03-01T06:00:00.500"),
        (np.append(TICKS, NEVER), None, "2024-03-01T06:00:00.200 – 2024-03-01T06:00:00.500"),
        (np.arange(10) * np.timedelta64(90, "s"), "h", "0 days 00:03:00 – 0 days 00:07:30"),
        (1_700_000_000 + np.arange(10), "s", "1700000002–1700000005 s"),
        (1_700_000_000 + np.arange(10) / 2, "s", "1700000001–1700000002.5 s"),
        (np.zeros(10), "h", "0–0 h"),
        (np.append(np.arange(9.0), np.nan), "h", "2–5 h"),
        (np.array([0, 1, 2, 3, 4, 5, 6], dtype=np.uint8), None, "2–5"),
    ],
)
def test_a_stretch_is_named_by_its_times(
    times: NDArray[Any] | None, unit: str | None, expected: str
) -> None:
    assert stretch_text(2, 5, times, unit) == expected


def test_the_sentence_names_run_score_stretch_and_channels() -> None:
    contributions = np.zeros((10, 2))
    contributions[2:6] = [3.0, 1.0]
    found = explain_run(evidence(contributions, times=HOURS, time_unit="h"), level=1.0)
    assert found.text == (
        "run B-17: score 12.3 (threshold 2.5); worst in 0.5–1.25 h: a 75%, b 25% of the error there"
    )
    assert (found.start_time, found.end_time) == (0.5, 1.25)


@pytest.mark.parametrize(
    ("duration", "words"),
    [
        (2.0, ""),
        (-2.0, ""),
        (3.44, "; 4 timesteps, 3.4 standard deviations longer than usual"),
        (-12.0, "; 4 timesteps, 12.0 standard deviations shorter than usual"),
    ],
)
def test_an_unusual_duration_is_mentioned(duration: float, words: str) -> None:
    found = explain_run(evidence(np.ones((4, 1)), duration=duration), level=10.0)
    assert found.text.endswith("a 100% of the error there" + words)
    assert found.duration == duration


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_clock_times_are_datetimes_whatever_their_resolution(unit: str) -> None:
    contributions = np.zeros((10, 1))
    contributions[2:6] = 3.0
    times = DATES.astype(f"datetime64[{unit}]")
    found = explain_run(evidence(contributions, times=times), level=1.0)
    assert found.start_time == datetime.datetime(2024, 3, 1, 6, 3)
    assert found.end_time == datetime.datetime(2024, 3, 1, 6, 7, 30)


def test_an_explanation_is_a_dict_of_plain_values() -> None:
    found = explain_run(evidence(np.ones((4, 2)), times=np.arange(4)), level=10.0)
    fields = asdict(found)
    assert set(fields) == set(Explanation.__dataclass_fields__)
    assert [type(fields[name]) for name in ("start", "end", "start_time")] == [int, int, int]
    assert all(type(share) is float for share in fields["channels"].values())
    assert fields["run"] == "B-17" and fields["is_outlier"] is True


# --- by a detector ------------------------------------------------------------------------------


def test_a_detector_finds_the_planted_stretch_and_channel() -> None:
    rng = np.random.default_rng(0)
    phase = np.linspace(0, 2 * np.pi, 40)[:, None] + [0, 1, 2]
    good = [np.sin(phase) * rng.normal(1, 0.1) + rng.normal(0, 0.05, (40, 3)) for _ in range(30)]
    bad = good[0].copy()
    bad[12:20, 1] += 3
    times = [np.arange(40) / 2] * 2
    runs = Runs(
        [good[1], bad], ids=["G", "B"], channels=["T", "p", "Q"], times=times, time_unit="h"
    )
    train = Runs(good, channels=["T", "p", "Q"])
    detector = FCAutoEncoder(n_epochs=20, hidden_dims=(16,), latent_dim=2).fit(train)
    found = detector.explain(runs)
    assert found.run == "B"
    assert abs(found.start - 12) <= 1 and abs(found.end - 19) <= 1
    assert (found.start_time, found.end_time) == (found.start / 2, found.end / 2)
    assert next(iter(found.channels)) == "p" and found.channels["p"] > 0.8
    assert found.score == pytest.approx(detector.decision_function(runs)[1], rel=1e-5)
    assert found.score > found.threshold == detector.threshold_
    assert found.is_outlier is True
    assert detector.explain(runs, run="G").run == "G"
    shares = detector.contributions(runs)[1][found.start : found.end + 1].sum(axis=0)
    assert found.channels["p"] == pytest.approx(shares[1] / shares.sum(), rel=1e-5)
