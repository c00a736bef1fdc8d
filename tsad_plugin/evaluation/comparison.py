"""What the results of one protocol say, and the words for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from tsad_plugin.forms import plural

from .statistics import ALPHA, TITLES, by_set, cliques, complete, friedman, pairwise, summary

MOST_NAMED = 4


@dataclass(frozen=True)
class Comparison:
    """Results of `benchmark` of one protocol, and what follows from them by one measure."""

    protocol: str
    results: pd.DataFrame
    metric: str = "roc_auc"

    @property
    def title(self) -> str:
        """What the measure is called."""
        return TITLES[self.metric]

    @cached_property
    def table(self) -> pd.DataFrame:
        """The measure, of each data set (row) and detector (column)."""
        return by_set(self.results, self.metric)

    @cached_property
    def failed(self) -> pd.DataFrame:
        """Where a detector has no number and an error instead, in the shape of `table`."""
        rows = self.results.assign(failed=self.results.error != "")
        failed = rows.pivot_table(
            index="dataset", columns="detector", values="failed", aggfunc="any"
        )
        return failed.reindex_like(self.table).eq(True) & self.table.isna()

    @cached_property
    def summary(self) -> pd.DataFrame:
        """A row a detector, by mean rank; those without one come last."""
        order = ["rank", self.metric]
        return summary(self.results, self.metric).sort_values(order, ascending=[True, False])

    @cached_property
    def pairs(self) -> pd.DataFrame:
        """Pairs of detectors that have a rank, the better one of each first."""
        place = {name: i for i, name in enumerate(self.summary.index)}
        by_rank = np.argsort(self.results.detector.map(place).to_numpy(), kind="stable")
        return pairwise(self.results.iloc[by_rank], self.metric)

    @cached_property
    def ranks(self) -> dict[str, float]:
        """Mean rank of each detector that has one, the best first."""
        return self.summary["rank"].dropna().to_dict()

    @cached_property
    def cliques(self) -> list[list[str]]:
        """Neighbours by rank that cannot be told apart."""
        return cliques(self.pairs, self.ranks)

    @cached_property
    def friedman(self) -> float:
        """P-value of all detectors being alike."""
        return friedman(complete(self.table))

    @property
    def n_sets(self) -> int:
        """Data sets on which detectors are ranked."""
        return len(complete(self.table))

    def not_told_from(self, name: str) -> list[str]:
        """Detectors that cannot be told from one, by rank."""
        pairs = self.pairs[~(self.pairs.p_holm < ALPHA)]
        others = {*pairs.b[pairs.a == name], *pairs.a[pairs.b == name]}
        return [other for other in self.ranks if other in others]

    def headline(self) -> str:
        """Who ranks first, and from whom it cannot be told."""
        if not self.ranks:
            return self._unranked()
        lowest = min(self.ranks.values())
        first = [name for name, rank in self.ranks.items() if rank == lowest]
        sets = plural(self.n_sets, "data set")
        if len(self.ranks) == 1:
            mean = self.summary.loc[first[0], self.metric]
            return (
                f"{first[0]} has a mean {self.title} of {mean:.3f} on {sets}; none is ranked "
                "beside it"
            )
        lead = f"{first[0]} ranks" if len(first) == 1 else f"{joined(first)} share the"
        rank = f"{lead} first{'' if len(first) == 1 else ' rank'} of {len(self.ranks)} detectors"
        return f"{rank} on {sets}{self._doubt(first) if len(first) == 1 else ''}"

    def _unranked(self) -> str:
        n = len(self.table.columns)
        if self.table.isna().all(axis=None):
            return f"Nothing could be measured of {plural(n, 'detector')}"
        return (
            f"None of {plural(n, 'detector')} has a number on all of "
            f"{plural(len(self.table), 'data set')}: there is no ranking"
        )

    def _doubt(self, first: Sequence[str]) -> str:
        if self.n_sets == 1:
            return "; one data set cannot tell whether that is more than chance"
        like = self.not_told_from(first[0])
        if not like:
            return f"; it differs from every other (Holm p < {ALPHA:g})"
        if len(like) == len(self.ranks) - 1 > 1:
            return "; it cannot be told from any other"
        return f"; it cannot be told from {joined(like)}"

    def remarks(self) -> list[str]:
        """What to know before the numbers are read."""
        return [
            *self._of_gaps(),
            *self._of_chance(),
            *([self._of_friedman()] if len(self.ranks) > 1 else []),
        ]

    def _of_gaps(self) -> list[str]:
        remarks = []
        nowhere = self.table.index[self.table.isna().all(axis=1)].tolist()
        if nowhere:
            remarks.append(f"No detector could be measured on {joined(nowhere)}.")
        without = [name for name in self.summary.index if name not in self.ranks]
        if without and self.ranks:
            has = "has" if len(without) == 1 else "have"
            remarks.append(
                f"{joined(without)} {has} no number on some data set, so no rank: means over "
                "other sets compare with nothing."
            )
        return remarks

    def _of_chance(self) -> list[str]:
        remarks = []
        if self.results.seed.nunique() == 1:
            remarks.append("There is one seed, so how far chance moves a number is not known.")
        least = len(self.pairs) * 2.0 ** (1 - self.n_sets)
        if self.n_sets > 1 and len(self.pairs) and least >= ALPHA:
            remarks.append(
                f"With {plural(self.n_sets, 'data set')} and {plural(len(self.pairs), 'pair')} no "
                f"Holm p can be below {min(least, 1.0):.2g}, however much detectors differ: take "
                "more data sets, or compare fewer detectors."
            )
        return remarks

    def _of_friedman(self) -> str:
        if np.isnan(self.friedman):
            return "Friedman's test takes at least three detectors and two data sets."
        says = "finds a difference" if self.friedman < ALPHA else "finds no difference"
        return f"Friedman's test {says} among the detectors (p {p_text(self.friedman, '= ')})."


def joined(names: Sequence[str]) -> str:
    """`A, B and C`, the rest counted where there are many."""
    if len(names) > MOST_NAMED + 1:
        names = [*names[:MOST_NAMED], f"{len(names) - MOST_NAMED} others"]
    *head, last = map(str, names)
    return f"{', '.join(head)} and {last}" if head else last


def p_text(p: float, equal: str = "") -> str:
    """Three digits of a p-value, `–` where there is none."""
    if np.isnan(p):
        return "–"
    return "< 0.001" if p < 0.001 else f"{equal}{p:.3f}"
