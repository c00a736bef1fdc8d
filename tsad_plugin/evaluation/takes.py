"""Which detector takes which data: runs, rows, or long series."""

from __future__ import annotations

from typing import Any

import numpy as np
from pyod.models.base import BaseDetector
from sklearn.pipeline import Pipeline

from tsad_plugin.adapters import OnRuns
from tsad_plugin.base import RunDetector
from tsad_plugin.contract import OutlierDetector
from tsad_plugin.matrices import to_matrix
from tsad_plugin.reconstruction import CodingDetector
from tsad_plugin.runs import Runs

from .labelled import LabelledRuns


def check_suits(name: str, detector: Any, data: LabelledRuns) -> None:
    """Raise a ValueError where a detector scores runs and timesteps are judged, or the reverse.

    What is no detector of PyOD's kind is let pass: how many scores it gives will tell.
    """
    last = detector[-1] if isinstance(detector, Pipeline) else detector
    if not isinstance(last, BaseDetector):
        return
    scores_timesteps = isinstance(last, OutlierDetector) and not isinstance(last, RunDetector)
    if scores_timesteps and data.sample == "run":
        raise ValueError(
            f"{name!r} scores timesteps, and here runs are judged by their labels: pass a detector "
            "of runs, or series with timestep_labels (Runs, LabelledSeries)"
        )
    if not scores_timesteps and data.sample == "timestep":
        raise ValueError(
            f"{name!r} scores runs, and here timesteps are judged: {_advice(last)}, or judge runs "
            "by their labels (LabelledRuns)"
        )


def _advice(detector: BaseDetector) -> str:
    """How to have timesteps scored instead."""
    hosted = detector.detector if isinstance(detector, OnRuns) else detector
    if isinstance(hosted, RunDetector) and not isinstance(hosted, CodingDetector):
        return "take a WindowedDetector"
    inner = repr(hosted) if isinstance(hosted, str) else f"{type(hosted).__name__}()"
    return f"wrap it: WindowedDetector({inner})"


def as_taken(detector: Any, train: Runs, test: Runs) -> tuple[Any, Any]:
    """Runs as they are, or for a detector of PyOD's own, which knows none, as rows of one width."""
    if isinstance(detector, OutlierDetector) or not isinstance(detector, BaseDetector):
        return train, test
    width = int(np.median(train.lengths))
    return to_matrix(train, width), to_matrix(test, width)
