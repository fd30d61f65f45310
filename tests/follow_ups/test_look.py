"""When the sensor asks for a delivery, and what it says when it does not."""

from datetime import timedelta

import dagster as dg
import pytest
from dagster._core.test_utils import create_run_for_test

from orchestration import due
from orchestration.follow_ups import look
from orchestration.jobs import DELIVERY_JOB, MAIN_JOB
from orchestration.sensors import _deliveries, build_follow_up_sensor
from orchestration.settings import Settings
from tests.follow_ups.queue import NOW

SECOND = timedelta(seconds=1)


def test_one_that_may_go_out_is_asked_for():
    assert look.decide(NOW, NOW, None, None).asks


def test_nothing_left_is_said():
    assert look.decide(None, NOW, None, None).waits_because == "Every follow-up is delivered."


def test_one_whose_time_has_not_come_waits_and_its_time_is_named():
    decision = look.decide(NOW + SECOND, NOW, None, None)
    assert not decision.asks and "2026-09-01 10:00:01" in decision.waits_because


def test_a_run_under_way_is_waited_for_and_named():
    decision = look.decide(NOW, NOW, "run-1", None)
    assert not decision.asks and "run-1" in decision.waits_because


def test_a_delivery_that_failed_is_followed_by_another_after_a_pause():
    decision = look.decide(NOW, NOW, None, NOW + SECOND)
    assert not decision.asks and "10:00:01" in decision.waits_because
    assert look.decide(NOW, NOW, None, NOW).asks


def test_nothing_goes_out_by_marts_that_do_not_know_of_an_unsubscription_that_is_loaded(tmp_path):
    sensor = build_follow_up_sensor(Settings(home=tmp_path, pinned_now=NOW))
    look.mark(tmp_path, NOW)
    with dg.DagsterInstance.ephemeral() as instance:
        due.mark(tmp_path)
        lagging = sensor(dg.build_sensor_context(instance))
        assert isinstance(lagging, dg.SkipReason) and "lag behind" in lagging.skip_message
        due.clear(tmp_path, due.token(tmp_path))
        assert isinstance(sensor(dg.build_sensor_context(instance)), dg.RunRequest)


@pytest.mark.parametrize(("statuses", "minutes"), [("F", 1), ("FF", 2), ("SFFF", 4), ("FFS", None), ("", None)])
def test_the_pause_grows_with_the_failures_in_a_row_and_ends_with_a_success(tmp_path, statuses, minutes):
    kinds = {"F": dg.DagsterRunStatus.FAILURE, "S": dg.DagsterRunStatus.SUCCESS}
    with dg.DagsterInstance.ephemeral() as instance:
        for number, status in enumerate(statuses):
            job = (MAIN_JOB, DELIVERY_JOB)[number % 2]
            newest = create_run_for_test(instance, job, status=kinds[status])
        under_way, not_before = _deliveries(instance)
        assert under_way is None
        if minutes is None:
            assert not_before is None
        else:
            ended = instance.get_run_record_by_id(newest.run_id).update_timestamp.replace(tzinfo=None)
            assert not_before == ended + timedelta(minutes=minutes)


def test_a_run_that_will_deliver_is_seen_while_it_waits_for_its_turn():
    with dg.DagsterInstance.ephemeral() as instance:
        queued = create_run_for_test(instance, MAIN_JOB, status=dg.DagsterRunStatus.NOT_STARTED)
        assert _deliveries(instance) == (queued.run_id, None)


def test_the_mark_outlives_the_process(tmp_path):
    assert look.at(tmp_path) is None
    look.mark(tmp_path, NOW)
    assert look.at(tmp_path) == NOW
    look.mark(tmp_path, None)
    assert look.at(tmp_path) is None


@pytest.mark.parametrize("left", ["", "{", "soon", '"soon"', "1"], ids=["empty", "cut off", "words", "text", "number"])
def test_a_mark_that_cannot_be_read_asks_for_a_look_at_once(tmp_path, left):
    look.mark(tmp_path, NOW)
    (mark,) = tmp_path.iterdir()
    mark.write_text(left)
    assert look.decide(look.at(tmp_path), NOW, None, None).asks
