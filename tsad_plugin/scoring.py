"""From residuals to scores: error scales, contributions, reductions, T², duration.

A *contribution* is a squared residual divided by its usual size and by the number of channels, so
that a good run has contributions of mean 1 / n_channels and timestep scores of mean 1.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.covariance import ledoit_wolf

from .forms import blocks

ERROR_SCALES = ("none", "channel", "phase")
SCORES = ("spe", "t2", "both", "mahalanobis")
WITH_T2 = ("t2", "both")
REDUCTIONS = ("mean", "max")

# Share of the channel's mean error that is added at every phase, and share of the overall mean
# that is added to every channel: where good runs are reconstructed perfectly, nothing explodes.
PHASE_FLOOR = 1.0
CHANNEL_FLOOR = 0.05
# Timesteps worse than this share of calibration timesteps count as bad.
TIMESTEP_QUANTILE = 0.95


class ErrorScale:
    """Usual size of the squared residual of each channel, or of each channel at each phase.

    Learned from residuals of runs that the network was not trained on.

    Parameters
    ----------
    error_scale : {"none", "channel", "phase", "unit"}
        One size for all, one per channel, or one per channel and phase. `"unit"` learns nothing:
        residuals whose size has a meaning of its own stay as they are.
    """

    def __init__(self, error_scale: str) -> None:
        self.error_scale = error_scale

    def fit_contributions(
        self, squares: NDArray[Any], observed: NDArray[np.bool_] | None
    ) -> NDArray[np.float32]:
        """Learn from squared residuals (n_runs, n_timesteps, n_channels).

        Returns the contributions of the same runs, each scaled by the other runs alone: scaled
        by itself too, a run would look more usual than a new one like it.
        """
        present = np.broadcast_to(True if observed is None else observed, squares.shape)
        total = squares.sum(axis=0, dtype=np.float64, where=present)
        count = present.sum(axis=0)
        self.scale_ = self._usual_size(total, count)
        level = self._level(squares, observed)
        self.scale_ *= level
        contributions = np.empty_like(squares)
        for rows in blocks(len(squares), count.size):
            others = self._usual_size(total - squares[rows] * present[rows], count - present[rows])
            seen = None if observed is None else observed[rows]
            contributions[rows] = _contributions(squares[rows], others * level, seen)
        return contributions

    def _level(self, squares: NDArray[Any], observed: NDArray[np.bool_] | None) -> float:
        """Mean timestep score, so that it can be made 1.

        It is less where good runs err in few phases, which the floors of `_usual_size` spread out.
        """
        if self.error_scale == "unit":
            return 1.0
        measured = ... if observed is None else observed.any(axis=2)
        timestep_scores = over_channels(self.contributions(squares, observed))[measured]
        return float(timestep_scores.mean(dtype=np.float64)) or 1.0

    def _usual_size(self, total: NDArray[Any], count: NDArray[Any]) -> NDArray[np.float32]:
        """Sums and counts (..., n_timesteps, n_channels) -> usual squares of that shape."""
        by_channel = total.sum(axis=-2, keepdims=True) / count.sum(axis=-2, keepdims=True).clip(1)
        overall = by_channel.mean(axis=-1, keepdims=True)
        overall = np.where(overall > 0, overall, 1.0)
        by_phase = np.where(count > 0, total / count.clip(1), by_channel)
        parts = {
            "unit": [(1.0, np.ones(1))],
            "none": [(1.0, overall)],
            "channel": [(1.0, by_channel), (CHANNEL_FLOOR, overall)],
            "phase": [(1.0, by_phase), (PHASE_FLOOR, by_channel), (CHANNEL_FLOOR, overall)],
        }[self.error_scale]
        # A mean, not a sum: a good run's timestep scores are about 1, whatever the floors.
        size = sum(w * s for w, s in parts) / sum(w for w, _ in parts)
        return np.broadcast_to(size, total.shape).astype(np.float32)

    def contributions(
        self, squares: NDArray[Any], observed: NDArray[np.bool_] | None
    ) -> NDArray[np.float32]:
        """Contributions (n_runs, n_timesteps, n_channels); 0 in gaps."""
        return _contributions(squares, self.scale_, observed)

    def means(self, squares: NDArray[Any]) -> NDArray[np.float64]:
        """Mean timestep scores of runs without gaps, (n_runs,): no contribution is kept for it.

        Not a matrix product: the last digit of one depends on where in memory its rows begin.
        """
        weights = 1 / (self.scale_ * squares[0].size).ravel()
        flat, means = squares.reshape(len(squares), -1), np.empty(len(squares))
        for rows in blocks(len(squares), weights.size):
            (flat[rows] * weights).sum(axis=1, dtype=np.float64, out=means[rows])
        return means


def _contributions(
    squares: NDArray[Any], scale: NDArray[np.float32], observed: NDArray[np.bool_] | None
) -> NDArray[np.float32]:
    if observed is None:
        return squares / (scale * squares.shape[2])
    n_present = observed.sum(axis=2, keepdims=True, dtype=np.float32).clip(min=1)
    return squares / scale * observed / n_present


def over_channels(contributions: NDArray[np.float32]) -> NDArray[np.float32]:
    """(n, t, c) -> timestep scores (n, t)."""
    n_channels = contributions.shape[2]
    if n_channels == 1:
        return contributions[:, :, 0]
    # Over so short an axis a product with ones is ten times as fast as a sum.
    return contributions @ np.ones(n_channels, dtype=contributions.dtype)


def reduce_timesteps(
    timestep_scores: NDArray[Any], measured: NDArray[np.bool_] | None, reduction: str | float
) -> NDArray[np.float64]:
    """One number a run from its timestep scores (n_runs, n_timesteps).

    `"mean"` over the measured timesteps, their `"max"`, or the mean of the worst share of them.
    """
    n_measured = (
        np.full(len(timestep_scores), timestep_scores.shape[1])
        if measured is None
        else measured.sum(axis=1).clip(min=1)
    )
    if reduction == "mean":
        return timestep_scores.sum(axis=1, dtype=np.float64) / n_measured
    if reduction == "max":
        return timestep_scores.max(axis=1).astype(np.float64)
    share = np.round(float(reduction) * n_measured, 9)  # 0.07 * 100 > 7
    n_worst = np.ceil(share).astype(int).clip(min=1)
    ordered = (-np.sort(-timestep_scores, axis=1)).cumsum(axis=1, dtype=np.float64)
    return ordered[np.arange(len(ordered)), n_worst - 1] / n_worst


class LatentDistribution:
    """Hotelling's T² of latent codes: their squared Mahalanobis distance, divided by their number.

    The covariance is shrunk (Ledoit & Wolf 2004), so that few runs do.
    """

    def fit(self, codes: NDArray[Any]) -> LatentDistribution:
        """Learn mean and covariance of codes (n_runs, latent_dim)."""
        codes = codes.astype(np.float64)
        self.mean_ = codes.mean(axis=0)
        # One run alone has no spread: a unit one stands in.
        covariance = ledoit_wolf(codes)[0] if len(codes) > 1 else np.eye(codes.shape[1])
        # A direction in which good runs do not vary at all must not become infinitely long.
        floor = 1e-6 * max(np.trace(covariance) / len(covariance), 1e-12)
        self.precision_ = np.linalg.inv(covariance + floor * np.eye(len(covariance)))
        return self

    def t2(self, codes: NDArray[Any]) -> NDArray[np.float64]:
        """T² of codes, shape (n_runs,)."""
        centred = codes.astype(np.float64) - self.mean_
        return np.einsum("nz,zy,ny->n", centred, self.precision_, centred) / codes.shape[1]


class Duration:
    """Deviation of a run's length from the training runs', in standard deviations."""

    def fit(self, lengths: NDArray[Any]) -> Duration:
        """Learn from the lengths of the training runs."""
        # Where all runs are equally long, one timestep stands for the deviation.
        self.mean_, self.std_ = float(lengths.mean()), max(float(lengths.std()), 1.0)
        return self

    def deviations(self, lengths: NDArray[Any]) -> NDArray[np.float64]:
        """Signed deviations of lengths, shape (n_runs,)."""
        return (lengths - self.mean_) / self.std_


class Scorer:
    """Scores of runs from their residuals, codes and lengths.

    Parameters
    ----------
    score : {"spe", "t2", "both", "mahalanobis"}
        Reconstruction error, Hotelling's T² of the code, or both; or the error of residuals that
        were whitened (see `ErrorGaussian`), which one number scales.
    error_scale : {"none", "channel", "phase", "unit"}
        See `ErrorScale`. Whitened residuals are scaled by `"none"`, whatever it is.
    reduction : {"mean", "max"} or float
        How timestep scores become one number, see `reduce_timesteps`.
    use_duration : bool
        Whether the squared deviation of the length counts too.
    """

    def __init__(
        self, score: str, error_scale: str, reduction: str | float, use_duration: bool
    ) -> None:
        self.score, self.reduction, self.use_duration = score, reduction, use_duration
        self.error_scale_ = ErrorScale("none" if score == "mahalanobis" else error_scale)

    def fit(
        self,
        squares: NDArray[Any],
        observed: NDArray[np.bool_] | None,
        t2: NDArray[Any] | None,
        lengths: NDArray[Any],
        latent: LatentDistribution | None,
        duration: Duration,
    ) -> NDArray[np.float64]:
        """Learn from calibration runs, with their T² under networks that did not see them.

        `latent` is the distribution of codes of the network that is kept, None where there are no
        codes, `duration` that of the lengths of all training runs. Returns the calibration scores,
        shape (n_runs,).
        """
        if latent is not None:
            self.latent_ = latent
        self.duration_ = duration
        contributions = self.error_scale_.fit_contributions(squares, observed)
        measured = ... if observed is None else observed.any(axis=2)
        timestep_scores = over_channels(contributions)[measured]
        self.timestep_level_ = float(np.quantile(timestep_scores, TIMESTEP_QUANTILE))
        components = self._components(self._reduced(contributions, observed), t2, lengths)
        self.component_means_ = {name: float(np.mean(c)) or 1.0 for name, c in components.items()}
        return self._combine(components)

    def scores(
        self,
        squares: NDArray[Any],
        observed: NDArray[np.bool_] | None,
        codes: NDArray[Any] | None,
        lengths: NDArray[Any],
    ) -> NDArray[np.float64]:
        """Scores of runs, shape (n_runs,), from their squared residuals, codes and lengths."""
        t2 = None if codes is None or self.score not in WITH_T2 else self.latent_.t2(codes)
        spe = None if self.score == "t2" else self.spe(squares, observed)
        return self._combine(self._components(spe, t2, lengths))

    def contributions(
        self, squares: NDArray[Any], observed: NDArray[np.bool_] | None
    ) -> NDArray[np.float32]:
        """Contributions (n_runs, n_timesteps, n_channels) of squared residuals of that shape."""
        return self.error_scale_.contributions(squares, observed)

    def spe(self, squares: NDArray[Any], observed: NDArray[np.bool_] | None) -> NDArray[np.float64]:
        """Reduced timestep scores, shape (n_runs,), from squared residuals."""
        if self.reduction == "mean" and observed is None:
            return self.error_scale_.means(squares)
        return self._reduced(self.contributions(squares, observed), observed)

    def _reduced(
        self, contributions: NDArray[Any], observed: NDArray[np.bool_] | None
    ) -> NDArray[np.float64]:
        measured = None if observed is None else np.any(observed, axis=2)
        return reduce_timesteps(over_channels(contributions), measured, self.reduction)

    def _components(
        self, spe: NDArray[Any] | None, t2: NDArray[Any] | None, lengths: NDArray[Any]
    ) -> dict[str, NDArray[np.float64]]:
        """Parts of the score by name, each (n_runs,)."""
        components = {}
        if self.score != "t2" and spe is not None:
            components["spe"] = spe
        if self.score in WITH_T2 and t2 is not None:
            components["t2"] = t2
        if self.use_duration:
            components["duration"] = self.duration_.deviations(lengths) ** 2
        return components

    def _combine(self, components: dict[str, NDArray[np.float64]]) -> NDArray[np.float64]:
        """Root of the mean of the components, several of them each divided by its usual mean.

        The root makes the scores of good runs nearly symmetric, so that mean + k std is a limit.
        """
        if len(components) == 1:
            return np.sqrt(next(iter(components.values())))
        scaled = [components[name] / mean for name, mean in self.component_means_.items()]
        return np.sqrt(np.mean(scaled, axis=0))
