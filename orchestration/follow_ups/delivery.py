"""Sending what is due and recording what was taken.

Belongs here: in which order, how many at a time, and when to stop. Does not belong here: any target, and the tables.
A target that fails costs a bounded time: after some failures in a row, or after `SECONDS`, the rest waits for a later
run.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

import duckdb

from orchestration.follow_ups import record
from orchestration.follow_ups.message import FollowUp
from orchestration.follow_ups.targets import NotTaken, Target

SECONDS = 60
FAILURES_IN_A_ROW = 5


@dataclass
class Delivered:
    """How many follow-ups a run delivered, failed to deliver, and left for later."""

    delivered: int = 0
    failed: int = 0
    left: int = 0


def deliver(
    connection: duckdb.DuckDBPyConnection,
    target: Target,
    run_id: str,
    now: Callable[[], datetime],
    *,
    seconds: float = SECONDS,
) -> Delivered:
    """Send what is due to the target, each recorded once it was taken. Never raises for what the target does."""
    waiting = record.sendable(connection, target.name, now())
    report = Delivered(left=len(waiting))
    parts = _parts(waiting, target.at_once)
    ends_at = time.monotonic() + seconds
    failures = 0
    under_way: dict[Future, Sequence[FollowUp]] = {}
    with ThreadPoolExecutor(target.in_parallel) as threads:
        while True:
            may_go_on = failures < FAILURES_IN_A_ROW and time.monotonic() < ends_at
            for part in islice(parts, target.in_parallel - len(under_way) if may_go_on else 0):
                under_way[threads.submit(_sent, target, part)] = part
            if not under_way:
                return report
            for ended in wait(under_way, return_when=FIRST_COMPLETED).done:
                part = under_way.pop(ended)
                keys = [follow_up.idempotency_key for follow_up in part]
                problem = ended.result()
                report.left -= len(part)
                if problem is None:
                    record.record_delivery(connection, target.name, keys, now(), run_id)
                    report.delivered += len(part)
                    failures = 0
                else:
                    record.record_failure(connection, target.name, keys, problem.problem, now(), problem.retry_after)
                    report.failed += len(part)
                    failures += problem.is_of_target


def _sent(target: Target, part: Sequence[FollowUp]) -> NotTaken | None:
    try:
        target.send(part)
    except NotTaken as problem:
        return problem
    except Exception as error:  # a target of somebody else's making: its failure is no reason to lose the others
        return NotTaken(f"the target failed ({type(error).__name__})")
    return None


def _parts(follow_ups: Sequence[FollowUp], at_once: int | None) -> Iterator[Sequence[FollowUp]]:
    size = at_once or max(len(follow_ups), 1)
    return (follow_ups[start : start + size] for start in range(0, len(follow_ups), size))
