"""The reconstructor: preprocessor + network + scorer, put together; all of a detector but PyOD."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.utils.validation import check_is_fitted

from .calibration import MAX_FOLDS, train_calibrated
from .forms import plural
from .inputs import as_runs, with_channels
from .networks import Autoencoder, build, start_at_pca
from .parameters import Parameters
from .preprocessing import Band, Prepared, Preprocessor, stretch, usual_lengths
from .runs import Runs
from .scoring import Duration, Scorer
from .training import (
    Schedule,
    choose_device,
    draw_seed,
    inference_size,
    reconstruct,
    seeded,
    threads,
)


class Batch(NamedTuple):
    """Some runs, and what the network made of them."""

    runs: Runs
    observed: NDArray[np.bool_] | None
    squares: NDArray[np.float32]
    reconstruction: NDArray[np.float32]
    codes: NDArray[np.float32]


class Reconstructor(Parameters):
    """Learns how good runs go, and how large its residuals on such runs are.

    A public method takes X as an array, a list of arrays or `Runs` with the channels of the
    training runs (`as_runs` lists all forms). It raises ValueError where X is nothing of that
    kind, and scikit-learn's NotFittedError before `fit`.
    """

    preprocessor_: Preprocessor
    network_: Autoencoder
    scorer_: Scorer
    history_: list[dict[str, float]]
    longest_: int
    architecture_: dict[str, Any]
    calibration_scores_: NDArray[np.float64]

    def _fit_runs(self, runs: Runs) -> None:
        """Learn everything but the threshold."""
        device = choose_device(self.device)
        good = runs[self._trainable(runs)]
        self.n_channels_, self.channels_, self.units_ = runs.n_channels, runs.channels, runs.units
        self.longest_ = int(runs.lengths.max())
        self.architecture_ = self._architecture()
        steps = [clone(step, safe=False) for step in self.steps]
        self.preprocessor_ = Preprocessor(self.n_timesteps, steps, self.scaling)
        with threads(self.n_threads), seeded(draw_seed(self.random_state), device):
            self._fit_network(self.preprocessor_.fit_transform(good), good.lengths, device)

    def _trainable(self, runs: Runs) -> NDArray[np.bool_]:
        """Which runs to train on: those of usual length."""
        name, longest = type(self).__name__, int(runs.lengths.max())
        if len(runs) < 2:
            raise ValueError(f"{name} needs at least 2 runs to fit, got {len(runs)}")
        n_timesteps = min(longest, self.n_timesteps or longest)
        if n_timesteps < self.family.min_timesteps:
            raise ValueError(
                f"{name} needs runs of at least {self.family.min_timesteps} timesteps, got "
                f"{plural(n_timesteps, 'timestep')}: use an FC detector for single rows"
            )
        usual = usual_lengths(runs.lengths, self.length_sigma)
        if usual.sum() < 2:
            raise ValueError(
                f"length_sigma={self.length_sigma!r} leaves {usual.sum()} of {len(runs)} runs to "
                "train on: raise it, or pass None to train on all"
            )
        if self.score != "spe" and usual.sum() < MAX_FOLDS:
            raise ValueError(
                f"score={self.score!r} needs at least {MAX_FOLDS} runs to fit, got {usual.sum()}: "
                "use score='spe'"
            )
        return usual

    def _fit_network(
        self, prepared: Prepared, lengths: NDArray[np.int64], device: torch.device
    ) -> None:
        trained, held_out = train_calibrated(
            self._start, prepared, self._schedule(), self.validation_fraction, device
        )
        self.network_, self.history_ = trained.network, trained.history
        calibration = prepared.pick(held_out.positions)
        self.scorer_ = Scorer(self.score, self.error_scale, self.reduction, self.use_duration)
        self.calibration_scores_ = self.scorer_.fit(
            self._squares(calibration, held_out.reconstruction),
            calibration.observed,
            held_out.t2,
            lengths[held_out.positions],
            trained.latent,
            Duration().fit(lengths),
        )

    def _start(self, inputs: torch.Tensor) -> Autoencoder:
        """A new network for inputs (n, t, c), ready to train."""
        network = self._new_network().to(inputs.device)
        if self.linear_path:
            start_at_pca(network, inputs)
        return network

    def _architecture(self) -> dict[str, Any]:
        """What shapes the network: kept by `fit`, as the parameters may be set anew later."""
        own = {name: getattr(self, name) for name in self.family.options}
        widths = self.family.hidden_dims if self.hidden_dims is None else self.hidden_dims
        return {
            "latent_dim": self.latent_dim or self.family.latent_dim,
            "hidden_dims": widths,
            "linear_path": self.linear_path,
            **own,
        }

    def _new_network(self) -> Autoencoder:
        """A network at random weights, for what the fitted preprocessor gives."""
        shape = self.preprocessor_.input_shape_
        return build(self.family, self.bottleneck, shape, **self.architecture_)

    def _schedule(self) -> Schedule:
        return Schedule(
            n_epochs=self.n_epochs,
            batch_size=self.batch_size,
            lr=self.lr,
            patience=self.patience,
            noise=self.noise,
            kl_weight=self.kl_weight,
            progress=bool(self.verbose),
        )

    def _squares(
        self, prepared: Prepared, reconstruction: NDArray[np.float32]
    ) -> NDArray[np.float32]:
        """Squared residuals in scaled channels, (n, t, c)."""
        residual = self.preprocessor_.to_channels(reconstruction) - prepared.targets
        return np.square(residual, out=residual)

    def _batches(self, runs: Runs) -> Iterator[Batch]:
        """Batches of runs through preprocessor and network, prepared only as they are needed."""
        device = choose_device(self.device)
        size = inference_size((self.preprocessor_.n_timesteps_, self.n_channels_))
        with threads(self.n_threads):
            for start in range(0, len(runs), size):
                part = runs[start : start + size]
                prepared = self.preprocessor_.transform(part)
                reconstruction, codes = reconstruct(self.network_, prepared.inputs, device)
                squares = self._squares(prepared, reconstruction)
                yield Batch(part, prepared.observed, squares, reconstruction, codes)

    def _read(self, X: Any) -> Runs:
        """X as runs like those that the detector was fitted on."""
        check_is_fitted(self, "network_")
        runs = with_channels(as_runs(X, self.n_channels), self.channels_)
        longest = runs.lengths.max(initial=0)
        if (longest == 1) != (self.longest_ == 1):
            raise ValueError(
                f"X has runs of up to {plural(longest, 'timestep')}, the detector was fitted on "
                f"runs of up to {self.longest_}: pass runs like those"
            )
        return runs

    def _scores(self, runs: Runs) -> NDArray[np.float64]:
        return np.concatenate(
            [
                self.scorer_.scores(b.squares, b.observed, b.codes, b.runs.lengths)
                for b in self._batches(runs)
            ]
        )

    def _by_run(self, X: Any, arrays: Callable[[Batch], list[Any]]) -> list[Any]:
        return [array for batch in self._batches(self._read(X)) for array in arrays(batch)]

    def timestep_scores(self, X: Any) -> list[NDArray[np.float64]]:
        """Score timesteps: the sum of their contributions, about 1 on good runs.

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
        values = self.scorer_.contributions(batch.squares, batch.observed)
        stretched = stretch(values, batch.runs.lengths)
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
        return np.array(self._by_run(X, lambda b: list(b.codes)), dtype=np.float64)

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
        check_is_fitted(self, "network_")
        return self.preprocessor_.target_scaler_.band(k)
