"""A pump's 51 sensors over 153 days, minute by minute: seven failures, and what came before.

    python examples/pump.py [PICTURE [FILE]]

FILE is sensor.csv (see datasets.read_pump); without it a file of its format is simulated.
"""

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from tsad_plugin import PCAReconstruction, Runs, WindowedDetector
from tsad_plugin.datasets import make_pump, read_pump, write_pump
from tsad_plugin.figures import timeline

with TemporaryDirectory() as folder:
    path = Path(sys.argv[2]) if len(sys.argv) > 2 else Path(folder, "sensor.csv")
    if not path.exists():
        write_pump(make_pump(), path)
    pump = read_pump(path)
(rows,), (status,), (times,) = pump.arrays, pump.timestep_labels, pump.times
broken = np.flatnonzero(status == "BROKEN")
# Learn from the first half, without the day before each failure and what follows it.
good = status == "NORMAL"
for row in broken:
    good[max(row - 1440, 0) : row + 240] = False
edges = np.flatnonzero(np.diff(good, prepend=False, append=False))
stretches = [rows[a:b] for a, b in edges.reshape(-1, 2).tolist() if a < len(rows) / 2]
clf = WindowedDetector(PCAReconstruction()).fit(Runs(stretches, channels=pump.channels))
found = clf.segments(pump)
for row in broken:
    near = found[(found["start"] <= row + 60) & (found["end"] >= row - 60)]
    print(f"broken in row {row}: {near['mode'].tolist()} from row {near['start'].min()} on")
shown = found[found["mode"] == "faulty"].nlargest(1, "peak_score")["channels"].iloc[0][:4]
values, scores = pump.select(shown).arrays[0], clf.timestep_scores(pump)[0]
options = {"segments": found, "threshold": clf.threshold_, "x": times, "x_title": "time"}
figure = timeline(values, scores, shown, **options)
figure.write_html(sys.argv[1] if len(sys.argv) > 1 else "pump.html")
