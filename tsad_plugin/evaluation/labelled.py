"""Runs of which it is known what is abnormal, and how they are split into training and test."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, NamedTuple

import joblib
import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

from tsad_plugin.forms import plural, shorten
from tsad_plugin.runs import Runs

from .measures import has_both, measure

SEMI_SUPERVISED, UNSUPERVISED = PROTOCOLS = ("semi-supervised", "unsupervised")
Flags = NDArray[np.bool_]


class Split(NamedTuple):
    """Which runs to learn from, and which to judge, by position."""

    fold: int
    train: NDArray[np.intp]
    test: NDArray[np.intp]
    protocol: str


@dataclass(frozen=True)
class LabelledRuns:
    """Runs of which it is known which are normal, by their `labels`.

    Parameters
    ----------
    runs : Runs
        With `labels`.
    test : Runs, optional
        Runs to judge, with labels, where it has been laid down what to learn from; else `runs` are
        split into folds.
    normal : object or sequence, optional
        The label, or labels, of normal runs. Default: the most frequent label.
    groups : array-like of shape (n_runs,), optional
        What belongs together, such as the machine that a run is of: a group is never on both sides
        of a split. Without `test` alone.

    Raises
    ------
    ValueError
        If a run has no label, no run has a label of `normal`, or there is not one group a run.

    Examples
    --------
    >>> from tsad_plugin.datasets import make_fermentation
    >>> LabelledRuns(make_fermentation(20, faults=5), normal="good").outlier.sum()
    np.int64(5)
    """

    runs: Runs
    test: Runs | None = None
    normal: Any = None
    groups: ArrayLike | None = None

    # What is judged: it has one score.
    sample: ClassVar[str] = "run"

    def __post_init__(self) -> None:
        for what, runs in (("runs", self.runs), ("test", self.test)):
            if runs is not None:
                check_runs(runs, what)
                self._check_labels(runs, what)
        for label in self._normal:
            if label not in self._counts:
                raise ValueError(
                    f"no {self.sample} has the label {label!r} of normal {self.sample}s; labels "
                    f"here: {shorten(list(self._counts))}"
                )
        if self.groups is not None:
            self._check_groups(np.shape(self.groups))

    def _check_groups(self, shape: tuple[int, ...]) -> None:
        if self.test is not None:
            raise ValueError(
                "groups belong to runs that are split: with test there is no splitting"
            )
        if shape != (len(self.runs),):
            raise ValueError(
                f"groups has shape {shape} for {plural(len(self.runs), 'run')}: pass one each"
            )
        if pd.isna(np.asarray(self.groups)).any():
            raise ValueError("groups holds a missing value: say of every run what it belongs to")

    def _check_labels(self, runs: Runs, what: str) -> None:
        if runs.labels is None:
            raise ValueError(
                f"{what} have no labels: pass Runs(…, labels=…), which say what is normal (or for "
                "timesteps of long series LabelledSeries)"
            )
        unknown = np.flatnonzero(pd.isna(runs.labels))
        if len(unknown):
            raise ValueError(
                f"run {runs.ids.tolist()[unknown[0]]!r} has no label: leave it out, or label it"
            )

    @property
    def _parts(self) -> list[Runs]:
        return [self.runs, *([] if self.test is None else [self.test])]

    @property
    def _judged(self) -> Runs:
        return self.runs if self.test is None else self.test

    @cached_property
    def _counts(self) -> Counter[Any]:
        """How often each label stands, in `test` too."""
        return Counter(label for runs in self._parts for label in self._labels(runs))

    def _labels(self, runs: Runs) -> list[Any]:
        return np.asarray(runs.labels).tolist()

    @cached_property
    def _normal(self) -> list[Any]:
        if self.normal is None:
            counts = self._counts
            return [min(counts, key=lambda label: (-counts[label], str(label)))]
        is_one = isinstance(self.normal, str) or not isinstance(self.normal, Iterable)
        return [self.normal] if is_one else list(self.normal)

    @property
    def outlier(self) -> Flags:
        """Which of `runs` are outliers, shape (n_runs,)."""
        return self._outliers(self.runs)

    @property
    def test_outlier(self) -> Flags:
        """Which of the runs that are judged are outliers: of `test`, or of `runs`."""
        return self._outliers(self._judged)

    def _outliers(self, runs: Runs) -> Flags:
        return self._abnormal(self._labels(runs))

    def _abnormal(self, labels: list[Any]) -> Flags:
        normal = self._normal
        return np.array([label not in normal for label in labels], dtype=bool)

    @cached_property
    def digest(self) -> str:
        """By which the same data are known again."""
        return str(joblib.hash(self._contents()))

    def _contents(self) -> tuple[Any, ...]:
        values = [(runs.arrays, runs.channels, runs.times is None) for runs in self._parts]
        groups = None if self.groups is None else np.asarray(self.groups).tolist()
        return values, self.outlier, self.test_outlier, groups

    def splits(self, protocol: str, n_folds: int, seed: int) -> list[Split]:
        """What to learn from and what to judge: one split, or one a fold.

        Parameters
        ----------
        protocol : {"semi-supervised", "unsupervised"}
            Learn from the normal runs of the training part, or from all of them.
        n_folds : int
            Folds into which runs without a `test` are split, stratified by what is an outlier.
        seed : int
            Of the folds.

        Returns
        -------
        list of Split
        """
        if self.test is None:
            folds = self._folds(n_folds, seed)
        else:
            folds = [(np.arange(len(self.runs)), np.arange(len(self.test)))]
        return [
            Split(i, self._to_learn_from(train, protocol), test, protocol)
            for i, (train, test) in enumerate(folds)
        ]

    def _to_learn_from(self, train: NDArray[np.intp], protocol: str) -> NDArray[np.intp]:
        return train[~self.outlier[train]] if protocol == SEMI_SUPERVISED else train

    def _folds(self, n_folds: int, seed: int) -> list[tuple[NDArray[np.intp], NDArray[np.intp]]]:
        if len(self.runs) < n_folds:
            raise ValueError(
                f"{plural(len(self.runs), 'run')} cannot be split into {n_folds} folds"
            )
        options: dict[str, Any] = {"n_splits": n_folds, "shuffle": True, "random_state": seed}
        with warnings.catch_warnings():  # fewer outliers than folds: said of the fold without one
            warnings.filterwarnings("ignore", "The least populated class", UserWarning)
            if self.groups is None:
                return list(StratifiedKFold(**options).split(self.outlier, self.outlier))
            folds = StratifiedGroupKFold(**options)
            groups = pd.factorize(np.asarray(self.groups))[0]
            return list(folds.split(self.outlier, self.outlier, groups))

    def take(self, split: Split) -> tuple[Runs, Runs, Flags]:
        """Runs to learn from and runs to judge, without labels; which samples are outliers."""
        return (
            unlabelled(self.runs[split.train]),
            unlabelled(self._judged[split.test]),
            self.test_outlier[split.test],
        )

    def n_samples(self, runs: Runs) -> int:
        """How many scores these runs have."""
        return len(runs)

    def measure(
        self,
        runs: Runs,
        outlier: Flags,
        scores: NDArray[np.float64],
        labels: NDArray[np.int64],
        extra: Sequence[str],
    ) -> dict[str, float]:
        """What scores and labels of the samples of `runs` are worth."""
        return measure(outlier, scores, labels)

    def unmeasurable(self, runs: Runs, outlier: Flags) -> str:
        """Why the samples of `runs` give no ROC-AUC, though a detector did its work; or ""."""
        if has_both(outlier):
            return ""
        found = "only outliers" if outlier.all() else "no outliers"
        return f"{found} among the {plural(len(outlier), 'run')} judged: there is nothing to rank"


def check_runs(runs: Any, what: str) -> None:
    """Raise a ValueError for what are no `Runs`."""
    if not isinstance(runs, Runs):
        raise ValueError(f"{what} must be Runs, got {type(runs).__name__}: see as_runs, read_runs")


def unlabelled(runs: Runs) -> Runs:
    """Selected runs without their labels, and with arrays that a detector may write into."""
    if runs.dense is None:
        runs = runs.with_arrays([array.copy() for array in runs.arrays])
    runs.labels = runs.timestep_labels = None
    return runs
