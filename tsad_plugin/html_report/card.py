"""The model card: what a detector is, what it learned from, and with which software."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError, version
from inspect import signature
from typing import Any

import numpy as np
from sklearn import config_context

from tsad_plugin.forms import plural
from tsad_plugin.reconstruction import ReconstructionDetector
from tsad_plugin.results import Findings, number
from tsad_plugin.thresholds import Thresholder
from tsad_plugin.tuning import FixedThreshold

LIBRARIES = ("tsad_plugin", "torch", "pyod", "numpy", "tslearn")
# They say how a fit was watched or where it ran, not what was learned.
NO_MODEL = {"verbose", "n_threads", "device"}


def model_card(findings: Findings) -> dict[str, Any]:
    """Rows of the card's tables, as text."""
    detector = findings.detector
    return {
        "detector": type(detector).__name__,
        "doc": (type(detector).__doc__ or "").strip().splitlines()[0],
        "data": data(detector),
        "channels": list(zip(detector.channels_, detector.units_, strict=True)),
        "left_out": detector.left_out_,
        "threshold": threshold(findings),
        "parameters": parameters(detector),
        "versions": versions(),
        "counts_duration": bool(getattr(detector, "use_duration", False)),
    }


def data(detector: ReconstructionDetector) -> list[tuple[str, str]]:
    """What the detector learned from."""
    lengths, used = detector.training_lengths_, detector.trained_on_
    kept = lengths[used]
    return [
        ("Runs given to fit", f"{len(lengths):,}"),
        ("Runs learned from", f"{used.sum():,}"),
        ("Runs held out to learn what is usual", f"{len(detector.calibration_scores_):,}"),
        ("Timesteps of a run", _range(kept.tolist())),
        ("Timesteps after resampling", f"{detector.preprocessor_.n_timesteps_:,}"),
    ]


def _range(lengths: list[int]) -> str:
    shortest, longest = min(lengths), max(lengths)
    if shortest == longest:
        return f"{shortest:,}"
    return f"{shortest:,} to {longest:,}, half of them up to {np.median(lengths):,.0f}"


def threshold(findings: Findings) -> str:
    """Where the threshold comes from."""
    thresholder, value = findings.detector.thresholder_, number(findings.threshold)
    n_calibration = len(findings.detector.calibration_scores_)
    if findings.decisions is not None and findings.decisions.threshold is not None:
        return f"{value}: {findings.decisions.threshold}"
    if isinstance(thresholder, float):
        return (
            f"{value}: {thresholder:.1%} of the training runs lie above it (contamination = "
            f"{thresholder:g})"
        )
    if isinstance(thresholder, FixedThreshold):
        return f"{value}: chosen, not learned from the scores"
    if isinstance(thresholder, Thresholder):
        source = plural(n_calibration, "good run")
        return f"{value}: {shown(thresholder)} of the scores of {source} held out of training"
    return f"{type(thresholder).__name__} gives the labels; its threshold is no score"


def parameters(detector: Any) -> list[tuple[str, str, str]]:
    """Name, value and, where it is another, default of every parameter; those set come first."""
    defaults = {n: p.default for n, p in signature(type(detector).__init__).parameters.items()}
    unused = {*getattr(detector, "unused_parameters", ()), *NO_MODEL}
    rows = [
        (name, _used(detector, name, value), _other(value, defaults.get(name)))
        for name, value in detector.get_params(deep=False).items()
        if name not in unused
    ]
    return sorted(rows, key=lambda row: (not row[2], row[0]))


def _used(detector: Any, name: str, value: Any) -> str:
    """A parameter as text; for None what was taken in its place."""
    chosen = getattr(detector, "architecture_", {}) if value is None else {}
    return f"{chosen[name]} (chosen)" if name in chosen else shown(value)


def _other(value: Any, default: Any) -> str:
    """The default, where the value is another."""
    return "" if _equal(value, default) else str(default)


def shown(value: Any) -> str:
    """A value as text; objects with all of their parameters."""
    with config_context(print_changed_only=False):
        return repr(value) if hasattr(value, "get_params") else str(value)


def _equal(value: Any, default: Any) -> bool:
    """Whether a parameter is at its default; `[]` is as good as `()`."""
    if isinstance(value, list | tuple) and isinstance(default, list | tuple):
        return list(value) == list(default)
    return bool(np.all(value == default))


def versions() -> list[tuple[str, str]]:
    """Names and versions of the software that makes the report."""
    return [("python", platform.python_version()), *((n, _version(n)) for n in LIBRARIES)]


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:  # run from a folder that is not installed
        return "unknown"
