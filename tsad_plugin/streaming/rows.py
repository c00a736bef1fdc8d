"""Rows as they come, in any form: checked, and with the channels in the detector's order."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tsad_plugin.forms import as_float, plural, shorten
from tsad_plugin.inputs import with_channels
from tsad_plugin.runs import Runs


def read_rows(rows: Any, channels: tuple[str, ...]) -> NDArray[np.float64]:
    """One row or several as (n, n_channels).

    Raises
    ------
    ValueError
        If they have other channels, or hold text or infinity.
    """
    values = _checked(_as_table(rows, channels), channels)
    infinite = np.argwhere(np.isinf(values))
    if len(infinite):
        row, channel = infinite[0]
        raise ValueError(
            f"row {row} of the chunk, channel {channels[channel]!r} is infinite: replace it by NaN "
            "(a gap)"
        )
    return values


def _as_table(rows: Any, channels: tuple[str, ...]) -> NDArray[Any]:
    if isinstance(rows, pd.Series) and set(rows.index) == set(channels):
        rows = rows.to_frame().T  # one row of a table
    if not isinstance(rows, pd.DataFrame):
        return as_float(rows, "the chunk")
    return as_float(rows.to_numpy(), "the chunk")[:, _order(list(rows.columns), channels)]


def _order(columns: list[Any], channels: tuple[str, ...]) -> NDArray[np.intp]:
    """Where the channels stand among the columns."""
    places = np.tile(np.arange(len(columns), dtype=np.float64), (2, 1))
    return with_channels(Runs([places], channels=columns), channels).arrays[0][0].astype(np.intp)


def _checked(values: NDArray[Any], channels: tuple[str, ...]) -> NDArray[np.float64]:
    """(n_channels,) or (n, n_channels) -> (n, n_channels); one channel may come as (n,)."""
    n_channels = len(channels)
    if values.size == 0 and values.shape[-1] in (0, n_channels):
        return np.empty((0, n_channels))
    if values.ndim <= 1:
        values = values.reshape((-1, 1) if n_channels == 1 else (1, -1))
    if values.ndim != 2:
        raise ValueError(
            f"the chunk has {values.ndim} dimensions: pass (n_rows, n_channels), or one row "
            "(n_channels,)"
        )
    if values.shape[1] != n_channels:
        raise ValueError(
            f"the chunk has {plural(values.shape[1], 'channel')}, the detector was fitted on "
            f"{n_channels}: {shorten(channels)}"
        )
    return values.astype(np.float64)
