"""What a person sees of a home in ten seconds, and who is told that a source has fallen silent."""

from __future__ import annotations

import io
from datetime import datetime, timedelta

import dagster as dg
import duckdb
import pytest
import requests
from rich.console import Console

from orchestration import due, freshness, health
from orchestration import instance as instances
from orchestration.freshness import CHECK
from orchestration.sensors import build_freshness_sensor
from orchestration.sources import SOURCES
from tests.payloads import journey, land
from tests.pipeline.running import NOW, run, settings_of

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def publish(settings, exports, checks=(), published_at=NOW - HOUR):
    """A published file with what health looks at: exports as (source, file, status, seen_at)."""
    settings.marts_path.unlink(missing_ok=True)
    settings.home.mkdir(exist_ok=True)
    with duckdb.connect(str(settings.marts_path)) as marts:
        marts.execute("create schema marts; use marts.marts")
        marts.execute("create table publication (published_at timestamp, data_as_of timestamp)")
        marts.execute("insert into publication values ($1, $1)", [published_at])
        marts.execute("create table exports (source varchar, file_name varchar, status varchar, seen_at timestamp)")
        marts.execute(
            "create table data_quality (suite varchar, expectation varchar, batch varchar, success boolean, "
            "severity varchar, checked_at timestamp)"
        )
        for row in exports:
            marts.execute("insert into exports values (?, ?, ?, ?)", row)
        for row in checks:
            marts.execute("insert into data_quality values (?, ?, '', ?, ?, ?)", row)


def states(settings, *runs) -> dict[str, tuple[str, str]]:
    with dg.DagsterInstance.ephemeral() as instance:
        for job, status in runs:
            instance.add_run(dg.DagsterRun(job_name=job, status=status))
        return {f.what: (f.state, f.said) for f in health.findings(settings, instance)}


DAILY = [("sendgrid", f"{n}.json", "published", NOW - n * DAY) for n in range(1, 5)]
SUCCEEDED = ("exports_to_marts", dg.DagsterRunStatus.SUCCESS)


def test_a_home_that_is_well_says_so_in_a_few_lines(tmp_path):
    settings = settings_of(tmp_path)
    publish(settings, DAILY)
    with dg.DagsterInstance.ephemeral() as instance:
        instance.add_run(dg.DagsterRun(job_name=SUCCEEDED[0], status=SUCCEEDED[1]))
        found = health.findings(settings, instance)
    console = Console(file=io.StringIO(), width=200)
    assert health.print_status(found, str(tmp_path), console) == 0
    printed = console.file.getvalue()
    assert printed.startswith("All is well") and len(printed.splitlines()) <= 10


def test_what_is_wrong_is_named_with_what_to_do(tmp_path):
    settings = settings_of(tmp_path)
    publish(
        settings,
        [("sendgrid", "bad [/red].json", "quarantined", NOW - 5 * DAY), ("postmark", "a.json", "published", NOW)],
        checks=[
            ("fct_messages", "old", False, "critical", NOW - DAY),
            ("fct_messages", "rates_are_shares", False, "critical", NOW),
        ],
        published_at=NOW - 2 * DAY,
    )
    land(tmp_path, "sendgrid/new.json", journey())
    found = states(settings, ("exports_to_marts", dg.DagsterRunStatus.FAILURE))
    assert found["last run"][0] == found["publication"][0] == found["checks"][0] == "bad"
    assert "make dev" in found["last run"][1] and "is make dev running?" in found["publication"][1]
    assert found["checks"][1] == "fct_messages: rates_are_shares not as expected"
    assert found["held back"] == (
        "warning", "sendgrid/bad [/red].json; release or refuse, see quarantine/exports in the UI"
    )  # fmt: skip
    assert found["freshness"] == ("warning", "nothing new of sendgrid (since 2026-09-26 00:00)")
    assert found["landing zone"] == ("ok", "1 files to be loaded")


@pytest.mark.parametrize("damage", [b"no database", b""])
def test_a_home_whose_databases_are_damaged_still_has_a_status(tmp_path, damage):
    settings = settings_of(tmp_path)
    settings.marts_path.write_bytes(damage)
    assert states(settings)["publication"][0] == health.BAD
    assert "marts.duckdb cannot be read" in states(settings)["publication"][1]
    instances.prepare(settings)
    with dg.DagsterInstance.from_config(str(settings.dagster_home)) as instance:
        instance.get_runs_count()
        (settings.dagster_home / "history" / "runs.db").write_bytes(b"no database" * 1000)
        found = {f.what: (f.state, f.said) for f in health.findings(settings, instance)}
    assert found["last run"][0] == health.BAD and "cannot be read" in found["last run"][1]


def test_an_empty_home_and_a_publication_that_is_due_are_told(tmp_path):
    settings = settings_of(tmp_path)
    assert states(settings)["publication"][0] == "bad"
    publish(settings, DAILY)
    due.mark(tmp_path)
    found = states(settings, SUCCEEDED)
    assert found["publication"][0] == "warning" and "a newer one is due" in found["publication"][1]


@pytest.mark.parametrize(
    ("days_ago", "is_stale"),
    [([1], False), ([3], True), ([7, 14, 21], False), ([22, 29, 36], True), ([4, 5, 6, 7], True)],
    ids=["yesterday", "once and long ago", "weekly", "weekly and missed thrice", "daily and missed"],
)
def test_a_source_is_held_against_its_own_habit(days_ago, is_stale):
    with duckdb.connect() as connection:
        connection.execute("create table exports (source varchar, seen_at timestamp)")
        for days in days_ago:
            connection.execute("insert into exports values ('sendgrid', ?)", [NOW - days * DAY])
        connection.execute("insert into exports values ('campaigns', '2020-01-01'), ('unclaimed', '2020-01-01')")
        found = freshness.of_sources(connection, "exports", 48, SOURCES)
    assert {source: f.is_stale(NOW) for source, f in found.items()} == {"sendgrid": is_stale}


def test_a_source_that_falls_silent_fails_its_check_and_is_told_once_until_it_delivers(tmp_path, monkeypatch):
    told = []

    class Answer:
        def raise_for_status(self):
            pass

    monkeypatch.setattr(requests, "post", lambda url, json, timeout: told.append((url, json["text"])) or Answer())
    settings = settings_of(tmp_path, alert_url="http://127.0.0.1:9/hook")
    sensor = build_freshness_sensor(settings, SOURCES)

    def tick(cursor):
        with dg.DagsterInstance.ephemeral() as instance:
            result = sensor(dg.build_sensor_context(instance, cursor=cursor))
        return [(e.asset_key.to_user_string(), e.check_name, e.passed) for e in result.asset_events], result.cursor

    silent = [("sendgrid", "a.json", "published", NOW - 5 * DAY), ("ses", "b.json", "published", NOW)]
    publish(settings, silent)
    events, cursor = tick(None)
    assert events == [("raw/sendgrid", CHECK, False)]
    assert told == [("http://127.0.0.1:9/hook", "Nothing new has come of sendgrid (since 2026-09-26 00:00 UTC).")]
    assert tick(cursor) == ([], cursor) and len(told) == 1
    publish(settings, [*silent, ("sendgrid", "c.json", "published", NOW)])
    assert tick(cursor)[0] == [("raw/sendgrid", CHECK, True)] and len(told) == 1


def test_the_check_of_a_source_that_delivers_passes_in_a_run(tmp_path):
    settings = settings_of(tmp_path, pinned_now=datetime(2026, 10, 1))
    land(tmp_path, "sendgrid/a.json", journey())
    fresh = [e for e in run(settings, ["raw/sendgrid"]).get_asset_check_evaluations() if e.check_name == CHECK]
    assert [e.passed for e in fresh] == [True]
    later = settings_of(tmp_path, pinned_now=datetime(2026, 10, 9))
    fresh = [e for e in run(later, ["raw/sendgrid"]).get_asset_check_evaluations() if e.check_name == CHECK]
    assert [e.passed for e in fresh] == [False] and "to be expected by" in fresh[0].description
