"""The state of a stream as one file: safetensors, with JSON in its header, never pickle."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any, NamedTuple

from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save as save_arrays

from tsad_plugin.files import check_file, replacing
from tsad_plugin.windows import WindowedDetector

from .clock import Clock
from .state import Counts, State

FORMAT, SCHEMA = "tsad_plugin stream", 1


class Saved(NamedTuple):
    """What a file holds."""

    state: State
    clock: Clock | None
    max_delay: int
    fingerprint: str


def fingerprint(detector: WindowedDetector) -> str:
    """What tells fitted detectors apart, whatever their thresholds."""
    settings = [
        detector.preprocessor_.window_size,
        detector.stride_,
        detector.smoothing_,
        detector.channels_,
    ]
    # Scores of rows that were held out: no two networks have the same.
    learned = detector.calibration_scores_.tobytes()
    return hashlib.sha256(json.dumps(settings).encode() + learned).hexdigest()


def write(path: str | os.PathLike[str], saved: Saved) -> None:
    """Write a file that is either whole or not there."""
    target = Path(path)
    check_file(target, (".safetensors",), "'.safetensors'")
    state = saved.state._asdict()
    arrays = {"rows": state.pop("rows"), "came": state.pop("came")}
    content = {
        "format": FORMAT,
        "schema": SCHEMA,
        "sha256": _digest(arrays),
        **saved._asdict(),
        "state": {**state, "counts": saved.state.counts._asdict()},
        "clock": None if saved.clock is None else saved.clock._asdict(),
    }
    with replacing(target) as part:
        part.write_bytes(save_arrays(arrays, {"stream": json.dumps(content)}))


def read(path: str | os.PathLike[str]) -> Saved:
    """Read what `write` wrote.

    Raises
    ------
    ValueError
        If there is no such file, or it is damaged or something else.
    """
    name = repr(str(path))
    if not Path(path).is_file():
        raise ValueError(f"no stream at {name}: there is no such file")
    try:
        with safe_open(path, framework="np") as file:
            content = json.loads((file.metadata() or {}).get("stream", "{}"))
            arrays = {name: file.get_tensor(name) for name in sorted(file.keys())}
    except (SafetensorError, OSError, ValueError):
        raise ValueError(f"the stream at {name} is damaged: start a new one") from None
    if content.get("format") != FORMAT:
        raise ValueError(f"{name} is not a stream: save one with StreamScorer.save")
    if content["schema"] != SCHEMA:
        raise ValueError(
            f"the stream at {name} has schema {content['schema']}, this version reads {SCHEMA}: "
            "take the version that wrote it, or start a new stream"
        )
    if content["sha256"] != _digest(arrays):
        raise ValueError(
            f"the stream at {name} is damaged (its checksum is wrong): start a new one"
        )
    return _decoded(content, arrays)


def _decoded(content: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> Saved:
    state = content["state"]
    return Saved(
        State(**{**state, **arrays, "counts": Counts(**state["counts"])}),
        None if content["clock"] is None else Clock(**content["clock"]),
        content["max_delay"],
        content["fingerprint"],
    )


def _digest(arrays: dict[str, NDArray[Any]]) -> str:
    digest = hashlib.sha256()
    for name in ("rows", "came"):
        digest.update(arrays[name].tobytes())
    return digest.hexdigest()
