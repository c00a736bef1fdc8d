"""Save and load: JSON and safetensors, never pickle.

A model is a folder. `model.json` says what the object is made of and names the file of its arrays;
it is replaced last, in one step, so that a crash leaves the old model whole.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

from numpy.typing import NDArray
from safetensors.numpy import load as load_arrays
from safetensors.numpy import save as save_arrays

from .encoding import decode, encode
from .files import replacing

SCHEMA = 3  # networks of 2 saw larger values; 1 did not know what a detector was trained on
FORMAT = "tsad_plugin model"
# Files that `save` writes; a .part is one that a crash cut short.
OWN = re.compile(r"model\.json|arrays-\w+\.safetensors|\.(model|arrays)\S+\.part")


def save(obj: Any, path: str | os.PathLike[str], *, metadata: dict[str, Any] | None = None) -> None:
    """Save a detector, thresholder or step as a folder.

    Parameters
    ----------
    obj : object
        One of this package's detectors, thresholders or steps, fitted or not.
    path : path-like
        The folder; made if it is not there, an older model in it is replaced.
    metadata : dict, optional
        JSON values to keep with it, see `read_metadata`.

    Raises
    ------
    ValueError
        If `obj`, or something in it, is of a class that is not this package's, `metadata` are no
        JSON values, or `path` is a file or a folder of something else.

    Notes
    -----
    PyOD's own persistence (`pyod.utils.persistence`) saves everything else, by pickle.
    """
    folder = Path(path)
    check_target(folder)
    arrays: dict[str, NDArray[Any]] = {}
    encoded = encode(obj, type(obj).__name__, arrays)
    weights = save_arrays(arrays)
    checksum = hashlib.sha256(weights).hexdigest()
    content: dict[str, Any] = {
        "format": FORMAT,
        "schema": SCHEMA,
        "version": version("tsad_plugin"),
        "arrays": {"file": f"arrays-{checksum[:16]}.safetensors", "sha256": checksum},
        "object": encoded,
        "metadata": _as_json(metadata),
    }
    content["sha256"] = _digest(content)
    folder.mkdir(parents=True, exist_ok=True)
    leftovers = _leftovers(folder)
    _write(folder / content["arrays"]["file"], weights)
    _write(folder / "model.json", json.dumps(content, indent=1, allow_nan=False).encode())
    for old in leftovers:
        if old.name != content["arrays"]["file"]:
            old.unlink(missing_ok=True)


def load(path: str | os.PathLike[str]) -> Any:
    """Load what `save` wrote: it gives the same scores.

    Parameters
    ----------
    path : path-like
        The folder.

    Returns
    -------
    object
        The detector, thresholder or step.

    Raises
    ------
    ValueError
        If the folder is missing, damaged, not a model, or written by a newer version or by one
        whose models this one cannot read.
    """
    folder = Path(path)
    content = _read(folder)
    if not (folder / content["arrays"]["file"]).exists():
        content = _read(folder)  # another process may have saved in between
    name, checksum = content["arrays"]["file"], content["arrays"]["sha256"]
    try:
        weights = (folder / Path(name).name).read_bytes()
    except OSError:
        raise ValueError(_damaged(folder, f"{name} cannot be read")) from None
    if hashlib.sha256(weights).hexdigest() != checksum:
        raise ValueError(_damaged(folder, f"the checksum of {name} is wrong"))
    return decode(content["object"], load_arrays(weights))


def read_metadata(path: str | os.PathLike[str]) -> dict[str, Any]:
    """What was passed to `save` as `metadata`.

    Parameters
    ----------
    path : path-like
        The folder.

    Returns
    -------
    dict

    Raises
    ------
    ValueError
        As `load`.
    """
    return _read(Path(path))["metadata"]


def read_class(path: str | os.PathLike[str]) -> str:
    """Name of the class of what was saved, without its arrays; raises as `load` does."""
    return str(_read(Path(path))["object"]["class"])


def check_target(folder: Path) -> None:
    """Raise a ValueError where no model can be saved, for those who want to know early."""
    for path in (folder, *folder.parents):
        if path.is_file():
            raise ValueError(f"{str(path)!r} is a file: pass a folder for the model")
    if _is_foreign(folder):
        raise ValueError(
            f"{str(folder)!r} holds other things and no model: pass a new or an empty folder"
        )


def _own_names(folder: Path) -> set[str]:
    return {path.name for path in folder.glob("*") if OWN.fullmatch(path.name)}


def _leftovers(folder: Path) -> list[Path]:
    """Arrays of the model that is replaced, and what crashes left; not what others write now."""
    try:
        replaced = json.loads((folder / "model.json").read_bytes())["arrays"]["file"]
    except (OSError, ValueError, KeyError, TypeError):
        replaced = None
    an_hour_ago = time.time() - 3600
    own = [folder / name for name in _own_names(folder) - {"model.json"}]
    return [p for p in own if p.name == replaced or _modified(p) < an_hour_ago]


def _modified(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:  # another process was quicker to remove it
        return float("inf")


def _is_foreign(folder: Path) -> bool:
    """Whether a folder is somebody else's; a damaged model or a save cut short is ours."""
    try:
        content = json.loads((folder / "model.json").read_bytes())
    except OSError:
        return len(list(folder.glob("*"))) > len(_own_names(folder))
    except ValueError:
        return False
    return not isinstance(content, dict) or content.get("format") != FORMAT


def _as_json(metadata: dict[str, Any] | None) -> dict[str, Any]:
    try:
        return dict(json.loads(json.dumps(metadata or {}, allow_nan=False)))
    except (TypeError, ValueError) as error:
        raise ValueError(f"metadata must be a dict of JSON values ({error})") from None


def _read(folder: Path) -> dict[str, Any]:
    """`model.json`, checked."""
    try:
        content = json.loads((folder / "model.json").read_bytes())
    except OSError:
        raise ValueError(f"no model at {str(folder)!r}: there is no model.json to read") from None
    except ValueError:
        raise ValueError(_damaged(folder, "model.json is not JSON")) from None
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise ValueError(f"{str(folder)!r} is not a model of tsad_plugin: save one with save()")
    if not isinstance(content.get("schema"), int):
        raise ValueError(_damaged(folder, "it has no schema"))
    if content["schema"] > SCHEMA:
        raise ValueError(
            f"the model at {str(folder)!r} has schema {content['schema']}, this version reads "
            f"up to {SCHEMA}: upgrade tsad_plugin to at least {content.get('version')}"
        )
    if content["schema"] < SCHEMA:
        raise ValueError(
            f"the model at {str(folder)!r} is of an older tsad_plugin (schema "
            f"{content['schema']}), this version reads schema {SCHEMA}: fit and save it again"
        )
    if content.pop("sha256", None) != _digest(content):
        raise ValueError(_damaged(folder, "the checksum of model.json is wrong"))
    return content


def _damaged(folder: Path, what: str) -> str:
    return f"the model at {str(folder)!r} is damaged ({what}): save it again, or restore a copy"


def _digest(content: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _write(path: Path, data: bytes) -> None:
    """Write a file that is either whole or not there."""
    with replacing(path) as part:
        part.write_bytes(data)
