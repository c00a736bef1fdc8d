"""One cell of a comparison: a detector learns from one split, and is judged on it."""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import cache, cached_property
from importlib.metadata import version
from numbers import Real
from pathlib import Path
from typing import Any

import joblib
import numpy as np
from numpy.typing import NDArray
from pyod.models.base import BaseDetector
from sklearn.base import clone

from tsad_plugin.base import RunDetector
from tsad_plugin.forms import as_float, plural, shorten
from tsad_plugin.matrices import to_matrix
from tsad_plugin.runs import Runs

from .labelled import LabelledRuns, Split
from .measures import MEASURES, measure
from .memory import PeakMemory

COST = ("fit_seconds", "score_seconds", "peak_mb")
KEYS = ("dataset", "detector", "protocol", "seed", "fold")
SIZES = ("n_train", "n_test", "n_outliers")
COLUMNS = (*KEYS, *SIZES, *MEASURES, "threshold", *COST, "error")

Row = dict[str, Any]


@dataclass(frozen=True)
class Cell:
    """Who learns from what: all that a worker needs."""

    dataset: str
    detector: str
    protocol: str
    seed: int
    split: Split
    data: LabelledRuns
    instance: Any

    @cached_property
    def digest(self) -> str:
        """By which a cell is known again in a file of results."""
        split = (self.split.train.tolist(), self.split.test.tolist())
        parts = (self.dataset, self.detector, self.protocol, self.seed, self.data.digest, split)
        return str(joblib.hash((parts, _identity(self.instance), _code(), version("pyod"))))

    def run(self) -> Row:
        """Learn, judge and measure; what goes wrong becomes the row's `error`."""
        train, test, outlier = self.data.take(self.split)
        row = dict.fromkeys(COLUMNS, np.nan) | {
            "dataset": self.dataset,
            "detector": self.detector,
            "protocol": self.protocol,
            "seed": self.seed,
            "fold": self.split.fold,
            "n_train": len(train),
            "n_test": len(test),
            "n_outliers": int(outlier.sum()),
            "error": "",
        }
        try:
            return row | _judged(seeded(self.instance, self.seed), train, test, outlier)
        except Exception as error:
            text = " ".join(str(error).split())
            return row | {"error": f"{type(error).__name__}: {text}"}


def _identity(detector: Any) -> list[str]:
    """Class and parameters, by which detectors are told apart."""
    cls, parameters = type(detector), detector.get_params(deep=True)
    values = [f"{name}={_digest(parameters[name])}" for name in sorted(parameters)]
    return [f"{cls.__module__}.{cls.__qualname__}", *values]


def _digest(value: Any) -> str:
    try:
        return str(joblib.hash(value))
    except Exception:  # whatever an object raises that cannot be pickled
        return repr(value)


@cache
def _code() -> str:
    """Digest of this package: what other code has computed is not taken for its own."""
    files = sorted(Path(__file__).parents[1].rglob("*.py"))
    return str(joblib.hash([file.read_bytes() for file in files]))


def seeded(detector: Any, seed: int) -> Any:
    """A detector that is not fitted, with this seed wherever it or what it holds takes one."""
    copied = clone(detector)
    names = [n for n in copied.get_params(deep=True) if n.split("__")[-1] == "random_state"]
    # PyOD's deep detectors look at their seed in the constructor alone, so it is called once more.
    return clone(copied.set_params(**dict.fromkeys(names, seed))) if names else copied


def _judged(detector: Any, train: Runs, test: Runs, outlier: NDArray[np.bool_]) -> Row:
    learn_from, judge = _as_taken(detector, train, test)
    with PeakMemory() as memory:
        start = time.perf_counter()
        detector.fit(learn_from)
        fitted = time.perf_counter()
        scores = _checked(detector.decision_function(judge), len(test))
        scored = time.perf_counter()
    labels = _checked_labels(detector.predict(judge), len(test))
    return {
        **measure(outlier, scores, labels),
        "threshold": _number(getattr(detector, "threshold_", None)),
        "fit_seconds": fitted - start,
        "score_seconds": scored - fitted,
        "peak_mb": memory.megabytes,
        "error": _unmeasurable(outlier),
    }


def _as_taken(detector: Any, train: Runs, test: Runs) -> tuple[Any, Any]:
    """Runs as they are, or for a detector of PyOD's own, which knows none, as rows of one width."""
    if isinstance(detector, RunDetector) or not isinstance(detector, BaseDetector):
        return train, test
    width = int(np.median(train.lengths))
    return to_matrix(train, width), to_matrix(test, width)


def _checked(scores: Any, n_runs: int) -> NDArray[np.float64]:
    values = as_float(scores, "scores").astype(np.float64)
    if values.shape != (n_runs,):
        raise ValueError(f"scores of shape {values.shape} for {plural(n_runs, 'run')}: one each")
    if not np.isfinite(values).all():
        raise ValueError(f"a run has the score {values[~np.isfinite(values)][0]}")
    return values


def _checked_labels(labels: Any, n_runs: int) -> NDArray[np.int64]:
    values = np.ravel(labels)
    if values.shape != (n_runs,) or not np.isin(values, (0, 1)).all():
        raise ValueError(
            f"labels must be 0 or 1 for each of {plural(n_runs, 'run')}, as PyOD has them and "
            f"scikit-learn has not; predict gave {shorten(np.unique(values).tolist())}"
        )
    return values.astype(np.int64)


def _number(value: Any) -> float:
    return float(value) if isinstance(value, Real) else np.nan


def _unmeasurable(outlier: NDArray[np.bool_]) -> str:
    """Why a row has no ROC-AUC, though the detector did its work."""
    if outlier.all() or not outlier.any():
        found = "only outliers" if outlier.all() else "no outliers"
        return f"{found} among the {plural(len(outlier), 'run')} judged: there is nothing to rank"
    return ""
