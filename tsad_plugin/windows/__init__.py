"""Long series: windows of them are the runs of a detector, timesteps its samples."""

from .detector import WindowedDetector

__all__ = ["WindowedDetector"]
