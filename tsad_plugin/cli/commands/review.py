"""`tsad review`: its options and its help."""

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
    Label,
    Layout,
    NoBrowser,
    OwnThreshold,
    Port,
    Run,
    Settings,
    Time,
    names,
    only_given,
    option,
)


@app.command()
def review(
    file: File,
    *,
    workspace: Annotated[
        Path, option("Folder of the workspace; made if it is not there.", metavar="DIR")
    ] = Path("tsad-workspace"),
    model: Annotated[
        Path | None,
        option("Score with this model of `tsad fit` instead of learning from FILE.", metavar="DIR"),
    ] = None,
    run: Run = None,
    time: Time = None,
    channels: Channels = None,
    label: Label = None,
    layout: Annotated[Layout | None, option(LAYOUT_HELP)] = None,
    good: Good = None,
    detector: Detector = None,
    settings: Settings = None,
    threshold: OwnThreshold = None,
    port: Port = None,
    no_browser: NoBrowser = False,
    no_serve: Annotated[bool, option("Only keep the scores, open no dashboard.", "--no-serve")] = (
        False
    ),
) -> None:
    """Learn from a table of runs, or load a model; score the runs, and open the dashboard.

    In one command what `tsad fit`, `tsad score` and `tsad dashboard` do. Without `--model` a
    detector learns from the runs of FILE (with `--good` from the good ones alone) and all of them
    are scored.

        tsad review batches.csv --run batch_id --time time_h
        tsad review batches.csv --run batch_id --good good_ids.txt --workspace review
        tsad review new.csv --model model --workspace review
    """
    from tsad_plugin.cli import models
    from tsad_plugin.cli.in_workspace import check_dashboard, show

    options = {"run": run, "time": time, "channels": names(channels), "label": label}
    options["layout"] = None if layout is None else layout.value
    given = only_given(good=good, detector=detector, settings=settings, threshold=threshold)
    if not no_serve:
        check_dashboard()
    models.review(file, model, workspace, options, given)
    if not no_serve:
        show(workspace, port, browser=not no_browser)
