"""Whose an object is: by its keys, and where these do not tell, by the records that some source finds within it.

Belongs here: asking every source in turn. Only what its own source does not recognise comes here, and references
(`candidates.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Set
from functools import lru_cache

from orchestration.exports.cutting import Cutter, Piece
from orchestration.exports.strict_json import DECODER, NOT_READABLE
from orchestration.sources import Source, recognisable


def owner_of(sources: Mapping[str, Source]) -> Callable[[str, str], str]:
    """A function of a JSON text and the source it lies in: the other vendors whose record it is, joined with `or`.

    '' where it is nobody's, or that source's own. Of what people write themselves (references) the keys are anybody's
    words: such a record is its source's own only where no vendor claims it. Vendors that nobody reads yet are told
    apart as well, by their keys.
    """
    vendors = recognisable(sources)
    cutters = {name: Cutter.of(source) for name, source in sources.items()}
    references = {name for name, source in sources.items() if source.kind == "reference"}

    @lru_cache(maxsize=1000)
    def claimants(keys: tuple[str, ...]) -> list[str]:
        return [name for name, key_sets in vendors.items() if _has_any(key_sets, set(keys))]

    def owner(text: str, own: str) -> str:
        try:
            value = DECODER.decode(text)
        except NOT_READABLE:
            return ""
        found = claimants(tuple(value)) if isinstance(value, dict) else []
        if own in found:
            found = [name for name in found if name not in references]
            return " or ".join(found) if own in references else ""
        return " or ".join(
            found or [name for name, cutter in cutters.items() if _holds_records_of(sources[name], cutter, value, text)]
        )

    return owner


def known_keys(sources: Mapping[str, Source]) -> frozenset[str]:
    """Every key by which a vendor's record is recognised."""
    return frozenset(key for key_sets in recognisable(sources).values() for keys in key_sets for key in keys)


def _has_any(key_sets: tuple[tuple[str, ...], ...], keys: Set[str]) -> bool:
    return any(keys >= set(key_set) for key_set in key_sets)


def _holds_records_of(source: Source, cutter: Cutter, value: object, text: str) -> bool:
    records = cutter.cut(Piece(value, text)) or []
    return any(
        isinstance(record.value, dict) and _has_any(source.recognised_by, record.value.keys()) for record in records[:1]
    )
