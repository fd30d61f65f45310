"""DuckDB reads and writes what a step needs, and nothing else, whatever a statement asks for."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from orchestration.confinement import confine
from orchestration.exports.batch import open_reader
from orchestration.resources import Warehouse
from tests.payloads import journey

OUTSIDE = (
    "from read_text('/etc/hostname')",
    "from glob('/etc/*')",
    "from read_csv('{home}/salt')",
    "from read_text('{home}/landing/../salt')",
    "from read_text('{work}/link')",
    "copy (select 1) to '{home}/elsewhere.csv'",
    "attach '{home}/elsewhere.duckdb'",
    "install httpfs",
    "load httpfs",
    "set enable_external_access = true",
    "set allowed_directories = ['/']",
    "from read_csv('https://example.com/x.csv')",
)


@pytest.fixture(params=["reader", "warehouse"])
def connection(request, bench):
    """What reads exports, and what writes the warehouse, each as the steps open them."""
    bench.settings.work.mkdir(parents=True)
    bench.settings.landing.mkdir()
    (bench.home / "salt").write_text("a\nsecret\n")
    (bench.settings.work / "link").symlink_to(bench.home / "salt")
    if request.param == "reader":
        yield open_reader(bench.settings)
    else:
        with Warehouse.of(bench.settings).get_connection() as warehouse:
            yield warehouse


@pytest.mark.parametrize("statement", OUTSIDE)
def test_nothing_outside_is_read_written_attached_or_loaded(connection, bench, statement):
    with pytest.raises(duckdb.Error, match=r"Permission|disabled|[Cc]annot|[Ee]xtension"):
        connection.execute(statement.format(home=bench.home, work=bench.settings.work)).fetchall()
    assert not (bench.home / "elsewhere.csv").exists()


def test_what_a_step_needs_is_within_reach(bench):
    bench.land("sendgrid/large.json", "[" + ",".join(str(e).replace("'", '"') for e in journey()) * 1 + "]")
    work = bench.settings.work
    work.mkdir(parents=True)
    assert open_reader(bench.settings).execute(f"from read_json('{bench.settings.landing}/*/*.json')").fetchall()
    with Warehouse.of(bench.settings).get_connection() as warehouse:
        warehouse.execute(f"copy (select 1) to '{work}/candidate.parquet'")
        assert warehouse.execute(f"from read_parquet('{work}/candidate.parquet')").fetchall() == [(1,)]


def test_what_is_shut_in_stays_so_and_needs_no_second_time(tmp_path):
    with duckdb.connect() as connection:
        confine(confine(connection, [tmp_path]), [Path("/")])
        with pytest.raises(duckdb.PermissionException):
            connection.execute("from read_text('/etc/hostname')")
