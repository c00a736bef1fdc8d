"""Rows of runs: a run is the same in every data set where its name and its values are the same."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, Select, bindparam, func, select
from sqlalchemy.dialects.sqlite import insert

from tsad_plugin.forms import shorten

from .data_sets import Content
from .records import DataSet, NotInWorkspace
from .tables import DATA_SET_RUN, RUN


def insert_runs(connection: Connection, data_set_id: int, content: Content) -> None:
    """Add the runs of a new data set, as far as they are new, and where they stand in it."""
    rows = [
        {"of": data_set_id, "at": position, "name": name, "digest": digest}
        for position, (name, digest) in enumerate(zip(content.names, content.digests, strict=True))
    ]
    new = [{"name": row["name"], "digest": row["digest"]} for row in rows]
    connection.execute(insert(RUN).on_conflict_do_nothing(), new)
    same = (RUN.c.name == bindparam("name"), RUN.c.digest == bindparam("digest"))
    placed = select(bindparam("of"), bindparam("at"), RUN.c.id).where(*same)
    columns = ["data_set_id", "position", "run_id"]
    connection.execute(DATA_SET_RUN.insert().from_select(columns, placed), rows)


def run_names(data_set: DataSet) -> Select[str]:
    """Names of the runs of a data set, in order."""
    runs = select(RUN.c.name).join(DATA_SET_RUN, DATA_SET_RUN.c.run_id == RUN.c.id)
    return runs.where(DATA_SET_RUN.c.data_set_id == data_set.id).order_by(DATA_SET_RUN.c.position)


def runs_of_the_same_names(data_set: DataSet) -> Select[int, int]:
    """Numbers of other data sets, and how many runs of this one have a namesake there."""
    here, there, namesake = DATA_SET_RUN.alias(), DATA_SET_RUN.alias(), RUN.alias()
    runs = (
        select(there.c.data_set_id, func.count())
        .select_from(here)
        .join(RUN, RUN.c.id == here.c.run_id)
        .join(namesake, namesake.c.name == RUN.c.name)
        .join(there, there.c.run_id == namesake.c.id)
    )
    others = (here.c.data_set_id == data_set.id) & (there.c.data_set_id != data_set.id)
    return runs.where(others).group_by(there.c.data_set_id)


def run_id(connection: Connection, data_set: DataSet, run: str) -> int:
    """Number of a run of that name; raises NotInWorkspace."""
    query = run_names(data_set).with_only_columns(RUN.c.id).where(RUN.c.name == run)
    found = connection.execute(query).scalar_one_or_none()
    if found is None:
        raise no_run(data_set, run, connection.scalars(run_names(data_set)).all())
    return int(found)


def no_run(data_set: DataSet, run: str, known: Sequence[str]) -> NotInWorkspace:
    """What to raise for a run that a data set does not have."""
    return NotInWorkspace(
        f"data set {data_set.name!r} has no run {run!r}; runs there: {shorten(known)}"
    )
