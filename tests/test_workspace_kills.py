"""`tsad score --workspace`, killed at any moment, keeps a scoring wholly or not at all."""

import os
import shutil
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from commands import done, named, waves
from processes import ended, started

from tsad_plugin import Runs, load, read_runs, save
from tsad_plugin.persistence import read_metadata
from tsad_plugin.workspace import DataSet, Scoring, Workspace

N_KILLS = 100
PARTS = ["data_sets", "models", "scorings"]  # in the order in which they are written
TWO_HOURS = 7200


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Work in a folder with a table, a model, and a workspace that holds both."""
    monkeypatch.chdir(tmp_path)
    named(waves(30)).to_csv("train.csv", index=False)
    columns = "--run batch --time hours --detector PopulationBand"
    done(f"fit train.csv {columns} --model model --workspace w")


def another(k: int) -> str:
    """A command whose table, model and scores the workspace does not have yet."""
    table = named(waves(10, seed=1))
    table.assign(T=table["T"] + k / 1000).to_csv(f"new-{k}.csv", index=False)
    save(load("model"), f"model-{k}", metadata={**read_metadata("model"), "k": k})
    return f"score new-{k}.csv --model model-{k} --workspace"


def expected(data_set: DataSet) -> Runs:
    return read_runs(data_set.name, "batch", "hours")


def check_data_set(workspace: Workspace, data_set: DataSet) -> None:
    """All of its runs are there, their rows too."""
    runs, kept = expected(data_set), workspace.read_runs(data_set)
    assert kept.ids.tolist() == runs.ids.tolist()
    for array, values in zip(kept.arrays, runs.arrays, strict=True):
        np.testing.assert_array_equal(array, values)
    for run in runs.ids.tolist():
        workspace.review.history(data_set, run)  # raises for one that has no row


def check_scoring(workspace: Workspace, scoring: Scoring) -> None:
    """All parts of it are there, and right."""
    data_set, model = workspace.data_set(scoring.data_set_id), workspace.model(scoring.model_id)
    runs, detector = expected(data_set), workspace.load_model(model)
    scores = workspace.read_scores(scoring)
    assert scores["run"].tolist() == runs.ids.tolist()
    np.testing.assert_array_equal(scores["score"], detector.decision_function(runs))
    for position, contributions in enumerate(detector.contributions(runs)):
        found = workspace.read_timesteps(scoring, position)
        assert found is not None
        np.testing.assert_allclose(found.contributions, contributions, rtol=1e-6)
    calibration = workspace.read_calibration(scoring)
    np.testing.assert_array_equal(calibration, detector.calibration_scores_)


def check(path: str, already: list[int]) -> list[int]:
    """The workspace opens, and what has come to it is whole; returns how much there is now."""
    with Workspace(path, create=True) as workspace:
        kept = [workspace.data_sets(), workspace.models(), workspace.scorings()]
        data_sets, models, scorings = (
            records[: len(records) - n] for records, n in zip(kept, already, strict=True)
        )
        for data_set in data_sets:
            check_data_set(workspace, data_set)
        for model in models:
            workspace.load_model(model)
            workspace.review.threshold(model)  # raises where it has none
        for scoring in scorings:
            check_scoring(workspace, scoring)
        return [len(records) for records in kept]


def judge(path: str, comment: str) -> None:
    with Workspace(path) as workspace:
        [*_, first] = workspace.data_sets()
        workspace.review.judge(first, "B-3", "fault", comment=comment, who="Ann")


def folders(path: str) -> set[str]:
    """What there is of data sets, models and scorings, whole or not."""
    kinds = ("data_sets", "models", "scorings")
    return {place.name for kind in kinds for place in (Path(path) / kind).glob("*")}


def until(happened: Callable[[], Any], process: Any) -> float:
    """Wait for it, or for the end of the process; returns the moment."""
    while process.is_alive() and not happened():
        time.sleep(0.0005)
    return time.perf_counter()


def one_more(path: str) -> Callable[[], bool]:
    """Whether something has been added to a folder by now."""
    n_before = len(os.listdir(path))
    return lambda: len(os.listdir(path)) > n_before


def durations() -> list[float]:
    """Seconds of the phases of a command that nothing kills."""
    found = []
    for k in range(-4, 0):
        command, output = another(k), Path(f"out-{k}.txt")
        output.touch()
        begin = [one_more(f"w/{part}") for part in PARTS]
        times = [time.perf_counter()]
        process = started(f"{command} w", output)
        times += [until(begins, process) for begins in begin]
        times += [until(lambda output=output: "workspace: w" in output.read_text(), process)]
        assert ended(process) == 0
        found.append(np.diff(times))
    return np.median(found[1:], axis=0).tolist()  # the first has waited for imports


@pytest.mark.slow
def test_a_killed_command_leaves_a_scoring_wholly_or_not_at_all() -> None:
    seconds, rng = durations(), np.random.default_rng(0)
    died = {"before": 0, **dict.fromkeys(PARTS, 0), "after": 0}
    kept, n_tried = check("w", [0, 0, 0]), 0
    while sum(died.values()) < N_KILLS and n_tried < 2 * N_KILLS:
        judge("w", str(n_tried))
        command, already, names = another(n_tried), kept, folders("w")
        begin = [lambda: True, *(one_more(f"w/{part}") for part in PARTS)]
        phase = n_tried % len(begin)
        process = started(f"{command} w", os.devnull)
        until(begin[phase], process)
        time.sleep(rng.uniform(0, seconds[phase]))
        process.kill()
        process.join()
        kept, n_tried = check("w", already), n_tried + 1
        if process.exitcode == -signal.SIGKILL:
            n_new = sum(kept) - sum(already)
            died[list(died)[n_new + 1 if folders("w") > names else 0]] += 1
    print(f"phases of {np.round(seconds, 3)} s, killed in them: {died}; {n_tried} commands")
    assert sum(died.values()) == N_KILLS
    in_parts = [died[part] for part in PARTS]
    assert sum(in_parts) >= N_KILLS / 2 and min(in_parts) > 1
    check_verdicts(n_tried)
    check_nothing_is_left_over(another(n_tried))


def check_verdicts(n_given: int) -> None:
    with Workspace("w") as workspace:
        [*_, first] = workspace.data_sets()
        history = workspace.review.history(first, "B-3")
    assert [verdict.comment for verdict in history] == [str(i) for i in reversed(range(n_given))]


def check_nothing_is_left_over(command: str) -> None:
    """A later command finds what kills left, and clears it away."""
    for path in Path("w").rglob("*"):
        os.utime(path, (time.time() - TWO_HOURS,) * 2)
    n_folders = len(folders("w"))
    done(f"{command} w")
    with Workspace("w") as workspace:
        records = [*workspace.data_sets(), *workspace.models(), *workspace.scorings()]
    assert folders("w") == {record.folder for record in records}
    assert len(records) < n_folders and not list(Path("w").rglob("*.part"))
    check("w", [0, 0, 0])


@pytest.mark.slow
def test_a_workspace_whose_making_was_killed_is_usable() -> None:
    command, rng, killed = another(0), np.random.default_rng(0), 0
    for k in range(20):
        path = Path(f"w-{k}")
        process = started(f"{command} {path}", os.devnull)
        until(path.exists, process)
        time.sleep(rng.uniform(0, 0.1))
        process.kill()
        process.join()
        killed += process.exitcode == -signal.SIGKILL
        found = check(str(path), [0, 0, 0])
        if k % 5 == 0:
            done(f"{command} {path}")
            assert check(str(path), [0, 0, 0])[2] == found[2] + 1
        shutil.rmtree(path)
    assert killed >= 15
