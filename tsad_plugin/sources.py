"""Tables and where they come from: columns as numbers or times, files as DataFrames.

Nothing here knows of runs; `tables.read_runs` makes them.
"""

from __future__ import annotations

import csv
import gzip
import io
import os
import re
import warnings
import zlib
from collections.abc import Hashable
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO, cast

import numpy as np
import pandas as pd
from numpy.typing import NDArray

TEXT_ENDINGS = (".csv", ".tsv", ".txt")
SAMPLE_BYTES = 1 << 16
# What the header says of units: "temperature [°C]", and of a column of times also time_h, t(min).
UNIT = re.compile(r"(?<=\S)\s*\[([^\[\]]*)\]$")
TIME_UNIT = re.compile(r"[_\s(\[](ms|s|min|h|d)[)\]]?$")
DECIMAL_COMMA = re.compile(r"\s*[-+]?[0-9]+,[0-9]+\s*")
REASONS: tuple[tuple[Any, str], ...] = (
    (FileNotFoundError, "there is no such file: check the name and the folder"),
    (IsADirectoryError, "it is a folder: pass a file"),
    (UnicodeDecodeError, "it is not text in UTF-8: save it as such"),
    (
        (gzip.BadGzipFile, EOFError, zlib.error),
        "it is no whole gzip file: pack it again, or drop .gz from the name of plain text",
    ),
    (pd.errors.EmptyDataError, "it is empty: it needs a header and rows"),
    (pd.errors.ParserWarning, "its rows have more cells than its header: name every column"),
)


@dataclass(frozen=True)
class Table:
    """A DataFrame that knows the text file it came from, so that errors can name a line."""

    frame: pd.DataFrame
    path: Path | None = None
    separator: str = ","

    def place(self, row: int) -> str:
        """Line of that row in the text file, where there is one, else its number."""
        if self.path is None:
            return f"row {row}"
        # Blank lines and line breaks in quotes part the numbers of lines and rows.
        with _open(self.path) as file:
            text = io.TextIOWrapper(file, encoding="utf-8-sig", newline="")
            records = csv.reader(text, delimiter=self.separator)
            lines = (records.line_num for r in records if len(r) > 1 or "".join(r).strip())
            return f"line {next(islice(lines, int(row) + 1, None))}"

    def _first(self, name: Hashable, where: pd.Series) -> str:
        """`column 'x' holds 'y' (line 3)`, for the first row where the mask is True."""
        row = int(np.flatnonzero(where)[0])
        value = self.frame[name].iloc[row : row + 1].tolist()[0]
        return f"column {name!r} holds {value!r} ({self.place(row)})"

    def check_filled(self, name: Hashable, what: str) -> None:
        """Raise where a cell of that column is empty."""
        missing = np.flatnonzero(self.frame[name].isna())
        if len(missing):
            raise ValueError(
                f"column {name!r} has no {what} ({self.place(missing[0])}; rows like it: "
                f"{len(missing)}): fill it in or leave the row out"
            )

    def times(self, name: Hashable) -> NDArray[Any]:
        """Times of the rows: numbers, or datetime64 in UTC where they had a time zone."""
        self.check_filled(name, "time")
        column = self.frame[name]
        if pd.api.types.is_numeric_dtype(column) or column.dtype.kind == "m":
            return column.to_numpy()
        parsed = _as_numbers(column)
        if parsed.isna().all():
            parsed = pd.to_datetime(column, format="ISO8601", utc=True, errors="coerce")
            parsed = parsed.dt.tz_localize(None)
        if parsed.isna().any():
            raise ValueError(
                f"{self._first(name, parsed.isna())}: a time is a number or a date such as "
                "2024-01-31 08:30"
            )
        return parsed.to_numpy()

    def why_no_channel(self, name: Hashable) -> str:
        """Why a column is none of numbers; empty where it is one, or is meant to be."""
        column = self.frame[name]
        if self.path is not None and str(name).startswith("Unnamed: "):
            return "no name in the header"
        if _is_plain(column) or column.isna().all() or _as_numbers(column).notna().any():
            return ""
        value = column.dropna().iloc[0]
        if not isinstance(value, str):
            return str(column.dtype)
        # Numbers in a foreign notation must not pass for text: reading them explains it.
        return "" if DECIMAL_COMMA.fullmatch(value) else "text"

    def matrix(self, names: list[Hashable], rows: NDArray[np.intp]) -> NDArray[Any]:
        """Those columns and rows as one array of floats; float32 stays if all columns are."""
        columns = [self._numbers(name) for name in names]
        values = np.empty((len(rows), len(names)), dtype=np.result_type(*columns))
        for c, column in enumerate(columns):
            values[:, c] = column[rows]
        return values

    def _numbers(self, name: Hashable) -> NDArray[Any]:
        column = self.frame[name]
        if _is_plain(column):
            return column.to_numpy(dtype=np.float32 if column.dtype == np.float32 else np.float64)
        numbers = _as_numbers(column)
        wrong = numbers.isna() & column.notna()
        if wrong.any():
            raise ValueError(
                f"{self._first(name, wrong)}, which is no number: write numbers with a decimal "
                "point, empty the cell where nothing was measured, or leave the column out"
            )
        return numbers.to_numpy(dtype=np.float64)


def _is_plain(column: pd.Series) -> bool:
    return isinstance(column.dtype, np.dtype) and column.dtype.kind in "fiub"


def _as_numbers(column: pd.Series) -> pd.Series:
    """Numbers of a column of any type, NaN where a value is none."""
    if column.dtype.kind in "mM":  # the way through objects takes seconds
        return pd.Series(np.nan, index=column.index)
    return pd.to_numeric(column.astype(object), errors="coerce")


def split_unit(name: Hashable) -> tuple[str, str]:
    """Name and unit of a column: `temperature [°C]` is temperature in °C."""
    found = UNIT.search(str(name))
    return (str(name)[: found.start()], found[1].strip()) if found else (str(name), "")


def time_unit(name: Hashable) -> str | None:
    """Unit of a column of times, where its name ends in one."""
    found = TIME_UNIT.search(str(name))
    return found[1] if found else None


def load_table(source: Any, text_column: Hashable | None = None) -> Table:
    """Read a file, or take a DataFrame; a text file's `text_column` is not turned into numbers."""
    if isinstance(source, Table):
        return source
    if isinstance(source, pd.DataFrame):
        table, name = Table(source), "the DataFrame"
    elif isinstance(source, (str, os.PathLike)):
        table, name = _read_file(Path(source), text_column), repr(os.fspath(source))
    else:
        raise ValueError(
            f"source must be a path or a DataFrame, got {type(source).__name__}: for arrays there "
            "is as_runs"
        )
    twice = table.frame.columns[table.frame.columns.duplicated()]
    if len(twice):
        raise ValueError(f"{name} has two columns {twice[0]!r}: column names must be unique")
    if not len(table.frame):
        raise ValueError(f"{name} has no rows: it needs at least one")
    return table


def _read_file(path: Path, text_column: Hashable | None) -> Table:
    try:
        is_text = ending(path) in TEXT_ENDINGS
        return _read_text(path, text_column) if is_text else _read_parquet(path)
    except (OSError, EOFError, zlib.error, ValueError, pd.errors.ParserWarning) as error:
        raise ValueError(f"cannot read {os.fspath(path)!r}: {_reason(error)}") from error


def _reason(error: Exception) -> str:
    if isinstance(error, pd.errors.ParserError):
        found = str(error).removeprefix("Error tokenizing data. C error: ").strip()
        return f"{found}: check the separators and quotes there"
    return next((reason for kind, reason in REASONS if isinstance(error, kind)), str(error))


def ending(path: Path) -> str:
    """`.csv` of `X.csv`, and of `X.CSV.gz`."""
    return Path(path.name.lower().removesuffix(".gz")).suffix


def _open(path: Path) -> BinaryIO:
    packed = path.name.lower().endswith(".gz")
    return cast(BinaryIO, gzip.open(path)) if packed else path.open("rb")


def _read_parquet(path: Path) -> Table:
    if path.suffix.lower() != ".parquet":
        raise ValueError(
            f"its name ends in {path.suffix!r}: pass .csv, .tsv or .txt (also with .gz), .parquet, "
            "or a DataFrame"
        )
    with path.open("rb") as file:
        try:
            return Table(pd.read_parquet(file))
        except (OSError, ValueError):
            raise ValueError("it is no whole Parquet file: write it again") from None


def _read_text(path: Path, text_column: Hashable | None) -> Table:
    with _open(path) as file:
        sample = file.read(SAMPLE_BYTES)
    if b"\0" in sample:
        raise ValueError("it holds binary data or UTF-16: save it as text in UTF-8")
    separator = "\t" if ending(path) == ".tsv" else _separator(sample.decode(errors="replace"))
    with _open(path) as file, warnings.catch_warnings():
        warnings.simplefilter("error", pd.errors.ParserWarning)
        frame = pd.read_csv(
            file,
            sep=separator,
            index_col=False,  # else lines with a cell too many shift all columns by one
            # Only an empty cell is missing: "NA" and "None" may be ids.
            converters=None if text_column is None else {text_column: _cell},
            float_precision="round_trip",  # the same runs as from Parquet, to the last bit
            low_memory=False,  # else a column's type may change in the middle of the file
        )
    return Table(frame, path, separator)


def _cell(text: str) -> str | None:
    return text.strip() or None


def _separator(sample: str) -> str:
    """Separator that all of the first lines have most of, and then the header."""
    lines = [line for line in re.sub('"[^"]*"', "", sample).splitlines() if line.strip()]
    counts = {s: [line.count(s) for line in lines[:20] or [""]] for s in ",;\t"}
    return max(counts, key=lambda s: (min(counts[s]), counts[s][0]))
