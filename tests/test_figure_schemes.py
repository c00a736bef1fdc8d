"""Every figure can be read in light and in dark, and not by its colours alone."""

import inspect
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import plotly.graph_objects as go
import pytest
from drawn_figures import DRAWN
from plotly.colors import hex_to_rgb, sample_colorscale

import dashboard
from tsad_plugin import figures
from tsad_plugin.figures import darkened
from tsad_plugin.figures.scheme import DARK
from tsad_plugin.figures.style import BLACK, BLUE, DARK_PAPER, NO_AREA, PAPER, SKY, faded

SCHEMES = {"light": (lambda figure: figure, "#ffffff"), "dark": (darkened, DARK_PAPER)}
IN_BOTH = pytest.mark.parametrize("scheme", SCHEMES)
OF_ALL = pytest.mark.parametrize("name", DRAWN)
TEXT, MARK = 4.5, 3.0  # WCAG 2.2, 1.4.3 and 1.4.11


def seen(name: str, scheme: str) -> tuple[go.Figure, str]:
    """A figure in a scheme, and the colour of its paper."""
    exchange, paper = SCHEMES[scheme]
    return exchange(DRAWN[name]()), paper


def rgb(colour: str, ground: str = "#ffffff") -> tuple[float, ...]:
    """Red, green and blue of a colour where it lies on a ground."""
    if colour == "white":
        return (255.0,) * 3
    if colour.startswith("#"):
        return tuple(map(float, hex_to_rgb(colour)))
    *parts, last = map(float, re.findall(r"[\d.]+", colour))
    if not colour.startswith("rgba"):
        return (*parts, last)
    return tuple(last * c + (1 - last) * g for c, g in zip(parts, rgb(ground), strict=True))


def luminance(colour: tuple[float, ...]) -> float:
    parts = [c / 255 for c in colour]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return sum(w * c for w, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(colour: str | tuple[float, ...], ground: str | tuple[float, ...]) -> float:
    pair = [luminance(c if isinstance(c, tuple) else rgb(c)) for c in (colour, ground)]
    return (max(pair) + 0.05) / (min(pair) + 0.05)


def colours(part: Any, key: str = "") -> Iterator[str]:
    """All that is a colour by its key."""
    if isinstance(part, dict):
        for name, value in part.items():
            yield from colours(value, name)
    elif isinstance(part, list | tuple):
        for value in part:
            yield from colours(value, key)
    elif isinstance(part, str) and (key.endswith("color") or key in {"colorway", "colorscale"}):
        yield part


def each(colour: Any) -> list[str]:
    """Colours of marks: one, or one for each, but none that cannot be seen."""
    found = [colour] if isinstance(colour, str) else list(colour or ())
    return [c for c in found if c != NO_AREA]


def marks(figure: go.Figure) -> Iterator[str]:
    """Colours of all lines and markers; of a bar or a frame, that of its edge."""
    for trace in figure.data:
        if trace.type == "scatter":
            mode = trace.mode or ""
            if "lines" in mode and trace.line.width != 0:
                yield from each(trace.line.color)
            if "markers" in mode:
                yield from each(trace.marker.color)
            yield from each(trace.error_x.color)
        elif trace.type == "bar":
            yield from each(trace.marker.line.color or trace.marker.color)
    for shape in figure.layout.shapes:
        yield from each(shape.line.color)


def test_every_figure_function_is_looked_at_here() -> None:
    public = {name: getattr(figures, name) for name in figures.__all__}
    drawing = {
        name
        for name, f in public.items()
        if inspect.isfunction(f) and inspect.signature(f).return_annotation == "go.Figure"
    }
    assert drawing - {"darkened"} == set(DRAWN)


@OF_ALL
@IN_BOTH
def test_text_stands_out_from_what_it_is_on(name: str, scheme: str) -> None:
    figure, paper = seen(name, scheme)
    template = figure.layout.template.layout
    assert template.paper_bgcolor == template.plot_bgcolor and rgb(template.paper_bgcolor) == rgb(
        paper
    )
    on_paper = [template.font.color, *(a.font.color for a in figure.layout.annotations)]
    cells = [t for t in figure.data if t.type == "heatmap"]
    on_paper += [t.textfont.color for t in figure.data if t.type == "scatter" and not cells]
    assert all(contrast(c, paper) >= TEXT for c in on_paper if c)
    label = template.hoverlabel
    assert contrast(label.font.color, label.bgcolor) >= TEXT


@IN_BOTH
def test_numbers_stand_out_from_their_cells(scheme: str) -> None:
    correlation, _ = seen("correlation_map", scheme)
    scale = correlation.data[0].colorscale
    for part in np.linspace(0, 1, 41):
        assert contrast(correlation.data[0].textfont.color, mixed(scale, part)) >= TEXT
    table, paper = seen("set_heatmap", scheme)
    heat, *texts = table.data
    for trace in texts:
        for x, y in zip(trace.x, trace.y, strict=True):
            share = (heat.z[y, x] - heat.zmin) / (heat.zmax - heat.zmin)
            (cell,) = [paper] if np.isnan(share) else sample_colorscale("Cividis", [share])
            assert contrast(trace.textfont.color, cell) >= TEXT


def mixed(scale: Any, part: float) -> tuple[float, ...]:
    """A scale's colour at a part of it, as plotly mixes it."""
    places, channels = [at for at, _ in scale], np.array([rgb(colour) for _, colour in scale])
    return tuple(float(np.interp(part, places, channels[:, i])) for i in range(3))


@OF_ALL
@IN_BOTH
def test_lines_and_markers_stand_out_from_the_paper(name: str, scheme: str) -> None:
    figure, paper = seen(name, scheme)
    found = set(marks(figure))
    assert found or figure.data[0].type == "heatmap"
    assert {c: contrast(c, paper) for c in found if contrast(c, paper) < MARK} == {}
    axis = figure.layout.template.layout.xaxis
    assert contrast(axis.linecolor, paper) >= MARK


@IN_BOTH
def test_marks_of_normal_runs_stand_out_from_the_band_that_they_are_on(scheme: str) -> None:
    figure, paper = seen("score_chart", scheme)
    by_uid = {t.uid: t for t in figure.data}
    band = rgb(by_uid["band-1"].fillcolor, paper)
    assert contrast(by_uid["normal"].marker.color, band) >= MARK
    assert contrast(band, paper) > 1.3


@OF_ALL
@IN_BOTH
def test_what_differs_in_colour_differs_in_more(name: str, scheme: str) -> None:
    looks: dict[str, str] = {}
    for trace in seen(name, scheme)[0].data:
        if trace.type == "heatmap" or (trace.type == "scatter" and trace.mode == "text"):
            continue
        is_area = trace.type == "scatter" and trace.fill is not None and trace.line.width == 0
        colour = json.dumps(
            [trace.marker.color, trace.line.color if trace.type == "scatter" else None]
        )
        colour = f"area {rgb(trace.fillcolor)}" if is_area else colour
        assert looks.setdefault(shape_of(trace, is_area), colour) == colour, trace.name


def shape_of(trace: Any, is_area: bool) -> str:
    """How a trace looks without its colours."""
    if is_area:  # of one band in another each is fainter than the next
        return f"area {trace.name}"
    if trace.type == "bar":
        return f"bar {trace.marker.pattern.shape} {trace.marker.pattern.size}"
    mode = trace.mode or ""
    line = (trace.line.dash, trace.line.width, trace.fillpattern.shape) if "lines" in mode else None
    return f"{line} {trace.marker.symbol if 'markers' in mode else None}"


@OF_ALL
def test_no_light_colour_is_left_in_the_dark(name: str) -> None:
    figure = darkened(DRAWN[name]())
    found = set(colours({"data": figure._data, "layout": figure._layout}))
    assert DARK_PAPER in found and not found & set(DARK)
    assert not {c for c in found if c.startswith(("rgba(255", faded(SKY, 0.1)[:18]))}


@OF_ALL
def test_the_light_figure_stays_as_it_is(name: str) -> None:
    figure = DRAWN[name]()
    before = figure.to_json()
    dark = darkened(figure)
    dark.update_layout(title="other").update_traces(name="other")
    assert figure.to_json() == before


@OF_ALL
def test_all_but_colours_is_the_same_in_the_dark(name: str) -> None:
    figure = DRAWN[name]()
    light, dark = json.loads(figure.to_json()), json.loads(darkened(figure).to_json())
    assert bare(dark) == bare(light)


def bare(part: Any) -> Any:
    """Without what is a colour by its key."""
    if isinstance(part, dict):
        is_colour = [k for k in part if k.endswith("color") or k in {"colorway", "colorscale"}]
        return {key: bare(value) for key, value in part.items() if key not in is_colour}
    return [bare(value) for value in part] if isinstance(part, list) else part


def test_every_mark_may_have_a_colour_of_its_own() -> None:
    scatter = {"x": [1, 2], "y": [1, 2], "name": BLACK, "text": [BLACK, "white"]}
    figure = go.Figure(go.Scatter(**scatter, marker={"color": [BLUE, "red"]}))
    figure.add_scatter(x=[1], y=[2], marker={"color": np.array([BLUE, PAPER])})
    figure.add_scatter(x=[1], y=[2], marker={"color": np.array([0.5])})
    first, second, numbers = darkened(figure).data
    assert first.marker.color == (DARK[BLUE], "red")
    assert list(second.marker.color) == [DARK[BLUE], DARK_PAPER]
    assert numbers.marker.color.tolist() == [0.5]
    assert first.name == BLACK and first.text == (BLACK, "white")  # what is said is no colour


def test_maps_of_errors_go_from_the_paper_on_in_both_schemes() -> None:
    for scheme, is_falling in (("light", True), ("dark", False)):
        figure, paper = seen("error_map", scheme)
        scale = figure.data[0].colorscale
        steps = np.diff([luminance(rgb(colour)) for _, colour in scale])
        assert ((steps < 0) if is_falling else (steps > 0)).all()
        assert contrast(scale[0][1], paper) < 1.3 < TEXT < contrast(scale[-1][1], paper)


class Untouched(str):
    def __deepcopy__(self, memo: Any) -> str:
        raise AssertionError("of ten thousand texts a copy takes longer than all else")


def test_texts_of_markers_are_not_gone_through() -> None:
    figure = go.Figure(go.Scatter(x=[1, 2], y=[1, 2]))
    figure.data[0]._props["customdata"] = [Untouched("B-1"), Untouched("white")]
    assert darkened(figure).data[0].customdata == ("B-1", "white")


def test_cards_of_the_dashboard_are_of_the_same_dark_paper() -> None:
    css = (Path(dashboard.__file__).parent / "assets" / "style.css").read_text("utf-8")
    dark = css.split('[data-mantine-color-scheme="dark"]')[1]
    assert re.search(r"--paper: (#\w+);", dark)[1] == DARK_PAPER
