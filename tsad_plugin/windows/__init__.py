"""Long series: windows of them are the runs of a detector, timesteps its samples."""

from .activity import Activity
from .detector import WindowedDetector
from .glitches import Glitches
from .preparation import SeriesPreprocessor

__all__ = ["Activity", "Glitches", "SeriesPreprocessor", "WindowedDetector"]
