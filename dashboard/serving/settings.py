"""What a dashboard is started with."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

LOOPBACK, PORT = "127.0.0.1", 8050
LARGEST_REQUEST = 25 * 2**20  # bytes


@dataclass(frozen=True)
class Settings:
    """What a dashboard is started with.

    Attributes
    ----------
    workspace : Path
        Folder of the workspace.
    host, port : str, int
        Where it listens; port 0 is any free one.
    token : str, optional
        What a browser must show once to be let in; without it only this machine is served.
    largest_request : int
        Bytes that a request may have.
    """

    workspace: Path
    host: str = LOOPBACK
    port: int = PORT
    token: str | None = field(default=None, repr=False)  # a log may show the rest
    largest_request: int = LARGEST_REQUEST
