"""`tsad fit`: its options and its help."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from tsad_plugin.cli.app import app
from tsad_plugin.cli.options import (
    LAYOUT_HELP,
    Channels,
    Detector,
    File,
    Good,
    Kept,
    Label,
    Layout,
    Long,
    OwnThreshold,
    Run,
    Settings,
    Smoothing,
    Stride,
    Time,
    WindowSize,
    names,
    only_given,
    option,
)


@app.command()
def fit(
    file: File,
    *,
    model: Annotated[Path | None, option("Folder for the model.", metavar="DIR")] = None,
    workspace: Kept = None,
    run: Run = None,
    time: Time = None,
    channels: Channels = None,
    label: Label = None,
    layout: Annotated[Layout, option(LAYOUT_HELP)] = Layout.auto,
    good: Good = None,
    detector: Detector = None,
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
        tsad fit batches.csv --run batch_id --workspace review
        tsad fit beats.csv --layout wide --threshold conformal:0.01 --model model
        tsad fit normal.csv --long --run machine --time time --window-size 32 --model model

    Name a `--model`, a `--workspace`, or both. A workspace also keeps the runs and their scores,
    and `tsad dashboard` shows it.

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
    from tsad_plugin.cli import models
    from tsad_plugin.cli.in_workspace import Targets
    from tsad_plugin.cli.inputs import Columns

    columns = Columns(run, time, names(channels), label, layout.value)
    windows = {"window_size": window_size, "stride": stride, "smoothing": smoothing}
    targets = Targets(model, workspace)
    given = only_given(good=good, detector=detector, settings=settings, threshold=threshold)
    models.fit(file, targets, columns, given, long, windows)
