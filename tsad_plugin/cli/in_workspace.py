"""What the commands do with a workspace: keep what they made, take its models, show it."""

from __future__ import annotations

import sys
import webbrowser
from collections.abc import Mapping
from contextlib import closing
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

from tsad_plugin.forms import plural
from tsad_plugin.inputs import with_channels
from tsad_plugin.persistence import check_target
from tsad_plugin.results import Scored

from .output import say

DEFAULT = Path("tsad-workspace")
RECORDS = {"sqlalchemy": "SQLAlchemy"}
SERVED = {
    **RECORDS,
    "dash": "Dash",
    "dash_ag_grid": "dash-ag-grid",
    "dash_mantine_components": "dash-mantine-components",
    "waitress": "waitress",
}
INSTALL = 'pip install ".[dashboard]"'


def lacking(libraries: Mapping[str, str]) -> str | None:
    """The first of these libraries that is not installed."""
    return next((name for module, name in libraries.items() if find_spec(module) is None), None)


def _demand(libraries: Mapping[str, str], what: str) -> None:
    if library := lacking(libraries):
        raise ModuleNotFoundError(f"{what} needs {library}, which is not installed: {INSTALL}")


class Targets(NamedTuple):
    """Where a model is: in a folder of its own, in a workspace, or in both."""

    model: Path | None
    workspace: Path | None = None

    def check(self) -> None:
        """Raise now where nothing could be kept later; makes the workspace if it is not there."""
        if self.model is None and self.workspace is None:
            raise ValueError("where is the model? name a folder with --model or --workspace")
        if self.model is not None:
            check_target(self.model)
        if self.workspace is not None:
            _open(self.workspace, create=True).close()

    @property
    def to_load(self) -> Path:
        """Folder of the model to load, the newest of the workspace where none is named."""
        if self.model is not None:
            return self.model
        if self.workspace is None:
            raise ValueError("where is the model? name a folder with --model or --workspace")
        return newest_model(self.workspace)


def _open(folder: Path, *, create: bool = False) -> Any:
    _demand(RECORDS, "a workspace")
    from tsad_plugin.workspace import Workspace

    return Workspace(folder, create=create)


def keep(
    folder: Path, scored: Scored, name: str, columns: Mapping[str, Any], *, learned: bool
) -> None:
    """Keep runs, model and scores; `learned` says that the model has learned from these runs."""
    scored = replace(scored, runs=with_channels(scored.runs, scored.detector.channels_))
    with closing(_open(folder, create=True)) as workspace:
        data_set = workspace.add_runs(scored.runs, name)
        model = workspace.add_model(
            scored.detector,
            data_set=data_set if learned else None,
            metadata={"columns": dict(columns)},
        )
        workspace.add_scoring(scored, model, data_set)
        kept = workspace.review.threshold(model)
        n = len(workspace.scorings())
    say(f"workspace: {folder} ({plural(n, 'scoring')}; see: tsad dashboard --workspace {folder})")
    if kept.value is not None and kept.value != scored.threshold:
        say(f"there the threshold is {kept.value:.4g} ({kept.origin}; {kept.who})")


def newest_model(folder: Path) -> Path:
    """Folder of the newest model of a workspace that can be loaded."""
    with closing(_open(folder)) as workspace:
        folders = [workspace.model_folder(m) for m in workspace.models() if m.folder is not None]
    if not folders:
        raise ValueError(
            f"the workspace {str(folder)!r} holds no model: fit one with tsad fit FILE --workspace "
            f"{folder}, or name one with --model"
        )
    return folders[0]


def show(
    folder: Path, port: int | None = None, *, browser: bool = True, host: str | None = None
) -> None:
    """Serve the dashboard of a workspace until it is interrupted."""
    _demand(SERVED, "the dashboard")
    from dashboard import start

    server = start(folder, host, port)
    say(f"dashboard: {server.url} (Ctrl+C ends it)")
    if browser and sys.stdout.isatty():
        webbrowser.open(server.url)
    server.run()
