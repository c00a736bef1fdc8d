"""What scores and labels of timesteps are worth where it is known which are abnormal."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tsad_plugin.forms import did_you_mean

from .measures import RANKING, has_both, labelling, mean_interval, ranking, with_interval

# Measured by aeon, where it is installed.
EXTRA = ("vus_pr", "pr_auc", "range_f1", "range_precision", "range_recall")
BENCHMARK = 'pip install "tsad_plugin[benchmark]"'
BUFFER = 100
# Share of a stretch's recall that being noticed at all is worth, as in aeon's `range_f_score`.
EXISTENCE = 0.5

Flags = NDArray[np.bool_]
Labels = NDArray[np.int64]
Scores = NDArray[np.float64]


def chosen_measures(asked: Sequence[str] | None) -> tuple[str, ...]:
    """Which measures of aeon's to take: those that are named, else all that can be had.

    Raises
    ------
    ValueError
        If there is no measure of a name.
    ModuleNotFoundError
        If one is named and aeon is missing.
    """
    if asked is None:
        return EXTRA if _has_aeon() else ()
    names = (asked,) if isinstance(asked, str) else tuple(asked)
    for name in names:
        if name not in EXTRA:
            raise ValueError(
                f"timestep_measures must be of {', '.join(EXTRA)}, got {name!r}"
                f"{did_you_mean(str(name), EXTRA)}"
            )
    if names and not _has_aeon():
        raise ModuleNotFoundError(f"{names[0]} needs aeon, which is not installed: {BENCHMARK}")
    return tuple(name for name in EXTRA if name in names)


def _has_aeon() -> bool:
    return find_spec("aeon") is not None


def measure_timesteps(
    outlier: Sequence[Flags],
    scores: Sequence[Scores],
    labels: Sequence[Labels],
    extra: Sequence[str] = (),
    buffer: int = BUFFER,
) -> dict[str, float]:
    """Every measure by its name, of series given one by one.

    Of the scores: the mean over the series that have both kinds of timesteps, NaN where none has;
    the interval of the ROC-AUC is that of a bootstrap over those series. Of the labels: counted
    over the timesteps of all series, each by itself (no point adjustment). `extra` names measures
    of aeon's, means over the same series as those of the scores.
    """
    each = [
        {**ranking(o, s), **by_aeon(o, s, flagged, extra, buffer)}
        for o, s, flagged in zip(outlier, scores, labels, strict=True)
        if has_both(o)
    ]
    of_labels = labelling(np.concatenate(outlier), np.concatenate(labels))
    if not each:
        return {**dict.fromkeys((*RANKING, *extra), np.nan), **of_labels}
    means = {name: float(np.mean([found[name] for found in each])) for name in each[0]}
    interval = mean_interval(np.array([found["roc_auc"] for found in each]))
    of_aeon = {name: means[name] for name in extra}
    return {**with_interval(means, interval), **of_labels, **of_aeon}


def by_aeon(
    outlier: Flags, scores: Scores, labels: Labels, names: Sequence[str], buffer: int = BUFFER
) -> dict[str, float]:
    """Measures of one series; of scores, or labels, that are all the same aeon says 0."""
    if not names:
        return {}
    truth, flagged = outlier.astype(np.int64), (labels == 1).astype(np.int64)
    with warnings.catch_warnings():  # of what is all the same
        warnings.simplefilter("ignore")
        from aeon.benchmarking.metrics import anomaly_detection as aeon  # an extra

        measured: dict[str, Callable[[], Any]] = {
            "vus_pr": lambda: aeon.range_pr_vus_score(truth, scores, max_buffer_size=buffer),
            "pr_auc": lambda: aeon.pr_auc_score(truth, scores),
            "range_f1": lambda: aeon.range_f_score(truth, flagged, r_alpha=EXISTENCE),
            "range_precision": lambda: aeon.range_precision(truth, flagged),
            "range_recall": lambda: aeon.range_recall(truth, flagged, alpha=EXISTENCE),
        }
        return {name: float(measured[name]()) for name in names}
