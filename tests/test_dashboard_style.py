"""Pages and figures have the same paper and ink, which stand in two languages."""

import re
from pathlib import Path

import dashboard
from tsad_plugin.figures.scheme import DARK
from tsad_plugin.figures.style import BLACK, LIGHT_GREY, PAPER, TEMPLATE

STYLE = (Path(dashboard.__file__).parent / "assets" / "style.css").read_text("utf-8")


def variables(selector: str) -> dict[str, str]:
    """What a block of the style sheet sets."""
    block = STYLE.partition(f"{selector} {{")[2].partition("}")[0]
    return dict(re.findall(r"--([\w-]+): ([^;]+);", block))


def test_cards_have_the_paper_and_the_ink_of_figures() -> None:
    light = variables(":root")
    assert (light["ink"], light["paper"]) == (BLACK, "#ffffff") and PAPER == "white"


def test_in_the_dark_too() -> None:
    dark = variables('html:root[data-mantine-color-scheme="dark"]')
    assert (dark["ink"], dark["paper"], dark["line"]) == (
        DARK[BLACK],
        DARK[PAPER],
        DARK[LIGHT_GREY],
    )


def test_pages_and_figures_are_written_in_the_same_letters() -> None:
    family = re.findall(r"font-family: ([^;]+);", STYLE)[0]
    assert family.replace('"', "'") == TEMPLATE.layout.font.family
