"""What people decide: verdicts, thresholds, good runs. Nothing is changed, all is appended."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from datetime import UTC, datetime

import numpy as np
from sqlalchemy import func, select

from tsad_plugin.forms import shorten

from .database import Database
from .histories import append_threshold, append_verdict, read_verdicts, undone, verdicts_in
from .records import (
    VERDICTS,
    DataSet,
    Model,
    NotInWorkspace,
    ThresholdVersion,
    Verdict,
    WorkspaceError,
)
from .run_rows import no_run, run_id, run_names
from .tables import DATA_SET_RUN, REFERENCE_SET, RUN, THRESHOLD, VERDICT

LONGEST, LONGEST_LINE = 10_000, 200  # characters of a comment; of a cause, of a name


class Review:
    """Verdicts, thresholds and reference sets of a workspace: `workspace.review`.

    A run has one history, in whatever data sets it is found: it is known by name and values.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def verdicts(self, data_set: DataSet) -> dict[str, Verdict]:
        """Verdicts that hold now.

        Parameters
        ----------
        data_set : DataSet
            Where to look for runs.

        Returns
        -------
        dict of str to Verdict
            By name of run, in the order of the runs; those without a verdict are left out.
        """
        other = VERDICT.alias()
        newest = select(func.max(other.c.id)).where(other.c.run_id == VERDICT.c.run_id)
        query = verdicts_in(data_set).where(
            VERDICT.c.id == newest.scalar_subquery(), VERDICT.c.verdict.is_not(None)
        )
        with self._database.reading() as connection:
            found = read_verdicts(connection, query.order_by(DATA_SET_RUN.c.position))
        return {verdict.run: verdict for verdict in found}

    def history(self, data_set: DataSet, run: str) -> list[Verdict]:
        """All verdicts that a run ever had, the newest first.

        Parameters
        ----------
        data_set : DataSet
            Where the run is found.
        run : str
            Its name.

        Returns
        -------
        list of Verdict
            Those that an undo made among them.

        Raises
        ------
        NotInWorkspace
            If the data set has no such run.
        """
        query = verdicts_in(data_set).where(RUN.c.name == run).order_by(VERDICT.c.id.desc())
        with self._database.reading() as connection:
            run_id(connection, data_set, run)
            return read_verdicts(connection, query)

    def judge(
        self,
        data_set: DataSet,
        run: str,
        verdict: str,
        *,
        cause: str = "",
        comment: str = "",
        who: str,
    ) -> Verdict:
        """Give a run a verdict.

        Parameters
        ----------
        data_set : DataSet
            Where the run is found.
        run : str
            Its name.
        verdict : {"fault", "no fault", "unsure"}
            What the person says.
        cause, comment : str
            What the person adds.
        who : str
            The person.

        Returns
        -------
        Verdict
            As it stands in the workspace now.

        Raises
        ------
        WorkspaceError
            If there is no such verdict or, as NotInWorkspace, no such run.
        """
        if verdict not in VERDICTS:
            raise WorkspaceError(f"verdict must be one of {shorten(VERDICTS)}, got {verdict!r}")
        with self._database.writing() as connection:
            found = run_id(connection, data_set, run)
            said = {"verdict": verdict, "cause": _line("cause", cause), "who": _line("who", who)}
            said["comment"] = _words("comment", comment, LONGEST)
            return append_verdict(connection, found, said)

    def undo(self, data_set: DataSet, run: str, *, who: str) -> Verdict:
        """Take a run's verdict back; what held before it holds again, and can be undone, too.

        Parameters
        ----------
        data_set : DataSet
            Where the run is found.
        run : str
            Its name.
        who : str
            The person who takes it back.

        Returns
        -------
        Verdict
            A further record, which says what holds now; its `verdict` is None where nothing does.

        Raises
        ------
        WorkspaceError
            If there is no verdict to take back or, as NotInWorkspace, no such run.
        """
        with self._database.writing() as connection:
            found = run_id(connection, data_set, run)
            said = undone(connection, found)
            if said is None:
                raise WorkspaceError(f"run {run!r} has no verdict: there is nothing to undo")
            return append_verdict(connection, found, {**said, "who": _line("who", who)})

    def causes(self) -> list[str]:
        """Causes that were ever given, the most frequent first."""
        given = VERDICT.c.restores.is_(None) & (VERDICT.c.cause != "")
        often = func.count().desc()
        query = select(VERDICT.c.cause).where(given).group_by(VERDICT.c.cause)
        with self._database.reading() as connection:
            return list(connection.scalars(query.order_by(often, VERDICT.c.cause)))

    def threshold(self, model: Model) -> ThresholdVersion:
        """The threshold of a model that holds now; its first is the detector's own."""
        return self.thresholds(model)[0]

    def thresholds(self, model: Model) -> list[ThresholdVersion]:
        """All thresholds that a model ever had, the newest first.

        Parameters
        ----------
        model : Model
            The model.

        Returns
        -------
        list of ThresholdVersion
            The last is the detector's own.

        Raises
        ------
        NotInWorkspace
            If there is no such model.
        """
        query = select(THRESHOLD).where(THRESHOLD.c.model_id == model.id)
        with self._database.reading() as connection:
            rows = connection.execute(query.order_by(THRESHOLD.c.id.desc())).all()
        if not rows:
            raise NotInWorkspace(f"no model {model.id} in {str(self._database.path)!r}")
        return [ThresholdVersion(**row._mapping) for row in rows]

    def set_threshold(
        self, model: Model, value: float, *, origin: str, who: str
    ) -> ThresholdVersion:
        """Give a model another threshold; the scorings that it has made stay as they are.

        Parameters
        ----------
        model : Model
            The model.
        value : float
            In the units of its scores, finite.
        origin : str
            Where it comes from, such as `k = 2.5`.
        who : str
            The person.

        Returns
        -------
        ThresholdVersion
            As it stands in the workspace now.

        Raises
        ------
        WorkspaceError
            If `value` is not finite or, as NotInWorkspace, there is no such model.
        """
        if not np.isfinite(value):
            raise WorkspaceError(f"a threshold must be a finite number, got {value!r}")
        with self._database.writing() as connection:
            append_threshold(connection, model.id, float(value), origin, _line("who", who))
        return self.threshold(model)

    def good_runs(self, data_set: DataSet) -> list[str] | None:
        """Names of the runs that somebody chose as good; None where nobody has yet."""
        query = select(REFERENCE_SET.c.runs).where(REFERENCE_SET.c.data_set_id == data_set.id)
        with self._database.reading() as connection:
            latest = query.order_by(REFERENCE_SET.c.id.desc()).limit(1)
            found = connection.execute(latest).scalar_one_or_none()
        return None if found is None else list(found)

    def choose_good_runs(self, data_set: DataSet, runs: Sequence[str], *, who: str) -> None:
        """Choose which runs are good, in place of those chosen before.

        Parameters
        ----------
        data_set : DataSet
            Where the runs are found.
        runs : sequence of str
            Names of at least one.
        who : str
            The person.

        Raises
        ------
        WorkspaceError
            If there is none or, as NotInWorkspace, no such run.
        """
        if not runs:
            raise WorkspaceError("no run was chosen: choose at least one as good")
        with self._database.writing() as connection:
            known = connection.scalars(run_names(data_set)).all()
            if unknown := sorted(set(runs) - set(known)):
                raise no_run(data_set, unknown[0], known)
            chosen = [name for name in known if name in set(runs)]
            row = {"data_set_id": data_set.id, "runs": chosen, "at": datetime.now(UTC)}
            connection.execute(REFERENCE_SET.insert().values(who=_line("who", who), **row))


def _line(what: str, text: str) -> str:
    return " ".join(_words(what, text, LONGEST_LINE).split())


def _words(what: str, text: str, most: int) -> str:
    """Text without characters that are for machines; refused where it is no note but a book."""
    if not isinstance(text, str):
        raise WorkspaceError(f"{what} must be text, got {type(text).__name__}")
    if len(text) > most:
        raise WorkspaceError(f"{what} has {len(text):,} characters: write {most:,} at most")
    return "".join(c for c in text if c in "\n\t" or not unicodedata.category(c).startswith("C"))
