"""What DuckDB may touch beside its own database: the files that a step needs, and nothing else.

Belongs here: opening databases and shutting them in. Does not belong here: which files a step needs. Once shut in, a
database reads and writes no other file, whatever a statement says; it loads no extension, attaches nothing, and cannot
be let out again. DuckDB follows links before it judges, so a link within leads to nothing outside.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import duckdb

# Nothing is fetched or loaded because a statement happens to name it.
NO_EXTENSIONS = {"autoinstall_known_extensions": False, "autoload_known_extensions": False}
_JOURNALS = (".wal", ".wal.checkpoint", ".wal.recovery")


@contextmanager
def opened(
    database: Path | str = ":memory:",
    *,
    read_only: bool = False,
    config: Mapping[str, Any] | None = None,
    folders: Iterable[Path] = (),
    files: Iterable[Path] = (),
) -> Iterator[duckdb.DuckDBPyConnection]:
    """A database in UTC that is shut in and closed at the end; nothing can change how it is set up.

    `config` is DuckDB's (memory, threads). Raises duckdb.Error where the database cannot be opened.
    """
    settings = {**NO_EXTENSIONS, **(config or {})}
    with closing(duckdb.connect(str(database), read_only=read_only, config=settings)) as connection:
        connection.execute("set global TimeZone = 'UTC'")
        yield lock(confine(connection, folders, files))


def confine(
    connection: duckdb.DuckDBPyConnection, folders: Iterable[Path] = (), files: Iterable[Path] = ()
) -> duckdb.DuckDBPyConnection:
    """Shut the database of a connection in, unless it is; all its connections are. Returns the connection."""
    (is_open,) = connection.execute("select current_setting('enable_external_access')").fetchone()
    if is_open:
        connection.execute(f"set allowed_directories = {_list(folders)}")
        connection.execute(f"set allowed_paths = {_list(files)}")
        connection.execute("set enable_external_access = false")
    return connection


def lock(connection: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
    """Let no statement change a setting of the database from now on. Returns the connection."""
    connection.execute("set lock_configuration = true")
    return connection


def files_of(database: Path) -> list[Path]:
    """A database's file and the journals that DuckDB writes beside it."""
    return [database, *(database.with_name(database.name + journal) for journal in _JOURNALS)]


def _list(paths: Iterable[Path]) -> str:
    forms = {form for path in paths for text in (str(path), str(path.resolve())) for form in (text, _as_pattern(text))}
    texts = (form.replace("'", "''") for form in sorted(forms))
    return "[" + ", ".join(f"'{text}'" for text in texts) + "]::varchar[]"


def _as_pattern(path: str) -> str:
    """A path as it is written where DuckDB would take `*`, `?` and `[` for a pattern: it is held against that."""
    return re.sub(r"[*?\[]", lambda found: f"[{found.group()}]", path)
