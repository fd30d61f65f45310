"""Cutting JSON text into its records, each verbatim, the damaged ones apart from their neighbours.

Belongs here: arrays, lines, single objects, pages and any mixture of them, and finding the next record after a damaged
one. Does not belong here: whether a record holds what its source requires (`candidates.py`).

This is the strict and patient reader: it takes small exports, and those in which DuckDB met something odd. Strict JSON
is meant: `NaN`, a trailing comma or half a surrogate pair are no JSON, and other engines would refuse them later.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any, NamedTuple

from orchestration.exports.cutting import Cutter, Piece
from orchestration.exports.strict_json import DECODER, NOT_READABLE, is_encodable, value_end

MAX_RECORD_CHARS = 16 * 1024 * 1024  # as much as DuckDB reads of one object
_LINES_LOOKED_AT = 100
_LOOKAHEAD = 1024  # so much of the next line stays in view at the end of a piece

NOT_AN_OBJECT = "not an object"
NOT_JSON = "invalid JSON"
NOT_UTF8 = "not UTF-8"
TOO_LONG = "longer than 16 MiB"
TRUNCATED = "truncated"
# What follows the first piece of a record that is too long to be held whole: pieces are numbered and belong together.
CONTINUED = "continued "

_BLANK = re.compile(r"[ \t\r\n\ufeff]*")
_BLANK_OR_COMMA = re.compile(r"[ \t\r\n,\ufeff]*")
_STRUCTURE = re.compile(r'"(?:[^"\\\r\n]|\\.)*"|[{}\[\]]|["\r\n]')
_LINE_WITH_VALUE = re.compile(r"^([ \t]*),?[ \t]*[{\[]", re.MULTILINE)
_MARK = re.compile(r'\\.|["{}\[\]\r\n]', re.DOTALL)
_TOKEN = re.compile(r"[^,\]\r\n]+")
_LINE = re.compile(r"[^\r\n]+")
_BAD_BYTE = re.compile("[\udc80-\udcff]")


class Record(NamedTuple):
    """One record's text, and why it is not readable; `problem` is None for a readable JSON object.

    The text of one that is not UTF-8 holds each byte as the Latin-1 character of the same number: nothing is lost.
    """

    text: str
    problem: str | None = None


def records(chunks: Iterable[str], cutter: Cutter | None = None) -> Iterator[Record]:
    """The records of JSON text that comes in chunks; bytes that are no UTF-8 come as surrogate escapes.

    Elements of top-level arrays are records, and so is what `cutter` finds within an object.
    """
    text = _Window(iter(chunks))
    cutter = cutter or Cutter()
    in_array = False
    while text.ahead():
        yield from _sound_objects(text, _BLANK_OR_COMMA if in_array else _BLANK, cutter)
        separator = text.skip(_BLANK_OR_COMMA if in_array else _BLANK)
        if not text.ahead():
            break
        first = text.first()
        if first == "]" and in_array:
            text.take(1)
            in_array = False
        elif first == "[" and (not in_array or (text.begins_line() and "," not in separator)):
            # A bracket at the beginning of a line, without a comma before it, is the next line's own array: the former
            # one was cut off.
            if in_array:
                yield _NEVER_CLOSED
            text.take(1)
            in_array = True
        else:
            yield from _next_value(text, in_array, cutter)
    if in_array:
        yield _NEVER_CLOSED


def _sound_objects(text: _Window, separator: re.Pattern, cutter: Cutter) -> Iterator[Record]:
    """The run of objects that need no second look, from the position on: nearly all of nearly every export."""
    whole, end, last_start = text.text, text.position, text.last_start()
    while True:
        start = separator.match(whole, end).end()
        if start >= last_start or whole[start] != "{":
            break
        try:
            value, next_end = DECODER.raw_decode(whole, start)
        except NOT_READABLE:
            break
        piece = whole[start:next_end]
        if "\\ud" in piece or "\\uD" in piece or len(piece) > MAX_RECORD_CHARS:
            break
        if not piece.isascii() and _BAD_BYTE.search(piece):
            break
        if cutter.may_hold_records(value):
            yield from _held(value, piece, cutter)
        else:
            yield Record(piece)
        end = next_end
    text.position = end


_NEVER_CLOSED = Record("", f"{TRUNCATED}: the array is never closed")


class _Window:
    """A sliding view of text: at least one longest record ahead of the position, or all that is left."""

    def __init__(self, chunks: Iterator[str]) -> None:
        self._chunks = chunks
        self._finished = False
        self.text, self.position = "", 0

    def ahead(self) -> bool:
        """Make sure enough text is there; False when there is none left."""
        while not self._finished and len(self.text) - self.position <= MAX_RECORD_CHARS:
            chunk = next(self._chunks, None)
            if chunk is None:
                self._finished = True
            else:
                self.text, self.position = self.text[self.position :] + chunk, 0
        return not self.at_end()

    def last_start(self) -> int:
        """Where a record must begin at the latest to be in view as a whole."""
        return len(self.text) if self._finished else len(self.text) - MAX_RECORD_CHARS

    def at_end(self) -> bool:
        return self.position >= len(self.text)

    def first(self) -> str:
        return self.text[self.position]

    def begins_line(self) -> bool:
        line_start = max(self.text.rfind("\n", 0, self.position), self.text.rfind("\r", 0, self.position)) + 1
        return not self.text[line_start : self.position].strip()

    def indent(self) -> int:
        return _indent(self.text, self.position)

    def skip(self, pattern: re.Pattern) -> str:
        start = self.position
        self.position = pattern.match(self.text, start).end()
        return self.text[start : self.position]

    def take(self, length: int) -> str:
        start = self.position
        self.position += length
        return self.text[start : self.position]


def _next_value(text: _Window, in_array: bool, cutter: Cutter) -> Iterator[Record]:
    start = text.position
    found = value_end(text.text, start)
    if found is None:
        damaged = _damaged(text, in_array)
        yield from _overlong(text) if damaged is None else [damaged]
        return
    value, end = found
    if not isinstance(value, dict):
        # A bare number or word at the top level ends with its line: what follows on it is no record of its own.
        line = text.take((end if in_array else _LINE.match(text.text, start).end()) - start).rstrip()
        yield _record(line, NOT_AN_OBJECT if len(line) == end - start else NOT_JSON)
        return
    piece = text.take(end - start)
    if len(piece) > MAX_RECORD_CHARS:
        yield _record(piece, TOO_LONG)
        return
    yield from _held(value, piece, cutter)


def _held(value: Any, piece: str, cutter: Cutter) -> Iterator[Record]:
    """The records that an object holds, or the object itself."""
    within = cutter.cut(Piece(value, piece))
    for inner, inner_text in [Piece(value, piece)] if within is None else within:
        if type(inner) is dict and inner_text.isascii() and "\\u" not in inner_text:  # nearly all: nothing to judge
            yield Record(inner_text)
        else:
            yield _judged(inner, inner_text)


def _judged(value: Any, piece: str) -> Record:
    if not isinstance(value, dict):
        return _record(piece, NOT_AN_OBJECT)
    return _record(piece, None if is_encodable(value, piece) else NOT_JSON)


def _record(piece: str, problem: str | None) -> Record:
    if not piece.isascii() and _BAD_BYTE.search(piece):
        return Record(piece.encode("utf-8", "surrogateescape").decode("latin-1"), NOT_UTF8)
    return Record(piece, problem)


def _damaged(text: _Window, in_array: bool) -> Record | None:
    """Take what cannot be read off the text, up to where the next record begins; None where that is out of sight."""
    whole, start = text.text, text.position
    if whole[start] not in "{[":
        end = (_TOKEN if in_array else _LINE).match(whole, start).end()
        if end - start > MAX_RECORD_CHARS:
            return None
        return _record(text.take(end - start).rstrip(), NOT_JSON)
    limit = min(len(whole), start + MAX_RECORD_CHARS)
    end = _closing(whole, start, limit)
    # Of the lines in between only some are looked at: else many damages would cost the square of the text.
    lines = islice(_lines_with_value(whole, start, end or start), _LINES_LOOKED_AT)
    if end is None or not _may_end_at(whole, end, in_array) or _any_sound(whole, lines):
        end = next(_lines_with_value(whole, start, limit), None)
    if end is not None:
        return _record(text.take(end - start).rstrip(" \t\r\n,"), NOT_JSON)
    if limit < len(whole):
        return None
    return _record(text.take(limit - start).rstrip(), TRUNCATED)


def _overlong(text: _Window) -> Iterator[Record]:
    """Take a record that is longer than the view off the text, in pieces, to where its bracket closes or its line ends.

    Where it spans lines, it ends before the first that begins a value and is indented no more than its own.
    """
    is_bare = text.first() not in "{["
    indent, depth, in_string, problem, pieces = text.indent(), 0, False, TOO_LONG, 0
    while text.ahead():
        whole, start = text.text, text.position
        limit = min(len(whole), start + MAX_RECORD_CHARS - _LOOKAHEAD)
        end, seen = None, start
        for token in _MARK.finditer(whole, start, limit):
            mark, seen = token.group(), token.end()
            if mark in "\r\n":
                in_string = False  # no string of JSON spans lines
                line = _LINE_WITH_VALUE.match(whole, seen)
                if is_bare or (line and len(line.group(1)) <= indent):
                    end = seen
                    break
            elif mark == '"':
                in_string = not in_string
            elif not in_string and not is_bare and mark in "{}[]":
                depth += 1 if mark in "{[" else -1
                if depth == 0:
                    end = seen
                    break
        if end is None and seen < limit < len(whole) and whole[limit - 1] == "\\":
            limit -= 1  # an escape is not cut in two
        piece = text.take((end or limit) - start)
        yield Record(_BAD_BYTE.sub(_as_latin_1, piece if end is None else piece.rstrip("\r\n")), problem)
        if end is not None:
            return
        pieces += 1
        problem = f"{CONTINUED}{pieces:06}"


def _as_latin_1(match: re.Match) -> str:
    return chr(ord(match.group()) - 0xDC00)


def _may_end_at(text: str, end: int, in_array: bool) -> bool:
    """Whether what follows is what follows a record, so that brackets were counted right."""
    follower = _BLANK.match(text, end).end()
    return follower == len(text) or text[follower] in (",]" if in_array else "{[") or "\n" in text[end:follower]


def _closing(text: str, start: int, limit: int) -> int | None:
    """Where the bracket that opens at `start` closes, by counting brackets outside strings; None where it does not."""
    if text[start] not in "{[":
        return None
    depth = 0
    for token in _STRUCTURE.finditer(text, start, limit):
        mark = token.group()
        if mark in "{[":
            depth += 1
        elif mark in "}]":
            depth -= 1
            if depth == 0:
                return token.end()
        elif mark == '"':
            return None  # a string that does not end on its line
    return None


def _any_sound(text: str, lines: Iterable[int]) -> bool:
    """Whether an object begins on any of the lines and can be read: then it is a record, whatever surrounds it."""
    found = (value_end(text, _BLANK_OR_COMMA.match(text, line).end()) for line in lines)
    return any(value is not None and isinstance(value[0], dict) for value in found)


def _lines_with_value(text: str, start: int, limit: int) -> Iterator[int]:
    """The starts of the next lines that begin a value and are indented no more than the line of `start`."""
    indent = _indent(text, start)
    for match in _LINE_WITH_VALUE.finditer(text, start + 1, limit):
        if len(match.group(1)) <= indent:
            yield match.start()


def _indent(text: str, start: int) -> int:
    """How far a value stands from the beginning of its line; 0 where more than blanks stands before it."""
    line_start = max(text.rfind("\n", 0, start), text.rfind("\r", 0, start)) + 1
    return start - line_start if not text[line_start:start].strip(" \t,") else 0
