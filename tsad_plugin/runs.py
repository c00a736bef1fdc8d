"""Runs: recordings of unequal length with their ids, channels, units, times and labels."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import copy
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .forms import (
    NO_RUN,
    as_ids,
    as_labels,
    as_list,
    as_run,
    as_times,
    as_timestep_labels,
    check_unique,
    check_values,
    counted,
    default_names,
    duplicates,
    is_dense,
    items,
    mistyped,
    not_finite,
    padded,
    plural,
    shorten,
)

Data = NDArray[Any] | list[NDArray[Any]]
PerTimestep = list[NDArray[Any]] | None
Index = int | slice | Sequence[int] | NDArray[Any]


class Runs:
    """Recordings of unequal length, all with the same channels.

    Parameters
    ----------
    arrays : sequence of array-like of shape (n_timesteps_i, n_channels)
        One recording each, a row a timestep. NaN is a gap: a value that was not measured.
    ids : sequence, optional
        One name or number per run, each once. Default: 0, 1, 2 …
    channels : sequence of str, optional
        Names of the channels. Default: `channel_0`, `channel_1` …
    units : sequence of str, optional
        Units of the channels, `""` where there is none.
    times : sequence of array-like of shape (n_timesteps_i,), optional
        Clock or elapsed time of every timestep, numbers or datetimes (with a time zone: turned
        into UTC).
    time_unit : str, optional
        Unit of numeric `times`, for example `"h"`.
    labels : array-like of shape (n_runs,), optional
        What is known of each run; for evaluation only, no `fit` reads it.
    timestep_labels : sequence of array-like of shape (n_timesteps_i,), optional
        What is known of each timestep; for evaluation only, no `fit` reads it.

    Attributes
    ----------
    arrays, ids, channels, units, times, time_unit, labels, timestep_labels
        As the parameters, checked; `arrays` is a list, `channels` and `units` are tuples.
    shape, lengths
        (n_runs, n_timesteps of the longest run, n_channels); timesteps of each run (n_runs,).

    Raises
    ------
    ValueError
        If there is no run, a run holds text or infinity, has a channel without any value, has
        other channels than the first run or one timestep while others have more, or an id or a
        channel name stands twice.

    Notes
    -----
    An integer, a slice, a mask or an array of integers selects runs, and the answer is `Runs`
    again, so that scikit-learn's splitting keeps ids and names.

    Examples
    --------
    >>> import numpy as np
    >>> runs = Runs([np.zeros((3, 2)), np.ones((5, 2))], ids=["A", "B"], channels=["T", "p"])
    >>> runs
    Runs(2 runs of 3 to 5 timesteps; channels T, p; ids 'A' … 'B')
    >>> runs[1].ids
    array(['B'], dtype='<U1')
    """

    def __init__(
        self,
        arrays: Sequence[ArrayLike] | NDArray[Any],
        *,
        ids: Sequence[Any] | NDArray[Any] | None = None,
        channels: Sequence[str] | None = None,
        units: Sequence[str] | None = None,
        times: Sequence[ArrayLike] | None = None,
        time_unit: str | None = None,
        labels: ArrayLike | None = None,
        timestep_labels: Sequence[ArrayLike] | None = None,
    ) -> None:
        if len(arrays) == 0:
            raise ValueError(NO_RUN)
        self.ids = np.arange(len(arrays)) if ids is None else as_ids(ids, len(arrays))
        # One array where all runs are equally long: ten thousands of runs stay quick to check.
        self._data: Data = arrays if is_dense(arrays) else self._as_list(arrays)
        n_channels = self._data[0].shape[1]
        self.channels = default_names(n_channels) if channels is None else tuple(map(str, channels))
        self.units = ("",) * n_channels if units is None else tuple(units)
        self.times: PerTimestep = as_list(times)
        self.time_unit = time_unit
        self.timestep_labels: PerTimestep = as_list(timestep_labels)
        self.labels = None if labels is None else as_labels(labels)
        self._check()

    def _as_list(self, arrays: Sequence[Any] | NDArray[Any]) -> list[NDArray[Any]]:
        return [as_run(a, None, self._name(position)) for position, a in enumerate(arrays)]

    def _check(self) -> None:
        self._check_widths()
        self._check_extras()
        self._check_lengths()
        for position in not_finite(self._data):
            check_values(self._data[position], self._name(position), self.channels)

    def _check_widths(self) -> None:
        if self._data[0].shape[1] == 0:
            raise ValueError(f"{self._name(0)} has no channel: a run needs at least one")
        for position, array in enumerate(self._data if self.dense is None else ()):
            if array.shape[1] != self._data[0].shape[1]:
                raise ValueError(
                    f"{self._name(position)} has {array.shape[1]} channels, {self._name(0)} has "
                    f"{self._data[0].shape[1]}: all runs need the same channels"
                )

    def _check_extras(self) -> None:
        n_runs, n_channels = len(self), self._data[0].shape[1]
        for what, values, expected in (
            ("channel names", self.channels, n_channels),
            ("units", self.units, n_channels),
            ("times", self.times, n_runs),
            ("labels", self.labels, n_runs),
            ("timestep_labels", self.timestep_labels, n_runs),
        ):
            if values is not None and len(values) != expected:
                raise ValueError(f"{len(values)} {what} for {expected}: pass one each")
        check_unique("channel", self.channels)
        self.times = self._per_timestep(self.times, as_times)
        self.timestep_labels = self._per_timestep(self.timestep_labels, as_timestep_labels)

    def _per_timestep(self, values: PerTimestep, check: Callable[..., NDArray[Any]]) -> PerTimestep:
        if values is None:
            return None
        each = enumerate(zip(values, self._data, strict=True))
        return [check(v, len(array), self._name(i)) for i, (v, array) in each]

    def _check_lengths(self) -> None:
        lengths = self.lengths
        short = np.flatnonzero(lengths < (1 if (lengths <= 1).all() else 2))
        if len(short):
            raise ValueError(
                f"{self._name(int(short[0]))} has {plural(lengths[short[0]], 'timestep')}: "
                "a run needs at least 2 (leave it out, or pass rows with n_channels='all')"
            )

    def _name(self, position: int) -> str:
        return f"run {self.ids[position : position + 1].tolist()[0]!r}"

    @property
    def arrays(self) -> list[NDArray[Any]]:
        """The recordings, each of shape (n_timesteps_i, n_channels)."""
        return list(self._data)

    @property
    def dense(self) -> NDArray[Any] | None:
        """All recordings in one array where they are held so, else None."""
        return self._data if isinstance(self._data, np.ndarray) else None

    @property
    def lengths(self) -> NDArray[np.int64]:
        """Timesteps of each run, shape (n_runs,)."""
        if isinstance(self._data, np.ndarray):
            return np.full(len(self), self._data.shape[1], dtype=np.int64)
        return np.array([len(a) for a in self._data], dtype=np.int64)

    @property
    def n_channels(self) -> int:
        """Number of channels."""
        return len(self.channels)

    @property
    def has_names(self) -> bool:
        """Whether the channels were given names."""
        return self.channels != default_names(self.n_channels)

    @property
    def shape(self) -> tuple[int, int, int]:
        """(n_runs, n_timesteps of the longest run, n_channels)."""
        return len(self), int(self.lengths.max(initial=0)), self.n_channels

    def __len__(self) -> int:
        return len(self._data)

    def __getitem__(self, index: Index | tuple[Any, ...]) -> Runs:
        # scikit-learn asks an object that has a shape for X[rows, ...].
        if isinstance(index, tuple):
            if len(index) != 2 or index[1] is not Ellipsis:
                raise IndexError("Runs take one index, over runs: runs[3], runs[:5], runs[mask]")
            index = index[0]
        rows = index if isinstance(index, slice) else np.atleast_1d(np.arange(len(self))[index])
        taken = copy(self)
        taken._data = items(self._data, rows)
        taken.ids = self.ids[rows]
        taken.times, taken.labels = items(self.times, rows), items(self.labels, rows)
        taken.timestep_labels = items(self.timestep_labels, rows)
        return taken

    def position(self, run: Any) -> int:
        """Position of the run with that id.

        Parameters
        ----------
        run : object
            A run's id.

        Returns
        -------
        int
            Its position in these runs.

        Raises
        ------
        ValueError
            If no run has that id.
        """
        ids = self.ids.tolist()
        if run not in ids:
            raise ValueError(f"no run has the id {mistyped(run, ids)}; ids here: {shorten(ids)}")
        return ids.index(run)

    def select(self, channels: Sequence[str]) -> Runs:
        """Return the runs with these channels only, in this order.

        Parameters
        ----------
        channels : sequence of str
            Names of channels.

        Returns
        -------
        Runs
            The same runs with `channels` alone.

        Raises
        ------
        ValueError
            If a name is not one of these runs' channels.
        """
        if unknown := [c for c in channels if c not in self.channels]:
            raise ValueError(f"no channel {unknown[0]!r}; channels here: {shorten(self.channels)}")
        if not channels or duplicates(channels):
            raise ValueError(f"select at least one channel and each once, got {list(channels)}")
        columns = [self.channels.index(c) for c in channels]
        selected = copy(self)
        if isinstance(self._data, np.ndarray):
            selected._data = self._data[:, :, columns]
        else:
            selected._data = [a[:, columns] for a in self._data]
        selected.channels = tuple(channels)
        selected.units = tuple(self.units[c] for c in columns)
        return selected

    def with_arrays(
        self, arrays: list[NDArray[Any]], channels: Sequence[str] | None = None
    ) -> Runs:
        """Return the runs with other values of the same lengths, and other channels if named."""
        changed = copy(self)
        changed._data = arrays
        if channels is not None:
            changed.channels, changed.units = tuple(channels), ("",) * len(channels)
        return changed

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        """tslearn's layout: (n_runs, longest, n_channels), shorter runs padded with NaN."""
        return padded(self._data, self.shape, dtype)

    def __repr__(self) -> str:
        if len(self) == 0:
            return f"Runs(no runs; channels {shorten(self.channels, quote=False)})"
        shortest, longest, ids = self.lengths.min(), self.lengths.max(), self.ids.tolist()
        span = "" if shortest == longest else f"{shortest} to "
        parts = [
            f"{plural(len(self), 'run')} of {span}{plural(longest, 'timestep')}",
            f"channels {shorten(self.channels, quote=False)}",
            f"ids {ids[0]!r}" + (f" … {ids[-1]!r}" if len(ids) > 1 else ""),
        ]
        if self.labels is not None:
            parts.append(f"labels {shorten(counted(self.labels), quote=False)}")
        return f"Runs({'; '.join(parts)})"
