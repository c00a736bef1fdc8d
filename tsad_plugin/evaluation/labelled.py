"""Runs of which it is known what is abnormal, and how they are split into training and test."""

from __future__ import annotations

import os
import warnings
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple, Self

import joblib
import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

from tsad_plugin.datasets import read_ucr
from tsad_plugin.forms import plural, shorten
from tsad_plugin.runs import Runs

SEMI_SUPERVISED, UNSUPERVISED = PROTOCOLS = ("semi-supervised", "unsupervised")
FORMS = (
    "pass labelled Runs, a pair (train, test) of them, LabelledRuns, a file of the UCR archive, or "
    "a function of a seed that returns one of these"
)


class Split(NamedTuple):
    """Which runs to learn from, and which to judge, by position."""

    fold: int
    train: NDArray[np.intp]
    test: NDArray[np.intp]


@dataclass(frozen=True)
class LabelledRuns:
    """Runs of which it is known which are normal.

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

    def __post_init__(self) -> None:
        for what, runs in (("runs", self.runs), ("test", self.test)):
            if runs is not None:
                _check_labels(runs, what)
        known = Counter(self._known)
        for label in self._normal:
            if label not in known:
                raise ValueError(
                    f"no run has the label {label!r} of normal runs; labels here: "
                    f"{shorten(list(known))}"
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

    @classmethod
    def of(cls, data: Any) -> Self:
        """Read what `benchmark` takes as a data set.

        Raises
        ------
        ValueError
            If it is none of those forms, a file cannot be read, or for what `LabelledRuns` says.
        """
        if isinstance(data, cls):
            return data
        parts = data if isinstance(data, tuple) else (data,)
        read = [read_ucr(p) if isinstance(p, (str, os.PathLike)) else p for p in parts]
        if not 1 <= len(read) <= 2 or not all(isinstance(runs, Runs) for runs in read):
            raise ValueError(
                f"a data set cannot be read from {shorten([type(p) for p in parts])}: {FORMS}"
            )
        return cls(*read)

    @property
    def _known(self) -> list[Any]:
        """Labels of all runs, those of `test` too."""
        parts = [self.runs, *([] if self.test is None else [self.test])]
        return [label for runs in parts for label in np.asarray(runs.labels).tolist()]

    @property
    def _normal(self) -> list[Any]:
        if self.normal is None:
            counts = Counter(self._known)
            return [min(counts, key=lambda label: (-counts[label], str(label)))]
        is_one = isinstance(self.normal, str) or not isinstance(self.normal, Iterable)
        return [self.normal] if is_one else list(self.normal)

    @property
    def outlier(self) -> NDArray[np.bool_]:
        """Which of `runs` are outliers, shape (n_runs,)."""
        return self._outliers(self.runs)

    @property
    def test_outlier(self) -> NDArray[np.bool_]:
        """Which of the runs that are judged are outliers: of `test`, or of `runs`."""
        return self._outliers(self.runs if self.test is None else self.test)

    def _outliers(self, runs: Runs) -> NDArray[np.bool_]:
        normal = self._normal
        return np.array([label not in normal for label in np.asarray(runs.labels).tolist()])

    @cached_property
    def digest(self) -> str:
        """By which the same data are known again."""
        parts = [self.runs, *([] if self.test is None else [self.test])]
        values = [(runs.arrays, runs.channels, runs.times is None) for runs in parts]
        groups = None if self.groups is None else np.asarray(self.groups).tolist()
        return str(joblib.hash((values, self.outlier, self.test_outlier, groups)))

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
        normal = ~self.outlier
        return [
            Split(i, train[normal[train]] if protocol == SEMI_SUPERVISED else train, test)
            for i, (train, test) in enumerate(folds)
        ]

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

    def take(self, split: Split) -> tuple[Runs, Runs, NDArray[np.bool_]]:
        """Runs to learn from and runs to judge, without labels; which of these are outliers."""
        judged = self.runs if self.test is None else self.test
        return (
            _own(self.runs[split.train]),
            _own(judged[split.test]),
            self.test_outlier[split.test],
        )


def _check_labels(runs: Any, what: str) -> None:
    if not isinstance(runs, Runs):
        raise ValueError(f"{what} must be Runs, got {type(runs).__name__}: see as_runs, read_runs")
    if runs.labels is None:
        raise ValueError(f"{what} have no labels: pass Runs(…, labels=…), which say what is normal")
    unknown = np.flatnonzero(pd.isna(runs.labels))
    if len(unknown):
        raise ValueError(
            f"run {runs.ids.tolist()[unknown[0]]!r} has no label: leave it out, or label it"
        )


def _own(runs: Runs) -> Runs:
    """Selected runs without their labels, and with arrays that a detector may write into."""
    if runs.dense is None:
        runs = runs.with_arrays([array.copy() for array in runs.arrays])
    runs.labels = runs.timestep_labels = None
    return runs
