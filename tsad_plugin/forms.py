"""Forms of X as plain arrays: numbers checked, flat rows unflattened, padding cut.

Nothing here knows `Runs`; `inputs.as_runs` puts these pieces together. Words for messages, too.
"""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from difflib import get_close_matches
from typing import Any, Literal, TypeGuard

import numpy as np
import pandas as pd
from numpy.typing import NDArray

NChannels = int | Literal["all"] | None

MAX_COLUMN_SCALE_RATIO = 100.0
# A standard deviation below this share of the largest value is rounding, not variation.
CONSTANT = 1e-6
NO_RUN = "X holds no run: pass at least one"
# Values of one block of rows: what is made of it on the way stays small, and in the cache.
BLOCK_VALUES = 1 << 17


def as_float(values: Any, name: str) -> NDArray[Any]:
    """Return floating point values: float32 stays, all other numbers become float64."""
    if np.ma.isMaskedArray(values):
        values = np.ma.filled(values.astype(np.float64), np.nan)
    if hasattr(values, "detach"):  # a tensor of torch
        values = values.detach().cpu().double()
    try:
        array = np.asarray(values)
    except ValueError:
        raise ValueError(f"{name} is ragged: pass unequal runs as a list of arrays") from None
    if array.dtype == object:
        return _objects_as_float(array, name)
    if array.dtype.kind in "US" and array.size:
        raise ValueError(
            f"{name} holds text ({array.flat[0].item()!r}): all values must be numbers"
        )
    if array.dtype.kind not in "fiub":
        raise ValueError(f"{name} holds {array.dtype} values: all values must be real numbers")
    return array if array.dtype == np.float32 else array.astype(np.float64, copy=False)


def _objects_as_float(array: NDArray[Any], name: str) -> NDArray[Any]:
    for value in array.flat:
        if isinstance(value, (str, bytes)):
            raise ValueError(f"{name} holds text ({value!r}): all values must be numbers")
    try:
        return np.where(pd.isna(array), np.nan, array).astype(np.float64)
    except (TypeError, ValueError):
        found = ", ".join(sorted({type(value).__name__ for value in array.flat}))
        raise ValueError(f"{name} holds {found}: all values must be numbers") from None


def as_run(values: Any, n_channels: NChannels, name: str) -> NDArray[Any]:
    """One recording as (n_timesteps, n_channels)."""
    array = as_float(values, name)
    if array.ndim == 1:
        return unflatten(array[None], n_channels, name)[0]
    if array.ndim != 2:
        raise ValueError(
            f"{name} has {array.ndim} dimensions: pass (n_timesteps,) or (n_timesteps, n_channels)"
        )
    check_width(array.shape[1], n_channels, name)
    return array


def unflatten(rows: NDArray[Any], n_channels: NChannels, name: str) -> NDArray[Any]:
    """(n, width) -> (n, n_timesteps, n_channels)."""
    n_rows, width = rows.shape
    if n_channels == "all":
        return rows[:, None, :]
    c = 1 if n_channels is None else n_channels
    if width % c:
        raise ValueError(
            f"{name} has rows of {width} values, which {c} channels do not divide: "
            "a flat row holds all channels of timestep 0, then of timestep 1, and so on"
        )
    return rows.reshape(n_rows, width // c, c)


def without_padding(array: NDArray[Any]) -> NDArray[Any] | list[NDArray[Any]]:
    """Cut the trailing rows that are NaN in all channels; the array itself where there are none."""
    if array.shape[1] == 0 or not np.isnan(array[:, -1]).all(axis=1).any():
        return array
    return [run[: _n_unpadded(run)] for run in array]


def _n_unpadded(run: NDArray[Any]) -> int:
    observed = np.flatnonzero(~np.isnan(run).all(axis=1))
    # A run without any value keeps its rows: the check of its channels names it.
    return int(observed[-1]) + 1 if len(observed) else len(run)


def fill_gaps(run: NDArray[Any]) -> NDArray[Any]:
    """Fill NaN by linear interpolation, at the ends by the nearest value: (t, c) -> (t, c)."""
    filled, timesteps = run.copy(), np.arange(len(run))
    for channel in filled.T:
        gap = np.isnan(channel)
        if gap.any():
            channel[gap] = np.interp(timesteps[gap], timesteps[~gap], channel[~gap])
    return filled


def looks_tabular(rows: NDArray[Any]) -> bool:
    """Whether columns are so unlike in scale that they are hardly one channel over time."""
    rows = rows[:200]
    with warnings.catch_warnings(), np.errstate(over="ignore", invalid="ignore"):
        warnings.simplefilter("ignore", RuntimeWarning)  # columns that are all padding
        scales, sizes = np.nanstd(rows, axis=0), np.nanmax(np.abs(rows), axis=0)
    scales = scales[scales > CONSTANT * sizes]
    return len(scales) > 1 and bool(scales.max() > MAX_COLUMN_SCALE_RATIO * scales.min())


def warn_if_tabular(rows: NDArray[Any]) -> None:
    """Warn where rows are hardly univariate runs."""
    if looks_tabular(rows):
        warnings.warn(
            "X was read as univariate runs, but the scales of its columns differ by more than "
            f"{MAX_COLUMN_SCALE_RATIO:.0f} x: for rows of many channels pass n_channels='all', "
            "for flattened runs their number of channels",
            UserWarning,
            stacklevel=2,
        )


def check_n_channels(n_channels: Any) -> None:
    """Raise unless `n_channels` is a positive integer, "all" or None."""
    number = isinstance(n_channels, (int, np.integer)) and not isinstance(n_channels, bool)
    if not (n_channels is None or n_channels == "all" or (number and n_channels >= 1)):
        raise ValueError(
            f"n_channels must be a positive integer, 'all' or None, got {n_channels!r}"
        )


def check_width(found: int, n_channels: NChannels, name: str) -> None:
    """Raise unless `found` channels are what `n_channels` says."""
    if isinstance(n_channels, (int, np.integer)) and found != n_channels:
        raise ValueError(f"{name} has {found} channels, but n_channels is {n_channels}")


def default_names(n_channels: int) -> tuple[str, ...]:
    """Names of channels that were given none."""
    return tuple(f"channel_{c}" for c in range(n_channels))


def check_values(run: NDArray[Any], name: str, channels: Sequence[str]) -> None:
    """Raise if a run (n_timesteps, n_channels) holds infinity or a channel without any value."""
    infinite = np.argwhere(np.isinf(run))
    if len(infinite):
        timestep, channel = infinite[0]
        raise ValueError(
            f"{name}, channel {channels[channel]!r} is infinite at timestep {timestep}: "
            "replace it by NaN (a gap) or leave the run out"
        )
    empty = np.flatnonzero(np.isnan(run).all(axis=0))
    if len(empty):
        raise ValueError(
            f"{name}, channel {channels[empty[0]]!r} holds only NaN: "
            "leave out that run or that channel"
        )


def check_unique(what: str, names: Iterable[Any]) -> None:
    """Raise if one of the names stands more than once."""
    if twice := duplicates(names):
        raise ValueError(f"{what} {twice[0]!r} stands twice: each must be unique")


def as_ids(ids: Sequence[Any] | NDArray[Any], n_runs: int) -> NDArray[Any]:
    """Run ids as an array of integers, text or, where they are mixed, objects."""
    if len(ids) != n_runs:
        raise ValueError(f"{len(ids)} ids for {n_runs} runs: pass one each")
    check_unique("run id", ids.tolist() if isinstance(ids, np.ndarray) else ids)
    for kind in (str, (int, np.integer)):
        if all(isinstance(i, kind) for i in ids):
            return np.asarray(ids)
    # NumPy would turn 1 beside "A" into "1", and tuples into rows.
    return np.fromiter(ids, dtype=object, count=n_runs)


def as_times(times: Any, n_timesteps: int, name: str) -> NDArray[Any]:
    """Times of one run: numbers, or datetime64, in UTC where they had a time zone."""
    array = np.asarray(times)
    if array.dtype == object and all(isinstance(t, date) for t in array.flat):
        clock = pd.to_datetime(array.ravel(), utc=True).tz_localize(None)
        array = clock.to_numpy().reshape(array.shape)
    if array.shape != (n_timesteps,):
        raise ValueError(
            f"{name} has times of shape {array.shape} for {n_timesteps} timesteps: pass one time a "
            "timestep"
        )
    if array.dtype.kind in "US":
        found = array[0].item()
        raise ValueError(f"{name} has text for times ({found!r}): pass numbers or datetimes")
    return array if array.dtype.kind in "iufmM" else as_float(array, f"the time of {name}")


def as_list(values: Any) -> list[Any] | None:
    """A list of what a sequence holds, None where there is none."""
    return None if values is None else list(values)


def as_labels(labels: Any) -> NDArray[Any]:
    """Labels of the runs, (n_runs,)."""
    array = np.asarray(labels)
    if array.ndim != 1:
        raise ValueError(f"labels must be one per run, got shape {array.shape}")
    return array


def as_timestep_labels(labels: Any, n_timesteps: int, name: str) -> NDArray[Any]:
    """Labels of the timesteps of one run, (n_timesteps,)."""
    array = np.asarray(labels)
    if array.shape != (n_timesteps,):
        raise ValueError(
            f"{name} has timestep_labels of shape {array.shape} for {n_timesteps} timesteps: pass "
            "one label a timestep"
        )
    return array


def not_finite(runs: NDArray[Any] | list[NDArray[Any]]) -> list[int]:
    """Positions of the runs that may hold NaN or infinity: a sum tells, and is quick."""
    with np.errstate(over="ignore", invalid="ignore"):
        if isinstance(runs, np.ndarray):
            sums = runs.reshape(len(runs), -1).sum(axis=1)
        else:
            sums = np.array([a.sum() for a in runs])
    return np.flatnonzero(~np.isfinite(sums)).tolist()


def padded(runs: Iterable[NDArray[Any]], shape: tuple[int, ...], dtype: Any) -> NDArray[Any]:
    """(n_runs, longest, n_channels): shorter runs end in NaN."""
    array = np.full(shape, np.nan, dtype=dtype)
    for row, run in zip(array, runs, strict=True):
        row[: len(run)] = run
    return array


def blocks(n_rows: int, row_size: int) -> Iterator[slice]:
    """Slices that together are all rows, each of at most `BLOCK_VALUES` values or of one row."""
    size = max(1, BLOCK_VALUES // row_size)
    return (slice(start, start + size) for start in range(0, n_rows, size))


def items(values: Any, rows: slice | NDArray[Any]) -> Any:
    """Elements of an array or a list, None of None; a slice of an array shares its memory."""
    if values is None:
        return None
    if isinstance(values, np.ndarray) or isinstance(rows, slice):
        return values[rows]
    return [values[row] for row in rows]


def is_dense(arrays: Any) -> TypeGuard[NDArray[Any]]:
    """Whether all runs stand in one array already."""
    floats = isinstance(arrays, np.ndarray) and arrays.dtype in (np.float32, np.float64)
    return floats and arrays.ndim == 3


def plural(number: int, noun: str) -> str:
    """A number with its noun: `1 timestep`, `2 timesteps`."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def shorten(names: Sequence[Any], most: int = 6, quote: bool = True) -> str:
    """Join the first `most` names with commas, and say how many there are where there are more."""
    shown = [repr(n) if quote else str(n) for n in names[:most]]
    return ", ".join(shown) + (f", … ({len(names)} in all)" if len(names) > most else "")


def counted(labels: NDArray[Any]) -> list[str]:
    """Each label with how often it stands: `good (3)`."""
    values, counts = np.unique(labels.astype(str), return_counts=True)
    return [f"{value} ({count})" for value, count in zip(values, counts, strict=True)]


def did_you_mean(name: str, names: Iterable[Any]) -> str:
    """`; did you mean 'x'?` where a name is close to that one."""
    by_key = {str(known).strip().lower(): known for known in names}
    close = get_close_matches(name.strip().lower(), by_key, n=1)
    return f"; did you mean {by_key[close[0]]!r}?" if close else ""


def mistyped(name: Any, names: Iterable[Any]) -> str:
    """`'34' as str, but one as int` where a name differs from a known one by its type alone."""
    kinds = [type(known).__name__ for known in names if str(known) == str(name)]
    return f"{name!r}" + (f" as {type(name).__name__}, but one as {kinds[0]}" if kinds else "")


def duplicates(names: Iterable[Any]) -> list[Any]:
    """Names that stand more than once."""
    return [name for name, count in Counter(names).items() if count > 1]
