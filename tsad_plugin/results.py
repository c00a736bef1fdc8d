"""Runs with their scores, and words for what was found in them: for reports and commands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from .explanation import Explanation, leading_channels, stretch_text
from .forms import plural
from .inputs import with_channels
from .reconstruction import ReconstructionDetector
from .runs import Runs
from .thresholds import Thresholder

TINY = 1e-9  # a threshold of which no score is a sensible multiple


class Said(NamedTuple):
    """A verdict on a run: in a word, and with all that belongs to it."""

    verdict: str
    text: str


class Decisions(NamedTuple):
    """What people have to do with scores: how they call the data, and what they decided.

    `threshold` says in words which one holds, where it is not the detector's own; `verdicts` are by
    the position of the run.
    """

    data_set: str
    threshold: str | None
    verdicts: Mapping[int, Said]


class Findings(Protocol):
    """Scores of runs, and what was found in some of them: all that a report tells.

    What is asked of all runs is short; values and errors at timesteps are asked of a few alone.
    """

    @property
    def detector(self) -> ReconstructionDetector:
        """The one that scored them."""

    @property
    def ids(self) -> list[Any]:
        """Ids of all runs."""

    @property
    def known(self) -> list[Any] | None:
        """What the data say of each of them."""

    @property
    def lengths(self) -> NDArray[np.int64]:
        """(n_runs,): their timesteps."""

    @property
    def scores(self) -> NDArray[np.float64]:
        """(n_runs,)."""

    @property
    def labels(self) -> NDArray[np.int64]:
        """(n_runs,): 1 for an outlier."""

    @property
    def threshold(self) -> float:
        """NaN where it is not in the units of the scores."""

    @property
    def ranked(self) -> list[int]:
        """Positions of the runs, the most abnormal first."""

    @property
    def outliers(self) -> list[int]:
        """Positions of the outliers, the most abnormal first."""

    @property
    def decisions(self) -> Decisions | None:
        """What people decided, where anybody was asked."""

    def pick(self, positions: Sequence[int]) -> Runs:
        """These runs, with the detector's channels in its order."""

    def explain(self, positions: Sequence[int]) -> list[Explanation]:
        """Why each of these runs has its score."""

    def timesteps(self, positions: Sequence[int]) -> list[tuple[NDArray[Any], NDArray[Any]]]:
        """Contributions and reconstruction of each of these runs, (n_timesteps_i, n_channels)."""


@dataclass(frozen=True)
class Scored:
    """Runs with their scores; as `Findings`, the detector is asked anew.

    `threshold` is NaN where labels come from a foreign thresholder: its threshold is in units of
    its own.
    """

    detector: ReconstructionDetector
    runs: Runs
    scores: NDArray[np.float64]
    labels: NDArray[np.int64]
    threshold: float

    @classmethod
    def of(cls, detector: ReconstructionDetector, runs: Runs) -> Self:
        """Score runs."""
        scores = detector.decision_function(runs)
        ours = isinstance(detector.thresholder_, (float, Thresholder))
        threshold = float(detector.threshold_) if ours else float("nan")
        return cls(detector, runs, scores, detector._label(scores), threshold)

    @property
    def ranked(self) -> list[int]:
        """Positions of the runs, the most abnormal first."""
        return np.argsort(-self.scores, kind="stable").tolist()

    @property
    def outliers(self) -> list[int]:
        """Positions of the outliers, the most abnormal first."""
        return [i for i in self.ranked if self.labels[i]]

    @property
    def ids(self) -> list[Any]:
        """Ids of the runs."""
        return self.runs.ids.tolist()

    @property
    def known(self) -> list[Any] | None:
        """What the data say of each run."""
        return None if self.runs.labels is None else self.runs.labels.tolist()

    @property
    def lengths(self) -> NDArray[np.int64]:
        """(n_runs,)."""
        return self.runs.lengths

    @property
    def decisions(self) -> None:
        """Nobody was asked."""
        return None

    def pick(self, positions: Sequence[int]) -> Runs:
        """These runs, with the detector's channels in its order."""
        return with_channels(self.runs[positions], self.detector.channels_)

    def explain(self, positions: Sequence[int]) -> list[Explanation]:
        """As the detector explains each of these runs."""
        return self.detector.explain_all(self.runs[positions]) if len(positions) else []

    def timesteps(self, positions: Sequence[int]) -> list[tuple[NDArray[Any], NDArray[Any]]]:
        """As the detector reconstructs each of these runs: contributions and reconstruction."""
        runs, detector = self.runs[positions], self.detector
        return list(zip(detector.contributions(runs), detector.reconstruct(runs), strict=True))


def number(value: float) -> str:
    """About three digits."""
    if abs(value) >= 1e7:
        return f"{value:.3g}"
    if abs(value) < 0.1:
        return f"{value:.2g}"
    return f"{value:.2f}" if abs(value) < 100 else f"{value:,.0f}"


def relative(score: float, threshold: float) -> str:
    """A score as a multiple of the threshold, where that says anything."""
    return f"{score / threshold:.2f}" if threshold > TINY else "–"


def describe(runs: Runs, are: str | None = None) -> str:
    """`71 runs of 89 to 201 timesteps, 2 channels`; they may be called otherwise."""
    return described(runs.lengths, runs.n_channels, are)


def described(lengths: NDArray[np.int64], n_channels: int, are: str | None = None) -> str:
    """The same, of runs of which no more is known."""
    shortest, longest = lengths.min(), lengths.max()
    count = plural(len(lengths), "run") if are is None else f"{len(lengths)} {are}"
    span = f"{shortest:,} to " if shortest < longest else ""
    timesteps = f"{longest:,} timestep{'' if longest == 1 else 's'}"
    return f"{count} of {span}{timesteps}, {plural(n_channels, 'channel')}"


def constant_channels(runs: Runs) -> list[str]:
    """Channels that have the same value throughout all runs."""
    lowest = np.min([np.nanmin(array, axis=0) for array in runs.arrays], axis=0)
    highest = np.max([np.nanmax(array, axis=0) for array in runs.arrays], axis=0)
    return [runs.channels[c] for c in np.flatnonzero(lowest == highest)]


def stretch(runs: Runs, i: int, start: int, end: int) -> str:
    """A stretch of a run, by its times where it has them, else by its timesteps."""
    if runs.times is None:
        return str(start) if start == end else f"{start}–{end}"
    return stretch_text(start, end, runs.times[i])


def channels_text(found: Explanation) -> str:
    """`pH 80%, T 15%`."""
    return ", ".join(f"{c} {share:.0%}" for c, share in leading_channels(found.channels).items())
