"""Which runs are held out to calibrate on, and what was made of them.

Residuals of training runs are too small to learn error scales or thresholds from.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

# With fewer runs than this in the validation part, calibration goes over folds.
MIN_VALIDATION_RUNS = 20
MAX_FOLDS = 5


class Fold(NamedTuple):
    """Positions of runs to learn from, and of others that are held out."""

    kept: NDArray[np.int64]
    held_out: NDArray[np.int64]


class HeldOut(NamedTuple):
    """What was made of runs without having learned from them."""

    positions: NDArray[np.int64]  # (n,) among the training runs
    reconstruction: NDArray[np.float32]  # (n, t, inputs)
    t2: NDArray[np.float64]  # (n,)


def held_out_folds(order: NDArray[np.int64], validation_fraction: float) -> list[NDArray[np.int64]]:
    """Runs to hold out: one part if it is large enough to calibrate on, else up to 5 folds.

    `order` are the positions of all runs, shuffled.
    """
    n_runs = len(order)
    n_held_out = round(n_runs * validation_fraction)
    if MIN_VALIDATION_RUNS <= n_held_out <= n_runs - 2:
        return [np.sort(order[:n_held_out])]
    return [np.sort(fold) for fold in np.array_split(order, min(MAX_FOLDS, n_runs))]


def folds_of(
    order: NDArray[np.int64], validation_fraction: float, laid_down: Fold | None
) -> list[Fold]:
    """Folds to train without: the one laid down, or those of `held_out_folds`."""
    if laid_down is not None:
        return [laid_down]
    held_out = held_out_folds(order, validation_fraction)
    return [Fold(np.setdiff1d(order, fold), fold) for fold in held_out]


def fixed_order(n_runs: int) -> NDArray[np.int64]:
    """Positions of runs in an order that is shuffled and always the same: chance without a seed."""
    return np.random.default_rng(0).permutation(n_runs)
