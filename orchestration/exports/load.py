"""Loading: the pending exports of one source, from the landing zone to raw or to the quarantine.

Belongs here: the order of things. Does not belong here: any decision; each has a module of its own.

Killed at any moment and started again, a load ends in the same ledger and the same raw: an export is unknown until the
transaction that publishes it, and everything before it is made again.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager
from dataclasses import dataclass, field, replace
from functools import cache, partial
from itertools import chain
from pathlib import Path
from typing import Any

import duckdb

from orchestration import due, logs
from orchestration.checks.outcome import Outcome
from orchestration.exports import ledger, quarantine
from orchestration.exports.batch import Batch, Incoming, open_reader
from orchestration.exports.containers import Part, Spool, unpack
from orchestration.exports.decisions import PUBLISHED, Decision, decide, held, refusals_by_export, unclaimed
from orchestration.exports.landing import (
    UNCLAIMED,
    UNCLAIMED_VERSION,
    LandingFile,
    fetched,
    files_of,
    is_unchanged,
    settled,
    unclaimed_files,
)
from orchestration.exports.landing_index import LandingIndex
from orchestration.exports.publishing import LedgerRow, publish
from orchestration.exports.quarantine import Rejected
from orchestration.exports.recognition import known_keys
from orchestration.personal_data.erasure import Forgotten, keep_out_of_quarantine
from orchestration.settings import Settings
from orchestration.sources import SOURCES, Source

Connect = Callable[[], AbstractContextManager[duckdb.DuckDBPyConnection]]
# (source, profile Parquet) -> what the first gate observed; `batch` of an outcome is the export_id.
Audit = Callable[[Source, Path], Sequence[Outcome]]

# Exports that a report names, held and published ones each, so that it does not grow with their number.
MAX_NAMED = 200
# Stands in for the declaration of files that no source claims: it recognises nothing and reads nothing.
_NO_SOURCE = Source(
    source=UNCLAIMED, description="", kind="", recognised_by=(), requires={}, reader_version=UNCLAIMED_VERSION
)


@dataclass(frozen=True)
class HeldExport:
    """An export that was held back, and why."""

    export_id: str
    file_name: str
    reason: str


@dataclass
class LoadReport:
    """What a load did. `known` counts exports that the ledger had already, under whatever name; `bytes` are unpacked.

    `held` names the first of the exports held back. `outcomes` are what the first gate observed of these, and of some
    published exports, those with a failed expectation first: of each export all of them or none. `seconds` tells where
    the time went: read, audit (the gate's own), keep, publish.
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
    _shown: set[str] = field(default_factory=set, repr=False)

    def add(self, rows: Sequence[LedgerRow], outcomes: Sequence[Outcome]) -> None:
        """Count exports that the ledger took, and keep what the gate observed of some."""
        for row in rows:
            self.bytes += row.bytes
            if row.status == PUBLISHED:
                self.published += 1
                self.records_loaded += row.records_loaded
                self.records_rejected += row.records_rejected
            else:
                self.held_back += 1
                if len(self.held) < MAX_NAMED:
                    self.held.append(HeldExport(row.export_id, row.file_name, row.reason))
        published = dict.fromkeys(row.export_id for row in rows if row.status == PUBLISHED)
        failed = dict.fromkeys(o.batch for o in outcomes if not o.success and o.batch in published)
        # Half of the places are kept for exports with something to tell.
        for identity in [*failed, *published]:
            if len(self._shown) < (MAX_NAMED if identity in failed else MAX_NAMED // 2):
                self._shown.add(identity)
        named = self._shown.intersection(published) | {export.export_id for export in self.held}
        self.outcomes += [outcome for outcome in outcomes if outcome.batch in named]

    def __str__(self) -> str:
        return (
            f"{self.source}: {self.published:,} exports with {self.records_loaded:,} records published, "
            f"{self.held_back:,} held back, {self.known:,} known already"
        )


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

    Where a source has no files at all, the warehouse is not even opened. Raises OSError and duckdb.Error where the
    disk, the memory or the warehouse fails; what is wrong with an export never does.
    """
    listed = files_of(settings, source.source)
    first = next(listed, None)
    if first is None:
        return LoadReport(source.source)
    with _loading(source, connect, settings, run_id, sources, audit, progress) as load:
        files = chain([first], listed)
        pending = (file for file in files if not load.index.knows(file, source.reader_version))
        for file in fetched(settled(pending, settings.settle_seconds, settings.work), load.spool):
            load.take(file)
        load.flush()
        return load.report


def hold_unclaimed(
    connect: Connect,
    settings: Settings,
    run_id: str,
    progress: Callable[[str], None] = lambda text: None,
    sources: Mapping[str, Source] = SOURCES,
) -> LoadReport:
    """Put the files that no source claims into the ledger and the quarantine, whole, each with its reason.

    Raises what `load_source` raises.
    """
    with _loading(_NO_SOURCE, connect, settings, run_id, sources, progress=progress) as load:
        listed = unclaimed_files(settings, sources)
        pending = (file for file in listed if not load.index.knows(file, UNCLAIMED_VERSION))
        for file in fetched(settled(pending, settings.settle_seconds, settings.work), load.spool):
            load.hold(file)
        load.flush()
        return load.report


def release(
    export_id: str,
    reason: str,
    connect: Connect,
    settings: Settings,
    run_id: str,
    sources: Mapping[str, Source] = SOURCES,
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
        found = warehouse.execute("select * from pipeline.exports where export_id = ?", [export.export_id])
        row = LedgerRow(*found.fetchone())
    if export.source not in sources:
        raise ledger.LedgerError(
            f"Export {export.export_id} cannot be released: no source reads it. Move the file to its source's folder."
        )
    source = sources[export.source]
    row = replace(
        row,
        status="released",
        reason=reason,
        reader_version=source.reader_version,
        run_id=run_id,
        published_at=settings.now(),
    )
    with _loading(source, connect, settings, run_id, sources) as load:
        load.release(row)
    return export.export_id


def export_id(source: Source, content_sha256: str, name: str | None = None) -> str:
    """An export's identity: the SHA-256 (hex) over its source, its content's SHA-256 and, where given, a name."""
    parts = [source.source, content_sha256, *([name] if name is not None else [])]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


@contextmanager
def _loading(
    source: Source,
    connect: Connect,
    settings: Settings,
    run_id: str,
    sources: Mapping[str, Source],
    audit: Audit = lambda source, profile: (),
    progress: Callable[[str], None] = lambda text: None,
) -> Iterator[_Load]:
    _remove_left_behind(settings.work)
    spool = Spool(settings.work / f"load-{source.source}-{os.getpid()}")
    try:
        with LandingIndex(settings) as index, ExitStack() as opened, _workers(settings.threads) as workers:
            with connect() as warehouse:
                ledger.create_schema(warehouse, sources)
                index.follow(warehouse)
                forgotten = Forgotten.of(warehouse, settings.salt)
            # Opened when there is something to read: most sources have nothing new in most runs.
            reader = cache(lambda: opened.enter_context(closing(open_reader(settings, sources))))
            new_batch = partial(Batch, source, settings, known_keys(sources), spool, reader, workers)
            yield _Load(source, sources, connect, settings, run_id, audit, progress, spool, index, new_batch, forgotten)
    finally:
        spool.remove()


@contextmanager
def _workers(threads: int) -> Iterator[ThreadPoolExecutor]:
    """Threads that stop at the end of what they are at, also where the load has failed."""
    workers = ThreadPoolExecutor(threads)
    try:
        yield workers
    finally:
        workers.shutdown(cancel_futures=True)


def _remove_left_behind(work: Path) -> None:
    """Remove what loads wrote whose process is gone: they were killed."""
    for folder in chain.from_iterable(work.glob(f"{name}-*") for name in ("load", "erase", "search")):
        try:
            os.kill(int(folder.name.rpartition("-")[2]), 0)
        except ProcessLookupError:
            shutil.rmtree(folder, ignore_errors=True)
        except PermissionError:  # alive, and somebody else's
            continue


class _Load:
    """One load: the batch that is being gathered, and what it takes to publish it."""

    def __init__(
        self,
        source: Source,
        sources: Collection[str],
        connect: Connect,
        settings: Settings,
        run_id: str,
        audit: Audit,
        progress: Callable[[str], None],
        spool: Spool,
        index: LandingIndex,
        new_batch: Callable[[], Batch],
        forgotten: Forgotten,
    ) -> None:
        self.index = index
        self.report = LoadReport(source.source)
        self._source = source
        self._sources = sources
        self._connect = connect
        self._settings = settings
        self._run_id = run_id
        self._audit = audit
        self._progress = progress
        self.spool = spool
        self._new_batch = new_batch
        self._forgotten = forgotten
        self._batch = new_batch()

    def take(self, file: LandingFile) -> None:
        """Add the exports of a file to the batch, and publish it whenever it is full."""
        ids: list[str] = []
        if file.problem:
            self._hold_unread(file, ids)
        else:
            try:
                for part in file.unpack(self.spool, self._settings):
                    if not is_unchanged(file):
                        return
                    self._take_part(file, part, ids)
                    self._flush_if_full()
            except FileNotFoundError:
                return
            if not is_unchanged(file):
                return
        self._batch.files.append((replace(file, content=None), ids))
        self._flush_if_full()

    def hold(self, file: LandingFile) -> None:
        """Add a file that no source claims to the batch, unopened, and publish that whenever it is full."""
        ids: list[str] = []
        if file.problem:
            self._hold_unread(file, ids)
        else:
            try:
                content = file.whole()
            except FileNotFoundError:
                return
            if not is_unchanged(file):
                return
            identity = export_id(self._source, content.sha256)
            if self._is_new(identity, ids):
                self._batch.add(Incoming(identity, file, None, content, unclaimed(file.name, self._sources)))
            else:
                self.report.known += 1
                self.spool.discard(content.path)
        self._batch.files.append((replace(file, content=None), ids))
        self._flush_if_full()

    def flush(self) -> None:
        """Judge, keep and publish what was gathered, and begin a new batch."""
        batch = self._batch
        if batch.exports:
            rows, outcomes = self._judged()
            self._keep(rows)
            taken = self._publish(rows, outcomes)
            self.report.known += len(rows) - len(taken)
            new = [row for row in rows if row.export_id in taken]
            self.report.add(new, outcomes)
            for row in new:
                tell = logs.info if row.status == PUBLISHED else logs.warning
                counts = {"records": row.records, "records_rejected": row.records_rejected, "bytes": row.bytes}
                about = {"run_id": self._run_id, "source": row.source, "export_id": row.export_id}
                tell(f"export {row.status}", **about, **counts)
        else:
            self.index.remember((), batch.files, self._source.reader_version)
        batch.discard()
        self.report.seconds += batch.seconds
        self._batch = self._new_batch()
        self._progress(str(self.report))

    def release(self, row: LedgerRow) -> None:
        """Publish what is readable of an export that was kept out, against the gate. Raises ledger.LedgerError."""
        path = quarantine.folder(self._settings.quarantine, row.source, row.export_id) / quarantine.ORIGINAL
        parts = list(unpack(path, self.spool, self._settings)) if path.exists() else []
        if [part.content.sha256 for part in parts] != [row.content_sha256]:
            raise ledger.LedgerError(
                f"Export {row.export_id} cannot be released: the quarantine does not hold it as it came in. "
                "Land it again."
            )
        (part,) = parts
        file = LandingFile(row.source, path, row.file_name, part.content.size, path.stat().st_mtime_ns)
        incoming = Incoming(row.export_id, file, row.member, part.content)
        if not part.problem:
            self._batch.read(incoming)
        self._batch.add(incoming)
        self._batch.finish()
        records, rejected = self._batch.count()
        if records == rejected:
            raise ledger.LedgerError(f"Export {row.export_id} cannot be released: none of its records is readable.")
        row = replace(row, records=records, records_loaded=records - rejected, records_rejected=rejected)
        self._publish([row], [], replace_known=True)
        self._keep([row])

    def _flush_if_full(self) -> None:
        if self._batch.is_full():
            self.flush()

    def _hold_unread(self, file: LandingFile, ids: list[str]) -> None:
        """Hold a file of which nothing can be read: what identifies it is where it lies, and what is wrong."""
        identity = export_id(self._source, f"{file.name}\0{file.problem}")
        if self._is_new(identity, ids):
            self._batch.add(Incoming(identity, file, None, None, held(file.problem)))

    def _take_part(self, file: LandingFile, part: Part, ids: list[str]) -> None:
        name = None
        if part.named:
            name = part.member
        elif self._source.names_carry_data:
            name = Path(part.member or file.name).name
        identity = export_id(self._source, part.content.sha256, name)
        if not self._is_new(identity, ids):
            self.report.known += 1
            self.spool.discard(part.content.path)
            return
        incoming = Incoming(identity, file, part.member, part.content)
        if part.problem:
            incoming.held = held(part.problem)
        else:
            self._batch.read(incoming)
        if is_unchanged(file):
            self._batch.add(incoming)
        else:
            # What was read of it stays with this batch: should the same content come again, it is read into another.
            self.flush()

    def _is_new(self, identity: str, ids: list[str]) -> bool:
        ids.append(identity)
        if identity in self._batch.exports:
            return False
        known = self.index.export(identity)
        return known is None or known.may_be_tried_again(self._source.reader_version)

    def _judged(self) -> tuple[list[LedgerRow], list[Outcome]]:
        """The ledger rows of the batch, and what the gate observed."""
        batch = self._batch
        batch.finish()
        profiles: dict[str, dict[str, Any]] = {}
        outcomes: list[Outcome] = []
        if path := batch.write_profile():
            with batch.timed("audit"):
                outcomes = list(self._audit(self._source, path))
            profiles = batch.profiles(path)
            self.spool.discard(path)
        refusals = refusals_by_export(outcomes, profiles)
        problems = batch.problems()
        rows = []
        for incoming in batch.exports.values():
            identity = incoming.export_id
            profile = profiles.get(identity, {"records": 0, "rejected": 0})
            decision = incoming.held or decide(profile, refusals[identity], problems.get(identity, {}), self._sources)
            rows.append(self._row(incoming, decision, profile["records"], profile["rejected"]))
        return rows, outcomes

    def _row(self, incoming: Incoming, decision: Decision, records: int, rejected: int) -> LedgerRow:
        is_published = decision.status == PUBLISHED
        now = self._settings.now()
        return LedgerRow(
            export_id=incoming.export_id,
            source=self._source.source,
            file_name=incoming.file_name,
            member=incoming.member,
            path=incoming.file.landed,
            content_sha256=incoming.content.sha256 if incoming.content else None,
            bytes=incoming.content.size if incoming.content else 0,
            records=records,
            records_loaded=records - rejected if is_published else 0,
            records_rejected=rejected,
            status=decision.status,
            reason=decision.reason,
            reader_version=self._source.reader_version,
            run_id=self._run_id,
            seen_at=now,
            published_at=now if is_published else None,
        )

    def _keep(self, rows: Sequence[LedgerRow]) -> None:
        """Put into the quarantine what will not enter raw: whole exports, and the rejected records of others."""
        with self._batch.timed("keep"):
            waiting = {row.export_id: row for row in rows}
            for identity, rejected in self._batch.rejected():
                if identity in waiting:  # else its file changed while it was read, and is left for later
                    self._keep_one(waiting.pop(identity), rejected)
            for row in waiting.values():
                if row.status in ledger.READ_STATUSES:
                    quarantine.forget(self._settings.quarantine, row.source, row.export_id)
                else:
                    self._keep_one(row, ())

    def _keep_one(self, row: LedgerRow, rejected: Iterable[Rejected]) -> None:
        original = None if row.status in ledger.READ_STATUSES else self._batch.exports[row.export_id].content
        keep_out = partial(keep_out_of_quarantine, erased=self._forgotten, settings=self._settings)
        told = {
            key: self._forgotten.without(value) if isinstance(value, str) else value
            for key, value in _told(row).items()
        }
        quarantine.keep(self._settings.quarantine, row.source, row.export_id, told, rejected, original, keep_out)

    def _publish(self, rows: Sequence[LedgerRow], outcomes: Sequence[Outcome], replace_known: bool = False) -> set[str]:
        """Publish the batch; returns the ids of the exports that the ledger took."""
        with self._batch.timed("publish"):
            due.mark(self._settings.home)
            with self._connect() as warehouse:
                taken, known = publish(
                    warehouse,
                    self._source,
                    rows,
                    self._batch.candidates,
                    outcomes,
                    salt=self._settings.salt,
                    spool=self.spool,
                    replace_known=replace_known,
                )
            self.index.remember(known, self._batch.files, self._source.reader_version)
        return taken


def _told(row: LedgerRow) -> dict[str, Any]:
    """What a person finds beside the held parts of an export."""
    if row.status in ledger.READ_STATUSES:
        what_next = "The export was published without these records. Mend and land them as a file of their own."
    elif row.source == UNCLAIMED:
        what_next = (
            "The file was not read. Move it to the folder of its source; or declare the source; or refuse "
            f"{row.export_id}, to be told no more."
        )
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
