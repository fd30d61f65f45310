"""How a home is, in a few lines: what `make status` prints.

Belongs here: looking, and the words. Does not belong here: changing anything. It reads what is published and what lies
beside the warehouse, so it never waits for a run, and works while one is under way.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import NamedTuple

import dagster as dg
import duckdb
from rich.console import Console
from rich.markup import escape
from sqlalchemy.exc import DatabaseError

from orchestration import due, freshness
from orchestration.confinement import opened
from orchestration.exports.landing import look
from orchestration.jobs import MAIN_JOB
from orchestration.settings import Settings
from orchestration.sources import SOURCES, Source

OK, WARNING, BAD = "ok", "warning", "bad"
_STYLES = {OK: "green", WARNING: "yellow", BAD: "bold red"}
# A schedule publishes every day: marts that are older than this were missed.
_OLD = timedelta(hours=26)
_SECONDS_OF_A_LOOK = 5.0
_NAMED = 3


class Finding(NamedTuple):
    """One line: `state` is ok, warning or bad, `what` a word or two, `said` the rest, with what to do about it."""

    state: str
    what: str
    said: str


def findings(
    settings: Settings, instance: dg.DagsterInstance, sources: Mapping[str, Source] = SOURCES
) -> list[Finding]:
    """Everything worth a line, in the order in which a person asks."""
    now = settings.now()
    found = [_run(instance)]
    if settings.marts_path.exists():
        try:
            with opened(settings.marts_path, read_only=True) as marts:
                marts.execute("use marts.marts")
                found += [_publication(marts, settings, now), *_exports(marts), _checks(marts)]
                found.append(_freshness(marts, settings, sources, now))
        except duckdb.Error as error:  # damaged, or of a version that knew other columns
            reason = str(error).splitlines()[0]
            found.append(Finding(BAD, "publication", f"marts.duckdb cannot be read: {reason}; make run writes it anew"))
    else:
        found.append(Finding(BAD, "publication", "nothing was ever published; make run"))
    return [*found, _pending(settings, sources), _disk(settings)]


def print_status(found: list[Finding], home: str, console: Console) -> int:
    """Print the findings below their verdict. Returns the exit code: 0, or 1 where something is bad."""
    worst = BAD if any(f.state == BAD for f in found) else WARNING if any(f.state == WARNING for f in found) else OK
    verdict = {OK: "All is well", WARNING: "Works, with something to see to", BAD: "Needs you"}[worst]
    console.print(f"[{_STYLES[worst]}]{verdict}[/]  {escape(home)}", soft_wrap=True)
    for finding in found:
        mark = f"[{_STYLES[finding.state]}]{finding.state:<8}[/]"
        console.print(f"{mark} {finding.what:<12} {escape(finding.said)}", soft_wrap=True)
    return int(worst == BAD)


def _run(instance: dg.DagsterInstance) -> Finding:
    try:
        records = instance.get_run_records(dg.RunsFilter(job_name=MAIN_JOB), limit=1)
    except DatabaseError as error:
        return Finding(BAD, "last run", f"Dagster's own database cannot be read: {error.orig}; restore a backup of it")
    if not records:
        return Finding(WARNING, "last run", "none yet; make run")
    run, at = records[0].dagster_run, records[0].update_timestamp
    said = f"{run.status.value.lower()} at {at:%Y-%m-%d %H:%M} UTC"
    if run.status == dg.DagsterRunStatus.FAILURE:
        return Finding(BAD, "last run", f"{said}; make dev shows why, run {run.run_id[:8]}")
    return Finding(OK, "last run", said)


def _publication(marts: duckdb.DuckDBPyConnection, settings: Settings, now: datetime) -> Finding:
    published_at, data_as_of = marts.execute("select published_at, data_as_of from publication").fetchone()
    said = (
        f"{published_at:%Y-%m-%d %H:%M} UTC, newest export of {data_as_of:%Y-%m-%d %H:%M}"
        if data_as_of
        else (f"{published_at:%Y-%m-%d %H:%M} UTC, of no export")
    )
    if now - published_at > _OLD:
        return Finding(BAD, "publication", f"{said}: older than a day; is make dev running?")
    if due.token(settings.home):
        return Finding(WARNING, "publication", f"{said}; a newer one is due")
    return Finding(OK, "publication", said)


def _exports(marts: duckdb.DuckDBPyConnection) -> Iterator[Finding]:
    counts = dict(marts.execute("select status, count(*) from exports group by all").fetchall())
    held = marts.execute(
        "select source || '/' || file_name from exports where status = 'quarantined' order by seen_at desc, 1"
    ).fetchall()
    told = ", ".join(f"{count:,} {status}" for status, count in sorted(counts.items())) or "none"
    yield Finding(OK, "exports", told)
    if held:
        names = _some([name for (name,) in held])
        yield Finding(WARNING, "held back", f"{names}; release or refuse, see quarantine/exports in the UI")


def _checks(marts: duckdb.DuckDBPyConnection) -> Finding:
    failed = marts.execute(
        """
        select suite || ': ' || expectation, severity from data_quality
        where not success and batch = ''
        qualify checked_at = max(checked_at) over (partition by suite)
        order by severity = 'critical' desc, 1
        """
    ).fetchall()
    if not failed:
        return Finding(OK, "checks", "every expectation holds")
    is_critical = any(severity == "critical" for _, severity in failed)
    return Finding(BAD if is_critical else WARNING, "checks", f"{_some([name for name, _ in failed])} not as expected")


def _freshness(
    marts: duckdb.DuckDBPyConnection, settings: Settings, sources: Mapping[str, Source], now: datetime
) -> Finding:
    found = freshness.of_sources(marts, "exports", settings.stale_after_hours, sources)
    stale = [f"{name} (since {f.newest_at:%Y-%m-%d %H:%M})" for name, f in sorted(found.items()) if f.is_stale(now)]
    if stale:
        return Finding(WARNING, "freshness", f"nothing new of {_some(stale)}")
    return Finding(OK, "freshness", f"{len(found)} sources deliver as usual")


def _pending(settings: Settings, sources: Mapping[str, Source]) -> Finding:
    try:
        found = look(settings, sources, seconds=_SECONDS_OF_A_LOOK)
    except OSError as error:
        return Finding(BAD, "landing zone", str(error))
    more = " or more" if found.resume else ""
    if found.files:
        return Finding(OK, "landing zone", f"{len(found.files):,}{more} files to be loaded")
    return Finding(OK, "landing zone", "nothing is waiting")


def _disk(settings: Settings) -> Finding:
    settings.home.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(settings.home).free
    used = settings.warehouse_path.stat().st_size if settings.warehouse_path.exists() else 0
    state = BAD if free < used or free < 1e9 else WARNING if free < 3 * used else OK
    advice = "" if state == OK else "; a run may need as much as the warehouse again"
    return Finding(state, "disk", f"{free / 1e9:,.1f} GB free, the warehouse has {used / 1e9:,.1f} GB{advice}")


def _some(names: list[str]) -> str:
    more = f" and {len(names) - _NAMED:,} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more
