"""The base of the detectors whose samples are runs."""

from __future__ import annotations

from typing import Any

from .contract import OutlierDetector
from .inputs import as_runs
from .learner import RunLearner
from .runs import Runs


class RunDetector(RunLearner, OutlierDetector):
    """Base of the detectors that score runs: PyOD's methods and attributes, a sample being a run.

    A public method takes X as an array, a list of arrays or `Runs` with the channels of the
    training runs (`as_runs` lists all forms).

    Attributes
    ----------
    decision_scores_ : ndarray of shape (n_runs,)
        Scores of the training runs.
    threshold_ : float
        Scores above it are outliers. (With a PyThresh object it is in that object's units.)
    labels_ : ndarray of shape (n_runs,)
        Labels of the training runs: 0 normal, 1 outlier.
    thresholder_ : float or thresholder
        What gives the labels: the share of outliers, or a fitted copy of `contamination`.
    calibration_scores_ : ndarray of shape (n_calibration_runs,)
        Scores of training runs by what was learned without them.
    n_channels_ : int
        Channels of the training runs.
    channels_, units_ : tuple of str
        Their names and units.
    training_lengths_ : ndarray of shape (n_runs,)
        Timesteps of each training run.
    trained_on_ : ndarray of bool, shape (n_runs,)
        False for training runs that were left out for their length, see `length_sigma`.
    left_out_ : list of str
        Ids of those.
    """

    def _read_training(self, X: Any) -> Runs:
        return as_runs(X, self.n_channels)
