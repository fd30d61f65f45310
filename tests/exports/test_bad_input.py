"""Nothing is lost and nothing stops the good data: what comes ends in the ledger, with a reason people understand."""

from __future__ import annotations

import gzip
import json
import os
import socket
import stat
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from random import Random

import pytest

from orchestration.exports import containers, json_text, readers
from tests.exports.conftest import make_bench
from tests.exports.wrapping import tarred, zipped
from tests.payloads import sendgrid

SOMEBODY = 65534
NOISE = Random(0).randbytes(5000)
GOOD = json.dumps(sendgrid("open"))


def good(number: int) -> str:
    return json.dumps(sendgrid("open", at=number))


def many(count: int) -> list[str]:
    return [good(number) for number in range(count)]


def kept_records(folder: Path) -> list[dict]:
    return [json.loads(line) for line in (folder / "records.jsonl").read_text().splitlines()]


@pytest.fixture(autouse=True)
def a_good_export_beside(bench):
    """In every test a good export lies beside the bad one, and is loaded."""
    bench.land("sendgrid/zz-good.json", GOOD)
    yield
    assert bench.status_of("zz-good.json") == ("published", None)


@pytest.mark.parametrize("is_large", [False, True])
@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (b'{"email": "cut off', "invalid JSON"),
        (b'{"email": "a@example.com", "timestamp": NaN, "event": "open"}', "invalid JSON"),
        (b'{"email": "a@example.com", "timestamp": 1788249600, "event": "open",}', "invalid JSON"),
        (b'{"email": "a@example.com", "timestamp": 1788249600, "event": "\\ud800"}', "invalid JSON"),
        (b'{"email": "caf\xe9@example.com", "timestamp": 1788249600, "event": "open"}', "not UTF-8"),
        (b"17", "not an object"),
        (b'"text"', "not an object"),
        (b'{"timestamp": 1788249600, "event": "open", "sg_event_id": "x"}', "no recipient"),
        (b'{"email": " ", "timestamp": 1788249600, "event": "open"}', "no recipient"),
        (b'{"email": ["a@example.com"], "timestamp": 1788249600, "event": "open"}', "no recipient"),
        (b'{"email": "a@example.com", "timestamp": "soon", "event": "open"}', "no time"),
        (b'{"email": "a@example.com", "timestamp": 17, "event": "open"}', "no time"),
        (b'{"email": "a@example.com", "timestamp": null, "event": "open"}', "no time"),
        (b'{"email": "a@example.com", "timestamp": 1788249600, "event": ""}', "no type"),
        (b'{"sg_event_id": "x"}', "no recipient, no time, no type"),
        (b'{"RecordType": "Open", "MessageID": "x"}', "looks like postmark, not sendgrid"),
        (b'{"msys": {"track_event": {}}}', "looks like sparkpost, not sendgrid"),
    ],
)
def test_an_unreadable_record_is_kept_verbatim_with_its_reason_and_its_neighbours_load(
    bench, monkeypatch, bad: bytes, reason: str, is_large: bool
):
    if is_large:
        monkeypatch.setattr(containers, "SMALL_BYTES", 0)
    records = many(40)
    lines = [record.encode() for record in records]
    lines.insert(20, bad)
    bench.land("sendgrid/a.ndjson", b"\n".join(lines))
    bench.load()
    assert bench.status_of("a.ndjson") == ("published", f"1 of 41 records held back: {reason} (1)")
    rows = bench.query(
        "select position, record from raw.sendgrid join pipeline.exports using (export_id) "
        "where file_name = 'a.ndjson' order by position"
    )
    assert rows == [(n + 1 + (n >= 20), record) for n, record in enumerate(records)]
    folder = bench.kept("a.ndjson")
    assert kept_records(folder) == [{"position": 21, "reason": reason, "record": bad.decode("latin-1")}]
    assert not (folder / "original").exists()


def test_an_event_of_an_unknown_type_is_no_bad_record(bench):
    bench.land("sendgrid/a.json", json.dumps(sendgrid("moon landing")))
    bench.load()
    assert bench.status_of("a.json") == ("published", None)


def test_a_type_may_be_excused_from_a_requirement(bench):
    bench.land("sendgrid/a.json", '{"timestamp": 1788249600, "event": "Account_Status_Change", "sg_event_id": "x"}')
    bench.load()
    assert bench.status_of("a.json") == ("published", None)


def test_more_unreadable_records_than_the_limit_hold_the_whole_export(bench):
    bench.land("sendgrid/a.ndjson", "\n".join([*many(18), "garbage", '{"sg_event_id": "x"}']))
    bench.load()
    status, reason = bench.status_of("a.ndjson")
    assert status == "quarantined"
    assert reason == ("unreadable: 2 of 20 records, more than 5%: invalid JSON (1), no recipient, no time, no type (1)")
    folder = bench.kept("a.ndjson")
    assert (folder / "original").read_bytes() == (bench.settings.landing / "sendgrid" / "a.ndjson").read_bytes()
    assert len(kept_records(folder)) == 2
    report = json.loads((folder / "report.json").read_text())
    assert report["status"] == "quarantined" and report["file"] == "landing/sendgrid/a.ndjson"
    assert report["reason"] == reason and "release" in report["what_next"]


def test_the_limit_is_a_setting(bench):
    bench = bench.with_settings(unreadable_share_limit=0.5)
    bench.land("sendgrid/a.ndjson", "\n".join([*many(3), "garbage"]))
    bench.load()
    assert bench.status_of("a.ndjson")[0] == "published"


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("nothing", b""),
        ("blanks", b" \n\r\n"),
        ("array.json", b"[]"),
        ("header.csv", b"processed,message_id,event,email\n"),
        ("packed.gz", gzip.compress(b"", mtime=0)),
    ],
)
def test_an_empty_export_is_held_as_empty(bench, name: str, content: bytes):
    bench.land(f"sendgrid/{name}", content)
    bench.load()
    assert bench.status_of(name) == ("quarantined", "empty: the file holds no records")


@pytest.mark.parametrize("line", ["Service unavailable", "Error: too many requests, try again later", "{cut: off", "x"])
def test_one_line_of_anything_is_not_called_empty(bench, line: str):
    bench.land("sendgrid/junk.txt", line + "\n")
    bench.load()
    status, reason = bench.status_of("junk.txt")
    assert status == "quarantined" and not reason.startswith("empty")


@pytest.mark.parametrize("header", ["email", "Campaign Name,Opens (unique),Clicks", "processed;email;event"])
def test_a_header_without_rows_is_empty_whoever_wrote_it(bench, header: str):
    bench.land("sendgrid/header.csv", header + "\n")
    bench.load()
    assert bench.status_of("header.csv") == ("quarantined", "empty: the file holds no records")


@pytest.mark.parametrize("layout", ["lines", "array", "bare"])
def test_a_record_longer_than_the_limit_is_one_rejected_record_kept_to_the_last_letter(bench, monkeypatch, layout: str):
    monkeypatch.setattr(json_text, "MAX_RECORD_CHARS", 4096)
    monkeypatch.setattr(readers, "_CHUNK_CHARS", 1000)
    long = (
        "x" * 20_000 if layout == "bare" else json.dumps({**sendgrid("open"), "note": '{\\"é]\n' * 3000, "b": [[], {}]})
    )
    records = [*many(20), long, *many(45)[20:]]
    bench.land("sendgrid/a.json", ("[" + ",".join(records) + "]") if layout == "array" else "\n".join(records))
    bench.load()
    assert bench.status_of("a.json") == ("published", "1 of 46 records held back: longer than 16 MiB (1)")
    assert kept_records(bench.kept("a.json")) == [{"position": 21, "reason": "longer than 16 MiB", "record": long}]


def test_a_file_of_another_vendor_is_held_and_both_are_named(bench):
    bench.land(
        "sendgrid/p.json", '{"RecordType":"Open","Recipient":"a@example.com","ReceivedAt":"2026-09-01T00:00:00Z"}'
    )
    bench.land("sendgrid/m.json", '{"signature": {}, "event-data": {"event": "opened"}}')
    bench.load()
    status, reason = bench.status_of("p.json")
    assert status == "quarantined"
    assert reason.startswith("foreign: 1 of 1 records look like postmark, and this is the folder of sendgrid")
    assert "look like mailgun" in bench.status_of("m.json")[1]
    assert reason.endswith("Move the file to landing/postmark")


def test_a_held_export_is_tried_again_under_the_right_source(bench):
    content = '{"RecordType":"Open","Recipient":"a@example.com","ReceivedAt":"2026-09-01T00:00:00Z"}'
    bench.land("sendgrid/p.json", content)
    bench.load()
    bench.land("postmark/p.json", content)
    bench.load("postmark")
    assert bench.raw("postmark") == [content]


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("t.gz", gzip.compress(NOISE, mtime=0)[:-100], "truncated"),
        ("t.zip", zipped({"a": NOISE})[:-100], "damaged"),
        ("t.parquet", b"PAR1" + NOISE[:500] + b"PAR1", "damaged"),
        ("t.avro", b"Obj\x01" + NOISE[:500], "damaged"),
        ("t.html", b"<html>Service unavailable</html>", "HTML"),
        ("t.bin", bytes(range(256)), "not text"),
        ("t.tar.gz", tarred({"a.json": GOOD.encode()}, "w:gz"), "unknown format: this is a tar archive"),
    ],
)
def test_what_cannot_be_read_at_all_is_held_with_its_bytes(bench, name: str, content: bytes, said: str):
    bench.land(f"sendgrid/{name}", content)
    bench.load()
    status, reason = bench.status_of(name)
    assert status == "quarantined" and said in reason
    assert (bench.kept(name) / "original").read_bytes() == (gzip.decompress(content) if name == "t.tar.gz" else content)


def test_a_truncated_array_gives_what_is_whole(bench):
    bench = bench.with_settings(unreadable_share_limit=0.1)
    bench.land("sendgrid/a.json", "[" + ",".join(many(30)) + ',{"email":"cut')
    bench.load()
    status, reason = bench.status_of("a.json")
    assert status == "published"
    assert reason == "2 of 32 records held back: truncated (1), truncated: the array is never closed (1)"


def test_an_archive_beyond_a_limit_is_held(bench):
    bench = bench.with_settings(max_unpacked_bytes=10_000, max_archive_members=3)
    bench.land("sendgrid/big.gz", gzip.compress(b"x" * 20_000))
    bench.land("sendgrid/many.zip", zipped({str(n): b"{}" for n in range(4)}))
    bench.load()
    assert "too large: unpacks to more than 10,000 bytes" in bench.status_of("big.gz")[1]
    assert "too many members: the archive has 4, the limit is 3" in bench.status_of("many.zip")[1]


def test_hostile_members_are_held_and_the_good_ones_of_the_archive_load(bench):
    bench.land("sendgrid/h.zip", zipped({"../../evil": good(1).encode(), "fine.json": good(2).encode()}))
    bench.load()
    assert bench.status_of("h.zip/fine.json") == ("published", None)
    status, reason = bench.status_of("h.zip/../../evil")
    assert (status, reason) == ("quarantined", "hostile member: its name leads out of the archive")
    assert (bench.kept("h.zip/../../evil") / "original").read_text() == good(1)
    # The same content under a proper name is no suspect.
    bench.land("sendgrid/now-proper.json", good(1))
    bench.load()
    assert bench.status_of("now-proper.json") == ("published", None)


@pytest.mark.parametrize(
    "name",
    [
        "a'; drop table raw.sendgrid; --.json",
        "a*?[1].json",
        "a\nb.json",
        "a\x1b[2Jb.json",
        '"quoted" {x}.json',
        "ünïcödé 🎉",
    ],
)
@pytest.mark.parametrize("is_large", [False, True])
def test_a_hostile_file_name_is_only_a_name(bench, monkeypatch, name: str, is_large: bool):
    if is_large:
        monkeypatch.setattr(containers, "SMALL_BYTES", 0)
    bench.land(f"sendgrid/{name}", good(1) + "\n" + good(2) + "\n")
    bench.load()
    assert bench.status_of(containers.printable(name)) == ("published", None)
    assert containers.printable(name).isprintable()
    assert len(bench.raw()) == 3


def test_a_file_name_that_is_no_text_is_shown_escaped(bench):
    path = os.fsencode(bench.settings.landing / "sendgrid") + b"/caf\xe9.json"
    with open(path, "w") as file:
        file.write(good(1))
    bench.load()
    assert bench.status_of("caf\\xe9.json") == ("published", None)
    assert bench.load().published == 0


def test_a_link_that_leaves_the_landing_zone_is_held_and_never_read(bench, tmp_path):
    (tmp_path / "secret.json").write_text(good(1))
    (tmp_path / "folder").mkdir()
    folder = bench.settings.landing / "sendgrid"
    (folder / "out.json").symlink_to(tmp_path / "secret.json")
    (folder / "out").symlink_to(tmp_path / "folder")
    (folder / "nowhere").symlink_to(tmp_path / "missing")
    (folder / "loop").symlink_to(folder)
    (folder / "zz-within.json").symlink_to(folder / "zz-good.json")
    report = bench.load()
    assert report.published == 1 and report.held_back == 4
    assert "leaves the landing zone" in bench.status_of("out.json")[1]
    assert "leaves the landing zone" in bench.status_of("out")[1]
    assert "leads nowhere" in bench.status_of("nowhere")[1]
    assert "leads to a folder" in bench.status_of("loop")[1]
    assert not (bench.kept("out.json") / "original").exists()
    assert bench.load().held_back == 0


def test_the_folder_of_a_source_may_not_lead_out_either(bench, tmp_path):
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "a.json").write_text(good(1))
    (bench.settings.landing / "postmark").symlink_to(tmp_path / "outside")
    report = bench.load("postmark")
    assert [held.reason for held in report.held] == [
        "symbolic link: the folder leaves the landing zone; land the file itself"
    ]
    bench.load()


def test_what_is_no_file_is_held(bench):
    folder = bench.settings.landing / "sendgrid"
    os.mkfifo(folder / "pipe")
    short = Path("/tmp") / f"s{os.getpid()}"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(short))
        os.rename(short, folder / "socket")
        bench.load()
    for name in ("pipe", "socket"):
        assert "not a file" in bench.status_of(name)[1]


@contextmanager
def as_somebody(folder: Path):
    """Not as root, who may read everything: a folder is given away, and the process goes on as its new owner."""
    if os.geteuid() != 0:
        yield
        return
    for path in (folder, *folder.rglob("*")):
        os.lchown(path, SOMEBODY, SOMEBODY)
    os.setresuid(SOMEBODY, SOMEBODY, 0)
    try:
        yield
    finally:
        os.setresuid(0, 0, 0)


def test_a_file_that_may_not_be_read_is_held_until_it_may(bench):
    bench.load()  # everything is imported while it may be
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:  # pytest's own folder is closed to others
        home = make_bench(Path(folder) / "home")
        path = home.land("sendgrid/private.json", good(1))
        path.chmod(0)
        with as_somebody(Path(folder)):
            home.load()
            assert "permissions" in home.status_of("private.json")[1]
            path.chmod(0o600)
            assert home.load().published == 1


def test_hidden_and_half_written_files_are_passed_over(bench):
    for name in (".hidden", ".folder/a.json", "a.json.tmp", "b.part", "c.CRDOWNLOAD", "d.filepart"):
        bench.land(f"sendgrid/{name}", good(1))
    assert bench.load().published == 1
    assert len(bench.ledger()) == 1


def test_the_quarantine_is_for_its_owner_alone(bench):
    bench.land("sendgrid/a.ndjson", "{}")
    bench.load()
    folder = bench.kept("a.ndjson")
    for path in (folder, folder.parent, folder.parent.parent):
        assert stat.S_IMODE(path.stat().st_mode) == 0o700
    assert {path.name for path in folder.iterdir()} == {"original", "records.jsonl", "report.json"}
    assert all(stat.S_IMODE(path.stat().st_mode) == 0o600 for path in folder.iterdir())


def test_a_damaged_row_of_delimited_text_costs_no_other(bench, monkeypatch):
    rows = [f"2026-09-01T00:00:{n:02}Z,m{n},open,r{n}@example.com" for n in range(40)]
    rows[20] = rows[20] + ",surplus,cells"
    for number, is_large in enumerate((False, True)):
        if is_large:
            monkeypatch.setattr(containers, "SMALL_BYTES", 0)
        bench.land(f"sendgrid/{number}.csv", "\n".join(["processed,message_id,event,email", *rows, "\n" * number]))
        bench.load()
        assert bench.status_of(f"{number}.csv") == (
            "published",
            "1 of 40 records held back: 6 cells where the header has 4 (1)",
        )
        assert kept_records(bench.kept(f"{number}.csv"))[0]["record"] == rows[20]


def test_no_reason_holds_an_address(bench):
    bench.land("sendgrid/a.ndjson", '{"email": "secret.person@example.com"}\n{"email": "secret.person@example.com",}\n')
    bench.load()
    assert "secret.person" not in str(bench.ledger())
    assert "secret.person" not in (bench.kept("a.ndjson") / "report.json").read_text()


def test_an_archive_whose_beginning_was_cut_off_stops_no_load(bench):
    bench.land("sendgrid/cut.zip", b"PK\x03\x04" + zipped({"a.json": b"[]"})[31:])
    bench.land("sendgrid/good.json", json.dumps([sendgrid("open")]))
    report = bench.load()
    assert report.published == 2 and report.held[0].reason.startswith("damaged")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"," * 300_000, "unknown format"),
        (b",".join(b"c%d" % n for n in range(100_000)) + b"\n" + b"," * 99_999 + b"\n", "too many columns"),
        (b'{"a":' * 100_000 + b"1" + b"}" * 100_000, "unreadable"),
        (b"[" * 300_000 + b"]" * 300_000, "unreadable"),
        (b"[{" + b",".join(b'"k%d":1' % n for n in range(100_000)) + b"}]", "unreadable"),
        (b"mandrill_events=" + b"%5B" * 200_000, "unreadable"),
        (b"\0" * 1_000_000, "unknown format"),
    ],
    ids=["nothing but commas", "columns", "depth of objects", "depth of lists", "keys", "encoded depth", "zeros"],
)
def test_what_is_made_to_exhaust_a_reader_is_held_soon_and_costs_no_neighbour(bench, content: bytes, said: str):
    bench.land("sendgrid/bomb", content)
    bench.land("sendgrid/good.json", json.dumps([sendgrid("open")]))
    started = time.monotonic()
    report = bench.load()
    assert time.monotonic() - started < 20
    assert report.published == 2 and said in report.held[0].reason
