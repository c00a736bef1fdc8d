"""Deep, linear and classical detectors together on batches of unequal length."""

import sys

import numpy as np
import plotly.graph_objects as go
from pyod.models.combination import average, maximization
from pyod.models.inne import INNE
from pyod.models.knn import KNN
from pyod.utils.utility import standardizer
from sklearn.metrics import roc_auc_score

from tsad_plugin import FCAutoEncoder, OnRuns, PCAReconstruction
from tsad_plugin.datasets import make_fermentation
from tsad_plugin.datasets.fermentation import FAULTS
from tsad_plugin.figures import TEMPLATE

good = make_fermentation(100, random_state=0)
new = make_fermentation(170, faults=dict.fromkeys(FAULTS, 10), random_state=1)
members = {
    "FCAutoEncoder": FCAutoEncoder(linear_path=True, scaling="phase"),
    "PCAReconstruction": PCAReconstruction(),
    "KNN": OnRuns(KNN()),
    "INNE": OnRuns(INNE(random_state=0)),
}
known = np.column_stack([member.fit(good).decision_scores_ for member in members.values()])
scores = np.column_stack([member.decision_function(new) for member in members.values()])
_, scaled = standardizer(known, scores)
columns = dict(zip(members, scores.T, strict=True))
columns |= {"their average": average(scaled), "their maximum": maximization(scaled)}

figure = go.Figure(layout={"template": TEMPLATE, "width": 900, "barmode": "group"})
for name, column in columns.items():
    faulty = [np.isin(new.labels, ["good", fault]) for fault in FAULTS]
    aucs = [roc_auc_score(new.labels[f] != "good", column[f]) for f in faulty]
    print(f"{name:18s} mean {np.mean(aucs):.3f}, worst fault {min(aucs):.3f}")
    figure.add_bar(x=list(FAULTS), y=aucs, name=name)
figure.update_layout(xaxis_title="fault", yaxis_title="ROC-AUC", yaxis_range=[0.5, 1])
figure.write_html(sys.argv[1] if len(sys.argv) > 1 else "mixed_ensemble.html")
