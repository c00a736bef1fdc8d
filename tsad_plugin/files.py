"""Files that are whole or not there."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A file to write instead of `path`, which takes its place in one step once it is whole.

    An error leaves `path` as it was. An OSError names `path`, not the file beside it.
    """
    # One for each process and thread that writes; a long name has no room for more.
    part = path.with_name(f".{path.name[:40]}.{os.getpid()}-{threading.get_ident()}.part")
    try:
        yield part
        with part.open("r+b") as file:
            os.fsync(file.fileno())  # else a crash can leave the new name with old emptiness
        os.replace(part, path)
    except OSError as error:
        raise OSError(error.errno, error.strerror or str(error), str(path)) from None
    finally:
        part.unlink(missing_ok=True)


def check_file(path: Path, endings: tuple[str, ...], named: str) -> None:
    """Raise a ValueError now for a file that could not be written later."""
    name = repr(str(path))
    if not path.name.lower().endswith(endings):
        raise ValueError(f"cannot write {name}: its name must end in {named}")
    if not path.parent.is_dir():
        raise ValueError(
            f"cannot write {name}: there is no folder {str(path.parent)!r}, make it first"
        )
    if path.is_dir():
        raise ValueError(f"cannot write {name}: that is a folder, choose another name")
