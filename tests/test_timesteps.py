"""Detectors of long series compared: measures of timesteps, and what is learned and judged."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from aeon.benchmarking.metrics import anomaly_detection as aeon
from comparisons import TABLE, results_of
from sklearn.metrics import average_precision_score, roc_auc_score
from sklearn.pipeline import make_pipeline

from tsad_plugin import (
    FCAutoEncoder,
    MovingAverage,
    OnRuns,
    PCAReconstruction,
    PopulationBand,
    Runs,
    WindowedDetector,
    benchmark,
)
from tsad_plugin.datasets import make_machines
from tsad_plugin.evaluation import (
    LabelledRuns,
    LabelledSeries,
    each_series,
    pairwise,
    summary,
    timesteps,
    write_report,
)
from tsad_plugin.evaluation.cells import COLUMNS
from tsad_plugin.evaluation.data_sets import as_labelled
from tsad_plugin.evaluation.takes import check_suits
from tsad_plugin.evaluation.timesteps import (
    EXTRA,
    by_aeon,
    chosen_measures,
    measure_timesteps,
)

INSTALL = r'pip install "tsad_plugin\[benchmark\]"'
# Two series with an abnormal stretch or two, a normal one, and one that is abnormal throughout.
TRUTH = [np.zeros(n, dtype=bool) for n in (60, 40, 30, 10)]
TRUTH[0][20:30] = TRUTH[0][50:] = TRUTH[1][5:20] = TRUTH[3][:] = True


def measured(
    scores_of: Callable[[Any], Any], labels_of: Callable[[Any], Any], **options: Any
) -> dict[str, float]:
    """Measures of what functions of the truth say."""
    scores = [np.asarray(scores_of(truth), dtype=float) for truth in TRUTH]
    labels = [np.asarray(labels_of(truth), dtype=int) for truth in TRUTH]
    return measure_timesteps(TRUTH, scores, labels, EXTRA, **options)


def random(seed: int) -> tuple[list[Any], list[Any]]:
    rng = np.random.default_rng(seed)
    scores = [np.round(rng.normal(size=len(t)) + t, 1) for t in TRUTH]
    return scores, [(s > 0.7).astype(int) for s in scores]


class Clock:
    """Scores a timestep by how late it is; of no library."""

    def __init__(self, limit: int = 10, seen: str = "") -> None:
        self.limit = limit
        self.seen = seen

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        return {"limit": self.limit, "seen": self.seen}

    def set_params(self, **values: Any) -> "Clock":
        vars(self).update(values)
        return self

    def fit(self, X: Any) -> "Clock":
        if self.seen:
            with Path(self.seen).open("a") as file:
                file.write(json.dumps([a[:, 0].tolist() for a in X.arrays]) + "\n")
        return self

    def decision_function(self, X: Any) -> Any:
        return np.concatenate([np.arange(n, dtype=float) for n in X.lengths])

    def predict(self, X: Any) -> Any:
        return (self.decision_function(X) >= self.limit).astype(int)


def numbers(flags: list[Any], **more: Any) -> Runs:
    """Series whose rows are numbered through, with these labels."""
    rows, first = [], 0
    for labels in flags:
        rows.append(np.arange(first, first + len(labels), dtype=float)[:, None])
        first += len(labels)
    return Runs(rows, timestep_labels=[np.asarray(f) for f in flags], **more)


def quick(detectors: Any, datasets: Any, seeds: Any = 1, **options: Any) -> pd.DataFrame:
    return benchmark(detectors, datasets, seeds, verbose=0, **options)


# -- measures --------------------------------------------------------------------------------------


def test_perfect_scores_and_labels_have_ones_and_no_alarm_is_false() -> None:
    found = measured(lambda truth: truth, lambda truth: truth, buffer=0)
    ones = {"roc_auc", "average_precision", "precision_at_n", "f1", "accuracy", "recall", *EXTRA}
    assert {name: found[name] for name in ones} == pytest.approx(dict.fromkeys(ones, 1.0))
    assert (found["far"], found["mar"]) == (0, 0)


def test_reversed_scores_are_worse_than_chance_and_constant_ones_are_a_half() -> None:
    found = measured(lambda truth: ~truth, lambda truth: ~truth, buffer=2)
    assert (found["roc_auc"], found["f1"], found["far"], found["mar"]) == (0, 0, 1, 1)
    assert found["vus_pr"] < 0.5 and found["range_f1"] == found["range_recall"] == 0
    constant = measured(np.ones_like, np.zeros_like)
    assert constant["roc_auc"] == 0.5
    assert constant["average_precision"] == pytest.approx((20 / 60 + 15 / 40) / 2)
    assert [constant[name] for name in EXTRA] == [0] * 5


def test_by_chance_the_roc_auc_is_about_a_half_and_vus_pr_about_the_share_of_what_is_abnormal() -> (
    None
):
    rng = np.random.default_rng(0)
    truth = np.zeros(3000, dtype=bool)
    truth[1000:1600] = True
    found = measure_timesteps([truth], [rng.random(3000)], [np.zeros(3000, int)], ["vus_pr"])
    assert found["roc_auc"] == pytest.approx(0.5, abs=0.03)
    assert found["vus_pr"] == pytest.approx(0.2, abs=0.04)


@pytest.mark.parametrize("seed", range(3))
def test_measures_of_scores_are_means_over_series_with_both_kinds(seed: int) -> None:
    scores, labels = random(seed)
    found = measure_timesteps(TRUTH, scores, labels)
    for name, measure in (
        ("roc_auc", roc_auc_score),
        ("average_precision", average_precision_score),
    ):
        values = [measure(t, s) for t, s in zip(TRUTH[:2], scores[:2], strict=True)]
        assert found[name] == pytest.approx(np.mean(values))
    assert found["roc_auc_low"] <= found["roc_auc"] <= found["roc_auc_high"]
    assert EXTRA[0] not in found


@pytest.mark.parametrize("seed", range(3))
def test_measures_of_labels_count_the_timesteps_of_all_series_one_by_one(seed: int) -> None:
    scores, labels = random(seed)
    found = measure_timesteps(TRUTH, scores, labels)
    hits = alarms = missed = passed = 0
    for truth, flagged in zip(TRUTH, labels, strict=True):
        for abnormal, flag in zip(truth.tolist(), flagged.tolist(), strict=True):
            hits += abnormal and flag
            alarms += not abnormal and flag
            missed += abnormal and not flag
            passed += not abnormal and not flag
    assert found["far"] == pytest.approx(alarms / (alarms + passed))
    assert found["mar"] == pytest.approx(missed / (missed + hits))
    assert found["f1"] == pytest.approx(2 * hits / (2 * hits + alarms + missed))


def test_one_alarm_in_a_stretch_is_one_hit_and_not_the_whole_stretch() -> None:
    truth, labels = np.zeros(100, dtype=bool), np.zeros(100, dtype=int)
    truth[50:70] = True
    labels[55] = 1
    found = measure_timesteps([truth], [labels.astype(float)], [labels], ["range_recall"])
    assert found["recall"] == 1 / 20 and found["mar"] == 19 / 20
    assert found["range_recall"] == pytest.approx(
        0.5 + 0.5 / 20
    )  # it was noticed, and a 20th of it


@pytest.mark.parametrize("seed", range(2))
def test_measures_of_aeon_are_what_it_says_of_each_series(seed: int) -> None:
    scores, labels = random(seed)
    found = measure_timesteps(TRUTH, scores, labels, EXTRA, buffer=8)
    direct: dict[str, list[float]] = {name: [] for name in EXTRA}
    for truth, s, flagged in zip(TRUTH[:2], scores, labels, strict=False):
        y = truth.astype(int)
        direct["vus_pr"].append(aeon.range_pr_vus_score(y, s, 8))
        direct["pr_auc"].append(aeon.pr_auc_score(y, s))
        direct["range_f1"].append(aeon.range_f_score(y, flagged))
        direct["range_precision"].append(aeon.range_precision(y, flagged))
        direct["range_recall"].append(aeon.range_recall(y, flagged, alpha=0.5))
    assert {n: found[n] for n in EXTRA} == pytest.approx({n: np.mean(direct[n]) for n in EXTRA})
    p, r = direct["range_precision"][0], direct["range_recall"][0]
    assert direct["range_f1"][0] == pytest.approx(2 * p * r / (p + r))


def test_within_the_buffer_an_alarm_near_a_stretch_is_less_wrong_than_one_far_from_it() -> None:
    truth = np.zeros(400, dtype=bool)
    truth[200:240] = True

    def vus_pr(alarm: int, buffer: int) -> float:
        scores = truth + np.linspace(0, 1e-3, 400)
        scores[alarm : alarm + 10] += 2
        return by_aeon(truth, scores, truth.astype(int), ["vus_pr"], buffer)["vus_pr"]

    assert vus_pr(185, 60) > vus_pr(50, 60) + 0.05
    assert vus_pr(185, 0) == pytest.approx(vus_pr(50, 0))


def test_without_a_series_of_both_kinds_there_is_nothing_to_rank() -> None:
    found = measure_timesteps(
        TRUTH[2:], [t * 1.0 for t in TRUTH[2:]], [t * 1 for t in TRUTH[2:]], EXTRA
    )
    assert all(np.isnan(found[name]) for name in ("roc_auc", "roc_auc_low", *EXTRA))
    assert (found["f1"], found["far"], found["mar"]) == (1, 0, 0)


# -- without aeon ----------------------------------------------------------------------------------


def test_measures_of_aeon_are_all_that_can_be_had_or_those_that_are_named() -> None:
    assert chosen_measures(None) == EXTRA
    assert chosen_measures(["range_f1", "vus_pr"]) == ("vus_pr", "range_f1")
    assert chosen_measures([]) == ()
    with pytest.raises(
        ValueError, match=r"must be of vus_pr, .*got 'vus_rp'; did you mean 'vus_pr'"
    ):
        chosen_measures(["vus_rp"])


def test_without_aeon_its_measures_are_left_out_and_by_name_they_are_an_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in [n for n in sys.modules if n.split(".")[0] == "aeon"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "aeon", None)  # an import raises
    monkeypatch.setattr(timesteps, "find_spec", lambda name: None)
    data = {"a": LabelledSeries(numbers([[0] * 12 + [1] * 6] * 4), normal=0)}
    results = quick({"clock": Clock()}, data)
    assert tuple(results.columns) == COLUMNS and (results.error == "").all()
    with pytest.raises(ModuleNotFoundError, match=f"vus_pr needs aeon, .*{INSTALL}$"):
        quick({"clock": Clock()}, data, timestep_measures=["vus_pr"])
    with pytest.raises(ValueError, match=f"results have no 'vus_pr'.*{INSTALL}$"):
        summary(results, "vus_pr")


# -- data ------------------------------------------------------------------------------------------


def test_timesteps_are_judged_where_they_are_labelled() -> None:
    machines = make_machines(3, 200)
    train, test = numbers([[0, 0]]), numbers([[0, 1]])
    assert as_labelled(machines).sample == "timestep"
    assert as_labelled((Runs(train.arrays), test)).sample == "timestep"
    assert as_labelled(LabelledRuns(machines)).sample == "run"
    assert as_labelled(Runs(train.arrays, labels=["a"])).sample == "run"


@pytest.mark.parametrize(
    ("labels", "normal"), [(["normal", "failed"], "normal"), ([0, 1], 0), (["NORMAL", "x"], None)]
)
def test_normal_is_what_is_said_to_be_or_most_frequent(labels: list[Any], normal: Any) -> None:
    good, bad = labels
    data = LabelledSeries(numbers([[good] * 5 + [bad] * 2, [good] * 3]), normal=normal)
    (split,) = LabelledSeries(data.runs, data.runs, normal=normal).splits("unsupervised", 2, 0)
    assert data.take(split)[2].tolist() == [False] * 5 + [True] * 2 + [False] * 3
    assert data.outlier.tolist() == [True, False]


def test_normal_stretches_are_learned_from_or_all_rows() -> None:
    runs = numbers([[0, 0, 0, 1, 1, 0, 0, 1, 0], [0, 0], [1, 1]], ids=["A", "B", "C"])
    data = LabelledSeries(runs, runs, normal=0)
    for protocol, expected in (
        ("semi-supervised", [[0, 1, 2], [5, 6], [9, 10]]),  # the single row 8 is no series
        ("unsupervised", [list(range(9)), [9, 10], [11, 12]]),
    ):
        (split,) = data.splits(protocol, 2, 0)
        train, test, _ = data.take(split)
        assert [a[:, 0].tolist() for a in train.arrays] == expected
        assert test.lengths.tolist() == [9, 2, 2]
        assert train.timestep_labels is None and test.timestep_labels is None
    names = data.take(data.splits("semi-supervised", 2, 0)[0])[0].ids.tolist()
    assert names == ["A[0:3]", "A[5:7]", "B"]


def test_times_are_cut_with_the_rows_and_the_data_stay_as_they_were() -> None:
    runs = numbers([[0, 0, 1, 0, 0]], times=[np.arange(5) * 10.0])
    data = LabelledSeries(runs, runs)
    train = data.take(data.splits("semi-supervised", 2, 0)[0])[0]
    assert train.times is not None and [t.tolist() for t in train.times] == [[0, 10], [30, 40]]
    train.arrays[0][:] = -1
    assert runs.arrays[0][0] == 0 and runs.timestep_labels is not None


def test_series_to_learn_from_need_no_labels_and_are_normal() -> None:
    test = numbers([[1, 1, 1, 0]])
    data = LabelledSeries(Runs(numbers([[0] * 6]).arrays), test, normal=0)
    train, _, outlier = data.take(data.splits("semi-supervised", 2, 0)[0])
    assert train.lengths.tolist() == [6] and outlier.tolist() == [True] * 3 + [False]


def test_every_series_is_judged_in_one_fold_and_faults_are_spread() -> None:
    runs = numbers([[0] * 4 + [i % 2] * 2 for i in range(8)])
    splits = LabelledSeries(runs, normal=0).splits("semi-supervised", 2, 0)
    assert sorted(np.concatenate([s.test for s in splits]).tolist()) == list(range(8))
    assert [sum(i % 2 for i in s.test.tolist()) for s in splits] == [2, 2]
    grouped = LabelledSeries(runs, normal=0, groups=[0, 0, 1, 1, 2, 2, 3, 3])
    assert all(len(s.test) % 2 == 0 for s in grouped.splits("semi-supervised", 2, 0))


def test_each_series_can_be_a_set_of_its_own() -> None:
    runs = numbers([[0] * 8 + [1] * 4, [1] * 2 + [0] * 8], ids=["a/1", "b"])
    sets = each_series(runs, n_train=6)
    assert list(sets) == ["a/1", "b"]
    train, test, outlier = sets["b"].take(sets["b"].splits("semi-supervised", 2, 0)[0])
    assert train.arrays[0][:, 0].tolist() == [14, 15, 16, 17]
    assert test.arrays[0][:, 0].tolist() == [18, 19, 20, 21] and not outlier.any()
    with pytest.raises(ValueError, match="run 'b' has 10 timesteps: after the first 9 too few"):
        each_series(runs, n_train=9)


def test_the_digest_tells_labels_buffers_and_runs_apart() -> None:
    def labelled(last: int, cls: Any = LabelledSeries, **more: Any) -> str:
        return cls(numbers([[0, 0, 0, last]] * 2, labels=[0, 0]), normal=0, **more).digest

    assert labelled(0) == labelled(0)
    others = [labelled(1), labelled(0, buffer=5), labelled(0, LabelledRuns)]
    assert len({labelled(0), *others}) == 4


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: LabelledSeries(Runs([np.zeros((3, 1))])), "runs have no timestep_labels"),
        (
            lambda: LabelledSeries(numbers([[0, 0]]), Runs([np.zeros((3, 1))])),
            "test have no timestep_labels",
        ),
        (lambda: LabelledSeries(numbers([[0, np.nan]])), "timestep 1 of run 0 has no label"),
        (lambda: LabelledSeries(numbers([[0, 1]]), normal="ok"), "no timestep has the label 'ok'"),
        (lambda: LabelledSeries(numbers([[0, 1]]), buffer=-1), "buffer must be an integer"),
        (lambda: LabelledRuns(numbers([[0, 1]])), "runs have no labels.*LabelledSeries"),
        (lambda: LabelledSeries(np.zeros((3, 2))), "runs must be Runs"),
        (lambda: each_series(numbers([[0, 1]]), n_train=0), "n_train must be an integer"),
    ],
)
def test_bad_data_are_told(make: Callable[[], Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()


# -- the grid --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("detector", "advice"),
    [
        (FCAutoEncoder(), r"wrap it: WindowedDetector\(FCAutoEncoder\(\)\)"),
        (OnRuns("KNN"), r"wrap it: WindowedDetector\('KNN'\)"),
        (PopulationBand(), "take a WindowedDetector"),
    ],
)
def test_detectors_of_runs_are_refused_where_timesteps_are_judged(
    detector: Any, advice: str
) -> None:
    with pytest.raises(ValueError, match=f"data set 'm': .*scores runs, .*{advice}"):
        quick([detector], {"m": make_machines(2, 200)})


def test_detectors_of_timesteps_are_refused_where_runs_are_judged() -> None:
    data = LabelledRuns(make_machines(4, 200))
    for detector in (WindowedDetector(), make_pipeline(MovingAverage(3), WindowedDetector())):
        with pytest.raises(ValueError, match=r"data set 'm': 'd' scores timesteps, .*labels"):
            quick({"d": detector}, {"m": data})
    check_suits("d", WindowedDetector(), LabelledSeries(data.runs))


def test_what_is_no_detector_of_pyods_is_told_by_the_number_of_its_scores() -> None:
    runs = numbers([[0] * 6 + [1]] * 4, labels=[0, 0, 1, 1])
    of_runs, of_timesteps = (
        quick({"clock": Clock()}, {"a": data})
        for data in (LabelledRuns(runs), LabelledSeries(runs, buffer=2))
    )
    assert of_runs.error.str.contains(r"scores of shape \(14,\) for 2 runs: one each").all()
    assert (of_timesteps.error == "").all()


def test_a_row_counts_timesteps_and_says_what_was_judged(tmp_path: Path) -> None:
    runs = numbers([[0] * 12 + [1] * 6] * 4)
    seen = tmp_path / "seen"
    results = quick(
        {"clock": Clock(12, str(seen))}, {"a": LabelledSeries(runs, normal=0, buffer=2)}
    )
    end = COLUMNS.index("threshold")
    assert tuple(results.columns) == (*COLUMNS[:end], *EXTRA, *COLUMNS[end:])
    assert results["sample"].tolist() == ["timestep"] * 2
    assert results[["n_train", "n_test", "n_outliers"]].to_numpy().tolist() == [[24, 36, 12]] * 2
    assert (
        (results.roc_auc == 1).all() and (results.f1 == 1).all() and (results.range_f1 == 1).all()
    )
    learned = [row for line in seen.read_text().splitlines() for row in json.loads(line)]
    assert len(learned) == 4 and all(len(rows) == 12 for rows in learned)


def test_a_series_without_both_kinds_is_told() -> None:
    results = quick({"clock": Clock()}, {"a": LabelledSeries(numbers([[0] * 9] * 2), normal=0)})
    assert results.error.str.startswith("none of the 1 series judged has both").all()
    assert results.far.notna().all() and results.vus_pr.isna().all()


def test_without_normal_rows_a_fit_fails_and_the_rest_goes_on() -> None:
    sets = {"a": (numbers([[1] * 40]), numbers([[0] * 40, [0, 1] * 20]))}
    results = quick([WindowedDetector(PCAReconstruction(), 4)], sets)
    assert results.error.str.startswith("ValueError").all()


def test_what_is_kept_is_not_computed_again_unless_other_measures_are_asked(tmp_path: Path) -> None:
    runs = numbers([[0] * 12 + [1] * 6] * 4, labels=[0, 0, 1, 1])
    path, seen = tmp_path / "rows.jsonl", tmp_path / "seen"

    def again(data: Any, **options: Any) -> int:
        before = len(seen.read_text().splitlines()) if seen.exists() else 0
        quick({"clock": Clock(12, str(seen))}, {"a": data}, path=path, **options)
        return len(seen.read_text().splitlines()) - before

    series = LabelledSeries(runs, normal=0, buffer=2)
    assert [again(series), again(series)] == [2, 0]
    assert again(series, timestep_measures=["pr_auc"]) == 2
    assert again(LabelledSeries(runs, normal=0, buffer=3)) == 2
    assert again(LabelledRuns(runs)) == 2  # as runs, of which the scores are too many
    assert again(series) == 0


@pytest.fixture(scope="module")
def machines() -> pd.DataFrame:
    detectors = [WindowedDetector(PCAReconstruction(), 16), WindowedDetector("KNN", 16)]
    sets = {
        f"plant {seed}": LabelledSeries(
            make_machines(4, 300, n_healthy=0, random_state=seed), normal="normal", buffer=4
        )
        for seed in range(3)
    }
    return quick(detectors, sets)


def test_machines_are_compared_from_end_to_end(machines: pd.DataFrame) -> None:
    assert (machines.error == "").all() and len(machines) == 3 * 2 * 2
    shares = machines[["roc_auc", *EXTRA, "far", "mar"]]
    assert shares.min(axis=None) >= 0 and shares.max(axis=None) <= 1 + 1e-9  # but for rounding
    assert machines.roc_auc.mean() > 0.8
    pca = "WindowedDetector(PCAReconstruction)"
    for metric in ("vus_pr", "pr_auc", "range_f1"):
        found, pairs = summary(machines, metric), pairwise(machines, metric)
        means = machines.groupby("detector")[metric].mean()
        assert found[metric].to_dict() == pytest.approx(means.to_dict())
        assert len(pairs) == 1 and pairs.difference.abs()[0] == pytest.approx(
            abs(means.diff()[pca])
        )


def test_one_row_of_machines_is_what_fitting_by_hand_gives(machines: pd.DataFrame) -> None:
    data = LabelledSeries(
        make_machines(4, 300, n_healthy=0, random_state=1), normal="normal", buffer=4
    )
    train, test, outlier = data.take(data.splits("semi-supervised", 2, 0)[0])
    detector = WindowedDetector("KNN", 16).fit(train)
    row = machines[(machines.dataset == "plant 1") & (machines.fold == 0)].iloc[1]
    assert row.far == pytest.approx(detector.predict(test)[~outlier].mean())
    assert row.threshold == detector.threshold_
    ends = np.cumsum(test.lengths)[:-1]
    values = [
        roc_auc_score(t, s)
        for t, s in zip(
            np.split(outlier, ends), np.split(detector.decision_function(test), ends), strict=True
        )
        if t.any() and not t.all()
    ]
    assert row.roc_auc == pytest.approx(np.mean(values))


# -- the report ------------------------------------------------------------------------------------


def test_a_report_ranks_by_the_measure_that_is_asked_for(
    machines: pd.DataFrame, tmp_path: Path
) -> None:
    write_report(machines, tmp_path / "report.md", metric="vus_pr")
    text = (tmp_path / "report.md").read_text("utf-8")
    assert "| detector | rank | VUS-PR | 95 % interval | ROC-AUC | AP | PR-AUC |" in text
    assert "### VUS-PR on each data set" in text
    assert "- **Range precision, recall, F1**" in text
    assert "| data set | timesteps to learn from | timesteps judged |" in text
    write_report(machines, tmp_path / "report.html", metric="vus_pr")
    page = (tmp_path / "report.html").read_text("utf-8")
    assert "mean VUS-PR" in page and "Difference in VUS-PR" in page and "<b>" in page


def test_the_best_of_each_measure_stands_out(tmp_path: Path) -> None:
    results = results_of(TABLE).assign(f1=0.5)
    write_report(results, tmp_path / "report.md")
    lines = (tmp_path / "report.md").read_text("utf-8").splitlines()
    (a,) = (line for line in lines if line.startswith("| A | 1.38"))
    assert "| **0.838** |" in a and "| 0.500 |" in a  # all have the same F1
    assert "| **0.163** |" in a or "| **0.162** |" in a  # of false alarms fewer are better
    (tie, _) = (line for line in lines if line.startswith("| s3 |"))
    assert tie == "| s3 | **0.700** | **0.700** | 0.550 |"


@pytest.mark.parametrize("metric", ["far", "fit_seconds", "auc"])
def test_a_report_ranks_by_what_is_better_the_more_it_is(metric: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=f"metric must be one of roc_auc, .*got '{metric}'"):
        write_report(results_of(TABLE), tmp_path / "report.md", metric=metric)
