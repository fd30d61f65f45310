"""Retained events: canonical records that outlive their verbatim ones.

Belongs here: moving them to the schema `retained`, from where the models of canonical records read them. Does not
belong here: which ones (`erasure.py`, `retention.py`). Only records that stand for their event are kept, as the last
build judged them, so that leaving the verbatim ones changes no count.
"""

from __future__ import annotations

import secrets

import duckdb

from orchestration.personal_data import traces

MODELS = {
    "retained.email_event_records": "intermediate.int_email_event_records",
    "retained.site_event_records": "intermediate.int_site_event_records",
}
_EMAIL = """
    insert into retained.email_event_records by name
    select records.* replace (coalesce(rulings.message_key, records.message_key) as message_key)
    from intermediate.int_email_event_records as records
    semi join leaving on records.export_id = leaving.export_id and records.position = leaving.position
    left join intermediate.int_email_event_rulings as rulings
        on records.export_id = rulings.export_id and records.position = rulings.position
        and records.part = rulings.part
    where coalesce(rulings.stands, true)
        and (records.export_id, records.position, records.part) not in (
            select (export_id, position, part) from retained.email_event_records
        )
"""
# The message that a page names is found through raw: what was found is kept in its place.
_SITE = """
    insert into retained.site_event_records by name
    select records.* replace (coalesce(named.message_key, records.message_parameter) as message_parameter)
    from intermediate.int_site_event_records as records
    semi join leaving on records.export_id = leaving.export_id and records.position = leaving.position
    left join intermediate.int_site_event_repeats as repeats
        on records.export_id = repeats.export_id and records.position = repeats.position
    left join intermediate.int_parameter_messages as named
        on named.site_event_key = coalesce(repeats.event_key, records.event_key)
    where coalesce(repeats.stands, true)
        and (records.export_id, records.position) not in (
            select (export_id, position) from retained.site_event_records
        )
"""


def keep(warehouse: duckdb.DuckDBPyConnection) -> int:
    """Retain the canonical records of what the temporary table `leaving` (export_id, position) names. Returns how many.

    The canonical events must be built from all that is loaded.
    """
    return sum(warehouse.execute(query).fetchone()[0] for query in (_EMAIL, _SITE))


def unlink(warehouse: duckdb.DuckDBPyConnection, subscriber_key: str) -> tuple[int, str]:
    """Give a subscriber's retained events keys that lead to nobody, and take from them what could.

    Keys are hashed with a secret that is drawn here and kept nowhere: events of one message still belong together.
    Returns how many events there are and the subscriber's new key.
    """
    secret, subject = secrets.token_hex(32), secrets.token_hex(32)
    values = {"secret": secret, "subject": subject, "key": subscriber_key}
    numbers = _numbers_that_count(warehouse)
    emails = warehouse.execute(
        """
        update retained.email_event_records set
            event_key = md5($secret || event_key), message_key = md5($secret || message_key),
            order_id = md5($secret || order_id), subscriber_key = $subject, url_query = null, reason = null
        where subscriber_key = $key
        """,
        values,
    ).fetchone()[0]
    visits = warehouse.execute(
        f"""
        update retained.site_event_records set
            event_key = md5($secret || event_key), message_parameter = md5($secret || message_parameter),
            order_id = md5($secret || order_id), subscriber_key = $subject, page_query = null,
            properties = {numbers}
        where subscriber_key = $key
        """,
        values,
    ).fetchone()[0]
    # An address of the network that only they came from would tell their visits from everybody's.
    warehouse.execute(
        """
        update retained.email_event_records set address_key = md5($secret || address_key)
        where subscriber_key = $subject and address_key not in (
            select address_key from intermediate.int_email_event_records
            where address_key is not null and subscriber_key is distinct from $key
        )
        """,
        values,
    )
    if emails + visits:
        warehouse.execute("insert into retained.erased_subjects values (?)", [subject])
    return emails + visits, subject


def redact(warehouse: duckdb.DuckDBPyConnection, email: str) -> int:
    """Take an address out of every text of every retained event, whosever it is. Returns how many events had it."""
    columns = warehouse.execute(
        """
        select table_name, list(column_name order by column_index) from duckdb_columns()
        where schema_name = 'retained' and table_name <> 'erased_subjects' and data_type = 'VARCHAR'
            and database_name = current_database()
        group by table_name order by table_name
        """
    ).fetchall()
    return sum(traces.redact_columns(warehouse, f"retained.{table}", names, email) for table, names in columns)


def _numbers_that_count(warehouse: duckdb.DuckDBPyConnection) -> str:
    """SQL: of an event's properties, the numbers that a declared micro-conversion asks for."""
    rows = warehouse.execute(
        "select distinct property from seeds.micro_conversion_definitions where property is not null order by 1"
    ).fetchall()
    parts = []
    for (name,) in rows:
        quoted = name.replace("'", "''")
        path = f"""'$."{quoted.replace('"', "")}"'"""
        parts.append(f"'{quoted}', try_cast(json_extract_string(properties, {path}) as double)")
    return f"cast(json_object({', '.join(parts)}) as varchar)" if parts else "null"
