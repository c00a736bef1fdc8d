"""A fleet of machines: when did each go wrong, when did it fail, which channels say so?

    python examples/machine_fleet.py [PICTURE [FOLDER]]

FOLDER holds machine_0.csv and so on (see datasets.read_exampleco); without it they are simulated.
"""

import sys

import numpy as np

from tsad_plugin import PCAReconstruction, Runs, WindowedDetector
from tsad_plugin.datasets import make_machines, read_exampleco
from tsad_plugin.figures import fleet

if len(sys.argv) > 2:
    machines, good, n_rows = read_exampleco(sys.argv[2]), [1, 2, 7], 1200
else:
    machines = make_machines(12, random_state=1)
    normal = [(states[:1000] == "normal").all() for states in machines.timestep_labels]
    good, n_rows = np.flatnonzero(normal), 1000
known = Runs([machines.arrays[i][:n_rows] for i in good], channels=machines.channels)
clf = WindowedDetector(PCAReconstruction()).fit(known)
print(f"glitches in training: {clf.cleaning_['glitches'].sum()}, threshold {clf.threshold_:.1f}")

found = clf.segments(machines)
faults, failures = clf.fault_time(machines), clf.failure_time(machines)
for machine, fault, failure in zip(machines.ids, faults, failures, strict=True):
    of_machine = found[(found["series"] == machine) & (found["mode"] == "faulty")]
    why = ", ".join(of_machine["channels"].iloc[0][:3]) if len(of_machine) else ""
    at = ["–" if row is None else row for row in (fault, failure)]
    print(f"{machine:10s} fault {at[0]:>5} failure {at[1]:>5}  {why}")

states = [np.full(len(scores), "normal", "<U8") for scores in clf.timestep_scores(machines)]
for segment in found.itertuples():
    states[machines.position(segment.series)][segment.start : segment.end] = segment.mode
figure = fleet(states, machines.ids, x=machines.times, x_title="time")
figure.write_html(sys.argv[1] if len(sys.argv) > 1 else "machine_fleet.html")
