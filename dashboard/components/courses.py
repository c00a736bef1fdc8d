"""What is chosen of courses: their axis, and which channels are drawn."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import dash_mantine_components as dmc

AXES = {"elapsed": "Elapsed time", "timestep": "Timestep", "percent": "% complete"}
DRAWN, MOST_DRAWN = 4, 12  # channels: at first, and at most
PICKING = 500  # ms without a change: who picks several sees them drawn once


def in_order(axes: Iterable[str]) -> list[str]:
    """Axes, the one to begin with first."""
    return sorted(axes, key=list(AXES).index)


def drawn(asked: Iterable[str], shares: Mapping[str, float], first: int = DRAWN) -> list[str]:
    """Those channels that are asked for, as a URL does, or those with most of the error."""
    known = [channel for channel in asked if channel in shares]
    return known[:MOST_DRAWN] or list(shares)[:first]


def axis_control(name: str, axes: Iterable[str], value: str) -> Any:
    """Which axis runs are laid on."""
    return dmc.SegmentedControl(
        id=name,
        data=[{"value": axis, "label": AXES[axis]} for axis in axes],
        value=value,
        attributes={"root": {"aria-label": "axis"}},
    )


def channels_control(
    name: str, shares: Mapping[str, float], value: list[str], has_errors: bool
) -> Any:
    """Which channels are drawn, to be chosen by their shares of the error."""
    return dmc.MultiSelect(
        id=name,
        className="channels",
        data=offered(shares, has_errors),
        value=value,
        maxValues=MOST_DRAWN,
        searchable=True,
        debounce=PICKING,
        attributes={"input": {"aria-label": "channels to draw"}},
        placeholder="channels, by their share of the error",
    )


def offered(shares: Mapping[str, float], has_errors: bool) -> list[dict[str, str]]:
    """Channels to choose from, with their shares of the error."""
    return [
        {"value": channel, "label": f"{channel} ({share:.0%})" if has_errors else channel}
        for channel, share in shares.items()
    ]
