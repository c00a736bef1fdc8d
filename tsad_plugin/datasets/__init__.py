"""Runs to try things on: simulators whose faults are known, readers of public data sets."""

from tsad_plugin.datasets.batches import read_dryer, read_nylon
from tsad_plugin.datasets.engines import read_cmapss, read_engine_faults
from tsad_plugin.datasets.exampleco import read_exampleco, read_exampleco_times
from tsad_plugin.datasets.fermentation import Fault, make_fermentation
from tsad_plugin.datasets.indpensim import read_indpensim
from tsad_plugin.datasets.machines import make_machines
from tsad_plugin.datasets.pump import make_pump, read_pump, write_pump
from tsad_plugin.datasets.shifted import make_shifted
from tsad_plugin.datasets.skab import read_skab
from tsad_plugin.datasets.tep import read_tep
from tsad_plugin.datasets.ucr import load_ucr, read_ucr

__all__ = [
    "Fault",
    "load_ucr",
    "make_fermentation",
    "make_machines",
    "make_pump",
    "make_shifted",
    "read_cmapss",
    "read_dryer",
    "read_engine_faults",
    "read_exampleco",
    "read_exampleco_times",
    "read_indpensim",
    "read_nylon",
    "read_pump",
    "read_skab",
    "read_tep",
    "read_ucr",
    "write_pump",
]
