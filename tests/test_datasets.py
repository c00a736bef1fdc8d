"""The fermentation simulator: what it promises of good runs and of each fault."""

from __future__ import annotations

import functools
import random
import re
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

from tsad_plugin import FCAutoEncoder
from tsad_plugin.datasets import Fault, _vessel, make_fermentation, make_shifted
from tsad_plugin.datasets._culture import (
    HALF_SATURATION_OXYGEN,
    MAX_SPEED,
    MIN_SPEED,
    OXYGEN_SETPOINT,
    TRANSFER,
    stirred,
)
from tsad_plugin.datasets._vessel import (
    ASSAY_EVERY,
    PULSES,
    SHOTS,
    measure,
    plan,
)
from tsad_plugin.datasets.fermentation import FAULTS
from tsad_plugin.runs import Runs

Array = NDArray[np.float64]
every_fault = pytest.mark.parametrize("name", FAULTS)
# All but this keep the length of the run.
WHOLE = [name for name in FAULTS if name != "early_stop"]
NOISE = np.array([channel.noise for channel in (*_vessel.ASSAYS, *_vessel.ONLINE)])
ASSAYS = ("biomass", "substrate", "product")
CHANNELS = (
    *ASSAYS,
    "dissolved_oxygen",
    "agitation",
    "off_gas_co2",
    "feed_rate",
    "base_rate",
    "antifoam_rate",
    "temperature",
    "cooling_flow",
    "ph",
)


def column(array: Array, channel: str) -> Array:
    return array[:, CHANNELS.index(channel)]


def same_values(one: Array, other: Array) -> bool:
    """Whether both hold the same, gaps included."""
    return np.array_equal(one, other, equal_nan=True)


@functools.cache
def pairs(name: str, strength: float = 1.0) -> list[tuple[Array, Array, Fault]]:
    """Twelve runs with the fault, each beside the same run without it."""
    faulty, faults = make_fermentation(
        12, faults={name: 12}, strength=strength, random_state=5, return_faults=True
    )
    good = make_fermentation(12, random_state=5)
    return list(zip(faulty.arrays, good.arrays, faults, strict=True))


def same(one: Runs, other: Runs) -> bool:
    return len(one) == len(other) and all(
        same_values(a, b) for a, b in zip(one.arrays, other.arrays, strict=True)
    )


# Good runs


def test_runs_come_with_ids_channels_units_hours_and_labels() -> None:
    runs = make_fermentation(12, random_state=0)
    assert isinstance(runs, Runs)
    assert runs.ids.tolist()[:2] == ["F-001", "F-002"]
    assert runs.ids.tolist()[-1] == "F-012"
    assert runs.channels == CHANNELS
    assert runs.units[:5] == ("g/L", "g/L", "g/L", "% sat.", "rpm")
    assert runs.units[5:] == ("%", "L/h", "mL/h", "mL/h", "°C", "L/h", "pH")
    assert runs.time_unit == "h"
    assert runs.times is not None
    assert all(np.array_equal(t, 0.5 * np.arange(len(t))) for t in runs.times)
    assert runs.labels is not None
    assert runs.labels.tolist() == ["good"] * 12


def test_there_are_100_runs_unless_asked_otherwise() -> None:
    assert len(make_fermentation(random_state=0)) == 100


def test_durations_spread_by_eight_percent_between_90_and_150_timesteps() -> None:
    lengths = make_fermentation(400, random_state=1).lengths
    assert lengths.min() >= 90
    assert lengths.max() <= 150
    assert lengths.mean() == pytest.approx(120, rel=0.01)
    assert lengths.std() / lengths.mean() == pytest.approx(0.08, abs=0.01)


def test_values_are_never_negative_and_in_a_plausible_range() -> None:
    rows = np.concatenate(make_fermentation(100, random_state=2).arrays)
    assert np.nanmin(rows) >= 0
    highest = dict(zip(CHANNELS, np.nanmax(rows, axis=0), strict=True))
    assert 50 < highest["biomass"] < 80
    assert 18 < highest["substrate"] < 26
    assert 5 < highest["product"] < 12
    assert 60 < highest["dissolved_oxygen"] < 105
    assert 600 < highest["agitation"] < 950
    assert 0.2 < highest["feed_rate"] < 0.5
    assert 36.5 < highest["temperature"] < 38
    assert 6.6 < np.nanmin(column(rows, "ph")) < highest["ph"] < 7.0


def test_assays_have_gaps_and_sensors_have_none() -> None:
    missed = []
    for array in make_fermentation(50, random_state=2).arrays:
        assert not np.isnan(array[:, len(ASSAYS) :]).any()
        assayed = ~np.isnan(array[:, : len(ASSAYS)])
        assert assayed[0].all(), "no channel of a run is empty"
        assert not np.delete(assayed, slice(None, None, ASSAY_EVERY), axis=0).any()
        missed.append(1 - assayed[::ASSAY_EVERY].mean())
    assert 0.02 < np.mean(missed) < 0.08


def test_biomass_and_product_grow_from_end_to_end() -> None:
    for array in make_fermentation(20, random_state=3).arrays:
        for channel in ("biomass", "product"):
            fifths = [np.nanmean(part) for part in np.array_split(column(array, channel), 5)]
            assert (np.diff(fifths) > 0).all()


def test_biomass_comes_from_substrate_alone() -> None:
    batch = plan(np.random.default_rng(0))
    quiet = replace(
        batch,
        noise=np.zeros_like(batch.noise),
        pulses=np.zeros_like(batch.pulses),
        assayed=np.ones_like(batch.assayed),
        start_substrate=0.0,
        feed=np.zeros_like(batch.feed),
    )
    biomass, substrate, product = measure(quiet)[:, : len(ASSAYS)].T
    assert np.ptp(biomass) < 1e-9 and substrate.max() < 1e-9, "nothing grows on nothing"
    assert (np.diff(product) >= 0).all()
    fed = replace(quiet, start_substrate=20.0)
    biomass, substrate, _ = measure(fed)[:, : len(ASSAYS)].T
    gained, eaten = biomass[-1] - biomass[0], substrate[0] - substrate[-1]
    assert eaten == pytest.approx(20.0, abs=1e-3)
    assert 0.9 * fed.traits.biomass_yield < gained / eaten < fed.traits.biomass_yield, (
        "some is for maintenance"
    )


def test_the_stirrer_holds_the_oxygen_until_it_is_at_its_limit() -> None:
    rows = np.concatenate(make_fermentation(30, random_state=9).arrays)
    oxygen, speed = column(rows, "dissolved_oxygen"), column(rows, "agitation")
    held = (speed > 230) & (speed < 870)
    assert abs(np.median(oxygen[held]) - 40) < 0.5
    assert oxygen[held].std() < 2
    assert oxygen[speed < 190].min() > 35, "at the least speed there is more than enough"


@pytest.mark.parametrize("demand", [1.0, 40.0, 150.0, 400.0, 900.0])
def test_oxygen_is_where_transfer_meets_uptake(demand: float) -> None:
    oxygen, speed = stirred(demand, TRANSFER)
    taken = 100 * demand * oxygen / (HALF_SATURATION_OXYGEN + oxygen)
    assert TRANSFER * (speed / 500) ** 2 * (100 - oxygen) == pytest.approx(taken)
    assert (speed in (MIN_SPEED, MAX_SPEED)) != (oxygen == OXYGEN_SETPOINT)


def test_every_good_run_has_every_feed_pulse_at_its_phase_of_the_recipe() -> None:
    for array in make_fermentation(100, random_state=4).arrays:
        feed, phases = column(array, "feed_rate"), np.arange(len(array)) / len(array)
        assert (feed[phases < 0.29] < 0.01).all()
        away = np.ones(len(feed), dtype=bool)
        for pulse in PULSES.phases:
            away &= np.abs(phases - pulse) > 2 * PULSES.half_width
        for pulse in PULSES.phases:
            near = np.abs(phases - pulse) < PULSES.half_width
            assert feed[near].max() > 1.5 * feed[away].max()


def test_feed_pulses_show_in_the_stirrer_the_off_gas_and_the_base() -> None:
    for channel in ("agitation", "off_gas_co2", "base_rate"):
        rises = [
            column(array, channel)[round((pulse + 0.01) * len(array))]
            / column(array, channel)[round((pulse - 0.03) * len(array))]
            for array in make_fermentation(20, random_state=6).arrays
            for pulse in PULSES.phases
        ]
        assert np.quantile(rises, 0.05) > 1.05, channel


def test_antifoam_is_shot_three_times_and_the_stirrer_makes_up_for_it() -> None:
    for array in make_fermentation(20, random_state=6).arrays:
        shots = column(array, "antifoam_rate") > 5
        assert np.sum(np.diff(shots.astype(int)) == 1) == len(SHOTS.phases)
    batch = plan(np.random.default_rng(1))
    without = replace(batch, antifoam=np.zeros_like(batch.antifoam))
    extra = column(measure(batch) - measure(without), "agitation")
    at = [round(phase * batch.n_timesteps) for phase in SHOTS.phases]
    assert all(extra[i : i + 4].max() > 15 for i in at)


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
    make_fermentation(10, faults=7)
    assert (str(np.random.get_state()), random.getstate()) == before


def test_faults_leave_the_good_runs_of_the_same_seed_as_they_are() -> None:
    good = make_fermentation(30, random_state=0)
    mixed = make_fermentation(30, faults=10, random_state=0)
    assert mixed.labels is not None
    assert same(mixed[mixed.labels == "good"], good[mixed.labels == "good"])
    assert not same(mixed, good)


def test_more_runs_begin_with_the_runs_of_fewer() -> None:
    assert same(make_fermentation(20, random_state=0)[:5], make_fermentation(5, random_state=0))


# Faults


def test_a_number_of_faults_takes_the_kinds_in_turn() -> None:
    runs, faults = make_fermentation(50, faults=9, random_state=0, return_faults=True)
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
    assert {f.strength for f in faults} == {1.0}
    assert [f.run for f in faults] == runs.ids[runs.labels != "good"].tolist()
    assert [f.name for f in faults] == runs.labels[runs.labels != "good"].tolist()


@pytest.mark.parametrize("name", WHOLE)
def test_a_fault_changes_its_run_in_its_channel_first_and_never_before_its_start(
    name: str,
) -> None:
    for faulty, good, fault in pairs(name):
        # The solver steps over a fault's start and looks back: that moves the last digits.
        differ = np.abs(faulty - good) > NOISE / 10
        first = np.flatnonzero(differ.any(axis=1))[0]
        assert fault.start <= first < fault.end
        channel = CHANNELS.index(fault.channel)
        assert differ[first, channel]
        assert differ[fault.start : fault.end, channel].mean() > 0.75


@pytest.mark.parametrize("name", WHOLE)
def test_a_fault_lies_inside_its_run_and_keeps_its_length(name: str) -> None:
    for faulty, good, fault in pairs(name):
        assert faulty.shape == good.shape
        assert 0 < fault.start < fault.end <= len(faulty)
        assert np.array_equal(np.isnan(faulty), np.isnan(good))
        assert np.nanmin(faulty) >= 0


@every_fault
def test_strength_scales_the_change(name: str) -> None:
    sizes = [np.median([size(*pair) for pair in pairs(name, s)]) for s in (0.25, 0.5, 1.0)]
    assert 0 < sizes[0] < sizes[1] < sizes[2]


def size(faulty: Array, good: Array, fault: Fault) -> float:
    """Change in the fault's channel, a missing timestep counted as 1."""
    n = len(faulty)
    change = np.abs(column(faulty, fault.channel) - column(good, fault.channel)[:n])
    return float(np.nansum(change)) + len(good) - n


@every_fault
def test_a_huge_or_tiny_strength_stays_finite(name: str) -> None:
    for strength in (1e-9, 50.0):
        for faulty, good, _ in pairs(name, strength):
            assert np.array_equal(np.isnan(faulty), np.isnan(good)[: len(faulty)])
            assert not np.isinf(faulty).any()


def test_a_feed_failure_starves_the_culture() -> None:
    for faulty, good, fault in pairs("feed_failure"):
        inside = slice(fault.start + 2, fault.end)
        for channel in ("feed_rate", "off_gas_co2", "agitation", "base_rate"):
            assert column(faulty, channel)[inside].mean() < column(good, channel)[inside].mean()


def test_an_aeration_loss_is_made_up_for_by_the_stirrer() -> None:
    for faulty, good, fault in pairs("aeration_loss"):
        inside, channel = slice(fault.start, fault.end), CHANNELS.index("agitation")
        assert (faulty[inside, channel] > 1.1 * good[inside, channel] - 20).all()
        assert (column(faulty, "off_gas_co2")[inside] > column(good, "off_gas_co2")[inside]).all()
        assert same_values(column(faulty, "feed_rate"), column(good, "feed_rate"))


def test_a_drifting_analyser_moves_slowly_until_the_end() -> None:
    for faulty, good, fault in pairs("sensor_drift"):
        ratio = column(faulty, "off_gas_co2")[-1] / column(good, "off_gas_co2")[-1]
        assert abs(np.log(ratio)) == pytest.approx(0.25, abs=0.03)
        assert fault.end == len(good)
        others = [c for c in CHANNELS if c != "off_gas_co2"]
        assert all(same_values(column(faulty, c), column(good, c)) for c in others)


def test_a_frozen_sensor_shows_one_value_until_the_end() -> None:
    frozen = set()
    for faulty, good, fault in pairs("sensor_freeze"):
        channel = CHANNELS.index(fault.channel)
        assert (faulty[fault.start :, channel] == good[fault.start, channel]).all()
        assert same_values(np.delete(faulty, channel, 1), np.delete(good, channel, 1))
        frozen.add(fault.channel)
    assert frozen == {"agitation", "off_gas_co2", "cooling_flow"}


def test_a_contamination_takes_substrate_from_the_product() -> None:
    for faulty, good, fault in pairs("contamination"):
        inside = slice(fault.start, fault.end)
        assert column(faulty, "base_rate")[inside].mean() > column(good, "base_rate")[inside].mean()
        assert np.nanmax(column(faulty, "product")) < np.nanmax(column(good, "product"))


def test_an_early_stop_leaves_the_rest_as_it_was() -> None:
    for faulty, good, fault in pairs("early_stop"):
        assert 0.05 < 1 - len(faulty) / len(good) < 0.11
        assert same_values(faulty, good[: len(faulty)])
        assert (fault.start, fault.end) == (len(faulty) - 1, len(faulty))


def test_a_missed_pulse_leaves_the_other_pulses_as_they_are() -> None:
    for faulty, good, fault in pairs("missed_pulse"):
        feed, expected = column(faulty, "feed_rate"), column(good, "feed_rate")
        assert feed[fault.start : fault.end].max() < 0.6 * expected.max()
        assert np.array_equal(feed[fault.end :], expected[fault.end :])


@functools.cache
def usual_runs() -> Runs:
    return make_fermentation(100, random_state=7)


@every_fault
def test_a_fault_of_strength_one_is_not_far_outside_all_values_of_good_runs(name: str) -> None:
    rows = np.concatenate(usual_runs().arrays)
    faulty = np.concatenate([faulty for faulty, _, _ in pairs(name)])
    low, high = np.nanmin(rows, axis=0), np.nanmax(rows, axis=0)
    reach = 0.3 * (high - low)
    assert (np.nanmin(faulty, axis=0) >= low - reach).all()
    assert (np.nanmax(faulty, axis=0) <= high + reach).all()


# Bad input


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"n_runs": 0}, "n_runs must be at least 1, got 0"),
        ({"n_runs": 2.5}, "n_runs must be a whole number, got 2.5"),
        ({"strength": 0}, "strength must be positive and finite, got 0"),
        ({"strength": -1.0}, "strength must be positive and finite, got -1.0"),
        ({"strength": "2"}, "strength must be positive and finite, got '2'"),
        ({"strength": None}, "strength must be positive and finite, got None"),
        ({"strength": float("nan")}, "strength must be positive and finite, got nan"),
        ({"faults": -1}, "faults must be at least 0, got -1"),
        (
            {"faults": "feed_failure"},
            "faults must be a whole number or a mapping of names to numbers, got 'feed_failure'",
        ),
        (
            {"faults": {"foam": 1}},
            "no fault is named 'foam'; known faults: feed_failure, aeration_loss, contamination, "
            "sensor_drift, sensor_freeze, early_stop, missed_pulse",
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


# Plain rows


def test_shifted_rows_differ_in_mean_and_spread() -> None:
    X, y = make_shifted(
        4000, n_channels=5, outlier_fraction=0.25, shift=4, spread=2, random_state=0
    )
    assert X.shape == (4000, 5) and y.shape == (4000,)
    assert y.sum() == 1000 and set(y.tolist()) == {0, 1}
    normal, abnormal = X[y == 0], X[y == 1]
    distance = np.linalg.norm((abnormal.mean(axis=0) - normal.mean(axis=0)) / normal.std(axis=0))
    assert distance == pytest.approx(4, abs=0.3)
    assert (abnormal.std(axis=0) / normal.std(axis=0)).mean() == pytest.approx(2, abs=0.1)


def test_shifted_rows_have_a_seed_and_channels_of_unlike_scales() -> None:
    one, other = (make_shifted(50, random_state=3) for _ in range(2))
    assert all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))
    assert not np.array_equal(one[0], make_shifted(50, random_state=4)[0])
    scales = make_shifted(500, random_state=0)[0].std(axis=0)
    assert scales.max() / scales.min() > 5
    assert not make_shifted(20, outlier_fraction=0, random_state=0)[1].any()


def test_a_detector_of_single_rows_finds_shifted_rows() -> None:
    X, _ = make_shifted(300, outlier_fraction=0, random_state=0)
    new, y = make_shifted(300, outlier_fraction=0.2, random_state=1)
    detector = FCAutoEncoder(n_channels="all", n_epochs=30, random_state=0).fit(X)
    assert roc_auc_score(y, detector.decision_function(new)) > 0.9


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"n_rows": 0}, "n_rows must be at least 1, got 0"),
        ({"n_channels": 1.5}, "n_channels must be a whole number, got 1.5"),
        ({"outlier_fraction": 1.5}, "outlier_fraction must be between 0 and 1, got 1.5"),
        ({"outlier_fraction": "1"}, "outlier_fraction must be between 0 and 1, got '1'"),
        ({"shift": float("inf")}, "shift must be at least 0 and finite, got inf"),
        ({"shift": None}, "shift must be at least 0 and finite, got None"),
        ({"spread": 0}, "spread must be positive and finite, got 0"),
    ],
)
def test_bad_arguments_of_shifted_rows_are_named(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        make_shifted(**arguments)
