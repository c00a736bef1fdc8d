"""Times of fault and failure of the ExampleCo machines, beside the reference.

    python benchmarks/long_exampleco.py [--detector LSTMAutoEncoder] [--margin 0] [--set ...]

The data folder is TSAD_DATA (default ../shared/data). One call, on the raw files: fit on the normal
rows of machines 1, 2 and 7, those before the reference's fault less a margin. `--set` changes
parameters of the detector inside.
"""

import argparse
import time

import numpy as np
import pandas as pd
from common import DATA, options

import tsad_plugin
from tsad_plugin import Runs, WindowedDetector
from tsad_plugin.datasets import read_exampleco, read_exampleco_times

TRAINED_ON = (1, 2, 7)


def normal_rows(machines: Runs, times: pd.DataFrame, margin: int) -> list[np.ndarray]:
    """Rows of the machines to train on, up to `margin` rows before their fault."""
    faults = times.set_index("machine")["fault_time"]
    names = [f"machine_{i}" for i in TRAINED_ON]
    return [
        machines.arrays[machines.position(name)][: int(faults[name]) - margin] for name in names
    ]


def compared(detector: WindowedDetector, machines: Runs, times: pd.DataFrame) -> pd.DataFrame:
    """Found times of each machine, and how far they lie from the reference."""
    table = pd.DataFrame(
        {
            "machine": machines.ids,
            "fault": pd.array(detector.fault_time(machines), dtype="Int64"),
            "failure": pd.array(detector.failure_time(machines), dtype="Int64"),
        }
    )
    table = table.merge(times, on="machine", how="left")
    table["fault_off"] = table["fault"] - table["fault_time"]
    table["failure_off"] = table["failure"] - table["failure_time"]
    faulty = detector.segments(machines).query("mode == 'faulty'").groupby("series").size()
    table["faulty_segments"] = table["machine"].map(faulty).fillna(0).astype(int)
    return table


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--detector", default="LSTMAutoEncoder")
    parser.add_argument("--margin", type=int, default=0)
    parser.add_argument("--set", nargs="+", default=[], metavar="NAME=VALUE")
    arguments = parser.parse_args()
    folder = DATA / "exampleco"
    machines = read_exampleco(sorted(folder.glob("machine_*.csv.gz")))
    times = read_exampleco_times(folder / "reference.csv")
    inside = getattr(tsad_plugin, arguments.detector)(**options(arguments.set))
    start = time.perf_counter()
    detector = WindowedDetector(inside).fit(normal_rows(machines, times, arguments.margin))
    fitted = time.perf_counter()
    table = compared(detector, machines, times)
    print(table.to_string(index=False))
    print(
        f"fit {fitted - start:.0f} s, all else {time.perf_counter() - fitted:.0f} s, threshold "
        f"{detector.threshold_:.3g} at a usual score of {detector.usual_score_:.3g}"
    )


if __name__ == "__main__":
    main()
