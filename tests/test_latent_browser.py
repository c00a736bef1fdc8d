"""The latent page in Chromium: runs are chosen and selected on the map, or by keyboard."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlparse

import pytest
from dashboards import Visitor, visiting
from reviewing import ABNORMAL

pytestmark = pytest.mark.browser

PLOT = "document.querySelector('#latent-map .js-plotly-plot')"
OUTLIERS = "#latent-map .traceoutlier .points path"
ALL_HAVE_RINGS = f"() => {PLOT}.data[3].customdata.length === 20"
NONE_HAS_A_RING = f"() => {PLOT}.data[3].customdata.length === 0"
FADED = "#latent-map .points path[style*='opacity: 0.']"
ONE_IS_CHOSEN = f"() => {PLOT}.data[5].customdata.length === 1"
ZOOM = f"() => {PLOT}.layout.xaxis.range.map(end => end.toFixed(6))"
FIX = f"() => Plotly.relayout({PLOT}, {{'xaxis.range': [-7, 9]}})"


@pytest.fixture
def visitor(chromium: Any, filled: Path, tmp_path: Path) -> Iterator[Visitor]:
    """Somebody who looks at the map."""
    with visiting(chromium, shutil.copytree(filled, tmp_path / "ws")) as somebody:
        somebody.open("latent?scoring=2")
        somebody.expect("#latent-apart", "No run is selected")
        yield somebody


def drag(visitor: Visitor, *corners: tuple[float, float]) -> None:
    """Draw from corner to corner, in shares of the map."""
    box = visitor.page.locator("#latent-map .nsewdrag").bounding_box()
    places = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in corners]
    visitor.page.mouse.move(*places[0])
    visitor.page.mouse.down()
    for place in places[1:]:
        visitor.page.mouse.move(*place, steps=6)
    visitor.page.mouse.up()


def lasso_all(visitor: Visitor) -> None:
    drag(visitor, (0.01, 0.01), (0.99, 0.01), (0.99, 0.99), (0.01, 0.99), (0.01, 0.03))
    visitor.expect("#shell-selected", "20 runs selected")


def run_of(visitor: Visitor) -> str:
    """The run that the URL names."""
    return parse_qs(urlparse(visitor.page.url).query).get("run", [""])[0]


def test_a_lasso_selects_and_its_runs_are_drawn(visitor: Visitor) -> None:
    lasso_all(visitor)
    visitor.expect("#latent-apart", "20 runs; on average farthest from the good runs in")
    visitor.page.wait_for_function(ALL_HAVE_RINGS)
    visitor.expect("#latent-map .legend", "selected (20)")
    assert visitor.page.locator(FADED).count() == 0
    assert visitor.layout_faults() == []


def test_a_double_click_leaves_the_map_as_the_selection_is(visitor: Visitor) -> None:
    lasso_all(visitor)
    visitor.page.locator("#latent-map .nsewdrag").dblclick(position={"x": 3, "y": 3})
    visitor.page.wait_for_timeout(1000)
    visitor.expect("#shell-selected", "20 runs selected")
    visitor.page.wait_for_function(ALL_HAVE_RINGS)


def test_clearing_the_selection_clears_the_map(visitor: Visitor) -> None:
    lasso_all(visitor)
    visitor.page.wait_for_function(ALL_HAVE_RINGS)
    visitor.page.click("#shell-clear")
    visitor.page.wait_for_function(NONE_HAS_A_RING)
    visitor.expect("#latent-apart", "No run is selected")


def test_a_click_chooses_a_run_and_the_zoom_stays(visitor: Visitor) -> None:
    page = visitor.page
    page.evaluate(FIX)
    zoom = page.evaluate(ZOOM)
    visitor.point_at(OUTLIERS, click=True)
    page.wait_for_function(ONE_IS_CHOSEN)
    assert run_of(visitor) in ABNORMAL
    assert page.locator("#latent-run").input_value() == run_of(visitor)
    visitor.expect("#latent-nearest", f"nearest to {run_of(visitor)}")
    visitor.expect("#latent-apart", "11 runs; on average farthest")
    assert page.evaluate(ZOOM) == zoom
    assert visitor.layout_faults() == []


def test_by_keyboard_a_run_is_found_chosen_and_its_neighbours_selected(visitor: Visitor) -> None:
    page = visitor.page
    page.focus("#latent-run")
    page.keyboard.type("B-12")
    visitor.expect_count("[role=option]:visible", 1)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    visitor.expect("#latent-nearest", "nearest to B-12")
    assert run_of(visitor) == "B-12"
    page.focus("#latent-take")
    page.keyboard.press("Enter")
    visitor.expect("#shell-selected", "11 runs selected")
    page.reload()  # the link says which run
    visitor.expect("#latent-nearest", "nearest to B-12")
    assert page.locator("#latent-run").input_value() == "B-12"


def test_resampled_runs_and_other_axes_are_drawn(visitor: Visitor) -> None:
    visitor.page.click("text=Resampled runs")
    visitor.expect("#latent-said", "Runs from 0 to 100 %")
    visitor.page.click("#latent-y")
    visitor.page.locator("[role=option]:visible", has_text="PC3").click()
    visitor.expect("#latent-map .ytitle", "PC3 (")
    visitor.page.click("text=Codes of the detector")
    visitor.expect("#latent-said", "What the detector keeps")
    visitor.expect("#latent-map", "do not differ along this axis")  # its code is of two numbers
