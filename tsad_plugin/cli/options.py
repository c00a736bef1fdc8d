"""What several commands are given, and how: their arguments and options."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer


class Layout(StrEnum):
    """Forms of a table."""

    auto = "auto"
    long = "long"
    wide = "wide"


class Protocol(StrEnum):
    """What a comparison learns from."""

    semi_supervised = "semi-supervised"
    unsupervised = "unsupervised"
    both = "both"


def option(help_text: str, *names: str, metavar: str | None = None, **more: Any) -> Any:
    """An option with its help, and what stands for its value there."""
    return typer.Option(*names, help=help_text, metavar=metavar, **more)


Data = Annotated[
    list[str],
    typer.Argument(
        metavar="DATA…",
        help="Files of the UCR archive (.ts, .tsv, .txt, also .gz), folders of them, tables (.csv, "
        ".parquet) with --run and --label, or simulator.",
    ),
]
File = Annotated[
    Path, typer.Argument(metavar="FILE", help="Table: .csv, .tsv or .txt (also .gz), .parquet.")
]
Run = Annotated[str | None, option("Column with the id of the run.", metavar="COL")]
Time = Annotated[
    str | None, option("Column with the time of the row, numbers or dates.", metavar="COL")
]
Channels = Annotated[
    str | None,
    option("Columns to look at. Default: all other columns of numbers.", metavar="A,B,…"),
]
Label = Annotated[
    str | None,
    option("Column with what is known of the run: shown, never learned from.", metavar="COL"),
]
Good = Annotated[
    str | None,
    option(
        "Learn from good runs alone: a column that says 1/0, true/false, yes/no or good/bad, or a "
        "file with one id a line.",
        metavar="COLUMN|FILE",
    ),
]
Detector = Annotated[
    str | None,
    option(
        "FCAutoEncoder (the quickest), FCVAE, LSTMAutoEncoder, LSTMVAE, CNN1DAutoEncoder, "
        "CNN1DVAE, PCAReconstruction or PopulationBand (mean ± kσ, of runs alone), in any case. "
        "Default: FCAutoEncoder.",
        metavar="NAME",
    ),
]
Settings = Annotated[
    list[str] | None,
    option("A parameter of the detector; may be repeated.", "--set", metavar="NAME=VALUE"),
]
THRESHOLDS = "ksigma:3, pot:1e-3, conformal:0.01 or contamination:0.05."
Threshold = Annotated[str, option(THRESHOLDS, metavar="KIND:NUMBER")]
OwnThreshold = Annotated[
    str | None,
    option(
        f"{THRESHOLDS} Default: ksigma:3; with --long 5 robust standard deviations of the "
        "logarithms of scores.",
        metavar="KIND:NUMBER",
    ),
]
Long = Annotated[
    bool,
    option(
        "The table holds long series, each told apart by --run or just one: score every row.",
        "--long",
    ),
]
WindowSize = Annotated[
    int | None, option("With --long: rows of a window. Default: 32.", min=2, metavar="ROWS")
]
Stride = Annotated[
    int | None,
    option("With --long: rows from one scored window to the next. Default: 1.", min=1),
]
Smoothing = Annotated[
    int | None,
    option("With --long: rows that a score is averaged over, 1 for none. Default: 10.", min=1),
]
OfLong = Annotated[
    bool, option("The model is one of `tsad fit --long`; it knows that itself.", "--long")
]
Segments = Annotated[
    Path | None,
    option("Write a row per abnormal segment of long series: .csv or .parquet.", metavar="FILE"),
]
Compared = Annotated[
    list[str] | None,
    option(
        "A detector to compare; may be repeated. One of those of fit, or any other of PyOD's "
        "for rows, in any case; with parameters: KNN:n_neighbors=10,method=mean. Default: the "
        "six autoencoders, PCAReconstruction, PopulationBand, KNN, LOF, IForest, OCSVM, INNE.",
        metavar="NAME[:PARAM=VALUE,…]",
    ),
]
Group = Annotated[
    str | None,
    option("Column with what belongs together, such as a machine: never split.", metavar="COL"),
]
Kept = Annotated[
    Path | None,
    option(
        "Folder to keep runs, model and scores in, for the dashboard; made if it is not there.",
        "--workspace",
        metavar="DIR",
    ),
]
Shown = Annotated[Path, option("Folder of the workspace.", "--workspace", metavar="DIR")]
Port = Annotated[
    int | None,
    option("Port of the dashboard. Default: 8050, or a free one.", min=0, max=65535),
]
NoBrowser = Annotated[bool, option("Do not open a browser.", "--no-browser")]
LAYOUT_HELP = (
    "long: a row per run and timestep. wide: a row per run, a column per timestep. "
    "auto: long with --time or where a run has several rows."
)


def names(channels: str | None) -> list[str] | None:
    """Names that stand in one option."""
    return None if channels is None else [name.strip() for name in channels.split(",")]


def only_given(**options: Any) -> dict[str, Any]:
    """The options that were given; what the others are by default is said elsewhere, once."""
    return {name: value for name, value in options.items() if value is not None}
