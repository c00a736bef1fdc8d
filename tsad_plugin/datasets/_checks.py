"""Checks of what the simulators are asked for."""

from __future__ import annotations

from numbers import Real
from typing import Any

import numpy as np


def check_count(value: Any, name: str, least: int, what: str = "a whole number") -> None:
    """Raise a ValueError unless the value is a whole number of at least that."""
    if not isinstance(value, (int, np.integer)) or isinstance(value, bool):
        raise ValueError(f"{name} must be {what}, got {value!r}")
    if value < least:
        raise ValueError(f"{name} must be at least {least}, got {value}")


def is_real(value: Any) -> bool:
    """Whether a value is a number, NaN and infinity included."""
    return isinstance(value, Real) and not isinstance(value, bool)


def check_positive(value: float, name: str) -> None:
    """Raise a ValueError unless the value is positive and finite."""
    if not is_real(value) or not 0 < value < np.inf:
        raise ValueError(f"{name} must be positive and finite, got {value!r}")
