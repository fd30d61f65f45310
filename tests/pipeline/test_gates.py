"""The later gates: what they refuse never reaches BI, and withdrawing the export they name leads out."""

import json
from dataclasses import replace

import duckdb

from orchestration import gates
from orchestration.checks.suites import BETWEEN, UNEXPECTED_ROWS, Expectation, load_suites
from orchestration.definitions import build_defs
from tests.payloads import journey, land, sendgrid
from tests.pipeline.running import failure, published, run, settings_of, stored


def stricter(suite: str, **expectation):
    """The shipped suites with one more critical expectation in one of them."""
    suites = load_suites()
    more = Expectation(severity="critical", **expectation)
    return {**suites, suite: replace(suites[suite], expectations=(*suites[suite].expectations, more))}


def decide(settings, decision, export_id):
    job = build_defs(settings=settings).resolve_job_def(f"{decision}_export")
    config = {"ops": {decision: {"config": {"export_id": export_id, "reason": "a test of theirs"}}}}
    return job.execute_in_process(run_config=config, raise_on_error=False)


def test_canonical_events_that_are_refused_reach_no_mart_and_withdrawing_leads_out(journeyed):
    settings, home = journeyed, journeyed.home
    suites = stricter(
        "int_email_events",
        name="nobody_lands_on_the_moon",
        type=UNEXPECTED_ROWS,
        kwargs={"unexpected_rows_query": "select * from {batch} where raw_event_type = 'moon landing'"},
        description="No event is a moon landing.",
    )
    defs = build_defs(settings=settings, suites=suites)
    before = published(home, "from fct_messages")
    land(home, "sendgrid/moon.json", [sendgrid("moon landing", message=f"x{n}", at=n) for n in range(9)])

    refused = run(settings, defs=defs)
    assert not refused.success
    ((export_id,),) = stored(settings, "select export_id from pipeline.exports where file_name = 'moon.json'")
    assert export_id in failure(refused) and "make withdraw" in failure(refused)
    assert published(home, "from fct_messages") == before
    assert stored(settings, "select count(*) from marts.fct_messages") == [(len(before),)]

    marts_alone = run(settings, ["marts/fct_messages"], defs=defs)
    assert not marts_alone.success
    assert export_id in failure(marts_alone)

    assert decide(settings, "withdraw", export_id[:12]).success
    healed = run(settings, defs=defs)
    assert healed.success, failure(healed)
    assert published(home, "from fct_messages") == before
    assert published(home, "select status, reason from exports where file_name = 'moon.json'") == [
        ("withdrawn", "a test of theirs")
    ]


def test_refused_marts_leave_the_published_file_as_it_was(journeyed):
    settings, home = journeyed, journeyed.home
    file_before = settings.marts_path.read_bytes()
    land(home, "sendgrid/b.json", journey("reader2@example.com", "m2"))
    suites = stricter(
        "fct_messages",
        name="nobody_clicks",
        type=BETWEEN,
        kwargs={"column": "human_clicks", "max_value": 0},
        description="No message is ever clicked.",
    )
    defs = build_defs(settings=settings, suites=suites)

    refused = run(settings, defs=defs)
    assert not refused.success
    assert "No message is ever clicked." in failure(refused)
    failed = [e for e in refused.get_asset_check_evaluations() if not e.passed]
    assert [(e.asset_key.to_user_string(), e.check_name) for e in failed] == [("marts/fct_messages", "nobody_clicks")]
    assert settings.marts_path.read_bytes() == file_before
    publication_alone = run(settings, ["published/marts"])
    assert not publication_alone.success
    assert settings.marts_path.read_bytes() == file_before

    assert run(settings).success
    assert published(home, "select count(*) from fct_messages") == [(2,)]


def test_a_run_that_ended_before_its_checks_is_no_pass():
    with duckdb.connect() as connection:
        gates.record(connection, gates.Verdict(gates.MARTS, "open"), run_id="r", now=None)
        try:
            gates.require(connection, gates.MARTS)
        except gates.GateRefused as refusal:
            assert "exports_to_marts" in str(refusal)
        else:
            raise AssertionError("an open gate let through")


def test_a_held_export_is_released_or_refused_by_hand(tmp_path):
    settings = settings_of(tmp_path)
    lines = [*(json.dumps(event) for event in journey()), "{broken", "{broken too"]
    land(tmp_path, "sendgrid/half.json", "\n".join(lines))
    assert run(settings, ["raw/sendgrid"]).success
    ((export_id, status),) = stored(settings, "select export_id, status from pipeline.exports")
    assert status == "quarantined"
    assert decide(settings, "refuse", export_id).success
    assert stored(settings, "select status from pipeline.exports") == [("refused",)]
    assert decide(settings, "release", export_id).success
    assert run(settings).success
    assert published(tmp_path, "select status, records_loaded from exports") == [("released", 4)]
    assert published(tmp_path, "select count(*) from fct_messages") == [(1,)]


def test_a_decision_about_no_export_says_what_to_do(tmp_path):
    settings = settings_of(tmp_path)
    assert run(settings, ["raw/sendgrid"]).success
    refused = decide(settings, "withdraw", "abc")
    assert "'abc'" in failure(refused) and "exports" in failure(refused)
