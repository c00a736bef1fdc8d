"""An overview is what loops over the runs say, is made once, and is made again when it is lost."""

import os
import pickle
import shutil
import statistics
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from workspaces import (
    band,
    batches,
    error,
    filled,
    same_array,
    scored,
    walks,
)

from tsad_plugin.baselines import PopulationBand
from tsad_plugin.pca import PCAReconstruction
from tsad_plugin.population import AXES, axes_of, axis_values, population
from tsad_plugin.results import Scored
from tsad_plugin.runs import Runs
from tsad_plugin.workspace import (
    Damaged,
    DataSet,
    NotInWorkspace,
    Overview,
    Workspace,
    folders,
    overviews,
    ragged,
)
from tsad_plugin.workspace.columns import write_columns
from tsad_plugin.workspace.data_sets import Content

START = np.datetime64("2026-03-01T08:00", "s")


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """One whose files hold a few runs a slice."""
    monkeypatch.setattr(ragged, "ROWS", 25)
    with Workspace(tmp_path / "w", create=True) as made:
        yield made


def times_of(kind: str, runs: Runs) -> Any:
    hours = [0.5 * np.arange(len(array)) + i for i, array in enumerate(runs.arrays)]
    return {
        "hours": hours,
        "clock": [START + (3600 * h).astype("m8[s]") for h in hours],
        "stands still": [np.zeros(len(h)) for h in hours],
        "backwards in one": [*hours[:-1], hours[-1][::-1]],
    }[kind]


def gappy(n_runs: int = 9) -> Runs:
    """Runs of unequal length with an assay now and then."""
    rng = np.random.default_rng(1)
    arrays = [rng.normal(size=(n, 3)) for n in rng.integers(120, 300, n_runs)]
    for array in arrays:
        array[np.arange(len(array)) % 40 > 0, 2] = np.nan
        array[20:60, 1] = np.nan
    return Runs(arrays)


KINDS: dict[str, Runs] = {
    "without times": walks(),
    "hours": walks(times=times_of("hours", walks()), time_unit="h"),
    "clock": walks(times=times_of("clock", walks())),
    "clock in hours": walks(times=[t.astype("M8[h]") for t in times_of("clock", walks())]),
    "times that stand still": walks(times=times_of("stands still", walks())),
    "one run backwards": walks(times=times_of("backwards in one", walks())),
    "gaps": gappy(),
    "float32": Runs(np.random.default_rng(0).normal(size=(7, 130, 2)).astype(np.float32)),
    "rows": Runs(np.random.default_rng(0).normal(size=(9, 1, 2))),
    "one run": walks(1),
}


def place_of(workspace: Workspace, data_set: DataSet) -> Path:
    return workspace.path / "data_sets" / data_set.folder / overviews.PLACE


def at(channel: list[float], percent: float) -> float:
    """A channel at a point from 0 to 100 %: between two values, else the nearest one if near."""
    n, half = len(channel), 100 / 99 / 2 + 1e-6
    places = [100 * i / (n - 1) if n > 1 else percent for i in range(n)]
    for place, value in zip(places, channel, strict=True):
        if abs(place - percent) < 1e-6 and value == value:
            return value
    for i in range(n - 1):
        if places[i] + 1e-6 < percent < places[i + 1] - 1e-6:
            share = (percent - places[i]) / (places[i + 1] - places[i])
            if (between := channel[i] + share * (channel[i + 1] - channel[i])) == between:
                return between
    near = [(abs(p - percent), v) for p, v in zip(places, channel, strict=True) if v == v]
    distance, value = min(near)
    return value if distance <= half else float("nan")


@pytest.mark.parametrize("runs", KINDS.values(), ids=KINDS)
def test_courses_are_those_of_loops(workspace: Workspace, runs: Runs) -> None:
    found = workspace.overview(workspace.add_runs(runs, "runs")).courses
    assert found.shape == (len(runs), 100, runs.n_channels) and found.dtype == np.float32
    for run, course in zip(runs.arrays, found, strict=True):
        for c, channel in enumerate(run.T.tolist()):
            expected = [at(channel, percent) for percent in np.linspace(0, 100, 100)]
            np.testing.assert_allclose(course[:, c], expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("runs", KINDS.values(), ids=KINDS)
def test_statistics_are_those_of_loops(workspace: Workspace, runs: Runs) -> None:
    found = workspace.overview(workspace.add_runs(runs, "runs")).statistics
    assert set(found) == {"mean", "std", "minimum", "maximum", "missing"}
    for i, run in enumerate(runs.arrays):
        for c in range(runs.n_channels):
            known = [float(value) for value in run[:, c] if value == value]
            assert found["mean"][i, c] == pytest.approx(statistics.fmean(known))
            assert found["std"][i, c] == pytest.approx(statistics.pstdev(known), abs=1e-9)
            assert (found["minimum"][i, c], found["maximum"][i, c]) == (min(known), max(known))
            assert found["missing"][i, c] == pytest.approx(1 - len(known) / len(run))


@pytest.mark.parametrize("runs", KINDS.values(), ids=KINDS)
def test_lengths_times_and_axes_are_those_of_the_runs(workspace: Workspace, runs: Runs) -> None:
    found = workspace.overview(workspace.add_runs(runs, "runs"))
    same_array(found.lengths, runs.lengths)
    assert found.axes == axes_of(runs)
    if runs.times is None:
        assert found.starts is None
    else:
        assert found.starts is not None
        same_array(found.starts, np.array([times[0] for times in runs.times], runs.times[0].dtype))
    if "elapsed" not in found.axes:
        assert found.durations is None and found.duration_unit == ""
        return
    ends = [axis_values(runs, i, "elapsed")[0][-1] for i in range(len(runs))]
    assert found.durations is not None and found.duration_unit == "h"
    same_array(found.durations, np.array(ends))


def same_population(found: Any, expected: Any) -> None:
    for a, b in zip(found[:4], expected[:4], strict=True):
        same_array(a, b)
    assert found.unit == expected.unit


@pytest.mark.parametrize("runs", KINDS.values(), ids=KINDS)
def test_populations_are_those_of_runs_in_memory(workspace: Workspace, runs: Runs) -> None:
    data_set = workspace.add_runs(runs, "runs")
    some = list(range(0, len(runs), 2))
    for axis in axes_of(runs):
        same_population(workspace.population(data_set, axis), population(runs, axis))
        found = workspace.population(data_set, axis, some[::-1])
        same_population(found, population(runs[some], axis))


def same_overview(found: Overview, expected: Overview) -> None:
    same_array(np.asarray(found.courses), np.asarray(expected.courses))
    assert list(found.statistics) == list(expected.statistics)
    for name, values in expected.statistics.items():
        same_array(found.statistics[name], values)
    for name in ("lengths", "starts", "durations"):
        a, b = getattr(found, name), getattr(expected, name)
        assert (a is None) == (b is None)
        if a is not None:
            same_array(a, b)
    assert found.axes == expected.axes and found.duration_unit == expected.duration_unit
    for axis, points in expected.populations.items():
        same_population(found.populations[axis], points)


def added(workspace: Workspace) -> DataSet:
    return workspace.add_runs(KINDS["hours"], "runs")


# --- made once ----------------------------------------------------------------------------------


def test_it_is_made_once_and_mapped_from_the_disk(workspace: Workspace) -> None:
    data_set = added(workspace)
    made = workspace.overview(data_set)
    (place_of(workspace, data_set).parent / "values.parquet").unlink()
    again = workspace.overview(data_set)
    same_overview(again, made)
    assert isinstance(again.courses, np.memmap) and not again.courses.flags.writeable


def test_a_scoring_makes_it_for_its_runs_and_for_those_learned_from(tmp_path: Path) -> None:
    with Workspace(tmp_path, create=True) as workspace:
        learned = workspace.add_runs(batches(), "learned")
        new = workspace.add_runs(batches()[:5], "new")
        assert not any(place_of(workspace, data_set).exists() for data_set in (learned, new))
        model = workspace.add_model(band(), data_set=learned)
        workspace.add_scoring(Scored.of(band(), batches()[:5]), model, new)
        assert all(place_of(workspace, data_set).is_dir() for data_set in (learned, new))


def test_scores_of_any_detector_make_it_too(workspace: Workspace) -> None:
    data_set = added(workspace)
    workspace.add_scores(data_set, range(6), detector="counting")
    assert place_of(workspace, data_set).is_dir()


def test_scores_are_kept_where_it_cannot_be_made(tmp_path: Path) -> None:
    workspace, data_set, model, _ = filled(tmp_path)
    shutil.rmtree(place_of(workspace, data_set))
    (place_of(workspace, data_set).parent / "values.parquet").unlink()
    scoring = workspace.add_scoring(scored(), model, data_set)
    assert workspace.scorings()[0] == scoring
    with pytest.raises(Damaged, match=r"values\.parquet' is missing"):
        workspace.overview(data_set)
    workspace.close()


def test_runs_are_known_again_beside_it(workspace: Workspace) -> None:
    data_set = added(workspace)
    workspace.overview(data_set)
    assert added(workspace) == data_set and data_set.digest == Content.of(KINDS["hours"]).digest
    (place_of(workspace, data_set).parent / "runs.parquet").unlink()
    assert added(workspace) == data_set
    assert len(list((workspace.path / "data_sets").iterdir())) == 1
    same_population(workspace.population(data_set), population(KINDS["hours"]))


def test_values_near_the_largest_number_do_no_harm(workspace: Workspace) -> None:
    runs = Runs(np.array([[[1e308], [-1e308], [1.0]]] * 3))
    found = workspace.overview(workspace.add_runs(runs, "huge"))
    assert np.isfinite(found.courses).all() and (found.statistics["maximum"] == 1e308).all()


# --- lost, damaged, refused ---------------------------------------------------------------------

FILES = [
    "courses.npy",
    "runs.parquet",
    *(f"population-{axis}.parquet" for axis in AXES),
]


def spoil(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[60] ^= 1
    path.write_bytes(content)


def shorten(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-40])


HARMS: dict[str, Callable[[Path], Any]] = {
    "deleted": Path.unlink,
    "empty": lambda path: path.write_bytes(b""),
    "cut": shorten,
    "spoilt": spoil,
    "replaced": lambda path: path.write_text("<html>something else</html>"),
}


@pytest.mark.parametrize("harm", HARMS.values(), ids=HARMS)
@pytest.mark.parametrize("name", FILES)
def test_what_is_not_whole_is_made_again(
    workspace: Workspace, name: str, harm: Callable[[Path], Any]
) -> None:
    data_set = added(workspace)
    made, place = workspace.overview(data_set), place_of(workspace, data_set)
    kept = np.array(made.courses)
    harm(place / name)
    again = workspace.overview(data_set)
    same_array(np.asarray(again.courses), kept)
    (place.parent / "values.parquet").unlink()
    assert workspace.overview(data_set).axes == AXES  # the new one was kept
    assert {path.name for path in place.iterdir()} == set(FILES)


def test_an_overview_of_other_runs_is_made_again(workspace: Workspace) -> None:
    data_set, other = added(workspace), workspace.add_runs(walks(3), "fewer")
    workspace.overview(other)
    shutil.copytree(place_of(workspace, other), place_of(workspace, data_set))
    assert len(workspace.overview(data_set).courses) == 6


def test_whatever_bit_changes_in_its_tables_it_is_the_same(workspace: Workspace) -> None:
    data_set, rng = added(workspace), np.random.default_rng(0)
    made, place = workspace.overview(data_set), place_of(workspace, data_set)
    expected = overviews._made(place.parent, data_set)
    same_overview(made, expected)
    for name in FILES:
        size = 128 if name.endswith("npy") else (place / name).stat().st_size
        for _ in range(15):
            content = bytearray((place / name).read_bytes())
            content[rng.integers(size)] ^= 1 << rng.integers(8)
            (place / name).unlink()  # what is mapped stays
            (place / name).write_bytes(content)
            same_overview(workspace.overview(data_set), expected)


def test_where_it_cannot_be_kept_it_is_still_there(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(path: Path) -> None:
        raise OSError("No space left on device")

    data_set = added(workspace)
    with monkeypatch.context() as patch:
        patch.setattr(folders, "_sync", fail)
        made = workspace.overview(data_set)
    assert {path.name for path in place_of(workspace, data_set).parent.iterdir()} == {
        "values.parquet", "runs.parquet",
    }  # fmt: skip
    same_overview(workspace.overview(data_set), made)


def test_a_file_in_its_place_is_left_alone(workspace: Workspace) -> None:
    data_set = added(workspace)
    place_of(workspace, data_set).write_text("mine")
    assert workspace.overview(data_set).axes == AXES
    assert place_of(workspace, data_set).read_text() == "mine"


def test_several_make_it_at_once(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    data_set, original = added(workspace), overviews._made

    def slowly(*args: Any) -> Overview:
        time.sleep(0.1)
        return original(*args)

    monkeypatch.setattr(overviews, "_made", slowly)
    with ThreadPoolExecutor(4) as pool:
        first, *others = pool.map(workspace.overview, [data_set] * 4)
    for other in others:
        same_overview(other, first)
    names = {path.name for path in place_of(workspace, data_set).parent.iterdir()}
    assert names == {"values.parquet", "runs.parquet", overviews.PLACE}


def test_what_a_kill_left_of_it_is_removed_after_an_hour(workspace: Workspace) -> None:
    data_set = added(workspace)
    workspace.overview(data_set)
    folder = place_of(workspace, data_set).parent
    left = folder / f".{'a' * 32}.part"
    left.mkdir()
    (left / "courses.npy").write_text("half")
    Workspace(workspace.path).close()
    assert left.exists()
    for path in workspace.path.rglob("*"):
        os.utime(path, (0, 0))
    Workspace(workspace.path).close()
    assert not left.exists() and {p.name for p in folder.iterdir()} == {
        "values.parquet", "runs.parquet", overviews.PLACE,
    }  # fmt: skip
    assert not (workspace.path / "leftovers").exists()


# --- populations --------------------------------------------------------------------------------


def test_a_population_is_refused_as_that_of_runs_is(workspace: Workspace) -> None:
    still = workspace.add_runs(KINDS["times that stand still"], "still")
    for positions in (None, [2, 1]):
        with error("axis must be one of timestep, elapsed, percent, got 'percents'; did you"):
            workspace.population(still, "percents", positions)
        run = "B-00" if positions is None else "B-01"
        with error(f"no elapsed time: the times of run {run!r} do not go forward; take the axis"):
            workspace.population(still, "elapsed", positions)
    with error("data set 'still' has 6 runs, none at [6]", NotInWorkspace):
        workspace.population(still, "timestep", [6])
    with error("X holds no run"):
        workspace.population(still, "timestep", [])


def test_runs_that_go_forward_have_elapsed_time_though_others_do_not(workspace: Workspace) -> None:
    runs = KINDS["one run backwards"]
    data_set = workspace.add_runs(runs, "runs")
    found = workspace.population(data_set, "elapsed", range(5))
    same_population(found, population(runs[:5], "elapsed"))
    with error("no elapsed time: the times of run 'B-05' do not go forward"):
        workspace.population(data_set, "elapsed")


def test_runs_come_slice_by_slice(workspace: Workspace) -> None:
    runs = walks(30)
    data_set = workspace.add_runs(runs, "runs")
    path = place_of(workspace, data_set).parent / "values.parquet"
    wanted = [27, 3, 4, 16, 0]
    parts = list(ragged.each_ragged(path, wanted))
    assert len(parts) > 2 and np.concatenate([held for held, _ in parts]).tolist() == sorted(wanted)
    for held, found in parts:
        for position, values in zip(held, found.values, strict=True):
            same_array(values, runs.arrays[position])


# --- codes --------------------------------------------------------------------------------------


@pytest.fixture
def coded(tmp_path: Path) -> Any:
    """A scoring by a detector that has codes."""
    detector = PCAReconstruction(latent_dim=2).fit(batches())
    with Workspace(tmp_path, create=True) as workspace:
        data_set = workspace.add_runs(batches(), "batches")
        model = workspace.add_model(detector, data_set=data_set)
        scoring = workspace.add_scoring(Scored.of(detector, batches()), model, data_set)
        yield workspace, scoring, detector.transform(batches())


def test_codes_are_those_of_the_detector(coded: Any) -> None:
    workspace, scoring, codes = coded
    found = workspace.read_codes(scoring)
    assert found.dtype == np.float32 and found.shape == (8, 2)
    np.testing.assert_allclose(found, codes, rtol=1e-5, atol=1e-6)


def test_codes_that_are_not_there_are_none(coded: Any, tmp_path: Path) -> None:
    workspace, scoring, _ = coded
    next(tmp_path.glob("scorings/*/codes.parquet")).unlink()  # scored before codes were kept
    assert workspace.read_codes(scoring) is None
    data_set = workspace.data_sets()[0]
    model = workspace.add_model(PopulationBand().fit(batches()))
    assert workspace.read_codes(workspace.add_scoring(scored(), model, data_set)) is None
    lengths = workspace.add_scores(data_set, range(8), detector="counting")
    assert workspace.read_codes(lengths) is None


@pytest.mark.parametrize("harm", [h for n, h in HARMS.items() if n != "deleted"])
def test_damaged_codes_are_told(coded: Any, tmp_path: Path, harm: Callable[[Path], Any]) -> None:
    workspace, scoring, _ = coded
    harm(next(tmp_path.glob("scorings/*/codes.parquet")))
    with pytest.raises(Damaged, match=r"codes\.parquet' is damaged"):
        workspace.read_codes(scoring)


@pytest.mark.parametrize("n_runs", [0, 7, 9])
def test_codes_of_other_runs_are_told(coded: Any, tmp_path: Path, n_runs: int) -> None:
    workspace, scoring, codes = coded
    other = np.resize(codes, (n_runs, 2)).astype(np.float32)
    [path] = tmp_path.glob("scorings/*/codes.parquet")
    write_columns(path, {"z0": other[:, 0], "z1": other[:, 1]})
    with pytest.raises(Damaged, match=r"codes\.parquet' is damaged \(no codes of 8 runs\)"):
        workspace.read_codes(scoring)


@pytest.mark.parametrize("columns", [{}, {"z0": np.array(["a"] * 8, dtype=object)}])
def test_what_is_no_code_is_told(coded: Any, tmp_path: Path, columns: dict[str, Any]) -> None:
    workspace, scoring, _ = coded
    write_columns(next(tmp_path.glob("scorings/*/codes.parquet")), columns)
    with pytest.raises(Damaged, match=r"codes\.parquet' is damaged"):
        workspace.read_codes(scoring)


# --- what must never be decoded -----------------------------------------------------------------


class Bomb:
    def __reduce__(self) -> Any:
        return (pytest.fail, ("it was unpickled",))


def pickled_in_numpy(path: Path) -> None:
    np.save(path, np.array([Bomb()], dtype=object), allow_pickle=True)


def zipped(path: Path) -> None:
    with path.open("wb") as file:
        np.savez(file, courses=np.zeros((6, 100, 2), np.float32))


FORGED: dict[str, Callable[[Path], Any]] = {
    "a pickle": lambda path: path.write_bytes(pickle.dumps(Bomb())),
    "pickled objects": pickled_in_numpy,
    "a zip": zipped,
    "another shape": lambda path: np.save(path, np.zeros((6, 99, 2), np.float32)),
    "more channels": lambda path: np.save(path, np.zeros((6, 100, 3), np.float32)),
    "a number": lambda path: np.save(path, np.float32(1)),
    "texts": lambda path: np.save(path, np.full((6, 100, 2), "text")),
    "a folder": lambda path: (path.unlink(), path.mkdir()),
}


@pytest.mark.parametrize("forge", FORGED.values(), ids=FORGED)
def test_courses_that_are_none_are_made_again_and_never_unpickled(
    workspace: Workspace, forge: Callable[[Path], Any]
) -> None:
    data_set = added(workspace)
    expected = np.array(workspace.overview(data_set).courses)
    forge(place_of(workspace, data_set) / "courses.npy")
    same_array(np.asarray(workspace.overview(data_set).courses), expected)


def test_an_overview_in_a_folder_that_cannot_be_written_is_made_each_time(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise PermissionError("Read-only file system")

    data_set = added(workspace)
    expected = workspace.overview(data_set)
    shutil.rmtree(place_of(workspace, data_set))
    monkeypatch.setattr(Path, "mkdir", refuse)
    same_overview(workspace.overview(data_set), expected)
    assert not place_of(workspace, data_set).exists()
