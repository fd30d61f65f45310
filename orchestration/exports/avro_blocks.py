"""Blocks of Avro records decoded at once, by Python source that is written for their schema.

Belongs here: schemas of what exports hold, nullable fields of plain types, and arrays and records of these. Does not
belong here: everything else that Avro has, and blocks that are damaged: fastavro reads those, value by value, at twice
the price (`avro.py`). Both give the same values: a test holds them against each other.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any

_FLOAT, _DOUBLE = struct.Struct("<f").unpack_from, struct.Struct("<d").unpack_from
_INDENT = "    "

Decoder = Callable[[bytes, int], list[Any]]


class Damaged(ValueError):
    """A block that holds no values of its schema, or some that are written as is not read here."""


def decoder_of(schema: Any) -> Decoder | None:
    """A function of a block and its number of records that gives these; None where the schema holds something else.

    `schema` is as the container's header writes it. The function raises an exception where the block is damaged; what
    it raises is of no meaning.
    """
    names = {"float_at": _FLOAT, "double_at": _DOUBLE, "coded_at": _coded_at, "Damaged": Damaged}
    try:
        exec(_Written().function(schema), names)  # written below, of numbers and quoted names alone
    except (_TooMuch, SyntaxError, RecursionError):  # the last two where it is nested deeper than Python goes
        return None
    return names["decode"]


class _TooMuch(ValueError):
    """A schema that holds more than is read here."""


class _Written:
    """The source of a decoder. A value is left in a variable of its own; `at` is where the next begins."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._variables = 0

    def function(self, schema: Any) -> str:
        self._add(0, "def decode(block, count):")
        self._add(1, "at = 0")
        self._add(1, "found = []")
        self._add(1, "if count > len(block): raise Damaged")
        self._add(1, "for _ in range(count):")
        self._add(2, f"found.append({self._value(schema, 2)})")
        self._add(1, "if at != len(block): raise Damaged")
        self._add(1, "return found")
        return "\n".join(self._lines)

    def _add(self, depth: int, line: str) -> None:
        self._lines.append(_INDENT * depth + line)

    def _variable(self) -> str:
        self._variables += 1
        return f"v{self._variables}"

    def _value(self, schema: Any, depth: int) -> str:
        """Write how a value is read; returns the expression of it."""
        if isinstance(schema, list):
            return self._union(schema, depth)
        if isinstance(schema, dict):
            if "logicalType" in schema:
                raise _TooMuch
            kind = schema.get("type")
            if kind == "record":
                # One that takes no byte would let a few bytes be any number of records.
                if all(field["type"] == "null" for field in schema["fields"]):
                    raise _TooMuch
                fields = [f"{field['name']!r}: {self._value(field['type'], depth)}" for field in schema["fields"]]
                return "{" + ", ".join(fields) + "}"
            if kind == "array":
                if schema["items"] == "null" or isinstance(schema["items"], dict):
                    raise _TooMuch
                return self._array(schema["items"], depth)
            return self._value(kind, depth) if isinstance(kind, str | list) else self._value(None, depth)
        return self._plain(schema, depth)

    def _coded(self, depth: int) -> str:
        """A number of seven bits a byte, its sign in the last bit; nearly all take a byte or two."""
        value, second = self._variable(), self._variable()
        self._add(depth, f"{value} = block[at]")
        self._add(depth, "at += 1")
        self._add(depth, f"if {value} > 127:")
        self._add(depth + 1, f"{second} = block[at]")
        self._add(depth + 1, "at += 1")
        self._add(depth + 1, f"if {second} > 127: {value}, at = coded_at(block, at - 2)")
        self._add(depth + 1, f"else: {value} += ({second} << 7) - 128")
        return value

    def _plain(self, kind: str | None, depth: int) -> str:
        if kind == "null":
            return "None"
        value = self._variable()
        if kind in ("int", "long"):
            coded = self._coded(depth)
            self._add(depth, f"{value} = ({coded} >> 1) ^ -({coded} & 1)")
        elif kind == "string":
            size = self._coded(depth)
            self._add(depth, f"if {size} & 1: raise Damaged")
            self._add(depth, f"{size} = at + ({size} >> 1)")
            self._add(depth, f"{value} = block[at:{size}].decode()")
            self._add(depth, f"at = {size}")  # behind the end of a block that was cut off: that is seen in the end
        elif kind == "boolean":
            self._add(depth, f"{value} = block[at] != 0")
            self._add(depth, "at += 1")
        elif kind in ("float", "double"):
            self._add(depth, f"({value},) = {kind}_at(block, at)")
            self._add(depth, f"at += {4 if kind == 'float' else 8}")
        else:
            raise _TooMuch
        return value

    def _union(self, branches: list[Any], depth: int) -> str:
        """The branch that the first byte names; a union of more branches than a byte can name is too much."""
        value, index = self._variable(), self._variable()
        if len(branches) > 60:
            raise _TooMuch
        self._add(depth, f"{index} = block[at]")
        self._add(depth, "at += 1")
        for number, branch in enumerate(branches):
            self._add(depth, f"{'if' if number == 0 else 'elif'} {index} == {2 * number}:")
            self._add(depth + 1, f"{value} = {self._value(branch, depth + 1)}")
        self._add(depth, "else: raise Damaged")
        return value

    def _array(self, items: Any, depth: int) -> str:
        """Items in blocks of their own, the last of them empty; one that also says its size in bytes is not read."""
        value = self._variable()
        self._add(depth, f"{value} = []")
        self._add(depth, "while True:")
        count = self._coded(depth + 1)
        self._add(depth + 1, f"if {count} == 0: break")
        self._add(depth + 1, f"if {count} & 1 or {count} > 2 * len(block): raise Damaged")  # no item takes no byte
        self._add(depth + 1, f"for _ in range({count} >> 1):")
        self._add(depth + 2, f"{value}.append({self._value(items, depth + 2)})")
        return value


def _coded_at(block: bytes, at: int) -> tuple[int, int]:
    """A number of any length with its sign in the last bit, and where what follows begins."""
    value = shift = 0
    while True:
        byte = block[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 128:
            return value, at
        shift += 7
        if shift > 63:
            raise Damaged
