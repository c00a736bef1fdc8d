"""The population page without a browser: every number on it, and what its callbacks do."""

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from callbacks import Browser, page
from reviewing import ABNORMAL, good_runs, keep, new_runs

from dashboard.exploring import drawing, groups
from dashboard.exploring.correlations import changed_most, others
from dashboard.exploring.drawing import Drawn
from dashboard.exploring.groups import common_axes, error_shares, good, spread
from dashboard.exploring.learned import learned_scoring, left_out, training_lengths
from dashboard.exploring.summaries import starts, summary
from dashboard.seen import Seen
from dashboard.state import State
from dashboard.views import Views
from tsad_plugin import KSigma, PopulationBand, Runs
from tsad_plugin.figures import MOST_LINES
from tsad_plugin.population import population
from tsad_plugin.results import Scored
from tsad_plugin.workspace import Workspace

NAN = float("nan")
HERE = "?scoring=2"
NAMES = [f"B-{i}" for i in range(20)]


def see(views: Views, **url: Any) -> Seen:
    return Seen.of(views, State(**url))


def chosen(*runs: str) -> dict[str, Any]:
    """What the store of the selection holds."""
    return {"data_set": 2, "runs": list(runs)}


def resampled(run: Any) -> Any:
    """A run at 100 points from 0 to 100 %, channel by channel; of runs without gaps."""
    at = np.linspace(0, len(run) - 1, 100)
    return np.column_stack([np.interp(at, np.arange(len(run)), channel) for channel in run.T])


def fitted_otherwise(tmp_path: Path, train: Runs, new: Runs) -> Views:
    """Views of a workspace of other runs."""
    workspace = Workspace(tmp_path / "other", create=True)
    keep(workspace, train, new)
    return Views(workspace)


def response(answer: Any) -> Any:
    """What a callback changes; nothing where it leaves all as it is."""
    return (answer or {}).get("response", {})


# -- which runs --------------------------------------------------------------------------------


def test_good_runs_are_those_learned_from_or_those_that_are_chosen(views: Views) -> None:
    learned = good(see(views))
    assert (learned.data_set, len(learned)) == (1, 40)
    labelled = good(see(views, good="label:ok"))
    assert (labelled.data_set, len(labelled)) == (2, 17)
    np.testing.assert_array_equal(
        labelled.lengths,
        [len(a) for a, n in zip(new_runs().arrays, NAMES, strict=True) if n not in ABNORMAL],
    )


def test_runs_that_are_no_outliers_stand_in_for_lost_ones(workspace: Workspace) -> None:
    shutil.rmtree(workspace.path / "data_sets" / workspace.data_set(1).folder)
    seen = see(Views(workspace))
    stand_in = good(seen)
    assert (stand_in.data_set, len(stand_in)) == (2, 17)
    assert training_lengths(seen) is None


def test_channels_come_in_the_order_of_the_runs_that_are_looked_at(tmp_path: Path) -> None:
    train, new = good_runs(), new_runs()
    swapped = Runs(
        [array[:, ::-1] for array in train.arrays],
        ids=train.ids,
        channels=train.channels[::-1],
        units=train.units[::-1],
        times=train.times,
        time_unit="h",
    )
    learned = good(see(fitted_otherwise(tmp_path, swapped, new)))
    assert learned.order == (1, 0)
    means = [array.mean(axis=0) for array in train.arrays]  # as T, p
    np.testing.assert_allclose(learned.statistic("mean"), means, rtol=1e-6)
    np.testing.assert_allclose(learned.courses()[3], resampled(train.arrays[3]), atol=1e-4)
    np.testing.assert_allclose(learned.courses([1])[3, :, 0], learned.courses()[3, :, 1])


def test_channels_are_ordered_by_their_share_of_the_outliers_error(views: Views) -> None:
    seen = see(views)
    found = error_shares(seen)
    table = seen.view.table.set_index("run").loc[list(ABNORMAL)]
    sums = {c: sum(table["share"][table["channel"] == c]) for c in ("T", "p")}
    assert list(found) == ["T", "p"]
    for channel, share in found.items():
        assert share == pytest.approx(sums[channel] / sum(sums.values()))
    assert error_shares(see(views, k=1e6)) == {"T": 0, "p": 0}  # no outlier, and no division by 0


def test_channels_of_few_selected_runs_are_ordered_by_all_of_their_errors(views: Views) -> None:
    seen = see(views)
    runs = [seen.view.position("B-7"), seen.view.position("B-0")]
    shares = []
    for run in runs:
        found = views.workspace.read_timesteps(seen.view.scoring, run)
        assert found is not None
        shares.append(found.contributions.sum(axis=0) / found.contributions.sum())
    found = error_shares(seen, runs)
    assert list(found) == ["p", "T"]  # of all outliers T has more
    assert found["p"] == pytest.approx(np.mean(shares, axis=0)[1], rel=1e-5)


def test_of_many_selected_runs_the_errors_count_in_which_a_channel_leads(views: Views) -> None:
    seen = see(views, scoring=1)
    everyone = list(range(40))
    table = seen.view.table
    p = table["share"][table["channel"] == "p"].sum()
    assert error_shares(seen, everyone)["p"] == pytest.approx(p / table["share"].sum())


@pytest.mark.parametrize("hidden", ["train", "new", None])
def test_an_axis_is_offered_where_all_runs_and_the_good_ones_have_it(
    hidden: str | None, tmp_path: Path
) -> None:
    runs = {"train": good_runs(), "new": new_runs()}
    if hidden:
        bare = runs[hidden]
        runs[hidden] = Runs(
            list(bare.arrays), ids=bare.ids, channels=bare.channels, units=bare.units
        )
    axes = common_axes(see(fitted_otherwise(tmp_path, **runs)))
    assert sorted(axes) == sorted(["timestep", "percent"] + ([] if hidden else ["elapsed"]))


# -- the numbers --------------------------------------------------------------------------------


def test_spread_is_mean_and_deviation_of_what_was_measured() -> None:
    courses = np.random.default_rng(0).normal(size=(7, 4, 2)).astype(np.float32)
    courses[:, 0, 0] = NAN
    courses[1:, 1, 0] = NAN
    courses[2:, 2, 1] = NAN
    mean, std = spread(courses)
    for t in range(4):
        for c in range(2):
            known = [v for v in courses[:, t, c].astype(float) if not np.isnan(v)]
            expected = (np.mean(known), np.std(known, ddof=1)) if len(known) > 1 else (NAN, NAN)
            np.testing.assert_allclose((mean[t, c], std[t, c]), expected, rtol=1e-6)


def test_spread_adds_up_in_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    courses = np.random.default_rng(0).normal(1e4, 1, size=(50, 4, 2)).astype(np.float32)
    whole = spread(courses)
    monkeypatch.setattr(groups, "blocks", lambda n, _: (slice(i, i + 7) for i in range(0, n, 7)))
    for found, expected in zip(spread(courses), whole, strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-9)


@pytest.mark.parametrize(
    ("what", "title", "naive"),
    [
        ("mean", "mean of T (°C)", np.nanmean),
        ("std", "standard deviation of T (°C)", np.nanstd),
        ("minimum", "minimum of T (°C)", np.nanmin),
        ("maximum", "maximum of T (°C)", np.nanmax),
        ("missing", "missing share of T (%)", lambda v: 100 * np.isnan(v).mean()),
    ],
)
def test_a_summary_of_a_channel(what: str, title: str, naive: Any, views: Views) -> None:
    found = summary(see(views), what, "T")
    assert found.title == title and found.good is not None
    for values, runs in ((found.values, new_runs()), (found.good, good_runs())):
        expected = [naive(array[:, 0]) for array in runs.arrays]
        np.testing.assert_allclose(values, expected, rtol=1e-6, atol=1e-9)


def test_score_length_and_duration_of_runs(views: Views) -> None:
    seen, runs = see(views), new_runs()
    score, length, duration = (summary(seen, n, "T") for n in ("score", "length", "duration"))
    assert score.values.tolist() == seen.view.scores.tolist()
    assert score.good is not None and score.good.tolist() == seen.good.scores.tolist()
    assert length.values.tolist() == [len(array) for array in runs.arrays]
    assert duration.title == "duration (h)" and runs.times is not None
    np.testing.assert_allclose(duration.values, [t[-1] - t[0] for t in runs.times])
    assert duration.good is not None and len(duration.good) == 40
    assert summary(seen, "mean", "p").title == "mean of p"  # which has no unit


def test_runs_without_times_have_no_duration(tmp_path: Path) -> None:
    train, new = (
        Runs(list(r.arrays), ids=r.ids, channels=r.channels) for r in (good_runs(), new_runs())
    )
    found = summary(see(fitted_otherwise(tmp_path, train, new)), "duration", "T")
    assert np.isnan(found.values).all() and found.good is None


def with_dates(runs: Runs, days: Any) -> Runs:
    """The same runs, started on these days of a year."""
    hour = np.timedelta64(1, "h")
    times = [
        np.datetime64("2026-01-01T00:00") + np.timedelta64(int(day), "D") + np.arange(len(a)) * hour
        for day, a in zip(days, runs.arrays, strict=True)
    ]
    return Runs(list(runs.arrays), ids=runs.ids, channels=runs.channels, times=times)


def test_dates_order_the_runs_and_numbers_of_hours_do_not(views: Views, tmp_path: Path) -> None:
    assert starts(see(views)) is None  # times begin at 0 in each
    days = np.random.default_rng(0).permutation(20)
    new = with_dates(new_runs(), days)
    seen = see(fitted_otherwise(tmp_path, with_dates(good_runs(), range(40)), new))
    began = starts(seen)
    assert began is not None and (began == [times[0] for times in new.times or ()]).all()
    cells = drawing.missing(seen).data[0]
    assert list(cells.customdata[0]) == [NAMES[i] for i in np.argsort(days)]
    assert "calendar order" in drawing.missing(seen).layout.xaxis.title.text


# -- lengths -------------------------------------------------------------------------------------


def with_odd_one(runs: Runs) -> Runs:
    """The same with one run that is five times as long."""
    arrays = list(runs.arrays)
    arrays[4] = np.tile(arrays[4], (5, 1))
    return Runs(arrays, ids=runs.ids, channels=runs.channels)


def test_runs_left_out_of_training_are_named_with_links(tmp_path: Path) -> None:
    new = Runs(list(new_runs().arrays), ids=new_runs().ids, channels=("T", "p"))
    views = fitted_otherwise(tmp_path, with_odd_one(good_runs()), new)
    seen = see(views)
    learned = training_lengths(seen)
    assert learned is not None and learned.sigma == 2.0
    model = views.workspace.load_model(seen.view.model)
    assert learned.trained_on.tolist() == model.trained_on_.tolist()
    assert left_out(seen, learned) == model.left_out_ == ["G-4"]
    text = page(Browser(views.workspace.path), "/population", HERE)
    # The same numbers, wherever the page counts the runs that the model learned from.
    assert "The model learned from 39 of 40 runs and left out 1, as their length is " in text
    assert "over the 39 runs that the model learned from" in text
    assert "training runs (39 held-out scores)" in text
    assert "/run?scoring=1&run=G-4" in text  # where they were scored


def test_runs_left_out_of_training_are_no_part_of_its_band(tmp_path: Path) -> None:
    new = Runs(list(new_runs().arrays), ids=new_runs().ids, channels=("T", "p"))
    seen = see(fitted_otherwise(tmp_path, with_odd_one(good_runs()), new))
    band, usual = seen.population("timestep"), np.arange(40) != 4
    naive = population(with_odd_one(good_runs())[usual], "timestep")
    np.testing.assert_allclose(band.std, naive.std)
    assert band.n.max() == 39 and len(band.x) < len(with_odd_one(good_runs()).arrays[4])


def test_the_scoring_of_the_training_runs_is_found(workspace: Workspace) -> None:
    clf = PopulationBand(contamination=KSigma(3)).fit(good_runs())  # another model
    data_set = workspace.data_set(1)
    model = workspace.add_model(clf, data_set=data_set)
    workspace.add_scoring(Scored.of(clf, good_runs()), model, data_set)
    found = [learned_scoring(see(Views(workspace), scoring=scoring)) for scoring in (1, 2, 3)]
    assert [scoring and scoring.id for scoring in found] == [1, 1, 3]


def test_a_model_of_unknown_runs_says_so(workspace: Workspace) -> None:
    seen = see(Views(workspace))
    unknown = replace(seen.view, model=replace(seen.view.model, data_set_id=None))
    assert training_lengths(replace(seen, view=unknown)) is None
    figure = drawing.lengths(replace(seen, view=unknown))
    assert [a.text for a in figure.layout.annotations] == ["no training runs"]


def test_lengths_of_scored_runs_stand_beside_those_learned_from(views: Views) -> None:
    by_name = {t.name: t for t in drawing.lengths(see(views)).data}
    assert by_name["new runs (20)"].y.tolist() == [len(a) for a in new_runs().arrays]
    assert by_name["trained on (40)"].y.tolist() == [len(a) for a in good_runs().arrays]
    alone = drawing.lengths(see(views, scoring=1))
    assert [t.name for t in alone.data] == ["trained on (40)"]  # not twice


# -- correlations ----------------------------------------------------------------------------------


def naive_correlation(runs: list[Any]) -> Any:
    stacked = np.concatenate([resampled(run) for run in runs])
    return np.corrcoef(stacked.T)


def test_correlations_are_those_of_all_points_of_the_runs(views: Views) -> None:
    seen, runs = see(views), new_runs()
    np.testing.assert_allclose(
        good(seen).correlation(), naive_correlation(good_runs().arrays), atol=1e-4
    )
    outliers = others(seen, [])
    assert outliers is not None and outliers.name == "3 outliers"
    expected = naive_correlation([runs.arrays[runs.position(run)] for run in ABNORMAL])
    np.testing.assert_allclose(outliers.runs.correlation(), expected, atol=1e-4)
    selected = others(seen, [0, 1])
    assert selected is not None and selected.name == "2 selected runs"
    np.testing.assert_allclose(
        selected.runs.correlation(), naive_correlation(runs.arrays[:2]), atol=1e-4
    )
    assert others(see(views, k=1e6), []) is None


def test_the_pair_that_changed_most_is_found() -> None:
    rng = np.random.default_rng(0)
    for _ in range(20):
        a, b = (np.corrcoef(rng.normal(size=(4, 9))) for _ in range(2))
        a[0, 1] = a[1, 0] = NAN
        apart = {
            (i, j): abs(a[i, j] - b[i, j]) for i in range(4) for j in range(i + 1, 4) if i + j > 1
        }
        assert changed_most(a, b) == max(apart, key=lambda pair: apart[pair])
    assert changed_most(np.ones((2, 2)), np.ones((2, 2))) is None
    assert changed_most(np.full((2, 2), NAN), np.ones((2, 2))) is None
    assert changed_most(np.ones((1, 1)), np.ones((1, 1))) is None


def correlations(browser: Browser, stored: Any, here: str = HERE) -> Any:
    values = {"shell_selection__data": stored, "page_url__data": here}
    return browser.call("population-unusual.figure", **values)["response"]


def test_the_change_is_said_in_words(browser: Browser) -> None:
    said = correlations(browser, chosen("B-0", "B-1", "B-2"))
    usual = naive_correlation(good_runs().arrays)[0, 1]
    there = naive_correlation(new_runs().arrays[:3])[0, 1]
    text = f"{usual:.2f} in the good runs, {there:.2f} in the 3 selected runs."
    assert said["population-change"]["children"] == (
        f"T and p changed most: correlation {text}".replace("-0.", "−0.")
    )
    assert said["population-others"]["children"] == "3 selected runs"
    said = correlations(browser, None)
    assert said["population-others"]["children"] == "3 outliers"


@pytest.mark.parametrize(
    ("runs", "few"), [(["B-3"], "1 selected run"), (["B-3", "B-0"], "2 selected runs")]
)
def test_no_change_is_read_into_one_run_or_two(runs: list[str], few: str, browser: Browser) -> None:
    said = correlations(browser, chosen(*runs))
    assert said["population-change"]["children"].startswith(f"No pair is named for {few}: ")
    assert said["population-unusual"]["figure"]["data"]  # what they are is shown


def test_with_nothing_to_compare_the_page_says_so(browser: Browser) -> None:
    said = correlations(browser, None, "?scoring=2&k=1000000")
    assert "there is nothing to compare" in said["population-change"]["children"]
    annotations = said["population-unusual"]["figure"]["layout"]["annotations"]
    assert [a["text"] for a in annotations] == ["nothing to compare"]


# -- the page and its callbacks ------------------------------------------------------------------


def test_the_page_says_what_it_is_about(browser: Browser) -> None:
    text = page(browser, "/population", HERE)
    assert "new.csv: 20 runs of 2 channels, over the 40 runs that the model learned from" in text
    assert "The model learned from all 40 runs." in text
    assert "over 17 good runs" in page(browser, "/population", f"{HERE}&good=label:ok")
    assert "Select runs to lay them over the band." in text


def test_the_url_says_which_channels_and_which_run(browser: Browser) -> None:
    text = page(browser, "/population", f"{HERE}&channel=p&run=B-7")
    assert "<b>p</b>" in text and "<b>T (°C)</b>" not in text
    assert "run-0-0-lines" in text and "1 run over the band." in text
    assert "There is no run 'B-99'" in page(browser, "/population", f"{HERE}&run=B-99")


def draw(browser: Browser, stored: Any, *triggered: str, here: str = HERE, **changes: Any) -> Any:
    values = {
        "population_axis__value": "timestep",
        "population_channels__value": ["T"],
        "population_k__value": 3,
        "shell_selection__data": stored,
        "page_url__data": here,
        **changes,
    }
    return browser.call("population-bands.figure", *triggered, **values)


def traces(answer: Any) -> dict[str, Any]:
    return {t["uid"]: t for t in answer["response"]["population-bands"]["figure"]["data"]}


SELECTED = "shell-selection.data"


def test_selected_runs_are_laid_over_the_band(browser: Browser) -> None:
    answer = draw(browser, chosen("B-3", "B-5"), SELECTED, here=f"{HERE}&run=B-7")
    drawn = traces(answer)
    names = [drawn[f"run-{i}-0-lines"]["name"] for i in range(3)]
    assert names == ["B-7", "B-3", "B-5"]  # the run of the URL first
    assert drawn["run-1-0-lines"]["customdata"] == ["B-3"] * len(new_runs().arrays[3])
    assert answer["response"]["population-overlaid"]["children"] == "3 runs over the band."


def test_channels_follow_the_selection_until_somebody_chooses_some(browser: Browser) -> None:
    field, own = "population-channels", "population-own"
    answer = response(draw(browser, chosen("B-7"), SELECTED))
    assert answer[field]["value"] == answer[own]["data"] == ["p", "T"]
    labels = [one["label"] for one in answer[field]["data"]]
    assert labels[0].startswith("p (") and labels[1].startswith("T (")
    by_hand = draw(browser, chosen("B-7"), SELECTED, here=f"{HERE}&channel=T")
    assert "value" not in response(by_hand)[field] and own not in response(by_hand)
    assert "good-mean-1" not in traces(by_hand)  # T alone
    other_axis = draw(browser, chosen("B-7"), "population-axis.value")
    assert "value" not in response(other_axis)[field]


def values_of(array: Any) -> Any:
    """Numbers as plotly sends them."""
    import base64

    if isinstance(array, list):
        return np.array(array, dtype=float)
    return np.frombuffer(base64.b64decode(array["bdata"]), dtype=array["dtype"])


def test_the_band_is_that_of_the_good_runs(browser: Browser) -> None:
    drawn = traces(draw(browser, chosen("B-3"), SELECTED, population_k__value=2))
    first = [array[0, 0] for array in good_runs().arrays]
    mean, sigma = np.mean(first), np.std(first, ddof=1)
    assert values_of(drawn["good-mean-0"]["y"])[0] == pytest.approx(mean, rel=1e-6)
    assert values_of(drawn["good-upper-0"]["y"])[0] == pytest.approx(mean + 2 * sigma, rel=1e-6)
    line = values_of(drawn["run-0-0-lines"]["y"])
    np.testing.assert_allclose(line, new_runs().arrays[3][:, 0], rtol=1e-6)


def test_too_many_selected_runs_are_a_second_band(views: Views, browser: Browser) -> None:
    answer = draw(browser, chosen(*NAMES), SELECTED, here=f"{HERE}&run=B-7")
    assert len(NAMES) == MOST_LINES  # so all of them are lines
    assert "group-mean-0" not in traces(answer)
    seen = see(views, scoring=1)
    everyone = list(range(40))
    assert drawing.is_crowd(seen, everyone)
    figure = drawing.bands(seen, Drawn("timestep", ["p"]), everyone)
    drawn = {t.uid: t for t in figure.data}
    courses = np.stack([resampled(array)[:, 1] for array in good_runs().arrays])
    np.testing.assert_allclose(drawn["group-mean-0"].y, courses.mean(axis=0), rtol=1e-5)
    upper = courses.mean(axis=0) + courses.std(axis=0, ddof=1)
    np.testing.assert_allclose(drawn["group-upper-0"].y, upper, rtol=1e-5)
    assert drawn["group-upper-0"].name == "40 selected runs, mean ± σ"
    assert figure.layout.xaxis.title.text == "% complete"  # whatever the axis is


def test_a_crowd_is_said_in_words(browser: Browser) -> None:
    everyone = {"data_set": 1, "runs": [f"G-{i}" for i in range(40)]}
    answer = draw(browser, everyone, SELECTED, here="?scoring=1")
    text = answer["response"]["population-overlaid"]["children"]
    assert text == "40 runs are selected, too many to tell apart: their mean ± σ over % complete."


def test_what_the_page_came_with_is_not_drawn_again(browser: Browser) -> None:
    assert not response(draw(browser, None))  # when it mounts
    assert not response(draw(browser, {"data_set": 1, "runs": ["G-1"]}))  # of other data
    assert response(draw(browser, chosen("B-3")))
    assert response(draw(browser, None, SELECTED))  # what was cleared goes away


def test_another_k_moves_the_band_alone(browser: Browser) -> None:
    values = {
        "population_k__value": 1,
        "population_axis__value": "timestep",
        "population_channels__value": ["p", "T"],
        "shell_selection__data": chosen("B-3"),
        "page_url__data": HERE,
    }
    answer = browser.call("population-bands.figure", "population-k.value", **values)
    changes = answer["response"]["population-bands"]["figure"]["operations"]
    moved = {tuple(c["location"]): c["params"]["value"] for c in changes}
    uids = {place[1]: trace["uid"] for place, trace in moved.items()}
    drawn = draw(browser, chosen("B-3"), SELECTED, population_channels__value=["p", "T"])
    figure = drawn["response"]["population-bands"]["figure"]["data"]
    assert set(uids.values()) == {f"good-{part}-{c}" for part in ("lower", "upper") for c in (0, 1)}
    assert {place: figure[place]["uid"] for place in uids} == uids
    first = [array[0, 1] for array in good_runs().arrays]
    (upper,) = (trace for trace in moved.values() if trace["uid"] == "good-upper-0")
    expected = np.mean(first) + np.std(first, ddof=1)
    assert values_of(upper["y"])[0] == pytest.approx(expected, rel=1e-6)
    assert upper["name"] == "good runs, mean ± 1σ"


def numbers(browser: Browser, what: str, stored: Any = None) -> Any:
    values = {
        "population_what__value": what,
        "population_of__value": "p",
        "shell_selection__data": stored,
        "page_url__data": HERE,
    }
    return browser.call("population-numbers.figure", **values)["response"]


def test_a_number_of_each_run_is_drawn_with_the_selected_ringed(browser: Browser) -> None:
    answer = numbers(browser, "maximum", chosen("B-7", "B-1"))
    drawn = {t["uid"]: t for t in answer["population-numbers"]["figure"]["data"]}
    assert set(drawn["outlier"]["customdata"]) == set(ABNORMAL)
    assert drawn["selected"]["customdata"] == ["B-1", "B-7"]
    expected = [
        a[:, 1].max() for a, n in zip(new_runs().arrays, NAMES, strict=True) if n not in ABNORMAL
    ]
    np.testing.assert_allclose(values_of(drawn["normal"]["y"]), expected, rtol=1e-6)
    assert answer["population-of"]["disabled"] is False
    assert numbers(browser, "score")["population-of"]["disabled"] is True


def test_scores_that_need_it_have_a_logarithmic_axis(browser: Browser) -> None:
    for what, kind in (("score", "log"), ("length", "linear")):
        figure = numbers(browser, what)["population-numbers"]["figure"]
        assert figure["layout"]["yaxis"]["type"] == kind


def lasso(browser: Browser, data: Any, what: str = "score") -> Any:
    answer = browser.call(
        "shell-selection.data",
        "population-numbers.selectedData",
        population_numbers__selectedData=data,
        population_what__value=what,
        population_of__value="p",
        page_url__data=HERE,
    )
    return response(answer).get("shell-selection", {}).get("data")


def test_a_lasso_selects_and_nothing_else_clears(browser: Browser) -> None:
    box = {"points": [], "range": {"x": [2.5, 4.5], "y": [0, 1e9]}}
    assert lasso(browser, box) == chosen("B-2", "B-3")
    nobody = {"points": [], "range": {"x": [-2, 0], "y": [0, 1e9]}}
    assert [lasso(browser, one) for one in (None, {"points": []}, nobody)] == [None] * 3


def test_a_lasso_selects_runs_that_are_not_drawn_too(browser: Browser, views: Views) -> None:
    box = {"points": [], "range": {"x": [2.5, 6.5], "y": [0.1, 1e3]}}
    assert lasso(browser, box) == chosen("B-2", "B-3", "B-4", "B-5")
    seen = see(views)
    low = np.sort(seen.view.scores)[-3] - 1e-6  # below the three outliers
    corners = {"x": [0, 30, 30, 0], "y": [low, low, 1e6, 1e6]}
    found = lasso(browser, {"points": [], "lassoPoints": corners})
    assert set(found["runs"]) == set(ABNORMAL)


@pytest.mark.parametrize("figure", ["bands", "numbers", "missing"])
def test_a_click_on_a_run_opens_it(figure: str, browser: Browser) -> None:
    for point, href in (
        ({"customdata": "B-7"}, "/run?scoring=2&run=B-7"),
        ({"x": 3}, None),  # on the band
    ):
        answer = browser.call(
            "url.href",
            f"population-{figure}.clickData",
            **{f"population_{figure}__clickData": {"points": [point]}, "page_url__data": HERE},
        )
        assert response(answer).get("url", {}).get("href") == href


@pytest.mark.parametrize("name", ["lengths", "missing", "usual"])
def test_the_other_figures_are_drawn_when_the_page_mounts(name: str, browser: Browser) -> None:
    answer = browser.call(f"population-{name}.figure", page_url__data=HERE)["response"]
    drawn = answer[f"population-{name}"]
    assert drawn["figure"]["data"] and drawn["style"]["height"].endswith("px")


def test_missing_values_are_shown_where_they_are(views: Views) -> None:
    (cells,) = drawing.missing(see(views)).data
    total = sum(len(array) for array in new_runs().arrays)
    assert cells.y == (f"T {100 * 3 / total:.1f} %", "p 0.0 %")
    worst = np.unravel_index(np.argmax(cells.z), cells.z.shape)
    assert cells.customdata[worst[0]][worst[1]] == "B-5"
    assert cells.z.max() == pytest.approx(100 * 3 / len(new_runs().arrays[5]))
    assert not drawing.missing(see(views, scoring=1)).data


def test_other_good_runs_are_another_url(browser: Browser) -> None:
    for key, search in (("label:ok", "?scoring=2&good=label%3Aok"), ("held-out", None)):
        answer = browser.call(
            "url.search",
            "population-good.value",
            population_good__value=key,
            page_url__data=HERE,
        )
        assert response(answer).get("url", {}).get("search") == search
