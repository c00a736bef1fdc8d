"""Our objects as JSON and arrays, and back. Only the classes listed here are written or made."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

from . import detectors, steps, thresholds
from .adapters import OnRuns
from .autoencoder import SequenceAutoEncoder
from .baselines import PopulationBand
from .networks import Autoencoder
from .pca import PCAReconstruction, PrincipalComponents
from .preprocessing import Preprocessor, Scaler
from .scoring import Duration, ErrorScale, LatentDistribution, Scorer
from .training import seeded
from .tuning import FixedThreshold
from .whitening import ErrorGaussian
from .windows import Activity, Glitches, SeriesPreprocessor, WindowedDetector

# The only classes that are written and read.
CLASSES: dict[str, type] = {
    cls.__name__: cls
    for cls in (
        *detectors.ALL,
        PCAReconstruction,
        PopulationBand,
        thresholds.KSigma,
        thresholds.PeaksOverThreshold,
        thresholds.ConformalThreshold,
        FixedThreshold,
        OnRuns,
        WindowedDetector,
        steps.MovingAverage,
        steps.Despike,
        steps.ChannelPCA,
        Glitches,
        PrincipalComponents,
        Preprocessor,
        SeriesPreprocessor,
        Activity,
        Scaler,
        Scorer,
        ErrorScale,
        ErrorGaussian,
        LatentDistribution,
        Duration,
    )
}


class CannotSave(ValueError):
    """An object, or something in it, is of a class that is not this package's."""


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
    if isinstance(value, pd.DataFrame):
        return {"table": _encode(value.to_dict("split"), where, arrays)}
    if isinstance(value, (list, tuple)):
        items = [_encode(v, f"{where}.{i}", arrays) for i, v in enumerate(value)]
        return items if isinstance(value, list) else {"tuple": items}
    if isinstance(value, dict) and all(isinstance(k, str) for k in value):
        return {"dict": {k: _encode(v, f"{where}.{k}", arrays) for k, v in value.items()}}
    return encode(value, where, arrays)


def encode(value: Any, where: str, arrays: dict[str, NDArray[Any]]) -> Any:
    """Return one of our objects as JSON; its arrays go to `arrays`, by names that begin `where`."""
    if CLASSES.get(type(value).__name__) is not type(value):
        raise CannotSave(_cannot_save(value, where))
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


def decode(value: Any, arrays: dict[str, NDArray[Any]]) -> Any:
    """Make the object again that `encode` took."""
    if isinstance(value, list):
        return [decode(v, arrays) for v in value]
    if not isinstance(value, dict):
        return value
    if "class" in value:
        return _decode_object(value, arrays)
    ((kind, content),) = value.items()
    decoders: dict[str, Callable[[], Any]] = {
        "float": lambda: float(content),
        "array": lambda: arrays[content],
        "tuple": lambda: tuple(decode(v, arrays) for v in content),
        "table": lambda: pd.DataFrame(**decode(content, arrays)),
        "dict": lambda: {k: decode(v, arrays) for k, v in content.items()},
    }
    return decoders[kind]()


def _decode_object(content: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> Any:
    name = content["class"]
    if name not in CLASSES:
        raise ValueError(f"the model holds a {name}, unknown to this version: upgrade tsad_plugin")
    cls = CLASSES[name]
    obj: Any = object.__new__(cls)
    vars(obj).update({k: decode(v, arrays) for k, v in content["attributes"].items()})
    if "network" in content:
        obj.network_ = _load_network(obj, decode(content["network"], arrays))
    return obj


def _load_network(detector: SequenceAutoEncoder, weights: dict[str, Any]) -> Autoencoder:
    with seeded(0, torch.device("cpu")):  # the weights it starts with are replaced
        network = detector._new_network()
    network.load_state_dict({k: torch.from_numpy(v) for k, v in weights.items()})
    return network.eval()
