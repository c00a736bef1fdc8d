"""Rows, not runs: a fully connected detector on single measurements of an engine.

    python examples/engine_rows.py [PICTURE [FILE]]

FILE is EngineFaultDB_Final.csv (see datasets.read_engine_faults); without it rows are simulated.
"""

import sys

import numpy as np
import plotly.express as px
from sklearn.decomposition import PCA
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from tsad_plugin import ConformalThreshold, FCAutoEncoder
from tsad_plugin.datasets import make_shifted, read_engine_faults
from tsad_plugin.figures import TEMPLATE

if len(sys.argv) > 2:
    runs = read_engine_faults(sys.argv[2])
    X, y = np.stack(runs.arrays)[:, 0], (runs.labels != 0).astype(int)
else:
    X, y = make_shifted(3000, n_channels=14, outlier_fraction=0.3, random_state=0)
good = np.flatnonzero(y == 0)
train, held_back = good[: len(good) // 2], good[len(good) // 2 :]
new = np.concatenate([held_back, np.flatnonzero(y == 1)])
# All columns are one row of 14 channels, each scaled by itself; a good row in 100 is flagged.
clf = FCAutoEncoder(n_channels="all", contamination=ConformalThreshold(0.01), latent_dim=4)
labels = clf.fit(X[train]).predict(X[new])
print(f"threshold {clf.threshold_:.2f}, from {len(clf.calibration_scores_)} rows held out")
print(f"of the good rows {labels[y[new] == 0].mean():.1%} are flagged")
print(f"of the abnormal rows {labels[y[new] == 1].mean():.1%} are flagged")

plane = make_pipeline(StandardScaler(), PCA(2)).fit(X[train])
pc_1, pc_2 = plane.transform(X[np.concatenate([train, new])]).T
what = ["training"] * len(train) + np.where(labels, "new, outlier", "new, normal").tolist()
names = {"x": "PC 1", "y": "PC 2", "color": ""}
figure = px.scatter(x=pc_1, y=pc_2, color=what, opacity=0.6, labels=names, template=TEMPLATE)
figure.write_html(sys.argv[1] if len(sys.argv) > 1 else "engine_rows.html")
