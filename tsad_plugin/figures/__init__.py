"""Figures: pure functions, data in, plotly Figure out; for the report and for dashboards."""

from .courses import Course, channel_course, run_courses
from .maps import error_map
from .scores import score_chart, score_histogram
from .style import CONFIG, TEMPLATE
from .training import run_lengths, training_curve

__all__ = [
    "CONFIG",
    "TEMPLATE",
    "Course",
    "channel_course",
    "error_map",
    "run_courses",
    "run_lengths",
    "score_chart",
    "score_histogram",
    "training_curve",
]
