"""The same events in another encoding are the same events."""

from __future__ import annotations

from collections import defaultdict

# What tells one export of an event from another, and what the event itself does not depend on.
OF_THE_EXPORT = {"file", "export_id", "position", "part", "record", "source_format", "stands"}


def test_avro_parquet_json_and_the_connectors_bodies_give_the_same_braze_events(reading):
    files = defaultdict(list)
    for row in reading.staged("braze", "fixtures/encodings"):
        files[row["file"]].append({name: value for name, value in row.items() if name not in OF_THE_EXPORT})
    assert files.keys() == {"events.avro", "events.parquet", "events.ndjson", "http.json"}
    events = files["events.ndjson"]
    assert [(event["event_type"], event["is_machine"]) for event in events] == [
        ("sent", None),
        ("opened", True),
        ("clicked", True),
        ("purchased", None),
    ]
    assert all(rows == events for rows in files.values())


def test_events_that_came_in_four_encodings_count_once(reading):
    standing = [row["source_event_id"] for row in reading.staged("braze", "fixtures/encodings") if row["stands"]]
    assert len(standing) == len(set(standing)) == 4
