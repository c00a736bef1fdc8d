"""A dashboard as somebody uses it: served, opened in Chromium, its layout looked at."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from html_pages import ARGUMENTS
from small_dashboard import running

from dashboard import start

WIDTHS = (1024, 1440, 1920)
HEIGHT = 900
SERIOUS = {"serious", "critical"}  # of what axe-core finds
NOTE = ".mantine-Notification-root"
PATIENCE = 15_000  # ms: the machine may be busy

# Figures are as large as the place they have: plotly draws them anew a while after a change.
FITTED = """() => [...document.querySelectorAll('.graph')].every(graph => {
  const svg = graph.querySelector('.main-svg');
  const {width, height} = svg ? svg.getBoundingClientRect() : {width: 0, height: 0};
  return width && Math.abs(width - graph.clientWidth) <= 1 && height <= graph.clientHeight + 1;
})"""

# What a reader would complain about: text over text, text beyond its frame, text that is cut.
FAULTS = r"""() => {
  const faults = [], near = 3;
  const isShown = e => e.checkVisibility({opacityProperty: true, visibilityProperty: true});
  const said = node => JSON.stringify(node.textContent.trim().slice(0, 50));
  const meet = (a, b) =>
    Math.min(a.right, b.right) - Math.max(a.left, b.left) > near &&
    Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > near;
  const isWithin = (a, b) => a.left >= b.left - 1 && a.right <= b.right + 1 &&
    a.top >= b.top - 1 && a.bottom <= b.bottom + 1;
  // Of text that is turned, as the names below a map are, the box says little.
  const isTurned = e => /rotate\((?!-?(0|90)[,)])/.test(e.getAttribute?.('transform') || '');
  const overlaps = (where, boxes) => boxes.forEach(([a, p], i) =>
    boxes.slice(i + 1).forEach(([b, q]) => {
      if (a !== b && meet(p, q)) faults.push(`${where}: ${said(a)} lies over ${said(b)}`);
    }));

  for (const figure of document.querySelectorAll('.js-plotly-plot')) {
    const where = figure.closest('[role=figure]').getAttribute('aria-label');
    const frames = [figure, figure.closest('.card')].map(e => e.getBoundingClientRect());
    const shown = [...figure.querySelectorAll('.main-svg text')]
      .filter(t => t.textContent.trim() && isShown(t) && !t.closest('.hoverlayer'));
    const legend = figure.querySelector('.legend .bg')?.getBoundingClientRect();
    if (legend && legend.bottom > frames[0].top + figure._fullLayout._size.t + near)
      faults.push(`${where}: the legend lies over the plot`);
    const texts = shown.map(t => [t, t.getBoundingClientRect()]);
    if (!texts.length) faults.push(`${where}: says nothing`);
    overlaps(where, texts.filter(([text]) => !isTurned(text)));
    for (const [text, box] of texts)
      if (!frames.every(f => isWithin(box, f))) faults.push(`${where}: ${said(text)} is cut off`);
  }

  // Of other text what is seen of it; a name that is cut on purpose is whole in a title.
  const seen = (box, element) => {
    let {left, right, top, bottom} = box, isCut = false;
    for (let e = element; e; e = e.parentElement) {
      const overflow = getComputedStyle(e).overflowX, f = e.getBoundingClientRect();
      if (overflow === 'visible') continue;
      isCut ||= !['auto', 'scroll'].includes(overflow) && !isWithin(box, f) && !e.title;
      [left, right] = [Math.max(left, f.left), Math.min(right, f.right)];
      [top, bottom] = [Math.max(top, f.top), Math.min(bottom, f.bottom)];
    }
    return {left, right, top, bottom, isCut: isCut && right > left && bottom > top};
  };
  const elsewhere = 'svg, script, style, noscript, .ag-root-wrapper, .skip, [class*=Notification]';
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const lines = [];
  while (walker.nextNode()) {
    const node = walker.currentNode, parent = node.parentElement, range = document.createRange();
    if (!node.textContent.trim() || parent.closest(elsewhere) || !isShown(parent)) continue;
    range.selectNodeContents(node);
    for (const box of range.getClientRects()) lines.push([node, seen(box, parent)]);
  }
  overlaps('page', lines);
  for (const [node, box] of lines) if (box.isCut) faults.push(`page: ${said(node)} is cut off`);

  // Of the grid what tells columns and runs apart; the rest of a cell is whole in its tooltip.
  const single = 'input:not([type=hidden]), .ag-header-cell-text, .ag-cell[col-id=run]';
  for (const e of document.querySelectorAll(single))
    if (isShown(e) && e.clientWidth && e.scrollWidth > e.clientWidth + 1)
      faults.push(`page: ${e.value ? JSON.stringify(e.value) : said(e)} is cut off`);
  const root = document.documentElement;
  if (root.scrollWidth > root.clientWidth) faults.push('page: scrolls sideways');
  return faults;
}"""


@contextmanager
def chromium() -> Iterator[Any]:
    """A browser."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), headless=True, args=ARGUMENTS
        )
        try:
            yield browser
        finally:
            browser.close()


class Visitor:
    """Somebody who looks at a dashboard, and a list of all that goes wrong meanwhile."""

    def __init__(self, browser: Any, url: str, width: int, scheme: str) -> None:
        self.url = url
        self.wrong: list[str] = []
        window = {"width": width, "height": HEIGHT}
        self.context = browser.new_context(viewport=window, color_scheme=scheme)
        self.context.set_default_timeout(PATIENCE)
        self.context.route("**/*", self._gate)
        self.context.on("console", lambda m: self.wrong.append(f"console: {m.text}"))
        self.context.on("weberror", lambda e: self.wrong.append(f"error: {e.error}"))
        self.context.on("response", self._look)
        self.page = self.tab()

    def tab(self) -> Any:
        """Another page beside the first."""
        return self.context.new_page()

    def _gate(self, route: Any) -> None:
        if route.request.url.startswith((self.url, "data:", "blob:")):
            route.continue_()
        else:
            self.wrong.append(f"request: {route.request.url}")
            route.abort()

    def _look(self, response: Any) -> None:
        if response.status >= 400:
            self.wrong.append(f"{response.status}: {response.url}")

    def open(self, path: str = "") -> Any:
        """Go to a page and wait for what it draws."""
        self.page.goto(f"{self.url}{path.lstrip('/')}")
        return self.drawn()

    def drawn(self) -> Any:
        """The page, once it has something to say and its figures are drawn."""
        self.page.wait_for_selector("h1")
        self.page.wait_for_function(FITTED)
        return self.page

    def sign(self, name: str = "anna") -> None:
        """Say who decides."""
        self.page.fill("#shell-who", name)
        self.page.press("#shell-who", "Enter")
        self.page.locator("#shell-who").blur()

    def text(self, selector: str) -> str:
        """What the first such part of the page says."""
        return str(self.page.locator(selector).first.inner_text())

    def expect(self, selector: str, text: str) -> None:
        """Wait until the first such part of the page has a text in it."""
        from playwright.sync_api import expect

        expect(self.page.locator(selector).first).to_contain_text(text, timeout=PATIENCE)

    def expect_text(self, selector: str, text: str) -> None:
        """The same of all that it says."""
        from playwright.sync_api import expect

        expect(self.page.locator(selector).first).to_have_text(text, timeout=PATIENCE)

    def expect_count(self, selector: str, n: int) -> None:
        """Wait until there are so many of them."""
        from playwright.sync_api import expect

        expect(self.page.locator(selector)).to_have_count(n, timeout=PATIENCE)

    def point_at(self, selector: str, n: int = 0, x: float = 0.5, *, click: bool = False) -> None:
        """Move the pointer to a part of a figure, which lies below what takes the clicks."""
        part = self.page.locator(selector).nth(n)
        part.scroll_into_view_if_needed()
        box = part.bounding_box()
        place = box["x"] + x * box["width"], box["y"] + box["height"] / 2
        self.page.mouse.move(*place)
        if click:
            self.page.mouse.click(*place)

    def draw_around(
        self, figure: str, corners: list[tuple[float, float]], tool: str = "lasso"
    ) -> None:
        """Draw a line through these places of a figure's first panel: shares of it."""
        self.page.locator(figure).hover()
        self.page.locator(f"{figure} .modebar-btn[data-val={tool}]").click()
        panel = self.page.locator(f"{figure} .nsewdrag").first
        panel.scroll_into_view_if_needed()
        box = panel.bounding_box()
        first, *others = [
            (box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in corners
        ]
        self.page.mouse.move(*first)
        self.page.mouse.down()
        for place in others:
            self.page.mouse.move(*place, steps=5)
        self.page.mouse.up()

    def layout_faults(self, widths: tuple[int, ...] = WIDTHS) -> list[str]:
        """What a reader would complain about, at each width of the window."""
        faults = []
        for width in widths:
            self.page.set_viewport_size({"width": width, "height": HEIGHT})
            self.page.wait_for_timeout(300)  # figures wait, too, until the window is left alone
            self.page.wait_for_function(FITTED)
            self.page.evaluate("scrollTo(0, 0)")  # below, the header lies over the page by design
            faults += [f"{width} px: {fault}" for fault in self.page.evaluate(FAULTS)]
        return faults


def violations(page: Any) -> list[str]:
    """What axe-core finds that is serious."""
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(page).response["violations"]
    return [
        f"{one['id']}: {node['html']}: {node['failureSummary']}"
        for one in found
        if one["impact"] in SERIOUS
        for node in one["nodes"]
    ]


@contextmanager
def visiting(
    browser: Any, workspace: Path, width: int = 1440, scheme: str = "light"
) -> Iterator[Visitor]:
    """Somebody who looks at a workspace; nothing may go wrong in the browser meanwhile."""
    with running(start(workspace, None, 0)) as server:
        visitor = Visitor(browser, server.url, width, scheme)
        try:
            yield visitor
        finally:
            visitor.context.close()
    assert visitor.wrong == []
