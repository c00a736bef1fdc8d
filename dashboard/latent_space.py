"""Runs as points: which of them are alike. Prepared once a scoring, and kept."""

from __future__ import annotations

from contextlib import suppress
from functools import cached_property, lru_cache
from threading import Lock
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.decomposition import PCA

from tsad_plugin.figures import plain
from tsad_plugin.results import number
from tsad_plugin.workspace import Damaged, DataSet, Scoring

from .answers import Refused
from .seen import Seen
from .views import View, Views

CODES, RUNS = "codes", "runs"  # what points are made of
N_AXES = 4
KEPT = 4  # spaces that stay in memory
LEAST_SPREAD = 0.01  # of the largest: what varies less is no more than noise of a network
LEAST = 3  # runs that make a map

Floats = NDArray[np.float32]
_preparing = Lock()


class Space(NamedTuple):
    """Runs as points.

    Attributes
    ----------
    points : ndarray of shape (n_runs, n_dims)
        Each dimension in standard deviations of the runs that were learned from, around their mean.
    places : ndarray of shape (n_runs, n_axes)
        The points on the principal axes.
    training : ndarray of shape (n_training_runs, n_axes)
        Runs that were learned from, where they are others than these.
    shares : ndarray of shape (n_axes,)
        Share of each axis in the variance of the runs that it was learned from.
    """

    points: Floats
    places: Floats
    training: Floats
    shares: NDArray[np.float64]

    @classmethod
    def of(cls, points: Floats, learned: NDArray[np.intp], training: Floats | None) -> Self:
        """Project points (n, d), by axes learned from others (m, d), or else from some of them."""
        known = points[learned] if training is None else training
        axes = PCA(min(N_AXES, *known.shape), random_state=0)
        with np.errstate(invalid="ignore"):  # of runs that are all the same no share is known
            axes.fit(known)
        others = np.empty((0, axes.n_components_)) if training is None else axes.transform(training)
        shares = np.nan_to_num(axes.explained_variance_ratio_.astype(np.float64))
        return cls(points, axes.transform(points), others.astype(np.float32), shares)

    def nearest(self, position: int, most: int = 10) -> tuple[list[int], list[float]]:
        """Positions of the runs that are most like one, and their distances (Euclidean)."""
        apart = self.points - self.points[position]
        squares = np.einsum("ij,ij->i", apart, apart)
        squares[position] = np.inf
        order = np.argsort(squares, kind="stable")[: min(most, len(squares) - 1)]
        return order.tolist(), np.sqrt(squares[order]).tolist()
