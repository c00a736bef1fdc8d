"""What the commands are given: tables, good runs, detectors and their parameters by name."""

from __future__ import annotations

import ast
import json
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tsad_plugin.encoding import CLASSES
from tsad_plugin.forms import did_you_mean, shorten
from tsad_plugin.persistence import load, read_metadata
from tsad_plugin.reconstruction import ReconstructionDetector
from tsad_plugin.runs import Runs
from tsad_plugin.sources import Table, load_table, split_unit
from tsad_plugin.tables import Layout, read_runs

from .threshold import from_text

YES = ("1", "true", "yes", "y", "good", "ok")
NO = ("0", "false", "no", "n", "bad", "faulty")
# What is no parameter here, and where it is set.
ELSEWHERE = {"contamination": "the threshold has an option of its own, --threshold"}


class Columns(NamedTuple):
    """Which columns of a table are what; kept with the model, so that `score` needs no options."""

    run: str | None
    time: str | None = None
    channels: list[str] | None = None
    label: str | None = None
    layout: Layout = "auto"
    good: str | None = None

    @classmethod
    def of_model(cls, model: Path) -> Self:
        """What `fit` kept with its model; nothing where the library saved it."""
        return cls(**read_metadata(model).get("columns", {"run": None}))

    def override(self, options: Mapping[str, Any]) -> Self:
        """The same but for the options that were given."""
        return self._replace(**{k: v for k, v in options.items() if v is not None})

    def without_absent_label(self, table: Table, options: Mapping[str, Any]) -> Self:
        """No label where only the model's table had one: of new runs it need not be known yet."""
        wanted = options.get("label") is not None or self.label in table.frame.columns
        return self if wanted else self._replace(label=None)


def open_table(path: Path, columns: Columns) -> Table:
    """The table, once it is known what a run is in it."""
    if columns.run is None and columns.layout != "wide":
        raise ValueError(
            "which column has the id of the run? name it with --run COL, or pass --layout wide if "
            "every row is a run"
        )
    return load_table(path, text_column=columns.run)


def read_table(table: Table, columns: Columns) -> Runs:
    """The runs of a table; the column of good runs is never a channel."""
    run, time, channels, label, layout, good = columns
    if good is not None and good in (run, time, *(channels or ())):
        raise ValueError(
            f"column {good!r} is named twice: --good takes a column of its own, or a file"
        )
    left_out = [] if good in (None, label) else [good]
    frame = table.frame.drop(columns=left_out, errors="ignore")
    return read_runs(
        replace(table, frame=frame),
        run,
        time,
        channels=channels,
        label=label,
        units="header",
        layout=layout,
    )


def resolved(columns: Columns, table: Table, runs: Runs) -> Columns:
    """The columns as they were read: other tables are to be read in the same way."""
    is_wide = columns.time is None and len(runs) == len(table.frame)
    layout = columns.layout
    if layout == "auto":
        layout = "wide" if is_wide else "long"
    # A wide table's channels are its timesteps, of which a longer run has more.
    named = {split_unit(name)[0]: name for name in table.frame.columns}
    channels = [named[c] for c in runs.channels] if layout == "long" else columns.channels
    return columns._replace(layout=layout, channels=channels)


def column_of_good(good: str | None) -> str | None:
    """What `--good` names, where it is no file."""
    return None if good is None or os.path.isfile(good) else good


def good_runs(path: Path, table: Table, runs: Runs, columns: Columns, good: str) -> NDArray[Any]:
    """(n_runs,) mask: the runs that a file or a column says are good."""
    if column_of_good(good) is None:
        mask = _named_in_file(path, runs, Path(good))
    elif good in table.frame.columns:
        mask = _marked_in_column(table, runs, columns, good)
    else:
        names = table.frame.columns.tolist()
        raise ValueError(
            f"--good {good!r} is neither a file nor a column; columns here: "
            f"{shorten(names, quote=False)}{did_you_mean(good, names)}"
        )
    if not mask.any():
        raise ValueError(f"--good {good!r} says of no run that it is good: at least 2 are needed")
    return mask


def _named_in_file(path: Path, runs: Runs, file: Path) -> NDArray[Any]:
    try:
        named = {line.strip() for line in file.read_text("utf-8-sig").splitlines()} - {""}
    except UnicodeDecodeError:
        raise ValueError(f"cannot read {str(file)!r}: it is not text in UTF-8") from None
    ids = [str(i) for i in runs.ids.tolist()]
    unknown = sorted(named - set(ids))
    if unknown:
        raise ValueError(
            f"{str(file)!r} names run {unknown[0]!r}, which {str(path)!r} does not have "
            f"(runs like it: {len(unknown)}); it takes one id a line, and ids here are: "
            f"{shorten(ids, quote=False)}"
        )
    return np.array([i in named for i in ids])


def _marked_in_column(table: Table, runs: Runs, columns: Columns, good: str) -> NDArray[Any]:
    cells = table.frame[good]
    words = cells.map(lambda cell: str(cell).strip().lower().removesuffix(".0"))
    for row in np.flatnonzero(~words.isin(YES + NO)):
        found = "is empty" if pd.isna(cells.iloc[row]) else f"holds {str(cells.iloc[row])!r}"
        raise ValueError(
            f"column {good!r} {found} ({table.place(row)}): write {', '.join(YES)} for the rows of "
            f"a good run and {', '.join(NO)} for others"
        )
    is_good = words.isin(YES).to_numpy()
    run_of_row, first_row = rows_of_runs(table, columns)
    mask = is_good[first_row]
    for row in np.flatnonzero(is_good != mask[run_of_row]):
        raise ValueError(
            f"run {runs.ids.tolist()[run_of_row[row]]!r} is both good and not good in column "
            f"{good!r} ({table.place(row)}): it holds for a whole run"
        )
    return mask


def rows_of_runs(table: Table, columns: Columns) -> tuple[NDArray[Any], NDArray[Any]]:
    """Position of each row's run, and the first row of each run."""
    rows = np.arange(len(table.frame))
    run_of_row = rows if columns.run is None else pd.factorize(table.frame[columns.run])[0]
    return run_of_row, np.unique(run_of_row, return_index=True)[1]


def make_detector(
    name: str, settings: Iterable[str], threshold: str, verbose: int
) -> ReconstructionDetector:
    """A detector by the name of its class in any case, with parameters as text."""
    classes = detector_classes()
    if name.lower() not in classes:
        names = [cls.__name__ for cls in classes.values()]
        raise ValueError(
            f"no detector {name!r}; detectors: {', '.join(names)}{did_you_mean(name, names)}"
        )
    detector = classes[name.lower()](contamination=from_text(threshold))
    if hasattr(detector, "verbose"):
        detector.verbose = verbose
    names = [n for n in detector.get_params(deep=False) if n not in ELSEWHERE]
    return detector.set_params(**read_settings("--set", settings, names))


def detector_classes() -> dict[str, type[ReconstructionDetector]]:
    """Our detectors by their names in small letters."""
    detectors = [cls for cls in CLASSES.values() if issubclass(cls, ReconstructionDetector)]
    return {cls.__name__.lower(): cls for cls in detectors}


def read_settings(option: str, items: Iterable[str], parameters: Sequence[str]) -> dict[str, Any]:
    """Parameters and values of an option's texts NAME=VALUE."""
    settings = {}
    for item in items:
        name, equals, text = (part.strip() for part in item.partition("="))
        if not equals:
            raise ValueError(f"{option} {item!r}: write NAME=VALUE, for example n_epochs=50")
        if name in ELSEWHERE:
            raise ValueError(f"{option} {item!r}: {ELSEWHERE[name]}")
        if name not in parameters:
            raise ValueError(
                f"{option} {item!r}: no parameter {name!r}; parameters: {', '.join(parameters)}"
                f"{did_you_mean(name, parameters)}"
            )
        settings[name] = _value(text)
    return settings


def _value(text: str) -> Any:
    """A value as JSON writes it, or Python, and else the text itself; a list is a tuple."""
    for read in (json.loads, ast.literal_eval):
        try:
            value = read(text)
        except (ValueError, SyntaxError, RecursionError, MemoryError):
            continue
        return tuple(value) if isinstance(value, list) else value
    return text


def load_detector(model: Path) -> ReconstructionDetector:
    """The detector of a model folder."""
    detector = load(model)
    if not isinstance(detector, ReconstructionDetector):
        raise ValueError(
            f"{str(model)!r} holds a {type(detector).__name__} and no detector: pass a folder that "
            "tsad fit has written"
        )
    return detector
