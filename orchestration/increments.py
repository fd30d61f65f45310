"""Which exports the canonical events were built from, and by which code: what lets a build read only the rest.

Belongs here: the notes behind the macros `changed_exports` and `is_touched`. Does not belong here: what a model makes
of them (`dbt_project/macros/project/increments.sql`). The notes are taken back before a build from scratch begins and
written when a build is complete, so that a run that dies in between leaves more to read and never less.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from datetime import datetime

import duckdb

from orchestration.dbt import Dbt
from orchestration.exports import sql
from orchestration.relations import Relation, declared_relations, missing

# Where every verbatim record is taken apart: what it takes up, the other incremental models take up after it.
READINGS = "int_email_event_readings"


def build(
    dbt: Dbt,
    connect: Callable[[], AbstractContextManager[duckdb.DuckDBPyConnection]],
    names: Iterable[str],
    *,
    full_refresh: bool = False,
    on_node: Callable[[str, str], None] | None = None,
) -> None:
    """Build seeds and models by name, as `Dbt.build` does, reading the exports that no build has read yet.

    Everything is read again, and seeds are made anew, with `full_refresh` and where other code, or a build for a later
    "now", made what stands. `connect` opens the warehouse, which the caller holds from before this to after it. Raises
    DbtError.
    """
    names = set(names)
    if READINGS not in names:
        dbt.build(names, on_node=on_node)
        return
    project, now = dbt.prepare(), dbt.settings.now()
    with connect() as connection:
        starts_over = full_refresh or not _can_go_on(connection, project, now)
        if starts_over:
            start_over(connection)
        declared = declared_relations(dbt.manifest).values()
        # Seeds are files of the project: where those have not changed, what was made of them stands.
        seeds = set() if starts_over else {r for r in declared if r.kind == "seed"}
        stands = {r.name for r in seeds.difference(missing(connection, seeds))}
    dbt.build(names - stands, full_refresh=starts_over, on_node=on_node)
    if all(r.name in names for r in declared if is_kept(r)):
        with connect() as connection, sql.transaction(connection):
            _note(connection, project, now)


def is_kept(relation: Relation) -> bool:
    """Whether a relation keeps what earlier builds made of it."""
    return relation.kind == "incremental"


def start_over(connection: duckdb.DuckDBPyConnection) -> None:
    """Take the notes back: the next build reads everything. Within the caller's transaction, if there is one."""
    for table in ("built_by", "read_exports", "touched_events"):
        connection.execute(f"delete from pipeline.{table}")


def _can_go_on(connection: duckdb.DuckDBPyConnection, project: str, now: datetime) -> bool:
    built_by = connection.execute("select project, as_of from pipeline.built_by").fetchone()
    return built_by is not None and built_by[0] == project and built_by[1] <= now


def _note(connection: duckdb.DuckDBPyConnection, project: str, now: datetime) -> None:
    start_over(connection)
    connection.execute("insert into pipeline.built_by values (?, ?)", [project, now])
    connection.execute(f"""
        insert into pipeline.read_exports
        select
            export_id,
            run_id,
            export_id in (select export_id from intermediate.{READINGS} where time_basis = 'implausible')
        from pipeline.exports
        where status in ('published', 'released')
    """)
