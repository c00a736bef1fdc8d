"""A report on a comparison as Markdown: words and tables."""

from __future__ import annotations

import re
from collections.abc import Sequence

from .page import Page, Section
from .reading import reading
from .tables import Table

SPECIAL = re.compile(r"([\\`*_\[\]|~])")


def markdown(page: Page) -> str:
    """The report as text."""
    facts = [
        f"- {text(name)}: {text(value)} ({text(remark)})" for name, value, remark in page.facts
    ]
    parts = [f"# {text(page.headline)}", "\n".join(facts)]
    for section in page.sections:
        parts += _section(section)
    parts += ["## How this was made", _list(page.setting), table(page.data)]
    parts += ["## How to read this", _list(reading(page.measures))]
    return "\n\n".join(parts) + "\n"


def _section(section: Section) -> list[str]:
    parts = [f"## {text(section.title)}", text(section.headline) + "."]
    parts += [text(remark) for remark in section.remarks]
    parts.append(table(section.summary))
    for title, rows in section.tables:
        parts += [f"### {text(title)}", table(rows)]
    return parts


def _list(items: Sequence[tuple[str, str]]) -> str:
    return "\n".join(f"- **{text(name)}**: {text(value)}" for name, value in items)


def table(rows: Table) -> str:
    """A table of GitHub's Markdown."""
    rule = ["---" if i < rows.n_names else "---:" for i in range(len(rows.header))]
    body = [
        _row([_cell(cell, (i, j) in rows.best) for j, cell in enumerate(line)])
        for i, line in enumerate(rows.rows)
    ]
    return "\n".join([_row([text(title) for title in rows.header]), _row(rule), *body])


def _cell(value: str, best: bool) -> str:
    return f"**{text(value)}**" if best else text(value)


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def text(value: str) -> str:
    """Text on one line of which nothing is taken for a mark."""
    line = " ".join(str(value).split())
    line = line.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return SPECIAL.sub(r"\\\1", line)
