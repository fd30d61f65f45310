"""Which files are there, and which of them are complete."""

from __future__ import annotations

import os
import time

from orchestration.exports.landing import LandingFile, is_unchanged, list_files, pending_files, settled
from tests.payloads import land, sendgrid


def names(bench, source: str = "sendgrid") -> list[str]:
    return [file.name for file in list_files(bench.settings.landing, source)]


def test_files_come_in_the_order_of_their_names_at_any_depth(bench):
    for name in ("b.json", "a/z.json", "a/b/c.json", "c/.hidden", "d.tmp"):
        bench.land(f"sendgrid/{name}", "{}")
    bench.land("postmark/x.json", "{}")
    assert names(bench) == ["a/b/c.json", "a/z.json", "b.json"]


def test_a_source_without_a_folder_has_no_files(bench):
    assert names(bench) == []


def test_a_listed_file_knows_its_size_and_time(bench):
    path = bench.land("sendgrid/a.json", "{}")
    (file,) = list_files(bench.settings.landing, "sendgrid")
    assert (file.source, file.path, file.size, file.mtime_ns) == ("sendgrid", path, 2, path.stat().st_mtime_ns)
    assert is_unchanged(file)
    path.write_text("{ }")
    assert not is_unchanged(file)
    path.unlink()
    assert not is_unchanged(file)


def test_young_files_are_looked_at_twice_and_only_the_unchanged_ones_taken(bench, monkeypatch):
    old, still, growing = (bench.land(f"sendgrid/{name}.json", "{}") for name in ("old", "still", "growing"))
    os.utime(old, (time.time() - 100,) * 2)
    slept = []

    def write_meanwhile(seconds: float) -> None:
        slept.append(seconds)
        growing.write_text("{}{}")

    monkeypatch.setattr(time, "sleep", write_meanwhile)
    listed = list_files(bench.settings.landing, "sendgrid")
    assert [f.path for f in settled(listed, 5, bench.settings.work)] == [old, still]
    assert slept == [5]


def test_a_file_from_the_future_is_young(bench, monkeypatch):
    path = bench.land("sendgrid/a.json", "{}")
    os.utime(path, (time.time() + 1000,) * 2)
    slept = []
    monkeypatch.setattr(time, "sleep", slept.append)
    assert len(list(settled(list_files(bench.settings.landing, "sendgrid"), 5, bench.settings.work))) == 1
    assert slept == [5]


def test_what_cannot_be_read_does_not_wait(bench):
    file = LandingFile("sendgrid", bench.home / "x", "x", 0, 0, "symbolic link: it leads nowhere")
    assert list(settled([file], 60, bench.settings.work)) == [file]


def test_pending_is_what_no_load_has_dealt_with(bench):
    land(bench.home, "sendgrid/a.json", [sendgrid("open")])
    land(bench.home, "sendgrid/b.json", "{}")
    (bench.settings.landing / "sendgrid" / "link").symlink_to("/nowhere")
    assert len(pending_files(bench.settings)) == 3
    bench.load()
    assert pending_files(bench.settings) == []
    path = land(bench.home, "sendgrid/a.json", [sendgrid("open"), sendgrid("click")])
    assert [file.path for file in pending_files(bench.settings)] == [path]
    assert pending_files(bench.settings)[0].source == "sendgrid"


def test_touching_a_file_makes_it_pending_and_a_load_settles_it_without_a_change(bench):
    path = land(bench.home, "sendgrid/a.json", [sendgrid("open")])
    bench.load()
    before = bench.ledger()
    path.touch()
    assert len(pending_files(bench.settings)) == 1
    assert bench.load().known == 1
    assert pending_files(bench.settings) == [] and bench.ledger() == before
