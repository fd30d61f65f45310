"""Which exports the canonical events were built from, and by which code: what lets the next build read only the rest.

Belongs here: the two tables behind the macro `changed_exports`. Does not belong here: what a model does with them
(`dbt_project/macros/project/increments.sql`). The notes are taken back before a build from scratch begins and written
when a build is complete, so that a run that dies in between leaves more to read and never less.
"""

from __future__ import annotations

from datetime import datetime

import duckdb

from orchestration.exports import sql

KEPT = "int_email_event_readings"
_KEPT_TABLE = f"intermediate.{KEPT}"


def must_start_over(connection: duckdb.DuckDBPyConnection, project: str, now: datetime) -> bool:
    """Whether what stands was made by other code, or for a later "now" than this one."""
    row = connection.execute("select project, as_of from pipeline.built_by").fetchone()
    return row is None or row[0] != project or row[1] > now


def start_over(connection: duckdb.DuckDBPyConnection) -> None:
    """Take the notes back before everything is read again."""
    with sql.transaction(connection):
        _forget(connection)


def complete(connection: duckdb.DuckDBPyConnection, project: str, now: datetime) -> None:
    """Note what a build has read. The exports that stand are those it read, since a run holds the warehouse."""
    with sql.transaction(connection):
        _forget(connection)
        connection.execute("insert into pipeline.built_by values (?, ?)", [project, now])
        connection.execute(f"""
            insert into pipeline.read_exports
            select
                export_id,
                run_id,
                export_id in (select export_id from {_KEPT_TABLE} where time_basis = 'implausible') as has_time_ahead
            from pipeline.exports
            where status in ('published', 'released')
        """)


def _forget(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute("delete from pipeline.built_by")
    connection.execute("delete from pipeline.read_exports")
