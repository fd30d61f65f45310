"""Sending and recording: at least once, with one key, never beyond what a failing target may cost."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections import Counter
from datetime import timedelta

import duckdb
import pytest

from orchestration.follow_ups import record
from orchestration.follow_ups.delivery import FAILURES_IN_A_ROW, deliver
from orchestration.follow_ups.targets import NotTaken
from orchestration.settings import REPOSITORY
from tests.follow_ups.queue import NOW, add, make_queue
from tests.follow_ups.receiver import Receiver


class Memory:
    """A target that keeps what it is sent, and refuses where `refuse` says with what."""

    name = "memory"
    at_once = 1
    in_parallel = 2

    def __init__(self, refuse=lambda key: None):
        self.refuse = refuse
        self.sent: list[str] = []
        self.tried: Counter[str] = Counter()
        self.lock = threading.Lock()

    def send(self, follow_ups):
        for follow_up in follow_ups:
            with self.lock:
                self.tried[follow_up.idempotency_key] += 1
            if problem := self.refuse(follow_up.idempotency_key):
                raise problem
            with self.lock:
                self.sent.append(follow_up.idempotency_key)


@pytest.fixture
def queue(tmp_path):
    with duckdb.connect(str(make_queue(tmp_path / "w.duckdb", [f"k{n}" for n in range(12)]))) as connection:
        yield connection


def run(queue, target, now=NOW, **limits):
    return deliver(queue, target, "run", lambda: now, **limits)


def test_what_is_due_is_sent_once_and_recorded(queue):
    target = Memory()
    assert run(queue, target).delivered == 12
    assert run(queue, target).delivered == 0
    assert Counter(target.sent) == {f"k{n}": 1 for n in range(12)}
    assert queue.sql(
        "select distinct target, attempts, delivered_at, run_id from pipeline.follow_up_deliveries"
    ).fetchall() == [("memory", 1, NOW, "run")]


def test_what_is_not_due_stays(queue):
    queue.execute("delete from marts.follow_ups")
    add(queue, "later", due_at=NOW + timedelta(seconds=1))
    add(queue, "expired", expires_at=NOW)
    add(queue, "suppressed", status="suppressed")
    target = Memory()
    run(queue, target)
    assert target.sent == []
    assert record.undelivered(queue, "memory", NOW).look_at == NOW + timedelta(seconds=1)


def test_what_has_run_into_quiet_hours_since_the_queue_was_built_is_left_to_a_look_at_once(queue):
    queue.execute("delete from marts.follow_ups")
    add(queue, "quiet", quiet_from_at=NOW)
    add(queue, "awake", quiet_from_at=NOW + timedelta(seconds=1))
    target = Memory()
    run(queue, target)
    assert target.sent == ["awake"]
    assert record.undelivered(queue, "memory", NOW).look_at == NOW


def test_who_has_no_address_is_left_and_told_and_asks_for_no_other_look(queue):
    queue.execute("update restricted.subscriber_identities set email = 'n/a' where subscriber_key = 's-k3'")
    queue.execute("delete from restricted.subscriber_identities where subscriber_key = 's-k4'")
    assert run(queue, Memory()).delivered == 10
    left = record.undelivered(queue, "memory", NOW)
    assert (left.due, left.problems, left.look_at) == (2, [("no e-mail address is known", 2)], None)


def test_the_first_priority_goes_first_then_the_longest_due(queue):
    queue.execute("delete from marts.follow_ups")
    add(queue, "unranked", priority=None)
    add(queue, "second", priority=2)
    add(queue, "newer", priority=1)
    add(queue, "older", priority=1, due_at=NOW - timedelta(hours=1))
    target = Memory()
    target.in_parallel = 1
    run(queue, target)
    assert target.sent == ["older", "newer", "second", "unranked"]


def test_one_that_fails_holds_up_no_other_and_is_tried_again_later_and_later(queue):
    target = Memory(lambda key: NotTaken("HTTP 400", is_of_target=False) if key == "k3" else None)
    assert (run(queue, target).delivered, run(queue, target).failed) == (11, 0)
    left = record.undelivered(queue, "memory", NOW)
    assert (left.due, left.failed, left.problems) == (1, 1, [("HTTP 400", 1)])
    assert left.look_at == NOW + timedelta(minutes=1)
    run(queue, target, left.look_at)
    assert record.undelivered(queue, "memory", NOW).look_at == left.look_at + timedelta(minutes=2)
    target.refuse = lambda key: None
    assert run(queue, target, NOW + timedelta(minutes=3)).delivered == 1
    assert queue.sql("select attempts from pipeline.follow_up_deliveries where follow_up_key = 'k3'").fetchall() == [
        (3,)
    ]
    assert record.undelivered(queue, "memory", NOW).look_at is None


def test_a_target_that_fails_is_left_after_some_tries_and_the_rest_waits_with_them(queue):
    target = Memory(lambda key: NotTaken("no connection"))
    report = run(queue, target)
    assert report.delivered == 0
    assert FAILURES_IN_A_ROW <= report.failed <= FAILURES_IN_A_ROW + target.in_parallel
    assert report.left == 12 - report.failed
    assert record.undelivered(queue, "memory", NOW).look_at == NOW + timedelta(minutes=1)


def test_sending_ends_when_its_time_is_over_and_what_is_left_goes_at_the_next_look(queue):
    assert run(queue, Memory(), seconds=0).left == 12
    left = record.undelivered(queue, "memory", NOW)
    assert (left.due, left.look_at) == (12, NOW)


def test_a_target_that_breaks_is_a_failure_and_no_crash_and_tells_no_address(queue):
    def broken(key):
        return RuntimeError(f"cannot reach {key}@example.com")

    run(queue, Memory(broken))
    (problem,) = {p for (p,) in queue.sql("select problem from pipeline.follow_up_failures").fetchall()}
    assert "RuntimeError" in problem and "@" not in problem


def test_failures_at_one_target_do_not_hold_up_another(queue):
    run(queue, Memory(lambda key: NotTaken("HTTP 400", is_of_target=False)))
    other = Memory()
    other.name = "other"
    assert run(queue, other).delivered == 12


@pytest.mark.parametrize(
    ("attempts", "retry_after", "minutes"),
    [
        (1, None, 1),
        (2, None, 2),
        (6, None, 32),
        (7, None, 60),
        (99, None, 60),
        (1, 600, 10),
        (9, 1, 60),
        (1, 1e9, 1440),
    ],
)
def test_the_wait_doubles_up_to_an_hour_and_respects_the_target(attempts, retry_after, minutes):
    assert record.retry_at(NOW, attempts, retry_after) == NOW + timedelta(minutes=minutes)


def test_the_end_of_quiet_hours_asks_for_a_look(queue):
    run(queue, Memory())
    add(queue, "quiet", status="suppressed", suppressed_reason="quiet_hours", sendable_at=NOW + timedelta(hours=8))
    assert record.undelivered(queue, "memory", NOW).look_at == NOW + timedelta(hours=8)


def test_what_is_due_is_remembered_once_with_when_its_export_landed(queue, tmp_path):
    (tmp_path / "landing").mkdir()
    (tmp_path / "landing" / "a.json").write_text("{}")
    queue.execute(
        "insert into pipeline.exports (export_id, path) values ('x', 'landing/a.json'), ('y', 'landing/gone.json')"
    )
    queue.execute("insert into intermediate.int_email_events values ('e-k1', 'x'), ('e-k2', 'y')")
    queue.execute("insert into intermediate.int_site_events values ('e-k3', 'x')")
    changed = os.stat(tmp_path / "landing" / "a.json").st_ctime
    far = NOW + timedelta(days=36_500)
    assert record.remember_due(queue, tmp_path, far) == 12
    assert record.remember_due(queue, tmp_path, far + timedelta(hours=1)) == 0
    landed = dict(queue.sql("select follow_up_key, epoch(landed_at) from pipeline.follow_ups").fetchall())
    assert landed["k1"] == landed["k3"] == pytest.approx(changed, abs=1e-3)
    assert landed["k2"] is landed["k4"] is None


def test_a_file_cannot_have_landed_after_now(queue, tmp_path):
    (tmp_path / "a.json").write_text("{}")
    queue.execute("insert into pipeline.exports (export_id, path) values ('x', 'a.json')")
    queue.execute("insert into intermediate.int_email_events values ('e-k1', 'x')")
    record.remember_due(queue, tmp_path, NOW)
    assert queue.sql("select landed_at from pipeline.follow_ups where follow_up_key = 'k1'").fetchall() == [(NOW,)]


SENDER = """
import sys, duckdb
from datetime import datetime
from orchestration.follow_ups.delivery import deliver
from orchestration.follow_ups.webhook import Webhook
with duckdb.connect(sys.argv[1]) as connection:
    deliver(connection, Webhook(sys.argv[2]), "run", lambda: datetime(2026, 9, 1, 10))
"""


def test_who_is_killed_between_sending_and_recording_sends_again_with_the_same_key(tmp_path):
    path = make_queue(tmp_path / "w.duckdb", [f"k{n:02}" for n in range(30)])
    kills = []

    def kill_now_and_then(post, number):
        receiver.act(post.key)  # acted on, and the sender will never hear of it
        if number % 7 == 0 and len(kills) < 5:
            kills.append(sender.pid)
            os.kill(sender.pid, signal.SIGKILL)
        return 200

    with Receiver(kill_now_and_then) as receiver:
        codes = []
        while not codes or codes[-1] != 0:
            sender = subprocess.Popen([sys.executable, "-c", SENDER, str(path), receiver.url], cwd=REPOSITORY)
            codes.append(sender.wait(timeout=60))
            assert len(codes) < 20
    assert codes.count(-signal.SIGKILL) == 5
    assert receiver.acted == {f"k{n:02}": 1 for n in range(30)}
    assert len(receiver.keys) > 30
    with duckdb.connect(str(path)) as connection:
        delivered = connection.sql("select follow_up_key from pipeline.follow_up_deliveries").fetchall()
    assert sorted(delivered) == [(f"k{n:02}",) for n in range(30)]
