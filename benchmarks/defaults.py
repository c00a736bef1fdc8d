"""What each default is worth: the detectors with one parameter changed at a time.

    python benchmarks/defaults.py [--detectors FCAutoEncoder] [--only lr] [--out FOLDER]

Mean ROC-AUC over the thirteen sets of `ucr_oneclass`, ROC-AUC and average precision on ECG5000.
Results are kept in the folder as they come, and used when the same is called again.
"""

import argparse
import warnings
from pathlib import Path
from typing import Any

import pandas as pd
from common import journal
from sets import SETS

from tsad_plugin import CNN1DAutoEncoder, FCAutoEncoder, LSTMAutoEncoder, benchmark

EVERY: list[dict[str, Any]] = [
    {"scaling": "channel"},
    {"scaling": "phase"},
    {"scaling": "both"},
    {"scaling": "course"},
    {"error_scale": "none"},
    {"error_scale": "channel"},
    {"reduction": 0.2},
    {"reduction": "max"},
    {"score": "t2"},
    {"score": "both"},
    {"latent_dim": 4},
    {"latent_dim": 8},
    {"latent_dim": 32},
    {"n_epochs": 100},
    {"n_epochs": 400},
    {"patience": 10},
    {"patience": 50},
    {"batch_size": 16},
    {"batch_size": 64},
    {"noise": 0.1},
    {"noise": 0.3},
    {"lr": 5e-4},
    {"lr": 2e-3},
    {"linear_path": True},
]
OWN: dict[type, list[dict[str, Any]]] = {
    FCAutoEncoder: [{"hidden_dims": d} for d in ((64,), (32, 16), (128, 64), (64, 64, 32))],
    LSTMAutoEncoder: [
        *({"patch_size": p} for p in (1, 4, 8, 16)),
        *({"hidden_dims": d} for d in ((32,), (128,), (64, 64))),
        {"cell": "gru"},
    ],
    CNN1DAutoEncoder: [
        *({"kernel_size": k} for k in (3, 7, 11)),
        *({"hidden_dims": d} for d in ((16, 32), (32, 64, 64), (64, 128))),
    ],
}
CLASSES = {cls.__name__: cls for cls in OWN}


def variations(cls: type, wanted: list[str]) -> dict[str, Any]:
    """A detector for each name such as `FCAutoEncoder noise=0.1`, the default first."""
    named = {cls.__name__: cls()}
    for changed in [*EVERY, *OWN[cls]]:
        (name, value), detector = next(iter(changed.items())), cls(**changed)
        is_default = getattr(cls(), name) == value
        if not is_default and (not wanted or name in wanted):
            named[f"{cls.__name__} {name}={value}"] = detector
    return named


def table(results: pd.DataFrame) -> pd.DataFrame:
    """A row a variation: figures of both sets, and seconds of a fit."""
    groups = results.assign(ecg=results.dataset == "ECG5000").groupby(
        ["detector", "ecg"], sort=False
    )
    means = groups[["roc_auc", "average_precision", "fit_seconds"]].mean().unstack("ecg")
    return pd.DataFrame(
        {
            "ucr_oneclass": means["roc_auc"][False],
            "ECG5000": means["roc_auc"][True],
            "ECG5000 AP": means["average_precision"][True],
            "seconds": means["fit_seconds"].mean(axis=1),
        }
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--detectors", nargs="+", choices=CLASSES, default=["FCAutoEncoder"])
    parser.add_argument("--only", nargs="+", default=[], help="parameters to change")
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1])
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--out", type=Path)
    chosen = parser.parse_args()
    warnings.simplefilter("ignore")
    path = journal(chosen.out)
    data = {name: data for what in ("ucr_oneclass", "ecg5000") for name, data in SETS[what]()}
    for name in chosen.detectors:
        detectors = variations(CLASSES[name], chosen.only)
        print(table(benchmark(detectors, data, chosen.seeds, chosen.jobs, path=path)).round(4))


if __name__ == "__main__":
    main()
