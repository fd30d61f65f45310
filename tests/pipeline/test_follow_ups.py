"""From exports to a receiver: late facts reach the queue, failures reach the UI, addresses reach nobody else."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime

import pytest

from orchestration.assets.follow_ups import CHECK, KEY
from orchestration.definitions import build_defs
from orchestration.follow_ups import look
from orchestration.follow_ups.targets import NotTaken
from orchestration.jobs import DELIVERY_JOB
from tests.payloads import journey, land, sendgrid, track
from tests.pipeline.running import failure, published, run, settings_of, stored


class Target:
    """Takes everything while it is up."""

    name = "memory"
    at_once = 1
    in_parallel = 2

    def __init__(self):
        self.is_up = False
        self.taken = []

    def send(self, follow_ups):
        if not self.is_up:
            raise NotTaken("no connection")
        self.taken += follow_ups


def at(settings, hour: int, minute: int):
    return replace(settings, pinned_now=datetime(2026, 9, 1, hour, minute))


def queue(home) -> dict[str, tuple]:
    """Status and reason by micro-conversion and how many follow-ups share them."""
    return dict(
        published(
            home,
            "select row(trigger, status, suppressed_reason), count(*) from follow_ups group by all",
        )
    )


def check(result):
    (found,) = [e for e in result.get_asset_check_evaluations() if (e.asset_key, e.check_name) == (KEY, CHECK)]
    return found


def metadata(result) -> str:
    return " ".join(
        str(e.event_specific_data.materialization.metadata)
        for e in result.all_events
        if e.is_step_materialization and e.asset_key == KEY
    )


def test_late_facts_withdraw_what_is_still_due_and_a_failing_target_blocks_nothing(tmp_path):
    settings, target = settings_of(tmp_path), Target()

    def pipeline(hour, minute, job=None):
        then = at(settings, hour, minute)
        defs = build_defs(settings=then, target=target)
        if job is None:
            return run(then, defs=defs)
        return defs.resolve_job_def(job).execute_in_process(raise_on_error=False)

    scanned = [sendgrid(e, "reader2@example.com", "m2", at) for e, at in (("processed", 0), ("delivered", 2))]
    click = {"email": "reader2@example.com", "message": "m2", "at": 4000, "ip": "192.0.2.7"}
    land(tmp_path, "sendgrid/0.json", [*journey(), *journey("reader3@example.com", "m3"), *scanned])
    land(tmp_path, "sendgrid/1.json", [sendgrid("click", **click, url="https://shop.example/guide.pdf")])
    land(tmp_path, "sendgrid/2.json", [sendgrid(e, "reader4@example.com", "m4") for e in ("processed", "delivered")])
    land(tmp_path, "segment/0.json", [track("Video Watched", "reader4@example.com", 4000, percent_watched=90)])

    failing = pipeline(9, 30)
    assert failing.success, failure(failing)
    assert queue(tmp_path) == {
        ("guide_downloaded", "due", None): 3,
        ("video_watched", "due", None): 1,
    }
    assert not check(failing).passed and check(failing).metadata["undelivered"].value == 3
    assert "no connection (3)" in check(failing).description
    assert "@" not in metadata(failing) + str(check(failing))
    assert look.at(tmp_path) == datetime(2026, 9, 1, 9, 31)

    target.is_up = True
    land(tmp_path, "sendgrid/late.json", [sendgrid("unsubscribe", at=5000)])
    burst = [sendgrid("click", **click, url=f"https://shop.example/{n}") for n in range(8)]
    land(tmp_path, "sendgrid/burst.json", burst)
    late = pipeline(9, 40)
    assert late.success, failure(late)
    assert queue(tmp_path) == {
        ("guide_downloaded", "suppressed", "unsubscribed"): 1,
        ("guide_downloaded", "suppressed", "machine"): 1,
        ("guide_downloaded", "delivered", None): 1,
        ("video_watched", "due", None): 1,
    }
    assert [follow_up.email for follow_up in target.taken] == ["reader3@example.com"]
    assert check(late).passed
    assert look.at(tmp_path) == datetime(2026, 9, 1, 10, 6, 40)

    due = pipeline(10, 7, DELIVERY_JOB)
    assert due.success, failure(due)
    assert [follow_up.email for follow_up in target.taken] == ["reader3@example.com", "reader4@example.com"]
    assert queue(tmp_path)["video_watched", "delivered", None] == 1
    assert look.at(tmp_path) is None
    assert published(tmp_path, "select trigger, follow_ups, p50_seconds from trigger_latency order by all") == [
        ("guide_downloaded", 1, 600),
        ("video_watched", 1, 20),
    ]
    assert stored(settings, "select sum(attempts), count(*) from pipeline.follow_up_deliveries") == [(3, 2)]


def test_the_outbox_holds_what_the_published_queue_calls_delivered_and_some_is_due_later(sampled):
    delivered = published(sampled.home, "select follow_up_key from follow_ups where status = 'delivered' order by all")
    lines = [json.loads(line) for p in sampled.outbox.glob("*.jsonl") for line in p.read_text().splitlines()]
    assert sorted((line["idempotency_key"],) for line in lines) == delivered != []
    assert all("@" in line["email"] for line in lines)
    assert published(sampled.home, "select count(*) > 0 from follow_ups where status = 'due'") == [(True,)]


@pytest.mark.parametrize("table", ["follow_ups", "trigger_latency"])
def test_no_address_stands_in_a_published_table_of_follow_ups(sampled, table):
    assert published(sampled.home, f"select count(*) from {table} as t where contains(cast(t as varchar), '@')") == [
        (0,)
    ]


def test_nobody_gets_two_follow_ups_within_the_cap(sampled):
    twice = """
        select count(*) from follow_ups as a join follow_ups as b using (subscriber_key)
        where a.status = 'delivered' and b.status in ('delivered', 'due') and a.follow_up_key <> b.follow_up_key
          and abs(epoch(greatest(b.due_at, a.delivered_at)) - epoch(a.delivered_at)) < 16 * 3600
    """
    assert published(sampled.home, twice) == [(0,)]
