"""What the commands do; `cli` says how they are called."""

from __future__ import annotations

import sys
import time as clock
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from tsad_plugin import html_report
from tsad_plugin.forms import plural, shorten
from tsad_plugin.persistence import read_metadata, save
from tsad_plugin.reconstruction import ReconstructionDetector
from tsad_plugin.results import Scored, constant_channels, describe, number
from tsad_plugin.runs import Runs
from tsad_plugin.thresholds import Thresholder

from . import in_workspace, inputs, output
from .in_workspace import Targets
from .inputs import Columns
from .output import Outputs, say

TOP = 20
FEW_RUNS = 20
NONE = Outputs()


class Learning(NamedTuple):
    """What learns, and from which runs."""

    good: str | None = None
    detector: str = "FCAutoEncoder"
    settings: Sequence[str] = ()
    threshold: str = "ksigma:3"


USUAL = Learning()


def fit(file: Path, targets: Targets, columns: Columns, learning: Learning = USUAL) -> Path | None:
    """Fit a detector on the runs of a table, save it, and show the outliers among them.

    Returns the folder of the model in the workspace, where there is one.
    """
    good, detector, settings, threshold = learning
    clf = inputs.make_detector(detector, settings, threshold, verbose=int(sys.stderr.isatty()))
    targets.check()
    table = inputs.open_table(file, columns)
    columns = columns._replace(good=inputs.column_of_good(good))
    runs = inputs.read_table(table, columns)
    columns = inputs.resolved(columns, table, runs)
    say(f"{file}: {describe(runs)} ({columns.layout} table)")
    if runs.has_names:
        say(f"channels: {shorten(runs.channels, most=12, quote=False)}")
    if constant := constant_channels(runs):
        say(f"constant, so a channel only by name: {shorten(constant, most=12, quote=False)}")
    if good is not None:
        mask = inputs.good_runs(file, table, runs, columns, good)
        say(f"good runs, by {good!r}: {mask.sum()} of {len(runs)}; the others are left out")
        runs = runs[mask]
    _train(clf, runs, threshold)
    metadata = {"columns": columns._asdict()}
    if targets.model is not None:
        save(clf, targets.model, metadata=metadata)
    scored = Scored(clf, runs, clf.decision_scores_, clf.labels_, float(clf.threshold_))
    _show_outliers(scored, columns, TOP, "training runs")
    if targets.model is not None:
        say(f"model: {targets.model} (score other tables: tsad score FILE --model {targets.model})")
    if targets.workspace is None:
        return None
    name = file.name if good is None else f"{file.name} (good runs)"
    return in_workspace.keep(targets.workspace, scored, name, metadata)


def _train(clf: ReconstructionDetector, runs: Runs, threshold: str) -> None:
    start = clock.perf_counter()
    clf.fit(runs)
    seconds = clock.perf_counter() - start
    if hasattr(clf, "verbose"):
        clf.verbose = 0  # how this terminal showed progress is not the model's business
    usual = clf.trained_on_
    say(f"{type(clf).__name__}: learned from {plural(usual.sum(), 'run')} in {seconds:.1f} s")
    if not usual.all() and clf.length_sigma is not None:
        mean, reach = runs.lengths.mean(), clf.length_sigma * runs.lengths.std()
        say(
            f"{plural((~usual).sum(), 'run')} of unusual length (outside {mean - reach:.0f} to "
            f"{mean + reach:.0f} timesteps, mean ± {clf.length_sigma:g}σ) not learned from, only "
            "scored"
        )
    if usual.sum() < FEW_RUNS:
        say(f"few runs: with less than about {FEW_RUNS} the threshold is a rough guess")
    held_out = f"scores of {plural(len(clf.calibration_scores_), 'run')} held out of training"
    source = held_out if isinstance(clf.thresholder_, Thresholder) else "scores of training runs"
    say(f"threshold: {number(float(clf.threshold_))} ({threshold}, from the {source})")


def score(
    file: Path,
    model: Path,
    options: Mapping[str, Any] | None = None,
    outputs: Outputs = NONE,
    top: int = TOP,
    workspace: Path | None = None,
) -> Scored:
    """Score the runs of a table with a saved model, show the outliers and write what is wanted."""
    if workspace is not None:
        in_workspace.check(workspace)
    clf = inputs.load_detector(model)
    columns = Columns.of_model(model).override(options or {})
    table = inputs.open_table(file, columns)
    columns = columns.without_absent_label(table, options or {})
    runs = inputs.read_table(table, columns)
    say(f"{file}: {describe(runs)}")
    scored = Scored.of(clf, runs)
    _show_outliers(scored, columns, top, "runs")
    for path, frame_of in (
        (outputs.out, output.scores_frame),
        (outputs.timesteps, output.timesteps_frame),
    ):
        if path is not None:
            output.write_table(frame_of(scored), path)
            say(f"written: {path}")
    if outputs.html is not None:
        html_report.write(scored, outputs.html)
        say(f"written: {outputs.html} (open it in a browser)")
    if workspace is not None:
        in_workspace.keep(workspace, scored, file.name, read_metadata(model), model)
    return scored


def _show_outliers(scored: Scored, columns: Columns, top: int, what: str) -> None:
    outliers, n_runs = scored.outliers, len(scored.runs)
    limit = f"above the threshold of {number(scored.threshold)}"
    if not outliers:
        highest = scored.ranked[0]
        say(
            f"none of {n_runs} {what} is {limit}; the highest score is "
            f"{number(scored.scores[highest])}, run {scored.runs.ids.tolist()[highest]}"
        )
        return
    say(f"{len(outliers)} of {n_runs} {what} {'is' if len(outliers) == 1 else 'are'} {limit}")
    if top:
        say(output.ranking(scored, outliers[:top], columns.time, columns.label))
    if 0 < top < len(outliers):
        say(f"… and {len(outliers) - top} more")
