"""The pages as one workbench, in Chromium: what is selected, linked and chosen holds on all."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import dashboards
import numpy as np
import pytest
from dashboards import WIDTHS, Visitor, visiting
from reviewing import ABNORMAL, detector, good_runs, keep, new_runs
from small_dashboard import running

from dashboard import start
from tsad_plugin import Runs
from tsad_plugin.results import Scored
from tsad_plugin.workspace import Workspace

pytestmark = pytest.mark.browser

HERE = "scoring=2"
WORST, SECOND, THIRD = ABNORMAL
OUTLIERS = f"3 runs selected: {', '.join(ABNORMAL)}"
TICK = "#runs-grid .ag-row[row-index='{}'] [col-id=tick] input"
TICKED = "#runs-grid [col-id=tick] input:checked"
RINGS = "{} .traceselected .points path"
WALK = {  # by key: the beginning of its page's heading
    "2": "new.csv: 20 runs",
    "3": "Which runs are alike?",
    "4": "Runs ",
    "5": "The numbers",
    "1": "3 of 20 runs are outliers",
}
PAGES = {
    "runs": f"?{HERE}",
    "run": f"run?{HERE}&run={WORST}",
    "population": f"population?{HERE}",
    "latent": f"latent?{HERE}&run={WORST}",
    "two runs": f"compare?{HERE}",
    "two models": f"compare?{HERE}&with_scoring=3&run={WORST}",
    "help": f"help?{HERE}",
}


@pytest.fixture(scope="module")
def url(compared: Path) -> Iterator[str]:
    """A dashboard for those who only look: what they choose is in their browser alone."""
    with running(start(compared, None, 0)) as server:
        yield server.url


@pytest.fixture
def come(chromium: Any, url: str) -> Iterator[Callable[..., Visitor]]:
    """Somebody with a browser of their own; nothing may go wrong in it."""
    visitors: list[Visitor] = []

    def arrive(width: int = 1440, scheme: str = "light") -> Visitor:
        visitors.append(Visitor(chromium, url, width, scheme))
        return visitors[-1]

    yield arrive
    for visitor in visitors:
        visitor.context.close()
        assert visitor.wrong == []


@pytest.fixture
def visitor(come: Callable[..., Visitor]) -> Visitor:
    return come()


# -- one selection --------------------------------------------------------------------------------


def test_runs_in_a_box_are_marked_on_every_page_until_they_are_cleared(visitor: Visitor) -> None:
    page = visitor.open(PAGES["runs"])
    visitor.draw_around("#runs-chart", [(0.005, 0.01), (0.995, 0.6)], tool="select")
    visitor.expect("#shell-selected", OUTLIERS)
    visitor.expect_count(TICKED, 3)
    visitor.expect("#runs-histogram .legend", "selected (3)")
    visitor.expect_count(RINGS.format("#runs-chart"), 3)
    page.keyboard.press("2")
    for run in ABNORMAL:
        visitor.expect(f'#population-bands .legendtext[data-unformatted="{run}"]', run)
    visitor.expect_count(RINGS.format("#population-numbers"), 3)
    page.keyboard.press("3")
    visitor.expect_count(RINGS.format("#latent-map"), 3)
    visitor.expect("#latent-apart", "3 runs; ")
    page.keyboard.press("c")
    visitor.expect_count(RINGS.format("#latent-map"), 0)
    page.locator("#shell-bar").wait_for(state="hidden")
    page.keyboard.press("1")
    visitor.expect("h1", WALK["1"])
    page.locator(TICK.format(0)).wait_for()
    assert page.locator(TICKED).count() == 0


def test_pages_that_come_and_go_leave_the_selection_as_it_is(visitor: Visitor) -> None:
    page = visitor.open(PAGES["runs"])
    page.click("#runs-select")
    visitor.expect("#shell-selected", OUTLIERS)
    for key, heading in WALK.items():
        page.keyboard.press(key)
        visitor.expect("h1", heading)
        visitor.drawn()
        page.wait_for_load_state("networkidle")
        assert visitor.text("#shell-selected") == OUTLIERS
    page.reload()
    visitor.expect("#shell-selected", OUTLIERS)
    visitor.expect_count(TICKED, 3)


def test_runs_of_one_data_set_are_not_selected_in_another(visitor: Visitor) -> None:
    page = visitor.open(PAGES["runs"])
    page.click("#runs-select")
    visitor.expect("#shell-selected", OUTLIERS)
    visitor.open("?scoring=1")
    page.locator("#runs-grid a").first.wait_for()
    assert page.locator("#shell-bar").is_hidden() and page.locator(TICKED).count() == 0
    visitor.open(f"compare?{HERE}&with_scoring=3")  # another model, the same runs
    visitor.expect("#shell-selected", OUTLIERS)
    visitor.expect_count("#compare-scatter .scatterlayer .trace:last-child .point", 3)


# -- one URL --------------------------------------------------------------------------------------


def test_a_link_shows_the_threshold_that_was_tried_on_every_page(
    visitor: Visitor, come: Callable[..., Visitor]
) -> None:
    page = visitor.open(PAGES["runs"])
    slider = page.get_by_role("slider").first
    slider.press("Home")
    for _ in range(4):
        slider.press("ArrowRight")
    page.wait_for_url("**k=0.4**")
    other = come()
    other.open(page.url.removeprefix(visitor.url))
    said = other.text("#runs-count")
    assert not said.startswith("3 of 20")
    visitor.expect_text("#runs-count", said)
    assert other.page.input_value("#runs-threshold") == page.input_value("#runs-threshold")
    n = said.split(" of ")[0]
    other.page.keyboard.press("n")
    other.expect(".head nav", f"outlier 1 of {n}")
    other.page.keyboard.press("2")
    other.expect("#population-others", f"{n} outliers")


def test_back_and_forward_lead_through_the_pages(visitor: Visitor) -> None:
    page = visitor.open(PAGES["runs"])
    page.keyboard.press("n")
    visitor.expect("h1", f"run {WORST}: ")
    page.keyboard.press("2")
    visitor.expect("h1", WALK["2"])
    for step, heading in (
        (page.go_back, f"run {WORST}: "),
        (page.go_back, WALK["1"]),
        (page.go_forward, f"run {WORST}: "),
        (page.go_forward, WALK["2"]),
    ):
        step()
        visitor.expect("h1", heading)


def test_channels_that_are_chosen_stay_from_run_to_run(
    visitor: Visitor, come: Callable[..., Visitor]
) -> None:
    page = visitor.open(PAGES["run"])
    page.locator("#run-channels").press("Backspace")
    page.keyboard.press("Escape")  # the field keeps the focus: nothing but time has to pass
    visitor.expect_count("#run-courses .subplot", 2)  # with the number of good runs
    page.wait_for_url("**channel=T**")
    page.locator("#run-channels").blur()
    for key, run in (("n", SECOND), ("p", WORST)):
        page.keyboard.press(key)
        visitor.expect("h1", f"run {run}: ")
        visitor.expect_count("#run-courses .subplot", 2)
        assert "channel=T" in page.url and "channel=p" not in page.url
    other = come()
    other.open(page.url.removeprefix(visitor.url))
    other.expect_count("#run-courses .subplot", 2)


def test_channels_follow_the_selection_until_some_are_chosen(visitor: Visitor) -> None:
    panels = "#population-bands .annotation-text"
    page = visitor.open(f"run?{HERE}&run={SECOND}")
    page.keyboard.press("s")
    visitor.expect("#shell-selected", f"1 run selected: {SECOND}")
    visitor.open(PAGES["population"])
    visitor.expect(panels, "p")  # leads in this run; in the outliers T does
    assert "channel=" not in page.url
    page.keyboard.press("c")
    visitor.expect(panels, "T (°C)")
    assert "channel=" not in page.url
    page.locator(".controls .channels .mantine-MultiSelect-pill button").first.click()
    page.wait_for_url("**channel=p**")
    visitor.expect(panels, "p")
    page.keyboard.press("1")
    visitor.expect("h1", WALK["1"])
    page.click("#runs-select")
    visitor.expect("#shell-selected", OUTLIERS)
    page.keyboard.press("2")
    visitor.expect("#population-overlaid", "3 runs over the band.")
    visitor.expect_count("#population-bands .subplot", 1)
    assert "channel=p" in page.url


def test_a_link_compares_two_runs_or_two_models(visitor: Visitor) -> None:
    visitor.open(f"compare?{HERE}&run=B-1&with=B-2")
    assert visitor.text("h1") == "Runs B-1 and B-2 side by side"
    visitor.open(PAGES["two models"])
    assert visitor.text("h1") == "20 runs by PCAReconstruction (A) and PopulationBand (B)"
    visitor.expect("#page", f"Run {WORST} by both models")
    visitor.page.keyboard.press("1")
    visitor.expect("h1", WALK["1"])
    assert "with" not in visitor.page.url


# -- the keyboard alone ---------------------------------------------------------------------------


def tab_to(page: Any, selector: str, key: str = "Tab") -> None:
    """Press Tab until this has the focus."""
    for _ in range(60):
        page.keyboard.press(key)
        if page.evaluate("what => document.activeElement.matches(what)", selector):
            return
    raise AssertionError(f"Tab does not lead to {selector}")


def test_the_keyboard_alone_selects_exports_and_reads_the_help(visitor: Visitor) -> None:
    page = visitor.open(PAGES["runs"])
    page.locator(TICK.format(0)).wait_for()
    tab_to(page, ".skip")
    page.keyboard.press("Enter")
    tab_to(page, "#export-open")
    page.keyboard.press("Enter")
    page.locator("#export-csv").wait_for()
    page.keyboard.press("Escape")
    page.locator("#export-csv").wait_for(state="hidden")
    assert page.evaluate("document.activeElement.id") == "export-open"
    tab_to(page, "#runs-grid .ag-header-cell")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Space")
    visitor.expect("#shell-selected", f"1 run selected: {WORST}")
    tab_to(page, "a.help", "Shift+Tab")
    page.keyboard.press("Enter")
    visitor.expect("h1", WALK["5"])
    page.wait_for_function("document.activeElement.matches('section')")
    page.keyboard.press("1")
    visitor.expect("#shell-selected", f"1 run selected: {WORST}")
    visitor.expect("h1", WALK["1"])


def test_the_keyboard_alone_leads_to_a_verdict(chromium: Any, filled: Path, tmp_path: Path) -> None:
    with visiting(chromium, shutil.copytree(filled, tmp_path / "ws")) as visitor:
        page = visitor.open()
        tab_to(page, "#shell-who")
        page.keyboard.type("anna")
        page.keyboard.press("Enter")
        page.keyboard.press("Tab")
        page.keyboard.press("n")
        visitor.expect("h1", f"run {WORST}: ")
        tab_to(page, "#run-cause")
        page.keyboard.type("valve")
        page.keyboard.press("Escape")
        tab_to(page, ".key-t", "Shift+Tab")
        page.keyboard.press("Enter")
        visitor.expect("#run-verdict", "fault · valve (anna, ")


# Within one task of the browser, as when it is busy: nothing that waits for a moment has happened.
AT_ONCE = """() => {
  for (const [field, text] of [['#run-cause', 'valve'], ['#run-comment', 'seen twice']]) {
    document.querySelector(field).focus();
    document.execCommand('insertText', false, text);
  }
  document.activeElement.blur();
  document.querySelector('.key-t').click();
}"""


def test_a_verdict_that_follows_at_once_has_what_was_written(
    chromium: Any, filled: Path, tmp_path: Path
) -> None:
    with visiting(chromium, shutil.copytree(filled, tmp_path / "ws")) as visitor:
        page = visitor.open(f"/run?run={WORST}")
        visitor.sign()
        page.evaluate(AT_ONCE)
        visitor.expect("#run-verdict", "fault · valve “seen twice” (anna, ")


# -- light and dark -------------------------------------------------------------------------------

# How bright ground, cells of the grid and text of the figures are, from 0 to 255.
BRIGHTNESS = """() => [
  ['body', 'backgroundColor'], ['.ag-row .ag-cell', 'color'], ['#runs-chart text', 'fill'],
].map(([part, property]) => {
  const element = document.querySelector(part);
  const colour = element && getComputedStyle(element)[property].match(/\\d+/g).slice(0, 3);
  return colour ? colour.reduce((sum, part) => sum + Number(part), 0) / 3 : NaN;
})"""
SCHEMES = {
    "light": "([ground, ...texts]) => ground > 200 && texts.every(text => text < 100)",
    "dark": "([ground, ...texts]) => ground < 60 && texts.every(text => text > 150)",
}


def wait_until(page: Any, scheme: str) -> None:
    """All of the page is light, or dark."""
    page.wait_for_function(f"() => ({SCHEMES[scheme]})(({BRIGHTNESS})())")


def test_the_scheme_is_that_of_page_grid_and_figures_and_is_kept(visitor: Visitor) -> None:
    page = visitor.open(PAGES["runs"])
    wait_until(page, "light")
    page.keyboard.press("d")
    wait_until(page, "dark")
    sent = visitor.context.request.get(page.url).text()
    assert 'data-mantine-color-scheme="dark"' in sent.split("<body")[0]
    page.reload()
    wait_until(page, "dark")
    page.click("#shell-dark")
    wait_until(page, "light")


def test_as_long_as_nobody_chooses_the_scheme_is_that_of_the_system(
    come: Callable[..., Visitor],
) -> None:
    visitor = come(scheme="dark")
    page = visitor.open(PAGES["runs"])
    wait_until(page, "dark")
    page.emulate_media(color_scheme="light")
    page.reload()
    wait_until(page, "light")
    page.keyboard.press("d")
    wait_until(page, "dark")
    page.reload()
    wait_until(page, "dark")


# -- what is read aloud ---------------------------------------------------------------------------


def test_what_changes_is_told_to_those_who_do_not_see_it(visitor: Visitor) -> None:
    page = visitor.open(PAGES["runs"])
    page.evaluate("""() => {
      window.told = [];
      const live = '[aria-live], [role=status], [role=alert]';
      new MutationObserver(changes => {
        for (const {target, addedNodes} of changes) {
          for (const node of [target, ...addedNodes]) {
            const part = node.closest ? node : node.parentElement;
            const region = part?.closest(live) || part?.querySelector(live);
            if (region) window.told.push(region.textContent);
          }
        }
      }).observe(document.body, {subtree: true, childList: true, characterData: true});
    }""")

    def told(text: str) -> None:
        page.wait_for_function("text => window.told.some(t => t.includes(text))", arg=text)

    page.fill("#runs-threshold", "1000")
    page.keyboard.press("Enter")
    told("None of 20 runs is an outlier")
    page.click("#runs-select")
    told("no run is an outlier: none is selected")
    page.fill("#runs-threshold", "0.5")
    page.keyboard.press("Enter")
    page.click("#runs-select")
    told("runs selected: ")


# -- layout ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", PAGES)
def test_every_page_is_readable_at_every_width(
    name: str, scheme: str, come: Callable[..., Visitor]
) -> None:
    visitor = come(scheme=scheme)
    visitor.open(PAGES[name])
    visitor.page.wait_for_load_state("networkidle")
    assert "\n".join(visitor.layout_faults()) == ""


def nasty(n: int, seed: int, name: str) -> Runs:
    """Runs of many channels with long names and markup, without times; gaps, one channel still."""
    rng = np.random.default_rng(seed)
    arrays = [rng.normal(size=(length, 40)) for length in rng.integers(40, 60, n)]
    for array in arrays:
        array[:, 7] = 3.0
        array[5:9, 3] = np.nan
    return Runs(
        arrays,
        ids=[f"""{name}{i}<i>&"'/""" for i in range(n)],
        channels=[f"jacket {i}, cooling water outlet, (<b>raw</b>)" for i in range(40)],
        units=["kg m⁻³ h⁻¹"] * 40,
    )


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_many_channels_with_long_names_are_readable(
    scheme: str, chromium: Any, tmp_path: Path
) -> None:
    new = nasty(2, 1, "N")
    new.arrays[0][10:20, 5] += 9
    with Workspace(tmp_path / "ws", create=True) as workspace:
        keep(workspace, nasty(12, 0, "T"), new)
    faults, query = [], urlencode({"run": new.ids[0]})
    with visiting(chromium, tmp_path / "ws", scheme=scheme) as visitor:
        for name in ("", "run", "population", "latent", "compare"):
            visitor.open(f"{name}?{HERE}&{query}")
            visitor.page.wait_for_load_state("networkidle")
            faults += [f"{name}, {fault}" for fault in visitor.layout_faults(WIDTHS)]
    assert "\n".join(faults) == ""


@pytest.mark.parametrize("name", ["population", "latent"])
def test_the_field_of_channels_says_what_it_is_for(name: str, come: Callable[..., Visitor]) -> None:
    visitor = come(width=1024)
    page = visitor.open(PAGES[name])
    field = page.locator(f"#{name}-channels")
    text = "e => { const c = document.createElement('canvas').getContext('2d');"
    text += " c.font = getComputedStyle(e).font; return c.measureText(e.placeholder).width; }"
    assert field.evaluate(text) <= field.bounding_box()["width"]


def test_keys_stand_on_one_line(visitor: Visitor) -> None:
    page = visitor.open(PAGES["help"])
    page.click("#shell-show-keys")
    keys = page.get_by_role("dialog").locator("kbd")
    keys.first.wait_for()
    assert len({round(box.bounding_box()["height"]) for box in keys.all()}) == 1


def test_long_names_leave_room_and_are_whole_somewhere(chromium: Any, tmp_path: Path) -> None:
    runs = nasty(2, 1, "an observation of the year 2026, number ")
    for array in runs.arrays:
        array[10:20, :3] += 9
    with Workspace(tmp_path / "ws", create=True) as workspace:
        keep(workspace, nasty(12, 0, "T"), runs)
    header = "#runs-grid .ag-header-cell[col-id=score] .ag-header-cell-"
    with visiting(chromium, tmp_path / "ws", width=1024) as visitor:
        page = visitor.open("")
        page.locator("#runs-grid a").first.wait_for()
        name = page.locator(
            "#runs-grid [col-id=run] .ag-cell-value, #runs-grid .ag-cell[col-id=run]"
        )
        assert name.first.bounding_box()["width"] > 230
        text, button = (page.locator(header + e).bounding_box() for e in ("text", "filter-button"))
        assert text["x"] < button["x"]  # not beside the filter of the column before
        assert page.get_attribute("#shell-scoring", "title") == page.input_value("#shell-scoring")
        page.locator("#runs-grid a").first.click()
        visitor.expect("h1", "of the error")
        line = page.evaluate(
            "parseFloat(getComputedStyle(document.querySelector('h1')).lineHeight)"
        )
        assert page.locator("h1").bounding_box()["height"] < 5.5 * line


# -- nothing to show ------------------------------------------------------------------------------


def two_runs(workspace: Workspace) -> None:
    runs = new_runs()
    keep(workspace, good_runs(), runs[[3, 4]])


def foreign(workspace: Workspace) -> None:
    data_set = workspace.add_runs(new_runs(), "new.csv")
    workspace.add_scores(data_set, np.arange(20.0), detector="KNN", labels=np.arange(20) > 17)


def codeless(workspace: Workspace) -> None:
    keep(workspace, good_runs(), new_runs())
    for codes in workspace.path.rglob("codes.parquet"):
        codes.unlink()


def untaught(workspace: Workspace) -> None:
    """The runs that the model learned from are not kept."""
    clf, new = detector().fit(good_runs()), new_runs()
    model = workspace.add_model(clf)
    workspace.add_scoring(Scored.of(clf, new), model, workspace.add_runs(new, "new.csv"))


@pytest.mark.parametrize("fill", [two_runs, foreign, codeless, untaught])
def test_every_page_shows_what_there_is(
    fill: Callable[[Workspace], None], chromium: Any, tmp_path: Path
) -> None:
    with Workspace(tmp_path / "ws", create=True) as workspace:
        fill(workspace)
    faults = []
    with visiting(chromium, tmp_path / "ws") as visitor:
        for name in ("", f"run?run={WORST}", "population", f"latent?run={WORST}", "compare"):
            visitor.open(name)
            visitor.page.wait_for_load_state("networkidle")
            assert visitor.text("h1") != "This cannot be shown"
            assert visitor.page.locator(dashboards.NOTE).count() == 0
            faults += [f"{name}, {fault}" for fault in visitor.layout_faults((1024, 1440))]
    assert "\n".join(faults) == ""


def test_an_empty_workspace_says_so_on_every_page(chromium: Any, tmp_path: Path) -> None:
    Workspace(tmp_path / "ws", create=True).close()
    with visiting(chromium, tmp_path / "ws") as visitor:
        page = visitor.open()
        for key in "1234":
            page.keyboard.press(key)
            page.wait_for_load_state("networkidle")
            assert visitor.text("h1") == "Nothing to review yet"
        page.keyboard.press("5")
        visitor.expect("h1", WALK["5"])
