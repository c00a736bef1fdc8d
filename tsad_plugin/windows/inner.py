"""The detector inside: how it learns from windows, and what it says of their timesteps."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tsad_plugin.adapters import ask, call, check_detector, unfitted, warn_of_mates
from tsad_plugin.preprocessing import Prepared
from tsad_plugin.reconstruction import CodingDetector
from tsad_plugin.resampling import flat
from tsad_plugin.runs import Runs
from tsad_plugin.scoring import over_channels

from .preparation import SeriesPreprocessor

# From windows to values of their timesteps: (b, w, v).
WindowValues = Callable[[Prepared], NDArray[Any]]


def check_inner(detector: Any, window_size: int) -> None:
    """Raise a ValueError where a detector cannot score windows."""
    if not isinstance(detector, CodingDetector):
        check_detector(detector, "WindowedDetector")
        return
    detector._check_parameters()
    name = type(detector).__name__
    if detector.n_timesteps not in (None, window_size):
        raise ValueError(
            f"{name} has n_timesteps={detector.n_timesteps} and window_size is {window_size}: "
            "leave n_timesteps at None"
        )
    if len(detector.steps):
        raise ValueError(f"{name} has steps: pass them to WindowedDetector, which prepares series")
    if detector.score in ("t2", "both"):
        raise ValueError(
            f"{name} has score={detector.score!r}, and T² says nothing of single timesteps: use "
            "score='spe' or 'mahalanobis'"
        )


def gives_contributions(detector: Any) -> bool:
    """Whether a detector tells channels apart."""
    return isinstance(detector, CodingDetector)


def fit_inner(
    detector: Any, preprocessor: SeriesPreprocessor, windows: Prepared, series: Runs
) -> Any:
    """A copy of the detector that has learned from windows."""
    learner = unfitted(detector)
    if not isinstance(learner, CodingDetector):
        rows = flat(windows.inputs[windows.fold.kept]).astype(np.float64)  # type: ignore[union-attr]
        call(learner, "fit", rows)
        warn_of_mates(learner, rows, "window")
        return learner
    learner.preprocessor_ = preprocessor
    learner.n_channels_ = series.n_channels
    learner.channels_, learner.units_ = series.channels, series.units
    lengths = np.full(len(windows.inputs), preprocessor.window_size)
    with learner._learning():
        learner._fit_prepared(windows, lengths)
    return learner


@contextmanager
def window_values(detector: Any, by_channel: bool) -> Iterator[WindowValues]:
    """What a fitted detector says of the timesteps of windows, where it works best."""
    if not isinstance(detector, CodingDetector):
        yield partial(_spread, detector)
        return
    with detector._ready() as ready:
        yield partial(_contributions if by_channel else _timestep_scores, ready)


def _contributions(detector: Any, windows: Prepared) -> NDArray[np.float32]:
    reconstruction, _ = detector._reconstruct(windows.inputs)
    squares = detector._squares(windows, reconstruction)
    return detector.scorer_.contributions(squares, windows.observed)


def _timestep_scores(detector: Any, windows: Prepared) -> NDArray[np.float32]:
    return over_channels(_contributions(detector, windows))[:, :, None]


def _spread(detector: Any, windows: Prepared) -> NDArray[np.float64]:
    """A window's score, for each of its timesteps."""
    scores = ask(detector, flat(windows.inputs).astype(np.float64))
    return np.broadcast_to(scores[:, None, None], (*windows.inputs.shape[:2], 1))
