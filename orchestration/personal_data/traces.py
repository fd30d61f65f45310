"""Where an address stands in a text, however it is written there.

Belongs here: recognising one address, and all addresses, in records and files. Does not belong here: whose record it
is.
An address is found plain, percent-encoded as in links, and with JSON's escape for the sign; in any case of letters; and
never within a longer one. What is encoded otherwise (base64, images) is not found.
"""

from __future__ import annotations

import re
from urllib.parse import unquote

# What addresses look like; enough to find those of people who were erased among all others.
_ANY = r"[a-z0-9!#$&'*+=?^_{|}~.-]+@[a-z0-9-]+(?:[.][a-z0-9-]+)*"
_AT = r"(?:@|%40|\\u0040)"
REDACTED = "[erased]"


def pattern(address: str) -> str:
    """A regular expression (RE2) that finds the address in text that `readable` has gone over, and in no other one."""
    return rf"(^|[^a-z0-9._+-]){re.escape(address)}($|[^a-z0-9.-]|[.]($|[^a-z0-9-]))"


def written(address: str) -> str:
    """A regular expression (RE2) of the address as it is written: for replacing it."""
    local, _, domain = address.rpartition("@")
    return rf"(?i)\b{re.escape(local)}{_AT}{re.escape(domain)}\b" if local else rf"(?i)\b{re.escape(address)}\b"


def readable(text: str) -> str:
    """SQL: a text in lower case, with escapes and percent-encoding undone."""
    return rf"url_decode(replace(lower({text}), '\u0040', '@'))"


def mentions(text: str, parameter: str) -> str:
    """SQL: whether a text holds an address, whose `pattern` a parameter has."""
    return f"regexp_matches({readable(text)}, {parameter})"


def addresses_in(text: str) -> str:
    """SQL: the list of everything in a text that looks like an address."""
    quoted = _ANY.replace("'", "''")
    return f"regexp_extract_all({readable(text)}, '{quoted}')"


def is_in(address: str, text: str) -> bool:
    """Whether a text holds the address."""
    low = text.lower().replace("\\u0040", "@")
    return any(re.search(pattern(address), form) for form in (low, unquote(low)))
