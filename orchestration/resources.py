"""The warehouse as a Dagster resource: one writer at a time, always closed, never beyond its memory.

Belongs here: how the database file is opened. Does not belong here: what is read from or written to it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import duckdb
from dagster_duckdb import DuckDBResource
from filelock import FileLock

from orchestration.settings import Settings


class Warehouse(DuckDBResource):
    """The pipeline's DuckDB file behind a lock that processes share.

    dagster-duckdb's own context leaves the file open when its body raises, and DuckDB lets no second process in while
    one writes: this one closes always, and waits its turn. The lock is re-entrant within a process.
    """

    @classmethod
    def of(cls, settings: Settings) -> Warehouse:
        """The warehouse of a home, within the settings' memory and threads."""
        return cls(
            database=str(settings.warehouse_path),
            connection_config={
                "memory_limit": settings.memory_limit,
                "threads": settings.threads,
                # Lets raw records be stored compressed with zstd; readers of marts.duckdb are not concerned.
                "storage_compatibility_version": "v1.2.0",
                "temp_directory": str(settings.work / "spill"),
                "autoinstall_known_extensions": False,
                "autoload_known_extensions": False,
            },
        )

    @contextmanager
    def exclusive(self) -> Iterator[None]:
        """Hold the warehouse for this process without opening it: for dbt and Great Expectations, which open it."""
        path = Path(self.database)
        path.parent.mkdir(parents=True, exist_ok=True)
        # A singleton, so that every use in this process shares one re-entrant lock.
        with FileLock(path.with_suffix(".lock"), is_singleton=True):
            yield

    @contextmanager
    def get_connection(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A connection to the warehouse in UTC, closed and let go of at the end, whatever happens."""
        with self.exclusive(), closing(duckdb.connect(self.database, config=self.connection_config)) as connection:
            os.chmod(self.database, 0o600)  # it holds addresses: its owner's alone
            connection.execute("set TimeZone = 'UTC'")
            connection.execute("set preserve_insertion_order = false")
            yield connection
