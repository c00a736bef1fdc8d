"""The latent page without a browser: where runs lie, which are alike, what its callbacks do."""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from callbacks import Browser, page
from reviewing import ABNORMAL, detector, good_runs, new_runs, recipe

from dashboard.components.nearest import neighbours_line
from dashboard.exploring import nearness
from dashboard.exploring.learned import learned_scoring
from dashboard.exploring.space import CODES, COURSES, Scale, Space, sources, space
from dashboard.pages import latent
from dashboard.pages.latent import MOST_OFFERED, offered
from dashboard.seen import Seen
from dashboard.state import State
from dashboard.views import Views
from tsad_plugin import Runs
from tsad_plugin.workspace import Workspace

NAN = float("nan")
HERE = "?scoring=2"
NAMES = [f"B-{i}" for i in range(20)]
ON_MAP = {"latent_source__value": CODES, "latent_x__value": "0", "latent_y__value": "1"}


def see(views: Views, **url: Any) -> Seen:
    return Seen.of(views, State(**{"scoring": 2, **url}))


def chosen(*runs: str) -> dict[str, Any]:
    """What the store of the selection holds."""
    return {"data_set": 2, "runs": list(runs)}


def by_svd(points: Any, known: Any, n_axes: int = 4) -> tuple[Any, Any]:
    """Places on the principal axes, and the shares of these."""
    mean = known.mean(axis=0)
    _, sizes, axes = np.linalg.svd(known - mean, full_matrices=False)
    return (points - mean) @ axes[:n_axes].T, (sizes**2 / (sizes**2).sum())[:n_axes]


def same_map(found: Any, expected: Any) -> None:
    """Axes point either way."""
    assert found.shape == expected.shape
    np.testing.assert_allclose(np.abs(found), np.abs(expected), rtol=1e-3, atol=1e-3)


# -- points and axes -------------------------------------------------------------------------------


def naive_points(runs: Any, known: Any, least: float) -> Any:
    """Values in standard deviations of their channel, gaps filled by the mean course."""
    n, t, c = runs.shape
    spreads = [known[:, :, k][~np.isnan(known[:, :, k])].std() for k in range(c)]
    found = np.zeros(runs.shape)
    for i in range(n):
        for j in range(t):
            for k in range(c):
                values = known[:, :, k][~np.isnan(known[:, :, k])]
                there = known[:, j, k][~np.isnan(known[:, j, k])]
                value = runs[i, j, k]
                if np.isnan(value):
                    value = there.mean() if len(there) else values.mean()
                found[i, j, k] = (value - values.mean()) / max(spreads[k], least * max(spreads))
    return found.reshape(n, t * c)


@pytest.mark.parametrize("least", [0.0, 0.5])
def test_points_are_in_standard_deviations_and_gaps_follow_the_mean_course(least: float) -> None:
    rng = np.random.default_rng(0)
    known, runs = ((rng.normal(3, [1, 2, 0.1], size=(n, 5, 3))).astype(np.float32) for n in (12, 7))
    for values in (known, runs):
        values[rng.random(values.shape) < 0.2] = NAN
    known[:, 2, 1] = NAN  # where no run has a value
    found = Scale.of(known, least).points(runs)
    np.testing.assert_allclose(found, naive_points(runs, known, least), rtol=1e-4, atol=1e-4)


def test_points_are_finite_whatever_a_run_holds() -> None:
    known = np.zeros((4, 3, 2), np.float32)
    known[:, :, 1] = NAN  # never measured
    runs = np.full((3, 3, 2), NAN, np.float32)
    runs[0, 0], runs[1, 1] = np.inf, -3e38
    with np.errstate(over="raise", invalid="raise"):
        points = Scale.of(known).points(runs)
    assert np.isfinite(points).all() and np.abs(points).max() == 1e4


@pytest.mark.parametrize("shape", [(40, 6), (30, 90), (5, 3), (3, 7)])
def test_places_are_those_of_a_singular_value_decomposition(shape: tuple[int, int]) -> None:
    rng = np.random.default_rng(0)
    known = (rng.normal(size=shape) * np.linspace(3, 1, shape[1])).astype(np.float32)
    points = rng.normal(size=(9, shape[1])).astype(np.float32)
    found, n = Space.of(points, known, known), min(4, *shape)
    places, shares = by_svd(points, known, n)
    if len(known) > 3:  # of three runs no third axis is known
        same_map(found.places, places)
        same_map(found.training, by_svd(known, known, n)[0])
    np.testing.assert_allclose(found.shares, shares, atol=1e-5)


def test_runs_that_are_all_alike_lie_in_one_place() -> None:
    same = np.ones((6, 3), np.float32)
    found = Space.of(same, same)
    assert found.shares.tolist() == [0, 0, 0] and np.ptp(found.places) == 0


def test_two_runs_make_no_map() -> None:
    two = np.array([[0, 1], [1, 0]], np.float32)
    found = Space.of(two, two)
    assert found.places.shape == (2, 0) and found.nearest(0)[0] == [1]


def test_the_nearest_runs_are_those_with_the_smallest_distances() -> None:
    points = np.random.default_rng(0).normal(size=(30, 5)).astype(np.float32)
    found = Space.of(points, points)
    for run in (0, 17):
        far = {i: float(np.sqrt(((p - points[run]) ** 2).sum())) for i, p in enumerate(points)}
        expected = sorted((i for i in far if i != run), key=far.__getitem__)[:10]
        positions, distances = found.nearest(run)
        assert positions == expected
        np.testing.assert_allclose(distances, [far[i] for i in expected], rtol=1e-5)


def test_a_run_is_not_its_own_neighbour_where_another_is_the_same() -> None:
    points = np.zeros((3, 2), np.float32)
    assert Space.of(points, points).nearest(1) == ([0, 2], [0.0, 0.0])


# -- of a scoring ----------------------------------------------------------------------------------


def test_codes_lie_on_axes_that_the_training_runs_teach_and_their_distances_are_scaled(
    views: Views, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(0)
    known, new = (
        (rng.normal(size=(n, 6)) * [9, 5, 3, 2, 1, 1e-4]).astype(np.float32) for n in (40, 20)
    )
    monkeypatch.setattr(views, "codes", {1: known, 2: new}.__getitem__)
    spread = known.std(axis=0)
    points = (new - known.mean(axis=0)) / np.maximum(spread, 0.01 * spread.max())
    found = space(see(views), CODES)
    np.testing.assert_allclose(found.points, points, rtol=1e-3, atol=1e-3)
    places, shares = by_svd(new, known)
    np.testing.assert_allclose(np.abs(found.places), np.abs(places), atol=0.02)
    np.testing.assert_allclose(np.abs(found.training), np.abs(by_svd(known, known)[0]), atol=0.02)
    np.testing.assert_allclose(found.shares, shares, atol=1e-3)


def test_where_any_axes_would_do_they_are_the_codes(views: Views) -> None:
    clf = detector().fit(good_runs())  # its codes have a variance of 1 and no correlation
    known, new = clf.transform(good_runs()), clf.transform(new_runs())
    found = space(see(views), CODES)
    expected = np.abs(new - known.mean(axis=0))
    np.testing.assert_allclose(np.abs(found.places), expected[:, :4], rtol=0.02, atol=0.02)


def test_axes_follow_what_varies_most_where_points_have_a_spread() -> None:
    rng = np.random.default_rng(0)
    points, spread = rng.normal(size=(50, 3)).astype(np.float32), np.float32([1, 5, 2])
    found = Space.of(points, points, None, spread)
    same_map(found.places, by_svd(points * spread, points * spread)[0])
    assert found.points is points  # distances are not changed by it


def test_a_space_is_prepared_once(views: Views) -> None:
    assert space(see(views), CODES) is space(see(views, run="B-3"), CODES)
    assert space(see(views), CODES) is not space(see(views), COURSES)


def test_training_runs_are_not_drawn_twice(views: Views) -> None:
    seen = see(views, scoring=1)
    assert learned_scoring(seen) == seen.view.scoring
    found = space(seen, CODES)
    assert len(found.training) == 0 and len(found.places) == 40
    figure = nearness.map_of(seen, CODES)
    assert [t.name for t in figure.data if t.x is not None and len(t.x)] == ["training run (40)"]


def test_new_runs_stand_beside_the_training_runs_by_name(views: Views) -> None:
    training, new, outliers = nearness.map_of(see(views), CODES).data[:3]
    assert [t.name for t in (training, new, outliers)] == [
        "training run (40)",
        "new run (17)",
        "outlier (3)",
    ]
    assert {*outliers.customdata} == set(ABNORMAL)
    assert training.hovertext[0] == "<b>G-0</b>"


def test_a_detector_without_codes_compares_the_resampled_runs(workspace: Workspace) -> None:
    data_set = workspace.data_set(2)
    labels = [int(name in ABNORMAL) for name in NAMES]
    workspace.add_scores(data_set, range(20), detector="foreign", labels=labels)
    seen = see(Views(workspace), scoring=3)
    assert sources(seen) == [COURSES] and learned_scoring(seen) is None
    assert all(name not in str(latent.layout(seen)) for name in latent.SOURCES.values())
    assert "latent-source" in str(latent.layout(seen))  # callbacks ask for it
    courses = np.asarray(workspace.overview(data_set).courses)
    known = courses[np.array(labels) == 0]
    points, usual = naive_points(courses, known, 0), naive_points(known, known, 0)
    found = space(seen, COURSES)
    np.testing.assert_allclose(found.points, points, rtol=1e-3, atol=1e-3)
    same_map(found.places[:, :2], by_svd(points, usual)[0][:, :2])
    assert len(found.training) == 0
    assert "runs that are no outliers" in nearness.explained(seen, COURSES, (0, 1))


def test_where_no_run_is_normal_the_axes_are_learned_from_all(workspace: Workspace) -> None:
    workspace.add_scores(workspace.data_set(2), range(20), detector="x", labels=[1] * 20)
    found = space(see(Views(workspace), scoring=3), COURSES)
    np.testing.assert_allclose(found.places.mean(axis=0), 0, atol=1e-2)


@pytest.mark.parametrize("source", [CODES, COURSES])
def test_without_the_training_runs_others_stand_in(workspace: Workspace, source: str) -> None:
    views = Views(workspace)
    before = space(see(views), source)
    assert "learned from training runs" in nearness.explained(see(views), source, (0, 1))
    for kind in ("scorings", "data_sets"):
        folder = getattr(workspace, kind)()[-1].folder
        shutil.rmtree(workspace.path / kind / folder)
    left = see(Views(workspace))
    found = space(left, source)
    assert "runs that are no outliers" in nearness.explained(left, source, (0, 1))
    assert len(before.training) == 40 and len(found.training) == 0
    assert found.places.shape == before.places.shape


def test_of_many_channels_fewer_points_are_compared(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    runs = recipe(6, 0, "M")
    wide = Runs([np.tile(a, (1, 30)) + rng.normal(size=(len(a), 60)) for a in runs.arrays])
    workspace = Workspace(tmp_path / "wide", create=True)
    data_set = workspace.add_runs(wide, "wide")
    workspace.add_scores(data_set, range(6), detector="x")
    seen = see(Views(workspace), scoring=1)
    expected = np.asarray(workspace.overview(data_set).courses)[:, ::6]
    found = space(seen, COURSES).points
    assert found.shape == (6, 17 * 60)
    np.testing.assert_allclose(found, naive_points(expected, expected, 0), rtol=1e-3, atol=1e-3)


# -- what is told ----------------------------------------------------------------------------------


def naive_apart(seen: Seen, positions: list[int]) -> dict[str, float]:
    band, found = seen.population("percent"), {}
    courses = np.asarray(seen.views.overview(seen.view.data_set.id).courses)
    for c, name in enumerate(seen.view.data_set.channels):
        far = []
        for j, x in enumerate(np.linspace(0, 100, 100)):
            mean = np.nanmean(courses[positions, j, c])
            usual, sigma = (np.interp(x, band.x, v[:, c]) for v in (band.mean, band.std))
            far.append(abs(mean - usual) / max(sigma, 0.01 * band.std[:, c].max()))
        found[name] = float(np.mean(far))
    return found


@pytest.mark.parametrize("runs", [[3], [3, 11], [0, 1, 2, 5]])
def test_it_is_told_in_which_channels_runs_are_far_from_the_good_ones(
    views: Views, runs: list[int]
) -> None:
    seen = see(views)
    found, expected = nearness.apart(seen, runs), naive_apart(seen, runs)
    assert list(found) == sorted(expected, key=lambda name: -expected[name])
    for name, far in expected.items():
        assert found[name] == pytest.approx(far, rel=1e-3)


def test_the_abnormal_channel_is_the_farthest(views: Views) -> None:
    for name, channel in ABNORMAL.items():
        assert next(iter(nearness.apart(see(views), [NAMES.index(name)]))) == channel


def test_a_moment_at_which_good_runs_do_not_vary_does_not_outdo_the_others(views: Views) -> None:
    seen = see(views)
    band = seen.population("percent")
    usual, sigma = band.mean[:, :1].copy(), band.std[:, :1].copy()
    sigma[len(sigma) // 2 :] = 1e-9
    shifted = usual + np.where(sigma > 1e-6, 0, 0.01 * sigma.max())  # as little as there is to see
    steady = band._replace(mean=usual, std=sigma)
    course = np.interp(np.linspace(0, 100, 100), band.x, shifted[:, 0])
    assert nearness._apart(course, steady, 0) == pytest.approx(0.5, abs=0.05)


def test_distances_beyond_all_measure_are_said_to_be_so() -> None:
    assert nearness.differ({"T": 99.0, "p": 1.25}, 2) == (
        "2 runs; on average farthest from the good runs in T (over 99σ), p (1.2σ)"
    )


def test_the_summary_counts_outliers_and_verdicts(views: Views) -> None:
    seen = see(views, run="B-3")
    near = nearness.neighbours(seen, CODES)
    assert near is not None and near.run == 3
    names = [NAMES[i] for i in near.positions]
    for name in names[:2]:
        views.workspace.review.judge(seen.view.data_set, name, "fault", who="anna")
    n = len({*names} & set(ABNORMAL))
    told = neighbours_line(see(views, run="B-3"), near)
    assert told.endswith("; verdicts: 2 fault")
    assert told.startswith(f"{n or 'None'} of the 10 runs nearest to B-3 ")


@pytest.mark.parametrize(
    ("positions", "told"),
    [
        ([7], "The run nearest to B-3 is an outlier"),
        ([0], "The run nearest to B-3 is no outlier"),
        ([0, 7], "1 of the 2 runs nearest to B-3 is an outlier"),
        ([7, 11], "2 of the 2 runs nearest to B-3 are outliers"),
        ([0, 1], "None of the 2 runs nearest to B-3 is an outlier"),
    ],
)
def test_one_run_is_told_of_as_one(positions: list[int], told: str, views: Views) -> None:
    near = nearness.Neighbours(3, positions, [1.0] * len(positions))
    assert neighbours_line(see(views, run="B-3"), near) == told


def test_runs_are_offered_by_a_part_of_their_name_the_most_abnormal_first(views: Views) -> None:
    seen = see(views)
    assert offered(seen, "")[:3] == [seen.view.names[i] for i in seen.view.ranked[:3]]
    assert sorted(offered(seen, "b-1")) == sorted(n for n in NAMES if "B-1" in n)
    assert offered(seen, "nobody") == []
    assert offered(see(views, run="B-7"), "b-1")[0] == "B-7"  # or its field would be empty
    assert len(offered(see(views, run="B-7"), "B-7")) == 20  # it is opened anew


def test_at_most_200_runs_are_offered(views: Views) -> None:
    seen = see(views)
    vars(seen.view).update(names=[f"R-{i}" for i in range(300)], ranked=list(range(300)))
    assert len(offered(seen, "")) == MOST_OFFERED


# -- the page and its callbacks --------------------------------------------------------------------


def test_the_first_figure_is_in_the_page(browser: Browser) -> None:
    text = page(browser, "/latent", HERE)
    assert "Which runs are alike?" in text and "new run (17)" in text
    assert '"value": "selected"' in text
    assert '"value": "nearest"' in page(browser, "/latent", f"{HERE}&run=B-3")


def test_a_run_that_is_not_there_is_refused(browser: Browser) -> None:
    assert "There is no run 'nobody'" in page(browser, "/latent", f"{HERE}&run=nobody")


def test_what_is_inside_a_lasso_is_selected(browser: Browser, views: Views) -> None:
    places = space(see(views), CODES).places
    corner = places[3, :2]
    drawn = {"x": [corner[0] - 0.1, corner[0] + 0.1], "y": [corner[1] - 0.1, corner[1] + 0.1]}
    inside = [
        name for name, p in zip(NAMES, places, strict=True) if (np.abs(p[:2] - corner) < 0.1).all()
    ]
    answer = browser.call(
        "latent-show.value",
        "latent-map.selectedData",
        latent_map__selectedData={"range": json.loads(json.dumps(drawn, default=float))},
        page_url__data=HERE,
        **ON_MAP,
    )["response"]
    assert answer["shell-selection"]["data"] == chosen(*inside) and "B-3" in inside
    assert answer["latent-show"]["value"] == "selected"


@pytest.mark.parametrize("event", [None, {"points": []}, {"range": {"x": [98, 99], "y": [98, 99]}}])
def test_nothing_in_a_lasso_leaves_the_selection_as_it_is(browser: Browser, event: Any) -> None:
    answer = browser.call(
        "latent-show.value",
        "latent-map.selectedData",
        latent_map__selectedData=event,
        page_url__data=HERE,
        **ON_MAP,
    )
    assert answer["response"] == {}


def operations(answer: Any) -> dict[str, Any]:
    """What a patch of the map assigns, by place."""
    figure = answer["response"]["latent-map"]["figure"]
    return {
        "/".join(map(str, o["location"])): o["params"].get("value", o["params"])
        for o in figure["operations"]
    }


@pytest.mark.parametrize("what", ["shell-selection.data", "page-url.data", "latent-again.data"])
def test_the_map_marks_what_is_selected_wherever_that_was(browser: Browser, what: str) -> None:
    answer = browser.call(
        "latent-map.figure",
        what,
        page_url__data=f"{HERE}&run=B-3",
        shell_selection__data=chosen("B-0", "B-3", "B-4"),
        **ON_MAP,
    )
    done = operations(answer)
    signs = [done[f"data/{place}"] for place in (3, 4, 5)]
    assert [sign["uid"] for sign in signs] == ["selected", "nearest", "chosen"]
    assert signs[0]["customdata"] == ["B-0", "B-3", "B-4"] and signs[2]["customdata"] == ["B-3"]
    assert not any(place.startswith(("data/0", "data/1", "data/2")) for place in done)


def test_other_axes_are_drawn_with_what_is_selected(browser: Browser) -> None:
    answer = browser.call(
        "latent-map.figure",
        "latent-x.value",
        page_url__data=HERE,
        shell_selection__data=chosen("B-1"),
        **{**ON_MAP, "latent_x__value": "1", "latent_y__value": "0"},
    )["response"]
    figure = answer["latent-map"]["figure"]
    assert figure["layout"]["xaxis"]["title"]["text"].startswith("PC2 (")
    assert figure["data"][3]["customdata"] == ["B-1"]
    assert "of the variance" in answer["latent-said"]["children"]


def test_an_axis_that_is_not_there_is_said_so(browser: Browser) -> None:
    asked = {**ON_MAP, "latent_y__value": "3", "page_url__data": HERE}
    figure = browser.call("latent-map.figure", "latent-y.value", **asked)["response"]["latent-map"]
    assert "do not differ along this axis" in json.dumps(figure)
    assert browser.call("latent-map.figure", "shell-selection.data", **asked) is not None


@pytest.mark.parametrize(
    ("shown", "selected", "lines", "told"),
    [
        ("selected", ["B-1", "B-2"], {"B-1", "B-2"}, "2 runs; on average farthest"),
        ("selected", [], set(), "No run is selected"),
        ("nearest", ["B-1"], set(), "No run is chosen"),
    ],
)
def test_selected_runs_are_drawn_over_the_good_ones(
    browser: Browser, shown: str, selected: list[str], lines: set[str], told: str
) -> None:
    answer = browser.call(
        "latent-courses.figure",
        "shell-selection.data",
        latent_show__value=shown,
        latent_channels__value=[],
        latent_source__value=CODES,
        page_url__data=HERE,
        shell_selection__data=chosen(*selected),
    )["response"]
    names = {trace.get("name") for trace in answer["latent-courses"]["figure"]["data"]}
    assert {name for name in names if str(name).startswith("B-")} == lines
    assert answer["latent-apart"]["children"].startswith(told)


def test_the_nearest_runs_are_drawn_with_the_chosen_one(browser: Browser, views: Views) -> None:
    answer = browser.call(
        "latent-courses.figure",
        "page-url.data",
        latent_show__value="nearest",
        latent_channels__value=["p"],
        latent_source__value=CODES,
        page_url__data=f"{HERE}&run=B-7",
    )["response"]
    data = answer["latent-courses"]["figure"]["data"]
    near = nearness.neighbours(see(views, run="B-7"), CODES)
    assert near is not None
    names = [t["name"] for t in data if str(t.get("name")).startswith("B-")]
    assert list(dict.fromkeys(names)) == [NAMES[i] for i in near.all]
    assert "<b>p</b>" in json.dumps(answer) and "<b>T (" not in json.dumps(answer)


def test_the_list_tells_distance_score_and_verdict_and_can_be_selected(
    browser: Browser, views: Views
) -> None:
    near = nearness.neighbours(see(views, run="B-3"), COURSES)
    assert near is not None
    first = NAMES[near.positions[0]]
    views.workspace.review.judge(
        views.workspace.data_set(2), first, "no fault", cause="new recipe", who="anna"
    )
    here = {"latent_source__value": COURSES, "page_url__data": f"{HERE}&run=B-3"}
    text = json.dumps(browser.call("latent-nearest.children", "page-url.data", **here))
    assert f"run={first}" in text and "new recipe" in text and "no fault" in text
    answer = browser.call(
        "shell-selection.data", "latent-take.n_clicks", latent_take__n_clicks=1, **here
    )
    assert answer["response"]["shell-selection"]["data"] == chosen(*(NAMES[i] for i in near.all))
    answer = browser.call("shell-selection.data", "latent-take.n_clicks", **here)
    assert answer["response"] == {}


def test_without_a_chosen_run_there_is_no_list(browser: Browser) -> None:
    answer = browser.call(
        "latent-nearest.children",
        "page-url.data",
        latent_source__value=CODES,
        page_url__data=HERE,
    )
    assert "No run is chosen" in json.dumps(answer)
