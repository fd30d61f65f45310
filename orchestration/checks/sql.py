"""Values and names as DuckDB writes them.

Belongs here: quoting. Bound parameters are not an option where Great Expectations puts a suite's query into its own.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from numbers import Real
from typing import Any


def literal(value: Any) -> str:
    """A time, truth value, number, text, or a list of them in parentheses. Raises TypeError for anything else."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Real):
        return repr(value)
    if isinstance(value, datetime):
        return f"timestamp '{value.isoformat(sep=' ')}'"
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    if isinstance(value, Iterable):
        return "(" + (", ".join(literal(item) for item in value) or "null") + ")"
    raise TypeError(f"{value!r} has no SQL literal here; give a time, a number, a text or a list of them.")


def identifier(name: str) -> str:
    """A name of a table or column, with its schema where it has one."""
    return ".".join('"' + part.replace('"', '""') + '"' for part in name.split("."))
