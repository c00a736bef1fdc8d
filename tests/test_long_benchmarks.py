"""What the docs say of long series holds: machines of ExampleCo, SKAB and Tennessee Eastman."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tsad_plugin import LSTMAutoEncoder, PCAReconstruction, Runs, WindowedDetector
from tsad_plugin.datasets import read_exampleco, read_exampleco_times, read_skab, read_tep

pytestmark = [pytest.mark.slow, pytest.mark.realdata]

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"
NAMES = ("common", "long_exampleco", "long_skab", "long_tep")
# Machines that fail without a fault before, and one that is faulty from its first rows on.
SUDDEN, FAULTY_AT_START = ("machine_3", "machine_8"), "machine_4"


@pytest.fixture
def benchmark(monkeypatch: pytest.MonkeyPatch, data_dir: Path) -> Any:
    """Imports a benchmark by its name."""
    monkeypatch.syspath_prepend(BENCHMARKS)
    monkeypatch.setenv("TSAD_DATA", str(data_dir))
    for name in NAMES:
        sys.modules.pop(name, None)
    return importlib.import_module


def machines_beside_the_reference(
    long_exampleco: ModuleType, folder: Path, inside: Any, margin: int
) -> tuple[Runs, pd.DataFrame]:
    machines = read_exampleco(sorted(folder.glob("machine_*.csv.gz")))
    times = read_exampleco_times(folder / "reference.csv")
    normal = long_exampleco.normal_rows(machines, times, margin)
    table = long_exampleco.compared(WindowedDetector(inside).fit(normal), machines, times)
    return machines, table.set_index("machine")


@pytest.mark.parametrize(
    ("inside", "margin"),
    [(PCAReconstruction(), 0), (PCAReconstruction(), 30), (LSTMAutoEncoder(random_state=0), 30)],
    ids=["pca", "pca away from the fault", "lstm away from the fault"],
)
def test_machines_fail_and_are_faulty_when_the_reference_says_so(
    benchmark: Any, data_dir: Path, inside: Any, margin: int
) -> None:
    long_exampleco = benchmark("long_exampleco")
    machines, table = machines_beside_the_reference(
        long_exampleco, data_dir / "exampleco", inside, margin
    )
    assert len(machines) == len(table) == 20
    known = table.dropna(subset="failure_time")
    assert len(known) >= 3 and (known["failure_off"].abs() <= 5).all(), known
    gradual = known.dropna(subset="fault_time").drop(FAULTY_AT_START, errors="ignore")
    assert len(gradual) >= 3 and (gradual["fault_off"].abs() <= 40).all(), gradual
    for name in SUDDEN:
        row = table.loc[name]
        assert pd.isna(row["fault"]) or row["fault"] >= row["failure"], row
    assert table.loc[FAULTY_AT_START, "fault"] < 10
    assert (table["faulty_segments"] <= 1).all(), table


def test_pca_finds_most_anomalous_rows_of_skab(benchmark: Any, data_dir: Path) -> None:
    long_skab = benchmark("long_skab")
    detector = WindowedDetector(PCAReconstruction(), 10)
    parts = long_skab.judged(detector, read_skab(data_dir / "skab"))
    found = long_skab.measures(parts)
    assert len(parts) == 34
    assert found["ROC-AUC"] >= 0.86 and found["F1"] >= 0.79 and found["FAR %"] <= 25, found
    always = [(np.ones(len(y)), np.ones(len(y)), y) for *_, y in parts]
    assert found["F1"] > long_skab.measures(always)["F1"] + 0.08


@pytest.mark.parametrize("name", ["PCAReconstruction", "FC around PCA"])
def test_windows_find_the_faults_of_tennessee_eastman(
    benchmark: Any, data_dir: Path, name: str
) -> None:
    long_tep = benchmark("long_tep")
    false_alarms, found, _ = long_tep.rates(long_tep.DETECTORS[name], read_tep(data_dir / "tep"))
    assert false_alarms <= 0.06 and found >= 0.88
