"""Training: the only loop, and what surrounds it."""

from __future__ import annotations

import copy
import math
import numbers
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from tqdm.auto import tqdm

from .batches import Batch, Examples, inference_size
from .networks import Autoencoder

CLIP_NORM = 1.0
# Torch's generator is one for all threads: fits in threads take turns.
_GENERATOR = threading.RLock()


class Schedule(NamedTuple):
    """How a network is trained."""

    n_epochs: int
    batch_size: int | str
    lr: float
    patience: int | None
    noise: float
    kl_weight: float
    least_batch: int
    progress: bool = False

    def batch_size_for(self, n_runs: int) -> int:
        """Return the batch size; "auto" gives 16 steps an epoch, of up to 128 runs."""
        if self.batch_size == "auto":
            return min(max(n_runs // 16, self.least_batch), 128)
        return int(self.batch_size)


def train(
    network: Autoencoder, examples: Examples, validation: Examples | None, schedule: Schedule
) -> list[dict[str, float]]:
    """Train a network in place, with early stopping where there is validation.

    Parameters
    ----------
    network : Autoencoder
        Keeps the weights of its best epoch, without validation those of the last.
    examples, validation : Examples
        Training runs, and runs on which epochs are compared.
    schedule : Schedule
        Epochs, batches, learning rate, patience, noise and weight of the penalty.

    Returns
    -------
    list of dict
        `epoch`, `loss`, `validation_loss` (reconstruction errors, nan where there is none) and
        `penalty` of every epoch.

    Raises
    ------
    ValueError
        If the loss is no longer a finite number.
    """
    optimizer = torch.optim.AdamW(network.parameters(), lr=schedule.lr, fused=True)
    best = _Best(network, schedule.patience)
    history = []
    epochs = tqdm(range(schedule.n_epochs), disable=not schedule.progress, desc="epochs")
    for epoch in epochs:
        # A rate that falls to zero ends in the middle of a valley, not on one of its walls.
        optimizer.param_groups[0]["lr"] = schedule.lr * _cosine(epoch / schedule.n_epochs)
        loss, penalty = _train_epoch(network, optimizer, examples, schedule)
        checked = evaluate(network, validation) if validation is not None else float("nan")
        history.append(
            {"epoch": epoch, "loss": loss, "penalty": penalty, "validation_loss": checked}
        )
        if not math.isfinite(loss):
            raise ValueError(f"training diverged in epoch {epoch}: lower lr, it is {schedule.lr}")
        epochs.set_postfix(loss=f"{loss:.4f}", validation=f"{checked:.4f}")
        if validation is not None and best.is_final(epoch, checked):
            break
    best.restore()
    network.eval()
    return history


def _cosine(progress: float) -> float:
    """Fall from 1 to 0 along half a cosine (Loshchilov & Hutter 2017, arXiv:1608.03983)."""
    return 0.5 * (1 + math.cos(math.pi * progress))


def _train_epoch(
    network: Autoencoder, optimizer: Any, examples: Examples, schedule: Schedule
) -> tuple[float, float]:
    """One pass over the examples in random order: mean loss and penalty."""
    network.train()
    n_examples = len(examples)
    order = torch.randperm(n_examples, device=examples.inputs.device)
    parameters = list(network.parameters())
    batches = order.split(schedule.batch_size_for(n_examples))
    # In one place: a small tensor kept of every batch would leave the memory between in pieces.
    measured = examples.inputs.new_empty(2, len(batches))
    for step, index in enumerate(batches):
        batch = examples.pick(index)
        noisy = batch.inputs
        if schedule.noise:
            noisy = noisy + schedule.noise * torch.randn_like(noisy)
        reconstruction, penalty = network(noisy)
        loss = _mean_square(reconstruction, batch)
        (loss + schedule.kl_weight * penalty).backward()
        torch.nn.utils.clip_grad_norm_(parameters, CLIP_NORM)
        optimizer.step()
        for parameter in parameters:  # a tenth of the time of optimizer.zero_grad
            parameter.grad = None
        measured[0, step], measured[1, step] = loss.detach(), penalty.detach()
    # Read once an epoch: every look at a number waits for the device.
    shares = measured.new_tensor([len(index) / n_examples for index in batches])
    mean_loss, mean_penalty = (measured @ shares).tolist()
    return mean_loss, mean_penalty


def _mean_square(reconstruction: Tensor, batch: Batch) -> Tensor:
    """Mean squared residual over observed values."""
    if batch.weights is None:
        return torch.nn.functional.mse_loss(reconstruction, batch.inputs)
    squares = (reconstruction - batch.inputs).square() * batch.weights
    return squares.sum() / batch.weights.sum().clamp(min=1)


@torch.inference_mode()
def reconstruct(
    network: Autoencoder, inputs: NDArray[np.float32]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Reconstruct inputs (n, t, c): reconstruction (n, t, c) and codes (n, z), without chance."""
    parts = [network.reconstruct(batch) for batch in _batches(network, inputs)]
    values, codes = zip(*parts, strict=True)
    return _joined(values), _joined(codes)


@torch.inference_mode()
def encode(network: Autoencoder, examples: Examples) -> NDArray[np.float32]:
    """Encode examples: codes (n, z), without chance."""
    network.eval()
    return _joined([network.encode(batch.inputs) for batch in examples.batches()])


def _batches(network: Autoencoder, inputs: NDArray[np.float32]) -> Iterator[Tensor]:
    """Inputs where the network is, which is set to answer without chance."""
    if network.training:  # to tell every module takes as long as a small batch
        network.eval()
    device = next(network.parameters()).device
    for batch in torch.from_numpy(inputs).split(inference_size(inputs.shape[1:])):
        yield batch.to(device)


def on_device(network: Autoencoder, device: torch.device) -> Autoencoder:
    """The network on a device; one that lives elsewhere stays there."""
    return network if device.type == "cpu" else copy.deepcopy(network).to(device)


def _joined(parts: Sequence[Tensor]) -> NDArray[np.float32]:
    return (parts[0] if len(parts) == 1 else torch.cat(list(parts))).cpu().numpy()


@torch.inference_mode()
def evaluate(network: Autoencoder, examples: Examples) -> float:
    """Mean over runs of the squared residual, without noise and chance."""
    network.eval()
    total = 0.0
    for batch in examples.batches():
        reconstruction, _ = network.reconstruct(batch.inputs)
        total += float(_mean_square(reconstruction, batch)) * len(batch.inputs)
    return total / len(examples)


class _Best:
    """The weights of the best epoch, by copy."""

    def __init__(self, network: Autoencoder, patience: int | None) -> None:
        self.network, self.patience = network, patience
        self.loss, self.epoch = float("inf"), -1
        self.weights: dict[str, Tensor] | None = None

    def is_final(self, epoch: int, loss: float) -> bool:
        """Note an epoch's loss; answer whether patience has run out."""
        if loss < self.loss:
            self.loss, self.epoch = loss, epoch
            self.weights = {k: v.detach().clone() for k, v in self.network.state_dict().items()}
        return self.patience is not None and epoch - self.epoch >= self.patience

    def restore(self) -> None:
        if self.weights is not None:
            self.network.load_state_dict(self.weights)


@contextmanager
def seeded(seed: int, device: torch.device) -> Iterator[None]:
    """Torch's random numbers from `seed`, the global state untouched."""
    devices = [device] if device.type == "cuda" else []
    with _GENERATOR, torch.random.fork_rng(devices=devices):
        torch.default_generator.manual_seed(seed)  # torch.manual_seed reseeds every CUDA device
        for cuda in devices:
            with torch.cuda.device(cuda):
                torch.cuda.manual_seed(seed)
        yield


@contextmanager
def threads(n_threads: int | None) -> Iterator[None]:
    """Run with `n_threads` threads of torch, then restore their number."""
    before = torch.get_num_threads()
    torch.set_num_threads(n_threads or before)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def choose_device(device: str | None) -> torch.device:
    """The device asked for; by default CUDA where there is one.

    Raises
    ------
    ValueError
        If torch does not know the device or cannot use it.
    """
    if device is None:
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        chosen = torch.device(device)
        torch.zeros(1, device=chosen).cpu()
    except (RuntimeError, AssertionError, TypeError) as error:
        reason = str(error).splitlines()[0]
        raise ValueError(f"device {device!r} cannot be used ({reason}): try device='cpu'") from None
    return chosen


def draw_seed(random_state: Any) -> int:
    """Draw a seed for torch from an integer, a generator or, for a new one each time, None."""
    if random_state is None or isinstance(random_state, numbers.Integral):
        entropy = None if random_state is None else int(random_state)
        return int(np.random.SeedSequence(entropy).generate_state(1)[0])
    draw = getattr(random_state, "integers", None) or random_state.randint
    return int(draw(2**31 - 1))
