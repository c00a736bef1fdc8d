"""Results as `benchmark` gives them, made from the table that they are to have."""

import numpy as np
import pandas as pd

from tsad_plugin.evaluation.cells import COLUMNS

NAN = float("nan")
# A row a data set, a column a detector; on s3 the first two tie.
TABLE = pd.DataFrame(
    {"A": [0.9, 0.8, 0.7, 0.95], "B": [0.8, 0.85, 0.7, 0.9], "C": [0.5, 0.6, 0.55, 0.4]},
    index=["s1", "s2", "s3", "s4"],
)


def results_of(table: pd.DataFrame, seeds: int = 2) -> pd.DataFrame:
    """Rows of `benchmark` whose means over seeds are a table; NaN is a failure."""
    rows = [
        dict.fromkeys(COLUMNS, NAN)
        | {"dataset": name, "detector": detector, "protocol": "semi-supervised", "fold": 0}
        | {"sample": "run"}
        | {"seed": seed, "roc_auc": value + 0.02 * (seed - (seeds - 1) / 2), "far": 1 - value}
        | {"roc_auc_low": value - 0.1, "roc_auc_high": value + 0.04, "fit_seconds": 1.0 + seed}
        | {"error": "" if np.isfinite(value) else "ValueError: no"}
        for name, values in table.iterrows()
        for detector, value in values.items()
        for seed in range(seeds)
    ]
    return pd.DataFrame(rows, columns=list(COLUMNS))
