"""Scores of two detectors in one figure, and figures that stand side by side."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
import pytest

from tsad_plugin.figures import (
    Course,
    error_map,
    run_courses,
    score_agreement,
    shared_ranges,
    within,
)
from tsad_plugin.figures.markers import cloud
from tsad_plugin.figures.style import MAX_MARKERS

NAN = float("nan")
FIRST, SECOND = [1.0, 5.0, 4.0, 0.5, 6.0], [2.0, 1.0, 9.0, 8.0, 7.0]
FLAGS = [0, 1, 1, 0, 1], [0, 0, 1, 1, 1]
IDS = ["A-1", "<b>", "A-3", 4, "A-5"]


def drawn(**more: Any) -> go.Figure:
    return score_agreement(FIRST, SECOND, **{"outlier": FLAGS, "ids": IDS, **more})


def trace(figure: go.Figure, uid: str) -> Any:
    (found,) = [t for t in figure.data if t.uid == uid]
    return found


def shape(figure: go.Figure, name: str) -> Any:
    (found,) = [s for s in figure.layout.shapes if s.name.startswith(name)]
    return found


def said(figure: go.Figure) -> list[str]:
    return [a.text for a in figure.layout.annotations]


# -- scores of two detectors -----------------------------------------------------------------------


def test_every_run_stands_once_where_its_two_scores_meet() -> None:
    figure = drawn()
    for number, (x, y, a, b) in enumerate(zip(FIRST, SECOND, *FLAGS, strict=True)):
        uid = {(0, 0): "neither", (1, 0): "first", (0, 1): "second", (1, 1): "both"}[a, b]
        group = trace(figure, uid)
        at = list(group.customdata).index(str(IDS[number]))
        assert (group.x[at], group.y[at]) == (x, y)
    assert sum(len(t.x) for t in figure.data) == len(FIRST)


def test_the_legend_counts_who_calls_what_an_outlier() -> None:
    names = [t.name for t in drawn(names=("FC", "band")).data]
    assert names == ["neither (1)", "only FC (1)", "only band (1)", "both (2)", "selected (0)"]


def test_groups_differ_in_shape_too() -> None:
    traces = drawn().data
    assert len({t.marker.symbol for t in traces}) == len(traces)
    assert len({t.marker.color for t in traces[:4]}) == 4


def test_traces_stand_in_one_order_even_where_they_are_empty() -> None:
    for flags in (FLAGS, ([0] * 5, [0] * 5), ([1] * 5, [1] * 5)):
        figure = drawn(outlier=flags)
        assert [t.uid for t in figure.data] == ["neither", "first", "second", "both", "selected"]


def test_names_are_drawn_as_they_stand_but_clicked_as_they_are() -> None:
    only = trace(drawn(), "first")
    assert (list(only.hovertext), list(only.customdata)) == (["<b>&lt;b&gt;</b>"], ["<b>"])
    assert "customdata" not in only.hovertemplate
    assert trace(drawn(names=("A", "<i>")), "second").name == "only &lt;i&gt; (1)"


def test_thresholds_are_lines_across_with_their_values() -> None:
    figure = drawn(thresholds=(3.5, 6.5))
    upright, level = shape(figure, "threshold of A 3.5"), shape(figure, "threshold of B 6.5")
    assert (upright.x0, upright.x1, level.y0, level.y1) == (3.5, 3.5, 6.5, 6.5)
    assert upright.showlegend and level.showlegend
    assert [s.name for s in drawn(thresholds=(None, 6.5)).layout.shapes] == ["threshold of B 6.5"]


@pytest.mark.parametrize("log", [(True, False), (False, True)])
def test_each_axis_is_logarithmic_for_itself(log: tuple[bool, bool]) -> None:
    layout = drawn(log=log).layout
    assert (layout.xaxis.type == "log", layout.yaxis.type == "log") == log


def test_axes_say_whose_scores_they_are() -> None:
    layout = drawn(titles=("FC <1>", "band")).layout
    assert layout.xaxis.title.text == "score by FC &lt;1&gt;"
    assert layout.yaxis.title.text == "score by band"
    assert drawn().layout.xaxis.title.text == "score by A"


def test_selected_runs_have_a_ring_that_leaves_clicks_to_the_run() -> None:
    ring = trace(drawn(selected=[2, 3]), "selected")
    assert (ring.x.tolist(), ring.y.tolist()) == ([4.0, 0.5], [9.0, 8.0])
    assert ring.hoverinfo == "skip" and ring.marker.symbol == "circle-open"
    assert len(trace(drawn(), "selected").x) == 0


@pytest.mark.parametrize("log", [(False, False), (True, False)])
def test_of_many_runs_those_are_drawn_that_draw_the_same_cloud(log: tuple[bool, bool]) -> None:
    x, y = np.random.default_rng(0).lognormal(0, 0.5, (2, 9000))
    flags = x > 3, y > 3
    figure = score_agreement(x, y, outlier=flags, log=log)
    neither, first = trace(figure, "neither"), trace(figure, "first")
    of = ~flags[0] & ~flags[1]
    expected = cloud(np.stack([np.log10(x) if log[0] else x, y]), of)
    assert [int(run) for run in neither.customdata] == expected.tolist()
    assert len(neither.x) == MAX_MARKERS
    assert neither.name == f"neither ({MAX_MARKERS:,} of {of.sum():,} shown)"
    assert len(first.x) == (flags[0] & ~flags[1]).sum()  # outliers are few


def test_rings_are_around_all_that_are_selected_and_not_too_many() -> None:
    x = np.linspace(1, 2, 3 * MAX_MARKERS)
    for selected, n in ((range(7), 7), (range(len(x)), MAX_MARKERS)):
        figure = score_agreement(x, x, outlier=(0 * x, 0 * x), selected=selected)
        assert len(trace(figure, "selected").x) == n


@pytest.mark.parametrize("log", [False, True])
def test_a_lasso_on_logarithmic_axes_is_straight_as_it_is_drawn(log: bool) -> None:
    corners = {"x": [1.0, 100.0, 100.0], "y": [1.0, 1.0, 100.0]}  # below the diagonal
    found = within({"lassoPoints": corners}, [10.0, 10.0], [9.0, 11.0], log=log, log_x=log)
    assert found.tolist() == [0]
    bent = {"x": [1.0, 100.0, 100.0], "y": [1.0, 1.0, 10.0]}
    found = within({"lassoPoints": bent}, [10.0], [2.5], log=log, log_x=log)
    assert found.tolist() == ([0] if log else [])


def test_no_runs_in_common_are_said_to_be_none() -> None:
    figure = score_agreement([], [], outlier=([], []), thresholds=(1.0, 2.0))
    assert said(figure) == ["no runs in common"] and not figure.data


def test_a_lasso_stays_where_it_is_when_rings_move() -> None:
    layout = drawn().layout
    assert (layout.dragmode, layout.uirevision) == ("lasso", "keep")


# -- two runs side by side -------------------------------------------------------------------------


def courses(values: Any, **more: Any) -> go.Figure:
    places = np.linspace(0, len(values) - 1.0, 5)
    band = {"mean": 0 * places, "lower": 0 * places - 1, "upper": 0 * places + 1}
    both = [
        Course(c, np.asarray(values) * s, band_x=places, **band) for c, s in (("T", 1), ("p", 10))
    ]
    counts = places, np.full(5, 7)
    return run_courses(both, x=np.arange(len(values)), n_runs=counts, **more)


def align(figures: Sequence[go.Figure]) -> None:
    before = [figure.to_json() for figure in figures]
    ranges = shared_ranges(figures)
    assert [figure.to_json() for figure in figures] == before  # it changes none itself
    for figure in figures:
        figure.update_layout(ranges)


def test_shared_axes_span_what_is_drawn_in_either_figure() -> None:
    short, long = courses([0.0, 3.0, NAN, 1.0]), courses([0.0, -4.0, 1.0, 2.0, 1.0, 0.0])
    counts = short.layout.yaxis3.range
    align([short, long])
    for figure in (short, long):
        assert figure.layout.xaxis.range == figure.layout.xaxis3.range == (0, 5)
        assert figure.layout.yaxis.range == pytest.approx((-4.35, 3.35))
        assert figure.layout.yaxis2.range == pytest.approx((-43.5, 33.5))
        assert figure.layout.yaxis3.range == counts  # has one already


def test_a_run_that_outlasts_the_good_ones_is_not_cut_off() -> None:
    long = courses([0.0, 3.0, 1.0, 2.0, 1.0, 0.0])
    long.data[-1].x = (0, 1, 2)  # the number of good runs ends before
    align([long, courses([0.0, 1.0, 2.0])])
    ranges = [long.layout[axis].range for axis in ("xaxis", "xaxis2", "xaxis3")]
    assert ranges == [(0, 5)] * 3


def test_shared_axes_of_a_constant_have_room() -> None:
    figures = [go.Figure().add_scatter(x=[0, 1], y=[value, value]) for value in (5.0, 5.0)]
    align(figures)
    assert figures[1].layout.yaxis.range == (2.5, 7.5)
    assert figures[1].layout.xaxis.range == (0, 1)


def test_figures_without_numbers_keep_their_axes() -> None:
    figures = [run_courses([]), go.Figure().add_scatter(x=["a", "b"], y=[NAN, NAN])]
    align(figures)
    assert [f.layout.xaxis.range for f in figures] == [None, None]
    assert [f.layout.yaxis.range for f in figures] == [None, None]


def test_maps_side_by_side_have_one_order_and_one_scale() -> None:
    errors = np.array([[1.0, 5.0, 0.0], [2.0, NAN, 0.0]])
    alone = error_map(errors, ["a", "b", "c"]).data[0]
    assert (alone.y, alone.zmax) == (("b", "a", "c"), 5)
    beside = error_map(errors, ["a", "b", "c"], order=[2, 0, 1], zmax=9.0).data[0]
    assert (beside.y, beside.zmax) == (("c", "a", "b"), 9)
    np.testing.assert_array_equal(beside.z, [[0, 0], [1, 2], [5, NAN]])
    np.testing.assert_array_equal(beside.customdata, [[0, 1]] * 3)


def test_a_map_of_no_error_has_a_scale_all_the_same() -> None:
    assert error_map(np.zeros((3, 2)), ["a", "b"], zmax=0.0).data[0].zmax == 1


def test_maps_of_runs_of_unequal_length_share_their_axis_to_the_ends_of_the_cells() -> None:
    maps = [error_map(np.ones((n, 2)), ["a", "b"], x=0.5 * np.arange(n)) for n in (4, 7)]
    align(maps)
    assert [m.layout.xaxis.range for m in maps] == [(-0.25, 3.25)] * 2
    assert [m.layout.yaxis.range for m in maps] == [None, None]
