"""What the commands show and write: ranked runs, tables of scores and timesteps."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from tsad_plugin import html_report
from tsad_plugin.files import check_file, replacing
from tsad_plugin.results import Scored, channels_text, number, relative, stretch
from tsad_plugin.runs import Runs

PLAIN_WIDTH = 160
CHANNELS = "channels\n(share of error)"
ENDINGS = (".csv", ".csv.gz", ".parquet")


class Outputs(NamedTuple):
    """Files that `score` writes."""

    out: Path | None = None
    timesteps: Path | None = None
    segments: Path | None = None
    html: Path | None = None

    def check(self, inputs: Iterable[Path]) -> None:
        """Raise now for a file that cannot be written later."""
        check_outputs([self.out, self.timesteps, self.segments], inputs)
        if self.html is not None:
            html_report.check_target(self.html)


def say(*items: Any) -> None:
    """Print lines and tables; where nothing tells the width, wide enough for all columns."""
    known = sys.stdout.isatty() or "COLUMNS" in os.environ
    # Ids and channels are not markup; long lines are the terminal's to wrap.
    console = Console(
        width=None if known else PLAIN_WIDTH, markup=False, highlight=False, emoji=False
    )
    for item in items:
        console.print(item, soft_wrap=isinstance(item, str))


def grid(numbers: Mapping[str, Sequence[str]], texts: Mapping[str, Sequence[str]]) -> Table:
    """Columns as a table: numbers to the right and never cut, then text."""
    table = Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0), header_style="bold")
    for header in numbers:
        table.add_column(header, justify="right", no_wrap=True)
    for header in texts:
        table.add_column(header, overflow="fold")
    for row in zip(*numbers.values(), *texts.values(), strict=True):
        table.add_row(*row)
    return table


def ranking(scored: Scored, positions: Sequence[int], time: str | None, label: str | None) -> Table:
    """The runs at those positions: rank, score, when and in which channels they went wrong."""
    runs = scored.runs
    rank = {i: r for r, i in enumerate(scored.ranked, start=1)}
    found = scored.explain(positions)
    columns = {
        "rank": [str(rank[i]) for i in positions],
        "run": [str(e.run) for e in found],
        "score": [number(e.score) for e in found],
        "× threshold": [relative(e.score, scored.threshold) for e in found],
    }
    if any(e.duration for e in found):
        columns["length"] = [f"{e.duration:+.1f} σ" for e in found]
    texts = {
        f"worst stretch\n({time or 'timesteps'})": [
            stretch(runs, i, e.start, e.end) for i, e in zip(positions, found, strict=True)
        ]
    }
    if runs.n_channels > 1:
        texts[CHANNELS] = [channels_text(e) for e in found]
    if label is not None and runs.labels is not None:
        texts[label] = [str(runs.labels[i]) for i in positions]
    return grid(columns, texts)


def scores_frame(scored: Scored) -> pd.DataFrame:
    """One row a run, the most abnormal first."""
    ranked = scored.ranked
    found = scored.explain(ranked)
    leading = [next(iter(e.channels.items())) for e in found]
    return pd.DataFrame(
        {
            "run": [e.run for e in found],
            "score": [e.score for e in found],
            "threshold": scored.threshold,
            "outlier": [int(e.is_outlier) for e in found],
            "rank": np.arange(1, len(found) + 1),
            "start": [e.start for e in found],
            "end": [e.end for e in found],
            "start_time": [e.start_time for e in found],
            "end_time": [e.end_time for e in found],
            "channel": [name for name, _ in leading],
            "share": [share for _, share in leading],
            "n_timesteps": scored.runs.lengths[ranked],
            "duration": [e.duration for e in found],
        }
    )


def timesteps_frame(scored: Scored) -> pd.DataFrame:
    """One row a timestep: its score and the channels' contributions, whose sum it is."""
    runs, lengths = scored.runs, scored.runs.lengths
    contributions = np.concatenate(scored.detector.contributions(runs))
    columns = {
        "run": np.repeat(runs.ids, lengths),
        "timestep": np.concatenate([np.arange(n) for n in lengths]),
        **({} if runs.times is None else {"time": np.concatenate(runs.times)}),
        "score": contributions.sum(axis=1),
    }
    names = [f"contribution_{name}" for name in scored.detector.channels_]
    return pd.DataFrame(columns).join(pd.DataFrame(contributions, columns=names))


def long_frame(runs: Runs, run: str, time: str) -> pd.DataFrame:
    """One row per run and timestep, as `read_runs` takes it."""
    columns: dict[str, Any] = {run: np.repeat(runs.ids, runs.lengths)}
    if runs.times is not None:
        columns[time] = np.concatenate(runs.times)
    pairs = zip(runs.channels, runs.units, strict=True)
    names = [f"{channel} [{unit}]" if unit else channel for channel, unit in pairs]
    values = pd.DataFrame(np.concatenate(runs.arrays), columns=names)
    return pd.DataFrame(columns).join(values)


def check_outputs(paths: Iterable[Path | None], inputs: Iterable[Path]) -> None:
    """Raise now for a file that cannot be written later."""
    taken = {path.resolve() for path in inputs}
    for path in [path for path in paths if path is not None]:
        check_file(path, ENDINGS, ".csv or .parquet")
        if path.resolve() in taken:
            raise ValueError(
                f"cannot write {str(path)!r}: that is named twice, choose another name"
            )
        taken.add(path.resolve())


def write_table(frame: pd.DataFrame, path: Path) -> None:
    """Write CSV or Parquet, by the ending of the name."""
    with replacing(path) as part:
        if path.name.lower().endswith(".parquet"):
            frame.to_parquet(part, index=False)
        else:
            packed = path.name.lower().endswith(".gz")
            frame.to_csv(part, index=False, compression="gzip" if packed else None)
