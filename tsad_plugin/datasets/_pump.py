"""The pump behind `make_pump`: when it fails, and what its sensors show."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter

from tsad_plugin.datasets._files import Array

Rng = np.random.Generator

NORMAL, BROKEN, RECOVERING = "NORMAL", "BROKEN", "RECOVERING"
N_SENSORS, EMPTY = 52, 15
DAY = 1440  # timesteps, a minute each

LEAD, RECOVERY = (240, DAY), (300, 6000)  # timesteps in which it develops, and is repaired
DEVIATING = 14  # sensors that show a failure before it happens
DEVIATION = 0.15, 0.4  # of a sensor's level, when the pump breaks
STANDING = 0.7  # share of the recovery before the pump is started again
STOP, COOLING = 4.0, 180.0  # timesteps in which it stops and starts, and in which it cools
COOL = 0.4  # of a temperature's level, when cold
FOLLOWING = 38  # sensors that read about 0 while the pump stands; the others cool

DAILY, SLOW, SLOW_MEMORY = 0.5, 1.0, 0.9995  # of the load: its cycle, and its wandering
KNOTS = 5 * DAY  # timesteps between two points of a sensor's drift
GAIN, DRIFT, NOISE, MEMORY = 0.06, 0.04, 0.015, 0.8  # of a sensor's level; from row to row

LONG_GAPS = {50: (0.65, 1.0), 51: (0.3, 0.37), 0: (0.8, 0.846)}  # sensor: from, to, in phase
COMMON_GAPS, SINGLE_GAPS = 4, 0.0005  # of all sensors, up to an hour each; share of values


class Failure(NamedTuple):
    """Timesteps of one failure."""

    start: int  # from here on it develops
    broken: int
    recovered: int  # from here on the pump runs normally again


def failures(n_timesteps: int, n_failures: int, rng: Rng) -> list[Failure]:
    """One failure in each of as many equal parts of the series."""
    part = n_timesteps / max(n_failures, 1)
    return [_failure(i * part, part, rng) for i in range(n_failures)]


def _failure(begin: float, part: float, rng: Rng) -> Failure:
    broken = int(begin + part * rng.uniform(0.45, 0.75))
    lead = min(rng.uniform(*LEAD), 0.3 * part)
    recovery = min(np.exp(rng.uniform(*np.log(RECOVERY))), 0.2 * part)
    return Failure(broken - int(lead), broken, broken + 1 + int(recovery))


def states(n_timesteps: int, found: list[Failure]) -> NDArray[np.str_]:
    """State of the pump in every timestep."""
    known = np.full(n_timesteps, NORMAL, dtype="U10")
    for failure in found:
        known[failure.broken] = BROKEN
        known[failure.broken + 1 : failure.recovered] = RECOVERING
    return known


def sensors(n_timesteps: int, found: list[Failure], rng: Rng) -> NDArray[np.float32]:
    """(t, 51): all sensors but the empty one, with gaps."""
    load, running = _load(n_timesteps, rng), _running(n_timesteps, found)
    warm = COOL + (1 - COOL) * _lagged(running, COOLING)
    deviating = [rng.permutation(N_SENSORS)[:DEVIATING] for _ in found]
    values = np.empty((n_timesteps, N_SENSORS), dtype=np.float32)
    for i, column in enumerate(values.T):
        shown = [f for f, chosen in zip(found, deviating, strict=True) if i in chosen]
        course = _course(load, rng) + _deviation(n_timesteps, shown, rng)
        course *= running if i < FOLLOWING else warm
        column[:] = 10 ** rng.uniform(0, 3) * (course + _noise(n_timesteps, rng))
    return np.delete(_with_gaps(values, rng), EMPTY, axis=1)


def _load(n: int, rng: Rng) -> Array:
    """Load, about 0 ± 1: a daily cycle and slow wandering."""
    cycle = DAILY * np.sin(2 * np.pi * np.arange(n) / DAY)
    shocks = rng.normal(0, SLOW * np.sqrt(1 - SLOW_MEMORY**2), n)
    return cycle + lfilter([1], [1, -SLOW_MEMORY], shocks)


def _running(n: int, found: list[Failure]) -> Array:
    """1 while the pump runs, 0 while it stands."""
    running = np.ones(n)
    for failure in found:
        standing = STANDING * (failure.recovered - failure.broken)
        running[failure.broken : failure.broken + 1 + int(standing)] = 0
    return _lagged(running, STOP)


def _lagged(values: Array, timesteps: float) -> Array:
    """Values that follow with a delay; they begin at rest."""
    share = 1 / timesteps
    return values[0] + lfilter([share], [1, share - 1], values - values[0])


def _course(load: Array, rng: Rng) -> Array:
    """A sensor while all is well: about 1, with the load, and drifting."""
    knots = np.arange(0, len(load) + KNOTS, KNOTS)
    drift = np.interp(np.arange(len(load)), knots, rng.normal(0, DRIFT, len(knots)))
    return 1 + rng.uniform(-GAIN, GAIN) * load + drift


def _deviation(n: int, found: list[Failure], rng: Rng) -> Array:
    """What a sensor shows of failures before they happen: it grows until the pump breaks."""
    deviation = np.zeros(n)
    for start, broken, recovered in found:
        size = rng.uniform(*DEVIATION) * rng.choice([-1, 1])
        deviation[start:broken] = size * np.linspace(0, 1, broken - start) ** 1.5
        deviation[broken:recovered] = size * np.linspace(1, 0, recovered - broken)
    return deviation


def _noise(n: int, rng: Rng) -> Array:
    shocks = rng.standard_normal(n, dtype=np.float32) * (NOISE * np.sqrt(1 - MEMORY**2))
    return lfilter([1], [1, -MEMORY], shocks)


def _with_gaps(values: NDArray[np.float32], rng: Rng) -> NDArray[np.float32]:
    n = len(values)
    values[rng.random(values.shape, dtype=np.float32) < SINGLE_GAPS] = np.nan
    for start in rng.integers(n, size=COMMON_GAPS):
        values[start : start + rng.integers(1, max(2, min(60, n // 100)))] = np.nan
    for sensor, (begin, end) in LONG_GAPS.items():
        values[int(begin * n) : int(end * n), sensor] = np.nan
    return values
