"""Which rows of normal series are learned from, and which are held out, with a gap between."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tsad_plugin.folds import Fold
from tsad_plugin.forms import plural
from tsad_plugin.preprocessing import Prepared
from tsad_plugin.runs import Runs

from .overlap import window_starts, window_view
from .preparation import SeriesPreprocessor


class Block(NamedTuple):
    """Rows of a series that are learned from, that level scores, and that set the threshold."""

    kept: slice
    held_out: slice
    unseen: slice


def blocks_of(series: Runs, window_size: int, fraction: float, apart: bool) -> list[Block]:
    """Hold out the last rows of each series that is long enough, a window apart from the others.

    `apart` keeps those that set the threshold a window apart from those that level the scores, in
    half of what is held out each; else they are the same.

    Raises
    ------
    ValueError
        If no series is long enough.
    """
    found = [_block(int(n), window_size, fraction, apart) for n in series.lengths]
    if not any(_n_rows(block.unseen) for block in found):
        needed = max((3 if apart else 1) / fraction, 3 / (1 - fraction)) * window_size
        raise ValueError(
            f"the longest series has {plural(int(series.lengths.max()), 'row')}: to learn from "
            f"windows of {window_size} and to hold out {100 * fraction:g}% of the rows it needs "
            f"about {int(np.ceil(needed))}; pass longer series, or lower window_size"
        )
    return found


def _n_rows(rows: slice) -> int:
    return int(rows.stop - rows.start)


def _block(n_rows: int, window_size: int, fraction: float, apart: bool) -> Block:
    held_out = slice(n_rows - round(n_rows * fraction), n_rows)
    kept = slice(0, held_out.start - window_size)
    too_short = _n_rows(held_out) < (3 if apart else 1) * window_size
    if too_short or _n_rows(kept) < 2 * window_size:
        return Block(slice(0, n_rows), slice(n_rows, n_rows), slice(n_rows, n_rows))
    if not apart:
        return Block(kept, held_out, held_out)
    half = (_n_rows(held_out) - window_size) // 2
    levels = slice(held_out.start, held_out.start + half)
    return Block(kept, levels, slice(levels.stop + window_size, n_rows))


def measured(kept: Runs) -> Runs:
    """Return the rows that are learned from; raise a ValueError where a channel has no value."""
    known = np.any([~np.isnan(rows).all(axis=0) for rows in kept.arrays], axis=0)
    if not known.all():
        raise ValueError(
            f"channel {kept.channels[int(known.argmin())]!r} holds only NaN in the rows that "
            "are learned from, those before the ones held out: leave out that channel, or pass "
            "series in which it was measured earlier"
        )
    return kept


def no_window(window_size: int, purpose: str) -> ValueError:
    """Say that gaps and failures leave no window for a purpose."""
    return ValueError(
        f"there are no {window_size} rows in a row {purpose} outside of failures and of gaps "
        "longer than that: pass series with more normal rows, or lower window_size"
    )


def windows_of(
    preprocessor: SeriesPreprocessor, series: Runs, blocks: list[Block], max_windows: int
) -> Prepared:
    """All windows of the series, as views of them, and positions of those to learn from."""
    slices = [preprocessor.slice(rows) for rows in series.arrays]
    offsets = np.cumsum([0, *(len(s.live) for s in slices[:-1])])
    kept: list[NDArray[np.int64]] = []
    held_out: list[NDArray[np.int64]] = []
    for part, block, offset in zip(slices, blocks, offsets, strict=True):
        starts, _ = window_starts(part.live, preprocessor.window_size, 1)
        for found, rows in ((kept, block.kept), (held_out, block.held_out)):
            inside = (starts >= rows.start) & (starts + preprocessor.window_size <= rows.stop)
            found.append(starts[inside] + offset)
    for purpose, chosen in (("to learn from", kept), ("to hold out", held_out)):
        if not any(map(len, chosen)):
            raise no_window(preprocessor.window_size, purpose)
    inputs, targets, observed = (
        _together([getattr(part, name) for part in slices], preprocessor.window_size)
        for name in ("inputs", "targets", "observed")
    )
    return Prepared(
        inputs,
        inputs if all(part.targets is part.inputs for part in slices) else targets,
        None if all(part.observed.all() for part in slices) else observed,
        Fold(_thinned(kept, max_windows), _thinned(held_out, max(max_windows // 4, 1))),
    )


def _together(parts: list[NDArray[Any]], window_size: int) -> NDArray[Any]:
    return window_view(parts[0] if len(parts) == 1 else np.concatenate(parts), window_size)


def _thinned(starts: list[NDArray[np.int64]], most: int) -> NDArray[np.int64]:
    """At most so many of the windows, evenly spread."""
    every = np.concatenate(starts)
    if len(every) <= most:
        return every
    return every[np.linspace(0, len(every) - 1, most).astype(np.int64)]
