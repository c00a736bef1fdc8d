"""Networks: encoder -> bottleneck -> decoder.

Shapes: b runs, t timesteps, c channels, h features, z latent dimensions. A family is an encoder
and a decoder; autoencoder and variational autoencoder differ by the bottleneck alone.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, ClassVar, NamedTuple

import torch
from torch import Tensor, nn

from .layers import (
    CNN1DDecoder,
    CNN1DEncoder,
    FCDecoder,
    FCEncoder,
    LSTMDecoder,
    LSTMEncoder,
)

# More patches than this make a recurrent network slow without making it better.
MAX_PATCHES = 32
# Networks work on scaled values made smaller by this, so that their activations are nearly
# straight: abnormal runs are then told from good ones better (docs/benchmark.md).
AMPLITUDE = 1 / 3


class Autoencoder(nn.Module):
    """Encoder, bottleneck and decoder of one network."""

    encoder: Any
    bottleneck: Any
    decoder: Any

    def __init__(self, encoder: Any, bottleneck: Bottleneck, decoder: nn.Module) -> None:
        super().__init__()
        self.encoder, self.bottleneck, self.decoder = encoder, bottleneck, decoder

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """(b, t, c) -> reconstruction (b, t, c), penalty ()."""
        code, penalty = self.bottleneck(self.encoder(AMPLITUDE * x))
        return self.decoder(code) / AMPLITUDE, penalty

    def encode(self, x: Tensor) -> Tensor:
        """(b, t, c) -> (b, z)."""
        return self.bottleneck.mean(self.encoder(AMPLITUDE * x))

    def reconstruct(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """(b, t, c) -> reconstruction (b, t, c), code (b, z), without chance."""
        code = self.encode(x)
        return self.decoder(code) / AMPLITUDE, code


class Bottleneck(nn.Module):
    """From features to the code; `options` are the parameters of a detector that only it has."""

    options: ClassVar[tuple[str, ...]] = ()
    mean: nn.Linear


class LinearBottleneck(Bottleneck):
    """The code of an autoencoder: a linear map without a penalty."""

    def __init__(self, n_features: int, latent_dim: int) -> None:
        super().__init__()
        self.mean = nn.Linear(n_features, latent_dim)

    def forward(self, h: Tensor) -> tuple[Tensor, Tensor]:
        """(b, h) -> code (b, z), penalty ()."""
        return self.mean(h), h.new_zeros(())


class GaussianBottleneck(Bottleneck):
    """The code of a variational autoencoder (Kingma & Welling 2014, arXiv:1312.6114).

    In training the code is drawn from a Gaussian, otherwise it is the mean; the penalty is the
    divergence from a standard Gaussian, a mean over runs.
    """

    options: ClassVar[tuple[str, ...]] = ("kl_weight",)

    def __init__(self, n_features: int, latent_dim: int) -> None:
        super().__init__()
        self.mean = nn.Linear(n_features, latent_dim)
        self.log_variance = nn.Linear(n_features, latent_dim)

    def forward(self, h: Tensor) -> tuple[Tensor, Tensor]:
        """(b, h) -> code (b, z), penalty ()."""
        mean = self.mean(h)
        log_variance = self.log_variance(h).clamp(-10, 10)
        divergence = 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance).sum(dim=1).mean()
        if self.training:
            mean = mean + torch.randn_like(mean) * (0.5 * log_variance).exp()
        return mean, divergence


class LinearPathEncoder(nn.Module):
    """An encoder beside a linear projection of the whole run."""

    def __init__(self, encoder: Any, n_values: int, latent_dim: int) -> None:
        super().__init__()
        self.encoder = encoder
        self.projection = nn.Linear(n_values, latent_dim)
        self.n_features = encoder.n_features + latent_dim

    def forward(self, x: Tensor) -> Tensor:
        """(b, t, c) -> (b, h + z)."""
        return torch.cat([self.encoder(x), self.projection(x.flatten(1))], dim=1)


class LinearPathDecoder(nn.Module):
    """A decoder plus a linear map from the code to the whole run."""

    def __init__(self, decoder: nn.Module, n_values: int, latent_dim: int) -> None:
        super().__init__()
        self.decoder = decoder
        self.expansion = nn.Linear(latent_dim, n_values)

    def forward(self, code: Tensor) -> Tensor:
        """(b, z) -> (b, t, c)."""
        nonlinear = self.decoder(code)
        return nonlinear + self.expansion(code).view_as(nonlinear)


class Family(NamedTuple):
    """An encoder and a decoder that belong together.

    `hidden_dims`, `latent_dim`, `scaling` and `lr` are the defaults of the parameters of that name,
    `least_batch` is the smallest batch size that is chosen for few runs, `options` are the
    constructor parameters of a detector that only this family has, `min_timesteps` the shortest
    run that makes sense.
    """

    encoder: Any
    decoder: Any
    hidden_dims: tuple[int, ...]
    latent_dim: int
    scaling: str
    lr: float
    least_batch: int
    options: tuple[str, ...]
    min_timesteps: int


FAMILIES = {
    "FC": Family(FCEncoder, FCDecoder, (64, 32), 16, "both", 1e-3, 8, (), 1),
    "LSTM": Family(
        LSTMEncoder, LSTMDecoder, (64,), 16, "course", 3e-3, 4, ("cell", "patch_size"), 2
    ),
    "CNN1D": Family(
        CNN1DEncoder, CNN1DDecoder, (32, 64), 8, "course", 1e-3, 8, ("kernel_size",), 2
    ),
}


def build(
    family: Family,
    bottleneck: Callable[[int, int], Bottleneck],
    shape: tuple[int, ...],
    latent_dim: int,
    hidden_dims: Sequence[int],
    linear_path: bool,
    **options: Any,
) -> Autoencoder:
    """Build a network for inputs of `shape` (n_timesteps, n_channels), at random weights."""
    if options.get("patch_size") == "auto":
        options["patch_size"] = math.ceil(shape[0] / MAX_PATCHES)
    latent_dim = usable_latent_dim(latent_dim, shape)
    encoder = family.encoder(*shape, hidden_dims, **options)
    decoder = family.decoder(*shape, hidden_dims, latent_dim, **options)
    if linear_path:
        encoder = LinearPathEncoder(encoder, math.prod(shape), latent_dim)
        decoder = LinearPathDecoder(decoder, math.prod(shape), latent_dim)
    return Autoencoder(encoder, bottleneck(encoder.n_features, latent_dim), decoder)


def usable_latent_dim(latent_dim: int, shape: tuple[int, ...]) -> int:
    """`latent_dim`, or half the number of values of a run that has no more values than that.

    A code as wide as the run would be copied, and every reconstruction be perfect.
    """
    n_values = math.prod(shape)
    return latent_dim if latent_dim < n_values else max(1, n_values // 2)


@torch.no_grad()
def start_at_pca(network: Autoencoder, values: Tensor) -> None:
    """Start the linear path of a network at the PCA of `values` (b, t, c), its branches at zero.

    Before training the network is that PCA, so it need not become worse.
    """
    encoder, decoder, code = network.encoder, network.decoder, network.bottleneck.mean
    flat = AMPLITUDE * values.flatten(1)
    center, latent_dim = flat.mean(dim=0), code.out_features
    rank = min(latent_dim + 8, *flat.shape)
    directions = torch.pca_lowrank(flat, q=rank, niter=4)[2].T[:latent_dim]  # (<= z, t * c)
    for layer in (code, decoder.decoder.last, encoder.projection, decoder.expansion):
        nn.init.zeros_(layer.weight)
        nn.init.zeros_(layer.bias)
    code.weight[:, -latent_dim:] = torch.eye(latent_dim, device=code.weight.device)
    encoder.projection.weight[: len(directions)] = directions
    encoder.projection.bias.copy_(-encoder.projection.weight @ center)
    decoder.expansion.weight[:, : len(directions)] = directions.T
    decoder.expansion.bias.copy_(center)
