"""PyOD's contract: fit, scores, threshold, labels, probabilities, whatever a sample is."""

from __future__ import annotations

import copy
from abc import abstractmethod
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from pyod.models.base import BaseDetector
from pyod.utils.knowledge import KnowledgeBase
from sklearn.base import clone
from sklearn.utils.validation import check_is_fitted

from .rules import check_parameter
from .runs import Runs
from .thresholds import Thresholder

# What PyOD knows of its own detectors, by their names.
PYODS_DETECTORS: dict[str, dict[str, Any]] = KnowledgeBase().algorithms


class _LabelsOne:
    """A foreign thresholder that labels one score, too: PyThresh's raise unless there are two."""

    def __init__(self, thresholder: Any) -> None:
        self.thresholder = thresholder

    def predict(self, scores: NDArray[np.float64]) -> NDArray[np.int64]:
        """(n_runs,) scores -> (n_runs,) labels."""
        at_least_two = np.resize(scores, max(2, len(scores)))
        return self.thresholder.predict(at_least_two)[: len(scores)]


class OutlierDetector(BaseDetector):
    """Base of all detectors: PyOD's methods and attributes.

    A sample is what gets one score: a run, or a timestep of a long series. PyOD's other methods
    (`fit_predict`, …) work as in PyOD. A public method raises ValueError where X is of no form that
    the class lists, and scikit-learn's NotFittedError before `fit`. A subclass says how X is read,
    what is learned (`_fit_runs`, which sets `calibration_scores_`) and how samples are scored.
    """

    contamination: Any

    calibration_scores_: NDArray[np.float64]
    decision_scores_: NDArray[np.float64]
    thresholder_: Any
    threshold_: float
    labels_: NDArray[np.int64]

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Refuse a name of PyOD's: its SUOD and ADEngine tell detectors by their names alone."""
        super().__init_subclass__(**kwargs)
        ours = cls.__module__.startswith(f"{__package__}.")  # checked where they meet PyOD's
        if cls.__name__ in PYODS_DETECTORS and not ours:
            raise ValueError(
                f"PyOD has a detector {cls.__name__}, and SUOD and ADEngine take one for the "
                "other: choose another name for the class"
            )

    @abstractmethod
    def _check_parameters(self) -> None:
        """Raise a ValueError for the first parameter with a value it cannot have."""

    @abstractmethod
    def _read_training(self, X: Any) -> Runs:
        """X of `fit` as runs or series."""

    @abstractmethod
    def _read(self, X: Any) -> Runs:
        """X as runs or series like those of training."""

    @abstractmethod
    def _fit_runs(self, runs: Runs) -> None:
        """Learn everything but the threshold."""

    @abstractmethod
    def _scores(self, runs: Runs) -> NDArray[np.float64]:
        """Scores of the samples in runs like those of training, shape (n_samples,)."""

    def _training_scores(self, runs: Runs) -> NDArray[np.float64]:
        """Scores of the samples of `fit`, those that were not learned from among them."""
        return self._scores(runs)

    def fit(self, X: Any, y: Any = None) -> Self:
        """Learn from runs, or from long series.

        Parameters
        ----------
        X : array-like, list of arrays or Runs
            Training data, mostly good, in any form that the class lists.
        y : ignored
            Present for PyOD and scikit-learn; never read.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If a parameter has a value it cannot have, or X is too little to learn from.
        """
        self._check_parameters()
        learner = self._unfitted()
        learner._learn(learner._read_training(X))
        # Only now: a fit that fails leaves what was learned before.
        self.__dict__ = learner.__dict__
        return self

    def _unfitted(self) -> Self:
        """Return a detector with the very same parameters (`clone` copies them), not fitted."""
        unfitted = copy.copy(self)
        for name in [name for name in vars(self) if name.endswith("_")]:
            delattr(unfitted, name)
        return unfitted

    def _learn(self, runs: Runs) -> None:
        self._fit_runs(runs)
        self.classes_ = np.array([0, 1])
        self._set_n_classes(None)
        self.decision_scores_ = self._training_scores(runs)
        self._process_decision_scores()

    def _asked_contamination(self) -> Any:
        return self.contamination

    def _process_decision_scores(self) -> Self:
        """Set `threshold_` and `labels_`, by PyOD's percentile or by a thresholder.

        Ours learn from the calibration scores. What was passed is not fitted but copied: two
        detectors may share a thresholder.
        """
        view = copy.copy(self)
        asked: Any = self._asked_contamination()
        if isinstance(asked, Thresholder):
            view.contamination = clone(asked).fit(self.calibration_scores_)
            self.threshold_ = view.contamination.thresh_
            self.labels_ = view.contamination.predict(self.decision_scores_)
            self._mu, self._sigma = self.decision_scores_.mean(), self.decision_scores_.std()
        else:
            number = np.isscalar(asked)
            view.contamination = float(asked) if number else copy.deepcopy(asked)
            BaseDetector._process_decision_scores(view)
            for name in ("threshold_", "labels_", "_mu", "_sigma"):
                setattr(self, name, getattr(view, name))
        self._sigma = self._sigma or 1.0  # PyOD divides by it, and equal runs have equal scores
        self.thresholder_ = view.contamination
        return self

    def with_threshold(self, contamination: Any) -> Self:
        """Return the fitted detector with another threshold, without learning again.

        Parameters
        ----------
        contamination : float or thresholder
            As the parameter of the constructor, for example what `tune_threshold` returns.

        Returns
        -------
        detector
            A copy with that `contamination`, and `threshold_` and `labels_` to it; it shares all
            else that was learned with this one.

        Raises
        ------
        ValueError
            If `contamination` is neither a number in (0, 0.5] nor a thresholder.
        """
        check_is_fitted(self, "thresholder_")
        check_parameter("contamination", contamination)
        relabelled = copy.copy(self)
        relabelled.contamination = contamination
        return relabelled._process_decision_scores()

    def _as_pyod(self) -> Any:
        """Return a view with the fitted thresholder where PyOD looks for it, and scores for X.

        PyOD's methods want one row of X a sample, and score it again and again.
        """
        check_is_fitted(self, "thresholder_")
        thresholder, view = self.thresholder_, copy.copy(self)  # type: Any, Any
        view._read = view._scores = lambda scores: scores
        ours = isinstance(thresholder, (float, Thresholder))
        view.contamination = thresholder if ours else _LabelsOne(thresholder)
        return view

    def decision_function(self, X: Any) -> NDArray[np.float64]:
        """Score samples: higher is more abnormal.

        Parameters
        ----------
        X : array-like, list of arrays or Runs
            Data with the channels of the training data.

        Returns
        -------
        ndarray of shape (n_samples,)
        """
        return self._scores(self._read(X))

    def predict(self, X: Any, return_confidence: bool = False) -> Any:
        """Label samples.

        Parameters
        ----------
        X : array-like, list of arrays or Runs
            Data with the channels of the training data.
        return_confidence : bool
            Whether to return `predict_confidence` too.

        Returns
        -------
        ndarray of shape (n_samples,), or a pair of them
            0 normal, 1 outlier.
        """
        return BaseDetector.predict(self._as_pyod(), self.decision_function(X), return_confidence)

    def predict_confidence(self, X: Any) -> NDArray[np.float64]:
        """PyOD's confidence that a label would be the same after training on other data.

        Parameters
        ----------
        X : array-like, list of arrays or Runs
            Data with the channels of the training data.

        Returns
        -------
        ndarray of shape (n_samples,)
        """
        return BaseDetector.predict_confidence(self._as_pyod(), self.decision_function(X))

    def predict_proba(self, X: Any, method: str = "linear", return_confidence: bool = False) -> Any:
        """PyOD's probabilities of being normal and of being an outlier.

        Parameters
        ----------
        X : array-like, list of arrays or Runs
            Data with the channels of the training data.
        method : {"linear", "unify"}
            How PyOD turns scores into probabilities.
        return_confidence : bool
            Whether to return `predict_confidence` too.

        Returns
        -------
        ndarray of shape (n_samples, 2), or it and one of shape (n_samples,)
        """
        view, scores = self._as_pyod(), self.decision_function(X)
        return BaseDetector.predict_proba(view, scores, method, return_confidence)

    def predict_with_rejection(self, X: Any, *args: Any, **options: Any) -> Any:
        """PyOD's labels, which reject what has too low a confidence.

        Parameters
        ----------
        X : array-like, list of arrays or Runs
            Data with the channels of the training data.
        *args, **options
            `T`, `return_stats`, `delta`, `c_fp`, `c_fn`, `c_r`, see PyOD's `BaseDetector`.

        Returns
        -------
        ndarray of shape (n_samples,), or it and a list of three numbers with `return_stats=True`
            0 normal, 1 outlier, -2 rejected.
        """
        view, scores = self._with_a_share(), self.decision_function(X)
        return BaseDetector.predict_with_rejection(view, scores, *args, **options)

    def compute_rejection_stats(self, *args: Any, **options: Any) -> Any:
        """PyOD's estimates for `predict_with_rejection`, with its parameters but X.

        Returns
        -------
        tuple of float
            Expected rate of rejection, its upper bound, and that of the cost.
        """
        return BaseDetector.compute_rejection_stats(self._with_a_share(), *args, **options)

    def _with_a_share(self) -> Any:
        """Return a view with the share of outliers in training, where PyOD reckons with one."""
        view = self._as_pyod()
        if not isinstance(self.thresholder_, float):
            view.contamination = max(int(self.labels_.sum()), 1) / len(self.labels_)
        return view

    def _label(self, scores: NDArray[np.float64]) -> NDArray[np.int64]:
        """Labels of scores, as `predict` gives them."""
        thresholder = self._as_pyod().contamination
        if isinstance(thresholder, float):
            return (scores > self.threshold_).astype(np.int64)
        return np.ravel(thresholder.predict(scores))
