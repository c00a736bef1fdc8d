"""Rows of results on disk, each written as soon as it is there."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, Self

from .cells import KEYS

ENDING = ".jsonl"
BEGIN = b'{"cell": "'


class Journal:
    """A file of one JSON object a line, which a crash leaves whole but for its last line.

    Parameters
    ----------
    path : path-like or None
        The file, `.jsonl`; made where there is none. None keeps nothing.

    Raises
    ------
    ValueError
        If the name ends in something else, its folder is missing, or a line holds no result.
    OSError
        If the file cannot be read or written.
    """

    def __init__(self, path: str | os.PathLike[str] | None) -> None:
        self.path = None if path is None else Path(path)
        self.kept: dict[str, dict[str, Any]] = {}
        self._torn = 0
        if self.path is not None:
            self._check(self.path)
            if self.path.exists():
                self.kept = dict(self._read(self.path))

    @staticmethod
    def _check(path: Path) -> None:
        name = repr(str(path))
        if path.suffix != ENDING:
            raise ValueError(f"cannot keep results in {name}: its name must end in {ENDING}")
        if not path.parent.is_dir():
            raise ValueError(f"cannot keep results in {name}: make its folder first")

    def _read(self, path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
        """Cell and row of every whole line; the later of two rows of a cell counts."""
        *lines, torn = path.read_bytes().split(b"\n")
        for number, line in enumerate(lines, start=1):
            row = _row(line)
            if row is None:
                raise ValueError(_foreign(number, path))
            yield row.pop("cell"), row
        if torn[: len(BEGIN)] != BEGIN[: len(torn)]:
            raise ValueError(_foreign(len(lines) + 1, path))
        self._torn = len(torn)  # by a crash in the middle of a line

    def __enter__(self) -> Self:
        if self.path is not None and self._torn:
            os.truncate(self.path, self.path.stat().st_size - self._torn)
        self._file: IO[bytes] | None = None if self.path is None else self.path.open("ab")
        return self

    def __exit__(self, *exception: object) -> None:
        if self._file is not None:
            self._file.close()

    def add(self, cell: str, row: dict[str, Any]) -> None:
        """Write a row, and be sure that it is on the disk."""
        if self._file is not None:
            self._file.write(json.dumps({"cell": cell, **row}).encode() + b"\n")
            self._file.flush()
            os.fsync(self._file.fileno())


def _row(line: bytes) -> dict[str, Any] | None:
    """The row of a line; None where it holds something else."""
    try:
        row = json.loads(line)
    except ValueError:
        return None
    is_row = isinstance(row, dict) and {"cell", *KEYS, "fit_seconds"} <= row.keys()
    return row if is_row and isinstance(row["fit_seconds"], float) else None


def _foreign(number: int, path: Path) -> str:
    return (
        f"line {number} of {str(path)!r} holds no result: remove that line, or choose another file"
    )
