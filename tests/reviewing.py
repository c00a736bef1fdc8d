"""A workspace to review, made in a second: runs of two channels, three of them abnormal."""

from pathlib import Path
from typing import Any

import numpy as np

from tsad_plugin import KSigma, PCAReconstruction, PopulationBand, Runs
from tsad_plugin.results import Scored
from tsad_plugin.workspace import Workspace

ABNORMAL = {"B-3": "T", "B-7": "p", "B-11": "T"}  # and the channel that is off


def recipe(n_runs: int, seed: int, prefix: str, **more: Any) -> Runs:
    """Runs of 30 to 40 timesteps that follow a recipe; times in hours, units."""
    rng = np.random.default_rng(seed)
    arrays, times = [], []
    for n in rng.integers(30, 41, n_runs):
        phase = np.linspace(0, 2 * np.pi, n)
        level = rng.normal(0, 0.1, 2)
        values = np.column_stack([20 + np.sin(phase), 5 + np.cos(phase)])
        arrays.append(values + level + rng.normal(0, 0.05, (n, 2)))
        times.append(0.5 * np.arange(n))
    ids = [f"{prefix}-{i}" for i in range(n_runs)]
    return Runs(
        arrays, ids=ids, channels=["T", "p"], units=["°C", ""], times=times, time_unit="h", **more
    )


def good_runs() -> Runs:
    return recipe(40, 0, "G")


def new_runs(labels: bool = False) -> Runs:
    """Twenty runs, three of them abnormal from timestep 10 to 19; B-5 has a gap."""
    known = ["bad" if f"B-{i}" in ABNORMAL else "ok" for i in range(20)]
    runs = recipe(20, 1, "B", labels=known if labels else None)
    for size, (name, channel) in zip((3.0, 2.0, 1.5), ABNORMAL.items(), strict=True):
        runs.arrays[runs.position(name)][10:20, runs.channels.index(channel)] += size
    runs.arrays[5][3:6, 0] = np.nan
    return runs


def detector() -> PCAReconstruction:
    return PCAReconstruction(contamination=KSigma(3))


def fill(folder: Path, *, labels: bool = False) -> Workspace:
    """A workspace of the training runs and of the new ones, both scored; the new ones last."""
    workspace = Workspace(folder, create=True)
    keep(workspace, good_runs(), new_runs(labels))
    return workspace


def keep(workspace: Workspace, train: Runs, new: Runs) -> None:
    """Learn from some runs; keep them, others and the scores of both."""
    clf = detector().fit(train)
    learned = workspace.add_runs(train, "train.csv")
    model = workspace.add_model(clf, data_set=learned)
    workspace.add_scoring(Scored.of(clf, train), model, learned)
    data_set = workspace.add_runs(new, "new.csv")
    workspace.add_scoring(Scored.of(clf, new), model, data_set)


def score_again(folder: Path) -> None:
    """Score the runs by a second model, too, and by it some of them in another data set."""
    with Workspace(folder) as workspace:
        band = PopulationBand(contamination=KSigma(3)).fit(good_runs())
        new, train = workspace.data_sets()
        model = workspace.add_model(band, data_set=train)
        workspace.add_scoring(Scored.of(band, new_runs(labels=True)), model, new)
        some = new_runs()[[11, 4, 3]]
        workspace.add_scoring(Scored.of(band, some), model, workspace.add_runs(some, "some.csv"))
