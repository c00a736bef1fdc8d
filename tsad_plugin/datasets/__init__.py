"""Runs to try things on: simulators whose faults are known."""

from tsad_plugin.datasets.fermentation import Fault, make_fermentation

__all__ = ["Fault", "make_fermentation"]
