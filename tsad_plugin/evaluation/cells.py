"""One cell of a comparison: a detector learns from one split, and is judged on it."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from importlib.metadata import version
from numbers import Real
from pathlib import Path
from typing import Any

import joblib
import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone

from tsad_plugin.forms import as_float, plural, shorten
from tsad_plugin.runs import Runs

from .labelled import LabelledRuns, Split
from .measures import MEASURES
from .memory import PeakMemory
from .takes import as_taken

COST = ("fit_seconds", "score_seconds", "peak_mb")
KEYS = ("dataset", "detector", "protocol", "seed", "fold")
SIZES = ("n_train", "n_test", "n_outliers")
COLUMNS = (*KEYS, "sample", *SIZES, *MEASURES, "threshold", *COST, "error")

Row = dict[str, Any]


def columns(extra: Sequence[str] = ()) -> tuple[str, ...]:
    """Columns of results, with those of measures that not all of them have."""
    end = COLUMNS.index("threshold")
    return (*COLUMNS[:end], *extra, *COLUMNS[end:])


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
    extra: tuple[str, ...] = ()  # measures besides

    @cached_property
    def digest(self) -> str:
        """By which a cell is known again in a file of results."""
        split = (self.split.train.tolist(), self.split.test.tolist())
        parts = (self.dataset, self.detector, self.protocol, self.seed, self.data.digest, split)
        code = (_code(), version("pyod"), self.extra, version("aeon") if self.extra else "")
        return str(joblib.hash((parts, _identity(self.instance), *code)))

    def run(self) -> Row:
        """Learn, judge and measure; what goes wrong becomes the row's `error`."""
        train, test, outlier = self.data.take(self.split)
        row = dict.fromkeys(columns(self.extra), np.nan) | {
            "dataset": self.dataset,
            "detector": self.detector,
            "protocol": self.protocol,
            "seed": self.seed,
            "fold": self.split.fold,
            "sample": self.data.sample,
            "n_train": self.data.n_samples(train),
            "n_test": self.data.n_samples(test),
            "n_outliers": int(outlier.sum()),
            "error": "",
        }
        try:
            return row | self._judged(train, test, outlier)
        except Exception as error:
            text = " ".join(str(error).split())
            return row | {"error": f"{type(error).__name__}: {text}"}

    def _judged(self, train: Runs, test: Runs, outlier: NDArray[np.bool_]) -> Row:
        detector = seeded(self.instance, self.seed)
        learn_from, judge = as_taken(detector, train, test)
        expected = len(outlier), self.data.sample
        with PeakMemory() as memory:
            start = time.perf_counter()
            detector.fit(learn_from)
            fitted = time.perf_counter()
            scores = _checked(detector.decision_function(judge), *expected)
            scored = time.perf_counter()
        labels = _checked_labels(detector.predict(judge), *expected)
        return {
            **self.data.measure(test, outlier, scores, labels, self.extra),
            "threshold": _number(getattr(detector, "threshold_", None)),
            "fit_seconds": fitted - start,
            "score_seconds": scored - fitted,
            "peak_mb": memory.megabytes,
            "error": self.data.unmeasurable(test, outlier),
        }


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


def _checked(scores: Any, number: int, sample: str) -> NDArray[np.float64]:
    values = as_float(scores, "scores").astype(np.float64)
    if values.shape != (number,):
        raise ValueError(f"scores of shape {values.shape} for {plural(number, sample)}: one each")
    if not np.isfinite(values).all():
        raise ValueError(f"a {sample} has the score {values[~np.isfinite(values)][0]}")
    return values


def _checked_labels(labels: Any, number: int, sample: str) -> NDArray[np.int64]:
    values = np.ravel(labels)
    if values.shape != (number,) or not np.isin(values, (0, 1)).all():
        raise ValueError(
            f"labels must be 0 or 1 for each of {plural(number, sample)}, as PyOD has them and "
            f"scikit-learn has not; predict gave {shorten(np.unique(values).tolist())}"
        )
    return values.astype(np.int64)


def _number(value: Any) -> float:
    return float(value) if isinstance(value, Real) else np.nan
