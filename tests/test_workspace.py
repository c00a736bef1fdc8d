"""The workspace: what is added is read as it was, and known again."""

import os
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from pyod.models.knn import KNN
from pythresh.thresholds.iqr import IQR
from workspaces import (
    band,
    batches,
    check_whole,
    empty_from,
    error,
    filled,
    same_array,
    same_runs,
    scored,
    walks,
)

from tsad_plugin.adapters import OnRuns
from tsad_plugin.baselines import PopulationBand
from tsad_plugin.matrices import to_matrix
from tsad_plugin.results import Scored
from tsad_plugin.runs import Runs
from tsad_plugin.thresholds import ConformalThreshold, KSigma
from tsad_plugin.workspace import Damaged, NotInWorkspace, Workspace, ragged


@pytest.fixture
def workspace(tmp_path: Path) -> Any:
    with Workspace(tmp_path / "reviews", create=True) as made:
        yield made


def times_of(dtype: str) -> list[Any]:
    return [np.arange(len(array)).astype(dtype) for array in walks().arrays]


# --- data sets ----------------------------------------------------------------------------------

NAT = np.datetime64("NaT")
KINDS: dict[str, Runs] = {
    "unequal, with a gap": walks(),
    "equally long": Runs(np.random.default_rng(0).normal(size=(4, 5, 3))),
    "float32": Runs(np.ones((3, 4, 1), np.float32)),
    "rows": Runs(np.random.default_rng(0).normal(size=(9, 1, 2))),
    "one run": walks(1),
    "text": walks(ids=["a", "ä", "b c", "1", "", "日本"]),
    "numbers": walks(ids=[3, 1, 2, 10, -5, 0]),
    "numbers beside text": walks(ids=[2, "A", 2.5, "x", True, 3]),
    "large numbers": walks(ids=[2**70, 1, 2, 3, 4, 5]),
    "days": walks(ids=[date(2026, 1, d) for d in range(1, 7)]),
    "elapsed": walks(times=times_of("f8"), time_unit="h"),
    "counted": walks(times=times_of("u1")),
    "half floats": walks(times=times_of("f2")),
    "clock in ns": walks(times=times_of("M8[ns]")),
    "clock in s": walks(times=times_of("M8[s]")),
    "clock in hours": walks(times=times_of("M8[h]")),
    "clock in days": walks(times=times_of("M8[D]")),
    "clock with a gap": walks(times=[np.where(t < t[3], t, NAT) for t in times_of("M8[us]")]),
    "durations": walks(times=times_of("m8[ms]")),
    "labels": walks(labels=["good", "bad", "good", "good", "odd", "good"]),
    "labels with None": walks(labels=["good", None, "bad", None, "good", "good"]),
    "no label known": walks(labels=[None] * 6),
    "0 and 1": walks(labels=[0, 1, 0, 0, 1, 0]),
    "true and false": walks(labels=[True, False, True, False, True, False]),
    "numbers with None": walks(labels=[0, 1, None, 0, 1, None]),
    "unlike labels": walks(labels=np.array(["a", 1, None, 2.5, False, "1"], object)),
    "odd names": walks(channels=["run", "c0"], time_unit="µs"),
}  # fmt: skip


@pytest.mark.parametrize("runs", KINDS.values(), ids=KINDS)
def test_runs_are_read_as_they_were_added(workspace: Workspace, runs: Runs) -> None:
    data_set = workspace.add_runs(runs, "some runs")
    same_runs(workspace.read_runs(data_set), runs)
    assert (data_set.name, data_set.n_runs) == ("some runs", len(runs))
    assert data_set.n_timesteps_total == sum(len(array) for array in runs.arrays)
    assert data_set.has_labels == (runs.labels is not None)
    assert data_set.has_times == (runs.times is not None)


MIXED = {
    "values": Runs([np.ones((3, 1), np.float32), np.full((2, 1), 0.1)]),
    "byte order": walks(times=times_of(">i4")),
    "times": walks(2, times=[times_of("i2")[0], times_of("f8")[1]]),
    "units of clocks": walks(2, times=[times_of("M8[h]")[0], times_of("M8[ms]")[1]]),
}


@pytest.mark.parametrize("runs", MIXED.values(), ids=MIXED)
def test_runs_of_unlike_types_are_read_with_one_that_holds_all(
    workspace: Workspace, runs: Runs
) -> None:
    found = workspace.read_runs(workspace.add_runs(runs, "runs"))
    for name in ("arrays", "times"):
        read, added = getattr(found, name) or [], getattr(runs, name) or []
        assert len({array.dtype for array in read}) <= 1
        for a, b in zip(read, added, strict=True):
            np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("positions", [[4, 0, 2], slice(1, 3), slice(None, None, -1), [3], [-1]])
@pytest.mark.parametrize("rows", [1, 20, 10**6])
def test_some_runs_are_read(
    workspace: Workspace, positions: Any, rows: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ragged, "ROWS", rows)
    runs = walks(times=times_of("M8[s]"), labels=list("abcdef"))
    data_set = workspace.add_runs(runs, "runs")
    same_runs(workspace.read_runs(data_set, positions), runs[positions])


def test_a_run_is_read_without_the_rest(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ragged, "ROWS", 20)
    data_set = workspace.add_runs(walks(40), "runs")
    path = workspace.path / "data_sets" / data_set.folder / "values.parquet"
    read: list[int] = []
    original = pq.ParquetFile.read_row_groups

    def counting(file: Any, groups: list[int]) -> Any:
        read.append(sum(file.metadata.row_group(g).num_rows for g in groups))
        return original(file, groups)

    monkeypatch.setattr(pq.ParquetFile, "read_row_groups", counting)
    workspace.read_runs(data_set, [17])
    assert pq.read_metadata(path).num_rows == data_set.n_timesteps_total > 400
    assert 0 < read[0] < 40


@pytest.mark.parametrize(
    "lengths", [[5], [1, 1, 1], [30, 1, 1, 50, 2, 9, 9, 9], [10] * 7, [25, 25]]
)
@pytest.mark.parametrize("rows", [1, 10, 20, 1000])
def test_slices_are_all_runs_in_pieces_of_the_right_size(
    lengths: list[int], rows: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ragged, "ROWS", rows)
    pieces = [lengths[part] for part in ragged.slices(np.array(lengths), 3)]
    assert [length for piece in pieces for length in piece] == lengths
    assert all(sum(piece) < rows + max(lengths) and piece for piece in pieces)
    assert len(pieces) <= sum(lengths) // rows + 1


def test_runs_of_many_channels_are_written_in_fewer_rows() -> None:
    lengths = np.full(100, 1000)
    assert len(list(ragged.slices(lengths, 1))) == 5
    assert len(list(ragged.slices(lengths, ragged.VALUES // 1000))) == 100


def test_the_same_runs_are_kept_once(workspace: Workspace) -> None:
    first = workspace.add_runs(walks(), "monday")
    assert workspace.add_runs(walks(), "tuesday") == first
    assert workspace.data_sets() == [first]
    assert len(list((workspace.path / "data_sets").iterdir())) == 1


OTHERS = {
    "a value": Runs([a + (i == 2) for i, a in enumerate(walks().arrays)], ids=walks().ids,
                    channels=["T", "p"], units=["°C", "bar"]),
    "fewer": walks()[:5],
    "another order": walks()[::-1],
    "ids": walks(ids=[1, 2, 3, 4, 5, 6]),
    "channels": walks(channels=["T", "P"]),
    "labels": walks(labels=[0] * 6),
    "times": walks(times=times_of("f8")),
    "the unit of times": walks(time_unit="h"),
    "the type": walks().with_arrays([a.astype(np.float32) for a in walks().arrays]),
}  # fmt: skip


@pytest.mark.parametrize("other", OTHERS.values(), ids=OTHERS)
def test_what_differs_is_another_data_set(workspace: Workspace, other: Runs) -> None:
    first, second = workspace.add_runs(walks(), "a"), workspace.add_runs(other, "a")
    assert first.id != second.id
    assert workspace.data_sets() == [second, first]
    same_runs(workspace.read_runs(first), walks())
    same_runs(workspace.read_runs(second), other)


def test_two_runs_of_one_name_are_refused(workspace: Workspace) -> None:
    with error("two runs are called '1' as text: a workspace knows runs by their names"):
        workspace.add_runs(walks(2, ids=[1, "1"]), "runs")
    assert workspace.data_sets() == []


@pytest.mark.parametrize(
    ("runs", "text"),
    [
        (walks(2, ids=[("A", 1), ("A", 2)]), "id ('A', 1) is a tuple: the workspace keeps"),
        (walks(2, labels=np.array([1j, 2])), "label 1j is a complex: the workspace keeps"),
        (
            walks(2, times=[times_of("f8")[0], times_of("M8[s]")[1]]),
            "runs have times of unlike kinds (datetime64[s], float64): give all of them one kind",
        ),
    ],
    ids=["ids", "labels", "times"],
)  # fmt: skip
def test_what_cannot_be_kept_is_refused_and_nothing_stays(
    workspace: Workspace, runs: Runs, text: str
) -> None:
    with error(text):
        workspace.add_runs(runs, "runs")
    assert workspace.data_sets() == [] == list((workspace.path / "data_sets").iterdir())


# --- models -------------------------------------------------------------------------------------


def test_a_model_is_loaded_as_it_was_added(workspace: Workspace) -> None:
    data_set = workspace.add_runs(batches(), "batches")
    model = workspace.add_model(band(), data_set=data_set, metadata={"plant": 2})
    loaded = workspace.load_model(model)
    same_array(loaded.decision_function(batches()), scored().scores)
    assert (model.detector, model.n_training) == ("PopulationBand", 8)
    assert model.data_set_id == data_set.id
    assert model.parameters["contamination"] == "KSigma(k=3, log=False, robust=False)"
    assert model.parameters["k"] == band().k
    assert workspace.models() == [model] and workspace.model(model.id) == model


def test_the_same_model_is_kept_once(workspace: Workspace) -> None:
    first = workspace.add_model(band())
    other = workspace.add_model(band().with_threshold(KSigma(2)))
    assert workspace.add_model(band()) == first
    assert workspace.models() == [other, first]
    assert len(list((workspace.path / "models").iterdir())) == 2
    assert len(workspace.review.thresholds(first)) == 1


@pytest.mark.parametrize(
    ("contamination", "origin"),
    [(KSigma(2.5), "KSigma(k=2.5)"), (0.25, "contamination = 0.25")],
)
def test_the_first_threshold_is_the_detectors(
    workspace: Workspace, contamination: Any, origin: str
) -> None:
    detector = PopulationBand(contamination=contamination).fit(walks())
    version = workspace.review.threshold(workspace.add_model(detector))
    assert (version.value, version.origin) == (detector.threshold_, origin)
    assert version.supersedes is None


def test_metadata_that_are_not_json_are_refused(workspace: Workspace) -> None:
    with error("metadata must be a dict of JSON values"):
        workspace.add_model(band(), metadata={"x": np.arange(3)})
    assert workspace.models() == [] == list((workspace.path / "models").iterdir())


def test_a_foreign_detector_has_a_record_and_no_folder(workspace: Workspace) -> None:
    model = workspace.add_model(OnRuns(KNN(n_neighbors=2), contamination=KSigma(3)).fit(batches()))
    assert (model.detector, model.folder, model.digest) == ("OnRuns", None, None)
    assert model.parameters["detector"].startswith("KNN(")
    assert workspace.review.threshold(model).value is not None
    with error(f"model {model.id} is foreign", Damaged):
        workspace.load_model(model)
    assert list((workspace.path / "models").glob("*")) == []


# --- scorings -----------------------------------------------------------------------------------


def test_a_scoring_is_read_as_the_detector_found_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ragged, "ROWS", 300)
    workspace, data_set, model, scoring = filled(tmp_path / "w")
    check_whole(workspace, scoring)
    table = workspace.read_scores(scoring)
    for position, row in enumerate(table.itertuples(index=False)):
        found = band().explain_all(batches()[position])[0]
        assert (row.start, row.end, row.text) == (found.start, found.end, found.text)
        assert (row.start_time, row.end_time) == (found.start_time, found.end_time)
        assert (row.channel, row.share) == next(iter(found.channels.items()))
        assert row.channels.startswith(f"{row.channel} {row.share:.0%}")
        assert row.n_timesteps == batches().lengths[position]
        assert row.duration == pytest.approx(found.duration)
        at = workspace.read_timesteps(scoring, position)
        assert at is not None and at.scores.dtype == np.float32
        np.testing.assert_allclose(at.scores, at.contributions.sum(axis=1), rtol=1e-4, atol=1e-6)
        [expected] = band().reconstruct(batches()[position])
        np.testing.assert_allclose(at.reconstruction, expected, rtol=1e-6)
    assert scoring.threshold == band().threshold_ and scoring.has_timesteps
    assert (scoring.model_id, scoring.data_set_id) == (model.id, data_set.id)
    assert workspace.scorings() == [scoring] and workspace.scoring(scoring.id) == scoring
    workspace.close()


def test_channels_stand_in_the_order_of_the_data_set(workspace: Workspace) -> None:
    backwards = batches().select(batches().channels[::-1])
    data_set, model = workspace.add_runs(backwards, "backwards"), workspace.add_model(band())
    scoring = workspace.add_scoring(Scored.of(band(), backwards), model, data_set)
    found = workspace.read_timesteps(scoring, 3)
    [expected] = band().contributions(batches()[3])
    assert found is not None
    np.testing.assert_allclose(found.contributions[:, ::-1], expected, rtol=1e-6)
    [expected] = band().reconstruct(batches()[3])
    np.testing.assert_allclose(found.reconstruction[:, ::-1], expected, rtol=1e-6)


def test_clock_times_of_stretches_are_kept(workspace: Workspace) -> None:
    runs = walks(times=[t + np.datetime64("2026-01-01") for t in times_of("m8[h]")])
    detector = PopulationBand().fit(runs)
    data_set, model = workspace.add_runs(runs, "runs"), workspace.add_model(detector)
    table = workspace.read_scores(workspace.add_scoring(Scored.of(detector, runs), model, data_set))
    assert table["start_time"].dtype.kind == "M"
    expected = [np.datetime64("2026-01-01") + np.timedelta64(s, "h") for s in table["start"]]
    assert (table["start_time"].to_numpy() == np.array(expected)).all()


def test_a_foreign_thresholder_has_no_threshold(workspace: Workspace) -> None:
    detector = PopulationBand(contamination=IQR()).fit(walks())
    data_set, model = workspace.add_runs(walks(), "runs"), workspace.add_model(detector)
    found = Scored.of(detector, walks())
    scoring = workspace.add_scoring(found, model, data_set)
    assert model.folder is None and workspace.review.threshold(model).value is None
    assert scoring.threshold is None and scoring.n_outliers == found.labels.sum() > 0
    assert workspace.read_timesteps(scoring, 0) is not None


def test_a_detector_that_scores_runs_alone_has_no_timesteps(workspace: Workspace) -> None:
    detector = OnRuns(KNN(n_neighbors=2), contamination=ConformalThreshold(0.2)).fit(batches())
    found: Any = Scored.of(detector, batches())  # type: ignore[arg-type]
    data_set, model = workspace.add_runs(batches(), "batches"), workspace.add_model(detector)
    scoring = workspace.add_scoring(found, model, data_set)
    table = workspace.read_scores(scoring)
    assert workspace.read_timesteps(scoring, 0) is None and empty_from(table, "start")
    same_array(table["score"].to_numpy(), found.scores)
    same_array(workspace.read_calibration(scoring), detector.calibration_scores_)


def test_scores_of_any_detector_are_kept(workspace: Workspace) -> None:
    data_set, rows = workspace.add_runs(batches(), "batches"), to_matrix(batches(), 50)
    knn = KNN(contamination=0.2).fit(rows)
    scoring = workspace.add_scores(data_set, knn.decision_function(rows), detector=knn)
    table, model = workspace.read_scores(scoring), workspace.model(scoring.model_id)
    assert table["run"].tolist() == batches().ids.tolist()
    assert table["n_timesteps"].tolist() == batches().lengths.tolist()
    assert table["label"].tolist() == knn.predict(rows).tolist()
    assert (model.detector, model.folder, model.n_training) == ("KNN", None, 8)
    assert scoring.threshold == workspace.review.threshold(model).value == knn.threshold_
    assert empty_from(table, "start") and workspace.read_timesteps(scoring, 0) is None
    assert len(workspace.read_calibration(scoring)) == 0


def test_what_is_passed_with_scores_is_kept(workspace: Workspace) -> None:
    data_set = workspace.add_runs(walks(), "runs")
    labels, good = [0, 1, 0, 0, 1, 0], [1.0, 2.0]
    scoring = workspace.add_scores(
        data_set, range(6), detector="rule", labels=labels, threshold=9.0, calibration=good
    )
    model = workspace.model(scoring.model_id)
    assert workspace.read_scores(scoring)["label"].tolist() == labels
    assert scoring.n_outliers == 2 and (model.detector, model.parameters) == ("rule", {})
    assert workspace.review.threshold(model).value == scoring.threshold == 9.0
    assert workspace.read_calibration(scoring).tolist() == good


def test_without_a_threshold_no_run_is_an_outlier(workspace: Workspace) -> None:
    scoring = workspace.add_scores(workspace.add_runs(walks(), "a"), range(6), detector="rule")
    assert scoring.n_outliers == 0 and scoring.threshold is None
    assert workspace.review.threshold(workspace.model(scoring.model_id)).value is None


@pytest.mark.parametrize(
    ("scores", "more", "text"),
    [
        ([1, 2], {}, "2 scores for 6 runs: one each"),
        ([1, 2, np.nan, 4, 5, 6], {}, "scores must be one finite number per run"),
        (range(6), {"labels": [1]}, "labels must be 0 or 1 for each of 6 runs, got [1]"),
        (range(6), {"labels": [-1] * 6}, "labels must be 0 or 1 for each of 6 runs"),
        (range(6), {"threshold": np.inf}, "threshold must be a finite number, got inf"),
        (range(6), {"calibration": [np.inf]}, "calibration must be one finite number per run"),
    ],
)
def test_scores_that_are_none_are_refused(
    workspace: Workspace, scores: Any, more: dict[str, Any], text: str
) -> None:
    with error(text):
        workspace.add_scores(workspace.add_runs(walks(), "a"), scores, detector="x", **more)
    assert workspace.scorings() == [] == workspace.models()


def test_scores_of_other_runs_are_refused(workspace: Workspace) -> None:
    data_set, model = workspace.add_runs(batches(), "batches"), workspace.add_model(band())
    with error("the runs that were scored are not those of data set 'batches'"):
        workspace.add_scoring(Scored.of(band(), batches()[:5]), model, data_set)
    with error("the runs that were scored are not those of data set 'batches'"):
        workspace.add_scoring(Scored.of(band(), batches()[::-1]), model, data_set)
    assert list((workspace.path / "scorings").glob("*")) == []


def test_values_beyond_float32_stay_finite(workspace: Workspace) -> None:
    runs = Runs([array * 1e60 for array in walks().arrays])
    detector = PopulationBand().fit(runs)
    data_set, model = workspace.add_runs(runs, "runs"), workspace.add_model(detector)
    scoring = workspace.add_scoring(Scored.of(detector, runs), model, data_set)
    found = workspace.read_timesteps(scoring, 1)
    assert found is not None and all(np.isfinite(part).all() for part in found)
    assert np.abs(found.reconstruction).max() > 1e38


# --- records ------------------------------------------------------------------------------------


def test_an_empty_workspace_has_nothing(workspace: Workspace) -> None:
    assert workspace.data_sets() == workspace.models() == workspace.scorings() == []
    assert workspace.review.causes() == [] and workspace.is_alive()


def test_records_tell_when_in_utc(tmp_path: Path) -> None:
    workspace, *records = filled(tmp_path)
    for record in records:
        assert record.created.tzinfo is UTC
        assert abs((datetime.now(UTC) - record.created).total_seconds()) < 60
    workspace.close()


@pytest.mark.parametrize("number", [1, 0, -1, 2**63, 10**30, "1", None, 1.0])
@pytest.mark.parametrize(
    ("kind", "said"), [("data_set", "data set"), ("model", "model"), ("scoring", "scoring")]
)
def test_an_unknown_number_is_told(workspace: Workspace, kind: str, said: str, number: Any) -> None:
    with error(f"no {said} {number!r} in the workspace", NotInWorkspace):
        getattr(workspace, kind)(number)


@pytest.mark.parametrize("positions", [[6], [-7], [0, 99]])
def test_an_unknown_position_is_told(workspace: Workspace, positions: list[int]) -> None:
    data_set = workspace.add_runs(walks(), "runs")
    with error(f"data set 'runs' has 6 runs, none at {positions!r}", NotInWorkspace):
        workspace.read_runs(data_set, positions)


@pytest.mark.parametrize("position", [8, -9, 10**20])
def test_an_unknown_position_in_a_scoring_is_told(tmp_path: Path, position: int) -> None:
    workspace, *_, scoring = filled(tmp_path)
    with error(f"data set 'batches' has 8 runs, none at [{position}]", NotInWorkspace):
        workspace.read_timesteps(scoring, position)
    workspace.close()


def test_a_record_of_another_workspace_is_refused(workspace: Workspace, tmp_path: Path) -> None:
    other, data_set, _, _ = filled(tmp_path / "other")
    with error("a record that was passed is not in", NotInWorkspace):
        workspace.add_model(band(), data_set=data_set)
    other.close()


def test_what_was_added_is_there_when_it_is_opened_again(tmp_path: Path) -> None:
    workspace, data_set, model, scoring = filled(tmp_path / "w")
    workspace.close()
    with Workspace(tmp_path / "w") as again:
        assert again.data_sets() == [data_set] and again.models() == [model]
        check_whole(again, again.scorings()[0])
        assert again.scorings() == [scoring]


def test_the_current_directory_may_change(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    workspace, data_set, _, scoring = filled(Path("w"))
    os.chdir("/")
    assert workspace.path == tmp_path / "w"
    same_runs(workspace.read_runs(data_set), batches())
    check_whole(workspace, scoring)
    workspace.close()


def test_any_name_of_a_folder_will_do(tmp_path: Path) -> None:
    workspace, *_, scoring = filled(tmp_path / "a b #1? 100% ü 'x'")
    check_whole(workspace, scoring)
    workspace.close()


def test_no_name_of_a_user_is_a_path(tmp_path: Path) -> None:
    with Workspace(tmp_path / "w", create=True) as workspace:
        runs = walks(2, ids=["../../evil", "/etc/x"], channels=["../a", "b/c"])
        data_set = workspace.add_runs(runs, "../../evil")
        same_runs(workspace.read_runs(data_set), runs)
    assert [path.name for path in tmp_path.iterdir()] == ["w"]
    found = {path.name for path in (tmp_path / "w").rglob("*")}
    assert found == {"workspace.db", "data_sets", data_set.folder, "values.parquet", "runs.parquet"}
