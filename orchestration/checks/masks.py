"""What a text from outside may not show where checks, logs and messages show it: addresses of people and of networks.

Belongs here: the mask for names of files and the like. Does not belong here: the mask of what is published, which is
the macro `mask_personal`, in SQL.
"""

from __future__ import annotations

import re

_ADDRESS = re.compile(r"[^\s@<>\"',;:()\[\]/|]+(?:@|%(?:25)*40|\\u0040)[^\s@<>\"',;:()\[\]/|]+")
_NETWORK_ADDRESS = re.compile(
    r"(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?!\w|\.\d)"
    r"|(?<![\w:])(?:[0-9a-f]{1,4}:){4,7}[0-9a-f]{1,4}(?![\w:])"
    r"|(?<![\w:])(?:[0-9a-f]{1,4}:)*(?:[0-9a-f]{1,4})?::(?:[0-9a-f]{1,4}:)*[0-9a-f]{1,4}(?![\w:])",
    re.IGNORECASE,
)


def masked(text: str) -> str:
    """A text with every address of a person or a network replaced by what it was."""
    return _NETWORK_ADDRESS.sub("[network address]", _ADDRESS.sub("[address]", text))
