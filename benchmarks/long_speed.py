"""Long series: seconds and memory of scoring, and of going back from windows to timesteps.

    python benchmarks/long_speed.py [--parts mapping scoring stream] [--rows 200000]

Quote the ratios, not the seconds. Mapping: scores of all windows of 100 timesteps become scores of
timesteps, with PyOD's function for its TimeSeriesOD and with ours, and, which PyOD has not,
contributions of all channels at each timestep of each window become those of timesteps. Scoring: a
fitted WindowedDetector(FCAutoEncoder(), 100), memory over that of the process before. Stream: the
same detector, rows that come in chunks of 1,000.
"""

import argparse
import time
import warnings
from typing import Any

import numpy as np
import torch
from pyod.models._ts_utils import map_scores_to_timestamps

from tsad_plugin import FCAutoEncoder, StreamScorer, WindowedDetector
from tsad_plugin.evaluation.memory import PeakMemory
from tsad_plugin.windows.overlap import Overlap

WINDOW = 100
PARTS = ("mapping", "scoring", "stream")


def machine(n_rows: int, n_channels: int) -> np.ndarray:
    """Waves of several periods, and noise: (n_rows, n_channels)."""
    rng, t = np.random.default_rng(0), np.arange(n_rows)[:, None]
    waves = np.sin(2 * np.pi * t / rng.uniform(20, 200, n_channels))
    return waves + 0.1 * rng.normal(size=(n_rows, n_channels))


def seconds(task: Any) -> float:
    start = time.perf_counter()
    task()
    return time.perf_counter() - start


def mapped(values: np.ndarray, n_rows: int, block: int) -> np.ndarray:
    """Means over windows of values (n_windows, w, v), a block of windows at a time."""
    overlap = Overlap(n_rows, values.shape[2])
    for start in range(0, len(values), block):
        part = values[start : start + block]
        overlap.add(np.arange(start, start + len(part)), part, 1)
    return overlap.means()


def mapping(n_rows: int) -> None:
    n_windows = n_rows - WINDOW + 1
    scores = np.random.default_rng(0).normal(size=n_windows)
    spread = np.broadcast_to(scores[:, None, None], (n_windows, WINDOW, 1))
    theirs = {
        method: seconds(
            lambda method=method: map_scores_to_timestamps(
                scores, WINDOW, 1, n_rows, aggregation=method
            )
        )
        for method in ("mean", "max")
    }
    expected, _ = map_scores_to_timestamps(scores, WINDOW, 1, n_rows, aggregation="mean")
    found = mapped(spread, n_rows, n_windows)[:, 0]
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-12)
    ours = {"scores of windows": seconds(lambda: mapped(spread, n_rows, n_windows))}
    for n_channels in (1, 10):
        block = max(1, 300_000 // (WINDOW * n_channels))
        few = np.random.default_rng(1).random((block, WINDOW, n_channels), dtype=np.float32)
        repeats = -(-n_windows // block)
        overlap = Overlap(block + WINDOW, n_channels)
        ours[f"contributions of {n_channels}"] = seconds(
            lambda few=few, repeats=repeats, overlap=overlap: [
                overlap.add(np.arange(len(few)), few, 1) for _ in range(repeats)
            ]
        )
    for what, own in ours.items():
        ratios = ", ".join(f"PyOD's {m} {s:.2f} s = {s / own:.0f} x" for m, s in theirs.items())
        print(f"mapping {n_rows} rows, {what}: {own:.4f} s; {ratios}")


def fitted(n_channels: int, window_size: int = WINDOW) -> WindowedDetector:
    inside = FCAutoEncoder(n_epochs=1)
    return WindowedDetector(inside, window_size).fit(machine(20_000, n_channels))


def scoring(n_rows: int) -> None:
    for rows, n_channels in ((n_rows, 1), (n_rows, 10), (10 * n_rows, 10)):
        detector, series = fitted(n_channels), machine(rows, n_channels)
        for what in ("decision_function", "contributions", "segments"):
            with PeakMemory() as memory:
                taken = seconds(lambda d=detector, s=series, w=what: getattr(d, w)(s))
            print(
                f"{what} of {rows} x {n_channels}: {taken:.1f} s = {rows / taken:.0f} rows/s, "
                f"{memory.megabytes:.0f} MB more (the series {series.nbytes / 1e6:.0f} MB)",
                flush=True,
            )


def stream(n_rows: int) -> None:
    for window_size in (32, WINDOW):
        detector, series = fitted(10, window_size), machine(n_rows, 10)
        scorer = StreamScorer(detector)
        chunks = np.array_split(series, n_rows // 1000)
        with PeakMemory() as memory:
            taken = seconds(lambda c=chunks, s=scorer: [s.update(chunk) for chunk in c])
        print(
            f"stream of {n_rows} x 10 in chunks of 1000, windows of {window_size}: "
            f"{n_rows / taken:.0f} rows/s, {memory.megabytes:.0f} MB more"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=PARTS)
    parser.add_argument("--rows", type=int, default=200_000)
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    for part in arguments.parts:
        {"mapping": mapping, "scoring": scoring, "stream": stream}[part](arguments.rows)


if __name__ == "__main__":
    main()
