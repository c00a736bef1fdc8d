"""Figures hold the right numbers, and stay readable for few runs, many, gaps, dates and none."""

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import plotly.graph_objects as go
import pytest

from tsad_plugin.figures import (
    CONFIG,
    Course,
    channel_course,
    error_map,
    run_courses,
    run_lengths,
    score_chart,
    score_histogram,
    training_curve,
)
from tsad_plugin.figures.style import MAX_CELLS, MAX_MARKERS, MAX_POINTS, plain, small, thinned

NAN = float("nan")
SCORES = [1.0, 0.8, 3.0, 1.2, 2.0]
OUTLIER = [0, 0, 1, 0, 1]
GOOD = np.random.default_rng(0).normal(1.0, 0.1, 200)
CLOCK = np.datetime64("2024-02-28T22:00") + np.arange(8) * np.timedelta64(30, "m")


def trace(figure: go.Figure, name: str) -> Any:
    """The one trace whose name begins so."""
    (found,) = [t for t in figure.data if (t.name or "").startswith(name)]
    return found


def names(figure: go.Figure) -> list[str]:
    return [t.name for t in figure.data if t.name]


def shapes(figure: go.Figure, name: str) -> list[Any]:
    return [s for s in figure.layout.shapes if (s.name or "").startswith(name)]


def as_json(figure: go.Figure) -> Any:
    return json.loads(figure.to_json())


def said(figure: go.Figure) -> list[str]:
    return [a.text for a in figure.layout.annotations]


# -- scores ----------------------------------------------------------------------------------------


def test_every_run_is_a_mark_in_its_place() -> None:
    figure = score_chart(SCORES, outlier=OUTLIER)
    normal, outliers = trace(figure, "normal run"), trace(figure, "outlier")
    assert normal.x.tolist() == [1, 2, 4]
    np.testing.assert_allclose(normal.y, [1.0, 0.8, 1.2])
    np.testing.assert_allclose(outliers.y, [3.0, 2.0])
    assert outliers.x.tolist() == [3, 5]


def test_outliers_differ_in_shape_too_and_bear_their_rank() -> None:
    figure = score_chart(SCORES, outlier=OUTLIER)
    normal, outliers = trace(figure, "normal run"), trace(figure, "outlier")
    assert normal.marker.symbol != outliers.marker.symbol
    assert normal.marker.color != outliers.marker.color
    assert outliers.text == ("1", "2") and "text" in outliers.mode


def test_the_pointer_tells_id_score_and_label() -> None:
    figure = score_chart(
        SCORES, outlier=OUTLIER, ids=["A", "B", "C", "D", "E"], labels=list("vwxyz"), threshold=1.5
    )
    assert trace(figure, "outlier").hovertext[0] == (
        "<b>C</b><br>score 3 (2.00 × threshold)<br>label: x"
    )


def test_bands_are_the_mean_and_sigmas_of_the_calibration_scores() -> None:
    figure = score_chart(SCORES, calibration=GOOD)
    for k in (1, 2, 3):
        band = trace(figure, f"± {k}σ")
        assert min(band.y) == pytest.approx(GOOD.mean() - k * GOOD.std(ddof=1))
        assert max(band.y) == pytest.approx(GOOD.mean() + k * GOOD.std(ddof=1))
        assert (min(band.x), max(band.x)) == (0.5, 5.5)
    assert trace(figure, "mean of good runs").y == pytest.approx([GOOD.mean()] * 2)


@pytest.mark.parametrize("calibration", [None, [], [1.0], [NAN, 1.0]])
def test_without_calibration_scores_there_are_no_bands(calibration: Any) -> None:
    assert names(score_chart(SCORES, calibration=calibration)) == ["normal run (5)"]


def test_the_threshold_is_a_dashed_line_with_its_value() -> None:
    (line,) = shapes(score_chart(SCORES, threshold=1.5), "threshold 1.5")
    assert (line.y0, line.y1, line.line.dash, line.showlegend) == (1.5, 1.5, "dash", True)


@pytest.mark.parametrize("threshold", [None, NAN, float("inf")])
def test_no_line_stands_for_no_threshold(threshold: float | None) -> None:
    assert not score_chart(SCORES, threshold=threshold).layout.shapes


def test_without_outliers_there_is_no_mark_of_one() -> None:
    assert names(score_chart(SCORES, outlier=[0] * 5)) == ["normal run (5)"]
    assert names(score_chart([2.0], outlier=[True])) == ["outlier, with its rank (1)"]


def test_no_runs_are_said_to_be_none() -> None:
    assert said(score_chart([])) == said(score_histogram([])) == ["no runs"]


@pytest.mark.parametrize(("scores", "kind"), [([1, 1.1, 40], "log"), ([1, 1.1, 4], "linear")])
def test_one_gross_score_makes_the_axis_logarithmic(scores: list[float], kind: str) -> None:
    chart = score_chart(scores, calibration=GOOD, threshold=1.3)
    assert chart.layout.yaxis.type == kind
    assert min(min(t.y) for t in chart.data) > 0 or kind == "linear"
    histogram = score_histogram(scores, calibration=GOOD, threshold=1.3)
    assert histogram.layout.xaxis.type == kind


def test_a_score_of_0_keeps_the_axis_linear() -> None:
    assert score_chart([0.0, 0.1, 40]).layout.yaxis.type == "linear"


def test_few_ids_stand_below_the_axis_and_many_do_not() -> None:
    few = score_chart(SCORES, ids=["a very long name of a run", "b", "c", "d", "e"])
    assert few.layout.xaxis.ticktext == ("a very long nam…", "b", "c", "d", "e")
    many = score_chart(np.ones(100), ids=[f"run {i}" for i in range(100)])
    assert many.layout.xaxis.ticktext is None


def test_of_very_many_runs_the_extreme_ones_are_kept() -> None:
    scores = np.random.default_rng(0).normal(1, 0.1, 50_000)
    scores[[123, 45_678]] = 0.1, 1.9
    shown = trace(score_chart(scores), "normal run (1,000 of 50,000 shown)")
    assert len(shown.x) <= MAX_MARKERS
    assert {124, 45_679} <= set(shown.x.tolist())


def test_a_histogram_shows_shares_of_both_in_the_same_bins() -> None:
    scores = np.array([0.9, 1.0, 1.1, 2.0])
    figure = score_histogram(scores, calibration=GOOD, threshold=1.3)
    good, new = trace(figure, "good runs held out (200)"), trace(figure, "scored runs (4)")
    for outline in (good, new):  # from the floor and back to it
        assert outline.y[1:-1:2].sum() == pytest.approx(100)
        assert outline.y[0] == outline.y[-1] == 0
    np.testing.assert_allclose(new.x, good.x)
    edges = new.x[::2]
    np.testing.assert_allclose(new.y[1:-1:2], 25 * np.histogram(scores, edges)[0])
    assert good.fill and not new.fill  # not by colour alone
    assert shapes(figure, "threshold")[0].x0 == 1.3


@pytest.mark.parametrize("scores", [[1.0], [1.0, 1.0], [0.0, 0.0]])
def test_a_histogram_of_equal_scores_has_one_bar(scores: list[float]) -> None:
    assert sorted(set(score_histogram(scores).data[0].y)) == [0, 100]


# -- courses ---------------------------------------------------------------------------------------


def course(values: Any, **more: Any) -> Course:
    values = np.asarray(values, dtype=float)
    band = {"mean": np.full(3, 1.0), "lower": np.full(3, 0.5), "upper": np.full(3, 1.5)}
    return Course("pH", values, "-", values + 0.1, **{**band, **more})


def test_a_course_shows_run_reconstruction_and_band() -> None:
    figure = channel_course(course([1, 2, 3, 2, 1]))
    measured, expected = trace(figure, "measured"), trace(figure, "reconstruction")
    np.testing.assert_allclose(measured.y, [1, 2, 3, 2, 1])
    np.testing.assert_allclose(expected.y, [1.1, 2.1, 3.1, 2.1, 1.1], rtol=1e-6)
    assert measured.line.dash != expected.line.dash
    upper = trace(figure, "good runs, mean ± 3σ")
    np.testing.assert_allclose(upper.y, 1.5)
    np.testing.assert_allclose(upper.x, [0, 2, 4])  # its phases over the whole run
    assert upper.fill == "tonexty"
    np.testing.assert_allclose(trace(figure, "mean of good runs").y, 1)
    assert figure.layout.yaxis.title.text == "pH (-)"
    assert figure.layout.xaxis.title.text == "timestep"


def test_the_worst_stretch_is_shaded_half_a_timestep_wider_and_framed() -> None:
    hours = 0.5 * np.arange(5)
    (area,) = shapes(channel_course(course([1, 2, 3, 2, 1]), x=hours, stretch=(1, 2)), "worst")
    assert (area.x0, area.x1, area.line.dash) == (0.25, 1.25, "dash")
    (one,) = shapes(channel_course(course([1, 2, 3, 2, 1]), x=hours, stretch=(4, 4)), "worst")
    assert (one.x0, one.x1) == (1.75, 2.25)


def test_timesteps_of_less_than_a_millisecond_stay_apart() -> None:
    ticks = np.datetime64("2024-03-01T08:00:00") + np.arange(8) * np.timedelta64(100, "us")
    course = Course("T", np.arange(8.0), mean=np.zeros(8), lower=-np.ones(8), upper=np.ones(8))
    figure = channel_course(course, x=ticks)
    for name in ("measured", "mean"):
        assert len(set(np.asarray(trace(figure, name).x).tolist())) == 8
    assert len(set(error_map(np.ones((8, 2)), "ab", x=ticks).data[0].x.tolist())) == 8


def test_a_threshold_of_nothing_has_no_multiples() -> None:
    texts = trace(score_chart([1.0, 2.0], threshold=2.2e-308), "normal").hovertext
    assert texts.tolist() == ["<b>0</b><br>score 1", "<b>1</b><br>score 2"]


def test_points_between_gaps_are_markers_and_neighbours_a_line() -> None:
    figure = channel_course(course([1, NAN, 3, NAN, 5, 6, NAN, NAN]))
    points, line = (t for t in figure.data if t.name == "measured")
    assert (points.mode, line.mode) == ("markers", "lines")
    assert points.x.tolist() == [0, 2] and points.y.tolist() == [1, 3]
    np.testing.assert_array_equal(line.y, [NAN, NAN, NAN, NAN, 5, 6, NAN, NAN])
    assert (points.showlegend, line.showlegend) == (False, True)


def test_a_channel_of_samples_has_no_line_and_is_still_in_the_legend() -> None:
    figure = channel_course(course([1, NAN, 3, NAN, 5]))
    measured, expected = trace(figure, "measured"), trace(figure, "reconstruction")
    assert measured.mode == expected.mode == "markers"
    assert measured.showlegend and measured.marker.symbol != expected.marker.symbol
    assert expected.x.tolist() == [0, 2, 4]  # where nothing was measured it means nothing


def test_a_channel_without_any_value_draws_only_the_band() -> None:
    assert set(names(channel_course(course([NAN] * 4)))) == {
        "good runs, mean ± 3σ", "mean of good runs",
    }  # fmt: skip


def test_datetimes_stay_datetimes() -> None:
    figure = channel_course(course(np.arange(8)), x=CLOCK, x_title="time", stretch=(2, 3))
    drawn = as_json(figure)
    by_name = {t.get("name"): t for t in drawn["data"]}
    assert by_name["measured"]["x"][:2] == ["2024-02-28T22:00:00", "2024-02-28T22:30:00"]
    assert by_name["mean of good runs"]["x"] == [
        "2024-02-28T22:00:00", "2024-02-28T23:45:00", "2024-02-29T01:30:00",
    ]  # fmt: skip
    (area,) = drawn["layout"]["shapes"]
    assert (area["x0"], area["x1"]) == ("2024-02-28T22:45:00", "2024-02-28T23:45:00")


def test_a_long_run_is_thinned_but_keeps_peaks_and_gaps() -> None:
    values = np.sin(np.linspace(0, 20, 10_000))
    values[7_777], values[3_000:4_000] = 9, NAN
    line = trace(channel_course(course(values)), "measured")
    assert len(line.x) <= MAX_POINTS and line.y.dtype == np.float32
    assert np.nanmax(line.y) == 9
    inside = (line.x > 3_100) & (line.x < 3_900)
    assert inside.any() and np.isnan(line.y[inside]).all()


def test_one_timestep_is_a_mark_on_a_band_as_wide_as_it() -> None:
    flat = {"mean": np.array([1.0]), "lower": np.array([0.5]), "upper": np.array([1.5])}
    figure = channel_course(course([2], **flat), stretch=(0, 0))
    np.testing.assert_allclose(trace(figure, "good runs").x, [-0.5, 0.5])
    assert trace(figure, "measured").mode == "markers"
    assert not figure.layout.shapes


def test_a_course_needs_neither_band_nor_reconstruction() -> None:
    assert names(channel_course(Course("T", np.arange(3.0)))) == ["measured"]
    assert said(channel_course(Course("T", np.empty(0)))) == ["no timesteps"]


# -- error maps ------------------------------------------------------------------------------------


def test_a_map_has_the_worst_channel_on_top() -> None:
    values = np.array([[0.1, 1, 0], [0.2, 2, 0], [0.3, 9, 0.1]])
    figure = error_map(values, ["a", "b", "c"])
    (heat,) = figure.data
    assert heat.y == ("b", "a", "c") and figure.layout.yaxis.autorange == "reversed"
    np.testing.assert_allclose(heat.z, values.T[[1, 0, 2]], rtol=1e-6)
    np.testing.assert_allclose(heat.x, [0, 1, 2])
    assert (heat.zmin, heat.zmax) == (0, 9)


def test_a_map_is_blank_where_nothing_was_measured() -> None:
    heat = error_map([[1, NAN], [NAN, NAN]], ["a", "b"]).data[0]
    np.testing.assert_array_equal(heat.z, [[1, NAN], [NAN, NAN]])


def test_a_map_of_a_long_run_keeps_the_worst_of_each_column() -> None:
    values = np.zeros((10_000, 2))
    values[5_432, 1] = 7
    heat = error_map(values, ["a", "b"]).data[0]
    assert heat.z.shape == (2, MAX_CELLS) and heat.z.max() == 7
    column = int(heat.z[0].argmax())
    assert abs(heat.x[column] - 5_432) <= 25


def test_a_map_shows_the_worst_of_many_channels() -> None:
    values = np.tile(np.arange(40.0), (3, 1))
    heat = error_map(values, [f"c{i}" for i in range(40)]).data[0]
    assert heat.y == tuple(f"c{i}" for i in range(39, 14, -1))


def test_channels_that_look_alike_when_shortened_keep_rows_of_their_own() -> None:
    channels = ["the same long beginning of a name " + end for end in "abc"]
    heat = error_map(np.ones((2, 3)), channels).data[0]
    assert len(set(heat.y)) == 3 and max(map(len, heat.y)) <= 24


def test_a_map_gets_darker_without_a_step_back() -> None:
    heat = error_map(np.ones((2, 2)), ["a", "b"]).data[0]
    colours = [np.array(c[4:-1].split(","), dtype=float) for _, c in heat.colorscale]
    lightness = np.array(colours) @ [0.299, 0.587, 0.114]
    assert (np.diff(lightness) < 0).all()  # so that it survives a black-and-white printer


def test_a_map_without_error_or_timesteps_is_one() -> None:
    assert error_map(np.zeros((3, 2)), ["a", "b"]).data[0].zmax == 1
    assert said(error_map(np.empty((0, 2)), ["a", "b"])) == ["no timesteps"]


def test_courses_stand_above_the_map_on_one_axis() -> None:
    courses = [course(np.arange(8.0), note="80% of the error"), course(np.ones(8))]
    figure = run_courses(
        courses, np.ones((8, 3)), ["a", "b", "c"], x=CLOCK, x_title="time", stretch=(1, 2)
    )
    assert said(figure)[:2] == ["<b>pH (-)</b> · 80% of the error", "<b>pH (-)</b>"]
    assert {t.yaxis for t in figure.data} == {"y", "y2", "y3"}
    assert figure.data[-1].type == "heatmap"
    assert figure.layout.xaxis.matches == figure.layout.xaxis2.matches == "x3"
    assert figure.layout.xaxis3.title.text == "time"
    assert [s.yref for s in shapes(figure, "worst")] == ["y domain", "y2 domain", "y3 domain"]
    in_legend = [t.name for t in figure.data if t.showlegend]
    assert sorted(in_legend) == sorted(set(in_legend))
    assert sum(s.showlegend for s in figure.layout.shapes) == 1


# -- lengths and training --------------------------------------------------------------------------


def test_runs_left_out_are_diamonds_outside_the_limits() -> None:
    lengths = np.array([10, 11, 10, 30, 11, 10])
    kept = lengths < 20
    figure = run_lengths(lengths, trained_on=kept, left_out=["B-4"], length_sigma=2)
    trained, other = trace(figure, "trained on (5)"), trace(figure, "left out of training (1)")
    assert trained.y.tolist() == [10, 11, 10, 11, 10] and other.y.tolist() == [30]
    assert other.text == ("<b>B-4</b>: ",) and other.x.tolist() == [4]
    assert trained.marker.symbol != other.marker.symbol
    limits = [line.y0 for line in shapes(figure, "mean ± 2σ")]
    spread = 2 * lengths.std()
    assert limits == pytest.approx([lengths.mean() - spread, lengths.mean() + spread])
    assert shapes(figure, "mean 13.7")[0].y0 == pytest.approx(lengths.mean())


def test_bands_are_not_turned_over_on_an_axis_without_0() -> None:
    calibration = 1 + 0.01 * np.random.default_rng(0).normal(size=50)
    figure = score_chart([2, 2, 2, 2, 50], calibration=calibration, threshold=1.5)
    assert figure.layout.yaxis.type == "log"
    for k in (1, 2, 3):
        low, _, high, _ = trace(figure, f"± {k}σ").y
        assert 0 < low < high


def test_a_missing_label_is_not_shown() -> None:
    figure = score_chart([1.0, 1.1], labels=[None, "good"], ids=["a", "b"])
    texts = [text for t in figure.data for text in t.hovertext]
    assert [("label" in text) for text in texts] == [False, True]


def test_new_runs_stand_on_the_right_in_a_shape_of_their_own() -> None:
    figure = run_lengths([10, 11, 12], new=[9, 20], new_ids=["x", "<y>"])
    new = trace(figure, "new runs (2)")
    assert new.y.tolist() == [9, 20] and min(new.x) > 3
    assert new.text == ("<b>x</b>: ", "<b>&lt;y&gt;</b>: ")
    assert new.marker.symbol not in ("circle", "diamond")


@pytest.mark.parametrize("length_sigma", [None, 2.0])
def test_equal_lengths_or_no_limit_draw_the_mean_alone(length_sigma: float | None) -> None:
    figure = run_lengths([10, 10] if length_sigma else [10, 12], length_sigma=length_sigma)
    assert [s.name for s in figure.layout.shapes] == [f"mean {10 if length_sigma else 11}.0"]
    assert said(run_lengths([])) == ["no training runs"]


def history(losses: list[float], checked: list[float]) -> list[dict[str, float]]:
    pairs = enumerate(zip(losses, checked, strict=True))
    return [{"epoch": i, "loss": a, "validation_loss": b} for i, (a, b) in pairs]


def test_losses_go_over_epochs_from_1_and_the_best_is_marked() -> None:
    figure = training_curve(history([4, 2, 1, 0.5], [5, 3, 2, 2.5]))
    assert trace(figure, "training runs").x.tolist() == [1, 2, 3, 4]
    assert trace(figure, "training runs").y.tolist() == [4, 2, 1, 0.5]
    assert trace(figure, "validation runs").y.tolist() == [5, 3, 2, 2.5]
    assert trace(figure, "kept: epoch 3").y.tolist() == [2]
    assert figure.layout.yaxis.type == "log"


def test_without_validation_there_is_one_curve() -> None:
    assert names(training_curve(history([4, 2], [NAN, NAN]))) == ["training runs"]
    assert names(training_curve([{"epoch": 0, "loss": 1.0}])) == ["training runs"]
    assert training_curve(history([1, 0], [NAN, NAN])).layout.yaxis.type != "log"
    assert said(training_curve([])) == ["no epochs"]


# -- all -------------------------------------------------------------------------------------------

EVIL = "<b>x</b> & </script><a href='http://evil'>"
ALL: dict[str, Callable[[], go.Figure]] = {
    "scores": lambda: score_chart(SCORES, outlier=OUTLIER, ids=[EVIL] * 5, labels=[EVIL] * 5),
    "histogram": lambda: score_histogram(SCORES, calibration=GOOD, threshold=1.0),
    "course": lambda: channel_course(Course(EVIL, np.ones(3), EVIL), x_title=EVIL),
    "courses": lambda: run_courses(
        [Course(EVIL, np.ones(3), EVIL, note=EVIL)], np.ones((3, 1)), [EVIL]
    ),
    "map": lambda: error_map(np.ones((3, 1)), [EVIL], x_title=EVIL),
    "lengths": lambda: run_lengths([3, 4], trained_on=[1, 0], left_out=[EVIL], new=[3]),
    "training": lambda: training_curve(history([2, 1], [2, 1])),
}


@pytest.mark.parametrize("figure", ALL.values(), ids=ALL)
def test_names_of_users_are_drawn_as_they_stand(figure: Callable[[], go.Figure]) -> None:
    drawn = figure()
    # What a click gives back is not drawn, unless the pointer shows it.
    clicked = [t for t in drawn.data if "customdata" not in (t.hovertemplate or "customdata")]
    for t in clicked:
        t.customdata = None
    text = drawn.to_json().replace("\\u003c", "<").replace("\\u003e", ">")
    assert "<a href" not in text and "</script" not in text


@pytest.mark.parametrize("figure", ALL.values(), ids=ALL)
def test_every_figure_has_a_height_and_the_template_of_all(figure: Callable[[], go.Figure]) -> None:
    layout = figure().layout
    assert layout.height > 100 and layout.template.layout.paper_bgcolor == "white"


@pytest.mark.parametrize("figure", ALL.values(), ids=ALL)
def test_the_lowest_axis_has_a_title(figure: Callable[[], go.Figure]) -> None:
    drawn = figure()
    assert any(axis.title.text for axis in drawn.select_xaxes())


def test_nothing_is_sent_anywhere_and_no_logo_shown() -> None:
    assert not CONFIG["displaylogo"] and not CONFIG["showSendToCloud"]
    assert CONFIG["plotlyServerURL"] == ""


def test_plain_text_is_short_and_harmless() -> None:
    assert plain("a\n b") == "a b"
    assert plain("<b>&") == "&lt;b&gt;&amp;"
    assert plain("x" * 99, most=10) == "x" * 9 + "…"


def test_single_precision_is_used_where_it_draws_the_same() -> None:
    assert small([1.0, 2.0]).dtype == np.float32 and small([NAN]).dtype == np.float32
    large = np.array([1e9, 1e9 + 1])
    np.testing.assert_array_equal(small(large), large)
    assert np.isfinite(small([1e300, 0.0])).all()


def test_thinning_keeps_every_extreme_of_every_stretch() -> None:
    values = np.random.default_rng(0).normal(size=1_000)
    kept = values[thinned(values, 100)]
    for part in np.array_split(values, 50):
        assert {part.min(), part.max()} <= set(kept)
    assert thinned(values[:50], 100).tolist() == list(range(50))
