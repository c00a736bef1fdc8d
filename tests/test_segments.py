"""From scores and masks to segments, by hand-made examples; onsets on synthetic faults."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from pythresh.thresholds.iqr import IQR
from series import WINDOW, named, normal, windowed

from tsad_plugin import KSigma, PCAReconstruction, Runs, WindowedDetector
from tsad_plugin.datasets import make_machines
from tsad_plugin.windows.segments import Rules, Segment, find_segments, stretches
from tsad_plugin.windows.tables import SEGMENT_COLUMNS

RULES = Rules(min_duration=3, merge_gap=2, smear=1)


def mask(text: str) -> NDArray[np.bool_]:
    return np.array([character != "." for character in text])


def found(scores: str, failed: str | None = None, rules: Rules = RULES) -> list[Segment]:
    """Segments of scores drawn as a line: `#` alarms, `+` holds, `.` is usual, `-` has no score."""
    levels = {"#": 10.0, "+": 5.0, ".": 0.0, "-": np.nan}
    values = np.array([levels[character] for character in scores])
    dead = mask(failed) if failed else np.zeros(len(scores), dtype=bool)
    return find_segments(values, values >= 10, values >= 5, dead, rules)


def faulty(*parts: tuple[int, int]) -> list[Segment]:
    return [Segment(*part, "faulty") for part in parts]


# --- masks --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("scores", "expected"),
    [
        ("..........", []),
        ("..###.....", [(2, 5)]),
        ("..##......", []),  # too short
        ("##########", [(0, 10)]),
        ("###....###", [(0, 3), (7, 10)]),
        ("###..###..", [(0, 8)]),  # a gap of two is bridged
        ("###...###.", [(0, 3), (6, 9)]),  # one of three is not
        ("##..#.....", [(0, 5)]),  # long enough together
        ("..+#+.....", [(2, 5)]),  # what holds belongs to it
        ("..+++.....", []),  # what holds alone is none
        ("#+++++....", [(0, 6)]),
        ("##-##.....", [(0, 5)]),  # rows without a score end it as lower ones do
        ("##---##...", []),
        ("---###----", [(3, 6)]),
        ("----------", []),
    ],
)
def test_segments_of_scores(scores: str, expected: list[tuple[int, int]]) -> None:
    assert found(scores) == faulty(*expected)


@pytest.mark.parametrize(
    ("scores", "failed", "expected"),
    [
        ("...#######", "......xxxx", [Segment(3, 6, "faulty"), Segment(6, 10, "failed")]),
        ("##########", "xxxxxxxxxx", [Segment(0, 10, "failed")]),
        (".##xxxx##.", "...xxxx...", [Segment(3, 7, "failed")]),
        ("###x###...", "...x......", [(0, 3), Segment(3, 4, "failed"), (4, 7)]),  # a barrier
        ("..........", "xx..xx....", [Segment(0, 6, "failed")]),  # failures are merged, too
        ("..........", "xx...xx...", [Segment(0, 2, "failed"), Segment(5, 7, "failed")]),
        ("..........", ".........x", [Segment(9, 10, "failed")]),
        ("..###.....", "xx.....xxx", [Segment(0, 2, "failed"), (2, 5), Segment(7, 10, "failed")]),
    ],
)
def test_failures_are_segments_of_their_own(scores: str, failed: str, expected: list[Any]) -> None:
    wanted = [s if isinstance(s, Segment) else Segment(*s, "faulty") for s in expected]
    assert found(scores.replace("x", "#"), failed) == wanted


@pytest.mark.parametrize("text", ["", ".", "#", "##..#", ".###", "#.#.#", "......"])
def test_stretches_are_those_of_a_loop(text: str) -> None:
    expected = [i for i, c in enumerate(text) if c == "#" and (i == 0 or text[i - 1] != "#")]
    result = stretches(mask(text))
    assert [start for start, _ in result] == expected
    assert all(mask(text)[start:end].all() for start, end in result)
    assert sum(end - start for start, end in result) == text.count("#")


def test_rows_that_a_fault_smears_over_are_cut_off_at_both_ends() -> None:
    scores = np.concatenate([np.zeros(20), [2, 3, 4], np.full(20, 10.0), [4, 3, 2], np.zeros(20)])
    above = scores >= 2
    none = np.zeros_like(above)
    smeared = find_segments(scores, above, above, none, Rules(3, 2, smear=5))
    assert smeared == faulty((23, 43))
    assert find_segments(scores, above, above, none, Rules(3, 2, smear=1)) == faulty((20, 46))


def test_a_fault_that_ends_in_a_failure_ends_where_that_begins() -> None:
    scores = np.concatenate([np.zeros(20), np.full(20, 10.0), [3, 3, 3], np.full(10, 99.0)])
    failed = np.arange(len(scores)) >= 43
    above = scores >= 2
    segments = find_segments(scores, above, above, failed, Rules(3, 2, smear=5))
    assert segments == [Segment(20, 43, "faulty"), Segment(43, 53, "failed")]


# --- of a detector ------------------------------------------------------------------------------


def stepped(start: int, end: int, size: float = 10.0, n_timesteps: int = 500) -> NDArray[Any]:
    """Rows in which the second channel is shifted by so many of its amplitudes."""
    rows = normal(n_timesteps, seed=1)
    rows[start:end, 1] += 5 * size
    return rows


@pytest.mark.parametrize("window_size", [WINDOW, 24, 40])
@pytest.mark.parametrize("smoothing", [1, 10])
@pytest.mark.parametrize("size", [3, 30])
def test_a_segment_begins_and_ends_where_the_fault_does(
    window_size: int, smoothing: int, size: float
) -> None:
    detector = windowed(window_size=window_size, smoothing=smoothing).fit(normal(2000))
    table = detector.segments(stepped(200, 320, size))
    assert table["mode"].tolist() == ["faulty"] and table["channels"][0][0] == "channel_1"
    # A causal mean needs half of its timesteps to rise by half.
    assert abs(table["start"][0] - 200) <= 3 + smoothing // 2
    assert abs(table["end"][0] - 320) <= 3 + smoothing


def test_segments_have_documented_columns_and_kinds() -> None:
    detector = windowed().fit(normal())
    runs = named([stepped(200, 300), normal(100, seed=2), stepped(0, 60)])
    table = detector.segments(runs)
    assert table.columns.tolist() == SEGMENT_COLUMNS
    assert table["series"].tolist() == ["M-0", "M-2"]
    times = runs.times or []
    for _, row in table.iterrows():
        own, (start, end) = runs.position(row["series"]), (row["start"], row["end"])
        scores = detector.timestep_scores(runs)[own][start:end]
        assert row["start_time"] == times[own][start] and row["end_time"] == times[own][end - 1]
        assert row["n_timesteps"] == end - start and row["mode"] == "faulty"
        assert row["peak_score"] == pytest.approx(scores.max())
        assert row["mean_score"] == pytest.approx(scores.mean())
        assert isinstance(row["channels"], tuple)
    assert {str(table[c].dtype) for c in ("start", "end", "n_timesteps")} == {"int64"}
    assert pd.api.types.is_datetime64_any_dtype(table["start_time"])


def test_series_without_times_have_none_in_the_table() -> None:
    table = windowed().fit(normal()).segments([stepped(200, 300), stepped(100, 200)])
    assert table["start_time"].isna().all() and table["end_time"].isna().all()
    assert table["series"].tolist() == [0, 1]


def test_where_there_is_none_the_table_has_its_columns() -> None:
    detector = windowed().fit(normal())
    table = detector.segments(normal(300, seed=1))
    assert len(table) == 0 and table.columns.tolist() == SEGMENT_COLUMNS
    rows = normal(300, seed=1)
    assert detector.fault_time(rows) == detector.failure_time(rows) == [None]


def test_times_of_fault_and_failure_are_the_first_of_each_series() -> None:
    detector = windowed().fit(normal())
    dead = stepped(100, 300)
    dead[300:] = 0
    series = [stepped(200, 300), normal(300, seed=2), dead]
    table = detector.segments(series)
    faults, failures = detector.fault_time(series), detector.failure_time(series)
    first = table[table["mode"] == "faulty"].groupby("series")["start"].first()
    assert faults == [first[0], None, first[2]] and failures == [None, None, 300]
    assert abs(faults[2] - 100) <= 8
    assert all(type(t) is int for t in (faults[0], faults[2], failures[2]))
    last = table[(table["series"] == 2) & (table["mode"] == "faulty")].iloc[-1]
    assert last["end"] == 300


def count(rows: NDArray[Any], **options: Any) -> int:
    return len(windowed(smoothing=1, **options).fit(normal()).segments(rows))


def test_min_duration_merge_gap_and_release_rule_what_a_segment_is() -> None:
    short, twice = stepped(200, 210), stepped(100, 140)
    twice[170:210, 1] += 50
    assert [count(short, min_duration=m) for m in (1, 8, 30)] == [1, 1, 0]
    assert [count(twice, merge_gap=m) for m in (0, 60)] == [2, 1]
    assert count(short) == 1 and count(twice) == 2  # half a window; a window
    lengths = [
        windowed(release=r, smoothing=1).fit(normal()).segments(waning())["n_timesteps"].sum()
        for r in (0.0, 0.5, 1.0)
    ]
    assert lengths[0] > lengths[1] > lengths[2]


def waning() -> NDArray[Any]:
    """A fault that becomes less and less."""
    rows = normal(500, seed=1)
    rows[100:400, 1] += 30 * np.linspace(1, 0, 300) ** 2
    return rows


def test_without_release_a_segment_is_the_rows_above_the_threshold() -> None:
    detector = windowed(release=1.0, merge_gap=0, min_duration=1, smoothing=1).fit(normal())
    rows = waning()
    above = detector.predict(rows).astype(bool)
    table = detector.segments(rows)
    inside = np.zeros(len(rows), dtype=bool)
    for start, end in zip(table["start"], table["end"], strict=True):
        inside[start:end] = True
    assert (above | ~inside).all() and inside.sum() > 0.8 * above.sum()  # ends are cut off


@pytest.mark.parametrize("rule", [IQR(), KSigma(6), 0.01])
def test_other_thresholds_find_the_fault_as_well(rule: Any) -> None:
    detector = windowed(contamination=rule).fit(normal())
    table = detector.segments(stepped(200, 300))
    worst = table.loc[table["peak_score"].idxmax()]
    assert abs(worst["start"] - 200) <= 8 and worst["end"] >= 295


class FindsNothing:
    """A thresholder that is not ours."""

    thresh_ = 0.0

    def fit(self, scores: Any) -> "FindsNothing":
        self.labels_ = np.zeros(len(scores), dtype=int)
        return self

    def eval(self, scores: Any) -> NDArray[Any]:
        return self.fit(scores).labels_

    def predict(self, scores: Any) -> NDArray[Any]:
        return np.zeros(len(scores), dtype=int)


def test_a_foreign_thresholder_that_finds_nothing_leaves_no_segment() -> None:
    detector = windowed(contamination=FindsNothing(), release=0.0).fit(normal())
    assert len(detector.segments(stepped(200, 300))) == 0


def test_pyods_detectors_name_no_channels() -> None:
    detector = windowed("KNN").fit(named([normal()]))
    rows = stepped(200, 300)
    rows[400:] = 0
    table = detector.segments(rows)
    assert table["mode"].tolist() == ["faulty", "failed"]
    assert table["channels"].tolist() == [(), ("speed", "flow", "heat")]
    with pytest.raises(ValueError, match="KNN scores windows as a whole: for contributions take"):
        detector.contributions(rows)


def test_channels_are_those_that_make_up_four_fifths_of_the_score() -> None:
    rows = normal(500, seed=1)
    rows[200:300, 2] += 2e4
    rows[200:300, 0] += 18
    detector = windowed().fit(named([normal()]))
    table = detector.segments(rows)
    assert set(table["channels"][0]) == {"heat", "speed"}
    shares = np.nansum(detector.contributions(rows)[0][200:300], axis=0)
    assert list(table["channels"][0]) == sorted(
        table["channels"][0], key=lambda c: -shares[["speed", "flow", "heat"].index(c)]
    )


def test_segments_of_many_series_are_those_of_each() -> None:
    detector: WindowedDetector = windowed().fit(normal())
    series = Runs([stepped(200, 300), stepped(50, 90)], ids=["a", "b"])
    together = detector.segments(series)
    alone = pd.concat([detector.segments(series[i]) for i in range(2)], ignore_index=True)
    pd.testing.assert_frame_equal(together, alone)


# --- simulated machines -------------------------------------------------------------------------


@pytest.mark.parametrize("random_state", [10, 11, 12])
def test_faults_of_simulated_machines_are_found_and_failures_to_the_row(random_state: int) -> None:
    normal_machines = make_machines(20, n_healthy=20, n_sudden=0, n_faulty_at_start=0)
    machines, times = make_machines(10, random_state=random_state, return_times=True)
    detector = WindowedDetector(PCAReconstruction()).fit(normal_machines)
    fault = pd.array(detector.fault_time(machines), dtype="Int64")
    failure = pd.array(detector.failure_time(machines), dtype="Int64")
    assert (pd.isna(failure) == times["failure_time"].isna()).all()
    assert (pd.isna(fault) == times["fault_time"].isna()).all()  # none on healthy machines
    assert ((failure - times["failure_time"]).abs().dropna() <= 2).all()
    late = (fault - times["fault_time"]).dropna()  # a fault grows from nothing
    assert ((late >= 0) & (late <= 90)).all()
    assert (fault < times["failure_time"]).dropna().all()
