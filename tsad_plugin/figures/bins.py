"""Long series made short: the lowest and the highest value of every bin of rows."""

from __future__ import annotations

from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from .times import compact

EXACT = 1e-6  # share of a step within which every time is where it would be if all steps were equal
NEAR = 0.25  # the same for times of bins, each of which stands for many


class Bins(NamedTuple):
    """Bins of `width` rows, of which two values stay; with a `width` of 1 every row stays."""

    n_rows: int
    width: int

    @classmethod
    def of(cls, n_rows: int, most: int) -> Self:
        """Bins that leave at most `most` values of `n_rows`."""
        return cls(n_rows, 1 if n_rows <= most else -(-n_rows // max(most // 2, 1)))

    @property
    def positions(self) -> NDArray[np.float64]:
        """Where the values that stay are drawn, in rows."""
        if self.width == 1:
            return np.arange(self.n_rows, dtype=np.float64)
        n_bins = -(-self.n_rows // self.width)
        return (np.arange(2 * n_bins) + 0.5) * self.width / 2 - 0.5

    def thinned(self, values: NDArray[Any]) -> NDArray[np.float64]:
        """(n,) -> (m,): the extremes of each bin in their order; NaN where it has no value."""
        if self.width == 1:
            return np.asarray(values, dtype=np.float64)
        padded = np.full(-(-self.n_rows // self.width) * self.width, np.nan)
        padded[: self.n_rows] = values
        bins = padded.reshape(-1, self.width)
        missing = np.isnan(bins)
        lowest = np.where(missing, np.inf, bins).argmin(axis=1)
        highest = np.where(missing, -np.inf, bins).argmax(axis=1)
        return np.take_along_axis(bins, np.sort([lowest, highest], axis=0).T, axis=1).ravel()

    def axis(self, times: NDArray[Any]) -> dict[str, Any]:
        """What tells plotly where these values stand: a start and a step where that says it all.

        Times of their own would be most of what a figure of a long series weighs.
        """
        numbers = as_numbers(times)
        if len(numbers) < 2:
            return {"x": compact(times)}
        step = (numbers[-1] - numbers[0]) / (len(numbers) - 1)
        strayed = np.abs(numbers - numbers[0] - step * np.arange(len(numbers))).max()
        slot = step * (1 if self.width == 1 else self.width / 2)
        if strayed > slot * (EXACT if self.width == 1 else NEAR):
            rows = self.positions.round().astype(int).clip(0, self.n_rows - 1)
            return {"x": compact(times[rows])}
        first = numbers[0] + step * self.positions[0]
        if times.dtype.kind != "M":
            return {"x0": float(first), "dx": float(slot)}
        return {"x0": str(np.datetime64(round(first), "us")), "dx": float(slot / 1000)}


def as_numbers(times: NDArray[Any]) -> NDArray[np.float64]:
    """Datetimes as microseconds, numbers as they are."""
    if times.dtype.kind == "M":
        return times.astype("datetime64[us]").astype(np.float64)
    return times.astype(np.float64)
