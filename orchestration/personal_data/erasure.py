"""Erasing a person: everything that tells who they are goes, and their events stay as nobody's.

Belongs here: what is removed where, and the proof of it. Does not belong here: the job (`jobs.py`), moving events
(`retained.py`).

A record is a person's where the canonical events say so or where their address stands in a field that its source
declares for addresses. It leaves raw; others that only mention the address lose that mention. The keyed hash of the
address stays in `restricted`, so that the loader knows the person should they come in once more.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path

import duckdb

from orchestration import increments
from orchestration.checks.masks import masked
from orchestration.disk import sync
from orchestration.exports import identities, quarantine, sql
from orchestration.exports.containers import ContainerError, Spool, unpack
from orchestration.exports.landing import files_of, unclaimed_files
from orchestration.personal_data import retained, traces
from orchestration.settings import Settings
from orchestration.sources import SOURCES, Source

MOST_NAMED = 200
# Names of files, and reasons that quote them.
_LEDGER_TEXTS = ("file_name", "member", "path", "reason")


@dataclass
class Erased:
    """What was removed of one person: counts, and the landing files and quarantined originals to see to by hand.

    No field holds the address.
    """

    raw_records: int = 0
    raw_mentions: int = 0
    canonical_events_unlinked: int = 0
    identities: int = 0
    user_agents: int = 0
    retained_mentions: int = 0
    follow_ups: int = 0
    ledger_rows: int = 0
    quarantined_records: int = 0
    quarantined_originals: int = 0
    outbox_rows: int = 0
    landing_files: list[str] = field(default_factory=list)
    unreadable_files: list[str] = field(default_factory=list)

    def proof(self) -> dict[str, object]:
        """As metadata."""
        return asdict(self)


def normalised(warehouse: duckdb.DuckDBPyConnection, address: str) -> str:
    """An address's normal form, as the loader has it. Raises ValueError where it is none."""
    (email,) = warehouse.execute(f"select {identities.normalised('$1::varchar')}", [address]).fetchone()
    local, at, domain = email.rpartition("@")
    if not (local and at and domain) or any(character.isspace() for character in email):
        raise ValueError("One of the given texts is no e-mail address; nothing was erased.")
    return email


def erase_from_warehouse(
    warehouse: duckdb.DuckDBPyConnection,
    settings: Settings,
    email: str,
    run_id: str,
    sources: Mapping[str, Source],
    erased: Erased,
) -> None:
    """Remove a person from raw, restricted, the ledger and the record of follow-ups, in one transaction.

    The canonical events must be built from all that is loaded. `erased` is added to.
    """
    key = identities.key_of(email, settings.salt)
    with sql.transaction(warehouse):
        _find(warehouse, email, key, sources)
        agents = _agents_of_them_alone(warehouse, key)
        retained.keep(warehouse)
        erased.canonical_events_unlinked += retained.unlink(warehouse, key)[0]
        removed, mentioned = _remove(warehouse, email, run_id)
        erased.raw_records += removed
        erased.raw_mentions += mentioned
        erased.identities += _count(
            warehouse, "delete from restricted.subscriber_identities where email = $email", email=email
        )
        erased.user_agents += _count(
            warehouse,
            "delete from restricted.user_agents where user_agent_key in (select unnest($agents::varchar[]))",
            agents=agents,
        )
        erased.follow_ups += _forget_follow_ups(warehouse, key)
        erased.retained_mentions += retained.redact(warehouse, email)
        erased.ledger_rows += traces.redact_columns(warehouse, "pipeline.exports", _LEDGER_TEXTS, email)
        warehouse.execute(
            "insert into restricted.erased_subscribers select $key, $now "
            "where $key not in (select subscriber_key from restricted.erased_subscribers)",
            {"key": key, "now": settings.now()},
        )
        increments.start_over(warehouse)  # what earlier builds kept speaks of the person under the key that is gone


def keep_out(
    warehouse: duckdb.DuckDBPyConnection, source: Source, export_ids: Sequence[str], salt: str, run_id: str
) -> int:
    """Remove from records that were loaded just now what speaks of people who were erased. Returns how many people.

    Within the caller's transaction.
    """
    erased = Forgotten.of(warehouse, salt)
    if not erased:
        return 0

    def found_in(table: str, text: str) -> set[str]:
        new = f"from {table} where export_id in (select unnest($exports::varchar[]))"
        query = f"select distinct unnest({traces.pieces(text)}) {new}"
        pieces = warehouse.execute(query, {"exports": list(export_ids)}).fetchall()
        return {email for (piece,) in pieces for email in erased.in_text(piece)}

    is_read = source.source in _raw_tables(warehouse)
    in_records = found_in(f'raw."{source.source}"', "record") if is_read else set()
    for email in sorted(in_records):
        _find_in(warehouse, source, email, export_ids)
        _remove(warehouse, email, run_id)
    in_ledger = found_in("pipeline.exports", f"concat_ws(' ', {', '.join(_LEDGER_TEXTS)})")
    for email in sorted(in_ledger):
        traces.redact_columns(warehouse, "pipeline.exports", _LEDGER_TEXTS, email)
    return len(in_records | in_ledger)


@dataclass(frozen=True)
class Forgotten:
    """Who was erased: known again by the keyed hash of their address, which is all that is left of it."""

    keys: frozenset[str]
    salt: str = field(repr=False)

    @classmethod
    def of(cls, warehouse: duckdb.DuckDBPyConnection, salt: str) -> Forgotten:
        """Those whom a warehouse remembers."""
        rows = warehouse.execute("select subscriber_key from restricted.erased_subscribers").fetchall()
        return cls(frozenset(key for (key,) in rows), salt)

    def __bool__(self) -> bool:
        return bool(self.keys)

    def in_text(self, text: str) -> set[str]:
        """Their addresses in a text."""
        return {email for email in traces.addresses_in(text) if identities.key_of(email, self.salt) in self.keys}

    def without(self, text: str) -> str:
        """A text without their addresses."""
        for email in self.in_text(text):
            text = traces.replaced(email, text)
        return text


def keep_out_of_quarantine(folder: Path, erased: Forgotten, settings: Settings) -> int:
    """Remove from a folder that is about to enter the quarantine what speaks of people who were erased.

    Returns how many records and originals went.
    """
    if not erased:
        return 0
    gone = _without_lines(folder / quarantine.RECORDS, lambda line: bool(erased.in_text(line)))
    original = folder / quarantine.ORIGINAL
    if original.exists() and _file_holds(original, settings, lambda text: bool(erased.in_text(text))):
        original.unlink()
        gone += 1
    return gone


def erase_from_quarantine(settings: Settings, email: str, erased: Erased) -> None:
    """Remove rejected records that hold an address, and originals that do: what is left of these is their report."""
    for report in sorted(settings.quarantine.glob(f"*/*/{quarantine.REPORT}")):
        folder, is_in = report.parent, partial(traces.is_in, email)
        erased.quarantined_records += _without_lines(folder / quarantine.RECORDS, is_in)
        if is_in(told := report.read_text(encoding="utf-8")):  # the name of the file, perhaps
            _write(report, [traces.replaced(email, told)])
        original = folder / quarantine.ORIGINAL
        if original.exists():
            holds = _file_holds(original, settings, is_in)
            if holds:
                original.unlink()
                erased.quarantined_originals += 1
            elif holds is None:
                erased.unreadable_files.append(str(original.relative_to(settings.home)))


def erase_from_outbox(settings: Settings, email: str, erased: Erased) -> None:
    """Remove the lines of follow-ups that went to an address; a file that held no other goes whole."""
    for path in sorted(settings.outbox.glob("follow_ups-*")):
        erased.outbox_rows += _without_lines(path, partial(traces.is_in, email), header=path.suffix == ".csv")


def list_landing_files(settings: Settings, email: str, erased: Erased, sources: Mapping[str, Source]) -> None:
    """Name the files of the landing zone that hold an address, and those that cannot be looked into: by their paths."""
    spool, is_in = Spool(settings.work / f"erase-{os.getpid()}"), partial(traces.is_in, email)
    try:
        for file in _landing(settings, sources):
            held: bool | None = is_in(file.landed) or None
            if not file.problem and not held:
                if file.origin:
                    path = spool.new_path()
                    store, stored = file.origin
                    with path.open("wb") as target:
                        shutil.copyfileobj(store.stream(stored), target, 1 << 20)
                    held = _file_holds(path, settings, is_in)
                    spool.discard(path)
                else:
                    held = _file_holds(file.path, settings, is_in)
            # A name may say who somebody is, and what is told here stays in Dagster.
            if held:
                erased.landing_files.append(masked(file.landed))
            elif held is None:
                erased.unreadable_files.append(masked(file.landed))
    finally:
        spool.remove()


def _landing(settings: Settings, sources: Mapping[str, Source]) -> Iterator:
    for source in sources:
        yield from files_of(settings, source)
    yield from unclaimed_files(settings, sources)


def _find(warehouse: duckdb.DuckDBPyConnection, email: str, key: str, sources: Mapping[str, Source]) -> None:
    """Make the temporary tables `leaving` and `mentioning` (source, export_id, position) of all of raw."""
    _begin(warehouse)
    for name in _raw_tables(warehouse):
        _add_found(warehouse, sources.get(name) or SOURCES.get(name), name, email)
    warehouse.execute(
        """
        insert into leaving
        select exports.source, records.export_id, records.position
        from (
            select export_id, position from intermediate.int_email_event_records where subscriber_key = $key
            union
            select export_id, position from intermediate.int_site_event_records where subscriber_key = $key
        ) as records
        inner join pipeline.exports as exports using (export_id)
        where (records.export_id, records.position) not in (select (export_id, position) from leaving)
        """,
        {"key": key},
    )


def _raw_tables(warehouse: duckdb.DuckDBPyConnection) -> set[str]:
    rows = warehouse.execute("select table_name from duckdb_tables() where schema_name = 'raw'").fetchall()
    return {name for (name,) in rows}


def _find_in(warehouse: duckdb.DuckDBPyConnection, source: Source, email: str, export_ids: Sequence[str]) -> None:
    _begin(warehouse)
    _add_found(warehouse, source, source.source, email, export_ids)


def _begin(warehouse: duckdb.DuckDBPyConnection) -> None:
    for table in ("leaving", "mentioning"):
        warehouse.execute(f"create or replace temp table {table} (source varchar, export_id varchar, position bigint)")


def _add_found(
    warehouse: duckdb.DuckDBPyConnection,
    source: Source | None,
    table: str,
    email: str,
    export_ids: Sequence[str] | None = None,
) -> None:
    """Add the records of a raw table that hold an address: a person's own are leaving, the rest is mentioning it."""
    fields = []
    for path in source.emails if source else ():
        value = f"json_extract_string(record, '{path}')"
        if "[*]" in path:
            values = f"list_transform({value}, lambda address: {identities.normalised('address')})"
            fields.append(f"list_contains({values}, $email)")
        else:
            fields.append(f"{identities.normalised(value)} = $email")
    is_theirs = " or ".join(f"coalesce({field}, false)" for field in fields) or "false"
    of_exports = "" if export_ids is None else "and export_id in (select unnest($exports::varchar[]))"
    values = {"email": email, "pattern": traces.pattern(email)}
    if not fields:
        del values["email"]
    if export_ids is not None:
        values["exports"] = list(export_ids)
    warehouse.execute(
        f"""
        create or replace temp table found as
        select export_id, position, {is_theirs} as is_theirs from raw."{table}"
        where {traces.mentions("record", "$pattern")} {of_exports}
        """,
        values,
    )
    for target, condition in (("leaving", "is_theirs"), ("mentioning", "not is_theirs")):
        warehouse.execute(f"insert into {target} select ?, export_id, position from found where {condition}", [table])


def _remove(warehouse: duckdb.DuckDBPyConnection, email: str, run_id: str) -> tuple[int, int]:
    """Take what is leaving out of raw, and the address out of what mentions it. Returns how many of each."""
    removed = mentioned = 0
    tables = "select distinct source from leaving union select distinct source from mentioning order by 1"
    for (table,) in warehouse.execute(tables).fetchall():
        mentioned += _count(
            warehouse,
            f"""
            update raw."{table}" set record = {traces.redacted("record", "$pattern")}
            where (export_id, position) in (select (export_id, position) from mentioning where source = $table)
                and (export_id, position) not in (select (export_id, position) from leaving where source = $table)
            """,
            pattern=traces.pattern(email),
            table=table,
        )
        removed += _count(
            warehouse,
            f"""
            delete from raw."{table}"
            where (export_id, position) in (select (export_id, position) from leaving where source = $table)
            """,
            table=table,
        )
    # The run's id tells a build that an export is to be read again.
    warehouse.execute(
        "update pipeline.exports set run_id = $1 where export_id in (select export_id from mentioning)", [run_id]
    )
    warehouse.execute(
        """
        update pipeline.exports as exports set
            records = exports.records - gone.records, records_loaded = exports.records_loaded - gone.records,
            run_id = $run_id,
            status = case
                when exports.status in ('published', 'released') and exports.records_loaded = gone.records then 'erased'
                else exports.status
            end,
            reason = case when exports.records_loaded = gone.records then 'erased' else exports.reason end
        from (select export_id, count(distinct position) as records from leaving group by export_id) as gone
        where exports.export_id = gone.export_id
        """,
        {"run_id": run_id},
    )
    return removed, mentioned


def _agents_of_them_alone(warehouse: duckdb.DuckDBPyConnection, key: str) -> list[str]:
    """The user agents of people's programs that no other subscriber's events came from."""
    rows = warehouse.execute(
        """
        select records.user_agent_key
        from intermediate.int_email_event_records as records
        inner join intermediate.int_user_agent_kinds as kinds using (user_agent_key)
        where kinds.agent_kind = 'person'
        group by records.user_agent_key
        having bool_and(coalesce(records.subscriber_key = $key, false))
        """,
        {"key": key},
    ).fetchall()
    return [agent for (agent,) in rows]


def _forget_follow_ups(warehouse: duckdb.DuckDBPyConnection, key: str) -> int:
    theirs = "select follow_up_key from pipeline.follow_ups where subscriber_key = $key"
    for table in ("follow_up_deliveries", "follow_up_failures"):
        warehouse.execute(f"delete from pipeline.{table} where follow_up_key in ({theirs})", {"key": key})
    return _count(warehouse, "delete from pipeline.follow_ups where subscriber_key = $key", key=key)


def _count(warehouse: duckdb.DuckDBPyConnection, statement: str, **values) -> int:
    return warehouse.execute(statement, values).fetchone()[0]


def _without_lines(path: Path, goes: Callable[[str], bool], header: bool = False) -> int:
    """Take the lines that shall go out of a file of ours, at once. Returns how many."""
    if not path.exists():
        return 0
    gone = kept = 0
    with path.open(encoding="utf-8", newline="") as lines:
        for number, line in enumerate(lines):
            gone += goes(line)
            kept += not (header and number == 0)
    if not gone:
        return 0
    if gone == kept:
        path.unlink()
        return gone
    with path.open(encoding="utf-8", newline="") as lines:
        _write(path, (line for line in lines if not goes(line)))
    return gone


def _write(path: Path, lines: Iterable[str]) -> None:
    """Put lines in the place of a file, at once."""
    draft = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as file:
        file.writelines(lines)
    sync(draft)
    os.replace(draft, path)


def _file_holds(path: Path, settings: Settings, is_in: Callable[[str], bool]) -> bool | None:
    """Whether a file, or anything packed in it, holds what is looked for; None where it cannot be told."""
    spool, unknown = Spool(settings.work / f"search-{os.getpid()}"), False
    try:
        for part in unpack(path, spool, settings):
            if part.problem:
                unknown = True
                continue
            with part.content.open() as stream:
                if (part.member and is_in(part.member)) or _stream_holds(stream, is_in):
                    return True
    except (OSError, ContainerError):
        return None
    finally:
        spool.remove()
    return None if unknown else False


def _encodings(piece: bytes) -> Iterator[str]:
    """How bytes may have to be read."""
    yield "utf-8"
    if b"\0" in piece:
        yield from ("utf-16-le", "utf-16-be")
    elif not piece.isascii():
        yield "latin-1"


def _stream_holds(stream, is_in: Callable[[str], bool]) -> bool:
    """Whether bytes in UTF-8, Latin-1 or UTF-16 hold what is looked for; they are read in pieces that overlap."""
    rest = b""
    while block := stream.read(4 << 20):
        piece = rest + block
        if any(is_in(piece.decode(encoding, "replace")) for encoding in _encodings(piece)):
            return True
        rest = piece[-4096:]
    return False
