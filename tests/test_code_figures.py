"""The map of runs: what is drawn where, what can be selected, what stands out."""

from typing import Any

import numpy as np
import plotly.graph_objects as go
import pytest

from tsad_plugin.figures import Marked, code_map

PLACES = np.array([[0.0, 1, 2], [1, 2, 0], [2, 0, 1], [3, 1, 1], [4, 4, 4]])
IDS = ["A", "<b>B", 7, "D", "E"]
OUTLIER = [0, 1, 0, 0, 1]
TRACES = ["training", "normal", "outlier", "selected", "nearest", "chosen"]


def drawn(**more: Any) -> dict[str, Any]:
    """The traces by what they are."""
    figure = code_map(PLACES, **{"ids": IDS, "outlier": OUTLIER, **more})
    return {trace.uid: trace for trace in figure.data}


def said(figure: go.Figure) -> list[str]:
    return [note.text for note in figure.layout.annotations]


def test_every_run_is_a_marker_at_its_place_that_gives_back_its_id() -> None:
    traces = drawn()
    assert list(traces) == TRACES
    assert traces["normal"].customdata.tolist() == ["A", "7", "D"]
    assert traces["outlier"].customdata.tolist() == ["<b>B", "E"]
    assert traces["outlier"].x.tolist() == [1, 4] and traces["outlier"].y.tolist() == [2, 4]


def test_other_axes_are_drawn_and_say_their_share() -> None:
    figure = code_map(PLACES, ids=IDS, axes=(2, 0), shares=[0.5, 0.3, 0.123])
    assert figure.data[1].x.tolist() == PLACES[:, 2].tolist()
    assert figure.data[1].y.tolist() == PLACES[:, 0].tolist()
    assert figure.layout.xaxis.title.text == "PC3 (12% of the variance)"
    assert figure.layout.yaxis.title.text == "PC1 (50% of the variance)"


def test_training_runs_new_ones_and_outliers_differ_in_shape_as_in_colour() -> None:
    traces = drawn(training=PLACES[:2] + 9, training_ids=["T", "<U>"])
    three = [traces[uid] for uid in TRACES[:3]]
    assert len({trace.marker.symbol for trace in three}) == 3
    assert len({trace.marker.color for trace in three}) == 3
    assert [trace.name for trace in three] == ["training run (2)", "new run (3)", "outlier (2)"]
    assert three[0].x.tolist() == [9, 10]
    assert three[0].customdata is None  # of another data set: they cannot be selected
    assert three[0].hovertext.tolist() == ["<b>T</b>", "<b>&lt;U&gt;</b>"]


def test_runs_that_were_learned_from_are_called_so_and_drawn_once() -> None:
    traces = drawn(learned_from=True)
    assert traces["normal"].name == "training run (3)"
    assert traces["normal"].marker.symbol == drawn()["training"].marker.symbol
    assert traces["training"].x.tolist() == []


def test_the_pointer_tells_name_and_score() -> None:
    texts = drawn(scores=[1.0, 22.25, 3, 4, 5])["outlier"].hovertext
    assert texts.tolist() == ["<b>&lt;b&gt;B</b><br>score 22.2", "<b>E</b><br>score 5"]


@pytest.mark.parametrize("selected", [[0], [1, 4], [3, 2, 1], range(5), np.array([4])])
def test_selected_runs_have_rings_and_the_legend_says_so(selected: Any) -> None:
    ring = drawn(marked=Marked(selected))["selected"]
    assert sorted(ring.customdata) == sorted(str(IDS[i]) for i in selected)
    assert ring.x.tolist() == PLACES[sorted(selected), 0].tolist()
    assert (ring.name, ring.marker.symbol) == (f"selected ({len(selected)})", "circle-open")


def test_nothing_fades_whatever_is_selected() -> None:
    for marked in (Marked(), Marked([1, 2])):
        traces = drawn(marked=marked).values()
        assert all(trace.selectedpoints is None for trace in traces)
        assert all(trace.unselected.marker.opacity == 1 for trace in traces)


def test_the_chosen_run_has_a_star_and_its_neighbours_squares_that_let_clicks_through() -> None:
    traces = drawn(marked=Marked(chosen=4, nearest=[1, 3]), axes=(1, 2))
    assert (traces["chosen"].x.tolist(), traces["chosen"].y.tolist()) == ([4], [4])
    assert (traces["nearest"].x.tolist(), traces["nearest"].y.tolist()) == ([2, 1], [0, 1])
    signs = [traces[uid] for uid in ("selected", "nearest", "chosen")]
    assert len({sign.marker.symbol for sign in signs}) == 3
    assert {sign.hoverinfo for sign in signs} == {"skip"}
    assert [sign.name for sign in signs[1:]] == ["nearest runs (2)", "chosen run"]


def test_signs_alone_are_those_of_the_whole_map_in_the_same_order() -> None:
    more = {"marked": Marked([0, 4], 2, [1, 3]), "training": PLACES[:2]}
    whole, alone = drawn(**more), drawn(**more, signs_only=True)
    assert list(alone) == TRACES
    assert [len(alone[uid].x) for uid in TRACES[:3]] == [0, 0, 0]
    assert [alone[uid] for uid in TRACES[3:]] == [whole[uid] for uid in TRACES[3:]]


def test_of_many_runs_those_are_drawn_that_make_the_same_cloud() -> None:
    places = np.random.default_rng(0).normal(size=(9000, 2))
    outlier = np.arange(9000) % 3 == 0
    figure = code_map(places, ids=range(9000), outlier=outlier, training=places[::2])
    training, normal, outliers = figure.data[:3]
    assert normal.name == "new run (700 of 6,000 shown)"
    assert outliers.name == "outlier (700 of 3,000 shown)"
    assert training.name == "training run (700 of 4,500 shown)"
    for trace, kind in ((normal, ~outlier), (outliers, outlier)):
        at = np.array(trace.customdata, int)
        assert kind[at].all() and (np.diff(at) > 0).all()
        np.testing.assert_allclose(np.column_stack([trace.x, trace.y]), places[at], rtol=1e-6)
        for axis in (0, 1):  # both ends of the cloud are there
            assert np.ptp(places[at, axis]) > 0.9 * np.ptp(places[kind, axis])


def test_selected_runs_have_rings_be_they_drawn_or_not() -> None:
    places = np.random.default_rng(0).normal(size=(9000, 2))
    selected = np.flatnonzero(places[:, 0] > 2)
    traces = code_map(places, ids=range(9000), marked=Marked(selected)).data
    assert [int(run) for run in traces[3].customdata] == selected.tolist()
    assert not {*traces[3].customdata} <= {*traces[1].customdata}


@pytest.mark.parametrize(
    ("places", "why"),
    [(np.empty((0, 2)), "no runs"), (np.zeros((4, 1)), "the runs do not differ along this axis")],
)
def test_where_there_is_nothing_to_see_it_says_why(places: Any, why: str) -> None:
    assert said(code_map(places, ids=range(len(places)))) == [why]


def test_a_zoom_stays_until_other_axes_are_drawn() -> None:
    zooms = {
        code_map(PLACES, ids=IDS, axes=axes).layout.uirevision for axes in [(0, 1), (0, 2), (0, 1)]
    }
    assert len(zooms) == 2
