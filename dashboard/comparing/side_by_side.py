"""What stands side by side, and its figures: two runs, or one run by two models."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import plotly.graph_objects as go

from dashboard import drawing
from dashboard.answers import Refused
from dashboard.drawing import RunView, alone, look
from dashboard.seen import Seen
from tsad_plugin import figures

from .agreement import Agreement
from .two_runs import two_runs

HALF = 370  # pixels of the name of a panel in half of a narrow page
Figures = tuple[go.Figure, go.Figure]


def sides(seen: Seen) -> tuple[Seen, Seen]:
    """A and B, each with a run: two runs of a scoring, or one run by two models."""
    if seen.url.rival is not None:
        return seen, rival_of(seen)
    first, second, _ = two_runs(seen)
    return with_run(seen, seen.view.names[first]), with_run(seen, seen.view.names[second])


def with_run(seen: Seen, run: str) -> Seen:
    """The same scoring, with another run."""
    return replace(seen, url=seen.url._replace(run=run))


def rival_of(seen: Seen) -> Seen:
    """The scoring that it is compared with; its threshold and good runs are its own."""
    if seen.url.rival == seen.view.scoring.id:
        raise Refused("a scoring always agrees with itself: choose another one to compare it with")
    return Seen.of(seen.views, seen.url._replace(scoring=seen.url.rival, rival=None))


def names_of(seen: Seen, first: Seen, second: Seen) -> tuple[str, str]:
    """What A and B are called: two runs, or the models of two scorings."""
    if seen.url.rival is None:
        return f"A: run {first.run}", f"B: run {second.run}"
    return f"A: {called(first)}", f"B: {called(second)}"


def called(seen: Seen) -> str:
    """`FCAutoEncoder (scoring 2)`."""
    return f"{seen.view.model.detector} (scoring {seen.view.scoring.id})"


@dataclass(frozen=True, eq=False)
class Sides:
    """A run of each side, on one axis."""

    first: RunView
    second: RunView

    @cached_property
    def shares(self) -> dict[str, float]:
        """Of the channels that are on both sides the larger share of the error, the largest first.

        By two models these are shares of different errors, but each of them adds up to 1.
        """
        theirs = self.second.shares
        larger = {c: max(s, theirs[c]) for c, s in self.first.shares.items() if c in theirs}
        return dict(sorted(larger.items(), key=lambda item: -item[1]))

    @property
    def has_errors(self) -> bool:
        """Whether a detector tells when and in which channel."""
        return self.first.found is not None or self.second.found is not None

    def courses(self, channels: list[str]) -> Figures:
        """The same channels of both, on the same axes."""
        runs = self.first, self.second
        return _aligned(*(drawing.courses(run, channels, name_width=HALF) for run in runs))

    def maps(self) -> Figures:
        """Both error maps, with the channels in one order; of one model in one scale of colours."""
        largest = None
        if self.first.view.scoring.id == self.second.view.scoring.id:
            largest = max(_largest(self.first), _largest(self.second))
        maps = (
            drawing.error_map(run, order=self._order(run), zmax=largest)
            for run in (self.first, self.second)
        )
        return _aligned(*maps)

    def _order(self, run: RunView) -> list[int]:
        """Positions of a run's channels, those that are on both sides first."""
        others = (channel for channel in run.shares if channel not in self.shares)
        return [run.runs.channels.index(channel) for channel in (*self.shares, *others)]


def _aligned(first: go.Figure, second: go.Figure) -> Figures:
    ranges = figures.shared_ranges([first, second])
    return first.update_layout(ranges), second.update_layout(ranges)


def _largest(run: RunView) -> float:
    contributions = run.contributions
    return 0.0 if contributions is None else float(np.nanmax(contributions, initial=0.0))


def axes_of(first: Seen, second: Seen) -> set[str]:
    """Axes on which both sides can be laid."""
    return set(first.axes(alone(first))) & set(second.axes(alone(second)))


def looked_at(first: Seen, second: Seen, axis: str) -> Sides:
    """Both on an axis."""
    return Sides(look(first, axis), look(second, axis))


def agreement(found: Agreement, selected: Sequence[int] = ()) -> go.Figure:
    """Scores of two models, run by run; selected are positions in the first scoring."""
    both = found.first, found.second
    return figures.score_agreement(
        *found.scores,
        ids=found.names.tolist(),
        titles=(f"A: {called(both[0])}", f"B: {called(both[1])}"),
        thresholds=(both[0].threshold, both[1].threshold),
        selected=np.flatnonzero(np.isin(found.positions[0], selected)).tolist(),
        outlier=found.flagged,
        log=_are_log(found),
    )


def _are_log(found: Agreement) -> tuple[bool, bool]:
    return drawing.is_log(found.first), drawing.is_log(found.second)


def within(found: Agreement, event: Mapping[str, Any] | None) -> list[int]:
    """Positions, in the first scoring, of the runs that a lasso in this figure is drawn around."""
    log_x, log = _are_log(found)
    inside = figures.within(event, *found.scores, log=log, log_x=log_x)
    return found.positions[0][inside].tolist()
