"""What a URL shows, as things stand now."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Self, TypeVar

import numpy as np

from tsad_plugin.population import Population, axes_of
from tsad_plugin.runs import Runs
from tsad_plugin.workspace import Damaged, Verdict

from .answers import Refused
from .reference import Reference, reference
from .state import State
from .views import Standing, View, Views, Which

Read = TypeVar("Read")


@dataclass(frozen=True, eq=False)
class Seen:
    """What a URL shows, as things stand now.

    Attributes
    ----------
    views : Views
        Where it comes from.
    url : State
        The URL, which names the scoring: a newer one does not slip under a page.
    view : View
        The scoring.
    standing : Standing
        What people have decided.
    """

    views: Views
    url: State
    view: View
    standing: Standing

    @classmethod
    def of(cls, views: Views, url: State) -> Self:
        """Look; raises an error where there is nothing, or it is damaged."""
        view = views.of(url.scoring)
        return cls(views, url._replace(scoring=view.scoring.id), view, views.standing(view))

    @classmethod
    def at(cls, views: Views, here: str) -> Self:
        """The same, of the URL that a page keeps."""
        return cls.of(views, State.of(here))

    @cached_property
    def threshold(self) -> float | None:
        """The one that is tried, or else the one that is kept."""
        if self.url.k is None or not self.good.can_scale:
            return self.standing.threshold.value
        return self.good.threshold(self.url.k)

    def trying(self, threshold: float | None) -> Self:
        """The same with another threshold, as far as a URL can say it."""
        if threshold is None or not self.good.can_scale:
            return self
        k = self.good.k(threshold)
        is_kept = threshold == self.standing.threshold.value or not math.isfinite(k)
        url = self.url._replace(k=None if is_kept else k)
        return replace(self, url=url)

    @cached_property
    def good(self) -> Reference:
        """The runs that count as good."""
        return reference(self.view, self.standing, self.url.good)

    @cached_property
    def position(self) -> int:
        """Position of the run."""
        return self.view.position(self.url.run)

    @property
    def run(self) -> str:
        """Name of the run."""
        return self.view.names[self.position]

    def history(self) -> list[Verdict]:
        """All that was said of the run, the newest first."""
        return self.views.workspace.review.history(self.view.data_set, self.run)

    def judge(self, said: Mapping[str, Any], who: str | None) -> Verdict:
        """Keep a verdict: `said` has run and verdict, and may have cause and comment."""
        return self.views.workspace.review.judge(
            self.view.data_set,
            said["run"],
            said["verdict"],
            cause=said.get("cause") or "",
            comment=said.get("comment") or "",
            who=signature(who),
        )

    def of_good(self, read: Callable[[int, tuple[int, ...] | None], Read]) -> Read:
        """What is read of the good runs, by data set and positions; None stands for all.

        Where they are those that the model learned from, and the workspace does not hold these, the
        runs that are no outliers stand in.
        """
        learned, positions = self.view.model.data_set_id, self.good.positions
        if positions is None and learned is not None:
            with suppress(Damaged):
                return read(learned, self.views.trained_on(self.view.model, learned))
        if positions is None:
            positions = np.flatnonzero(~self.view.outliers(self.threshold)).tolist()
        return read(self.view.data_set.id, tuple(positions))

    def population(self, axis: str) -> Population:
        """How the good runs go."""
        channels = self.view.data_set.channels
        return self.of_good(
            lambda data_set, positions: self.views.population(
                Which(data_set, positions, axis, channels)
            )
        )

    def axes(self, run: Runs) -> list[str]:
        """Axes on which both a run and the good runs can be laid."""
        return self.shared_axes(axes_of(run))

    def shared_axes(self, axes: Iterable[str]) -> list[str]:
        """Those of some axes on which the good runs can be laid, too."""
        return [axis for axis in axes if axis != "elapsed" or self._have_clocks()]

    def _have_clocks(self) -> bool:
        """Whether the good runs have times that go forward, of the kind and unit of these."""
        learned, here = self.view.model.data_set_id, self.view.data_set.id
        if self.good.positions is None and learned is not None:
            with suppress(Damaged):  # then the good ones are runs of this data set
                if self.views.clock(learned) != self.views.clock(here):
                    return False
        try:
            return len(self.population("elapsed").x) > 0
        except Damaged:
            raise
        except ValueError:  # times that stand still, or none
            return False


def signature(who: str | None) -> str:
    """The name that is kept with what somebody decides; refused where there is none."""
    name = (who or "").strip()
    if not any(letter.isprintable() and not letter.isspace() for letter in name):
        raise Refused("write your name above first: it is kept with what you decide")
    return name
