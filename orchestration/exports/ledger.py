"""The ledger: every export ever seen and what became of it; and the warehouse's schemas that the loader writes.

Belongs here: the tables of `raw`, `restricted` and `pipeline`, and decisions of a person about one export. Does not
belong here: loading (`publishing.py`), anything dbt builds.

Statuses: published and released exports are read by staging. quarantined ones were held back and are tried again when
their reader changes; refused ones stay out for good; withdrawn ones were published and are no longer read, though
their records stay in raw; erased ones are gone but for their row.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

import duckdb

from orchestration.checks.masks import masked
from orchestration.exports import sql
from orchestration.sources import SOURCES

READ_STATUSES = ("published", "released")

# Append only: a number, once released, keeps its statements.
MIGRATIONS: Sequence[str] = (
    """
    create schema if not exists raw;
    create schema if not exists restricted;
    create table if not exists restricted.subscriber_identities (
        email varchar, subscriber_key varchar, recipient_domain varchar
    );
    create table if not exists restricted.user_agents (
        user_agent varchar, user_agent_key varchar, device_type varchar, email_client varchar, is_known_bot boolean
    );
    create table if not exists pipeline.exports (
        export_id varchar, source varchar, file_name varchar, member varchar, path varchar, content_sha256 varchar,
        bytes bigint, records bigint, records_loaded bigint, records_rejected bigint, status varchar, reason varchar,
        reader_version integer, run_id varchar, seen_at timestamp, published_at timestamp
    );
    create table if not exists pipeline.awaiting_publication (export_id varchar);
    create table if not exists pipeline.check_results (
        run_id varchar, suite varchar, batch varchar, expectation varchar, column_name varchar, success boolean,
        observed varchar, unexpected_count bigint, severity varchar, checked_at timestamp
    );
    create table if not exists pipeline.publication (published_at timestamp, data_as_of timestamp, run_id varchar);
    """,
    """
    create table restricted.secrets (name varchar, value varchar);
    """,
    """
    create table pipeline.follow_ups (
        follow_up_key varchar, trigger varchar, subscriber_key varchar, micro_conversion_key varchar,
        micro_conversion varchar, event_key varchar, triggered_at timestamp, due_at timestamp, expires_at timestamp,
        landed_at timestamp, recorded_at timestamp
    );
    create table pipeline.follow_up_deliveries (
        follow_up_key varchar, target varchar, attempts integer, delivered_at timestamp, run_id varchar
    );
    create table pipeline.follow_up_failures (
        follow_up_key varchar, target varchar, attempts integer, problem varchar, failed_at timestamp,
        next_attempt_at timestamp
    );
    """,
    """
    create table pipeline.read_exports (export_id varchar, run_id varchar, has_time_ahead boolean);
    create table pipeline.built_by (project varchar, as_of timestamp);
    """,
    # The columns of the two models of canonical records: a change of theirs is a migration here.
    """
    create schema retained;
    create table retained.email_event_records (
        export_id varchar, position bigint, part integer, event_key varchar, subscriber_key varchar,
        message_key varchar, is_numbered boolean, names_message boolean, esp varchar, event_type varchar,
        event_subtype varchar, raw_event_type varchar, actor varchar, is_machine boolean, machine_basis varchar,
        campaign_id varchar, campaign_name varchar, experiment varchar, variant varchar, message_stream varchar,
        recipient_domain varchar, mailbox_provider varchar, url varchar, url_query varchar, link_position integer,
        device_type varchar, email_client varchar, user_agent_key varchar, proxy varchar, network_kind varchar,
        address_key varchar, bounce_type varchar, reason varchar, read_seconds double, order_id varchar,
        revenue decimal(18, 4), currency varchar, occurred_at timestamp, sent_at timestamp
    );
    create table retained.site_event_records (
        export_id varchar, position bigint, event_key varchar, subscriber_key varchar, is_numbered boolean,
        call_type varchar, event_name varchar, page_url varchar, page_query varchar, message_parameter varchar,
        context_campaign_id varchar, context_campaign_name varchar, order_id varchar, currency varchar,
        properties varchar, device_type varchar, amount decimal(18, 4), occurred_at timestamp
    );
    create table retained.erased_subjects (subscriber_key varchar);
    create table restricted.erased_subscribers (subscriber_key varchar, erased_at timestamp);
    create table pipeline.aged_exports (export_id varchar, aged_at timestamp, run_id varchar);
    """,
    """
    create table pipeline.touched_events (event_key varchar, message_or_event_key varchar);
    """,
)


class LedgerError(ValueError):
    """A decision that cannot be carried out; the message says why and what to do."""


class Export(NamedTuple):
    """What of the ledger a decision about one export needs."""

    export_id: str
    source: str
    file_name: str
    status: str


def create_schema(connection: duckdb.DuckDBPyConnection, sources: Iterable[str] = SOURCES) -> None:
    """Create what is missing; safe to repeat. A declared source has its raw table before its first export.

    A warehouse of an earlier version is brought up to this one; raises LedgerError for one of a later version.
    """
    with sql.transaction(connection):
        connection.execute("create schema if not exists pipeline")
        connection.execute("create table if not exists pipeline.migrations (version integer, ledger_id varchar)")
        done = connection.execute("select count(*) from pipeline.migrations").fetchone()[0]
        if done > len(MIGRATIONS):
            raise LedgerError(
                f"This home was written by a later version of the pipeline (schema {done}; this one knows "
                f"{len(MIGRATIONS)}). Use that version, or restore a backup made by this one."
            )
        for version, statements in list(enumerate(MIGRATIONS, start=1))[done:]:
            connection.execute(statements)
            connection.execute("insert into pipeline.migrations values (?, ?)", [version, secrets.token_hex(16)])
        present = connection.execute("select table_name from duckdb_tables() where schema_name = 'raw'").fetchall()
        missing = [source for source in sources if (source,) not in present]
        packing = _packing_of_records(connection) if missing else ""
        for source in missing:
            connection.execute(
                f'create table raw."{source}" (export_id varchar, position bigint, record varchar {packing})'
            )


def _packing_of_records(connection: duckdb.DuckDBPyConnection) -> str:
    """How the texts of raw are packed: zstd takes a third of the space of what DuckDB would choose, and less time.

    A file of DuckDB's oldest format cannot hold it and would hold the texts unpacked.
    """
    (version,) = connection.execute(
        "select tags['storage_version'] from duckdb_databases() where database_name = current_database()"
    ).fetchone()
    numbers = tuple(int(number) for number in re.findall(r"\d+", version or ""))
    return "using compression zstd" if numbers >= (1, 2) else ""


def ledger_id(connection: duckdb.DuckDBPyConnection) -> str:
    """What tells this ledger from another at the same path: made with it, never changed."""
    return connection.execute("select ledger_id from pipeline.migrations where version = 1").fetchone()[0]


def find(connection: duckdb.DuckDBPyConnection, export_id: str) -> Export:
    """The export with this id or unambiguous beginning of one. Raises LedgerError."""
    prefix = export_id.strip().lower()
    if not prefix:
        raise LedgerError(
            "Which export? Give its export_id, or the first characters of it, as the mart `exports` has it."
        )
    rows = connection.execute(
        "select export_id, source, file_name, status from pipeline.exports where starts_with(export_id, ?) "
        "order by export_id limit 2",
        [prefix],
    ).fetchall()
    if not rows:
        raise LedgerError(f"No export of the ledger begins with {prefix!r}; the mart `exports` lists them.")
    if len(rows) > 1:
        raise LedgerError(f"More than one export begins with {prefix!r}; give more of its characters.")
    return Export(*rows[0])


def withdraw(connection: duckdb.DuckDBPyConnection, export_id: str, reason: str) -> str:
    """Take a published or released export back; its records stay in raw and are no longer read. Returns its id."""
    return _decide(connection, export_id, READ_STATUSES, "withdrawn", reason)


def refuse(connection: duckdb.DuckDBPyConnection, export_id: str, reason: str) -> str:
    """Keep a quarantined export out for good: not even a changed reader tries it again. Returns its id."""
    return _decide(connection, export_id, ("quarantined",), "refused", reason)


def restore(connection: duckdb.DuckDBPyConnection, export_id: str, reason: str) -> str:
    """Let a withdrawn export be read again; its records never left raw. Returns its id."""
    with sql.transaction(connection):
        released = _decide(connection, export_id, ("withdrawn",), "released", reason)
        connection.execute("insert into pipeline.awaiting_publication values (?)", [released])
    return released


def demand_status(export: Export, statuses: Sequence[str], decision: str) -> None:
    """Raise LedgerError where a decision does not fit what became of the export before."""
    if export.status not in statuses:
        raise LedgerError(
            f"Export {export.export_id} ({export.source}, {masked(export.file_name)}) is {export.status}; only one "
            f"that is {' or '.join(statuses)} can be {decision}."
        )


class Held(NamedTuple):
    """A held export, as a person looks at it; `successor` is the export that came later under its name, if one did."""

    export_id: str
    source: str
    file_name: str
    reason: str
    records: int
    records_rejected: int
    seen_at: datetime
    successor: str | None


def held(connection: duckdb.DuckDBPyConnection, limit: int | None = None) -> list[Held]:
    """The exports that wait for a decision, the newest first."""
    rows = connection.execute(
        """
        select
            held.export_id, held.source, held.file_name, held.reason, held.records, held.records_rejected, held.seen_at,
            max_by(later.export_id, later.seen_at) as successor
        from pipeline.exports as held
        left join pipeline.exports as later
            on held.source = later.source and held.file_name = later.file_name and held.export_id <> later.export_id
            and later.status in ('published', 'released') and later.seen_at >= held.seen_at
        where held.status = 'quarantined'
        group by all
        order by held.seen_at desc, held.source, held.file_name, held.export_id
        limit coalesce($1::bigint, 9223372036854775807)
        """,
        [limit],
    ).fetchall()
    return [Held(*row) for row in rows]


def exports_since_publication(connection: duckdb.DuckDBPyConnection) -> list[tuple[str, str]]:
    """(export_id, file name) of what is read by staging and was in no publication yet, the newest first."""
    return connection.execute(
        """
        select export_id, file_name from pipeline.exports
        where status in ('published', 'released') and export_id in (select export_id from pipeline.awaiting_publication)
        order by published_at desc, source, file_name, export_id
        """
    ).fetchall()


def record_publication(connection: duckdb.DuckDBPyConnection, *, published_at: datetime, run_id: str) -> None:
    """Set the one row of `pipeline.publication`; `data_as_of` is when the newest export read for it came in."""
    with sql.transaction(connection):
        connection.execute("delete from pipeline.publication")
        connection.execute(
            "insert into pipeline.publication select ?, max(published_at), ? from pipeline.exports "
            "where status in ('published', 'released')",
            [published_at, run_id],
        )
        connection.execute("delete from pipeline.awaiting_publication")


def _decide(
    connection: duckdb.DuckDBPyConnection, export_id: str, statuses: Sequence[str], status: str, reason: str
) -> str:
    export = find(connection, export_id)
    demand_status(export, statuses, status)
    connection.execute(
        "update pipeline.exports set status = ?, reason = ? where export_id = ?", [status, reason, export.export_id]
    )
    return export.export_id
