"""The marts on a PostgreSQL server: the same as in the file, at the end of a run, and never in its way."""

from __future__ import annotations

from dataclasses import replace

import duckdb
import pytest

from orchestration.assets import served
from orchestration.dbt import Dbt
from orchestration.definitions import build_defs
from orchestration.postgres import MARK
from tests.pipeline.running import failure, run
from tests.postgres_server import rows


@pytest.fixture(scope="module")
def published(sampled, postgres_server):
    """Settings of the sampled home with a server that holds its marts."""
    settings = replace(sampled, postgres_url=postgres_server.create("sampled"))
    served.publish(settings, Dbt(settings))
    return settings


def test_every_mart_is_the_same_to_the_last_digit_with_its_descriptions(published):
    with duckdb.connect(str(published.marts_path), read_only=True) as connection:
        connection.execute("use marts.marts")
        tables = connection.execute("select table_name, comment from duckdb_tables() order by all").fetchall()
        assert len(tables) >= 40
        for table, comment in tables:
            columns = connection.execute(
                "select column_name, data_type, comment from duckdb_columns() where table_name = ? "
                "order by column_index",
                [table],
            ).fetchall()
            # Amounts are compared as texts: the driver hands them out so.
            cells = ", ".join(
                f'"{name}"::{"varchar" if kind.startswith("DECIMAL") else kind}' for name, kind, _ in columns
            )
            expected = connection.execute(f"select {cells} from {table}").fetchall()
            names = ", ".join(f'"{name}"' for name, *_ in columns)
            found = rows(published.postgres_url, f"select {names} from marts.{table}")
            assert sorted(map(repr, found)) == sorted(map(repr, expected)), table
            comments = rows(
                published.postgres_url,
                f"select col_description(attrelid, attnum) from pg_attribute "
                f"where attrelid = 'marts.{table}'::regclass and attnum > 0 order by attnum",
            )
            assert [text for (text,) in comments] == [text.strip() for *_, text in columns], table
            ((about,),) = rows(published.postgres_url, f"select obj_description('marts.{table}'::regclass, 'pg_class')")
            assert about == f"{comment.strip()}\n{MARK}"


def test_every_mart_but_the_one_row_of_the_publication_has_its_grain_as_key(published):
    without = rows(
        published.postgres_url,
        "select relname::text from pg_class where relnamespace = 'marts'::regnamespace and relkind = 'r' "
        "and not exists (select 1 from pg_index where indrelid = pg_class.oid and indisprimary)",
    )
    assert without == [("publication",)]


def test_a_run_ends_with_the_server_and_a_server_that_fails_fails_no_run(journeyed, postgres_server):
    away = replace(journeyed, postgres_url="postgresql://owner:secret@127.0.0.1:1/nowhere")
    result = run(away, ["published/marts", "outbox/follow_ups", "published/postgres"])
    assert result.success, failure(result)
    (check,) = [e for e in result.get_asset_check_evaluations() if e.check_name == served.CHECK]
    assert not check.passed and not check.blocking and "leads to no database" in check.description
    assert served.KEY not in {event.asset_key for event in result.get_asset_materialization_events()}
    assert "secret" not in "".join(str((e.message, e.event_specific_data)) for e in result.all_events)

    there = replace(journeyed, postgres_url=postgres_server.create("journeyed"))
    result = run(there, ["published/marts", "outbox/follow_ups", "published/postgres"])
    assert result.success, failure(result)
    steps = [event.asset_key for event in result.get_asset_materialization_events()]
    assert steps[-1] == served.KEY
    assert rows(there.postgres_url, "select count(*) from marts.fct_messages") == [(1,)]


def test_without_a_server_there_is_no_such_step(sampled):
    assert served.KEY not in build_defs(settings=sampled).resolve_asset_graph().get_all_asset_keys()
