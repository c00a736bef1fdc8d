"""Long series of which it is known which timesteps are abnormal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tsad_plugin.forms import plural
from tsad_plugin.rules import check_parameter
from tsad_plugin.runs import Runs

from .labelled import SEMI_SUPERVISED, Flags, LabelledRuns, Split, check_runs, unlabelled
from .stretches import LEAST_ROWS, Stretch, cut, normal_stretches, of_each
from .timesteps import BUFFER, measure_timesteps


@dataclass(frozen=True)
class LabelledSeries(LabelledRuns):
    """Long series of which it is known which timesteps are normal, by their `timestep_labels`.

    Detectors are judged by what they say of timesteps, so they must score them, as
    `WindowedDetector` does.

    Parameters
    ----------
    runs : Runs
        One run a series, with `timestep_labels`. Semi-supervised, a detector learns from their
        normal stretches, each a series of its own; unsupervised, from all rows.
    test : Runs, optional
        Series to judge, with `timestep_labels`, where it has been laid down what to learn from;
        `runs` then need no labels: without, all their timesteps are normal. Else the series in
        `runs` are split into folds.
    normal : object or sequence, optional
        The label, or labels, of normal timesteps. Default: the most frequent label.
    groups : array-like of shape (n_runs,), optional
        What belongs together: a group is never on both sides of a split. Without `test` alone.
    buffer : int, default=100
        Timesteps about an abnormal stretch, half of them before and half after it, within which
        VUS-PR counts an alarm the less wrong the nearer it is. The same for all detectors, and of
        the order of a period of the series.

    Raises
    ------
    ValueError
        If a timestep that is judged has no label, no timestep has a label of `normal`, `buffer` is
        no whole number, or there is not one group a series.

    See Also
    --------
    each_series : Each series by itself: its first rows to learn from, the others to judge.

    Examples
    --------
    >>> from tsad_plugin.datasets import make_machines
    >>> LabelledSeries(make_machines(5, 400), normal="normal").outlier.sum()
    np.int64(4)
    """

    buffer: int = BUFFER

    sample: ClassVar[str] = "timestep"

    def __post_init__(self) -> None:
        check_parameter("buffer", self.buffer)
        super().__post_init__()

    def _check_labels(self, runs: Runs, what: str) -> None:
        if runs.timestep_labels is None:
            if runs is self._judged:
                raise ValueError(
                    f"{what} have no timestep_labels: pass Runs(…, timestep_labels=…), which say "
                    "what is normal (or for labels of whole runs LabelledRuns)"
                )
            return
        for run, labels in zip(runs.ids.tolist(), runs.timestep_labels, strict=True):
            unknown = np.flatnonzero(pd.isna(labels))
            if len(unknown):
                raise ValueError(
                    f"timestep {unknown[0]} of run {run!r} has no label: cut it off, or label it"
                )

    def _labels(self, runs: Runs) -> list[Any]:
        return [label for labels in runs.timestep_labels or () for label in labels.tolist()]

    def _outliers(self, runs: Runs) -> Flags:
        """Which series have an abnormal timestep."""
        return np.array([flags.any() for flags in self._flags(runs)], dtype=bool)

    def _flags(self, runs: Runs) -> list[Flags]:
        """Which timesteps are abnormal, of each series."""
        if runs.timestep_labels is None:
            return [np.zeros(n, dtype=bool) for n in runs.lengths]
        return [self._abnormal(labels.tolist()) for labels in runs.timestep_labels]

    def _contents(self) -> tuple[Any, ...]:
        flags = [self._flags(runs) for runs in self._parts]
        return (*super()._contents(), self.sample, flags, self.buffer)

    def _to_learn_from(self, train: NDArray[np.intp], protocol: str) -> NDArray[np.intp]:
        return train

    def take(self, split: Split) -> tuple[Runs, Runs, Flags]:
        """Series to learn from and to judge, without labels; which timesteps are abnormal."""
        train, test = self.runs[split.train], self._judged[split.test]
        if split.protocol == SEMI_SUPERVISED:
            train = cut(train, list(normal_stretches(self._flags(train))))
        return unlabelled(train), unlabelled(test), np.concatenate(self._flags(test))

    def n_samples(self, runs: Runs) -> int:
        """How many scores these series have."""
        return int(runs.lengths.sum())

    def measure(
        self,
        runs: Runs,
        outlier: Flags,
        scores: NDArray[np.float64],
        labels: NDArray[np.int64],
        extra: Sequence[str],
    ) -> dict[str, float]:
        """What scores and labels of the timesteps of series are worth."""
        flags, scored, flagged = (of_each(runs, values) for values in (outlier, scores, labels))
        return measure_timesteps(flags, scored, flagged, extra, self.buffer)

    def unmeasurable(self, runs: Runs, outlier: Flags) -> str:
        """Why the timesteps of series give no ROC-AUC, though a detector did its work; or ""."""
        if any(flags.any() and not flags.all() for flags in of_each(runs, outlier)):
            return ""
        return (
            f"none of the {len(runs)} series judged has both normal and "
            "abnormal timesteps: there is nothing to rank"
        )


def each_series(
    runs: Runs, n_train: int, normal: Any = None, buffer: int = BUFFER
) -> dict[str, LabelledSeries]:
    """Each series as a data set: its first rows to learn from, the others to judge.

    Parameters
    ----------
    runs : Runs
        One run a series, with `timestep_labels`.
    n_train : int
        How many rows of each to learn from; abnormal ones among them, semi-supervised, are not.
    normal : object or sequence, optional
        The label, or labels, of normal timesteps. Default: the most frequent one of all series.
    buffer : int, default=100
        Of VUS-PR, as in `LabelledSeries`.

    Returns
    -------
    dict of str to LabelledSeries
        By the ids of the series, as `benchmark` takes them.

    Raises
    ------
    ValueError
        If a series leaves nothing to judge, or for what `LabelledSeries` says.

    Examples
    --------
    >>> from tsad_plugin.datasets import make_machines
    >>> sets = each_series(make_machines(2, 400), n_train=100, normal="normal")
    >>> {name: data.test.lengths.tolist() for name, data in sets.items()}
    {'M-01': [300], 'M-02': [300]}
    """
    check_runs(runs, "runs")
    check_parameter("n_train", n_train)
    known = LabelledSeries(runs, normal=normal, buffer=buffer)
    short = np.flatnonzero(runs.lengths < n_train + LEAST_ROWS)
    if len(short):
        raise ValueError(
            f"run {runs.ids.tolist()[short[0]]!r} has {plural(runs.lengths[short[0]], 'timestep')}"
            f": after the first {n_train} too few are left to judge"
        )
    return {str(name): _parted(known, i, n_train) for i, name in enumerate(runs.ids.tolist())}


def _parted(known: LabelledSeries, position: int, n_train: int) -> LabelledSeries:
    """First rows and later rows of one series."""
    length = int(known.runs.lengths[position])
    first, later = (
        cut(known.runs, [Stretch(position, *rows)]) for rows in ((0, n_train), (n_train, length))
    )
    own = set(known._labels(known.runs[position]))
    normal = [label for label in known._normal if label in own]
    return LabelledSeries(first, later, normal=normal, buffer=known.buffer)
