"""From runs to equal-length, scaled tensors and back: steps, gaps, resampling, scaling."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .folds import Fold
from .moments import moments, std_from
from .resampling import by_length, flat, resample, stretch, without_gaps
from .runs import Runs

SCALINGS = ("channel", "phase", "both", "course")
# Scaled values beyond this many standard deviations are cut, so that float32 squares stay finite.
MAX_SCALED = 1e4
# Share of a channel's spread by which that of each phase is widened, in quadrature: by a little, so
# that nothing explodes where good runs agree, or by so much that both spreads count.
PHASE_WIDENING = {"phase": 0.1, "both": 0.5}
# A phase was observed if the value nearest to it was; just under one half, for rounding.
NEAREST = 0.5 - 1e-6


class Prepared(NamedTuple):
    """Runs as a network takes them.

    `inputs` (n_runs, n_timesteps, n_inputs) is what the network sees and reconstructs, `targets`
    (n_runs, n_timesteps, n_channels) what its reconstruction is compared with: the same array
    unless a step changes the channels. `observed`, of the shape of `targets`, is False in gaps;
    None where there are none. `fold` lays down what to hold out where chance must not choose it:
    windows that overlap know each other.
    """

    inputs: NDArray[np.float32]
    targets: NDArray[np.float32]
    observed: NDArray[np.bool_] | None
    fold: Fold | None = None

    def pick(self, index: NDArray[Any]) -> Prepared:
        """Return some of the runs."""
        inputs = self.inputs[index]
        targets = inputs if self.keeps_channels else self.targets[index]
        return Prepared(inputs, targets, None if self.observed is None else self.observed[index])

    @property
    def keeps_channels(self) -> bool:
        """Whether the network sees the channels themselves."""
        return self.targets is self.inputs


class Band(NamedTuple):
    """Typical course of the good runs: arrays of shape (n_timesteps, n_channels), in units."""

    mean: NDArray[np.float64]
    lower: NDArray[np.float64]
    upper: NDArray[np.float64]


class Preprocessor:
    """Steps, gap filling, resampling and scaling with the statistics of the training runs.

    Parameters
    ----------
    n_timesteps : int, optional
        Length to which every run is resampled. Default: the median length of the training runs.
    steps : sequence of transformers
        Fitted and applied first, in this order.
    scaling : {"channel", "phase", "both", "course"}
        See `Scaler`.
    phase_widening : float, optional
        See `Scaler`.
    """

    def __init__(
        self,
        n_timesteps: int | None,
        steps: Sequence[Any],
        scaling: str,
        phase_widening: float | None = None,
    ) -> None:
        self.n_timesteps = n_timesteps
        self.steps = steps
        self.scaling = scaling
        self.phase_widening = phase_widening

    def fit_transform(self, runs: Runs) -> Prepared:
        """Learn from the training runs and return them prepared."""
        self.n_timesteps_ = self.n_timesteps or int(np.median(runs.lengths))
        cleaned, network_runs = self._apply_steps(runs, fit=True)
        self.target_scaler_ = Scaler(self.scaling, self.phase_widening)
        targets, observed = self.target_scaler_.fit_transform(cleaned, self.n_timesteps_)
        inputs = targets
        if self._changes_channels:
            self.input_scaler_ = Scaler(self.scaling, self.phase_widening)
            inputs, _ = self.input_scaler_.fit_transform(network_runs, self.n_timesteps_)
        self.input_shape_ = tuple(inputs.shape[1:])
        return Prepared(inputs, targets, observed)

    def transform(self, runs: Runs) -> Prepared:
        """Prepare runs with what `fit_transform` learned."""
        cleaned, network_runs = self._apply_steps(runs, fit=False)
        targets, observed = self.target_scaler_.transform(cleaned, self.n_timesteps_)
        inputs = targets
        if self._changes_channels:
            inputs, _ = self.input_scaler_.transform(network_runs, self.n_timesteps_)
        return Prepared(inputs, targets, observed)

    @property
    def _changes_channels(self) -> bool:
        return len(self.steps) > 0 and changes_channels(self.steps[-1])

    def _apply_steps(self, runs: Runs, fit: bool) -> tuple[Runs, Runs]:
        """Runs in their own channels, and in those that the network sees."""
        cleaned = network_runs = runs
        for step in self.steps:
            network_runs = step.fit_transform(network_runs) if fit else step.transform(network_runs)
            check_step(step, network_runs, len(runs))
            if not changes_channels(step):
                cleaned = network_runs
        return cleaned, network_runs

    def to_channels(self, reconstruction: NDArray[np.float32]) -> NDArray[np.float32]:
        """Network output as scaled channels, comparable with `Prepared.targets`."""
        if not self._changes_channels:
            return reconstruction
        values = self.input_scaler_.unscale(reconstruction)
        return self.target_scaler_.scale(self.steps[-1].inverse_transform(values))

    def restore(self, reconstruction: NDArray[np.float32], lengths: NDArray[Any]) -> list[Any]:
        """Network output in channels, units and lengths of the runs."""
        values = self.target_scaler_.unscale(self.to_channels(reconstruction))
        return stretch(values, lengths)


def check_step(step: Any, returned: Any, n_runs: int) -> None:
    """Raise a ValueError unless a step returned so many runs."""
    name = type(step).__name__
    if not isinstance(returned, Runs):
        raise ValueError(
            f"the step {name} returned {type(returned).__name__}: a step must take Runs and return "
            "Runs"
        )
    if len(returned) != n_runs:
        raise ValueError(
            f"the step {name} returned {len(returned)} runs for {n_runs}: a step must keep all runs"
        )


def changes_channels(step: Any) -> bool:
    """Whether a step's output has other channels than its input."""
    return bool(getattr(step, "changes_channels", False))


class Scaler:
    """Scaling of resampled runs by the statistics of the training runs.

    Each channel is brought to mean 0 and standard deviation 1. With `scaling="phase"` the same is
    then done at each phase, with `"both"` so that the spread of the channel counts, too; with
    `"course"` only the mean of each phase is taken off. The statistics at each phase are kept for
    all of them: they are the band of the population.

    Parameters
    ----------
    scaling : {"channel", "phase", "both", "course"}
        Whose mean and standard deviation values are scaled by.
    phase_widening : float, optional
        Share of the channel's standard deviation by which that of each phase is widened, in
        quadrature; by default .1 for `"phase"` and .5 for `"both"`.
    """

    def __init__(self, scaling: str, phase_widening: float | None = None) -> None:
        self.scaling = scaling
        self.phase_widening = (
            PHASE_WIDENING.get(scaling, 0.0) if phase_widening is None else phase_widening
        )

    def fit_channels(self, runs: Runs) -> Scaler:
        """Learn mean and standard deviation of each channel alone."""
        self.center_, self.scale_ = moments(runs)
        return self

    def fit_transform(
        self, runs: Runs, n_timesteps: int
    ) -> tuple[NDArray[Any], NDArray[Any] | None]:
        """Learn the statistics; return scaled values and where they were observed."""
        self.fit_channels(runs)
        values, observed = _resample_scaled(runs, n_timesteps, self.center_, self.scale_)
        self.phase_mean_ = values.mean(axis=0, dtype=np.float64)
        self.phase_std_ = std_from(values, self.phase_mean_)
        return self._by_phase(values), observed

    def transform(self, runs: Runs, n_timesteps: int) -> tuple[NDArray[Any], NDArray[Any] | None]:
        """Scale other runs."""
        values, observed = _resample_scaled(runs, n_timesteps, self.center_, self.scale_)
        return self._by_phase(values), observed

    def scale(self, values: NDArray[Any]) -> NDArray[np.float32]:
        """Scale resampled values (n_runs, n_timesteps, n_channels) in units of the runs."""
        scaled = _standardise(values, self.center_, self.scale_)
        return self._by_phase(_clip(scaled).astype(np.float32))

    def unscale(self, values: NDArray[Any]) -> NDArray[np.float64]:
        """Bring scaled values back to the units of the runs."""
        if self.scaling != "channel":
            values = values * self._phase_scale + self.phase_mean_
        return values * self.scale_ + self.center_

    def _by_phase(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """Scale `values` in place."""
        if self.scaling == "channel":
            return values
        values -= self.phase_mean_.astype(np.float32)
        values /= self._phase_scale
        return _clip(values)

    @property
    def _phase_scale(self) -> NDArray[np.float32]:
        if self.scaling == "course":
            return np.ones_like(self.phase_std_, dtype=np.float32)
        return np.hypot(self.phase_std_, self.phase_widening).astype(np.float32)

    def band(self, k: float) -> Band:
        """Mean ± k standard deviations at each phase, in the units of the runs."""
        mean = self.phase_mean_ * self.scale_ + self.center_
        spread = k * self.phase_std_ * self.scale_
        return Band(mean, mean - spread, mean + spread)


def _standardise(
    values: NDArray[Any], center: NDArray[Any], scale: NDArray[Any]
) -> NDArray[np.float64]:
    """Scale (n, t, c) in float64, so that an offset costs no digits."""
    # Rows of all timesteps: NumPy is slow over an axis as short as the channels'. Over rows it is
    # slower than over all values at once, which is how it takes a single number.
    rows, times = flat(values), 1 if len(center) == 1 else values.shape[1]
    with np.errstate(over="ignore"):  # what overflows is cut next
        scaled = np.subtract(rows, np.tile(center, times), dtype=np.float64)
        scaled *= np.tile(1 / scale, times)
    return scaled.reshape(values.shape)


def _clip(values: NDArray[Any]) -> NDArray[np.float32]:
    """Cut `values` in place."""
    return np.clip(values, -MAX_SCALED, MAX_SCALED, out=values)


def _resample_scaled(
    runs: Runs, n_timesteps: int, center: NDArray[Any], scale: NDArray[Any]
) -> tuple[NDArray[np.float32], NDArray[np.bool_] | None]:
    """(n_runs, n_timesteps, n_channels), scaled in float64 so that an offset costs no digits."""
    shape = (len(runs), n_timesteps, runs.n_channels)
    values = np.empty(shape, dtype=np.float32)
    observed = None
    for rows, group in by_length(runs):
        filled = without_gaps(group)
        if filled is not group:
            gaps = np.isnan(group)
            observed = np.ones(shape, dtype=bool) if observed is None else observed
            observed[rows] = resample((~gaps).astype(np.float64), n_timesteps) > NEAREST
        with np.errstate(over="ignore"):  # what overflows is cut at the end
            values[rows] = _standardise(resample(filled, n_timesteps), center, scale)
    if observed is not None:
        _check_observed(runs, observed)
    return _clip(values), observed


def _check_observed(runs: Runs, observed: NDArray[np.bool_]) -> None:
    unseen = np.argwhere(~observed.any(axis=1))
    if len(unseen):
        run, channel = unseen[0]
        raise ValueError(
            f"run {runs.ids.tolist()[run]!r}, channel {runs.channels[channel]!r} has no value left "
            f"after resampling to {observed.shape[1]} timesteps: raise n_timesteps, or leave that "
            "run or that channel out"
        )


def usual_lengths(lengths: NDArray[Any], length_sigma: float | None) -> NDArray[np.bool_]:
    """Which runs last no more than `length_sigma` standard deviations from the mean length."""
    if length_sigma is None:
        return np.ones(len(lengths), dtype=bool)
    return np.abs(lengths - lengths.mean()) <= length_sigma * lengths.std()
