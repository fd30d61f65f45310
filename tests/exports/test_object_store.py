"""A landing zone in S3: a real server on loopback is listed, read and changed meanwhile."""

from __future__ import annotations

import gzip
import json
import time
from collections.abc import Iterator
from dataclasses import replace

import dagster as dg
import pytest
from fsspec.implementations.memory import MemoryFileSystem

from orchestration.exports import landing
from orchestration.exports.landing import fetched, files_of, look, pending_files
from orchestration.exports.load import hold_unclaimed
from orchestration.exports.object_store import Store, StoreError, _file_system
from orchestration.sensors import Memory, build_landing_sensor
from orchestration.settings import STORES, SettingError, Settings, StoreLibrary
from orchestration.sources import SOURCES
from tests.exports.conftest import make_bench
from tests.exports.object_stores import BUCKET, CREDENTIALS, s3_server
from tests.payloads import journey, sendgrid


@pytest.fixture(scope="module")
def server():
    with s3_server() as served:
        yield served


@pytest.fixture
def stored(server, tmp_path, monkeypatch, request):
    """A bench whose landing zone is a prefix of its own in the bucket, with credentials in the environment."""
    for name, value in {**CREDENTIALS, "AWS_ENDPOINT_URL": server.url}.items():
        monkeypatch.setenv(name, value)
    _file_system.cache_clear()
    bench = make_bench(tmp_path / "home")
    bench.prefix = f"{request.node.name.replace('[', '-').strip(']')}/landing"
    bench = bench.with_settings(home_url=f"s3://{BUCKET}/{bench.prefix.removesuffix('/landing')}")
    bench.prefix = bench.settings.landing_url.removeprefix(f"s3://{BUCKET}/")
    bench.put = lambda name, body: server.put(f"{bench.prefix}/{name}", body)
    return bench


def test_exports_of_a_bucket_enter_raw_in_every_wrapping_and_are_then_known(stored):
    stored.put("sendgrid/2026/a.json", json.dumps(journey()))
    stored.put("sendgrid/b.json.gz", gzip.compress(json.dumps([sendgrid("open", at=9)]).encode()))
    stored.put("sendgrid/large.json", json.dumps([sendgrid("open", at=n, note="x" * 900) for n in range(1_000)]))
    report = stored.load()
    assert (report.published, report.records_loaded) == (3, 1_005)
    assert {row[4] for row in stored.ledger()} == {
        f"landing/sendgrid/{name}" for name in ("2026/a.json", "b.json.gz", "large.json")
    }
    assert pending_files(stored.settings) == []
    assert stored.load().known == 0, "what is known is not even fetched"
    assert list((stored.settings.work).iterdir()) == [], "nothing that was fetched is left behind"


def test_the_same_content_under_another_key_is_known(stored):
    stored.put("sendgrid/a.json", json.dumps(journey()))
    stored.load()
    stored.put("sendgrid/again.json", json.dumps(journey()))
    report = stored.load()
    assert (report.published, report.known) == (0, 1)


def test_an_object_replaced_within_its_second_by_one_of_the_same_size_is_pending_again(stored):
    stored.put("sendgrid/a.json", json.dumps([sendgrid("open")]))
    stored.load()
    stored.put("sendgrid/a.json", json.dumps([sendgrid("drop")]))
    assert [file.name for file in pending_files(stored.settings)] == ["a.json"]
    assert stored.load().published == 1


def test_an_object_that_changes_or_goes_after_it_was_listed_is_left_for_the_next_listing(stored, server):
    for name in ("changed", "gone", "still"):
        stored.put(f"sendgrid/{name}.json", json.dumps([sendgrid("open", message=name)]))
    listed = list(files_of(stored.settings, "sendgrid"))
    stored.put("sendgrid/changed.json", json.dumps([sendgrid("open", message="CHANGED")]))
    server.client.delete_object(Bucket=BUCKET, Key=f"{stored.prefix}/sendgrid/gone.json")
    spool = landing.Spool(stored.settings.work / "fetched")
    assert [file.name for file in fetched(listed, spool)] == ["still.json"]
    assert stored.load().published == 2
    assert stored.raw()[0] != stored.raw()[1] and "CHANGED" in "".join(stored.raw())


def test_thousands_of_objects_are_listed_by_pages_and_a_listing_that_changes_meanwhile_keeps_what_stands(
    stored, server
):
    server.put_many(f"{stored.prefix}/sendgrid/many", 2_500, "[%d]")
    pages = Store(stored.settings.landing_url).pages("sendgrid")
    names = [item.key for item in next(pages)]
    assert len(names) == 1_000
    server.client.delete_object(Bucket=BUCKET, Key=f"{stored.prefix}/sendgrid/many/000000.json")
    stored.put("sendgrid/many/000000a.json", "[]")  # before what was listed: the next listing has it
    stored.put("sendgrid/many/zzz.json", "[]")
    names += [item.key for page in pages for item in page]
    assert len(names) == len(set(names)) == 2_501
    assert len(pending_files(stored.settings)) == 2_501


def test_thousands_of_objects_are_loaded_in_one_batch(stored, server):
    server.put_many(f"{stored.prefix}/sendgrid", 1_200, json.dumps([sendgrid("open", message="m%d")]))
    assert stored.load().published == 1_200
    assert pending_files(stored.settings) == []


def test_a_look_that_ends_early_goes_on_where_it_ended(stored, server):
    server.put_many(f"{stored.prefix}/sendgrid", 2_100, "[%d]")
    found, after, looks = [], None, 0
    while looks == 0 or after:
        pending = look(stored.settings, ["sendgrid"], after, seconds=0)
        found, after, looks = found + pending.files, pending.resume, looks + 1
    assert len(found) == len({file.key for file in found}) == 2_100 and looks >= 3


def test_hidden_half_written_and_placeholder_keys_are_passed_over_and_strays_are_unclaimed(stored):
    for name in ("sendgrid/", "sendgrid/.hidden", "sendgrid/.d/x.json", "sendgrid/a.json.part", "sendgrid/x.json"):
        stored.put(name, "" if name.endswith("/") else "{}")
    stored.put("stray.csv", "a,b\n1,2\n")
    stored.put("nobody/2026/x.json", "[]")
    stored.put("sendgrid/../../escape.json", "{}")
    assert {file.landed for file in pending_files(stored.settings)} == {
        "landing/sendgrid/x.json",
        "landing/stray.csv",
        "landing/nobody/2026/x.json",
    }
    with stored.connect():
        pass
    report = hold_unclaimed(stored.connect, stored.settings, "run", sources=stored.sources)
    assert sorted(export.file_name for export in report.held) == ["nobody/2026/x.json", "stray.csv"]
    assert all(((stored.settings.quarantine / "unclaimed" / e.export_id) / "original").exists() for e in report.held)


def test_an_object_in_the_archive_of_a_store_is_held_with_what_to_do(stored, server):
    server.client.put_object(
        Bucket=BUCKET, Key=f"{stored.prefix}/sendgrid/old.json", Body=b"[]", StorageClass="GLACIER"
    )
    stored.put("sendgrid/new.json", json.dumps(journey()))
    report = stored.load()
    assert report.published == 1 and "restore it" in report.held[0].reason
    assert pending_files(stored.settings) == []


def ticks(settings, cursor: str | None = None) -> Iterator[tuple[float, dg.SensorExecutionData]]:
    """Ticks of the sensor, each with its seconds, until one has seen the end of the landing zone."""
    sensor = build_landing_sensor(settings, list(SOURCES))
    with dg.DagsterInstance.ephemeral() as instance:
        while True:
            started = time.monotonic()
            tick = sensor.evaluate_tick(dg.build_sensor_context(instance, cursor=cursor))
            yield time.monotonic() - started, tick
            cursor = tick.cursor
            if not Memory.of(cursor).resume:
                return


def test_a_tick_takes_less_than_five_seconds_with_fifty_thousand_objects(stored, server):
    server.put_many(f"{stored.prefix}/sendgrid/a", 49_999, "[%d]")
    stored.put("sendgrid/z.json", "[]")
    seconds, tick = next(ticks(stored.settings))
    assert seconds < 5
    assert len(tick.run_requests) == 1, "an object is complete at its first look"
    near_the_end = Memory({}, f"{BUCKET}/{stored.prefix}/sendgrid/a/049990.json").text()
    ((seconds, tick),) = ticks(stored.settings, near_the_end)
    assert len(tick.run_requests) == 1 and seconds < 5


@pytest.mark.long
def test_fifty_thousand_objects_are_all_looked_at_in_ticks_below_five_seconds(stored, server):
    server.put_many(f"{stored.prefix}/sendgrid", 50_000, "[%d]")
    seconds = [seconds for seconds, _ in ticks(stored.settings)]
    print(f"ticks: {', '.join(f'{s:.1f}' for s in seconds)} s")
    assert max(seconds) < 5


def test_a_tick_takes_less_than_five_seconds_with_fifty_thousand_files(tmp_path):
    bench = make_bench(tmp_path)
    folder = bench.land("sendgrid/first.json", "{}").parent
    for number in range(50_000):
        (folder / f"{number}.json").touch()
    ((seconds, first),) = ticks(bench.settings)
    ((again, second),) = ticks(bench.settings, first.cursor)
    assert len(first.run_requests) == len(second.run_requests) == 1, (
        "what does not change is complete at the first look"
    )
    assert max(seconds, again) < 5


@pytest.fixture
def walked(tmp_path, monkeypatch):
    """A bench whose landing zone is a store that fsspec lists by folders, as all but S3."""
    monkeypatch.setitem(STORES, "memory", StoreLibrary("fsspec", "nothing"))
    files = MemoryFileSystem()
    files.store.clear()
    bench = make_bench(tmp_path / "home").with_settings(home_url="memory://zone")
    bench.put = lambda name, body: files.pipe_file(f"/zone/landing/{name}", body.encode())
    yield bench
    files.store.clear()


def test_a_store_that_is_listed_by_folders_is_read_like_a_bucket(walked):
    assert pending_files(walked.settings) == []
    walked.put("sendgrid/2026/09/a.json", json.dumps(journey()))
    walked.put("sendgrid/2026/10/b.json", json.dumps([sendgrid("open", at=9)]))
    walked.put("stray.json", "[]")
    assert walked.load().published == 2
    assert [file.landed for file in pending_files(walked.settings)] == ["landing/stray.json"]


def test_a_walk_that_ends_early_goes_on_where_it_ended(walked):
    for name in ("a/1.json", "a/b/2.json", "a/b.json", "c.json", "a.json"):
        walked.put(f"sendgrid/{name}", "[]")
    found, after, looks = [], None, 0
    while looks == 0 or after:
        pending = look(walked.settings, ["sendgrid"], after, seconds=0)
        found, after, looks = found + pending.files, pending.resume, looks + 1
    assert sorted(file.name for file in found) == ["a.json", "a/1.json", "a/b.json", "a/b/2.json", "c.json"]


def test_a_bucket_that_is_not_there_or_not_open_to_us_is_named_with_what_to_do(stored, server):
    other = stored.with_settings(home_url="s3://nowhere-at-all/x")
    with pytest.raises(StoreError, match="s3://nowhere-at-all/x/landing cannot be listed: it does not exist"):
        pending_files(other.settings)


def test_without_credentials_in_the_environment_the_error_says_which_are_needed(stored, monkeypatch):
    for name in CREDENTIALS:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nowhere")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nowhere")
    _file_system.cache_clear()
    with pytest.raises(StoreError, match=r"credentials.*AWS_ACCESS_KEY_ID"):
        list(files_of(stored.settings, "sendgrid"))
    _file_system.cache_clear()


@pytest.mark.parametrize("scheme", ["gs", "az", "sftp"])
def test_a_store_whose_library_is_missing_says_what_to_install(scheme, tmp_path, monkeypatch):
    for module in ("gcsfs", "adlfs", "paramiko"):
        monkeypatch.setitem(__import__("sys").modules, module, None)
    settings = replace(Settings(home=tmp_path), home_url=f"{scheme}://host/prefix")
    package = {"gs": "gcsfs", "az": "adlfs", "sftp": "paramiko"}[scheme]
    with pytest.raises(StoreError, match=f"needs the package {package}; install it"):
        list(files_of(settings, "sendgrid"))


def test_a_home_in_a_store_keeps_its_databases_on_this_machine():
    settings = Settings.from_environment({"MICRO_CONVERSIONS_HOME": "s3://bucket/e-mail/exports/"})
    assert settings.landing_url == "s3://bucket/e-mail/exports/landing"
    assert settings.warehouse_path.parent.name == "s3-bucket-e-mail-exports"
    assert not settings.is_demonstration
    chosen = {"MICRO_CONVERSIONS_HOME": "s3://bucket", "MICRO_CONVERSIONS_LOCAL_HOME": "/srv/email"}
    assert str(Settings.from_environment(chosen).warehouse_path) == "/srv/email/warehouse.duckdb"


def test_a_file_url_is_a_folder_of_this_machine():
    settings = Settings.from_environment({"MICRO_CONVERSIONS_HOME": "file:///srv/e%20mail"})
    assert (str(settings.landing), settings.landing_url) == ("/srv/e mail/landing", None)


@pytest.mark.parametrize("home", ["s3://key:hush@bucket/x", "s3://hush@bucket", "sftp://me:hush@host/x"])
def test_credentials_in_the_address_are_refused_and_not_shown(home):
    with pytest.raises(SettingError, match="leave them to the environment") as error:
        Settings.from_environment({"MICRO_CONVERSIONS_HOME": home})
    assert "hush" not in str(error.value)


@pytest.mark.parametrize("home", ["ftp://host/x", "s3://", "s3://bucket?x=1"])
def test_an_address_that_is_none_is_named(home):
    with pytest.raises(SettingError, match="MICRO_CONVERSIONS_HOME="):
        Settings.from_environment({"MICRO_CONVERSIONS_HOME": home})


def test_what_raw_holds_is_the_same_from_a_bucket_as_from_a_folder(stored, tmp_path):
    local = make_bench(tmp_path / "local")
    for name, content in {"a.json": json.dumps(journey()), "b.csv": "no,table\n", "c.json": "{broken"}.items():
        stored.put(f"sendgrid/{name}", content)
        local.land(f"sendgrid/{name}", content)
    stored.load()
    local.load()
    assert stored.raw() == local.raw()
    assert stored.ledger() == local.ledger()
