"""Folders that are whole or not there, and what crashes leave of them."""

from __future__ import annotations

import os
import re
import shutil
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from uuid import uuid4

OWN = re.compile(r"[0-9a-f]{32}|\.[0-9a-f]{32}\.part")
ASIDE = "leftovers"  # where folders go that are whole and that no record names
LEFT = 3600  # seconds after which what no record names is taken for left by a crash


def new_place(parent: Path) -> Path:
    """Where a new folder may stand; no two writers choose the same."""
    return parent / uuid4().hex


@contextmanager
def filling(place: Path) -> Iterator[Path]:
    """A folder to fill, which becomes `place` in one step once it is whole, and safe on the disk.

    An error leaves nothing, a kill a hidden `.part` folder.
    """
    # Of several who fill one place at once each has a folder of its own.
    part = place.with_name(f".{uuid4().hex}.part")
    part.mkdir(parents=True)
    try:
        yield part
        for path in part.rglob("*"):
            _sync(path)
        _sync(part)
        part.rename(place)
        _sync(place.parent)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _sync(path: Path) -> None:
    """Wait until a file, or the names in a folder, are on the disk."""
    if path.is_file():
        with path.open("r+b") as file:
            os.fsync(file.fileno())
        return
    with suppress(OSError):  # Windows opens no folders, and needs no sync of them
        folder = os.open(path, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def keep_one(new: Path, old: Path) -> None:
    """Remove the newer of two folders of the same content, or the older where files of it lack."""
    if {path.name for path in new.iterdir()} <= names_in(old):
        shutil.rmtree(new)
        return
    shutil.rmtree(old, ignore_errors=True)
    new.rename(old)
    _sync(old.parent)


def names_in(folder: Path) -> set[str]:
    """Names of the files in a folder; none where there is no such folder."""
    return {path.name for path in folder.glob("*")}


def own_folders(parent: Path) -> list[Path]:
    """Folders that a workspace has made, whole or not."""
    return [path for path in parent.glob("*") if OWN.fullmatch(path.name)]


def parts_in(parent: Path) -> list[Path]:
    """Folders that are, or were, being written inside those of a workspace."""
    inner = (path for folder in parent.glob("*") for path in own_folders(folder))
    return [path for path in inner if path.name.endswith(".part")]


def remove_leftovers(folders: Collection[Path], known: Collection[str]) -> None:
    """Clear away what no record names, and into which nothing was written for an hour.

    What was cut short is removed. What is whole is moved aside: the database may be the one that is
    not whole, such as one of an older copy.
    """
    an_hour_ago = time.time() - LEFT
    for folder in folders:
        if folder.name not in known and _last_written(folder) < an_hour_ago:
            with suppress(OSError):  # another process may be quicker
                _clear(folder)


def _clear(folder: Path) -> None:
    if folder.name.endswith(".part"):
        shutil.rmtree(folder)
        return
    aside = folder.parent.parent / ASIDE / folder.parent.name
    aside.mkdir(parents=True, exist_ok=True)
    folder.rename(aside / folder.name)


def _last_written(folder: Path) -> float:
    try:
        return max(path.stat().st_mtime for path in (folder, *folder.rglob("*")))
    except OSError:  # it was renamed or removed just now
        return float("inf")
