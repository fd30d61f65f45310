"""Retention: verbatim records of exports that came in long ago leave raw; their canonical events stay.

Nothing that is published changes, so nothing becomes due.

Belongs here: which exports, and the proof. Does not belong here: moving events (`retained.py`). Declarations
(campaigns, links, subscribers, assignments) have no age: they say what is, not what was.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

import duckdb

from orchestration.exports import sql
from orchestration.personal_data import retained
from orchestration.sources import Source


def age_out(
    warehouse: duckdb.DuckDBPyConnection, days: int, now: datetime, run_id: str, sources: Mapping[str, Source]
) -> dict[str, int]:
    """Remove the raw records of event exports that were published more than `days` ago. Returns counts.

    The canonical events must be built from all that is loaded.
    """
    names = [source.source for source in sources.values() if source.kind != "reference"]
    with sql.transaction(warehouse):
        warehouse.execute(
            """
            create or replace temp table ageing as
            select export_id, source from pipeline.exports
            where published_at < $before and source in (select unnest($sources::varchar[]))
                and export_id not in (select export_id from pipeline.aged_exports)
            """,
            {"before": now - timedelta(days=days), "sources": names},
        )
        warehouse.execute("create or replace temp table leaving (source varchar, export_id varchar, position bigint)")
        tables = [t for (t,) in warehouse.execute("select distinct source from ageing order by 1").fetchall()]
        for table in tables:
            select = f'select $1, export_id, position from raw."{table}" semi join ageing using (export_id)'
            warehouse.execute(f"insert into leaving {select}", [table])
        events = retained.keep(warehouse)
        records = 0
        for table in tables:
            delete = f'delete from raw."{table}" where export_id in (select export_id from ageing)'
            records += warehouse.execute(delete).fetchone()[0]
        # The run's id tells a build that the export is to be read again.
        warehouse.execute(
            "update pipeline.exports set run_id = $1 where export_id in (select export_id from ageing)", [run_id]
        )
        (exports,) = warehouse.execute(
            "insert into pipeline.aged_exports select export_id, $1, $2 from ageing", [now, run_id]
        ).fetchone()
    return {"exports": exports, "raw_records": records, "events_retained": events}
