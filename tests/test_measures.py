"""Measures against slow, obvious ways to compute them."""

import itertools

import numpy as np
import pytest
from numpy.typing import NDArray

from tsad_plugin.evaluation.measures import MEASURES, measure, roc_auc_interval
from tsad_plugin.evaluation.memory import PeakMemory


def drawn(seed: int, n: int = 60) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    rng = np.random.default_rng(seed)
    outlier = rng.random(n) < 0.3
    return outlier, np.round(rng.normal(size=n) + outlier, 1)  # rounded: there are ties


def share_of_pairs_won(outlier: NDArray[np.bool_], scores: NDArray[np.float64]) -> float:
    won = [
        1.0 if a > b else 0.5 if a == b else 0.0
        for a, b in itertools.product(scores[outlier], scores[~outlier])
    ]
    return sum(won) / len(won)


@pytest.mark.parametrize("seed", range(4))
def test_measures_equal_counts_by_hand(seed: int) -> None:
    outlier, scores = drawn(seed)
    labels = (scores > 0.8).astype(int)
    found = measure(outlier, scores, labels)
    pairs = list(zip(outlier.tolist(), labels.tolist(), strict=True))
    hits, alarms = pairs.count((True, 1)), pairs.count((False, 1))
    missed, passed = pairs.count((True, 0)), pairs.count((False, 0))
    assert found["roc_auc"] == pytest.approx(share_of_pairs_won(outlier, scores))
    assert found["far"] == pytest.approx(alarms / (alarms + passed))
    assert found["mar"] == pytest.approx(missed / (missed + hits))
    assert found["precision"] == pytest.approx(hits / (hits + alarms))
    assert found["recall"] == pytest.approx(hits / (hits + missed))
    assert found["accuracy"] == pytest.approx((hits + passed) / 60)
    assert found["f1"] == pytest.approx(2 * hits / (2 * hits + alarms + missed))


def test_precision_at_n_looks_at_as_many_runs_as_there_are_outliers() -> None:
    outlier = np.array([True, False, True, False, True])
    found = measure(outlier, np.array([5.0, 4, 3, 2, 1]), np.zeros(5, int))
    assert found["precision_at_n"] == pytest.approx(2 / 3)
    assert found["average_precision"] == pytest.approx((1 + 2 / 3 + 3 / 5) / 3)


def test_all_measures_have_a_number_where_there_are_both_kinds() -> None:
    found = measure(*drawn(0), np.zeros(60, int))
    assert tuple(found) == MEASURES
    assert np.isfinite(list(found.values())).all()
    assert (found["precision"], found["recall"], found["f1"], found["mar"]) == (0, 0, 0, 1)


def test_without_outliers_only_false_alarms_and_accuracy_have_a_number() -> None:
    found = measure(np.zeros(4, bool), np.arange(4.0), np.array([0, 0, 0, 1]))
    assert {name for name, value in found.items() if np.isfinite(value)} == {"far", "accuracy"}
    assert found["far"] == 0.25


def test_of_outliers_alone_there_are_no_false_alarms_to_count() -> None:
    found = measure(np.ones(4, bool), np.arange(4.0), np.array([0, 0, 0, 1]))
    assert np.isnan(found["far"]) and np.isnan(found["roc_auc"])
    assert found["recall"] == 0.25


def test_the_interval_is_that_of_a_bootstrap_by_hand() -> None:
    outlier, scores = drawn(1)
    low, high = roc_auc_interval(outlier, scores, n_resamples=8000)
    rng = np.random.default_rng(5)
    drawn_again = []
    for _ in range(4000):
        chosen = [rng.choice(np.flatnonzero(kind), kind.sum()) for kind in (outlier, ~outlier)]
        rows = np.concatenate(chosen)
        drawn_again.append(share_of_pairs_won(outlier[rows], scores[rows]))
    assert (low, high) == pytest.approx(np.quantile(drawn_again, [0.025, 0.975]), abs=0.02)


def test_the_interval_is_narrower_with_more_runs_and_the_same_each_time() -> None:
    few, many = roc_auc_interval(*drawn(2, 40)), roc_auc_interval(*drawn(2, 4000))
    assert many[1] - many[0] < (few[1] - few[0]) / 4
    assert few == roc_auc_interval(*drawn(2, 40))


def test_the_interval_of_perfect_scores_is_a_point_and_of_one_outlier_unknown() -> None:
    outlier = np.array([True, True, False, False])
    assert roc_auc_interval(outlier, np.array([3.0, 2, 1, 0])) == (1.0, 1.0)
    assert np.isnan(roc_auc_interval(np.array([True, False, False]), np.arange(3.0))).all()


def test_peak_memory_sees_what_is_freed_again() -> None:
    with PeakMemory() as memory:
        block = np.ones(25_000_000)
        del block
    assert 150 < memory.megabytes < 400
