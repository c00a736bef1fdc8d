"""The least that a network takes: a loop without all else, and its matrix products alone."""

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn


def fit(network: nn.Module, values: Tensor, n_epochs: int, batch_size: int) -> nn.Module:
    """Train without checks, validation, clipping, copies or history."""
    optimizer = torch.optim.AdamW(network.parameters(), lr=1e-3, fused=True)
    network.train()
    for _ in range(n_epochs):
        for index in torch.randperm(len(values), device=values.device).split(batch_size):
            batch = values[index]
            reconstruction, penalty = network(batch)
            loss = nn.functional.mse_loss(reconstruction, batch) + 1e-3 * penalty
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
    wait(values.device.type)
    return network.eval()


def wait(device: str) -> None:
    """Until the device has done what it was told."""
    if device != "cpu":
        torch.cuda.synchronize()


@torch.inference_mode()
def score(network: Any, values: Tensor, batch_size: int) -> list[Tensor]:
    batches = values.split(batch_size)
    return [(network.reconstruct(b)[0] - b).square().mean(dim=(1, 2)).cpu() for b in batches]


class Product(NamedTuple):
    """(m, k) times (k, n), so many times."""

    m: int
    k: int
    n: int
    times: int = 1


@torch.inference_mode()
def products(network: Any, batch: Tensor) -> list[Product]:
    """Matrix products of one forward pass of linear and recurrent layers."""
    found: list[Product] = []

    def note(layer: Any, inputs: Any, _: Any) -> None:
        rows = math.prod(inputs[0].shape[:-1])
        if isinstance(layer, nn.Linear):
            found.append(Product(rows, layer.in_features, layer.out_features))
        else:  # all inputs of the four gates at once, the state step by step
            gates = 4 * layer.hidden_size
            found.append(Product(rows, layer.input_size, gates))
            found.append(Product(len(batch), layer.hidden_size, gates, inputs[0].shape[1]))

    layers = [m for m in network.modules() if isinstance(m, nn.Linear | nn.LSTM)]
    hooks = [layer.register_forward_hook(note) for layer in layers]
    network.reconstruct(batch)
    for hook in hooks:
        hook.remove()
    return found


def multiply(shapes: list[Product], backward: bool, device: str, times: int) -> Callable[[], None]:
    """A task: these products, with `backward` those for the gradients too, so many times."""
    steps: list[tuple[Tensor, Tensor, Tensor]] = []
    for first, (m, k, n, repeats) in enumerate(shapes):
        x, w, y = (torch.randn(size, device=device) for size in ((m, k), (k, n), (m, n)))
        each = [(x, w, torch.empty_like(y))]
        if backward:
            each.append((x.T, y, torch.empty_like(w)))
        if backward and first:  # nobody asks for the gradient of the data
            each.append((y, w.T, torch.empty_like(x)))
        steps += each * repeats

    @torch.inference_mode()
    def task() -> None:
        for _ in range(times):
            for left, right, out in steps:
                torch.mm(left, right, out=out)
        wait(device)

    return task
