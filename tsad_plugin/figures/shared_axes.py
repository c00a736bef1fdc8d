"""Figures that stand side by side: the same place means the same in each."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go

ROOM = 0.05  # of a range, above and below what is drawn


def share_axes(figures: Sequence[go.Figure]) -> None:
    """Give axes of the same name the same range in all figures, so wide that all of it shows.

    Parameters
    ----------
    figures : sequence of plotly.graph_objects.Figure
        Figures with the same panels, whose axes are linear; changed in place. Axes that have a
        range keep it.
    """
    ends: defaultdict[str, list[float]] = defaultdict(list)
    for figure in figures:
        for axis, values in _drawn(figure):
            ends[axis] += [float(values.min()), float(values.max())]
    for figure in figures:
        figure.for_each_xaxis(lambda axis: _set(axis, ends[axis.plotly_name], 0.0))
        figure.for_each_yaxis(lambda axis: _set(axis, ends[axis.plotly_name], ROOM))


def _drawn(figure: go.Figure) -> Iterator[tuple[str, Any]]:
    """Each axis of each trace with the numbers along it; several panels may share their x."""
    for trace in figure.data:
        for letter in "xy":
            values = np.asarray(trace[letter])
            if np.issubdtype(values.dtype, np.number):
                values = values[np.isfinite(values)]
                if len(values):
                    yield (
                        (trace[f"{letter}axis"] or letter).replace(letter, f"{letter}axis"),
                        values,
                    )


def _set(axis: Any, ends: Sequence[float], room: float) -> None:
    if axis.range is not None or not ends:
        return
    low, high = min(ends), max(ends)
    room = room * (high - low) or (0.0 if high > low else 0.5 * (abs(low) or 1.0))
    axis.range = [low - room, high + room]
