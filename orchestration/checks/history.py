"""The history of checks: each outcome of each run, in `pipeline.check_results`.

Belongs here: writing outcomes. Does not belong here: the table itself, which the ledger makes with its own, and the
mart `data_quality`, which publishes it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import duckdb

from orchestration.checks.outcome import Outcome

_FIELDS = ("suite", "batch", "expectation", "column_name", "success", "observed", "unexpected_count", "severity")

# Lists in place of rows: one statement takes the outcomes of ten thousand exports at once.
_FORGET = """
    delete from pipeline.check_results
    where run_id = $run_id and (suite, batch, expectation) in (
        select (s, b, e) from (select unnest($suite::varchar[]) s, unnest($batch::varchar[]) b,
                                      unnest($expectation::varchar[]) e)
    )
"""
_INSERT = """
    insert into pipeline.check_results
        (run_id, suite, batch, expectation, column_name, success, observed, unexpected_count, severity, checked_at)
    select
        $run_id, unnest($suite::varchar[]), unnest($batch::varchar[]), unnest($expectation::varchar[]),
        unnest($column_name::varchar[]), unnest($success::boolean[]), unnest($observed::varchar[]),
        unnest($unexpected_count::bigint[]), unnest($severity::varchar[]), $checked_at
"""


def record_outcomes(
    connection: duckdb.DuckDBPyConnection, outcomes: Sequence[Outcome], *, run_id: str, checked_at: datetime
) -> None:
    """Add the outcomes of a run (`checked_at` in UTC), in the place of what it observed of the same things before.

    Within a transaction of the caller's they stand or fall with it.
    """
    if not outcomes:
        return
    columns = {field: [getattr(outcome, field) for outcome in outcomes] for field in _FIELDS}
    key = {field: columns[field] for field in ("suite", "batch", "expectation")}
    connection.execute(_FORGET, {"run_id": run_id, **key})
    connection.execute(_INSERT, {"run_id": run_id, "checked_at": checked_at, **columns})
