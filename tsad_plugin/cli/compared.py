"""What `tsad benchmark` compares: detectors and data sets by their names."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tsad_plugin import detectors
from tsad_plugin.adapters import OnRuns, unfitted
from tsad_plugin.base import RunDetector
from tsad_plugin.contract import PYODS_DETECTORS
from tsad_plugin.datasets import make_fermentation, read_ucr
from tsad_plugin.evaluation import LabelledRuns
from tsad_plugin.forms import did_you_mean, duplicates, shorten
from tsad_plugin.runs import Runs
from tsad_plugin.sources import Table, ending

from .inputs import (
    ELSEWHERE,
    Columns,
    detector_classes,
    open_table,
    read_settings,
    read_table,
    rows_of_runs,
)
from .threshold import from_text

COMPARED = (
    *(cls.__name__ for cls in detectors.ALL),
    *("PCAReconstruction", "PopulationBand", "KNN", "LOF", "IForest", "OCSVM", "INNE"),
)
SIMULATOR = "simulator"
N_SIMULATED, N_FAULTY = 120, 24
ARCHIVE = (".ts", ".tsv", ".txt")
PART = re.compile(r"(.+)_(train|test)", re.IGNORECASE)
COMMA = re.compile(r",(?![^\[({]*[\])}])")  # none inside brackets


def read_detectors(specs: Sequence[str], threshold: str) -> dict[str, RunDetector]:
    """Detectors by their names, with what is set of them: those named, or the usual ones."""
    made = [_detector(spec, threshold) for spec in specs or COMPARED]
    _check_once([name for name, _ in made], "--detector {!r} is named twice: it would count twice")
    return dict(made)


def _detector(spec: str, threshold: str) -> tuple[str, RunDetector]:
    """`KNN:n_neighbors=10` as it is to be called, and the detector."""
    name, _, text = (part.strip() for part in spec.partition(":"))
    items = COMMA.split(text) if text else []
    contamination = from_text(threshold)
    if name.lower() in detector_classes():
        detector: RunDetector = detector_classes()[name.lower()](contamination=contamination)
        known = type(detector).__name__
        settings = read_settings("--detector", items, _parameters(detector))
    else:
        known = _pyods_name(name)
        detector = OnRuns(known, contamination=contamination)
        settings = _of_host(detector, items)
    detector.set_params(**settings)._check_parameters()  # here, or each fit would say it
    return f"{known}:{text}" if text else known, detector


def _parameters(detector: Any) -> list[str]:
    return [name for name in detector.get_params(deep=False) if name not in ELSEWHERE]


def _pyods_name(name: str) -> str:
    names = {n.lower(): n for n in PYODS_DETECTORS}
    if name.lower() not in names:
        known = [cls.__name__ for cls in detector_classes().values()]
        raise ValueError(
            f"no detector {name!r}; detectors: {', '.join(known)}, and PyOD's for rows, such as "
            f"KNN{did_you_mean(name, [*known, *names.values()])}"
        )
    return names[name.lower()]


def _of_host(host: OnRuns, items: Iterable[str]) -> dict[str, Any]:
    """Settings of `OnRuns`; one that it does not have is its detector's."""
    hosted = unfitted(host.detector)
    own = [name for name in _parameters(host) if name != "detector"]
    names = list(dict.fromkeys([*_parameters(hosted), *own]))
    settings = read_settings("--detector", items, names)
    of_hosted = {name: settings.pop(name) for name in names if name in settings and name not in own}
    return {**settings, "detector": hosted.set_params(**of_hosted)} if of_hosted else settings


def _check_once(names: Sequence[str], text: str) -> None:
    if twice := duplicates(names):
        raise ValueError(text.format(twice[0]))


def read_data(
    data: Sequence[str], columns: Columns, normal: str | None, group: str | None
) -> dict[str, Any]:
    """Data sets by their names, as `benchmark` takes them."""
    read = [*_named(data, columns, normal, group)]
    _check_once([name for name, _ in read], "two data sets are called {!r}: rename one of them")
    return dict(read)


def _named(
    data: Sequence[str], columns: Columns, normal: str | None, group: str | None
) -> Iterator[tuple[str, Any]]:
    files = [path for text in data if text.lower() != SIMULATOR for path in _files(Path(text))]
    tables = [path for path in files if ending(path) not in ARCHIVE]
    if group is not None and not tables:
        raise ValueError(f"--group {group!r}: only a table has columns, and there is none")
    if any(text.lower() == SIMULATOR for text in data):
        yield SIMULATOR, simulated
    for name, paths in _parts([path for path in files if ending(path) in ARCHIVE]):
        yield name, labelled(name, [read_ucr(path) for path in paths], normal)
    for path in tables:
        runs, groups = _read_table(path, columns, group)
        yield path.name.split(".")[0], labelled(str(path), [runs], normal, groups)


def _files(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path]
    found = sorted(file for file in path.iterdir() if ending(file) in ARCHIVE)
    if not found:
        raise ValueError(
            f"folder {str(path)!r} holds no file of the UCR archive ({', '.join(ARCHIVE)}, also "
            "with .gz); tables are named one by one"
        )
    return found


def _parts(files: Sequence[Path]) -> list[tuple[str, list[Path]]]:
    """Files of each data set: two, to learn from and to judge, where both are there, or one."""
    stems = [file.name.split(".")[0] for file in files]
    _check_once(stems, "two files are called {!r}: which is it?")
    known = {stem.lower(): file for stem, file in zip(stems, files, strict=True)}
    parts: list[tuple[str, list[Path]]] = []
    for stem, file in zip(stems, files, strict=True):
        part = PART.fullmatch(stem)
        pair = [f"{part[1]}_{kind}".lower() for kind in ("train", "test")] if part else []
        if not part or not all(name in known for name in pair):
            parts.append((stem, [file]))
        elif file == known[pair[0]]:
            parts.append((part[1], [known[name] for name in pair]))
    return parts


def simulated(seed: int) -> LabelledRuns:
    """Fermentations, some with a fault, others for each seed."""
    return LabelledRuns(make_fermentation(N_SIMULATED, N_FAULTY, random_state=seed), normal="good")


def labelled(
    name: str, parts: Sequence[Runs], normal: str | None, groups: NDArray[Any] | None = None
) -> LabelledRuns:
    """Runs with what is normal; errors say of which data set they are."""
    runs, *test = parts
    try:
        return LabelledRuns(
            runs, test[0] if test else None, normal=_normal(parts, normal), groups=groups
        )
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from error


def _normal(parts: Sequence[Runs], text: str | None) -> list[Any] | None:
    """The label that is written so; labels may be numbers."""
    if text is None:
        return None
    known = [label for runs in parts if runs.labels is not None for label in runs.labels.tolist()]
    found = [label for label in dict.fromkeys(known) if str(label) == text]
    if not found:
        labels = shorten(list(dict.fromkeys(known)), quote=False) or "none"
        raise ValueError(f"no run has the label --normal {text!r}; labels here: {labels}")
    return found


def _read_table(
    path: Path, columns: Columns, group: str | None
) -> tuple[Runs, NDArray[Any] | None]:
    if columns.label is None:
        raise ValueError(
            f"{str(path)!r}: which column says what is known of a run? name it with --label COL"
        )
    table = open_table(path, columns)
    if group is None:
        return read_table(table, columns), None
    groups = _groups(table, columns, group)
    return read_table(table, columns._replace(good=group)), groups


def _groups(table: Table, columns: Columns, group: str) -> NDArray[Any]:
    """What each run belongs to, as its rows say."""
    if group in (columns.run, columns.time, columns.label, *(columns.channels or ())):
        raise ValueError(f"column {group!r} is named twice: --group takes a column of its own")
    names = table.frame.columns.tolist()
    if group not in names:
        raise ValueError(
            f"no column {group!r}; columns here: {shorten(names, quote=False)}"
            f"{did_you_mean(group, names)}"
        )
    table.check_filled(group, "group")
    run_of_row, first_row = rows_of_runs(table, columns)
    codes = pd.factorize(table.frame[group])[0]
    for row in np.flatnonzero(codes != codes[first_row][run_of_row]):
        raise ValueError(
            f"a run is in two groups in column {group!r} ({table.place(row)}): it holds for a "
            "whole run"
        )
    return codes[first_row]
