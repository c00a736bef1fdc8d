"""What keeps a device busy: runs a second by batch size."""

from typing import Any

import bare
import numpy as np
import torch
from clock import alternate

from tsad_plugin import CNN1DAutoEncoder, FCAutoEncoder, LSTMAutoEncoder

SHAPE = (100, 4)
SIZES = (16, 64, 256, 1024, 4096, 16_384)


def table(device: str) -> None:
    """Training, as the difference of fits of three epochs and of one, and the products alone."""
    n_runs = 2048 if device == "cpu" else 32_768
    sizes = [size for size in SIZES if size <= n_runs // 2]
    X = np.random.default_rng(4).standard_normal((n_runs, *SHAPE), dtype=np.float32)
    print(f"{'runs a second, training':24s}" + "".join(f"{size:>12,d}" for size in sizes))
    for cls in (FCAutoEncoder, LSTMAutoEncoder, CNN1DAutoEncoder):
        # Small batches take long, and a few thousand runs tell as much of them.
        speeds = [_runs_a_second(cls, X[: max(2048, 16 * s)], s, device) for s in sizes]
        print(f"{cls.__name__:24s}" + "".join(f"{speed:12,.0f}" for speed in speeds))
    detector = FCAutoEncoder(n_epochs=1, device=device).fit(X)
    network = detector._new_network().to(device)
    speeds = [_products_a_second(network, size, n_runs, device) for size in sizes]
    print(f"{'products of the first':24s}" + "".join(f"{speed:12,.0f}" for speed in speeds))
    (seconds,) = alternate(3, lambda: detector.decision_function(X))
    print(f"{'scoring, FCAutoEncoder':24s}{n_runs / seconds:12,.0f}")


def _runs_a_second(cls: Any, X: Any, batch_size: int, device: str) -> float:
    options = {"batch_size": batch_size, "patience": None, "device": device}
    fits = [cls(n_epochs=n, **options) for n in (1, 3)]
    short, long = alternate(2, *[lambda fit=fit: fit.fit(X) for fit in fits])
    return 0.9 * len(X) / ((long - short) / 2)


def _products_a_second(network: Any, batch_size: int, n_runs: int, device: str) -> float:
    shapes = bare.products(network, torch.randn(batch_size, *SHAPE, device=device))
    (seconds,) = alternate(3, bare.multiply(shapes, True, device, n_runs // batch_size))
    return n_runs / seconds
