"""The warehouse as a Dagster resource: one run at a time, always closed, never beyond its memory.

Belongs here: how the database file is opened, and whose turn it is. Does not belong here: what is read from or written
to it.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import dagster as dg
import duckdb
from dagster_duckdb import DuckDBResource
from filelock import BaseFileLock, FileLock, Timeout

from orchestration import progress, publication
from orchestration.confinement import NO_EXTENSIONS, confine, files_of
from orchestration.disk import private
from orchestration.instance import free_places, started_by
from orchestration.settings import Settings

# While a run waits, so often it looks whether another one has come before it.
_SECONDS_BETWEEN_LOOKS = 30


class Warehouse(DuckDBResource):
    """The pipeline's DuckDB file behind a lock that processes share.

    dagster-duckdb's own context leaves the file open when its body raises, and DuckDB lets no second process in while
    one writes: this one closes always. A run takes the lock when it begins and keeps it to its end, whoever started it
    in which process, so runs never mix; the lock of a process that is killed is free at once. It is re-entrant within a
    process.
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
                **NO_EXTENSIONS,
            },
        )

    @contextmanager
    def yield_for_execution(self, context: dg.InitResourceContext) -> Iterator[Warehouse]:
        """The warehouse for a whole run: waits, and says for whom, while another run has it."""
        lock, holder = self._lock(), Path(self.database).with_suffix(".holder")
        _wait_for(lock, holder, context)
        try:
            holder.write_text(f"run {context.run_id} ({started_by(context.run)}, process {os.getpid()})")
            _tidy(Path(self.database).parent / "work")
            if context.instance:
                free_places(context.instance)  # nobody else is at work: what other runs hold, they left behind
            yield self
        finally:
            holder.unlink(missing_ok=True)
            lock.release()

    @contextmanager
    def exclusive(self) -> Iterator[None]:
        """Hold the warehouse for this process without opening it: for dbt and Great Expectations, which open it."""
        with self._lock(), private():
            yield

    @contextmanager
    def get_connection(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A connection to the warehouse in UTC, closed and let go of at the end, whatever happens."""
        with self.exclusive(), closing(duckdb.connect(self.database, config=self.connection_config)) as connection:
            os.chmod(self.database, 0o600)  # also one that an earlier version made
            home = Path(self.database).parent
            draft = publication.draft_of(home / "marts.duckdb")
            confine(connection, [home / "work"], [*files_of(Path(self.database)), *files_of(draft)])
            connection.execute("set TimeZone = 'UTC'")
            connection.execute("set preserve_insertion_order = false")
            yield connection

    def _lock(self) -> BaseFileLock:
        path = Path(self.database)
        path.parent.mkdir(parents=True, exist_ok=True)
        # A singleton, so that every use in this process shares one re-entrant lock.
        return FileLock(path.with_suffix(".lock"), is_singleton=True)


def _tidy(work: Path) -> None:
    """Make the folder of what is in between its owner's alone, and remove what a killed run spilled there."""
    work.mkdir(mode=0o700, exist_ok=True)
    os.chmod(work, 0o700)
    shutil.rmtree(work / "spill", ignore_errors=True)


def _wait_for(lock: BaseFileLock, holder: Path, context: dg.InitResourceContext) -> None:
    """Acquire a lock; while somebody else has it, tell the run's log and the console who."""
    told, seconds = None, 0
    while True:
        with suppress(Timeout):
            lock.acquire(timeout=seconds)
            return
        text = holder.read_text() if holder.exists() else "another process"
        if text != told:
            progress.to(context.log)(f"Waiting for {text}: only one run writes to the warehouse at a time")
        told, seconds = text, _SECONDS_BETWEEN_LOOKS
