"""`tsad dashboard`: its options and its help."""

from __future__ import annotations

from typing import Annotated

from tsad_plugin.cli.app import app
from tsad_plugin.cli.options import NoBrowser, Port, Shown, option


@app.command()
def dashboard(
    workspace: Shown,
    *,
    port: Port = None,
    host: Annotated[
        str | None,
        option(
            "Address to listen on. Default: 127.0.0.1, this machine alone. Another asks for a "
            "token, which is printed.",
            metavar="ADDRESS",
        ),
    ] = None,
    token: Annotated[bool, option("Ask for a token on this machine, too.", "--token")] = False,
    no_browser: NoBrowser = False,
) -> None:
    """Review the runs of a workspace in a browser: which are abnormal, when, in which channel.

    The page of all runs shows their scores, the threshold, which can be moved, and the outliers,
    ranked. The page of a run shows where it left the good runs, and takes the verdict. What is
    decided is kept in the workspace, with who said it and when.

        tsad dashboard --workspace review
        tsad dashboard --workspace review --port 8060 --no-browser

    It serves this machine alone. With `--host 0.0.0.0` it serves others, too, but only those that
    open it once with the token that is printed at the start; what goes over the network is not
    encrypted.
    """
    from tsad_plugin.cli import in_workspace

    in_workspace.show(workspace, port, browser=not no_browser, host=host, token=token)
