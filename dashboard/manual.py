"""What every number means: one text, which the help page shows and the book has as a chapter."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import NamedTuple

SOURCE = Path(__file__).parent / "help" / "numbers.md"
HEADING = re.compile(r"^## (?P<title>.+) \{#(?P<slug>[\w-]+)\}$", re.MULTILINE)
CHAPTER = re.compile(r"\[([^\]]+)\]\((?!#)[^)]+\)")  # a link to another page of the book


class Section(NamedTuple):
    """What one number means; its text is Markdown."""

    slug: str
    title: str
    text: str


class Manual(NamedTuple):
    """All of it: a title, what comes first, and the sections."""

    title: str
    lead: str
    sections: list[Section]


@cache
def manual() -> Manual:
    """The text by itself, without the book around it: its other chapters are named, not linked."""
    source = CHAPTER.sub(r"\1", SOURCE.read_text("utf-8"))
    head, *rest = HEADING.split(source)
    title, _, lead = head.partition("\n")
    sections = [
        Section(slug, name, text.strip())
        for name, slug, text in zip(rest[::3], rest[1::3], rest[2::3], strict=True)
    ]
    return Manual(title.removeprefix("# "), lead.strip(), sections)
