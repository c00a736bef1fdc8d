"""Share of fresh good runs above mean + 3σ, learned on 100 good runs of the simulator.

    python benchmarks/false_alarms.py [--detectors FCAutoEncoder ...] [--set scaling=phase]

Of all fresh runs, and of those of usual length: runs longer or shorter than any that was learned
from are told apart, as `length_sigma` leaves their like out of training.
"""

import argparse

import numpy as np
import torch
from common import options

import tsad_plugin
from tsad_plugin import KSigma
from tsad_plugin.datasets import make_fermentation
from tsad_plugin.detectors import ALL

DETECTORS = [cls.__name__ for cls in ALL]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--detectors", nargs="+", default=DETECTORS)
    parser.add_argument("--set", nargs="+", default=[], metavar="NAME=VALUE")
    arguments = parser.parse_args()
    parameters = options(arguments.set)
    torch.set_num_threads(1)
    fresh = make_fermentation(500, random_state=1000)
    for name in arguments.detectors:
        rates = []
        for seed in (0, 1, 2):
            detector = getattr(tsad_plugin, name)(contamination=KSigma(3), **parameters)
            detector.fit(make_fermentation(100, random_state=seed))
            lengths = detector.training_lengths_[detector.trained_on_]
            usual = (fresh.lengths >= lengths.min()) & (fresh.lengths <= lengths.max())
            flagged = 100 * detector.predict(fresh)
            rates.append((flagged.mean(), flagged[usual].mean()))
        listed = [
            ", ".join(f"{rate:.1f}" for rate in column) for column in zip(*rates, strict=True)
        ]
        medians = np.median(rates, axis=0)
        print(
            f"{name:18s} median {medians[0]:.1f} % of all ({listed[0]}), "
            f"{medians[1]:.1f} % of those of usual length ({listed[1]})",
            flush=True,
        )


if __name__ == "__main__":
    main()
