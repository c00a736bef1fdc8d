"""The dashboard: see the outlier runs of a workspace, understand one, decide."""

from .app import create_app
from .serving.settings import Settings
from .start import start

__all__ = ["Settings", "create_app", "start"]
