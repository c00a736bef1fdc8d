"""The runs that are selected, on whatever page: names of runs of one data set."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from .seen import Seen

STORE = "shell-selection"


def positions(seen: Seen, stored: Any) -> list[int]:
    """Positions of the selected runs; none where they are of another data set.

    Nor are there any in what another program has left in the browser's storage.
    """
    match stored:
        case {"data_set": seen.view.data_set.id, "runs": [*runs]}:
            chosen = {run for run in runs if isinstance(run, str)}
            return [i for i, run in enumerate(seen.view.names) if run in chosen]
    return []


def selection(seen: Seen, runs: Iterable[str]) -> dict[str, Any]:
    """What the store holds when these runs are selected; those that there are not are left out."""
    known = dict.fromkeys(run for run in runs if run in seen.view.places)
    return {"data_set": seen.view.data_set.id, "runs": list(known)}


def select_at(seen: Seen, places: Iterable[int]) -> dict[str, Any] | None:
    """What the store holds when the runs at these positions are selected; None for none."""
    return selection(seen, runs) if (runs := [seen.view.names[i] for i in places]) else None


def clicked_run(clicked: Any) -> str | None:
    """Name of the run whose mark was clicked in a figure; None where none was."""
    match clicked:
        case {"points": [{"customdata": str(run)}, *_]}:
            return run
    return None


def picked(selected: Mapping[str, Any] | None) -> list[str] | None:
    """Names of the runs that were lassoed in a figure; None where nothing was."""
    if not selected or not selected.get("points"):
        return None
    return [str(point["customdata"]) for point in selected["points"] if "customdata" in point]
