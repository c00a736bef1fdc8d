"""Detectors compared: the same data, the same splits, the same measures for all."""

from .grid import benchmark
from .labelled import LabelledRuns
from .report import write_report
from .series import LabelledSeries, each_series
from .statistics import by_set, pairwise, summary

__all__ = [
    "LabelledRuns",
    "LabelledSeries",
    "benchmark",
    "by_set",
    "each_series",
    "pairwise",
    "summary",
    "write_report",
]
