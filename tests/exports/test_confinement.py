"""DuckDB reads and writes what a step needs, and nothing else, whatever a statement asks for."""

from __future__ import annotations

import re
from contextlib import closing, contextmanager
from pathlib import Path

import duckdb
import jinja2
import pytest
import yaml
from dbt.adapters.duckdb.credentials import DuckDBCredentials
from dbt.adapters.duckdb.environments import create

from orchestration.confinement import confine, opened
from orchestration.dbt import PROJECT, Dbt
from orchestration.exports.batch import open_reader
from orchestration.resources import Warehouse
from orchestration.settings import REPOSITORY
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


@contextmanager
def as_dbt_opens_it(settings):
    """A cursor on the warehouse, made by dbt-duckdb from the project's profile and the environment of a run."""
    environment = Dbt(settings)._environment
    template = jinja2.Environment()
    template.filters["as_number"] = int
    text = template.from_string((PROJECT / "profiles.yml").read_text())
    profile = yaml.safe_load(text.render(env_var=lambda name, default: environment.get(name, default)))
    with closing(create(DuckDBCredentials.from_dict(profile["micro_conversions"]["outputs"]["duckdb"]))) as dbt:
        yield dbt.handle().cursor()


OPENED = {
    "reader of exports": lambda settings: closing(open_reader(settings)),
    "warehouse": lambda settings: Warehouse.of(settings).get_connection(),
    "dbt": as_dbt_opens_it,
    "gates": lambda settings: opened(),
}


@pytest.fixture(params=OPENED)
def connection(request, bench):
    """What reads exports, writes the warehouse, builds models and runs checks, each as the steps open them."""
    bench.settings.work.mkdir(parents=True)
    bench.settings.landing.mkdir()
    (bench.home / "salt").write_text("a\nsecret\n")
    (bench.settings.work / "link").symlink_to(bench.home / "salt")
    with OPENED[request.param](bench.settings) as connection:
        yield connection


@pytest.mark.parametrize("statement", OUTSIDE)
def test_nothing_outside_is_read_written_attached_or_loaded(connection, bench, statement):
    with pytest.raises(duckdb.Error, match=r"Permission|disabled|locked|[Cc]annot|[Ee]xtension"):
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


def test_no_database_is_opened_elsewhere_than_where_it_is_shut_in():
    """The generator of samples is left out: it reads nothing that comes from outside."""
    shut_in = {"confinement.py", "resources.py", "batch.py"}
    for path in (REPOSITORY / "orchestration").rglob("*.py"):
        if path.parent.name != "samples" and path.name not in shut_in:
            assert not re.search(r"duckdb\.connect\(", path.read_text()), path


def test_dbt_reads_its_declarations_and_builds_with_what_a_python_model_returns(bench):
    import pandas

    bench.home.mkdir()
    with as_dbt_opens_it(bench.settings) as cursor:
        assert cursor.execute(f"from read_csv('{PROJECT}/seeds/triggers.csv')").fetchall()
        cursor.register("frame", pandas.DataFrame({"a": [1]}))
        assert cursor.execute("create table built as from frame").fetchall() == [(1,)]
        assert cursor.execute("select current_setting('TimeZone')").fetchall() == [("UTC",)]


@pytest.mark.parametrize("name", ["dbt", "gates"])
def test_no_statement_raises_the_limits_of_what_runs_models_and_checks(bench, name):
    bench.home.mkdir()
    with OPENED[name](bench.settings) as connection, pytest.raises(duckdb.Error, match="locked"):
        connection.execute("set memory_limit = '100GB'")
