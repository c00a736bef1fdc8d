"""What was found in runs, as JSON values and as sections of a report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from tsad_plugin.explanation import Explanation
from tsad_plugin.forms import plural
from tsad_plugin.runs import Runs

Record = dict[str, Any]
MOST_LINES = 10  # as many as PyOD's own table of anomalies has
EXPLAINED = ("text", "channels", "worst_stretch")
DIGITS = 4  # of a share: a record is read and sent about, and more would say nothing


def run_ids(runs: Runs) -> list[Any]:
    """Ids as JSON values."""
    return [_jsonable(run) for run in runs.ids.tolist()]


def outlier_runs(result: dict[str, Any], runs: Runs) -> list[Record]:
    """Records of the runs that a result labels outliers, the most abnormal first."""
    scores, labels = result["scores_train"], result["labels_train"]
    outliers = [i for i in np.argsort(-scores, kind="stable").tolist() if labels[i]]
    explained = explanations(result.get("detector"), runs, outliers)
    return [
        {
            "index": i,
            "run": result["run_ids"][i],
            "score": float(scores[i]),
            **explained.get(i, {}),
        }
        for i in outliers
    ]


def explanations(detector: Any, runs: Runs, positions: Sequence[int]) -> dict[int, Record]:
    """By position, what the detector says of a run: nothing where it cannot explain."""
    explain_all = getattr(detector, "explain_all", None)
    if explain_all is None or not positions:
        return {}
    found = explain_all(runs[list(positions)])
    return {i: _record(each) for i, each in zip(positions, found, strict=True)}


def _record(found: Explanation) -> Record:
    return {
        "score": found.score,
        "text": found.text,
        "channels": {name: round(share, DIGITS) for name, share in found.channels.items()},
        "worst_stretch": {
            "start": found.start,
            "end": found.end,
            "start_time": _jsonable(found.start_time),
            "end_time": _jsonable(found.end_time),
        },
    }


def _jsonable(value: Any) -> Any:
    value = value.item() if isinstance(value, np.generic) else value
    if isinstance(value, float) and not np.isfinite(value):
        return None
    return value if value is None or isinstance(value, (str, int, float)) else str(value)


def of_run(entry: Record, result: dict[str, Any], explained: Mapping[int, Record]) -> Record:
    """PyOD's entry on a sample as one on a run.

    Its label is the detector's own: PyOD compares the score with the threshold, which a foreign
    thresholder has in other units.
    """
    i = entry["index"]
    run, label = result["run_ids"][i], "anomaly" if result["labels_train"][i] else "normal"
    narrative = (
        f"Run {run} has the score {entry['score']:.4f} (percentile {entry['percentile']:.1f}%), "
        f"labelled {label}."
    )
    why = {key: explained[i][key] for key in EXPLAINED if key in explained.get(i, {})}
    return {**entry, "run": run, "label": label, "narrative": narrative, **why}


def consensus_runs(results: list[dict[str, Any]], consensus: dict[str, Any]) -> list[Record]:
    """Records of the runs that most detectors flag, the most abnormal first."""
    scores, labels = consensus["scores"], consensus["labels"]
    ids = next(r["run_ids"] for r in results if "run_ids" in r)
    return [
        {
            "index": i,
            "run": ids[i],
            "score": float(scores[i]),
            "flagged_by": [r["detector_name"] for r in results if r["labels_train"][i]],
        }
        for i in np.argsort(-scores, kind="stable").tolist()
        if labels[i]
    ]


def outlier_section(found: list[Record]) -> str:
    """A section of a report: each outlier run, and why it is one."""
    return _section("Outlier Runs", found, [r.get("text") or _score(r) for r in found])


def consensus_section(found: list[Record], detectors: Sequence[str]) -> str:
    """A section of a report: each run that most of the detectors flag, and which of them."""
    flagged = [f"run {record['run']}: {', '.join(record['flagged_by'])}" for record in found]
    return _section(f"Flagged by Most of {', '.join(detectors)}", found, flagged)


def _score(record: Record) -> str:
    return f"run {record['run']}: score {record['score']:.3g}"


def _section(title: str, found: list[Record], texts: list[str]) -> str:
    lines = [f"- {text}" for text in texts[:MOST_LINES]] or ["none"]
    if more := [str(record["run"]) for record in found[MOST_LINES:]]:
        lines.append(f"- and {plural(len(more), 'run')} more: {', '.join(more)}")
    # Each on one line: the name of a run must not make headings of its own.
    return "\n".join([f"## {title}", "", *(" ".join(line.split()) for line in lines), ""])
