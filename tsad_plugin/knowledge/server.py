"""PyOD's MCP server with the engine for runs behind its tools."""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import PackageNotFoundError, version

import pyod.mcp_server

from .reporting import engine


def serve_mcp(random_state: int | None = None) -> int:
    """Serve PyOD's MCP tools over standard input and output, with the engine for runs.

    The tools are PyOD's: `profile_data`, `plan_detection`, `run_detection` and so on. They read
    runs from a three-dimensional `.npy` file or from nested lists in a `.json` file. It returns
    when the client closes the connection.

    Parameters
    ----------
    random_state : int, optional
        Seed of the detectors, see `engine`.

    Returns
    -------
    int
        0, or what PyOD's server returns.

    Raises
    ------
    ImportError
        If the package mcp is missing or is of version 2, which PyOD's server cannot use; the
        message says what to install.
    """
    _check_mcp()
    before = pyod.mcp_server._engine
    pyod.mcp_server._engine = engine(random_state)
    try:
        return pyod.mcp_server.main()
    finally:
        pyod.mcp_server._engine = before


def _check_mcp() -> None:
    """Raise here for what PyOD's server says with a traceback."""
    try:
        import_module("mcp.server.fastmcp")
    except ImportError as error:
        raise ImportError(
            f"PyOD's MCP server needs the package mcp below version 2, {_found()}: "
            'pip install "mcp>=1.8,<2"'
        ) from error


def _found() -> str:
    try:
        return f"and {version('mcp')} is installed"
    except PackageNotFoundError:
        return "which is not installed"
