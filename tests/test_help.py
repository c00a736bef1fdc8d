"""The help: what it says of each number is true, and every part of a page leads to its section."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from dash import dcc, html
from dashboards import Visitor, visiting
from scipy.stats import norm

import dashboard
from dashboard import create_app, drawing, reference
from dashboard.app import page_at
from dashboard.components.shell import KEYS
from dashboard.manual import SOURCE, manual
from dashboard.pages import help as help_page
from dashboard.serving.settings import Settings
from dashboard.state import State
from dashboard.views import Views
from tsad_plugin import PCAReconstruction, explanation, scoring
from tsad_plugin.figures import bars, maps, score_axes, scores, style
from tsad_plugin.workspace import Workspace

SECTIONS = {section.slug: section for section in manual().sections}
PACKAGE = Path(dashboard.__file__).parent
# What a section says, and where the code has it.
QUOTED = [
    ("contribution", f"until these make up {explanation.NAMED_SHARE * 100:.0f} %"),
    ("contribution", "at most 3 channels"),
    ("rank", "the first 10 outliers"),
    ("score-bands", "mean ± σ, mean ± 2σ, mean ± 3σ"),
    ("score-bands", f"one good run in {1 / norm.sf(max(scores.SIGMAS)):.0f}"),
    ("band", f"k is {drawing.BAND:g}"),
    ("band", f"fewer than {reference.LEAST} runs"),
    ("length", f"from {explanation.ODD_LENGTH:g} σ on"),
    ("length", f"a length_sigma of {PCAReconstruction().length_sigma:g}"),
    ("stretch", f"{scoring.TIMESTEP_QUANTILE * 100:.0f}th percentile"),
    ("stretch", f"{explanation.PEAK_SHARE:g} · largest e(t)"),
    ("drawn", f"at most {style.MAX_POINTS} points"),
    ("drawn", f"at most {style.MAX_MARKERS:,} markers"),
    ("drawn", f"the {style.MAX_MARKERS:,} worst"),
    ("drawn", f"at most {maps.MAX_ROWS} channels"),
    ("drawn", f"{style.MAX_CELLS} columns"),
    ("drawn", f"the {bars.MOST} largest channels"),
    ("drawn", f"more than {score_axes.LOG_FROM:g} times the usual"),
]


def said(slug: str) -> str:
    """The text of a section as one line."""
    return " ".join(SECTIONS[slug].text.split())


def calls_of_card() -> Iterator[tuple[str, str | None]]:
    """Where each card is made, and the section that it names."""
    for path in sorted(PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] == "card":
                [name] = [k.value for k in node.keywords if k.arg == "help"] or [None]
                yield (
                    f"{path.name}:{node.lineno}",
                    None if name is None else ast.literal_eval(name),
                )


def components(tree: Any) -> Iterator[Any]:
    """All components of a page."""
    if isinstance(tree, list | tuple):
        for part in tree:
            yield from components(part)
    elif hasattr(tree, "to_plotly_json"):
        yield tree
        yield from components(getattr(tree, "children", None))


def of_kind(tree: Any, kind: Any) -> list[Any]:
    return [part for part in components(tree) if isinstance(part, kind)]


# -- the text -------------------------------------------------------------------------------------


def test_no_section_is_there_twice() -> None:
    source = SOURCE.read_text("utf-8")
    assert len(SECTIONS) == len(manual().sections) == source.count("\n## ") > 10


@pytest.mark.parametrize("slug", SECTIONS)
def test_every_section_says_what_the_number_is_its_formula_and_where_it_stands(slug: str) -> None:
    first, *rest = SECTIONS[slug].text.split("\n\n")
    assert not first.startswith(">") and first.endswith(".")
    assert any(part.startswith("> ") for part in rest)
    assert slug == "drawn" or rest[-1].startswith("- **On the pages:** ")


@pytest.mark.parametrize(("slug", "quoted"), QUOTED)
def test_numbers_of_the_text_are_those_of_the_code(slug: str, quoted: str) -> None:
    assert quoted in said(slug)


def test_bands_are_those_that_the_chart_draws() -> None:
    named = [int(k or 1) for k in re.findall(r"mean ± (\d?)σ", said("score-bands"))]
    assert named == sorted(scores.SIGMAS)


def test_links_lead_to_sections_and_chapters_of_the_book_are_named() -> None:
    text = "".join([manual().lead, *(section.text for section in manual().sections)])
    found = re.findall(r"\]\((.*?)\)", text)
    assert found and {target.removeprefix("#") for target in found} <= set(SECTIONS)
    assert "How a score is made" in said("score") and ".md" not in text


# -- the page -------------------------------------------------------------------------------------


def test_the_page_has_every_section_and_its_contents_lead_there() -> None:
    page = help_page.layout()
    ids = [section.id for section in of_kind(page, html.Section)]
    assert ids == [*SECTIONS, "keys"]
    assert [link.href for link in of_kind(page, html.A)] == [f"#{slug}" for slug in ids]
    assert [m.children for m in of_kind(page, dcc.Markdown)][1:] == [
        section.text for section in SECTIONS.values()
    ]


def test_the_page_shows_the_keys() -> None:
    cells = [cell.children for cell in of_kind(help_page.layout(), html.Td)]
    assert cells[1::2] == [text for _, text in KEYS]


def test_help_is_there_before_any_run_is_scored(tmp_path: Path) -> None:
    with Workspace(tmp_path / "ws", create=True) as workspace:
        page = page_at(Views(workspace), "/help", State())
    assert of_kind(page, html.H1)[0].children == manual().title
    create_app(Settings(tmp_path / "ws"))  # and can be registered there


def test_every_card_names_a_section_that_there_is() -> None:
    named = dict(calls_of_card())
    assert len(named) >= 6 and sum(slug is not None for slug in named.values()) >= 6
    assert {where: slug for where, slug in named.items() if slug and slug not in SECTIONS} == {}


# -- in a browser ---------------------------------------------------------------------------------


@pytest.fixture
def visitor(chromium: Any, filled: Path) -> Iterator[Visitor]:
    with visiting(chromium, filled) as somebody:
        yield somebody


@pytest.mark.browser
def test_a_question_mark_leads_to_its_section_and_back(visitor: Visitor) -> None:
    page = visitor.open("?scoring=1")
    page.get_by_role("link", name="what Runs, the most abnormal first means").click()
    visitor.expect("h1", manual().title)
    assert page.evaluate("location.pathname + location.search + location.hash") == (
        "/help?scoring=1#rank"
    )
    page.wait_for_function(
        "Math.abs(document.getElementById('rank').getBoundingClientRect().top - 100) < 4"
    )
    assert page.evaluate("document.activeElement.id") == "rank"
    page.go_back()
    visitor.expect("h1", "outlier")
    assert page.url.endswith("/?scoring=1")


@pytest.mark.browser
def test_the_help_is_whole_at_every_width(visitor: Visitor) -> None:
    page = visitor.open("help")
    page.wait_for_selector("blockquote")
    assert visitor.layout_faults() == []
    page.get_by_role("navigation", name="contents").get_by_text("Worst stretch").click()
    page.wait_for_function("document.activeElement.id === 'stretch'")
