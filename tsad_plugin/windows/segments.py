"""From scores of timesteps to stretches: when a fault began, when the machine failed."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.bool_]

# Windows that reach into a fault raise the scores of the rows before it. Where it begins, scores
# are at this share of what they are soon after, the upper quartile over two windows.
ONSET = 0.5
LEVEL_QUANTILE = 0.75


class Rules(NamedTuple):
    """When flagged rows make a segment.

    Attributes
    ----------
    min_duration : int
        Timesteps that it must last.
    merge_gap : int
        Timesteps of less abnormal rows that do not end it.
    smear : int
        How many rows beyond a fault scores may be raised by it.
    """

    min_duration: int
    merge_gap: int
    smear: int


class Segment(NamedTuple):
    """Rows `start` to `end` (exclusive), and whether they are "faulty" or "failed"."""

    start: int
    end: int
    mode: str


def find_segments(
    scores: NDArray[np.float64], alarmed: Mask, holding: Mask, failed: Mask, rules: Rules
) -> list[Segment]:
    """Segments of one series, in order.

    Parameters
    ----------
    scores : ndarray of shape (n_timesteps,)
        How far they lie above the usual score; NaN where a timestep has none.
    alarmed, holding : ndarray of bool, shape (n_timesteps,)
        Where scores begin a segment, and where they keep one going.
    failed : ndarray of bool, shape (n_timesteps,)
        Where most channels are dead.
    rules : Rules
        When rows make a segment.
    """
    failures = _merged(stretches(failed), rules.merge_gap, np.zeros_like(failed))
    failed = failed.copy()
    for start, end in failures:
        failed[start:end] = True
    found = [p for p in stretches(holding & ~failed) if alarmed[slice(*p)].any()]
    faults = [_trimmed(p, scores, failed, rules) for p in _merged(found, rules.merge_gap, failed)]
    segments = [Segment(*p, "failed") for p in failures]
    segments += [Segment(*p, "faulty") for p in faults if p[1] - p[0] >= rules.min_duration]
    return sorted(segments)


def stretches(mask: Mask) -> list[tuple[int, int]]:
    """Start and end (exclusive) of each stretch of True."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], mask, [False]])))
    return [(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True)]


def _merged(found: list[tuple[int, int]], gap: int, barrier: Mask) -> list[tuple[int, int]]:
    """Join stretches that lie no further than `gap` rows apart, with no barrier between."""
    merged: list[tuple[int, int]] = []
    for start, end in found:
        last = merged[-1] if merged else None
        if last and start - last[1] <= gap and not barrier[last[1] : start].any():
            merged[-1] = (last[0], end)
        else:
            merged.append((start, end))
    return merged


def _trimmed(
    stretch: tuple[int, int], scores: NDArray[np.float64], failed: Mask, rules: Rules
) -> tuple[int, int]:
    """Cut off the rows at both ends that windows reach from which the fault is not."""
    start, end = stretch
    inside = scores[start:end]
    first = _onset(inside, rules.smear)
    # A failure ends a fault where it is, and no window reaches over it.
    ends_in_failure = end < len(failed) and failed[end]
    last = 0 if ends_in_failure else _onset(inside[::-1], rules.smear)
    return (start + first, end - last) if first + last < end - start else stretch


def _onset(scores: NDArray[np.float64], smear: int) -> int:
    """How many of the first scores, as far as windows reach, are below half of what follows."""
    level = ONSET * np.nanquantile(scores[: 2 * smear], LEVEL_QUANTILE)
    reached = scores[:smear] >= level
    return int(reached.argmax()) if reached.any() else 0
