"""A simulator of machines: long series that are normal, then faulty, then failed."""

from __future__ import annotations

from typing import Any, Literal, overload

import numpy as np
import pandas as pd

from tsad_plugin.datasets._checks import check_count, check_positive, is_real
from tsad_plugin.datasets._files import Array
from tsad_plugin.datasets._machine import (
    CHANNELS,
    Times,
    add_gaps,
    add_glitches,
    measure,
    states,
)
from tsad_plugin.runs import Runs

START = np.datetime64("2024-01-01T00:00", "s")
LEAST_TIMESTEPS = 200
MOST_GAPS = 0.5
# Shares of the series: when a machine fails, and how long it is faulty before.
FAILURE, FAULTY = (0.35, 0.95), (0.04, 0.12)


@overload
def make_machines(
    n_machines: int = ...,
    n_timesteps: int = ...,
    *,
    n_healthy: int | None = ...,
    n_sudden: int | None = ...,
    n_faulty_at_start: int | None = ...,
    strength: float = ...,
    glitch_fraction: float = ...,
    gap_fraction: float = ...,
    random_state: int | np.random.Generator | None = ...,
    return_times: Literal[False] = ...,
) -> Runs: ...


@overload
def make_machines(
    n_machines: int = ...,
    n_timesteps: int = ...,
    *,
    n_healthy: int | None = ...,
    n_sudden: int | None = ...,
    n_faulty_at_start: int | None = ...,
    strength: float = ...,
    glitch_fraction: float = ...,
    gap_fraction: float = ...,
    random_state: int | np.random.Generator | None = ...,
    return_times: Literal[True],
) -> tuple[Runs, pd.DataFrame]: ...


def make_machines(
    n_machines: int = 10,
    n_timesteps: int = 3000,
    *,
    n_healthy: int | None = None,
    n_sudden: int | None = None,
    n_faulty_at_start: int | None = None,
    strength: float = 1.0,
    glitch_fraction: float = 0.02,
    gap_fraction: float = 0.01,
    random_state: int | np.random.Generator | None = 0,
    return_times: bool = False,
) -> Runs | tuple[Runs, pd.DataFrame]:
    """Simulate machines, each one long series: normal, then faulty, then failed.

    Parameters
    ----------
    n_machines : int, default=10
        Number of machines.
    n_timesteps : int, default=3000
        Timesteps of each, an hour each; at least 200.
    n_healthy : int, optional
        How many never fail. Default: a fifth of the machines.
    n_sudden : int, optional
        How many fail without being faulty before. Default: a fifth of the machines.
    n_faulty_at_start : int, optional
        How many are faulty from their first timestep on. Default: a tenth of the machines.
    strength : float, default=1.0
        Size of the faults just before the failure; at 1, vibration is three times as strong.
    glitch_fraction : float, default=0.02
        Share of timesteps, 0 to 1, in which one channel shows a value far outside its range, of
        either sign, as errors of transmission do: 4 to 20 times what it reads at full load.
    gap_fraction : float, default=0.01
        Share of values that are missing (NaN), 0 to 0.5: half of them singly, half in gaps of up to
        two days in one channel, seldom in all.
    random_state : int or numpy.random.Generator, optional, default=0
        Seed of all that is random.
    return_times : bool, default=False
        Whether to return the times of fault and failure as well.

    Returns
    -------
    runs : Runs
        `n_machines` arrays of shape (n_timesteps, 6): speed (rpm), vibration (mm/s),
        bearing_temperature (°C), motor_current (A), flow (m³/h), pressure (bar). Ids are `M-01`,
        `M-02` …, times are datetimes from 2024-01-01 on, labels are `"failed"` or `"normal"`,
        `timestep_labels` are `"normal"`, `"faulty"` and `"failed"`.
    times : DataFrame
        A row a machine: `machine` (its id), `fault_time` and `failure_time`, the first timestep,
        counted from 0, in which it is faulty and failed (`Int64`, missing where it never is). Only
        with `return_times`.

    Raises
    ------
    ValueError
        If a number is no whole number or out of range, the three kinds of machines are more than
        there are machines, or `strength` is not positive and finite.

    Notes
    -----
    A motor drives a pump whose load has a cycle of a day and of a week and wanders; all channels
    follow it, the bearing with a delay. In a fault, which grows until the machine fails, vibration
    rises, the bearing gets hotter, the load irregular, the current higher, flow and pressure
    lower. Then everything reads about zero until the end. The model is simple, and of no real
    machine.

    Which machines are of which kind is random. Each machine has its own seed: with the same
    `random_state` a machine stays as it is but for what `strength`, `glitch_fraction` or
    `gap_fraction` change.

    Examples
    --------
    >>> runs, times = make_machines(5, 2000, n_healthy=1, return_times=True)
    >>> runs.shape, runs.labels.tolist().count("failed")
    ((5, 2000, 6), 4)
    >>> times.columns.tolist()
    ['machine', 'fault_time', 'failure_time']
    """
    check_count(n_machines, "n_machines", least=1)
    check_count(n_timesteps, "n_timesteps", least=LEAST_TIMESTEPS)
    kinds = _kinds(n_machines, n_healthy, n_sudden, n_faulty_at_start)
    check_positive(strength, "strength")
    _check_fraction(glitch_fraction, "glitch_fraction", 1)
    _check_fraction(gap_fraction, "gap_fraction", MOST_GAPS)
    root = np.random.default_rng(random_state)
    seeds = root.integers(2**63, size=n_machines).tolist()
    plans = [
        _plan(kind, n_timesteps, np.random.default_rng(seed))
        for kind, seed in zip(root.permutation(kinds).tolist(), seeds, strict=True)
    ]
    ids = [f"M-{i + 1:02d}" for i in range(n_machines)]
    runs = Runs(
        [
            _make(n_timesteps, plan, strength, glitch_fraction, gap_fraction, seed)
            for plan, seed in zip(plans, seeds, strict=True)
        ],
        ids=ids,
        channels=[channel.name for channel in CHANNELS],
        units=[channel.unit for channel in CHANNELS],
        times=[START + np.arange(n_timesteps) * np.timedelta64(1, "h")] * n_machines,
        labels=["normal" if plan.failure is None else "failed" for plan in plans],
        timestep_labels=[states(n_timesteps, plan) for plan in plans],
    )
    return (runs, _as_table(ids, plans)) if return_times else runs


def _kinds(
    n_machines: int, n_healthy: int | None, n_sudden: int | None, n_at_start: int | None
) -> list[str]:
    """Kind of each machine, those of a kind together."""
    counts = {"healthy": n_healthy, "sudden": n_sudden, "faulty_at_start": n_at_start}
    shares = {"healthy": n_machines // 5, "sudden": n_machines // 5}
    kinds: list[str] = []
    for kind, count in counts.items():
        wanted = shares.get(kind, n_machines // 10) if count is None else count
        check_count(wanted, f"n_{kind}", least=0)
        kinds += [kind] * wanted
    if len(kinds) > n_machines:
        raise ValueError(
            f"{len(kinds)} machines that are healthy, fail suddenly or are faulty at the start, of "
            f"{n_machines}: ask for fewer of them or for more machines"
        )
    return kinds + ["usual"] * (n_machines - len(kinds))


def _check_fraction(value: Any, name: str, most: float) -> None:
    if not is_real(value) or not 0 <= value <= most:
        raise ValueError(f"{name} must be between 0 and {most}, got {value!r}")


def _plan(kind: str, n_timesteps: int, rng: np.random.Generator) -> Times:
    failure = int(rng.uniform(*FAILURE) * n_timesteps)
    faulty = int(rng.uniform(*FAULTY) * n_timesteps)
    return {
        "healthy": Times(None, None),
        "sudden": Times(None, failure),
        "faulty_at_start": Times(0, faulty),
        "usual": Times(failure - faulty, failure),
    }[kind]


def _make(
    n_timesteps: int, times: Times, strength: float, glitches: float, gaps: float, seed: int
) -> Array:
    values = measure(n_timesteps, times, strength, np.random.default_rng([seed, 1]))
    # Generators of their own: glitches and gaps leave all else in the machine as it was.
    add_glitches(values, glitches, np.random.default_rng([seed, 2]))
    add_gaps(values, gaps, np.random.default_rng([seed, 3]))
    return values


def _as_table(machines: list[str], plans: list[Times]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "machine": machines,
            "fault_time": pd.array([plan.fault for plan in plans], dtype="Int64"),
            "failure_time": pd.array([plan.failure for plan in plans], dtype="Int64"),
        }
    )
