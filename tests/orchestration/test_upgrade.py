"""A home of the first version is brought up to date by its next run, and what it held is read as before."""

from __future__ import annotations

import json

import duckdb

from orchestration.exports import identities, ledger
from tests.old_homes import at_version
from tests.payloads import journey
from tests.pipeline.running import NOW, canonical_events, failure, run, settings_of, stored


def test_what_a_home_of_the_first_version_holds_becomes_events(tmp_path):
    settings = settings_of(tmp_path)
    settings.landing.mkdir()
    events = journey()
    with duckdb.connect(str(settings.warehouse_path)) as connection:
        at_version(connection, 1)
        connection.execute("create table raw.sendgrid (export_id varchar, position bigint, record varchar)")
        connection.executemany(
            "insert into raw.sendgrid values ('old', ?, ?)", [(n, json.dumps(e)) for n, e in enumerate(events, start=1)]
        )
        email = events[0]["email"]
        connection.execute(
            "insert into restricted.subscriber_identities values (?, ?, 'example.com')",
            [email, identities.key_of(email, settings.salt)],
        )
        connection.execute(
            "insert into pipeline.exports (export_id, source, file_name, status, records, records_loaded, "
            "records_rejected, reader_version, run_id, seen_at, published_at) "
            "values ('old', 'sendgrid', 'a.json', 'published', 4, 4, 0, 1, 'r', $1, $1)",
            [NOW],
        )
    result = run(settings, canonical_events(settings))
    assert result.success, failure(result)
    assert stored(settings, "select count(*) from pipeline.migrations") == [(len(ledger.MIGRATIONS),)]
    counted = "select event_type, count(*) from intermediate.int_email_events group by all order by all"
    assert stored(settings, counted) == [("clicked", 1), ("delivered", 1), ("opened", 1), ("sent", 1)]
