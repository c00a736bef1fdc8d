"""What `benchmark` takes as a data set."""

from __future__ import annotations

import os
from typing import Any

from tsad_plugin.datasets import read_ucr
from tsad_plugin.forms import shorten
from tsad_plugin.runs import Runs

from .labelled import LabelledRuns
from .series import LabelledSeries

FORMS = (
    "pass labelled Runs, a pair (train, test) of them, LabelledRuns, LabelledSeries, a file of the "
    "UCR archive, or a function of a seed that returns one of these"
)


def as_labelled(data: Any) -> LabelledRuns:
    """Read a data set; what is judged are timesteps where these are labelled, else runs.

    Raises
    ------
    ValueError
        If it is none of the forms, a file cannot be read, or for what `LabelledRuns` and
        `LabelledSeries` say.
    """
    if isinstance(data, LabelledRuns):
        return data
    parts = data if isinstance(data, tuple) else (data,)
    read = [read_ucr(p) if isinstance(p, (str, os.PathLike)) else p for p in parts]
    if not 1 <= len(read) <= 2 or not all(isinstance(runs, Runs) for runs in read):
        raise ValueError(
            f"a data set cannot be read from {shorten([type(p) for p in parts])}: {FORMS}"
        )
    kind = LabelledRuns if read[-1].timestep_labels is None else LabelledSeries
    return kind(*read)
