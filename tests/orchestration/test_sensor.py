"""When the sensor asks for a run, and what it says when it does not."""

import time

import dagster as dg

from orchestration import sensors
from orchestration.exports import landing
from orchestration.sensors import ATTEMPTS, Earlier, build_landing_sensor, decide
from orchestration.settings import Settings
from orchestration.sources import SOURCES
from tests.payloads import journey, land
from tests.pipeline.running import settings_of

OLD = {"a.json": "10:1"}
CHANGED = {"a.json": "12:2"}


def test_a_file_that_two_looks_find_unchanged_is_asked_for():
    decision = decide(OLD, OLD, None, Earlier())
    assert decision.run_key


def test_a_file_seen_for_the_first_time_waits_for_a_second_look():
    decision = decide(OLD, {}, None, Earlier())
    assert decision.run_key is None
    assert "Being written: a.json" in decision.waits_because


def test_a_file_that_grew_since_the_last_look_waits():
    assert decide(CHANGED, OLD, None, Earlier()).run_key is None


def test_neither_the_memory_of_a_look_nor_its_reason_tells_who_a_file_is_named_after(tmp_path, monkeypatch):
    monkeypatch.setattr(sensors, "_complete", lambda files, settings, waits: [])  # one look does not tell
    settings = settings_of(tmp_path)
    land(tmp_path, "sendgrid/joe@example.com.json", [{}])
    sensor = build_landing_sensor(settings, ["sendgrid"])
    with dg.DagsterInstance.ephemeral() as instance:
        first = sensor.evaluate_tick(dg.build_sensor_context(instance))
        assert "Being written: " in first.skip_message and "[address]" in first.skip_message
        assert "joe" not in first.skip_message + first.cursor
        second = sensor.evaluate_tick(dg.build_sensor_context(instance, cursor=first.cursor))
        assert len(second.run_requests) == 1


def test_an_empty_landing_zone_says_so():
    assert decide({}, {}, None, Earlier()).waits_because == "Nothing new in the landing zone."


def test_a_run_under_way_is_waited_for_and_named():
    decision = decide(OLD, OLD, None, Earlier(under_way=["run-1"]))
    assert decision.run_key is None
    assert "run-1" in decision.waits_because


def test_the_same_pending_files_give_the_same_run_key_after_a_restart():
    assert decide(OLD, OLD, None, Earlier()).run_key == decide(dict(OLD), dict(OLD), None, Earlier()).run_key


def test_a_file_replaced_under_its_name_gives_another_run_key():
    assert decide(OLD, OLD, None, Earlier()).run_key != decide(CHANGED, CHANGED, None, Earlier()).run_key


def test_a_due_publication_asks_for_a_run_without_any_file():
    assert decide({}, {}, "token", Earlier()).run_key


def test_a_failed_run_is_tried_again_under_another_key():
    first = decide(OLD, OLD, None, Earlier())
    second = decide(OLD, OLD, None, Earlier(failed={first.pending: 1}))
    assert second.run_key and second.run_key != first.run_key


def test_after_the_last_attempt_the_sensor_waits_and_says_what_to_do():
    first = decide(OLD, OLD, None, Earlier())
    decision = decide(OLD, OLD, None, Earlier(failed={first.pending: ATTEMPTS}))
    assert decision.run_key is None
    assert "a.json" in decision.waits_because and "withdraw" in decision.waits_because


def test_a_new_file_beside_a_hopeless_one_is_asked_for():
    first = decide(OLD, OLD, None, Earlier())
    both = {**OLD, "b.json": "5:5"}
    assert decide(both, both, None, Earlier(failed={first.pending: ATTEMPTS})).run_key


def tick(settings: Settings):
    """A look of the sensor that remembers nothing."""
    with dg.DagsterInstance.ephemeral() as instance:
        context = dg.build_sensor_context(instance)
        return build_landing_sensor(settings, list(SOURCES)).evaluate_tick(context)


def test_a_file_that_settles_is_asked_for_at_the_first_look(tmp_path):
    settings = Settings(home=tmp_path, settle_seconds=0.2)
    land(tmp_path, "sendgrid/new.json", journey())
    assert len(tick(settings).run_requests) == 1


def test_a_file_that_grows_during_the_look_is_not(tmp_path, monkeypatch):
    file = land(tmp_path, "sendgrid/new.json", journey())
    monkeypatch.setattr(landing.time, "sleep", lambda seconds: file.write_text(file.read_text() + "\n"))
    found = tick(Settings(home=tmp_path))
    assert not found.run_requests and "Being written" in found.skip_message


def test_no_look_waits_longer_than_two_seconds(tmp_path):
    settings = Settings(home=tmp_path, settle_seconds=30)
    land(tmp_path, "sendgrid/new.json", journey())
    started = time.monotonic()
    assert "Being written" in tick(settings).skip_message
    assert time.monotonic() - started < 2


def test_a_look_that_died_and_is_made_again_asks_for_the_same_run(tmp_path):
    settings = Settings(home=tmp_path, settle_seconds=0)
    land(tmp_path, "sendgrid/new.json", journey())
    (first,), (second,) = tick(settings).run_requests, tick(settings).run_requests
    assert first.run_key == second.run_key, "Dagster makes one run of both"
