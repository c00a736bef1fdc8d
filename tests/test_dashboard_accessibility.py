"""Whether those who see little, or use no mouse, can read and use every page, light and dark."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dashboards
import pytest
from dashboards import Visitor, violations, visiting
from reviewing import ABNORMAL

pytestmark = pytest.mark.browser

WORST, SECOND = list(ABNORMAL)[:2]
PAGES = {
    "runs": "",
    "run": f"run?run={WORST}",
    "population": f"population?run={WORST}",
    "latent": f"latent?run={WORST}",
    "compare": "compare",
    "help": "help",
}


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with dashboards.chromium() as chromium:
        yield chromium


@pytest.fixture(params=["light", "dark"])
def visitor(request: pytest.FixtureRequest, browser: Any, filled: Path) -> Iterator[Visitor]:
    """Somebody whose system is light, or dark."""
    with visiting(browser, filled, scheme=request.param) as somebody:
        yield somebody


@pytest.mark.parametrize("name", PAGES)
def test_axe_finds_nothing_serious(name: str, visitor: Visitor) -> None:
    page = visitor.open(PAGES[name])
    page.wait_for_timeout(500)  # what fades in has its colours only then
    assert violations(page) == []


def test_axe_would_find_what_is_wrong(visitor: Visitor) -> None:
    page = visitor.open()
    page.evaluate("document.querySelector('h1').style.color = '#bbbbbb'")
    page.evaluate("document.querySelector('#shell-dark').removeAttribute('aria-label')")
    page.evaluate("document.querySelector('#shell-dark').removeAttribute('title')")
    page.evaluate("document.querySelector('#shell-dark').textContent = ''")
    assert {line.split(":")[0] for line in violations(page)} >= {"button-name"}
