"""A simulator of plain rows: many channels measured once."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tsad_plugin.datasets._checks import check_count, check_positive, is_real


def make_shifted(
    n_rows: int = 500,
    n_channels: int = 8,
    outlier_fraction: float = 0.1,
    shift: float = 4.0,
    spread: float = 2.0,
    random_state: int | np.random.Generator | None = None,
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Simulate plain rows; abnormal ones have another mean and a larger spread.

    Parameters
    ----------
    n_rows, n_channels : int, default=500 and 8
        Number of rows and of columns.
    outlier_fraction : float, default=0.1
        Share of abnormal rows, between 0 and 1; which these are is random.
    shift : float, default=4.0
        Distance between the means of abnormal and normal rows, in standard deviations of the
        normal ones, along one random direction, the same for every seed.
    spread : float, default=2.0
        Standard deviations of abnormal rows as a multiple of the normal ones'.
    random_state : int or numpy.random.Generator, optional
        Seed of the rows. The population itself is the same for each number of channels, so that a
        detector fitted on the rows of one seed knows those of another.

    Returns
    -------
    X : ndarray of shape (n_rows, n_channels)
        Rows for detectors with `n_channels="all"`, and for any PyOD detector. Channels differ in
        level and scale, and share two causes, so that they are correlated.
    y : ndarray of shape (n_rows,)
        1 where a row is abnormal, else 0.

    Raises
    ------
    ValueError
        If a number is out of range.

    Examples
    --------
    >>> X, y = make_shifted(200, outlier_fraction=0.05, random_state=0)
    >>> X.shape, int(y.sum())
    ((200, 8), 10)
    """
    check_count(n_rows, "n_rows", least=1)
    check_count(n_channels, "n_channels", least=1)
    if not is_real(outlier_fraction) or not 0 <= outlier_fraction <= 1:
        raise ValueError(f"outlier_fraction must be between 0 and 1, got {outlier_fraction!r}")
    if not is_real(shift) or not 0 <= shift < np.inf:
        raise ValueError(f"shift must be at least 0 and finite, got {shift!r}")
    check_positive(spread, "spread")
    population, rng = np.random.default_rng(n_channels), np.random.default_rng(random_state)
    level, scale = (
        50 * population.normal(size=n_channels),
        10 ** population.uniform(-1, 1, n_channels),
    )
    mixing, direction = population.normal(size=(2, n_channels)), population.normal(size=n_channels)
    y = rng.permutation(np.arange(n_rows) < round(outlier_fraction * n_rows)).astype(np.int64)
    causes, noise = rng.normal(size=(n_rows, 2)), rng.normal(size=(n_rows, n_channels))
    rows = (causes @ mixing + noise) / np.sqrt(1 + np.square(mixing).sum(axis=0))
    moved = spread * rows + shift * direction / np.linalg.norm(direction)
    return level + scale * np.where(y[:, None] == 1, moved, rows), y
