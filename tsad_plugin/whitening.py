"""Residuals whose covariance is learned and taken out: Malhotra's score in shares of channels."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .forms import blocks

# The covariance is that much of a sphere of the same mean variance: no channel and no direction
# in which good runs hardly err becomes infinitely strict.
SHRINKAGE = 0.05
# Variance, in scaled units, below which all errors are rounding.
LEAST_VARIANCE = 1e-12
# Calibration runs are whitened by the other ones, in at most so many parts.
MAX_PARTS = 20


class ErrorGaussian:
    """Gaussian of the error vectors of good runs: one entry a channel, one vector a timestep.

    Whitened errors are z = R^(-1/2) D^(-1) (e - μ), with the standard deviations D and the
    correlations R of the errors. Their squares sum to the Mahalanobis distance
    (e - μ)ᵀ Σ⁻¹ (e - μ) of Malhotra et al. [1]_, and each is its channel's share of it: of all
    such z these are the most like the errors they come from [2]_.

    Attributes
    ----------
    mean_ : ndarray of shape (n_channels,)
        μ, over runs and timesteps, without gaps.
    whitening_ : ndarray of shape (n_channels, n_channels)
        D^(-1) R^(-1/2): what a row of errors less their mean is multiplied by.

    References
    ----------
    .. [1] P. Malhotra et al., "LSTM-based Encoder-Decoder for Multi-sensor Anomaly Detection",
       2016, arXiv:1607.00148.
    .. [2] P. H. Garthwaite, I. Koch, "Evaluating the contributions of individual variables to a
       quadratic form", Australian & New Zealand Journal of Statistics 58(1), 2016.
    """

    def fit_whiten(
        self, errors: NDArray[np.float32], observed: NDArray[np.bool_] | None
    ) -> NDArray[np.float32]:
        """Learn from errors (n_runs, n_timesteps, n_channels), and whiten them in place.

        Each run by the Gaussian of other runs, as a new one would be.
        """
        parts = _parts(len(errors))
        sums = [_sums(errors[rows], _of(observed, rows)) for rows in parts]
        total = np.sum(sums, axis=0)
        for rows, own in zip(parts, sums, strict=True):
            others = ErrorGaussian()._learn(total - own)
            others.whiten(errors[rows], _of(observed, rows))
        self._learn(total)
        return errors

    def _learn(self, sums: NDArray[np.float64]) -> ErrorGaussian:
        """Learn from what `_sums` returns."""
        self.mean_, covariance = _mean_and_covariance(*sums)
        self.whitening_ = _whitening(_shrunk(covariance))
        return self

    def whiten(
        self, errors: NDArray[np.float32], observed: NDArray[np.bool_] | None
    ) -> NDArray[np.float32]:
        """Whiten errors (n_runs, n_timesteps, n_channels) in place; one in a gap is the mean."""
        n_channels, whitening = errors.shape[2], self.whitening_.astype(np.float32)
        errors -= self.mean_.astype(np.float32)
        if observed is not None:
            errors *= observed
        for rows in blocks(len(errors), errors[0].size):
            part = errors[rows]
            part[...] = (part.reshape(-1, n_channels) @ whitening).reshape(part.shape)
        return errors


def _parts(n_runs: int) -> list[slice]:
    """Slices that together are all runs, in parts as equal as can be."""
    bounds = np.linspace(0, n_runs, min(n_runs, MAX_PARTS) + 1).round().astype(int).tolist()
    return [slice(*pair) for pair in pairwise(bounds)]


def _of(observed: NDArray[np.bool_] | None, rows: slice) -> NDArray[np.bool_] | None:
    return None if observed is None else observed[rows]


def _sums(errors: NDArray[Any], observed: NDArray[np.bool_] | None) -> NDArray[np.float64]:
    """(n, t, c) -> (3, c, c): of two channels, over the timesteps at which both were measured.

    Their number, the sum of the first channel's errors, and the sum of the products.
    """
    n_channels = errors.shape[2]
    sums = np.zeros((3, n_channels, n_channels))
    present = np.broadcast_to(True if observed is None else observed, errors.shape)
    for rows in blocks(len(errors), errors[0].size):
        seen = present[rows].reshape(-1, n_channels).astype(np.float64)
        found = errors[rows].reshape(-1, n_channels) * seen
        sums += np.stack([seen.T @ seen, found.T @ seen, found.T @ found])
    return sums


def _mean_and_covariance(
    count: NDArray[np.float64], total: NDArray[np.float64], products: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    count = count.clip(1)  # two channels that were never measured together
    means = total / count
    return means.diagonal().copy(), products / count - means * means.T


def _shrunk(covariance: NDArray[np.float64]) -> NDArray[np.float64]:
    size = max(np.trace(covariance) / len(covariance), LEAST_VARIANCE)
    return (1 - SHRINKAGE) * covariance + SHRINKAGE * size * np.eye(len(covariance))


def _whitening(covariance: NDArray[np.float64]) -> NDArray[np.float64]:
    """D^(-1) R^(-1/2)."""
    std = np.sqrt(covariance.diagonal())
    variances, directions = np.linalg.eigh(covariance / np.outer(std, std))
    # Shrunk, none is less; but channels that are measured at different times may contradict.
    variances = variances.clip(SHRINKAGE / len(std))
    return directions / np.sqrt(variances) @ directions.T / std[:, None]
