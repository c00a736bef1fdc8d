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
from tsad_plugin.results import Scored, describe, number, relative, stretch
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


def page(scored: Scored, now: datetime) -> str:
    """The report as HTML."""
    listed = scored.outliers[:MOST_LISTED] or scored.ranked[:SHOWN_WITHOUT_OUTLIER]
    found = scored.explain(listed)
    drawn = listed[:MOST_DRAWN]
    rank = {position: r for r, position in enumerate(scored.ranked, start=1)}
    charts = run_charts(scored, drawn, found[: len(drawn)])
    content = {
        "headline": headline(scored),
        "facts": facts(scored, now),
        "scores": [scores_chart(scored), histogram_chart(scored)],
        "has_outliers": bool(scored.outliers),
        "n_hidden": max(len(scored.outliers) - len(listed), 0),
        "table": table(scored, listed, found, rank, len(drawn)),
        "details": [
            detail(scored, i, explanation, rank[i], chart)
            for i, explanation, chart in zip(drawn, found, charts, strict=False)
        ],
        "lengths": length_chart(scored),
        "same_length": same_length(scored),
        "training": training_chart(scored.detector),
        "card": model_card(scored),
        "learns": hasattr(scored.detector, "history_"),
        "in_folds": in_folds(scored.detector),
        "usual_score": number(float(np.mean(scored.detector.calibration_scores_))),
        "k": f"{band_sigma(scored.detector):g}",
    }
    return render(TEMPLATES / "report.html", content)


def headline(scored: Scored) -> str:
    """`3 of 40 runs are outliers`."""
    n, n_runs = len(scored.outliers), len(scored.runs)
    if n == 0:
        return f"No outlier among {plural(n_runs, 'run')}"
    return f"{n} of {plural(n_runs, 'run')} {'is an outlier' if n == 1 else 'are outliers'}"


def facts(scored: Scored, now: datetime) -> list[tuple[str, str, str]]:
    """Name, value and remark of what to know first."""
    highest = scored.ranked[0]
    detector, threshold = scored.detector, scored.threshold
    times = relative(float(scored.scores[highest]), threshold)
    remark = "" if times == "–" else f", {times} × threshold"
    return [
        ("Outliers", f"{len(scored.outliers)} of {len(scored.runs)}", describe(scored.runs)),
        (
            "Highest score",
            number(float(scored.scores[highest])),
            f"run {_shortened(scored.runs.ids.tolist()[highest])}{remark}",
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
        ("Report of", f"{now:%Y-%m-%d}", f"{now:%H:%M %Z}"),
    ]


def _shortened(name: Any, most: int = 40) -> str:
    return str(name) if len(str(name)) <= most else f"{str(name)[: most - 1]}…"


def table(
    scored: Scored,
    positions: Sequence[int],
    found: Sequence[Explanation],
    rank: dict[int, int],
    n_drawn: int,
) -> dict[str, Any]:
    """Header and rows of the ranking."""
    runs = scored.runs
    unit = runs.time_unit or ("" if runs.times is not None else "timesteps")
    rows = [
        {
            "rank": rank[i],
            "anchor": f"run-{rank[i]}" if row < n_drawn else "",
            "run": runs.ids.tolist()[i],
            "score": number(e.score),
            "relative": relative(e.score, scored.threshold),
            "stretch": _stretch(runs, i, e),
            "channels": _shares(e),
            "length": _sigmas(e.duration),
            "n_timesteps": int(runs.lengths[i]),
            "label": _label(runs, i),
        }
        for row, (i, e) in enumerate(zip(positions, found, strict=True))
    ]
    return {"unit": unit, "rows": rows, "has_labels": runs.labels is not None}


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


def detail(scored: Scored, i: int, found: Explanation, rank: int, chart: Chart) -> dict[str, Any]:
    """One run in words, numbers and a picture."""
    parts = [
        ("score", number(found.score)),
        ("× threshold", relative(found.score, scored.threshold)),
        ("residual", number(found.residual)),
        *([] if found.latent is None else [("latent", number(found.latent))]),
        (
            "length",
            f"{plural(int(scored.runs.lengths[i]), 'timestep')} ({_sigmas(found.duration)})",
        ),
        *([] if scored.runs.labels is None else [("label", _label(scored.runs, i))]),
    ]
    return {
        "anchor": f"run-{rank}",
        "rank": rank,
        "run": found.run,
        "text": found.text,
        "is_outlier": found.is_outlier,
        "facts": parts,
        "chart": chart,
    }


def in_folds(detector: ReconstructionDetector) -> bool:
    """Whether folds, not a validation part, were held out: then no epoch has a validation loss."""
    history = getattr(detector, "history_", None) or [{}]
    return not np.isfinite(history[0].get("validation_loss", np.nan))


def same_length(scored: Scored) -> int | None:
    """The length of all runs, those of training too, where there is but one."""
    lengths = {*scored.runs.lengths.tolist(), *scored.detector.training_lengths_.tolist()}
    return lengths.pop() if len(lengths) == 1 else None
