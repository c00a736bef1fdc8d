"""The population page in Chromium: what is drawn, clicked, lassoed and moved."""

import pytest
from dashboards import Visitor
from reviewing import ABNORMAL

pytestmark = pytest.mark.browser

NAMES = [f"B-{i}" for i in range(20)]
PAGE = "population?scoring=2"


ABOVE = [(0.01, 0.02), (0.99, 0.02), (0.99, 0.5), (0.01, 0.5), (0.01, 0.02)]
ALL = [(0.005, 0.01), (0.995, 0.01), (0.995, 0.99), (0.005, 0.99), (0.005, 0.01)]


def test_the_page_is_readable_at_every_width(visitor: Visitor) -> None:
    visitor.open(PAGE)
    visitor.expect("#population-change", "in the 3 outliers")
    assert visitor.layout_faults() == []


def test_a_lasso_lays_runs_over_the_band_and_compares_their_correlation(visitor: Visitor) -> None:
    visitor.open(PAGE)
    visitor.draw_around(
        "#population-numbers", ABOVE
    )  # on a logarithmic axis the three outliers are above its middle
    visitor.expect("#shell-selected", "3 runs selected: B-3, B-7, B-11")
    visitor.expect("#population-overlaid", "3 runs over the band.")
    visitor.expect("#population-others", "3 selected runs")
    for run in ABNORMAL:
        visitor.expect(f'#population-bands .legendtext[data-unformatted="{run}"]', run)
    assert visitor.layout_faults((1440,)) == []
    visitor.page.click("#shell-clear")
    visitor.expect("#population-overlaid", "Select runs to lay them over the band.")
    visitor.expect_count("#population-bands .legendtext", 2)


def test_a_selection_comes_along_to_the_page(visitor: Visitor) -> None:
    visitor.open("run?scoring=2&run=B-3")
    visitor.page.click("#run-select")
    visitor.page.click("#shell-selected-links a")
    visitor.expect("#population-overlaid", "1 run over the band.")
    visitor.expect('#population-bands .legendtext[data-unformatted="B-3"]', "B-3")


def test_a_click_on_a_line_opens_its_run(visitor: Visitor) -> None:
    page = visitor.open(f"{PAGE}&run=B-7")
    middle = page.evaluate(
        """() => {
          const lines = [...document.querySelectorAll('#population-bands .scatterlayer .js-line')];
          const line = lines.at(-1), at = line.getPointAtLength(line.getTotalLength() / 2);
          const place = at.matrixTransform(line.getScreenCTM());
          return [place.x, place.y];
        }"""
    )
    page.mouse.move(*middle)
    page.mouse.click(*middle)
    visitor.expect("h1", "run B-7: score ")


def test_k_moves_the_band_and_not_the_runs(visitor: Visitor) -> None:
    page = visitor.open(f"{PAGE}&run=B-7")

    def drawn(part: str) -> list[float]:
        """How high these lines reach."""
        return page.evaluate(
            """(part) => {
              const plot = document.querySelector('#population-bands .js-plotly-plot');
              const seen = plot.calcdata.filter(points => points[0].trace.uid.startsWith(part));
              return seen.map(points => Math.max(...points.map(point => point.y)));
            }""",
            part,
        )

    upper, runs = drawn("good-upper"), drawn("run-")
    page.locator("#population-k [role=slider]").focus()
    page.keyboard.press("ArrowRight")
    name = "good runs, mean ± 3.5σ"
    visitor.expect(f'#population-bands .legendtext[data-unformatted="{name}"]', name)
    assert all(after > before for before, after in zip(upper, drawn("good-upper"), strict=True))
    assert drawn("run-") == runs


def test_channels_that_are_chosen_stand_in_the_url(visitor: Visitor) -> None:
    page = visitor.open(PAGE)
    page.locator("#population-channels").locator("xpath=ancestor::*[3]").locator(
        "button"
    ).first.click()
    visitor.expect_count("#population-bands .subplot", 1)
    page.wait_for_url("**/population?*channel=p*")


def test_another_number_is_drawn_and_its_channel_can_be_chosen(visitor: Visitor) -> None:
    page = visitor.open(PAGE)
    assert page.locator("#population-of").is_disabled()
    page.click("#population-what")
    page.get_by_role("option", name="maximum", exact=True).click()
    visitor.expect("#population-numbers .ytitle", "maximum of T (°C)")
    page.click("#population-of")
    page.get_by_role("option", name="p", exact=True).click()
    visitor.expect("#population-numbers .ytitle", "maximum of p")


def test_many_selected_runs_are_a_band(visitor: Visitor) -> None:
    visitor.open("population?scoring=1")
    visitor.draw_around("#population-numbers", ALL)
    visitor.expect("#population-overlaid", "40 runs are selected, too many to tell apart")
    visitor.expect_count("#population-bands .legendtext", 4)
    assert visitor.layout_faults((1024,)) == []
