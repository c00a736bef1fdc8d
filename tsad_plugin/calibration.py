"""Networks trained for calibration: they reconstruct runs that were held out of their training."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch

from .batches import Examples
from .folds import HeldOut, folds_of
from .networks import Autoencoder
from .preprocessing import Prepared
from .scoring import LatentDistribution
from .training import Schedule, encode, reconstruct, train


class Trained(NamedTuple):
    """A network, how its training went, and where the codes of its training runs lie."""

    network: Autoencoder
    history: list[dict[str, float]]
    latent: LatentDistribution


def train_calibrated(
    make_network: Callable[[Examples], Autoencoder],
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
    order = torch.randperm(len(prepared.inputs)).numpy()
    folds = folds_of(order, validation_fraction, prepared.fold)
    in_folds = len(folds) > 1
    if in_folds:
        chosen = _train(
            make_network,
            Examples(prepared, device, folds[0].kept),
            Examples(prepared, device, folds[0].held_out),
            schedule,
        )
        best = int(np.argmin([epoch["validation_loss"] for epoch in chosen.history]))
        schedule = schedule._replace(n_epochs=best + 1)
    parts = []
    for fold in folds:
        kept, held_out = (Examples(prepared, device, rows) for rows in fold)
        trained = _train(make_network, kept, None if in_folds else held_out, schedule)
        reconstruction, codes = reconstruct(trained.network, prepared.inputs[fold.held_out])
        parts.append((reconstruction, trained.latent.t2(codes)))
    if in_folds:
        trained = _train(make_network, Examples(prepared, device), None, schedule)
    # A fitted detector lives on the CPU, so that it can be moved to a machine without CUDA.
    trained.network.cpu()
    reconstructions, t2 = zip(*parts, strict=True)
    return trained, HeldOut(
        np.concatenate([fold.held_out for fold in folds]),
        np.concatenate(reconstructions),
        np.concatenate(t2),
    )


def _train(
    make_network: Callable[[Examples], Autoencoder],
    examples: Examples,
    validation: Examples | None,
    schedule: Schedule,
) -> Trained:
    network = make_network(examples).to(examples.rows.device)
    history = train(network, examples, validation, schedule)
    return Trained(network, history, LatentDistribution().fit(encode(network, examples)))
