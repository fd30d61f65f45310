"""What checks observed stays on record, run by run."""

from __future__ import annotations

from contextlib import closing
from datetime import datetime

import duckdb
import pytest

from orchestration.checks.history import record_outcomes
from orchestration.checks.outcome import Outcome

AT = datetime(2026, 1, 3, 12)


@pytest.fixture
def connection():
    with closing(duckdb.connect()) as connection:
        connection.execute("""
            create schema pipeline;
            create table pipeline.check_results (
                run_id varchar, suite varchar, batch varchar, expectation varchar, column_name varchar, success boolean,
                observed varchar, unexpected_count bigint, severity varchar, checked_at timestamp
            )
        """)
        yield connection


def outcome(expectation="rule", batch="", success=True, count=None, column=None):
    return Outcome("suite", batch, expectation, column, success, "it's so", count, "critical", "A rule.", ("e1",))


def stored(connection):
    return connection.execute("from pipeline.check_results order by all").fetchall()


def test_an_outcome_is_stored_as_it_was_observed(connection):
    record_outcomes(
        connection, [outcome(success=False, count=7, column="id"), outcome("other")], run_id="r", checked_at=AT
    )
    assert stored(connection) == [
        ("r", "suite", "", "other", None, True, "it's so", None, "critical", AT),
        ("r", "suite", "", "rule", "id", False, "it's so", 7, "critical", AT),
    ]


def test_a_run_that_checks_again_replaces_what_it_observed_before(connection):
    record_outcomes(connection, [outcome(batch="e1"), outcome(batch="e2")], run_id="r", checked_at=AT)
    record_outcomes(connection, [outcome(batch="e1", success=False)], run_id="r", checked_at=AT)
    record_outcomes(connection, [outcome(batch="e1")], run_id="next", checked_at=AT)
    assert [(row[0], row[2], row[5]) for row in stored(connection)] == [
        ("next", "e1", True),
        ("r", "e1", False),
        ("r", "e2", True),
    ]


def test_nothing_observed_stores_nothing(connection):
    record_outcomes(connection, [], run_id="r", checked_at=AT)
    assert stored(connection) == []


def test_the_outcomes_of_ten_thousand_exports_are_stored_at_once(connection):
    outcomes = [outcome(f"rule_{rule}", f"e{export}") for export in range(10_000) for rule in range(5)]
    record_outcomes(connection, outcomes, run_id="r", checked_at=AT)
    assert connection.execute("select count(*) from pipeline.check_results").fetchone() == (50_000,)
