"""The charts of a report on long series."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tsad_plugin import figures
from tsad_plugin.forms import plural

from .charts import axis
from .rendering import Chart, chart
from .survey import Survey

MOST_CHANNELS = 4  # with a panel each
LEAST_SHARE = 0.02
# Values of a line: those of all timelines of a page share a budget.
BUDGET, FEWEST, MOST_VALUES = 20_000, 1000, 4000
MOST_CORRELATED = 60  # channels whose correlations can be told apart


def fleet_chart(survey: Survey) -> Chart:
    """When each series was normal, faulty or failed."""
    axes = [axis(survey.series, i) for i in range(len(survey.series))]
    have_times = all(times is not None for times, _ in axes)
    figure = figures.fleet(
        [found.states for found in survey.found],
        survey.series.ids.tolist(),
        x=[times for times, _ in axes if times is not None] if have_times else None,
        x_title=axes[0][1] if have_times else "timestep",
    )
    label = (
        f"States of {len(survey.series)} series over time: {survey.count('faulty')} faulty and "
        f"{survey.count('failed')} failed segments"
    )
    return chart("chart-fleet", figure, label)


def timeline_charts(survey: Survey, positions: list[int]) -> list[Chart]:
    """Timelines of these series."""
    most = int(np.clip(BUDGET // max(len(positions), 1), FEWEST, MOST_VALUES))
    return [_timeline(survey, position, most, i) for i, position in enumerate(positions)]


def _timeline(survey: Survey, position: int, most: int, number: int) -> Chart:
    series, found = survey.series, survey.found[position]
    n, shown, (times, x_title) = (
        found.n_worth_drawing,
        telling(found.shares),
        axis(series, position),
    )
    rows, segments = series.arrays[position], found.segments
    figure = figures.timeline(
        rows[:n, shown],
        found.scores[:n],
        [series.channels[c] for c in shown],
        units=[survey.units[c] for c in shown],
        segments=segments.assign(end=segments["end"].clip(upper=n)),
        threshold=None if np.isnan(survey.threshold) else survey.threshold,
        glitches=_glitches(survey, rows)[:n, shown],
        x=None if times is None else times[:n],
        x_title=x_title,
        most=most,
    )
    label = f"{plural(len(shown), 'channel')} and the score of series {series.ids[position]}"
    return chart(f"chart-series-{number}", figure, label)


def telling(shares: NDArray[np.float64]) -> list[int]:
    """Channels to draw, the most telling first: those worth a look, at least one."""
    order = np.argsort(-shares, kind="stable")[:MOST_CHANNELS].tolist()
    return [c for c in order if shares[c] >= LEAST_SHARE] or order[:1]


def _glitches(survey: Survey, rows: NDArray[np.float64]) -> NDArray[np.bool_]:
    return np.isnan(survey.detector.preprocessor_.clean(rows)) & ~np.isnan(rows)


def correlation_chart(survey: Survey) -> Chart | None:
    """How the channels learned from go together; none of a single one."""
    table = survey.detector.correlation_
    if len(table) < 2:
        return None
    kept = table.iloc[:MOST_CORRELATED, :MOST_CORRELATED]
    figure = figures.correlation_map(kept.to_numpy(), kept.columns.tolist())
    return chart("chart-correlation", figure, f"Correlation of {len(kept)} channels")
