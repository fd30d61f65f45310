"""The ledger's schema, and decisions of a person about one export."""

from __future__ import annotations

import hashlib

import duckdb
import pytest

from orchestration.exports import ledger
from orchestration.sources import SOURCES
from tests.old_homes import at_version

_RELEASED = ["249806d00d91", "b9cecf53750c", "bba796d6dc36", "f26afc74f18b", "71b5c581b5b1"]


def columns_of(connection: duckdb.DuckDBPyConnection, table: str) -> dict[str, str]:
    return {name: kind for name, kind, *_ in connection.execute(f"describe {table}").fetchall()}


def test_every_source_has_its_table_before_its_first_export():
    with duckdb.connect() as connection:
        ledger.create_schema(connection)
        for source in SOURCES:
            assert columns_of(connection, f"raw.{source}") == {
                "export_id": "VARCHAR",
                "position": "BIGINT",
                "record": "VARCHAR",
            }


def test_creating_the_schema_again_changes_nothing(tmp_path):
    path = str(tmp_path / "w.duckdb")
    with duckdb.connect(path) as connection:
        ledger.create_schema(connection)
        identity = ledger.ledger_id(connection)
    with duckdb.connect(path) as connection:
        ledger.create_schema(connection, [*SOURCES, "another"])
        assert ledger.ledger_id(connection) == identity
        assert connection.execute("select version from pipeline.migrations").fetchall() == [
            (version,) for version in range(1, len(ledger.MIGRATIONS) + 1)
        ]
        assert columns_of(connection, "raw.another")


def schema_of(connection: duckdb.DuckDBPyConnection) -> list[tuple]:
    return connection.execute(
        "select schema_name, table_name, column_name, data_type from duckdb_columns() where not internal order by all"
    ).fetchall()


# A value of each type that a kept table has.
_VALUES = {
    "VARCHAR": "'kept'", "BIGINT": "7", "INTEGER": "7", "BOOLEAN": "true", "DOUBLE": "0.5",
    "TIMESTAMP": "timestamp '2026-09-01 08:00:00'", "DECIMAL(18,4)": "12.34",
}  # fmt: skip


def fill(connection: duckdb.DuckDBPyConnection) -> dict[str, list[str]]:
    """Put a row into every table but the list of migrations; returns the tables with their columns."""
    tables: dict[str, list[str]] = {}
    values: dict[str, list[str]] = {}
    for schema, table, column, kind in schema_of(connection):
        if table != "migrations":
            tables.setdefault(f"{schema}.{table}", []).append(column)
            values.setdefault(f"{schema}.{table}", []).append(_VALUES[kind])
    for table, columns in tables.items():
        connection.execute(f"insert into {table} ({', '.join(columns)}) values ({', '.join(values[table])})")
    return tables


def rows(connection: duckdb.DuckDBPyConnection, tables: dict[str, list[str]]) -> dict[str, list[tuple]]:
    return {
        table: connection.execute(f"select {', '.join(columns)} from {table}").fetchall()
        for table, columns in tables.items()
    }


@pytest.mark.parametrize("version", range(1, len(ledger.MIGRATIONS)))
def test_a_home_of_any_earlier_version_is_brought_up_to_date_and_loses_nothing(tmp_path, version):
    with duckdb.connect() as fresh:
        ledger.create_schema(fresh)
        wanted = schema_of(fresh)
    with duckdb.connect(str(tmp_path / "w.duckdb")) as connection:
        at_version(connection, version)
        connection.execute("create table raw.sendgrid (export_id varchar, position bigint, record varchar)")
        tables = fill(connection)
        before = rows(connection, tables)
        assert {"raw.sendgrid", "restricted.subscriber_identities", "pipeline.exports"} <= before.keys()

        ledger.create_schema(connection)
        assert schema_of(connection) == wanted
        assert rows(connection, tables) == before
        assert ledger.ledger_id(connection) == "id 0"


def test_a_released_migration_keeps_its_statements():
    """Homes out there have carried them out: what is to be otherwise is a migration of its own."""
    digests = [
        hashlib.sha256(" ".join(statements.split()).encode()).hexdigest()[:12] for statements in ledger.MIGRATIONS
    ]
    assert digests[: len(_RELEASED)] == _RELEASED


def test_a_home_of_a_later_version_is_left_alone():
    with duckdb.connect() as connection:
        ledger.create_schema(connection)
        connection.execute("insert into pipeline.migrations values (999, 'x')")
        with pytest.raises(ledger.LedgerError, match="later version"):
            ledger.create_schema(connection)


@pytest.mark.parametrize(("version", "packing"), [("v1.0.0", set()), ("v1.2.0", {"ZSTD"})])
def test_texts_of_raw_are_packed_where_the_file_can_hold_it(tmp_path, version: str, packing: set):
    config = {"storage_compatibility_version": version}
    with duckdb.connect(str(tmp_path / "w.duckdb"), config=config) as connection:
        ledger.create_schema(connection)
        connection.execute(
            "insert into raw.sendgrid select 'x', i, repeat(md5(i::varchar), 20) from range(130_000) t(i)"
        )
        connection.execute("checkpoint")
        found = connection.execute(
            "select distinct compression from pragma_storage_info('raw.sendgrid') "
            "where column_name = 'record' and segment_type = 'VARCHAR'"
        ).fetchall()
        assert {name for (name,) in found if name == "ZSTD"} == packing


def add(connection: duckdb.DuckDBPyConnection, export_id: str, status: str) -> None:
    connection.execute(
        "insert into pipeline.exports (export_id, source, file_name, status) values (?, 'sendgrid', 'a.json', ?)",
        [export_id, status],
    )


@pytest.fixture
def warehouse():
    with duckdb.connect() as connection:
        ledger.create_schema(connection)
        for export_id, status in (("aa11", "published"), ("aa22", "quarantined"), ("bb33", "released")):
            add(connection, export_id, status)
        yield connection


def status_of(connection: duckdb.DuckDBPyConnection, export_id: str) -> tuple:
    found = connection.execute("select status, reason from pipeline.exports where export_id = ?", [export_id])
    return found.fetchone()


def test_an_unambiguous_beginning_names_an_export(warehouse):
    assert ledger.find(warehouse, "BB").export_id == "bb33"
    for prefix, complaint in (("aa", "More than one"), ("cc", "No export"), ("  ", "Which export")):
        with pytest.raises(ledger.LedgerError, match=complaint):
            ledger.find(warehouse, prefix)


def test_only_what_is_read_can_be_withdrawn_and_only_what_is_held_refused(warehouse):
    assert ledger.withdraw(warehouse, "aa11", "wrong") == "aa11"
    assert status_of(warehouse, "aa11") == ("withdrawn", "wrong")
    assert ledger.withdraw(warehouse, "bb", "wrong") == "bb33"
    assert ledger.refuse(warehouse, "aa22", "no") == "aa22"
    for decide, export_id in ((ledger.withdraw, "aa11"), (ledger.withdraw, "aa22"), (ledger.refuse, "bb33")):
        with pytest.raises(ledger.LedgerError, match="only one that is"):
            decide(warehouse, export_id, "again")


def test_a_withdrawn_export_is_restored_and_awaits_publication(warehouse):
    ledger.withdraw(warehouse, "aa11", "wrong")
    assert ledger.exports_since_publication(warehouse) == []
    ledger.restore(warehouse, "aa11", "right after all")
    assert status_of(warehouse, "aa11") == ("released", "right after all")
    assert ledger.exports_since_publication(warehouse) == [("aa11", "a.json")]
