"""Detectors that score what they cannot reconstruct: residuals, their sizes, what they tell."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from .base import RunDetector
from .batches import inference_size
from .explanation import Evidence, Explanation, RunFindings, explain_run
from .folds import MAX_FOLDS, HeldOut
from .preprocessing import Prepared
from .resampling import stretch
from .runs import Runs
from .scoring import WITH_T2, Duration, LatentDistribution, Scorer
from .whitening import ErrorGaussian


class Batch(NamedTuple):
    """Some runs, and what the reconstructor made of them."""

    runs: Runs
    observed: NDArray[np.bool_] | None
    squares: NDArray[np.float32]
    reconstruction: NDArray[np.float32]
    codes: NDArray[np.float32] | None


class ReconstructionDetector(RunDetector):
    """Base of the detectors that score how far runs are from what good runs let them expect.

    A subclass says what it reconstructs (`_reconstruct`); its `_fit_prepared` sets `scorer_`.
    """

    scorer_: Scorer
    error_gaussian_: ErrorGaussian | None = None  # what whitens residuals, where anything does

    @abstractmethod
    def _reconstruct(
        self, inputs: NDArray[np.float32]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32] | None]:
        """(n, t, i) -> reconstruction (n, t, i), and codes (n, z) where there are any."""

    def _squares(
        self, prepared: Prepared, reconstruction: NDArray[np.float32]
    ) -> NDArray[np.float32]:
        """Squared residuals in scaled channels, whitened or not, (n, t, c)."""
        residual = self._residual(prepared, reconstruction)
        if self.error_gaussian_ is not None:
            self.error_gaussian_.whiten(residual, prepared.observed)
        return np.square(residual, out=residual)

    @contextmanager
    def _ready(self) -> Iterator[Self]:
        """The detector as it reconstructs best, for a while."""
        yield self

    def _residual(
        self, prepared: Prepared, reconstruction: NDArray[np.float32]
    ) -> NDArray[np.float32]:
        return self.preprocessor_.to_channels(reconstruction) - prepared.targets

    def _batches(self, runs: Runs) -> Iterator[Batch]:
        """Batches of runs, prepared and reconstructed only as they are needed."""
        size = inference_size((self.preprocessor_.n_timesteps_, self.n_channels_))
        with self._ready() as ready:
            for start in range(0, len(runs), size):
                part = runs[start : start + size]
                prepared = self.preprocessor_.transform(part)
                reconstruction, codes = ready._reconstruct(prepared.inputs)
                squares = self._squares(prepared, reconstruction)
                yield Batch(part, prepared.observed, squares, reconstruction, codes)

    def _scores(self, runs: Runs) -> NDArray[np.float64]:
        scores = self.scorer_.scores
        return np.concatenate(
            [scores(b.squares, b.observed, b.codes, b.runs.lengths) for b in self._batches(runs)]
        )

    def _by_run(self, X: Any, arrays: Callable[[Batch], list[Any]]) -> list[Any]:
        return [array for batch in self._batches(self._read(X)) for array in arrays(batch)]

    def timestep_scores(self, X: Any) -> list[NDArray[np.float64]]:
        """Score timesteps: the sum of their contributions.

        About 1 on good runs, but near 0 where a band reconstructs.

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
        contributions = self.scorer_.contributions(batch.squares, batch.observed)
        stretched = stretch(contributions, batch.runs.lengths)
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
        return self._by_run(X, self._restored)

    def _restored(self, batch: Batch) -> list[NDArray[np.float64]]:
        return self.preprocessor_.restore(batch.reconstruction, batch.runs.lengths)

    def explain(self, X: Any, run: Any = None) -> Explanation:
        """Say why a run has its score.

        Parameters
        ----------
        X : array-like, list of arrays or Runs
            Runs with the channels of the training runs.
        run : object, optional
            Id of the run; by default the one with the highest score.

        Returns
        -------
        Explanation
            Residual, latent and duration parts, worst stretch, channels; its `text` is one line.

        Raises
        ------
        ValueError
            If no run has that id.
        """
        runs = self._read(X)
        found = int(np.argmax(self._scores(runs))) if run is None else runs.position(run)
        return self.explain_all(runs[found])[0]

    def explain_all(self, X: Any) -> list[Explanation]:
        """Say of every run why it has its score, in one pass over all of them.

        Parameters
        ----------
        X : array-like, list of arrays or Runs
            Runs with the channels of the training runs.

        Returns
        -------
        list of Explanation
            In the order of the runs.
        """
        return self._by_run(X, lambda batch: self._explained(self._evidence(batch)))

    def _explained(self, evidence: Iterable[Evidence]) -> list[Explanation]:
        level = self.scorer_.timestep_level_
        return [explain_run(run, level) for run in evidence]

    def findings(self, X: Any) -> RunFindings:
        """Find all that there is in runs, in one pass over them.

        Parameters
        ----------
        X : array-like, list of arrays or Runs
            Runs with the channels of the training runs.

        Returns
        -------
        RunFindings
            Explanations, contributions, reconstructions and codes, in the order of the runs.
        """
        found = RunFindings([], [], [], [])
        for batch in self._batches(self._read(X)):
            evidence = list(self._evidence(batch))
            found.explanations.extend(self._explained(evidence))
            found.contributions.extend(run.contributions for run in evidence)
            found.reconstruction.extend(self._restored(batch))
            found.codes.extend(() if batch.codes is None else batch.codes)
        return found

    def _evidence(self, batch: Batch) -> Iterator[Evidence]:
        scorer, runs, parts = self.scorer_, batch.runs, (batch.squares, batch.observed)
        scores = scorer.scores(*parts, batch.codes, runs.lengths)
        columns: tuple[Iterable[Any], ...] = (
            runs.ids.tolist(),
            scores.tolist(),
            self._label(scores).tolist(),
            scorer.spe(*parts).tolist(),
            [None] * len(runs) if batch.codes is None else scorer.latent_.t2(batch.codes),
            scorer.duration_.deviations(runs.lengths).tolist(),
            self._contributions(batch),
            [None] * len(runs) if runs.times is None else runs.times,
        )
        for run, score, label, spe, t2, duration, shares, times in zip(*columns, strict=True):
            yield Evidence(
                run=run,
                score=score,
                threshold=float(self.threshold_),
                is_outlier=bool(label),
                residual=spe,
                latent=t2,
                n_timesteps=len(shares),
                duration=duration,
                contributions=shares,
                channels=self.channels_,
                times=times,
                time_unit=runs.time_unit,
            )


class CodingDetector(ReconstructionDetector):
    """Base of those that reconstruct a run from a code, which can be scored too.

    A subclass says how the code is learned (`_learn_code`).
    """

    score: str
    error_scale: str
    reduction: str | float
    use_duration: bool

    @abstractmethod
    def _learn_code(self, prepared: Prepared) -> tuple[LatentDistribution, HeldOut]:
        """Learn; return where the codes of the training runs lie, and what calibrates."""

    def _fit_prepared(self, prepared: Prepared, lengths: NDArray[np.int64]) -> None:
        if self.score in WITH_T2 and len(lengths) < MAX_FOLDS:
            raise ValueError(
                f"score={self.score!r} needs at least {MAX_FOLDS} runs to fit, got {len(lengths)}: "
                "use score='spe'"
            )
        latent, (positions, reconstruction, t2) = self._learn_code(prepared)
        squares = self._held_out_squares(prepared.pick(positions), reconstruction)
        del reconstruction  # over folds it is as large as all runs, and so is what follows
        self.scorer_ = Scorer(self.score, self.error_scale, self.reduction, self.use_duration)
        self.calibration_scores_ = self.scorer_.fit(
            squares,
            None if prepared.observed is None else prepared.observed[positions],
            t2,
            lengths[positions],
            latent,
            Duration().fit(lengths),
        )

    def _held_out_squares(
        self, prepared: Prepared, reconstruction: NDArray[np.float32]
    ) -> NDArray[np.float32]:
        """Squared residuals of the runs that calibrate, which say how residuals are whitened."""
        if self.score != "mahalanobis":
            return self._squares(prepared, reconstruction)
        residual = self._residual(prepared, reconstruction)
        self.error_gaussian_ = ErrorGaussian()
        self.error_gaussian_.fit_whiten(residual, prepared.observed)
        return np.square(residual, out=residual)

    def transform(self, X: Any) -> NDArray[np.float64]:
        """Latent codes of runs: for plots, classifiers and similarity.

        Parameters
        ----------
        X : array-like, list of arrays or Runs
            Runs with the channels of the training runs.

        Returns
        -------
        ndarray of shape (n_runs, latent_dim)
        """
        codes = [batch.codes for batch in self._batches(self._read(X)) if batch.codes is not None]
        return np.concatenate(codes).astype(np.float64)
