"""The runs that are selected, on whatever page: names of runs of one data set."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from .seen import Seen

STORE = "shell-selection"


def positions(seen: Seen, stored: Mapping[str, Any] | None) -> list[int]:
    """Positions of the selected runs; none where they are of another data set."""
    if not stored or stored.get("data_set") != seen.view.data_set.id:
        return []
    chosen = set(stored["runs"])
    return [i for i, run in enumerate(seen.view.names) if run in chosen]


def selection(seen: Seen, runs: Iterable[str]) -> dict[str, Any]:
    """What the store holds when these runs are selected; those that there are not are left out."""
    known = dict.fromkeys(run for run in runs if run in seen.view.places)
    return {"data_set": seen.view.data_set.id, "runs": list(known)}


def select_at(seen: Seen, places: Iterable[int]) -> dict[str, Any] | None:
    """What the store holds when the runs at these positions are selected; None for none."""
    return selection(seen, runs) if (runs := [seen.view.names[i] for i in places]) else None


def picked(selected: Mapping[str, Any] | None) -> list[str] | None:
    """Names of the runs that were lassoed in a figure; None where nothing was."""
    if not selected or not selected.get("points"):
        return None
    return [str(point["customdata"]) for point in selected["points"] if "customdata" in point]
