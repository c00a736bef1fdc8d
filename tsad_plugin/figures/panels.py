"""One panel of a run: a channel over the band of the population, with its reconstruction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from .style import BLACK, BLUE, MAX_POINTS, SKY_AREA, VERMILLION, evenly, plain, small, thinned
from .times import between, compact

MEASURED: dict[str, Any] = {
    "name": "measured",
    "hover": "measured %{{y:.4g}}{more}<br>at %{{x}}",
    "line": {"color": VERMILLION, "width": 2},
    "marker": {"color": VERMILLION, "symbol": "circle", "size": 7},
}
EXPECTED: dict[str, Any] = {
    "name": "reconstruction",
    "hover": "expected %{{y:.4g}}",
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
    band_x : ndarray of shape (n_phases,), optional
        Where the band lies on an axis of numbers, so that a run can be longer or shorter than the
        population; the band bridges phases at which it is NaN. The pointer then tells the band,
        too, and a click anywhere finds a timestep.
    """

    name: str
    values: NDArray[Any]
    unit: str = ""
    reconstruction: NDArray[Any] | None = None
    mean: NDArray[Any] | None = None
    lower: NDArray[Any] | None = None
    upper: NDArray[Any] | None = None
    note: str = ""
    band_x: NDArray[Any] | None = None


def add_course(
    figure: go.Figure,
    course: Course,
    times: NDArray[Any],
    band_name: str,
    row: int | None = None,
) -> None:
    """Draw a channel in a figure or in a row of it, whose first names it all in the legend."""
    place: dict[str, Any] = {} if row is None else {"row": row, "col": 1}
    place["showlegend"] = row is None or row == 1
    band = _band(course, times)
    if band is not None:
        _add_band(figure, band, plain(band_name), place)
    if course.reconstruction is not None:
        # Between measurements nothing checks the reconstruction: what it does there means nothing.
        expected = np.where(np.isnan(course.values), np.nan, course.reconstruction)
        _add_line(figure, expected, times, EXPECTED, place)
    details = None
    if band is not None and course.band_x is not None:
        details = _details(course, band, times, plain(band_name))
        _hover_anywhere(figure)
    _add_line(figure, course.values, times, MEASURED, place, details)


def _hover_anywhere(figure: go.Figure) -> None:
    """Let the pointer, and a click, find the nearest timestep from anywhere in a panel."""
    figure.update_layout(hovermode="x", hoverdistance=-1)
    told = {"name": EXPECTED["name"]}  # with what was measured
    figure.update_traces(hoverinfo="skip", hovertemplate=None, selector=told)


class _Band(NamedTuple):
    """Where the band is drawn, its mean and its ends: each of shape (n_points,)."""

    x: NDArray[Any]
    mean: NDArray[Any]
    lower: NDArray[Any]
    upper: NDArray[Any]


def _band(course: Course, times: NDArray[Any]) -> _Band | None:
    if course.mean is None or course.lower is None or course.upper is None:
        return None
    ends = np.stack([course.mean, course.lower, course.upper])
    if course.band_x is None:
        ends = ends[:, evenly(ends.shape[1], MAX_POINTS)]
        half = 0.0 if len(times) > 1 else 0.5  # of one timestep it is as wide as the timestep
        places = np.linspace(-half, len(times) - 1 + half, max(ends.shape[1], 2))
        x = between(times, places)
    else:
        known = np.flatnonzero(~np.isnan(ends).any(axis=0))
        known = known[evenly(len(known), MAX_POINTS)]
        x, ends = np.asarray(course.band_x, dtype=np.float64)[known], ends[:, known]
        x = x + np.array([-0.5, 0.5]) if len(x) == 1 else x
    if len(x) == 0:
        return None
    return _Band(x, *np.broadcast_to(ends, (3, len(x))))


def _details(
    course: Course, band: _Band, times: NDArray[Any], band_name: str
) -> NDArray[np.object_]:
    """What else the pointer says at each timestep (n_timesteps,)."""
    lower, upper = (
        np.interp(times, band.x, end, left=np.nan, right=np.nan) for end in (band.lower, band.upper)
    )
    expected = course.reconstruction
    texts = np.full(len(times), "", dtype=object)
    for i in np.flatnonzero(~np.isnan(course.values)):
        if expected is not None and not np.isnan(expected[i]):
            texts[i] = f"<br>expected {expected[i]:.4g}"
        if not np.isnan(lower[i]):
            texts[i] += f"<br>{band_name}: {lower[i]:.4g} to {upper[i]:.4g}"
    return texts


def _add_band(figure: go.Figure, band: _Band, band_name: str, place: dict[str, Any]) -> None:
    area = {"line": {"width": 0}, "mode": "lines", "hoverinfo": "skip", "legendgroup": "band"}
    lower = {**area, **place, "showlegend": False}
    figure.add_scatter(x=band.x, y=small(band.lower), **lower)
    figure.add_scatter(
        x=band.x,
        y=small(band.upper),
        fill="tonexty",
        fillcolor=SKY_AREA,
        name=band_name,
        **area,
        **place,
    )
    figure.add_scatter(
        x=band.x,
        y=small(band.mean),
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
    details: NDArray[np.object_] | None = None,
) -> None:
    """Lines where neighbours were measured, too, markers where they were not."""
    missing = np.isnan(values)
    alone = ~missing & np.append(missing[1:], True) & np.insert(missing[:-1], 0, True)
    line = np.where(alone, np.nan, values)
    has_line, points = not np.isnan(line).all(), np.flatnonzero(alone)
    named = {"name": style["name"], "legendgroup": style["name"]}
    if len(points):
        points = points[evenly(len(points), MAX_POINTS)]
        figure.add_scatter(
            x=compact(times[points]),
            y=small(values[points]),
            mode="markers",
            marker=style["marker"],
            **_hover(style, details, points),
            **{**named, **place, "showlegend": place["showlegend"] and not has_line},
        )
    if has_line:
        kept = thinned(line)
        figure.add_scatter(
            x=compact(times[kept]),
            y=small(line[kept]),
            mode="lines",
            line=style["line"],
            **_hover(style, details, kept),
            **named,
            **place,
        )


def _hover(
    style: dict[str, Any], details: NDArray[np.object_] | None, kept: NDArray[np.intp]
) -> dict[str, Any]:
    more = "" if details is None else "%{hovertext}"
    template = style["hover"].format(more=more) + "<extra></extra>"
    return {"hovertemplate": template, "hovertext": None if details is None else details[kept]}
