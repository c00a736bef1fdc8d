"""The dashboard in Chromium: runs are reviewed as a person does, from first look to verdict."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import dashboards
import numpy as np
import pytest
from dashboards import NOTE, Visitor, visiting
from reviewing import ABNORMAL, detector, good_runs, new_runs

from dashboard import drawing
from tsad_plugin import FCAutoEncoder, Runs
from tsad_plugin.cli.demo import demo_runs
from tsad_plugin.datasets import read_dryer, read_indpensim, read_nylon
from tsad_plugin.results import Scored
from tsad_plugin.workspace import Workspace

pytestmark = pytest.mark.browser

WORST, SECOND, THIRD = ABNORMAL
CELL = "#runs-grid .ag-row[row-index='{}'] [col-id='{}']"
FIRST = CELL.format(0, "run") + " a"
TICK = CELL.format("{}", "tick") + " input"
ROWS = "#runs-grid .ag-center-cols-container .ag-row"
POINTS = "#runs-chart .traceoutlier .points path"


@pytest.fixture
def home(visitor: Visitor) -> Visitor:
    visitor.open()
    return visitor


@pytest.fixture
def worst(visitor: Visitor) -> Visitor:
    visitor.open(f"run?run={WORST}")
    visitor.sign()
    return visitor


def store(folder: Path, learner: Any, train: Runs, new: Runs) -> str:
    """A workspace of scored runs, and the one that is most abnormal."""
    with Workspace(folder, create=True) as workspace:
        data_set = workspace.add_runs(train, "train.csv")
        model = workspace.add_model(learner.fit(train), data_set=data_set)
        scored = Scored.of(learner, new)
        if new is not train:
            data_set = workspace.add_runs(new, "new.csv")
        workspace.add_scoring(scored, model, data_set)
        return str(new.ids[scored.ranked[0]])


# -- whole reviews --------------------------------------------------------------------------------


def nylon(data: Path) -> tuple[Any, Runs, Runs]:
    runs = read_nylon(data / "nylon_dryer" / "nylon.csv.gz")
    return detector(), runs, runs


def dryer(data: Path) -> tuple[Any, Runs, Runs]:
    runs = read_dryer(data / "nylon_dryer" / "dryer.csv.gz")
    return detector(), runs, runs


def indpensim(data: Path) -> tuple[Any, Runs, Runs]:
    runs = read_indpensim(data / "indpensim" / "matlab", manipulated=False)
    good = runs[runs.labels == "good"]
    return detector(), good, runs


def demo(_data: Path) -> tuple[Any, Runs, Runs]:
    train, new, _ = demo_runs(seed=42)
    return FCAutoEncoder(n_epochs=10, linear_path=True, scaling="phase"), train, new


REAL = pytest.mark.realdata


@pytest.mark.slow
@pytest.mark.parametrize(
    ("source", "width"),
    [
        pytest.param(nylon, 1024, marks=REAL),
        pytest.param(dryer, 1440, marks=REAL),
        pytest.param(indpensim, 1920, marks=REAL),
        (demo, 1024),
    ],
)
def test_a_data_set_is_reviewed_from_the_first_look_to_a_verdict(
    source: Callable[[Path], Any], width: int, chromium: Any, data_dir: Path, tmp_path: Path
) -> None:
    top = store(tmp_path / "ws", *source(data_dir))
    with visiting(chromium, tmp_path / "ws", width) as visitor:
        page = visitor.open()
        assert re.match(r"\d+ of \d+ runs (is an|are) outlier", visitor.text("h1"))
        assert visitor.text(FIRST) == top
        faults = [f"runs, {fault}" for fault in visitor.layout_faults()]
        visitor.sign()
        page.keyboard.press("n")
        visitor.expect("h1", f"run {top}: score ")
        visitor.drawn()
        faults += [f"run, {fault}" for fault in visitor.layout_faults()]
        judge_undo_and_judge_again(visitor)
        page.reload()
        visitor.drawn()
        visitor.expect("#run-verdict", "unsure (anna, ")
        page.keyboard.press("r")
        visitor.expect(CELL.format(0, "verdict"), "unsure")
        assert visitor.text(FIRST) == top
    assert "\n".join(faults) == ""


def judge_undo_and_judge_again(visitor: Visitor) -> None:
    for key, said in (("t", "fault (anna, "), ("z", "no verdict (anna, "), ("u", "unsure (anna, ")):
        visitor.page.keyboard.press(key)
        visitor.expect("#run-verdict", said)


BAD_LAYOUTS = {
    "h2 { position: relative; top: 40px; left: 60px }": "lies over",
    ".graph .ytick text { transform: translateX(-60px) }": '" is cut off',
    ".card { width: 300px }": 'Scores of all runs: "B-19" is cut off',
    "#runs-good { width: 80px }": 'page: "training runs',
    "#runs-keep { width: 80px !important }": '"Keep this threshold" is cut off',
    "main { width: 120vw }": "scrolls sideways",
}


def test_what_is_wrong_with_a_page_is_noticed(home: Visitor) -> None:
    assert home.layout_faults((1440,)) == []
    for change, fault in BAD_LAYOUTS.items():
        style = home.page.add_style_tag(content=change)
        assert fault in "\n".join(home.page.evaluate(dashboards.FAULTS))
        style.evaluate("element => element.remove()")
    assert home.wrong == []
    home.page.evaluate("""() => {
        console.warn("careful");
        setTimeout(() => { throw new Error("oops"); });
        open("http://elsewhere.example/");
        return fetch("/assets/missing.js");
    }""")
    home.page.wait_for_timeout(500)
    noticed = "\n".join(home.wrong)
    home.wrong.clear()
    for what in ("console: careful", "oops", "request: http://elsewhere.example/", "404: "):
        assert what in noticed


# -- keys -----------------------------------------------------------------------------------------


def test_keys_lead_from_outlier_to_outlier_and_back(home: Visitor) -> None:
    for key, run in (("n", WORST), ("n", SECOND), ("n", THIRD), ("p", SECOND), ("p", WORST)):
        home.page.keyboard.press(key)
        home.expect("h1", f"run {run}: ")
    home.page.keyboard.press("p")  # there is none before it
    home.page.keyboard.press("r")
    home.expect("h1", "3 of 20 runs are outliers")


def test_keys_rest_in_a_field_and_while_they_are_shown(worst: Visitor) -> None:
    page, dialog = worst.page, worst.page.get_by_role("dialog")
    for field in ("run-comment", "run-cause", "run-channels", "shell-who"):
        box = page.locator(f"#{field}")
        box.fill("")
        box.press_sequentially("ntfuzpr?")
        assert box.input_value() == "ntfuzpr?"
        page.keyboard.press("Escape")
        box.blur()
    assert dialog.count() == 0
    page.keyboard.press("?")
    dialog.wait_for()
    assert "next outlier" in dialog.inner_text()
    page.keyboard.press("n")
    page.keyboard.press("t")
    page.keyboard.press("Escape")
    dialog.wait_for(state="hidden")
    assert worst.text("#run-verdict") == "No verdict yet."
    assert worst.text("h1").startswith(f"run {WORST}: ")
    page.keyboard.press("n")
    worst.expect("h1", f"run {SECOND}: ")


# -- the runs page --------------------------------------------------------------------------------


def test_the_slider_moves_the_threshold_without_drawing_the_bands_anew(
    home: Visitor, filled: Path
) -> None:
    page = home.page
    page.evaluate("""() => {
        window.bands = [...document.querySelectorAll('#runs-chart .fills path')];
        window.line = () => document.querySelector('#runs-chart .shapelayer path').outerHTML;
        window.before = window.line();
    }""")
    threshold = float(page.input_value("#runs-threshold"))
    slider = page.get_by_role("slider").first
    slider.press("Home")
    home.expect("#runs-count", f"{above_the_mean(filled)} of 20 runs are outliers")
    assert float(page.input_value("#runs-threshold")) < threshold
    page.wait_for_function("() => window.line() !== window.before")
    assert page.evaluate("window.bands.length") >= 3
    assert page.evaluate("window.bands.every(band => band.isConnected)")
    for _ in range(3):
        slider.press("ArrowRight")
    assert float(slider.get_attribute("aria-valuenow") or "nan") == pytest.approx(0.3)
    page.fill("#runs-threshold", "1000")
    page.keyboard.press("Enter")
    home.expect("#runs-count", "None of 20 runs")
    assert float(slider.get_attribute("aria-valuenow") or "nan") > 3


def above_the_mean(folder: Path) -> int:
    """Runs that score higher than good ones on average."""
    with Workspace(folder) as workspace:
        newest = workspace.scorings()[0]
        scores = workspace.read_scores(newest)["score"]
        return int((scores > workspace.read_calibration(newest).mean()).sum())


def test_the_grid_shows_what_is_left_to_review(home: Visitor) -> None:
    home.sign()
    home.page.keyboard.press("n")
    home.expect("h1", f"run {WORST}: ")
    home.page.keyboard.press("t")
    home.expect("#run-verdict", "fault (anna, ")
    home.page.keyboard.press("r")
    home.expect("h1", "3 of 20 runs are outliers, 2 not reviewed yet")
    for name, n_rows, first in (
        ("Outliers without verdict", 2, SECOND),
        ("All runs", 20, WORST),
        ("Outliers", 3, WORST),
    ):
        home.page.locator("#runs-show").get_by_text(name, exact=True).click()
        home.expect(FIRST, first)
        if n_rows < 10:  # of many only those in sight are drawn
            home.expect_count(ROWS, n_rows)


def test_a_verdict_is_written_into_the_grid(home: Visitor) -> None:
    page = home.page
    home.sign("berta")
    page.locator(CELL.format(1, "verdict")).dblclick()
    page.keyboard.press("Enter")
    page.locator(".ag-list-item", has_text="unsure").click()
    home.expect(CELL.format(1, "verdict"), "unsure")
    home.expect("#runs-count", "2 not reviewed yet")
    page.locator(CELL.format(1, "comment")).dblclick()
    page.keyboard.type("seen on site")
    with page.expect_response("**/_dash-update-component*"):
        page.keyboard.press("Enter")
    page.reload()
    home.expect(CELL.format(1, "verdict"), "unsure")
    home.expect(CELL.format(1, "comment"), "seen on site")


def test_the_grid_keeps_nothing_that_was_not_decided(home: Visitor) -> None:
    page = home.page
    home.sign()
    page.locator(CELL.format(0, "verdict")).dblclick()
    page.locator(".ag-cell-inline-editing").wait_for()
    page.locator("#runs-count").click()
    page.locator(".ag-cell-inline-editing").wait_for(state="detached")
    page.locator(CELL.format(0, "comment")).dblclick()
    page.keyboard.type("a comment without a verdict")
    page.keyboard.press("Enter")
    home.expect(NOTE, "choose a verdict first")
    home.expect_text(CELL.format(0, "comment"), "")
    assert home.text(CELL.format(0, "verdict")) == "" and page.locator(NOTE).count() == 1
    assert "3 not reviewed yet" in home.text("#runs-count")


def test_runs_that_are_ticked_become_the_good_ones(home: Visitor) -> None:
    home.page.locator("#runs-show").get_by_text("All runs", exact=True).click()
    home.page.locator(CELL.format(5, "run")).wait_for()
    for row in (3, 4, 5):
        home.page.locator(TICK.format(row)).check()
    home.page.click("#runs-choose")
    home.page.wait_for_url("**good=chosen**")
    home.page.wait_for_function(
        "() => document.querySelector('#runs-good').value === 'chosen runs (3)'"
    )
    home.drawn()


def test_a_tick_is_the_selection_of_all_pages(home: Visitor) -> None:
    page = home.page
    show_all(home)
    page.locator(TICK.format(0)).check()
    page.locator(TICK.format(2)).click(modifiers=["Shift"])
    home.expect("#shell-selected", "3 runs selected")
    page.locator(CELL.format(1, "rank")).click()
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Space")
    home.expect("#shell-selected", f"2 runs selected: {WORST}, {THIRD}")
    assert not page.locator(TICK.format(1)).is_checked()
    page.locator(FIRST).click()
    home.expect("#run-select", "Selected")
    page.keyboard.press("s")
    home.expect("#shell-selected", f"1 run selected: {THIRD}")
    page.keyboard.press("r")
    page.locator(TICK.format(2)).wait_for()
    assert [page.locator(TICK.format(row)).is_checked() for row in range(3)] == [False, False, True]
    page.click("#shell-clear")
    page.locator(TICK.format(2) + ":not(:checked)").wait_for()


def show_all(visitor: Visitor) -> None:
    visitor.page.locator("#runs-show").get_by_text("All runs", exact=True).click()
    visitor.page.locator(CELL.format(3, "run")).wait_for()


def test_what_is_drawn_around_in_a_figure_is_selected_and_marked_in_all(home: Visitor) -> None:
    page = home.page
    page.click("#runs-select")
    home.expect("#shell-selected", "3 runs selected: B-3, B-7, B-11")
    page.locator(TICK.format(0) + ":checked").wait_for()
    for figure in ("#runs-chart", "#runs-histogram"):
        home.expect(f"{figure} .legend", "selected (3)")
        page.click("#shell-clear")
        page.locator("#shell-bar").wait_for(state="hidden")
        home.draw_around(figure, [(0.005, 0.99), (0.995, 0.01)], tool="select")
        home.expect("#shell-selected", "20 runs selected")
        page.click("#runs-select")
        home.expect("#shell-selected", "3 runs selected")


def test_a_grid_without_a_row_says_so_and_fills_again(home: Visitor) -> None:
    for threshold, first in (("1000", None), ("2000", None), ("0.1", WORST), ("1000", None)):
        home.page.fill("#runs-threshold", threshold)
        home.page.keyboard.press("Enter")
        if first is None:
            home.expect("#runs-grid .ag-overlay", "no run to show")
        else:
            home.expect(FIRST, first)


def test_points_of_the_chart_and_names_in_the_grid_open_their_runs(home: Visitor) -> None:
    home.point_at(POINTS, 1, click=True)
    home.expect("h1", f"run {SECOND}: ")
    home.page.go_back()
    home.page.locator("#runs-grid a", has_text=THIRD).click()
    home.expect("h1", f"run {THIRD}: ")


# -- the page of a run ----------------------------------------------------------------------------


def test_the_axis_is_chosen_and_a_click_on_the_map_tells_of_that_time(worst: Visitor) -> None:
    for button, title in (
        ("Elapsed time", "elapsed time (h)"),
        ("% complete", "% complete"),
        ("Timestep", "timestep"),
    ):
        worst.page.locator("#run-axis").get_by_text(button, exact=True).click()
        for figure in ("#run-courses", "#run-map"):
            worst.expect(f"{figure} .infolayer", title)
    runs = new_runs()
    n_timesteps = len(runs.arrays[runs.position(WORST)])
    for timestep in (4, 27):
        worst.point_at("#run-map .nsewdrag", x=(timestep + 0.5) / n_timesteps, click=True)
        worst.expect("#run-bars .gtitle", f"timestep: {timestep}")


def test_all_that_was_decided_is_on_record_in_another_tab_too(worst: Visitor) -> None:
    other = worst.tab()
    other.goto(worst.page.url)
    other.locator("#run-verdict", has_text="No verdict yet.").wait_for()
    worst.page.fill("#run-cause", "valve")
    worst.page.fill("#run-comment", "stuck")
    worst.page.locator("#run-comment").blur()
    for key, said in (
        ("t", "fault · valve “stuck” (anna, "),
        ("z", "no verdict (anna, "),
        ("f", "no fault (anna, "),
        ("u", "unsure (anna, "),
    ):
        worst.page.keyboard.press(key)
        worst.expect("#run-verdict", said)
    other.reload()
    other.locator("#run-verdict", has_text="unsure (anna, ").wait_for()
    other.locator("#run-verdict summary").click()
    said_before = other.locator("#run-verdict li").all_inner_texts()
    assert [said.split(" (anna, ")[0] for said in said_before] == [
        "no fault",
        "undone to no verdict",
        "fault · valve “stuck”",
    ]


# -- what is missing, large, odd or wrong ---------------------------------------------------------


def test_a_url_that_leads_nowhere_says_so_and_leads_back(visitor: Visitor) -> None:
    for path in ("run?run=B-99", "nowhere"):
        visitor.open(path)
        assert visitor.text("h1") == "This cannot be shown"
        assert visitor.layout_faults() == []
        visitor.page.locator("main a").click()
        visitor.expect("h1", "3 of 20 runs are outliers")


def test_an_empty_workspace_says_what_to_do(chromium: Any, tmp_path: Path) -> None:
    Workspace(tmp_path / "ws", create=True).close()
    with visiting(chromium, tmp_path / "ws") as visitor:
        visitor.open()
        assert visitor.text("h1") == "Nothing to review yet"
        assert "tsad score new.csv" in visitor.text("main pre")
        assert "\n".join(visitor.layout_faults()) == ""


def fail(*_args: Any, **_more: Any) -> Any:
    raise RuntimeError("the password is swordfish")


def test_an_error_in_a_callback_is_a_note_with_its_number(
    worst: Visitor, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(drawing, "contributions_at", fail)
    worst.point_at("#run-map .nsewdrag", x=0.1, click=True)
    assert_told_by_number(worst, caplog)
    assert worst.text("h1").startswith(f"run {WORST}: ")


def test_an_error_in_a_page_is_told_in_its_place(
    visitor: Visitor, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(drawing, "scores", fail)
    visitor.page.goto(visitor.url)
    assert_told_by_number(visitor, caplog, "main")


def assert_told_by_number(
    visitor: Visitor, caplog: pytest.LogCaptureFixture, place: str = NOTE
) -> None:
    visitor.expect(place, "Something went wrong in the dashboard (error ")
    text = visitor.text("body")
    found = re.search(r"\(error ([0-9a-f]{8})\)", text)
    assert found is not None and found[1] in caplog.text and "swordfish" in caplog.text
    assert not re.search(r"swordfish|Traceback|RuntimeError|\.py", text)


EVIL = """<b>&"'/"""


def test_a_name_is_shown_as_text_wherever_it_stands(chromium: Any, tmp_path: Path) -> None:
    ids = [EVIL if run == WORST else str(run) for run in new_runs().ids]
    plain = new_runs()
    runs = Runs(plain.arrays, ids=ids, channels=plain.channels, labels=[EVIL] * len(plain))
    train = Runs(good_runs().arrays, channels=plain.channels)
    assert store(tmp_path / "ws", detector(), train, runs) == EVIL
    with visiting(chromium, tmp_path / "ws") as visitor:
        page = visitor.open()
        assert visitor.text(FIRST) == EVIL == visitor.text(CELL.format(0, "label"))
        assert EVIL in page.locator("#runs-chart .xtick").all_text_contents()
        visitor.point_at(POINTS)
        visitor.expect("#runs-chart .hovertext", EVIL)
        visitor.sign(EVIL)
        page.locator(FIRST).click()
        visitor.expect("h1", f"run {EVIL}: score ")
        visitor.drawn()
        page.fill("#run-cause", EVIL)
        page.locator("#run-cause").blur()
        page.keyboard.press("t")
        visitor.expect(NOTE, f"Run {EVIL}: fault is kept.")
        visitor.expect("#run-verdict", f"fault · {EVIL} ({EVIL}, ")
        page.reload()
        visitor.expect("#run-verdict", f"fault · {EVIL} ({EVIL}, ")
        assert page.locator("b").count() == 0
        visitor.expect("h1", f"run {EVIL}: score ")


def test_a_single_run_is_reviewed_too(chromium: Any, tmp_path: Path) -> None:
    runs = new_runs()
    only = runs[[runs.position(WORST)]]
    store(tmp_path / "ws", detector(), good_runs(), only)
    with visiting(chromium, tmp_path / "ws") as visitor:
        visitor.open()
        assert visitor.text("h1").startswith("1 of 1 run")
        faults = visitor.layout_faults()
        visitor.page.keyboard.press("n")
        visitor.expect("h1", f"run {WORST}: score ")
        visitor.drawn()
        assert "\n".join(faults + visitor.layout_faults()) == ""


@pytest.mark.slow
def test_two_thousand_runs_are_opened(chromium: Any, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    arrays = rng.normal(size=(2000, 20, 3))
    arrays[1234, 5:15, 1] += 9
    runs = Runs(list(arrays))
    top = store(tmp_path / "ws", detector(), runs[:200], runs)
    assert top == "1234"
    with visiting(chromium, tmp_path / "ws") as visitor:
        page = visitor.open()
        assert re.match(r"\d+ of 2,?000 runs", visitor.text("h1"))
        faults = visitor.layout_faults((1440,))
        look_through(visitor)
        page.keyboard.press("n")
        visitor.expect("h1", f"run {top}: score ")
        visitor.drawn()
        assert "\n".join(faults + visitor.layout_faults((1440,))) == ""


def look_through(visitor: Visitor) -> None:
    """A comment far down is refused, where it was; then runs are filtered and sorted."""
    page = visitor.page
    visitor.sign()
    show_all(visitor)
    rows = page.locator("#runs-grid .ag-body-viewport")
    rows.evaluate("rows => { rows.scrollTop = 1500 * 34; }")
    comment = CELL.format(1503, "comment")
    page.locator(comment).dblclick()  # maybe before the row has come: then nothing is written
    page.locator(CELL.format(1503, "run") + " a").wait_for()
    page.keyboard.press("Escape")
    page.locator(comment).dblclick()
    page.keyboard.type("seen")
    top = rows.evaluate("rows => rows.scrollTop")
    page.keyboard.press("Enter")
    visitor.expect(NOTE, "choose a verdict first")
    visitor.expect_text(comment, "")
    assert rows.evaluate("rows => rows.scrollTop") == top > 1490 * 34
    page.locator("#runs-grid .ag-header-cell[col-id=run] .ag-header-cell-filter-button").click()
    page.locator(".ag-filter input").first.fill("199")
    page.keyboard.press("Escape")
    page.locator("#runs-grid .ag-header-cell[col-id=run] .ag-header-cell-text").click()
    visitor.expect_text(FIRST, "1199")
    page.locator("#runs-grid .ag-header-cell[col-id=run] .ag-header-cell-text").click()
    visitor.expect_text(FIRST, "1999")
    page.locator("#runs-count").click()  # keys rest while the grid has the focus
