"""Encoders and decoders of each family of networks.

Shapes: b runs, t timesteps, c channels, h features, z latent dimensions. Every encoder has
`n_features` (h), every decoder a linear `last` layer whose output is the reconstruction.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn


def _layers(widths: Sequence[int]) -> list[nn.Module]:
    """Linear layers of these widths, each followed by its activation."""
    modules: list[nn.Module] = []
    for n_in, n_out in itertools.pairwise(widths):
        modules += [nn.Linear(n_in, n_out), nn.GELU()]
    return modules


class FCEncoder(nn.Module):
    """Fully connected layers over all timesteps and channels at once."""

    def __init__(self, n_timesteps: int, n_channels: int, hidden_dims: Sequence[int]) -> None:
        super().__init__()
        widths = [n_timesteps * n_channels, *hidden_dims]
        self.layers = nn.Sequential(nn.Flatten(), *_layers(widths))
        self.n_features = widths[-1]

    def forward(self, x: Tensor) -> Tensor:
        """(b, t, c) -> (b, h)."""
        return self.layers(x)


class FCDecoder(nn.Module):
    """The mirror image of `FCEncoder`."""

    def __init__(
        self, n_timesteps: int, n_channels: int, hidden_dims: Sequence[int], latent_dim: int
    ) -> None:
        super().__init__()
        widths = [latent_dim, *reversed(hidden_dims)]
        self.layers = nn.Sequential(*_layers(widths))
        self.last = nn.Linear(widths[-1], n_timesteps * n_channels)
        self.shape = (n_timesteps, n_channels)

    def forward(self, code: Tensor) -> Tensor:
        """(b, z) -> (b, t, c)."""
        return self.last(self.layers(code)).unflatten(1, self.shape)


CELLS = {"lstm": nn.LSTM, "gru": nn.GRU}


class LSTMEncoder(nn.Module):
    """A recurrent network over patches of timesteps.

    A patch is `patch_size` timesteps in one vector: fewer recurrent steps, which are the cost
    of the network (Nie et al. 2023, arXiv:2211.14730, use patches for the same end).
    """

    def __init__(
        self,
        n_timesteps: int,
        n_channels: int,
        hidden_dims: Sequence[int],
        cell: str,
        patch_size: int,
    ) -> None:
        super().__init__()
        self.patch_size = patch_size
        self.n_features = hidden_dims[-1]
        self.cells = nn.ModuleList(_recurrent(cell, [patch_size * n_channels, *hidden_dims]))

    def forward(self, x: Tensor) -> Tensor:
        """(b, t, c) -> (b, h): last hidden state."""
        missing = -x.shape[1] % self.patch_size
        x = nn.functional.pad(x, (0, 0, 0, missing))
        h = x.unflatten(1, (-1, self.patch_size)).flatten(2)  # (b, n_patches, patch_size * c)
        for cell in self.cells:
            h, _ = cell(h)
        return h[:, -1]


class LSTMDecoder(nn.Module):
    """The mirror image of `LSTMEncoder`: the code is given to every step, in one call."""

    def __init__(
        self,
        n_timesteps: int,
        n_channels: int,
        hidden_dims: Sequence[int],
        latent_dim: int,
        cell: str,
        patch_size: int,
    ) -> None:
        super().__init__()
        self.shape = (n_timesteps, n_channels)
        self.n_patches = math.ceil(n_timesteps / patch_size)
        # Without its position a step would have to count to know where in the run it is.
        self.positions = nn.Parameter(torch.randn(self.n_patches, latent_dim))
        self.cells = nn.ModuleList(_recurrent(cell, [2 * latent_dim, *reversed(hidden_dims)]))
        self.last = nn.Linear(hidden_dims[0], patch_size * n_channels)

    def forward(self, code: Tensor) -> Tensor:
        """(b, z) -> (b, t, c)."""
        repeated = code[:, None].expand(-1, self.n_patches, -1)
        h = torch.cat([repeated, self.positions.expand(len(code), -1, -1)], dim=2)
        for cell in self.cells:
            h, _ = cell(h)
        n_timesteps, n_channels = self.shape
        patches = self.last(h)  # (b, n_patches, patch_size * c)
        return patches.unflatten(2, (-1, n_channels)).flatten(1, 2)[:, :n_timesteps]


def _recurrent(cell: str, widths: Sequence[int]) -> list[nn.Module]:
    pairs = itertools.pairwise(widths)
    return [CELLS[cell](n_in, n_out, batch_first=True) for n_in, n_out in pairs]


class CNN1DEncoder(nn.Module):
    """Convolutions over time, each halving the number of timesteps."""

    def __init__(
        self, n_timesteps: int, n_channels: int, hidden_dims: Sequence[int], kernel_size: int
    ) -> None:
        super().__init__()
        widths = [n_channels, *hidden_dims]
        modules: list[nn.Module] = []
        for n_in, n_out in itertools.pairwise(widths):
            conv = nn.Conv1d(n_in, n_out, kernel_size, stride=2, padding=kernel_size // 2)
            modules += [conv, nn.GELU()]
        self.layers = nn.Sequential(*modules)
        self.n_features = widths[-1] * _halved(n_timesteps, len(hidden_dims))[-1]

    def forward(self, x: Tensor) -> Tensor:
        """(b, t, c) -> (b, h)."""
        return self.layers(x.transpose(1, 2)).flatten(1)


class CNN1DDecoder(nn.Module):
    """The mirror image of `CNN1DEncoder`: transposed convolutions, each doubling the timesteps."""

    def __init__(
        self,
        n_timesteps: int,
        n_channels: int,
        hidden_dims: Sequence[int],
        latent_dim: int,
        kernel_size: int,
    ) -> None:
        super().__init__()
        *lengths, shortest = _halved(n_timesteps, len(hidden_dims))
        self.shape = (hidden_dims[-1], shortest)
        self.first = nn.Linear(latent_dim, hidden_dims[-1] * shortest)
        self.layers = nn.ModuleList()
        widths = [*reversed(hidden_dims), n_channels]
        for n_in, n_out, length in zip(widths[:-1], widths[1:], reversed(lengths), strict=True):
            # An even length needs one more element than the stride of 2 gives back by itself.
            more = (length - 1) % 2
            self.layers.append(
                nn.ConvTranspose1d(n_in, n_out, kernel_size, 2, kernel_size // 2, more)
            )

    @property
    def last(self) -> nn.Module:
        """The layer whose output is the reconstruction."""
        return self.layers[-1]

    def forward(self, code: Tensor) -> Tensor:
        """(b, z) -> (b, t, c)."""
        h = self.first(code).unflatten(1, self.shape)
        for layer in self.layers:
            h = layer(nn.functional.gelu(h))
        return h.transpose(1, 2)


def _halved(n_timesteps: int, times: int) -> list[int]:
    """Lengths before and after each convolution of stride 2."""
    lengths = [n_timesteps]
    for _ in range(times):
        lengths.append((lengths[-1] + 1) // 2)
    return lengths
