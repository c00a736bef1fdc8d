"""The vessel behind `make_fermentation`: the plan of one fed-batch run, and what sensors show."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter

from tsad_plugin.datasets._culture import (
    HOURS,
    REFERENCE_SPEED,
    VOLUME,
    YIELD,
    Culture,
    Grown,
    Traits,
)
from tsad_plugin.datasets._files import Array


class Channel(NamedTuple):
    """What one sensor or assay measures."""

    name: str
    unit: str
    noise: float  # standard deviation, in its unit
    memory: float = 0.0  # correlation of the noise from one timestep to the next


class Bells(NamedTuple):
    """When something is added for a moment, in phase: planned, and how far runs differ."""

    phases: tuple[float, ...]
    jitter: float
    half_width: float


ASSAYS = (
    Channel("biomass", "g/L", 0.4),
    Channel("substrate", "g/L", 0.25),
    Channel("product", "g/L", 0.06),
)
ONLINE = (
    Channel("dissolved_oxygen", "% sat.", 1.2, 0.5),
    Channel("agitation", "rpm", 6.0, 0.5),
    Channel("off_gas_co2", "%", 0.03),
    Channel("feed_rate", "L/h", 0.001),
    Channel("base_rate", "mL/h", 1.0),
    Channel("antifoam_rate", "mL/h", 0.3),
    Channel("temperature", "°C", 0.06, 0.6),
    Channel("cooling_flow", "L/h", 1.0),
    Channel("ph", "pH", 0.02, 0.6),
)
CHANNELS = tuple(channel.name for channel in (*ASSAYS, *ONLINE))
UNITS = tuple(channel.unit for channel in (*ASSAYS, *ONLINE))

N_TIMESTEPS, MIN_TIMESTEPS, MAX_TIMESTEPS = 120, 90, 150
DURATION_SPREAD = 0.08
ASSAY_EVERY, ASSAY_MISSED = 8, 0.05  # timesteps; share of assays that nobody took

# The recipe, in phase: 0 is the start of a run and 1 its planned end.
FEED_START = 0.3
PULSES = Bells((0.42, 0.56, 0.70, 0.84), jitter=0.003, half_width=0.02)  # of the feed
SHOTS = Bells((0.36, 0.62, 0.88), jitter=0.008, half_width=0.02)  # of antifoam
PULSE_RATE, FOAM_RATE = 0.15, 20.0  # L/h, mL/h
BATCH_TEMPERATURE, FEED_TEMPERATURE = 37.0, 34.0  # °C
PH = 6.8

ANTIFOAM_LOSS, ANTIFOAM_MEMORY = 0.15, 0.7  # share of the transfer; kept a timestep

# What the sensors make of the culture, in a vessel at its first volume.
AIR_CO2, CO2_OF_UPTAKE = 0.04, 2.0  # %, and % for 1 g/(L h) of oxygen with all the air
BASE_OF_GROWTH, FOREIGN_ACID = 45.0, 2.0  # mL/h for 1 g/(L h); others sour twice as much
COOLING = 8.0  # L/h where nothing grows
COOLING_OF_UPTAKE, COOLING_OF_STIRRER = 28.0, 10.0  # L/h for 1 g/(L h), at the reference speed
COOLING_OF_WARMING = -12.0  # L/h for 1 °C/h


@dataclass(frozen=True)
class Batch:
    """All that decides how one run of t timesteps goes."""

    start_biomass: float  # g/L
    start_substrate: float  # g/L
    traits: Traits
    transfer: float  # factor of the oxygen transfer, in which vessels and broths differ
    feed: Array  # (t,) L/h without the pulses
    pulses: Array  # (n_pulses, t) L/h
    pump: Array  # (t,) share of the feed that arrives
    air: Array  # (t,) share of the usual air
    antifoam: Array  # (t,) mL/h
    foreign: Array  # (t,) g/(L h) of other organisms that enter
    temperature: Array  # (t,) °C
    noise: Array  # (t, c) in each channel's unit
    gain: Array  # (t, c) factor between the truth and what a sensor shows
    reading: NDArray[np.int64]  # (t, c) timestep whose value a sensor shows
    assayed: NDArray[np.bool_]  # (t, assays)
    n_kept: int  # timesteps until the run is stopped

    @property
    def n_timesteps(self) -> int:
        """Timesteps of the plan."""
        return len(self.feed)


def plan(rng: np.random.Generator) -> Batch:
    """Draw a good batch."""
    duration, biomass, substrate, growth, gain, need, transfer, feed, warmth = rng.normal(size=9)
    n = round(N_TIMESTEPS * (1 + DURATION_SPREAD * duration))
    n = min(max(n, MIN_TIMESTEPS), MAX_TIMESTEPS)
    pace, phases = N_TIMESTEPS / n, np.arange(n) / n
    return Batch(
        start_biomass=1.0 * (1 + 0.06 * biomass),
        start_substrate=20.0 * (1 + 0.02 * substrate),
        traits=Traits(pace, 1 + 0.03 * growth, YIELD * (1 + 0.03 * gain), 1 + 0.04 * need),
        transfer=1 + 0.05 * transfer,
        feed=_feed(phases) * pace * (1 + 0.03 * feed),
        pulses=PULSE_RATE * pace * _pulses(phases, PULSES, rng),
        pump=np.ones(n),
        air=np.ones(n),
        antifoam=FOAM_RATE * _pulses(phases, SHOTS, rng).sum(axis=0),
        foreign=np.zeros(n),
        temperature=_temperature(phases) + 0.04 * warmth,
        noise=_noise(n, rng),
        gain=np.ones((n, len(CHANNELS))),
        reading=np.tile(np.arange(n)[:, None], len(CHANNELS)),
        assayed=_assayed(n, rng),
        n_kept=n,
    )


def _feed(phases: Array) -> Array:
    """Feed rate in L/h without pulses: none in the batch phase, then a ramp."""
    return np.where(phases < FEED_START, 0.0, 0.05 + 0.06 * (phases - FEED_START))


def _pulses(phases: Array, bells: Bells, rng: np.random.Generator) -> Array:
    """(t,) -> (n_pulses, t): bells of a height of about 1, zero beyond their half width."""
    shift, size = rng.normal(size=(2, len(bells.phases), 1))
    centers = np.array(bells.phases)[:, None] + bells.jitter * shift
    distance = np.abs(phases - centers) / bells.half_width
    return (1 + 0.05 * size) * np.where(distance < 1, 0.5 + 0.5 * np.cos(np.pi * distance), 0.0)


def _temperature(phases: Array) -> Array:
    """Temperature in °C: the vessel cools when the feed starts."""
    cooled = 1 - np.exp(-np.maximum(phases - FEED_START, 0) / 0.02)
    return BATCH_TEMPERATURE + (FEED_TEMPERATURE - BATCH_TEMPERATURE) * cooled


def _noise(n: int, rng: np.random.Generator) -> Array:
    """(n, c): noise of assays and sensors, and what controllers leave."""
    white = rng.normal(size=(n, len(CHANNELS)))
    columns = [
        c.noise * lfilter([math.sqrt(1 - c.memory**2)], [1, -c.memory], white[:, i])
        for i, c in enumerate((*ASSAYS, *ONLINE))
    ]
    return np.column_stack(columns)


def _assayed(n: int, rng: np.random.Generator) -> NDArray[np.bool_]:
    """(n, assays): when samples were taken and assayed; the first always is."""
    due = (np.arange(n) % ASSAY_EVERY == 0)[:, None]
    taken = due & (rng.random((n, len(ASSAYS))) >= ASSAY_MISSED)
    taken[0] = True
    return taken


def measure(batch: Batch) -> Array:
    """(t, c): what sensors and assays show; NaN where no sample was assayed."""
    values = _course(batch)
    shown = np.take_along_axis(values * batch.gain + batch.noise, batch.reading, axis=0)
    shown = np.maximum(shown, 0)
    shown[:, : len(ASSAYS)][~batch.assayed] = np.nan
    return shown[: batch.n_kept]


def _course(batch: Batch) -> Array:
    """(t, c): the true course of all channels."""
    feed = batch.pump * (batch.feed + batch.pulses.sum(axis=0))
    foam = lfilter([1 - ANTIFOAM_MEMORY], [1, -ANTIFOAM_MEMORY], batch.antifoam / FOAM_RATE)
    transfer = batch.transfer * batch.air * (1 - ANTIFOAM_LOSS * foam)
    culture = Culture(batch.traits, feed, transfer, batch.foreign)
    grown = culture.solve(batch.start_biomass, batch.start_substrate)
    swelling = grown.volume / VOLUME
    columns = {
        "biomass": grown.biomass + grown.others,
        "substrate": grown.substrate,
        "product": grown.product,
        "dissolved_oxygen": grown.oxygen,
        "agitation": grown.speed,
        "off_gas_co2": AIR_CO2 + CO2_OF_UPTAKE * grown.uptake * swelling / batch.air,
        "feed_rate": feed,
        "base_rate": BASE_OF_GROWTH * (grown.growth + FOREIGN_ACID * grown.foreign) * swelling,
        "antifoam_rate": batch.antifoam,
        "temperature": batch.temperature,
        "cooling_flow": _cooling(grown, batch.temperature),
        "ph": np.full(batch.n_timesteps, PH),
    }
    return np.column_stack([columns[name] for name in CHANNELS])


def _cooling(grown: Grown, temperature: Array) -> Array:
    """(t,): flow of coolant in L/h, against the heat of culture and stirrer."""
    heat = COOLING_OF_UPTAKE * grown.uptake * grown.volume / VOLUME
    stirring = COOLING_OF_STIRRER * (grown.speed / REFERENCE_SPEED) ** 3
    return COOLING + heat + stirring + COOLING_OF_WARMING * np.gradient(temperature, HOURS)
