"""Objects that are not records but hold some: pages, envelopes, documents that refer to their own parts.

Belongs here: which records an object holds, each as text. Does not belong here: finding objects in text
(`json_text.py`), what a record must hold (`candidates.py`). Which keys mean what is declared by the source.

Of a page the elements of its lists are the records, verbatim. Where more than the element belongs to the record, it is
written around it, so that a record can be read without its file:

    a page whose key says something     {"page": <the key>, "record": <the element>}
    a document with parts it refers to  {"data": <the element>, "included": {<relationship>: <the part it names>}}
    an envelope around a message        the message, with a first key `envelope` that holds the rest of the envelope

What cutting made is not cut again: a record that is exported anew is the same record.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from fnmatch import translate
from typing import Any, NamedTuple

from orchestration.exports.strict_json import DECODER, NOT_READABLE
from orchestration.sources import Source

MAX_DEPTH = 4  # an envelope in a page of envelopes, and one more of each

# Keys of an element that keeps its page's key.
KEYED = ("page", "record")
# Keys of a resource that was taken out of its document.
DOCUMENT = ("data", "included")
# Keys of a JSON:API document, and of a resource that stands without one.
_JSON_API_MARKS = ("data", "relationships")

_BLANKS = " \t\r\n"
_BLANK = re.compile(f"[{_BLANKS}]*")
_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


class Piece(NamedTuple):
    """A JSON value and the text it was read from."""

    value: Any
    text: str


class Cutter:
    """The records within an object, by what a source declares of its pages, envelopes and documents."""

    def __init__(
        self,
        pages: Iterable[str] = (),
        envelopes: Iterable[str] = (),
        encoded_envelopes: Iterable[str] = (),
        json_api: bool = False,
    ) -> None:
        pages = list(pages)
        self.paths = [tuple(page.split(".")) for page in pages if "*" not in page]
        self._envelopes = tuple(envelopes)
        self._encoded_envelopes = tuple(encoded_envelopes)
        self.json_api = json_api
        patterns = [translate(page) for page in pages if "*" in page]
        self._pattern = re.compile("|".join(patterns)) if patterns else None
        heads = {path[0] for path in self.paths}
        documents = _JSON_API_MARKS if json_api else ()
        self._marks = frozenset(heads.union(self._envelopes, self._encoded_envelopes, documents))

    @classmethod
    def of(cls, source: Source) -> Cutter:
        """The cutter that a source declares."""
        return cls(source.pages, source.envelopes, source.encoded_envelopes, source.json_api)

    @property
    def finds_records_within_objects(self) -> bool:
        """Whether anything is declared at all."""
        return bool(self._marks) or self._pattern is not None

    def may_hold_records(self, value: Mapping[str, Any]) -> bool:
        """Whether an object is worth a second look: False for nearly every record."""
        if not self._marks.isdisjoint(value):
            return True
        return self._pattern is not None and any(map(self._pattern.match, value))

    def says_something(self, key: str) -> bool:
        """Whether a key is one that the records below it must keep."""
        return self._pattern is not None and self._pattern.match(key) is not None

    def envelope_in(self, value: Mapping[str, Any]) -> str | None:
        """The only key of an object that may hold a message, where a text stands under it; else None."""
        held = [key for key in (*self._envelopes, *self._encoded_envelopes) if key in value]
        if len(held) != 1 or held[0] not in self._envelopes or any(map(self.says_something, value)):
            return None
        return held[0] if isinstance(value[held[0]], str) else None

    def names_a_key_in(self, text: str) -> bool:
        """Whether a key that holds records is written anywhere in a text."""
        return any(f'"{mark}"' in text for mark in self._marks)

    def pages_in_fields(self, post: Mapping[str, Any]) -> list[str]:
        """The texts of JSON lists that stand under declared keys of a form post."""
        if self._marks.isdisjoint(post):
            return []
        held = (post.get(path[0], "") for path in self.paths if len(path) == 1)
        return [text for text in held if text.lstrip().startswith("[")]

    def cut(self, piece: Piece) -> list[Piece] | None:
        """The records within an object; None where it is a record itself."""
        return self._cut(piece, MAX_DEPTH)

    def _cut(self, piece: Piece, depth: int) -> list[Piece] | None:
        if depth == 0 or not isinstance(piece.value, dict) or not self.may_hold_records(piece.value):
            return None
        found = self._document(piece) if self.json_api else None
        if found is None:
            found = self._page(piece)
        if found is None and (keyed := self._keyed_page(piece)) is not None:
            return keyed  # with its key around it, a record holds no others
        if found is None:
            found = self._message(piece)
        if found is None:
            return None
        records: list[Piece] = []
        for inner in found:
            within = self._cut(inner, depth - 1)
            if within is None:
                records.append(inner)
            else:
                records += within
        return records

    def _page(self, piece: Piece) -> list[Piece] | None:
        """The elements of every list under a declared key."""
        lists = [path for path in self.paths if _listed(value_at(piece.value, path)) is not None]
        if not lists:
            return None
        return [element for path in lists for element in _elements_below(piece, path)]

    def _keyed_page(self, piece: Piece) -> list[Piece] | None:
        """The elements under keys that say something themselves, each with its key."""
        if self._pattern is None or piece.value.keys() >= set(KEYED):
            return None
        held = list(_held(piece.text, self._pattern.match))
        if not held:
            return None
        found = []
        for key, elements in held:
            beginning = beginning_of_keyed(key)
            found += [Piece({"page": key, "record": value}, f"{beginning}{text}}}") for value, text in elements]
        return found

    def _document(self, piece: Piece) -> list[Piece] | None:
        """The resources of a JSON:API document, each with the parts of the document that it refers to."""
        value = piece.value
        if isinstance(value.get("attributes"), dict) and isinstance(value.get("relationships"), dict):
            return [with_parts(piece, {}, None)]  # a resource that was taken out of its document
        if not isinstance(value.get("data"), list | dict):
            return None
        is_list, parts = isinstance(value["data"], list), value.get("included")
        if not is_list and not isinstance(parts, list):
            return None
        held = dict(_held(piece.text, {"data", "included", "envelope"}.__contains__))
        included = parts_by_name(held["included"] if isinstance(parts, list) else ())
        (envelope,) = held.get("envelope", [None])
        return [
            with_parts(resource, included, envelope) if is_resource(resource.value) else resource
            for resource in held["data"]
        ]

    def _message(self, piece: Piece) -> list[Piece] | None:
        """What an envelope holds: an object, or the text of some, or that in base64; None where it is no JSON."""
        for key in (*self._envelopes, *self._encoded_envelopes):
            held = piece.value.get(key)
            if isinstance(held, dict) and key in self._envelopes:
                messages = [_below(piece, (key,))]
            elif isinstance(held, str):
                messages = _objects(held if key in self._envelopes else _from_base64(held))
            else:
                continue
            if messages:
                rest = {name: value for name, value in piece.value.items() if name != key}
                return [_enclosed(message, rest) for message in messages]
        return None


def is_resource(value: Any) -> bool:
    """Whether a value is a resource of a JSON:API document."""
    return isinstance(value, dict) and ("attributes" in value or "relationships" in value)


def parts_by_name(parts: Iterable[Piece]) -> dict[tuple[Any, Any], Piece]:
    """The parts of a document by what refers to them: their type and id."""
    named = {}
    for part in parts:
        if isinstance(part.value, dict):
            with suppress(TypeError):  # an id that is a list or an object names nothing
                named[part.value.get("type"), part.value.get("id")] = part
    return named


def elements_under(text: str, key: str) -> list[Piece]:
    """The elements of the list under a key of an object; none where there is none."""
    return dict(_held(text, key.__eq__)).get(key, [])


def with_parts(resource: Piece, included: Mapping[tuple[Any, Any], Piece], envelope: Piece | None) -> Piece:
    """A resource as a record of its own, with the parts that it refers to."""
    named: dict[str, list[Piece]] = {}
    relationships = resource.value.get("relationships")
    for name, relationship in relationships.items() if isinstance(relationships, dict) else ():
        linkage = relationship.get("data") if isinstance(relationship, dict) else None
        for link in linkage if isinstance(linkage, list) else [linkage]:
            if isinstance(link, dict):
                try:
                    part = included.get((link.get("type"), link.get("id")))
                except TypeError:  # an id that is no text names nothing
                    continue
                if part is not None:
                    named.setdefault(name, []).append(part)
    values = {name: parts[0].value if len(parts) == 1 else [p.value for p in parts] for name, parts in named.items()}
    texts = ",".join(
        f"{json.dumps(name)}:{parts[0].text if len(parts) == 1 else '[' + ','.join(p.text for p in parts) + ']'}"
        for name, parts in named.items()
    )
    outer = f'"envelope":{envelope.text},' if envelope else ""
    value = {"data": resource.value, "included": values, **({"envelope": envelope.value} if envelope else {})}
    return Piece(value, f'{{{outer}"data":{resource.text},"included":{{{texts}}}}}')


def _enclosed(message: Piece, rest: Mapping[str, Any]) -> Piece:
    """A message with the rest of its envelope as first key; the rest is written anew, the message is not."""
    if not isinstance(message.value, dict):
        return message
    return Piece({"envelope": rest, **message.value}, enclosed_text(message.text, _ENCODER.encode(rest)))


def enclosed_text(message: str, envelope: str) -> str:
    """The text of a message with that of the rest of its envelope in it."""
    inside = message[message.index("{") + 1 :].lstrip()
    return f'{{"envelope":{envelope}{"" if inside.startswith("}") else ","}{inside}'


def beginning_of_keyed(key: str) -> str:
    """What stands before an element that keeps its page's key; a brace stands behind it."""
    return f'{{"page":{json.dumps(key)},"record":'


def _objects(text: str | None) -> list[Piece]:
    """The objects written one after another or in an array in a text; none where it is anything else."""
    if not text or text.lstrip()[:1] not in ("{", "["):
        return []
    found: list[Piece] = []
    position = _BLANK.match(text, 0).end()
    try:
        while position < len(text):
            value, end = DECODER.raw_decode(text, position)
            piece = Piece(value, text[position:end])
            found += _elements(piece) if isinstance(value, list) else [piece]
            position = _BLANK.match(text, end).end()
    except NOT_READABLE:
        return []
    return found if all(isinstance(piece.value, dict) for piece in found) else []


def _from_base64(text: str) -> str | None:
    try:
        return base64.b64decode(text, validate=True).decode("utf-8")
    except (binascii.Error, ValueError):
        return None


def value_at(value: Any, path: Sequence[str]) -> Any:
    """What stands at a path of keys; None where nothing does."""
    for key in path:
        if not isinstance(value, dict):
            return None
        value = value.get(key)
    return value


def _listed(value: Any) -> Any:
    """A list, or the text of one, as a form field holds it; else None."""
    if isinstance(value, list):
        return value
    if isinstance(value, str) and value.lstrip().startswith("["):
        try:
            inner = json.loads(value)
        except NOT_READABLE:
            return None
        return inner if isinstance(inner, list) else None
    return None


def _below(piece: Piece, path: Sequence[str]) -> Piece:
    for key in path:
        # Of a key that is written twice the last one counts, as for whoever reads the object.
        piece = dict(_members(piece.text))[key]
    return Piece(_listed(piece.value), piece.value) if isinstance(piece.value, str) else piece


def _members(text: str) -> Iterator[tuple[str, Piece]]:
    """The keys of an object and what stands under each, in order. The text is known to be an object."""
    position = _BLANK.match(text, text.index("{") + 1).end()
    while text[position] != "}":
        key, position = json.decoder.scanstring(text, position + 1)
        position = _BLANK.match(text, _BLANK.match(text, position).end() + 1).end()  # past the colon
        value, end = DECODER.raw_decode(text, position)
        yield key, Piece(value, text[position:end])
        position = _BLANK.match(text, end).end()
        if text[position] == ",":
            position = _BLANK.match(text, position + 1).end()


def _elements_below(piece: Piece, path: Sequence[str]) -> list[Piece]:
    """The elements of the list that a path leads to, or that is written in the text it leads to."""
    *above, key = path
    inner = _below(piece, above)
    if isinstance(inner.value[key], str):
        return _elements(_below(inner, [key]))
    return dict(_held(inner.text, key.__eq__))[key]


def _held(text: str, is_wanted: Callable[[str], object]) -> Iterator[tuple[str, list[Piece]]]:
    """Of an object, for every wanted key that holds some, the elements of its list, or the one object under it.

    Lists are gone through once, whatever they hold. The text is known to be an object.
    """
    position = _BLANK.match(text, text.index("{") + 1).end()
    while text[position] != "}":
        key, position = json.decoder.scanstring(text, position + 1)
        position = _BLANK.match(text, _BLANK.match(text, position).end() + 1).end()  # past the colon
        if text[position] == "[" and is_wanted(key):
            elements, end = _elements_from(text, position)
            yield key, elements
        else:
            value, end = DECODER.raw_decode(text, position)
            if isinstance(value, dict) and is_wanted(key):
                yield key, [Piece(value, text[position:end])]
        position = _BLANK.match(text, end).end()
        if text[position] == ",":
            position = _BLANK.match(text, position + 1).end()


def _elements(piece: Piece) -> list[Piece]:
    """The elements of a list, in order. The text is known to be a list."""
    if len(piece.value) == 1:
        return [Piece(piece.value[0], piece.text.strip(_BLANKS)[1:-1].strip(_BLANKS))]
    return _elements_from(piece.text, piece.text.index("["))[0]


def _elements_from(text: str, start: int) -> tuple[list[Piece], int]:
    """The elements of the list that begins at `start`, in order, and where it ends. The text is known to be sound."""
    found = []
    position = _BLANK.match(text, start + 1).end()
    while text[position] != "]":
        value, end = DECODER.raw_decode(text, position)
        found.append(Piece(value, text[position:end]))
        position = _BLANK.match(text, end).end()
        if text[position] == ",":
            position = _BLANK.match(text, position + 1).end()
    return found, position + 1
