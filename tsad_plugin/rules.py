"""What each parameter may be, of detectors and of what tunes them: a test and the words for it."""

from __future__ import annotations

import math
import numbers
from collections.abc import Callable
from typing import Any

import numpy as np

from .forms import check_n_channels
from .layers import CELLS
from .preprocessing import SCALINGS, changes_channels
from .scoring import ERROR_SCALES, REDUCTIONS, SCORES

Rule = tuple[Callable[[Any], bool], str]  # a test, and what passes it


def _is_number(value: Any) -> bool:
    if not isinstance(value, numbers.Real) or isinstance(value, bool):
        return False
    try:
        return math.isfinite(float(value))
    except OverflowError:
        return False


def _integer(least: int, extra: tuple[Any, ...] = ()) -> tuple[Callable[[Any], bool], str]:
    def is_valid(value: Any) -> bool:
        whole = isinstance(value, numbers.Integral) and not isinstance(value, bool)
        return (whole and least <= int(value) < 2**31) or _is_one_of(value, extra)

    return is_valid, _or(f"an integer of at least {least}", extra)


def _number(
    is_valid: Callable[[float], bool], expected: str, extra: tuple[Any, ...] = ()
) -> tuple[Callable[[Any], bool], str]:
    def check(value: Any) -> bool:
        return (_is_number(value) and is_valid(value)) or _is_one_of(value, extra)

    return check, _or(expected, extra)


def _choice(*values: Any) -> tuple[Callable[[Any], bool], str]:
    return lambda value: _is_one_of(value, values), " or ".join(map(repr, values))


def _is_one_of(value: Any, values: tuple[Any, ...]) -> bool:
    return any(
        value is v or (isinstance(v, str) and isinstance(value, str) and value == v) for v in values
    )


def _or(expected: str, extra: tuple[Any, ...]) -> str:
    return " or ".join([expected, *map(repr, extra)])


def _is_contamination(value: Any) -> bool:
    if _is_number(value):
        return 0 < value <= 0.5
    has_both = hasattr(value, "fit") and hasattr(value, "predict")
    # A detector has them too.
    return has_both and not hasattr(value, "decision_function") and not isinstance(value, type)


def _are_widths(value: Any) -> bool:
    is_width = _integer(1)[0]
    return value is None or (
        isinstance(value, (list, tuple)) and len(value) > 0 and all(is_width(v) for v in value)
    )


def _is_seed(value: Any) -> bool:
    return isinstance(value, numbers.Integral) and not isinstance(value, bool) and int(value) >= 0


def _is_random_state(value: Any) -> bool:
    generators = (np.random.RandomState, np.random.Generator)
    return value is None or isinstance(value, generators) or _is_seed(value)


RULES: dict[str, Rule] = {
    "contamination": (_is_contamination, "a number in (0, 0.5] or a thresholder"),
    "n_timesteps": _integer(1, (None,)),
    "k": _number(lambda v: v > 0, "a positive number"),
    "beta": _number(lambda v: 0 < v <= 1e6, "a positive number of at most a million"),
    "threshold": _number(lambda v: True, "a finite number"),
    "length_sigma": _number(lambda v: v > 0, "a positive number", (None,)),
    "scaling": _choice(*SCALINGS),
    "latent_dim": _integer(1, (None,)),
    "hidden_dims": (_are_widths, "a sequence of positive integers or None"),
    "cell": _choice(*CELLS),
    "patch_size": _integer(1, ("auto",)),
    "kernel_size": (lambda v: _integer(1)[0](v) and v % 2 == 1, "an odd positive integer"),
    "linear_path": _choice(True, False),
    "kl_weight": _number(lambda v: v >= 0, "a number of at least 0"),
    "n_epochs": _integer(1),
    "batch_size": _integer(1, ("auto",)),
    "lr": _number(lambda v: v > 0, "a positive number", (None,)),
    "patience": _integer(1, (None,)),
    "noise": _number(lambda v: v >= 0, "a number of at least 0"),
    "validation_fraction": _number(lambda v: 0 <= v < 1, "a number in [0, 1)"),
    "score": _choice(*SCORES),
    "error_scale": _choice(*ERROR_SCALES),
    "reduction": _number(lambda v: 0 < v <= 1, "a share in (0, 1]", REDUCTIONS),
    "use_duration": _choice(True, False),
    "random_state": (_is_random_state, "an integer of at least 0, a NumPy generator or None"),
    "n_threads": _integer(1, (None,)),
    "verbose": _integer(0, (True, False)),
    "window_size": _integer(2),
    "stride": _integer(1),
    "smoothing": _integer(1),
    "max_windows": _integer(10),
    "min_duration": _integer(1, (None,)),
    "merge_gap": _integer(0, (None,)),
    "release": _number(lambda v: 0 <= v <= 1, "a share in [0, 1]"),
    "seeds": _integer(1),
    "seed": _integer(0),
    "n_folds": _integer(2),
    "n_train": _integer(2),
    "buffer": _integer(0),
    "n_jobs": (
        lambda v: v is None or (_integer(-(2**31))[0](v) and v != 0),
        "an integer but 0, or None",
    ),
}


# For the `own_rules` of a detector that takes other values than RULES says.
LEGACY_SEED: Rule = (
    lambda v: v is None or isinstance(v, np.random.RandomState) or (_is_seed(v) and v < 2**32),
    "an integer from 0 to 2**32 - 1, a RandomState or None",
)
THRESHOLD_OR_DEFAULT: Rule = (
    lambda v: v is None or _is_contamination(v),
    "a number in (0, 0.5], a thresholder or None",
)
PROPER_SHARE: Rule = _number(lambda v: 0 < v < 1, "a share in (0, 1)")
SCALING_OR_FAMILYS: Rule = _choice(*SCALINGS, None)
WIDTH_OR_SHARE: Rule = (
    lambda v: _integer(1)[0](v) or (_is_number(v) and 0 < v < 1),
    "an integer of at least 1 or a share in (0, 1)",
)


def check_parameters(detector: Any) -> None:
    """Raise a ValueError that names the first parameter with a value it cannot have."""
    check_n_channels(getattr(detector, "n_channels", None))
    rules = {**RULES, **detector.own_rules}
    for name, rule in rules.items():
        if hasattr(detector, name):
            _check(name, getattr(detector, name), rule)
    _check_steps(detector.steps)


def check_parameter(name: str, value: Any) -> None:
    """Raise a ValueError where a parameter cannot have that value."""
    _check(name, value, RULES[name])


def _check(name: str, value: Any, rule: Rule) -> None:
    is_valid, expected = rule
    if not is_valid(value):
        raise ValueError(f"{name} must be {expected}, got {value!r}")


def _check_steps(steps: Any) -> None:
    if not isinstance(steps, (list, tuple)):
        raise ValueError(f"steps must be a list of steps, got {steps!r}")
    for position, step in enumerate(steps):
        has_both = all(hasattr(step, m) for m in ("fit_transform", "transform"))
        if isinstance(step, type) or not has_both:
            raise ValueError(
                f"steps[{position}] must have fit_transform and transform, got {step!r}"
            )
        if changes_channels(step) and position != len(steps) - 1:
            raise ValueError(
                f"steps[{position}] ({type(step).__name__}) changes the channels: put it last"
            )
