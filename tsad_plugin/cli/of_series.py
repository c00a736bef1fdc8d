"""What `tsad fit --long` and `tsad score` do with long series: a score, a label for each row."""

from __future__ import annotations

import re
import sys
import time as clock
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tsad_plugin import html_report
from tsad_plugin.contract import PYODS_DETECTORS
from tsad_plugin.forms import plural, shorten
from tsad_plugin.persistence import check_target, load, save
from tsad_plugin.reconstruction import CodingDetector
from tsad_plugin.results import describe, number
from tsad_plugin.runs import Runs
from tsad_plugin.sources import Table, load_table
from tsad_plugin.thresholds import Thresholder
from tsad_plugin.windows import WindowedDetector

from . import inputs, output, series_tables
from .inputs import Columns
from .output import Outputs, say
from .threshold import from_text

# What --set sets of WindowedDetector; all else are parameters of the detector inside.
OF_SERIES = (
    *("despike", "max_windows", "merge_gap", "min_duration", "release", "validation_fraction"),
)
# What windows have no use for, as they have one length and no phase, or prepare otherwise.
OF_RUNS = (
    *("length_sigma", "n_channels", "n_timesteps", "reduction", "scaling", "steps", "use_duration"),
)
OPTIONS = ("window_size", "stride", "smoothing")
PARAMETER = re.compile(rf"\b({'|'.join(OPTIONS)})=")
NO_SERIES_ID = ", or name the column that tells series apart with --run COL"


def fit(
    file: Path,
    model: Path,
    columns: Columns,
    detector: str,
    settings: Sequence[str],
    threshold: str | None,
    windows: Mapping[str, int | None],
) -> None:
    """Fit a detector on the series of a table, save it, and say what it learned from."""
    clf = make_windowed(detector, settings, threshold, windows, verbose=int(sys.stderr.isatty()))
    check_target(model)
    series, columns = _read_series(file, columns)
    say(f"{file}: {describe(series, 'series')}")
    if series.has_names:
        say(f"channels: {shorten(series.channels, most=12, quote=False)}")
    _train(clf, series, file, threshold)
    save(clf, model, metadata={"columns": columns._asdict()})
    say(f"model: {model} (score other series: tsad score FILE --model {model})")


def make_windowed(
    name: str,
    settings: Sequence[str],
    threshold: str | None,
    windows: Mapping[str, int | None],
    verbose: int,
) -> WindowedDetector:
    """A detector of timesteps by the name of the one inside, with parameters as text."""
    _check_ours(name)
    inner = inputs.make_detector(name, [], "ksigma", verbose)
    if not isinstance(inner, CodingDetector):
        raise ValueError(
            f"{type(inner).__name__} compares runs phase by phase, which long series do not have: "
            "leave out --long, or take another --detector"
        )
    _check_settings(settings)
    names = [n for n in inner.get_params(deep=False) if n not in {"contamination", *OF_RUNS}]
    values = inputs.read_settings("--set", settings, list(dict.fromkeys([*names, *OF_SERIES])))
    of_series = {k: values.pop(k) for k in OF_SERIES if k in values}
    given: dict[str, Any] = {k: v for k, v in windows.items() if v is not None}
    contamination = None if threshold is None else from_text(threshold)
    clf = WindowedDetector(
        inner.set_params(**values), contamination=contamination, **given, **of_series
    )
    with _in_words_of_options():
        clf._check_parameters()  # before a large table is read
    return clf


def _check_ours(name: str) -> None:
    """Raise where a detector is PyOD's, which fits windows but no model folder."""
    if name.lower() in {pyods.lower() for pyods in PYODS_DETECTORS}:
        classes = inputs.detector_classes().values()
        ours = [cls.__name__ for cls in classes if issubclass(cls, CodingDetector)]
        raise ValueError(
            f"{name} is a detector of PyOD, which a model folder cannot hold: take one of "
            f"{', '.join(ours)}, or WindowedDetector in Python"
        )


def _check_settings(settings: Sequence[str]) -> None:
    for item in settings:
        name = item.partition("=")[0].strip()
        if name in OPTIONS:
            raise ValueError(f"--set {item!r}: that has an option of its own, {option_of(name)}")
        if name in OF_RUNS:
            raise ValueError(f"--set {item!r}: {name} is for runs, with --long it has no effect")


def option_of(name: str) -> str:
    """The option of a parameter."""
    return f"--{name.replace('_', '-')}"


@contextmanager
def _in_words_of_options(file: Path | None = None) -> Iterator[None]:
    """Errors of the library, with the option for the parameter, and the file they are about."""
    try:
        yield
    except ValueError as error:
        text = PARAMETER.sub(lambda found: f"{option_of(found[1])} ", str(error))
        text = text.replace("window_size", option_of("window_size"))
        known = file is None or repr(str(file)) in text
        raise ValueError(text if known else f"{file}: {text}") from error


def _read_series(file: Path, columns: Columns) -> tuple[Runs, Columns]:
    """The series of a table, and its columns as they were read."""
    columns = columns._replace(layout="long")
    with _in_words_of_options(file):
        table = load_table(file, text_column=columns.run)
        _check_order(table, columns.run, columns.time)
        series = inputs.read_table(table, columns)
    return series, inputs.resolved(columns, table, series)


def _check_order(table: Table, run: str | None, time: str | None) -> None:
    """Raise where a row is not later than the one before: several series may be mixed up."""
    asked = {time} if run is None else {run, time}
    if time is None or not asked <= set(table.frame.columns):
        return  # `read_runs` says which column is missing
    codes = np.zeros(len(table.frame), dtype=np.intp)
    if run is not None:
        table.check_filled(run, "run id")
        codes = pd.factorize(table.frame[run])[0]
    order = np.argsort(codes, kind="stable")
    by_series, times = codes[order], table.times(time)[order]
    wrong = np.flatnonzero((by_series[1:] == by_series[:-1]) & ~(times[1:] > times[:-1]))
    if len(wrong):
        first, second = order[wrong[0]], order[wrong[0] + 1]
        twice = bool(times[wrong[0]] == times[wrong[0] + 1])
        raise ValueError(_out_of_order(table, run, time, (first, second), twice, len(wrong)))


def _out_of_order(
    table: Table, run: str | None, time: str, rows: tuple[int, int], twice: bool, n_wrong: int
) -> str:
    before, here = (table.frame[time].iloc[row] for row in rows)
    whose = "" if run is None else f"series {table.frame[run].iloc[rows[1]]!r}: "
    found = f"column {time!r} holds {here} ({table.place(rows[1])}; rows like it: {n_wrong})"
    wrong, remedy = f"after {before}", "sort the rows by time"
    if twice:
        wrong, remedy = "as the row before", "keep one row per time"
    return f"{whose}{found} {wrong}: {remedy}{NO_SERIES_ID if run is None else ''}"


def _train(clf: WindowedDetector, series: Runs, file: Path, threshold: str | None) -> None:
    start = clock.perf_counter()
    with _in_words_of_options(file):
        clf.fit(series)
    seconds = clock.perf_counter() - start
    for detector in (clf.detector, clf.detector_):
        if hasattr(detector, "verbose"):
            detector.verbose = 0  # how this terminal showed progress is not the model's business
    name, rows = type(clf.detector_).__name__, int(series.lengths.sum())
    say(f"{name}: learned from windows of {clf.window_size} timesteps in {seconds:.1f} s")
    say(series_tables.cleaned_text(clf.cleaning_))
    held_out = f"{len(clf.calibration_scores_):,} timesteps held out of training"
    ours = isinstance(clf.thresholder_, Thresholder)
    origin = threshold or f"by default {clf.thresholder_}"
    source = f"scores of {held_out}" if ours else "scores of training timesteps"
    say(f"threshold: {number(float(clf.threshold_))} ({origin}, from the {source})")
    say(f"{int(clf.labels_.sum()):,} of {rows:,} training timesteps are above it")


def score(file: Path, model: Path, options: Mapping[str, Any], outputs: Outputs, top: int) -> None:
    """Score the series of a table with a saved model, show and write what is wanted."""
    clf = load(model)
    series, _ = _read_series(file, Columns.of_model(model).override(options))
    _check_lengths(clf, series, file)
    say(f"{file}: {describe(series, 'series')}")
    with _in_words_of_options(file):
        scores, segments = clf.timestep_scores(series), clf.segments(series)
    _show(clf, series, scores, segments, top)
    if outputs.out is not None:
        output.write_table(
            series_tables.timesteps_frame(clf, series, scores, segments), outputs.out
        )
        say(f"written: {outputs.out}")
    if outputs.segments is not None:
        output.write_table(series_tables.segments_frame(series, segments), outputs.segments)
        say(f"written: {outputs.segments}")
    if outputs.html is not None:
        html_report.report(clf, series, outputs.html)
        say(f"written: {outputs.html} (open it in a browser)")


def _check_lengths(clf: WindowedDetector, series: Runs, file: Path) -> None:
    longest = int(series.lengths.max())
    if longest < clf.window_size:
        raise ValueError(
            f"{file}: the longest series has {plural(longest, 'row')}, and the model scores "
            f"windows of {clf.window_size}: pass longer series, or fit with a lower --window-size"
        )


def _show(
    clf: WindowedDetector,
    series: Runs,
    scores: list[NDArray[Any]],
    segments: pd.DataFrame,
    top: int,
) -> None:
    """A line for each series, the worst first."""
    worst = np.array([np.nanmax(s) if (~np.isnan(s)).any() else -np.inf for s in scores])
    abnormal = segments["series"].nunique()
    threshold = number(float(clf.threshold_))
    say(f"{abnormal} of {len(series)} series have abnormal segments; threshold {threshold}")
    if unscored := int(sum(np.isnan(s).sum() for s in scores)):
        say(f"timesteps without a score, in long gaps or short series: {unscored:,}")
    if top:
        order = np.argsort(-worst, kind="stable")[:top].tolist()
        say(series_tables.overview(clf, series, worst, segments, order))
    if 0 < top < len(series):
        say(f"… and {len(series) - top} more")
