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
Threshold = Annotated[
    str,
    option("ksigma:3, pot:1e-3, conformal:0.01 or contamination:0.05.", metavar="KIND:NUMBER"),
]
LAYOUT_HELP = (
    "long: a row per run and timestep. wide: a row per run, a column per timestep. "
    "auto: long with --time or where a run has several rows."
)


def names(channels: str | None) -> list[str] | None:
    """Names that stand in one option."""
    return None if channels is None else [name.strip() for name in channels.split(",")]
