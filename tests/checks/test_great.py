"""Running a suite: what fails, what is said of it, and what is left behind."""

from __future__ import annotations

import subprocess
import sys
from contextlib import closing
from datetime import datetime

import duckdb
import pytest

from orchestration.checks.great import audit_exports, run_suites
from orchestration.checks.outcome import MOST_INVOLVED
from orchestration.checks.suites import Expectation, Suite

COUNT = Expectation("rows", "expect_table_row_count_to_be_between", {"min_value": 1}, "critical", "There are rows.")


@pytest.fixture(scope="module")
def database(tmp_path_factory):
    """100 events of 30 exports, the first of which has most; e-mail addresses stand among the values."""
    path = tmp_path_factory.mktemp("great") / "events.duckdb"
    with closing(duckdb.connect(str(path))) as connection:
        connection.execute("""
            create table events as
            select
                i as id, 'person' || i || '@example.com' as email, timestamp '2026-01-01' as happened_at,
                case when i < 71 then 'e00' else printf('e%02d', i - 70) end as export_id
            from range(100) as numbers(i);
            create schema empty; create table empty.events as from events where false;
            create schema marts;
            create table marts.messages as select distinct 'm' || id % 3 as message_key, id % 3 as opens from events;
            create table lineage as select 'm' || id % 3 as message_key, export_id from events;
        """)
    return path


def rule(name, kind, severity="critical", **kwargs):
    return Expectation(name, kind, kwargs, severity, f"About {name}.")


def run(database, *expectations, table="main.events", involved=None, key=("id",), **kwargs):
    suite = Suite("events", "Events.", key, expectations, involved=involved)
    return run_suites([(suite, table)], database=database, **kwargs)


def query(name, text, **kwargs):
    return rule(name, "unexpected_rows_expectation", unexpected_rows_query=text, **kwargs)


def test_an_expectation_reads_the_database_and_no_file(database, tmp_path):
    reads_a_file = query("file", "select * from {batch} where 'x' in (select content from read_text('/etc/hostname'))")
    (outcome,) = run(database, reads_a_file)
    assert not outcome.success and "file system operations are disabled" in outcome.observed

    profile = tmp_path / "profile.parquet"
    duckdb.sql("select 'e1' as export_id").write_parquet(str(profile))
    (outcome,) = audit_exports(Suite("events", "Events.", ("export_id",), (reads_a_file,)), profile)
    assert not outcome.success and "file system operations are disabled" in outcome.observed


def test_outcomes_stand_in_the_order_of_the_suite_and_carry_its_words(database):
    outcomes = run(
        database,
        query("late", "select * from {batch} where id > 97", severity="warning"),
        COUNT,
        rule("email_is_present", "expect_column_values_to_not_be_null", column="email"),
        batch="b1",
    )
    assert [(o.expectation, o.success, o.severity, o.column_name) for o in outcomes] == [
        ("late", False, "warning", None),
        ("rows", True, "critical", None),
        ("email_is_present", True, "critical", "email"),
    ]
    assert {(o.suite, o.batch) for o in outcomes} == {("events", "b1")}
    assert [o.observed for o in outcomes] == ["2 unexpected rows", "100 rows", "0 of 100 rows unexpected"]
    assert outcomes[0].description == "About late." and outcomes[0].unexpected_count == 2


def test_a_failure_names_the_exports_behind_it_the_one_with_most_rows_first(database):
    outcomes = run(database, rule("id_is_small", "expect_column_values_to_be_between", column="id", max_value=68))
    assert outcomes[0].involved[:3] == ("e00", "e01", "e02")
    assert len(outcomes[0].involved) == MOST_INVOLVED
    assert outcomes[0].observed == "31 of 100 rows unexpected (31.0%)"


def test_every_kind_of_rule_on_rows_names_the_exports(database):
    failing = [
        rule("unique", "expect_column_values_to_be_unique", column="happened_at"),
        rule("unique_together", "expect_compound_columns_to_be_unique", column_list=["happened_at", "export_id"]),
        rule("known", "expect_column_values_to_be_in_set", column="export_id", value_set=["it's", "e05"]),
        rule("early", "expect_column_values_to_be_between", column="happened_at", max_value="2025-01-01T00:00:00"),
        query("never", "select export_id from {batch}"),
    ]
    for outcome in run(database, *failing):
        assert not outcome.success
        assert outcome.involved[0] == "e00", outcome


def test_a_table_without_export_ids_leads_to_them_by_its_key(database):
    outcomes = run(
        database,
        rule("opened", "expect_column_values_to_be_between", column="opens", max_value=1),
        query("never", "select message_key from {batch} where opens = 1"),
        query("silent", "select opens from {batch}"),
        table="marts.messages",
        key=("message_key",),
        involved="select export_id from lineage where message_key in (select message_key from {unexpected})",
    )
    assert outcomes[0].involved[:2] == ("e00", "e01")
    assert outcomes[1].involved[0] == "e00"
    assert outcomes[2].involved == ()


def test_what_passes_involves_nobody(database):
    mostly = rule("mostly", "expect_column_values_to_be_between", column="id", max_value=90, mostly=0.5)
    assert run(database, mostly)[0].success
    assert run(database, mostly)[0].involved == ()


def test_an_error_is_a_failure_in_plain_words_without_values(database):
    outcomes = run(
        database,
        rule("gone", "expect_column_values_to_not_be_null", column="gone"),
        query("broken", "select * from {batch} where cast(email as double) > 1"),
        query("unknown", "select * from {batch} where nothing = 1"),
        COUNT,
    )
    assert [o.success for o in outcomes] == [False, False, False, True]
    assert all(o.observed.startswith("could not be evaluated: ") for o in outcomes[:3])
    assert 'The column "gone"' in outcomes[0].observed
    assert "Conversion Error" in outcomes[1].observed
    assert "example.com" not in "".join(o.observed for o in outcomes)
    assert not any("\n" in o.observed or "sqlalche" in o.observed for o in outcomes)


def test_a_table_that_is_not_there_fails_every_expectation(database):
    outcomes = run(database, COUNT, query("never", "select * from {batch}"), table="marts.gone")
    assert [o.success for o in outcomes] == [False, False]
    assert "gone" in outcomes[0].observed


def test_an_empty_table_fails_the_row_count_alone(database):
    outcomes = run(
        database, COUNT, rule("id_is_unique", "expect_column_values_to_be_unique", column="id"), table="empty.events"
    )
    assert [(o.success, o.observed) for o in outcomes] == [(False, "0 rows"), (True, "0 of 0 rows unexpected")]


def test_parameters_reach_values_and_queries(database):
    rules = (
        rule(
            "past",
            "expect_column_values_to_be_between",
            column="happened_at",
            max_value={"$PARAMETER": "now - timedelta(days=1)"},
        ),
        query("older", "select * from {batch} where happened_at < {now} and export_id in {exports} and '{{' <> ''"),
    )
    parameters = {"now": datetime(2026, 1, 2), "exports": ["e01", "e02"]}
    assert [(o.success, o.unexpected_count) for o in run(database, *rules, parameters=parameters)] == [
        (True, 0),
        (False, 2),
    ]
    parameters["now"] = datetime(2026, 1, 1)
    assert [(o.success, o.unexpected_count) for o in run(database, *rules, parameters=parameters)] == [
        (False, 100),
        (True, 0),
    ]


def test_a_missing_parameter_is_named(database):
    with pytest.raises(ValueError, match="needs a value for: now"):
        run(database, query("older", "select * from {batch} where happened_at < {now}"))


def test_nothing_holds_the_file_after_a_check(database):
    run(database, COUNT, query("never", "select * from {batch}"))
    other = f"import duckdb; duckdb.connect({str(database)!r}).execute('create or replace table written as select 1')"
    subprocess.run([sys.executable, "-c", other], check=True)
    with closing(duckdb.connect(str(database), config={"memory_limit": "1GB"})) as connection:
        assert connection.execute("select * from written").fetchall() == [(1,)]


def test_the_limits_of_the_settings_hold_for_checks_too(database):
    limited = query("limited", "select 1 from {batch} where current_setting('threads') <> 1")
    assert run(database, limited, config={"memory_limit": "500MB", "threads": 1})[0].success


def test_loading_checks_does_not_import_great_expectations():
    modules = "great, data_docs, factory, history, suites"
    code = f"from orchestration.checks import {modules}; import sys; sys.exit('great_expectations' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
