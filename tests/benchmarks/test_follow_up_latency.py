"""How long from an export in the landing zone to the webhook, and what a killed process loses. Asserts no time.

Belongs here: the clock outside of the pipeline, a real receiver, and killing. Webserver and daemon run as with
`make dev`; the sensor looks every second or as told.

    MICRO_CONVERSIONS_BENCH_EVENTS    history, 1,000,000 unless set
    MICRO_CONVERSIONS_BENCH_LANDINGS  exports that land one after another, 10 unless set
    MICRO_CONVERSIONS_BENCH_KILLS     50 unless set

    landing to run     the export is renamed into place, the sensor's two looks agree, a run is asked for
    run to start       queue, launch and start of the run's process, imports included
    start to webhook   load, gates, models, publication, delivery
"""

import math
import os
import random
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

import dagster as dg
import duckdb
import pytest

from orchestration import instance
from orchestration.jobs import MAIN_JOB
from orchestration.settings import REPOSITORY
from tests.benchmarks.exports import settings_of, write_exports
from tests.benchmarks.measuring import measure
from tests.follow_ups.queue import make_queue
from tests.follow_ups.receiver import Receiver
from tests.payloads import land, sendgrid
from tests.pipeline.test_live_dagster import LiveDagster

EVENTS = int(os.environ.get("MICRO_CONVERSIONS_BENCH_EVENTS", 1_000_000))
LANDINGS = int(os.environ.get("MICRO_CONVERSIONS_BENCH_LANDINGS", 10))
KILLS = int(os.environ.get("MICRO_CONVERSIONS_BENCH_KILLS", 50))
FOLLOW_UPS_OF_KILLED = 600
LONGEST_SECONDS = 600

pytestmark = [pytest.mark.bench, pytest.mark.timeout(0)]


@pytest.fixture(scope="module")
def history(tmp_path_factory):
    """A home with a published history, as of the clock."""
    home = tmp_path_factory.mktemp("latency")
    settings = replace(settings_of(home), pinned_now=None)
    records = write_exports(settings.landing, EVENTS)
    measure("pipeline", replace(settings, pinned_now=utc_now()))
    return settings, records


def utc_now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)


def asking(reader: str) -> list[dict]:
    """A reader who got a message and asks a question now; no quiet hours hold such a follow-up up."""
    now = int(time.time()) - int(datetime(2026, 9, 1, 8, tzinfo=UTC).timestamp())
    address = f"{reader}@example.com"
    return [
        sendgrid("processed", address, reader, now - 600),
        sendgrid("delivered", address, reader, now - 598),
        sendgrid("open", address, reader, now - 30),
        sendgrid("click", address, reader, now - 5, url="mailto:questions@shop.example"),
    ]


def land_whole(home: Path, name: str, records: list[dict]) -> float:
    """Rename an export into place. Returns when, in seconds since the epoch."""
    draft = land(home, f"sendgrid/.{name}", records)
    os.replace(draft, draft.with_name(name))
    return time.time()


def test_from_landing_to_webhook(history, monkeypatch):
    settings, records = history
    arrived: dict[str, float] = {}
    landed: dict[str, float] = {}

    def note(post, number):
        arrived.setdefault(post.json["email"].partition("@")[0], time.time())
        return 200

    with Receiver(note) as receiver:
        monkeypatch.setenv("MICRO_CONVERSIONS_FOLLOW_UP_TARGET", "webhook")
        monkeypatch.setenv("MICRO_CONVERSIONS_WEBHOOK_URL", receiver.url)
        monkeypatch.setenv("MICRO_CONVERSIONS_SALT", settings.salt)
        with LiveDagster(settings.home) as live:
            for number in range(LANDINGS):
                reader = f"asking{number}"
                landed[reader] = land_whole(settings.home, f"{reader}.json", asking(reader))
                live.until(lambda reader=reader: reader in arrived, LONGEST_SECONDS, f"{reader} reaches the webhook")
                live.until(lambda: not live.runs("QUEUED", "STARTING", "STARTED"), LONGEST_SECONDS, "the run ends")
    runs = _runs(settings)
    print(f"\n\n{records:,} deliveries of about {EVENTS:,} events, {LANDINGS} exports, load {os.getloadavg()[0]:.1f}")
    print(f"{'seconds':24}{'p50':>8}{'p95':>8}{'most':>8}")
    spans: dict[str, list[float]] = {}
    for reader, at in landed.items():
        asked, started = next((c, s) for c, s in runs if c >= at - 1)
        for name, seconds in (
            ("landing to run", asked - at),
            ("run to start", started - asked),
            ("start to webhook", arrived[reader] - started),
            ("landing to webhook", arrived[reader] - at),
        ):
            spans.setdefault(name, []).append(seconds)
    for name, seconds in spans.items():
        print(f"{name:24}{_share(seconds, 0.5):>8.1f}{_share(seconds, 0.95):>8.1f}{max(seconds):>8.1f}")
    with duckdb.connect(str(settings.marts_path), read_only=True) as connection:
        connection.execute("use marts.marts")
        print(connection.sql("select trigger, day_on, follow_ups, p50_seconds, p95_seconds from trigger_latency"))
    assert all(count == 1 for count in receiver.acted.values())


def test_a_process_killed_again_and_again_loses_nothing_and_nothing_is_acted_on_twice(tmp_path):
    warehouse = make_queue(tmp_path / "warehouse.duckdb", [f"k{n}" for n in range(FOLLOW_UPS_OF_KILLED)], utc_now())
    drawn = random.Random(7)
    ends: list[int] = []
    life: dict = {}

    def kill_somewhere(post, number):
        receiver.act(post.key)  # before the answer: the worst moment for the sender to die
        if next(life["posts"]) == life["kill_at"] and ends.count(-signal.SIGKILL) < KILLS:
            # At once, or while the answer is read or the delivery recorded.
            threading.Timer(life["delay"], os.kill, [sender.pid, signal.SIGKILL]).start()
        return 200

    with Receiver(kill_somewhere) as receiver:
        while not ends or ends[-1] != 0:
            life.update(posts=count(1), kill_at=drawn.randint(1, 7), delay=drawn.choice([0, 0.001, 0.003, 0.01]))
            sender = subprocess.Popen(
                [sys.executable, "-m", "tests.benchmarks.deliver", str(warehouse), receiver.url], cwd=REPOSITORY
            )
            ends.append(sender.wait())
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        recorded = connection.execute("select follow_up_key from pipeline.follow_up_deliveries").fetchall()
    due = {f"k{n}" for n in range(FOLLOW_UPS_OF_KILLED)}
    print(
        f"\n\nkilled {ends.count(-signal.SIGKILL)} times in {len(ends)} lives: {len(due):,} due, "
        f"{len(receiver.posts):,} posts, {len(due - receiver.acted.keys())} lost, "
        f"{sum(n > 1 for n in receiver.acted.values())} acted on twice"
    )
    assert ends.count(-signal.SIGKILL) == KILLS
    assert receiver.acted == dict.fromkeys(due, 1)
    assert sorted(recorded) == sorted((key,) for key in due)


def _runs(settings) -> list[tuple[float, float]]:
    """When each run of the main job was asked for and when it started, in seconds since the epoch, the oldest first."""
    os.environ.update(instance.prepare(settings))
    with dg.DagsterInstance.get() as home:
        found = home.get_run_records(dg.RunsFilter(job_name=MAIN_JOB), ascending=True)
        return [(r.create_timestamp.timestamp(), r.start_time) for r in found if r.start_time]


def _share(seconds: list[float], share: float) -> float:
    """The smallest that so large a share of them does not exceed."""
    return sorted(seconds)[math.ceil(share * len(seconds)) - 1]
