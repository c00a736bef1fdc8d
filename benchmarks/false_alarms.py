"""Share of fresh good runs above mean + 3σ, learned on 100 good runs of the simulator.

python benchmarks/false_alarms.py [--detectors FCAutoEncoder ...]
"""

import argparse

import numpy as np
import torch

import tsad_plugin
from tsad_plugin import KSigma
from tsad_plugin.datasets import make_fermentation
from tsad_plugin.detectors import ALL

DETECTORS = [cls.__name__ for cls in ALL]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--detectors", nargs="+", default=DETECTORS)
    torch.set_num_threads(1)
    fresh = make_fermentation(500, random_state=1000)
    for name in parser.parse_args().detectors:
        rates = []
        for seed in (0, 1, 2):
            detector = getattr(tsad_plugin, name)(contamination=KSigma(3), random_state=seed)
            detector.fit(make_fermentation(100, random_state=seed))
            rates.append(100 * detector.predict(fresh).mean())
        listed = ", ".join(f"{rate:.1f}" for rate in rates)
        print(f"{name:18s} median {np.median(rates):.1f} % of 500 ({listed})", flush=True)


if __name__ == "__main__":
    main()
