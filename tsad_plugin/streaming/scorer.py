"""A fitted detector of timesteps, fed with rows as they come."""

from __future__ import annotations

import numbers
import os
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from .clock import Clock, Positions, read_positions, read_times
from .engine import Engine, Update, joined
from .file import Saved, fingerprint, read, write
from .rows import read_rows
from .state import Counts, State, pieces


class StreamScorer:
    """Score the rows of a series as they come.

    The final scores are those that the detector gives the whole series, however it is cut into
    chunks. They lag behind: a score depends on the rows after it. Until then there are provisional
    ones, so that an alarm need not wait.

    Take one for each series: two machines are two.

    Parameters
    ----------
    detector : WindowedDetector
        A fitted one. What becomes of it later has no effect here.
    max_delay : int, default=0
        How many rows may overtake a late one, which is then put in its place. Final scores come as
        many rows later.
    step : float or timedelta, optional
        Time from one row to the next, where rows come with times.

    Attributes
    ----------
    n_rows : int
        Length of the series so far, missing rows included.
    n_final : int
        How many of them have their final score.
    lag : int
        Rows after a row until its score is final, where no gap is near. In a gap it takes up to a
        window longer.
    counts : Counts
        `missing` rows, for which NaN stands in; `late` rows and `duplicates`, which were left out.

    Raises
    ------
    ValueError
        If the detector is no fitted WindowedDetector, or has a step of unknown reach; if
        `max_delay` or `step` has a value it cannot have.

    Notes
    -----
    Memory is bounded, whatever the length of the series: some windows of rows are kept.

    Examples
    --------
    >>> from tsad_plugin import PCAReconstruction, StreamScorer, WindowedDetector
    >>> from tsad_plugin.datasets import make_machines
    >>> machine = make_machines(1, 1000, random_state=0).arrays[0]
    >>> detector = WindowedDetector(PCAReconstruction()).fit(machine[:600])
    >>> scorer = StreamScorer(detector)
    >>> update = scorer.update(machine[600:800])
    >>> len(update.final.scores), len(update.provisional.scores)
    (143, 57)
    >>> len(scorer.finish().final.scores)
    57
    """

    def __init__(self, detector: Any, *, max_delay: int = 0, step: Any = None) -> None:
        whole = isinstance(max_delay, numbers.Integral) and not isinstance(max_delay, bool)
        if not (whole and max_delay >= 0):
            raise ValueError(f"max_delay must be an integer, at least 0, got {max_delay!r}")
        self._engine = Engine(detector, int(max_delay))
        self._clock = None if step is None else Clock.of(step)
        self._state = State.empty(detector.n_channels_)

    @property
    def n_rows(self) -> int:
        """Length of the series so far, missing rows included."""
        return self._state.n_rows

    @property
    def n_final(self) -> int:
        """How many rows have their final score."""
        return self._state.n_final

    @property
    def lag(self) -> int:
        """Rows after a row until its score is final, where no gap is near."""
        return self._engine.lag

    @property
    def counts(self) -> Counts:
        """Rows that did not come as they should."""
        return self._state.counts

    def update(self, rows: Any, *, positions: Any = None, times: Any = None) -> Update:
        """Take the next rows, and say what is new.

        Parameters
        ----------
        rows : array-like of shape (n_rows, n_channels) or (n_channels,), DataFrame or Series
            Several rows or one; a table may have its channels in any order. NaN is a gap.
        positions : array-like of int, shape (n_rows,), optional
            Where the rows stand, counted in steps from anywhere. Without them they follow.
        times : array-like of shape (n_rows,), optional
            Numbers or datetimes instead: each is rounded to the nearest whole number of steps
            after the first, from which it must not lie further than a quarter of a step.

        Returns
        -------
        Update
            The rows with new `final` scores, and all others, `provisional`.

        Raises
        ------
        ValueError
            If the series has ended, or rows have other channels, text, infinity or impossible
            positions or times. Nothing has happened then: the same rows, mended, may come again.

        Notes
        -----
        A missing position is a row of NaN. In the middle of gaps of 20,000 rows and more,
        positions are passed over: they have no score, and are not among the final ones.
        """
        if self._state.closed:
            raise ValueError("the series has ended: take a new StreamScorer for another one")
        values = read_rows(rows, self._engine.detector.channels_)
        state, clock, places = self._placed(len(values), positions, times)
        state, values, places = _first_of_each(state, values, places)
        n_late = int(np.searchsorted(places, state.n_rows))
        state = state.with_late(values[:n_late], places[:n_late], self._engine.n_open)
        parts = []
        for piece in pieces(values[n_late:], places[n_late:], state.n_rows, self._engine.most):
            state, part = self._engine.advance(state.appended(piece))
            parts.append(part)
        self._state, self._clock = state, clock  # only now: an error changes nothing
        return Update(joined([part.final for part in parts]), parts[-1].provisional)

    def finish(self) -> Update:
        """End the series: all rows that are left have their final scores.

        Returns
        -------
        Update
            Those rows, and no provisional ones.
        """
        state, last = self._engine.advance(self._state)
        self._state = state._replace(n_final=state.n_rows, closed=True).kept_from(state.n_rows)
        return Update(joined(list(last)), self._engine.advance(self._state)[1].provisional)

    def _placed(
        self, n_rows: int, positions: Any, times: Any
    ) -> tuple[State, Clock | None, Positions]:
        """Which rows of the series those of a chunk are; the first of all are counted from."""
        state, clock = self._state, self._clock
        _check_asked(clock, n_rows, positions, times)
        if n_rows == 0 or (positions is None and times is None):
            return state, clock, state.n_rows + np.arange(n_rows)
        if clock is not None:
            when = read_times(times, n_rows)
            clock = clock.started(when) if clock.origin is None else clock
            return state, clock, clock.positions(when)
        found = read_positions(positions, n_rows)
        state = state if state.n_rows else state._replace(origin=int(found.min()))
        return state, clock, found - state.origin

    def times_of(self, positions: Any) -> NDArray[Any]:
        """Times of rows, where they came with times.

        Parameters
        ----------
        positions : array-like of int
            For example `update.final.positions`.

        Returns
        -------
        ndarray
            Numbers or datetimes (datetime64, in UTC where there was a time zone), on the grid.

        Raises
        ------
        ValueError
            If the scorer has no `step`, or no row has come.
        """
        if self._clock is None or self._clock.origin is None:
            raise ValueError("no row has come with a time: pass step to StreamScorer, and times")
        return self._clock.times(positions)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Save where the stream stands: quick, a file of some kilobytes, without the detector.

        Parameters
        ----------
        path : path-like
            A file whose name ends in `.safetensors`. It is replaced in one step: a crash leaves the
            old one whole.

        Raises
        ------
        ValueError
            If the file cannot have that name, or there is no such folder.
        """
        saved = Saved(
            self._state, self._clock, self._engine.max_delay, fingerprint(self._engine.detector)
        )
        write(path, saved)

    @classmethod
    def resume(cls, path: str | os.PathLike[str], detector: Any) -> Self:
        """Go on from what `save` wrote, with the same scores as if there had been no break.

        Parameters
        ----------
        path : path-like
            The file.
        detector : WindowedDetector
            The one that the stream was fed to, or a loaded one, or one with another threshold.

        Returns
        -------
        StreamScorer

        Raises
        ------
        ValueError
            If the file is missing, damaged or none of a stream, or was written with another
            detector.
        """
        saved = read(path)
        scorer = cls(detector, max_delay=saved.max_delay)
        if fingerprint(detector) != saved.fingerprint:
            raise ValueError(
                f"the stream at {str(path)!r} was scored by another detector: pass the one that it "
                "was saved with, or start a new stream"
            )
        scorer._state, scorer._clock = saved.state, saved.clock
        return scorer


def _check_asked(clock: Clock | None, n_rows: int, positions: Any, times: Any) -> None:
    if positions is not None and times is not None:
        raise ValueError("pass positions or times, not both")
    if clock is None and times is not None:
        raise ValueError("times need the time from row to row: StreamScorer(detector, step=...)")
    if clock is not None and times is None and n_rows:
        raise ValueError("the scorer has a step: pass the times of the rows")


def _first_of_each(
    state: State, rows: NDArray[np.float64], places: Positions
) -> tuple[State, NDArray[np.float64], Positions]:
    """Rows in order, of those in one place the first."""
    order = np.argsort(places, kind="stable")
    rows, places = rows[order], places[order]
    first = np.diff(places, prepend=places[:1] - 1) > 0
    counts = state.counts.plus(duplicates=int((~first).sum()))
    return state._replace(counts=counts), rows[first], places[first]
