"""Courses of one run: its channels over the population, above the map of its error."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import ArrayLike, NDArray
from plotly.subplots import make_subplots

from .maps import add_map, map_height
from .style import (
    BLACK,
    BLUE,
    MAX_POINTS,
    SKY_AREA,
    TEMPLATE,
    VERMILLION,
    evenly,
    new_figure,
    plain,
    say_empty,
    small,
    thinned,
    title_panel,
    with_unit,
)
from .times import between, compact, shade, times_of

# Heights of the parts of `run_courses`, in pixels; few panels are higher than many.
FEW, HIGH_PANEL, PANEL, GAP, TOP, BOTTOM = 2, 160, 118, 36, 80, 52

MEASURED: dict[str, Any] = {
    "name": "measured",
    "hover": "measured %{y:.4g}<br>at %{x}<extra></extra>",
    "line": {"color": VERMILLION, "width": 2},
    "marker": {"color": VERMILLION, "symbol": "circle", "size": 7},
}
EXPECTED: dict[str, Any] = {
    "name": "reconstruction",
    "hover": "expected %{y:.4g}<extra></extra>",
    "line": {"color": BLACK, "width": 1.5, "dash": "dot"},
    "marker": {"color": BLACK, "symbol": "x-thin-open", "size": 9, "line": {"width": 1.5}},
}


@dataclass(frozen=True)
class Course:
    """One channel of one run, and how it usually goes.

    Attributes
    ----------
    name, unit : str
        The channel.
    values : ndarray of shape (n_timesteps,)
        What was measured; NaN is a gap.
    reconstruction : ndarray of shape (n_timesteps,), optional
        What the detector expected.
    mean, lower, upper : ndarray of shape (n_phases,), optional
        The population: its mean and its band, over the whole run.
    note : str
        What stands beside the channel's name.
    """

    name: str
    values: NDArray[Any]
    unit: str = ""
    reconstruction: NDArray[Any] | None = None
    mean: NDArray[Any] | None = None
    lower: NDArray[Any] | None = None
    upper: NDArray[Any] | None = None
    note: str = ""


def channel_course(
    course: Course,
    *,
    x: ArrayLike | None = None,
    x_title: str = "timestep",
    stretch: tuple[int, int] | None = None,
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
    _add_course(figure, course, times, band_name)
    shade(figure, times, stretch)
    return figure


def run_courses(
    courses: Sequence[Course],
    contributions: ArrayLike,
    channels: Sequence[str],
    *,
    x: ArrayLike | None = None,
    x_title: str = "timestep",
    stretch: tuple[int, int] | None = None,
    band_name: str = "good runs, mean ± 3σ",
) -> go.Figure:
    """Courses of some channels of one run, one below the other, above its error map.

    Parameters
    ----------
    courses : sequence of Course
        The channels to draw, at least one.
    contributions : array-like of shape (n_timesteps, n_channels)
        As in `error_map`, of all channels.
    channels : sequence of str
        Names of all channels.
    x, x_title, stretch, band_name
        As in `channel_course`.

    Returns
    -------
    plotly.graph_objects.Figure
        All share the axis of time.
    """
    values = np.asarray(contributions, dtype=np.float64)
    panel = HIGH_PANEL if len(courses) <= FEW else PANEL
    heights = [panel] * len(courses) + [map_height(len(channels))]
    inner = sum(heights) + GAP * len(courses)
    figure = make_subplots(
        len(heights), 1, shared_xaxes=True, row_heights=heights, vertical_spacing=GAP / inner
    )
    figure.update_layout(
        template=TEMPLATE, height=inner + TOP + BOTTOM, margin={"t": TOP, "b": BOTTOM}
    )
    figure.update_layout(legend={"y": 1, "yref": "container", "yanchor": "top"})
    times = times_of(x, len(values))
    for row, course in enumerate(courses, start=1):
        _add_course(figure, course, times, band_name, row)
        title_panel(figure, row, with_unit(course.name, course.unit), course.note)
    last = len(heights)
    add_map(figure, values, channels, times, row=last)
    title_panel(figure, last, "contribution to the error", "dark: large, blank: not measured")
    shade(figure, times, stretch, n_rows=last)
    if len(times) == 1:
        figure.update_xaxes(tickvals=compact(times))
    return figure.update_xaxes(title_text=plain(x_title), row=last, col=1)


def _add_course(
    figure: go.Figure,
    course: Course,
    times: NDArray[Any],
    band_name: str,
    row: int | None = None,
) -> None:
    place: dict[str, Any] = {} if row is None else {"row": row, "col": 1}
    legend = row is None or row == 1
    _add_band(figure, course, times, band_name, {**place, "showlegend": legend})
    shared = {**place, "showlegend": legend}
    if course.reconstruction is not None:
        # Between measurements nothing checks the reconstruction: what it does there means nothing.
        expected = np.where(np.isnan(course.values), np.nan, course.reconstruction)
        _add_line(figure, expected, times, EXPECTED, shared)
    _add_line(figure, course.values, times, MEASURED, shared)


def _add_band(
    figure: go.Figure, course: Course, times: NDArray[Any], band_name: str, place: dict[str, Any]
) -> None:
    if course.mean is None or course.lower is None or course.upper is None:
        return
    kept = evenly(len(course.mean), MAX_POINTS)
    mean, lower, upper = (small(b[kept]) for b in (course.mean, course.lower, course.upper))
    half = 0.0 if len(times) > 1 else 0.5  # of one timestep the band is as wide as the timestep
    if len(kept) == 1:
        mean, lower, upper = (np.repeat(b, 2) for b in (mean, lower, upper))
    x = between(times, np.linspace(-half, len(times) - 1 + half, len(mean)))
    area = {"line": {"width": 0}, "mode": "lines", "hoverinfo": "skip", "legendgroup": "band"}
    figure.add_scatter(x=x, y=lower, **{**area, **place, "showlegend": False})
    figure.add_scatter(
        x=x, y=upper, fill="tonexty", fillcolor=SKY_AREA, name=band_name, **area, **place
    )
    figure.add_scatter(
        x=x,
        y=mean,
        mode="lines",
        line={"color": BLUE, "width": 1, "dash": "solid"},
        hoverinfo="skip",
        name="mean of good runs",
        legendgroup="mean",
        **place,
    )


def _add_line(
    figure: go.Figure,
    values: NDArray[Any],
    times: NDArray[Any],
    style: dict[str, Any],
    place: dict[str, Any],
) -> None:
    """Lines where neighbours were measured, too, markers where they were not."""
    missing = np.isnan(values)
    alone = ~missing & np.append(missing[1:], True) & np.insert(missing[:-1], 0, True)
    line = np.where(alone, np.nan, values)
    has_line, points = not np.isnan(line).all(), np.flatnonzero(alone)
    common = {"name": style["name"], "legendgroup": style["name"], "hovertemplate": style["hover"]}
    if len(points):
        points = points[evenly(len(points), MAX_POINTS)]
        figure.add_scatter(
            x=compact(times[points]),
            y=small(values[points]),
            mode="markers",
            marker=style["marker"],
            **{**common, **place, "showlegend": place["showlegend"] and not has_line},
        )
    if has_line:
        kept = thinned(line)
        figure.add_scatter(
            x=compact(times[kept]),
            y=small(line[kept]),
            mode="lines",
            line=style["line"],
            **common,
            **place,
        )
