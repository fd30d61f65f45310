"""A record is judged the same however it came to the candidate: out of its row's cells, or out of its JSON."""

from __future__ import annotations

import csv
import io
from contextlib import closing
from pathlib import Path

import duckdb
import pytest

from orchestration.exports import candidates, readers
from orchestration.exports.batch import is_of_the_export, open_reader
from orchestration.exports.containers import Content, Spool
from orchestration.exports.formats import HEAD_BYTES, recognise
from orchestration.exports.json_lines import JsonLines
from orchestration.settings import Settings
from orchestration.sources import SOURCES
from tests.vendors.reading import EMAIL_SOURCES, fixtures

HEADERS = {
    "sendgrid": ["processed", "message_id", "event", "email", "user_agent", "reason"],
    "sfmc": ["ClientID", "SendID", "SubscriberKey", "EmailAddress", "EventDate", "EventType"],
    "mailchimp": ["Timestamp", "Email", "activity", "Title"],
    "iterable": ["email", "eventName", "createdAt", "messageId", "campaignId"],
    "listmonk": ["campaign_id", "link_id", "created_at", "subscriber_id"],
}
CELLS = ["", " ", "reader@example.com", "2026-09-01 10:00:00", "[]", "{}", ' ["x"]', "open", "~", "\u00a0x",
         'a "quoted" \\ cell', "two\nlines", "tab\there", "\x7f", "✨", "account_status_change", "0"]  # fmt: skip


@pytest.fixture(scope="module")
def reader(tmp_path_factory):
    with closing(open_reader(Settings(home=tmp_path_factory.mktemp("reader")), folders=[Path("/")])) as connection:
        yield connection


@pytest.mark.parametrize("folder", ["sendgrid", "sfmc", "mailchimp", "iterable", "listmonk", "postmark"])
@pytest.mark.parametrize("header", HEADERS)
def test_cells_are_judged_as_the_record_that_is_built_of_them(reader, tmp_path: Path, folder: str, header: str):
    names = HEADERS[header]
    rows = [[CELLS[(row * 7 + cell * (row + 3)) % len(CELLS)] for cell in range(len(names))] for row in range(120)]
    text = io.StringIO()
    csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows([names, *rows])
    path = tmp_path / "rows.csv"
    path.write_bytes(text.getvalue().encode())
    by_cells, by_records = judged_both_ways(reader, path, folder, tmp_path / "spool")
    assert by_cells == by_records
    assert len({problem for _, _, _, problem, *_ in by_cells}) > (folder == header)


@pytest.mark.parametrize("folder", EMAIL_SOURCES)
def test_records_are_judged_as_if_nothing_were_known_of_their_keys(reader, tmp_path: Path, folder: str):
    for number, path in enumerate(path for path in fixtures(folder) if path.suffix != ".zip"):
        found = judged_both_ways(reader, path, folder, tmp_path / str(number))
        if found:
            assert found[0] == found[1], path


def judged_both_ways(reader, path: Path, folder: str, spool_folder: Path) -> tuple[list, list] | None:
    """The candidate's rows by what we know of the records as we made them, and by the records alone.

    None where DuckDB reads the file as it lies, or not at all.
    """
    content = Content(path.stat().st_size, "", path=path)
    form = recognise(content.head(HEAD_BYTES), complete=True)
    source, spool = SOURCES[folder], Spool(spool_folder)
    if readers.takes(content, form, source):
        scan = readers.as_lines(content, form, source, spool, 10**9)
    else:
        scan = readers.scan(reader, content, form, spool, 10**9)
    if scan is None or not scan.is_ours:
        return None
    of_scan, of_records = spool.new_path(".parquet"), spool.new_path(".parquet")
    lines = JsonLines(spool.new_path(".jsonl"))
    for position, record in enumerate(readers.read(content, form, source), start=1):
        lines.write({"export_id": "x", "position": position, "record": record.text, "problem": record.problem})
    try:
        if not candidates.from_scan(reader, scan, "x", source, of_scan):
            return None
    except duckdb.Error as error:
        assert is_of_the_export(error)
        return None
    candidates.from_spool(reader, lines, source, of_records)
    by_scan, by_records = (
        reader.execute(f"select * from {candidates.relation([path])}").fetchall() for path in (of_scan, of_records)
    )
    return by_scan, by_records


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-32"])
def test_a_large_table_in_another_encoding_is_scanned_as_in_utf_8(reader, tmp_path: Path, encoding: str):
    table = 'email,event,processed,message_id\nreader@example.com,"o ""p"" ✨ en",2026-09-01 10:00:00,m\n'
    path = tmp_path / "table.csv"
    found = []
    for name in ("utf-8", encoding):
        path.write_bytes(table.encode(name))
        found.append(judged_both_ways(reader, path, "sendgrid", tmp_path / name))
    assert found[0] == found[1]
    assert found[1][0] == found[1][1]


def test_damaged_text_in_another_encoding_is_not_scanned(reader, tmp_path: Path):
    path = tmp_path / "table.csv"
    path.write_bytes("a,b\n1,2\n".encode("utf-16") + b"\x00\xd8\n\x00")
    assert judged_both_ways(reader, path, "sendgrid", tmp_path / "spool") is None
