"""Warehouses as earlier versions of the pipeline left them."""

from __future__ import annotations

import duckdb

from orchestration.exports import ledger


def at_version(connection: duckdb.DuckDBPyConnection, version: int) -> None:
    """Make the schema of a version in an empty database; migration n has the ledger's id `id <n - 1>`."""
    connection.execute("create schema pipeline; create table pipeline.migrations (version integer, ledger_id varchar)")
    for number in range(version):
        connection.execute(ledger.MIGRATIONS[number])
        connection.execute("insert into pipeline.migrations values (?, ?)", [number + 1, f"id {number}"])
