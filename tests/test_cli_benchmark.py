"""`tsad benchmark`: what it compares, what it writes, and how it goes on and refuses."""

import json
import re
import shutil
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from commands import done, named, refusal, tsad, waves

from tsad_plugin import KSigma, OnRuns, PCAReconstruction, Runs, benchmark
from tsad_plugin import html_report as reports
from tsad_plugin.cli import benchmark as command
from tsad_plugin.cli.compared import COMPARED, read_data, read_detectors, simulated
from tsad_plugin.cli.inputs import Columns
from tsad_plugin.evaluation import grid
from tsad_plugin.evaluation.data_sets import as_labelled

QUICK = "--detector PopulationBand --detector PCAReconstruction --seeds 2 --out out"
TABLE = "batches.csv --run batch --time hours --label quality"


def faulty(n_runs: int = 24, seed: int = 0) -> tuple[list[Any], list[str]]:
    """Runs of which every fourth has a peak, and their labels."""
    arrays = waves(n_runs, seed)
    for array in arrays[::4]:
        array[5:8, 1] += 5
    return arrays, ["good" if i % 4 else "bad" for i in range(n_runs)]


def archive(path: Path, seed: int = 0) -> None:
    """A file of the UCR archive, whose class 1 is normal."""
    arrays, labels = faulty(seed=seed)
    classes = [1 + (label == "bad") for label in labels]
    rows = zip(classes, arrays, strict=True)
    lines = ["\t".join(map(str, [cls, *array[:16, 1]])) for cls, array in rows]
    path.write_text("\n".join(lines) + "\n", "utf-8")


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with data of every form."""
    monkeypatch.chdir(tmp_path)
    arrays, labels = faulty()
    frame = named(arrays)
    number = frame.batch.str.removeprefix("B-").astype(int)
    frame = frame.assign(quality=np.array(labels)[number], machine=number % 6)
    frame.to_csv("batches.csv", index=False)
    for name in ("Toy_TRAIN.tsv", "Toy_TEST.tsv", "Single.txt"):
        archive(tmp_path / name, seed=len(name))
    return tmp_path


def read(*data: str, columns: Columns | None = None, **more: Any) -> dict[str, Any]:
    return read_data(data, columns or Columns(None), **{"normal": None, "group": None, **more})


# -- data ------------------------------------------------------------------------------------------


def test_train_and_test_given_together_are_one_data_set_in_any_order() -> None:
    for order in (["Toy_TRAIN.tsv", "Toy_TEST.tsv"], ["Toy_TEST.tsv", "Toy_TRAIN.tsv"]):
        data = read(*order)
        assert list(data) == ["Toy"]
        assert data["Toy"].digest == as_labelled(("Toy_TRAIN.tsv", "Toy_TEST.tsv")).digest


def test_a_part_alone_or_another_file_is_split_into_folds() -> None:
    data = read("Toy_TRAIN.tsv", "Single.txt")
    assert list(data) == ["Toy_TRAIN", "Single"]
    assert all(labelled.test is None for labelled in data.values())


def test_a_folder_gives_each_of_its_data_sets(here: Path) -> None:
    shutil.copy("Toy_TRAIN.tsv", "Toy_TEST.tsv.bak")  # of no form that is read
    data = read(str(here))
    assert list(data) == ["Single", "Toy"] and data["Toy"].test is not None


def test_the_simulator_gives_other_runs_for_each_seed() -> None:
    make = read("Simulator")["simulator"]
    first, second = make(0), make(1)
    assert first.digest == make(0).digest != second.digest
    assert first.outlier.sum() == 24 and len(first.runs) == 120
    assert make is simulated


def test_a_table_has_its_labels_and_groups_and_neither_is_a_channel() -> None:
    columns = Columns("batch", "hours", None, "quality")
    data = read("batches.csv", columns=columns, normal="good", group="machine")["batches"]
    assert data.runs.channels == ("T", "p") and data.outlier.sum() == 6
    assert data.groups.tolist() == [i % 6 for i in range(24)]


def test_the_normal_label_is_written_as_text_and_may_be_a_number() -> None:
    data = read("Single.txt", normal="2")["Single"]
    assert data.outlier.sum() == 18 and read("Single.txt")["Single"].outlier.sum() == 6


# -- detectors -------------------------------------------------------------------------------------


def test_the_usual_detectors_are_ours_and_the_best_known_of_pyod() -> None:
    made = read_detectors([], "ksigma:3")
    assert list(made) == list(COMPARED) and len(made) == 13
    assert {type(d).__name__ for d in made.values()} == {*COMPARED[:8], "OnRuns"}
    assert all(d.contamination.k == 3 for d in made.values())


def test_detectors_are_named_in_any_case_with_parameters() -> None:
    specs = [
        "fcvae:hidden_dims=[64,32],n_epochs=5",
        "knn:n_neighbors=3,scaling=channel,method=mean",
        "iforest",
    ]
    made = read_detectors(specs, "contamination:0.2")
    assert list(made) == [
        "FCVAE:hidden_dims=[64,32],n_epochs=5",
        "KNN:n_neighbors=3,scaling=channel,method=mean",
        "IForest",
    ]
    network, near, forest = made.values()
    assert (network.hidden_dims, network.n_epochs, network.contamination) == ((64, 32), 5, 0.2)
    assert isinstance(near, OnRuns) and near.scaling == "channel"
    assert (near.detector.n_neighbors, near.detector.method) == (3, "mean")
    assert forest.detector == "IForest"


@pytest.mark.parametrize(
    ("specs", "message"),
    [
        (["LSTM"], r"^no detector 'LSTM'; detectors: FCAutoEncoder, .*; did you mean 'LSTM"),
        (["FCVAE:n_epoch=3"], r"^--detector 'n_epoch=3': no parameter .*did you mean 'n_epochs'"),
        (["KNN:neighbours"], r"^--detector 'neighbours': write NAME=VALUE, for example"),
        (["KNN:k=3"], r"^--detector 'k=3': no parameter 'k'; parameters: .*n_neighbors"),
        (["KNN:contamination=0.2"], r"the threshold has an option of its own, --threshold$"),
        (["FCVAE:n_epochs=0"], r"^n_epochs must be an integer of at least 1, got 0$"),
        (["KNN", "knn"], r"^--detector 'KNN' is named twice: it would count twice$"),
        (["LSTMAD"], "PyOD has no detector of rows that is called"),
    ],
)
def test_what_is_no_detector_is_refused(specs: list[str], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        read_detectors(specs, "ksigma:3")


# -- the command -----------------------------------------------------------------------------------


@pytest.fixture
def printed() -> str:
    return done(f"benchmark Single.txt Toy_TRAIN.tsv Toy_TEST.tsv {TABLE} --protocol both {QUICK}")


def test_results_are_those_of_the_library(printed: str) -> None:
    frame = pd.read_csv("out/results.csv")
    assert frame.error.isna().all()
    runs = read("batches.csv", columns=Columns("batch", "hours", None, "quality"))
    expected = benchmark(
        [PCAReconstruction(contamination=KSigma(3))], runs, 2, protocol="unsupervised", verbose=0
    )
    of = frame[
        (frame.dataset == "batches")
        & (frame.detector == "PCAReconstruction")
        & (frame.protocol == "unsupervised")
    ]
    for name in ("roc_auc", "far", "threshold"):
        np.testing.assert_allclose(of[name], expected[name])


def test_it_says_who_is_first_and_writes_every_file(printed: str) -> None:
    assert "data sets: Single, Toy, batches\n" in printed
    for protocol in ("semi-supervised", "unsupervised"):
        assert re.search(rf"^{protocol}: .*2 detectors on 3 data sets", printed, re.MULTILINE)
    names = {path.name for path in Path("out").iterdir()}
    assert names == {"results.jsonl", "results.csv", "report.md", "report.html"}
    assert all(f"out/{name}" in printed for name in names - {"results.jsonl"})
    rows = [line.split() for line in printed.splitlines() if re.match(r" +\d\.\d\d ", line)]
    assert len(rows) == 4
    text = Path("out/report.md").read_text("utf-8").replace("**", "")
    assert all(f"| {row[1]} | {row[0]} | {row[2]} | {row[3]} to {row[5]} |" in text for row in rows)


def test_the_same_command_again_computes_nothing_anew(
    printed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = Path("out/results.jsonl").read_bytes()
    monkeypatch.setattr(grid, "_run", lambda cell: pytest.fail("a fit was made again"))
    again = done(f"benchmark Single.txt Toy_TRAIN.tsv Toy_TEST.tsv {TABLE} --protocol both {QUICK}")
    assert again == printed and Path("out/results.jsonl").read_bytes() == before


def test_an_interrupted_comparison_says_how_to_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    run, calls = grid._run, []

    def interrupted(cell: Any) -> Any:
        calls.append(cell)
        if len(calls) == 4:
            raise KeyboardInterrupt
        return run(cell)

    monkeypatch.setattr(grid, "_run", interrupted)
    result = tsad(f"benchmark Single.txt {QUICK}")
    assert result.exit_code == 130
    assert result.stderr.splitlines() == [
        "what is done is kept in out/results.jsonl: the same command goes on there",
        "interrupted",
    ]
    kept = len(Path("out/results.jsonl").read_text("utf-8").splitlines())
    assert kept in (2, 3) and not Path("out/results.csv").exists()
    calls.clear()
    monkeypatch.setattr(grid, "_run", lambda cell: (calls.append(cell), run(cell))[1])
    done(f"benchmark Single.txt {QUICK}")
    assert len(calls) == 8 - kept and len(pd.read_csv("out/results.csv")) == 8


def test_a_dead_worker_is_an_error_in_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    def die(*_: Any, **__: Any) -> None:
        raise RuntimeError("a worker process died, which is mostly for want of memory")

    monkeypatch.setattr(command.evaluation, "benchmark", die)
    assert refusal(f"benchmark Single.txt {QUICK}").startswith("error: a worker process died")


def test_what_many_fits_warn_of_is_said_once(monkeypatch: pytest.MonkeyPatch) -> None:
    run = grid._run

    def warning(cell: Any) -> Any:
        warnings.warn(f"{cell.seed} of {len(cell.data.runs)} runs", UserWarning, stacklevel=2)
        return run(cell)

    monkeypatch.setattr(grid, "_run", warning)
    result = tsad(f"benchmark Single.txt {QUICK}")
    assert (result.exit_code, result.stderr) == (0, "warning: 0 of 24 runs\n")


@pytest.mark.slow
def test_workers_print_no_warnings_and_find_the_same(capfd: pytest.CaptureFixture[str]) -> None:
    command = f"benchmark Single.txt --detector LOF:n_neighbors=500 {QUICK}"
    assert "n_neighbors (500) is greater" in tsad(command).stderr
    expected = pd.read_csv("out/results.csv")
    Path("out/results.jsonl").unlink()
    assert done(f"{command} --jobs 2") and "Warning" not in capfd.readouterr().err
    pd.testing.assert_series_equal(pd.read_csv("out/results.csv").roc_auc, expected.roc_auc)


def test_a_failure_is_shown_and_reported_and_not_the_end() -> None:
    printed = done(f"benchmark Single.txt --detector CBLOF:n_clusters=500 {QUICK}")
    (row,) = [line for line in printed.splitlines() if "CBLOF" in line and "–" in line]
    assert row.split()[-3:] == ["4", "of", "4"]
    assert "### Failures" in Path("out/report.md").read_text("utf-8")
    kept = Path("out/results.jsonl").read_text("utf-8").splitlines()
    errors = [json.loads(line)["error"] for line in kept]
    assert sum(map(bool, errors)) == 4


def test_without_the_libraries_of_html_the_rest_is_written(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(reports, "missing_library", lambda: "plotly")
    printed = done(f"benchmark Single.txt {QUICK}")
    assert 'A report with charts takes plotly: pip install ".[dashboard]"' in printed
    names = {path.name for path in Path("out").iterdir()}
    assert names == {"results.jsonl", "results.csv", "report.md"}


@pytest.mark.parametrize(
    ("command", "line"),
    [
        ("none.tsv",
         "cannot read 'none.tsv': there is no such file: check the name and the folder"),
        ("batches.csv --run batch",
         "'batches.csv': which column says what is known of a run? name it with --label COL"),
        ("batches.csv --label quality",
         "which column has the id of the run? name it with --run COL, or pass --layout wide if "
         "every row is a run"),
        (f"{TABLE} --normal ok",
         "batches.csv: no run has the label --normal 'ok'; labels here: bad, good"),
        (f"{TABLE} --group machines",
         "no column 'machines'; columns here: batch, hours, T, p, quality, machine; did you mean "
         "'machine'?"),
        (f"{TABLE} --group batch",
         "column 'batch' is named twice: --group takes a column of its own"),
        (f"{TABLE} --group T",
         "a run is in two groups in column 'T' (line 3): it holds for a whole run"),
        ("Single.txt --group machine",
         "--group 'machine': only a table has columns, and there is none"),
        ("Single.txt Single.txt", "two files are called 'Single': which is it?"),
        ("empty",
         "folder 'empty' holds no file of the UCR archive (.ts, .tsv, .txt, also with .gz); tables "
         "are named one by one"),
        ("Single.txt --jobs 0", "--jobs 0: pass 1 or more, or -1 for one a core"),
        ("Single.txt --threshold sigma",
         "cannot read the threshold 'sigma': there is no 'sigma'; use ksigma:3, "
         "contamination:0.05, pot:1e-3 or conformal:0.01"),
    ],
)  # fmt: skip
def test_what_cannot_be_compared_is_refused(command: str, line: str) -> None:
    Path("empty").mkdir()
    assert refusal(f"benchmark {command} {QUICK}") == f"error: {line}"
    assert not Path("out").exists()


def test_a_file_in_the_place_of_the_folder_is_refused() -> None:
    Path("out").write_text("", "utf-8")
    assert refusal(f"benchmark Single.txt {QUICK}") == "error: cannot use 'out': File exists"


def test_runs_without_labels_are_refused(here: Path) -> None:
    (here / "plain.ts").write_text("@univariate true\n@classLabel false\n@data\n1,2,3\n2,3,4\n")
    assert refusal(f"benchmark plain.ts {QUICK}").startswith("error: plain: runs have no labels")
    with pytest.raises(ValueError, match="no run has the label --normal '1'; labels here: none"):
        read("plain.ts", normal="1")
    assert isinstance(as_labelled("Single.txt").runs, Runs)


@pytest.mark.realdata
@pytest.mark.slow
def test_folders_of_the_archive_go_through(data_dir: Path) -> None:
    sets = f"{data_dir}/pickup_gesture {data_dir}/ucr_oneclass/Coffee.tsv.gz"
    printed = done(f"benchmark {sets} {QUICK} --seeds 1")
    assert "data sets: PickupGestureWiimoteZ, Coffee" in printed
