"""A record is judged the same however it came to the candidate: out of its row's cells, or out of its JSON."""

from __future__ import annotations

import csv
import io
from contextlib import closing
from pathlib import Path

import pytest

from orchestration.exports import candidates, readers
from orchestration.exports.batch import open_reader
from orchestration.exports.containers import Content, Spool
from orchestration.exports.formats import HEAD_BYTES, recognise
from orchestration.exports.json_lines import JsonLines
from orchestration.settings import Settings
from orchestration.sources import SOURCES

HEADERS = {
    "sendgrid": ["processed", "message_id", "event", "email", "user_agent", "reason"],
    "sfmc": ["ClientID", "SendID", "SubscriberKey", "EmailAddress", "EventDate", "EventType"],
    "mailchimp": ["Timestamp", "Email", "activity", "Title"],
    "iterable": ["email", "eventName", "createdAt", "messageId", "campaignId"],
    "listmonk": ["campaign_id", "link_id", "created_at", "subscriber_id"],
}
CELLS = ["", " ", "reader@example.com", "2026-09-01 10:00:00", "[]", "{}", ' ["x"]', "open", "~", "\u00a0x",
         'a "quoted" \\ cell', "two\nlines", "tab\there", "\x7f", "✨", "account_status_change", "0"]  # fmt: skip


@pytest.mark.parametrize("folder", ["sendgrid", "sfmc", "mailchimp", "iterable", "listmonk", "postmark"])
@pytest.mark.parametrize("header", HEADERS)
def test_cells_are_judged_as_the_record_that_is_built_of_them(tmp_path: Path, folder: str, header: str):
    names = HEADERS[header]
    rows = [[CELLS[(row * 7 + cell * (row + 3)) % len(CELLS)] for cell in range(len(names))] for row in range(120)]
    text = io.StringIO()
    csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows([names, *rows])
    path = tmp_path / "rows.csv"
    path.write_bytes(text.getvalue().encode())
    content = Content(path.stat().st_size, "", path=path)
    form = recognise(content.head(HEAD_BYTES), complete=True)
    source = SOURCES[folder]
    of_cells, of_records = tmp_path / "cells.parquet", tmp_path / "records.parquet"
    lines = JsonLines(tmp_path / "rows.jsonl")
    for position, record in enumerate(readers.read(content, form, source), start=1):
        lines.write({"export_id": "x", "position": position, "record": record.text, "problem": record.problem})
    with closing(open_reader(Settings(home=tmp_path))) as reader:
        scan = readers.scan(reader, content, form, Spool(tmp_path / "spool"), 10**9)
        assert candidates.from_scan(reader, scan, "x", source, of_cells)
        candidates.from_spool(reader, lines, source, of_records)
        by_cells, by_records = (
            reader.execute(f"select * from {candidates.relation([path])}").fetchall() for path in (of_cells, of_records)
        )
    assert by_cells == by_records
    assert len({problem for _, _, _, problem, *_ in by_cells}) > (folder == header)
