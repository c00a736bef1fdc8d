"""tsad_plugin: PyOD detectors for abnormal runs of multivariate time series."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .adapters import OnRuns
    from .baselines import PopulationBand
    from .detectors import (
        CNN1DVAE,
        FCVAE,
        LSTMVAE,
        CNN1DAutoEncoder,
        FCAutoEncoder,
        LSTMAutoEncoder,
    )
    from .evaluation import benchmark
    from .html_report import report
    from .inputs import as_runs
    from .matrices import from_matrix, to_matrix
    from .pca import PCAReconstruction
    from .persistence import load, save
    from .runs import Runs
    from .steps import ChannelPCA, Despike, MovingAverage
    from .streaming import StreamScorer
    from .tables import read_runs
    from .thresholds import ConformalThreshold, KSigma, PeaksOverThreshold
    from .tuning import FixedThreshold, tune_threshold
    from .windows import WindowedDetector

__all__ = [
    "CNN1DVAE",
    "FCVAE",
    "LSTMVAE",
    "CNN1DAutoEncoder",
    "ChannelPCA",
    "ConformalThreshold",
    "Despike",
    "FCAutoEncoder",
    "FixedThreshold",
    "KSigma",
    "LSTMAutoEncoder",
    "MovingAverage",
    "OnRuns",
    "PCAReconstruction",
    "PeaksOverThreshold",
    "PopulationBand",
    "Runs",
    "StreamScorer",
    "WindowedDetector",
    "as_runs",
    "benchmark",
    "from_matrix",
    "load",
    "read_runs",
    "report",
    "save",
    "to_matrix",
    "tune_threshold",
]

# Where each name lives. It is loaded when it is first asked for: torch and PyOD take seconds, and
# `tsad --help`, which passes here, needs neither.
_MODULES = {
    "adapters": "OnRuns",
    "baselines": "PopulationBand",
    "detectors": "CNN1DVAE FCVAE LSTMVAE CNN1DAutoEncoder FCAutoEncoder LSTMAutoEncoder",
    "evaluation": "benchmark",
    "html_report": "report",
    "inputs": "as_runs",
    "pca": "PCAReconstruction",
    "matrices": "from_matrix to_matrix",
    "persistence": "load save",
    "runs": "Runs",
    "steps": "ChannelPCA Despike MovingAverage",
    "streaming": "StreamScorer",
    "tables": "read_runs",
    "thresholds": "ConformalThreshold KSigma PeaksOverThreshold",
    "tuning": "FixedThreshold tune_threshold",
    "windows": "WindowedDetector",
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
