"""What the loader has dealt with, so that nobody needs to open the warehouse or read a file again to know.

Belongs here: a small SQLite file beside the warehouse, with the state of every file dealt with and the exports of the
ledger. Does not belong here: the truth. That is the ledger; this is a copy of it, thrown away and made again whenever
it does not fit, and an export that it forgot is recognised by the ledger at the latest.
"""

from __future__ import annotations

import hashlib
import os
import sqlite3
from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

import duckdb

from orchestration.exports import ledger
from orchestration.settings import Settings

if TYPE_CHECKING:
    from orchestration.exports.landing import LandingFile

# Raised with every change of the tables: an index of another version is made anew.
_VERSION = 3
_SCHEMA = """
    create table if not exists ledger (ledger_id text);
    create table if not exists exports (export_id text primary key, status text, reader_version integer) without rowid;
    create table if not exists files (
        name_key blob primary key, size integer, mtime_ns integer, mark text, problem text, held_by_version integer
    ) without rowid;
"""
_BATCH = 10_000


class KnownExport(NamedTuple):
    """What the ledger says of an export."""

    export_id: str
    status: str
    reader_version: int

    def may_be_tried_again(self, reader_version: int) -> bool:
        """A held export is, when its reader has changed."""
        return self.status == "quarantined" and self.reader_version != reader_version


class LandingIndex:
    """The index of a home, as a context. Read-only it is empty, and stays so, where there is none yet."""

    def __init__(self, settings: Settings, *, read_only: bool = False) -> None:
        self._warehouse = settings.warehouse_path
        self._path = settings.home / "landing_index.sqlite"
        self._read_only = read_only
        self._salt = settings.salt.encode()[: hashlib.blake2b.MAX_KEY_SIZE]
        self._database: sqlite3.Connection | None = None

    def __enter__(self) -> LandingIndex:
        if not self._read_only:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._database = self._opened()
        elif self._path.exists() and self._warehouse.exists():
            database = sqlite3.connect(f"{self._path.resolve().as_uri()}?mode=ro", uri=True, timeout=30)
            if _version(database) == _VERSION:
                self._database = database
            else:
                database.close()
        return self

    def __exit__(self, *_: object) -> None:
        if self._database:
            self._database.close()

    def follow(self, warehouse: duckdb.DuckDBPyConnection) -> None:
        """Take over what the ledger knows, where it is another ledger or knows more or less than the index does."""
        ledger_id = ledger.ledger_id(warehouse)
        same_ledger = self._one("select ledger_id from ledger") == ledger_id
        counts = "select count(*), count(case when status = 'quarantined' then 1 end) from "
        known, held = self._database.execute(counts + "exports").fetchone()
        true_known, true_held = warehouse.execute(counts + "pipeline.exports").fetchone()
        if same_ledger and (known, held) == (true_known, true_held):
            return
        with self._database:
            if not same_ledger or true_known < known:  # files may have been dealt with for another ledger than this
                self._database.execute("delete from files")
            self._database.execute("delete from ledger")
            self._database.execute("insert into ledger values (?)", [ledger_id])
            self._database.execute("delete from exports")
            rows = warehouse.execute("select export_id, status, reader_version from pipeline.exports")
            while batch := rows.fetchmany(_BATCH):
                self._database.executemany("insert into exports values (?, ?, ?)", batch)

    def knows(self, file: LandingFile, reader_version: int) -> bool:
        """Whether all exports of a file, in its present state, are in the ledger and none is to be tried again."""
        if not self._database:
            return False
        found = self._database.execute(
            "select 1 from files where name_key = ? and size = ? and mtime_ns = ? and mark = ? and problem is ? "
            "and coalesce(held_by_version, ?) = ?",
            [self._key_of(file), file.size, file.mtime_ns, file.mark, file.problem, reader_version, reader_version],
        )
        return found.fetchone() is not None

    def export(self, export_id: str) -> KnownExport | None:
        """What the ledger says of an export, None where it does not know it."""
        row = self._database.execute("select * from exports where export_id = ?", [export_id]).fetchone()
        return KnownExport(*row) if row else None

    def remember(
        self,
        exports: Iterable[KnownExport],
        files: Iterable[tuple[LandingFile, Iterable[str]]],
        reader_version: int,
    ) -> None:
        """Take over exports as the ledger now has them, and files with the ids of all their exports."""
        with self._database:
            self._database.executemany("insert or replace into exports values (?, ?, ?)", exports)
            for file, export_ids in files:
                known = [self.export(export_id) for export_id in export_ids]
                is_held = any(export is None or export.status == "quarantined" for export in known)
                self._database.execute(
                    "insert or replace into files values (?, ?, ?, ?, ?, ?)",
                    [
                        self._key_of(file),
                        file.size,
                        file.mtime_ns,
                        file.mark,
                        file.problem,
                        reader_version if is_held else None,
                    ],
                )

    def _key_of(self, file: LandingFile) -> bytes:
        """What stands for a file: its name may say who somebody is, and may be gone before this is."""
        return hashlib.blake2b(os.fsencode(file.key), digest_size=16, key=self._salt).digest()

    def _opened(self) -> sqlite3.Connection:
        try:
            return self._prepared()
        except sqlite3.DatabaseError:  # damaged: it is only a copy
            self._path.unlink()
            return self._prepared()

    def _prepared(self) -> sqlite3.Connection:
        database = sqlite3.connect(self._path, timeout=30)
        os.chmod(self._path, 0o600)
        # Written after the ledger and made again from it: nothing is lost with it, so it need not wait for the disk.
        database.execute("pragma synchronous = off")
        if _version(database) != _VERSION:
            for table in ("ledger", "exports", "files"):
                database.execute(f"drop table if exists {table}")
            database.execute(f"pragma user_version = {_VERSION}")
        database.executescript(_SCHEMA)
        return database

    def _one(self, query: str):
        row = self._database.execute(query).fetchone()
        return row[0] if row else None


def _version(database: sqlite3.Connection) -> int:
    return database.execute("pragma user_version").fetchone()[0]
