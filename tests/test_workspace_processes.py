"""Several processes on one workspace: writers at once, and writers that are killed."""

import os
import time
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from workspaces import (
    PROCESSES,
    batches,
    check_whole,
    filled,
    review_and_score,
    score_forever,
    scored,
)

from tsad_plugin.workspace import Workspace

pytestmark = pytest.mark.slow
N_KILLS = 30


def test_two_processes_write_at_once(tmp_path: Path) -> None:
    path, start = tmp_path / "w", PROCESSES.Barrier(2)
    writers = [
        PROCESSES.Process(target=review_and_score, args=(path, who, start, 30, 3))
        for who in ("Ada", "Bob")
    ]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(120)
        assert writer.exitcode == 0
    with Workspace(path) as workspace:
        [data_set], [model] = workspace.data_sets(), workspace.models()
        history = workspace.review.history(data_set, "F-001")
        assert Counter(verdict.who for verdict in history) == {"Ada": 30, "Bob": 30}
        assert [v.supersedes for v in history] == [*[v.id for v in history[1:]], None]
        assert len(workspace.scorings()) == 6 and len(workspace.review.thresholds(model)) == 1
        for scoring in workspace.scorings():
            check_whole(workspace, scoring)
    assert [len(list((path / kind).iterdir())) for kind in ("data_sets", "models")] == [1, 1]


def test_two_processes_make_a_workspace_at_once(tmp_path: Path) -> None:
    for attempt in range(3):
        path, start = tmp_path / str(attempt), PROCESSES.Barrier(3)
        makers = [
            PROCESSES.Process(target=review_and_score, args=(path, str(i), start, 1, 1))
            for i in range(3)
        ]
        for maker in makers:
            maker.start()
        for maker in makers:
            maker.join(120)
        assert [maker.exitcode for maker in makers] == [0, 0, 0]
        with Workspace(path) as workspace:
            assert (len(workspace.data_sets()), len(workspace.scorings())) == (1, 3)


def test_a_killed_writer_leaves_each_scoring_wholly_or_not_at_all(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    workspace, data_set, model, _ = filled(tmp_path)
    started = time.monotonic()
    workspace.add_scoring(scored(), model, data_set)
    usual = time.monotonic() - started
    workspace.close()
    n_checked, counts = 0, rng.integers(0, 3, N_KILLS).tolist()
    for count in counts:
        kill(tmp_path, count, rng.uniform(0, usual))
        with Workspace(tmp_path) as workspace:
            assert workspace.data_sets() == [data_set] and workspace.models() == [model]
            scorings = workspace.scorings()
            for scoring in scorings[: len(scorings) - n_checked]:
                check_whole(workspace, scoring)
            n_checked, known = len(scorings), {scoring.folder for scoring in scorings}
    found = {path.name for path in (tmp_path / "scorings").iterdir()}
    assert known < found  # some were killed in the middle
    assert len(found) - len(known) <= N_KILLS and n_checked >= 2 + sum(counts)
    remove_what_was_left(tmp_path, known)


def kill(path: Path, count: int, seconds: float) -> None:
    """Kill a writer some time after it has added so many scorings."""
    counted = PROCESSES.Value("i", -1, lock=False)
    writer = PROCESSES.Process(target=score_forever, args=(path, counted))
    writer.start()
    until = time.monotonic() + 60
    while counted.value < count:
        assert writer.is_alive() and time.monotonic() < until
        time.sleep(0.001)
    time.sleep(seconds)
    writer.kill()
    writer.join(60)
    assert writer.exitcode not in (0, 1)


def remove_what_was_left(path: Path, known: set[str]) -> None:
    for folder in (path / "scorings").rglob("*"):
        os.utime(folder, (0, 0))
    with Workspace(path) as workspace:
        assert {folder.name for folder in (path / "scorings").iterdir()} == known
        check_whole(workspace, workspace.scorings()[0])
        assert len(workspace.read_runs(workspace.data_sets()[0])) == len(batches())
