"""What is known of two runs, or of one by two models, line by line and side by side."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pandas as pd

from dashboard.seen import Seen
from dashboard.views import View
from tsad_plugin.forms import plural
from tsad_plugin.results import number, relative

NOTHING = "–"


class Fact(NamedTuple):
    """What is known of both sides, and how they differ."""

    name: str
    first: str
    second: str
    difference: str = ""


def facts(first: Seen, second: Seen) -> list[Fact]:
    """A run of each side, side by side; the difference is A minus B where it is a number."""
    found = [_score(first, second), _times(first, second), _rank(first, second)]
    if first.view.scoring.has_timesteps or second.view.scoring.has_timesteps:
        found += [_stretch(first, second), _channels(first, second)]
    found += [_length(first, second), _said("verdict", first, second, _verdict)]
    if first.view.labels is not None or second.view.labels is not None:
        found.append(_said("label", first, second, lambda seen: label_of(seen.view, seen.position)))
    return found


def _score(first: Seen, second: Seen) -> Fact:
    """Scores of two models have no unit in common."""
    a, b = _number(first, "score"), _number(second, "score")
    is_one = first.view.scoring.id == second.view.scoring.id
    return Fact("score", number(a), number(b), _signed(a - b, number) if is_one else "")


def _times(first: Seen, second: Seen) -> Fact:
    a, b = (
        relative(_number(seen, "score"), np.nan if seen.threshold is None else seen.threshold)
        for seen in (first, second)
    )
    return Fact("× threshold", a, b, "" if "–" in (a, b) else _signed(float(a) - float(b), number))


def _rank(first: Seen, second: Seen) -> Fact:
    a, b = (seen.view.ranks[seen.position] for seen in (first, second))
    of_first, of_second = (f"{len(seen.view.names):,}" for seen in (first, second))
    return Fact("rank", f"{a:,} of {of_first}", f"{b:,} of {of_second}", _signed(a - b, str))


def _stretch(first: Seen, second: Seen) -> Fact:
    a, b = (seen.view.found[seen.position][1] for seen in (first, second))
    how = _order(first, second) if a and b else ""
    return Fact("worst stretch", a or NOTHING, b or NOTHING, how)


def _order(first: Seen, second: Seen) -> str:
    """How two stretches lie, by their first and last timesteps."""
    (a, b), (c, d) = ((_number(s, "start"), _number(s, "end")) for s in (first, second))
    if max(a, c) <= min(b, d):
        return "overlap"
    return "A is earlier" if b < c else "B is earlier"


def _channels(first: Seen, second: Seen) -> Fact:
    a, b = (seen.view.found[seen.position][0] for seen in (first, second))
    leading = [seen.view.table["channel"].iat[seen.position] for seen in (first, second)]
    how = ("the same leads" if leading[0] == leading[1] else "another leads") if a and b else ""
    return Fact("leading channels", a or NOTHING, b or NOTHING, how)


def _length(first: Seen, second: Seen) -> Fact:
    a, b = (int(_number(seen, "n_timesteps")) for seen in (first, second))
    odd = [", unusual" if seen.view.odd_length(seen.position) else "" for seen in (first, second)]
    texts = plural(a, "timestep") + odd[0], plural(b, "timestep") + odd[1]
    return Fact("length", *texts, _signed(a - b, str))


def _said(name: str, first: Seen, second: Seen, of: Callable[[Seen], str]) -> Fact:
    a, b = of(first), of(second)
    how = ("the same" if a == b else "not the same") if a and b else ""
    return Fact(name, a or NOTHING, b or NOTHING, how)


def _verdict(seen: Seen) -> str:
    return seen.standing.verdict(seen.run) or ""


def label_of(view: View, position: int) -> str:
    """What the data say of a run; nothing where they do not."""
    label = None if view.labels is None else view.labels[position]
    return "" if label is None or pd.isna(label) else str(label)


def _number(seen: Seen, column: str) -> float:
    return float(seen.view.table[column].iat[seen.position])


def _signed(value: float, text: Callable[[float], str]) -> str:
    return text(value) if value == 0 else ("−" if value < 0 else "+") + text(abs(value))
