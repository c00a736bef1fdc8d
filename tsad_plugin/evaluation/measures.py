"""What a detector's scores and labels are worth where it is known which runs are outliers."""

from __future__ import annotations

import warnings

import numpy as np
from numpy.typing import NDArray
from pyod.utils.utility import precision_n_scores
from scipy.stats import bootstrap
from sklearn.exceptions import UndefinedMetricWarning
from sklearn.metrics import average_precision_score, confusion_matrix, roc_auc_score

from tsad_plugin.forms import blocks

# Of the scores, and then of the labels at the learned threshold.
RANKING = ("roc_auc", "roc_auc_low", "roc_auc_high", "average_precision", "precision_at_n")
LABELLING = ("f1", "far", "mar", "accuracy", "precision", "recall")
MEASURES = (*RANKING, *LABELLING)
N_RESAMPLES = 1000
N_RESAMPLES_OF_MEAN = 10_000
CONFIDENCE = 0.95


def measure(
    outlier: NDArray[np.bool_], scores: NDArray[np.float64], labels: NDArray[np.int64]
) -> dict[str, float]:
    """Every measure by its name; NaN where there are no outliers, or nothing else.

    `far` is the share of normal runs that are flagged (false alarms), `mar` that of outliers that
    are not (missed alarms). The interval of the ROC-AUC is that of a bootstrap over the runs.
    """
    if has_both(outlier):
        interval = roc_auc_interval(outlier, scores)
        found = with_interval(ranking(outlier, scores), interval)
    else:
        found = dict.fromkeys(RANKING, np.nan)
    return {**found, **labelling(outlier, labels)}


def has_both(outlier: NDArray[np.bool_]) -> bool:
    """Whether there are outliers and others: without both there is nothing to rank."""
    return bool(outlier.any() and not outlier.all())


def ranking(outlier: NDArray[np.bool_], scores: NDArray[np.float64]) -> dict[str, float]:
    """Measures of the scores, where there are outliers and others."""
    with warnings.catch_warnings():  # none is above where all are equal: 0, as it should be
        warnings.simplefilter("ignore", UndefinedMetricWarning)
        at_n = float(precision_n_scores(outlier, scores))
    return {
        "roc_auc": float(roc_auc_score(outlier, scores)),
        "average_precision": float(average_precision_score(outlier, scores)),
        "precision_at_n": at_n,
    }


def with_interval(found: dict[str, float], interval: tuple[float, float]) -> dict[str, float]:
    """Measures of the scores, and the interval of the ROC-AUC, in the order of `RANKING`."""
    low, high = interval
    every = {**found, "roc_auc_low": low, "roc_auc_high": high}
    return {name: every[name] for name in RANKING}


def labelling(outlier: NDArray[np.bool_], labels: NDArray[np.int64]) -> dict[str, float]:
    """Measures of the labels."""
    passed, alarms, missed, found = confusion_matrix(
        outlier, labels == 1, labels=[False, True]
    ).ravel()
    return {
        "f1": _share(2 * found, 2 * found + alarms + missed) if outlier.any() else np.nan,
        "far": _share(alarms, alarms + passed),
        "mar": _share(missed, missed + found),
        "accuracy": _share(found + passed, len(outlier)),
        # Of nothing flagged none is right, as scikit-learn has it.
        "precision": _share(found, max(found + alarms, 1)) if outlier.any() else np.nan,
        "recall": _share(found, found + missed),
    }


def _share(part: int, whole: int) -> float:
    return float(part / whole) if whole else np.nan


def roc_auc_interval(
    outlier: NDArray[np.bool_], scores: NDArray[np.float64], n_resamples: int = N_RESAMPLES
) -> tuple[float, float]:
    """Percentile bootstrap interval of the ROC-AUC: outliers and normal runs drawn anew.

    Scores are put in order once: a draw is then a count of each, and nothing is sorted again.
    """
    if min(outlier.sum(), (~outlier).sum()) < 2:
        return np.nan, np.nan
    values, places = np.unique(scores, return_inverse=True)
    rng, drawn = np.random.default_rng(0), []
    for block in blocks(n_resamples, len(scores)):
        n = len(range(n_resamples)[block])
        outliers, normal = (
            _drawn(rng, places[kind], len(values), n) for kind in (outlier, ~outlier)
        )
        # Pairs that the outlier wins, ties half (Mann & Whitney 1947).
        won = outliers * (normal.cumsum(axis=1) - normal / 2)
        drawn.append(won.sum(axis=1) / (outlier.sum() * (~outlier).sum()))
    low, high = np.quantile(np.concatenate(drawn), [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return float(low), float(high)


def mean_interval(values: NDArray[np.float64]) -> tuple[float, float]:
    """95 % percentile bootstrap interval of a mean; NaN for fewer than two values."""
    if len(values) < 2:
        return np.nan, np.nan
    with warnings.catch_warnings():  # equal values: the interval is a point
        warnings.simplefilter("ignore")
        found = bootstrap(
            (values,),
            np.mean,
            n_resamples=N_RESAMPLES_OF_MEAN,
            confidence_level=CONFIDENCE,
            method="percentile",
            rng=np.random.default_rng(0),
        ).confidence_interval
    return float(found.low), float(found.high)


def _drawn(
    rng: np.random.Generator, places: NDArray[np.intp], n_places: int, n: int
) -> NDArray[np.intp]:
    """(n, n_places): how often each place was drawn, in n draws of as many as there are."""
    chosen = places[rng.integers(len(places), size=(n, len(places)))]
    rows = np.arange(n)[:, None] * n_places
    return np.bincount((chosen + rows).ravel(), minlength=n * n_places).reshape(n, n_places)
