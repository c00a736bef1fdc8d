"""Which two runs are compared."""

from __future__ import annotations

import numpy as np

from dashboard.answers import Refused
from dashboard.reference import truth
from dashboard.seen import Seen


def two_runs(seen: Seen) -> tuple[int, int, str]:
    """Positions of the two runs that a URL says, and how those were chosen that it does not.

    What is not said is the most abnormal run, and a typical one to hold it against.
    """
    view, url = seen.view, seen.url
    if len(view.names) < 2:
        raise Refused(f"{view.data_set.name} has one run alone: there is none to compare it with")
    second = None if url.other is None else view.position(url.other)
    if url.run is not None:
        first, words = view.position(url.run), []
    else:
        first = next(i for i in view.ranked if i != second)
        words = ["A is the most abnormal run" + ("" if second is None else " but B")]
    if second is None:
        second = typical(seen, first)
        words.append("B is a typical one: its score is the median of those that are no outliers")
    return first, second, ", ".join(words)


def typical(seen: Seen, besides: int) -> int:
    """The run with the median score of those that neither the detector nor anybody calls faulty."""
    view, others = seen.view, np.arange(len(seen.view.names)) != besides
    fine = ~view.outliers(seen.threshold) & (truth(view, seen.standing) != 1) & others
    ranked = np.array(view.ranked)
    good = ranked[(fine if fine.any() else others)[ranked]]
    return int(good[len(good) // 2])
