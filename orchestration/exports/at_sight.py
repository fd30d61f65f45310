"""Lines of JSON that are sound at sight: the records of a page or an envelope without a patient look at each.

Belongs here: what is plain, one line at a time, for large exports. Does not belong here: everything else, for which
the answer is None and the patient readers look (`json_text.py`, `cutting.py`); what is found is what they would find.

A page is cut where its elements seem to meet. If every piece is an object, and the page without them is one whose list
is empty, then there was no other way to read it: JSON is not ambiguous.
"""

from __future__ import annotations

import re
from typing import Any

import orjson

from orchestration.exports.cutting import (
    DOCUMENT,
    KEYED,
    Cutter,
    Piece,
    beginning_of_keyed,
    elements_under,
    enclosed_text,
    is_resource,
    parts_by_name,
    value_at,
    with_parts,
)
from orchestration.exports.json_text import MAX_RECORD_CHARS
from orchestration.exports.strict_json import value_end

# Said in the place of keys that were not looked at.
ANY_KEY = "*"

_BLANKS = " \t\r\n\ufeff"
# No JSON text holds it as it is.
_CUT = "\x1e"
_FIRST_KEY_OF_LIST = re.compile(r'\{\s*"([^"\\]+)"\s*:\s*\[\s*')
_NEXT_KEY_OF_LIST = re.compile(r'\]\s*,\s*"([^"\\]+)"\s*:\s*\[\s*')
_OPENING = re.compile(r'\{\s*"\w[^"\\]*"\s*:')
_EMPTY_DATA = re.compile(r'"data"\s*:\s*\[\s*\]')
_ENDS_LIST = re.compile(r"\s*\]")
_SEPARATOR = re.compile(r"\s*,\s*")


class AtSight:
    """The records of lines, by what a cutter was told of pages and envelopes.

    Into `keys` go those that stand at the top of any record, or ANY_KEY.
    """

    def __init__(self, cutter: Cutter, keys: set[str] | None = None) -> None:
        self._cutter = cutter
        self._keys = set() if keys is None else keys
        self._plain_keys: set[str] = set()  # of which nothing is to be cut
        self._lists = {
            f'"{key}"': re.compile(rf'"{re.escape(key)}"\s*:\s*\[\s*') for key in {path[-1] for path in cutter.paths}
        }

    def records(self, line: str) -> list[str] | None:
        """The texts of a line's records; None where it needs a patient look."""
        text = line.strip(_BLANKS)
        if len(text) > MAX_RECORD_CHARS or _CUT in text:
            return None
        looks = (self._document,) if self._cutter.json_api else (self._keyed_page, self._page, self._record)
        try:
            for look in looks:
                if (found := look(text)) is not None:
                    return found
        except (orjson.JSONDecodeError, TypeError):
            pass
        return None

    def _keyed_page(self, text: str) -> list[str] | None:
        """The elements of lists whose keys say something, where there is nothing beside such lists."""
        records: list[str] = []
        keys: list[str] = []
        found = _FIRST_KEY_OF_LIST.match(text)
        while found and self._cutter.says_something(found[1]):
            pieces, text = _cut_list(text, found.end())
            beginning = beginning_of_keyed(found[1])
            records += [f"{beginning}{piece.text}}}" for piece in pieces]
            keys.append(found[1])
            found = _NEXT_KEY_OF_LIST.match(text, found.end())
        # A key that is written twice is one key to whoever reads the object: that needs a patient look.
        if not keys or len(set(keys)) < len(keys) or orjson.loads(text) != {key: [] for key in keys}:
            return None
        self._keys.update(KEYED)
        return records

    def _page(self, text: str) -> list[str] | None:
        """The elements of the one list under a declared path."""
        written = [key for key in self._lists if key in text]
        if len(written) != 1 or text.count(written[0]) != 1:
            return None
        found = self._lists[written[0]].search(text)
        if not found:
            return None
        pieces, shell = _cut_list(text, found.end())
        rest = orjson.loads(shell)
        if not any(value_at(rest, path) == [] for path in self._cutter.paths):
            return None
        for value, _ in pieces:
            if not self._plain_keys.issuperset(value):
                if self._cutter.may_hold_records(value):
                    return None
                self._plain_keys.update(value)
                self._keys.update(value)
        return [piece.text for piece in pieces]

    def _document(self, text: str) -> list[str] | None:
        """The resources of a JSON:API document that begins with them, each with the parts that it refers to."""
        found = _FIRST_KEY_OF_LIST.match(text)
        if not found or found[1] != "data" or _EMPTY_DATA.search(text):
            return None
        pieces, shell = _cut_list(text, found.end())
        rest = orjson.loads(shell)
        if rest["data"] != [] or "envelope" in rest or not all(is_resource(piece.value) for piece in pieces):
            return None
        parts = rest.get("included")
        included = parts_by_name(elements_under(shell, "included") if isinstance(parts, list) else ())
        if not all(isinstance(identity, str) for _, identity in included):  # numbers may be read as others here
            return None
        records = [with_parts(piece, included, None) for piece in pieces]
        if any(map(self._cutter.cut, records[:1])):  # they are all alike in what could be cut
            return None
        self._keys.update(DOCUMENT)
        return [record.text for record in records]

    def _record(self, text: str) -> list[str] | None:
        """The line itself, or the message that is written in it."""
        value = orjson.loads(text)
        if not isinstance(value, dict):
            return None
        if not self._cutter.may_hold_records(value):
            self._keys.update(value)
            return [text]
        key = self._cutter.envelope_in(value)
        if key is None or any(value_at(value, path) is not None for path in self._cutter.paths):
            return None
        message = value.pop(key).strip(" \t\r\n")
        if message[:1] not in ("{", "["):  # nothing that could be taken out of it
            self._keys.update(value, [key])
            return [text]
        inner = orjson.loads(message)
        if not isinstance(inner, dict) or self._cutter.may_hold_records(inner) or not _is_spelled_one_way(value):
            return None
        self._keys.update(inner, ["envelope"])
        return [enclosed_text(message, orjson.dumps(value).decode())]


def _cut_list(text: str, start: int) -> tuple[list[Piece], str]:
    """The elements of the list that begins before `start`, and the text without them.

    Neither where they are no objects, or not told apart at sight.
    """
    if _ENDS_LIST.match(text, start):
        return [], text
    first = value_end(text, start)
    if first is None or not isinstance(first[0], dict):
        return [], ""
    found = _SEPARATOR.match(text, first[1])
    gap = found.group() if found else ""
    opening = found and _OPENING.match(text, found.end())
    # The second guess where elements begin with keys of their own.
    for beginning in dict.fromkeys([opening.group() if opening else "{", "{"]):
        texts = [text[start:]]
        if gap:
            texts = texts[0].replace(f"}}{gap}{beginning}", f"}}{_CUT}{beginning}").split(_CUT)
        pieces: list[Piece] = []
        for number, piece in enumerate(texts):
            try:
                pieces.append(Piece(orjson.loads(piece), piece))
            except orjson.JSONDecodeError:
                # The last element, with what stands behind the list, or a wrong guess.
                last = value_end(piece, 0)
                if last is None or not _ENDS_LIST.match(piece, last[1]):
                    break
                value, end = last
                rest = gap.join([piece[end:], *texts[number + 1 :]])
                orjson.loads(piece[:end])
                return [*pieces, Piece(value, piece[:end])], text[:start] + rest
    return [], ""


def _is_spelled_one_way(value: Any) -> bool:
    """Whether every encoder writes a value alike: numbers with a fraction, and those that are too long, it may not."""
    if isinstance(value, dict):
        return all(map(_is_spelled_one_way, value.values()))
    if isinstance(value, list):
        return all(map(_is_spelled_one_way, value))
    return not isinstance(value, float)
