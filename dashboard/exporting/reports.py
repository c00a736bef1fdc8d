"""The report of runs as they stand in the workspace: nothing is scored again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import repeat
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from dashboard.answers import Refused
from dashboard.seen import Seen
from dashboard.views import View
from dashboard.wording import verdict_line, when
from tsad_plugin.explanation import Evidence, Explanation, explain_run
from tsad_plugin.html_report import runs_page
from tsad_plugin.inputs import order_of, with_channels
from tsad_plugin.reconstruction import ReconstructionDetector
from tsad_plugin.results import Decisions, Said
from tsad_plugin.runs import Runs

from .files import HTML, File

MOST_CHOSEN = 50  # runs, each with a picture of its own


def report_file(seen: Seen, chosen: Sequence[int] = ()) -> File:
    """A report as one HTML file.

    Parameters
    ----------
    seen : Seen
        What a URL shows: its threshold makes the outliers.
    chosen : sequence of int
        Positions of the runs to show, at most 50. Default: the outliers.

    Returns
    -------
    File
        One page that needs no network.

    Raises
    ------
    Refused
        If too many runs are chosen, or the detector does not tell when and where a run went wrong.
    """
    if len(chosen) > MOST_CHOSEN:
        raise Refused(
            f"a report shows {MOST_CHOSEN} runs at most, {len(chosen):,} are selected: select fewer"
        )
    page = runs_page(Kept.of(seen), chosen).encode("utf-8", "replace")
    run = seen.view.names_at(chosen if len(chosen) == 1 else [])
    return File.of(page, [seen.view.data_set.name, *run], "report", HTML)


def has_report(view: View) -> bool:
    """Whether the detector tells when and in which channel a run went wrong."""
    return view.model.folder is not None and view.scoring.has_timesteps


@dataclass(frozen=True, eq=False)
class Kept:
    """What a workspace keeps of a scoring, as `Findings`.

    Attributes
    ----------
    seen : Seen
        The scoring, and what people have decided.
    detector : ReconstructionDetector
        The one that made it: asked what it is and what it learned from, not for scores.
    """

    seen: Seen
    detector: ReconstructionDetector

    @classmethod
    def of(cls, seen: Seen) -> Self:
        """Load the detector; refused where it has scores alone."""
        view = seen.view
        if not has_report(view):
            raise Refused(
                f"{view.model.detector} has scores alone: a report shows when and in which channel "
                "a run went wrong, which it does not tell; export the scores"
            )
        return cls(seen, seen.views.workspace.load_model(view.model))

    @property
    def ids(self) -> list[str]:
        """Names of the runs."""
        return self.seen.view.names

    @property
    def known(self) -> list[Any] | None:
        """What the data say of each run."""
        return self.seen.view.labels

    @cached_property
    def lengths(self) -> NDArray[np.int64]:
        """(n_runs,)."""
        return self.seen.view.table["n_timesteps"].to_numpy(np.int64)

    @property
    def scores(self) -> NDArray[np.float64]:
        """(n_runs,)."""
        return self.seen.view.scores

    @cached_property
    def labels(self) -> NDArray[np.int64]:
        """(n_runs,): 1 above the threshold that is looked at."""
        return self.seen.view.outliers(self.seen.threshold).astype(np.int64)

    @property
    def threshold(self) -> float:
        """The one that is looked at."""
        return np.nan if self.seen.threshold is None else self.seen.threshold

    @property
    def ranked(self) -> list[int]:
        """Positions of the runs, the most abnormal first."""
        return self.seen.view.ranked.tolist()

    @property
    def outliers(self) -> list[int]:
        """Positions of the outliers, the most abnormal first."""
        return [i for i in self.ranked if self.labels[i]]

    @cached_property
    def decisions(self) -> Decisions:
        """Verdicts, and where the threshold comes from."""
        given = self.seen.standing.verdicts
        verdicts = {
            i: Said(given[run].verdict or "", verdict_line(given[run]))
            for i, run in enumerate(self.ids)
            if run in given
        }
        return Decisions(self.seen.view.data_set.name, _origin(self.seen), verdicts)

    def pick(self, positions: Sequence[int]) -> Runs:
        """These runs, with the detector's channels in its order."""
        runs = self.seen.views.workspace.read_runs(self.seen.view.data_set, positions)
        return with_channels(runs, self.detector.channels_)

    def explain(self, positions: Sequence[int]) -> list[Explanation]:
        """Why each of these runs has its score, by what is kept of its timesteps."""
        runs, level = self.pick(positions), self.detector.scorer_.timestep_level_
        found = zip(positions, self.timesteps(positions), runs.times or repeat(None), strict=False)
        return [
            explain_run(self._evidence(i, contributions, times, runs.time_unit), level)
            for i, (contributions, _), times in found
        ]

    def _evidence(
        self,
        position: int,
        contributions: NDArray[Any],
        times: NDArray[Any] | None,
        time_unit: str | None,
    ) -> Evidence:
        is_known = not np.isnan(self.threshold)
        return Evidence(
            run=self.ids[position],
            score=float(self.scores[position]),
            threshold=self.threshold if is_known else float(self.detector.threshold_),
            is_outlier=bool(self.labels[position]),
            residual=np.nan,  # this and the latent part are not kept
            latent=None,
            n_timesteps=len(contributions),
            duration=float(self.seen.view.table["duration"].iat[position]),
            contributions=contributions.astype(np.float64),
            channels=self.detector.channels_,
            times=times,
            time_unit=time_unit,
        )

    def timesteps(self, positions: Sequence[int]) -> list[tuple[NDArray[Any], NDArray[Any]]]:
        """Contributions and reconstruction of each of these runs, (n_timesteps_i, n_channels)."""
        workspace, scoring = self.seen.views.workspace, self.seen.view.scoring
        found = (workspace.read_timesteps(scoring, position) for position in positions)
        return [
            (f.contributions[:, self._order], f.reconstruction[:, self._order])
            for f in found
            if f is not None  # `of` has refused detectors that find nothing there
        ]

    @cached_property
    def _order(self) -> list[int]:
        """Where the data set has each of the detector's channels."""
        return order_of(self.seen.view.data_set.channels, self.detector.channels_)


def _origin(seen: Seen) -> str | None:
    """Where the threshold comes from, in words; None where it is the detector's own."""
    kept = seen.standing.threshold
    if seen.threshold != kept.value:
        return f"mean {seen.good.k(seen.threshold or 0.0):+.2f} σ of {seen.good.name}, not kept"
    if kept.supersedes is None:
        return None
    return f"{kept.origin} ({kept.who}, {when(kept.at)})"
