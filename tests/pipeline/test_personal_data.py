"""Where personal data lives, and that it lives nowhere else: every file of a home is looked into."""

from __future__ import annotations

import re
import stat
from pathlib import Path

import pytest

from tests.pipeline.hostile import PERSONAL

SALT = b"a salt for tests"
# Addresses and network addresses of the hostile home's exports, and anything of that shape at its domains.
_PERSONAL = re.compile(rb"[a-z0-9._%+-]+(@|%40)example[.]com|203[.]0[.]113[.]7|198[.]51[.]100[.]9|2001:db8::7", re.I)
_MAY_HOLD = ("landing", "quarantine", "outbox", "warehouse.duckdb")


def files(home: Path) -> list[Path]:
    return [path for path in sorted(home.rglob("*")) if path.is_file()]


def test_only_raw_restricted_quarantine_and_outbox_hold_who_somebody_is(hostile):
    held = {}
    for path in files(hostile.home):
        relative = path.relative_to(hostile.home)
        if relative.parts[0] not in _MAY_HOLD and (found := _PERSONAL.search(path.read_bytes())):
            held[str(relative)] = found.group()
    assert held == {}
    names = {path.relative_to(hostile.home).parts[0] for path in files(hostile.home)}
    assert {"dbt", "logs", "marts.duckdb", "dagster_events.txt"} <= names, "what was looked into"
    assert any(name.startswith(".data_docs") for name in names), "and what the link to the Data Docs leads to"
    assert any(_PERSONAL.search(path.read_bytes()) for path in files(hostile.quarantine)), "the pattern finds some"
    assert _PERSONAL.search(PERSONAL.encode())


def test_the_salt_is_in_no_file_neither_compiled_sql_nor_logs(hostile):
    compiled = [path for path in files(hostile.home) if path.suffix == ".sql"]
    assert len(compiled) > 100
    assert [path for path in files(hostile.home) if SALT in path.read_bytes()] == []


@pytest.mark.parametrize("name", ["quarantine", "warehouse.duckdb", "landing_index.sqlite", "logs"])
def test_what_holds_who_somebody_is_can_be_read_by_its_owner_alone(hostile, name):
    path = hostile.home / name
    assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0
    for below in path.rglob("*") if path.is_dir() else ():
        assert stat.S_IMODE(below.stat().st_mode) & 0o077 == 0, below
