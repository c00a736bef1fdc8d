"""Networks trained for calibration: they reconstruct runs that were held out of their training."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch

from .folds import HeldOut, held_out_folds
from .networks import Autoencoder
from .preprocessing import Prepared
from .scoring import LatentDistribution
from .training import Examples, Schedule, encode, reconstruct, train


class Trained(NamedTuple):
    """A network, how its training went, and where the codes of its training runs lie."""

    network: Autoencoder
    history: list[dict[str, float]]
    latent: LatentDistribution


def train_calibrated(
    make_network: Callable[[torch.Tensor], Autoencoder],
    prepared: Prepared,
    schedule: Schedule,
    validation_fraction: float,
    device: torch.device,
) -> tuple[Trained, HeldOut]:
    """Train, and reconstruct runs held out of training.

    Where the validation part is large enough, it is what is held out, and it chooses the epoch.
    Else every run is held out once, in one of up to five folds, and the network that is kept is
    trained on all runs. The first fold chooses the number of epochs for all of these networks;
    beyond that they are trained alike and to the last epoch, so that a held-out run is as new to
    its network as a new run to the one that is kept.
    """
    everything = np.arange(len(prepared.inputs))
    folds = held_out_folds(torch.randperm(len(everything)).numpy(), validation_fraction)
    in_folds = len(folds) > 1
    if in_folds:
        rest = prepared.pick(np.setdiff1d(everything, folds[0]))
        chosen = _train(make_network, rest, prepared.pick(folds[0]), schedule, device)
        best = int(np.argmin([epoch["validation_loss"] for epoch in chosen.history]))
        schedule = schedule._replace(n_epochs=best + 1)
    parts = []
    for fold in folds:
        kept, held_out = prepared.pick(np.setdiff1d(everything, fold)), prepared.pick(fold)
        trained = _train(make_network, kept, None if in_folds else held_out, schedule, device)
        reconstruction, codes = reconstruct(trained.network, held_out.inputs)
        parts.append((reconstruction, trained.latent.t2(codes)))
    if in_folds:
        trained = _train(make_network, prepared, None, schedule, device)
    # A fitted detector lives on the CPU, so that it can be moved to a machine without CUDA.
    trained.network.cpu()
    reconstructions, t2 = zip(*parts, strict=True)
    return trained, HeldOut(
        np.concatenate(folds), np.concatenate(reconstructions), np.concatenate(t2)
    )


def _train(
    make_network: Callable[[torch.Tensor], Autoencoder],
    prepared: Prepared,
    validation: Prepared | None,
    schedule: Schedule,
    device: torch.device,
) -> Trained:
    examples = Examples.on(device, prepared)
    network = make_network(examples.inputs).to(device)
    checked = None if validation is None else Examples.on(device, validation)
    history = train(network, examples, checked, schedule)
    codes = encode(network, prepared.inputs)
    return Trained(network, history, LatentDistribution().fit(codes))
