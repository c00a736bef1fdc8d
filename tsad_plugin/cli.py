"""The `tsad` command.

What is heavy is imported inside the commands: `tsad --help` has to answer at once.
"""

from __future__ import annotations

import io
import re
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

# The library's messages name Python's arguments: layout='long' is --layout long here.
ARGUMENT = re.compile(r"\b(run|time|channels|label|layout)=(?:'(\w+)')?")


class Commands(TyperGroup):
    """The commands, with errors and warnings as single lines."""

    def invoke(self, ctx: Any) -> Any:
        """Run a command."""
        with _lines_for_warnings():
            try:
                return super().invoke(ctx)
            except KeyboardInterrupt:
                typer.echo("interrupted", err=True)
                raise typer.Exit(130) from None
            except BrokenPipeError:
                raise  # whoever read our output has seen enough: typer ends quietly
            except OSError as error:
                what = "write the output" if error.filename is None else f"use {error.filename!r}"
                _say_error(f"cannot {what}: {error.strerror or error}")
            except MemoryError as error:
                _say_error(f"not enough memory ({error}): lower n_timesteps or hidden_dims")
            except (ValueError, ModuleNotFoundError) as error:
                _say_error(str(error))
        raise typer.Exit(2)


def _say_error(text: str) -> None:
    typer.echo(f"error: {_as_line(text)}", err=True)


def _as_line(text: str) -> str:
    return ARGUMENT.sub(_as_option, " ".join(text.splitlines()))


def _as_option(found: re.Match[str]) -> str:
    name, value = found.groups()
    return f"--{name} {value}" if value else f"--{name}"


@contextmanager
def _lines_for_warnings() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("always", UserWarning)
        warnings.showwarning = lambda message, *_, **__: typer.echo(
            f"warning: {_as_line(str(message))}", err=True
        )
        yield


app = typer.Typer(
    cls=Commands,
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
)


class Layout(StrEnum):
    """Forms of a table."""

    auto = "auto"
    long = "long"
    wide = "wide"


def _option(help_text: str, *names: str, metavar: str | None = None, **more: Any) -> Any:
    return typer.Option(*names, help=help_text, metavar=metavar, **more)


File = Annotated[
    Path, typer.Argument(metavar="FILE", help="Table: .csv, .tsv or .txt (also .gz), .parquet.")
]
Run = Annotated[str | None, _option("Column with the id of the run.", metavar="COL")]
Time = Annotated[
    str | None, _option("Column with the time of the row, numbers or dates.", metavar="COL")
]
Channels = Annotated[
    str | None,
    _option("Columns to look at. Default: all other columns of numbers.", metavar="A,B,…"),
]
Label = Annotated[
    str | None,
    _option("Column with what is known of the run: shown, never learned from.", metavar="COL"),
]
LAYOUT_HELP = (
    "long: a row per run and timestep. wide: a row per run, a column per timestep. "
    "auto: long with --time or where a run has several rows."
)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"tsad {version('tsad_plugin')}")
        raise typer.Exit


Version = Annotated[
    bool, _option("Show the version.", "--version", callback=_show_version, is_eager=True)
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


@app.command()
def fit(
    file: File,
    *,
    model: Annotated[Path, _option("Folder for the model.", metavar="DIR")],
    run: Run = None,
    time: Time = None,
    channels: Channels = None,
    label: Label = None,
    layout: Annotated[Layout, _option(LAYOUT_HELP)] = Layout.auto,
    good: Annotated[
        str | None,
        _option(
            "Learn from good runs alone: a column that says 1/0, true/false, yes/no or good/bad, "
            "or a file with one id a line.",
            metavar="COLUMN|FILE",
        ),
    ] = None,
    detector: Annotated[
        str,
        _option(
            "FCAutoEncoder (the quickest), FCVAE, LSTMAutoEncoder, LSTMVAE, CNN1DAutoEncoder, "
            "CNN1DVAE, PCAReconstruction or PopulationBand (mean ± kσ), in any case.",
            metavar="NAME",
        ),
    ] = "FCAutoEncoder",
    settings: Annotated[
        list[str] | None,
        _option("A parameter of the detector; may be repeated.", "--set", metavar="NAME=VALUE"),
    ] = None,
    threshold: Annotated[
        str,
        _option("ksigma:3, pot:1e-3, conformal:0.01 or contamination:0.05.", metavar="KIND:NUMBER"),
    ] = "ksigma:3",
) -> None:
    r"""Learn from a table of runs, save the model and show the outliers among them.

    A table is *long*, with a row per run and timestep, or *wide*, with a row per run and a column
    per timestep. Runs may differ in length; empty cells are gaps. Most runs should be good; where
    you know which are, say so with `--good`. Runs of unusual length are scored but not learned
    from.

        tsad fit batches.csv --run batch_id --time time_h --model model
        tsad fit batches.csv --run batch_id --channels pH,temp --model model
        tsad fit batches.csv --run batch_id --good good_ids.txt --model model
        tsad fit batches.csv --run batch_id --detector LSTMAutoEncoder \
            --set n_epochs=50 --set hidden_dims=[64,32] --model model
        tsad fit beats.csv --layout wide --threshold conformal:0.01 --model model

    **What the numbers mean.** A *score* is the root mean squared error of a run's reconstruction
    relative to that of good runs: around 1 for a good run, higher for an abnormal one. A run above
    the *threshold* is an outlier:

    - `ksigma:3`: the mean plus 3 standard deviations of the scores of good runs
    - `pot:1e-3`: extreme-value theory; a good run is above it with a probability of 0.001
    - `conformal:0.01`: at most 1 % false alarms, whatever the scores look like; takes 99 runs
    - `contamination:0.05`: the worst 5 % of the training runs are outliers

    The first three learn from scores of training runs that the network had not seen. The *worst
    stretch* is where in the run the error is, the *channels* are those with most of it, *length* is
    in standard deviations (σ) from the mean.
    """
    from . import cli_commands

    columns = cli_commands.Columns(run, time, _names(channels), label, layout.value)
    cli_commands.fit(file, model, columns, good, detector, settings or [], threshold)


def _names(channels: str | None) -> list[str] | None:
    return None if channels is None else [name.strip() for name in channels.split(",")]


@app.command()
def score(
    file: File,
    *,
    model: Annotated[Path, _option("Folder that `tsad fit` wrote.", metavar="DIR")],
    out: Annotated[
        Path | None,
        _option("Write a row per run: .csv (also .gz) or .parquet.", metavar="FILE"),
    ] = None,
    timesteps: Annotated[
        Path | None,
        _option("Write a row per run and timestep: .csv (also .gz) or .parquet.", metavar="FILE"),
    ] = None,
    html: Annotated[
        Path | None,
        _option("Write a report to open in a browser: one .html file.", metavar="FILE"),
    ] = None,
    top: Annotated[int, _option("How many outliers to show at most.", min=0)] = 20,
    run: Run = None,
    time: Time = None,
    channels: Channels = None,
    label: Label = None,
    layout: Annotated[Layout | None, _option(LAYOUT_HELP)] = None,
) -> None:
    """Score the runs of a table with a saved model and show the outliers, the worst first.

    The model knows how the table of `fit` was read; this one is read in the same way. Where its
    columns have other names, say so with the options of `fit`.

        tsad score new.csv --model model
        tsad score new.csv --model model --html report.html
        tsad score new.csv --model model --out scores.csv --timesteps timesteps.parquet
        tsad score new.csv --model model --run lot --time hours

    **What the numbers mean.** A *score* is around 1 for a good run; a run above the threshold, with
    *× threshold* above 1, is an outlier. The *worst stretch* is where in the run the error is, the
    *channels* are those with most of it, *length* is in standard deviations (σ) from the mean of
    the training runs.

    `--out` has the columns run, score, threshold, outlier (1 or 0), rank (1 is the worst), start
    and end (first and last timestep of the worst stretch, counted from 0), start_time, end_time,
    channel (the one with the largest share of the error there), share, n_timesteps and duration
    (length in standard deviations from the mean of the training runs).

    `--timesteps` has run, timestep, time, score and each channel's contribution to that score.

    `--html` has charts of all of this, the course of each of the ten worst outliers beside that of
    good runs, and what the model is; it needs no network to be read.
    """
    from . import cli_commands

    options = {"run": run, "time": time, "channels": _names(channels), "label": label}
    options["layout"] = None if layout is None else layout.value
    cli_commands.score(file, model, options, out, timesteps, top, html)


@app.command()
def demo(
    out: Annotated[
        Path, _option("Folder for the files; new, empty or of an earlier demo.", metavar="DIR")
    ] = Path("tsad-demo"),
    seed: Annotated[int, _option("Other runs and faults for another number.", min=0)] = 0,
    no_serve: Annotated[
        bool,
        _option("The dashboard is not part of this version; nothing is served.", "--no-serve"),
    ] = False,
) -> None:
    """Simulate fermentations with known faults, and find them. Takes less than a minute.

    Writes train.csv (good runs) and new.csv (other runs, some with a fault), fits on the first,
    scores the second, and sets the faults that were put in beside those that were found. The two
    commands that do this are shown: they work on your own tables too. report.html shows the
    outliers in a browser.

        tsad demo
        tsad demo --out /tmp/demo --seed 1
    """
    from . import cli_demo

    cli_demo.demo(out, seed)


def main() -> None:
    """Entry point of the `tsad` command."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # where there is no σ the numbers still show
    app()
