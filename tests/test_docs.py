"""The book: it builds without a warning, fetches nothing, and its code does what it says."""

import ast
import html
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from inspect import signature
from pathlib import Path
from typing import Any

import pages
import pytest
import yaml
from typer.testing import CliRunner

import tsad_plugin
from dashboard.manual import manual
from tsad_plugin import datasets
from tsad_plugin.cli import app

ROOT = Path(__file__).parents[1]
# Words that `--help` sets around what the commands say.
FRAME = {
    "root", "required", "default", "path", "bool", "text", "list",
    "help", "this", "message", "exit",
}  # fmt: skip
OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]+")
# What a style sheet may load, and from where.
STYLE_URL = re.compile(r"url\(\s*[\"']?([^\"')]+)|@import\s+[\"']([^\"']+)")
NUMBERS = "guide/numbers.md"  # what the dashboard's help page says
NOWHERE = "http://127.0.0.1:9"  # a proxy that does not answer: what asks the network fails


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the built book."""
    site = tmp_path_factory.mktemp("book") / "site"
    quiet = {"NO_MKDOCS_2_WARNING": "1", "http_proxy": NOWHERE, "https_proxy": NOWHERE}
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(site)]
    done = subprocess.run(
        command, cwd=ROOT, env={**os.environ, **quiet}, capture_output=True, text=True, check=False
    )
    said = done.stdout + done.stderr
    assert done.returncode == 0 and "WARNING" not in said, said
    return site


def config() -> dict[str, Any]:
    return yaml.safe_load((ROOT / "mkdocs.yml").read_text("utf-8"))


def paths(nav: Any) -> Iterator[str]:
    """Paths of the pages in a navigation, however deep."""
    if isinstance(nav, str):
        yield nav
    else:
        for item in nav.values() if isinstance(nav, dict) else nav:
            yield from paths(item)


class Loads(HTMLParser):
    """Collects what a page loads: every address but those of links to click on."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag != "a":
            self.found += [
                value or ""
                for name, value in attrs
                if name in ("src", "srcset", "href", "data", "poster", "action", "xlink:href")
            ]


def is_elsewhere(address: str) -> bool:
    return re.match(r"\s*([a-z][a-z0-9+.-]*:)?//", address, re.IGNORECASE) is not None


def test_every_page_of_the_navigation_is_there(book: Path) -> None:
    listed = list(paths(config()["nav"]))
    assert len(listed) == len(set(listed)) >= 25
    assert [p for p in listed if not (book / p).with_suffix(".html").is_file()] == []


def test_every_page_is_in_the_navigation() -> None:
    written = {str(page.relative_to(pages.DOCS)) for page in pages.DOCS.rglob("*.md")}
    assert written | {NUMBERS} == set(paths(config()["nav"]))
    assert NUMBERS not in written


def test_the_book_says_of_the_numbers_what_the_dashboard_says(book: Path) -> None:
    page = html.unescape((book / NUMBERS).with_suffix(".html").read_text("utf-8"))
    assert re.findall(r'<h2 id="([\w-]+)"', page) == [section.slug for section in manual().sections]
    article = " ".join(re.sub(r"<[^>]+>", "", page).split())
    for section in manual().sections:
        first = section.text.split("\n\n")[0]
        assert " ".join(re.sub(r"\[(.*?)\]\(.*?\)", r"\1", first).split()) in article


def test_no_page_loads_anything_from_elsewhere(book: Path) -> None:
    built = list(book.rglob("*.html"))
    texts = {page: page.read_text("utf-8") for page in built}
    loaded = {(page.name, a) for page, text in texts.items() for a in Loads(text).found}
    assert any(address.endswith(".js") for _, address in loaded)  # it does see what is loaded
    assert {found for found in loaded if is_elsewhere(found[1])} == set()
    # Material fetches the library for these from a CDN.
    assert [
        page for page, text in texts.items() if re.search(r'class="(mermaid|arithmatex)', text)
    ] == []


def test_no_style_sheet_loads_anything_from_elsewhere(book: Path) -> None:
    sheets = [*book.rglob("*.css"), *book.rglob("*.html"), *book.rglob("*.svg")]
    urls = [u for s in sheets for pair in STYLE_URL.findall(s.read_text("utf-8")) for u in pair]
    assert [url for url in urls if is_elsewhere(url)] == []


def test_nothing_but_pages_and_pictures_is_published(book: Path) -> None:
    assert [path.name for path in book.rglob("*.py")] == []


def test_what_is_found_elsewhere_is_told_from_what_is_not() -> None:
    page = '<img src="//a.b/c.png"><a href="https://a.b">x</a><link href="HTTPS://a.b/c.css">'
    assert [a for a in Loads(page).found if is_elsewhere(a)] == ["//a.b/c.png", "HTTPS://a.b/c.css"]
    assert not any(map(is_elsewhere, ["a//b", "images/a.png", "data:image/png;base64,//8"]))
    assert STYLE_URL.findall("a{b:url('//c.d')}") == [("//c.d", "")]


def test_the_reference_has_every_public_name(book: Path) -> None:
    text = "".join(page.read_text("utf-8") for page in (book / "reference").glob("*.html"))
    anchors = set(re.findall(r'id="(tsad_plugin\.[\w.]+)"', text))
    public = {f"tsad_plugin.{name}" for name in tsad_plugin.__all__}
    public |= {f"tsad_plugin.datasets.{name}" for name in datasets.__all__}
    assert public - anchors == set()


def test_the_reference_shows_the_defaults(book: Path) -> None:
    text = html.unescape((book / "reference" / "detectors.html").read_text("utf-8"))
    section = text[text.index('id="tsad_plugin.parameters.Parameters"') :]
    section = section[: section.index('id="tsad_plugin.autoencoder')]
    rows = re.findall(r'<tr class="doc-section-item">(.*?)</tr>', section, re.DOTALL)
    shown = {c[0]: c[-1] for c in (re.findall(r"<code>(.*?)</code>", row) for row in rows) if c}
    defaults = {n: p.default for n, p in signature(tsad_plugin.FCVAE).parameters.items()}
    assert {name: ast.literal_eval(shown[name]) for name in defaults} == defaults


@pytest.mark.parametrize("command", ["", "fit", "score", "benchmark", "demo"])
def test_the_command_line_page_says_what_help_says(book: Path, command: str) -> None:
    page = html.unescape((book / "command_line.html").read_text("utf-8"))
    article = re.sub(r"<[^>]+>", "", page[page.index("<article") : page.index("</article")])
    said = CliRunner(env={"COLUMNS": "500"}).invoke(app, [*command.split(), "--help"]).stdout
    sections = re.split(r"^tsad (?=fit|score|benchmark|demo)(\w+)¶$", article, flags=re.MULTILINE)
    section = sections[0] if not command else sections[sections.index(command) + 1]
    options = set(OPTION.findall(said)) - {"--help"}
    assert options and options <= set(OPTION.findall(section))
    words = set(re.findall(r"\b[a-z_]{4,}\b", said)) - FRAME
    assert {word for word in words if word not in section} == set()


def test_there_are_programs_on_the_pages() -> None:
    named = {str(page.relative_to(pages.DOCS)) for page in pages.programs()}
    assert {"first_steps.md", "guide/tables.md", "pyod.md", "guide/explaining.md"} <= named


@pytest.mark.slow
@pytest.mark.parametrize("page", pages.programs(), ids=lambda page: page.stem)
def test_the_code_of_a_page_prints_what_it_shows(page: Path, tmp_path: Path) -> None:
    for block, printed in pages.run(page, tmp_path):
        shown = block[3] if block[3] is not None else printed
        assert pages.same(shown, printed), (
            f"{block[2]}\nprints\n{printed}\nand the page shows\n{shown}"
        )


def test_outputs_are_the_same_but_for_the_last_digits() -> None:
    assert pages.same("score 1.36 in 8.2 s\n", " score 1.37  in 9 s")
    assert not pages.same("score 1.36", "score 1.56")
    assert not pages.same("F-008, 5 of 30", "F-009, 5 of 30")
    assert pages.same("20% of the error", "21% of the error")
    assert not pages.same("F-008, 5 of 30", "F-008, 9 of 30")
    assert not pages.same("yes", "no")
