"""Which new batches are abnormal, and what went wrong in the worst: the README's picture.

Writes a page, outlier_runs.html; it needs plotly: pip install -c constraints.txt ".[dashboard]"
"""

import sys

import numpy as np
from plotly.subplots import make_subplots

from tsad_plugin import CNN1DAutoEncoder, KSigma
from tsad_plugin.datasets import make_fermentation

good = make_fermentation(100, random_state=0)
new = make_fermentation(40, faults=6, random_state=1)
clf = CNN1DAutoEncoder(contamination=KSigma(3)).fit(good)
scores, labels = clf.decision_function(new), clf.predict(new)
worst = clf.explain(new)
one = new[new.position(worst.run)]
c = one.channels.index(next(iter(worst.channels)))
hours, band = one.times[0], clf.population_band(k=3)
phases = np.linspace(hours[0], hours[-1], len(band.mean))

figure = make_subplots(1, 2, subplot_titles=["Score of each new batch", f"Batch {worst.run}"])
for label, name, color, symbol in (
    (0, "normal", "#0072B2", "circle"),
    (1, "outlier", "#D55E00", "x"),
):
    at, style = np.flatnonzero(labels == label), {"color": color, "size": 9, "symbol": symbol}
    figure.add_scatter(x=at, y=scores[at], mode="markers", marker=style, name=name, row=1, col=1)
figure.add_hline(clf.threshold_, line_dash="dash", annotation_text="threshold", row=1, col=1)

area = {"line_width": 0, "fillcolor": "rgba(0, 114, 178, 0.2)", "row": 1, "col": 2, "mode": "lines"}
figure.add_scatter(x=phases, y=band.lower[:, c], showlegend=False, **area)
figure.add_scatter(x=phases, y=band.upper[:, c], name="good ± 3σ", fill="tonexty", **area)
for name, y, style in (
    ("measured", one.arrays[0][:, c], {"color": "#D55E00"}),
    ("reconstruction", clf.reconstruct(one)[0][:, c], {"color": "black", "dash": "dot"}),
):
    figure.add_scatter(x=hours, y=y, line=style, name=name, mode="lines", row=1, col=2)
figure.update_xaxes(title_text="batch", row=1, col=1).update_xaxes(title_text="h", row=1, col=2)
figure.update_yaxes(title_text=f"{one.channels[c]} ({one.units[c]})", row=1, col=2)
figure.update_layout(template="plotly_white", title=worst.text, title_font_size=13, height=430)
figure.write_html(sys.argv[1] if len(sys.argv) > 1 else "outlier_runs.html")
