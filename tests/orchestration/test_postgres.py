"""Publishing to PostgreSQL: all at once, in nobody's way, readable and no more, and never telling a password."""

from __future__ import annotations

import re
import threading
import time
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import adbc_driver_postgresql.dbapi as adbc
import duckdb
import pytest

from orchestration import postgres
from orchestration.settings import SettingError, Settings
from tests.postgres_server import execute, rows

KEYS = {"sends": ["sender", "day"], "clicks": ["n"], "orders": ["n"]}


@dataclass
class Published:
    """A file of marts that a test makes as it likes, and the database that they go to."""

    file: Path
    url: str
    server: postgres.Server = field(init=False)

    def __post_init__(self):
        self.server = postgres.Server(self.url, "marts", "marts_reader")

    def make(self, *statements: str) -> None:
        self.file.unlink(missing_ok=True)
        with duckdb.connect(str(self.file)) as connection:
            connection.execute("create schema marts; use marts.marts")
            for statement in statements:
                connection.execute(statement)

    def publish(self) -> dict[str, int]:
        return postgres.publish(self.file, self.server, KEYS, {"threads": 1})

    def rows(self, query: str) -> list[tuple]:
        return rows(self.url, query)


@pytest.fixture
def marts(postgres_server, tmp_path):
    return Published(tmp_path / "marts.duckdb", postgres_server.create("marts_of_a_test"))


def numbered(publication: int, count: int = 2_000) -> list[str]:
    """Marts in each row of which the number of their publication stands."""
    return [
        f"create table {name} as select range as n, {publication}::bigint as publication from range({count})"
        for name in ("clicks", "orders")
    ]


def test_values_come_as_they_are(marts):
    marts.make(
        "create table kinds as select 'é “quoted” ''text''' as t, 'a' || chr(0) || 'b' as nul, '' as nothing, "
        "null::varchar as absent, true as yes, 7::integer as i, 9007199254740993::bigint as b, 5::hugeint as h, "
        "0.1::double + 0.2::double as d, 'nan'::double as nan, -1234.50::decimal(18,2) as money, "
        "date '2026-02-28' as day, timestamp '2026-02-28 23:59:59.123456' as moment"
    )
    assert marts.publish() == {"kinds": 1}
    ((t, nul, nothing, absent, yes, i, b, h, d, nan, money, day, moment),) = marts.rows("select * from marts.kinds")
    assert (t, nul, nothing, absent, yes, i, b, h) == (
        "é “quoted” 'text'", "ab", "", None, True, 7, 9007199254740993, 5
    )  # fmt: skip
    assert d == 0.1 + 0.2 and nan != nan and money == "-1234.50"
    assert (str(day), str(moment)) == ("2026-02-28", "2026-02-28 23:59:59.123456")
    kinds = dict(
        marts.rows("select attname::text, format_type(atttypid, atttypmod) from pg_attribute "
                   "where attrelid = 'marts.kinds'::regclass and attnum > 0")
    )  # fmt: skip
    assert (kinds["h"], kinds["money"], kinds["moment"]) == ("bigint", "numeric(18,2)", "timestamp without time zone")


def test_the_grain_is_the_key_and_descriptions_are_comments(marts):
    marts.make(
        "create table sends as select 'a' as sender, date '2026-01-01' as day, 3 as n",
        "comment on table sends is 'One row per sender''s day.'",
        "comment on column sends.n is 'Messages sent.'",
    )
    marts.publish()
    ((key,),) = marts.rows(
        "select pg_get_constraintdef(oid) from pg_constraint where conrelid = 'marts.sends'::regclass"
    )
    assert key == "PRIMARY KEY (sender, day)"
    ((table, column),) = marts.rows(
        "select obj_description('marts.sends'::regclass, 'pg_class'), col_description('marts.sends'::regclass, 3)"
    )
    assert table.startswith("One row per sender's day.") and column == "Messages sent."


def test_a_key_too_long_for_an_index_does_not_keep_the_marts_from_being_published(marts):
    # PostgreSQL compresses what repeats, so that only a text without pattern is too long.
    marts.make(
        "create table sends as select string_agg(md5(range::varchar), '') as sender, date '2026-01-01' as day "
        "from range(200)"
    )
    assert marts.publish() == {"sends": 1}


def test_the_reader_reads_and_does_nothing_else(marts, postgres_server):
    marts.make(*numbered(1))
    marts.publish()
    reader = postgres_server.url("marts_of_a_test", "marts_reader", "reads")
    with pytest.raises(adbc.Error, match="authentication failed"):  # without a password nobody comes in
        rows(reader, "select 1")
    execute(marts.url, "alter role marts_reader password 'reads'")
    assert rows(reader, "select count(*) from clicks join orders using (n)") == [(2_000,)]
    assert rows(reader, "select current_setting('statement_timeout')") == [("30s",)]
    for statement in (
        "insert into clicks values (-1, 1)",
        "update clicks set publication = 2",
        "delete from clicks",
        "truncate clicks",
        "drop table clicks",
        "create table marts.mine (n int)",
        "create schema mine",
    ):
        with pytest.raises(adbc.Error, match=r"permission denied|must be owner"):
            execute(reader, "set default_transaction_read_only = off", statement)
        with pytest.raises(adbc.Error, match="read-only transaction"):
            execute(reader, statement)


def test_readers_in_a_loop_meet_no_error_and_one_publication_at_a_time(marts):
    marts.make(*numbered(0))
    marts.publish()
    seen, errors, stop = [], [], threading.Event()

    def read() -> None:
        try:
            with (
                closing(adbc.connect(marts.url, autocommit=True)) as connection,
                closing(connection.cursor()) as cursor,
            ):
                while not stop.is_set():
                    cursor.execute(
                        "select min(c.publication), max(c.publication), min(o.publication), max(o.publication), "
                        "count(*) from marts.clicks as c join marts.orders as o using (n)"
                    )
                    seen.append(cursor.fetchone())
        except Exception as error:
            errors.append(error)

    readers = [threading.Thread(target=read) for _ in range(2)]
    for reader in readers:
        reader.start()
    for publication in range(1, 9):
        # Every third publication has a column more, so that tables are made anew as well.
        marts.make(*numbered(publication), *["alter table clicks add column more int"] * (publication % 3 == 0))
        marts.publish()
    stop.set()
    for reader in readers:
        reader.join(timeout=60)
    assert not errors
    assert {len({*publications}) for *publications, _ in seen} == {1}
    assert {count for *_, count in seen} == {2_000}
    assert len({publications[0] for *publications, _ in seen}) > 3, "readers and publications did not overlap"


def test_a_transaction_that_wants_one_state_keeps_the_publication_it_began_with(marts):
    marts.make(*numbered(1))
    marts.publish()
    with closing(adbc.connect(marts.url, autocommit=True)) as connection, closing(connection.cursor()) as cursor:
        cursor.execute("begin isolation level repeatable read")
        for _ in range(2):
            cursor.execute("select count(*), max(publication) from marts.clicks")
            assert cursor.fetchone() == (2_000, 1)
            marts.make(*numbered(2, count=5))
            marts.publish()
        cursor.execute("rollback")
        cursor.execute("select count(*), max(publication) from marts.clicks")
        assert cursor.fetchone() == (5, 2)


def test_a_reader_with_an_open_transaction_holds_up_no_publication_and_no_table_is_altered_for_nothing(marts):
    unkeyed = "create table publication as select 1 as n"
    marts.make(*numbered(1), unkeyed)
    marts.publish()
    with closing(adbc.connect(marts.url, autocommit=True)) as connection, closing(connection.cursor()) as cursor:
        cursor.execute("begin")
        cursor.execute("select count(*) from marts.clicks, marts.orders, marts.publication")
        cursor.fetchone()
        marts.make(*numbered(2), unkeyed)
        started = time.monotonic()
        marts.publish()
        assert time.monotonic() - started < postgres.LOCK_TIMEOUT_SECONDS / 2
    assert marts.rows("select max(publication) from marts.clicks") == [(2,)]


def test_a_number_too_great_for_the_server_is_told_and_nothing_is_published(marts):
    marts.make(*numbered(1), "create table sums as select 170141183460469231731687303715884105727::hugeint as n")
    with pytest.raises(postgres.PostgresError, match=r"could not be read|refused the marts"):
        marts.publish()
    assert marts.rows("select to_regnamespace('marts')::text") == [(None,)]


def test_a_failure_in_the_middle_leaves_the_publication_before(marts):
    marts.make(*numbered(1))
    marts.publish()
    marts.make(*numbered(2), "insert into orders select * from orders limit 1")  # a key twice, in the last mart
    with pytest.raises(postgres.PostgresError, match="duplicate key"):
        marts.publish()
    query = "select distinct c.publication, o.publication from marts.clicks as c join marts.orders as o using (n)"
    assert marts.rows(query) == [(1, 1)]


def test_a_connection_lost_before_the_end_leaves_the_publication_before(marts, monkeypatch):
    marts.make(*numbered(1))
    marts.publish()
    marts.make(*numbered(2))
    monkeypatch.setattr(
        postgres,
        "_describe",
        lambda *_: execute(
            marts.url, "select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid() "
            "and datname = current_database()"
        ),
    )  # fmt: skip
    with pytest.raises(postgres.PostgresError):
        marts.publish()
    assert marts.rows("select distinct publication from marts.clicks") == [(1,)]


def test_two_publications_at_once_follow_each_other(marts):
    marts.make(*numbered(1))
    results, threads = [], []
    for _ in range(3):
        threads.append(threading.Thread(target=lambda: results.append(marts.publish())))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert results == [{"clicks": 2_000, "orders": 2_000}] * 3


def test_views_of_others_stay_and_marts_that_are_none_any_longer_go(marts):
    marts.make(*numbered(1))
    marts.publish()
    execute(marts.url, "create view public.mine as select max(publication) from marts.clicks")
    marts.make(*numbered(2)[:1])
    assert marts.publish() == {"clicks": 2_000}
    assert marts.rows("select * from public.mine") == [(2,)]
    assert marts.rows("select to_regclass('marts.orders')::text") == [(None,)]


def test_a_mart_with_another_column_keeps_the_views_on_the_others(marts):
    marts.make(*numbered(1))
    marts.publish()
    execute(marts.url, "create view public.mine as select max(publication) from marts.clicks")
    marts.make(*numbered(2), "alter table clicks add column more decimal(9, 2) default 1.5")
    marts.publish()
    assert marts.rows("select mine.max, max(more) from public.mine, marts.clicks group by 1") == [(2, "1.50")]


def test_a_view_on_a_column_that_goes_is_told_of_and_all_stays_as_it_was(marts):
    marts.make(*numbered(1))
    marts.publish()
    execute(marts.url, "create view public.mine as select max(publication) from marts.clicks")
    marts.make(*numbered(2), "alter table clicks alter publication type varchar")
    with pytest.raises(postgres.PostgresError, match="A view of yours stands on a mart"):
        marts.publish()
    assert marts.rows("select max(publication) from marts.orders") == [(1,)]
    execute(marts.url, "drop view public.mine")
    marts.publish()
    assert marts.rows("select max(publication) from marts.clicks") == [("2",)]


@pytest.mark.parametrize("key", [["n", "publication"], ["publication", "n"], []])
def test_a_mart_with_another_grain_gets_another_key(marts, monkeypatch, key):
    marts.make(*numbered(1))
    marts.publish()
    monkeypatch.setitem(KEYS, "clicks", key)
    for _ in range(2):
        marts.publish()
    query = "select pg_get_constraintdef(oid) from pg_constraint where conrelid = 'marts.clicks'::regclass"
    assert marts.rows(query) == ([(f"PRIMARY KEY ({', '.join(key)})",)] if key else [])


def test_a_table_of_somebody_else_is_not_touched(marts):
    execute(marts.url, "create schema marts", "create table marts.orders as select 'mine' as what")
    marts.make(*numbered(1))
    with pytest.raises(postgres.PostgresError, match="choose another schema in MICRO_CONVERSIONS_POSTGRES_SCHEMA"):
        marts.publish()
    assert marts.rows("select what from marts.orders") == [("mine",)]
    assert marts.rows("select to_regclass('marts.clicks')::text") == [(None,)]


def test_a_role_without_the_rights_is_told_which_are_needed(marts, postgres_server):
    execute(
        marts.url,
        "drop role if exists publisher",
        "create role publisher login password 'p'",
        "grant create on database marts_of_a_test to publisher",
    )
    marts.make(*numbered(1))
    marts.server = postgres.Server(postgres_server.url("marts_of_a_test", "publisher", "p"), "marts", "marts_reader")
    with pytest.raises(postgres.PostgresError, match="name them in MICRO_CONVERSIONS_POSTGRES_SCHEMA"):
        marts.publish()
    execute(marts.url, "create role marts_reader")
    assert marts.publish() == {"clicks": 2_000, "orders": 2_000}
    execute(marts.url, "drop owned by publisher cascade", "drop role publisher")


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://owner:s%ecret@127.0.0.1:1/marts",
        "postgresql://owner:secret@127.0.0.1:port/marts",
        "postgresql://owner:secret@127.0.0.1:1/marts?secret",
        "postgresql://owner:secret@127.0.0.1:1/marts",
    ],
)
def test_no_message_holds_a_password(url, tmp_path):
    published = Published(tmp_path / "marts.duckdb", url)
    published.make(*numbered(1))
    with pytest.raises(postgres.PostgresError, match="MICRO_CONVERSIONS_POSTGRES_URL leads to no database") as raised:
        published.publish()
    assert not re.search("s%?ecret", str(raised.value))
    assert raised.value.__cause__ is None and raised.value.__context__ is None
    assert not re.search("s%?ecret", repr(Settings(postgres_url=url)))


def test_a_wrong_password_is_told_without_it(postgres_server, tmp_path):
    published = Published(tmp_path / "marts.duckdb", postgres_server.url("postgres", password="secret"))
    published.make(*numbered(1))
    with pytest.raises(postgres.PostgresError, match="password authentication failed") as raised:
        published.publish()
    assert "secret" not in str(raised.value)


def test_an_address_that_is_none_is_refused_unseen():
    with pytest.raises(SettingError, match="MICRO_CONVERSIONS_POSTGRES_URL") as raised:
        Settings.from_environment({"MICRO_CONVERSIONS_POSTGRES_URL": "host=db password=secret"})
    assert "secret" not in str(raised.value)


def test_before_the_first_publication_there_is_nothing_to_copy(tmp_path):
    with pytest.raises(postgres.PostgresError, match="nothing was published yet"):
        Published(tmp_path / "marts.duckdb", "postgresql://127.0.0.1:1/marts").publish()
