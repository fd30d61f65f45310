"""Which sources may be read export by export: only those of which no export needs another one."""

from __future__ import annotations

import shutil
from contextlib import closing

import duckdb
import pytest
import yaml

from orchestration.dbt import PROJECT
from tests.vendors.reading import EMAIL_SOURCES

VARIABLES = yaml.safe_load((PROJECT / "dbt_project.yml").read_text(encoding="utf-8"))["vars"]
WHOLE = VARIABLES["sources_read_as_a_whole"]


@pytest.fixture(scope="module")
def connection(reading, tmp_path_factory):
    # Under its own name, since views name their database.
    copy = tmp_path_factory.mktemp("increments") / "warehouse.duckdb"
    shutil.copy(reading.settings.warehouse_path, copy)
    with closing(duckdb.connect(str(copy))) as connection:
        connection.execute("set TimeZone = 'UTC'")
        yield connection


@pytest.mark.parametrize("source", sorted(set(EMAIL_SOURCES) - set(WHOLE)))
def test_an_export_reads_the_same_whichever_others_there_are(connection, source):
    rows = f"select * from staging.stg_{source}__events"
    everything = sorted(connection.execute(rows).fetchall(), key=str)
    assert everything
    place = [column[0] for column in connection.description].index("export_id")
    for odd in (0, 1):  # a half of the exports at a time
        connection.begin()
        connection.execute(
            "update pipeline.exports set status = 'withdrawn' where source = ? and hash(export_id) % 2 = ?",
            [source, odd],
        )
        found = sorted(connection.execute(rows).fetchall(), key=str)
        connection.rollback()
        left = {row[place] for row in found}
        assert found == [row for row in everything if row[place] in left]


def test_the_declared_ones_are_sources(connection):
    assert set(WHOLE) <= set(VARIABLES["email_event_sources"])
