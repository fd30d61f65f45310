"""Writes a drawn world as raw exports: `<landing>/<source>/**`, wrapped in the ways that webhook archives come in.

Belongs here: which file a delivery stands in, under which name and in which wrapping. Does not belong here: what a
record looks like (`sql/<source>.sql`).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path

import duckdb

from orchestration.samples.generate import Request, run, set_figures

EVENT_SOURCES = ("sendgrid", "postmark", "segment")
REFERENCE_SOURCES = ("campaigns", "links", "subscribers", "assignments")

_FILE_HOURS = (24, 72, 168)
_ENOUGH_RECORDS = 5_000
_MOST_RECORDS = 100_000
_SINGLE_BODIES = 3


@dataclass(frozen=True)
class Wrapping:
    """How records become a file: `per_body` of them in each line's JSON array, 0 for all, None for no array at all."""

    suffix: str
    per_body: int | None
    compression: str = "none"


SINGLE = Wrapping(".json", None)
WRAPPINGS = (
    Wrapping(".ndjson", None),
    Wrapping(".json", 0),
    Wrapping(".ndjson.gz", None, "gzip"),
    Wrapping(".log", 50),
    Wrapping(".ndjson.zst", None, "zstd"),
    Wrapping(".ndjson", None),
    Wrapping(".json.zst", 0, "zstd"),
    Wrapping(".log.zst", 50, "zstd"),
)


@dataclass(frozen=True)
class _File:
    """One export of webhook deliveries: those of a bucket that arrive from `begins` on and before `ends`."""

    source: str
    bucket: int
    path: Path
    wrapping: Wrapping
    begins: datetime
    ends: datetime


def file_hours_for(request: Request) -> int:
    """The shortest stretch of time, in hours, of which a file holds enough to be worth one."""
    per_hour = request.events / (request.days * 24)
    return next((hours for hours in _FILE_HOURS if per_hour * hours >= _ENOUGH_RECORDS), _FILE_HOURS[-1])


def deliver(connection: duckdb.DuckDBPyConnection, request: Request, file_hours: int) -> None:
    """Put every event into the file that it arrives in: tables of deliveries, and views of their records."""
    set_figures(connection, {"wanted_sources": list(request.sources), "bucket_us": file_hours * 3_600_000_000})
    for name in ("deliveries", "email_details", *EVENT_SOURCES, "reference"):
        run(connection, name)


def write_events(
    connection: duckdb.DuckDBPyConnection,
    landing: Path,
    request: Request,
    file_hours: int,
    threads: int,
    progress: Callable[[str], None],
) -> list[Path]:
    """Write the webhook deliveries. Returns the files, relative to the landing zone."""
    files = [file for source in EVENT_SOURCES for file in _plan(connection, source, request, file_hours)]
    # A file's records fit one of DuckDB's work units: threads run file by file instead of within one.
    with ThreadPoolExecutor(threads) as pool:
        for done, _ in enumerate(pool.map(lambda file: _write(connection.cursor(), landing, file), files), start=1):
            if done % 20 == 0:
                progress(f"writing files: {done} of {len(files)}")
    return [file.path for file in files]


def write_reference(connection: duckdb.DuckDBPyConnection, landing: Path, request: Request) -> list[Path]:
    """Write those of the reference sources that are asked for. Returns the files, relative to the landing zone."""
    written = []
    for source in (s for s in REFERENCE_SOURCES if s in request.sources):
        names = connection.execute(f"select distinct file from {source}_rows order by file").fetchall()
        for (name,) in names:
            rows = f"select * exclude (file, place) from {source}_rows where file = '{name}' order by place, columns(*)"
            form = "format csv, header true" if name.endswith(".csv") else "format json"
            written.append(Path(source) / name)
            copy(connection, rows, landing / written[-1], form)
    return written


def copy(connection: duckdb.DuckDBPyConnection, query: str, path: Path, form: str) -> None:
    """Copy a query into a file that appears under its name when it is whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.part")
    quoted = str(draft).replace("'", "''")
    connection.execute(f"copy ({query}) to '{quoted}' ({form})")
    os.replace(draft, path)


def _plan(connection: duckdb.DuckDBPyConnection, source: str, request: Request, file_hours: int) -> Iterator[_File]:
    """The files of a source, in the order of time: the first few deliveries as they came, one body a file."""
    table = "site_deliveries" if source == "segment" else "email_deliveries"
    buckets = connection.execute(
        f"select bucket, count(*) from {table} where source = $1 group by 1 order by 1", [source]
    ).fetchall()
    for number, (bucket, records) in enumerate(buckets):
        begin = request.starts_at + timedelta(hours=bucket * file_hours)
        singles = _SINGLE_BODIES if number == 0 else 0
        ranks = [*range(1, singles + 1), *range(singles + _MOST_RECORDS, records, _MOST_RECORDS)]
        moments = f"select arrived_at from {table} where source = $1 and bucket = $2 order by 1 offset $3 limit 1"
        cuts = [connection.execute(moments, [source, bucket, rank]).fetchone()[0] for rank in ranks if rank < records]
        wrapping = WRAPPINGS[number % len(WRAPPINGS)]
        folder = Path(source) / f"{begin:%Y}" / f"{begin:%m}"
        for part, (begins, ends) in enumerate(pairwise([datetime.min, *cuts, datetime.max]), start=1):
            name = f"{source}-{begin:%Y%m%d}" + (f"-{part}" if cuts else "")
            if part <= singles:
                yield _File(source, bucket, folder / "bodies" / f"{name}.json", SINGLE, begins, ends)
            else:
                yield _File(source, bucket, folder / f"{name}{wrapping.suffix}", wrapping, begins, ends)


def _write(connection: duckdb.DuckDBPyConnection, landing: Path, file: _File) -> None:
    order = "arrived_at, k, repetition"
    records = (
        f"from {file.source}_records where bucket = {file.bucket} "
        f"and arrived_at >= timestamp '{file.begins}' and arrived_at < timestamp '{file.ends}'"
    )
    if file.wrapping.per_body is None:
        lines = f"select record {records} order by {order}"
    else:
        bodies = f"(row_number() over (order by {order}) - 1) // {file.wrapping.per_body or _MOST_RECORDS}"
        lines = (
            f"select '[' || string_agg(record, ',' order by {order}) || ']' "
            f"from (select *, {bodies} as body {records}) group by body order by body"
        )
    # One column, never quoted: the lines stand as they are.
    form = "format csv, header false, quote '', escape '', delimiter '\x01'"
    copy(connection, lines, landing / file.path, f"{form}, compression {file.wrapping.compression}")
