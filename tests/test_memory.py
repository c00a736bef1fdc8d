"""What is made on the way is made block by block, and the size of a block changes nothing."""

import tracemalloc
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tsad_plugin import FCAutoEncoder, PCAReconstruction, batches, forms
from tsad_plugin.forms import blocks

N_RUNS, SHAPE = 3000, (50, 2)


def waves(n_runs: int, dtype: Any = np.float32) -> NDArray[Any]:
    rng = np.random.default_rng(n_runs)
    courses = np.sin(np.linspace(0, 6, SHAPE[0]))[:, None] + rng.normal(size=(n_runs, *SHAPE))
    return courses.astype(dtype)


def unequal(n_runs: int, gaps: bool) -> list[NDArray[Any]]:
    lengths = np.random.default_rng(0).integers(40, 51, size=n_runs)
    runs = [run[:n] for run, n in zip(waves(n_runs, float), lengths, strict=True)]
    for run in runs[::3] if gaps else ():
        run[5:9, 1] = np.nan
    return runs


def highest(task: Callable[[], object]) -> int:
    """Bytes of NumPy's arrays, at most, that were not there before."""
    tracemalloc.start()
    task()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return peak


def detector(**options: Any) -> FCAutoEncoder:
    return FCAutoEncoder(n_epochs=2, hidden_dims=(8,), latent_dim=3, device="cpu", **options)


@pytest.mark.parametrize("row_size", [1, 7, 10**6, forms.BLOCK_VALUES // 4])
@pytest.mark.parametrize("n_rows", [1, 4, 9])
def test_blocks_are_all_rows_in_order(n_rows: int, row_size: int) -> None:
    rows = np.arange(n_rows)
    parts = [rows[block] for block in blocks(n_rows, row_size)]
    assert np.concatenate(parts).tolist() == rows.tolist()
    assert all(len(part) == 1 or len(part) * row_size <= forms.BLOCK_VALUES for part in parts)


@pytest.mark.parametrize("gaps", [False, True])
@pytest.mark.parametrize("make", [detector, PCAReconstruction])
@pytest.mark.parametrize("score", ["spe", "mahalanobis"])
def test_the_size_of_blocks_changes_no_score(
    monkeypatch: pytest.MonkeyPatch, make: Any, gaps: bool, score: str
) -> None:
    X, new = unequal(40, gaps), unequal(20, gaps)
    whole = make(scaling="phase", score=score).fit(X)
    monkeypatch.setattr(forms, "BLOCK_VALUES", 300)  # three runs
    blockwise = make(scaling="phase", score=score).fit(X)
    for name in ("decision_scores_", "calibration_scores_"):
        np.testing.assert_allclose(getattr(blockwise, name), getattr(whole, name), rtol=1e-5)
    np.testing.assert_allclose(
        blockwise.decision_function(new), whole.decision_function(new), rtol=1e-5
    )


@pytest.mark.parametrize("score", ["spe", "mahalanobis"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_fit_holds_the_runs_about_twice(
    monkeypatch: pytest.MonkeyPatch, dtype: Any, score: str
) -> None:
    monkeypatch.setattr(forms, "BLOCK_VALUES", 10_000)
    X = waves(N_RUNS, dtype)
    assert highest(lambda: detector(score=score).fit(X)) < 2.6 * X.size * 4


def test_scoring_holds_a_batch_however_many_runs_there_are(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fitted, few, many = detector().fit(waves(100)), waves(1000), waves(10_000)
    monkeypatch.setattr(batches, "MAX_BATCH_VALUES", 20_000)  # two hundred runs
    fitted.decision_function(few)
    more = highest(lambda: fitted.decision_function(many)) - highest(
        lambda: fitted.decision_function(few)
    )
    assert more < 0.1 * (
        many.nbytes - few.nbytes
    )  # numbers of a run: its id, its length, its score
