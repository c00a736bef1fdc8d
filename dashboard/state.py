"""What a URL says: which scoring and run are looked at, and which runs count as good."""

from __future__ import annotations

from typing import Any, NamedTuple, Self
from urllib.parse import parse_qs, urlencode

from .answers import Refused

RUNS, RUN, HELP = "/", "/run", "/help"  # pages


class State(NamedTuple):
    """What is looked at."""

    scoring: int | None = None
    run: str | None = None
    good: str | None = None

    @classmethod
    def of(cls, search: str | None) -> Self:
        """Read the part of a URL behind its question mark.

        Raises
        ------
        Refused
            If the number of the scoring is none.
        """
        given = {
            k: v[-1]
            for k, v in parse_qs((search or "").lstrip("?"), keep_blank_values=True).items()
        }
        number = given.get("scoring")
        if number is not None and not (number.isascii() and number.isdigit() and len(number) < 10):
            raise Refused(f"there is no scoring {number[:20]!r}: choose one above")
        return cls(None if number is None else int(number), given.get("run"), given.get("good"))

    def at(self, page: str, **changes: Any) -> str:
        """The URL of a page, with some of it changed."""
        values = {k: v for k, v in self._replace(**changes)._asdict().items() if v is not None}
        return f"{page}?{urlencode(values)}" if values else page
