"""Which runs are alike: from a scoring to the map of its runs, and to what is told beside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import plotly.graph_objects as go
from dash import no_update
from numpy.typing import NDArray

from dashboard.drawing import traces
from dashboard.seen import Seen
from tsad_plugin import figures
from tsad_plugin.figures import Marked
from tsad_plugin.forms import plural
from tsad_plugin.population import Population
from tsad_plugin.results import TINY

from . import drawing
from .drawing import Drawn
from .groups import mean_course, scored
from .learned import learned_scoring
from .space import CODES, COURSES, space

N_TOLD = 3  # channels that are named
HALF = 420  # pixels of a legend in half a page
FARTHEST = 99.0  # standard deviations that are told
LEAST_SIGMA_OF = 0.01  # of the largest σ of a channel: what a smaller one counts as
SELECTED, NEAREST = "selected", "nearest"  # runs beside the map
SIGNS = {"selected", "nearest", "chosen"}  # traces of the map that say what stands out
MADE_OF = {
    CODES: "What the detector keeps of a run, its code",
    COURSES: "Runs from 0 to 100 %, each channel in standard deviations",
}


def chosen(seen: Seen) -> int | None:
    """Position of the run that the URL names, if it names one."""
    return None if seen.url.run is None else seen.position


class Neighbours(NamedTuple):
    """A run, and those that are most like it, with their distances from it."""

    run: int
    positions: list[int]
    distances: list[float]

    @property
    def all(self) -> list[int]:
        """Positions of all of them, its own first."""
        return [self.run, *self.positions]


def neighbours(seen: Seen, source: str) -> Neighbours | None:
    """Of the run that the URL names; None where it names none."""
    run = chosen(seen)
    return None if run is None else Neighbours(run, *space(seen, source).nearest(run))


def _marked(seen: Seen, source: str, selected: Sequence[int]) -> Marked:
    near = neighbours(seen, source)
    return Marked(selected) if near is None else Marked(selected, near.run, near.positions)


def map_of(
    seen: Seen,
    source: str,
    axes: tuple[int, int] = (0, 1),
    selected: Sequence[int] = (),
    *,
    signs_only: bool = False,
) -> go.Figure:
    """The runs on two principal axes, or what stands out of them alone."""
    view, found, training = seen.view, space(seen, source), learned_scoring(seen)
    names = [] if training is None else seen.views.of(training.id).names
    return figures.code_map(
        found.places,
        ids=view.names,
        outlier=view.outliers(seen.threshold),
        scores=view.scores,
        training=found.training,
        training_ids=names if len(names) == len(found.training) else None,
        learned_from=training == view.scoring,
        shares=found.shares.tolist(),
        axes=axes,
        marked=_marked(seen, source, selected),
        signs_only=signs_only,
    ).update_layout(uirevision=f"{view.scoring.id} {source} {axes}")


def within(
    seen: Seen, source: str, axes: tuple[int, int], event: Mapping[str, Any] | None
) -> list[int]:
    """Positions of the runs in a lasso on the map, whether it draws each of them or not."""
    places = space(seen, source).places
    if max(axes) >= places.shape[1]:
        return []
    return figures.within(event, *(places[:, axis] for axis in axes)).tolist()


def explained(seen: Seen, source: str, axes: tuple[int, int]) -> str:
    """What the map shows, and how much of it two axes hold."""
    found = space(seen, source)
    is_training = len(found.training) > 0 or learned_scoring(seen) == seen.view.scoring
    held = sum(found.shares[axis] for axis in set(axes) if axis < len(found.shares))
    learned = "training runs" if is_training else "runs that are no outliers"
    return (
        f"{MADE_OF[source]}, on axes learned from {learned}: these hold {held:.0%} of the variance."
    )


def marks(figure: go.Figure, selected: Sequence[int], again: Any = None) -> Any:
    """What stands out of the runs, to be laid over the map that is drawn; also `again`."""
    if not figure.data:
        return no_update
    changed = traces(figure, lambda uid: uid in SIGNS)
    # The lasso goes: it would take clicks from the runs inside it, and outlive what it selected.
    changed["layout"].update(selections=[], selectionrevision=f"{hash(tuple(selected))} {again}")
    return changed


def drawn(seen: Seen, shown: str, source: str, selected: Sequence[int]) -> list[int]:
    """Positions of the runs beside the map: those selected, or the chosen one and the nearest."""
    near = neighbours(seen, source)
    return list(selected) if shown == SELECTED else near.all if near else []


def courses(seen: Seen, positions: Sequence[int], channels: Sequence[str]) -> go.Figure:
    """Some runs over the good ones, from 0 to 100 %."""
    return drawing.bands(seen, Drawn("percent", channels, legend_width=HALF), positions)


def apart(seen: Seen, positions: Sequence[int]) -> dict[str, float]:
    """How many σ of the good runs the mean course of some runs lies from theirs, over the run.

    Of each channel, the farthest first.
    """
    names, good = seen.view.data_set.channels, seen.population("percent")
    found = [0.0] * len(names)
    if len(positions):
        mean, _ = mean_course(scored(seen, positions).courses())
        found = [_apart(mean[:, c], good, c) for c in range(len(names))]
    order = np.argsort(-np.array(found), kind="stable")
    return {names[c]: found[c] for c in order}


def _apart(mean: NDArray[np.float64], good: Population, channel: int) -> float:
    """Mean distance of a course (t,) from that of the good runs, in σ; 0 where none is known."""
    usual, sigma = good.mean[:, channel], good.std[:, channel]
    known = ~np.isnan(usual + sigma)
    if not known.any():
        return 0.0
    x = np.linspace(0, 100, len(mean))
    usual, sigma = (np.interp(x, good.x[known], values[known]) for values in (usual, sigma))
    # Where good runs keep to a recipe they hardly vary: these places would outdo all others.
    least = max(LEAST_SIGMA_OF * sigma.max(), TINY * max(np.abs(usual).max(), TINY))
    far = np.abs(mean - usual) / np.maximum(sigma, least)
    far = far[~np.isnan(far)]
    return float(min(far.mean(), FARTHEST)) if len(far) else 0.0


def differ(far: dict[str, float], n_runs: int) -> str:
    """`11 runs; on average farthest from the good runs in feed (3.2σ), pH (1.1σ)`."""
    told = [f"{name} ({_sigmas(sigmas)})" for name, sigmas in list(far.items())[:N_TOLD]]
    return f"{plural(n_runs, 'run')}; on average farthest from the good runs in {', '.join(told)}"


def _sigmas(far: float) -> str:
    return f"{far:.1f}σ" if far < FARTHEST else f"over {FARTHEST:g}σ"
