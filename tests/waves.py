"""Small runs for the tests of detectors, and faults that only who knows their shape can see."""

from inspect import signature
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pyod.models.knn import KNN

from tsad_plugin import Runs

CHANNELS = ("T", "p", "feed")
N_TIMESTEPS = 24
LENGTHS = (22, 24, 26)
# A fault lies in these timesteps of a run of N_TIMESTEPS.
FIRST, LAST = 8, 13
STRETCH = slice(FIRST, LAST + 1)
LEVEL, SCALE = np.array([37.0, 1e5, 0.0]), np.array([2.0, 500.0, 0.01])

# A detector that is fitted at once and has learned next to nothing; trained once from 40 runs on,
# on fewer runs in folds.
QUICK: dict[str, Any] = {
    "n_epochs": 2,
    "hidden_dims": (8,),
    "latent_dim": 3,
    "validation_fraction": 0.5,
}
# One that knows the waves, in half a second.
TRAINED: dict[str, Any] = {
    "n_epochs": 60,
    "batch_size": 8,
    "lr": 1e-2,
    "hidden_dims": (32,),
    "latent_dim": 4,
    "validation_fraction": 0.45,
}


def of(cls: type[Any], parameters: dict[str, Any]) -> dict[str, Any]:
    """Those parameters that the class has, and the detector that it may host."""
    parameters = {"detector": KNN(n_neighbors=1), **parameters}
    return {k: v for k, v in parameters.items() if k in signature(cls).parameters}


def waves(
    n_runs: int, seed: int = 0, lengths: tuple[int, ...] = (N_TIMESTEPS,)
) -> list[NDArray[Any]]:
    """Good runs (n_timesteps_i, 3): one course, two ways in which runs differ, some noise."""
    rng = np.random.default_rng(seed)
    return [_wave(rng, int(rng.choice(lengths))) for _ in range(n_runs)]


def _wave(rng: np.random.Generator, length: int) -> NDArray[Any]:
    phase, channel = np.linspace(0, 1, length)[:, None], np.arange(3)
    early, late = rng.uniform(-0.4, 0.4, 2)
    course = np.sin(2 * np.pi * (1.5 * phase + channel / 6))
    course = course + early * np.cos(np.pi * phase * (1 + channel))
    course = course + late * np.sin(np.pi * phase * (2 + channel))
    return LEVEL + SCALE * (course + 0.1 * rng.normal(size=course.shape))


# Mean and standard deviation of each channel over all good runs.
_POPULATION = np.concatenate(waves(200, seed=99))
CENTRE, SPREAD = _POPULATION.mean(axis=0), _POPULATION.std(axis=0)


def as_matrix(n_runs: int, seed: int = 0) -> NDArray[Any]:
    """Good runs of equal length, (n_runs, 24, 3)."""
    return np.stack(waves(n_runs, seed))


def as_named(arrays: list[NDArray[Any]]) -> Runs:
    """Runs with ids, names of channels and times."""
    return Runs(
        arrays,
        ids=[f"B-{i}" for i in range(len(arrays))],
        channels=CHANNELS,
        times=[0.5 * np.arange(len(a)) for a in arrays],
        time_unit="h",
    )


def mirrored(X: NDArray[Any], channel: int) -> NDArray[Any]:
    """Runs (..., 24, 3) with one channel mirrored about its mean for a stretch.

    Its values are as large and as frequent as before: only their place in the run is wrong.
    """
    faulty = X.copy()
    faulty[..., STRETCH, channel] = 2 * CENTRE[channel] - faulty[..., STRETCH, channel]
    return faulty
