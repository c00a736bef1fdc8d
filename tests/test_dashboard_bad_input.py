"""Whatever a URL, a browser's storage or a request says, people get a page or a sentence."""

import csv
import io
import logging
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np
import pytest
from callbacks import Browser, _place, page
from dashboards import chromium, visiting
from reviewing import detector, good_runs, new_runs
from small_dashboard import TOKEN

from dashboard import Settings, create_app
from dashboard.answers import Refused
from dashboard.components.threshold import read_threshold
from dashboard.listing import ALL, block
from dashboard.seen import Seen
from dashboard.selection import clicked_run, positions
from dashboard.state import State
from dashboard.views import Views
from tsad_plugin import Runs
from tsad_plugin.results import Scored
from tsad_plugin.workspace import Workspace

OURS = "http://127.0.0.1:8050"
WENT_WRONG = "Something went wrong"
HERE = "?scoring=2&run=B-3"


@pytest.fixture(scope="module")
def folder(filled: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The new runs scored by two models, so that there is a rival; nobody writes into it."""
    place = shutil.copytree(filled, tmp_path_factory.mktemp("twice") / "ws")
    with Workspace(place) as workspace:
        data_set, learned = workspace.data_sets()
        other = detector().set_params(latent_dim=2).fit(good_runs())
        model = workspace.add_model(other, data_set=learned)
        workspace.add_scoring(Scored.of(other, new_runs(labels=True)), model, data_set)
    return place


@pytest.fixture(scope="module")
def browser(folder: Path) -> Browser:
    return Browser(folder)


@pytest.fixture
def seen(folder: Path) -> Iterator[Seen]:
    views = Views(Workspace(folder))
    yield Seen.of(views, State(2, "B-3"))
    views.workspace.close()


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> list[logging.LogRecord]:
    """What the dashboard tells its log: errors of its own."""
    return caplog.records


# -- URLs ------------------------------------------------------------------------------------------

NONSENSE = [
    *("run=", "run=G-1", "run=%00", "run=%F0%9F%98%80%0D%0A%22", "run=" + "x" * 5000),
    *("scoring=0", "scoring=", "scoring=-1", "scoring=99", "scoring=1&scoring=3", "scoring=%D9%A3"),
    *("k=1e308", "k=-1e308", "k=1e-320", "k=nan", "k=1e999", "k=", "k=<script>"),
    *("good=", "good=label:", "good=none", "good=chosen"),
    *("channel=", "channel=none", "channel=T&channel=T", "channel=%00&channel=p"),
    *("with=B-3", "with=", "with=none", "with_scoring=2", "with_scoring=1", "with_scoring=99"),
    *("with_scoring=3&k=1e308", "with_scoring=3&with=B-4&good=usual", "&&==&", "none=1", "???"),
]


@pytest.mark.parametrize("path", ["/", "/run", "/population", "/latent", "/compare", "/none"])
def test_whatever_a_url_says_there_is_a_page_or_a_sentence(
    browser: Browser, path: str, log: list[logging.LogRecord]
) -> None:
    for nonsense in NONSENSE:
        text = page(browser, path, f"{HERE}&{nonsense}")
        assert '"H1"' in text and WENT_WRONG not in text, nonsense
        assert "<script>" not in text.replace("got '<script>'", ""), nonsense
    assert log == []


def test_a_url_of_ten_thousand_channels_makes_no_page_of_megabytes(browser: Browser) -> None:
    many = "".join(f"&channel=c{i}" for i in range(10_000))
    for path in ("/", "/run", "/population", "/latent", "/compare"):
        ordinary = len(page(browser, path, HERE))
        assert len(page(browser, path, f"{HERE}{many}")) < ordinary + 200_000


def test_a_file_of_a_url_that_leads_nowhere_is_not_found(
    browser: Browser, log: list[logging.LogRecord]
) -> None:
    for name in ("scores.csv", "scores.parquet", "report.html"):
        for nonsense in ("scoring=99", "scoring=x", "k=x", "scoring=%00"):
            answer = browser.client.get(f"/export/{name}?{nonsense}", base_url=OURS)
            assert answer.status_code == 404 and "<h1>Not Found</h1>" in answer.text
    assert log == []


# -- callbacks -------------------------------------------------------------------------------------

CONTROLS = {  # of which each has a value as soon as there is one
    "url.pathname": "/", "url.search": HERE, "page-url.data": HERE,
    "run-axis.value": "percent", "compare-axis.value": "percent",
    "population-axis.value": "percent", "population-k.value": 3,
    "population-what.value": "mean", "population-of.value": "T",
    "latent-source.value": "courses", "latent-x.value": "0", "latent-y.value": "1",
    "latent-show.value": "selected", "runs-show.value": "all",
    "runs-good.value": "usual", "population-good.value": "usual",
    "_pages_location.pathname": "/",
}  # fmt: skip


@pytest.mark.parametrize("here", [HERE, "?scoring=2", "?scoring=2&with_scoring=3&run=B-3"])
@pytest.mark.parametrize("empty", [None, []])
def test_a_page_that_has_just_come_asks_for_nothing_wrong(
    browser: Browser, log: list[logging.LogRecord], here: str, empty: Any
) -> None:
    """Nothing is clicked or chosen yet: all but the controls is None, or was cleared."""
    browser.client.get("/_dash-dependencies", base_url=OURS)
    values = CONTROLS | {"page-url.data": here, "url.search": here}
    for output, spec in list(browser.app.callback_map.items()):
        if "callback" not in spec or (output.startswith("run-") and "run=" not in here):
            continue
        filled = [[_filled(part, values, empty) for part in spec[k]] for k in ("inputs", "state")]
        answer = browser.client.post(
            "/_dash-update-component", json=_body(output, spec, *filled), base_url=OURS
        )
        assert answer.status_code in (200, 204), (output, answer.text)
        told = [record for record in log if not _is_of_another_page(output, here)]
        assert told == [], output
        log.clear()


def _filled(part: dict[str, Any], values: dict[str, Any], empty: Any) -> Any:
    if part["id"].startswith("{"):
        return []
    is_list = part["property"] in ("n_clicks", "value") and part["id"].endswith("channels")
    name = f"{part['id']}.{part['property']}"
    return {**part, "value": values.get(name, empty if is_list else None)}


def _body(output: str, spec: Any, inputs: list[Any], state: list[Any]) -> dict[str, Any]:
    outputs = spec["output"]
    many = outputs if isinstance(outputs, list | tuple) else [outputs]
    places = [_place(o.component_id_str(), o.component_property) for o in many]
    changed = [f"{i['id']}.{i['property']}" for i in inputs if i]
    return {
        "output": output,
        "outputs": places if isinstance(outputs, list | tuple) else places[0],
        "inputs": inputs,
        "state": state,
        "changedPropIds": changed[:1],
    }


def _is_of_another_page(output: str, here: str) -> bool:
    """Two models are compared only where the URL names both."""
    return "compare-scatter" in output and "with_scoring" not in here


@pytest.mark.parametrize(
    "clicked",
    [None, {}, [], "x", {"points": []}, {"points": None}, {"points": [{}]}, {"points": [None]},
     {"points": [{"customdata": None}]}, {"points": [{"customdata": ["B-3"]}]}],
)  # fmt: skip
def test_a_click_beside_the_marks_opens_nothing(browser: Browser, clicked: Any) -> None:
    assert clicked_run(clicked) is None
    for name in ("runs-chart", "population-bands", "population-missing"):
        values = {f"{name.replace('-', '_')}__clickData": clicked, "page_url__data": HERE}
        answer = browser.call("url.href", f"{name}.clickData", **values)
        assert answer == {"multi": True, "response": {}}


# -- what a browser keeps --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "stored",
    [None, {}, [], "x", 1, True, [None], {"data_set": 2}, {"runs": ["B-3"]},
     {"data_set": "2", "runs": ["B-3"]}, {"data_set": 2, "runs": None},
     {"data_set": 2, "runs": "B-3"}, {"data_set": 2, "runs": {"B-3": 1}},
     {"data_set": 2, "runs": [["B-3"], {}, None, 3]},
     {"data_set": 2, "runs": ["gone", "'", '"', "\n", "\u0000", "ü", "<b>"]}],
)  # fmt: skip
def test_what_is_no_selection_selects_nothing(
    browser: Browser, seen: Seen, log: list[logging.LogRecord], stored: Any
) -> None:
    assert positions(seen, stored) == []
    outputs = ("shell-selected.children", "population-unusual.figure", "run-select.children")
    for output in outputs:
        values = {"shell_selection__data": stored, "page_url__data": HERE}
        browser.call(output, "shell-selection.data", **values)
    assert log == []


def test_names_are_found_among_a_hundred_thousand_and_each_once(seen: Seen) -> None:
    runs = [*(f"gone-{i}" for i in range(100_000)), "B-3", "B-1", "B-3", ["B-4"], None]
    assert positions(seen, {"data_set": 2, "runs": runs}) == [1, 3]


@pytest.mark.browser
def test_whatever_a_browser_has_stored_the_pages_are_drawn(folder: Path) -> None:
    with chromium() as browser, visiting(browser, folder) as visitor:
        for stored in ('{"data_set":2,"runs":5}', '{"data_set":2,"runs":[null,"B-3"]}', "{"):
            visitor.open("/help")
            keep = "text => sessionStorage.setItem('shell-selection', text)"
            visitor.page.evaluate(keep, stored)
            visitor.open("/?scoring=2")
            visitor.expect("#runs-grid .ag-row[row-index='0']", "B-3")
            visitor.expect_count("#runs-grid .ag-row", 3)
        visitor.page.click("#runs-grid .ag-row[row-index='0'] .tick")
        visitor.expect("#shell-selected", "1 run selected: B-3")


# -- the grid --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "request_",
    [{}, {"startRow": 0}, {"startRow": 5, "endRow": 2}, {"startRow": -5, "endRow": 2},
     {"startRow": "0", "endRow": "9"}, {"startRow": 0.5, "endRow": 2}],
)  # fmt: skip
def test_rows_that_no_grid_asks_for_are_refused(seen: Seen, request_: dict[str, Any]) -> None:
    with pytest.raises(Refused, match="there are no rows from"):
        block(seen, None, ALL, request_)


@pytest.mark.parametrize(
    "model",
    [{"sortModel": [{"colId": "none", "sort": "asc"}]}, {"sortModel": [{}]},
     {"sortModel": [{"colId": ["run"]}]}, {"filterModel": {"none": {"type": "blank"}}}],
)  # fmt: skip
def test_columns_that_no_grid_has_are_refused(seen: Seen, model: dict[str, Any]) -> None:
    with pytest.raises(Refused, match="there is no column"):
        block(seen, None, ALL, {"startRow": 0, "endRow": 9, **model})


def test_more_rows_than_there_are_are_those_there_are(seen: Seen) -> None:
    found = block(seen, None, ALL, {"startRow": 15, "endRow": 10**30})
    assert len(found["rowData"]) == 5 and found["rowCount"] == 20
    assert block(seen, None, ALL, {"startRow": 10**30, "endRow": 10**30})["rowData"] == []


@pytest.mark.parametrize("text", ["(", "[", ".*", "\\", "B-3|B-4", "\u0000", "x" * 100_000])
def test_what_looks_like_a_pattern_is_text(seen: Seen, text: str) -> None:
    model = {"run": {"type": "contains", "filter": text}}
    asked = {"startRow": 0, "endRow": 9, "filterModel": model}
    assert block(seen, None, ALL, asked)["rowData"] == []


# -- thresholds ------------------------------------------------------------------------------------


@pytest.mark.parametrize("value", ["nan", "inf", "-inf", "1e999", 10**400, [], {}, [1]])
def test_a_threshold_without_end_is_none(seen: Seen, value: Any) -> None:
    with pytest.raises(Refused, match="must be a number"):
        read_threshold(seen, value)


@pytest.mark.parametrize("value", [1e308, -1e308])
def test_the_next_run_is_reached_whatever_threshold_is_tried(
    browser: Browser, value: float
) -> None:
    values = {"runs_threshold__value": value, "page_url__data": HERE}
    moved = browser.call("runs-chart.figure", "runs-threshold.value", **values)
    path, _, search = moved["response"]["run-next"]["href"].partition("?")
    assert "rank" in page(browser, path, search) or "outlier" in page(browser, path, search)


# -- names that people give ------------------------------------------------------------------------

NAMES = [
    *("../../etc/passwd", "a\r\nSet-Cookie: x=1", "q\"uo'te", "😀", "x" * 300, "<b>bold</b>"),
    *("=cmd|' /C calc'!A0", "@SUM(1)", "\u202eltr", "a\x00b", " ", "\t=1+1"),
]


@pytest.fixture(scope="module")
def strange(tmp_path_factory: pytest.TempPathFactory) -> Browser:
    """A dashboard of runs, channels, labels and a data set of the strangest names."""
    rng = np.random.default_rng(0)
    arrays = [rng.normal(size=(20, 2)) for _ in NAMES]
    names = {"ids": NAMES, "channels": ["=1+1", "<i>c</i>"], "units": ["<u>", "\r\n"]}
    runs = Runs(arrays, labels=["=1", "+2", "-3", "@4", "a\nb", "ok"] * 2, **names)
    folder = tmp_path_factory.mktemp("strange") / "ws"
    with Workspace(folder, create=True) as workspace:
        fitted = detector().fit(runs)
        data_set = workspace.add_runs(runs, f'../../{NAMES[1]}{"n" * 300}😀"')
        model = workspace.add_model(fitted, data_set=data_set)
        workspace.add_scoring(Scored.of(fitted, runs), model, data_set)
    return Browser(folder)


@pytest.mark.parametrize("name", ["scores.csv", "scores.parquet", "report.html"])
def test_no_name_gets_into_a_header_or_a_path(strange: Browser, name: str) -> None:
    for run in NAMES:
        url = f"/export/{name}?run={quote(run)}"
        answer = strange.client.get(url, base_url=OURS)
        assert answer.status_code == 200 and "Set-Cookie" not in answer.headers
        said = answer.headers["Content-Disposition"]
        assert said.isascii() and len(said) < 250
        assert not set("\\/\r\n'") & set(said) and said.count('"') == 2 and ".." not in said


def test_no_cell_of_a_file_is_a_formula(strange: Browser) -> None:
    said = {"verdict": "fault", "cause": "=1+1", "comment": "@SUM(1)\r\n=2"}
    changes = [
        {"data": {"run": run}, "colId": part, "value": value, "timestamp": 1}
        for run in NAMES
        for part, value in said.items()
    ]
    values = {"runs_grid__cellValueChanged": changes, "shell_who__value": "+anna"}
    strange.call("runs-decided.data", "runs-grid.cellValueChanged", **values)
    text = strange.client.get("/export/scores.csv", base_url=OURS).data.decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    assert len(rows) == len(NAMES) and {row["cause"] for row in rows} == {"'=1+1"}
    for cell in (cell for row in rows for cell in row.values()):
        assert not re.match(r"\s*[=+@]|[\t\r\n]", cell) and not re.search(r"[\r\n;][=+@]", cell)


def test_runs_of_any_name_have_a_page(strange: Browser, log: list[logging.LogRecord]) -> None:
    for run in NAMES:
        for path in ("/run", "/compare", "/latent", "/population"):
            assert WENT_WRONG not in page(strange, path, f"?run={quote(run)}")
        assert "not be shown" not in page(strange, "/run", f"?run={quote(run)}")
    assert log == []


# -- who may take files along ----------------------------------------------------------------------


@pytest.mark.parametrize("name", ["scores.csv", "scores.parquet", "report.html"])
def test_files_are_for_those_who_may_see_the_pages(folder: Path, name: str) -> None:
    path, base = f"/export/{name}?scoring=2", "http://127.0.0.1:8050"
    client = create_app(Settings(folder, token=TOKEN)).server.test_client()
    assert client.get(path, base_url=base).status_code == 401
    assert client.get(path, base_url="http://evil.example:8050").status_code == 421
    client.get("/", query_string={"token": TOKEN}, base_url=base)
    assert client.get(path, base_url=base).status_code == 200
    elsewhere = {"Origin": "http://evil.example", "Sec-Fetch-Site": "cross-site"}
    assert client.post(path, base_url=base, headers=elsewhere).status_code == 403
    assert client.get(path, base_url=base).headers["X-Content-Type-Options"] == "nosniff"


# -- runs of every kind ----------------------------------------------------------------------------


def _runs(kind: str) -> Runs:
    rng = np.random.default_rng(0)
    shape = {"one timestep": (12, 1, 2), "one channel": (12, 20, 1), "200 channels": (6, 20, 200)}
    few = {"one run": (1, 20, 2), "two runs": (2, 20, 2), "three runs": (3, 20, 2)}
    values = rng.normal(size=(shape | few).get(kind, (12, 20, 2)))
    if kind == "a constant channel":
        values[:, :, 1] = 5.0
    if kind == "nothing but one value":
        values[:] = 1.0
    if kind == "all alike":
        values[:] = values[0]
    if kind == "the largest numbers":
        values[2], values[3, 5], values[4] = 1e300, -1e308, 1e308
    times = [np.arange(values.shape[1]) * 1e300] * len(values) if kind == "huge times" else None
    return Runs(values, times=times)


FIGURES = {  # outputs by what draws them, and what is chosen there
    "run-map.figure": ("run-axis.value", {"run_axis__value": "percent"}),
    "compare-courses-a.figure": (
        "compare-axis.value",
        {"compare_axis__value": "percent", "compare_channels__value": []},
    ),
    **{f"population-{name}.figure": ("shell-scheme.data", {}) for name in ("lengths", "missing")},
    "population-usual.figure": ("shell-scheme.data", {}),
    "population-unusual.figure": ("shell-selection.data", {}),
    "latent-nearest.children": ("latent-source.value", {"latent_source__value": "courses"}),
    "latent-map.figure": (
        "latent-x.value",
        {"latent_source__value": "courses", "latent_x__value": "3", "latent_y__value": "2"},
    ),
    "latent-courses.figure": (
        "latent-show.value",
        {"latent_source__value": "courses", "latent_show__value": "nearest"},
    ),
}


@pytest.mark.parametrize(
    "kind",
    ["one run", "two runs", "three runs", "one timestep", "one channel", "200 channels",
     "a constant channel", "nothing but one value", "all alike", "the largest numbers",
     "huge times"],
)  # fmt: skip
def test_runs_of_every_kind_are_shown(
    tmp_path: Path, log: list[logging.LogRecord], kind: str
) -> None:
    runs = _runs(kind)
    with Workspace(tmp_path / "ws", create=True) as workspace:
        data_set, n = workspace.add_runs(runs, kind), len(runs)
        scores = np.arange(n, dtype=float)
        workspace.add_scores(data_set, scores, detector="counting", threshold=n - 1.5)
    browser, here = Browser(tmp_path / "ws"), "?scoring=1&run=0"
    for path in ("/", "/run", "/population", "/latent", "/compare"):
        text = page(browser, path, here)
        assert ("cannot be shown" in text) == (path == "/compare" and n == 1), path
        assert WENT_WRONG not in text
    selection = {"shell_selection__data": {"data_set": 1, "runs": ["0", "1"]}}
    for output, (trigger, values) in FIGURES.items():
        if not (output.startswith("compare") and n == 1):
            browser.call(output, trigger, page_url__data=here, **selection, **values)
    for number in ("length", "duration", "mean", "std", "minimum", "maximum", "missing"):
        what = {"population_what__value": number, "population_of__value": runs.channels[-1]}
        browser.call(
            "population-numbers.figure", "population-what.value", page_url__data=here, **what
        )
    assert log == []
