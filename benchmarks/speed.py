"""How fast, as ratios measured in one run on one thread against PyOD and against bare loops.

    python benchmarks/speed.py [--device cuda]

Every line is the median of alternating repetitions; quote the ratios, not the seconds.
"""

import argparse
import statistics
import time
import warnings
from collections.abc import Callable

import numpy as np
import torch
from pyod.models.auto_encoder import AutoEncoder

from tsad_plugin import FCAutoEncoder, LSTMAutoEncoder, Runs
from tsad_plugin.preprocessing import Preprocessor

HIDDEN = (64, 32)
EPOCHS, BATCH = 20, 128


def alternate(repeats: int, *tasks: Callable[[], object]) -> list[float]:
    """Median seconds of each task; they take turns, so that a drift of the machine hits all."""
    seconds: list[list[float]] = [[] for _ in tasks]
    for task in tasks:
        task()
    for _ in range(repeats):
        for times, task in zip(seconds, tasks, strict=True):
            start = time.perf_counter()
            task()
            times.append(time.perf_counter() - start)
    return [statistics.median(times) for times in seconds]


def line(name: str, ours: float, peer: str, peer_seconds: float) -> None:
    faster = peer_seconds / ours
    print(f"{name:44s} {ours:8.3f} s   {peer:28s} {peer_seconds:8.3f} s   {faster:6.2f} x")


def bare_fit(network: torch.nn.Module, values: torch.Tensor) -> None:
    """The least that training takes: no checks, validation, clipping, copies or history."""
    optimizer = torch.optim.AdamW(network.parameters(), lr=1e-3, fused=True)
    network.train()
    for _ in range(EPOCHS):
        for index in torch.randperm(len(values), device=values.device).split(BATCH):
            batch = values[index]
            loss = torch.nn.functional.mse_loss(network(batch)[0], batch)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()


@torch.inference_mode()
def bare_score(network: torch.nn.Module, values: torch.Tensor) -> list[torch.Tensor]:
    batches = values.split(4096)
    return [(network.reconstruct(b)[0] - b).square().mean(dim=(1, 2)).cpu() for b in batches]


def fc(device: str) -> None:
    rng = np.random.default_rng(0)
    rows, new = rng.normal(size=(5000, 140)), rng.normal(size=(50_000, 140))
    ours = FCAutoEncoder(
        hidden_dims=HIDDEN, n_epochs=EPOCHS, batch_size=BATCH, patience=None, device=device
    ).fit(rows)
    theirs = AutoEncoder(
        hidden_neuron_list=list(HIDDEN),
        epoch_num=EPOCHS,
        batch_size=BATCH,
        verbose=0,
        device=device,
    ).fit(rows)
    values = torch.from_numpy(rows[:, :, None].astype(np.float32)).to(device)
    new_values = torch.from_numpy(new[:, :, None].astype(np.float32)).to(device)

    def bare() -> torch.nn.Module:
        network = ours._new_network().to(device)
        bare_fit(network, values)
        return network

    seconds = alternate(3, lambda: ours.fit(rows), lambda: theirs.fit(rows), bare)
    line("FC fit (5000, 140), 20 epochs, batch 128", seconds[0], "PyOD AutoEncoder", seconds[1])
    line("", seconds[0], "bare loop, same network", seconds[2])
    network = bare()
    seconds = alternate(
        7,
        lambda: ours.decision_function(new),
        lambda: theirs.decision_function(new),
        lambda: bare_score(network, new_values),
    )
    line("FC scoring (50000, 140)", seconds[0], "PyOD AutoEncoder", seconds[1])
    line("", seconds[0], "bare forward, same network", seconds[2])


def recurrent(device: str) -> None:
    rows = np.random.default_rng(1).normal(size=(2000, 140))
    options = {"patience": None, "batch_size": BATCH, "device": device}

    def epochs(n_epochs: int, patch_size: int | str) -> Callable[[], object]:
        return LSTMAutoEncoder(n_epochs=n_epochs, patch_size=patch_size, **options).fit

    tasks = [epochs(n, patch) for patch in ("auto", 1) for n in (1, 3)]
    seconds = alternate(1, *[lambda fit=fit: fit(rows) for fit in tasks])
    patched, plain = (seconds[1] - seconds[0]) / 2, (seconds[3] - seconds[2]) / 2
    line("LSTM, patches, one epoch of 2000 runs", patched, "patch_size=1", plain)


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

    ours, peer = alternate(3, lambda: preprocessor.transform(runs), by_hand)
    line("gaps, resampling, scaling: 1000 runs to 512", ours, "np.interp alone", peer)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--device", default="cpu")
    device = parser.parse_args().device
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    fc(device)
    recurrent(device)
    resampling()


if __name__ == "__main__":
    main()
