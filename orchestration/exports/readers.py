"""The records of an export: by DuckDB where it is large and clean, by our own patient readers otherwise.

Belongs here: which reader takes what, and DuckDB's options, all of them explicit. Does not belong here: judging records
(`candidates.py`), cutting text (`json_text.py`, `delimited.py`, `form_posts.py`, `avro.py`).

DuckDB reads a gigabyte in a second and gives up, or leaves a hole, at the first damaged record. A small export costs
more to open as a scan of its own than to read here, and here every damaged piece keeps its text and its reason. Both
give the same records: a test holds them against each other.
"""

from __future__ import annotations

import codecs
import io
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import BinaryIO

import duckdb

from orchestration.exports import avro, delimited, form_posts, json_text, sql
from orchestration.exports.at_sight import ANY_KEY, AtSight
from orchestration.exports.containers import Content, Spool
from orchestration.exports.cutting import Cutter, Piece
from orchestration.exports.formats import HEAD_BYTES, Format, FormatError, Kind
from orchestration.exports.json_text import Record
from orchestration.exports.strict_json import value_end
from orchestration.sources import Source

# No export has more columns; each costs DuckDB memory and time beyond what it holds.
MAX_COLUMNS = 2_000
_LINES_AT_ONCE = 1000
_CHUNK_CHARS = 8 * 1024 * 1024
# What no cell holds: with it, an empty cell stays an empty text and only a missing one is null.
_NO_CELL = "\x01absent\x01"
# What a JSON string holds as an escape only.
_ESCAPED = r'["\\\x00-\x1f]'


@dataclass(frozen=True)
class Scan:
    """How DuckDB reads an export: a table expression with the column `record`, in order, null where it read nothing.

    `is_ours` says that we made the records, so that each is strict JSON and none is a page; `spooled` is a file that we
    wrote for it, for the caller to discard. Where records were built of a row's text cells, `cells` names the columns
    of these by their keys in the record. `keys` are all that any record has at its top, None where we do not know.
    """

    table: str
    is_ours: bool = False
    cells: Mapping[str, str] | None = None
    keys: frozenset[str] | None = None
    spooled: Path | None = None


def scan(reader: duckdb.DuckDBPyConnection, content: Content, form: Format, spool: Spool, limit: int) -> Scan | None:
    """How DuckDB reads the content.

    None where the content is small, or DuckDB has no reader for it (see `takes`). Raises FormatError for a Parquet file
    that is damaged or holds more than `limit` bytes.
    """
    if form.kind is Kind.PARQUET:
        path = sql.file_to_read(spool.alias(content.path or _written(content, spool)))
        _demand_sound_parquet(reader, path, limit)
        return Scan(f"(select to_json(parquet_row)::varchar as record from {_parquet(reader, path)} as parquet_row)")
    if content.path is None:
        return None
    if form.encoding not in ("utf-8", "utf-8-sig"):
        return _scan_in_utf8(reader, content, form, spool, limit)
    path = sql.file_to_read(spool.alias(content.path))
    if form.kind is Kind.JSON_LINES:
        return _json_scan(path, "newline_delimited")
    if form.kind is Kind.JSON:
        first = content.head(4096).lstrip(codecs.BOM_UTF8 + b" \t\r\n")[:1]
        return _json_scan(path, "array" if first == b"[" else "unstructured")
    if form.kind is Kind.DELIMITED:
        return _delimited_scan(content, form, path)
    return None


def _scan_in_utf8(
    reader: duckdb.DuckDBPyConnection, content: Content, form: Format, spool: Spool, limit: int
) -> Scan | None:
    """How DuckDB reads text in another encoding: spooled in its own. None where it is damaged."""
    path = spool.new_path(".text")
    try:
        with path.open("w", encoding="utf-8", newline="") as file:
            file.writelines(_chunks(content, form.encoding, "strict"))
    except UnicodeError:
        spool.discard(path)
        return None
    found = scan(reader, Content(path.stat().st_size, "", path=path), replace(form, encoding="utf-8"), spool, limit)
    return replace(found, spooled=path) if found else None


def as_lines(content: Content, form: Format, source: Source, spool: Spool, limit: int) -> Scan | None:
    """How DuckDB reads what it has no reader for (Avro, forms, records within objects): spooled as JSON lines.

    None where the content is small, and where a record is damaged or spans lines: `read` then gives what is whole and
    says what is not. Raises AvroError where nothing can be read at all, and FormatError where the records
    take more than `limit` bytes.
    """
    if content.path is None:
        return None
    path = spool.new_path(".jsonl")
    keys: set[str] = set()
    try:
        with path.open("wb") as file:
            _write_lines(file, _lines_of(content, form, source, keys), limit)
    except (_NoLines, avro.Broken):
        spool.discard(path)
        return None
    except (avro.AvroError, FormatError):
        spool.discard(path)
        raise
    scan = _json_scan(sql.file_to_read(path), "newline_delimited")
    return replace(scan, is_ours=True, spooled=path, keys=None if ANY_KEY in keys else frozenset(keys))


class _NoLines(ValueError):
    """A record that is no line by itself."""


def _lines_of(content: Content, form: Format, source: Source, keys: set[str]) -> Iterator[bytes]:
    """The records, each one line; into `keys` go all that stand at the top of any, or ANY_KEY."""
    cutter = Cutter.of(source)
    if form.kind is Kind.AVRO:
        with content.open() as file:
            yield from avro.lines(file, keys)
    elif form.kind is Kind.FORM:
        with _lines(content, form.encoding, _leniency(form.encoding)) as lines:
            yield from _sound(form_posts.records(lines, cutter, keys))
    elif form.kind in (Kind.JSON, Kind.JSON_LINES) and _is_read_at_sight(content, form, cutter):
        at_sight = AtSight(cutter, keys)
        with _lines(content, form.encoding, _leniency(form.encoding)) as lines:
            while line := lines.readline(json_text.MAX_RECORD_CHARS):
                found = at_sight.records(line)
                if found is None:
                    keys.add(ANY_KEY)
                    yield from _sound(json_text.records([line], cutter))
                else:
                    yield from map(str.encode, found)
    else:
        keys.add(ANY_KEY)
        yield from _sound(read(content, form, source))


def _sound(records: Iterator[Record]) -> Iterator[bytes]:
    for text, problem in records:
        if problem is not None or "\n" in text or "\r" in text:
            raise _NoLines
        yield text.encode()


def _is_read_at_sight(content: Content, form: Format, cutter: Cutter) -> bool:
    """Whether the first line promises that each is a text by itself; one that is none shows as a damaged record."""
    with _lines(content, form.encoding, _leniency(form.encoding)) as lines:
        return AtSight(cutter).records(lines.readline(json_text.MAX_RECORD_CHARS)) is not None


def _write_lines(file: BinaryIO, lines: Iterator[bytes], limit: int) -> None:
    size = 0
    while some := list(islice(lines, _LINES_AT_ONCE)):
        size += file.write(b"\n".join(some) + b"\n")
        if size > limit:
            raise FormatError(f"too large: the file holds records of more than {limit:,} bytes; split it")


def read(content: Content, form: Format, source: Source) -> Iterator[Record]:
    """The records by our own readers. Raises FormatError or AvroError where nothing can be read at all."""
    if form.kind is Kind.EMPTY:
        return
    if form.kind is Kind.AVRO:
        with content.open() as file:
            yield from avro.records(file)
    elif form.kind is Kind.DELIMITED:
        with _lines(content, _text_encoding(content, form.encoding)) as lines:
            yield from delimited.records(lines, form.delimiter)
    elif form.kind is Kind.FORM:
        with _lines(content, form.encoding, _leniency(form.encoding)) as lines:
            yield from form_posts.records(lines, Cutter.of(source))
    elif form.kind is Kind.MULTIPART:
        with content.open() as file:
            yield from form_posts.multipart_records(file, Cutter.of(source))
    else:
        yield from json_text.records(_chunks(content, form.encoding), Cutter.of(source))


def takes(content: Content, form: Format, source: Source) -> bool:
    """Whether our own readers take the content, since DuckDB has none for it.

    Avro, forms, and JSON text that opens with an object to be cut (a page, an envelope).
    """
    if form.kind in (Kind.AVRO, Kind.FORM, Kind.MULTIPART):
        return True
    cutter = Cutter.of(source)
    if form.kind not in (Kind.JSON, Kind.JSON_LINES, Kind.JSON_ARRAYS) or not cutter.finds_records_within_objects:
        return False
    head = content.head(HEAD_BYTES).decode("utf-8", "ignore")
    first = value_end(head, head.find("{"))
    if first is None:
        return cutter.names_a_key_in(head)  # longer than the head, as pages are
    value, end = first
    return isinstance(value, dict) and cutter.cut(Piece(value, head[head.find("{") : end])) is not None


def header(content: Content, form: Format) -> list[str]:
    """The column names of delimited text."""
    with _lines(content, form.encoding, "replace") as lines:
        return delimited.header(lines, form.delimiter)


def _json_scan(path: str, layout: str) -> Scan:
    # `ignore_errors` leaves a null where a line is damaged; in the other layouts it is an error, and `read` takes over.
    ignore = "true" if layout == "newline_delimited" else "false"
    return Scan(
        f"(select json::varchar as record from read_json_objects({path}, format = '{layout}', "
        f"ignore_errors = {ignore}, compression = 'uncompressed', maximum_object_size = {json_text.MAX_RECORD_CHARS}))"
    )


def _parquet(reader: duckdb.DuckDBPyConnection, path: str) -> str:
    """A Parquet file as a table expression.

    A warehouse that folds names to upper case has lost how they were written: they are read in lower case.
    """
    rows = f"read_parquet({path})"
    names = [name for name, *_ in reader.execute(f"describe select * from {rows}").fetchall()]
    if any(name != name.upper() for name in names):
        return rows
    return f"(select {', '.join(f'{sql.name(name)} as {sql.name(name.lower())}' for name in names)} from {rows})"


def _demand_sound_parquet(reader: duckdb.DuckDBPyConnection, path: str, limit: int) -> None:
    try:
        rows, size = reader.execute(
            f"select (select sum(num_rows) from parquet_file_metadata({path})), "
            f"(select sum(total_uncompressed_size) from parquet_metadata({path}))"
        ).fetchone()
    except duckdb.Error as error:
        raise FormatError("damaged: the Parquet file cannot be read to its end; export it again") from error
    # A row is at least two bytes of text, however little a column of equal values takes.
    if max(size or 0, 2 * (rows or 0)) > limit:
        raise FormatError(f"too large: the Parquet file holds more than {limit:,} bytes; split it")


def _delimited_scan(content: Content, form: Format, path: str) -> Scan | None:
    names = header(content, form)
    if not names:
        return None
    if len(names) > MAX_COLUMNS:
        raise FormatError(f"too many columns: the table has {len(names):,}, the limit is {MAX_COLUMNS:,}")
    cells = [f"c{number}" for number in range(len(names))]
    columns = ", ".join(f"{sql.text(cell)}: 'varchar'" for cell in cells)
    rows = (
        f"read_csv({path}, columns = {{{columns}}}, "
        f"auto_detect = false, header = true, delim = {sql.text(form.delimiter)}, quote = '\"', escape = '\"', "
        f"nullstr = {sql.text(_NO_CELL)}, null_padding = false, strict_mode = true, ignore_errors = false, "
        f"comment = ''{_new_line(content)}, encoding = 'utf-8', compression = 'uncompressed', "
        f"max_line_size = {json_text.MAX_RECORD_CHARS})"
    )
    record = _object_of(dict(zip(names, cells, strict=True)))
    listed = ", ".join(cells)
    table = (
        f"(select {listed}, {record} as record from (select *, concat({listed}) as row_text from {rows}) "
        f"where regexp_matches(row_text, '\\S'))"
    )
    return Scan(table, is_ours=True, cells=dict(zip(names, cells, strict=True)))


def _object_of(cells: Mapping[str, str]) -> str:
    """SQL for a row's cells as the text of an object. Most rows hold nothing to be escaped: these are just joined."""
    keys = [json.dumps(name, ensure_ascii=False) for name in cells]
    beginnings = [("{" if not number else '",') + key + ':"' for number, key in enumerate(keys)]
    joined = ", ".join(f"{sql.text(key)}, {cell}" for key, cell in zip(beginnings, cells.values(), strict=True))
    encoded = ", ".join(f"{sql.text(name)}, {cell}" for name, cell in cells.items())
    missing = " or ".join(f"{cell} is null" for cell in cells.values())
    return (
        f"case when regexp_matches(row_text, {sql.text(_ESCAPED)}) or {missing} then json_object({encoded})::varchar "
        f"else concat({joined}, '\"}}') end"
    )


def _new_line(content: Content) -> str:
    """The option that names the line's end. Named as CRLF, with strict_mode, DuckDB 1.5 reads no line at all."""
    return "" if b"\r\n" in content.head(_CHUNK_CHARS // 64) else ", new_line = '\\n'"


def _chunks(content: Content, encoding: str, errors: str = "") -> Iterator[str]:
    decoder = codecs.getincrementaldecoder(encoding)(errors or _leniency(encoding))
    with content.open() as file:
        while block := file.read(_CHUNK_CHARS):
            yield decoder.decode(block)
    yield decoder.decode(b"", final=True)


def _leniency(encoding: str) -> str:
    """How bytes that are no text are kept: as themselves, or, where an encoding has no way to, as the sign for it."""
    return "surrogateescape" if encoding.startswith("utf-8") else "replace"


@contextmanager
def _lines(content: Content, encoding: str, errors: str = "strict") -> Iterator[io.TextIOWrapper]:
    with content.open() as file, io.TextIOWrapper(file, encoding=encoding, errors=errors, newline="") as lines:
        yield lines


def _text_encoding(content: Content, encoding: str) -> str:
    """The encoding that fits the whole text: what its beginning promised, else Western Windows, else Latin-1."""
    for candidate in (encoding, "cp1252"):
        decoder = codecs.getincrementaldecoder(candidate)()
        try:
            with content.open() as file:
                while block := file.read(_CHUNK_CHARS):
                    decoder.decode(block)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            continue
        return candidate
    return "latin-1"


def _written(content: Content, spool: Spool) -> Path:
    path = spool.new_path(".parquet")
    path.write_bytes(content.data)
    return path
