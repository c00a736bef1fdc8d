"""The report: one HTML file that shows which runs are abnormal, when and in which channel.

There is one of runs (`page`) and one of long series (`series`).

plotly and Jinja2 are loaded when a report is made, not before: they are extras.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from datetime import datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from sklearn.utils.validation import check_is_fitted

from tsad_plugin.files import check_file, replacing
from tsad_plugin.inputs import as_runs
from tsad_plugin.reconstruction import ReconstructionDetector
from tsad_plugin.results import Findings, Scored
from tsad_plugin.windows import WindowedDetector

LIBRARIES = {"plotly": "plotly", "jinja2": "Jinja2"}
INSTALL = 'pip install ".[dashboard]"'
ENDINGS = (".html", ".htm")


def report(
    detector: ReconstructionDetector | WindowedDetector,
    runs: Any,
    path: str | os.PathLike[str],
) -> None:
    """Write a report on runs or long series as one HTML file that needs no network.

    Of runs, it ranks the outliers, draws each of the ten worst over the band of good runs with its
    reconstruction and a map of its error, and says what the detector learned from. Where no run
    is an outlier, it shows the three with the highest scores.

    Of long series, which a `WindowedDetector` scores, it shows when each was normal, faulty and
    failed, lists their segments, draws the twenty that are abnormal for longest, and says what was
    cleaned and what the detector learned from.

    Parameters
    ----------
    detector : detector of this package
        Fitted: one that reconstructs runs, or a `WindowedDetector`.
    runs : array-like, list of arrays or Runs
        Runs with the channels of the training runs, or series with those of the training series.
    path : path-like
        The file, `.html`; one that is there is replaced, once the new one is whole.

    Raises
    ------
    ValueError
        If `detector` is none of this package's, `runs` are not like its training runs, or `path`
        does not end in .html, is a folder or lies in none.
    NotFittedError
        If the detector is not fitted.
    ModuleNotFoundError
        If plotly or Jinja2 is missing; the message says how to install them.
    OSError
        If the file cannot be written.
    """
    check_target(path)
    if isinstance(detector, WindowedDetector):
        _write_page(_series_page(detector, runs), path)
        return
    if not isinstance(detector, ReconstructionDetector):
        raise ValueError(
            f"a report takes a detector that reconstructs runs, got {type(detector).__name__}: it "
            "shows when and in which channel a run went wrong, which others do not tell (on long "
            "series it takes a WindowedDetector, with any detector inside)"
        )
    check_is_fitted(detector, "scorer_")
    write(Scored.of(detector, as_runs(runs, detector.n_channels)), path)


def write(scored: Scored, path: str | os.PathLike[str]) -> None:
    """Write a report on runs that are scored already."""
    check_target(path)
    _write_page(runs_page(scored), path)


def runs_page(findings: Findings, chosen: Sequence[int] = ()) -> str:
    """A report as HTML: of the outliers, or of the runs at these positions.

    Parameters
    ----------
    findings : Findings
        Scores of runs, and what was found in them.
    chosen : sequence of int
        Runs to show in detail, all of them, outliers or not. Default: the outliers, as `report`
        shows them.

    Returns
    -------
    str
        One page that needs no network.
    """
    from .page import page

    return page(findings, datetime.now().astimezone(), chosen)


def _series_page(detector: WindowedDetector, X: Any) -> str:
    from .series import page
    from .survey import Survey

    return page(Survey.of(detector, X), datetime.now().astimezone())


def _write_page(text: str, path: str | os.PathLike[str]) -> None:
    with replacing(Path(path)) as part:
        # Half a character, as of a file name that is not UTF-8, is written as "?".
        part.write_text(text, "utf-8", errors="replace", newline="\n")


def check_target(path: str | os.PathLike[str]) -> None:
    """Raise now for a report that could not be written later."""
    check_file(Path(path), ENDINGS, ".html")
    if missing := missing_library():
        raise ModuleNotFoundError(f"a report needs {missing}, which is not installed: {INSTALL}")


def missing_library() -> str | None:
    """The library that a report would need and that is not installed."""
    return lacking(LIBRARIES)


def lacking(libraries: Mapping[str, str]) -> str | None:
    """The first of these libraries, named by their modules, that is not installed."""
    return next((name for module, name in libraries.items() if find_spec(module) is None), None)
