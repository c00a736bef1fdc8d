"""PyOD's ADEngine for runs: it plans, runs and explains the detectors of this package."""

from .reporting import RunsEngine, engine
from .server import serve_mcp

__all__ = ["RunsEngine", "engine", "serve_mcp"]
