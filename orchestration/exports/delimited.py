"""Cutting CSV and its kin into records: one JSON object of header and text cells per row.

Belongs here: rows of any length and any state, the damaged ones apart from their neighbours. Does not belong here:
telling the delimiter and the encoding (`formats.py`), and large clean files (DuckDB reads them, `readers.py`).
"""

from __future__ import annotations

import csv
import itertools
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Sequence
from json.encoder import encode_basestring

from orchestration.exports.json_text import Record

# A quote that nobody closes would swallow the rest of the file: a row may span so many lines.
MAX_LINES_OF_A_ROW = 1_000
_BLANKS = " \t\r\n\f"
csv.field_size_limit(16 * 1024 * 1024)


def header(lines: Iterable[str], delimiter: str) -> list[str]:
    """The column names of the first row that is not blank: nameless ones are called column_2, repeated ones email_1.

    None where that is not a row at all.
    """
    rows = csv.reader(lines, delimiter=delimiter)
    try:
        return _names(next((row for row in rows if not _is_blank(row)), []))
    except csv.Error:
        return []


def records(lines: Iterable[str], delimiter: str) -> Iterator[Record]:
    """The rows below the header. A missing cell is null; a row with more cells than the header is not readable."""
    source = _Lines(iter(lines))
    reader = csv.reader(source, delimiter=delimiter, strict=True)
    names: list[str] | None = None
    while not source.is_done():
        source.begin_row()
        try:
            row = next(reader, [])
        except csv.Error as error:
            yield Record(source.first_line_back(), f"not a row of cells ({error})")
            continue
        if _is_blank(row):
            continue
        if names is None:
            names = _names(row)
            continue
        surplus = row[len(names) :]
        if (surplus and any(surplus)) or (len(row) != len(names) and source.lines_of_row() > 1):
            problem = f"{len(row)} cells where the header has {len(names)}"
            yield Record(source.first_line_back(), problem)
            continue
        yield Record(as_json(names, row))


def as_json(names: Sequence[str], row: Sequence[str]) -> str:
    """A row as JSON text; cells that the row does not reach are null."""
    cells = itertools.zip_longest(names, row[: len(names)])
    texts = [f"{encode_basestring(name)}:{'null' if cell is None else encode_basestring(cell)}" for name, cell in cells]
    return "{" + ",".join(texts) + "}"


def _is_blank(row: Sequence[str]) -> bool:
    """Whether a row says nothing: spreadsheets end with many of these."""
    return not any(cell.strip(_BLANKS) for cell in row)


def _names(row: Sequence[str]) -> list[str]:
    names: dict[str, None] = {}
    repeats: Counter[str] = Counter()  # so that a name given a thousand times is not sought a million times
    for number, cell in enumerate(row, start=1):
        name = wanted = cell.strip().lstrip("\ufeff") or f"column_{number}"
        while name in names:
            repeats[wanted] += 1
            name = f"{wanted}_{repeats[wanted]}"
        names[name] = None
    return list(names)


class _Lines:
    """Lines for a reader, which remembers those of the present row and can take all but the first back."""

    def __init__(self, lines: Iterator[str]) -> None:
        self._lines = lines
        self._returned: deque[str] = deque()
        self._row: list[str] = []

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        if len(self._row) == MAX_LINES_OF_A_ROW:
            raise csv.Error("a quote is never closed")
        line = self._returned.popleft() if self._returned else next(self._lines)
        self._row.append(line)
        return line

    def is_done(self) -> bool:
        if not self._returned:
            self._returned.extend(itertools.islice(self._lines, 1))
        return not self._returned

    def begin_row(self) -> None:
        self._row = []

    def lines_of_row(self) -> int:
        return len(self._row)

    def first_line_back(self) -> str:
        """The row's first line, which is given up; the others will be read again."""
        self._returned.extendleft(reversed(self._row[1:]))
        return self._row[0].rstrip("\r\n")
