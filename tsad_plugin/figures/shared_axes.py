"""Figures that stand side by side: the same place means the same in each."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

ROOM = 0.05  # of a range, above and below what is drawn


def shared_ranges(figures: Sequence[go.Figure]) -> dict[str, dict[str, Any]]:
    """Ranges of axes so wide that all of each figure shows, for `update_layout` of each.

    Parameters
    ----------
    figures : sequence of plotly.graph_objects.Figure
        Figures with the same panels, whose axes are linear.

    Returns
    -------
    dict of str to dict
        By the name of the axis. None of an axis that has a range already: it is to keep it.
    """
    ends: defaultdict[str, list[float]] = defaultdict(list)
    for figure in figures:
        for axis, values in _drawn(figure):
            ends[axis] += [float(np.nanmin(values)), float(np.nanmax(values))]
    axes = [axis for f in figures for axis in (*f.select_xaxes(), *f.select_yaxes())]
    fixed = {axis.plotly_name for axis in axes if axis.range is not None}
    leaders = {axis.plotly_name: _leader(axis) for axis in axes}
    return {
        name: {"range": _range(ends[leader], 0.0 if name.startswith("x") else ROOM)}
        for name, leader in leaders.items()
        if name not in fixed and ends[leader]
    }


def _leader(axis: Any) -> str:
    """The axis that this one goes with, or itself: of axes that match, one range holds for all."""
    return _name(axis.matches) if axis.matches else str(axis.plotly_name)


def _name(axis: str) -> str:
    """`x3` -> `xaxis3`."""
    return f"{axis[0]}axis{axis[1:]}"


def _drawn(figure: go.Figure) -> Iterator[tuple[str, NDArray[Any]]]:
    """Each axis of each trace, with the numbers along it."""
    for trace in figure.data:
        for letter in "xy":
            values = np.asarray(trace[letter])
            if np.issubdtype(values.dtype, np.number) and np.isfinite(values).any():
                leader = _leader(figure.layout[_name(trace[f"{letter}axis"] or letter)])
                yield leader, _ends(values) if trace.type == "heatmap" else values


def _ends(middles: NDArray[Any]) -> NDArray[Any]:
    """Where the first and the last cell of a map end, by the middles of all."""
    half = (middles[-1] - middles[0]) / (len(middles) - 1) / 2 if len(middles) > 1 else 0.5
    return np.array([middles[0] - half, middles[-1] + half])


def _range(ends: Sequence[float], room: float) -> list[float]:
    low, high = min(ends), max(ends)
    room = room * (high - low) or (0.0 if high > low else 0.5 * (abs(low) or 1.0))
    return [low - room, high + room]
