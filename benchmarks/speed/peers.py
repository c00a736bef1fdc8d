"""Detectors against PyOD's, against bare loops of the same network, and against its products."""

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import bare
import numpy as np
import torch
from clock import alternate, compare, line
from pyod.models.auto_encoder import AutoEncoder
from pyod.models.ts_lstm import LSTMAD
from pyod.models.vae import VAE

from tsad_plugin import FCVAE, FCAutoEncoder, LSTMAutoEncoder, Runs
from tsad_plugin.batches import inference_size
from tsad_plugin.preprocessing import Preprocessor

HIDDEN = (64, 32)
EPOCHS, BATCH = 20, 128
N_RUNS, N_NEW, N_TIMESTEPS = 5000, 50_000, 140
TRAINED_ON = 4500  # by ours: the others are its validation part


class Pair(NamedTuple):
    """One of our detectors, not fitted yet, and its peer of PyOD."""

    ours: Any
    name: str
    theirs: Any


def pairs(device: str, n_threads: int) -> list[Pair]:
    options = {"n_epochs": EPOCHS, "batch_size": BATCH, "patience": None, "device": device}
    own = {**options, "hidden_dims": HIDDEN, "n_threads": n_threads}
    theirs = {"epoch_num": EPOCHS, "batch_size": BATCH, "verbose": 0, "device": device}
    there_and_back = {"encoder_neuron_list": [*HIDDEN], "decoder_neuron_list": [*HIDDEN[::-1]]}
    return [
        Pair(
            FCAutoEncoder(**own), "AutoEncoder", AutoEncoder(hidden_neuron_list=[*HIDDEN], **theirs)
        ),
        Pair(FCVAE(**own), "VAE", VAE(latent_dim=16, **there_and_back, **theirs)),
    ]


def fully_connected(device: str, n_threads: int) -> None:
    rng = np.random.default_rng(0)
    rows, new = (rng.normal(size=(n, N_TIMESTEPS)) for n in (N_RUNS, N_NEW))
    for ours, name, theirs in pairs(device, n_threads):
        what = f"{type(ours).__name__}, threads {n_threads}"
        ours.fit(rows), theirs.fit(rows)
        network = ours._new_network().to(device)
        values, new_values = (_on(device, x) for x in (rows[:TRAINED_ON], new))
        shapes = bare.products(network, values[:BATCH])
        n_steps = EPOCHS * math.ceil(TRAINED_ON / BATCH)
        compare(
            f"{what}: fit",
            3,
            lambda ours=ours: ours.fit(rows),
            {
                f"PyOD {name}": lambda theirs=theirs: theirs.fit(rows),
                "bare loop, same network": _bare_fit(ours, values, device),
                "its matrix products": bare.multiply(shapes, True, device, n_steps),
            },
        )
        size = inference_size((N_TIMESTEPS, 1))
        shapes = bare.products(network, new_values[:size])
        compare(
            f"{what}: scoring of {N_NEW:,}",
            9,
            lambda ours=ours: ours.decision_function(new),
            {
                f"PyOD {name}": lambda theirs=theirs: theirs.decision_function(new),
                "bare forward, same network": _bare_score(network, new_values, size),
                "its matrix products": bare.multiply(shapes, False, device, N_NEW // size + 1),
            },
        )


def _on(device: str, rows: Any) -> torch.Tensor:
    return torch.from_numpy(rows[:, :, None].astype(np.float32)).to(device)


def _bare_fit(ours: Any, values: torch.Tensor, device: str) -> Callable[[], object]:
    return lambda: bare.fit(ours._new_network().to(device), values, EPOCHS, BATCH)


def _bare_score(network: Any, values: torch.Tensor, size: int) -> Callable[[], object]:
    return lambda: bare.score(network.eval(), values, size)


def recurrent(device: str, n_threads: int) -> None:
    """Seconds of one epoch, as the difference of fits of three epochs and of one."""
    rows = np.random.default_rng(1).normal(size=(2000, N_TIMESTEPS))
    options = {"patience": None, "batch_size": BATCH, "device": device, "n_threads": n_threads}

    def ours(n_epochs: int, patch_size: Any) -> Callable[[], object]:
        detector = LSTMAutoEncoder(n_epochs=n_epochs, patch_size=patch_size, **options)
        return lambda: detector.fit(rows)

    detector = LSTMAutoEncoder(n_epochs=1, **options).fit(rows)
    values = _on(device, rows[:1800])

    def alone(n_epochs: int) -> Callable[[], object]:
        return lambda: bare.fit(detector._new_network().to(device), values, n_epochs, BATCH)

    patched, by_step, loop = _epochs(
        lambda n: ours(n, "auto"), lambda n: ours(n, 1), alone, repeats=1
    )
    shapes = bare.products(detector._new_network().to(device), values[:BATCH])
    products = alternate(3, bare.multiply(shapes, True, device, math.ceil(1800 / BATCH)))[0]
    what = f"LSTMAutoEncoder, threads {n_threads}: an epoch of 2,000"
    line(what, patched, "ours with patch_size=1", by_step)
    line(what, patched, "bare loop, same network", loop)
    line(what, patched, "its matrix products", products)


def forecasting(n_threads: int) -> None:
    """PyOD's LSTMAD forecasts each timestep of one series from a window before it."""
    series = np.random.default_rng(3).normal(size=(4000, 1))
    options = {"batch_size": BATCH, "patience": None, "n_threads": n_threads, "device": "cpu"}

    def ours(n_epochs: int) -> Callable[[], object]:
        detector = LSTMAutoEncoder(n_epochs=n_epochs, **options)
        return lambda: detector.fit(windows)

    def theirs(n_epochs: int) -> Callable[[], object]:
        return lambda: LSTMAD(window_size=50, epochs=n_epochs, batch_size=BATCH).fit(series)

    windows = np.lib.stride_tricks.sliding_window_view(series[:, 0], 50).copy()
    seconds = _epochs(ours, theirs, repeats=1)
    what = f"LSTMAutoEncoder, threads {n_threads}: 3,951 windows of 50"
    line(what, seconds[0], "PyOD LSTMAD, an epoch of the same", seconds[1])


def _epochs(*fits: Callable[[int], Callable[[], object]], repeats: int) -> list[float]:
    seconds = alternate(repeats, *[fit(n) for fit in fits for n in (1, 3)])
    return [(long - short) / 2 for short, long in zip(seconds[::2], seconds[1::2], strict=True)]


def resampling() -> None:
    rng = np.random.default_rng(2)
    lengths = rng.integers(500, 1500, size=1000)
    runs = Runs([rng.normal(size=(n, 10)).astype(np.float32) for n in lengths])
    preprocessor = Preprocessor(512, (), "channel")
    preprocessor.fit_transform(runs)
    axis = [np.linspace(0, 1, n) for n in lengths]
    grid = np.linspace(0, 1, 512)

    def by_hand() -> None:
        for array, x in zip(runs.arrays, axis, strict=True):
            np.stack([np.interp(grid, x, channel) for channel in array.T], axis=1)

    compare(
        "gaps, resampling, scaling: 1,000 runs to 512",
        3,
        lambda: preprocessor.transform(runs),
        {"np.interp alone": by_hand},
    )
