"""Save and load: JSON and safetensors, never pickle.

A model is a folder. `model.json` says what the object is made of and names the file of its
arrays with its checksum; it is replaced last, in one step, so that a crash leaves the old model
whole.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import re
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.numpy import load as load_arrays
from safetensors.numpy import save as save_arrays

from . import detectors, steps, thresholds
from .base import ReconstructionDetector
from .networks import Autoencoder
from .preprocessing import Preprocessor, Scaler
from .scoring import Duration, ErrorScale, LatentDistribution, Scorer
from .training import seeded

SCHEMA = 1
FORMAT = "tsad_plugin model"
# Files that `save` writes; a .part is one that a crash cut short.
OWN = re.compile(r"model\.json|arrays-\w+\.safetensors|\.(model|arrays)\S+\.part")

# The only classes that are written and read.
CLASSES: dict[str, type] = {
    cls.__name__: cls
    for cls in (
        detectors.FCAutoEncoder,
        detectors.FCVAE,
        detectors.LSTMAutoEncoder,
        detectors.LSTMVAE,
        detectors.CNN1DAutoEncoder,
        detectors.CNN1DVAE,
        thresholds.KSigma,
        thresholds.PeaksOverThreshold,
        thresholds.ConformalThreshold,
        steps.MovingAverage,
        steps.Despike,
        steps.ChannelPCA,
        Preprocessor,
        Scaler,
        Scorer,
        ErrorScale,
        LatentDistribution,
        Duration,
    )
}


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
    encoded = _encode_object(obj, type(obj).__name__, arrays)
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
    _write(folder / content["arrays"]["file"], weights)
    _write(folder / "model.json", json.dumps(content, indent=1, allow_nan=False).encode())
    for name in _own_names(folder) - {"model.json", content["arrays"]["file"]}:
        (folder / name).unlink()


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
        If the folder is missing, damaged, not a model, or written by a newer version.
    """
    folder = Path(path)
    content = _read(folder)
    name, checksum = content["arrays"]["file"], content["arrays"]["sha256"]
    try:
        weights = (folder / Path(name).name).read_bytes()
    except OSError:
        raise ValueError(_damaged(folder, f"{name} cannot be read")) from None
    if hashlib.sha256(weights).hexdigest() != checksum:
        raise ValueError(_damaged(folder, f"the checksum of {name} is wrong"))
    return _decode(content["object"], load_arrays(weights))


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


def check_target(folder: Path) -> None:
    """Raise a ValueError where no model can be saved, for those who want to know early."""
    if folder.is_file():
        raise ValueError(f"{str(folder)!r} is a file: pass a folder for the model")
    if _is_foreign(folder):
        raise ValueError(
            f"{str(folder)!r} holds other things and no model: pass a new or an empty folder"
        )


def _own_names(folder: Path) -> set[str]:
    return {path.name for path in folder.glob("*") if OWN.fullmatch(path.name)}


def _is_foreign(folder: Path) -> bool:
    """Whether a folder is somebody else's; a damaged model or a save cut short is ours."""
    try:
        content = json.loads((folder / "model.json").read_bytes())
    except FileNotFoundError:
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
    if content.get("schema", 0) > SCHEMA:
        raise ValueError(
            f"the model at {str(folder)!r} has schema {content['schema']}, this version reads "
            f"up to {SCHEMA}: upgrade tsad_plugin to at least {content.get('version')}"
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
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with part.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)


def _encode(value: Any, where: str, arrays: dict[str, NDArray[Any]]) -> Any:
    """A value as JSON; its arrays go to `arrays`."""
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, (float, np.floating)):
        return float(value) if math.isfinite(value) else {"float": str(float(value))}
    if isinstance(value, (np.integer, np.bool_)):
        return value.item()
    if isinstance(value, np.ndarray) and value.dtype.kind in "fiub":
        arrays[where] = np.ascontiguousarray(value)
        return {"array": where}
    if isinstance(value, (list, tuple)):
        items = [_encode(v, f"{where}.{i}", arrays) for i, v in enumerate(value)]
        return items if isinstance(value, list) else {"tuple": items}
    if isinstance(value, dict) and all(isinstance(k, str) for k in value):
        return {"dict": {k: _encode(v, f"{where}.{k}", arrays) for k, v in value.items()}}
    return _encode_object(value, where, arrays)


def _encode_object(value: Any, where: str, arrays: dict[str, NDArray[Any]]) -> Any:
    if CLASSES.get(type(value).__name__) is not type(value):
        raise ValueError(_cannot_save(value, where))
    attributes = dict(vars(value))
    network = attributes.pop("network_", None)
    encoded = {k: _encode(v, f"{where}.{k}", arrays) for k, v in attributes.items()}
    content: dict[str, Any] = {"class": type(value).__name__, "attributes": encoded}
    if network is not None:
        weights = {k: v.numpy() for k, v in network.state_dict().items()}
        content["network"] = _encode(weights, f"{where}.network_", arrays)
    return content


def _cannot_save(value: Any, where: str) -> str:
    return (
        f"{where} is a {type(value).__module__}.{type(value).__qualname__}, which save does not "
        "take: use pyod.utils.persistence, which pickles it"
    )


def _decode(value: Any, arrays: dict[str, NDArray[Any]]) -> Any:
    if isinstance(value, list):
        return [_decode(v, arrays) for v in value]
    if not isinstance(value, dict):
        return value
    if "class" in value:
        return _decode_object(value, arrays)
    ((kind, content),) = value.items()
    decoders: dict[str, Callable[[], Any]] = {
        "float": lambda: float(content),
        "array": lambda: arrays[content],
        "tuple": lambda: tuple(_decode(v, arrays) for v in content),
        "dict": lambda: {k: _decode(v, arrays) for k, v in content.items()},
    }
    return decoders[kind]()


def _decode_object(content: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> Any:
    cls = CLASSES[content["class"]]
    obj: Any = object.__new__(cls)
    vars(obj).update({k: _decode(v, arrays) for k, v in content["attributes"].items()})
    if "network" in content:
        obj.network_ = _load_network(obj, _decode(content["network"], arrays))
    return obj


def _load_network(detector: ReconstructionDetector, weights: dict[str, Any]) -> Autoencoder:
    with seeded(0, torch.device("cpu")):  # the weights it starts with are replaced
        network = detector._new_network()
    network.load_state_dict({k: torch.from_numpy(v) for k, v in weights.items()})
    return network.eval()
