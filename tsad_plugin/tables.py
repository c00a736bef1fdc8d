"""`read_runs`: runs from a CSV or Parquet file or a DataFrame, as a long or a wide table."""

from __future__ import annotations

import os
import re
import warnings
from collections.abc import Hashable, Mapping, Sequence
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from .forms import did_you_mean, looks_tabular, shorten, without_padding
from .runs import Runs
from .sources import Table, load_table, split_unit, time_unit

Layout = Literal["auto", "long", "wide"]

# Short enough for int64; what begins with a zero is a name: 007 is not 7.
WHOLE_NUMBER = re.compile(r"0|-?[1-9][0-9]{0,17}")


def read_runs(
    source: str | os.PathLike[str] | pd.DataFrame | Table,
    run: Hashable | None = None,
    time: Hashable | None = None,
    *,
    channels: Sequence[Hashable] | None = None,
    label: Hashable | None = None,
    units: Mapping[Hashable, str] | Literal["header"] | None = None,
    layout: Layout = "auto",
) -> Runs:
    """Read runs from a table.

    A *long* table has one row per run and timestep, and a column per channel. A *wide* table has
    one row per run, and a column per timestep of its single channel, in order.

    Parameters
    ----------
    source : path or DataFrame
        A file `.csv`, `.tsv` or `.txt` (UTF-8, also with `.gz`; separated by commas, semicolons or
        tabs), a file `.parquet`, or a DataFrame.
    run : str, optional
        Column with the id of the run. Ids keep the order in which they first appear; whole numbers
        become integers. Default: a long table is one run, and a row of a wide one a run: 0, 1, 2 …
    time : str, optional
        Column with the time of the row, in long tables: numbers, datetimes, or text such as
        `2024-01-31 08:30` (with a time zone: turned into UTC). Default: rows are in order.
    channels : sequence of str, optional
        Columns to take as channels (long) or timesteps (wide). Default: all columns of numbers
        that are not `run`, `time` or `label`.
    label : str, optional
        Column with what is known of the run, the same in all its rows.
    units : mapping of str to str, or "header", optional
        Units by column, that of `time` included, in long tables. `"header"` takes them from the
        names: `temperature [°C]` is the channel temperature in °C, `time_h` is in h.
    layout : {"auto", "long", "wide"}, default "auto"
        `"auto"` reads a long table if `time` is given or a run's id repeats, else a wide one.

    Returns
    -------
    Runs
        The runs. In a long table their rows are in the order of `time`; in a wide one trailing
        empty cells are padding, so that lengths may differ.

    Raises
    ------
    ValueError
        If the file cannot be read, a column is missing, there are no rows, a run's id or a time is
        missing, two rows have the same run and time, a run has two labels, a channel mixes numbers
        and text, or for any reason given at `Runs`. Rows are named by their line in a text file,
        where the header is line 1, and else by their position, counted from 0.

    Warns
    -----
    UserWarning
        If columns are left out, if the time of a run is not sorted, or if what `"auto"` takes for
        a wide table has columns as unlike in scale as those of a long one.

    Examples
    --------
    >>> import pandas as pd
    >>> table = pd.DataFrame(
    ...     {
    ...         "batch": ["A", "A", "B", "B", "B"],
    ...         "hours": [0, 1, 0, 1, 2],
    ...         "temperature": [20.0, 21.0, 20.5, 21.5, 22.0],
    ...     }
    ... )
    >>> runs = read_runs(table, run="batch", time="hours", units={"hours": "h"})
    >>> runs
    Runs(2 runs of 2 to 3 timesteps; channels temperature; ids 'A' … 'B')
    >>> runs.lengths
    array([2, 3])
    """
    table = load_table(source, text_column=run)
    columns = table.frame.columns
    if isinstance(channels, str):
        channels = [channels]
    given = () if units == "header" else units or ()
    for name in (*given, *_check_roles(run, time, label, *(channels or ()))):
        _check_column(name, columns)
    is_long = _is_long(table, run, time, layout)
    names = _number_columns(table, (run, time, label)) if channels is None else list(channels)
    if not names:
        raise ValueError("no channels: name at least one column of numbers in channels=")
    if is_long:
        return _read_long(table, run, time, names, label, units)
    if given:
        raise ValueError("units are for the columns of a long table, and this one is read as wide")
    return _read_wide(table, run, names, label, warn=layout == "auto")


def _check_roles(*names: Hashable | None) -> list[Hashable]:
    given = [name for name in names if name is not None]
    for name in given:
        if given.count(name) > 1:
            raise ValueError(
                f"column {name!r} is named twice: run, time, label and each channel are columns of "
                "their own"
            )
    return given


def _check_column(name: Hashable, columns: pd.Index) -> None:
    if name in columns:
        return
    known = columns.tolist()
    hint = did_you_mean(str(name), known)
    raise ValueError(f"no column {name!r}; columns here: {shorten(known, quote=False)}{hint}")


def _is_long(table: Table, run: Hashable | None, time: Hashable | None, layout: Layout) -> bool:
    if layout not in ("auto", "long", "wide"):
        raise ValueError(f"layout must be 'auto', 'long' or 'wide', got {layout!r}")
    if layout == "wide" and time is not None:
        raise ValueError(
            f"a wide table has no column of times, got time={time!r}: leave it out, or pass "
            "layout='long' for one row per run and timestep"
        )
    if layout == "auto":
        return time is not None or (run is not None and bool(table.frame[run].duplicated().any()))
    return layout == "long"


def _number_columns(table: Table, taken: tuple[Hashable | None, ...]) -> list[Hashable]:
    """Columns that are channels where none are named."""
    names = [name for name in table.frame.columns if name not in taken]
    reasons = {name: why for name in names if (why := table.why_no_channel(name))}
    if reasons:
        warnings.warn(
            "left out of the channels: "
            + ", ".join(f"{name!r} ({why})" for name, why in reasons.items())
            + "; channels= names the columns to take",
            UserWarning,
            stacklevel=3,
        )
    return [name for name in names if name not in reasons]


def _read_long(
    table: Table,
    run: Hashable | None,
    time: Hashable | None,
    channels: list[Hashable],
    label: Hashable | None,
    units: Mapping[Hashable, str] | Literal["header"] | None,
) -> Runs:
    codes, ids = _run_ids(table, run)
    times = None if time is None else table.times(time)
    order = np.argsort(codes, kind="stable")
    if times is not None:
        order = _in_time(order, codes, times, ids, time)
        _check_no_time_twice(table, order, codes, times, ids, time)
    cuts = np.flatnonzero(np.diff(codes[order])) + 1
    if units == "header":
        named, unit_of_time = [split_unit(c) for c in channels], time_unit(time)
    else:
        known = units or {}
        named, unit_of_time = [(str(c), known.get(c, "")) for c in channels], known.get(time)
    return Runs(
        np.split(table.matrix(channels, order), cuts),
        ids=ids,
        channels=[name for name, _ in named],
        units=[unit for _, unit in named],
        times=None if times is None else np.split(times[order], cuts),
        time_unit=unit_of_time,
        labels=None if label is None else _labels(table.frame[label], codes, ids),
    )


def _run_ids(table: Table, run: Hashable | None) -> tuple[NDArray[np.intp], list[Any]]:
    """Position of each row's run, and the ids of the runs as they first appear."""
    if run is None:
        return np.zeros(len(table.frame), dtype=np.intp), [0]
    table.check_filled(run, "run id")
    codes, found = pd.factorize(table.frame[run])
    ids = pd.Index(found).tolist()
    # A text file does not tell numbers from names, a DataFrame does.
    if table.path is not None and all(WHOLE_NUMBER.fullmatch(i) for i in ids):
        ids = [int(i) for i in ids]
    return codes, ids


def _in_time(
    order: NDArray[np.intp],
    codes: NDArray[np.intp],
    times: NDArray[Any],
    ids: list[Any],
    time: Hashable,
) -> NDArray[np.intp]:
    """Row numbers run by run, those of each run in the order of time."""
    by_run, t = codes[order], times[order]
    unsorted = np.unique(by_run[1:][(by_run[1:] == by_run[:-1]) & (t[1:] < t[:-1])])
    if not len(unsorted):
        return order
    warnings.warn(
        f"the rows of {len(unsorted)} of {len(ids)} runs were not in the order of {time!r} and "
        f"have been sorted; the first is run {ids[unsorted[0]]!r}",
        UserWarning,
        stacklevel=4,
    )
    return np.lexsort((times, codes))


def _check_no_time_twice(
    table: Table,
    order: NDArray[np.intp],
    codes: NDArray[np.intp],
    times: NDArray[Any],
    ids: list[Any],
    time: Hashable,
) -> None:
    by_run, t = codes[order], times[order]
    twice = np.flatnonzero((by_run[1:] == by_run[:-1]) & (t[1:] == t[:-1])) + 1
    if len(twice):
        row = order[twice[0]]
        raise ValueError(
            f"run {ids[codes[row]]!r} has a second row with {time!r} {pd.Index(times)[row]} "
            f"({table.place(row)}; rows like it: {len(twice)}): keep one row per run and time"
        )


def _labels(column: pd.Series, codes: NDArray[np.intp], ids: list[Any]) -> NDArray[Any]:
    """Label of each run, which is the same in all its rows."""
    kinds = pd.factorize(column)[0]
    first_rows = np.unique(codes, return_index=True)[1]
    other = np.flatnonzero(kinds != kinds[first_rows][codes])
    if len(other):
        run = codes[other[0]]
        found = column[codes == run].unique().tolist()
        raise ValueError(
            f"run {ids[run]!r} has {len(found)} labels in column {column.name!r} "
            f"({shorten(found)}): a label holds for a whole run"
        )
    return _as_array(column.iloc[first_rows])


def _as_array(labels: pd.Series) -> NDArray[Any]:
    """Labels of the runs; a missing one is NaN among numbers and None among text."""
    if pd.api.types.is_numeric_dtype(labels):
        return labels.to_numpy()
    if labels.notna().all():
        return np.asarray(labels.tolist())
    return labels.astype(object).where(labels.notna(), None).to_numpy()


def _read_wide(
    table: Table,
    run: Hashable | None,
    timesteps: list[Hashable],
    label: Hashable | None,
    warn: bool,
) -> Runs:
    ids = None if run is None else _wide_ids(table, run)
    values = table.matrix(timesteps, np.arange(len(table.frame)))
    if warn and looks_tabular(values):
        warnings.warn(
            "the table was read as wide, one row per run, but its columns differ in scale like "
            "different channels: for one row per run and timestep pass run= and time= or "
            "layout='long', for one row per run layout='wide'",
            UserWarning,
            stacklevel=3,
        )
    labels = None if label is None else _as_array(table.frame[label])
    return Runs(without_padding(values[:, :, None]), ids=ids, labels=labels)


def _wide_ids(table: Table, run: Hashable) -> list[Any]:
    codes, ids = _run_ids(table, run)
    if len(ids) < len(codes):
        row = np.flatnonzero(pd.Series(codes).duplicated())[0]
        raise ValueError(
            f"run {ids[codes[row]]!r} has a second row ({table.place(row)}), but a wide table has "
            "one row per run: for one row per run and timestep pass layout='long'"
        )
    return ids
