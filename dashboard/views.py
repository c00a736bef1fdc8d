"""What a page shows of a scoring: what never changes of it, and how things stand now."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tsad_plugin.explanation import ODD_LENGTH
from tsad_plugin.forms import did_you_mean, shorten
from tsad_plugin.inputs import order_of
from tsad_plugin.population import Population
from tsad_plugin.preprocessing import usual_lengths
from tsad_plugin.results import number
from tsad_plugin.workspace import (
    Damaged,
    DataSet,
    Model,
    Overview,
    Scoring,
    ThresholdVersion,
    Verdict,
    Workspace,
)

from .answers import Refused
from .memory import Memory

KEPT = 16  # populations that stay in memory: on each axis, of several scorings


@dataclass(frozen=True, eq=False)
class View:
    """A scoring with its runs: what never changes.

    Attributes
    ----------
    scoring, model, data_set
        Their records.
    table : DataFrame
        A row a run, in the order of the data: see `Workspace.read_scores`.
    calibration : ndarray of shape (n_calibration_runs,)
        Scores of good runs that were held out of training.
    labels : list or None
        What the data say of each run.
    """

    scoring: Scoring
    model: Model
    data_set: DataSet
    table: pd.DataFrame
    calibration: NDArray[np.float64]
    labels: list[Any] | None

    @cached_property
    def names(self) -> list[str]:
        """Names of the runs."""
        return self.table["run"].tolist()

    @cached_property
    def places(self) -> dict[str, int]:
        """Position of each run by its name."""
        return {run: position for position, run in enumerate(self.names)}

    def names_at(self, positions: Iterable[int]) -> list[str]:
        """Names of the runs at some positions."""
        return [self.names[position] for position in positions]

    @cached_property
    def scores(self) -> NDArray[np.float64]:
        """(n_runs,)."""
        return self.table["score"].to_numpy(np.float64)

    @cached_property
    def ranked(self) -> NDArray[np.intp]:
        """Positions of the runs, the most abnormal first."""
        return np.argsort(-self.scores, kind="stable")

    @cached_property
    def ranks(self) -> NDArray[np.intp]:
        """(n_runs,): rank of each run; 1 is the most abnormal."""
        ranks = np.empty(len(self.ranked), np.intp)
        ranks[self.ranked] = np.arange(1, len(ranks) + 1)
        return ranks

    def worst_first(self, which: NDArray[np.bool_]) -> NDArray[np.intp]:
        """Positions of some runs, the most abnormal first."""
        return self.ranked[which[self.ranked]]

    @cached_property
    def described(self) -> pd.DataFrame:
        """A row a run, in the order of the data: what never changes of it, short enough to read."""
        found = self.table[["channels", "stretch"]].fillna("").astype(str)
        labels = ["" if label is None else str(label) for label in self.known_labels]
        about = {"rank": self.ranks, "run": self.names, "score": readable(self.scores)}
        return found.reset_index(drop=True).assign(**about, label=labels)

    @cached_property
    def found(self) -> list[tuple[str, str]]:
        """Of each run the channels with most of the error, and when; empty where nobody knows."""
        return list(zip(self.described["channels"], self.described["stretch"], strict=True))

    @cached_property
    def known_labels(self) -> pd.Series:
        """(n_runs,): what the data say of each run, None where they say nothing."""
        labels = pd.Series(self.labels or [None] * len(self.names), dtype=object)
        return labels.where(labels.notna(), None)

    def position(self, run: str | None) -> int:
        """Position of the run of that name; refused where there is none."""
        if run is None:
            raise Refused("no run is named: choose one of the runs")
        if run not in self.places:
            hint, run = did_you_mean(run, self.names), run[:60]
            raise Refused(
                f"there is no run {run!r} in {self.data_set.name}{hint or ';'} runs there: "
                f"{shorten(self.names)}"
            )
        return self.places[run]

    def odd_length(self, position: int) -> bool:
        """Whether a run is much longer or shorter than those that the detector learned from."""
        duration = self.table["duration"].iat[position]
        return bool(pd.notna(duration) and abs(duration) > ODD_LENGTH)

    def is_outlier(self, position: int, threshold: float | None) -> bool:
        """Whether a run is above the threshold; without one, what the detector says."""
        if threshold is None:
            return bool(self.table["label"].iat[position] == 1)
        return bool(self.scores[position] > threshold)

    def outliers(self, threshold: float | None) -> NDArray[np.bool_]:
        """(n_runs,): those above the threshold; without one those that the detector says."""
        if threshold is None:
            return self.table["label"].to_numpy() == 1
        return self.scores > threshold


@dataclass(frozen=True)
class Standing:
    """How things stand now: what people have decided.

    Attributes
    ----------
    threshold : ThresholdVersion
        The one that is kept.
    verdicts : dict of str to Verdict
        By the run's name.
    chosen : list of str or None
        The runs that somebody chose as good.
    said : ndarray of shape (n_runs,)
        The verdict on each run as text; empty where there is none yet.
    """

    threshold: ThresholdVersion
    verdicts: dict[str, Verdict]
    chosen: list[str] | None
    said: NDArray[np.object_]

    def verdict(self, run: str) -> str | None:
        """The verdict on a run, None where there is none yet."""
        return self.verdicts[run].verdict if run in self.verdicts else None


class Which(NamedTuple):
    """Runs of a data set: those at some positions, or all; on an axis, in the order of channels."""

    data_set: int
    positions: tuple[int, ...] | None
    axis: str
    channels: tuple[str, ...]


class Views:
    """Scorings of a workspace as the pages show them; the last ones stay in memory.

    Parameters
    ----------
    workspace : Workspace
        Where they lie.
    """

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self.memory = Memory()

    def newest(self) -> int | None:
        """Number of the newest scoring; None in an empty workspace."""
        scorings = self.workspace.scorings()
        return scorings[0].id if scorings else None

    def of(self, scoring: int | None) -> View:
        """The scoring of that number, or the newest.

        Raises
        ------
        ValueError
            If there is none, or its files are damaged or gone.
        """
        number = self.newest() if scoring is None else scoring
        if number is None:
            raise Refused("the workspace holds no scoring yet")
        return self.memory.of(self._read, number)

    def _read(self, number: int) -> View:
        workspace = self.workspace
        scoring = workspace.scoring(number)
        data_set = workspace.data_set(scoring.data_set_id)
        return View(
            scoring,
            workspace.model(scoring.model_id),
            data_set,
            workspace.read_scores(scoring),
            workspace.read_calibration(scoring),
            _labels(workspace, data_set),
        )

    def standing(self, view: View) -> Standing:
        """How things stand now."""
        review = self.workspace.review
        verdicts = review.verdicts(view.data_set)
        said = np.full(len(view.names), "", dtype=object)
        said[[view.places[run] for run in verdicts]] = [one.verdict for one in verdicts.values()]
        chosen = review.good_runs(view.data_set)
        return Standing(review.threshold(view.model), verdicts, chosen, said)

    def clock(self, data_set: int) -> tuple[bool, str | None]:
        """What times of a data set are: datetimes or durations, or else numbers of this unit."""
        starts = self.overview(data_set).starts
        is_clock = starts is not None and starts.dtype.kind in "mM"
        return is_clock, self.workspace.data_set(data_set).time_unit

    def overview(self, data_set: int) -> Overview:
        """A data set as a whole."""
        return self.memory.of(self._look_over, data_set)

    def _look_over(self, data_set: int) -> Overview:
        return self.workspace.overview(self.workspace.data_set(data_set))

    def codes(self, scoring: int) -> NDArray[np.float32] | None:
        """Codes of the runs, (n_runs, latent_dim); None where there are none."""
        return self.memory.of(self._read_codes, scoring)

    def _read_codes(self, scoring: int) -> NDArray[np.float32] | None:
        return self.workspace.read_codes(self.workspace.scoring(scoring))

    def trained_on(self, model: Model, data_set: int) -> tuple[int, ...] | None:
        """Positions, in the data set that a model was fitted on, of the runs that it learned from.

        None stands for all: none was left out for its length.
        """
        lengths = self.overview(data_set).lengths
        usual = usual_lengths(lengths, model.parameters.get("length_sigma"))
        return None if usual.all() else tuple(np.flatnonzero(usual).tolist())

    def population(self, which: Which) -> Population:
        """How some runs go."""
        return self.memory.of(self._add_up, which, most=KEPT)

    def _add_up(self, which: Which) -> Population:
        data_set = self.workspace.data_set(which.data_set)
        found = self.workspace.population(data_set, which.axis, which.positions)
        return _in_order(found, order_of(data_set.channels, which.channels))


def _in_order(found: Population, channels: list[int]) -> Population:
    """A population of these channels, in this order."""
    columns = {name: getattr(found, name)[:, channels] for name in ("mean", "std", "n")}
    return found._replace(**columns)


def readable(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Numbers as all pages say them, but as numbers: they sort, and a filter finds what is read."""
    texts = (number(value).replace(",", "") for value in values.tolist())
    return np.array([float(text) for text in texts], dtype=np.float64)


def _labels(workspace: Workspace, data_set: DataSet) -> list[Any] | None:
    """What the data say of each run; scores are shown without it, too."""
    try:
        return workspace.read_labels(data_set)
    except Damaged:
        return None
