"""Runs as markers, in whatever figure: the same ones stay, and are told of in the same words."""

from typing import Any

import numpy as np
import plotly.graph_objects as go
import pytest

from tsad_plugin.figures.markers import Markers, cloud, counted
from tsad_plugin.figures.style import MAX_MARKERS, NORMAL

NAN = float("nan")
RNG = np.random.default_rng(0)


def drawn(x: Any, y: Any, of: Any = None, **more: Any) -> Any:
    """The trace of runs of a kind, by default all."""
    x, y = np.asarray(x), np.asarray(y, dtype=np.float64)
    of = np.ones(len(y), dtype=bool) if of is None else np.asarray(of, dtype=bool)
    added = {name: more.pop(name) for name in ("texts", "always", "cliponaxis") if name in more}
    marks = Markers(go.Figure(), x, y, [f"B-{i}" for i in range(len(y))], **more)
    marks.add(of, "normal", "normal run", NORMAL, **added)
    return marks.figure.data[0] if marks.figure.data else None


# -- which are drawn -------------------------------------------------------------------------------


def squares(places: np.ndarray, n: int) -> list[tuple[int, ...]]:
    """In which of n × n squares each point is."""
    low, high = places.min(axis=1), places.max(axis=1)
    return [tuple(min(int(n * s), n - 1) for s in (p - low) / (high - low)) for p in places.T]


@pytest.mark.parametrize("n", [0, 1, 50, 51, 400])
def test_a_cloud_keeps_every_square_that_has_a_point(n: int) -> None:
    places = np.random.default_rng(n).exponential(size=(2, n))
    kept = cloud(places, np.ones(n, dtype=bool), 50).tolist()
    assert len(kept) == min(n, 50) == len({*kept})
    if n > 50:
        found = squares(places, 6)
        assert {found[i] for i in kept} == {*found}


def test_a_cloud_keeps_the_lowest_and_the_highest_of_every_column() -> None:
    places = RNG.normal(size=(2, 3000))
    columns = [column for column, _ in squares(places, 9)]
    kept = cloud(places, np.ones(3000, dtype=bool), 100)
    for column in range(9):
        inside = [i for i in range(3000) if columns[i] == column]
        ends = {f(inside, key=lambda i: places[1, i]) for f in (min, max)}
        assert ends <= {*kept.tolist()}


def test_points_in_one_place_are_one_square() -> None:
    assert len({*cloud(np.ones((2, 9)), np.ones(9, dtype=bool), 4).tolist()}) == 4


def test_runs_in_their_order_are_drawn_all_over_their_columns() -> None:
    x = cloud(np.stack([np.arange(9000), RNG.random(9000)]), np.ones(9000, dtype=bool))
    assert np.diff(x).max() < 60  # of 300 in a column, 33 of them drawn


def test_squares_stay_where_they_are_when_a_point_changes_its_kind() -> None:
    places, of = RNG.normal(size=(2, 9000)), np.ones(9000, dtype=bool)
    before = {*cloud(places, of).tolist()}
    of[places[1].argmax()] = False  # the highest of all
    assert len(before ^ {*cloud(places, of).tolist()}) <= 3


def test_what_is_drawn_always_is_no_run_of_another_kind() -> None:
    of = np.arange(5000) % 2 == 0
    x = drawn(np.arange(5000), RNG.normal(size=5000), of, always=[2000, 2001, 2002]).x
    assert {2000, 2002} <= {*x} and 2001 not in x and (np.diff(x) > 0).all()


def test_a_run_without_a_place_on_the_axes_is_neither_drawn_nor_counted() -> None:
    y = [1.0, NAN, 0.0, 2.0, np.inf]
    assert drawn(np.arange(5), y).x.tolist() == [0, 2, 3]
    shown = drawn(np.arange(5), y, log=(False, True))
    assert (shown.x.tolist(), shown.name) == ([0, 3], "normal run (2)")


def test_on_a_logarithmic_axis_squares_are_those_that_are_seen() -> None:
    y = RNG.lognormal(0, 3, size=9000)
    shown = drawn(np.arange(9000), y, log=(False, True)).x
    expected = cloud(np.stack([np.arange(9000), np.log10(y)]), np.ones(9000, dtype=bool))
    assert shown.tolist() == expected.tolist()
    assert shown.tolist() != drawn(np.arange(9000), y).x.tolist()


def test_dates_are_thinned_like_numbers() -> None:
    y, days = RNG.normal(size=9000), np.arange(9000)
    dates = np.datetime64("2026-01-01") + days
    by_date, by_number = drawn(dates, y), drawn(days, y)
    assert by_date.customdata.tolist() == by_number.customdata.tolist()
    assert len(by_date.x) == MAX_MARKERS


# -- what is told of them --------------------------------------------------------------------------


def test_the_legend_counts_runs_and_says_how_many_are_shown() -> None:
    assert counted("normal run", 57, 57) == "normal run (57)"
    assert counted("normal run", 1000, 9900) == "normal run (1,000 of 9,900 shown)"
    assert drawn(np.arange(1234), np.ones(1234)).name == "normal run (1,000 of 1,234 shown)"


def test_texts_and_what_the_pointer_tells_stay_with_their_runs() -> None:
    texts = np.array(["a", "b", "c"])
    trace = drawn([1, 2, 3], [1, NAN, 3], texts=texts, tell=lambda at: [f"<br>{i}" for i in at])
    assert trace.text == ("a", "c") and trace.mode == "markers+text"
    assert trace.hovertext.tolist() == ["<b>B-0</b><br>0", "<b>B-2</b><br>2"]
    assert trace.customdata.tolist() == ["B-0", "B-2"]


def test_an_empty_trace_stands_only_where_it_is_kept() -> None:
    nobody = [0, 0]
    assert drawn([1, 2], [1, 2], nobody, keep=False) is None
    assert drawn([1, 2], [1, 2], nobody).x.tolist() == []
