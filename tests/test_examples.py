"""The examples run as they stand: short scripts, each with a picture."""

import io
import runpy
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

EXAMPLES = Path(__file__).parents[1] / "examples"

pytestmark = pytest.mark.slow


def run(name: str, *arguments: Any) -> dict[str, Any]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.argv", [name, *map(str, arguments)])
        return runpy.run_path(str(EXAMPLES / name))


def drawn(picture: Path) -> bool:
    return "Plotly.newPlot" in picture.read_text("utf-8")


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.py")), ids=lambda path: path.stem)
def test_an_example_has_at_most_forty_lines(path: Path) -> None:
    assert len(path.read_text("utf-8").splitlines()) <= 40


def test_fermentation_batches_are_found_and_explained(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names = run("fermentation_batches.py", tmp_path / "picture.html")
    out, faulty = capsys.readouterr().out, names["new"].labels != "good"
    assert names["labels"][faulty].mean() >= 0.5 and names["labels"][~faulty].mean() <= 0.1
    assert names["new"].labels[names["new"].position(names["worst"].run)] != "good"
    assert names["worst"].text in out and "left out for their length: F-" in out
    assert drawn(tmp_path / "picture.html")


class Heartbeats(NamedTuple):
    names: dict[str, Any]
    lines: list[str]
    picture: Path


@pytest.fixture(scope="module")
def heartbeats(data_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Heartbeats:
    """The example on ECG5000, or where that is missing on a small set: it trains for minutes."""
    folder = tmp_path_factory.mktemp("heartbeats")
    data, picture = data_dir / "ecg5000", folder / "picture.html"
    with redirect_stdout(io.StringIO()) as out:
        names = run("heartbeats.py", data if data.is_dir() else a_small_set(folder), picture)
    return Heartbeats(names, out.getvalue().splitlines(), picture)


def a_small_set(folder: Path) -> Path:
    for part, seed, n_runs in (("TRAIN", 0, 40), ("TEST", 1, 60)):
        np.savetxt(folder / f"ECG5000_{part}.tsv", beats(n_runs, seed), delimiter="\t", fmt="%g")
    return folder


def beats(n_runs: int, seed: int) -> np.ndarray:
    """Rows of a class and 24 values: three shapes, the first the most frequent."""
    rng = np.random.default_rng(seed)
    labels = np.resize([1, 1, 1, 2, 3], n_runs)
    phase = np.linspace(0, 1, 24)
    shapes = [np.sin(2 * np.pi * phase * k) for k in (1, 2, 3)]
    values = np.stack([shapes[label - 1] for label in labels])
    return np.column_stack([labels, values + 0.1 * rng.normal(size=values.shape)])


def test_heartbeats_are_told_apart_by_each_detector(heartbeats: Heartbeats) -> None:
    lines = heartbeats.lines
    assert len(lines) == 6 * 3 and drawn(heartbeats.picture)
    from_code = [float(line.split()[-1]) for line in lines if "five kinds" in line]
    assert len(from_code) == 6 and min(from_code) > 0.8, lines


@pytest.mark.realdata
def test_heartbeats_are_told_apart_as_the_docs_say(heartbeats: Heartbeats) -> None:
    best: dict[str, float] = {}
    for _, task, accuracy in heartbeats.names["rows"]:
        best[task] = max(best.get(task, 0), accuracy)
    assert best["five kinds, from the code"] >= 0.93
    assert best["abnormal or not, learned from normal beats"] >= 0.95


def test_engine_rows_are_told_apart(tmp_path: Path) -> None:
    names = run("engine_rows.py", tmp_path / "picture.html")
    labels, abnormal = names["labels"], np.arange(len(names["new"])) >= len(names["held_back"])
    assert labels[~abnormal].mean() <= 0.03 and labels[abnormal].mean() >= 0.9
    assert {trace.name for trace in names["figure"].data} == {
        "training", "new, normal", "new, outlier",
    }  # fmt: skip


def test_engine_rows_are_read_from_the_public_file(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    fault = np.resize([0, 0, 0, 0, 1], 400)
    columns = (
        "MAP,TPS,Force,Power,RPM,Consumption L/H,Consumption L/100KM,Speed,CO,HC,CO2,O2,Lambda,AFR"
    )
    values = 10 + rng.normal(size=(400, 14)) + 5 * fault[:, None]
    table = np.column_stack([fault, values])
    header = f"Fault,{columns}"
    file = tmp_path / "EngineFaultDB_Final.csv"
    np.savetxt(file, table, delimiter=",", header=header, comments="", fmt=["%d"] + ["%.4f"] * 14)
    names = run("engine_rows.py", tmp_path / "picture.html", file)
    assert names["X"].shape == (400, 14) and names["labels"][-80:].mean() > 0.9


def test_pyod_with_one_line_changed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    names = run("pyod_one_line.py", tmp_path / "picture.html")
    assert capsys.readouterr().out.count("ROC:") == 2
    detector, truth = names["clf"], names["y_test"]
    assert roc_auc_score(truth, detector.decision_function(names["X_test"])) > 0.95


def test_a_mixed_ensemble_comes_near_its_best_member(tmp_path: Path) -> None:
    names = run("mixed_ensemble.py", tmp_path / "picture.html")
    faulty = names["new"].labels != "good"
    aucs = {name: roc_auc_score(faulty, column) for name, column in names["columns"].items()}
    members = [aucs[name] for name in names["members"]]
    assert len(members) == 4 and max(members) > 0.95
    assert aucs["their maximum"] > max(members) - 0.01
    assert np.mean(members) < aucs["their average"] < max(members)
    assert drawn(tmp_path / "picture.html")


def test_a_fleet_is_told_when_it_failed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    names = run("machine_fleet.py", tmp_path / "picture.html")
    known = names["machines"].timestep_labels
    for failure, states in zip(names["failures"], known, strict=True):
        expected = np.flatnonzero(states == "failed")
        assert (failure is None) == (len(expected) == 0)
        assert failure is None or abs(failure - expected[0]) <= 2
    assert capsys.readouterr().out.count("\n") == 1 + len(known)
    assert drawn(tmp_path / "picture.html")


@pytest.mark.realdata
def test_a_fleet_of_files_is_read(data_dir: Path, tmp_path: Path) -> None:
    names = run("machine_fleet.py", tmp_path / "picture.html", data_dir / "exampleco")
    assert names["failures"][:4] == [397, 1738, 1880, 111]


def test_failures_of_a_pump_are_announced(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names = run("pump.py", tmp_path / "picture.html")
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 7 and all("['faulty', 'failed']" in line for line in lines), lines
    assert len(names["found"]) <= 21  # no more than a fault, a failure and a recovery each
    assert drawn(tmp_path / "picture.html")


@pytest.mark.realdata
def test_a_test_rig_is_judged(
    data_dir: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names = run("skab.py", data_dir / "skab", tmp_path / "picture.html")
    assert "always alarm: F1 0.698" in capsys.readouterr().out
    assert names["f1"] >= 0.79 and np.mean(names["areas"]) >= 0.865
    assert names["flagged"][~names["known"]].mean() <= 0.25
    assert drawn(tmp_path / "picture.html")
