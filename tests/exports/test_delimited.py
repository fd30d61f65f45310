"""CSV and its kin: rows of any state, one JSON object each."""

from __future__ import annotations

import json

import pytest

from orchestration.exports import delimited
from orchestration.exports.load import load_source
from orchestration.resources import Warehouse
from orchestration.settings import Settings
from orchestration.sources import SOURCES


def cut(text: str, delimiter: str = ",") -> list[tuple]:
    return [
        (json.loads(r.text), None) if r.problem is None else (r.text, r.problem)
        for r in delimited.records(text.splitlines(keepends=True), delimiter)
    ]


def test_a_row_is_an_object_of_its_cells_as_text():
    assert cut('a,b,c\n1,"x, ""y""",\n') == [({"a": "1", "b": 'x, "y"', "c": ""}, None)]


def test_a_cell_that_the_row_does_not_reach_is_null():
    assert cut("a,b\n1\n") == [({"a": "1", "b": None}, None)]


def test_a_cell_may_span_lines():
    assert cut('a,b\n1,"two\r\nlines"\n3,4\n') == [
        ({"a": "1", "b": "two\r\nlines"}, None),
        ({"a": "3", "b": "4"}, None),
    ]


def test_blank_lines_and_surplus_empty_cells_are_nothing():
    assert cut("\na,b\n\n1,2,,\n , \n") == [({"a": "1", "b": "2"}, None)]


def test_repeated_and_missing_names_are_told_apart():
    assert cut("email,email,,email_1\n1,2,3,4\n") == [
        ({"email": "1", "email_1": "2", "column_3": "3", "email_1_1": "4"}, None)
    ]


def test_a_row_with_too_many_cells_is_kept_verbatim_with_its_reason():
    assert cut('a,b\n1,2\n1,"x",3\n4,5\n') == [
        ({"a": "1", "b": "2"}, None),
        ('1,"x",3', "3 cells where the header has 2"),
        ({"a": "4", "b": "5"}, None),
    ]


def test_a_quote_that_nobody_closes_costs_one_row():
    found = cut('a,b\n1,2\n"3,4\n5,6\n7,8\n')
    assert [row for row, problem in found if problem is None] == [
        {"a": "1", "b": "2"}, {"a": "5", "b": "6"}, {"a": "7", "b": "8"}
    ]  # fmt: skip
    assert [row for row, problem in found if problem] == ['"3,4']


def test_a_quote_that_is_closed_rows_later_costs_those_two_rows():
    found = cut('a,b\n"1,2\n3,4\n5","6\n7,8\n')
    assert ({"a": "3", "b": "4"}, None) in found and ({"a": "7", "b": "8"}, None) in found


def test_a_header_alone_gives_no_records():
    assert cut("a,b\n") == cut("") == []


@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_a_large_csv_is_read_to_its_last_line_however_its_lines_end(tmp_path, line_end):
    """DuckDB reads large files, and of some it reads nothing without a word."""
    lines = ["experiment,email,variant,assigned_at"]
    lines += [f"e,reader{n:06}@example.com,A,2026-09-01T08:00:00Z" for n in range(30_000)]
    path = tmp_path / "landing" / "assignments" / "large.csv"
    path.parent.mkdir(parents=True)
    path.write_bytes((line_end.join(lines) + line_end).encode())
    settings = Settings(home=tmp_path, given_salt="salt", settle_seconds=0.0)
    warehouse = Warehouse.of(settings)
    report = load_source(SOURCES["assignments"], warehouse.get_connection, settings, "run", lambda *_: [])
    assert (report.published, report.records_loaded) == (1, 30_000)


def test_cells_that_look_like_json_are_text_in_a_large_csv(tmp_path):
    """Whatever a cell holds, its row is one record: no page, and nothing that is not JSON."""
    cells = ["[{}]", "{a: NaN}", "[1,]", ": -Infinity", "\\ud800", "\x01", "a \\ b"]
    rows = [(f"reader{n:06}@example.com", cells[n % len(cells)], "2026-09-01T08:00:00Z") for n in range(30_000)]
    path = tmp_path / "landing" / "assignments" / "large.csv"
    path.parent.mkdir(parents=True)
    lines = ["experiment,email,variant,assigned_at,data"]
    lines += [f'e,{email},A,{time},"{cell}"' for email, cell, time in rows]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    settings = Settings(home=tmp_path, given_salt="salt", settle_seconds=0.0)
    warehouse = Warehouse.of(settings)
    report = load_source(SOURCES["assignments"], warehouse.get_connection, settings, "run", lambda *_: [])
    assert (report.published, report.records_loaded, report.records_rejected) == (1, 30_000, 0)
    with warehouse.get_connection() as reader:
        found = reader.execute("select record->>'data', count(*) from raw.assignments group by all").fetchall()
    assert {cell for cell, _ in found} == set(cells)
