"""Axes of time: numbers or datetimes, and stretches of them."""

from __future__ import annotations

from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import ArrayLike, NDArray

from .style import AMBER_AREA, GREEN, NO_AREA, OCHRE, VERMILLION


def times_of(x: ArrayLike | None, n: int) -> NDArray[Any]:
    """Where timesteps stand."""
    return np.arange(n) if x is None else np.asarray(x)


def between(times: NDArray[Any], positions: NDArray[np.float64]) -> NDArray[Any]:
    """Times at positions between timesteps; beyond the ends the last step goes on."""
    clock = np.issubdtype(times.dtype, np.datetime64)
    numbers = times.astype("datetime64[us]").astype(np.int64) if clock else times.astype(float)
    steps = np.diff(numbers) if len(numbers) > 1 else [3_600_000_000 if clock else 1]
    wider = np.concatenate([[numbers[0] - steps[0]], numbers, [numbers[-1] + steps[-1]]])
    found = np.interp(positions, np.arange(-1, len(numbers) + 1), wider)
    return compact(found.round().astype(np.int64).astype("datetime64[us]") if clock else found)


def compact(times: NDArray[Any]) -> NDArray[Any]:
    """Datetimes no finer than they need be: they are written out as text."""
    if not np.issubdtype(times.dtype, np.datetime64):
        return times
    coarser = (times.astype(f"datetime64[{unit}]") for unit in ("s", "ms"))
    return next((c for c in coarser if (c == times).all()), times.astype("datetime64[us]"))


def time_text(time: Any) -> str:
    """A time to read: to the minute, or a number; safe to draw."""
    if isinstance(time, np.datetime64):
        return str(time.astype("datetime64[m]")).replace("T", " ")
    return f"{time:,}" if isinstance(time, int | np.integer) else f"{time:g}"


def number_one(figure: go.Figure, times: NDArray[Any]) -> None:
    """Where there is one timestep alone, name no other on the axis."""
    if len(times) == 1:
        figure.update_xaxes(tickvals=compact(times))


def shade(
    figure: go.Figure,
    times: NDArray[Any],
    stretch: tuple[int, int] | None,
    n_rows: int = 1,
    map_row: int | None = None,
) -> None:
    """Mark the worst stretch, half a timestep wider on both sides, by area and by dashed edges.

    On a map, which an area would hide, by the edges alone.
    """
    if stretch is None or len(times) == 1:
        return
    x0, x1 = between(times, np.array([stretch[0] - 0.5, stretch[1] + 0.5])).tolist()
    rows = range(1, n_rows + 1)
    _add_shapes(figure, [_stretch(row, x0, x1, is_map=row == map_row) for row in rows])


def _stretch(row: int, x0: Any, x1: Any, *, is_map: bool) -> dict[str, Any]:
    return {
        "type": "rect",
        "x0": x0,
        "x1": x1,
        "layer": "above" if is_map else "below",
        "fillcolor": NO_AREA if is_map else AMBER_AREA,
        "line": {"color": VERMILLION if is_map else OCHRE, "width": 1.5, "dash": "dash"},
        "name": "worst stretch",
        **_over(row),
    }


def mark(figure: go.Figure, at: Any, n_rows: int = 1) -> go.Figure:
    """Draw a line at a time, if there is one."""
    if at is not None:
        line = {"color": GREEN, "width": 2, "dash": "dashdot"}
        look = {"type": "line", "x0": at, "x1": at, "line": line, "name": "selected time"}
        _add_shapes(figure, [{**look, **_over(row)} for row in range(1, n_rows + 1)])
    return figure


def _add_shapes(figure: go.Figure, shapes: list[dict[str, Any]]) -> None:
    """At once: each that plotly adds alone makes it look at all others again."""
    figure.layout.shapes = [*figure.layout.shapes, *shapes]


def _over(row: int) -> dict[str, Any]:
    """What makes a shape as high as a row of panels; the legend names that of the first."""
    number = "" if row == 1 else str(row)
    domain = {"xref": f"x{number}", "yref": f"y{number} domain", "y0": 0, "y1": 1}
    return {**domain, "showlegend": row == 1}
