"""Whose an object is: by its keys, and where these do not tell, by the records that some source finds within it.

Belongs here: asking every source in turn. Only what its own source does not recognise comes here (`candidates.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from orchestration.exports.cutting import Cutter, Piece
from orchestration.exports.strict_json import DECODER, NOT_READABLE
from orchestration.sources import Source, recognisable


def owner_of(sources: Mapping[str, Source]) -> Callable[[str], str]:
    """A function of a JSON text: the vendors whose record it is, joined with `or`; '' where it is nobody's.

    Vendors that nobody reads yet are told apart as well, by their keys.
    """
    vendors = recognisable(sources)
    cutters = {name: Cutter.of(source) for name, source in sources.items()}

    def owner(text: str) -> str:
        try:
            value = DECODER.decode(text)
        except NOT_READABLE:
            return ""
        return " or ".join(
            [name for name, key_sets in vendors.items() if _has_any(key_sets, value)]
            or [name for name, cutter in cutters.items() if _holds_records_of(sources[name], cutter, value, text)]
        )

    return owner


def known_keys(sources: Mapping[str, Source]) -> frozenset[str]:
    """Every key by which a vendor's record is recognised."""
    return frozenset(key for key_sets in recognisable(sources).values() for keys in key_sets for key in keys)


def _has_any(key_sets: tuple[tuple[str, ...], ...], value: object) -> bool:
    return isinstance(value, dict) and any(value.keys() >= set(keys) for keys in key_sets)


def _holds_records_of(source: Source, cutter: Cutter, value: object, text: str) -> bool:
    records = cutter.cut(Piece(value, text)) or []
    return any(_has_any(source.recognised_by, record.value) for record in records[:1])
