"""A simulator of fed-batch fermentations with named faults."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Literal, overload

import numpy as np

from tsad_plugin.datasets._checks import check_count, check_positive
from tsad_plugin.datasets._culture import HOURS
from tsad_plugin.datasets._files import Array
from tsad_plugin.datasets._vessel import CHANNELS, UNITS, Batch, measure, plan
from tsad_plugin.runs import Runs


@dataclass(frozen=True)
class Fault:
    """One fault in one run.

    Attributes
    ----------
    run : str
        Id of the run.
    name : str
        Kind of fault, one of those that `make_fermentation` lists.
    channel : str
        Channel in which it shows first; by far not always the only one.
    start, end : int
        Timesteps in which its cause acts, `end` exclusive; what follows from it can last longer.
        An early stop acts in the last timestep there is.
    strength : float
        Size of the fault, as it was asked for.
    """

    run: str
    name: str
    channel: str
    start: int
    end: int
    strength: float


# A fault changes the plan of a batch and says in which channel and timesteps it lies.
_Changed = tuple[Batch, str, int, int]


@overload
def make_fermentation(
    n_runs: int = ...,
    faults: int | Mapping[str, int] | None = ...,
    strength: float = ...,
    random_state: int | np.random.Generator | None = ...,
    *,
    return_faults: Literal[False] = ...,
) -> Runs: ...


@overload
def make_fermentation(
    n_runs: int = ...,
    faults: int | Mapping[str, int] | None = ...,
    strength: float = ...,
    random_state: int | np.random.Generator | None = ...,
    *,
    return_faults: Literal[True],
) -> tuple[Runs, list[Fault]]: ...


def make_fermentation(
    n_runs: int = 100,
    faults: int | Mapping[str, int] | None = None,
    strength: float = 1.0,
    random_state: int | np.random.Generator | None = None,
    *,
    return_faults: bool = False,
) -> Runs | tuple[Runs, list[Fault]]:
    """Simulate fed-batch fermentations of unequal duration, some with a named fault.

    Parameters
    ----------
    n_runs : int, default=100
        Number of runs.
    faults : int or mapping of str to int, optional
        How many runs have a fault: a number (the kinds take turns), or a number for each kind.
        Which runs these are is random. Kinds: `feed_failure` (less feed arrives for a stretch),
        `aeration_loss` (less air for a stretch), `contamination` (other organisms enter, and grow
        quicker than the culture), `sensor_drift` (the reading of off-gas CO2 drifts away until
        the end), `sensor_freeze` (agitation, off-gas CO2 or cooling reads the same from a point
        until the end), `early_stop` (the run ends before its time), `missed_pulse` (one feed
        pulse is left out). Default: all runs are good.
    strength : float, default=1.0
        Size of the faults. 1 is clear to an eye that knows good runs. It scales the length of
        `sensor_freeze` and `early_stop` and the size of the others; a pulse is wholly missed from
        1 on.
    random_state : int or numpy.random.Generator, optional
        Seed of all that is random.
    return_faults : bool, default=False
        Whether to return the list of faults as well.

    Returns
    -------
    runs : Runs
        `n_runs` arrays of shape (n_timesteps_i, 12), 90 to 150 timesteps of 0.5 h (fewer after an
        early stop). Assays of samples taken every 4 h, with gaps (NaN) between: biomass (g/L),
        substrate (g/L), product (g/L). On line: dissolved_oxygen (% sat.), agitation (rpm),
        off_gas_co2 (%), feed_rate (L/h), base_rate (mL/h), antifoam_rate (mL/h), temperature
        (°C), cooling_flow (L/h), ph. Ids are `F-001`, `F-002` …, times are in hours, labels are
        `good` or the fault's name.
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
    Mass balances of a stirred vessel, solved as ordinary differential equations: growth after
    Monod on substrate and oxygen, maintenance, product after Luedeking and Piret [1]_, feed and
    dilution as in models of penicillin fermentation [2]_, [3]_; the constants are of no real plant.
    Product takes no substrate of its own, and only the feed counts in the volume. A stirrer
    holds the dissolved oxygen at its setpoint as long as it can, so that a lack of air shows in its
    speed first. Base follows growth, off-gas CO2 oxygen uptake, and cooling both. Controllers leave
    noise that lasts over some timesteps.

    Cultures differ in inoculum, growth, yield, need of oxygen and pace; a slow one is fed slowly,
    so that its phases are those of the others. Four feed pulses and three shots of antifoam, which
    costs some transfer of oxygen for some hours, belong to the recipe and are normal; so are the
    crash of the demand when the first substrate is used up and the lower temperature from the start
    of the feed.

    Each run has its own seed: with the same `random_state` the good runs stay as they are when
    `faults`, `strength` or `n_runs` change.

    References
    ----------
    .. [1] R. Luedeking, E. L. Piret, "A kinetic study of the lactic acid fermentation", J. Biochem.
       Microbiol. Technol. Eng. 1, 1959.
    .. [2] R. K. Bajpai, M. Reuss, "A mechanistic model for penicillin production", J. Chem.
       Technol. Biotechnol. 30, 1980.
    .. [3] G. Birol, C. Undey, A. Cinar, "A modular simulation package for fed-batch fermentation:
       penicillin production", Comput. Chem. Eng. 26, 2002.

    Examples
    --------
    >>> runs, faults = make_fermentation(
    ...     20, faults={"feed_failure": 1}, random_state=0, return_faults=True
    ... )
    >>> runs.shape[2], runs.ids.tolist()[0], len(faults), faults[0].channel
    (12, 'F-001', 1, 'feed_rate')
    """
    check_count(n_runs, "n_runs", least=1)
    check_positive(strength, "strength")
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


def _fault_names(faults: int | Mapping[str, int] | None, n_runs: int) -> list[str]:
    """Kind of every fault that is asked for."""
    if isinstance(faults, Mapping):
        names = _named(faults)
    else:
        total = 0 if faults is None else faults
        check_count(
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
        check_count(count, f"faults[{name!r}]", least=0)
    return [name for name, count in counts.items() for _ in range(count)]


def _make_run(seed: int, run: str, label: str, strength: float) -> tuple[Array, Fault | None]:
    batch = plan(np.random.default_rng(seed))
    if label == "good":
        return measure(batch), None
    # A generator of its own: drawing the fault leaves all else in the run as it was.
    batch, channel, start, end = FAULTS[label](batch, np.random.default_rng([seed, 1]), strength)
    return measure(batch), Fault(run, label, channel, start, end, strength)


def _at(phase: float, batch: Batch) -> int:
    """Timestep of a phase; the run's end for any phase from 1 on."""
    return round(min(phase, 1.0) * batch.n_timesteps)


def _scaled(values: Array, start: int, end: int, factor: float) -> Array:
    """Copy the values, with a stretch of them multiplied."""
    inside = (np.arange(len(values)) >= start) & (np.arange(len(values)) < end)
    return np.where(inside, values * factor, values)


def _feed_failure(batch: Batch, rng: np.random.Generator, strength: float) -> _Changed:
    phase = rng.uniform(0.4, 0.75)
    start, end = _at(phase, batch), _at(phase + 0.1, batch)
    pump = _scaled(batch.pump, start, end, np.exp(-1.5 * strength))
    return replace(batch, pump=pump), "feed_rate", start, end


def _aeration_loss(batch: Batch, rng: np.random.Generator, strength: float) -> _Changed:
    phase = rng.uniform(0.35, 0.8)
    start, end = _at(phase, batch), _at(phase + rng.uniform(0.1, 0.15), batch)
    air = _scaled(batch.air, start, end, np.exp(-0.35 * strength))
    return replace(batch, air=air), "agitation", start, end


def _contamination(batch: Batch, rng: np.random.Generator, strength: float) -> _Changed:
    start, n = _at(rng.uniform(0.3, 0.5), batch), batch.n_timesteps
    foreign = batch.foreign.copy()
    foreign[start : start + 4] = 0.8 * strength  # g/(L h), for two hours
    return replace(batch, foreign=foreign), "base_rate", start, n


def _sensor_drift(batch: Batch, rng: np.random.Generator, strength: float) -> _Changed:
    start, n = _at(rng.uniform(0.35, 0.6), batch), batch.n_timesteps
    gain, size = batch.gain.copy(), rng.choice([-0.25, 0.25]) * strength  # at the end
    drift = np.linspace(0, size, n - start + 1)[1:]
    gain[start:, CHANNELS.index("off_gas_co2")] *= np.exp(drift)
    return replace(batch, gain=gain), "off_gas_co2", start, n


def _sensor_freeze(batch: Batch, rng: np.random.Generator, strength: float) -> _Changed:
    share = min(rng.uniform(0.2, 0.3) * strength, 0.9)
    start, n = _at(1 - share, batch), batch.n_timesteps
    start = min(start, n - 2)
    channel = str(rng.choice(["agitation", "off_gas_co2", "cooling_flow"]))
    reading = batch.reading.copy()
    reading[start:, CHANNELS.index(channel)] = start
    return replace(batch, reading=reading), channel, start, n


def _early_stop(batch: Batch, rng: np.random.Generator, strength: float) -> _Changed:
    missing = min(rng.uniform(0.06, 0.1) * strength, 0.7)
    n_kept = max(_at(1 - missing, batch), 2)
    return replace(batch, n_kept=n_kept), "product", n_kept - 1, n_kept


def _missed_pulse(batch: Batch, rng: np.random.Generator, strength: float) -> _Changed:
    missed = int(rng.integers(len(batch.pulses)))
    rows = np.flatnonzero(batch.pulses[missed])
    pulses = batch.pulses.copy()
    pulses[missed] *= 1 - min(strength, 1)
    return replace(batch, pulses=pulses), "feed_rate", int(rows[0]), int(rows[-1]) + 1


FAULTS: dict[str, Callable[[Batch, np.random.Generator, float], _Changed]] = {
    "feed_failure": _feed_failure,
    "aeration_loss": _aeration_loss,
    "contamination": _contamination,
    "sensor_drift": _sensor_drift,
    "sensor_freeze": _sensor_freeze,
    "early_stop": _early_stop,
    "missed_pulse": _missed_pulse,
}
