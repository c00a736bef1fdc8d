"""Figures: pure functions, data in, plotly Figure out; for the report and for dashboards."""

from .agreement import score_agreement
from .bands import MOST_LINES, Bands, RunLine, channel_bands
from .bars import contribution_bars
from .cells import set_heatmap
from .codes import Marked, code_map
from .comparison import critical_difference, mean_intervals
from .correlation import correlation_map
from .courses import channel_course, run_courses
from .fleet import fleet
from .histogram import histogram_places, score_histogram
from .lengths import length_histogram
from .maps import error_map
from .missing import missing_map
from .panels import Course
from .scheme import darkened
from .score_axes import wants_log
from .scores import score_chart
from .selecting import within
from .shared_axes import shared_ranges
from .style import CONFIG, SELECTING, TEMPLATE
from .summaries import summary_chart
from .timeline import timeline
from .training import run_lengths, training_curve

__all__ = [
    "CONFIG",
    "MOST_LINES",
    "SELECTING",
    "TEMPLATE",
    "Bands",
    "Course",
    "Marked",
    "RunLine",
    "channel_bands",
    "channel_course",
    "code_map",
    "contribution_bars",
    "correlation_map",
    "critical_difference",
    "darkened",
    "error_map",
    "fleet",
    "histogram_places",
    "length_histogram",
    "mean_intervals",
    "missing_map",
    "run_courses",
    "run_lengths",
    "score_agreement",
    "score_chart",
    "score_histogram",
    "set_heatmap",
    "shared_ranges",
    "summary_chart",
    "timeline",
    "training_curve",
    "wants_log",
    "within",
]
