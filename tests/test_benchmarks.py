"""What the docs say of IndPenSim holds for a quick detector."""

import importlib
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tsad_plugin import FCVAE, MovingAverage, PopulationBand

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"


@pytest.fixture
def indpensim(monkeypatch: pytest.MonkeyPatch, data_dir: Path) -> ModuleType:
    monkeypatch.syspath_prepend(BENCHMARKS)
    monkeypatch.setenv("TSAD_DATA", str(data_dir))
    for name in ("common", "indpensim"):
        sys.modules.pop(name, None)
    return importlib.import_module("indpensim")


@pytest.mark.slow
@pytest.mark.realdata
def test_a_network_ranks_no_worse_than_the_band_and_points_to_the_faults(
    indpensim: ModuleType,
) -> None:
    normal, faulty, windows = indpensim.batches()
    assert (len(normal), len(faulty), normal.n_channels) == (6, 7, 33)
    options: dict[str, Any] = {
        "length_sigma": None,
        "n_timesteps": 200,
        "steps": [MovingAverage(25)],
    }
    network, band = FCVAE(random_state=0, **options), PopulationBand(**options)
    won = indpensim.pairs_won(network, normal, faulty)
    assert won >= indpensim.pairs_won(band, normal, faulty) - 1  # rounding differs by processor
    found = indpensim.distances(network, faulty, windows)
    assert sum(rows <= indpensim.NEAR for rows in found.values()) >= 4, found
