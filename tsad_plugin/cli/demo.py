"""The demo: runs with known faults, fitted and scored as a user would."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.table import Table

from tsad_plugin import html_report
from tsad_plugin.datasets import Fault, make_fermentation
from tsad_plugin.results import Scored, relative, stretch
from tsad_plugin.runs import Runs

from . import in_workspace, output
from .in_workspace import Targets
from .inputs import Columns
from .of_runs import Learning, fit, score
from .output import Outputs, say

N_DEMO_TRAINING, N_DEMO_RUNS, N_DEMO_FAULTS = 100, 130, 7
DEMO_STRENGTH = 1.5
# What suits batches that follow a recipe and differ in few ways (docs/benchmark.md measures it).
DEMO_SETTINGS = ("linear_path=true", "scaling=phase")
DEMO_FILES = {"train.csv", "new.csv", "model", "scores.csv", "report.html", "workspace"}


def demo(out: Path, seed: int, serve: bool) -> None:
    """Simulate runs with faults, fit and score them as a user would, and show what was found."""
    _check_demo_folder(out)
    train, new, faults = demo_runs(seed)
    files = {name: out / name for name in DEMO_FILES}
    out.mkdir(parents=True, exist_ok=True)
    for name, runs in (("train.csv", train), ("new.csv", new)):
        output.write_table(output.long_frame(runs, "run", "time_h"), files[name])
    html = None if html_report.missing_library() else files["report.html"]
    workspace = None if html_report.lacking(in_workspace.SERVED) else files["workspace"]
    commands = _demo_commands({k: str(v) for k, v in files.items()}, html, workspace)
    say(
        f"{N_DEMO_RUNS} simulated fermentations, whose feed has pulses that belong to the recipe:",
        f"{files['train.csv']} holds {len(train)} good ones, {files['new.csv']} {len(new)} others, "
        f"{len(faults)} of them with a fault.",
        f"\n$ {commands[0]}",
    )
    targets, columns = Targets(files["model"], workspace), Columns("run", "time_h")
    fit(files["train.csv"], targets, columns, Learning(settings=DEMO_SETTINGS))
    say(f"\n$ {commands[1]}")
    outputs = Outputs(files["scores.csv"], html=html)
    scored = score(files["new.csv"], files["model"], outputs=outputs, workspace=workspace)
    _show_faults(scored, faults)
    say("The same with your own table, with its names in place of these:")
    say(*(f"    {command}" for command in commands))
    _show_pictures(html, workspace, serve)


def _demo_commands(
    files: Mapping[str, str], html: Path | None, workspace: Path | None
) -> list[str]:
    """What a user would type, names with a space in quotes."""
    kept = [] if workspace is None else ["--workspace", str(workspace)]
    model, columns = ["--model", files["model"], *kept], ["--run", "run", "--time", "time_h"]
    settings = [word for setting in DEMO_SETTINGS for word in ("--set", setting)]
    outputs = ["--out", files["scores.csv"], *([] if html is None else ["--html", str(html)])]
    commands = [
        ["tsad", "fit", files["train.csv"], *columns, *settings, *model],
        ["tsad", "score", files["new.csv"], *model, *outputs],
        *([["tsad", "dashboard", *kept]] if kept else []),
    ]
    return [shlex.join(command) for command in commands]


def _show_pictures(html: Path | None, workspace: Path | None, serve: bool) -> None:
    """Where the pictures are; in a terminal, the dashboard itself."""
    if html is None:
        lacks = f"A report with a picture of each outlier takes {html_report.missing_library()}"
        say(f"\n{lacks}: {html_report.INSTALL}")
    else:
        say(f"\nThe report, with a picture of each outlier: open {html} in a browser.")
    if workspace is None:
        lacks = f"The dashboard takes {html_report.lacking(in_workspace.SERVED)}"
        say(f"{lacks}: {html_report.INSTALL}")
    if workspace is not None and serve and sys.stdin.isatty() and sys.stdout.isatty():
        in_workspace.show(workspace)


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
    at = list(enumerate(positions))
    return output.grid(
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
                f"{'yes' if e.is_outlier else 'no'} {relative(e.score, scored.threshold)}"
                for e in found
            ],
            "found at\n(h)": [stretch(scored.runs, i, found[k].start, found[k].end) for k, i in at],
        },
    )
