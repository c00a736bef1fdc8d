"""What the commands do; `cli` says how they are called."""

from __future__ import annotations

import shlex
import sys
import time as clock
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.table import Table

from . import cli_input, cli_output
from .base import ReconstructionDetector
from .cli_input import Columns
from .cli_output import Scored, number, say
from .datasets import Fault, make_fermentation
from .forms import plural, shorten
from .persistence import check_target, save
from .preprocessing import usual_lengths
from .runs import Runs
from .thresholds import Thresholder

TOP = 20
N_DEMO_TRAINING, N_DEMO_RUNS, N_DEMO_FAULTS = 100, 130, 7
DEMO_STRENGTH = 1.5  # clear faults: at 1.0 a threshold of mean + 3σ misses two or three of seven
DEMO_FILES = {"train.csv", "new.csv", "model", "scores.csv"}


def fit(
    file: Path,
    model: Path,
    columns: Columns,
    good: str | None = None,
    detector: str = "FCAutoEncoder",
    settings: Sequence[str] = (),
    threshold: str = "ksigma:3",
) -> None:
    """Fit a detector on the runs of a table, save it, and show the outliers among them."""
    clf = cli_input.make_detector(detector, settings, threshold, verbose=int(sys.stderr.isatty()))
    check_target(model)
    table = cli_input.open_table(file, columns)
    columns = columns._replace(good=cli_input.column_of_good(good))
    runs = cli_input.read_table(table, columns)
    columns = cli_input.resolved(columns, table, runs)
    say(f"{file}: {cli_output.describe(runs)} ({columns.layout} table)")
    if runs.has_names:
        say(f"channels: {shorten(runs.channels, most=12, quote=False)}")
    if good is not None:
        mask = cli_input.good_runs(file, table, runs, columns, good)
        say(f"good runs, by {good!r}: {mask.sum()} of {len(runs)}; the others are left out")
        runs = runs[mask]
    _train(clf, runs, threshold)
    save(clf, model, metadata={"columns": columns._asdict()})
    scored = Scored(clf, runs, clf.decision_scores_, clf.labels_, float(clf.threshold_))
    _show_outliers(scored, columns, TOP, "training runs")
    say(f"model: {model} (score other tables: tsad score FILE --model {model})")


def _train(clf: ReconstructionDetector, runs: Runs, threshold: str) -> None:
    start = clock.perf_counter()
    clf.fit(runs)
    seconds = clock.perf_counter() - start
    clf.set_params(verbose=0)  # how this terminal showed progress is not the model's business
    usual = usual_lengths(runs.lengths, clf.length_sigma)
    say(f"{type(clf).__name__}: learned from {plural(usual.sum(), 'run')} in {seconds:.1f} s")
    if not usual.all():
        kept = runs.lengths[usual]
        say(
            f"{plural((~usual).sum(), 'run')} of unusual length (outside {kept.min()} to "
            f"{kept.max()} timesteps) not learned from, only scored"
        )
    held_out = f"scores of {plural(len(clf.calibration_scores_), 'run')} held out of training"
    source = held_out if isinstance(clf.thresholder_, Thresholder) else "scores of training runs"
    say(f"threshold: {number(float(clf.threshold_))} ({threshold}, from the {source})")


def score(
    file: Path,
    model: Path,
    options: Mapping[str, Any] | None = None,
    out: Path | None = None,
    timesteps: Path | None = None,
    top: int = TOP,
) -> Scored:
    """Score the runs of a table with a saved model, show the outliers and write the tables."""
    cli_output.check_outputs([out, timesteps], inputs=[file])
    clf = cli_input.load_detector(model)
    columns = Columns.of_model(model).override(options or {})
    table = cli_input.open_table(file, columns)
    columns = columns.without_absent_label(table, options or {})
    runs = cli_input.read_table(table, columns)
    say(f"{file}: {cli_output.describe(runs)}")
    scored = Scored.of(clf, runs)
    _show_outliers(scored, columns, top, "runs")
    for path, frame_of in ((out, cli_output.scores_frame), (timesteps, cli_output.timesteps_frame)):
        if path is not None:
            cli_output.write_table(frame_of(scored), path)
            say(f"written: {path}")
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
        say(cli_output.ranking(scored, outliers[:top], columns.time, columns.label))
    if 0 < top < len(outliers):
        say(f"… and {len(outliers) - top} more")


def demo(out: Path, seed: int) -> None:
    """Simulate runs with faults, fit and score them as a user would, and say what was found."""
    _check_demo_folder(out)
    train, new, faults = demo_runs(seed)
    files = {name: out / name for name in DEMO_FILES}
    out.mkdir(parents=True, exist_ok=True)
    for name, runs in (("train.csv", train), ("new.csv", new)):
        cli_output.write_table(cli_output.long_frame(runs, "run", "time_h"), files[name])
    fit_command, score_command = _demo_commands({k: str(v) for k, v in files.items()})
    say(
        f"{N_DEMO_RUNS} simulated fermentations, whose feed has spikes that belong to the recipe:",
        f"{files['train.csv']} holds {len(train)} good ones, {files['new.csv']} {len(new)} others, "
        f"{len(faults)} of them with a fault.",
        f"\n$ {fit_command}",
    )
    fit(files["train.csv"], files["model"], Columns("run", "time_h"))
    say(f"\n$ {score_command}")
    scored = score(files["new.csv"], files["model"], out=files["scores.csv"])
    _show_faults(scored, faults)
    say("The same with your own table, with its names in place of these:")
    say(f"    {fit_command}", f"    {score_command}")


def _demo_commands(files: Mapping[str, str]) -> tuple[str, str]:
    """What a user would type, names with a space in quotes."""
    model, columns = ["--model", files["model"]], ["--run", "run", "--time", "time_h"]
    return (
        shlex.join(["tsad", "fit", files["train.csv"], *columns, *model]),
        shlex.join(["tsad", "score", files["new.csv"], *model, "--out", files["scores.csv"]]),
    )


def _show_faults(scored: Scored, faults: Sequence[Fault]) -> None:
    faulty = {fault.run for fault in faults}
    outliers: list[Any] = scored.runs.ids[scored.outliers].tolist()
    alarms = [run for run in outliers if run not in faulty]
    say("\nThe faults that were put in, and what was found:", faults_table(scored, faults))
    say(f"False alarms: {', '.join(alarms) or 'none'}")


def _check_demo_folder(out: Path) -> None:
    others = sorted({p.name for p in out.iterdir()} - DEMO_FILES) if out.is_dir() else []
    if others or out.is_file():
        found = f"holds other things ({others[0]!r})" if others else "is a file"
        raise ValueError(f"{str(out)!r} {found}: name a new or an empty folder, --out DIR")


def demo_runs(seed: int) -> tuple[Runs, Runs, list[Fault]]:
    """Good runs to learn from, other runs, and the faults of some of those."""
    runs, faults = make_fermentation(
        N_DEMO_RUNS,
        faults=N_DEMO_FAULTS,
        strength=DEMO_STRENGTH,
        random_state=seed,
        return_faults=True,
    )
    faulty = {fault.run for fault in faults}
    good = [i for i, run in enumerate(runs.ids.tolist()) if run not in faulty]
    train = good[:N_DEMO_TRAINING]
    return runs[train], runs[sorted(set(range(len(runs))) - set(train))], faults


def faults_table(scored: Scored, faults: Sequence[Fault]) -> Table:
    """Each fault beside what the detector says of its run, the worst first."""
    by_run = {fault.run: fault for fault in faults}
    ids: list[Any] = scored.runs.ids.tolist()
    positions = [i for i in scored.ranked if ids[i] in by_run]
    put_in = [by_run[ids[i]] for i in positions]
    found = scored.explain(positions)
    at, stretch = list(enumerate(positions)), cli_output.stretch
    return cli_output.grid(
        {
            "rank": [str(scored.ranked.index(i) + 1) for i in positions],
            "run": [fault.run for fault in put_in],
        },
        {
            "fault put in": [fault.name for fault in put_in],
            "in channel": [fault.channel for fault in put_in],
            "from–to\n(h)": [
                stretch(scored.runs, i, put_in[k].start, put_in[k].end - 1) for k, i in at
            ],
            "found\n(× thr.)": [
                f"{'yes' if e.is_outlier else 'no'} {cli_output.relative(e)}" for e in found
            ],
            "found at\n(h)": [stretch(scored.runs, i, found[k].start, found[k].end) for k, i in at],
        },
    )
