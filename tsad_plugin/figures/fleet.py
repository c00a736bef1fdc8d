"""Many long series at a glance: when each was normal, faulty, failed, or without a score."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import plotly.graph_objects as go
from numpy.typing import ArrayLike, NDArray

from .bins import as_numbers
from .style import (
    AMBER,
    BLACK_ON_COLOUR,
    GREY,
    PALE_BLUE,
    PAPER,
    VERMILLION,
    evenly,
    new_figure,
    plain,
    say_empty,
)
from .times import between, time_text, times_of

STATES = ("normal", "faulty", "failed", "no score")


def _hatched(colour: str, shape: str, lines: str, size: int) -> dict[str, Any]:
    pattern = {"shape": shape, "fgcolor": lines, "bgcolor": colour, "size": size, "solidity": 0.12}
    return {"color": colour, "pattern": pattern}


LOOKS: dict[str, dict[str, Any]] = {
    "normal": {"color": PALE_BLUE},
    "no score": _hatched(PAPER, ".", GREY, 5),
    "faulty": _hatched(AMBER, "/", BLACK_ON_COLOUR, 8),
    "failed": _hatched(VERMILLION, "x", BLACK_ON_COLOUR, 12),
}
MAX_BARS = 4000  # of each kind
MAX_NAMES = 60
LEAST_WIDTH = 1 / 400  # share of the axis, so that no short segment is lost to sight
# Heights in pixels.
BAR, LEAST_BAR, MOST, TOP, BOTTOM = 24, 5, 1400, 44, 52


class Stretch(NamedTuple):
    """Rows `start` to `end` (exclusive) of one series that are in one state."""

    series: int
    start: int
    end: int


def fleet(
    states: Sequence[ArrayLike],
    ids: Sequence[Any] | None = None,
    *,
    x: Sequence[ArrayLike] | None = None,
    x_title: str = "timestep",
) -> go.Figure:
    """A strip a series over time: normal, faulty, failed, or without a score.

    Parameters
    ----------
    states : sequence of array-like of str, shape (n_timesteps_i,)
        State of each timestep of each series: "normal", "faulty", "failed" or "no score".
    ids : sequence, optional
        Names of the series.
    x : sequence of array-like of shape (n_timesteps_i,), optional
        Times of each series, numbers or datetimes; by default 0, 1, 2 …
    x_title : str
        What they are, with their unit.

    Returns
    -------
    plotly.graph_objects.Figure
        The first series on top. States differ in their hatching, too. No stretch is drawn shorter
        than a four-hundredth of the axis; the pointer tells where it lies.

    Raises
    ------
    ValueError
        If a state is none of these.
    """
    known = [np.asarray(of_series, dtype=str) for of_series in states]
    if unknown := {*np.concatenate(known)} - {*STATES} if known else set():
        raise ValueError(f"states must be among {', '.join(STATES)}, got {str(min(unknown))!r}")
    height = int(np.clip(BAR * len(known), LEAST_BAR, MOST))
    figure = new_figure(height + TOP + BOTTOM, plain(x_title))
    if sum(map(len, known)) == 0:
        return say_empty(figure, "no series")
    times = [times_of(None if x is None else x[i], len(k)) for i, k in enumerate(known)]
    names = [plain(name, 24) for name in (range(len(known)) if ids is None else ids)]
    for state, stretches in _stretches(known).items():
        _add_bars(figure, state, stretches, times, names)
    shown = evenly(len(names), MAX_NAMES)
    figure.update_yaxes(
        range=[len(names) - 0.5, -0.5],
        tickvals=shown.tolist(),
        ticktext=[names[i] for i in shown],
        showgrid=False,
    )
    figure.update_xaxes(**_axis_of(times))
    return figure.update_layout(barmode="overlay", bargap=0.2, margin={"t": TOP, "b": BOTTOM})


def _stretches(known: list[NDArray[Any]]) -> dict[str, list[Stretch]]:
    """Stretches of each state, the longest where there are too many; "normal" lies below all."""
    found: dict[str, list[Stretch]] = {state: [] for state in LOOKS}
    for i, states in enumerate(known):
        found["normal"].append(Stretch(i, 0, len(states)))
        changes = np.flatnonzero(states[1:] != states[:-1]) + 1
        for start, end in pairwise([0, *changes.tolist(), len(states)]):
            if states[start:end].size and states[start] != "normal":
                found[str(states[start])].append(Stretch(i, start, end))
    return {state: _longest(stretches) for state, stretches in found.items() if stretches}


def _longest(stretches: list[Stretch]) -> list[Stretch]:
    return sorted(stretches, key=lambda s: s.start - s.end)[:MAX_BARS]


def _add_bars(
    figure: go.Figure,
    state: str,
    stretches: list[Stretch],
    times: list[NDArray[Any]],
    names: list[str],
) -> None:
    ends = [between(times[s.series], np.array([s.start - 0.5, s.end - 0.5])) for s in stretches]
    numbers = np.array([as_numbers(pair) for pair in ends])
    is_clock = times[0].dtype.kind == "M"
    least = LEAST_WIDTH * float(np.diff(as_numbers(np.array(_ends(times))))[0])
    widths = np.maximum(numbers[:, 1] - numbers[:, 0], least) / (1000 if is_clock else 1)
    figure.add_bar(
        orientation="h",
        base=[str(pair[0]) if is_clock else float(pair[0]) for pair in ends],
        x=widths,
        y=[s.series for s in stretches],
        name=state,
        marker={**LOOKS[state], "line": {"color": GREY, "width": 0.5}},
        customdata=[_text(s, state, times[s.series], names[s.series]) for s in stretches],
        hovertemplate="%{customdata}<extra></extra>",
    )


def _ends(times: list[NDArray[Any]]) -> tuple[Any, Any]:
    """The first and the last time of all."""
    return min(t[0] for t in times if len(t)), max(t[-1] for t in times if len(t))


def _axis_of(times: list[NDArray[Any]]) -> dict[str, Any]:
    first, last = _ends(times)
    if times[0].dtype.kind == "M":
        return {"type": "date", "range": [str(first), str(last)]}
    return {"type": "linear", "range": [float(first) - 0.5, float(last) + 0.5]}


def _text(stretch: Stretch, state: str, times: NDArray[Any], name: str) -> str:
    first, last = (time_text(times[at]) for at in (stretch.start, stretch.end - 1))
    where = "" if state == "normal" else f"<br>{state} from {first} to {last}"
    return f"<b>{name}</b>{where}<br>{stretch.end - stretch.start:,} timesteps"
