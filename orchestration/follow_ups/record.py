"""The record of deliveries, in the warehouse's schema `pipeline`, which nothing rebuilds.

Belongs here: what is written there and read from it, and when a failed delivery is tried again. Does not belong here:
sending (`delivery.py`). The tables are made with the ledger's.

A delivery is recorded after it was made. Who dies in between sends again, with the same key: nothing is lost, and the
receiver can tell.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import duckdb

from orchestration.exports import sql
from orchestration.follow_ups.message import FollowUp

FIRST_WAIT, LONGEST_WAIT = timedelta(minutes=1), timedelta(hours=1)

_NEW = """
    from marts.follow_ups as queue
    inner join intermediate.int_follow_up_candidates as candidates on queue.follow_up_key = candidates.follow_up_key
    left join intermediate.int_email_events as emails on candidates.event_key = emails.event_key
    left join intermediate.int_site_events as visits on candidates.event_key = visits.site_event_key
    left join pipeline.exports as exports on exports.export_id = coalesce(emails.export_id, visits.export_id)
    where queue.status = 'due' and queue.follow_up_key not in (select follow_up_key from pipeline.follow_ups)
"""
_OPEN = """
    from marts.follow_ups as queue
    left join restricted.subscriber_identities as people
        on queue.subscriber_key = people.subscriber_key and contains(people.email, '@')
    inner join intermediate.int_follow_up_candidates as candidates on queue.follow_up_key = candidates.follow_up_key
    left join marts.fct_micro_conversions as facts on queue.micro_conversion_key = facts.micro_conversion_key
    left join pipeline.follow_up_failures as failures
        on queue.follow_up_key = failures.follow_up_key and failures.target = $target
    where
        queue.status = 'due' and queue.expires_at > $now
        and queue.follow_up_key not in (select follow_up_key from pipeline.follow_up_deliveries)
"""


class Undelivered(NamedTuple):
    """What is left: how many wait for their time, are due now, and were tried in vain; when to look again (UTC)."""

    waiting: int
    due: int
    failed: int
    problems: list[tuple[str, int]]
    look_at: datetime | None


def retry_at(now: datetime, attempts: int, retry_after: float | None = None) -> datetime:
    """When to try again after so many failed attempts: twice as long each time, and no sooner than the target asks."""
    wait = min(FIRST_WAIT * 2 ** min(attempts - 1, 20), LONGEST_WAIT)
    return now + max(wait, timedelta(seconds=min(retry_after or 0, 86_400)))


def remember_due(connection: duckdb.DuckDBPyConnection, home: Path, now: datetime) -> int:
    """Record what is due and was not before, with when its export came to lie in the home's landing zone.

    Returns how many.
    """
    paths = [p for (p,) in connection.execute(f"select distinct exports.path {_NEW} and exports.path <> ''").fetchall()]
    landed = [_landed_at(home / path, now) for path in paths]
    (count,) = connection.execute(
        f"""
        insert into pipeline.follow_ups
        select
            queue.follow_up_key, queue.trigger, queue.subscriber_key, queue.micro_conversion_key,
            queue.micro_conversion, candidates.event_key, queue.triggered_at, queue.due_at, queue.expires_at,
            list_extract($landed::timestamp[], list_position($paths::varchar[], exports.path)::integer), $now
        {_NEW}
        """,
        {"landed": landed, "paths": paths, "now": now},
    ).fetchone()
    return count


def sendable(connection: duckdb.DuckDBPyConnection, target: str, now: datetime) -> list[FollowUp]:
    """What shall go to the target now, the most important first; what failed there waits for its time.

    What has run into quiet hours since the queue was built is left to the next look, which builds it again.
    """
    rows = connection.execute(
        f"""
        select
            queue.follow_up_key, queue.trigger, queue.micro_conversion, people.email, queue.subscriber_key,
            queue.triggered_at, queue.due_at, queue.expires_at, queue.priority, facts.campaign_key, facts.message_key,
            facts.content_category, facts.element
        {_OPEN}
            and queue.due_at <= $now and people.email is not null
            and coalesce(failures.next_attempt_at <= $now, true)
            and coalesce(candidates.quiet_from_at > $now, true)
        order by queue.priority nulls last, queue.due_at, queue.follow_up_key
        """,
        {"target": target, "now": now},
    ).fetchall()
    return [FollowUp(*row) for row in rows]


def record_delivery(
    connection: duckdb.DuckDBPyConnection, target: str, keys: Sequence[str], now: datetime, run_id: str
) -> None:
    """Record that the target has them."""
    with sql.transaction(connection):
        connection.execute(
            """
            insert into pipeline.follow_up_deliveries
            select sent.key, $target, coalesce(failures.attempts, 0) + 1, $now, $run_id
            from (select unnest($keys::varchar[]) as key) as sent
            left join pipeline.follow_up_failures as failures
                on sent.key = failures.follow_up_key and failures.target = $target
            where sent.key not in (select follow_up_key from pipeline.follow_up_deliveries)
            """,
            {"target": target, "keys": list(keys), "now": now, "run_id": run_id},
        )
        _forget_failures(connection, keys)


def record_failure(
    connection: duckdb.DuckDBPyConnection,
    target: str,
    keys: Sequence[str],
    problem: str,
    now: datetime,
    retry_after: float | None = None,
) -> None:
    """Record that the target did not take them, and when they are tried again."""
    known = "select follow_up_key, attempts from pipeline.follow_up_failures where target = $1"
    attempts = dict(connection.execute(known, [target]).fetchall())
    rows = [
        (key, target, attempts.get(key, 0) + 1, problem, now, retry_at(now, attempts.get(key, 0) + 1, retry_after))
        for key in keys
    ]
    with sql.transaction(connection):
        _forget_failures(connection, keys)
        connection.executemany("insert into pipeline.follow_up_failures values (?, ?, ?, ?, ?, ?)", rows)


def undelivered(connection: duckdb.DuckDBPyConnection, target: str, now: datetime) -> Undelivered:
    """What is left, as of now. Follow-ups that sit out quiet hours ask for a look at their end."""
    values = {"target": target, "now": now}
    waiting, due, failed, next_due, next_try, untried = connection.execute(
        f"""
        select
            count(*) filter (queue.due_at > $now), count(*) filter (queue.due_at <= $now), count(failures.attempts),
            min(queue.due_at) filter (queue.due_at > $now), min(failures.next_attempt_at),
            count(*) filter (queue.due_at <= $now and people.email is not null and failures.attempts is null)
        {_OPEN}
        """,
        values,
    ).fetchone()
    (quiet_end,) = connection.execute(
        "select min(sendable_at) from marts.follow_ups where status = 'suppressed' and sendable_at > $1", [now]
    ).fetchone()
    problems = connection.execute(
        f"""
        select
            coalesce(case when people.email is null then 'no e-mail address is known' end, failures.problem) as reason,
            count(*)
        {_OPEN} and queue.due_at <= $now and reason is not null
        group by all
        order by all
        """,
        values,
    ).fetchall()
    # What was left because others failed waits with them.
    at_once = now if untried and next_try is None else None
    moments = [moment for moment in (next_due, next_try, quiet_end, at_once) if moment is not None]
    return Undelivered(waiting, due, failed, problems, min(moments, default=None))


def _forget_failures(connection: duckdb.DuckDBPyConnection, keys: Sequence[str]) -> None:
    connection.execute(
        "delete from pipeline.follow_up_failures where follow_up_key in (select unnest($1::varchar[]))", [list(keys)]
    )


def _landed_at(path: Path, now: datetime) -> datetime | None:
    """When a file came to lie where it does: moving it there leaves its time of writing and sets that of its change."""
    try:
        changed = datetime.fromtimestamp(os.stat(path).st_ctime, UTC).replace(tzinfo=None)
    except OSError:
        return None
    return min(changed, now)
