"""What a workspace tells: frozen records, and what it raises."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

VERDICTS = ("fault", "no fault", "unsure")


class WorkspaceError(ValueError):
    """What a workspace does not do; its text is for people."""


class NotInWorkspace(WorkspaceError):
    """A record that the workspace does not have."""


class Busy(WorkspaceError):
    """The database cannot be used now: another holds it, or its disk has no room."""


class Damaged(WorkspaceError):
    """A file of the workspace that is missing or not as it was written."""


@dataclass(frozen=True)
class DataSet:
    """Runs that were added under one name.

    Attributes
    ----------
    id : int
        Number in this workspace.
    name : str
        As the user calls it.
    n_runs, n_timesteps_total : int
        Runs, and timesteps of all of them.
    channels, units : tuple of str
        Names and units of the channels.
    time_unit : str or None
        Unit of numeric times.
    has_labels, has_times : bool
        Whether the runs have labels, and times.
    digest : str
        By which the same content is known again.
    folder : str
        Name of its folder in `data_sets/`.
    created : datetime
        When it was added, in UTC.
    """

    id: int
    name: str
    n_runs: int
    n_timesteps_total: int
    channels: tuple[str, ...]
    units: tuple[str, ...]
    time_unit: str | None
    has_labels: bool
    has_times: bool
    digest: str
    folder: str
    created: datetime


@dataclass(frozen=True)
class Model:
    """A fitted detector.

    Attributes
    ----------
    id : int
        Number in this workspace.
    detector : str
        Name of its class.
    parameters : dict
        As JSON values; what is none is there as text.
    data_set_id : int or None
        The data set it was fitted on, where that was said.
    folder : str or None
        Name of its folder in `models/`; None where it is foreign, and cannot be loaded.
    digest : str or None
        Of its `model.json`, by which the same model is known again; None where it is foreign.
    n_training : int or None
        Runs it was fitted on, where it says so.
    created : datetime
        When it was added, in UTC.
    """

    id: int
    detector: str
    parameters: dict[str, Any]
    data_set_id: int | None
    folder: str | None
    digest: str | None
    n_training: int | None
    created: datetime


@dataclass(frozen=True)
class Scoring:
    """Scores of a data set by a model.

    Attributes
    ----------
    id, model_id, data_set_id : int
        Numbers in this workspace.
    folder : str
        Name of its folder in `scorings/`.
    n_outliers : int
        Runs that the detector labelled as outliers.
    has_timesteps : bool
        Whether timesteps were scored, too.
    threshold : float or None
        The detector's; None where it has none in the units of the scores.
    created : datetime
        When it was added, in UTC.
    """

    id: int
    model_id: int
    data_set_id: int
    folder: str
    n_outliers: int
    has_timesteps: bool
    threshold: float | None
    created: datetime


@dataclass(frozen=True)
class Verdict:
    """What a person said of a run.

    Attributes
    ----------
    id : int
        Number in this workspace; a later verdict has a higher one.
    run : str
        Name of the run.
    verdict : str or None
        One of `VERDICTS`; None where the run is unreviewed again.
    cause, comment : str
        What the person added.
    who : str
        The person.
    at : datetime
        When, in UTC.
    supersedes : int or None
        The verdict before it.
    restores : int or None
        The verdict that an undo brought back.
    """

    id: int
    run: str
    verdict: str | None
    cause: str
    comment: str
    who: str
    at: datetime
    supersedes: int | None
    restores: int | None

    @property
    def is_undo(self) -> bool:
        """Whether it took back the one before it."""
        return self.verdict is None or self.restores is not None


@dataclass(frozen=True)
class ThresholdVersion:
    """A threshold that a model had, or has.

    Attributes
    ----------
    id, model_id : int
        Numbers in this workspace.
    value : float or None
        In the units of the scores; None where the detector's own has other units.
    origin : str
        Where it comes from: `KSigma(k=3)`, `k = 2.5` …
    who : str
        The person who set it.
    at : datetime
        When, in UTC.
    supersedes : int or None
        The version before it.
    """

    id: int
    model_id: int
    value: float | None
    origin: str
    who: str
    at: datetime
    supersedes: int | None


class TimestepFindings(NamedTuple):
    """What a detector found at each timestep of one run.

    Attributes
    ----------
    scores : ndarray of shape (n_timesteps,)
        A row of `contributions` sums to it.
    contributions, reconstruction : ndarray of shape (n_timesteps, n_channels)
        In the order of the data set's channels.
    """

    scores: NDArray[np.float32]
    contributions: NDArray[np.float32]
    reconstruction: NDArray[np.float32]

    @property
    def shares(self) -> NDArray[np.float64]:
        """(n_channels,): each channel's share of the error of the whole run; 0 without error."""
        sums: NDArray[np.float64] = np.nansum(self.contributions, axis=0, dtype=np.float64)
        return sums / (float(sums.sum()) or 1.0)
