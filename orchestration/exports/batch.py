"""A batch: exports on their way, read into candidates, with what the gate and the quarantine need to know of them.

Belongs here: reading exports into few candidate files, and questions to these. Does not belong here: where exports come
from and where they go (`load.py`).

DuckDB reads one file of a few megabytes on one core: the exports that it reads are handed to workers, while the next
are unpacked and hashed. `finish` waits for them, and gives what DuckDB could not read to our own readers.
"""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future
from contextlib import closing, contextmanager
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

import duckdb

from orchestration.confinement import NO_EXTENSIONS, confine
from orchestration.exports import candidates, readers, sql
from orchestration.exports.avro import AvroError
from orchestration.exports.containers import Content, Spool
from orchestration.exports.decisions import Decision, held
from orchestration.exports.formats import HEAD_BYTES, Format, FormatError, Kind, recognise
from orchestration.exports.json_lines import JsonLines
from orchestration.exports.json_text import CONTINUED, Record
from orchestration.exports.landing import LandingFile, is_unchanged
from orchestration.exports.quarantine import Rejected
from orchestration.exports.recognition import owner_of
from orchestration.exports.slices import SliceSpool, slices
from orchestration.exports.strict_json import is_strict
from orchestration.settings import Settings
from orchestration.sources import SOURCES, Source

# A batch is one audit and one transaction. The bounds keep its share of memory and of the disk small.
MAX_EXPORTS = 10_000
MAX_BYTES_IN_MEMORY = 64_000_000
MAX_BYTES = 1_000_000_000
# What DuckDB reads of a text at once. Of less there is nothing to share among threads, and several that write in order
# copy every record once more.
BUFFER_BYTES = 32_000_000
_IN_UTC = "set TimeZone = 'UTC'"
# What a column is called: a few words, no sentence.
_COLUMN_NAME = re.compile(r"[\w()/#%.-]{1,64}( [\w()/#%.-]{1,64}){0,3}")


@dataclass(frozen=True)
class _Judged:
    """What a worker made: a candidate, where there is one, and the exports that are not in it.

    `unread` holds the reason to hold such an export, or none where our own readers may find more in it than DuckDB.
    """

    candidate: Path | None
    unread: Mapping[str, str | None]


@dataclass
class Incoming:
    """An export on its way: `held` is set where it can be neither read nor judged, `content` where there is any."""

    export_id: str
    file: LandingFile
    member: str | None
    content: Content | None
    held: Decision | None = None

    @property
    def file_name(self) -> str:
        """The printable name, that of the archive's member included."""
        return f"{self.file.name}/{self.member}" if self.member else self.file.name


class Batch:
    """Exports by id, and the files whose exports are all in this batch or in earlier ones, with their ids."""

    def __init__(
        self,
        source: Source,
        settings: Settings,
        known_keys: frozenset[str],
        spool: Spool,
        reader: Callable[[], duckdb.DuckDBPyConnection],
        workers: Executor,
    ) -> None:
        self.exports: dict[str, Incoming] = {}
        self.files: list[tuple[LandingFile, list[str]]] = []
        self.candidates: list[Path] = []
        self.seconds: Counter[str] = Counter()
        self._source = source
        self._settings = settings
        self._known_keys = known_keys
        self._spool = spool
        self._open_reader = reader
        self._workers = workers
        self._at_work: list[Future[_Judged]] = []
        self._slices: SliceSpool | None = None
        self._rows: JsonLines | None = None
        self._bytes = self._bytes_in_memory = 0

    def add(self, incoming: Incoming) -> None:
        """Take an export in, after it was read or held."""
        self.exports[incoming.export_id] = incoming
        if incoming.content:
            self._bytes += incoming.content.size
            self._bytes_in_memory += len(incoming.content.data or b"")

    def is_full(self) -> bool:
        """Whether it is time to publish."""
        return (
            max(len(self.exports), len(self.files)) >= MAX_EXPORTS
            or self._bytes >= MAX_BYTES
            or self._bytes_in_memory >= MAX_BYTES_IN_MEMORY
        )

    def read(self, incoming: Incoming) -> None:
        """Bring the records of an export into a candidate, by `finish` at the latest; hold it where that fails."""
        with self.timed("read"), self._holding(incoming):
            content = incoming.content
            form = _form(content)
            limit = self._settings.max_unpacked_bytes
            if readers.takes(content, form, self._source):
                scan = readers.as_lines(content, form, self._source, self._spool, limit)
            elif self._cut(incoming, form):
                return
            else:
                scan = readers.scan(self._reader, content, form, self._spool, limit)
            if scan:
                if content.size > BUFFER_BYTES:
                    self._share_among_threads()
                self._hand_over(self._scan, incoming, scan, form)
            else:
                self._read_patiently(incoming, form)

    def finish(self) -> None:
        """Wait for what is being read, and read the rest patiently: nothing is read after this.

        A file that changed before DuckDB had read it is left out, and met again as it is then.
        """
        with self.timed("read"):
            self._hand_over_slices()
            judged = [worker.result() for worker in self._at_work]
            self._at_work.clear()
            self._leave_out_changed_files()
            self.candidates += [work.candidate for work in judged if work.candidate]
            for export_id, problem in (item for work in judged for item in work.unread.items()):
                if incoming := self.exports.get(export_id):
                    self._read_instead(incoming, problem)
            if self._rows and self._rows.rows:
                path = self._spool.new_path(".candidate.parquet")
                candidates.from_spool(self._reader, self._rows, self._source, path)
                self.candidates.append(path)

    def write_profile(self) -> Path | None:
        """The profile of all exports that were read; None where none was."""
        readable = [incoming for incoming in self.exports.values() if incoming.held is None]
        if not readable:
            return None
        path = self._spool.new_path(".profile.parquet")
        exports = JsonLines(self._spool.new_path(".jsonl"))
        for incoming in readable:
            exports.write(
                {
                    "export_id": incoming.export_id,
                    "source": self._source.source,
                    "file_name": incoming.file_name,
                    "bytes": incoming.content.size,
                }
            )
        candidates.write_profile(self._reader, self.candidates, exports, self._source, self._settings, path)
        exports.close()
        return path

    def profiles(self, path: Path) -> dict[str, dict[str, Any]]:
        """The rows of a profile by export_id."""
        cursor = self._reader.execute(f"select * from read_parquet({sql.file_to_read(path)})")
        names = [column[0] for column in cursor.description]
        rows = (dict(zip(names, values, strict=True)) for values in cursor.fetchall())
        return {row["export_id"]: row for row in rows}

    def problems(self) -> dict[str, dict[str, int]]:
        """Of each export with unreadable records, how often which problem occurs, the most frequent first."""
        if not self.candidates:
            return {}
        rows = self._reader.execute(
            f"select export_id, problem, count(*) from {candidates.relation(self.candidates)} "
            f"where problem is not null and {candidates.BEGINS} group by all order by export_id, count(*) desc, problem"
        ).fetchall()
        return {
            identity: {problem: count for _, problem, count in group}
            for identity, group in groupby(rows, key=lambda row: row[0])
        }

    def rejected(self) -> Iterator[tuple[str, Iterator[Rejected]]]:
        """The unreadable records of each export that has any, in order of export_id and position.

        One that is too long comes in pieces: the problem of the first is its reason, those of the others number them.
        """
        if not self.candidates:
            return
        cursor = self._reader.execute(
            f"select export_id, position, problem, record from {candidates.relation(self.candidates)} "
            f"where problem is not null order by export_id, position, not {candidates.BEGINS}, problem"
        )
        rows = (row for rows in iter(lambda: cursor.fetchmany(100), []) for row in rows)
        for identity, group in groupby(rows, key=lambda row: row[0]):
            yield identity, (Rejected(*row[1:]) for row in group)

    def count(self) -> tuple[int, int]:
        """How many records there are, and how many of them are not readable."""
        if not self.candidates:
            return 0, 0
        records = candidates.relation(self.candidates)
        counts = f"select count(*), count(problem) from {records} where {candidates.BEGINS}"
        return self._reader.execute(counts).fetchone()

    def discard(self) -> None:
        """Remove everything it wrote."""
        for spooled in (self._slices, self._rows):
            if spooled:
                spooled.close()
        for path in self.candidates:
            self._spool.discard(path)
        for incoming in self.exports.values():
            if incoming.content:
                self._spool.discard(incoming.content.path)

    @contextmanager
    def timed(self, step: str) -> Iterator[None]:
        """Add what happens inside to the time of a step."""
        started = time.perf_counter()
        yield
        self.seconds[step] += time.perf_counter() - started

    @property
    def _reader(self) -> duckdb.DuckDBPyConnection:
        return self._open_reader()

    def _share_among_threads(self) -> None:
        """Have DuckDB share every further piece of work among its threads."""
        self._reader.execute(f"set threads = {self._settings.threads}")

    @contextmanager
    def _holding(self, incoming: Incoming) -> Iterator[None]:
        """Hold an export when what happens inside finds that nothing of it can be read."""
        try:
            yield
        except (FormatError, AvroError) as error:
            incoming.held = held(str(error))

    def _hand_over(self, work: Callable[..., _Judged], *arguments: Any) -> None:
        """Have a worker do something with a connection of its own, which takes a path for a candidate."""
        path = self._spool.new_path(".candidate.parquet")
        reader = self._reader.cursor()
        reader.execute(_IN_UTC)  # a cursor begins with the machine's time zone

        def working() -> _Judged:
            with closing(reader):
                return work(reader, path, *arguments)

        self._at_work.append(self._workers.submit(working))

    def _scan(
        self,
        reader: duckdb.DuckDBPyConnection,
        path: Path,
        incoming: Incoming,
        scan: readers.Scan,
        form: Format,
    ) -> _Judged:
        """What DuckDB reads of an export: all of it, record by record, or nothing."""
        export_id = incoming.export_id
        # Nobody but DuckDB reads Parquet: what it reads stands, and what it does not is lost.
        is_last_resort = form.kind is Kind.PARQUET
        try:
            if candidates.from_scan(reader, scan, export_id, self._source, path) or is_last_resort:
                return _Judged(path, {})
        except duckdb.Error as error:
            if _has_changed(incoming):
                return _Judged(None, {})  # removed, perhaps: `finish` leaves it out
            if not is_of_the_export(error):
                raise
            if is_last_resort:
                return _Judged(None, {export_id: "damaged: the file cannot be read to its end; export it again"})
        finally:
            self._spool.discard(scan.spooled)
        self._spool.discard(path)
        return _Judged(None, {export_id: None})

    def _cut(self, incoming: Incoming, form: Format) -> bool:
        """Whether the export is text that is cut at plain separators: small ones are judged together, later."""
        if self._slices is None:
            self._slices = SliceSpool(self._spool.new_path(".slices"))
        before = self._slices.count
        for texts in slices(incoming.content, form):
            self._slices.write(incoming.export_id, 1 + self._slices.count - before, texts)
        if self._slices.count == before:
            return False
        if incoming.content.data is None:
            self._hand_over_slices()
        return True

    def _hand_over_slices(self) -> None:
        if self._slices and self._slices.count:
            if self._slices.chars > BUFFER_BYTES:
                self._share_among_threads()
            self._hand_over(self._judge_slices, self._slices)
            self._slices = None

    def _judge_slices(self, reader: duckdb.DuckDBPyConnection, path: Path, cut: SliceSpool) -> _Judged:
        unread = candidates.from_slices(reader, cut, self._source, path)
        cut.close()
        return _Judged(path, dict.fromkeys(unread))

    def _leave_out_changed_files(self) -> None:
        """Leave out what DuckDB read where it landed and may have read otherwise than it was hashed.

        Files with the same content go with it: that content has no candidate.
        """
        changed = {incoming.export_id for incoming in self.exports.values() if _has_changed(incoming)}
        if changed:
            self.exports = {key: incoming for key, incoming in self.exports.items() if key not in changed}
            self.files = [(file, ids) for file, ids in self.files if changed.isdisjoint(ids)]

    def _read_instead(self, incoming: Incoming, problem: str | None) -> None:
        """Read patiently what DuckDB did not read, or hold it for the reason why nobody can."""
        with self._holding(incoming):
            if problem:
                raise FormatError(problem)
            self._read_patiently(incoming, _form(incoming.content))

    def _read_patiently(self, incoming: Incoming, form: Format) -> None:
        """Spool what our own readers find. Raises FormatError or AvroError where nothing can be read at all."""
        records = self._write(incoming, readers.read(incoming.content, form, self._source))
        if not records and form.kind is Kind.DELIMITED:
            self._demand_header(readers.header(incoming.content, form))

    def _write(self, incoming: Incoming, records: Iterable[Record]) -> int:
        """Spool the records of an export; returns how many there are."""
        if self._rows is None:
            self._rows = JsonLines(self._spool.new_path(".jsonl"))
        position = 0
        for text, problem in records:
            if problem is None or not problem.startswith(CONTINUED):
                position += 1
            row = {"export_id": incoming.export_id, "position": position, "record": text, "problem": problem}
            self._rows.write(row)
        return position

    def _demand_header(self, names: Sequence[str]) -> None:
        """Raise FormatError where the only line of a text heads no table: a message perhaps, or a stray note."""
        if self._known_keys.isdisjoint(names) and (len(names) < 2 or not all(map(_COLUMN_NAME.fullmatch, names))):
            raise FormatError("unknown format: one line of text, and no header of a table")


def _has_changed(incoming: Incoming) -> bool:
    """Whether an export that is read where it landed is no longer there as it was."""
    content = incoming.content
    is_in_place = content is not None and content.path is not None and content.path == incoming.file.path
    return is_in_place and not is_unchanged(incoming.file)


def _form(content: Content) -> Format:
    return recognise(content.head(HEAD_BYTES), complete=content.size <= HEAD_BYTES)


def open_reader(
    settings: Settings, sources: Mapping[str, Source] = SOURCES, *, folders: Iterable[Path] | None = None
) -> duckdb.DuckDBPyConnection:
    """The in-memory DuckDB that reads exports, within the memory of the settings, by one thread for each caller.

    It can touch files below `folders` alone: by default those where exports come from and what is made of them.
    """
    reader = duckdb.connect(
        config={
            "memory_limit": settings.memory_limit,
            "threads": 1,
            "temp_directory": str(settings.work / "spill"),
            **NO_EXTENSIONS,
        }
    )
    confine(reader, folders or [settings.landing, settings.work, settings.quarantine])
    reader.execute(_IN_UTC)
    reader.create_function("is_strict_json", is_strict, ["VARCHAR"], "BOOLEAN")
    reader.create_function("owner_of", owner_of(sources), ["VARCHAR", "VARCHAR"], "VARCHAR")
    return reader


def is_of_the_export(error: duckdb.Error) -> bool:
    """Whether DuckDB's complaint is about what it reads: memory, disk and our own SQL are never an export's fault."""
    about_input = (duckdb.InvalidInputException, duckdb.ConversionException, duckdb.SerializationException)
    return isinstance(error, about_input) or type(error) is duckdb.Error  # the latter is what its CSV reader raises
