"""Publishing `marts.duckdb`: complete, atomic, and never in a reader's way."""

import duckdb
import pytest

from orchestration import due
from orchestration.publication import Described, publish

MART = Described("sends", "One row per send's day.", {"n": "Messages sent."})


@pytest.fixture
def warehouse(tmp_path):
    with duckdb.connect(str(tmp_path / "warehouse.duckdb")) as connection:
        connection.execute("create schema marts; create table marts.sends as select 1 as n")
        yield connection


def read(path):
    with duckdb.connect(str(path), read_only=True) as connection:
        return connection.execute("select n from marts.marts.sends").fetchall()


def test_the_copy_holds_rows_and_descriptions(warehouse, tmp_path):
    assert publish(warehouse, [MART], tmp_path / "marts.duckdb") == {"sends": 1}
    with duckdb.connect(str(tmp_path / "marts.duckdb"), read_only=True) as connection:
        assert connection.execute("select comment from duckdb_tables()").fetchall() == [("One row per send's day.",)]
        assert connection.execute("select comment from duckdb_columns() where not internal").fetchall() == [
            ("Messages sent.",)
        ]


def test_a_reader_keeps_the_old_file_and_the_next_one_gets_the_new(warehouse, tmp_path):
    target = tmp_path / "marts.duckdb"
    publish(warehouse, [MART], target)
    held = target.open("rb")
    before = held.read()
    warehouse.execute("update marts.sends set n = 2")
    publish(warehouse, [MART], target)
    held.seek(0)
    assert held.read() == before
    held.close()
    assert read(target) == [(2,)]


def test_a_mart_that_cannot_be_copied_leaves_the_published_file_as_it_was(warehouse, tmp_path):
    target = tmp_path / "marts.duckdb"
    publish(warehouse, [MART], target)
    with pytest.raises(duckdb.CatalogException):
        publish(warehouse, [MART, Described("absent", "", {})], target)
    assert read(target) == [(1,)]


def test_left_overs_of_a_crash_are_removed(warehouse, tmp_path):
    left_over = tmp_path / "marts.duckdb.123.tmp"
    left_over.write_bytes(b"half")
    publish(warehouse, [MART], tmp_path / "marts.duckdb")
    assert not left_over.exists()
    assert not list(tmp_path.glob("*.tmp*"))


def test_a_mark_set_while_a_run_builds_outlives_its_publication(tmp_path):
    due.mark(tmp_path)
    seen = due.token(tmp_path)
    due.mark(tmp_path)
    due.clear(tmp_path, seen)
    assert due.token(tmp_path) is not None


def test_a_publication_clears_the_mark_it_knew(tmp_path):
    due.mark(tmp_path)
    due.clear(tmp_path, due.token(tmp_path))
    assert due.token(tmp_path) is None
