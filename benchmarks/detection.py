"""Which share of faulty fermentations is found, by fault and strength: an autoencoder and the band.

    python benchmarks/detection.py [--out detection.html] [--runs 40]

Both learn from 100 good runs of the simulator. A fault is found where its run scores above the
98th percentile of fresh good runs, so that both raise the same share of false alarms. Prints
ROC-AUC too, and writes the curves as a page (needs plotly).
"""

import argparse
from pathlib import Path
from typing import Any

import numpy as np
from plotly.subplots import make_subplots
from sklearn.metrics import roc_auc_score

from tsad_plugin import FCAutoEncoder, KSigma, PopulationBand
from tsad_plugin.datasets import make_fermentation
from tsad_plugin.datasets.fermentation import FAULTS
from tsad_plugin.figures import TEMPLATE
from tsad_plugin.figures.style import BLUE, VERMILLION

STRENGTHS = (0.125, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0)
FALSE_ALARMS = 0.02
DETECTORS: dict[str, Any] = {
    "FCAutoEncoder": FCAutoEncoder(
        contamination=KSigma(3), linear_path=True, scaling="phase", random_state=0
    ),
    "PopulationBand": PopulationBand(contamination=KSigma(3)),
}
STYLES: dict[str, Any] = {
    "FCAutoEncoder": {"line": {"color": BLUE}, "marker_symbol": "circle"},
    "PopulationBand": {"line": {"color": VERMILLION, "dash": "dash"}, "marker_symbol": "x"},
}
Row = tuple[str, str, float, float, float]


def measure(n_runs: int) -> list[Row]:
    """Detector, fault, strength, share found, ROC-AUC."""
    good = make_fermentation(100, random_state=0)
    fresh = make_fermentation(300, random_state=1000)
    fitted = {name: detector.fit(good) for name, detector in DETECTORS.items()}
    usual = {name: detector.decision_function(fresh) for name, detector in fitted.items()}
    for name, detector in fitted.items():
        alarms = np.mean(usual[name] > detector.threshold_)
        print(f"{name:15s} {detector.contamination!r}: {alarms:.1%} of fresh good runs flagged")
    rows = []
    for fault in FAULTS:
        for strength in STRENGTHS:
            runs = make_fermentation(n_runs, {fault: n_runs}, strength, random_state=2000)
            for name, detector in fitted.items():
                scores = detector.decision_function(runs)
                found = np.mean(scores > np.quantile(usual[name], 1 - FALSE_ALARMS))
                truth = np.repeat([0, 1], [len(fresh), n_runs])
                auc = roc_auc_score(truth, np.concatenate([usual[name], scores]))
                rows.append((name, fault, strength, float(found), float(auc)))
    return rows


def show(rows: list[Row]) -> None:
    """A line a fault and strength: ROC-AUC and share found of both."""
    print(f"{'fault':15s} strength   ROC-AUC AE  band   found AE  band")
    (ours, band) = ([row for row in rows if row[0] == name] for name in DETECTORS)
    for (_, fault, strength, found, auc), (*_, found_by_band, auc_of_band) in zip(
        ours, band, strict=True
    ):
        decisive = f"  {auc - auc_of_band:+.3f}" if 0.75 <= auc_of_band <= 0.90 else ""
        print(
            f"{fault:15s} {strength:8.3f} {auc:12.3f} {auc_of_band:6.3f} {found:9.2f} "
            f"{found_by_band:6.2f}{decisive}"
        )


def draw(rows: list[Row], path: Path) -> None:
    """One small chart a fault."""
    titles = [fault.replace("_", " ") for fault in FAULTS]
    figure = make_subplots(2, 4, subplot_titles=titles, shared_yaxes=True, vertical_spacing=0.22)
    for position, fault in enumerate(FAULTS):
        for name, style in STYLES.items():
            points = [(s, found) for n, f, s, found, _ in rows if (n, f) == (name, fault)]
            x, y = zip(*points, strict=True)
            cell = {"row": position // 4 + 1, "col": position % 4 + 1}
            figure.add_scatter(x=x, y=y, name=name, showlegend=position == 0, **style, **cell)
    figure.update_yaxes(range=[-0.03, 1.03], tickformat=".0%")
    figure.update_xaxes(range=[0, 2.05]).update_xaxes(title_text="strength", row=2)
    figure.update_layout(
        template=TEMPLATE,
        title=f"Share of faulty runs found, at {FALSE_ALARMS:.0%} false alarms",
        legend={"x": 0.78, "y": 0.25, "orientation": "v"},
        height=560,
        margin_t=90,
    )
    figure.write_html(path)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=40, help="faulty runs a fault and strength")
    parser.add_argument("--out", type=Path, default=Path("detection.html"))
    arguments = parser.parse_args()
    rows = measure(arguments.runs)
    show(rows)
    draw(rows, arguments.out)


if __name__ == "__main__":
    main()
