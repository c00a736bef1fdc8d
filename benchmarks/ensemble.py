"""A mixed ensemble against its members on the thirteen sets of `ucr_oneclass`, on defaults.

    python benchmarks/ensemble.py [--seeds 0 1 2]

One deep, one linear and two classical detectors. Their scores are standardised by those of the
training runs (PyOD's `standardizer`), then averaged. ROC-AUC of each set as median over seeds, and
the mean over sets.
The data folder is TSAD_DATA (default ../shared/data).
"""

import argparse
import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pyod.models.combination import average
from pyod.models.inne import INNE
from pyod.models.knn import KNN
from pyod.utils.utility import standardizer
from sets import ucr_oneclass
from sklearn.metrics import roc_auc_score

from tsad_plugin import CNN1DAutoEncoder, OnRuns, PCAReconstruction
from tsad_plugin.evaluation import LabelledRuns

COLUMNS = ["CNN1DAutoEncoder", "PCAReconstruction", "KNN", "INNE", "ensemble"]


def members(seed: int) -> list[Any]:
    deep = CNN1DAutoEncoder(random_state=seed)
    return [deep, PCAReconstruction(), OnRuns(KNN()), OnRuns(INNE(random_state=seed))]


def aucs(data: LabelledRuns, seed: int) -> list[float]:
    """ROC-AUC of each member, and of all together."""
    (split,) = data.splits("semi-supervised", n_folds=2, seed=seed)
    train, test, outlier = data.take(split)
    fitted = [member.fit(train) for member in members(seed)]
    known = np.column_stack([member.decision_scores_ for member in fitted])
    scores = np.column_stack([member.decision_function(test) for member in fitted])
    together = average(standardizer(known, scores)[1])
    return [float(roc_auc_score(outlier, s)) for s in (*scores.T, together)]


def line(name: str, values: NDArray[Any]) -> None:
    print(f"{name:20s}" + "".join(f"{value:18.4f}" for value in values), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    seeds = parser.parse_args().seeds
    warnings.simplefilter("ignore")
    print(f"{'':20s}" + "".join(f"{column:>18s}" for column in COLUMNS))
    table = []
    for name, data in ucr_oneclass():
        table.append(np.median([aucs(data, seed) for seed in seeds], axis=0))
        line(name, table[-1])
    results = np.array(table)
    line("mean", results.mean(axis=0))
    line("worst set", results.min(axis=0))
    line("mean rank", (-results).argsort(axis=1).argsort(axis=1).mean(axis=0) + 1)


if __name__ == "__main__":
    main()
