"""What holds for every step: it ends, it is tried again where that may help, and the log tells of it."""

from __future__ import annotations

import errno
import json
import stat

import dagster as dg
import duckdb
import pytest
import requests

from orchestration import logs, steps
from orchestration.dbt import DbtError
from orchestration.deadlines import TookTooLong
from orchestration.exports.object_store import StoreError
from orchestration.follow_ups.targets import NotTaken
from orchestration.gates import GateRefused
from orchestration.settings import Settings
from orchestration.steps import carried_out, may_pass
from tests.payloads import journey, land
from tests.pipeline.running import run, settings_of


@pytest.mark.parametrize(
    ("error", "passes"),
    [
        (StoreError("no answer", may_pass=True), True),
        (StoreError("access is denied"), False),
        (requests.ConnectionError(), True),
        (OSError(errno.EIO, "i/o"), True),
        (duckdb.IOException("IO Error: Could not set lock on file"), True),
        (PermissionError(errno.EACCES, "denied"), False),
        (OSError(errno.ENOSPC, "full"), False),
        (GateRefused("refused"), False),
        (NotTaken("gone"), False),
        (TookTooLong("slow"), False),
        (ValueError("wrong"), False),
    ],
    ids=lambda value: type(value).__name__ + str(getattr(value, "errno", "")) if isinstance(value, Exception) else "",
)
def test_what_may_pass_is_tried_again_and_nothing_else(error, passes):
    assert may_pass(error) is passes


@pytest.mark.parametrize(("failures", "attempts", "succeeds"), [(2, 3, True), (9, 4, False)])
def test_a_failure_of_the_moment_is_tried_again_after_longer_each_time(
    tmp_path, monkeypatch, failures, attempts, succeeds
):
    waits, tries = [], []
    monkeypatch.setattr(steps, "FIRST_WAIT_SECONDS", 0.01)
    request = dg.RetryRequested
    monkeypatch.setattr(
        dg, "RetryRequested", lambda **named: waits.append(named["seconds_to_wait"]) or request(**named)
    )

    @dg.asset
    @carried_out(Settings(home=tmp_path))
    def loaded(context):
        tries.append(1)
        if len(tries) <= failures:
            raise ConnectionResetError(errno.ECONNRESET, "reset")
        yield dg.MaterializeResult()

    assert dg.materialize([loaded], raise_on_error=False).success is succeeds
    assert len(tries) == attempts
    assert waits == pytest.approx([0.01, 0.04, 0.16][: attempts - 1])


def test_a_refusal_fails_at_once(tmp_path):
    tries = []

    @dg.asset
    @carried_out(Settings(home=tmp_path))
    def refused(context):
        tries.append(1)
        raise GateRefused("the same data is refused again")

    assert not dg.materialize([refused], raise_on_error=False).success
    assert len(tries) == 1


@pytest.mark.parametrize(
    "error",
    [
        duckdb.ConversionException("Could not convert string 'joe@example.com' from 203.0.113.7 to INT64"),
        DbtError("dbt could not build stg_x: invalid input joe@example.com"),
        PermissionError(errno.EACCES, "denied", "landing/sendgrid/joe@example.com.json"),
        duckdb.IOException("IO Error: Could not set lock on file of joe@example.com"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_dagster_keeps_no_value_that_an_error_quotes(tmp_path, monkeypatch, error):
    monkeypatch.setattr(steps, "FIRST_WAIT_SECONDS", 0.01)

    @dg.asset
    @carried_out(Settings(home=tmp_path))
    def failing(context):
        try:
            raise error
        except Exception as inner:
            raise type(inner)(*inner.args) from inner

    with dg.DagsterInstance.ephemeral() as instance:
        result = dg.materialize([failing], instance=instance, raise_on_error=False)
        kept = str([(event.user_message, event.dagster_event) for event in instance.all_logs(result.run_id)])
    assert not result.success and type(error).__name__ in kept
    assert "joe" not in kept and "203.0.113.7" not in kept


def test_each_line_of_the_log_is_an_object_with_its_run_and_export_and_nothing_from_outside(tmp_path):
    settings = settings_of(tmp_path)
    land(tmp_path, "sendgrid/from joe@example.com.json", journey("jane@example.com"))
    land(tmp_path, "sendgrid/broken.json", "{broken by jane@example.com")
    logs.write_to(settings.logs)
    result = run(settings, ["raw/sendgrid"])
    path = settings.logs / "pipeline.jsonl"
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert {line["run_id"] for line in lines} == {result.run_id}
    by_event = {line["event"]: line for line in lines}
    assert by_event["export published"]["records"] == 4 and len(by_event["export published"]["export_id"]) == 64
    assert by_event["export quarantined"]["level"] == "warning"
    assert by_event["step ended"]["step"] == "raw__sendgrid" and by_event["step ended"]["seconds"] >= 0
    assert "@example.com" not in path.read_text() and settings.salt not in path.read_text()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
