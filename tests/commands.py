"""The `tsad` command as tests call it, and tables for it."""

import shlex
from typing import Any

import numpy as np
import pandas as pd
from typer.testing import CliRunner, Result

from tsad_plugin.cli import app


def tsad(command: str) -> Result:
    """Run a command as a user without a terminal would."""
    runner = CliRunner(env={"COLUMNS": None})
    return runner.invoke(app, shlex.split(command), catch_exceptions=False)


def done(command: str) -> str:
    """What a command that succeeds has printed."""
    result = tsad(command)
    assert (result.exit_code, result.stderr) == (0, "")
    return result.stdout


def refusal(command: str) -> str:
    """The one line of a command that is refused."""
    result = tsad(command)
    assert result.exit_code == 2
    (line,) = result.stderr.splitlines()
    return line


def waves(n_runs: int, seed: int = 0) -> list[Any]:
    """Runs of 16 to 20 timesteps and two channels."""
    rng = np.random.default_rng(seed)
    phases = [np.linspace(0, 6, n) for n in rng.integers(16, 21, n_runs)]
    noise = [0.1 * rng.normal(size=(len(p), 2)) for p in phases]
    return [
        np.column_stack([20 + np.sin(p), 5 + np.cos(p)]) + e
        for p, e in zip(phases, noise, strict=True)
    ]


def faulty(seed: int = 1) -> list[Any]:
    """Ten runs; run 3 has a peak of p in timesteps 5 to 7."""
    arrays = waves(10, seed)
    arrays[3][5:8, 1] += 9
    return arrays


def named(arrays: list[Any], **more: Any) -> pd.DataFrame:
    """Runs as a long table: columns batch, hours, T, p."""
    rows = [(f"B-{i}", 0.5 * k, *row) for i, a in enumerate(arrays) for k, row in enumerate(a)]
    return pd.DataFrame(rows, columns=["batch", "hours", "T", "p"]).assign(**more)
