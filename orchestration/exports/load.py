"""Loading: the pending exports of one source, from the landing zone to raw or to the quarantine.

Belongs here: the order of things, and batches that keep memory and the number of transactions small. Does not belong
here: any decision; each has a module of its own.

Killed at any moment and started again, a load ends in the same ledger and the same raw: an export is unknown until the
transaction that publishes it, and everything before it is made again.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass, field, replace
from itertools import groupby
from pathlib import Path

import duckdb

from orchestration import due
from orchestration.checks.outcome import Outcome
from orchestration.exports import candidates, ledger, quarantine, readers
from orchestration.exports.avro import AvroError
from orchestration.exports.containers import Content, Part, Spool, unpack
from orchestration.exports.decisions import PUBLISHED, Decision, decide, held, refusals_by_export
from orchestration.exports.formats import HEAD_BYTES, FormatError, Kind, recognise
from orchestration.exports.json_lines import JsonLines
from orchestration.exports.json_text import is_strict
from orchestration.exports.landing import LandingFile, is_unchanged, list_files, settled
from orchestration.exports.landing_index import LandingIndex
from orchestration.exports.publishing import LedgerRow, publish
from orchestration.exports.quarantine import Rejected
from orchestration.settings import Settings
from orchestration.sources import SOURCES, Source, recognisable

Connect = Callable[[], AbstractContextManager[duckdb.DuckDBPyConnection]]
# (source, profile Parquet) -> what the first gate observed; `batch` of an outcome is the export_id.
Audit = Callable[[Source, Path], Sequence[Outcome]]

# A batch is one audit and one transaction. The bounds keep its share of memory and of the disk small.
MAX_EXPORTS = 10_000
MAX_BYTES_IN_MEMORY = 64_000_000
MAX_BYTES = 1_000_000_000

# Of a report, so that it does not grow with the number of exports.
MAX_HELD_NAMED = 200
MAX_OUTCOMES = 2_000


@dataclass(frozen=True)
class HeldExport:
    """An export that was held back, and why."""

    export_id: str
    file_name: str
    reason: str


@dataclass
class LoadReport:
    """What a load did. `known` counts exports that the ledger had already, under whatever name.

    `held` names the first of the exports held back, `outcomes` are what the first gate observed, the refusing ones
    first; both are bounded. `seconds` tells where the time went, by step.
    """

    source: str
    published: int = 0
    held_back: int = 0
    known: int = 0
    records_loaded: int = 0
    records_rejected: int = 0
    bytes: int = 0
    held: list[HeldExport] = field(default_factory=list)
    outcomes: list[Outcome] = field(default_factory=list)
    seconds: Counter[str] = field(default_factory=Counter)


@dataclass
class Incoming:
    """An export on its way: `held` is set where it can be neither read nor judged."""

    export_id: str
    file: LandingFile
    member: str | None
    content: Content | None
    held: Decision | None = None

    @property
    def file_name(self) -> str:
        """The printable name, that of the archive's member included."""
        return f"{self.file.name}/{self.member}" if self.member else self.file.name


def load_source(
    source: Source,
    connect: Connect,
    settings: Settings,
    run_id: str,
    audit: Audit,
    progress: Callable[[str], None] = lambda text: None,
    sources: Mapping[str, Source] = SOURCES,
) -> LoadReport:
    """Load what is pending of a source. `connect` opens the warehouse, which is held only while publishing.

    Raises OSError and duckdb.Error where the disk, the memory or the warehouse fails; what is wrong with an export
    never does.
    """
    with _loading(source, connect, settings, run_id, audit, progress, sources) as load:
        version = source.reader_version
        listed = list_files(settings.landing, source.source)
        pending = (file for file in listed if not load.index.knows(file, version))
        for file in settled(pending, settings.settle_seconds, settings.work):
            load.take(file)
        load.flush()
        return load.report


def release(
    export_id: str, reason: str, connect: Connect, settings: Settings, run_id: str, sources: Mapping[str, Source] = SOURCES
) -> str:
    """Let a held, refused or withdrawn export in although it was kept out: its readable records enter raw.

    `export_id` may be its unambiguous beginning. Returns the id. Raises ledger.LedgerError where that cannot be done.
    """
    with connect() as warehouse:
        ledger.create_schema(warehouse, sources)
        export = ledger.find(warehouse, export_id)
        ledger.demand_status(export, ("quarantined", "refused", "withdrawn"), "released")
        if export.status == "withdrawn":  # its records are still in raw
            due.mark(settings.home)
            return ledger.restore(warehouse, export.export_id, reason)
        row = LedgerRow(*warehouse.execute("select * from pipeline.exports where export_id = ?", [export.export_id]).fetchone())
    source, now = sources[export.source], settings.now()
    with _loading(source, connect, settings, run_id, lambda *_: (), lambda text: None, sources) as load:
        load.release(
            replace(
                row, status="released", reason=reason, reader_version=source.reader_version, run_id=run_id, published_at=now
            )
        )
    return export.export_id


def export_id(source: Source, content_sha256: str, name: str | None = None) -> str:
    """An export's identity: the SHA-256 (hex) over its source, its content's SHA-256 and, where given, a name."""
    parts = [source.source, content_sha256, *([name] if name is not None else [])]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


@contextmanager
def _loading(source, connect, settings, run_id, audit, progress, sources) -> Iterator[_Load]:
    scratch = Spool(settings.work / f"load-{source.source}-{os.getpid()}")
    try:
        with LandingIndex(settings) as index, closing(_reader(settings)) as reader:
            with connect() as warehouse:
                ledger.create_schema(warehouse, sources)
                index.follow(warehouse)
            yield _Load(source, connect, settings, run_id, audit, progress, sources, scratch, index, reader)
    finally:
        scratch.remove()


def _reader(settings: Settings) -> duckdb.DuckDBPyConnection:
    reader = duckdb.connect(
        config={
            "memory_limit": settings.memory_limit,
            "threads": settings.threads,
            "temp_directory": str(settings.work / "spill"),
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
        }
    )
    reader.execute("set TimeZone = 'UTC'")
    reader.create_function("is_strict_json", is_strict, ["VARCHAR"], "BOOLEAN")
    return reader


class _Load:
    """One load: the batch that is being gathered, and what it takes to publish it."""

    def __init__(self, source, connect, settings, run_id, audit, progress, sources, scratch, index, reader) -> None:
        self.source: Source = source
        self.index: LandingIndex = index
        self.report = LoadReport(source.source)
        self._connect: Connect = connect
        self._settings: Settings = settings
        self._run_id: str = run_id
        self._audit: Audit = audit
        self._progress: Callable[[str], None] = progress
        self._vendors = recognisable(sources)
        self._scratch: Spool = scratch
        self._reader: duckdb.DuckDBPyConnection = reader
        self._begin_batch()

    def _begin_batch(self) -> None:
        self._exports: dict[str, Incoming] = {}
        self._files: list[tuple[LandingFile, list[str]]] = []
        self._candidates: list[Path] = []
        self._rows: JsonLines | None = None
        self._bytes = self._bytes_in_memory = 0

    # --- gathering ---

    def take(self, file: LandingFile) -> None:
        """Add the exports of a file to the batch; publish whenever it is full."""
        ids: list[str] = []
        if file.problem:
            # Nothing of it was read: what identifies it is where it lies, and what is wrong.
            identity = export_id(self.source, f"{file.name}\0{file.problem}")
            if self._is_new(identity, ids):
                self._add(Incoming(identity, file, None, None, held(file.problem)))
            self._files.append((file, ids))
            return
        try:
            for part in unpack(file.path, self._scratch, self._settings):
                if not is_unchanged(file):
                    return
                self._take_part(file, part, ids)
                if self._is_full():
                    self.flush()
        except FileNotFoundError:
            return
        if is_unchanged(file):
            self._files.append((file, ids))

    def _take_part(self, file: LandingFile, part: Part, ids: list[str]) -> None:
        name = None
        if part.named:
            name = part.member
        elif self.source.names_carry_data:
            name = Path(part.member or file.name).name
        identity = export_id(self.source, part.content.sha256, name)
        if not self._is_new(identity, ids):
            self.report.known += 1
            self._scratch.discard(part.content.path)
            return
        incoming = Incoming(identity, file, part.member, part.content)
        if part.problem:
            incoming.held = held(part.problem)
        else:
            self._read(incoming)
        if is_unchanged(file):
            self._add(incoming)
        else:
            ids.remove(identity)

    def _is_new(self, identity: str, ids: list[str]) -> bool:
        ids.append(identity)
        if identity in self._exports:
            return False
        known = self.index.export(identity)
        return known is None or known.may_be_tried_again(self.source.reader_version)

    def _add(self, incoming: Incoming) -> None:
        self._exports[incoming.export_id] = incoming
        if incoming.content:
            self._bytes += incoming.content.size
            self._bytes_in_memory += len(incoming.content.data or b"")

    def _is_full(self) -> bool:
        return (
            len(self._exports) >= MAX_EXPORTS
            or self._bytes >= MAX_BYTES
            or self._bytes_in_memory >= MAX_BYTES_IN_MEMORY
        )

    # --- reading ---

    def _read(self, incoming: Incoming) -> None:
        """Bring the records of an export into a candidate; hold it where that cannot be done."""
        started = time.perf_counter()
        content = incoming.content
        try:
            form = recognise(content.head(HEAD_BYTES), complete=content.size <= HEAD_BYTES)
            scan = readers.scan(self._reader, content, form, self._scratch, self._settings.max_unpacked_bytes)
            if not (scan and self._scanned(incoming, scan, is_last_resort=form.kind is Kind.PARQUET)):
                self._spool(incoming, readers.read(content, form, self.source))
        except (FormatError, AvroError) as error:
            incoming.held = held(str(error))
        self.report.seconds["read"] += time.perf_counter() - started

    def _scanned(self, incoming: Incoming, scan: str, is_last_resort: bool) -> bool:
        path = self._scratch.new_path(".candidate.parquet")
        try:
            complete = candidates.from_scan(
                self._reader, scan, incoming.export_id, self.source, self._vendors, path
            )
        except duckdb.OutOfMemoryException:
            raise
        except duckdb.Error as error:
            if is_last_resort:
                raise FormatError("damaged: the file cannot be read to its end; export it again") from error
            complete = False
        if complete or is_last_resort:
            self._candidates.append(path)
            return True
        self._scratch.discard(path)
        return False

    def _spool(self, incoming: Incoming, records: Iterable) -> None:
        if self._rows is None:
            self._rows = JsonLines(self._scratch.new_path(".jsonl"))
        for position, record in enumerate(records, start=1):
            self._rows.write(
                {"export_id": incoming.export_id, "position": position, "record": record.text, "problem": record.problem}
            )

    # --- publishing ---

    def flush(self) -> None:
        """Judge, keep and publish what was gathered, and begin a new batch."""
        if self._exports:
            rows, outcomes = self._judged()
            self._publish(rows, outcomes)
            self._report(rows, outcomes)
        else:
            self.index.remember((), self._files)
        self._discard_batch()
        self._begin_batch()

    def release(self, row: LedgerRow) -> None:
        """Publish what is readable of an export that was kept out, against the gate. Raises ledger.LedgerError."""
        path = quarantine.folder(self._settings.quarantine, row.source, row.export_id) / quarantine.ORIGINAL
        parts = list(unpack(path, self._scratch, self._settings)) if path.exists() else []
        if [part.content.sha256 for part in parts] != [row.content_sha256]:
            raise ledger.LedgerError(
                f"Export {row.export_id} cannot be released: the quarantine does not hold it as it came in. Land it again."
            )
        (part,) = parts
        incoming = Incoming(row.export_id, LandingFile(row.source, path, row.file_name, 0, 0), row.member, part.content)
        incoming.held = held(part.problem) if part.problem else None
        if incoming.held is None:
            self._read(incoming)
        self._exports[row.export_id] = incoming
        self._finish_spool()
        counts = self._reader.execute(
            f"select count(*), count(problem) from {candidates.relation(self._candidates)}"
        ).fetchone() if self._candidates else (0, 0)  # fmt: skip
        if counts[0] == counts[1]:
            raise ledger.LedgerError(f"Export {row.export_id} cannot be released: none of its records is readable.")
        records, rejected = counts
        row = replace(row, records=records, records_loaded=records - rejected, records_rejected=rejected)
        self._publish([row], [], replace_known=True)

    def _judged(self) -> tuple[list[LedgerRow], list[Outcome]]:
        """The ledger rows of the batch, its held parts being in the quarantine already."""
        started = time.perf_counter()
        self._finish_spool()
        readable = [incoming for incoming in self._exports.values() if incoming.held is None]
        profiles, outcomes = self._profiles(readable)
        problems = self._problems()
        refusals = refusals_by_export(outcomes, profiles)
        rows = []
        for incoming in self._exports.values():
            profile = profiles.get(incoming.export_id)
            decision = incoming.held or decide(
                profile, refusals[incoming.export_id], problems.get(incoming.export_id, {})
            )
            rows.append(self._row(incoming, decision, profile))
        self.report.seconds["judge"] += time.perf_counter() - started
        self._keep(rows)
        return rows, outcomes

    def _finish_spool(self) -> None:
        if self._rows and self._rows.rows:
            path = self._scratch.new_path(".candidate.parquet")
            candidates.from_spool(self._reader, self._rows, self.source, self._vendors, path)
            self._candidates.append(path)

    def _profiles(self, readable: Sequence[Incoming]) -> tuple[dict[str, dict], list[Outcome]]:
        if not readable:
            return {}, []
        exports = JsonLines(self._scratch.new_path(".jsonl"))
        path = self._scratch.new_path(".profile.parquet")
        for incoming in readable:
            exports.write(
                {
                    "export_id": incoming.export_id,
                    "source": self.source.source,
                    "file_name": incoming.file_name,
                    "bytes": incoming.content.size,
                }
            )
        candidates.write_profile(self._reader, self._candidates, exports, self.source, self._settings, path)
        exports.close()
        outcomes = list(self._audit(self.source, path))
        cursor = self._reader.execute(f"select * from read_parquet('{path}')")
        names = [column[0] for column in cursor.description]
        profiles = (dict(zip(names, values, strict=True)) for values in cursor.fetchall())
        return {profile["export_id"]: profile for profile in profiles}, outcomes

    def _problems(self) -> dict[str, dict[str, int]]:
        """Of each export with unreadable records, how often which problem occurs, the most frequent first."""
        if not self._candidates:
            return {}
        rows = self._reader.execute(
            f"select export_id, problem, count(*) from {candidates.relation(self._candidates)} where problem is not null "
            "group by all order by export_id, count(*) desc, problem"
        ).fetchall()
        return {
            identity: {problem: count for _, problem, count in group}
            for identity, group in groupby(rows, key=lambda row: row[0])
        }

    def _row(self, incoming: Incoming, decision: Decision, profile: Mapping | None) -> LedgerRow:
        records = profile["records"] if profile else 0
        rejected = profile["rejected"] if profile else 0
        is_published = decision.status == PUBLISHED
        now = self._settings.now()
        return LedgerRow(
            export_id=incoming.export_id,
            source=self.source.source,
            file_name=incoming.file_name,
            member=incoming.member,
            path=f"landing/{self.source.source}/{incoming.file.name}",
            content_sha256=incoming.content.sha256 if incoming.content else None,
            bytes=incoming.content.size if incoming.content else 0,
            records=records,
            records_loaded=records - rejected if is_published else 0,
            records_rejected=rejected,
            status=decision.status,
            reason=decision.reason,
            reader_version=self.source.reader_version,
            run_id=self._run_id,
            seen_at=now,
            published_at=now if is_published else None,
        )

    def _keep(self, rows: Sequence[LedgerRow]) -> None:
        """Put into the quarantine what will not enter raw: whole exports, and the rejected records of others."""
        started = time.perf_counter()
        by_id = {row.export_id: row for row in rows}
        seen = set()
        for identity, group in self._rejected():
            if identity in by_id:  # else its file changed while it was read, and it is left for later
                seen.add(identity)
                self._keep_one(by_id[identity], group)
        for row in rows:
            if row.export_id not in seen:
                if row.status == PUBLISHED:
                    quarantine.forget(self._settings.quarantine, row.source, row.export_id)
                else:
                    self._keep_one(row, ())
        self.report.seconds["keep"] += time.perf_counter() - started

    def _keep_one(self, row: LedgerRow, rejected: Iterable[Rejected]) -> None:
        original = None if row.status == PUBLISHED else self._exports[row.export_id].content
        quarantine.keep(self._settings.quarantine, row.source, row.export_id, _report(row), rejected, original)

    def _rejected(self) -> Iterator[tuple[str, Iterator[Rejected]]]:
        """The unreadable records of each export that has any, in order of export_id and position."""
        if not self._candidates:
            return
        cursor = self._reader.execute(
            f"select export_id, position, problem, record from {candidates.relation(self._candidates)} "
            "where problem is not null order by export_id, position"
        )
        rows = (row for batch in iter(lambda: cursor.fetchmany(1_000), []) for row in batch)
        for identity, group in groupby(rows, key=lambda row: row[0]):
            yield identity, (Rejected(*row[1:]) for row in group)

    def _publish(self, rows: Sequence[LedgerRow], outcomes: Sequence[Outcome], replace_known: bool = False) -> None:
        started = time.perf_counter()
        due.mark(self._settings.home)
        with self._connect() as warehouse:
            known = publish(
                warehouse,
                self.source,
                rows,
                self._candidates,
                outcomes,
                salt=self._settings.salt,
                spool=self._scratch,
                replace=replace_known,
            )
        self.index.remember(known, self._files)
        self.report.seconds["publish"] += time.perf_counter() - started

    def _discard_batch(self) -> None:
        if self._rows:
            self._rows.close()
        for path in self._candidates:
            self._scratch.discard(path)
        for incoming in self._exports.values():
            if incoming.content:
                self._scratch.discard(incoming.content.path)

    def _report(self, rows: Sequence[LedgerRow], outcomes: Sequence[Outcome]) -> None:
        report = self.report
        for row in rows:
            report.bytes += row.bytes
            if row.status == PUBLISHED:
                report.published += 1
                report.records_loaded += row.records_loaded
                report.records_rejected += row.records_rejected
            else:
                report.held_back += 1
                if len(report.held) < MAX_HELD_NAMED:
                    report.held.append(HeldExport(row.export_id, row.file_name, row.reason))
        report.outcomes = sorted([*report.outcomes, *outcomes], key=lambda outcome: not outcome.refuses)[:MAX_OUTCOMES]
        self._progress(
            f"{report.source}: {report.published:,} exports with {report.records_loaded:,} records published, "
            f"{report.held_back:,} held back, {report.known:,} known already"
        )


def _report(row: LedgerRow) -> dict:
    """What a person finds beside the held parts of an export."""
    if row.status == PUBLISHED:
        what_next = "The export was published without these records. Mend and land them as a file of their own."
    else:
        what_next = (
            "The whole export was held back. Mend the cause and land it again; or, to let its readable records in as "
            f"they are, release {row.export_id}; or refuse it, to be told no more."
        )
    return {
        "export_id": row.export_id,
        "source": row.source,
        "file": row.path,
        "member": row.member,
        "status": row.status,
        "reason": row.reason,
        "records": row.records,
        "records_rejected": row.records_rejected,
        "what_next": what_next,
    }
