"""The `tsad` command.

What is heavy is imported inside the commands: `tsad --help` has to answer at once.
"""

from __future__ import annotations

import io
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer

from .cli_errors import Commands
from .cli_options import (
    LAYOUT_HELP,
    Channels,
    Compared,
    Data,
    Detector,
    File,
    Good,
    Group,
    Label,
    Layout,
    Long,
    OfLong,
    OwnThreshold,
    Protocol,
    Run,
    Segments,
    Settings,
    Smoothing,
    Stride,
    Threshold,
    Time,
    WindowSize,
    names,
    option,
)

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


@app.command()
def fit(
    file: File,
    *,
    model: Annotated[Path, option("Folder for the model.", metavar="DIR")],
    run: Run = None,
    time: Time = None,
    channels: Channels = None,
    label: Label = None,
    layout: Annotated[Layout, option(LAYOUT_HELP)] = Layout.auto,
    good: Good = None,
    detector: Detector = "FCAutoEncoder",
    settings: Settings = None,
    threshold: OwnThreshold = None,
    long: Long = False,
    window_size: WindowSize = None,
    stride: Stride = None,
    smoothing: Smoothing = None,
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
        tsad fit normal.csv --long --run machine --time time --window-size 32 --model model

    With `--long` the table holds long series of normal rows, a row a timestep and in the order of
    time: machines told apart by `--run`, or one series without it. Windows of them are what the
    detector learns, and `tsad score` then says of each timestep whether it is abnormal, and when
    a fault began. `--set` also takes min_duration, merge_gap, release, max_windows,
    validation_fraction and despike.

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
    from . import cli_models
    from .cli_input import Columns

    columns = Columns(run, time, names(channels), label, layout.value)
    windows = {"window_size": window_size, "stride": stride, "smoothing": smoothing}
    cli_models.fit(file, model, columns, good, detector, settings or [], threshold, long, windows)


@app.command()
def score(
    file: File,
    *,
    model: Annotated[Path, option("Folder that `tsad fit` wrote.", metavar="DIR")],
    out: Annotated[
        Path | None,
        option(
            "Write a row per run, of long series per timestep: .csv (also .gz) or .parquet.",
            metavar="FILE",
        ),
    ] = None,
    timesteps: Annotated[
        Path | None,
        option("Write a row per run and timestep: .csv (also .gz) or .parquet.", metavar="FILE"),
    ] = None,
    html: Annotated[
        Path | None,
        option("Write a report to open in a browser: one .html file.", metavar="FILE"),
    ] = None,
    top: Annotated[int, option("How many outliers to show at most.", min=0)] = 20,
    run: Run = None,
    time: Time = None,
    channels: Channels = None,
    label: Label = None,
    layout: Annotated[Layout | None, option(LAYOUT_HELP)] = None,
    long: OfLong = False,
    segments: Segments = None,
) -> None:
    """Score the runs of a table with a saved model and show the outliers, the worst first.

    The model knows how the table of `fit` was read; this one is read in the same way. Where its
    columns have other names, say so with the options of `fit`.

        tsad score new.csv --model model
        tsad score new.csv --model model --html report.html
        tsad score new.csv --model model --out scores.csv --timesteps timesteps.parquet
        tsad score new.csv --model model --run lot --time hours
        tsad score machines.csv --model model --out scores.csv --segments segments.csv

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

    **Long series.** A model of `tsad fit --long` shows for each series when its first fault and
    the one with the highest score began, and when it failed. `--out` then has series, timestep
    (from 0), time, score (empty where there is none), label (1 above the threshold, else 0) and
    mode: faulty or failed in a segment, else normal, or empty without a score. `--segments` has
    series, start and end (exclusive), start_time, end_time, n_timesteps, mode, peak_score,
    mean_score and channels.
    """
    from . import cli_models
    from .cli_output import Outputs

    options = {"run": run, "time": time, "channels": names(channels), "label": label}
    options["layout"] = None if layout is None else layout.value
    outputs = Outputs(out, timesteps, segments, html)
    cli_models.score(file, model, options, outputs, top, long)


@app.command()
def benchmark(
    data: Data,
    *,
    out: Annotated[Path, option("Folder for the results and the report.", metavar="DIR")],
    detector: Compared = None,
    threshold: Threshold = "ksigma:3",
    seeds: Annotated[int, option("How many seeds: of splits and detectors.", min=1)] = 5,
    folds: Annotated[int, option("Folds of data that are not split yet.", min=2)] = 2,
    jobs: Annotated[int, option("Fits at a time; -1 is one for each core.", min=-1)] = 1,
    protocol: Annotated[
        Protocol,
        option(
            "Learn from the normal runs of each training part alone, from all of them, or both."
        ),
    ] = Protocol.semi_supervised,
    normal: Annotated[
        str | None,
        option("Label of normal runs. Default: the most frequent.", metavar="LABEL"),
    ] = None,
    group: Group = None,
    run: Run = None,
    time: Time = None,
    channels: Channels = None,
    label: Annotated[
        str | None, option("Column with what is known of the run; a table needs it.", metavar="COL")
    ] = None,
    layout: Annotated[Layout, option(LAYOUT_HELP)] = Layout.auto,
) -> None:
    r"""Compare detectors on data of which the abnormal runs are known.

    All learn from the same splits with the same seeds. No detector sees a label: those say what to
    learn from and what is right. DATA are files of the UCR archive, of which NAME_TRAIN and
    NAME_TEST are one data set, folders of them, tables, or the word `simulator`, fermentations with
    faults, others for each seed.

        tsad benchmark simulator --out results
        tsad benchmark archive/Coffee archive/ECG200 --jobs 4 --out results
        tsad benchmark batches.csv --run batch_id --label quality --normal good --out results
        tsad benchmark simulator --detector FCAutoEncoder:hidden_dims=[64,32] \
            --detector KNN:n_neighbors=10 --seeds 2 --out results

    Writes report.html (to open in a browser), report.md, results.csv (a row a fit) and
    results.jsonl, to which each row is added as soon as it is there: the same command again goes on
    where it was interrupted, and tries again what failed.

    **What the numbers mean.** *ROC-AUC* is how often an outlier scores higher than a normal run:
    the mean over data sets, with its 95 % interval; *rank* is the mean place among the detectors.
    *AP* is average precision. *F1*, *FAR* (share of normal runs flagged) and *MAR* (share of
    outliers missed) are those at the threshold, of which `tsad fit --help` tells; *fit* is the
    median time of a fit.
    """
    from . import cli_benchmark
    from .cli_input import Columns

    columns = Columns(run, time, names(channels), label, layout.value)
    chosen = cli_benchmark.Choice(seeds, folds, jobs, protocol.value, threshold)
    cli_benchmark.benchmark(data, out, detector or [], chosen, columns, normal, group)


@app.command()
def demo(
    out: Annotated[
        Path, option("Folder for the files; new, empty or of an earlier demo.", metavar="DIR")
    ] = Path("tsad-demo"),
    seed: Annotated[int, option("Other runs and faults for another number.", min=0)] = 0,
    no_serve: Annotated[
        bool,
        option("The dashboard is not part of this version; nothing is served.", "--no-serve"),
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
