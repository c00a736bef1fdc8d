"""Figures that a page can work with: clicks that say what they hit, traces that can be patched."""

import json
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import plotly.graph_objects as go
import pytest

from tsad_plugin.figures import (
    Course,
    channel_course,
    contribution_bars,
    error_map,
    run_courses,
    score_chart,
    score_histogram,
)

NAN = float("nan")
EVIL = "<b>x</b> & </script><a href='http://evil'>"
SCORES = [1.0, 0.8, 3.0, 1.2, 2.0]
IDS = ["A", "B", "C", "D", "E"]
OUTLIER = [0, 0, 1, 0, 1]
GOOD = np.random.default_rng(0).normal(1.0, 0.1, 200)
MARKS = ["normal", "outlier", "reviewed", "selected"]


def trace(figure: go.Figure, name: str) -> Any:
    """The one trace whose name begins so."""
    (found,) = [t for t in figure.data if (t.name or "").startswith(name)]
    return found


def shapes(figure: go.Figure, name: str) -> list[Any]:
    return [s for s in figure.layout.shapes if (s.name or "").startswith(name)]


def said(figure: go.Figure) -> list[str]:
    return [a.text for a in figure.layout.annotations]


# -- scores ----------------------------------------------------------------------------------------


def test_an_outlier_with_a_verdict_is_an_open_diamond_that_keeps_its_rank() -> None:
    figure = score_chart(
        SCORES, outlier=OUTLIER, ids=IDS, verdicts=["no fault", None, "fault", None, None]
    )
    open_one, reviewed = trace(figure, "outlier, with"), trace(figure, "outlier, reviewed")
    assert (open_one.x.tolist(), open_one.text) == ([5], ("2",))
    assert (reviewed.x.tolist(), reviewed.text) == ([3], ("1",))
    assert reviewed.marker.symbol == "diamond-open" != open_one.marker.symbol
    assert reviewed.hovertext.tolist() == ["<b>C</b><br>score 3<br>verdict: fault"]
    assert "verdict: no fault" in trace(figure, "normal").hovertext[0]


def test_a_mark_gives_back_the_id_of_its_run() -> None:
    figure = score_chart(SCORES, outlier=OUTLIER, ids=[7, "B", "<b>", 0, "E"])
    assert trace(figure, "normal").customdata.tolist() == ["7", "B", "0"]
    assert trace(figure, "outlier").customdata.tolist() == ["<b>", "E"]
    assert "customdata" not in trace(figure, "normal").hovertemplate


@pytest.mark.parametrize("outlier", [[0] * 5, [1] * 5, OUTLIER])
@pytest.mark.parametrize("calibration", [None, GOOD])
def test_traces_stand_in_one_order_however_the_threshold_moves(
    outlier: list[int], calibration: Any
) -> None:
    verdicts = [None, None, "unsure", None, None]
    figure = score_chart(
        SCORES, outlier=outlier, verdicts=verdicts, calibration=calibration, keep=True
    )
    uids = [t.uid for t in figure.data]
    bands = [] if calibration is None else ["band-3", "band-2", "band-1", "mean"]
    assert uids == bands + MARKS
    assert sum(len(t.x) for t in figure.data[-4:-1]) == 5


def test_only_traces_that_hold_something_are_drawn_by_default() -> None:
    assert [t.uid for t in score_chart(SCORES, outlier=OUTLIER).data] == ["normal", "outlier"]


@pytest.mark.parametrize(("selected", "place"), [([3], [4]), ([], [])])
def test_a_ring_stands_around_the_selected_run(selected: Any, place: list[int]) -> None:
    figure = score_chart(SCORES, outlier=OUTLIER, ids=IDS, selected=selected, keep=True)
    ring = trace(figure, "selected")
    assert ring.x.tolist() == place and ring.marker.symbol == "circle-open"
    assert ring.hoverinfo == "skip"  # a click goes to the run inside


@pytest.mark.parametrize("bands", [(2.5,), (1, 2), (4, 3, 2, 1)])
def test_bands_are_those_asked_for_the_widest_first_and_faintest(bands: Any) -> None:
    figure = score_chart(SCORES, calibration=GOOD, bands=bands)
    drawn = [t for t in figure.data if t.uid.startswith("band")]
    assert [t.name for t in drawn] == [f"± {k:g}σ" for k in sorted(bands, reverse=True)]
    opacities = [float(t.fillcolor.split(",")[-1][:-1]) for t in drawn]
    assert opacities == sorted(opacities) and opacities[-1] == 0.38
    assert max(drawn[0].y) == pytest.approx(GOOD.mean() + max(bands) * GOOD.std(ddof=1))


@pytest.mark.parametrize("scores", [SCORES, []])
def test_zoom_stays_and_the_threshold_is_the_only_shape(scores: list[float]) -> None:
    for figure in (
        score_chart(scores, calibration=GOOD, threshold=1.5, keep=True),
        score_histogram(scores, calibration=GOOD, threshold=1.5),
    ):
        assert figure.layout.uirevision == "keep"
        assert len(figure.layout.shapes) == (1 if figure.data else 0)
    assert [t.uid for t in score_histogram(SCORES, calibration=GOOD).data] == ["held-out", "new"]


def test_uids_hold_no_blank_that_would_break_a_reference_in_svg() -> None:
    figures = score_chart(SCORES, calibration=GOOD, keep=True), score_histogram(SCORES)
    assert not any(" " in t.uid for figure in figures for t in figure.data)


def test_one_run_is_drawn_and_a_score_that_is_missing_is_not() -> None:
    assert trace(score_chart([2.0], keep=True), "normal").x.tolist() == [1]
    normal = trace(score_chart([1.0, NAN, 2.0], calibration=[NAN, 1.0, 2.0], keep=True), "normal")
    assert (normal.x.tolist(), normal.y.tolist(), normal.name) == ([1, 3], [1, 2], "normal run (2)")


# -- courses ---------------------------------------------------------------------------------------


def course(values: Any, band_x: Any = (0.0, 5.0, 10.0), **more: Any) -> Course:
    values = np.asarray(values, dtype=float)
    places = np.asarray(band_x, dtype=float)
    ends = {"mean": 0.0 * places + 1, "lower": 0.0 * places, "upper": 0.1 * places + 2}
    return Course("pH", values, "-", **{"band_x": places, **ends, **more})


def test_a_band_lies_where_it_belongs_however_long_the_run_is() -> None:
    for n in (3, 30):
        figure = channel_course(course(np.arange(n)), x=np.arange(n) * 0.5)
        np.testing.assert_allclose(trace(figure, "good runs").x, [0, 5, 10])
        np.testing.assert_allclose(trace(figure, "good runs").y, [2, 2.5, 3])
        assert trace(figure, "measured").x.tolist() == (np.arange(n) * 0.5).tolist()


def test_the_pointer_tells_value_expected_value_and_band() -> None:
    values = np.array([1.0, 2, 3, 4])
    drawn = course(values, reconstruction=values + 0.25)
    figure = channel_course(drawn, x=[0.0, 2.5, 7.5, 12.5], band_name="good runs")
    measured, expected = trace(figure, "measured"), trace(figure, "reconstruction")
    assert measured.hovertext.tolist() == [
        "<br>expected 1.25<br>good runs: 0 to 2",
        "<br>expected 2.25<br>good runs: 0 to 2.25",
        "<br>expected 3.25<br>good runs: 0 to 2.75",
        "<br>expected 4.25",  # the band has ended
    ]
    assert measured.hovertemplate == ("measured %{y:.4g}%{hovertext}<br>at %{x}<extra></extra>")
    assert expected.hoverinfo == "skip" and expected.hovertemplate is None
    assert figure.layout.hovermode == "x"  # a click anywhere finds a timestep


def test_a_band_that_is_stretched_leaves_the_pointer_as_it_was() -> None:
    plain = Course("pH", np.ones(3), mean=np.ones(2), lower=np.ones(2), upper=np.ones(2))
    figure = channel_course(plain)
    assert trace(figure, "measured").hovertext is None
    assert trace(figure, "measured").hovertemplate == "measured %{y:.4g}<br>at %{x}<extra></extra>"
    assert figure.layout.hovermode is None


def test_texts_stay_with_their_timesteps_when_gaps_part_them() -> None:
    values = [1, NAN, 3, NAN, 5, 6]
    figure = channel_course(course(values, reconstruction=np.arange(6.0)))
    points, line = (t for t in figure.data if t.name == "measured")
    assert [text.split("<br>")[1] for text in points.hovertext] == ["expected 0", "expected 2"]
    assert line.hovertext[1] == "" and "expected 4" in line.hovertext[4]


def test_a_band_bridges_where_it_is_unknown_and_vanishes_where_all_is() -> None:
    places = np.arange(5.0)
    lower = np.array([0.0, NAN, 0.0, NAN, NAN])
    figure = channel_course(course(np.ones(5), places, lower=lower))
    assert trace(figure, "good runs").x.tolist() == [0, 2]
    unknown = channel_course(course(np.ones(5), places, lower=np.full(5, NAN)))
    assert [t.name for t in unknown.data] == ["measured"]
    assert channel_course(course(np.ones(5), [])).data[0].name == "measured"


def test_a_band_of_one_point_is_as_wide_as_a_timestep() -> None:
    figure = run_courses([course([2.0], [0.0])], x=[0.0], n_runs=([0.0], [40]))
    assert trace(figure, "good runs, mean").x.tolist() == [-0.5, 0.5]
    assert trace(figure, "measured").mode == "markers"
    counts = trace(figure, "good runs that")
    assert (counts.x.tolist(), counts.y.tolist()) == ([-0.5, 0.5], [40, 40])
    assert figure.layout.xaxis2.tickvals == (0,)


def test_courses_stand_without_a_map() -> None:
    figure = run_courses([course(np.ones(8))] * 2, x_title="% complete", stretch=(1, 2))
    assert {t.type for t in figure.data} == {"scatter"}
    assert figure.layout.xaxis2.title.text == "% complete"
    worst = shapes(figure, "worst")
    assert [s.yref for s in worst] == ["y domain", "y2 domain"]
    assert {s.layer for s in worst} == {"below"} and len({s.fillcolor for s in worst}) == 1


def test_runs_that_contribute_have_a_panel_between_courses_and_map() -> None:
    n = np.array([40, 40, 12, 1])
    figure = run_courses(
        [course(np.ones(4))], np.ones((4, 3)), ["a", "b", "c"], n_runs=(np.arange(4.0), n)
    )
    counts = trace(figure, "good runs that contribute")
    assert counts.y.tolist() == n.tolist() and counts.yaxis == "y2"
    assert counts.line.shape == "hvh" and counts.fill == "tozeroy"
    assert figure.layout.yaxis2.range[0] == 0 and figure.layout.yaxis2.range[1] > 40
    assert "good runs" in counts.hovertemplate
    assert figure.data[-1].type == "heatmap" and figure.data[-1].yaxis == "y3"
    assert said(figure)[1] == "<b>good runs that contribute</b>"


def test_a_selected_time_is_a_line_in_every_panel() -> None:
    figure = run_courses(
        [course(np.ones(4))] * 2, np.ones((4, 1)), ["a"], n_runs=([0.0, 1.0], [2, 2]), at=2.5
    )
    lines = shapes(figure, "selected time")
    assert [s.xref for s in lines] == ["x", "x2", "x3", "x4"]
    assert {(s.x0, s.x1, s.line.dash) for s in lines} == {(2.5, 2.5, "dashdot")}
    assert [s.showlegend for s in lines] == [True, False, False, False]
    for other in (channel_course(course(np.ones(4)), at=0), error_map(np.ones((4, 1)), "a", at=0)):
        assert [s.x0 for s in shapes(other, "selected time")] == [0]
    assert not channel_course(course(np.ones(4))).layout.shapes


def test_a_selected_time_may_be_a_datetime() -> None:
    clock = np.datetime64("2024-02-28T22:00") + np.arange(4) * np.timedelta64(30, "m")
    figure = error_map(np.ones((4, 1)), "a", x=clock, at=clock[1])
    drawn = json.loads(figure.to_json())["layout"]["shapes"]
    assert drawn[0]["x0"].startswith("2024-02-28T22:30")


def test_many_panels_stay_apart_and_some_are_numbered() -> None:
    figure = run_courses([course(np.ones(4))] * 12, n_runs=([0.0, 1.0], [2, 2]))
    domains = [figure.layout[f"yaxis{i or ''}"].domain for i in ["", *range(2, 14)]]
    inner = figure.layout.height - figure.layout.margin.t - figure.layout.margin.b
    gaps = [inner * (a[0] - b[1]) for a, b in pairwise(domains)]
    assert min(gaps) > 40  # pixels for a title, and numbers above it
    assert inner * (domains[0][1] - domains[0][0]) > 100
    numbered = [i for i in range(2, 14) if figure.layout[f"xaxis{i}"].showticklabels is not False]
    assert numbered == [5, 10, 13]


@pytest.mark.parametrize(("width", "name"), [(620, "a" * 39 + "…"), (370, "a" * 14 + "…")])
def test_long_names_end_where_their_panel_does(width: int, name: str) -> None:
    long = Course("a" * 80, np.ones(4), "% of saturation", note="35% of the error")
    figure = run_courses([long], name_width=width)
    assert said(figure) == [f"<b>{name} (% of saturation)</b> · 35% of the error"]


def test_no_channels_are_said_to_be_none() -> None:
    assert said(run_courses([])) == ["no channels"]


# -- map -------------------------------------------------------------------------------------------


def test_a_click_on_a_map_gives_back_the_timestep_that_counts() -> None:
    values = np.zeros((10_000, 2))
    values[5_432, 1] = 7
    heat = error_map(values, ["a", "b"], x=np.arange(10_000) * 0.5).data[0]
    row, column = np.unravel_index(heat.z.argmax(), heat.z.shape)
    assert heat.customdata[row, column] == 5_432
    assert heat.customdata.shape == heat.z.shape
    short = error_map(values[:3], ["a", "b"], x=[0.5, 1.0, 1.5]).data[0]
    assert short.x.tolist() == [0.5, 1.0, 1.5] and short.customdata.tolist() == [[0, 1, 2]] * 2


def test_a_channel_that_was_never_measured_is_a_blank_row_at_the_bottom() -> None:
    values = np.array([[NAN, 1.0, 0], [NAN, 2, 0]])
    heat = error_map(values, ["a", "b", "c"]).data[0]
    assert heat.y[0] == "b"
    np.testing.assert_array_equal(heat.z[heat.y.index("a")], [NAN, NAN])
    assert error_map(np.full((2, 2), NAN), "ab").data[0].zmax == 1


def test_a_map_of_one_timestep_names_no_other() -> None:
    figure = error_map([[1.0, 2.0]], "ab", x=[3.5], stretch=(0, 0))
    assert figure.layout.xaxis.tickvals == (3.5,) and not figure.layout.shapes


def test_a_map_says_how_many_channels_it_leaves_out() -> None:
    values = np.random.default_rng(0).gamma(1, 1, (9, 50))
    figure = error_map(values, [f"c{i}" for i in range(50)])
    assert len(figure.data[0].y) == 25
    assert figure.layout.yaxis.title.text == "the worst 25 of 50 channels"
    assert error_map(values[:, :25], [f"c{i}" for i in range(25)]).layout.yaxis.title.text == ""


# -- bars ------------------------------------------------------------------------------------------


def test_bars_are_shares_of_the_score_the_largest_on_top() -> None:
    figure = contribution_bars([1.0, 6.0, NAN, 3.0, 0.001], list("abcde"), title="at 4 h")
    (bars,) = figure.data
    assert bars.y == ("b", "d", "a", "e") and bars.x.tolist() == [6, 3, 1, 0.001]
    assert bars.text == ("60%", "30%", "10%", "<1%")
    assert bars.customdata == ("b", "d", "a", "e")
    assert figure.layout.yaxis.autorange == "reversed"
    assert figure.layout.title.text == "<b>at 4 h</b>"
    assert figure.layout.xaxis.range[0] == 0 and figure.layout.xaxis.range[1] > 6


@pytest.mark.parametrize(
    ("n", "last"), [(15, "c0"), (16, "c0"), (17, "2 others"), (40, "25 others")]
)
def test_what_has_no_bar_of_its_own_is_summed(n: int, last: str) -> None:
    values = np.arange(1.0, n + 1)
    (bars,) = contribution_bars(values, [f"c{i}" for i in range(n)]).data
    assert len(bars.y) == min(n, 16) and bars.y[-1] == last
    assert bars.x.sum() == pytest.approx(values.sum())
    is_others = "others" in last
    assert bars.marker.pattern.shape[-1] == ("/" if is_others else "")  # not by colour alone
    assert bars.customdata[-1] == ("" if is_others else last)


def test_usual_contributions_are_marked_beside_the_bars() -> None:
    values = np.arange(20.0, 0, -1)
    figure = contribution_bars(values, [f"c{i}" for i in range(20)], usual=[*[50.0] * 19, NAN])
    marks = trace(figure, "mean of the run")
    assert marks.y == trace(figure, "at this time").y
    assert marks.x.tolist() == [50.0] * 15 + [200.0]
    assert figure.layout.xaxis.range[1] > 200 and marks.marker.symbol == "line-ns-open"


@pytest.mark.parametrize(
    ("values", "text"),
    [([NAN, NAN], "nothing was measured"), ([], "nothing was measured"), ([0.0, NAN], "no error")],
)
def test_bars_without_anything_to_show_say_why(values: list[float], text: str) -> None:
    figure = contribution_bars(values, ["a", "b"][: len(values)], usual=values)
    assert said(figure) == [text] and not figure.data


# -- all -------------------------------------------------------------------------------------------

ALL: dict[str, Callable[[], go.Figure]] = {
    "scores": lambda: score_chart(
        SCORES, ids=[EVIL] * 5, verdicts=[EVIL] * 5, selected=[2], keep=True
    ),
    "courses": lambda: run_courses(
        [Course(EVIL, np.ones(3), EVIL, note=EVIL, band_x=np.ones(1))],
        x_title=EVIL,
        band_name=EVIL,
        n_runs=([0.0, 1.0], [2, 1]),
    ),
    "hover": lambda: channel_course(course([1, 2, 3]), band_name=EVIL),
    "map": lambda: error_map(np.ones((3, 30)), [EVIL] * 30, x_title=EVIL),
    "bars": lambda: contribution_bars([1.0, 2.0], [EVIL] * 2, title=EVIL, usual=[1.0, 1.0]),
}


@pytest.mark.parametrize("figure", ALL.values(), ids=ALL)
def test_names_of_users_are_drawn_as_they_stand(figure: Callable[[], go.Figure]) -> None:
    drawn = figure()
    for t in drawn.data:
        assert "customdata" not in (t.hovertemplate or "")  # which a click gives back as it stands
        t.customdata = None
    text = drawn.to_json().replace("\\u003c", "<").replace("\\u003e", ">")
    assert "<a href" not in text and "</script" not in text


@pytest.mark.parametrize("figure", ALL.values(), ids=ALL)
def test_every_figure_has_a_height_a_title_of_its_axis_and_the_template(
    figure: Callable[[], go.Figure],
) -> None:
    drawn = figure()
    assert drawn.layout.height > 100
    assert drawn.layout.template.layout.paper_bgcolor == "white"
    assert any(axis.title.text for axis in drawn.select_xaxes())
