"""Whether those who see little, or use no mouse, can read and use every page, light and dark."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from dashboards import Visitor, violations, visiting
from reviewing import ABNORMAL

pytestmark = pytest.mark.browser

WORST, SECOND = list(ABNORMAL)[:2]
RUN = f"scoring=2&run={WORST}"
PAGES = {
    "runs": "?scoring=2",
    "run": f"run?{RUN}",
    "population": f"population?{RUN}",
    "latent": f"latent?{RUN}",
    "two runs": f"compare?{RUN}&with={SECOND}",
    "two models": f"compare?{RUN}&with_scoring=3",
    "help": "help",
}


@pytest.fixture(params=["light", "dark"])
def visitor(request: pytest.FixtureRequest, chromium: Any, compared: Path) -> Iterator[Visitor]:
    """Somebody whose system is light, or dark."""
    with visiting(chromium, compared, scheme=request.param) as somebody:
        yield somebody


@pytest.mark.parametrize("name", PAGES)
def test_axe_finds_nothing_serious(name: str, visitor: Visitor) -> None:
    page = visitor.open(PAGES[name])
    page.wait_for_timeout(500)  # what fades in has its colours only then
    assert violations(page) == []


def open_menu(page: Any) -> None:
    page.click("#export-open")
    page.locator("#export-csv").wait_for()


def open_keys(page: Any) -> None:
    page.keyboard.press("?")
    page.get_by_role("dialog").wait_for()


def open_list(page: Any) -> None:
    page.click("#runs-good")
    page.get_by_role("listbox").wait_for()


def write_in_row(page: Any) -> None:
    page.locator("#runs-grid [row-index='1'] [col-id=comment]").dblclick()
    page.locator(".ag-cell-inline-editing").wait_for()


def select_runs(page: Any) -> None:
    page.click("#runs-select")
    page.locator("#shell-clear").wait_for()


@pytest.mark.parametrize("act", [open_menu, open_keys, open_list, write_in_row, select_runs])
def test_axe_finds_nothing_serious_in_what_opens(
    act: Callable[[Any], None], visitor: Visitor
) -> None:
    page = visitor.open(PAGES["runs"])
    page.locator("#runs-grid a").first.wait_for()
    act(page)
    page.wait_for_timeout(500)
    assert violations(page) == []


def test_axe_would_find_what_is_wrong(visitor: Visitor) -> None:
    page = visitor.open()
    page.evaluate("document.querySelector('h1').style.color = '#bbbbbb'")
    page.evaluate("document.querySelector('#shell-dark').removeAttribute('aria-label')")
    page.evaluate("document.querySelector('#shell-dark').removeAttribute('title')")
    page.evaluate("document.querySelector('#shell-dark').textContent = ''")
    assert {line.split(":")[0] for line in violations(page)} >= {"button-name"}
