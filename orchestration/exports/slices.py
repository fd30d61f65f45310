"""Slices: JSON text cut at plain separators, so that DuckDB need not scan each small export by itself.

Belongs here: which text can be cut so, and the spool that brings the slices of many exports to DuckDB at once. Does not
belong here: judging a slice (`candidates.py`). Where records end is guessed, from line ends or from what stands between
the first two: a slice that is no JSON object shows that the guess was wrong, and the patient readers (`json_text.py`)
take the export instead. Where all slices are sound, nothing but separators lay between them, so cutting was reading.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from orchestration.exports import json_text, sql
from orchestration.exports.containers import Content
from orchestration.exports.formats import Format, Kind
from orchestration.exports.strict_json import value_end

_BLOCK_BYTES = 1 << 20
_BLANKS = " \t\r\n\ufeff"
_OPENING = re.compile(r'\{\s*"[^"\\]*"\s*:')
_LEAST_LINE_BYTES = 1 << 20
# Marks of our own, which no JSON text holds as they are: between two slices, and between two fields of the spool.
_CUT, _FIELD = "\x1e", "\x1f"
_UNFIT = (_FIELD, "\n", "\r")


def slices(content: Content, form: Format) -> Iterator[list[str]]:
    """The slices of an export, list by list; none where its text is not of this kind, or large and not an array a line.

    Large exports of other layouts DuckDB scans as they lie.
    """
    if form.encoding not in ("utf-8", "utf-8-sig"):
        return
    with content.open() as file:
        try:
            if form.kind is Kind.JSON and content.data is not None:
                yield from _of_array(file.read().decode())
            elif form.kind is Kind.JSON_ARRAYS or (form.kind is Kind.JSON_LINES and content.data is not None):
                while block := file.read(_BLOCK_BYTES) + file.readline(json_text.MAX_RECORD_CHARS):
                    if len(block) >= json_text.MAX_RECORD_CHARS:  # no line is so long
                        yield [""]
                        return
                    lines = [line.strip(_BLANKS) for line in block.decode().split("\n")]
                    lines = [line for line in lines if line]
                    yield lines if form.kind is Kind.JSON_LINES else _of_array_lines(lines)
        except UnicodeDecodeError:
            yield [""]  # no object: the patient readers look at the whole


class SliceSpool:
    """A file of slices of any number of exports; `relation` reads it as export_id, position, record."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = path.open("w", encoding="utf-8", newline="\n")
        self._longest = 0
        self.count = self.chars = 0

    def write(self, export_id: str, position: int, texts: list[str]) -> None:
        """Add the slices of an export that stand from a position on."""
        whole = "".join(texts)
        if max(map(len, texts), default=0) > json_text.MAX_RECORD_CHARS:  # which one, the patient readers tell
            texts = [""]
        elif any(mark in whole for mark in _UNFIT):  # such a slice would be taken for two
            texts = ["" if any(mark in text for mark in _UNFIT) else text for text in texts]
        rows = [f"{export_id}{_FIELD}{number}{_FIELD}{text}\n" for number, text in enumerate(texts, start=position)]
        self._file.writelines(rows)
        self._longest = max(self._longest, max(map(len, rows), default=0))
        self.count += len(rows)
        self.chars += sum(map(len, rows))

    def relation(self) -> str:
        """A DuckDB table expression of what was written."""
        self._file.flush()
        # A character takes up to four bytes; DuckDB sizes its buffers by this, so it is no larger than need be.
        return (
            f"read_csv({sql.file_to_read(self._path)}, header = false, auto_detect = false, delim = '{_FIELD}', "
            "columns = {'export_id': 'varchar', 'position': 'bigint', 'record': 'varchar'}, quote = '', escape = '', "
            "comment = '', new_line = '\\n', encoding = 'utf-8', compression = 'uncompressed', "
            f"max_line_size = {max(_LEAST_LINE_BYTES, 4 * self._longest)})"
        )

    def close(self) -> None:
        """Close and remove the file."""
        self._file.close()
        self._path.unlink(missing_ok=True)


def _of_array(text: str) -> Iterator[list[str]]:
    body = text.strip(_BLANKS)
    if body[:1] == "[" and body[-1:] == "]":
        body = body[1:-1].strip(_BLANKS)
        yield _cut(body, *_separator(body))


def _of_array_lines(lines: list[str]) -> list[str]:
    separator = _separator(lines[0][1:-1]) if lines else ()
    found = []
    for line in lines:
        found += _cut(line[1:-1], *separator) if line[0] == "[" and line[-1] == "]" else [""]
    return found


def _cut(body: str, gap: str, opening: str) -> list[str]:
    if _CUT in body:
        return [""]
    return body.replace("}" + gap + opening, "}" + _CUT + opening).split(_CUT)


def _separator(body: str) -> tuple[str, str]:
    """What stands between two records, and how a record begins: as between the first two of an array's inside."""
    start = body.find("{")
    opening = _OPENING.match(body, start) if start >= 0 else None
    first = value_end(body, start) if opening else None
    if first is None:
        return ",", "{"
    end = first[1]
    gap = body[end : max(end, body.find("{", end))]
    return gap if gap.strip(_BLANKS) == "," else ",", opening.group()
