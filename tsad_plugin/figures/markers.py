"""Runs as markers: which are drawn, what each gives back, what the legend says of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from .bins import as_numbers
from .score_axes import log10
from .style import BLACK, MAX_MARKERS, plain, small

GOLDEN = (5**0.5 - 1) / 2  # whose multiples scatter most evenly
MOST_RINGS = 200  # so wide that each stands out
RING = {"color": BLACK, "symbol": "circle-open", "size": 18, "line": {"width": 1.5}}
SMALL_RING = RING | {"size": 10, "line": {"width": 1}}
# Rings show what is selected, in whatever chart it was: plotly knows of its own lasso alone.
UNDIMMED = {"selected": {"textfont": {"color": BLACK}}, "unselected": {"marker": {"opacity": 1}}}


@dataclass(frozen=True, eq=False)
class Markers:
    """Runs of a figure, each a marker in its place that gives back its name.

    Attributes
    ----------
    figure : plotly.graph_objects.Figure
        Where they are drawn.
    x, y : ndarray of shape (n_runs,)
        Their places; what has none on the axes is left out.
    ids : sequence
        Their names.
    told : str
        Plotly's template of what the pointer tells below the name.
    tell : callable, optional
        The same of the runs at some positions, as texts.
    log : tuple of bool
        Which axes are logarithmic.
    keep : bool
        Whether a trace stands in the figure where it is empty, too.
    most : int
        Markers of a trace.
    """

    figure: go.Figure
    x: NDArray[Any]
    y: NDArray[Any]
    ids: Sequence[Any] | NDArray[Any]
    told: str = ""
    tell: Callable[[NDArray[np.intp]], Sequence[str]] | None = None
    log: tuple[bool, bool] = (False, False)
    keep: bool = True
    most: int = MAX_MARKERS

    @cached_property
    def places(self) -> NDArray[np.float64]:
        """(2, n_runs): where they are as the axes show it; NaN where they show nothing."""
        axes = zip((self.x, self.y), self.log, strict=True)
        found = np.stack([log10(v) if is_log else as_numbers(v) for v, is_log in axes])
        return np.where(np.isfinite(found).all(axis=0), found, np.nan)

    def add(
        self,
        of: NDArray[np.bool_],
        uid: str,
        name: str,
        marker: dict[str, Any],
        *,
        texts: NDArray[np.str_] | None = None,
        always: Iterable[int] = (),
        **style: Any,
    ) -> None:
        """Draw runs of a kind (n_runs,): of many those that draw their cloud, and some `always`.

        `texts` (n_runs,) stand above them.
        """
        at = cloud(self.places, of, self.most)
        at = np.union1d(at, [i for i in always if of[i]]).astype(np.intp)
        if len(at) == 0 and not self.keep:
            return
        told = {} if style.get("hoverinfo") == "skip" else self._told(at)
        look = {"mode": "markers", "marker": marker, **UNDIMMED, **told}
        if texts is not None:
            above = {"text": texts[at].tolist(), "textposition": "top center"}
            look |= {"mode": "markers+text", **above}
        n = int((of & ~np.isnan(self.places[0])).sum())
        names = _texts([str(self.ids[i]) for i in at])
        place = {"x": self.x[at], "y": small(self.y[at]), "customdata": names}
        self.figure.add_scatter(
            **{"uid": uid, "name": counted(name, len(at), n), **place, **look, **style}
        )

    def ring(self, selected: Sequence[int]) -> None:
        """Draw rings around the runs at these positions."""
        self.sign(selected, "selected", "selected", ring_of(len(selected)))

    def sign(self, positions: Sequence[int], uid: str, name: str, marker: dict[str, Any]) -> None:
        """Draw signs around the runs at these positions."""
        of = np.zeros(len(self.y), dtype=bool)
        of[list(positions)] = True
        # Without the pointer's attention they leave the click to the run inside.
        self.add(of, uid, name, marker, hoverinfo="skip")

    def _told(self, at: NDArray[np.intp]) -> dict[str, Any]:
        more = [""] * len(at) if self.tell is None else self.tell(at)
        names = [f"<b>{plain(self.ids[i])}</b>" for i in at]
        return {
            "hovertext": _texts([name + text for name, text in zip(names, more, strict=True)]),
            "hovertemplate": f"%{{hovertext}}{self.told}<extra></extra>",
        }


def _texts(texts: Sequence[str]) -> NDArray[np.str_]:
    """An array, as plotly takes a list letter by letter, twice."""
    return np.array(texts, dtype=np.str_)


def ring_of(n_selected: int) -> dict[str, Any]:
    """The ring around each of so many runs: of many it is small."""
    return RING if n_selected <= MOST_RINGS else SMALL_RING


def counted(name: str, n_shown: int, n: int) -> str:
    """`normal run (1,000 of 9,900 shown)`, or `normal run (57)` where all are."""
    return f"{name} ({n:,})" if n_shown == n else f"{name} ({n_shown:,} of {n:,} shown)"


def cloud(
    places: NDArray[np.float64], of: NDArray[np.bool_], most: int = MAX_MARKERS
) -> NDArray[np.intp]:
    """Positions of at most `most` points of a kind (n,) that draw the cloud of all of it.

    The plane of all `places` (2, n), of whatever kind, is cut into squares. The lowest and the
    highest point of each column of them stay, then one of each square, a second, and so on. A run
    that changes its kind hardly changes which others are drawn.
    """
    at = np.flatnonzero(of & ~np.isnan(places[0]))
    if len(at) <= most:
        return at
    n = max(int((most + 1) ** 0.5) - 1, 1)  # so that each square and each peak has its point
    low, high = (end(places, axis=1, keepdims=True) for end in (np.nanmin, np.nanmax))
    column, row = ((places[:, at] - low) / np.where(high > low, high - low, 1) * n).astype(int)
    column, row = column.clip(max=n - 1), row.clip(max=n - 1)
    # Scattered: the first ones of squares would stand in rows where runs stand in their order.
    rank = _ranks(n * column + row, GOLDEN * at % 1)
    rank[_ends(column, places[1, at])] = -1
    return np.sort(at[np.argsort(rank, kind="stable")[:most]])


def _ranks(groups: NDArray[np.intp], values: NDArray[Any]) -> NDArray[np.intp]:
    """The how manieth of its group each is (n,) by its value, counted from 0."""
    order = np.lexsort((values, groups))
    _, starts, sizes = np.unique(groups[order], return_index=True, return_counts=True)
    ranks = np.empty(len(groups), dtype=np.intp)
    ranks[order] = np.arange(len(groups)) - starts.repeat(sizes)
    return ranks


def _ends(groups: NDArray[np.intp], values: NDArray[np.float64]) -> NDArray[np.intp]:
    """Positions of the lowest and of the highest value of each group."""
    order = np.lexsort((values, groups))
    _, starts = np.unique(groups[order], return_index=True)
    return order[np.concatenate([starts, np.append(starts[1:], len(groups)) - 1])]
