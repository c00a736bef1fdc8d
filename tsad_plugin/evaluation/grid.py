"""`benchmark`: every detector on every data set, with every seed."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import joblib
import numpy as np
import pandas as pd
from joblib.externals.loky.process_executor import BrokenProcessPool
from sklearn.base import clone
from tqdm.auto import tqdm

from tsad_plugin.forms import did_you_mean, duplicates
from tsad_plugin.rules import check_parameter

from .cells import Cell, Row, columns
from .data_sets import as_labelled
from .journal import Journal
from .labelled import PROTOCOLS, SEMI_SUPERVISED, LabelledRuns
from .takes import check_suits
from .timesteps import chosen_measures

Detectors = Mapping[str, Any] | Sequence[Any]
Datasets = Mapping[str, Any]


def benchmark(
    detectors: Detectors,
    datasets: Datasets,
    seeds: int | Sequence[int] = 5,
    n_jobs: int | None = None,
    *,
    protocol: str | Sequence[str] = SEMI_SUPERVISED,
    n_folds: int = 2,
    timestep_measures: Sequence[str] | None = None,
    path: str | os.PathLike[str] | None = None,
    verbose: int = 1,
) -> pd.DataFrame:
    """Compare detectors: each learns from the same splits of the same data, and is judged alike.

    Parameters
    ----------
    detectors : mapping of str to detector, or sequence of detectors
        Of this package, of PyOD, or a Pipeline that ends in one; copied, never fitted themselves. A
        detector of PyOD's own knows no runs: it gets rows of raw values, gaps filled, at the median
        length of the training runs (`OnRuns` scales them, too). In a sequence a detector is called
        by its class. Where timesteps are judged, `WindowedDetector`.
    datasets : mapping of str to data
        Labelled `Runs`, split into folds; a pair (train, test) of them; `LabelledRuns`, which also
        say what is normal and which runs belong together; a file of the UCR archive, or a pair of
        them; or a function of a seed that returns one of these, such as a simulator. Where what is
        to be judged has `timestep_labels`, they are long series, as in `LabelledSeries`, and
        detectors are judged by their timesteps.
    seeds : int or sequence of int, default=5
        How many, or which. A seed draws the folds, and is the `random_state` of the detector and
        of what it holds.
    n_jobs : int, optional
        Cells that are computed at a time, as joblib has it; its backends and configuration count.
        Times are fair where there are no more of them than idle cores.
    protocol : {"semi-supervised", "unsupervised"} or a sequence of them
        Learn from the normal runs of each training part alone, or from all of them, outliers
        among them. Labels are for this and for judging: no detector sees one.
    n_folds : int, default=2
        Folds, stratified by what is an outlier, into which runs without a test part are split. With
        five seeds and two folds it is the 5 × 2 cross-validation of [1]_.
    timestep_measures : sequence of str, optional
        Which measures of aeon's (the extra `benchmark`) to take of timesteps: `vus_pr`, `pr_auc`,
        `range_f1`, `range_precision`, `range_recall`. Default: all, or none without aeon.
    path : path-like, optional
        A `.jsonl` file in which each row is kept as soon as it is there. Called again with it,
        `benchmark` computes what is not there yet, or failed.
    verbose : int, default=1
        Above 0 shows a progress bar.

    Returns
    -------
    DataFrame
        A row a cell: `dataset`, `detector`, `protocol`, `seed`, `fold`; `sample` ("run" or
        "timestep") and how many of them, `n_train`, `n_test`, `n_outliers` (of the test runs);
        `roc_auc` with the 95 % bootstrap interval over the test
        runs `roc_auc_low` and `roc_auc_high`, `average_precision`, `precision_at_n`; at the learned
        threshold `f1`, `far` (share of normal runs flagged), `mar` (share of outliers missed),
        `accuracy`, `precision`, `recall`; the detector's `threshold`; `fit_seconds`,
        `score_seconds`, `peak_mb` (growth of the process's memory meanwhile). `error` is "", or
        why the measures are NaN: what the detector raised, or that the test runs are all of one
        kind.

        Of timesteps, measures of scores are means over the series that have normal and abnormal
        ones, and the interval is that over these series; measures of labels count all timesteps,
        each by itself. Then follow, where they were taken, `vus_pr` [2]_, `pr_auc` and, at the
        learned threshold, `range_f1`, `range_precision`, `range_recall` [3]_.

    Raises
    ------
    ValueError
        Before anything is computed: if there is nothing to compare, two detectors or seeds are the
        same, a data set is of no such form or its runs have no labels, a detector scores runs where
        timesteps are judged or the reverse, or `path` holds other lines than results.
    ModuleNotFoundError
        If `timestep_measures` are named and aeon is missing.
    RuntimeError
        If a worker process dies, for want of memory, say. Rows until then are in `path`.

    References
    ----------
    .. [1] T. G. Dietterich, "Approximate statistical tests for comparing supervised classification
       learning algorithms", Neural Computation 10(7), 1998.
    .. [2] J. Paparrizos et al., "Volume under the surface", PVLDB 15(11), 2022.
    .. [3] N. Tatbul et al., "Precision and recall for time series", NeurIPS 2018.

    Examples
    --------
    >>> from tsad_plugin import PCAReconstruction, PopulationBand, benchmark
    >>> from tsad_plugin.datasets import make_fermentation
    >>> runs = make_fermentation(40, faults=10, random_state=0)
    >>> detectors = [PCAReconstruction(), PopulationBand()]
    >>> results = benchmark(detectors, {"batches": runs}, seeds=2, verbose=0)
    >>> results.groupby("detector").roc_auc.count()
    detector
    PCAReconstruction    4
    PopulationBand       4
    Name: roc_auc, dtype: int64
    """
    protocols = [protocol] if isinstance(protocol, str) else list(protocol)
    _check_choices(protocols, n_folds, n_jobs, verbose)
    compared = _named(detectors)
    chosen = _seeds(seeds)
    extra = chosen_measures(timestep_measures)
    journal = Journal(path)
    data = _read(datasets, chosen)
    _check_detectors(compared, data)
    cells = list(_cells(compared, data, protocols, n_folds, extra))
    rows = _computed(cells, journal, n_jobs, verbose)
    found = columns(max((cell.extra for cell in cells), key=len))
    return pd.DataFrame([rows[cell.digest] for cell in cells], columns=list(found))


def _check_choices(protocols: list[Any], n_folds: Any, n_jobs: Any, verbose: Any) -> None:
    for chosen in protocols:
        if chosen not in PROTOCOLS:
            raise ValueError(
                f"protocol must be {' or '.join(map(repr, PROTOCOLS))}, got {chosen!r}"
                f"{did_you_mean(str(chosen), PROTOCOLS)}"
            )
    _check_once(protocols, "protocol")
    for name, value in (("n_folds", n_folds), ("n_jobs", n_jobs), ("verbose", verbose)):
        check_parameter(name, value)


def _check_once(values: Sequence[Any], what: str) -> None:
    if not values:
        raise ValueError(f"there is no {what}: pass at least one")
    if twice := duplicates(values):
        raise ValueError(f"{what} {twice[0]!r} stands twice: its results would count twice")


def _seeds(seeds: Any) -> list[int]:
    seeds = seeds.tolist() if isinstance(seeds, np.ndarray) else seeds
    if not isinstance(seeds, Sequence | range):
        check_parameter("seeds", seeds)
        return list(range(seeds))
    for seed in seeds:
        check_parameter("seed", seed)
    _check_once(seeds, "seed")
    return [int(seed) for seed in seeds]


def _named(detectors: Detectors) -> dict[str, Any]:
    """Unfitted copies of the detectors by their names."""
    if isinstance(detectors, str) or not isinstance(detectors, Mapping | Sequence):
        raise ValueError(f"detectors must be a mapping or a sequence, got {detectors!r}")
    if isinstance(detectors, Mapping):
        named = [(str(name), detector) for name, detector in detectors.items()]
    else:
        named = [(_name(detector), detector) for detector in detectors]
    _check_once([name for name, _ in named], "detector")
    for name, detector in named:
        methods = ("fit", "decision_function", "predict", "get_params")
        if isinstance(detector, type) or not all(hasattr(detector, m) for m in methods):
            raise ValueError(
                f"{name!r} is no detector: pass an instance with {', '.join(methods)}, got "
                f"{detector!r}"
            )
    return {name: clone(detector) for name, detector in named}


def _name(detector: Any) -> str:
    """`KNN`, or `OnRuns(KNN)`."""
    hosted = getattr(detector, "detector", None)
    name = type(detector).__name__
    if hosted is None:
        return name
    return f"{name}({hosted if isinstance(hosted, str) else type(hosted).__name__})"


def _read(datasets: Datasets, seeds: Sequence[int]) -> dict[tuple[str, int], LabelledRuns]:
    """The data of every set and seed; where it does not depend on the seed, once."""
    if not isinstance(datasets, Mapping) or not datasets:
        raise ValueError("datasets must be a mapping of at least one name to data")
    _check_once([str(name) for name in datasets], "data set")
    read: dict[tuple[str, int], LabelledRuns] = {}
    for name, data in datasets.items():
        with _naming(name):
            once = None if callable(data) else as_labelled(data)
            for seed in seeds:
                read[str(name), seed] = once or as_labelled(data(seed))
    return read


def _check_detectors(
    detectors: Mapping[str, Any], data: Mapping[tuple[str, int], LabelledRuns]
) -> None:
    for (name, _), labelled in data.items():
        with _naming(name):
            for detector, instance in detectors.items():
                check_suits(detector, instance, labelled)


@contextmanager
def _naming(dataset: Any) -> Iterator[None]:
    try:
        yield
    except ValueError as error:
        raise ValueError(f"data set {str(dataset)!r}: {error}") from error
    except (TypeError, LookupError, ArithmeticError) as error:  # of a function of the seed
        kind = type(error).__name__
        raise ValueError(f"data set {str(dataset)!r}: {kind}: {error}") from error


def _cells(
    detectors: Mapping[str, Any],
    data: Mapping[tuple[str, int], LabelledRuns],
    protocols: Sequence[str],
    n_folds: int,
    extra: tuple[str, ...],
) -> Iterator[Cell]:
    for (name, seed), labelled in data.items():
        besides = extra if labelled.sample == "timestep" else ()
        for protocol in protocols:
            with _naming(name):
                splits = labelled.splits(protocol, n_folds, seed)
            for split in splits:
                for detector, instance in detectors.items():
                    yield Cell(name, detector, protocol, seed, split, labelled, instance, besides)


def _computed(
    cells: Sequence[Cell], journal: Journal, n_jobs: int | None, verbose: int
) -> dict[str, Row]:
    """Rows by the digests of their cells: those that are kept, and the others, computed now."""
    # A row without a time is of a detector that failed, and may have been mended since.
    rows = {c: row for c, row in journal.kept.items() if not math.isnan(row["fit_seconds"])}
    missing = [cell for cell in cells if cell.digest not in rows]
    parallel = joblib.Parallel(n_jobs=n_jobs, return_as="generator_unordered")
    with (
        journal,
        _explaining_death(journal),
        tqdm(
            total=len(cells), initial=len(cells) - len(missing), disable=not verbose, unit="fit"
        ) as progress,
    ):
        for digest, row in parallel(joblib.delayed(_run)(cell) for cell in missing):
            journal.add(digest, row)
            rows[digest] = row
            progress.update()
    return rows


def _run(cell: Cell) -> tuple[str, Row]:
    return cell.digest, cell.run()


@contextmanager
def _explaining_death(journal: Journal) -> Iterator[None]:
    try:
        yield
    except BrokenProcessPool as error:
        kept = f"; rows until then are in {str(journal.path)!r}" if journal.path else ""
        raise RuntimeError(
            f"a worker process died, which is mostly for want of memory: use fewer n_jobs{kept}"
        ) from error
