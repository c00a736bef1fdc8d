"""`benchmark`: the grid, what goes wrong in it, and how it goes on."""

import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
import pytest
from pyod.models.auto_encoder import AutoEncoder
from pyod.models.base import BaseDetector
from pyod.models.knn import KNN
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import make_pipeline

from tsad_plugin import (
    FCAutoEncoder,
    KSigma,
    MovingAverage,
    OnRuns,
    PCAReconstruction,
    PopulationBand,
    Runs,
    benchmark,
    to_matrix,
)
from tsad_plugin.evaluation import LabelledRuns, cells, summary
from tsad_plugin.evaluation.cells import COLUMNS, seeded

TIMES = ["fit_seconds", "score_seconds", "peak_mb"]


def waves(n_good: int = 24, n_bad: int = 6, seed: int = 0) -> Runs:
    """Sines of unequal length; outliers are twice as fast."""
    rng = np.random.default_rng(seed)
    labels = ["good"] * n_good + ["fast"] * n_bad
    arrays = [
        np.sin(np.linspace(0, 6 if label == "good" else 12, rng.integers(18, 24)))[:, None]
        + 0.05 * rng.normal()
        for label in labels
    ]
    return Runs(arrays, labels=labels)


class Raising(BaseDetector):
    """Cannot learn."""

    def __init__(self) -> None:
        super().__init__()

    def fit(self, X: Any, y: Any = None) -> "Raising":
        raise ArithmeticError("no\nluck")

    def decision_function(self, X: Any) -> Any:
        raise AssertionError


class Constant(BaseDetector):
    """Gives every run the same score."""

    def __init__(self, value: float = 0.0) -> None:
        super().__init__()
        self.value = value

    def fit(self, X: Any, y: Any = None) -> "Constant":
        self.decision_scores_ = np.zeros(len(X))
        self._process_decision_scores()
        return self

    def decision_function(self, X: Any) -> Any:
        return np.full(len(X), self.value)


class Seen(BaseDetector):
    """Writes down what it is given, in a file, as it may work in another process."""

    def __init__(self, path: str) -> None:
        super().__init__()
        self.path = path

    def fit(self, X: Any, y: Any = None) -> "Seen":
        assert y is None
        with Path(self.path).open("a") as file:
            file.write(json.dumps(np.asarray(X)[:, 0].tolist()) + "\n")
        self.decision_scores_ = np.arange(len(X), dtype=float)
        self._process_decision_scores()
        return self

    def decision_function(self, X: Any) -> Any:
        return np.arange(len(X), dtype=float)


def quick(detectors: Any, datasets: Any, seeds: Any = 1, **options: Any) -> pd.DataFrame:
    return benchmark(detectors, datasets, seeds, verbose=0, **options)


def test_every_detector_meets_every_split_of_every_set_with_every_seed() -> None:
    results = quick(
        [PCAReconstruction(), OnRuns("KNN")], {"a": waves(), "b": waves(seed=1)}, seeds=[3, 7]
    )
    assert tuple(results.columns) == COLUMNS
    cells = results[["dataset", "detector", "seed", "fold"]].drop_duplicates()
    assert len(results) == len(cells) == 2 * 2 * 2 * 2
    assert set(results.detector) == {"PCAReconstruction", "OnRuns(KNN)"}
    assert (results.error == "").all()
    assert results.drop(columns="error").notna().all(axis=None)


def test_a_row_says_what_fitting_by_hand_gives() -> None:
    data = LabelledRuns(waves())
    detector = FCAutoEncoder(contamination=KSigma(3), n_epochs=3)
    results = quick({"fc": detector}, {"waves": data}, seeds=[5])
    for split, row in zip(
        data.splits("semi-supervised", 2, seed=5), results.itertuples(), strict=True
    ):
        train, test, outlier = data.take(split)
        by_hand = FCAutoEncoder(contamination=KSigma(3), n_epochs=3, random_state=5).fit(train)
        scores = by_hand.decision_function(test)
        assert row.roc_auc == roc_auc_score(outlier, scores)
        assert row.threshold == by_hand.threshold_
        assert row.far == by_hand.predict(test)[~outlier].mean()
        assert (row.n_train, row.n_test, row.n_outliers) == (len(train), len(test), outlier.sum())


def test_a_constant_detector_gets_a_half_and_a_perfect_one_a_one() -> None:
    results = quick([Constant(), PCAReconstruction()], {"waves": waves()}).set_index("detector")
    assert (results.roc_auc["Constant"] == 0.5).all()
    assert (results.roc_auc["PCAReconstruction"] == 1).all()


def test_a_detector_of_pyods_own_gets_rows_at_the_length_of_the_training_runs() -> None:
    data = LabelledRuns(waves())
    (row, _) = quick([KNN()], {"waves": data}).itertuples()
    train, test, outlier = data.take(data.splits("semi-supervised", 2, seed=0)[0])
    width = int(np.median(train.lengths))
    knn = KNN().fit(to_matrix(train, width))
    assert row.roc_auc == roc_auc_score(outlier, knn.decision_function(to_matrix(test, width)))


def test_a_pipeline_is_a_detector() -> None:
    smooth = make_pipeline(MovingAverage(3), PCAReconstruction())
    results = quick({"smooth": smooth}, {"waves": waves()})
    assert (results.error == "").all() and (results.roc_auc > 0.9).all()


def test_a_detector_that_raises_leaves_its_error_and_the_rest_goes_on() -> None:
    results = quick([Raising(), PCAReconstruction()], {"waves": waves()}).set_index("detector")
    assert (results.error["Raising"] == "ArithmeticError: no luck").all()
    assert results.roc_auc["Raising"].isna().all()
    assert results.roc_auc["PCAReconstruction"].notna().all()


def test_scores_that_are_no_numbers_are_an_error() -> None:
    results = quick([Constant(np.nan)], {"waves": waves()})
    assert (results.error == "ValueError: a run has the score nan").all()


def test_a_set_without_outliers_is_told_and_its_false_alarms_are_counted() -> None:
    results = quick([PCAReconstruction()], {"good": waves(n_bad=0), "waves": waves()})
    good = results[results.dataset == "good"]
    assert good.error.str.startswith("no outliers among the 12 runs judged").all()
    assert good.far.notna().all() and good.fit_seconds.notna().all() and good.roc_auc.isna().all()
    assert (results[results.dataset == "waves"].error == "").all()


def test_a_fold_without_an_outlier_is_told_beside_one_that_has_it() -> None:
    results = quick([PCAReconstruction()], {"waves": waves(n_bad=1)})
    assert sorted(results.error.str[:11]) == ["", "no outliers"]


def test_too_few_good_runs_to_learn_from_are_an_error_in_the_row() -> None:
    results = quick([PCAReconstruction()], {"waves": waves(n_good=2, n_bad=1)})
    assert results.error.str.contains("needs at least 2 runs to fit, got 1").all()


@pytest.mark.parametrize(("protocol", "learned"), [("semi-supervised", 8), ("unsupervised", 11)])
def test_a_detector_never_sees_labels_nor_a_run_it_is_judged_on(
    protocol: str, learned: int, tmp_path: Path
) -> None:
    runs = Runs([np.full((3, 1), float(i)) for i in range(22)], labels=[0] * 16 + [1] * 6)
    quick([Seen(str(tmp_path / "seen"))], {"numbers": runs}, protocol=protocol)
    first, second = map(json.loads, (tmp_path / "seen").read_text().splitlines())
    assert len(first) == len(second) == learned
    assert not set(first) & set(second)
    assert (max(first + second) >= 16) == (protocol == "unsupervised")


def test_two_protocols_are_two_sets_of_rows() -> None:
    results = quick(
        [PCAReconstruction()], {"waves": waves()}, protocol=["semi-supervised", "unsupervised"]
    )
    assert results.groupby("protocol").n_train.sum().to_dict() == {
        "semi-supervised": 24,
        "unsupervised": 30,
    }


def test_a_simulator_is_asked_once_a_seed() -> None:
    asked = []

    def simulate(seed: int) -> Runs:
        asked.append(seed)
        return waves(seed=seed)

    results = quick([PCAReconstruction(), PopulationBand()], {"sim": simulate}, seeds=[4, 2])
    assert asked == [4, 2]
    assert len(results) == 2 * 2 * 2


def test_seeds_reach_what_a_detector_holds_and_pyods_constructors() -> None:
    hosted = OnRuns(AutoEncoder(epoch_num=1, verbose=0))
    once = seeded(hosted, 7)
    assert (once.random_state, once.detector.random_state) == (7, 7)
    rows = np.random.default_rng(0).normal(size=(40, 6))

    def scores(seed: int) -> Any:
        detector = seeded(AutoEncoder(epoch_num=1, verbose=0), seed)
        return detector.fit(rows).decision_function(rows)

    assert (scores(1) == scores(1)).all()
    assert (scores(1) != scores(2)).any()


def test_what_is_passed_stays_as_it_was() -> None:
    detector, runs = PCAReconstruction(), waves()
    before = runs.labels
    quick([detector], {"waves": runs})
    assert not hasattr(detector, "threshold_")
    assert runs.labels is before


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["loky", "threading"])
def test_backends_of_joblib_give_the_same_rows(backend: str) -> None:
    detectors, sets = [FCAutoEncoder(n_epochs=3), PCAReconstruction()], {"waves": waves()}
    alone = quick(detectors, sets, seeds=2)
    with joblib.parallel_config(backend=backend, n_jobs=2):
        together = quick(detectors, sets, seeds=2)
    pd.testing.assert_frame_equal(alone.drop(columns=TIMES), together.drop(columns=TIMES))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"detectors": []}, "there is no detector"),
        ({"detectors": [KNN(), KNN()]}, "detector 'KNN' stands twice"),
        ({"detectors": {"knn": KNN}}, "'knn' is no detector: pass an instance"),
        ({"detectors": [5]}, "'int' is no detector"),
        ({"datasets": {}}, "datasets must be a mapping"),
        ({"datasets": waves()}, "datasets must be a mapping"),
        ({"datasets": {"x": Runs([np.zeros((3, 1))])}}, "data set 'x': runs have no labels"),
        ({"datasets": {1: waves(), "1": waves()}}, "data set '1' stands twice"),
        ({"datasets": {"x": lambda seed: {}[seed]}}, "data set 'x': KeyError: 0"),
        ({"detectors": "PCA"}, "detectors must be a mapping or a sequence"),
        ({"datasets": {"x": 7}}, "data set 'x': a data set cannot be read from"),
        ({"datasets": {"x": lambda seed: None}}, "data set 'x': a data set cannot be read from"),
        ({"datasets": {"x": waves(1, 1)}, "n_folds": 3}, "data set 'x': 2 runs cannot be split"),
        ({"seeds": [1, 1]}, "seed 1 stands twice"),
        ({"seeds": []}, "there is no seed"),
        ({"seeds": 0}, "seeds must be an integer of at least 1, got 0"),
        ({"seeds": [-1]}, "seed must be an integer of at least 0, got -1"),
        ({"seeds": 1.5}, "seeds must be an integer"),
        ({"protocol": "supervised"}, "protocol must be.*did you mean 'unsupervised'"),
        ({"protocol": []}, "there is no protocol"),
        ({"n_folds": 1}, "n_folds must be an integer of at least 2"),
        ({"n_jobs": 0}, "n_jobs must be an integer but 0, or None"),
        ({"path": "rows.csv"}, "'rows.csv': its name must end in .jsonl"),
        ({"path": "nowhere/rows.jsonl"}, "make its folder first"),
    ],
)
def test_bad_input_is_told_before_anything_is_computed(
    options: dict[str, Any], message: str, tmp_path: Path
) -> None:
    arguments: dict[str, Any] = {
        "detectors": [Seen(str(tmp_path / "seen"))],
        "datasets": {"waves": waves()},
        "seeds": 1,
        **options,
    }
    with pytest.raises(ValueError, match=message):
        quick(**arguments)
    assert not (tmp_path / "seen").exists()


def test_a_file_that_is_missing_is_told(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"data set 'coffee': cannot read .*Coffee_TRAIN"):
        quick([KNN()], {"coffee": tmp_path / "Coffee_TRAIN.tsv"})


class Writing(Constant):
    """Writes into what it is given."""

    def fit(self, X: Any, y: Any = None) -> "Writing":
        for array in X.arrays:
            array[:] = 0
        return super().fit(X)


class Flaky(Constant):
    """Fails on some seeds."""

    def __init__(self, random_state: int = 0) -> None:
        super().__init__()
        self.random_state = random_state

    def fit(self, X: Any, y: Any = None) -> "Flaky":
        if self.random_state:
            raise ArithmeticError("not with this seed")
        return super().fit(X)


class Signs(Constant):
    """Labels runs as scikit-learn does."""

    def predict(self, X: Any) -> Any:
        return -np.ones(len(X))


def test_a_detector_that_writes_into_its_runs_changes_nobody_elses() -> None:
    runs = waves()
    before = [array.copy() for array in runs.arrays]
    alone = quick([PCAReconstruction()], {"waves": runs}).roc_auc.tolist()
    writing = make_pipeline(MovingAverage(1), Writing())
    beside = quick({"writing": writing, "pca": PCAReconstruction()}, {"waves": runs})
    assert beside[beside.detector == "pca"].roc_auc.tolist() == alone
    assert all((a == b).all() for a, b in zip(runs.arrays, before, strict=True))


def test_a_detector_that_fails_on_a_seed_has_no_mean_to_be_ranked_by() -> None:
    results = quick([Flaky(), PCAReconstruction()], {"waves": waves()}, seeds=3)
    found = summary(results)
    assert found.n_failures.to_dict() == {"PCAReconstruction": 0, "Flaky": 4}
    assert np.isnan(found.roc_auc["Flaky"]) and np.isnan(found["rank"]["Flaky"])


def test_results_read_from_a_csv_file_say_the_same(tmp_path: Path) -> None:
    results = quick([PCAReconstruction(), PopulationBand()], {"waves": waves()})
    results.to_csv(tmp_path / "results.csv", index=False)
    again = pd.read_csv(tmp_path / "results.csv")
    pd.testing.assert_frame_equal(summary(again), summary(results), check_dtype=False)


def test_labels_of_scikit_learn_are_refused() -> None:
    results = quick([Signs()], {"waves": waves()})
    assert results.error.str.contains("labels must be 0 or 1 for each of 15 runs").all()


def test_other_code_computes_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen, path = Seen(str(tmp_path / "seen")), tmp_path / "rows.jsonl"
    quick([seen], {"waves": waves()}, path=path)
    monkeypatch.setattr(cells, "_code", lambda: "changed")
    quick([seen], {"waves": waves()}, path=path)
    assert len((tmp_path / "seen").read_text().splitlines()) == 4


def test_what_is_kept_is_not_computed_again(tmp_path: Path) -> None:
    seen, path = Seen(str(tmp_path / "seen")), tmp_path / "rows.jsonl"
    first = quick([seen], {"waves": waves()}, seeds=1, path=path)
    again = quick([seen], {"waves": waves()}, seeds=2, path=path)
    pd.testing.assert_frame_equal(again[again.seed == 0], first)
    assert len((tmp_path / "seen").read_text().splitlines()) == 4


def test_other_data_parameters_or_folds_are_computed_anew(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    for n, (detector, data, folds) in enumerate(
        [
            (Constant(1), waves(), 2),
            (Constant(2), waves(), 2),
            (Constant(2), waves(seed=1), 2),
            (Constant(2), waves(seed=1), 3),
        ],
        start=1,
    ):
        quick([detector], {"waves": data}, path=path, n_folds=folds)
        assert len(path.read_text().splitlines()) == (2 * n if folds == 2 else 9)


def test_a_failed_row_is_tried_again_and_an_unmeasurable_one_is_not(tmp_path: Path) -> None:
    path, sets = tmp_path / "rows.jsonl", {"good": waves(n_bad=0)}
    for _ in range(2):
        quick([Raising(), PCAReconstruction()], sets, path=path)
    rows = [json.loads(line)["detector"] for line in path.read_text().splitlines()]
    assert (rows.count("Raising"), rows.count("PCAReconstruction")) == (4, 2)


def test_a_line_torn_by_a_crash_is_dropped_and_computed_again(tmp_path: Path) -> None:
    path, arguments = tmp_path / "rows.jsonl", ([PCAReconstruction()], {"waves": waves()}, 2)
    whole = quick(*arguments, path=path)
    path.write_bytes(path.read_bytes()[:-40])
    pd.testing.assert_frame_equal(
        quick(*arguments, path=path).drop(columns=TIMES), whole.drop(columns=TIMES)
    )
    assert len([json.loads(line) for line in path.read_text().splitlines()]) == 4


@pytest.mark.parametrize("text", ["[1, 2]\n", '{"cell": "x"}\n', '{"note": 1}', "words"])
def test_a_file_of_something_else_is_left_as_it_is(text: str, tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text(text)
    with pytest.raises(ValueError, match=r"line 1 of '.*' holds no result"):
        quick([PCAReconstruction()], {"waves": waves()}, path=path)
    assert path.read_text() == text


SLOW_GRID = """
    import sys, time
    sys.path.insert(0, {tests!r})
    from test_benchmark import Constant, waves
    from tsad_plugin import benchmark

    class Slow(Constant):
        def fit(self, X, y=None):
            time.sleep(0.05)
            return super().fit(X)

    if __name__ == "__main__":
        results = benchmark([Slow()], {{"waves": waves()}}, 20, path={path!r}, verbose=0)
        print(len(results), results.roc_auc.eq(0.5).all())
"""


@pytest.mark.slow
def test_a_killed_run_goes_on_where_it_was(tmp_path: Path) -> None:
    path, script = tmp_path / "rows.jsonl", tmp_path / "grid.py"
    text = textwrap.dedent(SLOW_GRID)
    script.write_text(text.format(tests=str(Path(__file__).parent), path=str(path)))
    killed = subprocess.Popen([sys.executable, script])
    deadline = time.monotonic() + 120
    while not path.exists() or path.read_bytes().count(b"\n") < 5:
        assert killed.poll() is None and time.monotonic() < deadline
        time.sleep(0.02)
    os.kill(killed.pid, signal.SIGKILL)
    killed.wait()
    kept = path.read_bytes().count(b"\n")
    assert 5 <= kept < 40
    finished = subprocess.run([sys.executable, script], capture_output=True, text=True, check=True)
    assert finished.stdout.split() == ["40", "True"]
    assert path.read_bytes().count(b"\n") == 40


class Dying(Constant):
    """Takes its process with it."""

    def fit(self, X: Any, y: Any = None) -> "Dying":
        os._exit(1)


@pytest.mark.slow
def test_the_death_of_a_worker_is_told_and_rows_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    sets = {"waves": waves()}
    quick([Constant()], sets, path=path)
    with pytest.raises(RuntimeError, match=r"a worker process died.*rows until then are in"):
        quick([Constant(), Dying()], sets, n_jobs=2, path=path)
    assert len(path.read_text().splitlines()) == 2
