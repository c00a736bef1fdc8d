"""The fermentation simulator: what it promises of good runs and of each fault."""

from __future__ import annotations

import random
import re
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tsad_plugin.datasets import Fault, make_fermentation
from tsad_plugin.datasets._vessel import SPIKE_HALF_WIDTH, SPIKE_PHASES
from tsad_plugin.datasets.fermentation import FAULTS
from tsad_plugin.runs import Runs

Array = NDArray[np.float64]
every_fault = pytest.mark.parametrize("name", FAULTS)
CHANNELS = ("biomass", "substrate", "dissolved_oxygen", "feed_rate", "temperature")


def pairs(name: str, strength: float = 1.0) -> list[tuple[Array, Array, Fault]]:
    """Thirty runs with the fault, each beside the same run without it."""
    faulty, faults = make_fermentation(
        30, faults={name: 30}, strength=strength, random_state=5, return_faults=True
    )
    good = make_fermentation(30, random_state=5)
    return list(zip(faulty.arrays, good.arrays, faults, strict=True))


def same(one: Runs, other: Runs) -> bool:
    return len(one) == len(other) and all(
        np.array_equal(a, b) for a, b in zip(one.arrays, other.arrays, strict=True)
    )


# Good runs


def test_runs_come_with_ids_channels_units_hours_and_labels() -> None:
    runs = make_fermentation(12, random_state=0)
    assert isinstance(runs, Runs)
    assert runs.ids.tolist()[:2] == ["F-001", "F-002"]
    assert runs.ids.tolist()[-1] == "F-012"
    assert runs.channels == CHANNELS
    assert runs.units == ("g/L", "g/L", "% sat.", "L/h", "°C")
    assert runs.time_unit == "h"
    assert runs.times is not None
    assert all(np.array_equal(t, 0.5 * np.arange(len(t))) for t in runs.times)
    assert runs.labels is not None
    assert runs.labels.tolist() == ["good"] * 12


def test_there_are_100_runs_unless_asked_otherwise() -> None:
    assert len(make_fermentation(random_state=0)) == 100


def test_more_than_999_runs_keep_unique_ids() -> None:
    assert make_fermentation(1001, random_state=0).ids.tolist()[-1] == "F-1001"


def test_durations_spread_by_eight_percent_between_90_and_150_timesteps() -> None:
    lengths = make_fermentation(1000, random_state=1).lengths
    assert lengths.min() >= 90
    assert lengths.max() <= 150
    assert lengths.mean() == pytest.approx(120, rel=0.01)
    assert lengths.std() / lengths.mean() == pytest.approx(0.08, abs=0.008)


def test_values_are_finite_never_negative_and_in_a_plausible_range() -> None:
    rows = np.concatenate(make_fermentation(200, random_state=2).arrays)
    assert np.isfinite(rows).all()
    assert (rows >= 0).all()
    biomass, substrate, oxygen, feed, temperature = rows.max(axis=0)
    assert 50 < biomass < 80
    assert 18 < substrate < 26
    assert 80 < oxygen < 105
    assert 0.2 < feed < 0.5
    assert 36.5 < temperature < 38


def test_biomass_grows_from_end_to_end() -> None:
    for array in make_fermentation(20, random_state=3).arrays:
        tenths = [part[:, 0].mean() for part in np.array_split(array, 10)]
        assert (np.diff(tenths) > 0).all()


def test_every_good_run_has_every_feed_spike_at_its_phase_of_the_recipe() -> None:
    for array in make_fermentation(300, random_state=4).arrays:
        feed, phases = array[:, CHANNELS.index("feed_rate")], np.arange(len(array)) / len(array)
        assert (feed[phases < 0.29] < 0.01).all()
        away = np.ones(len(feed), dtype=bool)
        for spike in SPIKE_PHASES:
            away &= np.abs(phases - spike) > 2 * SPIKE_HALF_WIDTH
        for spike in SPIKE_PHASES:
            near = np.abs(phases - spike) < SPIKE_HALF_WIDTH
            assert feed[near].max() > 1.5 * feed[away].max()


def test_feed_spikes_show_in_substrate_and_dissolved_oxygen() -> None:
    rises, falls = [], []
    for array in make_fermentation(50, random_state=6).arrays:
        for spike in SPIKE_PHASES:
            before = array[round((spike - 0.03) * len(array)), 1:3]
            after = array[round((spike + 0.02) * len(array)), 1:3]
            rises.append(after[0] - before[0])
            falls.append(before[1] - after[1])
    assert np.quantile(rises, 0.05) > 0
    assert np.quantile(falls, 0.05) > 0
    assert np.median(rises) > 1
    assert np.median(falls) > 5


# Randomness


def test_a_seed_gives_the_same_runs_and_another_seed_other_runs() -> None:
    assert same(make_fermentation(5, random_state=0), make_fermentation(5, random_state=0))
    assert not same(make_fermentation(5, random_state=0), make_fermentation(5, random_state=1))
    assert not same(make_fermentation(5), make_fermentation(5))


def test_a_generator_is_used_and_moves_on() -> None:
    rng = np.random.default_rng(0)
    first, second = make_fermentation(5, random_state=rng), make_fermentation(5, random_state=rng)
    assert same(first, make_fermentation(5, random_state=0))
    assert not same(first, second)


def test_global_random_states_are_untouched() -> None:
    before = str(np.random.get_state()), random.getstate()
    make_fermentation(10, faults=6)
    assert (str(np.random.get_state()), random.getstate()) == before


def test_faults_leave_the_good_runs_of_the_same_seed_as_they_are() -> None:
    good = make_fermentation(100, random_state=0)
    mixed = make_fermentation(100, faults=10, random_state=0)
    assert mixed.labels is not None
    assert same(mixed[mixed.labels == "good"], good[mixed.labels == "good"])
    assert not same(mixed, good)


def test_more_runs_begin_with_the_runs_of_fewer() -> None:
    assert same(make_fermentation(20, random_state=0)[:5], make_fermentation(5, random_state=0))


# Faults


def test_a_number_of_faults_takes_the_kinds_in_turn() -> None:
    runs, faults = make_fermentation(50, faults=8, random_state=0, return_faults=True)
    assert runs.labels is not None
    kinds = list(FAULTS)
    expected = sorted(kinds + kinds[:2])
    assert sorted(runs.labels[runs.labels != "good"].tolist()) == expected
    assert sorted(fault.name for fault in faults) == expected


def test_a_mapping_says_how_many_of_each_kind() -> None:
    counts = {"contamination": 2, "sensor_freeze": 3, "feed_failure": 0}
    runs = make_fermentation(10, faults=counts, random_state=0)
    assert runs.labels is not None
    names, found = np.unique(runs.labels, return_counts=True)
    assert dict(zip(names.tolist(), found.tolist(), strict=True)) == {
        "contamination": 2,
        "good": 5,
        "sensor_freeze": 3,
    }


def test_faults_lie_at_random_positions() -> None:
    places = {
        tuple(np.flatnonzero(make_fermentation(20, faults=2, random_state=seed).labels != "good"))
        for seed in range(5)
    }
    assert len(places) > 1


def test_no_fault_gives_an_empty_list() -> None:
    assert make_fermentation(3, return_faults=True)[1] == []
    assert make_fermentation(3, faults=0, return_faults=True)[1] == []
    assert make_fermentation(3, faults={}, return_faults=True)[1] == []


def test_each_fault_names_its_run_in_the_order_of_the_runs() -> None:
    runs, faults = make_fermentation(40, faults=12, random_state=1, return_faults=True)
    assert runs.labels is not None
    assert [f.run for f in faults] == runs.ids[runs.labels != "good"].tolist()
    assert [f.name for f in faults] == runs.labels[runs.labels != "good"].tolist()


@every_fault
def test_a_fault_changes_its_run_in_its_channel_first_and_never_before_its_start(
    name: str,
) -> None:
    for faulty, good, fault in pairs(name):
        changed = np.argwhere(faulty != good)
        first = changed[:, 0].min()
        assert fault.start <= first < fault.end
        channel = CHANNELS.index(fault.channel)
        assert (faulty != good)[first, channel]
        inside = slice(fault.start, fault.end)
        assert (faulty != good)[inside, channel].mean() > 0.75


@every_fault
def test_a_fault_lies_inside_its_run_and_keeps_its_length(name: str) -> None:
    for faulty, good, fault in pairs(name):
        assert faulty.shape == good.shape
        assert 0 < fault.start < fault.end <= len(faulty)
        assert np.isfinite(faulty).all()
        assert (faulty >= 0).all()


@every_fault
def test_strength_scales_the_change(name: str) -> None:
    sizes = [
        np.median([np.abs(f - g).sum(axis=0)[CHANNELS.index(at.channel)] for f, g, at in made])
        for made in (pairs(name, strength) for strength in (0.25, 0.5, 1.0))
    ]
    assert 0 < sizes[0] < sizes[1] < sizes[2]


@every_fault
def test_a_huge_or_tiny_strength_stays_finite(name: str) -> None:
    for strength in (1e-9, 1e6):
        assert all(np.isfinite(faulty).all() for faulty, _, _ in pairs(name, strength))


def test_a_feed_failure_lowers_substrate_and_raises_oxygen() -> None:
    for faulty, good, fault in pairs("feed_failure"):
        assert faulty[fault.start : fault.end, CHANNELS.index("feed_rate")].max() < 0.01
        later = slice(fault.start + 3, fault.end)
        assert faulty[later, 1].mean() < good[later, 1].mean()
        assert faulty[later, 2].mean() > good[later, 2].mean() + 10


def test_an_aeration_loss_lowers_oxygen_and_nothing_else() -> None:
    for faulty, good, fault in pairs("aeration_loss"):
        inside = slice(fault.start, fault.end)
        assert (faulty[inside, 2] < good[inside, 2] - 3).all()
        assert np.array_equal(np.delete(faulty, 2, axis=1), np.delete(good, 2, axis=1))


def test_a_drifting_thermometer_moves_slowly_until_the_end() -> None:
    for faulty, good, fault in pairs("sensor_drift"):
        drift = (faulty - good)[fault.start :, CHANNELS.index("temperature")]
        assert np.allclose(np.diff(drift), drift[0])
        assert abs(drift[-1]) == pytest.approx(0.6)
        assert fault.end == len(good)


def test_a_frozen_sensor_shows_one_value_until_the_end() -> None:
    frozen = set()
    for faulty, good, fault in pairs("sensor_freeze"):
        channel = CHANNELS.index(fault.channel)
        assert (faulty[fault.start :, channel] == good[fault.start, channel]).all()
        assert np.array_equal(np.delete(faulty, channel, 1), np.delete(good, channel, 1))
        frozen.add(fault.channel)
    assert frozen == {"biomass", "substrate", "dissolved_oxygen"}


def test_a_contamination_uses_up_the_substrate_early_and_slows_growth() -> None:
    for faulty, good, fault in pairs("contamination"):
        batch_phase = slice(fault.start, round(0.3 * len(good)))
        assert faulty[batch_phase, 1].mean() < good[batch_phase, 1].mean()
        assert faulty[-1, 0] < good[-1, 0] - 3


def test_a_missed_spike_leaves_the_other_spikes_as_they_are() -> None:
    for faulty, good, fault in pairs("missed_spike"):
        feed, expected = faulty[:, 3], good[:, 3]
        assert feed[fault.start : fault.end].max() < 0.6 * expected.max()
        assert np.array_equal(feed[fault.end :], expected[fault.end :])


@every_fault
def test_a_fault_of_strength_one_is_not_far_outside_all_values_of_good_runs(name: str) -> None:
    rows = np.concatenate(make_fermentation(200, random_state=7).arrays)
    faulty = np.concatenate([faulty for faulty, _, _ in pairs(name)])
    reach = 0.3 * np.ptp(rows, axis=0)
    assert (faulty.min(axis=0) >= rows.min(axis=0) - reach).all()
    assert (faulty.max(axis=0) <= rows.max(axis=0) + reach).all()


# Bad input


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"n_runs": 0}, "n_runs must be at least 1, got 0"),
        ({"n_runs": 2.5}, "n_runs must be a whole number, got 2.5"),
        ({"strength": 0}, "strength must be positive and finite, got 0"),
        ({"strength": -1.0}, "strength must be positive and finite, got -1.0"),
        ({"strength": float("nan")}, "strength must be positive and finite, got nan"),
        ({"faults": -1}, "faults must be at least 0, got -1"),
        (
            {"faults": "feed_failure"},
            "faults must be a whole number or a mapping of names to numbers, got 'feed_failure'",
        ),
        (
            {"faults": {"foam": 1}},
            "no fault is named 'foam'; known faults: feed_failure, aeration_loss, sensor_drift, "
            "sensor_freeze, contamination, missed_spike",
        ),
        (
            {"faults": {"contamination": -2}},
            "faults['contamination'] must be at least 0, got -2",
        ),
        (
            {"n_runs": 10, "faults": 12},
            "12 faults for 10 runs: a run has at most one, so ask for fewer faults or more runs",
        ),
        (
            {"n_runs": 1, "faults": {"feed_failure": 1, "aeration_loss": 1}},
            "2 faults for 1 run: a run has at most one, so ask for fewer faults or more runs",
        ),
    ],
)
def test_bad_arguments_are_named(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        make_fermentation(**arguments)
