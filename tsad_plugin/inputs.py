"""From any form of X to `Runs`, and `Runs` like those that a detector was fitted on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from .forms import (
    NO_RUN,
    NChannels,
    as_float,
    as_run,
    check_n_channels,
    check_width,
    default_names,
    plural,
    shorten,
    unflatten,
    warn_if_tabular,
    without_padding,
)
from .runs import PerTimestep, Runs


def as_runs(X: Any, n_channels: NChannels = None) -> Runs:
    """Read any form of X as `Runs`.

    Parameters
    ----------
    X : ndarray of shape (n_runs, n_timesteps) or (n_runs, n_timesteps, n_channels), \
list of arrays of shape (n_timesteps_i,) or (n_timesteps_i, n_channels), DataFrame, or Runs
        In an array, a trailing stretch that is NaN in all channels is padding, so lengths may
        differ. A list of `Runs` is joined.
    n_channels : int or "all", optional
        How to read flat rows: as univariate runs (default), as flattened
        (n_timesteps, n_channels) runs, time-major, or, with `"all"`, each as a single timestep
        of many channels.

    Returns
    -------
    Runs
        The runs; `X` is not changed, its memory is shared where possible.

    Raises
    ------
    ValueError
        If X has no such form, or for any reason given at `Runs`.

    Warns
    -----
    UserWarning
        If rows read as univariate runs look like tabular rows: their column scales differ by
        more than 100 ×.
    """
    check_n_channels(n_channels)
    if isinstance(X, Runs):
        if len(X) == 0:
            raise ValueError(NO_RUN)
        check_width(X.n_channels, n_channels, "X")
        return X
    if isinstance(X, (list, tuple)) or _holds_arrays(X):
        return _from_list(list(X), n_channels)
    tabular = isinstance(X, pd.DataFrame) and n_channels == "all"
    return Runs(_from_array(X, n_channels), channels=list(X.columns) if tabular else None)


def as_series(X: Any) -> Runs:
    """Read any form of X as long series, each of which is a run of `Runs`.

    Parameters
    ----------
    X : ndarray of shape (n_timesteps,) or (n_timesteps, n_channels), DataFrame, ndarray of shape \
(n_series, n_timesteps, n_channels), list of arrays of shape (n_timesteps_i, n_channels) or of \
DataFrames, or Runs
        A table, of numbers alone, is **one** series, as in PyOD's `TimeSeriesOD`; the others are
        several. Datetimes that are the index of a DataFrame are its times.

    Returns
    -------
    Runs
        The series; `X` is not changed.

    Raises
    ------
    ValueError
        If X has no such form, or for any reason given at `Runs`.
    """
    if isinstance(X, pd.DataFrame):
        return _from_tables([X])
    if isinstance(X, (list, tuple)) and X and all(isinstance(x, pd.DataFrame) for x in X):
        return _from_tables(X)
    if isinstance(X, (Runs, list, tuple)) or _holds_arrays(X) or np.ndim(X) == 3:
        return as_runs(X)
    return Runs([as_run(X, None, "X")])


def _holds_arrays(X: Any) -> bool:
    return isinstance(X, np.ndarray) and X.dtype == object and X.ndim == 1


def _from_array(X: Any, n_channels: NChannels) -> NDArray[Any] | list[NDArray[Any]]:
    array = as_float(X, "X")
    if array.ndim not in (2, 3):
        raise ValueError(
            f"X has {plural(array.ndim, 'dimension')}: pass (n_runs, n_timesteps), "
            "(n_runs, n_timesteps, n_channels) or a list of arrays (n_timesteps_i, n_channels)"
        )
    if len(array) == 0:
        raise ValueError(NO_RUN)
    if array.ndim == 2:
        if n_channels is None:
            warn_if_tabular(array)
        array = unflatten(array, n_channels, "X")
    check_width(array.shape[2], n_channels, "X")
    return without_padding(array)


def _from_list(items: list[Any], n_channels: NChannels) -> Runs:
    if not items:
        raise ValueError(NO_RUN)
    if all(isinstance(item, Runs) for item in items):
        return as_runs(_join(items), n_channels)
    return Runs([as_run(item, n_channels, f"run {i}") for i, item in enumerate(items)])


def _from_tables(tables: Sequence[pd.DataFrame]) -> Runs:
    """Runs with the columns of the first table, whatever their order in the others."""
    channels = list(tables[0].columns)
    for position, table in enumerate(tables):
        if set(table.columns) != set(channels):
            raise ValueError(
                f"run {position} has the columns {shorten(list(table.columns))}, run 0 has "
                f"{shorten(channels)}: all runs need the same channels"
            )
    ordered = [t if list(t.columns) == channels else t[channels] for t in tables]
    arrays = [as_run(table, None, f"run {position}") for position, table in enumerate(ordered)]
    clocks = all(isinstance(table.index, pd.DatetimeIndex) for table in tables)
    times = [np.asarray(table.index) for table in tables] if clocks else None
    return Runs(arrays, channels=channels, times=times)


def _join(parts: list[Runs]) -> Runs:
    first = parts[0]
    for part in parts:
        if part.channels != first.channels:
            raise ValueError(
                f"runs with channels {part.channels} cannot join runs with {first.channels}"
            )
        if (part.units, part.time_unit) != (first.units, first.time_unit):
            raise ValueError(
                f"runs in units {part.units}, time {part.time_unit!r} cannot join runs in "
                f"{first.units}, {first.time_unit!r}"
            )
    labels = [part.labels for part in parts if part.labels is not None]
    return Runs(
        [a for part in parts for a in part.arrays],
        ids=[i for part in parts for i in part.ids.tolist()],
        channels=first.channels,
        units=first.units,
        times=_chain([part.times for part in parts]),
        time_unit=first.time_unit,
        labels=np.concatenate(labels) if len(labels) == len(parts) else None,
        timestep_labels=_chain([part.timestep_labels for part in parts]),
    )


def _chain(parts: list[PerTimestep]) -> PerTimestep:
    """One list of all runs, None where a part has none."""
    known = [part for part in parts if part is not None]
    return [values for part in known for values in part] if len(known) == len(parts) else None


def order_of(known: tuple[str, ...], channels: tuple[str, ...]) -> list[int]:
    """Where each of these channels stands among the known ones; as they are, if names differ."""
    if set(known) != set(channels):  # one side has no names
        return list(range(len(channels)))
    return [known.index(channel) for channel in channels]


def with_channels(runs: Runs, channels: tuple[str, ...]) -> Runs:
    """Runs with these channels in this order; names count where both sides were given names."""
    if runs.n_channels != len(channels):
        raise ValueError(
            f"X has {plural(runs.n_channels, 'channel')}, the detector was fitted on "
            f"{len(channels)}: "
            f"{shorten(channels)}"
        )
    named = runs.has_names and channels != default_names(len(channels))
    if not named or runs.channels == channels:
        return runs
    if set(runs.channels) != set(channels):
        raise ValueError(
            f"X has the channels {shorten(runs.channels)}, the detector was fitted on "
            f"{shorten(channels)}: select or rename them"
        )
    return runs.select(channels)
