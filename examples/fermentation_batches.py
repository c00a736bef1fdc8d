"""Batches: look at them, leave out odd lengths, learn the good ones, find and explain the rest."""

import sys

import numpy as np
from plotly.subplots import make_subplots

from tsad_plugin import FCAutoEncoder, KSigma
from tsad_plugin.datasets import make_fermentation
from tsad_plugin.figures import TEMPLATE

history = make_fermentation(105, faults=5, random_state=0)  # or read_runs("batches.csv", …)
new = make_fermentation(40, faults=6, random_state=1)
print(history)
clf = FCAutoEncoder(contamination=KSigma(3), linear_path=True, scaling="phase")
clf.fit(history[history.labels == "good"])
print("left out for their length:", *clf.left_out_)
scores, labels, worst = clf.decision_function(new), clf.predict(new), clf.explain(new)
for explanation in clf.explain_all(new[labels == 1]):
    print(explanation.text)
one, band = new[new.position(worst.run)], clf.population_band(k=3)
channel = next(iter(worst.channels))
c, phase = new.channels.index(channel), np.linspace(0, 1, len(band.mean))
course = {"x": np.linspace(0, 1, len(one.arrays[0])), "row": 2, "col": 1}
area = {"x": phase, "line_width": 0, "fillcolor": "rgba(0, 114, 178, 0.2)", "row": 2, "col": 1}
titles = ["timesteps of the batches", "scores of new batches", f"{channel} of {worst.run}"]
figure = make_subplots(2, 2, specs=[[{}, {}], [{"colspan": 2}, None]], subplot_titles=titles)
for mask, name, symbol in ((labels == 0, "normal", "circle"), (labels == 1, "outlier", "x")):
    marks = {"mode": "markers", "marker_symbol": symbol, "name": name, "row": 1, "col": 2}
    figure.add_scatter(x=np.flatnonzero(mask), y=scores[mask], **marks)
figure.add_histogram(x=clf.training_lengths_, marker_color="#999999", name="batches", row=1, col=1)
for edge in np.mean(clf.training_lengths_) + np.array([-2, 2]) * np.std(clf.training_lengths_):
    figure.add_vline(edge, line_dash="dash", row=1, col=1)
figure.add_hline(clf.threshold_, line_dash="dash", row=1, col=2)
figure.add_scatter(y=band.lower[:, c], showlegend=False, mode="lines", **area)
figure.add_scatter(y=band.upper[:, c], name="good ± 3σ", fill="tonexty", mode="lines", **area)
figure.add_scatter(y=one.arrays[0][:, c], name="measured", line_color="#D55E00", **course)
figure.add_scatter(y=clf.reconstruct(one)[0][:, c], name="expected", line_color="black", **course)
figure.update_layout(template=TEMPLATE, legend_y=-0.2, height=560)
figure.write_html(sys.argv[1] if len(sys.argv) > 1 else "fermentation_batches.html")
