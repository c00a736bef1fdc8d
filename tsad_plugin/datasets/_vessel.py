"""The vessel behind `make_fermentation`: the plan of one fed-batch run, and what sensors show."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.integrate import odeint
from scipy.signal import lfilter

Array = NDArray[np.float64]


class Channel(NamedTuple):
    """What one sensor or assay measures."""

    name: str
    unit: str
    noise: float  # standard deviation, in its unit
    memory: float = 0.0  # correlation of the noise from one timestep to the next


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

HOURS = 0.5  # from one timestep to the next
N_TIMESTEPS, MIN_TIMESTEPS, MAX_TIMESTEPS = 120, 90, 150
DURATION_SPREAD = 0.08
ASSAY_EVERY, ASSAY_MISSED = 8, 0.05  # timesteps; share of assays that nobody took

# The recipe, in phase: 0 is the start of a run and 1 its planned end.
FEED_START = 0.3
PULSE_PHASES = (0.42, 0.56, 0.70, 0.84)
PULSE_JITTER, PULSE_HALF_WIDTH = 0.003, 0.02
PULSE_RATE = 0.15  # L/h
FOAM_PHASES = (0.36, 0.62, 0.88)
FOAM_JITTER, FOAM_HALF_WIDTH = 0.008, 0.02
FOAM_RATE = 20.0  # mL/h of antifoam
BATCH_TEMPERATURE, FEED_TEMPERATURE = 37.0, 34.0  # °C
PH = 6.8

VOLUME = 10.0  # L at the start
FEED_SUBSTRATE = 400.0  # g/L
GROWTH, HALF_SATURATION = 0.18, 0.3  # 1/h, g/L of substrate
HALF_SATURATION_OXYGEN = 3.0  # % sat.
YIELD = 0.5  # g/g, biomass from substrate
MAINTENANCE = 0.012  # g/(g h), substrate
PRODUCT_OF_GROWTH, PRODUCT_OF_BIOMASS = 0.03, 0.004  # g/g and g/(g h)
OXYGEN_OF_GROWTH, OXYGEN_OF_BIOMASS = 0.5, 0.015  # g/g and g/(g h)
FOREIGN_GROWTH, FOREIGN_YIELD = 0.35, 0.4  # 1/h, g/g: quicker, and wasteful

OXYGEN_SETPOINT = 40.0  # % sat., held by the stirrer
SATURATION = 0.0075  # g/L of oxygen
TRANSFER = 250.0  # 1/h at the reference speed, with all the air
REFERENCE_SPEED, MIN_SPEED, MAX_SPEED = 500.0, 200.0, 900.0  # rpm
ANTIFOAM_LOSS, ANTIFOAM_MEMORY = 0.15, 0.7  # share of the transfer; kept a timestep


@dataclass(frozen=True)
class Batch:
    """All that decides how one run of t timesteps goes."""

    start_biomass: float  # g/L
    start_substrate: float  # g/L
    pace: float  # of all that lives: 1 in a run of usual length
    growth: float  # factors that differ from culture to culture
    biomass_yield: float
    oxygen_need: float
    transfer: float
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
        pace=pace,
        growth=1 + 0.03 * growth,
        biomass_yield=YIELD * (1 + 0.03 * gain),
        oxygen_need=1 + 0.04 * need,
        transfer=1 + 0.05 * transfer,
        feed=_feed(phases) * pace * (1 + 0.03 * feed),
        pulses=_pulses(phases, PULSE_PHASES, PULSE_JITTER, PULSE_HALF_WIDTH, rng)
        * (PULSE_RATE * pace),
        pump=np.ones(n),
        air=np.ones(n),
        antifoam=FOAM_RATE
        * _pulses(phases, FOAM_PHASES, FOAM_JITTER, FOAM_HALF_WIDTH, rng).sum(axis=0),
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


def _pulses(
    phases: Array,
    planned: tuple[float, ...],
    jitter: float,
    half_width: float,
    rng: np.random.Generator,
) -> Array:
    """(t,) -> (n_pulses, t): bells of a height of about 1, zero beyond their half width."""
    shift, size = rng.normal(size=(2, len(planned), 1))
    distance = np.abs(phases - np.array(planned)[:, None] - jitter * shift) / half_width
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
    culture = _Culture(batch, feed, batch.transfer * batch.air * (1 - ANTIFOAM_LOSS * foam))
    hours = HOURS * np.arange(batch.n_timesteps)
    start = [batch.start_biomass, batch.start_substrate, 0.0, VOLUME, 0.0]
    states = odeint(culture.change, start, hours, tfirst=True, hmax=HOURS, rtol=1e-4, atol=1e-5)
    rates = [culture.rates(t, s) for t, s in zip(hours.tolist(), states.tolist(), strict=True)]
    growth, foreign, uptake, oxygen, speed = np.array(rates).T
    biomass, substrate, product, volume, others = states.T
    warming = np.gradient(batch.temperature, HOURS)
    heat = 28.0 * uptake * volume / VOLUME + 10.0 * (speed / REFERENCE_SPEED) ** 3
    columns = {
        "biomass": biomass + others,
        "substrate": substrate,
        "product": product,
        "dissolved_oxygen": oxygen,
        "agitation": speed,
        "off_gas_co2": 0.04 + 2.0 * uptake * volume / VOLUME / batch.air,
        "feed_rate": feed,
        "base_rate": 45.0 * (growth + 2.0 * foreign) * volume / VOLUME,
        "antifoam_rate": batch.antifoam,
        "temperature": batch.temperature,
        "cooling_flow": 8.0 + heat - 12.0 * warming,
        "ph": np.full(batch.n_timesteps, PH),
    }
    return np.column_stack([columns[name] for name in CHANNELS])


class _Culture:
    """Mass balances of the vessel: growth, uptake and oxygen at any time of a run."""

    def __init__(self, batch: Batch, feed: Array, transfer: Array) -> None:
        self.batch = batch
        self.feed, self.transfer = _interpolated(feed), _interpolated(transfer)
        self.entering = _interpolated(batch.foreign)

    def rates(self, hour: float, state: list[float]) -> tuple[float, float, float, float, float]:
        """Growth, growth of others, oxygen uptake (g/(L h)), oxygen (% sat.), stirrer (rpm)."""
        biomass, substrate, _, _, others = state
        batch, monod = self.batch, _share(max(substrate, 0.0), HALF_SATURATION)
        growth = GROWTH * batch.growth * batch.pace * monod * biomass
        foreign = FOREIGN_GROWTH * batch.pace * monod * others
        uptake = batch.oxygen_need * (
            OXYGEN_OF_GROWTH * (growth + 2 * foreign)
            + OXYGEN_OF_BIOMASS * batch.pace * (biomass + others)
        )
        oxygen, speed = _stirred(uptake / SATURATION, TRANSFER * self.transfer(hour))
        limit = _share(oxygen, HALF_SATURATION_OXYGEN)
        return growth * limit, foreign * limit, uptake * limit, oxygen, speed

    def change(self, hour: float, state: list[float]) -> list[float]:
        """Change of biomass, substrate, product, volume and other organisms, an hour."""
        biomass, substrate, product, volume, others = state
        growth, foreign, *_ = self.rates(hour, state)
        feed, pace = self.feed(hour), self.batch.pace
        dilution = feed / volume
        kept_alive = MAINTENANCE * pace * biomass * _share(max(substrate, 0.0), HALF_SATURATION)
        eaten = growth / self.batch.biomass_yield + foreign / FOREIGN_YIELD + kept_alive
        made = PRODUCT_OF_GROWTH * growth + PRODUCT_OF_BIOMASS * pace * biomass
        return [
            growth - dilution * biomass,
            dilution * (FEED_SUBSTRATE - substrate) - eaten,
            made - dilution * product,
            feed,
            foreign + self.entering(hour) - dilution * others,
        ]


def _share(value: float, half: float) -> float:
    """Monod's saturation."""
    return value / (half + value)


def _stirred(demand: float, transfer: float) -> tuple[float, float]:
    """Oxygen (% sat.) and stirrer (rpm) when all of the demand (1/h of saturation) can be met.

    The stirrer holds the setpoint as long as it can. Transfer grows with the square of its speed;
    beyond its limits oxygen is where transfer and uptake meet.
    """
    half, full = HALF_SATURATION_OXYGEN, 100.0
    needed = full * demand * _share(OXYGEN_SETPOINT, half) / (full - OXYGEN_SETPOINT)
    wanted = REFERENCE_SPEED * math.sqrt(needed / transfer)
    speed = min(max(wanted, MIN_SPEED), MAX_SPEED)
    if speed == wanted:
        return OXYGEN_SETPOINT, speed
    b = full - half - full * demand / (transfer * (speed / REFERENCE_SPEED) ** 2)
    return (b + math.sqrt(b * b + 4 * full * half)) / 2, speed


def _interpolated(values: Array) -> Callable[[float], float]:
    """Values at the timesteps -> their value at any hour."""
    numbers, last = values.tolist(), len(values) - 1

    def at(hour: float) -> float:
        position = min(max(hour / HOURS, 0.0), float(last))
        i = min(int(position), last - 1)
        return numbers[i] + (numbers[i + 1] - numbers[i]) * (position - i)

    return at
