"""Principal components as a detector: the linear member of the family."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.decomposition import PCA

from .folds import Fold, HeldOut, fixed_order, folds_of
from .forms import NChannels
from .preprocessing import Prepared
from .reconstruction import CodingDetector
from .resampling import flat
from .rules import WIDTH_OR_SHARE, Rule
from .scoring import LatentDistribution

# A direction with less than this share of the variance is rounding, and no component.
LEAST_VARIANCE = 1e-10


class PCAReconstruction(CodingDetector):
    """Multiway PCA: what good runs have in common, linearly, and how far a run departs from it.

    Every run is one vector, all channels of all timesteps; the principal components of the good
    runs span the ways in which these differ. The reconstruction of a run is its projection on
    them, the code its scores on the components, each divided by its standard deviation. SPE is
    what is left outside (also called Q), T² how unusual the run is within.

    Parameters
    ----------
    latent_dim : int or float, default=0.8
        Number of components, or the share of the good runs' variance that they explain, in
        (0, 1). Always fewer than half as many as runs, and fewer than a run has values: more are
        cut.
    contamination : float or thresholder, default=0.1
        Share of outliers in the training X, in (0, 0.5], or a thresholder such as `KSigma`.
    n_channels : int or "all", optional
        How to read flat rows, see `as_runs`.
    n_timesteps : int, optional
        Length to which runs are resampled; by default their median length.
    length_sigma : float or None, default=2.0
        Runs whose length is further from the mean, in standard deviations, are scored but not
        learned from; None learns from all.
    steps : sequence of transformers, default=()
        `Despike`, `MovingAverage`, `ChannelPCA` or others like them, applied first.
    scaling : {"channel", "phase", "both", "course"}, default="phase"
        Scale by the training runs' mean and standard deviation of each channel, then also of each
        phase, as is usual for multiway PCA, or by mean of the phase and both deviations, or by
        mean of the phase and deviation of the channel.
    score : {"spe", "t2", "both", "mahalanobis"}, default="spe"
        Reconstruction error, Hotelling's T² of the code, or both; or the Mahalanobis distance of
        each timestep's residuals, in which channels that err together count once.
    error_scale : {"none", "channel", "phase"}, default="phase"
        Divide squared residuals by their usual size: one, one per channel, or one per channel and
        phase. `"none"` is the classical SPE, by its mean. Not used where
        `score="mahalanobis"`, which knows the sizes.
    reduction : {"mean", "max"} or float, default="mean"
        From timestep scores to a run's score; a share in (0, 1] is the mean of the worst.
    use_duration : bool, default=False
        Count an unusual length in the score.

    Attributes
    ----------
    pca_ : PrincipalComponents
        What was learned: `n_components_`; `components_`, of shape (n_components, n_timesteps *
        n_channels), time-major; their `share_` of the variance.

    Notes
    -----
    Contributions, and with them explanations, are of the residuals, whatever the score. T² needs at
    least 5 runs, and runs that differ.

    There is no chance in it: the same runs give the same scores. Error scales and
    `calibration_scores_` come from up to five folds, each scored by the components of the other
    runs. Two runs have no component: each is compared with their mean course.

    References
    ----------
    .. [1] P. Nomikos, J. F. MacGregor, "Monitoring batch processes using multiway principal
       component analysis", AIChE Journal 40(8), 1994.
    .. [2] P. Nomikos, J. F. MacGregor, "Multivariate SPC charts for monitoring batch processes",
       Technometrics 37(1), 1995.
    """

    own_rules: ClassVar[dict[str, Rule]] = {"latent_dim": WIDTH_OR_SHARE}

    def __init__(
        self,
        latent_dim: float = 0.8,
        *,
        contamination: Any = 0.1,
        n_channels: NChannels = None,
        n_timesteps: int | None = None,
        length_sigma: float | None = 2.0,
        steps: Sequence[Any] = (),
        scaling: str = "phase",
        score: str = "spe",
        error_scale: str = "phase",
        reduction: str | float = "mean",
        use_duration: bool = False,
    ) -> None:
        self.latent_dim = latent_dim
        self.contamination = contamination
        self.n_channels = n_channels
        self.n_timesteps = n_timesteps
        self.length_sigma = length_sigma
        self.steps = steps
        self.scaling = scaling
        self.score = score
        self.error_scale = error_scale
        self.reduction = reduction
        self.use_duration = use_duration

    def _learn_code(self, prepared: Prepared) -> tuple[LatentDistribution, HeldOut]:
        rows = flat(prepared.inputs[... if prepared.fold is None else prepared.fold.kept])
        # With as many components as runs, nothing would be left of the training runs.
        self.pca_ = PrincipalComponents().fit(rows, self.latent_dim, (len(rows) - 1) // 2)
        if self.score == "t2" and self.pca_.n_components_ == 0:
            raise ValueError(
                "score='t2' needs runs that differ in more than one value: use score='spe'"
            )
        folds = folds_of(fixed_order(len(prepared.inputs)), 0.0, prepared.fold)
        known = None if prepared.fold is None else self.pca_  # of the very rows that are kept
        k = self.pca_.n_components_
        parts = [_hold_out(prepared.inputs, fold, k, known) for fold in folds]
        reconstructions, t2 = (np.concatenate(part) for part in zip(*parts, strict=True))
        positions = np.concatenate([fold.held_out for fold in folds])
        shape = (len(positions), *prepared.inputs.shape[1:])
        held_out = HeldOut(positions, reconstructions.reshape(shape), t2)
        return LatentDistribution().fit(self.pca_.encode(rows)), held_out

    def _reconstruct(
        self, inputs: NDArray[np.float32]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        codes = self.pca_.encode(flat(inputs))
        return self.pca_.decode(codes).reshape(inputs.shape), codes


def _hold_out(
    inputs: NDArray[np.float32], fold: Fold, n_components: int, known: PrincipalComponents | None
) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
    """Reconstruction and T² of some runs by the components of the others."""
    others, held_out = flat(inputs[fold.kept]), flat(inputs[fold.held_out])
    pca = known or PrincipalComponents().fit(others, n_components, n_components)
    codes = pca.encode(held_out)
    return pca.decode(codes), LatentDistribution().fit(pca.encode(others)).t2(codes)


class PrincipalComponents:
    """Mean and leading principal components of vectors (n_runs, n_values), as plain arrays."""

    def fit(self, rows: NDArray[np.float32], latent_dim: float, most: int) -> Self:
        """Learn so many components, or those that explain a share of the variance."""
        # Solvers without chance; this one is the quicker where there are more rows than values.
        solver = "full" if rows.shape[1] > rows.shape[0] else "covariance_eigh"
        with np.errstate(invalid="ignore", divide="ignore"):  # runs that do not differ, or one
            found = PCA(svd_solver=solver).fit(rows.astype(np.float64))
        variances = np.square(found.singular_values_) / len(rows)
        k = self.n_components_ = min(_n_components(variances, latent_dim, rows.shape[1]), most)
        self.mean_ = found.mean_.astype(np.float32)
        # Runs that do not differ have no direction; a code of one zero stands for none.
        self.components_ = np.zeros((max(k, 1), rows.shape[1]), dtype=np.float32)
        self.components_[:k] = found.components_[:k]
        self.std_ = np.ones(max(k, 1), dtype=np.float32)
        self.std_[:k] = np.sqrt(variances[:k])
        self.share_ = variances[:k] / (variances.sum() or 1.0)
        return self

    def encode(self, rows: NDArray[np.float32]) -> NDArray[np.float32]:
        """(n, t * c) -> codes (n, z), of variance 1 in training."""
        return (rows - self.mean_) @ self.components_.T / self.std_

    def decode(self, codes: NDArray[np.float32]) -> NDArray[np.float32]:
        """(n, z) -> (n, t * c)."""
        return self.mean_ + codes * self.std_ @ self.components_


def _n_components(variances: NDArray[np.float64], latent_dim: float, n_values: int) -> int:
    """How many of the directions with these variances, largest first, are asked for and there."""
    wanted = int(latent_dim)
    if 0 < latent_dim < 1:
        share = np.cumsum(variances) / (variances.sum() or 1.0)
        wanted = int(np.searchsorted(share, latent_dim)) + 1
    real = int((variances > LEAST_VARIANCE * variances.sum()).sum())
    return min(wanted, n_values - 1, real)
