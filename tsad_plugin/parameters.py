"""The constructor that all detectors share, and the checks of its arguments."""

from __future__ import annotations

import math
import numbers
from collections.abc import Callable, Sequence
from inspect import signature
from typing import Any, ClassVar

from .forms import NChannels, check_n_channels
from .layers import CELLS
from .networks import FAMILIES, Bottleneck, Family, GaussianBottleneck
from .preprocessing import SCALINGS, changes_channels
from .scoring import ERROR_SCALES, REDUCTIONS, SCORES


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
        scaling: str = "channel",
        latent_dim: int = 16,
        hidden_dims: Sequence[int] | None = None,
        cell: str = "lstm",
        patch_size: int | str = "auto",
        kernel_size: int = 7,
        linear_path: bool = False,
        kl_weight: float = 1e-3,
        n_epochs: int = 100,
        batch_size: int = 64,
        lr: float = 1e-3,
        patience: int | None = 10,
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

    def _check_parameters(self) -> None:
        """Raise a ValueError that names the first parameter with a value it cannot have."""
        check_n_channels(self.n_channels)
        for name, (is_valid, expected) in _RULES.items():
            value = getattr(self, name)
            if not is_valid(value):
                raise ValueError(f"{name} must be {expected}, got {value!r}")
        self._check_steps()
        self._check_unused()

    def _check_unused(self) -> None:
        defaults = {n: p.default for n, p in signature(Parameters.__init__).parameters.items()}
        for name in self.unused_parameters:
            if getattr(self, name) != defaults[name]:
                raise ValueError(
                    f"{name} is a parameter of {_OPTIONS[name]} detectors, {type(self).__name__} "
                    f"does not use it: leave it at {defaults[name]!r}"
                )

    def _check_steps(self) -> None:
        for position, step in enumerate(self.steps):
            if not all(hasattr(step, m) for m in ("fit_transform", "transform")):
                raise ValueError(
                    f"steps[{position}] must have fit_transform and transform, got {step!r}"
                )
            if changes_channels(step) and position != len(self.steps) - 1:
                raise ValueError(
                    f"steps[{position}] ({type(step).__name__}) changes the channels: put it last"
                )


# Parameters that only some detectors use, and whose they are.
_OPTIONS = {
    **{option: name for name, family in FAMILIES.items() for option in family.options},
    **dict.fromkeys(GaussianBottleneck.options, "VAE"),
}


def _is_number(value: Any) -> bool:
    return (
        isinstance(value, numbers.Real)
        and not isinstance(value, bool)
        and math.isfinite(float(value))
    )


def _integer(least: int, extra: tuple[Any, ...] = ()) -> tuple[Callable[[Any], bool], str]:
    def is_valid(value: Any) -> bool:
        whole = isinstance(value, numbers.Integral) and not isinstance(value, bool)
        return (whole and value >= least) or _is_one_of(value, extra)

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
    return hasattr(value, "fit") and hasattr(value, "predict") and not isinstance(value, type)


def _are_widths(value: Any) -> bool:
    is_width = _integer(1)[0]
    return value is None or (
        isinstance(value, (list, tuple)) and len(value) > 0 and all(is_width(v) for v in value)
    )


def _is_random_state(value: Any) -> bool:
    return (
        value is None
        or hasattr(value, "randint")
        or hasattr(value, "integers")
        or _integer(0)[0](value)
    )


_RULES: dict[str, tuple[Callable[[Any], bool], str]] = {
    "contamination": (_is_contamination, "a number in (0, 0.5] or a thresholder"),
    "n_timesteps": _integer(1, (None,)),
    "length_sigma": _number(lambda v: v > 0, "a positive number", (None,)),
    "scaling": _choice(*SCALINGS),
    "latent_dim": _integer(1),
    "hidden_dims": (_are_widths, "a sequence of positive integers or None"),
    "cell": _choice(*CELLS),
    "patch_size": _integer(1, ("auto",)),
    "kernel_size": (lambda v: _integer(1)[0](v) and v % 2 == 1, "an odd positive integer"),
    "linear_path": _choice(True, False),
    "kl_weight": _number(lambda v: v >= 0, "a number of at least 0"),
    "n_epochs": _integer(1),
    "batch_size": _integer(1),
    "lr": _number(lambda v: v > 0, "a positive number"),
    "patience": _integer(1, (None,)),
    "noise": _number(lambda v: v >= 0, "a number of at least 0"),
    "validation_fraction": _number(lambda v: 0 <= v < 1, "a number in [0, 1)"),
    "score": _choice(*SCORES),
    "error_scale": _choice(*ERROR_SCALES),
    "reduction": _number(lambda v: 0 < v <= 1, "a share in (0, 1]", REDUCTIONS),
    "use_duration": _choice(True, False),
    "random_state": (_is_random_state, "an integer of at least 0, a RandomState or None"),
    "n_threads": _integer(1, (None,)),
    "verbose": _integer(0, (True, False)),
}
