"""One number of each run: what there is to choose from, and which runs a lasso holds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from dashboard.seen import Seen
from tsad_plugin.figures import wants_log, within

from .groups import Group, good, scored

Floats = NDArray[np.float64]

STATISTICS = {
    "mean": "mean",
    "std": "standard deviation",
    "minimum": "minimum",
    "maximum": "maximum",
    "missing": "missing share",
}
SUMMARIES = {"score": "score", "length": "length", "duration": "duration", **STATISTICS}


def starts(seen: Seen) -> NDArray[Any] | None:
    """When each run started, where that is a date of each."""
    found = scored(seen).overview.starts
    has_dates = found is not None and found.dtype.kind == "M" and not np.isnat(found).any()
    return found if has_dates else None


class Summary(NamedTuple):
    """One number of each run, what it is, and the same of the good runs.

    `log` says whether it shows only on a logarithmic axis.
    """

    values: Floats
    title: str
    good: Floats | None
    log: bool = False


def summary(seen: Seen, name: str, channel: str) -> Summary:
    """One of `SUMMARIES`, of a channel where it is of one."""
    if name == "score":
        scores, usual_ones = seen.view.scores, seen.good.scores
        log = wants_log(scores, usual_ones, seen.threshold)
        return Summary(scores, "score", usual_ones, log)
    here, usual = scored(seen), good(seen)
    if name == "length":
        return Summary(here.lengths, "length (timesteps)", usual.lengths)
    if name == "duration":
        return _duration(here, usual)
    c = seen.view.data_set.channels.index(channel)
    scale, unit = (100, "%") if name == "missing" else (1, seen.view.data_set.units[c])
    values, others = (scale * runs.statistic(name)[:, c] for runs in (here, usual))
    return Summary(values, _title(f"{STATISTICS[name]} of {channel}", unit), others)


def _duration(here: Group, usual: Group) -> Summary:
    unit, values = here.overview.duration_unit, here.durations
    title = _title("duration", unit or "")
    if values is None:
        return Summary(np.full(len(here), np.nan), title, None)
    return Summary(values, title, usual.durations if usual.overview.duration_unit == unit else None)


def _title(name: str, unit: str) -> str:
    return f"{name} ({unit})" if unit else name


def in_lasso(seen: Seen, event: Mapping[str, Any] | None, shown: Summary) -> list[int]:
    """Positions of the runs that a lasso in the figure of a number is drawn around."""
    began = starts(seen)
    x = np.arange(1, len(shown.values) + 1) if began is None else began
    return within(event, x, shown.values, log=shown.log).tolist()
