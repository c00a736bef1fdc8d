"""Long series of real and public sets: what the docs say of them holds for quick detectors."""

import importlib
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pandas as pd
import pytest

from tsad_plugin import LSTMAutoEncoder, PCAReconstruction, WindowedDetector
from tsad_plugin.datasets import read_exampleco, read_exampleco_times, read_skab, read_tep

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"
pytestmark = [pytest.mark.slow, pytest.mark.realdata]


def benchmark(monkeypatch: pytest.MonkeyPatch, data_dir: Path, name: str) -> ModuleType:
    monkeypatch.syspath_prepend(BENCHMARKS)
    monkeypatch.setenv("TSAD_DATA", str(data_dir))
    for module in ("common", name):
        sys.modules.pop(module, None)
    return importlib.import_module(name)


def found_times(
    monkeypatch: pytest.MonkeyPatch, data_dir: Path, inside: Any, margin: int
) -> pd.DataFrame:
    """Times found on the machines that someone looked at, beside theirs."""
    exampleco = benchmark(monkeypatch, data_dir, "long_exampleco")
    folder = data_dir / "exampleco"
    machines = read_exampleco(folder)
    times = read_exampleco_times(folder / "reference.csv")
    training = exampleco.normal_rows(machines, times, margin)
    table = exampleco.compared(WindowedDetector(inside).fit(training), machines, times)
    return table[table["machine"].isin(times["machine"])].set_index("machine")


@pytest.mark.parametrize(
    ("inside", "margin", "within"),
    [
        (PCAReconstruction(), 0, 45),
        (PCAReconstruction(), 30, 45),
        (PCAReconstruction(score="mahalanobis"), 30, 45),
        (LSTMAutoEncoder(), 30, 40),
    ],
    ids=["PCA to the fault", "PCA", "PCA mahalanobis", "LSTM"],
)
def test_exampleco_machines_fail_to_the_row_and_are_faulty_when_someone_saw_it(
    monkeypatch: pytest.MonkeyPatch, data_dir: Path, inside: Any, margin: int, within: int
) -> None:
    table = found_times(monkeypatch, data_dir, inside, margin)
    assert len(table) == 10
    assert (table["failure_off"].abs() <= 5).all()
    healthy = table.index.isin(["machine_3", "machine_8"])
    assert (table["faulty_segments"] == (~healthy).astype(int)).all()
    off = table["fault_off"][~healthy]
    assert off.notna().all() and (off.abs() <= within).all()


def test_anomalies_of_skab_are_found(monkeypatch: pytest.MonkeyPatch, data_dir: Path) -> None:
    skab = benchmark(monkeypatch, data_dir, "long_skab")
    detector = WindowedDetector(PCAReconstruction(), 10)
    found = skab.measures(skab.judged(detector, read_skab(data_dir / "skab")))
    assert found["ROC-AUC"] >= 0.86 and found["F1"] >= 0.79 and found["FAR %"] <= 25


def test_faults_of_the_tennessee_eastman_process_are_found(
    monkeypatch: pytest.MonkeyPatch, data_dir: Path
) -> None:
    tep = benchmark(monkeypatch, data_dir, "long_tep")
    detector = tep.windowed(PCAReconstruction())
    false_alarms, found, found_at_five = tep.rates(detector, read_tep(data_dir / "tep"))
    assert false_alarms <= 0.06 and found >= 0.88 and found_at_five >= 0.9
