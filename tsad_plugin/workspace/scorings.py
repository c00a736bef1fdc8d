"""The folder of a scoring: a table of a row a run, what was found at timesteps, calibration."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple, Self

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from tsad_plugin.explanation import Explanation, Findings, stretch_text
from tsad_plugin.forms import as_float, plural
from tsad_plugin.inputs import order_of
from tsad_plugin.results import Scored, channels_text
from tsad_plugin.runs import Runs

from .columns import CURE, in_workspace, read_columns, write_columns
from .models import threshold_of
from .ragged import Ragged, RaggedWriter, read_ragged, slices
from .records import Damaged, TimestepFindings

SCORES, TIMESTEPS, CALIBRATION = "scores.parquet", "timesteps.parquet", "calibration.parquet"
CODES = "codes.parquet"
# Of a row a run; those from `start` on are empty where a detector only scores.
COLUMNS = ["run", "score", "label", "n_timesteps", "start", "end", "start_time", "end_time"]
COLUMNS += ["stretch", "channel", "share", "channels", "duration", "text"]
LARGEST = np.finfo(np.float32).max


class RunScores(NamedTuple):
    """Scores of all runs of a data set: with labels, threshold and calibration (maybe empty)."""

    scores: NDArray[np.float64]
    labels: NDArray[np.int64]
    threshold: float | None
    calibration: NDArray[np.float64]

    @classmethod
    def of(cls, scored: Scored) -> Self:
        """Of runs that a detector of ours has scored."""
        threshold = None if np.isnan(scored.threshold) else scored.threshold
        return cls(scored.scores, scored.labels, threshold, scored.detector.calibration_scores_)

    @classmethod
    def checked(
        cls,
        n_runs: int,
        scores: ArrayLike,
        detector: Any,
        labels: ArrayLike | None,
        threshold: float | None,
        calibration: ArrayLike | None,
    ) -> Self:
        """Of any detector; what was not passed is asked of it, as far as it can be."""
        values = _numbers("scores", scores)
        if len(values) != n_runs:
            raise ValueError(
                f"{plural(len(values), 'score')} for {plural(n_runs, 'run')}: one each"
            )
        if threshold is None:
            threshold = threshold_of(detector)
        if threshold is not None and not np.isfinite(threshold):
            raise ValueError(f"threshold must be a finite number, got {threshold!r}")
        if calibration is None:
            calibration = getattr(detector, "calibration_scores_", ())
        found = _labels(values, labels, threshold)
        return cls(values, found, threshold, _numbers("calibration", calibration))


def _numbers(what: str, values: ArrayLike) -> NDArray[np.float64]:
    numbers = as_float(values, what).astype(np.float64)
    if numbers.ndim != 1 or not np.isfinite(numbers).all():
        raise ValueError(f"{what} must be one finite number per run, got {values!r}")
    return numbers


def _labels(
    scores: NDArray[np.float64], labels: ArrayLike | None, threshold: float | None
) -> NDArray[np.int64]:
    """Labels of runs; where nothing labels them, none is an outlier."""
    if labels is None:
        return (scores > (np.inf if threshold is None else threshold)).astype(np.int64)
    found = np.asarray(labels)
    if found.shape != scores.shape or not np.isin(found, (0, 1)).all():
        raise ValueError(
            f"labels must be 0 or 1 for each of {plural(len(scores), 'run')}, got {labels!r}"
        )
    return found.astype(np.int64)


def write_scores(
    folder: Path, runs: Sequence[str], lengths: NDArray[np.int64], found: RunScores
) -> None:
    """Write what is known of runs of which timesteps have no scores."""
    _write(folder, pd.DataFrame({"run": runs, "n_timesteps": lengths}), found)


def write_scored(folder: Path, scored: Scored, channels: tuple[str, ...]) -> None:
    """Write what a detector finds in runs and their timesteps, in the order of these channels.

    A slice of runs is asked for at a time, so that memory is bounded.
    """
    order = order_of(scored.detector.channels_, channels)
    names = ["score", *_names("contribution", channels), *_names("reconstruction", channels)]
    rows: list[dict[str, Any]] = []
    codes: list[NDArray[np.float32]] = []
    with RaggedWriter(folder / TIMESTEPS, names) as writer:
        for part in slices(scored.runs.lengths, len(names)):
            runs = scored.runs[part]
            found = scored.detector.findings(runs)
            rows += [_row(e, runs, i) for i, e in enumerate(found.explanations)]
            codes += found.codes
            writer.add(Ragged(_side_by_side(found, order), None))
    _write(folder, pd.DataFrame(rows), RunScores.of(scored))
    if codes:
        columns = _clipped(np.stack(codes)).T
        write_columns(folder / CODES, {f"z{i}": column for i, column in enumerate(columns)})


def _names(what: str, channels: tuple[str, ...]) -> list[str]:
    return [f"{what}_{c}" for c in range(len(channels))]


def _side_by_side(found: Findings, order: list[int]) -> list[NDArray[np.float32]]:
    """Score, contributions and reconstruction of each run, (t_i, 1 + 2c)."""
    pairs = zip(found.contributions, found.reconstruction, strict=True)
    both = ((c[:, order], r[:, order]) for c, r in pairs)
    return [_clipped(np.column_stack([c.sum(axis=1), c, r])) for c, r in both]


def _clipped(values: NDArray[Any]) -> NDArray[np.float32]:
    return np.clip(values, -LARGEST, LARGEST).astype(np.float32)


def _row(found: Explanation, runs: Runs, i: int) -> dict[str, Any]:
    channel, share = next(iter(found.channels.items()))
    times = None if runs.times is None else runs.times[i]
    return {
        "run": str(found.run),
        "n_timesteps": int(runs.lengths[i]),
        "start": found.start,
        "end": found.end,
        "start_time": found.start_time,
        "end_time": found.end_time,
        "stretch": stretch_text(found.start, found.end, times, runs.time_unit),
        "channel": channel,
        "share": share,
        "channels": channels_text(found),
        "duration": found.duration,
        "text": found.text,
    }


def _write(folder: Path, rows: pd.DataFrame, found: RunScores) -> None:
    rows = rows.assign(score=found.scores, label=found.labels).reindex(columns=COLUMNS)
    write_columns(folder / SCORES, {name: rows[name].to_numpy() for name in COLUMNS})
    write_columns(folder / CALIBRATION, {"score": found.calibration})


def read_scores(folder: Path) -> pd.DataFrame:
    """A row a run; raises Damaged where the folder is not whole."""
    return pd.DataFrame(read_columns(folder / SCORES, *COLUMNS)).infer_objects()


def read_calibration(folder: Path) -> NDArray[np.float64]:
    """Scores of good runs held out; raises Damaged where the folder is not whole."""
    return read_columns(folder / CALIBRATION, "score")["score"]


def read_codes(folder: Path, n_runs: int) -> NDArray[np.float32] | None:
    """A row a run, None where there are none; raises Damaged where the file is not whole."""
    path = folder / CODES
    if not path.exists():
        return None
    columns = list(read_columns(path).values())
    if {(column.dtype.str, len(column)) for column in columns} != {("<f4", n_runs)}:
        raise Damaged(
            f"{in_workspace(path)} is damaged (no codes of {plural(n_runs, 'run')}): {CURE}"
        )
    return np.column_stack(columns)


def read_timesteps(folder: Path, position: int) -> TimestepFindings:
    """What was found in one run; raises Damaged where the folder is not whole."""
    [values] = read_ragged(folder / TIMESTEPS, [position]).values
    scores, both = values[:, 0], values[:, 1:]
    n_channels = both.shape[1] // 2
    return TimestepFindings(scores, both[:, :n_channels], both[:, n_channels:])
