"""The tables of a report on a comparison: cells are text, and what is not known is "–"."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from tsad_plugin.forms import shorten
from tsad_plugin.results import number

from .comparison import Comparison, p_text
from .statistics import ALPHA, LOWER_IS_BETTER, TITLES, by_set

NONE, FAILED = "–", "failed"
SECONDS = {"fit_seconds": "fit (s)", "score_seconds": "score (s)"}


class Table(NamedTuple):
    """Header and rows; the first `n_names` columns are names, the others numbers."""

    header: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]
    n_names: int = 1
    best: frozenset[tuple[int, int]] = frozenset()  # row and column of what stands out


def summary_table(found: Comparison) -> Table:
    """A row a detector, by rank; the best of each measure stands out."""
    frame = found.summary
    means = _means(found)
    n_rows = found.results.groupby("detector").size()
    rows = [
        (
            str(name),
            fixed(row["rank"], 2),
            fixed(row[found.metric]),
            interval(row.low, row.high),
            *(fixed(mean[name]) for mean in means.values()),
            *(_seconds(row[cost]) for cost in SECONDS),
            fixed(row.peak_mb, 1),
            f"{int(row.n_sets)} of {len(found.table)}",
            f"{int(row.n_failures)} of {n_rows[name]}" if row.n_failures else "0",
        )
        for name, row in frame.iterrows()
    ]
    named = [TITLES[metric] for metric in means]
    titles = ("detector", "rank", found.title, "95 % interval", *named, *SECONDS.values())
    places = dict(zip((found.metric, *means), (2, *range(4, 4 + len(means))), strict=True))
    best = [
        (row, column)
        for metric, column in places.items()
        for row in _best([line[column] for line in rows], metric)
    ]
    header = (*titles, "memory (MB)", "data sets", "failures")
    return Table(header, rows, best=frozenset(best))


def _means(found: Comparison) -> dict[str, pd.Series]:
    """Means over data sets of the other measures that these results have."""
    others = [m for m in TITLES if m in found.results.columns and m != found.metric]
    return {metric: by_set(found.results, metric).mean() for metric in others}


def _best(cells: Sequence[str], metric: str) -> list[int]:
    """Where the best number of several stands, as it is written; nowhere where all are equal."""
    known = {cell for cell in cells if cell not in (NONE, FAILED)}
    if len(known) < 2:
        return []
    best = min(known, key=float) if metric in LOWER_IS_BETTER else max(known, key=float)
    return [i for i, cell in enumerate(cells) if cell == best]


def sets_table(found: Comparison) -> Table:
    """The measure of each data set and detector; the best of each set stands out."""
    table, failed = in_order(found)
    rows = [
        (str(name), *(FAILED if failed.loc[name, d] else fixed(row[d]) for d in table))
        for name, row in table.iterrows()
    ]
    best = [(i, j + 1) for i, row in enumerate(rows) for j in _best(row[1:], found.metric)]
    return Table(("data set", *map(str, table.columns)), rows, best=frozenset(best))


def in_order(found: Comparison) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The measure, and where a detector failed, with the detectors in the order of the summary."""
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
    samples = f"{' or '.join(results['sample'].unique())}s"
    titles = (f"{samples} to learn from", f"{samples} judged", "of these outliers")
    return Table(("data set", *titles, "splits a seed"), rows)


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
