"""Checks as Dagster shows them."""

from __future__ import annotations

import dagster as dg

from orchestration.checks.factory import asset_check_results, asset_check_specs, held_back_result, held_back_spec
from orchestration.checks.outcome import Outcome
from orchestration.checks.suites import Expectation, Suite

KEY = dg.AssetKey(["raw", "sendgrid"])
SUITE = Suite(
    "sendgrid",
    "Exports.",
    ("export_id",),
    (
        Expectation("is_readable", "expect_column_values_to_be_between", {"column": "share"}, "critical", "Readable."),
        Expectation("is_whole", "expect_column_values_to_be_between", {"column": "size"}, "warning", "Whole."),
    ),
)


def outcome(expectation, batch="", success=True, suite="sendgrid", involved=(), count=0):
    severity = "critical" if expectation == "is_readable" else "warning"
    return Outcome(suite, batch, expectation, None, success, f"seen in {batch}", count, severity, "", involved)


def results(*outcomes, held=()):
    return {result.check_name: result for result in asset_check_results(KEY, SUITE, outcomes, held)}


def test_a_critical_expectation_blocks_and_a_warning_does_not():
    specs = asset_check_specs(KEY, SUITE)
    assert [(s.name, s.asset_key, s.blocking, s.description) for s in specs] == [
        ("is_readable", KEY, True, "Readable."),
        ("is_whole", KEY, False, "Whole."),
    ]


def test_every_check_that_is_declared_has_a_result():
    found = results(outcome("is_readable"), outcome("is_whole", success=False, involved=("e1",), count=3))
    assert found["is_readable"].passed and found["is_readable"].severity is dg.AssetCheckSeverity.ERROR
    assert not found["is_whole"].passed and found["is_whole"].severity is dg.AssetCheckSeverity.WARN
    assert found["is_whole"].metadata["unexpected"].value == 3
    assert "e1" in found["is_whole"].metadata["involved"].value
    assert found["is_readable"].metadata["observed"].value == "seen in "


def test_what_was_held_back_does_not_speak_for_what_was_published():
    outcomes = [outcome(rule, batch) for rule in ("is_readable", "is_whole") for batch in ("e1", "e2")]
    outcomes += [outcome("is_readable", "bad", success=False), outcome("is_whole", "bad", success=False)]
    found = results(*outcomes, held={"bad"})
    assert found["is_readable"].passed and found["is_whole"].passed
    assert found["is_readable"].metadata["observed"].value == "2 of 2 exports as expected"


def test_a_warning_on_a_published_export_names_it():
    found = results(
        outcome("is_readable", "e1"),
        outcome("is_readable", "e2"),
        outcome("is_whole", "e1"),
        outcome("is_whole", "e2", success=False, involved=("e2",), count=1),
    )
    assert found["is_whole"].metadata["observed"].value == "1 of 2 exports as expected"
    assert "`e2`" in found["is_whole"].metadata["involved"].value


def test_with_nothing_to_check_every_check_passes_and_says_so():
    for found in (results(), results(outcome("is_readable", "bad", success=False), held=["bad"])):
        assert all(result.passed and "nothing to check" in result.description for result in found.values())


def test_an_expectation_without_an_outcome_beside_others_fails():
    found = results(outcome("is_readable"))
    assert not found["is_whole"].passed
    assert found["is_whole"].description == "not evaluated"


def test_outcomes_of_other_suites_are_passed_over():
    found = results(outcome("is_readable"), outcome("is_whole"), outcome("is_whole", suite="postmark", success=False))
    assert found["is_whole"].passed


def test_the_exports_held_back_are_named_with_their_reasons_and_block_nothing():
    assert not held_back_spec(KEY).blocking
    held = held_back_result(KEY, [("abc", "new|\n`file`.json", "empty: no record")])
    assert not held.passed and held.severity is dg.AssetCheckSeverity.WARN
    assert "| new\\| \\`file\\`.json | abc | empty: no record |" in held.metadata["exports"].value
    assert held_back_result(KEY, []).passed


def test_a_failed_check_leads_to_its_line_in_the_data_docs_and_one_that_holds_to_nothing():
    outcomes = [outcome("is_readable"), outcome("is_whole", success=False)]
    found = {r.check_name: r for r in asset_check_results(KEY, SUITE, outcomes, data_docs="http://127.0.0.1:3001")}
    assert found["is_whole"].metadata["data_docs"].value == "http://127.0.0.1:3001/sendgrid.html#is_whole"
    assert "data_docs" not in found["is_readable"].metadata
    page = "http://127.0.0.1:3001/sendgrid.html"
    assert held_back_result(KEY, [("abc", "a.json", "empty")], page).metadata["data_docs"].value == page
    assert "data_docs" not in held_back_result(KEY, [], page).metadata


def test_dagster_takes_specs_and_results():
    @dg.multi_asset(specs=[dg.AssetSpec(KEY)], check_specs=[*asset_check_specs(KEY, SUITE), held_back_spec(KEY)])
    def load():
        yield dg.MaterializeResult(asset_key=KEY)
        yield from asset_check_results(KEY, SUITE, [outcome("is_readable"), outcome("is_whole", success=False)])
        yield held_back_result(KEY, [("abc", "a.json", "empty")])

    run = dg.materialize([load])
    assert run.success
    assert {e.check_name: e.passed for e in run.get_asset_check_evaluations()} == {
        "is_readable": True,
        "is_whole": False,
        "held_back": False,
    }
