"""Where an address stands in a text, however it is written there.

Belongs here: recognising one address, and all addresses, in records and files. Does not belong here: whose record it
is.

An address is found plain, percent-encoded as in links (links within links too), and with JSON's escapes, each letter in
any of these; in any case of letters; and never within a longer one. What is encoded otherwise (base64, images) is not
found.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import lru_cache
from urllib.parse import unquote

import duckdb

REDACTED = "[erased]"
_AT = r"(?:@|%(?:25)*40|\\+u0040)"
# RE2 and Python name letters and digits in different ways.
_WORD, _PYTHONS_WORD = r"\p{L}\p{N}_", r"\w"
# An escape, of a character that no address holds, may stand right before one: `?to%3Djoe@…`, `\njoe@…`.
_NO_PART = "(?:[01][0-9a-f]|2[0-9acf]|3[a-f]|40|5[b-e]|60|7[b-f])"
_ESCAPED = rf"%(?:25)*{_NO_PART}|\\+(?:u00{_NO_PART}|[bfnrt])"
_ADDRESS = re.compile(r"([\w.!#$%&'*+/=?^`{|}~-]+)@([\w.-]+)")
# What may stand before an address without a blank, and may also be part of one.
_GLUE = re.compile(r"[!#$%&'*+/=?^`{|}~]")
# A file may be named after an address: what files of data end in ends no domain.
_ENDING = "(?:jsonl?|ndjson|csv|tsv|txt|gz|zst|zip|avro|parquet)"
_ENDINGS = re.compile(rf"(?:[.]{_ENDING})+$")
_JSON_ESCAPE = re.compile(r"\\+(?:u([0-9a-f]{4})|[bfnrt/])")
_LEVELS = 4
# SQL: pieces of a text that hold an address in some writing, with what stands around it without a blank or a quote.
_PART = r"""(?:[^\s"<>,;:()\[\]\\@]|\\+(?:u[0-9a-f]{4}|[bfnrt/]))+"""
_PIECE = f"(?i){_PART}{_AT}{_PART}"


def variants(address: str) -> list[str]:
    """The ways in which one address may be given: letters composed or not, the domain in letters or as IDNA has it."""
    forms = [address]
    local, _, domain = address.rpartition("@")
    with suppress(UnicodeError):
        forms.append(f"{local}@{domain.encode('idna').decode('ascii')}")
    with suppress(UnicodeError):
        forms.append(f"{local}@{domain.encode('ascii').decode('idna')}")
    return list(dict.fromkeys(unicodedata.normalize(form, text) for form in ("NFC", "NFD") for text in forms))


def pattern(address: str, word: str = _WORD) -> str:
    """A regular expression (RE2) of an address in lower case, with what stands before (1) and after it (2)."""
    written = "".join(_AT if character == "@" else _written(character) for character in address)
    return rf"(?i)(^|[^{word}.%+-]|{_ESCAPED}){written}($|[^{word}.-]|[.](?:$|[^{word}-]|{_ENDING}(?:$|[^{word}])))"


def mentions(text: str, parameter: str) -> str:
    """SQL: whether a text holds an address, whose `pattern` a parameter has."""
    return f"regexp_matches({text}, {parameter})"


def redacted(text: str, parameter: str) -> str:
    """SQL: a text without an address, whose `pattern` a parameter has."""
    # Twice: of two that stand side by side the first takes what is between them.
    for _ in range(2):
        text = rf"regexp_replace({text}, {parameter}, '\1{REDACTED}\2', 'g')"
    return text


def redact_columns(warehouse: duckdb.DuckDBPyConnection, table: str, columns: Sequence[str], address: str) -> int:
    """Take an address out of columns of a table. Returns how many rows had it."""
    found = " or ".join(f"coalesce({mentions(name, '$pattern')}, false)" for name in columns)
    without = ", ".join(f"{name} = {redacted(name, '$pattern')}" for name in columns)
    statement = f"update {table} set {without} where {found}"
    return warehouse.execute(statement, {"pattern": pattern(address)}).fetchone()[0]


def pieces(text: str) -> str:
    """SQL: the list of pieces of a text that `addresses_in` takes addresses from."""
    quoted = _PIECE.replace("'", "''")
    return f"regexp_extract_all({text}, '{quoted}')"


def addresses_in(text: str) -> set[str]:
    """Everything in a text that may be an address, in lower case, with escapes and percent-encoding undone."""
    return {
        f"{local[start:]}@{_ENDINGS.sub('', domain.rstrip('.-'))}"
        for form in _readings(text)
        for local, domain in _ADDRESS.findall(form)
        for start in (0, *(glue.end() for glue in _GLUE.finditer(local)))
        if start < len(local)
    }


def is_in(address: str, text: str) -> bool:
    """Whether a text holds the address, in lower case."""
    return _compiled(address).search(text) is not None


def replaced(address: str, text: str) -> str:
    """A text without the address, in lower case."""
    for _ in range(2):
        text = _compiled(address).sub(rf"\1{REDACTED}\2", text)
    return text


@lru_cache(maxsize=64)
def _compiled(address: str) -> re.Pattern:
    return re.compile(pattern(address, _PYTHONS_WORD))


def _written(character: str) -> str:
    """A regular expression of one character of an address: as it is, percent-encoded, or as JSON escapes it."""
    forms = {re.escape(character)}
    for case in {character, character.upper()}:
        forms.add("".join(f"%(?:25)*{byte:02x}" for byte in case.encode("utf-8", "surrogatepass")))
        units = case.encode("utf-16-be", "surrogatepass")
        forms.add("".join(rf"\\+u{units[at : at + 2].hex()}" for at in range(0, len(units), 2)))
    return f"(?:{'|'.join(sorted(forms))})"


def _readings(text: str) -> Iterator[str]:
    """A text as it is and with its encodings undone one after another."""
    for _ in range(_LEVELS):
        text = text.lower()
        yield text
        undone = unquote(_JSON_ESCAPE.sub(lambda escape: chr(int(escape[1], 16)) if escape[1] else " ", text))
        undone = undone.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        if undone == text:
            return
        text = undone
