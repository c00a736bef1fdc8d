"""Preprocessor + what reconstructs + scorer, put together: all of a detector but its labels."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.utils.validation import check_is_fitted

from .forms import NChannels, plural
from .inputs import as_runs, with_channels
from .preprocessing import Band, Prepared, Preprocessor, stretch, usual_lengths
from .rules import check_parameters
from .runs import Runs
from .scoring import Scorer
from .training import inference_size


class Batch(NamedTuple):
    """Some runs, and what the reconstructor made of them."""

    runs: Runs
    observed: NDArray[np.bool_] | None
    contributions: NDArray[np.float32]
    reconstruction: NDArray[np.float32]
    codes: NDArray[np.float32] | None


class Reconstructor:
    """Learns how good runs go, and how large its residuals on such runs are.

    A subclass says how it learns (`_fit_prepared`) and what it reconstructs (`_reconstruct`).

    A public method takes X as an array, a list of arrays or `Runs` with the channels of the
    training runs (`as_runs` lists all forms). It raises ValueError where X is nothing of that
    kind, and scikit-learn's NotFittedError before `fit`.
    """

    # Parameters that every detector has.
    n_channels: NChannels
    n_timesteps: int | None
    length_sigma: float | None
    steps: Any

    preprocessor_: Preprocessor
    scorer_: Scorer
    calibration_scores_: NDArray[np.float64]
    training_lengths_: NDArray[np.int64]
    trained_on_: NDArray[np.bool_]
    left_out_: list[str]

    @property
    def _min_timesteps(self) -> int:
        """Timesteps that a run must have."""
        return 1

    @abstractmethod
    def _preprocessor(self) -> Preprocessor:
        """Return a preprocessor that is not fitted yet."""

    @abstractmethod
    def _fit_prepared(self, prepared: Prepared, lengths: NDArray[np.int64]) -> None:
        """Learn from prepared runs; sets `scorer_` and `calibration_scores_`."""

    @abstractmethod
    def _reconstruct(
        self, inputs: NDArray[np.float32]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32] | None]:
        """(n, t, i) -> reconstruction (n, t, i), and codes (n, z) where there are any."""

    def _check_parameters(self) -> None:
        check_parameters(self)

    def _fit_runs(self, runs: Runs) -> None:
        """Learn everything but the threshold."""
        usual = self._trainable(runs)
        self.n_channels_, self.channels_, self.units_ = runs.n_channels, runs.channels, runs.units
        self.training_lengths_, self.trained_on_ = runs.lengths, usual
        self.left_out_ = [str(run) for run in runs.ids[~usual].tolist()]
        self.preprocessor_ = self._preprocessor()
        good = runs[usual]
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

    def _squares(
        self, prepared: Prepared, reconstruction: NDArray[np.float32]
    ) -> NDArray[np.float32]:
        """Squared residuals in scaled channels, (n, t, c)."""
        residual = self.preprocessor_.to_channels(reconstruction) - prepared.targets
        return np.square(residual, out=residual)

    def _batches(self, runs: Runs) -> Iterator[Batch]:
        """Batches of runs, prepared and reconstructed only as they are needed."""
        size = inference_size((self.preprocessor_.n_timesteps_, self.n_channels_))
        for start in range(0, len(runs), size):
            part = runs[start : start + size]
            prepared = self.preprocessor_.transform(part)
            reconstruction, codes = self._reconstruct(prepared.inputs)
            squares = self._squares(prepared, reconstruction)
            contributions = self.scorer_.contributions(squares, prepared.observed)
            yield Batch(part, prepared.observed, contributions, reconstruction, codes)

    def _read(self, X: Any) -> Runs:
        """X as runs like those that the detector was fitted on."""
        check_is_fitted(self, "scorer_")
        runs = with_channels(as_runs(X, self.n_channels), self.channels_)
        longest = runs.lengths.max(initial=0)
        longest_trained = int(self.training_lengths_.max())
        if (longest == 1) != (longest_trained == 1):
            raise ValueError(
                f"X has runs of up to {plural(longest, 'timestep')}, the detector was fitted on "
                f"runs of up to {longest_trained}: pass runs like those"
            )
        return runs

    def _scores(self, runs: Runs) -> NDArray[np.float64]:
        scores = self.scorer_.scores
        return np.concatenate(
            [
                scores(b.contributions, b.observed, b.codes, b.runs.lengths)
                for b in self._batches(runs)
            ]
        )

    def _by_run(self, X: Any, arrays: Callable[[Batch], list[Any]]) -> list[Any]:
        return [array for batch in self._batches(self._read(X)) for array in arrays(batch)]

    def timestep_scores(self, X: Any) -> list[NDArray[np.float64]]:
        """Score timesteps: the sum of their contributions.

        About 1 on good runs where a network reconstructs, near 0 where a band does.

        Parameters
        ----------
        X : array-like, list of arrays or Runs
            Runs with the channels of the training runs.

        Returns
        -------
        list of ndarray of shape (n_timesteps_i,)
        """
        return [c.sum(axis=1) for c in self.contributions(X)]

    def contributions(self, X: Any) -> list[NDArray[np.float64]]:
        """Share of each channel in the timestep scores: squared residual by its usual size.

        `PopulationBand` divides by nothing: its residuals are in standard deviations.

        Parameters
        ----------
        X : array-like, list of arrays or Runs
            Runs with the channels of the training runs.

        Returns
        -------
        list of ndarray of shape (n_timesteps_i, n_channels)
            0 in gaps.
        """
        return self._by_run(X, self._contributions)

    def _contributions(self, batch: Batch) -> list[NDArray[np.float64]]:
        """Contributions at the runs' own timesteps; none where nothing was measured."""
        stretched = stretch(batch.contributions, batch.runs.lengths)
        if batch.observed is None:
            return stretched
        gaps = (np.isnan(array) for array in batch.runs.arrays)
        return [np.where(gap, 0.0, c) for gap, c in zip(gaps, stretched, strict=True)]

    def reconstruct(self, X: Any) -> list[NDArray[np.float64]]:
        """Reconstruct runs, in their units and lengths.

        Parameters
        ----------
        X : array-like, list of arrays or Runs
            Runs with the channels of the training runs.

        Returns
        -------
        list of ndarray of shape (n_timesteps_i, n_channels)
        """
        return self._by_run(
            X, lambda b: self.preprocessor_.restore(b.reconstruction, b.runs.lengths)
        )

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
        check_is_fitted(self, "scorer_")
        return self.preprocessor_.target_scaler_.band(k)
