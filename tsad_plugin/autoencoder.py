"""A detector whose reconstruction is a network's: what the six have in common."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from .batches import Examples
from .calibration import train_calibrated
from .folds import HeldOut
from .networks import Autoencoder, build, start_at_pca
from .parameters import Parameters
from .preprocessing import Prepared, Preprocessor
from .reconstruction import CodingDetector
from .rules import SCALING_OR_FAMILYS, Rule
from .scoring import LatentDistribution
from .training import (
    Schedule,
    choose_device,
    draw_seed,
    on_device,
    reconstruct,
    seeded,
    threads,
)


class SequenceAutoEncoder(Parameters, CodingDetector):
    """Base of the six: trains a network on good runs and scores what it cannot reconstruct.

    The constructor describes the parameters.

    Attributes
    ----------
    network_ : torch.nn.Module
        The trained network, on the CPU.
    history_ : list of dict
        `epoch`, `loss`, `penalty` and `validation_loss` of every epoch.
    """

    own_rules: ClassVar[dict[str, Rule]] = {"scaling": SCALING_OR_FAMILYS}

    network_: Autoencoder
    history_: list[dict[str, float]]
    architecture_: dict[str, Any]

    @property
    def _min_timesteps(self) -> int:
        return self.family.min_timesteps

    def _preprocessor(self) -> Preprocessor:
        scaling = self.scaling or self.family.scaling
        return Preprocessor(self.n_timesteps, self._new_steps(), scaling)

    def _check_parameters(self) -> None:
        super()._check_parameters()
        self._check_unused()

    def _learning(self) -> AbstractContextManager[None]:
        return threads(self.n_threads)

    @contextmanager
    def _ready(self) -> Iterator[Self]:
        view = copy.copy(self)
        view.network_ = on_device(self.network_, choose_device(self.device))
        with threads(self.n_threads):
            yield view

    def _learn_code(self, prepared: Prepared) -> tuple[LatentDistribution, HeldOut]:
        device = choose_device(self.device)
        self.architecture_ = self._architecture()
        with seeded(draw_seed(self.random_state), device):
            trained, held_out = train_calibrated(
                self._start, prepared, self._schedule(), self.validation_fraction, device
            )
        self.network_, self.history_ = trained.network, trained.history
        return trained.latent, held_out

    def _start(self, examples: Examples) -> Autoencoder:
        """A new network, ready to train on examples."""
        network = self._new_network().to(examples.rows.device)
        if self.linear_path:
            start_at_pca(network, examples.pick(slice(None)).inputs)
        return network

    def _architecture(self) -> dict[str, Any]:
        """What shapes the network: kept by `fit`, as the parameters may be set anew later."""
        own = {name: getattr(self, name) for name in self.family.options}
        widths = self.family.hidden_dims if self.hidden_dims is None else self.hidden_dims
        return {
            "latent_dim": self.latent_dim or self.family.latent_dim,
            "hidden_dims": widths,
            "linear_path": self.linear_path,
            **own,
        }

    def _new_network(self) -> Autoencoder:
        """A network at random weights, for what the fitted preprocessor gives."""
        shape = self.preprocessor_.input_shape_
        return build(self.family, self.bottleneck, shape, **self.architecture_)

    def _schedule(self) -> Schedule:
        return Schedule(
            n_epochs=self.n_epochs,
            batch_size=self.batch_size,
            lr=self.lr or self.family.lr,
            patience=self.patience,
            noise=self.noise,
            kl_weight=self.kl_weight,
            least_batch=self.family.least_batch,
            progress=bool(self.verbose),
        )

    def _reconstruct(
        self, inputs: NDArray[np.float32]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        return reconstruct(self.network_, inputs)
