"""How long a fresh process takes until it can work."""

import statistics
import subprocess
import sys

from clock import seconds_of

FIRST_FIT = """
import numpy as np
from tsad_plugin import FCAutoEncoder
FCAutoEncoder(n_epochs=1, device="cpu").fit(np.random.default_rng(0).normal(size=(50, 20)))
"""
HELP = """
import sys
from tsad_plugin.cli import main
sys.argv = ["tsad", "--help"]
main()
"""
COMMANDS = {
    "python, nothing else": ["-c", "pass"],
    "import tsad_plugin": ["-c", "import tsad_plugin"],
    "tsad --help": ["-c", HELP],
    "import torch": ["-c", "import torch"],
    "from pyod.models.auto_encoder import AutoEncoder": [
        "-c",
        "from pyod.models.auto_encoder import AutoEncoder",
    ],
    "from tsad_plugin import FCAutoEncoder": ["-c", "from tsad_plugin import FCAutoEncoder"],
    "the same, and a first fit of 50 runs": ["-c", FIRST_FIT],
}


def table(repeats: int = 3) -> None:
    """Whole processes, from the call to the end."""
    for name, arguments in COMMANDS.items():
        command = [sys.executable, *arguments]
        times = [seconds_of(lambda c=command: _run(c)) for _ in range(repeats)]
        print(f"{name:50s} {statistics.median(times):6.2f} s")


def _run(command: list[str]) -> None:
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
