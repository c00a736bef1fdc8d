"""Scores of runs, one by one: the control chart."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from numpy.typing import ArrayLike, NDArray

from .score_axes import add_threshold, axis_type, finite, wants_log
from .style import (
    BLACK,
    BLUE,
    MAX_MARKERS,
    NORMAL,
    OUTLIER,
    new_figure,
    plain,
    say_empty,
    small,
    thinned,
)

MAX_NAMED = 25  # runs whose ids fit below the axis
SIGMAS = (3, 2, 1)
FAINT, STRONG = 0.10, 0.38  # opacity of the widest band and of the narrowest
TINY = 1e-9  # a threshold of which no score is a sensible multiple
RING = {"color": BLACK, "symbol": "circle-open", "size": 18, "line": {"width": 1.5}}
# An open marker takes its colour from its line.
REVIEWED = OUTLIER | {"symbol": "diamond-open", "line": {"width": 2}}


def score_chart(
    scores: ArrayLike,
    *,
    outlier: ArrayLike | None = None,
    ids: Sequence[Any] | None = None,
    labels: Sequence[Any] | None = None,
    verdicts: Sequence[str | None] | None = None,
    calibration: ArrayLike | None = None,
    threshold: float | None = None,
    bands: Sequence[float] = SIGMAS,
    selected: Any = None,
    keep: bool = False,
    log: bool | None = None,
    height: int = 380,
) -> go.Figure:
    """Scores of all runs in their order, over mean ± 1, 2, 3 σ of the calibration scores.

    Parameters
    ----------
    scores : array-like of shape (n_runs,)
        Score of each run.
    outlier : array-like of bool, shape (n_runs,), optional
        Which runs are outliers: drawn as diamonds, with their rank beside the first ten.
    ids, labels : sequence, optional
        Name of each run, and what is known of it; shown under the pointer.
    verdicts : sequence of str or None, optional
        What was decided of each run: an outlier with a verdict is drawn as an open diamond.
    calibration : array-like of shape (n_calibration_runs,), optional
        Scores of good runs that were not trained on; their mean and σ make the bands.
    threshold : float, optional
        Scores above it are outliers.
    bands : sequence of float
        Half widths of the bands, in σ.
    selected : optional
        Id of a run to draw a ring around.
    keep : bool
        Whether the traces of normal runs, outliers, those reviewed and the ring stand in the figure
        where they are empty, too, so that they can be patched when the threshold moves.
    log : bool, optional
        Whether the axis is logarithmic; by default as `wants_log` says.
    height : int
        Height in pixels.

    Returns
    -------
    plotly.graph_objects.Figure
        Of more than 2,000 normal runs only those that draw the same cloud are kept. The axis is
        logarithmic where the highest score is more than ten times the usual. Traces have a `uid`
        (`"normal"`, `"outlier"`, `"reviewed"`, `"selected"`, `"mean"`, `"band-3"` …), and a marker
        has its run's id, as text, for `customdata`: a click gives it back.
    """
    values = np.asarray(scores, dtype=np.float64)
    figure = new_figure(height, "run (in the order of the data)", "score")
    figure.update_layout(uirevision="keep")
    if len(values) == 0:
        return say_empty(figure, "no runs")
    good = finite(calibration)
    log = wants_log(values, good, threshold) if log is None else log
    floor = min(values.min(), good.min(initial=np.inf)) if log else 0
    _add_bands(figure, good, len(values), floor, bands)
    names = list(range(len(values))) if ids is None else list(ids)
    texts = _hover_texts(values, names, labels, verdicts, threshold)
    is_outlier = np.zeros(len(values), bool) if outlier is None else np.asarray(outlier, bool)
    marks = _Marks(figure, values, [str(name) for name in names], texts, keep)
    _add_runs(marks, is_outlier, _known(verdicts, len(values)))
    _add_ring(marks, selected)
    add_threshold(figure, threshold, horizontal=True)
    figure.update_yaxes(rangemode="tozero", **axis_type(log))
    figure.update_xaxes(range=[0.5, len(values) + 0.5], showgrid=False)
    if ids is not None:
        _name_few(figure, names)
    return figure


def _name_few(figure: go.Figure, names: Sequence[Any]) -> None:
    if len(names) <= MAX_NAMED:
        places, named = list(range(1, len(names) + 1)), [plain(name, 16) for name in names]
        figure.update_xaxes(tickvals=places, ticktext=named, title_text="run")


def _add_bands(
    figure: go.Figure, good: NDArray[np.float64], n_runs: int, floor: float, bands: Sequence[float]
) -> None:
    """Mean ± kσ of good runs; `floor` is where the axis begins."""
    if len(good) < 2:
        return
    mean, sigma, ends = good.mean(), good.std(ddof=1), [0.5, n_runs + 0.5]
    opacities = np.linspace(STRONG, FAINT, len(bands))
    for rank, k in reversed(list(enumerate(sorted(bands), start=1))):
        low, high = max(mean - k * sigma, floor), mean + k * sigma
        figure.add_scatter(
            x=[*ends, *ends[::-1]],
            y=[low, low, high, high],
            fill="toself",
            fillcolor=f"rgba(86, 180, 233, {opacities[rank - 1]:.2f})",
            line={"width": 0},
            mode="lines",
            name=f"± {k:g}σ",
            uid=f"band-{k:g}",
            legendrank=1010 + rank,
            hoverinfo="skip",
        )
    figure.add_scatter(
        x=ends,
        y=[mean, mean],
        mode="lines",
        line={"color": BLUE, "width": 1.5, "dash": "dot"},
        name="mean of good runs",
        uid="mean",
        legendrank=1010,
        hovertemplate="mean of good runs: %{y:.3g}<extra></extra>",
    )


def _hover_texts(
    scores: NDArray[np.float64],
    names: Sequence[Any],
    labels: Sequence[Any] | None,
    verdicts: Sequence[str | None] | None,
    threshold: float | None,
) -> list[str]:
    has_times = threshold is not None and threshold > TINY
    times = [f" ({s / threshold:.2f} × threshold)" if has_times else "" for s in scores]
    n_runs = len(scores)
    known = zip(_lines("label", labels, n_runs), _lines("verdict", verdicts, n_runs), strict=True)
    return [
        f"<b>{plain(name)}</b><br>score {score:.3g}{relative}{''.join(lines)}"
        for name, score, relative, lines in zip(names, scores, times, known, strict=True)
    ]


def _lines(what: str, values: Sequence[Any] | None, n_runs: int) -> list[str]:
    """A line for each run of which this is known."""
    if values is None:
        return [""] * n_runs
    return [f"<br>{what}: {plain(v)}" if _is_known(v) else "" for v in values]


def _is_known(value: Any) -> bool:
    return not np.any(pd.isna(value))


def _known(values: Sequence[Any] | None, n_runs: int) -> NDArray[np.bool_]:
    return np.array([_is_known(v) for v in ([None] * n_runs if values is None else values)], bool)


class _Marks(NamedTuple):
    """What every trace of markers is made of."""

    figure: go.Figure
    scores: NDArray[np.float64]
    ids: list[str]
    texts: list[str]
    keep: bool

    def add(self, at: ArrayLike, uid: str, name: str, **style: Any) -> None:
        """Draw the runs at these positions."""
        places = np.asarray(at, dtype=np.intp)
        if len(places) or self.keep:
            self.figure.add_scatter(
                x=(places + 1).astype(np.int32),
                y=small(self.scores[places]),
                customdata=[self.ids[i] for i in places],
                hovertext=[self.texts[i] for i in places],
                uid=uid,
                name=name,
                **{
                    "mode": "markers",
                    "cliponaxis": False,
                    "hovertemplate": "%{hovertext}<extra></extra>",
                    **style,
                },
            )


def _add_runs(marks: _Marks, is_outlier: NDArray[np.bool_], is_reviewed: NDArray[np.bool_]) -> None:
    normal, outliers = np.flatnonzero(~is_outlier), np.flatnonzero(is_outlier)
    shown = normal[thinned(marks.scores[normal], MAX_MARKERS)]
    hidden = "" if len(shown) == len(normal) else f", {len(shown):,} of {len(normal):,} shown"
    marks.add(shown, "normal", f"normal run{hidden}", marker=NORMAL)
    worst = outliers[np.argsort(-marks.scores[outliers], kind="stable")][:MAX_MARKERS]
    ranks = np.array([str(rank) if rank <= 10 else "" for rank in range(1, len(worst) + 1)])
    ranked = {"mode": "markers+text", "textposition": "top center"}
    for uid, name, marker, which in (
        ("outlier", "outlier, with its rank", OUTLIER, ~is_reviewed[worst]),
        ("reviewed", "outlier, reviewed", REVIEWED, is_reviewed[worst]),
    ):
        marks.add(worst[which], uid, name, marker=marker, text=ranks[which].tolist(), **ranked)


def _add_ring(marks: _Marks, selected: Any) -> None:
    at = [] if selected is None else [i for i, n in enumerate(marks.ids) if n == str(selected)]
    # Without the pointer's attention it leaves the click to the run inside it.
    style = {"marker": RING, "hoverinfo": "skip", "hovertemplate": None}
    marks.add(at, "selected", "selected run", **style)
