"""What an engine has to know of data before it plans: whether they are runs, and which."""

from __future__ import annotations

from typing import Any

import numpy as np

from tsad_plugin.runs import Runs

RUNS = "runs"  # the engine's name for this type of data


def are_runs(X: Any) -> bool:
    """Whether X can be nothing but runs: three axes, or a list that is no table.

    A matrix may be runs too (univariate ones), and is not taken for them.
    """
    is_array = isinstance(X, np.ndarray)
    if isinstance(X, (list, tuple)) or (is_array and X.dtype == object and X.ndim == 1):
        try:
            shapes = {np.shape(item) for item in X}
        except ValueError:  # an item that is ragged itself
            return True
        return len(shapes) > 1 or any(len(shape) > 1 for shape in shapes)
    return isinstance(X, Runs) or getattr(X, "ndim", 0) == 3


def profile(runs: Runs) -> dict[str, Any]:
    """Describe runs in the words of PyOD's rules: a run is a sample, a channel a feature."""
    lengths = runs.lengths
    return {
        "data_type": RUNS,
        "n_samples": len(runs),
        "n_features": runs.n_channels,
        "n_timesteps": int(np.median(lengths)),
        "shortest": int(lengths.min()),
        "longest": int(lengths.max()),
        "unequal_length": bool(lengths.min() < lengths.max()),
        "has_nan": any(bool(np.isnan(array).any()) for array in runs.arrays),
        "channel_names": list(runs.channels),
    }
