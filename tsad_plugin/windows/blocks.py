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
    """Rows of a series: learned from up to `kept_until`, held out from `held_out_from` on."""

    kept_until: int
    held_out_from: int


def blocks_of(series: Runs, window_size: int, fraction: float) -> list[Block]:
    """Hold out the last rows of each series that is long enough, a window apart from the others.

    Raises
    ------
    ValueError
        If no series is.
    """
    found = [_block(int(n), window_size, fraction) for n in series.lengths]
    if all(block.held_out_from == n for block, n in zip(found, series.lengths, strict=True)):
        needed = int(np.ceil(max(window_size / fraction, 4 * window_size / (1 - fraction))))
        raise ValueError(
            f"the longest series has {plural(int(series.lengths.max()), 'row')}: to learn from "
            f"windows of {window_size} and to hold out {fraction:.0%} of the rows it needs at "
            f"least {needed}; pass longer series, or lower window_size"
        )
    return found


def _block(n_rows: int, window_size: int, fraction: float) -> Block:
    n_held_out = round(n_rows * fraction)
    kept_until = n_rows - n_held_out - window_size
    if n_held_out < window_size or kept_until < 2 * window_size:
        return Block(n_rows, n_rows)
    return Block(kept_until, n_rows - n_held_out)


def windows_of(
    preprocessor: SeriesPreprocessor, series: Runs, blocks: list[Block], max_windows: int
) -> Prepared:
    """All windows of the series, as views of them, and positions of those to learn from."""
    slices = [preprocessor.slice(rows) for rows in series.arrays]
    offsets = np.cumsum([0, *(len(s.live) for s in slices[:-1])])
    kept, held_out = [], []
    for part, block, offset in zip(slices, blocks, offsets, strict=True):
        starts, _ = window_starts(part.live, preprocessor.window_size, 1)
        ends = starts + preprocessor.window_size
        kept.append(starts[ends <= block.kept_until] + offset)
        held_out.append(starts[starts >= block.held_out_from] + offset)
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
