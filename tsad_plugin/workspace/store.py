"""Folders and the rows that name them, which are added together."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from numbers import Integral
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection, Table, select

from .database import Database
from .folders import filling, keep_one, new_place, own_folders, parts_in, remove_leftovers
from .records import Damaged, DataSet, Model, NotInWorkspace, Scoring
from .tables import DATA_SET, MODEL, SCORING

DATABASE = "workspace.db"
# Where the folders of a table's rows lie, and what its rows are told as.
FOLDERS = {DATA_SET: "data_sets", MODEL: "models", SCORING: "scorings"}
HOMES: dict[type[Any], Table] = {DataSet: DATA_SET, Model: MODEL, Scoring: SCORING}
LARGEST = 2**63 - 1  # number that a row can have

Record = TypeVar("Record", DataSet, Model, Scoring)
Then = Callable[[Connection, int], None]


class Store:
    """Folders and their rows in the workspace at a path, which is there already."""

    def __init__(self, path: Path, patience: float) -> None:
        self.path = path
        self.database = Database(path / DATABASE, patience)

    def remove_leftovers(self) -> None:
        """Remove what crashes left, and what no row names; not what others write just now."""
        for table, name in FOLDERS.items():
            # Looked for before the rows are: one that gets its row in between is not old.
            if found := own_folders(self.path / name):
                with self.database.reading() as connection:
                    known = connection.scalars(select(table.c.folder)).all()
                remove_leftovers(found, set(known))
        remove_leftovers(parts_in(self.path / FOLDERS[DATA_SET]), ())

    def all(self, kind: type[Record]) -> list[Record]:
        """All records of a kind, the newest first."""
        table = HOMES[kind]
        with self.database.reading() as connection:
            rows = connection.execute(select(table).order_by(table.c.id.desc()))
            return [kind(**row._mapping) for row in rows]

    def one(self, kind: type[Record], number: int) -> Record:
        """The record of that number; raises NotInWorkspace."""
        found = None
        if isinstance(number, Integral) and 0 < number <= LARGEST:
            found = self.find(kind, HOMES[kind].c.id == int(number))
        if found is None:
            what = HOMES[kind].name.replace("_", " ")
            raise NotInWorkspace(f"no {what} {number!r} in the workspace {str(self.path)!r}")
        return found

    def find(self, kind: type[Record], condition: Any) -> Record | None:
        """The one record of which that holds."""
        with self.database.reading() as connection:
            row = connection.execute(select(HOMES[kind]).where(condition)).one_or_none()
        return None if row is None else kind(**row._mapping)

    def folder(self, record: DataSet | Model | Scoring) -> Path:
        """The folder of a record; raises Damaged where it has none."""
        if record.folder is None:
            raise Damaged(
                f"model {record.id} is foreign: its scores are in the workspace, it is not"
            )
        return self.path / FOLDERS[HOMES[type(record)]] / record.folder

    def add(
        self,
        table: Table,
        row: dict[str, Any],
        write: Callable[[Path], str | None],
        then: Then | None = None,
    ) -> int:
        """Add a folder, and then its row, in whose transaction `then` adds others.

        `write` fills the folder and may return a digest: where a row has it already, that row stays
        the only one. Returns the row's number.
        """
        place = new_place(self.path / FOLDERS[table])
        with filling(place) as part:
            found = write(part)
        digest = {} if found is None else {"digest": found}
        number = self.add_row(table, {**row, **digest, "folder": place.name}, then)
        with self.database.reading() as connection:
            named = connection.execute(select(table.c.folder).where(table.c.id == number)).scalar()
        if named != place.name:
            keep_one(place, place.with_name(str(named)))
        return number

    def add_row(self, table: Table, row: dict[str, Any], then: Then | None = None) -> int:
        """Add a row, unless there is one with its digest; returns its number."""
        with self.database.writing() as connection:
            if "digest" in row:
                same = select(table.c.id).where(table.c.digest == row["digest"])
                if (known := connection.execute(same).scalar()) is not None:
                    return int(known)
            created = {"created": datetime.now(UTC)}
            added = table.insert().values({**row, **created}).returning(table.c.id)
            number = int(connection.execute(added).scalar_one())
            if then is not None:
                then(connection, number)
            return number


def check_folder(folder: Path, create: bool) -> None:
    """Raise a ValueError where there is no workspace and none can, or shall, be made."""
    if holder := next((p for p in (folder, *folder.parents) if p.is_file()), None):
        raise ValueError(f"{str(holder)!r} is a file: pass a folder for the workspace")
    names = {path.name for path in folder.glob("*")}
    if DATABASE in names:
        _check_database(folder)
        return
    if names:
        raise ValueError(
            f"{str(folder)!r} holds other things and no {DATABASE}: pass the folder of a workspace"
            + (", or a new or an empty one" if create else "")
        )
    if not create:
        raise ValueError(
            f"no workspace at {str(folder)!r}: make one with tsad fit FILE --workspace DIR, or "
            "Workspace(path, create=True)"
        )


def _check_database(folder: Path) -> None:
    """Raise where the database is empty and the folder is not: it was not always so."""
    held = (own_folders(folder / name) for name in FOLDERS.values())
    if (folder / DATABASE).stat().st_size == 0 and any(held):
        raise Damaged(
            f"{str(folder / DATABASE)!r} is empty, and the folder is not: restore the whole folder "
            "from a copy"
        )


def make_folder(folder: Path) -> None:
    """Make what a new workspace begins with, unless it is there."""
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / DATABASE).exists():
        (folder / DATABASE).touch()  # an empty file is an empty database
