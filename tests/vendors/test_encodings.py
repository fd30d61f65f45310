"""The same events in another encoding are the same events."""

from __future__ import annotations

from collections import Counter, defaultdict

import pytest

# What tells one export of an event from another, and what the event itself does not depend on.
OF_THE_EXPORT = {"file", "export_id", "position", "part", "record", "source_format", "stands"}

# Files that hold the same events, by source: a transport, a serialisation or a text encoding each.
FILES = {
    "braze": {"events.avro", "events.parquet", "events.ndjson", "http.json"},
    "ses": {"sns.ndjson", "firehose.ndjson", "firehose.json", "firehose_utf16.ndjson"},
    "sfmc": {
        "Clicks.csv",
        "Clicks_bom.csv",
        "Clicks_utf16.csv",
        "Clicks_utf16_be.txt",
        "Clicks_windows.csv",
        "extract.zip/Clicks.csv",
    },
}
# What they hold; the open of SES and a click of Marketing Cloud occurred twice.
EVENTS = {
    "braze": ["sent", "opened", "clicked", "purchased"],
    "ses": ["sent", "delivered", "opened", "opened", "clicked", "bounced", "bounced"],
    "sfmc": ["clicked", "clicked", "clicked"],
}


def events(reading, source: str) -> dict[str, list[dict]]:
    """The events of each file of a source's encodings, without what hangs on the file."""
    files = defaultdict(list)
    for row in reading.staged(source, "fixtures/encodings"):
        files[row["file"]].append({name: value for name, value in row.items() if name not in OF_THE_EXPORT})
    return files


@pytest.mark.parametrize("source", FILES)
def test_every_encoding_gives_the_same_events(reading, source: str):
    files = events(reading, source)
    assert files.keys() == FILES[source]
    first, *others = files.values()
    assert [event["event_type"] for event in first] == EVENTS[source]
    assert all(other == first for other in others)


@pytest.mark.parametrize("source", FILES)
def test_every_encoding_gives_the_same_canonical_rows(reading, source: str):
    files = defaultdict(list)
    for row in reading.rows(
        """
        select exports.file_name, records.* exclude (export_id, position, part)
        from intermediate.int_email_event_records as records
        join pipeline.exports using (export_id)
        where exports.source = ? and starts_with(exports.file_name, 'fixtures/encodings/')
        order by exports.file_name, records.position, records.part
        """,
        source,
    ):
        files[row.pop("file_name")].append(row)
    first, *others = files.values()
    assert len(others) == len(FILES[source]) - 1
    assert all(row["event_key"] and row["subscriber_key"] for row in first)
    assert all(other == first for other in others)


@pytest.mark.parametrize("source", FILES)
def test_events_that_came_in_several_encodings_count_once(reading, source: str):
    standing = [row["event_type"] for row in reading.staged(source, "fixtures/encodings") if row["stands"]]
    assert Counter(standing) == Counter(EVENTS[source])


def test_a_flag_is_the_same_whether_it_came_as_text_or_as_a_type_of_its_own(reading):
    for rows in events(reading, "braze").values():
        assert [event["is_machine"] for event in rows] == [None, True, True, None]
