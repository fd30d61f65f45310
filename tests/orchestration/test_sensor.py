"""When the sensor asks for a run, and what it says when it does not."""

from orchestration.sensors import ATTEMPTS, Earlier, decide

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
