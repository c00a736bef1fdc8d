"""What a URL says: what is looked at, against which runs, and where the threshold is tried."""

from __future__ import annotations

import math
from typing import Any, NamedTuple, Self
from urllib.parse import parse_qs, urlencode

from .answers import Refused

# Pages.
RUNS, RUN, POPULATION, LATENT = "/", "/run", "/population", "/latent"
COMPARE, HELP = "/compare", "/help"
# Files.
SCORES_CSV, SCORES_PARQUET = "/export/scores.csv", "/export/scores.parquet"
REPORT = "/export/report.html"
MOST_CHANNELS = 100  # that a URL names: every link on a page repeats them
URL_NAMES = {"channels": "channel", "other": "with", "rival": "with_scoring"}  # others: as they are


class State(NamedTuple):
    """What is looked at.

    Attributes
    ----------
    scoring : int or None
        Its number, which says data set and model, too; None: the newest.
    run : str or None
        Name of the run.
    good : str or None
        Key of the set of good runs.
    channels : tuple of str
        Those that are drawn; none: those with most of the error.
    k : float or None
        Where the threshold is tried, in standard deviations above the mean of the good runs; None:
        the kept threshold.
    other : str or None
        Name of the run that it is compared with.
    rival : int or None
        Number of the scoring that it is compared with.
    """

    scoring: int | None = None
    run: str | None = None
    good: str | None = None
    channels: tuple[str, ...] = ()
    k: float | None = None
    other: str | None = None
    rival: int | None = None

    @classmethod
    def of(cls, search: str | None) -> Self:
        """Read the part of a URL behind its question mark.

        Raises
        ------
        Refused
            If what must be a number is none.
        """
        given = parse_qs((search or "").lstrip("?"), keep_blank_values=True)
        last = {name: values[-1] for name, values in given.items()}
        return cls(
            _number_of_scoring(last.get("scoring")),
            last.get("run"),
            last.get("good"),
            tuple(dict.fromkeys(given.get(URL_NAMES["channels"], ())))[:MOST_CHANNELS],
            _k(last.get("k")),
            last.get(URL_NAMES["other"]),
            _number_of_scoring(last.get(URL_NAMES["rival"])),
        )

    def at(self, page: str, **changes: Any) -> str:
        """The URL of a page, with some of it changed."""
        values = {
            URL_NAMES.get(name, name): f"{value:g}" if isinstance(value, float) else value
            for name, value in self._replace(**changes)._asdict().items()
            if value is not None
        }
        query = urlencode(values, doseq=True)
        return f"{page}?{query}" if query else page


def _number_of_scoring(text: str | None) -> int | None:
    if text is not None and not (text.isascii() and text.isdigit() and len(text) < 10):
        raise Refused(f"there is no scoring {text[:20]!r}: choose one above")
    return None if text is None else int(text)


def _k(text: str | None) -> float | None:
    if text is None:
        return None
    try:
        k = float(text)
    except ValueError:
        k = math.nan
    if not math.isfinite(k):
        raise Refused(f"k is a number of standard deviations, got {text[:20]!r}: move the slider")
    return k
