"""Rows of the grid: blocks of them, sorted and filtered, against plain Python."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from callbacks import Browser, page

from dashboard.answers import Refused
from dashboard.listing import ALL, OPEN, OUTLIERS, block
from dashboard.seen import Seen
from dashboard.state import State
from dashboard.views import Views
from tsad_plugin import Runs
from tsad_plugin.results import number
from tsad_plugin.workspace import Workspace

N_RUNS, N_OUTLIERS, THRESHOLD = 1000, 100, 5.0
SAID = {"R-7": ("fault", "valve"), "R-30": ("no fault", ""), "R-990": ("fault", "Valve stuck")}


def large(folder: Path) -> None:
    """A workspace of many runs, some with equal scores, some labelled, three of them reviewed."""
    rng = np.random.default_rng(0)
    labels = [None if i % 3 else f"{'Ab'[i % 2]}{i % 5}" for i in range(N_RUNS)]
    ids = [f"R-{i}" for i in range(N_RUNS)]
    runs = Runs(list(rng.normal(size=(N_RUNS, 4, 2))), ids=ids, channels=["T", "p"], labels=labels)
    scores = np.round(rng.uniform(0.001, THRESHOLD, N_RUNS), 2)
    scores[::10] += THRESHOLD
    with Workspace(folder, create=True) as workspace:
        data_set = workspace.add_runs(runs, "large.csv")
        workspace.add_scores(data_set, scores, detector="KNN", threshold=THRESHOLD)
        for run, (verdict, cause) in SAID.items():
            workspace.review.judge(data_set, run, verdict, cause=cause, who="anna")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("large") / "ws"
    large(made)
    return made


@pytest.fixture
def seen(folder: Path) -> Iterator[Seen]:
    with Workspace(folder) as workspace:
        yield Seen.of(Views(workspace), State())


def asked(seen: Seen, shown: str = ALL, **request: Any) -> dict[str, Any]:
    """All rows that the grid would get, or some of them."""
    return block(seen, seen.threshold, shown, {"startRow": 0, "endRow": N_RUNS, **request})


def runs_of(answer: dict[str, Any]) -> list[str]:
    return [row["run"] for row in answer["rowData"]]


def naive_rows(seen: Seen) -> list[dict[str, Any]]:
    """Rows of all runs, made one by one."""
    scores = seen.view.scores.tolist()
    rows = []
    for i, run in enumerate(seen.view.names):
        verdict, cause = SAID.get(run, ("", ""))
        label = (seen.view.labels or [])[i]
        rank = 1 + sum(s > scores[i] for s in scores) + scores[:i].count(scores[i])
        rows.append(
            {
                "rank": rank,
                "run": run,
                "score": float(number(scores[i])),
                "times": float(number(scores[i] / THRESHOLD)),
                "outlier": scores[i] > THRESHOLD,
                "label": "" if label is None else label,
                "verdict": verdict,
                "cause": cause,
            }
        )
    return sorted(rows, key=lambda row: row["rank"])


# -- what is in a row, and in a block ------------------------------------------------------------


def test_rows_hold_what_is_known_of_each_run(seen: Seen) -> None:
    answer, naive = asked(seen), naive_rows(seen)
    assert answer["rowCount"] == N_RUNS and json.loads(json.dumps(answer)) == answer
    for row, expected in zip(answer["rowData"], naive, strict=True):
        assert {name: row[name] for name in expected} == expected
        assert row["href"] == f"/run?scoring=1&run={row['run']}"
        assert row["by"].startswith("anna, ") == bool(row["verdict"])


def test_blocks_laid_one_after_the_other_are_all_rows(seen: Seen) -> None:
    order = {"sortModel": [{"colId": "score", "sort": "asc"}]}
    blocks = [asked(seen, startRow=i, endRow=i + 100, **order) for i in range(0, N_RUNS, 100)]
    assert {one["rowCount"] for one in blocks} == {N_RUNS}
    assert [row for one in blocks for row in one["rowData"]] == asked(seen, **order)["rowData"]
    beyond = asked(seen, startRow=N_RUNS, endRow=N_RUNS + 100)
    assert beyond == {"rowData": [], "rowCount": N_RUNS}


def test_what_is_shown_are_outliers_those_without_a_verdict_or_all(seen: Seen) -> None:
    outliers = [row["run"] for row in naive_rows(seen) if row["outlier"]]
    assert runs_of(asked(seen, OUTLIERS)) == outliers and len(outliers) == N_OUTLIERS
    unsaid = [run for run in outliers if run not in SAID]
    assert runs_of(asked(seen, OPEN)) == unsaid and len(unsaid) == N_OUTLIERS - 2
    none = block(seen, 1e9, OUTLIERS, {"startRow": 0, "endRow": 100})
    assert none == {"rowData": [], "rowCount": 0}


def test_without_a_threshold_nothing_is_a_multiple_of_it(seen: Seen) -> None:
    rows = block(seen, None, ALL, {"startRow": 0, "endRow": N_RUNS})["rowData"]
    assert {row["times"] for row in rows} == {None}
    assert sum(row["outlier"] for row in rows) == N_OUTLIERS  # as the detector labelled them


# -- sorted ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "order",
    [
        [("score", "asc")],
        [("times", "desc")],
        [("run", "desc")],
        [("label", "asc"), ("score", "asc")],
        [("verdict", "desc"), ("label", "asc"), ("run", "asc")],
        [("cause", "desc")],
    ],
)
def test_rows_are_sorted_by_several_columns(seen: Seen, order: list[tuple[str, str]]) -> None:
    expected = naive_rows(seen)
    for name, direction in reversed(order):  # where values are equal the order stays, both ways
        values = sorted({row[name] for row in expected}, reverse=direction == "desc")
        places = {value: place for place, value in enumerate(values)}
        expected.sort(key=lambda row, name=name, places=places: places[row[name]])
    model = [{"colId": name, "sort": direction} for name, direction in order]
    assert runs_of(asked(seen, sortModel=model)) == [row["run"] for row in expected]


# -- filtered --------------------------------------------------------------------------------------

TEXTS: dict[str, Callable[[str, str], bool]] = {
    "contains": lambda text, part: part in text,
    "notContains": lambda text, part: part not in text,
    "equals": lambda text, part: text == part,
    "notEqual": lambda text, part: text != part,
    "startsWith": lambda text, part: text.startswith(part),
    "endsWith": lambda text, part: text.endswith(part),
}
NUMBERS: dict[str, Callable[[float, float], bool]] = {
    "equals": lambda number, value: number == value,
    "notEqual": lambda number, value: number != value,
    "lessThan": lambda number, value: number < value,
    "lessThanOrEqual": lambda number, value: number <= value,
    "greaterThan": lambda number, value: number > value,
    "greaterThanOrEqual": lambda number, value: number >= value,
}


def test_texts_are_filtered_whatever_their_case(seen: Seen) -> None:
    for kind, holds in TEXTS.items():
        for name, part in (("run", "R-9"), ("label", "a0"), ("verdict", "Fault"), ("run", ".*")):
            expected = [
                row["run"] for row in naive_rows(seen) if holds(row[name].lower(), part.lower())
            ]
            model = {name: {"filterType": "text", "type": kind, "filter": part}}
            answer = asked(seen, filterModel=model)
            assert (runs_of(answer), answer["rowCount"]) == (expected, len(expected)), (kind, name)


def test_numbers_are_filtered_as_they_are_shown(seen: Seen) -> None:
    for name in ("score", "times"):
        value = naive_rows(seen)[20][name]
        for kind, holds in NUMBERS.items():
            expected = [row["run"] for row in naive_rows(seen) if holds(row[name], value)]
            model = {name: {"filterType": "number", "type": kind, "filter": value}}
            assert runs_of(asked(seen, filterModel=model)) == expected, (kind, name)
    model = {"score": {"type": "inRange", "filter": 2, "filterTo": 3}}
    expected = [row["run"] for row in naive_rows(seen) if 2 <= row["score"] <= 3]
    assert runs_of(asked(seen, filterModel=model)) == expected


def test_what_is_blank_is_found(seen: Seen) -> None:
    for kind, is_blank in (("blank", True), ("notBlank", False)):
        model = {"cause": {"filterType": "text", "type": kind}}
        expected = [row["run"] for row in naive_rows(seen) if (row["cause"] == "") == is_blank]
        assert runs_of(asked(seen, filterModel=model)) == expected
    numbers = {"times": {"type": "blank"}}
    assert asked(seen, filterModel=numbers)["rowCount"] == 0
    everywhere = {"startRow": 0, "endRow": 1, "filterModel": numbers}
    assert block(seen, None, ALL, everywhere)["rowCount"] == N_RUNS


def test_several_conditions_hold_together_or_one_of_them(seen: Seen) -> None:
    either = {
        "operator": "OR",
        "conditions": [
            {"type": "startsWith", "filter": "R-1"},
            {"type": "endsWith", "filter": "0"},
        ],
    }
    both = {
        "operator": "AND",
        "conditions": [
            {"type": "greaterThan", "filter": 1},
            {"type": "lessThan", "filter": 8},
        ],
    }
    model = {"run": either, "score": both, "label": {"type": "contains", "filter": "a"}}
    expected = [
        row["run"]
        for row in naive_rows(seen)
        if (row["run"].startswith("R-1") or row["run"].endswith("0"))
        and 1 < row["score"] < 8
        and "a" in row["label"].lower()
    ]
    assert len(expected) > 10
    assert runs_of(asked(seen, filterModel=model)) == expected


@pytest.mark.parametrize(
    "model",
    [
        {"run": {"type": "matches", "filter": "R"}},
        {"run": {"type": "lessThan", "filter": 3}},
        {"run": {"type": "contains", "filter": 3}},
        {"run": {"type": "contains"}},
        {"score": {"type": "contains", "filter": "3"}},
        {"score": {"type": "equals", "filter": "3"}},
        {"score": {"type": "inRange", "filter": 3}},
    ],
)
def test_a_filter_that_no_grid_has_is_refused(seen: Seen, model: dict[str, Any]) -> None:
    with pytest.raises(Refused, match="cannot be filtered by"):
        asked(seen, filterModel=model)


# -- as the grid asks ------------------------------------------------------------------------------


def ask(browser: Browser, shown: str = OUTLIERS, threshold: Any = THRESHOLD, **request: Any) -> Any:
    answer = browser.call(
        "runs-grid.getRowsResponse",
        "runs-grid.getRowsRequest",
        runs_grid__getRowsRequest={"startRow": 0, "endRow": 100, **request},
        runs_show__value=shown,
        runs_threshold__value=threshold,
        page_url__data="?scoring=1",
    )
    return answer["response"]["runs-grid"]["getRowsResponse"]


def test_the_page_holds_no_rows_and_the_grid_gets_those_above_the_threshold(folder: Path) -> None:
    browser = Browser(folder)
    text = page(browser, "/")
    assert '"rowModelType": "infinite"' in text and "rowData" not in text
    assert ask(browser)["rowCount"] == N_OUTLIERS
    assert ask(browser, threshold="")["rowCount"] == N_OUTLIERS
    assert 0 < ask(browser, threshold=8)["rowCount"] < N_OUTLIERS
    assert ask(browser, shown=ALL, startRow=900, endRow=N_RUNS)["rowData"][99]["rank"] == N_RUNS


def test_no_two_answers_are_the_same_or_the_grid_would_not_see_the_second(folder: Path) -> None:
    browser = Browser(folder)
    first, second = ask(browser), ask(browser)
    assert first != second and first["rowData"] == second["rowData"]


@pytest.mark.parametrize("fault", [{"endRow": None, "startRow": "x"}, {"filterModel": {"who": {}}}])
def test_a_request_that_fails_is_answered_or_the_grid_would_wait_forever(
    folder: Path, fault: dict[str, Any]
) -> None:
    browser = Browser(folder)
    answer = ask(browser, **fault)
    assert (answer["rowData"], answer["rowCount"]) == ([], 0)


# -- the selection ---------------------------------------------------------------------------------


def selected(browser: Browser, changed: str, **values: Any) -> Any:
    """Names of the runs that are selected when something changes; None where nothing is done."""
    answer = browser.call("shell-selection.data", changed, page_url__data="?scoring=1", **values)
    store = answer["response"].get("shell-selection") if answer else None
    return None if store is None else store["data"]["runs"]


def test_the_outliers_are_selected_by_a_button(folder: Path, seen: Seen) -> None:
    browser = Browser(folder)
    outliers = [run for i, run in enumerate(seen.view.names) if seen.view.scores[i] > 8]
    values = {"runs_threshold__value": 8, "runs_select__n_clicks": 1}
    assert selected(browser, "runs-select.n_clicks", **values) == outliers
    values |= {"runs_select__n_clicks": None}  # the page has just been drawn
    assert selected(browser, "runs-select.n_clicks", **values) is None


def test_without_an_outlier_there_is_none_to_select(folder: Path) -> None:
    values = {"runs_threshold__value": 1e9, "runs_select__n_clicks": 1}
    assert selected(Browser(folder), "runs-select.n_clicks", **values) is None


def test_what_is_drawn_around_in_the_chart_is_selected(folder: Path, seen: Seen) -> None:
    browser, scores = Browser(folder), seen.view.scores
    event = "runs-chart.selectedData"
    box = {"points": [{"customdata": "R-7"}], "range": {"x": [10.5, 30.5], "y": [2, 4]}}
    expected = [f"R-{i}" for i in range(10, 30) if 2 <= scores[i] <= 4]
    assert selected(browser, event, runs_chart__selectedData=box) == expected != []
    for nothing in (None, {"points": []}, {"points": [], "range": {"x": [1, 2], "y": [90, 99]}}):
        assert selected(browser, event, runs_chart__selectedData=nothing) is None


def test_a_range_of_the_histogram_selects_its_runs(folder: Path, seen: Seen) -> None:
    browser = Browser(folder)
    event = "runs-histogram.selectedData"
    dragged = {"points": [], "range": {"x": [6, 7], "y": [0, 1]}}
    expected = [run for i, run in enumerate(seen.view.names) if 6 <= seen.view.scores[i] <= 7]
    values = {"runs_threshold__value": THRESHOLD}
    assert selected(browser, event, runs_histogram__selectedData=dragged, **values) == expected
    beyond = {"points": [], "range": {"x": [600, 700]}}
    for nothing in (None, {"points": []}, beyond):
        assert selected(browser, event, runs_histogram__selectedData=nothing, **values) is None


def rings(answer: Any) -> dict[str, list[str]]:
    """Ids in the rings of the score chart, and how many traces a patch changes there."""
    changes = answer["response"]["runs-chart"]["figure"]["operations"]
    traces = [c["params"]["value"] for c in changes if c["location"][0] == "data"]
    return {trace["uid"]: list(trace["customdata"]) for trace in traces}


def test_the_selected_runs_are_marked_in_both_figures(folder: Path) -> None:
    browser, stored = Browser(folder), {"data_set": 1, "runs": ["R-7", "R-3", "gone"]}
    here = {"runs_threshold__value": THRESHOLD, "page_url__data": "?scoring=1"}
    output = ("runs-chart.figure", "shell-selection.data")
    answer = browser.call(*output, shell_selection__data=stored, **here)
    assert rings(answer) == {"selected": ["R-3", "R-7"]}
    assert "selected (2)" in json.dumps(answer["response"]["runs-histogram"])
    for other in (None, stored | {"data_set": 9}):
        answer = browser.call(*output, shell_selection__data=other, **here)
        assert rings(answer) == {"selected": []}


def test_a_page_that_has_just_been_drawn_is_marked_where_runs_are_selected(folder: Path) -> None:
    browser, here = Browser(folder), {"runs_threshold__value": 8, "page_url__data": "?scoring=1"}

    def drawn(stored: Any) -> Any:
        key = next(k for k in browser.app.callback_map if k.startswith("..runs-chart.figure@"))
        return browser.call(key, "shell-shown.data", shell_selection__data=stored, **here)

    assert rings(drawn({"data_set": 1, "runs": ["R-7"]})) == {"selected": ["R-7"]}
    assert "runs-chart" not in drawn(None)["response"]


def test_in_the_dark_marks_are_light_whenever_they_come(folder: Path) -> None:
    browser, stored = Browser(folder), {"data_set": 1, "runs": ["R-7"]}
    here = {"runs_threshold__value": 8, "page_url__data": "?scoring=1"}
    key = next(k for k in browser.app.callback_map if k.startswith("..runs-chart.figure@"))
    ways = {"shell-shown.data": key, "shell-selection.data": "runs-chart.figure"}

    def ring(way: str) -> Any:
        answer = browser.call(ways[way], way, shell_selection__data=stored, **here)
        changes = answer["response"]["runs-chart"]["figure"]["operations"]
        return next(c["params"]["value"] for c in changes if c["location"][0] == "data")["marker"]

    light = [ring(way) for way in ways]
    browser.client.set_cookie("tsad-scheme", "dark", domain="127.0.0.1")
    dark = [ring(way) for way in ways]
    assert light[0] == light[1] != dark[0] == dark[1]


def test_a_threshold_that_moves_leaves_the_selection(folder: Path) -> None:
    stored = {"data_set": 1, "runs": ["R-7"]}
    here = {"runs_threshold__value": 8, "page_url__data": "?scoring=1"}
    output = ("runs-chart.figure", "runs-threshold.value")
    answer = Browser(folder).call(*output, shell_selection__data=stored, **here)
    assert rings(answer)["selected"] == ["R-7"]
