"""Publishing: a complete copy of the marts, swapped in at once.

Belongs here: copying, describing and replacing `marts.duckdb`. Does not belong here: deciding whether to
(`assets/published.py`). A DuckDB writer locks out even readers, so BI never opens the warehouse; it reads this copy.
A reader that holds the old file keeps it whole, since replacing a file leaves the open one as it was. The file and its
schema share the name `marts`, so a client says `use marts.marts` first, or qualifies a table as `marts.marts.<table>`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb

from orchestration.disk import share, sync
from orchestration.exports import sql

SCHEMA = "marts"


@dataclass(frozen=True)
class Described:
    """A mart with what it says of itself: `columns` maps a column to its description."""

    name: str
    description: str
    columns: Mapping[str, str]


def publish(connection: duckdb.DuckDBPyConnection, marts: Sequence[Described], target: Path) -> dict[str, int]:
    """Copy the marts of an open warehouse to `target`, replacing it atomically. Returns rows by mart.

    The copy is written beside the target and synced to disk first: a crash at any moment leaves the old file or the new
    one. Left-overs of a crash are removed by the next publication.
    """
    for left_over in target.parent.glob(f"{target.name}.*.tmp*"):
        left_over.unlink(missing_ok=True)
    draft = draft_of(target)
    with _attached(connection, draft):
        rows = {mart.name: _copy(connection, mart) for mart in marts}
    share(draft)  # BI may be somebody else
    sync(draft)
    os.replace(draft, target)
    sync(target.parent)
    return rows


def draft_of(target: Path) -> Path:
    """Where this process writes a copy before it takes the place of `target`."""
    return target.with_name(f"{target.name}.{os.getpid()}.tmp")


@contextmanager
def _attached(connection: duckdb.DuckDBPyConnection, path: Path) -> Iterator[None]:
    connection.execute(f"attach {sql.text(str(path))} as published")
    try:
        connection.execute(f"create schema published.{SCHEMA}")
        yield
    finally:
        connection.execute("detach published")  # checkpoints: the file is complete and has no journal beside it


def _copy(connection: duckdb.DuckDBPyConnection, mart: Described) -> int:
    table = f"published.{SCHEMA}.{sql.name(mart.name)}"
    connection.execute(f"create table {table} as from {SCHEMA}.{sql.name(mart.name)}")
    connection.execute(f"comment on table {table} is {sql.text(mart.description)}")
    for column, description in mart.columns.items():
        connection.execute(f"comment on column {table}.{sql.name(column)} is {sql.text(description)}")
    return connection.execute(f"select count(*) from {table}").fetchone()[0]
