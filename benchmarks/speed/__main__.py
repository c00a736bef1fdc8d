"""How fast, and with how much memory: against PyOD, bare loops and bare matrix products.

    python benchmarks/speed [--device cuda] [--parts peers growth starting batches] [--threads 1]

A line is the median of alternating repetitions; quote the ratios, not the seconds: above 1 ours
is faster. Networks train on 90 % of the runs, bare loops on those alone.
"""

import argparse
import warnings

import batches
import growth
import peers
import starting
import torch
from clock import title

PARTS = ("peers", "growth", "starting", "batches")


def against_peers(device: str, threads: list[int]) -> None:
    for n_threads in threads:
        torch.set_num_threads(n_threads)
        peers.fully_connected(device, n_threads)
        peers.recurrent(device, n_threads)
        peers.forecasting(n_threads)
    torch.set_num_threads(1)
    peers.resampling()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=PARTS)
    parser.add_argument("--threads", nargs="+", type=int, default=[1, 2])
    parser.add_argument("--runs", nargs="+", type=int, default=[1000, 10_000, 100_000])
    arguments = parser.parse_args()
    device, parts = arguments.device, arguments.parts
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    if "peers" in parts:
        title("Against peers: seconds of ours, of the peer, and the peer's by ours")
        against_peers(device, arguments.threads)
    if "growth" in parts:
        title("Growth: FCAutoEncoder, runs of 100 x 4, one epoch")
        growth.table(arguments.runs, device)
    if "starting" in parts:
        title("Starting: whole processes")
        starting.table()
    if "batches" in parts:
        title("Batch size")
        batches.table(device)


if __name__ == "__main__":
    main()
