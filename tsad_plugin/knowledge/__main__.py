"""`python -m tsad_plugin.knowledge`: PyOD's MCP server over stdio, with the engine for runs."""

import sys

from .server import serve_mcp

if __name__ == "__main__":
    try:
        sys.exit(serve_mcp())
    except ImportError as error:
        sys.exit(str(error))
