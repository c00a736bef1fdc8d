"""Saved models: the same object again, whole after a crash, and clear words where they are not."""

import ast
import json
import math
import os
import pickle
import re
import shutil
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from pyod.models.knn import KNN
from sklearn.base import clone

import tsad_plugin
from tsad_plugin import persistence
from tsad_plugin.adapters import OnRuns
from tsad_plugin.autoencoder import SequenceAutoEncoder
from tsad_plugin.detectors import FCVAE, CNN1DAutoEncoder, FCAutoEncoder, LSTMAutoEncoder
from tsad_plugin.encoding import CLASSES
from tsad_plugin.persistence import SCHEMA, load, read_metadata, save
from tsad_plugin.reconstruction import ReconstructionDetector
from tsad_plugin.runs import Runs
from tsad_plugin.steps import ChannelPCA, Despike, MovingAverage, Step
from tsad_plugin.thresholds import ConformalThreshold, KSigma, PeaksOverThreshold, Thresholder
from tsad_plugin.tuning import FixedThreshold
from tsad_plugin.windows import WindowedDetector

DETECTORS = [cls for cls in CLASSES.values() if issubclass(cls, ReconstructionDetector)]
NETWORKS = [cls for cls in DETECTORS if issubclass(cls, SequenceAutoEncoder)]
THRESHOLDERS = [cls for cls in CLASSES.values() if issubclass(cls, Thresholder)]
STEPS = [cls for cls in CLASSES.values() if issubclass(cls, Step)]
USER_CLASSES = [*DETECTORS, OnRuns, WindowedDetector, *THRESHOLDERS, *STEPS]
NEEDED: dict[type[Any], list[Any]] = {OnRuns: ["KNN"], FixedThreshold: [1.5]}

QUICK = {"n_epochs": 1, "hidden_dims": (4,), "latent_dim": 2, "n_threads": 1}


def error(text: str) -> Any:
    return pytest.raises(ValueError, match=f"^{re.escape(text)}$")


def walks(n_runs: int, seed: int = 0, scale: float = 1.0) -> Runs:
    """Named runs of unequal length with two channels and a gap."""
    rng = np.random.default_rng(seed)
    arrays = [scale * rng.normal(size=(n, 2)).cumsum(0) for n in rng.integers(8, 12, n_runs)]
    arrays[0][3, 1] = np.nan
    return Runs(arrays, channels=["T", "p"], units=["°C", "bar"])


RUNS, NEW = walks(12), walks(5, seed=1)


@pytest.fixture(scope="module")
def fitted() -> FCAutoEncoder:
    return FCAutoEncoder(**QUICK).fit(RUNS)


@pytest.fixture(scope="module")
def other() -> FCAutoEncoder:
    return FCAutoEncoder(**QUICK, random_state=7).fit(walks(12, seed=3, scale=5.0))


def scores(detector: Any) -> NDArray[Any]:
    return detector.decision_function(NEW)


def same_state(first: Any, second: Any, where: str = "") -> None:
    """Two objects have equal attributes, through and through; NumPy's numbers become Python's."""
    if isinstance(second, np.number):
        second = second.item()
    first = first.item() if isinstance(first, np.number) else first
    assert type(first) is type(second), where
    if isinstance(first, torch.nn.Module):
        first, second = first.state_dict(), second.state_dict()
    if isinstance(first, torch.Tensor):
        assert torch.equal(first, second), where
    elif isinstance(first, np.ndarray):
        assert first.dtype == second.dtype, where
        np.testing.assert_array_equal(first, second, err_msg=where)
    elif isinstance(first, dict):
        assert list(first) == list(second), where
        for key in first:
            same_state(first[key], second[key], f"{where}.{key}")
    elif isinstance(first, list | tuple):
        assert len(first) == len(second), where
        for i, (a, b) in enumerate(zip(first, second, strict=True)):
            same_state(a, b, f"{where}[{i}]")
    elif type(first).__name__ in CLASSES:
        assert set(vars(first)) == set(vars(second)), where
        for key in vars(first):
            same_state(vars(first)[key], vars(second)[key], f"{where}.{key}")
    else:
        assert first == second or (first != first and second != second), where


# --- the same object again ----------------------------------------------------------------------


def test_every_public_class_of_ours_can_be_saved() -> None:
    public = [getattr(tsad_plugin, name) for name in tsad_plugin.__all__]
    estimators = {cls for cls in public if isinstance(cls, type) and hasattr(cls, "get_params")}
    assert estimators <= set(USER_CLASSES)
    assert len(DETECTORS) >= 6 and len(THRESHOLDERS) >= 3 and len(STEPS) >= 3


@pytest.mark.parametrize("cls", USER_CLASSES)
def test_an_object_that_is_not_fitted_comes_back(cls: type[Any], tmp_path: Path) -> None:
    made = cls(*NEEDED.get(cls, []))
    save(made, tmp_path / "m")
    loaded = load(tmp_path / "m")
    assert type(loaded) is cls
    same_state(loaded, made)
    same_state(loaded.get_params(), made.get_params())


@pytest.mark.parametrize("cls", NETWORKS)
@pytest.mark.parametrize("linear_path", [False, True])
def test_a_fitted_detector_scores_as_before(
    cls: type[Any], linear_path: bool, tmp_path: Path
) -> None:
    detector = cls(**QUICK, linear_path=linear_path).fit(RUNS)
    save(detector, tmp_path)
    loaded = load(tmp_path)
    np.testing.assert_array_equal(scores(loaded), scores(detector))
    np.testing.assert_array_equal(loaded.predict(NEW), detector.predict(NEW))
    np.testing.assert_array_equal(loaded.transform(NEW), detector.transform(NEW))
    np.testing.assert_array_equal(loaded.predict_proba(NEW), detector.predict_proba(NEW))
    np.testing.assert_array_equal(loaded.predict_confidence(NEW), detector.predict_confidence(NEW))
    for method in ("contributions", "reconstruct"):
        pairs = zip(getattr(loaded, method)(NEW), getattr(detector, method)(NEW), strict=True)
        for found, expected in pairs:
            np.testing.assert_array_equal(found, expected)
    assert loaded.explain(NEW) == detector.explain(NEW)
    same_state(loaded.population_band(2), detector.population_band(2))
    same_state(loaded, detector)
    same_state(loaded.get_params(), detector.get_params())


NESTED = {
    "thresholder": FCAutoEncoder(**QUICK, contamination=KSigma(2.5, robust=True)),
    "steps": LSTMAutoEncoder(**QUICK, steps=[Despike(5), MovingAverage(3), ChannelPCA(1)]),
    "all": FCVAE(
        **QUICK,
        contamination=PeaksOverThreshold(0.01),
        steps=(MovingAverage(3),),
        scaling="phase",
        score="both",
        use_duration=True,
        reduction=0.25,
    ),
    "options": LSTMAutoEncoder(**QUICK, cell="gru", patch_size=3, n_timesteps=np.int64(7)),
    "kernel": CNN1DAutoEncoder(**QUICK, kernel_size=3, length_sigma=None, n_channels=2),
    "conformal": FCAutoEncoder(**QUICK, contamination=ConformalThreshold(0.2)),
    "numpy numbers": FCAutoEncoder(
        **{**QUICK, "lr": np.float64(0.01)}, contamination=np.float32(0.25), noise=np.float64(0.1)
    ),
}


@pytest.mark.parametrize("detector", NESTED.values(), ids=NESTED)
@pytest.mark.parametrize("is_fitted", [False, True])
def test_what_stands_in_a_detector_is_saved_with_it(
    detector: Any, is_fitted: bool, tmp_path: Path
) -> None:
    detector = clone(detector)
    if is_fitted:
        detector.fit(RUNS)
    save(detector, tmp_path)
    loaded = load(tmp_path)
    same_state(loaded.get_params(deep=False), detector.get_params(deep=False))
    if is_fitted:
        np.testing.assert_array_equal(scores(loaded), scores(detector))
        np.testing.assert_array_equal(loaded.predict(NEW), detector.predict(NEW))
        assert loaded.threshold_ == detector.threshold_
    refitted = clone(loaded).fit(RUNS)
    np.testing.assert_array_equal(scores(refitted), scores(clone(detector).fit(RUNS)))


@pytest.mark.parametrize("name", ["hidden_dims", "latent_dim", "cell", "linear_path"])
def test_parameters_set_after_fit_do_not_change_the_network(name: str, tmp_path: Path) -> None:
    values = {"hidden_dims": (9, 9), "latent_dim": 1, "cell": "gru", "linear_path": True}
    detector = LSTMAutoEncoder(**{**QUICK, "linear_path": False}).fit(RUNS)
    expected = scores(detector)
    detector.set_params(**{name: values[name]})
    save(detector, tmp_path)
    loaded = load(tmp_path)
    assert getattr(loaded, name) == values[name]
    np.testing.assert_array_equal(scores(loaded), expected)


@pytest.mark.parametrize(
    "thresholder", [KSigma(2), KSigma(robust=True), PeaksOverThreshold(), ConformalThreshold(0.1)]
)
def test_a_fitted_thresholder_labels_as_before(thresholder: Any, tmp_path: Path) -> None:
    values = np.random.default_rng(0).exponential(size=200)
    fitted = clone(thresholder).fit(values)
    save(fitted, tmp_path)
    loaded = load(tmp_path)
    same_state(loaded, fitted)
    assert loaded.thresh_ == fitted.thresh_
    np.testing.assert_array_equal(loaded.predict(values), fitted.predict(values))
    np.testing.assert_array_equal(clone(loaded).eval(values), fitted.labels_)


@pytest.mark.parametrize("step", [MovingAverage(3), Despike(5, 3.5), ChannelPCA(1)])
def test_a_fitted_step_transforms_as_before(step: Any, tmp_path: Path) -> None:
    fitted = clone(step).fit(RUNS)
    save(fitted, tmp_path)
    loaded = load(tmp_path)
    same_state(loaded, fitted)
    np.testing.assert_array_equal(
        np.asarray(loaded.transform(NEW)), np.asarray(fitted.transform(NEW))
    )


def test_another_process_scores_as_this_one(fitted: FCAutoEncoder, tmp_path: Path) -> None:
    save(fitted, tmp_path / "m")
    X = np.random.default_rng(5).normal(size=(4, 10, 2))
    np.save(tmp_path / "X.npy", X)
    code = (
        "import sys, numpy as np, tsad_plugin; d = tsad_plugin.load(sys.argv[1] + '/m');"
        "X = np.load(sys.argv[1] + '/X.npy');"
        "np.save(sys.argv[1] + '/s.npy', d.decision_function(X))"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=True)
    np.testing.assert_array_equal(np.load(tmp_path / "s.npy"), fitted.decision_function(X))


def test_what_was_loaded_can_be_saved_and_is_the_same_file(
    fitted: FCAutoEncoder, tmp_path: Path
) -> None:
    save(fitted, tmp_path / "first")
    save(load(tmp_path / "first"), tmp_path / "second")
    for file in (tmp_path / "first").iterdir():
        assert file.read_bytes() == (tmp_path / "second" / file.name).read_bytes()


def test_saving_changes_nothing(fitted: FCAutoEncoder, tmp_path: Path) -> None:
    before = pickle.dumps(vars(fitted))
    save(fitted, tmp_path)
    assert pickle.dumps(vars(fitted)) == before


def test_numbers_that_json_does_not_know_come_back(tmp_path: Path) -> None:
    detector = FCAutoEncoder(**QUICK).fit(RUNS)
    odd = {"loss": math.inf, "penalty": -math.inf, "validation_loss": math.nan, "epoch": 1}
    detector.history_ = [*detector.history_, odd]
    save(detector, tmp_path)
    loaded = load(tmp_path)
    same_state(loaded.history_, detector.history_)
    assert math.isnan(loaded.history_[-1]["validation_loss"])
    assert loaded.history_[-1]["loss"] == math.inf == -loaded.history_[-1]["penalty"]
    text = (tmp_path / "model.json").read_text()
    json.loads(text, parse_constant=pytest.fail)  # strict JSON: no NaN, no Infinity


def test_values_of_every_kind_come_back(tmp_path: Path) -> None:
    values = {
        "none": None,
        "yes": True,
        "text": 'a "b" \n ü \ud800',
        "big": 2**70,
        "float": 0.1 + 0.2,
        "tiny": 5e-324,
        "tuple": (1, (2.5, [3, "x"])),
        "empty": [(), [], {}],
        "dict": {"class": "KSigma", "float": "nan", "array": [1]},
        "arrays": [np.arange(3), np.zeros((2, 0)), np.array([True, False])],
        "float32": np.arange(6, dtype=np.float32).reshape(2, 3).T,
    }
    thresholder = KSigma()
    vars(thresholder).update(values)
    save(thresholder, tmp_path)
    same_state({k: vars(load(tmp_path))[k] for k in values}, values)


# --- no pickle, no chance -----------------------------------------------------------------------


def test_there_is_no_pickle_in_the_files(fitted: FCAutoEncoder, tmp_path: Path) -> None:
    save(fitted, tmp_path)
    files = sorted(path.name for path in tmp_path.iterdir())
    assert len(files) == 2 and files[1] == "model.json"
    assert re.fullmatch(r"arrays-[0-9a-f]{16}\.safetensors", files[0])
    for name in files:
        content = (tmp_path / name).read_bytes()
        with pytest.raises((pickle.UnpicklingError, EOFError, ValueError, KeyError, IndexError)):
            pickle.loads(content)
        assert b"\x80\x04\x95" not in content and b"\x80\x02}" not in content


def test_there_is_no_pickle_in_the_source() -> None:
    unsafe = {"pickle", "cPickle", "dill", "cloudpickle", "shelve", "marshal", "joblib"}
    source = Path(persistence.__file__).read_text()
    names = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names |= {(node.module or "").split(".")[0], *(a.name for a in node.names)}
    assert not names & unsafe
    for call in ("torch.load", "torch.save", "np.load", "np.save", "eval(", "exec(", "__import__"):
        assert not re.search(rf"(?<![.\w]){re.escape(call)}", source), call


def test_saving_and_loading_leave_the_global_random_states_alone(
    fitted: FCAutoEncoder, tmp_path: Path
) -> None:
    torch_state, numpy_state = torch.get_rng_state(), np.random.get_state()[1].tolist()
    save(fitted, tmp_path)
    load(tmp_path)
    assert torch.equal(torch.get_rng_state(), torch_state)
    assert np.random.get_state()[1].tolist() == numpy_state


# --- metadata -----------------------------------------------------------------------------------


def test_metadata_are_kept(fitted: FCAutoEncoder, tmp_path: Path) -> None:
    metadata = {"source": "runs.csv", "n": 3, "tags": ["a", None, 1.5], "nested": {"ü": True}}
    save(fitted, tmp_path, metadata=metadata)
    assert read_metadata(tmp_path) == metadata
    np.testing.assert_array_equal(scores(load(tmp_path)), scores(fitted))
    save(fitted, tmp_path)
    assert read_metadata(tmp_path) == {}


def test_keys_that_are_numbers_are_read_back_as_text(tmp_path: Path) -> None:
    save(KSigma(), tmp_path, metadata={10: "b", 9: "a"})  # type: ignore[dict-item]
    assert read_metadata(tmp_path) == {"10": "b", "9": "a"}
    assert isinstance(load(tmp_path), KSigma)


@pytest.mark.parametrize(
    "metadata",
    [{"x": np.arange(3)}, {"x": np.float32(1)}, {"p": Path("a")}, {"x": math.nan}, [1, 2], "text"],
    ids=["array", "numpy number", "path", "nan", "list", "text"],
)
def test_metadata_that_are_not_json_are_refused_and_nothing_is_written(
    metadata: Any, tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match=r"^metadata must be a dict of JSON values \(.+\)$"):
        save(KSigma(), tmp_path / "m", metadata=metadata)
    assert not (tmp_path / "m").exists()


# --- saving over an older model, and crashes ----------------------------------------------------


def test_a_newer_model_replaces_the_older_one(
    fitted: FCAutoEncoder, other: FCAutoEncoder, tmp_path: Path
) -> None:
    save(fitted, tmp_path)
    before = {path.name for path in tmp_path.iterdir()}
    save(other, str(tmp_path))
    after = {path.name for path in tmp_path.iterdir()}
    assert len(after) == 2 and after & before == {"model.json"}
    np.testing.assert_array_equal(scores(load(tmp_path)), scores(other))
    assert not np.allclose(scores(other), scores(fitted))


def test_saving_the_same_again_keeps_the_files(fitted: FCAutoEncoder, tmp_path: Path) -> None:
    for _ in range(2):
        save(fitted, tmp_path)
        assert len(list(tmp_path.iterdir())) == 2
    np.testing.assert_array_equal(scores(load(tmp_path)), scores(fitted))


def test_two_models_lie_side_by_side(
    fitted: FCAutoEncoder, other: FCAutoEncoder, tmp_path: Path
) -> None:
    save(fitted, tmp_path / "deep" / "a")
    save(other, tmp_path / "deep" / "b")
    np.testing.assert_array_equal(scores(load(tmp_path / "deep" / "a")), scores(fitted))
    np.testing.assert_array_equal(scores(load(tmp_path / "deep" / "b")), scores(other))


class PowerCut(BaseException):
    """Not an Exception: nothing may handle it."""


def cut_at(monkeypatch: pytest.MonkeyPatch, target: str, call: int) -> list[int]:
    """Let the power fail at that call of a function that saving uses."""
    calls: list[int] = []
    module, name = (persistence, "_write") if target == "_write" else (os, target)
    original = getattr(module, name)

    def failing(*args: Any) -> Any:
        calls.append(len(calls))
        if len(calls) > call:
            raise PowerCut
        return original(*args)

    monkeypatch.setattr(module, name, failing)
    return calls


@pytest.mark.parametrize("target", ["_write", "replace", "fsync"])
@pytest.mark.parametrize("call", [0, 1])
@pytest.mark.parametrize("leftovers", [False, True])
def test_a_crash_while_saving_leaves_the_old_model_whole(
    fitted: FCAutoEncoder,
    other: FCAutoEncoder,
    tmp_path: Path,
    target: str,
    call: int,
    leftovers: bool,
) -> None:
    save(fitted, tmp_path)
    with pytest.MonkeyPatch.context() as patch:
        if leftovers:  # a killed process does not clean up
            patch.setattr(Path, "unlink", lambda self, missing_ok=False: None)
        assert cut_at(patch, target, call) == []
        with pytest.raises(PowerCut):
            save(other, tmp_path)
    assert any(path.suffix == ".part" for path in tmp_path.iterdir()) == (
        leftovers and target != "_write"
    )
    np.testing.assert_array_equal(scores(load(tmp_path)), scores(fitted))
    save(other, tmp_path)
    np.testing.assert_array_equal(scores(load(tmp_path)), scores(other))
    assert len(list(tmp_path.iterdir())) == 2


@pytest.mark.parametrize("target", ["_write", "replace", "fsync"])
@pytest.mark.parametrize("call", [0, 1])
def test_after_a_crash_in_the_first_save_the_folder_can_be_used(
    fitted: FCAutoEncoder, tmp_path: Path, target: str, call: int
) -> None:
    folder = tmp_path / "m"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Path, "unlink", lambda self, missing_ok=False: None)
        cut_at(patch, target, call)
        with pytest.raises(PowerCut):
            save(fitted, folder)
    with error(f"no model at {str(folder)!r}: there is no model.json to read"):
        load(folder)
    save(fitted, folder)
    np.testing.assert_array_equal(scores(load(folder)), scores(fitted))
    assert len(list(folder.iterdir())) == 2


def test_a_crash_before_the_old_arrays_are_gone_leaves_the_new_model(
    fitted: FCAutoEncoder, other: FCAutoEncoder, tmp_path: Path
) -> None:
    save(fitted, tmp_path)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Path, "unlink", lambda self, missing_ok=False: None)
        save(other, tmp_path)
    assert len(list(tmp_path.iterdir())) == 3
    np.testing.assert_array_equal(scores(load(tmp_path)), scores(other))
    # Another process may be writing: only what has lain there for an hour is cleaned up.
    save(other, tmp_path)
    assert len(list(tmp_path.iterdir())) == 3
    for path in tmp_path.iterdir():
        os.utime(path, (0, 0))
    save(other, tmp_path)
    assert len(list(tmp_path.iterdir())) == 2


def test_a_write_that_fails_leaves_no_part_behind(
    fitted: FCAutoEncoder, other: FCAutoEncoder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save(fitted, tmp_path)

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        save(other, tmp_path)
    assert len(list(tmp_path.iterdir())) == 2
    np.testing.assert_array_equal(scores(load(tmp_path)), scores(fitted))


# --- what is refused ----------------------------------------------------------------------------


class Mine(FCAutoEncoder):
    """A subclass that no other machine knows."""


class Foreign:
    """A thresholder of somebody else."""

    def fit(self, scores: Any) -> None: ...

    def predict(self, scores: Any) -> None: ...


NAMESAKE = type("KSigma", (Foreign,), {})


def refusal(where: str, cls: type[Any]) -> str:
    return (
        f"{where} is a {cls.__module__}.{cls.__qualname__}, which save does not take: "
        "use pyod.utils.persistence, which pickles it"
    )


REFUSED: list[tuple[Any, str, type[Any]]] = [
    (KNN(), "KNN", KNN),
    (Mine(), "Mine", Mine),
    (NAMESAKE(), "KSigma", NAMESAKE),
    (FCAutoEncoder, type(FCAutoEncoder).__name__, type(FCAutoEncoder)),
    ([KSigma()], "list", list),
    ({"a": 1}, "dict", dict),
    (3.5, "float", float),
    (None, "NoneType", type(None)),
    (FCAutoEncoder(contamination=Foreign()), "FCAutoEncoder.contamination", Foreign),
    (FCAutoEncoder(steps=[MovingAverage(), KNN()]), "FCAutoEncoder.steps.1", KNN),
    (
        FCAutoEncoder(random_state=np.random.RandomState(0)),
        "FCAutoEncoder.random_state",
        np.random.RandomState,
    ),
]


@pytest.mark.parametrize(("obj", "where", "cls"), REFUSED, ids=[where for _, where, _ in REFUSED])
def test_what_is_not_ours_is_named_and_nothing_is_written(
    obj: Any, where: str, cls: type[Any], tmp_path: Path
) -> None:
    with error(refusal(where, cls)):
        save(obj, tmp_path / "m")
    assert not (tmp_path / "m").exists()


def test_what_is_refused_leaves_the_old_model(fitted: FCAutoEncoder, tmp_path: Path) -> None:
    save(fitted, tmp_path)
    with error(refusal("KNN", KNN)):
        save(KNN(), tmp_path)
    np.testing.assert_array_equal(scores(load(tmp_path)), scores(fitted))


def holds_other_things(folder: Path) -> str:
    return f"{str(folder)!r} holds other things and no model: pass a new or an empty folder"


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("notes.txt", "dear diary"),
        ("arrays.csv", "1,2"),
        (".hidden", ""),
        ("model.json", '{"format": "another program\'s"}'),
        ("model.json", "[1, 2, 3]"),
    ],
)
def test_a_folder_of_other_things_is_left_alone(name: str, content: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(content)
    with error(holds_other_things(tmp_path)):
        save(KSigma(), tmp_path)
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {name: content}


def test_files_beside_a_model_are_left_alone(
    fitted: FCAutoEncoder, other: FCAutoEncoder, tmp_path: Path
) -> None:
    save(fitted, tmp_path)
    for name in ("notes.txt", "weights.safetensors", "draft.part"):
        (tmp_path / name).write_text("mine")
    save(other, tmp_path)
    assert len(list(tmp_path.iterdir())) == 5
    np.testing.assert_array_equal(scores(load(tmp_path)), scores(other))


def test_an_empty_folder_is_taken(tmp_path: Path) -> None:
    save(KSigma(), tmp_path)
    assert isinstance(load(tmp_path), KSigma)


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    path = tmp_path / "model"
    path.write_text("x")
    with error(f"{str(path)!r} is a file: pass a folder for the model"):
        save(KSigma(), path)
    assert path.read_text() == "x"


# --- what cannot be loaded ----------------------------------------------------------------------


def damaged(folder: Path, what: str) -> str:
    return f"the model at {str(folder)!r} is damaged ({what}): save it again, or restore a copy"


@pytest.fixture
def model(fitted: FCAutoEncoder, tmp_path: Path) -> Path:
    save(fitted, tmp_path / "m", metadata={"source": "runs.csv"})
    return tmp_path / "m"


def arrays_of(model: Path) -> Path:
    (path,) = model.glob("arrays-*")
    return path


def test_a_missing_model_is_no_model(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "nowhere"):
        for read in (load, read_metadata):
            with error(f"no model at {str(folder)!r}: there is no model.json to read"):
                read(folder)


def test_the_file_of_another_program_is_no_model(tmp_path: Path) -> None:
    for content in ("{}", "[]", "3", '{"format": "else", "schema": 1}', "null"):
        (tmp_path / "model.json").write_text(content)
        for read in (load, read_metadata):
            with error(f"{str(tmp_path)!r} is not a model of tsad_plugin: save one with save()"):
                read(tmp_path)


def test_a_model_of_an_older_version_asks_for_another_fit(model: Path) -> None:
    path = model / "model.json"
    content = json.loads(path.read_text())
    path.write_text(json.dumps({**content, "schema": SCHEMA - 1}))
    text = (
        f"the model at {str(model)!r} is of an older tsad_plugin (schema {SCHEMA - 1}), this "
        f"version reads schema {SCHEMA}: fit and save it again"
    )
    for read in (load, read_metadata):
        with error(text):
            read(model)
    save(KSigma(), model)  # such a folder can be written anew
    assert isinstance(load(model), KSigma)


def test_a_newer_schema_asks_for_a_newer_version(model: Path) -> None:
    path = model / "model.json"
    content = json.loads(path.read_text())
    path.write_text(json.dumps({**content, "schema": SCHEMA + 1, "version": "9.9"}))
    text = (
        f"the model at {str(model)!r} has schema {SCHEMA + 1}, this version reads up to {SCHEMA}: "
        "upgrade tsad_plugin to at least 9.9"
    )
    for read in (load, read_metadata):
        with error(text):
            read(model)


def test_the_version_that_saved_is_noted(model: Path) -> None:
    assert json.loads((model / "model.json").read_text())["version"] == version("tsad_plugin")


def test_a_flipped_byte_in_the_arrays_is_found(model: Path) -> None:
    path = arrays_of(model)
    whole = path.read_bytes()
    for position in np.linspace(0, len(whole) - 1, 25, dtype=int):
        broken = bytearray(whole)
        broken[position] ^= 1
        path.write_bytes(broken)
        with error(damaged(model, f"the checksum of {path.name} is wrong")):
            load(model)
    path.write_bytes(whole)
    load(model)


def _says_the_same(broken: bytes, whole: bytes) -> bool:
    """Whether only a digit beyond a float's precision is another."""
    try:
        return bool(json.loads(broken) == json.loads(whole))
    except ValueError:
        return False


def test_a_flipped_byte_in_the_description_is_found(model: Path) -> None:
    path = model / "model.json"
    whole = path.read_bytes()
    where = re.escape(repr(str(model)))
    for position in np.linspace(0, len(whole) - 1, 150, dtype=int):
        broken = bytearray(whole)
        broken[position] ^= 1
        if _says_the_same(broken, whole):
            continue
        path.write_bytes(broken)
        with pytest.raises(ValueError, match=where):
            load(model)
    path.write_bytes(whole)
    load(model)


def test_a_changed_value_in_the_description_is_found(model: Path) -> None:
    path = model / "model.json"
    content = json.loads(path.read_text())
    content["object"]["attributes"]["threshold_"] *= 2
    path.write_text(json.dumps(content))
    for read in (load, read_metadata):
        with error(damaged(model, "the checksum of model.json is wrong")):
            read(model)


@pytest.mark.parametrize("share", [0.0, 0.3, 0.999])
def test_cut_files_are_found(model: Path, share: float) -> None:
    path = arrays_of(model)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(share * len(whole))])
    with error(damaged(model, f"the checksum of {path.name} is wrong")):
        load(model)
    path.write_bytes(whole)
    path = model / "model.json"
    text = path.read_bytes()
    path.write_bytes(text[: int(share * len(text))])
    with error(damaged(model, "model.json is not JSON")):
        load(model)


def test_missing_arrays_are_found(model: Path) -> None:
    name = arrays_of(model).name
    arrays_of(model).unlink()
    with error(damaged(model, f"{name} cannot be read")):
        load(model)
    assert read_metadata(model) == {"source": "runs.csv"}


def test_the_arrays_of_another_model_are_found(
    model: Path, other: FCAutoEncoder, tmp_path: Path
) -> None:
    save(other, tmp_path / "other")
    path = arrays_of(model)
    shutil.copy(arrays_of(tmp_path / "other"), path)
    with error(damaged(model, f"the checksum of {path.name} is wrong")):
        load(model)


def test_a_damaged_model_can_be_replaced(model: Path, other: FCAutoEncoder) -> None:
    for content in (b"", b'{"format": ', b"\xff\xfe"):
        (model / "model.json").write_bytes(content)
        save(other, model)
        np.testing.assert_array_equal(scores(load(model)), scores(other))


def test_arrays_are_read_from_the_folder_alone(model: Path) -> None:
    path = model / "model.json"
    content = json.loads(path.read_text())
    outside = model.parent / "outside.safetensors"
    arrays_of(model).rename(outside)
    content["arrays"]["file"] = "../outside.safetensors"
    del content["sha256"]
    content["sha256"] = persistence._digest(content)
    path.write_text(json.dumps(content))
    with error(damaged(model, "../outside.safetensors cannot be read")):
        load(model)


def test_what_another_process_writes_at_the_same_time_is_left_alone(
    fitted: FCAutoEncoder, other: FCAutoEncoder, tmp_path: Path
) -> None:
    save(fitted, tmp_path)
    theirs = [tmp_path / name for name in (".model.json.1.part", "arrays-0123.safetensors")]
    for path in theirs:
        path.write_bytes(b"half")
    save(other, tmp_path)
    assert all(path.exists() for path in theirs)
    np.testing.assert_array_equal(scores(load(tmp_path)), scores(other))
