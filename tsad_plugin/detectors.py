"""The six detectors: a family of networks and a bottleneck each."""

from __future__ import annotations

from typing import ClassVar

from .autoencoder import SequenceAutoEncoder
from .networks import FAMILIES, Bottleneck, GaussianBottleneck, LinearBottleneck


class FCAutoEncoder(SequenceAutoEncoder):
    """Fully connected autoencoder over whole runs: quick, and the one to try first.

    It sees every timestep of every channel at once, so it learns at which phase what is usual. The
    only family that takes runs of one timestep: rows of a table (`n_channels="all"`).
    """

    family = FAMILIES["FC"]
    bottleneck: ClassVar[type[Bottleneck]] = LinearBottleneck


class FCVAE(FCAutoEncoder):
    """Fully connected variational autoencoder: `FCAutoEncoder` with a Gaussian code.

    `kl_weight` weighs the code's divergence from a standard Gaussian; scores come from the mean of
    the code, without chance (Kingma & Welling 2014, arXiv:1312.6114).
    """

    bottleneck = GaussianBottleneck


class LSTMAutoEncoder(SequenceAutoEncoder):
    """Recurrent autoencoder over patches of timesteps (after Malhotra et al. 2016).

    `cell` chooses LSTM or GRU, `patch_size` how many timesteps one recurrent step takes: 1 is the
    plain network, "auto" takes as many as give at most 32 steps a run.
    """

    family = FAMILIES["LSTM"]
    bottleneck: ClassVar[type[Bottleneck]] = LinearBottleneck


class LSTMVAE(LSTMAutoEncoder):
    """Recurrent variational autoencoder: `LSTMAutoEncoder` with a Gaussian code (see `FCVAE`)."""

    bottleneck = GaussianBottleneck


class CNN1DAutoEncoder(SequenceAutoEncoder):
    """Convolutional autoencoder: each layer halves the number of timesteps.

    It learns shapes wherever they stand in the run. `kernel_size` is the number of timesteps that
    a convolution spans, odd.
    """

    family = FAMILIES["CNN1D"]
    bottleneck: ClassVar[type[Bottleneck]] = LinearBottleneck


class CNN1DVAE(CNN1DAutoEncoder):
    """Convolutional variational autoencoder: `CNN1DAutoEncoder` with a Gaussian code."""

    bottleneck = GaussianBottleneck


ALL = (FCAutoEncoder, FCVAE, LSTMAutoEncoder, LSTMVAE, CNN1DAutoEncoder, CNN1DVAE)
