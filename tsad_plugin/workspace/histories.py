"""Rows that are appended and never changed: each supersedes the one before it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Column, Connection, Select, func, select

from .records import DataSet, Verdict
from .tables import DATA_SET_RUN, RUN, THRESHOLD, VERDICT


def append_threshold(
    connection: Connection, model_id: int, value: float | None, origin: str, who: str
) -> None:
    """Add a version to the thresholds of a model."""
    said = {"value": value, "origin": origin, "who": who}
    _append(connection, THRESHOLD.c.model_id, model_id, said)


def append_verdict(connection: Connection, run_id: int, said: dict[str, Any]) -> Verdict:
    """Add a verdict to the history of a run."""
    added = _append(connection, VERDICT.c.run_id, run_id, said)
    return read_verdicts(connection, _verdicts().where(VERDICT.c.id == added))[0]


def _append(
    connection: Connection, owner: Column[Any], owner_id: int, values: dict[str, Any]
) -> int:
    row = {owner.name: owner_id, "at": datetime.now(UTC), **values}
    row["supersedes"] = _latest(connection, owner, owner_id)
    added = owner.table.insert().values(row).returning(owner.table.c.id)
    return int(connection.execute(added).scalar_one())


def _latest(connection: Connection, owner: Column[Any], owner_id: int) -> int | None:
    newest = select(func.max(owner.table.c.id)).where(owner == owner_id)
    return connection.execute(newest).scalar()


def undone(connection: Connection, run_id: int) -> dict[str, Any] | None:
    """What an undo of a run's verdict says: what held before. None where no verdict holds."""
    holds = _given(connection, _latest(connection, VERDICT.c.run_id, run_id))
    if holds is None:
        return None
    before = _given(connection, holds.supersedes)
    if before is None:
        return {"verdict": None, "cause": "", "comment": ""}
    said = {name: getattr(before, name) for name in ("verdict", "cause", "comment")}
    return {**said, "restores": before.id}


def _given(connection: Connection, verdict_id: int | None) -> Any:
    """The row in which a person gave the verdict that holds at this one; None where none does."""
    found = connection.execute(select(VERDICT).where(VERDICT.c.id == verdict_id)).one_or_none()
    if found is None or found.verdict is None:
        return None
    return found if found.restores is None else _given(connection, found.restores)


def verdicts_in(data_set: DataSet) -> Select[Any]:
    """All verdicts, old ones too, of the runs of a data set."""
    found = _verdicts().join(DATA_SET_RUN, DATA_SET_RUN.c.run_id == RUN.c.id)
    return found.where(DATA_SET_RUN.c.data_set_id == data_set.id)


def _verdicts() -> Select[Any]:
    """Verdicts as records have them: with the name of the run."""
    fields = [column for column in VERDICT.c if column.name != "run_id"]
    return select(*fields, RUN.c.name.label("run")).join(RUN, RUN.c.id == VERDICT.c.run_id)


def read_verdicts(connection: Connection, query: Select[Any]) -> list[Verdict]:
    """Records of what a query of verdicts finds."""
    return [Verdict(**row._mapping) for row in connection.execute(query)]
