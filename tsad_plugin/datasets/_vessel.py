"""The vessel behind `make_fermentation`: the plan of one fed-batch run, and what sensors show."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

CHANNELS = ("biomass", "substrate", "dissolved_oxygen", "feed_rate", "temperature")
UNITS = ("g/L", "g/L", "% sat.", "L/h", "°C")
NOISE = (0.3, 0.2, 1.0, 0.001, 0.06)  # standard deviation of each sensor, in its unit

HOURS = 0.5  # from one timestep to the next
N_TIMESTEPS, MIN_TIMESTEPS, MAX_TIMESTEPS = 120, 90, 150
DURATION_SPREAD = 0.08

# The recipe, in phase: 0 is the start of a run and 1 its end.
FEED_START = 0.3
SPIKE_PHASES = (0.42, 0.56, 0.70, 0.84)
SPIKE_JITTER, SPIKE_HALF_WIDTH = 0.003, 0.02
SPIKE_RATE = 0.15  # L/h
BATCH_TEMPERATURE, FEED_TEMPERATURE = 37.0, 34.0

GROWTH = 0.18  # 1/h
HALF_SATURATION = 1.0  # g/L
CAPACITY = 80.0  # g/L of biomass, where growth ends
YIELD = 0.5  # g/g, biomass from substrate
MAINTENANCE = 0.01  # 1/h
OXYGEN_TRANSFER = 1.5  # g/(L h)
FEED_SUBSTRATE = 400.0  # g/L
VOLUME = 10.0  # L


@dataclass(frozen=True)
class Batch:
    """All that decides how one run of t timesteps goes."""

    start_biomass: float  # g/L
    start_substrate: float  # g/L
    growth: float  # 1/h
    biomass_yield: float  # g/g
    feed: Array  # (t,) L/h without the spikes
    spikes: Array  # (n_spikes, t) L/h
    pump: Array  # (t,) share of the feed that arrives
    aeration: Array  # (t,) g/(L h)
    foreign_uptake: Array  # (t,) g/(L h) of substrate that other organisms can take
    temperature: Array  # (t,) °C
    sensor_error: Array  # (t, c) in each channel's unit
    reading: NDArray[np.int64]  # (t, c) timestep whose value a sensor shows

    @property
    def n_timesteps(self) -> int:
        return len(self.feed)


def plan(rng: np.random.Generator) -> Batch:
    """Draw a good batch."""
    duration, growth, gain, biomass, substrate, feed, air, warmth = rng.standard_normal(8)
    n = round(N_TIMESTEPS * (1 + DURATION_SPREAD * duration))
    n = min(max(n, MIN_TIMESTEPS), MAX_TIMESTEPS)
    speed, phases = N_TIMESTEPS / n, np.arange(n) / n
    return Batch(
        start_biomass=1.0 + 0.04 * biomass,
        start_substrate=20.0 + 0.5 * substrate,
        growth=GROWTH * speed * (1 + 0.03 * growth),
        biomass_yield=YIELD * (1 + 0.03 * gain),
        feed=_feed(phases) * speed * (1 + 0.03 * feed),
        spikes=_spikes(phases, rng) * speed,
        pump=np.ones(n),
        aeration=np.full(n, OXYGEN_TRANSFER * (1 + 0.03 * air)),
        foreign_uptake=np.zeros(n),
        temperature=_temperature(phases) + 0.04 * warmth,
        sensor_error=rng.standard_normal((n, len(CHANNELS))) * NOISE,
        reading=np.tile(np.arange(n)[:, None], len(CHANNELS)),
    )


def _feed(phases: Array) -> Array:
    """Feed rate in L/h without spikes: none in the batch phase, then a ramp."""
    return np.where(phases < FEED_START, 0.0, 0.05 + 0.06 * (phases - FEED_START))


def _spikes(phases: Array, rng: np.random.Generator) -> Array:
    """(t,) -> (n_spikes, t): bell-shaped pulses, zero beyond their half width."""
    shift, size = rng.standard_normal((2, len(SPIKE_PHASES), 1))
    centers = np.array(SPIKE_PHASES)[:, None] + SPIKE_JITTER * shift
    distance = np.abs(phases - centers) / SPIKE_HALF_WIDTH
    bell = np.where(distance < 1, 0.5 + 0.5 * np.cos(np.pi * distance), 0.0)
    return SPIKE_RATE * (1 + 0.05 * size) * bell


def _temperature(phases: Array) -> Array:
    """Temperature in °C: the vessel cools when the feed starts."""
    cooled = 1 - np.exp(-np.maximum(phases - FEED_START, 0) / 0.02)
    return BATCH_TEMPERATURE + (FEED_TEMPERATURE - BATCH_TEMPERATURE) * cooled


def measure(batch: Batch) -> Array:
    """(t, c): what the sensors show."""
    feed = batch.pump * (batch.feed + batch.spikes.sum(axis=0))
    biomass, substrate, oxygen_uptake = _grow(batch, feed).T
    oxygen = 100 * batch.aeration / (batch.aeration + oxygen_uptake)
    values = np.column_stack([biomass, substrate, oxygen, feed, batch.temperature])
    shown = np.maximum(values + batch.sensor_error, 0)
    return np.take_along_axis(shown, batch.reading, axis=0)


def _grow(batch: Batch, feed: Array) -> Array:
    """(t, 3): biomass, substrate and oxygen uptake, from mass balances of the vessel."""
    x, s, volume = batch.start_biomass, batch.start_substrate, VOLUME
    rows = []
    for inflow, foreign in zip(feed.tolist(), batch.foreign_uptake.tolist(), strict=True):
        free = 1 / (HALF_SATURATION + s)
        own = batch.growth * (1 - x / CAPACITY) * x * free
        rows.append((x, s, (own + batch.biomass_yield * foreign * free) * s + MAINTENANCE * x))
        dilution = HOURS * inflow / volume
        # Uptake by the new substrate, so that it can never take more than there is.
        taken = HOURS * (own / batch.biomass_yield + foreign * free)
        s = (s + dilution * FEED_SUBSTRATE) / (1 + dilution + taken)
        x = (x + HOURS * own * s) / (1 + dilution)
        volume += HOURS * inflow
    return np.array(rows)
