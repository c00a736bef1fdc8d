"""Baselines: what a deep detector has to beat."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .forms import NChannels
from .preprocessing import Prepared, Preprocessor, changes_channels
from .reconstruction import ReconstructionDetector
from .scoring import Duration, Scorer

# Share of a channel's spread by which that of each phase is widened. (docs/benchmark.md measures.)
BAND_WIDENING = 0.01


class PopulationBand(ReconstructionDetector):
    """Golden-batch band: how far and how long a run leaves mean ± kσ of the good runs.

    At each phase (position on the resampled time axis) and in each channel the band is the mean
    ± `k` standard deviations of the good runs. The reconstruction of a run is the nearest course
    inside the band; a contribution is the squared distance to it in standard deviations, divided
    by the number of channels, and 0 inside. The score is the root of its mean over time: the root
    mean square of the distance outside, 0 for a run that never leaves.

    Parameters
    ----------
    k : float, default=2.0
        Half width of the band in standard deviations.
    contamination : float or thresholder, default=0.1
        Share of outliers in the training X, in (0, 0.5], or a thresholder such as `KSigma`.
    n_channels : int or "all", optional
        How to read flat rows, see `as_runs`.
    n_timesteps : int, optional
        Length to which runs are resampled; by default their median length.
    length_sigma : float or None, default=2.0
        Runs whose length is further from the mean, in standard deviations, are scored but do not
        shape the band; None takes all.
    steps : sequence of transformers, default=()
        `Despike`, `MovingAverage` or others that keep the channels, applied first.
    reduction : {"mean", "max"} or float, default="mean"
        From timestep scores to a run's score; a share in (0, 1] is the mean of the worst.
    use_duration : bool, default=False
        Count an unusual length in the score.

    Attributes
    ----------
    k_ : float
        Half width of the fitted band.

    Notes
    -----
    So that a phase at which all good runs agree does not magnify noise beyond measure, a hundredth
    of the channel's standard deviation over all phases is added to that of each phase, in
    quadrature. `calibration_scores_` leave one out: each training run is scored by the band of the
    others.

    Two standard deviations rank runs better than three, which leave most runs at a score of 0
    (docs/benchmark.md); plants often draw three.

    References
    ----------
    .. [1] P. Nomikos, J. F. MacGregor, "Multivariate SPC charts for monitoring batch processes",
       Technometrics 37(1), 1995.
    """

    def __init__(
        self,
        k: float = 2.0,
        *,
        contamination: Any = 0.1,
        n_channels: NChannels = None,
        n_timesteps: int | None = None,
        length_sigma: float | None = 2.0,
        steps: Sequence[Any] = (),
        reduction: str | float = "mean",
        use_duration: bool = False,
    ) -> None:
        self.k = k
        self.contamination = contamination
        self.n_channels = n_channels
        self.n_timesteps = n_timesteps
        self.length_sigma = length_sigma
        self.steps = steps
        self.reduction = reduction
        self.use_duration = use_duration

    def _check_parameters(self) -> None:
        super()._check_parameters()
        if changing := [type(step).__name__ for step in self.steps if changes_channels(step)]:
            raise ValueError(
                f"steps hold {changing[0]}, which changes the channels, and the band is one of the "
                "channels: leave it out"
            )

    def _preprocessor(self) -> Preprocessor:
        return Preprocessor(self.n_timesteps, self._new_steps(), "phase", BAND_WIDENING)

    def _fit_prepared(self, prepared: Prepared, lengths: NDArray[np.int64]) -> None:
        self.k_ = float(self.k)
        outside = _outside(_among_others(prepared.inputs), self.k_)
        self.scorer_ = Scorer("spe", "unit", self.reduction, self.use_duration)
        self.calibration_scores_ = self.scorer_.fit(
            np.square(outside), prepared.observed, None, lengths, None, Duration().fit(lengths)
        )

    def _reconstruct(self, inputs: NDArray[np.float32]) -> tuple[NDArray[np.float32], None]:
        return inputs - _outside(inputs, self.k_), None


def _outside(values: NDArray[np.float32], k: float) -> NDArray[np.float32]:
    """Signed distance of values, in standard deviations from the mean, to the band."""
    return values - np.clip(values, -k, k)


def _among_others(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """(n, t, c) scaled by the phases of all runs -> each run scaled by those of the other runs."""
    values = values.astype(np.float64)
    n_others = len(values) - 1
    total, squares = values.sum(axis=0), np.square(values).sum(axis=0)
    mean = (total - values) / n_others
    variance = ((squares - np.square(values)) / n_others - np.square(mean)).clip(0)
    # All runs have a spread of 1 with the widening, so it is what their own falls short of that.
    widening = (1 - values.var(axis=0)).clip(1e-6)  # never 0, nor below it by rounding
    return ((values - mean) / np.sqrt(variance + widening)).astype(np.float32)
