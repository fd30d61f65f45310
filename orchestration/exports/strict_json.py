"""JSON to the letter of the standard: no `NaN`, no trailing comma, no half of a surrogate pair.

Belongs here: the decoder that everything in Python reads records with. Does not belong here: finding records in text
(`json_text.py`), or within an object (`cutting.py`). What is not strict JSON other engines would refuse later.
"""

from __future__ import annotations

import json
from typing import Any


def _refuse(constant: str) -> None:
    raise ValueError(constant)


DECODER = json.JSONDecoder(parse_constant=_refuse)

# What decoding raises: text that is no JSON, or one nested deeper than Python goes.
NOT_READABLE = (ValueError, RecursionError)


def value_end(text: str, start: int) -> tuple[Any, int] | None:
    """The value that begins at `start`, and where it ends; None where it is not sound."""
    try:
        return DECODER.raw_decode(text, start)
    except NOT_READABLE:
        return None


def is_strict(text: str) -> bool:
    """Whether a text is one JSON object to the letter of the standard."""
    try:
        value = DECODER.decode(text)
    except NOT_READABLE:
        return False
    return isinstance(value, dict) and is_encodable(value, text)


def is_encodable(value: Any, text: str) -> bool:
    """Whether escapes in the text of a value make characters that exist: half a surrogate pair does not."""
    if "\\ud" not in text and "\\uD" not in text:
        return True
    try:
        json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return False
    return True
