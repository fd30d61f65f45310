"""What DuckDB asks of whoever writes SQL for it: quoting where it takes no parameters, and transactions.

Belongs here: these two. Does not belong here: queries.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import duckdb


@contextmanager
def transaction(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """All of it or nothing; what went wrong is raised as it was."""
    connection.begin()
    try:
        yield
        connection.commit()
    except BaseException:
        with suppress(duckdb.TransactionException):  # a failed commit has ended it already
            connection.rollback()
        raise


def text(value: str) -> str:
    """A text as an SQL literal."""
    return "'" + value.replace("'", "''") + "'"


def name(value: str) -> str:
    """The name of a column or table as SQL quotes it."""
    return '"' + value.replace('"', '""') + '"'


def file_to_read(path: Path) -> str:
    """A path as an SQL literal for a reader, which would take `*`, `?` and `[` for a pattern."""
    return text(re.sub(r"([*?\[])", r"[\1]", str(path)))


def file_to_write(path: Path) -> str:
    """A path as an SQL literal for `copy … to`, which takes it as it is."""
    return text(str(path))
