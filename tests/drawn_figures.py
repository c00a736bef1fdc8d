"""Every figure function with data that shows all it can draw."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from tsad_plugin import figures
from tsad_plugin.figures import Course

RNG = np.random.default_rng(0)
NAN = float("nan")
SCORES = np.append(RNG.lognormal(0, 0.2, 57), [3.0, 4.0, 600.0])
GOOD = RNG.lognormal(0, 0.2, 200)
IDS = [f"B-{i}" for i in range(len(SCORES))]
CHANNELS = ["temperature", "pH", "feed"]
CONTRIBUTIONS = np.where(RNG.random((60, 3)) < 0.05, NAN, RNG.gamma(1, 1, (60, 3)) ** 3)
HISTORY = [{"epoch": i, "loss": 1 / (i + 1), "validation_loss": 2 / (i + 1)} for i in range(9)]
SEGMENTS = pd.DataFrame({"start": [20, 60], "end": [30, 70], "mode": ["faulty", "failed"]})
STATES = ["normal"] * 30 + ["faulty"] * 9 + ["failed"] * 9 + ["no score"] * 12


def _course() -> Course:
    values = np.sin(np.arange(60) / 9)
    gaps = np.where(np.arange(60) % 20 < 3, NAN, values + 0.1)
    gaps[40], gaps[39], gaps[41] = 1.0, NAN, NAN
    return Course(
        "pH", gaps, "-", values, values, values - 0.5, values + 0.5, "80 %", np.arange(60.0)
    )


def _score_chart() -> go.Figure:
    return figures.score_chart(
        SCORES,
        outlier=SCORES > 2.5,
        ids=IDS,
        verdicts=[*[None] * 58, "fault", None],
        calibration=GOOD,
        threshold=2.5,
        selected=range(50, 59),
        keep=True,
    )


def _timeline() -> go.Figure:
    values = RNG.normal(size=(100, 2))
    glitches = np.zeros((100, 2), dtype=bool)
    glitches[50] = True
    return figures.timeline(
        values,
        np.abs(values[:, 0]) + 0.1,
        CHANNELS[:2],
        segments=SEGMENTS,
        threshold=1.0,
        glitches=glitches,
    )


def _channel_bands() -> go.Figure:
    x, mean = np.arange(60), np.sin(np.arange(60) / 9)[:, None] * np.ones(3)
    band = figures.Bands(x, mean, np.full((60, 3), 0.2))
    gaps = np.where(RNG.random((60, 3)) < 0.3, NAN, mean)  # with points that stand alone
    lines = [figures.RunLine(run, x, gaps + i / 20) for i, run in enumerate(IDS[:5])]
    return figures.channel_bands(band, CHANNELS, ["°C", "", "L/h"], lines=lines, group=band)


def _code_map() -> go.Figure:
    places = RNG.normal(size=(60, 2))
    marked = figures.Marked(selected=[3, 4, 5], chosen=6, nearest=[7, 8])
    return figures.code_map(
        places, ids=IDS, outlier=SCORES > 2.5, scores=SCORES, training=places / 2, marked=marked
    )


DRAWN: dict[str, Callable[[], go.Figure]] = {
    "score_chart": _score_chart,
    "score_histogram": lambda: figures.score_histogram(
        SCORES, calibration=GOOD, threshold=2.5, selected=np.flatnonzero(SCORES > 1.2)
    ),
    "channel_bands": _channel_bands,
    "missing_map": lambda: figures.missing_map(RNG.random((60, 3)), CHANNELS, IDS),
    "summary_chart": lambda: figures.summary_chart(
        SCORES, title="pH, mean", ids=IDS, outlier=SCORES > 2.5, selected=[1, 2], good=GOOD
    ),
    "score_agreement": lambda: figures.score_agreement(
        SCORES,
        SCORES[::-1],
        outlier=(SCORES > 1.2, SCORES[::-1] > 1.3),
        ids=IDS,
        thresholds=(1.2, 1.3),
        log=(True, True),
        selected=[0, 1, 2],
    ),
    "code_map": _code_map,
    "channel_course": lambda: figures.channel_course(_course(), stretch=(10, 20), at=30),
    "run_courses": lambda: figures.run_courses(
        [_course()] * 2,
        CONTRIBUTIONS,
        CHANNELS,
        stretch=(10, 20),
        at=30,
        n_runs=(np.arange(60), np.arange(60, 0, -1)),
    ),
    "error_map": lambda: figures.error_map(CONTRIBUTIONS, CHANNELS, stretch=(10, 20), at=30),
    "contribution_bars": lambda: figures.contribution_bars(
        np.arange(20.0), [f"c{i}" for i in range(20)], usual=np.ones(20), title="at 4 h"
    ),
    "correlation_map": lambda: figures.correlation_map(
        [[1, -0.5, NAN], [-0.5, 1, -1], [NAN, -1, 1]], CHANNELS
    ),
    "critical_difference": lambda: figures.critical_difference(
        {"A": 1.0, "B": 2.0, "C": 3.0}, [["A", "B"]]
    ),
    "fleet": lambda: figures.fleet([STATES, STATES[::-1]], ["P-1", "P-2"]),
    "mean_intervals": lambda: figures.mean_intervals(
        pd.DataFrame({"roc_auc": [0.9, 0.8], "low": [0.8, 0.7], "high": [0.95, 0.9]}, ["A", "B"])
    ),
    "run_lengths": lambda: figures.run_lengths(
        [10, 11, 30, 10], trained_on=[1, 1, 0, 1], left_out=["B-3"], new=[9, 12]
    ),
    "set_heatmap": lambda: figures.set_heatmap(
        pd.DataFrame(np.linspace(0, 1, 20).reshape(4, 5)).replace(0.0, NAN)
    ),
    "length_histogram": lambda: figures.length_histogram(
        [10, 11, 30, 10], trained_on=[1, 1, 0, 1], new=[9, 12]
    ),
    "timeline": _timeline,
    "training_curve": lambda: figures.training_curve(HISTORY),
}
