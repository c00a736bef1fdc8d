"""What every detector does with runs before it learns: choose, prepare, read new ones alike."""

from __future__ import annotations

from abc import abstractmethod
from contextlib import AbstractContextManager, nullcontext
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.utils.validation import check_is_fitted

from .forms import NChannels, plural
from .inputs import as_runs, with_channels
from .preprocessing import Band, Prepared, Preprocessor, usual_lengths
from .rules import Rule, check_parameters
from .runs import Runs


class RunLearner:
    """Learns from the runs of usual length, prepared, and reads new runs the same way.

    A subclass says how it learns (`_fit_prepared`), and which values of a parameter it takes
    besides those that all take (`own_rules`).
    """

    own_rules: ClassVar[dict[str, Rule]] = {}

    # Parameters that every detector has.
    n_channels: NChannels
    n_timesteps: int | None
    length_sigma: float | None
    steps: Any
    scaling: Any  # but for the band, which has its own

    preprocessor_: Preprocessor
    calibration_scores_: NDArray[np.float64]
    training_lengths_: NDArray[np.int64]
    trained_on_: NDArray[np.bool_]
    left_out_: list[str]

    @property
    def _min_timesteps(self) -> int:
        """Timesteps that a run must have."""
        return 1

    def _preprocessor(self) -> Preprocessor:
        """Return a preprocessor that is not fitted yet."""
        return Preprocessor(self.n_timesteps, self._new_steps(), self.scaling)

    @abstractmethod
    def _fit_prepared(self, prepared: Prepared, lengths: NDArray[np.int64]) -> None:
        """Learn from prepared runs; sets `calibration_scores_`."""

    def _check_parameters(self) -> None:
        check_parameters(self)

    def _learning(self) -> AbstractContextManager[None]:
        """What holds while the detector learns."""
        return nullcontext()

    def _fit_runs(self, runs: Runs) -> None:
        """Learn everything but the threshold."""
        usual = self._trainable(runs)
        self.n_channels_, self.channels_, self.units_ = runs.n_channels, runs.channels, runs.units
        self.training_lengths_, self.trained_on_ = runs.lengths, usual
        self.left_out_ = [str(run) for run in runs.ids[~usual].tolist()]
        self.preprocessor_ = self._preprocessor()
        good = runs if usual.all() else runs[usual]
        with self._learning():
            self._fit_prepared(self.preprocessor_.fit_transform(good), good.lengths)

    def _new_steps(self) -> list[Any]:
        return [clone(step, safe=False) for step in self.steps]

    def _trainable(self, runs: Runs) -> NDArray[np.bool_]:
        """Which runs to train on: those of usual length."""
        name, longest = type(self).__name__, int(runs.lengths.max())
        if len(runs) < 2:
            raise ValueError(f"{name} needs at least 2 runs to fit, got {len(runs)}")
        n_timesteps = min(longest, self.n_timesteps or longest)
        if n_timesteps < self._min_timesteps:
            raise ValueError(
                f"{name} needs runs of at least {self._min_timesteps} timesteps, got "
                f"{plural(n_timesteps, 'timestep')}: use an FC detector for single rows"
            )
        usual = usual_lengths(runs.lengths, self.length_sigma)
        if usual.sum() < 2:
            raise ValueError(
                f"length_sigma={self.length_sigma!r} leaves {usual.sum()} of {len(runs)} runs to "
                "train on: raise it, or pass None to train on all"
            )
        return usual

    def _read(self, X: Any) -> Runs:
        """X as runs like those that the detector was fitted on."""
        check_is_fitted(self, "preprocessor_")
        runs = with_channels(as_runs(X, self.n_channels), self.channels_)
        longest = runs.lengths.max(initial=0)
        longest_trained = int(self.training_lengths_.max())
        if (longest == 1) != (longest_trained == 1):
            raise ValueError(
                f"X has runs of up to {plural(longest, 'timestep')}, the detector was fitted on "
                f"runs of up to {longest_trained}: pass runs like those"
            )
        return runs

    def population_band(self, k: float = 3.0) -> Band:
        """Typical course of the training runs: mean ± k standard deviations at each phase.

        Parameters
        ----------
        k : float
            Half width of the band in standard deviations.

        Returns
        -------
        Band
            `mean`, `lower` and `upper`, each of shape (n_timesteps, n_channels), in units.
        """
        check_is_fitted(self, "preprocessor_")
        return self.preprocessor_.target_scaler_.band(k)
