"""Bands of many runs, a panel a channel, with some runs laid over them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, NamedTuple

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from .grids import grid
from .panels import GOOD, Band, BandLook, add_band, pieces
from .style import (
    AMBER,
    AMBER_AREA,
    BLACK,
    GREEN,
    GREY,
    LETTER,
    MAX_POINTS,
    VERMILLION,
    evenly,
    letters,
    new_figure,
    plain,
    say_empty,
    small,
    title_panel,
    with_unit,
)

MOST_LINES = 20  # runs that an eye can follow
BUDGET, LEAST = 24_000, 100  # points of all lines, and of one
COLOURS = (VERMILLION, BLACK, GREEN, GREY)
DASHES = ("solid", "dash", "dot", "dashdot", "longdash")  # with the colours: 20 kinds of lines
SYMBOLS = ("circle", "diamond", "square", "cross", "triangle-up")
# Pixels of a panel where it is the only one, one of few, one of many, and of what is around them.
ALONE, HIGH_PANEL, PANEL, BETWEEN, TOP, BOTTOM, LEGEND_LINE = 320, 220, 160, 40, 34, 52, 20
COLUMN_GAP = 0.06  # of the width
LEGEND_WIDTH, SAMPLE = 800, 45  # pixels of a legend, and of a line beside its name
GROUP = BandLook(
    "group",
    "mean of them",
    {
        "fillcolor": AMBER_AREA,
        "fillpattern": {"shape": "/", "size": 6, "fgcolor": AMBER, "fgopacity": 0.6},
    },
    {"color": VERMILLION, "width": 2, "dash": "dash"},
)


class Bands(NamedTuple):
    """Mean and standard deviation of many runs, of each channel at points of an axis.

    Attributes
    ----------
    x : ndarray of shape (n_points,)
        The points.
    mean, std : ndarray of shape (n_points, n_channels)
        NaN where too few runs have a value.
    """

    x: NDArray[Any]
    mean: NDArray[Any]
    std: NDArray[Any]

    def of(self, channel: int, k: float) -> Band | None:
        """Mean ± kσ of a channel, None where it is nowhere known."""
        mean, reach = self.mean[:, channel], k * self.std[:, channel]
        known = np.flatnonzero(~np.isnan(mean + reach))
        known = known[evenly(len(known), MAX_POINTS)]
        if len(known) == 0:
            return None
        x, mean, reach = self.x[known], mean[known], reach[known]
        if len(x) == 1:  # as wide as a timestep
            x, mean, reach = x + np.array([-0.5, 0.5]), mean.repeat(2), reach.repeat(2)
        return Band(x, mean, mean - reach, mean + reach)


@dataclass(frozen=True)
class RunLine:
    """One run to lay over the bands.

    Attributes
    ----------
    run : str
        Its name.
    x : ndarray of shape (n_timesteps,)
        Where its timesteps stand on the axis.
    values : ndarray of shape (n_timesteps, n_channels)
        What was measured; NaN is a gap.
    """

    run: str
    x: NDArray[Any]
    values: NDArray[Any]


def channel_bands(
    good: Bands,
    channels: Sequence[str],
    units: Sequence[str] = (),
    *,
    k: float = 3.0,
    lines: Sequence[RunLine] = (),
    group: Bands | None = None,
    group_name: str = "selected runs, mean ± σ",
    x_title: str = "timestep",
    legend_width: int = LEGEND_WIDTH,
) -> go.Figure:
    """Mean ± kσ of the good runs, a panel a channel, with runs or a second band over them.

    Parameters
    ----------
    good : Bands
        The good runs.
    channels, units : sequence of str
        Names and units of the channels, in the order of those of `good`.
    k : float
        Half width of the band in standard deviations.
    lines : sequence of RunLine
        Runs to draw as lines, on the same axis: at most 20, the first is the widest.
    group : Bands, optional
        Runs that are too many for lines; drawn as mean ± σ.
    group_name : str
        What they are, for the legend.
    x_title : str
        What the axis is, with its unit.
    legend_width : int
        Pixels that the legend has where the page is narrow.

    Returns
    -------
    plotly.graph_objects.Figure
        Five lines differ in dash, all in dash or colour. A click on one gives back the run's name
        as `customdata`. The band's traces come first and have a `uid`: `"good-lower-0"`,
        `"good-upper-0"`, `"good-mean-0"` of the first channel, and so on.

    Raises
    ------
    ValueError
        If there are more lines than 20, or k is not above 0.
    """
    if not k > 0:
        raise ValueError(f"k must be above 0, got {k}")
    if len(lines) > MOST_LINES:
        raise ValueError(
            f"at most {MOST_LINES} runs can be told apart, got {len(lines)}: pass a group"
        )
    if len(channels) == 0:
        return say_empty(new_figure(ALONE, plain(x_title)), "no channels")
    names = [good_name(k), GOOD.mean_name, group_name, *(line.run for line in lines)]
    top = TOP + LEGEND_LINE * _legend_lines(names, legend_width)
    figure = _panels(len(channels), top, x_title)
    room = letters(legend_width / _n_columns(len(channels))) - 2
    for c, name in enumerate(channels):
        title_panel(figure, c + 1, with_unit(name, units[c] if units else "", room))
    _add_bands(figure, good, k, good_name(k), GOOD, tell=not lines)
    if group is not None:
        _add_bands(figure, group, 1.0, plain(group_name), GROUP, tell=not lines)
    most = int(np.clip(BUDGET / max(len(lines) * len(channels), 1), LEAST, MAX_POINTS))
    traces = [_run_traces(line, number, most) for number, line in enumerate(lines)]
    figure.add_traces(list(chain.from_iterable(traces)))
    return figure


def good_name(k: float) -> str:
    """What the band of good runs is called."""
    return f"good runs, mean ± {k:g}σ"


def _panels(n: int, top: int, x_title: str) -> go.Figure:
    """Empty panels in rows, below room for a legend."""
    width = _n_columns(n)
    height = {1: ALONE, 2: HIGH_PANEL}.get(width, PANEL)
    figure = grid(
        [height] * -(-n // width),
        width,
        n_panels=n,
        gap=BETWEEN,
        column_gap=COLUMN_GAP,
        top=top,
        bottom=BOTTOM,
    )
    for c in range(max(n - width, 0), n):  # those with nothing below them
        axis = figure.layout[f"xaxis{_number(c)}"]
        axis.update(showticklabels=True, title_text=plain(x_title))
    return figure


def _n_columns(n_panels: int) -> int:
    return min(n_panels, 1 if n_panels == 1 else 2 if n_panels <= 4 else 3)


def _number(panel: int) -> str:
    """What the axes of a panel are called by, beside their letter."""
    return str(panel + 1) if panel else ""


def _legend_lines(names: Sequence[str], most: int) -> int:
    """Lines of a legend of these names, as a narrow page breaks them."""
    width = sum(SAMPLE + LETTER * min(len(name), 60) for name in names)
    return -(-int(width) // most)


def _place(channel: int, *, first: bool) -> dict[str, Any]:
    """The axes of a channel's panel; what comes first is in the legend."""
    number = _number(channel)
    return {"xaxis": f"x{number}", "yaxis": f"y{number}", "showlegend": first}


def _add_bands(
    figure: go.Figure, bands: Bands, k: float, name: str, look: BandLook, *, tell: bool
) -> None:
    """A band in the panels of all channels; the pointer finds its mean, and σ, if `tell`."""
    found = [(c, bands.of(c, k)) for c in range(bands.mean.shape[1])]
    known = [(c, band) for c, band in found if band is not None]
    for c, band in known:
        place = _place(c, first=c == known[0][0])
        add_band(figure, band, name, place, look, c)
        if tell:
            sigmas = [f"{sigma:.3g}" for sigma in (band.upper - band.mean) / k]
            hover = f"{look.mean_name}: %{{y:.4g}}, σ %{{text}} at %{{x}}<extra></extra>"
            figure.data[-1].update(hoverinfo=None, hovertemplate=hover, text=sigmas)


def _look(number: int) -> dict[str, dict[str, Any]]:
    """How the lines and the dots of a run look."""
    colour = COLOURS[number % len(COLOURS)]
    dash, symbol = DASHES[number % len(DASHES)], SYMBOLS[number % len(SYMBOLS)]
    return {
        "lines": {"line": {"color": colour, "dash": dash, "width": 1.5 if number else 2.5}},
        "markers": {"marker": {"color": colour, "symbol": symbol, "size": 6}},
    }


def _run_traces(line: RunLine, number: int, most: int) -> Iterator[dict[str, Any]]:
    """A run in the panels of all channels, as plotly's dicts: quicker than its objects."""
    look = _look(number)
    named = {
        "type": "scatter",
        "name": plain(line.run, 24),
        "hovertemplate": "%{y:.4g} at %{x}<extra>%{fullData.name}</extra>",
        "legendgroup": f"run-{number}",
    }
    drawn = [pieces(values, most) for values in line.values.T]
    has_both = all(any(len(part[i]) for part in drawn) for i in (0, 1))
    if has_both:  # the legend says which dots belong to which line
        both = {**look["lines"], **look["markers"], "mode": "lines+markers"}
        nowhere = {"x": [None], "y": [None], "uid": f"run-{number}", "showlegend": True}
        yield {**named, **both, **nowhere}
    is_first = not has_both
    for c, (values, (points, kept, heights)) in enumerate(zip(line.values.T, drawn, strict=True)):
        for mode, at, y in (("lines", kept, heights), ("markers", points, values[points])):
            if len(at):
                yield {
                    **named,
                    **look[mode],
                    **_place(c, first=is_first),
                    "mode": mode,
                    "x": small(line.x[at]),
                    "y": small(y),
                    "customdata": [line.run] * len(at),
                    "uid": f"run-{number}-{c}-{mode}",
                }
                is_first = False
