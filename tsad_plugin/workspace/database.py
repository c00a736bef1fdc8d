"""The database of records: SQLite, of which a crash leaves each transaction whole or not there."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, QueuePool, create_engine, event
from sqlalchemy.exc import DatabaseError, IntegrityError, OperationalError

from tsad_plugin.files import replacing

from .records import Busy, Damaged, NotInWorkspace
from .tables import METADATA

APPLICATION = int.from_bytes(b"tsad")  # in the head of the file: a database of ours
CURE = "restore the whole folder from a copy"
PATIENCE = 30.0  # seconds to wait for another writer


def _create(connection: Connection) -> None:
    METADATA.create_all(connection)


# Number i brings a database from version i to i + 1. Once tables change, what they were at an older
# version stands in its upgrade; `METADATA` is what they are now.
UPGRADES: tuple[Callable[[Connection], Any], ...] = (_create,)


class Database:
    """A database file, made if it is empty, brought to the newest version if it is older.

    Raises
    ------
    ValueError
        If the file is damaged, of something else, or of a newer version; it stays as it was.
    """

    def __init__(self, path: Path, patience: float = PATIENCE) -> None:
        self.path = path
        self._patience = patience
        self._file = _identity(path)
        # It is told how to connect: as an address, a path would have to be quoted.
        self._engine = create_engine("sqlite://", creator=self._connect, poolclass=QueuePool)
        self._writer = self._engine.execution_options(begin="BEGIN IMMEDIATE")
        event.listen(self._engine, "begin", _begin)
        try:
            self._prepare()
        except BaseException:
            self.close()
            raise

    def _connect(self) -> sqlite3.Connection:
        # mode=rw: a file that is gone is not made anew, without a word. No isolation level: sqlite3
        # begins no transactions of its own, which would let two readers become writers at once.
        connection = sqlite3.connect(
            f"{self.path.as_uri()}?mode=rw",
            uri=True,
            timeout=self._patience,
            isolation_level=None,
            check_same_thread=False,
        )
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA synchronous = FULL")
        return connection

    def close(self) -> None:
        """Close all connections that are not in use."""
        self._engine.dispose()

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection that sees the database as it is now, until the end."""
        self._check_file()
        with self._explained(), self._engine.begin() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A connection that is alone in writing; what it wrote counts at the end, or not at all."""
        with self._explained(), self._writer.begin() as connection:
            self._check_file()  # now that nobody else writes
            yield connection

    def _check_file(self) -> None:
        """Raise Damaged where the file is another: SQLite would go on in the one that is gone."""
        if _identity(self.path) != self._file:
            raise Damaged(
                f"{str(self.path)!r} was removed or replaced while it was open: put it back, and "
                "open the workspace again (start the dashboard anew)"
            )

    @contextmanager
    def _explained(self) -> Iterator[None]:
        where = repr(str(self.path))
        try:
            yield
        except IntegrityError as error:
            raise NotInWorkspace(
                f"a record that was passed is not in {where} ({error.orig}): pass one of its own"
            ) from error
        except OperationalError as error:
            raise Busy(
                f"{where} cannot be used now ({error.orig}): see that it may be read and written, "
                "that its disk has room, and that no other program holds it"
            ) from error
        except DatabaseError as error:
            if type(error.orig) is not sqlite3.DatabaseError:  # a mistake of ours, not the file's
                raise
            raise Damaged(
                f"{where} is damaged ({error.orig}): restore the whole folder from a copy"
            ) from error

    def _prepare(self) -> None:
        with self.reading() as connection:
            version = self._version(connection)
            found = pragma(connection, "quick_check(1)")
        if found != "ok":
            raise Damaged(
                f"{str(self.path)!r} is damaged ({found}): restore the whole folder from a copy"
            )
        if version < len(UPGRADES):
            self._upgrade()
        self._use_wal()

    def _version(self, connection: Connection) -> int:
        """Version of the tables, 0 where there are none yet."""
        is_empty = connection.exec_driver_sql("SELECT count(*) FROM sqlite_master").scalar() == 0
        if not is_empty and pragma(connection, "application_id") != APPLICATION:
            raise ValueError(f"{str(self.path)!r} is the database of something else")
        version = int(pragma(connection, "user_version"))
        if version > len(UPGRADES):
            raise ValueError(
                f"{str(self.path)!r} has version {version}, this tsad_plugin reads up to "
                f"{len(UPGRADES)}: upgrade tsad_plugin"
            )
        return version

    def _upgrade(self) -> None:
        """Bring it to the newest version, all in one transaction; an older one is copied first."""
        with self.writing() as connection:
            version = self._version(connection)  # another process may have been quicker
            if 0 < version < len(UPGRADES):
                self._back_up(version)
            for upgrade in UPGRADES[version:]:
                upgrade(connection)
            connection.exec_driver_sql(f"PRAGMA application_id = {APPLICATION}")
            connection.exec_driver_sql(f"PRAGMA user_version = {len(UPGRADES)}")

    def _back_up(self, version: int) -> None:
        copy = self.path.with_name(f"{self.path.name}.{version}.backup")
        with (
            replacing(copy) as part,
            closing(self._connect()) as source,
            closing(sqlite3.connect(part)) as target,
        ):
            source.backup(target)

    def _use_wal(self) -> None:
        """Let readers and a writer not wait for each other; the file remembers it.

        SQLite does not wait for another process that does the same just now, so this does. Where a
        disk cannot, the database works without.
        """
        for _ in range(100):
            with suppress(sqlite3.OperationalError), closing(self._connect()) as connection:
                connection.execute("PRAGMA journal_mode = WAL")
                return
            time.sleep(0.05)


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql(connection.get_execution_options().get("begin", "BEGIN"))


def pragma(connection: Connection, name: str) -> Any:
    """What SQLite says of its database."""
    return connection.exec_driver_sql(f"PRAGMA {name}").scalar()


def _identity(path: Path) -> tuple[int, int] | None:
    """Which file this is; None where there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino
