"""How channels go together in the good runs, and in others."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from dashboard.seen import Seen
from tsad_plugin.forms import plural

from .groups import Floats, Group, good, scored

LEAST = 3  # runs whose correlations say more than chance


class Others(NamedTuple):
    """Runs to compare with the good ones; `name` says which."""

    runs: Group
    name: str


def others(seen: Seen, selected: Sequence[int]) -> Others | None:
    """The selected runs, or else the outliers; None where there is neither."""
    outliers = np.flatnonzero(seen.view.outliers(seen.threshold)).tolist()
    if selected:
        return Others(scored(seen, selected), plural(len(selected), "selected run"))
    return Others(scored(seen, outliers), plural(len(outliers), "outlier")) if outliers else None


def changed_most(usual: Floats, others: Floats) -> tuple[int, int] | None:
    """The two channels whose correlation differs most; None where none can be compared."""
    apart = np.abs(np.triu(others - usual, 1))
    if not np.nanmax(apart, initial=0.0) > 0:
        return None
    first, second = np.unravel_index(np.nanargmax(apart), apart.shape)
    return int(first), int(second)


def change_in_words(seen: Seen, selected: Sequence[int]) -> str:
    """`T and p changed most: correlation 0.92 in the good runs, -0.10 in the 3 outliers`."""
    found = others(seen, selected)
    if found is None:
        return "No run is selected and none is an outlier: there is nothing to compare."
    if len(found.runs) < LEAST:
        return (
            f"No pair is named for {found.name}: how channels go together differs from run to run "
            f"by chance. Select {LEAST} or more."
        )
    usual, there = good(seen).correlation(), found.runs.correlation()
    pair = changed_most(usual, there)
    if pair is None:
        return f"No correlation differs between the good runs and the {found.name}."
    first, second = (seen.view.data_set.channels[c] for c in pair)
    return (
        f"{first} and {second} changed most: correlation {_signed(usual[pair])} in the good runs, "
        f"{_signed(there[pair])} in the {found.name}."
    )


def _signed(value: float) -> str:
    return f"{value:.2f}".replace("-", "−")
