"""Where runs meet detectors that know rows alone: matrices from runs, any PyOD detector on runs."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pyod.models.base import BaseDetector
from sklearn.base import clone

from .base import PYODS_DETECTORS, RunDetector
from .folds import fixed_order, held_out_folds
from .forms import NChannels, as_float, did_you_mean, plural, unflatten
from .inputs import as_runs
from .preprocessing import Prepared
from .resampling import by_length, flat, resample, stretch, without_gaps
from .rules import check_parameter
from .runs import Runs

# Share of the runs that calibrates where it is large enough, as for the networks.
HELD_OUT = 0.1
# Rows that show whether a detector scores each by itself.
TRIED = 8


def to_matrix(
    X: Any, n_timesteps: int | None = None, n_channels: NChannels = None
) -> NDArray[np.float64]:
    """Runs as rows of equal width, for everything that takes a matrix.

    Gaps are filled by linear interpolation and runs resampled; nothing is scaled.

    Parameters
    ----------
    X : array-like, list of arrays or Runs
        Runs in any form, see `as_runs`.
    n_timesteps : int, optional
        Length to which every run is resampled; by default the median length of *these* runs, so
        pass it where training and new runs must agree.
    n_channels : int or "all", optional
        How to read flat rows, see `as_runs`.

    Returns
    -------
    ndarray of shape (n_runs, n_timesteps * n_channels)
        In units, time-major: all channels of timestep 0, then of timestep 1, and so on. A detector
        of this package reads it with `n_channels`, and `from_matrix` turns it back.

    Raises
    ------
    ValueError
        If X is no set of runs, or `n_timesteps` no positive integer.
    """
    check_parameter("n_timesteps", n_timesteps)
    runs = as_runs(X, n_channels)
    width = n_timesteps or int(np.median(runs.lengths))
    values = np.empty((len(runs), width, runs.n_channels))
    for rows, group in by_length(runs):
        values[rows] = resample(without_gaps(group), width)
    return flat(values)


def from_matrix(matrix: ArrayLike, runs: Any) -> Runs:
    """Rows of `to_matrix`, or what another method made of them, as runs again.

    Parameters
    ----------
    matrix : array-like of shape (n_runs, n_timesteps * n_channels)
        One row a run, time-major.
    runs : array-like, list of arrays or Runs
        The runs that they belong to.

    Returns
    -------
    Runs
        The values at the lengths of `runs`, with their ids, channels, units, times and labels.

    Raises
    ------
    ValueError
        If there is not one row a run, or the channels do not divide its width.
    """
    rows, runs = as_float(matrix, "matrix"), as_runs(runs)
    if rows.ndim != 2 or len(rows) != len(runs):
        raise ValueError(
            f"matrix has shape {rows.shape} for {plural(len(runs), 'run')}: pass one row a run"
        )
    values = unflatten(rows, runs.n_channels, "matrix")
    return runs.with_arrays(stretch(values, runs.lengths))


class OnRuns(RunDetector):
    """Any PyOD detector on runs of unequal length: `OnRuns(KNN())`.

    Runs are prepared as for the autoencoders (gaps filled, resampled to `n_timesteps`, scaled) and
    laid out flat, time-major, as the rows that the detector takes. What it scores has the ids, the
    thresholds and the forms of X of all other detectors here, so that classical and deep detectors
    meet on the same data. It has no reconstruction, so there is nothing to explain a score by.

    Parameters
    ----------
    detector : detector of PyOD or str, default="KNN"
        What scores the rows; it is copied, not fitted itself. A name stands for PyOD's detector of
        that name on its defaults. It should score each row by itself: of one that does not, such
        as `SOS`, or `LSTMAD`, which takes rows for the timesteps of a series, `fit` warns.
    n_timesteps : int, optional
        Length to which runs are resampled; by default their median length.
    contamination : float or thresholder, default=0.1
        Share of outliers in the training X, in (0, 0.5], or a thresholder such as `KSigma`. What
        `detector` has as its own is not used.
    n_channels : int or "all", optional
        How to read flat rows, see `as_runs`.
    length_sigma : float or None, default=2.0
        Runs whose length is further from the mean, in standard deviations, are scored but not
        learned from; None learns from all.
    steps : sequence of transformers, default=()
        `Despike`, `MovingAverage`, `ChannelPCA` or others like them, applied first.
    scaling : {"channel", "phase"}, default="phase"
        Scale by the training runs' mean and standard deviation of each channel, or then also of
        each phase, so that every column of the rows weighs alike (docs/benchmark.md compares).
    random_state : int or RandomState, optional
        Seed of the copies, where `detector` takes one; by default it has its own.

    Attributes
    ----------
    detector_ : detector of PyOD
        The fitted copy of `detector`.

    Notes
    -----
    `calibration_scores_` are those of runs held out: of a tenth of them where that is at least 20,
    else of up to five folds. So `fit` fits two to six copies of the detector. `decision_scores_`
    are the detector's own for the runs that it learned from, which may differ from what
    `decision_function` says of them (PyOD's `KNN` does not count a training row as its own
    neighbour).
    """

    detector_: Any

    def __init__(
        self,
        detector: Any = "KNN",
        n_timesteps: int | None = None,
        *,
        contamination: Any = 0.1,
        n_channels: NChannels = None,
        length_sigma: float | None = 2.0,
        steps: Sequence[Any] = (),
        scaling: str = "phase",
        random_state: Any = None,
    ) -> None:
        self.detector = detector
        self.n_timesteps = n_timesteps
        self.contamination = contamination
        self.n_channels = n_channels
        self.length_sigma = length_sigma
        self.steps = steps
        self.scaling = scaling
        self.random_state = random_state

    def _check_parameters(self) -> None:
        super()._check_parameters()
        _check_detector(self.detector)

    def _fit_prepared(self, prepared: Prepared, lengths: NDArray[np.int64]) -> None:
        rows = flat(prepared.inputs).astype(np.float64)
        self.detector_ = self._fitted(rows)
        _warn_of_mates(self.detector_, rows)
        folds = held_out_folds(fixed_order(len(rows)), HELD_OUT)
        self.calibration_scores_ = np.concatenate([self._held_out(rows, fold) for fold in folds])

    def _fitted(self, rows: NDArray[np.float64]) -> Any:
        detector = _copy(self.detector)
        if self.random_state is not None and "random_state" in detector.get_params(deep=False):
            detector.set_params(random_state=self.random_state)
        _call(detector, "fit", rows)
        return detector

    def _held_out(self, rows: NDArray[np.float64], fold: NDArray[np.int64]) -> NDArray[np.float64]:
        """Scores of some rows by a copy that learned from the others."""
        try:
            return _ask(self._fitted(np.delete(rows, fold, axis=0)), rows[fold])
        except ValueError as error:
            raise ValueError(
                f"calibrating, without {plural(len(fold), 'run')} of {len(rows)}: {error}; pass "
                "more runs, or a detector that does with fewer"
            ) from error

    def _scores(self, runs: Runs) -> NDArray[np.float64]:
        rows = flat(self.preprocessor_.transform(runs).inputs)
        return _ask(self.detector_, rows.astype(np.float64))

    def _training_scores(self, runs: Runs) -> NDArray[np.float64]:
        scores = np.empty(len(runs))
        scores[self.trained_on_] = _checked(
            self.detector_, self.detector_.decision_scores_, int(self.trained_on_.sum())
        )
        if not self.trained_on_.all():
            scores[~self.trained_on_] = self._scores(runs[~self.trained_on_])
        return scores


def _check_detector(detector: Any) -> None:
    if isinstance(detector, type):
        raise ValueError(f"detector is a class: pass an instance, {detector.__name__}()")
    if isinstance(detector, RunDetector):
        raise ValueError(
            f"{type(detector).__name__} takes runs itself: use it as it is, without OnRuns"
        )
    if not isinstance(detector, str | BaseDetector):
        raise ValueError(f"detector must be one of PyOD's, or the name of one, got {detector!r}")
    _copy(detector)


def _copy(detector: Any) -> Any:
    """The detector once more, not fitted."""
    try:
        return _pyods(detector)() if isinstance(detector, str) else clone(detector)
    except (TypeError, RuntimeError) as error:
        raise ValueError(
            f"{detector if isinstance(detector, str) else type(detector).__name__} cannot be "
            f"copied ({error}): pass an instance whose constructor stores its arguments alone"
        ) from error


def _pyods(name: str) -> type[Any]:
    """PyOD's class of that name."""
    rows = [n for n, d in PYODS_DETECTORS.items() if "tabular" in d.get("data_types", ())]
    if name not in rows:
        raise ValueError(
            f"PyOD has no detector of rows that is called {name!r}: pass an instance, or a name "
            f"such as 'KNN'{did_you_mean(name, rows)}"
        )
    module, cls = PYODS_DETECTORS[name]["class_path"].rsplit(".", 1)
    return getattr(import_module(module), cls)


def _warn_of_mates(detector: Any, rows: NDArray[np.float64]) -> None:
    """Warn where a row's score depends on the rows that are scored with it."""
    few = rows[:TRIED]
    if len(few) < TRIED:
        return
    first, again = _ask(detector, few), _ask(detector, few)
    last = _ask(detector, few[TRIED // 2 :])
    differ = 1e-3 * first.std()
    by_chance = np.abs(again - first).max() > differ
    if not by_chance and np.abs(last - first[TRIED // 2 :]).max() > differ:
        warnings.warn(
            f"{type(detector).__name__} scores a run by the runs that it is scored with: score "
            "the same set together, or take a detector that scores each run by itself",
            UserWarning,
            stacklevel=2,
        )


def _call(detector: Any, method: str, rows: NDArray[np.float64]) -> Any:
    try:
        return getattr(detector, method)(rows)
    except Exception as error:
        raise ValueError(
            f"{type(detector).__name__}.{method} raised {type(error).__name__} on "
            f"{plural(len(rows), 'row')} of {plural(rows.shape[1], 'value')}: {error}"
        ) from error


def _ask(detector: Any, rows: NDArray[np.float64]) -> NDArray[np.float64]:
    """Scores of rows by a fitted detector."""
    return _checked(detector, _call(detector, "decision_function", rows), len(rows))


def _checked(detector: Any, scores: Any, n_runs: int) -> NDArray[np.float64]:
    values = np.asarray(scores, dtype=np.float64).ravel()
    name = type(detector).__name__
    if len(values) != n_runs:
        raise ValueError(
            f"{name} gave {plural(len(values), 'score')} for {plural(n_runs, 'run')}: OnRuns takes "
            "detectors that score each row"
        )
    if not np.isfinite(values).all():
        raise ValueError(
            f"{name} gave a run the score {values[~np.isfinite(values)][0]}: choose its parameters "
            "so that all scores are finite"
        )
    return values
