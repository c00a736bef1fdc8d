"""Runs with their scores, and words for what was found in them: for reports and commands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from .explanation import Explanation, leading_channels, stretch_text
from .forms import plural
from .reconstruction import ReconstructionDetector
from .runs import Runs
from .thresholds import Thresholder

TINY = 1e-9  # a threshold of which no score is a sensible multiple


@dataclass(frozen=True)
class Scored:
    """Runs with their scores.

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

    def explain(self, positions: Sequence[int]) -> list[Explanation]:
        """As the detector explains each of these runs."""
        return self.detector.explain_all(self.runs[positions]) if len(positions) else []


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
    shortest, longest = runs.lengths.min(), runs.lengths.max()
    count = plural(len(runs), "run") if are is None else f"{len(runs)} {are}"
    span = f"{shortest:,} to " if shortest < longest else ""
    timesteps = f"{longest:,} timestep{'' if longest == 1 else 's'}"
    return f"{count} of {span}{timesteps}, {plural(runs.n_channels, 'channel')}"


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
