"""Encoders, bottlenecks and decoders: shapes, the time axis, chance, and the start at PCA."""

import itertools
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from sklearn.decomposition import PCA
from torch import Tensor, nn

from tsad_plugin.layers import CELLS, CNN1DEncoder, LSTMDecoder, LSTMEncoder
from tsad_plugin.networks import (
    AMPLITUDE,
    FAMILIES,
    MAX_PATCHES,
    Autoencoder,
    Bottleneck,
    GaussianBottleneck,
    LinearBottleneck,
    build,
    start_at_pca,
    usable_latent_dim,
)
from tsad_plugin.training import seeded, threads

BOTTLENECKS = [LinearBottleneck, GaussianBottleneck]
OPTIONS: dict[str, dict[str, Any]] = {
    "FC": {},
    "LSTM": {"cell": "lstm", "patch_size": "auto"},
    "CNN1D": {"kernel_size": 5},
}

every_family = pytest.mark.parametrize("family", FAMILIES)
every_bottleneck = pytest.mark.parametrize("bottleneck", BOTTLENECKS)


@pytest.fixture(autouse=True)
def one_thread_and_one_seed() -> Any:
    with threads(1), seeded(0, torch.device("cpu")):
        yield


def network(
    family: str,
    shape: tuple[int, int],
    bottleneck: Callable[[int, int], Bottleneck] = LinearBottleneck,
    latent_dim: int = 3,
    hidden_dims: tuple[int, ...] = (8, 6),
    linear_path: bool = False,
    **options: Any,
) -> Autoencoder:
    options = {**OPTIONS[family], **options}
    chosen = FAMILIES[family]
    return build(chosen, bottleneck, shape, latent_dim, hidden_dims, linear_path, **options)


# --- shapes -------------------------------------------------------------------------------------


def test_every_family_has_options_here() -> None:
    assert {name: tuple(options) for name, options in OPTIONS.items()} == {
        name: family.options for name, family in FAMILIES.items()
    }


@every_family
@every_bottleneck
@pytest.mark.parametrize("linear_path", [False, True])
@pytest.mark.parametrize("n_timesteps", [2, 3, 4, 7, 16, 33, 70])
@pytest.mark.parametrize("n_channels", [1, 3])
def test_a_reconstruction_has_the_shape_of_the_run(
    family: str, bottleneck: Any, linear_path: bool, n_timesteps: int, n_channels: int
) -> None:
    shape = (n_timesteps, n_channels)
    net = network(family, shape, bottleneck, linear_path=linear_path)
    x = torch.randn(5, *shape)
    latent_dim = min(3, usable_latent_dim(3, shape))
    reconstruction, penalty = net(x)
    assert reconstruction.shape == x.shape and penalty.shape == ()
    assert net.encode(x).shape == (5, latent_dim)
    reconstruction, code = net.reconstruct(x)
    assert reconstruction.shape == x.shape and code.shape == (5, latent_dim)


@every_family
@pytest.mark.parametrize("hidden_dims", [(4,), (9, 5, 4), (2, 2, 2, 2)])
def test_any_number_of_layers_fits(family: str, hidden_dims: tuple[int, ...]) -> None:
    net = network(family, (11, 2), hidden_dims=hidden_dims)
    assert net(torch.randn(4, 11, 2))[0].shape == (4, 11, 2)


@pytest.mark.parametrize("kernel_size", [1, 3, 7, 15])
@pytest.mark.parametrize("n_timesteps", [2, 5, 12])
def test_any_odd_kernel_fits(kernel_size: int, n_timesteps: int) -> None:
    net = network("CNN1D", (n_timesteps, 2), kernel_size=kernel_size)
    assert net(torch.randn(4, n_timesteps, 2))[0].shape == (4, n_timesteps, 2)


def test_rows_of_one_timestep_fit_the_fully_connected_family() -> None:
    fitting = [name for name, family in FAMILIES.items() if family.min_timesteps == 1]
    assert fitting == ["FC"]
    assert network("FC", (1, 6))(torch.randn(4, 1, 6))[0].shape == (4, 1, 6)


@every_family
def test_one_run_is_reconstructed_as_among_others(family: str) -> None:
    net, x = network(family, (9, 2)).eval(), torch.randn(6, 9, 2)
    together, _ = net.reconstruct(x)
    alone = torch.cat([net.reconstruct(run[None])[0] for run in x])
    torch.testing.assert_close(together, alone)


@every_family
def test_every_weight_has_a_part_in_the_reconstruction(family: str) -> None:
    net = network(family, (9, 2), GaussianBottleneck, linear_path=True)
    reconstruction, penalty = net(torch.randn(6, 9, 2))
    (reconstruction.square().sum() + penalty).backward()
    for name, parameter in net.named_parameters():
        assert parameter.grad is not None and parameter.grad.any(), name


@pytest.mark.parametrize(
    ("latent_dim", "shape", "expected"),
    [
        (3, (4, 1), 3),
        (4, (4, 1), 2),
        (16, (4, 1), 2),
        (16, (5, 3), 7),
        (16, (17, 1), 16),
        (5, (1, 2), 1),
        (1, (1, 1), 1),
    ],
)
def test_a_code_has_fewer_values_than_the_run(
    latent_dim: int, shape: tuple[int, int], expected: int
) -> None:
    assert usable_latent_dim(latent_dim, shape) == expected
    net = network("FC", shape, latent_dim=latent_dim)
    assert net.encode(torch.zeros(1, *shape)).shape == (1, expected)


# --- the decoder's last layer -------------------------------------------------------------------


@every_family
def test_the_last_layer_is_linear(family: str) -> None:
    decoder = network(family, (12, 2)).decoder
    code = torch.randn(4, 3)
    with torch.no_grad():
        once = decoder(code)
        decoder.last.weight *= -100
        decoder.last.bias *= -100
        torch.testing.assert_close(decoder(code), -100 * once)
        decoder.last.bias.zero_()
        centred = decoder(code)
        for offset in (-1e3, 1e3):
            decoder.last.bias.fill_(offset)
            torch.testing.assert_close(decoder(code), centred + offset)


# --- recurrent networks -------------------------------------------------------------------------


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("patch_size", [1, 2, 5, 7, 10, 30])
def test_any_patch_size_fits(cell: str, patch_size: int) -> None:
    net = network("LSTM", (10, 2), cell=cell, patch_size=patch_size)
    assert net(torch.randn(4, 10, 2))[0].shape == (4, 10, 2)
    assert all(isinstance(layer, CELLS[cell]) for layer in net.encoder.cells)


@pytest.mark.parametrize("patch_size", [1, 5])
def test_a_recurrent_layer_runs_once_however_long_the_run_is(patch_size: int) -> None:
    n_steps: list[int] = []
    for n_timesteps in (10, 50):
        net = network("LSTM", (n_timesteps, 2), hidden_dims=(8, 6, 4), patch_size=patch_size)
        for module in net.modules():
            if isinstance(module, nn.RNNBase):
                module.register_forward_hook(lambda m, x, y: n_steps.append(x[0].shape[1]))
        net(torch.randn(4, n_timesteps, 2))
    assert n_steps == [10 // patch_size] * (3 + 3) + [50 // patch_size] * (3 + 3)


@pytest.mark.parametrize("n_timesteps", [2, 31, 32, 33, 500, 1001])
def test_automatic_patches_are_single_timesteps_until_there_are_too_many(n_timesteps: int) -> None:
    encoder = network("LSTM", (n_timesteps, 1)).encoder
    n_patches = math.ceil(n_timesteps / encoder.patch_size)
    assert n_patches <= MAX_PATCHES
    # smaller patches would have been too many
    smaller = encoder.patch_size - 1
    assert smaller == 0 or math.ceil(n_timesteps / smaller) > MAX_PATCHES


def test_a_patch_holds_successive_timesteps_and_the_last_is_filled_with_zeros() -> None:
    encoder = LSTMEncoder(7, 2, (4,), "lstm", 3)
    seen: list[Tensor] = []
    encoder.cells[0].register_forward_pre_hook(lambda m, args: seen.append(args[0]))
    x = torch.arange(1, 15.0).view(1, 7, 2)
    encoder(x)
    expected = [[1, 2, 3, 4, 5, 6], [7, 8, 9, 10, 11, 12], [13, 14, 0, 0, 0, 0]]
    assert seen[0].tolist() == [expected]


def test_patches_are_laid_out_one_after_the_other() -> None:
    decoder = LSTMDecoder(7, 2, (4,), 3, "lstm", 3)
    seen: list[Tensor] = []
    decoder.last.register_forward_hook(lambda m, x, y: seen.append(y))
    reconstruction = decoder(torch.randn(1, 3))
    rows = [v for patch in seen[0][0].tolist() for v in patch][: 7 * 2]
    assert reconstruction.flatten().tolist() == rows


def test_plain_and_patched_networks_see_time_in_its_order() -> None:
    for patch_size in (1, 3):
        encoder = LSTMEncoder(12, 1, (4,), "gru", patch_size)
        x = torch.randn(2, 12, 1)
        assert not torch.allclose(encoder(x), encoder(x.flip(1)), atol=1e-3)


# --- convolutions -------------------------------------------------------------------------------


def moved(encoder: CNN1DEncoder, x: Tensor, t: int) -> NDArray[Any]:
    """Which of the features over time (h, t') an impulse at timestep t moves."""
    impulse = x.clone()
    impulse[0, t] += 1
    length = encoder.n_features // encoder.layers[-2].out_channels
    change = (encoder(impulse) - encoder(x)).detach().unflatten(1, (-1, length))
    return np.flatnonzero(change[0].abs().amax(dim=0).numpy())


@pytest.mark.parametrize("kernel_size", [3, 7])
@pytest.mark.parametrize("n_channels", [1, 3])
def test_an_impulse_moves_the_features_of_its_time(kernel_size: int, n_channels: int) -> None:
    encoder = CNN1DEncoder(40, n_channels, (6, 5), kernel_size)
    half = kernel_size // 2
    for t in range(40):
        near = {i for i in range(20) if abs(2 * i - t) <= half}
        near = {j for j in range(10) for i in near if abs(2 * j - i) <= half}
        found = moved(encoder, torch.randn(1, 40, n_channels), t)
        assert set(found.tolist()) == near
        if len(found):
            assert abs(found.mean() - t / 4) < 1.5


def test_a_code_feature_is_decoded_at_its_time() -> None:
    decoder = network("CNN1D", (40, 2), latent_dim=50, kernel_size=3).decoder
    nn.init.zeros_(decoder.first.weight)
    nn.init.zeros_(decoder.first.bias)
    baseline = decoder(torch.zeros(1, 50))
    for place in (0, 4, 9):  # of 10 timesteps after two halvings
        with torch.no_grad():
            decoder.first.bias.zero_().view(decoder.shape)[:, place] = 1.0
        change = (decoder(torch.zeros(1, 50)) - baseline).abs().sum(dim=2)[0]
        places = np.flatnonzero(change.detach().numpy())
        assert abs(places.mean() - 4 * place) < 2 and np.ptp(places) <= 6


# --- bottlenecks --------------------------------------------------------------------------------


def test_a_linear_code_has_no_penalty_and_no_chance() -> None:
    bottleneck, h = LinearBottleneck(5, 2).train(), torch.randn(4, 5)
    (code, penalty), (again, _) = bottleneck(h), bottleneck(h)
    assert penalty.item() == 0
    torch.testing.assert_close(code, h @ bottleneck.mean.weight.T + bottleneck.mean.bias)
    assert torch.equal(code, again)


def test_the_penalty_is_the_divergence_from_a_standard_gaussian() -> None:
    bottleneck, h = GaussianBottleneck(5, 3), torch.randn(4, 5)
    with torch.no_grad():
        _, penalty = bottleneck(h)
        means, log_variances = bottleneck.mean(h), bottleneck.log_variance(h)
    expected = 0.0
    for mean, log_variance in zip(means.flatten().tolist(), log_variances.flatten(), strict=True):
        drawn = torch.distributions.Normal(mean, math.exp(0.5 * float(log_variance)))
        standard = torch.distributions.Normal(0.0, 1.0)
        expected += float(torch.distributions.kl_divergence(drawn, standard)) / 4
    assert penalty.item() == pytest.approx(expected, rel=1e-5)


def test_the_penalty_is_zero_for_a_standard_gaussian_and_finite_far_from_it() -> None:
    bottleneck = GaussianBottleneck(5, 3)
    for parameter in bottleneck.parameters():
        nn.init.zeros_(parameter)
    assert bottleneck(torch.randn(4, 5))[1].item() == 0
    nn.init.constant_(bottleneck.log_variance.bias, 1e6)
    assert math.isfinite(bottleneck(torch.randn(4, 5))[1].item())


def test_a_gaussian_code_is_drawn_around_its_mean_in_training_alone() -> None:
    bottleneck = GaussianBottleneck(5, 3)
    h = torch.randn(1, 5)
    codes = bottleneck.train()(h.expand(20_000, -1))[0].detach()
    std = (0.5 * bottleneck.log_variance(h)).exp().detach()[0]
    torch.testing.assert_close(codes.mean(dim=0), bottleneck.mean(h).detach()[0], atol=0.05, rtol=0)
    torch.testing.assert_close(codes.std(dim=0), std, atol=0, rtol=0.05)
    assert torch.equal(bottleneck.eval()(h)[0], bottleneck.mean(h))


@every_family
def test_a_variational_network_is_random_in_training_and_reconstructs_without_chance(
    family: str,
) -> None:
    net, x = network(family, (9, 2), GaussianBottleneck), torch.randn(6, 9, 2)
    net.train()
    assert not torch.equal(net(x)[0], net(x)[0])
    first, code = net.reconstruct(x)
    assert torch.equal(first, net.reconstruct(x)[0])
    assert torch.equal(code, net.encode(x))
    assert torch.equal(net.eval()(x)[0], net(x)[0])


@every_family
def test_autoencoders_have_no_chance(family: str) -> None:
    net, x = network(family, (9, 2)).train(), torch.randn(6, 9, 2)
    assert torch.equal(net(x)[0], net(x)[0])
    torch.testing.assert_close(net(x)[0], net.reconstruct(x)[0])


def test_the_bottleneck_alone_tells_the_two_kinds_apart() -> None:
    for family in FAMILIES:
        plain, variational = (network(family, (9, 2), b) for b in BOTTLENECKS)
        for part in ("encoder", "decoder"):
            pair = [str(getattr(net, part)) for net in (plain, variational)]
            assert pair[0] == pair[1]
        assert type(plain) is type(variational) is Autoencoder


# --- the linear path ----------------------------------------------------------------------------


def low_rank(n_runs: int, shape: tuple[int, int], rank: int) -> NDArray[Any]:
    """Runs that move in a few directions, around a mean course, with a little noise."""
    rng = np.random.default_rng(0)
    n_values = math.prod(shape)
    sizes = np.linspace(3, 1, rank)
    values = rng.normal(size=(n_runs, rank)) * sizes @ rng.normal(size=(rank, n_values))
    values += rng.normal(size=n_values) + 0.05 * rng.normal(size=(n_runs, n_values))
    return values.reshape(n_runs, *shape).astype(np.float32)


@every_family
@every_bottleneck
@pytest.mark.parametrize(("n_runs", "rank"), [(60, 3), (60, 8), (4, 3)])
def test_before_training_the_linear_path_is_pca(
    family: str, bottleneck: Any, n_runs: int, rank: int
) -> None:
    values = low_rank(n_runs, (12, 2), rank)
    net = network(family, (12, 2), bottleneck, linear_path=True).eval()
    start_at_pca(net, torch.from_numpy(values))
    with torch.no_grad():
        reconstruction, code = net.reconstruct(torch.from_numpy(values))
    pca = PCA(3).fit(values.reshape(n_runs, -1))
    expected_code = pca.transform(values.reshape(n_runs, -1))
    expected = pca.inverse_transform(expected_code).reshape(values.shape)
    np.testing.assert_allclose(reconstruction, expected, rtol=1e-3, atol=1e-3 * values.std())
    np.testing.assert_allclose(code.abs(), AMPLITUDE * np.abs(expected_code), rtol=1e-3, atol=1e-2)


@every_family
def test_fewer_runs_than_code_values_leave_the_rest_of_the_code_unused(family: str) -> None:
    values = low_rank(2, (12, 2), 3)
    net = network(family, (12, 2), latent_dim=6, linear_path=True).eval()
    start_at_pca(net, torch.from_numpy(values))
    with torch.no_grad():
        reconstruction, code = net.reconstruct(torch.from_numpy(values))
    np.testing.assert_allclose(reconstruction, values, atol=1e-3)
    assert not code[:, 2:].any()


@every_family
def test_constant_runs_start_at_themselves(family: str) -> None:
    values = torch.full((5, 12, 2), 0.5)
    net = network(family, (12, 2), linear_path=True).eval()
    start_at_pca(net, values)
    torch.testing.assert_close(net.reconstruct(values)[0], values, atol=1e-4, rtol=0)


@every_family
def test_the_branches_beside_the_linear_path_can_learn(family: str) -> None:
    values = torch.from_numpy(low_rank(40, (12, 2), 8))
    net = network(family, (12, 2), linear_path=True)
    start_at_pca(net, values)
    before = {name: p.detach().clone() for name, p in net.named_parameters()}
    optimizer = torch.optim.AdamW(net.parameters(), lr=1e-3)
    for _ in range(3):
        optimizer.zero_grad()
        (net(values)[0] - values).square().mean().backward()
        optimizer.step()
    still = [n for n, p in net.named_parameters() if torch.equal(p, before[n])]
    assert still == []


def test_the_linear_path_is_added_to_the_branches() -> None:
    net = network("FC", (5, 2), linear_path=True)
    x = torch.randn(4, 5, 2)
    encoder, decoder = net.encoder, net.decoder
    features = torch.cat([encoder.encoder(x), encoder.projection(x.flatten(1))], dim=1)
    torch.testing.assert_close(encoder(x), features)
    code = torch.randn(4, 3)
    expected = decoder.decoder(code) + decoder.expansion(code).view(4, 5, 2)
    torch.testing.assert_close(decoder(code), expected)


def test_the_families_widths_are_mirrored() -> None:
    net = network("FC", (5, 2), hidden_dims=(8, 6))
    weights = [m for m in net.modules() if isinstance(m, nn.Linear)]
    widths = [(m.in_features, m.out_features) for m in weights]
    assert widths == [*itertools.pairwise([10, 8, 6, 3, 6, 8, 10])]
