"""The model card of a detector of long series."""

from __future__ import annotations

from typing import Any

import numpy as np

from tsad_plugin.forms import plural
from tsad_plugin.results import number
from tsad_plugin.thresholds import Thresholder

from .card import parameters, shown, versions
from .survey import Survey

# Of the detector inside: the one around it has its own.
UNUSED_INSIDE = {"contamination", "scaling", "length_sigma", "reduction"}


def series_card(survey: Survey) -> dict[str, Any]:
    """Rows of the card's tables, as text."""
    detector = survey.detector
    return {
        "detector": f"{type(detector).__name__} of {type(detector.detector_).__name__}",
        "doc": (type(detector).__doc__ or "").strip().splitlines()[0],
        "data": data(survey),
        "channels": list(zip(survey.series.channels, survey.units, strict=True)),
        "parameters": [row for row in parameters(detector) if row[0] != "detector"],
        "inner": [row for row in parameters(detector.detector_) if row[0] not in UNUSED_INSIDE],
        "inner_name": type(detector.detector_).__name__,
        "versions": versions(),
    }


def data(survey: Survey) -> list[tuple[str, str]]:
    """What the detector learned from, and how it decides."""
    detector = survey.detector
    learned = detector.cleaning_.drop_duplicates("series")
    return [
        ("Series learned from", f"{len(learned):,}"),
        ("Their timesteps", f"{learned['n_timesteps'].sum():,}"),
        ("Timesteps held out to learn what is usual", f"{len(detector.calibration_scores_):,}"),
        ("Usual score", number(detector.usual_score_)),
        ("Score of a failure", number(detector.failed_score_)),
        ("Threshold", threshold(survey)),
    ]


def threshold(survey: Survey) -> str:
    """Where the threshold comes from."""
    thresholder, value = survey.detector.thresholder_, number(survey.threshold)
    if isinstance(thresholder, float):
        return (
            f"{value}: {thresholder:.1%} of the training timesteps lie above it (contamination = "
            f"{thresholder:g})"
        )
    if isinstance(thresholder, Thresholder):
        source = plural(int(np.size(survey.detector.calibration_scores_)), "timestep")
        return f"{value}: {shown(thresholder)} of the scores of {source} held out of training"
    return f"{type(thresholder).__name__} gives the labels; its threshold is no score"
