"""What is read of a workspace: records of what it holds, and the files themselves."""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tsad_plugin.forms import plural
from tsad_plugin.population import Population, population_of
from tsad_plugin.runs import Runs

from . import data_sets, models, overviews, scorings
from .database import PATIENCE, pragma
from .overviews import Overview
from .records import DataSet, Model, NotInWorkspace, Scoring, TimestepFindings
from .review import Review
from .run_rows import runs_of_the_same_names
from .store import Store, check_folder, make_folder


class WorkspaceReader:
    """A workspace to read; `Workspace` adds to it."""

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        create: bool = False,
        patience: float = PATIENCE,
    ) -> None:
        self.path = Path(path).resolve()
        check_folder(self.path, create)
        if create:
            make_folder(self.path)
        self._store = Store(self.path, patience)
        self.review = Review(self._store.database)
        self._store.remove_leftovers()

    def close(self) -> None:
        """Close the database."""
        self._store.database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def is_alive(self) -> bool:
        """Whether the database answers."""
        try:
            with self._store.database.reading() as connection:
                return pragma(connection, "schema_version") is not None
        except ValueError:
            return False

    def data_sets(self) -> list[DataSet]:
        """Records of all data sets, the newest first."""
        return self._store.all(DataSet)

    def models(self) -> list[Model]:
        """Records of all models, the newest first."""
        return self._store.all(Model)

    def scorings(self) -> list[Scoring]:
        """Records of all scorings, the newest first."""
        return self._store.all(Scoring)

    def data_set(self, id: int) -> DataSet:
        """Record of a data set; raises NotInWorkspace."""
        return self._store.one(DataSet, id)

    def model(self, id: int) -> Model:
        """Record of a model; raises NotInWorkspace."""
        return self._store.one(Model, id)

    def scoring(self, id: int) -> Scoring:
        """Record of a scoring; raises NotInWorkspace."""
        return self._store.one(Scoring, id)

    def shared_runs(self, data_set: DataSet) -> dict[int, int]:
        """How many runs of a data set have a namesake in others, by the numbers of these."""
        with self._store.database.reading() as connection:
            found = connection.execute(runs_of_the_same_names(data_set)).all()
        return {row[0]: row[1] for row in found}

    def load_model(self, model: Model) -> Any:
        """The detector itself; raises Damaged where it is foreign, missing or damaged."""
        return models.read_model(self._store.folder(model), str(model.digest))

    def model_folder(self, model: Model) -> Path:
        """Folder of a model that is no foreign one, for `tsad_plugin.load`."""
        return self._store.folder(model)

    def read_runs(self, data_set: DataSet, positions: Sequence[int] | slice | None = None) -> Runs:
        """Read runs as they were added; of a large data set only what is asked for.

        Parameters
        ----------
        data_set : DataSet
            Record of the runs.
        positions : sequence of int or slice, optional
            Which runs, in which order. Default: all.

        Returns
        -------
        Runs
            With ids, channels, units, times and labels.

        Raises
        ------
        ValueError
            As NotInWorkspace, if there is no run at a position; as Damaged, if a file is missing
            or damaged.
        """
        rows = _rows(data_set, slice(None) if positions is None else positions)
        return data_sets.read_runs(self._store.folder(data_set), data_set, rows)

    def overview(self, data_set: DataSet) -> Overview:
        """Look at a data set as a whole: what is derived from its runs once, and kept.

        It is made when a scoring of the data set is added, or else when it is first asked for.

        Parameters
        ----------
        data_set : DataSet
            Record of the runs.

        Returns
        -------
        Overview
            Courses, statistics, lengths, times and populations of all runs.

        Raises
        ------
        Damaged
            If it has to be made, and a file of the data set is missing or damaged.
        """
        return overviews.read_overview(self._store.folder(data_set), data_set)

    def population(
        self, data_set: DataSet, axis: str = "timestep", positions: Sequence[int] | None = None
    ) -> Population:
        """Add up how runs go, in the memory of a few, see `tsad_plugin.population.population`.

        Parameters
        ----------
        data_set : DataSet
            Record of the runs.
        axis : {"timestep", "elapsed", "percent"}
            What the points lie on.
        positions : sequence of int, optional
            Which runs. Default: all, which the overview has.

        Returns
        -------
        Population
            Mean, standard deviation and number of these runs.

        Raises
        ------
        ValueError
            If there is no such axis, or no elapsed time; as NotInWorkspace, if there is no run at
            a position; as Damaged, if a file is missing or damaged.
        """
        if positions is None and axis in (kept := self.overview(data_set).populations):
            return kept[axis]
        rows = _rows(data_set, slice(None) if positions is None else positions)
        folder = self._store.folder(data_set)
        return population_of(partial(data_sets.each_runs, folder, data_set, rows), axis)

    def read_labels(self, data_set: DataSet) -> list[Any] | None:
        """What is known of each run, without its values; None where nothing is. Raises Damaged."""
        return data_sets.read_labels(self._store.folder(data_set)) if data_set.has_labels else None

    def read_scores(self, scoring: Scoring) -> pd.DataFrame:
        """Read a table of a row a run, in the order of the data set.

        Parameters
        ----------
        scoring : Scoring
            Its record.

        Returns
        -------
        DataFrame
            `run`, `score`, `label` (the detector's: 1 outlier), `n_timesteps`; and where timesteps
            were scored, else empty: `start`, `end` (of the worst stretch), `start_time`,
            `end_time`, `stretch` (these in words), `channel` and its `share` of the error there,
            `channels` (the leading ones, in words), `duration` (deviation of the length, in
            standard deviations), `text`.

        Raises
        ------
        Damaged
            If the file is missing or damaged.
        """
        return scorings.read_scores(self._store.folder(scoring))

    def read_timesteps(self, scoring: Scoring, position: int) -> TimestepFindings | None:
        """Read what was found in one run; None where the detector only scores runs.

        Parameters
        ----------
        scoring : Scoring
            Its record.
        position : int
            Of the run in the data set.

        Returns
        -------
        TimestepFindings or None
            Scores (n_timesteps,), contributions and reconstruction (n_timesteps, n_channels).

        Raises
        ------
        ValueError
            As NotInWorkspace, if there is no run at that position; as Damaged, if the file is
            missing or damaged.
        """
        [row] = _rows(self.data_set(scoring.data_set_id), [position])
        if not scoring.has_timesteps:
            return None
        return scorings.read_timesteps(self._store.folder(scoring), int(row))

    def read_codes(self, scoring: Scoring) -> NDArray[np.float32] | None:
        """Read the detector's codes of the runs, as its `transform` gives them.

        Parameters
        ----------
        scoring : Scoring
            Its record.

        Returns
        -------
        ndarray of shape (n_runs, latent_dim) or None
            None where the detector has none, or runs were scored before codes were kept.

        Raises
        ------
        Damaged
            If the file is damaged.
        """
        n_runs = self.data_set(scoring.data_set_id).n_runs
        return scorings.read_codes(self._store.folder(scoring), n_runs)

    def read_calibration(self, scoring: Scoring) -> NDArray[np.float64]:
        """Scores of good runs held out, (n,); none where there are none. Raises Damaged."""
        return scorings.read_calibration(self._store.folder(scoring))


def _rows(data_set: DataSet, positions: Sequence[int] | slice) -> NDArray[np.intp]:
    """Positions of runs as they are counted from the first; raises NotInWorkspace."""
    try:
        # To an array a tuple would be one place in several dimensions.
        index = positions if isinstance(positions, slice) else list(positions)
        return np.arange(data_set.n_runs)[index]
    except IndexError:
        raise NotInWorkspace(
            f"data set {data_set.name!r} has {plural(data_set.n_runs, 'run')}, none at "
            f"{positions!r}"
        ) from None
