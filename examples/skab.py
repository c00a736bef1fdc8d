"""SKAB, a pump's test rig: 34 experiments, one model each, learned from its first 400 rows.

    python examples/skab.py FOLDER [PICTURE]

FOLDER is the data folder of SKAB (see datasets.read_skab).
"""

import sys

import numpy as np
from sklearn.metrics import roc_auc_score

from tsad_plugin import FCAutoEncoder, PCAReconstruction, WindowedDetector
from tsad_plugin.datasets import read_skab
from tsad_plugin.figures import timeline

LEARNED = 400
files = read_skab(sys.argv[1])
truth = [labels[LEARNED:] == 1 for labels in files.timestep_labels]
always = np.concatenate(truth).mean()
print(f"always alarm: F1 {2 * always / (1 + always):.3f}")
for inside in (PCAReconstruction(), FCAutoEncoder(linear_path=True, latent_dim=24)):
    clf, alarms, areas = WindowedDetector(inside, window_size=10), [], []
    for rows, abnormal in zip(files.arrays, truth, strict=True):
        clf.fit(rows[:LEARNED])
        alarms.append(clf.predict(rows[LEARNED:]) == 1)
        areas.append(roc_auc_score(abnormal, clf.decision_function(rows[LEARNED:])))
    flagged, known = np.concatenate(alarms), np.concatenate(truth)
    f1 = 2 * (flagged & known).sum() / (flagged.sum() + known.sum())
    print(
        f"{type(inside).__name__}: F1 {f1:.3f}, false alarms {flagged[~known].mean():.1%}, missed "
        f"{(~flagged[known]).mean():.1%}, mean ROC-AUC {np.mean(areas):.3f}"
    )

first = files[0]
clf.fit(first.arrays[0][:LEARNED])
scores, found = clf.timestep_scores(first)[0], clf.segments(first)
options = {"segments": found, "threshold": clf.threshold_, "x": first.times[0], "x_title": "time"}
figure = timeline(first.arrays[0], scores, first.channels, **options)
figure.write_html(sys.argv[2] if len(sys.argv) > 2 else "skab.html")
