"""The machine behind `make_machines`: how a motor's pump works, wears and fails."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter

from tsad_plugin.datasets._files import Array

Rng = np.random.Generator


class Channel(NamedTuple):
    """What one sensor measures."""

    name: str
    unit: str
    noise: float  # standard deviation, in its unit
    memory: float  # correlation of the noise from one timestep to the next
    span: float  # what a glitch is measured by


CHANNELS = (
    Channel("speed", "rpm", 12.0, 0.5, 1500.0),
    Channel("vibration", "mm/s", 0.1, 0.6, 3.0),
    Channel("bearing_temperature", "°C", 0.5, 0.8, 60.0),
    Channel("motor_current", "A", 0.6, 0.5, 40.0),
    Channel("flow", "m³/h", 1.2, 0.5, 80.0),
    Channel("pressure", "bar", 0.06, 0.5, 5.0),
)
DAY = 24  # timesteps, an hour each
NOISE_AFTER_FAILURE = 0.02  # of the noise before

RATED_SPEED, RATED_CURRENT, RATED_FLOW, RATED_PRESSURE = 1480.0, 32.0, 75.0, 4.8
VIBRATION, AMBIENT, HEATING = 1.6, 22.0, 26.0  # mm/s, °C, and °C at full load
WARMING = 6.0  # timesteps until a bearing has followed its load

BASE_LOAD, NIGHT, WEEKEND = 0.75, 0.18, 0.1  # share of the rated load, and what it loses
WANDERING, WANDERING_MEMORY = 0.02, 0.95
# What a fault adds when the machine fails, at strength 1.
SHAKING, RUBBING, STRAIN, LEAK, IRREGULAR = 2.0, 16.0, 0.1, 0.08, 0.12
WHOLE_GAPS = 0.1  # share of long gaps that are in all channels
ONSET = 0.7  # below 1 a fault grows more quickly at first


class Times(NamedTuple):
    """Timesteps from which a machine is faulty and failed; None: never."""

    fault: int | None
    failure: int | None


def states(n_timesteps: int, times: Times) -> NDArray[np.str_]:
    """State of the machine in every timestep."""
    known = np.full(n_timesteps, "normal", dtype="U6")
    if times.fault is not None:
        known[times.fault :] = "faulty"
    if times.failure is not None:
        known[times.failure :] = "failed"
    return known


def severity(n_timesteps: int, times: Times, strength: float) -> Array:
    """0 while all is well; grows from the fault to the failure."""
    grown = np.zeros(n_timesteps)
    if times.fault is not None and times.failure is not None:
        ramp = np.arange(1, times.failure - times.fault + 1) / (times.failure - times.fault)
        grown[times.fault : times.failure] = strength * ramp**ONSET
    return grown


def measure(n_timesteps: int, times: Times, strength: float, rng: Rng) -> Array:
    """(t, 6): what the sensors show, without glitches and gaps."""
    worn = severity(n_timesteps, times, strength)
    load = _load(n_timesteps, rng) + IRREGULAR * worn * _wandering(n_timesteps, 0.7, rng)
    load = np.clip(load, 0.1, 1.2)
    values = _readings(load, worn, rng)
    noise = np.column_stack([c.noise * _wandering(n_timesteps, c.memory, rng) for c in CHANNELS])
    noise[:, 1] *= 1 + SHAKING * worn
    values += noise
    values[:, 1] = np.abs(values[:, 1])
    if times.failure is not None:
        values[times.failure :] = NOISE_AFTER_FAILURE * noise[times.failure :]
    return values


def _load(n: int, rng: Rng) -> Array:
    """Share of the rated load: less at night and at weekends."""
    hour = np.arange(n) + rng.integers(DAY)
    day = np.sin(2 * np.pi * hour / DAY)
    weekend = (hour // DAY) % 7 >= 5
    slow = WANDERING * _wandering(n, WANDERING_MEMORY, rng)
    return rng.normal(BASE_LOAD, 0.02) + NIGHT * np.tanh(1.5 * day) - WEEKEND * weekend + slow


def _wandering(n: int, memory: float, rng: Rng) -> Array:
    """Noise of standard deviation 1 that remembers."""
    shocks = rng.normal(0, np.sqrt(1 - memory**2), n)
    shocks[:1] /= np.sqrt(1 - memory**2)  # as if it had always been there
    return lfilter([1], [1, -memory], shocks)


def _readings(load: Array, worn: Array, rng: Rng) -> Array:
    """(t, 6) without noise: all follow the load, each in its way, and a fault."""
    own = rng.normal(1, 0.03, 5)  # no two machines are quite alike
    speed = 0.6 + 0.4 * load
    heat = HEATING * load**1.5 + RUBBING * worn
    ambient = AMBIENT + 3 * np.sin(2 * np.pi * (np.arange(len(load)) / DAY - 0.3))
    warm = heat[0] + lfilter([1 / WARMING], [1, 1 / WARMING - 1], heat - heat[0])
    return np.column_stack(
        [
            RATED_SPEED * speed,
            own[0] * VIBRATION * speed**2 * (1 + SHAKING * worn),
            ambient + own[1] * warm,
            own[2] * RATED_CURRENT * (0.3 + 0.7 * load) * (1 + STRAIN * worn),
            own[3] * RATED_FLOW * speed * (1 - LEAK * worn),
            own[4] * RATED_PRESSURE * speed**2 * (1 - LEAK * worn),
        ]
    )


def add_glitches(values: Array, fraction: float, rng: Rng) -> None:
    """Put values far outside their range into single channels of that share of timesteps."""
    n = round(fraction * len(values))
    rows = rng.permutation(len(values))[:n]
    columns = rng.integers(len(CHANNELS), size=n)
    spans = np.array([channel.span for channel in CHANNELS])[columns]
    values[rows, columns] = rng.choice([-1, 1], n) * rng.uniform(4, 20, n) * spans


def add_gaps(values: Array, fraction: float, rng: Rng) -> None:
    """Take that share of the values away: half of them singly, half in long stretches."""
    values[rng.random(values.shape) < fraction / 2] = np.nan
    left = round(fraction / 2 * values.size)
    while left > 0:
        left -= _add_long_gap(values, left, rng)


def _add_long_gap(values: Array, most: int, rng: Rng) -> int:
    """Take a stretch away, in one channel or now and then in all; return how many values."""
    n, n_channels = values.shape
    length = min(int(rng.integers(DAY // 4, 2 * DAY + 1)), n // 20, most)
    start, column = rng.integers(n - length), int(rng.integers(n_channels))
    is_whole = rng.random() < WHOLE_GAPS and length * n_channels <= most
    values[start : start + length, slice(None) if is_whole else column] = np.nan
    return length * (n_channels if is_whole else 1)
