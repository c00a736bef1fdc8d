"""The training loop, random numbers and devices, and calibration on runs held out of training."""

import math
import re
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from tsad_plugin import batches, calibration, training
from tsad_plugin.batches import Batch, Examples
from tsad_plugin.calibration import train_calibrated
from tsad_plugin.folds import MAX_FOLDS, MIN_VALIDATION_RUNS, fixed_order, held_out_folds
from tsad_plugin.networks import FAMILIES, Autoencoder, GaussianBottleneck, LinearBottleneck, build
from tsad_plugin.preprocessing import Prepared, Preprocessor
from tsad_plugin.runs import Runs
from tsad_plugin.scoring import LatentDistribution
from tsad_plugin.steps import ChannelPCA
from tsad_plugin.training import (
    CLIP_NORM,
    Schedule,
    choose_device,
    draw_seed,
    encode,
    evaluate,
    reconstruct,
    seeded,
    threads,
    train,
)

CPU = torch.device("cpu")
SHAPE = (6, 2)


@pytest.fixture(autouse=True)
def one_thread_and_one_seed() -> Iterator[None]:
    with threads(1), seeded(0, CPU):
        yield


def schedule(**changes: Any) -> Schedule:
    usual = Schedule(
        n_epochs=5, batch_size=4, lr=1e-2, patience=None, noise=0.0, kl_weight=1e-3, least_batch=8
    )
    return usual._replace(**changes)


def waves(n_runs: int, seed: int = 0) -> NDArray[np.float32]:
    """Runs of `SHAPE` that differ in one number, and a little noise."""
    rng = np.random.default_rng(seed)
    phase = np.linspace(0, np.pi, SHAPE[0])[:, None] + [0, 1]
    values = rng.normal(size=(n_runs, 1, 1)) * np.sin(phase) + 0.1 * rng.normal(
        size=(n_runs, *SHAPE)
    )
    return values.astype(np.float32)


def data_of(inputs: Any, observed: Any = None) -> Examples:
    values = np.asarray(inputs)
    return Examples(Prepared(values, values, observed), CPU)


def examples(n_runs: int, seed: int = 0, observed: Any = None) -> Examples:
    return data_of(waves(n_runs, seed), observed)


def prepare(n_runs: int, n_gaps: int = 0) -> Prepared:
    values, rng = waves(n_runs).astype(float), np.random.default_rng(1)
    values[rng.integers(n_runs, size=n_gaps), 2, 0] = np.nan
    return Preprocessor(None, (), "channel").fit_transform(Runs(values))


def network(family: str = "FC", bottleneck: Any = LinearBottleneck) -> Autoencoder:
    options = {"LSTM": {"cell": "lstm", "patch_size": 2}, "CNN1D": {"kernel_size": 3}}
    return build(
        FAMILIES[family], bottleneck, SHAPE, 1, (8,), linear_path=False, **options.get(family, {})
    )


def weights_of(net: nn.Module) -> dict[str, Tensor]:
    return {name: value.clone() for name, value in net.state_dict().items()}


def same(first: dict[str, Tensor], second: dict[str, Tensor]) -> bool:
    return all(torch.equal(first[name], second[name]) for name in first)


class Spy(nn.Module):
    """A network with one weight, which notes the inputs of every training batch."""

    def __init__(self, penalty: float = 0.0) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(()))
        self.penalty = penalty
        self.batches: list[Tensor] = []

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        self.batches.append(x.detach().clone())
        return self.weight * x, torch.tensor(self.penalty)

    def reconstruct(self, x: Tensor) -> tuple[Tensor, Tensor]:
        return self.weight * x, x[:, 0]


# --- the loop -----------------------------------------------------------------------------------


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("bottleneck", [LinearBottleneck, GaussianBottleneck])
def test_training_lowers_the_loss_and_moves_every_weight(family: str, bottleneck: Any) -> None:
    net, data = network(family, bottleneck), examples(30)
    before, start = weights_of(net), evaluate(net, data)
    history = train(net, data, None, schedule(n_epochs=30))
    assert history[-1]["loss"] < 0.8 * history[0]["loss"]
    assert evaluate(net, data) < 0.7 * start
    after = weights_of(net)
    assert [name for name in before if torch.equal(before[name], after[name])] == []


@pytest.mark.parametrize("n_runs", [1, 2, 9, 100, 1000])
def test_automatic_batches_hold_every_run_once(n_runs: int) -> None:
    inputs = torch.arange(float(n_runs)).view(n_runs, 1, 1)
    spy, rule = Spy(), schedule(batch_size="auto", n_epochs=1)
    train(spy, data_of(inputs), None, rule)
    assert sorted(int(run) for batch in spy.batches for run in batch) == list(range(n_runs))
    assert {len(batch) for batch in spy.batches[:-1]} <= {rule.batch_size_for(n_runs)}


@pytest.mark.parametrize(("n_runs", "sizes"), [(8, [4, 4]), (9, [4, 4, 1]), (3, [3]), (1, [1])])
def test_every_run_is_used_once_an_epoch_and_a_last_small_batch_too(
    n_runs: int, sizes: list[int]
) -> None:
    inputs = torch.arange(float(n_runs)).view(n_runs, 1, 1).expand(-1, *SHAPE)
    spy = Spy()
    train(spy, data_of(inputs), None, schedule(n_epochs=3))
    assert [len(b) for b in spy.batches] == sizes * 3
    orders = []
    for epoch in range(3):
        part = spy.batches[epoch * len(sizes) : (epoch + 1) * len(sizes)]
        orders.append([int(run[0, 0]) for batch in part for run in batch])
        assert sorted(orders[-1]) == list(range(n_runs))
    assert n_runs < 8 or len({tuple(order) for order in orders}) == 3  # each in another order


def test_weights_are_picked_with_their_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    inputs = torch.arange(9.0).view(9, 1, 1).expand(-1, *SHAPE)
    data = data_of(inputs, (inputs.int() % 2 == 0).numpy())
    picked: list[Batch] = []
    pick = Examples.pick

    def noting(self: Examples, index: Any) -> Batch:
        picked.append(pick(self, index))
        return picked[-1]

    monkeypatch.setattr(Examples, "pick", noting)
    train(Spy(), data, None, schedule(n_epochs=1))
    assert sum(len(p.inputs) for p in picked) == 9
    assert all(torch.equal(p.weights, p.inputs.int() % 2 == 0) for p in picked)


def test_the_history_holds_every_epoch_and_means_over_runs() -> None:
    net, data = Spy(penalty=0.5), examples(9)
    history = train(net, data, examples(5, seed=1), schedule(lr=1e-30))
    assert [h["epoch"] for h in history] == [0, 1, 2, 3, 4]
    assert set(history[0]) == {"epoch", "loss", "validation_loss", "penalty"}
    with torch.no_grad():
        net.weight.fill_(3.0)
    (entry,) = train(net, data, examples(5, seed=1), schedule(lr=1e-30, n_epochs=1))
    expected = 4 * float(data.inputs.square().mean())  # the residual is twice the input
    assert entry["loss"] == pytest.approx(expected, rel=1e-5)
    validation = 4 * float(examples(5, seed=1).inputs.square().mean())
    assert entry["validation_loss"] == pytest.approx(validation, rel=1e-5)
    assert entry["penalty"] == pytest.approx(0.5)


def test_without_validation_all_epochs_are_run_and_the_last_weights_kept() -> None:
    net, data = network(), examples(9)
    history = train(net, data, None, schedule(n_epochs=12, patience=1))
    assert len(history) == 12
    assert all(math.isnan(h["validation_loss"]) for h in history)
    assert not net.training


def scripted(
    monkeypatch: pytest.MonkeyPatch, net: nn.Module, losses: list[float]
) -> list[dict[str, Tensor]]:
    """Let validation give these losses; return the weights at every one of them."""
    seen: list[dict[str, Tensor]] = []

    def evaluate(*args: Any) -> float:
        seen.append(weights_of(net))
        return losses[len(seen) - 1]

    monkeypatch.setattr(training, "evaluate", evaluate)
    return seen


def test_the_best_weights_are_kept_by_copy(monkeypatch: pytest.MonkeyPatch) -> None:
    net = network()
    seen = scripted(monkeypatch, net, [5.0, 4.0, 1.0, 3.0, 2.0])
    history = train(net, examples(9), examples(5), schedule())
    assert len(history) == 5
    assert same(weights_of(net), seen[2])
    assert not same(seen[2], seen[4])


def test_validation_that_rises_from_the_start_keeps_the_first_epoch() -> None:
    net, data = network(), examples(9)
    # What training makes worse: runs of the opposite sign of a network that learns a constant.
    constant = data_of(torch.full((9, *SHAPE), 2.0))
    history = train(net, constant, data_of(-constant.inputs), schedule(n_epochs=8))
    losses = [h["validation_loss"] for h in history]
    assert losses.index(min(losses)) == 0
    assert evaluate(net, data_of(-constant.inputs)) == pytest.approx(min(losses), rel=1e-5)
    assert evaluate(net, data) > 0


@pytest.mark.parametrize(
    ("patience", "losses", "n_epochs"),
    [
        (1, [3.0, 4.0], 2),
        (2, [3.0, 2.0, 4.0, 2.0], 4),  # equal is no better
        (3, [3.0, 4.0, 4.0, 2.0, 5.0, 5.0, 5.0], 7),
        (3, [math.nan, math.nan, 1.0, 2.0, 2.0, 2.0], 6),
        (None, [3.0, *[4.0] * 7], 8),
    ],
)
def test_patience_ends_training_that_brings_no_more(
    monkeypatch: pytest.MonkeyPatch, patience: int | None, losses: list[float], n_epochs: int
) -> None:
    net = network()
    seen = scripted(monkeypatch, net, losses)
    rule = schedule(n_epochs=8, patience=patience)
    history = train(net, examples(9), examples(5), rule)
    assert len(history) == n_epochs
    assert same(weights_of(net), seen[int(np.nanargmin(losses[:n_epochs]))])


def test_the_loss_leaves_gaps_out() -> None:
    rng = np.random.default_rng(0)
    observed = rng.random((4, *SHAPE)) < 0.6
    observed[0] = False
    data = examples(4, observed=observed)
    net = Spy()
    with torch.no_grad():
        net.weight.fill_(1.5)
    squares = []
    for run, timestep, channel in np.ndindex(4, *SHAPE):
        if observed[run, timestep, channel]:
            squares.append((0.5 * float(data.inputs[run, timestep, channel])) ** 2)
    expected = sum(squares) / len(squares)
    assert evaluate(net, data) == pytest.approx(expected, rel=1e-5)
    (entry,) = train(net, data, None, schedule(n_epochs=1, lr=1e-30))
    assert entry["loss"] == pytest.approx(expected, rel=1e-5)


def test_what_stands_in_a_gap_has_no_influence_on_the_loss() -> None:
    observed = np.ones((4, *SHAPE), dtype=bool)
    observed[:, 2] = False
    data = examples(4, observed=observed)
    other = data.inputs.clone()
    other[:, 2] = 1e3
    net = Spy()
    with torch.no_grad():
        net.weight.zero_()
    assert evaluate(net, data) == evaluate(net, data_of(other, observed))


def test_runs_without_any_observed_value_have_no_loss() -> None:
    data = examples(3, observed=np.zeros((3, *SHAPE), dtype=bool))
    net = network()
    history = train(net, data, data, schedule(n_epochs=2))
    assert [h["loss"] for h in history] == [h["validation_loss"] for h in history] == [0, 0]


def test_noise_changes_the_inputs_but_not_what_they_are_compared_with() -> None:
    data = data_of(torch.ones(200, *SHAPE))
    spy = Spy()
    (entry,) = train(spy, data, None, schedule(noise=0.3, n_epochs=1, batch_size=200, lr=1e-30))
    (seen,) = spy.batches
    assert float((seen - 1).std()) == pytest.approx(0.3, rel=0.1)
    assert float(seen.mean()) == pytest.approx(1, abs=0.05)
    assert torch.equal(data.inputs, torch.ones(200, *SHAPE))
    expected = float((seen - 1).square().mean())  # compared with the clean inputs
    assert entry["loss"] == pytest.approx(expected, rel=1e-5)


def test_there_is_no_noise_unless_asked_for() -> None:
    spy, data = Spy(), data_of(torch.ones(9, *SHAPE))
    train(spy, data, None, schedule(n_epochs=1))
    assert all((batch == 1).all() for batch in spy.batches)


def test_gradients_are_clipped_at_every_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    norms: list[tuple[float, float]] = []
    clip = torch.nn.utils.clip_grad_norm_

    def noting(parameters: Any, max_norm: float) -> Tensor:
        parameters = list(parameters)
        before = clip(parameters, max_norm)
        after = torch.stack([p.grad.norm() for p in parameters if p.grad is not None]).norm()
        norms.append((float(before), float(after)))
        return before

    monkeypatch.setattr(torch.nn.utils, "clip_grad_norm_", noting)
    data = data_of(1e3 * examples(9).inputs)
    train(network(), data, None, schedule(n_epochs=2))
    assert len(norms) == 2 * 3
    assert all(before > CLIP_NORM for before, _ in norms)
    assert all(after <= CLIP_NORM * 1.001 for _, after in norms)


def test_the_penalty_counts_by_its_weight() -> None:
    data = examples(30)
    penalties = []
    for kl_weight in (0.0, 10.0):
        torch.manual_seed(0)
        net = network("FC", GaussianBottleneck)
        history = train(net, data, None, schedule(n_epochs=20, kl_weight=kl_weight))
        penalties.append(history[-1]["penalty"])
    assert penalties[1] < 0.1 * penalties[0]


def test_training_that_diverges_says_so() -> None:
    text = "training diverged in epoch 0: lower lr, it is 0.01"
    data = data_of(torch.full((9, *SHAPE), 1e30))
    with pytest.raises(ValueError, match=f"^{re.escape(text)}$"):
        train(network(), data, None, schedule())


@pytest.mark.parametrize("progress", [False, True])
def test_progress_is_shown_only_if_asked_for(
    progress: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    train(network(), examples(9), None, schedule(n_epochs=2, progress=progress))
    printed = capsys.readouterr()
    assert printed.out == ""
    assert ("epochs" in printed.err) == progress


@pytest.mark.parametrize("bottleneck", [LinearBottleneck, GaussianBottleneck])
def test_reconstruction_in_batches_is_that_of_all_at_once(
    monkeypatch: pytest.MonkeyPatch, bottleneck: Any
) -> None:
    net, inputs = network("FC", bottleneck).train(), waves(11)
    whole, codes = reconstruct(net, inputs)
    monkeypatch.setattr(batches, "MAX_BATCH_VALUES", 4 * math.prod(SHAPE))
    sizes: list[int] = []
    original = net.reconstruct
    monkeypatch.setattr(net, "reconstruct", lambda x: (sizes.append(len(x)), original(x))[1])
    parts, part_codes = reconstruct(net, inputs)
    assert sizes == [4, 4, 3]
    np.testing.assert_allclose(parts, whole, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(part_codes, codes, rtol=1e-5, atol=1e-6)
    assert parts.dtype == np.float32 and not net.training


def test_evaluation_in_batches_is_that_of_all_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    net, data = network(), examples(11)
    at_once = evaluate(net, data)
    monkeypatch.setattr(batches, "MAX_BATCH_VALUES", 4 * math.prod(SHAPE))
    assert evaluate(net, data) == pytest.approx(at_once, rel=1e-5)


@pytest.mark.parametrize("steps", [(), [ChannelPCA(1)]])
def test_examples_hold_inputs_and_where_they_count(steps: Any) -> None:
    values = waves(5).astype(float)
    values[2, 3, 1] = np.nan
    prepared = Preprocessor(None, steps, "channel").fit_transform(Runs(values))
    data = Examples(prepared, CPU)
    assert data.inputs.shape == (5, SHAPE[0], 2 - len(steps))
    assert torch.equal(data.inputs, torch.from_numpy(prepared.inputs))
    weights = data.pick(slice(None)).weights
    assert weights is not None
    assert np.argwhere(~weights.numpy()).tolist() == [[2, 3, 1 - len(steps)]]
    assert Examples(prepare(5), CPU).pick(slice(None)).weights is None


# --- random numbers, threads, devices -----------------------------------------------------------


def test_a_seed_gives_the_same_numbers_and_leaves_the_global_state_alone() -> None:
    before = torch.get_rng_state()
    drawn = []
    for _ in range(2):
        with seeded(7, CPU):
            drawn.append(torch.randn(3).tolist())
    assert drawn[0] == drawn[1]
    assert torch.equal(torch.get_rng_state(), before)
    with seeded(8, CPU):
        assert torch.randn(3).tolist() != drawn[0]


def test_the_global_state_is_restored_after_an_error() -> None:
    before = torch.get_rng_state()
    with pytest.raises(KeyError), seeded(7, CPU):
        raise KeyError(torch.randn(3))
    assert torch.equal(torch.get_rng_state(), before)


def test_a_seed_on_the_cpu_leaves_other_devices_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    seeds: list[int] = []
    monkeypatch.setattr(torch.cuda, "manual_seed_all", seeds.append)
    monkeypatch.setattr(torch.cuda, "manual_seed", seeds.append)
    with seeded(7, CPU):
        assert torch.initial_seed() == 7
    assert seeds == []


@pytest.mark.gpu
def test_a_seed_on_cuda_gives_the_same_numbers_and_leaves_its_state_alone() -> None:
    cuda = torch.device("cuda")
    before = torch.cuda.get_rng_state()
    drawn = []
    for _ in range(2):
        with seeded(7, cuda):
            drawn.append(torch.randn(3, device=cuda).tolist())
    assert drawn[0] == drawn[1]
    assert torch.equal(torch.cuda.get_rng_state(), before)


@pytest.mark.parametrize(("n_threads", "inside"), [(1, 1), (3, 3), (None, 2)])
def test_threads_are_set_and_restored(n_threads: int | None, inside: int) -> None:
    torch.set_num_threads(2)
    with threads(n_threads):
        assert torch.get_num_threads() == inside
    assert torch.get_num_threads() == 2


def test_threads_are_restored_after_an_error() -> None:
    torch.set_num_threads(2)
    with pytest.raises(KeyError), threads(1):
        raise KeyError
    assert torch.get_num_threads() == 2


@pytest.mark.parametrize("random_state", [0, 42, np.int64(7), 2**63])
def test_an_integer_gives_the_same_seed_each_time(random_state: Any) -> None:
    assert draw_seed(random_state) == draw_seed(random_state) == draw_seed(int(random_state))


@pytest.mark.parametrize("make", [np.random.RandomState, np.random.default_rng])
def test_a_generator_gives_a_seed_that_its_own_seed_repeats(make: Any) -> None:
    generator = make(3)
    seeds = [draw_seed(generator), draw_seed(generator)]
    assert seeds[0] != seeds[1]
    assert draw_seed(make(3)) == seeds[0]


def test_no_random_state_gives_a_new_seed_each_time_and_no_global_number_is_drawn() -> None:
    before = np.random.get_state()[1].tolist()
    assert len({draw_seed(None) for _ in range(5)}) == 5
    assert np.random.get_state()[1].tolist() == before


def test_seeds_of_successive_integers_differ_and_torch_takes_them() -> None:
    seeds = [draw_seed(i) for i in range(100)]
    assert len(set(seeds)) == 100
    for seed in (*seeds, draw_seed(np.random.default_rng(0))):
        assert type(seed) is int
        with seeded(seed, CPU):
            pass


def test_the_device_is_the_one_asked_for() -> None:
    assert choose_device("cpu") == CPU
    assert choose_device(None).type == ("cuda" if torch.cuda.is_available() else "cpu")


@pytest.mark.parametrize("device", ["gpu", "", "cuda:99", 1.5])
def test_a_device_that_cannot_be_used_is_named_with_its_reason(device: Any) -> None:
    with pytest.raises(ValueError, match=r"cannot be used") as caught:
        choose_device(device)
    try:
        torch.zeros(1, device=torch.device(device))
    except (RuntimeError, AssertionError, TypeError) as error:
        reason = str(error).splitlines()[0]
    assert str(caught.value) == f"device {device!r} cannot be used ({reason}): try device='cpu'"


# --- calibration --------------------------------------------------------------------------------


@pytest.mark.parametrize("n_runs", [2, 3, 4, 5, 7, 50])
def test_without_a_large_validation_part_every_run_is_held_out_once(n_runs: int) -> None:
    folds = held_out_folds(fixed_order(n_runs), 0.1)
    assert len(folds) == min(MAX_FOLDS, n_runs)
    assert sorted(np.concatenate(folds).tolist()) == list(range(n_runs))
    sizes = [len(fold) for fold in folds]
    assert max(sizes) - min(sizes) <= 1


@pytest.mark.parametrize("fraction", [0.1, 0.3, 0.9])
def test_a_large_validation_part_is_what_is_held_out(fraction: float) -> None:
    n_runs = math.ceil(MIN_VALIDATION_RUNS / fraction)
    (fold,) = held_out_folds(fixed_order(n_runs), fraction)
    assert len(fold) == round(n_runs * fraction) >= MIN_VALIDATION_RUNS
    assert len(set(fold.tolist())) == len(fold)
    assert fold.min() >= 0 and fold.max() < n_runs
    assert fold.tolist() != list(range(len(fold)))  # drawn, not the first ones


def test_one_run_fewer_than_needed_goes_over_folds() -> None:
    n_runs = 2 * MIN_VALIDATION_RUNS
    assert len(held_out_folds(fixed_order(n_runs), 0.5)) == 1
    assert len(held_out_folds(fixed_order(n_runs - 2), 0.5)) == MAX_FOLDS
    assert len(held_out_folds(fixed_order(10 * MIN_VALIDATION_RUNS), 0.0)) == MAX_FOLDS


def test_a_part_that_leaves_no_run_to_train_on_goes_over_folds() -> None:
    assert len(held_out_folds(fixed_order(MIN_VALIDATION_RUNS + 1), 0.99)) == MAX_FOLDS


class Calibrated(SimpleNamespace):
    """What `train_calibrated` did: one record a network, in the order of training."""

    trained: Any
    held_out: Any
    records: list[Any]


def calibrate(
    monkeypatch: pytest.MonkeyPatch, prepared: Prepared, fraction: float, **changes: Any
) -> Calibrated:
    """Note on which runs each network was trained and validated, and which it reconstructed."""
    records: list[Any] = []

    def train_noted(net: Any, data: Examples, validation: Examples | None, rule: Schedule) -> Any:
        records.append(
            SimpleNamespace(
                net=net, rule=rule, reconstructed=[], known=data.pick(slice(None)).inputs
            )
        )
        records[-1].validation = None if validation is None else validation.pick(slice(None)).inputs
        records[-1].history = train(net, data, validation, rule)
        return records[-1].history

    def reconstruct_noted(net: Any, inputs: Any) -> Any:
        (record,) = [r for r in records if r.net is net]
        record.reconstructed.append(inputs)
        return reconstruct(net, inputs)

    monkeypatch.setattr(calibration, "train", train_noted)
    monkeypatch.setattr(calibration, "reconstruct", reconstruct_noted)
    rule = schedule(**{"n_epochs": 3, **changes})
    trained, held_out = train_calibrated(lambda _: network(), prepared, rule, fraction, CPU)
    return Calibrated(trained=trained, held_out=held_out, records=records)


def positions(inputs: Any, prepared: Prepared) -> list[int]:
    """Which of the prepared runs these are; no two of them are equal."""
    runs = [run.tobytes() for run in prepared.inputs]
    return [runs.index(np.asarray(run).tobytes()) for run in inputs]


def test_no_run_calibrates_a_network_that_was_trained_on_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    prepared = prepare(23, n_gaps=4)
    done = calibrate(monkeypatch, prepared, 0.1)
    _, *folds, final = done.records
    assert len(folds) == MAX_FOLDS
    found: list[int] = []
    for fold in folds:
        known = positions(fold.known, prepared)
        held_out = positions(fold.reconstructed[-1], prepared)
        assert fold.validation is None  # a run that chose the epoch would look too usual
        assert sorted(known + held_out) == list(range(23))  # so none is in both
        found += held_out
    assert found == done.held_out.positions.tolist()
    assert sorted(found) == list(range(23))
    assert positions(final.known, prepared) == list(range(23)) and final.validation is None
    assert done.trained.network is final.net


def test_the_held_out_reconstructions_are_those_of_the_folds_networks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    prepared = prepare(12)
    done = calibrate(monkeypatch, prepared, 0.1)
    expected, t2 = [], []
    for fold in done.records[1:-1]:
        held_out = np.array(positions(fold.reconstructed[-1], prepared))
        kept = np.setdiff1d(np.arange(12), held_out)
        _, codes = reconstruct(fold.net, prepared.inputs[kept])
        values, held_out_codes = reconstruct(fold.net, prepared.inputs[held_out])
        expected.append(values)
        t2.append(LatentDistribution().fit(codes).t2(held_out_codes))
    np.testing.assert_allclose(done.held_out.reconstruction, np.concatenate(expected), rtol=1e-5)
    np.testing.assert_allclose(done.held_out.t2, np.concatenate(t2), rtol=1e-4)


def test_a_validation_part_calibrates_the_network_that_is_kept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    n_runs = 2 * MIN_VALIDATION_RUNS
    prepared = prepare(n_runs)
    done = calibrate(monkeypatch, prepared, 0.5)
    (record,) = done.records
    known, validation = (positions(x, prepared) for x in (record.known, record.validation))
    assert sorted(known + validation) == list(range(n_runs))
    assert done.held_out.positions.tolist() == validation
    values, codes = reconstruct(record.net, prepared.inputs[validation])
    np.testing.assert_allclose(done.held_out.reconstruction, values)
    np.testing.assert_allclose(done.held_out.t2, done.trained.latent.t2(codes))
    assert done.trained.network is record.net and done.trained.history is record.history


def test_folds_and_the_network_that_is_kept_are_trained_alike(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    done = calibrate(monkeypatch, prepare(10), 0.1, n_epochs=30, lr=0.5)
    first, *folds, final = done.records
    assert positions(first.known, prepare(10)) == positions(folds[0].known, prepare(10))
    best = 1 + int(np.argmin([epoch["validation_loss"] for epoch in first.history]))
    assert 1 <= best < 30, "this rate spoils the network, so that the last epoch is not the best"
    assert [record.rule.n_epochs for record in (*folds, final)] == [best] * (MAX_FOLDS + 1)
    assert [len(record.history) for record in (*folds, final)] == [best] * (MAX_FOLDS + 1)


def test_every_network_starts_from_its_own_training_runs() -> None:
    seen: list[int] = []

    def make(data: Examples) -> Autoencoder:
        seen.append(len(data))
        return network()

    train_calibrated(make, prepare(11), schedule(n_epochs=1), 0.1, CPU)
    assert seen[0] == seen[1] and sorted(seen[1:]) == [8, 9, 9, 9, 9, 11] and seen[-1] == 11


@pytest.mark.parametrize("batch", [1, 4, 100])
def test_codes_are_those_of_the_reconstruction(monkeypatch: pytest.MonkeyPatch, batch: int) -> None:
    monkeypatch.setattr(batches, "MAX_BATCH_VALUES", batch * math.prod(SHAPE))
    net, inputs = network(), waves(11)
    net.train()
    codes = encode(net, data_of(inputs))
    assert not net.training
    np.testing.assert_array_equal(codes, reconstruct(net, inputs)[1])


@pytest.mark.parametrize("n_runs", [2, 3])
def test_very_few_runs_are_enough(n_runs: int) -> None:
    prepared = prepare(n_runs)
    trained, held_out = train_calibrated(lambda _: network(), prepared, schedule(), 0.1, CPU)
    assert held_out.reconstruction.shape == prepared.inputs.shape
    assert np.isfinite(held_out.t2).all() and held_out.t2.shape == (n_runs,)
    assert len(trained.history) >= 1
