"""What `tsad benchmark` does: compare, keep, report and show."""

from __future__ import annotations

import re
import sys
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import joblib
import pandas as pd
import typer

from tsad_plugin import evaluation, html_report
from tsad_plugin.evaluation.comparison import Comparison
from tsad_plugin.evaluation.labelled import PROTOCOLS
from tsad_plugin.evaluation.tables import summary_table
from tsad_plugin.forms import plural, shorten

from . import compared
from .inputs import Columns
from .output import grid, say, write_table

NUMBERS = re.compile(r"[\d.]+")
SHOWN = (
    *("rank", "detector", "ROC-AUC", "95 % interval", "AP"),
    *("F1", "FAR", "MAR", "fit (s)", "failures"),
)


class Choice(NamedTuple):
    """How detectors are compared."""

    seeds: int
    folds: int
    jobs: int
    protocol: str
    threshold: str

    @property
    def protocols(self) -> tuple[str, ...]:
        """The protocols that are meant."""
        return PROTOCOLS if self.protocol == "both" else (self.protocol,)


def benchmark(
    data: Sequence[str],
    out: Path,
    specs: Sequence[str],
    choice: Choice,
    columns: Columns,
    normal: str | None = None,
    group: str | None = None,
) -> None:
    """Compare detectors on data sets, write results and reports, and show the summary."""
    if choice.jobs == 0:
        raise ValueError("--jobs 0: pass 1 or more, or -1 for one a core")
    detectors = compared.read_detectors(specs, choice.threshold)
    datasets = compared.read_data(data, columns, normal, group)
    out.mkdir(parents=True, exist_ok=True)
    say(
        f"data sets: {shorten(list(datasets), quote=False)}",
        f"detectors: {shorten(list(detectors), most=20, quote=False)}",
        f"{plural(choice.seeds, 'seed')}, {choice.folds} folds where data are not split, "
        f"{' and '.join(choice.protocols)}",
    )
    results = _compared(detectors, datasets, choice, out / "results.jsonl")
    _show(results)
    _write(results, out)


def _compared(
    detectors: Mapping[str, Any], datasets: Mapping[str, Any], choice: Choice, journal: Path
) -> pd.DataFrame:
    # What workers warn of would come as they print it, from each of them.
    quiet = joblib.parallel_config("loky", initializer=partial(warnings.simplefilter, "ignore"))
    with _keeping(journal), _each_warning_once(), quiet:
        return evaluation.benchmark(
            detectors,
            datasets,
            choice.seeds,
            choice.jobs,
            protocol=choice.protocols,
            n_folds=choice.folds,
            path=journal,
            verbose=int(sys.stderr.isatty()),
        )


@contextmanager
def _each_warning_once() -> Iterator[None]:
    """Many fits warn of the same, with other numbers."""
    show, said = warnings.showwarning, set()

    def first(message: Any, *where: Any, **more: Any) -> None:
        kind = NUMBERS.sub("", str(message))
        if kind not in said:
            said.add(kind)
            show(message, *where, **more)

    with warnings.catch_warnings():
        warnings.showwarning = first
        yield


@contextmanager
def _keeping(journal: Path) -> Iterator[None]:
    """Say of an interrupted comparison that it can go on."""
    try:
        yield
    except KeyboardInterrupt:
        typer.echo(f"what is done is kept in {journal}: the same command goes on there", err=True)
        raise
    except RuntimeError as error:  # a worker process died
        raise ValueError(str(error)) from error


def _show(results: pd.DataFrame) -> None:
    for protocol, rows in results.groupby("protocol", sort=False):
        found = Comparison(str(protocol), rows)
        table = summary_table(found)
        columns = dict(zip(table.header, zip(*table.rows, strict=True), strict=True))
        say(f"\n{protocol}: {found.headline()}", grid({name: columns[name] for name in SHOWN}, {}))


def _write(results: pd.DataFrame, out: Path) -> None:
    write_table(results, out / "results.csv")
    evaluation.write_report(results, out / "report.md")
    say(f"written: {out / 'results.csv'}, {out / 'report.md'}")
    if lacking := html_report.missing_library():
        say(f"A report with charts takes {lacking}: {html_report.INSTALL}")
        return
    evaluation.write_report(results, out / "report.html")
    say(f"written: {out / 'report.html'} (open it in a browser)")
