"""A load: identity, repetition, batches, crashes, decisions of the gate and of a person."""

from __future__ import annotations

import gzip
import hashlib
import hmac
import json
import os
import time
from dataclasses import replace
from threading import Event

import duckdb
import pytest

from orchestration import due
from orchestration.checks.outcome import Outcome
from orchestration.exports import batch, candidates, containers, ledger, load, publishing, quarantine
from orchestration.exports.landing import pending_files
from orchestration.exports.load import export_id, release
from orchestration.sources import SOURCES
from tests.exports.conftest import NOW, make_bench
from tests.exports.wrapping import zipped
from tests.payloads import journey, sendgrid, track


def text(*records: dict) -> str:
    return "".join(json.dumps(record) + "\n" for record in records)


def refuse(file_name: str):
    """An audit that refuses the exports of one file name, as Great Expectations would."""

    def audit(source, profile):
        rows = duckdb.execute("select export_id, file_name, records from read_parquet(?)", [str(profile)]).fetchall()
        return [
            Outcome(
                suite=source.suite,
                batch=identity,
                expectation="types_are_known",
                column_name="records",
                success=name != file_name,
                observed=f"{records} records",
                unexpected_count=None,
                severity="critical",
                description="Most records have a known type",
            )
            for identity, name, records in rows
        ]

    return audit


def test_a_record_keeps_its_export_and_its_position(bench):
    bench.land("sendgrid/a.ndjson", text(*journey()))
    bench.load()
    ((identity, sha256),) = bench.query("select export_id, content_sha256 from pipeline.exports")
    assert identity == export_id(bench.sources["sendgrid"], sha256)
    assert bench.query("select * from raw.sendgrid order by position") == [
        (identity, position, json.dumps(record)) for position, record in enumerate(journey(), start=1)
    ]


def test_a_ledger_row_tells_what_came_in(bench):
    path = bench.land("sendgrid/2026/09/a.ndjson", text(*journey()))
    bench.load(run_id="run-7")
    cursor = bench.query("select columns(* exclude (export_id, content_sha256)) from pipeline.exports")
    assert cursor == [
        ("sendgrid", "2026/09/a.ndjson", None, "landing/sendgrid/2026/09/a.ndjson", path.stat().st_size, 4, 4, 0,
         "published", None, 1, "run-7", NOW, NOW)
    ]  # fmt: skip


def test_the_same_content_again_changes_nothing_under_any_name(bench):
    content = text(*journey())
    bench.land("sendgrid/a.ndjson", content)
    bench.load(run_id="first")
    before = (bench.ledger(), bench.raw(), bench.query("select * from restricted.subscriber_identities"))
    due.clear(bench.home, due.token(bench.home))
    bench.land("sendgrid/b/again.txt", content)
    bench.land("sendgrid/c.gz", gzip.compress(content.encode()))
    bench.land("sendgrid/d.zip", zipped({"x": content.encode()}))
    report = bench.load(run_id="second")
    assert (report.published, report.held_back, report.known) == (0, 0, 3)
    assert (bench.ledger(), bench.raw(), bench.query("select * from restricted.subscriber_identities")) == before
    assert due.token(bench.home) is None
    assert pending_files(bench.settings, ["sendgrid"]) == []


def test_the_same_content_in_another_source_is_another_export(bench):
    bench.land("sendgrid/a.csv", "email,x\n")
    bench.land("subscribers/a.csv", "email,x\n")
    bench.load()
    bench.load("subscribers")
    assert len({row[0] for row in bench.ledger()}) == 2


def test_where_names_carry_data_the_name_is_part_of_the_identity(bench):
    bench.sources["sendgrid"] = replace(bench.sources["sendgrid"], names_carry_data=True)
    for name in ("one/campaign-1.json", "two/campaign-1.json", "campaign-2.json"):
        bench.land(f"sendgrid/{name}", text(sendgrid("open")))
    bench.land("sendgrid/all.zip", zipped({"opens/campaign-2.json": text(sendgrid("open")).encode()}))
    report = bench.load()
    assert (report.published, report.known) == (2, 2)


def test_nothing_pending_is_a_success_with_nothing_done(bench):
    report = bench.load()
    assert (report.published, report.held_back, report.known, report.outcomes) == (0, 0, 0, [])
    assert bench.raw() == []


def test_files_in_any_depth_are_found(bench):
    bench.land("sendgrid/a/b/c/d/e.json", text(sendgrid("open")))
    assert bench.load().published == 1


def test_the_gate_refuses_one_export_and_the_others_are_published(bench):
    bench.land("sendgrid/bad.ndjson", text(*journey("reader1@example.com")))
    bench.land("sendgrid/good.ndjson", text(*journey("reader2@example.com")))
    report = bench.load(audit=refuse("bad.ndjson"))
    assert bench.status_of("bad.ndjson") == (
        "quarantined",
        "Most records have a known type (observed: 4 records)",
    )
    assert bench.status_of("good.ndjson") == ("published", None)
    assert [held.file_name for held in report.held] == ["bad.ndjson"]
    assert bench.query("select email from restricted.subscriber_identities") == [("reader2@example.com",)]
    assert (bench.kept("bad.ndjson") / "original").read_text() == text(*journey("reader1@example.com"))
    assert bench.query("select batch, success, run_id from pipeline.check_results order by success") == [
        (held.export_id, False, "run") for held in report.held
    ] + [
        (row[0], True, "run")
        for row in bench.query("select export_id from pipeline.exports where status = 'published'")
    ]


def test_a_critical_outcome_that_names_no_export_holds_them_all(bench):
    bench.land("sendgrid/a.ndjson", text(*journey()))
    outcome = Outcome(
        "sendgrid", "", "suite_runs", None, False, "an error", None, "critical", "The suite can be evaluated"
    )
    bench.load(audit=lambda source, profile: [outcome])
    assert bench.status_of("a.ndjson")[0] == "quarantined"


def test_a_failed_warning_holds_nothing(bench):
    bench.land("sendgrid/a.ndjson", text(*journey()))
    bench.load(audit=lambda s, p: [replace(o, severity="warning") for o in refuse("a.ndjson")(s, p)])
    assert bench.status_of("a.ndjson") == ("published", None)


def test_a_held_export_is_tried_again_only_when_its_reader_has_changed(bench):
    bench.land("sendgrid/a.ndjson", text(*journey()))
    bench.load(audit=refuse("a.ndjson"))
    before = bench.ledger()
    bench.load()
    assert bench.ledger() == before and pending_files(bench.settings, ["sendgrid"]) == []
    bench.sources["sendgrid"] = replace(bench.sources["sendgrid"], reader_version=2)
    assert bench.load().published == 1
    assert bench.status_of("a.ndjson") == ("published", None)
    assert len(bench.ledger()) == 1 and len(bench.raw()) == 4
    assert list((bench.settings.quarantine / "sendgrid").iterdir()) == []
    assert bench.load().published == 0


def test_a_published_export_is_not_read_again_when_its_reader_changes(bench):
    bench.land("sendgrid/a.ndjson", text(*journey()))
    bench.load()
    before = bench.ledger()
    bench.sources["sendgrid"] = replace(bench.sources["sendgrid"], reader_version=2)
    bench.load()
    assert bench.ledger() == before and len(bench.raw()) == 4


# --- decisions of a person ---


def test_a_withdrawn_export_stays_in_raw_and_out_of_what_is_read(bench):
    bench.land("sendgrid/a.ndjson", text(*journey()))
    bench.load()
    identity = bench.ledger()[0][0]
    with bench.connect() as connection:
        assert ledger.withdraw(connection, identity[:8], "test sends") == identity
    assert bench.status_of("a.ndjson") == ("withdrawn", "test sends")
    assert bench.load().published == 0 and bench.status_of("a.ndjson")[0] == "withdrawn"
    assert release(identity, "no test after all", bench.connect, bench.settings, "run") == identity
    assert bench.status_of("a.ndjson") == ("released", "no test after all")
    assert len(bench.raw()) == 4


def test_a_released_export_enters_raw_with_its_readable_records(bench):
    bench.land("sendgrid/a.ndjson", text(*journey()) + "garbage\n")
    path = bench.land("sendgrid/b.ndjson", text(sendgrid("open", "other@example.com")))
    bench.load(audit=refuse("b.ndjson"))
    path.unlink()
    assert bench.raw() == []
    for name, records in (("a.ndjson", 4), ("b.ndjson", 5)):
        ((identity,),) = bench.query("select export_id from pipeline.exports where file_name = ?", name)
        release(identity[:10], "looked at it", bench.connect, bench.settings, "run-2")
        assert bench.status_of(name) == ("released", "looked at it")
        assert len(bench.raw()) == records
    assert bench.query("select records, records_loaded, records_rejected, run_id from pipeline.exports order by 1") == [
        (1, 1, 0, "run-2"),
        (5, 4, 1, "run-2"),
    ]
    assert bench.query("select count(*) from restricted.subscriber_identities") == [(2,)]
    assert bench.load().published == 0


def test_what_cannot_be_released_says_why(bench):
    bench.land("sendgrid/a.gz", gzip.compress(os.urandom(1000))[:-10])
    bench.land("sendgrid/b.json", text(sendgrid("open")))
    bench.land("sendgrid/c.json", "{}")
    bench.load()
    for name, said in (("a.gz", "none of its records"), ("b.json", "is published"), ("c.json", "none of its records")):
        ((identity,),) = bench.query("select export_id from pipeline.exports where file_name = ?", name)
        with pytest.raises(ledger.LedgerError, match=said):
            release(identity, "please", bench.connect, bench.settings, "run")
    with pytest.raises(ledger.LedgerError, match="No export"):
        release("0123456789", "please", bench.connect, bench.settings, "run")


def test_a_refused_export_is_not_tried_again(bench):
    bench.land("sendgrid/a.ndjson", text(*journey()))
    bench.load(audit=refuse("a.ndjson"))
    with bench.connect() as connection:
        (identity,) = connection.execute("select export_id from pipeline.exports").fetchone()
        ledger.refuse(connection, identity, "no")
        with pytest.raises(ledger.LedgerError, match="is refused"):
            ledger.refuse(connection, identity, "no")
    bench.sources["sendgrid"] = replace(bench.sources["sendgrid"], reader_version=2)
    assert bench.load().published == 0
    assert bench.status_of("a.ndjson") == ("refused", "no")
    assert bench.load().known == 0  # and not even looked at again


# --- identities and user agents ---


def test_every_address_has_one_key_and_it_is_the_keyed_hash_of_its_normal_form(bench):
    addresses = ["Reader@Example.COM ", "reader@example.com", "Reader <READER@example.com>", "jörg@exämple.de", "none"]
    bench.land("sendgrid/a.ndjson", text(*(sendgrid("open", address) for address in addresses)))
    bench.load()
    expected = [
        (email, hmac.new(b"a salt for tests", email.encode(), "sha256").hexdigest(), domain)
        for email, domain in [("jörg@exämple.de", "exämple.de"), ("none", None), ("reader@example.com", "example.com")]
    ]
    assert bench.query("select * from restricted.subscriber_identities order by email") == expected
    bench.land("sendgrid/b.ndjson", text(sendgrid("click", "READER@example.com")))
    bench.load()
    assert bench.query("select * from restricted.subscriber_identities order by email") == expected


def test_addresses_are_taken_from_every_declared_place(bench):
    calls = [track("x", "one@example.com"), track("y", None)]
    calls[1]["properties"]["email"] = "two@example.com"
    calls.append({"type": "identify", "timestamp": "2026-09-01T00:00:00Z", "traits": {"email": "three@example.com"}})
    bench.land("segment/a.ndjson", text(*calls))
    bench.load("segment")
    assert {e for (e,) in bench.query("select email from restricted.subscriber_identities")} == {
        "one@example.com", "two@example.com", "three@example.com"
    }  # fmt: skip


def test_paths_with_wildcards_find_all_values(bench):
    bench.sources["sendgrid"] = replace(
        bench.sources["sendgrid"], emails=("$.to[*].email",), requires={"recipient": ("$.to[*].email",)}, excused={}
    )
    records = [
        {"sg_event_id": "1", "to": [{"email": "a@example.com"}, {"email": "b@example.com"}]},
        {"sg_event_id": "2", "to": [{"email": ""}]},
    ]
    bench.land("sendgrid/a.json", json.dumps(records))
    bench = bench.with_settings(unreadable_share_limit=0.5)
    bench.load()
    assert bench.status_of("a.json") == ("published", "1 of 2 records held back: no recipient (1)")
    assert {e for (e,) in bench.query("select email from restricted.subscriber_identities")} == {
        "a@example.com", "b@example.com"
    }  # fmt: skip


def test_the_salt_stands_in_no_file(bench):
    bench.land("sendgrid/a.ndjson", text(*journey()) + "garbage")
    bench.load()
    for path in bench.home.rglob("*"):
        if path.is_file():
            assert b"a salt for tests" not in path.read_bytes(), path


def test_a_user_agent_is_read_once(bench):
    agent = "Mozilla/5.0 (iPad; CPU OS 15_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148"
    bench.land("sendgrid/a.ndjson", text(*(sendgrid("open", at=n, useragent=agent) for n in range(3))))
    bench.load()
    bench.land("sendgrid/b.ndjson", text(sendgrid("open", at=9, useragent=agent), sendgrid("open", useragent=" ")))
    bench.load()
    assert bench.query("select * from restricted.user_agents") == [
        (agent, hashlib.md5(agent.encode()).hexdigest(), "tablet", "Apple Mail", False)
    ]


# --- batches, size and interruption ---


def test_thousands_of_small_exports_load_quickly_and_in_few_transactions(bench):
    count = 3_000
    for number in range(count):
        bench.land(f"sendgrid/{number % 30}/{number}.json", "[" + json.dumps(sendgrid("open", at=number)) + "]")
    audits = []
    started = time.perf_counter()
    report = bench.load(audit=lambda source, profile: audits.append(profile) or [])
    assert report.published == count == len(bench.raw())
    assert len(audits) == 1
    assert time.perf_counter() - started < 15  # a generous bound: it takes about one second


def test_a_small_batch_size_changes_nothing(bench, monkeypatch):
    for number in range(7):
        bench.land(f"sendgrid/{number}.json", text(*journey(at=number)) + ("garbage" if number == 3 else ""))
    bench.land("sendgrid/z.zip", zipped({f"{n}.json": text(*journey(at=100 + n)).encode() for n in range(5)}))
    bench.load()
    whole = (bench.raw(), bench.ledger())
    monkeypatch.setattr(batch, "MAX_EXPORTS", 2)
    other = make_bench(bench.home.with_name("other"))
    os.rename(bench.settings.landing, bench.home / "moved")
    other.home.mkdir()
    os.rename(bench.home / "moved", other.settings.landing)
    other.load()
    assert (other.raw(), other.ledger()) == whole


@pytest.mark.parametrize("step", ["keep", "publish", "remember"])
def test_an_interruption_at_any_moment_and_another_run_end_in_the_same_state(bench, monkeypatch, step: str):
    class Killed(BaseException):
        pass

    def die(*args, **kwargs):
        raise Killed

    files = {
        "a.ndjson": text(*journey()) + "garbage\n",
        "b.ndjson": text(*(sendgrid("open", at=n) for n in range(40)), {}),
        "c.json": "{}",
        "d.gz": gzip.compress(b"x" * 100)[:-5],
    }
    undisturbed = make_bench(bench.home.with_name("undisturbed"))
    for name, content in files.items():
        for each in (bench, undisturbed):
            each.land(f"sendgrid/{name}", content)
    undisturbed.load()
    with monkeypatch.context() as patch:
        if step == "keep":  # half of the quarantine is written
            real = quarantine.keep
            calls = []

            def keep_once(*args, **kwargs):
                if calls:
                    die()
                calls.append(1)
                return real(*args, **kwargs)

            patch.setattr(quarantine, "keep", keep_once)
        elif step == "publish":  # within the transaction, after the records
            patch.setattr(publishing, "_insert_user_agents", die)
        else:  # after the commit, before the index
            patch.setattr(load.LandingIndex, "remember", die)
        with pytest.raises(Killed):
            bench.load()
    bench.load()
    assert (bench.raw(), bench.ledger()) == (undisturbed.raw(), undisturbed.ledger())
    assert pending_files(bench.settings, ["sendgrid"]) == []
    contents = []
    for each in (bench, undisturbed):
        root = each.settings.quarantine
        contents.append({path.relative_to(root): path.read_bytes() for path in root.rglob("*") if path.is_file()})
    assert contents[0] == contents[1]
    assert not list(bench.settings.work.glob("load-*"))


def test_what_a_killed_load_left_behind_is_removed(bench):
    left = bench.settings.work / "load-sendgrid-999999999"
    own = bench.settings.work / f"load-postmark-{os.getpid()}"
    for folder in (left, own):
        folder.mkdir(parents=True)
        (folder / "00000001").write_text("half of an archive")
    bench.land("sendgrid/a.ndjson", text(*journey()))
    bench.load()
    assert not left.exists() and own.exists()


def test_a_file_that_changes_while_it_is_read_is_left_for_later(bench, monkeypatch):
    path = bench.land("sendgrid/a.ndjson", text(*journey()))
    real = batch.Batch.read

    def read_and_write(self, incoming):
        real(self, incoming)
        with path.open("a") as file:
            file.write(text(sendgrid("click")))

    with monkeypatch.context() as patch:
        patch.setattr(batch.Batch, "read", read_and_write)
        assert bench.load().published == 0
    assert bench.ledger() == []
    assert bench.load().published == 1 and len(bench.raw()) == 5


def test_a_file_that_changes_before_duckdb_has_read_it_is_left_for_later_with_its_copies(bench, monkeypatch):
    monkeypatch.setattr(containers, "SMALL_BYTES", 0)
    path = bench.land("sendgrid/a.ndjson", text(*journey()))
    bench.land("sendgrid/b.ndjson", text(*journey()))
    bench.land("sendgrid/c.ndjson", text(sendgrid("open", at=9)))
    real, finish, all_are_taken = candidates.from_scan, batch.Batch.finish, Event()

    def write_and_scan(reader, scan, identity, *rest):
        if identity == export_id(SOURCES["sendgrid"], hashlib.sha256(text(*journey()).encode()).hexdigest()):
            all_are_taken.wait()
            path.write_text(text(sendgrid("click")))
        return real(reader, scan, identity, *rest)

    def finish_when_all_are_taken(gathered):
        all_are_taken.set()
        finish(gathered)

    with monkeypatch.context() as patch:
        patch.setattr(candidates, "from_scan", write_and_scan)
        patch.setattr(batch.Batch, "finish", finish_when_all_are_taken)
        assert bench.load().published == 1
    assert len(bench.raw()) == 1
    assert [f.name for f in pending_files(bench.settings, ["sendgrid"])] == ["a.ndjson", "b.ndjson"]
    assert bench.load().published == 2
    assert len(bench.raw()) == 1 + len(journey()) + 1


def test_a_file_that_is_removed_before_duckdb_has_read_it_is_passed_over(bench, monkeypatch):
    monkeypatch.setattr(containers, "SMALL_BYTES", 0)
    path = bench.land("sendgrid/a.ndjson", text(*journey()))
    bench.land("sendgrid/b.ndjson", text(sendgrid("open", at=9)))
    real = candidates.from_scan

    def remove_and_scan(*arguments):
        path.unlink(missing_ok=True)
        return real(*arguments)

    monkeypatch.setattr(candidates, "from_scan", remove_and_scan)
    assert bench.load().published == 1
    assert len(bench.raw()) == 1


def test_a_load_that_fails_while_duckdb_reads_fails_and_is_made_up_for(bench, monkeypatch):
    monkeypatch.setattr(containers, "SMALL_BYTES", 0)
    for number in range(8):
        bench.land(f"sendgrid/{number}.ndjson", text(*journey()) + text(sendgrid("open", at=number)))

    def fail(*_):
        raise duckdb.OutOfMemoryException("no memory left")

    with monkeypatch.context() as patch:
        patch.setattr(candidates, "from_scan", fail)
        with pytest.raises(duckdb.OutOfMemoryException):
            bench.load()
    assert bench.ledger() == []
    assert bench.load().published == 8


def test_a_file_still_being_written_is_left_for_later(bench, monkeypatch):
    bench = bench.with_settings(settle_seconds=0.3)
    path = bench.land("sendgrid/growing.ndjson", text(sendgrid("open")))
    bench.land("sendgrid/complete.ndjson", text(sendgrid("click")))

    def write_on(seconds: float) -> None:
        with path.open("a") as file:
            file.write(text(sendgrid("open", at=5)))

    with monkeypatch.context() as between_two_looks:
        between_two_looks.setattr(time, "sleep", write_on)
        assert bench.load().published == 1
    assert [f.name for f in pending_files(bench.settings)] == ["growing.ndjson"]
    assert bench.load().published == 1 and len(bench.raw()) == 3


def test_a_settled_file_is_taken_without_waiting(bench):
    bench = bench.with_settings(settle_seconds=30)
    path = bench.land("sendgrid/a.ndjson", text(*journey()))
    os.utime(path, (time.time() - 60,) * 2)
    started = time.perf_counter()
    assert bench.load().published == 1
    assert time.perf_counter() - started < 20


def test_a_new_warehouse_or_a_lost_index_is_noticed(bench):
    bench.land("sendgrid/a.ndjson", text(*journey()))
    bench.load()
    bench.settings.warehouse_path.unlink()
    assert len(pending_files(bench.settings, ["sendgrid"])) == 1
    assert bench.load().published == 1
    for damage in (lambda path: path.unlink(), lambda path: path.write_bytes(b"no database" * 100)):
        damage(bench.home / "landing_index.sqlite")
        report = bench.load()
        assert (report.published, report.known) == (0, 1)
        assert pending_files(bench.settings, ["sendgrid"]) == []


def test_what_awaits_publication_is_named_until_it_is_published(bench):
    bench.land("sendgrid/a.ndjson", text(*journey()))
    bench.load()
    with bench.connect() as connection:
        assert [name for _, name in ledger.exports_since_publication(connection)] == ["a.ndjson"]
        ledger.record_publication(connection, published_at=NOW, run_id="run")
        assert ledger.exports_since_publication(connection) == []
        assert connection.execute("select * from pipeline.publication").fetchall() == [(NOW, NOW, "run")]


def test_a_load_marks_the_publication_as_due(bench):
    bench.land("sendgrid/a.ndjson", text(*journey()))
    bench.load()
    assert due.token(bench.home)


def test_outcomes_of_exports_that_are_not_named_are_left_out_whole(bench, monkeypatch):
    monkeypatch.setattr(load, "MAX_NAMED", 4)
    for number in range(12):
        bench.land(f"sendgrid/{number}.json", text(sendgrid("open", at=number)))
    report = bench.load(audit=refuse("3.json"))
    assert report.held_back == 1 and report.published == 11
    assert sorted(o.success for o in report.outcomes) == [False, True, True]


def test_content_that_changed_while_it_was_read_and_comes_again_is_loaded_once(bench, monkeypatch):
    first = bench.land("sendgrid/a.ndjson", text(*journey()))
    bench.land("sendgrid/b.ndjson", text(*journey()))
    read = batch.Batch.read

    def read_and_change(self, incoming) -> None:
        read(self, incoming)
        if incoming.file.path == first:
            first.write_text("{")

    monkeypatch.setattr(batch.Batch, "read", read_and_change)
    assert bench.load().published == 1
    assert len(bench.raw()) == len(journey())


def test_a_home_may_be_called_anything(bench):
    other = make_bench(bench.home.with_name("it's [1] *home*"))
    other.land("sendgrid/a.ndjson", text(*journey()) + "garbage")
    other.land("sendgrid/b.ndjson", text(*journey()) * 2_000)
    assert other.load().published == 1
    assert len(other.raw()) == 8_000


def test_large_exports_are_shared_among_threads_while_small_ones_are_read(bench, monkeypatch):
    monkeypatch.setattr(containers, "SMALL_BYTES", 0)
    monkeypatch.setattr(batch, "BUFFER_BYTES", 2_000)
    for number in range(12):
        events = [sendgrid("open", at=100 * number + at) for at in range(30 if number % 3 else 1)]
        bench.land(f"sendgrid/{number}.ndjson", text(*events))
    assert bench.load().published == 12
    assert len(bench.raw()) == 8 * 30 + 4


def test_a_candidate_that_is_corrupted_after_the_gate_reaches_no_table_and_the_next_load_makes_good(bench):
    bench.land("sendgrid/a.ndjson", text(*journey()))

    def corrupt(source, profile):
        (candidate,) = profile.parent.glob("*.candidate.parquet")
        candidate.write_bytes(b"x" * candidate.stat().st_size)
        return []

    with pytest.raises(duckdb.Error, match=r"candidate\.parquet"):
        bench.load(audit=corrupt)
    assert bench.query("select count(*) from raw.sendgrid") == [(0,)]
    assert bench.query("select count(*) from pipeline.exports") == [(0,)]
    bench.load()
    assert bench.query("select count(*) from raw.sendgrid") == [(4,)]
    assert not list(bench.settings.work.glob("load-*"))
