"""The tables of a report on a comparison: cells are text, and what is not known is "–"."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from tsad_plugin.forms import shorten
from tsad_plugin.results import number

from .comparison import Comparison, p_text
from .statistics import ALPHA, by_set

NONE = "–"
# Means over data sets beside the ROC-AUC, and what a table calls them.
MEANS = {
    "average_precision": "AP",
    "precision_at_n": "P@n",
    "f1": "F1",
    "far": "FAR",
    "mar": "MAR",
}
SECONDS = {"fit_seconds": "fit (s)", "score_seconds": "score (s)"}


class Table(NamedTuple):
    """Header and rows; the first `n_names` columns are names, the others numbers."""

    header: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]
    n_names: int = 1


def summary_table(found: Comparison) -> Table:
    """A row a detector, by rank."""
    frame = found.summary
    means = {title: by_set(found.results, metric).mean() for metric, title in MEANS.items()}
    n_rows = found.results.groupby("detector").size()
    rows = [
        (
            str(name),
            fixed(row["rank"], 2),
            fixed(row.roc_auc),
            interval(row.low, row.high),
            *(fixed(mean[name]) for mean in means.values()),
            *(_seconds(row[cost]) for cost in SECONDS),
            fixed(row.peak_mb, 1),
            f"{int(row.n_sets)} of {len(found.table)}",
            f"{int(row.n_failures)} of {n_rows[name]}" if row.n_failures else "0",
        )
        for name, row in frame.iterrows()
    ]
    titles = ("detector", "rank", "ROC-AUC", "95 % interval", *means, *SECONDS.values())
    return Table((*titles, "memory (MB)", "data sets", "failures"), rows)


def sets_table(found: Comparison) -> Table:
    """ROC-AUC of each data set and detector."""
    table, failed = in_order(found)
    rows = [
        (str(name), *("failed" if failed.loc[name, d] else fixed(row[d]) for d in table))
        for name, row in table.iterrows()
    ]
    return Table(("data set", *map(str, table.columns)), rows)


def in_order(found: Comparison) -> tuple[pd.DataFrame, pd.DataFrame]:
    """ROC-AUC, and where a detector failed, with the detectors in the order of the summary."""
    order = found.summary.index
    return found.table[order], found.failed[order]


def pairs_table(found: Comparison) -> Table:
    """A row a pair, the surest difference first."""
    pairs = found.pairs.sort_values(["p_holm", "p"], kind="stable")
    rows = [
        (
            str(pair.a),
            str(pair.b),
            _signed(pair.difference),
            interval(pair.low, pair.high, _signed),
            f"{pair.wins} : {pair.losses}",
            p_text(pair.p),
            p_text(pair.p_holm),
            _told(pair.p_holm),
        )
        for pair in pairs.itertuples()
    ]
    titles = ("detector", "other", "difference", "95 % interval", "wins : losses", "p", "Holm p")
    return Table((*titles, "told apart"), rows, n_names=2)


def _told(p_holm: float) -> str:
    if np.isnan(p_holm):
        return NONE
    return "yes" if p_holm < ALPHA else "no"


def failures_table(found: Comparison) -> Table:
    """Errors with the detectors and data sets they are of, and how often they occurred."""
    failures = found.results[found.results.error != ""]
    rows = [
        (str(detector), shorten(rows.dataset.unique().tolist(), quote=False), error, str(len(rows)))
        for (detector, error), rows in failures.groupby(["detector", "error"], sort=False)
    ]
    return Table(("detector", "data sets", "error", "times"), rows, n_names=3)


def data_table(results: pd.DataFrame) -> Table:
    """Sizes of the data sets, over the protocols."""
    sizes = ("n_train", "n_test", "n_outliers")
    rows = [
        (str(name), *(_range(rows[size]) for size in sizes), str(rows.fold.nunique()))
        for name, rows in results.groupby("dataset", sort=False)
    ]
    titles = ("data set", "runs to learn from", "runs judged", "of these outliers", "splits a seed")
    return Table(titles, rows)


def setting(results: pd.DataFrame) -> list[tuple[str, str]]:
    """How the results were made, as names and values."""
    seeds = sorted(results.seed.unique().tolist())
    detectors = results.detector.unique().tolist()
    return [
        ("Protocol", " and ".join(map(str, results.protocol.unique()))),
        ("Detectors", shorten(detectors, most=30, quote=False)),
        ("Seeds", shorten(seeds, most=12, quote=False)),
        ("Fits", f"{len(results):,}"),
    ]


def fixed(value: float, digits: int = 3) -> str:
    """A number with so many digits, or "–"."""
    return NONE if np.isnan(value) else f"{value:.{digits}f}"


def interval(low: float, high: float, text: Callable[[float], str] = fixed) -> str:
    """`0.812 to 0.931`, or "–"."""
    return NONE if np.isnan(low) else f"{text(low)} to {text(high)}"


def _signed(value: float) -> str:
    return f"{value:+.3f}".replace("-", "−")


def _seconds(value: float) -> str:
    return NONE if np.isnan(value) else number(value)


def _range(values: pd.Series) -> str:
    low, high = (fixed(value, 0) for value in (values.min(), values.max()))
    return low if low == high else f"{low} to {high}"
