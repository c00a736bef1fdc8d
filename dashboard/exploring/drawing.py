"""From runs to the figures of the population page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import plotly.graph_objects as go

from dashboard.drawing import BAND, traces
from dashboard.seen import Seen
from tsad_plugin import figures
from tsad_plugin.figures import Bands, RunLine
from tsad_plugin.forms import plural
from tsad_plugin.population import axis_title, axis_values

from .correlations import others
from .groups import good, scored, spread
from .learned import left_out, training_lengths
from .summaries import starts, summary

MOVED = ("good-lower", "good-upper")  # traces that another k moves


class Drawn(NamedTuple):
    """What is drawn of the channels."""

    axis: str
    channels: Sequence[str]
    k: float = BAND
    legend_width: int = 800


def overlaid(seen: Seen, selected: Sequence[int]) -> list[int]:
    """The run of the URL, and those that are selected."""
    named = [] if seen.url.run is None else [seen.position]
    return list(dict.fromkeys([*named, *selected]))


def is_crowd(seen: Seen, selected: Sequence[int]) -> bool:
    """Whether they are too many to be told apart."""
    return len(overlaid(seen, selected)) > figures.MOST_LINES


def fitting(seen: Seen, drawn: Drawn, selected: Sequence[int]) -> Drawn:
    """The same on the axis of a crowd, where they are one."""
    return drawn._replace(axis="percent") if is_crowd(seen, selected) else drawn


def bands(seen: Seen, drawn: Drawn, selected: Sequence[int]) -> go.Figure:
    """How the good runs go, channel by channel; over them the selected runs, or their band."""
    crowd, drawn = is_crowd(seen, selected), fitting(seen, drawn, selected)
    columns = [seen.view.data_set.channels.index(name) for name in drawn.channels]
    usual = seen.population(drawn.axis)
    shown = overlaid(seen, [] if crowd else selected)
    return figures.channel_bands(
        Bands(usual.x, usual.mean[:, columns], usual.std[:, columns]),
        drawn.channels,
        [seen.view.data_set.units[c] for c in columns],
        k=drawn.k,
        lines=_lines(seen, shown, columns, drawn.axis, usual.unit),
        group=_group(seen, selected, columns) if crowd else None,
        group_name=f"{plural(len(selected), 'selected run')}, mean ± σ",
        x_title=axis_title(drawn.axis, usual.unit),
        legend_width=drawn.legend_width,
    ).update_layout(uirevision=f"{seen.view.scoring.id} {drawn.axis}")


def _lines(seen: Seen, shown: list[int], columns: list[int], axis: str, unit: str) -> list[RunLine]:
    if not shown:
        return []
    runs = seen.views.workspace.read_runs(seen.view.data_set, shown)
    return [
        RunLine(seen.view.names[position], axis_values(runs, i, axis, unit)[0], values[:, columns])
        for i, (position, values) in enumerate(zip(shown, runs.arrays, strict=True))
    ]


def _group(seen: Seen, selected: Sequence[int], columns: list[int]) -> Bands:
    courses = scored(seen, selected).courses(columns)
    return Bands(np.linspace(0, 100, courses.shape[1]), *spread(courses))


def moved(figure: go.Figure) -> Any:
    """What another k moves in the bands, to be laid over what is drawn."""
    return traces(figure, lambda uid: uid.startswith(MOVED))


def lengths(seen: Seen) -> go.Figure:
    """Lengths of the runs that the model learned from, and of those it scored."""
    learned, here = training_lengths(seen), scored(seen)
    if learned is None:
        return figures.run_lengths([])
    is_other = learned.data_set != here.data_set
    return figures.run_lengths(
        learned.lengths,
        trained_on=learned.trained_on,
        left_out=left_out(seen, learned),
        length_sigma=learned.sigma,
        new=here.lengths if is_other else None,
        new_ids=seen.view.names,
    )


def length_histogram(seen: Seen) -> go.Figure:
    """How these lengths are distributed."""
    learned, here = training_lengths(seen), scored(seen)
    if learned is None:
        return figures.length_histogram([], new=here.lengths)
    return figures.length_histogram(
        learned.lengths,
        trained_on=learned.trained_on,
        length_sigma=learned.sigma,
        new=here.lengths if learned.data_set != here.data_set else None,
    )


def numbers(seen: Seen, what: str, channel: str, selected: Sequence[int]) -> go.Figure:
    """One number of each run over the calendar."""
    found = summary(seen, what, channel)
    return figures.summary_chart(
        found.values,
        title=found.title,
        ids=seen.view.names,
        starts=starts(seen),
        outlier=seen.view.outliers(seen.threshold),
        selected=selected,
        good=found.good,
        log=found.log,
    )


def missing(seen: Seen) -> go.Figure:
    """Which channel misses values in which run."""
    here, began = scored(seen), starts(seen)
    order = np.arange(len(here)) if began is None else np.argsort(began, kind="stable")
    return figures.missing_map(
        here.statistic("missing")[order],
        seen.view.data_set.channels,
        seen.view.names_at(order),
        lengths=here.lengths[order],
        x_title=f"run (in {'the order of the data' if began is None else 'calendar order'})",
    )


def correlation_of_good(seen: Seen) -> go.Figure:
    """How channels go together in the good runs."""
    return figures.correlation_map(good(seen).correlation(), seen.view.data_set.channels)


def correlation_of_others(seen: Seen, selected: Sequence[int]) -> go.Figure:
    """The same of the selected runs, or of the outliers."""
    found = others(seen, selected)
    if found is None:
        return figures.correlation_map(np.empty((0, 0)), [], empty="nothing to compare")
    return figures.correlation_map(found.runs.correlation(), seen.view.data_set.channels)
