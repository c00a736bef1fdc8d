"""The engine for runs: what PyOD's says of results, with the names of runs and reasons."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from tsad_plugin.forms import plural
from tsad_plugin.inputs import as_runs

from .findings import (
    Record,
    consensus_runs,
    consensus_section,
    explanations,
    of_run,
    outlier_section,
    run_ids,
)
from .planning import PlanningEngine, Result


def engine(random_state: int | None = None) -> RunsEngine:
    """Make PyOD's ADEngine with the detectors of this package in its knowledge base.

    Parameters
    ----------
    random_state : int, optional
        Seed of the detectors that it builds; by default each detector's own.

    Returns
    -------
    RunsEngine
        With all methods of `pyod.utils.ad_engine.ADEngine`.

    Raises
    ------
    ValueError
        If PyOD's knowledge base has a detector that is called like one of ours.
    """
    return RunsEngine(random_state=random_state)


class RunsEngine(PlanningEngine):
    """PyOD's ADEngine, which takes runs as well; `engine()` makes one.

    Runs are `Runs`, an array of three dimensions, or a list of arrays or of nested lists that is no
    table, and with `data_type="runs"` everything that `as_runs` reads. For data of PyOD's types it
    is PyOD's engine.

    For runs, `run_detection` adds `run_ids` and `outlier_runs` to the result, those with the words
    of `explain`, and `analyze_results`, `explain_findings` and the reports name runs by their ids.

    Parameters
    ----------
    knowledge_dir : str, optional
        Folder of a knowledge base in place of PyOD's.
    random_state : int, optional
        Seed of the detectors that it builds.

    Raises
    ------
    ValueError
        If the knowledge base has a detector that is called like one of ours.
    """

    def analyze_results(self, result: Result, X: Any = None, top_k: int = 10) -> dict[str, Any]:
        """Sum up a result.

        Parameters
        ----------
        result : dict
            From `run_detection`.
        X : array-like, list of arrays or Runs, optional
            The data, of which PyOD estimates each feature's importance; not needed for runs.
        top_k : int, default=10
            How many of the highest scores to list.

        Returns
        -------
        dict
            PyOD's analysis; for runs with `outlier_runs`, and with ids in `top_anomalies`.
        """
        if "run_ids" not in result:
            return super().analyze_results(result, X, top_k)
        analysis = super().analyze_results(result, None, top_k)
        for entry in analysis["top_anomalies"]:
            entry["run"] = result["run_ids"][entry["index"]]
        analysis["outlier_runs"] = result["outlier_runs"]
        return analysis

    def explain_findings(
        self,
        result: Result,
        indices: list[int] | None = None,
        top_k: int = 5,
        X: Any = None,
        feature_names: list[str] | None = None,
    ) -> list[dict[str, Any]]:
        """Say why samples have their scores.

        Parameters
        ----------
        result : dict
            From `run_detection`.
        indices : list of int, optional
            Positions of samples; by default those with the highest scores.
        top_k : int, default=5
            How many of them.
        X : array-like, list of arrays or Runs, optional
            The data. For runs needed only to explain those that are no outliers.
        feature_names : list of str, optional
            Names of the columns of a table; runs have names of their channels.

        Returns
        -------
        list of dict
            PyOD's entries; for runs with `run`, and with `text`, `channels` and `worst_stretch`
            where the detector explains.

        Raises
        ------
        ValueError
            If X does not hold the runs of the result.
        """
        if "run_ids" not in result:
            return super().explain_findings(result, indices, top_k, X, feature_names)
        entries = super().explain_findings(result, indices, top_k)
        explained = self._explained(result, X, [entry["index"] for entry in entries])
        return [of_run(entry, result, explained) for entry in entries]

    def _explained(self, result: Result, X: Any, positions: list[int]) -> dict[int, Record]:
        """Explanations by position: those that the result has, and more where X is given."""
        known = {record["index"]: record for record in result["outlier_runs"]}
        if X is None:
            return known
        runs, expected = as_runs(X, result["plan"]["params"].get("n_channels")), result["run_ids"]
        if run_ids(runs) != expected:
            raise ValueError(
                f"X holds {plural(len(runs), 'run')} that are not the {len(expected)} of the "
                "result, in their order: pass the runs that the detection was run on"
            )
        wanted = [i for i in positions if i not in known]
        found = explanations(result.get("detector"), runs, wanted)
        if any(not np.isclose(found[i]["score"], result["scores_train"][i]) for i in found):
            raise ValueError(
                "X holds other values than the result was made from: pass the same runs"
            )
        return {**known, **found}

    def generate_report(
        self, result: Result, analysis: dict[str, Any], format: str = "text"
    ) -> str:
        """Write a report on one detector's result.

        Parameters
        ----------
        result : dict
            From `run_detection`.
        analysis : dict
            From `analyze_results`.
        format : {"text", "json"}
            Markdown or JSON.

        Returns
        -------
        str
            PyOD's report; for runs with a section, in JSON a key, on the outlier runs.

        Raises
        ------
        ValueError
            If there is no such format.
        """
        report = super().generate_report(result, analysis, format)
        if "outlier_runs" not in analysis:
            return report
        if format == "json":
            found = {**json.loads(report), "outlier_runs": analysis["outlier_runs"]}
            return json.dumps(found, indent=2)
        return f"{report}\n{outlier_section(analysis['outlier_runs'])}"

    def analyze(self, state: Any) -> Any:
        """Sum up an investigation, as PyOD does; for runs with those that most detectors flag.

        Parameters
        ----------
        state : InvestigationState
            From `run`.

        Returns
        -------
        InvestigationState
            For runs, its `analysis` has `outlier_runs`.
        """
        state = super().analyze(state)
        results = _successful(state)
        if any("run_ids" in result for result in results):
            state.analysis["outlier_runs"] = consensus_runs(results, state.consensus)
        return state

    def report(self, state: Any, format: str = "text") -> str | dict[str, Any]:
        """Write a report on an investigation.

        Parameters
        ----------
        state : InvestigationState
            From `analyze` or `investigate`.
        format : {"text", "json"}
            Markdown, or a dict of JSON values.

        Returns
        -------
        str or dict
            PyOD's report; for runs with those that most detectors flag, and with the reasons of the
            best detector.

        Raises
        ------
        ValueError
            If there is no such format, or every detector failed.
        """
        report = super().report(state, format)
        found = (state.analysis or {}).get("outlier_runs")
        if found is None:
            return report
        detectors = [result["detector_name"] for result in _successful(state)]
        if isinstance(report, str):
            return f"{report}\n{consensus_section(found, detectors)}"
        report["session"] |= {"detectors": detectors, "outlier_runs": found}
        return report


def _successful(state: Any) -> list[Result]:
    return [result for result in state.results if result["status"] == "success"]
