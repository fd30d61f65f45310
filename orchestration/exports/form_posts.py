"""Form posts as JSON objects of their fields: an urlencoded post per line, or multipart bodies one after another.

Belongs here: taking forms apart. Does not belong here: what a field means (the staging model of the source).
"""

from __future__ import annotations

import email
import json
import re
from collections.abc import Iterable, Iterator
from typing import Any, BinaryIO
from urllib.parse import unquote_plus

import orjson

from orchestration.exports import json_text
from orchestration.exports.at_sight import ANY_KEY
from orchestration.exports.cutting import Cutter
from orchestration.exports.formats import FormatError
from orchestration.exports.json_text import Record

# Where the values of names that come more than once are: under their name stands the first one alone.
REPEATED = "repeated[]"
MAX_MULTIPART_BYTES = 256 * 1024 * 1024
# Marks of our own: between two posts, between two fields, between a name and its value.
_POST, _NEXT, _IS = "\x1d", "\x1e", "\x1f"
_ALL_BUT_MARKS = bytes(byte for byte in range(256) if byte not in b"&=" + _POST.encode())
_POST_AS_NEXT = bytes.maketrans(_POST.encode(), b"&")
_ENCODED_MARK = re.compile("%1[d-fD-F]")
# Posts are decoded together, up to about so many characters: calls by post would cost more than the decoding.
_CHARS_AT_ONCE = 256 * 1024
_BOUNDARY = re.compile(rb"--([^\r\n]{1,70})\r?\n")


def records(lines: Iterable[str], cutter: Cutter, keys: set[str] | None = None) -> Iterator[Record]:
    """A post per line, or what the page holds that one of its fields is; bytes that are no UTF-8 come as surrogates.

    Into `keys` go the names of the fields, or ANY_KEY where a record holds others.
    """
    keys = set() if keys is None else keys
    for posts in _some(line for line in map(str.strip, lines) if line):
        for post in _fields_of(posts):
            # Nearly every post has the names of one before it, of which nothing was to be cut.
            if not keys.issuperset(post):
                if cutter.may_hold_records(post):
                    keys.add(ANY_KEY)
                    yield from _records_of(post, cutter)
                    continue
                keys.update(post)
            yield from _as_record(post, cutter)


def multipart_records(file: BinaryIO, cutter: Cutter) -> Iterator[Record]:
    """A record per body; of an attached file only its name is kept, since it is no field but a mail that was returned.

    Raises FormatError where the file is too large to be bodies of forms.
    """
    rest = file.read(MAX_MULTIPART_BYTES + 1).strip()
    if len(rest) > MAX_MULTIPART_BYTES:
        raise FormatError(f"too large: multipart forms of more than {MAX_MULTIPART_BYTES:,} bytes; split the file")
    while rest:
        boundary = _BOUNDARY.match(rest)
        closing = b"--" + boundary[1] + b"--" if boundary else b""
        end = rest.find(closing) if boundary else -1
        if end < 0:
            yield Record(rest.decode("latin-1")[: json_text.MAX_RECORD_CHARS], json_text.TRUNCATED)
            return
        end += len(closing)
        yield from _records_of(_multipart_fields(rest[:end], boundary[1]), cutter)
        rest = rest[end:].lstrip()


def fields(post: str) -> dict[str, Any]:
    """The fields of an urlencoded post, texts by name.

    A sender's own field may have the name of one of the vendor's, which is written before it. Of a name that comes
    twice the first value counts; all of them are in a list under its name in the object REPEATED.
    """
    return _fields_of([post])[0]


def _some(lines: Iterable[str]) -> Iterator[list[str]]:
    """Lines in lists, each of few characters or a single line."""
    some: list[str] = []
    chars = 0
    for line in lines:
        some.append(line)
        chars += len(line)
        if chars > _CHARS_AT_ONCE:
            yield some
            some, chars = [], 0
    if some:
        yield some


def _fields_of(posts: list[str]) -> list[dict[str, Any]]:
    whole = _POST.join(posts)
    if whole.count(_POST) >= len(posts) or _NEXT in whole or _IS in whole or _ENCODED_MARK.search(whole):
        return [_fields_one_by_one(post) for post in posts]
    decoded = _decoded(whole.replace("&", _NEXT).replace("=", _IS)).split(_POST)
    if _is_regular(whole):
        return [_paired(post.replace(_NEXT, _IS).split(_IS)) for post in decoded]
    cut = ([field.partition(_IS) for field in post.split(_NEXT) if field] for post in decoded)
    pairs = ([(name, value.replace(_IS, "=")) for name, _, value in fields] for fields in cut)
    return [_as_fields(fields) for fields in pairs]


def _paired(parts: list[str]) -> dict[str, Any]:
    """Names and values by turns as an object."""
    part = iter(parts)
    found = dict(zip(part, part, strict=True))
    return found if 2 * len(found) == len(parts) else _as_fields(list(zip(parts[::2], parts[1::2], strict=True)))


def _as_fields(pairs: list[tuple[str, str]]) -> dict[str, Any]:
    """Names and values as an object."""
    found: dict[str, Any] = dict(pairs)
    if len(found) == len(pairs):
        return found
    values: dict[str, list[str]] = {}
    for name, value in pairs:
        values.setdefault(name, []).append(value)
    found = {name: those[0] for name, those in values.items()}
    return found | {REPEATED: {name: those for name, those in values.items() if len(those) > 1}}


def _is_regular(posts: str) -> bool:
    """Whether every field of every post is one name and one value, as nearly all are: told by the marks alone."""
    marks = posts.encode("utf-8", "surrogateescape").translate(_POST_AS_NEXT, _ALL_BUT_MARKS)
    return marks[:1] == marks[-1:] == b"=" and b"==" not in marks and b"&&" not in marks


def _fields_one_by_one(post: str) -> dict[str, Any]:
    pairs = [pair.partition("=") for pair in post.split("&") if pair]
    return _as_fields([(_decoded(name), _decoded(value)) for name, _, value in pairs])


def _decoded(text: str) -> str:
    """A text without its percent-encoding: by Python's own escapes, ten times as fast as `unquote`."""
    if "%" not in text:
        return text.replace("+", " ")
    escaped = text.replace("+", " ").replace("\\", "\\\\").replace("%", "\\x")
    try:
        raw = escaped.encode("utf-8", "surrogateescape").decode("unicode_escape").encode("latin-1")
    except ValueError:  # a percent sign that encodes nothing stands for itself
        return unquote_plus(text, errors="surrogateescape")
    return raw.decode("utf-8", "surrogateescape")


def _multipart_fields(body: bytes, boundary: bytes) -> dict[str, Any]:
    message = email.message_from_bytes(
        b'Content-Type: multipart/form-data; boundary="' + boundary + b'"\r\n\r\n' + body
    )
    found = []
    for part in message.get_payload():
        name = part.get_param("name", header="content-disposition")
        if isinstance(name, str):
            value = part.get_filename() or part.get_payload(decode=True).decode("utf-8", "surrogateescape")
            found.append((name, value))
    return _as_fields(found)


def _records_of(post: dict[str, Any], cutter: Cutter) -> Iterator[Record]:
    pages = cutter.pages_in_fields(post)
    if pages or cutter.may_hold_records(post):
        yield from json_text.records(pages or [_written(post)], cutter)
    else:
        yield from _as_record(post, cutter)


def _as_record(post: dict[str, Any], cutter: Cutter) -> Iterable[Record]:
    """The fields as an object: looked at patiently where bytes are no UTF-8 (half of a surrogate pair), or too many."""
    try:
        text = orjson.dumps(post).decode()
    except TypeError:
        return json_text.records([_written(post)], cutter)
    if len(text) > json_text.MAX_RECORD_CHARS:
        return json_text.records([text], cutter)
    return (Record(text),)


def _written(post: dict[str, Any]) -> str:
    return json.dumps(post, ensure_ascii=False, separators=(",", ":"))
