"""A home is copied while it is written to, and what is restored is whole."""

from __future__ import annotations

import json
import multiprocessing
import sqlite3
import stat
import time
from dataclasses import replace

import duckdb
import pytest

from orchestration import due
from orchestration.backup import MANIFEST, BackupError, back_up, restore
from orchestration.exports.load import load_source
from orchestration.resources import Warehouse
from orchestration.settings import Settings
from orchestration.sources import SOURCES
from tests.payloads import land, sendgrid
from tests.pipeline.running import settings_of


def load(settings: Settings, number: int) -> None:
    """One more export, of which a record is rejected."""
    events = [json.dumps(sendgrid("open", f"reader{number}@example.com", f"m{n}", n)) for n in range(40)]
    land(settings.home, f"sendgrid/{number}.json", "\n".join([*events, f"{{broken {number}"]))
    connect = Warehouse.of(settings).get_connection
    load_source(SOURCES["sendgrid"], connect, settings, "run", lambda source, profile: [])


def load_for_ever(settings: Settings) -> None:
    for number in range(1, 100_000):
        load(settings, number)


def told(settings: Settings) -> tuple[int, int, int]:
    """Exports of the ledger, records that it says are in raw, and records that are."""
    with duckdb.connect(str(settings.warehouse_path), read_only=True) as connection:
        return connection.execute(
            "select count(*), sum(records_loaded), (select count(*) from raw.sendgrid) from pipeline.exports"
        ).fetchone()


def test_a_home_is_backed_up_while_another_process_writes_to_it_and_restored_whole(tmp_path):
    settings = settings_of(tmp_path / "home")
    load(settings, 0)
    writer = multiprocessing.get_context("spawn").Process(target=load_for_ever, args=(settings,), daemon=True)
    writer.start()
    try:
        while not (settings.landing / "sendgrid" / "3.json").exists():
            assert writer.is_alive()
            time.sleep(0.05)
        for number in range(3):
            back_up(settings, tmp_path / f"backup{number}")
        assert writer.is_alive()
    finally:
        writer.kill()
        writer.join()
    counts = []
    for number in range(3):
        restored = replace(settings, home=tmp_path / f"restored{number}")
        restore(restored, tmp_path / f"backup{number}")
        exports, said, records = told(restored)
        assert said == records == 40 * exports
        folders = len(list(restored.quarantine.glob("*/*/report.json")))
        assert folders in (exports, exports + 1), "what is held lies there before the ledger speaks of it"
        assert due.token(restored.home)
        counts.append(exports)
    assert counts == sorted(counts)


def test_what_is_backed_up_and_restored_is_its_owners_alone_and_leaves_the_landing_zone_out(tmp_path):
    settings = replace(settings_of(tmp_path / "home"), given_salt=None)
    load(settings, 0)
    settings.dagster_home.mkdir()
    with sqlite3.connect(settings.dagster_home / "runs.db") as runs:
        runs.execute("create table runs (id text)")
    back_up(settings, tmp_path / "backup")
    restored = replace(settings, home=tmp_path / "restored")
    restore(restored, tmp_path / "backup")
    for home in (tmp_path / "backup", restored.home):
        names = {str(path.relative_to(home)) for path in home.rglob("*") if path.is_file()}
        assert {"salt", "warehouse.duckdb", "dagster/runs.db"} <= names
        assert not any("landing" in name for name in names)
        for path in home.rglob("*"):
            if path.is_file() and path.name not in (MANIFEST, "warehouse.lock"):
                assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path
    assert restored.salt == settings.salt


def test_a_damaged_backup_and_a_home_in_use_are_refused_and_left_alone(tmp_path):
    settings = settings_of(tmp_path / "home")
    load(settings, 0)
    back_up(settings, tmp_path / "backup")
    with pytest.raises(BackupError, match="exists already"):
        back_up(settings, tmp_path / "backup")
    with pytest.raises(BackupError, match="landing zone"):
        back_up(settings, settings.landing / "backup")
    with pytest.raises(BackupError, match=r"has a warehouse already.*move warehouse\.duckdb away"):
        restore(settings, tmp_path / "backup")
    journal = settings.warehouse_path.with_name("warehouse.duckdb.wal")
    journal.touch()
    settings.warehouse_path.rename(tmp_path / "moved")
    with pytest.raises(BackupError, match=r"move warehouse\.duckdb\.wal away"):
        restore(settings, tmp_path / "backup")
    journal.unlink()
    (kept,) = (tmp_path / "backup").glob("quarantine/*/*/records.jsonl")
    kept.write_text("tampered")
    other = replace(settings, home=tmp_path / "other")
    with pytest.raises(BackupError, match=r"damaged: quarantine/.*records\.jsonl"):
        restore(other, tmp_path / "backup")
    assert not other.warehouse_path.exists()
    with pytest.raises(BackupError, match="no backup"):
        restore(other, tmp_path)


def test_a_restored_home_goes_on_where_it_was(tmp_path):
    settings = settings_of(tmp_path / "home")
    load(settings, 0)
    back_up(settings, tmp_path / "backup")
    settings.warehouse_path.unlink()
    restore(settings, tmp_path / "backup")
    load(settings, 1)
    assert told(settings) == (2, 80, 80)
