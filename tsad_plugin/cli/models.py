"""`tsad fit` and `tsad score`: of runs or of long series, and which options are for which."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tsad_plugin.persistence import read_class
from tsad_plugin.windows import WindowedDetector

from . import of_runs, of_series
from .in_workspace import Targets
from .inputs import Columns
from .output import Outputs


def fit(
    file: Path,
    targets: Targets,
    columns: Columns,
    given: Mapping[str, Any],
    long: bool,
    windows: Mapping[str, int | None],
) -> None:
    """Fit on runs, or on long series; `given` is what was said of `Learning`."""
    if long:
        runs_alone = {
            "--good": given.get("good"),
            "--label": columns.label,
            "--layout wide": _wide(columns.layout),
            "--workspace": targets.workspace,
        }
        _refuse(runs_alone, "is for runs: leave it out with --long")
        targets.check()
        assert targets.model is not None  # a workspace was refused
        detector, threshold = of_runs.Learning(**given).detector, given.get("threshold")
        settings = given.get("settings", ())
        of_series.fit(file, targets.model, columns, detector, settings, threshold, windows)
        return
    series_alone = {of_series.option_of(name): value for name, value in windows.items()}
    _refuse(series_alone, "is for long series: add --long, or leave it out")
    of_runs.fit(file, targets, columns, of_runs.Learning(**given))


def score(
    file: Path,
    targets: Targets,
    options: Mapping[str, Any],
    outputs: Outputs,
    top: int,
    long: bool,
) -> None:
    """Score runs or long series, as the model does."""
    outputs.check([file])
    model = targets.to_load
    if read_class(model) == WindowedDetector.__name__:
        runs_alone = {
            "--timesteps": outputs.timesteps,
            "--workspace": targets.workspace,
            "--label": options["label"],
            "--layout wide": _wide(options["layout"]),
        }
        _refuse(runs_alone, f"is for runs, and {str(model)!r} scores long series: leave it out")
        of_series.score(file, model, options, outputs, top)
        return
    series_alone = {"--long": long or None, "--segments": outputs.segments}
    _refuse(
        series_alone,
        f"is for long series, and {str(model)!r} scores runs: leave it out, or pass a model of "
        "tsad fit --long",
    )
    of_runs.score(file, model, options, outputs, top, targets.workspace)


def review(
    file: Path,
    model: Path | None,
    workspace: Path,
    options: Mapping[str, Any],
    given: Mapping[str, Any],
) -> None:
    """Learn from runs and score them all, or score them with a model, into a workspace."""
    if model is not None:
        for name in given:
            option = "set" if name == "settings" else name
            raise ValueError(f"--{option} is for learning: leave it out with --model")
        if read_class(model) == WindowedDetector.__name__:
            raise ValueError(
                f"{str(model)!r} scores long series, and runs are what is reviewed: use tsad score"
            )
        score(file, Targets(model, workspace), options, Outputs(), of_runs.TOP, long=False)
        return
    columns = Columns(**{**options, "layout": options["layout"] or "auto"})
    learning = of_runs.Learning(**given)
    learned = of_runs.fit(file, Targets(None, workspace), columns, learning)
    if learning.good is not None and learned is not None:  # of the others, too, scores are wanted
        of_runs.score(file, learned, workspace=workspace)


def _wide(layout: str | None) -> bool | None:
    return layout == "wide" or None


def _refuse(options: Mapping[str, Any], reason: str) -> None:
    """Raise for the first of these options that was given."""
    for name, value in options.items():
        if value is not None:
            raise ValueError(f"{name} {reason}")
