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
UNSAID = EXPECTED | {"hover": None}  # what was measured says it, too


class BandLook(NamedTuple):
    """How a band looks: `key` tells it from others, `area` and `line` are plotly's."""

    key: str
    mean_name: str
    area: dict[str, Any]
    line: dict[str, Any]


GOOD = BandLook(
    "good",
    "mean of good runs",
    {"fillcolor": SKY_AREA},
    {"color": BLUE, "width": 1, "dash": "solid"},
)


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
        add_band(figure, band, plain(band_name), place)
    details, expectation = None, EXPECTED
    if band is not None and course.band_x is not None:
        # A click finds the nearest timestep from anywhere, and the pointer is told all of it.
        details, expectation = _details(course, band, times, plain(band_name)), UNSAID
        figure.layout.update(hovermode="x", hoverdistance=-1)
    if course.reconstruction is not None:
        # Between measurements nothing checks the reconstruction: what it does there means nothing.
        expected = np.where(np.isnan(course.values), np.nan, course.reconstruction)
        _add_line(figure, expected, times, expectation, place)
    _add_line(figure, course.values, times, MEASURED, place, details)


class Band(NamedTuple):
    """Where the band is drawn, its mean and its ends: each of shape (n_points,)."""

    x: NDArray[Any]
    mean: NDArray[Any]
    lower: NDArray[Any]
    upper: NDArray[Any]


def _band(course: Course, times: NDArray[Any]) -> Band | None:
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
    return Band(x, *np.broadcast_to(ends, (3, len(x))))


def _details(
    course: Course, band: Band, times: NDArray[Any], band_name: str
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


def add_band(
    figure: go.Figure,
    band: Band,
    band_name: str,
    place: dict[str, Any],
    look: BandLook = GOOD,
    number: int | None = None,
) -> None:
    """Draw a band and its mean in a panel; numbered ones have a `uid` of look, part and number."""
    ends = {"line": {"width": 0}, "mode": "lines", "hoverinfo": "skip"}
    area = {**ends, "legendgroup": f"{look.key}-band"}
    lower = {**area, **place, "showlegend": False}
    figure.add_scatter(x=band.x, y=small(band.lower), uid=_uid(look, "lower", number), **lower)
    figure.add_scatter(
        x=band.x,
        y=small(band.upper),
        fill="tonexty",
        name=band_name,
        uid=_uid(look, "upper", number),
        **look.area,
        **area,
        **place,
    )
    figure.add_scatter(
        x=band.x,
        y=small(band.mean),
        mode="lines",
        line=look.line,
        hoverinfo="skip",
        name=look.mean_name,
        legendgroup=f"{look.key}-mean",
        uid=_uid(look, "mean", number),
        **place,
    )


def _uid(look: BandLook, part: str, number: int | None) -> str | None:
    return None if number is None else f"{look.key}-{part}-{number}"


def pieces(
    values: NDArray[Any], most: int = MAX_POINTS
) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[Any]]:
    """What is drawn of values (n,): markers where no neighbour was measured, and a line.

    Positions of the markers, and positions and heights of the line: at most `most` of each.
    """
    missing = np.isnan(values)
    alone = ~missing & np.append(missing[1:], True) & np.insert(missing[:-1], 0, True)
    line = np.where(alone, np.nan, values)
    points = np.flatnonzero(alone)
    kept = np.arange(0) if np.isnan(line).all() else thinned(line, most)
    return points[evenly(len(points), most)], kept, line[kept]


def _add_line(
    figure: go.Figure,
    values: NDArray[Any],
    times: NDArray[Any],
    style: dict[str, Any],
    place: dict[str, Any],
    details: NDArray[np.object_] | None = None,
) -> None:
    """Lines where neighbours were measured, too, markers where they were not."""
    points, kept, line = pieces(values)
    named = {"name": style["name"], "legendgroup": style["name"]}
    if len(points):
        figure.add_scatter(
            x=compact(times[points]),
            y=small(values[points]),
            mode="markers",
            marker=style["marker"],
            **_hover(style, details, points),
            **{**named, **place, "showlegend": place["showlegend"] and not len(kept)},
        )
    if len(kept):
        figure.add_scatter(
            x=compact(times[kept]),
            y=small(line),
            mode="lines",
            line=style["line"],
            **_hover(style, details, kept),
            **named,
            **place,
        )


def _hover(
    style: dict[str, Any], details: NDArray[np.object_] | None, kept: NDArray[np.intp]
) -> dict[str, Any]:
    if style["hover"] is None:
        return {"hoverinfo": "skip"}
    more = "" if details is None else "%{hovertext}"
    template = style["hover"].format(more=more) + "<extra></extra>"
    return {"hovertemplate": template, "hovertext": None if details is None else details[kept]}
