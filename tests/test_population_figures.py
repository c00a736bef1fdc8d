"""Figures of a population: bands with runs over them, numbers of runs, missing values."""

from collections.abc import Callable
from typing import Any

import numpy as np
import plotly.graph_objects as go
import pytest

from tsad_plugin.figures import (
    MOST_LINES,
    Bands,
    RunLine,
    channel_bands,
    missing_map,
    summary_chart,
)
from tsad_plugin.figures.style import MAX_CELLS, MAX_MARKERS, MAX_POINTS

NAN = float("nan")
EVIL = "<b>x</b> & </script><a href='http://evil'>"
X = np.arange(5.0)
GOOD = Bands(X, np.column_stack([X, 10 * X]), np.column_stack([X * 0 + 1.0, X * 0 + 2.0]))
CLOCK = np.datetime64("2026-03-01T08:00") + np.arange(6) * np.timedelta64(7, "h")


def by_uid(figure: go.Figure) -> dict[str, Any]:
    """Traces by their `uid`, which no two share."""
    found = {t.uid: t for t in figure.data}
    assert len(found) == len(figure.data)
    return found


def line(run: str, values: Any, x: Any = X) -> RunLine:
    return RunLine(run, np.asarray(x), np.asarray(values, dtype=float))


def said(figure: go.Figure) -> list[str]:
    return [a.text for a in figure.layout.annotations]


def shapes(figure: go.Figure, name: str) -> list[float]:
    return [s.y0 for s in figure.layout.shapes if s.name.startswith(name)]


# -- bands ---------------------------------------------------------------------------------------


def test_each_channel_has_a_panel_with_its_band() -> None:
    figure = channel_bands(GOOD, ["T", "p"], ["°C", ""], k=2, x_title="elapsed time (h)")
    assert said(figure) == ["<b>T (°C)</b>", "<b>p</b>"]
    traces = by_uid(figure)
    for c, axis in enumerate(["y", "y2"]):
        lower, upper, mean = (traces[f"good-{part}-{c}"] for part in ("lower", "upper", "mean"))
        assert {lower.yaxis, upper.yaxis, mean.yaxis} == {axis}
        np.testing.assert_allclose(mean.y, GOOD.mean[:, c])
        np.testing.assert_allclose(upper.y, GOOD.mean[:, c] + 2 * GOOD.std[:, c])
        np.testing.assert_allclose(lower.y, GOOD.mean[:, c] - 2 * GOOD.std[:, c])
    assert [t.name for t in figure.data if t.showlegend] == [
        *("good runs, mean ± 2σ", "mean of good runs"),  # once for all panels
    ]


@pytest.mark.parametrize(("n", "shape"), [(1, (1, 1)), (2, (1, 2)), (4, (2, 2)), (12, (4, 3))])
def test_panels_stand_in_rows_and_the_lowest_name_the_axis(n: int, shape: tuple[int, int]) -> None:
    good = Bands(X, np.ones((5, n)), np.ones((5, n)))
    figure = channel_bands(good, [f"c{i}" for i in range(n)], x_title="timestep")
    domains = [axis.domain for axis in figure.select_yaxes()]
    assert (len(set(domains)), domains.count(domains[0])) == shape
    titles = [bool(axis.title.text) for axis in figure.select_xaxes()]
    assert titles == [False] * (n - shape[1]) + [True] * shape[1]


def test_with_five_channels_every_column_names_its_axis() -> None:
    good = Bands(X, np.ones((5, 5)), np.ones((5, 5)))
    figure = channel_bands(good, list("abcde"))
    assert [bool(axis.title.text) for axis in figure.select_xaxes()] == [False, False] + [True] * 3
    assert figure.layout.xaxis3.showticklabels and figure.layout.xaxis5.showticklabels


def test_runs_differ_in_colour_and_dash_and_give_back_their_names() -> None:
    runs = [line(f"B-{i}", np.ones((5, 2)) * i) for i in range(MOST_LINES)]
    figure = channel_bands(GOOD, ["T", "p"], lines=runs)
    drawn = [t for t in figure.data if t.uid.startswith("run-")]
    looks = {(t.line.color, t.line.dash) for t in drawn}
    assert len(drawn) == 2 * MOST_LINES and len(looks) == MOST_LINES
    for t in drawn:
        assert t.customdata == (t.name,) * 5 and t.yaxis in ("y", "y2")
    assert [t.name for t in drawn if t.showlegend] == [f"B-{i}" for i in range(MOST_LINES)]
    assert drawn[0].line.width > drawn[2].line.width == drawn[-1].line.width


def test_more_runs_than_an_eye_can_follow_are_refused() -> None:
    runs = [line(str(i), np.ones((5, 2))) for i in range(MOST_LINES + 1)]
    with pytest.raises(ValueError, match="at most 20 runs can be told apart, got 21: pass a group"):
        channel_bands(GOOD, ["T", "p"], lines=runs)


@pytest.mark.parametrize("k", [0, -1, NAN])
def test_a_band_of_no_width_is_refused(k: float) -> None:
    with pytest.raises(ValueError, match="k must be above 0"):
        channel_bands(GOOD, ["T", "p"], k=k)


def test_what_is_measured_alone_is_a_mark_and_gaps_stay_gaps() -> None:
    values = np.column_stack([[1, 2, NAN, 3, NAN], [NAN] * 5])
    figure = channel_bands(GOOD, ["T", "p"], lines=[line("B", values)])
    traces = by_uid(figure)
    np.testing.assert_array_equal(traces["run-0-0-lines"].y, [1, 2, NAN, NAN, NAN])
    marks = traces["run-0-0-markers"]
    assert (marks.x.tolist(), marks.y.tolist(), marks.customdata) == ([3], [3], ("B",))
    assert not any(uid.startswith("run-0-1") for uid in traces)  # nothing was measured
    assert [t.name for t in figure.data if t.showlegend].count("B") == 1


def test_the_legend_says_which_dots_belong_to_which_line() -> None:
    sparse = np.column_stack([np.ones(5), [1, NAN, 2, NAN, 3]])
    runs = [line(f"B-{i}", sparse) for i in range(MOST_LINES)]
    figure = channel_bands(GOOD, ["T", "p"], lines=runs)
    traces, looks = by_uid(figure), set()
    for i, run in enumerate(runs):
        told = traces[f"run-{i}"]
        assert told.showlegend and (told.name, told.mode) == (run.run, "lines+markers")
        assert told.line == traces[f"run-{i}-0-lines"].line
        assert told.marker == traces[f"run-{i}-1-markers"].marker
        looks.add((told.marker.color, told.marker.symbol))
    assert len(looks) == MOST_LINES
    assert [t.name for t in figure.data if t.showlegend][2:] == [run.run for run in runs]


def test_many_long_runs_are_thinned_but_keep_their_peaks() -> None:
    rng = np.random.default_rng(0)
    x = np.arange(2000.0)
    runs = [line(str(i), rng.normal(size=(2000, 2)), x) for i in range(MOST_LINES)]
    figure = channel_bands(GOOD, ["T", "p"], lines=runs)
    for i, run in enumerate(runs):
        drawn = by_uid(figure)[f"run-{i}-1-lines"]
        assert len(drawn.y) <= MAX_POINTS
        assert drawn.y.max() == np.float32(run.values[:, 1].max())


def test_a_crowd_is_a_second_band_that_looks_otherwise() -> None:
    group = Bands(X, GOOD.mean + 1, GOOD.std / 2)
    figure = channel_bands(GOOD, ["T", "p"], group=group, group_name="62 selected runs, mean ± σ")
    traces = by_uid(figure)
    np.testing.assert_allclose(traces["group-upper-1"].y, group.mean[:, 1] + group.std[:, 1])
    assert traces["group-upper-0"].name == "62 selected runs, mean ± σ"
    assert (
        traces["group-upper-0"].fillpattern.shape and not traces["good-upper-0"].fillpattern.shape
    )
    assert traces["group-mean-0"].line.dash != traces["good-mean-0"].line.dash


def test_the_pointer_tells_mean_and_sigma_where_no_line_is_in_its_way() -> None:
    alone = by_uid(channel_bands(GOOD, ["T", "p"], k=2))["good-mean-1"]
    assert alone.text == ("2",) * 5 and "σ %{text}" in alone.hovertemplate
    with_run = channel_bands(GOOD, ["T", "p"], lines=[line("B", np.ones((5, 2)))])
    assert by_uid(with_run)["good-mean-1"].hoverinfo == "skip"


def test_the_traces_of_the_band_come_first_so_that_they_can_be_patched() -> None:
    runs = [line("B", np.ones((5, 2)))]
    bare, full = (channel_bands(GOOD, ["T", "p"], lines=drawn, group=GOOD) for drawn in ([], runs))
    uids = [t.uid for t in full.data]
    assert [t.uid for t in bare.data] == uids[: len(bare.data)]
    assert all(uid.startswith("good-") for uid in uids[:6])


def test_a_channel_that_is_nowhere_known_has_an_empty_panel() -> None:
    mean = np.column_stack([[NAN] * 5, X])
    figure = channel_bands(Bands(X, mean, np.ones((5, 2))), ["T", "p"])
    assert {t.yaxis for t in figure.data} == {"y2"} and len(said(figure)) == 2
    assert sum(bool(t.showlegend) for t in figure.data) == 2


def test_a_band_of_one_point_is_as_wide_as_a_timestep() -> None:
    good = Bands(np.zeros(1), np.ones((1, 1)), np.ones((1, 1)))
    mean = by_uid(channel_bands(good, ["T"]))["good-mean-0"]
    assert mean.x.tolist() == [-0.5, 0.5] and mean.y.tolist() == [1, 1]


def test_without_channels_the_figure_says_so() -> None:
    assert said(channel_bands(Bands(X, np.ones((5, 0)), np.ones((5, 0))), [])) == ["no channels"]


# -- one number of each run ------------------------------------------------------------------------

VALUES = [3.0, 1.0, NAN, 4.0, 1.5, 9.0]
IDS = [f"B-{i}" for i in range(6)]


def test_numbers_stand_at_the_start_of_their_runs() -> None:
    figure = summary_chart(
        VALUES, title="mean of T (°C)", ids=IDS, starts=CLOCK, outlier=[0, 0, 0, 0, 0, 1]
    )
    traces = by_uid(figure)
    normal, outlier = traces["normal"], traces["outlier"]
    assert (list(normal.customdata), list(outlier.customdata)) == (
        ["B-0", "B-1", "B-3", "B-4"],
        ["B-5"],
    )
    assert normal.y.tolist() == [3, 1, 4, 1.5]
    assert [np.datetime64(x) for x in normal.x] == CLOCK[[0, 1, 3, 4]].tolist()
    assert outlier.marker.symbol == "diamond" != normal.marker.symbol
    assert figure.layout.yaxis.title.text == "mean of T (°C)"
    assert figure.layout.xaxis.title.text == "start of the run"


def test_without_dates_runs_stand_in_the_order_of_the_data() -> None:
    figure = summary_chart(VALUES, title="score", ids=IDS)
    assert by_uid(figure)["normal"].x.tolist() == [1, 2, 4, 5, 6]
    assert "order of the data" in figure.layout.xaxis.title.text


def test_selected_runs_have_rings_that_let_the_click_through() -> None:
    figure = summary_chart(VALUES, title="score", ids=IDS, selected=[2, 3])
    ring = by_uid(figure)["selected"]
    assert ring.customdata.tolist() == ["B-3"]  # the other has no value
    assert ring.marker.symbol == "circle-open" and ring.hoverinfo == "skip"
    other = summary_chart(VALUES, title="score", ids=IDS, selected=[3])
    revisions = {f.layout.selectionrevision for f in (figure, other)}
    assert len(revisions) == 2  # what a lasso drew goes away
    assert figure.layout.uirevision == other.layout.uirevision  # and a zoom stays


def test_the_median_rolls_over_the_calendar_not_over_the_data() -> None:
    rng = np.random.default_rng(0)
    order = rng.permutation(200)
    values = rng.normal(size=200)
    starts = np.datetime64("2026-01-01") + order * np.timedelta64(1, "D")
    median = by_uid(summary_chart(values, title="x", ids=list(map(str, order)), starts=starts))[
        "median"
    ]
    assert median.name == "median of 11 runs"
    in_time = values[np.argsort(order)]
    naive = [np.median(in_time[max(i - 5, 0) : i + 6]) for i in range(200)]
    np.testing.assert_allclose(median.y, naive, rtol=1e-6)
    assert list(median.x) == sorted(median.x)


def test_few_runs_have_no_median() -> None:
    assert "median" not in by_uid(summary_chart(VALUES[:5], title="x", ids=IDS[:5]))
    assert "median" in by_uid(summary_chart(VALUES, title="x", ids=IDS))


def test_good_runs_are_drawn_as_mean_and_three_sigma() -> None:
    good = [1.0, 2.0, 4.0, NAN]
    figure = summary_chart(VALUES, title="x", ids=IDS, good=good)
    mean, sigma = np.mean(good[:3]), np.std(good[:3], ddof=1)
    assert shapes(figure, "mean of good runs") == [pytest.approx(mean)]
    assert shapes(figure, "good runs, mean ± 3σ") == pytest.approx(
        [mean - 3 * sigma, mean + 3 * sigma]
    )
    assert not summary_chart(VALUES, title="x", ids=IDS, good=[1.0]).layout.shapes


def test_a_logarithmic_axis_has_no_limit_below_zero() -> None:
    figure = summary_chart(VALUES, title="x", ids=IDS, good=[1.0, 9.0], log=True)
    assert figure.layout.yaxis.type == "log"
    (upper,) = shapes(figure, "good runs, mean ± 3σ")
    assert upper > 5 and figure.layout.shapes[-1].showlegend


def test_of_ten_thousand_runs_those_are_drawn_that_make_the_same_cloud() -> None:
    rng = np.random.default_rng(0)
    values, starts = rng.normal(size=10_000), CLOCK[0] + rng.permutation(10_000)
    ids = [str(i) for i in range(10_000)]
    figure = summary_chart(values, title="x", ids=ids, starts=starts, selected=range(5000))
    traces = by_uid(figure)
    normal = traces["normal"]
    assert len(normal.x) == len(normal.customdata) <= MAX_MARKERS
    assert normal.name == f"normal run ({len(normal.x):,} of 10,000 shown)"
    assert normal.y.max() == np.float32(values.max()) and normal.y.min() == np.float32(values.min())
    for month in np.array_split(np.argsort(starts), 10):  # its peaks stand everywhere
        top = month[np.argmax(values[month])]
        assert str(top) in normal.customdata
    assert len(traces["selected"].x) <= MAX_MARKERS and len(traces["median"].x) <= MAX_POINTS
    assert all(t.type == "scatter" for t in figure.data)  # pages forbid what WebGL needs


@pytest.mark.parametrize("values", [[], [NAN, NAN]])
def test_where_no_run_has_a_value_the_figure_says_so(values: list[float]) -> None:
    figure = summary_chart(values, title="duration", ids=IDS[: len(values)], selected=[])
    assert said(figure) == ["no run has a value"] and not figure.data


# -- missing values --------------------------------------------------------------------------------


def test_the_map_shows_shares_and_names_the_worst_channel_first() -> None:
    shares = np.array([[0, 0.5], [0.1, 0], [0, 0.25]])
    figure = missing_map(shares, ["T", "p"], ["A", "B", "C"])
    (cells,) = figure.data
    assert cells.y == ("p 25.0 %", "T 3.3 %") and cells.x.tolist() == [1, 2, 3]
    np.testing.assert_allclose(cells.z, [[50, 0, 25], [0, 10, 0]])
    assert [list(row) for row in cells.customdata] == [["A", "B", "C"]] * 2


def test_a_long_run_weighs_more_in_the_share_of_a_channel() -> None:
    figure = missing_map([[0.5], [0.0]], ["T"], ["A", "B"], lengths=[300, 100])
    assert figure.data[0].y == ("T 37.5 %",)


@pytest.mark.parametrize(
    ("share", "shown"), [(0.0, "0.0 %"), (0.0001, "&lt; 0.1 %"), (0.0005, "0.1 %"), (1, "100.0 %")]
)
def test_a_small_share_is_not_rounded_to_none(share: float, shown: str) -> None:
    figure = missing_map([[share, 1.0]], ["T", "p"], ["A"])
    assert f"T {shown}" in figure.data[0].y


def test_of_runs_that_share_a_column_the_worst_counts() -> None:
    n = 3 * MAX_CELLS + 7
    shares = np.random.default_rng(0).random((n, 2))
    figure = missing_map(shares, ["T", "p"], [f"B-{i}" for i in range(n)])
    (cells,) = figure.data
    assert cells.z.shape == (2, MAX_CELLS)
    parts = np.array_split(np.arange(n), MAX_CELLS)
    channels = [name.split()[0] for name in cells.y]
    for row, name in enumerate(channels):
        column = shares[:, ["T", "p"].index(name)]
        for place, part in enumerate(parts):
            worst = max(part, key=lambda i: column[i])
            assert cells.customdata[row][place] == f"B-{worst}"
            assert cells.z[row, place] == pytest.approx(100 * column[worst], rel=1e-6)
            assert cells.x[place] == (part[0] + part[-1]) / 2 + 1


def test_of_many_channels_the_worst_are_shown() -> None:
    shares = np.tile(np.arange(40) / 100, (3, 1))
    figure = missing_map(shares, [f"c{i}" for i in range(40)], list("ABC"))
    assert [name.split()[0] for name in figure.data[0].y] == [f"c{i}" for i in range(39, 14, -1)]
    assert figure.layout.yaxis.title.text == "the worst 25 of 40 channels"


@pytest.mark.parametrize("shares", [np.zeros((3, 2)), np.zeros((0, 2))])
def test_where_nothing_is_missing_the_map_says_so(shares: Any) -> None:
    figure = missing_map(shares, ["T", "p"], list("ABC")[: len(shares)])
    assert said(figure) == ["no value is missing"] and not figure.data


# -- all -----------------------------------------------------------------------------------------

ALL: dict[str, Callable[[], go.Figure]] = {
    "bands": lambda: channel_bands(
        GOOD,
        [EVIL, "p"],
        [EVIL, ""],
        lines=[line(EVIL, np.ones((5, 2)))],
        group=GOOD,
        group_name=EVIL,
        x_title=EVIL,
    ),
    "numbers": lambda: summary_chart(VALUES, title=EVIL, ids=[EVIL] * 6, selected=[1]),
    "missing": lambda: missing_map([[0.5]], [EVIL], [EVIL], x_title=EVIL),
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


@pytest.mark.parametrize(("n", "step"), [(2, 1), (8, 1), (9, None)])
def test_of_few_runs_no_tick_is_between_two(n: int, step: int | None) -> None:
    share, ids = np.full((n, 2), 0.5), [f"B-{i}" for i in range(n)]
    numbers = summary_chart(share[:, 0], title="T", ids=ids)
    for figure in (missing_map(share, ["T", "p"], ids), numbers):
        assert figure.layout.xaxis.dtick == step
