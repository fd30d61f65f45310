"""A warehouse that holds nothing but a queue of follow-ups, and what delivery reads beside it."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import duckdb

from orchestration.exports import ledger
from orchestration.follow_ups.message import FollowUp

NOW = datetime(2026, 9, 1, 10)


def follow_up(key: str = "k1", **fields) -> FollowUp:
    """A follow-up with everything about it known."""
    values = {
        "trigger": "guide_downloaded",
        "micro_conversion": "download",
        "email": f"{key}@example.com",
        "subscriber_key": f"s-{key}",
        "triggered_at": NOW - timedelta(minutes=2),
        "due_at": NOW - timedelta(minutes=1),
        "expires_at": NOW + timedelta(days=1),
        "priority": 1,
        "campaign_key": "c",
        "message_key": "m",
        "content_category": "boots",
        "element": "hero",
        **fields,
    }
    return FollowUp(key, **values)


def make_queue(path: Path, keys: list[str], now: datetime = NOW) -> Path:
    """A warehouse at `path` with one follow-up for each key, due as of `now`."""
    with duckdb.connect(str(path)) as connection:
        ledger.create_schema(connection)
        connection.execute(
            """
            create schema marts;
            create schema intermediate;
            create table marts.follow_ups (
                follow_up_key varchar, trigger varchar, subscriber_key varchar, micro_conversion_key varchar,
                micro_conversion varchar, triggered_at timestamp, due_at timestamp, status varchar,
                suppressed_reason varchar, delivered_at timestamp, priority integer, expires_at timestamp,
                sendable_at timestamp
            );
            create table marts.fct_micro_conversions (
                micro_conversion_key varchar, campaign_key varchar, message_key varchar, content_category varchar,
                element varchar
            );
            create table intermediate.int_follow_up_candidates (
                follow_up_key varchar, event_key varchar, quiet_from_at timestamp
            );
            create table intermediate.int_email_events (event_key varchar, export_id varchar);
            create table intermediate.int_site_events (site_event_key varchar, export_id varchar);
            """
        )
        for key in keys:
            add(connection, key, due_at=now - timedelta(minutes=1), expires_at=now + timedelta(days=1))
    return path


def add(connection: duckdb.DuckDBPyConnection, key: str, **fields) -> None:
    """One more follow-up in the queue."""
    quiet_from_at = fields.pop("quiet_from_at", None)
    row = {
        "follow_up_key": key,
        "trigger": "guide_downloaded",
        "subscriber_key": f"s-{key}",
        "micro_conversion_key": f"m-{key}",
        "micro_conversion": "download",
        "triggered_at": NOW - timedelta(minutes=2),
        "due_at": NOW - timedelta(minutes=1),
        "status": "due",
        "suppressed_reason": None,
        "delivered_at": None,
        "priority": 1,
        "expires_at": NOW + timedelta(days=1),
        "sendable_at": NOW - timedelta(minutes=1),
        **fields,
    }
    connection.execute(f"insert into marts.follow_ups values ({', '.join('?' * len(row))})", list(row.values()))
    connection.execute(
        "insert into restricted.subscriber_identities select ?, ?, 'example.com' "
        "where ? not in (select subscriber_key from restricted.subscriber_identities)",
        [f"{key}@example.com", row["subscriber_key"], row["subscriber_key"]],
    )
    connection.execute(
        "insert into intermediate.int_follow_up_candidates values (?, ?, ?)", [key, f"e-{key}", quiet_from_at]
    )
