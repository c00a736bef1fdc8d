"""A workspace: data sets, models and scorings in one folder, and what people decide on them."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

from numpy.typing import ArrayLike
from sqlalchemy import Connection

from tsad_plugin.encoding import CannotSave
from tsad_plugin.reconstruction import ReconstructionDetector
from tsad_plugin.results import Scored
from tsad_plugin.runs import Runs

from . import data_sets, models, scorings
from .data_sets import Content, names_of
from .folders import names_in
from .histories import append_threshold
from .models import Described
from .reader import WorkspaceReader
from .records import Damaged, DataSet, Model, Scoring
from .run_rows import insert_runs, run_names
from .scorings import RunScores
from .tables import DATA_SET, MODEL, SCORING


class Workspace(WorkspaceReader):
    """A folder of data sets, models and scorings, and of what people decide on them.

    Parameters
    ----------
    path : path-like
        The folder.
    create : bool, default=False
        Whether to make a workspace where there is none.
    patience : float, default=30.0
        Seconds to wait for another who writes, after which `Busy` is raised.

    Attributes
    ----------
    path : Path
        The folder, absolute.
    review : Review
        Verdicts, thresholds and reference sets.

    Raises
    ------
    ValueError
        If there is no workspace and none is to be made, the folder holds other things, or the
        database is damaged or of a newer version. Nothing is changed then.

    Notes
    -----
    Processes and threads may read and write at once. What is added is there wholly or not at all,
    whatever ends the process that adds it.
    """

    def add_runs(self, runs: Runs, name: str) -> DataSet:
        """Add runs as a data set.

        Parameters
        ----------
        runs : Runs
            With ids that differ as text, too. Labels of timesteps are not kept.
        name : str
            What people call them.

        Returns
        -------
        DataSet
            Its record; the earlier one where the very same runs were added before.

        Raises
        ------
        ValueError
            If two runs have one name, or an id, a label or times are of a kind that is not kept.
        """
        content = Content.of(runs)
        known = self._store.find(DataSet, DATA_SET.c.digest == content.digest)
        if known is not None and names_in(self._store.folder(known)) >= data_sets.FILES:
            return known
        row = {"name": name, "digest": content.digest, **data_sets.described(runs)}
        write = partial(data_sets.write_runs, runs=runs)
        then = partial(insert_runs, content=content)
        return self.data_set(self._store.add(DATA_SET, row, write, then))

    def add_model(
        self,
        detector: Any,
        *,
        data_set: DataSet | None = None,
        metadata: dict[str, Any] | None = None,
    ) -> Model:
        """Add a fitted detector, with its threshold as the first version of it.

        Parameters
        ----------
        detector : object
            One of this package's is saved; of any other there is only a record.
        data_set : DataSet, optional
            What it was fitted on.
        metadata : dict, optional
            JSON values that are saved with it, see `tsad_plugin.save`.

        Returns
        -------
        Model
            Its record; the earlier one where the very same model was added before.
        """
        row, then = _rows_of_model(Described.of(detector), data_set)
        write = partial(models.write_model, detector=detector, metadata=metadata)
        try:
            return self.model(self._store.add(MODEL, row, write, then))
        except CannotSave:
            return self.model(self._store.add_row(MODEL, row, then))

    def add_scoring(self, scored: Scored, model: Model, data_set: DataSet) -> Scoring:
        """Add scores of a data set's runs; where the detector reconstructs, of timesteps, too.

        Parameters
        ----------
        scored : Scored
            All runs of the data set, in its order.
        model : Model
            Record of the detector that scored them.
        data_set : DataSet
            Record of the runs.

        Returns
        -------
        Scoring
            Its record.

        Raises
        ------
        ValueError
            If these are not the runs of the data set.
        """
        with self._store.database.reading() as connection:
            known = connection.scalars(run_names(data_set)).all()
        if names_of(scored.runs) != known or scored.runs.n_channels != len(data_set.channels):
            raise ValueError(
                f"the runs that were scored are not those of data set {data_set.name!r}: score "
                "all of its runs, in its order"
            )
        found = RunScores.of(scored)
        if isinstance(scored.detector, ReconstructionDetector):
            write = partial(scorings.write_scored, scored=scored, channels=data_set.channels)
            return self._add_scoring(model, data_set, found, write, has_timesteps=True)
        lengths = scored.runs.lengths
        write = partial(scorings.write_scores, runs=known, lengths=lengths, found=found)
        return self._add_scoring(model, data_set, found, write)

    def add_scores(
        self,
        data_set: DataSet,
        scores: ArrayLike,
        *,
        detector: Any,
        labels: ArrayLike | None = None,
        threshold: float | None = None,
        calibration: ArrayLike | None = None,
    ) -> Scoring:
        """Add scores of a data set's runs by any detector, of which a new record is made.

        Parameters
        ----------
        data_set : DataSet
            Record of the runs.
        scores : array-like of shape (n_runs,)
            In the order of the runs, higher = more abnormal.
        detector : object or str
            What gave the scores, or its name.
        labels : array-like of shape (n_runs,), optional
            1 for an outlier, else 0. Default: 1 above the threshold; 0 where there is none.
        threshold : float, optional
            In the units of the scores. Default: the detector's, where it is in these.
        calibration : array-like of shape (n,), optional
            Scores of good runs held out. Default: the detector's, where it has any.

        Returns
        -------
        Scoring
            Its record.

        Raises
        ------
        ValueError
            If there is not one finite score, and label, a run.
        """
        found = RunScores.checked(data_set.n_runs, scores, detector, labels, threshold, calibration)
        lengths = data_sets.read_lengths(self._store.folder(data_set))
        with self._store.database.reading() as connection:
            runs = connection.scalars(run_names(data_set)).all()
        described = Described.of(detector)
        if threshold is not None:
            described = described._replace(threshold=found.threshold, origin="passed")
        model = self.model(self._store.add_row(MODEL, *_rows_of_model(described, None)))
        write = partial(scorings.write_scores, runs=runs, lengths=lengths, found=found)
        return self._add_scoring(model, data_set, found, write)

    def _add_scoring(
        self,
        model: Model,
        data_set: DataSet,
        found: RunScores,
        write: Callable[[Path], None],
        has_timesteps: bool = False,
    ) -> Scoring:
        row = {
            "model_id": model.id,
            "data_set_id": data_set.id,
            "n_outliers": int(found.labels.sum()),
            "has_timesteps": has_timesteps,
            "threshold": found.threshold,
        }
        scoring = self.scoring(self._store.add(SCORING, row, write))
        learned = set() if model.data_set_id is None else {model.data_set_id}
        for shown in {data_set.id} | learned:
            with suppress(Damaged):  # scores are kept and shown without it
                self.overview(self.data_set(shown))
        return scoring


def _rows_of_model(
    described: Described, data_set: DataSet | None
) -> tuple[dict[str, Any], Callable[[Connection, int], None]]:
    """The row of a model, and what adds the first version of its threshold."""
    *columns, threshold, origin = described
    row = dict(zip(("detector", "parameters", "n_training"), columns, strict=True))
    row["data_set_id"] = None if data_set is None else data_set.id
    return row, partial(append_threshold, value=threshold, origin=origin, who="fit")
