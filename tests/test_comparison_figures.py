"""Figures of a comparison hold the right numbers, and nothing in them overlaps."""

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import pytest
from plotly.colors import hex_to_rgb, sample_colorscale, unlabel_rgb

from tsad_plugin.figures import critical_difference, mean_intervals, set_heatmap
from tsad_plugin.figures.cells import text_colours

NAN = float("nan")
RANKS = {"LOF": 2.5, "FCVAE": 1.25, "KNN": 2.75, "IForest": 3.5}
TABLE = pd.DataFrame(
    [[0.9, 0.55, NAN], [0.72, NAN, 1.0]], index=["beats", "batches"], columns=["A", "B", "C"]
)
SUMMARY = pd.DataFrame(
    {"roc_auc": [0.9, 0.7, NAN], "low": [0.8, NAN, NAN], "high": [0.95, NAN, NAN]},
    index=["A", "B", "C"],
)
EVIL = "<b>x</b> & </script><a href='http://evil'>"


def elbows(figure: go.Figure) -> list[Any]:
    return [t for t in figure.data if t.name is None]


def bars(figure: go.Figure) -> list[Any]:
    return [t for t in figure.data if t.name == "not told apart"]


def labels(figure: go.Figure) -> dict[str, float]:
    """Name and level of every detector, from both sides."""
    axes = [figure.layout.yaxis, figure.layout.yaxis2]
    pairs = [p for a in axes for p in zip(a.ticktext, a.tickvals, strict=True)]
    return {text.split("</b>")[0].removeprefix("<b>"): level for text, level in pairs}


# -- critical difference ---------------------------------------------------------------------------


def test_a_line_leads_from_each_rank_to_its_name() -> None:
    figure = critical_difference(RANKS)
    levels = labels(figure)
    assert set(levels) == set(RANKS)
    for name, rank in RANKS.items():
        (line,) = [t for t in elbows(figure) if f"<b>{name}</b>" in t.hovertemplate]
        assert line.x[:2] == (rank, rank) and line.y == (0, levels[name], levels[name])
        assert f"mean rank {rank:.2f}" in line.hovertemplate


def test_the_better_half_is_named_on_the_left_and_lines_do_not_cross() -> None:
    figure = critical_difference(RANKS)
    left, right = figure.layout.yaxis, figure.layout.yaxis2
    assert [t.split("<")[1].split(">")[1] for t in left.ticktext] == ["FCVAE", "LOF"]
    assert [t.split("<")[1].split(">")[1] for t in right.ticktext] == ["IForest", "KNN"]
    assert right.side == "right" and right.overlaying == "y"
    for line in elbows(figure):
        for other in elbows(figure):
            low, high = sorted(line.x[1:])
            crosses = low < other.x[0] < high and other.y[1] < line.y[1]
            assert not crosses or line.yaxis != other.yaxis


@pytest.mark.parametrize("n", [2, 3, 9, 25])
def test_names_stand_a_line_apart_below_the_axis_and_the_bars(n: int) -> None:
    names = [f"d{i}" for i in range(n)]
    cliques = [names[i : i + 3] for i in range(n - 1)]
    ranks = dict(zip(names, np.linspace(1.2, n - 0.1, n).tolist(), strict=True))
    figure = critical_difference(ranks, cliques)
    lowest_bar = min(bar.y[0] for bar in bars(figure))
    for axis in (figure.layout.yaxis, figure.layout.yaxis2):
        levels = sorted(axis.tickvals, reverse=True)
        assert all(a - b >= 20 for a, b in pairwise(levels))
        assert levels[0] < lowest_bar and levels[-1] > axis.range[0]
    assert n / figure.layout.xaxis.dtick <= 13  # ticks, beside one another
    margin = figure.layout.margin
    # A unit of the axis is a pixel.
    assert figure.layout.height - margin.t - margin.b == -figure.layout.yaxis.range[0]


def test_a_bar_joins_what_cannot_be_told_apart_and_meets_no_other() -> None:
    figure = critical_difference(RANKS, [["FCVAE", "LOF"], ["LOF", "KNN"], ["IForest"]])
    drawn = bars(figure)
    for bar, (low, high) in zip(drawn, [(1.25, 2.5), (2.5, 2.75), (3.5, 3.5)], strict=True):
        assert low - 0.05 < bar.x[0] < low and high < bar.x[1] < high + 0.05
    assert drawn[0].y[0] != drawn[1].y[0] and drawn[0].y == drawn[2].y
    assert all(bar.line.width > 3 * elbows(figure)[0].line.width for bar in drawn)


def test_fewer_than_two_ranks_are_said_to_be_too_few() -> None:
    for ranks in ({}, {"A": 1.0}, {"A": 1.0, "B": NAN}):
        (said,) = critical_difference(ranks).layout.annotations
        assert said.text == "fewer than two detectors can be ranked"


# -- map of sets -----------------------------------------------------------------------------------


def written(figure: go.Figure) -> dict[tuple[int, int], str]:
    texts = [t for t in figure.data if t.type == "scatter"]
    cells = [c for t in texts for c in zip(t.y.tolist(), t.x.tolist(), t.text, strict=True)]
    assert len(cells) == len({cell[:2] for cell in cells})
    return {(row, column): text for row, column, text in cells}


def test_every_cell_says_its_value_or_why_there_is_none() -> None:
    failed = TABLE.isna() & (TABLE.index == "batches")[:, None]
    cells = written(set_heatmap(TABLE, failed=failed))
    assert cells == {
        (0, 0): "0.90", (0, 1): "0.55", (0, 2): "–",
        (1, 0): "0.72", (1, 1): "failed", (1, 2): "1.00",
    }  # fmt: skip
    assert written(set_heatmap(TABLE))[1, 1] == "–"


def test_sets_go_from_the_top_and_detectors_from_the_left() -> None:
    layout = set_heatmap(TABLE).layout
    assert layout.yaxis.ticktext == ("beats", "batches") and layout.yaxis.range == (1.5, -0.5)
    assert layout.xaxis.ticktext == ("A", "B", "C") and layout.xaxis.range == (-0.5, 2.5)


def test_long_names_that_begin_alike_keep_apart() -> None:
    table = pd.DataFrame([[0.5, 0.6]], columns=["x" * 50 + "1", "x" * 50 + "2"])
    names = set_heatmap(table).layout.xaxis.ticktext
    assert len(set(names)) == 2 and max(map(len, names)) < 40


def test_every_number_can_be_read_on_its_cell() -> None:
    values = np.linspace(-0.2, 1.2, 101)
    shown = np.clip(values, 0, 1).tolist()
    colours = text_colours(values, 0, 1).tolist()
    assert set(colours) == {"#000000", "#ffffff"}
    for share, colour in zip(shown, colours, strict=True):
        (cell,) = sample_colorscale("Cividis", [share])
        text = hex_to_rgb(colour)
        lighter, darker = sorted(map(luminance, (unlabel_rgb(cell), text)), reverse=True)
        assert (lighter + 0.05) / (darker + 0.05) > 4.5


def luminance(colour: tuple[float, ...]) -> float:
    """Relative luminance, as WCAG 2 defines it."""
    parts = [c / 255 for c in colour]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return sum(w * c for w, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def test_equal_values_or_none_are_drawn_too() -> None:
    assert set(written(set_heatmap(TABLE * 0 + 0.5)).values()) == {"0.50", "–"}
    (said,) = set_heatmap(TABLE * NAN).layout.annotations
    assert said.text == "nothing could be measured"


# -- intervals -------------------------------------------------------------------------------------


def test_an_interval_reaches_from_low_to_high() -> None:
    figure = mean_intervals(SUMMARY)
    (marks,) = figure.data
    np.testing.assert_allclose(marks.x, SUMMARY.roc_auc)
    np.testing.assert_allclose(marks.x - marks.error_x.arrayminus, SUMMARY.low)
    np.testing.assert_allclose(marks.x + marks.error_x.array, SUMMARY.high)
    assert "0.900 (0.800 to 0.950)" in marks.customdata[0] and "(" not in marks.customdata[1]


def test_the_first_detector_is_on_top_and_one_without_a_mean_keeps_its_name() -> None:
    layout = mean_intervals(SUMMARY).layout
    assert layout.yaxis.ticktext == ("A", "B", "C") and layout.yaxis.range == (2.5, -0.5)
    assert mean_intervals(SUMMARY * NAN).layout.annotations[0].text == "nothing could be measured"


# -- all -------------------------------------------------------------------------------------------

ALL: dict[str, Callable[[], go.Figure]] = {
    "ranks": lambda: critical_difference({EVIL: 1.0, f"{EVIL}2": 2.0}, [[EVIL, f"{EVIL}2"]]),
    "sets": lambda: set_heatmap(pd.DataFrame([[0.5]], [EVIL], [EVIL]), title=EVIL),
    "intervals": lambda: mean_intervals(SUMMARY.rename({"A": EVIL}), title=EVIL),
}


@pytest.mark.parametrize("figure", ALL.values(), ids=ALL)
def test_names_of_users_are_drawn_as_they_stand(figure: Callable[[], go.Figure]) -> None:
    text = figure().to_json().replace("\\u003c", "<").replace("\\u003e", ">")
    assert "<a href" not in text and "</script" not in text and "&lt;" in text


@pytest.mark.parametrize("figure", ALL.values(), ids=ALL)
def test_every_figure_has_the_template_of_all_and_a_title_below(
    figure: Callable[[], go.Figure],
) -> None:
    layout = figure().layout
    assert layout.height > 100 and layout.template.layout.paper_bgcolor == "white"
    assert layout.xaxis.title.text
