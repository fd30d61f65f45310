"""What the warehouse leaves on the disk while it is open, and what a killed run left before."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import dagster as dg
import pytest

from orchestration.checks import data_docs
from orchestration.disk import private
from orchestration.exports import ledger
from orchestration.personal_data import compaction
from orchestration.publication import publish
from orchestration.resources import Warehouse
from tests.pipeline.running import settings_of


@pytest.fixture
def everybody_may_read():
    before = os.umask(0o022)
    yield
    os.umask(before)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_the_journal_of_the_warehouse_is_its_owners_alone_and_what_is_published_everybodys(
    tmp_path, everybody_may_read
):
    settings = settings_of(tmp_path)
    with Warehouse.of(settings).get_connection() as warehouse:
        ledger.create_schema(warehouse)
        warehouse.execute("create schema marts")
        journal = settings.warehouse_path.with_name("warehouse.duckdb.wal")
        assert mode(journal) == 0o600 and mode(settings.warehouse_path) == 0o600
        publish(warehouse, [], settings.marts_path)
    assert mode(settings.marts_path) == 0o644
    (tmp_path / "made later").touch()
    assert mode(tmp_path / "made later") == 0o644


def test_the_data_docs_can_be_read_by_whom_the_umask_lets(tmp_path, everybody_may_read):
    with private():
        data_docs._replace(tmp_path / "data_docs", {"index.html": "counts"})
        (tmp_path / "journal").touch()
    assert mode(tmp_path / "data_docs") == 0o755 and mode(tmp_path / "data_docs" / "index.html") == 0o644
    assert mode(tmp_path / "journal") == 0o600


def test_a_copy_under_way_is_its_owners_alone(tmp_path, monkeypatch, everybody_may_read):
    settings, modes = settings_of(tmp_path), []
    monkeypatch.setattr(compaction, "sync", lambda path: modes.append(mode(path)))
    monkeypatch.setattr(os, "chmod", lambda *_: None)
    warehouse = Warehouse.of(settings)
    with warehouse.exclusive():
        with warehouse.get_connection() as connection:
            ledger.create_schema(connection)
        compaction.compact(settings)
    assert modes[0] == 0o600


def test_a_run_removes_what_a_killed_one_spilled(tmp_path):
    settings = settings_of(tmp_path)
    spilled = settings.work / "spill" / "duckdb_temp_storage_DEFAULT-0.tmp"
    spilled.parent.mkdir(parents=True)
    spilled.write_text("joe@example.com")

    @dg.asset
    def looked(warehouse: Warehouse):
        assert not spilled.exists() and mode(settings.work) == 0o700

    assert dg.materialize([looked], resources={"warehouse": Warehouse.of(settings)}).success
