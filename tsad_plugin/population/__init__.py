"""How good runs go, on which axes, and how their channels go together."""

from .adding import Population, Tally, courses, population, population_of
from .axes import AXES, Extent, axes_of, axis_title, axis_values, durations, goes_forward
from .correlation import correlation

__all__ = [
    "AXES",
    "Extent",
    "Population",
    "Tally",
    "axes_of",
    "axis_title",
    "axis_values",
    "correlation",
    "courses",
    "durations",
    "goes_forward",
    "population",
    "population_of",
]
