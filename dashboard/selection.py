"""The runs that are selected, on whatever page: names of runs of one data set."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from dash import no_update

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


def selection(seen: Seen, places: Iterable[int]) -> dict[str, Any]:
    """What the store holds when the runs at these positions are selected."""
    return {"data_set": seen.view.data_set.id, "runs": seen.view.names_at(places)}


def selected_in(seen: Seen, places: Sequence[int]) -> Any:
    """The same of a lasso or a box; one that holds no run changes nothing."""
    return selection(seen, places) if places else no_update


def clicked_run(clicked: Any) -> str | None:
    """Name of the run whose mark was clicked in a figure; None where none was."""
    match clicked:
        case {"points": [{"customdata": str(run)}, *_]}:
            return run
    return None
