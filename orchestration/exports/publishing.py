"""Publishing a batch: its records to raw, its exports to the ledger, in one transaction.

Belongs here: that transaction, and what stands or falls with it: identities, user agents, outcomes of the first gate.
Does not belong here: reading and judging (`candidates.py`, `decisions.py`). The ledger has the last word: an export it
knows is not taken again, whatever the caller believed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, nullcontext
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import duckdb

from orchestration.checks.history import record_outcomes
from orchestration.checks.outcome import Outcome
from orchestration.exports import candidates, identities, sql, user_agents
from orchestration.exports.containers import Spool
from orchestration.exports.json_lines import JsonLines
from orchestration.exports.landing_index import KnownExport
from orchestration.personal_data.erasure import keep_out
from orchestration.sources import Source

_COLUMNS = {
    "export_id": "varchar", "source": "varchar", "file_name": "varchar", "member": "varchar", "path": "varchar",
    "content_sha256": "varchar", "bytes": "bigint", "records": "bigint", "records_loaded": "bigint",
    "records_rejected": "bigint", "status": "varchar", "reason": "varchar", "reader_version": "integer",
    "run_id": "varchar", "seen_at": "timestamp", "published_at": "timestamp",
}  # fmt: skip
_USER_AGENT_COLUMNS = {
    "user_agent": "varchar",
    "device_type": "varchar",
    "email_client": "varchar",
    "is_known_bot": "boolean",
}
# Rows that DuckDB keeps together. Of fewer there is nothing to share, and threads that share them cost twice as much.
_ROWS_OF_A_GROUP = 122_880
# What the models hash network addresses and domains with.
_SECRET = "networks"
_READABLE = (
    "problem is null and export_id in (select export_id from incoming where status in ('published', 'released'))"
)


@dataclass(frozen=True)
class LedgerRow:
    """A row of `pipeline.exports`; its module says what the columns mean."""

    export_id: str
    source: str
    file_name: str
    member: str | None
    path: str
    content_sha256: str | None
    bytes: int
    records: int
    records_loaded: int
    records_rejected: int
    status: str
    reason: str | None
    reader_version: int
    run_id: str
    seen_at: datetime
    published_at: datetime | None


def publish(
    warehouse: duckdb.DuckDBPyConnection,
    source: Source,
    rows: Sequence[LedgerRow],
    candidate_files: Sequence[Path],
    outcomes: Sequence[Outcome],
    *,
    salt: str,
    spool: Spool,
    replace_known: bool = False,
) -> tuple[set[str], list[KnownExport]]:
    """Publish the readable records of the rows that are published or released, and write all rows to the ledger.

    An export that the ledger knows is left as it is, unless it is held and its reader has changed, or `replace_known`
    is set.
    Returns the ids that it took, and what the ledger then says of every export of `rows`.
    """
    incoming = JsonLines(spool.new_path(".jsonl"))
    for row in rows:
        incoming.write({k: str(v) if isinstance(v, datetime) else v for k, v in vars(row).items()})
    is_small = sum(row.records_loaded for row in rows) <= _ROWS_OF_A_GROUP
    with closing(incoming), _by_one_thread(warehouse) if is_small else nullcontext(), sql.transaction(warehouse):
        warehouse.execute(f"create or replace temp table incoming as select * from {incoming.relation(_COLUMNS)}")
        _leave_known_exports(warehouse, source, replace_known)
        new = {export_id for (export_id,) in warehouse.execute("select export_id from incoming").fetchall()}
        if new:
            if candidate_files:
                _insert_records(warehouse, source, candidate_files)
                _insert_identities(warehouse, source, candidate_files, salt)
                _insert_secret(warehouse, salt)
                _insert_user_agents(warehouse, source, candidate_files, spool)
            warehouse.execute("insert into pipeline.exports select * from incoming")
            keep_out(warehouse, source, sorted(new), salt, rows[0].run_id)
            warehouse.execute(
                "insert into pipeline.awaiting_publication "
                "select export_id from incoming where status in ('published', 'released')"
            )
            judged = [outcome for outcome in outcomes if outcome.batch in new]
            record_outcomes(warehouse, judged, run_id=rows[0].run_id, checked_at=rows[0].seen_at)
    ids = [row.export_id for row in rows]
    known = warehouse.execute(
        "select export_id, status, reader_version from pipeline.exports "
        "where export_id in (select unnest(?::varchar[]))",
        [ids],
    )
    return new, [KnownExport(*row) for row in known.fetchall()]


@contextmanager
def _by_one_thread(warehouse: duckdb.DuckDBPyConnection) -> Iterator[None]:
    (threads,) = warehouse.execute("select current_setting('threads')").fetchone()
    warehouse.execute("set threads = 1")
    try:
        yield
    finally:
        warehouse.execute(f"set threads = {threads}")


def _leave_known_exports(warehouse: duckdb.DuckDBPyConnection, source: Source, replace_known: bool) -> None:
    """Leave in `incoming` what may enter the ledger, and take the rows it stands in for out of it."""
    if not replace_known:
        warehouse.execute(
            "delete from incoming using pipeline.exports as known where known.export_id = incoming.export_id "
            "and not (known.status = 'quarantined' and known.reader_version <> incoming.reader_version)"
        )
    replaced = "select export_id from incoming semi join pipeline.exports using (export_id)"
    if not warehouse.execute(replaced).fetchone():
        return
    warehouse.execute(
        "update incoming set seen_at = known.seen_at from pipeline.exports as known "
        "where known.export_id = incoming.export_id"
    )
    for table in (f'raw."{source.source}"', "pipeline.awaiting_publication", "pipeline.exports"):
        warehouse.execute(f"delete from {table} where export_id in ({replaced})")


def _insert_records(warehouse: duckdb.DuckDBPyConnection, source: Source, files: Sequence[Path]) -> None:
    warehouse.execute(
        f'insert into raw."{source.source}" '
        f"select export_id, position, record from {candidates.relation(files)} where {_READABLE}"
    )


def _insert_identities(warehouse: duckdb.DuckDBPyConnection, source: Source, files: Sequence[Path], salt: str) -> None:
    addresses = _distinct(files, candidates.email_columns(source), source.emails)
    if not addresses:
        return
    warehouse.execute(
        f"""
        insert into restricted.subscriber_identities
        with emails as (
            select distinct {identities.normalised("value")} as email from ({addresses})
        ),
        keyed as (
            select
                email,
                {identities.hmac_sha256("email")} as subscriber_key,
                case when contains(email, '@') then regexp_extract(email, '@([^@]*)$', 1) end as recipient_domain
            from emails
            where
                email <> ''
                and not starts_with(email, '[')  -- a list of addresses, which another declared path takes apart
                and email not in (select email from restricted.subscriber_identities)
        )
        select email, subscriber_key, recipient_domain from keyed
        where subscriber_key not in (select subscriber_key from restricted.erased_subscribers)
        """,
        identities.hmac_pads(salt),
    )


def _insert_secret(warehouse: duckdb.DuckDBPyConnection, salt: str) -> None:
    warehouse.execute(
        "insert into restricted.secrets select $1, $2 where $1 not in (select name from restricted.secrets)",
        [_SECRET, identities.derived_secret(salt, _SECRET)],
    )


def _insert_user_agents(
    warehouse: duckdb.DuckDBPyConnection, source: Source, files: Sequence[Path], spool: Spool
) -> None:
    agents = _distinct(files, candidates.user_agent_columns(source), source.user_agents)
    if not agents:
        return
    found = warehouse.execute(
        f"select distinct value from ({agents}) where trim(value) <> '' "
        "and value not in (select user_agent from restricted.user_agents)"
    )
    with closing(JsonLines(spool.new_path(".jsonl"))) as read:
        while batch := found.fetchmany(10_000):
            for (user_agent,) in batch:
                read.write({"user_agent": user_agent, **user_agents.read(user_agent)._asdict()})
        warehouse.execute(
            "insert into restricted.user_agents select user_agent, md5(user_agent), device_type, email_client, "
            f"is_known_bot from {read.relation(_USER_AGENT_COLUMNS)}"
        )


def _distinct(files: Sequence[Path], columns: Sequence[str], paths: Sequence[str]) -> str:
    """A query of the distinct values of candidate columns, `value`; empty where there are no columns."""
    return " union ".join(
        f"select distinct {f'unnest({column})' if '[*]' in json_path else column} as value "
        f"from {candidates.relation(files)} where {_READABLE}"
        for column, json_path in zip(columns, paths, strict=True)
    )
