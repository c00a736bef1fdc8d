"""One HTML file of templates, styles, scripts and figures, for every report."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import plotly.graph_objects as go
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from plotly.offline import get_plotlyjs

from tsad_plugin.figures import CONFIG

TEMPLATES = Path(__file__).parent / "templates"


class Chart(NamedTuple):
    """A figure in a page: `label` is what a screen reader says of it."""

    name: str
    json: str
    height: int
    label: str


def chart(name: str, figure: go.Figure, label: str) -> Chart:
    """A figure as a page holds it."""
    return Chart(name, embedded(figure.to_json()), int(figure.layout.height), label)


def embedded(text: str) -> str:
    """JSON that cannot end the script element it stands in."""
    for sign, escaped in (("<", "\\u003c"), (">", "\\u003e"), ("&", "\\u0026")):
        text = text.replace(sign, escaped)
    return text


def render(template: Path, content: Mapping[str, Any]) -> str:
    """Put content into a template, with all scripts and styles, and nothing from outside.

    The template extends `base.html`, which wants a `headline` and `facts` (name, value, remark).
    """
    environment = Environment(
        loader=FileSystemLoader([template.parent, TEMPLATES]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    scripts = [get_plotlyjs(), (TEMPLATES / "report.js").read_text("utf-8")]
    return environment.get_template(template.name).render(
        **content,
        scripts=scripts,
        script_hashes=[_digest(script) for script in scripts],
        style=(TEMPLATES / "report.css").read_text("utf-8"),
        config=embedded(json.dumps(CONFIG)),
    )


def _digest(script: str) -> str:
    """By which a browser knows this script: it runs no other, whatever a name may hold."""
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
