"""Two scorings of the same runs: where they agree."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dashboard.reference import performance, truth
from dashboard.seen import Seen
from tsad_plugin.workspace import Scoring

Two = tuple[NDArray[Any], NDArray[Any]]


@dataclass(frozen=True, eq=False)
class Agreement:
    """Two scorings of the same runs, known by their names.

    Attributes
    ----------
    first, second : Seen
        The scorings, A and B.
    positions : tuple of ndarray of int, each of shape (n_shared,)
        Where each of them has the runs that are in both, in the order of the first.
    """

    first: Seen
    second: Seen
    positions: tuple[NDArray[np.intp], NDArray[np.intp]]

    @classmethod
    def of(cls, first: Seen, second: Seen) -> Self:
        """Find the runs that are in both."""
        places = pd.Index(second.view.names).get_indexer(pd.Index(first.view.names))
        found = np.flatnonzero(places >= 0)
        return cls(first, second, (found, places[found]))

    @cached_property
    def names(self) -> NDArray[np.object_]:
        """(n_shared,)."""
        return np.array(self.first.view.names, dtype=object)[self.positions[0]]

    @cached_property
    def scores(self) -> Two:
        """Of each, (n_shared,)."""
        return self._of_both(lambda seen: seen.view.scores)

    @cached_property
    def flagged(self) -> Two:
        """Which runs each calls outliers, (n_shared,)."""
        return self._of_both(lambda seen: seen.view.outliers(seen.threshold))

    @cached_property
    def known(self) -> NDArray[np.float64]:
        """(n_shared,): 1 for a fault, 0 for none, NaN where neither data set knows."""
        first, second = self._of_both(lambda seen: truth(seen.view, seen.standing))
        return np.where(np.isnan(first), second, first)

    @cached_property
    def ranks(self) -> Two:
        """Ranks among the shared runs, (n_shared,); 1 is the most abnormal, ties share theirs."""
        a, b = (pd.Series(-s).rank(method="min").to_numpy(np.intp) for s in self.scores)
        return a, b

    @cached_property
    def correlation(self) -> float:
        """Spearman's rank correlation of the scores; NaN where one of them is constant."""
        a, b = (pd.Series(scores).rank().to_numpy() for scores in self.scores)
        if len(a) < 2 or min(np.ptp(a), np.ptp(b)) == 0:
            return float("nan")
        return float(np.corrcoef(a, b)[0, 1])

    @property
    def said(self) -> str:
        """`both: 5, only A: 2, only B: 1, neither: 92; rank correlation ρ = 0.83 (Spearman)`."""
        a, b = self.flagged
        groups = {"both": a & b, "only A": a & ~b, "only B": ~a & b, "neither": ~a & ~b}
        counts = ", ".join(f"{who}: {mask.sum():,}" for who, mask in groups.items())
        if np.isnan(self.correlation):
            return counts
        return f"{counts}; rank correlation ρ = {self.correlation:.2f} (Spearman)"

    @property
    def performances(self) -> tuple[str, str]:
        """Precision and recall of each on the shared runs; empty where nothing is known."""
        a, b = (performance(flags, self.known) for flags in self.flagged)
        return a, b

    def disagreements(self, most: int) -> NDArray[np.intp]:
        """Which of the shared runs only one calls an outlier, the largest rank difference first."""
        found = np.flatnonzero(self.flagged[0] != self.flagged[1])
        apart = np.abs(self.ranks[0] - self.ranks[1])[found]
        return found[np.argsort(-apart, kind="stable")][:most]

    def _of_both(self, values: Callable[[Seen], NDArray[Any]]) -> Two:
        a, b = self.positions
        return values(self.first)[a], values(self.second)[b]


class Rival(NamedTuple):
    """A scoring to compare with, and how many of its runs are in both."""

    scoring: Scoring
    n_shared: int


def rivals(seen: Seen) -> list[Rival]:
    """Other scorings of the same runs: of this data set first, each time the newest first."""
    workspace, here = seen.views.workspace, seen.view.data_set
    shared = {here.id: here.n_runs, **workspace.shared_runs(here)}
    found = [
        Rival(scoring, shared[scoring.data_set_id])
        for scoring in workspace.scorings()
        if scoring.id != seen.view.scoring.id and scoring.data_set_id in shared
    ]
    return sorted(found, key=lambda rival: rival.scoring.data_set_id != here.id)


def best_rival(seen: Seen) -> int | None:
    """The one to begin with: of another model, if there is one."""
    found = [rival.scoring for rival in rivals(seen)]
    other = [scoring for scoring in found if scoring.model_id != seen.view.model.id]
    return next((scoring.id for scoring in other or found), None)
