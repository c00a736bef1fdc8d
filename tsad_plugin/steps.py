"""Steps that prepare the channels before a detector sees them: smoothing, despiking, PCA.

They work inside a detector (`steps=[Despike(), MovingAverage(5)]`) and in a scikit-learn Pipeline.
A step that sets `changes_channels` has an inverse for arrays, which brings a reconstruction back
to the channels that were measured.
"""

from __future__ import annotations

import numbers
import warnings
from abc import ABC, abstractmethod
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from .forms import CONSTANT, fill_gaps, plural
from .inputs import as_runs
from .runs import Runs


class Step(TransformerMixin, BaseEstimator, ABC):
    """Base of the steps: `transform` maps every run by itself.

    Attributes
    ----------
    changes_channels : bool
        Whether the output has other channels than the input.
    reach : int or None
        How many timesteps on either side a value is made from; None where it may be any.
    """

    changes_channels = False
    reach: int | None = None

    def fit(self, X: Any, y: Any = None) -> Step:
        """Learn from training runs; `y` is ignored.

        Parameters
        ----------
        X : array-like, list of arrays or Runs
            Training runs.
        y : ignored
            Present for scikit-learn.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If a parameter has a value it cannot have.
        """
        runs = as_runs(X)
        self._learn(runs)
        self.n_channels_ = runs.n_channels
        return self

    def transform(self, X: Any) -> Runs:
        """Prepare runs.

        Parameters
        ----------
        X : array-like, list of arrays or Runs
            Runs with the channels of the training runs.

        Returns
        -------
        Runs
            The runs prepared; ids, times and labels stay.

        Raises
        ------
        ValueError
            If X is no set of runs, or has another number of channels than the training runs.
        NotFittedError
            Before `fit`.
        """
        check_is_fitted(self, "n_channels_")
        runs = as_runs(X)
        if runs.n_channels != self.n_channels_:
            raise ValueError(
                f"X has {plural(runs.n_channels, 'channel')}, {type(self).__name__} was fitted on "
                f"{self.n_channels_}: pass runs like those"
            )
        return runs.with_arrays([self._map(array) for array in runs.arrays], self._channels())

    def _learn(self, runs: Runs) -> None:
        """Learn from the training runs, after a look at the parameters."""

    @abstractmethod
    def _map(self, run: NDArray[Any]) -> NDArray[Any]:
        """(n_timesteps, n_channels) -> the same run prepared."""

    def _channels(self) -> list[str] | None:
        """Names of new channels, None where they stay."""
        return None


class MovingAverage(Step):
    """Centred moving average of each channel over time.

    At the ends the window is cut; a gap stays a gap and is left out of its neighbours' averages.

    Parameters
    ----------
    window_size : int, default=5
        Number of timesteps averaged, odd.
    """

    def __init__(self, window_size: int = 5) -> None:
        self.window_size = window_size

    def _learn(self, runs: Runs) -> None:
        _check_odd("window_size", self.window_size)

    def _map(self, run: NDArray[Any]) -> NDArray[Any]:
        present = ~np.isnan(run)
        total = _centred_sums(np.where(present, run, 0.0), self.window_size)
        count = _centred_sums(present, self.window_size)
        with np.errstate(invalid="ignore"):
            return np.where(present, total / count, np.nan)

    @property
    def reach(self) -> int:  # type: ignore[override]
        """Half the window."""
        return self.window_size // 2


def _centred_sums(values: NDArray[Any], window_size: int) -> NDArray[Any]:
    """(t, c) -> (t, c): sums over windows about each timestep, cut at the ends."""
    ones, half = np.ones(window_size), window_size // 2
    return np.stack([np.convolve(v, ones)[half : half + len(values)] for v in values.T], axis=1)


class Despike(Step):
    """Turn isolated extremes, such as communication errors, into gaps.

    A value is a spike if it lies further than `threshold` standard deviations of the channel's
    noise from its running median (Hampel 1974), near the ends of a run from a robust line. The
    noise is learned from the training runs, by their second differences (Gasser et al. 1986).

    Parameters
    ----------
    window_size : int, default=7
        Number of timesteps of the running median, odd; at most half of them may be spikes.
    threshold : float, default=10.0
        Distance in standard deviations of the noise.
    """

    scale_: NDArray[np.float64]

    def __init__(self, window_size: int = 7, threshold: float = 10.0) -> None:
        self.window_size = window_size
        self.threshold = threshold

    def _learn(self, runs: Runs) -> None:
        _check_odd("window_size", self.window_size)
        if not (isinstance(self.threshold, numbers.Real) and self.threshold > 0):
            raise ValueError(f"threshold must be a positive number, got {self.threshold!r}")
        with np.errstate(over="ignore", invalid="ignore"):  # of the largest floats
            bends = np.concatenate([np.abs(np.diff(a, n=2, axis=0)) for a in runs.arrays])
        largest = np.nanmax([np.nanmax(np.abs(a), axis=0) for a in runs.arrays], axis=0)
        bends[bends <= CONSTANT * largest] = 0  # rounding is no noise
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)  # a channel without three in a row
            scale = 1.4826 * np.nanmedian(bends, axis=0)
            # Where most values repeat the median is 0: the mean stands in.
            scale = np.where(scale > 0, scale, np.nanmean(bends, axis=0))
        self.scale_ = np.nan_to_num(scale) / np.sqrt(6)

    def _map(self, run: NDArray[Any]) -> NDArray[Any]:
        return np.where(self._spikes(run, self.scale_), np.nan, run)

    def _spikes(self, run: NDArray[Any], scale: NDArray[np.float64]) -> NDArray[np.bool_]:
        with np.errstate(over="ignore", invalid="ignore"):  # of the largest floats
            far = np.abs(run - self._usual(run)) > self.threshold * scale
        # Where nothing ever moved, or most values about it lie far off, it is no spike: the
        # detector's part.
        near = 2 * self.window_size + 1
        isolated = 2 * _centred_sums(far, near) <= _centred_sums(~np.isnan(run), near)
        return far & isolated & (scale > 0)

    @property
    def reach(self) -> int:  # type: ignore[override]
        """Half the window of the median, and the one in which a spike must stand alone."""
        return self.window_size // 2 + self.window_size

    def _usual(self, run: NDArray[Any]) -> NDArray[Any]:
        half = self.window_size // 2
        padded = np.pad(run, ((half, half), (0, 0)), constant_values=np.nan)
        windows = np.lib.stride_tricks.sliding_window_view(padded, self.window_size, axis=0)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)  # windows inside a long gap
            usual = np.nanmedian(windows, axis=-1)
            # A window that is cut lies to one side: of a slope it would miss the end.
            usual[:half] = _line(run[: self.window_size])[:half]
            usual[::-1][:half] = _line(run[::-1][: self.window_size])[:half]
        return usual


def _line(part: NDArray[Any]) -> NDArray[Any]:
    """Robust straight line through each channel: (t, c) -> (t, c)."""
    rise = np.nanmedian(np.diff(part, axis=0), axis=0) * np.arange(len(part))[:, None]
    return rise + np.nanmedian(part - rise, axis=0)


class ChannelPCA(Step):
    """Principal components of the standardised channels: few inputs for many channels.

    Residuals are still taken in the channels, so what the components leave out counts.

    Parameters
    ----------
    n_components : int, default=10
        Number of components, at most the number of channels.
    """

    changes_channels = True
    reach = 0

    mean_: NDArray[np.float64]
    scale_: NDArray[np.float64]
    components_: NDArray[np.float64]  # (n_components, n_channels)

    def __init__(self, n_components: int = 10) -> None:
        self.n_components = n_components

    def _learn(self, runs: Runs) -> None:
        n_channels = runs.n_channels
        if not (
            isinstance(self.n_components, numbers.Integral) and 1 <= self.n_components <= n_channels
        ):
            raise ValueError(
                f"n_components must be an integer from 1 to the {n_channels} channels, "
                f"got {self.n_components!r}"
            )
        values = np.concatenate(runs.arrays).astype(np.float64)
        values = values[~np.isnan(values).any(axis=1)]
        if len(values) < 2:
            raise ValueError("ChannelPCA needs 2 timesteps without gaps, found fewer")
        self.mean_ = values.mean(axis=0)
        std = values.std(axis=0)
        self.scale_ = np.where(std > CONSTANT * np.abs(values).max(axis=0), std, 1.0)
        covariance = np.cov((values - self.mean_) / self.scale_, rowvar=False).reshape(
            n_channels, n_channels
        )
        _, directions = np.linalg.eigh(covariance)
        self.components_ = directions[:, ::-1][:, : self.n_components].T

    def _map(self, run: NDArray[Any]) -> NDArray[Any]:
        return (fill_gaps(run) - self.mean_) / self.scale_ @ self.components_.T

    def _channels(self) -> list[str]:
        return [f"component_{c}" for c in range(self.n_components)]

    def inverse_transform(self, components: NDArray[Any]) -> NDArray[np.float64]:
        """Bring components back to channels.

        Parameters
        ----------
        components : ndarray of shape (..., n_components)
            Components of runs, or their reconstruction.

        Returns
        -------
        ndarray of shape (..., n_channels)
        """
        check_is_fitted(self, "n_channels_")
        return components @ self.components_ * self.scale_ + self.mean_


def _check_odd(name: str, value: Any) -> None:
    if not (isinstance(value, numbers.Integral) and int(value) > 0 and int(value) % 2 == 1):
        raise ValueError(f"{name} must be an odd positive integer, got {value!r}")
