"""Text files as numbered lines, numbers and tables; an error names the file and the line."""

from __future__ import annotations

import gzip
import os
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO, cast

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tsad_plugin.forms import plural, shorten
from tsad_plugin.sources import REASONS, Table, load_table

PathLike = str | os.PathLike[str]
Array = NDArray[np.float64]
Lines = list[tuple[int, str]]
"""Number of each line in its file, from 1 on, and its text."""


@contextmanager
def naming(path: PathLike) -> Iterator[None]:
    """Put the file before what is said to be wrong in it."""
    try:
        yield
    except ValueError as error:
        raise ValueError(f"{os.fspath(path)!r}: {error}") from error


@contextmanager
def reading(path: PathLike) -> Iterator[None]:
    """Say why a file cannot be read, in the words of `read_runs`."""
    known = (OSError, EOFError, zlib.error, UnicodeDecodeError, pd.errors.ParserWarning)
    try:
        yield
    except (*known, pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        reason = next((reason for kind, reason in REASONS if isinstance(error, kind)), str(error))
        raise ValueError(f"cannot read {os.fspath(path)!r}: {reason}") from error


def open_text(path: PathLike) -> TextIO:
    """Open a text file in UTF-8, a packed one where its name ends in `.gz`."""
    if Path(path).name.lower().endswith(".gz"):
        return cast(TextIO, gzip.open(path, "rt", encoding="utf-8-sig"))
    return open(path, encoding="utf-8-sig")


def read_lines(path: PathLike) -> Lines:
    """Lines of a file that are not blank."""
    with reading(path), open_text(path) as file:
        lines = [(n, text) for n, line in enumerate(file, 1) if (text := line.strip(" \r\n"))]
    if not lines:
        raise ValueError(f"cannot read {os.fspath(path)!r}: it is empty")
    return lines


def numbers(cells: Sequence[str], line: int) -> Array:
    """Cells of one line as numbers."""
    try:
        return np.array(cells, dtype=np.float64)
    except ValueError:
        wrong = next(cell for cell in cells if not is_number(cell))
        raise ValueError(f"line {line}: expected a number, found {wrong[:40]!r}") from None


def is_number(cell: str) -> bool:
    """Whether a cell can be read as a number."""
    try:
        float(cell)
    except ValueError:
        return False
    return True


def number_rows(lines: Lines, n_fields: int, separator: str | None, expected: str) -> Array:
    """(n_lines, n_fields): lines of numbers that all have as many fields as `expected` says."""
    rows = []
    for line, text in lines:
        cells = text.split(separator)
        if len(cells) != n_fields:
            raise ValueError(
                f"line {line} has {plural(len(cells), 'field')}, expected {n_fields} ({expected}): "
                "the file is cut there, or of another kind"
            )
        rows.append(numbers(cells, line))
    return np.array(rows)


def read_full_table(path: PathLike, columns: Sequence[str], run: str | None = None) -> Table:
    """Read a table that has these columns, without an empty cell; `run` is read as text."""
    table = load_table(path, text_column=run)
    with naming(path):
        check_columns(columns, table.frame.columns.tolist())
        for name in columns:
            table.check_filled(name, "value")
    return table


def check_columns(expected: Sequence[str], found: Sequence[str]) -> None:
    """Raise where an expected column is missing."""
    if missing := [name for name in expected if name not in found]:
        raise ValueError(
            f"no column {missing[0]!r}; columns here: {shorten(found, quote=False)}; expected: "
            f"{', '.join(expected)}"
        )
