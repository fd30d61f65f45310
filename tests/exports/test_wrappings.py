"""Every source's payloads load in every wrapping that the landing zone promises to accept."""

from __future__ import annotations

import io
import json
from pathlib import Path

import duckdb
import fastavro
import pytest

from orchestration.exports import containers, readers
from orchestration.exports.containers import Content
from orchestration.exports.formats import HEAD_BYTES, Kind, recognise
from orchestration.sources import SOURCES
from tests.exports.conftest import FIXTURES
from tests.exports.wrapping import PACKINGS, SHAPES, array, lines, zipped

SOURCES_OF_FIXTURES = sorted(folder.name for folder in FIXTURES.iterdir() if folder.is_dir())
PAYLOADS = [path for path in sorted(FIXTURES.glob("*/*")) if path.is_file()]


def json_records(source: str) -> list[str]:
    """Some records of a source as compact JSON texts, cut out of their pages and envelopes."""
    found = []
    paths = [path for path in (FIXTURES / source).rglob("*") if path.is_file() and path.suffix != ".zip"]
    for path in sorted(paths, key=lambda path: ("json" not in path.suffix, path)):
        data = path.read_bytes()
        content = Content(len(data), "", data=data)
        form = recognise(content.head(HEAD_BYTES), complete=len(data) <= HEAD_BYTES)
        if form.kind is not Kind.PARQUET:  # DuckDB alone reads it
            found += [json.loads(record.text) for record in readers.read(content, form, SOURCES[source])]
    return [json.dumps(record, ensure_ascii=False) for record in found][:9]


@pytest.mark.parametrize("path", PAYLOADS, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_every_payload_of_the_fixtures_loads_completely(bench, path: Path):
    source = path.parent.name
    bench.land(f"{source}/{path.name}", path.read_bytes())
    report = bench.load(source)
    assert (report.published, report.held, report.records_rejected) == (1, [], 0)
    assert report.records_loaded == len(bench.raw(source)) > 0
    assert all(isinstance(json.loads(record), dict) for record in bench.raw(source))


@pytest.mark.parametrize("source", SOURCES_OF_FIXTURES)
def test_every_shape_and_packing_gives_the_same_records(bench, source: str):
    records = json_records(source)
    for shape, write in SHAPES.items():
        for packing, pack in PACKINGS.items():
            bench.land(f"{source}/{shape}/{packing.replace(' ', '-')}", pack(write(records).encode()))
    report = bench.load(source)
    assert report.held == []
    rows = bench.query(f"select file_name, list(record order by position) from raw.{source} join pipeline.exports "
                       "using (export_id) group by all")  # fmt: skip
    # The packings of one content are one content, but where a name is a part of it.
    contents = len({write(records) for write in SHAPES.values()})
    assert len(rows) == report.published
    assert report.published == contents if not SOURCES[source].names_carry_data else report.published > contents
    assert report.known == len(SHAPES) * len(PACKINGS) - report.published
    for file_name, loaded in rows:
        if not file_name.startswith("pretty_array"):
            assert loaded == records, file_name
        assert [json.loads(record) for record in loaded] == [json.loads(record) for record in records]


@pytest.mark.parametrize("shape", SHAPES)
def test_duckdb_and_the_patient_readers_give_the_same_rows(bench, shape: str, monkeypatch):
    content = SHAPES[shape](json_records("sendgrid")).encode()
    bench.land("sendgrid/a", content)
    bench.load()
    expected = bench.query("select * from raw.sendgrid order by position")
    other = type(bench)(bench.with_settings(home=bench.home.with_name("other")).settings, bench.sources)
    monkeypatch.setattr(containers, "SMALL_BYTES", 0)  # everything is large now, and DuckDB's
    other.land("sendgrid/a", content)
    other.load()
    assert other.query("select * from raw.sendgrid order by position") == expected


@pytest.mark.parametrize(
    "path",
    [
        "klaviyo/events_page.json",
        "mailchimp/export_api.ndjson",
        "mailchimp/webhooks.form",
        "mailgun/legacy_multipart.form",
        "mandrill/posts.form",
        "ses/sns.ndjson",
    ],
)
def test_what_our_own_readers_cut_is_the_same_in_large_and_small_exports(bench, path: str, monkeypatch):
    source, content = path.split("/")[0], (FIXTURES / path).read_bytes()
    bench.land(path, content)
    bench.load(source)
    expected = bench.query(f"select * from raw.{source} order by position")
    other = type(bench)(bench.with_settings(home=bench.home.with_name("other")).settings, bench.sources)
    monkeypatch.setattr(containers, "SMALL_BYTES", 0)  # everything is large now
    other.land(path, content)
    other.load(source)
    assert other.query(f"select * from raw.{source} order by position") == expected


def test_one_webhook_body_with_escapes_and_crlf_is_kept_to_the_byte(bench):
    body = (FIXTURES / "sendgrid" / "webhook_crlf.json").read_bytes()
    bench.land("sendgrid/a.json", body)
    bench.load()
    assert len(bench.raw()) == 3
    assert all(record.encode() in body and "\\u003cm12@mail.example\\u003e" in record for record in bench.raw())


def test_the_records_of_a_page_are_records_of_their_own(bench):
    bench.land("segment/a.json", (FIXTURES / "segment" / "batch.json").read_bytes())
    bench.load("segment")
    assert [json.loads(record)["messageId"] for record in bench.raw("segment")] == ["seg-0101", "seg-0102"]


def test_a_full_export_of_mailchimp_is_the_same_as_a_folder_and_as_an_archive(bench):
    folder = FIXTURES / "mailchimp" / "granular_activity"
    members = {path.relative_to(folder.parent).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*.csv"))}
    bench.land("mailchimp/full_export.zip", zipped(members))
    packed = bench.load("mailchimp")
    named = bench.query("select file_name from pipeline.exports order by file_name")
    assert named == [(f"full_export.zip/{name}",) for name in sorted(members)]
    for name, content in members.items():
        bench.land(f"mailchimp/{name}", content)
    unpacked = bench.load("mailchimp")
    assert (packed.published, unpacked.published, unpacked.known) == (2, 0, 2)


def test_json_in_utf_16_loads(bench):
    records = json_records("subscribers")
    bench.land("subscribers/a.json", array(records).encode("utf-16"))
    bench.load("subscribers")
    assert bench.raw("subscribers") == records
    assert "Köln" in records[0]


@pytest.mark.parametrize("name", ["subscribers_bom.csv", "subscribers_utf16.csv", "subscribers_windows.csv"])
def test_delimited_text_loads_in_every_encoding(bench, name: str):
    bench.land(f"subscribers/{name}", (FIXTURES / "subscribers" / name).read_bytes())
    bench.load("subscribers")
    assert [json.loads(record) for record in bench.raw("subscribers")] == [
        {"email": "josé@example.com", "signed_up_at": "2026-04-01T00:00:00Z", "signup_source": "Café"},
        {"email": "zoë@example.com", "signed_up_at": "2026-04-02T00:00:00Z", "signup_source": "Fête"},
    ]


def test_parquet_loads_whatever_its_size(bench, tmp_path):
    path = tmp_path / "a.parquet"
    duckdb.sql(
        "copy (select 'a@example.com' as email, date '2026-01-01' as signed_up_at, {'city': 'Köln'} as attributes) "
        f"to '{path}'"
    )
    bench.land("subscribers/export", path.read_bytes())
    bench.load("subscribers")
    assert [json.loads(record) for record in bench.raw("subscribers")] == [
        {"email": "a@example.com", "signed_up_at": "2026-01-01", "attributes": {"city": "Köln"}}
    ]


def test_a_warehouse_that_folds_names_to_upper_case_is_read_in_lower_case(bench, tmp_path):
    path = tmp_path / "a.parquet"
    duckdb.sql(f"copy (select 'a@example.com' as EMAIL, date '2026-01-01' as SIGNED_UP_AT) to '{path}'")
    bench.land("subscribers/export", path.read_bytes())
    bench.load("subscribers")
    assert bench.raw("subscribers") == ['{"email":"a@example.com","signed_up_at":"2026-01-01"}']


AVRO_SCHEMA = {
    "type": "record",
    "name": "open",
    "namespace": "events",
    "fields": [
        {"name": "email", "type": ["null", "string"]},
        {"name": "timestamp", "type": "long"},
        {"name": "event", "type": "string"},
        {"name": "sg_event_id", "type": "bytes"},
        {"name": "score", "type": ["null", "double", {"type": "array", "items": "string"}], "default": None},
    ],
}
AVRO_ROWS = [
    {"email": f"zoë{i}@example.com", "timestamp": 1788249600 + i, "event": "open", "sg_event_id": b"e%d" % i,
     "score": [None, 0.5, ["a", "b"]][i]}
    for i in range(3)
]  # fmt: skip
# What a record is, only the schema says: the name comes along.
AVRO_RECORDS = [{"avro_record": "events.open", **r, "sg_event_id": r["sg_event_id"].decode()} for r in AVRO_ROWS]


def avro_file(codec: str, rows=AVRO_ROWS) -> bytes:
    file = io.BytesIO()
    fastavro.writer(file, AVRO_SCHEMA, rows, codec=codec)
    return file.getvalue()


@pytest.mark.parametrize("is_large", [False, True])
@pytest.mark.parametrize("codec", ["null", "deflate"])
def test_avro_loads_packed_or_not_and_large_or_small(bench, codec: str, is_large: bool, monkeypatch):
    if is_large:
        monkeypatch.setattr(containers, "SMALL_BYTES", 0)
    bench.land("sendgrid/export.avro", avro_file(codec))
    bench.load()
    assert [json.loads(record) for record in bench.raw()] == AVRO_RECORDS
    assert bench.query("select position from raw.sendgrid order by position") == [(1,), (2,), (3,)]


@pytest.mark.parametrize("is_large", [False, True])
def test_of_avro_that_breaks_off_the_whole_records_load(bench, is_large: bool, monkeypatch):
    if is_large:
        monkeypatch.setattr(containers, "SMALL_BYTES", 0)
    bench = bench.with_settings(unreadable_share_limit=0.5)
    bench.land("sendgrid/export.avro", avro_file("null") + avro_file("null")[-40:])
    bench.load()
    status, reason = bench.status_of("export.avro")
    assert (status, reason[:35]) == ("published", "1 of 4 records held back: damaged: ")
    assert [json.loads(record) for record in bench.raw()] == AVRO_RECORDS


def test_avro_that_unpacks_beyond_the_limit_is_held(bench, monkeypatch):
    monkeypatch.setattr(containers, "SMALL_BYTES", 0)
    bench = bench.with_settings(max_unpacked_bytes=10_000)
    bench.land("sendgrid/export.avro", avro_file("deflate", AVRO_ROWS * 100))
    bench.load()
    assert "too large: the file holds records of more than 10,000 bytes" in bench.status_of("export.avro")[1]


def test_form_posts_are_read_as_objects_of_their_fields(bench):
    bench.land("sendgrid/posts", "email=a%2Bb%40example.com&timestamp=1788249600&event=open&note=one+two\n")
    bench.load()
    assert [json.loads(record) for record in bench.raw()] == [
        {"email": "a+b@example.com", "timestamp": "1788249600", "event": "open", "note": "one two"}
    ]


def test_the_members_of_an_archive_are_exports_of_their_own(bench):
    records = json_records("sendgrid")
    bench.land("sendgrid/all.zip", _archive(records))
    report = bench.load()
    assert report.published == 2
    assert bench.query("select file_name, member from pipeline.exports order by 1") == [
        ("all.zip/day 1/a.ndjson", "day 1/a.ndjson"),
        ("all.zip/day 2/a.ndjson", "day 2/a.ndjson"),
    ]


def _archive(records: list[str]) -> bytes:
    return zipped({
        "day 1/a.ndjson": lines(records[:4]).encode(),
        "day 2/a.ndjson": lines(records[4:]).encode(),
        "__MACOSX/day 1/._a": b"\x00\x05\x16\x07",
        ".DS_Store": b"\x00",
    })  # fmt: skip
