"""Runs to try things on: simulators whose faults are known, readers of public data sets."""

from tsad_plugin.datasets.batches import read_dryer, read_nylon
from tsad_plugin.datasets.engines import read_cmapss, read_engine_faults
from tsad_plugin.datasets.fermentation import Fault, make_fermentation
from tsad_plugin.datasets.indpensim import read_indpensim
from tsad_plugin.datasets.shifted import make_shifted
from tsad_plugin.datasets.ucr import load_ucr, read_ucr

__all__ = [
    "Fault",
    "load_ucr",
    "make_fermentation",
    "make_shifted",
    "read_cmapss",
    "read_dryer",
    "read_engine_faults",
    "read_indpensim",
    "read_nylon",
    "read_ucr",
]
