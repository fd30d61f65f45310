"""Follow-ups as files: whole, private, and harmless to whoever opens them in a spreadsheet."""

import csv
import io
import json
import os
import stat
import subprocess
import sys
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestration.follow_ups.files import Files, as_csv, as_json_lines, harmless
from orchestration.follow_ups.message import FIELDS
from orchestration.follow_ups.targets import NotTaken
from orchestration.settings import REPOSITORY
from tests.follow_ups.queue import follow_up

FORMULAS = [
    "=1+1",
    "+1",
    "-1",
    "@SUM(A1)",
    " =1",
    "\t=1",
    "\r=1",
    "\n=1",
    "\u00a0=1",
    "\uff1d1",
    "\uff0b1",
    "\uff0d1",
    "\uff20x",
    "=cmd|' /C calc'!A0",
]


def cells(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text, newline="")))


@pytest.mark.parametrize("formula", FORMULAS, ids=ascii)
def test_a_cell_never_begins_like_a_formula(formula):
    assert harmless(formula).startswith("'")


@pytest.mark.parametrize("hidden", ["a;=1+1;b", "a; +1", 'a;"=1+1;', "a;\n@SUM(A1)"], ids=ascii)
def test_no_formula_hides_behind_a_semicolon_that_a_spreadsheet_may_divide_cells_at(hidden):
    (_, line) = as_csv([follow_up(content_category=hidden)]).splitlines()
    assert not [cell for cell in line.split(";") if cell.strip(' "').startswith(("=", "+", "-", "@"))]


@pytest.mark.parametrize("text", ["a; b", "someone@example.com", "2026-09-01T10:00:00Z", "'=1", "a=b", ""])
def test_a_cell_that_begins_like_none_stays_as_it_is(text):
    assert harmless(text) == text


@given(st.text())
def test_no_cell_of_any_text_can_run_or_reach_into_another_row(text):
    (_, row) = cells(as_csv([follow_up(email=text, trigger=text)]))
    assert len(row) == len(FIELDS)
    for cell in row:
        assert not cell.lstrip(" \u00a0\u3000\ufeff").startswith(
            ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20")
        )
        assert not set(cell) & set("\r\n\t")


def test_json_lines_hold_every_value_as_it_is():
    sent = follow_up(email="=+evil+@example.com", element='quote " and \n break', priority=None)
    (line,) = as_json_lines([sent]).splitlines()
    told = json.loads(line)
    assert told["email"] == "=+evil+@example.com"
    assert told["element"] == 'quote " and \n break'
    assert told["priority"] is None
    assert told["due_at"] == "2026-09-01T09:59:00Z"
    assert list(told) == list(FIELDS)


def test_both_files_hold_the_same_follow_ups_and_only_their_owner_reads_them(tmp_path):
    Files(tmp_path / "outbox").send([follow_up("a"), follow_up("b", priority=None)])
    table, lines = sorted((tmp_path / "outbox").iterdir())
    assert [json.loads(line)["idempotency_key"] for line in lines.read_text().splitlines()] == ["a", "b"]
    header, *rows = cells(table.read_text())
    assert [row[header.index("idempotency_key")] for row in rows] == ["a", "b"]
    assert rows[1][header.index("priority")] == ""
    assert {stat.S_IMODE(path.stat().st_mode) for path in (table, lines)} == {0o600}
    assert stat.S_IMODE((tmp_path / "outbox").stat().st_mode) == 0o700


WRITER = """
import sys
from pathlib import Path
from orchestration.follow_ups.files import Files
from tests.follow_ups.queue import follow_up
Files(Path(sys.argv[1])).send([follow_up(email="j\\u00fcrgen@\\u4f8b\\u3048.example")])
"""


def test_files_are_utf8_whatever_the_machine_prefers(tmp_path):
    plain = {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}
    subprocess.run(
        [sys.executable, "-c", WRITER, str(tmp_path)], cwd=REPOSITORY, env=os.environ | plain, check=True, timeout=60
    )
    assert all("j\u00fcrgen@\u4f8b\u3048.example" in path.read_bytes().decode() for path in tmp_path.iterdir())


def test_a_sending_that_is_repeated_replaces_its_own_files_and_another_adds_some(tmp_path):
    outbox = Files(tmp_path)
    outbox.send([follow_up("a"), follow_up("b")])
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    outbox.send([follow_up("b"), follow_up("a")])
    assert {path.name for path in tmp_path.iterdir()} == before.keys()
    outbox.send([follow_up("a")])
    assert len(list(tmp_path.iterdir())) == 4


def test_an_outbox_that_cannot_be_written_says_so_without_a_path_or_an_address(tmp_path):
    (tmp_path / "outbox").write_text("a file where the folder should be")
    with pytest.raises(NotTaken) as failed:
        Files(tmp_path / "outbox").send([follow_up()])
    assert str(tmp_path) not in str(failed.value) and "@" not in str(failed.value)


def test_a_follow_up_shown_in_a_message_hides_its_address():
    assert "someone" not in repr(replace(follow_up(), email="someone@example.com"))
