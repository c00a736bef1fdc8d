"""Scores of runs, one by one: the control chart."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
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
    SKY,
    evenly,
    faded,
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
MOST_RINGS = 200  # so wide that each stands out
RING = {"color": BLACK, "symbol": "circle-open", "size": 18, "line": {"width": 1.5}}
SMALL_RING = RING | {"size": 10, "line": {"width": 1}}
# An open marker takes its colour from its line.
REVIEWED = OUTLIER | {"symbol": "diamond-open", "line": {"width": 2}}
# Rings show what is selected, in whatever chart it was: plotly knows of its own lasso alone.
UNDIMMED = {"selected": {"textfont": {"color": BLACK}}, "unselected": {"marker": {"opacity": 1}}}


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
        Id of a run to draw a ring around, or a collection of ids. The rings of more than 200 runs
        are small.
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
        Of more than 1,000 runs only those that draw the same cloud are kept, and the 1,000 worst
        outliers: `within` finds all that a lasso is drawn around. The axis is logarithmic where the
        highest score is more than ten times the usual. Traces have a `uid` (`"normal"`,
        `"outlier"`, `"reviewed"`, `"selected"`, `"mean"`, `"band-3"` …), and a marker has its run's
        id, as text, for `customdata`: a click gives it back.
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
    names = range(len(values)) if ids is None else ids
    is_outlier = np.zeros(len(values), bool) if outlier is None else np.asarray(outlier, bool)
    known = {"label": labels, "verdict": verdicts}
    marks = _Marks(figure, values, names, {k: v for k, v in known.items() if v is not None}, keep)
    _add_normal(marks, is_outlier)
    _add_outliers(marks, is_outlier, verdicts, threshold)
    _add_rings(marks, selected)
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
            fillcolor=faded(SKY, opacities[rank - 1]),
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


class _Marks(NamedTuple):
    """What every trace of markers is made of."""

    figure: go.Figure
    scores: NDArray[np.float64]
    ids: Sequence[Any]
    known: Mapping[str, Sequence[Any]]  # what else the pointer tells, by what it is
    keep: bool

    def add(self, at: NDArray[np.intp], uid: str, name: str, **style: Any) -> None:
        """Draw the runs at these positions."""
        if len(at) or self.keep:
            self.figure.add_scatter(
                x=(at + 1).astype(np.int32),
                y=small(self.scores[at]),
                customdata=_texts(str(self.ids[i]) for i in at),
                uid=uid,
                name=name,
                **{"mode": "markers", "cliponaxis": False, **style},
            )

    def pointed_at(self, at: NDArray[np.intp], threshold: float | None = None) -> dict[str, Any]:
        """What the pointer tells of these runs, and that they stay as they are when selected."""
        texts = [f"<b>{plain(self.ids[i])}</b><br>score {self.scores[i]:.3g}" for i in at]
        if threshold is not None and threshold > TINY:
            times = self.scores[at] / threshold
            texts = [f"{t} ({x:.2f} × threshold)" for t, x in zip(texts, times, strict=True)]
        for what, values in self.known.items():
            lines = [f"<br>{what}: {plain(values[i])}" if _is_known(values[i]) else "" for i in at]
            texts = [text + line for text, line in zip(texts, lines, strict=True)]
        return {
            "hovertext": _texts(texts),
            "hovertemplate": "%{hovertext}<extra></extra>",
            **UNDIMMED,
        }


def _texts(texts: Iterable[str]) -> NDArray[np.str_]:
    """An array, as plotly takes a list letter by letter, twice."""
    return np.array(list(texts), dtype=np.str_)


def _is_known(value: Any) -> bool:
    return value is not None and not np.any(pd.isna(value))


def _add_normal(marks: _Marks, is_outlier: NDArray[np.bool_]) -> None:
    """Draw normal runs, as nearly the same ones as can be whatever the threshold is."""
    shown = thinned(np.where(is_outlier, np.nan, marks.scores), MAX_MARKERS)
    shown, n_normal = shown[~is_outlier[shown]], int((~is_outlier).sum())
    hidden = "" if len(shown) == n_normal else f", {len(shown):,} of {n_normal:,} shown"
    marks.add(shown, "normal", f"normal run{hidden}", marker=NORMAL, **marks.pointed_at(shown))


def _add_outliers(
    marks: _Marks,
    is_outlier: NDArray[np.bool_],
    verdicts: Sequence[str | None] | None,
    threshold: float | None,
) -> None:
    outliers = np.flatnonzero(is_outlier)
    worst = outliers[np.argsort(-marks.scores[outliers], kind="stable")][:MAX_MARKERS]
    ranks = np.array([str(rank) if rank <= 10 else "" for rank in range(1, len(worst) + 1)])
    reviewed = np.array([verdicts is not None and _is_known(verdicts[i]) for i in worst], bool)
    for uid, name, marker, which in (
        ("outlier", "outlier, with its rank", OUTLIER, ~reviewed),
        ("reviewed", "outlier, reviewed", REVIEWED, reviewed),
    ):
        pointed_at = marks.pointed_at(worst[which], threshold)
        ranked = {"mode": "markers+text", "textposition": "top center"}
        ranked["text"] = ranks[which].tolist()
        marks.add(worst[which], uid, name, marker=marker, **ranked, **pointed_at)


def _add_rings(marks: _Marks, selected: Any) -> None:
    wanted = _as_ids(selected)
    at = np.array([i for i, run in enumerate(marks.ids) if wanted and str(run) in wanted], np.intp)
    shown = at[evenly(len(at), MAX_MARKERS)] if len(at) else at
    name = "selected run" if len(at) <= 1 else f"selected runs ({len(at):,})"
    # Without the pointer's attention they leave the click to the run inside.
    style = {"marker": ring_of(len(at)), "hoverinfo": "skip"}
    marks.add(shown, "selected", name, **style, **UNDIMMED)


def ring_of(n_selected: int) -> dict[str, Any]:
    """The ring around each of so many runs: of many it is small."""
    return RING if n_selected <= MOST_RINGS else SMALL_RING


def _as_ids(selected: Any) -> set[str]:
    """Ids as text, of one or of many."""
    if selected is None:
        return set()
    is_one = isinstance(selected, str) or not isinstance(selected, Iterable)
    return {str(selected)} if is_one else {str(run) for run in selected}
