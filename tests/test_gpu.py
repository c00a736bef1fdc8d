"""Detectors on CUDA: what they learn there is worth the same on the CPU."""

from pathlib import Path

import numpy as np
import pytest
import torch
from waves import as_matrix

from tsad_plugin import LSTMVAE, FCAutoEncoder, WindowedDetector, load, save
from tsad_plugin.autoencoder import SequenceAutoEncoder
from tsad_plugin.detectors import ALL

pytestmark = pytest.mark.gpu
every_detector = pytest.mark.parametrize("cls", ALL)
# cuDNN may use TF32, and sums in another order: the digits that a score keeps across devices.
ALIKE = {"rtol": 1e-2}


def fitted(cls: type[SequenceAutoEncoder], device: str | None = "cuda") -> SequenceAutoEncoder:
    return cls(n_epochs=5, device=device, random_state=0).fit(as_matrix(60))


@every_detector
def test_a_network_learned_on_cuda_scores_alike_on_the_cpu(cls: type[SequenceAutoEncoder]) -> None:
    detector, new = fitted(cls), as_matrix(40, seed=1)
    on_cuda = detector.decision_function(new)
    on_cpu = detector.set_params(device="cpu").decision_function(new)
    np.testing.assert_allclose(on_cpu, on_cuda, **ALIKE)


@every_detector
def test_a_seed_gives_the_same_scores_on_every_fit_on_cuda(cls: type[SequenceAutoEncoder]) -> None:
    first, second = fitted(cls), fitted(cls)
    np.testing.assert_allclose(first.decision_scores_, second.decision_scores_, **ALIKE)
    np.testing.assert_allclose(first.threshold_, second.threshold_, **ALIKE)


@every_detector
def test_cuda_learns_what_the_cpu_learns(cls: type[SequenceAutoEncoder]) -> None:
    losses = {}
    for device in ("cuda", "cpu"):
        detector = cls(n_epochs=40, lr=1e-2, patience=None, device=device, random_state=0)
        history = detector.fit(as_matrix(60)).history_
        losses[device] = history[-1]["loss"]
        assert losses[device] < 0.8 * history[0]["loss"]
    assert 0.5 < losses["cuda"] / losses["cpu"] < 2  # other random numbers, the same learning


@pytest.mark.parametrize("linear_path", [False, True])
def test_a_fitted_detector_lives_on_the_cpu(linear_path: bool) -> None:
    detector = FCAutoEncoder(n_epochs=2, device="cuda", linear_path=linear_path)
    detector.fit(as_matrix(60)).decision_function(as_matrix(10))
    assert {p.device.type for p in detector.network_.parameters()} == {"cpu"}


def test_without_a_device_cuda_is_taken() -> None:
    torch.cuda.reset_peak_memory_stats()
    before = torch.cuda.memory_allocated()
    fitted(FCAutoEncoder, device=None)
    assert torch.cuda.max_memory_allocated() > before


def test_a_model_of_cuda_is_loaded_where_it_is_scored_on_the_cpu(tmp_path: Path) -> None:
    detector, new = fitted(LSTMVAE), as_matrix(20, seed=2)
    save(detector, tmp_path / "model")
    again = load(tmp_path / "model").set_params(device="cpu")
    np.testing.assert_allclose(
        again.decision_function(new), detector.decision_function(new), **ALIKE
    )


def test_the_cpus_and_cudas_random_states_are_left_alone() -> None:
    before = torch.get_rng_state(), torch.cuda.get_rng_state()
    fitted(LSTMVAE)
    assert torch.equal(torch.get_rng_state(), before[0])
    assert torch.equal(torch.cuda.get_rng_state(), before[1])


@every_detector
def test_windows_of_a_series_are_scored_on_cuda_as_on_the_cpu(
    cls: type[SequenceAutoEncoder],
) -> None:
    rng, t = np.random.default_rng(0), np.arange(1200)[:, None]
    series = np.sin(t / [5, 7]) + 0.1 * rng.normal(size=(1200, 2))
    series[300:305, 0] = np.nan
    detector = WindowedDetector(cls(n_epochs=3, device="cuda", random_state=0), 20).fit(series)
    on_cuda = detector.decision_function(series)
    detector.detector_.set_params(device="cpu")
    np.testing.assert_allclose(detector.decision_function(series), on_cuda, **ALIKE)
