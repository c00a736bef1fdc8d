"""Thresholders: from the scores of good runs to a cut-off in the same units.

They speak the PyThresh protocol, so a PyOD detector takes one where it takes a share of outliers:
``KNN(contamination=KSigma(3))``. It fits that object, not a copy: give each detector its own.
Unlike PyThresh's, ``thresh_`` is in score units and a single row can be labelled.

``IForest``, ``LOF`` and ``SUOD`` of PyOD 3.6.7 take neither these nor PyThresh's: fit them with a
number, then a thresholder on their ``decision_scores_``.
"""

from __future__ import annotations

import math
import warnings
from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import suppress
from numbers import Real
from sys import float_info
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import FitError, genpareto
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

Scores = NDArray[np.float64]
MIN_EXCESSES = 10  # fewer do not tell the shape of a tail
SHAPES = (-0.5, 1.0)  # above -1/2 maximum likelihood is regular, below 1 the tail has a mean


class Thresholder(BaseEstimator, ABC):
    """Learn a cut-off from scores; a subclass says how in ``_threshold``.

    Scores that are all equal (one alone, too) are their own threshold. PyOD takes a threshold of 0
    for none and puts the share of outliers in its place; so 0 is stored as the smallest normal
    float, 2.2e-308. A threshold beyond all floats is stored as the largest float.

    Attributes
    ----------
    thresh_ : float
        The cut-off, in the units of the scores; finite.
    labels_ : ndarray of shape (n_runs,)
        1 where the score of `fit` lies above ``thresh_``, else 0.
    """

    def fit(self, scores: ArrayLike) -> Self:
        """Learn the threshold.

        Parameters
        ----------
        scores : array-like of shape (n_runs,) or (n_runs, 1)
            One score per run, higher = more abnormal.

        Raises
        ------
        ValueError
            If a parameter is out of range, or `scores` empty, not finite or of several detectors.
        """
        self._check_params()
        values = _as_scores(scores)
        self.thresh_ = min(self._threshold(values), float_info.max) or float_info.min
        self.labels_ = self.predict(values)
        return self

    def eval(self, scores: ArrayLike) -> NDArray[np.int64]:
        """Learn as `fit` does and return ``labels_``, shape (n_runs,); PyThresh's name for it."""
        return self.fit(scores).labels_

    def predict(self, scores: ArrayLike) -> NDArray[np.int64]:
        """Label scores with the learned threshold.

        Parameters
        ----------
        scores : float or array-like of shape (n_runs,) or (n_runs, 1)
            One score per run; a single number is one run.

        Returns
        -------
        labels : ndarray of shape (n_runs,)
            1 where the score lies above ``thresh_``, else 0.

        Raises
        ------
        sklearn.exceptions.NotFittedError, ValueError
            Before `fit`; for `scores` that `fit` refuses.
        """
        check_is_fitted(self, "thresh_", msg="This %(name)s has no threshold yet: call fit first.")
        return (_as_scores(scores) > self.thresh_).astype(np.int64)

    def _check_params(self) -> None:
        """Raise ValueError for a parameter out of range."""

    @abstractmethod
    def _threshold(self, scores: Scores) -> float:
        """(n_runs,) finite scores -> the cut-off, in score units."""


class KSigma(Thresholder):
    """Mean plus `k` standard deviations, or the same from median and MAD.

    Parameters
    ----------
    k : float, default=3.0
        Number of standard deviations above the centre, > 0.
    robust : bool, default=False
        False: mean and sample standard deviation (``ddof=1``), for scores of good runs.
        True: median and 1.4826 · MAD, the median absolute deviation, for scores with outliers
        among them. Where more than half are equal the MAD is 0 and the median the threshold.
    log : bool, default=False
        Whether to take them of the logarithms of the scores, which must be positive then: for
        scores that spread over factors, as those of timesteps do.

    References
    ----------
    .. [1] F. R. Hampel, "The influence curve and its role in robust estimation", JASA 69, 1974.
    """

    log = False  # of objects saved before they had it

    def __init__(self, k: float = 3.0, *, robust: bool = False, log: bool = False) -> None:
        self.k = k
        self.robust = robust
        self.log = log

    def _check_params(self) -> None:
        check_number("k", self.k, "a positive number")
        for name in ("robust", "log"):
            if not isinstance(getattr(self, name), bool | np.bool_):
                raise ValueError(f"{name} must be True or False, got {getattr(self, name)!r}")

    def _threshold(self, scores: Scores) -> float:
        if not self.log:
            return _near_one(self._above_centre, scores)
        if scores.min() <= 0:
            raise ValueError(
                f"log=True needs positive scores, found {scores.min():g}: use log=False"
            )
        with np.errstate(over="ignore"):  # infinity is stored as the largest float
            return float(np.exp(self._above_centre(np.log(scores))))

    def _above_centre(self, scores: Scores) -> float:
        centre, sigma = scores.mean(), scores.std(ddof=1)
        if self.robust:
            centre = np.median(scores)
            sigma = 1.4826 * np.median(np.abs(scores - centre))
        return float(centre) + float(self.k) * float(sigma)


class PeaksOverThreshold(Thresholder):
    """Extreme-value threshold that a good run exceeds with probability `q`.

    The excesses over an initial level t follow a generalised Pareto distribution. Its shape ξ and
    scale σ are fitted by maximum likelihood; with N_t of the n scores above t the threshold is
    ``t + σ / ξ * ((q * n / N_t) ** -ξ - 1)``.

    The tail is taken as exponential (ξ = 0, σ = mean excess) where the excesses do not tell its
    shape: fewer than 10 of them (fewer than 11 scores, or ties), a fit that fails, or one with ξ
    outside -0.5 to 1 (as of equal excesses), where maximum likelihood is not regular [2]_ or the
    tail has no mean. For bounded scores this errs towards a high threshold. Few excesses say
    little: the rate of false alarms was 2 to 4 q after 50 normal or exponential scores, 2 q after
    200 and 1.2 q after 2,000 (q = 1e-3, mean of 300 samples).

    Parameters
    ----------
    q : float, default=1e-3
        Probability that a good run scores above the threshold, between 0 and 1. Below 1 / n_runs
        the fitted tail is extrapolated; from N_t / n on the threshold is t, never less.
    level : float, default=0.98
        Quantile of the scores that is t; lowered until at least 10 scores lie above it.

    References
    ----------
    .. [1] A. Siffer et al., "Anomaly Detection in Streams with Extreme Value Theory", KDD 2017.
    .. [2] R. L. Smith, "Maximum likelihood ... nonregular cases", Biometrika 72, 1985.
    """

    def __init__(self, q: float = 1e-3, *, level: float = 0.98) -> None:
        self.q = q
        self.level = level

    def _check_params(self) -> None:
        check_number("q", self.q, "a number between 0 and 1", below=1.0)
        check_number("level", self.level, "a number between 0 and 1", below=1.0)

    def _threshold(self, scores: Scores) -> float:
        return _near_one(self._above_level, scores)

    def _above_level(self, scores: Scores) -> float:
        tenth_largest = np.sort(scores)[-min(MIN_EXCESSES, scores.size)]
        level = float(np.quantile(scores, self.level))
        if level >= tenth_largest:  # down to a score that 10 exceed, else to the smallest
            level = float(scores[scores < tenth_largest].max(initial=scores.min()))
        excesses = scores[scores > level] - level
        shape, scale = _fit_tail(excesses)
        share = min(float(self.q) * scores.size / excesses.size, 1.0)
        return level + scale * float(genpareto.isf(share, shape))  # isf(q) = (q ** -ξ - 1) / ξ


class ConformalThreshold(Thresholder):
    """Split-conformal threshold: false alarms at a rate of at most `alpha`, whatever the scores.

    The threshold is the ⌈(n + 1)(1 - alpha)⌉-th smallest of n calibration scores. The rate is a
    mean over calibration sets, and holds if these are scores of good runs that the detector was
    *not* trained on; foreign PyOD detectors pass their training scores instead.

    Parameters
    ----------
    alpha : float, default=0.01
        Largest accepted rate of false alarms, between 0 and 1. It needs ``1 / alpha - 1`` runs;
        with fewer, `fit` warns (UserWarning) and takes the largest score.

    References
    ----------
    .. [1] V. Vovk, A. Gammerman, G. Shafer, "Algorithmic Learning in a Random World", 2005.
    .. [2] R. Laxhammar, G. Falkman, "Online learning ... in trajectories", TPAMI 36, 2014.
    .. [3] S. Bates et al., "Testing for outliers with conformal p-values", Ann. Statist. 51, 2023.
    """

    def __init__(self, alpha: float = 0.01) -> None:
        self.alpha = alpha

    def _check_params(self) -> None:
        check_number("alpha", self.alpha, "a number between 0 and 1", below=1.0)

    def _threshold(self, scores: Scores) -> float:
        n_above = math.floor(round(float(self.alpha) * (scores.size + 1), 9))  # 100 * 0.29 < 29
        if n_above == 0:
            needed = np.ceil(round(1 / float(self.alpha), 9)) - 1
            smallest = math.ceil(1e6 / (scores.size + 1)) / 1e6  # up: it can be used as it stands
            warnings.warn(
                f"alpha={self.alpha} needs at least {needed:.0f} runs, got {scores.size}, which "
                f"allow alpha={smallest:g} at the smallest: the threshold is the largest score",
                stacklevel=3,
            )
        return float(np.sort(scores)[-max(n_above, 1)])


def check_number(name: str, value: Any, wanted: str, below: float = math.inf) -> None:
    """Raise a ValueError unless a value is a number above 0 and below a bound."""
    if isinstance(value, bool) or not isinstance(value, Real) or not 0 < float(value) < below:
        raise ValueError(f"{name} must be {wanted}, got {value!r}")


def _as_scores(scores: ArrayLike) -> Scores:
    """Number, (n,) or (n, 1) -> (n,): finite float64 scores, at least one."""
    values = np.asarray(scores, dtype=np.float64)
    if values.ndim > 2 or (values.ndim == 2 and values.shape[1] != 1):
        raise ValueError(
            f"scores must be one per run, got shape {values.shape}: "
            "combine the scores of several detectors first (pyod.models.combination)"
        )
    values = values.reshape(-1)
    if not values.size:
        raise ValueError("scores must hold at least one score, got none")
    bad = np.flatnonzero(~np.isfinite(values))
    if bad.size:
        raise ValueError(f"{bad.size} of {values.size} scores are not finite, first at {bad[0]}")
    return values


def _near_one(rule: Callable[[Scores], float], scores: Scores) -> float:
    """Threshold of scores brought to about 1 by a power of two: exact, and no square overflows."""
    if scores.min() == scores.max():
        return float(scores[0])
    scale = 2.0 ** (math.frexp(np.abs(scores).max())[1] - 1)
    return scale * rule(scores / scale)


def _fit_tail(excesses: Scores) -> tuple[float, float]:
    """(n_excesses,) all > 0 -> shape and scale of their generalised Pareto distribution."""
    mean = float(excesses.mean())
    if excesses.size >= MIN_EXCESSES:
        with suppress(FitError):
            shape, _, scale = genpareto.fit(excesses / mean, 0.1, floc=0, scale=1)
            if SHAPES[0] < shape < SHAPES[1]:
                return float(shape), float(scale) * mean
    return 0.0, mean
