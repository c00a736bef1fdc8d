"""The charts of a report: from a detector and runs to figures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tsad_plugin import figures
from tsad_plugin.explanation import Explanation
from tsad_plugin.figures import Course
from tsad_plugin.population import goes_forward
from tsad_plugin.preprocessing import Band
from tsad_plugin.reconstruction import ReconstructionDetector
from tsad_plugin.results import Findings, number
from tsad_plugin.runs import Runs

from .rendering import Chart, chart

MOST_CHANNELS = 4  # with a panel each
LEAST_SHARE = 0.05
BAND = 3.0  # σ, of a detector that has no band of its own


def scores_chart(findings: Findings) -> Chart:
    """Scores of all runs."""
    figure = figures.score_chart(
        findings.scores,
        outlier=findings.labels,
        ids=findings.ids,
        labels=findings.known,
        calibration=findings.detector.calibration_scores_,
        threshold=_threshold(findings),
    )
    label = f"Scores of {len(findings.scores)} runs, {len(findings.outliers)} of them outliers"
    return chart("chart-scores", figure, label)


def histogram_chart(findings: Findings) -> Chart:
    """How scores are distributed."""
    scores = findings.scores
    figure = figures.score_histogram(
        scores,
        calibration=findings.detector.calibration_scores_,
        threshold=_threshold(findings),
    )
    label = (
        f"Histogram of scores from {number(float(scores.min()))} to {number(float(scores.max()))}, "
        "beside those of good runs held out of training"
    )
    return chart("chart-histogram", figure, label)


def _threshold(findings: Findings) -> float | None:
    return None if np.isnan(findings.threshold) else findings.threshold


def length_chart(findings: Findings) -> Chart:
    """Lengths of training runs and of these."""
    detector = findings.detector
    figure = figures.run_lengths(
        detector.training_lengths_,
        trained_on=detector.trained_on_,
        left_out=detector.left_out_,
        length_sigma=detector.length_sigma,
        new=findings.lengths,
        new_ids=findings.ids,
    )
    label = (
        f"Lengths of {len(detector.training_lengths_)} training runs, {len(detector.left_out_)} of "
        f"them left out, and of {len(findings.lengths)} runs of this report"
    )
    return chart("chart-lengths", figure, label)


def training_chart(detector: ReconstructionDetector) -> Chart | None:
    """Losses by epoch, of a detector that was trained in epochs."""
    history = getattr(detector, "history_", None)
    if not history:
        return None
    label = f"Loss over {len(history)} epochs, from {history[0]['loss']:.3g} at the first"
    label += f" to {history[-1]['loss']:.3g} at the last"
    return chart("chart-training", figures.training_curve(history), label)


def run_charts(
    findings: Findings, positions: Sequence[int], runs: Runs, explained: Sequence[Explanation]
) -> list[Chart]:
    """Courses and error map of the runs at these positions: `runs` and `explained` begin there."""
    detector = findings.detector
    k = band_sigma(detector)
    band = detector.population_band(k)
    made = zip(explained, findings.timesteps(positions), strict=False)
    charts = []
    for i, (explanation, (contributions, reconstruction)) in enumerate(made):
        measured = runs.arrays[i]
        x, x_title = axis(runs, i)
        figure = figures.run_courses(
            _courses(detector, runs, explanation, measured, reconstruction, band),
            np.where(np.isnan(measured), np.nan, contributions),
            detector.channels_,
            x=x,
            x_title=x_title,
            stretch=(explanation.start, explanation.end),
            band_name=f"good runs, mean ± {k:g}σ",
        )
        charts.append(chart(f"chart-run-{i}", figure, f"Courses and error: {explanation.text}"))
    return charts


def _courses(
    detector: ReconstructionDetector,
    runs: Runs,
    found: Explanation,
    measured: NDArray[Any],
    reconstruction: NDArray[Any],
    band: Band,
) -> list[Course]:
    """The leading channels of a run (n_timesteps, n_channels)."""
    # An array has no names: the detector's are those of the explanation.
    channels = detector.channels_
    units = runs.units if any(runs.units) else detector.units_
    return [
        Course(
            name,
            measured[:, c],
            units[c],
            reconstruction[:, c],
            band.mean[:, c],
            band.lower[:, c],
            band.upper[:, c],
            _note(found, name),
        )
        for name in leading(found)
        for c in [channels.index(name)]
    ]


def band_sigma(detector: ReconstructionDetector) -> float:
    """Half width of the band that is drawn, in standard deviations."""
    return float(getattr(detector, "k_", BAND))


def leading(found: Explanation) -> list[str]:
    """Channels to draw: those with a share of the error worth a look, at least one."""
    names = [name for name, share in found.channels.items() if share >= LEAST_SHARE]
    return names[:MOST_CHANNELS] or list(found.channels)[:1]


def _note(found: Explanation, name: str) -> str:
    share = found.channels[name]
    return f"{share:.0%} of the error in the worst stretch" if share > 0 else ""


def axis(runs: Runs, i: int) -> tuple[NDArray[Any] | None, str]:
    """Times of a run and the title of their axis; none where they do not go forward."""
    if runs.times is None:
        return None, "timestep"
    times = runs.times[i]
    if times.dtype.kind == "m" or not goes_forward(times):
        return None, "timestep"
    has_unit = runs.time_unit and times.dtype.kind != "M"
    return times, f"time ({runs.time_unit})" if has_unit else "time"
