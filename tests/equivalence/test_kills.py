"""A run that is killed, wherever it was, and started again ends as if nobody had killed it."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import duckdb
import pytest

from orchestration.settings import REPOSITORY, Settings
from tests.equivalence.arrivals import differences
from tests.payloads import journey, land, order, sendgrid
from tests.pipeline.running import failure, run, settings_of

# What shows on disk that a run has got so far.
PHASES = {
    "the load": lambda settings: any(settings.work.glob("load-*/*")),
    "the models": lambda settings: any((settings.home / "dbt").rglob("int_email_events.sql")),
    "the publication": lambda settings: any(settings.home.glob("marts.duckdb.*.tmp*")),
}
_LEDGER = "select export_id, status, records_loaded, records_rejected from pipeline.exports order by all"
_RAW = "select * from raw.sendgrid union all select * from raw.segment order by all"


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory) -> Settings:
    """A home whose run nobody killed."""
    settings = settings_of(tmp_path_factory.mktemp("undisturbed"))
    _land(settings.home)
    result = run(settings)
    assert result.success, failure(result)
    return settings


@pytest.mark.long
@pytest.mark.timeout(1200)
@pytest.mark.parametrize(
    "phases",
    [("the load", "the models"), ("the publication", "the publication")],
    ids=" and ".join,
)
def test_a_run_killed_in_one_phase_and_another_leaves_no_trace(undisturbed, tmp_path, phases):
    settings = settings_of(tmp_path)
    _land(tmp_path)
    for phase in phases:
        assert _killed(settings, lambda phase=phase: PHASES[phase](settings)), f"{phase} was not met"
    _end_as(undisturbed, settings)


@pytest.mark.long
@pytest.mark.timeout(0)
def test_two_hundred_runs_killed_at_random_moments_leave_no_trace(undisturbed, tmp_path):
    chance = random.Random(0)
    started = time.monotonic()
    settings = settings_of(tmp_path / "measured")
    _land(settings.home)
    assert not _killed(settings, lambda: False)
    seconds = time.monotonic() - started
    kills = 0
    for number in range(1_000):
        settings = settings_of(tmp_path / str(number))
        _land(settings.home)
        for _ in range(chance.randint(1, 8)):
            at = time.monotonic() + chance.uniform(0, seconds)
            kills += _killed(settings, lambda at=at: time.monotonic() >= at)
        _end_as(undisturbed, settings)
        if kills >= 200:
            break
    assert kills >= 200


def _land(home: Path) -> None:
    for number in range(3):
        events = [*journey(f"reader{number}@example.com", f"m{number}", at=number), sendgrid("click", at=50 + number)]
        land(home, f"sendgrid/{number}.json", [*events, {"event": "open"}])
    land(home, "sendgrid/again.json", journey("reader1@example.com", "m1", at=1))
    land(home, "segment/shop.json", [order("o1", 20.5, "reader1@example.com")])
    land(home, "sendgrid/foreign.json", [{"RecordType": "Open", "MessageID": "x", "Recipient": "a@example.com"}])


def _end_as(undisturbed: Settings, settings: Settings) -> None:
    """Run to the end, and find what the undisturbed home has: marts, raw records and ledger; nothing left behind."""
    assert not _killed(settings, lambda: False)
    assert differences(undisturbed.marts_path, settings.marts_path) == {}
    for query in (_LEDGER, _RAW):
        assert _stored(settings, query) == _stored(undisturbed, query)
    held = [sorted(p.name for p in s.quarantine.rglob("*") if p.is_file()) for s in (undisturbed, settings)]
    assert held[0] == held[1]
    assert not list(settings.work.glob("load-*"))
    assert not list(settings.home.glob("marts.duckdb.*"))


def _killed(settings: Settings, is_time) -> bool:
    """Whether a run of the main job could be killed at that time, before it had ended well by itself."""
    environment = {
        "MICRO_CONVERSIONS_HOME": str(settings.home),
        "MICRO_CONVERSIONS_NOW": settings.now().isoformat(),
        "MICRO_CONVERSIONS_SALT": settings.salt,
        "MICRO_CONVERSIONS_SETTLE_SECONDS": "0",
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "orchestration", "run"],
        cwd=REPOSITORY,
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    with closing(process.stdout) as said:
        os.set_blocking(said.fileno(), False)
        words = b""
        while process.poll() is None:
            words += said.read() or b""
            if is_time():
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
                return True
            time.sleep(0.001)
        words += said.read() or b""
    assert process.returncode == 0, words.decode()[-4_000:]
    return False


def _stored(settings: Settings, query: str) -> list[tuple]:
    with closing(duckdb.connect(str(settings.warehouse_path), read_only=True)) as connection:
        return connection.execute(query).fetchall()
