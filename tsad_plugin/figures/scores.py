"""Scores of runs, one by one: the control chart."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from numpy.typing import ArrayLike, NDArray

from .markers import Markers
from .score_axes import add_threshold, axis_type, finite, wants_log
from .style import BLUE, NORMAL, OUTLIER, SKY, faded, new_figure, plain, say_empty

MAX_NAMED = 25  # runs whose ids fit below the axis
MAX_RANKED = 10  # outliers with their rank beside them
SIGMAS = (3, 2, 1)
FAINT, STRONG = 0.10, 0.38  # opacity of the widest band and of the narrowest
TINY = 1e-9  # a threshold of which no score is a sensible multiple
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
    selected: Sequence[int] = (),
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
    selected : sequence of int
        Positions of runs to draw a ring around; those of more than 200 runs are small.
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
        Of more than 1,000 runs of a kind only those are kept that draw the same cloud, and the
        outliers with a rank: `within` finds all that a lasso is drawn around. The axis is
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
    names = range(len(values)) if ids is None else ids
    is_outlier = np.zeros(len(values), bool) if outlier is None else np.asarray(outlier, bool)
    tell = _telling(values, is_outlier, threshold, {"label": labels, "verdict": verdicts})
    places = np.arange(1, len(values) + 1, dtype=np.int32)
    marks = Markers(figure, places, values, names, tell=tell, log=(False, log), keep=keep)
    marks.add(~is_outlier, "normal", "normal run", NORMAL, cliponaxis=False)
    _add_outliers(marks, is_outlier, verdicts)
    marks.ring(selected)
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


def _telling(
    scores: NDArray[np.float64],
    is_outlier: NDArray[np.bool_],
    threshold: float | None,
    known: Mapping[str, Sequence[Any] | None],
) -> Callable[[NDArray[np.intp]], list[str]]:
    """What the pointer tells of runs below their names: `known` is what else, by what it is."""
    given = {what: values for what, values in known.items() if values is not None}
    limit = threshold if threshold is not None and threshold > TINY else None

    def tell(i: int) -> str:
        times = f" ({scores[i] / limit:.2f} × threshold)" if limit and is_outlier[i] else ""
        more = (f"<br>{w}: {plain(v[i])}" for w, v in given.items() if _is_known(v[i]))
        return f"<br>score {scores[i]:.3g}{times}{''.join(more)}"

    return lambda at: [tell(i) for i in at]


def _is_known(value: Any) -> bool:
    return value is not None and not np.any(pd.isna(value))


def _add_outliers(
    marks: Markers, is_outlier: NDArray[np.bool_], verdicts: Sequence[str | None] | None
) -> None:
    outliers = np.flatnonzero(is_outlier)
    worst = outliers[np.argsort(-marks.y[outliers], kind="stable")][:MAX_RANKED]
    ranks = np.full(len(is_outlier), "", dtype="U2")
    ranks[worst] = [str(rank) for rank in range(1, len(worst) + 1)]
    reviewed = np.zeros(len(is_outlier), dtype=bool)
    reviewed[outliers] = [verdicts is not None and _is_known(verdicts[i]) for i in outliers]
    for uid, name, marker, of in (
        ("outlier", "outlier, with its rank", OUTLIER, is_outlier & ~reviewed),
        ("reviewed", "outlier, reviewed", REVIEWED, reviewed),
    ):
        marks.add(of, uid, name, marker, texts=ranks, always=worst, cliponaxis=False)
