"""The `tsad` command, to which `commands` adds what it can do."""

from __future__ import annotations

import io
import sys
from importlib.metadata import version
from typing import Annotated

import typer

from .errors import Commands
from .options import option

app = typer.Typer(
    cls=Commands,
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"tsad {version('tsad_plugin')}")
        raise typer.Exit


Version = Annotated[
    bool, option("Show the version.", "--version", callback=_show_version, is_eager=True)
]


@app.callback()
def tsad(_version: Version = False) -> None:
    """Find abnormal runs in time series: which run, when, and in which channel.

    A *run* is one recording from start to end: a fermentation batch, a heartbeat, a machine's life.
    A detector learns from runs that are mostly good, and then scores any run by how badly it can
    reconstruct it. Begin with `tsad demo`; then fit on a table of yours and score new ones:

        tsad fit batches.csv --run batch_id --time time_h --model model
        tsad score new.csv --model model --out scores.csv
    """


def main() -> None:
    """Entry point of the `tsad` command."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # where there is no σ the numbers still show
    app()
