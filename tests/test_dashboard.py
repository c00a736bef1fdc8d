"""The dashboard without a browser: what pages show, what callbacks do."""

import getpass
import json
import re
import shutil
import sqlite3
from collections import Counter
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from callbacks import Browser, page
from reviewing import ABNORMAL, good_runs, keep, new_runs

from dashboard import Settings, create_app, drawing
from dashboard.answers import Refused
from dashboard.components.heading import beside
from dashboard.components.threshold import read_threshold
from dashboard.drawing import RunView
from dashboard.listing import ALL, OPEN, OUTLIERS, block
from dashboard.pages import run as run_page
from dashboard.reference import (
    CHOSEN,
    CONFIRMED,
    HELD_OUT,
    USUAL,
    Reference,
    _normal,
    performance,
    reference,
    references,
    truth,
)
from dashboard.seen import Seen
from dashboard.selection import positions, selection
from dashboard.state import State
from dashboard.views import View, Views, Which
from dashboard.wording import headline, open_outliers, run_line
from tsad_plugin import Runs
from tsad_plugin.workspace import Workspace

WORST = "B-3"
AT_NEW = {"page_url__data": "?scoring=2"}


def newest(views: Views) -> View:
    return views.of(None)


def see(views: Views, **url: Any) -> Seen:
    return Seen.of(views, State(**url))


# -- what a URL says --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "state",
    [
        State(),
        State(3),
        State(3, "B 17/ü&=?"),
        State(3, "x", "label:ok"),
        State(None, "#"),
        State(3, "x", channels=("T", "a&b=ü"), k=-2.5),
        State(3, k=3.0, other="+y", rival=4),
    ],
)
def test_a_state_survives_its_url(state: State) -> None:
    page, _, search = state.at("/run").partition("?")
    assert page == "/run" and State.of(search) == state == State.of(f"?{search}")


@pytest.mark.parametrize("number", ["x", "-1", "1.5", "²", "9" * 40])
def test_a_url_with_no_number_of_a_scoring_is_refused(number: str) -> None:
    with pytest.raises(ValueError, match="there is no scoring"):
        State.of(f"?scoring={number}")


@pytest.mark.parametrize("k", ["x", "nan", "inf", "", "1e999"])
def test_a_url_with_no_number_for_k_is_refused(k: str) -> None:
    with pytest.raises(ValueError, match="k is a number of standard deviations"):
        State.of(f"?k={k}")


def test_a_threshold_that_is_tried_holds_in_the_place_of_the_kept_one(views: Views) -> None:
    kept, tried = see(views), see(views, k=5000.0)
    assert kept.threshold == kept.standing.threshold.value
    assert tried.threshold == pytest.approx(
        np.mean(tried.good.scores) + 5000 * np.std(tried.good.scores, ddof=1)
    )
    assert not tried.view.outliers(tried.threshold).any()


def test_a_tried_threshold_holds_on_the_page_of_a_run_and_in_its_links(browser: Browser) -> None:
    text = page(browser, "/run", f"?scoring=2&run={WORST}&k=5000")
    assert "rank 1 of 20" in text and "outlier 1 of" not in text
    assert f"/latent?scoring=2&run={WORST}&k=5000" in text


def test_a_link_takes_the_tried_threshold_along(views: Views) -> None:
    seen = see(views)
    tried = seen.trying(seen.good.threshold(2.0))
    assert tried.url.k == pytest.approx(2.0) and "k=2" in tried.url.at("/run")
    assert tried.trying(seen.standing.threshold.value).url.k is None


# -- the selection --------------------------------------------------------------------------------


def test_selected_runs_are_found_by_name_in_the_order_of_the_data(views: Views) -> None:
    seen = see(views)
    stored = selection(seen, [9, 2])
    assert stored == {"data_set": seen.view.data_set.id, "runs": ["B-9", "B-2"]}
    assert positions(seen, {**stored, "runs": ["B-9", "B-2", "B-9", "gone"]}) == [2, 9]


def test_a_selection_of_another_data_set_or_none_selects_nothing(views: Views) -> None:
    other = selection(see(views, scoring=1), [1])
    assert positions(see(views, scoring=2), other) == [] == positions(see(views), None)


def test_a_run_is_selected_and_no_longer(browser: Browser) -> None:
    here = {"page_url__data": f"?scoring=2&run={WORST}", "run_select__n_clicks": 1}
    output = ("shell-selection.data", "run-select.n_clicks")
    first = browser.call(*output, **here)["response"]["shell-selection"]["data"]
    assert first["runs"] == [WORST]
    both = first | {"runs": ["B-1", WORST]}
    then = browser.call(*output, shell_selection__data=both, **here)
    assert then["response"]["shell-selection"]["data"]["runs"] == ["B-1"]
    mounted = browser.call(*output, page_url__data="?scoring=2", run_select__n_clicks=None)
    assert mounted["response"] == {}


def test_the_bar_says_what_is_selected_and_where_to_go(browser: Browser) -> None:
    def said(**values: Any) -> str:
        call = browser.call("shell-selected.children", "shell-selection.data", **values)
        return json.dumps(call["response"])

    stored = {"data_set": 2, "runs": ["B-1", "B-2"]}
    text = said(page_url__data="?scoring=2", shell_selection__data=stored)
    assert "2 runs selected: B-1, B-2" in text and "/compare?scoring=2&run=B-1&with=B-2" in text
    for nothing in (None, stored | {"data_set": 1}):
        assert '"hidden": true' in said(page_url__data="?scoring=2", shell_selection__data=nothing)


# -- what is good, what is abnormal ---------------------------------------------------------------


def test_the_abnormal_runs_rank_first(views: Views) -> None:
    view = newest(views)
    assert {view.names[i] for i in view.ranked[:3]} == set(ABNORMAL)
    assert view.names[view.ranked[0]] == WORST
    threshold = views.standing(view).threshold.value
    assert {view.names[i] for i in np.flatnonzero(view.outliers(threshold))} == set(ABNORMAL)


def test_without_a_threshold_the_detectors_labels_hold(views: Views) -> None:
    view = newest(views)
    assert view.outliers(None).tolist() == (view.table["label"] == 1).tolist()


def test_good_runs_are_those_held_out_until_somebody_chooses(views: Views) -> None:
    view = newest(views)
    standing = views.standing(view)
    first = reference(view, standing, None)
    assert first.key == HELD_OUT and first.positions is None
    assert first.scores.tolist() == view.calibration.tolist()
    views.workspace.review.choose_good_runs(view.data_set, ["B-0", "B-1", "B-2"], who="anna")
    chosen = reference(view, views.standing(view), None)
    assert chosen.key == CHOSEN and chosen.positions == [0, 1, 2]
    assert reference(view, views.standing(view), HELD_OUT).key == HELD_OUT


def test_references_leave_out_faults_and_offer_labels(views: Views) -> None:
    view, review = newest(views), views.workspace.review
    review.judge(view.data_set, "B-0", "fault", who="anna")
    for run in ("B-1", "B-2"):
        review.judge(view.data_set, run, "no fault", who="anna")
    found = {r.key: r for r in references(view, views.standing(view))}
    assert set(found) == {HELD_OUT, USUAL, CONFIRMED, "label:ok", "label:bad"}
    assert 0 not in found[USUAL].positions and len(found[USUAL].positions) == 20 - 3 - 1
    assert found[CONFIRMED].positions == [1, 2]
    assert [view.names[i] for i in found["label:bad"].positions] == list(ABNORMAL)


def test_k_and_threshold_are_inverse(views: Views) -> None:
    view = newest(views)
    good = reference(view, views.standing(view), None)
    assert good.k(good.threshold(2.5)) == pytest.approx(2.5)
    naive = np.mean(view.calibration) + 3 * np.std(view.calibration, ddof=1)
    assert good.threshold(3) == pytest.approx(naive)
    assert views.standing(view).threshold.value == pytest.approx(naive)  # KSigma(3) learned it


def test_truth_is_the_label_until_a_verdict_says_otherwise(views: Views) -> None:
    view, review = newest(views), views.workspace.review
    known = truth(view, views.standing(view))
    assert known.tolist() == [float(name in ABNORMAL) for name in view.names]
    review.judge(view.data_set, "B-3", "no fault", who="anna")
    review.judge(view.data_set, "B-0", "unsure", who="anna")
    known = truth(view, views.standing(view))
    assert known[3] == 0 and np.isnan(known[0]) and known[7] == 1


@pytest.mark.parametrize(
    ("flagged", "known", "said"),
    [
        ([1, 1, 0, 0], [1, 0, 1, 0], "precision 50% (1 of 2), recall 50% (1 of 2)"),
        ([0, 0, 0], [1, 0, np.nan], "recall 0% (0 of 1)"),
        ([1, 1], [0, np.nan], "precision 0% (0 of 1)"),
        ([1, 0], [np.nan, np.nan], ""),
    ],
)
def test_precision_and_recall_count_what_is_known(
    flagged: list[int], known: list[float], said: str
) -> None:
    assert performance(np.array(flagged, bool), np.array(known)) == said


# -- words --------------------------------------------------------------------------------------


def test_the_summary_names_score_threshold_channel_and_time(views: Views) -> None:
    view = newest(views)
    text = run_line(view, view.position(WORST), views.standing(view).threshold.value)
    assert text.startswith("run B-3: score ") and "× threshold, T " in text
    assert text.endswith(" of the error at 5–9.5 h")


def test_the_headline_counts_outliers_and_those_without_verdict(views: Views) -> None:
    seen = see(views)
    measured = "precision 100% (3 of 3), recall 100% (3 of 3)"
    assert headline(seen, seen.threshold) == (
        f"3 of 20 runs are outliers, 3 not reviewed yet; {measured}"
    )
    assert headline(seen, 1e9) == "None of 20 runs is an outlier; recall 0% (0 of 3)"
    for run in ABNORMAL:
        seen.judge({"run": run, "verdict": "fault"}, "anna")
    seen = see(views)
    assert headline(seen, seen.threshold).startswith("3 of 20 runs are outliers, all reviewed")
    assert open_outliers(seen, seen.threshold) == []


# -- rows of the grid ------------------------------------------------------------------------------


def test_rows_are_ranked_and_filtered(views: Views) -> None:
    see(views).judge({"run": WORST, "verdict": "fault", "cause": "valve"}, "anna")
    seen = see(views)
    asked = {"startRow": 0, "endRow": 100}
    listed = {
        shown: block(seen, seen.threshold, shown, asked)["rowData"]
        for shown in (OUTLIERS, OPEN, ALL)
    }
    assert [row["rank"] for row in listed[ALL]] == list(range(1, 21))
    worst = [seen.view.names[i] for i in seen.view.ranked[:3]]
    assert [row["run"] for row in listed[OUTLIERS]] == worst
    assert [row["outlier"] for row in listed[ALL]] == [True] * 3 + [False] * 17
    assert WORST not in {row["run"] for row in listed[OPEN]} and len(listed[OPEN]) == 2
    first = listed[OUTLIERS][0]
    assert (first["verdict"], first["cause"], first["label"]) == ("fault", "valve", "bad")
    assert first["href"] == "/run?scoring=2&run=B-3" and first["by"].startswith("anna, ")
    assert json.loads(json.dumps(listed)) == listed


# -- scores ----------------------------------------------------------------------------------------


def test_what_is_selected_is_in_the_chart_and_in_the_histogram(views: Views) -> None:
    seen = see(views)
    chart, bars = (draw(seen, 1.0, [1, 3]) for draw in (drawing.scores, drawing.histogram))
    (rings,) = [t for t in chart.data if t.uid == "selected"]
    assert rings.customdata.tolist() == [seen.view.names[1], seen.view.names[3]]
    (outline,) = [t for t in bars.data if t.uid == "selected"]
    assert outline.name == "selected (2)"


def test_a_shape_in_a_chart_or_a_range_in_the_histogram_selects_runs(views: Views) -> None:
    seen = see(views)
    scores, top = seen.view.scores, int(np.argmax(seen.view.scores))
    box = {"range": {"x": [0.5, 4.5], "y": [0, scores.max() + 1]}}
    assert drawing.scores_within(seen, box) == [0, 1, 2, 3]
    assert drawing.scores_within(seen, None) == []
    end = drawing.histogram(seen, seen.threshold).data[-2].x[-1]
    high = float(np.sort(scores)[-2])
    found = drawing.histogram_within(seen, seen.threshold, {"range": {"x": [high, end]}})
    assert top in found and len(found) == 2


def test_a_threshold_moves_all_that_reaches_to_it(views: Views) -> None:
    seen = see(views)
    for draw in (drawing.scores, drawing.histogram):
        figure = draw(seen, seen.threshold)
        moved = drawing.patch(figure).to_plotly_json()["operations"]
        places = [operation["location"] for operation in moved]
        uids = {figure.data[at[1]].uid for at in places if at[0] == "data"}
        assert uids == {t.uid for t in figure.data} - {"mean", "band-1", "band-2", "band-3"}
        assert ["layout", "shapes"] in places and ["layout", "annotations"] in places


# -- the run and the population -------------------------------------------------------------------


def look(views: Views, run: str, axis: str, key: str | None = None) -> RunView:
    return run_page.look(see(views, run=run, good=key), axis)


def test_the_population_is_the_training_runs_until_others_are_chosen(views: Views) -> None:
    assert look(views, WORST, "timestep").band.n.max() == 40
    assert look(views, WORST, "timestep", "label:ok").band.n.max() == 17


def test_a_population_has_the_channels_that_are_asked_for(views: Views) -> None:
    data_set = newest(views).data_set
    there, back = (
        views.population(Which(data_set.id, None, "percent", channels))
        for channels in (data_set.channels, data_set.channels[::-1])
    )
    np.testing.assert_array_equal(there.mean, back.mean[:, ::-1])
    assert not np.array_equal(there.mean, back.mean, equal_nan=True)


def test_overviews_and_codes_are_read_once(views: Views) -> None:
    view = newest(views)
    overview = views.overview(view.data_set.id)
    assert views.overview(view.data_set.id) is overview
    assert len(overview.courses) == view.data_set.n_runs
    codes = views.codes(view.scoring.id)
    assert codes is views.codes(view.scoring.id)


def test_channels_are_ordered_by_their_share_of_the_error(views: Views) -> None:
    for run, channel in ABNORMAL.items():
        shares = look(views, run, "timestep").shares
        assert next(iter(shares)) == channel and sum(shares.values()) == pytest.approx(1)


@pytest.mark.parametrize(
    ("axis", "title", "last"),
    [("timestep", "timestep", 1.0), ("elapsed", "elapsed time (h)", 0.5), ("percent", "% comp", 0)],
)
def test_a_run_is_drawn_on_each_axis(views: Views, axis: str, title: str, last: float) -> None:
    run = look(views, WORST, axis)
    n = len(run.runs.arrays[0])
    assert run.x_title.startswith(title)
    assert run.x[-1] == pytest.approx(last * (n - 1) if last else 100)
    figure = drawing.courses(run, ["T", "p"], at=4)
    assert figure.layout.xaxis3.title.text == run.x_title
    assert run.nearest(run.x[7] + 0.1) == 7
    measured = [t for t in figure.data if t.name == "measured"]
    assert len(measured) == 2 and measured[0].x[-1] == pytest.approx(run.x[-1])


@pytest.mark.parametrize("run", ABNORMAL)
def test_a_run_opens_in_its_worst_stretch_however_high_another_channel_is_elsewhere(
    views: Views, run: str
) -> None:
    seen = look(views, run, "timestep")
    assert seen.found is not None and seen.stretch is not None
    first, last = seen.stretch
    leading = seen.runs.channels.index(ABNORMAL[run])
    within = {t: seen.found.contributions[t, leading] for t in range(first, last + 1)}
    contributions, scores = seen.found.contributions.copy(), seen.found.scores.copy()
    contributions[:, 1 - leading] = scores[0] = contributions.max() + 1
    found = seen.found._replace(contributions=contributions, scores=scores)
    assert replace(seen, found=found).opens_at == max(within, key=lambda t: within[t])


def test_gaps_are_blank_in_the_map(views: Views) -> None:
    run = look(views, "B-5", "timestep")
    assert run.contributions is not None
    assert np.isnan(run.contributions[3:6, 0]).all() and np.isfinite(run.contributions[:, 1]).all()
    assert drawing.error_map(run).data[0].z is not None


def test_neighbours_are_the_outliers_before_and_after_in_rank(views: Views) -> None:
    view = newest(views)
    threshold = views.standing(view).threshold.value
    first, second, third = view.ranked[:3]
    assert beside(view, threshold, first) == (None, second)
    assert beside(view, threshold, second) == (first, third)
    assert beside(view, threshold, third) == (second, None)
    assert beside(view, threshold, view.ranked[10]) == (third, None)
    assert beside(view, 1e9, first) == (None, None)


# -- callbacks, as the browser calls them --------------------------------------------------------


def test_the_home_page_shows_the_newest_scoring(browser: Browser) -> None:
    text = page(browser, "/")
    assert "3 of 20 runs are outliers, 3 not reviewed yet" in text
    assert "new.csv · PCAReconstruction · " in text and "train.csv · " in text
    assert "/run?scoring=2&run=B-3" in text


def test_another_scoring_is_shown_by_its_number(browser: Browser) -> None:
    assert "of 40 runs" in page(browser, "/", "?scoring=1")


def test_the_page_of_a_run_says_what_is_wrong_with_it(browser: Browser) -> None:
    text = page(browser, "/run", "?scoring=2&run=B-3")
    assert "run B-3: score " in text and "outlier 1 of 3" in text and "No verdict yet." in text


@pytest.mark.parametrize(
    ("path", "search", "said"),
    [
        ("/run", "?scoring=2&run=B-99", "There is no run 'B-99' in new.csv"),
        ("/run", "?scoring=2", "No run is named: choose one"),
        ("/run", "?scoring=2&run=b-3", "did you mean 'B-3'?"),
        ("/", "?scoring=99", "99"),
        ("/", "?scoring=x", "There is no scoring 'x'"),
        ("/etc/passwd", "", "There is no page '/etc/passwd'"),
    ],
)
def test_a_url_that_leads_nowhere_says_so(
    browser: Browser, path: str, search: str, said: str
) -> None:
    text = page(browser, path, search)
    assert "This cannot be shown" in text and said in text


def test_a_threshold_that_moves_changes_markers_and_line_alone(browser: Browser) -> None:
    answer = browser.call(
        "runs-chart.figure", "runs-threshold.value", runs_threshold__value=1e9, page_url__data=""
    )["response"]
    changes = answer["runs-chart"]["figure"]["operations"]
    changed = {tuple(change["location"][:2]) for change in changes}
    assert ("layout", "shapes") in changed and all(place[0] != "frames" for place in changed)
    drawn = {tuple(c["location"]) for c in changes if c["location"][0] == "data"}
    assert {c["params"]["value"]["uid"] for c in changes if tuple(c["location"]) in drawn} == {
        *("normal", "outlier", "reviewed", "selected"),  # and no band
    }
    assert "None of 20 runs" in answer["runs-count"]["children"]


def test_a_threshold_is_kept_with_who_set_it(browser: Browser, workspace: Workspace) -> None:
    values = {"runs_keep__n_clicks": 1, "runs_threshold__value": 2.5, "shell_who__value": "anna"}
    browser.call("runs-kept.children", "runs-keep.n_clicks", page_url__data="", **values)
    kept = workspace.review.threshold(workspace.models()[0])
    assert (kept.value, kept.who) == (2.5, "anna") and kept.origin.startswith("k = ")
    assert "2.50" in page(browser, "/")


def written(part: str, value: str, **shown: str) -> list[dict[str, Any]]:
    data = {"run": WORST, "verdict": "", "cause": "", "comment": "", **shown, part: value}
    return [{"data": data, "colId": part, "value": value, "timestamp": 1}]


def write(browser: Browser, part: str, value: str, who: str = "anna", **shown: str) -> Any:
    values = {"runs_grid__cellValueChanged": written(part, value, **shown), "shell_who__value": who}
    return browser.call("runs-decided.data", "runs-grid.cellValueChanged", **values, **AT_NEW)


def test_what_is_written_into_the_grid_is_kept(browser: Browser, workspace: Workspace) -> None:
    for part, value in (("verdict", "fault"), ("cause", "valve"), ("comment", "seen")):
        answer = write(browser, part, value)
        assert answer["response"]["runs-decided"]["data"] == 1  # so that all is shown anew
    verdict = workspace.review.verdicts(workspace.data_sets()[0])[WORST]
    assert (verdict.verdict, verdict.cause, verdict.comment) == ("fault", "valve", "seen")
    assert verdict.who == "anna"


def test_a_cell_brings_back_nothing_that_another_has_changed(
    browser: Browser, workspace: Workspace
) -> None:
    data_set = workspace.data_sets()[0]
    workspace.review.judge(data_set, WORST, "no fault", cause="sensor", who="ben")
    write(browser, "comment", "hm", verdict="fault", cause="valve")  # as an old tab shows it
    verdict = workspace.review.verdicts(data_set)[WORST]
    assert (verdict.verdict, verdict.cause, verdict.comment) == ("no fault", "sensor", "hm")


def notes(answer: Any) -> str:
    return json.dumps((answer or {}).get("sideUpdate", {}), ensure_ascii=False)


def test_a_comment_without_a_verdict_asks_for_one(browser: Browser, workspace: Workspace) -> None:
    answer = write(browser, "comment", "?")
    assert "choose a verdict first" in notes(answer)
    assert answer["response"]["runs-decided"]["data"] == 1  # so that the comment goes away
    assert workspace.review.verdicts(workspace.data_sets()[0]) == {}
    write(browser, "verdict", "fault")
    assert "taken back by Undo" in notes(write(browser, "verdict", ""))
    assert workspace.review.verdicts(workspace.data_sets()[0])[WORST].verdict == "fault"


def judge(browser: Browser, verdict: str, who: str = "anna") -> Any:
    place = json.dumps({"type": "run-verdict", "verdict": verdict}, separators=(",", ":"))
    key = next(k for k in browser.app.callback_map if k.startswith("run-verdict.children"))
    names = [{"type": "run-verdict", "verdict": v} for v in ("fault", "no fault", "unsure")]
    inputs = [
        {"id": n, "property": "n_clicks", "value": 1 if n["verdict"] == verdict else None}
        for n in names
    ]
    state = [
        {"id": "run-cause", "property": "value", "value": "valve"},
        {"id": "run-comment", "property": "value", "value": ""},
        {"id": "shell-who", "property": "value", "value": who},
        {"id": "page-url", "property": "data", "value": "?scoring=2&run=B-3"},
    ]
    body = {
        "output": key,
        "outputs": {"id": "run-verdict", "property": "children"},
        "inputs": [inputs],
        "state": state,
        "changedPropIds": [f"{place}.n_clicks"],
    }
    answer = browser.client.post(
        "/_dash-update-component", json=body, base_url="http://127.0.0.1:8050"
    )
    assert answer.status_code in (200, 204), answer.text
    return answer.get_json()


def undo(browser: Browser) -> Any:
    values = {"run_undo__n_clicks": 1, "shell_who__value": "anna"}
    return browser.call(
        "run-verdict.children", "run-undo.n_clicks", page_url__data="?scoring=2&run=B-3", **values
    )


def test_verdicts_are_given_and_undone(browser: Browser, workspace: Workspace) -> None:
    data_set = workspace.data_sets()[0]
    assert " · valve (anna" in json.dumps(judge(browser, "fault"), ensure_ascii=False)
    judge(browser, "unsure")
    assert workspace.review.verdicts(data_set)[WORST].verdict == "unsure"
    undo(browser)
    assert workspace.review.verdicts(data_set)[WORST].verdict == "fault"
    undo(browser)
    assert workspace.review.verdicts(data_set) == {}
    assert "undo" in notes(undo(browser))  # there is nothing left
    assert len(workspace.review.history(data_set, WORST)) == 4


def test_a_verdict_without_a_name_is_refused(browser: Browser, workspace: Workspace) -> None:
    for who in ("", " "):
        assert "write your name" in notes(judge(browser, "fault", who=who))
    assert workspace.review.verdicts(workspace.data_sets()[0]) == {}


def test_the_selected_runs_become_the_good_ones(browser: Browser, workspace: Workspace) -> None:
    def choose(*runs: str) -> Any:
        values = {"runs_choose__n_clicks": 1, "shell_who__value": "anna", **AT_NEW}
        stored = {"data_set": workspace.data_sets()[0].id, "runs": runs}
        return browser.call(
            "url.search", "runs-choose.n_clicks", shell_selection__data=stored, **values
        )

    assert choose("B-1", "B-0")["response"]["url"]["search"] == "?scoring=2&good=chosen"
    assert workspace.review.good_runs(workspace.data_sets()[0]) == ["B-0", "B-1"]
    assert "1 run selected" in notes(choose("B-0", "G-1"))


def test_a_click_in_the_chart_opens_the_run(browser: Browser) -> None:
    clicked = {"points": [{"customdata": "B-7"}]}
    answer = browser.call(
        "url.href",
        "runs-chart.clickData",
        runs_chart__clickData=clicked,
        page_url__data="?scoring=2",
    )
    assert answer["response"]["url"]["href"] == "/run?scoring=2&run=B-7"


@pytest.mark.parametrize(
    ("figure", "point"), [("courses", {"x": 4.9}), ("map", {"x": 4.0, "customdata": 10})]
)
def test_a_click_on_a_time_is_its_timestep(
    browser: Browser, figure: str, point: dict[str, float]
) -> None:
    values = {f"run_{figure}__clickData": {"points": [point]}, "run_axis__value": "elapsed"}
    answer = browser.call(
        "run-at.data", f"run-{figure}.clickData", page_url__data="?scoring=2&run=B-3", **values
    )
    assert answer["response"]["run-at"]["data"] == 10  # half an hour each


# -- what is missing or damaged -----------------------------------------------------------------


def test_an_empty_workspace_says_what_to_do(tmp_path: Path) -> None:
    Workspace(tmp_path / "empty", create=True).close()
    text = page(Browser(tmp_path / "empty"), "/")
    assert "Nothing to review yet" in text and "tsad fit batches.csv" in text


def test_a_missing_workspace_is_refused_at_the_start(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no workspace"):
        create_app(Settings(tmp_path / "none"))


def test_runs_that_were_deleted_on_disk_are_said_to_be_missing(
    browser: Browser, workspace: Workspace
) -> None:
    folder = workspace.path / "data_sets" / workspace.data_sets()[0].folder
    (folder / "values.parquet").unlink()
    text = page(browser, "/run", "?scoring=2&run=B-3")
    assert "This cannot be shown" in text and "values.parquet" in text
    assert "3 of 20 runs are outliers" in page(browser, "/")  # scores are still there


def test_a_damaged_scoring_is_said_to_be_damaged(browser: Browser, workspace: Workspace) -> None:
    folder = workspace.path / "scorings" / workspace.scorings()[0].folder
    for file in folder.glob("*.parquet"):
        file.write_bytes(b"PAR1 no longer")
    assert "This cannot be shown" in page(browser, "/")
    assert "of 40 runs" in page(browser, "/", "?scoring=1")


def test_a_damaged_model_does_not_hide_what_it_found(
    browser: Browser, workspace: Workspace
) -> None:
    folder = workspace.path / "models" / str(workspace.models()[0].folder)
    (folder / "model.json").write_text("{}")
    assert "3 of 20 runs are outliers" in page(browser, "/")
    assert "run B-3: score " in page(browser, "/run", "?scoring=2&run=B-3")


def test_scores_of_a_foreign_detector_are_reviewed_too(tmp_path: Path) -> None:
    with Workspace(tmp_path / "ws", create=True) as workspace:
        data_set = workspace.add_runs(new_runs(), "new.csv")
        scores = np.arange(20.0)
        workspace.add_scores(data_set, scores, detector="KNN", labels=(scores > 17).astype(int))
    browser = Browser(tmp_path / "ws")
    assert "2 of 20 runs are outliers" in page(browser, "/")
    text = page(browser, "/run", "?run=B-19")
    assert "run B-19: score 19" in text and "scores runs as a whole" in text


# -- what people and data may do ------------------------------------------------------------------


def test_times_that_stand_still_close_an_axis_and_no_page(tmp_path: Path) -> None:
    train = good_runs()
    train.times[7][5] = train.times[7][4]
    with Workspace(tmp_path / "ws", create=True) as workspace:
        keep(workspace, train, new_runs())
    text = page(Browser(tmp_path / "ws"), "/run", "?run=B-3")
    assert "outlier 1 of 3" in text and "Elapsed time" not in text and "% complete" in text


def test_the_band_is_that_of_the_channel_in_whatever_order_it_was_learned(tmp_path: Path) -> None:
    with Workspace(tmp_path / "ws", create=True) as workspace:
        keep(workspace, good_runs(), new_runs().select(["p", "T"]))
        run = look(Views(workspace), "B-0", "timestep")
        assert run.runs.channels == ("p", "T")
        assert run.band.mean.mean(axis=0) == pytest.approx([5, 20], abs=1)


def test_other_units_of_time_share_no_axis(tmp_path: Path) -> None:
    new = new_runs()
    new.time_unit = "min"
    with Workspace(tmp_path / "ws", create=True) as workspace:
        keep(workspace, good_runs(), new)
    assert "Elapsed time" not in page(Browser(tmp_path / "ws"), "/run", "?run=B-3")


@pytest.mark.parametrize(
    ("written", "read"), [("", None), (None, None), (2.5, 2.5), (-0.2, -0.2), ("1e3", 1000.0)]
)
def test_a_threshold_is_read_as_it_is_written(views: Views, written: Any, read: Any) -> None:
    assert read_threshold(see(views), written) == read


def test_the_kept_threshold_is_not_rounded_by_being_shown(views: Views) -> None:
    seen = see(views)
    views.workspace.review.set_threshold(seen.view.model, 1 / 3, origin="a third", who="anna")
    assert read_threshold(see(views), 0.333333) == 1 / 3
    assert read_threshold(see(views), 0.333334) == 0.333334


def test_what_is_no_number_is_no_threshold(views: Views) -> None:
    with pytest.raises(Refused, match="must be a number, got '-'"):
        read_threshold(see(views), "-")


@pytest.mark.parametrize(
    ("labels", "normal"),
    [
        (["ok", "ok", "bad"], "ok"),
        (["ok", "bad"], None),  # none leads
        (list(range(40)), None),  # no classes
        (["ok", "ok", *range(40)], None),
        (["good"] * 50 + list("abcdefgh"), "good"),  # many, but for the normal ones
        (["ok", "ok"], None),
    ],
)
def test_the_label_of_normal_runs_leads_among_few(labels: list[Any], normal: Any) -> None:
    assert _normal(Counter(labels)) == normal


def test_equal_scores_have_no_k() -> None:
    assert not Reference("x", "x", np.full(3, 0.1), None).can_scale
    assert Reference("x", "x", np.array([1.0, 1.1]), None).can_scale


def test_the_worst_run_without_a_verdict_is_the_next_to_review(browser: Browser) -> None:
    judge(browser, "fault")  # of B-3
    answer = browser.call(
        "runs-chart.figure", "runs-decided.data", runs_threshold__value=1.0, **AT_NEW
    )
    assert answer["response"]["run-next"]["href"].startswith("/run?scoring=2&run=B-7&k=")
    assert "operations" not in answer["response"]["runs-chart"]["figure"]  # bands may have moved


def test_an_error_inside_is_told_by_a_number_alone(
    browser: Browser, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(drawing, "scores", lambda *_: [].index("secret"))  # a ValueError
    values = {"runs_threshold__value": 2.0, **AT_NEW}
    answer = browser.call("runs-chart.figure", "runs-threshold.value", **values)
    told = re.search(r"error ([0-9a-f]{8})", notes(answer))
    assert told and "secret" not in notes(answer) and told[1] in caplog.text
    assert "error " in page(browser, "/")


def test_whoever_comes_from_elsewhere_writes_a_name(workspace: Workspace) -> None:
    layouts = [
        json.dumps(
            create_app(Settings(workspace.path, token=token)).layout().to_plotly_json(), default=str
        )
        for token in (None, "x" * 20)
    ]
    user = getpass.getuser()
    assert f"value='{user}'" in layouts[0] and f"value='{user}'" not in layouts[1]


def test_a_deleted_training_set_or_labels_hide_nothing_else(
    browser: Browser, workspace: Workspace
) -> None:
    train = workspace.path / "data_sets" / workspace.data_sets()[1].folder
    shutil.rmtree(train)
    text = page(browser, "/run", "?scoring=2&run=B-3")
    assert "run B-3: score " in text  # over the runs that are no outliers
    new = workspace.path / "data_sets" / workspace.data_sets()[0].folder
    (new / "runs.parquet").unlink()
    assert "3 of 20 runs are outliers" in page(Browser(workspace.path), "/")


def test_messages_of_damage_name_no_place_outside_the_workspace(
    browser: Browser, workspace: Workspace
) -> None:
    folder = workspace.path / "data_sets" / workspace.data_sets()[0].folder
    (folder / "values.parquet").write_bytes(b"x")
    text = page(browser, "/run", "?scoring=2&run=B-3")
    assert f"data_sets/{folder.name}/values.parquet" in text
    assert str(workspace.path) not in text


@pytest.mark.parametrize("value", ["1e308", "1e20", "-1e300"])
def test_no_threshold_closes_the_page_on_which_it_is_changed(browser: Browser, value: str) -> None:
    values = {"runs_keep__n_clicks": 1, "runs_threshold__value": value, "shell_who__value": "anna"}
    browser.call("runs-kept.children", "runs-keep.n_clicks", **values, **AT_NEW)
    assert "of 20 runs" in page(browser, "/") and len(page(browser, "/")) < 60_000


def test_datetimes_are_not_laid_over_numbers(tmp_path: Path) -> None:
    new, hour = new_runs(), np.timedelta64(1, "h")
    times = [np.datetime64("2026-01-01T00", "s") + np.arange(len(a)) * hour for a in new.arrays]
    dated = Runs(new.arrays, ids=new.ids, channels=new.channels, times=times)
    with Workspace(tmp_path / "ws", create=True) as workspace:
        keep(workspace, good_runs(), dated)
    assert "outlier 1 of 3" in page(Browser(tmp_path / "ws"), "/run", "?run=B-3")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"colId": "run", "value": "B-2"}, "run is not written by hand"),
        ({"colId": "who", "value": "eve"}, "who is not written by hand"),
        ({"colId": "comment", "value": [1]}, "comment must be text"),
        ({"colId": "comment", "value": "x" * 10_001}, "write 10,000 at most"),
        ({"colId": "verdict", "value": "great"}, "verdict must be one of"),
    ],
)
def test_what_no_grid_sends_changes_nothing(
    change: dict[str, Any], said: str, browser: Browser, workspace: Workspace
) -> None:
    data_set = workspace.data_sets()[0]
    workspace.review.judge(data_set, WORST, "fault", who="anna")
    sent = [{"data": {"run": WORST}, "timestamp": 1, **change}]
    values = {"runs_grid__cellValueChanged": sent, "shell_who__value": "eve", **AT_NEW}
    answer = browser.call("runs-decided.data", "runs-grid.cellValueChanged", **values)
    assert said in notes(answer)
    assert len(workspace.review.history(data_set, WORST)) == 1


def test_a_workspace_that_another_holds_is_told_to_be_busy(
    browser: Browser, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dashboard.app.PATIENCE", 0.1)
    hurried = Browser(workspace.path)
    with closing(sqlite3.connect(workspace.path / "workspace.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        said = notes(judge(hurried, "fault"))
    assert "cannot be used now" in said and str(workspace.path.parent) not in said
    assert "is kept" in notes(judge(hurried, "fault"))
