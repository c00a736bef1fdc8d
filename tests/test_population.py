"""The population is what loops over runs, points and channels say it is, on all three axes."""

import statistics
from typing import Any

import numpy as np
import pytest

from tsad_plugin import forms
from tsad_plugin.population import (
    AXES,
    Population,
    axes_of,
    axis_values,
    correlation,
    courses,
    population,
    population_of,
)
from tsad_plugin.runs import Runs

NAN = float("nan")
START = np.datetime64("2024-03-01T08:00")


def naive(runs: Runs, axis: str, points: Any) -> tuple[Any, Any, Any]:
    """Mean, standard deviation and number of runs at each point and channel, one by one."""
    shape = (len(points), runs.n_channels)
    mean, std, n = np.full(shape, NAN), np.full(shape, NAN), np.zeros(shape, int)
    half = (points[-1] / (len(points) - 1) / 2 if len(points) > 1 else 0) + 1e-9
    for c in range(runs.n_channels):
        for p, point in enumerate(points):
            found = []
            for i, run in enumerate(runs.arrays):
                places = axis_values(runs, i, axis)[0].tolist()
                value = at(run[:, c].tolist(), places, point, half)
                if value == value:
                    found.append(value)
            n[p, c] = len(found)
            if len(found) > 1:
                mean[p, c], std[p, c] = statistics.mean(found), statistics.stdev(found)
    return mean, std, n


def at(values: list[float], places: list[float], point: float, half: float) -> float:
    if point > places[-1] + 1e-9:
        return NAN
    for place, value in zip(places, values, strict=True):
        if abs(place - point) < 1e-9 and value == value:
            return value
    for i in range(len(places) - 1):
        if places[i] + 1e-9 < point < places[i + 1] - 1e-9:
            share = (point - places[i]) / (places[i + 1] - places[i])
            between = values[i] + share * (values[i + 1] - values[i])
            if between == between:
                return between
    known = [(abs(p - point), p, v) for p, v in zip(places, values, strict=True) if v == v]
    distance, _, value = min(known, default=(half + 1, 0, NAN))
    return value if distance <= half else NAN


def some_runs(kind: str = "hours", gaps: bool = False, n_runs: int = 6) -> Runs:
    rng = np.random.default_rng(3)
    lengths = rng.integers(8, 30, n_runs)
    arrays = [rng.normal([0, 1e6], [1, 0.01], (n, 2)) for n in lengths]
    for array in arrays if gaps else ():
        array[rng.random(len(array)) < 0.3, 0] = NAN
        array[np.arange(len(array)) % 5 > 0, 1] = NAN  # a sample now and then
    hours = [np.cumsum(rng.uniform(0.2, 1.0, n)) for n in lengths]
    times: Any = {
        "none": None,
        "hours": hours,
        "clock": [START + (3600 * h).astype("timedelta64[s]") for h in hours],
        "spans": [(3600 * h).astype("timedelta64[s]") for h in hours],
    }[kind]
    return Runs(arrays, ids=list("abcdefghij")[:n_runs], times=times, time_unit="h")


@pytest.mark.parametrize("most_points", [400, 7])
@pytest.mark.parametrize("gaps", [False, True])
@pytest.mark.parametrize("axis", AXES)
def test_mean_std_and_n_are_those_of_loops(axis: str, gaps: bool, most_points: int) -> None:
    runs = some_runs(gaps=gaps)
    found = population(runs, axis, most_points)
    mean, std, n = naive(runs, axis, found.x)
    np.testing.assert_array_equal(found.n, n)
    np.testing.assert_allclose(found.mean, mean, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(found.std, std, rtol=1e-6)  # 0.01 around a million
    assert np.isnan(found.mean[n < 2]).all() and np.isfinite(found.std[n > 1]).all()


def test_runs_that_have_ended_no_longer_contribute() -> None:
    runs = Runs([np.ones((3, 1)), np.full((5, 1), 3.0), np.full((6, 1), 5.0)])
    found = population(runs)
    assert found.x.tolist() == [0, 1, 2, 3, 4, 5]
    assert found.n[:, 0].tolist() == [3, 3, 3, 2, 2, 1]
    np.testing.assert_allclose(found.mean[:, 0], [3, 3, 3, 4, 4, NAN])
    np.testing.assert_allclose(found.std[:, 0], [2, 2, 2, 2**0.5, 2**0.5, NAN])


def test_on_percent_every_run_contributes_everywhere() -> None:
    runs = some_runs("none")
    found = population(runs, "percent")
    assert (found.x[0], found.x[-1], len(found.x)) == (0, 100, runs.shape[1])
    assert (found.n == len(runs)).all()
    np.testing.assert_allclose(found.mean[-1], np.mean([a[-1] for a in runs.arrays], axis=0))


def test_a_run_contributes_up_to_its_own_end_in_elapsed_time() -> None:
    arrays = [np.arange(3.0)[:, None], np.arange(5.0)[:, None], np.arange(5.0)[:, None]]
    times = [[10.0, 10.5, 11.0], [0.0, 1.0, 2.0, 3.0, 4.0], [5, 6, 7, 8, 9]]
    found = population(Runs(arrays, times=times, time_unit="h"), "elapsed")
    assert found.x.tolist() == [0, 1, 2, 3, 4] and found.unit == "h"
    assert found.n[:, 0].tolist() == [3, 3, 2, 2, 2]
    np.testing.assert_allclose(found.mean[:, 0], [0, 4 / 3, 2, 3, 4])


def test_a_clock_and_a_stopwatch_say_the_same() -> None:
    clock, spans = (population(some_runs(kind), "elapsed") for kind in ("clock", "spans"))
    np.testing.assert_array_equal(clock.mean, spans.mean)
    hours = population(some_runs("hours"), "elapsed")
    np.testing.assert_allclose(clock.x, hours.x, rtol=1e-3)  # whole seconds
    assert (clock.unit, spans.unit, hours.unit) == ("h", "h", "h")


@pytest.mark.parametrize(
    ("step", "unit", "last"),
    [
        (np.timedelta64(10, "ms"), "s", 0.04),
        (np.timedelta64(30, "s"), "s", 120),
        (np.timedelta64(30, "m"), "min", 120),
        (np.timedelta64(1, "h"), "h", 4),
        (np.timedelta64(2, "D"), "h", 192),
        (np.timedelta64(7, "D"), "d", 28),
    ],
)
def test_elapsed_time_is_in_a_unit_that_suits_the_longest_run(
    step: np.timedelta64, unit: str, last: float
) -> None:
    runs = Runs(np.ones((2, 5, 1)), times=[START + step * np.arange(5)] * 2)
    x, title = axis_values(runs, 1, "elapsed")
    assert title == f"elapsed time ({unit})" and x[-1] == pytest.approx(last)
    assert population(runs, "elapsed").x[-1] == pytest.approx(last)


def test_other_runs_are_placed_in_the_unit_of_the_population() -> None:
    short, long = (
        Runs(np.ones((2, 5, 1)), times=[START + np.timedelta64(d, "D") * np.arange(5)] * 2)
        for d in (2, 7)
    )
    good = population(short, "elapsed")
    x, title = axis_values(long, 0, "elapsed", good.unit)
    assert title == "elapsed time (h)" and x[-1] == 28 * 24
    with pytest.raises(ValueError, match="unit must be one of s, min, h, d, got 'weeks'"):
        population(short, "elapsed", unit="weeks")


def test_axes_have_titles_and_begin_at_0() -> None:
    runs = some_runs()
    axes = {axis: axis_values(runs, 2, axis) for axis in AXES}
    assert [title for _, title in axes.values()] == [
        "timestep", "elapsed time (h)", "% complete",
    ]  # fmt: skip
    n = int(runs.lengths[2])
    np.testing.assert_array_equal(axes["timestep"][0], np.arange(n))
    np.testing.assert_allclose(axes["percent"][0], [100 * i / (n - 1) for i in range(n)])
    assert runs.times is not None
    np.testing.assert_array_equal(axes["elapsed"][0], runs.times[2] - runs.times[2][0])
    bare = Runs(runs.arrays, times=runs.times)
    assert axis_values(bare, 0, "elapsed")[1] == "elapsed time"


GOOD_TIMES = np.arange(3.0)


@pytest.mark.parametrize(
    ("times", "why"),
    [
        (None, "the runs have no times"),
        ([GOOD_TIMES, [0, 2, 2]], "the times of run 'b' do not go forward"),
        ([GOOD_TIMES, [0, NAN, 2]], "the times of run 'b' do not go forward"),
        ([[0, 1, float("inf")], GOOD_TIMES], "the times of run 'a' do not go forward"),
        ([GOOD_TIMES, START + np.arange(3)], "run 'b' has times of another kind than the first"),
        ([[START, np.datetime64("NaT"), START]] * 2, "the times of run 'a' do not go forward"),
    ],
)
def test_without_times_that_go_forward_there_is_no_elapsed_time(times: Any, why: str) -> None:
    runs = Runs(np.ones((2, 3, 1)), ids=["a", "b"], times=times)
    assert axes_of(runs) == ("timestep", "percent")
    for call in (lambda: population(runs, "elapsed"), lambda: axis_values(runs, 0, "elapsed")):
        with pytest.raises(ValueError, match=f"no elapsed time: {why}.*take the axis 'timestep'"):
            call()


@pytest.mark.parametrize("kind", ["hours", "clock", "spans"])
def test_with_times_that_go_forward_there_are_three_axes(kind: str) -> None:
    assert axes_of(some_runs(kind)) == AXES


def test_other_axes_and_one_point_are_refused() -> None:
    with pytest.raises(ValueError, match="got 'percents'; did you mean 'percent'"):
        population(some_runs(), "percents")
    with pytest.raises(ValueError, match="most_points must be at least 2, got 1"):
        population(some_runs(), most_points=1)


@pytest.mark.parametrize("axis", AXES)
def test_one_timestep_is_one_point(axis: str) -> None:
    runs = Runs([[[1.0]], [[3.0]]], times=[[5.0], [7.0]])
    found = population(runs, axis)
    assert [a.tolist() for a in found[:4]] == [[0], [[2]], [[2**0.5]], [[2]]]


@pytest.mark.parametrize("axis", AXES)
def test_one_run_has_no_spread_and_none_no_points(axis: str) -> None:
    runs = some_runs()
    alone, none = population(runs[0], axis), population(runs[:0], axis)
    assert np.isnan(alone.mean).all() and np.isnan(alone.std).all() and (alone.n == 1).all()
    assert len(none.x) == 0 and none.mean.shape == (0, 2)


@pytest.mark.parametrize("axis", AXES)
def test_a_long_run_has_no_more_points_than_asked_for(axis: str) -> None:
    runs = Runs(np.ones((2, 5000, 1)), times=[np.arange(5000)] * 2)
    found = population(runs, axis)
    assert len(found.x) == 400 and (np.diff(found.x) > 0).all()
    assert (found.n == 2).all() and (found.std == 0).all()


@pytest.mark.parametrize("axis", AXES)
def test_no_sample_falls_between_points(axis: str) -> None:
    values = np.full((3, 2000, 1), NAN)
    values[:, 7::100] = 1
    runs = Runs(values, times=[np.arange(2000)] * 3)
    assert (population(runs, axis, 300).n > 0).sum() >= 20


@pytest.mark.parametrize("offset", [0.0, 1e9])
def test_a_large_offset_does_not_drown_the_spread(offset: float) -> None:
    values = offset + np.random.default_rng(0).normal(size=(500, 4, 1))
    found: Population = population(Runs(values))
    np.testing.assert_allclose(found.std, values.std(axis=0, ddof=1), rtol=1e-6)


def test_runs_are_not_changed() -> None:
    runs = some_runs(gaps=True)
    before = [array.copy() for array in runs.arrays]
    population(runs, "percent")
    for array, old in zip(runs.arrays, before, strict=True):
        np.testing.assert_array_equal(array, old)


# --- block by block -----------------------------------------------------------------------------


@pytest.mark.parametrize("gaps", [False, True])
@pytest.mark.parametrize("kind", ["hours", "clock", "spans"])
@pytest.mark.parametrize("axis", AXES)
def test_blocks_say_what_the_whole_says(axis: str, kind: str, gaps: bool) -> None:
    runs = some_runs(kind, gaps=gaps, n_runs=9)
    found = population_of(lambda: (runs[i : i + 2] for i in range(0, 9, 2)), axis, 20)
    expected = population(runs, axis, 20)
    for a, b in zip(found[:4], expected[:4], strict=True):
        np.testing.assert_array_equal(a, b)
    assert found.unit == expected.unit


def test_one_block_without_elapsed_time_spoils_it_for_all() -> None:
    good = Runs(np.ones((2, 3, 1)), ids=["a", "b"], times=[[0, 1, 2]] * 2)
    bad = Runs(np.ones((2, 3, 1)), ids=["c", "d"], times=[[0, 1, 1]] * 2)
    with pytest.raises(ValueError, match="the times of run 'c' do not go forward"):
        population_of(lambda: [good, bad], "elapsed")
    assert population_of(lambda: [good, bad], "percent").n.max() == 4


def test_no_block_at_all_is_no_run() -> None:
    with pytest.raises(ValueError, match="X holds no run"):
        population_of(list, "timestep")


@pytest.mark.parametrize("gaps", [False, True])
def test_courses_are_runs_at_points_of_the_percent_axis(gaps: bool) -> None:
    runs = some_runs(gaps=gaps)
    x, found = np.linspace(0, 100, 33), courses(runs, 33)
    for i, run in enumerate(runs.arrays):
        places = axis_values(runs, i, "percent")[0].tolist()
        for c in range(2):
            expected = [at(run[:, c].tolist(), places, p, 100 / 32 / 2 + 1e-6) for p in x.tolist()]
            np.testing.assert_allclose(found[i, :, c], expected, rtol=1e-5)


# --- correlations -------------------------------------------------------------------------------


def test_correlations_are_those_of_pairs_measured_together() -> None:
    rng = np.random.default_rng(0)
    values = rng.normal(size=(40, 25, 4))
    values[..., 1] += values[..., 0]
    values[..., 2] = 1e9 - values[..., 0] + 0.1 * values[..., 2]  # far from 0
    values[rng.random(values.shape) < 0.3] = NAN
    found = correlation(values)
    columns = values.reshape(-1, 4).T.tolist()
    for i, first in enumerate(columns):
        for j, second in enumerate(columns):
            pairs = [(a, b) for a, b in zip(first, second, strict=True) if a == a and b == b]
            expected = statistics.correlation(*zip(*pairs, strict=True))
            assert found[i, j] == pytest.approx(expected, abs=1e-6)
    assert found[0, 1] > 0.6 and found[0, 2] < -0.9


def test_blocks_of_runs_correlate_as_the_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    values = np.random.default_rng(0).normal(size=(30, 7, 3)).astype(np.float32)
    whole = correlation(values)
    monkeypatch.setattr(forms, "BLOCK_VALUES", 50)
    np.testing.assert_allclose(correlation(values), whole, atol=1e-12)
    np.testing.assert_allclose(whole, np.corrcoef(values.reshape(-1, 3).T), atol=1e-6)


def test_what_does_not_change_correlates_with_nothing() -> None:
    values = np.random.default_rng(0).normal(size=(5, 20, 4))
    values[..., 1] = 0.1
    values[:, ::2, 2], values[:, 1::2, 3] = NAN, NAN  # never measured together
    values[:, ::2, 0] = 7.3  # and this one stands still where the last was measured
    found = correlation(values)
    nan = [[0, 1, 0, 1], [1, 1, 1, 1], [0, 1, 0, 1], [1, 1, 1, 0]]
    np.testing.assert_array_equal(np.isnan(found), np.array(nan, dtype=bool))
    assert found[0, 0] == found[2, 2] == found[3, 3] == 1
