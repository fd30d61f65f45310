"""The guides of `docs/connecting.md`: every block of code runs as it stands, and gets what the marts hold."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import pytest

from orchestration.assets import served
from orchestration.dbt import Dbt
from orchestration.settings import REPOSITORY, Settings
from tests.pipeline.running import published
from tests.postgres_server import PASSWORD, execute

GUIDE = (REPOSITORY / "docs" / "connecting.md").read_text()
JDBC_DRIVER = Path("/usr/share/java/postgresql.jar")


class Block(NamedTuple):
    """A block of code, its language, and the heading that it stands below."""

    heading: str
    language: str
    code: str


def _blocks() -> list[Block]:
    found, heading = [], ""
    for match in re.finditer(r"^## ([^\n]+)$|^```(\w+)\n(.*?)^```$", GUIDE, re.MULTILINE | re.DOTALL):
        heading = match[1] or heading
        if match[2]:
            found.append(Block(heading, match[2], match[3]))
    return found


def blocks(heading: str, language: str) -> list[str]:
    """The code below a heading, which has to have some."""
    found = [block.code for block in _blocks() if (block.heading, block.language) == (heading, language)]
    assert found, f"docs/connecting.md has no {language} below {heading!r}"
    return found


@pytest.fixture(scope="module")
def delivered(sampled):
    """What every guide asks for."""
    ((count,),) = published(sampled.home, "select sum(delivered) from campaign_performance")
    return str(count)


@pytest.fixture
def place(sampled, tmp_path):
    """A folder in which `data/` is the sampled home."""
    (tmp_path / "data").symlink_to(sampled.home)
    return tmp_path


@pytest.fixture(scope="module")
def on_server(sampled, postgres_server):
    """Code of the guide for this server, which holds the marts and whose reader has the guide's password."""
    settings = replace(sampled, postgres_url=postgres_server.create("analytics"))
    served.publish(settings, Dbt(settings))
    execute(settings.postgres_url, *blocks("PostgreSQL", "sql"))
    return lambda code: code.replace("db.example.com:5432", f"127.0.0.1:{postgres_server.port}")


def said(*command: str, place: Path, **environment: str) -> str:
    """What a command prints; it has to end well."""
    search = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    done = subprocess.run(
        command, cwd=place, env={**os.environ, "PATH": search, **environment},
        capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_every_block_of_the_guide_is_one_that_a_test_runs():
    tested = {
        ("DuckDB's own client", "sh"), ("Python", "python"), ("PostgreSQL", "ini"), ("PostgreSQL", "sh"),
        ("PostgreSQL", "sql"), ("Python on the server", "python"), ("JDBC: DBeaver and its like", "java"),
        ("JDBC: DBeaver and its like", "sh"),
    }  # fmt: skip
    assert {(block.heading, block.language) for block in _blocks()} == tested


def test_duckdbs_own_client_reads_the_file(place, delivered):
    (code,) = blocks("DuckDB's own client", "sh")
    assert said("bash", "-c", code, place=place).split() == ["delivered", delivered]


@pytest.mark.parametrize("code", blocks("Python", "python"), ids=["pandas", "polars"])
def test_python_reads_the_file(place, delivered, code):
    assert said(sys.executable, "-c", code, place=place).split() == [delivered]


def test_an_open_client_keeps_the_file_that_was_replaced_and_gets_the_new_one_when_it_opens_it_again(sampled, tmp_path):
    marts, other = tmp_path / "marts.duckdb", tmp_path / "other.duckdb"
    shutil.copy(sampled.marts_path, marts)
    make = "create schema marts; create table marts.campaign_performance as select -1 as delivered"
    said("duckdb", str(other), make, place=tmp_path)
    question = "select sum(delivered) as n from campaign_performance;"
    script = f"use marts.marts;\n{question}\n.shell mv {other} {marts}\n{question}\n.open --readonly {marts}\n"
    done = subprocess.run(
        [str(Path(sys.executable).parent / "duckdb"), "-readonly", "-csv", "-noheader", str(marts)],
        input=f"{script}use marts.marts;\n{question}\n", capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    ((count,),) = published(sampled.home, "select sum(delivered) from campaign_performance")
    assert done.stdout.split() == [str(count), str(count), "-1"], done.stderr


def test_the_command_of_the_guide_publishes_to_the_database_of_its_setting(sampled, postgres_server):
    (setting,) = blocks("PostgreSQL", "ini")
    name, _, url = setting.strip().partition("=")
    assert Settings.from_environment({name: url}).postgres_url == url
    command = blocks("PostgreSQL", "sh")[0].split()
    recipe = said("make", "--dry-run", "--no-print-directory", *command[1:], place=REPOSITORY)
    arguments = recipe.strip().splitlines()[-1].partition("python ")[2].split()
    here = url.replace("publisher:secret", f"owner:{PASSWORD.replace(' ', '%20')}").replace(
        "db.example.com:5432/analytics", f"127.0.0.1:{postgres_server.port}/commanded"
    )
    postgres_server.create("commanded")
    answer = said(
        sys.executable, *arguments, place=REPOSITORY,
        **{name: here, "MICRO_CONVERSIONS_HOME": str(sampled.home), "MICRO_CONVERSIONS_NOW": "2026-11-18"},
    )  # fmt: skip
    assert "are in the schema marts; the role marts_reader may read them" in answer and PASSWORD not in answer


def test_psql_reads_the_server(on_server, tmp_path, delivered):
    if not shutil.which("psql"):
        pytest.skip("psql is needed: on Debian `apt-get install postgresql-client`")
    code = blocks("PostgreSQL", "sh")[1]
    assert said("bash", "-c", on_server(code), place=tmp_path).split() == ["delivered", delivered]


@pytest.mark.parametrize("code", blocks("Python on the server", "python"), ids=["pandas", "polars"])
def test_python_reads_the_server(on_server, tmp_path, delivered, code):
    assert said(sys.executable, "-c", on_server(code), place=tmp_path).split() == [delivered]


def test_jdbc_reads_tables_descriptions_keys_and_rows_of_the_server(on_server, tmp_path, delivered):
    if not (shutil.which("javac") and JDBC_DRIVER.exists()):
        pytest.skip("Java and PostgreSQL's JDBC driver are needed: on Debian "
                    "`apt-get install default-jdk-headless libpostgresql-jdbc-java`")  # fmt: skip
    (program,) = blocks("JDBC: DBeaver and its like", "java")
    (command,) = blocks("JDBC: DBeaver and its like", "sh")
    assert str(JDBC_DRIVER) in command
    (tmp_path / "Connect.java").write_text(on_server(program))
    column, *keys, count = said("bash", "-c", command, place=tmp_path).splitlines()
    assert column == "int8: Messages delivered (fct_messages.delivered_at)."
    assert keys == ["key: campaign_key", "key: variant", "key: sent_on"]
    assert count == delivered
