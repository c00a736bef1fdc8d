"""Some runs of a data set, good ones or those looked at, and what is known of each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dashboard.drawing import largest_first
from dashboard.seen import Seen
from dashboard.views import Views
from tsad_plugin.figures import MOST_LINES
from tsad_plugin.forms import blocks
from tsad_plugin.inputs import order_of
from tsad_plugin.population import correlation
from tsad_plugin.workspace import Overview, Scoring

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Group:
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
        return self.views.memory.of(_correlation, self)

    def __len__(self) -> int:
        return len(self.lengths)


def _correlation(group: Group) -> Floats:
    return correlation(group.courses())


def group(seen: Seen, data_set: int, positions: Sequence[int] | None = None) -> Group:
    """Runs at these positions of a data set, or all."""
    channels = seen.views.workspace.data_set(data_set).channels
    order = tuple(order_of(channels, seen.view.data_set.channels))
    chosen = None if positions is None else tuple(positions)
    return Group(seen.views, data_set, chosen, order, seen.views.overview(data_set))


def scored(seen: Seen, positions: Sequence[int] | None = None) -> Group:
    """The runs that are looked at, or some of them."""
    return group(seen, seen.view.data_set.id, positions)


def good(seen: Seen) -> Group:
    """The good runs."""
    return seen.of_good(lambda data_set, positions: group(seen, data_set, positions))


def mean_course(courses: NDArray[Any], least: int = 1) -> tuple[Floats, Floats]:
    """(n, t, c) -> (t, c): mean of runs, and how many have a value; NaN where these are too few.

    In the memory of some runs, as is `spread`.
    """
    _, t, c = courses.shape
    slices = list(blocks(len(courses), t * c))
    n = sum(np.count_nonzero(~np.isnan(courses[s]), axis=0) for s in slices) + np.zeros((t, c))
    n[n < least] = np.nan
    return sum(np.nansum(courses[s], axis=0, dtype=np.float64) for s in slices) / n, n


def spread(courses: NDArray[Any]) -> tuple[Floats, Floats]:
    """(n, t, c) -> (t, c): mean and standard deviation, NaN where fewer than two have a value."""
    mean, n = mean_course(courses, least=2)
    slices = blocks(len(courses), mean.size)
    squares = sum(np.nansum(np.square(courses[s] - mean), axis=0) for s in slices)
    return mean, np.sqrt(squares / (n - 1))


def error_shares(seen: Seen, runs: Sequence[int] = ()) -> dict[str, float]:
    """Each channel's share of the error of some runs, or else of the outliers; the largest first.

    Few runs are looked at from start to end; of many, of each that channel counts which leads.
    """
    is_few = 0 < len(runs) <= MOST_LINES and seen.view.scoring.has_timesteps
    if is_few:
        shares = seen.views.memory.of(_mean_share, seen.views, seen.view.scoring, tuple(runs))
    else:
        shares = _leading_share(seen, runs)
    return largest_first(seen.view.data_set.channels, shares)


def _mean_share(views: Views, scoring: Scoring, runs: tuple[int, ...]) -> Floats:
    """(n_channels,): means of what they have of the error of each run."""
    found = (views.workspace.read_timesteps(scoring, run) for run in runs)
    return np.mean([one.shares for one in found if one is not None], axis=0)


def _leading_share(seen: Seen, runs: Sequence[int]) -> Floats:
    """(n_channels,): what they have of the errors in which they lead."""
    table = seen.view.table
    rows = table.iloc[list(runs)] if runs else table[seen.view.outliers(seen.threshold)]
    rows = rows[rows["channel"].notna()]
    sums = rows.groupby(rows["channel"].astype(str))["share"].sum()
    found = sums.reindex(seen.view.data_set.channels, fill_value=0.0).to_numpy(np.float64)
    return found / (found.sum() or 1.0)


def common_axes(seen: Seen) -> list[str]:
    """Axes on which all runs and the good ones can be laid."""
    return seen.shared_axes(scored(seen).overview.axes)
