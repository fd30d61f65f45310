"""Archives are unpacked within limits, whatever their members are called, and what is wrong with one is said."""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import stat
import zipfile
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest
import zstandard

from orchestration.exports.containers import SMALL_BYTES, Part, Spool, printable, unpack
from orchestration.settings import Settings
from tests.exports.wrapping import zipped

SETTINGS = Settings()


@pytest.fixture
def unpacked(tmp_path: Path):
    spool = Spool(tmp_path / "work")

    def parts(content: bytes, settings: Settings = SETTINGS) -> list[Part]:
        path = tmp_path / "file"
        path.write_bytes(content)
        return list(unpack(path, spool, settings))

    return parts


def text_of(part: Part) -> bytes:
    with part.content.open() as file:
        return file.read()


@pytest.mark.parametrize("size", [0, 5, SMALL_BYTES, SMALL_BYTES + 1, 3_000_000])
def test_content_is_the_same_in_any_packing_and_size(unpacked, size: int):
    content = Random(size).randbytes(size)  # a seed: chance bytes may open like an archive
    packings = [content, gzip.compress(content), zstandard.compress(content), zipped({"a": content})]
    packings.append(zipped({"b.zip": zipped({"c.gz": gzip.compress(content)})}))
    for packed in packings:
        (part,) = unpacked(packed)
        assert (text_of(part), part.problem) == (content, None)
        assert (part.content.size, part.content.sha256) == (size, hashlib.sha256(content).hexdigest())


def test_a_plain_large_file_is_not_copied(unpacked, tmp_path):
    (part,) = unpacked(b"x" * (SMALL_BYTES + 1))
    assert part.content.path == tmp_path / "file"


def test_archives_one_after_another_in_one_file_are_one_content(unpacked):
    assert text_of(unpacked(gzip.compress(b"one") + gzip.compress(b"two"))[0]) == b"onetwo"
    assert text_of(unpacked(zstandard.compress(b"one") + zstandard.compress(b"two"))[0]) == b"onetwo"


@pytest.mark.parametrize("pack", [gzip.compress, zstandard.compress, lambda content: zipped({"a": content})])
def test_a_truncated_archive_is_held_with_its_bytes(unpacked, pack):
    packed = pack(os.urandom(100_000))[:-200]
    (part,) = unpacked(packed)
    assert part.problem.startswith(("truncated", "damaged"))
    assert text_of(part) == packed


def test_flipped_bytes_are_noticed(unpacked):
    for pack in (gzip.compress, lambda content: zipped({"a": content})):
        packed = bytearray(pack(b"x" * 1000 + os.urandom(1000)))
        packed[500] ^= 0xFF
        (part,) = unpacked(bytes(packed))
        assert "damaged" in part.problem


def test_a_damaged_member_costs_no_other(unpacked):
    good, bad = os.urandom(2000), os.urandom(2000)
    archive = bytearray(zipped({"a": bad, "b": good}))
    archive[1000] ^= 0xFF
    first, second = unpacked(bytes(archive))
    assert "damaged" in first.problem and first.member == "a" and len(text_of(first)) > 0
    assert (text_of(second), second.problem) == (good, None)


@pytest.mark.parametrize("pack", [gzip.compress, zstandard.compress, lambda content: zipped({"a": content})])
def test_more_than_the_limit_is_not_unpacked(unpacked, pack):
    (part,) = unpacked(pack(b"x" * 50_000), replace(SETTINGS, max_unpacked_bytes=40_000))
    assert "unpacks to more than 40,000 bytes" in part.problem


@pytest.mark.parametrize("pack", [gzip.compress, zstandard.compress, lambda content: zipped({"a": content})])
def test_a_bomb_is_not_unpacked(unpacked, pack, tmp_path):
    (part,) = unpacked(pack(bytes(40_000_000)), replace(SETTINGS, max_compression_ratio=100))
    assert "100 times its size" in part.problem
    assert sum(path.stat().st_size for path in (tmp_path / "work").iterdir()) < 25_000_000


def test_the_members_of_an_archive_share_one_limit(unpacked):
    archive = zipped({"a.gz": gzip.compress(b"x" * 30_000), "b.gz": gzip.compress(b"x" * 30_000)})
    first, second = unpacked(archive, replace(SETTINGS, max_unpacked_bytes=40_000))
    assert first.problem is None
    assert "too large" in second.problem


def test_too_many_members_and_too_deep_a_nest_are_held(unpacked):
    (part,) = unpacked(zipped({str(n): b"x" for n in range(5)}), replace(SETTINGS, max_archive_members=4))
    assert "too many members" in part.problem
    content = b"{}"
    for _ in range(4):
        content = gzip.compress(content)
    (part,) = unpacked(content)
    assert "nested too deeply" in part.problem


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("../../etc/passwd", "leads out"),
        ("a/../../b", "leads out"),
        ("..\\b", "leads out"),
        ("/etc/passwd", "absolute"),
        ("C:\\a", "absolute"),
        ("a\nb", "control characters"),
        ("a\x1b[2J", "control characters"),
    ],
)
def test_a_hostile_name_never_becomes_a_path_and_is_held(unpacked, tmp_path, name: str, problem: str):
    good, hostile = unpacked(zipped({"good": b"1", name: b"2"}))
    assert (good.problem, text_of(good)) == (None, b"1")
    assert problem in hostile.problem and hostile.named
    assert text_of(hostile) == b"2"
    assert hostile.member == printable(name) and hostile.member.isprintable()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "work"]


@pytest.mark.parametrize(("name", "problem"), [(b"", "has no name"), (b"\0", "control characters")])
def test_a_member_without_a_name_is_held_and_costs_no_other(unpacked, name: bytes, problem: str):
    nameless = zipfile.ZipInfo("Q")
    nameless.filename = "Q" * len(name)
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("good", b"1")
        archive.writestr(nameless, b"2")
    good, hostile = unpacked(file.getvalue().replace(b"Q", name))
    assert (good.problem, text_of(good)) == (None, b"1")
    assert problem in hostile.problem and text_of(hostile) == b"2"


def test_a_symbolic_link_in_an_archive_is_held(unpacked):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        link = zipfile.ZipInfo("link")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc/passwd")
    (part,) = unpacked(file.getvalue())
    assert "symbolic link" in part.problem


def test_an_encrypted_member_is_held(unpacked):
    archive = bytearray(zipped({"a": b"secret"}))
    for header, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        archive[archive.index(header) + flags] |= 1
    (part,) = unpacked(bytes(archive))
    assert "password" in part.problem


def test_an_archive_without_files_is_empty_and_an_office_document_is_named(unpacked):
    assert "empty" in unpacked(zipped({}))[0].problem
    assert "Office document" in unpacked(zipped({"[Content_Types].xml": b"", "xl/a.xml": b""}))[0].problem


def test_a_printable_name_shows_what_cannot_be_shown():
    assert printable("a\x00b\nc") == "a\\x00b\\x0ac"
    assert printable(os.fsdecode(b"caf\xe9 \xc3\xa9")) == "caf\\xe9 é"
