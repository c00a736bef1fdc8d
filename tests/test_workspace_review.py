"""Verdicts, thresholds, good runs: appended, found again in another data set, undone one by one."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from workspaces import band, error, filled, walks

from tsad_plugin.runs import Runs
from tsad_plugin.workspace import (
    VERDICTS,
    DataSet,
    Model,
    NotInWorkspace,
    Verdict,
    Workspace,
    WorkspaceError,
)


@pytest.fixture
def workspace(tmp_path: Path) -> Any:
    with Workspace(tmp_path, create=True) as made:
        yield made


@pytest.fixture
def data_set(workspace: Workspace) -> DataSet:
    return workspace.add_runs(walks(), "runs")


@pytest.fixture
def model(workspace: Workspace) -> Model:
    return workspace.add_model(band())


def state(verdict: Verdict | None) -> tuple[Any, ...] | None:
    """What holds, whoever said it."""
    if verdict is None or verdict.verdict is None:
        return None
    return verdict.verdict, verdict.cause, verdict.comment


def check_chain(history: list[Verdict]) -> None:
    """Each supersedes the one before it."""
    assert [v.supersedes for v in history] == [*[v.id for v in history[1:]], None]


# --- verdicts -----------------------------------------------------------------------------------


def test_a_verdict_is_found_again(workspace: Workspace, data_set: DataSet) -> None:
    given = workspace.review.judge(
        data_set, "B-02", "fault", cause="valve", comment="stuck at 40 %", who="Ada"
    )
    assert workspace.review.verdicts(data_set) == {"B-02": given}
    assert workspace.review.history(data_set, "B-02") == [given]
    assert (given.run, given.verdict, given.who) == ("B-02", "fault", "Ada")
    assert (given.cause, given.comment) == ("valve", "stuck at 40 %")
    assert given.at.tzinfo is UTC and abs((datetime.now(UTC) - given.at).total_seconds()) < 60
    assert given.supersedes is None and given.restores is None


def test_verdicts_stand_in_the_order_of_the_runs(workspace: Workspace, data_set: DataSet) -> None:
    for run in ("B-04", "B-01", "B-03"):
        workspace.review.judge(data_set, run, "unsure", who="Ada")
    assert list(workspace.review.verdicts(data_set)) == ["B-01", "B-03", "B-04"]
    assert workspace.review.history(data_set, "B-00") == []


def test_a_later_verdict_supersedes_an_earlier_one(workspace: Workspace, data_set: DataSet) -> None:
    first = workspace.review.judge(data_set, "B-01", "fault", who="Ada")
    second = workspace.review.judge(data_set, "B-01", "no fault", who="Bob")
    assert second.supersedes == first.id
    assert workspace.review.verdicts(data_set) == {"B-01": second}
    assert workspace.review.history(data_set, "B-01") == [second, first]


def test_an_undo_says_what_it_brings_back(workspace: Workspace, data_set: DataSet) -> None:
    review = workspace.review
    first = review.judge(data_set, "B-01", "fault", cause="valve", who="Ada")
    second = review.judge(data_set, "B-01", "no fault", who="Ada")
    third = review.undo(data_set, "B-01", who="Bob")
    assert (state(third), third.restores, third.who) == (state(first), first.id, "Bob")
    assert third.supersedes == second.id
    fourth = review.undo(data_set, "B-01", who="Bob")
    assert (fourth.verdict, fourth.restores) == (None, None)
    assert review.verdicts(data_set) == {}
    with error("run 'B-01' has no verdict: there is nothing to undo", WorkspaceError):
        review.undo(data_set, "B-01", who="Bob")
    assert review.history(data_set, "B-01") == [fourth, third, second, first]


@pytest.mark.parametrize("seed", range(8))
def test_undo_goes_back_as_a_stack_does(workspace: Workspace, data_set: DataSet, seed: int) -> None:
    rng = np.random.default_rng(seed)
    stacks: dict[str, list[tuple[Any, ...]]] = {"B-00": [], "B-05": []}
    n_records = dict.fromkeys(stacks, 0)
    review = workspace.review
    for step in range(40):
        run = str(rng.choice(list(stacks)))
        if rng.random() < 0.5:
            said = (str(rng.choice(VERDICTS)), f"cause {step}", f"comment {step}")
            review.judge(data_set, run, said[0], cause=said[1], comment=said[2], who="Ada")
            stacks[run].append(said)
        elif stacks[run]:
            stacks[run].pop()
            review.undo(data_set, run, who="Ada")
        else:
            with error(f"run {run!r} has no verdict: there is nothing to undo", WorkspaceError):
                review.undo(data_set, run, who="Ada")
            continue
        n_records[run] += 1
        held = {name: stack[-1] for name, stack in stacks.items() if stack}
        assert {name: state(v) for name, v in review.verdicts(data_set).items()} == held
    for run, number in n_records.items():
        history = review.history(data_set, run)
        assert len(history) == number
        check_chain(history)


def test_threads_may_judge_at_once(workspace: Workspace, data_set: DataSet) -> None:
    def judge(i: int) -> Verdict:
        return workspace.review.judge(data_set, "B-01", "fault", comment=str(i), who="Ada")

    with ThreadPoolExecutor(8) as threads:
        given = list(threads.map(judge, range(40)))
    history = workspace.review.history(data_set, "B-01")
    assert sorted(history, key=lambda v: int(v.comment)) == given
    check_chain(history)


def test_a_run_takes_its_verdict_to_other_data_sets(workspace: Workspace) -> None:
    yesterday = workspace.add_runs(walks(6)[:4], "yesterday")
    given = workspace.review.judge(yesterday, "B-02", "fault", who="Ada")
    today = workspace.add_runs(walks(6), "today")
    assert workspace.review.verdicts(today) == {"B-02": given}
    workspace.review.undo(today, "B-02", who="Bob")
    assert workspace.review.verdicts(yesterday) == {}
    assert len(workspace.review.history(yesterday, "B-02")) == 2


def test_a_run_is_another_where_its_name_or_its_values_differ(workspace: Workspace) -> None:
    first = workspace.add_runs(walks(), "first")
    workspace.review.judge(first, "B-02", "fault", who="Ada")
    arrays = [array + (i == 2) for i, array in enumerate(walks().arrays)]
    changed = workspace.add_runs(Runs(arrays, ids=walks().ids), "changed")
    renamed = workspace.add_runs(walks(ids=list("abcdef")), "renamed")
    assert workspace.review.verdicts(changed) == workspace.review.verdicts(renamed) == {}


def test_a_run_is_the_same_in_another_type_of_number(workspace: Workspace) -> None:
    runs = Runs([np.array([[1.0], [0.0], [2.0]]), np.ones((3, 1))])
    first = workspace.add_runs(runs, "float64")
    given = workspace.review.judge(first, "0", "fault", who="Ada")
    arrays = [np.array([[1.0], [-0.0], [2.0]], np.float32), np.ones((3, 1), np.float32)]
    second = workspace.add_runs(Runs(arrays), "float32")
    assert second != first and workspace.review.verdicts(second) == {"0": given}


@pytest.mark.parametrize("verdict", ["Fault", "", "good", None])
def test_there_are_three_verdicts(workspace: Workspace, data_set: DataSet, verdict: Any) -> None:
    with error(
        f"verdict must be one of 'fault', 'no fault', 'unsure', got {verdict!r}", WorkspaceError
    ):
        workspace.review.judge(data_set, "B-01", verdict, who="Ada")
    assert workspace.review.history(data_set, "B-01") == []


@pytest.mark.parametrize("run", ["B-99", "", "'; DROP TABLE verdict; --"])
def test_an_unknown_run_is_told(workspace: Workspace, data_set: DataSet, run: str) -> None:
    review = workspace.review
    for call in (
        lambda: review.judge(data_set, run, "fault", who="Ada"),
        lambda: review.undo(data_set, run, who="Ada"),
        lambda: review.history(data_set, run),
        lambda: review.choose_good_runs(data_set, ["B-01", run], who="Ada"),
    ):
        with error(f"data set 'runs' has no run {run!r}; runs there: 'B-00', ", NotInWorkspace):
            call()


def test_causes_are_told_by_how_often_they_were_given(
    workspace: Workspace, data_set: DataSet
) -> None:
    for cause in ("pump", "valve", "", "valve", "air", "valve", "air", "", ""):
        workspace.review.judge(data_set, "B-01", "fault", cause=cause, who="Ada")
    for _ in range(5):  # what an undo brings back was not given once more
        workspace.review.undo(data_set, "B-01", who="Ada")
    assert workspace.review.causes() == ["valve", "air", "pump"]


# --- thresholds ---------------------------------------------------------------------------------


def test_thresholds_are_versions(workspace: Workspace, model: Model) -> None:
    [first] = workspace.review.thresholds(model)
    second = workspace.review.set_threshold(model, 2.5, origin="k = 2.5", who="Ada")
    third = workspace.review.set_threshold(model, 1, origin="by hand", who="Bob")
    assert workspace.review.threshold(model) == third
    assert workspace.review.thresholds(model) == [third, second, first]
    assert (second.value, second.origin, second.who) == (2.5, "k = 2.5", "Ada")
    assert [v.supersedes for v in (third, second, first)] == [second.id, first.id, None]
    assert third.model_id == model.id and third.at.tzinfo is UTC


def test_models_have_thresholds_of_their_own(workspace: Workspace, model: Model) -> None:
    other = workspace.add_model(band().with_threshold(0.1))
    workspace.review.set_threshold(model, 9.0, origin="by hand", who="Ada")
    assert len(workspace.review.thresholds(other)) == 1
    assert workspace.review.threshold(other).origin == "contamination = 0.1"


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_threshold_is_a_finite_number(workspace: Workspace, model: Model, value: float) -> None:
    with error(f"a threshold must be a finite number, got {value!r}", WorkspaceError):
        workspace.review.set_threshold(model, value, origin="x", who="Ada")
    assert len(workspace.review.thresholds(model)) == 1


def test_an_unknown_model_is_told(workspace: Workspace, tmp_path: Path) -> None:
    other, _, model, _ = filled(tmp_path / "other")
    other.close()
    with error(f"no model {model.id} in ", NotInWorkspace):
        workspace.review.threshold(model)
    with error("a record that was passed is not in ", NotInWorkspace):
        workspace.review.set_threshold(model, 1.0, origin="x", who="Ada")


# --- good runs ----------------------------------------------------------------------------------


def test_the_last_choice_of_good_runs_counts(workspace: Workspace, data_set: DataSet) -> None:
    assert workspace.review.good_runs(data_set) is None
    workspace.review.choose_good_runs(data_set, ["B-03", "B-01", "B-03"], who="Ada")
    assert workspace.review.good_runs(data_set) == ["B-01", "B-03"]
    workspace.review.choose_good_runs(data_set, ["B-05"], who="Bob")
    assert workspace.review.good_runs(data_set) == ["B-05"]
    other = workspace.add_runs(walks()[:3], "other")
    assert workspace.review.good_runs(other) is None


def test_at_least_one_run_is_good(workspace: Workspace, data_set: DataSet) -> None:
    with error("no run was chosen: choose at least one as good", WorkspaceError):
        workspace.review.choose_good_runs(data_set, [], who="Ada")
    assert workspace.review.good_runs(data_set) is None
