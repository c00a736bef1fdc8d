"""Thresholds as texts of the command line."""

from __future__ import annotations

import math

from tsad_plugin.thresholds import (
    ConformalThreshold,
    KSigma,
    PeaksOverThreshold,
    Thresholder,
    check_number,
)


def from_text(text: str) -> Thresholder | float:
    """Read what the command line takes as a threshold, for a detector's `contamination`.

    That is ``ksigma:3``, ``contamination:0.05``, ``pot:1e-3`` or ``conformal:0.01``, in any case;
    without the number it is the class's default, for ``contamination`` PyOD's 0.1.

    Raises
    ------
    ValueError
        For any other text, or a number out of range; it lists the four forms.
    """
    name, colon, number = text.lower().partition(":")
    try:
        return _make(name.strip(), *([float(number)] if colon else []))
    except ValueError as error:
        reason = f"cannot read the threshold {text!r}: {error}"
    raise ValueError(f"{reason}; use ksigma:3, contamination:0.05, pot:1e-3 or conformal:0.01")


_NAMES = {"ksigma": KSigma, "pot": PeaksOverThreshold, "conformal": ConformalThreshold}


def _make(name: str, *number: float) -> Thresholder | float:
    """A thresholder or a share of outliers, its number checked now and not in `fit`."""
    if name == "contamination":
        share = number[0] if number else 0.1
        check_number(name, share, "above 0 and at most 0.5", below=math.nextafter(0.5, 1))
        return share
    if name not in _NAMES:
        raise ValueError(f"there is no {name!r}")
    thresholder = _NAMES[name](*number)
    thresholder._check_params()
    return thresholder
