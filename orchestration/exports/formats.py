"""What the bytes of an export are, told by their content alone.

Belongs here: the decision from the first bytes. Does not belong here: reading the records (`readers.py`). A name or an
extension proves nothing and is never asked.
"""

from __future__ import annotations

import codecs
import csv
import json
import re
from dataclasses import dataclass
from enum import Enum

HEAD_BYTES = 64 * 1024

_DELIMITERS = ",\t;|"
_BOMS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# What a stray file often is, by its first bytes: named, so that a person need not look.
_STRANGERS = (
    (b"BZh", "a bzip2 archive; pack it as gzip, zstd or ZIP"),
    (b"\xfd7zXZ", "an xz archive; pack it as gzip, zstd or ZIP"),
    (b"7z\xbc\xaf", "a 7z archive; pack it as gzip, zstd or ZIP"),
    (b"Rar!", "a RAR archive; pack it as gzip, zstd or ZIP"),
    (b"%PDF", "a PDF document"),
    (b"\xd0\xcf\x11\xe0", "an old Office document; save its table as CSV"),
    (b"SQLite format 3", "an SQLite database"),
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
)
# A tar archive says so behind its first member's name; nothing else of it is text or JSON.
_TAR, _TAR_AT = b"ustar", 257
# A post as it was sent, or with its blanks decoded, where so many fields leave no doubt.
_FORM = re.compile(r"[A-Za-z_][\w%.\[\]-]*=([^\s&]*(&[^\s&]*)*|[^&\r\n]*(&[\w%.\[\]-]+=[^&\r\n]*){2,})")
_MULTIPART = re.compile(r"--[^\r\n]{1,70}\r?\n([\w-]+:[^\r\n]*\r?\n)*?content-disposition:\s*form-data", re.IGNORECASE)
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")


class FormatError(ValueError):
    """Content that is nothing we read; the message says what was seen, fit for the ledger."""


class Kind(Enum):
    """How the records of an export are written down."""

    EMPTY = "empty"
    JSON_LINES = "JSON lines"
    JSON_ARRAYS = "one JSON array per line"
    JSON = "JSON values"  # one array, one object, or several values one after another, on any number of lines
    DELIMITED = "delimited text"
    FORM = "form posts"
    MULTIPART = "multipart forms"
    PARQUET = "Parquet"
    AVRO = "Avro"


@dataclass(frozen=True)
class Format:
    """`encoding` is a Python codec's name, of text; `delimiter` separates the cells of delimited text."""

    kind: Kind
    encoding: str = "utf-8"
    delimiter: str = ""


def recognise(head: bytes, complete: bool) -> Format:
    """The format of content that begins with `head` and, if `complete`, ends with it. Raises FormatError."""
    if head.startswith(b"PAR1"):
        return Format(Kind.PARQUET)
    if head.startswith(b"Obj\x01"):
        return Format(Kind.AVRO)
    for magic, what in _STRANGERS:
        if head.startswith(magic):
            raise FormatError(f"unknown format: this is {what}")
    if head[_TAR_AT:].startswith(_TAR):
        raise FormatError("unknown format: this is a tar archive; pack its files as ZIP, or land each by itself")
    encoding = _encoding(head)
    text = _decode(head, encoding).lstrip("\ufeff \t\r\n")
    if not text.strip("\x00"):
        if not complete:
            raise FormatError(f"unknown format: the first {len(head):,} bytes are blank")
        return Format(Kind.EMPTY)
    beginning = text[:1000]
    if text[0] not in "{[" and ("\x00" in beginning or 10 * len(_CONTROL.findall(beginning)) > len(beginning)):
        raise FormatError(f"unknown format: not text; the file begins with the bytes {head[:8].hex(' ')}")
    if _MULTIPART.match(text):
        return Format(Kind.MULTIPART)
    if text.startswith("<"):
        raise FormatError("unknown format: this is HTML or XML, perhaps an error page saved in place of an export")
    lines = text.splitlines() if complete else text.splitlines()[:-1] or [text]
    if text[0] in "{[":
        if len(lines) == 1 or not _is_json(lines[0]):
            return Format(Kind.JSON, encoding)
        return Format(Kind.JSON_LINES if text[0] == "{" else Kind.JSON_ARRAYS, encoding)
    # Where JSON begins on a later line, the beginning was cut off, or holds something else.
    later = [line.strip() for line in lines[1:] if line.lstrip()[:1] in ("{", "[")]
    if any(map(_is_json, later)):
        return Format(Kind.JSON_LINES, encoding)
    if any(line in ("{", "[", "[{") for line in later):
        return Format(Kind.JSON, encoding)
    if _FORM.fullmatch(lines[0].strip()):
        return Format(Kind.FORM, encoding)
    return Format(Kind.DELIMITED, encoding, _delimiter(text))


def _encoding(head: bytes) -> str:
    for bom, encoding in _BOMS:
        if head.startswith(bom):
            return encoding
    # UTF-16 without its mark: every other byte of text in a Western script is zero.
    if len(head) >= 4 and head[1] == head[3] == 0 and head[0] and head[2]:
        return "utf-16-le"
    if len(head) >= 4 and head[0] == head[2] == 0 and head[1] and head[3]:
        return "utf-16-be"
    return "utf-8"


def _decode(head: bytes, encoding: str) -> str:
    errors = "surrogateescape" if encoding.startswith("utf-8") else "replace"
    return codecs.getincrementaldecoder(encoding)(errors).decode(head)  # a character cut off at the end is left out


def _is_json(line: str) -> bool:
    try:
        json.loads(line)
    except (ValueError, RecursionError):
        return False
    return True


def _delimiter(text: str) -> str:
    """The character that cuts the header into most cells; a comma where the header is one cell."""
    quoted = re.match(r'(?:[^"\r\n]|"(?:[^"]|"")*")*', text)
    header = quoted.group() if quoted and quoted.group() else text
    return max(_DELIMITERS, key=lambda delimiter: _cells(header, delimiter))


def _cells(header: str, delimiter: str) -> int:
    try:
        return len(next(csv.reader([header], delimiter=delimiter), []))
    except csv.Error:  # it has line breaks where no table has them
        return 0
