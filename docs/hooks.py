"""What MkDocs runs while it builds the book.

`<!-- tsad fit -->` in a page becomes the help of that command. It is read from the command itself,
so the page cannot say anything else. The text of the dashboard's help page is a chapter, too. In
docstrings references lose their marks of reStructuredText, names of pages become links, and choices
of parameters keep their default.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import typer
from griffe import Extension, Object
from mkdocs.structure.files import File

from tsad_plugin.cli import app

# Chapters that are written elsewhere: where they stand in the book, and where the text is.
BORROWED = {"guide/numbers.md": "dashboard/help/numbers.md"}

PLACE = re.compile(r"^<!-- tsad( \w+)? -->$", re.MULTILINE)
CITATION = re.compile(r"(\[\d+\])_")
REFERENCE = re.compile(r"(<p>)?\.\. (\[\d+\])")
PAGE = re.compile(r"(?<![\w/\"])docs/(\w+)\.md")
CHOICES = re.compile(r"^(\s*\w+ : )\{(.+?)\}", re.MULTILINE)


class Choices(Extension):
    """`{"a", "b"}` as `"a" or "b"`: of a set in braces griffe takes the first for the default."""

    def on_object(self, *, obj: Object, **_: Any) -> None:
        """Rewrite the docstring of an object before it is parsed."""
        if obj.docstring:
            obj.docstring.value = CHOICES.sub(
                lambda found: found[1] + found[2].replace(", ", " or "), obj.docstring.value
            )


def on_files(files: Any, config: Any) -> None:
    """Take the chapters that are written elsewhere into the book."""
    root = Path(config.config_file_path).parent
    for chapter, source in BORROWED.items():
        files.append(File.generated(config, chapter, abs_src_path=str(root / source)))


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Put the help of a command where its name stands in a comment."""
    group: Any = typer.main.get_command(app)
    return PLACE.sub(lambda found: command_help(group, (found[1] or "").strip()), markdown)


def on_page_content(html: str, page: Any, **_: Any) -> str:
    """Show `.. [1]`, each on a line of its own, and `[1]_` as [1]; link `docs/scoring.md`."""
    up = "../" * page.url.count("/")
    html = PAGE.sub(lambda found: f'<a href="{up}{found[1]}.html">{found[0]}</a>', html)
    html = REFERENCE.sub(lambda found: (found[1] or "<br>") + found[2], html)
    return CITATION.sub(r"\1", html)


def command_help(group: Any, name: str) -> str:
    """Help of a command as Markdown: usage, its text, its options as a table."""
    command = group.commands[name] if name else group
    options = [p for p in command.params if p.param_type_name == "option"]
    arguments = [p for p in command.params if p.param_type_name == "argument"]
    words = ["tsad", name, *(a.metavar for a in arguments), "[OPTIONS]" if name else "COMMAND"]
    parts = [f"```text\n{' '.join(word for word in words if word)}\n```", command.help]
    if not name:
        parts.append(_table("Command", [(f"`tsad {n}`", c.help) for n, c in _commands(group)]))
    parts.append(_table("Argument", [(f"`{a.metavar}`", a.help) for a in arguments]))
    context = typer.Context(command)
    parts.append(_table("Option", [(_usage(o, context), _meaning(o)) for o in options]))
    return "\n\n".join(part for part in parts if part)


def _commands(group: Any) -> list[tuple[str, Any]]:
    return list(group.commands.items())


def _usage(option: Any, context: typer.Context) -> str:
    """`--model DIR`: an option and its value, by the value's name or, without one, its type."""
    value = option.metavar or ("" if option.is_flag else option.display_type(context).strip("<>"))
    return f"`{' '.join([', '.join(option.opts), value]).strip()}`"


def _meaning(option: Any) -> str:
    if option.required:
        return f"{option.help} **Required.**"
    if option.is_flag or option.default is None:
        return option.help
    return f"{option.help} Default: `{option.default}`."


def _table(title: str, rows: list[tuple[str, str]]) -> str:
    """Rows of a term and its meaning, of which a table shows the first paragraph."""
    if not rows:
        return ""
    # In code, as the terms are, a bar parts no cells.
    cells = [f"| {term} | {_first(text).replace('|', chr(92) + '|')} |" for term, text in rows]
    return "\n".join([f"| {title} | |", "|---|---|", *cells])


def _first(text: str) -> str:
    return " ".join(text.split("\n\n")[0].split())
