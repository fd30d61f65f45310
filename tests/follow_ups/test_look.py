"""When the sensor asks for a delivery, and what it says when it does not."""

from datetime import timedelta

from orchestration.follow_ups import look
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


def test_a_delivery_that_died_is_followed_by_another_after_a_pause():
    assert not look.decide(NOW, NOW, None, NOW - 59 * SECOND).asks
    assert look.decide(NOW, NOW, None, NOW - 60 * SECOND).asks


def test_the_mark_outlives_the_process(tmp_path):
    assert look.at(tmp_path) is None
    look.mark(tmp_path, NOW)
    assert look.at(tmp_path) == NOW
    look.mark(tmp_path, None)
    assert look.at(tmp_path) is None
