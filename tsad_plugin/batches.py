"""Prepared runs on the device, batch by batch."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from .preprocessing import Prepared

# Values (runs x timesteps x channels) of one batch without gradients: bounds its memory.
MAX_BATCH_VALUES = 300_000


def inference_size(shape: Sequence[int]) -> int:
    """How many runs of `shape` (t, c) make a batch without gradients."""
    return max(1, MAX_BATCH_VALUES // math.prod(shape))


class Batch(NamedTuple):
    """Inputs (b, t, c) on the device, and where they count: None for everywhere."""

    inputs: Tensor
    weights: Tensor | None


class Examples:
    """Runs on the device to train on, gathered batch by batch.

    Windows of a long series stay views of it: they are copied for the batch that needs them.

    Parameters
    ----------
    prepared : Prepared
        Runs, or windows.
    device : torch.device
        Where to train.
    rows : ndarray of int, optional
        Positions of those to train on; by default all.
    """

    def __init__(
        self, prepared: Prepared, device: torch.device, rows: NDArray[np.int64] | None = None
    ) -> None:
        self.inputs = _on(device, prepared.inputs)
        self.observed = None if prepared.observed is None else _on(device, prepared.observed)
        self.keeps_channels = prepared.keeps_channels
        every = np.arange(len(prepared.inputs)) if rows is None else rows
        self.rows = torch.from_numpy(every).to(device)

    def __len__(self) -> int:
        return len(self.rows)

    def pick(self, index: Tensor | slice) -> Batch:
        """Gather some of the examples."""
        rows = self.rows[index]
        inputs = self.inputs[rows]
        if self.observed is None or self.keeps_channels:
            return Batch(inputs, None if self.observed is None else self.observed[rows])
        complete = self.observed[rows].all(dim=2, keepdim=True)
        return Batch(inputs, complete.expand_as(inputs))

    def batches(self) -> Iterator[Batch]:
        """All examples, in batches for use without gradients."""
        size = inference_size(self.inputs.shape[1:])
        return (self.pick(slice(start, start + size)) for start in range(0, len(self), size))


def _on(device: torch.device, values: NDArray[Any]) -> Tensor:
    """(n, t, c) on a device; of overlapping windows only what they are views of is moved."""
    n, t, c = values.shape
    if values.strides[0] != values.strides[1]:
        return torch.from_numpy(np.ascontiguousarray(values)).to(device)
    series = np.lib.stride_tricks.as_strided(values, (n + t - 1, c), values.strides[1:])
    moved = torch.from_numpy(np.ascontiguousarray(series)).to(device)
    return moved.unfold(0, t, 1).transpose(1, 2)
