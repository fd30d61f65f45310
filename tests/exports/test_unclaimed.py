"""Files of the landing zone that no source claims: each ends in the ledger, none is read."""

import json

import pytest

from orchestration.exports import ledger
from orchestration.exports.landing import pending_files
from orchestration.exports.load import hold_unclaimed, release
from tests.payloads import sendgrid

GOOD = json.dumps(sendgrid("open"))


def hold(bench):
    return hold_unclaimed(bench.connect, bench.settings, "run", sources=bench.sources)


def test_a_file_beside_the_folders_and_one_in_a_folder_of_no_source_are_held_whole(bench):
    bench.land("stray.json", GOOD)
    bench.land("sendgird/2026/a.json", GOOD + "\n")
    bench.land("sendgrid/read.json", GOOD)
    bench.land(".hidden/a.json", GOOD)
    bench.land("half.csv.part", "a,b")
    assert hold(bench).held_back == 2
    rows = bench.query(
        "select source, file_name, path, status, records, reason from pipeline.exports order by file_name"
    )
    assert [row[:5] for row in rows] == [
        ("unclaimed", "sendgird/2026/a.json", "landing/sendgird/2026/a.json", "quarantined", 0),
        ("unclaimed", "stray.json", "landing/stray.json", "quarantined", 0),
    ]
    assert rows[0][5].startswith(
        "no source: nothing reads landing/sendgird. Move the file to landing/<source>; sources"
    )
    assert rows[1][5].startswith("no source: the file lies beside the sources' folders. Move")
    assert "sendgrid" in rows[0][5]
    assert (bench.kept("stray.json") / "original").read_text() == GOOD
    assert "Move it" in json.loads((bench.kept("stray.json") / "report.json").read_text())["what_next"]


def test_an_unclaimed_file_is_pending_until_it_is_held_and_held_once(bench):
    bench.land("stray.json", GOOD)
    assert [file.name for file in pending_files(bench.settings)] == ["stray.json"]
    hold(bench)
    assert pending_files(bench.settings) == []
    bench.land("elsewhere/again.json", GOOD)
    report = hold(bench)
    assert (report.held_back, report.known) == (0, 1)
    assert len(bench.ledger()) == 1


def test_a_file_that_is_moved_to_its_source_is_read_there(bench):
    stray = bench.land("sendgird/a.json", GOOD)
    hold(bench)
    bench.land("sendgrid/a.json", "")
    stray.rename(bench.settings.landing / "sendgrid" / "a.json")
    assert bench.load().published == 1


def test_a_folder_whose_source_is_declared_later_is_read_then(bench):
    declared = bench.sources.pop("sendgrid")
    bench.land("sendgrid/a.json", GOOD)
    assert hold(bench).held_back == 1
    bench.sources["sendgrid"] = declared
    assert bench.load().published == 1


def test_links_and_pipes_outside_the_sources_are_held_unread(bench, tmp_path):
    bench.settings.landing.mkdir(parents=True)
    (bench.settings.landing / "out").symlink_to(tmp_path)
    assert [held.reason for held in hold(bench).held] == [
        "symbolic link: the link leaves the landing zone; land the file itself"
    ]


def test_an_unclaimed_file_cannot_be_released(bench):
    bench.land("stray.json", GOOD)
    (held,) = hold(bench).held
    with pytest.raises(ledger.LedgerError, match="no source reads it"):
        release(held.export_id, "", bench.connect, bench.settings, "run")


def test_a_landing_zone_that_is_not_there_has_none(bench):
    assert hold(bench).held_back == 0
