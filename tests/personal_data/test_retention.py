"""Verbatim records leave raw when they are old enough; the events they told of stay, and stay once."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from orchestration.definitions import build_defs
from orchestration.personal_data.jobs import RETENTION_JOB
from orchestration.settings import Settings
from tests.payloads import journey, land, sendgrid
from tests.pipeline.running import canonical_events, failure, run, stored

_EVENTS = "select * exclude (export_id, position, part) from intermediate.int_email_events order by all"


def test_aged_records_leave_raw_and_their_events_stay_once_whatever_comes_again(journeyed):
    settings = replace(journeyed, pinned_now=datetime(2026, 12, 1))
    before = stored(settings, _EVENTS)
    job = build_defs(settings=settings).resolve_job_def(RETENTION_JOB)

    def age_out(days: int) -> dict:
        config = {"ops": {"age_out": {"config": {"days": days}}}}
        result = job.execute_in_process(run_config=config, raise_on_error=False)
        assert result.success, failure(result)
        (output,) = [e.event_specific_data for e in result.all_events if e.event_type_value == "STEP_OUTPUT"]
        return {key: value.value for key, value in output.metadata.items()}

    assert age_out(90) == {"days": 90, "exports": 0, "raw_records": 0, "events_retained": 0}
    assert age_out(30) == {"days": 30, "exports": 1, "raw_records": 4, "events_retained": 4}
    assert stored(settings, "select count(*) from raw.sendgrid") == [(0,)]

    # Another export repeats one of the events, word for word and in other words, and tells of a new one.
    events = journey()
    land(settings.home, "sendgrid/again.json", [events[2], dict(events[3], note="more"), sendgrid("open", at=9_999)])
    built = run(settings, canonical_events(settings))
    assert built.success, failure(built)
    after = stored(settings, _EVENTS)
    assert len(after) == len(before) + 1 and set(before) <= set(after)
    assert stored(settings, "select count(*) from raw.sendgrid") == [(3,)]
    assert stored(settings, "select status, records_loaded from pipeline.exports order by file_name") == [
        ("published", 4),
        ("published", 3),
    ]


def test_a_home_that_sets_how_long_raw_is_kept_has_a_daily_run_for_it(tmp_path):
    def schedules(**environ) -> set[str]:
        home = {"MICRO_CONVERSIONS_HOME": str(tmp_path)}
        settings = Settings.from_environment({**home, **environ})
        return {schedule.name for schedule in build_defs(settings=settings).schedules}

    assert "daily_retention" not in schedules()
    assert "daily_retention" in schedules(MICRO_CONVERSIONS_RETENTION_DAYS="400")
