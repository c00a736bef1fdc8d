"""A simple simulator of fed-batch fermentations with named faults."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, overload

import numpy as np

from tsad_plugin.datasets._vessel import CHANNELS, HOURS, UNITS, Array, Batch, measure, plan
from tsad_plugin.runs import Runs


@dataclass(frozen=True)
class Fault:
    """One fault in one run.

    Attributes
    ----------
    run : str
        Id of the run.
    name : str
        Kind of fault, a key of `FAULTS`.
    channel : str
        Channel in which it shows first; by far not always the only one.
    start, end : int
        Timesteps in which its cause acts, `end` exclusive; what follows from it can last longer.
    """

    run: str
    name: str
    channel: str
    start: int
    end: int


# A fault changes the plan of a batch and says in which channel and timesteps it lies.
_Changed = tuple[Batch, str, int, int]


@overload
def make_fermentation(
    n_runs: int = ...,
    *,
    faults: int | Mapping[str, int] | None = ...,
    strength: float = ...,
    random_state: int | np.random.Generator | None = ...,
    return_faults: Literal[False] = ...,
) -> Runs: ...


@overload
def make_fermentation(
    n_runs: int = ...,
    *,
    faults: int | Mapping[str, int] | None = ...,
    strength: float = ...,
    random_state: int | np.random.Generator | None = ...,
    return_faults: Literal[True],
) -> tuple[Runs, list[Fault]]: ...


def make_fermentation(
    n_runs: int = 100,
    *,
    faults: int | Mapping[str, int] | None = None,
    strength: float = 1.0,
    random_state: int | np.random.Generator | None = None,
    return_faults: bool = False,
) -> Runs | tuple[Runs, list[Fault]]:
    """Simulate fed-batch fermentations of unequal duration, some with a named fault.

    Parameters
    ----------
    n_runs : int, default=100
        Number of runs.
    faults : int or mapping of str to int, optional
        How many runs have a fault: a number (the kinds take turns), or a number for each kind.
        Which runs these are is random. Kinds: `feed_failure` (the feed stops for a stretch),
        `aeration_loss` (less air for a stretch), `sensor_drift` (the temperature reading drifts
        until the end), `sensor_freeze` (biomass, substrate or dissolved oxygen reads the same
        from a point until the end), `contamination` (other organisms take substrate and oxygen
        until the end), `missed_spike` (one feed spike is left out). Default: all runs are good.
    strength : float, default=1.0
        Size of the faults. 1 is clear to an eye that knows good runs. It scales the length of
        `feed_failure` and `sensor_freeze` and the size of the others; a spike is wholly missed
        from 1 on.
    random_state : int or numpy.random.Generator, optional
        Seed of all that is random.
    return_faults : bool, default=False
        Whether to return the list of faults as well.

    Returns
    -------
    runs : Runs
        `n_runs` arrays of shape (n_timesteps_i, 5), 90 to 150 timesteps of 0.5 h: biomass (g/L),
        substrate (g/L), dissolved_oxygen (% sat.), feed_rate (L/h), temperature (°C).
        Ids are `F-001`, `F-002` …, times are in hours, labels are `good` or the fault's name.
    faults : list of Fault
        Run, name, channel and timesteps of each fault, in the order of the runs. Only with
        `return_faults`.

    Raises
    ------
    ValueError
        If `n_runs` is below 1, a fault has an unknown name or a negative number, there are more
        faults than runs, or `strength` is not positive and finite.

    Notes
    -----
    A simulator to teach and to test with, not the kinetics of any plant: one substrate that
    limits growth (Monod), a logistic ceiling, oxygen in balance at each timestep and without
    effect on growth. A slow culture is fed slowly, so that its phases are those of the others.

    The four spikes of the feed, which substrate and dissolved oxygen follow, belong to the
    recipe and are normal; so are the rise of oxygen when the first substrate is used up and the
    lower temperature from the start of the feed.

    Each run has its own seed: with the same `random_state` the good runs stay as they are when
    `faults`, `strength` or `n_runs` change.

    Examples
    --------
    >>> runs, faults = make_fermentation(
    ...     20, faults={"feed_failure": 1}, random_state=0, return_faults=True
    ... )
    >>> runs.shape[2], runs.ids.tolist()[0], len(faults), faults[0].channel
    (5, 'F-001', 1, 'feed_rate')
    """
    _check_count(n_runs, "n_runs", least=1)
    if not 0 < strength < np.inf:
        raise ValueError(f"strength must be positive and finite, got {strength!r}")
    names = _fault_names(faults, n_runs)
    root = np.random.default_rng(random_state)
    seeds = root.integers(2**63, size=n_runs).tolist()
    ids = [f"F-{i + 1:03d}" for i in range(n_runs)]
    labels = ["good"] * n_runs
    for position, name in zip(root.permutation(n_runs), names, strict=False):
        labels[position] = name
    made = [_make_run(*each, strength) for each in zip(seeds, ids, labels, strict=True)]
    arrays = [array for array, _ in made]
    runs = Runs(
        arrays,
        ids=ids,
        channels=CHANNELS,
        units=UNITS,
        times=[HOURS * np.arange(len(a)) for a in arrays],
        time_unit="h",
        labels=labels,
    )
    return (runs, [fault for _, fault in made if fault is not None]) if return_faults else runs


def _check_count(value: Any, name: str, least: int, what: str = "a whole number") -> None:
    if not isinstance(value, (int, np.integer)) or isinstance(value, bool):
        raise ValueError(f"{name} must be {what}, got {value!r}")
    if value < least:
        raise ValueError(f"{name} must be at least {least}, got {value}")


def _fault_names(faults: int | Mapping[str, int] | None, n_runs: int) -> list[str]:
    """Kind of every fault that is asked for."""
    if isinstance(faults, Mapping):
        names = _named(faults)
    else:
        total = 0 if faults is None else faults
        _check_count(
            total, "faults", least=0, what="a whole number or a mapping of names to numbers"
        )
        names = [list(FAULTS)[i % len(FAULTS)] for i in range(total)]
    if len(names) > n_runs:
        raise ValueError(
            f"{len(names)} faults for {n_runs} run{'' if n_runs == 1 else 's'}: "
            "a run has at most one, so ask for fewer faults or more runs"
        )
    return names


def _named(counts: Mapping[str, int]) -> list[str]:
    for name, count in counts.items():
        if name not in FAULTS:
            raise ValueError(f"no fault is named {name!r}; known faults: {', '.join(FAULTS)}")
        _check_count(count, f"faults[{name!r}]", least=0)
    return [name for name, count in counts.items() for _ in range(count)]


def _make_run(seed: int, run: str, label: str, strength: float) -> tuple[Array, Fault | None]:
    batch = plan(np.random.default_rng(seed))
    if label == "good":
        return measure(batch), None
    # A generator of its own: drawing the fault leaves all else in the run as it was.
    batch, channel, start, end = FAULTS[label](batch, np.random.default_rng([seed, 1]), strength)
    return measure(batch), Fault(run, label, channel, start, end)


def _at(phase: float, batch: Batch) -> int:
    """Timestep of a phase; the run's end for any phase from 1 on."""
    return round(min(phase, 1.0) * batch.n_timesteps)


def _scaled(values: Array, start: int, end: int, factor: float) -> Array:
    """Copy the values, with a stretch of them multiplied."""
    inside = (np.arange(len(values)) >= start) & (np.arange(len(values)) < end)
    return np.where(inside, values * factor, values)


def _feed_failure(batch: Batch, rng: np.random.Generator, strength: float) -> _Changed:
    phase = rng.uniform(0.4, 0.75)
    start = _at(phase, batch)
    end = max(_at(phase + 0.1 * strength, batch), start + 1)
    return replace(batch, pump=_scaled(batch.pump, start, end, 0)), "feed_rate", start, end


def _aeration_loss(batch: Batch, rng: np.random.Generator, strength: float) -> _Changed:
    phase = rng.uniform(0.35, 0.8)
    start, end = _at(phase, batch), _at(phase + rng.uniform(0.1, 0.15), batch)
    aeration = _scaled(batch.aeration, start, end, np.exp(-0.5 * strength))
    return replace(batch, aeration=aeration), "dissolved_oxygen", start, end


def _sensor_drift(batch: Batch, rng: np.random.Generator, strength: float) -> _Changed:
    start, n = _at(rng.uniform(0.35, 0.6), batch), batch.n_timesteps
    error = batch.sensor_error.copy()
    size = rng.choice([-0.6, 0.6]) * strength  # °C at the end
    error[start:, CHANNELS.index("temperature")] += np.linspace(0, size, n - start + 1)[1:]
    return replace(batch, sensor_error=error), "temperature", start, n


def _sensor_freeze(batch: Batch, rng: np.random.Generator, strength: float) -> _Changed:
    share = min(rng.uniform(0.3, 0.45) * strength, 0.9)
    start, n = _at(1 - share, batch), batch.n_timesteps
    start = min(start, n - 2)
    channel = str(rng.choice(CHANNELS[:3]))
    reading = batch.reading.copy()
    reading[start:, CHANNELS.index(channel)] = start
    return replace(batch, reading=reading), channel, start, n


def _contamination(batch: Batch, rng: np.random.Generator, strength: float) -> _Changed:
    start, n = _at(rng.uniform(0.05, 0.2), batch), batch.n_timesteps
    hours = HOURS * np.arange(1, n - start + 1)
    uptake = batch.foreign_uptake.copy()
    uptake[start:] = 1.2 * strength * (1 - np.exp(-hours / 4))  # g/(L h)
    return replace(batch, foreign_uptake=uptake), "dissolved_oxygen", start, n


def _missed_spike(batch: Batch, rng: np.random.Generator, strength: float) -> _Changed:
    missed = int(rng.integers(len(batch.spikes)))
    rows = np.flatnonzero(batch.spikes[missed])
    spikes = batch.spikes.copy()
    spikes[missed] *= 1 - min(strength, 1)
    return replace(batch, spikes=spikes), "feed_rate", int(rows[0]), int(rows[-1]) + 1


FAULTS: dict[str, Callable[[Batch, np.random.Generator, float], _Changed]] = {
    "feed_failure": _feed_failure,
    "aeration_loss": _aeration_loss,
    "sensor_drift": _sensor_drift,
    "sensor_freeze": _sensor_freeze,
    "contamination": _contamination,
    "missed_spike": _missed_spike,
}
