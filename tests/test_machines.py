"""The simulators of long series: machines and the pump, and the states they are known to be in."""

from __future__ import annotations

import random
import re
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from tsad_plugin.datasets import make_machines, make_pump
from tsad_plugin.runs import Runs

Array = NDArray[Any]
CLEAN = {"glitch_fraction": 0, "gap_fraction": 0}


def error(text: str) -> Any:
    """A ValueError with exactly this text."""
    return pytest.raises(ValueError, match=f"^{re.escape(text)}$")


def states_of(runs: Runs) -> list[Array]:
    assert runs.timestep_labels is not None
    return runs.timestep_labels


def column(runs: Runs, machine: int, channel: str) -> Array:
    return runs.arrays[machine][:, runs.channels.index(channel)]


def naive_states(n_timesteps: int, fault: Any, failure: Any) -> list[str]:
    """State of every timestep, one by one."""
    known = []
    for t in range(n_timesteps):
        if not pd.isna(failure) and t >= failure:
            known.append("failed")
        elif not pd.isna(fault) and t >= fault:
            known.append("faulty")
        else:
            known.append("normal")
    return known


def same(one: Runs, other: Runs) -> bool:
    pairs = zip(one.arrays, other.arrays, strict=True)
    return all(np.array_equal(a, b, equal_nan=True) for a, b in pairs)


# --- machines -----------------------------------------------------------------------------------


def test_machines_are_long_runs_with_names_units_and_times() -> None:
    runs = make_machines()
    assert runs.shape == (10, 3000, 6) and runs.ids.tolist()[::9] == ["M-01", "M-10"]
    assert dict(zip(runs.channels, runs.units, strict=True)) == {
        "speed": "rpm",
        "vibration": "mm/s",
        "bearing_temperature": "°C",
        "motor_current": "A",
        "flow": "m³/h",
        "pressure": "bar",
    }
    assert runs.times is not None and (np.diff(runs.times[3]) == np.timedelta64(1, "h")).all()


def test_states_are_those_of_the_times_that_are_returned() -> None:
    runs, times = make_machines(20, 400, return_times=True)
    assert times["machine"].tolist() == runs.ids.tolist()
    assert times.dtypes.astype(str).tolist()[1:] == ["Int64", "Int64"]
    assert runs.labels is not None
    for i, (_, fault, failure) in enumerate(times.itertuples(index=False)):
        assert states_of(runs)[i].tolist() == naive_states(400, fault, failure)
        assert runs.labels[i] == ("normal" if pd.isna(failure) else "failed")


def test_there_are_as_many_machines_of_each_kind_as_asked_for() -> None:
    kinds = {"n_healthy": 3, "n_sudden": 4, "n_faulty_at_start": 2}
    _, times = make_machines(12, 300, **kinds, return_times=True)
    fault, failure = times["fault_time"], times["failure_time"]
    assert failure.isna().sum() == 3
    assert (fault.isna() & failure.notna()).sum() == 4
    assert (fault == 0).sum() == 2
    assert (fault > 0).sum() == 3
    assert (fault < failure).dropna().all() and (failure < 300).dropna().all()


def test_by_default_a_fifth_is_healthy_and_a_fifth_fails_without_a_fault() -> None:
    _, times = make_machines(20, 300, return_times=True)
    fault, failure = times["fault_time"], times["failure_time"]
    assert failure.isna().sum() == 4 and (fault == 0).sum() == 2
    assert (fault.isna() & failure.notna()).sum() == 4
    _, alone = make_machines(1, 300, return_times=True)
    assert 0 < alone["fault_time"][0] < alone["failure_time"][0]


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_a_fault_grows_and_a_failure_ends_all(seed: int) -> None:
    kinds = {"n_healthy": 0, "n_sudden": 0, "n_faulty_at_start": 0}
    runs, times = make_machines(4, **CLEAN, **kinds, random_state=seed, return_times=True)
    for i, (_, fault, failure) in enumerate(times.itertuples(index=False)):
        late = slice(failure - 72, failure)
        for channel, rise in (("vibration", 2), ("bearing_temperature", 1.2)):
            values = column(runs, i, channel)
            assert values[late].mean() > rise * values[:fault].mean()
        vibration, half = column(runs, i, "vibration"), (fault + failure) // 2
        early = vibration[half - 36 : half + 36].mean()
        assert 1.2 * vibration[:fault].mean() < early < vibration[late].mean()
        load = column(runs, i, "motor_current")
        assert np.diff(load[late]).std() > 1.5 * np.diff(load[:fault]).std()
        before, after = runs.arrays[i][:fault], runs.arrays[i][failure:]
        assert (np.abs(after).max(axis=0) < 0.05 * before.mean(axis=0)).all()
        assert (after.std(axis=0) > 0).all()


def test_a_stronger_fault_shows_more_and_leaves_the_rest_alone() -> None:
    kinds = {"n_healthy": 0, "n_sudden": 0, "n_faulty_at_start": 0}
    (weak, times), (strong, _) = (
        make_machines(2, **CLEAN, **kinds, strength=s, return_times=True) for s in (0.5, 2.0)
    )
    _, fault, failure = times.iloc[0]
    np.testing.assert_array_equal(weak.arrays[0][:fault], strong.arrays[0][:fault])
    one, other = (column(runs, 0, "vibration")[fault:failure] for runs in (weak, strong))
    assert other.mean() > 1.3 * one.mean()


def test_normal_channels_have_a_daily_cycle_go_together_and_remember() -> None:
    runs = make_machines(1, n_healthy=1, **CLEAN)
    pressure, flow = column(runs, 0, "pressure"), column(runs, 0, "flow")
    assert np.corrcoef(pressure, flow)[0, 1] > 0.7
    assert np.corrcoef(pressure[:-24], pressure[24:])[0, 1] > 0.5
    assert np.corrcoef(pressure[:-24], pressure[12:-12])[0, 1] < -0.3
    residual = pressure - np.convolve(pressure, np.ones(5) / 5, "same")
    assert np.abs(residual).max() < 0.4 * pressure.mean()


def test_glitches_are_single_values_far_outside_of_both_signs() -> None:
    clean, dirty = make_machines(3, 2000, **CLEAN), make_machines(3, 2000, gap_fraction=0)
    for good, bad in zip(clean.arrays, dirty.arrays, strict=True):
        changed = good != bad
        assert changed.sum() == 0.02 * 2000 and (changed.sum(axis=1) <= 1).all()
        usual = np.abs(good).max(axis=0)
        assert (np.abs(bad) > 2 * usual)[changed].all()
        assert (bad[changed] > 0).any() and (bad[changed] < 0).any()


def test_gaps_are_single_values_and_long_stretches() -> None:
    clean, holes = make_machines(4, **CLEAN), make_machines(4, glitch_fraction=0, gap_fraction=0.1)
    for whole, array in zip(clean.arrays, holes.arrays, strict=True):
        gap = np.isnan(array)
        assert 0.07 < gap.mean() < 0.11
        np.testing.assert_array_equal(array[~gap], whole[~gap])
        ends = np.diff(np.flatnonzero(np.diff(np.pad(gap[:, 0], 1).astype(int))))[::2]
        assert (ends == 1).any() and ends.max() > 20
    assert not any(np.isnan(array).any() for array in clean.arrays)


def test_the_same_seed_gives_the_same_machines_and_global_states_stay() -> None:
    np.random.seed(3)
    random.seed(3)
    before = np.random.get_state()[1].tolist(), random.getstate()  # type: ignore[union-attr]
    runs = make_machines(3, 500)
    after = np.random.get_state()[1].tolist(), random.getstate()  # type: ignore[union-attr]
    assert before == after
    assert same(runs, make_machines(3, 500))
    assert same(runs, make_machines(3, 500, random_state=np.random.default_rng(0)))
    assert not same(runs, make_machines(3, 500, random_state=1))


@pytest.mark.parametrize(
    ("keywords", "text"),
    [
        ({"n_machines": 0}, "n_machines must be at least 1, got 0"),
        ({"n_timesteps": 199}, "n_timesteps must be at least 200, got 199"),
        ({"n_timesteps": 3e3}, "n_timesteps must be a whole number, got 3000.0"),
        ({"n_healthy": -1}, "n_healthy must be at least 0, got -1"),
        ({"n_sudden": True}, "n_sudden must be a whole number, got True"),
        ({"n_faulty_at_start": "1"}, "n_faulty_at_start must be a whole number, got '1'"),
        (
            {"n_healthy": 8, "n_sudden": 2},
            "11 machines that are healthy, fail suddenly or are faulty at the start, of 10: ask "
            "for fewer of them or for more machines",
        ),
        ({"strength": 0}, "strength must be positive and finite, got 0"),
        ({"glitch_fraction": 1.5}, "glitch_fraction must be between 0 and 1, got 1.5"),
        ({"glitch_fraction": None}, "glitch_fraction must be between 0 and 1, got None"),
        ({"gap_fraction": 0.6}, "gap_fraction must be between 0 and 0.5, got 0.6"),
    ],
)
def test_machines_that_cannot_be_made_are_named(keywords: dict[str, Any], text: str) -> None:
    with error(text):
        make_machines(**keywords)


@pytest.mark.parametrize("n_timesteps", [200, 257])
def test_short_machines_with_many_gaps_and_glitches_are_runs(n_timesteps: int) -> None:
    for seed in range(10):
        runs = make_machines(5, n_timesteps, glitch_fraction=1, gap_fraction=0.5, random_state=seed)
        assert runs.shape == (5, n_timesteps, 6)


# --- the pump -----------------------------------------------------------------------------------


def test_the_pump_has_the_shape_of_the_file() -> None:
    runs = make_pump()
    assert runs.shape == (1, 220_320, 51) and runs.arrays[0].dtype == np.float32
    assert "sensor_15" not in runs.channels and runs.channels[::50] == ("sensor_00", "sensor_51")
    assert runs.times is not None and runs.times[0][-1] == np.datetime64("2018-08-31T23:59:00")
    states = states_of(runs)[0]
    assert (states == "BROKEN").sum() == 7 and (states == "NORMAL").mean() > 0.85
    missing = dict(zip(runs.channels, np.isnan(runs.arrays[0]).mean(axis=0), strict=True))
    assert missing["sensor_50"] > 0.3 and 0.05 < missing["sensor_51"] < 0.1
    assert 0 < missing["sensor_07"] < 0.01


def test_the_pump_breaks_recovers_and_shows_it_before() -> None:
    runs, times = make_pump(60_000, n_failures=3, return_times=True)
    values, states = runs.arrays[0][:, 1:49], states_of(runs)[0]  # without long gaps
    for start, broken, recovered in times.itertuples(index=False):
        assert states[start] == states[broken - 1] == states[recovered] == "NORMAL"
        assert states[broken] == "BROKEN" and (states[broken + 1 : recovered] == "RECOVERING").all()
        usual = np.nanmedian(values[start - 200 : start], axis=0)
        shift = np.abs(np.nanmedian(values[broken - 10 : broken], axis=0) / usual - 1)
        assert 8 <= (shift > 0.12).sum() <= 30  # others follow the load
        middle = slice(broken + 20, broken + (recovered - broken) // 2)
        standing = np.abs(np.nanmedian(values[middle], axis=0) / usual)
        assert (standing < 0.1).sum() > 30
        again = np.nanmedian(values[recovered + 100 : recovered + 400], axis=0) / usual
        assert (np.abs(again - 1) < 0.5).all()


def test_the_same_seed_gives_the_same_pump_and_no_failure_may_be() -> None:
    runs, times = make_pump(2000, n_failures=0, return_times=True)
    assert (states_of(runs)[0] == "NORMAL").all() and times.shape == (0, 3)
    assert same(runs, make_pump(2000, n_failures=0))
    assert not same(runs, make_pump(2000, n_failures=0, random_state=1))


@pytest.mark.parametrize(
    ("keywords", "text"),
    [
        ({"n_timesteps": 699}, "n_timesteps must be at least 700, got 699"),
        ({"n_timesteps": 99, "n_failures": 0}, "n_timesteps must be at least 100, got 99"),
        ({"n_failures": 1.0}, "n_failures must be a whole number, got 1.0"),
        ({"n_failures": -1}, "n_failures must be at least 0, got -1"),
    ],
)
def test_a_pump_that_cannot_be_made_is_named(keywords: dict[str, Any], text: str) -> None:
    with error(text):
        make_pump(**keywords)


@pytest.mark.parametrize("n_failures", [1, 2, 7])
def test_short_pumps_break_as_often_as_long_ones(n_failures: int) -> None:
    for seed in range(10):
        runs, times = make_pump(100 * n_failures, n_failures, random_state=seed, return_times=True)
        assert (states_of(runs)[0] == "BROKEN").sum() == n_failures
        order = times.to_numpy(dtype=int).ravel()
        assert (np.diff(order) > 0).all() and order[0] > 0 and order[-1] < 100 * n_failures
