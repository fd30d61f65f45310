"""Great Expectations on DuckDB: every type of expectation that suites may use tells good data from bad."""

from __future__ import annotations

from contextlib import closing

import duckdb
import pytest
import sqlalchemy
from sqlalchemy.pool import NullPool

from orchestration.checks import duckdb_dialect
from orchestration.checks.great import run_suites
from orchestration.checks.suites import TYPES, Expectation, Suite

COUNT = "expect_table_row_count_to_be_between"
ROWS = "unexpected_rows_expectation"

# type, arguments that good data meet, arguments that they do not, unexpected rows of the latter
CASES = [
    (COUNT, {"min_value": 1, "max_value": 10}, {"min_value": 11}, None),
    (
        "expect_table_columns_to_match_set",
        {"column_set": ["id"], "exact_match": False},
        {"column_set": ["id", "gone"], "exact_match": False},
        None,
    ),
    ("expect_column_values_to_not_be_null", {"column": "id"}, {"column": "name"}, 2),
    ("expect_column_values_to_not_be_null", {"column": "name", "mostly": 0.8}, {"column": "name", "mostly": 0.9}, 2),
    ("expect_column_values_to_be_unique", {"column": "id"}, {"column": "kind"}, 10),
    ("expect_compound_columns_to_be_unique", {"column_list": ["kind", "id"]}, {"column_list": ["kind", "half"]}, 10),
    (
        "expect_column_values_to_be_between",
        {"column": "amount", "min_value": 0, "max_value": 9.5},
        {"column": "amount", "min_value": 1, "max_value": 8},
        2,
    ),
    (
        "expect_column_values_to_be_between",
        {"column": "at", "min_value": "2026-01-01T00:00:00", "max_value": "2026-01-10T00:00:00"},
        {"column": "at", "min_value": "2026-01-01T00:00:00", "max_value": "2026-01-09T00:00:00"},
        1,
    ),
    (
        "expect_column_values_to_be_in_set",
        {"column": "kind", "value_set": ["even", "odd"]},
        {"column": "kind", "value_set": ["even"]},
        5,
    ),
    (
        ROWS,
        {"unexpected_rows_query": "select * from {batch} where not regexp_matches(id, '^i[0-9]{{1,2}}$')"},
        {"unexpected_rows_query": "select * from {batch} where not regexp_matches(id, '^i[0-8]$')"},
        1,
    ),
]


@pytest.fixture(scope="module")
def database(tmp_path_factory):
    path = tmp_path_factory.mktemp("dialect") / "things.duckdb"
    with closing(duckdb.connect(str(path))) as connection:
        connection.execute("""
            create schema shop;
            create table shop.things as
            select
                'i' || i as id, case i % 2 when 0 then 'even' else 'odd' end as kind, i // 5 as half,
                i::decimal(18, 2) as amount, timestamp '2026-01-01' + to_days(i::integer) as at,
                case when i >= 2 then 'n' || i end as name
            from range(10) as numbers(i)
        """)
    return path


def outcome(database, kind, kwargs):
    suite = Suite("things", "Things.", ("id",), (Expectation("rule", kind, kwargs, "critical", "A rule."),))
    return run_suites([(suite, "shop.things")], database=database)[0]


@pytest.mark.parametrize(("kind", "met", "missed", "unexpected"), CASES)
def test_an_expectation_tells_good_data_from_bad(database, kind, met, missed, unexpected):
    good, bad = outcome(database, kind, met), outcome(database, kind, missed)
    assert good.success, good.observed
    assert not bad.success
    assert bad.unexpected_count == unexpected
    assert "could not be evaluated" not in bad.observed


def test_every_type_that_suites_may_use_is_proven_here():
    assert {kind for kind, *_ in CASES} == TYPES


def test_a_result_outlives_its_connection():
    with closing(duckdb.connect()) as connection:
        engine = sqlalchemy.create_engine(duckdb_dialect.URL, creator=connection.cursor, poolclass=NullPool)
        with engine.connect() as checks:
            result = checks.execute(sqlalchemy.text("select i from range(100000) as numbers(i)"))
        assert len(result.fetchall()) == 100_000


def test_columns_come_in_their_order_also_for_views():
    with closing(duckdb.connect()) as connection:
        connection.execute("create schema s; create view s.v as select 1 as b, 'x' as a, null::timestamp as c")
        engine = sqlalchemy.create_engine(duckdb_dialect.URL, creator=connection.cursor, poolclass=NullPool)
        columns = sqlalchemy.inspect(engine).get_columns("v", schema="s")
    assert [column["name"] for column in columns] == ["b", "a", "c"]
