"""Scores and verdicts as tables that other programs read: CSV for spreadsheets, and Parquet."""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from io import BytesIO
from typing import Any

import numpy as np
import pandas as pd

from dashboard.seen import Seen
from tsad_plugin.results import TINY

from .files import CSV, PARQUET, File

FOUND = ["channels", "stretch", "start", "end", "start_time", "end_time", "n_timesteps"]
SAID = ("verdict", "cause", "comment", "who")

# Spreadsheets take a cell for a formula by its first sign, and may skip what is blank before it.
# (OWASP, "CSV injection", which has the wide signs of East Asian keyboards, too.)
BLANK = r"[\s\x00-\x20\x7f-\xa0\u200b-\u200f\u2028-\u202f\u2060-\u206f\ufeff]*"
FORMULA = "[=+\\-@\uff1d\uff0b\uff0d\uff20]"
DANGEROUS = re.compile(rf"{BLANK}{FORMULA}|[\t\r\n]")
# One that takes `;` for what parts cells does not know our quotes: there a cell may begin within.
INSIDE = re.compile(rf"([\t\r\n;]{BLANK})({FORMULA})")


def scores_file(seen: Seen, ending: str, positions: Sequence[int] | None = None) -> File:
    """Scores and verdicts as a file of that kind; see `scores_table`."""
    content = WRITERS[ending](scores_table(seen, positions))
    what = "scores" if positions is None else "selected-scores"
    return File.of(content, [seen.view.data_set.name], what, ending)


def scores_table(seen: Seen, positions: Sequence[int] | None = None) -> pd.DataFrame:
    """What is known of runs, as things stand now.

    Parameters
    ----------
    seen : Seen
        What a URL shows: its threshold makes the outliers.
    positions : sequence of int, optional
        Which runs. Default: all that were ranked.

    Returns
    -------
    DataFrame
        A row a run, the most abnormal first; text as it is.
    """
    view, threshold = seen.view, seen.threshold
    wanted = None if positions is None else set(positions)
    chosen = [i for i in view.ranked if wanted is None or i in wanted]
    found = view.table.iloc[chosen].reset_index(drop=True)
    limit = np.nan if threshold is None else threshold
    columns: dict[str, Any] = {
        "rank": [view.ranks[i] for i in chosen],
        "run": found["run"].astype("string"),
        "score": found["score"],
        "threshold": np.full(len(chosen), limit),
        "times_threshold": found["score"] / (limit if limit > TINY else np.nan),
        "outlier": view.outliers(threshold)[chosen],
        **{name: _typed(found[name]) for name in FOUND},
        "label": _labels(seen, chosen),
        **_said(seen, found["run"].tolist()),
        "model": view.model.detector,
        "data_set": view.data_set.name,
        "scoring": view.scoring.id,
    }
    return pd.DataFrame(columns).astype({"start": "Int64", "end": "Int64"})


def _typed(values: pd.Series) -> pd.Series:
    """A column of one type: what is neither number, clock nor text becomes text."""
    known = values.infer_objects()
    return known.map(str, na_action="ignore").astype("string") if known.dtype == object else known


def _labels(seen: Seen, chosen: Sequence[int]) -> pd.Series:
    labels = seen.view.labels
    values = [None] * len(chosen) if labels is None else [labels[i] for i in chosen]
    known = pd.Series(values, dtype=object)
    try:
        return _typed(known.convert_dtypes(convert_floating=False))
    except OverflowError:  # an integer that takes more than 64 bits
        return _typed(known)


def _said(seen: Seen, runs: Sequence[str]) -> dict[str, pd.Series]:
    """Verdicts on runs, and who gave them, when."""
    verdicts = [seen.standing.verdicts.get(run) for run in runs]
    said = {
        name: pd.Series([getattr(v, name, None) for v in verdicts], dtype="string") for name in SAID
    }
    times = [None if v is None else v.at for v in verdicts]
    return {**said, "at": pd.Series(times, dtype="datetime64[us, UTC]")}


def as_csv(table: pd.DataFrame) -> bytes:
    """As a spreadsheet opens it: UTF-8 that says so, and no cell is a formula."""
    safe = table.apply(_harmless_column)
    if "at" in safe:
        safe["at"] = safe["at"].dt.strftime("%Y-%m-%dT%H:%M:%SZ")
    text = safe.to_csv(index=False, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\r\n")
    return text.encode("utf-8-sig", "replace")


def _harmless_column(column: pd.Series) -> pd.Series:
    return column.map(harmless, na_action="ignore") if _is_text(column) else column


def _is_text(column: pd.Series) -> bool:
    return bool(pd.api.types.is_string_dtype(column))


def harmless(text: str) -> str:
    """Text of which no spreadsheet makes a formula: an apostrophe says that it is text."""
    inside = INSIDE.sub(r"\1'\2", text)
    return f"'{inside}" if DANGEROUS.match(text) else inside


def as_parquet(table: pd.DataFrame) -> bytes:
    """With types, and text as it is."""
    buffer = BytesIO()
    table.to_parquet(buffer, index=False)
    return buffer.getvalue()


WRITERS = {CSV: as_csv, PARQUET: as_parquet}
