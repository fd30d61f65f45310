"""A build reads the exports that none has read yet, and nothing is lost or doubled by that."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from datetime import UTC, timedelta

import duckdb
import pytest

from orchestration import increments
from orchestration.exports import ledger
from tests.classification import build, load
from tests.payloads import SEND, land, sendgrid
from tests.pipeline.running import NOW, settings_of, stored

READINGS = f"intermediate.{increments.READINGS}"


@pytest.fixture
def home(tmp_path):
    """One export, read; its record is marked, so that reading it again would show."""
    settings = settings_of(tmp_path)
    land(tmp_path, "sendgrid/a.json", [sendgrid("open", "ann@example.com", "a", 0)])
    load_and_build(settings)
    change(settings, f"update {READINGS} set reason = 'as it was read'")
    return settings


def load_and_build(settings, **changes):
    load(settings)
    build(replace(settings, **changes), ["int_email_events"])


def change(settings, statement):
    with closing(duckdb.connect(str(settings.warehouse_path))) as connection:
        return connection.execute(statement).fetchall()


def events(settings):
    return stored(settings, "select reason from intermediate.int_email_events order by occurred_at")


def test_what_was_read_is_not_read_again_and_what_is_new_is(home):
    land(home.home, "sendgrid/b.json", [sendgrid("open", "bob@example.com", "b", 60)])
    load_and_build(home)
    assert events(home) == [("as it was read",), (None,)]


def test_a_build_that_died_before_it_was_complete_is_made_good(home):
    notes = stored(home, "select * from pipeline.read_exports")
    land(home.home, "sendgrid/b.json", [sendgrid("open", "bob@example.com", "b", 60)])
    load_and_build(home)
    change(home, f"delete from pipeline.read_exports where export_id != '{notes[0][0]}'")
    load_and_build(home)
    assert events(home) == [("as it was read",), (None,)]


def test_what_is_withdrawn_goes_and_comes_back_with_a_decision_of_its_own(home):
    (export_id,) = stored(home, "select export_id from pipeline.exports")[0]
    with closing(duckdb.connect(str(home.warehouse_path))) as connection:
        ledger.withdraw(connection, export_id, "a mistake")
    load_and_build(home)
    assert events(home) == []
    change(home, "update pipeline.exports set status = 'released', run_id = 'another run'")
    load_and_build(home)
    assert events(home) == [(None,)]


def test_other_code_and_an_earlier_now_read_everything_again(home):
    load_and_build(home, pinned_now=NOW - timedelta(days=1))
    assert events(home) == [(None,)]
    change(home, f"update {READINGS} set reason = 'as it was read'")
    change(home, "update pipeline.built_by set project = 'an earlier one'")
    load_and_build(home)
    assert events(home) == [(None,)]


def test_seeds_are_made_anew_by_other_code_alone(home):
    agents = "select count(*) > 0 from seeds.machine_agents"
    change(home, "delete from seeds.machine_agents")
    load_and_build(home)
    assert stored(home, agents) == [(False,)]
    change(home, "update pipeline.built_by set project = 'an earlier one'")
    load_and_build(home)
    assert stored(home, agents) == [(True,)]


def test_a_time_that_lay_ahead_counts_from_when_it_has_come(home):
    ahead = int(NOW.replace(tzinfo=UTC).timestamp()) - SEND + 3 * 86_400
    land(home.home, "sendgrid/ahead.json", [sendgrid("open", "eve@example.com", "e", ahead)])
    load_and_build(home)
    assert events(home) == [("as it was read",)]
    load_and_build(home, pinned_now=NOW + timedelta(days=3))
    assert events(home) == [("as it was read",), (None,)]
