"""Batches of two plants: nylon and dryer, as Python's `process-improve` has them."""

from __future__ import annotations

import numpy as np

from tsad_plugin.datasets._files import PathLike, naming, read_full_table
from tsad_plugin.runs import Runs
from tsad_plugin.tables import read_runs

NYLON = tuple(f"Tag{tag:02d}" for tag in range(1, 11))
DRYER = (
    "CollectorTankLevel",
    "DifferentialPressure",
    "DryerPressure",
    "AgitatorPower",
    "AgitatorTorque",
    "AgitatorSpeed",
    "JacketTemperatureSP",
    "JacketTemperature",
    "DryerTemperatureSP",
    "DryerTemp",
)
DRYER_OUTLIER = 34


def read_nylon(path: PathLike) -> Runs:
    r"""Read the nylon batches: ten tags of a batch polymerisation, without labels.

    Parameters
    ----------
    path : path
        `nylon.csv`, also as `.csv.gz`.

    Returns
    -------
    Runs
        The batches in the order of the file (57 of 113 to 135 timesteps), channels `Tag01` to
        `Tag10`, ids as in the column `batch_id`. The file has no times, units or labels.

    Raises
    ------
    ValueError
        If the file cannot be read, a column is missing or a cell is empty, or for any reason given
        at `read_runs`.

    Notes
    -----
    `Tag01` is no measured value but the phase of the recipe, 1 to 5. It stays a channel, as it
    tells when a batch went on to its next phase; `runs.select(runs.channels[1:])` leaves it out.

    The file is part of the package `process-improve` of K. G. Dunn,
    https://github.com/kgdunn/process-improve, in `process_improve/datasets/batch`. It names as
    probable origin A. Kassidas, Fault detection and diagnosis in dynamic multivariable chemical
    processes using speech recognition methods, PhD thesis, McMaster University, 1997.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import mkdtemp
    >>> path = Path(mkdtemp()) / "nylon.csv"
    >>> header = ",".join(["batch_id", *(f"Tag{tag:02d}" for tag in range(1, 11))])
    >>> rows = ["1" + ",5" * 10, "1" + ",6" * 10]
    >>> _ = path.write_text("\n".join([header, *rows]))
    >>> read_nylon(path).shape
    (1, 2, 10)
    """
    table = read_full_table(path, ("batch_id", *NYLON), run="batch_id")
    with naming(path):
        return read_runs(table, "batch_id", channels=NYLON, layout="long")


def read_dryer(path: PathLike) -> Runs:
    r"""Read the dryer batches: ten tags of an industrial batch dryer, one batch a known outlier.

    Parameters
    ----------
    path : path
        `dryer.csv`, also as `.csv.gz`.

    Returns
    -------
    Runs
        The batches in the order of the file (71 of 89 to 201 timesteps), ten channels with the
        names of the file, ids as in the column `batch_id`, times as in `ClockTime`, which counts
        the samples. Batch 34 has the label `"outlier"`, all others `"good"`. The file and its
        description name no units.

    Raises
    ------
    ValueError
        If the file cannot be read, a column is missing or a cell is empty, or for any reason given
        at `read_runs`.

    Notes
    -----
    Batch 34 is noted as an outlier by those who prepared the file. It is the only note: other
    batches can be abnormal, too.

    The file is part of the package `process-improve` of K. G. Dunn,
    https://github.com/kgdunn/process-improve, in `process_improve/datasets/batch`. The data are
    those of S. García-Muñoz, Batch process improvement using latent variable methods, PhD thesis,
    McMaster University, 2004.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import mkdtemp
    >>> from tsad_plugin.datasets.batches import DRYER
    >>> path = Path(mkdtemp()) / "dryer.csv"
    >>> rows = [f"{batch}{',0.5' * 10},{time}" for batch in (33, 34) for time in (0, 1)]
    >>> _ = path.write_text("\n".join([",".join(["batch_id", *DRYER, "ClockTime"]), *rows]))
    >>> read_dryer(path).labels.tolist()
    ['good', 'outlier']
    """
    table = read_full_table(path, ("batch_id", *DRYER, "ClockTime"), run="batch_id")
    outlier = table.frame["batch_id"] == str(DRYER_OUTLIER)
    table.frame["label"] = np.where(outlier, "outlier", "good")
    with naming(path):
        return read_runs(table, "batch_id", "ClockTime", channels=DRYER, label="label")
