"""Runs as points: which of them are alike. Prepared once a scoring, and kept."""

from __future__ import annotations

from contextlib import suppress
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.decomposition import PCA

from dashboard.answers import Refused
from dashboard.seen import Seen
from dashboard.views import View, Views
from tsad_plugin.inputs import order_of
from tsad_plugin.workspace import Damaged

from .learned import learned_scoring

CODES, COURSES = "codes", "courses"  # what points are made of
N_AXES = 4
NEAREST = 10  # runs beside the chosen one
LEAST = 3  # runs that make a map
MOST_VALUES = 1000  # of a run: of many channels fewer points
# Of the largest spread: a code that varies less is the noise of a network, a channel is not.
LEAST_SPREAD_OF = {CODES: 0.01, COURSES: 0.0}
TRIFLE = 1e-4
FARTHEST = 1e4  # standard deviations: what lies beyond is as far
LARGEST = 1e30  # values beyond are as large: float32 holds their differences
KEPT = 4  # scorings that stay in memory

Floats = NDArray[np.float32]


class Scale(NamedTuple):
    """How some runs go: their mean course (t, c), mean and spread of each channel (c,)."""

    course: Floats
    mean: Floats
    spread: Floats

    @classmethod
    def of(cls, known: Floats, least: float = 0.0) -> Self:
        """Of runs (n, t, c) with gaps; no channel has less than a share of the largest spread."""
        measured = ~np.isnan(known)
        n, filled = measured.sum(axis=0), np.where(measured, known, 0)
        sums = filled.sum(axis=0, dtype=np.float64)
        mean = sums.sum(axis=0) / np.maximum(n.sum(axis=0), 1)
        course = np.where(n > 0, sums / np.maximum(n, 1), mean)
        apart = np.where(measured, filled - mean.astype(np.float32), 0)
        squares = np.einsum("ntc,ntc->c", apart, apart, dtype=np.float64)
        spread = np.sqrt(squares / np.maximum(n.sum(axis=0), 1))
        spread = np.maximum(spread, least * spread.max(initial=0.0))
        spread[spread == 0] = 1.0
        return cls(*(array.astype(np.float32) for array in (course, mean, spread)))

    def points(self, runs: Floats) -> Floats:
        """(n, t, c) -> (n, t·c) in standard deviations; in a gap the mean course goes on."""
        found = np.where(np.isnan(runs), self.course, runs)
        found -= self.mean
        with np.errstate(over="ignore"):  # what is without end is far
            found /= self.spread
        return found.clip(-FARTHEST, FARTHEST, out=found).reshape(len(runs), -1)


class Space(NamedTuple):
    """Runs as points.

    Attributes
    ----------
    points : ndarray of shape (n_runs, n_dims)
        In standard deviations of the runs that were learned from, around their mean: distances are
        measured in these.
    places : ndarray of shape (n_runs, n_axes)
        Where they are on the principal axes.
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
    def of(
        cls,
        points: Floats,
        known: Floats,
        training: Floats | None = None,
        spread: NDArray[np.float64] | float = 1.0,
    ) -> Self:
        """Points (n, d) on axes that are learned from others (m, d), each times its spread."""
        others = np.empty((0, points.shape[1]), np.float32) if training is None else training
        n_axes = min(N_AXES, *known.shape) if len(known) >= LEAST else 0
        if n_axes == 0:
            return cls(points, points[:, :0], others[:, :0], np.empty(0))
        axes = PCA(n_axes, random_state=0)
        with np.errstate(invalid="ignore"):  # of runs that are all alike no share is known
            axes.fit(known * spread)
        shares = np.nan_to_num(axes.explained_variance_ratio_.astype(np.float64))
        placed = axes.transform(others * spread) if len(others) else others[:, :n_axes]
        places = axes.transform(points * spread)
        return cls(points, places.astype(np.float32), placed.astype(np.float32), shares)

    def nearest(self, position: int, most: int = NEAREST) -> tuple[list[int], list[float]]:
        """Positions of the runs that are most like one, and their (Euclidean) distances."""
        apart = self.points - self.points[position]
        squares = np.einsum("ij,ij->i", apart, apart)
        order = np.argsort(squares, kind="stable")
        order = order[order != position][:most]
        return order.tolist(), np.sqrt(squares[order]).tolist()


def sources(seen: Seen) -> list[str]:
    """What points can be made of: codes come first, where the detector has them."""
    has_codes = seen.views.codes(seen.view.scoring.id) is not None
    return [CODES, COURSES] if has_codes else [COURSES]


def space(seen: Seen, source: str) -> Space:
    """The runs of a scoring as points; made when it is first asked for."""
    training = learned_scoring(seen)
    key = seen.views, seen.view.scoring.id, training and training.id, source
    return seen.views.memory.of(_space, *key, most=KEPT)


def _space(views: Views, scoring: int, training: int | None, source: str) -> Space:
    view = views.of(scoring)
    runs, others = _values(views, view, source, view.data_set.channels), None
    if training not in (None, scoring):
        with suppress(Damaged):
            others = _values(views, views.of(training), source, view.data_set.channels)
    if runs is None:
        raise Refused("no codes of these runs are kept: score them again")
    learned = slice(None) if training == scoring else _usual(view)
    scale = Scale.of(runs[learned] if others is None else others, LEAST_SPREAD_OF[source])
    points = scale.points(runs)
    known = points[learned] if others is None else scale.points(others)
    spread = _spread(scale) if source == CODES else 1.0
    return Space.of(points, known, None if others is None else known, spread)


def _spread(scale: Scale) -> NDArray[np.float64]:
    """(d,): by how much codes vary, which says how much they say of a run.

    Those of components are equally wide and go with no other: any axes would do. So that these are
    the first codes, each is a trifle wider than the next.
    """
    return scale.spread * (1 - TRIFLE * np.arange(len(scale.spread)))


def _usual(view: View) -> NDArray[np.intp]:
    """Positions of the runs that were no outliers when they were scored; all where few are left."""
    usual = np.flatnonzero(~view.outliers(None))
    return usual if len(usual) >= LEAST else np.arange(len(view.names))


def _values(views: Views, view: View, source: str, channels: tuple[str, ...]) -> Floats | None:
    """What points are made of (n, t, c): codes are courses of one timestep; None where unknown."""
    if source == CODES:
        codes = views.codes(view.scoring.id)
        return None if codes is None else codes[:, None].clip(-LARGEST, LARGEST)
    courses = views.overview(view.data_set.id).courses
    step = -(-courses[0].size // MOST_VALUES)
    found = np.asarray(courses[:, ::step, order_of(view.data_set.channels, channels)])
    return found.clip(-LARGEST, LARGEST, out=found)
