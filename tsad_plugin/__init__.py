"""tsad_plugin: PyOD detectors for abnormal runs of multivariate time series."""

from .detectors import (
    CNN1DVAE,
    FCVAE,
    LSTMVAE,
    CNN1DAutoEncoder,
    FCAutoEncoder,
    LSTMAutoEncoder,
)
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
    "Runs",
    "as_runs",
    "load",
    "read_runs",
    "save",
]
