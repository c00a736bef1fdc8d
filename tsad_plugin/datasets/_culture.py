"""The culture in the vessel: its mass balances, solved as ordinary differential equations."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from scipy.integrate import odeint

from tsad_plugin.datasets._files import Array

HOURS = 0.5  # from one timestep to the next

VOLUME = 10.0  # L at the start
FEED_SUBSTRATE = 400.0  # g/L
GROWTH, HALF_SATURATION = 0.18, 0.3  # 1/h, g/L of substrate
HALF_SATURATION_OXYGEN = 3.0  # % sat.
YIELD = 0.5  # g/g, biomass from substrate
MAINTENANCE = 0.012  # g/(g h), substrate
PRODUCT_OF_GROWTH, PRODUCT_OF_BIOMASS = 0.03, 0.004  # g/g and g/(g h)
OXYGEN_OF_GROWTH, OXYGEN_OF_BIOMASS = 0.5, 0.015  # g/g and g/(g h)
FOREIGN_GROWTH, FOREIGN_YIELD, FOREIGN_NEED = 0.35, 0.4, 2.0  # 1/h, g/g, times the oxygen

OXYGEN_SETPOINT = 40.0  # % sat., held by the stirrer
SATURATION = 0.0075  # g/L of oxygen
TRANSFER = 250.0  # 1/h at the reference speed, with all the air
REFERENCE_SPEED, MIN_SPEED, MAX_SPEED = 500.0, 200.0, 900.0  # rpm


class Traits(NamedTuple):
    """What differs from culture to culture."""

    pace: float  # of all that lives: 1 in a run of usual length
    growth: float  # factor of the growth rate
    biomass_yield: float  # g/g
    oxygen_need: float  # factor of the oxygen uptake


class Grown(NamedTuple):
    """How a culture went, each (t,)."""

    biomass: Array  # g/L
    substrate: Array  # g/L
    product: Array  # g/L
    volume: Array  # L
    others: Array  # g/L of other organisms
    growth: Array  # g/(L h)
    foreign: Array  # g/(L h), growth of the others
    uptake: Array  # g/(L h) of oxygen
    oxygen: Array  # % sat.
    speed: Array  # rpm of the stirrer


class Culture:
    """Mass balances of the vessel: growth, uptake and oxygen at any time of a run.

    Product takes no substrate of its own; base, antifoam and samples do not count in the volume.

    Parameters
    ----------
    traits : Traits
        The culture's.
    feed : ndarray of shape (t,)
        Feed in L/h.
    transfer : ndarray of shape (t,)
        Factor of the oxygen transfer.
    entering : ndarray of shape (t,)
        Other organisms that enter, in g/(L h).
    """

    def __init__(self, traits: Traits, feed: Array, transfer: Array, entering: Array) -> None:
        self.traits, self.n_timesteps = traits, len(feed)
        self.feed, self.transfer = _interpolated(feed), _interpolated(transfer)
        self.entering = _interpolated(entering)

    def solve(self, biomass: float, substrate: float) -> Grown:
        """Grow from biomass and substrate (g/L) at the start."""
        hours = HOURS * np.arange(self.n_timesteps)
        start = [biomass, substrate, 0.0, VOLUME, 0.0]
        # A tenth of the sensors' noise is the accuracy that is needed.
        states = odeint(self.change, start, hours, tfirst=True, hmax=HOURS, rtol=1e-4, atol=1e-5)
        rates = [self.rates(t, s) for t, s in zip(hours.tolist(), states.tolist(), strict=True)]
        return Grown(*states.T, *np.array(rates).T)

    def rates(self, hour: float, state: list[float]) -> tuple[float, float, float, float, float]:
        """Growth, growth of others, oxygen uptake (g/(L h)), oxygen (% sat.), stirrer (rpm)."""
        biomass, substrate, _, _, others = state
        traits, monod = self.traits, _share(max(substrate, 0.0), HALF_SATURATION)
        growth = GROWTH * traits.growth * traits.pace * monod * biomass
        foreign = FOREIGN_GROWTH * traits.pace * monod * others
        uptake = traits.oxygen_need * (
            OXYGEN_OF_GROWTH * (growth + FOREIGN_NEED * foreign)
            + OXYGEN_OF_BIOMASS * traits.pace * (biomass + others)
        )
        oxygen, speed = stirred(uptake / SATURATION, TRANSFER * self.transfer(hour))
        limit = _share(oxygen, HALF_SATURATION_OXYGEN)
        return growth * limit, foreign * limit, uptake * limit, oxygen, speed

    def change(self, hour: float, state: list[float]) -> list[float]:
        """Change of biomass, substrate, product, volume and other organisms, an hour."""
        biomass, substrate, product, volume, others = state
        growth, foreign, *_ = self.rates(hour, state)
        feed, pace = self.feed(hour), self.traits.pace
        dilution = feed / volume
        kept_alive = MAINTENANCE * pace * biomass * _share(max(substrate, 0.0), HALF_SATURATION)
        eaten = growth / self.traits.biomass_yield + foreign / FOREIGN_YIELD + kept_alive
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


def stirred(demand: float, transfer: float) -> tuple[float, float]:
    """Oxygen (% sat.) and stirrer (rpm) where transfer meets uptake.

    `demand` is the uptake that oxygen does not limit (1/h, over the saturation), `transfer` that at
    the reference speed (1/h); it grows with the square of the speed. The stirrer holds the setpoint
    as long as it can.
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
