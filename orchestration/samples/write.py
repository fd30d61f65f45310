"""From a request to files: draws the world in a scratch database beside the landing zone and writes it.

Belongs here: the order of the steps and the limits they keep. Does not belong here: any step.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb

from orchestration.samples import world
from orchestration.samples.exports import (
    EVENT_SOURCES,
    REFERENCE_SOURCES,
    deliver,
    file_hours_for,
    write_events,
    write_reference,
)
from orchestration.samples.generate import Request, draw_world, subscribers_for
from orchestration.samples.truth import write_truth

SOURCES = EVENT_SOURCES + REFERENCE_SOURCES


@dataclass(frozen=True)
class Summary:
    """What was written. Deliveries count the repeated ones too; files are relative to the landing zone."""

    subscribers: int
    email_events: int
    email_deliveries: int
    site_events: int
    site_deliveries: int
    files: tuple[Path, ...]


def write_samples(
    landing: Path | str,
    *,
    events: int,
    seed: int,
    start: date = world.START,
    days: int = world.DAYS,
    sources: Iterable[str] = SOURCES,
    file_hours: int | None = None,
    truth: Path | str | None = None,
    privacy_share: float | None = None,
    progress: Callable[[str], None] | None = None,
    memory_limit: str = "1500MB",
    threads: int = 2,
) -> Summary:
    """Write about `events` e-mail events of an invented world, and all that belongs to them, as raw exports.

    The same arguments write the same bytes (under one version of DuckDB); more events of one seed are more subscribers
    of the same world. `events` counts those of the e-mail sources asked for, each once: about 4.7 % are delivered
    twice on top. `file_hours` is how long a stretch of time a file covers, by default what makes a file worth while.
    `truth` names a Parquet file for what the exports hide; see `truth.py`. `privacy_share` is the share of subscribers
    behind Apple's proxy, by default what each domain's own share makes of it. `progress` is told what goes on.

    Raises ValueError where a source is not one of SOURCES, or a figure cannot be met.
    """
    say = progress or (lambda text: None)
    landing = Path(landing)
    request = Request(events, seed, start, days, tuple(dict.fromkeys(sources)), privacy_share)
    _check(request, file_hours)
    hours = file_hours or file_hours_for(request)
    landing.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=landing.parent, prefix=".samples-") as scratch:
        limits = {"memory_limit": memory_limit, "threads": threads, "temp_directory": f"{scratch}/spill"}
        with duckdb.connect(f"{scratch}/world.duckdb", config=limits) as connection:
            # Every file is ordered by what it holds; the order rows happen to be made in says nothing.
            connection.execute("set preserve_insertion_order = false")
            say("measuring how many subscribers that takes")
            subscribers = subscribers_for(request)
            draw_world(connection, request, subscribers, progress=say)
            say("sorting deliveries into files")
            deliver(connection, request, hours)
            files = write_reference(connection, landing, request)
            files += write_events(connection, landing, request, hours, threads, say)
            if truth is not None:
                say("writing the truth")
                write_truth(connection, Path(truth), request)
            return Summary(subscribers, *_count(connection), tuple(files))


def _check(request: Request, file_hours: int | None) -> None:
    unknown = [source for source in request.sources if source not in SOURCES]
    if unknown:
        raise ValueError(f"No samples are made for {', '.join(unknown)}; the sources are {', '.join(SOURCES)}.")
    if not request.sources:
        raise ValueError(f"Name at least one source: {', '.join(SOURCES)}.")
    if request.events < 1 or request.days < 1 or (file_hours is not None and file_hours < 1):
        raise ValueError("The number of events, of days and of hours per file must each be 1 or more.")
    if request.privacy_share is not None and not 0 <= request.privacy_share <= 1:
        raise ValueError("The share of subscribers behind Apple's proxy must lie between 0 and 1.")


def _count(connection: duckdb.DuckDBPyConnection) -> tuple[int, int, int, int]:
    counts = "select count(*) filter (where repetition = 0), count(*) from "
    return (
        *connection.execute(counts + "email_deliveries").fetchone(),
        *connection.execute(counts + "site_deliveries").fetchone(),
    )
