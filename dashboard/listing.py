"""Rows of the grid: which runs are listed, in which order, and a block of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from numbers import Real
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tsad_plugin.results import TINY

from .answers import Refused
from .seen import Seen
from .state import RUN
from .views import readable
from .wording import open_outliers, when

OUTLIERS, OPEN, ALL = "outliers", "open", "all"
PARTS = ("verdict", "cause", "comment")  # that are written by hand

NONE: dict[str, Any] = {"rowData": [], "rowCount": 0}

Condition = Callable[[pd.Series, Any, Any], "pd.Series | NDArray[np.bool_]"]
# The grid's filters: a column, what was written into the filter, and its upper end.
TEXT: dict[str, Condition] = {
    "contains": lambda texts, part, _: texts.str.contains(part, regex=False),
    "notContains": lambda texts, part, _: ~texts.str.contains(part, regex=False),
    "equals": lambda texts, text, _: texts == text,
    "notEqual": lambda texts, text, _: texts != text,
    "startsWith": lambda texts, start, _: texts.str.startswith(start),
    "endsWith": lambda texts, end, _: texts.str.endswith(end),
    "blank": lambda texts, *_: texts == "",
    "notBlank": lambda texts, *_: texts != "",
}
NUMBER: dict[str, Condition] = {  # what is no number passes none but "blank"
    "equals": lambda numbers, value, _: numbers == value,
    "notEqual": lambda numbers, value, _: numbers.notna() & (numbers != value),
    "lessThan": lambda numbers, value, _: numbers < value,
    "lessThanOrEqual": lambda numbers, value, _: numbers <= value,
    "greaterThan": lambda numbers, value, _: numbers > value,
    "greaterThanOrEqual": lambda numbers, value, _: numbers >= value,
    "inRange": lambda numbers, low, high: numbers.between(low, high),
    "blank": lambda numbers, *_: numbers.isna(),
    "notBlank": lambda numbers, *_: numbers.notna(),
}
BLANKS = ("blank", "notBlank")  # to which nothing is compared


def block(
    seen: Seen, threshold: float | None, shown: str, request: Mapping[str, Any]
) -> dict[str, Any]:
    """The rows that the grid asks for, and how many there are.

    Parameters
    ----------
    seen : Seen
        The scoring.
    threshold : float or None
        Runs above it are outliers.
    shown : {"outliers", "open", "all"}
        Which runs are listed.
    request : mapping
        The grid's `getRowsRequest`: `startRow`, `endRow`, `sortModel`, `filterModel`.

    Returns
    -------
    dict
        The grid's `getRowsResponse`: `rowData`, `rowCount`.
    """
    rows = listed(seen, threshold, shown)
    rows = _sorted(
        _filtered(rows, request.get("filterModel") or {}), request.get("sortModel") or ()
    )
    part = rows.iloc[_part(request)]
    part = part.assign(href=[seen.url.at(RUN, run=run) for run in part["run"]])
    records = part.astype(object).where(part.notna(), None).to_dict("records")
    return {"rowData": records, "rowCount": len(rows)}


def _part(request: Mapping[str, Any]) -> slice:
    """Which of the rows are asked for."""
    match request:
        case {"startRow": int(start), "endRow": int(end)} if 0 <= start <= end:
            return slice(start, end)
    asked = (str(request.get(key))[:20] for key in ("startRow", "endRow"))
    raise Refused(f"there are no rows from {' to '.join(asked)}: reload the page")


def listed(seen: Seen, threshold: float | None, shown: str) -> pd.DataFrame:
    """A row a run that is to be shown, the most abnormal first; its index is their positions."""
    view = seen.view
    flagged = view.outliers(threshold)
    positions = {
        OUTLIERS: lambda: view.worst_first(flagged),
        OPEN: lambda: open_outliers(seen, threshold),
        ALL: lambda: view.ranked,
    }[shown]()
    rows = view.described.iloc[positions]
    has_times = threshold is not None and threshold > TINY
    times = view.scores[rows.index] / threshold if has_times else np.full(len(rows), np.nan)
    said = _said(seen).reindex(rows.index, fill_value="")
    return rows.assign(times=readable(times), outlier=flagged[rows.index]).join(said)


def _said(seen: Seen) -> pd.DataFrame:
    """(n_verdicts, 4): what people said of runs, by their position."""
    verdicts = seen.standing.verdicts
    said = [(v.verdict, v.cause, v.comment, f"{v.who}, {when(v.at)}") for v in verdicts.values()]
    places = [seen.view.places[run] for run in verdicts]
    return pd.DataFrame(said, index=pd.Index(places, dtype=int), columns=[*PARTS, "by"])


def _filtered(rows: pd.DataFrame, model: Mapping[str, Any]) -> pd.DataFrame:
    """Rows that pass the filters of all columns."""
    for name, given in model.items():
        column = rows[_known(rows, name)]
        passes = [_passes(column, one) for one in given.get("conditions") or [given]]
        join = np.logical_or if given.get("operator") == "OR" else np.logical_and
        rows = rows[join.reduce(passes)]
    return rows


def _known(rows: pd.DataFrame, name: Any) -> str:
    """A name, if it is that of a column."""
    if not isinstance(name, str) or name not in rows:
        raise Refused(f"there is no column {str(name)[:40]!r}: reload the page")
    return name


def _passes(column: pd.Series, condition: Mapping[str, Any]) -> NDArray[np.bool_]:
    """(n_rows,): whether a condition holds; of texts whatever their case."""
    kind, given, to = (condition.get(key) for key in ("type", "filter", "filterTo"))
    is_number = pd.api.types.is_numeric_dtype(column)
    known, wanted = (NUMBER, Real) if is_number else (TEXT, str)
    needed = [] if kind in BLANKS else [given, to] if kind == "inRange" else [given]
    if kind not in known or not all(isinstance(one, wanted) for one in needed):
        raise Refused(f"{column.name} cannot be filtered by {str(kind)[:40]!r} {str(given)[:40]!r}")
    if not is_number:
        column, given = column.str.lower(), str(given).lower()
    return np.asarray(known[kind](column, given, to), dtype=bool)


def _sorted(rows: pd.DataFrame, model: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """Rows as the columns say; where these say nothing, the most abnormal first."""
    if not model:
        return rows
    names = [_known(rows, column.get("colId")) for column in model]
    up = [column.get("sort") != "desc" for column in model]
    return rows.sort_values(names, ascending=up, kind="stable")
