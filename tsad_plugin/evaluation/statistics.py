"""What rows of results say together: means, intervals, ranks and tests; data sets are blocks."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import friedmanchisquare, wilcoxon

from .measures import MEASURES, mean_interval
from .timesteps import BENCHMARK, EXTRA

LOWER_IS_BETTER = ("far", "mar", "fit_seconds", "score_seconds", "peak_mb")
METRICS = tuple(dict.fromkeys((*MEASURES, *EXTRA, *LOWER_IS_BETTER)))
ALPHA = 0.05
# What measures are called, in the order in which they are shown.
TITLES = {
    "roc_auc": "ROC-AUC",
    "average_precision": "AP",
    "pr_auc": "PR-AUC",
    "vus_pr": "VUS-PR",
    "precision_at_n": "P@n",
    "f1": "F1",
    "far": "FAR",
    "mar": "MAR",
    "range_f1": "range F1",
    "range_precision": "range precision",
    "range_recall": "range recall",
}


def by_set(results: pd.DataFrame, metric: str = "roc_auc") -> pd.DataFrame:
    """A metric of each detector on each data set: the mean over seeds and folds.

    Parameters
    ----------
    results : DataFrame
        Of `benchmark`, of one protocol.
    metric : str
        One of its columns of numbers.

    Returns
    -------
    DataFrame
        A row a data set, a column a detector; NaN where a detector failed or nothing could be
        measured.

    Raises
    ------
    ValueError
        If there is no such column, or there are several protocols.
    """
    check_metric(results, metric)
    if results.protocol.nunique() > 1:
        raise ValueError("results hold two protocols: select one, results[results.protocol == …]")
    # A row without a time is of a fit that failed: the mean of the others would be of other runs.
    judged = results[results[metric].notna() | results.fit_seconds.isna()]
    by_cell = judged.groupby(["dataset", "detector"], sort=False)[metric]
    table = by_cell.agg(lambda values: values.mean(skipna=False)).unstack("detector")
    return table.reindex(
        index=results.dataset.unique(), columns=results.detector.unique()
    ).rename_axis(index="dataset", columns="detector")


def check_metric(results: pd.DataFrame, metric: str) -> None:
    """Raise a ValueError where results have no such measure."""
    if metric in EXTRA and metric not in results.columns:
        raise ValueError(
            f"results have no {metric!r}: it is measured of timesteps, with aeon: {BENCHMARK}"
        )
    if metric not in results.columns or metric not in METRICS:
        raise ValueError(f"metric must be one of {', '.join(METRICS)}, got {metric!r}")


def complete(table: pd.DataFrame) -> pd.DataFrame:
    """The part of a table of `by_set` that can be ranked: the same sets for every detector.

    Detectors without a number on a set that others have are left out, not the set: one that fails
    often must not choose on what the others are compared.
    """
    measured = table.dropna(how="all")
    return measured.dropna(axis=1) if len(measured) else measured.iloc[:, :0]


def ranks(table: pd.DataFrame, metric: str = "roc_auc") -> pd.DataFrame:
    """Ranks of the detectors on each data set, 1 the best, ties the mean of their ranks."""
    return table.rank(axis=1, ascending=metric in LOWER_IS_BETTER)


def summary(results: pd.DataFrame, metric: str = "roc_auc") -> pd.DataFrame:
    """Detectors, the best first.

    Parameters
    ----------
    results : DataFrame
        Of `benchmark`, of one protocol.
    metric : str
        What they are ordered by.

    Returns
    -------
    DataFrame
        A row a detector: the metric's mean over data sets under its name, `low` and `high` (95 %
        bootstrap interval of that mean, data sets as blocks; with one data set of the ROC-AUC the
        mean interval over its runs), `rank` (mean over the sets; NaN for a detector that does not
        have a number on all), `n_sets`, `n_failures` (rows with an error), and the medians of
        `fit_seconds`, `score_seconds` and `peak_mb`.

    Raises
    ------
    ValueError
        If there is no such metric, or there are several protocols.
    """
    table = by_set(results, metric)
    rank = ranks(complete(table), metric).mean().reindex(table.columns)
    low, high = zip(*(_interval(results, table[name], metric) for name in table), strict=True)
    of_detector = results.groupby("detector", sort=False)
    costs = of_detector[["fit_seconds", "score_seconds", "peak_mb"]].median()
    frame = pd.DataFrame(
        {
            metric: table.mean(),
            "low": low,
            "high": high,
            "rank": rank,
            "n_sets": table.count(),
            "n_failures": of_detector.error.apply(_n_failures),
        },
        index=table.columns,
    ).join(costs.drop(columns=metric, errors="ignore"))
    return frame.sort_values(metric, ascending=metric in LOWER_IS_BETTER)


def _n_failures(errors: pd.Series) -> int:
    return int((errors.fillna("") != "").sum())  # from a CSV file an empty one comes as NaN


def _interval(results: pd.DataFrame, column: pd.Series, metric: str) -> tuple[float, float]:
    values = column.dropna().to_numpy()
    if len(values) == 1 and metric == "roc_auc":
        rows = results[results.detector == column.name]
        return float(rows.roc_auc_low.mean()), float(rows.roc_auc_high.mean())
    return mean_interval(values)


def pairwise(results: pd.DataFrame, metric: str = "roc_auc") -> pd.DataFrame:
    """Which differences between detectors are more than chance, with data sets as blocks.

    Parameters
    ----------
    results : DataFrame
        Of `benchmark`, of one protocol.
    metric : str
        What is compared.

    Returns
    -------
    DataFrame
        A row a pair `a`, `b` of the detectors that have a number on every set: `difference` (mean
        of a minus b) with its bootstrap interval `low` and `high`, `wins` and `losses` of a by
        sets, `p` of the Wilcoxon signed-rank test [1]_ over sets (NaN for fewer than two), and
        `p_holm`, corrected for the number of pairs [2]_.

    Raises
    ------
    ValueError
        If there is no such metric, or there are several protocols.

    References
    ----------
    .. [1] J. Demšar, "Statistical comparisons of classifiers over multiple data sets", JMLR 7,
       2006.
    .. [2] S. Holm, "A simple sequentially rejective multiple test procedure", Scandinavian Journal
       of Statistics 6(2), 1979.
    """
    table = complete(by_set(results, metric))
    rows = [_pair(table, a, b, metric in LOWER_IS_BETTER) for a, b in combinations(table, 2)]
    columns = ["a", "b", "difference", "low", "high", "wins", "losses", "p"]
    frame = pd.DataFrame(rows, columns=columns)
    return frame.assign(p_holm=holm(frame.p.to_numpy(dtype=np.float64)))


def _pair(table: pd.DataFrame, a: str, b: str, lower_is_better: bool) -> list[object]:
    difference = (table[a] - table[b]).to_numpy()
    gain = -difference if lower_is_better else difference
    return [
        a,
        b,
        float(difference.mean()),
        *mean_interval(difference),
        int((gain > 0).sum()),
        int((gain < 0).sum()),
        _wilcoxon(difference),
    ]


def _wilcoxon(difference: NDArray[np.float64]) -> float:
    if len(difference) < 2:
        return np.nan
    if not difference.any():
        return 1.0
    return float(wilcoxon(difference, zero_method="zsplit").pvalue)


def holm(p: NDArray[np.float64]) -> NDArray[np.float64]:
    """Holm's step-down correction of p-values, shape (n_pairs,)."""
    order = np.argsort(p, kind="stable")
    factors = len(p) - np.arange(len(p))
    adjusted = np.maximum.accumulate(np.minimum(p[order] * factors, 1.0))
    corrected = np.empty_like(p)
    corrected[order] = adjusted
    return corrected


def friedman(table: pd.DataFrame) -> float:
    """P-value of Friedman's test that the detectors of a complete table (n_sets, n_detectors) tie.

    NaN for fewer than three detectors or two sets; 1 where they tie on every set.
    """
    n_sets, n_detectors = table.shape
    if n_detectors < 3 or n_sets < 2:
        return np.nan
    if (table.nunique(axis=1) == 1).all():
        return 1.0
    return float(friedmanchisquare(*(table[name] for name in table)).pvalue)


def cliques(
    pairs: pd.DataFrame, ranks: Mapping[str, float], alpha: float = ALPHA
) -> list[list[str]]:
    """Groups of detectors that cannot be told apart, for a critical-difference diagram.

    Parameters
    ----------
    pairs : DataFrame
        Of `pairwise`: columns `a`, `b` and `p_holm`.
    ranks : mapping of str to float
        Mean rank of each detector in `pairs`.
    alpha : float, default=0.05
        A pair with a `p_holm` below it differs; one without a `p_holm` does not.

    Returns
    -------
    list of list of str
        Each of at least two detectors that are neighbours by rank and of which no pair differs, the
        best first; none is part of another.
    """
    order = sorted(ranks, key=lambda name: ranks[name])
    told = pairs[pairs.p_holm < alpha]
    differ = {frozenset(pair) for pair in zip(told.a, told.b, strict=True)}
    found: list[list[str]] = []
    end = 0
    for start in range(len(order)):
        reached = _reach(order, start, differ)
        if reached > end and reached - start > 1:
            found.append(order[start:reached])
        end = max(end, reached)
    return found


def _reach(order: list[str], start: int, differ: set[frozenset[str]]) -> int:
    """Where the longest group that begins at `start` ends."""
    end = start + 1
    while end < len(order) and not any(
        frozenset((name, order[end])) in differ for name in order[start:end]
    ):
        end += 1
    return end
