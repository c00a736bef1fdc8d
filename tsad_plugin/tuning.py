"""A threshold from runs that somebody has labelled."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from sklearn.metrics import precision_recall_curve

from .forms import shorten
from .rules import check_parameter
from .thresholds import Scores, Thresholder


class FixedThreshold(Thresholder):
    """A cut-off that was chosen: `fit` learns nothing from the scores.

    Parameters
    ----------
    threshold : float
        Scores above it are outliers; in the units of the scores, finite.
    """

    def __init__(self, threshold: float) -> None:
        self.threshold = threshold

    def _check_params(self) -> None:
        check_parameter("threshold", self.threshold)

    def _threshold(self, scores: Scores) -> float:
        return float(self.threshold)


def tune_threshold(detector: Any, X: Any, y: ArrayLike, beta: float = 1.0) -> FixedThreshold:
    """Choose the threshold that labels some known runs best, by their F-measure.

    A detector learns without labels. Where some runs are known to be normal or outliers, these
    choose the cut-off: the one with the largest F-measure, and of several such the highest. It lies
    half-way between the scores on its two sides.

    Parameters
    ----------
    detector : fitted detector
        One of this package's or of PyOD's; it is not changed.
    X : array-like, list of arrays or Runs
        The labelled runs, in any form that `detector` takes. Better others than it was trained on:
        of those it knows too much.
    y : array-like of shape (n_runs,)
        0 normal, 1 outlier. For a detector of timesteps one a timestep, one series after another.
    beta : float, default=1.0
        How many times as much finding the outliers (recall) counts as raising no false alarm
        (precision).

    Returns
    -------
    FixedThreshold
        For `detector.with_threshold`, for the `contamination` of a new detector, or to `predict`
        labels of scores.

    Raises
    ------
    ValueError
        If `detector` cannot score, `y` is not one 0 or 1 a run or holds one of them alone, or
        `beta` is not positive.

    References
    ----------
    .. [1] C. J. van Rijsbergen, "Information Retrieval", 2nd edition, 1979.
    .. [2] P. Malhotra et al., "LSTM-based Encoder-Decoder for Multi-sensor Anomaly Detection",
       2016, arXiv:1607.00148: the threshold of EncDec-AD is the one with the largest F-measure on
       labelled sequences. (Its score is `score="mahalanobis"`.)

    Examples
    --------
    >>> from tsad_plugin import PopulationBand, tune_threshold
    >>> from tsad_plugin.datasets import make_fermentation
    >>> good, known = make_fermentation(30), make_fermentation(20, faults=6, random_state=1)
    >>> detector = PopulationBand().fit(good)
    >>> thresholder = tune_threshold(detector, known, known.labels != "good", beta=2)
    >>> detector = detector.with_threshold(thresholder)
    """
    check_parameter("beta", beta)
    if not hasattr(detector, "decision_function") or isinstance(detector, type):
        raise ValueError(f"detector must be a fitted detector, got {detector!r}")
    scores = np.asarray(detector.decision_function(X), dtype=np.float64)
    outlier = _as_outliers(y, len(scores))
    precision, recall, cutoffs = precision_recall_curve(outlier, scores)
    weight = float(beta) ** 2
    with np.errstate(invalid="ignore"):  # neither found nor flagged: 0 / 0
        measure = (1 + weight) * precision * recall / (weight * precision + recall)
    best = np.flatnonzero(measure >= np.nanmax(measure) * (1 - 1e-12))[-1]  # equal but for rounding
    return FixedThreshold(_just_below(cutoffs[best], scores))


def _just_below(lowest_flagged: float, scores: Scores) -> float:
    """Half-way to the next lower score, where there is one and a number between the two."""
    below = scores[scores < lowest_flagged].max(initial=-np.inf)
    middle = (lowest_flagged + below) / 2
    is_between = below < middle < lowest_flagged
    return float(middle if is_between else np.nextafter(lowest_flagged, -np.inf))


def _as_outliers(y: Any, n_runs: int) -> NDArray[np.bool_]:
    masked = np.ma.isMaskedArray(y)
    labels = np.ma.filled(y.astype(np.float64), np.nan) if masked else np.asarray(y)
    if labels.shape != (n_runs,):
        raise ValueError(f"y has shape {labels.shape} for {n_runs} runs: pass one label a run")
    unknown = np.flatnonzero(pd.isna(labels))
    if len(unknown):
        raise ValueError(f"y has no label for run {unknown[0]}: leave that run out of X and y")
    values = sorted(set(labels.tolist()), key=str)
    if not set(values) <= {0, 1}:
        raise ValueError(
            f"y holds {shorten(values)}: pass 0 for normal and 1 for outlier, for example "
            "labels != 'good'"
        )
    if len(values) < 2:
        raise ValueError(
            f"y holds only {int(values[0])}: a threshold is tuned between normal runs (0) and "
            "outliers (1); from normal runs alone KSigma learns one"
        )
    return labels.astype(bool)
