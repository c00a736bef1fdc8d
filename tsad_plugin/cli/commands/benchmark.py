"""`tsad benchmark`: its options and its help."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from tsad_plugin.cli.app import app
from tsad_plugin.cli.options import (
    LAYOUT_HELP,
    Channels,
    Compared,
    Data,
    Group,
    Layout,
    Protocol,
    Run,
    Threshold,
    Time,
    names,
    option,
)


@app.command()
def benchmark(
    data: Data,
    *,
    out: Annotated[Path, option("Folder for the results and the report.", metavar="DIR")],
    detector: Compared = None,
    threshold: Threshold = "ksigma:3",
    seeds: Annotated[int, option("How many seeds: of splits and detectors.", min=1)] = 5,
    folds: Annotated[int, option("Folds of data that are not split yet.", min=2)] = 2,
    jobs: Annotated[int, option("Fits at a time; -1 is one for each core.", min=-1)] = 1,
    protocol: Annotated[
        Protocol,
        option(
            "Learn from the normal runs of each training part alone, from all of them, or both."
        ),
    ] = Protocol.semi_supervised,
    normal: Annotated[
        str | None,
        option("Label of normal runs. Default: the most frequent.", metavar="LABEL"),
    ] = None,
    group: Group = None,
    run: Run = None,
    time: Time = None,
    channels: Channels = None,
    label: Annotated[
        str | None, option("Column with what is known of the run; a table needs it.", metavar="COL")
    ] = None,
    layout: Annotated[Layout, option(LAYOUT_HELP)] = Layout.auto,
) -> None:
    r"""Compare detectors on data of which the abnormal runs are known.

    All learn from the same splits with the same seeds. No detector sees a label: those say what to
    learn from and what is right. DATA are files of the UCR archive, of which NAME_TRAIN and
    NAME_TEST are one data set, folders of them, tables, or the word `simulator`, fermentations with
    faults, others for each seed.

        tsad benchmark simulator --out results
        tsad benchmark archive/Coffee archive/ECG200 --jobs 4 --out results
        tsad benchmark batches.csv --run batch_id --label quality --normal good --out results
        tsad benchmark simulator --detector FCAutoEncoder:hidden_dims=[64,32] \
            --detector KNN:n_neighbors=10 --seeds 2 --out results

    Writes report.html (to open in a browser), report.md, results.csv (a row a fit) and
    results.jsonl, to which each row is added as soon as it is there: the same command again goes on
    where it was interrupted, and tries again what failed.

    **What the numbers mean.** *ROC-AUC* is how often an outlier scores higher than a normal run:
    the mean over data sets, with its 95 % interval; *rank* is the mean place among the detectors.
    *AP* is average precision. *F1*, *FAR* (share of normal runs flagged) and *MAR* (share of
    outliers missed) are those at the threshold, of which `tsad fit --help` tells; *fit* is the
    median time of a fit.
    """
    from tsad_plugin.cli import benchmark
    from tsad_plugin.cli.inputs import Columns

    columns = Columns(run, time, names(channels), label, layout.value)
    chosen = benchmark.Choice(seeds, folds, jobs, protocol.value, threshold)
    benchmark.benchmark(data, out, detector or [], chosen, columns, normal, group)
