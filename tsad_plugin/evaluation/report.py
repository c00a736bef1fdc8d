"""A report on a comparison: HTML to look at, or Markdown to keep beside code."""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path

import pandas as pd

from tsad_plugin import html_report
from tsad_plugin.files import check_file, replacing

from .in_markdown import markdown
from .page import Page, page_of

MARKDOWN = ".md"


def write_report(
    results: pd.DataFrame, path: str | os.PathLike[str], metric: str = "roc_auc"
) -> None:
    """Write a report on the results of `benchmark`.

    It says who ranks first and from whom that cannot be told, and holds a table of all measures, a
    critical-difference diagram, a map of data sets and detectors, the pairwise tests, what failed,
    and how the results were made; a section for each protocol.

    Parameters
    ----------
    results : DataFrame
        Of `benchmark`, or what was saved of it.
    path : path-like
        The file: `.html`, one page that needs no network, or `.md`, the tables of it. One that is
        there is replaced, once the new one is whole.
    metric : str, default="roc_auc"
        What detectors are ranked and tested by, a measure of which more is better: for timesteps,
        say, `"vus_pr"`.

    Raises
    ------
    ValueError
        If `results` are empty or lack a column, `metric` is no such measure, or `path` ends
        otherwise, is a folder or lies in none.
    ModuleNotFoundError
        If HTML is wanted and plotly or Jinja2 is missing; the message says how to install them.
    OSError
        If the file cannot be written.

    Examples
    --------
    >>> from tsad_plugin import PCAReconstruction, PopulationBand, benchmark
    >>> from tsad_plugin.datasets import make_fermentation
    >>> from tsad_plugin.evaluation import write_report
    >>> runs = make_fermentation(40, faults=10, random_state=0)
    >>> results = benchmark([PCAReconstruction(), PopulationBand()], {"a": runs}, 2, verbose=0)
    >>> write_report(results, "report.md")  # doctest: +SKIP
    """
    target = Path(path)
    check_file(target, (*html_report.ENDINGS, *MARKDOWN), ".html or .md")
    is_markdown = target.name.lower().endswith(MARKDOWN)
    if not is_markdown:
        html_report.check_target(target)
    page = page_of(results, datetime.now().astimezone(), metric)
    with replacing(target) as part:
        part.write_text(_written(page, is_markdown), "utf-8", errors="replace", newline="\n")


def _written(page: Page, is_markdown: bool) -> str:
    if is_markdown:
        return markdown(page)
    from .in_html import html  # plotly and Jinja2 are extras

    return html(page)
