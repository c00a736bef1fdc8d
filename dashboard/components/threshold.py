"""The threshold and what it is measured by: which runs are good, k, the value that is kept."""

from __future__ import annotations

import math
from typing import Any

import dash_mantine_components as dmc
from dash import html

from dashboard.answers import Refused
from dashboard.reference import references
from dashboard.seen import Seen
from dashboard.wording import when
from tsad_plugin.results import number
from tsad_plugin.workspace import ThresholdVersion

from .parts import aria, help_link

LEAST_K, MOST_K = 0, 6  # ends of the slider, where the threshold lies between them
FARTHEST_K = 12  # on a longer one a small step would be no small change


def threshold_controls(seen: Seen) -> Any:
    """Good runs, slider, field and what is kept."""
    good = seen.good
    return html.Div(
        [
            good_runs(seen, "runs-good"),
            html.Div(
                [
                    html.Div(
                        [
                            html.Label(_k_text(seen), id="runs-k-label"),
                            help_link("what threshold and k mean", "threshold"),
                        ],
                        className="titled",
                    ),
                    _slider(seen),
                ],
                className="slider",
            ),
            dmc.NumberInput(
                id="runs-threshold",
                label="Threshold",
                value="" if seen.threshold is None else _shown(seen.threshold),
                step=float(f"{good.sigma / 5:.1g}") if good.can_scale else 0.1,
                debounce=True,
                w=120,
            ),
            dmc.Button("Keep this threshold", id="runs-keep", variant="default"),
            html.Span(
                kept_text(seen.standing.threshold),
                id="runs-kept",
                className="quiet",
                **aria(live="polite"),
            ),
        ],
        className="controls",
    )


def good_runs(seen: Seen, name: str) -> Any:
    """Which runs count as good."""
    sets = references(seen.view, seen.standing)
    return dmc.Select(
        id=name,
        className="good",
        label="Good runs, for the bands",
        data=[{"value": one.key, "label": one.name} for one in sets],
        value=seen.good.key,
        allowDeselect=False,
    )


def _k_text(seen: Seen) -> str:
    k = _k(seen)
    if k is None:
        return "Threshold = mean + k σ"
    return f"Threshold = mean {'+' if k >= 0 else '−'} {number(abs(k))} σ"


def _k(seen: Seen) -> float | None:
    """How many standard deviations above the mean of the good runs the kept threshold lies."""
    has_k = seen.good.can_scale and seen.threshold is not None
    return seen.good.k(seen.threshold or 0.0) if has_k else None


def _slider(seen: Seen) -> Any:
    """From 0 to 6 standard deviations, and farther where the kept threshold needs it."""
    k = min(max(_k(seen) or float(LEAST_K), -FARTHEST_K), FARTHEST_K)
    low, high = min(LEAST_K, math.floor(k)), max(MOST_K, math.ceil(k))
    return dmc.Slider(
        id="runs-k",
        min=low,
        max=high,
        step=0.1,
        precision=1,
        value=round(k, 1),
        marks=[
            {"value": v, "label": f"{v:g}"} for v in range(low, high + 1, -(-(high - low) // 6))
        ],
        updatemode="drag",
        disabled=not seen.good.can_scale,
        attributes={"thumb": {"aria-label": "k, standard deviations"}},
    )


def kept_text(kept: ThresholdVersion) -> str:
    """What is kept, why and by whom."""
    value = "the detector's own labels" if kept.value is None else number(kept.value)
    return f"kept: {value} ({kept.origin}; {kept.who}, {when(kept.at)})"


def scale_of(seen: Seen) -> list[float | None] | None:
    """Mean and σ of the good runs' scores, and the kept threshold as the field shows it."""
    good, kept = seen.good, seen.standing.threshold.value
    if not good.can_scale:
        return None
    return [good.threshold(0), good.sigma, None if kept is None else _shown(kept)]


def _shown(threshold: float) -> float:
    """A threshold as the field shows it."""
    return float(f"{threshold:.6g}")


def read_threshold(seen: Seen, value: Any) -> float | None:
    """The threshold that the field means: what it shows of the kept one is the kept one."""
    if value in ("", None):
        return None
    try:
        threshold = float(value)
    except (TypeError, ValueError, OverflowError):
        threshold = math.nan
    if not math.isfinite(threshold):
        raise Refused(f"the threshold must be a number, got {str(value)[:20]!r}")
    known = (seen.standing.threshold.value, seen.threshold)
    return next((t for t in known if t is not None and threshold == _shown(t)), threshold)
