"""The `tsad` command and a workspace: what it keeps there, takes from there, and shows."""

import ctypes
import os
import shutil
import socket
import sqlite3
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import pandas as pd
import pytest
from commands import done, faulty, named, refusal, tsad, waves
from processes import CTRL_C, PATIENCE, Terminal, ended, started, terminal

from tsad_plugin import OnRuns, html_report, load, read_runs
from tsad_plugin.baselines import PopulationBand
from tsad_plugin.cli import inputs
from tsad_plugin.cli.output import long_frame
from tsad_plugin.datasets import make_machines
from tsad_plugin.reconstruction import ReconstructionDetector
from tsad_plugin.workspace import Scoring, Workspace

COLUMNS = "--run batch --time hours"
BAND = f"{COLUMNS} --detector PopulationBand"
PCA = f"{COLUMNS} --detector PCAReconstruction"


pytestmark = pytest.mark.usefixtures("here")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with train.csv, new.csv, and a model of the first, also in workspace w."""
    folder = tmp_path_factory.mktemp("tsad")
    named(waves(30)).to_csv(folder / "train.csv", index=False)
    named(faulty()).to_csv(folder / "new.csv", index=False)
    done(f"fit {folder}/train.csv {BAND} --model {folder}/model --workspace {folder}/w")
    return folder


def counts(path: str = "w") -> tuple[int, int, int]:
    """Numbers of data sets, models and scorings."""
    with Workspace(path) as workspace:
        return len(workspace.data_sets()), len(workspace.models()), len(workspace.scorings())


def newest(path: str = "w") -> tuple[Scoring, str, str]:
    """The last scoring, of which data set it is, and the detector that made it."""
    with Workspace(path) as workspace:
        last = workspace.scorings()[0]
        data_set, model = workspace.data_set(last.data_set_id), workspace.model(last.model_id)
    return last, data_set.name, model.detector


def scores(scoring: Scoring, path: str = "w") -> pd.Series:
    """Scores of a scoring by run."""
    with Workspace(path) as workspace:
        return workspace.read_scores(scoring).set_index("run")["score"]


def names() -> set[str]:
    return {str(path) for path in Path().rglob("*")}


# -- fit and score ---------------------------------------------------------------------------------


def test_fit_keeps_runs_model_and_scores() -> None:
    last = done(f"fit train.csv {BAND} --workspace kept").splitlines()[-1]
    assert last == "workspace: kept (1 scoring; see: tsad dashboard --workspace kept)"
    clf, runs = load("model"), read_runs("train.csv", "batch", "hours")
    with Workspace("kept") as workspace:
        [data_set], [model], [scoring] = (
            workspace.data_sets(), workspace.models(), workspace.scorings(),
        )  # fmt: skip
        np.testing.assert_array_equal(
            workspace.load_model(model).decision_function(runs), clf.decision_function(runs)
        )
        assert (data_set.name, data_set.n_runs, model.data_set_id) == ("train.csv", 30, data_set.id)
        assert workspace.read_runs(data_set).ids.tolist() == runs.ids.tolist()
    np.testing.assert_array_equal(scores(scoring, "kept"), clf.decision_scores_)
    assert scoring.threshold == clf.threshold_
    assert sorted(path.name for path in Path("kept").iterdir()) == [
        "data_sets", "models", "scorings", "workspace.db",
    ]  # fmt: skip


def test_score_keeps_the_scores_that_it_writes() -> None:
    text = done("score new.csv --workspace w --out scores.csv")
    assert text.splitlines()[-2:] == [
        "written: scores.csv",
        "workspace: w (2 scorings; see: tsad dashboard --workspace w)",
    ]
    written = pd.read_csv("scores.csv", float_precision="round_trip").set_index("run")["score"]
    scoring, data_set, _ = newest()
    kept = scores(scoring)
    assert data_set == "new.csv" and kept.idxmax() == "B-3"
    pd.testing.assert_series_equal(kept, written.loc[kept.index])


def test_scoring_again_adds_a_scoring_and_nothing_else() -> None:
    for n in (1, 2):
        done("score new.csv --model model --workspace fresh")
        assert counts("fresh") == (1, 1, n)
    done("score train.csv --model model --workspace w")
    assert counts() == (1, 1, 2)  # fit has kept this model and these runs


def test_a_table_with_columns_of_other_names_makes_no_second_model() -> None:
    named(waves(30), grade="good").to_csv("train.csv", index=False)
    done(f"fit train.csv {BAND} --label grade --model graded --workspace graded-w")
    new = pd.read_csv("new.csv").rename(columns={"batch": "lot", "hours": "clock"})
    new.to_csv("new.csv", index=False)
    options = "--run lot --time clock"
    for source in ("", "--model graded"):
        done(f"score new.csv {options} {source} --workspace graded-w")
    assert counts("graded-w") == (2, 1, 3)


def test_a_model_of_the_workspace_is_the_same_after_an_upgrade(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("tsad_plugin.persistence.version", lambda _: "99.0")  # stands in model.json
    done("score new.csv --workspace w")
    assert counts() == (2, 1, 2)


def test_score_takes_the_newest_model_that_tsad_can_use() -> None:
    done(f"fit train.csv {PCA} --workspace w")
    runs = read_runs("train.csv", "batch", "hours")
    with Workspace("w") as workspace:
        workspace.add_model(OnRuns("KNN").fit(runs))  # saved, but it explains nothing
        workspace.add_scores(workspace.data_sets()[0], np.zeros(30), detector="by hand")
    done("score new.csv --workspace w")
    assert newest()[1:] == ("new.csv", "PCAReconstruction")
    done("score new.csv --model model --workspace w")
    assert newest()[1:] == ("new.csv", "PopulationBand")


def test_a_threshold_that_somebody_has_set_is_told() -> None:
    with Workspace("w") as workspace:
        workspace.review.set_threshold(workspace.models()[0], 123.4, origin="k = 9", who="Ann")
    last = done("score new.csv --workspace w").splitlines()[-1]
    assert last == "there the threshold is 123.4 (k = 9; Ann)"


def test_channels_of_another_order_are_kept_as_the_model_knows_them() -> None:
    new = pd.read_csv("new.csv", dtype=str)[["p", "hours", "T", "batch"]]
    new.to_csv("moved.csv", index=False)
    done("score new.csv --workspace w")
    done("score moved.csv --channels p,T --workspace w")
    assert counts() == (2, 1, 3)  # the runs are the same
    with Workspace("w") as workspace:
        assert workspace.data_sets()[0].channels == ("T", "p")


# -- refusals --------------------------------------------------------------------------------------

ONLY_RUNS = "is for runs, and 'long' scores long series: leave it out"


@pytest.fixture
def _long_model(here: Path) -> None:
    machines = make_machines(2, 300, n_healthy=1, n_sudden=0, n_faulty_at_start=0)
    long_frame(machines, "machine", "time").to_csv("machines.csv", index=False)
    options = "--long --run machine --time time --detector PCAReconstruction"
    done(f"fit machines.csv {options} --model long")


@pytest.mark.parametrize(
    ("command", "line"),
    [
        (
            f"fit train.csv {BAND}",
            "where is the model? name a folder with --model or --workspace",
        ),
        ("score new.csv", "where is the model? name a folder with --model or --workspace"),
        (
            f"fit none.csv {BAND} --workspace x",
            "cannot read 'none.csv': there is no such file: check the name and the folder",
        ),
        (
            "fit train.csv --run lot --workspace x",
            "no column 'lot'; columns here: batch, hours, T, p",
        ),
        (
            f"fit train.csv {COLUMNS} --set n_epochs=0 --workspace x",
            "n_epochs must be an integer of at least 1, got 0",
        ),
        (
            f"fit train.csv {COLUMNS} --long --workspace x",
            "--workspace is for runs: leave it out with --long",
        ),
        (
            f"fit train.csv {BAND} --model x/model --workspace x",
            "--model x/model is in the workspace, which keeps the model by itself: name another "
            "folder, or leave --model out",
        ),
        (f"fit train.csv {BAND} --workspace new.csv", "'{}/new.csv' is a file: pass a folder"),
        (f"fit train.csv {BAND} --workspace new.csv/x", "'{}/new.csv' is a file: pass a folder"),
        (
            f"fit train.csv {BAND} --workspace model",
            "'{}/model' holds other things and no workspace.db: pass the folder of a workspace, or "
            "a new or an empty one",
        ),
        (
            "score new.csv --model model --workspace model --out scores.csv",
            "'{}/model' holds other things and no workspace.db: pass the folder of a workspace, or "
            "a new or an empty one",
        ),
        (
            "score new.csv --model model --workspace new.csv --out scores.csv",
            "'{}/new.csv' is a file: pass a folder",
        ),
        ("score new.csv --model none --workspace x", "no model at 'none': there is no model.json"),
        (
            "score none.csv --model model --workspace x",
            "cannot read 'none.csv': there is no such file: check the name and the folder",
        ),
        (
            "score new.csv --workspace x",
            "no workspace at '{}/x': make one with tsad fit FILE --workspace DIR, or",
        ),
        ("dashboard --workspace x", "no workspace at '{}/x': make one with tsad fit FILE"),
        ("dashboard --workspace new.csv", "'{}/new.csv' is a file: pass a folder"),
        ("dashboard --workspace model", "'{}/model' holds other things and no workspace.db: pass"),
    ],
)  # fmt: skip
def test_what_cannot_be_done_is_refused_and_leaves_nothing(
    command: str, line: str, here: Path
) -> None:
    before = names()
    assert refusal(command).startswith(f"error: {line.format(here)}")
    assert names() == before


@pytest.mark.usefixtures("_long_model")
@pytest.mark.parametrize(
    ("command", "line"),
    [
        ("score machines.csv --model long --workspace x", f"--workspace {ONLY_RUNS}"),
        (
            "review machines.csv --model long --no-serve",
            "'long' scores long series, and runs are what is reviewed: use tsad score",
        ),
    ],
)
def test_long_series_are_not_kept(command: str, line: str) -> None:
    before = names()
    assert refusal(command) == f"error: {line}"
    assert names() == before


def test_a_workspace_of_a_newer_version_is_refused_before_anything_is_done(here: Path) -> None:
    with closing(sqlite3.connect("w/workspace.db")) as database:
        database.execute("PRAGMA user_version = 99")
    for command in (f"fit train.csv {BAND}", "score new.csv --model model --out scores.csv"):
        line = refusal(f"{command} --workspace w")
        assert line.startswith(f"error: '{here}/w/workspace.db' has version 99, this tsad_plugin")
    assert not Path("scores.csv").exists()


def test_a_workspace_without_a_model_is_refused() -> None:
    Workspace("x", create=True).close()
    assert refusal("score new.csv --workspace x") == (
        "error: the workspace 'x' holds no model of tsad fit: fit one with tsad fit FILE "
        "--workspace x, or name one with --model"
    )


@pytest.mark.parametrize("file", ["model.json", "arrays-*"])
@pytest.mark.parametrize("harm", ["gone", "damaged"])
def test_a_damaged_model_of_the_workspace_is_refused(file: str, harm: str, here: Path) -> None:
    [path] = Path("w/models").glob(f"*/{file}")
    if harm == "gone":
        path.unlink()
    else:
        path.write_bytes(path.read_bytes()[:-20])
    line = refusal("score new.csv --workspace w")
    assert line.startswith("error: ") and f"at '{here / path.parent}'" in line
    assert "damaged" in line or "there is no model.json to read" in line
    assert counts() == (1, 1, 1)


def test_an_interrupted_fit_leaves_no_workspace(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(ReconstructionDetector, "fit", interrupted)
    result = tsad(f"fit train.csv {BAND} --workspace x")
    assert (result.exit_code, result.stderr) == (130, "interrupted\n")
    assert not Path("x").exists()


def test_a_full_disk_leaves_the_workspace_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any, **__: Any) -> None:
        raise OSError(28, "No space left on device")

    before = names()
    monkeypatch.setattr(os, "fsync", full)
    assert refusal("score new.csv --workspace w").startswith("error: cannot write the output: No s")
    assert names() == before and counts() == (1, 1, 1)


def give_up_privileges() -> None:
    """Let the modes of files hold for root, too, which only Linux can."""
    if sys.platform != "linux":
        return
    head, none = (ctypes.c_uint32 * 2)(0x20080522, 0), (ctypes.c_uint32 * 6)()
    assert ctypes.CDLL(None).capset(head, none) == 0


@pytest.mark.parametrize("path", ["kept/w", "kept/deeper/w", "kept"])
def test_a_folder_that_cannot_be_written_to_is_refused_before_anything_is_done(
    path: str, here: Path
) -> None:
    Path("kept").mkdir()
    if path == "kept":
        shutil.copytree("w", "kept", dirs_exist_ok=True)
    Path("kept").chmod(0o500)
    output = here / "out.txt"
    command = f"score new.csv --model model --workspace {path} --out scores.csv"
    assert ended(started(command, output, give_up_privileges)) == 2
    said = f"error: '{here}/kept' cannot be written to: pass another --workspace\n"
    assert output.read_text() == said
    Path("kept").chmod(0o700)
    assert not Path("scores.csv").exists() and not Path("kept/w").exists()


@pytest.mark.parametrize(
    ("command", "module", "line"),
    [
        (f"fit train.csv {BAND} --workspace x", "sqlalchemy", "a workspace needs SQLAlchemy"),
        ("score new.csv --workspace w", "sqlalchemy", "a workspace needs SQLAlchemy"),
        (
            "score new.csv --model model --workspace x --out scores.csv",
            "sqlalchemy",
            "a workspace needs SQLAlchemy",
        ),
        (f"review train.csv {BAND} --workspace x", "dash", "the dashboard needs Dash"),
        ("dashboard --workspace w", "waitress", "the dashboard needs waitress"),
        (
            "dashboard --workspace w",
            "dash_mantine_components",
            "the dashboard needs dash-mantine-components",
        ),
    ],
)
def test_a_library_that_lacks_is_named_before_anything_is_done(
    command: str, module: str, line: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = names()
    monkeypatch.setitem(sys.modules, module, None)
    install = 'pip install ".[dashboard]"'
    assert refusal(command) == f"error: {line}, which is not installed: {install}"
    assert names() == before


def test_without_the_dashboard_runs_are_reviewed_later(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "dash", None)
    done(f"review train.csv {BAND} --workspace x --no-serve")
    assert counts("x") == (1, 1, 1)


# -- review ----------------------------------------------------------------------------------------


def test_review_learns_from_a_table_and_scores_it() -> None:
    done(f"review train.csv {BAND} --no-serve")
    assert counts("tsad-workspace") == (1, 1, 1)
    scoring, data_set, detector = newest("tsad-workspace")
    assert (data_set, detector) == ("train.csv", "PopulationBand")
    np.testing.assert_array_equal(scores(scoring, "tsad-workspace"), load("model").decision_scores_)


def test_review_scores_with_a_model() -> None:
    done("review new.csv --model model --workspace x --no-serve")
    scoring, data_set, _ = newest("x")
    assert data_set == "new.csv" and scores(scoring, "x").idxmax() == "B-3"


def test_review_learns_from_good_runs_and_scores_all() -> None:
    train = pd.read_csv("train.csv")
    train["fine"] = np.where(train["batch"].isin([f"B-{i}" for i in range(20)]), "yes", "no")
    train.to_csv("train.csv", index=False)
    options = "--good fine --workspace x --no-serve"
    done(f"review train.csv {BAND} {options}")
    scoring, data_set, _ = newest("x")
    assert data_set == "train.csv" and counts("x") == (2, 1, 2)
    runs = read_runs("train.csv", "batch", "hours", channels=["T", "p"])
    clf = PopulationBand(contamination=load("model").contamination).fit(runs[:20])
    np.testing.assert_allclose(scores(scoring, "x"), clf.decision_function(runs), rtol=1e-9)
    with Workspace("x") as workspace:
        learned_from, _ = workspace.data_sets()[::-1]
        assert (learned_from.name, learned_from.n_runs) == ("train.csv (good runs)", 20)
    # The model is there already when it is learned again, and is no longer the newest.
    done(f"review train.csv {PCA} {options}")
    done(f"review train.csv {BAND} {options}")
    assert newest("x")[2] == "PopulationBand" and counts("x") == (2, 2, 6)


@pytest.mark.parametrize(
    "option", ["--good T", "--detector FCVAE", "--set n_epochs=3", "--threshold ksigma:2"]
)
def test_review_with_a_model_learns_nothing(option: str) -> None:
    name = option.split()[0]
    assert refusal(f"review new.csv --model model {option} --workspace x") == (
        f"error: {name} is for learning: leave it out with --model"
    )
    assert not Path("x").exists()


# -- dashboard -------------------------------------------------------------------------------------


@contextmanager
def served(
    command: str, before: Callable[[], object] = list, **environment: str
) -> Iterator[tuple[str, Terminal]]:
    """Where a command in a terminal serves a dashboard, which Ctrl+C must end in peace."""
    with terminal() as shown:
        process = started(command, shown.name, before, **environment)
        try:
            url = shown.wait_for(r"dashboard: (http://\S+/) \(Ctrl\+C ends it\)")[1]
            assert get(url, "healthz")[0] == 200
            yield url, shown
            shown.press(CTRL_C)
            assert ended(process) == 0
            assert "error:" not in shown.shown and "interrupted" not in shown.shown
        finally:
            process.kill()


def quick_demo() -> None:
    """Make its fit short, and no report."""
    html_report.missing_library = lambda: "plotly"
    make, few = inputs.make_detector, ["n_epochs=2", "hidden_dims=[16]", "validation_fraction=0.5"]

    def make_quick(name: str, settings: list[str], *more: Any, **options: Any) -> Any:
        return make(name, [*settings, *few], *more, **options)

    inputs.make_detector = make_quick


def get(url: str, path: str = "") -> tuple[int, str]:
    """Status and text of a page."""
    connection = HTTPConnection(urlsplit(url).netloc, timeout=30)
    connection.request("GET", f"/{path}")
    answer = connection.getresponse()
    found = answer.status, answer.read().decode()
    connection.close()
    return found


def test_the_dashboard_is_served_until_ctrl_c() -> None:
    with served("dashboard --workspace w --port 0") as (url, _):
        assert url.startswith("http://127.0.0.1:")
        status, page = get(url)
        assert status == 200 and "<title>tsad</title>" in page


def test_the_dashboard_of_an_empty_workspace_is_served() -> None:
    Workspace("x", create=True).close()
    with served("dashboard --workspace x --port 0") as (url, _):
        assert get(url)[0] == 200


@contextmanager
def listening(port: int) -> Iterator[int]:
    """A port that is taken, by this or already by another program."""
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        with suppress(OSError):
            taken.bind(("127.0.0.1", port))
            taken.listen()
        yield taken.getsockname()[1]


def test_a_port_that_is_taken_is_told_and_the_usual_one_gives_way() -> None:
    with listening(0) as port:
        line = refusal(f"dashboard --workspace w --port {port}")
        assert line.startswith(f"error: cannot listen on port {port} of '127.0.0.1' (Address alre")
        assert line.endswith("choose another with --port or --host; port 0 takes any free one")
    with listening(8050), served("dashboard --workspace w") as (url, _):
        assert urlsplit(url).port != 8050


def test_review_ends_in_the_dashboard() -> None:
    with served(f"review train.csv {BAND} --workspace x --port 0") as (url, shown):
        assert "workspace: x (1 scoring;" in shown.shown
        assert get(url)[0] == 200
    assert counts("x") == (1, 1, 1)


@pytest.mark.parametrize(("option", "is_opened"), [("", True), ("--no-browser", False)])
def test_a_browser_is_opened_while_the_dashboard_answers(
    option: str, is_opened: bool, here: Path
) -> None:
    browser, opened = here / "browser", here / "opened"
    # It keeps whoever opened it waiting, as a browser of text does.
    browser.write_text(
        f'#!/bin/sh\necho "$1" > {opened}.part\nmv {opened}.part {opened}\nsleep 9\n'
    )
    browser.chmod(0o700)
    command = f"dashboard --workspace w --port 0 {option}"
    with served(command, BROWSER=f"{browser} %s") as (url, _):
        deadline = time.monotonic() + (PATIENCE if is_opened else 1)
        while not opened.exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        assert opened.exists() == is_opened
        assert not is_opened or opened.read_text() == f"{url}\n"


# -- demo ------------------------------------------------------------------------------------------


@pytest.fixture
def _quick_demo(monkeypatch: pytest.MonkeyPatch) -> None:
    for module, name in ((inputs, "make_detector"), (html_report, "missing_library")):
        monkeypatch.setattr(module, name, getattr(module, name))  # so that it is put back
    quick_demo()


@pytest.mark.usefixtures("_quick_demo")
def test_without_a_terminal_the_demo_ends_and_keeps_a_workspace() -> None:
    text = done("demo")
    assert counts("tsad-demo/workspace") == (2, 1, 2)
    assert newest("tsad-demo/workspace")[1] == "new.csv"
    assert "dashboard: http" not in text
    assert "    tsad dashboard --workspace tsad-demo/workspace\n" in text


@pytest.mark.usefixtures("_quick_demo")
def test_the_demo_does_without_the_dashboard(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "dash", None)
    monkeypatch.setattr(html_report, "missing_library", lambda: None)
    text = done("demo")
    assert not Path("tsad-demo/workspace").exists() and "--workspace" not in text
    *_, of_report, of_dashboard = text.splitlines()
    assert of_report.endswith("open tsad-demo/report.html in a browser.")
    assert of_dashboard == 'The dashboard takes Dash: pip install ".[dashboard]"'


def test_in_a_terminal_the_demo_ends_in_the_dashboard() -> None:
    with served("demo", quick_demo) as (url, shown):
        assert "The faults that were put in" in shown.shown
        assert get(url)[0] == 200
    assert counts("tsad-demo/workspace") == (2, 1, 2)


def test_in_a_terminal_the_demo_ends_without_the_dashboard_where_that_is_wished() -> None:
    with terminal() as shown:
        process = started("demo --no-serve", shown.name, quick_demo)
        shown.wait_for("A report with a picture of each outlier takes plotly")
        assert ended(process) == 0
        assert "dashboard: http" not in shown.shown


# -- at once ---------------------------------------------------------------------------------------


def test_two_commands_write_to_one_workspace_at_once() -> None:
    for n in range(1, 5):
        commands = [f"score new.csv --model model --workspace x --out {k}.csv" for k in "ab"]
        both = [started(command, os.devnull) for command in commands]
        assert [ended(process) for process in both] == [0, 0]
        assert counts("x") == (1, 1, 2 * n)
    expected = pd.read_csv("a.csv", float_precision="round_trip").set_index("run")["score"]
    with Workspace("x") as workspace:
        scorings = workspace.scorings()
    for scoring in scorings:
        kept = scores(scoring, "x")
        pd.testing.assert_series_equal(kept, expected.loc[kept.index])
    folders = [path.name for path in Path("x").glob("*/*")]
    assert len(folders) == 1 + 1 + len(scorings)  # of what both had written one was removed
