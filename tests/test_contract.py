"""The contract: what every exported detector does, whatever its network.

A check is a plain function of a detector class. A new family is covered without an edit here; a
constant detector, a random one and one that does not learn break the checks named at the end.
"""

import contextlib
import copy
import dataclasses
import functools
import inspect
import io
import json
import os
import pickle
import random
import tempfile
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any, ClassVar
from zlib import crc32

import joblib
import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from pyod.utils import persistence as pyod_persistence
from pythresh.thresholds.iqr import IQR
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.metrics import roc_auc_score
from waves import (
    CENTRE,
    CHANNELS,
    FIRST,
    LAST,
    LENGTHS,
    QUICK,
    SPREAD,
    STRETCH,
    TRAINED,
    as_matrix,
    as_named,
    mirrored,
    of,
    waves,
)

import tsad_plugin
from tsad_plugin import (
    FCAutoEncoder,
    KSigma,
    MovingAverage,
    PCAReconstruction,
    PopulationBand,
    Runs,
    batches,
    encoding,
    folds,
)
from tsad_plugin.autoencoder import SequenceAutoEncoder
from tsad_plugin.networks import FAMILIES
from tsad_plugin.parameters import Parameters
from tsad_plugin.reconstruction import Batch, CodingDetector, ReconstructionDetector
from tsad_plugin.steps import Step

Detector = type[ReconstructionDetector]
Check = Callable[[Detector], None]

EXPORTED = [getattr(tsad_plugin, name) for name in tsad_plugin.__all__]
DETECTORS = [
    cls for cls in EXPORTED if isinstance(cls, type) and issubclass(cls, ReconstructionDetector)
]
CODING = [cls for cls in DETECTORS if issubclass(cls, CodingDetector)]
NETWORKS = [cls for cls in DETECTORS if issubclass(cls, SequenceAutoEncoder)]
CONTRACT: list[Check] = []  # what every detector keeps
OF_CODING: list[Check] = []  # what those that reconstruct from a code keep besides
OF_NETWORKS: list[Check] = []  # what those that train a network keep besides


def in_contract(check: Check) -> Check:
    CONTRACT.append(check)
    return check


def of_coding(check: Check) -> Check:
    OF_CODING.append(check)
    return check


def of_networks(check: Check) -> Check:
    OF_NETWORKS.append(check)
    return check


def quick(cls: Detector, **parameters: Any) -> Any:
    return cls(**{**of(cls, QUICK), **parameters})


# Fitted once for all checks, which only read them.


@functools.cache
def runs() -> Runs:
    return as_named(waves(40, lengths=(22, 24, 24, 24)))


@functools.cache
def quickly_fitted(cls: Detector) -> ReconstructionDetector:
    return quick(cls).fit(runs())


@functools.cache
def trained(cls: Detector) -> ReconstructionDetector:
    detector = cls(**of(cls, TRAINED), contamination=KSigma(3))
    return detector.fit(as_named(waves(80, lengths=LENGTHS)))


@functools.cache
def fresh() -> NDArray[Any]:
    """Good runs that no detector was fitted on, (40, 24, 3)."""
    return as_matrix(40, seed=1)


def close(found: Any, expected: Any, rtol: float = 1e-4) -> None:
    np.testing.assert_allclose(found, expected, rtol=rtol)


def equal(found: Any, expected: Any) -> None:
    np.testing.assert_array_equal(found, expected)


def all_equal(found: list[NDArray[Any]], expected: list[NDArray[Any]]) -> None:
    for one, other in zip(found, expected, strict=True):
        equal(one, other)


def differ(one: Any, other: Any) -> bool:
    return not np.allclose(one, other, rtol=1e-7, atol=0)


def as_objects(arrays: list[NDArray[Any]]) -> NDArray[Any]:
    objects = np.empty(len(arrays), dtype=object)
    objects[:] = arrays
    return objects


def padded(arrays: list[NDArray[Any]]) -> NDArray[Any]:
    longest = max(map(len, arrays))
    return np.stack(
        [np.pad(a, ((0, longest - len(a)), (0, 0)), constant_values=np.nan) for a in arrays]
    )


# --- answers ------------------------------------------------------------------------------------


@in_contract
def check_fit_returns_self(cls: Detector) -> None:
    detector = quick(cls)
    assert detector.fit(runs()) is detector


@in_contract
def check_fit_leaves_pyods_attributes(cls: Detector) -> None:
    detector = quickly_fitted(cls)
    _check_scores(detector.decision_scores_, len(runs()))
    _check_labels(detector.labels_, len(runs()))
    assert isinstance(detector.threshold_, float) and np.isfinite(detector.threshold_)
    equal(detector.classes_, [0, 1])
    close(detector.decision_function(runs()), detector.decision_scores_)
    equal(detector.predict(runs()), detector.labels_)


@in_contract
def check_answers_have_pyods_shapes_and_types(cls: Detector) -> None:
    detector, n_runs = quickly_fitted(cls), len(fresh())
    _check_scores(detector.decision_function(fresh()), n_runs)
    _check_labels(detector.predict(fresh()), n_runs)
    confidence = detector.predict_confidence(fresh())
    _check_shares(confidence, (n_runs,))
    for answer in (
        detector.predict(fresh(), return_confidence=True),
        detector.predict_proba(fresh(), return_confidence=True),
    ):
        equal(answer[1], confidence)
    for method in ("linear", "unify"):
        probability = detector.predict_proba(fresh(), method=method)
        _check_shares(probability, (n_runs, 2))
        close(probability.sum(axis=1), 1)


def _check_scores(scores: Any, n_runs: int) -> None:
    assert isinstance(scores, np.ndarray) and scores.dtype == np.float64
    assert scores.shape == (n_runs,) and np.isfinite(scores).all()


def _check_labels(labels: Any, n_runs: int) -> None:
    assert isinstance(labels, np.ndarray) and labels.dtype == np.int64
    assert labels.shape == (n_runs,) and set(labels.tolist()) <= {0, 1}


def _check_shares(values: Any, shape: tuple[int, ...]) -> None:
    assert isinstance(values, np.ndarray) and values.dtype == np.float64
    assert values.shape == shape and ((values >= 0) & (values <= 1)).all()


@in_contract
def check_every_form_of_x_is_read_as_the_same_runs(cls: Detector) -> None:
    arrays, new = waves(40, lengths=(22, 24, 24)), waves(5, seed=1, lengths=LENGTHS)
    detector = quick(cls).fit(arrays)
    scores = detector.decision_function(new)
    for form in (tuple, padded, as_objects, Runs, as_named):
        equal(detector.decision_function(form(new)), scores)
    for form in (padded, as_named):
        equal(quick(cls).fit(form(arrays)).decision_function(new), scores)


@in_contract
def check_flat_rows_are_time_major(cls: Detector) -> None:
    X, new = as_matrix(40), as_matrix(5, seed=1)
    whole, flat = quick(cls).fit(X), quick(cls, n_channels=3).fit(X.reshape(40, -1))
    for form in (new, new.reshape(5, -1), list(new), list(new.reshape(5, -1))):
        equal(flat.decision_function(form), whole.decision_function(new))
    equal(np.stack(flat.contributions(new.reshape(5, -1))), np.stack(whole.contributions(new)))


@in_contract
def check_rows_are_univariate_runs(cls: Detector) -> None:
    X, new = as_matrix(40)[:, :, 0], as_matrix(5, seed=1)[:, :, 0]
    detector = quick(cls).fit(X)
    assert detector.contributions(new)[0].shape == (24, 1)
    for form in (new[:, :, None], list(new), list(new[:, :, None]), new.tolist()):
        equal(detector.decision_function(form), detector.decision_function(new))
    equal(quick(cls).fit(X[:, :, None]).decision_scores_, detector.decision_scores_)


@in_contract
def check_single_precision_gives_nearly_the_same_scores(cls: Detector) -> None:
    scores = quickly_fitted(cls).decision_function(fresh().astype(np.float32))
    _check_scores(scores, len(fresh()))
    # p varies by 500 around 1e5: that leaves four digits
    close(scores, quickly_fitted(cls).decision_function(fresh()), rtol=1e-2)


@in_contract
def check_channels_are_matched_by_name(cls: Detector) -> None:
    new = as_named(list(fresh()[:5]))
    turned = new.select(["feed", "T", "p"])
    detector = quickly_fitted(cls)
    equal(detector.decision_function(turned), detector.decision_function(new))
    all_equal(detector.contributions(turned), detector.contributions(new))


# --- chance -------------------------------------------------------------------------------------


@of_networks
def check_a_seed_gives_the_same_scores_on_every_fit(cls: Detector) -> None:
    detector = quick(cls, noise=0.1).fit(runs())
    scores, history = detector.decision_scores_, detector.history_
    torch.rand(3)
    equal(quick(cls, noise=0.1).fit(runs()).decision_scores_, scores)
    equal(detector.fit(runs()).decision_scores_, scores)
    assert json.dumps(detector.history_) == json.dumps(history)


@of_networks
def check_another_seed_gives_other_scores(cls: Detector) -> None:
    scores = quickly_fitted(cls).decision_scores_
    detector = clone(quickly_fitted(cls)).set_params(random_state=7).fit(runs())
    assert differ(detector.decision_scores_, scores)
    # The same without the runs that a seed holds out.
    assert differ(detector.transform(fresh()), quickly_fitted(cls).transform(fresh()))


@of_networks
def check_generators_and_none_are_seeds(cls: Detector) -> None:
    for make in (np.random.RandomState, np.random.default_rng):
        one, other = quick(cls, random_state=make(3)), quick(cls, random_state=make(3))
        equal(one.fit(runs()).decision_scores_, other.fit(runs()).decision_scores_)
        before = one.decision_scores_
        assert differ(one.fit(runs()).decision_scores_, before), "a generator moves on"
    anything = quick(cls, random_state=None)
    before = anything.fit(runs()).decision_scores_
    assert differ(anything.fit(runs()).decision_scores_, before)


@in_contract
def check_global_state_is_untouched(cls: Detector) -> None:
    with torch_threads(torch.get_num_threads() + 1):  # a number that nothing sets
        before = _global_state()
        detector = quick(cls, **of(cls, {"noise": 0.1})).fit(runs())
        _ask_everything(detector)
        detector.set_params(**of(cls, {"random_state": None})).fit(runs())
        with tempfile.TemporaryDirectory() as folder:
            _saved_by_tsad(detector, Path(folder))
        assert _global_state() == before


def _global_state() -> str:
    return repr(
        [
            random.getstate(),
            np.random.get_state(legacy=False)["state"]["key"].tolist(),
            np.random.get_state(legacy=False)["state"]["pos"],
            torch.get_rng_state().tolist(),
            torch.get_num_threads(),
            torch.get_default_dtype(),
            torch.is_grad_enabled(),
            torch.are_deterministic_algorithms_enabled(),
            np.geterr(),
            dict(os.environ),
        ]
    )


def _ask_everything(detector: ReconstructionDetector) -> None:
    for method in (
        "decision_function",
        "predict",
        "predict_proba",
        "predict_confidence",
        "timestep_scores",
        "contributions",
        "reconstruct",
        "explain",
    ):
        getattr(detector, method)(fresh())
    detector.population_band()
    if isinstance(detector, CodingDetector):
        detector.transform(fresh())


@contextlib.contextmanager
def torch_threads(number: int) -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(number)
    try:
        yield
    finally:
        torch.set_num_threads(before)


class Watch(Step):
    """Notes how many threads torch has, and raises on a run of 3 timesteps."""

    seen: ClassVar[list[int]] = []

    def _map(self, run: NDArray[Any]) -> NDArray[Any]:
        self.seen.append(torch.get_num_threads())
        if len(run) == 3:
            raise RuntimeError("3 timesteps")
        return run


@of_networks
def check_n_threads_holds_for_the_call_alone(cls: Detector) -> None:
    detector = quick(cls, n_threads=1, steps=[Watch()])
    with torch_threads(2):
        for call in (detector.fit, detector.decision_function, _raise_on_three_timesteps(detector)):
            Watch.seen.clear()
            call(as_matrix(3))
            assert set(Watch.seen) == {1} and torch.get_num_threads() == 2
        Watch.seen.clear()
        detector.set_params(n_threads=None).decision_function(as_matrix(1))
        assert set(Watch.seen) == {2} and torch.get_num_threads() == 2


def _raise_on_three_timesteps(detector: ReconstructionDetector) -> Callable[[Any], None]:
    def call(X: NDArray[Any]) -> None:
        with pytest.raises(RuntimeError, match="3 timesteps"):
            detector.decision_function(X[:, :3])

    return call


# --- fit ----------------------------------------------------------------------------------------


class Untouchable:
    """Labels that nobody may read."""

    def _raise(self, *args: Any) -> Any:
        raise AssertionError("y was read")

    __getattribute__ = __len__ = __iter__ = __getitem__ = __array__ = __bool__ = __eq__ = _raise
    __hash__ = None  # type: ignore[assignment]


@in_contract
def check_fit_never_reads_y(cls: Detector) -> None:
    detector = quick(cls).fit(runs(), Untouchable())
    equal(detector.decision_scores_, quickly_fitted(cls).decision_scores_)


@in_contract
def check_x_is_never_changed(cls: Detector) -> None:
    arrays = waves(6, lengths=LENGTHS)
    arrays[0][3:5, 1] = np.nan
    X = [
        arrays,
        as_matrix(6),
        as_matrix(6).astype(np.float32),
        as_matrix(6)[:, :, 0],
        padded(arrays),
        as_named(waves(6)),
    ]
    before = copy.deepcopy(X)
    for form in X:
        for array in form.arrays if isinstance(form, Runs) else form:
            array.flags.writeable = False
        detector = quick(cls).fit(form)
        detector.predict(form)
        detector.contributions(form)
        detector.reconstruct(form)
    all_equal(arrays, before[0])
    all_equal(X[1:5], before[1:5])
    all_equal(X[5].arrays, before[5].arrays)


@in_contract
def check_a_refit_forgets_the_past(cls: Detector) -> None:
    X, other = as_matrix(40), as_matrix(40, seed=5)[:, :15, :2]
    detector = quick(cls, contamination=KSigma(3)).fit(X)
    detector.remembered_ = "what a fit leaves only sometimes"
    detector.set_params(contamination=0.2).fit(other)
    unused = quick(cls, contamination=0.2).fit(other)
    assert vars(detector).keys() == vars(unused).keys()
    assert (detector.n_channels_, detector.threshold_) == (2, unused.threshold_)
    equal(detector.decision_function(other), unused.decision_function(other))


@of_networks
def check_training_lowers_the_loss(cls: Detector) -> None:
    # By default the mean course is known before training, and there is less to learn.
    detector = cls(**of(cls, TRAINED), scaling="channel").fit(as_named(waves(80, lengths=LENGTHS)))
    for loss in ("loss", "validation_loss"):
        losses = [epoch[loss] for epoch in detector.history_]
        assert min(losses) < 0.2 * losses[0]


@of_networks
def check_training_moves_every_weight(cls: Detector) -> None:
    start = quick(cls, lr=1e-12).fit(as_matrix(40)).network_.state_dict()
    moved = quick(cls, lr=1e-2).fit(as_matrix(40)).network_.state_dict()
    still = [name for name in start if torch.allclose(start[name], moved[name], atol=1e-6)]
    # A VAE scores with the mean of its code, but it learns its variance too.
    assert still == []


@of_networks
def check_the_best_weights_are_kept(cls: Detector) -> None:
    X = as_matrix(40)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(folds, "held_out_folds", lambda order, fraction: [np.arange(20)])
        options = {"n_epochs": 500, "lr": 0.2, "batch_size": 8, "patience": 3, "scaling": "channel"}
        detector = quick(cls, random_state=1, **options).fit(X)
    losses = [epoch["validation_loss"] for epoch in detector.history_]
    assert len(losses) == int(np.argmin(losses)) + 4 < 500, "patience ends the training"
    residuals = (np.stack(detector.reconstruct(X[:20])) - X[:20]) / X.std(axis=(0, 1))
    assert np.mean(residuals**2) == pytest.approx(min(losses), rel=1e-3)
    assert losses[-1] > 1.01 * min(losses), "the last weights would not do"


@of_networks
def check_history_has_the_documented_keys(cls: Detector) -> None:
    for n_runs, is_checked in ((5, False), (40, True)):
        history = quick(cls).fit(as_matrix(n_runs)).history_
        assert [epoch["epoch"] for epoch in history] == list(range(len(history)))
        for epoch in history:
            assert epoch.keys() == {"epoch", "loss", "penalty", "validation_loss"}
            assert np.isfinite(epoch["loss"]) and epoch["loss"] > 0
            assert np.isfinite(epoch["validation_loss"]) == is_checked
            assert (epoch["penalty"] == 0) == ("kl_weight" in cls.unused_parameters)


@in_contract
def check_any_number_of_runs_trains(cls: Detector) -> None:
    for n_runs, batch_size in ((2, 32), (3, 32), (5, 2), (5, 1), (33, 32)):
        detector = quick(cls, **of(cls, {"batch_size": batch_size})).fit(as_matrix(n_runs))
        _check_scores(detector.decision_scores_, n_runs)
        assert np.isfinite(detector.threshold_)


@in_contract
def check_equal_runs_train(cls: Detector) -> None:
    detector = quick(cls).fit(np.repeat(as_matrix(1), 5, axis=0))
    close(detector.decision_scores_, detector.decision_scores_[0])
    for method in ("linear", "unify"):
        _check_shares(detector.predict_proba(fresh(), method=method), (40, 2))


@of_networks
def check_every_run_is_calibrated_on_once(cls: Detector) -> None:
    """In folds where the validation part is small, else the validation part."""
    for n_runs, fraction, expected in ((24, 0.1, 24), (24, 0, 24), (50, 0.5, 25)):
        detector = quick(cls, validation_fraction=fraction).fit(as_matrix(n_runs))
        _check_scores(detector.calibration_scores_, expected)


@in_contract
def check_length_outliers_are_scored_but_not_trained_on(cls: Detector) -> None:
    good, long = waves(40), waves(1, seed=3, lengths=(70,))
    without, with_it = quick(cls).fit(good), quick(cls).fit(good + long)
    _check_scores(with_it.decision_scores_, 41)
    close(with_it.decision_function(good + long), without.decision_function(good + long), 1e-6)
    close(with_it.calibration_scores_, without.calibration_scores_, 1e-6)
    all_in = quick(cls, length_sigma=None).fit(good + long)
    assert differ(all_in.decision_function(good), without.decision_function(good))


# Two values each: one of them is not what `quick` has, and must change the scores.
VALUES: dict[str, tuple[Any, Any]] = {
    "n_timesteps": (16, 20),
    "length_sigma": (1.0, 2.0),
    "steps": ([MovingAverage(3)], ()),
    "scaling": ("channel", "phase"),
    "latent_dim": (2, 3),
    "hidden_dims": ((6,), (8,)),
    "cell": ("gru", "lstm"),
    "patch_size": (4, 1),
    "kernel_size": (3, 5),
    "linear_path": (True, False),
    "kl_weight": (10.0, 1e-3),
    "n_epochs": (4, 2),
    "batch_size": (5, 64),
    "lr": (1e-2, 1e-3),
    "noise": (0.5, 0.0),
    "validation_fraction": (0.9, 0.5),
    "score": ("t2", "spe"),
    "error_scale": ("channel", "phase"),
    "reduction": ("max", "mean"),
    "use_duration": (True, False),
    "random_state": (1, 42),
}
# `patience` ends a training, see check_the_best_weights_are_kept.
NO_PART_OF_A_SCORE = {"contamination", "n_channels", "patience", "device", "n_threads", "verbose"}


@of_networks
def check_every_parameter_takes_effect(cls: Detector) -> None:
    assert VALUES.keys() | NO_PART_OF_A_SCORE == cls().get_params(deep=False).keys()
    scores, usual = quickly_fitted(cls).decision_function(fresh()), quickly_fitted(cls).get_params()
    for name in sorted(VALUES.keys() - set(cls.unused_parameters)):
        value = next(v for v in VALUES[name] if v != usual[name])
        other = quick(cls, **{name: value}).fit(runs())
        assert differ(other.decision_function(fresh()), scores), f"{name}={value} does nothing"


@of_networks
def check_nothing_is_printed(cls: Detector) -> None:
    for verbose in (0, 1):
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            _ask_everything(quick(cls, verbose=verbose).fit(runs()))
        assert out.getvalue() == ""
        assert ("epochs" in err.getvalue()) == bool(verbose), "a progress bar, if asked for"


# --- scores -------------------------------------------------------------------------------------


@in_contract
def check_scoring_twice_gives_the_same(cls: Detector) -> None:
    detector = trained(cls)
    equal(detector.decision_function(fresh()), detector.decision_function(fresh()))
    all_equal(detector.reconstruct(fresh()), detector.reconstruct(fresh()))
    all_equal(detector.contributions(fresh()), detector.contributions(fresh()))


@in_contract
def check_a_score_does_not_depend_on_batch_mates(cls: Detector) -> None:
    detector, new = trained(cls), waves(9, seed=2, lengths=LENGTHS)
    scores, contributions = detector.decision_function(new), detector.contributions(new)
    mate = mirrored(fresh()[0], 0)
    mate[4:6] = np.nan
    close(detector.decision_function([*new, mate])[:9], scores)
    close(detector.decision_function(new[::-1])[::-1], scores)
    for run, score, contribution in zip(new, scores, contributions, strict=True):
        close(detector.decision_function([run]), [score])
        np.testing.assert_allclose(detector.contributions([run])[0], contribution, 1e-3, 1e-5)


@in_contract
def check_batches_of_bounded_memory_give_the_same(cls: Detector) -> None:
    detector = trained(cls)
    scores, reconstruction = detector.decision_function(fresh()), detector.reconstruct(fresh())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(batches, "MAX_BATCH_VALUES", 500)  # 6 runs
        assert len(list(detector._batches(detector._read(fresh())))) == 7
        close(detector.decision_function(fresh()), scores)
        for one, other in zip(detector.reconstruct(fresh()), reconstruction, strict=True):
            np.testing.assert_allclose(one / SPREAD, other / SPREAD, rtol=0, atol=1e-4)


@in_contract
def check_abnormal_runs_score_above_good_ones(cls: Detector) -> None:
    for channel in range(3):
        assert _auc(cls, mirrored(fresh(), channel)) >= 0.95


@in_contract
def check_other_levels_and_amplitudes_are_abnormal(cls: Detector) -> None:
    """They vanish where every run is scaled by itself."""
    for channel in range(3):
        only = np.arange(3) == channel
        assert _auc(cls, fresh() + 3 * SPREAD * only) >= 0.95
        assert _auc(cls, np.where(only, CENTRE + 2 * (fresh() - CENTRE), fresh())) >= 0.95


def _auc(cls: Detector, faulty: NDArray[Any]) -> float:
    good, bad = (trained(cls).decision_function(X) for X in (fresh(), faulty))
    return roc_auc_score(np.repeat([0, 1], len(good)), np.concatenate([good, bad]))


@in_contract
def check_labels_find_the_abnormal_runs(cls: Detector) -> None:
    assert trained(cls).predict(fresh()).mean() <= 0.1
    for channel in range(3):
        assert trained(cls).predict(mirrored(fresh(), channel)).mean() >= 0.9


@in_contract
def check_timestep_scores_point_to_the_stretch(cls: Detector) -> None:
    for channel in range(3):
        worst = [np.argmax(t) for t in trained(cls).timestep_scores(mirrored(fresh(), channel))]
        assert np.mean([FIRST <= w <= LAST for w in worst]) >= 0.9


@in_contract
def check_contributions_point_to_the_channel(cls: Detector) -> None:
    """With axes mixed up, a fault in one channel shows in others."""
    for channel in range(3):
        sums = [c.sum(axis=0) for c in trained(cls).contributions(mirrored(fresh(), channel))]
        assert np.mean(np.argmax(sums, axis=1) == channel) >= 0.9


@in_contract
def check_permuted_channels_permute_the_contributions(cls: Detector) -> None:
    order = [2, 0, 1]
    detector = cls(**of(cls, TRAINED)).fit(as_matrix(48)[:, :, order])
    for channel in range(3):
        faulty = mirrored(fresh(), channel)[:, :, order]
        sums = [c.sum(axis=0) for c in detector.contributions(faulty)]
        assert np.mean(np.take(order, np.argmax(sums, axis=1)) == channel) >= 0.9


@in_contract
def check_gaps_are_left_out(cls: Detector) -> None:
    X = as_matrix(24)
    X[np.random.default_rng(0).random(X.shape) < 0.05] = np.nan
    X[2, 5:9, 1] = X[3, 15:17] = X[4, :3, 0] = np.nan
    X[:, -1] = as_matrix(24)[:, -1]  # else runs would end earlier
    detector = quick(cls).fit(X)
    _check_scores(detector.decision_scores_, 24)
    contributions = np.stack(detector.contributions(X))
    assert np.isfinite(contributions).all() and (contributions[np.isnan(X)] == 0).all()
    assert (contributions[~np.isnan(X)] > 0).all() or cls is PopulationBand  # 0 inside the band
    assert (detector.timestep_scores(X)[3][15:17] == 0).all()
    assert all(np.isfinite(r).all() for r in detector.reconstruct(X))


@in_contract
def check_what_was_not_measured_is_not_held_against_a_run(cls: Detector) -> None:
    detector, faulty = trained(cls), mirrored(fresh(), 1)
    hidden = faulty.copy()
    hidden[:, STRETCH, 1] = np.nan
    good, bad = detector.decision_function(fresh()), detector.decision_function(faulty)
    assert np.median(detector.decision_function(hidden)) < (np.median(good) + np.median(bad)) / 2
    assert (np.stack(detector.contributions(hidden))[:, STRETCH, 1] == 0).all()


@in_contract
def check_a_constant_channel_does_not_explode(cls: Detector) -> None:
    for value in (0.0, 5.0, 1e6):
        X = as_matrix(40)
        X[:, :, 1] = value
        detector = quick(cls).fit(X)
        moved = X + 1e-3 * (np.arange(3) == 1)
        # Scaled by phase, where good runs do not differ at all, a change weighs ten times as much.
        rtol = 3e-2 if getattr(detector, "scaling", "channel") == "phase" else 1e-2
        close(detector.decision_function(moved), detector.decision_function(X), rtol=rtol)


@in_contract
def check_huge_values_give_finite_scores(cls: Detector) -> None:
    X = fresh().copy()
    X[0, 5, 1], X[1, 5, 1] = 1e30, -1e30
    for values in (X, X.astype(np.float32)):
        scores = trained(cls).decision_function(values)
        _check_scores(scores, len(X))
        assert scores[:2].min() > scores[2:].max()
        assert all(np.isfinite(c).all() for c in trained(cls).contributions(values))
        _check_scores(quick(cls).fit(values).decision_scores_, len(X))


# --- in the lengths and units of the runs -------------------------------------------------------


@in_contract
def check_answers_have_the_lengths_of_the_runs(cls: Detector) -> None:
    new = waves(7, seed=3, lengths=(2, 21, 24, 60))
    detector = trained(cls)
    shapes = [run.shape for run in new]
    for method in (detector.reconstruct, detector.contributions):
        answer = method(new)
        assert [a.shape for a in answer] == shapes
        assert all(a.dtype == np.float64 and np.isfinite(a).all() for a in answer)
    assert [t.shape for t in detector.timestep_scores(new)] == [shape[:1] for shape in shapes]


@in_contract
def check_contributions_sum_to_the_scores(cls: Detector) -> None:
    detector = trained(cls)
    timestep_scores = np.stack(detector.timestep_scores(fresh()))
    close(np.stack(detector.contributions(fresh())).sum(axis=2), timestep_scores)
    # Between a run's mean timestep score and its score is only what keeps the order.
    order = np.argsort(timestep_scores.mean(axis=1))
    assert (np.diff(detector.decision_function(fresh())[order]) > -1e-6).all()
    if issubclass(cls, CodingDetector):
        assert 0.5 < timestep_scores.mean() < 2, "about 1 on good runs"


@in_contract
def check_reconstructions_are_in_units(cls: Detector) -> None:
    detector = trained(cls)
    residuals = (np.stack(detector.reconstruct(fresh())) - fresh()) / SPREAD
    least = 0.05 if issubclass(cls, CodingDetector) else 0  # a band leaves most as it is
    assert least < np.sqrt(np.mean(residuals**2)) < 0.4, "the noise is 0.1 of the scale"
    X = as_matrix(40)
    expected = np.stack(quick(cls).fit(X).reconstruct(fresh()))
    for factor, offset in ((1000, 1e6), (1e-6, 0)):
        detector = quick(cls).fit(X * factor + offset)
        found = np.stack(detector.reconstruct(fresh() * factor + offset))
        np.testing.assert_allclose((found - offset) / factor / SPREAD, expected / SPREAD, atol=1e-2)


@of_coding
def check_transform_gives_codes(cls: Detector) -> None:
    codes = trained(cls).transform(fresh())
    assert codes.shape == (40, 4) and codes.dtype == np.float64 and np.isfinite(codes).all()
    assert (codes.std(axis=0) > 0).all()
    assert quickly_fitted(cls).transform(waves(2, lengths=(5, 9))).shape == (2, 3)


@in_contract
def check_the_population_band_holds_the_mean(cls: Detector) -> None:
    X = as_matrix(40)
    detector = quick(cls).fit(X)
    band = detector.population_band(k=2)
    assert band.mean.shape == band.lower.shape == band.upper.shape == (24, 3)
    assert ((band.lower < band.mean) & (band.mean < band.upper)).all()
    close(band.mean, X.mean(axis=0))
    close(band.upper - band.mean, 2 * X.std(axis=0))
    close(detector.population_band().upper - band.mean, 3 * X.std(axis=0))


@of_coding
def check_explain_names_the_channel_and_the_stretch(cls: Detector) -> None:
    detector = trained(cls)
    for channel, name in enumerate(CHANNELS):
        batch = as_named([*fresh()[:10], mirrored(fresh()[10], channel), *fresh()[11:15]])
        assert np.argmax(detector.decision_function(batch)) == 10
        found = detector.explain(batch)
        assert (found.run, next(iter(found.channels))) == ("B-10", name)
        assert abs(found.start - FIRST) <= 2 and abs(found.end - LAST) <= 2
        assert (found.start_time, found.end_time) == (0.5 * found.start, 0.5 * found.end)
        assert found.channels[name] > 0.5 and sum(found.channels.values()) == pytest.approx(1)
        assert f"run B-10: score {found.score:.3g}" in found.text and f": {name} " in found.text


@in_contract
def check_explain_agrees_with_the_other_answers(cls: Detector) -> None:
    detector, batch = trained(cls), as_named(list(fresh()[:5]))
    scores = detector.decision_function(batch)
    found = detector.explain(batch, run="B-3")
    assert found.run == "B-3" and found.score == pytest.approx(scores[3], rel=1e-4)
    assert found.threshold == detector.threshold_
    assert found.is_outlier == bool(detector.predict(batch)[3])
    assert json.loads(json.dumps(dataclasses.asdict(found)))["text"] == found.text
    assert detector.explain(batch).run == f"B-{np.argmax(scores)}"
    assert detector.explain(fresh()[:5]).run == np.argmax(scores), "ids of an array are numbers"


@in_contract
def check_one_pass_finds_what_the_others_find(cls: Detector) -> None:
    detector, batch = trained(cls), as_named(list(fresh()[:5]))
    found = detector.findings(batch)
    assert found.explanations == detector.explain_all(batch)
    for one, other in (
        *zip(found.contributions, detector.contributions(batch), strict=True),
        *zip(found.reconstruction, detector.reconstruct(batch), strict=True),
    ):
        equal(one, other)
    codes = detector.transform(batch) if hasattr(detector, "transform") else []
    equal(np.array(found.codes, dtype=np.float64), codes)


# --- thresholds ---------------------------------------------------------------------------------


@in_contract
def check_a_number_is_pyods_percentile(cls: Detector) -> None:
    for number in (0.1, 0.25, np.float32(0.25), np.float64(0.4), 0.5):
        detector = quick(cls, contamination=number).fit(runs())
        scores = detector.decision_scores_
        assert detector.threshold_ == np.percentile(scores, 100 * (1 - float(number)))
        equal(detector.labels_, scores > detector.threshold_)
        equal(detector.predict(fresh()), detector.decision_function(fresh()) > detector.threshold_)
        assert detector.contamination is number


@in_contract
def check_our_thresholders_learn_from_calibration_scores(cls: Detector) -> None:
    shared = KSigma(1)
    detector, other = (quick(cls, contamination=shared).fit(X) for X in (runs(), as_matrix(40, 2)))
    assert vars(shared) == {"k": 1, "robust": False, "log": False}, "what was passed is not fitted"
    assert detector.threshold_ != other.threshold_
    assert detector.threshold_ == KSigma(1).fit(detector.calibration_scores_).thresh_
    equal(detector.labels_, detector.decision_scores_ > detector.threshold_)
    scores = detector.decision_function(fresh())
    equal(detector.predict(fresh()), scores > detector.threshold_)
    for run, label in zip(fresh(), scores > detector.threshold_, strict=True):
        equal(detector.predict(run[None]), [label])


@in_contract
def check_labels_come_from_a_foreign_thresholder(cls: Detector) -> None:
    shared = IQR()
    detector = quick(cls, contamination=shared).fit(runs())
    assert shared.thresh_ is None, "what was passed is not fitted"
    oracle = IQR().fit(detector.decision_scores_)
    equal(detector.labels_, oracle.labels_)
    new = np.concatenate([fresh(), mirrored(fresh(), 0) + 9 * SPREAD])
    labels = oracle.predict(detector.decision_function(new))
    equal(detector.predict(new), labels)
    assert set(labels.tolist()) == {0, 1}
    for position in (0, -1):  # PyThresh itself cannot label one score
        one_run = new[position][None]
        equal(detector.predict(one_run), labels[[position]])
        assert detector.explain(one_run).is_outlier == bool(labels[position])
        assert detector.predict_confidence(one_run).shape == (1,)
    assert detector.predict_proba(new).shape == (80, 2)


# --- an object among others ---------------------------------------------------------------------


@of_networks
def check_the_constructor_is_the_one_of_all(cls: Detector) -> None:
    signature = inspect.signature(cls.__init__)
    assert signature == inspect.signature(Parameters.__init__)
    kinds = {p.kind for name, p in signature.parameters.items() if name != "self"}
    assert kinds == {inspect.Parameter.KEYWORD_ONLY}


@in_contract
def check_the_constructor_only_stores(cls: Detector) -> None:
    marks = {name: object() for name in cls().get_params(deep=False)}
    assert vars(cls(**marks)) == marks


@in_contract
def check_parameters_are_read_and_set(cls: Detector) -> None:
    detector = cls()
    parameters = detector.get_params(deep=False)
    assert json.loads(json.dumps(parameters)) == {**parameters, "steps": []}
    assert detector.set_params(**parameters) is detector
    assert detector.get_params(deep=False) == parameters
    detector.set_params(contamination=KSigma(2)).set_params(contamination__k=4, n_timesteps=7)
    assert (detector.contamination.k, detector.n_timesteps) == (4, 7)
    assert repr(detector).startswith(f"{cls.__name__}(")


@in_contract
def check_a_clone_is_not_fitted(cls: Detector) -> None:
    detector = quick(cls, contamination=KSigma(2), steps=[MovingAverage(3)]).fit(runs())
    twin = clone(detector)
    assert vars(twin).keys() == detector.get_params(deep=False).keys()
    assert repr(twin) == repr(detector)
    with pytest.raises(NotFittedError):
        twin.decision_function(fresh())
    equal(twin.fit(runs()).decision_scores_, detector.decision_scores_)


def _pickled(detector: Any, folder: Path) -> Any:
    return pickle.loads(pickle.dumps(detector))


def _dumped_by_joblib(detector: Any, folder: Path) -> Any:
    joblib.dump(detector, folder / "detector.joblib")
    return joblib.load(folder / "detector.joblib")


def _deeply_copied(detector: Any, folder: Path) -> Any:
    return copy.deepcopy(detector)


def _saved_by_pyod(detector: Any, folder: Path) -> Any:
    pyod_persistence.save(detector, folder / "pyod")
    return pyod_persistence.load(folder / "pyod", trusted=True)


def _saved_by_tsad(detector: Any, folder: Path) -> Any:
    tsad_plugin.save(detector, folder / "tsad")
    return tsad_plugin.load(folder / "tsad")


@in_contract
def check_copies_give_the_exact_same_answers(cls: Detector) -> None:
    more = {"steps": [MovingAverage(3)], "linear_path": True, "score": "both", "reduction": 0.5}
    for detector in (trained(cls), quick(cls, **of(cls, more)).fit(runs())):
        expected = _answers(detector)
        for make in (_pickled, _dumped_by_joblib, _deeply_copied, _saved_by_pyod, _saved_by_tsad):
            with tempfile.TemporaryDirectory() as folder:
                twin = make(detector, Path(folder))
            assert type(twin) is cls and twin is not detector and repr(twin) == repr(detector)
            all_equal(_answers(twin), expected)


def _answers(detector: ReconstructionDetector) -> list[Any]:
    return [
        detector.decision_scores_,
        detector.calibration_scores_,
        detector.threshold_,
        detector.labels_,
        detector.decision_function(fresh()),
        detector.predict(fresh()),
        detector.predict_proba(fresh()),
        detector.predict_confidence(fresh()),
        *detector.contributions(fresh()),
        *detector.reconstruct(fresh()),
        detector.population_band().upper,
        detector.explain(fresh()).text,
        *([detector.transform(fresh())] if isinstance(detector, CodingDetector) else []),
        json.dumps(getattr(detector, "history_", None)),
    ]


@in_contract
def check_a_copy_can_be_fitted_again(cls: Detector) -> None:
    detector = quickly_fitted(cls)
    for make in (_pickled, _deeply_copied, _saved_by_tsad):
        with tempfile.TemporaryDirectory() as folder:
            twin = make(detector, Path(folder))
        equal(twin.fit(runs()).decision_scores_, detector.decision_scores_)


@of_networks
def check_a_fitted_detector_is_saved_as_it_was_fitted(cls: Detector) -> None:
    """Parameters that were set anew count from the next fit on."""
    detector = copy.deepcopy(quickly_fitted(cls))
    scores = detector.decision_function(fresh())
    detector.set_params(latent_dim=2, hidden_dims=(5, 4), linear_path=True, score="t2")
    equal(detector.decision_function(fresh()), scores)
    with tempfile.TemporaryDirectory() as folder:
        loaded = _saved_by_tsad(detector, Path(folder))
    equal(loaded.decision_function(fresh()), scores)
    assert loaded.latent_dim == 2


# --- the contract holds -------------------------------------------------------------------------


@pytest.mark.parametrize("check", CONTRACT, ids=lambda check: check.__name__)
@pytest.mark.parametrize("cls", DETECTORS, ids=lambda cls: cls.__name__)
def test_contract(cls: Detector, check: Check) -> None:
    check(cls)


@pytest.mark.parametrize("check", OF_CODING, ids=lambda check: check.__name__)
@pytest.mark.parametrize("cls", CODING, ids=lambda cls: cls.__name__)
def test_contract_of_those_with_a_code(cls: Detector, check: Check) -> None:
    check(cls)


@pytest.mark.parametrize("check", OF_NETWORKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("cls", NETWORKS, ids=lambda cls: cls.__name__)
def test_contract_of_networks(cls: Detector, check: Check) -> None:
    check(cls)


def test_the_contract_covers_the_six_detectors_and_the_baselines() -> None:
    names = {cls.__name__ for cls in NETWORKS}
    assert names >= {f"{family}AutoEncoder" for family in ("FC", "LSTM", "CNN1D")}
    assert names >= {f"{family}VAE" for family in ("FC", "LSTM", "CNN1D")}
    assert PopulationBand in DETECTORS and PCAReconstruction in CODING


@pytest.mark.parametrize(
    ("name", "unused"),
    [
        ("FCAutoEncoder", {"cell", "patch_size", "kernel_size", "kl_weight"}),
        ("FCVAE", {"cell", "patch_size", "kernel_size"}),
        ("LSTMAutoEncoder", {"kernel_size", "kl_weight"}),
        ("LSTMVAE", {"kernel_size"}),
        ("CNN1DAutoEncoder", {"cell", "patch_size", "kl_weight"}),
        ("CNN1DVAE", {"cell", "patch_size"}),
    ],
)
def test_unused_parameters_are_listed(name: str, unused: set[str]) -> None:
    assert set(getattr(tsad_plugin, name).unused_parameters) == unused


# --- impostors break it -------------------------------------------------------------------------


class Constant(FCAutoEncoder):
    """Finds the same residual everywhere."""

    def _batches(self, runs: Runs) -> Iterator[Batch]:
        for batch in super()._batches(runs):
            yield batch._replace(squares=np.ones_like(batch.squares), observed=None)


class Random(FCAutoEncoder):
    """Finds residuals by chance, but the same in the same run: only quality gives it away."""

    def _batches(self, runs: Runs) -> Iterator[Batch]:
        arrays = iter(runs.arrays)
        for batch in super()._batches(runs):
            seeds = [crc32(a.tobytes()) for a in islice(arrays, len(batch.runs))]
            shape = batch.squares.shape[1:]
            values = [np.random.default_rng(seed).exponential(size=shape) for seed in seeds]
            yield batch._replace(squares=np.stack(values).astype(np.float32))


class Restless(FCAutoEncoder):
    """Scores by chance, other ones each time."""

    def _scores(self, runs: Runs) -> NDArray[np.float64]:
        return np.random.random(len(runs))


class Untrained(FCAutoEncoder):
    """To be fitted without `backward`; by default it would know the mean course all the same."""

    family = FAMILIES["FC"]._replace(scaling="channel")


QUALITY = {
    "check_abnormal_runs_score_above_good_ones",
    "check_labels_find_the_abnormal_runs",
    "check_timestep_scores_point_to_the_stretch",
    "check_contributions_point_to_the_channel",
    "check_permuted_channels_permute_the_contributions",
    "check_explain_names_the_channel_and_the_stretch",
}


def kept_checks(cls: Detector, names: set[str]) -> set[str]:
    """Which of these checks an impostor keeps; a warning breaks a check as in any test."""
    checks = {check.__name__: check for check in CONTRACT + OF_CODING + OF_NETWORKS}
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(encoding.CLASSES, cls.__name__, cls)
        return {name for name in sorted(names) if not _is_broken(checks[name], cls)}


def _is_broken(check: Check, cls: Detector) -> bool:
    try:
        check(cls)
    except (AssertionError, Warning):
        return True
    return False


def test_a_constant_detector_fails_the_contract() -> None:
    broken = QUALITY | {
        "check_other_levels_and_amplitudes_are_abnormal",
        "check_huge_values_give_finite_scores",
        "check_what_was_not_measured_is_not_held_against_a_run",
    }
    assert kept_checks(Constant, broken) == set()


def test_a_random_detector_fails_the_contract() -> None:
    broken = QUALITY | {
        "check_other_levels_and_amplitudes_are_abnormal",
        "check_huge_values_give_finite_scores",
        "check_a_constant_channel_does_not_explode",
    }
    assert kept_checks(Random, broken) == set()
    broken = {
        "check_a_seed_gives_the_same_scores_on_every_fit",
        "check_global_state_is_untouched",
        "check_scoring_twice_gives_the_same",
        "check_a_score_does_not_depend_on_batch_mates",
        "check_copies_give_the_exact_same_answers",
        "check_abnormal_runs_score_above_good_ones",
        "check_labels_find_the_abnormal_runs",
    }
    assert kept_checks(Restless, broken) == set()


def test_a_detector_whose_backward_is_removed_fails_the_contract(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(torch.Tensor, "backward", lambda *args, **kwargs: None)
    broken = QUALITY | {
        "check_training_lowers_the_loss",
        "check_training_moves_every_weight",
        "check_the_best_weights_are_kept",
        "check_reconstructions_are_in_units",
        "check_every_parameter_takes_effect",
    }
    assert kept_checks(Untrained, broken) == set()
