"""Explanations: what made one run abnormal, as numbers and as a sentence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

# A stretch counts from this share of the run's worst timestep: a gross fault spoils the whole
# reconstruction, and the fault is where it is spoilt most. (docs/scoring.md has the measurement.)
PEAK_SHARE = 0.1
# Channels are named until they make up this share of the error.
NAMED_SHARE = 0.8
# A length is worth a word from so many standard deviations on.
ODD_LENGTH = 2.0


class Evidence(NamedTuple):
    """What is known of a run before it is put into words."""

    run: Any
    score: float
    threshold: float
    is_outlier: bool
    residual: float
    latent: float | None
    n_timesteps: int
    duration: float
    contributions: NDArray[np.float64]  # (n_timesteps, n_channels)
    channels: tuple[str, ...]
    times: NDArray[Any] | None
    time_unit: str | None


@dataclass(frozen=True)
class Explanation:
    """Why a run has its score.

    Attributes
    ----------
    run : object
        The run's id.
    score, threshold : float
        Score of the run and threshold of the detector. (A foreign thresholder's threshold may be
        in other units.)
    is_outlier : bool
        The detector's label.
    residual : float
        Reduced reconstruction error; about 1 on good runs with `reduction="mean"`.
    latent : float or None
        Hotelling's T² of the code, divided by its dimension; about 1 on good runs. None where the
        detector has no code.
    duration : float
        Deviation of the run's length, in standard deviations of the training runs'.
    channels : dict of str to float
        Share of each channel in the error of the worst stretch, largest first.
    start, end : int
        First and last timestep of the worst stretch.
    start_time, end_time : object
        Their times, None for runs without times.
    text : str
        Score, worst stretch and leading channels in one line, and the duration if unusual.
    """

    run: Any
    score: float
    threshold: float
    is_outlier: bool
    residual: float
    latent: float | None
    duration: float
    channels: dict[str, float]
    start: int
    end: int
    start_time: Any
    end_time: Any
    text: str


class RunFindings(NamedTuple):
    """What a detector finds in runs.

    Attributes
    ----------
    explanations : list of Explanation
        Why each run has its score.
    contributions, reconstruction : list of ndarray of shape (n_timesteps_i, n_channels)
        Of each run.
    codes : list of ndarray of shape (latent_dim,)
        Of each run; empty where the detector has none.
    """

    explanations: list[Explanation]
    contributions: list[NDArray[np.float64]]
    reconstruction: list[NDArray[np.float64]]
    codes: list[NDArray[np.float32]]


def explain_run(evidence: Evidence, level: float) -> Explanation:
    """Find the worst stretch and its channels, and put them into words."""
    timestep_scores = evidence.contributions.sum(axis=1)
    level = max(level, PEAK_SHARE * timestep_scores.max())
    start, end = worst_stretch(timestep_scores, level)
    channels = _shares(evidence.contributions[start : end + 1].sum(axis=0), evidence.channels)
    times = (None, None) if evidence.times is None else _as_objects(evidence.times[[start, end]])
    return Explanation(
        run=evidence.run,
        score=evidence.score,
        threshold=evidence.threshold,
        is_outlier=evidence.is_outlier,
        residual=evidence.residual,
        latent=evidence.latent,
        duration=evidence.duration,
        channels=channels,
        start=start,
        end=end,
        start_time=times[0],
        end_time=times[1],
        text=_text(evidence, channels, start, end),
    )


def _as_objects(times: NDArray[Any]) -> tuple[Any, ...]:
    """Times as Python's numbers or datetimes; NumPy would make integers of nanoseconds."""
    is_clock = times.dtype.kind in "mM"
    return tuple((times.astype(f"{times.dtype.kind}8[us]") if is_clock else times).tolist())


def worst_stretch(timestep_scores: NDArray[Any], level: float) -> tuple[int, int]:
    """First and last timestep of the stretch that exceeds `level` by the largest sum.

    A short dip below the level does not end a stretch: it costs what it lacks (Bentley 1984,
    maximum subarray). Where nothing exceeds the level, the worst timestep alone.
    """
    gains = np.concatenate([[0.0], np.cumsum(timestep_scores - level)])
    lowest = np.minimum.accumulate(gains)
    end = int(np.argmax(gains - lowest))
    if end == 0:
        worst = int(np.argmax(timestep_scores))
        return worst, worst
    start = int(np.flatnonzero(gains[:end] == lowest[end])[-1])
    return start, end - 1


def _shares(sums: NDArray[np.float64], channels: tuple[str, ...]) -> dict[str, float]:
    total = float(sums.sum()) or 1.0
    return {channels[c]: float(sums[c]) / total for c in np.argsort(-sums, kind="stable")}


def leading_channels(shares: dict[str, float], most: int = 3) -> dict[str, float]:
    """The channels that make up most of the error."""
    leading: dict[str, float] = {}
    for name, share in shares.items():
        if leading and (sum(leading.values()) >= NAMED_SHARE or len(leading) == most):
            break
        leading[name] = share
    return leading


def stretch_text(
    start: int, end: int, times: NDArray[Any] | None = None, time_unit: str | None = None
) -> str:
    """Name a stretch by its times, or by its timesteps where there are none."""
    if times is None:
        return f"timestep {start}" if start == end else f"timesteps {start}–{end}"
    is_clock = times.dtype.kind in "mM"
    named = _named(times, times[[start, end] if start < end else [start]])
    return (" – " if is_clock else "–").join(named) + (
        f" {time_unit}" if time_unit and not is_clock else ""
    )


def _named(times: NDArray[Any], some: NDArray[Any]) -> list[str]:
    """Some of a run's times as text, fine enough to tell each from the next."""
    if times.dtype.kind == "m":
        return [str(pd.Timedelta(t)) for t in some]
    if times.dtype.kind == "M":
        return np.datetime_as_string(some, unit=_unit(times[~np.isnat(times)])).tolist()
    if times.dtype.kind in "iu":
        return [str(t) for t in some.tolist()]
    return [f"{t:.{_digits(times)}g}" for t in some]


def _unit(times: NDArray[Any]) -> Literal["s", "ms", "us", "ns"]:
    """The coarsest unit from seconds on that cuts nothing off."""
    for unit in ("s", "ms", "us"):
        if (times.astype(f"datetime64[{unit}]") == times).all():
            return unit
    return "ns"


def _digits(times: NDArray[Any]) -> int:
    """Digits that tell neighbours apart: six, and more of a clock that counts from 1970."""
    numbers = times.astype(np.float64)
    steps, largest = np.abs(np.diff(numbers)), np.abs(numbers).max()
    step = np.median(steps) if len(steps) else 0.0
    if not (step > 0 and largest < np.inf):
        return 6
    return int(np.clip(np.ceil(np.log10(largest / step)) + 1, 6, 15))


def _text(evidence: Evidence, channels: dict[str, float], start: int, end: int) -> str:
    parts = [f"run {evidence.run}: score {evidence.score:.3g} (threshold {evidence.threshold:.3g})"]
    leading = leading_channels(channels) if any(channels.values()) else {}
    named = ", ".join(f"{name} {share:.0%}" for name, share in leading.items())
    where = stretch_text(start, end, evidence.times, evidence.time_unit)
    parts.append(
        f"worst {'in' if start < end else 'at'} {where}: {named} of the error there"
        if named
        else "no error at any timestep"
    )
    if abs(evidence.duration) > ODD_LENGTH:
        longer = "longer" if evidence.duration > 0 else "shorter"
        parts.append(
            f"{evidence.n_timesteps} timesteps, {abs(evidence.duration):.1f} standard "
            f"deviations {longer} than usual"
        )
    return "; ".join(parts)
