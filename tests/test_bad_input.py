"""What is wrong with the input, in the words that a user reads, and that nothing learned is lost.

Each case compares the whole text. Files have more cases in `test_tables`, models in
`test_persistence`, the command line in tests of its own.
"""

import gzip
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from numpy.typing import NDArray
from pyod.models.knn import KNN
from pythresh.thresholds.iqr import IQR
from sklearn.exceptions import NotFittedError
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from waves import CHANNELS, QUICK, as_matrix, as_named, waves

from tsad_plugin import (
    FCVAE,
    LSTMVAE,
    ChannelPCA,
    CNN1DAutoEncoder,
    FCAutoEncoder,
    KSigma,
    LSTMAutoEncoder,
    MovingAverage,
    Runs,
    load,
    read_runs,
    save,
)

nan, inf = np.nan, np.inf

FORMS = (
    "pass (n_runs, n_timesteps), (n_runs, n_timesteps, n_channels) or a list of arrays "
    "(n_timesteps_i, n_channels)"
)
NOT_FITTED = (
    "This FCAutoEncoder instance is not fitted yet. Call 'fit' with appropriate arguments before "
    "using this estimator."
)


def error(text: str, kind: type[Exception] = ValueError) -> Any:
    """An error with exactly this text."""
    return pytest.raises(kind, match=f"^{re.escape(text)}$")


def with_value(value: float, *position: Any) -> NDArray[Any]:
    X = as_matrix(4)
    X[position] = value
    return X


@pytest.fixture(scope="module")
def fitted() -> FCAutoEncoder:
    """For tests that leave it as it is."""
    return FCAutoEncoder(**QUICK).fit(as_named(waves(40)))


def state(detector: FCAutoEncoder) -> str:
    """All that a detector has learned, and what it says of new runs."""
    X = as_matrix(5, seed=1)
    answers = [a.tolist() for a in (detector.predict(X), *detector.contributions(X))]
    learned = {k: repr(v) for k, v in vars(detector).items() if k.endswith("_") and k != "network_"}
    learned.pop("preprocessor_"), learned.pop("scorer_")
    return json.dumps([learned, answers, detector.decision_function(X).tolist()])


# --- X ------------------------------------------------------------------------------------------

BAD_X: dict[str, tuple[Callable[[], Any], str]] = {
    "no list": (list, "X holds no run: pass at least one"),
    "no row": (lambda: np.empty((0, 24)), "X holds no run: pass at least one"),
    "no run": (lambda: np.empty((0, 24, 3)), "X holds no run: pass at least one"),
    "empty Runs": (lambda: Runs(waves(3))[:0], "X holds no run: pass at least one"),
    "no channel": (lambda: np.empty((4, 24, 0)), "run 0 has no channel: a run needs at least one"),
    "no timestep": (
        lambda: np.empty((4, 0, 3)),
        "run 0 has 0 timesteps: a run needs at least 2 (leave it out, or pass rows with "
        "n_channels='all')",
    ),
    "ragged channels": (
        lambda: [*waves(2), waves(1)[0][:, :2]],
        "run 2 has 2 channels, run 0 has 3: all runs need the same channels",
    ),
    "infinite value": (
        lambda: with_value(inf, 2, 5, 1),
        "run 2, channel 'channel_1' is infinite at timestep 5: replace it by NaN (a gap) or leave "
        "the run out",
    ),
    "minus infinity": (
        lambda: list(with_value(-inf, 0, slice(7, 9))),
        "run 0, channel 'channel_0' is infinite at timestep 7: replace it by NaN (a gap) or leave "
        "the run out",
    ),
    "channel of NaN": (
        lambda: with_value(nan, 1, slice(None), 2),
        "run 1, channel 'channel_2' holds only NaN: leave out that run or that channel",
    ),
    "run of NaN": (
        lambda: with_value(nan, 3),
        "run 3, channel 'channel_0' holds only NaN: leave out that run or that channel",
    ),
    "run of one timestep": (
        lambda: [*waves(3), waves(1)[0][:1]],
        "run 3 has 1 timestep: a run needs at least 2 (leave it out, or pass rows with "
        "n_channels='all')",
    ),
    "run of one timestep and padding": (
        lambda: with_value(nan, 1, slice(1, None)),
        "run 1 has 1 timestep: a run needs at least 2 (leave it out, or pass rows with "
        "n_channels='all')",
    ),
    "text": (lambda: "runs.csv", "X holds text ('runs.csv'): all values must be numbers"),
    "bytes": (lambda: b"runs", "X holds text (b'runs'): all values must be numbers"),
    "array of text": (
        lambda: np.array([["1", "2"], ["3", "4"]]),
        "X holds text ('1'): all values must be numbers",
    ),
    "list of text": (lambda: [["a", "b"]], "run 0 holds text ('a'): all values must be numbers"),
    "text among numbers": (
        lambda: np.array([[1.0, 2.0], [3.0, "off"]], dtype=object),
        "X holds text ('off'): all values must be numbers",
    ),
    "DataFrame with text": (
        lambda: pd.DataFrame({"t0": [1.0, 2.0], "t1": ["on", "off"]}),
        "X holds text ('on'): all values must be numbers",
    ),
    "complex numbers": (
        lambda: as_matrix(4).astype(complex),
        "X holds complex128 values: all values must be real numbers",
    ),
    "dates": (
        lambda: np.array([["2024-01-01", "2024-01-02"]], dtype="datetime64[D]"),
        "X holds datetime64[D] values: all values must be real numbers",
    ),
    "one dimension": (lambda: np.arange(24.0), f"X has 1 dimension: {FORMS}"),
    "four dimensions": (lambda: as_matrix(4)[None], f"X has 4 dimensions: {FORMS}"),
    "a number": (lambda: 3.0, f"X has 0 dimensions: {FORMS}"),
    "None": (lambda: None, f"X has 0 dimensions: {FORMS}"),
    "list of numbers": (
        lambda: [1.0, 2.0],
        "run 0 has 0 dimensions: pass (n_timesteps,) or (n_timesteps, n_channels)",
    ),
    "list of 3-D arrays": (
        lambda: [as_matrix(2), as_matrix(2)],
        "run 0 has 3 dimensions: pass (n_timesteps,) or (n_timesteps, n_channels)",
    ),
    "ragged list in a list": (
        lambda: [waves(1)[0], [[1.0, 2.0, 3.0], [4.0]]],
        "run 1 is ragged: pass unequal runs as a list of arrays",
    ),
    "a dict": (lambda: {"T": [1.0]}, "X holds dict: all values must be numbers"),
    "a generator": (lambda: iter(waves(3)), "X holds list_iterator: all values must be numbers"),
}

every_bad_x = pytest.mark.parametrize(("make", "text"), BAD_X.values(), ids=list(BAD_X))


@every_bad_x
def test_fit_says_what_is_wrong_with_x(make: Callable[[], Any], text: str) -> None:
    with error(text):
        FCAutoEncoder(**QUICK).fit(make())


@every_bad_x
@pytest.mark.parametrize("method", ["decision_function", "predict", "contributions"])
def test_other_methods_say_the_same(
    fitted: FCAutoEncoder, method: str, make: Callable[[], Any], text: str
) -> None:
    before = state(fitted)
    with error(text):
        getattr(fitted, method)(make())
    assert state(fitted) == before


@pytest.mark.parametrize(
    ("parameters", "X", "text"),
    [
        ({}, as_matrix(1), "FCAutoEncoder needs at least 2 runs to fit, got 1"),
        (
            {"n_channels": 5},
            as_matrix(4).reshape(4, -1),
            "X has rows of 72 values, which 5 channels do not divide: a flat row holds all "
            "channels of timestep 0, then of timestep 1, and so on",
        ),
        ({"n_channels": 2}, as_matrix(4), "X has 3 channels, but n_channels is 2"),
        ({"n_channels": 2}, as_named(waves(4)), "X has 3 channels, but n_channels is 2"),
        ({"n_channels": 2}, waves(4), "run 0 has 3 channels, but n_channels is 2"),
        (
            {"length_sigma": 0.1},
            waves(2, lengths=(20,)) + waves(2, lengths=(30,)),
            "length_sigma=0.1 leaves 0 of 4 runs to train on: raise it, or pass None to train on "
            "all",
        ),
        (
            {"length_sigma": 0.6},
            waves(1, lengths=(25,)) + waves(3, lengths=(20,)) + waves(3, lengths=(30,)),
            "length_sigma=0.6 leaves 1 of 7 runs to train on: raise it, or pass None to train on "
            "all",
        ),
    ],
)
def test_fit_says_why_x_cannot_be_learned_from(
    parameters: dict[str, Any], X: Any, text: str
) -> None:
    with error(text):
        FCAutoEncoder(**{**QUICK, **parameters}).fit(X)


@pytest.mark.parametrize("cls", [LSTMAutoEncoder, CNN1DAutoEncoder])
@pytest.mark.parametrize(
    ("parameters", "X"),
    [({"n_channels": "all"}, as_matrix(9)[:, 0]), ({"n_timesteps": 1}, as_matrix(9))],
)
def test_single_timesteps_are_for_fully_connected_networks(
    cls: Any, parameters: dict[str, Any], X: Any
) -> None:
    with error(
        f"{cls.__name__} needs runs of at least 2 timesteps, got 1 timestep: use an FC detector "
        "for single rows"
    ):
        cls(**QUICK, **parameters).fit(X)
    assert FCAutoEncoder(**QUICK, **parameters).fit(X).decision_function(X).shape == (9,)


@pytest.mark.parametrize(
    ("X", "text"),
    [
        (
            as_matrix(4)[:, :, :2],
            "X has 2 channels, the detector was fitted on 3: 'T', 'p', 'feed'",
        ),
        (as_matrix(4)[:, :, 0], "X has 1 channel, the detector was fitted on 3: 'T', 'p', 'feed'"),
        (
            Runs(waves(4), channels=["T", "p", "flow"]),
            "X has the channels 'T', 'p', 'flow', the detector was fitted on 'T', 'p', 'feed': "
            "select or rename them",
        ),
        (
            as_matrix(4)[:, :1],
            "X has runs of up to 1 timestep, the detector was fitted on runs of up to 24: pass "
            "runs like those",
        ),
    ],
)
@pytest.mark.parametrize("method", ["decision_function", "predict_proba", "reconstruct", "explain"])
def test_runs_unlike_those_of_fit_are_named(
    fitted: FCAutoEncoder, method: str, X: Any, text: str
) -> None:
    before = state(fitted)
    with error(text):
        getattr(fitted, method)(X)
    assert state(fitted) == before


def test_runs_are_no_rows_of_a_table() -> None:
    detector = FCAutoEncoder(**QUICK, n_channels="all").fit(as_matrix(40)[:, 0])
    with error(
        "X has runs of up to 24 timesteps, the detector was fitted on runs of up to 1: pass runs "
        "like those"
    ):
        detector.decision_function(as_matrix(4))


def test_a_run_that_is_not_there_cannot_be_explained(fitted: FCAutoEncoder) -> None:
    with error("no run has the id 'B-9'; ids here: 'B-0', 'B-1', 'B-2'"):
        fitted.explain(as_named(waves(3)), run="B-9")


# --- before fit ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "method",
    [
        "decision_function",
        "predict",
        "predict_proba",
        "predict_confidence",
        "timestep_scores",
        "contributions",
        "reconstruct",
        "transform",
        "explain",
    ],
)
def test_nothing_is_answered_before_fit(method: str) -> None:
    with error(NOT_FITTED, NotFittedError):
        getattr(FCAutoEncoder(), method)(as_matrix(4))


def test_there_is_no_population_before_fit() -> None:
    with error(NOT_FITTED, NotFittedError):
        FCAutoEncoder().population_band()


def test_a_fit_that_failed_is_no_fit() -> None:
    detector = FCAutoEncoder(**QUICK)
    with error("FCAutoEncoder needs at least 2 runs to fit, got 1"):
        detector.fit(as_matrix(1))
    with error(NOT_FITTED, NotFittedError):
        detector.predict(as_matrix(4))


# --- parameters ---------------------------------------------------------------------------------

# What a parameter must be, and some of what it must not be.
WRONG_VALUES: dict[str, tuple[str, list[Any]]] = {
    "contamination": (
        "a number in (0, 0.5] or a thresholder",
        [0, -0.1, 0.51, 1, nan, inf, "auto", None, True, [0.1], KSigma, np.float32(0.6)],
    ),
    "n_channels": ("a positive integer, 'all' or None", [0, -1, 2.0, True, "each", [2]]),
    "n_timesteps": ("an integer of at least 1 or None", [0, -3, 24.0, "auto", True]),
    "length_sigma": ("a positive number or None", [0, -2, nan, inf, "2", True]),
    "steps": ("a list of steps", [None, MovingAverage(), "MovingAverage", {"a": 1}, 5]),
    "scaling": ("'channel' or 'phase' or 'both' or 'course' or None", ["run", 1, "Channel"]),
    "latent_dim": ("an integer of at least 1 or None", [0, 16.0, "16", True]),
    "hidden_dims": (
        "a sequence of positive integers or None",
        [(), [], 64, (64, 0), (8.0,), "64", ("8",), {8}],
    ),
    "cell": ("'lstm' or 'gru'", ["rnn", None, "LSTM", torch.nn.LSTM]),
    "patch_size": ("an integer of at least 1 or 'auto'", [0, 1.5, None, "all"]),
    "kernel_size": ("an odd positive integer", [0, 4, -1, 3.0, "3", None]),
    "linear_path": ("True or False", [None, 1, 0, "yes"]),
    "kl_weight": ("a number of at least 0", [-1e-9, nan, inf, None, "1"]),
    "n_epochs": ("an integer of at least 1", [0, -1, 10.0, None, "10"]),
    "batch_size": ("an integer of at least 1 or 'auto'", [0, 32.0, None, "all"]),
    "lr": ("a positive number or None", [0, -1e-3, nan, inf, "1e-3"]),
    "patience": ("an integer of at least 1 or None", [0, 2.5, "auto"]),
    "noise": ("a number of at least 0", [-0.1, nan, None, "0"]),
    "validation_fraction": ("a number in [0, 1)", [1, 1.0, -0.1, nan, None, 20]),
    "score": ("'spe' or 't2' or 'both' or 'mahalanobis'", ["SPE", None, "mse"]),
    "error_scale": ("'none' or 'channel' or 'phase'", [None, "run", 1]),
    "reduction": ("a share in (0, 1] or 'mean' or 'max'", [0, 1.5, -0.1, nan, "median", None]),
    "use_duration": ("True or False", [None, 1, "yes"]),
    "random_state": (
        "an integer of at least 0, a NumPy generator or None",
        [-1, 1.5, "seed", True, np.random, np.random.RandomState],
    ),
    "n_threads": ("an integer of at least 1 or None", [0, -1, 1.5, "all", True]),
    "verbose": ("an integer of at least 0 or True or False", [-1, None, "yes", 0.5]),
}


def test_every_parameter_has_wrong_values_here() -> None:
    assert WRONG_VALUES.keys() | {"device"} == FCAutoEncoder().get_params(deep=False).keys()


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        pytest.param(name, value, expected, id=f"{name}={value!r}"[:60])
        for name, (expected, values) in WRONG_VALUES.items()
        for value in values
    ],
)
def test_a_wrong_value_is_named_with_what_it_must_be(name: str, value: Any, expected: str) -> None:
    detector = FCAutoEncoder().set_params(**{name: value})
    with error(f"{name} must be {expected}, got {value!r}"):
        detector.fit(as_matrix(4))


@pytest.mark.parametrize(
    ("cls", "name", "value", "owner"),
    [
        (FCAutoEncoder, "cell", "gru", "LSTM"),
        (FCVAE, "kernel_size", 3, "CNN1D"),
        (CNN1DAutoEncoder, "patch_size", 4, "LSTM"),
        (CNN1DAutoEncoder, "kl_weight", 0.5, "VAE"),
        (LSTMAutoEncoder, "kl_weight", 0.5, "VAE"),
        (LSTMVAE, "kernel_size", 3, "CNN1D"),
    ],
)
def test_a_parameter_of_another_family_is_refused(
    cls: Any, name: str, value: Any, owner: str
) -> None:
    with error(
        f"{name} is a parameter of {owner} detectors, {cls.__name__} does not use it: leave it at "
        f"{getattr(cls(), name)!r}"
    ):
        cls(**QUICK, **{name: value}).fit(as_matrix(4))


def test_an_unknown_parameter_is_refused_by_the_constructor() -> None:
    with error("Parameters.__init__() got an unexpected keyword argument 'n_epoch'", TypeError):
        FCAutoEncoder(n_epoch=3)


def test_an_unknown_parameter_is_refused_by_set_params() -> None:
    detector = FCAutoEncoder()
    with error(
        f"Invalid parameter n_epoch for estimator {detector}. Check the list of available "
        "parameters with `estimator.get_params().keys()`."
    ):
        detector.set_params(n_epoch=3)


def test_parameters_have_no_positions() -> None:
    with error(
        "Parameters.__init__() takes 1 positional argument but 2 were given",
        TypeError,
    ):
        FCAutoEncoder(0.1)


@pytest.mark.parametrize(
    ("steps", "text"),
    [
        ([3], "steps[0] must have fit_transform and transform, got 3"),
        (
            (MovingAverage(3), "despike"),
            "steps[1] must have fit_transform and transform, got 'despike'",
        ),
        (
            [MovingAverage],
            "steps[0] must have fit_transform and transform, got "
            "<class 'tsad_plugin.steps.MovingAverage'>",
        ),
        ([KSigma()], "steps[0] must have fit_transform and transform, got KSigma()"),
        (
            [ChannelPCA(2), MovingAverage()],
            "steps[0] (ChannelPCA) changes the channels: put it last",
        ),
        ([MovingAverage(4)], "window_size must be an odd positive integer, got 4"),
        ([ChannelPCA(7)], "n_components must be an integer from 1 to the 3 channels, got 7"),
    ],
)
def test_steps_of_the_wrong_kind_are_named(steps: Any, text: str) -> None:
    with error(text):
        FCAutoEncoder(**QUICK, steps=steps).fit(as_matrix(4))


def test_a_step_that_does_not_return_runs_is_named() -> None:
    with error(
        "the step FunctionTransformer returned ndarray: a step must take Runs and return Runs"
    ):
        FCAutoEncoder(**QUICK, steps=[FunctionTransformer(np.asarray)]).fit(as_matrix(4))


@pytest.mark.parametrize("device", ["gpu", "cuda:99", "meta", ""])
def test_a_device_that_does_not_exist_is_named_with_the_reason(device: str) -> None:
    try:
        torch.zeros(1, device=device).cpu()
    except (RuntimeError, AssertionError) as refused:
        reason = str(refused).splitlines()[0]
    with error(f"device {device!r} cannot be used ({reason}): try device='cpu'"):
        FCAutoEncoder(**QUICK, device=device).fit(as_matrix(4))


# --- nothing that was learned is lost -----------------------------------------------------------


@pytest.mark.parametrize(
    ("parameters", "X"),
    [
        ({}, []),
        ({}, as_matrix(1)),
        ({}, [*waves(2), waves(1)[0][:, :2]]),
        ({}, with_value(inf, 2, 5, 1)),
        ({"n_epochs": 0}, as_matrix(40)),
        ({"kernel_size": 3}, as_matrix(40)),
        ({"device": "gpu"}, as_matrix(40)),
        ({"length_sigma": 0.1}, waves(2, lengths=(20,)) + waves(2, lengths=(30,))),
        ({"steps": [MovingAverage(4)]}, as_matrix(40)),
        ({"contamination": KSigma(-1)}, as_matrix(40)),
    ],
)
def test_a_refit_that_fails_leaves_the_old_fit(parameters: dict[str, Any], X: Any) -> None:
    detector = FCAutoEncoder(**QUICK).fit(as_named(waves(40)))
    before, good = state(detector), detector.get_params(deep=False)
    with pytest.raises(ValueError, match=r"\w"):
        detector.set_params(**parameters).fit(X)
    assert state(detector.set_params(**good)) == before
    assert detector.channels_ == CHANNELS
    assert state(detector.fit(as_named(waves(40)))) == before


def test_an_interrupted_refit_leaves_the_old_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    detector = FCAutoEncoder(**QUICK).fit(as_named(waves(40)))
    before = state(detector)

    def interrupt(*args: Any, **kwargs: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(torch.optim.AdamW, "step", interrupt)
    with pytest.raises(KeyboardInterrupt):
        detector.fit(as_matrix(30))
    assert state(detector) == before


# --- tables -------------------------------------------------------------------------------------


def table() -> pd.DataFrame:
    return pd.DataFrame(
        {"batch": ["A", "A", "B", "B"], "hours": [0.0, 1.0, 0.0, 1.0], "T": [20.0, 21, 20, 22]}
    )


def test_a_missing_column_is_named_with_those_there_are() -> None:
    with error("no column 'Batch'; columns here: batch, hours, T; did you mean 'batch'?"):
        read_runs(table(), run="Batch", time="hours")


def test_rows_with_the_same_run_and_time_are_named(tmp_path: Path) -> None:
    path = tmp_path / "runs.csv"
    table().assign(hours=[0, 1, 1, 1]).to_csv(path, index=False)
    with error(
        "run 'B' has a second row with 'hours' 1 (line 5; rows like it: 1): keep one row per run "
        "and time"
    ):
        read_runs(path, run="batch", time="hours")


def test_unsorted_time_is_sorted_with_a_warning() -> None:
    text = (
        "the rows of 1 of 2 runs were not in the order of 'hours' and have been sorted; the first "
        "is run 'B'"
    )
    with pytest.warns(UserWarning, match=f"^{re.escape(text)}$"):
        runs = read_runs(table().assign(hours=[0, 1, 1, 0]), run="batch", time="hours")
    assert runs.arrays[1].ravel().tolist() == [22, 20]


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("absent.csv", None, "there is no such file: check the name and the folder"),
        ("empty.csv", b"", "it is empty: it needs a header and rows"),
        ("text.csv", b"a,b\xff\n1,2\n", "it is not text in UTF-8: save it as such"),
        (
            "cut.csv.gz",
            gzip.compress(b"a,b\n" + b"1,2\n" * 999, mtime=0)[:-9],
            "it is no whole gzip file: pack it again, or drop .gz from the name of plain text",
        ),
        ("runs.parquet", b"a,b\n1,2\n", "it is no whole Parquet file: write it again"),
    ],
)
def test_an_unreadable_file_is_named_with_the_reason(
    tmp_path: Path, name: str, content: bytes | None, reason: str
) -> None:
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    with error(f"cannot read '{path}': {reason}"):
        read_runs(path)


# --- models -------------------------------------------------------------------------------------


def _remove(folder: Path) -> None:
    for path in folder.iterdir():
        path.unlink()


def _remove_arrays(folder: Path) -> None:
    next(folder.glob("arrays-*")).unlink()


def _flip_arrays(folder: Path) -> None:
    path = next(folder.glob("arrays-*"))
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)


def _edit(folder: Path, edit: Callable[[str], str]) -> None:
    path = folder / "model.json"
    path.write_text(edit(path.read_text("utf-8")), encoding="utf-8")


DAMAGE: dict[str, tuple[Callable[[Path], Any], str]] = {
    "missing": (_remove, "no model at {folder}: there is no model.json to read"),
    "cut": (
        lambda folder: _edit(folder, lambda text: text[: len(text) // 2]),
        "the model at {folder} is damaged (model.json is not JSON): save it again, or restore a "
        "copy",
    ),
    "edited": (
        lambda folder: _edit(
            folder, lambda text: text.replace('"latent_dim": 3', '"latent_dim": 4')
        ),
        "the model at {folder} is damaged (the checksum of model.json is wrong): save it again, "
        "or restore a copy",
    ),
    "arrays missing": (
        _remove_arrays,
        "the model at {folder} is damaged ({arrays} cannot be read): save it again, or restore a "
        "copy",
    ),
    "arrays changed": (
        _flip_arrays,
        "the model at {folder} is damaged (the checksum of {arrays} is wrong): save it again, or "
        "restore a copy",
    ),
    "foreign": (
        lambda folder: _edit(folder, lambda text: '{"format": "keras"}'),
        "{folder} is not a model of tsad_plugin: save one with save()",
    ),
    "newer": (
        lambda folder: _edit(
            folder, lambda text: json.dumps({**json.loads(text), "schema": 99, "version": "9.9"})
        ),
        "the model at {folder} has schema 99, this version reads up to 3: upgrade tsad_plugin to "
        "at least 9.9",
    ),
}


@pytest.mark.parametrize(("damage", "text"), DAMAGE.values(), ids=list(DAMAGE))
def test_a_model_that_cannot_be_loaded_says_why(
    fitted: FCAutoEncoder, tmp_path: Path, damage: Callable[[Path], Any], text: str
) -> None:
    save(fitted, tmp_path / "model")
    arrays = next((tmp_path / "model").glob("arrays-*")).name
    damage(tmp_path / "model")
    with error(text.format(folder=repr(str(tmp_path / "model")), arrays=arrays)):
        load(tmp_path / "model")


@pytest.mark.parametrize(
    ("make", "where", "what"),
    [
        (KNN, "KNN", "pyod.models.knn.KNN"),
        (lambda: {"k": 3}, "dict", "builtins.dict"),
        (
            lambda: FCAutoEncoder(contamination=IQR()),
            "FCAutoEncoder.contamination",
            "pythresh.thresholds.iqr.IQR",
        ),
        (
            lambda: FCAutoEncoder(steps=[MovingAverage(), StandardScaler()]),
            "FCAutoEncoder.steps.1",
            "sklearn.preprocessing._data.StandardScaler",
        ),
        (
            lambda: FCAutoEncoder(random_state=np.random.RandomState(0)),
            "FCAutoEncoder.random_state",
            "numpy.random.mtrand.RandomState",
        ),
    ],
)
def test_an_object_that_save_does_not_take_is_named(
    tmp_path: Path, make: Callable[[], Any], where: str, what: str
) -> None:
    with error(
        f"{where} is a {what}, which save does not take: use pyod.utils.persistence, which pickles "
        "it"
    ):
        save(make(), tmp_path / "model")
    assert not (tmp_path / "model").exists()


def test_a_model_goes_into_a_folder_of_its_own(fitted: FCAutoEncoder, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("keep me")
    with error(f"{str(tmp_path)!r} holds other things and no model: pass a new or an empty folder"):
        save(fitted, tmp_path)
    with error(f"{str(tmp_path / 'notes.txt')!r} is a file: pass a folder for the model"):
        save(fitted, tmp_path / "notes.txt")
    assert (tmp_path / "notes.txt").read_text() == "keep me"


def test_few_runs_are_too_few_for_the_distribution_of_codes() -> None:
    with error("score='t2' needs at least 5 runs to fit, got 4: use score='spe'"):
        FCAutoEncoder(score="t2", n_epochs=2).fit(np.random.default_rng(0).normal(size=(4, 10)))
