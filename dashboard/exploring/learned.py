"""The runs that a model learned from, and which of them it left out."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from dashboard.seen import Seen
from tsad_plugin.preprocessing import usual_lengths
from tsad_plugin.workspace import Damaged, Scoring

MOST_NAMED = 100  # runs left out of training


class Lengths(NamedTuple):
    """Lengths of the runs that the model learned from, and which of them it left out.

    Attributes
    ----------
    lengths : ndarray of shape (n,)
        Timesteps.
    trained_on : ndarray of bool, shape (n,)
        False for those that were left out.
    sigma : float or None
        Those that are further from the mean, in standard deviations, were left out.
    data_set : int
        Where they are.
    """

    lengths: NDArray[Any]
    trained_on: NDArray[np.bool_]
    sigma: float | None
    data_set: int


def training_lengths(seen: Seen) -> Lengths | None:
    """Of the runs that the model learned from; None where the workspace does not hold them."""
    learned, sigma = seen.view.model.data_set_id, seen.view.model.parameters.get("length_sigma")
    if learned is None:
        return None
    try:
        lengths = seen.views.overview(learned).lengths
    except Damaged:
        return None
    return Lengths(lengths, usual_lengths(lengths, sigma), sigma, learned)


def learned_scoring(seen: Seen) -> Scoring | None:
    """The newest scoring by the same model of the runs that it was fitted on, if there is one."""
    view = seen.view
    if view.data_set.id == view.model.data_set_id:
        return view.scoring
    fitted_on = (view.model.id, view.model.data_set_id)
    found = (s for s in seen.views.workspace.scorings() if (s.model_id, s.data_set_id) == fitted_on)
    return next(found, None)


def left_out(seen: Seen, learned: Lengths) -> list[str]:
    """Names of the runs left out of training, as far as there are few."""
    positions = np.flatnonzero(~learned.trained_on)[:MOST_NAMED].tolist()
    if not positions:
        return []
    workspace = seen.views.workspace
    runs = workspace.read_runs(workspace.data_set(learned.data_set), positions)
    return [str(run) for run in runs.ids.tolist()]
