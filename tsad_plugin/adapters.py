"""Where runs meet detectors that know rows alone: matrices from runs, any PyOD detector on runs."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import clone

from .base import PYODS_DETECTORS, RunDetector
from .calibration import fixed_order, held_out_folds
from .forms import NChannels, as_float, did_you_mean, plural, unflatten
from .inputs import as_runs
from .preprocessing import Prepared, Preprocessor
from .resampling import by_length, resample, stretch, without_gaps
from .rules import check_parameter
from .runs import Runs

# Share of the runs that calibrates where it is large enough, as for the networks.
HELD_OUT = 0.1


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
    return _flat(values)


def from_matrix(matrix: ArrayLike, runs: Runs) -> Runs:
    """Rows of `to_matrix`, or what another method made of them, as runs again.

    Parameters
    ----------
    matrix : array-like of shape (n_runs, n_timesteps * n_channels)
        One row a run, time-major.
    runs : Runs
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
    rows = as_float(matrix, "matrix")
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
    detector : detector of PyOD or str
        What scores the rows; it is copied, not fitted itself. A name such as `"KNN"` stands for
        PyOD's detector of that name on its defaults. It must score rows one by one: one that takes
        rows for the timesteps of a series (`LSTMAD`, `MatrixProfile` …) does not see runs.
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
        detector: Any,
        n_timesteps: int | None = None,
        *,
        contamination: Any = 0.1,
        n_channels: NChannels = None,
        length_sigma: float | None = 2.0,
        steps: Sequence[Any] = (),
        scaling: str = "phase",
    ) -> None:
        self.detector = detector
        self.n_timesteps = n_timesteps
        self.contamination = contamination
        self.n_channels = n_channels
        self.length_sigma = length_sigma
        self.steps = steps
        self.scaling = scaling

    def _check_parameters(self) -> None:
        super()._check_parameters()
        _check_detector(self.detector)

    def _preprocessor(self) -> Preprocessor:
        return Preprocessor(self.n_timesteps, self._new_steps(), self.scaling)

    def _fit_prepared(self, prepared: Prepared, lengths: NDArray[np.int64]) -> None:
        rows = _flat(prepared.inputs)
        self.detector_ = self._fitted(rows)
        self.calibration_scores_ = np.concatenate(
            [
                _ask(self._fitted(np.delete(rows, fold, axis=0)), rows[fold])
                for fold in held_out_folds(fixed_order(len(rows)), HELD_OUT)
            ]
        )

    def _fitted(self, rows: NDArray[np.float64]) -> Any:
        named = isinstance(self.detector, str)
        detector = _pyods(self.detector)() if named else clone(self.detector)
        _call(detector, "fit", rows)
        return detector

    def _scores(self, runs: Runs) -> NDArray[np.float64]:
        return _ask(self.detector_, _flat(self.preprocessor_.transform(runs).inputs))

    def _training_scores(self, runs: Runs) -> NDArray[np.float64]:
        scores = np.empty(len(runs))
        scores[self.trained_on_] = _checked(
            self.detector_, self.detector_.decision_scores_, int(self.trained_on_.sum())
        )
        if not self.trained_on_.all():
            scores[~self.trained_on_] = self._scores(runs[~self.trained_on_])
        return scores


def _flat(values: NDArray[Any]) -> NDArray[np.float64]:
    """(n, t, c) -> (n, t * c), time-major."""
    return values.reshape(len(values), -1).astype(np.float64, copy=False)


def _check_detector(detector: Any) -> None:
    if isinstance(detector, str):
        _pyods(detector)
    elif isinstance(detector, type):
        raise ValueError(f"detector is a class: pass an instance, {detector.__name__}()")
    elif isinstance(detector, RunDetector):
        raise ValueError(
            f"{type(detector).__name__} takes runs itself: use it as it is, without OnRuns"
        )
    elif not (hasattr(detector, "fit") and hasattr(detector, "decision_function")):
        raise ValueError(
            f"detector must have fit and decision_function, or be the name of one of PyOD's, "
            f"got {detector!r}"
        )


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
        bad = int(np.flatnonzero(~np.isfinite(values))[0])
        raise ValueError(
            f"{name} gave run {bad} of {n_runs} the score {values[bad]}: choose its parameters so "
            "that all scores are finite"
        )
    return values
