"""What figures of scores share: their axis, and the line of the threshold."""

from __future__ import annotations

from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import ArrayLike, NDArray

from .style import LIMIT

# From this multiple of the usual scores on, the highest one would press all others to the floor.
LOG_FROM = 10.0


def axis_type(log: bool) -> dict[str, Any]:
    """Logarithmic with 1, 2 and 5 of each decade named, or linear."""
    return {"type": "log", "dtick": "D2"} if log else {"type": "linear"}


def log10(values: NDArray[Any]) -> NDArray[np.float64]:
    """Logarithms, NaN where there is none."""
    return np.log10(np.where(values > 0, values, np.nan))


def finite(values: ArrayLike | None) -> NDArray[np.float64]:
    """The numbers among values that may be none."""
    array = np.asarray([] if values is None else values, dtype=np.float64)
    return array[np.isfinite(array)]


def wants_log(
    scores: NDArray[np.float64], calibration: NDArray[np.float64], threshold: float | None
) -> bool:
    """Whether scores (n_runs,) show only on a logarithmic axis; none can below or at 0."""
    if len(scores) == 0 or min(scores.min(), calibration.min(initial=np.inf)) <= 0:
        return False
    usual = [np.median(scores), calibration.max(initial=0.0), threshold or 0.0]
    return bool(scores.max() > LOG_FROM * max(usual))


def add_threshold(
    figure: go.Figure, threshold: float | None, *, horizontal: bool, of: str = ""
) -> None:
    """Draw the threshold, if there is one, as a shape that the legend names."""
    if threshold is None or not np.isfinite(threshold):
        return
    line = {"line": LIMIT, "name": f"threshold{of} {threshold:.3g}", "showlegend": True}
    if horizontal:
        figure.add_hline(threshold, **line)
    else:
        figure.add_vline(threshold, **line)
