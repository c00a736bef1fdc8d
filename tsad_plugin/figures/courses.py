"""Courses of one run: its channels over the population, above the map of its error."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import ArrayLike

from .grids import grid
from .maps import add_map, map_height
from .panels import Course, add_course
from .style import (
    GREY,
    GREY_AREA,
    new_figure,
    plain,
    say_empty,
    thinned,
    title_panel,
    with_unit,
)
from .times import mark, number_one, shade, times_of

# Heights of the parts of `run_courses`, in pixels; few panels are higher than many.
FEW, HIGH_PANEL, PANEL, COUNTS, TOP, BOTTOM = 2, 160, 118, 48, 80, 52
NUMBERED = 5  # of many panels every fifth has numbers on its axis: the last may be out of sight
GAP, NUMBERED_GAP = 36, 44


def channel_course(
    course: Course,
    *,
    x: ArrayLike | None = None,
    x_title: str = "timestep",
    stretch: tuple[int, int] | None = None,
    at: Any = None,
    band_name: str = "good runs, mean ± 3σ",
    height: int = 300,
) -> go.Figure:
    """One channel of one run over the band of the population, with its reconstruction.

    Parameters
    ----------
    course : Course
        The channel.
    x : array-like of shape (n_timesteps,), optional
        Times, numbers or datetimes; by default 0, 1, 2 …
    x_title : str
        What they are, with their unit.
    stretch : tuple of int, optional
        First and last timestep of the worst stretch, to be shaded.
    at : number or datetime, optional
        A time to mark by a line, in units of `x`.
    band_name : str
        What the band is, for the legend.
    height : int
        Height in pixels.

    Returns
    -------
    plotly.graph_objects.Figure
        Points with a gap on both sides are markers, as no line reaches them.
    """
    figure = new_figure(height, plain(x_title), with_unit(course.name, course.unit))
    if len(course.values) == 0:
        return say_empty(figure, "no timesteps")
    times = times_of(x, len(course.values))
    add_course(figure, course, times, band_name)
    shade(figure, times, stretch)
    return mark(figure, at)


def run_courses(
    courses: Sequence[Course],
    contributions: ArrayLike | None = None,
    channels: Sequence[str] = (),
    *,
    x: ArrayLike | None = None,
    x_title: str = "timestep",
    stretch: tuple[int, int] | None = None,
    at: Any = None,
    band_name: str = "good runs, mean ± 3σ",
    n_runs: tuple[ArrayLike, ArrayLike] | None = None,
) -> go.Figure:
    """Courses of some channels of one run, one below the other, above its error map.

    Parameters
    ----------
    courses : sequence of Course
        The channels to draw, at least one.
    contributions : array-like of shape (n_timesteps, n_channels), optional
        As in `error_map`, of all channels; by default there is no map.
    channels : sequence of str
        Names of all channels, for the map.
    x, x_title, stretch, at, band_name
        As in `channel_course`.
    n_runs : tuple of array-like, each of shape (n_points,), optional
        Places on the axis and how many good runs the band is made of there: a low panel.

    Returns
    -------
    plotly.graph_objects.Figure
        All share the axis of time.
    """
    if len(courses) == 0:
        return say_empty(new_figure(HIGH_PANEL + TOP + BOTTOM, plain(x_title)), "no channels")
    panel = HIGH_PANEL if len(courses) <= FEW else PANEL
    heights = [panel] * len(courses) + [COUNTS] * (n_runs is not None)
    if contributions is not None:
        heights.append(map_height(len(channels)))
    figure, last = _stacked(heights), len(heights)
    times = times_of(x, len(courses[0].values))
    for row, course in enumerate(courses, start=1):
        add_course(figure, course, times, band_name, row)
        title_panel(figure, row, with_unit(course.name, course.unit), course.note)
    if n_runs is not None:
        _add_counts(figure, *n_runs, row=len(courses) + 1)
    if contributions is not None:
        add_map(figure, np.asarray(contributions, dtype=np.float64), channels, times, row=last)
        title_panel(figure, last, "contribution to the error", "blank: not measured")
    shade(figure, times, stretch, last, None if contributions is None else last)
    number_one(figure, times)
    for row in range(NUMBERED, last, NUMBERED):
        figure.update_xaxes(showticklabels=True, row=row, col=1)
    figure.update_xaxes(title_text=plain(x_title), row=last, col=1)
    return mark(figure, at, last)


def _stacked(heights: list[int]) -> go.Figure:
    """Empty panels of these heights in pixels, one below the other."""
    gap = GAP if len(heights) <= NUMBERED else NUMBERED_GAP
    return grid(heights, gap=gap, top=TOP, bottom=BOTTOM)


def _add_counts(figure: go.Figure, x: ArrayLike, n: ArrayLike, row: int) -> None:
    """How many good runs there are at each place: fewer, where the shorter ones have ended."""
    places, counts = np.asarray(x), np.asarray(n)
    if len(places) == 1:  # as wide as the band
        places, counts = places + np.array([-0.5, 0.5]), counts.repeat(2)
    kept = thinned(counts.astype(np.float64))
    figure.add_scatter(
        x=places[kept],
        y=counts[kept].astype(np.int32),
        mode="lines",
        line={"color": GREY, "width": 1.5, "shape": "hvh"},
        fill="tozeroy",
        fillcolor=GREY_AREA,
        name="good runs that contribute",
        showlegend=False,
        hovertemplate="%{y:,} good runs at %{x}<extra></extra>",
        row=row,
        col=1,
    )
    top = 1.15 * max(int(counts.max(initial=0)), 1)
    figure.update_yaxes(range=[0, top], nticks=3, tickformat=",d", row=row, col=1)
    title_panel(figure, row, "good runs that contribute", "")
