"""Time and memory by the number of runs, each number in a process of its own (Linux).

Memory is the highest that a call reached above what the process held before it: after the
imports, a first small fit and the data.
"""

import json
import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import torch
from clock import Task, seconds_of

from tsad_plugin import FCAutoEncoder

N_TIMESTEPS, N_CHANNELS = 100, 4
MB = 1e6


def measure(n_runs: int, dtype: str, device: str) -> dict[str, float]:
    torch.set_num_threads(1)
    runs = np.random.default_rng(0).standard_normal(
        (n_runs, N_TIMESTEPS, N_CHANNELS), dtype=np.float32
    )
    X = runs.astype(dtype, copy=False)
    del runs
    detector = FCAutoEncoder(n_epochs=1, batch_size=128, patience=None, device=device)
    detector.fit(X[:300]).decision_function(X[:300])
    found = {}
    for name, task in (
        ("score", lambda: detector.decision_function(X)),  # first: a fit leaves memory to it
        ("fit", lambda: detector.fit(X)),
    ):
        found[f"{name}_s"], found[f"{name}_mb"] = _seconds_and_mb(task)
    return {**found, "data_mb": X.size * 4 / MB}


def _seconds_and_mb(task: Task) -> tuple[float, float]:
    Path("/proc/self/clear_refs").write_text("5")  # the highest is now what there is
    before = _status("VmRSS")
    seconds = seconds_of(task)
    return seconds, (_status("VmHWM") - before) / MB


def _status(name: str) -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return 1024 * int(next(line for line in lines if line.startswith(name)).split()[1])


def table(numbers: list[int], device: str) -> None:
    print(f"{'runs':>8s} {'dtype':>8s} {'fit':>9s} {'x data':>12s} {'score':>12s}")
    for n_runs, dtype in [*((n, "float32") for n in numbers), (numbers[-1], "float64")]:
        command = [sys.executable, __file__, str(n_runs), dtype, device]
        out = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        _print(n_runs, dtype, json.loads(out))


def _print(n_runs: int, dtype: str, found: dict[str, Any]) -> None:
    print(
        f"{n_runs:8,d} {dtype:>8s} {found['fit_s']:7.2f} s {found['fit_mb']:7.1f} MB = "
        f"{found['fit_mb'] / found['data_mb']:.2f} x {found['data_mb']:.1f} MB float32;  scoring "
        f"{found['score_s']:.3f} s, {found['score_mb']:.1f} MB"
    )


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    print(json.dumps(measure(int(sys.argv[1]), *sys.argv[2:])))
