"""A file to hand out, and its name."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from typing import NamedTuple, Self

CSV, PARQUET, HTML = "csv", "parquet", "html"
MIMETYPES = {CSV: "text/csv", PARQUET: "application/vnd.apache.parquet", HTML: "text/html"}
ENDING = re.compile(r"\.(csv|tsv|txt|parquet)(\.gz)?$", re.IGNORECASE)
LONGEST_NAME = 60


class File(NamedTuple):
    """A file to hand out; its name is ours."""

    name: str
    content: bytes
    mimetype: str

    @classmethod
    def of(cls, content: bytes, names: Sequence[str], what: str, ending: str) -> Self:
        """Name a file: see `file_name`."""
        return cls(file_name(names, what, ending), content, MIMETYPES[ending])


def file_name(names: Sequence[str], what: str, ending: str) -> str:
    """A name for a file that is ours alone: of what people wrote, letters and digits are left.

    Parameters
    ----------
    names : sequence of str
        Of a data set, and maybe of a run.
    what : str
        What is in the file.
    ending : str
        Without a point.

    Returns
    -------
    str
        `new-scores-2026-03-01.csv`.
    """
    safe = [part for name in names if (part := _safe(name))]
    return f"{'-'.join([*safe, what])}-{date.today():%Y-%m-%d}.{ending}"


def _safe(name: str) -> str:
    plain = re.sub(r"[^A-Za-z0-9]+", "-", ENDING.sub("", name)).strip("-")
    return plain[:LONGEST_NAME].strip("-")
