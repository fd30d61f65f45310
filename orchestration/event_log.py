"""Dagster's event log on SQLite, with its connections kept open.

Belongs here: how events reach the disk. Does not belong here: which events there are. Dagster opens a connection,
closes it and waits for the disk several times an event; a run that materialises 140 assets and evaluates 800 checks
spends more time on that than on its data. Here a database stays open while it is in use and the disk may write behind:
what a killed process told is kept, what the power takes along is the tail of a log.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

from dagster._core.events.log import EventLogEntry
from dagster._core.storage.event_log.sqlite import SqliteEventLogStorage
from dagster._core.storage.event_log.sqlite.sqlite_event_log import INDEX_SHARD_NAME as INDEX
from dagster._core.storage.sqlite import SQLITE_BUSY_TIMEOUT_SECONDS
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.pool import StaticPool

# There is a database for every run: only those at work are kept.
_MOST_OPEN = 4


class KeptSqliteEventLogStorage(SqliteEventLogStorage):
    """Dagster's own storage, file for file: a home can go back to it at any time."""

    def __init__(self, base_dir: str, inst_data: Any = None):
        self._engines: OrderedDict[str, Engine] = OrderedDict()
        self._tables: set[str] = set()
        self._batch: dict[str, Connection] | None = None
        super().__init__(base_dir, inst_data)
        # A batch holds it throughout, so that no other thread's transaction comes between its events.
        self._db_lock = threading.RLock()

    @classmethod
    def from_config_value(cls, inst_data, config_value) -> KeptSqliteEventLogStorage:
        """As Dagster makes it from `dagster.yaml`."""
        return cls(inst_data=inst_data, **config_value)

    def store_event_batch(self, events: Sequence[EventLogEntry]) -> None:
        """Store events in one transaction per database."""
        with self._db_lock:
            with ExitStack() as transactions:
                self._batch = {}
                transactions.callback(setattr, self, "_batch", None)
                for shard in {INDEX, *(entry.run_id for entry in events)}:
                    self._batch[shard] = transactions.enter_context(self._engine(shard).begin())
                for entry in events:
                    self.store_event(entry)
            self._close_all_but(_MOST_OPEN)

    def has_table(self, table_name: str) -> bool:
        """Whether the index has a table: asked for every check, and a table does not go."""
        if table_name not in self._tables and super().has_table(table_name):
            self._tables.add(table_name)
        return table_name in self._tables

    def dispose(self) -> None:
        """Close every database."""
        super().dispose()
        with self._db_lock:
            self._close_all_but(0)

    @contextmanager
    def _connect(self, shard: str) -> Iterator[Connection]:
        with self._db_lock:
            if self._batch is not None and shard in self._batch:
                yield self._batch[shard]
            else:
                with self._engine(shard).begin() as connection:
                    yield connection

    def _engine(self, shard: str) -> Engine:
        if shard not in self._engines:
            engine = create_engine(
                self.conn_string_for_shard(shard),
                poolclass=StaticPool,
                connect_args={"timeout": SQLITE_BUSY_TIMEOUT_SECONDS, "check_same_thread": False},
            )
            event.listen(engine, "connect", _write_behind)
            if shard not in self._initialized_dbs:
                self._initdb(engine)
                self._initialized_dbs.add(shard)
            if self._batch is None:
                self._close_all_but(_MOST_OPEN - 1)
            self._engines[shard] = engine
        self._engines.move_to_end(shard)
        return self._engines[shard]

    def _close_all_but(self, newest: int) -> None:
        while len(self._engines) > newest:
            self._engines.popitem(last=False)[1].dispose()


def _write_behind(connection, _record) -> None:
    """With its write-ahead log the file stays sound though the disk is not waited for."""
    connection.execute("pragma synchronous = normal")
