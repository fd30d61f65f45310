"""A format is told by the content, never by a name; what is nothing we read is named."""

from __future__ import annotations

import pytest

from orchestration.exports.formats import Format, FormatError, Kind, recognise


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (b"", Format(Kind.EMPTY)),
        (b" \r\n\t\n", Format(Kind.EMPTY)),
        (b"\xef\xbb\xbf", Format(Kind.EMPTY)),
        (b'{"a":1}', Format(Kind.JSON)),
        (b'{"a":1}\n{"a":2}\n', Format(Kind.JSON_LINES)),
        (b'\n{"a":1}\r\n{"a":2', Format(Kind.JSON_LINES)),
        (b'{\n "a": 1\n}', Format(Kind.JSON)),
        (b'{"a":1}{"a":2}\n{"a":3}', Format(Kind.JSON)),
        (b'[{"a":1},\n{"a":2}]', Format(Kind.JSON)),
        (b'[{"a":1}]\n[{"a":2}]\n', Format(Kind.JSON_ARRAYS)),
        (b'ut off"}\n{"a":2}\n', Format(Kind.JSON_LINES)),
        (b'// a comment\n{\n "a": 2\n}\n', Format(Kind.JSON)),
        ('{"a":1}'.encode("utf-16"), Format(Kind.JSON, "utf-16")),
        ('{"a":1}'.encode("utf-16-le"), Format(Kind.JSON, "utf-16-le")),
        (b"a,b\n1,2\n", Format(Kind.DELIMITED, delimiter=",")),
        (b"a\tb\n1\t2\n", Format(Kind.DELIMITED, delimiter="\t")),
        (b'"a;x";b\n', Format(Kind.DELIMITED, delimiter=";")),
        (b"email\nx@example.com\n", Format(Kind.DELIMITED, delimiter=",")),
        ("né\tb\n".encode("utf-16"), Format(Kind.DELIMITED, "utf-16", "\t")),
        (b"a,b\ncaf\xe9,1\n", Format(Kind.DELIMITED, delimiter=",")),
        (b"event=open&email=a%40b", Format(Kind.FORM)),
        (b"PAR1....", Format(Kind.PARQUET)),
        (b"type=profile&fired_at=2026-10-22 13:10:40&data[email]=a@example.com\n", Format(Kind.FORM)),
        (b"a=1" + b"&b=2" * 40 + b" ,c\n1,2\n", Format(Kind.FORM)),
        (b"a=1" + b"&b=2" * 40 + b" & c,d\n1,2\n", Format(Kind.DELIMITED, delimiter=",")),
        (b"note=a b & c,d\n1,2\n", Format(Kind.DELIMITED, delimiter=",")),
        (b'--x1\r\nContent-Disposition: form-data; name="event"\r\n\r\nopened\r\n--x1--', Format(Kind.MULTIPART)),
        (b'--x1\nContent-Type: text/plain\ncontent-disposition: form-data; name="event"\n\n', Format(Kind.MULTIPART)),
        (b"--x1,b\n1,2\n", Format(Kind.DELIMITED, delimiter=",")),
        (b"Obj\x01...", Format(Kind.AVRO)),
    ],
)
def test_a_format_is_told_by_its_content(head: bytes, expected: Format):
    assert recognise(head, complete=True) == expected


@pytest.mark.parametrize(
    ("head", "said"),
    [
        (b"<!DOCTYPE html><html>", "HTML"),
        (b"<?xml version='1.0'?>", "XML"),
        (b"BZh91AY", "bzip2"),
        (b"%PDF-1.7", "PDF"),
        (b"SQLite format 3\x00", "SQLite"),
        (bytes(range(256)), "00 01 02 03"),
    ],
)
def test_what_is_nothing_we_read_is_named(head: bytes, said: str):
    with pytest.raises(FormatError, match="unknown format") as error:
        recognise(head, complete=True)
    assert said in str(error.value)


def test_a_beginning_that_breaks_off_within_a_line_does_not_mislead():
    head = b'{"a":1}\n' * 10
    assert recognise(head[:-3], complete=False).kind is Kind.JSON_LINES
    assert recognise(b'[{"a":1},{"a":', complete=False).kind is Kind.JSON
