"""What a tool of `pyod_tools` tries detectors with: a maker of them, data, doubts about scores.

A tool raises, or returns a complaint where it runs and what comes out is wrong; else None.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from inspect import signature
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Score = Callable[[Array], Array]
Complaint = str | None
OTHER_SEED = "a second fit with the same seed gives other scores"


@dataclass(frozen=True)
class Maker:
    """Makes quick detectors of one class, with those parameters that the class knows."""

    cls: type[Any]
    quick: dict[str, Any]

    def __call__(self, seed: int = 0, **parameters: Any) -> Any:
        return self.cls(**self.parameters(random_state=seed, **parameters))

    def parameters(self, **parameters: Any) -> dict[str, Any]:
        known = signature(self.cls).parameters
        return {**self.quick, **{k: v for k, v in parameters.items() if k in known}}


class Data(NamedTuple):
    """Rows of 60 values: one channel, or 20 timesteps of three; the last tenth have a fault."""

    X: Array
    y: Array
    new: Array


def make_data() -> Data:
    rng = np.random.default_rng(0)
    phase = np.linspace(0, 6, 60) + 0.3 * rng.normal(size=(160, 1))
    rows = np.sin(phase) + 0.1 * rng.normal(size=(160, 60))
    X, new = rows[:120], rows[120:]
    for some in (X[-12:], new[-4:]):
        some[:, 20:40] = some[:, 20:21]  # it freezes
    return Data(X, np.repeat([0, 1], [108, 12]), new)


def unequal(rows: Array) -> list[Array]:
    return [row[: 60 - i % 7] for i, row in enumerate(rows)]


class Tool(NamedTuple):
    section: str
    name: str
    run: Callable[[Maker, Data], Complaint]
    last: bool  # its import changes what joblib does for the rest of the process


TOOLS: list[Tool] = []


def tools(section: str, rows: dict[str, tuple[Any, ...]], last: bool = False) -> Any:
    """List a function as the tools of these names, each with its leading arguments."""

    def listed(run: Any) -> Any:
        TOOLS.extend(
            Tool(section, name, partial(run, *given), last) for name, given in rows.items()
        )
        return run

    return listed


def tool(section: str, name: str) -> Any:
    """List a function as one tool."""
    return tools(section, {name: ()})


def differ(one: Array, other: Array) -> bool:
    return not np.allclose(one, other, rtol=1e-3, atol=1e-3 * float(np.std(one)))


def doubts(score: Score, X: Any) -> Complaint:
    """What is wrong with a function from rows to scores, if anything."""
    scores = score(X)
    if np.shape(scores) != (len(X),):
        return f"{len(X)} rows get scores of shape {np.shape(scores)}"
    if not np.isfinite(scores).all():
        return "scores are not finite"
    if differ(scores, score(X)):
        return "two calls on the same rows give different scores"
    if differ(scores, score(X[::-1])[::-1]):
        return "a row's score depends on the rows before it: rows are read as timestamps"
    return None


def doubts_of(detector: Any, data: Data) -> Complaint:
    """What is wrong with a fitted detector's labels and scores."""
    if not set(np.ravel(detector.predict(data.new)).tolist()) <= {0, 1}:
        return "labels are not 0 and 1"
    if len(detector.decision_scores_) != len(data.X):
        return f"{len(data.X)} training rows get {len(detector.decision_scores_)} scores"
    return doubts(detector.decision_function, data.new)
