"""Tools of `pyod_tools` that any estimator meets: copies, scikit-learn, joblib, combination."""

import pickle
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import joblib
import numpy as np
from joblib import Parallel, delayed
from pyod.models import combination
from pyod.models.knn import KNN
from pyod.models.lof import LOF
from pyod.utils import persistence
from pyod.utils.utility import standardizer
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, StratifiedKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from trial import (
    OTHER_SEED,
    Array,
    Complaint,
    Data,
    Maker,
    differ,
    doubts,
    doubts_of,
    tool,
    tools,
)

# --- copies -------------------------------------------------------------------------------------


@tool("Copies", "`clone` of scikit-learn")
def cloned(make: Maker, data: Data) -> Complaint:
    detector = make()
    twin = clone(detector).get_params()
    lost = [k for k, v in detector.get_params().items() if repr(twin[k]) != repr(v)]
    return f"the clone has another {', '.join(lost)}" if lost else None


def pickled(detector: Any, path: Path) -> Any:
    path.write_bytes(pickle.dumps(detector))
    return pickle.loads(path.read_bytes())


def dumped(detector: Any, path: Path) -> Any:
    joblib.dump(detector, path)
    return joblib.load(path)


def persisted(detector: Any, path: Path) -> Any:
    persistence.save(detector, path)
    return persistence.load(path, strict=True, trusted=True)


@tools(
    "Copies",
    {
        "`pickle`": (pickled,),
        "`joblib.dump`, `joblib.load`": (dumped,),
        "`pyod.utils.persistence`": (persisted,),
    },
)
def copied(copy: Callable[[Any, Path], Any], make: Maker, data: Data) -> Complaint:
    detector = make().fit(data.X)
    with tempfile.TemporaryDirectory() as folder:
        twin = copy(detector, Path(folder) / "detector")
    one, other = (d.decision_function(data.new) for d in (detector, twin))
    return doubts_of(twin, data) or ("the copy gives other scores" if differ(one, other) else None)


# --- scikit-learn -------------------------------------------------------------------------------


@tool("scikit-learn", "`Pipeline` with `StandardScaler`")
def piped(make: Maker, data: Data) -> Complaint:
    pipeline = make_pipeline(StandardScaler(), make()).fit(data.X)
    return doubts(pipeline.decision_function, data.new) or doubts(pipeline.predict, data.new)


@tools("scikit-learn", {"`GridSearchCV`": (1,), "`GridSearchCV(n_jobs=2)`": (2,)})
def searched(n_jobs: int, make: Maker, data: Data) -> Complaint:
    search = GridSearchCV(
        make(),
        {"contamination": [0.05, 0.2]},
        scoring="roc_auc",
        cv=StratifiedKFold(2),
        n_jobs=n_jobs,
        error_score="raise",
    ).fit(data.X, data.y)
    finite = np.isfinite(search.best_score_)
    return doubts_of(search.best_estimator_, data) if finite else "the best score is not finite"


# y has its faults at the end, so the last of three folds is trained on labels that are all 0.
@tools(
    "scikit-learn",
    {
        "`cross_val_predict`": ("decision_function", False),
        "… with y": ("decision_function", True),
        "… of `predict_proba`": ("predict_proba", False),
        "… of `predict_proba`, with y": ("predict_proba", True),
    },
)
def cross_validated(method: str, with_y: bool, make: Maker, data: Data) -> Complaint:
    y = data.y if with_y else None
    answers = [cross_val_predict(make(), data.X, y, cv=3, method=method) for _ in range(2)]
    if len(answers[0]) != len(data.X) or not np.isfinite(answers[0]).all():
        return "the answer is not a finite value a row"
    return OTHER_SEED if differ(*answers) else None


# --- joblib -------------------------------------------------------------------------------------


def fitted(make: Maker, X: Array, seed: int) -> Any:
    return make(seed).fit(X)


@tools("joblib", {"threads": ("threading",), "processes (loky)": ("loky",)})
def side_by_side(backend: str, make: Maker, data: Data) -> Complaint:
    seeds = [0, 1, 2, 3]
    alone, again = ([fitted(make, data.X, seed) for seed in seeds] for _ in range(2))
    workers = Parallel(n_jobs=2, backend=backend)
    together = workers(delayed(fitted)(make, data.X, seed) for seed in seeds)
    if _any_differ(alone, again):
        return OTHER_SEED
    if _any_differ(alone, together):
        return "fits side by side give other scores than fits one after another"
    return doubts_of(together[0], data)


def _any_differ(some: list[Any], others: list[Any]) -> bool:
    pairs = zip(some, others, strict=True)
    return any(differ(one.decision_scores_, other.decision_scores_) for one, other in pairs)


# --- combination --------------------------------------------------------------------------------

COMBINATION = "`pyod.models.combination`"
BUCKETS = {"n_buckets": 2, "random_state": 0}


@tools(
    COMBINATION,
    {
        "`average`": (combination.average,),
        "`maximization`": (combination.maximization,),
        "`median`": (combination.median,),
        "`aom`": (partial(combination.aom, **BUCKETS),),
        "`moa`": (partial(combination.moa, **BUCKETS),),
    },
)
def combined(combine: Callable[[Array], Array], make: Maker, data: Data) -> Complaint:
    members = [d.fit(data.X) for d in (make(0), make(1), KNN(), LOF())]
    train = np.column_stack([d.decision_scores_ for d in members])

    def score(X: Array) -> Array:
        new = np.column_stack([d.decision_function(X) for d in members])
        return combine(standardizer(train, new)[1])

    return doubts(score, data.new)


@tool(COMBINATION, "`majority_vote`")
def voted(make: Maker, data: Data) -> Complaint:
    members = [d.fit(data.X) for d in (make(0), make(1), KNN())]

    def vote(X: Array) -> Array:
        return combination.majority_vote(np.column_stack([d.predict(X) for d in members]))

    return doubts(vote, data.new)
