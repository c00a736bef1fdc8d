"""`tsad fit` and `tsad score`: of runs or of long series, and which options are for which."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from . import cli_commands, cli_long
from .cli_input import Columns
from .cli_output import Outputs
from .persistence import read_class
from .windows import WindowedDetector


def fit(
    file: Path,
    model: Path,
    columns: Columns,
    good: str | None,
    detector: str,
    settings: Sequence[str],
    threshold: str | None,
    long: bool,
    windows: Mapping[str, int | None],
) -> None:
    """Fit on runs, or on long series."""
    if long:
        of_runs = {"--good": good, "--label": columns.label, "--layout wide": _wide(columns.layout)}
        _refuse(of_runs, "is for runs: leave it out with --long")
        cli_long.fit(file, model, columns, detector, settings, threshold, windows)
        return
    of_series = {cli_long.option_of(name): value for name, value in windows.items()}
    _refuse(of_series, "is for long series: add --long, or leave it out")
    cli_commands.fit(file, model, columns, good, detector, settings, threshold or "ksigma:3")


def score(
    file: Path, model: Path, options: Mapping[str, Any], outputs: Outputs, top: int, long: bool
) -> None:
    """Score runs or long series, as the model does."""
    outputs.check([file])
    if read_class(model) == WindowedDetector.__name__:
        of_runs = {
            "--timesteps": outputs.timesteps,
            "--label": options["label"],
            "--layout wide": _wide(options["layout"]),
        }
        _refuse(of_runs, f"is for runs, and {str(model)!r} scores long series: leave it out")
        cli_long.score(file, model, options, outputs, top)
        return
    of_series = {"--long": long or None, "--segments": outputs.segments}
    _refuse(
        of_series,
        f"is for long series, and {str(model)!r} scores runs: leave it out, or pass a model of "
        "tsad fit --long",
    )
    cli_commands.score(file, model, options, outputs, top)


def _wide(layout: str | None) -> bool | None:
    return layout == "wide" or None


def _refuse(options: Mapping[str, Any], reason: str) -> None:
    """Raise for the first of these options that was given."""
    for name, value in options.items():
        if value is not None:
            raise ValueError(f"{name} {reason}")
