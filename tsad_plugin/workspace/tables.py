"""The tables of the database; the columns of most are the fields of a record."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    DateTime,
    Dialect,
    Float,
    ForeignKey,
    Integer,
    MetaData,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
)

METADATA = MetaData()


class Utc(TypeDecorator[datetime]):
    """Times in UTC: SQLite has no time zones."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Aware -> naive."""
        return None if value is None else value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Naive -> aware."""
        return None if value is None else value.replace(tzinfo=UTC)


class Names(TypeDecorator[tuple[str, ...]]):
    """A tuple of names, as JSON."""

    impl = JSON
    cache_ok = True

    def process_result_value(self, value: Any, dialect: Dialect) -> tuple[str, ...] | None:
        """List -> tuple."""
        return None if value is None else tuple(value)


def _table(name: str, *columns: Any) -> Table:
    """A table of numbered rows; a number is not used again."""
    number = Column("id", Integer, primary_key=True)
    return Table(name, METADATA, number, *columns, sqlite_autoincrement=True)


def _needed(name: str, kind: Any, *constraints: Any, **options: Any) -> Column[Any]:
    return Column(name, kind, *constraints, nullable=False, **options)


def _of(table: str, **options: Any) -> Column[Any]:
    return _needed(f"{table}_id", Integer, ForeignKey(f"{table}.id"), **options)


def _supersedes(table: str) -> Column[Any]:
    """The row before this one: unique, so that a history never forks."""
    return Column("supersedes", Integer, ForeignKey(f"{table}.id"), unique=True)


DATA_SET = _table(
    "data_set",
    _needed("name", Text),
    _needed("n_runs", Integer),
    _needed("n_timesteps_total", Integer),
    _needed("channels", Names),
    _needed("units", Names),
    Column("time_unit", Text),
    _needed("has_labels", Boolean),
    _needed("has_times", Boolean),
    _needed("digest", Text, unique=True),
    _needed("folder", Text, unique=True),
    _needed("created", Utc),
)
# A run is the same in another data set where its name and its values are the same.
RUN = _table(
    "run", _needed("name", Text), _needed("digest", Text), UniqueConstraint("name", "digest")
)
DATA_SET_RUN = Table(
    "data_set_run",
    METADATA,
    Column("data_set_id", Integer, ForeignKey("data_set.id"), primary_key=True),
    Column("position", Integer, primary_key=True),
    _of("run", index=True),
)
MODEL = _table(
    "model",
    _needed("detector", Text),
    _needed("parameters", JSON),
    Column("data_set_id", Integer, ForeignKey("data_set.id")),
    Column("folder", Text, unique=True),
    Column("digest", Text, unique=True),
    Column("n_training", Integer),
    _needed("created", Utc),
)
SCORING = _table(
    "scoring",
    _of("model"),
    _of("data_set"),
    _needed("folder", Text, unique=True),
    _needed("n_outliers", Integer),
    _needed("has_timesteps", Boolean),
    Column("threshold", Float),
    _needed("created", Utc),
)
VERDICT = _table(
    "verdict",
    _of("run", index=True),
    Column("verdict", Text),
    _needed("cause", Text),
    _needed("comment", Text),
    _needed("who", Text),
    _needed("at", Utc),
    _supersedes("verdict"),
    Column("restores", Integer, ForeignKey("verdict.id")),
)
THRESHOLD = _table(
    "threshold",
    _of("model", index=True),
    Column("value", Float),
    _needed("origin", Text),
    _needed("who", Text),
    _needed("at", Utc),
    _supersedes("threshold"),
)
REFERENCE_SET = _table(
    "reference_set",
    _of("data_set", index=True),
    _needed("runs", Names),
    _needed("who", Text),
    _needed("at", Utc),
)
