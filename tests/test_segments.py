"""Segments of series: when a fault begins, when a machine fails, and what the table says."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from pyod.models.iforest import IForest
from pyod.models.knn import KNN
from pythresh.thresholds.iqr import IQR

from tsad_plugin import KSigma, PCAReconstruction, Runs, WindowedDetector
from tsad_plugin.datasets import make_machines
from tsad_plugin.windows.segments import Rules, find_segments, stretches

Array = NDArray[Any]
nan = np.nan

COLUMNS = ["series", "start", "end", "start_time", "end_time", "n_timesteps", "mode"]
COLUMNS += ["peak_score", "mean_score", "channels"]
NORMAL = 1500
SEEDS = range(6)


# --- by hand ------------------------------------------------------------------------------------

HIGH, LOW, NONE = 3.0, 0.5, 0.0
# Scores: H sounds an alarm, h holds a segment, - does neither, X has failed, ? has none.
LETTERS = {"H": HIGH, "h": LOW, "-": NONE, "X": HIGH, "?": nan}


def found(drawing: str, min_duration: int = 1, merge_gap: int = 0, smear: int = 1) -> str:
    """Segments of a drawing, drawn beneath it: f is faulty, X failed."""
    scores = np.array([LETTERS[letter] for letter in drawing])
    letters = np.array(list(drawing))
    alarmed, failed = letters == "H", letters == "X"
    rules = Rules(min_duration, merge_gap, smear)
    segments = find_segments(scores, alarmed, alarmed | (letters == "h"), failed, rules)
    answer = ["."] * len(drawing)
    for start, end, mode in segments:
        assert answer[start:end] == ["."] * (end - start)  # they do not overlap
        answer[start:end] = ("f" if mode == "faulty" else "X") * (end - start)
    assert segments == sorted(segments)
    return "".join(answer)


@pytest.mark.parametrize(
    ("drawing", "options", "expected"),
    [
        ("----", {}, "...."),
        ("-HH-", {}, ".ff."),
        ("HH--", {}, "ff.."),
        ("--HH", {}, "..ff"),
        ("HHHH", {}, "ffff"),
        # shorter than min_duration
        ("-HH--HHH-", {"min_duration": 3}, ".....fff."),
        ("-H-H-H-", {"min_duration": 5, "merge_gap": 1}, ".fffff."),
        # merge_gap joins what lies near, and not what lies further
        ("-H--H-", {"merge_gap": 2}, ".ffff."),
        ("-H---H-", {"merge_gap": 2}, ".f...f."),
        # below the threshold a segment goes on, and none begins
        ("-HhhhhH-", {}, ".ffffff."),
        ("-hhhh-", {}, "......"),
        ("-hhhh--HH-", {}, ".......ff."),
        # rows without a score are like quiet ones
        ("-HH??HH-", {}, ".ff..ff."),
        ("-HH??HH-", {"merge_gap": 2}, ".ffffff."),
        ("??HH??", {}, "..ff.."),
        ("?-?", {}, "..."),
        # failures: at the start, at the end, throughout, and as a barrier
        ("XX--", {}, "XX.."),
        ("--XX", {}, "..XX"),
        ("XXXX", {}, "XXXX"),
        ("-HHXXHH-", {"merge_gap": 5}, ".ffXXff."),
        ("-HH-X-HH-", {"merge_gap": 5}, ".ff.X.ff."),
        # a failure may be shorter than min_duration, and failures join too
        ("--X--", {"min_duration": 4}, "..X.."),
        ("-X--X-", {"merge_gap": 2}, ".XXXX."),
        ("-XHHX-", {"merge_gap": 2}, ".XXXX."),
        ("-X---X-", {"merge_gap": 2}, ".X...X."),
    ],
)
def test_segments_are_those_that_the_eye_sees(
    drawing: str, options: dict[str, int], expected: str
) -> None:
    assert found(drawing, **options) == expected


def test_windows_that_reach_into_a_fault_do_not_make_it_longer() -> None:
    # Rises over the 4 rows that windows reach, to the level that it then keeps, and falls so.
    edge = [0.2, 0.4, 0.6, 0.8]
    scores = np.array([0, 0, *edge, 1, 1, 1, 1, 1, 1, *edge[::-1], 0, 0], dtype=float)
    flagged = scores > 0
    none = np.zeros(len(scores), dtype=bool)
    (segment,) = find_segments(scores, flagged, flagged, none, Rules(1, 0, 4))
    assert segment == (4, 14, "faulty")  # where they are above half of the level
    (segment,) = find_segments(scores, flagged, flagged, none, Rules(1, 0, 2))
    assert segment == (3, 15, "faulty")  # no more rows than windows reach are cut off


def test_the_rows_before_a_failure_belong_to_the_fault() -> None:
    scores = np.array([0, 0.1, 1, 1, 1, 1, 0.1, 9, 9], dtype=float)
    flagged, failed = scores > 0, scores == 9
    (fault, failure) = find_segments(scores, flagged, flagged, failed, Rules(1, 0, 2))
    assert fault == (2, 7, "faulty") and failure == (7, 9, "failed")


def test_min_duration_counts_the_rows_that_are_left() -> None:
    scores = np.array([0, 0.1, 1, 1, 1, 0.1, 0], dtype=float)
    flagged, none = scores > 0, np.zeros(7, dtype=bool)
    assert find_segments(scores, flagged, flagged, none, Rules(3, 0, 2)) == [(2, 5, "faulty")]
    assert find_segments(scores, flagged, flagged, none, Rules(4, 0, 2)) == []


def test_stretches_are_those_of_a_loop() -> None:
    rng = np.random.default_rng(0)
    for _ in range(50):
        mask = rng.random(rng.integers(0, 12)) < 0.5
        naive, start = [], None
        for row, flag in enumerate([*mask, False]):
            if flag and start is None:
                start = row
            elif not flag and start is not None:
                naive.append((start, row))
                start = None
        assert stretches(mask) == naive


# --- of a detector ------------------------------------------------------------------------------


def waves(n: int, seed: int = 0) -> Array:
    """(n, 3): normal rows of channels that belong together."""
    rng = np.random.default_rng(seed)
    t = np.arange(n)
    load = np.sin(t / 9) + 0.5 * np.sin(t / 31)
    return load[:, None] * [1.0, 2.0, -1.0] + [5, 50, 20] + rng.normal(0, 0.1, (n, 3))


STEP = 6.0  # twice what a channel swings about its mean


def stepped(n: int, start: int, end: int, seed: int = 1) -> Array:
    """Waves of which channel 1 lies higher in some rows."""
    rows = waves(n, seed)
    rows[start:end, 1] += STEP
    return rows


def detector(inside: Any = None, **options: Any) -> WindowedDetector:
    return WindowedDetector(PCAReconstruction() if inside is None else inside, **options)


@pytest.fixture(scope="module")
def sharp() -> WindowedDetector:
    """Scores are not smoothed."""
    return detector(smoothing=1).fit(waves(NORMAL))


@pytest.mark.parametrize(("start", "end"), [(300, 420), (300, 380), (300, 316), (33, 567)])
def test_a_step_begins_and_ends_where_it_does(
    sharp: WindowedDetector, start: int, end: int
) -> None:
    table = sharp.segments(stepped(600, start, end))
    assert len(table) == 1 and table.loc[0, "mode"] == "faulty"
    assert abs(table.loc[0, "start"] - start) <= 3 and abs(table.loc[0, "end"] - end) <= 3
    assert table.loc[0, "channels"][0] == "channel_1"
    assert sharp.fault_time(stepped(600, start, end)) == [table.loc[0, "start"]]


@pytest.mark.parametrize(("start", "end"), [(0, 100), (500, 600), (0, 600)])
def test_a_step_at_an_end_of_the_series_is_found_within_a_few_rows(
    sharp: WindowedDetector, start: int, end: int
) -> None:
    (row,) = sharp.segments(stepped(600, start, end)).itertuples()
    # All windows that cover the outermost rows lie inside the fault: their scores are lower.
    assert abs(row.start - start) <= 8 and abs(row.end - end) <= 8


def test_scores_of_windows_as_a_whole_are_trimmed_to_the_step() -> None:
    hosted = detector(KNN(), smoothing=1).fit(waves(NORMAL))
    rows = stepped(600, 300, 420)
    alarms = np.flatnonzero(hosted.predict(rows))
    assert alarms.min() <= 280 and alarms.max() >= 440
    (row,) = hosted.segments(rows).itertuples()
    assert abs(row.start - 300) <= 8 and abs(row.end - 420) <= 8


@pytest.fixture(scope="module")
def usual() -> WindowedDetector:
    return detector().fit(waves(NORMAL))


def test_the_table_has_its_columns_and_what_they_say(usual: WindowedDetector) -> None:
    broken = stepped(600, 300, 400, seed=2)
    broken[500:] = 0
    runs = Runs([waves(400, 3), broken], ids=["good", "bad"], channels=["a", "b", "c"])
    table = usual.segments(runs)
    assert table.columns.tolist() == COLUMNS
    assert table["series"].tolist() == ["bad", "bad"]
    assert table["mode"].tolist() == ["faulty", "failed"]
    for name in ("start", "end", "n_timesteps"):
        assert table[name].dtype == np.int64
    for name in ("peak_score", "mean_score"):
        assert table[name].dtype == np.float64
    assert (table["n_timesteps"] == table["end"] - table["start"]).all()
    assert table["start_time"].isna().all() and table["end_time"].isna().all()
    first, second = table["channels"]
    assert first[0] == "b" and second == ("a", "b", "c")
    scores = usual.timestep_scores(runs)[1]
    for row in table.itertuples():
        inside = scores[row.start : row.end]
        assert row.peak_score == pytest.approx(inside.max())
        assert row.mean_score == pytest.approx(inside.mean())


@pytest.mark.parametrize(
    "first", [np.datetime64("2024-03-01T00:00", "s"), 100.0], ids=["datetimes", "numbers"]
)
def test_times_are_those_of_the_first_and_last_timestep(
    usual: WindowedDetector, first: Any
) -> None:
    step = np.timedelta64(1, "h") if isinstance(first, np.datetime64) else 0.5
    times = first + np.arange(600) * step
    (row,) = usual.segments(Runs([stepped(600, 300, 400)], times=[times])).itertuples()
    assert row.start_time == times[row.start] and row.end_time == times[row.end - 1]


def test_a_table_without_segments_has_the_columns(usual: WindowedDetector) -> None:
    table = usual.segments(waves(500, 4))
    assert isinstance(table, pd.DataFrame) and table.empty and table.columns.tolist() == COLUMNS
    assert usual.fault_time(waves(500, 4)) == [None] == usual.failure_time(waves(500, 4))


def test_times_of_several_series_stand_in_their_order(usual: WindowedDetector) -> None:
    failed = waves(500, 5)
    failed[350:] = 0
    series = [waves(400, 4), stepped(600, 300, 400), failed]
    healthy, fault, none = usual.fault_time(series)
    assert healthy is None and none is None
    assert fault is not None and type(fault) is int and abs(fault - 300) <= 10
    assert usual.failure_time(series) == [None, None, 350]


def test_a_detector_of_pyod_finds_segments_and_names_no_channel() -> None:
    hosted = detector(IForest(random_state=0)).fit(waves(NORMAL))
    rows = stepped(700, 300, 420)
    rows[:, 2] = np.where(np.arange(700) // 120 == 2, 30, rows[:, 2])  # 240 to 360
    rows[600:] = 0
    table = hosted.segments(rows)
    assert "faulty" in table["mode"].tolist()
    for row in table.itertuples():
        assert row.channels == (
            () if row.mode == "faulty" else ("channel_0", "channel_1", "channel_2")
        )
    assert hosted.failure_time(rows) == [600]


@pytest.mark.parametrize(
    "contamination", [IQR(), KSigma(6), 0.01], ids=["pythresh", "ksigma", "share"]
)
def test_segments_are_found_with_any_threshold(contamination: Any) -> None:
    chosen = detector(contamination=contamination).fit(waves(NORMAL))
    rows = stepped(600, 300, 400)
    table = chosen.segments(rows)
    hit = table[(table["start"] < 400) & (table["end"] > 300)]
    assert len(hit) == 1 and abs(hit["start"].item() - 300) <= 10
    alarms = chosen.predict(rows)
    for row in table.itertuples():
        assert alarms[row.start : row.end].any()  # a segment holds alarms


def test_release_at_one_lets_go_where_alarms_end_and_at_zero_later() -> None:
    rows = stepped(600, 300, 360)
    rows[360:480, 1] += np.linspace(STEP, 0, 120)  # fades
    ends = []
    for release in (1.0, 0.5, 0.1):
        chosen = detector(smoothing=1, release=release, merge_gap=0).fit(waves(NORMAL))
        ends.append(chosen.segments(rows)["end"].max())
    assert ends[0] <= ends[1] <= ends[2] and ends[0] < ends[2]


def test_min_duration_and_merge_gap_are_by_default_those_of_the_window(
    usual: WindowedDetector,
) -> None:
    rows = waves(800, 6)
    rows[300:340, 1] += STEP
    rows[420:460, 1] += STEP
    asked = detector(min_duration=16, merge_gap=32).fit(waves(NORMAL))
    pd.testing.assert_frame_equal(usual.segments(rows), asked.segments(rows))
    joined = detector(merge_gap=120).fit(waves(NORMAL))
    assert (len(usual.segments(rows)), len(joined.segments(rows))) == (2, 1)
    assert detector(min_duration=120).fit(waves(NORMAL)).segments(rows).empty


# --- of machines --------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def machines() -> pd.DataFrame:
    """True and found times of all machines of several seeds, and how many faults were found."""
    return pd.concat([_found_on_machines(seed) for seed in SEEDS], ignore_index=True)


def _found_on_machines(seed: int) -> pd.DataFrame:
    runs, times = make_machines(random_state=seed, return_times=True)
    first = times[["fault_time", "failure_time"]].astype(float).min(axis=1).fillna(np.inf)
    normal = [a[:1000] for a, t in zip(runs.arrays, first, strict=True) if t >= 1000]
    fitted = detector().fit(normal)
    faults = fitted.segments(runs).query("mode == 'faulty'").groupby("series").size()
    return times.assign(
        fault=pd.array(fitted.fault_time(runs), dtype="Int64"),
        failure=pd.array(fitted.failure_time(runs), dtype="Int64"),
        n_faults=times["machine"].map(faults).fillna(0).astype(int),
    )


def test_machines_fail_when_they_do(machines: pd.DataFrame) -> None:
    failed = machines["failure_time"].notna()
    assert 0 < failed.sum() < len(machines)
    assert (machines["failure"].notna() == failed).all()
    off = (machines["failure"] - machines["failure_time"])[failed]
    assert off.abs().max() <= 2


def test_faults_of_machines_are_found_before_they_fail(machines: pd.DataFrame) -> None:
    faulty = machines[machines["fault_time"].notna()]
    assert len(faulty) > 30 and (faulty["fault"] < faulty["failure_time"]).all()
    late = (faulty["fault"] - faulty["fault_time"]).astype(int)
    # A fault grows from nothing; 80 machines of 12 seeds were found 0 to 66 timesteps late.
    assert late.max() <= 80 and late.median() <= 50


def test_machines_without_a_fault_seldom_have_one_found(machines: pd.DataFrame) -> None:
    sound = machines[machines["fault_time"].isna()]
    early = machines["fault"] < machines["fault_time"]
    # On 4 of 120 machines of 12 seeds.
    assert (sound["n_faults"] > 0).sum() + early.sum() <= 0.05 * len(machines)
    assert machines["n_faults"].max() <= 2
