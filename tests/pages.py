"""The pages of the book as programs: the code on them, and what it prints.

`python tests/pages.py [PAGE …]` runs pages and writes what their code prints now below it.
"""

import io
import math
import os
import re
import shlex
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import chdir, redirect_stdout
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")  # as in the tests

DOCS = Path(__file__).parents[1] / "docs"
# Code, and below it, where it prints something, what that is.
BLOCK = re.compile(r"```(python|sh)\n(.*?)```(?:\n\n```text\n(.*?)```)?", re.DOTALL)
# Not the number in a name: F-007, FC2.
NUMBER = re.compile(r"(?<![\w-])\d+(?:[.,]\d+)*")
SECONDS = re.compile(r"in [\d.]+ s\b")


def programs() -> list[Path]:
    """Pages with Python on them."""
    return [page for page in sorted(DOCS.rglob("*.md")) if "```python" in page.read_text("utf-8")]


def run(page: Path, folder: Path) -> Iterator[tuple[re.Match[str], str]]:
    """Run the blocks of a page one after another in a folder: each, and what it prints."""
    names: dict[str, Any] = {"__name__": "page"}
    for block in BLOCK.finditer(page.read_text("utf-8")):
        with chdir(folder):
            yield (
                block,
                _python(block[2], str(page), names) if block[1] == "python" else _shell(block),
            )


def _python(code: str, where: str, names: dict[str, Any]) -> str:
    with redirect_stdout(io.StringIO()) as out:
        exec(compile(code, where, "exec"), names)
    return out.getvalue()


def _shell(block: re.Match[str]) -> str:
    """What a `tsad` command prints, where the page shows it; other commands are not run."""
    if block[3] is None:
        return ""
    from typer.testing import CliRunner

    from tsad_plugin.cli import app

    runner = CliRunner(env={"COLUMNS": None})
    result = runner.invoke(app, shlex.split(block[2])[1:], catch_exceptions=False)
    assert result.exit_code == 0, result.stderr
    return "\n".join(line.rstrip() for line in result.stdout.splitlines()) + "\n"


def same(shown: str, printed: str) -> bool:
    """Whether two outputs agree but for space, seconds and what rounding can change.

    Another processor rounds otherwise, and training magnifies that: numbers may differ a little.
    """
    shown, printed = (SECONDS.sub("", " ".join(text.split())) for text in (shown, printed))
    if NUMBER.split(shown) != NUMBER.split(printed):
        return False
    pairs = zip(NUMBER.findall(shown), NUMBER.findall(printed), strict=True)
    return all(_close(a, b) for a, b in pairs)


def _close(a: str, b: str) -> bool:
    x, y = (float(number.replace(",", "")) for number in (a, b))
    return math.isclose(x, y, rel_tol=0.05, abs_tol=0.1 if "." in a and "." in b else 2)


def refresh(page: Path, say: Callable[[str], Any]) -> None:
    """Write into a page what its code prints."""
    text = page.read_text("utf-8")
    with tempfile.TemporaryDirectory() as folder:
        for block, printed in run(page, Path(folder)):
            if block[3] is not None and not same(block[3], printed):
                say(f"{page}: {block[2].splitlines()[-1]}\n{printed}")
                text = text.replace(block[0], _with_output(block, printed), 1)
    page.write_text(text, encoding="utf-8")


def _with_output(block: re.Match[str], printed: str) -> str:
    return block[0][: block.start(3) - block.start(0)] + printed + "```"


if __name__ == "__main__":
    for path in [Path(name) for name in sys.argv[1:]] or programs():
        refresh(path, print)
