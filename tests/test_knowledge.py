"""PyOD's ADEngine with our detectors: what it knows, plans, runs and says, and its MCP server."""

import json
import re
import subprocess
import sys
from datetime import datetime, timedelta
from importlib import import_module
from inspect import signature
from pathlib import Path
from typing import Any

import anyio
import numpy as np
import pyod.mcp_server as tools
import pytest
from mcp import ClientSession, StdioServerParameters
from mcp.client.stdio import stdio_client
from pyod.utils.ad_engine import ADEngine
from pyod.utils.knowledge import KnowledgeBase
from pythresh.thresholds.iqr import IQR
from waves import LENGTHS, QUICK, as_matrix, as_named, mirrored, waves

import tsad_plugin
from tsad_plugin import FCAutoEncoder, KSigma, OnRuns, Runs
from tsad_plugin.base import RunDetector
from tsad_plugin.datasets import read_dryer
from tsad_plugin.knowledge import RunsEngine, engine, serve_mcp

ROOT = Path(__file__).parents[1]
DETECTORS = {
    name
    for name in tsad_plugin.__all__
    if isinstance(cls := getattr(tsad_plugin, name), type) and issubclass(cls, RunDetector)
}
PYODS = KnowledgeBase().algorithms
FAULTY = (3, 7)
PROFILE = {"data_type": "runs", "n_samples": 100, "n_timesteps": 100}
every_priority = pytest.mark.parametrize("priority", ["balanced", "speed", "accuracy"])


@pytest.fixture(scope="module")
def ours() -> RunsEngine:
    return engine()


@pytest.fixture(scope="module")
def runs() -> Runs:
    return faulty(20)


@pytest.fixture(scope="module")
def result(ours: RunsEngine, runs: Runs) -> dict[str, Any]:
    return ours.run_detection(runs, quick_plan(ours))


def faulty(n_runs: int) -> Runs:
    """Runs of unequal length, two of them with a channel that jumps: ids B-0, B-1 …"""
    arrays = waves(n_runs, lengths=LENGTHS)
    for i in FAULTY:
        arrays[i] = arrays[i] + np.array([0.0, 4000.0, 0.0])
    return as_named(arrays)


def quick_plan(of: RunsEngine, name: str = "FCAutoEncoder", **params: Any) -> dict[str, Any]:
    return of.make_plan([name], params=[{**QUICK, **params}])


def table() -> np.ndarray:
    X = np.random.default_rng(0).normal(size=(120, 4))
    X[:4] += 6
    return X


# --- what it knows --------------------------------------------------------------------------------


def test_the_entries_are_our_detectors_of_runs(ours: RunsEngine) -> None:
    assert ours.kb.algorithms.keys() - PYODS.keys() == DETECTORS
    assert {entry["name"] for entry in ours.list_detectors(data_type="runs")} == DETECTORS


@pytest.mark.parametrize("name", sorted(DETECTORS))
def test_an_entry_has_the_keys_and_kinds_of_values_of_those_of_pyod(
    ours: RunsEngine, name: str
) -> None:
    entry, theirs = ours.kb.get_algorithm(name), PYODS["AutoEncoder"]
    assert entry.keys() == theirs.keys()
    for key, value in entry.items():
        assert type(value) is type(theirs[key]), key
    assert entry["complexity"].keys() == theirs["complexity"].keys()
    assert entry["paper"].keys() == theirs["paper"].keys()
    assert all(text.strip() == text and not text.endswith(".") for text in entry["strengths"])


@pytest.mark.parametrize("name", sorted(DETECTORS))
def test_an_entry_builds_its_detector_on_its_defaults(ours: RunsEngine, name: str) -> None:
    entry = ours.kb.get_algorithm(name)
    module, cls = entry["class_path"].rsplit(".", 1)
    assert getattr(import_module(module), cls) is getattr(tsad_plugin, name)
    built = ours.build_detector(ours.make_plan([name]))
    assert type(built) is getattr(tsad_plugin, name)
    assert entry["default_params"].items() <= built.get_params(deep=False).items()
    built._check_parameters()


def test_rules_recommend_what_can_be_built(ours: RunsEngine) -> None:
    rules = [r for r in ours.kb.routing_rules["rules"] if r["id"].startswith("runs_")]
    assert rules and {c["field"] for r in rules for c in r["conditions"]} <= {
        "data_type", "priority",
    }  # fmt: skip
    for rule in rules:
        assert {"field": "data_type", "op": "eq", "value": "runs"} in rule["conditions"]
        assert rule["reason"] and rule["evidence"]
        for advice in rule["recommendations"]:
            plan = ours.make_plan([advice["detector"]], params=[advice["params"]])
            built = ours.build_detector(plan)
            assert isinstance(built, getattr(tsad_plugin, advice["detector"]))
            built._check_parameters()


def test_the_page_that_rules_point_to_is_there(ours: RunsEngine) -> None:
    evidence = [
        e
        for rule in ours.kb.routing_rules["rules"]
        for e in rule["evidence"]
        if e.startswith("tsad_plugin: ")
    ]
    assert evidence
    assert all((ROOT / e.removeprefix("tsad_plugin: ")).is_file() for e in evidence)


def test_detectors_are_explained_and_compared(ours: RunsEngine) -> None:
    assert ours.explain_detector("FCVAE")["full_name"].startswith("Fully Connected Variational")
    assert len(ours.compare_detectors(data_type="runs", top_k=4)) == 4
    known = ours.get_kb_for_routing(PROFILE)
    assert {entry["name"] for entry in known["available_detectors"]} == DETECTORS
    json.dumps(known)


def test_a_plain_engine_of_pyod_stays_as_it_was(ours: RunsEngine) -> None:
    plain = ADEngine()
    assert not DETECTORS & plain.kb.algorithms.keys()
    assert not [r for r in plain.kb.routing_rules["rules"] if r["id"].startswith("runs_")]
    assert {k: v for k, v in ours.kb.algorithms.items() if k in PYODS} == PYODS


def test_a_detector_that_pyod_has_by_our_name_is_named(tmp_path: Path) -> None:
    (tmp_path / "algorithms.json").write_text('{"PopulationBand": {}, "KNN": {}}', "utf-8")
    with pytest.raises(ValueError, match=r"PyOD [\d.]+ has a detector 'PopulationBand' of its own"):
        RunsEngine(knowledge_dir=str(tmp_path))


# --- data that are no runs ------------------------------------------------------------------------


def test_a_table_is_planned_run_and_reported_as_by_pyod(ours: RunsEngine) -> None:
    X, said = table(), []
    for each in (ADEngine(random_state=1), engine(random_state=1)):
        profile = each.profile_data(X)
        plan = each.plan_detection(profile, "speed", {"exclude_detectors": ["KNN"]}, top_k=2)
        found = each.run_detection(X, plan, X_test=X[:5])
        analysis = each.analyze_results(found, X=X)
        next_step = each.suggest_next_step(found, analysis, "try another detector")
        why = each.explain_findings(found, X=X, feature_names=list("abcd"))
        scores = [found[key].tolist() for key in ("scores_train", "scores_test", "labels_test")]
        report = re.sub(r"Runtime:.*", "", each.generate_report(found, analysis))
        said.append([profile, plan, scores, analysis, why, next_step, report])
    assert said[0] == said[1]


def test_an_investigation_of_a_table_is_as_by_pyod() -> None:
    reports = [each.report(each.investigate(table())) for each in (ADEngine(None, 0), engine(0))]
    without_time = [re.sub(r"Runtime:.*", "", report) for report in reports]
    assert without_time[0] == without_time[1]
    assert "Outlier Runs" not in reports[1]


@pytest.mark.parametrize(
    ("X", "data_type"),
    [
        (["good", "a bad text"], "text"),
        (np.empty((0, 2)), "tabular"),
        ([[1, 2], [3, None]], "tabular"),
        ([1.0, 2.0, 3.0], "tabular"),
        ({"a": [[1.0]], "b": [[2.0]]}, "multimodal"),
        (table().tolist(), "tabular"),
        (table(), "tabular"),
    ],
    ids=["text", "nothing", "list with a gap", "numbers", "dict", "list", "matrix"],
)
def test_what_is_no_set_of_runs_is_profiled_by_pyod(
    ours: RunsEngine, X: Any, data_type: str
) -> None:
    assert ours.profile_data(X)["data_type"] == data_type
    assert ours.profile_data(X) == ADEngine().profile_data(X)


def test_a_type_that_is_named_is_left_to_pyod(ours: RunsEngine) -> None:
    assert ours.profile_data(waves(3), data_type="image") == {"data_type": "image", "n_samples": 3}
    series = ours.profile_data(table(), data_type="time_series")
    assert series == ADEngine().profile_data(table(), data_type="time_series")


def test_rows_of_a_table_in_our_detector_are_no_runs(ours: RunsEngine) -> None:
    plan = ours.make_plan(["FCAutoEncoder"], params=[{**QUICK, "n_channels": "all"}])
    found = ours.run_detection(table(), plan)
    assert "outlier_runs" not in found and found["n_anomalies"] == 12
    assert len(ours.analyze_results(found, X=table())["feature_importance"]) == 4


# --- profiles -------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["Runs", "list", "nested list", "objects", "list of Runs"])
def test_runs_of_unequal_length_are_recognised(ours: RunsEngine, form: str, runs: Runs) -> None:
    arrays = runs.arrays
    X: Any = {
        "Runs": runs,
        "list": arrays,
        "nested list": [a.tolist() for a in arrays],
        "objects": np.array([*arrays, None], dtype=object)[:-1],
        "list of Runs": [runs[:5], runs[5:]],
    }[form]
    profile = ours.profile_data(X)
    named = ["T", "p", "feed"] if "Runs" in form else ["channel_0", "channel_1", "channel_2"]
    assert profile == {
        "data_type": "runs",
        "n_samples": 20,
        "n_features": 3,
        "n_timesteps": int(np.median(runs.lengths)),
        "shortest": 22,
        "longest": 26,
        "unequal_length": True,
        "has_nan": False,
        "channel_names": named,
    }
    assert json.loads(json.dumps(profile)) == profile


@pytest.mark.parametrize(
    "X",
    [as_matrix(6), as_matrix(6).tolist(), list(as_matrix(6)), as_matrix(6).astype(np.float32)],
    ids=["array", "nested list", "list", "float32"],
)
def test_three_axes_are_runs(ours: RunsEngine, X: Any) -> None:
    profile = ours.profile_data(X)
    assert (profile["data_type"], profile["n_samples"], profile["n_features"]) == ("runs", 6, 3)
    assert profile["n_timesteps"] == 24 and not profile["unequal_length"]


def test_unequal_rows_are_univariate_runs(ours: RunsEngine) -> None:
    profile = ours.profile_data([[1.0, 2.0, 3.0], [1.0, None]])
    assert (profile["n_features"], profile["longest"], profile["has_nan"]) == (1, 3, True)


def test_a_matrix_is_a_set_of_runs_where_it_is_called_so(ours: RunsEngine) -> None:
    profile = ours.profile_data(as_matrix(6)[..., 0], data_type="runs")
    assert (profile["n_samples"], profile["n_timesteps"], profile["n_features"]) == (6, 24, 1)


@pytest.mark.parametrize(
    ("X", "data_type", "message"),
    [
        ([[1.0, 2.0], [1.0, "x", 3.0]], None, "run 1 holds text"),
        ([np.zeros((4, 2)), np.zeros((4, 3))], None, "run 1 has 3 channels, run 0 has 2"),
        ([np.zeros((4, 2)), 5.0], None, "run 1 has 0 dimensions"),
        ([np.zeros((2, 3, 4))] * 2, None, "run 0 has 3 dimensions"),
        ([[[1.0], [2.0, 3.0]], [[1.0]]], None, "run 0 is ragged"),
        (np.zeros((0, 4, 2)), None, "X holds no run"),
        (["a", "b"], "runs", "run 0 holds text"),
        ({"a": 1}, "runs", "X holds dict"),
        (np.zeros(5), "runs", "X has 1 dimension"),
    ],
)  # fmt: skip
def test_what_only_looks_like_runs_is_refused_with_the_reason(
    ours: RunsEngine, X: Any, data_type: str | None, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        ours.investigate(X, data_type=data_type)


# --- plans ----------------------------------------------------------------------------------------


@every_priority
def test_our_detectors_are_planned_for_runs(ours: RunsEngine, priority: str) -> None:
    plan = ours.plan_detection(PROFILE, priority)
    plans = [plan, *plan["alternatives"]]
    assert len(plans) == 3
    assert {each["detector_name"] for each in plans} <= DETECTORS
    for each in plans:
        assert each["params"]["contamination"] == 0.1
        assert each["reason"] and each["evidence"] == ["tsad_plugin: docs/benchmark.md"]
    assert json.loads(json.dumps(plan)) == plan


def test_accuracy_brings_a_network_in_second(ours: RunsEngine) -> None:
    plan = ours.plan_detection(PROFILE, "accuracy")
    names = [each["detector_name"] for each in (plan, *plan["alternatives"])]
    assert names == ["PCAReconstruction", "LSTMVAE", "PopulationBand"]


def test_speed_trains_no_network_first(ours: RunsEngine) -> None:
    plan = ours.plan_detection(PROFILE, "speed")
    assert not issubclass(
        getattr(tsad_plugin, plan["detector_name"]), tsad_plugin.autoencoder.SequenceAutoEncoder
    )


def test_as_many_alternatives_as_are_asked_for(ours: RunsEngine) -> None:
    plan = ours.plan_detection(PROFILE, top_k=5)
    names = [each["detector_name"] for each in (plan, *plan["alternatives"])]
    assert len(set(names)) == 5
    assert ours.plan_detection(PROFILE, top_k=1)["alternatives"] == []


@every_priority
def test_what_is_excluded_is_not_planned(ours: RunsEngine, priority: str) -> None:
    excluded: list[str] = []
    while True:
        constraints = {"exclude_detectors": list(excluded)}
        plan = ours.plan_detection(PROFILE, priority, constraints)
        if not (name := plan["detector_name"]):
            break
        assert name in DETECTORS - set(excluded)
        excluded.append(name)
    assert plan["note"] == "no_valid_plan" and set(excluded) == DETECTORS


def test_a_language_model_chooses_among_our_detectors(ours: RunsEngine) -> None:
    prompts = []

    def model(prompt: str) -> str:
        prompts.append(prompt)
        return '[{"detector": "LSTMVAE", "justification": "order matters"}]'

    plan = ours.plan_detection(PROFILE, llm_client=model, llm_strict=True)
    assert plan["detector_name"] == "LSTMVAE" and plan["reason"] == "order matters"
    assert "PopulationBand" in prompts[0] and "IForest" not in prompts[0]


def test_a_seed_reaches_the_detectors_that_have_one(runs: Runs) -> None:
    seeded = engine(random_state=7)
    assert seeded.build_detector(quick_plan(seeded)).random_state == 7
    assert engine().build_detector(quick_plan(seeded)).random_state == 42
    assert not hasattr(seeded.build_detector(seeded.make_plan(["PopulationBand"])), "random_state")
    own = quick_plan(seeded, random_state=3)
    assert seeded.build_detector(own).random_state == 3
    scores = [engine(s).run_detection(runs, quick_plan(seeded))["scores_train"] for s in (7, 7, 8)]
    np.testing.assert_array_equal(scores[0], scores[1])
    assert not np.allclose(scores[0], scores[2])


# --- results --------------------------------------------------------------------------------------


def test_a_result_names_the_outlier_runs_and_why(result: dict[str, Any], runs: Runs) -> None:
    assert result["run_ids"] == runs.ids.tolist()
    found = result["outlier_runs"]
    assert [r["run"] for r in found] == ["B-3", "B-7"] or [r["run"] for r in found] == [
        "B-7", "B-3",
    ]  # fmt: skip
    why = result["detector"].explain(runs, run=found[0]["run"])
    assert found[0]["text"] == why.text and found[0]["score"] == pytest.approx(why.score)
    assert list(found[0]["channels"]) == list(why.channels) and next(iter(why.channels)) == "p"
    assert found[0]["worst_stretch"] == {
        "start": why.start,
        "end": why.end,
        "start_time": why.start_time,
        "end_time": why.end_time,
    }
    json.dumps(found)


def test_runs_are_scored_as_by_the_detector_alone(ours: RunsEngine, runs: Runs) -> None:
    X, new = [a.tolist() for a in runs.arrays], as_matrix(4)
    found = ours.run_detection(X, quick_plan(ours), X_test=new)
    alone = FCAutoEncoder(**QUICK).fit(runs)
    np.testing.assert_array_equal(found["scores_train"], alone.decision_scores_)
    np.testing.assert_array_equal(found["scores_test"], alone.decision_function(new))
    np.testing.assert_array_equal(found["labels_test"], alone.predict(new))
    assert found["run_ids"] == list(range(20))


def test_flat_rows_of_several_channels_are_runs(ours: RunsEngine) -> None:
    X = as_matrix(12)
    found = ours.run_detection(X.reshape(12, -1), quick_plan(ours, n_channels=3))
    alone = FCAutoEncoder(**QUICK).fit(X)
    np.testing.assert_array_equal(found["scores_train"], alone.decision_scores_)
    why = ours.explain_findings(found, [0], X=X.reshape(12, -1))[0]
    assert len(why["channels"]) == 3


def test_a_detector_on_rows_gives_runs_without_reasons(ours: RunsEngine, runs: Runs) -> None:
    found = ours.run_detection(runs, ours.make_plan(["OnRuns"], params=[{"detector": "PCA"}]))
    assert isinstance(found["detector"], OnRuns) and found["detector"].detector == "PCA"
    assert found["outlier_runs"][0].keys() == {"index", "run", "score"}
    report = ours.generate_report(found, ours.analyze_results(found))
    assert re.search(r"^- run B-[37]: score [\d.e+]+$", report, re.MULTILINE)
    assert "text" not in ours.explain_findings(found, X=runs)[0]


@pytest.mark.parametrize("X", [as_matrix(6), waves(6, lengths=(20, 22))], ids=["array", "list"])
@pytest.mark.parametrize(
    ("name", "advice"),
    [
        ("KNN", "OnRuns with the parameters {'detector': 'KNN'}, or a detector of"),
        ("KShape", "a detector of list_detectors('runs')"),
    ],
)
def test_a_detector_that_takes_no_runs_says_what_to_plan(
    ours: RunsEngine, X: Any, name: str, advice: str
) -> None:
    with pytest.raises(ValueError, match=re.escape(f"{name} takes none: plan {advice}")):
        ours.run_detection(X, ours.make_plan([name]))


def test_an_analysis_names_runs(ours: RunsEngine, result: dict[str, Any], runs: Runs) -> None:
    analysis = ours.analyze_results(result, X=runs, top_k=3)
    top = analysis["top_anomalies"]
    assert [entry["run"] for entry in top] == [runs.ids[entry["index"]] for entry in top]
    assert len(top) == 3 and analysis["outlier_runs"] == result["outlier_runs"]
    assert "2 anomalies detected out of 20 samples" in analysis["summary"]
    json.dumps(analysis)


def test_columns_of_univariate_runs_are_no_features(ours: RunsEngine) -> None:
    X = as_matrix(12)[..., 0]
    found = ours.run_detection(X, quick_plan(ours))
    assert "feature_importance" not in ours.analyze_results(found, X=X)
    assert "contributing_features" not in ours.explain_findings(found, X=X)[0]


def test_findings_are_explained(ours: RunsEngine, result: dict[str, Any], runs: Runs) -> None:
    first, *_ = found = ours.explain_findings(result, top_k=3)
    assert len(found) == 3 and first["run"] in ("B-3", "B-7") and first["label"] == "anomaly"
    assert first["narrative"].startswith(f"Run {first['run']} has the score ")
    assert first["text"].startswith(f"run {first['run']}: score ")
    assert "text" not in found[2] and found[2]["label"] == "normal"
    with_runs = ours.explain_findings(result, top_k=3, X=runs)
    assert with_runs[:2] == found[:2]
    assert with_runs[2]["text"] == result["detector"].explain(runs, with_runs[2]["run"]).text
    json.dumps(with_runs)


def test_findings_are_explained_by_position(
    ours: RunsEngine, result: dict[str, Any], runs: Runs
) -> None:
    found = ours.explain_findings(result, [5, 99, -1, 7], X=runs)
    assert [entry["run"] for entry in found] == ["B-5", "B-7"]
    assert ours.explain_findings(result, [], X=runs) == []


def test_findings_in_other_runs_are_refused(
    ours: RunsEngine, result: dict[str, Any], runs: Runs
) -> None:
    with pytest.raises(ValueError, match="X holds 12 runs that are not the 20 of the result"):
        ours.explain_findings(result, X=runs[:12])


def test_findings_in_runs_of_other_values_are_refused(ours: RunsEngine) -> None:
    found = ours.run_detection(as_matrix(12), ours.make_plan(["PopulationBand"]))
    normal = int(np.argmin(found["scores_train"]))
    with pytest.raises(ValueError, match="X holds other values than the result was made from"):
        ours.explain_findings(found, [normal], X=as_matrix(12, seed=9) + 1e3)


def test_a_thresholder_in_a_plan_leaves_the_next_step_to_pyod(ours: RunsEngine) -> None:
    found = ours.run_detection(
        as_matrix(12), ours.make_plan(["PopulationBand"], params=[{"contamination": KSigma(1)}])
    )
    step = ours.suggest_next_step(found, ours.analyze_results(found), "too many false positives")
    before = step["threshold_adjustment"]["current_contamination"]
    assert before == found["anomaly_ratio"] and step["action"] == "adjust_threshold"


def test_feedback_that_pyod_cannot_reckon_with_is_told(ours: RunsEngine) -> None:
    state = ours.plan(ours.start(as_matrix(12)))
    state.plans = [ours.make_plan(["PopulationBand"], params=[{"contamination": KSigma(1)}])]
    state = ours.analyze(ours.run(state))
    with pytest.raises(ValueError, match="make a plan with another one, for example KSigma"):
        ours.iterate(state, "too many false positives")


def test_a_run_cannot_write_headings_into_a_report(ours: RunsEngine) -> None:
    X = as_matrix(12)
    X[0] *= 3
    runs = Runs(X, ids=["a\n## Fake", *map(str, range(11))])
    found = ours.run_detection(runs, ours.make_plan(["PopulationBand"]))
    report = ours.generate_report(found, ours.analyze_results(found))
    assert "run a ## Fake:" in report and "\n## Fake" not in report


def test_labels_are_those_of_the_detector(ours: RunsEngine, runs: Runs) -> None:
    plan = quick_plan(ours, contamination=IQR())
    found = ours.run_detection(runs, plan)
    labels = ["anomaly" if label else "normal" for label in found["detector"].labels_]
    said = ours.explain_findings(found, list(range(20)))
    assert [entry["label"] for entry in said] == labels
    assert all(f"labelled {entry['label']}" in entry["narrative"] for entry in said)
    assert {r["index"] for r in found["outlier_runs"]} == set(
        np.flatnonzero(found["labels_train"]).tolist()
    )


def test_ids_and_times_of_any_kind_become_json(ours: RunsEngine) -> None:
    start = datetime(2024, 5, 1)
    runs = Runs(
        waves(12),
        ids=[("line", i) for i in range(12)],
        times=[[start + timedelta(hours=h) for h in range(24)]] * 12,
    )
    found = ours.run_detection(runs, quick_plan(ours))
    record = json.loads(json.dumps(found["outlier_runs"]))[0]
    assert record["run"].startswith("('line', ")
    assert record["worst_stretch"]["start_time"].startswith("2024-05-01 ")


def test_a_report_on_one_detector_names_the_runs(ours: RunsEngine, result: dict[str, Any]) -> None:
    analysis = ours.analyze_results(result)
    text = ours.generate_report(result, analysis)
    assert "**Detector:** FCAutoEncoder" in text
    for record in result["outlier_runs"]:
        assert f"\n- {record['text']}\n" in text
    found = json.loads(ours.generate_report(result, analysis, format="json"))
    assert found["outlier_runs"] == result["outlier_runs"] and found["n_anomalies"] == 2
    with pytest.raises(ValueError, match="Unknown report format: 'html'"):
        ours.generate_report(result, analysis, format="html")


def test_a_report_shortens_a_long_list(ours: RunsEngine) -> None:
    runs = as_named(waves(30))
    found = ours.run_detection(runs, quick_plan(ours, contamination=0.5))
    text = ours.generate_report(found, ours.analyze_results(found))
    names = [record["run"] for record in found["outlier_runs"]]
    assert text.endswith(f"- and 5 runs more: {', '.join(names[10:])}\n")


def test_a_report_says_that_there_is_no_outlier(ours: RunsEngine) -> None:
    plan = quick_plan(ours, contamination=KSigma(50))
    found = ours.run_detection(as_matrix(12), plan)
    text = ours.generate_report(found, ours.analyze_results(found))
    assert text.endswith("## Outlier Runs\n\nnone\n")


# --- investigations -------------------------------------------------------------------------------


def quick_state(of: RunsEngine, X: Any, names: list[str]) -> Any:
    """An investigation planned with these detectors, quickly trained."""
    state = of.start(X)
    state = of.plan(state)
    plans = [of.make_plan([name], params=[_quick(name)]) for name in names]
    state.plans = plans
    return state


def _quick(name: str) -> dict[str, Any]:
    known = signature(getattr(tsad_plugin, name, object)).parameters
    return {k: v for k, v in QUICK.items() if k in known and name != "PCAReconstruction"}


def test_an_investigation_of_runs_ends_in_a_report(ours: RunsEngine, runs: Runs) -> None:
    state = ours.investigate(runs, priority="speed")
    assert state.profile["data_type"] == "runs" and state.next_action["action"] != "iterate"
    assert all(result["status"] == "success" for result in state.results)
    names = [plan["detector_name"] for plan in state.plans]
    assert set(names) <= DETECTORS and len(names) == 3
    assert {r["run"] for r in state.analysis["outlier_runs"]} == {"B-3", "B-7"}
    text = ours.report(state)
    for name in names:
        assert name in text
    assert re.search(r"## Flagged by Most of .*\n\n- run B-[37]: \w+, ", text)
    found = json.loads(json.dumps(ours.report(state, format="json")))
    assert {r["run"] for r in found["session"]["outlier_runs"]} == {"B-3", "B-7"}
    assert found["session"]["detectors"] == names
    assert found["best_detector"]["analysis"]["outlier_runs"]
    with pytest.raises(ValueError, match="Unknown report format"):
        ours.report(state, format="html")


@pytest.mark.parametrize("form", ["array", "nested list"])
def test_arrays_and_lists_are_investigated(ours: RunsEngine, form: str, runs: Runs) -> None:
    X: Any = as_matrix(14) if form == "array" else [a.tolist() for a in runs.arrays]
    state = ours.investigate(X, priority="speed")
    assert len(state.results) == 3 and len(state.consensus["scores"]) == len(X)
    checked = ours.validate(state, np.arange(len(X)) % 2)
    assert checked["consensus"]["n_flagged"] == state.consensus["labels"].sum()
    assert ours.contamination_diagnostics(state, [0.05, 0.2])["effective_contamination"] == 0.1


def test_detection_in_one_call(ours: RunsEngine, runs: Runs) -> None:
    found = ours.detect(runs, priority="speed")
    assert {r["run"] for r in found["analysis"]["outlier_runs"]} == {"B-3", "B-7"}


def test_a_failed_detector_is_replaced_by_one_for_runs(ours: RunsEngine, runs: Runs) -> None:
    state = quick_state(ours, runs, ["PopulationBand", "FCAutoEncoder"])
    state.plans[1]["params"]["n_epochs"] = -1
    state = ours.run(state)
    assert state.next_action["action"] == "recover_detector_failure"
    assert set(state.next_action["suggested_replacements"]) <= DETECTORS
    state = ours.iterate(state, {"action": "recover", "detectors": ["OnRuns"]})
    state = ours.analyze(ours.run(state))
    assert [r["status"] for r in state.results] == ["success", "success"]
    assert state.results[1]["detector"].detector == "KNN"
    assert {r["run"] for r in state.analysis["outlier_runs"]} >= {"B-3", "B-7"}


def test_feedback_changes_the_plans(ours: RunsEngine, runs: Runs) -> None:
    state = quick_state(ours, runs, ["PopulationBand", "PCAReconstruction"])
    state = ours.analyze(ours.run(state))
    state = ours.iterate(state, {"action": "adjust_contamination", "value": 0.25})
    state = ours.analyze(ours.run(state))
    assert [r["n_anomalies"] for r in state.results] == [5, 5]
    state = ours.iterate(state, {"action": "include", "detectors": ["OnRuns"]})
    state = ours.analyze(ours.run(state))
    assert [r["detector_name"] for r in state.results][2] == "OnRuns"
    assert state.results[2]["status"] == "success"
    state = ours.iterate(state, "without the PopulationBand please")
    assert [p["detector_name"] for p in state.plans] == ["PCAReconstruction", "OnRuns"]
    state = ours.analyze(ours.run(state))
    state = ours.iterate(state, "run it again")
    assert state.phase == "planned" and len(state.plans) == 2


def test_feedback_in_words_is_confirmed_first(ours: RunsEngine, runs: Runs) -> None:
    state = ours.analyze(ours.run(quick_state(ours, runs, ["PopulationBand"])))
    state = ours.iterate(state, "too many outliers")
    assert state.next_action["proposed_change"] == {
        "action": "adjust_contamination", "value": 0.05,
    }  # fmt: skip


def test_when_all_are_excluded_others_for_runs_are_planned(ours: RunsEngine, runs: Runs) -> None:
    state = ours.analyze(ours.run(quick_state(ours, runs, ["PopulationBand"])))
    state = ours.iterate(state, {"action": "exclude", "detectors": ["PopulationBand"]})
    names = {plan["detector_name"] for plan in state.plans}
    assert len(names) == 3 and names <= DETECTORS - {"PopulationBand"}


def test_without_any_detector_an_investigation_says_so(ours: RunsEngine, runs: Runs) -> None:
    state = ours.plan(ours.start(runs), constraints={"exclude_detectors": sorted(DETECTORS)})
    assert state.plans == []
    state = ours.analyze(ours.run(state))
    assert state.next_action["action"] == "confirm_with_user"
    with pytest.raises(ValueError, match="No successful detectors to report on"):
        ours.report(state)


@pytest.mark.parametrize("feedback", ["try another detector", "an ensemble"])
def test_the_next_detector_takes_runs(
    ours: RunsEngine, result: dict[str, Any], feedback: str
) -> None:
    planned_first = {**result, "plan": ours.make_plan(["PCAReconstruction"])}
    for tried in (result, planned_first):
        analysis = ours.analyze_results(tried)
        plan = ours.suggest_next_step(tried, analysis, feedback)["new_plan"]
        assert plan["detector_name"] in DETECTORS - {tried["plan"]["detector_name"]}
        ours.build_detector(plan)


def test_planned_alternatives_come_first(ours: RunsEngine, runs: Runs) -> None:
    plan = ours.make_plan(["PopulationBand", "LSTMVAE"])
    found = ours.run_detection(runs, plan)
    step = ours.suggest_next_step(found, ours.analyze_results(found), "switch")
    assert step["new_plan"] == plan["alternatives"][0]


def test_a_share_is_suggested_as_by_pyod(ours: RunsEngine, result: dict[str, Any]) -> None:
    step = ours.suggest_next_step(result, ours.analyze_results(result), "too many false positives")
    assert step["threshold_adjustment"]["suggested_contamination"] == 0.05
    assert ours.suggest_next_step(result, ours.analyze_results(result))["action"] == "done"


# --- the MCP server -------------------------------------------------------------------------------


@pytest.fixture
def served(ours: RunsEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    """PyOD's tools with our engine behind them, as `serve_mcp` has it."""
    monkeypatch.setattr(tools, "_engine", ours)


@pytest.fixture(params=["npy", "json"])
def path(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A file of twenty runs, two of them faulty."""
    if request.param == "npy":
        X = np.concatenate([mirrored(as_matrix(2, seed=1), 1), as_matrix(18)])
        np.save(tmp_path / "runs.npy", X)
    else:
        text = json.dumps([a.tolist() for a in faulty(20).arrays])
        (tmp_path / "runs.json").write_text(text, "utf-8")
    return str(tmp_path / f"runs.{request.param}")


@pytest.mark.usefixtures("served")
def test_the_tools_lead_from_a_file_to_reasons(path: str) -> None:
    profile = tools.profile_data(path)
    assert json.loads(profile)["data_type"] == "runs"
    plan = tools.plan_detection(profile, priority="speed")
    assert json.loads(plan)["detector_name"] in DETECTORS
    names: dict[str, Any] = {}
    exec(json.loads(tools.build_detector(plan))["code_snippet"], names)
    assert type(names["clf"]).__name__ == json.loads(plan)["detector_name"]
    names["clf"].fit(tools._load_data(path))

    found = tools.run_detection(path, plan)
    np.testing.assert_allclose(json.loads(found)["scores_train"], names["clf"].decision_scores_)
    analysis = json.loads(tools.analyze_results(found, path))
    assert analysis["n_anomalies"] == 2
    for record in analysis["outlier_runs"]:
        assert record["text"].startswith(f"run {record['run']}: score ")
    why = json.loads(tools.explain_findings(found, top_k=3, data_path=path))
    assert [entry["label"] for entry in why] == ["anomaly", "anomaly", "normal"]
    assert why[0]["text"] == analysis["outlier_runs"][0]["text"] and "text" not in why[2]


@pytest.mark.usefixtures("served")
def test_the_tools_know_our_detectors() -> None:
    assert {d["name"] for d in json.loads(tools.list_detectors("runs"))} == DETECTORS
    assert json.loads(tools.explain_detector("OnRuns"))["class_path"] == "tsad_plugin.OnRuns"
    compared = json.loads(tools.compare_detectors(data_type="runs", top_k=2))
    assert {d["name"] for d in compared} <= DETECTORS


@pytest.mark.usefixtures("served")
def test_a_tool_says_what_is_wrong_with_runs(path: str) -> None:
    failed = json.loads(tools.run_detection(path, '{"detector_name": "KNN"}'))
    assert failed["error"] == "Detection failed" and "plan OnRuns" in failed["details"]


def test_the_server_serves_our_engine_and_then_leaves_pyods(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen: list[Any] = []

    def main() -> int:
        seen.append(tools._get_engine())
        return 0

    monkeypatch.setattr(tools, "main", main)
    before = tools._engine
    assert serve_mcp(random_state=5) == 0
    assert isinstance(seen[0], RunsEngine) and seen[0].random_state == 5
    assert tools._engine is before


@pytest.mark.parametrize(
    ("installed", "said"), [(None, "which is not installed"), ("2.3.0", "and 2.3.0 is installed")]
)
def test_a_missing_or_newer_mcp_is_told(
    installed: str | None, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from importlib.metadata import PackageNotFoundError

    def version(name: str) -> str:
        if installed is None:
            raise PackageNotFoundError(name)
        return installed

    monkeypatch.setitem(sys.modules, "mcp.server.fastmcp", None)
    monkeypatch.setattr("tsad_plugin.knowledge.server.version", version)
    with pytest.raises(ImportError, match=rf'{said}: pip install "mcp>=1.8,<2"$'):
        serve_mcp()


def test_the_command_tells_a_missing_mcp_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "mcp.py").write_text("raise ModuleNotFoundError('no mcp here')", "utf-8")
    code = (
        f"import sys, runpy; sys.path.insert(0, {str(tmp_path)!r}); "
        "runpy.run_module('tsad_plugin.knowledge', run_name='__main__')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 1 and done.stdout == ""
    assert re.fullmatch(r"PyOD's MCP server needs .*\n", done.stderr), done.stderr


def test_a_client_talks_to_the_server(path: str) -> None:
    async def talk() -> tuple[set[str], dict[str, Any], dict[str, Any]]:
        server = StdioServerParameters(
            command=sys.executable, args=["-m", "tsad_plugin.knowledge"], cwd=str(ROOT)
        )
        with anyio.fail_after(120):
            async with stdio_client(server) as streams, ClientSession(*streams) as session:
                await session.initialize()
                listed = {tool.name for tool in (await session.list_tools()).tools}
                profile = await call(session, "profile_data", data_path=path)
                plan = await call(session, "plan_detection", data_profile=profile)
                return listed, json.loads(profile), json.loads(plan)

    async def call(session: ClientSession, tool: str, **arguments: str) -> str:
        answer = await session.call_tool(tool, arguments)
        assert not answer.isError, answer
        return answer.content[0].text

    listed, profile, plan = anyio.run(talk)
    assert {"profile_data", "plan_detection", "run_detection", "explain_findings"} <= listed
    assert (profile["data_type"], profile["n_samples"]) == ("runs", 20)
    assert plan["detector_name"] in DETECTORS


def test_neither_package_nor_engine_loads_mcp() -> None:
    code = (
        "import sys, tsad_plugin.knowledge; tsad_plugin.knowledge.engine(); "
        "sys.exit('mcp' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


# --- real batches ---------------------------------------------------------------------------------


@pytest.mark.realdata
def test_the_dryer_batch_noted_as_outlier_is_reported(data_dir: Path) -> None:
    runs, ours = read_dryer(data_dir / "nylon_dryer" / "dryer.csv.gz"), engine()
    state = ours.investigate(runs)
    text = ours.report(state)
    assert state.analysis["best_detector"] in DETECTORS
    assert f"**Detector:** {state.analysis['best_detector']}" in text
    assert state.analysis["outlier_runs"][0]["run"] == 34
    names = [plan["detector_name"] for plan in state.plans]
    assert "\n- run 34: score " in text and f"\n- run 34: {', '.join(names)}\n" in text
