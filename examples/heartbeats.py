"""ECG5000: six networks find abnormal heartbeats, and their codes tell five kinds apart.

python examples/heartbeats.py FOLDER_WITH_ECG5000 [PICTURE]
"""

import sys

import plotly.express as px
from sklearn.metrics import accuracy_score, precision_score, recall_score
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from tsad_plugin import KSigma
from tsad_plugin.datasets import load_ucr
from tsad_plugin.detectors import ALL
from tsad_plugin.figures import TEMPLATE

train, test = (load_ucr("ECG5000", split=s, folder=sys.argv[1]) for s in ("train", "test"))
truth, usual = test.labels != 1, train.labels == 1
rows = []
for cls in ALL:
    semi = cls(contamination=KSigma(3), random_state=0).fit(train[usual])
    unsupervised = cls(contamination=min(0.5, 1 - usual.mean()), random_state=0).fit(train)
    for how, clf in (("learned from normal beats", semi), ("learned from all", unsupervised)):
        found = clf.predict(test)
        print(
            f"{cls.__name__:17s} {how:26s} accuracy {accuracy_score(truth, found):.3f} "
            f"precision {precision_score(truth, found):.3f} recall {recall_score(truth, found):.3f}"
        )
        rows.append((cls.__name__, f"abnormal or not, {how}", accuracy_score(truth, found)))
    neighbours = make_pipeline(StandardScaler(), KNeighborsClassifier(5))
    neighbours.fit(unsupervised.transform(train), train.labels)
    accuracy = neighbours.score(unsupervised.transform(test), test.labels)
    print(f"{cls.__name__:17s} five kinds, from the code: accuracy {accuracy:.3f}")
    rows.append((cls.__name__, "five kinds, from the code", accuracy))
named = dict(zip(("detector", "task", "accuracy"), zip(*rows, strict=True), strict=True))
options = {"barmode": "group", "text_auto": ".2f", "template": TEMPLATE}
figure = px.bar(named, x="detector", y="accuracy", color="task", **options)
figure.write_html(sys.argv[2] if len(sys.argv) > 2 else "heartbeats.html")
