"""Scores of many runs: what is selected is drawn, and what is drawn around is found."""

from typing import Any

import numpy as np
import plotly.graph_objects as go
import pytest

from tsad_plugin.figures import (
    CONFIG,
    SELECTING,
    histogram_places,
    score_chart,
    score_histogram,
    within,
)
from tsad_plugin.figures.style import MAX_MARKERS

NAN = float("nan")
RNG = np.random.default_rng(0)
MANY = RNG.lognormal(0, 0.3, 10_000)
GOOD = RNG.normal(1.0, 0.1, 200)
GROSS = np.append(RNG.normal(1.0, 0.1, 99), 500.0)


def trace(figure: go.Figure, uid: str) -> Any:
    (found,) = [t for t in figure.data if t.uid == uid]
    return found


def said(figure: go.Figure) -> list[str]:
    return [a.text for a in figure.layout.annotations]


# -- chart -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [list, tuple, np.array])
def test_rings_stand_around_all_that_are_selected(kind: Any) -> None:
    rings = trace(
        score_chart([1.0, 2.0, 3.0], ids=["A", "B", "C"], selected=kind([2, 0])), "selected"
    )
    assert rings.x.tolist() == [1, 3] and rings.y.tolist() == [1, 3]
    assert rings.name == "selected (2)" and rings.customdata.tolist() == ["A", "C"]


def test_rings_of_many_are_small_and_not_too_many() -> None:
    few, many = (score_chart(MANY, selected=range(n)) for n in (200, 201))
    assert trace(few, "selected").marker.size > 15 > trace(many, "selected").marker.size
    everything = trace(score_chart(MANY, selected=range(10_000)), "selected")
    assert (
        len(everything.x) == MAX_MARKERS and everything.name == "selected (1,000 of 10,000 shown)"
    )


def test_no_ring_is_drawn_around_nobody() -> None:
    assert [t.uid for t in score_chart([1.0, 2.0], selected=[]).data] == ["normal"]
    kept = score_chart([1.0, 2.0], selected=[], keep=True)
    assert trace(kept, "selected").x.tolist() == [] and kept.data[-1].uid == "selected"


def test_nothing_fades_when_plotly_selects_for_the_rings_say_it() -> None:
    figure = score_chart([1.0, 9.0], outlier=[0, 1], selected=[1], keep=True)
    assert all(t.unselected.marker.opacity == 1 for t in figure.data)


def test_charts_that_select_have_the_buttons_for_it() -> None:
    hidden = CONFIG["modeBarButtonsToRemove"]
    assert {"select2d", "lasso2d"} <= {*hidden} - {*SELECTING["modeBarButtonsToRemove"]}
    assert "sendChartToCloud" in SELECTING["modeBarButtonsToRemove"]
    figure = score_histogram(MANY)
    assert (figure.layout.dragmode, figure.layout.selectdirection) == ("select", "h")


def test_a_threshold_changes_normal_runs_only_where_runs_cross_it() -> None:
    low, high = (
        trace(score_chart(MANY, outlier=limit < MANY, threshold=limit), "normal")
        for limit in (1.8, 2.0)
    )
    told = [dict(zip(t.x.tolist(), t.hovertext.tolist(), strict=True)) for t in (low, high)]
    crossed = int(((MANY > 1.8) & (MANY <= 2.0)).sum())
    # One that crosses may stand in the place of another of its stretch.
    assert len(told[0].keys() ^ told[1].keys()) <= 2 * crossed
    common = told[0].keys() & told[1].keys()
    assert len(common) > 0.75 * MAX_MARKERS and all(told[0][x] == told[1][x] for x in common)


def test_the_highest_normal_run_of_a_stretch_is_drawn_beside_an_outlier() -> None:
    outlier = np.zeros(len(MANY), dtype=bool)
    outlier[np.arange(0, 10_000, 10)] = True
    scores = np.where(outlier, 9.0, MANY)
    shown = trace(score_chart(scores, outlier=outlier), "normal").x - 1
    column = 30 * np.arange(10_000) // 9_999
    for stretch in range(30):
        normal = np.flatnonzero((column == stretch) & ~outlier)
        assert {normal[scores[normal].argmax()], normal[scores[normal].argmin()]} <= set(shown)
    assert not outlier[shown].any()


# -- histogram -------------------------------------------------------------------------------------


@pytest.mark.parametrize("log", [False, True])
def test_one_gross_score_does_not_press_the_others(log: bool) -> None:
    figure = score_histogram(GROSS, calibration=GOOD, threshold=1.3, log=log)
    edges = trace(figure, "new").x[::2]
    axis = np.log10(edges) if log else edges
    usual = [min(GROSS.min(), GOOD.min()), 1.3]
    ends = np.log10(usual) if log else usual
    assert np.ptp(ends) > 0.22 * np.ptp(axis)
    beyond = edges[-3]  # a gap and the open bin are behind it
    assert said(figure) == [f"> {beyond:.3g}: 1 run"] and 1.3 < beyond < 500
    heights = trace(figure, "new").y[1:-1:2]
    np.testing.assert_allclose(heights[-2:], [0, 1.0])
    closed = np.histogram(GROSS[:-1], edges[:-2])[0]
    np.testing.assert_allclose(heights[:-2], closed)
    assert not trace(figure, "held-out").y[-4:].any()


def test_scores_that_spread_have_no_open_bin() -> None:
    for scores, limit in (([1.0, 1.1, 1.2, 2.0], None), (GROSS, 400.0), ([1.0, 1.0, 1.0], 0.5)):
        figure = score_histogram(scores, threshold=limit)
        assert not said(figure)
        assert trace(figure, "new").x[-1] == pytest.approx(max(max(scores), 1.5))


def test_many_gross_scores_are_counted() -> None:
    scores = np.append(RNG.normal(1, 0.1, 960), np.full(40, 1e6))
    assert said(score_histogram(scores, log=False))[0].endswith(": 40 runs")
    good = np.append(RNG.normal(1, 0.1, 999), 1e6)  # held out, and gross: no run that was scored
    assert said(score_histogram(scores[:960], calibration=good, log=False))[0].endswith(": 0 runs")


def test_selected_runs_have_an_outline_of_their_own_shares() -> None:
    scores = np.array([1.0, 1.2, 1.4, 2.0, NAN])
    figure = score_histogram(scores, calibration=GOOD, selected=[4, 2, 3])
    chosen, new = trace(figure, "selected"), trace(figure, "new")
    np.testing.assert_array_equal(chosen.x, new.x)
    np.testing.assert_allclose(chosen.y[1:-1:2], 50 * np.histogram([1.4, 2.0], chosen.x[::2])[0])
    assert chosen.name == "selected (2)" and chosen.line.dash != new.line.dash
    nobody = trace(score_histogram(scores, selected=[]), "selected")
    assert len(nobody.x) == len(nobody.y) == 0
    assert "selected" not in [t.uid for t in score_histogram(scores).data]


@pytest.mark.parametrize("log", [False, True])
def test_a_score_beyond_the_bins_is_placed_where_it_is_drawn(log: bool) -> None:
    given: dict[str, Any] = {"calibration": GOOD, "threshold": 1.3, "log": log}
    places = histogram_places(GROSS, **given)
    np.testing.assert_array_equal(places[:-1], GROSS[:-1])
    start, end = trace(score_histogram(GROSS, **given), "new").x[[-3, -1]]
    assert start < places[-1] < end
    assert within({"range": {"x": [start, end]}}, places).tolist() == [99]
    np.testing.assert_array_equal(histogram_places([1.0, NAN]), [1.0, NAN])
    assert histogram_places([]).tolist() == []


# -- shapes ----------------------------------------------------------------------------------------


def test_a_box_holds_what_is_between_its_sides() -> None:
    x, y = RNG.random(500), RNG.random(500)
    box = {"range": {"x": [0.7, 0.2], "y": [0.1, 0.6]}}
    inside = [i for i in range(500) if 0.2 <= x[i] <= 0.7 and 0.1 <= y[i] <= 0.6]
    assert within(box, x, y).tolist() == inside and inside
    assert within(box, x).tolist() == np.flatnonzero((x >= 0.2) & (x <= 0.7)).tolist()


def test_a_lasso_holds_what_turns_around_it() -> None:
    angles = np.sort(RNG.uniform(0, 2 * np.pi, 40))
    reach = RNG.uniform(0.1, 0.6, 40)
    corners = np.stack([0.5 + reach * np.cos(angles), 0.5 + reach * np.sin(angles)])
    points = RNG.random((2, 400))
    lasso = {"lassoPoints": {"x": corners[0].tolist(), "y": corners[1].tolist()}}
    expected = [i for i, point in enumerate(points.T) if abs(winding(corners, point)) > 0.5]
    assert within(lasso, *points).tolist() == expected and 20 < len(expected) < 380


def winding(corners: np.ndarray, point: np.ndarray) -> float:
    """How often a closed line goes around a point: the sum of the angles under which it is seen."""
    seen = np.angle((corners[0] - point[0]) + 1j * (corners[1] - point[1]))
    steps = np.diff(np.append(seen, seen[0]))
    return float((np.mod(steps + np.pi, 2 * np.pi) - np.pi).sum() / (2 * np.pi))


def test_a_lasso_on_a_logarithmic_axis_is_straight_as_it_is_drawn() -> None:
    lasso = {"lassoPoints": {"x": [0, 2, 2], "y": [1, 1, 100]}}  # a triangle; at 1 up to 10
    assert within(lasso, [1, 1], [8, 12], log=True).tolist() == [0]
    assert within(lasso, [1, 1], [8, 12]).tolist() == [0, 1]
    assert within(lasso, [1, 1], [0, NAN], log=True).tolist() == []


def test_dates_are_found_as_plotly_writes_them() -> None:
    days = np.datetime64("2026-03-01T06:00:00.000000000") + np.arange(10) * np.timedelta64(1, "D")
    ends = ["2026-03-02 12:00", "2026-03-05 06:00:00.0001"]
    box = {"range": {"x": ends, "y": [0, 1]}}
    lasso = {"lassoPoints": {"x": [ends[0], ends[1], ends[1], ends[0]], "y": [0, 0, 1, 1]}}
    for event in (box, lasso):
        assert within(event, days, np.full(10, 0.5)).tolist() == [2, 3, 4]
        assert within(event, days, np.full(10, NAN)).tolist() == []
    assert within(box, days).tolist() == [2, 3, 4]


@pytest.mark.parametrize("event", [None, {}, {"points": []}, {"range": None}])
def test_without_a_shape_nothing_is_selected(event: Any) -> None:
    assert within(event, [1.0, 2.0], [1.0, 2.0]).tolist() == within(event, [1.0]).tolist() == []


def test_runs_that_are_not_drawn_are_selected_with_those_that_are() -> None:
    figure = score_chart(MANY)
    lasso = {"lassoPoints": {"x": [100, 200, 200, 100], "y": [0, 0, 9, 9]}}
    found = within(lasso, np.arange(1, 10_001), MANY)
    assert len(found) >= 99 > np.isin(found, trace(figure, "normal").x - 1).sum()
