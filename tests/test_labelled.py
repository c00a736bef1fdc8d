"""What is an outlier, and how labelled runs are split."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from tsad_plugin import Runs
from tsad_plugin.evaluation import LabelledRuns
from tsad_plugin.evaluation.data_sets import as_labelled


def runs_labelled(labels: list[object], first_id: int = 0) -> Runs:
    arrays = [np.full((4, 1), float(i)) for i in range(len(labels))]
    return Runs(arrays, ids=range(first_id, first_id + len(labels)), labels=np.array(labels))


MIXED = runs_labelled(["ok"] * 20 + ["leak"] * 4 + ["drift"] * 2)


def test_the_most_frequent_label_is_normal() -> None:
    assert LabelledRuns(MIXED).outlier.tolist() == [False] * 20 + [True] * 6


def test_the_most_frequent_label_counts_over_training_and_test() -> None:
    data = LabelledRuns(runs_labelled([1, 1, 2]), test=runs_labelled([2, 2, 2, 1]))
    assert data.outlier.tolist() == [True, True, False]
    assert data.test_outlier.tolist() == [False, False, False, True]


@pytest.mark.parametrize(("normal", "n_outliers"), [("leak", 22), (["ok", "drift"], 4)])
def test_normal_is_what_is_said_to_be(normal: object, n_outliers: int) -> None:
    assert LabelledRuns(MIXED, normal=normal).outlier.sum() == n_outliers


def test_a_number_and_its_text_are_different_labels() -> None:
    data = LabelledRuns(runs_labelled([0, 0, 0]), test=runs_labelled(["0", "1"]))
    assert not data.outlier.any() and data.test_outlier.all()
    mixed = Runs([np.zeros((2, 1))] * 4, labels=np.array([0, 0, "x", "0"], dtype=object))
    assert LabelledRuns(mixed, normal={0}).outlier.tolist() == [False, False, True, True]


@pytest.mark.parametrize("protocol", ["semi-supervised", "unsupervised"])
def test_every_run_is_judged_once_and_never_learned_from_in_that_fold(protocol: str) -> None:
    splits = LabelledRuns(MIXED).splits(protocol, n_folds=3, seed=0)
    assert sorted(np.concatenate([split.test for split in splits]).tolist()) == list(range(26))
    assert all(not set(split.train) & set(split.test) for split in splits)
    assert [split.fold for split in splits] == [0, 1, 2]


def test_outliers_are_spread_evenly_over_folds() -> None:
    data = LabelledRuns(MIXED)
    splits = data.splits("unsupervised", n_folds=3, seed=0)
    assert [int(data.outlier[split.test].sum()) for split in splits] == [2, 2, 2]


def test_semi_supervised_training_has_no_outliers_and_unsupervised_has_all() -> None:
    data = LabelledRuns(MIXED)
    for good, mixed in zip(
        data.splits("semi-supervised", 2, 0), data.splits("unsupervised", 2, 0), strict=True
    ):
        assert not data.outlier[good.train].any()
        assert data.outlier[mixed.train].any()
        assert set(mixed.train[~data.outlier[mixed.train]]) == set(good.train)


def test_a_test_part_is_judged_whole_and_only_the_rest_learned_from() -> None:
    test = runs_labelled([1, 0], first_id=50)
    data = LabelledRuns(runs_labelled([0, 0, 1, 0]), test=test)
    (split,) = data.splits("semi-supervised", n_folds=5, seed=3)
    train, judged, outlier = data.take(split)
    assert train.ids.tolist() == [0, 1, 3]
    assert judged.ids.tolist() == [50, 51]
    assert outlier.tolist() == [True, False]


def test_what_is_taken_carries_no_labels_and_the_data_keep_theirs() -> None:
    data = LabelledRuns(MIXED, test=runs_labelled(["ok", "leak"]))
    (split,) = data.splits("unsupervised", 2, 0)
    train, judged, _ = data.take(split)
    assert train.labels is None and judged.labels is None
    assert data.runs.labels is not None and data.test is not None
    assert data.test.labels is not None


def test_what_is_taken_carries_no_labels_of_timesteps() -> None:
    known = np.zeros((len(MIXED), MIXED.shape[1]), dtype=int)
    for values in (np.ones(MIXED.shape), list(np.ones(MIXED.shape))):
        runs = Runs(values, labels=MIXED.labels, timestep_labels=known)
        data = LabelledRuns(runs)
        train, judged, _ = data.take(data.splits("semi-supervised", 3, 0)[0])
        assert train.timestep_labels is None and judged.timestep_labels is None
        assert runs.timestep_labels is not None


def test_a_group_is_never_on_both_sides() -> None:
    machines = np.repeat(np.arange(13), 2)
    for seed in range(5):
        for split in LabelledRuns(MIXED, groups=machines).splits("unsupervised", 3, seed):
            assert not set(machines[split.train]) & set(machines[split.test])


def test_a_seed_draws_other_folds_and_the_same_seed_the_same() -> None:
    def tests(seed: int) -> list[list[int]]:
        splits = LabelledRuns(MIXED).splits("unsupervised", 2, seed)
        return [split.test.tolist() for split in splits]

    assert tests(0) == tests(0)
    assert tests(0) != tests(1)


def test_a_set_without_outliers_can_be_split() -> None:
    splits = LabelledRuns(runs_labelled(["ok"] * 6)).splits("semi-supervised", 2, 0)
    assert [len(split.test) for split in splits] == [3, 3]


def values(array: NDArray[np.float64]) -> Runs:
    return Runs([array, array + 1], labels=["a", "b"])


def test_the_digest_tells_data_apart_and_knows_them_again() -> None:
    one = values(np.zeros((3, 2)))
    same = LabelledRuns(values(np.zeros((3, 2))))
    assert LabelledRuns(one).digest == same.digest
    for other in (
        LabelledRuns(values(np.ones((3, 2)))),
        LabelledRuns(one, normal="b"),
        LabelledRuns(one, test=one),
        LabelledRuns(one, groups=[0, 1]),
    ):
        assert other.digest != same.digest


def test_files_of_the_archive_are_read_one_or_a_pair(tmp_path: Path) -> None:
    paths = [tmp_path / f"Toy_{part}.tsv" for part in ("TRAIN", "TEST")]
    for path in paths:
        path.write_text("1\t0.5\t0.7\n2\t0.1\t0.2\n1\t0.4\t0.1\n")
    assert as_labelled(paths[0]).test is None
    pair = as_labelled((str(paths[0]), paths[1]))
    assert pair.test is not None
    assert pair.test_outlier.tolist() == [False, True, False]


UNLABELLED = Runs([np.zeros((3, 1))])
GAPPY = Runs([np.zeros((3, 1)), np.ones((3, 1))], ids=["A", "B"], labels=["ok", None])


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: LabelledRuns(UNLABELLED), "runs have no labels"),
        (lambda: LabelledRuns(MIXED, test=UNLABELLED), "test have no labels"),
        (lambda: LabelledRuns(GAPPY), "run 'B' has no label"),
        (lambda: LabelledRuns(np.zeros((3, 4))), "runs must be Runs, got ndarray"),  # type: ignore[arg-type]
        (lambda: LabelledRuns(MIXED, normal="good"), "no run has the label 'good'.*'ok', 'leak'"),
        (lambda: LabelledRuns(MIXED, normal=["ok", "bad"]), "no run has the label 'bad'"),
        (lambda: LabelledRuns(MIXED, groups=[np.nan] * 26), "groups holds a missing value"),
        (lambda: LabelledRuns(MIXED, groups=[1, 2]), r"groups has shape \(2,\) for 26 runs"),
        (lambda: LabelledRuns(MIXED, test=MIXED, groups=[1] * 26), "with test there is no split"),
        (lambda: as_labelled(7), "cannot be read from.*int.*LabelledRuns"),
        (lambda: as_labelled((MIXED, MIXED, MIXED)), "cannot be read from"),
        (lambda: as_labelled([MIXED, MIXED]), "cannot be read from.*list"),
        (
            lambda: LabelledRuns(runs_labelled([0, 1])).splits("unsupervised", 3, 0),
            "2 runs cannot be split into 3 folds",
        ),
    ],
)
def test_bad_data_are_told(make: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()  # type: ignore[operator]
