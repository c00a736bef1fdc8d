"""Figures: pure functions, data in, plotly Figure out; for the report and for dashboards."""

from .agreement import score_agreement, stand_ins
from .bars import contribution_bars
from .cells import set_heatmap
from .comparison import critical_difference, mean_intervals
from .correlation import correlation_map
from .courses import channel_course, run_courses
from .fleet import fleet
from .histogram import score_histogram
from .maps import error_map
from .panels import Course
from .score_axes import wants_log
from .scores import score_chart
from .shared_axes import share_axes
from .style import CONFIG, TEMPLATE
from .timeline import timeline
from .training import run_lengths, training_curve

__all__ = [
    "CONFIG",
    "TEMPLATE",
    "Course",
    "channel_course",
    "contribution_bars",
    "correlation_map",
    "critical_difference",
    "error_map",
    "fleet",
    "mean_intervals",
    "run_courses",
    "run_lengths",
    "score_agreement",
    "score_chart",
    "score_histogram",
    "set_heatmap",
    "share_axes",
    "stand_ins",
    "timeline",
    "training_curve",
    "wants_log",
]
