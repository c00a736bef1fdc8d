"""Two runs side by side, and two models on the same runs."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from callbacks import Browser, page
from dashboards import Visitor, violations, visiting
from reviewing import ABNORMAL, good_runs, new_runs
from scipy.stats import spearmanr

from dashboard.answers import Refused
from dashboard.comparing import side_by_side
from dashboard.comparing.agreement import Agreement, best_rival, rivals
from dashboard.comparing.facts import Fact, facts
from dashboard.comparing.side_by_side import looked_at, sides
from dashboard.comparing.two_runs import two_runs, typical
from dashboard.seen import Seen
from dashboard.selection import STORE
from dashboard.state import State
from dashboard.views import Views
from tsad_plugin import Runs
from tsad_plugin.results import Scored
from tsad_plugin.workspace import Workspace

OTHER, SOME, SECOND = 3, 4, "?scoring=2&with_scoring=3"


@pytest.fixture
def workspace(compared: Path, tmp_path: Path) -> Iterator[Workspace]:
    """A workspace of the test's own."""
    with Workspace(shutil.copytree(compared, tmp_path / "ws")) as copied:
        yield copied


def see(views: Views, scoring: int = 2, **url: Any) -> Seen:
    return Seen.of(views, State(scoring, **url))


def agreement(views: Views, first: int = 2, second: int = OTHER, **url: Any) -> Agreement:
    return Agreement.of(see(views, first, **url), see(views, second, **url))


# -- two models ------------------------------------------------------------------------------------


def naive_groups(found: Agreement) -> dict[str, set[str]]:
    """Who calls which run an outlier, run by run."""
    groups: dict[str, set[str]] = {
        "both": set(),
        "only A": set(),
        "only B": set(),
        "neither": set(),
    }
    for run in found.names:
        is_outlier = [
            seen.view.is_outlier(seen.view.position(run), seen.threshold)
            for seen in (found.first, found.second)
        ]
        key = {(1, 1): "both", (1, 0): "only A", (0, 1): "only B", (0, 0): "neither"}
        groups[key[is_outlier[0], is_outlier[1]]].add(run)
    return groups


@pytest.mark.parametrize("k", [None, 0.5])
def test_runs_are_counted_by_who_calls_them_outliers(views: Views, k: float | None) -> None:
    found = agreement(views, k=k)
    groups = naive_groups(found)
    counts = ", ".join(f"{who}: {len(runs)}" for who, runs in groups.items())
    rho = spearmanr(*found.scores).statistic
    assert found.said == f"{counts}; rank correlation ρ = {rho:.2f} (Spearman)"
    assert sum(map(len, groups.values())) == 20 and len(groups["both"]) >= 2


def test_runs_of_two_data_sets_are_matched_by_name(views: Views) -> None:
    found = agreement(views, SOME, 2)
    assert found.names.tolist() == ["B-11", "B-4", "B-3"]
    for seen, scores in zip((found.first, found.second), found.scores, strict=True):
        expected = [seen.view.scores[seen.view.position(run)] for run in found.names]
        assert scores.tolist() == expected
    backwards = agreement(views, 2, SOME)
    assert backwards.names.tolist() == ["B-3", "B-4", "B-11"]
    assert backwards.ranks[1].tolist() == [1, 3, 2]


def test_ties_and_constants_have_a_correlation_as_statistics_has_it(views: Views) -> None:
    found = agreement(views)
    for first, second in (([1, 2, 2, 5], [3, 1, 1, 4]), ([1, 1, 2], [2, 1, 1])):
        found.__dict__.pop("correlation", None)
        found.__dict__["scores"] = (np.array(first, float), np.array(second, float))
        assert found.correlation == pytest.approx(spearmanr(first, second).statistic)
    for scores in ([1.0, 1.0], [1.0]):
        found.__dict__.pop("correlation")
        found.__dict__["scores"] = (np.array(scores), np.array(scores))
        assert np.isnan(found.correlation) and "ρ" not in found.said


def test_disagreements_are_those_of_one_model_alone_the_farthest_apart_first(views: Views) -> None:
    found = agreement(views, k=0.5)
    groups = naive_groups(found)
    listed = found.disagreements(50)
    assert {found.names[i] for i in listed} == groups["only A"] | groups["only B"] != set()
    order = [sorted(-s)[: len(s)] for s in found.scores]
    apart = [
        abs(order[0].index(-found.scores[0][i]) - order[1].index(-found.scores[1][i]))
        for i in listed
    ]
    assert apart == sorted(apart, reverse=True)
    assert found.disagreements(2).tolist() == listed[:2].tolist()


def test_what_is_known_of_either_data_set_measures_both_models(views: Views) -> None:
    found = agreement(views, 2, SOME)
    assert found.known.tolist() == [1, 0, 1]  # by the labels of the first
    assert agreement(views, SOME, 2).known.tolist() == [1, 0, 1]
    see(views).judge({"run": "B-3", "verdict": "no fault"}, "anna")
    found = agreement(views)
    assert found.known[3] == 0
    assert found.performances[0] == "precision 67% (2 of 3), recall 100% (2 of 2)"


def test_rivals_are_scorings_of_the_same_runs_those_of_the_data_set_first(views: Views) -> None:
    found = [(rival.scoring.id, rival.n_shared) for rival in rivals(see(views))]
    assert found == [(OTHER, 20), (SOME, 3)]  # and not those of the training runs
    assert best_rival(see(views)) == OTHER
    assert [r.scoring.id for r in rivals(see(views, SOME))] == [OTHER, 2]
    assert best_rival(see(views, SOME)) == 2  # of another model
    assert best_rival(see(views, 1)) is None


def test_data_sets_share_runs_of_the_same_name_whatever_these_hold(workspace: Workspace) -> None:
    new = next(d for d in workspace.data_sets() if d.name == "new.csv")
    other = workspace.add_runs(Runs([np.ones((5, 1))] * 2, ids=["B-1", "x"]), "other.csv")
    some = next(d for d in workspace.data_sets() if d.name == "some.csv")
    assert workspace.shared_runs(new) == {some.id: 3, other.id: 1}
    assert workspace.shared_runs(other) == {new.id: 1}


def test_a_scoring_is_not_compared_with_itself(views: Views) -> None:
    with pytest.raises(Refused, match="agrees with itself"):
        side_by_side.rival_of(see(views, rival=2))


# -- two runs --------------------------------------------------------------------------------------


def test_a_typical_run_has_the_median_score_of_the_good_ones(views: Views) -> None:
    seen = see(views)
    good = sorted((s, n) for n, s in zip(seen.view.names, seen.view.scores, strict=True))
    good = [(s, n) for s, n in good if n not in ABNORMAL]
    assert seen.view.names[typical(seen, 3)] == good[len(good) // 2][1]
    middle = typical(seen, 3)
    assert typical(seen, middle) != middle
    seen.judge({"run": seen.view.names[middle], "verdict": "fault"}, "anna")
    assert typical(see(views), 3) != middle


def test_where_all_are_outliers_any_other_run_stands_in(views: Views) -> None:
    assert typical(see(views, k=-100.0), 0) != 0


def test_what_a_url_does_not_say_is_the_worst_run_and_a_typical_one(views: Views) -> None:
    names = see(views).view.names
    first, second, why = two_runs(see(views))
    assert names[first] == "B-3" and names[second] not in ABNORMAL
    assert why == (
        "A is the most abnormal run, B is a typical one: its score is the median of those that are "
        "no outliers"
    )
    first, second, why = two_runs(see(views, run="B-7"))
    assert names[first] == "B-7" and why.startswith("B is a typical one")
    first, second, why = two_runs(see(views, other="B-3"))
    assert (names[second], names[first]) == ("B-3", names[see(views).view.ranked[1]])
    assert why == "A is the most abnormal run but B"
    assert two_runs(see(views, run="B-1", other="B-2")) == (1, 2, "")


def test_a_run_alone_is_compared_with_none(workspace: Workspace) -> None:
    band = workspace.load_model(workspace.models()[0])
    one = good_runs()[[0]]
    data_set = workspace.add_runs(one, "one.csv")
    scoring = workspace.add_scoring(Scored.of(band, one), workspace.models()[0], data_set)
    with pytest.raises(Refused, match=r"one\.csv has one run alone"):
        two_runs(see(Views(workspace), scoring.id))


def by_name(found: list[Fact]) -> dict[str, tuple[str, ...]]:
    return {fact.name: tuple(fact[1:]) for fact in found}


def test_facts_of_two_runs_stand_side_by_side_with_their_difference(views: Views) -> None:
    see(views).judge({"run": "B-3", "verdict": "fault"}, "anna")
    first, second = sides(see(views, run="B-3", other="B-7"))
    found = by_name(facts(first, second))
    assert found["rank"][:2] == ("1 of 20", f"{second.view.ranks[7]} of 20")
    assert found["rank"][2] == f"−{second.view.ranks[7] - 1}"
    assert found["score"][2].startswith("+") and found["× threshold"][2].startswith("+")
    assert found["worst stretch"][2] == "overlap"
    assert found["leading channels"][0].startswith("T ")
    assert found["leading channels"][2] == "another leads"
    a, b = (len(new_runs().arrays[i]) for i in (3, 7))
    assert found["length"][0] == f"{a} timesteps"
    assert found["length"][2] == (f"{'+' if a > b else '−'}{abs(a - b)}" if a != b else "0")
    assert found["verdict"] == ("fault", "–", "")
    assert found["label"] == ("bad", "bad", "the same")


def test_scores_of_two_models_have_no_difference(views: Views) -> None:
    first, second = sides(see(views, rival=OTHER, run="B-3"))
    found = by_name(facts(first, second))
    assert found["score"][2] == "" and found["× threshold"][2] != ""
    assert found["length"][2] == "0" and found["leading channels"][2] == "the same leads"


def test_stretches_that_do_not_meet_have_an_order(views: Views) -> None:
    first, second = sides(see(views, run="B-3", other="B-7"))
    table = second.view.table
    table.loc[7, ["start", "end"]] = (25, 28)
    assert by_name(facts(first, second))["worst stretch"][2] == "A is earlier"
    assert by_name(facts(second, first))["worst stretch"][2] == "B is earlier"


def test_channels_go_by_the_larger_of_their_shares(views: Views) -> None:
    both = looked_at(*sides(see(views, run="B-3", other="B-7")), "timestep")
    larger = {c: max(both.first.shares[c], both.second.shares[c]) for c in ("T", "p")}
    assert both.shares == larger and list(both.shares) == sorted(larger, key=lambda c: -larger[c])


def test_two_runs_have_the_same_axes_and_one_scale_of_colours(views: Views) -> None:
    both = looked_at(*sides(see(views, run="B-3", other="B-1")), "elapsed")
    first, second = both.courses(["T", "p"])
    for axis in ("xaxis", "yaxis", "yaxis2"):
        assert first.layout[axis].range == second.layout[axis].range is not None
    maps = both.maps()
    top = max(np.nanmax(run.contributions) for run in (both.first, both.second))
    assert [m.data[0].zmax for m in maps] == pytest.approx([top, top])
    assert maps[0].data[0].y == maps[1].data[0].y == tuple(both.shares)


def test_two_models_have_scales_of_their_own(views: Views) -> None:
    both = looked_at(*sides(see(views, rival=OTHER, run="B-3")), "elapsed")
    first, second = (m.data[0] for m in both.maps())
    assert first.zmax == pytest.approx(np.nanmax(both.first.contributions))
    assert second.zmax == pytest.approx(np.nanmax(both.second.contributions)) != first.zmax
    assert first.y == second.y


# -- the page, as the browser calls it -------------------------------------------------------------


def test_the_page_begins_with_the_worst_run_and_says_why(browser: Browser) -> None:
    text = page(browser, "/compare", "?scoring=2")
    assert "Runs B-3 and B-" in text and "A is the most abnormal run" in text
    assert "/compare?scoring=2&with_scoring=3" in text  # two models
    assert '"measured"' in text  # the first figures are there


def test_chosen_runs_are_compared_without_an_excuse(browser: Browser) -> None:
    text = page(browser, "/compare", "?scoring=2&run=B-1&with=B-2&channel=p")
    assert "Runs B-1 and B-2 side by side" in text and "typical" not in text
    assert "/compare?scoring=2&run=B-2&channel=p&with=B-1" in text  # swapped
    assert "<b>p</b>" in text and "<b>T (°C)</b>" not in text


def test_without_other_scores_of_the_runs_there_is_no_way_to_two_models(browser: Browser) -> None:
    text = page(browser, "/compare", "?scoring=1")
    assert "score them by another model" in text and "with_scoring" not in text


def test_two_models_are_compared_in_words_and_by_the_runs_they_disagree_on(
    browser: Browser, views: Views
) -> None:
    text = page(browser, "/compare", f"{SECOND}&k=0.5")
    found = agreement(views, k=0.5)
    assert "20 runs by PCAReconstruction (A) and PopulationBand (B)" in text
    assert found.said in text and all(said in text for said in found.performances)
    for i in found.disagreements(50):
        assert f"/compare?scoring=2&run={found.names[i]}&k=0.5&with_scoring=3" in text
    assert "Click a run above" in text


def test_a_run_is_shown_by_both_models_where_both_have_it(browser: Browser) -> None:
    text = page(browser, "/compare", f"{SECOND}&run=B-3")
    assert "Run B-3 by both models" in text and "compare-courses-b" in text
    text = page(browser, "/compare", f"?scoring=2&with_scoring={SOME}&run=B-5")
    assert "Run B-5 is not in both data sets." in text and "compare-courses-b" not in text
    assert "3 runs by" in text


@pytest.mark.parametrize(
    ("search", "said"),
    [
        ("?scoring=2&with_scoring=99", "99"),
        ("?scoring=2&with_scoring=2", "A scoring always agrees with itself"),
        ("?scoring=2&run=B-1&with=B-99", "There is no run 'B-99' in new.csv"),
    ],
)
def test_what_cannot_be_compared_is_said(browser: Browser, search: str, said: str) -> None:
    text = page(browser, "/compare", search)
    assert "This cannot be shown" in text and said in text


def test_other_scores_without_a_run_in_common_are_an_empty_figure(browser: Browser) -> None:
    text = page(browser, "/compare", "?scoring=2&with_scoring=1")
    assert "no runs in common" in text and "0 runs by" in text


def ask(browser: Browser, output: str, *triggered: str, here: str, **values: Any) -> Any:
    answer = browser.call(output, *triggered, page_url__data=here, **values)
    return None if answer is None else answer["response"]


def test_a_choice_goes_to_its_url(browser: Browser) -> None:
    here = "?scoring=2&run=B-3&with=B-1"
    chosen = {"compare_a__value": "B-3", "compare_b__value": "B-7"}
    found = ask(browser, "url.search", "compare-b.value", here=here, **chosen)
    assert found["url"]["search"] == "?scoring=2&run=B-3&with=B-7"
    chosen["compare_b__value"] = "B-1"  # as it is
    assert ask(browser, "url.search", "compare-b.value", here=here, **chosen) == {}
    rival = {"compare_rival__value": str(SOME)}
    found = ask(browser, "url.search", "compare-rival.value", here=SECOND, **rival)
    assert found["url"]["search"] == f"?scoring=2&with_scoring={SOME}"
    rival["compare_rival__value"] = str(OTHER)
    assert ask(browser, "url.search", "compare-rival.value", here=SECOND, **rival) == {}


def test_courses_of_two_runs_are_drawn_anew_on_another_axis_alone(browser: Browser) -> None:
    values = {"compare_axis__value": "percent", "compare_channels__value": ["T"]}
    here = "?scoring=2&run=B-3&with=B-1"
    output = "compare-courses-a.figure"
    assert ask(browser, output, here=here, **values) == {}  # they came with the page
    found = ask(browser, output, "compare-axis.value", here=here, **values)
    drawn = found["compare-courses-b"]["figure"]
    assert drawn["layout"]["xaxis2"]["title"]["text"] == "% complete"
    assert found["compare-courses-a"]["style"]["height"] == f"{drawn['layout']['height']}px"


def test_courses_by_two_models_and_maps_follow_the_page(browser: Browser) -> None:
    values = {"compare_axis__value": "timestep", "compare_channels__value": []}
    found = ask(browser, "compare-courses-a.figure", here=f"{SECOND}&run=B-3", **values)
    assert {"compare-courses-a", "compare-courses-b"} <= set(found)
    found = ask(browser, "compare-map-a.figure", here="?scoring=2&run=B-3", **values)
    assert found["compare-map-b"]["figure"]["data"][0]["type"] == "heatmap"


def test_what_is_drawn_around_is_selected_and_ringed(browser: Browser, views: Views) -> None:
    output = f"{STORE}.data"
    scores = [s[[3, 7]] for s in agreement(views).scores]
    ends = [[float(s.min()), float(s.max())] for s in scores]
    lasso = {"points": [], "range": dict(zip("xy", ends, strict=True))}
    inside = [
        run
        for run, *at in zip(agreement(views).names, *agreement(views).scores, strict=True)
        if all(low <= value <= high for value, (low, high) in zip(at, ends, strict=True))
    ]
    assert {"B-3", "B-7"} <= set(inside) != set(agreement(views).names)
    given = {"compare_scatter__selectedData": lasso}
    found = ask(browser, output, "compare-scatter.selectedData", here=SECOND, **given)
    stored = found[STORE]["data"]
    assert stored == {"data_set": see(views).view.data_set.id, "runs": inside}
    given["compare_scatter__selectedData"] = None  # the page has just been drawn
    assert ask(browser, output, "compare-scatter.selectedData", here=SECOND, **given) == {}

    kept = {"shell_selection__data": stored}
    found = ask(browser, "compare-scatter.figure", f"{STORE}.data", here=SECOND, **kept)
    laid = found["compare-scatter"]["figure"]["operations"]
    (rings,) = [v for c in laid if (v := c["params"].get("value")) and "uid" in v]
    assert rings["uid"] == "selected" and rings["customdata"] == inside
    found = ask(browser, "compare-scatter.figure", "shell-scheme.data", here=SECOND, **kept)
    assert found["compare-scatter"]["figure"]["data"][4]["customdata"] == ["B-3", "B-7"]


def test_a_click_shows_the_run_by_both(browser: Browser) -> None:
    clicked = {"compare_scatter__clickData": {"points": [{"customdata": "B-7"}]}}
    found = ask(browser, "url.search", "compare-scatter.clickData", here=SECOND, **clicked)
    assert found["url"]["search"] == "?scoring=2&run=B-7&with_scoring=3"


def test_a_detector_of_whole_runs_has_no_map(workspace: Workspace) -> None:
    new = next(d for d in workspace.data_sets() if d.name == "new.csv")
    workspace.add_scores(new, np.arange(20.0), detector="KNN", labels=np.arange(20) > 17)
    text = page(Browser(workspace.path), "/compare", "?run=B-1&with=B-2")
    assert "there is no map of errors" in text and "compare-map-a" not in text
    assert json.loads(text)


# -- in a browser ---------------------------------------------------------------------------------


@pytest.fixture
def visitor(chromium: Any, workspace: Workspace) -> Iterator[Visitor]:
    with visiting(chromium, workspace.path) as somebody:
        yield somebody


@pytest.mark.browser
@pytest.mark.parametrize("search", ["?scoring=2", f"{SECOND}&run=B-3"])
def test_both_sides_are_whole_at_every_width(visitor: Visitor, search: str) -> None:
    page = visitor.open(f"compare{search}")
    page.wait_for_selector("#compare-map-b .heatmaplayer image")
    assert visitor.layout_faults() == []
    assert violations(page) == []


@pytest.mark.browser
def test_runs_are_drawn_around_then_one_is_clicked(visitor: Visitor) -> None:
    page = visitor.open(f"compare{SECOND}")
    box = page.locator("#compare-scatter .nsewdrag").first.bounding_box()
    left, bottom = box["x"], box["y"] + box["height"]
    page.mouse.move(left + 2, bottom - 200)
    page.mouse.down()
    for x, y in ((2, 2), (100, 2), (100, 200), (2, 200)):
        page.mouse.move(left + x, bottom - y, steps=4)
    page.mouse.up()
    visitor.expect("#shell-selected", "17 runs selected: B-0, B-1, B-2, …")
    visitor.expect_count("#compare-scatter .scatterlayer .trace:last-child .point", 17)
    visitor.point_at("#compare-scatter .scatterlayer .trace:nth-child(2) .point", click=True)
    visitor.expect("#page", "by both models")
    page.wait_for_url("**run=B-*")
