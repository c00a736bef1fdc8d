"""Live use: timesteps are scored as they come."""

from .engine import ScoredRows, Update
from .scorer import StreamScorer
from .state import Counts

__all__ = ["Counts", "ScoredRows", "StreamScorer", "Update"]
