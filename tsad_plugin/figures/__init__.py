"""Figures: pure functions, data in, plotly Figure out; for the report and for dashboards."""

from .bars import contribution_bars
from .cells import set_heatmap
from .comparison import critical_difference, mean_intervals
from .correlation import correlation_map
from .courses import channel_course, run_courses
from .fleet import fleet
from .histogram import histogram_places, score_histogram
from .maps import error_map
from .panels import Course
from .scheme import darkened
from .score_axes import wants_log
from .scores import score_chart
from .selecting import within
from .style import CONFIG, SELECTING, TEMPLATE
from .timeline import timeline
from .training import run_lengths, training_curve

__all__ = [
    "CONFIG",
    "SELECTING",
    "TEMPLATE",
    "Course",
    "channel_course",
    "contribution_bars",
    "correlation_map",
    "critical_difference",
    "darkened",
    "error_map",
    "fleet",
    "histogram_places",
    "mean_intervals",
    "run_courses",
    "run_lengths",
    "score_chart",
    "score_histogram",
    "set_heatmap",
    "timeline",
    "training_curve",
    "wants_log",
    "within",
]
