"""Runs of `make run`'s command in processes of their own, and what a home must look like when all has ended well.

Belongs here: starting, killing and comparing. Does not belong here: when a run is disturbed, and how.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import duckdb

from orchestration.settings import REPOSITORY, Settings
from tests.equivalence.arrivals import differences
from tests.payloads import journey, land, order, sendgrid

_LEDGER = "select export_id, status, records_loaded, records_rejected from pipeline.exports order by all"
_RAW = "select * from raw.sendgrid union all select * from raw.segment order by all"


def land_exports(home: Path) -> None:
    """A few exports: repeated, of another vendor, with a record that cannot be read, and an order."""
    for number in range(3):
        events = [*journey(f"reader{number}@example.com", f"m{number}", at=number), sendgrid("click", at=50 + number)]
        land(home, f"sendgrid/{number}.json", [*events, {"event": "open"}])
    land(home, "sendgrid/again.json", journey("reader1@example.com", "m1", at=1))
    land(home, "segment/shop.json", [order("o1", 20.5, "reader1@example.com")])
    land(home, "sendgrid/foreign.json", [{"RecordType": "Open", "MessageID": "x", "Recipient": "a@example.com"}])


def end_as(undisturbed: Settings, settings: Settings) -> None:
    """Run to the end, and find what the undisturbed home has: marts, raw records and ledger; nothing left behind."""
    assert not killed(settings, lambda: False)
    assert differences(undisturbed.marts_path, settings.marts_path) == {}
    for query in (_LEDGER, _RAW):
        assert _stored(settings, query) == _stored(undisturbed, query)
    held = [sorted(p.name for p in s.quarantine.rglob("*") if p.is_file()) for s in (undisturbed, settings)]
    assert held[0] == held[1]
    assert not list(settings.work.glob("load-*"))
    assert not list(settings.home.glob("marts.duckdb.*"))


def start(settings: Settings, beforehand: Callable[[], None] | None = None) -> subprocess.Popen:
    """Start a run; `beforehand` is called in its process before anything else."""
    environment = {
        "MICRO_CONVERSIONS_HOME": str(settings.home),
        "MICRO_CONVERSIONS_NOW": settings.now().isoformat(),
        "MICRO_CONVERSIONS_SALT": settings.salt,
        "MICRO_CONVERSIONS_SETTLE_SECONDS": "0",
    }
    return subprocess.Popen(
        [sys.executable, "-m", "orchestration", "run"],
        cwd=REPOSITORY,
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        preexec_fn=beforehand,
    )


def killed(settings: Settings, is_time: Callable[[], bool]) -> bool:
    """Whether a run of the main job could be killed at that time, before it had ended well by itself."""
    process = start(settings)
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
