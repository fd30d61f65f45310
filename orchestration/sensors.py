"""The sensors: one notices new exports, the other follow-ups that may go out.

Belongs here: when to ask for a run. Does not belong here: what is pending (`exports/landing.py`, `due.py`,
`follow_ups/look.py`) and whether an export is good (the gates). The decision is a pure function of what is pending,
what the last look saw and what became of earlier requests, so a restart at any moment neither misses nor doubles an
export: the ledger knows what is loaded, and the sensor only compares.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import takewhile

import dagster as dg
import requests

from orchestration import demonstration, due, freshness, logs
from orchestration import instance as instances
from orchestration.checks.masks import masked
from orchestration.confinement import opened
from orchestration.exports.landing import LandingFile, is_complete, settled
from orchestration.exports.landing import look as look_at_landing
from orchestration.follow_ups import look
from orchestration.follow_ups.record import retry_at
from orchestration.jobs import DELIVERY_JOB, MAIN_JOB
from orchestration.settings import Settings
from orchestration.sources import Source

ATTEMPTS = 3
# A look at a store with more objects than it lists in this time goes on with the next tick.
_SECONDS_OF_A_LOOK = 3.0
# Files that settle within this time are waited for, where they lie on a disk: the next look is further away than that.
_SECONDS_OF_A_WAIT = 2.0
PENDING_TAG = "micro_conversions/pending"
# Set on a run whose gate refused: the same data will be refused again, so a retry is pointless.
REFUSED_TAG = "micro_conversions/refused_by"
_IN_PROGRESS = [
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]


@dataclass(frozen=True)
class Memory:
    """What the next look needs of this one: the files that may still be written, and where a store's listing ended.

    `seen` has the hash of a file's name in the name's place, which may say who somebody is: Dagster keeps this.
    """

    seen: Mapping[str, str]
    resume: str | None = None

    @classmethod
    def of(cls, cursor: str | None) -> "Memory":
        """What the last look left, whichever version of the sensor it was."""
        found = json.loads(cursor) if cursor else {}
        return cls(found["seen"], found["resume"]) if isinstance(found.get("seen"), dict) else cls({})

    def text(self) -> str:
        """As Dagster keeps it."""
        return json.dumps({"seen": self.seen, "resume": self.resume})


@dataclass(frozen=True)
class Decision:
    """Either a run to ask for (`run_key`, and the tag that names what it is for) or why there is none."""

    looked_at: Mapping[str, str]
    run_key: str | None = None
    pending: str | None = None
    waits_because: str | None = None


@dataclass(frozen=True)
class Earlier:
    """Runs of the main job: the ids of those under way, and how often runs failed for the same pending things."""

    under_way: Sequence[str] = ()
    failed: Mapping[str, int] = field(default_factory=dict)


def decide(
    files: Mapping[str, str], seen_before: Mapping[str, str], publication_due: str | None, earlier: Earlier
) -> Decision:
    """Ask for a run when something is pending, complete, and not already being worked on.

    `files` maps a pending file to its size and time of change, `seen_before` holds the same of a look before: a file is
    complete when two looks agree. `publication_due` is the mark of `due.py`.
    """
    if earlier.under_way:
        return Decision(files, waits_because=f"Run {earlier.under_way[0]} is under way and takes what is pending.")
    complete = {name: stamp for name, stamp in files.items() if seen_before.get(name) == stamp}
    if not complete and not publication_due:
        if files:
            return Decision(
                files, waits_because=f"Being written: {_some(files)}. A file is taken once two looks agree."
            )
        return Decision(files, waits_because="Nothing new in the landing zone.")
    pending = hashlib.sha256(json.dumps([complete, publication_due], sort_keys=True).encode()).hexdigest()[:16]
    failed = earlier.failed.get(pending, 0)
    if failed >= ATTEMPTS:
        return Decision(
            files,
            waits_because=f"Runs for {_some(complete) if complete else 'the pending publication'} failed, and another "
            f"try would too. Look at the last one; after mending the cause start '{MAIN_JOB}' by hand, or withdraw the "
            "export it names.",
        )
    return Decision(files, run_key=f"{pending}-{failed}", pending=pending)


def build_landing_sensor(settings: Settings, sources: Sequence[str]) -> dg.SensorDefinition:
    """Looks every few seconds, on by default."""

    @dg.sensor(
        name="new_exports",
        job_name=MAIN_JOB,
        minimum_interval_seconds=settings.sensor_interval_seconds,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Starts a run when the landing zone holds complete exports the ledger does not know.",
    )
    def new_exports(context: dg.SensorEvaluationContext) -> dg.SensorResult:
        try:
            demonstration.demand_samples_alone(settings)
        except demonstration.OtherExportsInDemonstration as reason:
            return dg.SensorResult(skip_reason=str(reason), cursor=context.cursor)
        memory = Memory.of(context.cursor)
        found = look_at_landing(settings, sources, memory.resume, _SECONDS_OF_A_LOOK)
        instances.end_orphans(context.instance)  # a command that was killed would be waited for
        earlier = _earlier(context.instance)
        files = {f.key: _stamp(f) for f in found.files}
        complete = {f.key: _stamp(f) for f in _complete(found.files, settings, waits=not earlier.under_way)}
        seen = {key: stamp for key in files if (stamp := memory.seen.get(_remembered_as(key)))}
        decision = decide(files, seen | complete, due.token(settings.home), earlier)
        # A look that ended early says nothing of what lies beyond: of that the memory is kept.
        is_whole = found.resume is None and memory.resume is None
        unfinished = {_remembered_as(key): stamp for key, stamp in files.items() if key not in complete}
        cursor = Memory(unfinished if is_whole else memory.seen | unfinished, found.resume).text()
        if decision.run_key is None:
            return dg.SensorResult(skip_reason=decision.waits_because, cursor=cursor)
        request = dg.RunRequest(run_key=decision.run_key, tags={PENDING_TAG: decision.pending})
        return dg.SensorResult(run_requests=[request], cursor=cursor)

    return new_exports


def build_follow_up_sensor(settings: Settings) -> dg.SensorDefinition:
    """Looks every few seconds, on by default."""

    @dg.sensor(
        name="undelivered_follow_ups",
        job_name=DELIVERY_JOB,
        minimum_interval_seconds=settings.sensor_interval_seconds,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Starts a delivery when a follow-up may go out: it has become due, or shall be tried again.",
    )
    def undelivered_follow_ups(context: dg.SensorEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        look_at = look.at(settings.home)
        under_way, not_before = _deliveries(context.instance) if look_at else (None, None)
        marts_lag = due.token(settings.home) is not None
        decision = look.decide(look_at, settings.now(), under_way, not_before, marts_lag)
        return dg.RunRequest() if decision.asks else dg.SkipReason(decision.waits_because)

    return undelivered_follow_ups


def build_freshness_sensor(settings: Settings, sources: Mapping[str, Source]) -> dg.SensorDefinition:
    """Looks every five minutes, on by default; tells of a change once."""

    @dg.sensor(
        name="stale_sources",
        minimum_interval_seconds=300,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Fails the check `fresh` of a source from which nothing comes any more, and tells the address of "
        "MICRO_CONVERSIONS_ALERT_URL, if there is one.",
    )
    def stale_sources(context: dg.SensorEvaluationContext) -> dg.SensorResult:
        if not settings.marts_path.exists():
            return dg.SensorResult(skip_reason="Nothing was published yet.", cursor=context.cursor)
        with opened(settings.marts_path, read_only=True) as marts:
            found = freshness.of_sources(marts, "marts.marts.exports", settings.stale_after_hours, sources)
        now = settings.now()
        stale = {source: f for source, f in found.items() if f.is_stale(now)}
        known = set(json.loads(context.cursor)) if context.cursor else set()
        changed = sorted(known.symmetric_difference(stale))
        if not changed:
            return dg.SensorResult(skip_reason=f"Stale: {', '.join(sorted(stale)) or 'none'}.", cursor=context.cursor)
        if newly := sorted(set(stale) - known):
            told = ", ".join(f"{source} (since {stale[source].newest_at:%Y-%m-%d %H:%M} UTC)" for source in newly)
            logs.warning("sources are stale", sources=newly)
            _alert(settings, f"Nothing new has come of {told}.")
        events = [freshness.evaluation(dg.AssetKey(["raw", s]), found[s], now) for s in changed if s in found]
        return dg.SensorResult(asset_events=events, cursor=json.dumps(sorted(stale)))

    return stale_sources


def _alert(settings: Settings, text: str) -> None:
    """Tell whoever wants to know. Raises requests.RequestException: the tick fails, and the next one tells again."""
    if settings.alert_url:
        requests.post(settings.alert_url, json={"text": text}, timeout=10).raise_for_status()


def _deliveries(instance: dg.DagsterInstance) -> tuple[str | None, datetime | None]:
    """The run under way that delivers; and, after runs that failed, when the next may begin: later each time."""
    jobs = (MAIN_JOB, DELIVERY_JOB)
    for job in jobs:
        for run in instance.get_runs(dg.RunsFilter(job_name=job, statuses=_IN_PROGRESS), limit=1):
            return run.run_id, None
    records = [record for job in jobs for record in instance.get_run_records(dg.RunsFilter(job_name=job), limit=10)]
    newest_first = sorted(records, key=lambda r: (r.update_timestamp, r.storage_id), reverse=True)
    failed = list(takewhile(lambda r: r.dagster_run.status == dg.DagsterRunStatus.FAILURE, newest_first))
    if not failed:
        return None, None
    return None, retry_at(failed[0].update_timestamp.replace(tzinfo=None), len(failed))


def _complete(files: Sequence[LandingFile], settings: Settings, *, waits: bool) -> Iterable[LandingFile]:
    """The files that this look knows to be complete; where it `waits`, for those of a disk to settle."""
    if waits and settings.landing_url is None and settings.settle_seconds <= _SECONDS_OF_A_WAIT:
        return settled(files, settings.settle_seconds, settings.work)
    return filter(is_complete, files)


def _stamp(file: LandingFile) -> str:
    return f"{file.size}:{file.mtime_ns}{file.mark}"


def _earlier(instance: dg.DagsterInstance) -> Earlier:
    under_way = instance.get_runs(dg.RunsFilter(job_name=MAIN_JOB, statuses=_IN_PROGRESS), limit=1)
    failed: dict[str, int] = {}
    ended_badly = [dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED]
    for run in instance.get_runs(dg.RunsFilter(job_name=MAIN_JOB, statuses=ended_badly), limit=50):
        if PENDING_TAG in run.tags:
            weight = ATTEMPTS if REFUSED_TAG in run.tags else 1
            failed[run.tags[PENDING_TAG]] = failed.get(run.tags[PENDING_TAG], 0) + weight
    return Earlier([run.run_id for run in under_way], failed)


def _remembered_as(name: str) -> str:
    return hashlib.blake2b(name.encode("utf-8", "surrogateescape"), digest_size=12).hexdigest()


def _some(files: Mapping[str, str]) -> str:
    names = sorted(masked(name) for name in files)
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return ", ".join(names[:3]) + more
