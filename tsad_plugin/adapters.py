"""Any PyOD detector on runs: the rows that it takes, and the contract of all detectors here."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from importlib import import_module
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from pyod.models.base import BaseDetector
from sklearn.base import clone

from .base import RunDetector
from .contract import PYODS_DETECTORS, OutlierDetector
from .folds import fixed_order, held_out_folds
from .forms import NChannels, as_float, did_you_mean, plural
from .preprocessing import Prepared
from .resampling import flat
from .rules import LEGACY_SEED, Rule
from .runs import Runs

# Share of the runs that calibrates where it is large enough, as for the networks.
HELD_OUT = 0.1
# Rows that show whether a detector scores each by itself.
TRIED = 8


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
    scaling : {"channel", "phase", "both", "course"}, default="phase"
        Scale by the training runs' mean and standard deviation of each channel, then also of each
        phase, so that every column of the rows weighs alike, or by mean of the phase and both
        deviations, or by mean of the phase and deviation of the channel (docs/benchmark.md
        compares).
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
    own_rules: ClassVar[dict[str, Rule]] = {"random_state": LEGACY_SEED}

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
        check_detector(self.detector, "OnRuns")

    def _fit_prepared(self, prepared: Prepared, lengths: NDArray[np.int64]) -> None:
        rows = flat(prepared.inputs).astype(np.float64)
        self.detector_ = self._fitted(rows)
        folds = held_out_folds(fixed_order(len(rows)), HELD_OUT)
        self.calibration_scores_ = np.concatenate([self._held_out(rows, fold) for fold in folds])
        warn_of_mates(self.detector_, rows)

    def _fitted(self, rows: NDArray[np.float64]) -> Any:
        detector = unfitted(self.detector)
        if self.random_state is not None and "random_state" in detector.get_params(deep=False):
            detector.set_params(random_state=self.random_state)
        call(detector, "fit", rows)
        return detector

    def _held_out(self, rows: NDArray[np.float64], fold: NDArray[np.int64]) -> NDArray[np.float64]:
        """Scores of some rows by a copy that learned from the others."""
        try:
            return ask(self._fitted(np.delete(rows, fold, axis=0)), rows[fold])
        except ValueError as error:
            raise ValueError(
                f"calibrating, without {plural(len(fold), 'run')} of {len(rows)}: {error}; pass "
                "more runs, or a detector that does with fewer"
            ) from error

    def _scores(self, runs: Runs) -> NDArray[np.float64]:
        rows = flat(self.preprocessor_.transform(runs).inputs)
        return ask(self.detector_, rows.astype(np.float64))

    def _training_scores(self, runs: Runs) -> NDArray[np.float64]:
        scores = np.empty(len(runs))
        known = getattr(self.detector_, "decision_scores_", None)
        scores[self.trained_on_] = _checked(self.detector_, known, int(self.trained_on_.sum()))
        if not self.trained_on_.all():
            scores[~self.trained_on_] = self._scores(runs[~self.trained_on_])
        return scores


def check_detector(detector: Any, taker: str) -> None:
    """Raise a ValueError unless a detector is one of PyOD's for rows, or the name of one."""
    if isinstance(detector, type):
        raise ValueError(f"detector is a class: pass an instance, {detector.__name__}()")
    if isinstance(detector, OutlierDetector):
        raise ValueError(
            f"{type(detector).__name__} takes runs itself: use it as it is, without {taker}"
        )
    if not isinstance(detector, str | BaseDetector):
        raise ValueError(f"detector must be one of PyOD's, or the name of one, got {detector!r}")
    unfitted(detector)


def unfitted(detector: Any) -> Any:
    """The detector once more, not fitted; one of PyOD's also by its name."""
    try:
        return _pyods(detector)() if isinstance(detector, str) else clone(detector)
    except (TypeError, RuntimeError) as error:
        raise ValueError(
            f"{detector if isinstance(detector, str) else type(detector).__name__} cannot be "
            f"copied ({error}): pass an instance whose constructor stores its arguments alone"
        ) from error


def _pyods(name: str) -> type[Any]:
    """PyOD's class of that name."""
    shipped = {n: d for n, d in PYODS_DETECTORS.items() if d.get("status") == "shipped"}
    rows = [n for n, d in shipped.items() if "tabular" in d.get("data_types", ())]
    if name not in rows:
        raise ValueError(
            f"PyOD has no detector of rows that is called {name!r}: pass an instance, or a name "
            f"such as 'KNN'{did_you_mean(name, rows)}"
        )
    module, cls = PYODS_DETECTORS[name]["class_path"].rsplit(".", 1)
    return getattr(import_module(module), cls)


def warn_of_mates(detector: Any, rows: NDArray[np.float64], noun: str = "run") -> None:
    """Warn where a row's score depends on the rows that are scored with it."""
    if len(rows) >= TRIED and looks_at_mates(detector, rows[:TRIED]):
        warnings.warn(
            f"{type(detector).__name__} scores a {noun} by the {noun}s that it is scored with: "
            f"score the same set together, or take a detector that scores each {noun} by itself",
            UserWarning,
            stacklevel=2,
        )


def looks_at_mates(detector: Any, few: NDArray[np.float64]) -> bool:
    """Whether some rows have other scores where there are fewer of them."""
    half = len(few) // 2
    try:
        first, again, last = (ask(detector, some) for some in (few, few, few[half:]))
    except ValueError:  # it cannot score so few
        return True
    differ = 1e-3 * first.std()
    by_chance = np.abs(again - first).max() > differ
    return not by_chance and bool(np.abs(last - first[half:]).max() > differ)


def call(detector: Any, method: str, rows: NDArray[np.float64]) -> Any:
    """What a detector's method says of rows; an error names both."""
    try:
        return getattr(detector, method)(rows.copy())  # some write into what they are given
    except Exception as error:
        raise ValueError(
            f"{type(detector).__name__}.{method} raised {type(error).__name__} on "
            f"{plural(len(rows), 'row')} of {plural(rows.shape[1], 'value')}: {error}"
        ) from error


def ask(detector: Any, rows: NDArray[np.float64]) -> NDArray[np.float64]:
    """Scores of rows by a fitted detector."""
    return _checked(detector, call(detector, "decision_function", rows), len(rows))


def _checked(detector: Any, scores: Any, n_runs: int) -> NDArray[np.float64]:
    name = type(detector).__name__
    try:
        values = as_float([] if scores is None else scores, "scores").ravel()
    except ValueError as error:
        raise ValueError(f"{name} gave no numbers for scores: {error}") from error
    if len(values) != n_runs:
        raise ValueError(
            f"{name} gave {plural(len(values), 'score')} for {plural(n_runs, 'run')}: take a "
            "detector that scores each row"
        )
    if not np.isfinite(values).all():
        raise ValueError(
            f"{name} gave a run the score {values[~np.isfinite(values)][0]}: choose its "
            "parameters, or the runs that are scored together, so that all scores are finite"
        )
    return values
