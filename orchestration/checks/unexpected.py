"""Which rows an expectation refused, and which exports they came from.

Belongs here: SQL from an expectation to its unexpected rows. Does not belong here: deciding whether it holds, which is
Great Expectations' part. That one returns samples of rows; a person needs the exports, all of them at the first gate
and the most telling ones later.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import duckdb

from orchestration.checks.outcome import MOST_INVOLVED
from orchestration.checks.sql import identifier, literal
from orchestration.checks.suites import BETWEEN, IN_SET, NOT_NULL, UNEXPECTED_ROWS, UNIQUE, UNIQUE_TOGETHER, Suite

EXPORT = "export_id"


def rows_query(kind: str, kwargs: Mapping[str, Any], table: str) -> str | None:
    """A query of the rows that an expectation of this type refuses; None where it speaks of the table as a whole.

    `kwargs` hold values, not parameters. A row without a value is refused by `NOT_NULL` alone.
    """
    batch = identifier(table)
    if kind == UNEXPECTED_ROWS:
        return kwargs["unexpected_rows_query"].format(batch=batch)
    if kind in (UNIQUE, UNIQUE_TOGETHER):
        key = ", ".join(identifier(column) for column in kwargs.get("column_list") or [kwargs["column"]])
        return f"select * from {batch} where ({key}) in (select ({key}) from {batch} group by all having count(*) > 1)"
    column = identifier(kwargs["column"]) if "column" in kwargs else None
    if kind == NOT_NULL:
        condition = f"{column} is null"
    elif kind == IN_SET:
        condition = f"{column} not in {literal(kwargs['value_set'])}"
    elif kind == BETWEEN:
        bounds = [("<", kwargs.get("min_value")), (">", kwargs.get("max_value"))]
        condition = " or ".join(f"{column} {sign} {literal(bound)}" for sign, bound in bounds if bound is not None)
    else:
        return None
    return f"select * from {batch} where {condition}"


def exports_behind(connection: duckdb.DuckDBPyConnection, suite: Suite, rows: str) -> tuple[str, ...]:
    """The exports behind the rows of a query, that with most of them first; none where the rows do not tell.

    Rows tell by their `export_id`, or by the suite's key through its `involved` query.
    """
    try:
        columns = {column[0] for column in connection.execute(f"select * from ({rows}) limit 0").description}
        if EXPORT in columns:
            exports = f"select {EXPORT} from ({rows})"
        elif suite.involved and columns.issuperset(suite.key):
            exports = suite.involved.format(unexpected=f"({rows})")
        else:
            return ()
        found = connection.execute(
            f"select {EXPORT} from ({exports}) where {EXPORT} is not null "
            f"group by {EXPORT} order by count(*) desc, {EXPORT} limit {MOST_INVOLVED}"
        ).fetchall()
    except duckdb.Error:  # the outcome stands as it is: who is behind it is then for a person to find out
        return ()
    return tuple(export_id for (export_id,) in found)
