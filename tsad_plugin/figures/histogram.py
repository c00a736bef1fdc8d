"""How scores are distributed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, Self

import numpy as np
import plotly.graph_objects as go
from numpy.typing import ArrayLike, NDArray

from .score_axes import add_threshold, axis_type, finite, wants_log
from .style import BLACK, BLUE, GREY, GREY_AREA, NO_AREA, new_figure, say_empty

N_BINS = (8, 80)
USUAL_NEW, USUAL_GOOD = 0.9, 0.99  # shares of runs scored and of good ones whose scores are usual
PRESSED = 6.0  # all scores spread so many times as far as the usual ones: too far
ROOM = 4.0  # bins then reach so many times as far as the usual ones
OPEN = (0.5, 1.0)  # widths of a gap, and of the bin behind it that has no upper end


def score_histogram(
    scores: ArrayLike,
    *,
    calibration: ArrayLike | None = None,
    threshold: float | None = None,
    selected: Sequence[int] | None = None,
    log: bool | None = None,
    height: int = 300,
) -> go.Figure:
    """How scores are distributed: a filled shape for good runs held out, an outline for all scored.

    Parameters
    ----------
    scores : array-like of shape (n_runs,)
        Scores of runs.
    calibration : array-like of shape (n_calibration_runs,), optional
        Scores of good runs that were not trained on.
    threshold : float, optional
        Scores above it are outliers.
    selected : sequence of int, optional
        Positions of runs to draw a dotted outline of, of their own; of none of them it is empty.
    log : bool, optional
        Whether the axis is logarithmic; by default as `wants_log` says.
    height : int
        Height in pixels.

    Returns
    -------
    plotly.graph_objects.Figure
        All as shares of their runs, in the same bins; logarithmic where `score_chart` is. The
        threshold is its only shape. Dragging selects a range of scores.

    Notes
    -----
    One gross score would leave all others a few pixels. Where the usual ones (nine of ten scored
    runs, all but one in a hundred good ones, the threshold) would take less than a sixth of the
    axis, they take a quarter of it. All scores beyond are in one last bin, apart from the others,
    which says how many they are. A logarithmic axis alone does not help: it cannot show a score of
    0, and decades of nothing press just as much.
    """
    values = np.asarray(scores, dtype=np.float64)
    new, good = finite(values), finite(calibration)
    figure = new_figure(height, "score", "share of runs (%)")
    figure.update_layout(uirevision="keep", dragmode="select", selectdirection="h")
    if len(new) + len(good) == 0:
        return say_empty(figure, "no runs")
    log = wants_log(new, good, threshold) if log is None else log
    bins = Bins.of(new, good, threshold, log)
    if len(good):
        _add_filled(figure, good, bins)
    if len(new):
        _add_outline(figure, new, bins, "new", "scored runs", {"color": BLUE, "width": 2.5})
    if selected is not None:
        chosen = finite(values[list(selected)])
        line = {"color": BLACK, "width": 2, "dash": "dot"}
        _add_outline(figure, chosen, bins, "selected", "selected", line)
    _name_open(figure, new, bins)
    add_threshold(figure, threshold, horizontal=False)
    figure.update_xaxes(**axis_type(log))
    return figure.update_yaxes(rangemode="tozero")


def histogram_places(
    scores: ArrayLike,
    *,
    calibration: ArrayLike | None = None,
    threshold: float | None = None,
    log: bool | None = None,
) -> NDArray[np.float64]:
    """Where in `score_histogram` of the same arguments each score is: beyond its end, there.

    Parameters
    ----------
    scores, calibration, threshold, log
        As in `score_histogram`.

    Returns
    -------
    ndarray of shape (n_runs,)
        The scores themselves, and the middle of the last bin for all that are in it.
    """
    values = np.asarray(scores, dtype=np.float64)
    new, good = finite(values), finite(calibration)
    if len(new) == 0:
        return values
    log = wants_log(new, good, threshold) if log is None else log
    bins = Bins.of(new, good, threshold, log)
    if not bins.is_open:
        return values
    return np.where(values >= bins.reach, bins.edges[-2:].mean(), values)


class Bins(NamedTuple):
    """Edges (n_bins + 1,) of bins; before a last one that is open there is one that stays empty."""

    edges: NDArray[np.float64]
    is_open: bool

    @classmethod
    def of(
        cls,
        new: NDArray[np.float64],
        good: NDArray[np.float64],
        threshold: float | None,
        log: bool,
    ) -> Self:
        """Bins for all these scores, so narrow that they show how the usual ones lie."""
        if log:
            limit = np.log10(threshold) if threshold is not None and threshold > 0 else None
            logarithmic = cls.of(np.log10(new), np.log10(good), limit, log=False)
            return cls(10**logarithmic.edges, logarithmic.is_open)
        low = float(min(new.min(initial=np.inf), good.min(initial=np.inf)))
        highest = float(max(new.max(initial=-np.inf), good.max(initial=-np.inf)))
        spread = _usual(new, good, threshold) - low
        is_open = highest > low + PRESSED * spread > low
        high = low + ROOM * spread if is_open else highest
        edges = _even(low, high, good if len(good) else new)
        if is_open:
            edges = np.append(edges, edges[-1] + np.cumsum(OPEN) * (edges[1] - edges[0]))
        return cls(edges, is_open)

    @property
    def reach(self) -> float:
        """Where the bins end that are not open."""
        return float(self.edges[-3 if self.is_open else -1])

    def counts(self, values: NDArray[np.float64]) -> NDArray[np.int64]:
        """How many values are in each bin (n_bins,)."""
        inside = np.clip(values, self.edges[0], self.edges[-1])  # rounding puts the lowest outside
        if self.is_open:
            inside[inside >= self.reach] = self.edges[-1]
        return np.histogram(inside, self.edges)[0]


def steps(edges: NDArray[Any], counts: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Where the outline of a histogram goes, from the floor on and back to it: (2·n_bins + 2,)."""
    return np.repeat(edges, 2), np.concatenate([[0], np.repeat(counts, 2), [0]])


def _usual(new: NDArray[np.float64], good: NDArray[np.float64], threshold: float | None) -> float:
    """The highest score that is none to wonder at."""
    pairs = (new, USUAL_NEW), (good, USUAL_GOOD)
    ends = [float(np.quantile(v, share, method="lower")) for v, share in pairs if len(v)]
    if threshold is not None and np.isfinite(threshold):
        ends.append(threshold)
    return max(ends)


def _even(low: float, high: float, usual: NDArray[np.float64]) -> NDArray[np.float64]:
    if low == high:
        low, high = low - 0.5 * (abs(low) or 1.0), high + 0.5 * (abs(high) or 1.0)
    width = 0.5 * usual[usual <= high].std() or high - low
    return np.linspace(low, high, int(np.clip((high - low) / width, *N_BINS)) + 1)


def _add_filled(figure: go.Figure, values: NDArray[np.float64], bins: Bins) -> None:
    x, counts = steps(bins.edges, bins.counts(values))
    figure.add_scatter(
        x=x,
        y=100 * counts / len(values),
        mode="lines",
        line={"color": GREY, "width": 1},
        fill="tozeroy",
        fillcolor=GREY_AREA,
        fillpattern={"shape": "/", "size": 6, "fgcolor": GREY, "fgopacity": 0.6},
        uid="held-out",  # in the name of its hatching, too: a blank there makes it black
        name=f"good runs held out ({len(values):,})",
        text=[f"{c:,} of {len(values):,}" for c in counts],
        hovertemplate="held out: %{text} runs (%{y:.1f} %)<extra></extra>",
    )


def _add_outline(
    figure: go.Figure,
    values: NDArray[np.float64],
    bins: Bins,
    uid: str,
    name: str,
    line: dict[str, Any],
) -> None:
    x, counts = steps(bins.edges, bins.counts(values)) if len(values) else np.empty((2, 0), int)
    figure.add_scatter(
        x=x,
        y=100 * counts / max(len(values), 1),
        # Only beside markers is there a button to select with.
        mode="lines+markers",
        marker={"color": NO_AREA, "size": 1},
        line=line,
        uid=uid,
        name=f"{name} ({len(values):,})",
        text=[f"{c:,} of {len(values):,}" for c in counts],
        hovertemplate=f"{name}: %{{text}} (%{{y:.1f}} %)<extra></extra>",
    )


def _name_open(figure: go.Figure, new: NDArray[np.float64], bins: Bins) -> None:
    """Say how many scored runs are in the bin without an end, above it."""
    if bins.is_open:
        n_beyond = int((new >= bins.reach).sum())
        figure.add_annotation(
            text=f"> {bins.reach:.3g}: {n_beyond:,} {'run' if n_beyond == 1 else 'runs'}",
            x=1,
            xref="paper",
            xanchor="right",
            y=1,
            yref="paper",
            yanchor="top",
            xshift=-24,  # beside the buttons
            showarrow=False,
        )
