"""Whether the hand-written tables are the pipeline's: the timing of another result would say nothing.

Belongs here: which tables are compared, and how. Does not belong here: making them.

Rows become 64-bit hashes of their values, and a table the sum of these, which no order of rows changes. Every column is
compared exactly but those of type DOUBLE, shares and medians, which are rounded to nine digits: the two sides may add
in another order and differ in a last digit.
"""

from __future__ import annotations

from pathlib import Path

import duckdb

# The pipeline's table and the hand-written one.
TABLES = {
    "raw.sendgrid": "raw_sendgrid",
    "intermediate.int_email_events": "email_events",
    "marts.fct_messages": "fct_messages",
    "marts.fct_micro_conversions": "fct_micro_conversions",
    "marts.campaign_funnel": "campaign_funnel",
}


def differences(warehouse: Path, handwritten: Path) -> dict[str, str]:
    """What differs, by the pipeline's table; empty where the two hold the same. Also demands that no table is empty."""
    with duckdb.connect() as connection:
        connection.execute("set TimeZone = 'UTC'")
        connection.execute(f"attach '{warehouse}' as warehouse (read_only)")  # the views in it say `warehouse`
        connection.execute(f"attach '{handwritten}' as handwritten (read_only)")
        found = {
            ours: _difference(connection, f"warehouse.{ours}", f"handwritten.{theirs}")
            for ours, theirs in TABLES.items()
        }
    return {table: difference for table, difference in found.items() if difference}


def _difference(connection: duckdb.DuckDBPyConnection, ours: str, theirs: str) -> str:
    columns = _columns(connection, ours)
    others = _columns(connection, theirs)
    if columns != others:
        return f"columns differ: {sorted(set(columns.items()) ^ set(others.items()))}"
    (rows, *sums), (other_rows, *other_sums) = (_contents(connection, table, columns) for table in (ours, theirs))
    if not rows or rows != other_rows:
        return f"{rows:,} rows in the warehouse, {other_rows:,} by hand"
    # The first sum is over whole rows, the others tell which column to look at.
    if sums[0] == other_sums[0]:
        return ""
    different = [name for name, a, b in zip(columns, sums[1:], other_sums[1:], strict=True) if a != b]
    return f"contents differ in {', '.join(different) or 'which values stand together'}"


def _columns(connection: duckdb.DuckDBPyConnection, table: str) -> dict[str, str]:
    return {name: kind for name, kind, *_ in connection.execute(f"describe {table}").fetchall()}


def _contents(connection: duckdb.DuckDBPyConnection, table: str, columns: dict[str, str]) -> tuple:
    values = [f"round({name}, 9)" if kind == "DOUBLE" else name for name, kind in columns.items()]
    sums = ", ".join(f"sum(hash({value})::hugeint)" for value in (", ".join(values), *values))
    return connection.execute(f"select count(*), {sums} from {table}").fetchone()
