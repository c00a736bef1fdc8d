"""Reports as a browser reads them: parsed, and opened in Chromium."""

import json
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

ARGUMENTS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


class Page(HTMLParser):
    """What a page is made of, as a browser would read it."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.source = path.read_text("utf-8")
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.texts: list[tuple[str, str]] = []  # innermost tag, text
        self.scripts: list[tuple[dict[str, str], str]] = []
        self._open: list[str] = []
        self.feed(self.source)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in {"meta", "link", "br", "img"}:
            self._open.append(tag)
        if tag == "script":
            self.scripts.append((self.tags[-1][1], ""))

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self._open and self._open[-1] == "script":
            self.scripts[-1] = (self.scripts[-1][0], self.scripts[-1][1] + data)
        elif data.strip() and self._open[-1] != "style":
            self.texts.append((self._open[-1], " ".join(data.split())))

    @property
    def text(self) -> str:
        return " ".join(text for _, text in self.texts)

    def all(self, tag: str) -> list[dict[str, str]]:
        return [attributes for name, attributes in self.tags if name == tag]

    def texts_in(self, tag: str) -> list[str]:
        return [text for name, text in self.texts if name == tag]

    @property
    def charts(self) -> dict[str, Any]:
        return {a["id"]: json.loads(s) for a, s in self.scripts if a.get("id", "").startswith("ch")}

    @property
    def ranking(self) -> list[str]:
        """Rows of the first table, its header first."""
        return self.rows_from(0)

    def rows_in(self, section: str) -> list[str]:
        """The same of the first table of a section."""
        return self.rows_from(self.source.index(f'<section id="{section}"'))

    def rows_from(self, start: int) -> list[str]:
        """The same of the first table from a letter of the source on."""
        table = self.source[start:].split("<table", 2)[1].split("</table>")[0]
        rows = table.split("<tr")[1:]
        return [" ".join(re.sub(r"<[^>]*>|^[^>]*>", " ", row).split()) for row in rows]


@contextmanager
def opened(path: Path, width: int = 1280) -> Iterator[tuple[Any, list[str]]]:
    """The page in Chromium once its charts are drawn, and a list of all that went wrong."""
    from playwright.sync_api import sync_playwright

    wrong: list[str] = []

    def gate(route: Any) -> None:
        if route.request.url.startswith(("file:", "data:", "blob:")):
            route.continue_()
        else:
            wrong.append(f"request: {route.request.url}")
            route.abort()

    def dismiss(dialog: Any) -> None:
        wrong.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), headless=True, args=ARGUMENTS
        )
        try:
            page = chromium.new_page(viewport={"width": width, "height": 900})
            page.route("**/*", gate)
            page.on("console", lambda m: wrong.append(f"console: {m.text}"))
            page.on("pageerror", lambda e: wrong.append(f"error: {e}"))
            page.on("dialog", dismiss)
            page.goto(path.as_uri())
            page.wait_for_selector("body[data-charts=drawn]", timeout=120_000)
            yield page, wrong
        finally:
            chromium.close()


SVG_COUNTS = "[...document.querySelectorAll('.chart')].map(c => c.querySelectorAll('svg').length)"
OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
BUTTONS = "[...document.querySelectorAll('.modebar-btn')].map(b => b.dataset.title || '')"
WIDTHS = (
    "[...document.querySelectorAll('.chart .main-svg')].map(s => s.getBoundingClientRect().width)"
)
