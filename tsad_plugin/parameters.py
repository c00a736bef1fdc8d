"""The constructor that all detectors share, and the checks of its arguments."""

from __future__ import annotations

from collections.abc import Sequence
from inspect import signature
from typing import Any, ClassVar

from .forms import NChannels
from .networks import FAMILIES, Bottleneck, Family, GaussianBottleneck


class Parameters:
    """One constructor for all detectors: it stores its arguments; `fit` checks them.

    Attributes
    ----------
    unused_parameters : tuple of str
        Parameters that belong to another family or bottleneck: leave them at their defaults.
    """

    family: ClassVar[Family]
    bottleneck: ClassVar[type[Bottleneck]]
    unused_parameters: ClassVar[tuple[str, ...]] = ()

    def __init__(
        self,
        *,
        contamination: Any = 0.1,
        n_channels: NChannels = None,
        n_timesteps: int | None = None,
        length_sigma: float | None = 2.0,
        steps: Sequence[Any] = (),
        scaling: str | None = None,
        latent_dim: int | None = None,
        hidden_dims: Sequence[int] | None = None,
        cell: str = "lstm",
        patch_size: int | str = "auto",
        kernel_size: int = 5,
        linear_path: bool = False,
        kl_weight: float = 1e-3,
        n_epochs: int = 200,
        batch_size: int | str = "auto",
        lr: float | None = None,
        patience: int | None = 50,
        noise: float = 0.0,
        validation_fraction: float = 0.1,
        score: str = "spe",
        error_scale: str = "phase",
        reduction: str | float = "mean",
        use_duration: bool = False,
        random_state: Any = 42,
        device: str | None = None,
        n_threads: int | None = 1,
        verbose: int = 0,
    ) -> None:
        """Store the parameters.

        Parameters
        ----------
        contamination : float or thresholder, default=0.1
            Share of outliers in the training X, in (0, 0.5], as in PyOD: `threshold_` is that
            percentile of `decision_scores_`. Or `KSigma`, `PeaksOverThreshold`,
            `ConformalThreshold`, which learn from scores of runs held out of training, or any
            PyThresh object.
        n_channels : int or "all", optional
            How to read flat rows, see `as_runs`.
        n_timesteps : int, optional
            Length to which runs are resampled; by default their median length.
        length_sigma : float or None, default=2.0
            Runs whose length is further from the mean, in standard deviations, are scored but not
            trained on; None trains on all.
        steps : sequence of transformers, default=()
            `Despike`, `MovingAverage`, `ChannelPCA` or others like them, applied first.
        scaling : {"channel", "phase", "both", "course"}, optional
            Scale by the training runs' mean and standard deviation of each channel, then also of
            each phase, or by mean of the phase and both deviations, or by mean of the phase and
            deviation of the channel. By default "both" for FC, where each phase has weights of its
            own, and "course" for LSTM and CNN1D, which share theirs.
        latent_dim : int, optional
            Width of the code; by default 16, for CNN1D 8. Never as wide as the run itself.
        hidden_dims : sequence of int, optional
            Widths of the encoder's layers, the decoder mirrors them; by default FC (64, 32), LSTM
            (64,), CNN1D (32, 64).
        cell : {"lstm", "gru"}, default="lstm"
            LSTM only: recurrent cell.
        patch_size : int or "auto", default="auto"
            LSTM only: timesteps that one recurrent step takes; "auto" gives at most 32 steps.
        kernel_size : int, default=5
            CNN1D only: timesteps that a convolution spans, odd.
        linear_path : bool, default=False
            Build the network around a linear path that starts at PCA.
        kl_weight : float, default=1e-3
            VAE only: weight of the divergence of the code from a standard Gaussian.
        n_epochs : int, default=200
            Passes over the training runs, at most.
        batch_size : int or "auto", default="auto"
            Runs in a step of training; "auto" gives about 16 steps an epoch, of 8 (LSTM 4) to 128
            runs.
        lr : float, optional
            Learning rate at the start; it falls to zero along half a cosine. By default 1e-3, for
            LSTM 3e-3.
        patience : int or None, default=50
            Epochs without a better validation loss before training ends, where there is a
            validation part (see `validation_fraction`); None never ends it.
        noise : float, default=0.0
            Standard deviation of noise added to the scaled inputs in training.
        validation_fraction : float, default=0.1
            Share of runs held out; where it is less than 20 runs, up to five folds are (see
            docs/scoring.md).
        score : {"spe", "t2", "both", "mahalanobis"}, default="spe"
            Reconstruction error, Hotelling's T² of the code, or both; or the Mahalanobis distance
            of each timestep's residuals, in which channels that err together count once.
        error_scale : {"none", "channel", "phase"}, default="phase"
            Divide squared residuals by their usual size: one, one per channel, or one per channel
            and phase. Not used where `score="mahalanobis"`, which knows their sizes.
        reduction : {"mean", "max"} or float, default="mean"
            From timestep scores to a run's score; a share in (0, 1] is the mean of the worst.
        use_duration : bool, default=False
            Count an unusual length in the score.
        random_state : int, RandomState, Generator or None, default=42
            Seed; the global random states are never touched. None draws a new one each time.
        device : str, optional
            torch's name of a device; by default CUDA where there is one.
        n_threads : int or None, default=1
            Threads of torch during a call; None leaves their number alone.
        verbose : int, default=0
            Above 0 shows a progress bar.
        """
        self.contamination = contamination
        self.n_channels = n_channels
        self.n_timesteps = n_timesteps
        self.length_sigma = length_sigma
        self.steps = steps
        self.scaling = scaling
        self.latent_dim = latent_dim
        self.hidden_dims = hidden_dims
        self.cell = cell
        self.patch_size = patch_size
        self.kernel_size = kernel_size
        self.linear_path = linear_path
        self.kl_weight = kl_weight
        self.n_epochs = n_epochs
        self.batch_size = batch_size
        self.lr = lr
        self.patience = patience
        self.noise = noise
        self.validation_fraction = validation_fraction
        self.score = score
        self.error_scale = error_scale
        self.reduction = reduction
        self.use_duration = use_duration
        self.random_state = random_state
        self.device = device
        self.n_threads = n_threads
        self.verbose = verbose

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """List the parameters that this detector does not use."""
        super().__init_subclass__(**kwargs)
        if hasattr(cls, "family") and hasattr(cls, "bottleneck"):
            used = {*cls.family.options, *cls.bottleneck.options}
            cls.unused_parameters = tuple(name for name in _OPTIONS if name not in used)

    def _check_unused(self) -> None:
        """Raise a ValueError that names a parameter of another detector, set all the same."""
        defaults = {n: p.default for n, p in signature(Parameters.__init__).parameters.items()}
        for name in self.unused_parameters:
            if getattr(self, name) != defaults[name]:
                raise ValueError(
                    f"{name} is a parameter of {_OPTIONS[name]} detectors, {type(self).__name__} "
                    f"does not use it: leave it at {defaults[name]!r}"
                )


# Parameters that only some detectors use, and whose they are.
_OPTIONS = {
    **{option: name for name, family in FAMILIES.items() for option in family.options},
    **dict.fromkeys(GaussianBottleneck.options, "VAE"),
}
