"""What the commands do with a workspace: keep what they made, take its models, show it."""

from __future__ import annotations

import os
import sys
import threading
import webbrowser
from collections.abc import Mapping
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from shlex import quote
from typing import Any, NamedTuple

from tsad_plugin.forms import plural
from tsad_plugin.html_report import INSTALL, lacking
from tsad_plugin.inputs import with_channels
from tsad_plugin.persistence import check_target
from tsad_plugin.results import Scored

from .inputs import detector_classes
from .output import say

RECORDS = {"sqlalchemy": "SQLAlchemy"}
SERVED = {
    **RECORDS,
    "dash": "Dash",
    "dash_ag_grid": "dash-ag-grid",
    "dash_mantine_components": "dash-mantine-components",
    "waitress": "waitress",
}
NO_MODEL = "where is the model? name a folder with --model or --workspace"


def _demand(libraries: Mapping[str, str], what: str) -> None:
    if library := lacking(libraries):
        raise ModuleNotFoundError(f"{what} needs {library}, which is not installed: {INSTALL}")


class Targets(NamedTuple):
    """Where a model is: in a folder of its own, in a workspace, or in both."""

    model: Path | None
    workspace: Path | None = None

    def check(self) -> None:
        """Raise now where nothing could be kept later; nothing is made yet."""
        if self.model is None and self.workspace is None:
            raise ValueError(NO_MODEL)
        if self.model is not None:
            check_target(self.model)
        if self.workspace is not None:
            check(self.workspace)
            self._check_apart(self.workspace)

    def _check_apart(self, workspace: Path) -> None:
        if self.model is not None and self.model.resolve().is_relative_to(workspace.resolve()):
            raise ValueError(
                f"--model {self.model} is in the workspace, which keeps the model by itself: name "
                "another folder, or leave --model out"
            )

    @property
    def to_load(self) -> Path:
        """Folder of the model to load, the newest of the workspace where none is named."""
        if self.model is not None:
            return self.model
        if self.workspace is None:
            raise ValueError(NO_MODEL)
        return newest_model(self.workspace)


def _open(folder: Path, *, create: bool = False) -> Any:
    _demand(RECORDS, "a workspace")
    from tsad_plugin.workspace import Workspace

    return Workspace(folder, create=create)


def check(folder: Path) -> None:
    """Raise now where nothing could be kept later; nothing is made yet."""
    _demand(RECORDS, "a workspace")
    from tsad_plugin.workspace.store import DATABASE, check_folder

    path = folder.resolve()
    check_folder(path, create=True)
    nearest = next(parent for parent in (path, *path.parents) if parent.exists())
    if not os.access(nearest, os.W_OK):
        raise ValueError(f"{str(nearest)!r} cannot be written to: pass another --workspace")
    if (path / DATABASE).exists():
        _open(path).close()


def keep(
    folder: Path,
    scored: Scored,
    name: str,
    metadata: dict[str, Any],
    source: Path | None = None,
) -> Path:
    """Keep runs, their scores and the model, whose folder in the workspace is returned.

    It is the model of the folder `source`; without one it has learned from these runs.
    """
    scored = replace(scored, runs=with_channels(scored.runs, scored.detector.channels_))
    with closing(_open(folder, create=True)) as workspace:
        data_set = workspace.add_runs(scored.runs, name)
        learned = {"data_set": data_set} if source is None else {}
        model = _in(workspace, source) or workspace.add_model(
            scored.detector, metadata=metadata, **learned
        )
        workspace.add_scoring(scored, model, data_set)
        _say_kept(folder, workspace, model, scored)
        return Path(workspace.model_folder(model))


def _in(workspace: Any, source: Path | None) -> Any:
    """The record of a model whose folder is in the workspace; None where it is elsewhere."""
    kept = {workspace.model_folder(m): m for m in workspace.models() if m.folder is not None}
    return None if source is None else kept.get(source.resolve())


def _say_kept(folder: Path, workspace: Any, model: Any, scored: Scored) -> None:
    kept = workspace.review.threshold(model)
    n, command = len(workspace.scorings()), f"tsad dashboard --workspace {quote(str(folder))}"
    say(f"workspace: {folder} ({plural(n, 'scoring')}; see: {command})")
    if kept.value is not None and kept.value != scored.threshold:
        say(f"there the threshold is {kept.value:.4g} ({kept.origin}; {kept.who})")


def newest_model(folder: Path) -> Path:
    """Folder of the newest model of a workspace that scores runs, and timesteps."""
    ours = {cls.__name__ for cls in detector_classes().values()}
    with closing(_open(folder)) as workspace:
        kept = [m for m in workspace.models() if m.folder is not None and m.detector in ours]
        if kept:
            return Path(workspace.model_folder(kept[0]))
    raise ValueError(
        f"the workspace {str(folder)!r} holds no model of tsad fit: fit one with tsad fit FILE "
        f"--workspace {folder}, or name one with --model"
    )


def show(
    folder: Path,
    port: int | None = None,
    *,
    browser: bool = True,
    host: str | None = None,
    token: bool = False,
) -> None:
    """Serve the dashboard of a workspace until it is interrupted."""
    check_dashboard()
    from dashboard import start

    server = start(folder, host, port, token=token)
    say(f"dashboard: {server.url} (Ctrl+C ends it)")
    if browser and sys.stdout.isatty() and _has_screen():
        # Some browsers keep whoever opens them waiting, and this must answer them meanwhile.
        threading.Thread(target=webbrowser.open, args=(server.url,), daemon=True).start()
    server.run()


def check_dashboard() -> None:
    """Raise now where no dashboard could be shown later."""
    _demand(SERVED, "the dashboard")


def _has_screen() -> bool:
    """Without one, a browser of text could take the terminal."""
    named = ("BROWSER", "DISPLAY", "WAYLAND_DISPLAY")
    return sys.platform in ("win32", "darwin") or any(os.environ.get(name) for name in named)
