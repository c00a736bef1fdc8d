"""What the tests of the workspace share: runs, detectors, other processes."""

from __future__ import annotations

import itertools
import re
from functools import cache
from multiprocessing import get_context
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tsad_plugin.baselines import PopulationBand
from tsad_plugin.datasets import make_fermentation
from tsad_plugin.results import Scored
from tsad_plugin.runs import Runs
from tsad_plugin.thresholds import KSigma
from tsad_plugin.workspace import DataSet, Model, Scoring, Workspace

# A process that forks from one that has imported everything starts at once.
PROCESSES: Any = get_context("forkserver")
PROCESSES.set_forkserver_preload(["tsad_plugin.workspace", "tsad_plugin.datasets"])


def error(text: str, kind: type[ValueError] = ValueError) -> Any:
    """An error of exactly this kind, and this text at its beginning."""
    return pytest.raises(kind, match=f"^{re.escape(text)}", check=lambda e: type(e) is kind)


def walks(n_runs: int = 6, seed: int = 0, **more: Any) -> Runs:
    """Runs of unequal length with two channels and a gap."""
    rng = np.random.default_rng(seed)
    arrays = [rng.normal(size=(n, 2)).cumsum(0) for n in rng.integers(8, 14, n_runs)]
    arrays[0][3, 1] = np.nan
    named = {"ids": [f"B-{i:02}" for i in range(n_runs)], "channels": ["T", "p"], **more}
    return Runs(arrays, units=["°C", "bar"], **named)


@cache
def batches() -> Runs:
    """Fermentations, two with a fault."""
    return make_fermentation(8, faults=2, random_state=0)


@cache
def band() -> PopulationBand:
    """A detector of them, fitted in no time."""
    return PopulationBand(contamination=KSigma(3)).fit(batches())


@cache
def scored() -> Scored:
    """They, scored by it."""
    return Scored.of(band(), batches())


def filled(path: Path) -> tuple[Workspace, DataSet, Model, Scoring]:
    """A workspace with one of each."""
    workspace = Workspace(path, create=True)
    data_set = workspace.add_runs(batches(), "batches")
    model = workspace.add_model(band(), data_set=data_set)
    return workspace, data_set, model, workspace.add_scoring(scored(), model, data_set)


def same_array(found: Any, expected: Any) -> None:
    assert found.dtype == expected.dtype
    np.testing.assert_array_equal(found, expected)


def same_runs(found: Runs, expected: Runs) -> None:
    for name in ("channels", "units", "time_unit", "shape"):
        assert getattr(found, name) == getattr(expected, name)
    assert found.ids.tolist() == expected.ids.tolist()
    assert [type(i) for i in found.ids.tolist()] == [type(i) for i in expected.ids.tolist()]
    for a, b in zip(found.arrays, expected.arrays, strict=True):
        same_array(a, b)
    assert (found.times is None) == (expected.times is None)
    for a, b in zip(found.times or (), expected.times or (), strict=True):
        same_array(a, b)
    assert (found.labels is None) == (expected.labels is None)
    if found.labels is not None and expected.labels is not None:
        same_array(found.labels, expected.labels)


def check_whole(workspace: Workspace, scoring: Scoring) -> None:
    """Every part of a scoring of the batches is there, and right."""
    table = workspace.read_scores(scoring)
    assert table["run"].tolist() == batches().ids.tolist()
    np.testing.assert_array_equal(table["score"], scored().scores)
    assert int(table["label"].sum()) == scoring.n_outliers == scored().labels.sum()
    for position, contributions in enumerate(band().contributions(batches())):
        found = workspace.read_timesteps(scoring, position)
        assert found is not None
        np.testing.assert_allclose(found.contributions, contributions, rtol=1e-6)
    same_array(workspace.read_calibration(scoring), band().calibration_scores_)


def empty_from(table: pd.DataFrame, column: str) -> bool:
    return bool(table.loc[:, column:].isna().all(axis=None))


# --- what runs in other processes ---------------------------------------------------------------


def review_and_score(
    path: Path, who: str, start: Barrier, n_verdicts: int, n_scorings: int
) -> None:
    """Make the workspace or open it, fill it and judge one run again and again."""
    band()  # so that all start at once
    start.wait(60)
    workspace, data_set, model, _ = filled(path)
    for i in range(n_verdicts):
        workspace.review.judge(data_set, "F-001", "unsure", comment=f"{who} {i}", who=who)
    for _ in range(n_scorings - 1):
        workspace.add_scoring(scored(), model, data_set)
    workspace.close()


def score_forever(path: Path, count: Any) -> None:
    """Add scorings until it is killed, and count them."""
    workspace = Workspace(path)
    [data_set], [model] = workspace.data_sets(), workspace.models()
    found = Scored.of(workspace.load_model(model), workspace.read_runs(data_set))
    for count.value in itertools.count():
        workspace.add_scoring(found, model, data_set)
