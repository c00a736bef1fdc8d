"""Figures of long series say what the data say, however long the series are."""

from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import pytest

from tsad_plugin.figures import correlation_map, fleet, timeline
from tsad_plugin.figures.bins import Bins
from tsad_plugin.figures.timeline import MAX_BANDS, MAX_CHANNELS

NAN = float("nan")
CLOCK = np.datetime64("2024-03-01T00:00") + np.arange(100) * np.timedelta64(30, "m")
SEGMENTS = pd.DataFrame({"start": [20, 60], "end": [50, 100], "mode": ["faulty", "failed"]})


def series(n: int = 100, n_channels: int = 2) -> Any:
    return np.random.default_rng(0).normal(size=(n, n_channels)) + np.arange(n_channels)


def drawn(**more: Any) -> go.Figure:
    values = series()
    return timeline(values, np.abs(values[:, 0]) + 0.1, ["T", "p"], **more)


def lines(figure: go.Figure, name: str = "measured") -> list[Any]:
    return [t for t in figure.data if t.name == name]


def bands(figure: go.Figure, mode: str) -> list[Any]:
    return [s for s in figure.layout.shapes if s.name == mode]


def said(figure: go.Figure) -> list[str]:
    return [a.text for a in figure.layout.annotations]


def naive_extremes(values: Any, width: int) -> list[float]:
    """Lowest and highest of each bin in their order, one by one."""
    found = []
    for start in range(0, len(values), width):
        part = [(v, i) for i, v in enumerate(values[start : start + width]) if not np.isnan(v)]
        if not part:
            found += [NAN, NAN]
            continue
        low, high = min(part, key=lambda p: (p[0], p[1])), min(part, key=lambda p: (-p[0], p[1]))
        found += [p[0] for p in sorted((low, high), key=lambda p: p[1])]
    return found


# -- thinning --------------------------------------------------------------------------------------


def test_bins_keep_the_extremes_of_every_stretch_in_their_order() -> None:
    values = np.random.default_rng(1).normal(size=1003)
    values[200:260] = NAN
    values[[5, 900]] = 40, -40
    bins = Bins.of(1003, 100)
    found = bins.thinned(values)
    np.testing.assert_array_equal(found, naive_extremes(values, bins.width))
    assert len(found) <= 100 and len(found) == len(bins.positions)
    assert (found.min(initial=0, where=~np.isnan(found)), np.nanmax(found)) == (-40, 40)


def test_a_short_series_stays_as_it_is() -> None:
    values = np.array([1.0, NAN, 3.0])
    assert Bins.of(3, 4).width == 1
    np.testing.assert_array_equal(Bins.of(3, 4).thinned(values), values)


@pytest.mark.parametrize("n", [1, 2, 99, 100, 101, 4000, 4001, 220_320])
def test_there_are_never_more_values_than_asked_for(n: int) -> None:
    bins = Bins.of(n, 100)
    assert len(bins.thinned(np.zeros(n))) == len(bins.positions) <= 100
    assert bins.positions[0] >= 0


def test_even_times_are_a_start_and_a_step() -> None:
    axis = Bins.of(100, 1000).axis(CLOCK)
    assert axis == {"x0": "2024-03-01T00:00:00.000000", "dx": 1_800_000}
    assert Bins.of(100, 1000).axis(np.arange(100)) == {"x0": 0, "dx": 1}
    assert Bins.of(100, 50).axis(2.0 * np.arange(100)) == {"x0": 1.0, "dx": 4.0}


def test_uneven_times_stand_beside_the_values() -> None:
    times = np.cumsum(np.random.default_rng(0).exponential(size=100))
    np.testing.assert_array_equal(Bins.of(100, 1000).axis(times)["x"], times)
    late = np.append(CLOCK[:-1], CLOCK[-1] + np.timedelta64(9, "D"))
    assert Bins.of(100, 1000).axis(late)["x"].tolist() == late.tolist()
    thinned = Bins.of(100, 20).axis(late)["x"]  # to the minute, as a bin holds hours
    assert thinned[:2].tolist() == ["2024-03-01T01:00", "2024-03-01T03:30"]


# -- timeline --------------------------------------------------------------------------------------


def test_channels_and_scores_are_drawn_as_they_are() -> None:
    values = series()
    figure = drawn()
    for c, line in enumerate(lines(figure)):
        np.testing.assert_allclose(line.y, values[:, c], rtol=1e-6)
    (score,) = lines(figure, "score")
    np.testing.assert_allclose(score.y, np.abs(values[:, 0]) + 0.1, rtol=1e-6)
    assert (score.x0, score.dx) == (0, 1)


def test_bands_lie_where_segments_are() -> None:
    figure = drawn(segments=SEGMENTS)
    (faulty,), (failed,) = bands(figure, "faulty"), bands(figure, "failed")
    assert (faulty.x0, faulty.x1) == (19.5, 49.5) and (failed.x0, failed.x1) == (59.5, 99.5)
    assert faulty.line.dash != failed.line.dash  # not by colour alone
    assert any("<b>faulty</b> from 20" in text for text in said(figure))
    assert any("<b>failed</b> from 60" in text for text in said(figure))


def test_bands_of_datetimes_are_named_by_them() -> None:
    figure = drawn(segments=SEGMENTS, x=CLOCK, x_title="time")
    assert any("from 2024-03-01 10:00" in text for text in said(figure))
    assert str(bands(figure, "faulty")[0].x0).startswith("2024-03-01 09:45")
    assert figure.layout.xaxis3.title.text == "time"


def test_the_fault_with_the_highest_score_is_named_unless_it_is_the_first() -> None:
    faults = pd.DataFrame({"start": [10, 60], "end": [20, 80], "mode": ["faulty"] * 2})
    for at, is_named in ((15, False), (65, True)):
        score = np.ones(100)
        score[at], score[70:75] = 50, NAN
        texts = said(timeline(series(), score, ["T", "p"], segments=faults))
        assert any("<b>strongest fault</b> from 60" in text for text in texts) == is_named


def test_each_kind_of_band_is_named_once_in_the_legend() -> None:
    many = pd.DataFrame({"start": range(0, 90, 9), "end": range(5, 95, 9), "mode": "faulty"})
    found = bands(drawn(segments=many), "faulty")
    assert [s.showlegend for s in found] == [True] + [False] * 9


def test_of_many_segments_the_longest_are_shaded() -> None:
    start = np.arange(400) * 10
    table = pd.DataFrame({"start": start, "end": start + 2 + (start < 2000), "mode": "faulty"})
    figure = timeline(series(4000), np.ones(4000), ["T", "p"], segments=table)
    found = bands(figure, "faulty")
    assert len(found) == MAX_BANDS and {s.x1 - s.x0 for s in found} == {3}


def test_a_spike_of_one_row_outlives_thinning() -> None:
    values = series(50_000)
    values[33_333, 1] = 900
    figure = timeline(values, np.ones(50_000), ["T", "p"], most=1000)
    assert np.nanmax(lines(figure)[1].y) == 900
    assert all(len(t.y) <= 1000 for t in figure.data)


def test_gaps_are_gaps() -> None:
    values = series()
    values[30:40, 0] = NAN
    scores = np.where((np.arange(100) >= 30) & (np.arange(100) < 40), NAN, 1.0)
    figure = timeline(values, scores, ["T", "p"])
    assert np.isnan(lines(figure)[0].y).nonzero()[0].tolist() == list(range(30, 40))
    assert np.isnan(lines(figure, "score")[0].y).sum() == 10
    assert not any(t.connectgaps for t in figure.data)


def test_glitches_are_marks_at_the_edge_and_not_in_the_line() -> None:
    values, glitches = series(), np.zeros((100, 2), bool)
    values[[10, 70], 0] = 500, -500
    glitches[[10, 70], 0] = True
    figure = timeline(values, np.ones(100), ["T", "p"], glitches=glitches)
    (marks,) = lines(figure, "glitch, left out")
    assert marks.x.tolist() == [10, 70] and marks.customdata.tolist() == [500, -500]
    assert marks.marker.symbol == ("triangle-up", "triangle-down")
    assert np.abs(marks.y).max() < 10 and np.isnan(lines(figure)[0].y[[10, 70]]).all()


def test_the_score_axis_is_logarithmic_where_scores_span_decades() -> None:
    scores = np.ones(100)
    assert timeline(series(), scores, ["T", "p"], threshold=2.0).layout.yaxis3.type is None
    scores[50:] = 3000
    figure = timeline(series(), scores, ["T", "p"], threshold=0.5)
    assert figure.layout.yaxis3.type == "log" and "score (logarithmic)" in " ".join(said(figure))
    low, high = figure.layout.yaxis3.range
    assert low < np.log10(0.5) and high > np.log10(3000)  # the threshold, too, is in sight


def test_the_threshold_is_a_line_in_the_panel_of_scores() -> None:
    (line,) = [s for s in drawn(threshold=0.75).layout.shapes if s.name == "threshold 0.75"]
    assert (line.y0, line.y1, line.yref) == (0.75, 0.75, "y3")
    assert not [s for s in drawn(threshold=NAN).layout.shapes if s.type == "line"]


def test_names_are_shown_with_units_and_notes_and_are_harmless() -> None:
    figure = timeline(series(), np.ones(100), ["<b>T", "p"], units=["°C", ""], notes=["80 %", ""])
    assert "<b>&lt;b&gt;T (°C)</b> · 80 %" in said(figure)


def test_of_many_channels_the_first_are_drawn_and_none_is_fine() -> None:
    many = timeline(series(50, 9), np.ones(50), [f"c{i}" for i in range(9)])
    assert len(lines(many)) == MAX_CHANNELS
    assert said(timeline(np.empty((0, 2)), [], ["T", "p"])) == ["no timesteps"]
    assert len(timeline(series(1), [1.0], ["T", "p"], x=CLOCK[:1]).data) == 3
    all_gaps = timeline(np.full((9, 1), NAN), np.full(9, NAN), ["T"], threshold=1.0)
    assert np.isnan(lines(all_gaps, "score")[0].y).all()


# -- fleet -----------------------------------------------------------------------------------------

STATES = [
    ["normal"] * 4 + ["faulty"] * 3 + ["failed"] * 3,
    ["no score"] * 2 + ["normal"] * 8,
]


def bars(figure: go.Figure, state: str) -> list[tuple[int, float, float]]:
    """Series, start and end of each bar."""
    found = [t for t in figure.data if t.name == state]
    return [(y, b, b + x) for t in found for y, b, x in zip(t.y, t.base, t.x, strict=True)]


def test_strips_are_what_the_states_say() -> None:
    figure = fleet(STATES, ["A", "B"])
    assert bars(figure, "faulty") == [(0, 3.5, 6.5)] and bars(figure, "failed") == [(0, 6.5, 9.5)]
    assert bars(figure, "no score") == [(1, -0.5, 1.5)]
    assert bars(figure, "normal") == [(0, -0.5, 9.5), (1, -0.5, 9.5)]  # below the others
    assert list(figure.layout.yaxis.ticktext) == ["A", "B"]
    assert figure.layout.yaxis.range[0] > figure.layout.yaxis.range[1]  # the first on top


def test_states_differ_in_their_hatching() -> None:
    figure = fleet(STATES)
    shapes = [t.marker.pattern.shape for t in figure.data]
    assert len(set(shapes)) == len(shapes) == 4


def test_strips_of_datetimes_lie_where_they_were() -> None:
    figure = fleet(STATES, x=[CLOCK[:10], CLOCK[50:60]])
    (faulty,) = [t for t in figure.data if t.name == "faulty"]
    assert faulty.base == ("2024-03-01T01:45:00",) and list(faulty.x) == [3 * 1_800_000]
    assert figure.layout.xaxis.type == "date"
    assert "faulty from 2024-03-01 02:00 to 2024-03-01 03:00" in faulty.customdata[0]


def test_a_short_segment_is_wide_enough_to_be_seen() -> None:
    states = np.full(100_000, "normal")
    states[500] = "faulty"
    ((_, start, end),) = bars(fleet([states]), "faulty")
    assert start == 499.5 and end - start == pytest.approx(100_000 / 400, rel=0.01)


def test_a_hundred_series_and_none_are_fine() -> None:
    figure = fleet(STATES * 100, [f"machine {i}" for i in range(200)])
    assert figure.layout.height < 1600 and len(figure.layout.yaxis.tickvals) <= 60
    assert len(figure.to_json()) < 300_000
    assert said(fleet([])) == ["no series"]


def test_an_unknown_state_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^states must be among normal, .* got 'broken'$"):
        fleet([["normal", "broken"]])


# -- correlation -----------------------------------------------------------------------------------


def test_correlations_stand_in_the_cells_of_a_small_map() -> None:
    table = np.array([[1, -0.5], [-0.5, 1]])
    (heat,) = correlation_map(table, ["T", "T"]).data
    np.testing.assert_allclose(heat.z, table)
    assert (heat.zmin, heat.zmax) == (-1, 1) and len(set(heat.y)) == 2
    assert heat.texttemplate
    assert correlation_map(table, ["T", "T"]).layout.margin.t < 10  # nothing stands above
    (large,) = correlation_map(np.eye(20), [f"c{i}" for i in range(20)]).data
    assert not large.texttemplate
    assert said(correlation_map(np.empty((0, 0)), [])) == ["no channels"]
