"""What a workspace notes of a detector, whoever made it."""

from __future__ import annotations

import hashlib
import json
from inspect import signature
from numbers import Real
from pathlib import Path
from typing import Any, NamedTuple, Self

import numpy as np

from tsad_plugin.html_report.card import shown
from tsad_plugin.persistence import load, save
from tsad_plugin.thresholds import Thresholder

from .columns import CURE
from .records import Damaged

DESCRIPTION = "model.json"  # names the file of the arrays, with its checksum


class Described(NamedTuple):
    """A detector in words and numbers; `origin` says where its threshold comes from."""

    detector: str
    parameters: dict[str, Any]
    n_training: int | None
    threshold: float | None
    origin: str

    @classmethod
    def of(cls, detector: Any) -> Self:
        """Describe a fitted detector; of one that is only named little is known."""
        if isinstance(detector, str):
            return cls(detector, {}, None, None, "none")
        learned_from = _first(detector, "training_lengths_", "decision_scores_")
        return cls(
            type(detector).__name__,
            _parameters(detector),
            None if learned_from is None else len(learned_from),
            threshold_of(detector),
            _origin(_first(detector, "thresholder_", "contamination")),
        )


def _first(detector: Any, *names: str) -> Any:
    """The first of these attributes that a detector has."""
    return next((value for n in names if (value := getattr(detector, n, None)) is not None), None)


def _parameters(detector: Any) -> dict[str, Any]:
    found = detector.get_params(deep=False) if hasattr(detector, "get_params") else {}
    return dict(json.loads(json.dumps(found, default=_as_json, skipkeys=True)))


def _as_json(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else shown(value)


def threshold_of(detector: Any) -> float | None:
    """The threshold of a detector, where it is in the units of its scores."""
    thresholder = _first(detector, "thresholder_", "contamination")
    value = getattr(detector, "threshold_", None)
    ours = isinstance(thresholder, Real | Thresholder)
    return float(value) if ours and value is not None else None


def _origin(thresholder: Any) -> str:
    if isinstance(thresholder, Real):
        return f"contamination = {float(thresholder):g}"
    if not isinstance(thresholder, Thresholder):
        return "none" if thresholder is None else shown(thresholder)
    given, parameters = thresholder.get_params(), signature(type(thresholder)).parameters
    first = next(iter(parameters))
    told = [n for n, p in parameters.items() if n == first or given[n] != p.default]
    return f"{type(thresholder).__name__}({', '.join(f'{n}={given[n]}' for n in told)})"


def write_model(folder: Path, detector: Any, metadata: dict[str, Any] | None) -> str:
    """Save a detector, and digest it; raises CannotSave for one that is foreign."""
    save(detector, folder, metadata=metadata)
    return _digest(folder)


def read_model(folder: Path, digest: str) -> Any:
    """The detector that was saved; raises Damaged where the folder is not whole."""
    try:
        if _digest(folder) != digest:
            raise ValueError(f"{DESCRIPTION} is another than was written")
        return load(folder)
    except (OSError, ValueError) as error:
        raise Damaged(f"the model in {str(folder)!r} cannot be loaded ({error}): {CURE}") from error


def _digest(folder: Path) -> str:
    return hashlib.sha256((folder / DESCRIPTION).read_bytes()).hexdigest()
