"""A program written for PyOD, and the one line that makes it look at whole runs."""

import sys

import numpy as np
import plotly.graph_objects as go
from pyod.models.knn import KNN
from pyod.utils.data import evaluate_print
from sklearn.metrics import roc_curve

from tsad_plugin import FCAutoEncoder
from tsad_plugin.datasets import make_fermentation
from tsad_plugin.figures import TEMPLATE


def off_gas(n_runs: int, **options: object) -> tuple[np.ndarray, np.ndarray]:
    """One channel of the batches as rows of a table, as PyOD's detectors take it."""
    runs = make_fermentation(n_runs, **options)
    grid, column = np.linspace(0, 1, 100), runs.channels.index("off_gas_co2")
    rows = [np.interp(grid, np.linspace(0, 1, len(a)), a[:, column]) for a in runs.arrays]
    return np.stack(rows), (runs.labels != "good").astype(int)


def curve(clf: KNN | FCAutoEncoder) -> tuple[np.ndarray, np.ndarray]:
    """What the program does with a detector: fit, score, evaluate."""
    scores = clf.fit(X_train).decision_function(X_test)
    evaluate_print(type(clf).__name__, y_test, scores)
    return roc_curve(y_test, scores)[:2]


X_train, _ = off_gas(100, random_state=0)
X_test, y_test = off_gas(140, faults={"aeration_loss": 20, "sensor_drift": 20}, random_state=1)
figure = go.Figure(layout={"template": TEMPLATE, "width": 620})
before = KNN()
after = FCAutoEncoder(linear_path=True)  # the one line that changes
for clf, dash in ((before, "dash"), (after, "solid")):
    false_alarms, found = curve(clf)
    figure.add_scatter(x=false_alarms, y=found, name=type(clf).__name__, line_dash=dash)
figure.update_layout(xaxis_title="false alarms", yaxis_title="faults found")
figure.write_html(sys.argv[1] if len(sys.argv) > 1 else "pyod_one_line.html")
