"""tsad_plugin: PyOD detectors for abnormal runs of multivariate time series."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .baselines import PopulationBand
    from .detectors import (
        CNN1DVAE,
        FCVAE,
        LSTMVAE,
        CNN1DAutoEncoder,
        FCAutoEncoder,
        LSTMAutoEncoder,
    )
    from .html_report import report
    from .inputs import as_runs
    from .persistence import load, save
    from .runs import Runs
    from .steps import ChannelPCA, Despike, MovingAverage
    from .tables import read_runs
    from .thresholds import ConformalThreshold, KSigma, PeaksOverThreshold

__all__ = [
    "CNN1DVAE",
    "FCVAE",
    "LSTMVAE",
    "CNN1DAutoEncoder",
    "ChannelPCA",
    "ConformalThreshold",
    "Despike",
    "FCAutoEncoder",
    "KSigma",
    "LSTMAutoEncoder",
    "MovingAverage",
    "PeaksOverThreshold",
    "PopulationBand",
    "Runs",
    "as_runs",
    "load",
    "read_runs",
    "report",
    "save",
]

# Where each name lives. It is loaded when it is first asked for: torch and PyOD take seconds, and
# `tsad --help`, which passes here, needs neither.
_MODULES = {
    "baselines": "PopulationBand",
    "detectors": "CNN1DVAE FCVAE LSTMVAE CNN1DAutoEncoder FCAutoEncoder LSTMAutoEncoder",
    "html_report": "report",
    "inputs": "as_runs",
    "persistence": "load save",
    "runs": "Runs",
    "steps": "ChannelPCA Despike MovingAverage",
    "tables": "read_runs",
    "thresholds": "ConformalThreshold KSigma PeaksOverThreshold",
}
_HOMES = {name: module for module, names in _MODULES.items() for name in names.split()}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f".{_HOMES[name]}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
