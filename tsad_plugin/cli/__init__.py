"""The `tsad` command: its commands, what they read, do and show."""

from . import commands  # noqa: F401  (each adds itself to the app)
from .app import app, main

__all__ = ["app", "main"]
