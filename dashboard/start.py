"""From a folder and an address to a server that is ready to run."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from .app import create_app
from .serving.login import new_token
from .serving.security import is_loopback
from .serving.server import Server
from .serving.settings import LOOPBACK, PORT, Settings


def start(
    workspace: Path, host: str | None = None, port: int | None = None, *, token: bool = False
) -> Server:
    """Make the dashboard of a workspace, and take the address it is served on.

    Parameters
    ----------
    workspace : Path
        Folder of the workspace.
    host : str, optional
        Where to listen; this machine alone by default. Another address gets a token.
    port : int, optional
        By default 8050, or any free one where that is taken.
    token : bool, default=False
        Whether to ask for a token on this machine, too.

    Returns
    -------
    Server
        Its `url` says where it is; `run` serves.

    Raises
    ------
    ValueError
        If there is no workspace, it is damaged, or the address cannot be had.
    """
    address = LOOPBACK if host is None else host.strip()
    secret = new_token() if token or not is_loopback(address) else None
    settings = Settings(workspace, address, PORT if port is None else port, secret)
    app = create_app(settings)
    try:
        return Server(app, settings)
    except ValueError as taken:
        if port is not None:
            raise
        try:
            return Server(app, replace(settings, port=0))
        except ValueError:  # it was not the port
            raise taken from None
