"""What becomes of an export is decided by its profile and the gate alone."""

from __future__ import annotations

from orchestration.checks.outcome import Outcome
from orchestration.exports.decisions import Decision, decide, refusals_by_export

PROFILE = {
    "source": "sendgrid",
    "records": 100,
    "rejected": 0,
    "rejected_share": 0.0,
    "rejected_share_limit": 0.05,
    "foreign_records": 0,
    "foreign_source": None,
}


def profile(**changes) -> dict:
    changed = {**PROFILE, **changes}
    return {**changed, "rejected_share": changed["rejected"] / changed["records"] if changed["records"] else None}


def outcome(batch: str = "a", success: bool = False, severity: str = "critical", **changes) -> Outcome:
    fields = dict(column_name="records", observed="3 records", unexpected_count=1, description="Enough records")
    return Outcome("sendgrid", batch, "enough", success=success, severity=severity, **{**fields, **changes})


def test_a_sound_export_is_published():
    assert decide(profile(), [], {}) == Decision("published", None)


def test_a_share_of_exactly_the_limit_is_still_published_and_said():
    decision = decide(profile(rejected=5), [], {"no time": 3, "no type": 2})
    assert decision == Decision("published", "5 of 100 records held back: no time (3), no type (2)")


def test_a_share_above_the_limit_is_held_even_if_no_suite_asks():
    decision = decide(profile(rejected=6), [], {"no time": 6})
    assert decision == Decision("quarantined", "unreadable: 6 of 100 records, more than 5%: no time (6)")


def test_nothing_inside_is_held_even_if_no_suite_asks():
    assert decide(profile(records=0), [], {}).reason == "empty: the file holds no records"


def test_a_refusal_is_told_in_the_words_of_its_expectation():
    assert decide(profile(), [outcome(), outcome()], {}).reason == "Enough records (observed: 3 records)"


def test_a_refusal_for_the_share_of_unreadable_records_is_told_once():
    refusal = outcome(column_name="rejected_share", description="Few are rejected")
    assert decide(profile(rejected=50), [refusal], {"no time": 50}).reason == (
        "unreadable: 50 of 100 records, more than 5%: no time (50)"
    )


def test_a_foreign_export_names_both_vendors():
    foreign = profile(rejected=90, foreign_records=90, foreign_source="postmark")
    said = "foreign: 90 of 100 records look like postmark, and this is the folder of sendgrid. "
    assert decide(foreign, [outcome()], {}, ["postmark"]).reason == said + "Move the file to landing/postmark"
    assert decide(foreign, [outcome()], {}).reason == said + "Nothing reads postmark here yet"


def test_outcomes_refuse_the_exports_they_name():
    outcomes = [
        outcome("a"),
        outcome("b", success=True),
        outcome("b", severity="warning"),
        outcome("", involved=("b",)),
    ]
    found = refusals_by_export(outcomes, ["a", "b", "c"])
    assert {export: len(refusals) for export, refusals in found.items()} == {"a": 1, "b": 1, "c": 0}


def test_an_outcome_that_names_none_of_them_refuses_all():
    assert all(refusals_by_export([outcome("somebody else")], ["a", "b"]).values())
