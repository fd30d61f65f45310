"""Landing zones over SFTP, at Google and in Azure: real servers on loopback are listed, read and changed meanwhile."""

from __future__ import annotations

import gzip
import json
import time

import pytest

from orchestration.exports import landing
from orchestration.exports.landing import fetched, files_of, look, pending_files
from orchestration.exports.object_store import Store, StoreError, _file_system
from tests.exports.azure_store import CONTAINER, azure_store
from tests.exports.conftest import make_bench
from tests.exports.google_store import google_store
from tests.exports.sftp_servers import sftp_server
from tests.payloads import journey, sendgrid


@pytest.fixture(scope="module")
def sftp_host(tmp_path_factory):
    with sftp_server(tmp_path_factory.mktemp("sftp")) as served:
        yield served


@pytest.fixture(scope="module")
def google():
    with google_store() as served:
        yield served


@pytest.fixture
def sftp(sftp_host, tmp_path, monkeypatch):
    """A bench whose landing zone lies on a host that the user of this machine knows and holds a key for."""
    monkeypatch.setenv("HOME", str(sftp_host.user_home))
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    _file_system.cache_clear()
    bench = make_bench(tmp_path / "home").with_settings(home_url=f"{sftp_host.url}/{tmp_path.name}")
    zone = sftp_host.folder / tmp_path.name / "landing"

    def put(name: str, body: bytes | str) -> None:
        path = zone / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(body if isinstance(body, bytes) else body.encode())

    bench.put, bench.remove = put, lambda name: (zone / name).unlink()
    yield bench
    _file_system.cache_clear()


@pytest.fixture
def gs(google, tmp_path, monkeypatch):
    """A bench whose landing zone is a prefix of its own in a bucket."""
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", google.url)
    _file_system.cache_clear()
    bench = make_bench(tmp_path / "home").with_settings(home_url=f"gs://{google.bucket}/{tmp_path.name}")
    prefix = f"{tmp_path.name}/landing"
    bench.put = lambda name, body: google.put(f"{prefix}/{name}", body)
    bench.remove = lambda name: google.remove(f"{prefix}/{name}")
    yield bench
    _file_system.cache_clear()


@pytest.fixture
def az(tmp_path, monkeypatch):
    """A bench whose landing zone is a prefix of a container."""
    with azure_store() as azure:
        monkeypatch.setenv("AZURE_STORAGE_CONNECTION_STRING", azure.connection)
        _file_system.cache_clear()
        bench = make_bench(tmp_path / "home").with_settings(home_url=f"az://{CONTAINER}/{tmp_path.name}")
        zone = f"{CONTAINER}/{tmp_path.name}/landing"
        bench.put = lambda name, body: azure.files.pipe_file(
            f"{zone}/{name}", body if isinstance(body, bytes) else body.encode()
        )
        bench.remove = lambda name: azure.files.rm(f"{zone}/{name}")
        yield bench
        _file_system.cache_clear()


@pytest.fixture(params=["sftp", "gs", pytest.param("az", marks=pytest.mark.long)])
def stored(request):
    return request.getfixturevalue(request.param)


def test_exports_enter_raw_in_every_wrapping_and_are_then_known(stored):
    stored.put("sendgrid/2026/a.json", json.dumps(journey()))
    stored.put("sendgrid/b.json.gz", gzip.compress(json.dumps([sendgrid("open", at=9)]).encode()))
    large = [sendgrid("open", at=n, note="x" * 900) for n in range(1_000)]
    stored.put("sendgrid/large.json", json.dumps(large))
    stored.put("stray.csv", "a,b\n")
    report = stored.load()
    assert (report.published, report.records_loaded) == (3, 1_005)
    assert [file.landed for file in pending_files(stored.settings)] == ["landing/stray.csv"]
    assert stored.load().known == 0, "what is known is not even fetched"
    assert list(stored.settings.work.iterdir()) == [], "nothing that was fetched is left behind"


def test_many_files_are_loaded_several_at_once(stored):
    for number in range(60):
        stored.put(f"sendgrid/{number % 7}/{number}.json", json.dumps([sendgrid("open", message=f"m{number}")]))
    assert stored.load().published == 60
    assert pending_files(stored.settings) == []


def test_what_changes_or_goes_after_it_was_listed_is_left_for_the_next_listing(stored):
    for name in ("changed", "gone", "still"):
        stored.put(f"sendgrid/{name}.json", json.dumps([sendgrid("open", message=name)]))
    listed = list(files_of(stored.settings, "sendgrid"))
    stored.put("sendgrid/changed.json", json.dumps([sendgrid("open", message="CHANGED", note="longer")]))
    stored.remove("sendgrid/gone.json")
    spool = landing.Spool(stored.settings.work / "fetched")
    assert [file.name for file in fetched(listed, spool)] == ["still.json"]
    assert stored.load().published == 2
    assert "CHANGED" in "".join(stored.raw())


def test_a_look_that_ends_early_goes_on_where_it_ended(stored):
    for number in range(20):
        stored.put(f"sendgrid/{number:02d}/x.json", "[]")
    found, after, looks = [], None, 0
    while looks == 0 or after:
        pending = look(stored.settings, ["sendgrid"], after, seconds=0)
        found, after, looks = found + pending.files, pending.resume, looks + 1
    assert len(found) == len({file.key for file in found}) == 20 and looks >= 3


def test_a_file_that_still_grows_on_another_machine_is_left_alone(sftp, monkeypatch):
    """Two looks tell a complete file there, as on this machine: it may be half written."""
    sftp.put("sendgrid/growing.json", json.dumps(journey())[:-20])
    sftp.put("sendgrid/complete.json", json.dumps(journey("reader2@example.com")))
    monkeypatch.setattr(time, "sleep", lambda _: sftp.put("sendgrid/growing.json", json.dumps(journey())))
    assert sftp.load().published == 1
    monkeypatch.undo()
    assert [file.name for file in pending_files(sftp.settings)] == ["growing.json"]


def test_a_connection_that_was_lost_is_made_anew_with_the_next_try(sftp):
    sftp.put("sendgrid/a.json", json.dumps(journey()))
    assert len(list(files_of(sftp.settings, "sendgrid"))) == 1
    Store(sftp.settings.landing_url)._files.client.close()
    with pytest.raises(StoreError) as lost:
        list(files_of(sftp.settings, "sendgrid"))
    assert lost.value.may_pass, "the step is tried again"
    assert sftp.load().published == 1


def test_a_host_that_is_not_known_is_refused(sftp, sftp_host):
    known = sftp_host.user_home / ".ssh" / "known_hosts"
    before = known.read_text()
    try:
        for text in ("", before[:-20] + "AAAAAAAAAAAAAAAAAA=\n"):
            known.write_text(text)
            _file_system.cache_clear()
            with pytest.raises(StoreError, match=r"is not in .*known_hosts; add it with ssh-keyscan"):
                list(files_of(sftp.settings, "sendgrid"))
    finally:
        known.write_text(before)


def test_without_a_key_the_error_says_where_one_is_looked_for(sftp, monkeypatch, sftp_host, tmp_path):
    (tmp_path / ".ssh").mkdir()
    (tmp_path / ".ssh" / "known_hosts").write_text((sftp_host.user_home / ".ssh" / "known_hosts").read_text())
    monkeypatch.setenv("HOME", str(tmp_path))
    with pytest.raises(StoreError, match=r"credentials.*a key of ~/\.ssh"):
        list(files_of(sftp.settings, "sendgrid"))
