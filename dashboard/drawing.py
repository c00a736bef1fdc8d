"""From a scoring to figures: what `tsad_plugin.figures` is given."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import plotly.graph_objects as go
from dash import Patch
from numpy.typing import NDArray

from tsad_plugin import figures
from tsad_plugin.figures import Course
from tsad_plugin.population import Population, axis_values
from tsad_plugin.runs import Runs
from tsad_plugin.workspace import TimestepFindings

from .seen import Seen
from .views import View

BAND = 3.0  # standard deviations of the band around the population
# What a threshold moves: markers of the score chart, and all of the histogram, whose bins reach it.
MOVED = {"normal", "outlier", "reviewed", "selected", "held-out", "new"}


def scores(seen: Seen, threshold: float | None, selected: Sequence[int] = ()) -> go.Figure:
    """Scores of all runs as a control chart, with rings around the runs at some positions."""
    view, standing = seen.view, seen.standing
    return figures.score_chart(
        view.scores,
        outlier=view.outliers(threshold),
        ids=view.names,
        labels=view.labels,
        calibration=seen.good.scores,
        threshold=threshold,
        log=is_log(seen),
        verdicts=[verdict or None for verdict in standing.said],
        selected=selected,
        keep=True,
    )


def scores_within(seen: Seen, event: Mapping[str, Any] | None) -> list[int]:
    """Positions of the runs that a box or a lasso in the score chart is drawn around."""
    places = np.arange(1, len(seen.view.scores) + 1)
    return figures.within(event, places, seen.view.scores, log=is_log(seen)).tolist()


def histogram(seen: Seen, threshold: float | None, selected: Sequence[int] = ()) -> go.Figure:
    """How the scores are distributed, those of all and of the runs at some positions."""
    return figures.score_histogram(
        seen.view.scores, **_bins(seen, threshold), selected=selected, height=380
    )


def histogram_within(
    seen: Seen, threshold: float | None, event: Mapping[str, Any] | None
) -> list[int]:
    """Positions of the runs in a range of the histogram."""
    places = figures.histogram_places(seen.view.scores, **_bins(seen, threshold))
    return figures.within(event, places).tolist()


def _bins(seen: Seen, threshold: float | None) -> dict[str, Any]:
    return {"calibration": seen.good.scores, "threshold": threshold, "log": is_log(seen)}


def is_log(seen: Seen) -> bool:
    """Whether the axis is logarithmic: a threshold that is moved does not change it."""
    return figures.wants_log(seen.view.scores, seen.good.scores, seen.threshold)


@dataclass(frozen=True, eq=False)
class RunView:
    """One run with what the detector found in it, on one axis.

    Attributes
    ----------
    view : View
        The scoring.
    position : int
        Which run.
    runs : Runs
        That run alone.
    found : TimestepFindings or None
        Of a detector that tells when and in which channel.
    band : Population
        How good runs go, on the same axis.
    axis : str
        Of `tsad_plugin.population.AXES`.
    """

    view: View
    position: int
    runs: Runs
    found: TimestepFindings | None
    band: Population
    axis: str

    @cached_property
    def _on_axis(self) -> tuple[NDArray[Any], str]:
        return axis_values(self.runs, 0, self.axis, self.band.unit)

    @property
    def x(self) -> NDArray[Any]:
        """Where the timesteps stand on the axis."""
        return self._on_axis[0]

    @property
    def x_title(self) -> str:
        """What the axis is."""
        return self._on_axis[1]

    @property
    def zoom(self) -> str:
        """What a zoom holds for: as long as this is the same, it stays."""
        return f"{self.view.scoring.id} {self.position} {self.axis}"

    @property
    def stretch(self) -> tuple[int, int] | None:
        """First and last timestep of the worst stretch."""
        row = self.view.table.iloc[self.position]
        return None if self.found is None else (int(row["start"]), int(row["end"]))

    @cached_property
    def contributions(self) -> NDArray[np.float64] | None:
        """(t, c), NaN where nothing was measured."""
        if self.found is None:
            return None
        return np.where(np.isnan(self.runs.arrays[0]), np.nan, self.found.contributions)

    @cached_property
    def shares(self) -> dict[str, float]:
        """Each channel's share of the error of the whole run, the largest first."""
        if self.found is None:
            return dict.fromkeys(self.runs.channels, 0.0)
        return largest_first(self.runs.channels, self.found.shares)

    @property
    def opens_at(self) -> int | None:
        """The timestep to begin with: where the leading channel of the worst stretch errs most.

        The highest score of the run may be a moment of another channel, elsewhere.
        """
        if self.found is None or self.stretch is None:
            return None
        start, end = self.stretch
        leading = self.runs.channels.index(self.view.table["channel"].iat[self.position])
        return start + int(np.argmax(self.found.contributions[start : end + 1, leading]))

    def nearest(self, x: float) -> int:
        """The timestep that is closest to a place on the axis."""
        return int(np.nanargmin(np.abs(self.x.astype(np.float64) - x)))


def largest_first(channels: Sequence[str], shares: NDArray[np.float64]) -> dict[str, float]:
    """Channels with their shares."""
    return {channels[c]: float(shares[c]) for c in np.argsort(-shares, kind="stable")}


def alone(seen: Seen) -> Runs:
    """The run alone."""
    return seen.views.workspace.read_runs(seen.view.data_set, [seen.position])


def look(seen: Seen, axis: str, runs: Runs | None = None) -> RunView:
    """The run and the good runs on an axis."""
    found = seen.views.workspace.read_timesteps(seen.view.scoring, seen.position)
    runs = alone(seen) if runs is None else runs
    return RunView(seen.view, seen.position, runs, found, seen.population(axis), axis)


def courses(run: RunView, channels: list[str], at: int | None = None, **look: Any) -> go.Figure:
    """Some channels of the run over the population; `look` may say `name_width`."""
    return figures.run_courses(
        [_course(run, name) for name in channels],
        None,
        run.runs.channels,
        x=run.x,
        x_title=run.x_title,
        stretch=run.stretch,
        band_name=f"good runs, mean ± {BAND:g}σ",
        n_runs=(run.band.x, run.band.n.max(axis=1)),
        at=None if at is None else run.x[at],
        **look,
    ).update_layout(uirevision=run.zoom)


def _course(run: RunView, name: str) -> Course:
    c = run.runs.channels.index(name)
    mean, reach = run.band.mean[:, c], BAND * run.band.std[:, c]
    share = run.shares[name]
    return Course(
        name,
        run.runs.arrays[0][:, c],
        run.runs.units[c],
        None if run.found is None else run.found.reconstruction[:, c],
        mean,
        mean - reach,
        mean + reach,
        f"{share:.0%} of the error" if share >= 0.005 else "",
        band_x=run.band.x,
    )


def error_map(run: RunView, at: int | None = None, **scale: Any) -> go.Figure:
    """Which channel erred, when; `scale` may say `order` and `zmax`."""
    contributions = run.contributions
    return figures.error_map(
        np.empty((0, 0)) if contributions is None else contributions,
        run.runs.channels,
        x=run.x,
        x_title=run.x_title,
        stretch=run.stretch,
        at=None if at is None else run.x[at],
        **scale,
    ).update_layout(uirevision=run.zoom)


def contributions_at(run: RunView, at: int) -> go.Figure:
    """What each channel has to do with the error at one timestep."""
    contributions = run.contributions
    if contributions is None:
        return figures.contribution_bars([], [])
    return figures.contribution_bars(
        contributions[at],
        run.runs.channels,
        title=f"{run.x_title}: {run.x[at]:.4g}",
        usual=np.nan_to_num(np.nanmean(contributions, axis=0)),
    )


def traces(figure: go.Figure, changes: Callable[[str], bool]) -> Any:
    """Some traces by their uid, to be laid over what is drawn."""
    changed: Any = Patch()
    for number, trace in enumerate(figure.data):
        if changes(trace.uid or ""):
            changed["data"][number] = trace.to_plotly_json()
    return changed


def patch(figure: go.Figure, uids: Collection[str] = MOVED) -> Any:
    """What a threshold moves in a score chart or a histogram, to be laid over what is drawn."""
    changed = traces(figure, lambda uid: uid in uids)
    for name in ("shapes", "annotations"):
        changed["layout"][name] = [part.to_plotly_json() for part in figure.layout[name]]
    return changed


def marks(figure: go.Figure) -> Any:
    """The same of what is selected: its marks come, a shape that was drawn around it goes."""
    changed = patch(figure, {"selected"})
    changed["layout"]["selections"] = []
    return changed
