"""The engine for runs: profile, plan, build and run, where PyOD's own takes no runs."""

from __future__ import annotations

from typing import Any

from pyod.utils.ad_engine import ADEngine

from tsad_plugin.inputs import as_runs
from tsad_plugin.runs import Runs

from .entries import add_to
from .findings import outlier_runs, run_ids
from .profile import RUNS, are_runs, profile

Result = dict[str, Any]
Plan = dict[str, Any]


class PlanningEngine(ADEngine):
    """The part of `RunsEngine` that plans and runs our detectors; `RunsEngine` describes it all."""

    def __init__(self, knowledge_dir: str | None = None, random_state: int | None = None) -> None:
        super().__init__(knowledge_dir, random_state)
        add_to(self.kb)

    def profile_data(self, X: Any, data_type: str | None = None) -> dict[str, Any]:
        """Describe data, as PyOD does; of runs their number, channels and lengths.

        Parameters
        ----------
        X : array-like, list of arrays or Runs
            Data of any type that PyOD knows, or runs.
        data_type : str, optional
            PyOD's types, or "runs"; by default X tells.

        Returns
        -------
        dict
            JSON values. For runs `n_samples` is their number, `n_features` that of the channels and
            `n_timesteps` the median length.

        Raises
        ------
        ValueError
            If X is no set of runs, see `as_runs`.
        """
        if data_type == RUNS or (data_type is None and are_runs(X)):
            return profile(as_runs(X))
        return super().profile_data(X, data_type)

    def plan_detection(
        self,
        profile: dict[str, Any],
        priority: str = "balanced",
        constraints: dict[str, Any] | None = None,
        **options: Any,
    ) -> Plan:
        """Choose a detector and alternatives, as PyOD does; for runs among those that take runs.

        Parameters
        ----------
        profile : dict
            From `profile_data`.
        priority : {"balanced", "speed", "accuracy"}
            What counts most.
        constraints : dict, optional
            `{"exclude_detectors": [...]}`.
        **options
            PyOD's other options: `top_k`, `llm_client`, `llm_strict`.

        Returns
        -------
        dict
            PyOD's plan; without a detector and with the note "no_valid_plan" where all are
            excluded.
        """
        if profile.get("data_type") == RUNS:
            constraints = self._runs_alone(constraints or {})
        return super().plan_detection(profile, priority, constraints, **options)

    def _runs_alone(self, constraints: dict[str, Any]) -> dict[str, Any]:
        """Exclude what takes no runs, too: PyOD falls back on IForest and others."""
        others = [name for name in self.kb.algorithms if not self._takes_runs(name)]
        excluded = [*(constraints.get("exclude_detectors") or ()), *others]
        return {**constraints, "exclude_detectors": excluded}

    def _takes_runs(self, name: str) -> bool:
        return RUNS in (self.kb.get_algorithm(name) or {}).get("data_types", ())

    def build_detector(self, plan: Plan) -> Any:
        """Make the detector of a plan, not fitted.

        Parameters
        ----------
        plan : dict
            From `plan_detection` or `make_plan`. What its `params` leave out is as in the
            `default_params` of the knowledge base.

        Returns
        -------
        detector
        """
        return super().build_detector(self._completed(plan))

    def _completed(self, plan: Plan) -> Plan:
        """Complete a plan by what the knowledge base has for parameters that it leaves out."""
        name = plan["detector_name"]
        if not self._takes_runs(name):
            return plan
        defaults = self.kb.get_algorithm(name).get("default_params", {})
        return {**plan, "params": {**defaults, **(plan.get("params") or {})}}

    def run_detection(self, X_train: Any, plan: Plan, X_test: Any = None) -> Result:
        """Fit the detector of a plan, and score.

        Parameters
        ----------
        X_train, X_test : array-like, list of arrays or Runs
            Data to learn from and, if wanted, to score after that.
        plan : dict
            From `plan_detection` or `make_plan`.

        Returns
        -------
        dict
            PyOD's result; for runs with `run_ids` and `outlier_runs`, those with `text`, `channels`
            and `worst_stretch` where the detector explains.

        Raises
        ------
        ValueError
            If X holds runs and the detector takes none.
        """
        runs = self._runs(X_train, plan)
        if runs is None:
            return super().run_detection(X_train, plan, X_test)
        result = super().run_detection(runs, self._completed(plan), X_test)
        result["run_ids"] = run_ids(runs)
        result["outlier_runs"] = outlier_runs(result, runs)
        return result

    def _runs(self, X: Any, plan: Plan) -> Runs | None:
        """X as the runs that the detector of a plan reads, None where it reads no runs."""
        name, n_channels = plan["detector_name"], (plan.get("params") or {}).get("n_channels")
        if self._takes_runs(name):
            is_table = n_channels == "all" and not are_runs(X)
            return None if is_table else as_runs(X, n_channels)
        data_types = (self.kb.get_algorithm(name) or {}).get("data_types", ())
        if {"tabular", "time_series"} & set(data_types) and are_runs(X):
            hosted = f"OnRuns with the parameters {{'detector': {name!r}}}, or "
            raise ValueError(
                f"X holds runs and {name} takes none: plan "
                f"{hosted if 'tabular' in data_types else ''}a detector of list_detectors('{RUNS}')"
            )
        return None

    def suggest_next_step(
        self, result: Result, analysis: dict[str, Any], feedback: str | None = None
    ) -> dict[str, Any]:
        """Say what to try next, as PyOD does; for runs a new plan is one for runs.

        Parameters
        ----------
        result : dict
            From `run_detection`.
        analysis : dict
            From `analyze_results`.
        feedback : str, optional
            What a person says, such as "too many false positives" or "try another detector".

        Returns
        -------
        dict
            PyOD's suggestion: `action`, `reason`, and a `new_plan` or a `threshold_adjustment`.
        """
        suggestion = super().suggest_next_step(_with_a_share(result), analysis, feedback)
        new = suggestion.get("new_plan")
        if new and "run_ids" in result and not self._takes_runs(new["detector_name"]):
            tried = {"exclude_detectors": [result["plan"]["detector_name"]]}
            runs = {"data_type": RUNS, "n_samples": len(result["scores_train"])}
            suggestion["new_plan"] = self.plan_detection(runs, constraints=tried)
        return suggestion

    def iterate(self, state: Any, feedback: str | dict[str, Any]) -> Any:
        """Change the plans of an investigation, as PyOD does.

        Parameters
        ----------
        state : InvestigationState
            From `analyze`, or from `run` where a detector failed.
        feedback : str or dict
            What a person says, or `{"action": ...}`.

        Returns
        -------
        InvestigationState

        Raises
        ------
        ValueError
            If there is no such action, or it asks for another share of outliers where a plan has a
            thresholder.
        """
        try:
            return super().iterate(state, feedback)
        except TypeError as error:
            raise ValueError(
                f"PyOD cannot take {feedback!r} further ({error}): where `contamination` is a "
                "thresholder, make a plan with another one, for example KSigma(4)"
            ) from error


def _with_a_share(result: Result) -> Result:
    """A result whose plan has a share of outliers, with which PyOD reckons, for a thresholder."""
    params = result["plan"].get("params") or {}
    if isinstance(params.get("contamination", 0.1), (int, float)):
        return result
    plan = {**result["plan"], "params": {**params, "contamination": result["anomaly_ratio"]}}
    return {**result, "plan": plan}
