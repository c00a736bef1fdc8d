"""What rows of results say together, against loops that are slow and obvious."""

from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
import pytest
from aeon.benchmarking.stats import check_friedman, wilcoxon_test
from aeon.visualisation.results._critical_difference import _build_cliques
from comparisons import TABLE, results_of
from statsmodels.stats.multitest import multipletests

from tsad_plugin.evaluation import pairwise, summary
from tsad_plugin.evaluation.statistics import (
    by_set,
    cliques,
    complete,
    friedman,
    holm,
    mean_interval,
    ranks,
)

NAN = float("nan")


def random_table(seed: int, n_sets: int = 12, n_detectors: int = 6, spread: float = 1.0) -> Any:
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(n_sets, n_detectors)) + spread * np.arange(n_detectors)
    return pd.DataFrame(values, columns=list("ABCDEFGH")[:n_detectors])


# -- tables and ranks ------------------------------------------------------------------------------


def test_a_table_holds_the_mean_over_seeds_of_each_set_in_the_order_of_the_rows() -> None:
    table = by_set(results_of(TABLE))
    pd.testing.assert_frame_equal(table, TABLE, check_names=False)


def test_two_protocols_or_an_unknown_metric_are_refused() -> None:
    results = results_of(TABLE)
    both = pd.concat([results, results.assign(protocol="unsupervised")])
    for ask in (by_set, summary, pairwise):
        with pytest.raises(ValueError, match="two protocols: select one"):
            ask(both)
        with pytest.raises(ValueError, match=r"metric must be one of roc_auc, .*got 'seed'"):
            ask(results, "seed")


def test_ranks_are_those_of_a_loop_and_ties_share_them() -> None:
    found = ranks(TABLE)
    for name, values in TABLE.iterrows():
        for detector, value in values.items():
            better, equal = (values > value).sum(), (values == value).sum()
            assert found.loc[name, detector] == better + (equal + 1) / 2
    assert found.loc["s3"].tolist() == [1.5, 1.5, 3.0]


def test_of_false_alarms_fewer_are_better() -> None:
    assert ranks(1 - TABLE, "far").equals(ranks(TABLE, "roc_auc"))
    best = summary(results_of(TABLE), "far")
    assert best.index.tolist() == summary(results_of(TABLE)).index.tolist()


def test_a_detector_that_fails_on_a_set_is_left_out_and_the_set_stays() -> None:
    table = TABLE.copy()
    table.loc["s2", "B"] = NAN
    assert complete(table).equals(TABLE[["A", "C"]])
    found = summary(results_of(table))
    assert np.isnan(found.loc["B", "rank"]) and found.loc["B", "n_sets"] == 3
    assert found["n_failures"].to_dict() == {"A": 0, "B": 2, "C": 0}
    assert found.loc["A", "rank"] == 1.0 and found.loc["C", "rank"] == 2.0
    assert set(pairwise(results_of(table)).a) | set(pairwise(results_of(table)).b) == {"A", "C"}


def test_a_set_on_which_nobody_has_a_number_chooses_nobody() -> None:
    table = TABLE.copy()
    table.loc["s2"] = NAN
    assert complete(table).equals(TABLE.drop(index="s2"))


def test_where_nothing_was_measured_there_is_nobody_to_rank() -> None:
    results = results_of(TABLE * NAN)
    assert complete(by_set(results)).shape == (0, 0)
    assert pairwise(results).empty and summary(results)["rank"].isna().all()
    assert np.isnan(friedman(complete(by_set(results))))


# -- summary ---------------------------------------------------------------------------------------


def test_a_summary_has_means_over_sets_and_is_ordered_by_them() -> None:
    found = summary(results_of(TABLE))
    assert found.index.tolist() == ["A", "B", "C"]
    np.testing.assert_allclose(found.roc_auc, TABLE.mean())
    np.testing.assert_allclose(found["rank"], [1.375, 1.625, 3.0])
    assert (found.low < found.roc_auc).all() and (found.roc_auc < found.high).all()
    assert found.fit_seconds.tolist() == [1.5] * 3


def test_with_one_set_the_interval_is_that_over_its_runs() -> None:
    found = summary(results_of(TABLE[:1]))
    np.testing.assert_allclose(found.low, found.roc_auc - 0.1)
    np.testing.assert_allclose(found.high, found.roc_auc + 0.04)


def test_an_interval_of_a_mean_is_that_of_a_loop_of_draws() -> None:
    values = np.random.default_rng(0).normal(size=15)
    rng = np.random.default_rng(1)
    means = [np.mean([rng.choice(values) for _ in values]) for _ in range(4000)]
    np.testing.assert_allclose(mean_interval(values), np.quantile(means, [0.025, 0.975]), atol=0.04)
    assert mean_interval(np.ones(4)) == (1.0, 1.0)
    assert np.isnan(mean_interval(np.ones(1))).all()


# -- tests -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(5))
def test_holm_corrects_as_statsmodels_and_as_a_loop_do(seed: int) -> None:
    p = np.random.default_rng(seed).uniform(0, 0.1, 9)
    p[3] = p[5]
    adjusted = holm(p)
    np.testing.assert_allclose(adjusted, multipletests(p, method="holm")[1])
    for i, value in enumerate(p):
        steps = [min(1.0, q * (p >= q).sum()) for q in p if q <= value]
        assert adjusted[i] == pytest.approx(max(steps))


@pytest.mark.parametrize("seed", range(3))
def test_p_values_are_twice_those_that_aeon_has_for_one_side(seed: int) -> None:
    table = random_table(seed, spread=0.5)
    pairs = pairwise(results_of(table))
    greater = wilcoxon_test(table.to_numpy(), list(table))
    less = wilcoxon_test(table.to_numpy(), list(table), lower_better=True)
    upper = np.triu_indices(len(table.columns), 1)
    both = np.minimum(1.0, 2 * np.minimum(greater, less))[upper]
    np.testing.assert_allclose(pairs.p, both)


def test_a_pair_has_its_mean_difference_and_counts_wins_and_losses() -> None:
    pairs = pairwise(results_of(TABLE)).set_index(["a", "b"])
    assert len(pairs) == 3
    first = pairs.loc[("A", "B")]
    assert first.difference == pytest.approx((TABLE.A - TABLE.B).mean())
    assert (first.wins, first.losses) == (2, 1)
    alarms = pairwise(results_of(TABLE), "far").set_index(["a", "b"]).loc[("A", "B")]
    assert alarms.difference == pytest.approx(-first.difference)
    assert (alarms.wins, alarms.losses) == (2, 1)


def test_equal_detectors_have_a_p_of_1_and_one_set_has_none() -> None:
    equal = pairwise(results_of(TABLE.assign(B=TABLE.A)[["A", "B"]]))
    assert equal.p.tolist() == [1.0]
    assert pairwise(results_of(TABLE[:1])).p.isna().all()
    assert pairwise(results_of(TABLE[["A"]])).empty


@pytest.mark.parametrize("seed", range(5))
def test_friedmans_p_is_that_of_aeon(seed: int) -> None:
    table = random_table(seed, spread=0.3).round(1)
    assert friedman(table) == pytest.approx(check_friedman(ranks(table).to_numpy()))


def test_friedmans_test_needs_three_detectors_and_two_sets() -> None:
    assert np.isnan(friedman(TABLE[["A", "B"]])) and np.isnan(friedman(TABLE[:1]))
    assert friedman(TABLE) < 0.1
    assert friedman(TABLE.assign(B=TABLE.A, C=TABLE.A)) == 1.0


# -- cliques ---------------------------------------------------------------------------------------


def pairs_of(differ: np.ndarray[Any, Any], names: list[str]) -> pd.DataFrame:
    rows = [
        (a, b, 0.01 if differ[i, j] else 0.5)
        for (i, a), (j, b) in combinations(enumerate(names), 2)
    ]
    return pd.DataFrame(rows, columns=["a", "b", "p_holm"])


def slow_cliques(differ: np.ndarray[Any, Any], names: list[str]) -> list[list[str]]:
    """Every stretch of the ranking without a difference in it, less those inside another."""
    n = len(names)
    stretches = [
        set(range(i, j + 1))
        for i in range(n)
        for j in range(i + 1, n)
        if not any(differ[a, b] for a, b in combinations(range(i, j + 1), 2))
    ]
    largest = [s for s in stretches if not any(s < other for other in stretches)]
    return [[names[i] for i in sorted(s)] for s in sorted(largest, key=min)]


@pytest.mark.parametrize("seed", range(30))
def test_cliques_are_those_of_a_loop_over_all_stretches(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n = int(rng.integers(2, 9))
    names, differ = [f"d{i}" for i in range(n)], rng.random((n, n)) < 0.25
    mixed = pairs_of(differ, names).sample(frac=1, random_state=seed)  # in any order
    mixed.loc[::2, ["a", "b"]] = mixed.loc[::2, ["b", "a"]].to_numpy()
    by_rank = dict(zip(names, np.sort(rng.uniform(1, n, n)), strict=True))
    shuffled = {name: by_rank[name] for name in rng.permutation(names)}
    assert cliques(mixed, shuffled) == slow_cliques(differ, names)


@pytest.mark.parametrize("seed", range(30))
def test_where_more_distant_ranks_differ_more_cliques_are_those_of_aeon(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n = int(rng.integers(2, 9))
    place = np.sort(rng.uniform(0, 4, n))
    differ = np.abs(place[:, None] - place) > 1.0
    names = [f"d{i}" for i in range(n)]
    masks = _build_cliques(np.triu(~differ).astype(float))
    of_aeon = [[name for name, is_in in zip(names, mask, strict=True) if is_in] for mask in masks]
    assert cliques(pairs_of(differ, names), dict(zip(names, place, strict=True))) == of_aeon


def test_a_pair_that_cannot_be_tested_is_not_told_apart() -> None:
    untested = pairs_of(np.ones((2, 2)), ["A", "B"]).assign(p_holm=NAN)
    assert cliques(untested, {"A": 1.0, "B": 2.0}) == [["A", "B"]]
    assert cliques(untested.assign(p_holm=0.05), {"A": 1.0, "B": 2.0}) == [["A", "B"]]
    assert cliques(untested.assign(p_holm=0.049), {"A": 1.0, "B": 2.0}) == []
    assert cliques(untested[:0], {"A": 1.0}) == []
