"""The page: what stands in it, in words and numbers; `templates` say where."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd

from tsad_plugin.explanation import Explanation, leading_channels
from tsad_plugin.forms import plural
from tsad_plugin.reconstruction import ReconstructionDetector
from tsad_plugin.results import Findings, Said, described, number, relative, stretch
from tsad_plugin.runs import Runs

from .card import model_card
from .charts import (
    band_sigma,
    histogram_chart,
    length_chart,
    run_charts,
    scores_chart,
    training_chart,
)
from .rendering import TEMPLATES, Chart, render

MOST_DRAWN = 10  # outliers with pictures of their own
MOST_LISTED = 100  # outliers in the table
SHOWN_WITHOUT_OUTLIER = 3


def page(findings: Findings, now: datetime, chosen: Sequence[int] = ()) -> str:
    """The report as HTML; of the runs at these positions, or else of the outliers."""
    listed = in_detail(findings, chosen)
    drawn = listed if chosen else listed[:MOST_DRAWN]
    found, runs = findings.explain(listed), findings.pick(listed)
    rank = {position: r for r, position in enumerate(findings.ranked, start=1)}
    verdicts = findings.decisions.verdicts if findings.decisions else {}
    charts = run_charts(findings, drawn, runs, found)
    detector = findings.detector
    content = {
        "headline": headline(findings, chosen),
        "facts": facts(findings, listed[0] if chosen else findings.ranked[0], now),
        "scores": [scores_chart(findings), histogram_chart(findings)],
        "is_chosen": bool(chosen),
        "has_outliers": bool(findings.outliers),
        "n_hidden": 0 if chosen else max(len(findings.outliers) - len(listed), 0),
        "table": table(findings, runs, listed, found, rank, len(drawn)),
        "details": [
            detail(findings.threshold, runs, row, rank[i], found[row], verdicts.get(i), charts[row])
            for row, i in enumerate(drawn)
        ],
        "lengths": length_chart(findings),
        "same_length": same_length(findings),
        "training": training_chart(detector),
        "card": model_card(findings),
        "learns": hasattr(detector, "history_"),
        "in_folds": in_folds(detector),
        "has_residual": not np.isnan(found[0].residual),
        "usual_score": number(float(np.mean(detector.calibration_scores_))),
        "k": f"{band_sigma(detector):g}",
    }
    return render(TEMPLATES / "report.html", content)


def in_detail(findings: Findings, chosen: Sequence[int]) -> list[int]:
    """Positions of the runs that are explained, the most abnormal first."""
    if chosen:
        wanted = set(chosen)
        return [position for position in findings.ranked if position in wanted]
    return findings.outliers[:MOST_LISTED] or findings.ranked[:SHOWN_WITHOUT_OUTLIER]


def headline(findings: Findings, chosen: Sequence[int] = ()) -> str:
    """`3 of 40 runs are outliers`, `Run B-17 is an outlier`."""
    if len(chosen) == 1:
        is_outlier = "is an outlier" if findings.labels[chosen[0]] else "is no outlier"
        return f"Run {_shortened(findings.ids[chosen[0]])} {is_outlier}"
    flagged = findings.labels[list(chosen)] if chosen else findings.labels
    n, n_runs = int(flagged.sum()), plural(len(flagged), "chosen run" if chosen else "run")
    if n == 0:
        return f"No outlier among {n_runs}"
    return f"{n} of {n_runs} {'is an outlier' if n == 1 else 'are outliers'}"


def facts(findings: Findings, highest: int, now: datetime) -> list[tuple[str, str, str]]:
    """Name, value and remark of what to know first; of which run the score is told."""
    detector, threshold, n_runs = findings.detector, findings.threshold, len(findings.scores)
    times = relative(float(findings.scores[highest]), threshold)
    remark = "" if times == "–" else f", {times} × threshold"
    date, at = f"{now:%Y-%m-%d}", f"{now:%H:%M %Z}"
    report_of = (date, at)
    if findings.decisions:
        report_of = (_shortened(findings.decisions.data_set), f"{date}, {at}")
    return [
        (
            "Outliers",
            f"{len(findings.outliers)} of {n_runs}",
            described(findings.lengths, detector.n_channels_),
        ),
        (
            "Highest score",
            number(float(findings.scores[highest])),
            f"run {_shortened(findings.ids[highest])}{remark}",
        ),
        (
            "Threshold",
            "–" if np.isnan(threshold) else number(threshold),
            "a score above it makes a run an outlier",
        ),
        (
            "Detector",
            type(detector).__name__,
            f"learned from {plural(int(detector.trained_on_.sum()), 'run')}",
        ),
        ("Report of", *report_of),
    ]


def _shortened(name: Any, most: int = 40) -> str:
    return str(name) if len(str(name)) <= most else f"{str(name)[: most - 1]}…"


def table(
    findings: Findings,
    runs: Runs,
    positions: Sequence[int],
    found: Sequence[Explanation],
    rank: dict[int, int],
    n_drawn: int,
) -> dict[str, Any]:
    """Header and rows of the ranking, of the runs at these positions."""
    unit = runs.time_unit or ("" if runs.times is not None else "timesteps")
    verdicts = None if findings.decisions is None else findings.decisions.verdicts
    rows = [
        {
            "rank": rank[i],
            "anchor": f"run-{rank[i]}" if row < n_drawn else "",
            "run": findings.ids[i],
            "score": number(e.score),
            "relative": relative(e.score, findings.threshold),
            "stretch": _stretch(runs, row, e),
            "channels": _shares(e),
            "length": _sigmas(e.duration),
            "n_timesteps": int(runs.lengths[row]),
            "label": _label(runs, row),
            "verdict": verdicts[i].verdict if verdicts and i in verdicts else "–",
        }
        for row, (i, e) in enumerate(zip(positions, found, strict=True))
    ]
    known = {"has_labels": runs.labels is not None, "has_verdicts": verdicts is not None}
    return {"unit": unit, "rows": rows, **known}


def _stretch(runs: Runs, i: int, found: Explanation) -> str:
    return stretch(runs, i, found.start, found.end) if any(found.channels.values()) else "–"


def _sigmas(deviation: float) -> str:
    return f"{deviation:+.1f} σ".replace("-", "−")


def _shares(found: Explanation) -> list[tuple[str, str]]:
    """Channels with most of the error, and their shares of it."""
    if not any(found.channels.values()):
        return []
    return [(name, f"{share:.0%}") for name, share in leading_channels(found.channels).items()]


def _label(runs: Runs, i: int) -> str:
    label = None if runs.labels is None else runs.labels[i]
    return "–" if label is None or np.any(pd.isna(label)) else str(label)


def detail(
    threshold: float,
    runs: Runs,
    row: int,
    rank: int,
    found: Explanation,
    verdict: Said | None,
    chart: Chart,
) -> dict[str, Any]:
    """One of some runs in words, numbers and a picture."""
    length = f"{plural(int(runs.lengths[row]), 'timestep')} ({_sigmas(found.duration)})"
    parts = [
        ("score", number(found.score)),
        ("× threshold", relative(found.score, threshold)),
        *([] if np.isnan(found.residual) else [("residual", number(found.residual))]),
        *([] if found.latent is None else [("latent", number(found.latent))]),
        ("length", length),
        *([] if runs.labels is None else [("label", _label(runs, row))]),
    ]
    return {
        "anchor": f"run-{rank}",
        "rank": rank,
        "run": found.run,
        "text": found.text,
        "is_outlier": found.is_outlier,
        "verdict": "" if verdict is None else verdict.text,
        "facts": parts,
        "chart": chart,
    }


def in_folds(detector: ReconstructionDetector) -> bool:
    """Whether folds, not a validation part, were held out: then no epoch has a validation loss."""
    history = getattr(detector, "history_", None) or [{}]
    return not np.isfinite(history[0].get("validation_loss", np.nan))


def same_length(findings: Findings) -> int | None:
    """The length of all runs, those of training too, where there is but one."""
    lengths = {*findings.lengths.tolist(), *findings.detector.training_lengths_.tolist()}
    return lengths.pop() if len(lengths) == 1 else None
