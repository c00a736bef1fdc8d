"""Detectors compared: the same runs, the same splits, the same measures for all."""

from .grid import benchmark
from .labelled import LabelledRuns
from .report import write_report
from .statistics import by_set, pairwise, summary

__all__ = ["LabelledRuns", "benchmark", "by_set", "pairwise", "summary", "write_report"]
