"""Runs to explore: good ones, selected ones, those learned from, and what is known of each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tsad_plugin.forms import blocks, plural
from tsad_plugin.inputs import order_of
from tsad_plugin.population import correlation
from tsad_plugin.preprocessing import usual_lengths
from tsad_plugin.workspace import Damaged, Overview, Scoring

from .seen import Seen
from .views import Views

Floats = NDArray[np.float64]

KEPT = 4  # correlations that stay in memory
MOST_NAMED = 100  # runs left out of training


@dataclass(frozen=True)
class Part:
    """Some runs of a data set.

    Attributes
    ----------
    views : Views
        Where they come from.
    data_set : int
        Its number.
    positions : tuple of int or None
        Which runs; None: all.
    order : tuple of int
        Where the channels of the view stand among those of the data set.
    overview : Overview
        Of all runs of the data set.
    """

    views: Views
    data_set: int
    positions: tuple[int, ...] | None
    order: tuple[int, ...]
    overview: Overview = field(compare=False)

    def _of_runs(self, values: NDArray[Any]) -> NDArray[Any]:
        return values if self.positions is None else values[list(self.positions)]

    @property
    def lengths(self) -> NDArray[Any]:
        """(n,): timesteps."""
        return self._of_runs(self.overview.lengths)

    @property
    def durations(self) -> NDArray[Any] | None:
        """(n,): elapsed time, where it is known."""
        durations = self.overview.durations
        return None if durations is None else self._of_runs(durations)

    def statistic(self, name: str) -> Floats:
        """(n, n_channels): one of those of an overview."""
        return self._of_runs(self.overview.statistics[name])[:, list(self.order)]

    def courses(self, channels: Sequence[int] | None = None) -> NDArray[np.float32]:
        """(n, n_points, k): the runs from 0 to 100 %, of some channels or of all."""
        order = self.order if channels is None else [self.order[c] for c in channels]
        courses = self._of_runs(self.overview.courses)
        is_same = list(order) == list(range(courses.shape[2]))
        return courses if is_same else courses[:, :, list(order)]

    def correlation(self) -> Floats:
        """(n_channels, n_channels)."""
        return _correlation(self)

    def __len__(self) -> int:
        return len(self.lengths)


@lru_cache(KEPT)
def _correlation(part: Part) -> Floats:
    return correlation(part.courses())


def part(seen: Seen, data_set: int, positions: Sequence[int] | None = None) -> Part:
    """Runs at these positions of a data set, or all."""
    channels = seen.views.workspace.data_set(data_set).channels
    order = tuple(order_of(channels, seen.view.data_set.channels))
    chosen = None if positions is None else tuple(positions)
    return Part(seen.views, data_set, chosen, order, seen.views.overview(data_set))


def scored(seen: Seen, positions: Sequence[int] | None = None) -> Part:
    """The runs that are looked at, or some of them."""
    return part(seen, seen.view.data_set.id, positions)


def good(seen: Seen) -> Part:
    """The good runs."""
    return seen.of_good(lambda data_set, positions: part(seen, data_set, positions))


def spread(courses: NDArray[Any]) -> tuple[Floats, Floats]:
    """(n, t, c) -> (t, c): mean and standard deviation of runs, NaN where fewer than two have one.

    In the memory of some runs.
    """
    _, t, c = courses.shape
    slices = list(blocks(len(courses), t * c))
    n = sum(np.count_nonzero(~np.isnan(courses[s]), axis=0) for s in slices) + np.zeros((t, c))
    n[n < 2] = np.nan
    mean = sum(np.nansum(courses[s], axis=0, dtype=np.float64) for s in slices) / n
    squares = sum(np.nansum(np.square(courses[s] - mean), axis=0) for s in slices)
    return mean, np.sqrt(squares / (n - 1))


def error_shares(seen: Seen) -> dict[str, float]:
    """Each channel's share of the error of the outliers, where it leads; the largest first."""
    names, table = seen.view.data_set.channels, seen.view.table
    rows = table[seen.view.outliers(seen.threshold) & table["channel"].notna().to_numpy()]
    sums = rows.groupby(rows["channel"].astype(str))["share"].sum().reindex(names, fill_value=0.0)
    shares = sums / (sums.sum() or 1.0)
    return dict(shares.sort_values(ascending=False, kind="stable"))


def common_axes(seen: Seen) -> list[str]:
    """Axes on which all runs and the good ones can be laid."""
    return seen.shared_axes(scored(seen).overview.axes)


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


class Others(NamedTuple):
    """Runs to compare with the good ones; `name` says which."""

    runs: Part
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
