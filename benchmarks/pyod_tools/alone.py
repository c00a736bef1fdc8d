"""Tools of `pyod_tools`: a detector by itself, its methods, thresholds, seeds and forms of X."""

import random
from typing import Any

import numpy as np
import torch
from pythresh.thresholds.iqr import IQR
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
    unequal,
)

from tsad_plugin import KSigma

SCALES = np.resize([1e-3, 1.0, 1e5], 60)  # of three channels, timestep by timestep
MOST = 100.0  # times the largest training score, for a change of a thousandth

METHODS, ODD = "PyOD's methods", "Small and odd sets"

# --- methods ------------------------------------------------------------------------------------


@tools(METHODS, {'`predict_proba`, "linear"': ("linear",), '`predict_proba`, "unify"': ("unify",)})
def with_probabilities(method: str, make: Maker, data: Data) -> Complaint:
    detector = make().fit(data.X)
    proba = detector.predict_proba(data.new, method=method)
    if proba.shape != (len(data.new), 2) or not np.allclose(proba.sum(axis=1), 1):
        return "the probabilities are not two a row that add up to 1"
    return doubts(lambda X: detector.predict_proba(X, method=method)[:, 1], data.new)


@tool(METHODS, "`predict_confidence`")
def with_confidence(make: Maker, data: Data) -> Complaint:
    detector = make().fit(data.X)
    return doubts(detector.predict_confidence, data.new)


@tools(
    METHODS,
    {
        "`predict_with_rejection`": (0.1, False),
        "… with its statistics": (0.1, True),
        "… with PyThresh": (IQR, False),
        "… with PyThresh and its statistics": (IQR, True),
    },
)
def with_rejection(contamination: Any, return_stats: bool, make: Maker, data: Data) -> Complaint:
    share = contamination() if callable(contamination) else contamination
    detector = make(contamination=share).fit(data.X)
    answer = detector.predict_with_rejection(data.new, T=3, return_stats=return_stats)
    labels = answer[0] if return_stats else answer
    if return_stats and not np.isfinite(answer[1]).all():
        return "the statistics are not finite"
    kept = labels != -2
    if not np.array_equal(labels[kept], detector.predict(data.new)[kept]):
        return "the labels that are not rejected are not those of `predict`"
    return doubts(lambda X: detector.predict_with_rejection(X, T=3), data.new)


# --- thresholds ---------------------------------------------------------------------------------


@tools(
    "Thresholds",
    {
        "PyThresh": (IQR, slice(None)),
        "PyThresh, one run": (IQR, slice(1)),
        "`KSigma` of tsad_plugin": (KSigma, slice(None)),
        "`KSigma`, one run": (KSigma, slice(1)),
    },
)
def thresholded(thresholder: Any, part: slice, make: Maker, data: Data) -> Complaint:
    detector = make(contamination=thresholder()).fit(data.X)
    fitted = getattr(detector, "thresholder_", detector.contamination)  # ours fit a copy
    if not np.array_equal(fitted.predict(detector.decision_scores_), detector.labels_):
        return "`labels_` are not those that the thresholder gives `decision_scores_`"
    expected = fitted.predict(detector.decision_function(data.new))[part]
    if not np.array_equal(expected, detector.predict(data.new[part])):
        return "the labels are not those that the thresholder gives the scores"
    return None


# --- promises -----------------------------------------------------------------------------------


@tool("Seeds", "scoring twice")
def scored_twice(make: Maker, data: Data) -> Complaint:
    detector = make().fit(data.X)
    one, other = (detector.decision_function(data.new) for _ in range(2))
    return "two calls on the same rows give different scores" if differ(one, other) else None


@tool("Seeds", "fitting an object twice")
def fitted_twice(make: Maker, data: Data) -> Complaint:
    detector = make()
    one, other = (detector.fit(data.X).decision_scores_ for _ in range(2))
    return OTHER_SEED if differ(one, other) else None


@tool("Seeds", "another detector made in between")
def interrupted(make: Maker, data: Data) -> Complaint:
    alone, detector = make().fit(data.X), make()
    make(1)
    other = detector.fit(data.X).decision_scores_
    return OTHER_SEED if differ(alone.decision_scores_, other) else None


@tool("Seeds", "`set_params(random_state=…)`")
def reseeded(make: Maker, data: Data) -> Complaint:
    same, other = make(0), make(0).set_params(random_state=1)
    for detector in (same, other):
        np.random.seed(0)  # whoever draws from the global state draws the same  # noqa: NPY002
        torch.manual_seed(0)
        detector.fit(data.X)
    changed = differ(same.decision_scores_, other.decision_scores_)
    return None if changed else "it has no effect"


@tool("Seeds", "global random states untouched")
def left_alone(make: Maker, data: Data) -> Complaint:
    random.seed(1), np.random.seed(1), torch.manual_seed(1)  # noqa: NPY002
    before = _global_states()
    make().fit(data.X).decision_function(data.new)
    changed = [k for k, v in _global_states().items() if v != before[k]]
    return f"the global random state of {', '.join(changed)} is another one" if changed else None


def _global_states() -> dict[str, str]:
    return {
        "NumPy": str(np.random.get_state()),  # noqa: NPY002
        "torch": str(torch.get_rng_state().tolist()),
        "Python": str(random.getstate()),
    }


@tool(ODD, "one run to label")
def single(make: Maker, data: Data) -> Complaint:
    detector = make().fit(data.X)
    labels = [int(detector.predict(row[None])[0]) for row in data.new]
    expected = detector.predict(data.new).tolist()
    return None if labels == expected else "rows one at a time get other labels"


@tool(ODD, "fewer training runs than a batch")
def few(make: Maker, data: Data) -> Complaint:
    return doubts_of(make().fit(data.X[:20]), data._replace(X=data.X[:20]))


@tool(ODD, "equal training runs")
def equal(make: Maker, data: Data) -> Complaint:
    rows = np.repeat(data.X[:1], 60, axis=0)
    detector = make().fit(rows)
    proba = detector.predict_proba(data.new)
    return None if np.isfinite(proba).all() else "probabilities are not finite"


@tools(
    ODD,
    {
        "a constant channel (flattened runs)": (3, slice(1, None, 3)),
        "a constant column (table rows)": ("all", 1),
    },
)
def constant(n_channels: Any, columns: Any, make: Maker, data: Data) -> Complaint:
    rows, moved = data.X.copy(), data.new.copy()
    rows[:, columns], moved[:, columns] = 7, 7.001
    detector = make(n_channels=n_channels).fit(rows)
    times = detector.decision_function(moved).max() / detector.decision_scores_.max()
    if not times < MOST:
        return f"a thousandth more than a constant gives over {MOST:.0f} times the training scores"
    return doubts_of(detector, data)


@tools(
    ODD,
    {
        "channels of scales 0.001 to 100 000 (flattened runs)": (3,),
        "columns of scales 0.001 to 100 000 (table rows)": ("all",),
    },
)
def scaled(n_channels: Any, make: Maker, data: Data) -> Complaint:
    plain, other = (
        make(n_channels=n_channels).fit(data.X * scales).decision_function(data.new * scales)
        for scales in (1.0, SCALES)
    )
    detector = make(n_channels=n_channels).fit(data.X * SCALES)
    if differ(plain, other):
        return "other units give other scores"
    return doubts_of(detector, data._replace(new=data.new * SCALES))


# --- forms --------------------------------------------------------------------------------------


def with_gaps(rows: Array) -> Array:
    gaps = np.random.default_rng(1).random(rows.shape) < 0.05
    return np.where(gaps, np.nan, rows)


def as_3d(rows: Array) -> Array:
    return rows.reshape(-1, 20, 3)


@tools(
    "Forms",
    {
        "(n_runs, n_timesteps, n_channels)": (as_3d,),
        "a list of runs of unequal length": (unequal,),
        "gaps (NaN)": (with_gaps,),
    },
)
def formed(form: Any, make: Maker, data: Data) -> Complaint:
    return doubts_of(make().fit(form(data.X)), data._replace(new=form(data.new)))
