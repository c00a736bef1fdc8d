"""What is known of a stream: its last rows, and what has been handed out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from .clock import Positions

Mask = NDArray[np.bool_]


class Counts(NamedTuple):
    """Rows that did not come as they should.

    Attributes
    ----------
    missing : int
        Positions passed over, for which no row has come: gaps.
    late : int
        Rows that came too late to be put in their place, and were left out.
    duplicates : int
        Rows at a position that had its row already, and were left out.
    """

    missing: int = 0
    late: int = 0
    duplicates: int = 0

    def plus(self, missing: int = 0, late: int = 0, duplicates: int = 0) -> Counts:
        """The counts with others added."""
        return Counts(self.missing + missing, self.late + late, self.duplicates + duplicates)


class Piece(NamedTuple):
    """Rows to append, NaN where none `came`, once `skipped` positions have been passed over."""

    skipped: int
    rows: NDArray[np.float64]
    came: Mask


class State(NamedTuple):
    """Rows that are still needed, (n, c), the first of which is row `start` of the series.

    `came` (n,) is False for rows that stand in for missing ones. The first `n_final` rows of the
    series have been handed out. `origin` is what its owner calls the position of row 0. A state is
    never changed: what comes next makes a new one.
    """

    rows: NDArray[np.float64]
    came: Mask
    start: int = 0
    n_final: int = 0
    origin: int = 0
    counts: Counts = Counts()
    closed: bool = False

    @classmethod
    def empty(cls, n_channels: int) -> Self:
        """Before the first row."""
        return cls(np.empty((0, n_channels)), np.empty(0, dtype=bool))

    @property
    def n_rows(self) -> int:
        """Length of the series so far."""
        return self.start + len(self.rows)

    def appended(self, piece: Piece) -> State:
        """The state with rows that follow."""
        # Positions are passed over where all rows that are kept are missing ones: they do as well
        # for the last of a longer gap.
        return self._replace(
            rows=np.concatenate([self.rows, piece.rows]),
            came=np.concatenate([self.came, piece.came]),
            start=self.start + piece.skipped,
            n_final=self.n_final + piece.skipped,
            counts=self.counts.plus(missing=piece.skipped + int((~piece.came).sum())),
        )

    def kept_from(self, row: int) -> State:
        """The state without the rows before this one of the series."""
        first = max(row - self.start, 0)
        return self._replace(
            rows=self.rows[first:].copy(), came=self.came[first:].copy(), start=self.start + first
        )

    def with_late(self, rows: NDArray[np.float64], positions: Positions, n_open: int) -> State:
        """The state with rows put in their places, where these are among the last `n_open`.

        `positions` (n,) lie before the end of the series, and none stands twice.
        """
        places = positions - self.start
        known = places >= 0
        come = np.zeros_like(known)
        come[known] = self.came[places[known]]
        fits = ~come & (positions >= self.n_rows - n_open) & (positions >= 0)
        new_rows, new_came = self.rows.copy(), self.came.copy()
        new_rows[places[fits]], new_came[places[fits]] = rows[fits], True
        n_fits, n_come = int(fits.sum()), int(come.sum())
        counts = self.counts.plus(-n_fits, len(positions) - n_fits - n_come, n_come)
        return self._replace(rows=new_rows, came=new_came, counts=counts)


def pieces(
    rows: NDArray[np.float64], positions: Positions, n_rows: int, most: int
) -> Iterator[Piece]:
    """Rows (n, c) at rising positions, the first not before `n_rows`, as pieces to append.

    There is at least one, and none is longer than `most`. Of a gap as long, so many rows are made.
    """
    end, was_empty, left = n_rows, False, True
    while left:
        skipped = int(positions[0]) - end if was_empty else 0
        end += skipped
        stop = min(end + most, int(positions[-1]) + 1) if len(positions) else end
        inside = int(np.searchsorted(positions, stop))
        piece = np.full((stop - end, rows.shape[1]), np.nan)
        came = np.zeros(len(piece), dtype=bool)
        piece[positions[:inside] - end], came[positions[:inside] - end] = rows[:inside], True
        yield Piece(skipped, piece, came)
        rows, positions, end, was_empty = rows[inside:], positions[inside:], stop, inside == 0
        left = len(positions) > 0
