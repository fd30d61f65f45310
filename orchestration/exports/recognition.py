"""Whose an object is, where its own keys do not tell: by the records that some source finds within it.

Belongs here: asking every source in turn. Does not belong here: recognition by keys, which SQL does for all records at
once (`candidates.py`). Only what nobody recognised comes here.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping

from orchestration.exports.cutting import Cutter, Piece
from orchestration.sources import Source


def owner_by_content(sources: Mapping[str, Source]) -> Callable[[str], str]:
    """A function of a JSON text: the names of the sources whose records it holds, joined with `or`; '' without any."""
    cutters = {name: Cutter.of(source) for name, source in sources.items()}

    def owner(text: str) -> str:
        try:
            value = json.loads(text)
        except (ValueError, RecursionError):
            return ""
        names = [name for name, cutter in cutters.items() if _holds_records_of(sources[name], cutter, value, text)]
        return " or ".join(names)

    return owner


def _holds_records_of(source: Source, cutter: Cutter, value: object, text: str) -> bool:
    records = cutter.cut(Piece(value, text)) or []
    return any(
        isinstance(record.value, dict) and any(record.value.keys() >= set(keys) for keys in source.recognised_by)
        for record in records[:1]
    )
