"""The threshold and what it is measured by: which runs are good, k, the value that is kept."""

from __future__ import annotations

import math
from typing import Any

import dash_mantine_components as dmc
from dash import html

from dashboard.reference import Reference, references
from dashboard.views import Standing, View
from dashboard.wording import when
from tsad_plugin.results import number
from tsad_plugin.workspace import ThresholdVersion

from .parts import aria

LEAST_K, MOST_K = 0, 6  # ends of the slider, where the threshold lies between them


def threshold_controls(view: View, standing: Standing, good: Reference) -> Any:
    """Good runs, slider, field and what is kept."""
    threshold = standing.threshold.value
    k = good.k(threshold) if good.can_scale and threshold is not None else None
    return html.Div(
        [
            dmc.Select(
                id="runs-good",
                label="Good runs, for the bands",
                data=[{"value": r.key, "label": r.name} for r in references(view, standing)],
                value=good.key,
                allowDeselect=False,
            ),
            html.Div(
                [
                    html.Label("Threshold = mean + k σ", id="runs-k-label"),
                    _slider(k, disabled=not good.can_scale),
                ],
                className="slider",
            ),
            dmc.NumberInput(
                id="runs-threshold",
                label="Threshold",
                value="" if threshold is None else float(f"{threshold:.6g}"),
                min=0,
                step=0.1,
                debounce=True,
                w=120,
            ),
            dmc.Button("Keep this threshold", id="runs-keep", variant="default"),
            html.Span(
                kept_text(standing.threshold),
                id="runs-kept",
                className="quiet",
                **aria(live="polite"),
            ),
        ],
        className="controls",
    )


def _slider(k: float | None, disabled: bool) -> Any:
    """From 0 to 6 standard deviations, and as far as the kept threshold needs."""
    low = min(LEAST_K, math.floor(k or 0))
    high = max(MOST_K, math.ceil(k or 0))
    return dmc.Slider(
        id="runs-k",
        min=low,
        max=high,
        step=0.1,
        precision=1,
        value=3 if k is None else round(k, 1),
        marks=[
            {"value": v, "label": f"{v:g}"} for v in range(low, high + 1, -(-(high - low) // 6))
        ],
        updatemode="drag",
        disabled=disabled,
        attributes={"thumb": {"aria-label": "k, standard deviations"}},
    )


def kept_text(kept: ThresholdVersion) -> str:
    """What is kept, why and by whom."""
    value = "the detector's own labels" if kept.value is None else number(kept.value)
    return f"kept: {value} ({kept.origin}; {kept.who}, {when(kept.at)})"


def scale_of(good: Reference) -> list[float] | None:
    """Mean and σ of the good runs' scores, for the slider."""
    return [good.threshold(0), good.threshold(1) - good.threshold(0)] if good.can_scale else None


def chosen_threshold(value: Any) -> float | None:
    """A threshold as the field has it; an empty field is none."""
    return None if value in ("", None) else float(value)
