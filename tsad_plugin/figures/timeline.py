"""One long series over time: channels, scores, and what was found in them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from numpy.typing import ArrayLike, NDArray

from .bins import Bins
from .grids import grid
from .score_axes import LOG_FROM, axis_type
from .style import (
    AMBER,
    BLACK,
    BLUE,
    GREY,
    LIMIT,
    OCHRE,
    VERMILLION,
    evenly,
    faded,
    new_figure,
    plain,
    say_empty,
    small,
    title_panel,
    with_unit,
)
from .times import between, compact, time_text, times_of

MAX_CHANNELS = 6  # a panel each
MAX_VALUES = 4000  # a line
MAX_BANDS = 200
MAX_GLITCHES = 200  # a channel
# Heights in pixels.
PANEL, SCORES, GAP, TOP, BOTTOM = 88, 130, 26, 100, 52
# Colour never stands alone: bands differ in their edges, too, and the first of each is named.
BANDS: dict[str, dict[str, Any]] = {
    "faulty": {
        "fillcolor": faded(AMBER, 0.25),
        "line": {"color": OCHRE, "width": 1.5, "dash": "dash"},
    },
    "failed": {
        "fillcolor": faded(VERMILLION, 0.30),
        "line": {"color": VERMILLION, "width": 2, "dash": "solid"},
    },
}
# Pixels that a name stands above the panels.
SHIFTS = {"faulty": 18, "strongest fault": 33, "failed": 48}


def timeline(
    values: ArrayLike,
    scores: ArrayLike,
    channels: Sequence[str],
    *,
    units: Sequence[str] | None = None,
    notes: Sequence[str] | None = None,
    segments: pd.DataFrame | None = None,
    threshold: float | None = None,
    glitches: ArrayLike | None = None,
    x: ArrayLike | None = None,
    x_title: str = "timestep",
    most: int = MAX_VALUES,
) -> go.Figure:
    """Channels of one long series, one below the other, above its timestep scores.

    Parameters
    ----------
    values : array-like of shape (n_timesteps, n_channels)
        The channels to draw, the most telling first; NaN is a gap. Of more than six the first six
        are drawn.
    scores : array-like of shape (n_timesteps,)
        Timestep scores, NaN where there is none.
    channels, units, notes : sequence of str
        Name of each channel, its unit, and what to say beside it.
    segments : DataFrame, optional
        A row a segment: `start`, `end` (exclusive) and `mode`, "faulty" or "failed". Of more than
        200 the longest are shaded. The first of each mode is named, and the fault with the highest
        score where it is another.
    threshold : float, optional
        Scores above it are abnormal.
    glitches : array-like of bool, shape (n_timesteps, n_channels), optional
        Values that are errors of transmission: drawn as marks, at the edge of the panel where they
        lie beyond the others, so that they do not press these flat.
    x : array-like of shape (n_timesteps,), optional
        Times, numbers or datetimes that go forward; by default 0, 1, 2 …
    x_title : str
        What they are, with their unit.
    most : int
        Values of a line. Of a longer series the lowest and the highest of each bin of rows stay.

    Returns
    -------
    plotly.graph_objects.Figure
        The axis of scores is logarithmic where the highest is more than ten times the threshold.
    """
    measured, score = np.asarray(values, dtype=np.float64), np.asarray(scores, dtype=np.float64)
    if len(score) == 0:
        return say_empty(new_figure(200), "no timesteps")
    times, bins = times_of(x, len(score)), Bins.of(len(score), most)
    n_panels = min(measured.shape[1], MAX_CHANNELS)
    glitch = np.zeros(measured.shape, bool) if glitches is None else np.asarray(glitches, bool)
    figure = _panels(n_panels)
    for c in range(n_panels):
        _add_channel(figure, c + 1, measured[:, c], glitch[:, c], times, bins)
        unit, note = units[c] if units else "", notes[c] if notes else ""
        title_panel(figure, c + 1, with_unit(channels[c], unit), note)
    _add_scores(figure, n_panels + 1, score, threshold, times, bins)
    if segments is not None:
        _add_bands(figure, segments, times)
        _name_strongest(figure, segments, score, times)
    ends = between(times, np.array([-0.5, len(times) - 0.5])).tolist()
    figure.update_xaxes(range=ends)
    return figure.update_xaxes(title_text=plain(x_title), row=n_panels + 1, col=1)


def _panels(n: int) -> go.Figure:
    return grid([PANEL] * n + [SCORES], gap=GAP, top=TOP, bottom=BOTTOM)


def _add_channel(
    figure: go.Figure,
    row: int,
    values: NDArray[np.float64],
    glitch: NDArray[np.bool_],
    times: NDArray[Any],
    bins: Bins,
) -> None:
    kept = np.where(glitch, np.nan, values)
    figure.add_scatter(
        y=small(bins.thinned(kept)),
        mode="lines",
        line={"color": BLUE, "width": 1},
        name="measured",
        legendgroup="measured",
        showlegend=row == 1,
        hovertemplate="%{y:.4g} at %{x}<extra></extra>",
        row=row,
        col=1,
        **bins.axis(times),
    )
    figure.update_yaxes(nticks=5, row=row, col=1)
    if glitch.any() and not np.isnan(kept).all():
        _add_glitches(figure, row, values, glitch, times, (np.nanmin(kept), np.nanmax(kept)))


def _add_glitches(
    figure: go.Figure,
    row: int,
    values: NDArray[np.float64],
    glitch: NDArray[np.bool_],
    times: NDArray[Any],
    ends: tuple[float, float],
) -> None:
    found = np.flatnonzero(glitch)
    found = found[evenly(len(found), MAX_GLITCHES)]
    low, high = ends
    margin = 0.06 * (high - low) or 1.0
    below, above = values[found] < low, values[found] > high
    figure.add_scatter(
        x=compact(times[found]),
        y=small(values[found].clip(low - margin, high + margin)),
        customdata=small(values[found]),
        mode="markers",
        marker={
            "color": GREY,
            "size": 5,
            "symbol": np.select([below, above], ["triangle-down", "triangle-up"], "x").tolist(),
        },
        name="glitch, left out",
        legendgroup="glitch",
        showlegend=not any(t.legendgroup == "glitch" for t in figure.data),
        hovertemplate="glitch: %{customdata:.4g} at %{x}<extra></extra>",
        row=row,
        col=1,
    )


def _add_scores(
    figure: go.Figure,
    row: int,
    scores: NDArray[np.float64],
    threshold: float | None,
    times: NDArray[Any],
    bins: Bins,
) -> None:
    figure.add_scatter(
        y=small(bins.thinned(scores)),
        mode="lines",
        line={"color": BLACK, "width": 1.2},
        name="score",
        hovertemplate="score %{y:.3g} at %{x}<extra></extra>",
        row=row,
        col=1,
        **bins.axis(times),
    )
    finite = scores[np.isfinite(scores)]
    log = _spans_decades(finite, threshold)
    figure.update_yaxes(**_score_axis(finite, log, threshold), row=row, col=1)
    title_panel(figure, row, "score" + (" (logarithmic)" if log else ""), "")
    if threshold is not None and np.isfinite(threshold):
        name = f"threshold {threshold:.3g}"
        figure.add_hline(threshold, line=LIMIT, name=name, showlegend=True, row=row, col=1)


def _spans_decades(finite: NDArray[np.float64], threshold: float | None) -> bool:
    """Half of a series may be abnormal: the threshold says what is usual, not the median."""
    if len(finite) == 0 or finite.min() <= 0:
        return False
    usual = threshold if threshold is not None and threshold > 0 else np.median(finite)
    return bool(finite.max() > LOG_FROM * usual)


def _score_axis(finite: NDArray[np.float64], log: bool, threshold: float | None) -> dict[str, Any]:
    """A logarithmic axis leaves the lowest of a thousand scores below it: it may be any depth."""
    if not log:
        return {"rangemode": "tozero"}
    ends = [np.quantile(finite, 1e-3), finite.max()]
    if threshold is not None and threshold > 0:
        ends = [min(ends[0], threshold), max(ends[1], threshold)]
    low, high = np.log10(ends)
    margin = 0.06 * (high - low)
    # Of many decades only whole ones can be named in so low a panel.
    ticks = {} if high - low > 1.5 else axis_type(log)
    return {"type": "log", "dtick": 1, **ticks, "range": [low - margin, high + margin]}


def _add_bands(figure: go.Figure, segments: pd.DataFrame, times: NDArray[Any]) -> None:
    lengths = (segments["end"] - segments["start"]).to_numpy()
    longest = segments.iloc[np.sort(np.argsort(-lengths, kind="stable")[:MAX_BANDS])]
    shapes = list(figure.layout.shapes)
    for mode in BANDS:
        found = longest[longest["mode"] == mode]
        edges = np.stack([found["start"], found["end"]]).T - 0.5
        shapes += [
            _band(between(times, ends).tolist(), mode, i == 0) for i, ends in enumerate(edges)
        ]
        if len(edges):
            _name_band(figure, int(found["start"].iloc[0]), mode, times)
    figure.update_layout(shapes=shapes)  # one by one they would take seconds


def _band(ends: list[Any], mode: str, in_legend: bool) -> dict[str, Any]:
    return {
        "type": "rect",
        "xref": "x",
        "yref": "paper",
        "x0": ends[0],
        "x1": ends[1],
        "y0": 0,
        "y1": 1,
        "layer": "below",
        "name": mode,
        "legendgroup": mode,
        "showlegend": in_legend,
        **BANDS[mode],
    }


def _name_strongest(
    figure: go.Figure, segments: pd.DataFrame, scores: NDArray[np.float64], times: NDArray[Any]
) -> None:
    """Name the fault with the highest score, unless it is the first, which has a name."""
    faults = segments.loc[segments["mode"] == "faulty", ["start", "end"]].to_numpy(dtype=int)
    known = np.nan_to_num(scores, nan=-np.inf)
    peaks = [known[start:end].max(initial=-np.inf) for start, end in faults]
    if peaks and (strongest := int(np.argmax(peaks))):
        _name_band(figure, int(faults[strongest, 0]), "strongest fault", times)


def _name_band(figure: go.Figure, start: int, mode: str, times: NDArray[Any]) -> None:
    """Say above the panels when a band begins, on a line for each kind."""
    to_right = start < 0.6 * len(times)
    when = time_text(times[start])
    figure.add_annotation(
        text=f"▼ <b>{mode}</b> from {when}" if to_right else f"<b>{mode}</b> from {when} ▼",
        x=between(times, np.array([start - 0.5])).tolist()[0],
        xref="x",
        xanchor="left" if to_right else "right",
        xshift=-6 if to_right else 6,
        y=1,
        yref="paper",
        yanchor="bottom",
        yshift=SHIFTS[mode],
        showarrow=False,
    )
