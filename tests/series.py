"""Long series for the tests of detectors of timesteps, and what is expected of them by loops."""

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pyod.models.knn import KNN

from tsad_plugin import FCAutoEncoder, PCAReconstruction, Runs, WindowedDetector

WINDOW = 12
CHANNELS = ("speed", "flow", "heat", "load", "drift", "noise")
LEVEL = np.array([0.0, 10.0, 1e4, -5.0, 1.0, 300.0])
SCALE = np.array([1.0, 5.0, 1e3, 0.01, 2.0, 20.0])


def normal(n_timesteps: int = 600, seed: int = 0, n_channels: int = 3) -> NDArray[Any]:
    """Normal rows (n_timesteps, n_channels): two rhythms that all channels share, and noise."""
    rng = np.random.default_rng([seed, n_timesteps])
    time, channel = np.arange(n_timesteps)[:, None], np.arange(n_channels)
    course = np.sin(2 * np.pi * (time / 25 + channel / 7 + rng.uniform()))
    course = course + 0.5 * np.sin(2 * np.pi * (time / 61 + channel / 5 + rng.uniform()))
    noise = 0.1 * rng.normal(size=course.shape)
    return LEVEL[:n_channels] + SCALE[:n_channels] * (course + noise)


def named(arrays: list[NDArray[Any]], **extras: Any) -> Runs:
    """Series with ids, names of channels and times."""
    times = [np.datetime64("2024-01-01", "s") + np.arange(len(a)) * 3600 for a in arrays]
    n_channels = arrays[0].shape[1]
    ids = [f"M-{i}" for i in range(len(arrays))]
    return Runs(arrays, ids=ids, channels=CHANNELS[:n_channels], times=times, **extras)


def windowed(detector: Any = None, window_size: int = WINDOW, **options: Any) -> WindowedDetector:
    """A quick detector, not fitted."""
    inside = PCAReconstruction() if detector is None else detector
    return WindowedDetector(inside, window_size, **options)


def quick_network() -> FCAutoEncoder:
    return FCAutoEncoder(n_epochs=2, hidden_dims=(8,))


# What scores windows, by name; `fitted` makes each once.
INSIDE: dict[str, Callable[[], Any]] = {
    "PCAReconstruction": PCAReconstruction,
    "FCAutoEncoder": quick_network,
    "KNN": KNN,
}


@cache
def fitted(name: str = "PCAReconstruction") -> WindowedDetector:
    return windowed(INSIDE[name]()).fit(named([normal(), normal(400, seed=1)]))


def faulty_and_gappy() -> Runs:
    """Two series with a step in one, and a gap in the other."""
    one, other = normal(200, seed=2), normal(150, seed=3)
    one[100:160, 1] += 10
    other[50:100] = np.nan
    return named([one, other])


def with_glitches(
    rows: NDArray[Any], share: float, seed: int = 0, apart: int = 1
) -> tuple[NDArray[Any], NDArray[np.bool_]]:
    """Rows with single wild values in a share of them, and where these are."""
    rng = np.random.default_rng(seed)
    n_glitches = round(share * len(rows))
    at = apart * rng.permutation(len(rows) // apart)[:n_glitches]
    channel = rng.integers(rows.shape[1], size=n_glitches)
    spoilt, where = rows.copy(), np.zeros(rows.shape, dtype=bool)
    size = rng.choice([-1, 1], n_glitches) * rng.uniform(8, 40, n_glitches)
    spoilt[at, channel] = (LEVEL + SCALE * size[:, None])[np.arange(n_glitches), channel]
    where[at, channel] = True
    return spoilt, where


# --- by loops -----------------------------------------------------------------------------------


def prepared_by_hand(detector: WindowedDetector, rows: NDArray[Any]) -> NDArray[Any]:
    """Gaps filled along lines, then scaled by what the detector learned of each channel."""
    filled = rows.astype(np.float64)
    for channel in filled.T:
        seen = np.flatnonzero(~np.isnan(channel))
        channel[:] = np.interp(np.arange(len(channel)), seen, channel[seen])
    scaler = detector.preprocessor_.target_scaler_
    return ((filled - scaler.center_) / scaler.scale_).astype(np.float32)


def window_values_by_hand(detector: WindowedDetector, rows: NDArray[Any]) -> list[NDArray[Any]]:
    """What the detector inside says of each window by itself: (w, c) or, of PyOD's, (w, 1)."""
    scaled, size = prepared_by_hand(detector, rows), detector.window_size
    windows = [scaled[start : start + size] for start in range(len(rows) - size + 1)]
    inside = detector.detector_
    if not hasattr(inside, "scorer_"):
        flat = np.stack([window.ravel() for window in windows]).astype(np.float64)
        return [np.full((size, 1), score) for score in inside.decision_function(flat)]
    values = []
    for start, window in enumerate(windows):
        reconstruction, _ = inside._reconstruct(window[None])
        observed = ~np.isnan(rows[start : start + size])
        n_observed = observed.sum(axis=1, keepdims=True).clip(1)
        squares = np.square(reconstruction[0] - window)
        if inside.error_gaussian_ is not None:
            gaussian = inside.error_gaussian_
            error = (reconstruction[0] - window - gaussian.mean_) * observed
            squares = np.square(error @ gaussian.whitening_)
        values.append(squares / inside.scorer_.error_scale_.scale_ * observed / n_observed)
    return values


def contributions_by_hand(detector: WindowedDetector, rows: NDArray[Any]) -> NDArray[Any]:
    """Means over the windows that cover a timestep, then over the timesteps before."""
    values, size, n_rows = window_values_by_hand(detector, rows), detector.window_size, len(rows)
    regular = list(range(0, n_rows - size + 1, detector.stride))
    means = np.full((n_rows, values[0].shape[1]), np.nan)
    for timestep in range(n_rows):
        covering = [s for s in regular if s <= timestep < s + size] or [n_rows - size]
        if not np.isnan(rows[timestep]).all():
            means[timestep] = np.mean([values[s][timestep - s] for s in covering], axis=0)
    return smoothed_by_hand(means, detector.smoothing)


def smoothed_by_hand(values: NDArray[Any], smoothing: int) -> NDArray[Any]:
    """Mean of the last values, each its own; NaN stays and counts for none."""
    smooth = np.full_like(values, np.nan)
    for timestep, value in enumerate(values):
        if not np.isnan(value).any():
            last = values[max(timestep - smoothing + 1, 0) : timestep + 1]
            smooth[timestep] = last[~np.isnan(last).any(axis=1)].mean(axis=0)
    return smooth
