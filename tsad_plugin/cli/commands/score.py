"""`tsad score`: its options and its help."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from tsad_plugin.cli.app import app
from tsad_plugin.cli.options import (
    LAYOUT_HELP,
    Channels,
    File,
    Kept,
    Label,
    Layout,
    OfLong,
    Run,
    Segments,
    Time,
    names,
    option,
)


@app.command()
def score(
    file: File,
    *,
    model: Annotated[
        Path | None,
        option(
            "Folder that `tsad fit` wrote. Default: the newest model of the workspace.",
            metavar="DIR",
        ),
    ] = None,
    workspace: Kept = None,
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
        tsad score new.csv --workspace review
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

    `--workspace` keeps runs and scores for `tsad dashboard`.

    `--html` has charts of all of this, the course of each of the ten worst outliers beside that of
    good runs, and what the model is; it needs no network to be read.

    **Long series.** A model of `tsad fit --long` shows for each series when its first fault and
    the one with the highest score began, and when it failed. `--out` then has series, timestep
    (from 0), time, score (empty where there is none), label (1 above the threshold, else 0) and
    mode: faulty or failed in a segment, else normal, or empty without a score. `--segments` has
    series, start and end (exclusive), start_time, end_time, n_timesteps, mode, peak_score,
    mean_score and channels.
    """
    from tsad_plugin.cli import models
    from tsad_plugin.cli.in_workspace import Targets
    from tsad_plugin.cli.output import Outputs

    options = {"run": run, "time": time, "channels": names(channels), "label": label}
    options["layout"] = None if layout is None else layout.value
    outputs = Outputs(out, timesteps, segments, html)
    models.score(file, Targets(model, workspace), options, outputs, top, long)
